package pcap

import (
	"slices"

	"github.com/handshakelab/lab/engine/tcp"
	"github.com/handshakelab/lab/engine/wire"
)

// maxMSS is what the loopback interface announces: more than any segment has.
const maxMSS = 65495

// learn gives a profile the options that a SYN shows.
func learn(p tcp.Profile, syn *wire.Segment) tcp.Profile {
	o := syn.Options.Parse()
	p.MSS = 536
	if o.HasMSS && o.MSS > 0 {
		p.MSS = o.MSS
	}
	p.Window, p.WholeMSS = uint32(syn.Window), false
	p.ScaleOn, p.Scale = o.HasWindowScale, o.WindowScale
	p.SACK, p.Timestamps = o.SACKPermitted, o.HasTimestamps
	return p
}

// offset is what makes the model's timestamps equal to those of seg, which the end sends at about this time.
func (x *end) offset(at tcp.Time, seg *wire.Segment) uint32 {
	o := seg.Options.Parse()
	if !o.HasTimestamps {
		return 0
	}
	return o.TSVal - uint32(max(x.now, at)/tcp.Millisecond)
}

// join makes up a handshake before s, which is in the middle of its connection. Neither side has a window that could be filled.
func (x *end) join(s *wire.Segment, at tcp.Time) {
	o := s.Options.Parse()
	x.known = true
	x.p = x.base
	x.p.MSS, x.p.ScaleOn, x.p.Scale, x.p.SACK, x.p.Timestamps = maxMSS, true, wire.MaxWindowScale, true, o.HasTimestamps
	x.t = x.blank(tcp.Closed)
	x.step(at, tcp.Input{Kind: tcp.OpenInput, ISS: s.Seq.Add(^uint32(0)), TSOffset: x.offset(at, s)})
	synAck := wire.NewSegment(x.remote, x.local)
	synAck.Flags, synAck.Seq, synAck.Ack, synAck.Window = wire.SYN|wire.ACK, s.Ack.Add(^uint32(0)), s.Seq, 65535
	synAck.Options = x.offered()
	x.input(at, &synAck)
	x.t.RcvWnd, x.t.RcvBuf, x.t.SndWnd, x.t.MaxWnd = unlimited, unlimited, unlimited, unlimited
	x.t.BytesAcked = unlimited
	x.t.TSRecent = o.TSEcr
	x.owed, x.acked, x.lastAck = nil, true, s.Ack
}

// learnFrom takes over what s shows of the end: its window, how far it has acknowledged, its timestamp.
func (x *end) learnFrom(s *wire.Segment, at tcp.Time) {
	x.now = max(x.now, at)
	if o := s.Options.Parse(); o.HasTimestamps && !slices.Contains(x.stamps, o.TSVal) {
		if len(x.stamps) == maxStamps {
			x.stamps = slices.Delete(x.stamps, 0, 1)
		}
		x.stamps = append(x.stamps, o.TSVal)
	}
	t := &x.t
	if s.Flags.Has(wire.SYN) {
		x.sentAt = at
	}
	if t.State == tcp.Closed || s.Flags.Has(wire.RST) {
		return
	}
	wnd := uint32(s.Window)
	if !s.Flags.Has(wire.SYN) {
		wnd <<= t.RcvScale
	}
	if !s.Flags.Has(wire.ACK) {
		t.RcvWnd, t.RcvBuf = wnd, wnd
		return
	}
	if !x.acked || x.lastAck.Less(s.Ack) {
		x.acked, x.lastAck = true, s.Ack
	}
	// One acknowledgment does for all before it.
	x.owed = slices.DeleteFunc(x.owed, func(m owed) bool { return m.seg.Flags == wire.ACK && m.seg.Len() == 0 && m.seg.Ack.LessEq(s.Ack) })
	// The right edge of the window; what the other end has seen of it, it may use.
	if right := s.Ack.Add(wnd); t.RcvNxt.Add(t.RcvWnd).Less(right) || t.RcvNxt == s.Ack {
		t.RcvWnd = uint32(max(0, right.Sub(t.RcvNxt)))
	}
	t.RcvBuf = max(t.RcvBuf, t.RcvWnd)
}

