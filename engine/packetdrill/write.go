package packetdrill

import (
	"fmt"
	"net/netip"
	"strings"

	"github.com/handshakelab/lab/engine"
	"github.com/handshakelab/lab/engine/script"
	"github.com/handshakelab/lab/engine/tcp"
	"github.com/handshakelab/lab/engine/wire"
)

// A Source is a run that Write makes a script of.
type Source struct {
	Scenario *script.Scenario
	Events   []engine.Event
	Side     engine.HostID // the host under test; the script plays the other one and the path
}

// A WriteError is why a run cannot be written as a script, in a sentence for people.
type WriteError struct{ Reason string }

// Error returns the reason.
func (e *WriteError) Error() string { return e.Reason }

func cannot(format string, args ...any) *WriteError {
	return &WriteError{fmt.Sprintf(format, args...)}
}

// Write writes a run as a script that tests one of its hosts: the socket calls of that host, the segments that arrived there, and
// those that it must send. The script passes when Run runs it; a run of which no such script can be written is a *WriteError.
//
// The host of a script is a Linux kernel. Departures of the host from the profile become sysctls, and what none of them says (the RFC
// profile, a receive buffer of its own) is left out where the script still passes: then windows are not compared.
func Write(src Source) (string, error) {
	if src.Side > engine.Server {
		return "", cannot("The host under test is the client or the server.")
	}
	var reason string
	for _, loose := range []bool{false, true} {
		w := newWriter(src, loose)
		if err := w.run(); err != nil {
			return "", err
		}
		text := w.text()
		if reason = tryScript(text); reason == "" {
			return text, nil
		}
	}
	if h := src.Scenario.Setup.Hosts[src.Side]; h.Profile != tcp.Linux.Name {
		return "", cannot("A packetdrill script tests a Linux kernel, and the %v of this run, which follows the profile %s, does otherwise: %s", src.Side, h.Profile, reason)
	}
	return "", cannot("A packetdrill script of this run would not pass: %s", reason)
}

// tryScript runs a script and says why it does not pass, "" when it does.
func tryScript(text string) string {
	s, faults := Parse("", text)
	if len(faults) > 0 {
		return faults[0].Message + "."
	}
	r := Run(s)
	switch {
	case len(r.Faults) > 0:
		line := strings.TrimSpace(strings.Split(text, "\n")[max(0, r.Faults[0].Line-1)])
		return fmt.Sprintf("at %q %s.", line, r.Faults[0].Message)
	case len(r.Left) > 0:
		return fmt.Sprintf("the host of the script also sends %s.", strings.TrimSpace(r.Left[0]))
	}
	return ""
}

// A writer makes the lines of one script.
type writer struct {
	src     Source
	profile tcp.Profile
	loose   bool // windows are not compared
	ports   bool // more than one peer: each line says which
	lines   []string
	start   tcp.Time // the time of the first line

	listener int // its descriptor, 0 for none
	nextFD   int
	sockets  map[tcp.ConnID]*written
	latest   *written
	flows    map[ends]*numbers
	newest   *numbers
	after    []later // lines that come when the present instant is over
	contents map[engine.SegID]wire.Segment
}

// A later line is about a socket, if that is open then.
type later struct {
	at     tcp.Time
	socket *written
	format string // with a place for the descriptor
}

// written is the socket of a connection.
type written struct {
	fd         int // 0 while nobody has accepted it
	closed     bool
	connecting bool
	unread     int
	eof        bool
}

// numbers are what the numbers of a flow count from, as the runner has it.
type numbers struct {
	local, remote wire.Seq
	begun         bool // the host's own SYN was seen
	answered      bool // the peer has sent something
	shifted       bool // its first segment was no SYN: that has number 0, and SYNs count from it as well
}

func newWriter(src Source, loose bool) *writer {
	h := src.Scenario.Setup.Hosts[src.Side]
	p, _ := tcp.ProfileByName(h.Profile)
	return &writer{src: src, profile: p.With(h.Options).On(h.Addr.Addr()), loose: loose, nextFD: 3, sockets: map[tcp.ConnID]*written{},
		flows: map[ends]*numbers{}, contents: map[engine.SegID]wire.Segment{}}
}

