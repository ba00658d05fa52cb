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

// An export, and a list, is taken of a stream that others write to.
const (
	within = 30 * time.Second // an export finds its instant, or has failed
	hold   = 2 * time.Second  // writers are held no longer, whatever happens
	near   = 1000             // messages: what an export is behind at most when it holds writers
)

// errBusy says that there was no instant at which an export could have been taken.
var errBusy = errors.New("store: others write so much that there was no instant to export; try again when less is going on")

// An extent says how much of a stream all takes.
type extent int

const (
	fixed   extent = iota // what was there when it began
	nearly                // that, and what comes meanwhile, until nothing is behind the last one; in a cluster for a while only
	exactly               // that, until nothing is behind the last one
)

// Export yields all that is kept.
func (s *Store) Export(ctx context.Context) iter.Seq2[store.Item, error] {
	return func(yield func(store.Item, error) bool) {
		stopped := false
		err := s.all(ctx, s.records.stream, ">", exactly, func(m jetstream.Msg, meta *jetstream.MsgMetadata, end uint64) bool {
			deleted := gone(m.Headers())
			if deleted && meta.Sequence.Stream <= end {
				return true // of what was deleted before it began nothing is said
			}
			key := strings.TrimPrefix(m.Subject(), s.records.prefix)
			stopped = !yield(store.Item{Deleted: deleted, Record: store.Record{Key: key, Value: m.Data(), Rev: meta.Sequence.Stream, Time: meta.Timestamp}}, nil)
			return !stopped
		})
		if err == nil && !stopped {
			err = s.all(ctx, s.logs, ">", fixed, func(m jetstream.Msg, meta *jetstream.MsgMetadata, _ uint64) bool {
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

// A taken is a message that all has taken and not handed on yet.
type taken struct {
	m    jetstream.Msg
	meta *jetstream.MsgMetadata
}

// all takes the messages of a stream below a subject, as far as the extent says. A stream that holds one message of each subject is taken as
// it was when the last one was sent, if there was none behind it: had another one been overwritten before it could be taken, there would be
// one. So it goes on until nothing is behind. Where writing never pauses for as long as a request takes, that may be never. Then, with a
// store in this process, it holds the writers for the few messages that it is behind. In a cluster, where others write too, an export fails
// rather than be of no instant, and a list gives up that chase: two records of it may be of different instants.
func (s *Store) all(ctx context.Context, stream jetstream.Stream, below string, how extent, take func(_ jetstream.Msg, _ *jetstream.MsgMetadata, end uint64) bool) error {
	info, err := patiently(ctx, s, func(ctx context.Context) (*jetstream.StreamInfo, error) { return stream.Info(ctx) })
	if err != nil {
		return s.told(err)
	}
	last, at := info.State.LastSeq, uint64(0)
	var caught time.Time // when all that was there when it began had been taken
	var kept []taken     // while writers are held: whoever takes may be slow, and they should not wait for that
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	held := false
	letGo := func() {
		if held {
			held = false
			s.gate.Unlock()
		}
	}
	defer letGo()
	chasing := func() time.Duration {
		if at < last {
			return 0
		}
		if caught.IsZero() {
			caught = time.Now()
		}
		return time.Since(caught)
	}
	// more looks whether there is anything behind.
	more := func() (bool, error) {
		next, err := patiently(ctx, s, func(ctx context.Context) (*jetstream.RawStreamMsg, error) {
			return stream.GetMsg(ctx, at+1, jetstream.WithGetMsgSubject(below))
		})
		switch {
		case errors.Is(err, jetstream.ErrMsgNotFound):
			return false, nil
		case err != nil:
			return false, s.told(err)
		}
		return how != fixed || next.Sequence <= last, nil
	}
	// on reports whether to go on behind a message with so many pending. What the server says of them is a guess while messages go, so it is
	// a reason to look only.
	on := func(pending uint64) (bool, error) {
		switch long := chasing(); {
		case how == fixed && at >= last, how == nearly && long > s.chase && s.local == nil:
			return false, nil
		case how == exactly && long > within:
			return false, errBusy
		case how != fixed && !held && long > s.chase && pending < near && s.local != nil:
			s.gate.Lock()
			held = true
			time.AfterFunc(hold, func() { cancel(errBusy) })
		}
		if pending > 0 {
			return true, nil
		}
		return more()
	}
	if is, err := more(); !is || err != nil {
		return err
	}
	var failed error
	err = s.tail(ctx, tail{stream: info.Config.Name, subject: below, idle: func() (bool, error) { return on(0) }, each: func(m jetstream.Msg, meta *jetstream.MsgMetadata) bool {
		at = meta.Sequence.Stream
		switch {
		case how == fixed && at > last:
			return false
		case held:
			kept = append(kept, taken{m, meta})
		case !take(m, meta, last):
			return false
		}
		var is bool
		is, failed = on(meta.NumPending)
		return is
	}})
	letGo()
	if err != nil && errors.Is(context.Cause(ctx), errBusy) {
		return errBusy
	}
	if err := errors.Join(err, failed); err != nil {
		return err
	}
	for _, k := range kept {
		if !take(k.m, k.meta, last) {
			break
		}
	}
	return nil
}
