package engine_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/handshakelab/lab/engine"
	"github.com/handshakelab/lab/engine/network"
	"github.com/handshakelab/lab/engine/wire"
)

func newTimeline(t testing.TB, actions ...engine.Action) *engine.Timeline {
	t.Helper()
	tl := must(engine.NewTimeline(lab()))
	for i, a := range actions {
		if _, _, err := tl.Do(a); err != nil {
			t.Fatalf("action %d: %v", i+1, err)
		}
	}
	return tl
}

// TestTimelineSplitsTime: one node for each due thing, and one for the rest of a wait.
func TestTimelineSplitsTime(t *testing.T) {
	for _, test := range []struct {
		name   string
		action engine.Action
		want   []engine.Action
		at     engine.Time
	}{
		{"steps", steps(3), []engine.Action{step, step, step}, 150 * ms},
		{"until", until(happened(wire.ACK, engine.WasSent)), []engine.Action{step, step}, 100 * ms},
		{"a wait before anything", wait(20 * ms), []engine.Action{wait(20 * ms)}, 20 * ms},
		{"a wait over two things", wait(120 * ms), []engine.Action{step, step, wait(20 * ms)}, 120 * ms},
		{"a wait that ends with a thing", wait(100 * ms), []engine.Action{step, step}, 100 * ms},
		{"until what is so", until(engine.Cond{Kind: engine.Happened, Seg: engine.SegRef{ID: 1}, What: engine.WasSent}), nil, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			tl := newTimeline(t, listen, connect)
			id, events, err := tl.Do(test.action)
			if err != nil {
				t.Fatal(err)
			}
			if want := engine.NodeID(2 + len(test.want)); id != want || tl.At() != want || tl.Len() != int(want)+1 || tl.Now().Now() != test.at {
				t.Fatalf("at node %d of %d at %v, want %d at %v", id, tl.Len(), tl.Now().Now(), want, test.at)
			}
			if diff := cmp.Diff(append([]engine.Action{listen, connect}, test.want...), tl.Path(id), compare); diff != "" {
				t.Errorf("path (-want +got):\n%s", diff)
			}
			// A World that does it in one go comes to the same place with the same events.
			w := must(engine.New(lab()))
			do(t, &w, listen, connect)
			whole, err := w.Apply(test.action)
			if err != nil || w.Digest() != tl.Now().Digest() {
				t.Errorf("a world that does the same comes to another place (%v)", err)
			}
			if diff := cmp.Diff(whole, events, compare); diff != "" {
				t.Errorf("events (-world +timeline):\n%s", diff)
			}
		})
	}
}

// TestTimelineBranches goes back, acts there, and finds both branches.
func TestTimelineBranches(t *testing.T) {
	tl := newTimeline(t, listen, connect, steps(3)) // 1, 2, 3, 4, 5
	established := tl.Now().Digest()
	if err := tl.Goto(3); err != nil { // the SYN-ACK is on the wire
		t.Fatal(err)
	}
	id, _, err := tl.Do(drop(synAck))
	if err != nil || id != 6 {
		t.Fatalf("dropping made node %d, %v", id, err)
	}
	if id, _, err = tl.Do(step); err != nil || id != 7 {
		t.Fatalf("the timer made node %d, %v", id, err)
	}
	if got := tl.Children(3); !slices.Equal(got, []engine.NodeID{4, 6}) {
		t.Errorf("children of 3: %v, want 4 and 6", got)
	}
	if n := tl.Node(6); n.Parent != 3 || n.Action.Kind != engine.Drop || n.At != 50*ms || len(n.Events) != 1 || n.Events[0].Kind != engine.Lost {
		t.Errorf("node 6: %+v", n)
	}
	if n := tl.Node(5); n.World.Digest() != established || n.At != 150*ms {
		t.Error("the old branch changed")
	}
	if root := tl.Node(0); root.Parent != -1 || len(root.Events) != 0 || tl.Path(0) != nil {
		t.Errorf("the set-up: %+v", root)
	}
	// Numbers of events go on along a branch: both branches have the same numbers for different events.
	if a, b := tl.Node(4).Events[0].N, tl.Node(6).Events[0].N; a != b {
		t.Errorf("the branches begin with events %d and %d", a, b)
	}
	for id := range engine.NodeID(tl.Len()) {
		w, _, err := engine.Replay(lab(), tl.Path(id))
		if n := tl.Node(id); err != nil || w.Digest() != n.World.Digest() {
			t.Errorf("replaying the path to node %d leads elsewhere: %v", id, err)
		}
	}
	// A world from a node is the caller's own.
	w := tl.Node(7).World
	before := w.Digest()
	do(t, &w, wait(1))
	if tl.Node(7).World.Digest() != before || tl.Now().Digest() != before {
		t.Error("changing the world of a node changed the timeline")
	}
	if err := tl.Goto(8); err == nil {
		t.Error("Goto goes to a node that does not exist")
	}
	if err := tl.Goto(-1); err == nil || tl.At() != 7 {
		t.Error("Goto goes to node -1")
	}
}

