package jetstream

import (
	"context"
	"errors"
	"iter"
	"strings"
	"time"

	"github.com/handshakelab/lab/web/store"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// Export yields all that is kept.
func (s *Store) Export(ctx context.Context) iter.Seq2[store.Item, error] {
	return func(yield func(store.Item, error) bool) {
		ok := all(ctx, s.js, "KV_records", ">", false, func(msg jetstream.Msg, meta *jetstream.MsgMetadata, begun uint64) bool {
			operation := msg.Headers().Get("KV-Operation")
			if operation != "" && meta.Sequence.Stream <= begun {
				return true // of what was deleted before it began nothing is said
			}
			key := strings.TrimPrefix(msg.Subject(), "$KV.records.")
			return yield(store.Item{Deleted: operation != "", Record: store.Record{Key: key, Value: msg.Data(), Rev: meta.Sequence.Stream, Time: meta.Timestamp}}, nil)
		}, func(err error) { yield(store.Item{}, err) })
		if !ok {
			return
		}
		all(ctx, s.js, "LOGS", ">", true, func(msg jetstream.Msg, meta *jetstream.MsgMetadata, begun uint64) bool {
			log := strings.TrimPrefix(msg.Subject(), logPrefix)
			return yield(store.Item{Log: log, Record: store.Record{Value: msg.Data(), Rev: meta.Sequence.Stream, Time: meta.Timestamp}}, nil)
		}, func(err error) { yield(store.Item{}, err) })
	}
}

// all takes the messages of a stream below a subject: those that were there when it began, and, if it is not bounded, those that come meanwhile, until
// there is none behind the last one. A stream that holds one message of each subject is then taken as it was when that one was sent:
// had another one been overwritten before it could be taken, there would be one behind. It reports whether it came to its end.
func all(ctx context.Context, js jetstream.JetStream, name, below string, bounded bool, take func(_ jetstream.Msg, _ *jetstream.MsgMetadata, begun uint64) bool, fail func(error)) bool {
	stream, err := js.Stream(ctx, name)
	if err != nil {
		fail(cmpErr(ctx.Err(), told(err)))
		return false
	}
	begun, at := stream.CachedInfo().State.LastSeq, uint64(0)
	end := func() (bool, error) {
		if bounded && at >= begun {
			return true, nil
		}
		next, err := stream.GetMsg(ctx, at+1, jetstream.WithGetMsgSubject(below))
		switch {
		case errors.Is(err, jetstream.ErrMsgNotFound):
			return true, nil
		case err != nil:
			return false, err
		}
		return bounded && next.Sequence > begun, nil
	}
	if over, err := end(); over || err != nil {
		if err != nil {
			fail(cmpErr(ctx.Err(), told(err)))
		}
		return err == nil
	}
	consumer, err := stream.OrderedConsumer(ctx, jetstream.OrderedConsumerConfig{FilterSubjects: []string{below}, DeliverPolicy: jetstream.DeliverAllPolicy})
	if err != nil {
		fail(cmpErr(ctx.Err(), told(err)))
		return false
	}
	messages, err := consumer.Messages()
	if err != nil {
		fail(cmpErr(ctx.Err(), told(err)))
		return false
	}
	defer messages.Stop()
	defer context.AfterFunc(ctx, messages.Stop)()
	for {
		// What the server says to be pending is a guess while messages go, so it is a reason to look only. So is that none comes.
		msg, err := messages.Next(jetstream.NextMaxWait(200 * time.Millisecond))
		look := errors.Is(err, nats.ErrTimeout)
		if err != nil && !look {
			fail(cmpErr(ctx.Err(), told(err)))
			return false
		}
		if err == nil {
			meta, err := msg.Metadata()
			if err != nil {
				fail(told(err))
				return false
			}
			at = meta.Sequence.Stream
			if (!bounded || at <= begun) && !take(msg, meta, begun) {
				return false
			}
			look = meta.NumPending == 0 || bounded && at >= begun
		}
		if !look {
			continue
		}
		if over, err := end(); err != nil {
			fail(cmpErr(ctx.Err(), told(err)))
			return false
		} else if over {
			return true
		}
	}
}
