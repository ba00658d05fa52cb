package tcp

import "github.com/handshakelab/lab/engine/rule"

// EffectKind says what an Effect is.
type EffectKind uint8

// What a step of a connection or a host can bring about.
const (
	Check     EffectKind = iota + 1 // a numbered check of a rule was made: OK, Rule, Args
	Send                            // Seg left the host
	Discard                         // the segment that arrived is thrown away, Rule says why
	Change                          // the state went From one To another
	TimerSet                        // Timer will fire at At
	TimerStop                       // Timer is off
	TimerFire                       // Timer fired
	Tell                            // the application is told Errno, or what Notice says
	Opened                          // the host made a connection record
	Removed                         // the host dropped a connection record
	Updated                         // variables of the connection changed; Host.Conn has them
)

// Notice is what an application is told when nothing went wrong.
type Notice uint8

// The notices.
const (
	NoNotice   Notice = iota
	Connected         // connect() returned
	Acceptable        // a connection waits in the accept queue
	Accepted          // accept() returned it
	Readable          // Bytes new bytes can be read
	PeerClosed        // the peer sent FIN: reading will end
	Returned          // a call on a descriptor returned; the arguments are the descriptor and the value
)

var noticeNames = [...]string{"", "connected", "acceptable", "accepted", "readable", "peer-closed", "returned"}

// String returns the name of the notice, "connected", or "" for NoNotice.
func (n Notice) String() string { return noticeNames[n] }

// ParseNotice reads what String prints.
func ParseNotice(name string) (Notice, bool) {
	for n, s := range noticeNames {
		if s == name && s != "" {
			return Notice(n), true
		}
	}
	return NoNotice, false
}

// TimerKind names a timer of a connection.
type TimerKind uint8

// The timers.
const (
	Retransmit   TimerKind = iota // for SYN, SYN-ACK, text and FIN alike
	TimeWaitTime                  // twice the maximum segment lifetime in TIME-WAIT
	FinWaitTime                   // how long Linux waits in FIN-WAIT-2 for the FIN of the peer of a closed socket
	DelayedAck                    // how long an acknowledgment may wait for text to ride on
	LossProbe                     // tail loss probe of Linux
	Persist                       // the next probe of a shut window
	Keepalive                     // the next probe of an idle connection
	NumTimers
)

var timerNames = [NumTimers]string{"retransmit", "time-wait", "fin-wait-2", "delayed-ack", "loss-probe", "persist", "keepalive"}

// String returns the name of the timer, "retransmit".
func (k TimerKind) String() string { return timerNames[k] }

// An Effect is one thing that a step brought about, with the rule that asked for it and the numbers that went into it.
// It carries no prose: the sentence is in the rule's catalogue entry.
type Effect struct {
	Kind     EffectKind
	OK       bool // of a Check
	Timer    TimerKind
	From, To State
	Notice   Notice
	Errno    Errno
	Conn     ConnID
	Rule     rule.ID
	Args     [rule.MaxParams]int64 // the values of the rule's Params
	Due      Time                  // of a TimerSet: when it will fire
	Bytes    uint32                // of a Readable notice
	Sent     uint32                // of a Send: which of the segments that were sent, from 0 (Host.Sent)

	// There are many effects, and each becomes part of an event of a run: they have no pointers, and fill a cache line.
}
