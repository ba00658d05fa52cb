package view

import (
	"github.com/handshakelab/lab/engine"
	"github.com/handshakelab/lab/engine/tcp"
)

// A View is an instant of a run as the tools of its hosts show it.
type View struct {
	world    engine.View
	ledger   *ledger
	profiles [2]tcp.Profile
}

// At returns the view of a world. events are all that led to it from its set-up on.
func At(w *engine.World, events []engine.Event) *View {
	setup := w.Setup()
	v := &View{world: w.View(), ledger: fold(&setup, events)}
	for h := range v.profiles {
		p, _ := tcp.ProfileByName(setup.Hosts[h].Profile)
		v.profiles[h] = p.With(setup.Hosts[h].Options)
	}
	return v
}

// AtNode returns the view of a node of a timeline. It panics when there is no node with this number.
func AtNode(t *engine.Timeline, id engine.NodeID) *View {
	w := t.Node(id).World
	return At(&w, t.History(id))
}
