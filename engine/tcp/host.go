package tcp

import (
	"cmp"
	"encoding/binary"
	"iter"
	"net/netip"
	"slices"

	"github.com/handshakelab/lab/engine/rule"
	"github.com/handshakelab/lab/engine/wire"
)

// A HostConfig is what a host starts with.
type HostConfig struct {
	Addr    netip.AddrPort // its address, and the port that listen and connect use
	Peer    netip.AddrPort // where connect goes when the call does not say
	Profile Profile
	ISNs    []wire.Seq // initial sequence numbers of its connections in turn
	Secret  uint64     // of the ISN generator (RFC 6528) and the timestamp offsets
}

// A Host is the TCP of one host: its listener with its queues, its connections, and the socket calls. Only its methods change
// it; they append what happened to the effects they are given, in causal order, and return the extended slice. What they sent
// is in Sent.
type Host struct {
	cfg       *HostConfig // never changed; shared by all clones
	listeners [maxListeners]listener
	conns     []TCB
	lastID    ConnID
	isnsUsed  int
	sent      []wire.Segment // by the last call
	served    []served       // servers whose Fast Open cookies it remembers, the newest last
	failed    []fastFailure  // where Fast Open failed, the newest last
	sockets   []Socket       // open descriptors, by number
	paths     []path         // how large packets may be, by address, the newest last
	ended     []ended        // sockets whose connection ended while the application still had them
}

// ended is a socket without a connection: what the application has not been told yet.
type ended struct {
	id     ConnID
	errno  Errno
	unread uint32 // bytes that it has not read
	eof    bool   // the peer's FIN had come
	port   uint16 // of the listener in whose accept queue it waits, 0 once the application has it
}

// maxEnded is how many of them are kept.
const maxEnded = 16

// maxListeners is on how many ports a host can listen.
const maxListeners = 4

// A listener waits for SYNs on a port.
type listener struct {
	port       uint16 // 0 for none
	deferring  uint8  // TCP_DEFER_ACCEPT, in timeouts of a SYN-ACK; 0 is off
	backlog    int
	fastQueue  int    // how many connections by Fast Open may wait for their ACK; 0 is no Fast Open
	fastKey    uint64 // of the Fast Open cookies
	overflowed Time   // when the SYN queue last overflowed, Never before
}

// listener returns the listener on a port, or nil.
func (h *Host) listener(port uint16) *listener {
	for i := range h.listeners {
		if h.listeners[i].port == port {
			return &h.listeners[i]
		}
	}
	return nil
}

// ofCall is the listener that a call is about that names no descriptor: the one on the host's own port.
func (h *Host) ofCall() *listener { return h.listener(h.cfg.Addr.Port()) }

// NewHost returns a host with no socket.
func NewHost(cfg HostConfig) Host { return Host{cfg: &cfg} }

// Set makes h a copy of x that shares nothing that changes, in the memory that h has already.
func (h *Host) Set(x *Host) {
	h.cfg, h.lastID, h.isnsUsed = x.cfg, x.lastID, x.isnsUsed
	h.listeners = x.listeners
	setSlice(&h.conns, x.conns)
	setSlice(&h.served, x.served)
	setSlice(&h.failed, x.failed)
	setSlice(&h.sockets, x.sockets)
	setSlice(&h.paths, x.paths)
	setSlice(&h.ended, x.ended)
}

// setSlice makes *s a copy of x, in the memory that it has already. Most slices of a host are empty, so that is quick.
func setSlice[T any](s *[]T, x []T) {
	if len(*s)+len(x) > 0 {
		*s = append((*s)[:0], x...)
	}
}

// Profile returns the profile of the host, departures included. It is the host's own: do not change it.
func (h *Host) Profile() *Profile { return &h.cfg.Profile }

// Sent returns the segments that the last method call sent; Sent of each Send effect is an index of it. The slice is the host's own,
// good until the next method call.
func (h *Host) Sent() []wire.Segment { return h.sent }

// Conns returns the connection records that exist, oldest first. The slice is the host's own: read it, and only until the
// next method call.
func (h *Host) Conns() []TCB { return h.conns }

