package tcp

import (
	"cmp"

	"github.com/handshakelab/lab/engine/rule"
	"github.com/handshakelab/lab/engine/wire"
)

// option sets a socket option of a connection.
func (s *step) option(o SockOpt, v [3]Time) {
	s.t.take(s.p, o, v)
	switch o {
	case KeepAlive:
		s.stop(Keepalive, rule.KeepOff)
		if s.t.KeepIdle > 0 && s.t.State.Synchronized() {
			s.set(Keepalive, max(s.now, s.t.LastHeard+s.t.KeepIdle), rule.KeepIdle, int64(s.t.KeepIdle))
		}
	case NoDelay:
		s.sendData(rule.Send)
	}
}

// keepalive takes the keepalive timer: an idle connection is probed, one that was heard of meanwhile waits on, and one
// that answers no probe is given up.
func (s *step) keepalive() {
	if idle := s.now - s.t.LastHeard; idle < s.t.KeepIdle {
		s.t.KeepProbes = 0
		s.set(Keepalive, s.now+s.t.KeepIdle-idle, rule.KeepIdle, int64(s.t.KeepIdle))
		return
	}
	// RFC 9293 section 3.8.4, MUST-26: what is unacknowledged is sent again anyway, and shows whether the peer is there.
	if s.t.SndUna != s.t.SndNxt || s.t.Out != "" {
		s.set(Keepalive, s.now+s.t.KeepIdle, rule.KeepIdle, int64(s.t.KeepIdle))
		return
	}
	// RFC 9293 section 3.8.4: one lost probe is no proof that the peer is dead.
	if s.t.KeepProbes >= s.t.KeepCount {
		s.emit(wire.RST|wire.ACK, s.t.SndNxt, "", rule.KeepDead, int64(s.t.KeepProbes))
		s.end(Closed, cmp.Or(s.t.SoftErr, ETIMEDOUT), rule.KeepDead, int64(s.t.KeepProbes))
		return
	}
	s.t.KeepProbes++
	// RFC 9293 section 3.8.4: the probe is empty and lies one number below SND.NXT, so the peer must acknowledge it.
	s.emit(wire.ACK, s.t.SndNxt.Add(^uint32(0)), "", rule.KeepProbe, int64(s.t.KeepProbes))
	s.set(Keepalive, s.now+s.t.KeepInterval, rule.KeepProbe, int64(s.t.KeepProbes))
}
