package engine_test

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/handshakelab/lab/engine"
	"github.com/handshakelab/lab/engine/network"
	"github.com/handshakelab/lab/engine/rule"
	"github.com/handshakelab/lab/engine/tcp"
	"github.com/handshakelab/lab/engine/wire"
)

// The kinds of segments that random actions are about.
var someFlags = []wire.Flags{wire.SYN, wire.SYN | wire.ACK, wire.ACK, wire.RST, wire.RST | wire.ACK, wire.FIN | wire.ACK, wire.ACK | wire.PSH, 0}

// anySetup draws a set-up, with chance on the path or without.
func anySetup(t *rapid.T) engine.Setup {
	s := lab()
	s.Seed = rapid.Uint64().Draw(t, "seed")
	isn := rapid.OneOf(rapid.Uint32(), rapid.SampledFrom([]uint32{0, 1<<31 - 1, 1<<32 - 1, 1<<32 - 3}))
	for h := range s.Hosts {
		s.Hosts[h].Profile = rapid.SampledFrom(tcp.ProfileNames()).Draw(t, "profile")
		s.Hosts[h].ISNs = nil
		s.Hosts[h].Options.FastOpen = tcp.Some(rapid.Uint8Range(0, engine.MaxFastOpen).Draw(t, "fastopen"))
		first := isn.Draw(t, "isn")
		if rapid.IntRange(0, 3).Draw(t, "broken") == 0 {
			// A fixed number is not shifted when the others are.
			s.Hosts[h].Options.Broken = tcp.Broken(rapid.Uint16Range(0, uint16(tcp.AllBroken)).Draw(t, "protections")) &^ tcp.FixedISN
		}
		for i := range uint32(engine.MaxISNs) { // so many that none has to be generated
			s.Hosts[h].ISNs = append(s.Hosts[h].ISNs, wire.Seq(first+i*i*1_000_003))
		}
	}
	if rapid.Bool().Draw(t, "chance") {
		s.Path.Jitter = 20 * ms
		s.Path.Loss, s.Path.Duplicate = [2]uint32{200_000, 100_000}, 200_000
	}
	for range rapid.IntRange(0, 2).Draw(t, "rules") {
		s.Path.Rules = append(s.Path.Rules, anyRule(t))
	}
	if rapid.IntRange(0, 3).Draw(t, "IPv6") == 0 {
		s.Hosts[0].Addr, s.Hosts[1].Addr = netip.MustParseAddrPort("[2001:db8::1]:52431"), netip.MustParseAddrPort("[2001:db8::2]:80")
	}
	if rapid.IntRange(0, 1).Draw(t, "with boxes") == 0 {
		for range rapid.IntRange(1, 3).Draw(t, "boxes") {
			s.Path.Boxes = append(s.Path.Boxes, anyBox(t))
		}
	}
	return s
}

func anyBox(t *rapid.T) network.Box {
	b := network.Box{Kind: network.BoxKind(rapid.IntRange(int(network.Firewall), int(network.Narrow)).Draw(t, "box"))}
	switch b.Kind {
	case network.Firewall:
		b.From = int8(rapid.IntRange(0, 2).Draw(t, "from"))
		b.Answer = network.Answer(rapid.IntRange(0, 2).Draw(t, "answer"))
		if b.Answer == network.WithICMP {
			b.ICMP = rapid.SampledFrom(someICMP).Filter(func(k wire.ICMPKind) bool { return k != wire.TooBig }).Draw(t, "ICMP")
		}
		b.Flags = rapid.SampledFrom(someFlags).Draw(t, "flags") &^ wire.PSH
		if b.Answer == network.NoAnswer && rapid.Bool().Draw(t, "about ICMP") {
			b.AboutICMP, b.Flags = true, 0
		}
	case network.NAT:
		b.Timeout = 2 * tcp.Second
	case network.Strip:
		b.Options = network.OptionSet(rapid.IntRange(1, 31).Draw(t, "options"))
	case network.ShiftSeq:
		b.By, b.SACKOff = 1<<31+12345, rapid.Bool().Draw(t, "sack off")
	case network.SynProxy:
		b.HasISN, b.ISN = true, wire.Seq(rapid.Uint32().Draw(t, "isn"))
	case network.Narrow:
		b.MTU, b.Silent = network.MinMTU6, rapid.Bool().Draw(t, "silent")
	}
	return b
}

