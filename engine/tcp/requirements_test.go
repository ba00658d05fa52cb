package tcp_test

import (
	"flag"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/handshakelab/lab/engine/rule"
	"github.com/handshakelab/lab/engine/tcp"
	"github.com/handshakelab/lab/engine/wire"
)

// A requirement is a MUST of RFC 9293: what its sentence demands, the rules that carry it out, and the test that would
// fail if the engine did otherwise.
type requirement struct {
	label, section string
	demand         string
	rules          []rule.ID
	test           func(*tester)
	elsewhere      string // the test, when it is not here: "package TestName"
	cannot         string // why this engine cannot meet it
}

// minute is a long time for a connection.
const minute = 60 * tcp.Second

var requirements = []requirement{
	{"MUST-1", "3.1", "The window is an unsigned number: 65535 is a large window and not a negative one, and scaled it needs 32 bits.", []rule.ID{rule.WindowScale}, func(h *tester) {
		h.with(tcp.Options{Scale: tcp.Some[uint8](7)})
		h.call(listenCall)
		h.segment(wire.Segment{Flags: wire.SYN, Seq: nxt - 1, Options: wire.Options{}.WithWindowScale(14)})
		h.segment(wire.Segment{Flags: wire.ACK, Seq: nxt, Ack: undNxt, Window: 65535})
		h.equal("SND.WND", h.conn().SndWnd, 65535<<14)
	}, "", ""},
	{"MUST-2", "3.1", "Every segment that is sent has a checksum.", nil, func(h *tester) {
		h.open()
		h.call(send(3000))
		for _, s := range h.sent() {
			b := s.AppendIPv4(nil)
			read, err := wire.ParseIPv4(b)
			h.equal("error", err, nil)
			h.equal("checksum is right", read.SumOK(), true)
			b[len(b)-1] ^= 1
			read, _ = wire.ParseIPv4(b)
			h.equal("checksum is right with a bit changed", read.SumOK(), false)
		}
	}, "", ""},
	{"MUST-3", "3.1", "The checksum of every segment that arrives is checked.", []rule.ID{rule.Checksum}, nil, "engine/tcp TestChecksum", ""},
	{"MUST-4", "3.1", "End of option list, no-operation and maximum segment size are understood.", []rule.ID{rule.MSS}, func(h *tester) {
		h.syn(wire.Options{}.WithNOP().WithNOP().WithMSS(1000).WithEOL())
		h.equal("MSS", h.conn().SendMSS, 1000)
	}, "", ""},
	{"MUST-5", "3.1", "An option may come in any segment.", nil, func(h *tester) {
		h.passive()
		h.segment(wire.Segment{Flags: wire.ACK, Seq: nxt, Ack: undNxt, Options: wire.Options{}.WithNOP().WithRaw(77, []byte{1, 2})})
		h.equal("state", h.state(), tcp.Established)
	}, "", ""},
	{"MUST-6", "3.1", "An option that is not known is skipped, and what follows it is read.", []rule.ID{rule.UnknownOption}, func(h *tester) {
		h.syn(wire.Options{}.WithRaw(200, []byte{9, 9, 9}).WithMSS(1000))
		h.equal("MSS", h.conn().SendMSS, 1000)
	}, "", ""},
	{"MUST-7", "3.1", "An illegal option length does no harm.", []rule.ID{rule.BadOption}, func(h *tester) {
		for _, length := range []byte{0, 1, 255} {
			h.restart()
			options, _ := wire.RawOptions([]byte{99, length, 1, 1})
			h.syn(options)
			h.equal("answer", flagsOf(h.sent()), "SYN,ACK")
		}
	}, "", ""},
	{"MUST-8", "3.4.1", "The initial sequence number follows a clock that ticks every 4 microseconds.", []rule.ID{rule.ISN}, func(h *tester) {
		h.equal("difference after 4 ms", generated(h.profile, 4*tcp.Millisecond, peer.Port(), 1)-generated(h.profile, 0, peer.Port(), 1), 1000)
	}, "", ""},
	{"MUST-9", "3.4.1", "Nobody outside can compute it: it depends on the ends of the connection and on a secret.", []rule.ID{rule.ISN}, func(h *tester) {
		h.unequal("ISN of another port", generated(h.profile, 0, peer.Port(), 1), generated(h.profile, 0, peer.Port()+1, 1))
		h.unequal("ISN with another secret", generated(h.profile, 0, peer.Port(), 1), generated(h.profile, 0, peer.Port(), 2))
	}, "", ""},
	{"MUST-10", "3.5", "A simultaneous open works: both sides open, both become ESTABLISHED.", []rule.ID{rule.SimultaneousOpen}, func(h *tester) {
		h.call(connectCall)
		h.arrive("S", nxt-1, 0, 0)
		h.equal("state", h.state(), tcp.SynReceived)
		h.arrive(".", nxt, undNxt, 0)
		h.equal("state", h.state(), tcp.Established)
	}, "", ""},
	{"MUST-11", "3.5", "SYN-RECEIVED remembers whether the OPEN was passive or active: an RST leads back to LISTEN or ends the connect call.", []rule.ID{rule.RSTToListen, rule.RSTRefused}, func(h *tester) {
		h.passive()
		h.arrive("R", nxt, 0, 0)
		h.equal("after a passive OPEN", h.state().String()+h.errno(), "LISTEN")
		h.restart()
		h.call(connectCall)
		h.arrive("S", nxt-1, 0, 0)
		h.arrive("R", nxt, 0, 0)
		h.equal("after an active OPEN", h.state().String()+" "+h.errno(), "CLOSED ECONNREFUSED")
	}, "", ""},
	{"MUST-12", "3.6", "The application learns whether the peer closed or the connection was aborted.", []rule.ID{rule.FINBit, rule.RSTReset}, func(h *tester) {
		h.open()
		h.arrive("F.", nxt, undNxt, 0)
		h.equal("told of a close", h.told(), "peer-closed")
		h.restart()
		h.open()
		h.arrive("R", nxt, 0, 0)
		h.equal("told of an abort", h.told(), "ECONNRESET")
	}, "", ""},
	{"MUST-13", "3.6.1", "Who closes first waits in TIME-WAIT for two maximum segment lifetimes, which are 2 minutes each.", []rule.ID{rule.TimeWait, rule.TimeWaitEnd}, func(h *tester) {
		matrixStates["TIME-WAIT"](h)
		h.advance(4*minute - 1)
		h.equal("state before 4 minutes", h.state(), tcp.TimeWait)
		h.advance(1)
		h.equal("state after 4 minutes", h.state(), tcp.Closed)
	}, "", ""},
	{"MUST-14", "3.7.1", "The MSS option is sent, and the peer's is obeyed.", []rule.ID{rule.MSS}, func(h *tester) {
		h.syn(wire.Options{}.WithMSS(700))
		h.equal("SYN-ACK carries an MSS", h.sent()[0].Options.Parse().HasMSS, true)
		h.segment(wire.Segment{Flags: wire.ACK, Seq: nxt, Ack: undNxt})
		h.call(send(1400))
		h.equal("lengths", lengthsOf(h.sent()), "700 700")
	}, "", ""},
	{"MUST-15", "3.7.1", "Without an MSS option the peer takes 536 bytes.", []rule.ID{rule.MSS}, func(h *tester) {
		h.open()
		h.call(send(1072))
		h.equal("lengths", lengthsOf(h.sent()), "536 536")
	}, "", ""},
	{"MUST-16", "3.7.1", "The options that a segment carries count against the MSS.", nil, func(h *tester) {
		h.with(tcp.Options{Timestamps: tcp.Some(true)})
		h.syn(wire.Options{}.WithMSS(1000).WithTimestamps(1, 0))
		h.segment(wire.Segment{Flags: wire.ACK, Seq: nxt, Ack: undNxt, Options: wire.Options{}.WithTimestamps(2, 0)})
		h.call(send(1976))
		h.equal("lengths", lengthsOf(h.sent()), "988 988")
	}, "", ""},
	{"MUST-17", "3.7.4", "An application can switch the Nagle algorithm off.", []rule.ID{rule.Nagle}, func(h *tester) {
		h.open()
		h.call(send(1))
		h.call(send(1))
		h.equal("with Nagle", lengthsOf(h.sent()), "1")
		h.call(tcp.Call{Verb: tcp.CallSet, Option: tcp.NoDelay, Values: [3]tcp.Time{1}})
		h.equal("as it is switched off", lengthsOf(h.sent()), "1")
		h.call(send(1))
		h.equal("without", lengthsOf(h.sent()), "1")
	}, "", ""},
	{"MUST-18", "3.8.1", "The timeout follows the round-trip time (RFC 6298), and a segment that was sent twice is not measured (Karn).", []rule.ID{rule.RTTFirst, rule.RTTNext}, func(h *tester) {
		h.open() // its round trip took 10 ms
		h.equal("RTO, at least a second", h.conn().RTO, tcp.Second)
		h.call(send(10))
		h.advance(3 * tcp.Second / 2)
		h.arrive(".", nxt, undNxt+10, 0)
		h.equal("SRTT after a retransmission", h.conn().SRTT, 10*tcp.Millisecond)
		h.call(send(10))
		h.arrive(".", nxt, undNxt+20, 0)
		h.call(send(10))
		h.now += 80 * tcp.Millisecond
		h.arrive(".", nxt, undNxt+30, 0)
		h.equal("SRTT after 10 and 90 ms", h.conn().SRTT, 20*tcp.Millisecond)
	}, "", ""},
	{"MUST-19", "3.8.2", "Slow start, congestion avoidance, and a timeout that doubles with each retransmission.", []rule.ID{rule.RTODouble}, func(h *tester) {
		h.open()
		first := h.conn().Cwnd
		h.call(send(536))
		h.arrive(".", nxt, undNxt+536, 0)
		h.equal("slow start: one segment for one", h.conn().Cwnd, first+536)
		h.call(send(536))
		h.advance(tcp.Second)
		h.equal("after a timeout one segment", h.conn().Cwnd, 536)
		h.equal("RTO", h.conn().RTO, 2*tcp.Second)
		h.equal("slow start ends at two segments", h.conn().SSThresh, 1072)
		h.arrive(".", nxt, undNxt+1072, 0)
		h.call(send(536))
		h.arrive(".", nxt, undNxt+1608, 0)
		h.equal("congestion avoidance: a part of a segment", h.conn().Cwnd, 1072+536*536/1072)
	}, "", ""},
	{"MUST-20", "3.8.3", "When a segment is retransmitted for too long the connection is closed: R2, at least 100 seconds. (R1 is for the routing of IP, which is not modelled.)", []rule.ID{rule.GiveUp}, func(h *tester) {
		h.open()
		h.call(send(10))
		h.advance(100*tcp.Second - 1)
		h.equal("state before 100 s", h.state(), tcp.Established)
		h.advance(minute)
		h.equal("afterwards", h.state().String()+" "+h.errno(), "CLOSED ETIMEDOUT")
	}, "", ""},
	{"MUST-21", "3.8.3", "An application can set R2 for its connection.", []rule.ID{rule.GiveUp}, func(h *tester) {
		h.open()
		h.call(tcp.Call{Verb: tcp.CallSet, Option: tcp.UserTimeout, Values: [3]tcp.Time{5 * tcp.Second}})
		h.call(send(10))
		h.advance(10 * tcp.Second)
		h.equal("after 10 s", h.state().String()+" "+h.errno(), "CLOSED ETIMEDOUT")
	}, "", ""},
	{"MUST-23", "3.8.3", "R2 for a SYN is at least 3 minutes. (Linux gives up after 131 s.)", []rule.ID{rule.GiveUp}, nil, "engine/tcp TestBackOff", ""},
	{"MUST-24", "3.8.4", "An application can switch keepalive on and off for its connection.", []rule.ID{rule.KeepProbe, rule.KeepOff}, func(h *tester) {
		h.open()
		h.call(keepalive(minute, minute, 3))
		h.advance(minute)
		h.equal("probes", flagsOf(h.sent()), "ACK")
		h.arrive(".", nxt, undNxt, 0)
		h.call(keepalive(0, 0, 0))
		h.advance(600 * minute)
		h.equal("probes when it is off", flagsOf(h.sent()), "")
	}, "", ""},
	{"MUST-25", "3.8.4", "Keepalive is off unless it is asked for.", nil, func(h *tester) {
		h.open()
		h.advance(24 * 60 * minute)
		h.equal("sent in a day", flagsOf(h.sent()), "")
		h.equal("state", h.state(), tcp.Established)
	}, "", ""},
	{"MUST-26", "3.8.4", "A keepalive is sent only when nothing is unacknowledged and nothing has come for an interval.", []rule.ID{rule.KeepIdle}, func(h *tester) {
		h.open()
		h.call(keepalive(10*tcp.Second, tcp.Second, 3))
		h.advance(6 * tcp.Second)
		h.arrive(".", nxt, undNxt, 0)
		h.advance(6 * tcp.Second)
		h.equal("6 s after an ACK", flagsOf(h.sent()), "")
		h.call(send(10))
		h.advance(20 * tcp.Second)
		for _, s := range h.sent() {
			h.equal("sent while text is unacknowledged: bytes of text", len(s.Payload), 10)
		}
	}, "", ""},
	{"MUST-27", "3.8.4", "The interval can be configured.", []rule.ID{rule.KeepIdle}, func(h *tester) {
		h.open()
		h.call(keepalive(7*minute, minute, 3))
		h.advance(7*minute - 1)
		h.equal("before 7 minutes", flagsOf(h.sent()), "")
		h.advance(1)
		h.equal("after 7 minutes", flagsOf(h.sent()), "ACK")
	}, "", ""},
	{"MUST-28", "3.8.4", "The interval is no less than two hours by default.", nil, nil, "", "There is no default: whoever switches keepalive on gives the interval."},
	{"MUST-29", "3.8.4", "One probe that is not answered does not mean that the peer is dead.", []rule.ID{rule.KeepProbe, rule.KeepDead}, func(h *tester) {
		h.open()
		h.call(keepalive(minute, tcp.Second, 3))
		h.advance(minute + tcp.Second)
		h.equal("after two probes", h.state(), tcp.Established)
		h.arrive(".", nxt, undNxt, 0)
		h.advance(minute - tcp.Second)
		h.equal("after an answer", h.state(), tcp.Established)
		h.advance(minute)
		h.equal("after three without", h.state().String()+" "+h.errno(), "CLOSED ETIMEDOUT")
	}, "", ""},
	{"MUST-34", "3.8.6", "A peer that shrinks its window does no harm, though more is out than it allows.", nil, func(h *tester) {
		h.open()
		h.call(send(1608))
		h.equal("three segments", lengthsOf(h.sent()), "536 536 536")
		h.segment(wire.Segment{Flags: wire.ACK, Seq: nxt, Ack: undNxt, Window: 100})
		h.call(send(536))
		h.equal("new text (SHLD-15)", lengthsOf(h.sent()), "")
		h.segment(wire.Segment{Flags: wire.ACK, Seq: nxt, Ack: undNxt + 1608, Window: 5000})
		h.equal("with room again", lengthsOf(h.sent()), "536")
	}, "", ""},
	{"MUST-35", "3.8.6", "A window that shrinks to zero is probed.", []rule.ID{rule.Persist}, func(h *tester) {
		h.shutWindow()
		h.advance(tcp.Second)
		h.equal("a probe of one byte", lengthsOf(h.sent()), "1")
	}, "", ""},
	{"MUST-36", "3.8.6.1", "Zero windows are probed, first after the retransmission timeout, then ever more slowly.", []rule.ID{rule.Persist}, func(h *tester) {
		h.shutWindow()
		h.advance(tcp.Second - 1)
		h.equal("before the timeout", lengthsOf(h.sent()), "")
		h.advance(1)
		h.equal("after the timeout", lengthsOf(h.sent()), "1")
		h.advance(2*tcp.Second - 1)
		h.equal("before twice as long", lengthsOf(h.sent()), "")
		h.advance(1)
		h.equal("after twice as long", lengthsOf(h.sent()), "1")
	}, "", ""},
	{"MUST-37", "3.8.6.1", "As long as the probes are answered the connection stays open.", []rule.ID{rule.Persist}, func(h *tester) {
		h.shutWindow()
		for range 100 {
			h.advance(minute)
			h.segment(wire.Segment{Flags: wire.ACK, Seq: nxt, Ack: undNxt + 1608})
		}
		h.equal("after 100 minutes", h.state(), tcp.Established)
	}, "", ""},
	{"MUST-40", "3.8.6.3", "An acknowledgment waits less than half a second.", []rule.ID{rule.AckDelayed}, func(h *tester) {
		h.profile = tcp.Linux
		h.open()
		seq := uint32(nxt)
		for range 40 { // until they are not sent at once any more
			h.sent()
			h.arrive("P.", seq, undNxt, 1)
			seq++
			h.advance(499 * tcp.Millisecond)
			h.equal("acknowledged", h.sent()[0].Ack, wire.Seq(seq))
		}
	}, "", ""},
	{"MUST-41", "3.9.1.1", "A passive OPEN touches no connection that exists.", []rule.ID{rule.PassiveOpen}, func(h *tester) {
		h.call(connectCall)
		before := *h.conn()
		h.call(listenCall)
		h.equal("the connection", *h.conn(), before)
	}, "", ""},
	{"MUST-42", "3.9.1.1", "A host may listen on a port from which it is just connecting.", []rule.ID{rule.PassiveOpen}, func(h *tester) {
		h.call(connectCall)
		h.call(listenCall)
		_, _, listening := h.host.Listening()
		h.equal("listening", listening, true)
		h.arrive("S.", nxt-1, undNxt, 0)
		h.equal("the connection", h.state(), tcp.Established)
	}, "", ""},
	{"MUST-43", "3.9.1.1", "An application can choose the local address.", nil, nil, "", "A host has one address."},
	{"MUST-44", "3.9.1.1", "Without a choice IP chooses the local address before the first SYN.", nil, nil, "", "A host has one address."},
	{"MUST-45", "3.9.1.1", "The local address stays the same for a connection.", nil, func(h *tester) {
		h.open()
		h.call(send(10))
		h.arrive("F.", nxt, undNxt, 0)
		for _, s := range h.sent() {
			h.equal("sent from", s.Src, self)
		}
	}, "", ""},
	{"MUST-46", "3.9.1.1", "An active OPEN to a broadcast or multicast address is an error.", nil, func(h *tester) {
		for _, to := range []string{"224.0.0.1:80", "255.255.255.255:80", "0.0.0.0:80"} {
			_, err := h.host.Call(h.now, &tcp.Call{Verb: tcp.CallConnect, To: netip.MustParseAddrPort(to)}, nil)
			h.equal(to, err, tcp.ENETUNREACH)
		}
	}, "", ""},
	{"MUST-54", "3.9.2.2", "An ICMP error is acted upon: it reaches the connection whose segment it quotes.", []rule.ID{rule.ICMPConnection, rule.ICMPHard}, nil, "engine/tcp TestICMPErrors", ""},
	{"MUST-55", "3.9.2.2", "ICMP source quench is discarded.", nil, nil, "", "There is no such message here: nobody sends it any more (RFC 6633)."},
	{"MUST-56", "3.9.2.2", "A soft ICMP error does not abort a connection.", []rule.ID{rule.ICMPSoft}, nil, "engine/tcp TestICMPErrors", ""},
	{"MUST-57", "3.9.2.3", "A SYN to a broadcast or multicast address is ignored.", []rule.ID{rule.OneHost}, func(h *tester) {
		h.call(listenCall)
		seg := wire.Segment{Src: peer, Dst: netip.MustParseAddrPort("224.0.0.1:80"), Flags: wire.SYN}
		h.effects = nil
		h.keep(h.host.Receive(h.now, &seg, h.effects))
		h.equal("trail", h.trail(), "9293:3.9.2.3/one-host- drop")
	}, "", ""},
	{"MUST-58", "3.10.7.4", "Acknowledgments are put together where possible.", nil, nil, "", "Segments arrive one by one, each at its own instant; what is put together is what a delayed acknowledgment waits for (MUST-40)."},
	{"MUST-59", "3.10.7.4", "All queued segments are processed before an ACK is sent.", nil, nil, "", "There is no queue of segments: each is processed at the instant when it arrives, so that the learner sees it."},
	{"MUST-63", "3.9.2.3", "A SYN from an address that is not that of one host is ignored.", []rule.ID{rule.OneHost}, func(h *tester) {
		h.call(listenCall)
		for _, src := range []string{"224.0.0.1:1", "255.255.255.255:1", "0.0.0.0:1"} {
			seg := wire.Segment{Src: netip.MustParseAddrPort(src), Dst: self, Flags: wire.SYN}
			h.effects = nil
			h.keep(h.host.Receive(h.now, &seg, h.effects))
			h.equal("trail", h.trail(), "9293:3.9.2.3/one-host- drop")
		}
	}, "", ""},
	{"MUST-64", "3.1", "Options need not begin on a word boundary.", nil, func(h *tester) {
		h.syn(wire.Options{}.WithNOP().WithMSS(1000).WithNOP().WithNOP().WithSACKPermitted())
		h.equal("MSS", h.conn().SendMSS, 1000)
	}, "", ""},
	{"MUST-65", "3.2", "The MSS option is in SYN segments only.", nil, func(h *tester) {
		h.passive()
		h.arrive(".", nxt, undNxt, 0)
		h.call(send(10))
		h.arrive("F.", nxt, undNxt+10, 0)
		h.call(tcp.Call{Verb: tcp.CallShutdown})
		for _, s := range h.sent() {
			h.equal("MSS option of "+s.Flags.String(), s.Options.Parse().HasMSS, s.Flags.Has(wire.SYN))
		}
	}, "", ""},
	{"MUST-66", "3.10.7.4", "RST is processed even when the receive window is zero.", []rule.ID{rule.Sequence, rule.RSTReset}, func(h *tester) {
		h.with(tcp.Options{Window: tcp.Some[uint16](5)})
		h.open()
		h.arrive("P.", nxt, undNxt, 5)
		h.equal("RCV.WND", h.conn().RcvWnd, 0)
		h.arrive(".", nxt, undNxt, 0)
		h.arrive("P.", nxt+5, undNxt, 1)
		h.equal("a byte too many", h.conn().RcvNxt, nxt+5)
		h.arrive("R", nxt+5, 0, 0)
		h.equal("after RST", h.state().String()+" "+h.errno(), "CLOSED ECONNRESET")
	}, "", ""},
	{"MUST-67", "3.7.1", "The MSS that is announced is what an IP packet of the interface can hold, less both headers: 1460 for 1500 bytes.", nil, func(h *tester) {
		h.call(connectCall)
		h.equal("MSS", h.sent()[0].Options.Parse().MSS, 1460)
	}, "", ""},
	{"MUST-68", "3.1", "Every option but EOL and NOP has a length, also one that is not known.", []rule.ID{rule.UnknownOption}, nil, "engine/wire TestParseOrder", ""},
	{"MUST-69", "3.1", "Behind the end of the option list there is only padding, which nobody reads; what is sent is zero.", nil, func(h *tester) {
		h.syn(wire.Options{}.WithEOL().WithMSS(1000))
		h.equal("MSS", h.conn().SendMSS, 536)
		h.equal("padding", fmt.Sprint(wire.Options{}.WithWindowScale(1).Padded().Bytes()), "[3 3 1 0]")
	}, "", ""},
}

