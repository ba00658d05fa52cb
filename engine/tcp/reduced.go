package tcp

import (
	"github.com/handshakelab/lab/engine/rule"
	"github.com/handshakelab/lab/engine/wire"
)

// reduced reports whether Linux keeps this connection as a timewait socket: in TIME-WAIT, and in FIN-WAIT-2 once the
// application has closed.
func (t *TCB) reduced() bool { return t.State == TimeWait || t.State == FinWait2 && t.Orphan }

// linuxReduced takes a segment for a timewait socket (tcp_timewait_state_process).
func (s *step) linuxReduced(seg *wire.Segment) {
	if s.t.State == FinWait2 {
		s.linuxFinWait2(seg)
		return
	}
	args := [4]int64{num(seg.Seq), int64(seg.Len()), num(s.t.RcvNxt)}
	// The exact next number: a bare ACK starts the wait anew, an RST ends it (TIME-WAIT assassination, RFC 1337).
	if seg.Seq == s.t.RcvNxt && (seg.Len() == 0 || seg.Flags.Has(wire.RST)) {
		if seg.Flags.Has(wire.RST) && s.p.RFC1337 {
			// RFC 1337 section 3, fix F1.
			s.discard(rule.TimeWaitRSTIgnored, args[0])
			return
		}
		if seg.Flags.Has(wire.RST) {
			s.end(Closed, OK, rule.TimeWaitRST, args[0])
			return
		}
		s.set(TimeWaitTime, s.now+2*s.p.MSL, rule.LinuxTimeWaitAgain, args[:3]...)
		return
	}
	if seg.Flags.Has(wire.RST) {
		s.discard(rule.LinuxTimeWaitAgain, args[:3]...)
		return
	}
	if seg.Flags.Has(wire.ACK) {
		s.set(TimeWaitTime, s.now+2*s.p.MSL, rule.LinuxTimeWaitAgain, args[:3]...)
	}
	if !s.outOfWindow(seg) {
		s.ack(rule.LinuxTimeWaitAgain, args[:3]...)
	}
}

// linuxFinWait2 takes a segment for a closed socket that waits for the peer's FIN.
func (s *step) linuxFinWait2(seg *wire.Segment) {
	args := [4]int64{num(seg.Seq), int64(seg.Len()), num(s.t.RcvNxt), int64(s.t.RcvWnd)}
	switch {
	case !inRequestWindow(seg, s.t.RcvNxt, s.t.RcvWnd):
		s.check(false, rule.Sequence, args[:]...)
		if !s.outOfWindow(seg) {
			s.ack(rule.Sequence, args[:]...)
		}
		s.discard(rule.Sequence, args[:]...)
	case seg.Flags.Has(wire.RST):
		s.end(Closed, OK, rule.RSTClosing)
	case seg.Flags.Has(wire.SYN) && !seg.Seq.Less(s.t.RcvNxt):
		s.reject(seg, rule.LinuxOrphanReset, args[:2]...)
		s.end(Closed, OK, rule.LinuxOrphanReset, args[:2]...)
	case !seg.Flags.Has(wire.ACK) || seg.Len() == 0 || !s.t.RcvNxt.Less(seg.End()):
		s.discard(rule.LinuxOrphanIgnore, args[:2]...)
	case !seg.Flags.Has(wire.FIN) || seg.End() != s.t.RcvNxt.Add(1):
		// RFC 9293 section 3.6.1: text for a closed socket cannot be delivered, and an RST says so.
		s.reject(seg, rule.LinuxOrphanReset, args[:2]...)
		s.end(Closed, OK, rule.LinuxOrphanReset, args[:2]...)
	default:
		s.t.RcvNxt = s.t.RcvNxt.Add(1)
		s.timeWait(rule.FINTimeWait, num(seg.Seq), num(s.t.RcvNxt))
		s.ack(rule.AckText, num(s.t.RcvNxt))
	}
}

// linuxAfterClose resets a connection whose peer sends text that nobody can read: after the peer's own FIN, or after the
// application closed. It reports whether the segment is dealt with.
func (s *step) linuxAfterClose(seg *wire.Segment) bool {
	deaf := s.t.Orphan && s.t.State.receives() || !s.t.State.receives() && seg.Seq.Less(s.t.RcvNxt)
	if !deaf || len(seg.Payload) == 0 || !s.t.RcvNxt.Less(seg.Seq.Add(uint32(len(seg.Payload)))) {
		return false
	}
	s.reject(seg, rule.LinuxOrphanReset, num(seg.Seq), int64(seg.Len()))
	errno := OK
	if !s.t.Orphan {
		errno = EPIPE
	}
	s.end(Closed, errno, rule.LinuxOrphanReset, num(seg.Seq), int64(seg.Len()))
	return true
}
