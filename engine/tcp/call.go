package tcp

import "net/netip"

// Verb is a socket call.
type Verb uint8

// The socket calls.
const (
	CallListen Verb = iota + 1
	CallConnect
	CallAccept
	CallSend
	CallRecv
	CallShutdown
	CallClose
	CallAbort
)

var verbNames = [...]string{"", "listen", "connect", "accept", "send", "recv", "shutdown", "close", "abort"}

// String returns the name of the call, "listen".
func (v Verb) String() string { return verbNames[v] }

// A Call is a socket call of the application on a host.
type Call struct {
	Verb    Verb
	Backlog int            // of listen
	To      netip.AddrPort // of connect; zero is the other host's address and port
	From    uint16         // of connect: local port, 0 for the one that the set-up gives (then the next free one)
	Data    string         // of send
	Count   int            // of recv: how many bytes at most, 0 for all that there are
	Conn    ConnID         // of send, recv, shutdown, close and abort: 0 is the newest connection
}
