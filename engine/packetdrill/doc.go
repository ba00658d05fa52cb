// Package packetdrill runs scripts in the language of packetdrill (github.com/google/packetdrill) against the TCP of this
// lab: the script makes the socket calls of one host and plays the other side of the wire, and says which segments the
// host must send, when, and what each call must return.
//
//	0      socket(..., SOCK_STREAM, IPPROTO_TCP) = 3
//	+0     bind(3, ..., ...) = 0
//	+0     listen(3, 1) = 0
//	+0.1 < S 0:0(0) win 32792 <mss 1000,sackOK,nop,nop>
//	+0   > S. 0:0(0) ack 1 <...>
//	+0.1 < . 1:1(0) ack 1 win 32792
//	+0     accept(3, ..., ...) = 4
//
// [Parse] reads a script and reports every fault with its line and column; [Run] runs it in virtual time. A [Result] is
// Pass, Fail with what was expected and what happened, or Unsupported with each feature that the lab does not have. The scripts
// in testdata are one for each topic.
//
// # Semantics
//
// They are those of packetdrill. Times are absolute (0.1), relative to the end of the event before (+0.1), ranges
// (+0.1~+0.2) or any (*); they may be off by --tolerance_usecs (4000) or --tolerance_percent (12.5) of the time since the event
// before, whichever is more. A timer that is due at the very moment of an event fires after it. Sequence numbers in segments with SYN are
// those of the script, in all others they count from the initial ones; the script's own initial number is used as it stands, that of the
// host under test is learned from its SYN.
// Timestamps of the host are learned from each segment that is expected, so that the script may echo them; they are compared only
// with --tcp_ts_tick_usecs, and what they echo never. A Fast Open cookie of the host is learned from the SYN-ACK that gives it; before, the
// symbol TFO_COOKIE stands for it.
//
// An outbound line takes the next segment of the connection under test, whatever it is, or several in a row that together carry its
// text. Segments that no line takes are not an error; Result.Left has them. The connection under test is the newest; one that the
// script names by its ports (5000 > 8080) becomes it.
//
// A call with an end time (+0...0.2 accept(...) = 4) blocks until then while the events after it happen. A call that has none
// must return at once.
//
// # What is here
//
// The host under test is Linux 6.18 (profile linux of package tcp) over IPv4, IPv6, or IPv4 under sockets of IPv6 (--ip_version), with the
// settings that packetdrill's own tests begin with (defaults.sh). Calls are made on the host's own descriptors. Shell lines run nothing: sysctls in them set the profile, defaults.sh, set_sysctls.py and sysctl_restore are known
// by name, sleep lets time pass, and commands that change nothing which the model has are passed over. Where a script sets no
// buffers, the window scale of the host is taken from the first SYN that it expects: it is what distinguishes the kernels that
// scripts were written on.
//
// Calls: socket, bind, listen, accept, connect (also with AF_UNSPEC), read, readv, recv, recvfrom, recvmsg (with TCP_CM_INQ), write,
// writev, send, sendto, sendmsg, MSG_PEEK, MSG_WAITALL, MSG_DONTWAIT, MSG_FASTOPEN, shutdown, close, fcntl (F_GETFL, F_SETFL), ioctl
// (SIOCINQ, SIOCOUTQ, SIOCOUTQNSD), poll, epoll, getsockopt and setsockopt with the options in sockopt.go. Segments: all flags, ECN marks, type
// of service, time to live, the options mss, wscale, sackOK, sack, TS, FO, FOEXP, md5, nop and eol. Inbound ICMP errors about what
// the connection under test has sent (icmp unreachable frag_needed mtu 1200 [1:1001(1000)]). Snippets between %{ and }% may
// assert, assign and print over the fields of TCP_INFO in tcpinfo.go.
//
// # Writing
//
// [Write] makes a script of a run of the lab, with one of its hosts under test. What it returns has passed; a run of which no script can
// be written is told with the reason: calls on descriptors, more than one peer, segments that packetdrill cannot write, and above all a
// host that does not do as Linux does.
//
// # Limitations
//
// What is left out is reported as unsupported, with its place: ICMP messages that are no error or that the host sends, UDP, tunnels, flow
// labels, accurate ECN, Multipath TCP, files and pipes, MSG_MORE, MSG_EOR, MSG_OOB, TCP_CORK, error queues, statements of Python beyond those
// above, and settings that the profile has no field for. Not reported, because a script cannot say that it depends on them: how a kernel
// divides text among packets is modelled as package tcp does it, with PSH, which is not compared in a line that stands for several segments,
// and so is the memory that text takes in a send buffer; of congestion control what package tcp names. Four ports can be listened on.
package packetdrill
