package tcp_test

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"github.com/handshakelab/lab/engine/tcp"
	"github.com/handshakelab/lab/engine/wire"
)

// TestText prints and reads what is seldom printed and read.
func TestText(t *testing.T) {
	if got := tcp.State(99).String(); got != "State(99)" {
		t.Error(got)
	}
	if got, err := tcp.TimeWait.MarshalText(); string(got) != "TIME-WAIT" || err != nil {
		t.Error(string(got), err)
	}
	for at, want := range map[tcp.Time]string{-1500 * tcp.Millisecond: "-1.5s", -3 * tcp.Second: "-3s"} {
		if got := at.String(); got != want {
			t.Errorf("%d is %s, want %s", int64(at), got, want)
		}
	}
	if got, err := tcp.ParseTime("2min"); got != 2*minute || err != nil {
		t.Error(got, err)
	}
	if _, err := tcp.ParseTime("2h"); err == nil {
		t.Error("2h is no time")
	}
}

// TestCallsWithoutSense: a call that cannot be made is refused and changes nothing.
func TestCallsWithoutSense(t *testing.T) {
	for _, test := range []struct {
		name string
		call tcp.Call
		want tcp.Errno
	}{
		{"accept without a listener", tcp.Call{Verb: tcp.CallAccept}, tcp.EINVAL},
		{"close of a listener that is not there", tcp.Call{Verb: tcp.CallClose, Listener: true}, tcp.ENOTCONN},
		{"an option of a listener that is not there", tcp.Call{Verb: tcp.CallSet, Option: tcp.DeferAccept}, tcp.EINVAL},
		{"a backlog below zero", tcp.Call{Verb: tcp.CallListen, Backlog: -1}, tcp.EINVAL},
		{"no such call", tcp.Call{Verb: tcp.CallGet + 1}, tcp.EINVAL},
		{"send without a connection", tcp.Call{Verb: tcp.CallSend, Data: "x"}, tcp.ENOTCONN},
	} {
		h := newTester(t, tcp.Linux)
		before := h.host.AppendBinary(nil)
		if out, err := h.host.Call(0, &test.call, nil); err != test.want || len(out) != 0 || string(h.host.AppendBinary(nil)) != string(before) {
			t.Errorf("%s: %v and %d effects, want %v", test.name, err, len(out), test.want)
		}
	}
}

// TestPureStep: what an input does not concern it leaves alone.
func TestPureStep(t *testing.T) {
	h := newTester(t, tcp.RFC9293)
	h.open()
	open := *h.conn()
	for name, in := range map[string]tcp.Input{
		"an active OPEN of a connection": {Kind: tcp.OpenInput},
		"a timer that is off":            {Kind: tcp.TimerInput, Timer: tcp.Retransmit},
		"a timer that there is not":      {Kind: tcp.TimerInput, Timer: tcp.NumTimers},
		"reading where there is nothing": {Kind: tcp.RecvInput},
		"an input that there is not":     {},
	} {
		if after, out, _ := tcp.Step(open, &h.profile, h.now, in, nil, nil); after != open || len(out) != 0 {
			t.Errorf("%s changes the connection or brings %d effects", name, len(out))
		}
	}
	closed := tcp.TCB{Local: self, Remote: peer}
	if _, out, _ := tcp.Step(closed, &h.profile, 0, tcp.Input{Kind: tcp.AbortInput}, nil, nil); len(out) != 0 {
		t.Errorf("aborting what is closed brings %d effects", len(out))
	}
	// A timer that was stopped, and one of a connection that is gone.
	if out := h.host.Fire(h.now, 1, tcp.Retransmit, nil); len(out) != 0 {
		t.Errorf("a timer that is off brings %d effects", len(out))
	}
	if out := h.host.Fire(h.now, 9, tcp.Retransmit, nil); len(out) != 0 {
		t.Errorf("a timer of nobody brings %d effects", len(out))
	}
	// Closing twice, sending and shutting down after the close.
	after, _, _ := tcp.Step(open, &h.profile, h.now, tcp.Input{Kind: tcp.CloseInput}, nil, nil)
	for _, kind := range []tcp.InputKind{tcp.CloseInput, tcp.SendInput} {
		if again, out, _ := tcp.Step(after, &h.profile, h.now, tcp.Input{Kind: kind, Data: "x"}, nil, nil); again != after || len(out) != 0 {
			t.Errorf("input %d after close brings %d effects", kind, len(out))
		}
	}
}

