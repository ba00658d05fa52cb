package engine

import (
	"errors"
	"strconv"

	"github.com/handshakelab/lab/engine/network"
	"github.com/handshakelab/lab/engine/rule"
	"github.com/handshakelab/lab/engine/tcp"
	"github.com/handshakelab/lab/engine/wire"
)

// Apply does an action and returns the events that it brought. An error is an *ActionError or, for Expect, an *ExpectError,
// and means that nothing has changed.
func (w *World) Apply(a Action) ([]Event, error) {
	var rec Recorder
	err := w.Do(&a, &rec)
	return rec.Events, err
}

// Do is Apply for a caller who brings the memory: the events are added to rec. When it fails it leaves rec.Events as it was.
func (w *World) Do(a *Action, rec *Recorder) error {
	mark := len(rec.Events)
	if err := w.do(a, rec); err != nil {
		clear(rec.Events[mark:])
		rec.Events = rec.Events[:mark]
		if e, ok := errors.AsType[*ActionError](err); ok {
			e.Action = *a
		}
		return err
	}
	return nil
}

func (w *World) do(a *Action, rec *Recorder) error {
	if w.events >= w.setup.maxEvents && a.Kind != Expect {
		return full()
	}
	switch a.Kind {
	case Step, StepUntil, Wait:
		return w.advance(a, rec)
	case Call:
		return asError(w.call(a, rec))
	case Drop, Delay, Hold, Release, Duplicate, Edit:
		i, err := w.find(a.Seg)
		if err != nil {
			return err
		}
		return asError(w.touch(i, a, rec))
	case Forge:
		return asError(w.forge(a, rec))
	case AddRule, RemoveRule:
		return asError(w.changeRules(a, rec))
	case AddBox, RemoveBox:
		return asError(w.changeBoxes(a, rec))
	case Expect:
		if !w.Holds(a.Cond) {
			return &ExpectError{a.Cond, w.found(a.Cond)}
		}
		return nil
	}
	return fail(BadAction, "there is no action ", strconv.Itoa(int(a.Kind)))
}

// asError keeps a nil *ActionError from becoming an error that is not nil.
func asError(err *ActionError) error {
	if err != nil {
		return err
	}
	return nil
}

func full() *ActionError {
	return fail(Limit, "the run is full: it has ", strconv.Itoa(MaxEvents), " events").hint("go back, or start a new run")
}

// advance lets time pass. It may fail after some steps; then the world is put back.
func (w *World) advance(a *Action, rec *Recorder) error {
	if a.Kind == Step && a.Count == 1 {
		return asError(w.step(rec)) // fails before it changes anything
	}
	c := course{Action: a}
	if err := c.check(); err != nil {
		return err
	}
	rec.before.Set(w)
	for {
		more, err := c.next(w)
		if err == nil && more {
			err = w.step(rec)
		}
		if err != nil {
			w.Set(&rec.before)
			return err
		}
		if !more {
			break
		}
	}
	w.now += c.rest(w)
	return nil
}

// A course is a Step, a StepUntil or a Wait under way. World and Timeline take the same steps because both ask it.
type course struct {
	*Action
	started  bool
	taken    int  // due things processed
	deadline Time // of Wait
	count    int  // occurrences of Cond so far, when it waits for a new one
}

func (c *course) check() *ActionError {
	switch {
	case c.Kind == Step && (c.Count < 1 || c.Count > MaxCount):
		return outside("the number of steps", 1, MaxCount)
	case c.Kind == Wait && (c.For < 1 || c.For > MaxWait):
		return outsideTime("the time to wait", 1, MaxWait)
	}
	return nil
}

// next reports whether one more due thing is to be taken. It is called before each of them and at the end.
func (c *course) next(w *World) (bool, *ActionError) {
	first := !c.started
	if first {
		c.started, c.deadline = true, w.now+c.For
	}
	switch c.Kind {
	case Step:
		if c.taken == c.Count {
			return false, nil
		}
	case StepUntil:
		if c.Cond.waitsForNew() {
			n := w.occurrences(c.Cond)
			if !first && n > c.count {
				return false, nil
			}
			c.count = n
		} else if w.Holds(c.Cond) {
			return false, nil
		}
	case Wait:
		if d, ok := w.next(); !ok || d.At > c.deadline {
			if c.deadline > maxClock {
				return false, tooLate()
			}
			return false, nil
		}
	}
	if c.taken == MaxCount {
		return false, fail(Limit, "after ", strconv.Itoa(MaxCount), " steps ", c.goal(), " is still not reached").
			hint("take fewer steps at once")
	}
	if c.taken++; c.Kind == StepUntil && w.Quiet() {
		return false, w.finished("the run ended before " + c.Cond.String() + " came true")
	} else if c.Kind == Step && c.Count > 1 && w.Quiet() {
		return false, w.finished("only " + amount(c.taken-1, "step") + " could be taken: then nothing is due any more")
	}
	return true, nil
}

