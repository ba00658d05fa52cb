package tcp_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/handshakelab/lab/engine/rule"
	"github.com/handshakelab/lab/engine/tcp"
	"github.com/handshakelab/lab/engine/wire"
)

// trail writes down the checks that a segment went through, "9293:3.10.7.4/1+" for one that passed, and what came of them.
func (h *tester) trail() string {
	var words []string
	for _, e := range h.effects {
		switch e.Kind {
		case tcp.Check:
			mark := map[bool]string{true: "+", false: "-"}[e.OK]
			words = append(words, strings.TrimPrefix(e.Rule.String(), "9293:3.10.7.")+mark)
		case tcp.Send:
			words = append(words, "send "+h.segs[e.Sent].Flags.String())
		case tcp.Change:
			words = append(words, "enter "+e.To.String())
		case tcp.Discard:
			words = append(words, "drop")
		case tcp.Tell:
			words = append(words, "tell "+e.Errno.String()+e.Notice.String())
		}
		if e.Rule != rule.None {
			if _, ok := rule.Lookup(e.Rule); !ok {
				h.t.Errorf("rule %q is not in the catalogue", e.Rule)
			}
		}
	}
	return strings.Join(words, " ")
}

// An arrival is one test of a numbered check of RFC 9293 sections 3.10.7.1 to 3.10.7.4: which checks a segment passes in a
// state, and where its way ends. The sentence is what the text demands.
type arrival struct {
	sentence string
	state    string
	flags    string
	seq, ack uint32
	length   int
	want     string
}