// TestBeyondTheWindow: what of a segment ahead of a gap lies beyond the window is cut off, the FIN first.
func TestBeyondTheWindow(t *testing.T) {
	for _, test := range []struct {
		name   string
		flags  string
		seq    uint32
		length int
		held   int // bytes kept
	}{
		{"text that fits", "P.", nxt + 5, 5, 5},
		{"a FIN too much", "F.", nxt + 5, 5, 5},
		{"text and FIN too much", "F.", nxt + 5, 20, 5},
		{"nothing but what is too much", "F.", nxt + 9, 1, 1},
	} {
		h := newTester(t, tcp.RFC9293)
		h.with(tcp.Options{Window: tcp.Some[uint16](10)})
		h.open()
		h.arrive(test.flags, test.seq, undNxt, test.length)
		if c := h.conn(); c.NumHeld != 1 || len(c.Held[0].Text) != test.held || c.Held[0].Fin {
			t.Errorf("%s: %d pieces, the first %+v", test.name, c.NumHeld, c.Held)
		}
	}
	// An empty segment with a FIN right behind the window leaves nothing to keep.
	h := newTester(t, tcp.RFC9293)
	h.with(tcp.Options{Window: tcp.Some[uint16](1), Broken: tcp.NoWindowCheck})
	h.open()
	h.arrive("F.", nxt+1, undNxt, 0)
	h.equal("pieces", h.conn().NumHeld, 0)
}

// TestSackedBlocks: blocks that touch are joined, more than there is room for replace the last.
func TestSackedBlocks(t *testing.T) {
	for _, test := range []struct {
		name   string
		blocks [][2]uint32 // one after another, behind SND.UNA
		want   string
	}{
		{"joined on the left", [][2]uint32{{100, 200}, {150, 300}}, "100-300"},
		{"joined on the right", [][2]uint32{{200, 300}, {100, 250}}, "100-300"},
		{"bridged", [][2]uint32{{100, 200}, {300, 400}, {150, 350}}, "100-400"},
		{"known", [][2]uint32{{100, 400}, {200, 300}}, "100-400"},
		{"too many", [][2]uint32{{100, 110}, {200, 210}, {300, 310}, {400, 410}, {500, 510}}, "100-110 200-210 300-310 500-510"},
		{"nonsense", [][2]uint32{{200, 100}, {5000, 6000}}, ""},
	} {
		h := newTester(t, tcp.RFC9293)
		h.with(tcp.Options{SACK: tcp.Some(true)})
		h.syn(wire.Options{}.WithSACKPermitted().WithMSS(1000))
		h.segment(wire.Segment{Flags: wire.ACK, Seq: nxt, Ack: undNxt})
		h.call(send(2000))
		for _, b := range test.blocks {
			h.segment(wire.Segment{Flags: wire.ACK, Seq: nxt, Ack: undNxt, Window: 64240,
				Options: wire.Options{}.WithSACK(wire.Block{Left: undNxt + wire.Seq(b[0]), Right: undNxt + wire.Seq(b[1])})})
		}
		var got []string
		for _, b := range h.conn().Sacked[:h.conn().NumSacked] {
			got = append(got, fmt.Sprintf("%d-%d", b.Left-undNxt, b.Right-undNxt))
		}
		if strings.Join(got, " ") != test.want {
			t.Errorf("%s: %s, want %s", test.name, strings.Join(got, " "), test.want)
		}
	}
}

