package pcap

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"

	"github.com/handshakelab/lab/engine"
	"github.com/handshakelab/lab/engine/rule"
	"github.com/handshakelab/lab/engine/tcp"
	"github.com/handshakelab/lab/engine/wire"
)

// An arrival is a captured segment on its way to an end.
type arrival struct {
	n   int // number of its packet, 0 for one that was made up
	at  tcp.Time
	seg wire.Segment
}

// owed is a segment that the model of an end has sent and that was not captured yet.
type owed struct {
	seg  wire.Segment
	rule rule.ID
	args [rule.MaxParams]int64
}

const (
	maxOwed   = 32
	maxAhead  = 64
	unlimited = 1 << 30 // a window that nobody reaches
)

// An end is one end of a conversation, played by the model.
type end struct {
	host          engine.HostID
	local, remote netip.AddrPort
	base          tcp.Profile
	p             tcp.Profile // base with the options of the end's own SYN
	t             tcp.TCB     // CLOSED when there is no connection
	known         bool        // it has been seen to begin, to end or to be there
	now           tcp.Time    // of the last input
	sentAt        tcp.Time    // when it last sent a SYN
	acked         bool        // it has acknowledged something in this connection
	lastAck       wire.Seq    // the highest acknowledgment, then
	called        bool        // a SYN of the other end was captured
	queue         []arrival   // captured towards it since it last sent: in flight, arrived or lost
	ahead         []arrival   // arrived ahead of a gap
	owed          []owed
	stamps        []uint32 // values of the timestamps that it sent, the latest last
	effects       []tcp.Effect
	feeds         int // how many arrivals explain tried
}

func newEnd(host engine.HostID, local, remote netip.AddrPort, p tcp.Profile) end {
	return end{host: host, local: local, remote: remote, base: p, p: p, now: -1}
}

// clone returns a copy that shares nothing that changes but the queue.
func (x *end) clone() end {
	c := *x
	c.ahead, c.owed, c.stamps = slices.Clone(x.ahead), slices.Clone(x.owed), slices.Clone(x.stamps)
	c.effects = nil
	return c
}

// step gives an input to the model and keeps what it sends.
func (x *end) step(now tcp.Time, in tcp.Input) {
	x.now = max(x.now, now)
	x.t, x.effects = tcp.Step(x.t, &x.p, x.now, in, x.effects[:0])
	for i := range x.effects {
		if e := &x.effects[i]; e.Kind == tcp.Send {
			if len(x.owed) == maxOwed {
				x.owed = slices.Delete(x.owed, 0, 1)
			}
			x.owed = append(x.owed, owed{e.Seg, e.Rule, e.Args})
		}
	}
	if x.t.State == tcp.Closed || x.t.State == tcp.Listen {
		x.t, x.ahead = tcp.TCB{}, nil
	}
}

// blank is the record of a connection that is about to begin.
func (x *end) blank(s tcp.State) tcp.TCB {
	return tcp.TCB{ID: 1, Local: x.local, Remote: x.remote, State: s, Passive: s == tcp.Listen}
}

// feed lets a segment arrive. next is what the end sends next, from which is learned what it did not say before: whether somebody
// listens, and the numbers and options of its own SYN.
func (x *end) feed(a *arrival, next *wire.Segment) {
	seg := a.seg
	x.forgetEcho(&seg)
	first := seg.Flags&(wire.SYN|wire.ACK|wire.RST) == wire.SYN
	answer := next.Flags.Has(wire.SYN | wire.ACK)
	anew := answer && next.Seq != x.t.ISS && (x.t.State == tcp.TimeWait || x.t.State == tcp.SynReceived && x.t.Passive)
	switch {
	case first && (x.t.State == tcp.Closed || anew) && !next.Flags.Has(wire.RST) && (x.known || answer):
		x.listen(a.at, &seg, next)
	case first && x.t.State == tcp.Closed && !x.known && !next.Flags.Has(wire.RST):
		// It answers a SYN with something else than SYN-ACK or RST: it has a connection that it takes the SYN for.
	case x.t.State == tcp.Closed && !x.known && !next.Flags.Has(wire.RST):
		// The capture begins in the middle, and the end has not been seen yet.
	default:
		if x.t.State == tcp.Closed {
			x.known = true
			x.t = tcp.TCB{Local: x.local, Remote: x.remote}
		}
		x.arrive(a, &seg)
	}
}

