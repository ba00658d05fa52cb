package jetstream

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/handshakelab/lab/server/jetstream/clustertest"
	"github.com/handshakelab/lab/web/store"
)

// action is what an act in a room weighs.
const action = `{"by":"Y3kq0cXG4Vb1mFZ0s0b1Zg","id":"q1-1742","kind":"do","do":{"at":12,"wait":25000,"line":"drop SYN-ACK","ahead":true}}`

func openBench(b *testing.B) (s *Store, folder string) {
	folder = b.TempDir()
	s, err := Open(b.Context(), Options{Folder: folder})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(s.Close)
	return s, folder
}

// BenchmarkAppend is one action of a class, synced: one class alone, and 32 at once.
func BenchmarkAppend(b *testing.B) {
	for _, rooms := range []int{1, 32} {
		b.Run(fmt.Sprintf("rooms=%d", rooms), func(b *testing.B) {
			s, folder := openBench(b)
			before := onDisk(b, folder)
			var room atomic.Int64
			b.SetParallelism((rooms + runtime.GOMAXPROCS(0) - 1) / runtime.GOMAXPROCS(0))
			if rooms == 1 {
				for i := 0; b.Loop(); i++ {
					if _, err := s.Append(b.Context(), "room.a", store.Anywhere, strconv.Itoa(i), []byte(action)); err != nil {
						b.Fatal(err)
					}
				}
			} else {
				b.RunParallel(func(pb *testing.PB) {
					log, after := store.Key("room", strconv.FormatInt(room.Add(1), 10)), uint64(0)
					for i := 0; pb.Next(); i++ {
						var err error
						if after, err = s.Append(b.Context(), log, after, strconv.Itoa(i), []byte(action)); err != nil {
							b.Error(err)
							return
						}
					}
				})
			}
			b.ReportMetric(float64(onDisk(b, folder)-before)/float64(b.N), "disk-B/action")
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "actions/s")
		})
	}
}

// BenchmarkAppendCluster is one action of a class in a cluster of three servers, all of them in this process.
func BenchmarkAppendCluster(b *testing.B) {
	s, err := Open(b.Context(), Options{URL: clustertest.Start(b).URL(), Replicas: clustertest.Size})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(s.Close)
	for i := 0; b.Loop(); i++ {
		if _, err := s.Append(b.Context(), "room.a", store.Anywhere, strconv.Itoa(i), []byte(action)); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "actions/s")
}

// BenchmarkMembers is what members of a class weigh on disk and in memory, each with a place in it and progress in ten blocks: an op is a
// thousand of them. What the store takes in any case is there before they come.
func BenchmarkMembers(b *testing.B) {
	s, folder := openBench(b)
	const blocks, many = 10, 1000
	members := 0
	value := []byte(`{"best":10,"points":10,"of":10,"attempts":3,"first":"2026-11-22T09:00:00Z","last":"2026-11-22T09:12:31Z","kind":"challenge"}`)
	join := func() {
		id := fmt.Sprintf("member-%015d", members)
		keys := []string{store.Key("member", "class", id), store.Key("seat", id, "class")}
		for block := range blocks {
			keys = append(keys, store.Key("progress", "class", id, "three-segments", fmt.Sprintf("block-%d", block)))
		}
		for _, key := range keys {
			if _, err := s.Records().Put(b.Context(), key, value, 0); err != nil {
				b.Fatal(err)
			}
		}
		members++
	}
	for range many / 10 {
		join()
	}
	first, disk, memory := members, onDisk(b, folder), resident(b)
	for b.Loop() {
		for range many {
			join()
		}
	}
	b.ReportMetric(float64(onDisk(b, folder)-disk)/float64(members-first), "disk-B/member")
	b.ReportMetric(float64(resident(b)-memory)/float64(members-first), "RSS-B/member")
	list, err := s.Records().List(b.Context(), "progress.class")
	if err != nil || len(list) != blocks*members {
		b.Fatalf("%d records, %v", len(list), err)
	}
}

// onDisk is the size of all files below a folder.
func onDisk(b *testing.B, folder string) (n int64) {
	err := filepath.WalkDir(folder, func(_ string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		st, err := d.Info()
		if err == nil {
			n += st.Size()
		}
		return err
	})
	if err != nil {
		b.Fatal(err)
	}
	return n
}

// resident is how much memory this process has that it needs, in bytes.
func resident(b *testing.B) int64 {
	debug.FreeOSMemory()
	text, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		b.Skip(err)
	}
	pages, err := strconv.ParseInt(strings.Fields(string(text))[1], 10, 64)
	if err != nil {
		b.Fatal(err)
	}
	return pages * int64(os.Getpagesize())
}
