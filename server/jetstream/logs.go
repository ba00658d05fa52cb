package jetstream

import (
	"context"
	"crypto/rand"
	"errors"
	"iter"

	"github.com/handshakelab/lab/web/store"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

const logPrefix = "log."

// Append adds an entry to a log. An attempt that was not answered is made again under the same ID.
func (s *Store) Append(ctx context.Context, log string, after uint64, id string, data []byte) (uint64, error) {
	if len(data) > store.MaxValue {
		return 0, store.ErrFull
	}
	if id == "" {
		id = rand.Text()
	}
	id = log + "/" + id
	m := &nats.Msg{Subject: logPrefix + log, Data: data, Header: nats.Header{jetstream.MsgIDHeader: {id}}}
	var unknown error
	seq, err := patiently(ctx, s, func(ctx context.Context) (uint64, error) {
		ack, err := s.publish(ctx, m, after)
		switch {
		case err == nil:
			return ack.Sequence, nil
		case !isConflict(err):
			if !errors.Is(err, nats.ErrNoResponders) {
				unknown = err // it may have been done
			}
			return 0, err
		}
		// The server looks at the order before it looks for the ID. What stands behind after may be this very entry.
		next, e := s.logs.GetMsg(ctx, after+1, jetstream.WithGetMsgSubject(m.Subject))
		switch {
		case e == nil && next.Header.Get(jetstream.MsgIDHeader) == id:
			return next.Sequence, s.fault() // it can be read before it is on the disk, but not before it is known that it is not
		case errors.Is(e, jetstream.ErrMsgNotFound) && unknown != nil:
			return 0, unknown // it is on its way
		case e != nil && !errors.Is(e, jetstream.ErrMsgNotFound):
			return 0, e
		}
		return 0, err
	})
	return seq, s.told(err)
}

// Last returns the Seq of the last entry of a log, or 0.
func (s *Store) Last(ctx context.Context, log string) (uint64, error) {
	m, err := patiently(ctx, s, func(ctx context.Context) (*jetstream.RawStreamMsg, error) {
		return s.logs.GetLastMsgForSubject(ctx, logPrefix+log)
	})
	switch {
	case errors.Is(err, jetstream.ErrMsgNotFound):
		return 0, nil
	case err != nil:
		return 0, s.told(err)
	}
	return m.Sequence, nil
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
		seen := after
		s.follow(ctx, log, after, func() (bool, error) {
			// The log may have been erased meanwhile.
			now, err := s.Last(ctx, log)
			return now > seen, err
		}, func(e store.Entry, err error) bool {
			seen = e.Seq
			return yield(e, err) && e.Seq < last
		})
	}
}

// Follow yields what is in a log and what comes.
func (s *Store) Follow(ctx context.Context, log string, after uint64) iter.Seq2[store.Entry, error] {
	return func(yield func(store.Entry, error) bool) { s.follow(ctx, log, after, nil, yield) }
}

func (s *Store) follow(ctx context.Context, log string, after uint64, idle func() (bool, error), yield func(store.Entry, error) bool) {
	stopped := false
	err := s.tail(ctx, tail{stream: "LOGS", subject: logPrefix + log, after: after, idle: idle, each: func(m jetstream.Msg, meta *jetstream.MsgMetadata) bool {
		stopped = !yield(store.Entry{Seq: meta.Sequence.Stream, Data: m.Data(), Time: meta.Timestamp}, nil)
		return !stopped
	}})
	if err != nil && !stopped {
		yield(store.Entry{}, err)
	}
}

// Strike removes an entry of a log.
func (s *Store) Strike(ctx context.Context, log string, seq uint64) error {
	_, err := patiently(ctx, s, func(ctx context.Context) (struct{}, error) {
		m, err := s.logs.GetMsg(ctx, seq)
		if err == nil && m.Subject == logPrefix+log {
			err = s.logs.SecureDeleteMsg(ctx, seq)
		}
		if errors.Is(err, jetstream.ErrMsgNotFound) {
			err = nil
		}
		return struct{}{}, err
	})
	return s.told(err)
}

// Erase removes a log.
func (s *Store) Erase(ctx context.Context, log string) error {
	_, err := patiently(ctx, s, func(ctx context.Context) (struct{}, error) {
		return struct{}{}, s.logs.Purge(ctx, jetstream.WithPurgeSubject(logPrefix+log))
	})
	return s.told(err)
}
