package tcp

import (
	"cmp"

	"github.com/handshakelab/lab/engine/rule"
	"github.com/handshakelab/lab/engine/wire"
)

// startRetransmit starts the retransmission timer unless it runs (RFC 6298 section 5.1).
func (s *step) startRetransmit(id rule.ID) {
	if s.t.Timers[Retransmit] == Never {
		at := s.now + s.t.RTO
		if !s.p.Linux {
			at = s.withinUserTimeout(at)
		}
		s.set(Retransmit, at, id, int64(s.t.RTO))
	}
}

// startTiming measures the segment about to be sent, the SYN or new text, if none is being measured.
func (s *step) startTiming() {
	if !s.t.Timing {
		s.t.Timing, s.t.TimedEnd, s.t.TimedAt = true, s.t.SndNxt, s.now
	}
}

// acknowledged takes over a SEG.ACK that acknowledges something new.
func (s *step) acknowledged(seg *wire.Segment) {
	t := s.t
	n := uint32(seg.Ack - t.SndUna)
	if n == 0 {
		return
	}
	t.BytesAcked += n
	text := n
	if t.SndUna == t.ISS {
		text-- // the SYN
	}
	t.Out = t.Out[min(int(text), len(t.Out)):]
	t.SndUna = seg.Ack
	s.forgetSacked()
	s.measure(seg)
	t.Retries = 0
	t.Probed = false
	t.SoftErr = OK
	t.LossSince = Never
	s.stop(LossProbe, rule.RTOStop)
	t.FirstSent = s.now
	// RFC 6298 section 5.2: all is acknowledged, the timer stops; 5.3: something is left, it starts anew.
	if t.SndUna == t.SndNxt {
		s.stop(Retransmit, rule.RTOStop)
	} else {
		s.set(Retransmit, s.now+t.RTO, rule.RTORestart, int64(t.RTO))
		s.startProbe()
	}
	if t.State.Synchronized() {
		s.grow(n)
		s.recovering()
	}
}

// measure takes a round-trip sample: never of a segment that was sent twice (Karn, RFC 6298 section 3).
func (s *step) measure(seg *wire.Segment) {
	if !s.t.Timing || !s.t.TimedEnd.LessEq(seg.Ack) {
		if s.t.Retries > 0 {
			s.echoed()
		}
		return
	}
	s.t.Timing = false
	s.sample(s.now - s.t.TimedAt)
}

// echoed takes the sample from the timestamp that the peer echoed, which tells copies apart (RFC 7323 section 4.1).
func (s *step) echoed() {
	if o := &s.opts; s.t.TSOK && o.HasTimestamps && o.TSEcr != 0 {
		if r := Time(int32(s.tsVal()-o.TSEcr)) * Millisecond; r > 0 {
			s.sample(r)
		}
	}
}

// sample takes one round-trip time into the retransmission timeout.
func (s *step) sample(r Time) {
	t := s.t
	r = max(r, Microsecond)
	if s.p.Linux {
		t.cubic.measured(s.now, r)
	}
	id := rule.RTTNext
	if !t.RTTKnown() {
		// RFC 6298 section 2.2: SRTT = R, RTTVAR = R/2.
		t.SRTT, t.RTTVar = r, r/2
		id = rule.RTTFirst
	} else {
		// RFC 6298 section 2.3: RTTVAR = 3/4 RTTVAR + 1/4 |SRTT - R'|, then SRTT = 7/8 SRTT + 1/8 R'.
		t.RTTVar = (3*t.RTTVar + max(t.SRTT-r, r-t.SRTT)) / 4
		t.SRTT = (7*t.SRTT + r) / 8
	}
	// RFC 6298 sections 2.3 to 2.5: RTO = SRTT + max(G, 4 RTTVAR), within its bounds. Linux holds the second term at 200 ms.
	if s.p.Linux {
		t.RTO = t.SRTT + max(4*t.RTTVar, s.p.RTOMin)
	} else {
		t.RTO = max(t.SRTT+max(Millisecond, 4*t.RTTVar), s.p.RTOMin)
	}
	t.RTO = min(t.RTO, s.p.RTOMax)
	s.check(true, id, int64(r), int64(t.SRTT), int64(t.RTO))
}

