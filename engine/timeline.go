package engine

import (
	"slices"
	"strconv"
	"unsafe"

	"github.com/handshakelab/lab/engine/tcp"
)

// NodeID numbers the nodes of a Timeline from 0, the set-up, in the order in which they were made.
type NodeID int

// Limits of a Timeline.
const (
	MaxNodes          = 20_000
	MaxTimelineEvents = 100_000 // events of all nodes together
)

// A world bigger than smallWorld is kept only in every checkpoint-th node of a branch; the others are replayed from there.
const (
	smallWorld = 4 << 10
	checkpoint = 64
)

// A Timeline is a tree of actions over one Setup: a run with all the branches that the learner tried. Going back is free,
// and an action in the past opens a branch while the old one stays.
//
// Time goes by in single steps: "step 3" makes three Step nodes, and "step until" and "wait" one for each thing that was
// due, so that every instant between two things is a node where the learner can act. What is left of a wait is a Wait node
// behind them. An action that makes no node (a "step until" what is already so) leaves the timeline where it is.
//
// The nodes depend on nothing but the set-up and the commands: the same commands make the same nodes with the same numbers.
type Timeline struct {
	nodes  []node
	events int // of all nodes
	at     NodeID
	world  World // at, to be worked on
	rec    Recorder
	again  Recorder // of replays, whose events nobody reads
}

type node struct {
	parent   NodeID
	action   Action
	at       Time
	events   []Event
	world    *World // nil when it is replayed from an ancestor; never changed
	since    int    // how many actions after the last ancestor with a world
	children []NodeID
}

// A Node is one instant of a Timeline and the action that led to it.
type Node struct {
	ID     NodeID
	Parent NodeID // of the set-up, -1
	Action Action // of the set-up, the zero Action
	At     Time
	Events []Event // what the action brought; never changed
	World  World   // the run after it, the caller's own
}

// NewTimeline returns a timeline that stands at its set-up, node 0.
func NewTimeline(s Setup) (*Timeline, error) {
	w, err := New(s)
	if err != nil {
		return nil, err
	}
	keep := w.Clone()
	return &Timeline{nodes: []node{{parent: -1, world: &keep}}, world: w}, nil
}

// Len returns how many nodes there are; they are numbered 0 to Len()-1.
func (t *Timeline) Len() int { return len(t.nodes) }

// At returns the node where the timeline stands.
func (t *Timeline) At() NodeID { return t.at }

// Now returns the world where the timeline stands. It is the timeline's own: look at it, and clone it to change it.
func (t *Timeline) Now() *World { return &t.world }

// Goto moves to a node that exists.
func (t *Timeline) Goto(id NodeID) error {
	if id < 0 || int(id) >= len(t.nodes) {
		return fail(NoSuchNode, "there is no node ", strconv.Itoa(int(id)), ": they are numbered 0 to ", strconv.Itoa(len(t.nodes)-1))
	}
	if id != t.at {
		t.settle(id)
	}
	return nil
}

// settle makes id the node where the timeline stands, with a world of its own.
func (t *Timeline) settle(id NodeID) {
	t.at = id
	t.replay(id, &t.world)
}

// Parent returns the node before a node, -1 for the set-up. It panics when there is no node with this number.
func (t *Timeline) Parent(id NodeID) NodeID { return t.nodes[id].parent }

// Events returns what the action of a node brought; they are never changed. It panics when there is no node with this number.
func (t *Timeline) Events(id NodeID) []Event { return t.nodes[id].events }

// Node returns a node with a copy of its world: who wants the parent or the events alone asks for them. It panics when there
// is no node with this number.
func (t *Timeline) Node(id NodeID) Node {
	n := &t.nodes[id]
	node := Node{ID: id, Parent: n.parent, Action: n.action, At: n.at, Events: n.events}
	t.replay(id, &node.World)
	return node
}

// Children returns the nodes that follow a node, the oldest first. It panics when there is no node with this number.
func (t *Timeline) Children(id NodeID) []NodeID { return slices.Clone(t.nodes[id].children) }

