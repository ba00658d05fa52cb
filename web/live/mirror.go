package live

import (
	"context"
	"slices"

	"github.com/handshakelab/lab/engine"
	"github.com/handshakelab/lab/engine/script"
)

// Bounds of a mirror.
const (
	mirrorTries = 3  // when somebody else acts meanwhile
	mirrorMost  = 16 // acts at once; a run that differs by more is shown anew
)

// Mirror brings what a room shows of a member up to date: scenario is the run that they have now. What they did since becomes acts of theirs
// on the shared run. It does nothing while the room does not show them, or is frozen. The error is an *ErrorFrame.
func (h *Hub) Mirror(ctx context.Context, class, member, scenario string) error {
	if fault := h.mirror(ctx, class, member, scenario); fault != nil {
		return fault
	}
	return nil
}

func (h *Hub) mirror(ctx context.Context, class, member, scenario string) *ErrorFrame {
	r, fault := h.hold(class)
	if fault != nil {
		return fault
	}
	defer h.letGo(r)
	ctx, cancel := context.WithTimeout(ctx, actWait)
	defer cancel()
	if !r.await(ctx, r.current) {
		return notSaved("the class cannot be read now")
	}
	if !r.mirrors(member) {
		return nil
	}
	tl, fault := h.Play(ctx, &OpenCommand{Scenario: scenario})
	if fault != nil {
		return fault
	}
	for range mirrorTries {
		acts, seen := r.differ(member, scenario, tl)
		for _, a := range acts {
			a.Seen = seen
			if seen, fault = r.act(ctx, &a); fault != nil {
				break
			}
		}
		if fault == nil || fault.Code != string(Stale) || !r.mirrors(member) {
			return fault
		}
	}
	return fault
}

// mirrors reports whether what a member does is shown.
func (r *room) mirrors(member string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.run != nil && !r.ledger.Ended && !r.ledger.Frozen && r.ledger.shows(member)
}

// differ returns the acts that make the shared run stand where a run of a member does, and the entry behind which they have to come.
func (r *room) differ(member, scenario string, theirs *engine.Timeline) (acts []Act, seen uint64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	l, run := r.ledger, r.run
	if run == nil || !l.shows(member) {
		return nil, l.Seq
	}
	run.mu.Lock()
	defer run.mu.Unlock()
	if run.gone {
		return nil, l.Seq
	}
	run.wake()
	anew := []Act{{ID: newID(), Kind: ActSpotlight, Member: member, Name: l.Spotlight.Name, Scenario: scenario}}
	if script.FormatSetup(run.tl.Now().Setup()) != script.FormatSetup(theirs.Now().Setup()) {
		return anew, l.Seq
	}
	dos := lead(run.tl, theirs.Path(theirs.At()))
	if len(dos) > mirrorMost {
		return anew, l.Seq
	}
	for _, do := range dos {
		acts = append(acts, Act{By: member, ID: newID(), Kind: ActDo, Stage: l.Stage, Do: &do})
	}
	return acts, l.Seq
}

// lead returns the commands that make a timeline stand at the end of a path: none when it does.
func lead(tl *engine.Timeline, path []engine.Action) []Do {
	at := engine.NodeID(0)
	for len(path) > 0 {
		children := tl.Children(at)
		i := slices.IndexFunc(children, func(c engine.NodeID) bool {
			return script.FormatAction(tl.Action(c)) == script.FormatAction(path[0])
		})
		if i < 0 {
			break
		}
		at, path = children[i], path[1:]
	}
	if len(path) == 0 && at == tl.At() {
		return nil
	}
	node := int(at)
	dos := []Do{{At: &node}}
	for _, a := range script.Merge(path) {
		do := &dos[len(dos)-1]
		switch {
		case a.Kind == engine.Wait && do.Line == "" && do.Wait == 0:
			do.Wait = int64(a.For)
			continue
		case do.Line != "":
			dos = append(dos, Do{})
			do = &dos[len(dos)-1]
		}
		do.Line = script.FormatAction(a)
	}
	return dos
}
