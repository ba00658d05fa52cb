package tcp

import (
	"net/netip"
	"slices"

	"github.com/handshakelab/lab/engine/rule"
	"github.com/handshakelab/lab/engine/wire"
)

// The smallest path MTU that is believed, in bytes.
const (
	minMTU4      = 68   // RFC 1191 section 3
	linuxMinMTU4 = 552  // Linux net.ipv4.route.min_pmtu
	minMTU6      = 1280 // RFC 8201 section 4
)

// ReceiveICMP takes an ICMP error message: seg is the segment that it quotes, with ICMP set.
func (h *Host) ReceiveICMP(now Time, seg *wire.Segment, out []Effect) []Effect {
	h.sent = h.sent[:0]
	// RFC 9293 section 3.9.2.2, MUST-54: the error goes to the connection that sent what is quoted.
	if i := h.between(seg.Src, seg.Dst); i >= 0 {
		id, remote := h.conns[i].ID, h.conns[i].Remote.Addr()
		out = h.step(i, now, &Input{Kind: ICMPInput, Seg: seg}, out)
		if i = h.find(id); i >= 0 && h.conns[i].PathMTU != 0 {
			h.learnPath(remote, h.conns[i].PathMTU)
		}
		return h.wake(now, out)
	}
	args := [4]int64{int64(seg.Src.Port()), int64(seg.Dst.Port())}
	return append(out,
		Effect{Kind: Check, Rule: rule.ICMPConnection, Args: args},
		Effect{Kind: Discard, Rule: rule.ICMPConnection, Args: args})
}

// A path is what a host knows of the way to an address: new connections begin with it (RFC 1191 section 6.2, RFC 8201 section 5.2).
type path struct {
	to  netip.Addr
	mtu uint32 // bytes of the largest packet
}

// maxPaths is of how many ways a host remembers that.
const maxPaths = 16

func (h *Host) learnPath(to netip.Addr, mtu uint32) {
	h.paths = slices.DeleteFunc(h.paths, func(p path) bool { return p.to == to })
	if len(h.paths) == maxPaths {
		h.paths = slices.Delete(h.paths, 0, 1)
	}
	h.paths = append(h.paths, path{to, mtu})
}

// pathMTU is how large packets to an address may be, 0 while nothing is known.
func (h *Host) pathMTU(to netip.Addr) uint32 {
	for _, p := range h.paths {
		if p.to == to {
			return p.mtu
		}
	}
	return 0
}

// icmp takes an ICMP error about a segment that this connection is said to have sent.
func (s *step) icmp(seg *wire.Segment) {
	s.check(true, rule.ICMPConnection, int64(seg.Src.Port()), int64(seg.Dst.Port()))
	// RFC 5927 section 4.1: SND.UNA <= SEG.SEQ < SND.NXT, or the segment is not in flight and the error old or forged. Linux
	// takes SND.NXT too, and nothing for a timewait socket.
	args := [3]int64{num(seg.Seq), num(s.t.SndUna), num(s.t.SndNxt)}
	good := seg.Seq.In(s.t.SndUna, uint32(s.t.SndNxt-s.t.SndUna)) || s.p.Linux && !s.t.reduced() && seg.Seq == s.t.SndNxt
	if !s.check(good, rule.ICMPSequence, args[:]...) {
		s.discard(rule.ICMPSequence, args[:]...)
		return
	}
	if seg.ICMP.Kind == wire.TooBig {
		s.tooBig(seg)
		return
	}
	typ, code := seg.ICMP.Kind.TypeCode(seg.Is6())
	said := [2]int64{int64(typ), int64(code)}
	errno, hard := icmpError(seg.ICMP.Kind, seg.Is6())
	fast := s.t.Passive && s.t.FastOpen && s.t.State == SynReceived
	switch {
	case s.p.Linux && s.t.embryonic():
		s.linuxRequestICMP(seg, said)
	// Linux gives up a connection that is being made on any error (tcp_v4_err), where the RFC waits on a soft one.
	case s.p.Linux && !s.t.State.Synchronized() && !(fast && s.t.Accepted):
		s.end(Closed, errno, rule.LinuxICMPConnect, said[:]...)
	// Linux never aborts a connection that is made (RFC 5927 section 5.2 describes that).
	case s.p.Linux && hard:
		s.t.SoftErr = errno
		s.check(true, rule.LinuxICMPSoft, said[:]...)
	// RFC 9293 section 3.9.2.2, hard errors, SHLD-26: the connection is aborted.
	case hard && s.t.State == SynReceived && s.t.Passive:
		s.end(Listen, OK, rule.ICMPHard, said[:]...)
	case hard && s.t.Orphan:
		s.end(Closed, OK, rule.ICMPHard, said[:]...)
	case hard:
		s.end(Closed, errno, rule.ICMPHard, said[:]...)
	// RFC 9293 section 3.9.2.2, soft errors, MUST-56: the connection goes on; SHLD-25: the application can learn of it, here
	// when nobody answers to the end.
	default:
		s.t.SoftErr = errno
		s.check(true, rule.ICMPSoft, said[:]...)
		s.revertBackOff(seg)
	}
}

