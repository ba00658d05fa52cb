package engine_test

import (
	"errors"
	"net/netip"
	"strings"
	"testing"

	"github.com/handshakelab/lab/engine"
	"github.com/handshakelab/lab/engine/network"
	"github.com/handshakelab/lab/engine/tcp"
	"github.com/handshakelab/lab/engine/wire"
)

// lab is a set-up with numbers that are easy to follow: the client counts from 100, the server from 300, and each way
// takes 50 ms.
func lab() engine.Setup {
	return engine.Setup{
		Hosts: [2]engine.HostSetup{
			{Addr: netip.MustParseAddrPort("192.0.2.1:54321"), Profile: "rfc9293", ISNs: []wire.Seq{100, 1100, 2100}},
			{Addr: netip.MustParseAddrPort("192.0.2.2:80"), Profile: "rfc9293", ISNs: []wire.Seq{300, 1300, 2300}},
		},
		Path: network.Setup{Delay: [2]network.Time{50 * tcp.Millisecond, 50 * tcp.Millisecond}},
	}
}

var (
	listen   = engine.Action{Kind: engine.Call, Host: engine.Server, Call: tcp.Call{Verb: tcp.CallListen, Backlog: 4}}
	connect  = engine.Action{Kind: engine.Call, Host: engine.Client, Call: tcp.Call{Verb: tcp.CallConnect}}
	step     = engine.Action{Kind: engine.Step, Count: 1}
	untilEnd = engine.Action{Kind: engine.StepUntil, Cond: engine.Cond{Kind: engine.Quiet}}
	synAck   = engine.SegRef{Flags: wire.SYN | wire.ACK}
	syn      = engine.SegRef{Flags: wire.SYN}
	onlyACK  = engine.SegRef{Flags: wire.ACK}
)

// must returns what cannot fail in a test.
func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// do does actions that must succeed and returns their events.
func do(t testing.TB, w *engine.World, actions ...engine.Action) []engine.Event {
	t.Helper()
	var all []engine.Event
	for i, a := range actions {
		events, err := w.Apply(a)
		if err != nil {
			t.Fatalf("action %d of %d: %v", i+1, len(actions), err)
		}
		all = append(all, events...)
	}
	return all
}

// TestNoAllocations: in memory that has held such a run before, segments, checks and all other events ask for no more.
func TestNoAllocations(t *testing.T) {
	for _, profile := range []string{"rfc9293", "linux"} {
		setup := lab()
		setup.Hosts[0].Profile, setup.Hosts[1].Profile = profile, profile
		fresh := must(engine.New(setup))
		do(t, &fresh, listen)
		var w engine.World
		var rec engine.Recorder
		actions := []engine.Action{
			connect, steps(3),
			{Kind: engine.Forge, Host: engine.Server, Edit: engine.Patch{Set: engine.FieldFlags | engine.FieldSeq, Seg: wire.Segment{Flags: wire.RST, Seq: 5000}}},
			steps(2), // a challenge ACK
		}
		n := testing.AllocsPerRun(10, func() {
			for range 100 {
				w.Set(&fresh)
				rec.Reset()
				for i := range actions {
					if err := w.Do(&actions[i], &rec); err != nil {
						t.Fatal(err)
					}
				}
			}
		})
		if n > 0 {
			t.Errorf("%s: %v allocations for 500 segments", profile, n)
		}
	}
}

// Text that the peer does not take waits, but not without end: a run must not eat the memory of the server.
func TestSendBufferFills(t *testing.T) {
	setup := lab()
	setup.Hosts[engine.Server].Options.Window = tcp.Opt[uint16]{V: 1000, Set: true}
	w := must(engine.New(setup))
	do(t, &w, listen, connect, steps(3))
	text := engine.Action{Kind: engine.Call, Host: engine.Client, Call: tcp.Call{Verb: tcp.CallSend, Data: strings.Repeat("x", engine.MaxSend)}}
	for range 2 {
		do(t, &w, text)
	}
	before := w.Digest()
	if _, err := w.Apply(text); !errors.Is(err, tcp.EAGAIN) {
		t.Errorf("the third send: %v, want EAGAIN", err)
	}
	if w.Digest() != before {
		t.Error("the refused call changed the world")
	}
}
