package view

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"strings"

	"github.com/handshakelab/lab/engine"
	"github.com/handshakelab/lab/engine/tcp"
)

// procStates are the numbers that the kernel has for the states.
var procStates = [tcp.NumStates]int{
	tcp.Established: 1, tcp.SynSent: 2, tcp.SynReceived: 3, tcp.FinWait1: 4, tcp.FinWait2: 5, tcp.TimeWait: 6, tcp.Closed: 7,
	tcp.CloseWait: 8, tcp.LastAck: 9, tcp.Listen: 10, tcp.Closing: 11,
}

const (
	procHeader  = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode"
	procHeader6 = "  sl  local_address                         remote_address                        st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode"
	procWidth   = 149                // of a line of /proc/net/tcp, filled up with blanks
	tick        = tcp.Second / 100   // the clock that user space is told (USER_HZ)
	hidden      = "0000000000000000" // the address of a socket, for readers who may not see it
)

// ProcTCP returns what /proc/net/tcp has on a host: its sockets of IPv4.
func (v *View) ProcTCP(h engine.HostID) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%-*s\n", procWidth, procHeader)
	for n, s := range v.procSockets(h, netip.Addr.Is4) {
		fmt.Fprintf(&b, "%-*s\n", procWidth, s.procLine(n, v.world.At, &v.profiles[h]))
	}
	return b.String()
}

// ProcTCP6 returns what /proc/net/tcp6 has on a host: its sockets of IPv6.
func (v *View) ProcTCP6(h engine.HostID) string {
	var b strings.Builder
	fmt.Fprintln(&b, procHeader6)
	for n, s := range v.procSockets(h, netip.Addr.Is6) {
		fmt.Fprintln(&b, s.procLine(n, v.world.At, &v.profiles[h]))
	}
	return b.String()
}

func (v *View) procSockets(h engine.HostID, family func(netip.Addr) bool) []socket {
	var list []socket
	for _, s := range v.sockets(h) {
		if family(s.local.Addr()) {
			list = append(list, s)
		}
	}
	return list
}

func (s *socket) procLine(n int, now engine.Time, p *tcp.Profile) string {
	timer := s.timer()
	when := int64(0)
	if timer.kind != 0 {
		when = int64(max(timer.at-now, 0) / tick)
	}
	retries := 0
	if s.kind == full || s.kind == request {
		retries = int(s.conn.Retries)
	}
	line := fmt.Sprintf("%4d: %s %s %02X %08X:%08X %02X:%08X %08X %5d %8d %d %d %s", n, procAddr(s.local), procAddr(s.remote), procStates[s.state],
		s.sendQueue(), s.recvQ, timer.kind, when, retries, 0, s.keepaliveProbes(), s.inode, s.refs, hidden)
	switch s.kind {
	case listener:
		return line + fmt.Sprintf(" %d 0 0 %d 0", tcp.Second/tick, linuxInitSegs)
	case full:
		t := s.conn
		cwnd, thresh := congestion(t, p, sendMSS(t, p))
		if thresh >= infiniteThresh {
			thresh = -1
		}
		quick := int(t.QuickAck) << 1
		if t.PingPong {
			quick++
		}
		return line + fmt.Sprintf(" %d %d %d %d %d", (t.RTO+jiffy-1)/jiffy*jiffy/tick, t.AckDelay/tick, quick, cwnd, thresh)
	}
	return line
}

// sendQueue is tx_queue; a listener's backlog is told by ss only.
func (s *socket) sendQueue() int {
	if s.kind == listener {
		return 0
	}
	return s.sendQ
}

// keepaliveProbes is the column that is headed timeout: probes of a keepalive or a shut window that are not answered.
func (s *socket) keepaliveProbes() int {
	if s.kind != full {
		return 0
	}
	return int(max(s.conn.KeepProbes, s.conn.Probes))
}

// procAddr writes an address as it lies in the memory of a little-endian machine, in words of 32 bits.
func procAddr(a netip.AddrPort) string {
	var b strings.Builder
	for bytes := a.Addr().AsSlice(); len(bytes) > 0; bytes = bytes[4:] {
		fmt.Fprintf(&b, "%08X", binary.LittleEndian.Uint32(bytes))
	}
	fmt.Fprintf(&b, ":%04X", a.Port())
	return b.String()
}
