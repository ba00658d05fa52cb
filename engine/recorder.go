package engine

import (
	"slices"

	"github.com/handshakelab/lab/engine/network"
	"github.com/handshakelab/lab/engine/tcp"
	"github.com/handshakelab/lab/engine/wire"
)

// A Recorder takes the events of a run in the order in which they happen, and is the memory that a World works with. The
// zero value is ready. One that is used again after Reset needs next to no new memory: a run allocates once in 64 segments.
// It may serve one World after another, but only one at a time.
type Recorder struct {
	Events []Event
	vars   []tcp.TCB // where the Vars of Events are; a full one is left to them and a new one made

	// Where the contents of segments are that came on the wire. Worlds and their clones share them and never change them, so
	// this memory is not used again: one piece of it is asked for in 64 segments.
	segments []wire.Segment

	// Of the step under way: what the host did, what the path did to a segment, and which segments its boxes did something to.
	effects []tcp.Effect
	acts    []network.Act
	crossed []network.Happening
	ids     []SegID

	before World // where a Step of many, a StepUntil or a Wait began, to go back to when it fails
}

// Reset forgets the events. It takes their memory back: an Event that was copied out of Events before keeps its values, but
// what its Vars point to is overwritten.
func (r *Recorder) Reset() {
	r.Events = r.Events[:0]
	r.vars = r.vars[:0]
}

// add appends an empty event and returns it to be filled before the next one.
func (r *Recorder) add() *Event {
	n := len(r.Events)
	if n == cap(r.Events) {
		r.Events = slices.Grow(r.Events, 1)
	}
	// Cleared in its place: append would copy it, and there are many.
	r.Events = r.Events[:n+1]
	r.Events[n] = Event{}
	return &r.Events[n]
}

// keep returns a copy of t that stays as it is.
func (r *Recorder) keep(t *tcp.TCB) *tcp.TCB {
	if len(r.vars) == cap(r.vars) {
		r.vars = make([]tcp.TCB, 0, min(max(4, 2*cap(r.vars)), 64))
	}
	r.vars = append(r.vars, *t)
	return &r.vars[len(r.vars)-1]
}

// segment returns a copy of seg that stays as it is.
func (r *Recorder) segment(seg *wire.Segment) *wire.Segment {
	if len(r.segments) == cap(r.segments) {
		r.segments = make([]wire.Segment, 0, min(max(2, 2*cap(r.segments)), 64))
	}
	r.segments = append(r.segments, *seg)
	return &r.segments[len(r.segments)-1]
}
