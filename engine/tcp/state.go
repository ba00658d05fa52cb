package tcp

import "fmt"

// State is the state of a connection (RFC 9293 section 3.3.2).
type State uint8

// The states, in the order of the RFC. CLOSED is zero: a connection that is not there.
const (
	Closed State = iota
	Listen
	SynSent
	SynReceived
	Established
	FinWait1
	FinWait2
	CloseWait
	Closing
	LastAck
	TimeWait
	NumStates
)

var stateNames = [NumStates]string{"CLOSED", "LISTEN", "SYN-SENT", "SYN-RECEIVED", "ESTABLISHED", "FIN-WAIT-1", "FIN-WAIT-2",
	"CLOSE-WAIT", "CLOSING", "LAST-ACK", "TIME-WAIT"}

// String returns the name as RFC 9293 spells it.
func (s State) String() string {
	if s < NumStates {
		return stateNames[s]
	}
	return fmt.Sprintf("State(%d)", uint8(s))
}

// ParseState reads the RFC's spelling, in capitals.
func ParseState(name string) (State, bool) {
	for s, n := range stateNames {
		if n == name {
			return State(s), true
		}
	}
	return 0, false
}

// MarshalText makes a State its name in JSON.
func (s State) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// receives reports whether text and FIN of the peer are still to come.
func (s State) receives() bool { return s == Established || s == FinWait1 || s == FinWait2 }

// Synchronized reports whether both sides' sequence numbers are known and acknowledged: ESTABLISHED and all later states
// (RFC 9293 section 3.5.2).
func (s State) Synchronized() bool { return s >= Established }
