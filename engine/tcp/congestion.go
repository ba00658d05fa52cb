package tcp

import (
	"github.com/handshakelab/lab/engine/rule"
	"github.com/handshakelab/lab/engine/wire"
)

// Congestion control is that of RFC 5681 with the recovery of RFC 6582, helped by SACK blocks where they are agreed: what
// the peer says it has is not sent again. Linux does more (RACK, CUBIC); for the few segments of a lesson that makes no difference.

// dupThresh is how many duplicate acknowledgments show a loss (RFC 5681 section 3.2).
const dupThresh = 3

// initialWindow is the congestion window of a connection that begins, in bytes (RFC 5681 section 3.1, RFC 6928 section 2).
func (s *step) initialWindow() uint32 {
	mss := uint32(s.mss())
	n := uint32(s.p.InitialSegs)
	if n == 0 {
		// RFC 5681 section 3.1: by the size of a segment, between two and four.
		switch {
		case mss > 2190:
			n = 2
		case mss > 1095:
			n = 3
		default:
			n = 4
		}
	}
	return n * mss
}

// openWindow sets the congestion window when the connection is ESTABLISHED.
func (s *step) openWindow() {
	s.t.Cwnd, s.t.SSThresh = s.initialWindow(), 1<<30
	s.t.LastSent, s.t.CwndStamp = s.now, s.now
	// RFC 5681 section 3.1: after a SYN or SYN-ACK was lost, one segment. Linux forgives the first.
	switch {
	case s.t.SynTimeout && s.p.Linux && s.t.BytesAcked <= 1 && s.t.Resent <= 1:
		s.check(true, rule.LinuxSynForgiven, int64(s.segments(s.t.Cwnd)))
	case s.t.SynTimeout:
		s.t.Cwnd = uint32(s.mss())
	}
}

// grow opens the congestion window for n newly acknowledged numbers.
func (s *step) grow(n uint32) {
	mss := uint32(s.mss())
	switch {
	case s.t.Recovery == byDupAcks || s.p.Linux:
		return
	case s.t.Cwnd < s.t.SSThresh:
		// RFC 5681 section 3.1: slow start, by at most one segment for each acknowledgment.
		s.t.Cwnd += min(n, mss)
	default:
		// RFC 5681 section 3.1: congestion avoidance, about one segment a round trip.
		s.t.Cwnd += max(1, mss*mss/s.t.Cwnd)
	}
}

// recovery says why segments are being sent again.
type recovery uint8

const (
	noRecovery recovery = iota
	byDupAcks           // fast recovery (RFC 5681 section 3.2)
	byPathMTU           // the path takes smaller segments only (RFC 1191 section 6.4): that is no congestion
	byTimeout           // all that was sent before the timeout counts as lost (RFC 5681 section 3.1)
)

// FastRecovery reports whether duplicate acknowledgments showed a loss that is being repaired (RFC 5681 section 3.2).
func (t *TCB) FastRecovery() bool { return t.Recovery == byDupAcks }

// LossRecovery reports whether a timeout made all that was out count as lost, and it is not all acknowledged yet.
func (t *TCB) LossRecovery() bool { return t.Recovery == byTimeout }

// lost halves the window (RFC 5681 section 3.1, equation 4).
func (s *step) lost() {
	// RFC 5681 section 3.2, step 2: what limited transmit let out beyond the window does not count.
	flight := min(uint32(s.t.SndNxt-s.t.SndUna), s.t.Cwnd)
	s.t.SSThresh = max(flight/2, 2*uint32(s.mss()))
	if s.p.Linux {
		// RFC 9438 section 4.6: CUBIC keeps 0.7 of the window.
		s.t.SSThresh = max(s.segments(s.t.Cwnd)*cubicBeta/1024, 2) * uint32(s.mss())
		s.t.cubic.lost(s.segments(s.t.Cwnd))
	}
	s.t.Recover = s.t.SndNxt
}

// timedOut begins again with one segment.
func (s *step) timedOut() {
	switch {
	case s.t.Recovery == noRecovery, s.t.Recovery == byDupAcks && !s.p.Linux:
		s.lost()
	default:
		s.t.Recover = s.t.SndNxt
	}
	s.t.cubic = cubic{} // a timeout makes all forgotten
	s.t.Recovery, s.t.DupAcks = byTimeout, 0
	s.t.Cwnd = uint32(s.mss())
	if !s.p.Linux {
		s.t.Sacked, s.t.NumSacked = [maxHeld]wire.Block{}, 0 // RFC 2018 section 8: the receiver may have let them go
	}
	// The first segment goes again now, with the FIN if it is all that is left.
	again := uint32(min(len(s.t.Out), s.mss()))
	if s.t.FinSent && int(again) == len(s.t.Out) {
		again++
	}
	s.t.Resend = s.t.SndUna.Add(min(again, uint32(s.t.SndNxt-s.t.SndUna)))
}

