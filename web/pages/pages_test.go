package pages

import (
	"bytes"
	"context"
	"io/fs"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/a-h/templ"

	"github.com/handshakelab/lab/engine"
	"github.com/handshakelab/lab/engine/script"
	"github.com/handshakelab/lab/engine/tcp"
	"github.com/handshakelab/lab/lessons"
	"github.com/handshakelab/lab/lessons/gallery"
	"github.com/handshakelab/lab/static"
)

const testStatic = "/lab/static/0123456789ab/"

// every is one of each page, with one of each kind of part.
func every(t *testing.T) map[string]string {
	t.Helper()
	sim := func(id string) *lessons.Sim {
		return &lessons.Sim{ID: id, Title: "A run with </script> & more", Source: `client send "</script><b>"`, Ahead: true}
	}
	second := &lessons.Lesson{
		Slug: "second", Title: "The second", TitleHTML: "The <em>second</em>", Summary: "About <b>", Minutes: 7, Sources: []string{"RFC 9293 §3.5", "RFC 6298 §2.1"},
		Parts: []lessons.Part{
			{HTML: "<p>Before.</p>"},
			{Sim: sim("one")},
			{HTML: "<p>After.</p>"},
			{Predict: &lessons.Predict{ID: "guess", Of: "one", At: 1075000, Do: []string{"drop SYN-ACK#2", "step"}, Question: "<p>When?</p>", Choices: []lessons.Choice{{Value: "1s", HTML: "1 s"}, {Value: "2s", HTML: "2 s"}}}},
			{Predict: &lessons.Predict{ID: "free", Of: "one", Question: "<p>Which number?</p>", Free: true}},
			{Quiz: &lessons.Quiz{ID: "why", Kind: lessons.Many, Question: "<p>Why?</p>", Options: []string{"So.", "Not so."}}},
			{Quiz: &lessons.Quiz{ID: "which", Question: "<p>Which?</p>", Options: []string{"This.", "That."}, Kind: lessons.Many}},
			{HTML: "<p>On.</p><h2 id=\"next\">Next</h2><p>Leads up to it.</p>"},
			{Sim: sim("two")},
			{Challenge: &lessons.Challenge{ID: "dare", From: "two"}},
		},
	}
	first := &lessons.Lesson{Slug: "first", Title: "The first", TitleHTML: "The first", Next: second, Parts: []lessons.Part{{HTML: "<p>Only prose.</p>"}}}
	second.Prev = first
	course := &lessons.Course{Lessons: []*lessons.Lesson{second, first}}
	page := Page{Base: "/lab/", Static: testStatic, Title: "A title", Modules: func(module string) []string { return []string{module, "js/progress.js"} }}
	scenarios, faults := gallery.Load(gallery.Builtin())
	if len(faults) > 0 {
		t.Fatal(faults)
	}
	list := map[string]templ.Component{
		"home":            Home(HomeData{Page: page, Course: course}),
		"home, no lesson": Home(HomeData{Page: page}),
		"lessons":         Lessons(LessonsData{Page: page, Course: course}),
		"lessons, none":   Lessons(LessonsData{Page: page, Course: &lessons.Course{}}),
		"lesson":          Lesson(LessonData{Page: page, Course: course, Lesson: second}),
		"lesson of prose": Lesson(LessonData{Page: page, Course: course, Lesson: first}),
		"sandbox":         Sandbox(SandboxData{Page: page, Sim: sim("play")}),
		"sandbox, empty":  Sandbox(SandboxData{Page: page}),
		"gallery":         Gallery(GalleryData{Page: page, Gallery: scenarios}),
		"scenario":        Sandbox(SandboxData{Page: page, Sim: scenarios.Groups[0].Items[0].Sim, Item: scenarios.Groups[0].Items[0]}),
		"not found":       Error(ErrorData{Page: page, Status: 404}),
		"broken":          Error(ErrorData{Page: page, Status: 500, Ref: "ABC"}),
		"refused":         Error(ErrorData{Page: page, Status: 403, Heading: "No", Message: "Not from there."}),
	}
	all := map[string]string{}
	for name, c := range list {
		var b bytes.Buffer
		if err := c.Render(context.Background(), &b); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		all[name] = b.String()
	}
	return all
}

var (
	tags    = regexp.MustCompile(`<[a-zA-Z][^>]*>`)
	inline  = regexp.MustCompile(`\s(style|on[a-z]+)=`)
	ids     = regexp.MustCompile(`\sid="([^"]*)"`)
	refs    = regexp.MustCompile(`\s(?:for|aria-labelledby|aria-describedby|popovertarget|data-opens)="([^"]*)"`)
	anchors = regexp.MustCompile(`\shref="#([^"]*)"`)
	urls    = regexp.MustCompile(`\s(?:href|src|action)="([^"]*)"`)
)