// icmpError is the error that a message means to the application, and whether RFC 9293 section 3.9.2.2 counts it as hard. It
// names codes 2 to 4 of ICMP and 1 and 4 of ICMPv6; what it does not name is treated as soft. The errors are those of Linux.
func icmpError(k wire.ICMPKind, six bool) (e Errno, hard bool) {
	switch {
	case k == wire.PortUnreachable:
		return ECONNREFUSED, true
	case k == wire.ProtocolUnreachable && six:
		return EPROTO, false // a parameter problem
	case k == wire.ProtocolUnreachable:
		return ENOPROTOOPT, true
	case k == wire.AdminProhibited && six:
		return EACCES, true
	case k == wire.NetUnreachable:
		return ENETUNREACH, false
	default:
		return EHOSTUNREACH, false
	}
}

// linuxRequestICMP takes an error for an embryonic connection (tcp_req_err): the SYN-ACK does not get through, and Linux drops
// the request when the network says so and keeps it when the peer does.
func (s *step) linuxRequestICMP(seg *wire.Segment, said [2]int64) {
	k := seg.ICMP.Kind
	drops := k == wire.NetUnreachable || k == wire.HostUnreachable || k == wire.TimeExceeded
	if seg.Is6() {
		drops = k == wire.AdminProhibited || k == wire.PortUnreachable || k == wire.ProtocolUnreachable
	}
	if s.check(!drops, rule.LinuxICMPRequest, said[:]...) {
		return
	}
	s.end(Listen, OK, rule.LinuxICMPRequest, said[:]...)
}

// revertBackOff takes the last doubling of the timeout back when a router says that there is no way (RFC 6069 section 4.2): the
// segment was not lost in a crowd, and once there is a way again it should not have to wait long.
func (s *step) revertBackOff(seg *wire.Segment) {
	unreachable := seg.ICMP.Kind == wire.NetUnreachable || seg.ICMP.Kind == wire.HostUnreachable
	if !s.p.Linux || !unreachable || seg.Seq != s.t.SndUna || s.t.Retries == 0 || s.t.Timers[Retransmit] == Never {
		return
	}
	was, sent := s.t.RTO, s.t.Timers[Retransmit]-s.t.RTO
	s.t.RTO = max(was/2, s.p.RTOMin)
	s.set(Retransmit, max(s.now, sent+s.t.RTO), rule.RevertBackOff, int64(was), int64(s.t.RTO))
}

// headers is how many bytes of a packet the IP header and the fixed TCP header take.
func (t *TCB) headers() int {
	if t.Local.Addr().Is6() {
		return wire.IPv6HeaderLen + wire.MinHeaderLen
	}
	return wire.IPv4HeaderLen + wire.MinHeaderLen
}

// tooBig takes the word of a router that a segment did not fit the next link: path MTU discovery (RFC 9293 section 3.7.2,
// RFC 1191, RFC 8201). The path MTU only ever gets smaller here; that it should be probed again after some minutes
// (RFC 1191 section 6.3) would make no difference to a path whose links stay the same.
func (s *step) tooBig(seg *wire.Segment) {
	least := uint32(minMTU4)
	switch {
	case seg.Is6():
		least = minMTU6
	case s.p.Linux:
		least = linuxMinMTU4
	}
	mtu, was := max(uint32(seg.ICMP.MTU), least), s.mss()
	if s.t.State == SynSent && s.t.SynData > 0 {
		s.synTooBig(seg, mtu)
		return
	}
	old := s.t.PathMTU
	s.t.PathMTU = mtu
	now := s.mss()
	if !s.check(now < was, rule.PathMTU, int64(seg.ICMP.MTU), int64(was), int64(now)) {
		s.t.PathMTU = old
		s.discard(rule.PathMTU, int64(seg.ICMP.MTU), int64(was), int64(now))
		return
	}
	if !s.t.State.Synchronized() || s.t.SndUna == s.t.SndNxt {
		return
	}
	// RFC 1191 section 6.4: what was dropped is sent again at once, in smaller segments; nobody is crowded, so the congestion
	// window stays.
	s.t.Timing, s.t.DupAcks = false, 0
	s.t.Recovery, s.t.Recover, s.t.Resend = byPathMTU, s.t.SndNxt, s.t.SndUna
	for uint32(s.t.Resend-s.t.SndUna) < s.t.Cwnd && s.resendOne(rule.PathMTUResend, int64(mtu)) {
	}
	s.stop(LossProbe, rule.PathMTUResend)
	s.set(Retransmit, s.now+s.t.RTO, rule.RTORestart, int64(s.t.RTO))
}

// synTooBig takes that word about a SYN with the text of a Fast Open: without it the SYN fits, and goes out again at once
// (tcp_simple_retransmit). The text follows the handshake.
func (s *step) synTooBig(seg *wire.Segment, mtu uint32) {
	size, room := int64(s.t.SynData), int64(mtu)-int64(s.t.headers())
	if !s.check(room < size+int64(wire.MaxOptions) && s.t.PathMTU != mtu, rule.PathMTU, int64(seg.ICMP.MTU), size, room) {
		s.discard(rule.PathMTU, int64(seg.ICMP.MTU), size, room)
		return
	}
	s.t.PathMTU = mtu
	s.t.Timing = false
	s.emitSyn(rule.PathMTUResend, num(s.t.ISS), 0, int64(mtu))
	s.set(Retransmit, s.now+s.t.RTO, rule.RTORestart, int64(s.t.RTO))
}
