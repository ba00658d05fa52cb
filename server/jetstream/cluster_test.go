package jetstream

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/handshakelab/lab/server/jetstream/clustertest"
	"github.com/handshakelab/lab/web/store"
	"github.com/handshakelab/lab/web/store/storetest"
)

func openCluster(t *testing.T, c *clustertest.Cluster) *Store {
	t.Helper()
	s, err := Open(t.Context(), Options{URL: c.URL(), Replicas: clustertest.Size})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

// What one server promises, three do too.
func TestCluster(t *testing.T) {
	storetest.Run(t, openCluster(t, clustertest.Start(t)))
}

// While the server that leads goes away and comes back, one after the other, writers and followers of two labs go on. What was acknowledged
// is there once, and followers miss nothing and see nothing twice.
func TestClusterWithoutOneServer(t *testing.T) {
	c := clustertest.Start(t)
	labs := [2]*Store{openCluster(t, c), openCluster(t, c)}
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	log, count := store.Key("room", "a"), store.Key("progress", "a")

	// Each writer notes what was acknowledged and how long it waited at most.
	var mu sync.Mutex
	acked, longest, added, unknown := map[string]uint64{}, time.Duration(0), 0, 0
	writing, stop := context.WithCancel(ctx)
	var writers sync.WaitGroup
	for w, s := range labs {
		writers.Go(func() {
			for n := 0; writing.Err() == nil; n++ {
				id, began := fmt.Sprintf("%d-%d", w, n), time.Now()
				seq, err := s.Append(ctx, log, store.Anywhere, id, []byte(id))
				if err != nil {
					t.Errorf("Append: %v", err)
					return
				}
				mu.Lock()
				acked[id], longest = seq, max(longest, time.Since(began))
				mu.Unlock()
			}
		})
		writers.Go(func() {
			for writing.Err() == nil {
				began := time.Now()
				r, err := s.Records().Get(ctx, count)
				if err != nil && !errors.Is(err, store.ErrNotFound) {
					t.Errorf("Get: %v", err)
					return
				}
				was, _ := strconv.Atoi(string(r.Value))
				switch _, err := s.Records().Put(ctx, count, []byte(strconv.Itoa(was+1)), r.Rev); {
				case errors.Is(err, store.ErrConflict):
				case errors.Is(err, errUnknown):
					mu.Lock()
					unknown++
					mu.Unlock()
				case err != nil:
					t.Errorf("Put: %v", err)
					return
				default:
					mu.Lock()
					added, longest = added+1, max(longest, time.Since(began))
					mu.Unlock()
				}
			}
		})
	}

	// And each lab has a follower and a watcher.
	following, enough := context.WithCancel(ctx)
	defer enough()
	var followed [2][]string
	var counted [2][]int
	var mus [2]sync.Mutex
	var readers sync.WaitGroup
	for i, s := range labs {
		readers.Go(func() {
			for e, err := range s.Follow(following, log, 0) {
				if err != nil {
					return
				}
				mus[i].Lock()
				followed[i] = append(followed[i], string(e.Data))
				mus[i].Unlock()
			}
		})
		readers.Go(func() {
			for u, err := range s.Records().Watch(following, "progress") {
				if err != nil {
					return
				}
				if n, err := strconv.Atoi(string(u.Value)); err == nil {
					mus[i].Lock()
					counted[i] = append(counted[i], n)
					mus[i].Unlock()
				}
			}
		})
	}

	progress := func() int { mu.Lock(); defer mu.Unlock(); return len(acked) + added }
	more := func(n int) {
		t.Helper()
		for from := progress(); progress() < from+n; time.Sleep(time.Millisecond) {
			if ctx.Err() != nil || t.Failed() {
				t.Fatal("writing does not go on")
			}
		}
	}
	more(100)
	for _, stream := range []string{"LOGS", "KV_records"} {
		leader := c.Leader(stream)
		c.Stop(leader)
		more(100)
		c.Start(leader)
		c.Whole("LOGS")
		c.Whole("KV_records")
		more(100)
	}
	stop()
	writers.Wait()
	if t.Failed() {
		return
	}
	t.Logf("%d entries and %d changes; the longest wait of a writer was %v", len(acked), added, longest)

	for i, s := range labs {
		var all []string
		for e, err := range s.Read(ctx, log, 0) {
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, string(e.Data))
			if id := string(e.Data); acked[id] != e.Seq {
				t.Errorf("entry %s is at %d and was acknowledged at %d", id, e.Seq, acked[id])
			}
		}
		if len(all) != len(acked) {
			t.Errorf("the log has %d entries, and %d were acknowledged", len(all), len(acked))
		}
		r, err := s.Records().Get(ctx, count)
		counts, _ := strconv.Atoi(string(r.Value))
		if err != nil || counts < added || counts > added+unknown {
			t.Errorf("the record counts %s, and %d additions were acknowledged, and of %d that is not known (%v)", r.Value, added, unknown, err)
		}
		for {
			mus[i].Lock()
			there := len(followed[i]) >= len(all) && counted[i][len(counted[i])-1] >= counts
			mus[i].Unlock()
			if there || ctx.Err() != nil {
				break
			}
			time.Sleep(time.Millisecond)
		}
		mus[i].Lock()
		if !slices.Equal(followed[i], all) {
			t.Errorf("lab %d followed %d entries, and the log has %d, or not in this order", i, len(followed[i]), len(all))
		}
		// Who watches may miss values in between, but sees them in order and the last one.
		if got := counted[i]; !slices.IsSorted(got) || got[len(got)-1] != counts {
			t.Errorf("lab %d watched the count go to %d, want %d", i, got[len(got)-1], counts)
		}
		mus[i].Unlock()
	}
	enough()
	readers.Wait()
}