func (x *end) listen(at tcp.Time, seg, next *wire.Segment) {
	iss := next.Seq
	if next.Flags.Has(wire.SYN) {
		x.p = learn(x.base, next)
	} else {
		iss = iss.Add(^uint32(0))
	}
	x.known, x.t, x.ahead = true, x.blank(tcp.Listen), nil
	x.step(at, tcp.Input{Kind: tcp.SegmentInput, Seg: seg, ISS: iss, TSOffset: x.offset(at, next)})
	x.acked = false
}

// arrive takes a segment for a connection that is there. Text ahead of a gap is kept and given to the model again when the gap
// is closed.
func (x *end) arrive(a *arrival, seg *wire.Segment) {
	if x.t.State.Synchronized() && seg.Len() > 0 && x.t.RcvNxt.Less(seg.Seq) && len(x.ahead) < maxAhead {
		x.ahead = append(x.ahead, arrival{a.n, a.at, *seg})
	}
	x.input(a.at, seg)
	for i := 0; i < len(x.ahead) && x.t.State != tcp.Closed; {
		if held := x.ahead[i].seg; held.Seq.LessEq(x.t.RcvNxt) {
			x.ahead = slices.Delete(x.ahead, i, i+1)
			if x.t.RcvNxt.Less(held.End()) {
				x.input(a.at, &held)
				i = 0
			}
			continue
		}
		i++
	}
}

func (x *end) input(at tcp.Time, seg *wire.Segment) {
	x.step(at, tcp.Input{Kind: tcp.SegmentInput, Seg: seg})
	if x.t.Unread > 0 {
		x.step(at, tcp.Input{Kind: tcp.RecvInput}) // the application reads at once: how full its buffer is, its windows say
	}
}

// forgetEcho takes the echoed timestamp out of a segment when it is one that the end really sent. The model's clock would not know it.
func (x *end) forgetEcho(seg *wire.Segment) {
	o := seg.Options.Parse()
	if !o.HasTimestamps || !slices.Contains(x.stamps, o.TSEcr) {
		return
	}
	for opt := range seg.Options.All() {
		if opt.Kind == wire.KindTimestamps && len(opt.Data) == 8 && !opt.Bad {
			b := seg.Options.Bytes()
			clear(b[opt.At+6 : opt.At+10])
			seg.Options, _ = wire.RawOptions(b) // as many bytes as before
		}
	}
}

// learn gives a profile the options that a SYN shows.
func learn(p tcp.Profile, syn *wire.Segment) tcp.Profile {
	o := syn.Options.Parse()
	p.MSS = 536
	if o.HasMSS && o.MSS > 0 {
		p.MSS = o.MSS
	}
	p.Window, p.WholeMSS = uint32(syn.Window), false
	p.ScaleOn, p.Scale = o.HasWindowScale, o.WindowScale
	p.SACK, p.Timestamps = o.SACKPermitted, o.HasTimestamps
	return p
}

// offset is what makes the model's timestamps equal to those of seg, which the end sends at about this time.
func (x *end) offset(at tcp.Time, seg *wire.Segment) uint32 {
	o := seg.Options.Parse()
	if !o.HasTimestamps {
		return 0
	}
	return o.TSVal - uint32(max(x.now, at)/tcp.Millisecond)
}

// imagine makes up what the other end, of which nothing was captured, must have sent for now to make sense.
func (x *end) imagine(now *arrival) {
	s := &now.seg
	x.queue = nil
	if !s.Flags.Has(wire.ACK) || s.Flags.Has(wire.RST) {
		return
	}
	other := wire.NewSegment(x.remote, x.local)
	other.Flags, other.Window, other.Seq, other.Ack = wire.ACK, 65535, x.t.RcvNxt, x.t.SndNxt
	switch {
	case s.Flags.Has(wire.SYN):
		if x.t.State != tcp.Closed {
			return
		}
		other.Flags, other.Seq, other.Ack, other.Options = wire.SYN, s.Ack.Add(^uint32(0)), 0, mirrored(s)
	case x.t.State == tcp.SynSent:
		other.Flags, other.Seq, other.Options = wire.SYN|wire.ACK, s.Ack.Add(^uint32(0)), x.offered()
	case x.t.State == tcp.Closed || !x.t.RcvNxt.LessEq(s.Ack):
		return
	default:
		n := uint32(s.Ack - x.t.RcvNxt)
		x.t.RcvWnd = max(x.t.RcvWnd, unlimited)
		for ; n > 60_000 && n < unlimited; n -= 60_000 {
			x.t.RcvNxt = x.t.RcvNxt.Add(60_000)
		}
		other.Seq = x.t.RcvNxt
		other.Payload = zeros[:min(n, 60_000)]
		other.Options = echo(x.t.TSOK, x.t.TSRecent)
	}
	x.queue = []arrival{{0, now.at, other}}
}

