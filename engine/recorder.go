package engine

import (
	"github.com/handshakelab/lab/engine/network"
	"github.com/handshakelab/lab/engine/tcp"
	"github.com/handshakelab/lab/engine/wire"
)

// A Recorder takes the events of a run in the order in which they happen, and is the memory that a World works with. The
// zero value is ready. It may serve one World after another, but only one at a time. Used again after Reset it asks for no memory, as
// long as no more comes between two Resets than before.
type Recorder struct {
	Events []Event

	// What the Vars and the Wire of Events point to. A full one is left to them and a new one made, of 64 at most.
	vars     []tcp.TCB
	segments []wire.Segment

	// Of the step under way: what the host did, what the path did to a segment, and which segments its boxes did something to.
	effects []tcp.Effect
	acts    []network.Act
	crossed []network.Happening
	ids     []SegID

	before World // where a Step of many, a StepUntil or a Wait began, to go back to when it fails
}

// Reset forgets the events. It takes their memory back: an Event that was copied out of Events before keeps its values, but
// what its Vars and its Wire point to is overwritten.
func (r *Recorder) Reset() {
	r.Events = r.Events[:0]
	r.vars, r.segments = r.vars[:0], r.segments[:0]
}

// next adds an event and returns it, to be filled before the next one is added.
func (r *Recorder) next() *Event {
	r.Events = append(r.Events, Event{})
	return &r.Events[len(r.Events)-1]
}

// keep returns a copy of t that stays as it is.
func (r *Recorder) keep(t *tcp.TCB) *tcp.TCB {
	n := len(r.vars)
	if n == cap(r.vars) {
		n, r.vars = 0, make([]tcp.TCB, 0, min(max(4, 2*n), 64))
	}
	r.vars = r.vars[:n+1]
	r.vars[n] = *t
	return &r.vars[n]
}

// segment returns a copy of seg that stays as it is.
func (r *Recorder) segment(seg *wire.Segment) *wire.Segment {
	n := len(r.segments)
	if n == cap(r.segments) {
		n, r.segments = 0, make([]wire.Segment, 0, min(max(2, 2*n), 64))
	}
	r.segments = r.segments[:n+1]
	r.segments[n] = *seg
	return &r.segments[n]
}
