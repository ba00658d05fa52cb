package tcp

import (
	"github.com/handshakelab/lab/engine/rule"
	"github.com/handshakelab/lab/engine/wire"
)

const linuxQuickAcks = 16 // TCP_MAX_QUICKACKS

// ackText acknowledges text or a FIN that was taken: at once, or after a while in which text of our own may carry it
// (RFC 9293 section 3.8.6.3, SHLD-18, MUST-40).
func (s *step) ackText(seg *wire.Segment, text uint32) {
	if b := s.twice; b.Left != b.Right {
		s.heard()
		s.ack(rule.DSACK, num(b.Left), num(b.Right), num(s.t.RcvNxt))
		return
	}
	if s.p.AckDelay == 0 {
		s.ack(rule.AckText, num(s.t.RcvNxt))
		return
	}
	if text > 0 {
		s.heard()
	}
	crowded := s.linuxCrowded()
	if crowded {
		s.t.QuickAck = 0
	}
	atOnce := text > 0 && s.t.QuickAck > 0 && !s.t.PingPong
	if s.t.QuickAck > 0 && atOnce {
		s.t.QuickAck--
	}
	if seg.Flags.Has(wire.FIN) {
		s.t.PingPong = true                                                                                // Linux tcp_fin: the application will probably close too
		atOnce = s.t.AckDelay == 0 || s.t.State == Closing || s.t.State == TimeWait || s.t.State == Closed // without TIME-WAIT
	}
	// A second segment without an answer is acknowledged at once (SHLD-19), and so is more than one full segment has room for, a
	// FIN counted with it.
	room := text
	if seg.Flags.Has(wire.FIN) && text > 0 {
		room++
	}
	if crowded {
		room = 0
		atOnce = atOnce || s.t.RcvWnd == 0 // the peer must know that the window is shut
	}
	if atOnce || s.t.Timers[DelayedAck] != Never && text > 0 || room > uint32(min(s.p.MSS, s.t.SendMSS)) {
		s.ack(rule.AckText, num(s.t.RcvNxt))
		return
	}
	if s.t.Timers[DelayedAck] == Never {
		s.set(DelayedAck, s.now+s.t.AckDelay, rule.AckDelayed, num(s.t.RcvNxt))
	}
}

// heard follows how often text arrives, as Linux does to find out how long an acknowledgment may wait
// (tcp_event_data_recv).
func (s *step) heard() {
	gap := s.now - s.t.LastText
	switch {
	case s.t.AckDelay == 0: // the first text of the connection
		s.t.QuickAck, s.t.AckDelay = linuxQuickAcks, s.p.AckDelay
	case gap <= s.p.AckDelay/2:
		s.t.AckDelay = s.t.AckDelay/2 + s.p.AckDelay/2
	case gap < s.t.AckDelay:
		s.t.AckDelay = min(s.t.AckDelay/2+gap, s.t.RTO)
	case gap > s.t.RTO:
		s.t.QuickAck = linuxQuickAcks
	}
	s.t.LastText = s.now
}
