package tcp

import (
	"github.com/handshakelab/lab/engine/rule"
	"github.com/handshakelab/lab/engine/wire"
)

// Where RFC 5681 halves the window and lets duplicates inflate it, Linux counts what is in flight: the third segment that the peer
// has beyond a hole makes all holes before it lost, and proportional rate reduction (RFC 6937) takes the window from where it
// was to 0.7 of it, CUBIC's share (RFC 9438 section 4.6), one segment for each that arrives. Left out of what the kernel does are
// RACK, which goes by the times at which segments were sent (RFC 8985) and so notices that one which was sent again is lost again,
// HyStart, and the undoing of a reduction that proved needless.

// sackedBytes is how much beyond SND.UNA the peer says that it has. Without SACK each duplicate acknowledgment stands for a
// segment.
func (s *step) sackedBytes() uint32 {
	if !s.t.SACKOK {
		mss, out := uint32(s.mss()), uint32(s.t.SndNxt-s.t.SndUna)
		return min(uint32(s.t.DupAcks)*mss, out-min(out, mss))
	}
	n := uint32(0)
	for _, b := range s.t.Sacked[:s.t.NumSacked] {
		n += uint32(b.Right - b.Left)
	}
	return n
}

// lostEnd is up to where what the peer does not have counts as lost.
func (s *step) lostEnd() wire.Seq {
	end := s.t.SndUna
	switch {
	case s.t.Recovery == byTimeout:
		return s.t.Recover
	case s.t.Recovery == noRecovery:
	case s.t.SACKOK:
		for _, b := range s.t.Sacked[:s.t.NumSacked] {
			end = end.Max(b.Left)
		}
	default:
		end = end.Add(min(uint32(s.mss()), uint32(s.t.SndNxt-s.t.SndUna)))
	}
	return end
}

// unsacked is how many numbers in a range the peer does not say that it has.
func (s *step) unsacked(from, to wire.Seq) uint32 {
	if !from.Less(to) {
		return 0
	}
	n := uint32(to - from)
	if !s.t.SACKOK {
		return n
	}
	for _, b := range s.t.Sacked[:s.t.NumSacked] {
		left, right := b.Left.Max(from), b.Right
		if to.Less(right) {
			right = to
		}
		if left.Less(right) {
			n -= uint32(right - left)
		}
	}
	return n
}

// inFlight is how much is thought to be on its way: what is out, without what the peer has and what is lost and not sent again.
func (s *step) inFlight() uint32 {
	out := uint32(s.t.SndNxt - s.t.SndUna)
	if s.t.SndUna == s.t.ISS && out > 0 {
		out-- // a SYN or SYN-ACK takes no room
	}
	return out - min(out, s.sackedBytes()+s.unsacked(s.t.Resend.Max(s.t.SndUna), s.lostEnd()))
}

// segments is how many segments so many bytes are.
func (s *step) segments(bytes uint32) uint32 {
	mss := uint32(s.mss())
	return (bytes + mss - 1) / mss
}

// quota is how many more segments the congestion window allows. Linux counts whole ones.
func (s *step) quota() int {
	return int(s.t.Cwnd)/s.mss() - int(s.segments(s.inFlight()))
}

// An arrival is how things stood before an acknowledgment.
type arrival struct {
	una    wire.Seq
	sacked uint32
	lost   wire.Seq // up to where what the peer does not have counted as lost
	dups   uint8
}

func (s *step) before() arrival {
	return arrival{s.t.SndUna, s.sackedBytes(), s.lostEnd(), s.t.DupAcks}
}

// linuxAcked goes on after an acknowledgment: it grows the window, notices a loss, or paces the repair of one.
func (s *step) linuxAcked(a arrival) {
	acked := uint32(s.t.SndUna - a.una)
	if a.una == s.t.ISS || !s.t.State.Synchronized() {
		return
	}
	delivered := s.delivered(a, acked)
	if s.t.SACKOK && acked > 0 {
		s.t.DupAcks = 0
	}
	if s.t.Recovery != noRecovery && s.t.Recover.LessEq(s.t.SndUna) {
		if s.t.Recovery == byDupAcks {
			s.t.Cwnd = s.t.SSThresh
		}
		s.t.Recovery = noRecovery
	}
	if s.t.Recovery == noRecovery && s.segments(s.sackedBytes()) >= dupThresh && s.t.SndUna != s.t.SndNxt {
		s.linuxEnterRecovery()
	}
	switch {
	case s.t.Recovery == byDupAcks:
		s.reduce(delivered, acked > 0, s.unsacked(s.t.SndUna.Max(a.lost), s.lostEnd()) > 0)
	case acked > 0:
		s.linuxGrow(delivered)
	}
}

