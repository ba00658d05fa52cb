package tcp

import (
	"github.com/handshakelab/lab/engine/rule"
	"github.com/handshakelab/lab/engine/wire"
)

// shutdown is the application's word that it sends no more; it may go on reading.
func (s *step) shutdown() {
	switch s.t.State {
	// RFC 9293 section 3.10.4, SYN-RECEIVED: with text queued, the close is queued too until ESTABLISHED; otherwise the FIN is
	// sent behind the SYN that nobody has acknowledged yet.
	case SynReceived:
		s.t.FinQueued = true
		if s.t.Out == "" {
			s.openWindow()
			s.change(FinWait1, rule.Close)
			s.sendFin()
		}
	// ESTABLISHED: it follows the last text; enter FIN-WAIT-1.
	case Established:
		s.t.FinQueued = true
		s.change(FinWait1, rule.Close)
		s.sendData(rule.SendFIN)
	// CLOSE-WAIT: the FIN follows the last text; enter LAST-ACK.
	case CloseWait:
		s.t.FinQueued = true
		s.change(LastAck, rule.Close)
		s.sendData(rule.SendFIN)
	}
}

// close is the application's word that it is done with the socket.
func (s *step) close() {
	if s.t.Orphan {
		return
	}
	// RFC 9293 section 3.6.1, SHLD-3: closing with unread text throws data away, so the peer must be told by an RST.
	if s.t.Unread > 0 && s.t.State.Synchronized() {
		s.abort(rule.CloseUnread)
		return
	}
	s.t.Orphan = true
	switch s.t.State {
	// RFC 9293 section 3.10.4, SYN-SENT: delete the TCB.
	case SynSent:
		s.end(Closed, OK, rule.Close)
	case FinWait2:
		s.orphan()
	default:
		s.shutdown()
	}
}

// abort ends the connection at once.
func (s *step) abort(id rule.ID) {
	switch s.t.State {
	case Closed, Listen:
		return
	// RFC 9293 section 3.10.5: SYN-RECEIVED to CLOSE-WAIT send <SEQ=SND.NXT><CTL=RST>; Linux sets the ACK bit too.
	case SynReceived, Established, FinWait1, FinWait2, CloseWait:
		if s.lacks(NoRST, rule.BrokenRST, num(s.t.SndNxt)) {
			break
		}
		if s.p.Linux {
			s.check(true, rule.LinuxResetACK, num(s.t.RcvNxt))
			s.emit(wire.RST|wire.ACK, s.t.SndNxt, "", id, num(s.t.SndNxt))
		} else {
			*s.sending(id, num(s.t.SndNxt)) = wire.Segment{Src: s.t.Local, Dst: s.t.Remote, Seq: s.t.SndNxt, Flags: wire.RST, TTL: 64, DF: true}
		}
	}
	s.end(Closed, OK, id)
}

// recv takes text that the application reads off the buffer and opens the window again.
func (s *step) recv(count int) {
	n := s.t.Unread
	if count > 0 {
		n = min(n, uint32(count))
	}
	if n == 0 {
		return
	}
	s.t.linuxRead(n, s.t.Unread)
	s.t.Unread -= n
	was := s.t.RcvWnd
	// RFC 9293 section 3.8.6.2.2: the window is moved only by a worthwhile step, half the buffer or one full segment.
	room := s.rcvRoom()
	if room > was && room-was >= min(s.t.RcvBuf/2, uint32(s.p.MSS)) {
		s.t.RcvWnd = room
		if s.t.State.receives() && was < uint32(s.p.MSS) {
			s.ack(rule.WindowOpened, int64(s.t.RcvWnd))
		}
	}
}

// closing looks, after the ACK field was used, whether our FIN is acknowledged now.
func (s *step) closing(seg *wire.Segment) bool {
	switch s.t.State {
	case FinWait1:
		// RFC 9293 section 3.10.7.4, fifth, FIN-WAIT-1: if our FIN is acknowledged enter FIN-WAIT-2 and go on.
		if s.t.finAcked() {
			s.change(FinWait2, rule.FINAcked, num(seg.Ack))
			if s.t.Orphan && !seg.Flags.Has(wire.FIN) {
				s.orphan()
			}
		}
	case Closing:
		// CLOSING: if our FIN is acknowledged enter TIME-WAIT; otherwise ignore the segment.
		if s.t.finAcked() {
			s.timeWait(rule.FINAcked, num(seg.Ack))
		}
		return s.p.Linux && s.t.State == Closing
	case LastAck:
		// LAST-ACK: if our FIN is acknowledged the connection is over.
		if s.t.finAcked() {
			s.end(Closed, OK, rule.FINAcked, num(seg.Ack))
		}
		return s.t.State == LastAck
	}
	return true
}

// timeWait enters TIME-WAIT and starts its timer; all others stop (RFC 9293 section 3.10.7.4, eighth).
func (s *step) timeWait(id rule.ID, args ...int64) {
	if s.lacks(NoTimeWait, rule.BrokenTimeWait, int64(2*s.p.MSL)) {
		s.end(Closed, OK, rule.BrokenTimeWait, int64(2*s.p.MSL))
		return
	}
	if !(s.t.Orphan && s.t.State == FinWait2) {
		s.t.LastInWnd = Never // the timewait socket of Linux knows nothing of earlier answers
	}
	s.change(TimeWait, id, args...)
	s.stop(Retransmit, id)
	s.stop(FinWaitTime, id)
	s.set(TimeWaitTime, s.now+2*s.p.MSL, rule.TimeWait, int64(2*s.p.MSL))
}

// orphan lets Linux wait for the peer's FIN only so long, once nobody can read any more.
func (s *step) orphan() {
	s.t.LastInWnd = Never
	if s.p.FinWait > 0 {
		s.set(FinWaitTime, s.now+s.p.FinWait, rule.LinuxFinWait, int64(s.p.FinWait))
	}
}
