package engine

import (
	"slices"
	"strconv"
)

// NodeID numbers the nodes of a Timeline from 0, the set-up, in the order in which they were made.
type NodeID int

// Limits of a Timeline.
const (
	MaxNodes = 20_000
)

// What a node keeps of its instant. The world is kept in every checkpoint-th node of a branch only and where a branch began, and
// the others are replayed from there: it takes less time than a learner can see, and a small part of the memory. The events of a node are kept while
// there is room for them, and replayed in the same way afterwards.
const (
	checkpoint = 16
	keptEvents = 100_000
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
	max    int // nodes that there can be
	events int // that are kept
	at     NodeID
	world  *World  // at, to be worked on; nil while the timeline rests
	made   []Event // by the Do under way
	kept   int     // no node before this one has its events
	memory *memory // nil while the timeline rests
}

// memory is what a timeline works with: of what is done, and of replays, whose events nobody reads.
type memory struct {
	rec, again Recorder
}

type node struct {
	parent   NodeID
	action   *Action // never changed
	at       Time
	events   []Event // the first of the count that it brought; when they are not all, none
	count    int
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
	return &Timeline{nodes: []node{{parent: -1, action: &noAction, world: &keep}}, max: MaxNodes, world: &w}, nil
}

// Len returns how many nodes there are; they are numbered 0 to Len()-1.
func (t *Timeline) Len() int { return len(t.nodes) }

// At returns the node where the timeline stands.
func (t *Timeline) At() NodeID { return t.at }

// Now returns the world where the timeline stands. It is the timeline's own: look at it, and clone it to change it.
func (t *Timeline) Now() *World {
	if t.world == nil {
		t.settle(t.at)
	}
	return t.world
}

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
	if t.world == nil {
		t.world = new(World)
	}
	t.replay(id, t.world)
}

// Parent returns the node before a node, -1 for the set-up. It panics when there is no node with this number.
func (t *Timeline) Parent(id NodeID) NodeID { return t.nodes[id].parent }

// Action returns the action that led to a node, the zero Action for the set-up. It panics when there is no node with this
// number.
func (t *Timeline) Action(id NodeID) Action { return *t.nodes[id].action }

// Time returns the instant of a node. It panics when there is no node with this number.
func (t *Timeline) Time(id NodeID) Time { return t.nodes[id].at }

// Events returns what the action of a node brought; they are never changed. It panics when there is no node with this number.
func (t *Timeline) Events(id NodeID) []Event {
	n := &t.nodes[id]
	if len(n.events) == n.count {
		return n.events
	}
	var w World
	var rec Recorder
	t.replay(n.parent, &w)
	if err := w.Do(n.action, &rec); err != nil {
		panic("engine: an action that was done before fails now: " + err.Error()) // not the same engine
	}
	return rec.Events
}

// Forget lets go of the events of all nodes. They are replayed when somebody asks for them.
func (t *Timeline) Forget() {
	for i := t.kept; i < len(t.nodes); i++ {
		t.nodes[i].events = nil
	}
	t.events, t.kept, t.made = 0, len(t.nodes), nil
}

// Rest lets go of all that the next action or question can bring back: the events, the world where the timeline stands, and
// room for more nodes.
func (t *Timeline) Rest() {
	t.Forget()
	t.world, t.memory = nil, nil
	t.nodes = slices.Clip(slices.Clone(t.nodes))
}

// Node returns a node with a copy of its world, for which up to checkpoint actions are done again: who does not want the world
// asks for the rest alone. It panics when there is no node with this number.
func (t *Timeline) Node(id NodeID) Node {
	n := &t.nodes[id]
	node := Node{ID: id, Parent: n.parent, Action: *n.action, At: n.at, Events: t.Events(id)}
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
		path = append(path, *t.nodes[id].action)
	}
	slices.Reverse(path)
	return path
}

