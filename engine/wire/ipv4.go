package wire

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"strings"
)

// Sizes of what is on the wire, in bytes.
const (
	IPv4HeaderLen = 20    // of the header that AppendIPv4 writes: one without IP options
	MinHeaderLen  = 20    // of a TCP header without options
	maxPacketLen  = 65535 // what the total length field of an IPv4 header can say
	protocolTCP   = 6
	dontFragment  = 0x4000
)

// DefaultTTL is the time to live that hosts use (IANA IP parameters, and RFC 1122 section 3.2.1.7).
const DefaultTTL = 64

// What ParseIPv4 may find wrong with a packet. The errors that it returns wrap one of these.
var (
	ErrNotIPv4   = errors.New("not an IPv4 packet")
	ErrTruncated = errors.New("the packet is cut short")
	ErrHeaderSum = errors.New("the IPv4 header checksum is wrong")
	ErrFragment  = errors.New("the packet is a fragment")
	ErrNotTCP    = errors.New("the packet is not TCP")
	ErrIPOptions = errors.New("the packet has IPv4 options or a reserved bit, which a segment cannot keep")
)

// NewSegment returns an otherwise empty segment with the IPv4 header fields that hosts send today: a TTL of 64 and the
// don't-fragment bit.
func NewSegment(src, dst netip.AddrPort) Segment {
	return Segment{Src: src, Dst: dst, TTL: DefaultTTL, DF: true}
}

// AppendIPv4 appends the segment to b as an IPv4 packet (RFC 791 section 3.1, RFC 9293 section 3.1) and returns the longer
// slice. It writes every value that a Segment can have: the data offset, the reserved bits and the checksum as they are set
// by hand, the options with zero bytes up to the next 32-bit word. The IPv4 header checksum is always right. Payload
// beyond the 65,535 bytes of a packet is left out, and an address that is not IPv4 is written as 0.0.0.0. ICMP is not looked
// at. It allocates only when b has no room.
func (s *Segment) AppendIPv4(b []byte) []byte {
	if s.Is6() {
		four := *s
		four.Src, four.Dst = address4Port(s.Src), address4Port(s.Dst)
		s = &four
	}
	payload := s.wirePayload()
	optLen := s.optionsLen()
	b = s.appendHeader4(b, protocolTCP, MinHeaderLen+optLen+len(payload), address4(s.Src), address4(s.Dst))
	return s.appendTCP(b, optLen, payload)
}

// appendHeader4 appends an IPv4 header with the fields of s, for length bytes behind it.
func (s *Segment) appendHeader4(b []byte, protocol byte, length int, src, dst [4]byte) []byte {
	at := len(b)
	b = append(b, 0x45, s.TOS)
	b = binary.BigEndian.AppendUint16(b, uint16(IPv4HeaderLen+length))
	b = binary.BigEndian.AppendUint16(b, s.IPID)
	var fragment uint16
	if s.DF {
		fragment = dontFragment
	}
	b = binary.BigEndian.AppendUint16(b, fragment)
	b = append(b, s.TTL, protocol, 0, 0)
	b = append(b, src[:]...)
	b = append(b, dst[:]...)
	binary.BigEndian.PutUint16(b[at+10:], ^addBytes(0, b[at:at+IPv4HeaderLen]).fold())
	return b
}

// appendTCP appends the segment itself, which is the same over both versions of IP.
func (s *Segment) appendTCP(b []byte, optLen int, payload string) []byte {
	b = binary.BigEndian.AppendUint16(b, s.Src.Port())
	b = binary.BigEndian.AppendUint16(b, s.Dst.Port())
	b = binary.BigEndian.AppendUint32(b, uint32(s.Seq))
	b = binary.BigEndian.AppendUint32(b, uint32(s.Ack))
	b = append(b, s.HeaderWords()<<4|s.Reserved&0xf, byte(s.Flags))
	b = binary.BigEndian.AppendUint16(b, s.Window)
	b = binary.BigEndian.AppendUint16(b, s.Sum())
	b = binary.BigEndian.AppendUint16(b, s.Urgent)
	b = append(b, s.Options.b[:optLen]...)
	return append(b, payload...)
}