// delivered is how many segments have newly arrived at the peer. Without SACK the duplicates before told of them already.
func (s *step) delivered(a arrival, acked uint32) uint32 {
	if s.t.SACKOK {
		if total := acked + s.sackedBytes(); total > a.sacked {
			return s.segments(total - a.sacked)
		}
		return 0
	}
	if acked == 0 {
		return s.segments(s.sackedBytes() - min(a.sacked, s.sackedBytes()))
	}
	// The acknowledgment filled one hole, and the rest uses duplicates up (tcp_remove_reno_sacks).
	n := s.segments(acked)
	s.t.DupAcks = uint8(max(0, int(a.dups)-int(n)+1))
	return uint32(max(1, int(n)-int(a.dups)))
}

func (s *step) linuxEnterRecovery() {
	s.t.PriorCwnd, s.t.PRRDelivered, s.t.PRROut = s.segments(s.t.Cwnd), 0, 0
	s.lost()
	s.t.Recovery = byDupAcks
	s.t.Resend = s.t.SndUna
	s.check(true, rule.LinuxPRR, num(s.t.SndUna), int64(s.t.PriorCwnd), int64(s.segments(s.t.SSThresh)))
}

// reduce lets out as many segments as proportional rate reduction says (RFC 6937 section 3, tcp_cwnd_reduction).
func (s *step) reduce(delivered uint32, advanced, newlyLost bool) {
	flight, ssthresh := int(s.segments(s.inFlight())), int(s.segments(s.t.SSThresh))
	s.t.PRRDelivered += delivered
	n := 0
	if delta := ssthresh - flight; delta < 0 {
		n = (ssthresh*int(s.t.PRRDelivered)+int(s.t.PriorCwnd)-1)/int(max(s.t.PriorCwnd, 1)) - int(s.t.PRROut)
	} else {
		n = max(int(s.t.PRRDelivered)-int(s.t.PRROut), int(delivered))
		if advanced && !newlyLost {
			n++
		}
		n = min(n, delta)
	}
	if s.t.PRROut == 0 {
		n = max(n, 1) // the first lost segment goes out at once
	}
	s.t.Cwnd = uint32(flight+max(n, 0)) * uint32(s.mss())
}

// linuxGrow opens the window by what arrived, if the window was what limited the sender.
func (s *step) linuxGrow(delivered uint32) {
	mss := uint32(s.mss())
	if !s.windowLimits() {
		return
	}
	if s.t.Cwnd < s.t.SSThresh {
		grown := min(s.t.Cwnd+delivered*mss, s.t.SSThresh)
		delivered -= min(delivered, (grown-s.t.Cwnd)/mss)
		s.t.Cwnd = grown
	}
	if delivered > 0 && s.t.Cwnd >= s.t.SSThresh {
		s.avoid(delivered)
	}
}

// windowLimits reports whether the congestion window is what limits the sender: it is full, or in slow start half full
// (tcp_is_cwnd_limited).
func (s *step) windowLimits() bool {
	return s.t.CwndFull || s.t.Cwnd < s.t.SSThresh && s.segments(s.t.Cwnd) < 2*s.t.MaxOut
}

// validate notes, after something was sent, whether the window was full (RFC 7661, tcp_cwnd_validate).
func (s *step) validate() {
	out := s.segments(uint32(s.t.SndNxt - s.t.SndUna))
	full := s.quota() <= 0
	if s.t.UsageEnd.LessEq(s.t.SndUna) || full || !s.t.CwndFull && out > s.t.MaxOut {
		s.t.CwndFull, s.t.MaxOut, s.t.UsageEnd = full, out, s.t.SndNxt
	}
	s.unused(out)
}

// linuxResend sends again what is lost, as far as the window allows, and reports whether there was anything.
func (s *step) linuxResend() bool {
	sent := false
	for s.t.Recovery != noRecovery && s.quota() > 0 {
		s.t.Resend = s.t.Resend.Max(s.t.SndUna)
		if s.unsacked(s.t.Resend, s.lostEnd()) == 0 || !s.resendOne(rule.PartialACK, num(s.t.Recover)) {
			break
		}
		s.t.PRROut++
		sent = true
	}
	return sent
}
