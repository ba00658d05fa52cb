package engine_test

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/handshakelab/lab/engine"
	"github.com/handshakelab/lab/engine/network"
	"github.com/handshakelab/lab/engine/tcp"
	"github.com/handshakelab/lab/engine/wire"
)

const ms = tcp.Millisecond

// wireLine tells an event on the wire in a few words, and anything else not at all.
func wireLine(e engine.Event) string {
	s := fmt.Sprintf("%v %v %s %v", e.At, e.Host, e.Kind, e.Seg)
	switch e.Kind {
	case engine.Sent, engine.Forged:
		return fmt.Sprintf("%s %v to %v, due %v", s, e.Wire.Flags, e.Toward, e.Due)
	case engine.Duplicated:
		return fmt.Sprintf("%s of %v to %v, due %v, %s %s", s, e.Of, e.Toward, e.Due, e.Rule, e.Text)
	case engine.Delayed:
		return fmt.Sprintf("%s due %v, %s %s", s, e.Due, e.Rule, e.Text)
	case engine.Held, engine.Released:
		return fmt.Sprintf("%s due %v", s, e.Due)
	case engine.Edited:
		return fmt.Sprintf("%s %v", s, e.Fields)
	case engine.Lost:
		return fmt.Sprintf("%s %s %s", s, e.Rule, e.Text)
	case engine.Arrived:
		return s
	case engine.RuleAdded, engine.RuleRemoved:
		return fmt.Sprintf("%v %v %s %d: %s", e.At, e.Host, e.Kind, e.Count, e.Text)
	case engine.Discarded:
		return fmt.Sprintf("%s %s", s, e.Rule)
	}
	return ""
}

func wireLines(events []engine.Event) []string {
	var lines []string
	for _, e := range events {
		if s := strings.TrimRight(wireLine(e), " "); s != "" {
			lines = append(lines, s)
		}
	}
	return lines
}

func forge(to engine.HostID, f wire.Flags, seq, ack wire.Seq) engine.Action {
	return engine.Action{Kind: engine.Forge, Host: to, Edit: engine.Patch{
		Set: engine.FieldFlags | engine.FieldSeq | engine.FieldAck,
		Seg: wire.Segment{Flags: f, Seq: seq, Ack: ack},
	}}
}

func steps(n int) engine.Action          { return engine.Action{Kind: engine.Step, Count: n} }
func wait(d engine.Time) engine.Action   { return engine.Action{Kind: engine.Wait, For: d} }
func drop(r engine.SegRef) engine.Action { return engine.Action{Kind: engine.Drop, Seg: r} }
func hold(r engine.SegRef) engine.Action { return engine.Action{Kind: engine.Hold, Seg: r} }
func release(r engine.SegRef) engine.Action {
	return engine.Action{Kind: engine.Release, Seg: r}
}
func delay(r engine.SegRef, d engine.Time) engine.Action {
	return engine.Action{Kind: engine.Delay, Seg: r, For: d}
}
func duplicate(r engine.SegRef, d engine.Time) engine.Action {
	return engine.Action{Kind: engine.Duplicate, Seg: r, For: d}
}
func edit(r engine.SegRef, set engine.Field, seg wire.Segment) engine.Action {
	return engine.Action{Kind: engine.Edit, Seg: r, Edit: engine.Patch{Set: set, Seg: seg}}
}
func addRule(r network.Rule) engine.Action { return engine.Action{Kind: engine.AddRule, Rule: r} }
func until(c engine.Cond) engine.Action    { return engine.Action{Kind: engine.StepUntil, Cond: c} }
func expect(c engine.Cond) engine.Action   { return engine.Action{Kind: engine.Expect, Cond: c} }
func state(h engine.HostID, s tcp.State) engine.Cond {
	return engine.Cond{Kind: engine.InState, Host: h, State: s}
}
func happened(f wire.Flags, what engine.What) engine.Cond {
	return engine.Cond{Kind: engine.Happened, Seg: engine.SegRef{Flags: f}, What: what}
}

