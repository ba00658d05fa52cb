package tcp_test

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/handshakelab/lab/engine/rule"
	"github.com/handshakelab/lab/engine/tcp"
)

// on makes a call on a descriptor and says how it ends: the value, the errno, or that it waits.
func (h *tester) on(c tcp.Call) string {
	h.effects = nil
	effects, err := h.host.Call(h.now, &c, nil)
	h.keep(effects)
	if err != nil {
		return "not made: " + err.Error()
	}
	for _, e := range h.effects {
		if e.Kind == tcp.Tell && e.Rule == rule.SocketCall {
			if e.Errno != tcp.OK {
				return e.Errno.String()
			}
			return fmt.Sprint(e.Args[1])
		}
	}
	return "waits"
}

func call(fd int, verb tcp.Verb) tcp.Call { return tcp.Call{Verb: verb, FD: fd} }

// nonblocking is a call that does not wait.
func nonblocking(c tcp.Call) tcp.Call { c.Nonblock = true; return c }

var socketCall = tcp.Call{Verb: tcp.CallSocket}

func bind(fd int, to string) tcp.Call {
	return tcp.Call{Verb: tcp.CallBind, FD: fd, To: netip.MustParseAddrPort(to)}
}

func text(fd int, s string) tcp.Call { return tcp.Call{Verb: tcp.CallSend, FD: fd, Data: s} }

