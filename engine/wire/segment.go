package wire

import "net/netip"

// A Segment is one TCP segment in its IPv4 or IPv6 packet, as a plain comparable value. Every field that a learner may set
// by hand is here, also to a value that no TCP would send; AppendIP turns it into the bytes and ParseIP back. Numbers are as
// on the wire: bytes for lengths, the window unscaled, sequence numbers absolute (RFC 9293 section 3.1, RFC 791 section 3.1,
// RFC 8200 section 3).
//
// With ICMP set the packet on the wire is not the segment but an ICMP error message about it, which quotes it.
type Segment struct {
	Src, Dst netip.AddrPort // IP address and TCP port of both ends; see Is6

	Seq      Seq
	Ack      Seq // sent as it is even when the ACK bit is off; then it means nothing
	Flags    Flags
	Reserved uint8  // the four bits behind the data offset, 0 to 15
	Window   uint16 // the raw field, never scaled
	Urgent   uint16

	Options Options // the option bytes as they are on the wire, malformed ones too
	Offset  uint8   // the data offset field in 32-bit words, 0 for the right one; its low four bits are sent, so that 16 sends 0
	Payload string  // the text; a string so that segments can be compared and shared

	// FixedSum says that the checksum field is Checksum, right or wrong. Otherwise the right one is computed.
	FixedSum bool
	TTL      uint8 // of the IPv4 header, or the hop limit of the IPv6 header
	Checksum uint16

	TOS  uint8  // DSCP and ECN bits: type of service of IPv4, traffic class of IPv6
	DF   bool   // don't fragment, a bit of the IPv4 header; over IPv6 always true, because no router fragments there
	IPID uint16 // identification field of the IPv4 header; IPv6 has none
	Flow uint32 // flow label of the IPv6 header, 20 bits; IPv4 has none

	ICMP ICMP // zero, unless the packet is an ICMP error message that quotes this segment

	// Segments are kept and copied by the thousand: in this order they have no gaps.
}

// Is6 reports whether the segment travels over IPv6: its destination decides. A source of the other version goes on the wire
// as zeros.
func (s *Segment) Is6() bool { return s.Dst.Addr().Is6() && !s.Dst.Addr().Is4In6() }

// Kind is what people call the packet: "SYN-ACK" for a segment, "ICMP" for an error message about one.
func (s *Segment) Kind() string {
	if s.ICMP.Kind != NoICMP {
		return "ICMP"
	}
	return s.Flags.Kind()
}

// Len is SEG.LEN: the sequence space that the segment occupies, where SYN and FIN count as one each
// (RFC 9293 section 3.4).
func (s *Segment) Len() uint32 {
	n := uint32(len(s.Payload))
	if s.Flags.Has(SYN) {
		n++
	}
	if s.Flags.Has(FIN) {
		n++
	}
	return n
}

// End is the sequence number after the last one that the segment occupies.
func (s *Segment) End() Seq { return s.Seq.Add(s.Len()) }