var someICMP = []wire.ICMPKind{wire.NetUnreachable, wire.HostUnreachable, wire.ProtocolUnreachable, wire.PortUnreachable, wire.TooBig,
	wire.AdminProhibited, wire.TimeExceeded}

func anyRule(t *rapid.T) network.Rule {
	r := network.Rule{
		Verb:  rapid.SampledFrom([]network.Verb{network.Drop, network.Delay, network.Duplicate}).Draw(t, "verb"),
		Nth:   rapid.IntRange(0, 2).Draw(t, "nth"),
		Flags: rapid.SampledFrom(someFlags).Draw(t, "of kind"),
		Any:   rapid.Bool().Draw(t, "any"),
		From:  int8(rapid.IntRange(0, 2).Draw(t, "from")),
	}
	if r.Verb != network.Drop {
		r.For = engine.Time(rapid.IntRange(1, 200).Draw(t, "for")) * ms
	}
	return r
}

// anyAction draws an action, good or bad. Numbers are near those that are in use in w, so that segments are often in
// somebody's window; each is counted from zero, which is the first ISN of the client.
func anyAction(t *rapid.T, w *engine.World) engine.Action {
	host := rapid.SampledFrom([]engine.HostID{engine.Client, engine.Server}).Draw(t, "host")
	ref := func() engine.SegRef {
		switch flying := w.Flying(); rapid.IntRange(0, 4).Draw(t, "ref") {
		case 0:
			return engine.SegRef{ID: engine.SegID(rapid.IntRange(0, 9).Draw(t, "id"))}
		case 1:
			if rapid.IntRange(0, 3).Draw(t, "ICMP") == 0 {
				return engine.SegRef{ICMP: true}
			}
			return engine.SegRef{Flags: rapid.SampledFrom(someFlags).Draw(t, "kind"), Nth: rapid.IntRange(0, 3).Draw(t, "nth")}
		default:
			if len(flying) == 0 {
				return syn
			}
			return engine.SegRef{ID: flying[rapid.IntRange(0, len(flying)-1).Draw(t, "segment")].ID}
		}
	}
	soon := func() engine.Time { return engine.Time(rapid.IntRange(-1, 300).Draw(t, "ms")) * ms }
	switch rapid.IntRange(0, 27).Draw(t, "action") {
	case 0, 1:
		return connect
	case 2:
		return listen
	case 3:
		return engine.Action{Kind: engine.Call, Host: host, Call: tcp.Call{Verb: tcp.CallConnect}}
	case 4:
		return engine.Action{Kind: engine.Call, Host: host, Call: tcp.Call{Verb: tcp.CallSend, Data: strings.Repeat("hello", rapid.SampledFrom([]int{1, 1, 600}).Draw(t, "words"))}}
	case 5:
		return engine.Action{Kind: engine.Call, Host: host, Call: tcp.Call{Verb: tcp.CallAccept}}
	case 6:
		return steps(rapid.IntRange(0, 5).Draw(t, "steps"))
	case 7:
		return until(state(host, tcp.State(rapid.IntRange(0, 4).Draw(t, "state"))))
	case 8:
		return wait(soon())
	case 9:
		return drop(ref())
	case 10:
		return delay(ref(), soon())
	case 11:
		return hold(ref())
	case 12:
		return release(ref())
	case 13:
		return duplicate(ref(), soon())
	case 14:
		return addRule(anyRule(t))
	case 15:
		return engine.Action{Kind: engine.RemoveRule, Count: rapid.IntRange(0, 2).Draw(t, "rule")}
	case 26:
		return engine.Action{Kind: engine.AddBox, Box: anyBox(t)}
	case 27:
		return engine.Action{Kind: engine.RemoveBox, Count: rapid.IntRange(0, 3).Draw(t, "box")}
	case 16:
		a := edit(ref(), engine.Field(rapid.Uint32Range(0, 1<<13-1).Draw(t, "fields")), anySegment(t, w))
		a.Edit.Set &^= engine.FieldChecksum | engine.FieldOffset
		a.Edit.KeepSum = rapid.IntRange(0, 9).Draw(t, "keep the checksum") == 0
		return a
	case 17:
		seg := anySegment(t, w)
		a := forge(host, seg.Flags, seg.Seq, seg.Ack)
		if rapid.IntRange(0, 2).Draw(t, "ICMP") == 0 {
			a.Edit.Seg.ICMP = wire.ICMP{Kind: rapid.SampledFrom(someICMP).Draw(t, "kind"), MTU: rapid.Uint16Range(0, 1600).Draw(t, "mtu")}
		}
		return a
	case 18:
		verb := rapid.SampledFrom([]tcp.Verb{tcp.CallRecv, tcp.CallShutdown, tcp.CallClose, tcp.CallAbort}).Draw(t, "verb")
		return engine.Action{Kind: engine.Call, Host: host, Call: tcp.Call{Verb: verb}}
	case 19, 20, 21:
		return engine.Action{Kind: engine.Call, Host: host, Call: anySocketCall(t)}
	default:
		return step
	}
}

