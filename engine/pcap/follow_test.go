package pcap_test

import (
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/handshakelab/lab/engine"
	"github.com/handshakelab/lab/engine/pcap"
	"github.com/handshakelab/lab/engine/rule"
	"github.com/handshakelab/lab/engine/tcp"
	"github.com/handshakelab/lab/engine/wire"
)

// TestFollowLabs follows the runs of the engine's notebook as if they were captured by somebody else: what the model sent by
// itself, on both sides, is what the model would have sent. Only what a learner forged or edited, and what a TCP that was
// broken on purpose sends, may depart from it; nothing is beyond following.
func TestFollowLabs(t *testing.T) {
	for _, l := range labs(t) {
		// By the hand of the learner, or of the path.
		byHand := slices.ContainsFunc(l.Events, func(e engine.Event) bool {
			return e.Kind == engine.Forged || e.Kind == engine.Edited || e.Kind == engine.Injected && e.Wire.Kind() != "ICMP" || e.Rule == rule.LabReorder
		})
		broken := slices.ContainsFunc(l.Scenario.Setup.Hosts[:], func(h engine.HostSetup) bool { return h.Options.Broken != 0 })
		c := parsed(t, written(t, l.Run))
		for i := range c.Conversations {
			talk := &c.Conversations[i]
			var profiles [2]tcp.Profile
			for h := range profiles {
				profiles[h], _ = tcp.ProfileByName(l.Scenario.Setup.Hosts[h].Profile)
			}
			if talk.Client != l.Scenario.Setup.Hosts[engine.Client].Addr {
				profiles[0], profiles[1] = profiles[1], profiles[0]
			}
			r := c.Follow(i, profiles[engine.Client], profiles[engine.Server])
			if r.Outcome == pcap.Follows {
				if len(r.Steps) != len(talk.Packets) {
					t.Errorf("%s: %d steps of %d packets", l.name, len(r.Steps), len(talk.Packets))
				}
				continue
			}
			t.Logf("%s, on the %s: packet %d %v, %s: %s", l.name, c.Interfaces[talk.Interface].Name, r.Packet, r.Outcome, r.Code, r.Reason)
			if r.Outcome == pcap.Beyond || !byHand && !broken {
				t.Errorf("%s: packet %d is the model's own, and %v, %s: %s", l.name, r.Packet, r.Outcome, r.Code, r.Reason)
			}
		}
	}
}

// A talk is a connection as both ends would have captured it, in the words of the tests: each line is a segment.
func talk() []wire.Segment {
	const c, s = engine.Client, engine.Server
	return []wire.Segment{
		seg(c, wire.SYN, 100, 0, ""),
		seg(s, wire.SYN|wire.ACK, 300, 101, ""),
		seg(c, wire.ACK, 101, 301, ""),
		seg(c, wire.ACK|wire.PSH, 101, 301, "hello"),
		seg(s, wire.ACK, 301, 106, ""),
		seg(s, wire.ACK|wire.PSH, 301, 106, "hi"),
		seg(c, wire.ACK, 106, 303, ""),
		seg(c, wire.ACK|wire.FIN, 106, 303, ""),
		seg(s, wire.ACK, 303, 107, ""),
		seg(s, wire.ACK|wire.FIN, 303, 107, ""),
		seg(c, wire.ACK, 107, 304, ""),
	}
}

// follow follows the only conversation of a capture of segments.
func follow(t *testing.T, segs []wire.Segment) pcap.Report {
	t.Helper()
	c := parsed(t, file(segs...))
	if len(c.Conversations) != 1 {
		t.Fatalf("%d conversations", len(c.Conversations))
	}
	return c.Follow(0, tcp.RFC9293, tcp.RFC9293)
}

// with gives a segment options.
func with(s wire.Segment, o wire.Options) wire.Segment {
	s.Options = o
	return s
}

// cookie is a Fast Open option, one that asks with "".
func cookie(bytes string) wire.Options { return wire.Options{}.WithFastOpen([]byte(bytes)) }

// fastTalk is a connection whose SYN has a cookie and text, and whose server answers at once.
func fastTalk() []wire.Segment {
	const c, s = engine.Client, engine.Server
	return []wire.Segment{
		with(seg(c, wire.SYN, 100, 0, "hello"), cookie("01234567")),
		seg(s, wire.SYN|wire.ACK, 300, 106, ""),
		seg(s, wire.ACK|wire.PSH, 301, 106, "hi"),
		seg(c, wire.ACK, 106, 301, ""),
		seg(c, wire.ACK, 106, 303, ""),
		seg(s, wire.ACK|wire.FIN, 303, 106, ""),
		seg(c, wire.ACK, 106, 304, ""),
	}
}

