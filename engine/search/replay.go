package search

import (
	"slices"
	"strings"

	"github.com/handshakelab/lab/engine"
	"github.com/handshakelab/lab/engine/script"
	"github.com/handshakelab/lab/engine/tcp"
	"github.com/handshakelab/lab/engine/wire"
)

// A writer makes a run of a world, with its clock, out of the moves of a search, which has none.
type writer struct {
	world engine.World
	rec   engine.Recorder
	sc    script.Scenario
}

// replay returns the moves as a scenario that ends in the violation, or nil when the clock does not let it happen: when a timer
// fires before a segment can have come.
func (p *Problem) replay(l Limits, moves []move, wrong Violation) *script.Scenario {
	sc := p.write(l, moves, wrong)
	if sc == nil {
		return nil
	}
	s := p.start(l)
	s.mem = &memory{}
	s.run(p, nil)
	steps := s.steps(p, moves)
	left := slices.Clone(s.flights)
	for before := 0; before != lines(sc); {
		before = lines(sc)
		for _, f := range left {
			steps, sc = p.plainer(l, steps, f, wrong, sc)
		}
	}
	return sc
}

// plainer lets a segment that the shortest run leaves on the wire arrive where it does no harm, if the scenario is shorter for
// it: what comes in its turn need not be held back.
func (p *Problem) plainer(l Limits, steps []step, f flight, wrong Violation, sc *script.Scenario) ([]step, *script.Scenario) {
	for i := 1; i <= len(steps); i++ {
		more := slices.Insert(slices.Clone(steps), i, step{move{kind: deliver}, f})
		moves, ok := p.moves(l, more, wrong)
		if !ok {
			continue
		}
		if other := p.write(l, moves, wrong); other != nil && lines(other) < lines(sc) {
			return more, other
		}
	}
	return steps, sc
}

// lines is how many lines a scenario has, without its notes.
func lines(sc *script.Scenario) int { return strings.Count(sc.String(), "\n") - len(sc.Notes) }

// moves makes steps moves again, and reports whether they can be made and end, and only end, in the violation.
func (p *Problem) moves(l Limits, steps []step, wrong Violation) ([]move, bool) {
	s := p.start(l)
	s.mem = &memory{}
	s.run(p, nil)
	var moves []move
	for i, st := range steps {
		m, ok := s.find(st)
		if !ok {
			return nil, false
		}
		s.do(p, m)
		if moves = append(moves, m); s.wrong.Kind != 0 && (i < len(steps)-1 || s.wrong != wrong) {
			return nil, false
		}
	}
	return moves, s.wrong == wrong
}

// write makes a scenario of moves.
func (p *Problem) write(l Limits, moves []move, wrong Violation) *script.Scenario {
	w := &writer{world: p.world.Clone()}
	w.sc.Title = p.title
	s := p.start(l)
	s.mem = &memory{}
	calls := func(h engine.HostID, c tcp.Call) { w.do(engine.Action{Kind: engine.Call, Host: h, Call: c}) }
	s.run(p, calls)
	for _, m := range moves {
		if !w.move(&s, m) {
			return nil
		}
		s.move(p, m)
		if !w.bury(&s) {
			return nil
		}
		s.run(p, calls)
	}
	w.note(wrong.String())
	w.expect(wrong)
	w.sc.Setup = p.setup
	for h := range w.sc.Setup.Hosts {
		host := &w.sc.Setup.Hosts[h]
		host.ISNs = host.ISNs[:max(1, min(len(s.conns[h]), len(host.ISNs)))]
		if host.Options.Broken.Has(tcp.FixedISN) {
			host.ISNs = nil
		}
	}
	return w.proven()
}

// proven returns the scenario if it reads back and runs as it should.
func (w *writer) proven() *script.Scenario {
	sc, list := script.Parse(w.sc.String())
	if len(list) > 0 {
		return nil
	}
	if _, _, list = script.Run(sc); len(list) > 0 {
		return nil
	}
	return sc
}

func (w *writer) do(a engine.Action) bool {
	if w.world.Do(&a, &w.rec) != nil {
		return false
	}
	w.sc.Actions = append(w.sc.Actions, a)
	return true
}

func (w *writer) note(text string) {
	w.sc.Notes = append(w.sc.Notes, script.Note{After: len(w.sc.Actions), Text: text})
}

