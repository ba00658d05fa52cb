package view

import (
	"slices"
	"strconv"
	"strings"

	"github.com/handshakelab/lab/engine"
	"github.com/handshakelab/lab/engine/rule"
	"github.com/handshakelab/lab/engine/tcp"
	"github.com/handshakelab/lab/engine/wire"
)

// A ledger folds the events of a run into what the kernels of both hosts would have counted: for the host, and for each
// socket. What is counted when is what Linux 6.18 does; TestTraces holds it against the counters of a real kernel.
type ledger struct {
	wires map[engine.SegID]*wire.Segment // the contents of each segment, as they are now
	hosts [2]account
}

// An account is the ledger of one host.
type account struct {
	Counters
	profile tcp.Profile
	flows   map[tcp.ConnID]*flow
	arrived engine.SegID // the segment under way through the host
	counted bool         // a socket has taken it
	skipped bool         // an answer to it was held back by the rate limit
	call    string       // the socket call under way, its name only
}

// A flow is what the kernel knows of a socket beside what is in the connection record.
type flow struct {
	vars    *tcp.TCB // as the record stood before the event at hand
	state   tcp.State
	passive bool
	reduced bool // kept as a timewait socket
	readFIN bool // the application has read up to the peer's FIN

	ackDelayed bool // an acknowledgment waited before the connection record says how long one may

	began  bool
	maxEnd wire.Seq // highest number ever sent, plus one
	out    []piece  // what was sent and is not acknowledged, by number
	loss   bool     // segments are sent again because of a timeout, not because of duplicate acknowledgments
	shut   bool     // the window last announced was zero

	predict bool   // the kernel predicts the header of the next segment (RFC 7323 appendix F tells how), with this window
	window  uint16 //

	synAcks                   int
	segsOut, segsIn           uint64
	dataOut, dataIn           uint64
	bytesSent, bytesResent    uint64
	resent, delivered         uint64
	dsacks, ahead             uint64
	rcvMSS                    int
	lastSnd, lastRcv, lastAck engine.Time
	minRTT                    engine.Time

	rates
	flying int  // segments out, behind the acknowledgment at hand
	heard  bool // an acknowledgment is being dealt with
}

// A piece is a segment that was sent with sequence numbers and is not acknowledged yet.
type piece struct {
	seq, end           wire.Seq
	lost, again, taken bool // counts as lost; is out again; the peer has it, as a SACK block says
	stamp              stamp
}

func fold(setup *engine.Setup, events []engine.Event) *ledger {
	l := &ledger{wires: map[engine.SegID]*wire.Segment{}}
	for h := range l.hosts {
		p, _ := tcp.ProfileByName(setup.Hosts[h].Profile)
		l.hosts[h] = account{profile: p.With(setup.Hosts[h].Options).On(setup.Hosts[h].Addr.Addr()), flows: map[tcp.ConnID]*flow{}}
	}
	for i := range events {
		l.add(&events[i])
	}
	return l
}

