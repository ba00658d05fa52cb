package tcp

import (
	"encoding/binary"
	"net/netip"
)

// AppendBinary appends a canonical encoding of everything in the host that its future depends on. Two hosts with the same
// encoding behave alike for ever after.
func (h *Host) AppendBinary(b []byte) []byte {
	b = appendAddr(b, h.cfg.Addr)
	b = appendAddr(b, h.cfg.Peer)
	b = append(b, h.cfg.Profile.Name...)
	b = appendInts(b, int64(h.cfg.Secret), int64(h.lastID), int64(h.isnsUsed), int64(len(h.conns)))
	for i := range h.conns {
		b = h.conns[i].appendBinary(b)
	}
	for _, l := range h.listeners {
		b = appendInts(b, int64(l.port), int64(l.backlog), int64(l.fastKey), int64(l.fastQueue), int64(l.deferring), int64(l.overflowed))
	}
	b = appendInts(b, int64(len(h.sockets)))
	for i := range h.sockets {
		b = h.sockets[i].appendBinary(b)
	}
	b = appendInts(b, int64(len(h.served)))
	for _, s := range h.served {
		b = appendAddr(b, netip.AddrPortFrom(s.addr, s.mss))
		b = append(b, s.cookie.Len)
		b = append(b, s.cookie.Bytes[:]...)
		b = appendInts(b, bit(s.exp), int64(s.forms))
	}
	b = appendInts(b, int64(len(h.failed)))
	for _, f := range h.failed {
		b = appendAddr(b, f.server)
		b = appendInts(b, int64(f.times), int64(f.at), int64(f.conn))
	}
	b = appendInts(b, int64(len(h.paths)))
	for _, p := range h.paths {
		b = appendAddr(b, netip.AddrPortFrom(p.to, 0))
		b = appendInts(b, int64(p.mtu))
	}
	b = appendInts(b, int64(len(h.ended)))
	for _, e := range h.ended {
		b = appendInts(b, int64(e.id), int64(e.errno), int64(e.unread), bit(e.eof), int64(e.port))
	}
	return b
}

func (t *TCB) appendBinary(b []byte) []byte {
	b = appendAddr(b, t.Local)
	b = appendAddr(b, t.Remote)
	b = appendInts(b, int64(t.ID), int64(t.State), bit(t.Passive), num(t.ISS), num(t.SndUna), num(t.SndNxt), int64(t.SndWnd), num(t.SndWL1),
		num(t.SndWL2), int64(t.MaxWnd), num(t.IRS), num(t.RcvNxt), int64(t.RcvWnd), int64(t.RcvBuf), int64(t.RcvMem), int64(t.RcvShare), int64(t.RcvLeft), int64(t.RcvMSS), int64(t.SendMSS), int64(t.PathMTU), int64(t.SoftErr), int64(t.SndScale), int64(t.RcvScale),
		bit(t.ScaleOK), bit(t.SACKOK), bit(t.TSOK), bit(t.ECN), int64(t.TSRecent), int64(t.RecentAt), int64(t.TSOffset), int64(t.RTO), int64(t.SRTT), int64(t.RTTVar),
		int64(t.Retries), int64(t.Unread), bit(t.Accepted), bit(t.FinQueued), bit(t.NoDelay), int64(t.NumHeld), int64(t.Cwnd), int64(t.SSThresh), int64(t.DupAcks), int64(t.Recovery),
		num(t.Recover), num(t.Resend), int64(t.NumSacked), num(t.TailSeq), num(t.SmallEnd), int64(t.Resent), int64(t.Probes), int64(t.ProbesOut), int64(t.ProbedSince), bit(t.FinSent), bit(t.Orphan), int64(t.AckDelay), int64(t.QuickAck), bit(t.PingPong), int64(t.LastText), bit(t.Probed), int64(t.KeepIdle), int64(t.KeepInterval), int64(t.KeepCount), int64(t.KeepProbes), int64(t.LastHeard),
		int64(t.UserTimeout), bit(t.UserTimeoutSet), int64(t.LossSince), bit(t.Timing), num(t.TimedEnd), int64(t.TimedAt), int64(t.FirstSent),
		bit(t.SynTimeout), int64(t.LastInWnd), int64(t.BytesAcked), bit(t.FastOpen), int64(t.Deferred), bit(t.AckSeen), int64(t.SynData), int64(len(t.Out)))
	b = appendInts(b, int64(t.PriorCwnd), int64(t.PRRDelivered), int64(t.PRROut), bit(t.CwndFull), int64(t.MaxOut), num(t.UsageEnd), int64(t.LastSent), int64(t.CwndUsed), int64(t.CwndStamp))
	b = t.Own.appendBinary(b)
	b = t.cubic.appendBinary(b)
	b = append(b, t.Out...)
	for i := range t.NumHeld {
		p := &t.Held[i]
		b = appendInts(b, num(p.Left), int64(len(p.Text)), bit(p.Fin))
		b = append(b, p.Text...)
	}
	for _, k := range t.Sacked[:t.NumSacked] {
		b = appendInts(b, num(k.Left), num(k.Right))
	}
	for _, at := range t.Timers {
		b = appendInts(b, int64(at))
	}
	return b
}

func (o *Own) appendBinary(b []byte) []byte {
	return appendInts(b, int64(o.MaxSeg), int64(o.RcvBuf), int64(o.SynCount), int64(o.FinWait))
}

func appendAddr(b []byte, a netip.AddrPort) []byte {
	ip := a.Addr().As16()
	b = append(b, ip[:]...)
	return binary.BigEndian.AppendUint16(b, a.Port())
}

func appendInts(b []byte, ns ...int64) []byte {
	for _, n := range ns {
		b = binary.BigEndian.AppendUint64(b, uint64(n))
	}
	return b
}

func bit(v bool) int64 {
	if v {
		return 1
	}
	return 0
}
