package packetdrill

import (
	"errors"
	"maps"
	"math"
	"strconv"
	"strings"

	"github.com/handshakelab/lab/engine/diag"
	"github.com/handshakelab/lab/engine/tcp"
)

// Parse reads a script. The list has every fault, each with its line and column; the script may be run when there is none.
func Parse(name, src string) (*Script, diag.List) {
	f := &faults{file: name}
	p := parser{tokens: scan(src, f), faults: f, script: &Script{Name: name}, defines: maps.Clone(defaultDefines)}
	if len(f.list) == 0 {
		p.parse()
	}
	f.list.Sort()
	return p.script, f.list
}

// defaultDefines are the symbols that the runner of the kernel's own tests defines.
var defaultDefines = map[string]string{
	"CMSG_LEVEL_IP":     "SOL_IP",
	"CMSG_TYPE_RECVERR": "IP_RECVERR",
	"TFO_COOKIE":        "3021b9d889017eeb",
	"TFO_COOKIE_ZERO":   "b7c12350a90dc8f5",
}

type parser struct {
	tokens  []token
	at      int
	script  *Script
	defines map[string]string
	faults  *faults
	depth   int
}

// maxDepth bounds how deep expressions may be nested.
const maxDepth = 50

// errFault unwinds to the next event: the fault is in the list already.
var errFault = errors.New("packetdrill: fault")

func (p *parser) fail(pos Pos, code, message, hint string) error {
	p.faults.add(pos, code, message, hint)
	return errFault
}

func (p *parser) unexpected(want string) error {
	t := p.peek()
	return p.fail(t.pos, "unexpected", "found "+t.String()+" where "+want+" should be", "")
}

// peek is the next token, with a symbol that the script defined replaced by its value.
func (p *parser) peek() token {
	t := p.tokens[p.at]
	if t.kind != word {
		return t
	}
	v, ok := p.defines[t.text]
	switch {
	case !ok:
	case strings.HasPrefix(v, `"`):
		t.kind, t.text = text, strings.Trim(v, `"`)
	case strings.HasPrefix(v, "`"):
		t.kind, t.text = backquoted, strings.Trim(v, "`")
	default:
		t.text = v
	}
	return t
}

// second is the token after the next.
func (p *parser) second() token { return p.tokens[min(p.at+1, len(p.tokens)-1)] }

func (p *parser) take() token {
	t := p.peek()
	if p.at < len(p.tokens)-1 {
		p.at++
	}
	return t
}

func (p *parser) accept(s string) bool {
	if p.tokens[p.at].is(s) {
		p.at++
		return true
	}
	return false
}

func (p *parser) expect(s string) error {
	if !p.accept(s) {
		return p.unexpected(s)
	}
	return nil
}

func (p *parser) parse() {
	for p.peek().kind == option {
		if p.option() != nil {
			p.resync()
		}
	}
	for p.peek().kind == backquoted {
		t := p.take()
		p.script.Init = append(p.script.Init, Shell{t.pos, t.text})
	}
	for p.peek().kind != endOfScript {
		if p.peek().kind == backquoted && p.cleanup() {
			continue
		}
		start := p.at
		e, err := p.event()
		if err != nil {
			if p.at == start {
				p.at++
			}
			p.resync()
			continue
		}
		p.script.Events = append(p.script.Events, e)
	}
	p.times()
}

// cleanup takes a command without a time, which may stand only after the last event.
func (p *parser) cleanup() bool {
	for i := p.at; ; i++ {
		switch p.tokens[i].kind {
		case backquoted:
		case endOfScript:
			t := p.take()
			p.script.Cleanup = append(p.script.Cleanup, Shell{t.pos, t.text})
			return true
		default:
			return false
		}
	}
}

// resync goes to the next line that could begin an event, so that the faults behind this one are found too.
func (p *parser) resync() {
	for p.tokens[p.at].kind != endOfScript {
		t := p.tokens[p.at]
		if t.first && (t.kind == integer || t.kind == decimal || t.kind == backquoted || t.is("+") || t.is("*")) {
			return
		}
		p.at++
	}
}

