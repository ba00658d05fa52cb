// Package jetstream keeps records and logs in NATS JetStream: a server in this process, which opens no port and writes into one
// folder, or a cluster of them elsewhere. Behind the connection both are the same.
package jetstream

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/handshakelab/lab/web/store"
	"github.com/nats-io/nats-server/v2/server"
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
	ready  = 10 * time.Second // for the server in this process
	answer = 5 * time.Second  // for one request whose context has no end of its own
)

// A Store is a connection to JetStream.
type Store struct {
	server  *server.Server // nil: elsewhere
	scratch string         // folder to be removed
	conn    *nats.Conn
	js      jetstream.JetStream
	records *records
	passing *records
	logs    jetstream.Stream
}

var _ store.Store = (*Store)(nil)

// Open starts the server, if it is one of this process, connects and makes what is not there yet.
func Open(ctx context.Context, o Options) (_ *Store, err error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	s := &Store{}
	defer func() {
		if err != nil {
			s.Close()
		}
	}()
	url, dial := o.URL, slices.Clone(o.Dial)
	if url == "" {
		if o.Folder == "" {
			if s.scratch, err = os.MkdirTemp("", "lab-"); err != nil {
				return nil, err
			}
			o.Folder = s.scratch
		}
		if s.server, err = start(o.Folder, o.Log); err != nil {
			return nil, err
		}
		dial = append(dial, nats.InProcessServer(s.server))
	}
	dial = append(dial, nats.Name("handshake-lab"), nats.MaxReconnects(-1), nats.ReconnectWait(200*time.Millisecond),
		nats.ReconnectBufSize(-1), // a write that cannot go out now has failed now
		nats.DisconnectErrHandler(func(_ *nats.Conn, err error) {
			if err != nil {
				o.Log.Warn("the store is away", "err", err)
			}
		}),
		nats.ReconnectHandler(func(*nats.Conn) { o.Log.Info("the store is back") }))
	if s.conn, err = nats.Connect(url, dial...); err != nil {
		return nil, fmt.Errorf("cannot connect to the store: %w", err)
	}
	if s.js, err = jetstream.New(s.conn, jetstream.WithDefaultTimeout(answer)); err != nil {
		return nil, err
	}
	replicas := max(o.Replicas, 1)
	passing := o.Passing
	if passing == 0 {
		passing = 30 * 24 * time.Hour
	}
	if s.records, err = s.bucket(ctx, "records", replicas, 0); err != nil {
		return nil, err
	}
	if s.passing, err = s.bucket(ctx, "passing", replicas, passing); err != nil {
		return nil, err
	}
	s.logs, err = s.js.CreateOrUpdateStream(ctx, jetstream.StreamConfig{
		Name: "LOGS", Subjects: []string{logPrefix + ">"}, Replicas: replicas, MaxMsgSize: store.MaxValue + 4096,
		Discard: jetstream.DiscardNew, AllowRollup: false, Duplicates: 2 * time.Minute,
	})
	if err != nil {
		return nil, fmt.Errorf("cannot make the stream LOGS: %w", err)
	}
	return s, nil
}

// start runs a server without ports. Every write is synced before it is acknowledged.
func start(folder string, log *slog.Logger) (*server.Server, error) {
	ns, err := server.NewServer(&server.Options{
		ServerName: "lab", DontListen: true, NoSigs: true, JetStream: true, StoreDir: folder, SyncAlways: true,
		JetStreamMaxMemory: 16 << 20, JetStreamMaxStore: 1 << 40,
	})
	if err != nil {
		return nil, err
	}
	ns.SetLoggerV2(natsLog{log}, false, false, false)
	go ns.Start()
	if !ns.ReadyForConnections(ready) {
		ns.Shutdown()
		return nil, fmt.Errorf("the store in %q did not start within %v", folder, ready)
	}
	return ns, nil
}

// natsLog passes on what concerns an operator.
type natsLog struct{ log *slog.Logger }

func (l natsLog) Noticef(format string, v ...any) { l.log.Debug("store: " + fmt.Sprintf(format, v...)) }
func (l natsLog) Warnf(format string, v ...any)   { l.log.Warn("store: " + fmt.Sprintf(format, v...)) }
func (l natsLog) Errorf(format string, v ...any)  { l.log.Error("store: " + fmt.Sprintf(format, v...)) }
func (l natsLog) Fatalf(format string, v ...any)  { l.log.Error("store: " + fmt.Sprintf(format, v...)) }
func (l natsLog) Debugf(format string, v ...any)  {}
func (l natsLog) Tracef(format string, v ...any)  {}

// Close ends the connection, and the server of this process.
func (s *Store) Close() {
	if s.conn != nil {
		s.conn.Close()
	}
	if s.server != nil {
		s.server.Shutdown()
		s.server.WaitForShutdown()
	}
	if s.scratch != "" {
		_ = os.RemoveAll(s.scratch)
	}
}

