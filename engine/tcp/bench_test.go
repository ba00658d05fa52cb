package tcp_test

import (
	"net/netip"
	"testing"

	"github.com/handshakelab/lab/engine/tcp"
	"github.com/handshakelab/lab/engine/wire"
)

// A pair is two hosts with nothing between them but a queue.
type pair struct {
	hosts [2]tcp.Host
	out   []tcp.Effect
	way   []wire.Segment // from the host that is not hosts[to] of the same index
	to    []int
}

func newPair(p tcp.Profile) *pair {
	a, b := netip.MustParseAddrPort("192.0.2.1:40001"), netip.MustParseAddrPort("192.0.2.2:80")
	return &pair{hosts: [2]tcp.Host{
		tcp.NewHost(tcp.HostConfig{Addr: a, Peer: b, Profile: p, Secret: 1}),
		tcp.NewHost(tcp.HostConfig{Addr: b, Peer: a, Profile: p, Secret: 2}),
	}}
}

// call makes a call and lets the hosts talk until they have nothing to say.
func (p *pair) call(t testing.TB, h int, now tcp.Time, c tcp.Call) {
	var err error
	p.out, err = p.hosts[h].Call(now, c, p.out[:0])
	if err != nil {
		t.Fatal(h, c, err)
	}
	p.way, p.to = p.way[:0], p.to[:0]
	p.take(h)
	for i := 0; i < len(p.way); i++ {
		h = p.to[i]
		p.out = p.hosts[h].Receive(now, &p.way[i], p.out[:0])
		p.take(h)
	}
}

// take puts what host h sent on the way.
func (p *pair) take(h int) {
	out := p.out
	for i := range out {
		if out[i].Kind == tcp.Send {
			p.way, p.to = append(p.way, *out[i].Seg), append(p.to, 1-h)
		}
	}
}

var pairListen, pairConnect = tcp.Call{Verb: tcp.CallListen, Backlog: 4}, tcp.Call{Verb: tcp.CallConnect}

// BenchmarkHandshake is connect, the three segments and all effects, from fresh hosts on.
func BenchmarkHandshake(b *testing.B) {
	for _, profile := range tcp.Profiles() {
		b.Run(profile.Name, func(b *testing.B) {
			fresh := newPair(profile)
			fresh.call(b, 1, 0, pairListen)
			p := newPair(profile)
			b.ReportAllocs()
			for b.Loop() {
				p.hosts[0].Set(&fresh.hosts[0])
				p.hosts[1].Set(&fresh.hosts[1])
				p.call(b, 0, 0, pairConnect)
			}
			if p.hosts[1].State() != tcp.Established {
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
		fresh.call(t, 1, 0, pairListen)
		now := tcp.Time(0)
		handshake := func() {
			p.hosts[0].Set(&fresh.hosts[0])
			p.hosts[1].Set(&fresh.hosts[1])
			p.call(t, 0, now, pairConnect)
		}
		text := func() {
			now += 10 * tcp.Millisecond
			p.call(t, 0, now, tcp.Call{Verb: tcp.CallSend, Data: "0123456789"})
			p.call(t, 1, now, tcp.Call{Verb: tcp.CallRecv})
			p.call(t, 1, now, tcp.Call{Verb: tcp.CallSend, Data: "answer"})
			p.call(t, 0, now, tcp.Call{Verb: tcp.CallRecv})
		}
		for name, do := range map[string]func(){"handshake": handshake, "text": func() { handshake(); text(); text() }} {
			if n := testing.AllocsPerRun(100, do); n > 0 {
				t.Errorf("%s, %s: %v allocations", profile.Name, name, n)
			}
		}
	}
}
