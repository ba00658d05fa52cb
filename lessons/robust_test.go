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

// check loads a file among the others of the course and fails when what comes out is neither a lesson nor a reason.
func check(t testing.TB, folder fs.FS, file string) {
	c, err := Load(folder)
	if err != nil {
		t.Fatal(err)
	}
	good := slices.ContainsFunc(c.Lessons, func(l *Lesson) bool { return l.File == file })
	broken := slices.Contains(c.Broken, file)
	reasons := 0
	for _, d := range c.Diagnostics {
		if d.File == file && d.Severity == "error" {
			reasons++
		}
		if d.File == "" || d.Line < 1 || d.Col < 1 || d.EndCol < d.Col || d.Message == "" || d.Code == "" {
			t.Fatalf("a bad diagnostic: %+v", d)
		}
	}
	if good == broken || broken != (reasons > 0) {
		t.Fatalf("good is %v, broken is %v, with %d errors", good, broken, reasons)
	}
	for _, l := range c.Lessons {
		for _, p := range l.Parts {
			if strings.Contains(p.HTML, "raw HTML") {
				t.Fatalf("HTML came through unnoticed: %s", p.HTML)
			}
			set := 0
			for _, is := range []bool{p.HTML != "", p.Sim != nil, p.Predict != nil, p.Quiz != nil, p.Challenge != nil, p.Ticket != nil, p.Capture != nil} {
				if is {
					set++
				}
			}
			if set != 1 {
				t.Fatalf("a part of a good lesson has %d sides: %+v", set, p)
			}
		}
	}
}

// Whatever happens to a lesson, there is a lesson or there are reasons why not.
func TestMutatedLessons(t *testing.T) {
	folder := fstest.MapFS{}
	var names []string
	for _, l := range loadCourse(t).Lessons {
		text, err := fs.ReadFile(Builtin(), l.File)
		if err != nil {
			t.Fatal(err)
		}
		folder[l.File] = &fstest.MapFile{Data: text}
		names = append(names, l.File)
	}
	const mutations = 50
	broken := 0
	for _, name := range names {
		original := folder[name]
		for seed := range uint64(mutations) {
			r := rand.New(rand.NewPCG(seed, 1))
			text := string(original.Data)
			for range 1 + r.IntN(3) {
				text = mutate(r, text)
			}
			folder[name] = &fstest.MapFile{Data: []byte(text)}
			t.Run(fmt.Sprintf("%s/%d", name, seed), func(t *testing.T) { check(t, folder, name) })
			if len(Check(folder).Errors()) > 0 {
				broken++
			}
		}
		folder[name] = original
	}
	// Mutations that nobody notices would be a poor test.
	if all := mutations * len(names); broken < all/4 {
		t.Errorf("only %d of %d mutations are noticed", broken, all)
	}
}

func mutate(r *rand.Rand, s string) string {
	if s == "" {
		return "---\n"
	}
	a, b := r.IntN(len(s)), r.IntN(len(s))
	if a > b {
		a, b = b, a
	}
	short := min(b, a+1+r.IntN(40))
	lines := strings.SplitAfter(s, "\n")
	i, j := r.IntN(len(lines)), r.IntN(len(lines))
	switch r.IntN(9) {
	case 0: // lose some text
		return s[:a] + s[short:]
	case 1: // repeat some text
		return s[:a] + s[a:short] + s[a:]
	case 2: // move some text
		return s[:a] + s[short:b] + s[a:short] + s[b:]
	case 3: // lose a line
		return strings.Join(slices.Delete(slices.Clone(lines), i, i+1), "")
	case 4: // swap two lines
		lines[i], lines[j] = lines[j], lines[i]
		return strings.Join(lines, "")
	case 5: // repeat a line elsewhere
		return strings.Join(slices.Insert(slices.Clone(lines), j, lines[i]), "")
	case 6: // a character that means something
		marks := "`*_[](){}#>-:|<&\\\"'=@!~\n\t \x00\xff0"
		k := r.IntN(len(marks))
		return s[:a] + marks[k:k+1] + s[a:]
	case 7: // another byte
		return s[:a] + string(s[a]^1<<r.IntN(8)) + s[a+1:]
	default: // the file ends
		return s[:b]
	}
}

func FuzzLoad(f *testing.F) {
	for _, l := range loadCourse(f).Lessons {
		text, err := fs.ReadFile(Builtin(), l.File)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(text))
	}
	for _, c := range Codes() {
		if len(c.Example) < 4<<10 && !strings.Contains(c.Example, "\n-- ") {
			f.Add(string(exampleFolder(c.Example)["10-example.md"].Data))
		}
	}
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) > 64<<10 {
			t.Skip()
		}
		check(t, fstest.MapFS{"10-example.md": {Data: []byte(text)}}, "10-example.md")
	})
}