// timer takes a timer that fired.
func (s *step) timer(k TimerKind) {
	if k >= NumTimers || s.t.Timers[k] == Never {
		return
	}
	s.t.Timers[k] = Never
	switch k {
	case DelayedAck:
		s.add(Effect{Kind: TimerFire, Timer: k, Rule: rule.AckDelayed})
		s.ack(rule.AckDelayed, num(s.t.RcvNxt))
		return
	case Persist:
		s.add(Effect{Kind: TimerFire, Timer: k, Rule: rule.Persist, Args: [4]int64{int64(s.t.RTO), int64(s.t.Probes)}})
		s.persist()
		return
	case Keepalive:
		s.add(Effect{Kind: TimerFire, Timer: k, Rule: rule.KeepIdle, Args: [4]int64{int64(s.t.KeepIdle)}})
		s.keepalive()
		return
	case LossProbe:
		s.add(Effect{Kind: TimerFire, Timer: k, Rule: rule.LossProbe})
		s.probe()
		return
	case TimeWaitTime:
		s.add(Effect{Kind: TimerFire, Timer: k, Rule: rule.TimeWaitEnd})
		s.end(Closed, OK, rule.TimeWaitEnd)
		return
	case FinWaitTime:
		s.add(Effect{Kind: TimerFire, Timer: k, Rule: rule.LinuxFinWait, Args: [4]int64{int64(s.p.FinWait)}})
		s.end(Closed, OK, rule.LinuxFinWait, int64(s.p.FinWait))
		return
	}
	s.add(Effect{Kind: TimerFire, Timer: k, Rule: rule.RTOExpired, Args: [4]int64{int64(s.t.RTO), int64(s.t.Retries) + 1}})
	if s.spent() {
		s.giveUp()
		return
	}
	s.t.Retries++
	if s.t.AckSeen && s.t.Retries < s.t.Deferred {
		// The peer has answered; the next SYN-ACK gives it a last chance when the time of TCP_DEFER_ACCEPT is over.
		s.backOff()
		return
	}
	s.t.Timing = false
	if s.t.LossSince == Never {
		s.t.LossSince = s.now
	}
	switch {
	case s.t.State == SynSent:
		s.t.SynTimeout = true
		s.t.Resent++
		s.emitSyn(rule.Retransmit, num(s.t.SndUna), int64(s.t.Retries))
	case s.t.SndUna == s.t.ISS: // SYN-RECEIVED, or the application closed before the handshake was done
		s.t.SynTimeout = true
		s.t.Resent++
		s.emitSynAck(rule.Retransmit, num(s.t.SndUna), int64(s.t.Retries))
	default:
		n := min(len(s.t.Out), s.mss(), int(s.t.SndNxt-s.t.SndUna))
		s.timedOut()
		s.emitText(s.t.SndUna, s.t.Out[:n], rule.Retransmit, num(s.t.SndUna), int64(s.t.Retries))
	}
	s.backOff()
}

// spent reports whether enough retransmissions were made: R2 of RFC 9293 section 3.8.3, or the counts of Linux.
func (s *step) spent() bool {
	count, limit := uint8(0), Time(0)
	switch s.t.State {
	case SynSent:
		count, limit = s.p.SynRetries, s.p.SynGiveUp
		if count > 0 {
			count += s.p.SynLinear
		}
	case SynReceived:
		count, limit = s.p.SynAckRetry, s.p.SynGiveUp
		if s.synAckLimit > 0 {
			count = s.synAckLimit
		}
	default:
		count, limit = s.p.Retries, s.p.GiveUp
		if s.t.Orphan && s.p.OrphanRetry > 0 {
			count = s.p.OrphanRetry
		}
	}
	switch {
	case s.tooLong():
		return true
	case s.t.UserTimeout > 0 && s.t.State.Synchronized():
		return false // it says all, however often text was sent again
	}
	if s.t.AckSeen && s.t.Retries < s.t.Deferred {
		return false
	}
	if s.p.Linux && s.t.State.Synchronized() {
		return s.t.Retries > 0 && s.now-s.t.LossSince >= s.linuxModel(count, s.p.RTOMin)
	}
	if s.p.Linux && s.t.State == SynSent {
		return s.t.Retries >= s.p.SynRetries+s.p.SynLinear || s.t.Retries > 0 && s.now-s.t.FirstSent >= s.linuxModel(s.p.SynRetries, s.p.RTOInit)
	}
	if count > 0 {
		return s.t.Retries >= count
	}
	return s.now-s.t.FirstSent >= limit
}

func (s *step) giveUp() {
	id := rule.GiveUp
	if s.p.Linux {
		id = rule.LinuxGiveUp
	}
	args := []int64{int64(s.t.Retries), int64(s.now - s.t.FirstSent)}
	if limit := s.synAckLimit; s.t.embryonic() && limit > 0 && limit < s.p.SynAckRetry {
		id, args = rule.SynQueueOld, []int64{int64(s.t.Retries), int64(limit)}
	}
	if s.tooLong() {
		id = rule.UserTimeout
		args = []int64{int64(s.t.UserTimeout), int64(s.t.Retries)}
	}
	if s.t.embryonic() {
		s.end(Listen, OK, id, args...)
		return
	}
	s.end(Closed, s.unanswered(), id, args...)
}