// TestRequirement has one test for each MUST that the engine can meet, named by its label.
func TestRequirement(t *testing.T) {
	for _, r := range requirements {
		if r.test != nil {
			t.Run(r.label, func(t *testing.T) { r.test(newTester(t, tcp.RFC9293)) })
		}
	}
}

var (
	listenCall  = tcp.Call{Verb: tcp.CallListen, Backlog: 16}
	connectCall = tcp.Call{Verb: tcp.CallConnect}
)

func send(n int) tcp.Call { return tcp.Call{Verb: tcp.CallSend, Data: strings.Repeat("x", n)} }

func keepalive(idle, interval, count tcp.Time) tcp.Call {
	return tcp.Call{Verb: tcp.CallSet, Option: tcp.KeepAlive, Values: [3]tcp.Time{idle, interval, count}}
}

// generated is the number that a host generates for a connection.
func generated(p tcp.Profile, now tcp.Time, port uint16, secret uint64) wire.Seq {
	h := tcp.NewHost(tcp.HostConfig{Addr: self, Peer: peer, Profile: p, Secret: secret})
	h.Call(now, &tcp.Call{Verb: tcp.CallConnect, From: port}, nil)
	return h.Conns()[0].ISS
}

// with gives the host other options; it begins anew.
func (h *tester) with(o tcp.Options) {
	h.profile = h.profile.With(o)
	h.restart()
}

