package engine_test

import (
	"testing"

	"github.com/handshakelab/lab/engine"
	"github.com/handshakelab/lab/engine/network"
	"github.com/handshakelab/lab/engine/tcp"
	"github.com/handshakelab/lab/engine/wire"
)

// TestHolds asks a run in which the first SYN-ACK was lost, the client sent its SYN again, the answer to that arrived, the
// server's application did nothing yet, and a forged RST and a copy of an ACK are on the wire.
func TestHolds(t *testing.T) {
	w := must(engine.New(lab()))
	do(t, &w, listen, connect, step, drop(synAck), // #1 SYN, #2 SYN-ACK
		until(state(engine.Client, tcp.Established)), // #3 SYN again, #4 an ACK that answers it, #5 SYN-ACK again, #6 ACK
		duplicate(onlyACK, ms),                       // #7
		forge(engine.Client, wire.RST, 0, 0))         // #8
	count := func(f wire.Flags, what engine.What, c engine.Cmp, n int) engine.Cond {
		return engine.Cond{Kind: engine.Happened, Seg: engine.SegRef{Flags: f}, What: what, Cmp: c, Count: n}
	}
	one := func(ref engine.SegRef, what engine.What) engine.Cond {
		return engine.Cond{Kind: engine.Happened, Seg: ref, What: what}
	}
	told := func(h engine.HostID, n tcp.Notice, e tcp.Errno) engine.Cond {
		return engine.Cond{Kind: engine.WasTold, Host: h, Notice: n, Errno: e}
	}
	often := func(c engine.Cond, cmp engine.Cmp, n int) engine.Cond {
		c.Cmp, c.Count = cmp, n
		return c
	}
	again := func(h engine.HostID, f wire.Flags) engine.Cond {
		return engine.Cond{Kind: engine.RetransmitOf, Host: h, Seg: engine.SegRef{Flags: f}}
	}
	synack := wire.SYN | wire.ACK
	for _, test := range []struct {
		cond engine.Cond
		text string
		want bool
	}{
		{happened(wire.SYN, engine.WasSent), "SYN sent", true},
		{happened(wire.FIN, engine.WasSent), "FIN sent", false},
		{happened(wire.RST, engine.WasSent), "RST sent", false}, // forged, not sent by a host
		{happened(synack, engine.WasLost), "SYN-ACK lost", true},
		{happened(wire.SYN, engine.WasLost), "SYN lost", false},
		{happened(wire.ACK|wire.PSH, engine.HasArrived), "ACK arrived", true},
		{count(wire.SYN, engine.WasSent, engine.AtLeast, 2), "sent SYN >= 2", true},
		{count(wire.SYN, engine.WasSent, engine.AtLeast, 3), "sent SYN >= 3", false},
		{count(wire.SYN, engine.WasSent, engine.Exactly, 2), "sent SYN = 2", true},
		{count(wire.SYN, engine.WasSent, engine.AtMost, 1), "sent SYN <= 1", false},
		{count(wire.ACK, engine.WasSent, engine.Exactly, 2), "sent ACK = 2", true}, // the copy does not count
		{count(wire.FIN, engine.WasSent, engine.Exactly, 0), "sent FIN = 0", true},
		{one(engine.SegRef{ID: 2}, engine.WasLost), "#2 lost", true},
		{one(engine.SegRef{ID: 4}, engine.WasLost), "#4 lost", false},
		{one(engine.SegRef{ID: 99}, engine.WasSent), "#99 sent", false},
		{one(engine.SegRef{Flags: synack, Nth: 2}, engine.HasArrived), "2nd SYN-ACK arrived", true},
		{one(engine.SegRef{Flags: synack, Nth: 1}, engine.HasArrived), "1st SYN-ACK arrived", false},
		{one(engine.SegRef{Flags: wire.ACK, Nth: 3}, engine.WasSent), "3rd ACK sent", true}, // the copy is one
		{one(engine.SegRef{Flags: wire.RST, Nth: 1}, engine.WasSent), "1st RST sent", true}, // the forged one too
		{state(engine.Client, tcp.Established), "client ESTABLISHED", true},
		{state(engine.Server, tcp.SynReceived), "server SYN-RECEIVED", true},
		{state(engine.Server, tcp.Listen), "server LISTEN", false},
		{told(engine.Client, tcp.Connected, 0), "client told connected", true},
		{told(engine.Server, tcp.Connected, 0), "server told connected", false},
		{told(engine.Client, 0, tcp.ECONNREFUSED), "client told ECONNREFUSED", false},
		{often(told(engine.Client, tcp.Connected, 0), engine.Exactly, 1), "client told connected = 1", true},
		{often(told(engine.Client, tcp.Connected, 0), engine.AtLeast, 2), "client told connected >= 2", false},
		{often(told(engine.Client, 0, tcp.ECONNREFUSED), engine.AtMost, 0), "client told ECONNREFUSED <= 0", true},
		{again(engine.Client, wire.SYN), "client sent SYN again", true},
		{again(engine.Server, wire.SYN), "server sent SYN again", false},
		{engine.Cond{Kind: engine.Quiet}, "quiet", false},
		{engine.Cond{}, "", false},
	} {
		if got := w.Holds(test.cond); got != test.want {
			t.Errorf("%s: %v, want %v", test.text, got, test.want)
		}
		not := test.cond
		not.Not = true
		if w.Holds(not) == test.want {
			t.Errorf("not %s: the same as without not", test.text)
		}
		if test.cond.String() != test.text || not.String() != "not "+test.text {
			t.Errorf("%q and %q, want %q", test.cond, not, test.text)
		}
	}
}

