package wire

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
)

// IPv6HeaderLen is the length of the header that AppendIPv6 writes, in bytes: one without extension headers.
const IPv6HeaderLen = 40

const maxFlow = 1<<20 - 1

// ErrNotIPv6 says that a packet is not IPv6. The other errors of ParseIPv6 are those of ParseIPv4.
var ErrNotIPv6 = errors.New("not an IPv6 packet")

// AppendIP appends the packet to b and returns the longer slice: IPv4 or IPv6, as Is6 says, and an ICMP error message about
// the segment when ICMP is set.
func (s *Segment) AppendIP(b []byte) []byte {
	switch {
	case s.ICMP.Kind != NoICMP:
		return s.appendICMP(b)
	case s.Is6():
		return s.AppendIPv6(b)
	default:
		return s.AppendIPv4(b)
	}
}

// ParseIP reads an IPv4 or an IPv6 packet with a TCP segment in it, as the version in its first byte says: see ParseIPv4 and
// ParseIPv6.
func ParseIP(b []byte) (Segment, error) {
	if len(b) > 0 && b[0]>>4 == 6 {
		return ParseIPv6(b)
	}
	return ParseIPv4(b)
}

// AppendIPv6 appends the segment to b as an IPv6 packet (RFC 8200 section 3) and returns the longer slice. It does for IPv6
// what AppendIPv4 does for IPv4: an address that is not IPv6 is written as ::, and IPID and DF, which IPv6 does not have, are
// left out.
func (s *Segment) AppendIPv6(b []byte) []byte {
	if !s.Is6() {
		six := *s
		six.Src, six.Dst = address6Port(s.Src), address6Port(s.Dst)
		s = &six
	}
	payload := s.wirePayload()
	optLen := s.optionsLen()
	b = s.appendHeader6(b, protocolTCP, MinHeaderLen+optLen+len(payload), address6(s.Src), address6(s.Dst))
	return s.appendTCP(b, optLen, payload)
}

// appendHeader6 appends an IPv6 header with the traffic class, flow label and hop limit of s.
func (s *Segment) appendHeader6(b []byte, protocol byte, length int, src, dst [16]byte) []byte {
	b = binary.BigEndian.AppendUint32(b, 6<<28|uint32(s.TOS)<<20|s.Flow&maxFlow)
	b = binary.BigEndian.AppendUint16(b, uint16(length))
	b = append(b, protocol, s.TTL)
	b = append(b, src[:]...)
	return append(b, dst[:]...)
}

// ParseIPv6 reads an IPv6 packet with a TCP segment in it and promises what ParseIPv4 does; bytes behind the payload length
// are not looked at. An error wraps one of ErrNotIPv6, ErrTruncated, ErrFragment, ErrNotTCP and ErrIPOptions, the last for
// extension headers.
func ParseIPv6(b []byte) (Segment, error) {
	if err := checkIPv6(b); err != nil {
		return Segment{}, fmt.Errorf("wire: %w", err)
	}
	word := binary.BigEndian.Uint32(b)
	s := Segment{TOS: uint8(word >> 20), Flow: word & maxFlow, TTL: b[7], DF: true}
	end := IPv6HeaderLen + int(binary.BigEndian.Uint16(b[4:]))
	s.parseTCP(netip.AddrFrom16([16]byte(b[8:24])), netip.AddrFrom16([16]byte(b[24:40])), b[IPv6HeaderLen:end])
	return s, nil
}

// checkIPv6 reports why b does not begin with a packet that a Segment can keep to the last bit.
func checkIPv6(b []byte) error {
	if len(b) == 0 {
		return fmt.Errorf("%w: there are no bytes", ErrTruncated)
	}
	if b[0]>>4 != 6 {
		return fmt.Errorf("%w: its version is %d", ErrNotIPv6, b[0]>>4)
	}
	if len(b) < IPv6HeaderLen {
		return fmt.Errorf("%w: %d bytes are less than an IPv6 header", ErrTruncated, len(b))
	}
	const hopByHop, routing, fragment, destination = 0, 43, 44, 60
	length := int(binary.BigEndian.Uint16(b[4:]))
	switch next := b[6]; {
	case next == fragment:
		return ErrFragment
	case next == hopByHop, next == routing, next == destination:
		return fmt.Errorf("%w: an extension header, number %d", ErrIPOptions, next)
	case next != protocolTCP:
		return fmt.Errorf("%w: its next header is %d", ErrNotTCP, next)
	case length > len(b)-IPv6HeaderLen:
		return fmt.Errorf("%w: its payload length is %d bytes and %d are there", ErrTruncated, length, len(b)-IPv6HeaderLen)
	case length < MinHeaderLen:
		return fmt.Errorf("%w: %d bytes are less than a TCP header", ErrTruncated, length)
	}
	for _, a := range [...]netip.Addr{netip.AddrFrom16([16]byte(b[8:24])), netip.AddrFrom16([16]byte(b[24:40]))} {
		// RFC 4291 section 2.5.5.2: such an address stands for an IPv4 node in programs; it does not belong on the wire.
		if a.Is4In6() {
			return fmt.Errorf("%w: the address %s stands for one of IPv4", ErrNotIPv6, a)
		}
	}
	return nil
}

// address6 is the address as sixteen bytes, zeros if it is not IPv6.
func address6(a netip.AddrPort) [16]byte {
	if ip := a.Addr(); ip.Is6() && !ip.Is4In6() {
		return ip.As16()
	}
	return [16]byte{}
}

func address6Port(a netip.AddrPort) netip.AddrPort {
	return netip.AddrPortFrom(netip.AddrFrom16(address6(a)), a.Port())
}