// run makes a line of everything that the host did and that reached it.
func (w *writer) run() error {
	w.ports = w.manyPeers()
	for i := range w.src.Events {
		e := &w.src.Events[i]
		if i > 0 && e.At != w.src.Events[i-1].At {
			w.flush()
		}
		var err error
		switch e.Kind {
		case engine.Sent, engine.Forged, engine.Duplicated, engine.Injected, engine.Edited:
			w.contents[e.Seg] = *e.Wire
			if e.Kind == engine.Sent && e.Host == w.src.Side {
				err = w.outbound(e)
			}
		case engine.Arrived:
			if e.Host == w.src.Side {
				err = w.inbound(e)
			}
		case engine.Called:
			if e.Host == w.src.Side {
				err = w.called(e)
			}
		case engine.Told:
			if e.Host == w.src.Side {
				w.told(e)
			}
		}
		if err != nil {
			return err
		}
	}
	w.flush()
	if len(w.flows) == 0 {
		return cannot("No segment comes to the %v or from it, so there is nothing to test.", w.src.Side)
	}
	return nil
}

// manyPeers reports whether the host has to do with more than one port of the other side.
func (w *writer) manyPeers() bool {
	peers := map[netip.AddrPort]bool{}
	contents := map[engine.SegID]wire.Segment{}
	for i := range w.src.Events {
		switch e := &w.src.Events[i]; e.Kind {
		case engine.Sent, engine.Forged, engine.Duplicated, engine.Injected, engine.Edited:
			contents[e.Seg] = *e.Wire
			if e.Kind == engine.Sent && e.Host == w.src.Side {
				peers[e.Wire.Dst] = true
			}
		case engine.Arrived:
			if e.Host == w.src.Side {
				peers[contents[e.Seg].Src] = true
			}
		}
	}
	return len(peers) > 1
}

// line adds a line. A script begins at 0.
func (w *writer) line(at tcp.Time, format string, args ...any) {
	if len(w.lines) == 0 {
		w.start = at
	}
	w.lines = append(w.lines, seconds(at-w.start)+" "+fmt.Sprintf(format, args...))
}

// ends are the two ports of a flow.
type ends struct{ own, peer netip.AddrPort }

// flow is that between two ports; the first segment of either side makes it.
func (w *writer) flow(e ends) *numbers {
	f := w.flows[e]
	if f == nil {
		f = &numbers{}
		w.flows[e] = f
		w.newest = f
	}
	return f
}

func (w *writer) outbound(e *engine.Event) error {
	seg := *e.Wire
	f := w.flow(ends{seg.Src, seg.Dst})
	syn := seg.Flags.Has(wire.SYN)
	switch {
	case syn && !f.begun:
		f.begun, f.local = true, seg.Seq
	case syn && seg.Seq != f.local:
		return cannot("Segment %d begins a second connection between the same ports, and a script cannot say its initial sequence number.", e.Seg)
	}
	if err := w.oneAtATime(f, e.Seg); err != nil {
		return err
	}
	local, remote := f.local, f.remote
	if syn {
		local, remote = 0, f.ofSYN()
	}
	w.packet(e.At, ">", &seg, local, remote, seg.Dst.Port(), !w.loose)
	return nil
}

// oneAtATime: segments of a client's line belong to the connection that it opened last.
func (w *writer) oneAtATime(f *numbers, seg engine.SegID) error {
	if f != w.newest && !w.ports {
		return cannot("Segment %d belongs to an earlier connection than the newest one, and a script speaks of one connection at a time.", seg)
	}
	return nil
}

