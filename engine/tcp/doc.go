// Package tcp is the TCP of one host: a connection as a pure step, and around it the host with its listeners, their queues and
// the socket calls.
//
// # Usage
//
// [Step] gives one input, a segment, a timer or a call, to one connection and returns the connection after it. A [Host]
// finds the connection that an input is for. Neither has a clock, a goroutine or a random source: time is an argument,
// and whoever calls delivers what was sent ([Host.Sent]) and fires the timers that [Host.Next] names.
//
// Every effect carries the rule that asked for it and the numbers that went into it; checks that passed are effects too. With all of
// them a handshake, from listen to accept, costs about a microsecond of one core, and no segment costs an allocation
// (BenchmarkHandshake, TestNoAllocations).
//
// # Socket calls
//
// A [Call] without a descriptor is about the listener on the host's own port, or about a connection: where it cannot be made at
// once it is an [Errno] and changes nothing. A call on a descriptor is one of a program: it waits or, without blocking, returns EAGAIN or
// EINPROGRESS, and how it ended is an effect (socket.go). [Host.Poll] says what a descriptor is ready for.
//
// # Profiles
//
// A [Profile] decides where the RFCs leave a choice. [RFC9293] is the text of RFC 9293 with RFC 5961 and RFC 6298, [Linux] is
// Linux 6.18, [LinuxClassic] is Linux before 6.5; [Differences] lists where they part, each with its rule. Most of what the
// kernel does otherwise is in linux.go.
//
// # Where to look
//
// The opening of a connection is in open.go, the checks of RFC 9293 section 3.10.7.4 in arrives.go, closing in close.go, what Linux does
// in another order or for a reason of its own in linux.go and reduced.go (sockets in TIME-WAIT). Sending and retransmission are in
// retransmit.go, delayed acknowledgments in ack.go, text ahead of a gap and SACK in reassembly.go, congestion control in congestion.go,
// CUBIC in cubic.go, the congestion window after a pause in idle.go. What a full send buffer does to a call is in sndbuf.go, what socket
// options mean in sockopt.go. Each option or defence has its file: fastopen.go, usertimeout.go, keepalive.go, persist.go, syncookie.go, synqueue.go, isn.go.
//
// # Broken on purpose
//
// Each protection of [Broken] can be left out of a profile, to see what goes wrong without it. Where it would have acted an
// effect with a rule of the lab says so. Package search finds the shortest run in which it is missed.
//
// # Limitations
//
// Left out, because no lesson about connections needs it:
//
//   - urgent data is taken as text: the pointer is told to nobody (RFC 9293 section 3.8.5);
//   - security and compartment, the third check of section 3.10.7.4, and IP options;
//   - text and FIN that come in a SYN without a Fast Open cookie are not kept for later (section 3.10.7.2 allows either): they are not
//     acknowledged, and the sender sends them again;
//   - congestion control is that of RFC 5681 and RFC 6582 with SACK, and of Linux PRR (RFC 6937) and CUBIC (RFC 9438). Left out are RACK
//     (RFC 8985), so that a retransmission which is lost again waits for the timer and reordering is not told from loss, HyStart (RFC 9406),
//     pacing, and the undo of a reduction that proved needless (Eifel, F-RTO, DSACK);
//   - close does not wait for what SO_LINGER with a time would wait for, and an ICMP error is told only by a call that fails because of it
//     (no IP_RECVERR);
//   - at most four pieces of text are held ahead of gaps, and a receive buffer does not grow by itself;
//   - marks of explicit congestion notification are agreed on and set, but no router makes any, so none is answered;
//   - a path MTU is never tried larger again (RFC 1191 section 6.3), and black holes are not looked for (RFC 4821);
//   - Fast Open cookies never expire;
//   - the User Timeout option goes with the SYN and SYN-ACK only (RFC 5482 section 3), not with later segments;
//   - Linux forgets nothing of a peer between connections here, so tcp_metrics, and peers that are known to a crowded SYN queue, are
//     left out, and so are tcp_max_orphans and tcp_max_tw_buckets, limits of memory that a run never meets.
package tcp
