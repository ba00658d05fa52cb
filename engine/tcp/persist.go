package tcp

import "github.com/handshakelab/lab/engine/rule"

// startPersist starts the persist timer when the peer's window is shut, or too small to be used, text waits and nothing is out
// that would draw an acknowledgment (RFC 9293 sections 3.8.6.1, 3.8.6.2.1).
func (s *step) startPersist() {
	waiting := len(s.t.Out) > 0 && s.t.SndUna == s.t.SndNxt && s.t.State.Synchronized() && (s.t.SndWnd == 0 || s.silly(0))
	switch {
	case !waiting:
		s.stop(Persist, rule.PersistStop)
		s.t.Probes = 0
	case s.t.Timers[Persist] == Never:
		s.t.Probes = 0
		s.set(Persist, s.now+s.t.RTO, rule.Persist, int64(s.t.RTO), 0)
	}
}

// persist sends a window probe. The first comes after the retransmission timeout, each later one after twice the time
// (RFC 9293 section 3.8.6.1, SHLD-29, SHLD-30); as long as the probes are answered the connection stays (MUST-37).
func (s *step) persist() {
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
	s.set(Persist, s.now+min(s.t.RTO<<s.t.Probes, s.p.RTOMax), rule.Persist, args[:]...)
}
