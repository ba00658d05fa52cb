package jetstream

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/gofrs/flock"
	"github.com/handshakelab/lab/web/store"
	"github.com/nats-io/nats-server/v2/server"
)

const ready = 10 * time.Second // for the server in this process

// A local is a server in this process, and the folder that it writes into.
type local struct {
	folder  string
	scratch bool
	lock    *flock.Flock
	log     *slog.Logger
	doubts  chan struct{} // somebody has seen a sign that the server cannot write

	life context.Context // until it is closed
	end  context.CancelFunc

	mu     sync.Mutex
	server *server.Server
	why    error
}

// start takes the folder and runs a server on it. An empty name is a folder that is gone at the end.
func start(folder string, log *slog.Logger) (_ *local, err error) {
	l := &local{folder: folder, log: log, doubts: make(chan struct{}, 1)}
	l.life, l.end = context.WithCancel(context.Background())
	if folder == "" {
		if l.folder, err = os.MkdirTemp("", "lab-"); err != nil {
			return nil, fmt.Errorf("there is no place for the store: %w", reason(err))
		}
		l.scratch = true
	}
	defer func() {
		if err != nil {
			l.close()
		}
	}()
	if err := os.MkdirAll(l.folder, 0o700); err != nil {
		return nil, fmt.Errorf("the folder %q cannot be made: %w", l.folder, reason(err))
	}
	l.lock = flock.New(filepath.Join(l.folder, "lock"))
	switch held, err := l.lock.TryLock(); {
	case err != nil:
		return nil, fmt.Errorf("the folder %q cannot be written: %w", l.folder, reason(err))
	case !held:
		l.lock = nil
		return nil, fmt.Errorf("the folder %q is in use by another lab", l.folder)
	}
	if err := l.probe(); err != nil {
		return nil, fmt.Errorf("the folder %q cannot be written: %w", l.folder, reason(err))
	}
	if err := l.run(); err != nil {
		return nil, err
	}
	return l, nil
}

// reason takes the name of the system call and the path off an error.
func reason(err error) error {
	var path *fs.PathError
	if errors.As(err, &path) {
		return path.Err
	}
	return err
}

// run starts the server: without ports, and each write is synced before it is acknowledged.
func (l *local) run() error {
	ns, err := server.NewServer(&server.Options{
		ServerName: "lab", DontListen: true, NoSigs: true, JetStream: true, StoreDir: l.folder, SyncAlways: true,
		JetStreamMaxMemory: 16 << 20, JetStreamMaxStore: 1 << 40,
	})
	if err != nil {
		return fmt.Errorf("the store in %q: %w", l.folder, err)
	}
	said := &natsLog{log: l.log, doubt: l.doubt}
	ns.SetLoggerV2(said, false, false, false)
	go ns.Start()
	if !ns.ReadyForConnections(ready) || !ns.JetStreamEnabled() {
		ns.Shutdown()
		ns.WaitForShutdown()
		return fmt.Errorf("the store in %q does not start: %s", l.folder, said.worst("it was not ready in time"))
	}
	if err := l.complete(ns, said); err != nil {
		ns.Shutdown()
		ns.WaitForShutdown()
		return err
	}
	l.mu.Lock()
	l.server = ns
	l.mu.Unlock()
	return nil
}

// complete makes sure that the server has read all that is in the folder. One that cannot read a stream goes on without it, and would make
// an empty one in its place.
func (l *local) complete(ns *server.Server, said *natsLog) error {
	for _, e := range ns.Healthz(&server.HealthzOptions{Details: true}).Errors {
		meta := filepath.Join(l.folder, "jetstream", e.Account, "streams", e.Stream, "meta.inf")
		if _, err := os.Stat(meta); e.Stream != "" && errors.Is(err, fs.ErrNotExist) {
			continue // its making was cut short, and nothing is in it
		}
		return fmt.Errorf("the store in %q is damaged: %s (%s); restore the folder, or import an export into an empty one", l.folder, e.Error, said.worst("no reason was given"))
	}
	return nil
}

// InProcessConn connects to the server as it is now.
func (l *local) InProcessConn() (net.Conn, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.server == nil {
		return nil, errors.New("the store is being started anew")
	}
	return l.server.InProcessConn()
}

