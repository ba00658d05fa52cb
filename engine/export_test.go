package engine

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