var arrivals = []arrival{
	{"CLOSED: an RST is discarded", "CLOSED", "R", nxt, 0, 0, "drop"},
	{"CLOSED: without ACK, the RST acknowledges what came", "CLOSED", "S", nxt, 0, 0, "send RST,ACK"},
	{"CLOSED: with ACK, the RST takes its number from it", "CLOSED", ".", nxt, undNxt, 0, "send RST"},
	{"LISTEN, first: an RST is ignored", "LISTEN", "R", nxt, 0, 0, "2/1- drop"},
	{"LISTEN, second: an ACK is bad and draws RST", "LISTEN", ".", nxt, undNxt, 0, "2/1+ 2/2- send RST"},
	{"LISTEN, third: a SYN draws SYN,ACK", "LISTEN", "S", nxt, 0, 0, "2/1+ 2/2+ 2/3+ 9293:3.7.1/mss- enter SYN-RECEIVED send SYN,ACK"},
	{"LISTEN, fourth: anything else is dropped", "LISTEN", "P", nxt, 0, 5, "2/1+ 2/2+ 2/3- drop"},
	{"SYN-SENT, first: an ACK of nothing sent draws RST", "SYN-SENT", "S.", nxt, undNxt + 1, 0, "3/1- send RST drop"},
	{"SYN-SENT, first: ... unless it is an RST itself", "SYN-SENT", "R.", nxt, undNxt + 1, 0, "3/1- drop"},
	{"SYN-SENT, second: RST with a good ACK refuses", "SYN-SENT", "R.", nxt, undNxt, 0, "3/1+ 3/2- enter CLOSED tell ECONNREFUSED"},
	{"SYN-SENT, second: RST without ACK is dropped", "SYN-SENT", "R", nxt, 0, 0, "3/2- drop"},
	{"SYN-SENT, fourth: SYN,ACK opens", "SYN-SENT", "S.", nxt, undNxt, 0,
		"3/1+ 3/2+ 3/4+ 9293:3.7.1/mss- 6298:2.2+ enter ESTABLISHED tell connected send ACK"},
	{"SYN-SENT, fourth: SYN alone is a simultaneous open", "SYN-SENT", "S", nxt, 0, 0, "3/2+ 3/4+ 9293:3.7.1/mss- enter SYN-RECEIVED send SYN,ACK"},
	{"SYN-SENT, fifth: neither SYN nor RST is dropped", "SYN-SENT", ".", nxt, undNxt, 0, "3/1+ 3/2+ 3/4- drop"},
	{"first: an unacceptable segment is acknowledged and dropped", "ESTABLISHED", ".", nxt - 10000, undNxt, 0, "4/1- send ACK drop"},
	{"first: ... unless it is an RST", "ESTABLISHED", "R", nxt - 10000, 0, 0, "4/1- drop"},
	{"second: RST in passive SYN-RECEIVED leads to LISTEN, nobody is told", "SYN-RECEIVED", "R", nxt, 0, 0, "4/1+ 4/2- 5961:3.2+ enter LISTEN"},
	{"second: RST in active SYN-RECEIVED refuses", "SYN-RECEIVED (simultaneous open)", "R", nxt, 0, 0,
		"4/1+ 4/2- 5961:3.2+ enter CLOSED tell ECONNREFUSED"},
	{"second: RST in ESTABLISHED resets", "ESTABLISHED", "R", nxt, 0, 0, "4/1+ 4/2- 5961:3.2+ enter CLOSED tell ECONNRESET"},
	{"second: RST in the window and not exact is challenged (RFC 5961)", "ESTABLISHED", "R", nxt + 1, 0, 0, "4/1+ 4/2- 5961:3.2- send ACK drop"},
	{"fourth: SYN in passive SYN-RECEIVED leads to LISTEN", "SYN-RECEIVED", "S", nxt, 0, 0, "4/1+ 4/2+ 4/4- enter LISTEN"},
	{"fourth: SYN in ESTABLISHED is challenged (RFC 5961)", "ESTABLISHED", "S", nxt, 0, 0, "4/1+ 4/2+ 4/4- send ACK drop"},
	{"fifth: without the ACK bit the segment is dropped", "ESTABLISHED", "none", nxt, 0, 0, "4/1+ 4/2+ 4/4+ 4/5- drop"},
	{"fifth: SYN-RECEIVED with an ACK of our SYN enters ESTABLISHED", "SYN-RECEIVED", ".", nxt, undNxt, 0,
		"4/1+ 4/2+ 4/4+ 4/5+ 4/5.syn-received+ 6298:2.2+ enter ESTABLISHED tell acceptable"},
	{"fifth: SYN-RECEIVED with another ACK draws RST", "SYN-RECEIVED", ".", nxt, undNxt + 1, 0, "4/1+ 4/2+ 4/4+ 4/5+ 4/5.syn-received- send RST drop"},
	{"fifth: an ACK of something not sent yet is acknowledged", "ESTABLISHED", ".", nxt, undNxt + 1, 0, "4/1+ 4/2+ 4/4+ 4/5+ 5961:5.2- send ACK drop"},
	{"fifth: an old ACK is ignored", "ESTABLISHED", ".", nxt, undNxt - 1, 0, "4/1+ 4/2+ 4/4+ 4/5+ 5961:5.2+ 4/5.established-"},
	{"seventh: text is delivered and acknowledged", "ESTABLISHED", "P.", nxt, undNxt, 5,
		"4/1+ 4/2+ 4/4+ 4/5+ 5961:5.2+ 4/5.established- 4/7+ tell readable send ACK"},
	{"seventh: text after a gap is acknowledged with what is missing", "ESTABLISHED", "P.", nxt + 5, undNxt, 5,
		"4/1+ 4/2+ 4/4+ 4/5+ 5961:5.2+ 4/5.established- 4/7- 4/7.hold+ send ACK"},
	{"seventh: after the peer's FIN text is ignored", "CLOSE-WAIT", "P.", nxt, undNxt, 5, "4/1+ 4/2+ 4/4+ 4/5+ 5961:5.2+ 4/5.established-"},
	{"fifth: an ACK of our FIN leads from FIN-WAIT-1 to FIN-WAIT-2", "FIN-WAIT-1", ".", nxt, undNxt, 0,
		"4/1+ 4/2+ 4/4+ 4/5+ 5961:5.2+ 4/5.established+ 6298:2.3+ enter FIN-WAIT-2"},
	{"fifth: an ACK of our FIN leads from CLOSING to TIME-WAIT", "CLOSING", ".", nxt, undNxt, 0,
		"4/1+ 4/2+ 4/4+ 4/5+ 5961:5.2+ 4/5.established+ 6298:2.3+ enter TIME-WAIT"},
	{"fifth: an ACK of our FIN ends LAST-ACK", "LAST-ACK", ".", nxt, undNxt, 0,
		"4/1+ 4/2+ 4/4+ 4/5+ 5961:5.2+ 4/5.established+ 6298:2.3+ enter CLOSED"},
	{"fifth: in TIME-WAIT the peer's FIN again is acknowledged", "TIME-WAIT", "F.", nxt - 1, undNxt, 0, "4/1- send ACK drop"},
	{"second: RST in CLOSING ends it, nobody is told", "CLOSING", "R", nxt, 0, 0, "4/1+ 4/2- 5961:3.2+ enter CLOSED"},
	{"second: RST in LAST-ACK ends it, nobody is told", "LAST-ACK", "R", nxt, 0, 0, "4/1+ 4/2- 5961:3.2+ enter CLOSED"},
	{"second: RST in TIME-WAIT ends it, nobody is told", "TIME-WAIT", "R", nxt, 0, 0, "4/1+ 4/2- 5961:3.2+ enter CLOSED"},
	{"eighth: FIN in FIN-WAIT-1 without an ACK of ours enters CLOSING", "FIN-WAIT-1", "F.", nxt, undNxt - 1, 0,
		"4/1+ 4/2+ 4/4+ 4/5+ 5961:5.2+ 4/5.established- 4/8+ enter CLOSING tell peer-closed send ACK"},
	{"eighth: FIN in FIN-WAIT-1 with an ACK of ours enters TIME-WAIT", "FIN-WAIT-1", "F.", nxt, undNxt, 0,
		"4/1+ 4/2+ 4/4+ 4/5+ 5961:5.2+ 4/5.established+ 6298:2.3+ enter FIN-WAIT-2 4/8+ enter TIME-WAIT tell peer-closed send ACK"},
	{"eighth: FIN in FIN-WAIT-2 enters TIME-WAIT", "FIN-WAIT-2", "F.", nxt, undNxt, 0,
		"4/1+ 4/2+ 4/4+ 4/5+ 5961:5.2+ 4/5.established- 4/8+ enter TIME-WAIT tell peer-closed send ACK"},
	{"eighth: FIN enters CLOSE-WAIT", "ESTABLISHED", "F.", nxt, undNxt, 0,
		"4/1+ 4/2+ 4/4+ 4/5+ 5961:5.2+ 4/5.established- 4/8+ enter CLOSE-WAIT tell peer-closed send ACK"},
}

