// Package pcap takes runs out of the laboratory as capture files and brings captures in: pcapng for Wireshark and tshark to
// read, and pcap or pcapng from any tool to look at and to hold against the model.
//
// # Usage
//
// [Write] writes a run as pcapng, [Read] reads any capture:
//
//	err := pcap.Write(file, pcap.Run{Scenario: sc, Events: events})
//	c, err := pcap.Read(file)
//	if c.Scenario != nil { ... }                        // it was made by Write: the run itself is back
//	for i := range c.Conversations {
//		report := c.Follow(i, tcp.Linux, tcp.Linux)     // is this what the model would have sent?
//	}
//
// # What is written
//
// One interface a side, "client" and "server", each as a capture program on that host would see it: what the host sent and what
// arrived there, as raw IPv4 or IPv6 packets. A segment that was lost is on the sender's interface only, one that the learner forged or
// copied on the receiver's only, and one that was edited differs between the two. Times are virtual, counted from 1970-01-01
// 00:00:00 UTC, in microseconds. Comments of a packet say in words which rule sent it, what the path did to it, and which checks it
// passed or failed where it arrived. The packet id is the number of the segment, the same on both interfaces.
//
// The comments of the section are the scenario, set-up and actions, in the language of package script, so that the file reads back as
// the run that it came from, event for event. Wireshark keeps section comments when it saves a file. Its analysis of TCP takes what
// is on both interfaces for retransmissions; the display filter frame.interface_name == "client" shows one side.
//
// # What is read
//
// pcap and pcapng in both byte orders, times in any unit (kept in microseconds), Ethernet with any number of VLAN tags, raw IP, Linux
// cooked captures (version 1 and 2) and BSD loopback (null and loop). Of each packet that is TCP over IPv4 or IPv6 there is a [wire.Segment];
// of each ICMP error the segment that it quotes, with what it says; of all others the reason why not. Packets that were cut by a
// snapshot length are read when their TCP header is whole. Checksums and lengths that the sender left to its network card are taken for
// right.
//
// Not read are other ICMP messages, fragments, packets with IP options, packets with IPv6 or ICMP that a snapshot length has cut,
// tunnels, other link types, compressed files, and the name resolution, statistics and secrets of pcapng.
//
// # Limits
//
// Files have at most [MaxSize] bytes, [MaxPackets] packets (those of Write as many as a run has events), [MaxInterfaces] interfaces,
// [MaxBlocks] blocks and [MaxOptions] options a block. Nothing is allocated because a file claims a length. What is beyond a limit or
// makes no sense is an [*Error] with a code, the number of the packet and the offset in the file, and what stands before it is read.
//
// # Following
//
// [Capture.Follow] lets both ends of a conversation be played by the model, [tcp.Step], with what was captured as input: each end
// gets what the other one sent, and the socket calls that explain what it sent itself (listen, connect, send, shutdown, abort) are
// inferred. The first segment that the model would not have sent is marked, with what it would have sent instead and why.
//
// What the host chose freely is learned and not judged: initial sequence numbers, options of its SYN, text in it, timestamps, windows,
// the size of segments (a network card may cut or join them), and which Fast Open cookies are good. An ICMP error goes to the end whose
// segment it quotes, and may be lost on its way like any packet. A port that is connected to itself is one end that hears itself. A capture is taken somewhere on the way, so behind that place a segment may be
// late or lost, and before it late, lost or copied: Follow looks for an order of arrivals that explains what was sent, as many as
// possible first, and says which packets it takes for lost. Text that the capture missed is made up when an acknowledgment and
// later text prove that it was there.
//
// When a capture starts in the middle of a connection, the first segment of each end is believed and the window of the other taken
// for unlimited. When only one direction was captured, the other one is made up so that it fits.
//
// The search is bounded: a conversation that takes too much of it, or has more than 16 MiB on the way, ends there with [Beyond].
//
// # What is not judged
//
//   - Whether a segment that was not sent should have been.
//   - Whether an ACK had to be sent: one with right numbers may be sent at any time. Delayed acknowledgments, window updates, SACK
//     blocks and challenge ACKs are accepted so.
//   - When text and FIN are sent again: fast retransmit, tail loss probes and the retransmission timer look the same from outside.
//     SYN and SYN-ACK that come too early are marked, too late never.
//   - Congestion control, Nagle's algorithm, ECN, the urgent pointer, the values of timestamps, and all options that are not the
//     model's.
//   - Whether the payload is the same when it is sent again.
package pcap
