// Package goal is what a challenge asks of a run, and the judge of it: predicates over where a run stands, limits on how it
// got there, and the author's solution, which proves that it can be done.
//
//	goal client ESTABLISHED
//	goal server ESTABLISHED: both sides are open
//	goal lost SYN-ACK >= 2
//	limit steps 20
//	limit actions 2
//	hint The client's timer brings a second SYN.
//	solution step; drop SYN-ACK; step 4
//	solution drop SYN-ACK; step until quiet
//
// A goal is a condition of the scenario language (package script); all of them must hold at one instant, the last action of the learner
// or a later one. Behind a colon the author may say it in other words. Several solution lines are one solution. A # at the start of a line
// makes it a comment.
//
// # What is counted
//
// A run is judged as the nodes of a [engine.Timeline]: each thing that was due and each action of the learner is one step,
// however it was asked for. "step 3" is three steps, "step until quiet" as many as it took, a wait one for each thing that
// was due and one for the time that was left. An action is everything but time: a socket call, a rule, the learner's hand on
// a segment. So the same run has the same counts whether the learner clicked or typed. What goes by after the last action
// once every goal is reached does not count: keepalives without end are nobody's steps.
//
//	limit steps 20     at most 20 steps; words of its own may follow behind a colon, as behind a goal
//	limit actions 2    at most 2 actions among them
package goal

import (
	"errors"
	"fmt"

	"github.com/handshakelab/lab/engine"
	"github.com/handshakelab/lab/engine/diag"
	"github.com/handshakelab/lab/engine/script"
)

// Kind says what a Goal asks.
type Kind uint8

// The kinds.
const (
	Reach   Kind = iota + 1 // Cond holds where the run stands
	Steps                   // the learner took at most Max steps
	Actions                 // the learner made at most Max actions
)

// A Goal is one thing that a challenge asks of a run.
type Goal struct {
	Kind  Kind
	Cond  engine.Cond // of Reach
	Max   int         // of Steps and Actions
	Words string      // the author's own words for it, or ""
	Line  int         // where it stands in its text
}

// Text returns the goal as a sentence without a full stop: the author's words, or else "the server is in ESTABLISHED".
func (g Goal) Text() string {
	switch {
	case g.Words != "":
		return g.Words
	case g.Kind == Steps:
		return "take at most " + amount(g.Max, "step")
	case g.Kind == Actions:
		return "make at most " + amount(g.Max, "action")
	}
	return Sentence(g.Cond)
}

// A Spec is what the text of a challenge says.
type Spec struct {
	Goals    []Goal
	Hints    []string
	Solution []engine.Action
	Lines    []int // for each action of the solution the line that it stands on
}

// Codes of a GoalResult.
const (
	Reached    = "reached"     // the condition holds
	NotReached = "not-reached" // it does not
	Within     = "within"      // the limit is kept
	Over       = "over"        // it is not
)

// A GoalResult is the verdict on one goal.
type GoalResult struct {
	OK     bool
	Code   string
	Text   string // the goal in words, as Goal.Text
	Detail string // of a goal that is not reached: how it is instead, without a full stop
	Count  int    // of a limit: how many there were
	Max    int    // of a limit: how many there may be
}

// A Result is the verdict on a run.
type Result struct {
	Passed  bool // every goal is OK and no action failed
	Goals   []GoalResult
	Steps   int              // that the learner took
	Actions int              // that the learner made among them
	Failed  int              // number, from 1, of the learner's action that could not be done, or 0
	Fault   *diag.Diagnostic // why it could not, without a place
}

// MaxActions is how many actions of a learner are judged at most.
const MaxActions = 5000

// Grade judges what a learner did after the base of a challenge: it replays both and looks at where the run then stands. An
// error means that the base itself cannot be done, which is no fault of the learner. An action of the learner that cannot
// be done ends the run; the goals are judged as it stands then, and Passed is false.
func Grade(setup engine.Setup, base, learner []engine.Action, goals []Goal) (Result, error) {
	tl, err := start(setup, base)
	if err != nil {
		return Result{}, err
	}
	return try(tl, learner, goals), nil
}

// start is a timeline at the end of the base of a challenge.
func start(setup engine.Setup, base []engine.Action) (*engine.Timeline, error) {
	tl, err := engine.NewTimeline(setup)
	if err != nil {
		return nil, err
	}
	for i, a := range base {
		if _, _, err := tl.Do(a); err != nil {
			return nil, fmt.Errorf("action %d of the base: %w", i+1, err)
		}
	}
	return tl, nil
}

// try does the learner's actions and judges them.
func try(tl *engine.Timeline, learner []engine.Action, goals []Goal) Result {
	base := tl.At()
	failed := func(i int, err error) Result {
		r := GradeNode(tl, base, tl.At(), goals)
		d := script.Failure(err)
		r.Passed, r.Failed, r.Fault = false, i+1, &d
		return r
	}
	for i, a := range learner {
		if i == MaxActions {
			return failed(i, &engine.ActionError{Action: a, Code: engine.Limit, Reason: fmt.Sprintf("more than %d actions are not judged", MaxActions)})
		}
		if _, _, err := tl.Do(a); err != nil {
			return failed(i, err)
		}
	}
	return GradeNode(tl, base, tl.At(), goals)
}

