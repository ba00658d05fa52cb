// Package wire has what goes over the network: TCP segments as values, the arithmetic of sequence numbers, options, the
// bytes of a packet, and the line that tcpdump would print for it.
//
// A [Segment] is a plain value: it can be copied, compared with == and kept. It can hold what no TCP would send (a wrong
// checksum, a data offset that lies, option bytes that make no sense), because the lab lets a learner send it:
//
//	syn := wire.NewSegment(client, server)
//	syn.Seq, syn.Flags, syn.Window = 100, wire.SYN, 64240
//	syn.Options = syn.Options.WithMSS(1460).WithSACKPermitted()
//	packet := syn.AppendIPv4(nil)
//	seen, err := wire.ParseIPv4(packet)
//
// What the receiver makes of such a segment is [Segment.Received], without the way over the bytes; whether it may believe
// it at all, [Segment.SumOK] and [Segment.OffsetOK].
//
// Options come in three forms. [Options] are the bytes. [Options.Parse] is what a TCP understands of them. As text there
// are two: [Options.String] is what tcpdump prints, for people to read, and [Options.Text] is what a scenario says, and
// [ParseOptions] always makes the same bytes of it.
//
// # Limits
//
// Packets are IPv4, without IP options and not fragmented; a TCP payload ends where the 65,535 bytes of a packet do.
// Addresses in a Segment are of package net/netip, which has room for IPv6: what is to come for it is a pair of AppendIPv6
// and ParseIPv6, another pseudo-header in the checksum, and a traffic class and hop limit in the places of TOS and TTL.
// Until then an address that is not IPv4 goes on the wire as 0.0.0.0.
//
// The package imports nothing but the standard library, and nothing in it reads a clock or draws a random number.
package wire
