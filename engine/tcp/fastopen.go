package tcp

import (
	"encoding/binary"
	"net/netip"
	"slices"

	"github.com/handshakelab/lab/engine/rule"
	"github.com/handshakelab/lab/engine/wire"
)

// TCP Fast Open (RFC 7413): a client that was here before shows a cookie in its SYN, which proves that it can receive at its
// address, and the server takes the text that comes with it before the handshake is done.

// Bits of Profile.FastOpen, as those of Linux tcp_fastopen.
const (
	FastOpenClient   = 1 << iota // connect may ask for a cookie and send text in its SYN
	FastOpenServer               // a listener with a queue for it gives cookies and takes text in a SYN
	FastOpenNoCookie             // connect sends text in its SYN without a cookie
)

// A Cookie is a Fast Open cookie. The zero value is none.
type Cookie struct {
	Len   uint8 // 4 to 16, even (RFC 7413 section 4.1.1)
	Bytes [wire.MaxCookie]byte
}

func (c *Cookie) bytes() []byte { return c.Bytes[:c.Len] }

// fastOpening is what Fast Open adds to the beginning of a connection.
type fastOpening struct {
	on     bool   // the SYN, or the SYN-ACK, carries the option with cookie
	exp    bool   // in the form of the experiment
	cookie Cookie // none asks for one
	mss    uint16 // of connect: what the server is remembered to take
	take   bool   // of a SYN in LISTEN: its text may be taken
	bare   bool   // of connect: text goes with the SYN though there is no cookie
}

// FastOpened returns the input for a SYN in LISTEN with what the listener makes of its Fast Open option: whether it takes the text,
// and the cookie that its SYN-ACK gives, if any. A Host decides that itself.
func (in Input) FastOpened(take bool, gives Cookie) Input {
	in.fast = fastOpening{on: gives.Len > 0, cookie: gives, take: take}
	return in
}

// served is what a client remembers of a server: its cookie, and how much it takes in a segment (RFC 7413 section 4.1.3).
type served struct {
	addr   netip.Addr
	cookie Cookie // none of a Linux client's server that gave none
	exp    bool   // the cookie goes in the form of the experiment
	forms  uint8  // of Linux: in how many forms a cookie was asked for in vain
	mss    uint16
}

// maxServed is of how many servers a client remembers cookies, and of how many that Fast Open failed there.
const maxServed = 16

// remembered is what connect knows of a server.
func (h *Host) remembered(addr netip.Addr) fastOpening {
	f := fastOpening{on: true, mss: defaultMSS(addr), bare: h.cfg.Profile.FastOpen&FastOpenNoCookie != 0}
	if i := slices.IndexFunc(h.served, func(s served) bool { return s.addr == addr }); i >= 0 {
		s := &h.served[i]
		f.cookie, f.exp, f.mss = s.cookie, s.exp || s.forms == 1, s.mss
	}
	return f
}

// remember keeps what the SYN-ACK told that opened a connection: the cookie, or with Linux that there was none although the
// connection, as it was before, had asked for one.
func (h *Host) remember(before *TCB, seg *wire.Segment, out []Effect) []Effect {
	o, p := seg.Options.Parse(), &h.cfg.Profile
	given := o.HasFastOpen && o.CookieLen > 0
	if !given && !p.Linux {
		return out
	}
	s := served{addr: seg.Src.Addr()}
	if i := slices.IndexFunc(h.served, func(old served) bool { return old.addr == s.addr }); i >= 0 {
		s = h.served[i]
		h.served = slices.Delete(h.served, i, i+1)
	}
	s.mss = defaultMSS(s.addr)
	if o.HasMSS && o.MSS > 0 {
		s.mss = o.MSS
	}
	switch {
	case given:
		s.cookie, s.exp = Cookie{o.CookieLen, o.Cookie}, o.FastOpenExp
	// Linux asks a server that gave no cookie once more in the form of the experiment, then in that of the RFC for ever
	// (tcp_rcv_fastopen_synack).
	case before.SynData == 0 && before.Resent == 0 && s.cookie.Len == 0 && s.forms < 2:
		s.forms++
		out = append(out, Effect{Kind: Check, Conn: before.ID, Rule: rule.LinuxFastOpenForms, Args: [4]int64{int64(s.forms)}})
	}
	if len(h.served) == maxServed {
		h.served = slices.Delete(h.served, 0, 1)
	}
	h.served = append(h.served, s)
	return out
}