// TestActions follows the wire through one short run for each thing that an action can do.
func TestActions(t *testing.T) {
	tests := []struct {
		name    string
		change  func(*engine.Setup)
		actions []engine.Action
		want    []string
	}{
		{
			name:    "a handshake",
			actions: []engine.Action{listen, connect, untilEnd},
			want: []string{
				"0s client sent #1 SYN to server, due 50ms",
				"50ms server arrived #1",
				"50ms server sent #2 SYN,ACK to client, due 100ms",
				"100ms client arrived #2",
				"100ms client sent #3 ACK to server, due 150ms",
				"150ms server arrived #3",
			},
		},
		{
			name:    "drop: it dies now",
			actions: []engine.Action{listen, connect, wait(20 * ms), drop(syn), step},
			want: []string{
				"0s client sent #1 SYN to server, due 50ms",
				"20ms network lost #1 lab:drop",
				"1s client sent #2 SYN to server, due 1.05s",
			},
		},
		{
			name:    "delay: the rest of its way and more",
			actions: []engine.Action{listen, connect, wait(20 * ms), delay(syn, 5*ms), delay(syn, 7*ms), step},
			want: []string{
				"0s client sent #1 SYN to server, due 50ms",
				"20ms network delayed #1 due 55ms, lab:delay",
				"20ms network delayed #1 due 62ms, lab:delay",
				"62ms server arrived #1",
				"62ms server sent #2 SYN,ACK to client, due 112ms",
			},
		},
		{
			name:    "hold and release: it needs the rest of its way, and a delay in between counts",
			actions: []engine.Action{listen, connect, wait(20 * ms), hold(syn), wait(100 * ms), delay(syn, ms), wait(100 * ms), release(syn), step},
			want: []string{
				"0s client sent #1 SYN to server, due 50ms",
				"20ms network held #1 due never",
				"120ms network delayed #1 due never, lab:delay",
				"220ms network released #1 due 251ms",
				"251ms server arrived #1",
				"251ms server sent #2 SYN,ACK to client, due 301ms",
			},
		},
		{
			name:    "duplicate: a segment of its own, of a held one too",
			actions: []engine.Action{listen, connect, duplicate(syn, 10*ms), hold(engine.SegRef{ID: 1}), wait(5 * ms), duplicate(engine.SegRef{ID: 1}, 0), step},
			want: []string{
				"0s client sent #1 SYN to server, due 50ms",
				"0s network duplicated #2 of #1 to server, due 60ms, lab:duplicate",
				"0s network held #1 due never",
				"5ms network duplicated #3 of #1 to server, due 55ms, lab:duplicate",
				"55ms server arrived #3",
				"55ms server sent #4 SYN,ACK to client, due 105ms",
			},
		},
		{
			name: "a rule drops: it dies near the end of its way, and the rule is named",
			actions: []engine.Action{listen, addRule(network.Rule{Verb: network.Drop, Nth: 1, Flags: wire.SYN | wire.ACK}), connect, steps(3),
				{Kind: engine.RemoveRule, Count: 1}},
			want: []string{
				"0s network rule-added 1: drop 1st SYN-ACK",
				"0s client sent #1 SYN to server, due 50ms",
				"50ms server arrived #1",
				"50ms server sent #2 SYN,ACK to client, due 100ms",
				"90ms network lost #2 lab:rule drop 1st SYN-ACK",
				"1s client sent #3 SYN to server, due 1.05s",
				"1s network rule-removed 1: drop 1st SYN-ACK",
			},
		},
		{
			name: "rules delay and duplicate",
			change: func(s *engine.Setup) {
				s.Path.Rules = []network.Rule{{Verb: network.Delay, Flags: wire.SYN, For: 8 * ms}, {Verb: network.Duplicate, Flags: wire.SYN, For: 2 * ms}}
			},
			actions: []engine.Action{connect, steps(2)},
			want: []string{
				"0s client sent #1 SYN to server, due 50ms",
				"0s network delayed #1 due 58ms, lab:rule delay every SYN 8ms",
				"0s network duplicated #2 of #1 to server, due 60ms, lab:rule duplicate every SYN after 2ms",
				"58ms server arrived #1",
				"58ms server sent #3 RST,ACK to client, due 108ms",
				"60ms server arrived #2",
				"60ms server sent #4 RST,ACK to client, due 110ms",
			},
		},
		{
			name:    "chance loses",
			change:  func(s *engine.Setup) { s.Path.Loss = [2]uint32{1_000_000, 1_000_000} },
			actions: []engine.Action{connect, step},
			want: []string{
				"0s client sent #1 SYN to server, due 50ms",
				"40ms network lost #1 lab:loss",
			},
		},
		{
			name:    "chance copies",
			change:  func(s *engine.Setup) { s.Path.Duplicate = 1_000_000 },
			actions: []engine.Action{connect},
			want: []string{
				"0s client sent #1 SYN to server, due 50ms",
				"0s network duplicated #2 of #1 to server, due 50ms, lab:chance",
			},
		},
		{
			name:    "what will be lost can still be held, and is lost after its release",
			change:  func(s *engine.Setup) { s.Path.Loss = [2]uint32{1_000_000, 1_000_000} },
			actions: []engine.Action{connect, wait(10 * ms), hold(syn), wait(ms), release(syn), step},
			want: []string{
				"0s client sent #1 SYN to server, due 50ms",
				"10ms network held #1 due never",
				"11ms network released #1 due 51ms",
				"41ms network lost #1 lab:loss",
			},
		},
		{
			name: "an edit that leaves the checksum alone: the host throws the segment away",
			actions: []engine.Action{listen, connect,
				{Kind: engine.Edit, Seg: syn, Edit: engine.Patch{Set: engine.FieldWindow, Seg: wire.Segment{Window: 1}, KeepSum: true}}, step},
			want: []string{
				"0s client sent #1 SYN to server, due 50ms",
				"0s network edited #1 window",
				"50ms server arrived #1",
				"50ms server discarded #1 9293:3.1/checksum",
			},
		},
		{
			name: "an edit to an address that nobody has",
			actions: []engine.Action{listen, connect,
				edit(syn, engine.FieldDstAddr, wire.Segment{Dst: netip.MustParseAddrPort("203.0.113.9:0")}), step},
			want: []string{
				"0s client sent #1 SYN to server, due 50ms",
				"0s network edited #1 dst",
				"50ms network lost #1 lab:no-such-host",
			},
		},
		{
			name:    "a forged segment takes the delay of the path, without rules and jitter",
			change:  func(s *engine.Setup) { s.Path.Loss, s.Path.Jitter = [2]uint32{1_000_000, 1_000_000}, ms },
			actions: []engine.Action{listen, forge(engine.Server, wire.SYN, 90, 0), step},
			want: []string{
				"0s network forged #1 SYN to server, due 50ms",
				"50ms server arrived #1",
				"50ms server sent #2 SYN,ACK to client, due 100.038ms",
			},
		},
		{
			name:    "wait takes what is due at its very end",
			actions: []engine.Action{listen, connect, wait(50 * ms), wait(49 * ms)},
			want: []string{
				"0s client sent #1 SYN to server, due 50ms",
				"50ms server arrived #1",
				"50ms server sent #2 SYN,ACK to client, due 100ms",
			},
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := lab()
			if test.change != nil {
				test.change(&s)
			}
			w, events, err := engine.Replay(s, test.actions)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, wireLines(events)); diff != "" {
				t.Errorf("on the wire (-want +got):\n%s", diff)
			}
			for i, e := range events {
				if e.N != i {
					t.Fatalf("event %d has number %d", i, e.N)
				}
			}
			if w.Events() != len(events) {
				t.Errorf("the world counts %d events, there are %d", w.Events(), len(events))
			}
		})
	}
}

