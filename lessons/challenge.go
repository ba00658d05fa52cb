package lessons

import (
	"bytes"
	"fmt"
	entity "html"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/handshakelab/lab/engine"
	"github.com/handshakelab/lab/engine/diag"
	"github.com/handshakelab/lab/engine/goal"
	"github.com/handshakelab/lab/engine/tcp"
)

// A Challenge is something to do in a simulator. It is graded by playing again what the learner did. What is exported may be
// shown.
type Challenge struct {
	ID    string
	Title string
	From  string   // the simulator
	At    tcp.Time // where the way begins that the author has in mind
	HTML  string   // what to do
	Goals []string // one line each, with code in backquotes; see LineHTML
	Hints []string // HTML

	key challengeKey
}

// A challengeKey is what stays on the server.
type challengeKey struct {
	setup    engine.Setup
	base     []engine.Action // from the set-up to At
	end      engine.NodeID   // where the scenario ends, in a timeline that began with it
	goals    []goal.Goal
	solution []engine.Action
	par      int // steps of the solution
}

// ChallengePoints is what a solution earns that is no longer than the author's.
const ChallengePoints = 10

// Par is how many steps the author's solution takes.
func (c *Challenge) Par() int { return c.key.par }

// Points is what a solution of so many steps earns: twice as many steps as Par, half of the points.
func (c *Challenge) Points(steps int) int {
	if steps <= c.key.par {
		return ChallengePoints
	}
	return max(1, (2*ChallengePoints*c.key.par+steps)/(2*steps))
}

// GradeNode judges the run that leads to a node of a timeline which began with the scenario of the simulator From. What the
// scenario does itself does not count as the learner's: their steps begin where they left its way. It panics when there is no
// such node.
func (c *Challenge) GradeNode(tl *engine.Timeline, at engine.NodeID) goal.Result {
	return goal.GradeNode(tl, c.key.end, at, c.key.goals)
}

// Grade judges what a learner did from the instant At of the simulator's run.
func (c *Challenge) Grade(actions []engine.Action) (goal.Result, error) {
	return goal.Grade(c.key.setup, c.key.base, actions, c.key.goals)
}

var challengeVerbs = []string{"goal", "limit", "hint", "solution"}

// readChallenge reads a challenge block and plays its solution. It returns nil when that is not possible.
func (d *draft) readChallenge(b *block) *Challenge {
	c := &Challenge{ID: b.id, Title: b.values["title"].text}
	if c.Title == "" {
		c.Title = phrase(d.lesson.Lang, "Now you")
	}
	prose, rules, hints := d.splitChallenge(b.body)
	c.HTML = d.snippetHTML(prose)
	for _, h := range hints {
		c.Hints = append(c.Hints, strings.TrimSpace(d.snippetHTML(h)))
	}
	spec, list := goal.Parse(string(d.text[rules.start:rules.end]))
	first, _ := d.place(rules.start)
	report := func(list diag.List) {
		list = slices.Clone(list) // it may lie in the cache
		for i := range list {
			if list[i].Line > 0 && list[i].Line < len(d.lines) && list[i].EndCol <= list[i].Col { // about the whole line
				row := first - 1 + list[i].Line - 1
				list[i].EndCol = 1 + utf8.RuneCount(bytes.TrimRight(d.text[d.lines[row]:d.lineEnd(row)], " \t\n"))
			}
		}
		d.list = append(d.list, list.In(d.file, first, 0)...)
	}
	report(list)
	sim := d.simOf(b, "from")
	if sim == nil {
		return nil
	}
	c.From = sim.ID
	c.At = d.timeAttribute(b, sim.World.Now())
	if len(list.Errors()) > 0 {
		return nil
	}
	for _, g := range spec.Goals {
		c.Goals = append(c.Goals, upperFirst(g.Text()))
	}
	v := cached(d.cache, fmt.Sprintf("challenge %d\x00%s\x00%s", c.At, sim.Source, d.text[rules.start:rules.end]), func() verified { return verify(sim, c.At, spec) })
	if v.err != nil {
		d.failure(b.kindAt, v.err)
		return nil
	}
	c.key = v.key
	report(v.faults)
	if v.events != nil {
		d.knows(sim, v.events)
	}
	return c
}

// A verified challenge is one whose solution was played.
type verified struct {
	key    challengeKey
	faults diag.List
	events []engine.Event // of the solution, nil when it cannot be played
	err    error
}

func verify(sim *Sim, at tcp.Time, spec *goal.Spec) (v verified) {
	tl, err := sim.timeline()
	if err != nil {
		return verified{err: err}
	}
	v.key = challengeKey{setup: sim.Scenario.Setup, end: tl.At(), goals: spec.Goals, solution: spec.Solution}
	if err = goTo(tl, at); err != nil {
		return verified{err: err}
	}
	v.key.base = tl.Path(tl.At())
	var solved goal.Result
	solved, v.faults = goal.Verify(v.key.setup, v.key.base, spec)
	v.key.par = solved.Steps
	if _, events, err := engine.Replay(v.key.setup, append(slices.Clone(v.key.base), spec.Solution...)); err == nil {
		v.events = events
	}
	return v
}

// splitChallenge splits a challenge into the markdown that it begins with, its rules, and the hints among them.
func (d *draft) splitChallenge(body span) (prose, rules span, hints []span) {
	prose, rules = body, span{body.end, body.end}
	blank := true
	for p := body.start; p < body.end; {
		next := body.end
		if i := bytes.IndexByte(d.text[p:body.end], '\n'); i >= 0 {
			next = p + i + 1
		}
		line := string(d.text[p:next])
		verb := ""
		if words := strings.Fields(line); len(words) > 0 {
			verb = strings.ToLower(words[0])
		}
		if blank && rules.start == body.end && slices.Contains(challengeVerbs, verb) {
			prose.end, rules.start = p, p
		}
		if rules.start < body.end && verb == "hint" {
			start := p + strings.Index(strings.ToLower(line), "hint") + len("hint")
			hints = append(hints, span{start, next})
		}
		blank = verb == ""
		p = next
	}
	return prose, rules, hints
}

// lineEnd is the offset behind a line, its newline included.
func (f *faults) lineEnd(row int) int {
	if row+1 < len(f.lines) {
		return f.lines[row+1]
	}
	return len(f.text)
}

// LineHTML returns a line of text as HTML. What stands in backquotes looks as in the prose.
func LineHTML(line string) string {
	var b strings.Builder
	for i, piece := range strings.Split(line, "`") {
		if i%2 == 1 {
			b.WriteString(codeHTML(piece))
			continue
		}
		b.WriteString(entity.EscapeString(piece))
	}
	return b.String()
}

func upperFirst(s string) string {
	r, n := utf8.DecodeRuneInString(s)
	return string(unicode.ToUpper(r)) + s[n:]
}
