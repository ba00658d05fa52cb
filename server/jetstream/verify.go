package jetstream

import (
	"context"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// verify reads everything once and tells the operator when something is not to be read any more. A server serves what it can of a damaged
// file and passes over the rest without a word.
func (s *Store) verify(ctx context.Context) {
	for _, stream := range []jetstream.Stream{s.records.stream, s.passing.stream, s.logs} {
		name := stream.CachedInfo().Config.Name
		switch there, readable, err := s.count(ctx, stream); {
		case err != nil:
			s.log.Debug("the store was not read through", "stream", name, "err", err)
		case readable < there:
			s.log.Error("a part of the store is damaged: restore it from a backup, or go on without", "stream", name, "messages", there, "unreadable", there-readable)
		}
	}
}

// count returns how many messages a stream has, and how many of them can be read.
func (s *Store) count(ctx context.Context, stream jetstream.Stream) (there, readable uint64, err error) {
	for {
		before, err := stream.Info(ctx)
		if err != nil || before.State.Msgs == 0 {
			return 0, 0, err
		}
		readable = 0
		err = s.tail(ctx, tail{
			stream: before.Config.Name, subject: ">", bare: true,
			idle: func() (bool, error) { return false, nil },
			each: func(_ jetstream.Msg, meta *jetstream.MsgMetadata) bool {
				readable++
				return meta.Sequence.Stream < before.State.LastSeq
			},
		})
		if err != nil {
			return 0, 0, err
		}
		after, err := stream.Info(ctx)
		if err != nil {
			return 0, 0, err
		}
		// What is written meanwhile takes the place of what was counted, so a busy store is counted again.
		if after.State.LastSeq == before.State.LastSeq && after.State.Msgs == before.State.Msgs {
			return after.State.Msgs, readable, nil
		}
		select {
		case <-ctx.Done():
			return 0, 0, ctx.Err()
		case <-time.After(time.Second):
		}
	}
}