// A fastFailure is that Fast Open failed, and is left alone for a while: with one port of a server (RFC 7413 section 4.1.3.1), with
// Linux everywhere, for a middlebox may be to blame (tcp_fastopen_active_disable).
type fastFailure struct {
	server netip.AddrPort // the zero value for all
	times  uint8          // in a row
	at     Time           // the last time
	conn   ConnID         // the newest connection then
}

// blamed returns which servers Fast Open is left alone with when it fails with one.
func (h *Host) blamed(server netip.AddrPort) netip.AddrPort {
	if h.cfg.Profile.Linux {
		return netip.AddrPort{}
	}
	return server
}

// failure is the index into h.failed of what is known of a server, -1 for nothing.
func (h *Host) failure(server netip.AddrPort) int {
	blamed := h.blamed(server)
	return slices.IndexFunc(h.failed, func(f fastFailure) bool { return f.server == blamed })
}

// pause is how long Fast Open is left alone from the last failure on: twice as long each time, 64 times at most
// (tcp_fastopen_active_should_disable; RFC 7413 says "at least temporarily").
func (f *fastFailure) pause(p *Profile) Time { return p.FastOpenPause << min(f.times-1, 6) }

// fastConnect is what Fast Open adds to a connect: nothing while it is left alone.
func (h *Host) fastConnect(now Time, server netip.AddrPort, out []Effect) (fastOpening, []Effect) {
	if i := h.failure(server); i >= 0 {
		f := &h.failed[i]
		if left := f.at + f.pause(&h.cfg.Profile) - now; left > 0 {
			return fastOpening{}, append(out, Effect{Kind: Check, Rule: rule.FastOpenPaused, Args: [4]int64{int64(f.times), int64(left)}})
		}
	}
	return h.remembered(server.Addr()), out
}

// fastRun is run for a connection that was opened actively with Fast Open: it learns from what becomes of it.
func (h *Host) fastRun(t *TCB, now Time, in *Input, out []Effect) []Effect {
	before := *t
	out = h.run(t, now, in, out)
	if in.Kind == SegmentInput && before.State == SynSent && t.State == Established {
		out = h.remember(&before, in.Seg, out)
	}
	failed, works := rfcFast(&before, t, in)
	id := rule.FastOpenFailed
	if h.cfg.Profile.Linux {
		failed, works = linuxFast(&before, t, in)
		id = rule.LinuxFastOpenBlackhole
	}
	i := h.failure(t.Remote)
	switch {
	case failed && h.cfg.Profile.FastOpenPause > 0:
		f := fastFailure{server: h.blamed(t.Remote)}
		if i >= 0 {
			f = h.failed[i]
			h.failed = slices.Delete(h.failed, i, i+1)
		} else if len(h.failed) == maxServed {
			h.failed = slices.Delete(h.failed, 0, 1)
		}
		f.times, f.at, f.conn = min(f.times, 254)+1, now, h.lastID
		h.failed = append(h.failed, f)
		args := [4]int64{int64(f.times), int64(f.pause(&h.cfg.Profile))}
		if in.Kind == TimerInput && h.cfg.Profile.Linux {
			args[2] = int64(before.Retries) + 1
		}
		out = append(out, Effect{Kind: Check, Conn: t.ID, Rule: id, Args: args})
	case works && i >= 0 && h.failed[i].conn < t.ID: // it was opened since
		args := [4]int64{int64(h.failed[i].times)}
		h.failed = slices.Delete(h.failed, i, i+1)
		out = append(out, Effect{Kind: Check, OK: true, Conn: t.ID, Rule: id, Args: args})
	}
	return out
}