// TestSocketErrors: how each call on a descriptor ends when it cannot do what it is for. The first descriptor is 3.
func TestSocketErrors(t *testing.T) {
	connecting := []tcp.Call{socketCall, nonblocking(call(3, tcp.CallConnect))}
	listening := []tcp.Call{socketCall, bind(3, "0.0.0.0:80"), call(3, tcp.CallListen)}
	for _, test := range []struct {
		name    string
		profile tcp.Profile
		calls   []tcp.Call
		want    string // of the last call
	}{
		{"a descriptor that is not open", tcp.Linux, []tcp.Call{call(9, tcp.CallListen)}, "EBADF"},
		{"one that was closed", tcp.Linux, []tcp.Call{socketCall, call(3, tcp.CallClose), call(3, tcp.CallClose)}, "EBADF"},
		{"the lowest number that is free", tcp.Linux, []tcp.Call{socketCall, socketCall, call(3, tcp.CallClose), socketCall}, "3"},
		{"too many sockets", tcp.Linux, slices.Repeat([]tcp.Call{socketCall}, 65), "EMFILE"},
		{"a second call while one waits", tcp.Linux, []tcp.Call{socketCall, call(3, tcp.CallConnect), text(3, "x")}, "not made: EALREADY"},
		{"no such call", tcp.Linux, []tcp.Call{socketCall, call(3, tcp.CallGet+1)}, "EOPNOTSUPP"},
		{"bind twice", tcp.Linux, []tcp.Call{socketCall, bind(3, "0.0.0.0:80"), bind(3, "0.0.0.0:81")}, "EINVAL"},
		{"bind to another host's address", tcp.Linux, []tcp.Call{socketCall, bind(3, "192.0.2.99:80")}, "EADDRNOTAVAIL"},
		{"bind to the port of another socket", tcp.Linux, []tcp.Call{socketCall, bind(3, "0.0.0.0:80"), socketCall, bind(4, "0.0.0.0:80")}, "EADDRINUSE"},
		{"bind to any port", tcp.Linux, []tcp.Call{socketCall, bind(3, "0.0.0.0:0")}, "0"},
		{"listen on a port that has a listener", tcp.Linux, append(slices.Clone(listening), socketCall, bind(4, "0.0.0.0:80")), "EADDRINUSE"},
		{"listen again, with another backlog", tcp.Linux, append(slices.Clone(listening), call(3, tcp.CallListen)), "0"},
		{"listen without a port, by Linux", tcp.Linux, []tcp.Call{socketCall, call(3, tcp.CallListen)}, "0"},
		{"listen without a port, by POSIX", tcp.RFC9293, []tcp.Call{socketCall, call(3, tcp.CallListen)}, "EDESTADDRREQ"},
		{"listen with a backlog below zero", tcp.Linux, []tcp.Call{socketCall, bind(3, "0.0.0.0:80"), {Verb: tcp.CallListen, FD: 3, Backlog: -1}}, "EINVAL"},
		{"listen on a connection", tcp.Linux, append(slices.Clone(connecting), call(3, tcp.CallListen)), "EINVAL"},
		{"connect a listener", tcp.Linux, append(slices.Clone(listening), call(3, tcp.CallConnect)), "EISCONN"},
		{"connect that does not wait", tcp.Linux, connecting, "EINPROGRESS"},
		{"... again", tcp.Linux, append(slices.Clone(connecting), nonblocking(call(3, tcp.CallConnect))), "EALREADY"},
		{"connect to many", tcp.Linux, []tcp.Call{socketCall, {Verb: tcp.CallConnect, FD: 3, To: netip.MustParseAddrPort("224.0.0.1:80")}}, "ENETUNREACH"},
		{"accept without listen", tcp.Linux, []tcp.Call{socketCall, call(3, tcp.CallAccept)}, "EINVAL"},
		{"accept where nobody waits", tcp.Linux, append(slices.Clone(listening), nonblocking(call(3, tcp.CallAccept))), "EAGAIN"},
		{"accept that waits", tcp.Linux, append(slices.Clone(listening), call(3, tcp.CallAccept)), "waits"},
		{"send without a connection, by Linux", tcp.Linux, []tcp.Call{socketCall, text(3, "x")}, "EPIPE"},
		{"send without a connection, by POSIX", tcp.RFC9293, []tcp.Call{socketCall, text(3, "x")}, "ENOTCONN"},
		{"send while connecting", tcp.Linux, append(slices.Clone(connecting), nonblocking(text(3, "x"))), "EAGAIN"},
		{"recv without a connection", tcp.Linux, []tcp.Call{socketCall, call(3, tcp.CallRecv)}, "ENOTCONN"},
		{"recv while connecting", tcp.Linux, append(slices.Clone(connecting), nonblocking(call(3, tcp.CallRecv))), "EAGAIN"},
		{"shutdown without a connection", tcp.Linux, []tcp.Call{socketCall, call(3, tcp.CallShutdown)}, "ENOTCONN"},
		{"shutdown while connecting", tcp.Linux, append(slices.Clone(connecting), call(3, tcp.CallShutdown)), "0"},
		{"an option of a listener", tcp.Linux, append(slices.Clone(listening), tcp.Call{Verb: tcp.CallSet, FD: 3, Option: tcp.DeferAccept}), "0"},
		{"an option of a connection", tcp.Linux, append(slices.Clone(connecting), tcp.Call{Verb: tcp.CallSet, FD: 3, Option: tcp.NoDelay}), "0"},
		{"no error to be told", tcp.Linux, append(slices.Clone(connecting), tcp.Call{Verb: tcp.CallGet, FD: 3, Option: tcp.SockError}), "0"},
		{"abort", tcp.Linux, append(slices.Clone(connecting), call(3, tcp.CallAbort)), "0"},
	} {
		t.Run(test.name, func(t *testing.T) {
			h := newTester(t, test.profile)
			got := ""
			for _, c := range test.calls {
				got = h.on(c)
			}
			if got != test.want {
				t.Errorf("%v ends with %s, want %s", test.calls[len(test.calls)-1], got, test.want)
			}
		})
	}
}

// accepted is a tester whose descriptor 4 is a connection.
func accepted(t *testing.T, p tcp.Profile) *tester {
	h := newTester(t, p)
	for _, c := range []tcp.Call{socketCall, bind(3, "0.0.0.0:80"), {Verb: tcp.CallListen, FD: 3, Backlog: 4}} {
		h.on(c)
	}
	h.arrive("S", nxt-1, 0, 0)
	h.arrive(".", nxt, undNxt, 0)
	h.equal("accept", h.on(call(3, tcp.CallAccept)), "4")
	return h
}