// TestEditedKind: a segment is sent as one kind, and arrives or is lost as what it was made.
func TestEditedKind(t *testing.T) {
	w := must(engine.New(lab()))
	do(t, &w, connect, duplicate(syn, ms), edit(engine.SegRef{ID: 1}, engine.FieldFlags, wire.Segment{Flags: wire.RST}), step,
		edit(syn, engine.FieldFlags, wire.Segment{Flags: wire.FIN}), drop(engine.SegRef{Flags: wire.FIN}))
	for _, c := range []engine.Cond{
		happened(wire.SYN, engine.WasSent), happened(wire.RST, engine.HasArrived), happened(wire.FIN, engine.WasLost),
		{Kind: engine.Happened, Seg: engine.SegRef{Flags: wire.SYN, Nth: 2}, What: engine.WasLost},
	} {
		if !w.Holds(c) {
			t.Errorf("not %s", c)
		}
	}
	for _, c := range []engine.Cond{happened(wire.SYN, engine.HasArrived), happened(wire.SYN, engine.WasLost), happened(wire.FIN, engine.WasSent)} {
		if w.Holds(c) {
			t.Errorf("%s", c)
		}
	}
}

// TestStepUntil says where it stops.
func TestStepUntil(t *testing.T) {
	synLost := []engine.Action{addRule(network.Rule{Verb: network.Drop, Nth: 1, Flags: wire.SYN}), listen, connect}
	for _, test := range []struct {
		name   string
		before []engine.Action
		cond   engine.Cond
		now    engine.Time
	}{
		{"the next one, not the one before", synLost, happened(wire.SYN, engine.WasSent), 1000 * ms},
		{"the next loss", synLost, happened(wire.SYN, engine.WasLost), 40 * ms},
		{"a number that is already reached", synLost, engine.Cond{Kind: engine.Happened, Seg: syn, What: engine.WasSent, Cmp: engine.Exactly, Count: 1}, 0},
		{"a number", synLost, engine.Cond{Kind: engine.Happened, Seg: syn, What: engine.WasSent, Cmp: engine.AtLeast, Count: 2}, 1000 * ms},
		{"one certain segment, now", synLost, engine.Cond{Kind: engine.Happened, Seg: engine.SegRef{ID: 1}, What: engine.WasSent}, 0},
		{"one certain segment, later", synLost, engine.Cond{Kind: engine.Happened, Seg: engine.SegRef{Flags: wire.SYN, Nth: 2}, What: engine.HasArrived}, 1050 * ms},
		{"a state", synLost, state(engine.Server, tcp.Established), 1150 * ms},
		{"a state that is so already", synLost, state(engine.Client, tcp.SynSent), 0},
		{"no longer", synLost, engine.Cond{Not: true, Kind: engine.InState, Host: engine.Server, State: tcp.Listen}, 1050 * ms},
		{"told", synLost, engine.Cond{Kind: engine.WasTold, Host: engine.Client, Notice: tcp.Connected}, 1100 * ms},
		{"sent again", synLost, engine.Cond{Kind: engine.RetransmitOf, Host: engine.Client, Seg: syn}, 1000 * ms},
		{"quiet", synLost, engine.Cond{Kind: engine.Quiet}, 1150 * ms},
		{"quiet already", nil, engine.Cond{Kind: engine.Quiet}, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := must(engine.New(lab()))
			do(t, &w, test.before...)
			do(t, &w, until(test.cond))
			if w.Now() != test.now {
				t.Errorf("it stopped at %v, want %v", w.Now(), test.now)
			}
			if !w.Holds(test.cond) {
				t.Error("it stopped where the condition does not hold")
			}
		})
	}
}