// Conn returns the record of a connection as it stands, nil when it is gone. It is the host's own, as those of Conns are.
func (h *Host) Conn(id ConnID) *TCB {
	if i := h.find(id); i >= 0 {
		return &h.conns[i]
	}
	return nil
}

// Listening returns the port and backlog of the first listener, and whether there is one.
func (h *Host) Listening() (port uint16, backlog int, ok bool) {
	for port, backlog := range h.Listeners() {
		return port, backlog, true
	}
	return h.cfg.Addr.Port(), 0, false
}

// Listeners yields the port and backlog of each listener.
func (h *Host) Listeners() iter.Seq2[uint16, int] {
	return func(yield func(uint16, int) bool) {
		for _, l := range h.listeners {
			if l.port != 0 && !yield(l.port, l.backlog) {
				return
			}
		}
	}
}

// State is the state of the newest connection; without one LISTEN or CLOSED.
func (h *Host) State() State {
	switch {
	case len(h.conns) > 0:
		return h.conns[len(h.conns)-1].State
	}
	if _, _, ok := h.Listening(); ok {
		return Listen
	}
	return Closed
}

// Next returns the timer that fires first, of equal ones that of the oldest connection. ok is false when none runs.
func (h *Host) Next() (at Time, conn ConnID, timer TimerKind, ok bool) {
	at = Never
	for i := range h.conns {
		t := &h.conns[i]
		if first := slices.Min(t.Timers[:]); first < at {
			at, conn, timer = first, t.ID, TimerKind(slices.Index(t.Timers[:], first))
		}
	}
	return at, conn, timer, at != Never
}

// Fire lets a timer of a connection fire. A timer that is not running does nothing.
func (h *Host) Fire(now Time, conn ConnID, timer TimerKind, out []Effect) []Effect {
	h.sent = h.sent[:0]
	i := h.find(conn)
	if i < 0 || h.conns[i].Timers[timer] > now {
		return out
	}
	out = h.step(i, now, &Input{Kind: TimerInput, Timer: timer, Count: h.patience(&h.conns[i])}, out)
	return h.tellWaiting(now, out)
}

// Receive takes a segment that arrived, for whichever connection or listener it is.
func (h *Host) Receive(now Time, seg *wire.Segment, out []Effect) []Effect {
	h.sent = h.sent[:0]
	out = h.receive(now, seg, out)
	return h.tellWaiting(now, out)
}

func (h *Host) receive(now Time, seg *wire.Segment, out []Effect) []Effect {
	// RFC 9293 section 3.1: a data offset that points into the fixed header or past the end leaves no header to read.
	if !seg.OffsetOK() {
		words := int64(seg.HeaderWords())
		return append(out,
			Effect{Kind: Check, Rule: rule.DataOffset, Args: [4]int64{words}},
			Effect{Kind: Discard, Rule: rule.DataOffset, Args: [4]int64{words}})
	}
	// RFC 9293 section 3.1, MUST-3: the checksum is always checked, before anything else.
	if !seg.SumOK() {
		sum, right := int64(seg.Sum()), int64(seg.RightSum())
		return append(out,
			Effect{Kind: Check, Rule: rule.Checksum, Args: [4]int64{sum, right}},
			Effect{Kind: Discard, Rule: rule.Checksum, Args: [4]int64{sum, right}})
	}
	// RFC 9293 section 3.9.2.3, MUST-57, MUST-63: a SYN to or from what is no single host is ignored.
	if seg.Flags.Has(wire.SYN) && !(OneHost(seg.Src.Addr()) && OneHost(seg.Dst.Addr())) {
		return append(out, Effect{Kind: Check, Rule: rule.OneHost}, Effect{Kind: Discard, Rule: rule.OneHost})
	}
	if i := h.between(seg.Dst, seg.Src); i >= 0 {
		return h.arrive(i, now, seg, out)
	}
	if l := h.listener(seg.Dst.Port()); l != nil && seg.Dst.Port() != 0 && seg.Dst.Addr() == h.cfg.Addr.Addr() {
		return h.arriveListen(l, now, seg, nil, out)
	}
	return h.run(&TCB{Local: seg.Dst, Remote: seg.Src}, now, &Input{Kind: SegmentInput, Seg: seg}, out)
}

