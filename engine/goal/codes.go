package goal

import "github.com/handshakelab/lab/engine/diag"

// A Code is one kind of fault that only a challenge has. Faults in its conditions and actions have the codes of package script.
type Code struct {
	Name     string
	Severity diag.Severity
	Meaning  string
	Example  string // a challenge, from a run in which nothing has happened, that has this fault
}

// Codes returns every code with an example. They are stable: programs may compare them, messages may change.
func Codes() []Code { return codes }

var codes = []Code{
	{"no-goal", diag.Error, "the challenge asks for nothing", "solution client connect"},
	{"bad-limit", diag.Error, "neither steps nor actions are limited", "goal client SYN-SENT\nlimit stepps 3\nsolution client connect"},
	{"no-solution", diag.Error, "the challenge has no solution, so nobody knows whether it can be solved", "goal client SYN-SENT"},
	{"unsolved", diag.Error, "the solution does not reach a goal, or not within the limits", "goal client ESTABLISHED\nsolution client connect"},
	{"already-solved", diag.Warning, "every goal is reached before the learner does anything", "goal client CLOSED\nsolution client connect; client abort"},
	{"bad-base", diag.Error, "the scenario that the challenge begins with does not run; a lesson tells that at the scenario instead", ""},
}
