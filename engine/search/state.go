package search

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"slices"

	"github.com/handshakelab/lab/engine"
	"github.com/handshakelab/lab/engine/tcp"
	"github.com/handshakelab/lab/engine/wire"
)

// A state is what two hosts, their applications and the network between them have come to. Time stands still but for timers:
// any segment may arrive next, and two orders that lead to the same end are one state.
type state struct {
	hosts   [2]tcp.Host
	now     tcp.Time
	flights []flight // in the order of their numbers
	last    engine.SegID
	apps    [2]app
	conns   [2][]conn // of every connection that a host ever had, by its number less one
	left    budget
	lost    bool // the network lost something
	wrong   Violation
	mem     *memory // of all states of a search
}

// memory is what a move works with.
type memory struct {
	arrives flight
	effects []tcp.Effect
	held    []held // what the connection that a segment is for held ahead of a gap before it came
}

type held struct {
	left wire.Seq
	text string
}

// budget is what the network may still do.
type budget struct{ drops, copies, timers uint8 }

// A flight is a segment on its way.
type flight struct {
	id   engine.SegID
	to   engine.HostID
	from tcp.ConnID // of the other host: who sent it, 0 for no connection
	dest tcp.ConnID // of this host: whom it was meant for, 0 when the sender did not know
	born tcp.Time
	seg  wire.Segment

	answers tcp.ConnID // of this host: whose segment drew it, 0 for none
	fresh   bool       // it came on the wire with the last move that was no mere drop or copy
}

// same reports whether it makes no difference which of the two arrives.
func (f *flight) same(g *flight) bool {
	return f.to == g.to && f.from == g.from && f.dest == g.dest && f.answers == g.answers && f.born == g.born && f.seg == g.seg
}

// An app is the application on a host in the middle of its program.
type app struct {
	next int        // the call that it makes next
	conn tcp.ConnID // the connection that it last opened or accepted, 0 before
}

// A conn is what an onlooker who sees both sides knows of a connection.
type conn struct {
	peer tcp.ConnID // whose SYN it took, 0 before
	sent string     // by the application on this side
	got  int        // bytes that were given to it
}

// copyTo makes c a copy in the memory that c already has.
func (s *state) copyTo(c *state) {
	hosts, flights, conns := c.hosts, c.flights, c.conns
	*c = *s
	c.hosts = hosts
	c.flights = append(flights[:0], s.flights...)
	for h := range c.hosts {
		c.hosts[h].Set(&s.hosts[h])
		c.conns[h] = append(conns[h][:0], s.conns[h]...)
	}
}

// A moveKind says what a move does. Of runs of equal length the one is found whose moves come first in this order: old
// duplicates are the favourite evil of a network.
type moveKind uint8

const (
	duplicate moveKind = iota + 1 // the network makes a copy of a segment
	deliver                       // a segment arrives
	drop                          // the network loses it
	fire                          // the next timer of a host fires
)

// A move is one thing that the network or time does next.
type move struct {
	kind moveKind
	n    uint8 // which of the flights, or which host
}

// moves appends what may come next. Of segments that are the same only the first is moved. What the network loses or copies it
// does at once: to do it later would make no difference.
func (s *state) moves(out []move) []move {
	for kind := duplicate; kind <= drop; kind++ {
		if kind == drop && s.left.drops == 0 || kind == duplicate && s.left.copies == 0 {
			continue
		}
		for i := range s.flights {
			f := &s.flights[i]
			able := func(g *flight) bool { return kind == deliver || g.fresh }
			if able(f) && !slices.ContainsFunc(s.flights[:i], func(g flight) bool { return able(&g) && g.same(f) }) {
				out = append(out, move{kind, uint8(i)})
			}
		}
	}
	if s.left.timers == 0 {
		return out
	}
	first, _ := s.nextTimer()
	for h := range s.hosts {
		if at, _, _, ok := s.hosts[h].Next(); ok && at == first {
			out = append(out, move{fire, uint8(h)})
		}
	}
	return out
}

// nextTimer returns when the next timer fires.
func (s *state) nextTimer() (tcp.Time, bool) {
	first, found := tcp.Never, false
	for h := range s.hosts {
		if at, _, _, ok := s.hosts[h].Next(); ok && at < first {
			first, found = at, true
		}
	}
	return first, found
}

// do makes a move, and the calls that the applications can make then.
func (s *state) do(p *Problem, m move) {
	s.move(p, m)
	s.run(p, nil)
	s.judge()
}

