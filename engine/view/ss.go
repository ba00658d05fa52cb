package view

import (
	"fmt"
	"math"
	"net/netip"
	"strconv"
	"strings"

	"github.com/handshakelab/lab/engine"
	"github.com/handshakelab/lab/engine/tcp"
)

// ssStates are the names that ss has for the states.
var ssStates = [tcp.NumStates]string{
	tcp.Closed: "UNCONN", tcp.Listen: "LISTEN", tcp.SynSent: "SYN-SENT", tcp.SynReceived: "SYN-RECV", tcp.Established: "ESTAB",
	tcp.FinWait1: "FIN-WAIT-1", tcp.FinWait2: "FIN-WAIT-2", tcp.CloseWait: "CLOSE-WAIT", tcp.Closing: "CLOSING", tcp.LastAck: "LAST-ACK",
	tcp.TimeWait: "TIME-WAIT",
}

// ssTable has the columns of "ss -t".
func ssTable() table {
	return table{columns: []column{
		{header: "State"},
		{header: "Recv-Q", delimiter: " "},
		{header: "Send-Q", delimiter: " "},
		{header: "Local Address", delimiter: " ", right: true},
		{header: "Port", delimiter: ":"},
		{header: "Peer Address", delimiter: " ", right: true},
		{header: "Port", delimiter: ":"},
		{header: "Process"},
	}}
}

// SS returns what "ss -tan" prints on a host: all TCP sockets.
func (v *View) SS(h engine.HostID) string {
	t := ssTable()
	for _, s := range v.sockets(h) {
		t.add(s.ssRow("")...)
	}
	return t.String()
}

// SSInfo returns what "ss -tin" prints on a host: the sockets that are connected, with what the kernel knows of each. Without -a that
// leaves out listeners, embryonic connections and TIME-WAIT.
func (v *View) SSInfo(h engine.HostID) string {
	t := ssTable()
	for _, s := range v.sockets(h) {
		if s.state != tcp.Listen && s.state != tcp.SynReceived && s.state != tcp.TimeWait {
			t.add(s.ssRow("\n\t" + s.info(v.world.At, &v.profiles[h]))...)
		}
	}
	return t.String()
}

func (s *socket) ssRow(info string) []string {
	port := "*"
	if s.remote.Port() != 0 {
		port = strconv.Itoa(int(s.remote.Port()))
	}
	return []string{ssStates[s.state], strconv.Itoa(s.recvQ), strconv.Itoa(s.sendQ), ssAddr(s.local.Addr()), strconv.Itoa(int(s.local.Port())),
		ssAddr(s.remote.Addr()), port, info}
}

// ssAddr writes an address as ss does: IPv6 in brackets.
func ssAddr(a netip.Addr) string {
	if a.Is6() {
		return "[" + a.String() + "]"
	}
	return a.String()
}

// jiffy is the unit of the kernel's clock (HZ=250). Timeouts are rounded up to it.
const jiffy = 4 * tcp.Millisecond

const (
	linuxInitSegs  = 10  // initial congestion window of a socket
	infiniteThresh = 1e5 // a slow start threshold that was never set is beyond any that is
	tsOption       = 12  // bytes that the timestamps option takes of a segment
	ethernetMTU    = 1500
)