func (w *writer) inbound(e *engine.Event) error {
	seg := w.contents[e.Seg]
	home := w.src.Scenario.Setup.Hosts
	switch {
	case seg.ICMP.Kind != wire.NoICMP:
		return w.icmp(e, &seg)
	case !seg.SumOK():
		return cannot("Segment %d arrives with a wrong checksum, and packetdrill always writes the right one.", e.Seg)
	case seg.Reserved != 0 || seg.Offset != 0:
		return cannot("Segment %d arrives with a header that packetdrill cannot write.", e.Seg)
	case seg.Dst.Addr() != home[w.src.Side].Addr.Addr() || seg.Src.Addr() != home[engine.Server-w.src.Side].Addr.Addr():
		return cannot("Segment %d comes from another host, and a script has one peer.", e.Seg)
	}
	if bad := unwritable(seg.Options); bad != "" {
		return cannot("Segment %d has an option that packetdrill has no word for: %s.", e.Seg, bad)
	}
	f := w.flow(ends{seg.Dst, seg.Src})
	if !f.answered {
		f.answered, f.remote, f.shifted = true, seg.Seq, !seg.Flags.Has(wire.SYN)
	}
	if err := w.oneAtATime(f, e.Seg); err != nil {
		return err
	}
	local, remote := f.local, f.remote
	if seg.Flags.Has(wire.SYN) {
		local, remote = 0, f.ofSYN()
	}
	w.packet(e.At, "<", &seg, remote, local, seg.Src.Port(), true)
	return nil
}

// icmp writes an error about a segment of the host. Its number counts from the host's initial one.
func (w *writer) icmp(e *engine.Event, seg *wire.Segment) error {
	f := w.flows[ends{seg.Src, seg.Dst}]
	if f == nil || !f.begun {
		return cannot("Segment %d is an ICMP error about a connection that the %v does not have, and a script cannot name that.", e.Seg, w.src.Side)
	}
	if err := w.oneAtATime(f, e.Seg); err != nil {
		return err
	}
	var word string
	for kind, codes := range icmpCodes[seg.Is6()] {
		for code, is := range codes {
			if text := strings.TrimSpace(kind + " " + code); is == seg.ICMP.Kind && code != "" && len(word) < len(text) {
				word = text // the only name with a code
			} else if is == seg.ICMP.Kind && word == "" {
				word = text
			}
		}
	}
	if seg.ICMP.MTU != 0 {
		word += fmt.Sprintf(" mtu %d", seg.ICMP.MTU)
	}
	seq := seg.Seq - f.local
	w.line(e.At, "< icmp %s [%d:%d(%d)]", word, seq, seq.Add(uint32(len(seg.Payload))), len(seg.Payload))
	return nil
}

// unwritable is the first option that a script cannot say.
func unwritable(o wire.Options) string {
	for _, opt := range allOptions(o) {
		if text := optionTextOf(opt); strings.HasPrefix(text, "option ") {
			return text
		}
	}
	return ""
}

// ofSYN is what the peer's number in a segment with SYN counts from.
func (f *numbers) ofSYN() wire.Seq {
	if f.shifted {
		return f.remote
	}
	return 0
}

// packet writes a segment. Segments with SYN have their own numbers, all others count from those of the SYNs.
func (w *writer) packet(at tcp.Time, way string, seg *wire.Segment, seq, ack wire.Seq, peer uint16, window bool) {
	p := Packet{Flags: seg.Flags, Seq: seg.Seq - seq, Len: len(seg.Payload), Ack: seg.Ack - ack, Window: int(seg.Window), Urgent: seg.Urgent}
	p.Options = rewrite(seg.Options, func(kind uint8, data []byte) {
		if kind == wire.KindSACK {
			shift(data, -ack)
		}
	})
	if !window {
		p.Window = -1
	}
	ports := ""
	if w.ports {
		own := w.src.Scenario.Setup.Hosts[w.src.Side].Addr.Port()
		if way == ">" {
			ports = fmt.Sprintf("%d > %d ", own, peer)
		} else {
			ports = fmt.Sprintf("%d > %d ", peer, own)
		}
	}
	w.line(at, "%s %s%v", way, ports, &p)
}

// socket makes a socket of the script.
func (w *writer) socket(at tcp.Time) int {
	fd := w.nextFD
	w.nextFD++
	w.line(at, "socket(..., SOCK_STREAM, IPPROTO_TCP) = %d", fd)
	return fd
}

