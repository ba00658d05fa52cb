package lessons

import (
	"strings"

	"github.com/handshakelab/lab/engine"
	"github.com/handshakelab/lab/engine/diag"
	"github.com/handshakelab/lab/engine/script"
	"github.com/handshakelab/lab/engine/tcp"
)

// A ran is a scenario with its run.
type ran struct {
	scenario *script.Scenario
	faults   diag.List
	world    engine.World
	events   []engine.Event
	done     bool
}

// readSim reads and runs a tcpsim block. It returns nil when there is no run.
func (d *draft) readSim(b *block) *Sim {
	s := &Sim{ID: b.id, Title: b.values["title"].text, Source: string(d.text[b.body.start:b.body.end]), Ahead: true}
	if strings.TrimSpace(s.Source) == "" {
		d.addSpan("empty-block", b.kindAt, "write lines such as client connect", "the simulator has no scenario")
		d.badSims[b.id] = true
		return nil
	}
	ran := cached(d.cache, "run\x00"+s.Source, func() (r ran) {
		r.scenario, r.faults = script.Parse(s.Source)
		if len(r.faults.Errors()) == 0 {
			var run diag.List
			r.world, r.events, run = script.Run(r.scenario)
			r.faults = append(r.faults, run...)
			r.done = true
		}
		return r
	})
	list := ran.faults
	if ran.done {
		s.Scenario, s.World, s.Events = ran.scenario, ran.world, ran.events
	}
	d.list = append(d.list, list.In(d.file, b.line, 0)...)
	if s.Scenario == nil || len(list.Errors()) > 0 {
		d.badSims[b.id] = true
		return nil
	}
	if s.Title == "" {
		s.Title = s.Scenario.Title
	}
	s.At = d.timeAttribute(b, s.World.Now())
	switch ahead := b.values["ahead"]; ahead.text {
	case "", "yes":
	case "no":
		s.Ahead = false
	default:
		d.addSpan("attribute-value", ahead.at, "write ahead=no or leave it out", "ahead is yes or no")
	}
	d.sims[b.id] = s
	d.varySim(s, b)
	d.knows(s, s.Events)
	return s
}

// timeAttribute reads the attribute at, which must lie in a run that lasts until end.
func (d *draft) timeAttribute(b *block, end tcp.Time) tcp.Time {
	at, ok := b.values["at"]
	if !ok {
		return 0
	}
	t, err := tcp.ParseTime(at.text)
	switch {
	case err != nil:
		d.addSpan("attribute-value", at.at, "write a time such as at=50ms", "%s", err)
	case t > end:
		d.addSpan("attribute-value", at.at, "", "the run ends at %s", end)
	}
	return min(t, end)
}

// simOf finds the simulator that the attribute key of a block names.
func (d *draft) simOf(b *block, key string) *Sim {
	name, ok := b.values[key]
	id := strings.TrimPrefix(name.text, "#")
	switch sim := d.sims[id]; {
	case !ok && len(d.sims) == 1 && len(d.badSims) == 0:
		for _, only := range d.sims {
			return only
		}
	case !ok:
		d.addSpan("missing-sim", b.kindAt, "write "+key+"=name of a tcpsim block", "the block does not say which simulator it is about")
	case sim != nil:
		return sim
	case !d.badSims[id]:
		d.addSpan("missing-sim", name.at, diag.DidYouMean("", id, d.simNames()...), "this lesson has no simulator #%s", id)
	}
	return nil
}