// unanswered is what the application is told when the peer does not answer.
func (s *step) unanswered() Errno {
	if s.t.Orphan {
		return OK // nobody is there to be told
	}
	// RFC 9293 section 3.9.2.2, SHLD-25: if ICMP has told why nobody answers, the application gets to know that.
	return cmp.Or(s.t.SoftErr, ETIMEDOUT)
}

// backOff doubles the timeout and starts the timer again.
func (s *step) backOff() {
	// Linux: the first SYN timeouts are all of the same length (tcp_syn_linear_timeouts).
	if s.t.State == SynSent && s.t.Retries <= s.p.SynLinear {
		s.set(Retransmit, s.now+s.t.RTO, rule.LinuxSynLinear, int64(s.t.RTO), int64(s.p.SynLinear))
		return
	}
	// RFC 6298 section 5.5: RTO = RTO * 2, up to a bound; 5.6: start the timer.
	was := s.t.RTO
	s.t.RTO = min(2*s.t.RTO, max(s.p.RTOMax, s.t.RTO))
	at := s.now + s.t.RTO
	s.set(Retransmit, s.withinUserTimeout(at), rule.RTODouble, int64(was), int64(s.t.RTO))
}

// send takes text from the application.
func (s *step) send(data string) {
	switch s.t.State {
	case SynReceived:
		// RFC 7413 section 4.2.2: with Fast Open the server need not wait for the ACK of its SYN.
		if s.t.Passive && s.t.FastOpen {
			s.t.Out += data
			s.sendData(rule.Send)
			return
		}
		fallthrough
	case SynSent:
		// RFC 9293 section 3.10.2: text is queued until the connection is ESTABLISHED.
		s.t.Out += data
		s.check(true, rule.SendQueued, int64(len(data)))
	case Established, CloseWait:
		s.restart()
		s.t.Out += data
		s.sendData(rule.Send)
		s.startPersist()
	}
}

// sendData sends what the peer's window allows and reports whether anything was sent.
func (s *step) sendData(id rule.ID) bool {
	sent := false
	// RFC 5681 section 3.1: what was lost is sent again first, as far as the congestion window allows.
	if s.p.Linux {
		sent = s.linuxResend()
	}
	for !s.p.Linux && s.t.Recovery == byTimeout && uint32(s.t.Resend-s.t.SndUna) < s.t.Cwnd && s.resendOne(rule.PartialACK, num(s.t.Recover)) {
		sent = true
	}
	packet := 0 // where the packet ends that Linux makes of some segments at once, in bytes of Out
	for {
		flying := int(s.t.SndNxt - s.t.outSeq())
		if s.t.FinSent || flying >= len(s.t.Out) {
			break
		}
		// RFC 5681 section 3.1: never more than the smaller of both windows.
		room := int(min(s.t.SndWnd, s.t.Cwnd+s.limitedTransmit())) - flying
		if s.p.Linux {
			room = min(int(s.t.SndWnd)-flying, s.quota()*s.mss())
		}
		// RFC 9293 section 3.10.2: the text is segmentized and sent as far as the send window allows.
		n := min(len(s.t.Out)-flying, s.mss(), room)
		if n <= 0 || flying >= packet && (s.silly(flying) || s.nagle(flying, n)) {
			break
		}
		if s.p.Linux && flying >= packet {
			packet = flying + s.linuxPacket(flying, room)
			s.push = packet-flying > n
		}
		push := s.push
		s.push = push && flying+n == packet
		s.sendNew(n, id)
		s.push = push
		if s.t.Recovery == byDupAcks {
			s.t.PRROut++
		}
		sent = true
	}
	s.push = false
	if s.p.Linux && sent {
		s.validate()
	}
	if s.t.FinQueued && !s.t.FinSent && int(s.t.SndNxt-s.t.outSeq()) == len(s.t.Out) {
		s.sendFin()
		sent = true
	}
	return sent
}

// sendNew sends the next n bytes.
func (s *step) sendNew(n int, id rule.ID) {
	flying := int(s.t.SndNxt - s.t.outSeq())
	seq := s.t.SndNxt
	s.t.TailSeq = seq
	s.t.SndNxt = seq.Add(uint32(n))
	if s.t.FinQueued && flying+n == len(s.t.Out) {
		s.t.FinSent = true
		s.t.SndNxt = s.t.SndNxt.Add(1)
	}
	if flying == 0 {
		s.t.FirstSent = s.now
	}
	if n < s.mss() || s.t.FinSent {
		s.t.SmallEnd = s.t.SndNxt
	}
	s.startTiming()
	s.emitText(seq, s.t.Out[flying:flying+n], id, num(seq), int64(n), int64(s.t.SndWnd))
	s.sentText()
}

