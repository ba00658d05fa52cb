package view

import (
	"net/netip"

	"github.com/handshakelab/lab/engine"
	"github.com/handshakelab/lab/engine/tcp"
)

// A socket is one entry of the kernel's tables.
type socket struct {
	kind          socketKind
	state         tcp.State // as the tools show it
	local, remote netip.AddrPort
	recvQ, sendQ  int
	conn          *tcp.TCB // nil of a listener
	flow          *flow
	inode         int
	refs          int
}

// socketKind says how much the kernel keeps of a connection.
type socketKind uint8

const (
	full     socketKind = iota // a socket of its own
	listener                   //
	request                    // embryonic: an entry of the listener
	timewait                   // closed by both sides, or by the application: the numbers and a timer
)

// firstInode is the inode number of the first socket of a host.
const firstInode = 10001

// sockets returns what the kernel of a host has, the listener first, then the connections by age.
func (v *View) sockets(h engine.HostID) []socket {
	host := &v.world.Hosts[h]
	var list []socket
	requests, waiting := 0, 0
	for i := range host.Conns {
		t := &host.Conns[i]
		s := socket{state: t.State, local: t.Local, remote: t.Remote, conn: t, flow: v.ledger.hosts[h].flows[t.ID], refs: 1}
		if s.flow == nil {
			s.flow = &flow{vars: t}
		}
		switch {
		case t.Passive && t.State == tcp.SynReceived:
			s.kind = request
			s.refs = 0
			requests++
		case t.State == tcp.TimeWait || s.flow.reduced:
			s.kind = timewait
			s.refs = 3
		default:
			s.recvQ, s.sendQ = s.unread(), unacknowledged(t)
			if t.Accepted && !t.Orphan {
				s.inode = firstInode + int(t.ID)
			}
			if t.Passive && t.State.Synchronized() && !t.Accepted {
				waiting++
			}
			if s.timer().kind != 0 {
				s.refs++
			}
			if t.Timers[tcp.DelayedAck] != tcp.Never {
				s.refs++
			}
		}
		list = append(list, s)
	}
	if !host.Listening {
		return list
	}
	any := netip.IPv4Unspecified()
	if host.Addr.Addr().Is6() {
		any = netip.IPv6Unspecified()
	}
	l := socket{kind: listener, state: tcp.Listen, local: netip.AddrPortFrom(host.Addr.Addr(), host.Port), remote: netip.AddrPortFrom(any, 0),
		recvQ: waiting, sendQ: host.Backlog, inode: firstInode, refs: 1 + requests + waiting}
	return append([]socket{l}, list...)
}

// unread is Recv-Q: what arrived in order and was not read, the peer's FIN included.
func (s *socket) unread() int {
	n := int(s.conn.Unread)
	if s.flow.finished() && !s.flow.readFIN {
		n++
	}
	return n
}

// unacknowledged is Send-Q: all numbers that the application's calls took and the peer has not acknowledged, sent or not.
func unacknowledged(t *tcp.TCB) int { return int(t.SndNxt-t.SndUna) + unsent(t) }

// unsent is how many of them were never sent.
func unsent(t *tcp.TCB) int {
	flying := int(t.SndNxt - t.SndUna)
	if t.FinSent {
		return 0
	}
	if t.SndUna == t.ISS {
		flying-- // the SYN
	}
	n := len(t.Out) - flying
	if t.FinQueued {
		n++
	}
	return n
}

// A kernelTimer is the timer of a socket as the tools show it: the first of those that there may be.
type kernelTimer struct {
	kind int // 1 retransmission, 2 keepalive, 3 TIME-WAIT, 4 zero window; 0 none
	at   engine.Time
}

func (s *socket) timer() kernelTimer {
	if s.conn == nil {
		return kernelTimer{}
	}
	for _, t := range [...]struct {
		timer tcp.TimerKind
		kind  int
	}{{tcp.Retransmit, 1}, {tcp.LossProbe, 1}, {tcp.Persist, 4}, {tcp.Keepalive, 2}, {tcp.TimeWaitTime, 3}, {tcp.FinWaitTime, 3}} {
		if at := s.conn.Timers[t.timer]; at != tcp.Never {
			return kernelTimer{t.kind, at}
		}
	}
	return kernelTimer{}
}
