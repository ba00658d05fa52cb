package engine

import (
	"slices"
	"strconv"

	"github.com/handshakelab/lab/engine/network"
	"github.com/handshakelab/lab/engine/tcp"
)

// CondKind says what a Cond asks.
type CondKind uint8

// The conditions.
const (
	Happened     CondKind = iota + 1 // Count segments of kind Seg.Flags were What, compared by Cmp; with ID or Nth that one was
	InState                          // some connection of Host (its listener, when it has none) is in State
	WasTold                          // the application on Host was told Errno (or Notice)
	Quiet                            // nothing is due: no segment moves (a held one does not) and no timer runs
	RetransmitOf                     // Host sent a segment of kind Seg.Flags again because a timer fired
)

// What happened to a segment.
type What uint8

// The things that can happen to a segment.
const (
	WasSent    What = iota + 1 // by a host; with ID or Nth it came on the wire in whatever way
	HasArrived                 // at a host, with the kind that it had then
	WasLost                    // on the wire, with the kind that it had then
)

// A Cond is something that is true or not of a run. It looks at the whole run so far. But StepUntil waits for something
// new where the condition is that something happens at all: "step until SYN sent", "until client told connected", "until
// client sent SYN again" go on to the next one, even when there was one before. With not, with a number to compare with and
// for one certain segment it stops where the condition is true, which may be at once.
type Cond struct {
	Kind   CondKind
	Not    bool
	Host   HostID
	State  tcp.State
	Errno  tcp.Errno
	Notice tcp.Notice
	Seg    SegRef // Happened: kind, or number; Nth is the how-manieth
	What   What
	Cmp    Cmp // Happened, WasTold: how Count is compared; 0 is once at least
	Count  int
}

// Cmp is a comparison.
type Cmp uint8

// The comparisons.
const (
	AtLeast Cmp = iota + 1 // >=
	Exactly                // =
	AtMost                 // <=
)

// Holds reports whether c is true of the run so far.
func (w *World) Holds(c Cond) bool { return w.holds(c) != c.Not }

func (w *World) holds(c Cond) bool {
	switch c.Kind {
	case Happened:
		if c.Seg.ID != 0 || c.Seg.Nth != 0 {
			return w.occurrences(c) > 0
		}
		return c.compare(w.occurrences(c))
	case InState:
		return w.inState(c.Host, c.State)
	case WasTold:
		return c.compare(w.occurrences(c))
	case RetransmitOf:
		return w.occurrences(c) > 0
	case Quiet:
		return w.Quiet()
	}
	return false
}

// compare reports whether n is as many as c asks for.
func (c *Cond) compare(n int) bool {
	switch c.Cmp {
	case Exactly:
		return n == c.Count
	case AtMost:
		return n <= c.Count
	default:
		return n >= max(c.Count, 1)
	}
}

// waitsForNew reports whether StepUntil goes on to the next occurrence.
func (c *Cond) waitsForNew() bool {
	if c.Not {
		return false
	}
	switch c.Kind {
	case Happened:
		return c.Seg.ID == 0 && c.Seg.Nth == 0 && c.once()
	case WasTold:
		return c.once()
	case RetransmitOf:
		return true
	}
	return false
}

// once reports whether c asks only that something happens at all.
func (c *Cond) once() bool { return (c.Cmp == AtLeast || c.Cmp == 0) && c.Count <= 1 }

// occurrences returns how often that happened which c is about.
func (w *World) occurrences(c Cond) int {
	switch c.Kind {
	case Happened:
		id := c.Seg.ID
		if id == 0 && c.Seg.Nth != 0 {
			if id, _ = w.nth(c.Seg); id == 0 {
				return 0
			}
		}
		if id != 0 {
			if int(id) > w.log.count {
				return 0
			}
			if s := w.log.of(id); s.was(c.What, nil) {
				return 1
			}
			return 0
		}
		return w.log.number(func(s *logged) bool { return s.was(c.What, &c.Seg) })
	case WasTold:
		if c.Host > Server {
			return 0
		}
		return int(*w.told[c.Host].of(c.Notice, c.Errno))
	case RetransmitOf:
		return w.log.number(func(s *logged) bool { return s.src == source(c.Host)|repeated && c.Seg.names(s.born, s.icmp) })
	}
	return 0
}

