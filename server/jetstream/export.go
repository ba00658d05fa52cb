package jetstream

import (
	"context"
	"errors"
	"iter"
	"strings"
	"time"

	"github.com/handshakelab/lab/web/store"
	"github.com/nats-io/nats.go/jetstream"
)

// Export yields all that is kept.
func (s *Store) Export(ctx context.Context) iter.Seq2[store.Item, error] {
	return func(yield func(store.Item, error) bool) {
		stopped := false
		err := s.all(ctx, s.records.stream, ">", 5*time.Second, func(m jetstream.Msg, meta *jetstream.MsgMetadata, begun uint64) bool {
			deleted := gone(m.Headers())
			if deleted && meta.Sequence.Stream <= begun {
				return true // of what was deleted before it began nothing is said
			}
			key := strings.TrimPrefix(m.Subject(), s.records.prefix)
			stopped = !yield(store.Item{Deleted: deleted, Record: store.Record{Key: key, Value: m.Data(), Rev: meta.Sequence.Stream, Time: meta.Timestamp}}, nil)
			return !stopped
		})
		if err == nil && !stopped {
			err = s.all(ctx, s.logs, ">", bounded, func(m jetstream.Msg, meta *jetstream.MsgMetadata, begun uint64) bool {
				log := strings.TrimPrefix(m.Subject(), logPrefix)
				stopped = !yield(store.Item{Log: log, Record: store.Record{Value: m.Data(), Rev: meta.Sequence.Stream, Time: meta.Timestamp}}, nil)
				return !stopped
			})
		}
		if err != nil && !stopped {
			yield(store.Item{}, err)
		}
	}
}

// bounded is for all: what comes meanwhile is not taken.
const bounded = 0

// all takes the messages of a stream below a subject: those that were there when it began, and, if it is not bounded, those that come
// meanwhile, until there is none behind the last one. A stream that holds one message of each subject is then taken as it was when that
// one was sent: had another one been overwritten before it could be taken, there would be one behind. Where writing never pauses for as long
// as a request takes, it gives up that chase after a while: what was taken last is then not of one instant.
func (s *Store) all(ctx context.Context, stream jetstream.Stream, below string, chase time.Duration, take func(_ jetstream.Msg, _ *jetstream.MsgMetadata, begun uint64) bool) error {
	info, err := patiently(ctx, s, func(ctx context.Context) (*jetstream.StreamInfo, error) { return stream.Info(ctx) })
	if err != nil {
		return s.told(err)
	}
	begun, at := info.State.LastSeq, uint64(0)
	var caught time.Time // when all that was there when it began had been taken
	enough := func() bool {
		if at >= begun && caught.IsZero() {
			caught = time.Now()
		}
		return at >= begun && time.Since(caught) >= chase
	}
	more := func() (bool, error) {
		if enough() {
			return false, nil
		}
		next, err := patiently(ctx, s, func(ctx context.Context) (*jetstream.RawStreamMsg, error) {
			return stream.GetMsg(ctx, at+1, jetstream.WithGetMsgSubject(below))
		})
		switch {
		case errors.Is(err, jetstream.ErrMsgNotFound):
			return false, nil
		case err != nil:
			return false, s.told(err)
		}
		return chase != bounded || next.Sequence <= begun, nil
	}
	if is, err := more(); !is || err != nil {
		return err
	}
	var failed error
	err = s.tail(ctx, tail{stream: info.Config.Name, subject: below, idle: more, each: func(m jetstream.Msg, meta *jetstream.MsgMetadata) bool {
		at = meta.Sequence.Stream
		if (chase != bounded || at <= begun) && !take(m, meta, begun) {
			return false
		}
		// What the server says to be pending is a guess while messages go, so it is a reason to look only.
		if meta.NumPending > 0 && !enough() {
			return true
		}
		var is bool
		is, failed = more()
		return is
	}})
	return errors.Join(err, failed)
}