// move does in the world what a move does in a search. Segments have the same numbers in both.
func (w *writer) move(s *state, m move) bool {
	switch m.kind {
	case drop:
		return w.do(engine.Action{Kind: engine.Drop, Seg: w.name(s.flights[m.n].id)})
	case duplicate:
		id := s.flights[m.n].id
		w.note("The network keeps a copy of " + named(&s.flights[m.n]) + ".")
		return w.do(engine.Action{Kind: engine.Duplicate, Seg: w.name(id)}) && w.do(engine.Action{Kind: engine.Hold, Seg: w.name(s.last + 1)})
	case fire:
		_, conn, timer, _ := s.hosts[m.n].Next()
		return w.until(engine.Due{Kind: engine.DueTimer, Host: engine.HostID(m.n), Conn: conn, Timer: timer})
	}
	f := &s.flights[m.n]
	if i := slices.IndexFunc(w.world.Flying(), func(g engine.Flight) bool { return g.ID == f.id }); w.world.Flying()[i].Held {
		if w.world.Flying()[i].Of != 0 {
			w.note("Late, the copy of " + named(f) + " comes out of the network.")
		}
		if !w.do(engine.Action{Kind: engine.Release, Seg: w.name(f.id)}) {
			return false
		}
	}
	return w.until(engine.Due{Kind: engine.DueArrival, Host: f.to, Seg: f.id})
}

// named is a segment in a sentence.
func named(f *flight) string {
	if f.seg.Payload != "" {
		return "the text " + script.Quote(f.seg.Payload)
	}
	return "the " + (f.seg.Flags &^ wire.PSH).Kind()
}

// until lets d be what happens next: segments that would come before it are held back. A timer cannot be.
func (w *writer) until(d engine.Due) bool {
	for {
		pending := w.world.Pending()
		if len(pending) == 0 {
			return false
		}
		d.At = pending[0].At
		if pending[0] == d {
			return w.do(engine.Action{Kind: engine.Step, Count: 1})
		}
		if pending[0].Kind == engine.DueTimer || !w.do(engine.Action{Kind: engine.Hold, Seg: w.name(pending[0].Seg)}) {
			return false
		}
	}
}

// bury drops the segments that have outlived the maximum segment lifetime.
func (w *writer) bury(s *state) bool {
	for _, f := range w.world.Flying() {
		if slices.ContainsFunc(s.flights, func(g flight) bool { return g.id == f.ID }) {
			continue
		}
		w.note("No segment lives longer than the maximum segment lifetime.")
		if !w.do(engine.Action{Kind: engine.Drop, Seg: w.name(f.ID)}) {
			return false
		}
	}
	return true
}

// name names a segment by its kind where that is the newest on the wire, and else by its number.
func (w *writer) name(id engine.SegID) engine.SegRef {
	var kind wire.Flags
	flying := w.world.Flying()
	for _, f := range flying {
		if f.ID == id {
			kind = f.Wire.Flags &^ wire.PSH
		}
	}
	for _, f := range flying {
		if f.ID > id && f.Wire.Flags&^wire.PSH == kind {
			return engine.SegRef{ID: id}
		}
	}
	return engine.SegRef{Flags: kind}
}

// expect ends the scenario with what shows the violation.
func (w *writer) expect(v Violation) {
	expect := func(c engine.Cond) { w.do(engine.Action{Kind: engine.Expect, Cond: c}) }
	switch v.Kind {
	case OldText, WrongText:
		expect(engine.Cond{Kind: engine.WasTold, Host: v.Host, Notice: tcp.Readable, Cmp: engine.AtLeast, Count: w.told(v.Host, tcp.Readable, tcp.OK)})
	case OldReset:
		for _, e := range []tcp.Errno{tcp.ECONNRESET, tcp.EPIPE} {
			if n := w.told(v.Host, tcp.NoNotice, e); n > 0 {
				expect(engine.Cond{Kind: engine.WasTold, Host: v.Host, Errno: e, Cmp: engine.AtLeast, Count: n})
			}
		}
	default:
		other := engine.Server - v.Host
		expect(engine.Cond{Kind: engine.InState, Host: v.Host, State: tcp.Established})
		expect(engine.Cond{Kind: engine.InState, Host: other, State: w.world.View().Hosts[other].State})
		if w.world.Quiet() {
			expect(engine.Cond{Kind: engine.Quiet})
		}
	}
}

// told returns how often an application was told something.
func (w *writer) told(h engine.HostID, n tcp.Notice, e tcp.Errno) int {
	count := 0
	for i := range w.rec.Events {
		if x := &w.rec.Events[i]; x.Kind == engine.Told && x.Host == h && x.Notice == n && x.Errno == e {
			count++
		}
	}
	return count
}
