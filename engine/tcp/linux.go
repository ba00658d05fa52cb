package tcp

import (
	"github.com/handshakelab/lab/engine/rule"
	"github.com/handshakelab/lab/engine/wire"
)

const (
	linuxTimeoutMin = 8 * Millisecond // TCP_TIMEOUT_MIN, two jiffies at 250 Hz
	linuxProbeMin   = 2 * Millisecond // TCP_TIMEOUT_MIN_US, what a tail loss probe waits beyond two round trips
	linuxMinAdvMSS  = 256             // net.ipv4.route.min_adv_mss
	linuxMinSndMSS  = 48              // tcp_min_snd_mss
	linuxDefaultMSS = 536             // TCP_MSS_DEFAULT, over IPv6 too
	linuxMinMTU     = 68              // the smallest that IPv4 allows (RFC 791 section 3.2)
	ipv4Headers     = 40              // of IPv4 and TCP without options
)

// linuxRequest takes a segment for an embryonic connection, which Linux keeps as a request and not as a socket
// (tcp_check_req): the order of the checks is another than that of RFC 9293 section 3.10.7.4.
func (s *step) linuxRequest(seg *wire.Segment) {
	const kinds = wire.SYN | wire.ACK | wire.RST
	// The SYN that began it, again: the SYN-ACK is sent again, and its timer starts anew.
	if seg.Seq == s.t.IRS && seg.Flags&kinds == wire.SYN {
		if !s.limited() {
			s.t.Timing = false
			s.emitSynAck(rule.LinuxSynAckAgain, num(seg.Seq))
			s.set(Retransmit, s.now+s.t.RTO, rule.LinuxSynAckAgain, num(seg.Seq))
		}
		return
	}
	args := [4]int64{num(seg.Seq), int64(seg.Len()), num(s.t.RcvNxt), int64(s.t.RcvWnd)}
	// RFC 9293 section 3.10.7.4, second, with RFC 5961 section 3.2: an RST ends the request with exactly the next number, whatever its
	// ACK; another one in the window is challenged.
	if seg.Flags.Has(wire.RST) {
		if s.check(inRequestWindow(seg, s.t.RcvNxt, s.t.RcvWnd), rule.Sequence, args[:]...) || s.takesAnyNumber(seg, args[:]) {
			s.reset(seg)
		} else {
			s.discard(rule.Sequence, args[:]...)
		}
		return
	}
	// A wrong ACK goes to the listener, which answers with RST; the request stays.
	good := seg.Ack == s.t.SndNxt
	if seg.Flags.Has(wire.ACK) && !s.check(good, rule.LinuxRequestACK, num(seg.Ack), num(s.t.SndNxt)) &&
		!s.lacks(NoSynReceivedCheck, rule.BrokenSynReceivedACK, num(seg.Ack), num(s.t.SndUna), num(s.t.SndNxt)) {
		s.reject(seg, rule.LinuxRequestACK, num(seg.Ack), num(s.t.SndNxt))
		s.discard(rule.LinuxRequestACK, num(seg.Ack), num(s.t.SndNxt))
		return
	}
	if !s.check(inRequestWindow(seg, s.t.RcvNxt, s.t.RcvWnd), rule.Sequence, args[:]...) && !s.takesAnyNumber(seg, args[:]) {
		if !s.outOfWindow(seg) {
			s.ack(rule.Sequence, args[:]...)
		}
		s.discard(rule.Sequence, args[:]...)
		return
	}
	s.recent(seg)
	s.check(true, rule.RSTBit)
	// Fourth: a SYN in the window ends it too, and is answered with RST. The one that began it is only challenged (RFC 5961 section 4.2),
	// as in a connection, if there is an ACK with it.
	again := seg.Flags.Has(wire.SYN) && seg.Seq == s.t.IRS
	if !s.check(again || !seg.Flags.Has(wire.SYN), rule.SYNBit) {
		s.reject(seg, rule.LinuxRequestSYN, num(seg.Seq))
		s.end(Listen, OK, rule.LinuxRequestSYN, num(seg.Seq))
		return
	}
	if !s.check(seg.Flags.Has(wire.ACK), rule.ACKBit) {
		s.discard(rule.ACKBit)
		return
	}
	if again {
		s.challenge(rule.SYNChallenge, num(seg.Seq), num(s.t.RcvNxt))
		s.discard(rule.SYNChallenge, num(seg.Seq), num(s.t.RcvNxt))
		return
	}
	if s.deferred(seg) {
		return
	}
	ack := [3]int64{num(seg.Ack), num(s.t.SndUna), num(s.t.SndNxt)}
	s.check(true, rule.SynReceivedACK, ack[:]...)
	s.updateWindow(seg)
	if good {
		s.acknowledged(seg)
	} else {
		s.believe(rule.BrokenSynReceivedACK)
	}
	s.t.BytesAcked = 0 // the child socket starts behind the SYN
	s.established(rule.SynReceivedACK, ack[:]...)
	s.sendData(rule.SendWindow)
	s.startPersist()
	advanced, finished := s.take(seg)
	s.answer(seg, advanced, finished)
}

