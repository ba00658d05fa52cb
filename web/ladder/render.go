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
		return min(60, t.Y1-t.Y0)
	}
	return 0
}

func (t *Timer) tip() string {
	switch t.End {
	case "fired":
		return "M -5 " + (t.Y1 - t.Y0 - 60).String() + " l 5 6 l 5 -6"
	case "stopped":
		return "M -5 " + (t.Y1 - t.Y0).String() + " h 10"
	}
	return ""
}

func (s *Shape) phase() string {
	return cmp.Or(map[string]string{"arrived": "done", "open": "flight"}[s.Fate], s.Fate)
}

// way is the line of the segment. A segment that is still on the wire at the end has its way drawn whole.
func (s *Shape) way() string {
	if len(s.Zigzag) > 0 {
		return s.path(s.Zigzag)
	}
	return s.path(s.Points)
}

func (s *Shape) headPath() string {
	if s.Kind == "ack" {
		return s.path(s.Head)
	}
	return s.path(s.Head) + " Z"
}

func (p *Pill) noteX() Px {
	if p.Pencil {
		return p.W - 220
	}
	return p.W - 80
}

func (p *Pill) underline() string {
	last := p.Badges[len(p.Badges)-1]
	return "M 8 22.5 H " + (last.X + last.W).String()
}

// origin is where the segment left its host. What is drawn of it is written as seen from there.
func (s *Shape) origin() Point { return s.Points[0] }

// place is a point as seen from the origin.
func (s *Shape) place(p Point) string {
	return (p[0] - s.origin()[0]).String() + " " + (p[1] - s.origin()[1]).String()
}

func (s *Shape) path(points []Point) string {
	return draw(s.origin(), points, func(int) bool { return false })
}

// pairs draws a line between every two points.
func pairs(origin Point, points []Point) string {
	return draw(origin, points, func(i int) bool { return i%2 == 0 })
}

// draw writes each point as seen from the one before: what looks alike is written alike, and takes little room when it is compressed.
func draw(last Point, points []Point, lift func(i int) bool) string {
	var b strings.Builder
	for i, p := range points {
		verb := " l "
		switch {
		case i == 0:
			verb = "M "
		case lift(i):
			verb = " m "
		}
		b.WriteString(verb + (p[0] - last[0]).String() + " " + (p[1] - last[1]).String())
		last = p
	}
	return b.String()
}

// ticks are the lines of the ruler.
func (l *Layout) ticks() string {
	var ends []Point
	for _, t := range l.Ticks {
		ends = append(ends, Point{l.Left, t.Y}, Point{l.Right, t.Y})
	}
	return pairs(Point{}, ends)
}

func translate(x, y Px) string { return "translate(" + x.String() + " " + y.String() + ")" }