// mirrored are the options of a SYN that offers all that a SYN-ACK agrees to.
func mirrored(synAck *wire.Segment) wire.Options {
	o := synAck.Options.Parse()
	out := wire.Options{}.WithMSS(65495)
	if o.HasTimestamps {
		out = out.WithTimestamps(o.TSEcr, 0)
	}
	if o.SACKPermitted {
		out = out.WithSACKPermitted()
	}
	if o.HasWindowScale {
		out = out.WithWindowScale(wire.MaxWindowScale)
	}
	return out
}

// offered are the options of a SYN-ACK that agrees to all that the end offered.
func (x *end) offered() wire.Options {
	out := wire.Options{}.WithMSS(65495)
	if x.p.Timestamps {
		out = out.WithTimestamps(1, 0)
	}
	if x.p.SACK {
		out = out.WithSACKPermitted()
	}
	if x.p.ScaleOn {
		out = out.WithWindowScale(wire.MaxWindowScale)
	}
	return out
}

func echo(on bool, val uint32) wire.Options {
	if !on {
		return wire.Options{}
	}
	return wire.Options{}.WithTimestamps(val, 0)
}

// A fit is how well the model explains a segment.
type fit uint8

const (
	wrong fit = iota
	loose     // possible
	exact     // just that
)

// failure is why it does not.
type failure struct {
	code, reason string
	rule         rule.ID
	ok           bool
	args         [rule.MaxParams]int64
}

func (x *end) fail(code string, id rule.ID, args [rule.MaxParams]int64, format string, values ...any) (Step, fit, failure) {
	return Step{}, wrong, failure{code: code, reason: fmt.Sprintf(format, values...), rule: id, args: args}
}