// TestEditEveryField sets each field of a segment in flight to something else.
func TestEditEveryField(t *testing.T) {
	values := wire.Segment{
		Src: netip.MustParseAddrPort("192.0.2.77:7"), Dst: netip.MustParseAddrPort("192.0.2.78:8"),
		Seq: 1, Ack: 2, Flags: wire.FIN, Window: 3, Urgent: 4, Offset: 9, Reserved: 5, Payload: "hello", TTL: 6,
		Options: wire.Options{}.WithMSS(7), Checksum: 0x1234,
	}
	for field := engine.FieldSrcPort; field <= engine.FieldDstAddr; field <<= 1 {
		t.Run(field.String(), func(t *testing.T) {
			if back, ok := engine.FieldByName(field.String()); !ok || back != field {
				t.Errorf("FieldByName(%q) = %v", field, back)
			}
			w := must(engine.New(lab()))
			do(t, &w, connect)
			was := w.Flying()[0].Wire
			if was.Options == values.Options {
				t.Fatal("the test must set something else")
			}
			e := do(t, &w, edit(syn, field, values))[0]
			f := w.Flying()[0]
			if e.Kind != engine.Edited || e.Fields != field || *e.Wire != f.Wire {
				t.Errorf("event %s fields %v, want edited %v with the contents in flight", e.Kind, e.Fields, field)
			}
			if f.Was != was || f.Wire == was {
				t.Error("Was must be the segment as it was sent, Wire another one")
			}
			if field != engine.FieldChecksum && !f.Wire.SumOK() || field == engine.FieldChecksum && f.Wire.Sum() != 0x1234 {
				t.Errorf("the checksum is %#x", f.Wire.Sum())
			}
			// Setting everything else back to what it was must give the old segment.
			do(t, &w, edit(engine.SegRef{ID: 1}, field, was))
			if f = w.Flying()[0]; f.Wire != was && field != engine.FieldChecksum {
				t.Errorf("edited back it is\n%+v, want\n%+v", f.Wire, was)
			}
			if f.Was != was {
				t.Error("a second edit must not change Was")
			}
		})
	}
}

