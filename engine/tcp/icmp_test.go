package tcp

import (
	"net/netip"
	"testing"

	"github.com/handshakelab/lab/engine/wire"
)

// icmpHost is a host with one connection in the middle of its life, over IPv4 or IPv6.
func icmpHost(p Profile, six, passive bool, state State) Host {
	a, b := netip.MustParseAddrPort("192.0.2.1:1000"), netip.MustParseAddrPort("192.0.2.2:80")
	if six {
		a, b = netip.MustParseAddrPort("[2001:db8::1]:1000"), netip.MustParseAddrPort("[2001:db8::2]:80")
	}
	h := NewHost(HostConfig{Addr: a, Peer: b, Profile: p.On(a.Addr()), ISNs: []wire.Seq{100}})
	syn := wire.NewSegment(b, a)
	syn.Flags, syn.Seq, syn.Window, syn.Options = wire.SYN, 300, 65535, syn.Options.WithMSS(1400)
	if passive {
		h.Call(0, &Call{Verb: CallListen, Backlog: 5}, nil)
		h.Receive(0, &syn, nil)
	} else {
		h.Call(0, &Call{Verb: CallConnect}, nil)
		if state == SynReceived {
			h.Receive(0, &syn, nil)
		}
	}
	if state == Established {
		syn.Flags, syn.Ack = wire.SYN|wire.ACK, 101
		h.Receive(Second, &syn, nil)
		h.Call(Second, &Call{Verb: CallSend, Data: "hello"}, nil)
	}
	return h
}