func (p *parser) option() error {
	t := p.take()
	o := Option{Pos: t.pos, Name: t.text}
	if p.accept("=") {
		if p.tokens[p.at].first {
			return p.fail(t.pos, "option-value", "--"+t.text+" has no value after its =", "")
		}
		v := p.take()
		switch v.kind {
		case integer, decimal, hexInteger, word, text, address4, address6:
		default:
			return p.fail(v.pos, "option-value", v.String()+" cannot be the value of --"+t.text, "")
		}
		o.Has, o.Value = true, v.text
		// ipv4-mapped-ipv6, and 192.0.2.1/24.
		for next := p.tokens[p.at]; !next.first && next.pos.Line == v.pos.Line && next.pos.Col == p.tokens[p.at-1].pos.End &&
			(next.is("-") || next.is("/") || next.kind == word || next.kind == integer); next = p.tokens[p.at] {
			o.Value += next.text
			p.at++
		}
		if v.kind == word && p.accept("=") {
			d := p.take()
			o.Value += "=" + quotedAgain(d)
			p.defines[v.text] = quotedAgain(d)
		} else if t.text == "define" {
			return p.fail(v.pos, "option-value", "--define needs NAME=VALUE", "")
		}
	}
	if err := checkOption(p, o); err != nil {
		return err
	}
	p.script.Options = append(p.script.Options, o)
	return nil
}

func quotedAgain(t token) string {
	switch t.kind {
	case text:
		return `"` + t.text + `"`
	case backquoted:
		return "`" + t.text + "`"
	default:
		return t.text
	}
}

func (p *parser) event() (Event, error) {
	e := Event{Pos: p.peek().pos}
	var err error
	if e.When, err = p.when(); err != nil {
		return e, err
	}
	switch t := p.peek(); {
	case t.is("<") || t.is(">"):
		e.Packet, err = p.packet()
	case t.kind == backquoted:
		p.take()
		e.Shell = &Shell{t.pos, t.text}
	case t.kind == snippet:
		p.take()
		e.Code, err = parseCode(p, t)
	case t.kind == ellipsis || t.kind == word:
		e.Call, err = p.call(e.When)
	default:
		err = p.unexpected("a segment (< or >), a call, a command or code")
	}
	if err != nil {
		return e, err
	}
	outbound := e.Packet != nil && e.Packet.Out
	switch {
	case outbound:
	case e.When.Kind == Any:
		err = p.fail(e.Pos, "time-any", "* can only be the time of an outbound segment", "")
	case e.When.Kind == AbsoluteRange || e.When.Kind == RelativeRange:
		err = p.fail(e.Pos, "time-range", "a range can only be the time of an outbound segment", "")
	}
	return e, err
}

func (p *parser) when() (When, error) {
	if p.accept("*") {
		return When{Kind: Any}, nil
	}
	w := When{}
	pos := p.peek().pos
	if p.accept("+") {
		w.Kind = Relative
	}
	var err error
	if w.From, err = p.time("an event should begin with its time, 0.1 or +0.1,"); err != nil {
		return w, err
	}
	if !p.accept("~") {
		return w, nil
	}
	if w.Kind == Relative {
		w.Kind = RelativeRange
		if err := p.expect("+"); err != nil {
			return w, err
		}
	} else {
		w.Kind = AbsoluteRange
	}
	if w.To, err = p.time("the end of the range should be"); err != nil {
		return w, err
	}
	if w.To < w.From {
		return w, p.fail(pos, "time-range", "the range ends before it begins", "")
	}
	return w, nil
}

// maxTime is the latest time that a script may name.
const maxTime = 24 * 3600 * tcp.Second

// time takes a number of seconds.
func (p *parser) time(why string) (tcp.Time, error) {
	t := p.peek()
	if t.kind != integer && t.kind != decimal {
		return 0, p.fail(t.pos, "time", "found "+t.String()+" where "+strings.TrimSuffix(why, ","), "")
	}
	p.take()
	s, err := strconv.ParseFloat(t.text, 64)
	us := math.Round(s * 1e6)
	switch {
	case err != nil || us > float64(maxTime):
		return 0, p.fail(t.pos, "time", t.text+" s is more than a day", "")
	case s < 0 || strings.HasPrefix(t.text, "-"):
		return 0, p.fail(t.pos, "time", t.text+" is a negative time", "")
	}
	return tcp.Time(us), nil
}

// times checks what the events' times say together.
func (p *parser) times() {
	for i, e := range p.script.Events {
		switch w := e.When; {
		case i == 0:
			if w.Kind != Any && w.From != 0 {
				_ = p.fail(e.Pos, "first-time", "the first event is not at time 0", "begin with 0")
			}
		case w.Kind == Absolute || w.Kind == AbsoluteRange:
			before := p.script.Events[i-1].When
			if (before.Kind == Absolute || before.Kind == AbsoluteRange) && w.From < before.From {
				_ = p.fail(e.Pos, "time-backwards", "time goes backward, from "+seconds(before.From)+" to "+seconds(w.From), "")
			}
		}
	}
}