// duplicateAck counts an acknowledgment that acknowledges nothing new while something is out (RFC 5681 section 2); the third
// sends the first missing segment again.
func (s *step) duplicateAck(seg *wire.Segment) {
	out := s.t.SndNxt != s.t.SndUna
	if !out || seg.Ack != s.t.SndUna || seg.Len() > 0 || s.t.State == SynReceived {
		return
	}
	if !s.takeSacked() && (uint32(seg.Window)<<s.t.SndScale != s.t.SndWnd) {
		return
	}
	if s.t.DupAcks < 255 {
		s.t.DupAcks++
	}
	switch {
	case s.p.Linux:
		s.check(true, rule.DupACK, num(s.t.SndUna), int64(s.t.DupAcks))
	case s.t.Recovery == byDupAcks:
		// RFC 5681 section 3.2, step 4: another segment has left the network.
		s.t.Cwnd += uint32(s.mss())
	case s.t.Recovery == noRecovery && s.t.DupAcks == dupThresh:
		s.lost()
		s.t.Recovery = byDupAcks
		s.t.Cwnd = s.t.SSThresh + dupThresh*uint32(s.mss())
		s.t.Resend = s.t.SndUna
		s.check(true, rule.FastRetransmit, num(s.t.SndUna), int64(s.t.DupAcks), int64(s.t.SSThresh))
		s.resendOne(rule.FastRetransmit, int64(s.t.SSThresh))
	default:
		s.check(true, rule.DupACK, num(s.t.SndUna), int64(s.t.DupAcks))
	}
}

// limitedTransmit is how much the first two duplicate acknowledgments let out beyond the congestion window: each shows that a
// segment has left the network (RFC 3042 section 2).
func (s *step) limitedTransmit() uint32 {
	if s.t.Recovery != noRecovery || s.p.Linux {
		return 0
	}
	return uint32(min(s.t.DupAcks, dupThresh-1)) * uint32(s.mss())
}

// recovering goes on with recovery after something new was acknowledged.
func (s *step) recovering() {
	if s.p.Linux {
		return
	}
	s.t.DupAcks = 0
	if s.t.Recovery == noRecovery {
		return
	}
	if s.t.Recover.LessEq(s.t.SndUna) {
		if s.t.Recovery == byDupAcks {
			s.t.Cwnd = min(s.t.SSThresh, s.t.Cwnd) // RFC 5681 section 3.2, step 6
		}
		s.t.Recovery = noRecovery
		return
	}
	// RFC 6582 section 3.2: a partial acknowledgment shows the next hole.
	s.resendOne(rule.PartialACK, int64(num(s.t.Recover)))
}

// resendOne sends again what is missing at or after Resend, up to one segment, and reports whether there was anything.
func (s *step) resendOne(id rule.ID, arg int64) bool {
	s.t.Resend = s.t.Resend.Max(s.t.SndUna)
	for i := range s.t.NumSacked {
		if b := s.t.Sacked[i]; b.Left.LessEq(s.t.Resend) && s.t.Resend.Less(b.Right) {
			s.t.Resend = b.Right
		}
	}
	if s.t.Recover.LessEq(s.t.Resend) {
		return false
	}
	at := int(s.t.Resend - s.t.SndUna)
	n := min(max(len(s.t.Out)-at, 0), s.mss(), int(s.t.Recover-s.t.Resend))
	for i := range s.t.NumSacked {
		if gap := s.t.Sacked[i].Left.Sub(s.t.Resend); gap > 0 {
			n = min(n, int(gap))
		}
	}
	text := ""
	if at < len(s.t.Out) {
		text = s.t.Out[at : at+n]
	}
	seq := s.t.Resend
	s.t.Resend = seq.Add(uint32(max(n, 1)))
	s.t.Timing = false
	s.emitText(seq, text, id, num(seq), int64(s.t.Retries), arg)
	return true
}

// takeSacked notes the SACK blocks of an acknowledgment and reports whether they tell anything new.
func (s *step) takeSacked() bool {
	if !s.t.SACKOK {
		return false
	}
	news := false
	for _, b := range s.opts.Blocks[:s.opts.NumBlocks] {
		// Blocks below SND.UNA are duplicates that the peer names (RFC 2883), those beyond SND.NXT nonsense.
		if !s.t.SndUna.Less(b.Right) || s.t.SndNxt.Less(b.Right) || !b.Left.Less(b.Right) || b.Left.Less(s.t.SndUna) {
			continue
		}
		news = s.addSacked(b) || news
	}
	return news
}

func (s *step) addSacked(b wire.Block) bool {
	n := uint8(0)
	for _, q := range s.t.Sacked[:s.t.NumSacked] {
		if q.Left.LessEq(b.Left) && b.Right.LessEq(q.Right) {
			return false
		}
		if b.Right.Less(q.Left) || q.Right.Less(b.Left) {
			s.t.Sacked[n] = q
			n++
			continue
		}
		if q.Left.Less(b.Left) {
			b.Left = q.Left
		}
		if b.Right.Less(q.Right) {
			b.Right = q.Right
		}
	}
	if n == maxHeld {
		n--
	}
	s.t.Sacked[n] = b
	s.t.NumSacked = n + 1
	clear(s.t.Sacked[s.t.NumSacked:])
	return true
}

// forgetSacked drops the blocks that SND.UNA has passed.
func (s *step) forgetSacked() {
	if s.t.NumSacked == 0 {
		return
	}
	n := uint8(0)
	for _, b := range s.t.Sacked[:s.t.NumSacked] {
		if s.t.SndUna.Less(b.Right) {
			s.t.Sacked[n] = b
			n++
		}
	}
	clear(s.t.Sacked[n:])
	s.t.NumSacked = n
}
