package lessons

import (
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"testing/fstest"
	"time"
)

// Ids and what refers to them, in the text of a lesson.
var idForms = regexp.MustCompile(`(\{#|\bof=|\bfrom=|\]\(#|\{run:\s*#)([a-z0-9-]+)`)

// manyLessons is a folder of n lessons, each of at least size bytes: texts of the course with their blocks, again and again.
func manyLessons(t testing.TB, n, size int) fstest.MapFS {
	t.Helper()
	var bodies []string
	for _, l := range loadCourse(t).Lessons {
		text, err := fs.ReadFile(Builtin(), l.File)
		if err != nil {
			t.Fatal(err)
		}
		_, body, _ := strings.Cut(string(text), "\n# ")
		_, body, _ = strings.Cut(body, "\n")
		// Links to other files would lead nowhere.
		bodies = append(bodies, regexp.MustCompile(`\[([^][]*)\]\([^()#\s]+\.md[^()\s]*\)`).ReplaceAllString(body, "$1"))
	}
	folder := courseFolder(t)
	for name := range folder {
		if path.Ext(name) == ".md" {
			delete(folder, name) // what remains is what blocks are about
		}
	}
	for i := range n {
		var b strings.Builder
		fmt.Fprintf(&b, "---\ntitle: Lesson %d\nsummary: An example.\norder: %d\n---\n\n# Lesson %d\n", i, 10*(i+1), i)
		for k := 0; b.Len() < size; k++ {
			body := bodies[(i+k)%len(bodies)]
			b.WriteString(idForms.ReplaceAllStringFunc(body, func(s string) string {
				if strings.HasPrefix(s, "](#") && !strings.Contains(body, "{#"+s[len("](#"):]+" ") && !strings.Contains(body, "{#"+s[len("](#"):]+"}") {
					return s // a heading
				}
				return s + fmt.Sprintf("-%d", k)
			}))
		}
		folder[fmt.Sprintf("%d-lesson-%d.md", 10*(i+1), i)] = &fstest.MapFile{Data: []byte(b.String())}
	}
	return folder
}

// BenchmarkLoadMany loads a hundred lessons of 20 KB, and again when one of them has changed.
func BenchmarkLoadMany(b *testing.B) {
	folder := manyLessons(b, 100, 20<<10)
	if c, err := Load(folder); err != nil || len(c.Lessons) != 100 {
		b.Fatalf("%v, %s", err, c.Diagnostics)
	}
	b.Run("all", func(b *testing.B) {
		defer processorTime(b)()
		for b.Loop() {
			if _, err := Load(folder); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("one", func(b *testing.B) {
		l := NewLoader(folder)
		file := folder["500-lesson-49.md"]
		text := string(file.Data)
		if _, err := l.Load(); err != nil {
			b.Fatal(err)
		}
		defer processorTime(b)()
		for i := 0; b.Loop(); i++ {
			file.Data = fmt.Appendf(nil, "%s\nMore %d.\n", text, i)
			if c, err := l.Load(); err != nil || len(c.Lessons) != 100 {
				b.Fatal(err)
			}
		}
	})
}

// processorTime reports how long the processors worked, which says more than a clock on a machine that others use too.
func processorTime(b *testing.B) func() {
	spent := func() time.Duration {
		var u syscall.Rusage
		if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
			b.Fatal(err)
		}
		return time.Duration(u.Utime.Nano() + u.Stime.Nano())
	}
	before := spent()
	return func() { b.ReportMetric(float64((spent()-before).Microseconds())/1000/float64(b.N), "cpu-ms/op") }
}