// TestManyEnded: the host remembers how the last 16 connections ended that the application had.
func TestManyEnded(t *testing.T) {
	h := newTester(t, tcp.Linux)
	h.call(tcp.Call{Verb: tcp.CallListen, Backlog: 64})
	for i := range uint16(20) {
		from := netip.AddrPortFrom(peer.Addr(), 1000+i)
		h.host.Receive(h.now, &wire.Segment{Src: from, Dst: self, Seq: nxt - 1, Flags: wire.SYN, Window: 1000}, nil)
		iss := h.host.Conns()[0].ISS
		h.host.Receive(h.now, &wire.Segment{Src: from, Dst: self, Seq: nxt, Ack: iss + 1, Flags: wire.ACK, Window: 1000}, nil)
		h.call(tcp.Call{Verb: tcp.CallAccept})
		h.host.Receive(h.now, &wire.Segment{Src: from, Dst: self, Seq: nxt, Flags: wire.RST}, nil)
	}
	for conn, want := range map[tcp.ConnID]tcp.Errno{4: tcp.ENOTCONN, 5: tcp.ECONNRESET, 20: tcp.ECONNRESET} {
		if _, err := h.host.Call(h.now, &tcp.Call{Verb: tcp.CallRecv, Conn: conn}, nil); err != want {
			t.Errorf("connection %d: %v, want %v", conn, err, want)
		}
	}
}

// TestCloseInSynReceived: with text queued the close waits for ESTABLISHED, and the FIN goes with the last text; without, the FIN goes
// at once. Both are sent again until they are acknowledged.
func TestCloseInSynReceived(t *testing.T) {
	h := newTester(t, tcp.RFC9293)
	h.call(connectCall)
	h.arrive("S", nxt-1, 0, 0)
	h.call(send(5))
	h.call(tcp.Call{Verb: tcp.CallShutdown})
	h.equal("state", h.state(), tcp.SynReceived)
	h.sent()
	h.arrive(".", nxt, undNxt, 0)
	h.equal("state", h.state(), tcp.FinWait1)
	h.equal("sent", flagsOf(h.sent()), "FIN,PSH,ACK")

	h = newTester(t, tcp.RFC9293)
	h.call(connectCall)
	h.arrive("S", nxt-1, 0, 0)
	h.sent()
	h.call(tcp.Call{Verb: tcp.CallShutdown})
	h.equal("state", h.state(), tcp.FinWait1)
	h.equal("sent", flagsOf(h.sent()), "FIN,ACK")
	h.advance(tcp.Second)
	h.equal("sent again", flagsOf(h.sent()), "SYN,ACK")
	h.arrive(".", nxt, undNxt+1, 0)
	h.equal("state", h.state(), tcp.FinWait2)
}

// TestShutWindowInSynAck: text that waits for the handshake is probed for when the SYN-ACK shuts the window.
func TestShutWindowInSynAck(t *testing.T) {
	h := newTester(t, tcp.RFC9293)
	h.call(connectCall)
	h.call(send(5))
	h.sent()
	h.segment(wire.Segment{Flags: wire.SYN | wire.ACK, Seq: nxt - 1, Ack: undNxt})
	h.equal("sent", lengthsOf(h.sent()), "")
	h.advance(tcp.Second)
	h.equal("probe", lengthsOf(h.sent()), "1")
}

// TestReassembly: what arrives ahead of a gap, and how it is read.
func TestReassembly(t *testing.T) {
	type arrival struct {
		flags  string
		at     uint32 // behind RCV.NXT
		length int
	}
	for _, test := range []struct {
		name     string
		arrivals []arrival
		held     int // pieces
		next     uint32
		state    tcp.State
	}{
		{"a fifth piece has no room", []arrival{{"P.", 10, 5}, {"P.", 20, 5}, {"P.", 30, 5}, {"P.", 40, 5}, {"P.", 50, 5}}, 4, 0, tcp.Established},
		{"pieces join", []arrival{{"P.", 10, 5}, {"P.", 20, 5}, {"P.", 12, 10}}, 1, 0, tcp.Established},
		{"a gap is filled", []arrival{{"P.", 5, 5}, {"P.", 0, 5}}, 0, 10, tcp.Established},
		{"a piece arrives again with the gap", []arrival{{"P.", 5, 5}, {"P.", 0, 20}}, 0, 20, tcp.Established},
		{"part of a piece arrives again with the gap", []arrival{{"P.", 5, 10}, {"P.", 0, 8}}, 0, 15, tcp.Established},
		{"a FIN comes before what waits behind its place", []arrival{{"P.", 1, 5}, {"F.", 0, 5}}, 0, 6, tcp.CloseWait},
		{"a FIN waits for the text before it", []arrival{{"F.", 5, 5}, {"P.", 0, 5}}, 0, 11, tcp.CloseWait},
	} {
		for _, profile := range tcp.Profiles() {
			h := newTester(t, profile)
			h.with(tcp.Options{SACK: tcp.Some(true)})
			h.syn(wire.Options{}.WithSACKPermitted())
			h.segment(wire.Segment{Flags: wire.ACK, Seq: nxt, Ack: undNxt, Window: 64240})
			for _, a := range test.arrivals {
				h.arrive(a.flags, nxt+a.at, undNxt, a.length)
			}
			h.host.AppendBinary(nil)
			c := h.conn()
			if int(c.NumHeld) != test.held || c.RcvNxt != wire.Seq(nxt+test.next) || c.State != test.state {
				t.Errorf("%s, %s: %d pieces, RCV.NXT +%d, %v", profile.Name, test.name, c.NumHeld, c.RcvNxt-nxt, c.State)
			}
		}
	}
}

