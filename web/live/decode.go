package live

import (
	"fmt"
	"math"
	"unicode/utf16"
	"unicode/utf8"
)

// What a command may be at most.
const (
	MaxFrame    = 64 << 10 // bytes
	MaxCommands = 2000     // of one open
	maxDepth    = 8
	maxInteger  = 1<<53 - 1           // what a browser's number holds exactly
	maxWait     = 24 * 3600 * 1000000 // microseconds
	maxRunID    = 64                  // bytes
	maxTab      = 32                  // bytes
)

// A Command is what a client may say: *OpenCommand, *DoCommand, *ResumeCommand, *CloseCommand, *EnterCommand or *LeaveCommand.
type Command interface{ id() int64 }

func (c *OpenCommand) id() int64   { return c.ID }
func (c *DoCommand) id() int64     { return c.ID }
func (c *ResumeCommand) id() int64 { return c.ID }
func (c *CloseCommand) id() int64  { return c.ID }
func (c *EnterCommand) id() int64  { return c.ID }
func (c *LeaveCommand) id() int64  { return c.ID }

// Error returns the message.
func (e *ErrorFrame) Error() string { return e.Message }

func refuse(code Code, format string, args ...any) *ErrorFrame {
	return &ErrorFrame{Code: string(code), Message: fmt.Sprintf(format, args...)}
}

// The fields of all commands, as bits.
const (
	hasType = 1 << iota
	hasID
	hasRun
	hasAt
	hasWait
	hasLine
	hasAhead
	hasAfter
	hasScenario
	hasLesson
	hasBlock
	hasCommands
	hasSeen
	hasRoom
	hasTab

	fieldsOfDo = hasAt | hasWait | hasLine | hasAhead
)

// shapes are the commands: which fields each may have and which it must have.
var shapes = map[string]struct{ may, must uint }{
	"open":   {hasType | hasID | hasScenario | hasLesson | hasBlock | hasAhead | hasCommands, hasID},
	"do":     {hasType | hasID | hasRun | hasSeen | fieldsOfDo, hasID | hasRun},
	"resume": {hasType | hasID | hasRun | hasAfter, hasID | hasRun | hasAfter},
	"close":  {hasType | hasID | hasRun, hasID | hasRun},
	"enter":  {hasType | hasID | hasRoom | hasTab | hasRun | hasAfter, hasID | hasRoom | hasTab},
	"leave":  {hasType | hasID | hasRoom, hasID | hasRoom},
}

var fieldNames = [...]string{"type", "id", "run", "at", "wait", "line", "ahead", "after", "scenario", "lesson", "block", "commands", "seen", "room", "tab"}

func fieldBit(name string) uint {
	for i, n := range fieldNames {
		if n == name {
			return 1 << i
		}
	}
	return 0
}

func firstField(set uint) string {
	for i, n := range fieldNames {
		if set&(1<<i) != 0 {
			return n
		}
	}
	return ""
}

// Decode reads one command. It is strict: one JSON object in UTF-8, at most 8 levels deep, no key twice, no unknown field,
// whole numbers in their ranges. The answer to anything else is an error frame, with the ID of the command when that can be
// read. What it costs is bounded by the length of the text.
func Decode(b []byte) (Command, *ErrorFrame) { return decode(b, &fields{}) }

// DecodeOpen reads the body of a POST: an open without "type" and "id".
func DecodeOpen(b []byte) (*OpenCommand, *ErrorFrame) {
	c, fault := decode(b, &fields{typ: "open", DoCommand: DoCommand{ID: 1}, given: hasType | hasID})
	if fault != nil {
		fault.Re = 0
		return nil, fault
	}
	open, ok := c.(*OpenCommand)
	if !ok {
		return nil, refuse(UnknownType, "a request for a run is an open")
	}
	return open, nil
}

