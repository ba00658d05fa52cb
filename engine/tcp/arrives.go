package tcp

import (
	"github.com/handshakelab/lab/engine/rule"
	"github.com/handshakelab/lab/engine/wire"
)

// arrives takes a segment in SYN-RECEIVED and all later states, check by check as RFC 9293 section 3.10.7.4 numbers them.
// The third, security and compartment, is about an option that nobody uses and is left out.
func (s *step) arrives(seg *wire.Segment) {
	if s.p.Linux && !seg.Flags.Any(wire.ACK|wire.RST|wire.SYN) {
		// The kernel drops what has none of these bits before it looks at anything else.
		s.check(false, rule.ACKBit)
		s.discard(rule.ACKBit)
		return
	}
	if !s.sequence(seg) || !s.reset(seg) || !s.syn(seg) || !s.ackField(seg) {
		return
	}
	// Sixth, the URG bit: the pointer would be told to the application. No call here reads it.
	if s.p.Linux && s.linuxAfterClose(seg) {
		return
	}
	advanced, finished := s.take(seg)
	s.answer(seg, advanced, finished)
}

// sequence is the first check: the segment must lie in the receive window.
func (s *step) sequence(seg *wire.Segment) bool {
	if !s.paws(seg) {
		return false
	}
	if s.p.Linux {
		return s.linuxSequence(seg)
	}
	args := [4]int64{num(seg.Seq), int64(seg.Len()), num(s.t.RcvNxt), int64(s.t.RcvWnd)}
	if s.check(acceptable(seg, s.t.RcvNxt, s.t.RcvWnd), rule.Sequence, args[:]...) {
		s.recent(seg)
		return true
	}
	if s.takesAnyNumber(seg, args[:]) {
		return true
	}
	if s.answerAgain(seg) {
		return false
	}
	// RFC 9293 section 3.10.7.4, first: an unacceptable segment is acknowledged, unless it is an RST, and dropped.
	if !seg.Flags.Has(wire.RST) {
		s.ack(rule.Sequence, args[:]...)
	}
	s.discard(rule.Sequence, args[:]...)
	return false
}

// acceptable is the table of RFC 9293 section 3.4: with room, the first or the last number of the segment must be in the
// window; without room only an empty segment at RCV.NXT is acceptable.
func acceptable(seg *wire.Segment, nxt wire.Seq, wnd uint32) bool {
	n := seg.Len()
	switch {
	case n == 0 && wnd == 0:
		return seg.Seq == nxt
	case n == 0:
		return seg.Seq.In(nxt, wnd)
	case wnd == 0:
		return false
	default:
		return seg.Seq.In(nxt, wnd) || seg.Seq.Add(n-1).In(nxt, wnd)
	}
}

// paws drops a segment whose timestamp is older than the newest one seen: it belongs to an earlier round of the sequence
// numbers (RFC 7323 section 5.3, R1). An RST is exempt.
func (s *step) paws(seg *wire.Segment) bool {
	if !s.p.PAWS || !s.t.TSOK || seg.Flags.Has(wire.RST) {
		return true
	}
	o := &s.opts
	if !o.HasTimestamps {
		// RFC 7323 section 3.2: a segment without timestamps on a connection with them should be dropped. Linux takes it.
		if s.p.Linux || s.t.State == SynReceived {
			return true
		}
		s.check(false, rule.TimestampMissing)
		s.discard(rule.TimestampMissing)
		return false
	}
	// RFC 7323 section 5.5: the timestamp of a connection that was idle for so long says nothing any more.
	if s.now-s.t.RecentAt > pawsIdle {
		return true
	}
	args := [2]int64{int64(o.TSVal), int64(s.t.TSRecent)}
	slack := int32(0)
	if s.p.Linux {
		slack = 1 // TCP_PAWS_WINDOW
	}
	if late := int32(s.t.TSRecent - o.TSVal); late <= slack {
		if late > 0 {
			s.check(true, rule.LinuxPAWS, args[:]...)
		}
		return true
	}
	s.check(false, rule.PAWS, args[:]...)
	if s.p.Linux && seg.Flags.Has(wire.SYN) {
		// A SYN is challenged whatever its timestamp (RFC 5961 section 4.2).
		s.challenge(rule.SYNChallenge, num(seg.Seq), num(s.t.RcvNxt))
		s.discard(rule.SYNChallenge, num(seg.Seq), num(s.t.RcvNxt))
		return false
	}
	if !s.p.Linux || !s.outOfWindow(seg) {
		s.ack(rule.PAWS, args[:]...)
	}
	s.discard(rule.PAWS, args[:]...)
	return false
}