func (h *Host) arrive(i int, now Time, seg *wire.Segment, out []Effect) []Effect {
	t, in := &h.conns[i], Input{Kind: SegmentInput, Seg: seg}
	switch {
	case h.cfg.Profile.Linux && t.reopens(seg):
		if l := h.listener(t.Local.Port()); l != nil {
			return h.reopen(l, i, now, seg, out)
		}
	case t.embryonic() && seg.Flags&(wire.ACK|wire.RST|wire.SYN) == wire.ACK && t.completes(seg):
		l := h.listener(t.Local.Port())
		if l == nil {
			in.Kind = NobodyInput
			break
		}
		// A full accept queue cannot take the connection that this ACK would complete.
		if n := h.queued(l); n > l.backlog {
			args := [4]int64{int64(n), int64(l.backlog)}
			if !h.cfg.Profile.AbortOnOverflow {
				return append(out, Effect{Kind: Discard, Conn: t.ID, Rule: rule.AcceptQueueACK, Args: args})
			}
			in.Kind, in.Args = OverflowInput, args
		}
	}
	return h.step(i, now, &in, out)
}

// reopens reports whether a SYN may open a new connection out of TIME-WAIT: its number, or its timestamp, is beyond all that
// the old connection used (RFC 9293 section 3.6.1 MAY-2, RFC 6191).
func (t *TCB) reopens(seg *wire.Segment) bool {
	if t.State != TimeWait || seg.Flags&(wire.SYN|wire.ACK|wire.RST) != wire.SYN {
		return false
	}
	o := seg.Options.Parse()
	return t.RcvNxt.Less(seg.Seq) || t.TSOK && o.HasTimestamps && int32(o.TSVal-t.TSRecent) > 0
}

// reopen ends TIME-WAIT and gives the SYN to the listener. The new initial sequence number lies beyond the old connection's.
func (h *Host) reopen(l *listener, i int, now Time, seg *wire.Segment, out []Effect) []Effect {
	t := &h.conns[i]
	iss := t.SndNxt.Add(65535 + 2)
	args := [4]int64{num(seg.Seq), num(t.RcvNxt)}
	out = append(out, Effect{Kind: Change, Conn: t.ID, From: TimeWait, To: Closed, Rule: rule.TimeWaitSYN, Args: args}, Effect{Kind: Removed, Conn: t.ID})
	h.conns = slices.Delete(h.conns, i, i+1)
	return h.arriveListen(l, now, seg, &iss, out)
}

func (h *Host) arriveListen(l *listener, now Time, seg *wire.Segment, iss *wire.Seq, out []Effect) []Effect {
	if seg.Flags&(wire.SYN|wire.ACK|wire.RST) == wire.SYN {
		if n := h.queued(l); n > l.backlog {
			return append(out, Effect{Kind: Discard, Rule: rule.AcceptQueueSYN, Args: [4]int64{int64(n), int64(l.backlog)}})
		}
		n := h.embryonic(l)
		full := n >= l.backlog+int(h.cfg.Profile.SynQueueRoom)
		if full {
			l.overflowed = now
		}
		switch cookies := h.cfg.Profile.SynCookies; {
		case cookies == 2, full && cookies == 1:
			return h.sendCookie(now, seg, out)
		case full:
			return append(out, Effect{Kind: Discard, Rule: rule.SynQueue, Args: [4]int64{int64(n), int64(l.backlog)}})
		case cookies == 0 && h.crowded(l):
			return append(out, Effect{Kind: Discard, Rule: rule.SynBacklog, Args: [4]int64{int64(n), int64(h.cfg.Profile.MaxSynBacklog)}})
		}
	}
	out, taken := h.takeCookie(l, now, seg, out)
	if taken {
		return out
	}
	in := Input{Kind: SegmentInput, Seg: seg}
	h.draw(&in, now, seg.Dst, seg.Src)
	if iss != nil {
		in.ISS, in.Drawn = *iss, rule.None
	}
	first := len(out)
	if seg.Flags&(wire.SYN|wire.ACK|wire.RST|wire.FIN) == wire.SYN {
		in.fast, out = h.fastOpen(l, seg, out)
	}
	t := h.record(seg.Dst, seg.Src)
	t.State, t.Passive, t.Deferred = Listen, true, l.deferring
	h.inherit(t)
	out = h.run(t, now, &in, out)
	if t.State == Listen {
		h.conns = h.conns[:len(h.conns)-1]
		for i := first; i < len(out); i++ {
			out[i].Conn = 0
		}
		return out
	}
	h.opened()
	return h.settle(len(h.conns)-1, first, out)
}

