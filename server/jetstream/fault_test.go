package jetstream

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/handshakelab/lab/web/store"
)

// A store of the time before there was a number of its format opens with all that is in it.
func TestOlderFolder(t *testing.T) {
	folder := t.TempDir()
	unpack(t, filepath.Join("testdata", "format-0.tar.gz"), folder)
	s, err := Open(t.Context(), Options{Folder: folder})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	list, err := s.Records().List(t.Context(), "class")
	if err != nil || len(list) != 1 || string(list[0].Value) != `{"title":"second"}` {
		t.Errorf("%+v, %v", list, err)
	}
	if got, want := readLog(t, s, "room.c1"), []string{`{"kind":"push"}`, `{"kind":"end"}`}; !slices.Equal(got, want) {
		t.Errorf("the log is %q, want %q", got, want)
	}
	if r, err := s.Records().Get(t.Context(), "format"); err != nil || string(r.Value) != fmt.Sprintf(`{"format":%d}`, store.Format) {
		t.Errorf("the format is %s, %v", r.Value, err)
	}
}

func unpack(t *testing.T, file, folder string) {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	for r := tar.NewReader(z); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(folder, filepath.FromSlash(h.Name))
		if h.Typeflag == tar.TypeDir {
			err = os.MkdirAll(path, 0o700)
		} else {
			var b []byte
			if b, err = io.ReadAll(r); err == nil {
				err = os.WriteFile(path, b, 0o600)
			}
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// A record is a log for operators, and can be read while it is written.
type record struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (r *record) Write(b []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.buf.Write(b)
}

func (r *record) has(text string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return bytes.Contains(r.buf.Bytes(), []byte(text))
}

func options(folder string, log *record) Options {
	return Options{Folder: folder, Log: slog.New(slog.NewTextHandler(log, nil))}
}

func readLog(t *testing.T, s *Store, log string) (all []string) {
	t.Helper()
	for e, err := range s.Read(t.Context(), log, 0) {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, string(e.Data))
	}
	return all
}

// Whatever befalls the file of a log, what stands before the damage is served, nothing that was not written is, writing goes on, and the
// operator is told; or the store is refused. A damaged store is never taken for an empty one.
func TestFault94DamagedFile(t *testing.T) {
	whole := t.TempDir()
	s, err := Open(t.Context(), Options{Folder: whole})
	if err != nil {
		t.Fatal(err)
	}
	var want []string
	for i := range 20 {
		want = append(want, fmt.Sprintf("entry %d", i))
		if _, err := s.Append(t.Context(), "room.a", store.Anywhere, "", []byte(want[i])); err != nil {
			t.Fatal(err)
		}
	}
	s.Close()
	const block = "jetstream/$G/streams/LOGS/msgs/1.blk"
	intact, err := os.ReadFile(filepath.Join(whole, block))
	if err != nil {
		t.Fatal(err)
	}
	type damage struct {
		name string
		to   func(b []byte) []byte
	}
	cases := []damage{
		{"nothing", func(b []byte) []byte { return b }},
		{"a torn write", func(b []byte) []byte { return b[:len(b)-7] }},
		{"a tail of zeros", func(b []byte) []byte { return append(b, make([]byte, 4096)...) }},
		{"a tail of something else", func(b []byte) []byte { return append(b, "something else"...) }},
		{"half of it", func(b []byte) []byte { return b[:len(b)/2] }},
		{"an empty file", func(b []byte) []byte { return nil }},
	}
	for _, test := range cases {
		t.Run(test.name, func(t *testing.T) {
			folder := t.TempDir()
			if err := os.CopyFS(folder, os.DirFS(whole)); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(folder, block), test.to(slices.Clone(intact)), 0o600); err != nil {
				t.Fatal(err)
			}
			var log record
			s, err := Open(t.Context(), options(folder, &log))
			if err != nil {
				if !strings.Contains(err.Error(), folder) || strings.Contains(err.Error(), "\n") {
					t.Errorf("refused with %v", err)
				}
				return
			}
			defer s.Close()
			var got []string
			for e, err := range s.Read(t.Context(), "room.a", 0) {
				if err != nil {
					t.Fatal(err)
				}
				if !slices.Contains(want, string(e.Data)) || slices.Contains(got, string(e.Data)) {
					t.Errorf("entry %q", e.Data)
				}
				got = append(got, string(e.Data))
			}
			if test.name == "nothing" && !slices.Equal(got, want) {
				t.Errorf("%d entries are there", len(got))
			}
			if len(got) < len(want) {
				for end := time.Now().Add(20 * time.Second); !log.has("level="); time.Sleep(time.Millisecond) {
					if time.Now().After(end) {
						t.Fatalf("%d of %d entries are there, and the log says nothing", len(got), len(want))
					}
				}
			}
			if test.name == "a torn write" && len(got) < len(want)-1 {
				t.Errorf("only %d entries are there", len(got))
			}
			if _, err := s.Append(t.Context(), "room.a", store.Anywhere, "", []byte("more")); err != nil {
				t.Errorf("writing does not go on: %v", err)
			}
		})
	}
}

// stride is how far the bytes lie apart that TestFault94EachByte changes; make soak changes each.
var stride = flag.Int("stride", 331, "how many bytes lie between two that are damaged")

