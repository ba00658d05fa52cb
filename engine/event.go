package engine

import (
	"fmt"
	"slices"

	"github.com/handshakelab/lab/engine/tcp"
	"github.com/handshakelab/lab/engine/wire"
)

// Kind says what an Event is. Its text is part of the live protocol.
type Kind uint8

// The kinds of events, with the fields that have a meaning beside N, At, Kind and Host.
const (
	Called       Kind = iota + 1 // an application made the socket call Call (Conn when it is known)
	Told                         // an application was told Notice or Errno: Conn, Notice, Errno, Bytes
	Opened                       // Host made the record of Conn: Local and Remote of Vars
	Removed                      // Host dropped the record of Conn
	Changed                      // Conn went From one state To another: Rule, Args
	Updated                      // variables of Conn are now Vars
	TimerSet                     // Timer of Conn fires at Due: Rule, Args
	TimerStopped                 // Timer of Conn is off: Rule
	TimerFired                   // Timer of Conn fired: Rule, Args
	Sent                         // Host sent Seg with the contents Wire; it would arrive at Due: Conn, Rule, Args
	Forged                       // the learner put Seg with the contents Wire on the wire, it arrives at Due: Toward, Rule
	Edited                       // Seg now has the contents Wire: Fields, Rule (lab:edit by hand, or that of a box with its Text), Args
	Delayed                      // Seg now arrives at Due: Rule (lab:delay by hand, lab:reorder, or lab:rule with its Text)
	Held                         // Seg stays where it is: Due is Never, Rule
	Released                     // Seg goes on and arrives at Due: Rule
	Duplicated                   // Seg is a new copy of Of, it arrives at Due: Wire, Toward, Rule (lab:duplicate by hand, lab:chance, or lab:rule with its Text)
	Injected                     // the box Text of the path put Seg on the wire because of Of, it arrives at Due: Wire, Toward, Rule, Args
	Lost                         // Seg died on the wire: Rule (lab:drop by hand, lab:loss, lab:no-such-host, or lab:rule or that of a box with its Text), Args
	Passed                       // Seg met the boxes in the middle of the path, and they let it go on as it is: Rule
	Arrived                      // Seg reached Host: Conn 0 until a connection takes it
	Checked                      // Host made a numbered check on Seg (or, with Seg 0, on its own): Rule, Args, OK
	Discarded                    // Host threw Seg away: Rule, Args
	RuleAdded                    // Text is now rule number Count of the path
	RuleRemoved                  // Text, which was rule number Count of the path, is gone
	BoxAdded                     // Text is now box number Count of the path
	BoxRemoved                   // Text, which was box number Count of the path, is gone
	Failed                       // an expectation did not hold, Text: made by who runs a scenario; a World returns an error instead
)

var kindNames = [...]string{
	Called:       "called",
	Told:         "told",
	Opened:       "opened",
	Removed:      "removed",
	Changed:      "state",
	Updated:      "vars",
	TimerSet:     "timer-set",
	TimerStopped: "timer-stopped",
	TimerFired:   "timer-fired",
	Sent:         "sent",
	Forged:       "forged",
	Edited:       "edited",
	Delayed:      "delayed",
	Held:         "held",
	Released:     "released",
	Duplicated:   "duplicated",
	Injected:     "injected",
	Lost:         "lost",
	Passed:       "passed",
	Arrived:      "arrived",
	Checked:      "check",
	Discarded:    "discarded",
	RuleAdded:    "rule-added",
	RuleRemoved:  "rule-removed",
	BoxAdded:     "box-added",
	BoxRemoved:   "box-removed",
	Failed:       "expect-failed",
}

// String returns the name of the kind, "timer-set", "" for the zero Kind.
func (k Kind) String() string { return kindNames[k] }

// MarshalText is String for encodings.
func (k Kind) MarshalText() ([]byte, error) { return []byte(kindNames[k]), nil }

// UnmarshalText reads what MarshalText writes.
func (k *Kind) UnmarshalText(name []byte) error {
	i := slices.Index(kindNames[:], string(name))
	if i < 0 {
		return fmt.Errorf("there is no kind of event %q", name)
	}
	*k = Kind(i)
	return nil
}

// An Event is one thing that happened in a run. Events are the whole truth about it: a page that folds them knows every
// variable at every instant.
type Event struct {
	N      int // position in the run, from 0, without gaps along a branch
	At     Time
	Wire   *wire.Segment // what Seg carries, nil where nothing new is said about it; never changed after
	Vars   *tcp.TCB      // Opened, Updated: the connection as it stands; never changed after
	Call   string        // Called: the call as the scenario language writes it, "listen backlog 4"
	Text   string        // a rule or a box of the path as the scenario language writes it; Failed: the condition
	Count  int
	Fields Field // Edited: what changed
	Seg    SegID
	Of     SegID // the segment that this one is a copy of
	Kind   Kind  // its own, not that of the Effect
	Host   HostID
	Toward HostID // Sent, Forged, Duplicated, Injected: the host that Seg travels to

	// What a host did, as the host told it. What the path and the learner did has the fields of it that its kind names; Due is Never
	// while a segment is held.
	tcp.Effect

	// There are many events: in this order they have no gaps.
}
