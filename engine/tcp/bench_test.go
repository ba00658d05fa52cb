package tcp_test

import (
	"net/netip"
	"testing"

	"github.com/handshakelab/lab/engine/tcp"
)

// A pair is two hosts with nothing between them: what one sends the other has at once.
type pair struct {
	hosts [2]tcp.Host
	out   []tcp.Effect
}

func newPair(p tcp.Profile) *pair {
	a, b := netip.MustParseAddrPort("192.0.2.1:40001"), netip.MustParseAddrPort("192.0.2.2:80")
	return &pair{hosts: [2]tcp.Host{
		tcp.NewHost(tcp.HostConfig{Addr: a, Peer: b, Profile: p, Secret: 1}),
		tcp.NewHost(tcp.HostConfig{Addr: b, Peer: a, Profile: p, Secret: 2}),
	}}
}

// set puts both hosts back to how those of x stand.
func (p *pair) set(x *pair) {
	p.hosts[0].Set(&x.hosts[0])
	p.hosts[1].Set(&x.hosts[1])
}

// call makes a call and lets the hosts talk until they have nothing to say. No segment is answered by two: each stays where its
// sender has it until that hears again.
func (p *pair) call(t testing.TB, h int, now tcp.Time, c *tcp.Call) {
	var err error
	p.out, err = p.hosts[h].Call(now, c, p.out[:0])
	if err != nil {
		t.Fatal(h, c.Verb, err)
	}
	for sent := p.hosts[h].Sent(); len(sent) > 0; sent = p.hosts[h].Sent() {
		if len(sent) > 1 {
			t.Fatal("two segments at once")
		}
		h = 1 - h
		p.out = p.hosts[h].Receive(now, &sent[0], p.out[:0])
	}
}

var pairListen, pairConnect, pairAccept = tcp.Call{Verb: tcp.CallListen, Backlog: 4}, tcp.Call{Verb: tcp.CallConnect}, tcp.Call{Verb: tcp.CallAccept}

// handshake is a whole one: listen, connect, SYN, SYN-ACK, ACK, accept.
func (p *pair) handshake(t testing.TB) {
	p.call(t, 1, 0, &pairListen)
	p.call(t, 0, 0, &pairConnect)
	p.call(t, 1, 0, &pairAccept)
}

// BenchmarkHandshake is a whole handshake, listen, connect, SYN, SYN-ACK, ACK and accept, with every check and every other effect.
// It counts that both hosts are put back to the beginning, in the memory that they have; that they
// were made, from their profiles, it does not.
func BenchmarkHandshake(b *testing.B) {
	for _, profile := range tcp.Profiles() {
		b.Run(profile.Name, func(b *testing.B) {
			fresh, p := newPair(profile), newPair(profile)
			b.ReportAllocs()
			for b.Loop() {
				p.set(fresh)
				p.handshake(b)
			}
			if p.hosts[1].State() != tcp.Established || !p.hosts[1].Conns()[0].Accepted {
				b.Fatal(p.hosts[1].State())
			}
		})
	}
}

// TestNoAllocations: once there is room for what a call brings, a host allocates nothing, neither for a handshake nor for
// text and its acknowledgment.
func TestNoAllocations(t *testing.T) {
	for _, profile := range tcp.Profiles() {
		fresh, p := newPair(profile), newPair(profile)
		now := tcp.Time(0)
		handshake := func() {
			p.set(fresh)
			p.handshake(t)
		}
		text := func() {
			now += 10 * tcp.Millisecond
			p.call(t, 0, now, &tcp.Call{Verb: tcp.CallSend, Data: "0123456789"})
			p.call(t, 1, now, &tcp.Call{Verb: tcp.CallRecv})
			p.call(t, 1, now, &tcp.Call{Verb: tcp.CallSend, Data: "answer"})
			p.call(t, 0, now, &tcp.Call{Verb: tcp.CallRecv})
		}
		for name, do := range map[string]func(){"handshake": handshake, "text": func() { handshake(); text(); text() }} {
			if n := testing.AllocsPerRun(100, do); n > 0 {
				t.Errorf("%s, %s: %v allocations", profile.Name, name, n)
			}
		}
	}
}