// TestTimelineKeepsNothingOfAFailure: a command that fails after some steps leaves no node and no event.
func TestTimelineKeepsNothingOfAFailure(t *testing.T) {
	tl := newTimeline(t, listen, connect)
	before := tl.Now().Digest()
	for _, a := range []engine.Action{steps(4), until(happened(wire.FIN, engine.WasSent)), drop(onlyACK)} {
		id, events, err := tl.Do(a)
		if err == nil || id != 2 || events != nil || tl.Len() != 3 || len(tl.Children(2)) != 0 || tl.Now().Digest() != before {
			t.Errorf("%+v: node %d of %d, children %v, %v", a, id, tl.Len(), tl.Children(2), err)
		}
	}
	if id, _, err := tl.Do(step); id != 3 || err != nil {
		t.Errorf("afterwards a step makes node %d: %v", id, err)
	}
}

// TestTimelineCheckpoints: a world is not kept in each node, and still each is there.
func TestTimelineCheckpoints(t *testing.T) {
	tl := newTimeline(t, listen, connect)
	var digests [][16]byte
	for i := range 300 {
		if _, _, err := tl.Do(duplicate(syn, engine.Time(i)*ms)); err != nil {
			t.Fatal(err)
		}
		digests = append(digests, tl.Now().Digest())
	}
	for i, want := range digests {
		id := engine.NodeID(3 + i)
		if err := tl.Goto(id); err != nil || tl.Now().Digest() != want || tl.Node(id).World.Digest() != want {
			t.Fatalf("node %d is another world than it was", id)
		}
	}
	if tl.Kept() > 20 {
		t.Errorf("%d worlds of 303 are kept", tl.Kept())
	}
}

func TestTimelineLimits(t *testing.T) {
	tl := newTimeline(t)
	var err error
	for err == nil {
		_, _, err = tl.Do(wait(1))
	}
	var failed *engine.ActionError
	if !errors.As(err, &failed) || failed.Code != engine.Limit || tl.Len() != engine.MaxNodes {
		t.Errorf("%d nodes and %v", tl.Len(), err)
	}
}

// TestTimelineForgetsEvents: more events than a timeline keeps are there all the same. Each branch is the whole run of a flood
// again: many events in few nodes.
func TestTimelineForgetsEvents(t *testing.T) {
	s := lab()
	s.Path.Rules = []network.Rule{{Verb: network.Duplicate, Flags: wire.SYN}, {Verb: network.Duplicate, Flags: wire.SYN | wire.RST}}
	tl := must(engine.NewTimeline(s))
	events := 0
	var first, last []engine.Event // of a branch
	for events <= engine.KeptEvents {
		if err := tl.Goto(0); err != nil {
			t.Fatal(err)
		}
		start := tl.Len()
		for _, a := range []engine.Action{listen, connect, steps(5)} {
			if _, _, err := tl.Do(a); err != nil {
				t.Fatal(err)
			}
		}
		last = nil
		for id := start; id < tl.Len(); id++ {
			last = append(last, tl.Events(engine.NodeID(id))...)
		}
		if first == nil {
			first = last
		}
		events += len(last)
	}
	if !slices.EqualFunc(first, last, same) {
		t.Errorf("the first branch has %d events, the last one %d, or others", len(first), len(last))
	}
}

// What a timeline that rests has let go of it can bring back: the same events, the same worlds, the same answers to new actions.
func TestTimelineRests(t *testing.T) {
	awake, rested := newTimeline(t, listen, connect), newTimeline(t, listen, connect)
	for i, at := range []engine.NodeID{2, 4, 2, 3, 6} {
		for _, tl := range []*engine.Timeline{awake, rested} {
			if err := tl.Goto(min(at, engine.NodeID(tl.Len()-1))); err != nil {
				t.Fatal(err)
			}
			if _, _, err := tl.Do(step); err != nil {
				t.Fatal(err)
			}
		}
		rested.Rest()
		if _, _, err := rested.Do(engine.Action{Kind: engine.Drop, Seg: engine.SegRef{ID: 99}}); err == nil {
			t.Fatal("a segment that is not there was dropped")
		}
		if rested.At() != awake.At() || rested.Now().Digest() != awake.Now().Digest() {
			t.Fatalf("round %d: it came back somewhere else", i)
		}
		rested.Forget()
		for id := range engine.NodeID(awake.Len()) {
			if diff := cmp.Diff(awake.Events(id), rested.Events(id), compare, cmpopts.EquateEmpty()); diff != "" {
				t.Fatalf("round %d, node %d (-awake +rested):\n%s", i, id, diff)
			}
		}
	}
}