// The content security policy allows neither, and refuses silently.
func TestNoInlineCode(t *testing.T) {
	for name, html := range every(t) {
		for _, tag := range tags.FindAllString(html, -1) {
			if inline.MatchString(tag) {
				t.Errorf("%s: %s has inline code or style", name, tag)
			}
			if strings.HasPrefix(tag, "<script") && !strings.Contains(tag, " src=") && !strings.Contains(tag, ` type="application/json"`) || strings.HasPrefix(tag, "<style") {
				t.Errorf("%s: %s", name, tag)
			}
		}
		if n := strings.Count(html, "</script>"); n != strings.Count(html, "<script ") {
			t.Errorf("%s: a scenario closes a script element", name)
		}
	}
}

func TestReferences(t *testing.T) {
	for name, html := range every(t) {
		seen := map[string]bool{}
		for _, m := range ids.FindAllStringSubmatch(html, -1) {
			if seen[m[1]] {
				t.Errorf("%s: id %q twice", name, m[1])
			}
			seen[m[1]] = true
		}
		for _, m := range append(refs.FindAllStringSubmatch(html, -1), anchors.FindAllStringSubmatch(html, -1)...) {
			for _, id := range strings.Fields(m[1]) {
				if !seen[id] {
					t.Errorf("%s: %s leads nowhere", name, m[0])
				}
			}
		}
		if n := strings.Count(html, "<h1"); n != 1 {
			t.Errorf("%s: %d headings of the first level", name, n)
		}
	}
}

// Every address stands under the base path, and every static file exists.
func TestAddresses(t *testing.T) {
	assets, err := static.New("/lab/", static.Embedded(), false)
	if err != nil {
		t.Fatal(err)
	}
	for name, html := range every(t) {
		for _, m := range urls.FindAllStringSubmatch(html, -1) {
			url, _, _ := strings.Cut(m[1], "#")
			file, isStatic := strings.CutPrefix(url, testStatic)
			switch {
			case url == "" || strings.HasPrefix(url, "https://www.rfc-editor.org/"):
			case isStatic:
				if assets.File(file) == nil {
					t.Errorf("%s: there is no %s", name, file)
				}
			case !strings.HasPrefix(url, "/lab/"):
				t.Errorf("%s: %s is not under the base path", name, url)
			}
		}
	}
}

var iconUses = regexp.MustCompile(`icons\.svg#([a-z-]+)`)

func TestIcons(t *testing.T) {
	sprite, err := fs.ReadFile(static.Embedded(), "icons.svg")
	if err != nil {
		t.Fatal(err)
	}
	for name, html := range every(t) {
		for _, m := range iconUses.FindAllStringSubmatch(html, -1) {
			if !bytes.Contains(sprite, []byte(`id="`+m[1]+`"`)) {
				t.Errorf("%s: there is no icon %q", name, m[1])
			}
		}
	}
}

func TestLessonParts(t *testing.T) {
	html := every(t)["lesson"]
	for _, want := range []string{
		`data-kind="predict" data-block="guess" data-of="one" data-at="1075000"`,
		"data-do=\"drop SYN-ACK#2\nstep\"",
		`data-kind="quiz" data-quiz="many" data-block="why"`, `type="checkbox" name="answer" value="1"`,
		`data-kind="challenge" data-block="dare" data-of="two"`,
		`data-exercises="guess free why which dare"`,
		`data-lesson="second" data-block="one"`,
		`&lt;/script&gt;`,
		`About &lt;b&gt;`,
	} {
		if !strings.Contains(html, want) {
			t.Errorf("the lesson has no %s", want)
		}
	}
	if !strings.Contains(html, `rel="prev"`) || strings.Contains(html, `rel="next"`) {
		t.Error("the last lesson leads back to the one before it, and to no next one")
	}
}

