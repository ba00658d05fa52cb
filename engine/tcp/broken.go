package tcp

import (
	"strings"

	"github.com/handshakelab/lab/engine/rule"
	"github.com/handshakelab/lab/engine/wire"
)

// Broken is a set of protections that a TCP lacks on purpose, so that one can see what each of them is for. Where a
// protection is missed, an effect with a rule of the lab says so: one that is not missed leaves no trace.
type Broken uint16

// The protections that can be missing.
const (
	// TwoWayHandshake: the passive side is ESTABLISHED at once on a SYN and does not wait for the ACK of its own
	// (RFC 9293 section 3.5). A SYN that comes again is answered again, so that a lost SYN-ACK does no harm by itself.
	TwoWayHandshake Broken = 1 << iota

	// FixedISN: every initial sequence number is 0 (RFC 9293 section 3.4.1), whatever the set-up gives. SYN cookies and ports
	// that come out of TIME-WAIT have theirs by other rules.
	FixedISN

	// NoSynSentCheck: in SYN-SENT any ACK will do (RFC 9293 section 3.10.7.3, first).
	NoSynSentCheck

	// NoSynReceivedCheck: in SYN-RECEIVED any ACK will do (RFC 9293 section 3.10.7.4, fifth).
	NoSynReceivedCheck

	// NoTimeWait: CLOSED follows where TIME-WAIT should (RFC 9293 section 3.6.1).
	NoTimeWait

	// NoRST: no RST is ever sent (RFC 9293 section 3.5.2).
	NoRST

	// NoRSTCheck: an RST is believed whatever its number (RFC 5961 section 3.2).
	NoRSTCheck

	// NoWindowCheck: a segment is taken whatever its number, and its text goes to the application as it comes (RFC 9293
	// section 3.10.7.4, first).
	NoWindowCheck

	brokenEnd
)

// AllBroken is the set of all protections that can be missing.
const AllBroken = brokenEnd - 1

// brokenNames are in the order of the bits.
var brokenNames = [...]string{"two-way-handshake", "fixed-isn", "no-syn-sent-check", "no-syn-received-check", "no-time-wait", "no-rst",
	"no-rst-check", "no-window-check"}

// BrokenNames returns the name of each protection that can be missing.
func BrokenNames() []string { return append([]string(nil), brokenNames[:]...) }

// BrokenByName returns the set of the one that String calls name.
func BrokenByName(name string) (Broken, bool) {
	for i, n := range brokenNames {
		if n == name {
			return 1 << i, true
		}
	}
	return 0, false
}

// Has reports whether all of what are missing.
func (b Broken) Has(what Broken) bool { return b&what == what }

// String returns the names as the scenario language writes them, "two-way-handshake,no-rst", "" for none.
func (b Broken) String() string {
	var names []string
	for i, name := range brokenNames {
		if b&(1<<i) != 0 {
			names = append(names, name)
		}
	}
	return strings.Join(names, ",")
}

// lacks reports whether a protection that would act now is missing, and if so says it.
func (s *step) lacks(what Broken, id rule.ID, args ...int64) bool {
	if !s.p.Broken.Has(what) {
		return false
	}
	s.check(false, id, args...)
	return true
}

// openAtOnce is the passive side of a two-way handshake: what it was told may be old, and it does not find out.
func (s *step) openAtOnce(seg *wire.Segment) {
	s.established(rule.BrokenHandshake, num(seg.Seq))
	s.emitSynAck(rule.BrokenHandshake, num(seg.Seq))
	s.t.SndUna = s.t.SndNxt // nobody waits for that ACK
}

// answerAgain is its answer to the SYN that it took, when that comes again.
func (s *step) answerAgain(seg *wire.Segment) bool {
	const kinds = wire.SYN | wire.ACK | wire.RST | wire.FIN
	if !s.p.Broken.Has(TwoWayHandshake) || !s.t.Passive || seg.Flags&kinds != wire.SYN || seg.Seq != s.t.IRS {
		return false
	}
	s.emitSynAck(rule.BrokenHandshake, num(seg.Seq))
	return true
}

// takesAnyNumber reports whether a segment that lies outside the window is taken all the same. An RST is judged by the check
// of its own.
func (s *step) takesAnyNumber(seg *wire.Segment, args []int64) bool {
	if seg.Flags.Has(wire.RST) {
		return s.p.Broken.Has(NoRSTCheck)
	}
	return s.lacks(NoWindowCheck, rule.BrokenWindow, args...)
}

// believe takes our SYN for acknowledged, whatever number the peer acknowledges.
func (s *step) believe(id rule.ID) {
	s.t.SndUna = s.t.SndNxt
	s.t.Retries, s.t.Timing = 0, false
	s.stop(Retransmit, id)
}
