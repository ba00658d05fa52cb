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
	CallSet
)

var verbNames = [...]string{"", "listen", "connect", "accept", "send", "recv", "shutdown", "close", "abort", "set"}

// String returns the name of the call, "listen".
func (v Verb) String() string { return verbNames[v] }

// A Call is a socket call of the application on a host.
type Call struct {
	Verb     Verb
	Backlog  int            // of listen
	To       netip.AddrPort // of connect; zero is the other host's address and port
	From     uint16         // of connect: local port, 0 for the one that the set-up gives (then the next free one)
	Data     string         // of send
	Count    int            // of recv: how many bytes at most, 0 for all that there are
	Listener bool           // of close: the listener, not a connection
	Option   SockOpt        // of set
	Values   [3]Time        // of set: what Option names
	Conn     ConnID         // of send, set, recv, shutdown, close and abort: 0 is the newest connection
}

// SockOpt is a socket option.
type SockOpt uint8

// The socket options, with their values.
const (
	KeepAlive   SockOpt = iota + 1 // SO_KEEPALIVE with TCP_KEEPIDLE, TCP_KEEPINTVL and TCP_KEEPCNT (a number); idle 0 turns it off
	UserTimeout                    // TCP_USER_TIMEOUT
	DeferAccept                    // TCP_DEFER_ACCEPT of a listener
	NoDelay                        // TCP_NODELAY: 1 on, 0 off
)

var sockOptNames = [...]string{"", "keepalive", "user-timeout", "defer-accept", "nodelay"}

// String returns the name of the option, "keepalive".
func (o SockOpt) String() string { return sockOptNames[o] }
