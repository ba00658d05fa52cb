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
	cookie Cookie
	exp    bool
	mss    uint16
}

// maxServed is of how many servers a client remembers cookies.
const maxServed = 16

// remembered is what connect knows of a server.
func (h *Host) remembered(addr netip.Addr) fastOpening {
	f := fastOpening{on: true, mss: defaultMSS(addr), bare: h.cfg.Profile.FastOpen&FastOpenNoCookie != 0}
	if i := slices.IndexFunc(h.served, func(s served) bool { return s.addr == addr }); i >= 0 {
		f.cookie, f.exp, f.mss = h.served[i].cookie, h.served[i].exp, h.served[i].mss
	}
	return f
}

// remember keeps the cookie that a SYN-ACK brought.
func (h *Host) remember(seg *wire.Segment) {
	o := seg.Options.Parse()
	if !o.HasFastOpen || o.CookieLen == 0 {
		return
	}
	s := served{addr: seg.Src.Addr(), cookie: Cookie{o.CookieLen, o.Cookie}, exp: o.FastOpenExp, mss: defaultMSS(seg.Src.Addr())}
	if o.HasMSS && o.MSS > 0 {
		s.mss = o.MSS
	}
	h.served = slices.DeleteFunc(h.served, func(old served) bool { return old.addr == s.addr })
	if len(h.served) == maxServed {
		h.served = slices.Delete(h.served, 0, 1)
	}
	h.served = append(h.served, s)
}

// fastCookie makes the cookie of a client: a keyed hash of both addresses, so that nothing need be kept
// (RFC 7413 section 4.1.2).
func (h *Host) fastCookie(l *listener, local, remote netip.Addr) Cookie {
	c := Cookie{Len: 8}
	hash := keyedHash(h.cfg.Secret^mix(l.fastKey), 5, netip.AddrPortFrom(local, 0), netip.AddrPortFrom(remote, 0))
	binary.BigEndian.PutUint64(c.Bytes[:], hash)
	return c
}

// FastOpenRoom returns how much text a SYN to a server may carry: 0 when the host has no cookie for it and needs one.
func (h *Host) FastOpenRoom(server netip.Addr) int {
	f := h.remembered(server)
	if f.cookie.Len == 0 && !f.bare {
		return 0
	}
	return max(int(min(f.mss, h.cfg.Profile.MSS))-wire.MaxOptions, 0)
}

// FastOpenCookie returns the cookie that the listener on the host's own port gives to a client, and that it takes from it;
// nil without that listener.
func (h *Host) FastOpenCookie(client netip.Addr) []byte {
	l := h.ofCall()
	if l == nil {
		return nil
	}
	c := h.fastCookie(l, h.cfg.Addr.Addr(), client)
	return c.bytes()
}

// fastOpen decides what a listener does about the Fast Open option of a SYN, or about text in one without it.
func (h *Host) fastOpen(l *listener, seg *wire.Segment, out []Effect) (fastOpening, []Effect) {
	o := seg.Options.Parse()
	if !o.HasFastOpen || h.cfg.Profile.FastOpen&FastOpenServer == 0 || l.fastQueue == 0 {
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
	if o := seg.Options.Parse(); o.HasFastOpen && o.CookieLen > 0 {
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
