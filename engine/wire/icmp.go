package wire

import (
	"encoding/binary"
	"fmt"
	"net/netip"
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
	Router uint8  // who says it: the router with this number, from 1, or with 0 the host that the segment was for
	MTU    uint16 // of TooBig: bytes of the largest packet that the next link takes, with its IP header
}

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