// recent notes the peer's timestamp (RFC 7323 section 4.3): of a segment that is not ahead of what was acknowledged.
func (s *step) recent(seg *wire.Segment) {
	if !s.t.TSOK || !seg.Seq.LessEq(s.t.RcvNxt) {
		return
	}
	o := &s.opts
	if o.HasTimestamps && (int32(o.TSVal-s.t.TSRecent) >= 0 || s.now-s.t.RecentAt > pawsIdle) {
		s.t.TSRecent, s.t.RecentAt = o.TSVal, s.now
	}
}

// pawsIdle is how long TS.Recent counts (RFC 7323 section 5.5).
const pawsIdle = 24 * 24 * 3600 * Second

// reset is the second check, the RST bit, with RFC 5961 section 3.2: only an RST with exactly the next expected number
// resets; another one in the window is challenged.
func (s *step) reset(seg *wire.Segment) bool {
	if s.check(!seg.Flags.Has(wire.RST), rule.RSTBit) {
		return true
	}
	if !s.linuxRSTOfFIN(seg) && !s.check(seg.Seq == s.t.RcvNxt, rule.RSTExact, num(seg.Seq), num(s.t.RcvNxt)) &&
		!s.lacks(NoRSTCheck, rule.BrokenRSTCheck, num(seg.Seq), num(s.t.RcvNxt)) {
		s.challenge(rule.RSTExact, num(seg.Seq), num(s.t.RcvNxt))
		s.discard(rule.RSTExact, num(seg.Seq), num(s.t.RcvNxt))
		return false
	}
	s.resetNow()
	return false
}

// resetNow is what an RST that is believed does.
func (s *step) resetNow() {
	switch {
	// RFC 9293 section 3.10.7.4, second, SYN-RECEIVED from a passive OPEN: back to LISTEN, nobody is told (MUST-11). With Fast
	// Open the application may have it already.
	case s.t.State == SynReceived && s.t.Passive && s.t.FastOpen:
		s.end(Closed, ECONNRESET, rule.RSTReset)
	case s.t.State == SynReceived && s.t.Passive:
		s.end(Listen, OK, rule.RSTToListen)
	// SYN-RECEIVED from an active OPEN: the connection was refused. Linux says that it was reset.
	case s.t.State == SynReceived && s.p.Linux:
		s.end(Closed, ECONNRESET, rule.LinuxResetErrno)
	case s.t.State == SynReceived:
		s.end(Closed, ECONNREFUSED, rule.RSTRefused)
	case s.t.State == CloseWait && s.p.Linux:
		s.end(Closed, EPIPE, rule.LinuxResetErrno)
	case (s.t.State == Closing || s.t.State == LastAck) && s.p.Linux && !s.t.Orphan:
		s.end(Closed, ECONNRESET, rule.LinuxResetErrno)
	// CLOSING, LAST-ACK, TIME-WAIT: CLOSED, and nobody is told: the application has closed.
	case s.t.Orphan || s.t.State == TimeWait || s.t.State == Closing || s.t.State == LastAck:
		s.end(Closed, OK, rule.RSTClosing)
	default:
		s.end(Closed, ECONNRESET, rule.RSTReset)
	}
}

// syn is the fourth check, the SYN bit.
func (s *step) syn(seg *wire.Segment) bool {
	if s.check(!seg.Flags.Has(wire.SYN), rule.SYNBit) {
		return true
	}
	if s.p.Linux && s.linuxSimultaneous(seg) {
		return true
	}
	if s.answerAgain(seg) {
		return false
	}
	// RFC 9293 section 3.10.7.4, fourth, SYN-RECEIVED from a passive OPEN: back to LISTEN.
	if s.t.State == SynReceived && s.t.embryonic() {
		s.end(Listen, OK, rule.SYNToListen)
		return false
	}
	// RFC 5961 section 4.2: otherwise, whatever its number, a SYN draws a challenge ACK.
	s.challenge(rule.SYNChallenge, num(seg.Seq), num(s.t.RcvNxt))
	s.discard(rule.SYNChallenge, num(seg.Seq), num(s.t.RcvNxt))
	return false
}

