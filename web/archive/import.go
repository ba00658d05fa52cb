package archive

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"strings"
	"sync"

	"github.com/handshakelab/lab/web/progress"
	"github.com/handshakelab/lab/web/store"
)

// ErrNotEmpty is an import into a store that has something already.
var ErrNotEmpty = errors.New("there is something in the store already")

// workers is how many writes of an import are under way at once: each waits for a disk.
const workers = 16

// An Options says how to import.
type Options struct {
	// Merge allows for a store that has something already. What it has stays; of how learners stand the better counts, and attempts of
	// both are kept. An import that was stopped in the middle can be finished so.
	Merge bool
	// Tick is told how many lines were read so far. It may be nil.
	Tick func(lines int)
}

// Import reads what Export wrote into a store.
func Import(ctx context.Context, s store.Store, r io.Reader, o Options) (Summary, error) {
	in := newReader(r)
	h, err := in.header()
	if err != nil {
		return Summary{}, err
	}
	format, err := formatOf(ctx, s)
	if err != nil {
		return Summary{}, err
	}
	if o.Merge && h.Format != format {
		return Summary{}, fmt.Errorf("the export has format %d and the store %d: import it into an empty store first, and export that", h.Format, format)
	}
	if h.Format > store.Format {
		return Summary{}, fmt.Errorf("the export has format %d, which a newer version of the lab has written; this one knows formats up to %d", h.Format, store.Format)
	}
	if !o.Merge {
		if err := empty(ctx, s); err != nil {
			return Summary{}, err
		}
	}

	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	var wg sync.WaitGroup
	seed := maphash.MakeSeed()
	hands := make([]*hand, workers)
	for i := range hands {
		hands[i] = &hand{store: s, merge: o.Merge, lines: make(chan line, 64), records: map[string]uint64{}, logs: map[string]*logState{}}
		wg.Go(func() {
			for l := range hands[i].lines {
				if ctx.Err() != nil {
					continue
				}
				if err := hands[i].take(ctx, &l); err != nil {
					stop(fmt.Errorf("%s: %w", l.Key+l.Log, err))
				}
			}
		})
	}
	read, err := in.hand(ctx, func(l line) {
		// What has the same name goes through the same hands, so it stays in order.
		hands[maphash.String(seed, l.Key+l.Log)%workers].lines <- l
	}, o.Tick)
	for _, h := range hands {
		close(h.lines)
	}
	wg.Wait()
	if cause := context.Cause(ctx); cause != nil {
		err = cause
	}
	sum := Summary{}
	for _, h := range hands {
		sum.Records += h.sum.Records
		sum.Entries += h.sum.Entries
		sum.Left += h.sum.Left
	}
	if err != nil {
		return sum, fmt.Errorf("%w; %d of its lines were read before that, and an import with -merge can finish it", err, read)
	}
	return sum, store.Upgrade(ctx, s)
}

// hand gives all lines to take, and reports how many they were.
func (r *reader) hand(ctx context.Context, take func(line), tick func(int)) (n int, err error) {
	var records, entries int
	for {
		var l line
		err := r.next(&l)
		switch {
		case errors.Is(err, io.EOF):
			return n, errors.New("the export is cut short: its last line is not there")
		case err != nil:
			return n, err
		case ctx.Err() != nil:
			return n, ctx.Err()
		}
		if l.End {
			if l.Records != records || l.Entries != entries {
				return n, fmt.Errorf("the export is not whole: it has %d records and %d entries, and should have %d and %d", records, entries, l.Records, l.Entries)
			}
			if err := r.next(&l); !errors.Is(err, io.EOF) {
				return n, r.at(errors.New("there is something behind the last line"))
			}
			return n, nil
		}
		if err := l.check(); err != nil {
			return n, r.at(err)
		}
		if l.Log != "" {
			entries++
		} else {
			records++
		}
		n++
		take(l)
		if tick != nil {
			tick(n)
		}
	}
}

// empty says whether there is something in a store, apart from its format.
func empty(ctx context.Context, s store.Store) error {
	for i, err := range s.Export(ctx) {
		switch {
		case err != nil:
			return err
		case i.Deleted || i.Log == "" && i.Key == formatKey:
		default:
			return ErrNotEmpty
		}
	}
	return nil
}

