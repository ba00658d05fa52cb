package engine

import (
	"cmp"
	"slices"
	"strconv"

	"github.com/handshakelab/lab/engine/wire"
)

// A Flight is a segment on the wire.
type Flight struct {
	ID   SegID
	Wire wire.Segment // what it says now
	Was  wire.Segment // what it said when it came on the wire; differs from Wire when it was edited
	From HostID       // who put it on the wire; Network for a segment that the learner forged
	To   HostID       // the end of the wire that it travels to
	Sent Time         // when it came on the wire; of a copy, when the original did
	Due  Time         // when it arrives (or would, when it is going to be lost); Never while it is held
	Dies Time         // when it will be lost, Never when it will arrive
	Held bool
	Of   SegID // the segment that it is a copy of, or 0
}

// flight is how a World keeps a Flight.
type flight struct {
	id, of    SegID
	from, to  HostID
	held      bool
	cause     cause // why it will be lost, when it will be
	sent      Time
	due, dies Time // while it is held, the rest of its way and of its life
	mid       Time // when it is half way, where boxes may stand; Never behind them; likewise while it is held
	text      string
	seg       wire.Segment
	was       *wire.Segment // before the first edit, or nil; what it points to is never changed: clones share it
}

// cause is why the path loses a segment.
type cause uint8

const (
	byRule cause = iota + 1
	byChance
)

// pending is what happens to f next by itself on a path with boxes or without, and when; Never when nothing does.
func (f *flight) pending(boxes bool) (at Time, kind DueKind) {
	switch {
	case f.held:
		return Never, DueArrival
	case boxes && f.mid != Never:
		return f.mid, DueBoxes
	case f.dies < f.due:
		return f.dies, DueLoss
	default:
		return f.due, DueArrival
	}
}

// middle is mid, and Never too when that is over: where there were no boxes nothing happened then.
func (f *flight) middle(now Time) Time {
	if !f.held && f.mid < now {
		return Never
	}
	return f.mid
}

func (f *flight) public() Flight {
	p := Flight{ID: f.id, Wire: f.seg, Was: f.seg, From: f.from, To: f.to, Sent: f.sent, Due: f.due, Dies: f.dies, Held: f.held, Of: f.of}
	if f.was != nil {
		p.Was = *f.was
	}
	if f.held {
		p.Due, p.Dies = Never, Never
	}
	return p
}

// Flying returns the segments on the wire by arrival, as Step would take them if none were lost on the way; those that are
// held come last.
func (w *World) Flying() []Flight {
	flying := make([]Flight, 0, len(w.flights))
	for i := range w.flights {
		flying = append(flying, w.flights[i].public())
	}
	slices.SortFunc(flying, func(a, b Flight) int {
		return cmp.Or(cmp.Compare(a.Due, b.Due), cmp.Compare(a.To, b.To), cmp.Compare(a.ID, b.ID))
	})
	return flying
}

// kind is the flags that name a kind of segment.
func kind(f wire.Flags) wire.Flags { return f &^ wire.PSH }

// launch puts a segment on the wire and returns it, for the rest to be filled in: it meets no box and is not lost.
func (w *World) launch(seg *wire.Segment, src source) *flight {
	w.flights = append(w.flights, flight{})
	f := &w.flights[len(w.flights)-1]
	f.id = w.log.add(logged{born: kind(seg.Flags), src: src, icmp: seg.ICMP.Kind != wire.NoICMP})
	f.seg, f.dies, f.mid = *seg, Never, Never
	return f
}

// edited keeps what a segment said before it was changed for the first time.
func (f *flight) edited(before *wire.Segment) {
	if f.was == nil {
		was := *before
		f.was = &was
	}
}

// land takes flight i off the wire.
func (w *World) land(i int, how fate) {
	w.log.end(w.flights[i].id, kind(w.flights[i].seg.Flags), how)
	w.flights = slices.Delete(w.flights, i, i+1)
}

