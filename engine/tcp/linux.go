package tcp

import (
	"github.com/handshakelab/lab/engine/rule"
	"github.com/handshakelab/lab/engine/wire"
)

const (
	linuxTimeoutMin = 8 * Millisecond // TCP_TIMEOUT_MIN, two jiffies at 250 Hz
	linuxMinSndMSS  = 48              // tcp_min_snd_mss
)

// linuxRequest takes a segment for an embryonic connection, which Linux keeps as a request and not as a socket
// (tcp_check_req): the order of the checks is another than that of RFC 9293 section 3.10.7.4.
func (s *step) linuxRequest(seg *wire.Segment) {
	const kinds = wire.SYN | wire.ACK | wire.RST | wire.FIN
	// The SYN that began it, again: the SYN-ACK is sent again, and its timer starts anew.
	if seg.Seq == s.t.IRS && seg.Flags&kinds == wire.SYN {
		if !s.limited() {
			s.t.Timing = false
			s.emitSynAck(rule.LinuxSynAckAgain, num(seg.Seq))
			s.set(Retransmit, s.now+s.t.RTO, rule.LinuxSynAckAgain, num(seg.Seq))
		}
		return
	}
	// A wrong ACK goes to the listener, which answers with RST; the request stays.
	if seg.Flags.Has(wire.ACK) && !s.check(seg.Ack == s.t.SndNxt, rule.LinuxRequestACK, num(seg.Ack), num(s.t.SndNxt)) {
		s.reject(seg, rule.LinuxRequestACK, num(seg.Ack), num(s.t.SndNxt))
		s.discard(rule.LinuxRequestACK, num(seg.Ack), num(s.t.SndNxt))
		return
	}
	args := [4]int64{num(seg.Seq), int64(seg.Len()), num(s.t.RcvNxt), int64(s.t.RcvWnd)}
	if !s.check(inRequestWindow(seg, s.t.RcvNxt, s.t.RcvWnd), rule.Sequence, args[:]...) {
		if !seg.Flags.Has(wire.RST) && !s.outOfWindow(seg) {
			s.ack(rule.Sequence, args[:]...)
		}
		s.discard(rule.Sequence, args[:]...)
		return
	}
	s.recent(seg)
	syn := seg.Flags.Has(wire.SYN) && seg.Seq != s.t.IRS // the SYN that began it is cut off and the rest goes on
	// RFC 9293 section 3.10.7.4, second: an RST in the window ends it. RFC 5961 is not applied to a request.
	if !s.check(!seg.Flags.Has(wire.RST), rule.RSTBit) {
		s.end(Listen, OK, rule.RSTToListen)
		return
	}
	// Fourth: a SYN in the window ends it too, and is answered with RST.
	if !s.check(!syn, rule.SYNBit) {
		s.reject(seg, rule.LinuxRequestSYN, num(seg.Seq))
		s.end(Listen, OK, rule.LinuxRequestSYN, num(seg.Seq))
		return
	}
	if !s.check(seg.Flags.Has(wire.ACK), rule.ACKBit) {
		s.discard(rule.ACKBit)
		return
	}
	ack := [3]int64{num(seg.Ack), num(s.t.SndUna), num(s.t.SndNxt)}
	s.check(true, rule.SynReceivedACK, ack[:]...)
	s.updateWindow(seg)
	s.acknowledged(seg)
	s.t.BytesAcked = 0 // the child socket starts behind the SYN
	s.established(rule.SynReceivedACK, ack[:]...)
	s.sendData(rule.SendWindow)
	s.startPersist()
	advanced := s.text(seg)
	finished := s.fin(seg)
	s.answer(seg, advanced, finished)
}

// inRequestWindow is tcp_in_window of the kernel.
func inRequestWindow(seg *wire.Segment, nxt wire.Seq, wnd uint32) bool {
	end := seg.End()
	return seg.Seq == nxt || nxt.Less(end) && seg.Seq.Less(nxt.Add(wnd)) || seg.Seq == nxt.Add(wnd) && end == seg.Seq
}