// fill makes up text that was not captured, and that an acknowledgment of up to ack proves to have been there: text behind it was
// captured. It returns how many bytes.
func (x *end) fill(ack wire.Seq, at tcp.Time) (missed uint32) {
	for x.t.RcvNxt.Less(ack) {
		var next *wire.Segment
		for i := range x.ahead {
			if s := &x.ahead[i].seg; x.t.RcvNxt.Less(s.Seq) && s.Seq.LessEq(ack) && (next == nil || s.Seq.Less(next.Seq)) {
				next = s
			}
		}
		if next == nil || next.Seq.Sub(x.t.RcvNxt) > maxFlight {
			break
		}
		gap := uint32(next.Seq - x.t.RcvNxt)
		lost := *next
		lost.Flags, lost.Seq, lost.Payload = wire.ACK, x.t.RcvNxt, zeros(int(gap))
		before := x.t.RcvNxt
		x.arrive(&arrival{at: at}, &lost)
		if x.t.RcvNxt == before {
			break
		}
		missed += gap
	}
	return missed
}

// imagine makes up what the other end, of which nothing was captured, must have sent for now to make sense.
func (x *end) imagine(now *arrival) {
	s := &now.seg
	x.queue = nil
	if s.Flags.Has(wire.RST) {
		return
	}
	other := wire.NewSegment(x.remote, x.local)
	other.Window, other.Seq, other.Ack = 65535, x.t.RcvNxt, x.t.SndNxt
	if s.Flags.Has(wire.SYN) && x.t.State >= tcp.SynReceived && s.Seq != x.t.ISS {
		// A new connection: the old one is over, and nothing is easier to make up than an RST.
		rst := other
		rst.Flags = wire.RST
		x.queue = append(x.queue, arrival{at: now.at, seg: rst})
	}
	switch {
	case !s.Flags.Has(wire.ACK):
		return
	case s.Flags.Has(wire.SYN) && x.t.State == tcp.SynReceived && s.Seq == x.t.ISS:
		return
	case s.Flags.Has(wire.SYN):
		other.Flags, other.Seq, other.Ack, other.Options = wire.SYN, s.Ack.Add(^uint32(0)), 0, mirrored(s)
	case x.t.State == tcp.SynSent:
		other.Flags, other.Seq, other.Options = wire.SYN|wire.ACK, s.Ack.Add(^uint32(0)), x.offered()
		if x.t.ISS.Less(s.Seq) && s.Seq.Less(x.t.SndNxt) {
			other.Ack = s.Seq // the text of the SYN was not taken
		}
	case x.t.State == tcp.Closed || !x.t.RcvNxt.LessEq(s.Ack):
		return
	default:
		n := uint32(s.Ack - x.t.RcvNxt)
		x.t.RcvWnd = max(x.t.RcvWnd, unlimited)
		if n > maxPiece {
			x.t.RcvNxt = x.t.RcvNxt.Add(n - maxPiece)
			n = maxPiece
		}
		other.Flags, other.Seq, other.Payload = wire.ACK, x.t.RcvNxt, zeros(int(n))
		if x.t.TSOK {
			other.Options = other.Options.WithTimestamps(x.t.TSRecent, 0)
		}
	}
	x.queue = append(x.queue, arrival{at: now.at, seg: other})
}

// mirrored are the options of a SYN that offers all that a SYN-ACK agrees to.
func mirrored(synAck *wire.Segment) wire.Options {
	o := synAck.Options.Parse()
	out := wire.Options{}.WithMSS(maxMSS)
	if o.HasTimestamps {
		out = out.WithTimestamps(o.TSEcr, 0)
	}
	if o.SACKPermitted {
		out = out.WithSACKPermitted()
	}
	if o.HasWindowScale {
		out = out.WithWindowScale(wire.MaxWindowScale)
	}
	return out
}

// offered are the options of a SYN-ACK that agrees to all that the end offered.
func (x *end) offered() wire.Options {
	out := wire.Options{}.WithMSS(maxMSS)
	if x.p.Timestamps {
		out = out.WithTimestamps(1, 0)
	}
	if x.p.SACK {
		out = out.WithSACKPermitted()
	}
	if x.p.ScaleOn {
		out = out.WithWindowScale(wire.MaxWindowScale)
	}
	return out
}
