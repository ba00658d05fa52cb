package packetdrill

import (
	"cmp"
	"strings"

	"github.com/handshakelab/lab/engine/tcp"
	"github.com/handshakelab/lab/engine/wire"
)

// infoSymbols are the constants that a snippet may compare TCP_INFO with.
var infoSymbols = map[string]int64{
	"TCP_ESTABLISHED": 1, "TCP_SYN_SENT": 2, "TCP_SYN_RECV": 3, "TCP_FIN_WAIT1": 4, "TCP_FIN_WAIT2": 5, "TCP_TIME_WAIT": 6, "TCP_CLOSE": 7,
	"TCP_CLOSE_WAIT": 8, "TCP_LAST_ACK": 9, "TCP_LISTEN": 10, "TCP_CLOSING": 11,
	"TCP_CA_Open": caOpen, "TCP_CA_Disorder": caDisorder, "TCP_CA_CWR": 2, "TCP_CA_Recovery": caRecovery, "TCP_CA_Loss": caLoss,
	"TCPI_OPT_TIMESTAMPS": optTimestamps, "TCPI_OPT_SACK": optSACK, "TCPI_OPT_WSCALE": optScale, "TCPI_OPT_ECN": optECN,
	"TCPI_OPT_ECN_SEEN": 16, "TCPI_OPT_SYN_DATA": optSynData,
}

const (
	caOpen     = 0
	caDisorder = 1
	caRecovery = 3
	caLoss     = 4

	optTimestamps = 1
	optSACK       = 2
	optScale      = 4
	optECN        = 8
	optSynData    = 32
)

// stateNumbers are the states as Linux numbers them.
var stateNumbers = map[tcp.State]int64{
	tcp.Established: 1, tcp.SynSent: 2, tcp.SynReceived: 3, tcp.FinWait1: 4, tcp.FinWait2: 5, tcp.TimeWait: 6, tcp.Closed: 7,
	tcp.CloseWait: 8, tcp.LastAck: 9, tcp.Listen: 10, tcp.Closing: 11,
}