// A byte of any file of a store is another one. What can be read is what was written; what cannot is told, or the store is refused.
func TestFault94EachByte(t *testing.T) {
	whole := t.TempDir()
	s, err := Open(t.Context(), Options{Folder: whole})
	if err != nil {
		t.Fatal(err)
	}
	for i := range 3 {
		if _, err := s.Append(t.Context(), "room.a", store.Anywhere, "", fmt.Appendf(nil, "entry %d", i)); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Records().Put(t.Context(), store.Key("class", fmt.Sprint(i)), fmt.Appendf(nil, "record %d", i), 0); err != nil {
			t.Fatal(err)
		}
	}
	s.Close()
	// Apart from the number of the format.
	want := []string{"entry 0", "entry 1", "entry 2", "record 0", "record 1", "record 2"}
	seen := 0
	err = fs.WalkDir(os.DirFS(whole), "jetstream", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		intact, err := os.ReadFile(filepath.Join(whole, name))
		for i := range intact {
			if seen++; seen%*stride == 0 {
				b := slices.Clone(intact)
				b[i] ^= 1 << (seen % 8)
				damaged(t, whole, name, i, b, want)
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("one of %d of %d bytes was changed", *stride, seen)
}

// damaged opens a copy of a store in which one file is another one.
func damaged(t *testing.T, whole, name string, at int, b []byte, want []string) {
	t.Helper()
	folder, err := os.MkdirTemp("", "lab-")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(folder)
	if err := os.CopyFS(folder, os.DirFS(whole)); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, name), b, 0o600); err != nil {
		t.Fatal(err)
	}
	var log record
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	s, err := Open(ctx, options(folder, &log))
	if err != nil {
		if !strings.Contains(err.Error(), folder) && !strings.Contains(err.Error(), "the format of the store") || strings.Contains(err.Error(), "\n") {
			t.Errorf("byte %d of %s: refused with %v", at, name, err)
		}
		return
	}
	defer s.Close()
	var got []string
	for e, err := range s.Read(t.Context(), "room.a", 0) {
		if err != nil {
			t.Errorf("byte %d of %s: %v", at, name, err)
			break
		}
		got = append(got, string(e.Data))
	}
	list, err := s.Records().List(t.Context(), "class")
	if err != nil {
		t.Errorf("byte %d of %s: %v", at, name, err)
	}
	for _, r := range list {
		got = append(got, string(r.Value))
	}
	slices.Sort(got)
	for _, text := range got {
		if !slices.Contains(want, text) {
			t.Errorf("byte %d of %s: %q was never written", at, name, text)
		}
	}
	if slices.Equal(got, want) {
		return
	}
	if len(got) < len(want)-1 {
		t.Errorf("byte %d of %s: only %q are there", at, name, got)
	}
	for end := time.Now().Add(20 * time.Second); !log.has("level="); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Errorf("byte %d of %s: %q are there, and the log says nothing", at, name, got)
			return
		}
	}
}

// A folder without the description of a stream whose messages are there, and so on: never an empty store in place of a good one.
func TestFault94DamagedDescription(t *testing.T) {
	for _, file := range []string{"meta.inf", "meta.sum"} {
		t.Run(file, func(t *testing.T) {
			folder := t.TempDir()
			s, err := Open(t.Context(), Options{Folder: folder})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := s.Records().Put(t.Context(), "class.a", []byte("here"), 0); err != nil {
				t.Fatal(err)
			}
			s.Close()
			path := filepath.Join(folder, "jetstream/$G/streams/KV_records", file)
			if err := os.WriteFile(path, []byte("{}"), 0o600); err != nil {
				t.Fatal(err)
			}
			if s, err := Open(t.Context(), Options{Folder: folder}); err == nil {
				r, err := s.Records().Get(context.Background(), "class.a")
				s.Close()
				if string(r.Value) != "here" {
					t.Errorf("the store opened, and the record is %q, %v", r.Value, err)
				}
			} else if !strings.Contains(err.Error(), "damaged") || !strings.Contains(err.Error(), "KV_records") {
				t.Error(err)
			}
		})
	}
}

// A folder of somebody else is refused: to root because of what it would leave there, to others because of what they cannot read.
func TestFault97Owner(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "data")
	s, err := Open(t.Context(), Options{Folder: folder})
	if err != nil {
		t.Fatal(err)
	}
	s.Close()
	want := "belongs to user 65534"
	if os.Geteuid() == 0 {
		err = os.Chown(folder, 65534, 65534)
	} else {
		want = "cannot be read: jetstream/$G/streams/LOGS/meta.inf: permission denied"
		err = os.Chmod(filepath.Join(folder, "jetstream/$G/streams/LOGS/meta.inf"), 0)
	}
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Open(t.Context(), Options{Folder: folder}); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
		t.Errorf("%v, want %s", err, want)
	}
}

// What makes a start impossible is told in one line.
func TestFault97Start(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, folder := range []string{file, filepath.Join(file, "below"), "/proc/nothing"} {
		_, err := Open(t.Context(), Options{Folder: folder})
		if err == nil || !strings.Contains(err.Error(), folder) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v", folder, err)
		}
	}
	folder := filepath.Join(t.TempDir(), "not", "there", "yet")
	s, err := Open(t.Context(), Options{Folder: folder})
	if err != nil {
		t.Fatal(err)
	}
	// Two servers on one folder: the second one is refused, and the first does not notice.
	if _, err := Open(t.Context(), Options{Folder: folder}); err == nil || !strings.Contains(err.Error(), "in use by another lab") {
		t.Errorf("a second one: %v", err)
	}
	if err := s.Check(t.Context()); err != nil {
		t.Error(err)
	}
	if st, err := os.Stat(folder); err != nil || st.Mode() != fs.ModeDir|0o700 {
		t.Errorf("the folder is open to others: %v, %v", st.Mode(), err)
	}
	s.Close()
	if s, err = Open(t.Context(), Options{Folder: folder}); err != nil {
		t.Fatal(err)
	}
	s.Close()
}
