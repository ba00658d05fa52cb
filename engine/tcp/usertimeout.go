package tcp

import (
	"github.com/handshakelab/lab/engine/rule"
	"github.com/handshakelab/lab/engine/wire"
)

// The user timeout says how long text may stay unacknowledged before the connection is given up. Each side may tell the other its own
// (RFC 5482), so that both wait as long. Linux knows the socket option only.

const (
	lowerUTO = 100 * Second // L_LIMIT: less than R2 makes no sense (RFC 5482 section 3.1)
	upperUTO = 24 * 3600 * Second
)

// addUTO adds the User Timeout option: in seconds as far as 15 bits go, then in minutes (RFC 5482 section 2).
func (s *step) addUTO(o *wire.Options) {
	switch sec := s.p.UTO / Second; {
	case s.p.UTO == 0:
	case sec < 1<<15:
		o.AddUserTimeout(uint16(sec), false)
	default:
		o.AddUserTimeout(uint16(sec/60), true)
	}
}

// takeUTO takes the peer's user timeout, unless the application has set one of its own (RFC 5482 section 3.1). A value of 0 says
// nothing.
func (s *step) takeUTO(o *wire.OptionSet) {
	if s.p.UTO == 0 || !o.HasUserTimeout || o.UserTimeout == 0 || s.t.UserTimeoutSet {
		return
	}
	remote := Time(o.UserTimeout) * Second
	// RFC 5482 section 3.1: USER_TIMEOUT = min(U_LIMIT, max(ADV_UTO, REMOTE_UTO, L_LIMIT)).
	s.t.UserTimeout = min(upperUTO, max(s.p.UTO, remote, lowerUTO))
	s.check(true, rule.UTO, int64(s.p.UTO), int64(remote), int64(s.t.UserTimeout))
}

// unacknowledged is since when the user timeout runs: by the RFC since what is not acknowledged was sent, on Linux since it was first
// sent again, but for a SYN.
func (s *step) unacknowledged() Time {
	if s.p.Linux && s.t.State.Synchronized() {
		return s.t.LossSince
	}
	return s.t.FirstSent
}

// tooLong reports whether the user timeout is over (RFC 9293 section 3.10.8).
func (s *step) tooLong() bool {
	since := s.unacknowledged()
	if s.t.UserTimeout == 0 || since == Never || s.t.embryonic() || s.p.Linux && s.t.Retries == 0 {
		return false
	}
	return s.now-since >= s.t.UserTimeout
}

// withinUserTimeout is at, or when the user timeout is over if that is sooner.
func (s *step) withinUserTimeout(at Time) Time {
	if since := s.unacknowledged(); s.t.UserTimeout > 0 && since != Never && !s.t.embryonic() {
		return min(at, max(s.now, since+s.t.UserTimeout))
	}
	return at
}