// infoFields are the fields of struct tcp_info of Linux that the model has an answer for. Times are in microseconds where the
// kernel has microseconds, and in milliseconds where it has those.
var infoFields = map[string]func(k *kernel, c *conn) int64{
	"tcpi_state": func(_ *kernel, c *conn) int64 {
		// Linux keeps a closed socket that waits for the peer's FIN, and TIME-WAIT, apart from the socket, which is closed.
		if c.gone || c.tcb.State == tcp.TimeWait {
			return stateNumbers[tcp.Closed]
		}
		return stateNumbers[c.tcb.State]
	},
	"tcpi_ca_state": func(_ *kernel, c *conn) int64 {
		switch {
		case c.tcb.Retries > 0 && c.tcb.State.Synchronized(), c.tcb.LossRecovery():
			return caLoss
		case c.tcb.FastRecovery():
			return caRecovery
		case c.tcb.DupAcks > 0 && !c.tcb.SACKOK, c.tcb.NumSacked > 0:
			return caDisorder
		}
		return caOpen
	},
	"tcpi_retransmits": func(_ *kernel, c *conn) int64 { return int64(c.tcb.Retries) },
	"tcpi_probes":      func(_ *kernel, c *conn) int64 { return int64(c.tcb.Probes) + int64(c.tcb.KeepProbes) },
	"tcpi_backoff": func(_ *kernel, c *conn) int64 {
		if c.tcb.Timers[tcp.Persist] != tcp.Never {
			return int64(c.tcb.Probes)
		}
		return int64(c.tcb.Retries)
	},
	"tcpi_options": func(_ *kernel, c *conn) int64 {
		t := &c.tcb
		return asBit(t.TSOK)*optTimestamps | asBit(t.SACKOK)*optSACK | asBit(t.ScaleOK)*optScale | asBit(t.ECN)*optECN | asBit(c.synData)*optSynData
	},
	"tcpi_snd_wscale": func(_ *kernel, c *conn) int64 { return int64(c.tcb.SndScale) },
	"tcpi_rcv_wscale": func(_ *kernel, c *conn) int64 { return int64(c.tcb.RcvScale) },
	"tcpi_rto":        func(_ *kernel, c *conn) int64 { return int64(c.tcb.RTO) },
	"tcpi_ato":        func(_ *kernel, c *conn) int64 { return int64(c.tcb.AckDelay) },
	"tcpi_snd_mss":    func(k *kernel, c *conn) int64 { return sendMSS(k, c) },
	"tcpi_rcv_mss":    func(_ *kernel, c *conn) int64 { return int64(cmp.Or(c.tcb.RcvMSS, 536)) },
	"tcpi_advmss":     func(k *kernel, c *conn) int64 { return int64(k.host.ProfileOf(&c.tcb).MSS) },
	"tcpi_pmtu":       pathMTU,
	"tcpi_unacked":    func(_ *kernel, c *conn) int64 { return int64(len(c.segments)) },
	"tcpi_sacked": func(_ *kernel, c *conn) int64 {
		n := int64(0)
		for _, o := range c.segments {
			n += asBit(c.sacked(o))
		}
		return max(n, asBit(!c.tcb.SACKOK)*int64(c.tcb.DupAcks))
	},
	"tcpi_lost": func(_ *kernel, c *conn) int64 {
		n := int64(0)
		for _, o := range c.segments {
			n += asBit(c.lost(o))
		}
		return n
	},
	"tcpi_retrans": func(_ *kernel, c *conn) int64 {
		n := int64(0)
		for _, o := range c.segments {
			n += asBit(o.again && !c.sacked(o))
		}
		return n
	},
	"tcpi_fackets":    func(*kernel, *conn) int64 { return 0 }, // Linux has not counted them since 4.15
	"tcpi_reordering": func(*kernel, *conn) int64 { return 3 },
	"tcpi_rtt":        func(_ *kernel, c *conn) int64 { return int64(c.tcb.SRTT) },
	"tcpi_rttvar":     func(_ *kernel, c *conn) int64 { return int64(c.tcb.RTTVar) },
	"tcpi_snd_ssthresh": func(k *kernel, c *conn) int64 {
		if c.tcb.SSThresh == 0 || c.tcb.SSThresh >= 1<<30 {
			return symbols["TCP_INFINITE_SSTHRESH"]
		}
		return int64(c.tcb.SSThresh) / sendMSS(k, c)
	},
	"tcpi_snd_cwnd": func(k *kernel, c *conn) int64 {
		if c.tcb.Cwnd == 0 { // before the connection is established
			return int64(k.settings.profile.InitialSegs)
		}
		return int64(c.tcb.Cwnd) / sendMSS(k, c)
	},
	"tcpi_total_retrans":  func(_ *kernel, c *conn) int64 { return c.retransmits },
	"tcpi_bytes_acked":    func(_ *kernel, c *conn) int64 { return int64(c.tcb.BytesAcked) },
	"tcpi_bytes_received": func(_ *kernel, c *conn) int64 { return c.received() },
	"tcpi_segs_out":       func(_ *kernel, c *conn) int64 { return c.segsOut },
	"tcpi_segs_in":        func(_ *kernel, c *conn) int64 { return c.segsIn },
	"tcpi_data_segs_in":   func(_ *kernel, c *conn) int64 { return c.dataIn },
	"tcpi_data_segs_out":  func(_ *kernel, c *conn) int64 { return c.dataOut },
	"tcpi_bytes_sent":     func(_ *kernel, c *conn) int64 { return c.bytesSent },
	"tcpi_bytes_retrans":  func(_ *kernel, c *conn) int64 { return c.bytesAgain },
	"tcpi_notsent_bytes": func(_ *kernel, c *conn) int64 {
		if c.gone {
			return 0
		}
		return max(0, int64(len(c.tcb.Out))-int64(c.tcb.SndNxt-c.tcb.SndUna))
	},
	"tcpi_snd_wnd":        func(_ *kernel, c *conn) int64 { return int64(c.tcb.SndWnd) },
	"tcpi_rcv_wnd":        func(_ *kernel, c *conn) int64 { return int64(c.tcb.RcvWnd) },
	"tcpi_delivered":      func(_ *kernel, c *conn) int64 { return c.delivered },
	"tcpi_delivered_ce":   func(*kernel, *conn) int64 { return 0 },
	"tcpi_last_data_sent": func(k *kernel, c *conn) int64 { return int64((k.now - c.lastSent) / tcp.Millisecond) },
	"tcpi_last_data_recv": func(k *kernel, c *conn) int64 { return int64((k.now - c.lastData) / tcp.Millisecond) },
	"tcpi_last_ack_recv":  func(k *kernel, c *conn) int64 { return int64((k.now - c.lastAck) / tcp.Millisecond) },
	"tcpi_busy_time":      func(k *kernel, c *conn) int64 { k.passTime(); return int64(c.busy) },
	"tcpi_rwnd_limited":   func(k *kernel, c *conn) int64 { k.passTime(); return int64(c.rwndLimited) },
	"tcpi_sndbuf_limited": func(*kernel, *conn) int64 { return 0 },
	"tcpi_min_rtt":        func(_ *kernel, c *conn) int64 { return c.minRTT() },
}