// silly holds text back that the peer's window would cut to a small segment: sending it would keep the window small
// (RFC 9293 section 3.8.6.2.1, MUST-38). Half of the largest window that the peer ever offered is enough, but not for Linux.
func (s *step) silly(flying int) bool {
	room := int(s.t.SndWnd) - flying
	if room >= min(len(s.t.Out)-flying, s.mss()) {
		return false
	}
	return s.p.Linux || flying > 0 || uint32(room) < s.t.MaxWnd/2
}

// nagle holds a small segment back while something is unacknowledged, so that more text may join it (RFC 9293
// section 3.7.4, SHLD-7), unless the application turned that off (MUST-17) or closes.
func (s *step) nagle(flying, n int) bool {
	if n >= s.mss() || flying == 0 || s.t.NoDelay || s.t.FinQueued {
		return false
	}
	// Linux waits only for small segments, not for full ones (tcp_minshall_check).
	if s.p.Linux && !s.t.SndUna.Less(s.t.SmallEnd) {
		return !s.check(true, rule.LinuxNagle, int64(n), int64(flying))
	}
	return !s.check(false, rule.Nagle, int64(n), int64(flying))
}

// sendFin sends the FIN behind text that is all sent already.
func (s *step) sendFin() {
	seq := s.t.SndNxt
	s.t.FinSent = true
	s.t.SndNxt = seq.Add(1)
	if s.t.SndUna == seq {
		s.t.FirstSent = s.now
	}
	s.startTiming()
	s.emitText(seq, "", rule.SendFIN, num(seq))
	s.sentText()
}

// sentText starts the timer of what was just sent.
func (s *step) sentText() {
	if s.now-s.t.LastText < s.t.AckDelay {
		s.t.PingPong = true // an answer to what just arrived
	}
	s.startRetransmit(rule.RTOStart)
	s.startProbe()
}

// startProbe puts a tail loss probe in the place of the retransmission timer (Linux tcp_schedule_loss_probe): after two
// round trips, and 200 ms more while one segment only is out, the last segment is sent again.
func (s *step) startProbe() {
	if !s.p.LossProbe || !s.t.SACKOK || s.t.Probed || s.t.Retries > 0 || !s.t.State.Synchronized() {
		return
	}
	after := s.p.RTOInit
	if s.t.RTTKnown() {
		after = 2 * s.t.SRTT
		text := s.t.SndNxt - s.t.SndUna
		if s.t.FinSent && s.t.SmallEnd != s.t.SndNxt && text > 1 {
			text = 0 // the FIN is in a segment of its own behind the text
		}
		if text > 0 && int(text) <= s.mss() {
			after += s.p.RTOMin
		} else {
			after += linuxProbeMin
		}
	}
	after = min(after, s.t.RTO)
	s.stop(Retransmit, rule.LossProbe)
	s.set(LossProbe, s.now+after, rule.LossProbe, int64(after))
}

// probe sends the tail loss probe: new text if there is any and the window has room for it, else the last segment again
// (RFC 8985 section 7.3). Then the retransmission timer runs its full time.
func (s *step) probe() {
	s.t.Probed = true
	s.t.Timing = false
	flying := int(s.t.SndNxt - s.t.SndUna)
	end := min(len(s.t.Out), flying) // of the text that was sent
	n := min(len(s.t.Out)-end, s.mss())
	switch {
	case n > 0 && !s.t.FinSent && int(s.t.SndWnd) >= flying+n:
		s.sendNew(n, rule.Send)
	case s.t.FinSent && s.t.SmallEnd != s.t.SndNxt:
		// The FIN went behind the text, in a segment of its own.
		seq := s.t.SndNxt.Add(^uint32(0))
		s.emitText(seq, "", rule.LossProbe, int64(0), num(seq))
	default:
		n = min(end, s.mss())
		if s.t.SndUna.Less(s.t.TailSeq) {
			n = min(n, end-int(s.t.TailSeq-s.t.SndUna))
		}
		seq := s.t.SndUna.Add(uint32(end - n))
		s.emitText(seq, s.t.Out[end-n:end], rule.LossProbe, int64(0), num(seq))
	}
	s.set(Retransmit, s.now+s.t.RTO, rule.RTOStart, int64(s.t.RTO))
}

// emitText sends text, with PSH on the last segment of what the application gave (RFC 9293 section 3.9.1.2).
func (s *step) emitText(seq wire.Seq, text string, id rule.ID, args ...int64) {
	flags := wire.ACK
	last := int(seq-s.t.outSeq())+len(text) == len(s.t.Out)
	if (last || s.push) && text != "" {
		flags |= wire.PSH
	}
	if last && s.t.FinSent {
		flags |= wire.FIN
	}
	if text != "" {
		s.t.LastSent = s.now
	}
	s.emit(flags, seq, text, id, args...)
}
