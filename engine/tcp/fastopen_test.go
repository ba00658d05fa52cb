package tcp_test

import (
	"fmt"
	"net/netip"
	"testing"

	"github.com/handshakelab/lab/engine/rule"
	"github.com/handshakelab/lab/engine/tcp"
	"github.com/handshakelab/lab/engine/wire"
)

// fastClient is a host that connects with Fast Open and leaves it alone for ten seconds when it fails.
func fastClient(t *testing.T, p tcp.Profile) *tester {
	h := newTester(t, p)
	h.with(tcp.Options{FastOpen: tcp.Some[uint8](tcp.FastOpenClient), FastOpenPause: 10 * tcp.Second})
	return h
}

// fast connects with Fast Open from the port of the tests and returns what is seen of it: "plain", "ask", "ask in the old form" or
// "text".
func (h *tester) fast(to netip.AddrPort) string {
	h.effects = nil
	h.call(tcp.Call{Verb: tcp.CallConnect, To: to, FastOpen: true, Data: "text"})
	syn := h.sent()[0]
	switch o := syn.Options.Parse(); {
	case !o.HasFastOpen:
		return "plain"
	case o.CookieLen > 0 && syn.Payload == "text":
		return "text"
	case o.FastOpenExp:
		return "ask in the old form"
	default:
		return "ask"
	}
}

// answers lets the SYN-ACK of the newest connection arrive, that acknowledges n bytes of text.
func (h *tester) answers(n uint32, o wire.Options) {
	t := h.newest()
	h.effects = h.host.Receive(h.now, &wire.Segment{Src: t.Remote, Dst: t.Local, Seq: nxt - 1, Ack: t.ISS.Add(1 + n), Flags: wire.SYN | wire.ACK, Window: 1000,
		Options: o}, h.effects)
}

func (h *tester) newest() *tcp.TCB { return &h.host.Conns()[len(h.host.Conns())-1] }

// says returns the outcomes of a rule's checks so far: "failed 1" with its first number.
func (h *tester) says(id rule.ID) string {
	said := ""
	for _, e := range h.effects {
		if e.Kind == tcp.Check && e.Rule == id {
			said += map[bool]string{true: "passed ", false: "failed "}[e.OK] + fmt.Sprint(e.Args[0])
		}
	}
	return said
}

var withCookie = wire.Options{}.WithMSS(1000).WithFastOpen([]byte{1, 2, 3, 4})

// TestFastOpenBlackhole: what makes Linux leave Fast Open alone, everywhere: the third timeout in a row, the last one before it gives
// up, and a FIN or RST that comes out of order where no text came.
func TestFastOpenBlackhole(t *testing.T) {
	for _, test := range []struct {
		name string
		make func(h *tester)
		want string
	}{
		{"two timeouts", func(h *tester) { h.advance(2500 * tcp.Millisecond) }, ""},
		{"three timeouts", func(h *tester) { h.advance(3500 * tcp.Millisecond) }, "failed 1"},
		{"an RST in the window", func(h *tester) { h.answers(0, wire.Options{}); h.peers(wire.RST, 5) }, "failed 1"},
		{"an RST beyond the window", func(h *tester) { h.answers(0, wire.Options{}); h.peers(wire.RST, 500_000) }, ""},
		{"an RST with the exact number", func(h *tester) { h.answers(0, wire.Options{}); h.peers(wire.RST, 0) }, ""},
		{"an RST in the window behind text", func(h *tester) { h.answers(0, wire.Options{}); h.text("x"); h.peers(wire.RST, 6) }, ""},
		{"a FIN out of order, and the end", func(h *tester) {
			h.answers(0, wire.Options{})
			h.peers(wire.ACK|wire.FIN, 5)
			h.effects, _ = h.host.Call(h.now, &tcp.Call{Verb: tcp.CallAbort}, h.effects)
		}, "failed 1"},
		{"text out of order, and the end", func(h *tester) {
			h.answers(0, wire.Options{})
			h.peersText(5, "x")
			h.effects, _ = h.host.Call(h.now, &tcp.Call{Verb: tcp.CallAbort}, h.effects)
		}, ""},
	} {
		h := fastClient(t, tcp.Linux)
		h.fast(peer)
		test.make(h)
		h.equal(test.name, h.says(rule.LinuxFastOpenBlackhole), test.want)
		after := h.fast(netip.MustParseAddrPort("10.77.9.9:443"))
		h.equal(test.name+", then", after, map[string]string{"": "ask", "failed 1": "plain"}[test.want])
	}
	// Given up before the third timeout.
	h := newTester(t, tcp.Linux)
	h.with(tcp.Options{FastOpenPause: 10 * tcp.Second, SynRetries: tcp.Some[uint8](0), SynLinear: tcp.Some[uint8](0)})
	h.fast(peer)
	h.advance(tcp.Second)
	h.equal("given up at once", h.says(rule.LinuxFastOpenBlackhole), "failed 1")
	// As it comes, Linux never leaves it alone.
	h = newTester(t, tcp.Linux)
	h.fast(peer)
	h.advance(5 * tcp.Second)
	h.equal("with the sysctl as it comes", h.says(rule.LinuxFastOpenBlackhole)+h.fast(netip.MustParseAddrPort("10.77.9.9:443")), "ask")
}