// anySocketCall is a call on a descriptor, with Fast Open and options among them.
func anySocketCall(t *rapid.T) tcp.Call {
	c := tcp.Call{
		Verb: rapid.SampledFrom([]tcp.Verb{tcp.CallSocket, tcp.CallSocket, tcp.CallBind, tcp.CallListen, tcp.CallConnect, tcp.CallConnect, tcp.CallAccept, tcp.CallSend,
			tcp.CallRecv, tcp.CallShutdown, tcp.CallClose, tcp.CallAbort, tcp.CallSet, tcp.CallGet}).Draw(t, "verb"),
		FD:       rapid.IntRange(3, 6).Draw(t, "fd"),
		Nonblock: rapid.Bool().Draw(t, "nonblock"),
	}
	switch c.Verb {
	case tcp.CallBind:
		c.To = netip.AddrPortFrom(netip.Addr{}, rapid.SampledFrom([]uint16{0, 80, 54321, 5000}).Draw(t, "port"))
	case tcp.CallConnect:
		if c.FastOpen = rapid.Bool().Draw(t, "fastopen"); c.FastOpen {
			c.Data = "hello"
		}
		c.Unspec = rapid.IntRange(0, 7).Draw(t, "unspec") == 0
	case tcp.CallSend:
		c.Data = strings.Repeat("hello", rapid.SampledFrom([]int{1, 1, 5000}).Draw(t, "words"))
	case tcp.CallRecv:
		c.Count = rapid.SampledFrom([]int{0, 3}).Draw(t, "bytes")
		c.Peek, c.WaitAll = rapid.Bool().Draw(t, "peek"), rapid.Bool().Draw(t, "waitall")
	case tcp.CallShutdown:
		c.How = rapid.SampledFrom([]tcp.How{tcp.ShutWrite, tcp.ShutRead, tcp.ShutBoth}).Draw(t, "how")
	case tcp.CallSet:
		c.Option = rapid.SampledFrom([]tcp.SockOpt{tcp.NoDelay, tcp.ReuseAddr, tcp.FastOpenQueue, tcp.DeferAccept, tcp.UserTimeout, tcp.Nonblocking, tcp.Linger,
			tcp.MaxSeg, tcp.RecvBuffer, tcp.SendBuffer, tcp.SynCount, tcp.Linger2, tcp.FastOpenConnect, tcp.LocalPorts}).Draw(t, "option")
		c.Values[0] = rapid.SampledFrom([]engine.Time{0, 1, 500, engine.Time(tcp.Second)}).Draw(t, "value")
	}
	return c
}

