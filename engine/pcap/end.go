package pcap

import (
	"net/netip"
	"slices"
	"unsafe"

	"github.com/handshakelab/lab/engine"
	"github.com/handshakelab/lab/engine/rule"
	"github.com/handshakelab/lab/engine/tcp"
	"github.com/handshakelab/lab/engine/wire"
)

// An arrival is a captured segment on its way to an end.
type arrival struct {
	n   int // number of its packet, 0 for one that was made up
	at  tcp.Time
	seg wire.Segment
	own bool // captured at the end that sent it, so that it was not late, lost or copied before
}

// owed is a segment that the model of an end has sent and that was not captured yet.
type owed struct {
	seg  wire.Segment
	rule rule.ID
	args [rule.MaxParams]int64
}

const (
	maxOwed   = 8        // segments that an end is expected to send
	maxStamps = 32       // values of timestamps that are remembered
	maxAhead  = 64       // segments that wait for a gap to be closed
	maxFlight = 16 << 20 // bytes sent and not acknowledged
	unlimited = 1 << 30  // a window that nobody reaches
)

// zeros returns n zero bytes, at most maxFlight, that stand for text: what it says is not judged. All share memory that is never
// written and so mostly not there.
func zeros(n int) string { return unsafe.String(&zeroText[0], n) }

var zeroText [maxFlight]byte

// An end is one end of a conversation, played by the model.
type end struct {
	host          engine.HostID
	local, remote netip.AddrPort
	base          tcp.Profile
	p             tcp.Profile // base with the options of the end's own SYN
	t             tcp.TCB     // CLOSED when there is no connection
	known         bool        // it has been seen to begin, to end or to be there
	now           tcp.Time    // of the last input
	sentAt        tcp.Time    // when it last sent a SYN
	acked         bool        // it has acknowledged something in this connection
	lastAck       wire.Seq    // the highest acknowledgment, then
	alone         bool        // nothing of the other end was captured
	called        bool        // a SYN of the other end was captured
	queue         []arrival   // captured towards it since it last sent: in flight, arrived or lost
	ahead         []arrival   // arrived ahead of a gap
	owed          []owed
	stamps        []uint32 // values of the timestamps that it sent, the latest last
	shared        *shared  // by all copies of both ends
}

// shared is what following a conversation has once.
type shared struct {
	work    int // done so far, see maxWork
	effects []tcp.Effect
	sent    []wire.Segment
}

// clone returns a copy that shares nothing that changes but the queue.
func (x *end) clone() end {
	c := *x
	c.ahead, c.owed, c.stamps = slices.Clone(x.ahead), slices.Clone(x.owed), slices.Clone(x.stamps)
	return c
}

// step gives an input to the model and keeps what it sends.
func (x *end) step(now tcp.Time, in tcp.Input) {
	x.now = max(x.now, now)
	m := x.shared
	x.t, m.effects, m.sent = tcp.Step(x.t, &x.p, x.now, in, m.effects[:0], m.sent[:0])
	for i := range m.effects {
		if e := &m.effects[i]; e.Kind == tcp.Send {
			if len(x.owed) == maxOwed {
				x.owed = slices.Delete(x.owed, 0, 1)
			}
			x.owed = append(x.owed, owed{m.sent[e.Sent], e.Rule, e.Args})
		}
	}
	if x.t.State == tcp.Closed || x.t.State == tcp.Listen {
		x.t, x.ahead = tcp.TCB{}, nil
	}
}

// blank is the record of a connection that is about to begin.
func (x *end) blank(s tcp.State) tcp.TCB {
	return tcp.TCB{ID: 1, Local: x.local, Remote: x.remote, State: s, Passive: s == tcp.Listen}
}

// feed lets a segment arrive. next is what the end sends next, from which is learned what it did not say before: whether somebody
// listens, and the numbers and options of its own SYN.
func (x *end) feed(a *arrival, next *wire.Segment) {
	x.shared.work++
	seg := a.seg
	if seg.ICMP.Kind != wire.NoICMP {
		if x.t.State != tcp.Closed {
			x.step(a.at, tcp.Input{Kind: tcp.ICMPInput, Seg: &seg})
		}
		return
	}
	x.forgetEcho(&seg)
	first := seg.Flags&(wire.SYN|wire.ACK|wire.RST) == wire.SYN
	answer := next.Flags.Has(wire.SYN | wire.ACK)
	anew := answer && next.Seq != x.t.ISS && (x.t.State == tcp.TimeWait || x.t.State == tcp.SynReceived && x.t.Passive)
	switch {
	case first && (x.t.State == tcp.Closed || anew) && !next.Flags.Has(wire.RST) && (x.known || answer):
		x.listen(a.at, &seg, next)
	case first && x.t.State == tcp.Closed && !x.known && !next.Flags.Has(wire.RST):
		// It answers a SYN with something else than SYN-ACK or RST: it has a connection that it takes the SYN for.
	case x.t.State == tcp.Closed && !x.known && !next.Flags.Has(wire.RST):
		// The capture begins in the middle, and the end has not been seen yet.
	default:
		if x.t.State == tcp.Closed {
			x.known = true
			x.t = tcp.TCB{Local: x.local, Remote: x.remote}
		}
		x.arrive(a, &seg)
	}
}