// section is where the sentence stands.
func (a *arrival) section() string {
	n := map[string]string{"CLOSED": "1", "LISTEN": "2", "SYN-SENT": "3"}[a.state]
	if n == "" {
		n = "4"
	}
	return "3.10.7." + n
}

// arrive lets the segment arrive in its state.
func (a *arrival) arrive(t *testing.T) *tester {
	h := newTester(t, tcp.RFC9293)
	matrixStates[a.state](h)
	h.effects = nil
	h.arrive(a.flags, a.seq, a.ack, a.length)
	return h
}

// rules is the rule that decides about the segment: that of the change of state, or else of the answer, the discard or the last check.
func (a *arrival) rules(t *testing.T) []rule.ID {
	effects := a.arrive(t).effects
	for _, kind := range []tcp.EffectKind{tcp.Change, tcp.Send, tcp.Discard, tcp.Check} {
		for _, e := range slices.Backward(effects) {
			if e.Kind == kind {
				return []rule.ID{e.Rule}
			}
		}
	}
	return nil
}

func TestSegmentArrives(t *testing.T) {
	for _, test := range arrivals {
		t.Run(test.sentence, func(t *testing.T) {
			if got := test.arrive(t).trail(); got != test.want {
				t.Errorf("\n got %s\nwant %s", got, test.want)
			}
		})
	}
}

// RFC 9293 section 3.1, MUST-3: a segment with a wrong checksum is dropped before anything looks at it, in every state.
func TestChecksum(t *testing.T) {
	for state, prepare := range matrixStates {
		h := newTester(t, tcp.RFC9293)
		prepare(h)
		h.effects = nil
		seg := wire.Segment{Src: peer, Dst: self, Seq: nxt, Flags: wire.RST, FixedSum: true, Checksum: 1}
		h.keep(h.host.Receive(h.now, &seg, h.effects))
		if got, want := h.trail(), "9293:3.1/checksum- drop"; got != want {
			t.Errorf("%s: got %s, want %s", state, got, want)
		}
	}
}

// RFC 6298 section 5.5 and RFC 9293 section 3.8.3: when SYN and SYN-ACK are sent again, and when the host gives up.
func TestBackOff(t *testing.T) {
	for _, test := range []struct {
		name    string
		profile tcp.Profile
		state   string
		sent    []tcp.Time
		end     tcp.Time
	}{
		{"SYN by the RFC, at least 3 minutes (MUST-23)", tcp.RFC9293, "SYN-SENT", []tcp.Time{1, 3, 7, 15, 31, 63, 123}, 183},
		{"SYN-ACK by the RFC", tcp.RFC9293, "SYN-RECEIVED", []tcp.Time{1, 3, 7, 15, 31, 63, 123}, 183},
		{"SYN of Linux since 6.5", tcp.Linux, "SYN-SENT", []tcp.Time{1, 2, 3, 4, 5, 7, 11, 19, 35, 67}, 131},
		{"SYN of Linux before 6.5", tcp.Linux.With(tcp.Options{SynLinear: tcp.Some[uint8](0)}), "SYN-SENT", []tcp.Time{1, 3, 7, 15, 31, 63}, 127},
		{"SYN-ACK of Linux", tcp.Linux, "SYN-RECEIVED", []tcp.Time{1, 3, 7, 15, 31}, 63},
	} {
		t.Run(test.name, func(t *testing.T) {
			h := newTester(t, test.profile)
			matrixStates[test.state](h)
			start := h.now
			h.effects = nil
			var sent []tcp.Time
			for {
				at, conn, timer, ok := h.host.Next()
				if !ok {
					break
				}
				h.now = at
				n := len(h.effects)
				h.keep(h.host.Fire(at, conn, timer, h.effects))
				for _, e := range h.effects[n:] {
					if e.Kind == tcp.Send {
						sent = append(sent, (at-start)/tcp.Second)
					}
				}
			}
			if len(sent) != len(test.sent) {
				t.Fatalf("sent again at %v s, want %v", sent, test.sent)
			}
			for i := range sent {
				if sent[i] != test.sent[i] {
					t.Errorf("sent again at %v s, want %v", sent, test.sent)
					break
				}
			}
			if got := h.now - start; got != test.end*tcp.Second {
				t.Errorf("gave up after %v, want %v", got, test.end*tcp.Second)
			}
			if want := map[string]string{"SYN-SENT": "ETIMEDOUT"}[test.state]; h.errno() != want {
				t.Errorf("the application is told %q, want %q", h.errno(), want)
			}
		})
	}
}