func (s *state) move(p *Problem, m move) {
	s.wrong = Violation{}
	if m.kind == deliver || m.kind == fire {
		for i := range s.flights {
			s.flights[i].fresh = false
		}
	}
	switch m.kind {
	case deliver:
		s.mem.arrives = s.take(int(m.n))
		f := &s.mem.arrives
		s.noteHeld(f)
		s.mem.effects = s.hosts[f.to].Receive(s.now, &f.seg, s.mem.effects[:0])
		s.follow(f.to, f)
	case drop:
		s.take(int(m.n))
		s.left.drops--
		s.lost = true
	case duplicate:
		f := s.flights[m.n]
		s.last++
		f.id = s.last
		s.flights = append(s.flights, f)
		s.left.copies--
	case fire:
		h := engine.HostID(m.n)
		at, id, timer, _ := s.hosts[h].Next()
		s.now = max(s.now, at)
		s.left.timers--
		s.bury(p.msl)
		s.mem.effects = s.hosts[h].Fire(s.now, id, timer, s.mem.effects[:0])
		s.follow(h, nil)
	}
}

// noteHeld remembers what is held where a segment is about to arrive: it may be given to the application now.
func (s *state) noteHeld(f *flight) {
	s.mem.held = s.mem.held[:0]
	conns := s.hosts[f.to].Conns()
	for i := range conns {
		if t := &conns[i]; t.NumHeld > 0 && t.Remote == f.seg.Src && t.Local == f.seg.Dst {
			for _, p := range t.Held[:t.NumHeld] {
				s.mem.held = append(s.mem.held, held{p.Left, p.Text})
			}
		}
	}
}

// A step is a move that names its segment by what it is and not by its place.
type step struct {
	move
	flight flight
}

// steps names the segments of the moves that lead on from s.
func (s *state) steps(p *Problem, moves []move) []step {
	var steps []step
	for _, m := range moves {
		st := step{move: m}
		if m.kind != fire {
			st.flight = s.flights[m.n]
		}
		steps = append(steps, st)
		s.do(p, m)
	}
	return steps
}

// find returns the move of a step in this state, if it can be made.
func (s *state) find(st step) (move, bool) {
	if st.kind == fire {
		at, _, _, ok := s.hosts[st.n].Next()
		first, _ := s.nextTimer()
		return st.move, ok && at == first
	}
	i := slices.IndexFunc(s.flights, func(f flight) bool { return f.to == st.flight.to && f.from == st.flight.from && f.seg == st.flight.seg })
	return move{st.kind, uint8(i)}, i >= 0
}

func (s *state) take(i int) flight {
	f := s.flights[i]
	s.flights = slices.Delete(s.flights, i, i+1)
	return f
}

// bury takes the segments off the wire that have outlived the maximum segment lifetime (RFC 9293 section 3.4.2).
func (s *state) bury(msl tcp.Time) {
	n := len(s.flights)
	s.flights = slices.DeleteFunc(s.flights, func(f flight) bool { return f.born+msl <= s.now })
	s.lost = s.lost || len(s.flights) < n
}

// run lets the applications make every call that they can make now. made, when it is not nil, is told each of them.
func (s *state) run(p *Problem, made func(engine.HostID, tcp.Call)) {
	for progress := true; progress; {
		progress = false
		for _, h := range [...]engine.HostID{engine.Server, engine.Client} { // who listens is there first
			for s.apps[h].next < len(p.programs[h]) && s.call(h, p.programs[h][s.apps[h].next], made) {
				s.apps[h].next++
				progress = true
			}
		}
	}
}

// call makes a call, unless it would block. A call that fails for good is passed over, as by a program that does not look.
func (s *state) call(h engine.HostID, c tcp.Call, made func(engine.HostID, tcp.Call)) bool {
	conns := s.hosts[h].Conns()
	for i := range conns {
		// connect blocks until it has succeeded or failed.
		if t := &conns[i]; !t.Orphan && (t.State == tcp.SynSent || t.State == tcp.SynReceived && !t.Passive) {
			return false
		}
	}
	onConn := c.Verb > tcp.CallAccept && !c.Listener
	if onConn {
		if c.Conn == 0 {
			c.Conn = max(1, s.apps[h].conn)
		}
		if int(c.Conn) > len(s.conns[h]) {
			return false // it is not there yet
		}
		if i := slices.IndexFunc(conns, func(t tcp.TCB) bool { return t.ID == c.Conn }); i >= 0 && conns[i].State == tcp.SynReceived {
			return false
		}
	}
	newest := int(c.Conn) == len(s.conns[h])
	effects, err := s.hosts[h].Call(s.now, &c, s.mem.effects[:0])
	s.mem.effects = effects
	switch err {
	case nil:
	case tcp.EAGAIN, tcp.EADDRINUSE, tcp.EADDRNOTAVAIL:
		return false
	default:
		return true
	}
	s.follow(h, nil)
	switch c.Verb {
	case tcp.CallConnect, tcp.CallAccept:
		for i := range effects {
			s.apps[h].conn = max(s.apps[h].conn, effects[i].Conn)
		}
	case tcp.CallSend:
		s.conns[h][c.Conn-1].sent += c.Data
	}
	if made != nil {
		if onConn && newest {
			c.Conn = 0
		}
		made(h, c)
	}
	return true
}

