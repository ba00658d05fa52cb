package goal

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/handshakelab/lab/engine"
	"github.com/handshakelab/lab/engine/diag"
	"github.com/handshakelab/lab/engine/script"
)

// The limits of a challenge's text.
const (
	MaxText  = 64 << 10 // bytes
	maxWords = 500      // code points of a hint or of a goal's words
	maxGoals = 20
	maxHints = 10
)

var verbs = []string{"goal", "limit", "hint", "solution"}

const limitForm = "write: limit steps 20, or limit actions 2"

// Parse reads the text of a challenge and finds everything that is wrong with it, in the order of the text. The Spec is
// never nil, but it can only be used when no diagnostic is an error. Faults in conditions and actions have the codes of
// package script.
func Parse(src string) (*Spec, diag.List) {
	p := parser{spec: &Spec{}}
	if len(src) > MaxText {
		p.line = 1
		p.fault(1, 1, "text-too-long", fmt.Sprintf("the challenge has %d bytes, and at most %d are allowed", len(src), MaxText), "")
		return p.spec, p.list
	}
	for line := range strings.Lines(src) {
		p.line++
		p.read(strings.TrimRight(line, "\r\n"))
	}
	if len(p.spec.Goals) == 0 && len(p.list) == 0 {
		p.line = 1
		p.fault(1, 1, "no-goal", "the challenge asks for nothing", "write: goal server ESTABLISHED")
	}
	p.list.Sort()
	return p.spec, p.list
}

type parser struct {
	spec *Spec
	list diag.List
	line int
	full bool // the last limit was told
}

func (p *parser) fault(col, end int, code, message, hint string) *diag.Diagnostic {
	p.list = append(p.list, diag.Diagnostic{Line: p.line, Col: col, EndCol: end, Severity: diag.Error, Code: code, Message: message, Hint: hint})
	return &p.list[len(p.list)-1]
}

// A part is a piece of a line and the column where it begins.
type part struct {
	text string
	col  int
}

func (s part) end() int { return s.col + utf8.RuneCountInString(s.text) }

// trim takes the blanks around a part away.
func (s part) trim() part {
	left := strings.TrimLeft(s.text, " \t\u00a0")
	s.col += utf8.RuneCountInString(s.text) - utf8.RuneCountInString(left)
	s.text = strings.TrimRight(left, " \t\u00a0")
	return s
}

// cut takes the first word of a trimmed part.
func (s part) cut() (word, rest part) {
	i := strings.IndexAny(s.text, " \t\u00a0")
	if i < 0 {
		i = len(s.text)
	}
	word = part{s.text[:i], s.col}
	return word, part{s.text[i:], word.end()}.trim()
}

func (p *parser) read(line string) {
	verb, rest := part{line, 1}.trim().cut()
	if verb.text == "" || verb.text[0] == '#' {
		return
	}
	name := strings.ToLower(verb.text)
	known := false
	for _, v := range verbs {
		known = known || v == name
	}
	if !known {
		p.fault(verb.col, verb.end(), "unknown-verb", strconv.Quote(clip(verb.text))+" begins no line of a challenge",
			diag.DidYouMean("a line begins with one of: "+strings.Join(verbs, ", "), verb.text, verbs...))
		return
	}
	if rest.text == "" {
		what := map[string]string{"goal": "a condition", "limit": "steps or actions, and a number", "hint": "some words", "solution": "actions, separated by ;"}[name]
		p.fault(verb.end(), verb.end(), "missing-word", `"`+name+`" must be followed by `+what, "")
		return
	}
	switch name {
	case "goal":
		p.goal(verb, rest)
	case "limit":
		p.limit(verb, rest)
	case "hint":
		if p.words(rest) && p.room(verb, len(p.spec.Hints), maxHints, "hints") {
			p.spec.Hints = append(p.spec.Hints, rest.text)
		}
	case "solution":
		p.solution(rest)
	}
}

func (p *parser) goal(verb, rest part) {
	cond, words, ok := p.ownWords(rest)
	if !ok {
		return
	}
	g := Goal{Kind: Reach, Words: words, Line: p.line}
	var d *diag.Diagnostic
	if g.Cond, d = script.ParseCond(cond.text); d != nil {
		p.add(*d, cond.col)
		return
	}
	if p.room(verb, len(p.spec.Goals), maxGoals, "goals and limits") {
		p.spec.Goals = append(p.spec.Goals, g)
	}
}