// Call makes a socket call of the application. An error is an Errno and means that nothing changed.
func (h *Host) Call(now Time, c *Call, out []Effect) ([]Effect, error) {
	h.sent = h.sent[:0]
	var err error
	if c.FD != 0 || c.Verb == CallSocket {
		out, err = h.onSocket(now, *c, out)
	} else {
		out, err = h.plainCall(now, c, out)
	}
	if err != nil {
		return out, err
	}
	return h.wake(now, out), nil
}

// plainCall makes a call that names no descriptor: it is about the listener on the host's own port or about a connection. What cannot
// be done at once is an error.
func (h *Host) plainCall(now Time, c *Call, out []Effect) ([]Effect, error) {
	switch c.Verb {
	case CallListen:
		return h.listen(c.Backlog, h.cfg.Addr.Port(), out)
	case CallConnect:
		return h.connect(now, c, out)
	case CallAccept:
		l := h.ofCall()
		if l == nil {
			return out, EINVAL
		}
		_, out, err := h.accept(l, out)
		return out, err
	case CallClose:
		if l := h.ofCall(); c.Listener || l != nil && len(h.conns) == 0 && c.Conn == 0 {
			if l == nil {
				return out, ENOTCONN
			}
			return h.closeListener(l, now, out), nil
		}
		return h.onConn(now, c, out)
	case CallSet:
		if c.Option == FastOpenQueue || c.Option == FastOpenKey || c.Option == DeferAccept {
			l := h.ofCall()
			if l == nil {
				return out, EINVAL
			}
			l.set(&h.cfg.Profile, c.Option, c.Values[0])
			return out, nil
		}
		return h.onConn(now, c, out)
	case CallSend, CallRecv, CallShutdown, CallAbort:
		return h.onConn(now, c, out)
	}
	return out, EINVAL
}

// set sets an option of a listener.
func (l *listener) set(p *Profile, o SockOpt, v Time) {
	switch o {
	case FastOpenQueue:
		l.fastQueue = int(v)
	case FastOpenKey:
		l.fastKey = uint64(v)
	case DeferAccept:
		l.deferring = p.timeouts(v)
	}
}

func (h *Host) listen(backlog int, port uint16, out []Effect) ([]Effect, error) {
	if backlog < 0 {
		return out, EINVAL
	}
	if h.listener(port) != nil {
		return out, EADDRINUSE
	}
	l := h.listener(0)
	if l == nil {
		return out, ENOBUFS
	}
	*l = listener{port: port, backlog: min(backlog, maxBacklog), overflowed: Never}
	// RFC 9293 section 3.10.1: a passive OPEN enters LISTEN. It touches no connection that exists (MUST-41).
	return append(out, Effect{Kind: Change, Rule: rule.PassiveOpen, From: Closed, To: Listen, Args: [4]int64{int64(l.backlog)}}), nil
}

func (h *Host) connect(now Time, c *Call, out []Effect) ([]Effect, error) {
	remote := c.To
	if !remote.IsValid() {
		remote = h.cfg.Peer
	}
	if c.FastOpen && h.cfg.Profile.FastOpen&FastOpenClient == 0 {
		return out, EOPNOTSUPP
	}
	// RFC 9293 section 3.9.1.1, MUST-46: an active OPEN to a broadcast or multicast address is an error.
	if !OneHost(remote.Addr()) {
		return out, ENETUNREACH
	}
	local, errno := h.localPort(now, c, remote)
	if errno != OK {
		return out, errno
	}
	in := Input{Kind: OpenInput}
	h.draw(&in, now, local, remote)
	if c.FastOpen {
		in.Data = c.Data
		in.fast, out = h.fastConnect(now, remote, out)
	}
	first := len(out)
	if i := h.between(local, remote); i >= 0 {
		// Out of TIME-WAIT: the new numbers lie beyond the old ones.
		old := &h.conns[i]
		in.ISS, in.Drawn, in.Reused = old.SndNxt.Add(65535+2), rule.None, true
		out = append(out, Effect{Kind: Change, Conn: old.ID, From: TimeWait, To: Closed, Rule: rule.TimeWaitPort, Args: [4]int64{num(in.ISS)}},
			Effect{Kind: Removed, Conn: old.ID})
		h.conns = slices.Delete(h.conns, i, i+1)
	}
	t := h.record(local, remote)
	if i := h.socket(c.FD); i >= 0 {
		t.takeOptions(&h.sockets[i], &h.cfg.Profile)
	}
	out = h.run(t, now, &in, out)
	h.opened()
	return h.settle(len(h.conns)-1, first, out), nil
}