func (l *ledger) add(e *engine.Event) {
	switch e.Kind {
	case engine.Sent, engine.Forged, engine.Duplicated, engine.Edited, engine.Injected:
		l.wires[e.Seg] = e.Wire
	}
	if e.Host > engine.Server {
		return
	}
	a := &l.hosts[e.Host]
	if w := l.wires[e.Seg]; w != nil && w.ICMP.Kind != wire.NoICMP {
		a.icmp(e, w)
		return
	}
	f := a.flows[e.Conn]
	switch e.Kind {
	case engine.Called:
		a.called(e)
	case engine.Opened:
		a.flows[e.Conn] = &flow{vars: e.Vars, passive: e.Vars.Passive, rcvMSS: minRcvMSS, minRTT: engine.Never, rates: newRates()}
	case engine.Updated:
		if f == nil {
			break
		}
		f.vars = e.Vars
		f.work(e.At)
		if f.heard {
			f.settle()
			f.pace(&a.profile)
			f.heard = false
		}
	case engine.Removed:
		delete(a.flows, e.Conn)
	case engine.Changed:
		// In SYN-SENT the ACK counts only in a segment that opens the connection.
		if e.Rule == rule.SynSentOpen {
			a.acked(e, f, l.wires[a.arrived], wire.Seq(e.Args[1]))
		}
		a.changed(e, f)
	case engine.Sent:
		a.sent(e, f, l.wires[a.arrived])
	case engine.Arrived:
		a.arrives(e.Seg, l.wires[e.Seg])
	case engine.Checked:
		a.took(e, f, l.wires[e.Seg])
		a.checked(e, f, l.wires[e.Seg])
	case engine.Discarded:
		a.took(e, f, l.wires[e.Seg])
		a.discarded(e, f, l.wires[e.Seg])
	case engine.Told:
		if f != nil && e.Notice == tcp.Readable {
			f.lastRcv = e.At
			if w := l.wires[a.arrived]; w != nil && len(w.Payload) >= f.rcvMSS {
				f.rcvMSS = len(w.Payload)
			}
		}
	case engine.TimerSet:
		// A closed socket that waits for the peer's FIN is kept as a timewait socket.
		if f != nil && e.Timer == tcp.FinWaitTime {
			a.reduce(f)
		}
	case engine.TimerFired:
		switch e.Timer {
		case tcp.Retransmit:
			a.Counters[TCPTimeouts]++
		case tcp.DelayedAck:
			a.Counters[DelayedACKs]++
		case tcp.LossProbe:
			a.Counters[TCPLossProbes]++
		}
	}
}

// icmp counts an ICMP error: it is no segment.
func (a *account) icmp(e *engine.Event, s *wire.Segment) {
	six := s.Is6()
	typ, _ := s.ICMP.Kind.TypeCode(six)
	switch {
	case e.Kind == engine.Arrived:
		a.arrived = 0
		a.packetIn(s, len(s.AppendIP(nil)), 0)
		of := icmpCounters[six][typ]
		a.Counters[either(six, Icmp6InMsgs, IcmpInMsgs)]++
		a.Counters[of[0]]++
		a.Counters[of[1]]++
	case e.Kind == engine.Checked && !e.OK && e.Rule == rule.ICMPConnection:
		a.Counters[either(six, Icmp6InErrors, IcmpInErrors)]++
	case e.Kind == engine.Checked && !e.OK && e.Rule == rule.ICMPSequence:
		a.Counters[OutOfWindowIcmps]++
	}
}

// icmpCounters are the two counters of each type of ICMP error, by the version of IP.
var icmpCounters = map[bool]map[uint8][2]Counter{
	false: {3: {IcmpInDestUnreachs, IcmpMsgInType3}, 11: {IcmpInTimeExcds, IcmpMsgInType11}},
	true: {1: {Icmp6InDestUnreachs, Icmp6InType1}, 2: {Icmp6InPktTooBigs, Icmp6InType2}, 3: {Icmp6InTimeExcds, Icmp6InType3},
		4: {Icmp6InParmProblems, Icmp6InType4}},
}

// packetIn counts a packet of so many bytes at the IP layer, ecn are the two bits of its header.
func (a *account) packetIn(s *wire.Segment, octets int, ecn uint8) {
	six := s.Is6()
	a.Counters[either(six, Ip6InReceives, IpInReceives)]++
	a.Counters[either(six, Ip6InDelivers, IpInDelivers)]++
	a.Counters[either(six, Ip6InOctets, IpInOctets)] += uint64(octets)
	if ecn == 2 {
		a.Counters[either(six, Ip6InECT0Pkts, IpInECT0Pkts)]++
	} else {
		a.Counters[either(six, Ip6InNoECTPkts, IpInNoECTPkts)]++
	}
}

const ectMask = 3 // the ECN field of the IP header

func (a *account) arrives(id engine.SegID, s *wire.Segment) {
	a.arrived, a.counted, a.skipped = id, false, false
	a.packetIn(s, s.PacketLen(), s.TOS&ectMask)
	a.Counters[TcpInSegs]++
}

// took notes which socket took the segment under way. One that is kept as a request takes none: its counts begin with the
// socket.
func (a *account) took(e *engine.Event, f *flow, s *wire.Segment) {
	if f == nil || s == nil || e.Seg != a.arrived || a.counted {
		return
	}
	a.counted = true
	if f.request() {
		return
	}
	f.segsIn++
	if len(s.Payload) > 0 {
		f.dataIn++
	}
}

