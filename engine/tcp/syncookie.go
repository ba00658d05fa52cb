package tcp

import (
	"net/netip"

	"github.com/handshakelab/lab/engine/rule"
	"github.com/handshakelab/lab/engine/wire"
)

// A SYN cookie is a server's initial sequence number that holds all it must know of a connection, so that nothing need be kept
// until the ACK brings it back (RFC 4987 section 3.6; the form is that of Linux):
//
//	hash(4-tuple) + client's ISN + (minutes << 24) + ((hash(4-tuple, minutes) + index of the MSS) mod 2^24)
//
// With timestamps the lowest six bits of TSval carry what the options of the SYN offered.

// CookieMSS returns the MSS values that a SYN cookie can name, over IPv6 or IPv4: the largest that is not above the peer's is
// taken.
func CookieMSS(v6 bool) [4]uint16 {
	if v6 {
		return cookieMSS6
	}
	return cookieMSS4
}

var (
	cookieMSS4 = [4]uint16{536, 1300, 1440, 1460}
	cookieMSS6 = [4]uint16{1220, 1420, 1440, 8940}
)

const (
	cookiePeriod   = 60 * Second // the counter in a cookie counts these
	cookieMaxAge   = 2           // periods for which a cookie is good
	cookieTSBits   = 6
	cookieNoScale  = 15
	cookieSACKBit  = 1 << 4
	cookieECNBit   = 1 << 5
	cookieBitsMask = 1<<24 - 1
)

// A cookieSum is what a cookie is made of.
type cookieSum struct{ hash, isn, count, low uint32 }

// cookie makes the cookie for a SYN of a client.
func (h *Host) cookie(now Time, local, remote netip.AddrPort, isn wire.Seq, index int) cookieSum {
	count := uint32(now / cookiePeriod)
	low := (uint32(keyedHash(h.cfg.Secret, uint64(4)<<32|uint64(count), local, remote)) + uint32(index)) & cookieBitsMask
	return cookieSum{uint32(keyedHash(h.cfg.Secret, 3, local, remote)), uint32(isn), count, low}
}

func (c cookieSum) seq() wire.Seq { return wire.Seq(c.hash + c.isn + c.count<<24 + c.low) }

// args are the numbers of rule.CookieSum.
func (c cookieSum) args() [4]int64 {
	return [4]int64{int64(c.hash), int64(c.isn), int64(c.count), int64(c.low)}
}

// bitArgs are the numbers of rule.CookieTimestamp.
func bitArgs(offset, b uint32) [4]int64 {
	return [4]int64{int64(offset), int64(b & cookieNoScale), int64(b & cookieSACKBit / cookieSACKBit), int64(b & cookieECNBit / cookieECNBit)}
}

// openCookie takes a cookie apart again, into what it would be the sum of. index is that of the MSS, age how many periods old the
// cookie is; ok says whether it is one.
func (h *Host) openCookie(now Time, local, remote netip.AddrPort, isn, cookie wire.Seq) (sum cookieSum, index int, age uint32, ok bool) {
	count, hash := uint32(now/cookiePeriod), uint32(keyedHash(h.cfg.Secret, 3, local, remote))
	c := uint32(cookie) - hash - uint32(isn)
	sum = cookieSum{hash, uint32(isn), c >> 24, c & cookieBitsMask}
	age = (count - c>>24) & 0xff
	if age >= cookieMaxAge {
		return sum, 0, age, false
	}
	i := (c - uint32(keyedHash(h.cfg.Secret, uint64(4)<<32|uint64(count-age), local, remote))) & cookieBitsMask
	return sum, int(i), age, i < uint32(len(cookieMSS4))
}

// sendCookie answers a SYN with a SYN-ACK whose number is a cookie, and keeps nothing.
func (h *Host) sendCookie(now Time, seg *wire.Segment, out []Effect) []Effect {
	o := seg.Options.Parse()
	mss := o.MSS
	if !o.HasMSS || mss == 0 {
		mss = defaultMSS(seg.Dst.Addr())
	}
	index, table := 0, CookieMSS(seg.Dst.Addr().Is6())
	for index < len(table)-1 && table[index+1] <= mss {
		index++
	}
	t := TCB{Local: seg.Dst, Remote: seg.Src, State: Listen, Passive: true}
	h.inherit(&t)
	p := h.ProfileOf(&t)
	s := step{t: &t, p: &p, now: now, out: out, sent: &h.sent}
	t.Timers = noTimers
	sum := h.cookie(now, seg.Dst, seg.Src, seg.Seq, index)
	s.begin(&Input{ISS: sum.seq(), TSOffset: h.tsOffset(seg.Dst, seg.Src)})
	s.takeSyn(seg)
	quiet := len(s.out)
	s.agree(seg.Flags, &o)
	s.out = s.out[:quiet]
	if !s.t.TSOK {
		// Without timestamps there is no room for the other options: they are not offered.
		s.t.SACKOK, s.t.ScaleOK, s.t.RcvScale, s.t.SndScale = false, false, 0, 0
	}
	s.check(true, rule.CookieSent, num(s.t.ISS), int64(index), int64(table[index]), int64(now/cookiePeriod))
	args := sum.args()
	s.check(true, rule.CookieSum, args[:]...)
	s.cookieTS = true
	s.cookieBits = cookieBits(s.t.ScaleOK, min(o.WindowScale, maxScale), s.t.SACKOK, s.t.ECN)
	if s.t.TSOK {
		args := bitArgs(h.tsOffset(seg.Dst, seg.Src), s.cookieBits)
		s.check(true, rule.CookieTimestamp, args[:]...)
	}
	s.emitSynAck(rule.CookieSent, num(s.t.ISS), int64(index), int64(table[index]), int64(now/cookiePeriod))
	return s.out
}

