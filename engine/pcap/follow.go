package pcap

import (
	"slices"

	"github.com/handshakelab/lab/engine"
	"github.com/handshakelab/lab/engine/rule"
	"github.com/handshakelab/lab/engine/tcp"
	"github.com/handshakelab/lab/engine/wire"
)

// An Outcome is how following a conversation ended.
type Outcome uint8

// The outcomes.
const (
	Follows Outcome = iota // every segment is one that the model would have sent
	Departs                // the segment of Report.Packet is not
	Beyond                 // from Report.Packet on the conversation does what the model does not know
)

var outcomeNames = [...]string{"follows", "departs", "beyond"}

// String returns "follows", "departs" or "beyond".
func (o Outcome) String() string { return outcomeNames[o] }

// Why a segment is not one that the model would have sent. The codes are stable.
const (
	NoConnection = "no-connection" // the end is CLOSED and has nothing to say
	WrongState   = "wrong-state"   // no segment like it is sent in that state
	WrongSeq     = "wrong-seq"     // the sequence number is not one that the end could use
	WrongAck     = "wrong-ack"     // the acknowledgment goes back, or is for something else
	UnseenAck    = "unseen-ack"    // it acknowledges what was never captured: a lie, or the capture is not whole
	BadFlags     = "bad-flags"     // the ACK bit is missing, or SYN and FIN stand together
	AfterFIN     = "after-fin"     // text behind the end's own FIN
	BeyondWindow = "beyond-window" // text that the other end's window has no room for
	TooEarly     = "too-early"     // a SYN is sent again before its timer
	Acknowledged = "acknowledged"  // it is sent again although it was acknowledged
	NotOffered   = "not-offered"   // an option in the SYN-ACK that the SYN did not offer
	FastOpen     = "fast-open"     // text in a SYN that is sent again or in a SYN-ACK
	TooInvolved  = "too-involved"  // Beyond: too many segments may or may not have arrived
)

// A Report is what became of following a conversation.
type Report struct {
	Profiles [2]string // of the client and the server
	Outcome  Outcome
	Steps    []Step // one for each segment of the conversation that was followed, in the order of the file

	// Of Departs and Beyond:
	Packet   int            // its number in the file
	From     engine.HostID  // who sent it
	Code     string         // one of the codes above
	Reason   string         // in words
	Expected []wire.Segment // what the model would have sent there, without what the application chooses; often nothing
	Rule     rule.ID        // the rule that the segment is against, or None
	States   [2]tcp.State   // of both ends, before it
}

// How a segment came about. The texts are stable.
const (
	ByCall    = "call"    // a socket call of the application: Step.Call
	ByAnswer  = "answer"  // the answer to what arrived
	ByTimer   = "again"   // sent again
	ByAck     = "ack"     // an acknowledgment that may be sent at any time
	ByProbe   = "probe"   // a keepalive or a zero window probe
	ByLearned = "learned" // the capture begins in the middle: believed
	ByNetwork = "network" // a copy that the network made, a segment that it damaged, or an ICMP error: no end sent it
)

// A Step is one segment of a conversation with what the model makes of it.
type Step struct {
	Packet int // its number in the file
	From   engine.HostID
	How    string // one of the words above
	Call   string // the inferred call, as the scenario language writes it, "send 18"; "" for none
	Rule   rule.ID
	Args   [rule.MaxParams]int64
	Lost   []int        // packets that have to be lost on their way for this one to make sense
	Gap    uint32       // bytes before it that were not captured: its sender must have sent them, or it acknowledges them
	States [2]tcp.State // of the client and the server, as far as they have shown it, behind it
}

// copyTime is how far apart two equal packets are that are one packet twice.
const copyTime = 2 * tcp.Millisecond

// maxRecent is how many segments of an end are remembered to know copies of them.
const maxRecent = 64

// What is tried before giving up.
const (
	maxTries  = 200     // losses for one segment
	maxWork   = 200_000 // for a conversation: arrivals, and workBytes that are copied for one
	workBytes = 1024
)

// Follow plays a conversation, an index into c.Conversations, with the model at both ends, and reports the first segment that the
// model would not have sent. The package comment says what is judged and what is not.
func (c *Capture) Follow(conv int, client, server tcp.Profile) Report {
	return c.follow(conv, client, server, (*following).take)
}