func anySegment(t *rapid.T, w *engine.World) wire.Segment {
	near := func(what string) wire.Seq {
		bases := []wire.Seq{w.Setup().Hosts[0].ISNs[0], w.Setup().Hosts[1].ISNs[0]}
		for _, h := range w.View().Hosts {
			for _, c := range h.Conns {
				bases = append(bases, c.SndNxt, c.RcvNxt)
			}
		}
		off := rapid.OneOf(rapid.Int32Range(-2, 2), rapid.Int32()).Draw(t, "offset")
		return rapid.SampledFrom(bases).Draw(t, what).Add(uint32(off))
	}
	return wire.Segment{
		Src: lab().Hosts[1].Addr, Dst: lab().Hosts[0].Addr,
		Seq: near("seq"), Ack: near("ack"), Flags: rapid.SampledFrom(someFlags).Draw(t, "flags"),
		Window: rapid.Uint16().Draw(t, "window"), Payload: rapid.StringN(0, 5, 5).Draw(t, "payload"),
		Options: wire.Options{}.WithMSS(rapid.Uint16().Draw(t, "mss")), TTL: 9, Reserved: 3,
	}
}

// anyRun does random actions and calls check after each with the actions that worked so far, the last of them, and its
// events or its error.
func anyRun(t *rapid.T, check func(w *engine.World, done []engine.Action, a engine.Action, events []engine.Event, err error)) {
	w, err := engine.New(anySetup(t))
	if err != nil {
		t.Fatal(err)
	}
	var done []engine.Action
	for range rapid.IntRange(1, 40).Draw(t, "actions") {
		a := anyAction(t, &w)
		events, err := w.Apply(a)
		if err == nil {
			done = append(done, a)
		}
		check(&w, done, a, events, err)
	}
}

// same compares two events as they would be shown.
func same(a, b engine.Event) bool {
	if (a.Vars == nil) != (b.Vars == nil) {
		return false
	}
	if a.Vars != nil {
		v, x := *a.Vars, *b.Vars
		if v.NumHeld > 0 && x.NumHeld > 0 && *v.Held != *x.Held {
			return false
		}
		v.Held, x.Held = nil, nil
		if v != x {
			return false
		}
	}
	if (a.Wire == nil) != (b.Wire == nil) || a.Wire != nil && *a.Wire != *b.Wire {
		return false
	}
	a.Vars, b.Vars, a.Wire, b.Wire = nil, nil, nil, nil
	return a == b
}

func TestReplayEqualsOriginal(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var all []engine.Event
		anyRun(t, func(w *engine.World, done []engine.Action, _ engine.Action, events []engine.Event, _ error) {
			all = append(all, events...)
			again, replayed, err := engine.Replay(w.Setup(), done)
			if err != nil {
				t.Fatalf("the replay of what worked fails: %v", err)
			}
			if again.Digest() != w.Digest() {
				t.Fatalf("after %d actions the replay is another world", len(done))
			}
			if !slices.EqualFunc(replayed, all, same) {
				t.Fatalf("after %d actions the replay has other events", len(done))
			}
		})
	})
}

// TestTimelineEqualsWorld does the same actions in a timeline: the splitting of time must not show.
func TestTimelineEqualsWorld(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var tl *engine.Timeline
		anyRun(t, func(w *engine.World, done []engine.Action, a engine.Action, events []engine.Event, err error) {
			if tl == nil {
				tl, _ = engine.NewTimeline(w.Setup())
			}
			_, made, failed := tl.Do(a)
			if (failed == nil) != (err == nil) || failed != nil && failed.Error() != err.Error() {
				t.Fatalf("the world says %v, the timeline %v", err, failed)
			}
			if tl.Now().Digest() != w.Digest() || !slices.EqualFunc(made, events, same) {
				t.Fatalf("after %d actions the timeline is elsewhere", len(done))
			}
			if again, _, err := engine.Replay(w.Setup(), tl.Path(tl.At())); err != nil || again.Digest() != w.Digest() {
				t.Fatalf("the path of the timeline leads elsewhere: %v", err)
			}
		})
	})
}

func TestClonesAreIsolated(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var clone engine.World
		var digest [16]byte
		cloned := false
		anyRun(t, func(w *engine.World, _ []engine.Action, _ engine.Action, _ []engine.Event, _ error) {
			if cloned && clone.Digest() != digest {
				t.Fatal("a change of the original changed a clone")
			}
			clone = w.Clone()
			cloned, digest = true, w.Digest()
			if clone.Digest() != digest {
				t.Fatal("a clone is another world")
			}
			for range 3 {
				clone.Apply(anyAction(t, &clone))
			}
			if w.Digest() != digest {
				t.Fatal("a change of a clone changed the original")
			}
			clone = w.Clone()
		})
	})
}

func TestFailuresChangeNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w, err := engine.New(anySetup(t))
		if err != nil {
			t.Fatal(err)
		}
		var rec engine.Recorder
		for range rapid.IntRange(1, 40).Draw(t, "actions") {
			a := anyAction(t, &w)
			before, events := w.Digest(), len(rec.Events)
			if err := w.Do(&a, &rec); err != nil && (w.Digest() != before || len(rec.Events) != events) {
				t.Fatalf("%+v failed (%v) and changed the world", a, err)
			} else if err == nil && w.Digest() == before && a.Kind != engine.StepUntil {
				t.Fatalf("%+v worked and changed nothing", a)
			}
		}
	})
}

// TestNoRSTAnswersRST: RFC 9293 section 3.5.2 and the like; two hosts that answered resets with resets would never stop.
func TestNoRSTAnswersRST(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		contents := map[engine.SegID]wire.Segment{}
		anyRun(t, func(_ *engine.World, _ []engine.Action, _ engine.Action, events []engine.Event, _ error) {
			var last engine.Event // what the host does now answers to this
			for _, e := range events {
				switch e.Kind {
				case engine.Sent:
					if last.Kind == engine.Arrived && contents[last.Seg].Flags.Has(wire.RST) && e.Wire.Flags.Has(wire.RST) {
						t.Fatalf("%v answers %v with %v", e.Host, contents[last.Seg].Flags, e.Wire.Flags)
					}
					contents[e.Seg] = *e.Wire
				case engine.Forged, engine.Duplicated, engine.Edited, engine.Injected:
					contents[e.Seg] = *e.Wire
				case engine.Arrived, engine.TimerFired, engine.Called:
					last = e
				}
			}
		})
	})
}

// TestInvariants are true of every run at every instant.
func TestInvariants(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n, now, boxes := 0, engine.Time(0), -1
		anyRun(t, func(w *engine.World, _ []engine.Action, a engine.Action, events []engine.Event, _ error) {
			if boxes < 0 {
				boxes = len(w.Setup().Path.Boxes)
			}
			for _, e := range events {
				switch e.Kind {
				case engine.BoxAdded:
					boxes++
				case engine.BoxRemoved:
					boxes--
				}
				if e.N != n || e.At < now {
					t.Fatalf("event %d at %v comes after event %d at %v", e.N, e.At, n-1, now)
				}
				n, now = n+1, e.At
				if e.Rule != rule.None {
					if _, ok := rule.Lookup(e.Rule); !ok {
						t.Fatalf("rule %s of a %s event is not in the catalogue", e.Rule, e.Kind)
					}
				}
				if (e.Kind == engine.Opened || e.Kind == engine.Updated) != (e.Vars != nil) {
					t.Fatalf("a %s event has vars %v", e.Kind, e.Vars)
				}
			}
			if len(events) > 0 && a.Kind == engine.Step && a.Count == 1 {
				first := []engine.Kind{engine.Arrived, engine.Lost, engine.TimerFired}
				if events[0].Host == engine.Network && boxes > 0 {
					first = nil // half way several things may happen to several segments
				}
				last := map[tcp.ConnID]int{}
				for i, e := range events {
					if first != nil && slices.Contains(first, e.Kind) != (i == 0) {
						t.Fatalf("event %d of a step is %s: what sets a step off is its first event and no other", i, e.Kind)
					}
					if e.Kind == engine.Told && e.Rule == rule.SocketCall {
						clear(last) // a call that waited goes on, and may use a connection again
					}
					if v, shown := last[e.Conn]; e.Kind == engine.Updated {
						last[e.Conn] = i
					} else if shown && e.Conn != 0 && e.Kind != engine.Removed {
						t.Fatalf("event %d of a step, %s, comes after the variables in event %d", i, e.Kind, v)
					}
				}
			}
			if w.Now() < now {
				t.Fatalf("it is %v after an event at %v", w.Now(), now)
			}
			now = w.Now()
			if len(w.Pending()) == 0 != w.Quiet() {
				t.Fatal("quiet and pending do not agree")
			}
			for _, d := range w.Pending() {
				if d.At < now {
					t.Fatalf("%+v is due, and it is %v", d, now)
				}
			}
			for _, h := range w.View().Hosts {
				for _, c := range h.Conns {
					if c.State == tcp.Closed || c.State == tcp.Listen {
						t.Fatalf("a connection record in %v", c.State)
					}
					if !c.SndUna.LessEq(c.SndNxt) {
						t.Fatalf("SND.UNA %d is beyond SND.NXT %d after %+v", c.SndUna, c.SndNxt, a)
					}
				}
			}
		})
	})
}