func (c *course) goal() string {
	if c.Kind == Wait {
		return "the end of the wait"
	}
	return c.Cond.String()
}

// rest is how much time is left when the last due thing of a Wait was taken.
func (c *course) rest(w *World) Time {
	if c.Kind != Wait {
		return 0
	}
	return c.deadline - w.now
}

func (w *World) finished(reason string) *ActionError {
	e := fail(Finished, reason).hint("make a socket call or forge a segment")
	for i := range w.flights {
		if w.flights[i].held {
			return e.hint("release ", w.flights[i].id.String())
		}
	}
	return e
}

func tooLate() *ActionError {
	return fail(Limit, "a run lasts at most ", strconv.Itoa(maxClock/(24*3600*1e6)), " days").hint("go back, or start a new run")
}

// step takes the next due thing. It changes nothing when it fails.
func (w *World) step(rec *Recorder) *ActionError {
	if w.events >= w.setup.maxEvents {
		return full()
	}
	d, ok := w.next()
	switch {
	case !ok:
		return w.finished("nothing is due: no segment moves and no timer runs")
	case d.At > maxClock:
		return tooLate()
	}
	w.now = max(w.now, d.At)
	switch d.Kind {
	case DueBoxes:
		w.cross(d, rec)
	case DueTimer:
		rec.effects = w.hosts[d.Host].Fire(w.now, d.Conn, d.Timer, rec.effects[:0])
		w.report(d.Host, 0, repeated, rec)
	default:
		w.arrive(d, rec)
	}
	return nil
}

// arrive ends the way of a segment.
func (w *World) arrive(d Due, rec *Recorder) {
	i := w.flightOf(d.Seg)
	f := &w.flights[i]
	icmp := f.seg.ICMP.Kind != wire.NoICMP
	end := f.seg.Dst
	if icmp {
		end = f.seg.Src // an error goes to who sent what it quotes
	}
	switch {
	case d.Kind == DueLoss:
		w.lose(i, [...]rule.ID{byRule: rule.LabRule, byChance: rule.LabLoss}[f.cause], rec)
	case end.Addr() != w.setup.Hosts[f.to].Addr.Addr():
		w.lose(i, rule.LabNoHost, rec)
	case icmp:
		w.event(rec, Arrived, d.Host).Seg = d.Seg
		rec.effects = w.hosts[d.Host].ReceiveICMP(w.now, &f.seg, rec.effects[:0])
		w.land(i, arrived)
		w.report(d.Host, d.Seg, 0, rec)
	default:
		if f.seg.Offset != 0 {
			// A data offset set by hand moves the border between options and text for who reads it.
			f.seg = f.seg.Received()
		}
		w.event(rec, Arrived, d.Host).Seg = d.Seg
		rec.effects = w.hosts[d.Host].Receive(w.now, &f.seg, rec.effects[:0])
		w.land(i, arrived)
		w.report(d.Host, d.Seg, 0, rec)
	}
}

// flightOf returns the index of a segment that is on the wire.
func (w *World) flightOf(id SegID) int {
	i := 0
	for w.flights[i].id != id {
		i++
	}
	return i
}

// cross takes a segment through the boxes in the middle of the path.
func (w *World) cross(d Due, rec *Recorder) {
	f := &w.flights[w.flightOf(d.Seg)]
	f.mid = Never
	way := direction(f.to)
	rec.crossed = w.path.Cross(way, &f.seg, w.now, rec.crossed[:0])
	rec.ids = append(rec.ids[:0], f.id) // of what crosses, and of what was injected by the way
	for n := range rec.crossed {
		h := &rec.crossed[n]
		var e *Event
		switch h.Kind {
		case network.Changed:
			f := &w.flights[w.flightOf(rec.ids[h.On])]
			before := f.seg
			f.seg = h.Seg
			f.edited(&before)
			e = w.event(rec, Edited, Network)
			e.Seg, e.Wire, e.Fields = f.id, rec.segment(&h.Seg), changed(allFields&^FieldChecksum, &before, &h.Seg)
		case network.Stopped:
			i := w.flightOf(rec.ids[h.On])
			e = w.event(rec, Lost, Network)
			e.Seg = rec.ids[h.On]
			w.land(i, lost)
		case network.Injected:
			to := Server
			if h.Dir == network.ToClient {
				to = Client
			}
			// It has half of the way before it. What it meets on the way at once follows as happenings of its own.
			f := w.launch(&h.Seg, injected)
			f.from, f.to, f.sent, f.due = Network, to, w.now, w.now+w.path.Delay(h.Dir)/2
			rec.ids = append(rec.ids, f.id)
			e = w.event(rec, Injected, Network)
			e.Seg, e.Of, e.Wire, e.Due, e.Toward = f.id, rec.ids[h.On], rec.segment(&h.Seg), f.due, to
		}
		e.Rule, e.Args, e.Text = h.Rule, h.Args, w.path.Box(h.Box)
	}
	if len(rec.crossed) == 0 {
		e := w.event(rec, Passed, Network)
		e.Seg, e.Rule = d.Seg, rule.LabPassed
	}
}

