package wire

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"slices"
)

// ICMPKind is what an ICMP error message says, the same for ICMP and ICMPv6.
type ICMPKind uint8

// The error messages that concern a TCP, with type/code of ICMP (RFC 792, RFC 1812 section 5.2.7.1) and of ICMPv6 (RFC 4443
// section 3).
const (
	NoICMP              ICMPKind = iota
	NetUnreachable               // 3/0, 1/0: no route leads there
	HostUnreachable              // 3/1, 1/3: the last router gets no answer from the host
	ProtocolUnreachable          // 3/2, 4/1: the host does not know the protocol
	PortUnreachable              // 3/3, 1/4: the host has nobody at the port
	TooBig                       // 3/4, 2/0: the packet does not fit the next link, whose MTU the message tells
	AdminProhibited              // 3/13, 1/1: a filter does not let the packet pass
	TimeExceeded                 // 11/0, 3/0: the hop limit was used up
	NumICMPKinds
)

var icmpNames = [NumICMPKinds]string{"", "net-unreachable", "host-unreachable", "protocol-unreachable", "port-unreachable", "too-big",
	"admin-prohibited", "time-exceeded"}

// String returns the name as the scenario language writes it, "port-unreachable", or "" for NoICMP.
func (k ICMPKind) String() string { return icmpNames[k%NumICMPKinds] }

// ParseICMPKind reads what String prints.
func ParseICMPKind(name string) (ICMPKind, bool) {
	for k, n := range icmpNames {
		if n == name && n != "" {
			return ICMPKind(k), true
		}
	}
	return NoICMP, false
}

// An ICMP is what an error message says beside the segment that it quotes. It is on its way to the source of that segment.
type ICMP struct {
	Kind   ICMPKind
	Router uint8  // who says it: the router with this number, from 1, or with 0 the host that the segment was for; see OtherRouter
	MTU    uint16 // of TooBig: bytes of the largest packet that the next link takes, with its IP header
}

// OtherRouter is the number that stands for every router that has an address of its own, in what ParseICMP reads.
const OtherRouter = 255

// RouterAddr is the address of the nth router between the hosts, from 1: 203.0.113.n or 2001:db8:113::n, of the blocks that
// exist for examples (RFC 5737, RFC 3849).
func RouterAddr(n uint8, six bool) netip.Addr {
	if six {
		return netip.AddrFrom16([16]byte{0: 0x20, 1: 0x01, 2: 0x0d, 3: 0xb8, 4: 0x01, 5: 0x13, 15: n})
	}
	return netip.AddrFrom4([4]byte{203, 0, 113, n})
}

// Sayer is the address that an ICMP error about the segment comes from.
func (s *Segment) Sayer() netip.Addr {
	if s.ICMP.Router == 0 {
		return s.Dst.Addr()
	}
	return RouterAddr(s.ICMP.Router, s.Is6())
}

var (
	icmp4 = [NumICMPKinds][2]byte{NetUnreachable: {3, 0}, HostUnreachable: {3, 1}, ProtocolUnreachable: {3, 2}, PortUnreachable: {3, 3},
		TooBig: {3, 4}, AdminProhibited: {3, 13}, TimeExceeded: {11, 0}}
	icmp6 = [NumICMPKinds][2]byte{NetUnreachable: {1, 0}, HostUnreachable: {1, 3}, ProtocolUnreachable: {4, 1}, PortUnreachable: {1, 4},
		TooBig: {2, 0}, AdminProhibited: {1, 1}, TimeExceeded: {3, 0}}
)

// TypeCode returns the type and code fields of the message, of ICMPv6 or of ICMP.
func (k ICMPKind) TypeCode(six bool) (typ, code uint8) {
	table := &icmp4
	if six {
		table = &icmp6
	}
	return table[k%NumICMPKinds][0], table[k%NumICMPKinds][1]
}

const (
	protocolICMP  = 1
	protocolICMP6 = 58
	icmpHeaderLen = 8

	// A message quotes as much of the packet as fits its own: RFC 1812 section 4.3.2.3, RFC 4443 section 2.4 (c).
	maxICMP4 = 576
	maxICMP6 = 1280
)

