//go:build linux

package jetstream

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/handshakelab/lab/web/store"
)

// kills is how often TestFault93Kill kills; make soak does it two hundred times.
var kills = flag.Int("kills", 10, "how often a writer is killed")

// writerFolder tells this program to be the writer of TestFault93Kill.
const writerFolder = "LAB_TEST_WRITER"

// writerAgain tells it what to try again.
const writerAgain = "LAB_TEST_WRITER_AGAIN"

// TestWriter writes until it is killed, and says on standard output what was acknowledged.
func TestWriter(t *testing.T) {
	folder := os.Getenv(writerFolder)
	if folder == "" {
		t.Skip("it is for TestFault93Kill")
	}
	s, err := Open(t.Context(), Options{Folder: folder})
	if err != nil {
		fmt.Println("failed", err)
		os.Exit(1)
	}
	var mu sync.Mutex
	say := func(format string, args ...any) {
		mu.Lock()
		defer mu.Unlock()
		fmt.Printf(format+"\n", args...)
	}
	// What the one before had begun, and nobody knows whether it was done, is tried again.
	for _, id := range strings.Fields(os.Getenv(writerAgain)) {
		seq, err := s.Append(context.Background(), "room.a", store.Anywhere, id, []byte(id))
		if err != nil {
			say("failed %v", err)
			return
		}
		say("entry %s %d", id, seq)
	}
	var writers sync.WaitGroup
	for w := range 4 {
		writers.Go(func() {
			for n := 0; ; n++ {
				id := fmt.Sprintf("%d-%d-%d", os.Getpid(), w, n)
				say("begun %s 0", id)
				seq, err := s.Append(context.Background(), "room.a", store.Anywhere, id, []byte(id+strings.Repeat(" ", 13*n%700)))
				if err != nil {
					say("failed %v", err)
					return
				}
				say("entry %s %d", id, seq)
				rev, err := s.Records().Put(context.Background(), store.Key("member", id), []byte(id), 0)
				if err != nil {
					say("failed %v", err)
					return
				}
				say("record %s %d", id, rev)
			}
		})
	}
	writers.Wait()
}

// Whenever the program is killed under load, what it had acknowledged is there once and where it said; nothing is half there.
func TestFault93Kill(t *testing.T) {
	folder := t.TempDir()
	entries, records := map[string]uint64{}, map[string]uint64{}
	open := map[string]bool{} // begun, and not acknowledged
	early := 0
	for kill := range *kills {
		cmd := exec.Command(os.Args[0], "-test.run", "^TestWriter$")
		cmd.Env = append(os.Environ(), writerFolder+"="+folder, writerAgain+"="+strings.Join(slices.Collect(maps.Keys(open)), " "))
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		// At any moment, every third time from its start on, when it reads what is there.
		killer := time.AfterFunc(time.Minute, func() { _ = cmd.Process.Kill() })
		if kill%3 == 0 {
			killer.Reset(rand.N(300 * time.Millisecond))
		}
		said := 0
		for lines := bufio.NewScanner(out); lines.Scan(); {
			var kind, id string
			var n uint64
			if _, err := fmt.Sscan(lines.Text(), &kind, &id, &n); err != nil {
				t.Fatalf("the writer said %q", lines.Text())
			}
			if said++; said == 1 && kill%3 != 0 {
				killer.Reset(rand.N(150 * time.Millisecond))
			}
			switch kind {
			case "begun":
				open[id] = true
			case "entry":
				delete(open, id)
				if at, again := entries[id]; again && at != n {
					t.Errorf("entry %s was acknowledged at %d and %d", id, at, n)
				}
				entries[id] = n
			case "record":
				records[id] = n
			}
		}
		if said == 0 {
			early++
		}
		killer.Stop()
		_ = cmd.Process.Kill()
		if err := cmd.Wait(); err == nil || cmd.ProcessState.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL {
			t.Fatalf("the writer ended with %v", err)
		}
	}
	s, err := Open(t.Context(), Options{Folder: folder})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	seen := map[string]bool{}
	for e, err := range s.Read(t.Context(), "room.a", 0) {
		if err != nil {
			t.Fatal(err)
		}
		id := strings.TrimRight(string(e.Data), " ")
		if at, ok := entries[id]; seen[id] || strings.Count(id, "-") != 2 || ok && at != e.Seq {
			t.Errorf("entry %q at %d; it was acknowledged at %d", id, e.Seq, at)
		}
		seen[id] = true
	}
	for id := range entries {
		if !seen[id] {
			t.Errorf("entry %s was acknowledged and is not there", id)
		}
	}
	for id, rev := range records {
		if r, err := s.Records().Get(t.Context(), store.Key("member", id)); err != nil || string(r.Value) != id || r.Rev != rev {
			t.Errorf("record %s: %+v, %v", id, r, err)
		}
	}
	if len(entries) == 0 {
		t.Error("nobody has written, and so this was no test")
	}
	t.Logf("%d kills, %d before anything was written, %d entries and %d records were acknowledged, %d entries are there", *kills, early, len(entries), len(records), len(seen))
}

