package pcap

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/handshakelab/lab/engine/rule"
	"github.com/handshakelab/lab/engine/tcp"
	"github.com/handshakelab/lab/engine/wire"
)

// A fit is how well the model explains a segment.
type fit uint8

const (
	wrong fit = iota
	loose     // possible
	exact     // just that
)

// A failure is why it does not.
type failure struct {
	code, reason string
	rule         rule.ID
}

func fail(code string, id rule.ID, format string, values ...any) (Step, fit, failure) {
	return Step{}, wrong, failure{code, fmt.Sprintf(format, values...), id}
}

// sends lets the end send a segment, if it can, and says how.
func (x *end) sends(a *arrival) (step Step, f fit, why failure) {
	const kinds = wire.SYN | wire.ACK | wire.RST | wire.FIN
	s, at := &a.seg, a.at
	switch {
	case s.Flags&kinds == wire.SYN:
		step, f, why = x.sendsSyn(s, at)
	case s.Flags&kinds == wire.SYN|wire.ACK:
		step, f, why = x.sendsSynAck(a)
	case s.Flags.Has(wire.RST):
		step, f, why = x.sendsReset(s, at)
	default:
		step, f, why = x.sendsText(s, at)
	}
	if f != wrong {
		x.learnFrom(s, at)
	}
	return step, f, why
}

// due takes the newest segment out of owed that is like s.
func (x *end) due(s *wire.Segment, like func(m *wire.Segment) bool) (Step, bool) {
	const ignored = wire.PSH | wire.URG | wire.ECE | wire.CWR
	for i := len(x.owed) - 1; i >= 0; i-- {
		m := &x.owed[i]
		if (m.seg.Flags^s.Flags)&^ignored != 0 || m.seg.Seq != s.Seq || s.Flags.Has(wire.ACK) && m.seg.Ack != s.Ack || len(m.seg.Payload) != len(s.Payload) {
			continue
		}
		if like != nil && !like(&m.seg) {
			continue
		}
		step := Step{How: ByAnswer, Rule: m.rule, Args: m.args}
		x.owed = slices.Delete(x.owed, i, i+1)
		return step, true
	}
	return Step{}, false
}

// byCall says that a call explains a segment, with the rule of what the model sent for it.
func (x *end) byCall(call string, s *wire.Segment) Step {
	step, _ := x.due(s, nil)
	step.How, step.Call = ByCall, call
	return step
}

func (x *end) sendsSyn(s *wire.Segment, at tcp.Time) (Step, fit, failure) {
	switch state := x.t.State; {
	case state == tcp.SynSent && s.Seq == x.t.ISS && s.Payload != "":
		return fail(FastOpen, rule.FastOpenFallback, "The %v sends its SYN again with text; after a loss the model sends it without, in case the text is why.", x.host)
	case state == tcp.SynSent && s.Seq == x.t.ISS:
		if step, ok := x.due(s, nil); ok { // an ICMP error made it go again
			return step, exact, failure{}
		}
		return x.again(s, at)
	case state == tcp.Closed, state == tcp.TimeWait, state == tcp.SynSent:
		// A new connection; out of SYN-SENT the application has given up the old one, of which nothing is to be seen.
		x.known, x.acked, x.ahead, x.owed = true, false, nil, nil
		x.p = learn(x.base, s)
		x.t = x.blank(tcp.Closed)
		x.step(at, tcp.Input{Kind: tcp.OpenInput, ISS: s.Seq, TSOffset: x.offset(at, s)})
		step := x.byCall("connect", s)
		x.fastSyn(s, at, &step)
		return step, exact, failure{}
	default:
		return fail(WrongState, rule.None, "The %v sends a SYN, and it has a connection already, in %v.", x.host, state)
	}
}

// fastSyn takes over what a first SYN shows of Fast Open: that it asks for a cookie, or has text (RFC 7413 section 4.2). Which cookies
// the end has, and how much text it dares, is its own affair.
func (x *end) fastSyn(s *wire.Segment, at tcp.Time, step *Step) {
	asks := s.Options.Parse().HasFastOpen
	if !asks && s.Payload == "" {
		return
	}
	x.t.FastOpen, x.t.SynData = true, uint16(len(s.Payload))
	step.Rule, step.Args = rule.FastOpenRequest, [rule.MaxParams]int64{}
	if s.Payload != "" {
		step.Call = "connect fastopen " + strconv.Itoa(len(s.Payload))
		step.Rule, step.Args = rule.FastOpenSYN, [rule.MaxParams]int64{int64(len(s.Payload))}
		x.owed = nil
		x.force(s, at)
	}
}