// pathMTU is the largest packet that the path takes: that of the link, or what ICMP said.
func pathMTU(k *kernel, c *conn) int64 {
	if c.tcb.PathMTU != 0 {
		return int64(c.tcb.PathMTU)
	}
	header := wire.IPv4HeaderLen
	if c.tcb.Local.Addr().Is6() {
		header = wire.IPv6HeaderLen
	}
	return int64(k.settings.profile.MSS) + int64(header+wire.MinHeaderLen)
}

// sendMSS is how much text a segment of a connection carries.
func sendMSS(k *kernel, c *conn) int64 {
	p := k.host.ProfileOf(&c.tcb)
	return int64(c.tcb.SegmentSize(&p))
}

// sacked reports whether the peer says that it has a segment.
func (c *conn) sacked(o outstanding) bool {
	for _, b := range c.tcb.Sacked[:c.tcb.NumSacked] {
		if b.Left.Less(o.end) && o.end.LessEq(b.Right) {
			return true
		}
	}
	return false
}

// lost reports whether a segment counts as lost: after a timeout all of them, in fast recovery those before the newest block.
func (c *conn) lost(o outstanding) bool {
	t := &c.tcb
	switch {
	case c.sacked(o):
		return false
	case t.Retries > 0 || t.LossRecovery():
		return o.end.LessEq(t.Recover)
	case t.FastRecovery() && t.NumSacked == 0:
		return o.end == c.segments[0].end
	case t.FastRecovery():
		newest := t.SndUna
		for _, b := range t.Sacked[:t.NumSacked] {
			if newest.Less(b.Left) {
				newest = b.Left
			}
		}
		return o.end.LessEq(newest)
	}
	return false
}

// received is how many bytes have arrived in order.
func (c *conn) received() int64 {
	if c.tcb.RcvNxt == c.tcb.IRS {
		return 0
	}
	return int64(c.tcb.RcvNxt-c.tcb.IRS) - 1 - asBit(c.eof)
}

// minRTT is the shortest round trip that was measured.
func (c *conn) minRTT() int64 { return int64(c.shortest) }

// readsInfo reports whether a snippet asks for TCP_INFO.
func (c *Code) readsInfo() bool {
	found := false
	c.names(func(n *node) { found = found || strings.HasPrefix(n.name, "tcpi_") })
	return found
}

// names visits the names and calls in a snippet.
func (c *Code) names(visit func(*node)) {
	var walk func(*node)
	walk = func(n *node) {
		if n == nil {
			return
		}
		if n.op == "name" || n.op == "call" {
			visit(n)
		}
		for _, a := range n.args {
			walk(a)
		}
	}
	for _, s := range c.prog {
		walk(s.x)
		walk(s.note)
	}
}

// hear follows what a connection receives, as the counters of TCP_INFO do.
func (c *conn) hear(now tcp.Time, seg *wire.Segment) {
	c.segsIn++
	if len(seg.Payload) > 0 {
		c.dataIn++
		c.lastData = now
	}
	if seg.Flags.Has(wire.ACK) {
		c.lastAck = now
	}
}
