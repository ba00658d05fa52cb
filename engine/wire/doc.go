// Package wire has what goes over the network: TCP segments as values, the arithmetic of sequence numbers, options, the
// bytes of a packet, and the line that tcpdump would print for it.
//
// A [Segment] is a plain value: it can be copied, compared with == and kept. It can hold what no TCP would send (a wrong
// checksum, a data offset that lies, option bytes that make no sense), because the lab lets a learner send it:
//
//	syn := wire.NewSegment(client, server)
//	syn.Seq, syn.Flags, syn.Window = 100, wire.SYN, 64240
//	syn.Options = syn.Options.WithMSS(1460).WithSACKPermitted()
//	packet := syn.AppendIP(nil)
//	seen, err := wire.ParseIP(packet)
//
// What the receiver makes of such a segment is [Segment.Received], without the way over the bytes; whether it may believe
// it at all, [Segment.SumOK] and [Segment.OffsetOK].
//
// Options come in three forms. [Options] are the bytes. [Options.Parse] is what a TCP understands of them. As text there
// are two: [Options.String] is what tcpdump prints, for people to read, and [Options.Text] is what a scenario says, and
// [ParseOptions] always makes the same bytes of it.
//
// An [ICMP] error message about a segment is that segment with its ICMP field set: the message quotes it.
//
// # Limits
//
// Packets are IPv4 without IP options or IPv6 without extension headers, and not fragmented; a TCP payload ends where the
// 65,535 bytes of a length field do. The two ends of a segment have addresses of the same version; where they do not, the
// one that does not fit its destination's goes on the wire as zeros.
//
// The package imports nothing but the standard library, and nothing in it reads a clock or draws a random number.
package wire