func (x *end) sendsSynAck(a *arrival) (Step, fit, failure) {
	s, at := &a.seg, a.at
	var extra string
	if step, ok := x.due(s, func(m *wire.Segment) bool {
		extra = more(s.Options.Parse(), m.Options.Parse())
		return extra == ""
	}); ok {
		if x.t.Passive {
			step.Call = "listen"
		}
		return step, exact, failure{}
	}
	switch t := &x.t; {
	case extra != "":
		return fail(NotOffered, rule.WindowScale, "The SYN-ACK has the option %s, and the SYN that it answers did not offer it.", extra)
	case s.Payload != "":
		return fail(FastOpen, rule.ListenSYN, "The %v sends a SYN-ACK with %d bytes of text; the model sends text behind it.", x.host, len(s.Payload))
	case t.State == tcp.SynReceived && s.Seq == t.ISS && s.Ack == t.RcvNxt:
		return x.again(s, at)
	case t.State == tcp.SynReceived && s.Seq == t.ISS:
		return fail(WrongAck, rule.ListenSYN, "The SYN-ACK acknowledges %d; the SYN had number %d, so it must be %d.", s.Ack, t.IRS, t.RcvNxt)
	case t.State == tcp.SynReceived:
		return fail(WrongSeq, rule.None, "The SYN-ACK has number %d, and the one before it had %d.", s.Seq, t.ISS)
	case t.State.Synchronized() && s.Seq == t.ISS && (s.Ack == t.IRS.Add(1) || t.FastOpen && t.IRS.Less(s.Ack) && s.Ack.LessEq(t.RcvNxt)) && !a.own:
		// It was sent while the end waited for the ACK, and something that it sent later came first.
		return Step{How: ByTimer, Rule: rule.Retransmit}, loose, failure{}
	case t.State == tcp.Closed && !x.known && !x.called:
		// The capture begins behind the SYN.
		x.p = learn(x.base, s)
		syn := wire.NewSegment(x.remote, x.local)
		syn.Flags, syn.Seq, syn.Window, syn.Options = wire.SYN, s.Ack.Add(^uint32(0)), 65535, mirrored(s)
		x.listen(at, &syn, s)
		step, _ := x.due(s, nil)
		step.How, step.Call = ByLearned, "listen"
		return step, loose, failure{}
	case t.State == tcp.Closed:
		return fail(NoConnection, rule.None, "The %v sends a SYN-ACK, and no SYN arrived that it could answer.", x.host)
	default:
		return fail(WrongState, rule.None, "The %v sends a SYN-ACK in %v.", x.host, t.State)
	}
}

// more names an option in got that is not in had, "" when there is none.
func more(got, had wire.OptionSet) string {
	switch {
	case got.HasWindowScale && !had.HasWindowScale:
		return "window scale"
	case got.SACKPermitted && !had.SACKPermitted:
		return "SACK-permitted"
	case got.HasTimestamps && !had.HasTimestamps:
		return "timestamps"
	case got.HasFastOpen && !had.HasFastOpen:
		return "Fast Open cookie"
	}
	return ""
}

// again is a SYN or SYN-ACK that is sent once more. Timers that fired unseen (their segments were lost before they could be
// captured) are let fire too.
func (x *end) again(s *wire.Segment, at tcp.Time) (Step, fit, failure) {
	fired := false
	for {
		due := x.t.Timers[tcp.Retransmit]
		if at < due-(due-x.sentAt)/10-20*tcp.Millisecond {
			break // more than a timer may be early
		}
		was, owed := x.t, slices.Clone(x.owed)
		x.step(max(at, due), tcp.Input{Kind: tcp.TimerInput, Timer: tcp.Retransmit})
		if fired = true; x.t.State == tcp.Closed {
			x.t, x.owed = was, owed // it tries longer than the model
			break
		}
		if x.t.Timers[tcp.Retransmit] <= due {
			break
		}
	}
	if !fired && x.alone && s.Flags.Has(wire.ACK) {
		return Step{How: ByTimer, Rule: rule.Retransmit}, loose, failure{} // or the answer to a SYN that came again
	}
	if !fired {
		return fail(TooEarly, rule.RTOExpired, "The %v sends its %s again after %v; the model does so after %v.",
			x.host, (s.Flags &^ wire.PSH).Kind(), at-x.sentAt, x.t.Timers[tcp.Retransmit]-x.sentAt)
	}
	step, _ := x.due(s, nil)
	if step.Rule == rule.None {
		step.Rule = rule.Retransmit
	}
	step.How = ByTimer
	return step, exact, failure{}
}

