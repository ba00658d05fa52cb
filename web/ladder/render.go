package ladder

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"github.com/a-h/templ"

	"github.com/handshakelab/lab/engine"
	"github.com/handshakelab/lab/engine/wire"
)

//go:generate go tool templ generate

// Wide and Narrow are the widths of the two pictures of a Figure.
const (
	Wide   = 640
	Narrow = 330
)

// columns of the table; their headings are in the catalogue.
var columns = []string{"number", "time", "from", "flags", "seq", "ack", "len", "fate", "why"}

// A Row is a segment in the table: what it was, what became of it, and the rule that made its sender send it.
type Row struct {
	Number, Time, From string
	Flags              []string
	Seq, Ack, Len      string
	Fate, Why, Class   string
}

// Rows returns the segments of the run in the order in which they came on the wire.
func (r *Run) Rows() []Row {
	var rows []Row
	for _, s := range r.segments {
		w := &s.content().wire
		row := Row{
			Number: strconv.Itoa(int(s.id)), Time: r.ms(s.at), From: r.T("host." + s.from.String()), Flags: flagsOf(w),
			Seq: strconv.FormatUint(uint64(w.Seq), 10), Ack: "–", Len: strconv.Itoa(len(w.Payload)), Fate: s.fateText(),
		}
		if w.Flags.Has(wire.ACK) {
			row.Ack = strconv.FormatUint(uint64(w.Ack), 10)
		}
		if s.lost {
			row.Class = "lost"
		}
		e := &r.events[s.k]
		row.Why = r.Rule(e.Rule, !r.failed(s.k), e.Args)
		switch {
		case s.forged:
			row.Why = r.T("ladder.why.forged")
		case s.injected:
			row.Why = r.T("ladder.why.injected")
		case s.of != 0:
			row.Why = r.T("ladder.why.copy", "seg", int(s.of))
		}
		rows = append(rows, row)
	}
	return rows
}

// failed reports whether event k, which sends a segment, comes of a check that failed just before.
func (r *Run) failed(k int) bool {
	e := &r.events[k]
	for i := k - 1; i >= 0 && r.events[i].At == e.At && r.events[i].Kind != engine.Arrived; i-- {
		if c := &r.events[i]; c.Kind == engine.Checked && c.Host == e.Host && c.Rule == e.Rule {
			return !c.OK
		}
	}
	return false
}

// addr is the address and port of a host, as its first segment tells.
func (r *Run) addr(h engine.HostID) string {
	i := slices.IndexFunc(r.segments, func(s *segment) bool { return !s.forged && !s.injected })
	if i < 0 {
		return ""
	}
	s := r.segments[i]
	if w := &s.contents[0].wire; s.from == h {
		return w.Src.String()
	} else {
		return w.Dst.String()
	}
}

func lower(s string) string { return strings.ToLower(s) }

// class says whether a number is as it was sent.
func (s Span) class() string {
	switch {
	case s.Was:
		return "was"
	case s.Edited:
		return "edited"
	}
	return "same"
}

// fill is the pattern of a band; the plain ones take their colour from the style sheet.
func (b *Band) fill(id string) templ.Attributes {
	if b.Cls == "syn" || b.Cls == "fin" {
		return templ.Attributes{"fill": "url(#" + id + "-" + b.Cls + ")"}
	}
	return nil
}

// start is where the line of a timer begins: a timer that was set again leaves room for the tip of the one before.
func (t *Timer) start() Px {
	if t.Restart {
		return min(t.Y0+60, t.Y1)
	}
	return t.Y0
}

func (t *Timer) tip() string {
	switch t.End {
	case "fired":
		return "M " + (t.X - 50).String() + " " + (t.Y1 - 60).String() + " l 5 6 l 5 -6"
	case "stopped":
		return "M " + (t.X - 50).String() + " " + t.Y1.String() + " h 10"
	}
	return ""
}

func (s *Shape) phase() string {
	return cmp.Or(map[string]string{"arrived": "done", "open": "flight"}[s.Fate], s.Fate)
}

// way is the line of the segment. A segment that is still on the wire at the end has its way drawn whole.
func (s *Shape) way() string {
	if len(s.Zigzag) > 0 {
		return path(s.Zigzag)
	}
	return path(s.Points)
}

func (s *Shape) headPath() string {
	if s.Kind == "ack" {
		return path(s.Head)
	}
	return path(s.Head) + " Z"
}

func (p *Pill) noteX() Px {
	if p.Pencil {
		return p.X + p.W - 220
	}
	return p.X + p.W - 80
}

func (p *Pill) underline() string {
	last := p.Badges[len(p.Badges)-1]
	return "M " + (p.X + 80).String() + " " + (p.Y + 225).String() + " H " + (p.X + last.X + last.W).String()
}

func path(points []Point) string { return draw(points, func(i int) bool { return i == 0 }) }

// pairs draws a line between every two points.
func pairs(points []Point) string { return draw(points, func(i int) bool { return i%2 == 0 }) }

func draw(points []Point, lift func(i int) bool) string {
	var b strings.Builder
	for i, p := range points {
		switch {
		case lift(i):
			b.WriteString("M ")
		default:
			b.WriteString("L ")
		}
		b.WriteString(p[0].String() + " " + p[1].String())
		if i < len(points)-1 {
			b.WriteByte(' ')
		}
	}
	return b.String()
}