// ParseIPv4 reads an IPv4 packet with a TCP segment in it, as a receiver would. It takes any bytes and never panics, and
// AppendIPv4 of its answer gives the bytes of the packet again. Bytes behind the packet's total length (the padding of
// short Ethernet frames) are not looked at.
//
// The data offset field says where the payload begins. When what it says is possible it is believed, whatever the sender
// meant, and Offset is 0. When it is impossible, less than 5 words or past the end, all bytes behind the fixed header count
// as payload, and Offset keeps the field; see [Segment.OffsetOK]. FixedSum and Checksum are set when the TCP checksum is
// wrong.
//
// An error wraps one of ErrNotIPv4, ErrTruncated, ErrHeaderSum, ErrFragment, ErrNotTCP and ErrIPOptions.
func ParseIPv4(b []byte) (Segment, error) {
	if err := checkIPv4(b); err != nil {
		return Segment{}, fmt.Errorf("wire: %w", err)
	}
	b = b[:binary.BigEndian.Uint16(b[2:])]
	s := Segment{
		TOS:  b[1],
		IPID: binary.BigEndian.Uint16(b[4:]),
		DF:   binary.BigEndian.Uint16(b[6:])&dontFragment != 0,
		TTL:  b[8],
	}
	s.parseTCP(netip.AddrFrom4([4]byte(b[12:16])), netip.AddrFrom4([4]byte(b[16:20])), b[IPv4HeaderLen:])
	return s, nil
}

// parseTCP reads the segment itself, at least the 20 bytes of its fixed header, into s, which has the fields of the IP header
// already.
func (s *Segment) parseTCP(src, dst netip.Addr, t []byte) {
	s.Src = netip.AddrPortFrom(src, binary.BigEndian.Uint16(t[0:]))
	s.Dst = netip.AddrPortFrom(dst, binary.BigEndian.Uint16(t[2:]))
	s.Seq = Seq(binary.BigEndian.Uint32(t[4:]))
	s.Ack = Seq(binary.BigEndian.Uint32(t[8:]))
	s.Reserved = t[12] & 0xf
	s.Flags = Flags(t[13])
	s.Window = binary.BigEndian.Uint16(t[14:])
	s.Urgent = binary.BigEndian.Uint16(t[18:])
	headerLen := int(t[12]>>4) * 4
	if headerLen < MinHeaderLen || headerLen > len(t) {
		s.Offset = wrongOffset(t[12] >> 4)
		headerLen = MinHeaderLen
	}
	s.Options.n = uint8(copy(s.Options.b[:], t[MinHeaderLen:headerLen]))
	s.Payload = string(t[headerLen:])
	if sum := binary.BigEndian.Uint16(t[16:]); sum != s.RightSum() {
		s.FixedSum, s.Checksum = true, sum
	}
}

