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
	"slices"
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
	said   *natsLog // of that server
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
	if err := owned(l.folder); err != nil {
		return nil, err
	}
	l.lock = flock.New(filepath.Join(l.folder, "lock"))
	switch held, err := l.lock.TryLock(); {
	case err != nil:
		return nil, fmt.Errorf("the folder %q cannot be written: %w", l.folder, reason(err))
	case !held:
		l.lock = nil
		return nil, fmt.Errorf("the folder %q is in use by another lab", l.folder)
	}
	// What was being written when the program was killed.
	if left, err := fs.Glob(os.DirFS(l.folder), "probe-*"); err == nil {
		for _, name := range left {
			_ = os.Remove(filepath.Join(l.folder, name))
		}
	}
	if err := l.probe(); err != nil {
		return nil, fmt.Errorf("the folder %q cannot be written: %w", l.folder, reason(err))
	}
	if err := l.readable(); err != nil {
		return nil, err
	}
	if err := l.examine(); err != nil {
		return nil, err
	}
	if err := l.run(); err != nil {
		return nil, err
	}
	return l, nil
}

// readable refuses a folder with files of somebody else, which would seem to be damaged.
func (l *local) readable() error {
	return fs.WalkDir(os.DirFS(l.folder), ".", func(name string, d fs.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() {
			var f *os.File
			if f, err = os.Open(filepath.Join(l.folder, filepath.FromSlash(name))); err == nil {
				err = f.Close()
			}
		}
		if errors.Is(err, fs.ErrPermission) {
			return fmt.Errorf("the folder %q cannot be read: %s: %w", l.folder, name, reason(err))
		}
		return nil // whatever else there is, is found where it is needed
	})
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
	said := &natsLog{local: l, log: l.log}
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
	l.server, l.said = ns, said
	l.mu.Unlock()
	return nil
}

// complete makes sure that the server has read all that is in the folder. One that cannot read a stream goes on without it, and would make
// an empty one in its place.
func (l *local) complete(ns *server.Server, said *natsLog) error {
	health := ns.Healthz(&server.HealthzOptions{Details: true})
	// On a slow machine it is asked before the server has noticed that it is ready.
	for end := time.Now().Add(ready); time.Now().Before(end) && slices.ContainsFunc(health.Errors, func(e server.HealthzError) bool { return e.Type == server.HealthzErrorConn }); {
		time.Sleep(10 * time.Millisecond)
		health = ns.Healthz(&server.HealthzOptions{Details: true})
	}
	for _, e := range health.Errors {
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
		// It does not look at what it cannot read, so a server that is well by its own account may have failed.
		health := ns.Healthz(nil)
		if health.StatusCode == 200 && l.fault() == nil && l.probe() == nil {
			continue
		}
		cause := health.Error
		for {
			err := l.probe()
			if err == nil {
				err = l.again()
			}
			if err == nil && l.well() {
				break
			}
			if err != nil {
				l.broken(reason(err), cause)
			}
			select {
			case <-l.life.Done():
				return
			case <-time.After(time.Second):
			}
		}
	}
}

// opens is why no file of the folder can be opened now, or nil.
func (l *local) opens() error {
	f, err := os.Open(filepath.Join(l.folder, "lock"))
	if err == nil {
		return f.Close()
	}
	l.doubt()
	return fmt.Errorf("%w: the folder %q cannot be read: %w", store.ErrAway, l.folder, reason(err))
}

// A fault is why nothing can be written.
type fault struct{ error }

func (f *fault) Unwrap() error { return f.error }

// broken says why nothing can be written.
func (l *local) broken(err error, cause string) {
	full := errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) ||
		strings.HasSuffix(cause, syscall.ENOSPC.Error()) || strings.HasSuffix(cause, syscall.EDQUOT.Error())
	if err = fmt.Errorf("store: the folder %q cannot be written: %w", l.folder, err); full {
		err = fmt.Errorf("%w: %w", store.ErrFull, err)
	}
	err = &fault{err}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.why == nil {
		l.log.Error("the store cannot write; trying again every second", "err", err, "cause", cause)
	}
	l.why = err
}

// failed takes note of a write or a sync that has failed, before anything else can be asked of the server: what it was about may be read
// already, and is not on the disk.
func (l *local) failed(said *natsLog, text string) {
	_, what, _ := strings.Cut(text, "write error: ")
	l.broken(errors.New(what), text)
	l.mu.Lock()
	said.failed = true
	l.mu.Unlock()
	l.doubt()
}

// well takes note that the server writes again, if it does.
func (l *local) well() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.said.failed {
		return false
	}
	if l.why != nil {
		l.why = nil
		l.log.Info("the store writes again")
	}
	return true
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
	if err := l.renew(); err != nil {
		return reason(err)
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

// renew writes the files anew that were written last. When a sync fails the kernel may take what it could not write for written, and tells
// so once; another sync of the same file would find nothing to do, and what is read now, and acknowledged when it is sent again, would not be
// on the disk.
func (l *local) renew() error {
	streams, err := l.streams()
	if err != nil {
		return err
	}
	for _, stream := range streams {
		written, last := map[string]time.Time{}, time.Time{}
		for _, b := range stream.blocks {
			info, err := b.Info()
			if err != nil {
				return err
			}
			written[b.Name()] = info.ModTime()
			if info.ModTime().After(last) {
				last = info.ModTime()
			}
		}
		for name, at := range written {
			if last.Sub(at) < time.Minute {
				if err := l.rewrite(filepath.Join(l.folder, filepath.FromSlash(stream.name), name)); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// rewrite puts a new file with the same content in the place of a file.
func (l *local) rewrite(name string) error {
	b, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	// Among the blocks it would be taken for one.
	f, err := os.CreateTemp(l.folder, "probe-")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // it has another name when all went well
	_, err = f.Write(b)
	if err := errors.Join(err, f.Chmod(0o640), f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Rename(f.Name(), name); err != nil {
		return err
	}
	dir, err := os.Open(filepath.Dir(name))
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}

// natsLog passes on what concerns an operator.
type natsLog struct {
	local  *local
	log    *slog.Logger
	failed bool // a write or a sync, under the lock of local

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
	text := l.wrong(format, v)
	l.log.Error(text)
	if strings.Contains(strings.ToLower(text), "critical write error: ") {
		l.local.failed(l, text)
	}
	l.local.doubt()
}
func (l *natsLog) Fatalf(format string, v ...any) { l.log.Error(l.wrong(format, v)) }
func (l *natsLog) Debugf(string, ...any)          {}
func (l *natsLog) Tracef(string, ...any)          {}
