package lessons

import (
	"fmt"
	"io/fs"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

// courseFolder is a copy of the built-in course that a test can change.
func courseFolder(t testing.TB) fstest.MapFS {
	t.Helper()
	folder := fstest.MapFS{}
	err := fs.WalkDir(Builtin(), ".", func(name string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		text, err := fs.ReadFile(Builtin(), name)
		folder[name] = &fstest.MapFile{Data: text}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return folder
}

// described is all of a course that two loads of the same files must agree on.
func described(c *Course) string {
	var b strings.Builder
	fmt.Fprintln(&b, c.Broken, c.Diagnostics)
	for _, l := range c.All() {
		fmt.Fprintln(&b, l.File, l.Slug, l.Lang, l.Title, l.Order, l.Level, l.Version, len(l.Parts), html(l))
		if l.Prev != nil {
			fmt.Fprintln(&b, "behind", l.Prev.Slug)
		}
		for _, s := range l.Sections() {
			fmt.Fprintln(&b, s)
		}
	}
	for _, card := range c.Glossary {
		fmt.Fprintln(&b, card.Name, len(card.Related))
		for _, m := range card.Mentions {
			fmt.Fprintln(&b, m.Lesson.Slug, m.Anchor)
		}
	}
	return b.String()
}

// A loader that has seen many versions of a folder says the same of it as one that sees it for the first time.
func TestLoaderAgreesWithLoad(t *testing.T) {
	folder := courseFolder(t)
	original := courseFolder(t)
	names := slices.Sorted(func(yield func(string) bool) {
		for name := range folder {
			if strings.HasSuffix(name, ".md") && !yield(name) {
				return
			}
		}
	})
	loader := NewLoader(folder)
	r := rand.New(rand.NewPCG(1, 2))
	for i := range 40 {
		name := names[r.IntN(len(names))]
		switch r.IntN(6) {
		case 0:
			delete(folder, name)
		case 1:
			folder[name] = original[name]
		case 2:
			folder[fmt.Sprintf("%d-more-%d.md", 1000+i, i)] = &fstest.MapFile{Data: []byte(strings.ReplaceAll(exampleMeta, "10", fmt.Sprint(1000+i)) + "\n# Example\n\n[x](" + name + ")\n")}
		default:
			folder[name] = &fstest.MapFile{Data: []byte(mutate(r, string(original[name].Data)))}
		}
		got, err := loader.Load()
		if err != nil {
			t.Fatal(err)
		}
		want, err := Load(folder)
		if err != nil {
			t.Fatal(err)
		}
		if described(got) != described(want) {
			t.Fatalf("after %d changes, the last one of %s, the loader says\n%s\nand not\n%s", i+1, name, described(got), described(want))
		}
	}
}

// A lesson is read anew when a file that it shows changes, and a course that was handed out stays as it is.
func TestLoaderSeesFilesBesideALesson(t *testing.T) {
	folder := exampleFolder("![A picture](a.png)\n")
	folder["a.png"] = &fstest.MapFile{Data: []byte("x")}
	loader := NewLoader(folder)
	first, err := loader.Load()
	if err != nil || len(first.Lessons) != 1 {
		t.Fatal(err, first.Diagnostics)
	}
	before := described(first)
	delete(folder, "a.png")
	if c, err := loader.Load(); err != nil || !slices.Equal(codesIn(c.Diagnostics), []string{"image"}) {
		t.Errorf("without the picture: %v, %s", err, c.Diagnostics)
	}
	folder["a.png"] = &fstest.MapFile{Data: []byte("x")}
	folder["20-b.md"] = &fstest.MapFile{Data: []byte("---\ntitle: B\nsummary: b\norder: 20\n---\n\n# B\n")}
	if c, err := loader.Load(); err != nil || len(c.Lessons) != 2 || c.Lessons[0].Next != c.Lessons[1] {
		t.Errorf("with another lesson: %v", err)
	}
	if described(first) != before || first.Lessons[0].Next != nil {
		t.Error("a course that was handed out has changed")
	}
}
