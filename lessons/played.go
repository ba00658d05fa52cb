package lessons

import (
	"fmt"
	"slices"
	"sync"

	"github.com/handshakelab/lab/engine"
	"github.com/handshakelab/lab/engine/tcp"
	"github.com/handshakelab/lab/engine/wire"
)

// A played run is a run from its start to its end.
type played struct {
	events []engine.Event
	cut    int             // index of the first event after the instant that it was asked about
	way    []engine.Action // all that leads to its end
	*track
}

// A track has the worlds of a run on its way. They are made when somebody asks for one: few questions do.
type track struct {
	sim *Sim // of which there is no timeline yet

	mu   sync.Mutex // a timeline is not for two at once
	tl   *engine.Timeline
	path []engine.NodeID
}

// world is the world after all that happens up to and at an instant.
func (t *track) world(at tcp.Time) engine.World {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.tl == nil {
		tl, err := t.sim.timeline()
		if err != nil {
			panic("lessons: a scenario that ran before fails now: " + err.Error())
		}
		t.tl, t.path = tl, pathTo(tl)
	}
	last := t.path[0]
	for _, id := range t.path {
		if t.tl.Time(id) <= at {
			last = id
		}
	}
	return t.tl.Node(last).World
}

// since is the number of events up to and at an instant.
func since(events []engine.Event, at tcp.Time) (n int) {
	for i := range events {
		if events[i].At <= at {
			n++
		}
	}
	return n
}

// play runs the scenario of sim, does actions at the instant at, and goes on until it is quiet. bad is the number of the action that failed.
func (s *Sim) play(at tcp.Time, actions []engine.Action) (run *played, bad int, err error) {
	tl, err := s.timeline()
	if err != nil {
		return nil, -1, err
	}
	if err := goTo(tl, at); err != nil {
		return nil, -1, err
	}
	cut, way := 0, tl.Path(tl.At())
	for _, id := range pathTo(tl) {
		cut += len(tl.Events(id))
	}
	for i, a := range actions {
		if _, _, err := tl.Do(a); err != nil {
			return nil, i, err
		}
	}
	quiet := engine.Action{Kind: engine.StepUntil, Cond: engine.Cond{Kind: engine.Quiet}}
	if _, _, err := tl.Do(quiet); err != nil {
		return nil, len(actions) - 1, fmt.Errorf("after it: %w", err)
	}
	return &played{tl.History(tl.At()), cut, append(append(way, actions...), quiet), &track{tl: tl, path: pathTo(tl)}}, -1, nil
}

// timeline is the scenario as a timeline, which stands at its end.
func (s *Sim) timeline() (*engine.Timeline, error) {
	tl, err := engine.NewTimeline(s.Scenario.Setup)
	if err != nil {
		return nil, err
	}
	for _, a := range s.Scenario.Actions {
		if _, _, err := tl.Do(a); err != nil {
			return nil, err
		}
	}
	return tl, nil
}

// goTo puts the timeline at the instant at of the run that it just made: after all that happened up to then.
func goTo(tl *engine.Timeline, at tcp.Time) error {
	path := pathTo(tl)
	last := path[0]
	for _, id := range path {
		if tl.Time(id) <= at {
			last = id
		}
	}
	if err := tl.Goto(last); err != nil {
		return err
	}
	if rest := at - tl.Time(last); rest > 0 {
		_, _, err := tl.Do(engine.Action{Kind: engine.Wait, For: rest})
		return err
	}
	return nil
}

// pathTo returns the nodes from the set-up to where the timeline stands.
func pathTo(tl *engine.Timeline) []engine.NodeID {
	var path []engine.NodeID
	for id := tl.At(); id >= 0; id = tl.Parent(id) {
		path = append(path, id)
	}
	slices.Reverse(path)
	return path
}

// index returns the first event from i on that is so, or -1.
func (r *played) index(i int, is func(*engine.Event) bool) int {
	for ; i < len(r.events); i++ {
		if is(&r.events[i]) {
			return i
		}
	}
	return -1
}

// put says whether e puts a segment on the wire. The kinds of segments are numbered as the engine does it, with copies, forgeries and
// what boxes send among them.
func put(e *engine.Event) bool {
	switch e.Kind {
	case engine.Sent, engine.Forged, engine.Duplicated:
		return true
	case engine.Injected:
		return e.Wire.ICMP.Kind == wire.NoICMP
	}
	return false
}

// is says whether e puts a segment on the wire that s means, numbers apart. "next" is about what hosts and boxes send by themselves.
func (s segment) is(e *engine.Event) bool {
	return put(e) && (!s.any || e.Kind == engine.Sent || e.Kind == engine.Injected) && (s.any || e.Wire.Flags&^wire.PSH == s.kind) && (s.from < 0 || e.Host == engine.HostID(s.from))
}

var whatKinds = map[engine.What]engine.Kind{engine.HasArrived: engine.Arrived, engine.WasLost: engine.Lost}

// happened looks for what happens to a segment. It returns the index of the event that put the segment on the wire, or -1,
// and when it happens.
func (r *played) happened(s segment, what engine.What) (sent int, at tcp.Time) {
	kind := whatKinds[what]
	seen := 0
	for i := range r.events {
		if !s.is(&r.events[i]) {
			continue
		}
		then := i
		if what != engine.WasSent {
			then = r.index(i, func(e *engine.Event) bool { return e.Kind == kind && e.Seg == r.events[i].Seg })
		}
		if seen++; s.nth > 0 && seen < s.nth || s.nth == 0 && (then < r.cut || then < 0) {
			continue
		}
		if then < 0 {
			return -1, 0
		}
		return i, r.events[then].At
	}
	return -1, 0
}

// state is the state of a host after all that happens up to and at an instant.
func (r *played) state(h engine.HostID, at tcp.Time) tcp.State {
	w := r.world(at)
	v := w.View()
	return v.Hosts[h].State
}
