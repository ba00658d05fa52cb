package ladder

import (
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/handshakelab/lab/engine"
	"github.com/handshakelab/lab/engine/wire"
)

// Px is a length in tenths of a pixel.
type Px int

// String writes p in pixels: "12.5".
func (p Px) String() string {
	if p%10 == 0 {
		return strconv.Itoa(int(p / 10))
	}
	return strconv.FormatFloat(float64(p)/10, 'f', 1, 64)
}

// MarshalJSON makes p a number of pixels.
func (p Px) MarshalJSON() ([]byte, error) { return []byte(p.String()), nil }

// A Point is a place in the drawing.
type Point [2]Px

// A Badge is a flag on a pill.
type Badge struct {
	X    Px     `json:"x"`
	W    Px     `json:"w"`
	Text string `json:"text"`
	Cls  string `json:"cls"`
}

// A Span is a piece of a pill's numbers.
type Span struct {
	Text   string `json:"text"`
	Edited bool   `json:"edited"`
	Was    bool   `json:"was,omitempty"` // it was so before it was edited
}

// A Pill is the label of a segment from event K on.
type Pill struct {
	K           int      `json:"k"`
	X           Px       `json:"x"`
	Y           Px       `json:"y"`
	W           Px       `json:"w"`
	H           Px       `json:"h"`
	Badges      []Badge  `json:"badges"`
	FlagsEdited bool     `json:"flagsEdited"`
	Note        string   `json:"note"`
	Pencil      bool     `json:"pencil"`
	Rows        [][]Span `json:"rows"`
}

// text is what one reads on the pill.
func (p *Pill) text() string {
	var words []string
	for _, b := range p.Badges {
		words = append(words, b.Text)
	}
	if p.Note != "" {
		words = append(words, p.Note)
	}
	for _, row := range p.Rows {
		for _, s := range row {
			words = append(words, s.Text)
		}
	}
	return strings.Join(words, " ")
}

// Widths of text and parts of a pill, as in shapes.js.
const (
	monoPx, boldPx, sansPx = 76, 73, 60
	pillPx, rowPx, padPx   = 1460, 140, 80
)

func divRound(a, b int) int { return divDown(2*a+b, 2*b) }

func divDown(a, b int) int {
	q := a / b
	if a%b != 0 && (a < 0) != (b < 0) {
		q--
	}
	return q
}

func flagsOf(w *wire.Segment) []string {
	if w.Flags == 0 || w.ICMP.Kind != wire.NoICMP {
		return nil
	}
	return strings.Split(w.Flags.String(), ",")
}

// kindOf is what gives a segment its colour.
func kindOf(w *wire.Segment) string {
	switch f := w.Flags; {
	case w.ICMP.Kind != wire.NoICMP:
		return "none"
	case f.Has(wire.RST):
		return "rst"
	case f.Has(wire.FIN):
		return "fin"
	case f.Has(wire.SYN):
		return "syn"
	case w.Payload != "":
		return "psh"
	case f.Has(wire.ACK):
		return "ack"
	case f.Has(wire.PSH):
		return "psh"
	}
	return "none"
}

// A fate is what a note says about the end of a segment: "lost", "discarded", "held" or "".
func (s *segment) fate() string {
	switch {
	case s.lost:
		return "lost"
	case s.discarded:
		return "discarded"
	case s.held():
		return "held"
	}
	return ""
}

// note is what is special about a segment, at most two things.
func (s *segment) note(c *content, fate string) string {
	var notes []string
	if n := len(c.wire.Payload); n > 0 && c.wire.ICMP.Kind == wire.NoICMP {
		notes = append(notes, s.T("bytes", "n", n))
	}
	hidden := ""
	for _, f := range c.edited {
		if f != engine.FieldSeq && f != engine.FieldAck && f != engine.FieldFlags && hidden == "" {
			hidden = nameOfField(f)
		}
	}
	switch {
	case hidden != "":
		notes = append(notes, s.T("ladder.field."+hidden))
	case len(c.edited) > 0:
		notes = append(notes, s.T("ladder.note.edited"))
	case s.forged:
		notes = append(notes, s.T("ladder.note.forged"))
	case s.injected:
		notes = append(notes, s.T("ladder.note.injected"))
	case s.of != 0:
		notes = append(notes, s.T("ladder.note.copy"))
	case s.again != 0:
		notes = append(notes, s.T("ladder.note.again"))
	}
	if fate != "" {
		notes = append(notes, s.T("ladder.note."+fate))
	}
	if len(notes) > 2 {
		notes = notes[len(notes)-2:]
	}
	switch len(notes) {
	case 0:
		return ""
	case 1:
		return notes[0]
	}
	return s.T("ladder.note.list", "a", notes[0], "b", notes[1])
}

func nameOfField(f engine.Field) string {
	for _, n := range fieldNames {
		if n.field == f {
			return n.name
		}
	}
	return ""
}

// wasOf says what the edited fields of a pill were before: the flags and the numbers that it shows, and the window.
func wasOf(s *segment, c *content) []Span {
	var row []Span
	add := func(f engine.Field, what string) {
		if slices.Contains(c.edited, f) {
			row = append(row, Span{s.T("ladder.was", "what", what), true, true})
		}
	}
	if c.was == nil {
		return nil
	}
	flags := strings.Join(flagsOf(c.was), "-")
	if flags == "" {
		flags = s.T("ladder.none")
	}
	add(engine.FieldFlags, flags)
	add(engine.FieldSeq, s.T("ladder.seq", "n", uint32(c.was.Seq)))
	add(engine.FieldAck, s.T("ladder.ack", "n", uint32(c.was.Ack)))
	if slices.Contains(c.edited, engine.FieldWindow) {
		row = append(row, Span{s.T("ladder.was.window", "now", int(c.wire.Window), "old", int(c.was.Window)), true, true})
	}
	return row
}