func decode(b []byte, c *fields) (Command, *ErrorFrame) {
	if len(b) > MaxFrame {
		return nil, refuse(BadJSON, "the command has %d bytes; at most %d are read", len(b), MaxFrame)
	}
	if !utf8.Valid(b) {
		return nil, refuse(BadJSON, "the command is not UTF-8")
	}
	d := decoder{in: b}
	if !d.command(c) {
		fault := refuse(BadJSON, "the command is not one JSON object: %s at byte %d", d.what, d.pos)
		if c.seen&hasID != 0 {
			fault.Re = c.ID
		}
		return nil, fault
	}
	command, fault := c.build()
	if fault != nil && c.seen&hasID != 0 {
		fault.Re = c.ID
	}
	return command, fault
}

// fields are the values of all fields that any command has.
type fields struct {
	DoCommand
	typ                     string
	at                      int
	after                   int64
	scenario, lesson, block string
	room, tab               string
	commands                []Do
	seen                    uint
	given                   uint        // what need not be in the text
	fault                   *ErrorFrame // the first one about a field
}

// fail notes what is wrong with a field, unless something was wrong before.
func (c *fields) fail(name, format string, args ...any) {
	if c.fault == nil {
		c.fault = refuse(BadField, format, args...)
		c.fault.Field = name
	}
}

func (c *fields) build() (Command, *ErrorFrame) {
	shape, ok := shapes[c.typ]
	c.seen |= c.given
	switch {
	case c.seen&hasType == 0:
		if c.fault != nil && c.fault.Field == "type" {
			return nil, c.fault
		}
		return nil, missing("type")
	case !ok:
		return nil, refuse(UnknownType, "there is no command %q; there are open, do, resume, close, enter and leave", shorten(c.typ))
	case c.seen&^shape.may != 0:
		return nil, unknown(firstField(c.seen&^shape.may), c.typ)
	case c.fault != nil:
		return nil, c.fault
	case shape.must&^c.seen != 0:
		return nil, missing(firstField(shape.must &^ c.seen))
	}
	if c.seen&hasAt != 0 {
		c.At = &c.at
	}
	switch c.typ {
	case "open":
		byText, byBlock := c.seen&hasScenario != 0, c.seen&(hasLesson|hasBlock) == hasLesson|hasBlock
		if byText == byBlock || byText && c.seen&(hasLesson|hasBlock) != 0 {
			f := refuse(BadField, "open wants either a scenario, or a lesson and a block")
			f.Field = "scenario"
			return nil, f
		}
		return &OpenCommand{ID: c.ID, Scenario: c.scenario, Lesson: c.lesson, Block: c.block, Ahead: c.Ahead, Commands: c.commands}, nil
	case "do":
		// A copy, so that the rest of the fields is not kept alive.
		do := c.DoCommand
		if do.At != nil {
			at := c.at
			do.At = &at
		}
		return &do, nil
	case "resume":
		return &ResumeCommand{ID: c.ID, Run: c.Run, After: c.after}, nil
	case "enter":
		enter := &EnterCommand{ID: c.ID, Room: c.room, Tab: c.tab, Run: c.Run}
		if c.seen&hasAfter != 0 {
			after := c.after
			enter.After = &after
		}
		return enter, nil
	case "leave":
		return &LeaveCommand{ID: c.ID, Room: c.room}, nil
	default:
		return &CloseCommand{ID: c.ID, Run: c.Run}, nil
	}
}

func missing(name string) *ErrorFrame {
	f := refuse(BadField, "the field %q is missing", name)
	f.Field = name
	return f
}

func unknown(name, typ string) *ErrorFrame {
	name = shorten(name)
	f := refuse(UnknownField, "the command %q has no field %q", typ, name)
	f.Field = name
	return f
}

// shorten keeps what a client sent from filling our messages.
func shorten(s string) string {
	if len(s) <= 40 {
		return s
	}
	cut := 37
	for !utf8.RuneStart(s[cut]) {
		cut--
	}
	return s[:cut] + "..."
}

// A decoder reads JSON. Its methods return false at the first fault in the syntax, and what and pos say which.
type decoder struct {
	in    []byte
	pos   int
	depth int
	what  string
	buf   []byte // of a string with escapes
}