// Path returns the actions that lead from the set-up to a node: Replay of them gives its world. It panics when there is no
// node with this number.
func (t *Timeline) Path(id NodeID) []Action {
	var path []Action
	for ; id > 0; id = t.nodes[id].parent {
		path = append(path, t.nodes[id].action)
	}
	slices.Reverse(path)
	return path
}

// Do does an action where the timeline stands and moves to the node behind it, which is new, as are those between. It
// returns that node and the events on the way. When it fails nothing has changed.
func (t *Timeline) Do(a Action) (NodeID, []Event, error) {
	start, nodes, events := t.at, len(t.nodes), t.events
	if err := t.do(&a); err != nil {
		siblings := &t.nodes[start].children
		if n := len(*siblings); n > 0 && int((*siblings)[n-1]) >= nodes {
			*siblings = (*siblings)[:n-1]
		}
		clear(t.nodes[nodes:])
		t.nodes, t.events = t.nodes[:nodes], events
		t.settle(start)
		if e, ok := err.(*ActionError); ok {
			e.Action = a
		}
		return start, nil, err
	}
	var all []Event
	if len(t.nodes) == nodes+1 {
		all = t.nodes[nodes].events
	} else {
		for i := nodes; i < len(t.nodes); i++ {
			all = append(all, t.nodes[i].events...)
		}
	}
	return t.at, slices.Clip(all), nil
}

func (t *Timeline) do(a *Action) error {
	if a.Kind != Step && a.Kind != StepUntil && a.Kind != Wait {
		return t.node(*a)
	}
	c := course{Action: a}
	if err := c.check(); err != nil {
		return err
	}
	for {
		more, err := c.next(&t.world)
		if err != nil {
			return err
		}
		if !more {
			break
		}
		if err := t.node(Action{Kind: Step, Count: 1}); err != nil {
			return err
		}
	}
	if rest := c.rest(&t.world); rest > 0 {
		return t.node(Action{Kind: Wait, For: rest})
	}
	return nil
}

// node does one action and adds its node.
func (t *Timeline) node(a Action) error {
	if len(t.nodes) >= MaxNodes || t.events >= MaxTimelineEvents {
		return fail(Limit, "the timeline is full: it has ", strconv.Itoa(len(t.nodes)-1), " actions and ", strconv.Itoa(t.events), " events").
			hint("start a new run")
	}
	t.rec.Events = t.rec.Events[:0]
	if err := t.world.Do(&a, &t.rec); err != nil {
		return err
	}
	id := NodeID(len(t.nodes))
	n := node{parent: t.at, action: a, at: t.world.now, events: append([]Event(nil), t.rec.Events...), since: t.nodes[t.at].since + 1}
	if t.world.size() <= smallWorld || n.since >= checkpoint {
		keep := t.world.Clone()
		n.world, n.since = &keep, 0
	}
	t.nodes = append(t.nodes, n)
	t.nodes[t.at].children = append(t.nodes[t.at].children, id)
	t.events += len(n.events)
	t.at = id
	return nil
}

// replay makes w the world as it is after node id.
func (t *Timeline) replay(id NodeID, w *World) {
	var path [checkpoint]NodeID
	behind := path[:0]
	for ; t.nodes[id].world == nil; id = t.nodes[id].parent {
		behind = append(behind, id)
	}
	w.Set(t.nodes[id].world)
	for _, id := range slices.Backward(behind) {
		t.again.Reset()
		if err := w.Do(&t.nodes[id].action, &t.again); err != nil {
			panic("engine: an action that was done before fails now: " + err.Error()) // not the same engine
		}
	}
}

// size is about how many bytes a clone of w takes.
func (w *World) size() int {
	n := int(unsafe.Sizeof(*w)) + len(w.flights)*int(unsafe.Sizeof(flight{})) + len(w.stories)*int(unsafe.Sizeof(story{}))
	for h := range w.hosts {
		n += len(w.hosts[h].Conns()) * int(unsafe.Sizeof(tcp.TCB{}))
	}
	return n
}
