package archive

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/handshakelab/lab/server/jetstream"
	"github.com/handshakelab/lab/web/account"
)

func TestForget(t *testing.T) {
	ctx := t.Context()
	s, err := jetstream.Open(ctx, jetstream.Options{Folder: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	accounts, now := account.New(s, "/"), time.Now()
	old, recent := account.NewID(), account.NewID()
	for learner, at := range map[string]time.Time{old: now.AddDate(0, 0, -401), recent: now.AddDate(0, 0, -399)} {
		if err := accounts.Seen(ctx, learner, at); err != nil {
			t.Fatal(err)
		}
		if _, err := accounts.NewRecoveryCode(ctx, learner); err != nil {
			t.Fatal(err)
		}
	}
	if n, err := Forget(ctx, s, now.AddDate(0, 0, -400)); n != 1 || err != nil {
		t.Fatalf("%d are forgotten, %v", n, err)
	}
	for learner, want := range map[string]bool{old: false, recent: true} {
		if has, err := accounts.HasRecoveryCode(ctx, learner); has != want || err != nil {
			t.Errorf("%v, %v, want %v", has, err, want)
		}
	}
	// Of many machines one does it, and none again on the same day.
	for day, want := range []int32{1, 0} {
		var turns atomic.Int32
		var all sync.WaitGroup
		for range 4 {
			all.Go(func() {
				mine, err := take(ctx, s, now)
				if err != nil {
					t.Error(err)
				}
				if mine {
					turns.Add(1)
				}
			})
		}
		all.Wait()
		if turns.Load() != want {
			t.Errorf("round %d: %d machines take their turn, want %d", day, turns.Load(), want)
		}
	}
	if mine, err := take(ctx, s, now.Add(often)); !mine || err != nil {
		t.Errorf("the next day: %v, %v", mine, err)
	}
}
