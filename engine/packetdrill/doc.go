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
// Pass, Fail with what was expected and what happened, or Unsupported with the feature that the lab does not have.
//
// # Semantics
//
// They are those of packetdrill. Times are absolute (0.1), relative to the end of the event before (+0.1), ranges
// (+0.1~+0.2) or any (*); they may be off by --tolerance_usecs (4000) or --tolerance_percent (12.5) of the time since the event
// before, whichever is more. Sequence numbers in segments with SYN are those of the script, in all others they count from the
// initial ones; the script's own initial number is used as it stands, that of the host under test is learned from its SYN.
// Timestamps of the host are learned from each segment that is expected, so that the script may echo them. An outbound line takes the
// host's next segment, whatever it is. Segments that no line takes are not an error; Result.Left has them.
//
// A call with an end time (+0...0.2 accept(...) = 4) blocks until then while the events after it happen. A call that has none
// must return at once.
//
// # Limitations
//
// The kernel under test is the linux profile of package tcp, over IPv4. Shell lines run nothing: sysctls in them set the profile, and the
// scripts that every packetdrill test begins with (defaults.sh, set_sysctls.py) are known by name. Code snippets may
// assert, assign and print over TCP_INFO; there is no Python behind them. What else is left out is reported as
// unsupported, with its place: IPv6, ICMP, UDP, tunnels, epoll, files, and what the profile cannot do.
package packetdrill