// TestRecovery: what is sent again, and when, after a loss (RFC 5681, RFC 6582). Full segments of 100 bytes; each step is an
// acknowledgment with the blocks that the peer has beyond it.
func TestRecovery(t *testing.T) {
	type step struct {
		ack    uint32
		blocks [][2]uint32
		want   string // numbers sent, behind SND.UNA at the start
	}
	block := func(b ...[2]uint32) [][2]uint32 { return b }
	for _, test := range []struct {
		name  string
		wait  tcp.Time // before the steps
		sent  string   // meanwhile
		steps []step
	}{
		{"the third duplicate shows a loss", 0, "", []step{
			{0, block([2]uint32{100, 200}), ""}, {0, block([2]uint32{100, 300}), ""}, {0, block([2]uint32{100, 400}), "0"}}},
		{"a partial acknowledgment shows the next hole, which is not what the peer has", 0, "", []step{
			{0, block([2]uint32{100, 200}), ""}, {0, block([2]uint32{100, 200}, [2]uint32{300, 400}), ""},
			{0, block([2]uint32{100, 200}, [2]uint32{300, 500}), "0"}, {200, block([2]uint32{300, 500}), "200"}, {800, nil, ""}}},
		{"after a timeout all is sent again as the window opens", tcp.Second, "0", []step{
			{100, nil, "100 200"}, {300, nil, "300 400 500"}, {500, nil, "600 700"}, {800, nil, ""}}},
		{"after a timeout, what the peer turns out to have is not", tcp.Second, "0", []step{
			{100, block([2]uint32{200, 800}), "100"}, {800, nil, ""}}},
	} {
		h := newTester(t, tcp.RFC9293)
		h.with(tcp.Options{SACK: tcp.Some(true), MSS: 100})
		h.syn(wire.Options{}.WithSACKPermitted().WithMSS(100))
		h.segment(wire.Segment{Flags: wire.ACK, Seq: nxt, Ack: undNxt, Window: 64240})
		for range 4 { // a window of eight segments
			h.call(send(100))
			h.segment(wire.Segment{Flags: wire.ACK, Seq: nxt, Ack: h.conn().SndNxt, Window: 64240})
		}
		start := h.conn().SndNxt
		h.call(send(800))
		numbers := func() string {
			var words []string
			for _, s := range h.sent() {
				words = append(words, fmt.Sprint(s.Seq-start))
			}
			return strings.Join(words, " ")
		}
		h.sent()
		if h.advance(test.wait); numbers() != test.sent && test.sent != "" {
			t.Errorf("%s: sent something else while time passed", test.name)
		}
		for i, s := range test.steps {
			var blocks []wire.Block
			for _, b := range s.blocks {
				blocks = append(blocks, wire.Block{Left: start.Add(b[0]), Right: start.Add(b[1])})
			}
			h.segment(wire.Segment{Flags: wire.ACK, Seq: nxt, Ack: start.Add(s.ack), Window: 64240, Options: wire.Options{}.WithSACK(blocks...)})
			h.host.AppendBinary(nil)
			if got := numbers(); got != s.want {
				t.Errorf("%s, step %d: sent %q, want %q", test.name, i+1, got, s.want)
			}
		}
	}
}

