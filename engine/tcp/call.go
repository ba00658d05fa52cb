package tcp

import (
	"fmt"
	"net/netip"
	"strconv"
)

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
	CallSocket
	CallBind
	CallGet
)

var verbNames = [...]string{"", "listen", "connect", "accept", "send", "recv", "shutdown", "close", "abort", "set", "socket", "bind", "get"}

// String returns the name of the call, "listen".
func (v Verb) String() string { return verbNames[v] }

// A Call is a socket call of the application on a host.
type Call struct {
	Verb     Verb
	Backlog  int            // of listen
	To       netip.AddrPort // of connect; zero is the other host's address and port. Of bind; with a zero address the host's own
	FastOpen bool           // of connect: Data goes with the SYN if there is a cookie, and behind the handshake if not
	From     uint16         // of connect: local port, 0 for the one that the set-up gives (then the next free one)
	Data     string         // of send, and of connect with FastOpen
	Count    int            // of recv: how many bytes at most, 0 for all that there are
	Listener bool           // of close: the listener, not a connection
	Option   SockOpt        // of set
	Values   [3]Time        // of set: what Option names
	FD       int            // descriptor of the socket that the call is on; 0 for a call without one (see Host.Call)
	Nonblock bool           // of socket: O_NONBLOCK; of connect, accept, send and recv: this call does not wait
	Conn     ConnID         // of send, set, recv, shutdown, close and abort: 0 is the newest connection
}

// SockOpt is a socket option.
type SockOpt uint8

// The socket options, with their values.
const (
	KeepAlive     SockOpt = iota + 1 // SO_KEEPALIVE with TCP_KEEPIDLE, TCP_KEEPINTVL and TCP_KEEPCNT (a number); idle 0 turns it off
	UserTimeout                      // TCP_USER_TIMEOUT
	DeferAccept                      // TCP_DEFER_ACCEPT of a listener
	NoDelay                          // TCP_NODELAY: 1 on, 0 off
	ReuseAddr                        // SO_REUSEADDR: 1 on, 0 off
	SockError                        // SO_ERROR, to be read with get
	FastOpenQueue                    // TCP_FASTOPEN of a listener: how many connections may wait for their ACK, 0 for no Fast Open
	numSockOpts
)

var sockOptNames = [...]string{"", "keepalive", "user-timeout", "defer-accept", "nodelay", "reuseaddr", "error", "fastopen"}

// String returns the name of the option, "keepalive".
func (o SockOpt) String() string { return sockOptNames[o] }

// String returns the call as the scenario language writes it behind the host: "listen backlog 4", "send 18". Of text that is sent it
// tells the length only.
func (c Call) String() string { return c.Format(strconv.Itoa(len(c.Data))) }

// Format is String with text in the place of the length of what is sent.
func (c Call) Format(text string) string {
	s := c.Verb.String()
	switch c.Verb {
	case CallListen:
		s += " backlog " + strconv.Itoa(c.Backlog)
	case CallConnect:
		if c.To.IsValid() {
			s += " to " + c.To.String()
		}
		if c.From != 0 {
			s += " from " + strconv.Itoa(int(c.From))
		}
		if c.FastOpen {
			s += " fastopen " + text
		}
	case CallSend:
		s += " " + text
	case CallRecv:
		if c.Count != 0 {
			s += " " + strconv.Itoa(c.Count)
		}
	case CallClose:
		if c.Listener {
			s += " listener"
		}
	case CallSet:
		s += " " + c.Option.String()
		switch {
		case c.Option == KeepAlive && c.Values[0] == 0:
			s += " off"
		case c.Option == FastOpenQueue:
			s += " " + strconv.FormatInt(int64(c.Values[0]), 10)
		case (c.Option == NoDelay || c.Option == ReuseAddr) && c.Values[0] == 0:
			s += " off"
		case c.Option == NoDelay || c.Option == ReuseAddr:
			s += " on"
		case c.Option == KeepAlive:
			s += fmt.Sprintf(" %s %s %d", c.Values[0], c.Values[1], int64(c.Values[2]))
		default:
			s += " " + c.Values[0].String()
		}
	}
	if c.Verb == CallGet {
		s += " " + c.Option.String()
	}
	if c.Verb == CallBind && c.To.Addr().IsValid() {
		s += " " + c.To.String()
	} else if c.Verb == CallBind {
		s += " " + strconv.Itoa(int(c.To.Port()))
	}
	if c.Nonblock {
		s += " nonblock"
	}
	if c.FD != 0 {
		s += " fd " + strconv.Itoa(c.FD)
	}
	if c.Conn != 0 {
		s += " conn " + strconv.FormatUint(uint64(c.Conn), 10)
	}
	return s
}