// challenge sends a challenge ACK, <SEQ=SND.NXT><ACK=RCV.NXT><CTL=ACK>: a peer that is really there answers it.
func (s *step) challenge(id rule.ID, args ...int64) {
	if s.limited() {
		return
	}
	s.ack(id, args...)
}

// limited holds back an answer that would come too soon after the last one (RFC 5961 section 7; Linux
// tcp_invalid_ratelimit).
func (s *step) limited() bool {
	last := s.t.LastInWnd
	if s.p.RateLimit > 0 && last != Never && s.now-last < s.p.RateLimit {
		s.check(false, rule.RateLimit, int64(s.now-last), int64(s.p.RateLimit))
		return true
	}
	if s.p.RateLimit > 0 {
		s.t.LastInWnd = s.now
	}
	return false
}

// completes reports whether a segment carries the ACK that SYN-RECEIVED waits for.
func (t *TCB) completes(seg *wire.Segment) bool {
	return seg.Flags.Has(wire.ACK) && t.SndUna.Less(seg.Ack) && seg.Ack.LessEq(t.SndNxt)
}

// ackField is the fifth check, the ACK bit and the ACK field.
func (s *step) ackField(seg *wire.Segment) bool {
	// RFC 9293 section 3.10.7.4, fifth: without the ACK bit the segment is dropped.
	if !s.check(seg.Flags.Has(wire.ACK), rule.ACKBit) {
		s.discard(rule.ACKBit)
		return false
	}
	args := [4]int64{num(seg.Ack), num(s.t.SndUna), num(s.t.SndNxt)}
	if s.t.State == SynReceived {
		// SYN-RECEIVED: SND.UNA < SEG.ACK <= SND.NXT enters ESTABLISHED; anything else is answered
		// <SEQ=SEG.ACK><CTL=RST>.
		good := s.t.completes(seg)
		if !good && s.p.Linux && seg.Ack == s.t.SndUna {
			good = s.check(true, rule.LinuxSimultaneousACK, num(seg.Ack))
		} else if !s.check(good, rule.SynReceivedACK, args[:3]...) && !s.lacks(NoSynReceivedCheck, rule.BrokenSynReceivedACK, args[:3]...) {
			s.reject(seg, rule.SynReceivedACK, args[:3]...)
			s.discard(rule.SynReceivedACK, args[:3]...)
			return false
		}
		if s.deferred(seg) {
			return false
		}
		if s.p.Linux {
			s.recent(seg)
		}
		s.updateWindow(seg)
		if good {
			s.acknowledged(seg)
			if s.p.Linux && s.t.Passive {
				s.t.BytesAcked-- // a child socket starts behind the SYN
			}
		} else {
			s.believe(rule.BrokenSynReceivedACK)
		}
		s.established(rule.SynReceivedACK, args[:3]...)
		s.sendData(rule.SendWindow) // what was given before both sides were open
		s.startPersist()
		return true
	}
	return s.ackEstablished(seg)
}

