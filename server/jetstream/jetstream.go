// Package jetstream keeps records and logs in NATS JetStream: a server in this process, which opens no port and writes into one
// folder, or a cluster of them elsewhere. Behind the connection both are the same.
package jetstream

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/handshakelab/lab/web/store"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// Options say where things are kept. With neither a Folder nor a URL they are gone when the Store is closed.
type Options struct {
	Folder string // of the server in this process
	URL    string // of a cluster: nats://one:4222,nats://two:4222
	Dial   []nats.Option

	Replicas int           // of everything; 1 when it is 0
	Passing  time.Duration // how long passing records are kept; 30 days when it is 0
	Log      *slog.Logger
}

const (
	patience = 10 * time.Second // for a request whose context has no end of its own: longer than a cluster needs to choose a leader
	answer   = time.Second      // for one attempt at it
)

// A Store is a connection to JetStream.
type Store struct {
	log     *slog.Logger
	local   *local // nil: elsewhere
	conn    *nats.Conn
	js      jetstream.JetStream
	records *records
	passing *records
	logs    jetstream.Stream
	pulse   time.Duration // how often a consumer says that it is alive
	ending  sync.RWMutex  // held for reading while a consumer is being removed
	chase   time.Duration // for what is behind, before something is done about it; see all
	gate    sync.RWMutex  // held by an export that waits for the end of a stream; whoever writes holds it for reading

	mu   sync.Mutex
	back chan struct{} // closed when the connection was made again
}

var _ store.Store = (*Store)(nil)

// Open starts the server, if it is one of this process, connects, makes what is not there yet, and brings what an older version of the lab
// has left into today's form. What a newer one has left it refuses.
func Open(ctx context.Context, o Options) (_ *Store, err error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	s := &Store{log: o.Log, pulse: 500 * time.Millisecond, chase: time.Second, back: make(chan struct{})}
	defer func() {
		if err != nil {
			s.Close()
		}
	}()
	dial := slices.Clone(o.Dial)
	if o.URL == "" {
		if s.local, err = start(o.Folder, o.Log); err != nil {
			return nil, err
		}
		// This server goes away only with us, or to come back with free disk.
		s.pulse = 5 * time.Second
		dial = append(dial, nats.InProcessServer(s.local))
	}
	dial = append(dial, nats.Name("handshake-lab"), nats.MaxReconnects(-1), nats.ReconnectWait(100*time.Millisecond), nats.ReconnectJitter(100*time.Millisecond, 100*time.Millisecond),
		nats.PingInterval(2*time.Second), nats.MaxPingsOutstanding(2), // a machine that is gone without a word
		nats.ReconnectBufSize(-1), // a write that cannot go out now has failed now
		nats.DisconnectErrHandler(func(_ *nats.Conn, err error) {
			if err != nil {
				o.Log.Warn("the store is away", "err", err)
			}
		}),
		nats.ReconnectHandler(func(*nats.Conn) {
			o.Log.Info("the store is back")
			s.mu.Lock()
			close(s.back)
			s.back = make(chan struct{})
			s.mu.Unlock()
		}))
	if s.conn, err = nats.Connect(o.URL, dial...); err != nil {
		return nil, fmt.Errorf("cannot connect to the store: %w", err)
	}
	if s.js, err = jetstream.New(s.conn, jetstream.WithDefaultTimeout(answer)); err != nil {
		return nil, err
	}
	if s.records, err = s.bucket(ctx, "records", o, 0); err != nil {
		return nil, err
	}
	if s.passing, err = s.bucket(ctx, "passing", o, cmp.Or(o.Passing, 30*24*time.Hour)); err != nil {
		return nil, err
	}
	s.logs, err = s.stream(ctx, jetstream.StreamConfig{
		Name: "LOGS", Subjects: []string{logPrefix + ">"}, Replicas: max(o.Replicas, 1), MaxMsgSize: store.MaxValue + 4096,
		Discard: jetstream.DiscardNew, Duplicates: 2 * time.Minute,
	})
	if err != nil {
		return nil, err
	}
	if err := store.Upgrade(ctx, s); err != nil {
		return nil, err
	}
	if s.local != nil {
		go s.local.heal()
		go s.verify(s.local.life)
	}
	return s, nil
}

// stream makes a stream, or changes it to what it is today.
func (s *Store) stream(ctx context.Context, c jetstream.StreamConfig) (jetstream.Stream, error) {
	stream, err := patiently(ctx, s, func(ctx context.Context) (jetstream.Stream, error) { return s.js.CreateOrUpdateStream(ctx, c) })
	if err != nil {
		return nil, fmt.Errorf("cannot make the stream %s: %w", c.Name, s.told(err))
	}
	return stream, nil
}

// Close ends the connection, and the server of this process.
func (s *Store) Close() {
	if s.local == nil {
		// What was read or followed leaves nothing behind on a server that stays.
		s.ending.Lock()
		defer s.ending.Unlock()
	}
	if s.conn != nil {
		s.conn.Close()
	}
	if s.local != nil {
		s.local.close()
	}
}