// TestSocketEnd: the error that ended a connection is told once; then there is nothing to read, and nobody to send to.
func TestSocketEnd(t *testing.T) {
	h := accepted(t, tcp.Linux)
	h.equal("sockets", len(h.host.Sockets()), 2)
	h.arrive("R", nxt, 0, 0)
	h.equal("first recv", h.on(call(4, tcp.CallRecv)), "ECONNRESET")
	h.equal("second recv", h.on(call(4, tcp.CallRecv)), "0")
	h.equal("send", h.on(text(4, "x")), "EPIPE")
	h.equal("shutdown", h.on(call(4, tcp.CallShutdown)), "ENOTCONN")
	h.equal("close", h.on(call(4, tcp.CallClose)), "0")

	h = accepted(t, tcp.Linux)
	h.equal("shutdown", h.on(call(4, tcp.CallShutdown)), "0")
	h.equal("send after shutdown", h.on(text(4, "x")), "EPIPE")
	h.arrive("P.", nxt, undNxt+1, 5)
	h.equal("recv of 2", h.on(tcp.Call{Verb: tcp.CallRecv, FD: 4, Count: 2}), "2")
	h.equal("recv of the rest", h.on(call(4, tcp.CallRecv)), "3")
	h.arrive("F.", nxt+5, undNxt+1, 0)
	h.equal("recv after the peer's FIN", h.on(call(4, tcp.CallRecv)), "0")

	h = accepted(t, tcp.RFC9293)
	h.equal("a send that does not fit", h.on(text(4, strings.Repeat("x", 140<<10))), "waits")
	h.equal("a call meanwhile", h.on(call(4, tcp.CallClose)), "not made: EALREADY")

	h = accepted(t, tcp.RFC9293)
	h.equal("a small buffer", h.on(tcp.Call{Verb: tcp.CallSet, FD: 4, Option: tcp.RecvBuffer, Values: [3]tcp.Time{3000}}), "0")
	own := h.host.ProfileOf(h.conn())
	h.equal("is as large as was asked for", own.Window, uint32(3000))

	h = accepted(t, tcp.RFC9293)
	h.equal("as much as fits", h.on(nonblocking(text(4, strings.Repeat("x", 140<<10)))), fmt.Sprint(128<<10))
	h.equal("no more", h.on(nonblocking(text(4, "x"))), "EAGAIN")
	h.equal("abort", h.on(call(4, tcp.CallAbort)), "0")
	h.equal("sent", flagsOf(h.sent()), "RST")
}

// TestManySockets: there are as many ports and descriptors as there are, and no more.
func TestManySockets(t *testing.T) {
	h := newTester(t, tcp.Linux)
	for range 62 {
		h.on(socketCall)
	}
	h.on(bind(3, "0.0.0.0:80"))
	h.on(tcp.Call{Verb: tcp.CallListen, FD: 3, Backlog: 4})
	for fd := 4; fd < 64; fd++ {
		h.equal("bind", h.on(bind(fd, "0.0.0.0:0")), "0")
	}
	h.equal("socket", h.on(socketCall), "65")
	h.equal("socket", h.on(socketCall), "66")
	h.equal("socket", h.on(socketCall), "EMFILE")
	h.arrive("S", nxt-1, 0, 0)
	h.arrive(".", nxt, undNxt, 0)
	h.equal("accept without a descriptor", h.on(call(3, tcp.CallAccept)), "EMFILE")
	h.equal("accept that waits for one", h.on(nonblocking(call(3, tcp.CallAccept))), "EMFILE")
	h.on(call(50, tcp.CallClose))
	h.equal("the connection has stayed in the queue", h.on(call(3, tcp.CallAccept)), "50")
}