// ackEstablished is the fifth check in ESTABLISHED and the states after it.
func (s *step) ackEstablished(seg *wire.Segment) bool {
	// RFC 5961 section 5.2: SND.UNA - MAX.SND.WND <= SEG.ACK <= SND.NXT, or the segment is acknowledged and dropped.
	back, id := s.t.MaxWnd, rule.ACKRange
	if s.p.Linux && s.t.BytesAcked < back {
		back, id = s.t.BytesAcked, rule.LinuxACKUnsent
	}
	args := [4]int64{num(seg.Ack), num(s.t.SndUna), num(s.t.SndNxt), int64(back)}
	if !s.check(s.t.SndUna.Add(-back).LessEq(seg.Ack) && seg.Ack.LessEq(s.t.SndNxt), id, args[:]...) {
		s.challenge(id, args[:]...)
		s.discard(id, args[:]...)
		return false
	}
	// Linux believes a timestamp only once the ACK field is good, and not older than the last one (tcp_ack).
	if s.p.Linux && s.t.SndUna.LessEq(seg.Ack) {
		s.recent(seg)
	}
	// RFC 9293 section 3.10.7.4, fifth, ESTABLISHED: SND.UNA < SEG.ACK acknowledges something new; an older ACK is ignored.
	a := s.before()
	if s.check(s.t.SndUna.Less(seg.Ack), rule.ACKNew, args[:3]...) {
		s.takeSacked()
		s.acknowledged(seg)
	} else {
		if s.p.Linux && seg.Ack.Less(s.t.SndUna) {
			s.takeSacked() // an old ACK may still tell what has arrived (tcp_ack)
		}
		s.duplicateAck(seg)
	}
	if s.p.Linux {
		s.linuxAcked(a)
	}
	if s.t.SndUna.LessEq(seg.Ack) {
		s.t.ProbesOut = 0
		s.updateWindow(seg)
	}
	s.sendData(rule.SendWindow)
	s.startPersist()
	return s.closing(seg)
}

// updateWindow takes the peer's window from a segment that is not older than the last one that set it
// (RFC 9293 section 3.10.7.4, fifth: SND.WL1 and SND.WL2 keep old segments from using their windows).
func (s *step) updateWindow(seg *wire.Segment) {
	fresh := s.t.SndWL1.Less(seg.Seq) || s.t.SndWL1 == seg.Seq && s.t.SndWL2.LessEq(seg.Ack) || s.t.State == SynReceived
	if !fresh {
		return
	}
	wnd := uint32(seg.Window)
	// RFC 7323 section 2.3: SND.WND = SEG.WND << Snd.Wind.Shift, but never in a segment with SYN.
	if !seg.Flags.Has(wire.SYN) {
		wnd <<= s.t.SndScale
	}
	if s.p.Linux && wnd != s.t.SndWnd && len(s.t.Out) > 0 && s.t.State.Synchronized() {
		s.restart()
	}
	s.t.SndWnd, s.t.MaxWnd = wnd, max(s.t.MaxWnd, wnd)
	s.t.SndWL1, s.t.SndWL2 = seg.Seq, seg.Ack
}

// take takes text and FIN of a segment, and what waited behind them. It returns how many numbers went by before the segment's own FIN,
// and whether that was taken.
func (s *step) take(seg *wire.Segment) (advanced uint32, finished bool) {
	advanced = s.text(seg)
	if finished = s.fin(seg); !finished && advanced > 0 {
		advanced += s.fillGap()
	}
	return advanced, finished
}

// text is the seventh step, the segment text: what is new and in order goes to the application. It returns how many bytes
// that were.
func (s *step) text(seg *wire.Segment) uint32 {
	// RFC 9293 section 3.10.7.4, seventh: after the peer's FIN there is no text to come; what comes is ignored.
	if len(seg.Payload) == 0 || !s.t.State.receives() {
		return 0
	}
	start := seg.Seq
	if seg.Flags.Has(wire.SYN) {
		start = start.Add(1)
	}
	args := [4]int64{num(start), int64(len(seg.Payload)), num(s.t.RcvNxt), int64(s.t.RcvWnd)}
	old := s.t.RcvNxt.Sub(start) // bytes at the front that arrived before
	id := rule.Text
	if !s.check(old >= 0 && old < int32(len(seg.Payload)), id, args[:3]...) {
		if !s.lacks(NoWindowCheck, rule.BrokenWindow, args[:]...) {
			return 0
		}
		id, old = rule.BrokenWindow, 0
	}
	if old > 0 {
		s.sawTwice(start, s.t.RcvNxt)
	}
	n := uint32(len(seg.Payload)) - uint32(old)
	if s.p.RcvMem == 0 || s.t.RcvWnd == 0 {
		n = min(n, s.t.RcvWnd)
	}
	// RFC 9293 section 3.10.7.4, seventh: RCV.NXT goes over what was accepted, and RCV.WND by as much down: the right edge
	// must not move back (section 3.8.6, SHLD-14).
	s.t.RcvNxt = s.t.RcvNxt.Add(n)
	s.t.RcvWnd -= min(n, s.t.RcvWnd)
	s.t.Unread += n
	s.linuxReceived(n, uint32(len(seg.Payload)))
	s.add(Effect{Kind: Tell, Rule: id, Notice: Readable, Bytes: n, Args: args})
	return n
}