// request reports whether Linux keeps the connection as a request of the listener: embryonic, from a passive open.
func (f *flow) request() bool { return f.passive && f.state == tcp.SynReceived }

func (a *account) called(e *engine.Event) {
	words := strings.Fields(e.Call)
	a.call = words[0]
	if a.call == "send" {
		if f := a.callee(e); f != nil {
			f.send(&a.profile)
		}
	}
	if a.call != "recv" {
		return
	}
	// The peer's FIN is behind the last byte: a read that asks for more than there is finds it.
	f := a.callee(e)
	if f == nil || !f.finished() {
		return
	}
	want := 0
	if len(words) > 1 {
		want, _ = strconv.Atoi(words[1]) // of "recv conn 2", 0: all that there is
	}
	if want == 0 || want > int(f.vars.Unread) {
		f.readFIN = true
	}
}

// callee is the socket that a call is about, nil for none.
func (a *account) callee(e *engine.Event) *flow {
	f, newest := a.flows[e.Conn], tcp.ConnID(0)
	if e.Conn != 0 {
		return f
	}
	for id, g := range a.flows {
		if id > newest && !g.vars.Orphan {
			newest, f = id, g
		}
	}
	return f
}

// finished reports whether the peer's FIN has been taken.
func (f *flow) finished() bool {
	return f.state == tcp.CloseWait || f.state == tcp.Closing || f.state == tcp.LastAck || f.state == tcp.TimeWait
}

func (a *account) reduce(f *flow) {
	if !f.reduced {
		f.reduced = true
		a.Counters[TW]++
	}
}

func (a *account) changed(e *engine.Event, f *flow) {
	if e.Rule == rule.TimeWaitPort {
		a.Counters[TWRecycled]++
	}
	if f == nil {
		return
	}
	f.state = e.To
	switch e.To {
	case tcp.SynSent:
		a.Counters[TcpActiveOpens]++
	case tcp.Established:
		f.lastSnd, f.lastRcv, f.lastAck = e.At, e.At, e.At
		f.rcvMSS = max(f.rcvMSS, min(firstRcvMSS, int(f.vars.RcvWnd)/2))
		if f.passive {
			a.Counters[TcpPassiveOpens]++
			// The socket that takes the place of the request has seen the SYN and the ACK, and its SYN-ACK was delivered.
			f.segsIn, f.delivered, f.predict = 2, 1, true
		}
	case tcp.TimeWait:
		a.reduce(f)
	case tcp.Closed, tcp.Listen:
		a.over(e, f)
	}
}

const (
	minRcvMSS   = 88  // TCP_MIN_MSS, before the connection is established
	firstRcvMSS = 536 // TCP_MSS_DEFAULT, before larger segments arrived
)

// over counts how a connection ended.
func (a *account) over(e *engine.Event, f *flow) {
	own := e.Rule == rule.Close || e.Rule == rule.Abort // by the application
	switch {
	case e.From == tcp.Established || e.From == tcp.CloseWait:
		a.Counters[TcpEstabResets]++
	case own:
	case e.From == tcp.SynSent || e.From == tcp.SynReceived && !f.passive:
		a.Counters[TcpAttemptFails]++
	}
	if f.passive && e.From == tcp.SynReceived {
		switch e.Rule {
		case rule.RSTToListen, rule.SYNToListen, rule.LinuxRequestSYN:
			a.Counters[TcpAttemptFails]++
			a.Counters[EmbryonicRsts]++
		case rule.AcceptQueueAbort:
			a.overflow()
			a.Counters[EmbryonicRsts]++
		}
		return
	}
	switch e.Rule {
	case rule.GiveUp, rule.LinuxGiveUp, rule.UserTimeout, rule.KeepDead:
		a.Counters[TCPAbortOnTimeout]++
	case rule.CloseUnread:
		a.Counters[TCPAbortOnClose]++
	case rule.LinuxOrphanReset:
		if !f.reduced {
			a.Counters[TCPAbortOnData]++
		}
	case rule.Abort:
		if a.call == "abort" { // and not the close of a listener
			a.Counters[TCPAbortOnData]++
		}
	}
}

