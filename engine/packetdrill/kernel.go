package packetdrill

import (
	"net/netip"
	"slices"

	"github.com/handshakelab/lab/engine/rule"
	"github.com/handshakelab/lab/engine/tcp"
	"github.com/handshakelab/lab/engine/wire"
)

// A kernel is the host under test: package tcp behind the little that sockets need of it. What package tcp learns to do is
// mapped here and allowed in missing.go.
type kernel struct {
	host     tcp.Host
	now      tcp.Time
	settings settings
	conns    []*conn
	listener *socket
	sent     []sent
	effects  []tcp.Effect
}

// sent is a segment that left the host.
type sent struct {
	at    tcp.Time
	seg   wire.Segment
	taken bool // a line of the script stands for it
}

// A conn is a connection as its socket sees it. It outlives the host's record.
type conn struct {
	tcb       tcp.TCB // as it stands, or stood when it ended
	options   *sockopts
	gone      bool
	unbound   bool // connect chose its port
	synData   bool // text in the SYN was acknowledged
	wakes     int  // how often something happened that a process may wait for
	fresh     bool // it has just been established, and its options wait to be set
	connected bool
	eof       bool  // the peer sent FIN
	err       errno // not told yet

	segments              []outstanding // sent, and not acknowledged
	highest               wire.Seq      // the number after the last one sent
	retransmits           int64
	bytesSent, bytesAgain int64
	dataIn, dataOut       int64
	segsIn, segsOut       int64
	delivered             int64
	shortest              tcp.Time // round trip, 0 before the first
	lastSent              tcp.Time // text
	lastData, lastAck     tcp.Time // when they last arrived
	busy, rwndLimited     tcp.Time // how long text was under way, and how long the peer's window held some back
	since                 tcp.Time // up to when those are counted
}

// outstanding is a segment that is not acknowledged.
type outstanding struct {
	end       wire.Seq
	again     bool
	delivered bool // the peer says that it has it
}

func newKernel(s settings, local, remote netip.AddrPort) *kernel {
	return &kernel{settings: s, host: tcp.NewHost(tcp.HostConfig{Addr: local, Peer: remote, Profile: s.profile, Secret: 1})}
}

// wear makes the host behave as the options of one socket say until it is told otherwise: the profile of a host is that of
// all its connections, and here each may have its own.
func (k *kernel) wear(o *sockopts) {
	p := k.settings.profile
	if o != nil {
		o.apply(&p)
	}
	*k.host.Profile() = p
}

func (k *kernel) find(id tcp.ConnID) *conn {
	for i := len(k.conns) - 1; i >= 0; i-- {
		if k.conns[i].tcb.ID == id {
			return k.conns[i]
		}
	}
	return nil
}

// between returns the newest connection between two addresses.
func (k *kernel) between(local, remote netip.AddrPort) *conn {
	for i := len(k.conns) - 1; i >= 0; i-- {
		if t := &k.conns[i].tcb; t.Local == local && t.Remote == remote {
			return k.conns[i]
		}
	}
	return nil
}

// optionsOf are those of whoever a segment is for.
func (k *kernel) optionsOf(local, remote netip.AddrPort) *sockopts {
	if c := k.between(local, remote); c != nil && !c.gone {
		return c.options
	}
	if k.listener != nil {
		return k.listener.options
	}
	return nil
}

// receive takes a segment that arrives now.
func (k *kernel) receive(seg *wire.Segment) {
	k.passTime()
	k.wear(k.optionsOf(seg.Dst, seg.Src))
	k.absorb(k.host.Receive(k.now, seg, k.effects[:0]), nil)
	if c := k.between(seg.Dst, seg.Src); c != nil {
		c.hear(k.now, seg)
	}
	k.settle()
}

// passTime counts the time since the last step of the host as what it was for each connection.
func (k *kernel) passTime() {
	for _, c := range k.conns {
		t := &c.tcb
		if flying := uint32(t.SndNxt - t.SndUna); !c.gone && t.State.Synchronized() && len(t.Out) > 0 {
			c.busy += k.now - c.since
			if rest := uint32(len(t.Out)) - min(flying, uint32(len(t.Out))); rest > 0 && flying+min(rest, uint32(sendMSS(k, c))) > t.SndWnd {
				c.rwndLimited += k.now - c.since
			}
		}
		c.since = k.now
	}
}

