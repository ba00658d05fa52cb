package engine

import (
	"strconv"
	"strings"
)

// Codes of an ActionError. They are part of the live protocol.
const (
	NoSuchSegment = "no_such_segment" // the run never had such a segment
	SegmentGone   = "segment_gone"    // it had, but the segment arrived or was lost
	OutOfRange    = "out_of_range"    // a value is not between Min and Max
	Finished      = "finished"        // nothing is due any more
	Limit         = "limit"           // the run, the path or the timeline is full
	BadCall       = "bad_call"        // the host refuses the socket call
	BadEdit       = "bad_edit"        // an edit sets nothing, or an address that is not one
	BadRule       = "bad_rule"        // a rule of the path that makes no sense
	NotHeld       = "not_held"        // only a held segment can be released
	AlreadyHeld   = "already_held"
	NoSuchRule    = "no_such_rule"
	BadBox        = "bad_box" // a box that makes no sense, or cannot stand between these hosts
	NoSuchBox     = "no_such_box"
	NoSuchNode    = "no_such_node"
	BadAction     = "bad_action" // an action whose kind or host does not exist
)

// An ActionError says why an action could not be done. Whatever the action was, nothing has changed.
type ActionError struct {
	Action   Action
	Code     string // one of the codes above
	Reason   string // what is wrong: a clause without a full stop
	Hint     string // what can be done instead, or ""
	Min, Max int64  // the range, of OutOfRange
	Err      error  // the host's own error, of BadCall
}

// Error returns the reason.
func (e *ActionError) Error() string { return e.Reason }

// Unwrap returns what the host said.
func (e *ActionError) Unwrap() error { return e.Err }

// An ExpectError says that the condition of an Expect does not hold.
type ExpectError struct {
	Cond  Cond
	Found string // how it is instead
}

// Error returns "expected server ESTABLISHED, but the server is in SYN-RECEIVED".
func (e *ExpectError) Error() string { return "expected " + e.Cond.String() + ", but " + e.Found }

// A SetupError says which part of a Setup cannot be.
type SetupError struct {
	Part   string // "client", "server" or "path"
	Reason string
}

// Error returns "client: ...".
func (e *SetupError) Error() string { return e.Part + ": " + e.Reason }

func fail(code string, reason ...string) *ActionError {
	return &ActionError{Code: code, Reason: strings.Join(reason, "")}
}

func (e *ActionError) hint(words ...string) *ActionError {
	e.Hint = strings.Join(words, "")
	return e
}

// outside is the error for a number that is not between least and most.
func outside(what string, least, most int64) *ActionError {
	e := fail(OutOfRange, what, " must be ", strconv.FormatInt(least, 10), " to ", strconv.FormatInt(most, 10))
	e.Min, e.Max = least, most
	return e
}

// outsideTime is the error for a length of time that is not between least and most.
func outsideTime(what string, least, most Time) *ActionError {
	e := fail(OutOfRange, what, " must be ", least.String(), " to ", most.String())
	e.Min, e.Max = int64(least), int64(most)
	return e
}