type sizedPill struct {
	pill Pill
	w, h int
}

// newPill makes the pill of s with contents c, at most room wide: flags and a note above, numbers below.
func newPill(s *segment, c *content, room int) sizedPill {
	flags, note, pencil := flagsOf(&c.wire), s.note(c, s.fate()), len(c.edited) > 0
	longest := max(utf8.RuneCountInString(note), utf8.RuneCountInString(s.note(c, "")))
	if slices.ContainsFunc(s.legs, func(l leg) bool { return l.held }) {
		longest = max(longest, utf8.RuneCountInString(s.note(c, "held")))
	}
	noteWidth := 0
	if longest > 0 {
		noteWidth = sansPx*longest + 80
		if pencil {
			noteWidth += 130
		}
	}
	texts := flags
	if len(flags) == 0 {
		texts = []string{s.T("ladder.none")}
		if c.wire.ICMP.Kind != wire.NoICMP {
			texts[0] = s.T("icmp.kind", "what", c.wire.ICMP.Kind)
		}
	}
	wide := -30
	for _, f := range texts {
		wide += boldPx*utf8.RuneCountInString(f) + 120
	}
	// flags that do not fit are written as single letters, as tcpdump does
	short := len(flags) > 0 && wide+noteWidth+2*padPx > room
	p := Pill{K: c.k, FlagsEdited: slices.Contains(c.edited, engine.FieldFlags), Note: note, Pencil: pencil, Badges: []Badge{}}
	x := padPx
	for _, f := range texts {
		text, w := f, boldPx*utf8.RuneCountInString(f)+90
		if short {
			text, w = f[:1], boldPx+60
		}
		cls := strings.ToLower(f)
		if len(flags) == 0 {
			cls = "none"
		}
		p.Badges = append(p.Badges, Badge{Px(x), Px(w), text, cls})
		x += w + 30
	}
	seqEdited, ackEdited := slices.Contains(c.edited, engine.FieldSeq), slices.Contains(c.edited, engine.FieldAck)
	numbers := []Span{{s.T("ladder.seq", "n", uint32(c.wire.Seq)), seqEdited, false}}
	if slices.Contains(flags, "ACK") || ackEdited {
		numbers = append(numbers, Span{s.T("ladder.ack", "n", uint32(c.wire.Ack)), ackEdited, false})
	}
	length := func(row []Span) int {
		n := -1
		for _, s := range row {
			n += utf8.RuneCountInString(s.Text) + 1
		}
		return monoPx*n + 2*padPx
	}
	// two numbers of ten digits can be wider than the space between the lanes
	for _, row := range [][]Span{numbers, wasOf(s, c)} {
		if length(row) <= room && len(row) > 0 {
			p.Rows = append(p.Rows, row)
			continue
		}
		for _, n := range row {
			p.Rows = append(p.Rows, []Span{n})
		}
	}
	w := max(pillPx, x-30+noteWidth+padPx)
	for _, row := range p.Rows {
		w = max(w, length(row))
	}
	w = min(w, room)
	h := 400 + rowPx*(len(p.Rows)-1)
	p.W, p.H = Px(w), Px(h)
	return sizedPill{p, w, h}
}

// xy is a Point before it is made one.
type xy [2]int

func distance(dx, dy int) int { return max(1, int(math.Sqrt(float64(dx*dx+dy*dy)))) }

// around gives points around the tip of a line from a, which are given along the line and across it.
func around(a, tip xy, local ...xy) []xy {
	dx, dy := tip[0]-a[0], tip[1]-a[1]
	n := distance(dx, dy)
	var out []xy
	for _, l := range local {
		out = append(out, xy{tip[0] + divRound(l[0]*dx-l[1]*dy, n), tip[1] + divRound(l[0]*dy+l[1]*dx, n)})
	}
	return out
}

func arrowHead(a, b xy, open bool) []xy {
	if open {
		return around(a, b, xy{-90, -45}, xy{}, xy{-90, 45})
	}
	return around(a, b, xy{}, xy{-100, -50}, xy{-100, 50})
}

// bars are two short marks at the tail of a FIN and one at the tip of an RST.
func bars(kind string, points []xy, arrives bool) []xy {
	n := len(points)
	switch {
	case kind == "fin":
		return around(points[1], points[0], xy{-70, -50}, xy{-70, 50}, xy{-110, -50}, xy{-110, 50})
	case kind == "rst" && arrives:
		return around(points[n-2], points[n-1], xy{0, -65}, xy{0, 65})
	}
	return nil
}

// zigzag is the line from a to b of an RST.
func zigzag(a, b xy) []xy {
	dx, dy := b[0]-a[0], b[1]-a[1]
	length := distance(dx, dy)
	n := length / 70
	points := []xy{a}
	for i := 1; i < n-1; i++ {
		w := -28
		if i%2 == 1 {
			w = 28
		}
		points = append(points, xy{a[0] + divRound(dx*i, n) - divRound(w*dy, length), a[1] + divRound(dy*i, n) + divRound(w*dx, length)})
	}
	return append(points, b)
}

// wave is the edge of a break.
func wave(left, right, y int) string {
	return "M " + Px(left).String() + " " + Px(y).String() + " q 3.5 -5 7 0" + strings.Repeat(" t 7 0", max(0, (right-left)/70-1))
}

func points(in []xy) []Point {
	out := []Point{}
	for _, p := range in {
		out = append(out, Point{Px(p[0]), Px(p[1])})
	}
	return out
}