func (h *tester) restart() {
	h.effects = nil
	h.isn(undNxt - 1)
}

// syn lets a SYN with options arrive at a listener.
func (h *tester) syn(o wire.Options) {
	h.call(listenCall)
	h.segment(wire.Segment{Flags: wire.SYN, Seq: nxt - 1, Window: 64240, Options: o})
}

// segment lets a segment arrive that the peer sends now.
func (h *tester) segment(s wire.Segment) {
	h.now += 10 * tcp.Millisecond
	s.Src, s.Dst = peer, self
	if s.Window == 0 && s.Flags == wire.ACK && h.conn().State < tcp.Established {
		s.Window = 64240
	}
	h.keep(h.host.Receive(h.now, &s, h.effects))
}

// open establishes a connection and forgets how.
func (h *tester) open() {
	h.established(nxt, undNxt)
	h.effects = nil
}

// shutWindow establishes a connection whose peer has acknowledged 1608 bytes, shut its window, and has 10 bytes to come.
func (h *tester) shutWindow() {
	h.open()
	h.call(send(1608))
	h.call(send(10))
	h.segment(wire.Segment{Flags: wire.ACK, Seq: nxt, Ack: undNxt + 1608})
	h.sent()
}

func (h *tester) conn() *tcp.TCB { return &h.host.Conns()[0] }

