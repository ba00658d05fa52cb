package packetdrill

import (
	"encoding/hex"
	"fmt"
	"net/netip"
	"strconv"
	"strings"

	"github.com/handshakelab/lab/engine/diag"
	"github.com/handshakelab/lab/engine/tcp"
	"github.com/handshakelab/lab/engine/wire"
)

// Run runs a script that Parse found no fault in.
func Run(s *Script) Result {
	if missing := s.missing(); len(missing) > 0 {
		return Result{Outcome: Unsupported, Faults: missing}
	}
	r := newRunner(s)
	f := r.run()
	res := Result{Segments: r.segments, Output: r.code.out.String()}
	for i := range r.kernel.sent {
		left := &r.kernel.sent[i]
		if f := r.underTest; f != nil && !left.taken && f.sends(&left.seg) {
			res.Left = append(res.Left, seconds(left.at)+" > "+f.actual(&left.seg).String())
		}
	}
	if f != nil {
		res.Outcome, res.Detail = Fail, f.Detail
		res.Faults = diag.List{{File: s.Name, Line: f.Pos.Line, Col: f.Pos.Col, EndCol: f.Pos.End, Severity: diag.Error, Code: f.Code, Message: f.Message}}
	}
	return res
}

// The environment that packetdrill gives a script which does not ask for another.
const (
	defaultPort      = 8080  // that bind gets, and that connect goes to
	defaultEphemeral = 45000 // from where the script's own side connects
	firstEphemeral   = 32768 // from where the host does
	defaultTolerance = 4 * tcp.Millisecond
	defaultPercent   = 12.5
	maxRun           = 24 * 3600 * tcp.Second // of virtual time
)

var (
	defaultLocal   = netip.MustParseAddr("192.168.0.1")
	defaultRemote  = netip.MustParseAddr("192.0.2.1")
	defaultLocal6  = netip.MustParseAddr("fd3d:a0b:17d6::1")
	defaultRemote6 = netip.MustParseAddr("fd3d:fa7b:d17d::1")
)

// A runner runs one script.
type runner struct {
	script *Script
	config config
	kernel *kernel
	code   interpreter

	epolls        []*epoll
	flows         []*flow
	underTest     *flow
	local, remote netip.AddrPort // where bind binds to, and where connect goes
	server        netip.AddrPort // where the newest listener listens
	cookie        cookie
	noTSO         bool      // full segments have no PSH
	nextRemote    uint16    // the port of the next peer that comes in
	saved         *settings // what a script that restores sysctls goes back to

	segments []Segment
	noted    int // how many of kernel.sent are in segments
	blocked  *syscall

	last tcp.Time // when the event before was meant to be
}

// config is what the options of the script say.
type config struct {
	tolerance     tcp.Time
	percent       float64
	tick          tcp.Time // of timestamps, 0 when they are not to be checked
	scaled        bool     // an ecr that no segment had is reckoned from the first one
	local, remote netip.Addr
	bindPort      uint16
	connectPort   uint16
	mtu           int
	six           bool // IPv6
}

func newConfig(s *Script) config {
	c := config{tolerance: defaultTolerance, percent: defaultPercent, local: defaultLocal, remote: defaultRemote, bindPort: defaultPort, connectPort: defaultPort,
		six: s.version() == "ipv6"}
	if c.six {
		c.local, c.remote = defaultLocal6, defaultRemote6
	}
	for _, o := range s.Options {
		n, _ := strconv.ParseInt(o.Value, 10, 64)
		switch o.Name {
		case "tolerance_usecs":
			c.tolerance = tcp.Time(n)
		case "tolerance_percent":
			c.percent, _ = strconv.ParseFloat(o.Value, 64)
		case "tcp_ts_tick_usecs":
			c.tick = tcp.Time(n)
		case "tcp_ts_ecr_scaled":
			c.scaled = true
		case "local_ip":
			c.local, _ = parseAddress(o.Value)
		case "remote_ip":
			c.remote, _ = parseAddress(o.Value)
		case "bind_port":
			c.bindPort = uint16(n)
		case "connect_port":
			c.connectPort = uint16(n)
		case "mtu":
			c.mtu = int(n)
		}
	}
	return c
}

