// Package storetest is what every store must do, as one suite of tests.
package storetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/handshakelab/lab/web/store"
)

// Run tests a store that is empty.
func Run(t *testing.T, s store.Store) {
	t.Run("records", func(t *testing.T) { testRecords(t, s.Records()) })
	t.Run("passing", func(t *testing.T) { testRecords(t, s.Passing()) })
	t.Run("watch", func(t *testing.T) { testWatch(t, s.Records()) })
	t.Run("one writer wins", func(t *testing.T) { testRace(t, s.Records()) })
	t.Run("logs", func(t *testing.T) { testLogs(t, s) })
	t.Run("follow", func(t *testing.T) { testFollow(t, s) })
	t.Run("export", func(t *testing.T) { Export(t, s) })
	t.Run("check", func(t *testing.T) {
		if err := s.Check(t.Context()); err != nil {
			t.Fatal(err)
		}
	})
}

func testRecords(t *testing.T, r store.Records) {
	ctx := t.Context()
	key := store.Key("animals", "cat", "tom")
	if _, err := r.Get(ctx, key); !errors.Is(err, store.ErrNotFound) {
		t.Fatalf("Get of nothing: %v", err)
	}
	rev := must(r.Put(ctx, key, []byte("grey"), 0))(t)
	if _, err := r.Put(ctx, key, []byte("black"), 0); !errors.Is(err, store.ErrConflict) {
		t.Fatalf("Put of a second one: %v", err)
	}
	if _, err := r.Put(ctx, key, []byte("black"), rev+1); !errors.Is(err, store.ErrConflict) {
		t.Fatalf("Put on another revision: %v", err)
	}
	next := must(r.Put(ctx, key, []byte("white"), rev))(t)
	if next <= rev {
		t.Errorf("revision %d came behind %d", next, rev)
	}
	got := must(r.Get(ctx, key))(t)
	if string(got.Value) != "white" || got.Rev != next || got.Key != key || time.Since(got.Time).Abs() > time.Hour {
		t.Errorf("Get: %+v", got)
	}
	must(r.Put(ctx, store.Key("animals", "cat", "kit"), nil, 0))(t)
	must(r.Put(ctx, store.Key("animals", "catfish", "nemo"), []byte("orange"), 0))(t)
	list := must(r.List(ctx, store.Key("animals", "cat")))(t)
	slices.SortFunc(list, func(a, b store.Record) int { return int(a.Rev) - int(b.Rev) })
	if len(list) != 2 || list[0].Key != key || list[1].Key != "animals.cat.kit" || len(list[1].Value) != 0 {
		t.Errorf("List: %+v", list)
	}
	for range 2 {
		if err := r.Delete(ctx, key); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := r.Get(ctx, key); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("Get behind Delete: %v", err)
	}
	must(r.Put(ctx, key, []byte("again"), 0))(t)
	if list := must(r.List(ctx, "nothing"))(t); len(list) != 0 {
		t.Errorf("List of nothing: %+v", list)
	}
	if _, err := r.Put(ctx, "big", make([]byte, store.MaxValue), 0); err != nil {
		t.Errorf("the largest value: %v", err)
	}
	if _, err := r.Put(ctx, "toobig", make([]byte, store.MaxValue+1), 0); !errors.Is(err, store.ErrFull) {
		t.Errorf("a value that is too large: %v", err)
	}
}

func testWatch(t *testing.T, r store.Records) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	must(r.Put(ctx, "w.one", []byte("1"), 0))(t)
	rev := must(r.Put(ctx, "w.two", []byte("2"), 0))(t)
	var seen []string
	for u, err := range r.Watch(ctx, "w") {
		if err != nil {
			if !errors.Is(err, context.Canceled) {
				t.Fatal(err)
			}
			break
		}
		switch {
		case u.Current:
			seen = append(seen, "current")
			must(r.Put(ctx, "w.two", []byte("22"), rev))(t)
			must(r.Put(ctx, "elsewhere", nil, 0))(t)
			if err := r.Delete(ctx, "w.one"); err != nil {
				t.Fatal(err)
			}
		case u.Deleted:
			seen = append(seen, "no "+u.Key)
			cancel()
		default:
			seen = append(seen, u.Key+"="+string(u.Value))
		}
	}
	if want := []string{"w.one=1", "w.two=2", "current", "w.two=22", "no w.one"}; !slices.Equal(seen, want) {
		t.Errorf("Watch yielded %v, want %v", seen, want)
	}
}