// follow gives each segment of a conversation to take until that finds no way on.
func (c *Capture) follow(conv int, client, server tcp.Profile, take func(f *following, p *Packet, from engine.HostID) bool) Report {
	talk := &c.Conversations[conv]
	f := following{report: Report{Profiles: [2]string{client.Name, server.Name}}}
	f.ends[engine.Client] = end{host: engine.Client, local: talk.Client, remote: talk.Server, base: client, p: client, shared: &f.shared}
	f.ends[engine.Server] = end{host: engine.Server, local: talk.Server, remote: talk.Client, base: server, p: server, shared: &f.shared}
	// A port that is connected to itself is one end, which hears what it sends.
	f.self = talk.Client == talk.Server
	var heard [2]bool
	for _, i := range talk.Packets {
		if p := &c.Packets[i]; p.Seg.ICMP.Kind == wire.NoICMP {
			heard[talk.From(p)] = true
		}
	}
	f.ends[engine.Client].alone, f.ends[engine.Server].alone = !heard[engine.Server] && !f.self, !heard[engine.Client]
	for _, i := range talk.Packets {
		if packet := &c.Packets[i]; !take(&f, packet, talk.From(packet)) {
			break
		}
	}
	return f.report
}

// From returns which end a packet of the conversation comes from. An ICMP error comes from beyond the network, seen from the end whose
// segment it quotes.
func (talk *Conversation) From(p *Packet) engine.HostID {
	if (p.Seg.Src == talk.Client) == (p.Seg.ICMP.Kind == wire.NoICMP) {
		return engine.Client
	}
	return engine.Server
}

// following is a conversation under way.
type following struct {
	ends   [2]end
	report Report
	shared shared
	self   bool         // both ends are the first one
	recent [2][]arrival // the last segments of each end, the latest first
}

// take follows one segment and reports whether there is a way on.
func (f *following) take(p *Packet, from engine.HostID) bool {
	x, y := &f.ends[from], &f.ends[engine.Server-from]
	if f.self {
		x, y = &f.ends[engine.Client], &f.ends[engine.Client]
	}
	now := arrival{p.N, p.At, p.Seg, p.Direction == Out}
	step := Step{Packet: p.N, From: from}
	if p.Seg.ICMP.Kind != wire.NoICMP {
		step.How = ByNetwork
		y.queue = append(y.queue, now)
		f.done(step)
		return true
	}
	before := f.copyOf(&now, from)
	switch {
	case !p.Seg.SumOK():
		// No host sends a wrong checksum, and none takes it.
		step.How, step.Rule, step.Args = ByNetwork, rule.Checksum, [4]int64{int64(p.Seg.Sum()), int64(p.Seg.RightSum())}
		f.done(step)
		return true
	case before >= 0 && p.At-f.recent[from][before+1].at < copyTime && (p.Seg.IPID != 0 || p.Seg.Len() > 0):
		// It was captured twice, on its way out and on its way in say.
		step.How = ByNetwork
		y.queue = append(y.queue, now)
		f.done(step)
		return true
	}
	if x.alone {
		x.imagine(&now)
	}
	best, why := x.explain(now)
	switch {
	case best == nil && before >= 0 && (p.Direction == In || p.Seg.IPID != 0):
		// Its sender would not have sent it again, but the network may have copied it.
		step.How = ByNetwork
		y.queue = append(y.queue, now)
		f.done(step)
		return true
	case best == nil:
		f.stop(p, from, why)
		return false
	}
	step = best.step
	step.Packet, step.From = p.N, from
	*x = best.end
	if !x.alone {
		y.queue = append(y.queue, now)
		y.called = y.called || p.Seg.Flags&(wire.SYN|wire.ACK) == wire.SYN
	}
	f.done(step)
	return true
}

// copyOf remembers a segment and returns how many others its sender sent since one that is the same to the last bit, -1 when there is
// none.
func (f *following) copyOf(now *arrival, from engine.HostID) int {
	recent := f.recent[from]
	n := slices.IndexFunc(recent, func(a arrival) bool { return a.seg == now.seg })
	f.recent[from] = slices.Insert(recent[:min(len(recent), maxRecent-1)], 0, *now)
	return n
}