// info is the line below a socket of "ss -i": a name and a value for all that is known and not zero.
func (s *socket) info(now engine.Time, p *tcp.Profile) string {
	if s.kind != full {
		return ""
	}
	var b strings.Builder
	t, f := s.conn, s.flow
	say := func(name string, n uint64) {
		if n > 0 {
			fmt.Fprintf(&b, " %s:%d", name, n)
		}
	}
	b.WriteString(" reno")
	if t.ScaleOK {
		fmt.Fprintf(&b, " wscale:%d,%d", t.SndScale, t.RcvScale)
	}
	b.WriteString(" rto:" + millis((t.RTO+jiffy-1)/jiffy*jiffy))
	say("backoff", uint64(backoff(t, p)))
	if t.RTTKnown() {
		fmt.Fprintf(&b, " rtt:%s/%s", millis(t.SRTT), millis(t.RTTVar))
	}
	switch {
	case t.AckDelay > 0:
		b.WriteString(" ato:" + millis(t.AckDelay))
	case f.ackDelayed:
		b.WriteString(" ato:" + millis(p.AckDelay))
	}
	mss := sendMSS(t, p)
	headers := 40
	if s.local.Addr().Is6() {
		headers = 60
	}
	say("mss", uint64(mss))
	pmtu := max(ethernetMTU, int(p.MSS)+headers)
	if t.PathMTU > 0 {
		pmtu = min(pmtu, int(t.PathMTU))
	}
	say("pmtu", uint64(pmtu))
	advertised := int(p.MSS)
	if t.TSOK {
		advertised -= tsOption
	}
	say("rcvmss", uint64(min(f.rcvMSS, advertised)))
	say("advmss", uint64(advertised))
	cwnd, thresh := congestion(t, p, mss)
	say("cwnd", uint64(cwnd))
	if thresh < infiniteThresh {
		say("ssthresh", uint64(thresh))
	}
	say("bytes_sent", f.bytesSent)
	say("bytes_retrans", f.bytesResent)
	say("bytes_acked", uint64(t.BytesAcked))
	if t.State != tcp.SynSent {
		say("bytes_received", uint64(t.RcvNxt-t.IRS-1))
	}
	say("segs_out", f.segsOut)
	say("segs_in", f.segsIn)
	say("data_segs_out", f.dataOut)
	say("data_segs_in", f.dataIn)
	if t.SRTT > 0 {
		rate := float64(cwnd) * float64(mss) * 8 * float64(tcp.Second) / float64(t.SRTT)
		fmt.Fprintf(&b, " send %sbps", strconv.FormatFloat(math.Round(rate), 'f', 0, 64))
	}
	say("lastsnd", uint64((now-f.lastSnd)/tcp.Millisecond))
	say("lastrcv", uint64((now-f.lastRcv)/tcp.Millisecond))
	say("lastack", uint64((now-f.lastAck)/tcp.Millisecond))
	if f.pacing > 0 {
		fmt.Fprintf(&b, " pacing_rate %dbps", f.pacing*8)
	}
	if rate := f.delivery(mss); rate > 0 {
		fmt.Fprintf(&b, " delivery_rate %dbps", rate*8)
	}
	say("delivered", f.delivered)
	if f.best.limited {
		b.WriteString(" app_limited")
	}
	if busy := f.worked(now); busy > 0 {
		fmt.Fprintf(&b, " busy:%dms", busy/tcp.Millisecond)
	}
	var again, lost, taken uint64
	for _, p := range f.out {
		again += one(p.again)
		lost += one(p.lost && !p.taken)
		taken += one(p.taken)
	}
	say("unacked", uint64(len(f.out)))
	if f.resent > 0 {
		fmt.Fprintf(&b, " retrans:%d/%d", again, f.resent)
	}
	say("lost", lost)
	say("sacked", taken)
	say("dsack_dups", f.dsacks)
	// The kernel measures how much the application reads in a round trip, to make the buffer larger in time. Until it has read
	// more than what the kernel begins with, that is what it is (tcp_rcv_space_adjust).
	if space := min(t.RcvBuf, uint32(linuxInitSegs*advertised)); t.State.Synchronized() && uint32(t.RcvNxt-t.IRS-1)-t.Unread <= space {
		say("rcv_space", uint64(space))
	}
	say("notsent", uint64(unsent(t)))
	if f.minRTT != tcp.Never && f.minRTT > 0 {
		b.WriteString(" minrtt:" + millis(f.minRTT))
	}
	say("rcv_ooopack", f.ahead)
	say("snd_wnd", uint64(t.SndWnd))
	return b.String()
}

func one(is bool) uint64 {
	if is {
		return 1
	}
	return 0
}

// millis is a time in milliseconds with six significant digits, as %g of C prints it.
func millis(t engine.Time) string {
	return strconv.FormatFloat(float64(t)/float64(tcp.Millisecond), 'g', 6, 64)
}

// sendMSS is how much text fits in one segment now. Before the peer's SYN the kernel counts on timestamps if it asks for them.
func sendMSS(t *tcp.TCB, p *tcp.Profile) int {
	n := t.SegmentSize(p)
	if t.State == tcp.SynSent && p.Timestamps {
		n -= tsOption
	}
	return max(n, 1)
}

// backoff is how often the retransmission timeout was doubled since something was last acknowledged.
func backoff(t *tcp.TCB, p *tcp.Profile) int {
	n := int(t.Retries)
	if t.State == tcp.SynSent {
		n -= int(p.SynLinear)
	}
	return max(n, 0)
}

// congestion is the congestion window and the slow start threshold in segments. The engine sets them when the connection is
// established; the kernel has a window before, which it takes back when the SYN is lost.
func congestion(t *tcp.TCB, p *tcp.Profile, mss int) (cwnd, thresh int) {
	if t.Cwnd > 0 {
		return max(int(t.Cwnd)/mss, 1), int(t.SSThresh) / mss
	}
	if t.SynTimeout {
		return 1, linuxInitSegs / 2
	}
	return linuxInitSegs, infiniteThresh
}