// settle gives connections that have just been established the options of their sockets.
func (k *kernel) settle() {
	for _, c := range k.conns {
		if c.fresh {
			c.fresh = false
			c.lastSent, c.lastData, c.lastAck = k.now, k.now, k.now
			for _, o := range []optionName{{solSocket, soKeepalive}, {ipprotoTCP, tcpNodelay}, {ipprotoTCP, tcpUserTimeout}} {
				if c.options.values[o] != 0 {
					k.setOption(c, o)
				}
			}
		}
	}
}

// setOption lets a connection know what an option of its socket is now.
func (k *kernel) setOption(c *conn, o optionName) {
	if c.gone {
		return
	}
	call := tcp.Call{Verb: tcp.CallSet, Conn: c.tcb.ID}
	value := func(o optionName) tcp.Time {
		if v, ok := c.options.values[o]; ok {
			return tcp.Time(v)
		}
		return tcp.Time(sockoptKinds[o].initial(k))
	}
	switch o {
	case optionName{solSocket, soKeepalive}, optionName{ipprotoTCP, tcpKeepIdle}, optionName{ipprotoTCP, tcpKeepIntvl}, optionName{ipprotoTCP, tcpKeepCnt}:
		call.Option = tcp.KeepAlive
		if value(optionName{solSocket, soKeepalive}) != 0 {
			call.Values = [3]tcp.Time{value(optionName{ipprotoTCP, tcpKeepIdle}) * tcp.Second, value(optionName{ipprotoTCP, tcpKeepIntvl}) * tcp.Second,
				value(optionName{ipprotoTCP, tcpKeepCnt})}
		}
	case optionName{ipprotoTCP, tcpNodelay}:
		call.Option, call.Values[0] = tcp.NoDelay, value(o)
	case optionName{ipprotoTCP, tcpUserTimeout}:
		call.Option, call.Values[0] = tcp.UserTimeout, value(o)*tcp.Millisecond
	default:
		return
	}
	k.call(call, c.options)
}

// call makes a socket call. made is the connection that it opened or accepted.
func (k *kernel) call(c tcp.Call, o *sockopts) (made *conn, e errno) {
	k.passTime()
	k.wear(o)
	effects, err := k.host.Call(k.now, c, k.effects[:0])
	if err != nil {
		if n, ok := err.(tcp.Errno); ok {
			return nil, errno(n.String())
		}
		return nil, "EINVAL"
	}
	for i := range effects {
		if f := &effects[i]; f.Kind == tcp.Tell && f.Notice == tcp.Accepted {
			made = k.find(f.Conn)
		}
	}
	if opened := k.absorb(effects, o); opened != nil {
		made = opened
	}
	if c.Verb != tcp.CallSet {
		k.settle()
	}
	return made, ""
}

// next is when the next timer fires.
func (k *kernel) next() (tcp.Time, bool) {
	at, _, _, ok := k.host.Next()
	return at, ok
}

// fire lets the next timer fire, and time go on to it.
func (k *kernel) fire() {
	at, id, timer, ok := k.host.Next()
	if !ok {
		return
	}
	k.now = max(k.now, at)
	k.passTime()
	if c := k.find(id); c != nil {
		k.wear(c.options)
	}
	k.absorb(k.host.Fire(k.now, id, timer, k.effects[:0]), nil)
	k.settle()
}

// absorb notes what the host did. The options are those of the socket whose call it was.
func (k *kernel) absorb(effects []tcp.Effect, o *sockopts) (opened *conn) {
	k.effects = effects
	for i := range effects {
		e := &effects[i]
		c := k.find(e.Conn)
		if c != nil && e.Kind == tcp.Tell {
			c.wakes++
		}
		switch {
		case e.Kind == tcp.Opened:
			opened = &conn{options: o}
			opened.tcb.ID = e.Conn
			if t := k.host.Conn(e.Conn); t != nil {
				opened.tcb = *t
			}
			if o == nil && k.listener != nil {
				opened.options = k.listener.options.clone()
			}
			opened.highest = opened.tcb.ISS
			opened.synData = opened.tcb.Passive && opened.tcb.FastOpen && opened.tcb.Unread > 0
			k.conns = append(k.conns, opened)
		case e.Kind == tcp.Send:
			seg := *e.Seg
			if c != nil {
				c.options.mark(&seg)
				c.count(k.now, &seg)
			}
			k.sent = append(k.sent, sent{at: k.now, seg: seg})
		case c == nil:
		case e.Kind == tcp.Check && (e.Rule == rule.RTTFirst || e.Rule == rule.RTTNext):
			if rtt := tcp.Time(e.Args[0]); c.shortest == 0 || rtt < c.shortest {
				c.shortest = rtt
			}
		case e.Kind == tcp.Check && e.Rule == rule.FastOpenData:
			c.synData = e.OK
		case e.Kind == tcp.Updated:
			if t := k.host.Conn(e.Conn); t != nil {
				c.tcb = *t
			}
			c.arrived()
		case e.Kind == tcp.Change:
			c.tcb.State = e.To
		case e.Kind == tcp.Tell && e.Errno != tcp.OK:
			c.err = errno(e.Errno.String())
		case e.Kind == tcp.Tell && (e.Notice == tcp.Connected || e.Notice == tcp.Acceptable):
			c.connected, c.fresh = true, true
		case e.Kind == tcp.Tell && e.Notice == tcp.PeerClosed:
			c.eof = true
		case e.Kind == tcp.Removed:
			c.gone = true
			c.segments = nil
		}
	}
	return opened
}