func newRunner(s *Script) *runner {
	c := newConfig(s)
	r := &runner{script: s, config: c, nextRemote: defaultEphemeral, code: interpreter{vars: map[string]value{}},
		local: netip.AddrPortFrom(c.local, c.bindPort), remote: netip.AddrPortFrom(c.remote, c.connectPort)}
	set := newSettings(tcp.Linux)
	if c.mtu > 0 {
		set.profile.MSS = uint16(min(c.mtu, 65535) - c.headers())
	}
	for _, d := range standard {
		set.set(d.name, d.value)
	}
	if !s.setsBuffers() {
		s.guessScale(&set)
	}
	for name, v := range infoSymbols {
		r.code.vars[name] = v
	}
	r.server = r.local
	r.kernel = newKernel(set, netip.AddrPortFrom(c.local, firstEphemeral), r.remote)
	if r.kernel.family = afInet; s.version() != "ipv4" {
		r.kernel.family = afInet6
	}
	r.cookie.script, _ = hex.DecodeString(defaultDefines["TFO_COOKIE"])
	return r
}

// headers are the bytes of the IP and TCP headers without options. Without --mtu the link takes as much text over IPv6 as over IPv4.
func (c *config) headers() int {
	if c.six {
		return wire.IPv6HeaderLen + wire.MinHeaderLen
	}
	return wire.IPv4HeaderLen + wire.MinHeaderLen
}

func (r *runner) failure(p Pos, code, message string) *Failure {
	return &Failure{Pos: p, Code: code, Message: message}
}

// run does what the script says, one event after the other.
func (r *runner) run() *Failure {
	for i := range r.script.Init {
		if f := r.shell(&r.script.Init[i]); f != nil {
			return f
		}
	}
	for i := range r.script.Events {
		f := r.runEvent(&r.script.Events[i])
		r.note()
		if f != nil {
			return f
		}
	}
	f := r.await()
	r.note()
	return f
}

func (r *runner) runEvent(e *Event) *Failure {
	base := r.kernel.now
	if e.When.Kind == Absolute || e.When.Kind == AbsoluteRange {
		base = 0
	}
	at, end := base+e.When.From, base+e.When.To
	if e.Packet != nil && e.Packet.Out {
		if f := r.outbound(e, at, end); f != nil {
			return f
		}
		r.last = at
		return nil
	}
	if f := r.advance(at); f != nil {
		return f
	}
	if f := r.onTime(e.Pos, "the event", When{Kind: Absolute}, at, 0, r.kernel.now); f != nil {
		return f
	}
	var f *Failure
	switch {
	case e.Packet != nil:
		f = r.inbound(e)
	case e.Call != nil:
		f = r.call(e.Call, at, base+e.Call.End)
	case e.Shell != nil:
		f = r.shell(e.Shell)
	case e.Code != nil:
		f = r.snippet(e.Code)
	}
	r.last = at
	return f
}

// tolerance is how far from its time something may happen: the fixed one, or a part of the time since the event before.
func (r *runner) tolerance(at tcp.Time) tcp.Time {
	return max(r.config.tolerance, tcp.Time(r.config.percent/100*float64(at-r.last)))
}

// onTime compares when something happened with when the script says that it should.
func (r *runner) onTime(p Pos, what string, w When, from, to, actual tcp.Time) *Failure {
	if w.Kind == Any {
		return nil
	}
	slack := r.tolerance(from)
	if w.Kind != AbsoluteRange && w.Kind != RelativeRange {
		to = from
	}
	if actual >= from-slack && actual <= to+slack {
		return nil
	}
	expected := seconds(from)
	if to != from {
		expected += "~" + seconds(to)
	}
	return r.failure(p, "time", fmt.Sprintf("%s should be at %s s, but is at %s s (tolerance %s s)", what, expected, seconds(actual), seconds(slack)))
}

// seconds writes a time as packetdrill does.
func seconds(t tcp.Time) string {
	return fmt.Sprintf("%d.%06d", t/tcp.Second, t%tcp.Second)
}