// said is an ICMP error about a segment.
func said(kind wire.ICMPKind, s wire.Segment) wire.Segment {
	s.ICMP = wire.ICMP{Kind: kind, Router: 1}
	return s
}

// again is a connection with other numbers, from the same port.
func again() []wire.Segment {
	segs := talk()
	for i := range segs {
		if segs[i].Src == clientAddr {
			segs[i].Seq += 5000
		} else {
			segs[i].Ack += 5000
		}
	}
	return segs
}

// toItself sends segments from the client to the client.
func toItself(segs ...wire.Segment) []wire.Segment {
	for i := range segs {
		segs[i].Dst = segs[i].Src
	}
	return segs
}

// steps writes the steps of a report, a line each.
func steps(r pcap.Report) string {
	var b strings.Builder
	for _, s := range r.Steps {
		fmt.Fprintf(&b, "%d %v %s", s.Packet, s.From, s.How)
		if s.Call != "" {
			fmt.Fprintf(&b, " (%s)", s.Call)
		}
		if s.Rule != rule.None {
			fmt.Fprintf(&b, " [%s]", s.Rule)
		}
		if len(s.Lost) > 0 {
			fmt.Fprintf(&b, ", lost %v", s.Lost)
		}
		if s.Gap > 0 {
			fmt.Fprintf(&b, ", %d bytes not captured", s.Gap)
		}
		fmt.Fprintf(&b, ": %v, %v\n", s.States[engine.Client], s.States[engine.Server])
	}
	return b.String()
}

// TestSteps: a connection from its SYN to its last ACK, with the calls that explain it, the rules and the states; then as it looks from
// the middle on, and when one direction was captured only.
func TestSteps(t *testing.T) {
	const c, s = engine.Client, engine.Server
	var b strings.Builder
	for _, test := range []struct {
		name string
		segs []wire.Segment
	}{
		{"whole", talk()},
		{"without the SYN", talk()[1:]},
		{"from the final ACK on", talk()[2:]},
		{"from the text on", talk()[3:]},
		{"the client alone", slices.DeleteFunc(talk(), func(s wire.Segment) bool { return s.Src != clientAddr })},
		{"the server alone", slices.DeleteFunc(talk(), func(s wire.Segment) bool { return s.Src != serverAddr })},
		{"the text was not captured", slices.Delete(talk(), 5, 6)[:5]},
		{"text was not captured, and acknowledged", append(append(talk()[:3], seg(engine.Client, wire.ACK, 111, 301, "later")), seg(engine.Server, wire.ACK, 301, 116, ""))},
		{"acknowledgments alone", []wire.Segment{talk()[1], seg(engine.Server, wire.ACK, 301, 101, ""), seg(engine.Server, wire.ACK, 301, 2_000_101, ""),
			seg(engine.Server, wire.ACK, 301, 2_000_102, "")}},
		{"the first SYN was lost", []wire.Segment{seg(engine.Client, wire.SYN, 100, 0, ""), seg(engine.Client, wire.SYN, 500, 0, ""),
			seg(engine.Server, wire.SYN|wire.ACK, 300, 501, "")}},
		{"text in ten pieces out of order", append(append(talk()[:3], func() (segs []wire.Segment) {
			for i := range uint32(10) {
				segs = append(segs, seg(engine.Client, wire.ACK, 101+(i*7+3)%10*10, 301, "ten bytes."))
			}
			return segs
		}()...), seg(engine.Server, wire.ACK, 301, 201, ""))},
		{"a copy made by the network", slices.Insert(talk(), 4, talk()[3])},
		{"Fast Open: a cookie is asked for", append([]wire.Segment{with(seg(c, wire.SYN, 100, 0, ""), cookie("")), with(seg(s, wire.SYN|wire.ACK, 300, 101, ""), cookie("01234567"))},
			talk()[2:4]...)},
		{"Fast Open: the text is taken, and answered before the handshake is done", fastTalk()},
		{"Fast Open: the client alone", slices.DeleteFunc(fastTalk(), func(s wire.Segment) bool { return s.Src != clientAddr })},
		{"Fast Open: the server alone", slices.DeleteFunc(fastTalk(), func(s wire.Segment) bool { return s.Src != serverAddr })},
		{"Fast Open: only the SYN is taken", append(fastTalk()[:1], talk()[1], seg(c, wire.ACK|wire.PSH, 101, 301, "hello"), seg(s, wire.ACK, 301, 106, ""))},
		{"Fast Open: only the SYN is taken, the client alone", append(fastTalk()[:1], seg(c, wire.ACK|wire.PSH, 101, 301, "hello"))},
		{"Fast Open: text in a SYN without a cookie", append([]wire.Segment{seg(c, wire.SYN, 100, 0, "hello")}, talk()[1], seg(c, wire.ACK|wire.PSH, 101, 301, "hello"))},
		{"a port connected to itself", toItself(seg(c, wire.SYN, 100, 0, ""), seg(c, wire.SYN|wire.ACK, 100, 101, ""), seg(c, wire.ACK, 101, 101, ""),
			seg(c, wire.ACK|wire.PSH, 101, 101, "me"), seg(c, wire.ACK, 103, 103, ""))},
		{"refused by ICMP, and opened anew", append([]wire.Segment{talk()[0], said(wire.PortUnreachable, talk()[0])}, again()...)},
		{"refused by ICMP, and then answered", []wire.Segment{talk()[0], said(wire.PortUnreachable, talk()[0]), talk()[1], seg(c, wire.RST, 101, 0, "")}},
		{"an ICMP error that was lost", append([]wire.Segment{talk()[0], said(wire.PortUnreachable, talk()[0])}, talk()[1:]...)},
		{"an ICMP error alone", []wire.Segment{said(wire.TimeExceeded, talk()[3])}},
	} {
		r := follow(t, test.segs)
		fmt.Fprintf(&b, "# %s: %v %s\n%s", test.name, r.Outcome, r.Reason, steps(r))
		if r.Outcome != pcap.Follows {
			t.Errorf("%s: packet %d %v: %s", test.name, r.Packet, r.Outcome, r.Reason)
		}
	}
	golden(t, "steps.txt", b.String())
}

