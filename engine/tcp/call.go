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
	Peek     bool           // of recv on a descriptor: what is read stays unread (MSG_PEEK)
	WaitAll  bool           // of recv on a descriptor: it waits until there are Count bytes (MSG_WAITALL)
	How      How            // of shutdown on a descriptor: which direction
	Unspec   bool           // of connect on a descriptor: to no address (AF_UNSPEC), which makes it as new
	Conn     ConnID         // of send, set, recv, shutdown, close and abort: 0 is the newest connection
}

// How says which direction shutdown ends.
type How uint8

// The directions, by the second argument of shutdown.
const (
	ShutWrite How = iota // SHUT_WR: nothing more is sent
	ShutRead             // SHUT_RD: nothing more is read
	ShutBoth             // SHUT_RDWR
)

var howNames = [...]string{"write", "read", "both"}

// String returns the name of the direction, "write".
func (h How) String() string { return howNames[h] }

// SockOpt is a socket option.
type SockOpt uint8

// The socket options, with their values.
const (
	KeepAlive       SockOpt = iota + 1 // SO_KEEPALIVE with TCP_KEEPIDLE, TCP_KEEPINTVL and TCP_KEEPCNT (a number); idle 0 turns it off
	UserTimeout                        // TCP_USER_TIMEOUT
	DeferAccept                        // TCP_DEFER_ACCEPT of a listener
	NoDelay                            // TCP_NODELAY: 1 on, 0 off
	ReuseAddr                          // SO_REUSEADDR: 1 on, 0 off
	SockError                          // SO_ERROR, to be read with get
	FastOpenQueue                      // TCP_FASTOPEN of a listener: how many connections may wait for their ACK, 0 for no Fast Open
	FastOpenKey                        // what the listener makes its Fast Open cookies with (Linux tcp_fastopen_key, a number here)
	Nonblocking                        // O_NONBLOCK, of a descriptor: 1 on, 0 off
	Linger                             // SO_LINGER of a descriptor with a time of 0 s: 1 lets close abort the connection, 0 off
	MaxSeg                             // TCP_MAXSEG: bytes of the largest segment
	RecvBuffer                         // SO_RCVBUF: bytes, before the connection is made
	SendBuffer                         // SO_SNDBUF of a descriptor: bytes
	SynCount                           // TCP_SYNCNT: how often a SYN is sent again
	Linger2                            // TCP_LINGER2: how long a closed socket stays in FIN-WAIT-2
	FastOpenConnect                    // TCP_FASTOPEN_CONNECT of a descriptor: 1 lets connect wait for the text of the first send, 0 off
	LocalPorts                         // IP_LOCAL_PORT_RANGE of a descriptor: the first and the last local port that connect may choose
	NotSent                            // TCP_NOTSENT_LOWAT of a descriptor: bytes that may wait to be sent, for whoever asks for room
	numSockOpts
)

var sockOptNames = [...]string{"", "keepalive", "user-timeout", "defer-accept", "nodelay", "reuseaddr", "error", "fastopen", "fastopen-key",
	"nonblock", "linger", "maxseg", "rcvbuf", "sndbuf", "syncnt", "linger2", "fastopen-connect", "local-ports", "notsent"}

// String returns the name of the option, "keepalive".
func (o SockOpt) String() string { return sockOptNames[o] }

// IsSwitch reports whether an option is on or off.
func (o SockOpt) IsSwitch() bool {
	return o == NoDelay || o == ReuseAddr || o == Nonblocking || o == Linger || o == FastOpenConnect
}

// OfDescriptor reports whether only a descriptor has the option, not a connection by itself.
func (o SockOpt) OfDescriptor() bool {
	return o == SockError || o == Nonblocking || o == Linger || o == SendBuffer || o == FastOpenConnect || o == LocalPorts || o == NotSent
}

// IsNumber reports whether the value of an option is one number, neither a switch nor a time.
func (o SockOpt) IsNumber() bool {
	return o == FastOpenQueue || o == FastOpenKey || o == MaxSeg || o == RecvBuffer || o == SendBuffer || o == SynCount || o == NotSent
}

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
		if c.Unspec {
			s += " unspec"
		}
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
		if c.Peek {
			s += " peek"
		}
		if c.WaitAll {
			s += " waitall"
		}
	case CallShutdown:
		if c.How != ShutWrite {
			s += " " + c.How.String()
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
		case c.Option.IsNumber():
			s += " " + strconv.FormatInt(int64(c.Values[0]), 10)
		case c.Option == LocalPorts:
			s += fmt.Sprintf(" %d %d", int64(c.Values[0]), int64(c.Values[1]))
		case c.Option.IsSwitch() && c.Values[0] == 0:
			s += " off"
		case c.Option.IsSwitch():
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
