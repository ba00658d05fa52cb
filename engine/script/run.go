package script

import (
	"errors"
	"fmt"

	"github.com/handshakelab/lab/engine"
	"github.com/handshakelab/lab/engine/diag"
)

// Run does a scenario from its beginning and returns the world at its end, the events on the way, and what went wrong:
// each expectation that does not hold and the first action that cannot be done, at their lines. An expectation that fails
// stops nothing. Behind an action that fails nothing is done any more, because all that follows counts on it.
func Run(sc *Scenario) (engine.World, []engine.Event, diag.List) {
	w, err := engine.New(sc.Setup)
	if err != nil {
		return w, nil, diag.List{{Line: 1, Col: 1, EndCol: 1, Severity: diag.Error, Code: "bad-setup", Message: err.Error()}}
	}
	var list diag.List
	rec := engine.Recorder{Events: make([]engine.Event, 0, 64)} // most runs of a lesson have no more
	for i := range sc.Actions {
		if err := w.Do(&sc.Actions[i], &rec); err != nil {
			list = append(list, sc.failed(i, err, &w))
			if _, stop := errors.AsType[*engine.ActionError](err); stop {
				break
			}
		}
	}
	return w, rec.Events, list
}

// RunTo does a scenario up to an instant: it returns what Run returns, as it stands when all that is due then, or before, is
// done. What the scenario does later is not done, nor found at fault; a scenario that ends earlier goes on by itself.
func RunTo(sc *Scenario, at engine.Time) (engine.World, []engine.Event, diag.List) {
	t, err := engine.NewTimeline(sc.Setup)
	if err != nil {
		return Run(sc)
	}
	var list diag.List
	for i := range sc.Actions {
		before := t.At()
		if _, _, err := t.Do(sc.Actions[i]); err != nil {
			list = append(list, sc.failed(i, err, t.Now()))
			if _, stop := errors.AsType[*engine.ActionError](err); stop {
				break
			}
		}
		if t.Now().Now() > at {
			// Time goes by in single steps: back to the last one that is not too late.
			id := t.At()
			for id != before && t.Node(id).At > at {
				id = t.Parent(id)
			}
			if err := t.Goto(id); err != nil {
				return Run(sc)
			}
			break
		}
	}
	rest := at - t.Now().Now()
	// A scenario may end at this very instant before all that is due then is done.
	for due := t.Now().Pending(); rest == 0 && len(due) > 0 && due[0].At <= at; due = t.Now().Pending() {
		if _, _, err := t.Do(engine.Action{Kind: engine.Step, Count: 1}); err != nil {
			break
		}
	}
	if rest > 0 {
		if _, _, err := t.Do(engine.Action{Kind: engine.Wait, For: rest}); err != nil {
			d := Failure(err)
			d.Line, d.Col, d.EndCol = 1, 1, 1
			list = append(list, d)
		}
	}
	return t.Now().Clone(), t.History(t.At()), list
}

// failed is the diagnostic for an action that returned err.
func (sc *Scenario) failed(i int, err error, w *engine.World) diag.Diagnostic {
	d := Failure(err)
	if i < len(sc.Lines) {
		d.Line = sc.Lines[i]
	}
	d.Col, d.EndCol = 1, 1
	if i < len(sc.spans) {
		d.Col, d.EndCol = sc.spans[i].col, sc.spans[i].end
	}
	if expect, ok := errors.AsType[*engine.ExpectError](err); ok {
		d.Hint = whenTrue(w, expect.Cond)
	}
	return d
}

// Failure is the diagnostic, without a place, for an error that an action of a world returned: an *engine.ActionError, whose
// code it has, or an *engine.ExpectError.
func Failure(err error) diag.Diagnostic {
	d := diag.Diagnostic{Severity: diag.Error, Code: "expect-failed", Message: err.Error()}
	if e, ok := errors.AsType[*engine.ActionError](err); ok {
		d.Code, d.Message, d.Hint = e.Code, e.Reason, e.Hint
		if e.Min != e.Max {
			d.Range = &diag.Range{Min: e.Min, Max: e.Max}
		}
	}
	return d
}

// whenTrue is the hint for a condition that does not hold now: what must be done for it to come true.
func whenTrue(w *engine.World, c engine.Cond) string {
	future := w.Clone()
	for n := 1; n <= engine.MaxCount; n++ {
		if _, err := future.Apply(engine.Action{Kind: engine.Step, Count: 1}); err != nil {
			break
		}
		if !future.Holds(c) {
			continue
		}
		if n == 1 {
			return fmt.Sprintf("the next thing that is due makes it true, at %s: write step before this line", future.Now())
		}
		return fmt.Sprintf("it comes true at %s, after %d steps: write step %d before this line", future.Now(), n, n)
	}
	return "it does not come true by letting time pass, either"
}