// TestLate: SYNs that come later than the model's are its own, whether those between were missed or it had given up.
func TestLate(t *testing.T) {
	for _, seconds := range [][]uint32{{0, 1, 3, 7}, {0, 7}, {0, 15, 31}, {0, 1, 100_000, 100_001}} {
		c := newCapture(binary.LittleEndian, micro, 101)
		for _, at := range seconds {
			b := packet(talk()[0])
			c.record(at, 0, b, len(b))
		}
		if r := parsed(t, c.b).Follow(0, tcp.RFC9293, tcp.RFC9293); r.Outcome != pcap.Follows {
			t.Errorf("%v s: packet %d %v: %s", seconds, r.Packet, r.Outcome, r.Reason)
		}
	}
}

// TestFallback: a SYN with text that is lost is sent again as an ordinary one, and the text comes behind the handshake. With its text, or
// with its option, it would not be the model's.
func TestFallback(t *testing.T) {
	plain := fastTalk()[0]
	plain.Payload, plain.Options = "", wire.Options{}
	for _, test := range []struct {
		second wire.Segment
		want   string
	}{
		{plain, ""},
		{fastTalk()[0], pcap.FastOpen},
	} {
		c := newCapture(binary.LittleEndian, micro, 101)
		for i, s := range []wire.Segment{fastTalk()[0], test.second, talk()[1], seg(engine.Client, wire.ACK, 101, 301, "hello"), seg(engine.Server, wire.ACK, 301, 106, "")} {
			b := packet(s)
			c.record(uint32(min(i, 1)), uint32(i*10_000), b, len(b))
		}
		r := parsed(t, c.b).Follow(0, tcp.RFC9293, tcp.RFC9293)
		if r.Code != test.want || test.want == "" && len(r.Steps) != 5 || test.want != "" && r.Packet != 2 {
			t.Errorf("packet %d %s: %s, want %q\n%s", r.Packet, r.Code, r.Reason, test.want, steps(r))
		}
	}
}