// Records are those that are kept.
func (s *Store) Records() store.Records { return s.records }

// Passing are those that are forgotten.
func (s *Store) Passing() store.Records { return s.passing }

// Check writes something and reads it again.
func (s *Store) Check(ctx context.Context) error {
	now := []byte(time.Now().Format(time.RFC3339Nano))
	return store.Change(ctx, s.passing, "check", func(store.Record) ([]byte, error) { return now, nil })
}

// patiently tries again, as long as ctx allows, what was certainly not done, or may be done twice: between two leaders of a cluster nobody
// answers.
func patiently[T any](ctx context.Context, s *Store, f func(context.Context) (T, error)) (T, error) {
	if _, ends := ctx.Deadline(); !ends {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, patience)
		defer cancel()
	}
	for wait := 20 * time.Millisecond; ; wait = min(2*wait, 250*time.Millisecond) {
		attempt, cancel := context.WithTimeout(ctx, answer)
		v, err := f(attempt)
		cancel()
		if err == nil || !passes(err) || s.fault() != nil {
			return v, err
		}
		s.log.Debug("trying again", "err", err)
		select {
		case <-ctx.Done():
			return v, err
		case <-time.After(wait):
		}
	}
}

// passes reports whether an error may be gone in a moment.
func passes(err error) bool {
	var api jetstream.JetStreamError
	switch {
	case errors.Is(err, errUnknown): // whatever it was that left it so
		return false
	case errors.Is(err, nats.ErrNoResponders), errors.Is(err, jetstream.ErrNoStreamResponse), errors.Is(err, context.DeadlineExceeded), errors.Is(err, nats.ErrTimeout),
		errors.Is(err, nats.ErrDisconnected), errors.Is(err, nats.ErrReconnectBufExceeded), errors.Is(err, nats.ErrConnectionReconnecting):
		return true
	case errors.As(err, &api) && api.APIError() != nil:
		switch api.APIError().ErrorCode {
		case jetstream.JSErrCodeJetStreamNotEnabled, errNotAvailable, errNotLeader, errNoPeers, errNoResources, errInProcess:
			return true
		}
	}
	return false
}

// Codes of errors for which the client has no names.
const (
	errNoPeers      jetstream.ErrorCode = 10005 // no suitable peers for placement
	errNotAvailable jetstream.ErrorCode = 10008 // JetStream system temporarily unavailable
	errNotLeader    jetstream.ErrorCode = 10009
	errNoResources  jetstream.ErrorCode = 10023 // insufficient resources
	errNoStorage    jetstream.ErrorCode = 10047 // insufficient storage resources available
	errNotStored    jetstream.ErrorCode = 10077
	errInProcess    jetstream.ErrorCode = 10158 // an entry with the same ID is being written
)

// told makes an error of the store of one of NATS.
func (s *Store) told(err error) error {
	var api jetstream.JetStreamError
	if err == nil {
		return nil
	}
	if _, is := errors.AsType[*fault](err); is {
		return err
	}
	if fault := s.fault(); fault != nil && passes(err) {
		return fault
	}
	switch {
	case errors.Is(err, context.Canceled):
		return err
	case errors.Is(err, jetstream.ErrMsgNotFound):
		// A server that cannot open the file in which something is does not find it either.
		if s.local != nil {
			if err := s.local.opens(); err != nil {
				return err
			}
		}
		return store.ErrNotFound
	case errors.Is(err, nats.ErrDisconnected), errors.Is(err, nats.ErrReconnectBufExceeded), errors.Is(err, nats.ErrConnectionReconnecting):
		return fmt.Errorf("%w: no server can be reached: %w", store.ErrAway, err)
	case errors.Is(err, nats.ErrNoResponders), errors.Is(err, jetstream.ErrNoStreamResponse):
		return fmt.Errorf("%w: no server is the leader now: %w", store.ErrAway, err)
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, nats.ErrTimeout):
		return fmt.Errorf("%w: no answer in time: %w", store.ErrAway, err)
	case errors.As(err, &api) && api.APIError() != nil:
		switch api.APIError().ErrorCode {
		case jetstream.JSErrCodeStreamWrongLastSequence, jetstream.JSErrCodeStreamWrongLastSequenceConstant:
			return store.ErrConflict
		case jetstream.JSErrCodeStreamMessageExceedsMaximum, errNoStorage:
			return fmt.Errorf("%w: %w", store.ErrFull, err)
		case errNotStored:
			if text := err.Error(); strings.Contains(text, syscall.ENOSPC.Error()) || strings.Contains(text, syscall.EDQUOT.Error()) {
				return fmt.Errorf("%w: %w", store.ErrFull, err)
			}
		case errNoPeers, errNoResources:
			return fmt.Errorf("%w: too few servers are there for so many replicas: %w", store.ErrAway, err)
		}
	}
	return fmt.Errorf("store: %w", err)
}

// returned is closed when the connection is made again.
func (s *Store) returned() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.back
}

// fault is why the folder of the server in this process cannot be written now.
func (s *Store) fault() error {
	if s.local == nil {
		return nil
	}
	return s.local.fault()
}