// Records are those that are kept.
func (s *Store) Records() store.Records { return s.records }

// Passing are those that are forgotten.
func (s *Store) Passing() store.Records { return s.passing }

// Check writes something and reads it again.
func (s *Store) Check(ctx context.Context) error {
	now := []byte(time.Now().Format(time.RFC3339Nano))
	for {
		r, err := s.passing.Get(ctx, "check")
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return err
		}
		if _, err = s.passing.Put(ctx, "check", now, r.Rev); !errors.Is(err, store.ErrConflict) {
			return err
		}
	}
}

// bucket makes a bucket of records. Reads go to the leader of its stream, because a follower may be behind what was acknowledged.
func (s *Store) bucket(ctx context.Context, name string, replicas int, ttl time.Duration) (*records, error) {
	_, err := s.js.CreateOrUpdateStream(ctx, jetstream.StreamConfig{
		Name: "KV_" + name, Subjects: []string{"$KV." + name + ".>"}, Replicas: replicas,
		MaxMsgsPerSubject: 1, MaxAge: ttl, MaxMsgSize: store.MaxValue + 4096,
		AllowRollup: true, DenyDelete: true, Discard: jetstream.DiscardNew, Duplicates: 2 * time.Minute,
	})
	if err != nil {
		return nil, fmt.Errorf("cannot make the bucket %s: %w", name, err)
	}
	kv, err := s.js.KeyValue(ctx, name)
	if err != nil {
		return nil, err
	}
	return &records{s.js, kv}, nil
}

// records are a bucket.
type records struct {
	js jetstream.JetStream
	kv jetstream.KeyValue
}

func (r *records) Get(ctx context.Context, key string) (store.Record, error) {
	e, err := r.kv.Get(ctx, key)
	if err != nil {
		return store.Record{}, told(err)
	}
	return record(e), nil
}

func record(e jetstream.KeyValueEntry) store.Record {
	return store.Record{Key: e.Key(), Value: e.Value(), Rev: e.Revision(), Time: e.Created()}
}

func (r *records) Put(ctx context.Context, key string, value []byte, rev uint64) (uint64, error) {
	if len(value) > store.MaxValue {
		return 0, store.ErrFull
	}
	var err error
	if rev == 0 {
		rev, err = r.kv.Create(ctx, key, value)
	} else {
		rev, err = r.kv.Update(ctx, key, value, rev)
	}
	return rev, told(err)
}

func (r *records) Delete(ctx context.Context, key string) error {
	err := told(r.kv.Purge(ctx, key))
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	return err
}

// List does not ask for a watch: of a record that changes meanwhile that may have neither the old nor the new version when it says that
// all have come.
func (r *records) List(ctx context.Context, prefix string) ([]store.Record, error) {
	below := "$KV." + r.kv.Bucket() + "."
	if prefix != "" {
		below += prefix + "."
	}
	var list []store.Record
	at := map[string]int{}
	var err error
	all(ctx, r.js, "KV_"+r.kv.Bucket(), below+">", false, func(msg jetstream.Msg, meta *jetstream.MsgMetadata, _ uint64) bool {
		key := strings.TrimPrefix(msg.Subject(), "$KV."+r.kv.Bucket()+".")
		i, again := at[key]
		switch deleted := msg.Headers().Get("KV-Operation") != ""; {
		case deleted && again:
			list[i].Key = ""
			delete(at, key)
		case deleted:
		default:
			if !again {
				i = len(list)
				at[key], list = i, append(list, store.Record{})
			}
			list[i] = store.Record{Key: key, Value: msg.Data(), Rev: meta.Sequence.Stream, Time: meta.Timestamp}
		}
		return true
	}, func(e error) { err = e })
	return slices.DeleteFunc(list, func(r store.Record) bool { return r.Key == "" }), err
}

func (r *records) Watch(ctx context.Context, prefix string) iter.Seq2[store.Update, error] {
	return func(yield func(store.Update, error) bool) {
		below := ">"
		if prefix != "" {
			below = prefix + ".>"
		}
		w, err := r.kv.Watch(ctx, below)
		if err != nil {
			yield(store.Update{}, told(err))
			return
		}
		defer func() { _ = w.Stop() }()
		for {
			select {
			case <-ctx.Done():
				yield(store.Update{}, ctx.Err())
				return
			case e, ok := <-w.Updates():
				var u store.Update
				switch {
				case !ok:
					yield(u, cmpErr(ctx.Err(), errors.New("store: the watch has ended")))
					return
				case e == nil:
					u.Current = true
				default:
					u.Record, u.Deleted = record(e), e.Operation() != jetstream.KeyValuePut
				}
				if !yield(u, nil) {
					return
				}
			}
		}
	}
}