// sends lets the end send s, if it can, and says how.
func (x *end) sends(s *wire.Segment, at tcp.Time) (Step, fit, failure) {
	const kinds = wire.SYN | wire.ACK | wire.RST | wire.FIN
	step, f, why := Step{}, wrong, failure{}
	switch {
	case s.Flags&kinds == wire.SYN:
		step, f, why = x.sendsSyn(s, at)
	case s.Flags&kinds == wire.SYN|wire.ACK:
		step, f, why = x.sendsSynAck(s, at)
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

// called says that a call explains a segment, with the rule of what the model sent for it.
func (x *end) byCall(call string, s *wire.Segment) Step {
	step, _ := x.due(s, nil)
	step.How, step.Call = ByCall, call
	return step
}

func (x *end) sendsSyn(s *wire.Segment, at tcp.Time) (Step, fit, failure) {
	state := x.t.State
	switch {
	case state == tcp.SynSent && s.Seq == x.t.ISS:
		return x.again(s, at)
	case state == tcp.Closed, state == tcp.TimeWait, state == tcp.SynSent:
		// A new connection; out of SYN-SENT the application has given up the old one, of which nothing is to be seen.
		x.known, x.acked, x.ahead, x.owed = true, false, nil, nil
		x.p = learn(x.base, s)
		x.t = x.blank(tcp.Closed)
		x.step(at, tcp.Input{Kind: tcp.OpenInput, ISS: s.Seq, TSOffset: x.offset(at, s)})
		return x.byCall("connect", s), exact, failure{}
	}
	return x.fail(WrongState, "", [4]int64{}, "The %v sends a SYN, and it has a connection already, in %v.", x.host, state)
}

func (x *end) sendsSynAck(s *wire.Segment, at tcp.Time) (Step, fit, failure) {
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
	switch {
	case extra != "":
		return x.fail(NotOffered, rule.WindowScale, [4]int64{}, "The SYN-ACK has the option %s, and the SYN that it answers did not offer it.", extra)
	case x.t.State == tcp.SynReceived && s.Seq == x.t.ISS && s.Ack == x.t.RcvNxt:
		return x.again(s, at)
	case x.t.State == tcp.SynReceived && s.Seq == x.t.ISS:
		return x.fail(WrongAck, rule.ListenSYN, [4]int64{int64(x.t.IRS)}, "The SYN-ACK acknowledges %d; the SYN had number %d, so it must be %d.", s.Ack, x.t.IRS, x.t.RcvNxt)
	case x.t.State == tcp.SynReceived:
		return x.fail(WrongSeq, "", [4]int64{}, "The SYN-ACK has number %d, and the one before it had %d.", s.Seq, x.t.ISS)
	case x.t.State == tcp.Closed && !x.known && !x.called:
		// The capture begins behind the SYN.
		x.p = learn(x.base, s)
		syn := wire.NewSegment(x.remote, x.local)
		syn.Flags, syn.Seq, syn.Window, syn.Options = wire.SYN, s.Ack.Add(^uint32(0)), 65535, mirrored(s)
		x.listen(at, &syn, s)
		step, _ := x.due(s, nil)
		step.How, step.Call = ByLearned, "listen"
		return step, loose, failure{}
	case x.t.State == tcp.Closed:
		return x.fail(NoConnection, "", [4]int64{}, "The %v sends a SYN-ACK, and no SYN arrived that it could answer.", x.host)
	}
	return x.fail(WrongState, "", [4]int64{}, "The %v sends a SYN-ACK in %v.", x.host, x.t.State)
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
	}
	return ""
}

// again is a SYN or SYN-ACK that is sent once more. Timers that fired unseen (their segments were lost before they could be
// captured) are let fire too.
func (x *end) again(s *wire.Segment, at tcp.Time) (Step, fit, failure) {
	fired := false
	for {
		due := x.t.Timers[tcp.Retransmit]
		slack := (due-x.sentAt)/10 + 20*tcp.Millisecond
		if due == tcp.Never || due > at+slack {
			break
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
	if !fired {
		due := x.t.Timers[tcp.Retransmit]
		if due == tcp.Never {
			return Step{How: ByTimer, Rule: rule.Retransmit}, loose, failure{}
		}
		rto := due - x.sentAt
		return x.fail(TooEarly, rule.RTOExpired, [4]int64{int64(rto), int64(x.t.Retries) + 1},
			"The %v sends its %s again after %v; the model does so after %v.", x.host, (s.Flags &^ wire.PSH).Kind(), at-x.sentAt, rto)
	}
	step, _ := x.due(s, nil)
	if step.Rule == "" {
		step.Rule = rule.Retransmit
	}
	step.How = ByTimer
	return step, exact, failure{}
}

func (x *end) sendsReset(s *wire.Segment, at tcp.Time) (Step, fit, failure) {
	if step, ok := x.due(s, nil); ok {
		return step, exact, failure{}
	}
	switch {
	case x.t.State == tcp.Closed && !x.known && s.Flags.Has(wire.ACK):
		x.known = true
		return Step{How: ByLearned}, loose, failure{}
	case x.t.State == tcp.Closed && !x.known:
		x.known = true
		return Step{How: ByLearned}, loose, failure{}
	case x.t.State == tcp.Closed:
		return x.fail(NoConnection, rule.ClosedACK, [4]int64{int64(s.Ack)}, "The %v sends an RST, and nothing arrived that it could be the answer to.", x.host)
	case s.Seq != x.t.SndNxt && !(s.Seq.Less(x.t.SndNxt) && x.t.SndUna.LessEq(s.Seq)):
		return x.fail(WrongSeq, rule.RSTExact, [4]int64{int64(s.Seq), int64(x.t.SndNxt)},
			"The RST has number %d; the next number of the %v is %d. Perhaps somebody else sent it in its name.", s.Seq, x.host, x.t.SndNxt)
	case s.Flags.Has(wire.ACK) && x.t.RcvNxt.Less(s.Ack):
		return x.unseen(s)
	}
	f := exact
	if s.Seq != x.t.SndNxt || s.Flags.Has(wire.ACK) && s.Ack != x.t.RcvNxt || x.t.State == tcp.SynSent {
		f = loose
	}
	x.step(at, tcp.Input{Kind: tcp.AbortInput})
	step := Step{Rule: rule.Abort, Args: [4]int64{int64(s.Seq)}, How: ByCall, Call: "abort"}
	x.t, x.owed = tcp.TCB{}, nil
	return step, f, failure{}
}

func (x *end) unseen(s *wire.Segment) (Step, fit, failure) {
	return x.fail(UnseenAck, rule.ACKRange, [4]int64{int64(s.Ack), 0, int64(x.t.RcvNxt)},
		"The %v acknowledges %d, and only what is before %d was captured on its way there. Either the capture is not whole, or nobody sent that.", x.host, s.Ack, x.t.RcvNxt)
}

// sendsText takes everything behind the SYN: text, FIN and acknowledgments.
func (x *end) sendsText(s *wire.Segment, at tcp.Time) (Step, fit, failure) {
	if !s.Flags.Has(wire.ACK) || s.Flags.Has(wire.SYN) {
		return x.fail(NoAck, rule.ACKBit, [4]int64{}, "The segment has the flags %v; behind the SYN every segment has the ACK bit and not the SYN bit.", s.Flags)
	}
	learned := false
	if x.t.State == tcp.Closed && !x.known {
		x.join(s)
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
		return x.fail(NoConnection, rule.ClosedNoACK, [4]int64{int64(s.Seq), int64(s.Len())}, "The %v has no connection, and sends %s.", x.host, named(s))
	case tcp.SynSent:
		return x.fail(WrongState, rule.SynSentOther, [4]int64{}, "The %v is in SYN-SENT, where a SYN-ACK must arrive first, and sends %s.", x.host, named(s))
	}
	// The acknowledgment: of all that arrived, or less where a later one is still to come.
	f := exact
	switch {
	case t.RcvNxt.Less(s.Ack):
		return x.unseen(s)
	case x.acked && s.Ack.Less(x.lastAck):
		return x.fail(WrongAck, rule.ACKNew, [4]int64{int64(s.Ack), int64(x.lastAck), int64(t.RcvNxt)},
			"The %v acknowledges %d, less than the %d that it acknowledged before.", x.host, s.Ack, x.lastAck)
	case s.Ack != t.RcvNxt:
		f = loose
	}
	switch fin := t.SndNxt; {
	case s.Len() == 0 && s.Seq == t.SndNxt:
		if step, ok := x.due(s, nil); ok {
			return step, f, failure{}
		}
		return Step{How: ByAck, Rule: rule.AckText, Args: [4]int64{int64(s.Ack)}}, f, failure{}
	case len(s.Payload) <= 1 && !s.Flags.Has(wire.FIN) && s.Seq.Add(1) == t.SndNxt && t.SndUna == t.SndNxt:
		return Step{How: ByProbe}, f, failure{}
	case s.Len() == 0 && t.SndUna.LessEq(s.Seq) && s.Seq.Less(t.SndNxt):
		return Step{How: ByAck}, min(f, loose), failure{}
	case s.Len() == 0:
		return x.fail(WrongSeq, rule.Sequence, [4]int64{int64(s.Seq), 0, int64(t.SndNxt)}, "The segment has number %d; the next number of the %v is %d.", s.Seq, x.host, t.SndNxt)
	case s.End().LessEq(t.SndUna):
		return x.fail(Acknowledged, rule.RTOStop, [4]int64{}, "The %v sends numbers up to %d again, and all before %d was acknowledged.", x.host, s.End(), t.SndUna)
	case s.End().LessEq(t.SndNxt):
		t.Timing = false
		return Step{How: ByTimer, Rule: rule.Retransmit, Args: [4]int64{int64(t.SndUna), int64(t.Retries) + 1}}, f, failure{}
	case t.FinSent:
		return x.fail(AfterFIN, rule.SendFIN, [4]int64{int64(fin)}, "The %v sends numbers up to %d; its FIN was the last one, and ended before %d.", x.host, s.End(), fin)
	case t.State != tcp.Established && t.State != tcp.CloseWait && !(t.State == tcp.SynReceived && s.Payload == ""):
		return x.fail(WrongState, "", [4]int64{}, "The %v sends %s in %v.", x.host, named(s), t.State)
	}
	return x.newText(s, at, f)
}

// newText takes text and FIN that were not sent before: the application gave them.
func (x *end) newText(s *wire.Segment, at tcp.Time, f fit) (Step, fit, failure) {
	t := &x.t
	room := t.SndUna.Add(t.SndWnd)
	textEnd := s.Seq.Add(uint32(len(s.Payload)))
	if t.SndWnd == 0 && len(s.Payload) == 1 && s.Seq == t.SndNxt {
		x.force(s, at)
		return Step{How: ByProbe}, f, failure{}
	}
	if room.Less(textEnd) {
		return x.fail(BeyondWindow, rule.SendWindow, [4]int64{int64(s.Seq), int64(len(s.Payload)), int64(t.SndWnd)},
			"The %v sends text up to %d; the window of the other end reaches to %d.", x.host, textEnd, room)
	}
	step := Step{How: ByCall}
	if gap := s.Seq.Sub(t.SndNxt); gap > 0 {
		// What lies between was lost before it could be captured, or comes later.
		step.Gap = uint32(gap)
		x.give(zeros[:min(gap, int32(len(zeros)))], at)
		t.SndNxt = s.Seq
		f = loose
	}
	fresh := s.Payload[min(len(s.Payload), int(t.SndNxt-s.Seq)):]
	if fresh != "" {
		step.Call = "send " + strconv.Itoa(len(fresh))
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

// give lets the application send text.
func (x *end) give(text string, at tcp.Time) {
	x.step(at, tcp.Input{Kind: tcp.SendInput, Data: text})
}

// force moves the model to where it has sent s, where it would have waited: for its congestion window, or for more to send.
func (x *end) force(s *wire.Segment, at tcp.Time) {
	t := &x.t
	if missing := int(s.Seq.Add(uint32(len(s.Payload)))-t.SndUna) - len(t.Out); missing > 0 {
		t.Out += zeros[:min(missing, len(zeros))]
	}
	if s.Flags.Has(wire.FIN) {
		t.FinQueued, t.FinSent = true, true
	}
	if t.SndNxt.Less(s.End()) {
		t.SndNxt = s.End()
	}
	if t.Timers[tcp.Retransmit] == tcp.Never {
		t.Timers[tcp.Retransmit] = max(x.now, at) + t.RTO
	}
}

// join makes up the connection that s is in the middle of.
func (x *end) join(s *wire.Segment) {
	o := s.Options.Parse()
	x.known = true
	t := x.blank(tcp.Established)
	t.ISS, t.SndUna, t.SndNxt = s.Seq.Add(^uint32(0)), s.Seq, s.Seq
	t.SndWnd, t.MaxWnd, t.BytesAcked = unlimited, unlimited, unlimited
	t.IRS, t.RcvNxt = s.Ack.Add(^uint32(0)), s.Ack
	t.SndWL1, t.SndWL2 = t.IRS, t.ISS
	t.RcvWnd, t.RcvBuf = unlimited, unlimited
	t.SendMSS, t.ScaleOK, t.SndScale, t.RcvScale = 1460, true, wire.MaxWindowScale, wire.MaxWindowScale
	t.TSOK, t.TSRecent = o.HasTimestamps, o.TSEcr
	t.RTO, t.Accepted = tcp.Second, true
	for k := range t.Timers {
		t.Timers[k] = tcp.Never
	}
	t.LastInWnd, t.LossSince = tcp.Never, tcp.Never
	x.t, x.acked, x.lastAck = t, true, s.Ack
}

// learnFrom takes over what s shows of the end: its window, how far it has acknowledged, its timestamp.
func (x *end) learnFrom(s *wire.Segment, at tcp.Time) {
	x.now = max(x.now, at)
	if o := s.Options.Parse(); o.HasTimestamps && !slices.Contains(x.stamps, o.TSVal) {
		if len(x.stamps) == maxOwed {
			x.stamps = slices.Delete(x.stamps, 0, 1)
		}
		x.stamps = append(x.stamps, o.TSVal)
	}
	t := &x.t
	if s.Flags.Has(wire.SYN) {
		x.sentAt = at
	}
	if t.State == tcp.Closed || s.Flags.Has(wire.RST) {
		return
	}
	wnd := uint32(s.Window)
	if !s.Flags.Has(wire.SYN) {
		wnd <<= t.RcvScale
	}
	if !s.Flags.Has(wire.ACK) {
		t.RcvWnd, t.RcvBuf = wnd, wnd
		return
	}
	if !x.acked || x.lastAck.Less(s.Ack) {
		x.acked, x.lastAck = true, s.Ack
	}
	// The right edge of the window; what the other end has seen of it, it may use.
	if right := s.Ack.Add(wnd); t.RcvNxt.Add(t.RcvWnd).Less(right) || t.RcvNxt == s.Ack {
		t.RcvWnd = uint32(max(0, right.Sub(t.RcvNxt)))
	}
	t.RcvBuf = max(t.RcvBuf, t.RcvWnd)
}

// named names a segment for a sentence: "a FIN-ACK".
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
