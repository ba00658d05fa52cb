package tcp

import (
	"github.com/handshakelab/lab/engine/rule"
	"github.com/handshakelab/lab/engine/wire"
)

// open is an active OPEN.
func (s *step) open(in *Input) {
	if s.t.State != Closed {
		return
	}
	s.begin(in)
	s.effect(Opened, rule.None)
	s.t.SndNxt = s.t.ISS.Add(1)
	s.t.FirstSent = s.now
	s.t.Accepted = true
	s.t.RcvScale = s.offeredScale()
	// RFC 9293 section 3.10.1, active OPEN from CLOSED: <SEQ=ISS><CTL=SYN>, SND.UNA = ISS, SND.NXT = ISS+1, enter SYN-SENT.
	s.change(SynSent, rule.ActiveOpen, num(s.t.ISS))
	s.startTiming()
	if s.fast = in.fast; s.fast.on {
		s.fastSyn(&s.fast, in.Data)
	} else {
		s.t.Out = in.Data
	}
	s.emitSyn(rule.ActiveOpen, num(s.t.ISS))
	s.startRetransmit(rule.RTOInitial)
}

// begin fills a new TCB with what both kinds of OPEN set.
func (s *step) begin(in *Input) {
	t := s.t
	t.ISS, t.SndUna, t.SndNxt, t.SmallEnd, t.TailSeq = in.ISS, in.ISS, in.ISS, in.ISS, in.ISS
	t.Recover, t.Resend, t.UsageEnd = in.ISS, in.ISS, in.ISS
	t.TSOffset = in.TSOffset
	if in.Drawn != rule.None {
		made := in.Drawn
		if made == rule.ISN && s.p.Linux {
			made = rule.LinuxISN
		}
		s.check(made != rule.BrokenISN, made, num(in.ISS))
	}
	t.RTO = s.p.RTOInit
	t.LastInWnd, t.LossSince = Never, Never
	t.LastHeard = s.now
	// RFC 9293 section 3.7.1, MUST-15: 536, over IPv6 1220, until the peer's MSS option says otherwise.
	t.SendMSS = defaultMSS(t.Local.Addr())
	t.RcvBuf = s.p.Window
	if s.p.WholeMSS {
		full := uint32(s.p.MSS)
		if in.Reused {
			full -= tsLen // it is known already that timestamps will be used
		}
		t.RcvBuf -= s.p.Window % full
	}
	t.RcvWnd = t.RcvBuf
}

// emitSyn sends the SYN of SYN-SENT, for the first time or again.
func (s *step) emitSyn(id rule.ID, args ...int64) {
	s.checkMSS()
	flags := wire.SYN
	// RFC 3168 section 6.1.1: an ECN-setup SYN has ECE and CWR set; 6.1.1.1: one that is sent again may not, in case they are why
	// the first was lost.
	if s.p.ECN == 1 && s.t.Retries == 0 {
		flags |= wire.ECE | wire.CWR
	}
	text := ""
	if s.fast.on {
		text = s.t.Out[:s.t.SynData]
	} else if s.t.FastOpen {
		// RFC 7413 section 4.2.1: a SYN that is sent again has neither the option nor text, in case they are why the first
		// was lost.
		s.check(true, rule.FastOpenFallback, int64(s.t.SynData))
	}
	s.synOptions(&s.emit(flags, s.t.ISS, text, id, args...).Options)
}

// emitSynAck sends the SYN-ACK of SYN-RECEIVED, for the first time or again.
func (s *step) emitSynAck(id rule.ID, args ...int64) {
	s.checkMSS()
	flags := wire.SYN | wire.ACK
	if s.t.ECN {
		flags |= wire.ECE // RFC 3168 section 6.1.1: an ECN-setup SYN-ACK has ECE set and CWR not
	}
	s.synAckOptions(&s.emit(flags, s.t.ISS, "", id, args...).Options)
}

