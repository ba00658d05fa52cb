package packetdrill

import (
	"net/netip"
	"slices"

	"github.com/handshakelab/lab/engine/rule"
	"github.com/handshakelab/lab/engine/tcp"
	"github.com/handshakelab/lab/engine/wire"
)

// A kernel is the host under test: package tcp, with the records that TCP_INFO and epoll are told from.
type kernel struct {
	host     tcp.Host
	now      tcp.Time
	settings settings
	family   int64 // of its sockets, AF_INET or AF_INET6
	conns    []*conn
	sockets  []*socket
	sent     []sent
	effects  []tcp.Effect
	results  map[int]result // how calls on descriptors of the host ended that nobody has asked about yet
	queued   int            // how often a connection came into an accept queue
}

// A result is what a call returned.
type result struct {
	value int64
	errno errno
	conn  tcp.ConnID
}

// sent is a segment that left the host.
type sent struct {
	at    tcp.Time
	seg   wire.Segment
	taken bool // a line of the script stands for it
}

// A conn is what there is to tell of a connection. It outlives the host's record.
type conn struct {
	tcb     tcp.TCB // as it stands, or stood when it ended
	options *sockopts
	gone    bool
	synData bool // text in the SYN was acknowledged
	eof     bool // the peer sent FIN

	// How often something happened that wakes a process which waits to read or to write, and whether one waits for room.
	wakesIn, wakesOut int
	noSpace           bool

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
	return &kernel{settings: s, results: map[int]result{},
		host: tcp.NewHost(tcp.HostConfig{Addr: local, Peer: remote, Profile: s.profile, Secret: 1})}
}

// set makes a sysctl.
func (k *kernel) set(name, value string) {
	k.settings.set(name, value)
	k.host.SetProfile(k.settings.profile)
}

// restore goes back to settings that were noted.
func (k *kernel) restore(s settings) {
	k.settings = s
	k.host.SetProfile(s.profile)
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

// listening returns the socket that listens on a port.
func (k *kernel) listening(port uint16) *socket {
	for _, s := range k.sockets {
		if h := k.descriptor(s); h.Listening && h.Port == port {
			return s
		}
	}
	return nil
}

// descriptor returns the host's side of a socket.
func (k *kernel) descriptor(s *socket) tcp.Socket {
	for _, h := range k.host.Sockets() {
		if h.FD == s.live {
			return h
		}
	}
	return tcp.Socket{}
}

// connOf is the connection of a socket, nil without one.
func (k *kernel) connOf(s *socket) *conn {
	if id := k.descriptor(s).Conn; id != 0 {
		return k.find(id)
	}
	return nil
}

// receive takes a packet that arrives now.
func (k *kernel) receive(seg *wire.Segment) {
	k.passTime()
	if seg.ICMP.Kind != wire.NoICMP {
		k.absorb(k.host.ReceiveICMP(k.now, seg, k.effects[:0]), nil)
		return
	}
	k.absorb(k.host.Receive(k.now, seg, k.effects[:0]), nil)
	if c := k.between(seg.Dst, seg.Src); c != nil {
		c.hear(k.now, seg)
	}
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

// call makes a call on a descriptor of the host. How it ends is asked of result.
func (k *kernel) call(c tcp.Call, o *sockopts) {
	k.passTime()
	delete(k.results, c.FD)
	effects, err := k.host.Call(k.now, &c, k.effects[:0])
	if n, ok := err.(tcp.Errno); ok {
		k.results[c.FD] = result{-1, errno(n.String()), 0}
		return
	}
	k.absorb(effects, o)
}

// result is how the last call on a descriptor ended; ok is false while it waits.
func (k *kernel) result(fd int) (r result, ok bool) {
	r, ok = k.results[fd]
	delete(k.results, fd)
	return r, ok
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
	k.absorb(k.host.Fire(k.now, id, timer, k.effects[:0]), nil)
}

// absorb notes what the host did. The options are those of the socket whose call it was, nil when it was no call.
func (k *kernel) absorb(effects []tcp.Effect, o *sockopts) {
	k.effects = effects
	for i := range effects {
		e := &effects[i]
		c := k.find(e.Conn)
		switch {
		case e.Kind == tcp.Tell && e.Rule == rule.SocketCall:
			k.results[int(e.Args[0])] = result{e.Args[1], errno(e.Errno.String()), e.Conn}
		case e.Kind == tcp.Opened:
			k.opened(e, o)
		case e.Kind == tcp.Send:
			seg := k.host.Sent()[e.Sent]
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
		case e.Kind == tcp.Tell:
			k.told(c, e)
		case e.Kind == tcp.Removed:
			c.gone = true
			c.segments = nil
		}
	}
	for _, s := range k.host.Sockets() {
		if c := k.find(s.Conn); c != nil {
			if c.noSpace && !s.NoSpace && o == nil {
				c.wakesOut++
			}
			c.noSpace = s.NoSpace
		}
	}
}

func (k *kernel) opened(e *tcp.Effect, o *sockopts) {
	c := &conn{options: o}
	c.tcb.ID = e.Conn
	if t := k.host.Conn(e.Conn); t != nil {
		c.tcb = *t
	}
	if o == nil {
		c.options = newSockopts()
		if s := k.listening(c.tcb.Local.Port()); s != nil {
			c.options = s.options.clone()
		}
	}
	c.highest = c.tcb.ISS
	c.synData = c.tcb.Passive && c.tcb.FastOpen && c.tcb.Unread > 0
	k.conns = append(k.conns, c)
}

// told notes what a process may wait for.
func (k *kernel) told(c *conn, e *tcp.Effect) {
	c.wakesIn++
	if e.Notice != tcp.Readable {
		c.wakesOut++
	}
	switch e.Notice {
	case tcp.Connected, tcp.Acceptable:
		c.lastSent, c.lastData, c.lastAck = k.now, k.now, k.now
	case tcp.PeerClosed:
		c.eof = true
	}
	if e.Notice == tcp.Acceptable {
		k.queued++
	}
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