// disk is a file system of a few megabytes.
func disk(t *testing.T, size string) string {
	t.Helper()
	folder := t.TempDir()
	if err := syscall.Mount("tmpfs", folder, "tmpfs", 0, "size="+size); err != nil {
		t.Skipf("a file system cannot be mounted here: %v", err)
	}
	t.Cleanup(func() { _ = syscall.Unmount(folder, syscall.MNT_DETACH) })
	return folder
}

// fill takes all the room that is left, and returns what gives it back.
func fill(t *testing.T, folder string) (empty func()) {
	t.Helper()
	name := filepath.Join(folder, "ballast")
	f, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for _, block := range [][]byte{make([]byte, 64<<10), make([]byte, 1)} {
		for err = nil; err == nil; {
			_, err = f.Write(block)
		}
	}
	if !errors.Is(err, syscall.ENOSPC) {
		t.Fatal(err)
	}
	return func() {
		if err := os.Remove(name); err != nil {
			t.Error(err)
		}
	}
}

// While the disk is full, writing fails with an error that says so, what was written is there, and when there is room again it goes on by
// itself.
func TestFault95DiskFull(t *testing.T) {
	folder := disk(t, "16m")
	var log record
	s, err := Open(t.Context(), options(folder, &log))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	var acked []string
	write := func() error {
		text := fmt.Sprintf("entry %d", len(acked))
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		_, err := s.Append(ctx, "room.a", store.Anywhere, "", []byte(text+strings.Repeat(" ", 5000)))
		if err == nil {
			acked = append(acked, text)
		}
		return err
	}
	for range 20 {
		if err := write(); err != nil {
			t.Fatal(err)
		}
	}
	for range 2 {
		empty := fill(t, folder)
		for end := time.Now().Add(30 * time.Second); ; {
			if err := write(); errors.Is(err, store.ErrFull) && strings.Contains(err.Error(), "no space left") {
				break
			} else if time.Now().After(end) {
				t.Fatalf("the disk is full, and Append says %v", err)
			}
		}
		empty()
		for end := time.Now().Add(30 * time.Second); write() != nil; {
			if time.Now().After(end) {
				t.Fatal("there is room, and writing does not go on")
			}
		}
	}
	if !log.has("no space left on device") || !log.has("the store writes again") {
		t.Error("the operator was not told")
	}
	there := map[string]int{}
	for _, text := range readLog(t, s, "room.a") {
		there[strings.TrimRight(text, " ")]++
	}
	for _, text := range acked {
		if there[text] == 0 {
			t.Errorf("%s was acknowledged and is not there", text)
		}
	}
}

// A start on a full or read-only disk is refused in one line, and leaves what is there as it is.
func TestFault97Disk(t *testing.T) {
	folder := disk(t, "4m")
	s, err := Open(t.Context(), Options{Folder: folder})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Records().Put(t.Context(), "class.a", []byte("here"), 0); err != nil {
		t.Fatal(err)
	}
	s.Close()
	refused := func(what string) {
		t.Helper()
		if _, err := Open(t.Context(), Options{Folder: folder}); err == nil || !strings.Contains(err.Error(), folder) || !strings.Contains(err.Error(), what) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%v, want %s", err, what)
		}
	}
	empty := fill(t, folder)
	refused("no space left on device")
	empty()
	if err := syscall.Mount("", folder, "", syscall.MS_REMOUNT|syscall.MS_RDONLY, ""); err != nil {
		t.Fatal(err)
	}
	refused("read-only file system")
	if err := syscall.Mount("", folder, "", syscall.MS_REMOUNT, ""); err != nil {
		t.Fatal(err)
	}
	if s, err = Open(t.Context(), Options{Folder: folder}); err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if r, err := s.Records().Get(t.Context(), "class.a"); err != nil || string(r.Value) != "here" {
		t.Errorf("%+v, %v", r, err)
	}
}