// called writes a socket call.
func (w *writer) called(e *engine.Event) error {
	a, bad := script.ParseAction(w.src.Side.String() + " " + e.Call)
	if bad != nil || a.Kind != engine.Call {
		return cannot("The call %q has no counterpart in packetdrill.", e.Call)
	}
	c := a.Call
	if c.FD != 0 || c.Verb == tcp.CallSocket || c.Verb == tcp.CallBind || c.Verb == tcp.CallGet {
		return cannot("The %v makes its calls on descriptors (%q); a script of such a run is not written here.", w.src.Side, e.Call)
	}
	switch c.Verb {
	case tcp.CallListen:
		if w.listener != 0 {
			return cannot("The %v listens twice, and a script has one listener here.", w.src.Side)
		}
		w.listener = w.socket(e.At)
		w.line(e.At, "setsockopt(%d, SOL_SOCKET, SO_REUSEADDR, [1], 4) = 0", w.listener)
		w.line(e.At, "bind(%d, ..., ...) = 0", w.listener)
		w.line(e.At, "listen(%d, %d) = 0", w.listener, c.Backlog)
		return nil
	case tcp.CallConnect:
		return w.connect(e, &c)
	case tcp.CallAccept:
		_, err := w.accepted(e)
		return err
	case tcp.CallSet:
		return w.set(e, &c)
	case tcp.CallClose:
		if c.Listener || e.Conn == 0 {
			w.line(e.At, "close(%d) = 0", w.listener)
			w.listener = 0
			return nil
		}
	}
	s, err := w.accepted(e)
	if err != nil {
		return err
	}
	switch c.Verb {
	case tcp.CallSend:
		w.line(e.At, "write(%d, ..., %d) = %d", s.fd, len(c.Data), len(c.Data))
	case tcp.CallRecv:
		n := s.unread
		if c.Count > 0 {
			n = min(n, c.Count)
		}
		room := c.Count
		if room == 0 {
			room = max(n, 1000)
		}
		if n == 0 && !s.eof {
			return nil // nothing is read, and nothing changes
		}
		w.line(e.At, "read(%d, ..., %d) = %d", s.fd, room, n)
		s.unread -= n
	case tcp.CallShutdown:
		w.line(e.At, "shutdown(%d, SHUT_WR) = 0", s.fd)
	case tcp.CallAbort:
		w.line(e.At, "setsockopt(%d, SOL_SOCKET, SO_LINGER, {onoff=1, linger=0}, 8) = 0", s.fd)
		w.close(e, s)
	case tcp.CallClose:
		w.close(e, s)
	}
	return nil
}

// connect opens a connection without blocking.
func (w *writer) connect(e *engine.Event, c *tcp.Call) error {
	peer := w.src.Scenario.Setup.Hosts[engine.Server-w.src.Side].Addr
	switch {
	case c.FastOpen:
		return cannot("The %v connects with Fast Open; such a run is not written as a script here.", w.src.Side)
	case c.To.IsValid() && c.To != peer:
		return cannot("The %v connects to %v, and a script has one peer.", w.src.Side, c.To)
	}
	fd := w.socket(e.At)
	w.line(e.At, "fcntl(%d, F_SETFL, O_RDWR|O_NONBLOCK) = 0", fd)
	w.line(e.At, "connect(%d, ..., ...) = -1 EINPROGRESS (Operation now in progress)", fd)
	s := w.socketOf(e.Conn)
	s.fd, s.connecting = fd, true
	w.latest = s
	w.newest = nil
	return nil
}

// accepted is the socket of the connection that a call is on. A run may use a connection that nobody has accepted; a program has to
// accept it first.
func (w *writer) accepted(e *engine.Event) (*written, error) {
	if s := w.sockets[e.Conn]; s != nil && s.fd != 0 {
		return s, nil
	}
	if e.Conn == 0 && w.latest != nil {
		return w.latest, nil // its connection is gone, and it is open still
	}
	if w.listener == 0 {
		return nil, cannot("The call %q at %s s is on a connection that a program would have no descriptor for.", e.Call, seconds(e.At))
	}
	s := w.socketOf(e.Conn)
	s.fd = w.nextFD
	w.nextFD++
	w.line(e.At, "accept(%d, ..., ...) = %d", w.listener, s.fd)
	w.latest = s
	return s, nil
}

