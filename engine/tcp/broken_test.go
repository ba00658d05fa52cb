package tcp_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/handshakelab/lab/engine/rule"
	"github.com/handshakelab/lab/engine/tcp"
)

// A protection that is missing shows where it would have acted, by its rule, and does not act. Where it is not needed the
// host behaves as if nothing were missing.
func TestBroken(t *testing.T) {
	established := func(h *tester) { h.established(nxt, undNxt) }
	for _, test := range []struct {
		name     string
		broken   tcp.Broken
		rule     rule.ID
		prepare  func(*tester)
		flags    string // of the segment that needs the protection
		seq, ack uint32
		length   int
		whole    string // what comes of it with the protection: what is sent, and the state
		want     string // and without
		harmless func(*tester)
	}{{
		name: "a SYN opens at once", broken: tcp.TwoWayHandshake, rule: rule.BrokenHandshake,
		prepare: func(h *tester) { h.call(tcp.Call{Verb: tcp.CallListen, Backlog: 16}) },
		flags:   "S", seq: nxt - 1, whole: "S. SYN-RECEIVED", want: "S. ESTABLISHED",
		harmless: func(h *tester) { h.call(tcp.Call{Verb: tcp.CallConnect}); h.arrive("S.", nxt-1, undNxt, 0) },
	}, {
		name: "a number that is always the same", broken: tcp.FixedISN, rule: rule.BrokenISN,
		prepare: func(h *tester) { h.call(tcp.Call{Verb: tcp.CallListen, Backlog: 16}) },
		flags:   "S", seq: nxt - 1, whole: "S. SYN-RECEIVED", want: "S. SYN-RECEIVED",
	}, {
		name: "a wrong SYN-ACK opens", broken: tcp.NoSynSentCheck, rule: rule.BrokenSynSentACK,
		prepare: matrixStates["SYN-SENT"],
		flags:   "S.", seq: nxt - 1, ack: undNxt - 50, whole: "R SYN-SENT", want: ". ESTABLISHED",
		harmless: func(h *tester) { matrixStates["SYN-SENT"](h); h.arrive("S.", nxt-1, undNxt, 0) },
	}, {
		name: "a wrong RST refuses", broken: tcp.NoSynSentCheck, rule: rule.BrokenSynSentACK,
		prepare: matrixStates["SYN-SENT"],
		flags:   "R.", seq: nxt - 1, ack: undNxt - 50, whole: "SYN-SENT", want: "CLOSED",
	}, {
		name: "a wrong ACK opens", broken: tcp.NoSynReceivedCheck, rule: rule.BrokenSynReceivedACK,
		prepare: matrixStates["SYN-RECEIVED"],
		flags:   ".", seq: nxt, ack: undNxt - 50, whole: "R SYN-RECEIVED", want: "ESTABLISHED",
		harmless: established,
	}, {
		name: "a wrong ACK opens after a simultaneous open", broken: tcp.NoSynReceivedCheck, rule: rule.BrokenSynReceivedACK,
		prepare: matrixStates["SYN-RECEIVED (simultaneous open)"],
		flags:   ".", seq: nxt, ack: undNxt - 50, whole: "R SYN-RECEIVED", want: "ESTABLISHED",
	}, {
		name: "the last FIN", broken: tcp.NoTimeWait, rule: rule.BrokenTimeWait,
		prepare: matrixStates["FIN-WAIT-2"],
		flags:   "F.", seq: nxt, ack: undNxt, whole: ". TIME-WAIT", want: ". CLOSED",
		harmless: func(h *tester) { matrixStates["LAST-ACK"](h); h.arrive(".", nxt, undNxt, 0) },
	}, {
		name: "the last FIN, the socket closed", broken: tcp.NoTimeWait, rule: rule.BrokenTimeWait,
		prepare: matrixStates["FIN-WAIT-2 (closed)"],
		flags:   "F.", seq: nxt, ack: undNxt, whole: ". TIME-WAIT", want: ". CLOSED",
	}, {
		name: "the last ACK of a simultaneous close", broken: tcp.NoTimeWait, rule: rule.BrokenTimeWait,
		prepare: matrixStates["CLOSING"],
		flags:   ".", seq: nxt, ack: undNxt, whole: "TIME-WAIT", want: "CLOSED",
	}, {
		name: "nobody listens", broken: tcp.NoRST, rule: rule.BrokenRST,
		prepare: matrixStates["CLOSED"],
		flags:   "S", seq: nxt, whole: "R. CLOSED", want: "CLOSED",
		harmless: established,
	}, {
		name: "a RST out of the window", broken: tcp.NoRSTCheck, rule: rule.BrokenRSTCheck,
		prepare: established,
		flags:   "R", seq: nxt - 70000, whole: "ESTABLISHED", want: "CLOSED",
		harmless: func(h *tester) { established(h); h.arrive("R", nxt, 0, 0) },
	}, {
		name: "a RST in the window", broken: tcp.NoRSTCheck, rule: rule.BrokenRSTCheck,
		prepare: established,
		flags:   "R", seq: nxt + 7, whole: ". ESTABLISHED", want: "CLOSED",
	}, {
		name: "old text", broken: tcp.NoWindowCheck, rule: rule.BrokenWindow,
		prepare: func(h *tester) { established(h); h.arrive("P.", nxt, undNxt, 5); h.advance(tcp.Second) },
		flags:   "P.", seq: nxt, ack: undNxt, length: 5, whole: ". ESTABLISHED", want: "5 . ESTABLISHED",
		harmless: func(h *tester) { established(h); h.arrive("P.", nxt, undNxt, 5) },
	}, {
		name: "older text", broken: tcp.NoWindowCheck, rule: rule.BrokenWindow,
		prepare: func(h *tester) { established(h); h.arrive("P.", nxt, undNxt, 5); h.advance(tcp.Second) },
		flags:   "P.", seq: nxt - 20, ack: undNxt, length: 5, whole: ". ESTABLISHED", want: "5 . ESTABLISHED",
	}, {
		name: "text from far ahead opens", broken: tcp.NoWindowCheck, rule: rule.BrokenWindow,
		prepare: matrixStates["SYN-RECEIVED"],
		flags:   "P.", seq: nxt + 90000, ack: undNxt, length: 5, whole: ". SYN-RECEIVED", want: "5 . ESTABLISHED",
	}} {
		for _, profile := range tcp.Profiles() {
			t.Run(test.name+"/"+profile.Name, func(t *testing.T) {
				after := func(broken tcp.Broken) (got string, shown bool) {
					p := profile
					p.Broken = broken
					h := newTester(t, p)
					test.prepare(h)
					h.effects = nil
					h.arrive(test.flags, test.seq, test.ack, test.length)
					var words []string
					state := h.host.State()
					for _, e := range h.effects {
						switch {
						case e.Kind == tcp.Send:
							words = append(words, tcpdumpFlags(h.segs[e.Sent].Flags))
						case e.Kind == tcp.Tell && e.Notice == tcp.Readable:
							words = append(words, string('0'+rune(e.Bytes)))
						case e.Kind == tcp.Removed:
							state = tcp.Closed // its listener goes on
						}
						shown = shown || e.Rule == test.rule
					}
					h.advance(50 * tcp.Millisecond) // for an acknowledgment that waits
					if len(words) > 0 && words[len(words)-1] == "5" {
						for _, e := range h.effects {
							if e.Kind == tcp.Send && !slices.Contains(words, tcpdumpFlags(h.segs[e.Sent].Flags)) {
								words = append(words, tcpdumpFlags(h.segs[e.Sent].Flags))
							}
						}
					}
					return strings.Join(append(words, state.String()), " "), shown
				}
				if got, shown := after(0); got != test.whole || shown {
					t.Errorf("with the protection: %q, want %q; its rule is shown: %v", got, test.whole, shown)
				}
				if got, shown := after(test.broken); got != test.want || !shown {
					t.Errorf("without: %q, want %q; its rule is shown: %v", got, test.want, shown)
				}
				if test.harmless == nil {
					return
				}
				p := profile
				p.Broken = test.broken
				h := newTester(t, p)
				test.harmless(h)
				for _, e := range h.effects {
					if e.Rule == test.rule {
						t.Errorf("where nothing is missed %s is shown", test.rule)
					}
				}
			})
		}
	}
}