func cmpErr(err, other error) error {
	if err != nil {
		return err
	}
	return other
}

const logPrefix = "log."

// Append adds an entry to a log.
func (s *Store) Append(ctx context.Context, log string, after uint64, id string, data []byte) (uint64, error) {
	if len(data) > store.MaxValue {
		return 0, store.ErrFull
	}
	var opts []jetstream.PublishOpt
	if after != store.Anywhere {
		opts = append(opts, jetstream.WithExpectLastSequencePerSubject(after))
	}
	if id != "" {
		opts = append(opts, jetstream.WithMsgID(log+"/"+id))
	}
	ack, err := s.js.Publish(ctx, logPrefix+log, data, opts...)
	switch err = told(err); {
	case err == nil:
		return ack.Sequence, nil
	case errors.Is(err, store.ErrConflict) && id != "":
		// The server looks at the order before it looks for the ID. What stands behind after may be this very entry.
		next, e := s.logs.GetMsg(ctx, after+1, jetstream.WithGetMsgSubject(logPrefix+log))
		if e == nil && next.Header.Get(jetstream.MsgIDHeader) == log+"/"+id {
			return next.Sequence, nil
		}
	}
	return 0, err
}

// Last returns the Seq of the last entry of a log, or 0.
func (s *Store) Last(ctx context.Context, log string) (uint64, error) {
	msg, err := s.logs.GetLastMsgForSubject(ctx, logPrefix+log)
	switch {
	case errors.Is(err, jetstream.ErrMsgNotFound):
		return 0, nil
	case err != nil:
		return 0, told(err)
	}
	return msg.Sequence, nil
}

// Read yields what is in a log now.
func (s *Store) Read(ctx context.Context, log string, after uint64) iter.Seq2[store.Entry, error] {
	return func(yield func(store.Entry, error) bool) {
		last, err := s.Last(ctx, log)
		if err != nil {
			yield(store.Entry{}, err)
			return
		}
		if last <= after {
			return
		}
		for e, err := range s.Follow(ctx, log, after) {
			if !yield(e, err) || err != nil || e.Seq >= last {
				return
			}
		}
	}
}

// Follow yields what is in a log and what comes.
func (s *Store) Follow(ctx context.Context, log string, after uint64) iter.Seq2[store.Entry, error] {
	return func(yield func(store.Entry, error) bool) {
		fail := func(err error) { yield(store.Entry{}, cmpErr(ctx.Err(), told(err))) }
		consumer, err := s.js.OrderedConsumer(ctx, "LOGS", jetstream.OrderedConsumerConfig{
			FilterSubjects: []string{logPrefix + log}, DeliverPolicy: jetstream.DeliverByStartSequencePolicy, OptStartSeq: after + 1,
		})
		if err != nil {
			fail(err)
			return
		}
		messages, err := consumer.Messages()
		if err != nil {
			fail(err)
			return
		}
		defer messages.Stop()
		defer context.AfterFunc(ctx, messages.Stop)()
		for {
			msg, err := messages.Next()
			if err != nil {
				fail(err)
				return
			}
			meta, err := msg.Metadata()
			if err != nil {
				fail(err)
				return
			}
			if !yield(store.Entry{Seq: meta.Sequence.Stream, Data: msg.Data(), Time: meta.Timestamp}, nil) {
				return
			}
		}
	}
}

// Erase removes a log.
func (s *Store) Erase(ctx context.Context, log string) error {
	return told(s.logs.Purge(ctx, jetstream.WithPurgeSubject(logPrefix+log)))
}

// Strike removes an entry of a log.
func (s *Store) Strike(ctx context.Context, log string, seq uint64) error {
	msg, err := s.logs.GetMsg(ctx, seq)
	if err == nil && msg.Subject == logPrefix+log {
		err = s.logs.SecureDeleteMsg(ctx, seq)
	}
	if errors.Is(err, jetstream.ErrMsgNotFound) {
		return nil
	}
	return told(err)
}

// told makes an error of the store of one of NATS.
func told(err error) error {
	var api jetstream.JetStreamError
	switch {
	case err == nil:
		return nil
	case errors.Is(err, jetstream.ErrKeyNotFound):
		return store.ErrNotFound
	case errors.Is(err, jetstream.ErrKeyExists):
		return store.ErrConflict
	case errors.As(err, &api) && api.APIError() != nil:
		switch code := api.APIError().ErrorCode; {
		case code == jetstream.JSErrCodeStreamWrongLastSequence, code == jetstream.JSErrCodeStreamWrongLastSequenceConstant:
			return store.ErrConflict
		case strings.Contains(api.APIError().Description, "insufficient"), strings.Contains(api.APIError().Description, "maximum"):
			return fmt.Errorf("%w: %w", store.ErrFull, err)
		}
	}
	return fmt.Errorf("store: %w", err)
}