// A challenge that begins within a run says where, unless its author does.
func TestChallengeBegins(t *testing.T) {
	run := func(at tcp.Time, prose string) bool {
		world, err := engine.New(script.DefaultSetup())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := world.Apply(engine.Action{Kind: engine.Wait, For: 100 * tcp.Millisecond}); err != nil {
			t.Fatal(err)
		}
		sim := &lessons.Sim{ID: "run", World: world}
		c := &lessons.Challenge{ID: "dare", From: "run", At: at, HTML: prose}
		var b strings.Builder
		data := LessonData{Page: Page{Static: testStatic}, Lesson: &lessons.Lesson{Parts: []lessons.Part{{Sim: sim}, {Challenge: c}}}}
		if err := challenge(data, c).Render(t.Context(), &b); err != nil {
			t.Fatal(err)
		}
		return strings.Contains(b.String(), `Begin at <a class="seek" href="#run" data-sim="run" data-at="`+micros(at)+`">`)
	}
	const link = `<p>Go to <a href="#run" class="seek" data-sim="run" data-at="50000">50 ms</a>.</p>`
	for _, c := range []struct {
		at    tcp.Time
		prose string
		want  bool
	}{
		{0, "", false},
		{50 * tcp.Millisecond, "", true},
		{60 * tcp.Millisecond, link, true},
		{50 * tcp.Millisecond, link, false},
		{100 * tcp.Millisecond, "", false},
	} {
		if got := run(c.at, c.prose); got != c.want {
			t.Errorf("at %s, %q: told where to begin is %t, want %t", c.at, c.prose, got, c.want)
		}
	}
}

// The table in the sandbox is in the language that the lab speaks.
func TestLanguage(t *testing.T) {
	var b strings.Builder
	for _, l := range lines {
		b.WriteString(l.text + "\n")
	}
	if _, diags := script.Parse(b.String()); len(diags.Errors()) > 0 {
		t.Error(diags.Errors())
	}
}

func TestSpreads(t *testing.T) {
	html := func(s string) lessons.Part { return lessons.Part{HTML: s} }
	simulator := func(id string) lessons.Part { return lessons.Part{Sim: &lessons.Sim{ID: id}} }
	quiz := lessons.Part{Quiz: &lessons.Quiz{ID: "q"}}
	tests := []struct {
		name  string
		parts []lessons.Part
		want  string
	}{
		{"nothing", nil, "()"},
		{"prose alone", []lessons.Part{html("a"), quiz}, "(a q)"},
		{"one simulator", []lessons.Part{html("a"), simulator("S"), html("b"), quiz}, "(a | S | b q)"},
		{"no prose before", []lessons.Part{simulator("S"), html("b")}, "( | S | b)"},
		{"a section leads to the second", []lessons.Part{simulator("S"), html("b<h2>x</h2>c"), simulator("T")}, "( | S | b)(<h2>x</h2>c | T | )"},
		{"the last section only", []lessons.Part{simulator("S"), html("<h2>x</h2>b<h2>y</h2>c"), simulator("T"), quiz}, "( | S | <h2>x</h2>b)(<h2>y</h2>c | T | q)"},
		{"no heading", []lessons.Part{simulator("S"), html("b"), simulator("T")}, "( | S | b)( | T | )"},
		{"an exercise stays with its simulator", []lessons.Part{simulator("S"), html("<h2>x</h2>b"), quiz, simulator("T")}, "( | S | <h2>x</h2>b q)( | T | )"},
	}
	show := func(parts []lessons.Part) string {
		var words []string
		for _, p := range parts {
			if p.Quiz != nil {
				words = append(words, p.Quiz.ID)
			} else {
				words = append(words, p.HTML)
			}
		}
		return strings.Join(words, " ")
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var b strings.Builder
			before := slices.Clone(tt.parts)
			for _, s := range spreads(tt.parts) {
				b.WriteString("(" + show(s.before))
				if s.stage.Sim != nil {
					b.WriteString(" | " + s.stage.Sim.ID + " | " + show(s.after))
				}
				b.WriteString(")")
			}
			if got := b.String(); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
			if !slices.Equal(before, tt.parts) {
				t.Error("the lesson was changed")
			}
		})
	}
}

func TestMarkLosses(t *testing.T) {
	l := &lessons.Lesson{Parts: []lessons.Part{{Sim: &lessons.Sim{ID: "lost", Events: []engine.Event{
		{Kind: engine.Sent, At: 50 * tcp.Millisecond}, {Kind: engine.Lost, At: 90 * tcp.Millisecond},
	}}}}}
	const (
		sent  = `<li><a href="#lost" class="seek" data-sim="lost" data-at="50000">50 ms</a> Sent.</li>`
		lost  = `<li><a href="#lost" class="seek" data-sim="lost" data-at="90000">90 ms</a> Lost.</li>`
		loose = "<li>\n<p><a class=\"seek\" href=\"#lost\" data-sim=\"lost\" data-at=\"90000\">90 ms</a> Lost.</p></li>"
		other = `<li><a href="#x" class="seek" data-sim="x" data-at="90000">90 ms</a> Elsewhere.</li>`
	)
	got := markLosses(sent+lost+loose+other, l)
	want := sent + strings.Replace(lost+loose, "<li>", `<li class="loss">`, 2) + other
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}
