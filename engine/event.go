package engine

import (
	"github.com/handshakelab/lab/engine/rule"
	"github.com/handshakelab/lab/engine/tcp"
	"github.com/handshakelab/lab/engine/wire"
)

// Kind says what an Event is. The text is part of the live protocol.
type Kind string

// The kinds of events, with the fields that have a meaning beside N, At, Kind and Host.
const (
	Called       Kind = "called"        // an application made the socket call Call (Conn when it is known)
	Told         Kind = "told"          // an application was told Notice or Errno: Conn, Notice, Errno, Bytes
	Opened       Kind = "opened"        // Host made the record of Conn: Local and Remote of Vars
	Removed      Kind = "removed"       // Host dropped the record of Conn
	Changed      Kind = "state"         // Conn went From one state To another: Rule, Args
	Updated      Kind = "vars"          // variables of Conn are now Vars
	TimerSet     Kind = "timer-set"     // Timer of Conn fires at Due: Rule, Args
	TimerStopped Kind = "timer-stopped" // Timer of Conn is off: Rule
	TimerFired   Kind = "timer-fired"   // Timer of Conn fired: Rule, Args
	Sent         Kind = "sent"          // Host sent Seg with the contents Wire; it would arrive at Due: Conn, Rule, Args
	Forged       Kind = "forged"        // the learner put Seg with the contents Wire on the wire, it arrives at Due: Toward, Rule
	Edited       Kind = "edited"        // Seg now has the contents Wire: Fields, Rule (lab:edit by hand, or that of a box with its Text), Args
	Delayed      Kind = "delayed"       // Seg now arrives at Due: Rule (lab:delay by hand, lab:reorder, or lab:rule with its Text)
	Held         Kind = "held"          // Seg stays where it is: Due is Never, Rule
	Released     Kind = "released"      // Seg goes on and arrives at Due: Rule
	Duplicated   Kind = "duplicated"    // Seg is a new copy of Of, it arrives at Due: Wire, Toward, Rule (lab:duplicate by hand, lab:chance, or lab:rule with its Text)
	Injected     Kind = "injected"      // the box Text of the path put Seg on the wire because of Of, it arrives at Due: Wire, Toward, Rule, Args
	Lost         Kind = "lost"          // Seg died on the wire: Rule (lab:drop by hand, lab:loss, lab:no-such-host, or lab:rule or that of a box with its Text), Args
	Passed       Kind = "passed"        // Seg met the boxes in the middle of the path, and they let it go on as it is: Rule
	Arrived      Kind = "arrived"       // Seg reached Host: Conn 0 until a connection takes it
	Checked      Kind = "check"         // Host made a numbered check on Seg (or, with Seg 0, on its own): Rule, Args, OK
	Discarded    Kind = "discarded"     // Host threw Seg away: Rule, Args
	RuleAdded    Kind = "rule-added"    // Text is now rule number Count of the path
	RuleRemoved  Kind = "rule-removed"  // Text, which was rule number Count of the path, is gone
	BoxAdded     Kind = "box-added"     // Text is now box number Count of the path
	BoxRemoved   Kind = "box-removed"   // Text, which was box number Count of the path, is gone
	Failed       Kind = "expect-failed" // an expectation did not hold, Text: made by who runs a scenario; a World returns an error instead
)

// An Event is one thing that happened in a run. Events are the whole truth about it: a page that folds them knows every
// variable at every instant.
type Event struct {
	N      int // position in the run, from 0, without gaps along a branch
	At     Time
	Kind   Kind
	Rule   rule.ID
	Args   [rule.MaxParams]int64
	Due    Time          // Never while a segment is held
	Wire   *wire.Segment // what Seg carries, nil where nothing new is said about it; never changed after
	Vars   *tcp.TCB      // Opened, Updated: the connection as it stands; never changed after
	Call   string        // Called: the call as the scenario language writes it, "listen backlog 4"
	Text   string        // a rule or a box of the path as the scenario language writes it; Failed: the condition
	Count  int
	Fields Field // Edited: what changed
	Conn   tcp.ConnID
	Seg    SegID
	Of     SegID // the segment that this one is a copy of
	Bytes  uint32
	Host   HostID
	Toward HostID // Sent, Forged, Duplicated, Injected: the host that Seg travels to
	OK     bool
	From   tcp.State
	To     tcp.State
	Timer  tcp.TimerKind
	Notice tcp.Notice
	Errno  tcp.Errno

	// There are many events: in this order they have no gaps.
}