// TestDepartures reaches every reason why a segment is not one that the model would have sent.
func TestDepartures(t *testing.T) {
	const c, s = engine.Client, engine.Server
	change := func(n int, do func(s *wire.Segment)) []wire.Segment {
		segs := talk()
		do(&segs[n-1])
		return segs
	}
	offered := func(o wire.Options) []wire.Segment {
		return change(2, func(s *wire.Segment) { s.Options = o })
	}
	for _, test := range []struct {
		name   string
		segs   []wire.Segment
		packet int
		code   string
		reason string
	}{
		{"an RST out of nowhere", append(talk(), seg(s, wire.RST, 700, 0, "")), 12, pcap.WrongSeq, "The RST has number 700; the next number of the server is 304"},
		{"an ACK behind a refusal", []wire.Segment{seg(c, wire.SYN, 100, 0, ""), seg(s, wire.RST|wire.ACK, 0, 101, ""), seg(c, wire.ACK, 101, 301, "")}, 3,
			pcap.WrongState, "The client is in SYN-SENT, where a SYN-ACK must arrive first, and sends an ACK"},
		{"a SYN-ACK to no SYN", []wire.Segment{seg(c, wire.SYN, 100, 0, ""), seg(s, wire.RST|wire.ACK, 0, 101, ""), seg(s, wire.SYN|wire.ACK, 300, 102, "")}, 3,
			pcap.NoConnection, "The server sends a SYN-ACK, and no SYN arrived that it could answer"},
		{"text before the SYN-ACK", []wire.Segment{seg(c, wire.SYN, 100, 0, ""), seg(c, wire.ACK, 101, 301, "x"), seg(s, wire.SYN|wire.ACK, 300, 101, "")}, 2,
			pcap.WrongState, "The client is in SYN-SENT, where a SYN-ACK must arrive first, and sends an ACK with 1 bytes"},
		{"a SYN in a connection", append(talk()[:5], seg(c, wire.SYN, 106, 0, "")), 6, pcap.WrongState, "The client sends a SYN, and it has a connection already, in ESTABLISHED"},
		{"a SYN-ACK of the client", append(talk()[:5], seg(c, wire.SYN|wire.ACK, 106, 301, "")), 6, pcap.WrongState, "The client sends a SYN-ACK in ESTABLISHED"},
		{"a second number", append(talk()[:2], seg(s, wire.SYN|wire.ACK, 301, 101, "")), 3, pcap.WrongSeq, "The SYN-ACK has number 301, and the one before it had 300"},
		{"the SYN not counted", change(2, func(s *wire.Segment) { s.Ack = 100 }), 2, pcap.WrongAck, "acknowledges 100; the SYN had number 100, so it must be 101"},
		{"an ACK of nothing", change(3, func(s *wire.Segment) { s.Ack = 302 }), 3, pcap.UnseenAck, "The client acknowledges 302, and only what is before 301"},
		{"an ACK that goes back", change(7, func(s *wire.Segment) { s.Ack = 300 }), 7, pcap.WrongAck, "acknowledges 300, less than the 301"},
		{"a bare ACK ahead", change(7, func(s *wire.Segment) { s.Seq = 107 }), 7, pcap.WrongSeq, "has number 107; the next number of the client is 106"},
		{"no ACK bit", change(4, func(s *wire.Segment) { s.Flags = wire.PSH }), 4, pcap.BadFlags, "all segments behind the SYN have the ACK bit"},
		{"SYN and FIN", change(1, func(s *wire.Segment) { s.Flags |= wire.FIN }), 1, pcap.BadFlags, "SYN,FIN"},
		{"text behind the FIN", append(talk()[:8], seg(c, wire.ACK, 107, 303, "more")), 9, pcap.AfterFIN, "its FIN was the last one, and ended before 107"},
		{"beyond the window", change(2, func(s *wire.Segment) { s.Window = 3 }), 4, pcap.BeyondWindow, "sends text up to 106; the window of the other end reaches to 104"},
		{"the SYN too early again", []wire.Segment{seg(c, wire.SYN, 100, 0, ""), seg(s, wire.ACK, 7, 8, ""), seg(c, wire.RST, 8, 0, ""), seg(c, wire.SYN, 100, 0, "")}, 4,
			pcap.TooEarly, "The client sends its SYN again after 30ms; the model does so after 1s"},
		{"acknowledged text again", append(talk()[:7], seg(c, wire.ACK|wire.PSH, 101, 303, "hell")), 8, pcap.Acknowledged, "up to 105 again, and all before 106 was acknowledged"},
		{"window scale not offered", offered(wire.Options{}.WithMSS(1460).WithWindowScale(7)), 2, pcap.NotOffered, "window scale"},
		{"SACK not offered", offered(wire.Options{}.WithSACKPermitted()), 2, pcap.NotOffered, "SACK-permitted"},
		{"timestamps not offered", offered(wire.Options{}.WithTimestamps(1, 0)), 2, pcap.NotOffered, "timestamps"},
		{"a cookie not asked for", offered(cookie("01234567")), 2, pcap.NotOffered, "Fast Open cookie"},
		{"text in the SYN-ACK", change(2, func(s *wire.Segment) { s.Payload = "hi" }), 2, pcap.FastOpen, "a SYN-ACK with 2 bytes of text"},
		{"text taken without a cookie", []wire.Segment{seg(c, wire.SYN, 100, 0, "hello"), seg(s, wire.SYN|wire.ACK, 300, 106, "")}, 2,
			pcap.WrongAck, "acknowledges 106; the SYN had number 100, so it must be 101"},
		{"text in the SYN again", []wire.Segment{seg(c, wire.SYN, 100, 0, "hello"), seg(c, wire.SYN, 100, 0, "hello, you")}, 2, pcap.FastOpen, "sends its SYN again with text"},
		{"text before a SYN-ACK is acknowledged", append(talk()[:2], seg(s, wire.ACK, 301, 101, "hi")), 3, pcap.WrongState, "sends an ACK with 2 bytes in SYN-RECEIVED"},
	} {
		r := follow(t, test.segs)
		if r.Packet != test.packet || r.Code != test.code || !strings.Contains(r.Reason, test.reason) {
			t.Errorf("%s: packet %d %s: %s\n want packet %d %s: %s\n%s", test.name, r.Packet, r.Code, r.Reason, test.packet, test.code, test.reason, steps(r))
		}
		if want := max(0, test.packet-1); test.code != "" && len(r.Steps) != want {
			t.Errorf("%s: %d steps before packet %d", test.name, len(r.Steps), test.packet)
		}
	}
}