// close ends the server and gives the folder back.
func (l *local) close() {
	l.mu.Lock()
	ns := l.server
	l.server = nil
	l.end()
	l.mu.Unlock()
	if ns != nil {
		ns.Shutdown()
		ns.WaitForShutdown()
	}
	if l.lock != nil {
		_ = l.lock.Unlock()
	}
	if l.scratch {
		_ = os.RemoveAll(l.folder)
	}
}

// probe finds out whether there is room in the folder.
func (l *local) probe() error {
	f, err := os.CreateTemp(l.folder, "probe-")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	_, err = f.Write(make([]byte, 64<<10))
	return errors.Join(err, f.Sync(), f.Close())
}

func (l *local) fault() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.why
}

// doubt makes heal look whether all is well.
func (l *local) doubt() {
	select {
	case l.doubts <- struct{}{}:
	default:
	}
}

// heal brings the server back after its disk was full or broken: it writes nothing more once it could not, until it is started anew. What
// was acknowledged is on the disk.
func (l *local) heal() {
	for {
		select {
		case <-l.life.Done():
			return
		case <-l.doubts:
		}
		l.mu.Lock()
		ns := l.server
		l.mu.Unlock()
		if ns == nil {
			return
		}
		health := ns.Healthz(nil)
		if health.StatusCode == 200 {
			continue
		}
		cause := health.Error
		for {
			err := l.probe()
			if err == nil {
				if err = l.again(); err == nil {
					break
				}
			} else {
				err = reason(err)
			}
			l.broken(err, cause)
			select {
			case <-l.life.Done():
				return
			case <-time.After(time.Second):
			}
		}
		if l.broken(nil, "") {
			l.log.Info("the store writes again")
		}
	}
}

// broken says why nothing can be written; nil: it can. It returns whether that is new.
func (l *local) broken(err error, cause string) bool {
	if err != nil {
		full := errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT)
		if err = fmt.Errorf("store: the folder %q cannot be written: %w", l.folder, err); full {
			err = fmt.Errorf("%w: %w", store.ErrFull, err)
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	changed := (l.why == nil) != (err == nil)
	l.why = err
	if err != nil && changed {
		l.log.Error("the store cannot write; trying again every second", "err", err, "cause", cause)
	}
	return changed
}

// again starts the server anew.
func (l *local) again() error {
	l.mu.Lock()
	ns, closed := l.server, l.life.Err() != nil
	if !closed {
		l.server = nil
	}
	l.mu.Unlock()
	if closed {
		return nil
	}
	if ns != nil {
		ns.Shutdown()
		ns.WaitForShutdown()
	}
	if err := l.run(); err != nil {
		return err
	}
	l.mu.Lock()
	ns, closed = l.server, l.life.Err() != nil
	l.mu.Unlock()
	if closed && ns != nil { // closed meanwhile
		ns.Shutdown()
		ns.WaitForShutdown()
	}
	return nil
}

// natsLog passes on what concerns an operator.
type natsLog struct {
	log   *slog.Logger
	doubt func()

	mu   sync.Mutex
	last string
}

// worst is the last thing that went wrong, or another text.
func (l *natsLog) worst(other string) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.last == "" {
		return other
	}
	return strings.TrimSpace(l.last)
}

func (l *natsLog) wrong(format string, v []any) string {
	text := fmt.Sprintf(format, v...)
	l.mu.Lock()
	l.last = text
	l.mu.Unlock()
	return "store: " + text
}

func (l *natsLog) Noticef(format string, v ...any) {
	l.log.Debug("store: " + fmt.Sprintf(format, v...))
}
func (l *natsLog) Warnf(format string, v ...any) { l.log.Warn(l.wrong(format, v)) }
func (l *natsLog) Errorf(format string, v ...any) {
	l.log.Error(l.wrong(format, v))
	l.doubt()
}
func (l *natsLog) Fatalf(format string, v ...any) { l.log.Error(l.wrong(format, v)) }
func (l *natsLog) Debugf(string, ...any)          {}
func (l *natsLog) Tracef(string, ...any)          {}