func (f *following) states() [2]tcp.State {
	if f.self {
		return [2]tcp.State{f.ends[0].t.State, f.ends[0].t.State}
	}
	return [2]tcp.State{f.ends[0].t.State, f.ends[1].t.State}
}

func (f *following) done(step Step) {
	step.States = f.states()
	f.report.Steps = append(f.report.Steps, step)
}

func (f *following) stop(p *Packet, from engine.HostID, why defeat) {
	r := &f.report
	r.Outcome, r.Packet, r.From, r.Code, r.Reason = Departs, p.N, from, why.code, why.reason
	r.Rule, r.Expected, r.States = why.rule, why.expected, f.states()
	if why.code == TooInvolved {
		r.Outcome = Beyond
	}
}

// An explanation is an end behind a segment that it sent, and how it came to that.
type explanation struct {
	end  end
	step Step
	fit  fit
}

// A defeat is why there is no explanation, with what the model would have sent.
type defeat struct {
	failure
	expected []wire.Segment
}

// explain looks for arrivals, among those captured since the end last sent, after which it would have sent now. Best is that a
// beginning of them arrived and the rest is on its way, the longest first; else that some in a row are lost, as few as possible.
func (x *end) explain(now arrival) (*explanation, defeat) {
	s := search{end: x, now: now}
	if s.beginnings() || s.losses() {
		return s.best, defeat{}
	}
	switch {
	case x.shared.work > maxWork:
		return nil, defeat{failure: failure{code: TooInvolved, reason: "Too many segments are captured of which it is not known whether they arrived."}}
	case now.seg.Flags.Has(wire.RST) && x.t.FinSent && !x.t.Orphan:
		// The application did not only shut down, it closed: what arrives for it then is answered with RST.
		closed := x.clone()
		closed.t.Orphan = true
		return closed.explain(now)
	}
	return nil, s.worst
}

// A search is for an explanation of now.
type search struct {
	*end
	now   arrival
	fed   []end // after each beginning of the queue, from the empty one on
	best  *explanation
	worst defeat
}

// beginnings tries the beginnings of what was captured and reports whether one explains now.
func (s *search) beginnings() bool {
	s.fed = append(make([]end, 0, len(s.queue)+1), s.clone())
	for i := range s.queue {
		if s.shared.work > maxWork {
			return false
		}
		next := s.fed[i].clone()
		next.feed(&s.queue[i], &s.now.seg)
		s.fed = append(s.fed, next)
	}
	for i := 0; i <= len(s.queue) && (s.best == nil || s.best.fit < exact); i++ {
		n := len(s.queue) - i
		if s.now.seg.Flags&(wire.SYN|wire.ACK) == wire.SYN {
			n = i // nothing needs to arrive for a SYN, and what did would have been refused
		}
		s.try(s.fed[n].clone(), s.queue[n:], nil)
	}
	return s.best != nil
}

// losses tries what can be lost so that the rest explains now.
func (s *search) losses() bool {
	tries := 0
	for size := 1; size <= len(s.queue); size++ {
		for from := len(s.queue) - size; from >= 0; from-- {
			if tries++; tries > maxTries || s.shared.work > maxWork {
				return false
			}
			e := s.fed[from].clone()
			var lost []int
			for _, a := range s.queue[from : from+size] {
				lost = append(lost, a.n)
			}
			for i := from + size; i < len(s.queue); i++ {
				e.feed(&s.queue[i], &s.now.seg)
			}
			if s.try(e, nil, lost); s.best != nil {
				return true
			}
		}
	}
	return false
}

// try lets an end that was fed send now, and keeps it when it can and none did so better before.
func (s *search) try(fed end, rest []arrival, lost []int) {
	owed := fed.owed
	step, fit, why := fed.sends(&s.now)
	switch {
	case fit == wrong && (s.worst.code == "" || s.worst.code == NoConnection):
		s.worst = defeat{failure: why}
		for _, m := range owed[max(0, len(owed)-maxExpected):] {
			s.worst.expected = append(s.worst.expected, m.seg)
		}
	case fit == wrong || s.best != nil && fit <= s.best.fit:
	default:
		step.Lost = lost
		fed.queue = slices.Clone(rest)
		s.best = &explanation{fed, step, fit}
	}
}

// maxExpected is how many segments a Report names that the model would have sent.
const maxExpected = 4