// TestForgeDefaults: what the patch leaves out is as the other host would write it.
func TestForgeDefaults(t *testing.T) {
	s := lab()
	w := must(engine.New(s))
	do(t, &w, forge(engine.Client, wire.RST, 1, 2))
	f := w.Flying()[0]
	want := wire.Segment{Src: s.Hosts[1].Addr, Dst: s.Hosts[0].Addr, Seq: 1, Ack: 2, Flags: wire.RST, Window: 65535, TTL: 64, DF: true}
	if f.Wire != want || f.From != engine.Network || f.To != engine.Client || f.Due != 50*ms {
		t.Errorf("forged %+v\nwant contents %+v", f, want)
	}

	// With a connection, its ports.
	w = must(engine.New(s))
	do(t, &w, listen, engine.Action{Kind: engine.Call, Host: engine.Client, Call: tcp.Call{Verb: tcp.CallConnect, From: 1234}}, step,
		forge(engine.Server, wire.ACK, 0, 0))
	flying := w.Flying()
	if f := flying[len(flying)-1].Wire; f.Src.Port() != 1234 || f.Dst != s.Hosts[1].Addr {
		t.Errorf("forged %v > %v, want the ports of the server's connection", f.Src, f.Dst)
	}
}

// faults are actions that fail, in a world where a SYN-ACK (#2) is in flight and a SYN (#1) has arrived.
var faults = []struct {
	name   string
	action engine.Action
	code   string
	reason string // a part of it
}{
	{"step 0", steps(0), engine.OutOfRange, "1 to 1000"},
	{"step -1", steps(-1), engine.OutOfRange, "1 to 1000"},
	{"step 1001", steps(1001), engine.OutOfRange, "1 to 1000"},
	{"step past the end", steps(1000), engine.Finished, "could be taken"},
	{"until what never comes", until(state(engine.Client, tcp.TimeWait)), engine.Finished, "the run ended before client TIME-WAIT came true"},
	{"wait nothing", wait(0), engine.OutOfRange, "1us to 86400s"},
	{"wait too long", wait(engine.MaxWait + 1), engine.OutOfRange, "1us to 86400s"},
	{"a call that the host refuses", engine.Action{Kind: engine.Call, Host: engine.Client, Call: tcp.Call{Verb: tcp.CallAccept}}, engine.BadCall, "the client cannot accept"},
	{"a call on the path", engine.Action{Kind: engine.Call, Host: engine.Network, Call: tcp.Call{Verb: tcp.CallAccept}}, engine.BadAction, "client or the server"},
	{"a call that is none", engine.Action{Kind: engine.Call}, engine.BadAction, "no socket call 0"},
	{"a call too far", engine.Action{Kind: engine.Call, Call: tcp.Call{Verb: tcp.CallGet + 1}}, engine.BadAction, "no socket call"},
	{"sending too much", engine.Action{Kind: engine.Call, Call: tcp.Call{Verb: tcp.CallSend, Data: strings.Repeat("x", engine.MaxSend+1)}}, engine.OutOfRange, "65535"},
	{"drop what has arrived", drop(engine.SegRef{ID: 1}), engine.SegmentGone, "segment #1, a SYN, is not on the wire any more: it arrived"},
	{"drop a kind that has arrived", drop(syn), engine.SegmentGone, "no SYN is on the wire any more"},
	{"drop what never was", drop(engine.SegRef{ID: 9}), engine.NoSuchSegment, "no segment #9: 2 segments came on the wire"},
	{"drop a kind that never was", drop(engine.SegRef{Flags: wire.FIN}), engine.NoSuchSegment, "no FIN is on the wire"},
	{"drop the 2nd of one", drop(engine.SegRef{Flags: wire.SYN, Nth: 2}), engine.NoSuchSegment, "no SYN#2: 1 SYN came on the wire"},
	{"drop the 1st that has arrived", drop(engine.SegRef{Flags: wire.SYN, Nth: 1}), engine.SegmentGone, "it arrived"},
	{"delay by nothing", delay(synAck, 0), engine.OutOfRange, "1us"},
	{"delay backwards", delay(synAck, -1), engine.OutOfRange, "1us"},
	{"delay too long", delay(synAck, engine.MaxWait+1), engine.OutOfRange, "86400s"},
	{"delay what is gone", delay(syn, ms), engine.SegmentGone, "SYN"},
	{"hold what is gone", hold(syn), engine.SegmentGone, "SYN"},
	{"release what is not held", release(synAck), engine.NotHeld, "#2 is not held"},
	{"duplicate backwards", duplicate(synAck, -1), engine.OutOfRange, "0s to"},
	{"edit nothing", edit(synAck, 0, wire.Segment{}), engine.BadEdit, "names no field"},
	{"edit a field that is none", edit(synAck, 1<<20, wire.Segment{}), engine.BadEdit, "does not exist"},
	{"edit the offset", edit(synAck, engine.FieldOffset, wire.Segment{Offset: 16}), engine.OutOfRange, "0 to 15"},
	{"edit the reserved bits", edit(synAck, engine.FieldReserved, wire.Segment{Reserved: 16}), engine.OutOfRange, "0 to 15"},
	{"edit the payload", edit(synAck, engine.FieldPayload, wire.Segment{Payload: strings.Repeat("x", 1461)}), engine.OutOfRange, "0 to 1460"},
	{"edit the address", edit(synAck, engine.FieldSrcAddr, wire.Segment{Src: netip.MustParseAddrPort("[2001:db8::1]:1")}), engine.BadEdit, "IPv4"},
	{"forge an ICMP error that is none", engine.Action{Kind: engine.Forge, Edit: engine.Patch{Set: engine.FieldFlags, Seg: wire.Segment{ICMP: wire.ICMP{Kind: wire.NumICMPKinds}}}},
		engine.BadEdit, "no such ICMP error"},
	{"forge to nobody", engine.Action{Kind: engine.Forge, Host: engine.Network, Edit: engine.Patch{Set: engine.FieldFlags}}, engine.BadAction, "client or to the server"},
	{"forge nothing", engine.Action{Kind: engine.Forge, Host: engine.Server}, engine.BadEdit, "names no field"},
	{"a bad rule", addRule(network.Rule{Verb: network.Delay, Flags: wire.SYN}), engine.BadRule, "by how much"},
	{"no rule 1", engine.Action{Kind: engine.RemoveRule, Count: 1}, engine.NoSuchRule, "the path has no rule"},
	{"no box 1", engine.Action{Kind: engine.RemoveBox, Count: 1}, engine.NoSuchBox, "the path has no box 1"},
	{"a box of no kind", engine.Action{Kind: engine.AddBox}, engine.BadBox, "there is no such box"},
	{"a box with the settings of another", engine.Action{Kind: engine.AddBox, Box: network.Box{Kind: network.NAT, Timeout: 1, MTU: 5}}, engine.BadBox, "not its own"},
	{"no rule 0", engine.Action{Kind: engine.RemoveRule}, engine.NoSuchRule, "no rule 0"},
	{"no action", engine.Action{}, engine.BadAction, "no action 0"},
	{"an action too far", engine.Action{Kind: engine.Expect + 1}, engine.BadAction, "no action 17"},
}

