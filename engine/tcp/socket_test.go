package tcp_test

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/handshakelab/lab/engine/rule"
	"github.com/handshakelab/lab/engine/tcp"
)

// couple is two hosts whose segments arrive at once, unless they are cut off.
type couple struct {
	*testing.T
	hosts [2]tcp.Host
	cut   bool
	now   tcp.Time
	told  []string // how calls ended: "A3=5", "B4 EAGAIN"
}

func newCouple(t *testing.T, p tcp.Profile) *couple {
	a, b := netip.MustParseAddrPort("192.0.2.1:5000"), netip.MustParseAddrPort("192.0.2.2:80")
	return &couple{T: t, hosts: [2]tcp.Host{
		tcp.NewHost(tcp.HostConfig{Addr: a, Peer: b, Profile: p, Secret: 1}), tcp.NewHost(tcp.HostConfig{Addr: b, Peer: a, Profile: p, Secret: 2})}}
}

// call makes a call and lets everything happen that it sets off but timers. It returns how calls ended.
func (p *couple) call(h int, c tcp.Call) string {
	p.Helper()
	p.told = nil
	out, err := p.hosts[h].Call(p.now, &c, nil)
	if err != nil {
		return "error " + err.Error()
	}
	p.carry(h, out)
	return strings.Join(p.told, ", ")
}

func (p *couple) carry(h int, effects []tcp.Effect) {
	sent := slices.Clone(p.hosts[h].Sent())
	if p.cut {
		sent = nil
	}
	for _, e := range effects {
		switch {
		case e.Kind == tcp.Tell && e.Rule == rule.SocketCall && e.Errno != tcp.OK:
			p.told = append(p.told, fmt.Sprintf("%c%d %v", 'A'+h, e.Args[0], e.Errno))
		case e.Kind == tcp.Tell && e.Rule == rule.SocketCall:
			p.told = append(p.told, fmt.Sprintf("%c%d=%d", 'A'+h, e.Args[0], e.Args[1]))
		}
	}
	for i := range sent {
		p.now += tcp.Millisecond
		p.carry(1-h, p.hosts[1-h].Receive(p.now, &sent[i], nil))
	}
}

// TestSocketCalls makes calls on descriptors; each line is a call and how calls ended by it, on both hosts.
func TestSocketCalls(t *testing.T) {
	const A, B = 0, 1
	port := func(n uint16) netip.AddrPort { return netip.AddrPortFrom(netip.Addr{}, n) }
	big := strings.Repeat("x", 100_000)
	type line struct {
		host int
		call tcp.Call
		want string
	}
	open := []line{
		{B, tcp.Call{Verb: tcp.CallSocket}, "B3=3"},
		{B, tcp.Call{Verb: tcp.CallBind, To: port(80), FD: 3}, "B3=0"},
		{B, tcp.Call{Verb: tcp.CallListen, Backlog: 2, FD: 3}, "B3=0"},
		{A, tcp.Call{Verb: tcp.CallSocket}, "A3=3"},
		{A, tcp.Call{Verb: tcp.CallConnect, FD: 3}, "A3=0"},
		{B, tcp.Call{Verb: tcp.CallAccept, FD: 3}, "B3=4"},
	}
	tests := []struct {
		name    string
		profile tcp.Profile
		open    bool
		lines   []line
	}{
		{"a send larger than the buffer waits, or says how much it took", tcp.RFC9293, true, []line{
			{A, tcp.Call{Verb: tcp.CallSend, Data: big, FD: 3}, "A3=100000"}, // the window took a part, the buffer the rest
			{A, tcp.Call{Verb: tcp.CallSend, Data: big, Nonblock: true, FD: 3}, "A3=95312"},
			{A, tcp.Call{Verb: tcp.CallSend, Data: big, Nonblock: true, FD: 3}, "A3 EAGAIN"},
			{A, tcp.Call{Verb: tcp.CallSend, Data: "y", FD: 3}, ""},
			{A, tcp.Call{Verb: tcp.CallRecv, FD: 3}, "error EALREADY"},
			{B, tcp.Call{Verb: tcp.CallRecv, FD: 4}, "B4=64240, A3=1"},
		}},
		{"what is connected does not listen", tcp.Linux, true, []line{
			{A, tcp.Call{Verb: tcp.CallListen, FD: 3}, "A3 EINVAL"},
			{A, tcp.Call{Verb: tcp.CallAccept, FD: 3}, "A3 EINVAL"},
			{B, tcp.Call{Verb: tcp.CallListen, Backlog: 9, FD: 3}, "B3=0"}, // the backlog of a listener changes
			{A, tcp.Call{Verb: tcp.CallShutdown, FD: 3}, "A3=0"},
			{A, tcp.Call{Verb: tcp.CallSend, Data: "x", FD: 3}, "A3 EPIPE"},
			{B, tcp.Call{Verb: tcp.CallRecv, FD: 4}, "B4=0"},
			{B, tcp.Call{Verb: tcp.CallAbort, FD: 4}, "B4=0"},
			{A, tcp.Call{Verb: tcp.CallGet, Option: tcp.SockError, FD: 3}, "A3 ECONNRESET"},
			{A, tcp.Call{Verb: tcp.CallGet, Option: tcp.SockError, FD: 3}, "A3=0"},
			{A, tcp.Call{Verb: tcp.CallShutdown, FD: 3}, "A3 ENOTCONN"},
			{B, tcp.Call{Verb: tcp.CallClose, FD: 3}, "B3=0"},
		}},
		{"Linux chooses a port for who listens without one", tcp.Linux, false, []line{
			{A, tcp.Call{Verb: tcp.CallSocket}, "A3=3"},
			{A, tcp.Call{Verb: tcp.CallListen, FD: 3}, "A3=0"},
			{A, tcp.Call{Verb: tcp.CallSocket}, "A4=4"},
			{A, tcp.Call{Verb: tcp.CallBind, To: port(32768), FD: 4}, "A4 EADDRINUSE"},
			{A, tcp.Call{Verb: tcp.CallBind, To: port(0), FD: 4}, "A4=0"},
			{A, tcp.Call{Verb: tcp.CallSend, Data: "x", FD: 4}, "A4 EPIPE"},
			{A, tcp.Call{Verb: tcp.CallListen, Backlog: -1, FD: 4}, "A4 EINVAL"},
			{A, tcp.Call{Verb: tcp.CallConnect, To: netip.MustParseAddrPort("224.0.0.1:80"), FD: 4}, "A4 ENETUNREACH"},
			{A, tcp.Call{Verb: tcp.CallConnect, To: netip.MustParseAddrPort("255.255.255.255:80"), FD: 4}, "A4 ENETUNREACH"},
			{A, tcp.Call{Verb: tcp.CallConnect, FD: 4}, "A4 ECONNREFUSED"},
			{A, tcp.Call{Verb: tcp.CallConnect, FastOpen: true, Data: "x", Nonblock: true, FD: 4}, "A4 EINPROGRESS"},
		}},
		{"Fast Open only where it is switched on", tcp.RFC9293, false, []line{
			{A, tcp.Call{Verb: tcp.CallSocket}, "A3=3"},
			{A, tcp.Call{Verb: tcp.CallConnect, FastOpen: true, Data: "x", FD: 3}, "A3 EOPNOTSUPP"},
			{A, tcp.Call{Verb: tcp.CallConnect, FastOpen: true, Data: "x"}, "error EOPNOTSUPP"},
			{A, tcp.Call{Verb: tcp.CallSet, Option: tcp.FastOpenQueue, Values: [3]tcp.Time{1}}, "error EINVAL"},
			{A, tcp.Call{Verb: tcp.CallAccept}, "error EINVAL"},
			{A, tcp.Call{Verb: tcp.CallClose, Listener: true}, "error ENOTCONN"},
			{A, tcp.Call{Verb: tcp.CallListen, Backlog: -1}, "error EINVAL"},
		}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			p := newCouple(t, test.profile)
			lines := test.lines
			if test.open {
				lines = append(open[:len(open):len(open)], lines...)
			}
			for i, l := range lines {
				if got := p.call(l.host, l.call); got != l.want {
					t.Errorf("line %d, %v: %q, want %q", i, l.call, got, l.want)
				}
			}
		})
	}
}