func (d *decoder) fail(what string) bool {
	if d.what == "" {
		d.what = what
	}
	return false
}

func (d *decoder) space() {
	for d.pos < len(d.in) {
		switch d.in[d.pos] {
		case ' ', '\t', '\n', '\r':
			d.pos++
		default:
			return
		}
	}
}

// peek returns the next byte that is not white space, 0 at the end.
func (d *decoder) peek() byte {
	d.space()
	if d.pos < len(d.in) {
		return d.in[d.pos]
	}
	return 0
}

func (d *decoder) command(c *fields) bool {
	if d.peek() != '{' {
		return d.fail("no {")
	}
	ok := d.object(func(key []byte) bool {
		bit := fieldBit(string(key))
		if bit == 0 {
			if c.fault == nil || c.fault.Code != string(UnknownField) {
				// An unknown field says more about a client than a bad value.
				c.fault = unknown(string(key), "")
				c.fault.Message = fmt.Sprintf("no command has a field %q", c.fault.Field)
			}
			return d.skip()
		}
		if c.seen&bit != 0 {
			return d.fail(fmt.Sprintf("the key %q a second time", key))
		}
		switch bit {
		case hasType:
			return d.text("type", 32, &c.typ, c, bit)
		case hasID:
			return d.integer("id", 1, maxInteger, &c.ID, c, bit)
		case hasRun:
			return d.text("run", maxRunID, &c.Run, c, bit)
		case hasAfter:
			return d.integer("after", -1, maxInteger, &c.after, c, bit)
		case hasRoom:
			return d.text("room", maxRunID, &c.room, c, bit)
		case hasTab:
			return d.text("tab", maxTab, &c.tab, c, bit)
		case hasSeen:
			var seen int64
			ok := d.integer("seen", 0, maxInteger, &seen, c, bit)
			c.Seen = uint64(seen)
			return ok
		case hasScenario:
			return d.text("scenario", MaxFrame, &c.scenario, c, bit)
		case hasLesson:
			return d.text("lesson", 256, &c.lesson, c, bit)
		case hasBlock:
			return d.text("block", 256, &c.block, c, bit)
		case hasCommands:
			return d.list(c)
		default:
			return d.do("", bit, &c.Do, &c.at, c)
		}
	})
	if !ok {
		return false
	}
	if d.peek() != 0 || d.pos < len(d.in) {
		return d.fail("something after it")
	}
	return true
}

// do reads one of the fields of a Do.
func (d *decoder) do(prefix string, bit uint, do *Do, at *int, c *fields) bool {
	switch bit {
	case hasAt:
		var v int64
		ok := d.integer(prefix+"at", 0, math.MaxInt32, &v, c, bit)
		*at = int(v)
		return ok
	case hasWait:
		return d.integer(prefix+"wait", 0, maxWait, &do.Wait, c, bit)
	case hasLine:
		return d.text(prefix+"line", MaxFrame, &do.Line, c, bit)
	default:
		return d.boolean(prefix+"ahead", &do.Ahead, c, bit)
	}
}

// list reads the commands of an open.
func (d *decoder) list(c *fields) bool {
	c.seen |= hasCommands
	if d.peek() != '[' {
		return d.mismatch("commands", "a list", c)
	}
	return d.array(func() bool {
		i := len(c.commands)
		if i == MaxCommands {
			c.fail("commands", "an open has at most %d commands", MaxCommands)
			return d.skip()
		}
		if d.peek() != '{' {
			return d.mismatch(fmt.Sprintf("commands[%d]", i), "an object", c)
		}
		var do Do
		var at int
		outer := c.seen
		c.seen = 0
		ok := d.object(func(key []byte) bool {
			bit := fieldBit(string(key)) & fieldsOfDo
			if bit == 0 {
				if c.fault == nil {
					c.fault = unknown(fmt.Sprintf("commands[%d].%s", i, key), "open")
					c.fault.Command = &i
				}
				return d.skip()
			}
			if c.seen&bit != 0 {
				return d.fail(fmt.Sprintf("the key %q a second time", key))
			}
			had := c.fault
			ok := d.do("", bit, &do, &at, c)
			if had == nil && c.fault != nil {
				c.fault.Command = &i
				c.fault.Field = fmt.Sprintf("commands[%d].%s", i, c.fault.Field)
			}
			return ok
		})
		if c.seen&hasAt != 0 {
			do.At = &at
		}
		c.seen = outer
		c.commands = append(c.commands, do)
		return ok
	})
}

