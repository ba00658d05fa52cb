// Package search looks for the shortest run in which a protocol goes wrong, by trying everything that a network may do.
//
// What goes in is a scenario of socket calls only: the two hosts, and what the applications on them do.
//
//	server 192.0.2.2:80 isn 300 broken two-way-handshake
//	server listen
//	client connect
//	client close
//	server recv
//	server close
//
// The calls of a host are its program. They block: a call is made as soon as the one before it has returned and it can be
// made itself, so connect is over when the client is ESTABLISHED or refused, recv when there is something to read, and a
// connect from a port in TIME-WAIT when the port is free. A call that fails is passed over. A call that names no connection
// is about the one that the host last opened or accepted, and before that its first.
//
// Between the calls the network does what it likes, a move at a time: it delivers any segment that is under way, loses one, makes a
// copy of one, or lets time pass until the next timer fires. [Limits] say how much of each. It keeps one promise: no segment
// lives longer than the maximum segment lifetime, on which TIME-WAIT counts (RFC 9293 section 3.4.2).
//
// An onlooker who sees both sides judges the state after each move: [Kind] lists what must not happen. The search is breadth
// first, so the run that it finds has the fewest moves; states that differ only in the order in which they came about are one.
// It has no clock, no random source and no goroutine: the same problem has the same answer. The answer is a scenario that
// anybody can step through, with expectations that hold when it ends as it should not. What the shortest run leaves on the wire
// arrives there in its turn where that does no harm and spares a line.
//
//	p, list := search.Parse(text)
//	r := p.Search(search.Limits{}, func(at search.Progress) bool { return !cancelled })
//	fmt.Print(r.Scenario)
//
// [Examples] has a problem for each protection that can be missing, and what a learner sees in them is why it is there: with all
// protections the same search finds nothing.
//
// # Limitations
//
// The network changes no segment, forges none and has two ends. In a search time passes only when a timer fires; where the world's
// clock, in which every segment takes the delay of the path, does not let a run happen, the search goes on. Initial numbers that the
// set-up does not give are 1000 apart. That nothing is found says something about the limits that were set, and nothing about
// longer runs.
package search

import (
	"cmp"
	"slices"

	"github.com/handshakelab/lab/engine"
	"github.com/handshakelab/lab/engine/script"
)

// Limits bound a search. A zero value is the default.
type Limits struct {
	Depth  int  // moves of a run, 1 to MaxDepth
	States int  // different states that are looked at, 1 to MaxStates
	Drops  int  // segments that the network may lose, -1 for none
	Copies int  // copies that it may make, -1 for none
	Timers int  // timers that may fire, -1 for none
	Want   Kind // what to look for; 0 is anything
}

// Or returns l with what is zero in it taken from m.
func (l Limits) Or(m Limits) Limits {
	return Limits{
		Depth: cmp.Or(l.Depth, m.Depth), States: cmp.Or(l.States, m.States), Drops: cmp.Or(l.Drops, m.Drops),
		Copies: cmp.Or(l.Copies, m.Copies), Timers: cmp.Or(l.Timers, m.Timers), Want: cmp.Or(l.Want, m.Want),
	}
}

// The defaults of Limits, and how far they go.
const (
	DefaultDepth  = 16
	DefaultStates = 1_000_000
	DefaultDrops  = 1
	DefaultCopies = 2
	DefaultTimers = 1
	MaxDepth      = 100
	MaxStates     = 50_000_000
	maxBudget     = 20
)

// defaults fills in what is not given.
func (l Limits) defaults() Limits {
	or := func(v *int, def, most int) {
		if *v == 0 {
			*v = def
		}
		*v = max(0, min(*v, most))
	}
	or(&l.Depth, DefaultDepth, MaxDepth)
	or(&l.States, DefaultStates, MaxStates)
	or(&l.Drops, DefaultDrops, maxBudget)
	or(&l.Copies, DefaultCopies, maxBudget)
	or(&l.Timers, DefaultTimers, maxBudget)
	return l
}

// Progress is how far a search is.
type Progress struct {
	Depth    int // moves of the runs that are being tried now
	States   int // different states seen
	Frontier int // states from which it will go on
}

// An End says why a search is over.
type End uint8

// The ends.
const (
	Found         End = iota + 1 // something goes wrong: Violation and Scenario
	Exhausted                    // nothing goes wrong, and there is no state left: no longer run can change that
	DepthReached                 // nothing goes wrong in as many moves as Depth allows
	StatesReached                // nothing went wrong in as many states as States allows
	Cancelled                    // the callback said so
)

// String returns "found", "exhausted", "depth reached", "states reached" or "cancelled".
func (e End) String() string {
	return [...]string{"", "found", "exhausted", "depth reached", "states reached", "cancelled"}[e]
}

// A Result is what a search came to.
type Result struct {
	End       End
	Progress  Progress // at the end
	Violation Violation
	Scenario  *script.Scenario // of Found: the run
}

// every is after how many expansions the callback is asked.
const every = 256