// itsBoxes is the way on when a box is not there: those that are.
func (w *World) itsBoxes() string {
	said := ""
	for n := 1; n <= network.MaxBoxes; n++ {
		if text := w.path.Box(n); text != "" {
			said += ", " + strconv.Itoa(n) + " (" + text + ")"
		}
	}
	if said == "" {
		return "it has none"
	}
	return "it has" + said[1:]
}

// lose takes flight i off the wire as lost.
func (w *World) lose(i int, why rule.ID, rec *Recorder) {
	f := &w.flights[i]
	e := w.event(rec, Lost, Network)
	e.Seg, e.Rule = f.id, why
	if why == rule.LabRule {
		e.Text = f.text
	}
	w.land(i, lost)
}

// call makes a socket call.
func (w *World) call(a *Action, rec *Recorder) *ActionError {
	if a.Host > Server {
		return fail(BadAction, "socket calls are made by the client or the server")
	}
	if a.Call.Verb < tcp.CallListen || a.Call.Verb > tcp.CallGet {
		return fail(BadAction, "there is no socket call ", strconv.Itoa(int(a.Call.Verb)))
	}
	if len(a.Call.Data) > MaxSend {
		return outside("the number of bytes to send", 1, MaxSend)
	}
	effects, err := w.hosts[a.Host].Call(w.now, &a.Call, rec.effects[:0])
	rec.effects = effects
	if err != nil {
		e := fail(BadCall, "the ", a.Host.String(), " cannot ", a.Call.Verb.String(), ": ", err.Error())
		e.Err = err
		return e
	}
	e := w.event(rec, Called, a.Host)
	e.Call, e.Conn = a.Call.String(), a.Call.Conn
	for i := range effects {
		if e.Conn == 0 {
			e.Conn = effects[i].Conn
		}
	}
	w.report(a.Host, 0, 0, rec)
	return nil
}

// changeRules adds a rule to the path or removes one.
func (w *World) changeRules(a *Action, rec *Recorder) *ActionError {
	n := a.Count
	if a.Kind == AddRule {
		if err := w.path.Add(a.Rule); err != nil {
			code := BadRule
			if a.Rule.Check() == nil {
				code = Limit
			}
			return fail(code, err.Error())
		}
		n = w.path.NumRules()
		e := w.event(rec, RuleAdded, Network)
		e.Count = n
		_, _, e.Text = w.path.Rule(n)
		return nil
	}
	if n < 1 || n > w.path.NumRules() {
		return fail(NoSuchRule, "there is no rule ", strconv.Itoa(n), ": the path has ", amount(w.path.NumRules(), "rule"))
	}
	e := w.event(rec, RuleRemoved, Network)
	e.Count = n
	_, _, e.Text = w.path.Rule(n)
	w.path.Remove(n)
	return nil
}

// changeBoxes puts a box half way or takes one away. It meets what has half of its way before it.
func (w *World) changeBoxes(a *Action, rec *Recorder) *ActionError {
	n := a.Count
	if a.Kind == AddBox {
		if err := w.setup.boxFault(&a.Box, w.path.NextBox()); err != nil {
			return fail(BadBox, err.Error())
		}
		var err error
		if n, err = w.path.AddBox(a.Box); err != nil {
			code := BadBox
			if a.Box.Check() == nil {
				code = Limit
			}
			return fail(code, err.Error())
		}
		for i := range w.flights {
			w.flights[i].mid = w.flights[i].middle(w.now)
		}
		e := w.event(rec, BoxAdded, Network)
		e.Count, e.Text = n, w.path.Box(n)
		return nil
	}
	text := w.path.Box(n)
	if text == "" {
		return fail(NoSuchBox, "the path has no box ", strconv.Itoa(n)).hint(w.itsBoxes())
	}
	w.path.RemoveBox(n)
	e := w.event(rec, BoxRemoved, Network)
	e.Count, e.Text = n, text
	return nil
}