// Many add to one record at once; each addition that was acknowledged is in it.
func testRace(t *testing.T, r store.Records) {
	ctx := t.Context()
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 10 {
				err := store.Change(ctx, r, "race", func(old store.Record) ([]byte, error) { return append(old.Value, 'x'), nil })
				if err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	if got := must(r.Get(ctx, "race"))(t); len(got.Value) != 40 {
		t.Errorf("%d additions are there, want 40", len(got.Value))
	}
}

func testLogs(t *testing.T, s store.Store) {
	ctx := t.Context()
	log := store.Key("room", "a")
	if last := must(s.Last(ctx, log))(t); last != 0 {
		t.Errorf("the last of an empty log is %d", last)
	}
	for range s.Read(ctx, log, 0) {
		t.Error("an empty log has an entry")
	}
	one := must(s.Append(ctx, log, 0, "", []byte("one")))(t)
	must(s.Append(ctx, store.Key("room", "b"), 0, "", []byte("elsewhere")))(t)
	if _, err := s.Append(ctx, log, 0, "", []byte("too late")); !errors.Is(err, store.ErrConflict) {
		t.Errorf("Append by a stale writer: %v", err)
	}
	two := must(s.Append(ctx, log, one, "id", []byte("two")))(t)
	if again := must(s.Append(ctx, log, one, "id", []byte("two")))(t); again != two {
		t.Errorf("Append again is at %d, and was at %d", again, two)
	}
	if again := must(s.Append(ctx, log, store.Anywhere, "id", []byte("two")))(t); again != two {
		t.Errorf("Append anywhere again is at %d, and was at %d", again, two)
	}
	three := must(s.Append(ctx, log, store.Anywhere, "", []byte("three")))(t)
	if last := must(s.Last(ctx, log))(t); last != three {
		t.Errorf("the last is %d, want %d", last, three)
	}
	read := func(after uint64) (all []string) {
		for e, err := range s.Read(ctx, log, after) {
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, string(e.Data))
		}
		return all
	}
	if got, want := fmt.Sprint(read(0), read(one), read(three)), "[one two three] [two three] []"; got != want {
		t.Errorf("Read: %s, want %s", got, want)
	}
	if err := s.Erase(ctx, log); err != nil {
		t.Fatal(err)
	}
	if got := read(0); len(got) != 0 {
		t.Errorf("an erased log has %v", got)
	}
	must(s.Append(ctx, log, 0, "", []byte("anew")))(t)

	struck := store.Key("room", "struck")
	one = must(s.Append(ctx, struck, 0, "", []byte("one")))(t)
	two = must(s.Append(ctx, struck, one, "", []byte("two")))(t)
	for range 2 {
		if err := s.Strike(ctx, struck, one); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Strike(ctx, log, two); err != nil {
		t.Fatal(err)
	}
	log = struck
	if got := read(0); !slices.Equal(got, []string{"two"}) {
		t.Errorf("a log whose first entry was struck, and whose second as one of another log, has %v", got)
	}
}

// Export tests that an export and a list have everything, and that an export is of one instant, while others write without a pause. Two
// records are always changed one after the other, so no instant has the second one ahead of the first, or two behind it; a third is made and
// deleted all the time.
func Export(t *testing.T, s store.Store) {
	r := s.Records()
	first := must(r.Put(t.Context(), "export.first", []byte("0"), 0))(t)
	var revs [200]uint64 // of others, which are written again and again
	for i := range revs {
		revs[i] = must(r.Put(t.Context(), store.Key("export", "other", fmt.Sprint(i)), nil, 0))(t)
	}
	second := must(r.Put(t.Context(), "export.second", []byte("0"), 0))(t)
	must(r.Put(t.Context(), "export.gone", nil, 0))(t)
	if err := r.Delete(t.Context(), "export.gone"); err != nil {
		t.Fatal(err)
	}
	must(s.Append(t.Context(), "room.export", 0, "", []byte("said")))(t)
	must(s.Passing().Put(t.Context(), "export.passing", nil, 0))(t)

	stop, done := make(chan struct{}), make(chan error, 1)
	// Others write all the time; none of them ever pauses.
	var busy sync.WaitGroup
	for w := range 3 {
		busy.Go(func() {
			key, rev := store.Key("busy", fmt.Sprint(w)), uint64(0)
			for err := error(nil); err == nil; {
				select {
				case <-stop:
					return
				default:
				}
				if rev, err = r.Put(t.Context(), key, nil, rev); err != nil {
					t.Error(err)
				}
			}
		})
	}
	defer busy.Wait()
	go func() {
		var err error
		for n := 1; err == nil; n++ {
			select {
			case <-stop:
				done <- nil
				return
			default:
			}
			value := []byte(fmt.Sprint(n))
			if first, err = r.Put(t.Context(), "export.first", value, first); err != nil {
				break
			}
			if second, err = r.Put(t.Context(), "export.second", value, second); err != nil {
				break
			}
			other := n % len(revs)
			if revs[other], err = r.Put(t.Context(), store.Key("export", "other", fmt.Sprint(other)), value, revs[other]); err != nil {
				break
			}
			if _, err = r.Put(t.Context(), "export.fleeting", value, 0); err == nil {
				err = r.Delete(t.Context(), "export.fleeting")
			}
		}
		done <- err
	}()
	for range 10 {
		got, others, said := map[string]string{}, 0, false
		for i, err := range s.Export(t.Context()) {
			switch {
			case err != nil:
				t.Fatal(err)
			case i.Log != "":
				said = said || i.Log == "room.export" && string(i.Value) == "said"
			case i.Key == "export.gone" || i.Key == "export.passing":
				t.Errorf("it has %s", i.Key)
			case i.Deleted:
				delete(got, i.Key)
			default:
				if _, again := got[i.Key]; !again && len(i.Key) > 13 && i.Key[:13] == "export.other." {
					others++
				}
				got[i.Key] = string(i.Value)
			}
		}
		var a, b int
		if _, err := fmt.Sscan(got["export.first"]+" "+got["export.second"], &a, &b); err != nil || a < b || a > b+1 {
			t.Errorf("the first is %q, the second %q, which never was so", got["export.first"], got["export.second"])
		}
		// It stands while neither of the two changes.
		if at, ok := got["export.fleeting"]; ok && (at != got["export.first"] || at != got["export.second"]) {
			t.Errorf("the fleeting one is %q beside %q and %q", at, got["export.first"], got["export.second"])
		}
		if list := must(r.List(t.Context(), "export.other"))(t); len(list) != len(revs) {
			t.Errorf("List has %d of %d", len(list), len(revs))
		}
		if others != 200 || !said {
			t.Errorf("%d of 200 others, and said is %v", others, said)
		}
	}
	close(stop)
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func testFollow(t *testing.T, s store.Store) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	const n = 50
	log := store.Key("room", "followed")
	first := must(s.Append(ctx, log, 0, "", []byte{0}))(t)
	next := 0
	var writer sync.WaitGroup
	defer writer.Wait()
	for e, err := range s.Follow(ctx, log, 0) {
		if err != nil {
			if !errors.Is(err, context.Canceled) {
				t.Fatal(err)
			}
			break
		}
		if int(e.Data[0]) != next {
			t.Fatalf("entry %d came as number %d", e.Data[0], next)
		}
		if next == 0 {
			writer.Go(func() {
				after := first
				for i := range n {
					seq, err := s.Append(t.Context(), log, after, "", []byte{byte(i + 1)})
					if err != nil {
						t.Error(err)
						cancel()
						return
					}
					after = seq
				}
			})
		}
		if next++; next > n {
			cancel()
		}
	}
	if next != n+1 {
		t.Errorf("%d entries came, want %d", next, n+1)
	}
}

func must[T any](v T, err error) func(*testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}
