package jetstream

import (
	"context"
	"crypto/rand"
	"errors"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// errReturned says that the connection was made again.
var errReturned = errors.New("store: the connection was made again")

// errGap says that a consumer has left something out.
var errGap = errors.New("store: a message is missing")

// A tail is the messages of a stream behind one of them, those to come too.
type tail struct {
	stream, subject string
	after           uint64 // the last message that each had
	bare            bool   // without the values

	each func(jetstream.Msg, *jetstream.MsgMetadata) (more bool)
	// idle is asked when nothing has come for a moment whether there is anything left to wait for. It may be nil.
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
	returned := s.returned()
	// It has a name of ours, so that it can be removed even if nobody waits for the answer any more.
	name := rand.Text()
	defer func() {
		s.ending.RLock()
		go func() {
			defer s.ending.RUnlock()
			ending, cancel := context.WithTimeout(context.Background(), answer)
			defer cancel()
			_ = s.js.DeleteConsumer(ending, t.stream, name) // else it goes by itself
		}()
	}()
	// Removing must not overtake making, so that is waited for whatever becomes of ctx.
	making, cancel := context.WithTimeout(context.WithoutCancel(ctx), answer)
	consumer, err := s.js.CreateConsumer(making, t.stream, jetstream.ConsumerConfig{
		Name: name, FilterSubject: t.subject, HeadersOnly: t.bare, DeliverPolicy: jetstream.DeliverByStartSequencePolicy, OptStartSeq: t.after + 1,
		AckPolicy: jetstream.AckNonePolicy, MemoryStorage: true, Replicas: 1, InactiveThreshold: 30 * time.Second,
	})
	cancel()
	if err != nil {
		return false, false, err
	}
	messages, err := consumer.Messages(jetstream.PullHeartbeat(s.pulse), jetstream.WithMessagesErrOnMissingHeartbeat(true))
	if err != nil {
		return false, false, err
	}
	defer messages.Stop()
	// Waiting in Next with an end would start its count of missing heartbeats anew each time.
	type result struct {
		msg jetstream.Msg
		err error
	}
	results, stop := make(chan result), make(chan struct{})
	defer close(stop)
	go func() {
		for {
			msg, err := messages.Next()
			select {
			case results <- result{msg, err}:
			case <-stop:
				return
			}
			if err != nil {
				return
			}
		}
	}()
	var look <-chan time.Time
	if t.idle != nil {
		ticker := time.NewTicker(250 * time.Millisecond)
		defer ticker.Stop()
		look = ticker.C
	}
	for next, quiet := uint64(1), true; ; {
		select {
		case <-ctx.Done():
			return false, came, ctx.Err()
		case <-returned: // what was asked of the server may have gone with the connection
			return false, came, errReturned
		case <-look:
			if quiet {
				if more, err := t.idle(); !more || err != nil {
					return true, came, err
				}
			}
			quiet = true
		case r := <-results:
			if r.err != nil {
				return false, came, r.err
			}
			meta, err := r.msg.Metadata()
			switch {
			case err != nil:
				return false, came, err
			case meta.Sequence.Consumer != next || meta.Sequence.Stream <= t.after:
				return false, came, errGap
			}
			t.after, came, quiet = meta.Sequence.Stream, true, false
			next++
			if !t.each(r.msg, meta) {
				return true, came, nil
			}
		}
	}
}