// arrived counts the segments that the peer has newly acknowledged or says that it has. The SYN-ACK of a request is none for Linux.
func (c *conn) arrived() {
	for i := range c.segments {
		o := &c.segments[i]
		synAck := c.tcb.Passive && o.end == c.tcb.ISS.Add(1) && !c.tcb.FastOpen
		if !o.delivered && (o.end.LessEq(c.tcb.SndUna) || c.sacked(*o)) {
			o.delivered = true
			c.delivered += 1 - asBit(synAck)
		}
	}
	c.segments = slices.DeleteFunc(c.segments, func(o outstanding) bool { return o.end.LessEq(c.tcb.SndUna) })
}

// count follows what a connection sends, as the counters of TCP_INFO do.
func (c *conn) count(now tcp.Time, seg *wire.Segment) {
	c.segsOut++
	n := seg.Len()
	if n == 0 || seg.Flags.Has(wire.RST) {
		return
	}
	size := int64(len(seg.Payload))
	if size > 0 {
		c.dataOut++
		c.bytesSent += size
		c.lastSent = now
	}
	if end := seg.End(); c.highest.Less(end) {
		c.highest = end
		c.segments = append(c.segments, outstanding{end: end})
		return
	}
	c.retransmits++
	c.bytesAgain += size
	for i := range c.segments {
		if o := &c.segments[i]; seg.Seq.Less(o.end) && o.end.LessEq(seg.End()) {
			o.again = true
		}
	}
}

// unread is how many bytes may be read.
func (c *conn) unread() int64 { return int64(c.tcb.Unread) }

// usable reports whether the application can send and read: with Fast Open it can before the handshake is over.
func usable(t *tcp.TCB) bool {
	return t.State.Synchronized() || t.Passive && t.FastOpen && t.State == tcp.SynReceived
}

// read takes bytes off the buffer.
func (k *kernel) read(c *conn, n int64) {
	if c.gone {
		c.tcb.Unread -= uint32(n)
		return
	}
	k.call(tcp.Call{Verb: tcp.CallRecv, Conn: c.tcb.ID, Count: int(n)}, c.options)
}

// listen begins to listen on the host's port.
func (k *kernel) listen(s *socket, backlog int) errno {
	_, e := k.call(tcp.Call{Verb: tcp.CallListen, Backlog: backlog}, s.options)
	if e != "" {
		return e
	}
	k.listener = s
	if _, set := s.options.values[fastOpenOption]; !set && k.settings.fastAll {
		s.options.values[fastOpenOption] = int64(backlog)
	}
	k.setListener(s, fastOpenOption)
	k.setListener(s, deferOption)
	return ""
}

var (
	fastOpenOption = optionName{ipprotoTCP, tcpFastopen}
	deferOption    = optionName{ipprotoTCP, tcpDeferAccept}
)

// setListener lets the listener know what an option of its socket is now.
func (k *kernel) setListener(s *socket, o optionName) {
	v, set := s.options.values[o]
	switch {
	case !set || k.listener != s:
	case o == fastOpenOption:
		k.call(tcp.Call{Verb: tcp.CallSet, Option: tcp.FastOpenQueue, Values: [3]tcp.Time{tcp.Time(v)}}, s.options)
	case o == deferOption:
		k.call(tcp.Call{Verb: tcp.CallSet, Option: tcp.DeferAccept, Values: [3]tcp.Time{tcp.Time(v) * tcp.Second}}, s.options)
	}
}

// waiting is how many connections wait to be accepted.
func (k *kernel) waiting() int {
	n := 0
	for _, t := range k.host.Conns() {
		if t.Passive && !t.Accepted && usable(&t) {
			n++
		}
	}
	return n
}