// sent returns what was sent since it was last asked.
func (h *tester) sent() []wire.Segment {
	var sent []wire.Segment
	for _, e := range h.effects {
		if e.Kind == tcp.Send {
			sent = append(sent, h.segs[e.Sent])
		}
	}
	h.effects = slices.DeleteFunc(h.effects, func(e tcp.Effect) bool { return e.Kind == tcp.Send })
	return sent
}

// told is what the application was told last.
func (h *tester) told() string {
	for _, e := range slices.Backward(h.effects) {
		if e.Kind == tcp.Tell {
			return e.Notice.String() + e.Errno.String()
		}
	}
	return ""
}

func (h *tester) equal(what string, got, want any) {
	h.t.Helper()
	if fmt.Sprint(got) != fmt.Sprint(want) {
		h.t.Errorf("%s: %v, want %v", what, got, want)
	}
}

func (h *tester) unequal(what string, a, b any) {
	h.t.Helper()
	if a == b {
		h.t.Errorf("%s is the same: %v", what, a)
	}
}

func flagsOf(sent []wire.Segment) string {
	var words []string
	for i := range sent {
		words = append(words, sent[i].Flags.String())
	}
	return strings.Join(words, " ")
}

// lengthsOf are the lengths of the text that was sent.
func lengthsOf(sent []wire.Segment) string {
	var words []string
	for i := range sent {
		if n := len(sent[i].Payload); n > 0 {
			words = append(words, fmt.Sprint(n))
		}
	}
	return strings.Join(words, " ")
}