// GradeNode judges the run that leads to node at of a timeline. The base of the challenge ends at node base; when the learner
// went back behind it and took another way, what counts as theirs begins where the two ways part. It is judged where every goal was
// first reached since the last action: what happens by itself afterwards undoes nothing, and counts against no limit. It panics when
// there are no such nodes.
func GradeNode(tl *engine.Timeline, base, at engine.NodeID, goals []Goal) Result {
	given := map[engine.NodeID]bool{}
	for id := base; id >= 0; id = tl.Parent(id) {
		given[id] = true
	}
	var r Result
	stands, behind := at, 0 // where it is judged, and the steps since then
	for id := at; !given[id]; id = tl.Parent(id) {
		kind := tl.Action(id).Kind
		if kind == engine.Expect {
			continue
		}
		if r.Actions == 0 && reached(tl, id, goals) {
			stands, behind = id, r.Steps
		}
		r.Steps++
		if kind != engine.Step && kind != engine.StepUntil && kind != engine.Wait {
			r.Actions++
		}
	}
	r.Steps -= behind
	w := tl.Node(stands).World
	r.Passed = true
	for _, g := range goals {
		res := g.judge(&w, r.Steps, r.Actions)
		r.Passed = r.Passed && res.OK
		r.Goals = append(r.Goals, res)
	}
	return r
}

func reached(tl *engine.Timeline, id engine.NodeID, goals []Goal) bool {
	w := tl.Node(id).World
	for _, g := range goals {
		if g.Kind == Reach && !w.Holds(g.Cond) {
			return false
		}
	}
	return true
}

func (g Goal) judge(w *engine.World, steps, actions int) GoalResult {
	res := GoalResult{Text: g.Text()}
	switch g.Kind {
	case Reach:
		res.OK, res.Code = w.Holds(g.Cond), Reached
		if !res.OK {
			res.Code, res.Detail = NotReached, found(w, g.Cond)
		}
		return res
	case Steps:
		res.Count, res.Detail = steps, "you took "+amount(steps, "step")
	case Actions:
		res.Count, res.Detail = actions, "you made "+amount(actions, "action")
	}
	res.Max, res.OK, res.Code = g.Max, res.Count <= g.Max, Within
	if res.OK {
		res.Detail = ""
	} else {
		res.Code = Over
	}
	return res
}

// found says how it is where a condition does not hold.
func found(w *engine.World, c engine.Cond) string {
	_, err := w.Apply(engine.Action{Kind: engine.Expect, Cond: c})
	if e, ok := errors.AsType[*engine.ExpectError](err); ok {
		return e.Found
	}
	return ""
}

// Verify proves that a challenge can be solved: its solution must run and reach every goal within the limits. It reports
// what fails, at the lines of the challenge's text, and warns of a challenge that is solved before the learner does anything.
// The result is the solution's.
func Verify(setup engine.Setup, base []engine.Action, s *Spec) (r Result, list diag.List) {
	report := func(sev diag.Severity, line int, code, message, hint string) *diag.Diagnostic {
		list = append(list, diag.Diagnostic{Line: line, Col: 1, EndCol: 1, Severity: sev, Code: code, Message: message, Hint: hint})
		return &list[len(list)-1]
	}
	tl, err := start(setup, base)
	if err != nil {
		report(diag.Error, 1, "bad-base", "the scenario that the challenge begins with does not run: "+err.Error(), "")
		return r, list
	}
	if before := try(tl, nil, s.Goals); before.Passed && len(s.Goals) > 0 {
		report(diag.Warning, s.Goals[0].Line, "already-solved", "every goal is reached before the learner does anything", "ask for more, or let the scenario end earlier")
	}
	if len(s.Solution) == 0 {
		report(diag.Error, 1, "no-solution", "the challenge has no solution, so nobody knows whether it can be solved", "write: solution step; drop SYN-ACK; step until quiet")
		return r, list
	}
	r = try(tl, s.Solution, s.Goals)
	if r.Failed > 0 {
		line := 1
		if r.Failed <= len(s.Lines) {
			line = s.Lines[r.Failed-1]
		}
		d := report(diag.Error, line, r.Fault.Code, fmt.Sprintf("action %d of the solution cannot be done: %s", r.Failed, r.Fault.Message), r.Fault.Hint)
		d.Range = r.Fault.Range
		return r, list
	}
	for i, g := range r.Goals {
		if !g.OK {
			report(diag.Error, s.Goals[i].Line, "unsolved", "the solution does not reach this goal: "+g.Text, g.Detail)
		}
	}
	return r, list
}