// A hand writes lines, one after the other.
type hand struct {
	store   store.Store
	merge   bool
	lines   chan line
	records map[string]uint64 // those that it has written, and their revisions
	logs    map[string]*logState
	sum     Summary
}

// A logState is what is known of a log.
type logState struct {
	last uint64
	ids  map[string]bool // of attempts, those that are there; nil for other logs
	rest [][]byte        // of other logs: what stands there and was not yet met in the export
	left bool            // it has come apart from the one in the export, and stays as it is
}

func (h *hand) take(ctx context.Context, l *line) error {
	if l.Log != "" {
		return h.entry(ctx, l)
	}
	return h.record(ctx, l)
}

func (h *hand) record(ctx context.Context, l *line) error {
	records := h.store.Records()
	rev, ours := h.records[l.Key]
	if l.Deleted {
		if !ours {
			return nil
		}
		delete(h.records, l.Key)
		return records.Delete(ctx, l.Key)
	}
	value := l.get()
	for {
		n, err := records.Put(ctx, l.Key, value, rev)
		if err == nil {
			h.records[l.Key] = n
			h.sum.Records++
			return nil
		}
		if !errors.Is(err, store.ErrConflict) {
			return err
		}
		rec, err := records.Get(ctx, l.Key)
		switch {
		case errors.Is(err, store.ErrNotFound):
			rev = 0
			continue
		case err != nil:
			return err
		case string(rec.Value) == string(value):
			h.records[l.Key] = rec.Rev
			h.sum.Left++
			return nil
		case l.Key == formatKey:
		case !h.merge:
			return errors.New("somebody else writes into the store")
		case strings.HasPrefix(l.Key, "progress."):
			if value, err = better(rec.Value, l.get()); err != nil {
				return err
			}
		default:
			h.sum.Left++
			return nil
		}
		rev = rec.Rev
	}
}

// better is what two records know of how a learner stands.
func better(a, b []byte) ([]byte, error) {
	var one, other progress.Standing
	if err := errors.Join(json.Unmarshal(a, &one), json.Unmarshal(b, &other)); err != nil {
		return nil, err
	}
	one.Merge(&other)
	return json.Marshal(&one)
}

func (h *hand) entry(ctx context.Context, l *line) error {
	s := h.logs[l.Log]
	if s == nil {
		var err error
		if s, err = h.log(ctx, l.Log); err != nil {
			return err
		}
		h.logs[l.Log] = s
	}
	value := l.get()
	switch {
	case s.left:
		h.sum.Left++
		return nil
	case s.ids != nil:
		id := idOf(value)
		if s.ids[id] {
			h.sum.Left++
			return nil
		}
		s.ids[id] = true
	case len(s.rest) > 0:
		same := string(s.rest[0]) == string(value)
		s.rest, s.left = s.rest[1:], !same
		h.sum.Left++
		return nil
	}
	after := s.last
	if s.ids != nil {
		after = store.Anywhere // learners may be at work
	}
	seq, err := h.store.Append(ctx, l.Log, after, "", value)
	if errors.Is(err, store.ErrConflict) {
		return errors.New("somebody else writes into the log")
	}
	if err != nil {
		return err
	}
	s.last = seq
	h.sum.Entries++
	return nil
}

// log finds out what there is of a log already.
func (h *hand) log(ctx context.Context, name string) (*logState, error) {
	s := &logState{}
	if !h.merge {
		return s, nil
	}
	if strings.HasPrefix(name, "attempts.") {
		s.ids = map[string]bool{}
	}
	for e, err := range h.store.Read(ctx, name, 0) {
		if err != nil {
			return nil, err
		}
		s.last = e.Seq
		if s.ids != nil {
			s.ids[idOf(e.Data)] = true
		} else {
			s.rest = append(s.rest, e.Data)
		}
	}
	return s, nil
}

// idOf is what tells an attempt from others.
func idOf(entry []byte) string {
	var a struct {
		ID string `json:"id"`
	}
	if json.Unmarshal(entry, &a) != nil || a.ID == "" {
		return string(entry)
	}
	return a.ID
}