// ownWords takes the author's words for a goal off its end: what stands behind a colon.
func (p *parser) ownWords(line part) (rest part, words string, ok bool) {
	text, said, found := strings.Cut(line.text, ":")
	rest = part{text, line.col}.trim()
	if !found {
		return rest, "", true
	}
	w := part{said, line.col + utf8.RuneCountInString(text) + 1}.trim()
	if w.text == "" {
		p.fault(w.col, w.col, "missing-word", `":" must be followed by the goal in other words`, "or delete it")
		return rest, "", false
	}
	return rest, w.text, p.words(w)
}

func (p *parser) limit(verb, rest part) {
	rest, words, ok := p.ownWords(rest)
	if !ok {
		return
	}
	what, rest := rest.cut()
	g := Goal{Words: words, Line: p.line}
	switch strings.ToLower(what.text) {
	case "steps":
		g.Kind = Steps
	case "actions":
		g.Kind = Actions
	default:
		p.fault(what.col, what.end(), "bad-limit", strconv.Quote(clip(what.text))+" cannot be limited", diag.DidYouMean(limitForm, what.text, "steps", "actions"))
		return
	}
	number, rest := rest.cut()
	if number.text == "" {
		p.fault(what.end(), what.end(), "missing-word", strconv.Quote(what.text)+" must be followed by a number", limitForm)
		return
	}
	n, err := strconv.ParseUint(number.text, 10, 64)
	if err != nil || n > engine.MaxEvents {
		d := p.fault(number.col, number.end(), "out-of-range", fmt.Sprintf("a limit is a whole number from 0 to %d, not %s", engine.MaxEvents, strconv.Quote(clip(number.text))), "")
		d.Range = &diag.Range{Min: 0, Max: engine.MaxEvents}
		return
	}
	if rest.text != "" && rest.text[0] != '#' {
		p.fault(rest.col, rest.end(), "unexpected-word", "the line should end before "+strconv.Quote(clip(rest.text)), limitForm)
		return
	}
	g.Max = int(n)
	if p.room(verb, len(p.spec.Goals), maxGoals, "goals and limits") {
		p.spec.Goals = append(p.spec.Goals, g)
	}
}

func (p *parser) solution(rest part) {
	for _, s := range split(rest) {
		s = s.trim()
		if s.text == "" {
			continue // behind the last ;
		}
		a, d := script.ParseAction(s.text)
		if d != nil {
			p.add(*d, s.col)
			continue
		}
		if len(p.spec.Solution) == MaxActions {
			if !p.full {
				p.full = true
				p.fault(s.col, s.end(), "too-many", fmt.Sprintf("a solution has at most %d actions", MaxActions), "")
			}
			return
		}
		p.spec.Solution = append(p.spec.Solution, a)
		p.spec.Lines = append(p.spec.Lines, p.line)
	}
}

// split cuts at each ; that is not between quotes.
func split(s part) []part {
	var parts []part
	start, col, open := 0, s.col, false
	for i := 0; i < len(s.text); i++ {
		switch c := s.text[i]; {
		case c == '\\' && open:
			i++
		case c == '"':
			open = !open
		case c == ';' && !open:
			parts = append(parts, part{s.text[start:i], col})
			col += utf8.RuneCountInString(s.text[start : i+1])
			start = i + 1
		}
	}
	return append(parts, part{s.text[start:], col})
}

// add takes over a fault of a piece of the line.
func (p *parser) add(d diag.Diagnostic, col int) {
	d.Line = p.line
	d.Col += col - 1
	d.EndCol += col - 1
	p.list = append(p.list, d)
}

// words reports whether a text for people can be shown as it is.
func (p *parser) words(s part) bool {
	if n := utf8.RuneCountInString(s.text); n > maxWords {
		p.fault(s.col, s.end(), "bad-text", fmt.Sprintf("a text has at most %d characters, not %d", maxWords, n), "")
		return false
	}
	for i, r := range []rune(s.text) {
		if r == utf8.RuneError || !strconv.IsGraphic(r) && r != '\t' && r != '\u200d' {
			p.fault(s.col+i, s.col+i+1, "control-character", fmt.Sprintf("the invisible character %U has no place here", r), "delete it")
			return false
		}
	}
	return true
}

// room reports whether one more of a thing is allowed.
func (p *parser) room(verb part, have, most int, what string) bool {
	if have < most {
		return true
	}
	p.fault(verb.col, verb.end(), "too-many", fmt.Sprintf("a challenge has at most %d %s", most, what), "")
	return false
}

func clip(s string) string {
	if r := []rune(s); len(r) > 40 {
		return string(r[:40]) + "…"
	}
	return s
}