// checkIPv4 reports why b does not begin with a packet that a Segment can keep to the last bit. After nil, the total length
// lies in b and leaves room for the fixed part of a TCP header.
func checkIPv4(b []byte) error {
	if len(b) == 0 {
		return fmt.Errorf("%w: there are no bytes", ErrTruncated)
	}
	if b[0]>>4 != 4 {
		return fmt.Errorf("%w: its version is %d", ErrNotIPv4, b[0]>>4)
	}
	if len(b) < IPv4HeaderLen {
		return fmt.Errorf("%w: %d bytes are less than an IPv4 header", ErrTruncated, len(b))
	}
	headerLen, total := int(b[0]&0xf)*4, int(binary.BigEndian.Uint16(b[2:]))
	switch {
	case headerLen < IPv4HeaderLen:
		return fmt.Errorf("%w: its header length is %d bytes", ErrNotIPv4, headerLen)
	case total < headerLen:
		return fmt.Errorf("%w: its total length of %d bytes is less than its header", ErrNotIPv4, total)
	case total > len(b):
		return fmt.Errorf("%w: its total length is %d bytes and %d are there", ErrTruncated, total, len(b))
	}
	// RFC 1071 also accepts 0xffff for 0x0000. No host sends it, and a segment could not keep it.
	sum := addBytes(0, b[:10])
	sum = addBytes(sum, b[12:headerLen])
	if got, want := binary.BigEndian.Uint16(b[10:]), ^sum.fold(); got != want {
		return fmt.Errorf("%w: it is 0x%04x and 0x%04x is right", ErrHeaderSum, got, want)
	}
	fragment := binary.BigEndian.Uint16(b[6:])
	switch {
	case fragment&0x3fff != 0:
		return ErrFragment
	case b[9] != protocolTCP:
		return fmt.Errorf("%w: its protocol is %d", ErrNotTCP, b[9])
	case headerLen > IPv4HeaderLen || fragment&0x8000 != 0:
		return ErrIPOptions
	case total < headerLen+MinHeaderLen:
		return fmt.Errorf("%w: %d bytes are less than a TCP header", ErrTruncated, total-headerLen)
	}
	return nil
}

// Received returns the segment as its receiver reads it, which is what ParseIP makes of the bytes of AppendIP. For a
// segment of a well-behaved sender that is the segment itself with its options padded to whole words. A possible data offset
// that was set by hand moves the border between options and payload.
func (s *Segment) Received() Segment {
	r := *s
	r.Reserved &= 0xf
	r.Options = s.Options.Padded()
	r.Payload = s.wirePayload()
	if s.Is6() {
		r.Src, r.Dst = address6Port(s.Src), address6Port(s.Dst)
		r.IPID, r.DF, r.Flow = 0, true, s.Flow&maxFlow
	} else {
		r.Src, r.Dst = address4Port(s.Src), address4Port(s.Dst)
		r.Flow = 0
	}
	if s.HeaderWords() == s.rightWords() {
		r.Offset = 0
	} else {
		r.moveOffset(s.HeaderWords())
	}
	// The same bytes have the same right sum, wherever the border between options and payload is.
	if !s.FixedSum || s.Checksum == s.RightSum() {
		r.FixedSum, r.Checksum = false, 0
	}
	return r
}

// moveOffset splits the bytes behind the fixed header anew, by a data offset of words that is not the right one.
func (s *Segment) moveOffset(words uint8) {
	rest := string(s.Options.b[:s.Options.n]) + s.Payload
	s.Options = Options{}
	size := (int(words) - MinHeaderLen/4) * 4
	if size < 0 || size > len(rest) {
		s.Offset, s.Payload = wrongOffset(words), rest
		return
	}
	s.Offset = 0
	s.Options.n = uint8(copy(s.Options.b[:], rest[:size]))
	s.Payload = strings.Clone(rest[size:])
}

// wrongOffset is the value of Segment.Offset for a data offset field that is to be written as it is.
func wrongOffset(field uint8) uint8 {
	if field == 0 {
		return 16 // 0 means the right one
	}
	return field
}

// HeaderWords is the data offset field as it is on the wire, in 32-bit words, 0 to 15: what Offset says, or the right one,
// 5 to 15.
func (s *Segment) HeaderWords() uint8 {
	if s.Offset != 0 {
		return s.Offset & 0xf
	}
	return s.rightWords()
}

func (s *Segment) rightWords() uint8 { return uint8((MinHeaderLen + s.optionsLen()) / 4) }

// OffsetOK reports whether the data offset field is one that a receiver can believe: at least 5 words, and not past the end
// of the segment. It need not be the right one.
func (s *Segment) OffsetOK() bool {
	return s.Offset == 0 || s.offsetFits() // 0 is the right one
}

func (s *Segment) offsetFits() bool {
	size := int(s.HeaderWords()) * 4
	return size >= MinHeaderLen && size <= MinHeaderLen+s.optionsLen()+len(s.wirePayload())
}