// TestShiftedNumbers: a run in which every initial and forged number is k higher is the same run with every number k
// higher, wherever that wraps around.
func TestShiftedNumbers(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := anySetup(t)
		// Mostly so that the numbers of one side wrap around during the handshake, in one of the two runs.
		k := -s.Hosts[rapid.IntRange(0, 1).Draw(t, "wraps")].ISNs[0] + wire.Seq(rapid.Int32Range(-3, 1).Draw(t, "near zero"))
		if rapid.IntRange(0, 3).Draw(t, "anywhere") == 0 {
			k = wire.Seq(rapid.Uint32().Draw(t, "k"))
		}
		w := must(engine.New(s))
		for h := range s.Hosts {
			for i := range s.Hosts[h].ISNs {
				s.Hosts[h].ISNs[i] += k
			}
		}
		s.Path.Boxes = slices.Clone(s.Path.Boxes)
		for i := range s.Path.Boxes {
			if s.Path.Boxes[i].HasISN {
				s.Path.Boxes[i].ISN += k
			}
		}
		shifted := must(engine.New(s))
		fixed := map[engine.SegID]bool{}
		for range rapid.IntRange(1, 40).Draw(t, "actions") {
			a := anyAction(t, &w)
			if a.Kind == engine.Step || a.Kind == engine.StepUntil {
				a = step // one at a time, so that no failure hides what happened
			}
			a.Edit.KeepSum = false // a checksum that is kept may be right by accident in one run and wrong in the other
			if a.Edit.Set&engine.FieldFlags != 0 {
				a.Edit.Set |= engine.FieldSeq | engine.FieldAck // or a number that meant nothing would get a meaning
			}
			events, err := w.Apply(a)
			a.Edit.Seg.Seq += k
			a.Edit.Seg.Ack += k
			if a.Box.HasISN {
				a.Box.ISN += k
			}
			moved, failed := shifted.Apply(a)
			met := false
			if (failed == nil) != (err == nil) {
				t.Fatalf("one run says %v, the shifted one %v", err, failed)
			}
			for i := range min(len(events), len(moved)) {
				// The RST of a closed port has number 0 wherever the others count from. Where it meets a connection it
				// may lie in the window of one run and not in that of the other: there the runs may part.
				if a, b := events[i].Wire, moved[i].Wire; a != nil && b != nil && a.Flags.Has(wire.RST) && a.Seq == b.Seq && k != 0 {
					fixed[events[i].Seg] = true
				}
				met = met || (events[i].Kind == engine.Arrived || events[i].Kind == engine.Edited) && fixed[events[i].Seg]
				if why := shiftedBy(k, events[i], moved[i]); why != "" {
					if met {
						return
					}
					t.Fatalf("event %d, %s %v: %s is not shifted by %d\n%+v\n%+v", events[i].N, events[i].Kind, events[i].Rule, why, k, events[i], moved[i])
				}
			}
			if len(moved) != len(events) {
				if met {
					return
				}
				t.Fatalf("%d events, %d in the shifted run", len(events), len(moved))
			}
		}
	})
}

// numbers are the parameters of rules that are sequence numbers.
var numbers = []string{"SEG.FIN", "cookie", "left", "right", "SEG.SEQ", "SEG.ACK", "ISS", "IRS", "SND.UNA", "SND.NXT", "RCV.NXT"}

