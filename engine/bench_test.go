package engine_test

import (
	"testing"

	"github.com/handshakelab/lab/engine"
	"github.com/handshakelab/lab/engine/tcp"
	"github.com/handshakelab/lab/engine/wire"
)

// BenchmarkHandshake is connect and the three segments over a path with a delay, until both ends are ESTABLISHED and the application on
// each is told, with all events. The server listens already, and the memory is warm. What is not of the handshake is not measured: that
// a world is put back to the instant before it, for which several worlds take turns.
func BenchmarkHandshake(b *testing.B) {
	for _, profile := range []string{"rfc9293", "linux"} {
		b.Run(profile, func(b *testing.B) {
			listening := must(engine.New(between(profile)))
			do(b, &listening, listen)
			var rec engine.Recorder
			worlds := make([]engine.World, 16)
			next := len(worlds)
			b.ReportAllocs()
			for b.Loop() {
				if next == len(worlds) {
					b.StopTimer()
					for next > 0 {
						next--
						worlds[next].Set(&listening)
					}
					b.StartTimer()
				}
				w := &worlds[next]
				next++
				rec.Reset()
				for _, a := range []*engine.Action{&connect, &step, &step, &step} {
					if err := w.Do(a, &rec); err != nil {
						b.Fatal(err)
					}
				}
			}
			w := &worlds[next-1]
			for h := engine.Client; h <= engine.Server; h++ {
				if host := w.Host(h); host.State() != tcp.Established || len(w.Flying()) > 0 {
					b.Fatal(h, host.State())
				}
			}
			b.ReportMetric(float64(len(rec.Events)), "events/op")
		})
	}
}

// BenchmarkListenToAccept is all that a run of a handshake is: listen, connect, the three segments until nothing is under way any more,
// and accept, with all events. It counts that the world is put back to its beginning, but not that it was made from its set-up.
// BenchmarkHandshake of package tcp is the same without wire, clock and events.
func BenchmarkListenToAccept(b *testing.B) {
	for _, profile := range []string{"rfc9293", "linux"} {
		b.Run(profile, func(b *testing.B) {
			accept := engine.Action{Kind: engine.Call, Host: engine.Server, Call: tcp.Call{Verb: tcp.CallAccept}}
			fresh := must(engine.New(between(profile)))
			var w engine.World
			var rec engine.Recorder
			b.ReportAllocs()
			for b.Loop() {
				w.Set(&fresh)
				rec.Reset()
				for _, a := range []*engine.Action{&listen, &connect, &untilEnd, &accept} {
					if err := w.Do(a, &rec); err != nil {
						b.Fatal(err)
					}
				}
			}
			b.ReportMetric(float64(len(rec.Events)), "events/op")
		})
	}
}

// between is the set-up of lab with hosts of one profile.
func between(profile string) engine.Setup {
	s := lab()
	s.Hosts[0].Profile, s.Hosts[1].Profile = profile, profile
	return s
}

// BenchmarkSegment is two segments on their way, an RST in the window and the challenge ACK that answers it, with all
// events, in a world that goes on: what allocates here allocates for each segment of a run.
func BenchmarkSegment(b *testing.B) {
	w := must(engine.New(lab()))
	var rec engine.Recorder
	do(b, &w, listen, connect, untilEnd)
	start := w.Clone()
	forge := engine.Action{Kind: engine.Forge, Host: engine.Server, Edit: engine.Patch{Set: engine.FieldFlags | engine.FieldSeq, Seg: wire.Segment{Flags: wire.RST, Seq: 5000}}}
	b.ReportAllocs()
	for b.Loop() {
		if w.Events() > 9000 {
			b.StopTimer()
			w = start.Clone()
			do(b, &w, forge, step, step) // warm
			b.StartTimer()
		}
		rec.Reset()
		if w.Do(&forge, &rec) != nil || w.Do(&step, &rec) != nil || w.Do(&step, &rec) != nil {
			b.Fatal("failed")
		}
	}
}

// BenchmarkClone copies a world with two connections and 8 segments in flight, into new memory and into that of a world.
func BenchmarkClone(b *testing.B) {
	w := crowded(b)
	b.Run("new", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			c := w.Clone()
			_ = c.Now()
		}
	})
	b.Run("used", func(b *testing.B) {
		var c engine.World
		b.ReportAllocs()
		for b.Loop() {
			c.Set(&w)
		}
	})
}