// localPort finds the local port of a connect: the one asked for, or the first free one from the set-up's on, or of the socket's own range.
func (h *Host) localPort(now Time, c *Call, remote netip.AddrPort) (netip.AddrPort, Errno) {
	if c.From != 0 {
		a := netip.AddrPortFrom(h.cfg.Addr.Addr(), c.From)
		return a, h.free(now, a, remote, true)
	}
	first, ports := h.cfg.Addr.Port(), cmp.Or(h.cfg.Profile.Ports, 1024)
	if i := h.socket(c.FD); i >= 0 && h.sockets[i].options[LocalPorts].set {
		v := h.sockets[i].options[LocalPorts].values
		first, ports = uint16(v[0]), uint16(v[1])-uint16(v[0])+1
	}
	errno := EADDRNOTAVAIL
	for n := range ports {
		a := netip.AddrPortFrom(h.cfg.Addr.Addr(), first+n)
		if a.Port() == 0 {
			continue
		}
		if errno = h.free(now, a, remote, false); errno == OK {
			return a, OK
		}
	}
	return netip.AddrPort{}, errno
}

// free reports whether a connection between these two may begin. One that is in TIME-WAIT may be taken over on Linux, if
// timestamps keep old segments apart: by a socket that was bound to the port, or with tcp_tw_reuse after a second.
func (h *Host) free(now Time, local, remote netip.AddrPort, bound bool) Errno {
	i := h.between(local, remote)
	switch {
	case i < 0:
		return OK
	case h.conns[i].State != TimeWait:
		return EADDRINUSE
	case h.cfg.Profile.Linux && h.conns[i].TSOK && (bound || h.cfg.Profile.TWReuse == 1 && now-h.conns[i].LastHeard > Second):
		return OK
	default:
		return EADDRNOTAVAIL
	}
}

// accept gives the oldest connection in the accept queue to the application.
func (h *Host) accept(l *listener, out []Effect) (ConnID, []Effect, error) {
	for i := range h.conns {
		if t := &h.conns[i]; t.waiting() && t.Local.Port() == l.port {
			if e := h.endedIn(l); e != nil && e.id < t.ID {
				break
			}
			t.Accepted = true
			return t.ID, append(out, Effect{Kind: Tell, Conn: t.ID, Rule: rule.Accept, Notice: Accepted}), nil
		}
	}
	if e := h.endedIn(l); e != nil {
		e.port = 0
		return e.id, append(out, Effect{Kind: Tell, Conn: e.id, Rule: rule.Accept, Notice: Accepted}), nil
	}
	return 0, out, EAGAIN
}

// endedIn is the oldest connection in the accept queue of a listener that has ended, nil when there is none.
func (h *Host) endedIn(l *listener) *ended {
	for i := range h.ended {
		if e := &h.ended[i]; e.port == l.port {
			return e
		}
	}
	return nil
}

// closeListener ends LISTEN (RFC 9293 section 3.10.4). Connections that nobody accepted are reset; one that is still being made stays
// until its ACK arrives and finds nobody.
func (h *Host) closeListener(l *listener, now Time, out []Effect) []Effect {
	port := l.port
	*l = listener{}
	h.ended = slices.DeleteFunc(h.ended, func(e ended) bool { return e.port == port })
	out = append(out, Effect{Kind: Change, Rule: rule.Close, From: Listen, To: Closed})
	for {
		i := slices.IndexFunc(h.conns, func(t TCB) bool { return t.waiting() && t.Local.Port() == port })
		if i < 0 {
			return out
		}
		out = h.step(i, now, &Input{Kind: AbortInput}, out)
	}
}

