package jetstream

import (
	"context"
	"errors"
	"iter"
	"strings"

	"github.com/handshakelab/lab/web/store"
	"github.com/nats-io/nats.go/jetstream"
)

// Export yields all that is kept.
func (s *Store) Export(ctx context.Context) iter.Seq2[store.Item, error] {
	return func(yield func(store.Item, error) bool) {
		for u, err := range s.exportRecords(ctx) {
			if !yield(store.Item{Record: u.Record, Deleted: u.Deleted}, err) || err != nil {
				return
			}
		}
		for i, err := range s.exportLogs(ctx) {
			if !yield(i, err) || err != nil {
				return
			}
		}
	}
}

// exportRecords yields every record, and the changes that come meanwhile, until one comes behind which there is nothing: what was yielded
// is then what the bucket held when that change was sent. A record whose older version was overwritten before it could be read came, or
// comes, with the newer one.
func (s *Store) exportRecords(ctx context.Context) iter.Seq2[store.Update, error] {
	return func(yield func(store.Update, error) bool) {
		fail := func(err error) { yield(store.Update{}, cmpErr(ctx.Err(), told(err))) }
		stream, err := s.js.Stream(ctx, "KV_records")
		if err != nil {
			fail(err)
			return
		}
		begun := stream.CachedInfo().State.LastSeq
		w, err := s.records.kv.WatchAll(ctx)
		if err != nil {
			fail(err)
			return
		}
		defer func() { _ = w.Stop() }()
		none := true
		for {
			select {
			case <-ctx.Done():
				yield(store.Update{}, ctx.Err())
				return
			case e, ok := <-w.Updates():
				switch {
				case !ok:
					yield(store.Update{}, cmpErr(ctx.Err(), errors.New("store: the export has ended too early")))
					return
				case e == nil:
					if none {
						return
					}
					continue
				}
				none = false
				deleted := e.Operation() != jetstream.KeyValuePut
				// Of what was deleted before it began nothing is said.
				if !deleted || e.Revision() > begun {
					if !yield(store.Update{Record: record(e), Deleted: deleted}, nil) {
						return
					}
				}
				if e.Delta() == 0 {
					return
				}
			}
		}
	}
}

// exportLogs yields all entries of all logs that are there now.
func (s *Store) exportLogs(ctx context.Context) iter.Seq2[store.Item, error] {
	return func(yield func(store.Item, error) bool) {
		fail := func(err error) { yield(store.Item{}, cmpErr(ctx.Err(), told(err))) }
		info, err := s.logs.Info(ctx)
		if err != nil {
			fail(err)
			return
		}
		last := info.State.LastSeq
		if info.State.Msgs == 0 {
			return
		}
		consumer, err := s.js.OrderedConsumer(ctx, "LOGS", jetstream.OrderedConsumerConfig{DeliverPolicy: jetstream.DeliverAllPolicy})
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
			if meta.Sequence.Stream <= last {
				i := store.Item{Log: strings.TrimPrefix(msg.Subject(), logPrefix), Record: store.Record{Value: msg.Data(), Time: meta.Timestamp}}
				if !yield(i, nil) {
					return
				}
			}
			if meta.Sequence.Stream >= last || meta.NumPending == 0 {
				return
			}
		}
	}
}
