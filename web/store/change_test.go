package store_test

import (
	"context"
	"errors"
	"testing"

	"github.com/handshakelab/lab/server/jetstream"
	"github.com/handshakelab/lab/web/store"
)

type cat struct{ Name, Color string }

// Whoever changes a record sees what is there at the instant of the write, and whether there is anything.
func TestChange(t *testing.T) {
	s, err := jetstream.Open(t.Context(), jetstream.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	ctx, records := t.Context(), s.Records()
	paint := func(key, color string) error {
		return store.ChangeJSON(ctx, records, key, func(c *cat, _ bool) (bool, error) {
			c.Color = color
			return true, nil
		})
	}
	is := func(t *testing.T, key string, want cat) {
		t.Helper()
		if got, _, err := store.GetJSON[cat](ctx, records, key); err != nil || got != want {
			t.Errorf("%s is %+v, %v; want %+v", key, got, err, want)
		}
	}

	t.Run("absent, then there", func(t *testing.T) {
		var seen []bool
		for _, name := range []string{"Tom", "Kit"} {
			err := store.ChangeJSON(ctx, records, "cat.new", func(c *cat, there bool) (bool, error) {
				seen = append(seen, there)
				if there != (c.Name == "Tom") {
					t.Errorf("there %t with %+v", there, *c)
				}
				c.Name = name
				return true, nil
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		if len(seen) != 2 || seen[0] || !seen[1] {
			t.Errorf("whether there is a record: %v", seen)
		}
		is(t, "cat.new", cat{Name: "Kit"})
	})

	t.Run("somebody else was faster", func(t *testing.T) {
		for _, key := range []string{"cat.none", "cat.new"} {
			asked := 0
			err := store.ChangeJSON(ctx, records, key, func(c *cat, there bool) (bool, error) {
				if asked++; asked == 1 {
					if err := paint(key, "grey"); err != nil {
						return false, err
					}
				} else if c.Color != "grey" || !there {
					t.Errorf("asked again with %+v, there %t", *c, there)
				}
				c.Name = "Leo"
				return true, nil
			})
			if err != nil || asked != 2 {
				t.Errorf("%v after %d", err, asked)
			}
			is(t, key, cat{"Leo", "grey"})
		}
	})

	t.Run("it was deleted meanwhile", func(t *testing.T) {
		asked := 0
		err := store.ChangeJSON(ctx, records, "cat.none", func(c *cat, there bool) (bool, error) {
			if asked++; asked == 1 {
				return true, records.Delete(ctx, "cat.none")
			}
			if there || *c != (cat{}) {
				t.Errorf("there is %+v", *c)
			}
			return false, nil
		})
		if _, _, gone := store.GetJSON[cat](ctx, records, "cat.none"); err != nil || asked != 2 || !errors.Is(gone, store.ErrNotFound) {
			t.Errorf("%v after %d, then %v", err, asked, gone)
		}
	})

	t.Run("nothing is written", func(t *testing.T) {
		before, err := records.Get(ctx, "cat.new")
		if err != nil {
			t.Fatal(err)
		}
		broken := errors.New("the brush broke")
		for _, want := range []error{nil, broken, store.ErrConflict} {
			err := store.ChangeJSON(ctx, records, "cat.new", func(c *cat, _ bool) (bool, error) {
				c.Color = "blue"
				return want != nil, want
			})
			if !errors.Is(err, want) {
				t.Errorf("%v, want %v", err, want)
			}
		}
		life, end := context.WithCancel(ctx)
		err = store.ChangeJSON(life, records, "cat.new", func(c *cat, _ bool) (bool, error) {
			c.Color = "blue"
			end()
			return true, nil
		})
		if !errors.Is(err, context.Canceled) {
			t.Errorf("a context that has ended: %v", err)
		}
		if after, err := records.Get(ctx, "cat.new"); err != nil || after.Rev != before.Rev {
			t.Errorf("revision %d, %v; want %d", after.Rev, err, before.Rev)
		}
	})

	t.Run("what is no JSON is left alone", func(t *testing.T) {
		if _, err := records.Put(ctx, "cat.text", []byte("purr"), 0); err != nil {
			t.Fatal(err)
		}
		if err := paint("cat.text", "red"); err == nil {
			t.Error("it was written over")
		}
	})
}
