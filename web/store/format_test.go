package store_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/handshakelab/lab/server/jetstream"
	"github.com/handshakelab/lab/web/store"
)

// A step runs once on what is there, one that fails is run again, and what a newer lab has written is refused untouched.
func TestUpgrade(t *testing.T) {
	ctx, folder := t.Context(), t.TempDir()
	s, err := jetstream.Open(ctx, jetstream.Options{Folder: folder})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Records().Put(ctx, "class.a", []byte("old"), 0); err != nil {
		t.Fatal(err)
	}
	runs, broken := 0, errors.New("the power failed")
	next := func(ctx context.Context, s store.Store) error {
		if runs++; runs == 1 {
			return broken
		}
		r, err := s.Records().Get(ctx, "class.a")
		if err != nil || string(r.Value) == "new" {
			return err
		}
		_, err = s.Records().Put(ctx, "class.a", []byte("new"), r.Rev)
		return err
	}
	for i, want := range []error{broken, nil, nil} {
		if err := store.UpgradeBy(ctx, s, []store.Step{store.Step0, next}); !errors.Is(err, want) {
			t.Errorf("attempt %d: %v, want %v", i+1, err, want)
		}
	}
	if r, err := s.Records().Get(ctx, "class.a"); err != nil || string(r.Value) != "new" || runs != 2 {
		t.Errorf("%s, %v after %d runs", r.Value, err, runs)
	}
	s.Close()
	if s, err = jetstream.Open(ctx, jetstream.Options{Folder: folder}); err == nil || !strings.Contains(err.Error(), "format 2") || !strings.Contains(err.Error(), "newer version") {
		t.Errorf("a store of a newer version: %v", err)
	}
}