// appendICMP appends the error message about the segment as a packet.
func (s *Segment) appendICMP(b []byte) []byte {
	typ, code := s.ICMP.Kind.TypeCode(s.Is6())
	body := []byte{typ, code, 0, 0, 0, 0, 0, 0}
	out := Segment{TTL: DefaultTTL, Src: netip.AddrPortFrom(s.Sayer(), 0), Dst: netip.AddrPortFrom(s.Src.Addr(), 0)}
	if s.Is6() {
		// RFC 4443 sections 3.2 and 3.4: the MTU, or for an unknown next header its place in the packet.
		switch s.ICMP.Kind {
		case TooBig:
			binary.BigEndian.PutUint32(body[4:], uint32(s.ICMP.MTU))
		case ProtocolUnreachable:
			binary.BigEndian.PutUint32(body[4:], 6)
		}
		quote := s.AppendIPv6(nil)
		body = append(body, quote[:min(len(quote), maxICMP6-IPv6HeaderLen-icmpHeaderLen)]...)
		src, dst := address6(out.Src), address6(out.Dst)
		// RFC 4443 section 2.3: the checksum covers a pseudo-header, as that of TCP does.
		t := addBytes(addBytes(protocolICMP6+sum(len(body)), src[:]), dst[:])
		binary.BigEndian.PutUint16(body[2:], ^addBytes(t, body).fold())
		b = out.appendHeader6(b, protocolICMP6, len(body), src, dst)
		return append(b, body...)
	}
	if s.ICMP.Kind == TooBig {
		binary.BigEndian.PutUint16(body[6:], s.ICMP.MTU) // RFC 1191 section 4
	}
	quote := s.AppendIPv4(nil)
	body = append(body, quote[:min(len(quote), maxICMP4-IPv4HeaderLen-icmpHeaderLen)]...)
	binary.BigEndian.PutUint16(body[2:], ^addBytes(0, body).fold())
	b = out.appendHeader4(b, protocolICMP, len(body), address4(out.Src), address4(out.Dst))
	return append(b, body...)
}

// icmpCodes are the codes of error messages that are read as one of those above, because RFC 1122 section 3.2.2.1, RFC 1812 section
// 5.2.7.1 or RFC 4443 section 3.1 give them the same meaning for the sender, only finer.
var (
	icmpCodes4 = map[[2]byte]ICMPKind{{3, 6}: NetUnreachable, {3, 7}: HostUnreachable, {3, 8}: HostUnreachable, {3, 9}: AdminProhibited,
		{3, 10}: AdminProhibited, {3, 11}: NetUnreachable, {3, 12}: HostUnreachable}
	icmpCodes6 = map[[2]byte]ICMPKind{{1, 2}: HostUnreachable, {1, 5}: AdminProhibited, {1, 6}: AdminProhibited}
)

// kindOf is the kind with a type and code, NoICMP when there is none.
func kindOf(typ, code byte, six bool) ICMPKind {
	table, finer := &icmp4, icmpCodes4
	if six {
		table, finer = &icmp6, icmpCodes6
	}
	if i := slices.Index(table[1:], [2]byte{typ, code}); i >= 0 {
		return ICMPKind(i + 1)
	}
	return finer[[2]byte{typ, code}]
}

// What ParseICMP may find wrong with a packet, beside what ParseIP may. The errors that it returns wrap one of these or of those.
var (
	ErrNotICMP = errors.New("the packet is not an ICMP error about TCP")
	ErrICMPSum = errors.New("the ICMP checksum is wrong")
)

// IsICMP reports whether b begins like an IPv4 or IPv6 packet with an ICMP message in it.
func IsICMP(b []byte) bool {
	return len(b) >= IPv4HeaderLen && b[0]>>4 == 4 && b[9] == protocolICMP || len(b) >= IPv6HeaderLen && b[0]>>4 == 6 && b[6] == protocolICMP6
}