// halfway is the world of faults.
func halfway(t testing.TB) engine.World {
	w := must(engine.New(lab()))
	do(t, &w, listen, connect, step)
	return w
}

func TestFailedActionsChangeNothing(t *testing.T) {
	kinds := map[engine.ActionKind]bool{}
	for _, test := range faults {
		kinds[test.action.Kind] = true
		t.Run(test.name, func(t *testing.T) {
			w := halfway(t)
			before, view := w.Digest(), w.View()
			events, err := w.Apply(test.action)
			var failed *engine.ActionError
			if !errors.As(err, &failed) {
				t.Fatalf("error %v, want an ActionError", err)
			}
			if failed.Code != test.code || !strings.Contains(failed.Reason, test.reason) {
				t.Errorf("%s: %s\nwant %s: ...%s...", failed.Code, failed.Reason, test.code, test.reason)
			}
			if failed.Action.Kind != test.action.Kind || failed.Code == engine.OutOfRange && failed.Min >= failed.Max {
				t.Errorf("error %+v must name the action and, where there is one, the range", failed)
			}
			if w.Digest() != before || !cmp.Equal(w.View(), view, compare) || len(events) != 0 {
				t.Error("something changed")
			}
			// A timeline that does the same has no new node and stands where it stood.
			tl := must(engine.NewTimeline(lab()))
			for _, a := range []engine.Action{listen, connect, step} {
				tl.Do(a)
			}
			id, _, err := tl.Do(test.action)
			if err == nil || id != 3 || tl.At() != 3 || tl.Len() != 4 || len(tl.Children(3)) != 0 || tl.Now().Digest() != before {
				t.Errorf("the timeline is at %d of %d with error %v, want 3 of 4 and an error", id, tl.Len(), err)
			}
			if errors.As(err, &failed) && failed.Action.Kind != test.action.Kind {
				t.Errorf("the timeline's error names action %d, want %d", failed.Action.Kind, test.action.Kind)
			}
		})
	}
	for k := engine.Step; k < engine.Expect; k++ {
		if !kinds[k] {
			t.Errorf("no failing action of kind %d is tested", k)
		}
	}
}

