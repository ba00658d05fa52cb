// Package tcp is the TCP of one host: a connection as a pure step, and around it the host with its listener, its queues and
// the socket calls.
//
// # Usage
//
// [Step] gives one input, a segment, a timer or a call, to one connection and returns the connection after it. A [Host]
// finds the connection that an input is for. Neither has a clock, a goroutine or a random source: time is an argument,
// and whoever calls delivers what [Send] effects send and fires the timers that [Host.Next] names.
//
// Every effect carries the rule that asked for it and the numbers that went into it; checks that passed are effects too.
//
// # Profiles
//
// A [Profile] decides where the RFCs leave a choice. [RFC9293] is the text of RFC 9293 with RFC 5961 and RFC 6298, [Linux] is
// Linux 6.18; the places where the kernel does otherwise are in linux.go, each with a rule of its own.
//
// # Broken on purpose
//
// Each protection of [Broken] can be left out of a profile, to see what goes wrong without it. Where it would have acted an
// effect with a rule of the lab says so. Package search finds the shortest run in which it is missed.
//
// # Limitations
//
// What is here is the opening of a connection and enough of ESTABLISHED to send text: there is no close call, no receive call
// (the receive window shrinks by what arrives), no congestion control, no delayed acknowledgment, no reassembly (a
// segment ahead of a gap is acknowledged and not kept, RFC 9293 section 3.10.7.4 MAY-13), no SYN cookies, and no PAWS. A peer's FIN is taken and leads to CLOSE-WAIT.
package tcp