func cookieBits(scaled bool, scale uint8, sack, ecn bool) uint32 {
	bits := uint32(cookieNoScale)
	if scaled {
		bits = uint32(scale)
	}
	if sack {
		bits |= cookieSACKBit
	}
	if ecn {
		bits |= cookieECNBit
	}
	return bits
}

// takeCookie opens a connection by the cookie that an ACK brings back. taken is false when cookies are not in use and the
// segment is an ordinary one for a listener.
func (h *Host) takeCookie(l *listener, now Time, seg *wire.Segment, out []Effect) (result []Effect, taken bool) {
	if seg.Flags&(wire.SYN|wire.ACK|wire.RST) != wire.ACK || !h.cookiesLive(l, now) {
		return out, false
	}
	isn, cookie := seg.Seq.Add(^uint32(0)), seg.Ack.Add(^uint32(0))
	sum, index, age, ok := h.openCookie(now, seg.Dst, seg.Src, isn, cookie)
	out = append(out, Effect{Kind: Check, OK: true, Rule: rule.CookieSum, Args: sum.args()})
	offset, options := h.tsOffset(seg.Dst, seg.Src), seg.Options.Parse()
	bits := (options.TSEcr - offset) & (1<<cookieTSBits - 1)
	if ok && options.HasTimestamps && h.cfg.Profile.Timestamps {
		out = append(out, Effect{Kind: Check, OK: true, Rule: rule.CookieTimestamp, Args: bitArgs(offset, bits)})
	}
	args := [4]int64{num(cookie), int64(age), 0, 0}
	if ok {
		args[2], args[3] = int64(index), int64(CookieMSS(seg.Dst.Addr().Is6())[index])
	}
	out = append(out, Effect{Kind: Check, OK: ok, Rule: rule.CookieGood, Args: args})
	if !ok {
		return out, false // the listener answers it with RST
	}
	if n := h.queued(l); n > l.backlog {
		return append(out, Effect{Kind: Discard, Rule: rule.AcceptQueueACK, Args: [4]int64{int64(n), int64(l.backlog)}}), true
	}
	t := h.record(seg.Dst, seg.Src)
	t.State, t.Passive = Listen, true
	h.inherit(t)
	t.Timers = noTimers
	own := h.ProfileOf(t)
	p := &own
	s := step{t: t, p: p, now: now, opts: options, out: out, sent: &h.sent}
	first := len(out)
	s.begin(&Input{ISS: cookie, TSOffset: offset})
	syn := wire.Segment{Src: seg.Src, Dst: seg.Dst, Seq: isn, Flags: wire.SYN, Window: seg.Window, Options: wire.Options{}.WithMSS(CookieMSS(seg.Dst.Addr().Is6())[index])}
	if options.HasTimestamps && p.Timestamps {
		syn.Options = syn.Options.WithTimestamps(options.TSVal, 0)
		if bits&cookieSACKBit != 0 {
			syn.Options = syn.Options.WithSACKPermitted()
		}
		if bits&cookieNoScale != cookieNoScale {
			syn.Options = syn.Options.WithWindowScale(uint8(bits & cookieNoScale))
		}
		s.t.ECN = bits&cookieECNBit != 0
	}
	s.takeSyn(&syn)
	offered := syn.Options.Parse()
	s.agree(syn.Flags, &offered)
	full := uint32(CookieMSS(seg.Dst.Addr().Is6())[index])
	s.t.RcvBuf = p.Window - p.Window%full
	s.t.RcvWnd = s.t.RcvBuf
	s.effect(Opened, rule.None)
	s.t.SndNxt = s.t.ISS.Add(1)
	s.t.FirstSent = now
	s.change(SynReceived, rule.CookieGood, args[:]...)
	s.linuxRequest(seg)
	s.effect(Updated, rule.None)
	h.opened()
	return h.settle(len(h.conns)-1, first, s.out), true
}

// cookiesLive reports whether a cookie may have been sent that is still good.
func (h *Host) cookiesLive(l *listener, now Time) bool {
	switch h.cfg.Profile.SynCookies {
	case 2:
		return true
	case 1:
		return l.overflowed != Never && now-l.overflowed <= cookieMaxAge*cookiePeriod
	default:
		return false
	}
}