// rfcFast says what an input tells of Fast Open (RFC 7413 section 4.1.3.1, MUST): it failed when nobody answers the SYN, when ICMP
// says that it does not get through, and when its text is not acknowledged, unless the SYN-ACK has a better cookie.
func rfcFast(before, after *TCB, in *Input) (failed, works bool) {
	if before.State != SynSent {
		return false, false
	}
	switch in.Kind {
	case TimerInput:
		return in.Timer == Retransmit && before.Retries == 0, false
	case ICMPInput:
		flying := in.Seg.Seq.In(before.SndUna, uint32(before.SndNxt-before.SndUna))
		return flying && in.Seg.ICMP.Kind != wire.TooBig && before.Retries == 0, false
	case SegmentInput:
		if after.State != Established || before.SynData == 0 {
			return false, false
		}
		o := in.Seg.Options.Parse()
		taken := before.ISS.Add(1).Less(in.Seg.Ack)
		return !taken && before.Retries == 0 && !(o.HasFastOpen && o.CookieLen > 0), taken
	}
	return false, false
}

// linuxFast says it for Linux: it failed after the third timeout in a row, or the last one before giving up
// (tcp_fastopen_active_detect_blackhole), and when before any text a FIN or an RST comes out of order, which boxes do that did not see
// the text of the SYN (tcp_fastopen_active_disable_ofo_check, tcp_validate_incoming).
func linuxFast(before, after *TCB, in *Input) (failed, works bool) {
	silent := before.RcvNxt == before.IRS.Add(1)
	over := after.State == Closed || after.State == TimeWait && before.State != TimeWait
	switch {
	case in.Kind == TimerInput && in.Timer == Retransmit && before.State != TimeWait:
		failed = before.Retries == 2 || before.Retries < 2 && after.State == Closed
	case in.Kind == SegmentInput && before.State == Established && after.State == Established && silent:
		failed = in.Seg.Flags.Has(wire.RST) && in.Seg.Seq != before.RcvNxt && in.Seg.Seq.In(before.RcvNxt, before.RcvWnd)
	}
	if over && before.State.Synchronized() {
		failed = failed || silent && before.NumHeld == 1 && before.Held[0].Fin && before.Held[0].Text == ""
		works = after.RcvNxt.Sub(after.IRS) > 2 // a SYN, a FIN, and text
	}
	return failed, works
}

// fastCookie makes the cookie of a client: a keyed hash of both addresses, so that nothing need be kept
// (RFC 7413 section 4.1.2).
func (h *Host) fastCookie(l *listener, local, remote netip.Addr) Cookie {
	c := Cookie{Len: 8}
	hash := keyedHash(h.cfg.Secret^mix(l.fastKey), 5, netip.AddrPortFrom(local, 0), netip.AddrPortFrom(remote, 0))
	binary.BigEndian.PutUint64(c.Bytes[:], hash)
	return c
}

// FastOpenRoom returns how much text a SYN to a server may carry: 0 when the host has no cookie for it and needs one, or leaves Fast
// Open alone.
func (h *Host) FastOpenRoom(now Time, server netip.AddrPort) int {
	f, _ := h.fastConnect(now, server, nil)
	if f.cookie.Len == 0 && !f.bare {
		return 0
	}
	return max(int(min(f.mss, h.cfg.Profile.MSS))-wire.MaxOptions, 0)
}

// FastOpenCookie returns the cookie that the listener on a port gives to a client, and that it takes from it; nil without that
// listener.
func (h *Host) FastOpenCookie(port uint16, client netip.Addr) []byte {
	l := h.listener(port)
	if l == nil {
		return nil
	}
	c := h.fastCookie(l, h.cfg.Addr.Addr(), client)
	return c.bytes()
}