// linuxSequence is the first check as tcp_sequence makes it: a segment that ends at or behind RCV.NXT and begins at or
// before the right edge of the window is taken, so that the ACK field of old data still counts.
func (s *step) linuxSequence(seg *wire.Segment) bool {
	args := [4]int64{num(seg.Seq), int64(seg.Len()), num(s.t.RcvNxt), int64(s.t.RcvWnd)}
	old := seg.Len() > 0 && seg.End() == s.t.RcvNxt && !seg.Flags.Any(wire.SYN|wire.RST)
	if old {
		s.check(true, rule.LinuxSequence, args[:]...)
		s.recent(seg)
		return true
	}
	ok := s.t.RcvNxt.LessEq(seg.End()) && seg.Seq.LessEq(s.t.RcvNxt.Add(s.t.RcvWnd))
	if s.check(ok, rule.Sequence, args[:]...) {
		s.recent(seg)
		return true
	}
	switch {
	case seg.Flags.Has(wire.RST):
		// The RST of a peer that had not seen our ACK of its FIN has the FIN's own number.
		if seg.Seq.Add(1) == s.t.RcvNxt && (s.t.State == CloseWait || s.t.State == Closing || s.t.State == LastAck) {
			s.check(true, rule.LinuxRSTOfFIN, num(seg.Seq), num(s.t.RcvNxt))
			s.resetNow()
			return false
		}
	case seg.Flags.Has(wire.SYN):
		// A SYN outside the window is challenged like one in it (RFC 5961 section 4.2).
		s.challenge(rule.SYNChallenge, num(seg.Seq), num(s.t.RcvNxt))
	case !s.outOfWindow(seg):
		s.duplicate(seg)
	}
	s.discard(rule.Sequence, args[:]...)
	return false
}

// outOfWindow limits the answers to unacceptable segments without text.
func (s *step) outOfWindow(seg *wire.Segment) bool {
	if len(seg.Payload) > 0 && !seg.Flags.Has(wire.SYN) {
		return false
	}
	return s.limited()
}

// linuxEcho is the check of the kernel that the peer's SYN-ACK echoes a timestamp that was sent: an older or newer one is
// of another connection.
func (s *step) linuxEcho(seg *wire.Segment) bool {
	o := seg.Options.Parse()
	if !s.p.Timestamps || !o.HasTimestamps || o.TSEcr == 0 {
		return true
	}
	first := uint32(s.t.FirstSent/Millisecond) + s.t.TSOffset
	if s.check(int32(o.TSEcr-first) >= 0 && int32(s.tsVal()-o.TSEcr) >= 0, rule.LinuxEcho, int64(o.TSEcr), int64(first), int64(s.tsVal())) {
		return true
	}
	s.reject(seg, rule.LinuxEcho, int64(o.TSEcr), int64(first), int64(s.tsVal()))
	s.discard(rule.LinuxEcho, int64(o.TSEcr), int64(first), int64(s.tsVal()))
	return false
}

// linuxSimultaneous lets the SYN-ACK of a simultaneous open pass, whose SYN was taken before. RFC 9293 figure 7 shows it so,
// the text of section 3.10.7.4 would only acknowledge it.
func (s *step) linuxSimultaneous(seg *wire.Segment) bool {
	return s.t.State == SynReceived && seg.Flags.Has(wire.SYN|wire.ACK) && seg.Len() == 1 && seg.End() == s.t.RcvNxt &&
		seg.Ack == s.t.SndNxt && s.check(true, rule.LinuxSimultaneous, num(seg.Seq), num(seg.Ack))
}

// duplicate acknowledges numbers that arrived before. Where SACK was agreed Linux names them in a block
// (DSACK, RFC 2883 section 4).
func (s *step) duplicate(seg *wire.Segment) {
	end := seg.End()
	if !s.p.Linux || !s.t.SACKOK || seg.Len() == 0 || s.t.RcvNxt.Less(end) {
		s.ack(rule.Duplicate, num(seg.Seq), num(s.t.RcvNxt))
		return
	}
	o := s.options().WithNOP().WithNOP().WithSACK(wire.Block{Left: seg.Seq, Right: end})
	s.emit(wire.ACK, s.t.SndNxt, "", o, rule.DSACK, num(seg.Seq), num(end), num(s.t.RcvNxt))
}