// TestMutations changes one number of one segment of a good connection: it never goes unnoticed, but where listed.
func TestMutations(t *testing.T) {
	noticed := 0
	for n := range talk() {
		for name, do := range map[string]func(s *wire.Segment){
			"seq+1":     func(s *wire.Segment) { s.Seq++ },
			"seq-1":     func(s *wire.Segment) { s.Seq-- },
			"seq+2^31":  func(s *wire.Segment) { s.Seq += 1 << 31 },
			"ack+1":     func(s *wire.Segment) { s.Ack++ },
			"ack+2^31":  func(s *wire.Segment) { s.Ack += 1 << 31 },
			"no ACK":    func(s *wire.Segment) { s.Flags &^= wire.ACK },
			"SYN":       func(s *wire.Segment) { s.Flags |= wire.SYN },
			"one more":  func(s *wire.Segment) { s.Payload += "x" },
			"FIN":       func(s *wire.Segment) { s.Flags |= wire.FIN },
			"RST, seq+": func(s *wire.Segment) { s.Flags = wire.RST; s.Seq += 9 },
		} {
			segs := talk()
			do(&segs[n])
			if segs[n] == talk()[n] || n == 0 && strings.HasPrefix(name, "ack") {
				continue
			}
			r := follow(t, segs)
			key := fmt.Sprintf("%d %s", n+1, name)
			why, allowed := unnoticed[key]
			switch {
			case r.Outcome == pcap.Follows && why == hole && r.Steps[n].Gap != 1:
				t.Errorf("packet %s: no byte is missed\n%s", key, steps(r))
			case r.Outcome == pcap.Follows && !allowed:
				t.Errorf("packet %s: nothing is noticed\n%s", key, steps(r))
			case r.Outcome != pcap.Follows && allowed:
				t.Errorf("packet %s: packet %d %s: %s; want nothing (%s)", key, r.Packet, r.Code, r.Reason, why)
			case r.Outcome != pcap.Follows && r.Packet < n+1:
				t.Errorf("packet %s: packet %d, which is before it, %s: %s", key, r.Packet, r.Code, r.Reason)
			case r.Outcome != pcap.Follows:
				noticed++
			}
		}
	}
	t.Logf("%d changes are noticed", noticed)
}

// unnoticed are the changes that a TCP might have made, with the reason.
var unnoticed = map[string]string{
	"3 seq-1": probe, "5 seq-1": probe, "7 seq-1": probe, "9 seq-1": probe, "11 seq-1": probe,
	"1 one more": text, "3 one more": text, "4 one more": text, "5 one more": text, "6 one more": text, "7 one more": text, "8 one more": text, "9 one more": text, "10 one more": text,
	"4 seq+1": hole, "6 seq+1": hole, "8 seq+1": hole, "10 seq+1": hole,
	"4 FIN": closed, "6 FIN": closed, "7 FIN": closed, "9 FIN": closed,
}

const (
	probe  = "a keepalive has the number before"
	text   = "the application may send more, and the other end acknowledge it later"
	hole   = "a byte before it may not have been captured; Gap says so"
	closed = "the application may close earlier"
)