// onConn makes a call on a connection.
func (h *Host) onConn(now Time, c *Call, out []Effect) ([]Effect, error) {
	i := h.last()
	if c.Conn != 0 {
		i = h.find(c.Conn)
	}
	if i < 0 || h.conns[i].Orphan {
		return h.onEnded(c, out)
	}
	t := &h.conns[i]
	in := Input{Data: c.Data, Count: c.Count, Option: c.Option, Values: c.Values}
	switch c.Verb {
	case CallSend:
		if t.FinQueued {
			return out, EPIPE
		}
		if c.Nonblock && !t.State.Synchronized() && !(t.Passive && t.FastOpen) {
			return out, EAGAIN
		}
		if len(t.Out)+len(c.Data) > plainBuffer {
			return out, EAGAIN
		}
		in.Kind = SendInput
	case CallRecv:
		if t.Unread == 0 && t.State.receives() {
			return out, EAGAIN
		}
		in.Kind = RecvInput
	case CallShutdown:
		if t.State == SynSent {
			return out, ENOTCONN
		}
		in.Kind = ShutdownInput
	case CallClose:
		in.Kind = CloseInput
	case CallAbort:
		in.Kind = AbortInput
	case CallSet:
		in.Kind = OptionInput
	}
	return h.step(i, now, &in, out), nil
}

// last is the newest connection that the application still has; -1 when a newer one has ended.
func (h *Host) last() int {
	for i := len(h.conns) - 1; i >= 0; i-- {
		if e := h.lastEnded(); !h.conns[i].Orphan && (e < 0 || h.ended[e].id < h.conns[i].ID) {
			return i
		}
	}
	return -1
}

// lastEnded is the newest that the application has, -1 when there is none.
func (h *Host) lastEnded() int {
	i := len(h.ended) - 1
	for i >= 0 && h.ended[i].port != 0 {
		i--
	}
	return i
}

// onEnded makes a call on a socket whose connection has ended: the error is told once; afterwards nothing can be sent and there is
// nothing to read.
func (h *Host) onEnded(c *Call, out []Effect) ([]Effect, error) {
	i := slices.IndexFunc(h.ended, func(e ended) bool { return e.id == c.Conn })
	if c.Conn == 0 {
		i = h.lastEnded()
	}
	if i < 0 {
		return out, ENOTCONN
	}
	errno := h.ended[i].errno
	switch c.Verb {
	case CallClose:
		h.ended = slices.Delete(h.ended, i, i+1)
		return out, nil
	case CallSend:
		return out, cmp.Or(errno, EPIPE)
	case CallRecv:
		if e := &h.ended[i]; e.unread > 0 {
			n := e.unread
			if c.Count > 0 {
				n = min(n, uint32(c.Count))
			}
			e.unread -= n
			return out, nil
		}
	}
	return out, cmp.Or(errno, ENOTCONN)
}

// maxBacklog is the ceiling of a backlog (Linux net.core.somaxconn).
const maxBacklog = 4096

// waiting reports whether a connection is in the accept queue.
func (t *TCB) waiting() bool {
	return t.Passive && (t.State.Synchronized() || t.FastOpen) && !t.Accepted
}

// embryonic reports whether a connection is in the SYN queue.
func (t *TCB) embryonic() bool { return t.Passive && t.State == SynReceived && !t.FastOpen }

func (h *Host) queued(l *listener) int {
	n := h.count(l, (*TCB).waiting)
	for i := range h.ended {
		if h.ended[i].port == l.port {
			n++
		}
	}
	return n
}

func (h *Host) embryonic(l *listener) int { return h.count(l, (*TCB).embryonic) }

// count counts the connections of a listener that are so.
func (h *Host) count(l *listener, is func(*TCB) bool) int {
	n := 0
	for i := range h.conns {
		if h.conns[i].Local.Port() == l.port && is(&h.conns[i]) {
			n++
		}
	}
	return n
}