// contradictions are the places where the text is not of one mind, and what is done here.
const contradictions = `## Where the text contradicts itself

- Figure 7, line 6: the SYN,ACK of a simultaneous open has SEG.SEQ = 300 where RCV.NXT is 301. The figure opens the connection by
  it. Section 3.10.7.4, first: "If an incoming segment is not acceptable, an acknowledgment should be sent in reply". The
  acknowledgment is sent, and opens the connection half a round trip later; Linux does both. Test: engine TestFigures.
- TIME-WAIT: section 3.10.7.4, fifth: "The only thing that can arrive in this state is a retransmission of the remote FIN.
  Acknowledge it, and restart the 2 MSL timeout." But that FIN lies left of the window, so by the first check it is only
  acknowledged; the wait starts anew for a FIN at RCV.NXT alone. Test: engine/tcp TestSegmentArrives.

No cell of the kernel's matrix was found in which the column for the RFC contradicts the text.
`

var update = flag.Bool("update", false, "write requirements.md anew")

// TestRequirementsTable keeps the table of requirements: what is demanded, the rule that does it, the test that proves it,
// and the shortest scenario that shows it. A rule, a test or a scenario that does not exist is an error.
func TestRequirementsTable(t *testing.T) {
	const file = "../testdata/requirements.md"
	tests := testNames(t)
	shows := scenariosByRule(t)
	var b strings.Builder
	b.WriteString("# What RFC 9293 demands, and where it is proved\n\nWritten by `go test ./engine/tcp -run TestRequirementsTable -update`.\n\n")
	row := func(label, section, demand, test string, rules []rule.ID) {
		var names, scenario []string
		for _, id := range rules {
			if _, ok := rule.Lookup(id); !ok {
				t.Errorf("%s: there is no rule %s", label, id)
			}
			names = append(names, id.String())
			if s := shows[id]; s != "" && !slices.Contains(scenario, s) {
				scenario = append(scenario, s)
			} else if s == "" {
				t.Errorf("%s: no scenario shows %s", label, id)
			}
		}
		if pkg, name, _ := strings.Cut(test, " "); !tests[pkg+" "+strings.Split(name, "/")[0]] {
			t.Errorf("%s: there is no test %s", label, test)
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s | %s |\n", label, section, demand, strings.Join(names, ", "), test, strings.Join(scenario, ", "))
	}
	const head = "| Requirement | Section | What it demands | Rules | Test | Scenarios |\n| --- | --- | --- | --- | --- | --- |\n"
	b.WriteString("## The checks of section 3.10.7\n\n" + head)
	for _, a := range arrivals {
		label, demand, _ := strings.Cut(a.sentence, ": ")
		row(label, a.section(), demand, "engine/tcp TestSegmentArrives", a.rules(t))
	}
	b.WriteString("\n## The requirements of appendix B\n\n" + head)
	for _, r := range requirements {
		switch {
		case r.test != nil:
			row(r.label, r.section, r.demand, "engine/tcp TestRequirement/"+r.label, r.rules)
		case r.elsewhere != "":
			row(r.label, r.section, r.demand, r.elsewhere, r.rules)
		}
	}
	b.WriteString("\n## What this engine cannot meet\n\n| Requirement | Section | What it demands | Why not |\n| --- | --- | --- | --- |\n")
	b.WriteString("| third check | 3.10.7.3, 3.10.7.4 | Security and compartment of the segment are those of the connection. | The IP option is not modelled: nobody uses it. |\n")
	b.WriteString("| sixth check | 3.10.7.4 | The urgent pointer is told to the application. | No call reads urgent data. |\n")
	for _, r := range requirements {
		if r.cannot != "" {
			fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", r.label, r.section, r.demand, r.cannot)
		}
	}
	b.WriteString("\n" + contradictions)
	if *update {
		if err := os.WriteFile(file, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if was, err := os.ReadFile(file); err != nil || string(was) != b.String() {
		t.Errorf("%s is stale (%v): run this test with -update and read the change", file, err)
	}
}

// testNames are the tests of the engine, "engine/tcp TestChecksum".
func testNames(t *testing.T) map[string]bool {
	names := map[string]bool{}
	for _, pkg := range []string{"engine", "engine/tcp", "engine/wire", "engine/script"} {
		files, err := filepath.Glob(filepath.Join("../..", pkg, "*_test.go"))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			src, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			for line := range strings.Lines(string(src)) {
				if name, ok := strings.CutPrefix(line, "func Test"); ok {
					name, _, _ = strings.Cut(name, "(")
					names[pkg+" Test"+name] = true
				}
			}
		}
	}
	return names
}

// scenariosByRule is the shortest scenario in which a rule does something, or else in which a check of it is passed.
func scenariosByRule(t *testing.T) map[rule.ID]string {
	files, err := filepath.Glob("../testdata/scenarios/*.events")
	if err != nil || len(files) == 0 {
		t.Fatal(len(files), err)
	}
	shows := map[rule.ID]string{}
	length := map[rule.ID]int{}
	for _, file := range files {
		events, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		size := map[rule.ID]int{}
		for line := range strings.Lines(string(events)) {
			_, name, _ := strings.Cut(line, "[")
			name, _, _ = strings.Cut(strings.TrimSpace(name), "]")
			name, _, _ = strings.Cut(name, " ")
			id, _ := rule.Parse(name)
			n := len(events)
			if strings.Contains(line, " passed ") {
				n += 1 << 30
			}
			if was := size[id]; was == 0 || n < was {
				size[id] = n
			}
		}
		for id, n := range size {
			if was := length[id]; was == 0 || n < was {
				shows[id], length[id] = strings.TrimSuffix(filepath.Base(file), ".events"), n
			}
		}
	}
	return shows
}