// closed answers a segment for which there is neither connection nor listener.
func (s *step) closed(seg *wire.Segment) {
	switch {
	// RFC 9293 section 3.10.7.1: an incoming segment containing a RST is discarded.
	case seg.Flags.Has(wire.RST):
		s.discard(rule.ClosedRST)
	// RFC 9293 section 3.10.7.1: no ACK bit: <SEQ=0><ACK=SEG.SEQ+SEG.LEN><CTL=RST,ACK>.
	case !seg.Flags.Has(wire.ACK):
		s.reject(seg, rule.ClosedNoACK, num(seg.Seq), int64(seg.Len()))
	// RFC 9293 section 3.10.7.1: with the ACK bit: <SEQ=SEG.ACK><CTL=RST>.
	default:
		s.reject(seg, rule.ClosedACK, num(seg.Ack))
	}
}

// listen takes a segment for a listener.
func (s *step) listen(in *Input) {
	seg := in.Seg
	// RFC 9293 section 3.10.7.2, first, check for a RST: it could not be about anything sent from here, so it is ignored.
	if !s.check(!seg.Flags.Has(wire.RST), rule.ListenRST) {
		s.discard(rule.ListenRST)
		return
	}
	// Second, check for an ACK: any acknowledgment is bad in LISTEN. Answer <SEQ=SEG.ACK><CTL=RST>.
	if !s.check(!seg.Flags.Has(wire.ACK), rule.ListenACK, num(seg.Ack)) {
		s.reject(seg, rule.ListenACK, num(seg.Ack))
		return
	}
	// Third, check for a SYN; fourth, other data or control is dropped.
	if !s.check(seg.Flags.Has(wire.SYN), rule.ListenSYN, num(seg.Seq)) {
		s.discard(rule.ListenOther)
		return
	}
	if s.p.Linux && !s.check(!seg.Flags.Has(wire.FIN), rule.LinuxListenFIN) {
		s.discard(rule.LinuxListenFIN)
		return
	}
	s.begin(in)
	s.takeSyn(seg)
	s.agree(seg.Flags, &s.opts)
	s.effect(Opened, rule.None)
	s.t.SndNxt = s.t.ISS.Add(1)
	s.t.FirstSent = s.now
	if s.p.Broken.Has(TwoWayHandshake) {
		s.openAtOnce(seg)
		return
	}
	// RFC 9293 section 3.10.7.2, third: RCV.NXT = SEG.SEQ+1, IRS = SEG.SEQ, <SEQ=ISS><ACK=RCV.NXT><CTL=SYN,ACK>,
	// SND.NXT = ISS+1, SND.UNA = ISS, enter SYN-RECEIVED.
	s.change(SynReceived, rule.ListenSYN, num(seg.Seq))
	s.startTiming()
	s.fast = in.fast
	if s.fast.take {
		s.takeFast(seg)
	}
	s.emitSynAck(rule.ListenSYN, num(seg.Seq))
	if s.fast.take {
		s.tellFast()
	}
	s.startRetransmit(rule.RTOInitial)
}

// takeSyn notes the peer's SYN.
func (s *step) takeSyn(seg *wire.Segment) {
	t := s.t
	t.IRS = seg.Seq
	t.RcvNxt = seg.Seq.Add(1)
	t.SndWnd = uint32(seg.Window)
	t.MaxWnd = max(t.MaxWnd, t.SndWnd)
	t.SndWL1, t.SndWL2 = seg.Seq, seg.Ack
}

