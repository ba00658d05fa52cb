package jetstream

import (
	"context"
	"errors"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// errGap says that a consumer has left something out.
var errGap = errors.New("store: a message is missing")

// A tail is the messages of a stream behind one of them, those to come too.
type tail struct {
	stream, subject string
	after           uint64 // the last message that each had
	bare            bool   // without the values

	each func(jetstream.Msg, *jetstream.MsgMetadata) (more bool)
	// idle is asked when nothing has come for a second whether there is anything left to wait for. It may be nil.
	idle func() (more bool, err error)
}

// tail hands out messages in order, without a gap or a double, until ctx ends or nothing more is wanted. A consumer lives on one server, as
// long as the connection to it; whatever ends it, tail goes on behind the last message with a new one.
func (s *Store) tail(ctx context.Context, t tail) error {
	wait := 10 * time.Millisecond
	for {
		done, came, err := s.tailOnce(ctx, &t)
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case done:
			return err
		case errors.Is(err, nats.ErrConnectionClosed):
			return s.told(err)
		case came:
			wait = 10 * time.Millisecond
		}
		s.log.Debug("following anew", "stream", t.stream, "err", err)
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(wait):
		}
		wait = min(2*wait, 500*time.Millisecond)
	}
}

// tailOnce is tail with one consumer. It moves after on.
func (s *Store) tailOnce(ctx context.Context, t *tail) (done, came bool, _ error) {
	making, cancel := context.WithTimeout(ctx, answer)
	consumer, err := s.js.CreateConsumer(making, t.stream, jetstream.ConsumerConfig{
		FilterSubject: t.subject, HeadersOnly: t.bare, DeliverPolicy: jetstream.DeliverByStartSequencePolicy, OptStartSeq: t.after + 1,
		AckPolicy: jetstream.AckNonePolicy, MemoryStorage: true, Replicas: 1, InactiveThreshold: 30 * time.Second,
	})
	cancel()
	if err != nil {
		return false, false, err
	}
	defer func() {
		go func() {
			ending, cancel := context.WithTimeout(context.Background(), answer)
			defer cancel()
			_ = s.js.DeleteConsumer(ending, t.stream, consumer.CachedInfo().Name) // else it goes by itself
		}()
	}()
	messages, err := consumer.Messages(jetstream.PullHeartbeat(s.pulse), jetstream.WithMessagesErrOnMissingHeartbeat(true))
	if err != nil {
		return false, false, err
	}
	defer messages.Stop()
	for next := uint64(1); ; next++ {
		msg, err := nextMessage(ctx, messages, t.idle != nil)
		for err != nil && t.idle != nil && ctx.Err() == nil && errors.Is(err, context.DeadlineExceeded) {
			more, e := t.idle()
			if !more || e != nil {
				return true, came, e
			}
			msg, err = nextMessage(ctx, messages, true)
		}
		if err != nil {
			return false, came, err
		}
		meta, err := msg.Metadata()
		switch {
		case err != nil:
			return false, came, err
		case meta.Sequence.Consumer != next || meta.Sequence.Stream <= t.after:
			return false, came, errGap
		}
		t.after, came = meta.Sequence.Stream, true
		if !t.each(msg, meta) {
			return true, came, nil
		}
	}
}

func nextMessage(ctx context.Context, messages jetstream.MessagesContext, bounded bool) (jetstream.Msg, error) {
	if bounded {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, time.Second)
		defer cancel()
	}
	return messages.Next(jetstream.NextContext(ctx))
}
