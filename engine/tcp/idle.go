package tcp

import "github.com/handshakelab/lab/engine/rule"

// The congestion window after a pause: what the path could take before it is nothing that can be relied on any more.

// restart takes the window back before text is sent after a pause of more than a retransmission timeout, when nothing is out.
func (s *step) restart() {
	idle := s.now - s.t.LastSent
	if s.t.SndUna == s.t.SndNxt {
		s.t.cubic.paused(s.now, idle)
	}
	if !s.p.IdleRestart || s.t.SndUna != s.t.SndNxt || idle <= s.t.RTO || s.t.Cwnd == 0 {
		return
	}
	was, initial := s.t.Cwnd, s.initialWindow()
	if s.p.Linux {
		// Half for each timeout that went by, and slow start takes it back to three quarters (tcp_cwnd_restart).
		s.keepThreshold()
		for idle -= s.t.RTO; idle > 0 && s.t.Cwnd > initial; idle -= s.t.RTO {
			s.t.Cwnd = max(s.segments(s.t.Cwnd)/2*uint32(s.mss()), initial)
		}
		s.t.CwndUsed, s.t.CwndStamp = 0, s.now
		if s.t.Cwnd != was {
			s.check(true, rule.LinuxRestart, int64(was), int64(s.t.Cwnd), int64(s.now-s.t.LastSent))
		}
		return
	}
	// RFC 5681 section 4.1: RW = min(IW, cwnd).
	if s.t.Cwnd > initial {
		s.t.Cwnd = initial
		s.check(true, rule.Restart, int64(was), int64(s.t.Cwnd), int64(idle))
	}
}

// keepThreshold lets slow start go on to three quarters of the window at least (tcp_current_ssthresh).
func (s *step) keepThreshold() {
	if n := s.segments(s.t.Cwnd); s.t.Recovery == noRecovery {
		s.t.SSThresh = max(s.t.SSThresh, (n/2+n/4)*uint32(s.mss()))
	}
}

// unused notes how much of the window is used, and takes back half of what nobody has used for a retransmission timeout
// (tcp_cwnd_validate, after RFC 2861).
func (s *step) unused(out uint32) {
	if s.windowLimits() {
		s.t.CwndUsed, s.t.CwndStamp = 0, s.now
		return
	}
	s.t.CwndUsed = max(s.t.CwndUsed, out)
	if !s.p.IdleRestart || s.now-s.t.CwndStamp < s.t.RTO {
		return
	}
	if used := max(s.t.CwndUsed*uint32(s.mss()), s.initialWindow()); s.t.Recovery == noRecovery && used < s.t.Cwnd {
		was := s.t.Cwnd
		s.keepThreshold()
		s.t.Cwnd = (s.segments(s.t.Cwnd) + s.segments(used)) / 2 * uint32(s.mss())
		s.check(true, rule.LinuxRestart, int64(was), int64(s.t.Cwnd), int64(s.now-s.t.CwndStamp))
	}
	s.t.CwndUsed, s.t.CwndStamp = 0, s.now
}