// overflow counts a connection that finds no room in the accept queue.
func (a *account) overflow() {
	a.Counters[ListenOverflows]++
	a.Counters[ListenDrops]++
}

func (a *account) checked(e *engine.Event, f *flow, s *wire.Segment) {
	switch e.Rule {
	case rule.Checksum:
		if !e.OK {
			a.Counters[TcpInErrs]++
			a.Counters[TcpInCsumErrors]++
		}
	case rule.DataOffset:
		if !e.OK {
			a.Counters[TcpInErrs]++
		}
	case rule.CookieSent:
		a.Counters[SyncookiesSent]++
		a.Counters[TCPReqQFullDoCookies]++
	case rule.CookieGood:
		if e.OK {
			a.Counters[SyncookiesRecv]++
		} else {
			a.Counters[SyncookiesFailed]++
		}
	case rule.LinuxEcho:
		if !e.OK {
			a.Counters[PAWSActive]++
		}
	case rule.RateLimit:
		a.held(e, f)
	case rule.ListenSYN:
		if o := s.Options.Parse(); e.OK && o.HasFastOpen && o.CookieLen == 0 { // whether or not it is given
			a.Counters[TCPFastOpenCookieReqd]++
		}
	case rule.FastOpenCookie:
		a.Counters[either(e.OK, TCPFastOpenPassive, TCPFastOpenPassiveFail)]++
	case rule.FastOpenData:
		a.Counters[either(e.OK, TCPFastOpenActive, TCPFastOpenActiveFail)]++
	case rule.LinuxFastOpenBlackhole:
		if !e.OK {
			a.Counters[TCPFastOpenBlackhole]++
			if e.Args[2] > 0 { // by timeouts
				a.Counters[TCPFastOpenActiveFail]++
			}
		}
	case rule.FastOpenQueue:
		if !e.OK {
			a.Counters[TCPFastOpenListenOverflow]++
		}
	}
	if f == nil {
		return
	}
	switch e.Rule {
	case rule.SynReceivedACK, rule.LinuxSimultaneousACK:
		if e.OK {
			a.acked(e, f, s, wire.Seq(e.Args[0]))
		}
	case rule.ACKNew:
		a.acked(e, f, s, wire.Seq(e.Args[0]))
	case rule.RTTFirst, rule.RTTNext:
		f.minRTT = min(f.minRTT, engine.Time(e.Args[0]))
	case rule.FastRetransmit:
		if f.vars.SACKOK {
			a.Counters[TCPSackRecovery]++
		} else {
			a.Counters[TCPRenoRecovery]++
		}
	case rule.Hold:
		if f.ahead++; e.OK {
			a.Counters[TCPOFOQueue]++
		} else {
			a.Counters[TCPOFODrop]++
		}
	}
}

// either is the counter of what worked, or of what did not.
func either(ok bool, yes, no Counter) Counter {
	if ok {
		return yes
	}
	return no
}

// held notes an answer that the rate limit kept back. Which counter that is depends on the state, or else on why the
// segment is discarded.
func (a *account) held(e *engine.Event, f *flow) {
	if e.OK || f == nil {
		return
	}
	switch {
	case f.state == tcp.SynReceived:
		a.Counters[TCPACKSkippedSynRecv]++
	case f.state == tcp.TimeWait:
		a.Counters[TCPACKSkippedTimeWait]++
	case f.reduced:
		a.Counters[TCPACKSkippedFinWait2]++
	default:
		a.skipped = true
	}
}

func (a *account) discarded(e *engine.Event, f *flow, s *wire.Segment) {
	switch e.Rule {
	case rule.AcceptQueueSYN, rule.AcceptQueueACK:
		a.overflow()
	case rule.PAWS:
		a.Counters[PAWSEstab]++
	case rule.LinuxDeferAccept:
		a.Counters[TCPDeferAcceptDrop]++
	case rule.SynBacklog:
		a.Counters[ListenDrops]++
	case rule.SynQueue:
		a.Counters[ListenDrops]++
		a.Counters[TCPReqQFullDrop]++
	}
	// Linux challenges a SYN outside the window like one in it.
	syn := s != nil && s.Flags.Has(wire.SYN)
	challenged := e.Rule == rule.SYNChallenge || e.Rule == rule.Sequence && a.profile.Linux && syn
	if f != nil && challenged && !f.reduced && !f.request() {
		a.Counters[TCPSYNChallenge]++
		if f.state == tcp.Established {
			a.Counters[TcpInErrs]++
		}
	}
	if !a.skipped {
		return
	}
	a.skipped = false
	switch {
	case e.Rule == rule.PAWS:
		a.Counters[TCPACKSkippedPAWS]++
	case e.Rule == rule.Sequence && !syn:
		a.Counters[TCPACKSkippedSeq]++
	default:
		a.Counters[TCPACKSkippedChallenge]++
	}
}

