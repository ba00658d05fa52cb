package script

import (
	"fmt"
	"strings"

	"github.com/handshakelab/lab/engine"
	"github.com/handshakelab/lab/engine/diag"
)

// A Scenario is a run as text: what it starts from and what is done in it.
type Scenario struct {
	Title   string // of its title line, or ""
	Setup   engine.Setup
	Actions []engine.Action
	Lines   []int // for each action the line that it stands on
	Notes   []Note

	spans []span // for each action where it stands on its line
}

type span struct{ col, end int }

// A Note is a remark of the author that a reader sees at its place.
type Note struct {
	After int // how many actions stand before it
	Line  int
	Text  string
}

// Parse reads a scenario and finds everything that is wrong with it, in the order of the text. The scenario is never nil,
// but it can only be used when no diagnostic is an error: lines with faults are left out of it.
func Parse(src string) (*Scenario, diag.List) {
	sc := &Scenario{Setup: DefaultSetup()}
	if len(src) > MaxText {
		return sc, diag.List{{Line: 1, Col: 1, EndCol: 1, Severity: diag.Error, Code: "text-too-long",
			Message: fmt.Sprintf("the scenario has %d bytes, and at most %d are allowed", len(src), MaxText)}}
	}
	var out faults
	r := reader{sc: sc, out: &out, set: map[string]int{}}
	src = strings.TrimPrefix(src, "\ufeff") // some editors put a byte order mark in front
	for src != "" && !out.more {
		line, rest, _ := strings.Cut(src, "\n")
		src = rest
		if r.line++; r.line > MaxLines {
			out.add(diag.Diagnostic{Line: r.line, Col: 1, EndCol: 1, Severity: diag.Error, Code: "too-many-lines",
				Message: fmt.Sprintf("a scenario has at most %d lines", MaxLines), Hint: "steps in a row can be written as one: step 20"})
			break
		}
		r.read(strings.TrimSuffix(line, "\r"))
	}
	sp := setupParser{parser: parser{out: &out}, setup: &sc.Setup, set: r.set, boxLines: r.boxes}
	sp.checkHosts()
	return sc, out.sorted()
}

// A reader reads a scenario line by line.
type reader struct {
	sc      *Scenario
	out     *faults
	line    int
	started int            // the line that ended the set-up, 0 before
	set     map[string]int // as in setupParser
	boxes   []int          // likewise
}

func (r *reader) read(src string) {
	if len(src) > MaxLine {
		r.out.add(diag.Diagnostic{Line: r.line, Col: 1, EndCol: 1, Severity: diag.Error, Code: "line-too-long",
			Message: fmt.Sprintf("the line has %d bytes, and at most %d are allowed", len(src), MaxLine)})
		return
	}
	p := parser{out: r.out, line: r.line}
	if word, text, ok := textLine(src); ok {
		r.text(&p, word, text, src)
		return
	}
	before := len(r.out.list)
	p.toks = scan(src, r.line, false, r.out)
	p.bad = len(r.out.list) > before
	if len(p.toks) == 0 {
		return
	}
	verb, _ := p.want("")
	p.form = forms[verb.lower()]
	if isSetup(&p, verb) {
		if !isAction(verb) || r.started == 0 {
			r.setup(p, verb)
			return
		}
	}
	a, ok := p.action(verb)
	if !ok {
		p.unknownVerb(verb)
	}
	if r.started == 0 {
		r.started = r.line
	}
	if !p.bad {
		r.sc.Actions = append(r.sc.Actions, a)
		r.sc.Lines = append(r.sc.Lines, r.line)
		r.sc.spans = append(r.sc.spans, span{p.toks[0].col, p.toks[len(p.toks)-1].end})
	}
}

// isSetup reports whether a line belongs to the set-up. Where a first word has two uses the second one decides.
func isSetup(p *parser, verb token) bool {
	next, ok := p.at(0)
	switch verb.lower() {
	case "jitter", "loss", "reorder", "mtu", "box", "seed", "start", "rule":
		return true
	case "delay", "duplicate":
		return ok && (startsWithDigit(next.text) || strings.HasPrefix(next.text, "-") || strings.HasSuffix(next.text, "%"))
	case "client", "server":
		if !ok || contains(callNames, next.lower()) {
			return false
		}
		if looksLikeAddress(next.text) || contains(settingNames, next.lower()) {
			return true
		}
		// A misspelt setting is a fault of the set-up, a misspelt call one of an action.
		return callSynonyms[next.lower()] == "" && diag.Nearest(next.text, callNames...) == "" && diag.Nearest(next.text, settingNames...) != ""
	}
	return false
}