// fillGap delivers the text that waited behind the gap which was just closed, with a FIN that follows it.
func (s *step) fillGap() uint32 {
	total := uint32(0)
	for {
		p, ok := s.unhold()
		if !ok {
			s.linuxOffer(total)
			return total
		}
		n := min(uint32(len(p.Text)), s.t.RcvWnd)
		args := [4]int64{num(p.Left), int64(n), num(s.t.RcvNxt)}
		s.t.RcvNxt = s.t.RcvNxt.Add(n)
		s.t.RcvWnd -= n
		s.t.Unread += n
		total += n
		if n > 0 {
			s.add(Effect{Kind: Tell, Rule: rule.HeldText, Notice: Readable, Bytes: n, Args: args})
		}
		if p.Fin && n == uint32(len(p.Text)) {
			s.finTaken(s.t.RcvNxt)
			return total + 1
		}
	}
}

// fin is the eighth check, the FIN bit. It reports whether the FIN was taken.
func (s *step) fin(seg *wire.Segment) bool {
	if !seg.Flags.Has(wire.FIN) || !s.t.State.receives() {
		return false
	}
	at := seg.End().Add(^uint32(0)) // the number of the FIN itself
	if !s.check(at == s.t.RcvNxt, rule.FINBit, num(at), num(s.t.RcvNxt)) {
		return false
	}
	s.finTaken(at)
	return true
}

// finTaken goes over the peer's FIN.
func (s *step) finTaken(at wire.Seq) {
	// RFC 9293 section 3.10.7.4, eighth: the FIN is acknowledged, the application told, and ESTABLISHED becomes CLOSE-WAIT.
	s.t.RcvNxt = s.t.RcvNxt.Add(1)
	s.twice = wire.Block{}         // Linux forgets all SACK blocks now (tcp_fin)
	s.t.Held, s.t.NumHeld = nil, 0 // nothing can come behind a FIN
	if s.t.RcvWnd > 0 {
		s.t.RcvWnd--
	}
	switch s.t.State {
	case Established:
		s.change(CloseWait, rule.FINBit, num(at), num(s.t.RcvNxt))
	case FinWait1:
		// Our own FIN is not acknowledged: both sides closed at the same time.
		s.change(Closing, rule.FINClosing, num(at), num(s.t.RcvNxt))
	case FinWait2:
		s.timeWait(rule.FINTimeWait, num(at), num(s.t.RcvNxt))
	}
	if !s.t.Orphan {
		s.tell(PeerClosed, OK, rule.FINBit)
	}
}

// answer acknowledges a segment that took sequence space. One that is not at the left edge of the window is acknowledged with the
// number still expected (RFC 9293 section 3.10.7.4, MAY-13).
func (s *step) answer(seg *wire.Segment, advanced uint32, finished bool) {
	switch {
	case seg.Len() == 0:
	case s.t.State == TimeWait && !finished:
		// RFC 9293 section 3.10.7.4, fifth, TIME-WAIT: the peer's FIN again; it is acknowledged, and the wait starts anew.
		if seg.Flags.Has(wire.FIN) {
			s.ack(rule.TimeWaitFIN, num(s.t.RcvNxt))
			s.set(TimeWaitTime, s.now+2*s.p.MSL, rule.TimeWaitFIN, num(s.t.RcvNxt))
		}
	case !finished && !s.t.State.receives():
		// After the peer's FIN text and further FINs are ignored.
		if seg.End().LessEq(s.t.RcvNxt) {
			s.duplicate(seg)
		}
	case advanced > 0 || finished:
		s.ackText(seg, advanced)
	case seg.Seq.Add(seg.Len()).LessEq(s.t.RcvNxt):
		s.duplicate(seg)
	default:
		s.gap(seg)
	}
}