// follow takes over what a host did about in, or about a call or a timer when in is nil.
func (s *state) follow(h engine.HostID, in *flight) {
	from := tcp.Closed
	for i := range s.mem.effects {
		x := &s.mem.effects[i]
		switch x.Kind {
		case tcp.Opened:
			for int(x.Conn) > len(s.conns[h]) {
				s.conns[h] = append(s.conns[h], conn{})
			}
			if in != nil {
				s.conns[h][x.Conn-1].peer = in.from
			}
		case tcp.Change:
			from = x.From
			if x.From == tcp.SynSent && x.To != tcp.Closed && in != nil {
				s.conns[h][x.Conn-1].peer = in.from
			}
		case tcp.Send:
			f := flight{to: engine.Server - h, from: x.Conn, born: s.now, seg: s.hosts[h].Sent()[x.Sent], fresh: true}
			if in != nil {
				f.answers = in.from
			}
			switch {
			case in != nil && (x.Conn == 0 || f.seg.Flags.Has(wire.RST)):
				f.dest = in.from // an answer to whoever sent it
			case x.Conn != 0:
				f.dest = s.conns[h][x.Conn-1].peer
			}
			s.last++
			f.id = s.last
			s.flights = append(s.flights, f)
		case tcp.Tell:
			s.told(h, x, in, from)
		}
	}
}

// digest is a fingerprint of all that the state's future depends on, and of nothing else: not of the order in which the segments
// came on the wire. room is memory to work with.
func (s *state) digest(room *[]byte) [16]byte {
	b := (*room)[:0]
	u64 := func(v int64) { b = binary.BigEndian.AppendUint64(b, uint64(v)) }
	u64(int64(s.now))
	b = append(b, s.left.drops, s.left.copies, s.left.timers, bit(s.lost))
	for h := range s.hosts {
		b = s.hosts[h].AppendBinary(b)
		b = append(b, byte(s.apps[h].next), byte(s.apps[h].conn), byte(len(s.conns[h])))
		for i := range s.conns[h] {
			c := &s.conns[h][i]
			b = append(b, byte(c.peer))
			u64(int64(c.got))
			u64(int64(len(c.sent)))
			b = append(b, c.sent...)
		}
	}
	// The segments in the order of their contents, which is that of nothing that happened.
	var ends [maxFlights + 1]int
	start := len(b)
	ends[0] = start
	for i := range s.flights {
		f := &s.flights[i]
		b = append(b, byte(f.to), byte(f.from), byte(f.dest), byte(f.answers), byte(f.seg.Flags), bit(f.fresh && s.left.drops+s.left.copies > 0))
		u64(int64(f.born))
		u64(int64(f.seg.Seq)<<32 | int64(f.seg.Ack))
		u64(int64(f.seg.Window)<<32 | int64(f.seg.Src.Port())<<16 | int64(f.seg.Dst.Port()))
		b = append(b, byte(f.seg.Options.Len()), f.seg.TOS)
		b = f.seg.Options.Append(b)
		b = append(b, f.seg.Payload...)
		ends[i+1] = len(b)
	}
	n := len(s.flights)
	var order [maxFlights]int
	for i := range n {
		order[i] = i
	}
	part := func(i int) []byte { return b[ends[i]:ends[i+1]] }
	slices.SortFunc(order[:n], func(i, j int) int { return bytes.Compare(part(i), part(j)) })
	end := len(b)
	for _, i := range order[:n] {
		u64(int64(ends[i+1] - ends[i]))
		b = append(b, part(i)...)
	}
	// What lies between is in the order of their numbers: it moves up.
	b = append(b[:start], b[end:]...)
	*room = b
	sum := sha256.Sum256(b)
	return [16]byte(sum[:16])
}

func bit(v bool) byte {
	if v {
		return 1
	}
	return 0
}

// maxFlights is how many segments may be on the wire at once; beyond that a run is not followed.
const maxFlights = 64