// ParseICMP reads an IPv4 or IPv6 packet with an ICMP error message in it, and returns the segment that it quotes, with ICMP set, and
// who says it. It takes any bytes and never panics. AppendIP of what it returns gives the bytes of a packet that AppendIP made, again.
//
// Of the segment there is as much as is quoted: zero bytes stand for the rest of its text, and a quote that ends in the TCP header has
// its ports and its sequence number only (RFC 792 promises no more).
func ParseICMP(b []byte) (s Segment, sayer netip.Addr, err error) {
	fail := func(err error, format string, args ...any) (Segment, netip.Addr, error) {
		return Segment{}, netip.Addr{}, fmt.Errorf("wire: %w: "+format, append([]any{err}, args...)...)
	}
	if !IsICMP(b) {
		return fail(ErrNotICMP, "it is of another protocol")
	}
	six := b[0]>>4 == 6
	var body []byte
	var total sum
	if six {
		length := int(binary.BigEndian.Uint16(b[4:]))
		if length > len(b)-IPv6HeaderLen {
			return fail(ErrTruncated, "its payload length is %d bytes and %d are there", length, len(b)-IPv6HeaderLen)
		}
		body = b[IPv6HeaderLen : IPv6HeaderLen+length]
		sayer = netip.AddrFrom16([16]byte(b[8:24]))
		total = addBytes(protocolICMP6+sum(length), b[8:40])
	} else {
		head, length := int(b[0]&0xf)*4, int(binary.BigEndian.Uint16(b[2:]))
		switch {
		case head < IPv4HeaderLen || length < head:
			return fail(ErrNotIPv4, "its lengths are %d and %d bytes", head, length)
		case length > len(b):
			return fail(ErrTruncated, "its total length is %d bytes and %d are there", length, len(b))
		case binary.BigEndian.Uint16(b[6:])&0x3fff != 0:
			return fail(ErrFragment, "the message is not whole")
		}
		body = b[head:length]
		sayer = netip.AddrFrom4([4]byte(b[12:16]))
	}
	if len(body) < icmpHeaderLen {
		return fail(ErrTruncated, "%d bytes are less than an ICMP header", len(body))
	}
	kind := kindOf(body[0], body[1], six)
	switch {
	case addBytes(total, body).fold() != 0xffff:
		return fail(ErrICMPSum, "type %d, code %d", body[0], body[1])
	case kind == NoICMP:
		return fail(ErrNotICMP, "type %d, code %d", body[0], body[1])
	}
	quote := body[icmpHeaderLen:]
	// RFC 4884 section 3: where the message says how much of it is the quote, something else follows.
	words, unit := int(body[5]), 4
	if six {
		words, unit = int(body[4]), 8
	}
	if words > 0 && kind != TooBig && kind != ProtocolUnreachable {
		quote = quote[:min(len(quote), words*unit)]
	}
	if s, err = parseQuote(quote, six); err != nil {
		return Segment{}, netip.Addr{}, err
	}
	s.ICMP.Kind = kind
	if kind == TooBig {
		mtu := uint32(binary.BigEndian.Uint16(body[6:]))
		if six {
			mtu = binary.BigEndian.Uint32(body[4:])
		}
		s.ICMP.MTU = uint16(min(mtu, maxPacketLen))
	}
	if sayer != s.Dst.Addr() {
		s.ICMP.Router = OtherRouter
		for n := uint8(1); n < OtherRouter; n++ {
			if sayer == RouterAddr(n, six) {
				s.ICMP.Router = n
			}
		}
	}
	return s, sayer, nil
}