// acked takes an acknowledgment that got as far as the ACK field.
func (a *account) acked(e *engine.Event, f *flow, s *wire.Segment, ack wire.Seq) {
	if f == nil || s == nil {
		return
	}
	f.lastAck = e.At
	opening := f.state < tcp.Established
	// RFC 7323 appendix F, header prediction: the segment that is next in order, with nothing but an ACK and the window of before.
	fast := f.state == tcp.Established && f.predict && s.Flags&^wire.PSH == wire.ACK && s.Seq == f.vars.RcvNxt && s.Window == f.window
	news := f.vars.SndUna.Less(ack)
	switch {
	case fast && news:
		a.Counters[TCPHPAcks]++
	case s.Len() == 0:
		a.Counters[TCPPureAcks]++
	}
	if !fast && (s.Window != f.window || len(s.Payload) > 0) {
		f.predict = f.predict || !opening
	}
	f.predict = f.predict && f.vars.NumHeld == 0
	f.window = s.Window

	left := f.out[:0]
	before, waited := f.delivered, len(f.out) > 0
	o := s.Options.Parse()
	for i := range f.out {
		p := f.out[i]
		arrived := p.end.LessEq(ack)
		if f.vars.SACKOK {
			for _, b := range o.Blocks[:o.NumBlocks] {
				arrived = arrived || ack.Less(b.Right) && b.Left.LessEq(p.seq) && p.end.LessEq(b.Right)
			}
		}
		if arrived && !p.taken {
			p.taken = true
			f.delivered++
			a.Counters[TCPDelivered]++
			f.through(&p)
		}
		if ack.Less(p.end) {
			left = append(left, p)
		}
	}
	f.out = left
	f.measure(e.At, before)
	if f.flying = len(left); waited || f.passive && opening {
		f.heard = true
	}
	// RFC 2883 section 4: a first block below the acknowledgment names what arrived twice.
	if f.vars.SACKOK && o.NumBlocks > 0 && o.Blocks[0].Right.LessEq(ack) {
		f.dsacks++
		a.Counters[TCPDSACKRecv]++
	}
}