func (d *decoder) object(field func(key []byte) bool) bool {
	return d.nested('}', func() bool {
		if d.peek() != '"' {
			return d.fail("no key")
		}
		key, ok := d.string()
		if !ok {
			return false
		}
		if d.peek() != ':' {
			return d.fail("no colon after a key")
		}
		d.pos++
		d.space()
		return field(key)
	})
}

func (d *decoder) array(element func() bool) bool { return d.nested(']', element) }

// nested reads what stands between brackets, divided by commas.
func (d *decoder) nested(end byte, item func() bool) bool {
	if d.depth++; d.depth > maxDepth {
		return d.fail(fmt.Sprintf("more than %d levels", maxDepth))
	}
	d.pos++
	if d.peek() == end {
		d.pos++
		d.depth--
		return true
	}
	for {
		if !item() {
			return false
		}
		switch d.peek() {
		case ',':
			d.pos++
		case end:
			d.pos++
			d.depth--
			return true
		default:
			return d.fail("no comma or closing bracket")
		}
	}
}

// skip reads a value of any kind and forgets it.
func (d *decoder) skip() bool {
	switch c := d.peek(); {
	case c == '{':
		return d.object(func([]byte) bool { return d.skip() })
	case c == '[':
		return d.array(d.skip)
	case c == '"':
		_, ok := d.string()
		return ok
	case c == '-' || c >= '0' && c <= '9':
		_, ok := d.number()
		return ok
	default:
		for _, word := range [...]string{"true", "false", "null"} {
			if d.word(word) {
				return true
			}
		}
		return d.fail("no value")
	}
}

func (d *decoder) word(w string) bool {
	if len(d.in)-d.pos < len(w) || string(d.in[d.pos:d.pos+len(w)]) != w {
		return false
	}
	d.pos += len(w)
	return true
}

// mismatch skips a value of the wrong kind.
func (d *decoder) mismatch(name, want string, c *fields) bool {
	c.fail(name, "%s must be %s", name, want)
	return d.skip()
}

func (d *decoder) text(name string, most int, to *string, c *fields, bit uint) bool {
	if d.peek() != '"' {
		return d.mismatch(name, "a text", c)
	}
	s, ok := d.string()
	if !ok {
		return false
	}
	if len(s) > most {
		c.fail(name, "%s has %d bytes; at most %d are allowed", name, len(s), most)
		return true
	}
	c.seen |= bit
	*to = string(s)
	return true
}

func (d *decoder) boolean(name string, to *bool, c *fields, bit uint) bool {
	d.space()
	switch {
	case d.word("true"):
		*to = true
	case d.word("false"):
	default:
		return d.mismatch(name, "true or false", c)
	}
	c.seen |= bit
	return true
}

func (d *decoder) integer(name string, low, high int64, to *int64, c *fields, bit uint) bool {
	if b := d.peek(); b != '-' && (b < '0' || b > '9') {
		return d.mismatch(name, "a whole number", c)
	}
	text, ok := d.number()
	if !ok {
		return false
	}
	v, ok := parseInteger(text)
	if !ok || v < low || v > high {
		if c.fault == nil {
			c.fail(name, "%s must be a whole number from %d to %d", name, low, high)
			c.fault.Min, c.fault.Max = &low, &high
		}
		return true
	}
	c.seen |= bit
	*to = v
	return true
}