// optionsLen is the length of the options on the wire, with their padding.
func (s *Segment) optionsLen() int { return (int(s.Options.n) + 3) &^ 3 }

// wirePayload is as much of the payload as fits into the packet. The length field of IPv6 does not count its own header.
func (s *Segment) wirePayload() string {
	room := maxPacketLen - MinHeaderLen - s.optionsLen()
	if !s.Is6() {
		room -= IPv4HeaderLen
	}
	return s.Payload[:min(len(s.Payload), room)]
}

// PacketLen is the length of the segment's packet on the wire in bytes, with its IP header: what an MTU limits.
func (s *Segment) PacketLen() int {
	n := IPv4HeaderLen
	if s.Is6() {
		n = IPv6HeaderLen
	}
	return n + MinHeaderLen + s.optionsLen() + len(s.wirePayload())
}

// Sum is the checksum field as it is on the wire: Checksum when FixedSum is set, otherwise the right one.
func (s *Segment) Sum() uint16 {
	if s.FixedSum {
		return s.Checksum
	}
	return s.RightSum()
}

// RightSum is the checksum that belongs into the segment: the complement of the sum of the pseudo-header of its version of
// IP (RFC 9293 section 3.1, RFC 8200 section 8.1), the TCP header with its options and the payload (MUST-2).
func (s *Segment) RightSum() uint16 { return ^s.partialSum().fold() }

// SumOK reports whether a receiver finds the checksum right (MUST-3). A field of 0xffff passes where 0x0000 is right, since
// both are zero in one's complement (RFC 1071).
func (s *Segment) SumOK() bool {
	return !s.FixedSum || s.sumFits()
}

func (s *Segment) sumFits() bool { return (s.partialSum() + sum(s.Checksum)).fold() == 0xffff }

// partialSum is the sum of all that the checksum covers but the checksum itself.
func (s *Segment) partialSum() sum {
	payload := s.wirePayload()
	// Both pseudo-headers sum up the addresses, the protocol and the length of the segment; 65,535 bytes at most.
	t := s.sumAddresses()
	t += protocolTCP + sum(MinHeaderLen+s.optionsLen()+len(payload))
	t += sum(s.Src.Port()) + sum(s.Dst.Port())
	t += sum(s.Seq>>16) + sum(s.Seq&0xffff) + sum(s.Ack>>16) + sum(s.Ack&0xffff)
	t += sum(s.HeaderWords())<<12 + sum(s.Reserved&0xf)<<8 + sum(s.Flags)
	t += sum(s.Window) + sum(s.Urgent)
	t = addBytes(t, s.Options.b[:s.optionsLen()])
	return addBytes(t, payload)
}

func (s *Segment) sumAddresses() sum {
	if s.Is6() {
		src, dst := address6(s.Src), address6(s.Dst)
		return addBytes(addBytes(0, src[:]), dst[:])
	}
	src, dst := address4(s.Src), address4(s.Dst)
	return addBytes(addBytes(0, src[:]), dst[:])
}

// sum is a sum of 16-bit words before its carries are folded in (RFC 1071). A packet has at most 32,768 words, so it cannot
// overflow.
type sum uint32

// addBytes adds b as big-endian words; a last odd byte counts as the high half of one.
func addBytes[B []byte | string](t sum, b B) sum {
	for ; len(b) >= 2; b = b[2:] {
		t += sum(b[0])<<8 | sum(b[1])
	}
	if len(b) == 1 {
		t += sum(b[0]) << 8
	}
	return t
}

func (t sum) fold() uint16 {
	t = t>>16 + t&0xffff
	return uint16(t>>16 + t&0xffff)
}

// address4 is the address as four bytes, zeros if it is not IPv4.
func address4(a netip.AddrPort) [4]byte {
	if ip := a.Addr().Unmap(); ip.Is4() {
		return ip.As4()
	}
	return [4]byte{}
}

func address4Port(a netip.AddrPort) netip.AddrPort {
	return netip.AddrPortFrom(netip.AddrFrom4(address4(a)), a.Port())
}
