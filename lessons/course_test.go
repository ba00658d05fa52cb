package lessons

import (
	"fmt"
	"io/fs"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/handshakelab/lab/engine"
	"github.com/handshakelab/lab/engine/script"
	"github.com/handshakelab/lab/engine/search"
	"github.com/handshakelab/lab/engine/tcp"
	"github.com/handshakelab/lab/engine/view"
)

func loadCourse(t testing.TB) *Course {
	t.Helper()
	c, err := Load(Builtin())
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// one loads a folder with a single lesson: what follows its front matter and title.
func one(t testing.TB, body string) *Lesson {
	t.Helper()
	c, err := Load(exampleFolder(body))
	if err != nil {
		t.Fatal(err)
	}
	if len(c.Diagnostics) > 0 {
		t.Fatalf("the lesson has faults:\n%s", c.Diagnostics)
	}
	return c.Lessons[0]
}

// The built-in course has no fault at all, not even a warning: among other things every seq and ack number in its prose is
// one of a run, every challenge is solved by its solution, and every link leads somewhere.
func TestBuiltinCourseIsSound(t *testing.T) {
	c := loadCourse(t)
	for _, d := range c.Diagnostics {
		t.Error(d)
	}
	var slugs []string
	for _, l := range c.Lessons {
		slugs = append(slugs, l.Slug)
		if !strings.HasPrefix(l.File, strconv.Itoa(l.Order)+"-") {
			t.Errorf("%s has the order %d", l.File, l.Order)
		}
	}
	// Links from outside lead to these.
	for _, want := range []string{
		"why-a-handshake",
		"three-segments",
		"sequence-numbers",
		"state-machine",
		"tcpdump-and-ss",
		"agreed-in-the-syn",
		"lost-segments",
		"refused",
	} {
		if !slices.Contains(slugs, want) {
			t.Errorf("there is no lesson %s", want)
		}
	}
}

func TestEachLessonHasAllThatALessonNeeds(t *testing.T) {
	c := loadCourse(t)
	for i, l := range c.Lessons {
		has := map[string]int{}
		words := 0
		for n, p := range l.Parts {
			switch {
			case p.Sim != nil:
				if has["sim"] == 0 && (n != 1 || words > 120) {
					t.Errorf("%s: the first simulator comes behind %d words", l.Slug, words)
				}
				has["sim"]++
			case p.Predict != nil:
				has["predict"]++
			case p.Quiz != nil:
				has["quiz"]++
			case p.Challenge != nil:
				has["challenge"]++
			case p.Ticket != nil:
				// What a ticket asks for is to predict what the next look will show, step by step.
				has["predict"]++
				has["steps"]++
			default:
				words += len(strings.Fields(p.HTML))
				has["steps"] += strings.Count(p.HTML, `<ol class="steps">`)
				has["notice"] += strings.Count(p.HTML, "What to notice")
			}
		}
		for _, what := range []string{"sim", "predict", "quiz", "challenge", "steps", "notice"} {
			if has[what] == 0 {
				t.Errorf("%s has no %s", l.Slug, what)
			}
		}
		if l.Minutes == 0 || len(l.Tags) == 0 || len(l.Sources) == 0 {
			t.Errorf("%s does not say how long it takes, what it is about or what it rests on", l.Slug)
		}
		for _, s := range l.Sources {
			if SourceURL(s) == "" {
				t.Errorf("%s: the source %q cannot be looked up", l.Slug, s)
			}
		}
		if i > 0 && (l.Prev != c.Lessons[i-1] || c.Lessons[i-1].Next != l) {
			t.Errorf("%s does not follow %s", l.Slug, c.Lessons[i-1].Slug)
		}
	}
}

// What a lesson says a tool prints is what the tool would print of a run of a simulator in it: tcpdump at one of its vantage
// points, ss at one of the moments when something happens.
func TestWhatLessonsShowOfToolsIsOfTheirRuns(t *testing.T) {
	folder := Builtin()
	captured, tabled := 0, 0
	for _, l := range loadCourse(t).Lessons {
		text, err := fs.ReadFile(folder, l.File)
		if err != nil {
			t.Fatal(err)
		}
		printed := map[string]bool{}
		add := func(output string) {
			for line := range strings.Lines(output) {
				printed[strings.TrimSpace(line)] = true
			}
		}
		sockets := strings.Contains(string(text), "$ ss -")
		for _, p := range l.Parts {
			if p.Sim == nil {
				continue
			}
			for _, at := range []view.Vantage{view.AtSenders, view.AtClient, view.AtServer} {
				add(view.Tcpdump(p.Sim.Events, at, false))
				add(view.Tcpdump(p.Sim.Events, at, true))
			}
			for _, e := range p.Sim.Events {
				if !sockets {
					break
				}
				tl, err := p.Sim.timeline()
				if err == nil {
					err = goTo(tl, e.At)
				}
				if err != nil {
					t.Fatal(err)
				}
				for _, h := range []engine.HostID{engine.Client, engine.Server} {
					add(view.AtNode(tl, tl.At()).SS(h))
				}
			}
		}
		for line := range strings.Lines(string(text)) {
			line = strings.TrimSpace(line)
			isCapture, isSocket := strings.HasPrefix(line, "00:00:"), socketLine.MatchString(line)
			if isCapture {
				captured++
			}
			if isSocket {
				tabled++
			}
			if (isCapture || isSocket) && !printed[line] {
				t.Errorf("%s: no run makes a tool print\n%s", l.File, line)
			}
		}
	}
	if captured == 0 || tabled == 0 {
		t.Errorf("the lessons show %d lines of tcpdump and %d of ss", captured, tabled)
	}
}

// socketLine is a line of ss about a socket.
var socketLine = regexp.MustCompile(`^[A-Z-]+ +[0-9]+ +[0-9]+ +[0-9a-f.:\[\]]+:[0-9]+ `)

func TestSolutionsPassAndDoingNothingDoesNot(t *testing.T) {
	for _, l := range loadCourse(t).Lessons {
		for _, p := range l.Parts {
			c := p.Challenge
			if c == nil {
				continue
			}
			solved, err := c.Grade(c.key.solution)
			if err != nil || !solved.Passed {
				t.Errorf("%s#%s: the solution does not pass: %+v, %v", l.Slug, c.ID, solved, err)
			}
			nothing, err := c.Grade(nil)
			if err != nil || nothing.Passed {
				t.Errorf("%s#%s passes without doing anything: %+v, %v", l.Slug, c.ID, nothing, err)
			}
			if len(solved.Goals) != len(c.Goals) {
				t.Errorf("%s#%s shows %d goals and grades %d", l.Slug, c.ID, len(c.Goals), len(solved.Goals))
			}
		}
	}
}

// A learner plays in a timeline that began with the whole scenario, and goes back in it.
func TestChallengeGradesABranchOfTheSimulator(t *testing.T) {
	l := loadCourse(t).Lesson("lost-segments")
	c, sim := l.Challenge("two-losses"), l.Sim("lost")
	tl, err := sim.timeline()
	if err != nil {
		t.Fatal(err)
	}
	if r := c.GradeNode(tl, tl.At()); r.Passed || r.Steps != 0 {
		t.Errorf("the scenario itself passes, or counts as the learner's: %+v", r)
	}
	if err := goTo(tl, sim.At); err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{"drop SYN-ACK", "step until server ESTABLISHED"} {
		a, fault := script.ParseAction(line)
		if fault != nil {
			t.Fatal(fault)
		}
		if _, _, err := tl.Do(a); err != nil {
			t.Fatal(err)
		}
	}
	if r := c.GradeNode(tl, tl.At()); !r.Passed || r.Actions != 1 {
		t.Errorf("dropping the second copy does not pass: %+v", r)
	}
}

func TestABrokenLessonDoesNotTakeTheOthersDown(t *testing.T) {
	folder := courseFolder(t)
	whole := len(loadCourse(t).Lessons)
	folder["30-sequence-numbers.md"].Data = []byte(strings.Replace(string(folder["30-sequence-numbers.md"].Data), "client connect", "client conect", 1))
	c, err := Load(folder)
	if err != nil {
		t.Fatal(err)
	}
	if len(c.Lessons) != whole-1 || c.Lesson("three-segments") == nil || c.Lesson("lost-segments") == nil {
		t.Errorf("%d lessons are left", len(c.Lessons))
	}
	if len(c.Broken) != 1 || c.Broken[0] != "30-sequence-numbers.md" {
		t.Errorf("the broken ones are %v", c.Broken)
	}
	// One cause, one fault: nothing that was about the broken simulator is told again.
	if len(c.Diagnostics) != 1 || c.Diagnostics[0].File != "30-sequence-numbers.md" || c.Diagnostics[0].Code != "unknown-call" {
		t.Errorf("the faults are\n%s", c.Diagnostics)
	}
}

// "The timer of its request is set to 3.3 s", says the lesson: the client takes 1,100 ms for the round trip, and RFC 6298
// section 2.2 makes 1.1 s + 4 * 0.55 s of it.
func TestTimersThatTheProseNames(t *testing.T) {
	for _, e := range loadCourse(t).Lesson("lost-segments").Sim("lost").Events {
		if e.Kind == engine.TimerSet && e.Host == engine.Client && e.At > 0 {
			if e.Due-e.At != 3300*tcp.Millisecond {
				t.Errorf("the timer of the request is %s", e.Due-e.At)
			}
			return
		}
	}
	t.Error("the request has no timer")
}

// The first lesson quotes two searches for what goes wrong with two segments, and lets the learner play what the first found.
func TestTheFirstLessonSaysWhatSearchFinds(t *testing.T) {
	text, err := fs.ReadFile(Builtin(), "10-why-a-handshake.md")
	if err != nil {
		t.Fatal(err)
	}
	example, _ := search.ExampleOf(tcp.TwoWayHandshake)
	p, list := search.Parse(example.Text)
	if len(list) > 0 {
		t.Fatal(list)
	}
	limits := search.Limits{Want: search.OldText, Copies: 2, Drops: -1, Timers: -1}
	found := p.Search(limits, nil)
	limits.Depth = search.MaxDepth
	sound := p.Unbroken().Search(limits, nil)
	if found.End != search.Found || sound.End != search.Exhausted {
		t.Fatalf("the searches end with %v and %v", found.End, sound.End)
	}
	for _, r := range []search.Result{found, sound} {
		at := r.Progress
		if says := fmt.Sprintf("\n%d moves, %d states, %d to go on from: ", at.Depth, at.States, at.Frontier); !strings.Contains(string(text), says) {
			t.Errorf("the lesson does not say%s", says)
		}
	}
	if !strings.Contains(string(text), found.Violation.String()) {
		t.Errorf("the lesson does not say %s", found.Violation)
	}
	shown := loadCourse(t).Lesson("why-a-handshake").Sim("found").Scenario
	if got, want := script.Format(shown.Setup, shown.Actions), script.Format(found.Scenario.Setup, found.Scenario.Actions); got != want {
		t.Errorf("the lesson shows\n%swhat is found is\n%s", got, want)
	}
}

func TestSourceURL(t *testing.T) {
	for source, want := range map[string]string{
		"RFC 9293":               "https://www.rfc-editor.org/rfc/rfc9293.html",
		"RFC 9293 section 3.4.1": "https://www.rfc-editor.org/rfc/rfc9293.html#section-3.4.1",
		"RFC 9293 appendix B":    "https://www.rfc-editor.org/rfc/rfc9293.html#appendix-B",
		"A book":                 "",
		"RFC 9293 section 3\"><": "",
	} {
		if got := SourceURL(source); got != want {
			t.Errorf("%s is at %q, want %q", source, got, want)
		}
	}
}

func BenchmarkLoad(b *testing.B) {
	folder := Builtin()
	for b.Loop() {
		if _, err := Load(folder); err != nil {
			b.Fatal(err)
		}
	}
}