// TestCornersOfTheProfile are settings that few choose.
func TestCornersOfTheProfile(t *testing.T) {
	h := newTester(t, tcp.RFC9293)
	h.with(tcp.Options{MSS: 9000})
	h.syn(wire.Options{}.WithMSS(9000))
	h.segment(wire.Segment{Flags: wire.ACK, Seq: nxt, Ack: undNxt})
	h.equal("congestion window of big segments, RFC 5681 section 3.1", h.conn().Cwnd, 18000)

	h = newTester(t, tcp.Linux)
	h.open()
	h.call(tcp.Call{Verb: tcp.CallShutdown})
	h.arrive(".", nxt, undNxt+1, 0)
	h.call(tcp.Call{Verb: tcp.CallClose})
	h.equal("a close in FIN-WAIT-2 waits only so long", h.conn().Timers[tcp.FinWaitTime], h.now+minute)

	h = newTester(t, tcp.RFC9293)
	h.with(tcp.Options{UTO: 10 * 60 * minute})
	h.call(connectCall)
	h.equal("a long user timeout is told in minutes", h.sent()[0].Options.Parse().UserTimeout, int64(10*60*minute/tcp.Second))
	h.equal("the profile", h.host.Profile().UTO, 10*60*minute)

	// The last port there is, and none behind it.
	host := tcp.NewHost(tcp.HostConfig{Addr: netip.AddrPortFrom(self.Addr(), 65535), Peer: peer, Profile: tcp.Linux})
	for _, want := range []uint16{65535, 1} {
		if _, err := host.Call(0, &connectCall, nil); err != nil {
			t.Fatal(err)
		}
		if got := host.Conns()[len(host.Conns())-1].Local.Port(); got != want {
			t.Errorf("connect from port %d, want %d", got, want)
		}
	}
}

// TestIdleTimestamps: after 24 days a timestamp says nothing any more (RFC 7323 section 5.5); before, an older one is dropped.
func TestIdleTimestamps(t *testing.T) {
	for days, want := range map[tcp.Time]string{23: "drop", 25: "tell readable"} {
		h := newTester(t, tcp.RFC9293)
		h.with(tcp.Options{Timestamps: tcp.Some(true)})
		h.syn(wire.Options{}.WithTimestamps(1000, 0))
		h.segment(wire.Segment{Flags: wire.ACK, Seq: nxt, Ack: undNxt, Window: 64240, Options: wire.Options{}.WithTimestamps(1001, 0)})
		h.now += days * 24 * 60 * minute
		h.effects = nil
		h.segment(wire.Segment{Flags: wire.ACK, Seq: nxt, Ack: undNxt, Payload: "text", Window: 64240, Options: wire.Options{}.WithTimestamps(500, 0)})
		if got := h.trail(); !strings.Contains(got, want) {
			t.Errorf("after %d days: %s, want %s", days, got, want)
		}
	}
}

// TestOldCookie: a SYN cookie is good for two minutes. What the SYN offered comes back with it, ECN too.
func TestOldCookie(t *testing.T) {
	for wait, want := range map[tcp.Time]tcp.State{tcp.Second: tcp.Established, 3 * minute: tcp.Listen} {
		h := newTester(t, tcp.Linux)
		h.profile.Timestamps, h.profile.SynCookies = true, 2
		h.restart()
		h.call(listenCall)
		h.segment(wire.Segment{Flags: wire.SYN | wire.ECE | wire.CWR, Seq: nxt - 1, Window: 64240, Options: wire.Options{}.WithMSS(1460).WithTimestamps(1, 0)})
		answer := h.sent()[0]
		h.now += wait
		h.segment(wire.Segment{Flags: wire.ACK, Seq: nxt, Ack: answer.Seq + 1, Window: 64240, Options: wire.Options{}.WithTimestamps(2, answer.Options.Parse().TSVal)})
		if got := h.host.State(); got != want {
			t.Errorf("after %v: %v, want %v", wait, got, want)
		}
		if want == tcp.Established && !h.conn().ECN {
			t.Error("ECN is forgotten")
		}
	}
}

// TestManyListeners: a host has room for some listeners, and says when there is none.
func TestManyListeners(t *testing.T) {
	h := newTester(t, tcp.Linux)
	for fd := 3; ; fd++ {
		h.on(socketCall)
		h.on(bind(fd, fmt.Sprintf("0.0.0.0:%d", fd)))
		if got := h.on(tcp.Call{Verb: tcp.CallListen, FD: fd}); got != "0" {
			h.equal("one listener too many", got, "ENOBUFS")
			break
		}
	}
}