// Search looks for the shortest run in which something goes wrong. It calls progress, if there is one, every few hundred states
// and stops when that returns false.
func (p *Problem) Search(l Limits, progress func(Progress) bool) Result {
	l = l.defaults()
	t := &tree{problem: p, seen: map[[16]byte]struct{}{}}
	t.root(l)
	at := Progress{States: 1, Frontier: 1}
	end := func(e End) Result { return Result{End: e, Progress: at} }
	if w := t.stack[0].wrong; w.wanted(l.Want) {
		if sc := p.replay(l, nil, w); sc != nil {
			return Result{End: Found, Progress: at, Violation: w, Scenario: sc}
		}
	}
	var next state
	var moves []move
	level := 1 // where the nodes of the next depth begin
	for n := 0; n < len(t.nodes); n++ {
		if n == level {
			level = len(t.nodes)
			at.Depth++
		}
		if n == 0 {
			at.Depth = 1
		}
		at.States, at.Frontier = len(t.nodes), len(t.nodes)-n
		if at.Depth > l.Depth {
			at.Depth = l.Depth
			return end(DepthReached)
		}
		if n%every == 0 && progress != nil && !progress(at) {
			return end(Cancelled)
		}
		s := t.state(n)
		moves = s.moves(moves[:0])
		for _, m := range moves {
			s.copyTo(&next)
			next.do(p, m)
			if next.wrong.wanted(l.Want) {
				// One that time does not allow is not a run: a timer would fire in between.
				if sc := p.replay(l, append(t.path(n), m), next.wrong); sc != nil {
					return Result{End: Found, Progress: at, Violation: next.wrong, Scenario: sc}
				}
			}
			if next.wrong.final() || len(next.flights) > maxFlights {
				continue
			}
			if !t.add(&next, n, m) {
				continue
			}
			if len(t.nodes) >= l.States {
				at.States, at.Frontier = len(t.nodes), len(t.nodes)-n
				return end(StatesReached)
			}
		}
	}
	at.Depth, at.States, at.Frontier = at.Depth-1, len(t.nodes), 0 // no run had a last move to try
	return end(Exhausted)
}

// final reports whether what follows a violation would only follow from it. Who is alone may still come to more harm.
func (v Violation) final() bool {
	return v.Kind == OldText || v.Kind == WrongText || v.Kind == OldReset
}

func (v Violation) wanted(k Kind) bool { return v.Kind != 0 && (k == 0 || k == v.Kind) }

// A tree is all the runs of a search. It keeps of each state only its fingerprint and the move that led there, and makes it again when its
// turn comes; that costs about two moves, because states whose turns follow each other have most of their runs in common.
type tree struct {
	problem *Problem
	nodes   []node // by depth
	seen    map[[16]byte]struct{}
	stack   []state // the states on the way to the one that was made last
	on      []int   // their nodes
	way     []int
	mem     memory
	room    []byte
}

type node struct {
	parent uint32
	move   move
}

// root begins with the calls that the applications make before anything moves.
func (t *tree) root(l Limits) {
	s := t.problem.start(l)
	s.mem = &t.mem
	s.run(t.problem, nil)
	s.judge()
	t.nodes = append(t.nodes, node{})
	t.stack, t.on = append(t.stack, s), append(t.on, 0)
	t.seen[s.digest(&t.room)] = struct{}{}
}

// add takes a state in, unless it was there before.
func (t *tree) add(s *state, parent int, m move) bool {
	d := s.digest(&t.room)
	if _, known := t.seen[d]; known {
		return false
	}
	t.seen[d] = struct{}{}
	t.nodes = append(t.nodes, node{uint32(parent), m})
	return true
}

// state makes the state of a node. It is good until the next call.
func (t *tree) state(n int) *state {
	t.way = t.way[:0]
	for i := n; i != 0; i = int(t.nodes[i].parent) {
		t.way = append(t.way, i)
	}
	t.way = append(t.way, 0)
	slices.Reverse(t.way)
	k := 0
	for k < len(t.way) && k < len(t.on) && t.way[k] == t.on[k] {
		k++
	}
	for ; k < len(t.way); k++ {
		if k == len(t.stack) {
			t.stack = append(t.stack, state{})
		}
		t.stack[k-1].copyTo(&t.stack[k])
		t.stack[k].do(t.problem, t.nodes[t.way[k]].move)
	}
	t.on = append(t.on[:0], t.way...)
	return &t.stack[len(t.way)-1]
}

// path returns the moves that lead to a node.
func (t *tree) path(n int) []move {
	var moves []move
	for ; n != 0; n = int(t.nodes[n].parent) {
		moves = append(moves, t.nodes[n].move)
	}
	slices.Reverse(moves)
	return moves
}

// start is the state before the first call.
func (p *Problem) start(l Limits) state {
	s := state{left: budget{uint8(l.Drops), uint8(l.Copies), uint8(l.Timers)}}
	for h := engine.Client; h <= engine.Server; h++ {
		s.hosts[h] = p.world.Host(h)
	}
	return s
}