func (p *parser) call(w When) (*Call, error) {
	c := &Call{}
	if p.tokens[p.at].kind == ellipsis {
		p.take()
		c.Blocking = true
		var err error
		if c.End, err = p.time("the time at which the call returns should be"); err != nil {
			return nil, err
		}
		if c.End < w.From {
			return nil, p.fail(p.tokens[p.at-1].pos, "end-time", "the call ends before it begins", "both times are meant as the first one is")
		}
	}
	name := p.peek()
	if name.kind != word {
		return nil, p.unexpected("the name of a call")
	}
	p.take()
	c.Pos, c.Name = name.pos, name.text
	if err := p.expect("("); err != nil {
		return nil, err
	}
	var err error
	if c.Args, err = p.exprs(")"); err != nil {
		return nil, err
	}
	if err := p.expect("="); err != nil {
		return nil, err
	}
	if c.Result, err = p.expr(); err != nil {
		return nil, err
	}
	if t := p.peek(); t.kind == word && !t.first {
		p.take()
		c.Errno, c.ErrnoPos = t.text, t.pos
		if _, ok := errnoNumbers[t.text]; !ok {
			return nil, p.fail(t.pos, "unknown-errno", t.text+" is no error that a call returns", diag.DidYouMean("", t.text, errnoNames()...))
		}
	}
	if p.accept("(") {
		for !p.accept(")") {
			if t := p.peek(); t.kind == endOfScript || t.first {
				return nil, p.unexpected(")")
			}
			p.at++
		}
	}
	return c, checkCall(p, c)
}

// exprs takes expressions with commas between them up to and with end.
func (p *parser) exprs(end string) ([]*Expr, error) {
	var list []*Expr
	if p.accept(end) {
		return nil, nil
	}
	for {
		e, err := p.expr()
		if err != nil {
			return nil, err
		}
		list = append(list, e)
		if p.accept(end) {
			return list, nil
		}
		if !p.accept(",") {
			return nil, p.unexpected(", or " + end)
		}
	}
}

func (p *parser) expr() (*Expr, error) {
	p.depth++
	defer func() { p.depth-- }()
	if p.depth > maxDepth {
		return nil, p.fail(p.peek().pos, "too-deep", "the expression is nested too deeply", "")
	}
	e, err := p.operand()
	if err != nil || !p.tokens[p.at].is("|") {
		return e, err
	}
	or := &Expr{Pos: e.Pos, Kind: Or, Items: []*Expr{e}}
	for p.accept("|") {
		if e, err = p.operand(); err != nil {
			return nil, err
		}
		or.Items = append(or.Items, e)
	}
	return or, nil
}

func (p *parser) operand() (*Expr, error) {
	t := p.peek()
	e := &Expr{Pos: t.pos}
	var err error
	switch {
	case t.kind == ellipsis:
		p.take()
		e.Kind = Ellipsis
	case t.kind == integer || t.kind == hexInteger:
		p.take()
		e.Kind = Number
		if e.Int, err = strconv.ParseInt(t.text, 0, 64); err != nil {
			// A leading zero means nothing here: 010 is ten.
			if e.Int, err = strconv.ParseInt(t.text, 10, 64); err != nil {
				return nil, p.fail(t.pos, "number", t.text+" is too large a number", "")
			}
		} else if t.kind == integer {
			e.Int, _ = strconv.ParseInt(t.text, 10, 64)
		}
	case t.kind == text:
		e.Kind = String
		for p.peek().kind == text {
			e.Text += p.take().text
		}
		if p.tokens[p.at].kind == ellipsis {
			p.take() // "text"...: the beginning of a longer one
		}
	case t.kind == word:
		p.take()
		e.Kind, e.Text = Word, t.text
		// Whoever defined a number by --define means the number.
		if n, err := strconv.ParseInt(t.text, 0, 64); err == nil {
			e.Kind, e.Int = Number, n
		}
		if p.accept("(") {
			e.Kind = Apply
			e.Items, err = p.exprs(")")
		}
	case t.is("["):
		p.take()
		e.Kind = List
		e.Items, err = p.exprs("]")
	case t.is("{"):
		p.take()
		e.Kind = Struct
		e.Fields, err = p.fields()
	default:
		return nil, p.unexpected("a value")
	}
	return e, err
}

// fields takes the inside of braces and the closing one.
func (p *parser) fields() ([]Field, error) {
	var fields []Field
	for {
		f := Field{Pos: p.peek().pos}
		e, err := p.expr()
		if err != nil {
			return nil, err
		}
		f.Value = e
		if p.accept("=") {
			if e.Kind != Word && e.Kind != Apply {
				return nil, p.fail(e.Pos, "field", "only a name can stand before =", "")
			}
			f.Name, f.Args = e.Text, e.Items
			if f.Value, err = p.expr(); err != nil {
				return nil, err
			}
		}
		fields = append(fields, f)
		if p.accept("}") {
			return fields, nil
		}
		if !p.accept(",") {
			return nil, p.unexpected(", or }")
		}
	}
}