// deferred reports whether the ACK of a handshake is put off because the listener wants to hear of a connection only when there is
// something to read (TCP_DEFER_ACCEPT).
func (s *step) deferred(seg *wire.Segment) bool {
	if s.t.Retries >= s.t.Deferred || seg.Len() > 0 {
		return false
	}
	s.t.AckSeen = true
	s.discard(rule.LinuxDeferAccept, num(seg.Ack), int64(s.t.Retries), int64(s.t.Deferred))
	return true
}

// timeouts is how many timeouts of a SYN-ACK it takes until d is over (secs_to_retrans).
func (p *Profile) timeouts(d Time) uint8 {
	if d <= 0 {
		return 0
	}
	n, timeout, total := uint8(1), p.RTOInit, p.RTOInit
	for total < d && n < 255 {
		n++
		timeout = min(2*timeout, p.RTOMax)
		total += timeout
	}
	return n
}

// linuxModel is how long so many retransmissions take from a given timeout on, by which the kernel decides that enough were made
// (tcp_model_timeout): it counts time, not segments, so that a long round trip does not make it wait longer.
func (s *step) linuxModel(count uint8, rto Time) Time {
	total := rto
	for range count {
		rto = min(2*rto, s.p.RTOMax)
		total += rto
	}
	return total
}

// linuxWriter is what the kernel does when an application waits in a send call for the connection: the ACK is left to its text, which
// counts as an answer (tcp_rcv_synsent_state_process).
func (s *step) linuxWriter() {
	s.t.AckDelay, s.t.QuickAck, s.t.LastText = s.p.AckDelay, linuxQuickAcks, s.now
}

// linuxPacket is how many bytes of the text that waits behind the first flying ones the kernel makes one packet of, for the card to cut into
// segments; room is what both windows allow. The last segment of such a packet has PSH (__tcp_transmit_skb).
func (s *step) linuxPacket(flying, room int) int {
	mss := s.mss()
	n := min(len(s.t.Out)-flying, room, s.linuxPacketSegs()*mss, s.t.portion(mss))
	if rest := n % mss; n > mss && rest > 0 && flying > 0 && s.nagle(flying, rest) {
		n -= rest
	}
	return n
}

// linuxPacketSegs is how many segments are in a packet at most: about a millisecond's worth of what is sent in a round trip, two
// at least (tcp_tso_autosize). The shortest round trip stands for all.
func (s *step) linuxPacketSegs() int {
	const most, least = 65535, 2
	mss := s.mss()
	if !s.t.RTTKnown() {
		return max(most/mss, least)
	}
	rate := 2 * int64(s.t.Cwnd) * int64(Second) / int64(s.t.SRTT)
	if s.t.Cwnd >= s.t.SSThresh/2 {
		rate = rate * 120 / 200
	}
	n := rate >> 10
	if r := s.t.SRTT >> 9; r < 32 {
		n += most >> r
	}
	return max(int(min(n, most))/mss, least)
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
		return true
	}
	edge := s.t.RcvNxt.Add(s.t.RcvWnd)
	ok := s.t.RcvNxt.LessEq(seg.End()) && seg.Seq.LessEq(edge)
	// What begins in the window may end behind it only while nothing waits to be read, neither text nor the peer's FIN.
	// A FIN alone does not count, and closing throws away what waits (tcp_sequence).
	if s.t.Unread > 0 || !s.t.Orphan && !s.t.State.receives() && s.t.State.Synchronized() {
		end := seg.End()
		if seg.Flags.Has(wire.FIN) {
			end = end.Add(^uint32(0))
		}
		ok = ok && end.LessEq(edge)
	}
	if s.check(ok, rule.Sequence, args[:]...) {
		return true
	}
	if s.takesAnyNumber(seg, args[:]) {
		return true
	}
	if s.answerAgain(seg) {
		return false
	}
	switch {
	case seg.Flags.Has(wire.RST):
		if s.linuxRSTOfFIN(seg) {
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

// linuxRSTOfFIN reports whether an RST is of a peer that had not seen our ACK of its FIN: it has the FIN's own number
// (tcp_reset_check).
func (s *step) linuxRSTOfFIN(seg *wire.Segment) bool {
	return s.p.Linux && seg.Seq.Add(1) == s.t.RcvNxt && (s.t.State == CloseWait || s.t.State == Closing || s.t.State == LastAck) &&
		s.check(true, rule.LinuxRSTOfFIN, num(seg.Seq), num(s.t.RcvNxt))
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
	o := &s.opts
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
	dup := s.emit(wire.ACK, s.t.SndNxt, "", rule.DSACK, num(seg.Seq), num(end), num(s.t.RcvNxt))
	dup.Options.AddNOP(2)
	dup.Options.AddSACK(wire.Block{Left: seg.Seq, Right: end})
}