// TestWaitingCalls: calls that wait for what never comes, and what ends them.
func TestWaitingCalls(t *testing.T) {
	p := newCouple(t, tcp.Linux)
	p.call(0, tcp.Call{Verb: tcp.CallSocket})
	p.cut = true
	if got := p.call(0, tcp.Call{Verb: tcp.CallConnect, FD: 3}); got != "" {
		t.Fatalf("connect into the void: %q", got)
	}
	for range 20 {
		at, conn, timer, ok := p.hosts[0].Next()
		if !ok {
			break
		}
		p.now = at
		p.carry(0, p.hosts[0].Fire(at, conn, timer, nil))
	}
	if got := strings.Join(p.told, ", "); got != "A3 ETIMEDOUT" || p.now != 131*tcp.Second {
		t.Errorf("at %v connect ended with %q", p.now, got)
	}
	p.call(0, tcp.Call{Verb: tcp.CallConnect, Nonblock: true, FD: 3})
	if got := p.call(0, tcp.Call{Verb: tcp.CallShutdown, FD: 3}); got != "A3=0" || len(p.hosts[0].Conns()) != 0 {
		t.Errorf("shutdown in SYN-SENT: %q", got)
	}
}

// TestDescriptorsRunOut: the lowest free number is taken, and there is an end.
func TestDescriptorsRunOut(t *testing.T) {
	p := newCouple(t, tcp.Linux)
	n := 0
	for p.call(0, tcp.Call{Verb: tcp.CallSocket}) != "A0 EMFILE" {
		if n++; n > 1000 {
			t.Fatal("there is no end")
		}
	}
	p.call(0, tcp.Call{Verb: tcp.CallClose, FD: 7})
	if got := p.call(0, tcp.Call{Verb: tcp.CallSocket}); got != "A7=7" {
		t.Errorf("after 7 was closed: %q", got)
	}
	for fd := 3; fd < 7; fd++ {
		p.call(0, tcp.Call{Verb: tcp.CallListen, FD: fd})
	}
	if got := p.call(0, tcp.Call{Verb: tcp.CallListen, FD: 7}); got != "A7 ENOBUFS" {
		t.Errorf("a fifth listener: %q", got)
	}
}