// RFC 9293 section 3.9.2.2 and what Linux does otherwise: which ICMP error ends which connection, and what the application is
// told.
func TestICMPErrors(t *testing.T) {
	const lives = OK
	type outcome struct {
		state State
		errno Errno
	}
	soft := func(s State) outcome { return outcome{s, lives} }
	tests := []struct {
		name    string
		p       Profile
		six     bool
		passive bool
		state   State
		kind    wire.ICMPKind
		want    outcome
	}{
		{"soft, SYN-SENT", RFC9293, false, false, SynSent, wire.NetUnreachable, soft(SynSent)},
		{"soft, SYN-SENT", RFC9293, false, false, SynSent, wire.HostUnreachable, soft(SynSent)},
		{"soft, SYN-SENT", RFC9293, false, false, SynSent, wire.TimeExceeded, soft(SynSent)},
		{"not named, SYN-SENT", RFC9293, false, false, SynSent, wire.AdminProhibited, soft(SynSent)},
		{"hard, SYN-SENT", RFC9293, false, false, SynSent, wire.PortUnreachable, outcome{Closed, ECONNREFUSED}},
		{"hard, SYN-SENT", RFC9293, false, false, SynSent, wire.ProtocolUnreachable, outcome{Closed, ENOPROTOOPT}},
		{"IPv6, hard", RFC9293, true, false, SynSent, wire.AdminProhibited, outcome{Closed, EACCES}},
		{"IPv6, a parameter problem is soft", RFC9293, true, false, SynSent, wire.ProtocolUnreachable, soft(SynSent)},
		{"hard, SYN-RECEIVED after an active OPEN", RFC9293, false, false, SynReceived, wire.PortUnreachable, outcome{Closed, ECONNREFUSED}},
		{"hard, SYN-RECEIVED after a passive OPEN", RFC9293, false, true, SynReceived, wire.PortUnreachable, outcome{Listen, OK}},
		{"hard, ESTABLISHED", RFC9293, false, false, Established, wire.PortUnreachable, outcome{Closed, ECONNREFUSED}},
		{"soft, ESTABLISHED", RFC9293, false, false, Established, wire.HostUnreachable, soft(Established)},

		{"Linux, any, SYN-SENT", Linux, false, false, SynSent, wire.NetUnreachable, outcome{Closed, ENETUNREACH}},
		{"Linux, any, SYN-SENT", Linux, false, false, SynSent, wire.HostUnreachable, outcome{Closed, EHOSTUNREACH}},
		{"Linux, any, SYN-SENT", Linux, false, false, SynSent, wire.ProtocolUnreachable, outcome{Closed, ENOPROTOOPT}},
		{"Linux, any, SYN-SENT", Linux, false, false, SynSent, wire.PortUnreachable, outcome{Closed, ECONNREFUSED}},
		{"Linux, any, SYN-SENT", Linux, false, false, SynSent, wire.AdminProhibited, outcome{Closed, EHOSTUNREACH}},
		{"Linux, any, SYN-SENT", Linux, false, false, SynSent, wire.TimeExceeded, outcome{Closed, EHOSTUNREACH}},
		{"Linux, IPv6", Linux, true, false, SynSent, wire.NetUnreachable, outcome{Closed, ENETUNREACH}},
		{"Linux, IPv6", Linux, true, false, SynSent, wire.AdminProhibited, outcome{Closed, EACCES}},
		{"Linux, IPv6", Linux, true, false, SynSent, wire.ProtocolUnreachable, outcome{Closed, EPROTO}},
		{"Linux, request, the network says no", Linux, false, true, SynReceived, wire.HostUnreachable, outcome{Listen, OK}},
		{"Linux, request, the peer says no", Linux, false, true, SynReceived, wire.PortUnreachable, soft(SynReceived)},
		{"Linux, IPv6, request", Linux, true, true, SynReceived, wire.HostUnreachable, soft(SynReceived)},
		{"Linux, IPv6, request", Linux, true, true, SynReceived, wire.AdminProhibited, outcome{Listen, OK}},
		{"Linux, hard, ESTABLISHED", Linux, false, false, Established, wire.PortUnreachable, soft(Established)},
		{"Linux, soft, ESTABLISHED", Linux, false, false, Established, wire.NetUnreachable, soft(Established)},
	}
	for _, test := range tests {
		t.Run(test.name+", "+test.kind.String(), func(t *testing.T) {
			h := icmpHost(test.p, test.six, test.passive, test.state)
			if got := h.State(); got != test.state {
				t.Fatalf("the connection is in %v", got)
			}
			c := h.Conns()[0]
			quoted := wire.NewSegment(c.Local, c.Remote)
			quoted.Seq, quoted.ICMP.Kind = c.SndUna, test.kind

			// RFC 5927 section 4.1: about a number that is not in flight no error is believed, nor about another connection.
			for _, wrong := range []wire.Seq{c.SndUna - 1, c.SndNxt + 1} {
				old := quoted
				old.Seq = wrong
				if h.ReceiveICMP(2*Second, &old, nil); h.State() != test.state || h.Conns()[0].SoftErr != OK {
					t.Errorf("believed about %d, with %d to %d in flight", wrong, c.SndUna, c.SndNxt)
				}
			}
			other := quoted
			other.Src = netip.AddrPortFrom(other.Src.Addr(), 999)
			if h.ReceiveICMP(2*Second, &other, nil); h.State() != test.state {
				t.Error("believed about another connection")
			}

			told := OK
			for _, e := range h.ReceiveICMP(2*Second, &quoted, nil) {
				if e.Kind == Tell {
					told = e.Errno
				}
				if e.Kind == Send {
					t.Errorf("an ICMP error was answered with %v", h.Sent()[e.Sent].Flags)
				}
			}
			if got := (outcome{h.State(), told}); got != test.want {
				t.Errorf("%v, told %v; want %v, told %v", got.state, got.errno, test.want.state, test.want.errno)
			}
		})
	}
}

// SHLD-25: a soft error is what the application is told when nobody ever answers.
func TestSoftErrorIsToldAtTheEnd(t *testing.T) {
	h := icmpHost(RFC9293, false, false, SynSent)
	quoted := wire.NewSegment(h.Conns()[0].Local, h.Conns()[0].Remote)
	quoted.Seq, quoted.ICMP.Kind = 100, wire.NetUnreachable
	h.ReceiveICMP(1, &quoted, nil)
	told := OK
	for {
		at, conn, timer, ok := h.Next()
		if !ok {
			break
		}
		for _, e := range h.Fire(at, conn, timer, nil) {
			if e.Kind == Tell {
				told = e.Errno
			}
		}
	}
	if told != ENETUNREACH {
		t.Errorf("told %v", told)
	}
}