// TestFastOpenCorners: a reset of a connection that the application may have, the old form of the option, and more servers than a
// client remembers.
func TestFastOpenCorners(t *testing.T) {
	h := newTester(t, tcp.RFC9293)
	h.with(tcp.Options{FastOpen: tcp.Some[uint8](tcp.FastOpenServer)})
	h.call(listenCall)
	h.call(tcp.Call{Verb: tcp.CallSet, Option: tcp.FastOpenQueue, Values: [3]tcp.Time{5}})
	h.segment(wire.Segment{Flags: wire.SYN, Seq: nxt - 1, Window: 64240, Payload: "text", Options: wire.Options{}.WithMSS(1000).WithFastOpenExperiment(nil)})
	request := h.sent()[0].Options.Parse()
	h.equal("a request in the old form is answered in it", fmt.Sprint(request.HasFastOpen, request.FastOpenExp), "true true")
	h.arrive("R", nxt, 0, 0)
	cookie := h.host.FastOpenCookie(80, peer.Addr())
	h.effects = nil
	h.segment(wire.Segment{Flags: wire.SYN, Seq: nxt - 1, Window: 64240, Payload: "text", Options: wire.Options{}.WithMSS(1000).WithFastOpen(cookie)})
	h.equal("state", h.state(), tcp.SynReceived)
	h.arrive("R", nxt+4, 0, 0)
	h.equal("after RST", h.state().String()+" "+h.errno(), "CLOSED ECONNRESET")

	client := newTester(t, tcp.Linux)
	client.equal("no listener, no cookie", client.host.FastOpenCookie(80, peer.Addr()) == nil, true)
	for i := range byte(18) {
		to := netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 77, 1, i}), 80)
		client.call(tcp.Call{Verb: tcp.CallConnect, To: to, FastOpen: true, Data: "text"})
		syn := client.sent()[0]
		client.host.Receive(client.now, &wire.Segment{Src: syn.Dst, Dst: syn.Src, Seq: 1, Ack: syn.Seq + 1, Flags: wire.SYN | wire.ACK, Window: 1000,
			Options: wire.Options{}.WithMSS(1000).WithFastOpen([]byte{1, 2, 3, 4})}, nil)
		client.effects = nil
	}
	for i, want := range map[byte]string{0: "", 17: "text"} {
		to := netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 77, 1, i}), 80)
		client.on(socketCall)
		fd := len(client.host.Sockets()) + 2
		client.on(nonblocking(tcp.Call{Verb: tcp.CallConnect, FD: fd, To: to, FastOpen: true, Data: "text"}))
		for _, s := range client.sent() {
			client.equal(fmt.Sprintf("text in the SYN to server %d", i), s.Payload, want)
		}
	}
}

// TestDeferAcceptByTheText: the rule of Linux can be asked of the other profile too: a bare ACK does not open the connection.
func TestDeferAcceptByTheText(t *testing.T) {
	h := newTester(t, tcp.RFC9293)
	h.call(listenCall)
	h.call(tcp.Call{Verb: tcp.CallSet, Option: tcp.DeferAccept, Values: [3]tcp.Time{tcp.Second}})
	h.arrive("S", nxt-1, 0, 0)
	h.arrive(".", nxt, undNxt, 0)
	h.equal("after the ACK", h.state(), tcp.SynReceived)
	h.arrive("P.", nxt, undNxt, 5)
	h.equal("after text", h.state(), tcp.Established)
}

// What had come before an RST can still be read with linux, in pieces, and then the error is told.
func TestReadBehindReset(t *testing.T) {
	h := newTester(t, tcp.Linux)
	h.established(nxt, undNxt)
	h.arrive("P.", nxt, undNxt, 5)
	h.arrive("R", nxt+5, 0, 0)
	for _, want := range []error{nil, nil, tcp.ECONNRESET} {
		if _, err := h.host.Call(h.now, &tcp.Call{Verb: tcp.CallRecv, Count: 3}, nil); err != want {
			t.Errorf("recv: %v, want %v", err, want)
		}
	}
}
