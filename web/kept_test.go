package web

import (
	"fmt"
	"io/fs"
	"math/rand/v2"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"testing/fstest"

	"github.com/handshakelab/lab/lessons"
	"github.com/handshakelab/lab/static"
)

// all is everything that an edition serves, by its key.
func (e *edition) all(t testing.TB) map[string]string {
	t.Helper()
	files := map[string]string{}
	for key, k := range e.kept {
		f, err := k.get()
		if err != nil {
			t.Fatal(err)
		}
		files[key] = string(f.Bytes())
	}
	return files
}

func builtinFolder(t testing.TB) fstest.MapFS {
	t.Helper()
	folder := fstest.MapFS{}
	err := fs.WalkDir(lessons.Builtin(), ".", func(name string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		text, err := fs.ReadFile(lessons.Builtin(), name)
		folder[name] = &fstest.MapFile{Data: text}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return folder
}

// What is taken over from the edition before is what would have been made anew: a site that has seen changes serves the same files as
// one that starts with the last of them. And what has not changed is taken over.
func TestReloadServesWhatAFreshSiteServes(t *testing.T) {
	folder := builtinFolder(t)
	course := &shelf{fs: folder}
	site := newTestSite(t, "/", course)
	site.edition.Load().all(t)
	change := func(name, old, new string) func() {
		return func() {
			text := string(course.fs[name].Data)
			if !strings.Contains(text, old) {
				t.Fatalf("%s has no %q", name, old)
			}
			course.set(name, &fstest.MapFile{Data: []byte(strings.Replace(text, old, new, 1))})
		}
	}
	var lesson, other, card string
	for name := range folder {
		switch {
		case strings.HasPrefix(name, "glossary/"):
			card = name
		case strings.HasPrefix(name, "30-"):
			lesson = name
		case strings.HasPrefix(name, "20-"):
			other = name
		}
	}
	for _, step := range []struct {
		what   string
		do     func()
		kept   string // the beginning of the keys that must be taken over
		renews string // and of one that must not
		fresh  bool   // compare it with a fresh site
	}{
		{"the text of a lesson", change(lesson, "\n## ", "\nA sentence more.\n\n## "), "/lessons/three-segments ", "/lessons/sequence-numbers ", true},
		{"a title", change(other, "title: ", "title: X "), "/sandbox/", "/lessons/", false},
		{"a heading with it", change(other, "\n# ", "\n# X "), "/sandbox/", "/lessons/sequence-numbers ", false},
		{"a card", change(card, "\n# ", "\n# X "), "/sandbox/", "/glossary ", false},
		{"a card with it", change(card, "title: ", "title: X "), "/sandbox/", "/lessons/sequence-numbers ", true},
	} {
		before := site.edition.Load()
		step.do()
		if err := site.Reload(); err != nil {
			t.Fatal(err)
		}
		now := site.edition.Load()
		files := now.all(t)
		fresh := files
		if step.fresh {
			fresh = newTestSite(t, "/", course).edition.Load().all(t)
		}
		if len(files) != len(fresh) {
			t.Errorf("%s: %d files, and a fresh site has %d", step.what, len(files), len(fresh))
		}
		renewed := false
		for key, want := range fresh {
			if files[key] != want {
				t.Errorf("%s: %s is stale", step.what, key)
			}
			if k := now.kept[key]; strings.HasPrefix(key, step.kept) && k != before.kept[key] {
				t.Errorf("%s: %s was made anew", step.what, key)
			} else if strings.HasPrefix(key, step.renews) && k != before.kept[key] {
				renewed = true
			}
		}
		if broken := step.what == "a title" || step.what == "a card"; renewed == broken {
			t.Errorf("%s: %s is made anew is %v", step.what, step.renews, renewed)
		}
	}
}

// cpuTime is what the process has spent, for benchmarks on a machine that others use.
func cpuTime() float64 {
	var r syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &r)
	return float64(r.Utime.Nano()+r.Stime.Nano()) / 1e6
}

// BenchmarkStart is what stands between the start of the program and its first page, with lessons and without; warm is what is left for
// later.
func BenchmarkStart(b *testing.B) {
	measure := func(b *testing.B, f func()) {
		start, n := cpuTime(), 0
		for b.Loop() {
			f()
			n++
		}
		b.ReportMetric((cpuTime()-start)/float64(n), "cpu-ms/op")
	}
	site := func(b *testing.B, folder fs.FS) *Site {
		assets, err := static.New("/", static.Embedded(), false)
		if err != nil {
			b.Fatal(err)
		}
		s, err := New(Config{Base: "/", Assets: assets, Lessons: folder})
		if err != nil {
			b.Fatal(err)
		}
		return s
	}
	b.Run("none", func(b *testing.B) { measure(b, func() { site(b, fstest.MapFS{}) }) })
	b.Run("course", func(b *testing.B) { measure(b, func() { site(b, lessons.Builtin()) }) })
	b.Run("warm", func(b *testing.B) {
		s := site(b, lessons.Builtin())
		measure(b, func() {
			e, err := s.load(nil)
			if err != nil {
				b.Fatal(err)
			}
			s.edition.Store(e)
			s.Warm(b.Context())
		})
	})
}

// BenchmarkReload is how long a change of one lesson takes until it is served, in a course of a hundred.
func BenchmarkReload(b *testing.B) {
	folder := fstest.MapFS{}
	text := string(builtinFolder(b)["20-three-segments.md"].Data)
	_, body, _ := strings.Cut(text, "\n# ")
	_, body, _ = strings.Cut(body, "\n")
	body = regexp.MustCompile(`\[([^][]*)\]\([^()#\s]+\.md[^()\s]*\)`).ReplaceAllString(body, "$1")
	for i := range 100 {
		filler := strings.Repeat("\nA paragraph with a `SYN`, a `SYN-ACK` and some words that make it longer than it would have to be.\n", 150)
		folder[fmt.Sprintf("%d-lesson-%d.md", 10*i+10, i)] = &fstest.MapFile{Data: fmt.Appendf(nil, "---\ntitle: Lesson %d\nsummary: x\norder: %d\n---\n\n# Lesson %d\n%s%s", i, 10*i+10, i, body, filler)}
	}
	s := newTestSite(b, "/", folder)
	if n := len(s.Course().Lessons); n != 100 {
		b.Fatalf("%d lessons, %.2000s", n, s.Course().Diagnostics)
	}
	s.Warm(b.Context())
	file := folder["500-lesson-49.md"]
	r := rand.New(rand.NewPCG(1, 1))
	start, n := cpuTime(), 0
	for b.Loop() {
		file.Data = fmt.Appendf(nil, "%s\nMore %d.\n", file.Data, r.IntN(1000))
		if err := s.Reload(); err != nil {
			b.Fatal(err)
		}
		n++
	}
	b.ReportMetric((cpuTime()-start)/float64(n), "cpu-ms/op")
}
