package engine

import "math"

// Kept returns how many worlds the timeline keeps.
func (t *Timeline) Kept() int {
	n := 0
	for i := range t.nodes {
		if t.nodes[i].world != nil {
			n++
		}
	}
	return n
}

// Unlimited lets a timeline that has no node yet take as many nodes and events as there are.
func (t *Timeline) Unlimited() {
	t.max = math.MaxInt
	setup := *t.world.setup
	setup.maxEvents = math.MaxInt
	t.world.setup, t.nodes[0].world.setup = &setup, &setup
}

// KeptEvents is how many events a timeline keeps.
const KeptEvents = keptEvents