// shiftedWire moves the numbers of b back to where those of a are, or returns what is not moved.
func shiftedWire(moved func(a, b wire.Seq) bool, a, b *wire.Segment) string {
	if !moved(a.Seq, b.Seq) || !moved(a.Ack, b.Ack) {
		return "SEQ or ACK"
	}
	b.Seq, b.Ack = a.Seq, a.Ack
	was, is := a.Options.Parse(), b.Options.Parse()
	if was.NumBlocks == 0 || was.NumBlocks != is.NumBlocks {
		return ""
	}
	for i := range was.NumBlocks {
		if !moved(was.Blocks[i].Left, is.Blocks[i].Left) || !moved(was.Blocks[i].Right, is.Blocks[i].Right) {
			return "a SACK block"
		}
		is.Blocks[i] = was.Blocks[i]
	}
	if was != is {
		return fmt.Sprintf("option set %+v", is)
	}
	b.Options = a.Options
	return ""
}

// shiftedBy returns what of b is not that of a moved by k, or "".
func shiftedBy(k wire.Seq, a, b engine.Event) string {
	// A number that nobody has chosen is 0 in both runs: the ACK of a first SYN, the SEQ of an RST from CLOSED, IRS before
	// the peer's SYN.
	moved := func(a, b wire.Seq) bool { return b-a == k || a == 0 && b == 0 }
	if r, ok := rule.Lookup(a.Rule); ok {
		for i, name := range r.Params {
			if slices.Contains(numbers, name) && !moved(wire.Seq(a.Args[i]), wire.Seq(b.Args[i])) {
				return name
			} else if slices.Contains(numbers, name) {
				b.Args[i] = a.Args[i]
			}
		}
	}
	if (a.Wire == nil) != (b.Wire == nil) {
		return "contents"
	}
	if a.Wire != nil {
		shifted := *b.Wire // the run keeps its own
		if what := shiftedWire(moved, a.Wire, &shifted); what != "" {
			return what
		}
		b.Wire = &shifted
	}
	if strings.HasPrefix(a.Text, "box syn-proxy isn ") && strings.HasPrefix(b.Text, "box syn-proxy isn ") {
		b.Text = a.Text // it names its own first number
	}
	if a.Kind == engine.Edited { // a number that nobody has chosen may be edited to what it was
		a.Fields, b.Fields = a.Fields&^(engine.FieldSeq|engine.FieldAck), b.Fields&^(engine.FieldSeq|engine.FieldAck)
	}
	if a.Vars != nil && b.Vars != nil {
		v, x := *a.Vars, *b.Vars
		numbers := [][2]*wire.Seq{
			{&v.ISS, &x.ISS}, {&v.SndUna, &x.SndUna}, {&v.SndNxt, &x.SndNxt}, {&v.SndWL1, &x.SndWL1}, {&v.SndWL2, &x.SndWL2},
			{&v.IRS, &x.IRS}, {&v.RcvNxt, &x.RcvNxt}, {&v.TimedEnd, &x.TimedEnd}, {&v.SmallEnd, &x.SmallEnd}, {&v.TailSeq, &x.TailSeq},
			{&v.Recover, &x.Recover}, {&v.Resend, &x.Resend}, {&v.UsageEnd, &x.UsageEnd},
		}
		if v.NumHeld > 0 && x.NumHeld > 0 { // what Held points to is shared
			held, moved := *v.Held, *x.Held
			v.Held, x.Held = &held, &moved
		}
		for i := range min(v.NumHeld, x.NumHeld) {
			numbers = append(numbers, [2]*wire.Seq{&v.Held[i].Left, &x.Held[i].Left})
		}
		for i := range min(v.NumSacked, x.NumSacked) {
			numbers = append(numbers, [2]*wire.Seq{&v.Sacked[i].Left, &x.Sacked[i].Left}, [2]*wire.Seq{&v.Sacked[i].Right, &x.Sacked[i].Right})
		}
		for _, n := range numbers {
			if !moved(*n[0], *n[1]) {
				return "a variable"
			}
			*n[1] = *n[0]
		}
		a.Vars, b.Vars = &v, &x
	}
	if !same(a, b) {
		return "what should not move"
	}
	return ""
}