// compare lets cmp look into values that are compared as a whole.
var compare = cmp.Options{
	cmp.Comparer(func(a, b wire.Segment) bool { return a == b }),
	cmp.Comparer(func(a, b tcp.TCB) bool { return a == b }),
	cmp.Comparer(func(a, b netip.AddrPort) bool { return a == b }),
}

func TestExpect(t *testing.T) {
	w := halfway(t)
	before := w.Digest()
	if events, err := w.Apply(expect(state(engine.Server, tcp.SynReceived))); err != nil || len(events) != 0 {
		t.Errorf("a true expectation: %d events, error %v", len(events), err)
	}
	_, err := w.Apply(expect(state(engine.Server, tcp.Established)))
	var failed *engine.ExpectError
	if !errors.As(err, &failed) {
		t.Fatalf("error %v, want an ExpectError", err)
	}
	if want := "expected server ESTABLISHED, but the server is in SYN-RECEIVED"; err.Error() != want {
		t.Errorf("%q, want %q", err, want)
	}
	if w.Digest() != before {
		t.Error("an expectation changed the world")
	}
}

// TestHeldSegmentIsNamed: who waits for a held segment is told which one.
func TestHeldSegmentIsNamed(t *testing.T) {
	w := must(engine.New(lab()))
	do(t, &w, forge(engine.Server, wire.ACK, 1, 1), hold(onlyACK))
	_, err := w.Apply(step)
	var failed *engine.ActionError
	if !errors.As(err, &failed) || failed.Code != engine.Finished || failed.Hint != "release #1" {
		t.Errorf("%+v, want finished with the hint to release #1", failed)
	}
	_, err = w.Apply(hold(onlyACK))
	if !errors.As(err, &failed) || failed.Code != engine.AlreadyHeld {
		t.Errorf("holding twice: %v", err)
	}
	if !w.Quiet() {
		t.Error("a world in which the only segment is held is quiet")
	}
}