// peers lets a segment of the other end of the newest connection arrive, ahead numbers beyond what is expected.
func (h *tester) peers(flags wire.Flags, ahead uint32) {
	t := h.newest()
	h.effects = h.host.Receive(h.now, &wire.Segment{Src: t.Remote, Dst: t.Local, Seq: t.RcvNxt.Add(ahead), Ack: t.SndNxt, Flags: flags, Window: 1000}, h.effects)
}

func (h *tester) peersText(ahead uint32, text string) {
	t := h.newest()
	h.effects = h.host.Receive(h.now, &wire.Segment{Src: t.Remote, Dst: t.Local, Seq: t.RcvNxt.Add(ahead), Ack: t.SndNxt, Flags: wire.ACK, Window: 1000, Payload: text}, h.effects)
}

func (h *tester) text(s string) { h.peersText(0, s) }

// TestFastOpenPause: each failure in a row makes the pause twice as long, up to 64 times. The answer to a SYN that was sent again is
// neither a failure nor a success.
func TestFastOpenPause(t *testing.T) {
	h := fastClient(t, tcp.RFC9293)
	h.fast(peer)
	h.answers(0, withCookie)
	for n := range 9 {
		h.equal(fmt.Sprintf("after pause %d", n), h.fast(peer), "text")
		h.call(send(3)) // waits, and tells nothing
		h.advance(tcp.Second)
		h.answers(0, wire.Options{}) // to the second SYN
		h.equal(fmt.Sprintf("failure %d", n+1), h.says(rule.FastOpenFailed), fmt.Sprintf("failed %d", n+1))
		h.advance(10*tcp.Second<<min(n, 6) - tcp.Second)
		h.equal(fmt.Sprintf("pause %d", n+1), h.fast(peer), "plain")
		h.equal("what is said", h.says(rule.FastOpenPaused), fmt.Sprintf("failed %d", n+1))
		h.advance(tcp.Second)
	}
}

// TestFastOpenServers: failures of more ports than are remembered push out the oldest.
func TestFastOpenServers(t *testing.T) {
	h := fastClient(t, tcp.RFC9293)
	h.with(tcp.Options{FastOpenPause: 24 * 60 * minute})
	port := func(n uint16) netip.AddrPort { return netip.AddrPortFrom(peer.Addr(), n) }
	for n := range uint16(17) {
		h.fast(port(n + 1))
		h.advance(1500 * tcp.Millisecond)
	}
	h.equal("the oldest", h.fast(port(1)), "ask")
	h.equal("the newest", h.fast(port(17)), "plain")
}

// TestFastOpenForms: what Linux asks a server that gives no cookie, as it was measured; a SYN that was lost proves nothing.
func TestFastOpenForms(t *testing.T) {
	h := fastClient(t, tcp.Linux)
	for i, want := range []string{"ask", "ask", "ask in the old form", "ask", "ask", "text"} {
		h.equal(fmt.Sprintf("connection %d", i+1), h.fast(peer), want)
		switch i {
		case 0:
			h.advance(1500 * tcp.Millisecond)
			h.answers(0, wire.Options{})
		case 4:
			h.answers(0, withCookie)
		default:
			h.answers(0, wire.Options{})
		}
	}
}