// sent counts a segment that the host sends. in is the one that arrived last, to which it may be the answer.
func (a *account) sent(e *engine.Event, f *flow, in *wire.Segment) {
	s := e.Wire
	six := s.Is6()
	a.Counters[either(six, Ip6OutRequests, IpOutRequests)]++
	a.Counters[either(six, Ip6OutTransmits, IpOutTransmits)]++
	a.Counters[either(six, Ip6OutOctets, IpOutOctets)] += uint64(s.PacketLen())
	switch e.Rule {
	case rule.RSTExact, rule.SYNChallenge, rule.ACKRange, rule.LinuxACKUnsent:
		a.Counters[TCPChallengeACK]++
	case rule.DSACK:
		a.Counters[TCPDSACKOldSent]++
		a.Counters[DelayedACKLost]++
	case rule.Duplicate:
		if in != nil && in.Len() > 0 {
			a.Counters[DelayedACKLost]++
		}
	case rule.AckText:
		// A FIN before any text is acknowledged by the timer too: the kernel's first delay is zero.
		if a.profile.Linux && f != nil && f.state == tcp.CloseWait && f.vars.AckDelay == 0 && in != nil && in.Flags.Has(wire.FIN) && f.vars.RcvNxt.Less(e.Wire.Ack) {
			a.Counters[DelayedACKs]++
			f.ackDelayed = true
		}
	case rule.KeepProbe:
		a.Counters[TCPKeepAlive]++
	case rule.Persist, rule.LinuxProbe:
		a.Counters[TCPWinProbe]++
	}
	switch {
	case s.Flags.Has(wire.RST):
		a.Counters[TcpOutSegs]++
		a.Counters[TcpOutRsts]++
		return
	case f == nil: // a SYN cookie
		a.Counters[TcpOutSegs]++
		return
	case f.request() && s.Flags.Has(wire.SYN):
		a.Counters[TcpOutSegs]++
		if f.synAcks++; f.synAcks > 1 {
			a.Counters[TcpRetransSegs]++
			a.Counters[TCPSynRetrans]++
		}
		f.maxEnd, f.began = s.End(), true
		return
	}
	a.announced(s, f)
	if !f.reduced {
		f.segsOut++
	}
	if n := len(s.Payload); n > 0 {
		f.dataOut++
		f.bytesSent += uint64(n)
		f.lastSnd = e.At
	}
	switch {
	case s.Len() == 0:
		a.Counters[TcpOutSegs]++
	case !f.began || f.maxEnd.Less(s.End()):
		a.Counters[TcpOutSegs]++
		f.maxEnd, f.began = s.End(), true
		first := s.Seq
		if s.Flags.Has(wire.SYN) && len(s.Payload) > 0 { // the kernel counts a SYN with text as two
			f.out = append(f.out, piece{seq: first, end: first.Add(1), stamp: stamp{none: true}})
			first = first.Add(1)
		}
		p := piece{seq: first, end: s.End(), stamp: f.stamp(e.At, len(f.out))}
		p.stamp.none = s.Flags.Has(wire.SYN) && first == s.Seq
		f.out = append(f.out, p)
		if !s.Flags.Has(wire.SYN) || len(s.Payload) > 0 {
			a.Counters[TCPOrigDataSent]++
		}
	case e.Rule != rule.SimultaneousOpen: // whose SYN-ACK is neither new nor sent again
		a.again(e, f)
	}
}

// announced counts when a window shuts and opens.
func (a *account) announced(s *wire.Segment, f *flow) {
	if f.state < tcp.Established {
		return
	}
	shut := s.Window == 0
	switch {
	case shut && !f.shut:
		a.Counters[TCPToZeroWindowAdv]++
	case !shut && f.shut:
		a.Counters[TCPFromZeroWindowAdv]++
	}
	f.shut = shut
}

// again counts a segment that was sent before.
func (a *account) again(e *engine.Event, f *flow) {
	s := e.Wire
	a.Counters[TcpRetransSegs]++
	f.resent++
	f.bytesResent += uint64(len(s.Payload))
	if s.Flags.Has(wire.SYN) {
		a.Counters[TCPSynRetrans]++
	}
	switch e.Rule {
	case rule.LossProbe: // a probe says nothing about what is lost
		return
	case rule.Retransmit:
		// RFC 5681 section 3.1: after a timeout all that is out counts as lost, what was sent again too.
		f.loss = true
		for i := range f.out {
			p := &f.out[i]
			if p.again {
				a.Counters[TCPLostRetransmit]++
			}
			p.lost, p.again = true, false
		}
	case rule.FastRetransmit:
		f.loss = false
		a.Counters[TCPFastRetrans]++
	case rule.PathMTUResend: // all that is out counts as lost (tcp_simple_retransmit)
		f.loss = true
		a.Counters[TCPSlowStartRetrans]++
	case rule.PartialACK:
		if f.loss {
			a.Counters[TCPSlowStartRetrans]++
		} else {
			a.Counters[TCPFastRetrans]++
		}
	}
	for i := range f.out {
		// What goes again in smaller segments counts as so many (tcp_fragment).
		if p := &f.out[i]; p.seq.LessEq(s.Seq) && s.End().Less(p.end) && s.Seq.Less(s.End()) {
			rest := *p
			p.end, rest.seq = s.End(), s.End()
			f.out = slices.Insert(f.out, i+1, rest)
			break
		}
	}
	for i := range f.out {
		if p := &f.out[i]; p.seq.Less(s.End()) && s.Seq.Less(p.end) {
			p.lost, p.again = true, true
			if !p.stamp.none {
				p.stamp = f.stamp(e.At, len(f.out))
			}
		}
	}
}