// parseQuote reads the beginning of the packet that an error message quotes. Its header checksum is not judged: routers have changed
// its hop limit.
func parseQuote(b []byte, six bool) (Segment, error) {
	fail := func(format string, args ...any) (Segment, error) {
		return Segment{}, fmt.Errorf("wire: %w: "+format, append([]any{ErrNotICMP}, args...)...)
	}
	head, version := IPv4HeaderLen, byte(4)
	if six {
		head, version = IPv6HeaderLen, 6
	}
	if len(b) < head || b[0]>>4 != version {
		return fail("it quotes no packet of its version of IP")
	}
	var s Segment
	var src, dst netip.Addr
	length, protocol := 0, byte(0)
	if six {
		word := binary.BigEndian.Uint32(b)
		s = Segment{TOS: uint8(word >> 20), Flow: word & maxFlow, TTL: b[7], DF: true}
		src, dst = netip.AddrFrom16([16]byte(b[8:24])), netip.AddrFrom16([16]byte(b[24:40]))
		length, protocol = int(binary.BigEndian.Uint16(b[4:])), b[6]
		if src.Is4In6() || dst.Is4In6() {
			return fail("it quotes an address that stands for one of IPv4")
		}
	} else {
		fragment := binary.BigEndian.Uint16(b[6:])
		s = Segment{TOS: b[1], IPID: binary.BigEndian.Uint16(b[4:]), DF: fragment&dontFragment != 0, TTL: b[8]}
		src, dst = netip.AddrFrom4([4]byte(b[12:16])), netip.AddrFrom4([4]byte(b[16:20]))
		head = max(head, int(b[0]&0xf)*4)
		length, protocol = int(binary.BigEndian.Uint16(b[2:]))-head, b[9]
		if fragment&0x1fff != 0 {
			return fail("it quotes a fragment that is not the first")
		}
	}
	t := b[min(head, len(b)):]
	switch {
	case protocol != protocolTCP:
		return fail("it quotes a packet of protocol %d", protocol)
	case len(t) < 8 || length < MinHeaderLen:
		return fail("it quotes too little of the segment to know its number")
	case len(t) < MinHeaderLen:
		s.Src, s.Dst = netip.AddrPortFrom(src, binary.BigEndian.Uint16(t)), netip.AddrPortFrom(dst, binary.BigEndian.Uint16(t[2:]))
		s.Seq = Seq(binary.BigEndian.Uint32(t[4:]))
		return s, nil
	}
	whole := make([]byte, length)
	copy(whole, t)
	s.parseTCP(src, dst, whole)
	return s, nil
}

// appendICMPLine appends what tcpdump prints of the error message about s behind the time.
func appendICMPLine(dst []byte, s *Segment) []byte {
	packet := s.appendICMP(nil)
	port := s.Dst.Port()
	if s.Is6() {
		to := netip.AddrFrom16(address6(s.Dst))
		dst = fmt.Appendf(dst, " IP6 %s > %s: ICMP6, ", netip.AddrFrom16([16]byte(packet[8:24])), netip.AddrFrom16(address6(s.Src)))
		switch s.ICMP.Kind {
		case NetUnreachable:
			dst = fmt.Appendf(dst, "destination unreachable, unreachable route %s", to)
		case HostUnreachable:
			dst = fmt.Appendf(dst, "destination unreachable, unreachable address %s", to)
		case ProtocolUnreachable:
			dst = append(dst, "parameter problem, next header - octet 6"...)
		case PortUnreachable:
			dst = fmt.Appendf(dst, "destination unreachable, unreachable port, %s tcp port %d", to, port)
		case TooBig:
			dst = fmt.Appendf(dst, "packet too big, mtu %d", s.ICMP.MTU)
		case AdminProhibited:
			dst = fmt.Appendf(dst, "destination unreachable,  unreachable prohibited %s", to) // two blanks, as tcpdump has it
		case TimeExceeded:
			dst = fmt.Appendf(dst, "time exceeded in-transit for %s", to)
		}
		return fmt.Appendf(dst, ", length %d", len(packet)-IPv6HeaderLen)
	}
	to := netip.AddrFrom4(address4(s.Dst))
	dst = fmt.Appendf(dst, " IP %s > %s: ICMP ", netip.AddrFrom4([4]byte(packet[12:16])), netip.AddrFrom4(address4(s.Src)))
	switch s.ICMP.Kind {
	case NetUnreachable:
		dst = fmt.Appendf(dst, "net %s unreachable", to)
	case HostUnreachable:
		dst = fmt.Appendf(dst, "host %s unreachable", to)
	case ProtocolUnreachable:
		dst = fmt.Appendf(dst, "%s protocol 6 unreachable", to)
	case PortUnreachable:
		dst = fmt.Appendf(dst, "%s tcp port %d unreachable", to, port)
	case TooBig:
		dst = fmt.Appendf(dst, "%s unreachable - need to frag", to)
		if s.ICMP.MTU != 0 {
			dst = fmt.Appendf(dst, " (mtu %d)", s.ICMP.MTU)
		}
	case AdminProhibited:
		dst = fmt.Appendf(dst, "host %s unreachable - admin prohibited filter", to)
	case TimeExceeded:
		dst = append(dst, "time exceeded in-transit"...)
	}
	return fmt.Appendf(dst, ", length %d", len(packet)-IPv4HeaderLen)
}
