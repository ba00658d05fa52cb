package goal

import "github.com/handshakelab/lab/engine/diag"

// Codes returns every code that only a challenge has, each with a challenge that has it from a run in which nothing has happened.
// Faults in its conditions and actions have the codes of package script.
func Codes() []diag.Code { return codes }

var codes = []diag.Code{
	diag.ErrorCode("no-goal", "the challenge asks for nothing", "solution client connect"),
	diag.ErrorCode("bad-limit", "neither steps nor actions are limited", "goal client SYN-SENT\nlimit stepps 3\nsolution client connect"),
	diag.ErrorCode("no-solution", "the challenge has no solution, so nobody knows whether it can be solved", "goal client SYN-SENT"),
	diag.ErrorCode("unsolved", "the solution does not reach a goal, or not within the limits", "goal client ESTABLISHED\nsolution client connect"),
	diag.WarningCode("already-solved", "every goal is reached before the learner does anything", "goal client CLOSED\nsolution client connect; client abort"),
	diag.ErrorCode("bad-base", "the scenario that the challenge begins with does not run; a lesson tells that at the scenario instead", ""),
}