// advance lets time go on to t. Timers that are due before fire; one that is due right then has not fired yet when the event
// happens, as a segment that arrives comes before a timer.
func (r *runner) advance(t tcp.Time) *Failure {
	for {
		at, ok := r.next()
		if !ok || at >= t {
			break
		}
		if f := r.fire(); f != nil {
			return f
		}
	}
	r.kernel.now = max(r.kernel.now, t)
	return r.poke()
}

// next is when something happens next by itself.
func (r *runner) next() (tcp.Time, bool) {
	at, ok := r.kernel.next()
	if r.blocked != nil && r.blocked.timeout != tcp.Never && (!ok || r.blocked.timeout < at) {
		return r.blocked.timeout, true
	}
	return at, ok
}

// fire lets it happen.
func (r *runner) fire() *Failure {
	at, _ := r.next()
	if due, ok := r.kernel.next(); ok && due <= at {
		r.kernel.fire()
	} else {
		r.kernel.now = max(r.kernel.now, at)
	}
	return r.poke()
}

// poke looks whether the call that blocks may return now.
func (r *runner) poke() *Failure {
	if r.blocked == nil {
		return nil
	}
	s := r.blocked
	result, e, done := s.try()
	if !done {
		return nil
	}
	r.blocked = nil
	if f := r.returned(s, result, e); f != nil {
		return f
	}
	if slack := r.endTolerance(s); r.kernel.now > s.end+slack || r.kernel.now < s.end-slack {
		return r.failure(s.call.Pos, "time", fmt.Sprintf("%s should return at %s s, but returns at %s s (tolerance %s s)",
			s.call.Name, seconds(s.end), seconds(r.kernel.now), seconds(slack)))
	}
	return nil
}

// endTolerance is how far from its time a call may return.
func (r *runner) endTolerance(s *syscall) tcp.Time {
	return max(r.config.tolerance, tcp.Time(r.config.percent/100*float64(s.end-s.begun)))
}

// await waits for the call that blocks.
func (r *runner) await() *Failure {
	for r.blocked != nil {
		if f := r.poke(); f != nil || r.blocked == nil {
			return f
		}
		at, ok := r.next()
		if !ok || at > maxRun {
			return r.failure(r.blocked.call.Pos, "blocked", r.blocked.call.Name+" never returns")
		}
		if f := r.fire(); f != nil {
			return f
		}
	}
	return nil
}

// note puts what the host sent meanwhile into the record of the wire.
func (r *runner) note() {
	for ; r.noted < len(r.kernel.sent); r.noted++ {
		s := &r.kernel.sent[r.noted]
		r.segments = append(r.segments, Segment{s.at, true, s.seg})
	}
}

// inbound sends a segment of the script to the host.
func (r *runner) inbound(e *Event) *Failure {
	p := e.Packet
	if p.ICMP.Kind != wire.NoICMP {
		return r.icmp(p)
	}
	r.switchFlow(p.SrcPort, p.Flags&(wire.SYN|wire.ACK) == wire.SYN)
	if r.underTest == nil || r.underTest.listening {
		r.begin(r.nextRemote)
		r.nextRemote++
	}
	f := r.underTest
	if !f.answered {
		// The script's own side begins with the number that it gives itself.
		f.answered, f.scriptRemote, f.liveRemote = true, p.Seq, p.Seq
	}
	if p.Flags.Has(wire.SYN) {
		r.cookie.live = r.kernel.host.FastOpenCookie(r.server.Port(), r.config.remote)
	}
	seg, why := f.inbound(p, r.config.scaled)
	if why != "" {
		return r.failure(p.Pos, "timestamp", why)
	}
	r.segments = append(r.segments, Segment{r.kernel.now, false, seg})
	r.kernel.receive(&seg)
	return r.poke()
}

// icmp brings an ICMP error about what the host sent in the flow under test.
func (r *runner) icmp(p *Packet) *Failure {
	f := r.underTest
	if f == nil || f.listening {
		return r.failure(p.Pos, "no-connection", "there is no connection that the message could be about")
	}
	seg := f.quoted(p)
	r.segments = append(r.segments, Segment{r.kernel.now, false, seg})
	r.kernel.receive(&seg)
	return r.poke()
}