func (x *end) sendsReset(s *wire.Segment, at tcp.Time) (Step, fit, failure) {
	if step, ok := x.due(s, nil); ok {
		return step, exact, failure{}
	}
	t := &x.t
	switch {
	case t.State == tcp.Closed && !x.known:
		x.known = true
		return Step{How: ByLearned}, loose, failure{}
	case t.State == tcp.Closed:
		return fail(NoConnection, rule.ClosedACK, "The %v sends an RST, and nothing arrived that it could be the answer to.", x.host)
	case s.Seq != t.SndNxt && !x.unacked(s.Seq):
		return fail(WrongSeq, rule.RSTExact, "The RST has number %d; the next number of the %v is %d. Perhaps somebody else sent it in its name.",
			s.Seq, x.host, t.SndNxt)
	case s.Flags.Has(wire.ACK) && (t.State == tcp.SynSent || t.RcvNxt.Less(s.Ack)):
		return x.unseen(s)
	}
	f := exact
	if s.Seq != t.SndNxt || s.Flags.Has(wire.ACK) && s.Ack != t.RcvNxt || t.State == tcp.SynSent {
		f = loose
	}
	x.step(at, tcp.Input{Kind: tcp.AbortInput})
	step := Step{Rule: rule.Abort, Args: [4]int64{int64(s.Seq)}, How: ByCall, Call: "abort"}
	x.t, x.owed = tcp.TCB{}, nil
	return step, f, failure{}
}

// unacked reports whether n was sent and not acknowledged.
func (x *end) unacked(n wire.Seq) bool { return n.In(x.t.SndUna, uint32(x.t.SndNxt-x.t.SndUna)) }

func (x *end) unseen(s *wire.Segment) (Step, fit, failure) {
	if x.t.State == tcp.SynSent {
		return fail(UnseenAck, rule.ACKRange, "The %v acknowledges %d, and nothing was captured on its way there. Either the capture is not whole, or nobody sent that.",
			x.host, s.Ack)
	}
	return fail(UnseenAck, rule.ACKRange, "The %v acknowledges %d, and only what is before %d was captured on its way there. Either the capture is not whole, or nobody sent that.",
		x.host, s.Ack, x.t.RcvNxt)
}

// sendsText takes everything behind the SYN: text, FIN and acknowledgments.
func (x *end) sendsText(s *wire.Segment, at tcp.Time) (Step, fit, failure) {
	switch {
	case s.Flags.Has(wire.SYN):
		return fail(BadFlags, rule.None, "The segment has the flags %v; no TCP closes a connection with the segment that opens it.", s.Flags)
	case !s.Flags.Has(wire.ACK):
		return fail(BadFlags, rule.ACKBit, "The segment has the flags %v; all segments behind the SYN have the ACK bit.", s.Flags)
	}
	learned := false
	if x.t.State == tcp.Closed && !x.known {
		x.join(s, at)
		learned = true
	}
	step, f, why := x.judge(s, at)
	if learned && f != wrong && step.How != ByCall {
		step.How = ByLearned
	}
	return step, f, why
}

func (x *end) judge(s *wire.Segment, at tcp.Time) (Step, fit, failure) {
	t := &x.t
	switch t.State {
	case tcp.Closed:
		return fail(NoConnection, rule.ClosedNoACK, "The %v has no connection, and sends %s.", x.host, named(s))
	case tcp.SynSent:
		return fail(WrongState, rule.SynSentOther, "The %v is in SYN-SENT, where a SYN-ACK must arrive first, and sends %s.", x.host, named(s))
	}
	// The acknowledgment: of all that arrived, or less where a later one is still to come.
	f := exact
	missed := x.fill(s.Ack, at)
	switch {
	case t.RcvNxt.Less(s.Ack):
		return x.unseen(s)
	case x.acked && s.Ack.Less(x.lastAck):
		return fail(WrongAck, rule.ACKNew, "The %v acknowledges %d, less than the %d that it acknowledged before.", x.host, s.Ack, x.lastAck)
	case s.Ack != t.RcvNxt || missed > 0:
		f = loose
	}
	step, f, why := x.numbers(s, at, f)
	step.Gap += missed
	return step, f, why
}