// find returns the index in w.flights of the segment that r names.
func (w *World) find(r SegRef) (int, *ActionError) {
	id := r.ID
	switch {
	case id != 0:
		if int(id) > w.log.count {
			return 0, fail(NoSuchSegment, "there is no segment ", id.String(), ": ", amount(w.log.count, "segment"), " came on the wire so far").
				hint(w.onTheWire())
		}
	case r.Nth != 0:
		seen := 0
		if id, seen = w.nth(r); id == 0 {
			return 0, fail(NoSuchSegment, "there is no ", r.String(), ": ", amount(seen, r.kind()), " came on the wire so far").
				hint(w.onTheWire())
		}
	default:
		// The newest has the highest number, and flights are in the order of their numbers.
		for i := len(w.flights) - 1; i >= 0; i-- {
			if r.names(w.flights[i].seg.Flags, w.flights[i].seg.ICMP.Kind != wire.NoICMP) {
				return i, nil
			}
		}
		if first, _ := w.nth(SegRef{Flags: r.Flags, ICMP: r.ICMP, Nth: 1}); first != 0 {
			return 0, fail(SegmentGone, "no ", r.String(), " is on the wire any more").hint(w.onTheWire())
		}
		return 0, fail(NoSuchSegment, "no ", r.String(), " is on the wire").hint(w.onTheWire())
	}
	for i := range w.flights {
		if w.flights[i].id == id {
			return i, nil
		}
	}
	s := w.log.of(id)
	return 0, fail(SegmentGone, "segment ", id.String(), ", ", s.kind(), ", is not on the wire any more: it ",
		[...]string{"", "arrived", "was lost"}[s.fate]).hint(w.onTheWire())
}

// nth returns the number of the Nth segment of a kind that ever came on the wire, or 0 and how many there were.
func (w *World) nth(r SegRef) (id SegID, seen int) {
	is := func(s *logged) bool { return r.names(s.born, s.icmp) }
	seen = w.log.number(is)
	after := seen - r.Nth // so many of the kind came later
	for i, s := range w.log.backward {
		if after >= 0 && is(s) {
			if after--; after < 0 {
				return i, r.Nth
			}
		}
	}
	return 0, seen
}

// onTheWire is the way on when a segment is not there: those that are.
func (w *World) onTheWire() string {
	if len(w.flights) == 0 {
		return "nothing is on the wire now; go back to an instant when it was"
	}
	s := "on the wire now: "
	for i := range w.flights {
		if i == 8 {
			return s + ", ..."
		}
		if i > 0 {
			s += ", "
		}
		s += w.flights[i].id.String() + " " + kindOf(&w.flights[i].seg)
	}
	return s
}

// String returns "#3".
func (id SegID) String() string { return "#" + strconv.FormatUint(uint64(id), 10) }

// String returns the reference as the scenario language writes it: "#3", "SYN-ACK", "SYN-ACK#2".
func (r SegRef) String() string {
	switch {
	case r.ID != 0:
		return r.ID.String()
	case r.Nth != 0:
		return r.kind() + "#" + strconv.Itoa(r.Nth)
	default:
		return r.kind()
	}
}

// kind is the kind of packet that r names: "SYN-ACK", "ICMP".
func (r SegRef) kind() string {
	if r.ICMP {
		return "ICMP"
	}
	return kind(r.Flags).Kind()
}

// names reports whether r is about packets with these flags or about ICMP errors, as it was told.
func (r SegRef) names(flags wire.Flags, icmp bool) bool {
	return r.ICMP == icmp && (icmp || kind(flags) == kind(r.Flags))
}

// kindOf is what people call the packet, where PSH makes no difference.
func kindOf(s *wire.Segment) string {
	if s.ICMP.Kind != wire.NoICMP {
		return s.Kind()
	}
	return kind(s.Flags).Kind()
}

// kind is what the packet was when it left the wire, with an article.
func (s *logged) kind() string {
	if s.icmp {
		return "an ICMP error"
	}
	return "a " + s.last.Kind()
}

// amount returns "no SYN", "1 SYN", "3 SYNs".
func amount(n int, what string) string {
	switch n {
	case 0:
		return "no " + what
	case 1:
		return "1 " + what
	default:
		return strconv.Itoa(n) + " " + what + "s"
	}
}