func (w *writer) close(e *engine.Event, s *written) {
	w.line(e.At, "close(%d) = 0", s.fd)
	s.closed = true
	delete(w.sockets, e.Conn)
	if w.latest == s {
		w.latest = nil
	}
}

func (w *writer) socketOf(id tcp.ConnID) *written {
	s := w.sockets[id]
	if s == nil {
		s = &written{}
		w.sockets[id] = s
	}
	return s
}

// set writes a socket option.
func (w *writer) set(e *engine.Event, c *tcp.Call) error {
	option := func(fd int, level, name string, value tcp.Time) {
		w.line(e.At, "setsockopt(%d, %s, %s, [%d], 4) = 0", fd, level, name, value)
	}
	switch c.Option {
	case tcp.DeferAccept, tcp.FastOpenQueue:
		if w.listener == 0 {
			return cannot("The call %q is on a listener that there is none of.", e.Call)
		}
		if c.Option == tcp.DeferAccept {
			option(w.listener, "SOL_TCP", "TCP_DEFER_ACCEPT", c.Values[0]/tcp.Second)
		} else {
			option(w.listener, "SOL_TCP", "TCP_FASTOPEN", c.Values[0])
		}
		return nil
	case tcp.KeepAlive, tcp.UserTimeout, tcp.NoDelay:
	default:
		return cannot("The call %q has no counterpart in packetdrill.", e.Call)
	}
	s, err := w.accepted(e)
	if err != nil {
		return err
	}
	switch {
	case c.Option == tcp.UserTimeout:
		option(s.fd, "SOL_TCP", "TCP_USER_TIMEOUT", c.Values[0]/tcp.Millisecond)
	case c.Option == tcp.NoDelay:
		option(s.fd, "SOL_TCP", "TCP_NODELAY", c.Values[0])
	case c.Values[0] == 0:
		option(s.fd, "SOL_SOCKET", "SO_KEEPALIVE", 0)
	default:
		option(s.fd, "SOL_TCP", "TCP_KEEPIDLE", c.Values[0]/tcp.Second)
		option(s.fd, "SOL_TCP", "TCP_KEEPINTVL", c.Values[1]/tcp.Second)
		option(s.fd, "SOL_TCP", "TCP_KEEPCNT", c.Values[2])
		option(s.fd, "SOL_SOCKET", "SO_KEEPALIVE", 1)
	}
	return nil
}

// told writes what a program learns: that its connect has ended, and how.
func (w *writer) told(e *engine.Event) {
	s := w.socketOf(e.Conn)
	switch {
	case s.connecting && e.Notice == tcp.Connected:
		w.after = append(w.after, later{at: e.At, socket: s, format: "getsockopt(%d, SOL_SOCKET, SO_ERROR, [0], [4]) = 0"})
		s.connecting = false
	case s.connecting && e.Errno != tcp.OK:
		w.after = append(w.after, later{at: e.At + 1, socket: s, format: "connect(%d, ..., ...) = -1 " + e.Errno.String()})
		s.connecting = false
	case e.Notice == tcp.Readable:
		s.unread += int(e.Bytes)
	case e.Notice == tcp.PeerClosed:
		s.eof = true
	}
}

// flush writes what the program does about what it was told, behind all that the host does by itself in that instant. (A timer that
// is due at the moment of a line fires after it, so a failure is asked for a microsecond later.)
func (w *writer) flush() {
	for _, l := range w.after {
		if !l.socket.closed {
			w.line(l.at, l.format, l.socket.fd)
		}
	}
	w.after = nil
}

