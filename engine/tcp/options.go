package tcp

import (
	"net/netip"

	"github.com/handshakelab/lab/engine/rule"
	"github.com/handshakelab/lab/engine/wire"
)

const (
	maxScale = 14 // RFC 7323 section 2.3
	tsLen    = 12 // bytes that the timestamps option takes of every segment, padding included
)

// defaultMSS is what a peer takes that does not say (RFC 9293 section 3.7.1, MUST-15).
func defaultMSS(addr netip.Addr) uint16 {
	if addr.Is6() {
		return 1220
	}
	return 536
}

func (s *step) offeredScale() uint8 {
	if s.p.ScaleOn {
		return min(s.p.Scale, maxScale)
	}
	return 0
}

// tsVal is the value of this side's timestamp clock, which ticks every millisecond.
func (s *step) tsVal() uint32 {
	clock := uint32(s.now / Millisecond)
	if s.cookieTS {
		const mask = 1<<cookieTSBits - 1
		if c := clock&^mask | s.cookieBits; int32(c-clock) > 0 {
			clock = c - mask - 1
		} else {
			clock = c
		}
	}
	return clock + s.t.TSOffset
}

// synOptions are the options of a SYN: all that the profile offers.
func (s *step) synOptions(o *wire.Options) {
	s.synLayout(o, s.p.Timestamps, s.p.SACK, s.p.ScaleOn, 0)
}

// synAckOptions are the options of a SYN-ACK: what the peer's SYN offered and this side wants too. The MSS is always sent
// (RFC 9293 section 3.7.1, SHLD-5).
func (s *step) synAckOptions(o *wire.Options) {
	s.synLayout(o, s.t.TSOK, s.t.SACKOK, s.t.ScaleOK, s.t.TSRecent)
}

// synLayout puts the options of a SYN in the order of Linux, each group a multiple of four bytes.
func (s *step) synLayout(o *wire.Options, ts, sack, scale bool, echo uint32) {
	o.AddMSS(s.announcedMSS())
	switch {
	case ts && sack:
		o.AddSACKPermitted()
	case ts || sack:
		o.AddNOP(2)
	}
	switch {
	case ts:
		o.AddTimestamps(s.tsVal(), echo)
	case sack:
		o.AddSACKPermitted()
	}
	if scale {
		o.AddNOP(1)
		o.AddWindowScale(min(s.p.Scale, maxScale))
	}
	if s.fast.on {
		s.addFastOpen(o)
	}
	s.addUTO(o)
}

// addFastOpen adds the Fast Open option, filled up to four bytes as Linux does.
func (s *step) addFastOpen(o *wire.Options) {
	if s.fast.exp {
		o.AddFastOpenExperiment(s.fast.cookie.bytes())
	} else {
		o.AddFastOpen(s.fast.cookie.bytes())
	}
	o.AddNOP(-o.Len() & 3)
}

// announcedMSS is what this side says that it takes: what the link takes. Linux says less when it knows that the path to the peer takes
// less, though the way back may be another (ipv4_default_advmss).
func (s *step) announcedMSS() uint16 {
	if !s.p.Linux || s.t.PathMTU == 0 {
		return s.p.MSS
	}
	return min(s.p.MSS, uint16(max(int(s.t.PathMTU)-s.t.headers(), linuxMinAdvMSS)))
}

// checkMSS says so where it is less.
func (s *step) checkMSS() {
	if mss := s.announcedMSS(); mss < s.p.MSS {
		s.check(true, rule.LinuxPathMSS, int64(mss), int64(s.t.PathMTU))
	}
}

// options are those of a segment without SYN: once agreed, timestamps are in every one of them but an RST
// (RFC 7323 section 3.2).
func (s *step) options(o *wire.Options) {
	if s.t.TSOK {
		o.AddNOP(2)
		o.AddTimestamps(s.tsVal(), s.t.TSRecent)
	}
}

