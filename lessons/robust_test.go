package lessons

import (
	"io/fs"
	"math/rand/v2"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/handshakelab/lab/engine/diag"
)

// check loads a file among the others of its folder and fails when what comes out is neither a lesson nor a reason.
func check(t testing.TB, loader *Loader, file string) *Course {
	t.Helper()
	c, err := loader.Load()
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
		if d.Code == "unreadable" || d.File == file && (d.Line < 1 || d.Col < 1 || d.EndCol < d.Col || d.Message == "" || d.Code == "") {
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
	return c
}

// mutable is the course as a folder of which one lesson after the other is changed. What stands beside the lessons is emptied, so that
// its names are there and nothing in it takes time.
func mutable(t testing.TB) (folder fstest.MapFS, names []string) {
	t.Helper()
	folder = courseFolder(t)
	for name := range folder {
		switch {
		case path.Ext(name) == ".md" && path.Dir(name) != ".":
			folder[name] = &fstest.MapFile{}
		case path.Ext(name) == ".md" && strings.Count(name, ".") == 1:
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return folder, names
}

const mutations = 50

// Whatever happens to a lesson, there is a lesson or there are reasons why not.
func TestMutatedLessons(t *testing.T) {
	folder, names := mutable(t)
	loader := NewLoader(folder)
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
			if slices.Contains(check(t, loader, name).Broken, name) {
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

// A breakage changes a text so that something in it is wrong. It returns the text as it was where there is nothing to break.
type breakage struct {
	name string
	do   func(r *rand.Rand, s string) string
}

// replaceOne changes one of the places where a form matches, by chance.
func replaceOne(form, with string) func(r *rand.Rand, s string) string {
	re := regexp.MustCompile(form)
	return func(r *rand.Rand, s string) string {
		all := re.FindAllStringSubmatchIndex(s, -1)
		if len(all) == 0 {
			return s
		}
		m := all[r.IntN(len(all))]
		return s[:m[0]] + string(re.ExpandString(nil, with, s, m)) + s[m[1]:]
	}
}

var breakages = []breakage{
	{"a key of the front matter", replaceOne(`\n(summary|order|minutes|tags|sources):`, "\nx$1:")},
	{"a need", replaceOne(`\nneeds: \[`, "\nneeds: [no-such-lesson, ")},
	{"the title", replaceOne(`\n# `, "\n# Not ")},
	{"a verb of a scenario", replaceOne(`\nclient connect`, "\nclient conect")},
	{"a setting of a scenario", replaceOne(`\ndelay [0-9]+`, "\ndelay x")},
	{"an expectation", replaceOne(`\nserver listen[^\n]*\n`, "${0}expect server ESTABLISHED\n")},
	{"the name of a block", replaceOne("\n```(tcpsim|predict|quiz|challenge) \\{", "\n```x$1 {")},
	{"the kind of a block", replaceOne("\n```(tcpsim|predict|quiz|challenge) \\{", "\n```diagram {")},
	{"an attribute", replaceOne("(\n```(?:tcpsim|predict|quiz|challenge) \\{#[a-z0-9-]+)", "$1 colour=red")},
	{"an id that is there", replaceOne("\n```(tcpsim|predict|quiz|challenge) \\{#[a-z0-9-]+", "\n```quiz {#twice}\nx\n```\n\n```$1 {#twice")},
	{"no id", replaceOne("(\n```(?:tcpsim|predict|quiz|challenge) \\{)#[a-z0-9-]+", "$1")},
	{"the simulator of a block", replaceOne(`\b(of|from)=[a-z0-9-]+`, "$1=no-such-simulator")},
	{"the end of a block", func(r *rand.Rand, s string) string {
		i := strings.LastIndex(s, "\n```\n")
		if i < 0 {
			return s
		}
		return s[:i] + s[i+4:]
	}},
	{"what is asked", replaceOne(`\nask: [a-z]+`, "\nask: colour")},
	{"an event that never comes", replaceOne(`\nask: [^\n]*`, "\nask: time of SYN#99 sent")},
	{"a misconception", replaceOne(`\n(ack-equals-seq|syn-not-counted|timer-not-doubled|open-too-early|syn-without-ack|rst-on-loss|relative-numbers):`, "\n${1}x:")},
	{"the right options", func(_ *rand.Rand, s string) string { return strings.ReplaceAll(s, "- [x]", "- [ ]") }},
	{"a solution", replaceOne(`\nsolution [^\n]*`, "")},
	{"a goal that is not reached", replaceOne(`\ngoal [^\n]*`, "\ngoal sent RST >= 99")},
	{"a limit", replaceOne(`\nlimit steps [0-9]+`, "\nlimit steps x")},
	{"a time of a link", replaceOne(`\[[0-9,.]+ ms\]\(#([a-z0-9-]+)@`, "[7 ms](#$1@")},
	{"the target of a playhead link", replaceOne(`\]\(#[a-z0-9-]+@`, "](#no-such-simulator@")},
	{"a marked number", replaceOne(`([0-9])([^0-9\n]{0,8})\{run:`, "${1}7$2{run:")},
	{"a mark", replaceOne(`\{run: #[a-z0-9-]+`, "{run: #no-such-simulator")},
	{"the beginning of a mark", replaceOne(`\{run: `, "{run ")},
	{"a section of an RFC", replaceOne(`RFC 9293 section [0-9.]*[0-9]`, "RFC 9293 section 3.99")},
	{"the section of a link", replaceOne(`rfc9293\.html#section-[0-9.]*[0-9]`, "rfc9293.html#section-12.1")},
	{"a card", replaceOne(`\(glossary/`, "(glossary/no-such-")},
	{"another lesson", replaceOne(`\]\([0-9]+-[a-z-]+\.md`, "](999-no-such-lesson.md")},
	{"a sequence number", replaceOne("`(seq|ack) [0-9]+", "`$1 4242424242")},
	{"HTML", replaceOne(`\n\n(The|A|In|It|This) `, "\n\n<b>$1</b> ")},
	{"a link to a program", replaceOne(`\n\n(The|A|In|It|This) `, "\n\n[$1](javascript:alert(1)) ")},
	{"an anchor", replaceOne(`\n\n(The|A|In|It|This) `, "\n\n[$1](#no-such-heading) ")},
	{"a picture", replaceOne(`\n\n(The|A|In|It|This) `, "\n\n![](no-such-picture.png) $1 ")},
	{"a byte", replaceOne(`\n\n(The|A|In|It|This) `, "\n\n$1\xff ")},
}

// What breaks something in a lesson never goes unnoticed, wherever in the lesson it happens.
func TestBreakagesAreNoticed(t *testing.T) {
	folder, names := mutable(t)
	loader := NewLoader(folder)
	done := map[string]int{}
	for n, name := range names {
		original := folder[name]
		for seed := range uint64(mutations) {
			r := rand.New(rand.NewPCG(seed, uint64(n)))
			text, what := string(original.Data), ""
			for text == string(original.Data) {
				b := breakages[r.IntN(len(breakages))]
				text, what = b.do(r, text), b.name
			}
			done[what]++
			folder[name] = &fstest.MapFile{Data: []byte(text)}
			c := check(t, loader, name)
			if !slices.ContainsFunc(c.Diagnostics, func(d diag.Diagnostic) bool { return d.File == name }) {
				t.Errorf("%s: nobody notices that %s is wrong (seed %d)", name, what, seed)
			}
		}
		folder[name] = original
	}
	for _, b := range breakages {
		if done[b.name] == 0 {
			t.Errorf("no lesson had %s to break", b.name)
		}
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
		check(t, NewLoader(fstest.MapFS{"10-example.md": {Data: []byte(text)}}), "10-example.md")
	})
}