// text is the whole script.
func (w *writer) text() string {
	var b strings.Builder
	sc, h := w.src.Scenario, w.src.Scenario.Setup.Hosts[w.src.Side]
	if sc.Title != "" {
		fmt.Fprintf(&b, "// %s\n", oneLine(sc.Title))
	}
	fmt.Fprintf(&b, "// The host under test is the %v of the run, %v in the profile %s.\n", w.src.Side, h.Addr, h.Profile)
	if w.loose {
		b.WriteString("// Its windows are not compared: they come from a receive buffer that no sysctl of Linux makes.\n")
	}
	headers := wire.IPv4HeaderLen + wire.MinHeaderLen
	if h.Addr.Addr().Is6() {
		b.WriteString("--ip_version=ipv6\n")
		headers = wire.IPv6HeaderLen + wire.MinHeaderLen
	}
	if w.profile.MSS != tcp.Linux.MSS {
		fmt.Fprintf(&b, "--mtu=%d\n", int(w.profile.MSS)+headers)
	}
	if w.ports {
		fmt.Fprintf(&b, "--bind_port=%d\n", h.Addr.Port())
	}
	var sysctls []string
	for _, s := range w.sysctls() {
		sysctls = append(sysctls, "net.ipv4."+s.name+"="+s.value)
	}
	if len(sysctls) > 0 {
		fmt.Fprintf(&b, "\n`sysctl -q %s`\n", strings.Join(sysctls, " "))
	}
	b.WriteByte('\n')
	for _, l := range w.lines {
		b.WriteString(l + "\n")
	}
	return b.String()
}

// oneLine is text that fits into a comment of one line.
func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

// sysctls are the settings in which the host departs from the one that scripts begin with.
func (w *writer) sysctls() []sysctlSetting {
	p := &w.profile
	begin := newSettings(tcp.Linux)
	for _, d := range standard {
		begin.set(d.name, d.value)
	}
	b := &begin.profile
	var out []sysctlSetting
	number := func(name string, want, have int64) {
		if want != have {
			out = append(out, sysctlSetting{name: name, value: fmt.Sprint(want)})
		}
	}
	number("tcp_timestamps", asBit(p.Timestamps), asBit(b.Timestamps))
	number("tcp_sack", asBit(p.SACK), asBit(b.SACK))
	number("tcp_window_scaling", asBit(p.ScaleOn), asBit(b.ScaleOn))
	number("tcp_syncookies", int64(p.SynCookies), int64(b.SynCookies))
	number("tcp_ecn", int64(p.ECN), int64(b.ECN))
	number("tcp_tw_reuse", int64(p.TWReuse), int64(b.TWReuse))
	number("tcp_abort_on_overflow", asBit(p.AbortOnOverflow), asBit(b.AbortOnOverflow))
	number("tcp_fastopen", int64(p.FastOpen), int64(b.FastOpen))
	number("tcp_invalid_ratelimit", int64(p.RateLimit/tcp.Millisecond), int64(b.RateLimit/tcp.Millisecond))
	number("tcp_rto_min_us", int64(p.RTOMin), int64(b.RTOMin))
	number("tcp_rto_max_ms", int64(p.RTOMax/tcp.Millisecond), int64(b.RTOMax/tcp.Millisecond))
	number("tcp_syn_linear_timeouts", int64(p.SynLinear), int64(b.SynLinear))
	// 0 is no count for the model, and none that the kernel has
	for _, n := range []struct {
		name       string
		want, have int64
	}{
		{"tcp_syn_retries", int64(p.SynRetries), int64(b.SynRetries)}, {"tcp_synack_retries", int64(p.SynAckRetry), int64(b.SynAckRetry)},
		{"tcp_retries2", int64(p.Retries), int64(b.Retries)}, {"tcp_orphan_retries", int64(p.OrphanRetry), int64(b.OrphanRetry)},
		{"tcp_fin_timeout", int64(p.FinWait / tcp.Second), int64(b.FinWait / tcp.Second)},
	} {
		if n.want != 0 {
			number(n.name, n.want, n.have)
		}
	}
	// tcp_rmem: what the first window comes from, and what the window scale is for
	middle, largest := 2*int64(p.Window), int64(1)<<(15+p.Scale)
	switch {
	case p.Window == tcp.Linux.Window && p.WholeMSS:
		middle = newSettings(tcp.Linux).rcvBuf
	case p.Window == 65535:
		middle = 540000
	}
	if p.Scale == 7 {
		largest = 6291456
	}
	out = append(out, sysctlSetting{name: "tcp_rmem", value: fmt.Sprintf("\"4096 %d %d\"", middle, max(middle, largest))})
	return out
}