// BenchmarkDigest takes the fingerprint of the same world.
func BenchmarkDigest(b *testing.B) {
	w := crowded(b)
	b.ReportAllocs()
	for b.Loop() {
		_ = w.Digest()
	}
}

// crowded returns a world with a connection at both ends and 8 segments in flight.
func crowded(t testing.TB) engine.World {
	w := must(engine.New(lab()))
	do(t, &w, listen, connect, step, step)
	for range 7 {
		do(t, &w, engine.Action{Kind: engine.Duplicate, Seg: onlyACK, For: tcp.Millisecond})
	}
	if n := len(w.Flying()); n != 8 {
		t.Fatalf("%d segments in flight, want 8", n)
	}
	return w
}

// BenchmarkReplay1000 replays a run of 1000 actions.
func BenchmarkReplay1000(b *testing.B) {
	actions := thousand()
	b.ReportAllocs()
	for b.Loop() {
		_, events, err := engine.Replay(lab(), actions)
		if err != nil {
			b.Fatal(err)
		}
		if len(events) < 1000 {
			b.Fatalf("only %d events", len(events))
		}
	}
}

// thousand is a run of 1000 actions: a handshake, and then segments that the learner copies, delays, drops and steps.
func thousand() []engine.Action {
	actions := []engine.Action{listen, connect, step, step}
	for i := 0; len(actions) < 1000; i++ {
		actions = append(actions,
			engine.Action{Kind: engine.Duplicate, Seg: onlyACK, For: tcp.Millisecond},
			engine.Action{Kind: engine.Delay, Seg: onlyACK, For: 10 * tcp.Millisecond})
		if i%2 == 0 {
			actions = append(actions, engine.Action{Kind: engine.Drop, Seg: onlyACK}, engine.Action{Kind: engine.Wait, For: 10})
		} else {
			actions = append(actions, step, engine.Action{Kind: engine.Wait, For: 10})
		}
	}
	return actions[:1000]
}

// BenchmarkTimeline does the same 1000 actions in a timeline, which keeps the world of each, and then goes back to half of
// them to open a branch.
func BenchmarkTimeline(b *testing.B) {
	actions := thousand()
	b.ReportAllocs()
	for b.Loop() {
		t := must(engine.NewTimeline(lab()))
		for _, a := range actions {
			if _, _, err := t.Do(a); err != nil {
				b.Fatal(err)
			}
		}
		for id := engine.NodeID(500); id < 1000; id++ {
			if err := t.Goto(id); err != nil {
				b.Fatal(err)
			}
			if _, _, err := t.Do(engine.Action{Kind: engine.Wait, For: 1}); err != nil {
				b.Fatal(err)
			}
		}
	}
}

// BenchmarkGoto goes to places far apart in a run of a million actions: text, its acknowledgment, and a read, again and again.
func BenchmarkGoto(b *testing.B) {
	const million = 1_000_000
	t := must(engine.NewTimeline(lab()))
	t.Unlimited()
	round := []engine.Action{
		{Kind: engine.Call, Host: engine.Client, Call: tcp.Call{Verb: tcp.CallSend, Data: "0123456789"}}, step, step,
		{Kind: engine.Call, Host: engine.Server, Call: tcp.Call{Verb: tcp.CallRecv}},
	}
	for _, a := range []engine.Action{listen, connect, steps(3), {Kind: engine.Call, Host: engine.Server, Call: tcp.Call{Verb: tcp.CallAccept}}} {
		if _, _, err := t.Do(a); err != nil {
			b.Fatal(err)
		}
	}
	for t.Len() < million {
		for _, a := range round {
			if _, _, err := t.Do(a); err != nil {
				b.Fatal(err)
			}
		}
	}
	at := uint64(1)
	b.ReportAllocs()
	for b.Loop() {
		at = at*6364136223846793005 + 1442695040888963407
		if err := t.Goto(engine.NodeID(at >> 33 % million)); err != nil {
			b.Fatal(err)
		}
	}
}
