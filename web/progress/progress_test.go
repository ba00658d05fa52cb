package progress_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"github.com/handshakelab/lab/server/jetstream"
	"github.com/handshakelab/lab/web/account"
	"github.com/handshakelab/lab/web/progress"
	"github.com/handshakelab/lab/web/store"
)

func open(t testing.TB) store.Store {
	t.Helper()
	s, err := jetstream.Open(t.Context(), jetstream.Options{Folder: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

// points grades an attempt by the number that its answer is: of ten points, and right from five on.
func points(_ context.Context, a *progress.Attempt) (progress.Grade, error) {
	var n int
	if err := json.Unmarshal(a.Answer, &n); err != nil {
		return progress.Grade{}, &progress.Refusal{Code: "bad_field", Message: "The answer must be a number."}
	}
	return progress.Grade{OK: n >= 5, Points: n, Of: 10}, nil
}

func attempt(id, class, block string, answer int) progress.Attempt {
	return progress.Attempt{ID: strings.Repeat("-", 11-len(id)) + id + "------", Class: class, Lesson: "glossary/isn", Block: block, Kind: "quiz", Answer: json.RawMessage(fmt.Sprint(answer))}
}

func submit(t *testing.T, p *progress.Progress, learner string, list ...progress.Attempt) {
	t.Helper()
	done, err := p.Submit(t.Context(), learner, list, points)
	if err != nil {
		t.Fatal(err)
	}
	for i, r := range done {
		if !r.Kept || r.ID != list[i].ID {
			t.Fatalf("attempt %d: %+v", i, r)
		}
	}
	if len(done) != len(list) {
		t.Fatalf("%d of %d are done", len(done), len(list))
	}
}

func mine(t *testing.T, p *progress.Progress, learner string) map[string]map[string]*progress.Standing {
	t.Helper()
	all, err := p.Mine(t.Context(), learner)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// ofClass is how all members of a class stand, as the board is told.
func ofClass(t *testing.T, p *progress.Progress, class string) map[string]progress.Standing {
	t.Helper()
	all := map[string]progress.Standing{}
	for c, err := range p.Watch(t.Context(), class) {
		switch {
		case err != nil:
			t.Fatal(err)
		case c.Current:
			return all
		case !c.Gone:
			all[c.Learner+" "+c.Block] = c.Standing
		}
	}
	return all
}

func TestSubmit(t *testing.T) {
	s := open(t)
	p, learner, class := progress.New(s), account.NewID(), account.NewID()
	if _, err := s.Records().Put(t.Context(), store.Key("seat", learner, class), []byte("m"), 0); err != nil {
		t.Fatal(err)
	}
	submit(t, p, learner, attempt("a", class, "one", 3))
	submit(t, p, learner, attempt("b", class, "one", 8), attempt("c", class, "one", 4), attempt("d", "", "two", 2), attempt("e", "another", "three", 9))
	submit(t, p, learner, attempt("b", class, "one", 8), attempt("d", "", "two", 2))
	all := mine(t, p, learner)["glossary/isn"]
	if one := all["one"]; !one.Solved || one.Best != 8 || one.Of != 10 || one.Attempts != 3 || one.First.IsZero() || one.Last.Before(one.First) {
		t.Errorf("one: %+v", one)
	}
	if two := all["two"]; two.Solved || two.Best != 2 || two.Attempts != 1 {
		t.Errorf("two: %+v", two)
	}
	got := ofClass(t, p, class)
	if one := got[learner+" one"]; len(got) != 1 || one.Best != 8 || one.Attempts != 3 || one.Lesson != "glossary/isn" {
		t.Errorf("the class has %+v", got)
	}
	if elsewhere := ofClass(t, p, "another"); len(elsewhere) != 0 {
		t.Errorf("a class that they are no member of has %+v", elsewhere)
	}
	if own := ofClass(t, p, "none"); len(own) != 2 || own[learner+" three"].Best != 9 {
		t.Errorf("their own are %+v", own)
	}
}

func TestSubmitRefuses(t *testing.T) {
	s := open(t)
	p, learner := progress.New(s), account.NewID()
	bad := attempt("a", "", "one", 1)
	bad.Answer = json.RawMessage(`"many"`)
	large := attempt("b", "", "one", 1)
	large.Commands = json.RawMessage(`"` + strings.Repeat("x", progress.MaxAttempt) + `"`)
	strange := attempt("c", "", "one.two", 1)
	short := attempt("d", "", "one", 1)
	short.ID = "d"
	wild := attempt("e", "*", "one", 1)
	done, err := p.Submit(t.Context(), learner, []progress.Attempt{bad, large, strange, short, wild, attempt("f", "", "one", 7)}, points)
	if err != nil {
		t.Fatal(err)
	}
	var codes []string
	for _, r := range done {
		codes = append(codes, r.Code)
		if r.Kept != (r.Message == "") {
			t.Errorf("%+v", r)
		}
	}
	if want := []string{"bad_field", "too_large", "no_such_block", "bad_id", "no_such_class", ""}; !slices.Equal(codes, want) {
		t.Errorf("they are refused with %q, want %q", codes, want)
	}
	if all := mine(t, p, learner); len(all) != 1 || all["glossary/isn"]["one"].Attempts != 1 {
		t.Errorf("%+v", all)
	}
	// A grader that is not there today is there tomorrow.
	away := errors.New("away")
	done, err = p.Submit(t.Context(), learner, []progress.Attempt{attempt("f", "", "one", 7), attempt("g", "", "one", 7)}, func(context.Context, *progress.Attempt) (progress.Grade, error) {
		return progress.Grade{}, away
	})
	if !errors.Is(err, away) || len(done) != 1 || !done[0].Kept {
		t.Errorf("%+v, %v", done, err)
	}
}

// A broken store does so many things more, and then nothing: the last write may be done without an answer.
type broken struct {
	store.Store
	mu    sync.Mutex
	left  int
	quiet bool
}

var errBroken = errors.New("broken")

// one does something that may be the last thing.
func (b *broken) one(write func() error) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.left--; b.left > 0 {
		return write()
	}
	if b.left == 0 && b.quiet {
		_ = write()
	}
	return errBroken
}

func (b *broken) Append(ctx context.Context, log string, after uint64, id string, data []byte) (seq uint64, err error) {
	err = b.one(func() error { seq, err = b.Store.Append(ctx, log, after, id, data); return err })
	return seq, err
}

func (b *broken) Records() store.Records { return &brokenRecords{b.Store.Records(), b} }
func (b *broken) Passing() store.Records { return &brokenRecords{b.Store.Passing(), b} }

type brokenRecords struct {
	store.Records
	b *broken
}

func (r *brokenRecords) Put(ctx context.Context, key string, value []byte, rev uint64) (n uint64, err error) {
	err = r.b.one(func() error { n, err = r.Records.Put(ctx, key, value, rev); return err })
	return n, err
}

// In a forgetful store each request comes so much later that the store itself knows its ID no more.
type forgetful struct{ store.Store }

func (f forgetful) Append(ctx context.Context, log string, after uint64, _ string, data []byte) (uint64, error) {
	return f.Store.Append(ctx, log, after, "", data)
}

// Two devices send attempts in any order, again and again, at once or one after the other; answers get lost and servers are stopped in the
// middle. In the end all is counted, and all once.
func TestEveryWayLeadsToTheSame(t *testing.T) {
	s := store.Store(forgetful{open(t)})
	ctx := t.Context()
	rapid.Check(t, func(rt *rapid.T) {
		learner, class := account.NewID(), account.NewID()
		if _, err := s.Records().Put(ctx, store.Key("seat", learner, class), []byte("m"), 0); err != nil {
			rt.Fatal(err)
		}
		n := rapid.IntRange(1, 6).Draw(rt, "attempts")
		all := make([]progress.Attempt, n)
		want := map[string]*progress.Standing{}
		for i := range all {
			all[i] = attempt(fmt.Sprint(i), class, rapid.SampledFrom([]string{"one", "two"}).Draw(rt, "block"), rapid.IntRange(0, 10).Draw(rt, "points"))
			b := all[i].Block
			if want[b] == nil {
				want[b] = &progress.Standing{}
			}
			g, _ := points(ctx, &all[i])
			want[b].Add(&progress.Entry{Attempt: all[i], Grade: g})
		}
		some := func() []progress.Attempt {
			return slices.Clone(rapid.SliceOfN(rapid.SampledFrom(all), 0, n).Draw(rt, "sent"))
		}
		for range rapid.IntRange(0, 4).Draw(rt, "requests") {
			b := &broken{Store: s, left: rapid.IntRange(1, 12).Draw(rt, "writes until it is stopped"), quiet: rapid.Bool().Draw(rt, "with an answer lost")}
			node := progress.New(b)
			if one, other := some(), some(); rapid.Bool().Draw(rt, "at once") {
				var both sync.WaitGroup
				both.Go(func() { _, _ = node.Submit(ctx, learner, one, points) })
				both.Go(func() { _, _ = progress.New(s).Submit(ctx, learner, other, points) })
				both.Wait()
			} else {
				_, _ = node.Submit(ctx, learner, one, points)
			}
			if rapid.Bool().Draw(rt, "the mark is forgotten") {
				_ = s.Passing().Delete(ctx, store.Key("folded", learner))
			}
		}
		// At last each device gets through.
		p := progress.New(s)
		for range 2 {
			order := rapid.Permutation(all).Draw(rt, "order")
			done, err := p.Submit(ctx, learner, order, points)
			if err != nil || len(done) != n {
				rt.Fatalf("%+v, %v", done, err)
			}
		}
		mine, err := p.Mine(ctx, learner)
		if err != nil {
			rt.Fatal(err)
		}
		entries := 0
		for _, err := range p.Entries(ctx, learner, 0) {
			if err != nil {
				rt.Fatal(err)
			}
			entries++
		}
		if entries != n {
			rt.Fatalf("the log has %d entries of %d attempts", entries, n)
		}
		recs, err := s.Records().List(ctx, store.Key("progress", class, learner))
		if err != nil {
			rt.Fatal(err)
		}
		kept := map[string]*progress.Standing{}
		for _, rec := range recs {
			v := &progress.Standing{}
			if err := json.Unmarshal(rec.Value, v); err != nil {
				rt.Fatal(err)
			}
			kept[v.Block] = v
		}
		for name, got := range map[string]map[string]*progress.Standing{"the log": mine["glossary/isn"], "the records": kept} {
			if len(got) != len(want) {
				rt.Fatalf("%s: %d exercises, want %d", name, len(got), len(want))
			}
			for block, w := range want {
				g := *got[block]
				g.First, g.Last = w.First, w.Last
				slices.Sort(g.IDs)
				ids := slices.Sorted(slices.Values(w.IDs))
				if !slices.Equal(g.IDs, ids) {
					rt.Fatalf("%s: %s has %v, want %v", name, block, g.IDs, ids)
				}
				g.IDs = w.IDs
				if !reflect.DeepEqual(g, *w) {
					rt.Fatalf("%s: %s is %+v, want %+v", name, block, g, *w)
				}
			}
		}
	})
}

// Stopped between the log and the record: what the log has is counted by the next who comes.
func TestCatchUp(t *testing.T) {
	s := open(t)
	learner := account.NewID()
	b := &broken{Store: s, left: 2, quiet: true} // the entry, and then no record
	if _, err := progress.New(b).Submit(t.Context(), learner, []progress.Attempt{attempt("a", "", "one", 7)}, points); err == nil {
		t.Log("the record was written")
	}
	p := progress.New(&broken{Store: s, left: 1}) // no write
	_, _ = p.Submit(t.Context(), learner, []progress.Attempt{attempt("b", "", "one", 7)}, points)
	if err := progress.New(s).CatchUp(t.Context(), learner); err != nil {
		t.Fatal(err)
	}
	if own := ofClass(t, progress.New(s), "none"); own[learner+" one"].Attempts != 1 {
		t.Errorf("%+v", own)
	}
}

func TestLogThatWasStruck(t *testing.T) {
	s := open(t)
	p, learner := progress.New(s), account.NewID()
	submit(t, p, learner, attempt("a", "", "one", 7), attempt("b", "", "one", 8))
	last, err := p.Last(t.Context(), learner)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Strike(t.Context(), store.Key("attempts", learner), last); err != nil {
		t.Fatal(err)
	}
	submit(t, p, learner, attempt("c", "", "one", 9))
}

func BenchmarkSubmit(b *testing.B) {
	s := open(b)
	p, learner := progress.New(s), account.NewID()
	for i := 0; b.Loop(); i++ {
		if i%100 == 0 {
			learner = account.NewID()
		}
		if _, err := p.Submit(b.Context(), learner, []progress.Attempt{attempt(fmt.Sprint(i), "", fmt.Sprintf("b%d", i%10), 7)}, points); err != nil {
			b.Fatal(err)
		}
	}
}