// History returns all events from the set-up to a node, in their order. It panics when there is no node with this number.
func (t *Timeline) History(id NodeID) []Event {
	var way []NodeID
	count := 0
	for ; id > 0; id = t.nodes[id].parent {
		way = append(way, id)
		count += t.nodes[id].count
	}
	all := make([]Event, 0, count)
	for _, id := range slices.Backward(way) {
		all = append(all, t.Events(id)...)
	}
	return all
}

// Do does an action where the timeline stands and moves to the node behind it, which is new, as are those between. It
// returns that node and the events on the way. When it fails nothing has changed.
func (t *Timeline) Do(a Action) (NodeID, []Event, error) {
	start, nodes, events := t.at, len(t.nodes), t.events
	t.made = nil
	if err := t.do(&a); err != nil {
		siblings := &t.nodes[start].children
		if n := len(*siblings); n > 0 && int((*siblings)[n-1]) >= nodes {
			*siblings = (*siblings)[:n-1]
		}
		clear(t.nodes[nodes:])
		t.nodes, t.events, t.kept = t.nodes[:nodes], events, min(t.kept, nodes)
		t.settle(start)
		if e, ok := err.(*ActionError); ok {
			e.Action = a
		}
		return start, nil, err
	}
	return t.at, t.made, nil
}

func (t *Timeline) do(a *Action) error {
	if a.Kind != Step && a.Kind != StepUntil && a.Kind != Wait {
		return t.node(a)
	}
	c := course{Action: a}
	if err := c.check(); err != nil {
		return err
	}
	for {
		more, err := c.next(t.Now())
		if err != nil {
			return err
		}
		if !more {
			break
		}
		if err := t.node(&oneStep); err != nil {
			return err
		}
	}
	if rest := c.rest(t.Now()); rest > 0 {
		return t.node(&Action{Kind: Wait, For: rest})
	}
	return nil
}

// The action of most nodes, and that of the set-up.
var (
	oneStep  = Action{Kind: Step, Count: 1}
	noAction Action
)

// node does one action, which is never changed, and adds its node.
func (t *Timeline) node(a *Action) error {
	if len(t.nodes) >= t.max {
		return fail(Limit, "the timeline is full: it has ", strconv.Itoa(len(t.nodes)-1), " actions").hint("start a new run")
	}
	// Who goes back to try another way comes back for a third one.
	if from := &t.nodes[t.at]; len(from.children) > 0 && from.world == nil {
		keep := t.Now().Clone()
		from.world, from.since = &keep, 0
	}
	rec := &t.room().rec
	rec.Events = rec.Events[:0]
	if err := t.Now().Do(a, rec); err != nil {
		return err
	}
	id := NodeID(len(t.nodes))
	n := node{parent: t.at, action: a, at: t.world.now, count: len(rec.Events), since: t.nodes[t.at].since + 1}
	made := slices.Clip(append([]Event(nil), rec.Events...))
	if t.events+n.count <= keptEvents {
		n.events = made
		t.events += n.count
	}
	if len(t.made) == 0 {
		t.made = made
	} else {
		t.made = append(t.made, made...)
	}
	if n.since >= checkpoint {
		keep := t.world.Clone()
		n.world, n.since = &keep, 0
	}
	t.nodes = append(t.nodes, n)
	t.nodes[t.at].children = append(t.nodes[t.at].children, id)
	t.at = id
	return nil
}

func (t *Timeline) room() *memory {
	if t.memory == nil {
		t.memory = new(memory)
	}
	return t.memory
}

// replay makes w the world as it is after node id.
func (t *Timeline) replay(id NodeID, w *World) {
	var path [checkpoint]NodeID
	behind := path[:0]
	for ; t.nodes[id].world == nil; id = t.nodes[id].parent {
		behind = append(behind, id)
	}
	w.Set(t.nodes[id].world)
	if len(behind) == 0 {
		return
	}
	rec := &t.room().again
	for _, id := range slices.Backward(behind) {
		rec.Reset()
		if err := w.Do(t.nodes[id].action, rec); err != nil {
			panic("engine: an action that was done before fails now: " + err.Error()) // not the same engine
		}
	}
}