// The two-way handshake is not broken by a SYN-ACK that is lost: the SYN comes again and is answered again.
func TestTwoWayHandshakeAnswersAgain(t *testing.T) {
	for _, profile := range tcp.Profiles() {
		profile.Broken = tcp.TwoWayHandshake
		h := newTester(t, profile)
		h.call(tcp.Call{Verb: tcp.CallListen, Backlog: 16})
		h.arrive("S", nxt-1, 0, 0)
		h.effects = nil
		h.arrive("S", nxt-1, 0, 0)
		if got := h.trail(); !strings.HasSuffix(got, "send SYN,ACK") || h.state() != tcp.Established {
			t.Errorf("%s: the same SYN: %s", profile.Name, got)
		}
		h.effects = nil
		h.arrive("S", nxt+5, 0, 0)
		if got := h.trail(); !strings.Contains(got, "send ACK") {
			t.Errorf("%s: another SYN: %s", profile.Name, got)
		}
		h.effects = nil
		h.arrive("P.", nxt, undNxt, 5)
		if got := h.trail(); !strings.Contains(got, "tell readable") {
			t.Errorf("%s: text: %s", profile.Name, got)
		}
	}
}

func TestBrokenNames(t *testing.T) {
	all := tcp.Broken(0)
	for _, name := range tcp.BrokenNames() {
		b, ok := tcp.BrokenByName(name)
		if !ok || b.String() != name || all.Has(b) {
			t.Errorf("%s is %v", name, b)
		}
		if _, ok := rule.Parse("lab:" + name); !ok {
			t.Errorf("no rule says that %s is missing", name)
		}
		all |= b
	}
	if all != tcp.AllBroken || all.String() != strings.Join(tcp.BrokenNames(), ",") {
		t.Errorf("all of them are %v", all)
	}
	if _, ok := tcp.BrokenByName(""); ok {
		t.Error("nothing is a protection")
	}
}