// event adds an event to rec, to be filled before the next one is added.
func (w *World) event(rec *Recorder, kind Kind, host HostID) *Event {
	e := rec.next()
	e.N, e.At, e.Kind, e.Host = w.events, w.now, kind, host
	w.events++
	return e
}

// kinds are the events that effects become; Send has more to it.
var kinds = [...]Kind{
	tcp.Check:     Checked,
	tcp.Send:      Sent,
	tcp.Discard:   Discarded,
	tcp.Change:    Changed,
	tcp.TimerSet:  TimerSet,
	tcp.TimerStop: TimerStopped,
	tcp.TimerFire: TimerFired,
	tcp.Tell:      Told,
	tcp.Opened:    Opened,
	tcp.Removed:   Removed,
	tcp.Updated:   Updated,
}

// report turns the effects of one call of a host into events and puts what it sent on the wire. seg is the segment that the
// host answered to, or 0.
func (w *World) report(h HostID, seg SegID, how source, rec *Recorder) {
	var vars *tcp.TCB // of the connection that was last told of: Opened and Updated tell of the same instant
	effects := rec.effects
	for i := range effects {
		x := &effects[i]
		e := rec.next()
		e.N, e.At, e.Kind, e.Host = w.events, w.now, kinds[x.Kind], h
		e.Effect = *x
		w.events++
		switch x.Kind {
		case tcp.Check, tcp.Discard:
			e.Seg = seg
		case tcp.Send:
			w.send(h, x, how, e, rec)
		case tcp.Tell:
			*w.told[h].of(x.Notice, x.Errno)++
		case tcp.Opened, tcp.Updated:
			if vars == nil || vars.ID != x.Conn {
				vars = nil
				if t := w.hosts[h].Conn(x.Conn); t != nil {
					vars = rec.keep(t)
				}
			}
			e.Vars = vars
		}
	}
}

// send puts a segment on the wire: e is the Sent event to fill. The path may lose it later, delay it or copy it.
func (w *World) send(h HostID, x *tcp.Effect, how source, e *Event, rec *Recorder) {
	to, way, mid, acts := other(h), Time(0), Never, rec.acts[:0]
	seg := &w.hosts[h].Sent()[x.Sent]
	if seg.Dst.Addr() == w.setup.Hosts[h].Addr.Addr() {
		to = h // over the loopback interface: at once, and not by the path
	} else {
		way, acts = w.path.Pass(direction(to), seg.Flags, acts)
		mid = w.now + way/2
	}
	rec.acts = acts
	i := len(w.flights)
	f := w.launch(seg, source(h)|how)
	f.from, f.to, f.sent, f.due, f.mid = h, to, w.now, w.now+way, mid
	e.Seg, e.Wire, e.Due, e.Toward = f.id, rec.segment(seg), f.due, to
	for _, act := range acts {
		f = &w.flights[i] // copies come behind it, and may move it
		text := ""
		if act.Rule != 0 {
			_, _, text = w.path.Rule(act.Rule)
		}
		switch act.Verb {
		case network.Drop:
			// It is lost near its end, so that the learner sees it on its way and can still lay hands on it.
			f.dies, f.cause, f.text = w.now+way*4/5, byChance, text
			if act.Rule != 0 {
				f.cause = byRule
			}
		case network.Delay:
			f.due += act.For
			f.mid = later(f.mid, act.For)
			e := w.event(rec, Delayed, Network)
			e.Seg, e.Due, e.Rule, e.Text = f.id, f.due, rule.LabRule, text
			if act.Rule == 0 {
				e.Rule = rule.LabReorder
			}
		case network.Duplicate:
			why := rule.LabChance
			if act.Rule != 0 {
				why = rule.LabRule
			}
			w.copyOf(f, f.due+act.For, why, text, rec)
		}
	}
}

// copyOf puts a copy of f on the wire that arrives at due.
func (w *World) copyOf(f *flight, due Time, why rule.ID, text string, rec *Recorder) {
	mid := f.middle(w.now) // a copy of what has passed the boxes has passed them too
	if mid != Never {
		mid = max(w.now, mid+due-f.due)
	}
	of := *f // which may move
	c := w.launch(&of.seg, copied)
	c.of, c.from, c.to, c.sent, c.due, c.mid = of.id, of.from, of.to, of.sent, due, mid
	e := w.event(rec, Duplicated, Network)
	e.Seg, e.Of, e.Wire, e.Due, e.Toward, e.Rule, e.Text = c.id, c.of, rec.segment(&c.seg), c.due, c.to, why, text
}