// isAction reports whether a line of the set-up is an action too: rules and boxes come and go while a run goes on.
func isAction(verb token) bool { return contains([]string{"rule", "box", "mtu"}, verb.lower()) }

func (r *reader) setup(p parser, verb token) {
	if r.started > 0 {
		p.reject(verb.whole(), "late-setup", "the hosts and the path are set up before the first action",
			fmt.Sprintf("move this line above line %d", r.started))
		return
	}
	s := setupParser{parser: p, setup: &r.sc.Setup, set: r.set, boxLines: r.boxes}
	defer func() { r.boxes = s.boxLines }()
	switch verb.lower() {
	case "client":
		s.host(engine.Client)
	case "server":
		s.host(engine.Server)
	case "delay":
		s.delay(verb)
	case "jitter":
		s.jitter(verb)
	case "loss":
		s.loss(verb)
	case "reorder":
		s.reorder(verb)
	case "mtu", "box":
		s.box(verb)
	case "duplicate":
		s.chance(verb, &r.sc.Setup.Path.Duplicate)
	case "seed":
		s.seed(verb)
	case "rule":
		s.rule(verb)
	case "start":
		s.finish()
		r.started = r.line
	}
}

// textLine splits a title or note line, whose text goes to the end of the line: no comment ends it and no quote begins in
// it.
func textLine(src string) (word, text string, ok bool) {
	rest := strings.TrimLeftFunc(src, isBlank)
	i := strings.IndexFunc(rest, isBlank)
	if i < 0 {
		i = len(rest)
	}
	word = strings.ToLower(rest[:i])
	if word != "title" && word != "note" {
		return "", "", false
	}
	return word, rest[i:], true
}

func (r *reader) text(p *parser, word, text, src string) {
	s := scanner{src: src, line: r.line, out: r.out}
	s.checkCharacters()
	text = strings.TrimFunc(text, isBlank)
	col := 1 + len([]rune(src[:len(src)-len(strings.TrimLeftFunc(src, isBlank))])) // of the word
	v := value{text, false, col, col + len([]rune(strings.TrimFunc(src, isBlank)))}
	switch {
	case text == "":
		p.fault(v.end, v.end, "missing-word", `"`+word+`" must be followed by some words`, "")
	case len([]rune(text)) > maxTitle:
		p.reject(v, "bad-text", fmt.Sprintf("a %s has at most %d characters", word, maxTitle), "")
	case word == "note":
		r.sc.Notes = append(r.sc.Notes, Note{After: len(r.sc.Actions), Line: r.line, Text: text})
	case r.set["the title"] > 0:
		p.reject(v, "set-twice", fmt.Sprintf("line %d already gives a title", r.set["the title"]), "delete one of the two")
	default:
		r.set["the title"] = r.line
		r.sc.Title = text
	}
}

// ParseAction reads one line that is an action: what a learner types, or what the live protocol carries. The diagnostic is
// nil when there is nothing wrong with it, else the first of its faults.
func ParseAction(line string) (engine.Action, *diag.Diagnostic) {
	var a engine.Action
	d := one(line, func(p *parser) {
		p.toks = scan(line, 1, false, p.out)
		verb, ok := p.want("an action")
		if !ok {
			return
		}
		p.form = forms[verb.lower()]
		if isSetup(p, verb) && !isAction(verb) || verb.lower() == "title" || verb.lower() == "note" {
			p.reject(verb.whole(), "late-setup", quoted(verb.text)+" belongs to the set-up, which cannot change while a run goes on", "change the scenario and begin again")
			return
		}
		if a, ok = p.action(verb); !ok {
			p.unknownVerb(verb)
		}
	})
	if d != nil {
		return engine.Action{}, d
	}
	return a, nil
}

// ParseCond reads a condition, such as "SYN-ACK sent". The diagnostic is nil when there is nothing wrong with it, else the
// first of its faults.
func ParseCond(text string) (engine.Cond, *diag.Diagnostic) {
	var c engine.Cond
	d := one(text, func(p *parser) {
		p.toks = scan(text, 1, true, p.out)
		c = p.cond()
	})
	if d != nil {
		return engine.Cond{}, d
	}
	return c, nil
}

// one reads a text of one line with read and returns its first fault.
func one(line string, read func(*parser)) *diag.Diagnostic {
	if len(line) > MaxLine {
		return &diag.Diagnostic{Line: 1, Col: 1, EndCol: 1, Severity: diag.Error, Code: "line-too-long",
			Message: fmt.Sprintf("the line has %d bytes, and at most %d are allowed", len(line), MaxLine)}
	}
	var out faults
	read(&parser{out: &out, line: 1})
	if len(out.list) == 0 {
		return nil
	}
	return &out.sorted()[0]
}
