package tcp_test

import (
	"strings"
	"testing"

	"github.com/handshakelab/lab/engine/tcp"
)

// TestPoll: what a descriptor is ready for, from its opening to its end.
func TestPoll(t *testing.T) {
	h := newTester(t, tcp.Linux)
	h.equal("no such descriptor", h.host.Poll(3), tcp.Ready(0))
	h.on(socketCall)
	h.equal("a new socket", h.host.Poll(3), tcp.ReadyHup|tcp.ReadyOut)
	h.on(bind(3, "0.0.0.0:80"))
	h.on(tcp.Call{Verb: tcp.CallListen, FD: 3, Backlog: 4})
	h.equal("a listener", h.host.Poll(3), tcp.Ready(0))
	h.arrive("S", nxt-1, 0, 0)
	h.arrive(".", nxt, undNxt, 0)
	h.equal("a listener with a connection", h.host.Poll(3), tcp.ReadyIn)
	h.on(call(3, tcp.CallAccept))
	h.equal("a connection", h.host.Poll(4), tcp.ReadyOut)
	h.arrive("P.", nxt, undNxt, 5)
	h.equal("text", h.host.Poll(4), tcp.ReadyIn|tcp.ReadyOut)
	h.on(nonblocking(text(4, strings.Repeat("x", 1<<20))))
	h.equal("no room", h.host.Poll(4), tcp.ReadyIn)
	h.arrive("R.", nxt+5, undNxt, 0)
	h.equal("a reset", h.host.Poll(4), tcp.ReadyIn|tcp.ReadyOut|tcp.ReadyErr|tcp.ReadyHup|tcp.ReadyRdHup)
	n, end := h.host.Unread(4)
	h.equal("left to read", n, 5)
	h.equal("and then the end", end, true)
	h.equal("Linux lets it be read", h.on(call(4, tcp.CallRecv)), "5")
	h.equal("then comes the error", h.on(call(4, tcp.CallRecv)), "ECONNRESET")

	h.on(tcp.Call{Verb: tcp.CallSet, FD: 3, Option: tcp.RecvBuffer, Values: [3]tcp.Time{5000}})
	send, receive := h.host.Buffers(3)
	h.equal("send buffer", send, 16384)
	h.equal("receive buffer", receive, 10000)
	n, end = h.host.Unread(9)
	h.equal("no descriptor, nothing to read", n, 0)
	h.equal("and no end", end, false)
	send, _ = h.host.Buffers(9)
	h.equal("nor buffers", send, 0)
}

// TestResetWaiting: Linux hands out a connection that was reset in the accept queue, in its turn.
func TestResetWaiting(t *testing.T) {
	h := newTester(t, tcp.Linux)
	for _, c := range []tcp.Call{socketCall, bind(3, "0.0.0.0:80"), {Verb: tcp.CallListen, FD: 3, Backlog: 4}} {
		h.on(c)
	}
	h.arrive("S", nxt-1, 0, 0)
	h.arrive(".", nxt, undNxt, 0)
	h.arrive("R.", nxt, undNxt, 0)
	h.equal("the listener", h.host.Poll(3), tcp.ReadyIn)
	h.equal("accept", h.on(call(3, tcp.CallAccept)), "4")
	h.equal("recv", h.on(call(4, tcp.CallRecv)), "ECONNRESET")
	h.equal("shutdown of the listener to send", h.on(call(3, tcp.CallShutdown)), "0")
	h.equal("still there", h.on(nonblocking(call(3, tcp.CallAccept))), "EAGAIN")
	h.equal("shutdown of the listener", h.on(tcp.Call{Verb: tcp.CallShutdown, FD: 3, How: tcp.ShutBoth}), "0")
	h.equal("it listens no more", h.on(call(3, tcp.CallAccept)), "EINVAL")
}

// TestResetInTurn: with two in the accept queue, the older one is handed out first though it was reset.
func TestResetInTurn(t *testing.T) {
	h := newTester(t, tcp.Linux)
	h.call(tcp.Call{Verb: tcp.CallListen, Backlog: 4})
	h.arrive("S", nxt-1, 0, 0)
	h.arrive(".", nxt, undNxt, 0)
	first := h.newest().ID
	h.arrive("R.", nxt, undNxt, 0)
	h.arrive("S", nxt-1, 0, 0)
	h.arrive(".", nxt, uint32(h.newest().ISS)+1, 0)
	second := h.newest().ID
	for _, want := range []tcp.ConnID{first, second} {
		h.effects = nil
		h.call(tcp.Call{Verb: tcp.CallAccept})
		h.equal("accepted", h.effects[0].Conn, want)
	}
	if h.host.Conn(first) != nil {
		t.Error("the one that was reset has a record")
	}
	h.equal("the other one", h.host.Conn(second).State, tcp.Established)
}