// numbers judges the numbers that a segment occupies. f is what its acknowledgment allows at best.
func (x *end) numbers(s *wire.Segment, at tcp.Time, f fit) (Step, fit, failure) {
	t := &x.t
	switch {
	case s.Len() == 0 && s.Seq == t.SndNxt:
		if step, ok := x.due(s, nil); ok {
			return step, f, failure{}
		}
		return Step{How: ByAck, Rule: rule.AckText, Args: [4]int64{int64(s.Ack)}}, f, failure{}
	case len(s.Payload) <= 1 && !s.Flags.Has(wire.FIN) && s.Seq.Add(1) == t.SndNxt && t.SndUna == t.SndNxt:
		return Step{How: ByProbe}, f, failure{}
	case s.Len() == 0 && x.unacked(s.Seq):
		return Step{How: ByAck}, min(f, loose), failure{}
	case s.Len() == 0:
		return fail(WrongSeq, rule.Sequence, "The segment has number %d; the next number of the %v is %d.", s.Seq, x.host, t.SndNxt)
	case s.End().LessEq(t.SndUna):
		return fail(Acknowledged, rule.RTOStop, "The %v sends numbers up to %d again, and all before %d was acknowledged.", x.host, s.End(), t.SndUna)
	case s.End().LessEq(t.SndNxt):
		t.Timing = false
		return Step{How: ByTimer, Rule: rule.Retransmit, Args: [4]int64{int64(t.SndUna), int64(t.Retries) + 1}}, f, failure{}
	case t.FinSent:
		return fail(AfterFIN, rule.SendFIN, "The %v sends numbers up to %d; its FIN was the last one, and ended before %d.", x.host, s.End(), t.SndNxt)
	case t.State != tcp.Established && t.State != tcp.CloseWait && !(t.State == tcp.SynReceived && (s.Payload == "" || t.FastOpen)):
		return fail(WrongState, rule.None, "The %v sends %s in %v.", x.host, named(s), t.State)
	}
	return x.newText(s, at, f)
}

// newText takes text and FIN that were not sent before: the application gave them.
func (x *end) newText(s *wire.Segment, at tcp.Time, f fit) (Step, fit, failure) {
	t := &x.t
	textEnd := s.Seq.Add(uint32(len(s.Payload)))
	gap := max(0, s.Seq.Sub(t.SndNxt))
	switch room := t.SndUna.Add(t.SndWnd); {
	case t.SndWnd == 0 && len(s.Payload) == 1 && s.Seq == t.SndNxt:
		x.force(s, at)
		return Step{How: ByProbe}, f, failure{}
	case room.Less(textEnd) && gap > 0:
		t.SndWnd = unlimited // where text was not captured, acknowledgments may be missing too
	case room.Less(textEnd):
		return fail(BeyondWindow, rule.SendWindow, "The %v sends text up to %d; the window of the other end reaches to %d.", x.host, textEnd, room)
	}
	if s.End().Sub(t.SndUna) > maxFlight {
		return fail(TooInvolved, rule.None, "The %v has sent more than %d MiB of which no acknowledgment was captured.", x.host, maxFlight>>20)
	}
	step := Step{How: ByCall}
	if gap > 0 {
		// What lies between was lost before it could be captured, or comes later.
		step.Gap = uint32(gap)
		x.give(int(gap), at)
		t.SndNxt = s.Seq
		f = loose
	}
	// The front may have been sent before.
	if fresh := len(s.Payload) - min(len(s.Payload), int(t.SndNxt-s.Seq)); fresh > 0 {
		step.Call = "send " + strconv.Itoa(fresh)
		x.give(fresh, at)
	}
	if s.Flags.Has(wire.FIN) {
		x.step(at, tcp.Input{Kind: tcp.ShutdownInput})
		if step.Call == "" {
			step.Call = "shutdown"
		} else {
			step.Call += ", shutdown"
		}
	}
	for i := len(x.owed) - 1; i >= 0; i-- {
		if m := &x.owed[i]; m.seg.Len() > 0 && m.seg.Seq.LessEq(s.Seq) && s.Seq.Less(m.seg.End()) {
			step.Rule, step.Args = m.rule, m.args
			break
		}
	}
	// How text is cut into segments is not judged, so what the model owes now it has sent.
	x.owed = slices.DeleteFunc(x.owed, func(m owed) bool { return m.seg.Len() > 0 && !m.seg.Flags.Has(wire.SYN) })
	x.force(s, at)
	return step, f, failure{}
}

// named names a segment for a sentence: "a FIN-ACK", "an ACK with 12 bytes".
func named(s *wire.Segment) string {
	kind := (s.Flags &^ wire.PSH).Kind()
	article := "a "
	if kind == "ACK" || kind[0] == 'R' {
		article = "an "
	}
	if len(s.Payload) > 0 {
		return article + kind + " with " + strconv.Itoa(len(s.Payload)) + " bytes"
	}
	return article + kind
}