func TestLimits(t *testing.T) {
	code := func(err error) string {
		var failed *engine.ActionError
		if errors.As(err, &failed) {
			return failed.Code
		}
		return fmt.Sprint(err)
	}
	t.Run("events", func(t *testing.T) {
		w := must(engine.New(lab()))
		var rec engine.Recorder
		forged := forge(engine.Server, wire.RST, 0, 0)
		var err error
		for err == nil {
			rec.Reset()
			if err = w.Do(&forged, &rec); err == nil {
				err = w.Do(&step, &rec)
			}
		}
		if code(err) != engine.Limit || w.Events() < engine.MaxEvents || w.Events() > engine.MaxEvents+10 {
			t.Errorf("%d events and %v", w.Events(), err)
		}
		before := w.Digest()
		for _, a := range []engine.Action{connect, wait(ms), forged, step, untilEnd} {
			if _, err := w.Apply(a); err == nil {
				t.Errorf("action %d still works", a.Kind)
			}
		}
		if w.Digest() != before {
			t.Error("a full run changed")
		}
	})
	t.Run("segments in flight", func(t *testing.T) {
		w := must(engine.New(lab()))
		do(t, &w, connect)
		var err error
		for err == nil {
			_, err = w.Apply(duplicate(syn, 0))
		}
		if n := len(w.Flying()); code(err) != engine.Limit || n != engine.MaxFlying {
			t.Errorf("%d in flight and %v", n, err)
		}
		if _, err = w.Apply(forge(engine.Server, wire.RST, 0, 0)); code(err) != engine.Limit {
			t.Errorf("forging one more: %v", err)
		}
	})
	t.Run("steps until", func(t *testing.T) {
		w := must(engine.New(lab()))
		do(t, &w, connect)
		for range engine.MaxFlying - 1 {
			do(t, &w, duplicate(syn, ms))
		}
		before := w.Digest()
		_, err := w.Apply(until(state(engine.Server, tcp.Established)))
		if code(err) != engine.Limit || w.Digest() != before {
			t.Errorf("%v, want the limit of steps and no change", err)
		}
	})
	t.Run("rules", func(t *testing.T) {
		w := must(engine.New(lab()))
		r := addRule(network.Rule{Verb: network.Drop, Flags: wire.FIN})
		for range network.MaxRules {
			do(t, &w, r)
		}
		if _, err := w.Apply(r); code(err) != engine.Limit {
			t.Errorf("one rule too many: %v", err)
		}
	})
	t.Run("the clock", func(t *testing.T) {
		w := must(engine.New(lab()))
		for range 30 {
			do(t, &w, wait(engine.MaxWait))
		}
		if _, err := w.Apply(wait(1)); code(err) != engine.Limit {
			t.Errorf("the 31st day: %v", err)
		}
		do(t, &w, forge(engine.Server, wire.RST, 0, 0))
		if _, err := w.Apply(step); code(err) != engine.Limit {
			t.Errorf("a step into the 31st day: %v", err)
		}
	})
}

// TestEqualTimes: arrivals and deaths before timers, then the client before the server, then by number.
func TestEqualTimes(t *testing.T) {
	s := lab()
	s.Hosts[0].Options.RTO, s.Hosts[1].Options.RTO = 100*ms, 100*ms
	s.Path.Rules = []network.Rule{{Verb: network.Drop, Nth: 2, Any: true, From: 1}}
	w := must(engine.New(s))
	// At 0: both open, with timers at 100 ms. Forged segments are made to arrive at 100 ms as well, and one of the
	// client's will die then, each in the wrong order.
	do(t, &w,
		connect, // #1
		engine.Action{Kind: engine.Call, Host: engine.Server, Call: tcp.Call{Verb: tcp.CallConnect}}, // #2
		hold(engine.SegRef{ID: 1}), hold(engine.SegRef{ID: 2}),
		forge(engine.Server, wire.ACK, 1, 1), // #3
		forge(engine.Client, wire.ACK, 1, 1), // #4
		forge(engine.Server, wire.ACK, 1, 1), // #5
		forge(engine.Client, wire.ACK, 1, 1), // #6
		delay(engine.SegRef{ID: 6}, 50*ms), delay(engine.SegRef{ID: 5}, 50*ms),
		delay(engine.SegRef{ID: 4}, 50*ms), delay(engine.SegRef{ID: 3}, 50*ms),
		engine.Action{Kind: engine.Call, Host: engine.Client, Call: tcp.Call{Verb: tcp.CallConnect, From: 999}}, // #7, will die at 40 ms
		delay(engine.SegRef{ID: 7}, 60*ms),
	)
	want := []engine.Due{
		{At: 100 * ms, Kind: engine.DueArrival, Host: engine.Client, Seg: 4},
		{At: 100 * ms, Kind: engine.DueArrival, Host: engine.Client, Seg: 6},
		{At: 100 * ms, Kind: engine.DueArrival, Host: engine.Server, Seg: 3},
		{At: 100 * ms, Kind: engine.DueArrival, Host: engine.Server, Seg: 5},
		{At: 100 * ms, Kind: engine.DueLoss, Host: engine.Server, Seg: 7},
		{At: 100 * ms, Kind: engine.DueTimer, Host: engine.Client, Conn: 1},
		{At: 100 * ms, Kind: engine.DueTimer, Host: engine.Client, Conn: 2},
		{At: 100 * ms, Kind: engine.DueTimer, Host: engine.Server, Conn: 1},
	}
	if diff := cmp.Diff(want, w.Pending()); diff != "" {
		t.Fatalf("pending (-want +got):\n%s", diff)
	}
	// Step takes them in the order that Pending promised.
	for _, d := range want {
		e := do(t, &w, step)[0]
		kind := map[engine.DueKind]engine.Kind{engine.DueArrival: engine.Arrived, engine.DueLoss: engine.Lost, engine.DueTimer: engine.TimerFired}[d.Kind]
		host := d.Host
		if d.Kind == engine.DueLoss {
			host = engine.Network
		}
		if e.At != d.At || e.Kind != kind || e.Host != host || e.Seg != d.Seg || e.Conn != d.Conn {
			t.Errorf("step brought %s at %v on %v (segment %d, connection %d), want %+v", e.Kind, e.At, e.Host, e.Seg, e.Conn, d)
		}
	}
}