// was reports whether what happened to the segment, as one of a kind or, with kind nil, whatever it was.
func (s *logged) was(what What, kind *SegRef) bool {
	switch what {
	case WasSent:
		return kind == nil || kind.names(s.born, s.icmp) && s.src != forged && s.src != copied
	case HasArrived:
		return s.fate == arrived && (kind == nil || kind.names(s.last, s.icmp))
	case WasLost:
		return s.fate == lost && (kind == nil || kind.names(s.last, s.icmp))
	}
	return false
}

func (w *World) inState(h HostID, s tcp.State) bool {
	if h > Server {
		return false
	}
	conns := w.hosts[h].Conns()
	if len(conns) == 0 {
		return w.hosts[h].State() == s
	}
	return slices.ContainsFunc(conns, func(t tcp.TCB) bool { return t.State == s })
}

// found says how it is where c does not hold.
func (w *World) found(c Cond) string {
	switch c.Kind {
	case Happened:
		if c.Seg.ID == 0 && c.Seg.Nth == 0 && !c.Not {
			n := w.occurrences(c)
			were := " was "
			if n > 1 {
				were = " were "
			}
			switch c.What {
			case WasSent:
				return amount(n, c.Seg.kind()) + were + "sent"
			case HasArrived:
				return amount(n, c.Seg.kind()) + " arrived"
			default:
				return amount(n, c.Seg.kind()) + were + "lost"
			}
		}
	case InState:
		if c.Host <= Server {
			return "the " + c.Host.String() + " is in " + w.hosts[c.Host].State().String()
		}
	case Quiet:
		if d, ok := w.next(); ok && d.Kind == DueTimer {
			return "a timer of the " + d.Host.String() + " runs"
		} else if ok {
			return "segment " + d.Seg.String() + " is on its way"
		}
		return "nothing is due"
	case WasTold:
		switch n := w.occurrences(c); {
		case !c.once() && n == 0:
			return "it was never told so"
		case !c.once():
			return "it was told so " + amount(n, "time")
		case !c.Not:
			return "it was not told so"
		default:
			return "it was told so"
		}
	case RetransmitOf:
		if !c.Not {
			return "it was sent once at most"
		}
	}
	if c.Not {
		return "it is so"
	}
	return "it is not so"
}

// comparison returns " >= 2".
func (c *Cond) comparison() string {
	return " " + [...]string{">=", ">=", "=", "<="}[min(c.Cmp, AtMost)] + " " + strconv.Itoa(c.Count)
}

// String returns the condition as the scenario language writes it: "SYN-ACK sent", "2nd SYN arrived", "lost SYN-ACK >= 2",
// "not client ESTABLISHED", "client told ECONNREFUSED", "client sent SYN again", "quiet".
func (c Cond) String() string {
	s := ""
	if c.Not {
		s = "not "
	}
	switch c.Kind {
	case Happened:
		what := [...]string{"?", "sent", "arrived", "lost"}[min(c.What, WasLost)]
		switch {
		case c.Seg.ID != 0:
			s += c.Seg.ID.String() + " " + what
		case c.Seg.Nth != 0:
			s += network.Ordinal(c.Seg.Nth) + " " + c.Seg.kind() + " " + what
		case c.once():
			s += c.Seg.kind() + " " + what
		default:
			s += what + " " + c.Seg.kind() + c.comparison()
		}
	case InState:
		s += c.Host.String() + " " + c.State.String()
	case WasTold:
		s += c.Host.String() + " told "
		if c.Errno != tcp.OK {
			s += c.Errno.String()
		} else {
			s += c.Notice.String()
		}
		if !c.once() {
			s += c.comparison()
		}
	case Quiet:
		s += "quiet"
	case RetransmitOf:
		s += c.Host.String() + " sent " + c.Seg.kind() + " again"
	}
	return s
}
