package tcp

import "github.com/handshakelab/lab/engine/rule"

// startPersist starts the persist timer when the peer's window is shut, or too small to be used, text waits and nothing is out
// that would draw an acknowledgment (RFC 9293 sections 3.8.6.1, 3.8.6.2.1).
func (s *step) startPersist() {
	waiting := len(s.t.Out) > 0 && s.t.SndUna == s.t.SndNxt && s.t.State.Synchronized() && (s.t.SndWnd == 0 || s.silly(0))
	switch {
	case !waiting:
		s.stop(Persist, rule.PersistStop)
		s.t.Probes, s.t.ProbesOut, s.t.ProbedSince = 0, 0, 0
	case s.t.Timers[Persist] == Never:
		s.t.Probes = 0
		s.set(Persist, s.now+s.t.RTO, rule.Persist, int64(s.t.RTO), 0)
	}
}

// persist sends a window probe. The first comes after the retransmission timeout, each later one after twice the time
// (RFC 9293 section 3.8.6.1, SHLD-29, SHLD-30); as long as the probes are answered the connection stays (MUST-37).
func (s *step) persist() {
	if s.p.Linux && s.probedEnough() {
		return
	}
	s.t.Probes = min(s.t.Probes+1, 30)
	args := [2]int64{int64(s.t.RTO), int64(s.t.Probes)}
	if s.t.SndWnd > 0 {
		// RFC 9293 section 3.8.6.2.1: after a while even a small window is used.
		s.sendNew(min(int(s.t.SndWnd), len(s.t.Out), s.mss()), rule.SendWindow)
		return
	}
	if s.p.Linux {
		// The kernel's probe is empty and lies one number back.
		s.emitText(s.t.SndUna.Add(^uint32(0)), "", rule.LinuxProbe, args[:]...)
	} else {
		s.emitText(s.t.SndNxt, s.t.Out[:1], rule.Persist, args[:]...)
	}
	at := s.now + min(s.t.RTO<<s.t.Probes, s.p.RTOMax)
	if s.p.Linux && s.t.UserTimeout > 0 {
		at = min(at, max(s.t.ProbedSince+s.t.UserTimeout, s.now+linuxShortest))
	}
	s.set(Persist, at, rule.Persist, args[:]...)
}

// linuxShortest is the shortest time for which a timer is set: two ticks (TCP_TIMEOUT_MIN).
const linuxShortest = 8 * Millisecond

// probedEnough ends a connection whose window stays shut for too long (tcp_probe_timer): answered or not when the application set a
// user timeout, after as many probes without an answer as text would be sent again, and one that nobody waits for any more once the
// time between two probes is as long as it can be.
func (s *step) probedEnough() bool {
	if s.t.ProbedSince == 0 {
		s.t.ProbedSince = s.now
	}
	limit, patient := s.p.Retries, true
	if s.t.Orphan {
		limit, patient = s.p.OrphanRetry, s.t.RTO<<s.t.Probes < s.p.RTOMax
	}
	switch {
	case s.t.UserTimeout > 0 && s.now-s.t.ProbedSince >= s.t.UserTimeout:
		s.end(Closed, s.unanswered(), rule.UserTimeout, int64(s.t.UserTimeout), int64(s.t.Probes))
	case !patient || s.t.ProbesOut >= limit:
		s.end(Closed, s.unanswered(), rule.LinuxProbeLimit, int64(s.t.ProbesOut), int64(s.now-s.t.ProbedSince))
	default:
		s.t.ProbesOut++
		return false
	}
	return true
}