// TestPendingIsTheOrderOfSteps: the first of Pending is what the next step brings, to the end of a run with losses.
func TestPendingIsTheOrderOfSteps(t *testing.T) {
	s := lab()
	s.Path.Loss, s.Path.Duplicate, s.Path.Jitter, s.Seed = [2]uint32{300_000, 300_000}, 300_000, 30*ms, 5
	w := must(engine.New(s))
	do(t, &w, listen, connect)
	for {
		pending := w.Pending()
		events, err := w.Apply(step)
		if len(pending) == 0 {
			if err == nil {
				t.Error("nothing was pending, and a step worked")
			}
			return
		}
		e, d := events[0], pending[0]
		if err != nil || e.At != d.At || e.Seg != d.Seg || d.Kind == engine.DueTimer && e.Timer != d.Timer {
			t.Fatalf("pending %+v, and the step brought %+v %v", d, e, err)
		}
	}
}

// TestFlyingOrder: by arrival, held ones last.
func TestFlyingOrder(t *testing.T) {
	w := must(engine.New(lab()))
	do(t, &w, connect, duplicate(syn, 5*ms), duplicate(syn, ms), forge(engine.Client, wire.RST, 0, 0), hold(engine.SegRef{ID: 1}))
	var ids []engine.SegID
	for _, f := range w.Flying() {
		ids = append(ids, f.ID)
	}
	if want := []engine.SegID{4, 2, 3, 1}; !slices.Equal(ids, want) {
		t.Errorf("flying %v, want %v", ids, want)
	}
	if last := w.Flying()[3]; last.Due != engine.Never || last.Dies != engine.Never || !last.Held {
		t.Errorf("the held one: %+v", last)
	}
}

// TestAddressesOfOneVersion: in a run over IPv6 no segment is given an IPv4 address.
func TestAddressesOfOneVersion(t *testing.T) {
	s := lab()
	s.Hosts[0].Addr, s.Hosts[1].Addr = netip.MustParseAddrPort("[2001:db8::1]:1"), netip.MustParseAddrPort("[2001:db8::2]:80")
	w := must(engine.New(s))
	do(t, &w, connect)
	for _, bad := range []string{"192.0.2.1:1", "[::ffff:192.0.2.1]:1", "[fe80::1%eth0]:1"} {
		_, err := w.Apply(edit(syn, engine.FieldDstAddr, wire.Segment{Dst: netip.MustParseAddrPort(bad)}))
		if e, ok := errors.AsType[*engine.ActionError](err); !ok || e.Code != engine.BadEdit {
			t.Errorf("%s: %v", bad, err)
		}
	}
	do(t, &w, edit(syn, engine.FieldDstAddr, wire.Segment{Dst: netip.MustParseAddrPort("[2001:db8::3]:1")}))
}
