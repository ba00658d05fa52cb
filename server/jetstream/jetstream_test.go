package jetstream

import (
	"context"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/handshakelab/lab/web/store"
	"github.com/handshakelab/lab/web/store/storetest"
)

func TestEmbedded(t *testing.T) {
	o := Options{Folder: t.TempDir()}
	s, err := Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	storetest.Run(t, s)
	s.Close()
	// What was changed, removed and struck is no damage.
	if s, err = Open(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	s.Close()
}

// An export that does not wait for a pause of those who write holds them, and is of one instant as well.
func TestExportHoldsWriters(t *testing.T) {
	s := openFolder(t)
	s.chase = -1
	storetest.Export(t, s)
}

func openFolder(t *testing.T) *Store {
	t.Helper()
	s, err := Open(t.Context(), Options{Folder: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

// Nothing is left on the server of a log that somebody has followed or read, however that ended.
func TestNoConsumerLingers(t *testing.T) {
	s := openFolder(t)
	if _, err := s.Append(t.Context(), "room.a", store.Anywhere, "", []byte("x")); err != nil {
		t.Fatal(err)
	}
	for _, how := range []func(){
		func() {
			for range s.Follow(t.Context(), "room.a", 0) {
				break
			}
		},
		func() {
			for range s.Read(t.Context(), "room.a", 0) {
			}
		},
		func() {
			ctx, cancel := context.WithCancel(t.Context())
			time.AfterFunc(rand.N(time.Millisecond), cancel) // before it has begun, perhaps
			for range s.Follow(ctx, "room.a", 0) {
			}
		},
		func() {
			for range s.Export(t.Context()) {
			}
		},
		func() {
			for range s.Records().Watch(t.Context(), "class") {
				break
			}
		},
	} {
		how()
	}
	for end := time.Now().Add(10 * time.Second); ; time.Sleep(time.Millisecond) {
		n := 0
		for _, name := range []string{"LOGS", "KV_records", "KV_passing"} {
			stream, err := s.js.Stream(t.Context(), name)
			if err != nil {
				t.Fatal(err)
			}
			n += stream.CachedInfo().State.Consumers
		}
		if n == 0 {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("%d consumers are left", n)
		}
	}
}