// synSent takes a segment in SYN-SENT.
func (s *step) synSent(seg *wire.Segment) {
	ack, good := seg.Flags.Has(wire.ACK), true
	// RFC 9293 section 3.10.7.3, first, check the ACK bit: SND.UNA < SEG.ACK <= SND.NXT is acceptable; otherwise
	// <SEQ=SEG.ACK><CTL=RST>, unless the segment is an RST itself, and discard it.
	if ack {
		good = s.t.SndUna.Less(seg.Ack) && seg.Ack.LessEq(s.t.SndNxt)
		if !s.check(good, rule.SynSentACK, num(seg.Ack), num(s.t.ISS), num(s.t.SndNxt)) &&
			!s.lacks(NoSynSentCheck, rule.BrokenSynSentACK, num(seg.Ack), num(s.t.ISS), num(s.t.SndNxt)) {
			s.reject(seg, rule.SynSentACK, num(seg.Ack), num(s.t.ISS), num(s.t.SndNxt))
			s.discard(rule.SynSentACK, num(seg.Ack), num(s.t.ISS), num(s.t.SndNxt))
			if s.p.Linux && s.t.Retries == 0 {
				s.set(Retransmit, s.now+linuxTimeoutMin, rule.LinuxSynAgain, int64(linuxTimeoutMin))
			}
			return
		}
		if s.p.Linux && !seg.Flags.Has(wire.RST) && !s.linuxEcho(seg) {
			return
		}
	}
	// Second, check the RST bit: with an acceptable ACK the connection is refused; without one it may be from an old
	// connection, and is dropped.
	if !s.check(!seg.Flags.Has(wire.RST), rule.SynSentRST) {
		if !ack {
			s.discard(rule.SynSentRST)
			return
		}
		s.end(Closed, ECONNREFUSED, rule.SynSentRST)
		return
	}
	// Fourth, check the SYN bit; fifth, without SYN or RST the segment is dropped.
	if !s.check(seg.Flags.Has(wire.SYN), rule.SynSentSYN) {
		s.discard(rule.SynSentOther)
		return
	}
	s.takeSyn(seg)
	s.agree(seg.Flags, &s.opts)
	if !ack {
		// RFC 9293 section 3.10.7.3, fourth, our SYN is not acknowledged: both sides opened actively (MUST-10).
		s.change(SynReceived, rule.SimultaneousOpen, num(seg.Seq))
		s.emitSynAck(rule.SimultaneousOpen, num(seg.Seq))
		return
	}
	if s.t.FastOpen {
		s.fastOpened(seg)
	}
	// Our SYN is acknowledged: ESTABLISHED, and <SEQ=SND.NXT><ACK=RCV.NXT><CTL=ACK>.
	if good {
		s.acknowledged(seg)
	} else {
		s.believe(rule.BrokenSynSentACK)
	}
	s.established(rule.SynSentOpen, num(seg.Seq), num(seg.Ack))
	if s.p.Linux && len(s.t.Out) > 0 && s.t.SynData == 0 {
		s.linuxWriter()
	}
	// RFC 9293 section 3.10.7.3: text and FIN of the SYN-ACK are processed as from the sixth step of section 3.10.7.4 on. Linux keeps
	// text only where Fast Open asked for it.
	if !s.p.Linux || s.t.FastOpen {
		s.take(seg)
	}
	if s.p.Linux && len(s.t.Out) > 0 {
		// Text that waited carries the ACK, and counts as an answer (sk_write_pending in tcp_rcv_synsent_state_process).
		s.t.QuickAck, s.t.AckDelay, s.t.LastText = linuxQuickAcks, s.p.AckDelay, s.now
	}
	if !s.sendData(rule.SendWindow) {
		s.ack(rule.SynSentOpen, num(seg.Seq), num(seg.Ack))
	}
	s.startPersist()
}

// established enters ESTABLISHED and tells the application.
func (s *step) established(id rule.ID, args ...int64) {
	s.change(Established, id, args...)
	if !s.t.FastOpen || !s.t.Passive {
		s.openWindow()
	}
	if s.t.SynTimeout && s.t.RTO < 3*Second && !(s.p.Linux && s.t.RTTKnown()) {
		// RFC 6298 section 5.7: the SYN timed out, so data starts with 3 s. Linux does so only without a measurement.
		s.t.RTO = 3 * Second
		s.check(true, rule.RTOAfterSyn, int64(s.t.RTO))
	}
	if s.t.KeepIdle > 0 {
		s.set(Keepalive, s.now+s.t.KeepIdle, rule.KeepIdle, int64(s.t.KeepIdle))
	}
	switch {
	case s.t.Passive && s.t.FastOpen: // the application knows of it
	case s.t.Passive:
		s.tell(Acceptable, OK, id)
	default:
		s.tell(Connected, OK, id)
	}
	// RFC 9293 section 3.10.4, SYN-RECEIVED: the close that was queued behind text.
	if s.t.FinQueued {
		s.change(FinWait1, rule.Close)
	}
}

// end finishes the connection and tells the application why.
func (s *step) end(to State, e Errno, id rule.ID, args ...int64) {
	s.change(to, id, args...)
	if e != OK {
		s.tell(NoNotice, e, id)
	}
}