// agree takes the options of the peer's SYN or SYN-ACK. What this side offered in its own SYN, or would offer in its
// SYN-ACK, and the peer offers too, is agreed.
func (s *step) agree(flags wire.Flags, o *wire.OptionSet) {
	t := s.t
	// RFC 9293 section 3.1, MUST-6: an option that is not known is skipped by its length.
	if o.Unknown > 0 {
		s.check(true, rule.UnknownOption, int64(o.Unknown))
	}
	// RFC 9293 section 3.1, MUST-7: an illegal option length must not hurt; what was read before it counts.
	if o.Malformed {
		s.check(false, rule.BadOption)
	}
	// RFC 9293 section 3.7.1, MUST-15: without an MSS option, 536, over IPv6 1220. An MSS of 0 means none.
	if s.check(o.HasMSS && o.MSS > 0, rule.MSS, int64(o.MSS), int64(defaultMSS(t.Local.Addr()))) {
		t.SendMSS = o.MSS
		if s.p.Linux && o.MSS < linuxMinSndMSS {
			s.check(false, rule.LinuxMinMSS, int64(o.MSS), linuxMinSndMSS)
		}
	}
	// RFC 7323 section 2.2: windows are scaled only when both SYNs carried the option; 2.3: more than 14 counts as 14.
	t.ScaleOK = s.p.ScaleOn && o.HasWindowScale
	t.RcvScale, t.SndScale = 0, 0
	if t.ScaleOK {
		t.RcvScale, t.SndScale = min(s.p.Scale, maxScale), min(o.WindowScale, maxScale)
	}
	if s.p.ScaleOn || o.HasWindowScale {
		s.check(t.ScaleOK, rule.WindowScale, int64(t.RcvScale), int64(t.SndScale))
	}
	if t.ScaleOK && s.p.Linux {
		s.check(true, rule.LinuxWindow, 1<<t.RcvScale)
	}
	if t.ScaleOK && o.WindowScale > maxScale {
		s.check(false, rule.WindowScaleLimit, int64(o.WindowScale))
	}
	// RFC 2018 section 2: SACK may be used when both SYNs carried SACK-permitted.
	t.SACKOK = s.p.SACK && o.SACKPermitted
	if s.p.SACK || o.SACKPermitted {
		s.check(t.SACKOK, rule.SACKPermitted)
	}
	// RFC 7323 section 3.2: timestamps are used when both SYNs carried them.
	t.TSOK = s.p.Timestamps && o.HasTimestamps
	if t.TSOK {
		t.TSRecent, t.RecentAt = o.TSVal, s.now
	}
	if s.p.Timestamps || o.HasTimestamps {
		s.check(t.TSOK, rule.Timestamps, int64(o.TSVal))
	}
	s.takeUTO(o)
	// RFC 3168 section 6.1.1.
	const ecn = wire.ECE | wire.CWR
	switch {
	case flags.Has(wire.ACK):
		t.ECN = s.p.ECN == 1 && t.Retries == 0 && flags&ecn == wire.ECE
	default:
		t.ECN = t.ECN || s.p.ECN > 0 && flags.Has(ecn)
	}
	if t.ECN {
		s.check(true, rule.ECN)
	}
	if t.Passive && s.p.WholeMSS && t.TSOK {
		full := uint32(s.p.MSS) - tsLen
		t.RcvBuf = s.p.Window - s.p.Window%full
		t.RcvWnd = t.RcvBuf
	}
}

func (s *step) mss() int { return s.t.SegmentSize(s.p) }

// SegmentSize is how much text fits in one segment: what the peer takes, what this side's link takes, what the path is known to
// take, less the option bytes (RFC 9293 section 3.7.1, MUST-16). p is the profile that the connection is used with.
func (t *TCB) SegmentSize(p *Profile) int {
	n := int(min(t.SendMSS, p.MSS))
	if t.PathMTU != 0 {
		n = min(n, int(t.PathMTU)-t.headers())
	}
	if p.Linux {
		n = max(n, linuxMinSndMSS)
		if half := t.halfWindow(); half > 0 {
			n = min(n, half)
		}
	}
	if t.TSOK {
		n -= tsLen
	}
	return max(n, 1)
}

// halfWindow is the largest segment for a peer with a small window: half of it, so that two can be under way
// (tcp_bound_to_half_wnd). 0 is no limit.
func (t *TCB) halfWindow() int {
	wnd := int(t.MaxWnd)
	if wnd > linuxDefaultMSS {
		wnd /= 2
	}
	if wnd == 0 {
		return 0
	}
	return max(wnd, linuxMinMTU-ipv4Headers)
}