// parseInteger reads digits with an optional minus. It refuses -0, fractions, exponents and more than fits.
func parseInteger(text []byte) (int64, bool) {
	digits, negative := text, false
	if text[0] == '-' {
		digits, negative = text[1:], true
	}
	var v int64
	for _, c := range digits {
		if c < '0' || c > '9' || v > math.MaxInt64/10-10 {
			return 0, false
		}
		v = v*10 + int64(c-'0')
	}
	if negative {
		return -v, v != 0
	}
	return v, true
}

func (d *decoder) number() ([]byte, bool) {
	start := d.pos
	if d.in[d.pos] == '-' {
		d.pos++
	}
	if d.pos < len(d.in) && d.in[d.pos] == '0' {
		d.pos++
	} else if d.digits() == 0 {
		return nil, d.fail("no digit in a number")
	}
	if d.pos < len(d.in) && d.in[d.pos] == '.' {
		d.pos++
		if d.digits() == 0 {
			return nil, d.fail("no digit in a number")
		}
	}
	if d.pos < len(d.in) && d.in[d.pos]|0x20 == 'e' {
		d.pos++
		if d.pos < len(d.in) && (d.in[d.pos] == '+' || d.in[d.pos] == '-') {
			d.pos++
		}
		if d.digits() == 0 {
			return nil, d.fail("no digit in a number")
		}
	}
	return d.in[start:d.pos], true
}

func (d *decoder) digits() int {
	start := d.pos
	for d.pos < len(d.in) && d.in[d.pos] >= '0' && d.in[d.pos] <= '9' {
		d.pos++
	}
	return d.pos - start
}

// string reads a string. The result is good until the next one.
func (d *decoder) string() ([]byte, bool) {
	d.pos++
	start := d.pos
	for d.pos < len(d.in) {
		switch c := d.in[d.pos]; {
		case c == '"':
			s := d.in[start:d.pos]
			d.pos++
			return s, true
		case c == '\\':
			return d.escaped(start)
		case c < ' ':
			return nil, d.fail("a control character in a string")
		}
		d.pos++
	}
	return nil, d.fail("no end of a string")
}

// escaped goes on with a string at its first backslash.
func (d *decoder) escaped(start int) ([]byte, bool) {
	d.buf = append(d.buf[:0], d.in[start:d.pos]...)
	for d.pos < len(d.in) {
		c := d.in[d.pos]
		d.pos++
		switch {
		case c == '"':
			return d.buf, true
		case c < ' ':
			return nil, d.fail("a control character in a string")
		case c != '\\':
			d.buf = append(d.buf, c)
			continue
		}
		if d.pos == len(d.in) {
			break
		}
		c = d.in[d.pos]
		d.pos++
		switch c {
		case '"', '\\', '/':
			d.buf = append(d.buf, c)
		case 'b':
			d.buf = append(d.buf, '\b')
		case 'f':
			d.buf = append(d.buf, '\f')
		case 'n':
			d.buf = append(d.buf, '\n')
		case 'r':
			d.buf = append(d.buf, '\r')
		case 't':
			d.buf = append(d.buf, '\t')
		case 'u':
			r, ok := d.hex4()
			if ok && utf16.IsSurrogate(r) {
				var low rune
				if ok = d.word(`\u`); ok {
					low, ok = d.hex4()
				}
				r = utf16.DecodeRune(r, low)
				ok = ok && r != utf8.RuneError
			}
			if !ok {
				return nil, d.fail(`a bad \u in a string`)
			}
			d.buf = utf8.AppendRune(d.buf, r)
		default:
			return nil, d.fail("a bad escape in a string")
		}
	}
	return nil, d.fail("no end of a string")
}

func (d *decoder) hex4() (rune, bool) {
	if len(d.in)-d.pos < 4 {
		return 0, false
	}
	var r rune
	for _, c := range d.in[d.pos : d.pos+4] {
		switch {
		case c >= '0' && c <= '9':
			r = r<<4 | rune(c-'0')
		case c|0x20 >= 'a' && c|0x20 <= 'f':
			r = r<<4 | rune(c|0x20-'a'+10)
		default:
			return 0, false
		}
	}
	d.pos += 4
	return r, true
}