// Path MTU discovery: which MTU is believed, and how large a segment is afterwards.
func TestPathMTU(t *testing.T) {
	for _, test := range []struct {
		name string
		p    Profile
		six  bool
		mtu  uint16
		want int // bytes of text in a segment; the peer announced 1400
	}{
		{"smaller", RFC9293, false, 1000, 960},
		{"no news", RFC9293, false, 1440, 1400},
		{"larger", RFC9293, false, 9000, 1400},
		{"not below what every link takes", RFC9293, false, 20, 28},
		{"Linux believes less", Linux, false, 68, 512},
		{"IPv6", RFC9293, true, 1300, 1240},
		{"IPv6, not below 1280", RFC9293, true, 600, 1220},
	} {
		h := icmpHost(test.p, test.six, false, Established)
		c := h.Conns()[0]
		quoted := wire.NewSegment(c.Local, c.Remote)
		quoted.Seq, quoted.ICMP = c.SndUna, wire.ICMP{Kind: wire.TooBig, MTU: test.mtu}
		out := h.ReceiveICMP(2*Second, &quoted, nil)
		c = h.Conns()[0]
		if got := c.SegmentSize(h.Profile()); got != test.want {
			t.Errorf("%s: segments of %d bytes, want %d", test.name, got, test.want)
		}
		sent := 0
		for _, e := range out {
			if e.Kind == Send {
				sent++
			}
		}
		if again := test.want < 1400; again != (sent == 1) {
			t.Errorf("%s: %d segments were sent again", test.name, sent)
		}
		if c.Timers[Retransmit] == Never && c.Timers[LossProbe] == Never {
			t.Errorf("%s: no timer runs for what is out", test.name)
		}
	}
}

// An MTU that is told before the connection is made counts once it is, and nobody is told of an error about a closed socket.
func TestICMPWhereNothingCanBeSaid(t *testing.T) {
	h := icmpHost(RFC9293, false, false, SynSent)
	c := h.Conns()[0]
	quoted := wire.NewSegment(c.Local, c.Remote)
	quoted.Seq, quoted.ICMP = c.SndUna, wire.ICMP{Kind: wire.TooBig, MTU: 300}
	for _, e := range h.ReceiveICMP(Second, &quoted, nil) {
		if e.Kind == Send {
			t.Errorf("%v was sent", h.Sent()[e.Sent].Flags)
		}
	}
	if got := h.Conns()[0].PathMTU; got != 300 {
		t.Errorf("the path MTU is %d", got)
	}

	h = icmpHost(RFC9293, false, false, Established)
	h.Call(Second, &Call{Verb: CallClose}, nil)
	quoted.Seq, quoted.ICMP.Kind = 101, wire.PortUnreachable
	for _, e := range h.ReceiveICMP(Second, &quoted, nil) {
		if e.Kind == Tell {
			t.Errorf("told %v", e.Errno)
		}
	}
	if h.State() != Closed {
		t.Errorf("the connection is in %v", h.State())
	}
}

// Over IPv6 an MSS is 20 bytes less, and without an MSS option it is 1220 (RFC 9293 section 3.7.1, MUST-15, SHLD-6).
func TestMSSOverIPv6(t *testing.T) {
	for six, want := range map[bool][2]uint16{false: {1460, 536}, true: {1440, 1220}} {
		h := icmpHost(RFC9293, six, false, SynSent)
		c := h.Conns()[0]
		if got := [2]uint16{h.Profile().MSS, c.SendMSS}; got != want {
			t.Errorf("IPv6 %v: announced and default MSS %v, want %v", six, got, want)
		}
	}
}

// TestPathsRemembered: a host knows the MTU of the last sixteen ways that it learned, and the newest word on each.
func TestPathsRemembered(t *testing.T) {
	to := func(n byte) netip.Addr { return netip.AddrFrom4([4]byte{192, 0, 2, n}) }
	var h Host
	for n := range byte(maxPaths) {
		h.learnPath(to(n), 1400)
	}
	h.learnPath(to(0), 1300)
	h.learnPath(to(99), 1200)
	for n, want := range map[byte]uint32{0: 1300, 1: 0, 2: 1400, 99: 1200} {
		if got := h.pathMTU(to(n)); got != want {
			t.Errorf("the way to %v takes %d bytes, want %d", to(n), got, want)
		}
	}
}