func (x *end) listen(at tcp.Time, seg, next *wire.Segment) {
	in := tcp.Input{Kind: tcp.SegmentInput, Seg: seg, ISS: next.Seq, TSOffset: x.offset(at, next)}
	if next.Flags.Has(wire.SYN) {
		x.p = learn(x.base, next)
		// RFC 7413 section 4.2.2: whether a cookie is good, only the server knows.
		asks, gives := seg.Options.Parse(), next.Options.Parse()
		take := asks.HasFastOpen && asks.CookieLen > 0 && next.Ack == seg.End()
		if take {
			x.p.Window += uint32(len(seg.Payload)) // the SYN-ACK may tell what is left
		}
		cookie := tcp.Cookie{}
		if asks.HasFastOpen && gives.HasFastOpen {
			cookie = tcp.Cookie{Len: gives.CookieLen, Bytes: gives.Cookie}
		}
		in = in.FastOpened(take, cookie)
	} else {
		in.ISS = in.ISS.Add(^uint32(0))
	}
	x.known, x.t, x.ahead = true, x.blank(tcp.Listen), nil
	x.step(at, in)
	if x.t.Unread > 0 {
		x.step(at, tcp.Input{Kind: tcp.RecvInput})
	}
	x.acked = false
}

// arrive takes a segment for a connection that is there. Real hosts keep more pieces of text ahead of a gap than the model does: they
// are kept here too, and given to it again when the gap is closed.
func (x *end) arrive(a *arrival, seg *wire.Segment) {
	if x.t.State.Synchronized() && seg.Len() > 0 && x.t.RcvNxt.Less(seg.Seq) && len(x.ahead) < maxAhead {
		x.ahead = append(x.ahead, arrival{a.n, a.at, *seg, a.own})
	}
	x.input(a.at, seg)
	for i := 0; i < len(x.ahead) && x.t.State != tcp.Closed; {
		if held := x.ahead[i].seg; held.Seq.LessEq(x.t.RcvNxt) {
			x.ahead = slices.Delete(x.ahead, i, i+1)
			if x.t.RcvNxt.Less(held.End()) {
				x.input(a.at, &held)
				i = 0
			}
			continue
		}
		i++
	}
}

func (x *end) input(at tcp.Time, seg *wire.Segment) {
	for i := range x.t.NumHeld {
		x.shared.work += len(x.t.Held[i].Text) / workBytes // what is held is copied when it is joined
	}
	x.step(at, tcp.Input{Kind: tcp.SegmentInput, Seg: seg})
	if x.t.Unread > 0 {
		x.step(at, tcp.Input{Kind: tcp.RecvInput}) // the application reads at once: how full its buffer is, its windows say
	}
}

// forgetEcho takes the echoed timestamp out of a segment when it is one that the end really sent. The model's clock would not know it.
func (x *end) forgetEcho(seg *wire.Segment) {
	o := seg.Options.Parse()
	if !o.HasTimestamps || !slices.Contains(x.stamps, o.TSEcr) {
		return
	}
	for opt := range seg.Options.All() {
		if opt.Kind == wire.KindTimestamps && len(opt.Data) == 8 && !opt.Bad {
			b := seg.Options.Bytes()
			clear(b[opt.At+6 : opt.At+10])
			seg.Options, _ = wire.RawOptions(b) // as many bytes as before
		}
	}
}

// give lets the application send n bytes.
func (x *end) give(n int, at tcp.Time) {
	x.t.Out = zeros(len(x.t.Out) + n)
	x.step(at, tcp.Input{Kind: tcp.SendInput})
}

// force moves the model to where it has sent s, where it would have waited: for its congestion window, or for more to send.
func (x *end) force(s *wire.Segment, at tcp.Time) {
	t := &x.t
	first, end := t.SndUna, s.End()
	if first == t.ISS {
		first = first.Add(1) // the SYN is not acknowledged
	}
	if s.Flags.Has(wire.FIN) {
		end = end.Add(^uint32(0))
	}
	if sent := int(end.Sub(first)); sent > len(t.Out) {
		t.Out = zeros(sent)
	}
	if s.Flags.Has(wire.FIN) {
		t.FinQueued, t.FinSent = true, true
	}
	if t.SndNxt.Less(s.End()) {
		t.SndNxt = s.End()
	}
	if t.Timers[tcp.Retransmit] == tcp.Never {
		t.Timers[tcp.Retransmit] = max(x.now, at) + t.RTO
	}
}
