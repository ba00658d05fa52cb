package jetstream

import (
	"context"
	"crypto/rand"
	"errors"
	"iter"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/handshakelab/lab/web/store"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// Headers of a record. Those for removal are the ones of NATS's key-value buckets, so that its tools can read ours.
const (
	operation = "KV-Operation"
	purged    = "PURGE"
	attempt   = "Lab-Attempt" // which call has written it
)

// forgotten is how long it stays visible that a record was removed.
const forgotten = 24 * time.Hour

// records are a bucket: a stream that keeps the last message of each subject.
type records struct {
	s      *Store
	stream jetstream.Stream
	name   string
	prefix string // of subjects
}

// bucket makes a bucket. Reads go to the leader of its stream, because a follower may be behind what was acknowledged.
func (s *Store) bucket(ctx context.Context, name string, o Options, ttl time.Duration) (*records, error) {
	r := &records{s: s, name: "KV_" + name, prefix: "$KV." + name + "."}
	var err error
	r.stream, err = s.stream(ctx, jetstream.StreamConfig{
		Name: r.name, Subjects: []string{r.prefix + ">"}, Replicas: max(o.Replicas, 1),
		MaxMsgsPerSubject: 1, MaxAge: ttl, MaxMsgSize: store.MaxValue + 4096, AllowMsgTTL: true,
		AllowRollup: true, DenyDelete: true, Discard: jetstream.DiscardNew, Duplicates: 2 * time.Minute,
	})
	return r, err
}

// last returns the newest message of a subject, which may say that the record was removed.
func (r *records) last(ctx context.Context, subject string) (*jetstream.RawStreamMsg, error) {
	return patiently(ctx, r.s, func(ctx context.Context) (*jetstream.RawStreamMsg, error) {
		return r.stream.GetLastMsgForSubject(ctx, subject)
	})
}

func gone(h nats.Header) bool { return h.Get(operation) != "" }

// Get returns a record.
func (r *records) Get(ctx context.Context, key string) (store.Record, error) {
	m, err := r.last(ctx, r.prefix+key)
	switch {
	case err != nil:
		return store.Record{}, r.s.told(err)
	case gone(m.Header):
		return store.Record{}, store.ErrNotFound
	}
	return store.Record{Key: key, Value: m.Data, Rev: m.Sequence, Time: m.Time}, nil
}

// Put writes a record. An attempt that was not answered is made again, and what it had written is known by its mark.
func (r *records) Put(ctx context.Context, key string, value []byte, rev uint64) (uint64, error) {
	if len(value) > store.MaxValue {
		return 0, store.ErrFull
	}
	m := &nats.Msg{Subject: r.prefix + key, Data: value, Header: nats.Header{attempt: {rand.Text()}}}
	expected, unknown := rev, error(nil)
	seq, err := patiently(ctx, r.s, func(ctx context.Context) (uint64, error) {
		for {
			ack, err := r.s.publish(ctx, m, expected)
			switch {
			case err == nil:
				return ack.Sequence, nil
			case !isConflict(err):
				if !errors.Is(err, nats.ErrNoResponders) {
					unknown = err // it may have been done
				}
				return 0, err
			}
			found, e := r.stream.GetLastMsgForSubject(ctx, m.Subject)
			switch {
			case errors.Is(e, jetstream.ErrMsgNotFound):
				return 0, err
			case e != nil:
				return 0, e
			case found.Header.Get(attempt) == m.Header.Get(attempt):
				return found.Sequence, r.s.fault() // see Append
			case rev == 0 && gone(found.Header) && expected != found.Sequence:
				expected = found.Sequence // there was one once
				continue
			case unknown != nil && found.Sequence == expected:
				return 0, unknown // it is on its way
			case unknown != nil && found.Header.Get(jetstream.ExpectedLastSubjSeqHeader) != strconv.FormatUint(expected, 10):
				// Somebody else has written since, and not onto what we have seen. Ours may have stood in between.
				return 0, errors.Join(errUnknown, unknown)
			}
			return 0, err
		}
	})
	return seq, r.s.told(err)
}

var errUnknown = errors.New("it is not known whether it was written")

// publish writes a message if the last one of its subject is expected. It makes one attempt.
func (s *Store) publish(ctx context.Context, m *nats.Msg, expected uint64) (*jetstream.PubAck, error) {
	if err := s.fault(); err != nil {
		return nil, err
	}
	o := []jetstream.PublishOpt{jetstream.WithRetryAttempts(0)}
	if expected != store.Anywhere {
		o = append(o, jetstream.WithExpectLastSequencePerSubject(expected))
	}
	s.gate.RLock()
	ack, err := s.js.PublishMsg(ctx, m, o...)
	s.gate.RUnlock()
	if s.local != nil && err != nil && passes(err) {
		s.local.doubt()
	}
	return ack, err
}

func isConflict(err error) bool {
	var api jetstream.JetStreamError
	if !errors.As(err, &api) || api.APIError() == nil {
		return false
	}
	code := api.APIError().ErrorCode
	return code == jetstream.JSErrCodeStreamWrongLastSequence || code == jetstream.JSErrCodeStreamWrongLastSequenceConstant
}

// Delete removes a record.
func (r *records) Delete(ctx context.Context, key string) error {
	subject := r.prefix + key
	_, err := patiently(ctx, r.s, func(ctx context.Context) (*jetstream.PubAck, error) {
		switch m, err := r.stream.GetLastMsgForSubject(ctx, subject); {
		case errors.Is(err, jetstream.ErrMsgNotFound), err == nil && gone(m.Header):
			return nil, nil
		case err != nil:
			return nil, err
		}
		return r.s.publish(ctx, &nats.Msg{Subject: subject, Header: nats.Header{
			operation: {purged}, jetstream.MsgRollup: {jetstream.MsgRollupSubject}, jetstream.MsgTTLHeader: {forgotten.String()},
		}}, store.Anywhere)
	})
	return r.s.told(err)
}

// List does not ask for a watch: of a record that changes meanwhile that may have neither the old nor the new version when it says that
// all have come.
func (r *records) List(ctx context.Context, prefix string) ([]store.Record, error) {
	var list []store.Record
	at := map[string]int{}
	err := r.s.all(ctx, r.stream, r.below(prefix), nearly, func(m jetstream.Msg, meta *jetstream.MsgMetadata, _ uint64) bool {
		key := strings.TrimPrefix(m.Subject(), r.prefix)
		i, again := at[key]
		switch deleted := gone(m.Headers()); {
		case deleted && again:
			list[i].Key = ""
			delete(at, key)
		case deleted:
		default:
			if !again {
				i = len(list)
				at[key], list = i, append(list, store.Record{})
			}
			list[i] = store.Record{Key: key, Value: m.Data(), Rev: meta.Sequence.Stream, Time: meta.Timestamp}
		}
		return true
	})
	return slices.DeleteFunc(list, func(r store.Record) bool { return r.Key == "" }), err
}

// below is the subject of all keys below a prefix.
func (r *records) below(prefix string) string {
	if prefix == "" {
		return r.prefix + ">"
	}
	return r.prefix + prefix + ".>"
}

// Watch yields records and their changes.
func (r *records) Watch(ctx context.Context, prefix string) iter.Seq2[store.Update, error] {
	return func(yield func(store.Update, error) bool) {
		below := r.below(prefix)
		// The leader knows which message is the last one. The consumer may be on a server that does not have it yet.
		last, err := r.lastBelow(ctx, below)
		if err != nil {
			yield(store.Update{}, err)
			return
		}
		current := last == 0
		if current && !yield(store.Update{Current: true}, nil) {
			return
		}
		idle := func() (more bool, err error) {
			if current {
				return true, nil
			}
			// What was the last message may have been forgotten meanwhile.
			if last, err = r.lastBelow(ctx, below); err != nil || last != 0 {
				return err == nil, err
			}
			current = true
			return yield(store.Update{Current: true}, nil), nil
		}
		stopped := false
		err = r.s.tail(ctx, tail{stream: r.name, subject: below, idle: idle, each: func(m jetstream.Msg, meta *jetstream.MsgMetadata) bool {
			u := store.Update{Deleted: gone(m.Headers())}
			u.Record = store.Record{Key: strings.TrimPrefix(m.Subject(), r.prefix), Value: m.Data(), Rev: meta.Sequence.Stream, Time: meta.Timestamp}
			if !yield(u, nil) {
				stopped = true
			} else if !current && meta.Sequence.Stream >= last {
				current = true
				stopped = !yield(store.Update{Current: true}, nil)
			}
			return !stopped
		}})
		if err != nil && !stopped {
			yield(store.Update{}, err)
		}
	}
}

// lastBelow is the number of the last message with a subject, or 0.
func (r *records) lastBelow(ctx context.Context, subject string) (uint64, error) {
	m, err := r.last(ctx, subject)
	switch {
	case errors.Is(err, jetstream.ErrMsgNotFound):
		return 0, nil
	case err != nil:
		return 0, r.s.told(err)
	}
	return m.Sequence, nil
}