// begin makes the connection of a new peer the one under test.
func (r *runner) begin(port uint16) {
	r.test(&flow{local: r.server, remote: netip.AddrPortFrom(r.config.remote, port), next: len(r.kernel.sent)})
}

// test makes a flow the one that segments belong to.
func (r *runner) test(f *flow) {
	f.cookie = &r.cookie
	r.flows = append(r.flows, f)
	r.underTest = f
}

// switchFlow goes to the connection of a peer that a script names by its port, and begins it when it is new.
func (r *runner) switchFlow(port uint16, begins bool) {
	if port == 0 {
		return
	}
	for _, f := range r.flows {
		if !f.listening && f.remote.Port() == port {
			r.underTest = f
			return
		}
	}
	if begins {
		r.begin(port)
	}
}

// outbound takes the host's next segment and compares it with what the script expects.
func (r *runner) outbound(e *Event, at, end tcp.Time) *Failure {
	want := e.Packet
	r.switchFlow(want.DstPort, false)
	f := r.underTest
	if f == nil {
		return r.failure(want.Pos, "no-connection", "there is no connection that could send this: neither listen nor connect was called")
	}
	latest := max(at, end) + r.tolerance(at) + 10*tcp.Second
	if e.When.Kind == Any {
		latest = r.kernel.now + 3600*tcp.Second
	}
	first, fail := r.nextSent(f, latest)
	if fail != nil {
		return fail
	}
	if first == nil {
		return &Failure{want.Pos, "no-segment", "the host sends nothing", columns(
			[]string{"expected", r.expectedAt(e.When, at, end), want.String()}, []string{"actual", "", "no segment"})}
	}
	f.learn(want, &first.seg)
	got := f.actual(&first.seg)
	// A line may stand for several segments, as a kernel leaves it to the interface to cut text up.
	for got.Len > 0 && got.Len < want.Len {
		more, fail := r.nextSent(f, latest)
		if fail != nil {
			return fail
		}
		if more == nil {
			break
		}
		next := f.actual(&more.seg)
		if next.Seq != got.Seq.Add(uint32(got.Len)) || next.Ack != got.Ack || next.Len == 0 || got.Len+next.Len > want.Len ||
			(next.Flags^got.Flags)&^(wire.PSH|wire.FIN|wire.CWR) != 0 {
			more.taken = false // it is another line's
			f.next--
			break
		}
		f.learn(want, &more.seg)
		got.Len += next.Len
		got.Flags |= next.Flags
		// How a kernel divides text among packets, and PSH with it, is not modelled.
		got.Flags = got.Flags&^wire.PSH | want.Flags&wire.PSH
	}
	if c := r.connUnderTest(); r.noTSO && c != nil && int64(got.Len) == sendMSS(r.kernel, c) {
		got.Flags = got.Flags&^wire.PSH | want.Flags&wire.PSH
	}
	diffs := differences(want, got, r.config.tick, r.config.tolerance)
	late := r.onTime(want.Pos, "the segment", e.When, at, end, first.at)
	if len(diffs) == 0 && late == nil {
		return nil
	}
	rows := [][]string{{"expected", r.expectedAt(e.When, at, end), want.String()}, {"actual", seconds(first.at), got.String()}}
	for _, d := range diffs {
		rows = append(rows, []string{"differs", "", d.field + ": expected " + d.expected + ", actual " + d.actual})
	}
	if len(diffs) == 0 {
		late.Detail = columns(rows...)
		return late
	}
	if late != nil {
		rows = append(rows, []string{"differs", "", late.Message})
	}
	fields := make([]string, len(diffs))
	for i, d := range diffs {
		fields[i] = d.field
	}
	return &Failure{want.Pos, "segment", "the host sent another segment: " + differ(fields), columns(rows...)}
}

// differ says which fields are others than expected.
func differ(fields []string) string {
	if len(fields) == 1 {
		return fields[0] + " differs"
	}
	return strings.Join(fields, ", ") + " differ"
}

func (r *runner) expectedAt(w When, at, end tcp.Time) string {
	switch w.Kind {
	case Any:
		return "any time"
	case AbsoluteRange, RelativeRange:
		return seconds(at) + "~" + seconds(end)
	default:
		return seconds(at)
	}
}