// fastOpen decides what a listener does about the Fast Open option of a SYN, or about text in one without it.
func (h *Host) fastOpen(l *listener, seg *wire.Segment, out []Effect) (fastOpening, []Effect) {
	if h.cfg.Profile.FastOpen&FastOpenServer == 0 || l.fastQueue == 0 {
		return fastOpening{}, out
	}
	o := seg.Options.Parse()
	if !o.HasFastOpen {
		return fastOpening{}, out
	}
	// RFC 7413 section 5.1: so many connections may be open that have only shown a cookie; beyond that the handshake is
	// the ordinary one.
	pending := h.count(l, func(t *TCB) bool { return t.FastOpen && t.Passive && t.State == SynReceived })
	if pending >= l.fastQueue {
		return fastOpening{}, append(out, Effect{Kind: Check, Rule: rule.FastOpenQueue, Args: [4]int64{int64(pending), int64(l.fastQueue)}})
	}
	f := fastOpening{on: true, exp: o.FastOpenExp, cookie: h.fastCookie(l, seg.Dst.Addr(), seg.Src.Addr())}
	if o.CookieLen == 0 {
		return f, append(out, Effect{Kind: Check, OK: true, Rule: rule.FastOpenGrant})
	}
	good := f.cookie == Cookie{o.CookieLen, o.Cookie}
	out = append(out, Effect{Kind: Check, OK: good, Rule: rule.FastOpenCookie, Args: [4]int64{int64(len(seg.Payload))}})
	if good {
		f.on, f.take = false, true
	}
	return f, out
}

// fastSyn makes the text and the options of a first SYN with Fast Open.
func (s *step) fastSyn(f *fastOpening, data string) {
	s.t.FastOpen = true
	s.t.Out = data
	if f.cookie.Len == 0 && !f.bare {
		s.check(true, rule.FastOpenRequest)
		return
	}
	// RFC 7413 section 4.2.2: as much as the server is remembered to take. Room is left for all options.
	n := min(len(data), int(min(f.mss, s.p.MSS))-wire.MaxOptions)
	s.t.SynData = uint16(max(n, 0))
	s.t.SndNxt = s.t.SndNxt.Add(uint32(s.t.SynData))
	s.check(true, rule.FastOpenSYN, int64(s.t.SynData))
}

// takeFast takes the text of a SYN whose cookie is good: the application may have the connection at once
// (RFC 7413 section 4.2.2).
func (s *step) takeFast(seg *wire.Segment) {
	s.t.FastOpen = true
	n := min(uint32(len(seg.Payload)), s.t.RcvWnd)
	s.t.RcvNxt = s.t.RcvNxt.Add(n)
	s.t.Unread = n
	if !s.p.Linux { // which says in its SYN-ACK that the whole window is free behind the text
		s.t.RcvWnd -= n
	}
	s.openWindow()
}

// tellFast tells the application of a connection that is usable before its handshake is done.
func (s *step) tellFast() {
	s.tell(Acceptable, OK, rule.FastOpenCookie)
	if s.t.Unread > 0 {
		s.add(Effect{Kind: Tell, Rule: rule.FastOpenCookie, Notice: Readable, Bytes: s.t.Unread, Args: [4]int64{int64(s.t.Unread)}})
	}
}

// fastOpened looks what the SYN-ACK made of Fast Open: whether it brings a cookie, and whether it acknowledges the text.
func (s *step) fastOpened(seg *wire.Segment) {
	if o := &s.opts; o.HasFastOpen && o.CookieLen > 0 {
		s.check(true, rule.FastOpenStore, int64(o.CookieLen))
	}
	if s.t.SynData == 0 {
		return
	}
	taken := int64(seg.Ack.Sub(s.t.ISS.Add(1)))
	if !s.check(taken > 0, rule.FastOpenData, int64(s.t.SynData), taken) || seg.Ack.Less(s.t.SndNxt) {
		// RFC 7413 section 4.2.2: text that was not acknowledged is sent after the handshake.
		s.t.SndNxt = seg.Ack
	}
}

// linuxFastRequest takes a segment for a connection that was opened by a cookie and still waits for the ACK of its SYN-ACK.
// It reports whether the segment is dealt with.
func (s *step) linuxFastRequest(seg *wire.Segment) bool {
	const kinds = wire.SYN | wire.ACK | wire.RST | wire.FIN
	if seg.Seq != s.t.IRS || seg.Flags&kinds != wire.SYN {
		return false
	}
	if !s.limited() {
		s.t.Timing = false
		s.emitSynAck(rule.LinuxSynAckAgain, num(seg.Seq))
		s.set(Retransmit, s.now+s.t.RTO, rule.LinuxSynAckAgain, num(seg.Seq))
	}
	return true
}