func (h *Host) find(id ConnID) int {
	for i := range h.conns {
		if h.conns[i].ID == id {
			return i
		}
	}
	return -1
}

// OneHost reports whether an address can be that of one host.
func OneHost(a netip.Addr) bool {
	if !a.Is4() {
		return !a.IsUnspecified() && !a.IsMulticast()
	}
	// RFC 1112 section 4: 224.0.0.0 to 239.255.255.255 are groups of hosts.
	b := a.As4()
	n := binary.BigEndian.Uint32(b[:])
	return n != 0 && n>>28 != 0xe && n != 0xffffffff
}

// between returns the index of the connection between two ends, or -1.
func (h *Host) between(local, remote netip.AddrPort) int {
	for i := range h.conns {
		if h.conns[i].Local == local && h.conns[i].Remote == remote {
			return i
		}
	}
	return -1
}

// record adds the record of a connection that begins, and returns it.
func (h *Host) record(local, remote netip.AddrPort) *TCB {
	h.conns = append(h.conns, TCB{})
	t := &h.conns[len(h.conns)-1]
	t.ID, t.Local, t.Remote, t.PathMTU = h.lastID+1, local, remote, h.pathMTU(remote.Addr())
	return t
}

// opened counts the newest record as a connection of the host's.
func (h *Host) opened() {
	h.lastID++
	if h.isnsUsed < len(h.cfg.ISNs) {
		h.isnsUsed++
	}
}

// step gives an input to connection i.
func (h *Host) step(i int, now Time, in *Input, out []Effect) []Effect {
	first := len(out)
	if t := &h.conns[i]; t.FastOpen && !t.Passive {
		out = h.fastRun(t, now, in, out)
	} else {
		out = h.run(t, now, in, out)
	}
	return h.settle(i, first, out)
}

// run is Step for a record of the host's own.
func (h *Host) run(t *TCB, now Time, in *Input, out []Effect) []Effect {
	if t.Own != (Own{}) {
		return h.runOwn(t, now, in, out)
	}
	var s step // filled in where it is: a literal would be made elsewhere and copied
	s.t, s.p, s.now, s.out, s.sent = t, &h.cfg.Profile, now, out, &h.sent
	s.input(in)
	return s.out
}

// runOwn is run for a connection whose socket has options of its own.
func (h *Host) runOwn(t *TCB, now Time, in *Input, out []Effect) []Effect {
	p := h.cfg.Profile.own(t.Own)
	s := step{t: t, p: &p, now: now, out: out, sent: &h.sent}
	s.input(in)
	return s.out
}

// settle drops the record of connection i if it ended; first is where the effects of its end begin.
func (h *Host) settle(i, first int, out []Effect) []Effect {
	if t := &h.conns[i]; t.State == Closed || t.State == Listen {
		out = append(out, Effect{Kind: Removed, Conn: t.ID})
		if (t.Accepted || h.keeps(t)) && !t.Orphan && t.State == Closed {
			h.end(t, out[first:])
		}
		h.conns = slices.Delete(h.conns, i, i+1)
	}
	return out
}

// keeps reports whether the accept queue keeps a connection that has ended: Linux hands it out all the same, with its text and its error.
func (h *Host) keeps(t *TCB) bool {
	return h.cfg.Profile.Linux && t.Passive && !t.Accepted && h.listener(t.Local.Port()) != nil
}

// end notes a socket whose connection ended, with the error that it ended with.
func (h *Host) end(t *TCB, effects []Effect) {
	e := ended{id: t.ID}
	if !t.Accepted {
		e.port = t.Local.Port()
	}
	for i := range effects {
		if x := &effects[i]; x.Kind == Tell && x.Errno != OK {
			e.errno = x.Errno
		} else if x.Kind == Change && x.Conn == t.ID && x.To == Closed {
			e.eof = x.From.Synchronized() && !x.From.receives()
		}
	}
	// RFC 9293 section 3.10.7.4, second: a reset flushes all queues. Linux lets the application read what had come.
	if e.errno == OK || h.cfg.Profile.Linux {
		e.unread = t.Unread
	}
	if len(h.ended) == maxEnded {
		h.ended = slices.Delete(h.ended, 0, 1)
	}
	h.ended = append(h.ended, e)
}