// nextSent takes the host's next segment of a flow, and waits for it until latest. Those of other connections are left. nil is that there is none.
func (r *runner) nextSent(f *flow, latest tcp.Time) (*sent, *Failure) {
	for {
		for f.next < len(r.kernel.sent) {
			s := &r.kernel.sent[f.next]
			f.next++
			if f.sends(&s.seg) {
				s.taken = true
				return s, nil
			}
		}
		at, ok := r.next()
		if !ok || at > latest {
			return nil, nil
		}
		if f := r.fire(); f != nil {
			return nil, f
		}
	}
}

// call makes a call at a time. It must return at end if it may block, and at once if not.
func (r *runner) call(c *Call, at, end tcp.Time) *Failure {
	// One call at a time: the one before must have returned.
	if f := r.await(); f != nil {
		return f
	}
	s, f := r.prepare(c)
	if f != nil {
		return f
	}
	s.begun, s.end = at, end
	result, errno, done := s.try()
	switch {
	case done:
		if f := r.returned(s, result, errno); f != nil {
			return f
		}
		if c.Blocking && s.end > r.kernel.now+r.endTolerance(s) {
			return r.failure(c.Pos, "time", fmt.Sprintf("%s should return at %s s, but returns at once, at %s s", c.Name, seconds(s.end), seconds(r.kernel.now)))
		}
		return nil
	case !c.Blocking:
		return r.failure(c.Pos, "blocks", c.Name+" blocks, and the script does not say until when")
	}
	r.blocked = s
	return nil
}

// returned compares what a call returned with what the script expects.
func (r *runner) returned(s *syscall, result int64, e errno) *Failure {
	c := s.call
	if s.made != nil && e == "" {
		// The script names the descriptor that the call makes.
		if fd, ok := c.Result.number(); ok && fd >= 0 {
			s.made(fd)
			return nil
		}
		return r.returnFailure(c, "a descriptor")
	}
	actual := strconv.FormatInt(result, 10)
	if e != "" {
		actual = "-1 " + string(e)
	}
	if want, ok := c.Result.number(); ok && want != result || c.Errno != "" && errnoNumbers[c.Errno] != errnoNumbers[string(e)] {
		return r.returnFailure(c, actual)
	}
	if s.check != nil && e == "" {
		if why := s.check(); why != "" {
			return r.failure(c.Pos, "result", why)
		}
	}
	return nil
}

func (r *runner) returnFailure(c *Call, actual string) *Failure {
	expected := "anything"
	if want, ok := c.Result.number(); ok {
		expected = strings.TrimSpace(strconv.FormatInt(want, 10) + " " + c.Errno)
	}
	return &Failure{c.Pos, "result", c.Name + " returned something else than the script says",
		columns([]string{"expected", c.Name + "(...) = " + expected}, []string{"actual", c.Name + "(...) = " + actual})}
}

// shell does what a command comes to. That the settings can be made was looked at before the run.
func (r *runner) shell(s *Shell) *Failure {
	for _, c := range s.commands() {
		if c.saves && r.saved == nil {
			before := r.kernel.settings
			r.saved = &before
		}
		for _, set := range c.set {
			r.kernel.set(set.name, set.value)
		}
		r.noTSO = r.noTSO || c.noTSO
		if c.restore && r.saved != nil {
			r.kernel.restore(*r.saved)
		}
		if f := r.advance(r.kernel.now + c.sleep); f != nil {
			return f
		}
	}
	return nil
}

// snippet runs code over what TCP_INFO says now.
func (r *runner) snippet(c *Code) *Failure {
	if conn := r.connUnderTest(); conn != nil {
		for name, read := range infoFields {
			r.code.vars[name] = read(r.kernel, conn)
		}
	} else if c.readsInfo() {
		return r.failure(c.Pos, "no-connection", "there is no connection whose TCP_INFO the snippet could see")
	}
	if f := r.code.run(c); f != nil {
		return r.failure(f.pos, "assert", f.message)
	}
	return nil
}

// connUnderTest is the connection of the flow under test, nil before there is one.
func (r *runner) connUnderTest() *conn {
	f := r.underTest
	if f == nil || f.listening {
		return nil
	}
	return r.kernel.between(f.local, f.remote)
}
