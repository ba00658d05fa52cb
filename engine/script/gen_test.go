package script

import (
	"net/netip"

	"pgregory.net/rapid"

	"github.com/handshakelab/lab/engine"
	"github.com/handshakelab/lab/engine/network"
	"github.com/handshakelab/lab/engine/tcp"
	"github.com/handshakelab/lab/engine/wire"
)

// These generators make every legal set-up and action, with a liking for the ends of each range.

func draw[T any](t *rapid.T, g *rapid.Generator[T], what string) T { return g.Draw(t, what) }

func number[T uint8 | uint16 | uint32 | uint64 | int | int64](lo, hi T) *rapid.Generator[T] {
	return rapid.Custom(func(t *rapid.T) T {
		switch rapid.IntRange(0, 3).Draw(t, "end") {
		case 0:
			return lo
		case 1:
			return hi
		}
		return lo + T(rapid.Uint64Range(0, uint64(hi-lo)).Draw(t, "n"))
	})
}

func genTime(lo, hi tcp.Time) *rapid.Generator[tcp.Time] {
	return rapid.Custom(func(t *rapid.T) tcp.Time {
		v := tcp.Time(draw(t, number(int64(lo), int64(hi)), "time"))
		for _, unit := range []tcp.Time{tcp.Millisecond, tcp.Second} {
			if rounded := v / unit * unit; rounded >= lo && rapid.Bool().Draw(t, "rounded") {
				v = rounded
			}
		}
		return v
	})
}

func genAddr() *rapid.Generator[netip.Addr] {
	return rapid.Custom(func(t *rapid.T) netip.Addr {
		if rapid.IntRange(0, 2).Draw(t, "IPv6") == 0 {
			b := [16]byte(rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "bytes"))
			b[0] = 0x20 // no multicast address, nor one that stands for IPv4
			return netip.AddrFrom16(b)
		}
		b := [4]byte{draw(t, number[uint8](1, 223), "a"), draw(t, rapid.Byte(), "b"), draw(t, rapid.Byte(), "c"), draw(t, rapid.Byte(), "d")}
		return netip.AddrFrom4(b)
	})
}

func genAddrPort() *rapid.Generator[netip.AddrPort] {
	return rapid.Custom(func(t *rapid.T) netip.AddrPort {
		return netip.AddrPortFrom(draw(t, genAddr(), "addr"), draw(t, number[uint16](1, 65535), "port"))
	})
}

func opt[T any](t *rapid.T, g *rapid.Generator[T], what string) tcp.Opt[T] {
	if rapid.Bool().Draw(t, "with "+what) {
		return tcp.Some(g.Draw(t, what))
	}
	return tcp.Opt[T]{}
}

func genHost() *rapid.Generator[engine.HostSetup] {
	return rapid.Custom(func(t *rapid.T) engine.HostSetup {
		h := engine.HostSetup{Addr: draw(t, genAddrPort(), "addr")}
		h.Profile = rapid.SampledFrom(tcp.Profiles()).Draw(t, "profile").Name
		for range rapid.IntRange(0, 3).Draw(t, "isns") {
			h.ISNs = append(h.ISNs, wire.Seq(draw(t, number[uint32](0, 1<<32-1), "isn")))
		}
		o := &h.Options
		if rapid.Bool().Draw(t, "with mss") {
			o.MSS = draw(t, number[uint16](engine.MinMSS, engine.MaxMSS), "mss")
		}
		o.Window = opt(t, number[uint16](0, 65535), "window")
		if o.ScaleOff = rapid.Bool().Draw(t, "wscale off"); !o.ScaleOff {
			o.Scale = opt(t, number[uint8](0, engine.MaxScale), "wscale")
		}
		o.SACK = opt(t, rapid.Bool(), "sack")
		o.Timestamps = opt(t, rapid.Bool(), "timestamps")
		for _, s := range timeSettings {
			if rapid.Bool().Draw(t, "with "+s.name) {
				*s.of(o) = draw(t, genTime(s.lo, s.hi), s.name)
			}
		}
		o.ISN = tcp.ISNKind(rapid.IntRange(int(tcp.ISNKeyed), int(tcp.ISNClock)).Draw(t, "isn kind"))
		o.MaxSynBacklog = draw(t, number[uint16](0, 65535), "max-syn-backlog")
		for _, s := range smallSettings {
			*s.of(o) = opt(t, number(uint8(s.lo), uint8(s.hi)), s.name)
		}
		for _, s := range switchSettings {
			*s.of(o) = opt(t, rapid.Bool(), s.name)
		}
		o.Ports = draw(t, number[uint16](0, 1024), "ports")
		o.Broken = tcp.Broken(draw(t, number[uint16](0, uint16(tcp.AllBroken)), "broken"))
		return h
	})
}

func genSetup() *rapid.Generator[engine.Setup] {
	return rapid.Custom(func(t *rapid.T) engine.Setup {
		s := engine.Setup{Seed: draw(t, number[uint64](0, maxSeed), "seed")}
		for h := range s.Hosts {
			s.Hosts[h] = draw(t, genHost(), "host")
		}
		if a, b := s.Hosts[0].Addr.Addr(), s.Hosts[1].Addr.Addr(); a == b || a.Is4() != b.Is4() {
			t.Skip("one address for both hosts, or two versions of IP")
		}
		for d := range s.Path.Delay {
			s.Path.Delay[d] = draw(t, genTime(0, network.MaxDelay), "delay")
		}
		s.Path.Jitter = draw(t, genTime(0, network.MaxDelay), "jitter")
		for d := range s.Path.Loss {
			s.Path.Loss[d] = draw(t, number[uint32](0, 1_000_000), "loss")
		}
		if s.Path.Reorder = draw(t, number[uint32](0, 1_000_000), "reorder"); s.Path.Reorder > 0 {
			s.Path.ReorderBy = draw(t, genTime(1, network.MaxDelay), "by")
		}
		for range rapid.IntRange(0, 3).Draw(t, "boxes") {
			s.Path.Boxes = append(s.Path.Boxes, draw(t, genBox(s.Hosts[0].Addr.Addr().Is6()), "box"))
		}
		s.Path.Duplicate = draw(t, number[uint32](0, 1_000_000), "duplicate")
		for range rapid.IntRange(0, 3).Draw(t, "rules") {
			s.Path.Rules = append(s.Path.Rules, draw(t, genRule(), "rule"))
		}
		return s
	})
}

func genBox(six bool) *rapid.Generator[network.Box] {
	return rapid.Custom(func(t *rapid.T) network.Box {
		b := network.Box{Kind: network.BoxKind(rapid.IntRange(int(network.Firewall), int(network.Narrow)).Draw(t, "kind"))}
		switch b.Kind {
		case network.Firewall:
			b.From = int8(rapid.IntRange(0, 2).Draw(t, "from"))
			if b.AboutICMP = rapid.Bool().Draw(t, "about ICMP"); b.AboutICMP {
				break
			}
			b.Answer = network.Answer(rapid.IntRange(0, 2).Draw(t, "answer"))
			if b.Answer == network.WithICMP {
				b.ICMP = draw(t, genICMP().Filter(func(k wire.ICMPKind) bool { return k != wire.TooBig }), "error")
			}
			if b.Any = rapid.Bool().Draw(t, "any"); !b.Any {
				b.Flags = draw(t, genKind(), "flags")
			}
			b.Port = draw(t, number[uint16](0, 65535), "port")
		case network.NAT:
			b.Timeout = draw(t, genTime(1, network.MaxNATTimeout), "timeout")
		case network.Strip:
			b.Options = network.OptionSet(rapid.IntRange(1, 31).Draw(t, "options"))
		case network.ShiftSeq:
			b.By, b.SACKOff = draw(t, number[uint32](0, 1<<32-1), "by"), rapid.Bool().Draw(t, "sack off")
		case network.SynProxy:
			if b.HasISN = rapid.Bool().Draw(t, "with isn"); b.HasISN {
				b.ISN = wire.Seq(draw(t, number[uint32](0, 1<<32-1), "isn"))
			}
		case network.Narrow:
			least := network.MinMTU
			if six {
				least = network.MinMTU6
			}
			b.MTU, b.Silent = uint16(draw(t, number(least, 65535), "mtu")), rapid.Bool().Draw(t, "silent")
		}
		return b
	})
}

func genICMP() *rapid.Generator[wire.ICMPKind] {
	return rapid.Map(rapid.IntRange(1, int(wire.NumICMPKinds)-1), func(k int) wire.ICMPKind { return wire.ICMPKind(k) })
}

func genRule() *rapid.Generator[network.Rule] {
	return rapid.Custom(func(t *rapid.T) network.Rule {
		r := network.Rule{
			Verb: rapid.SampledFrom([]network.Verb{network.Drop, network.Delay, network.Duplicate}).Draw(t, "verb"),
			Nth:  draw(t, number(0, network.MaxNth), "nth"),
			From: int8(rapid.IntRange(0, 2).Draw(t, "from")),
		}
		if r.Any = rapid.Bool().Draw(t, "any"); !r.Any {
			r.Flags = draw(t, genKind(), "kind")
		}
		switch r.Verb {
		case network.Delay:
			r.For = draw(t, genTime(1, network.MaxDelay), "for")
		case network.Duplicate:
			r.For = draw(t, genTime(0, network.MaxDelay), "for")
		}
		return r
	})
}

func genFlags() *rapid.Generator[wire.Flags] {
	return rapid.Map(rapid.Byte(), func(b byte) wire.Flags { return wire.Flags(b) })
}

// genKind makes the flags by which a segment is named: PSH makes no difference.
func genKind() *rapid.Generator[wire.Flags] {
	return rapid.Map(genFlags(), func(f wire.Flags) wire.Flags { return f &^ wire.PSH })
}

func genSeg() *rapid.Generator[engine.SegRef] {
	return rapid.Custom(func(t *rapid.T) engine.SegRef {
		switch rapid.IntRange(0, 3).Draw(t, "how") {
		case 0:
			return engine.SegRef{ID: engine.SegID(draw(t, number[uint32](1, 1<<32-1), "id"))}
		case 1:
			return engine.SegRef{Flags: draw(t, genKind(), "kind"), Nth: draw(t, number(1, network.MaxNth), "nth")}
		case 2:
			return engine.SegRef{ICMP: true, Nth: draw(t, number(0, network.MaxNth), "nth")}
		}
		return engine.SegRef{Flags: draw(t, genKind(), "kind")}
	})
}

func genCond() *rapid.Generator[engine.Cond] {
	return rapid.Custom(func(t *rapid.T) engine.Cond {
		c := engine.Cond{
			Kind: rapid.SampledFrom([]engine.CondKind{engine.Happened, engine.InState, engine.WasTold, engine.Quiet, engine.RetransmitOf}).Draw(t, "kind"),
			Not:  rapid.Bool().Draw(t, "not"),
		}
		host := engine.HostID(rapid.IntRange(0, 1).Draw(t, "host"))
		switch c.Kind {
		case engine.Happened:
			c.What = rapid.SampledFrom([]engine.What{engine.WasSent, engine.HasArrived, engine.WasLost}).Draw(t, "what")
			c.Seg = draw(t, genSeg(), "seg")
			c.Cmp, c.Count = engine.AtLeast, 1
			if c.Seg.ID == 0 && c.Seg.Nth == 0 {
				c.Cmp = rapid.SampledFrom([]engine.Cmp{engine.AtLeast, engine.Exactly, engine.AtMost}).Draw(t, "cmp")
				lo := 0
				if c.Cmp == engine.AtLeast {
					lo = 1
				}
				c.Count = draw(t, number(lo, engine.MaxEvents-1), "count")
			}
		case engine.InState:
			c.Host, c.State = host, tcp.State(rapid.IntRange(0, int(tcp.NumStates)-1).Draw(t, "state"))
		case engine.WasTold:
			c.Host = host
			if rapid.Bool().Draw(t, "an error") {
				c.Errno = tcp.Errno(rapid.IntRange(int(tcp.ECONNREFUSED), int(tcp.NumErrnos)-1).Draw(t, "errno"))
			} else {
				c.Notice = tcp.Notice(rapid.IntRange(int(tcp.Connected), int(tcp.Returned)).Draw(t, "notice"))
			}
			switch c.Cmp = rapid.SampledFrom([]engine.Cmp{0, engine.AtLeast, engine.Exactly, engine.AtMost}).Draw(t, "cmp"); c.Cmp {
			case engine.AtLeast:
				c.Count = draw(t, number(2, engine.MaxEvents-1), "count")
			case engine.Exactly, engine.AtMost:
				c.Count = draw(t, number(0, engine.MaxEvents-1), "count")
			}
		case engine.RetransmitOf:
			c.Host, c.Seg.Flags = host, draw(t, genKind(), "kind")
		}
		return c
	})
}

// genText makes any bytes: text of many scripts, control characters, bytes that are not UTF-8.
func genText(most int) *rapid.Generator[string] {
	bytes := rapid.Map(rapid.SliceOfN(rapid.Byte(), 0, most), func(b []byte) string { return string(b) })
	return rapid.OneOf(rapid.StringN(0, -1, most), bytes)
}

func genPatch(forge bool) *rapid.Generator[engine.Patch] {
	return rapid.Custom(func(t *rapid.T) engine.Patch {
		var p engine.Patch
		s := &p.Seg
		set := func(f engine.Field) bool {
			if !rapid.Bool().Draw(t, f.String()) {
				return false
			}
			p.Set |= f
			return true
		}
		if set(engine.FieldSrcPort) {
			s.Src = netip.AddrPortFrom(s.Src.Addr(), draw(t, number[uint16](0, 65535), "sport"))
		}
		if set(engine.FieldDstPort) {
			s.Dst = netip.AddrPortFrom(s.Dst.Addr(), draw(t, number[uint16](0, 65535), "dport"))
		}
		if set(engine.FieldSeq) {
			s.Seq = wire.Seq(draw(t, number[uint32](0, 1<<32-1), "seq"))
		}
		if set(engine.FieldAck) {
			s.Ack = wire.Seq(draw(t, number[uint32](0, 1<<32-1), "ack"))
		}
		if set(engine.FieldOffset) {
			s.Offset = draw(t, number[uint8](0, 15), "offset")
		}
		if set(engine.FieldReserved) {
			s.Reserved = draw(t, number[uint8](0, 15), "reserved")
		}
		if forge || set(engine.FieldFlags) {
			p.Set |= engine.FieldFlags
			s.Flags = draw(t, genFlags(), "flags")
		}
		if set(engine.FieldWindow) {
			s.Window = draw(t, number[uint16](0, 65535), "window")
		}
		if set(engine.FieldChecksum) {
			s.FixedSum, s.Checksum = true, draw(t, number[uint16](0, 65535), "checksum")
		} else if !forge && p.Set != 0 {
			p.KeepSum = rapid.Bool().Draw(t, "keep")
		}
		if set(engine.FieldUrgent) {
			s.Urgent = draw(t, number[uint16](0, 65535), "urgent")
		}
		if set(engine.FieldOptions) {
			o, err := wire.RawOptions(rapid.SliceOfN(rapid.Byte(), 0, wire.MaxOptions).Draw(t, "options"))
			if err != nil {
				t.Fatal(err)
			}
			s.Options = o
		}
		if set(engine.FieldPayload) {
			s.Payload = draw(t, genText(40), "payload")
		}
		if set(engine.FieldTTL) {
			s.TTL = draw(t, number[uint8](1, 255), "ttl")
		}
		if set(engine.FieldSrcAddr) {
			s.Src = netip.AddrPortFrom(draw(t, genAddr(), "src"), s.Src.Port())
		}
		if set(engine.FieldDstAddr) {
			s.Dst = netip.AddrPortFrom(draw(t, genAddr(), "dst"), s.Dst.Port())
		}
		if p.Set == 0 {
			p.Set, s.TTL = engine.FieldTTL, 1
		}
		return p
	})
}

// genData makes what an application sends.
func genData() *rapid.Generator[string] {
	return rapid.Custom(func(t *rapid.T) string {
		if rapid.Bool().Draw(t, "filler") {
			return filler(draw(t, number(1, engine.MaxSend), "bytes"))
		}
		return "x" + draw(t, genText(40), "data")
	})
}

func genCall() *rapid.Generator[tcp.Call] {
	return rapid.Custom(func(t *rapid.T) tcp.Call {
		c := tcp.Call{Verb: tcp.Verb(rapid.IntRange(int(tcp.CallListen), int(tcp.CallGet)).Draw(t, "call"))}
		switch c.Verb {
		case tcp.CallListen:
			c.Backlog = draw(t, number(0, maxBacklog), "backlog")
		case tcp.CallConnect:
			if rapid.Bool().Draw(t, "to") {
				c.To = draw(t, genAddrPort(), "to")
			}
			c.From = draw(t, number[uint16](0, 65535), "from")
			if c.FastOpen = rapid.Bool().Draw(t, "fastopen"); c.FastOpen {
				c.Data = draw(t, genData(), "data")
			}
			c.Unspec = rapid.Bool().Draw(t, "unspec")
		case tcp.CallShutdown:
			c.How = rapid.SampledFrom([]tcp.How{tcp.ShutWrite, tcp.ShutRead, tcp.ShutBoth}).Draw(t, "how")
		case tcp.CallSend:
			c.Data = draw(t, genData(), "data")
		case tcp.CallClose:
			c.Listener = rapid.Bool().Draw(t, "listener")
		case tcp.CallSet:
			c.Option = rapid.SampledFrom(sockOpts).Draw(t, "option")
			c.Values[0] = draw(t, genTime(minOptTime, maxOptTime), "value")
			if o := numberOpts[c.Option]; c.Option.IsNumber() {
				c.Values[0] = tcp.Time(draw(t, number(o.least, o.most), "number"))
			}
			switch {
			case c.Option.IsSwitch():
				c.Values[0] = tcp.Time(draw(t, number[int64](0, 1), "switch"))
			case c.Option == tcp.LocalPorts:
				first := draw(t, number[int64](1, 65535), "first port")
				c.Values[0], c.Values[1] = tcp.Time(first), tcp.Time(draw(t, number(first, 65535), "last port"))
			case c.Option == tcp.KeepAlive:
				c.Values[1], c.Values[2] = draw(t, genTime(minOptTime, maxOptTime), "interval"), tcp.Time(draw(t, number[int64](1, 127), "count"))
				if rapid.Bool().Draw(t, "off") {
					c.Values = [3]tcp.Time{}
				}
			}
		case tcp.CallRecv:
			c.Count = draw(t, number(0, engine.MaxSend), "bytes")
			c.Peek, c.WaitAll = rapid.Bool().Draw(t, "peek"), rapid.Bool().Draw(t, "waitall")
		}
		switch c.Verb {
		case tcp.CallBind:
			if c.To = netip.AddrPortFrom(netip.Addr{}, draw(t, number[uint16](0, 65535), "port")); rapid.Bool().Draw(t, "with address") {
				c.To = draw(t, genAddrPort(), "bind")
			}
			c.FD = draw(t, number(1, maxFD), "fd")
		case tcp.CallGet:
			c.Option, c.FD = tcp.SockError, draw(t, number(1, maxFD), "fd")
		case tcp.CallSocket, tcp.CallConnect, tcp.CallAccept, tcp.CallSend, tcp.CallRecv:
			c.Nonblock = rapid.Bool().Draw(t, "nonblock")
		}
		of := c.Peek || c.WaitAll || c.Unspec || c.How != tcp.ShutWrite || c.Verb == tcp.CallSet && c.Option.OfDescriptor()
		if c.Verb < tcp.CallSocket && (of || rapid.Bool().Draw(t, "on a descriptor")) {
			c.FD = draw(t, number(1, maxFD), "fd")
		} else if c.Verb >= tcp.CallSend && c.Verb <= tcp.CallSet {
			c.Conn = tcp.ConnID(draw(t, number[uint32](0, 1<<32-1), "conn"))
		}
		return c
	})
}

func genAction() *rapid.Generator[engine.Action] {
	return rapid.Custom(func(t *rapid.T) engine.Action {
		a := engine.Action{Kind: engine.ActionKind(rapid.IntRange(int(engine.Step), int(engine.Expect)).Draw(t, "kind"))}
		switch a.Kind {
		case engine.Step:
			a.Count = draw(t, number(1, engine.MaxCount), "count")
		case engine.StepUntil, engine.Expect:
			a.Cond = draw(t, genCond(), "cond")
		case engine.Wait:
			a.For = draw(t, genTime(1, engine.MaxWait), "for")
		case engine.Call:
			a.Host, a.Call = engine.HostID(rapid.IntRange(0, 1).Draw(t, "host")), draw(t, genCall(), "call")
		case engine.Drop, engine.Hold, engine.Release:
			a.Seg = draw(t, genSeg(), "seg")
		case engine.Delay:
			a.Seg, a.For = draw(t, genSeg(), "seg"), draw(t, genTime(1, engine.MaxWait), "for")
		case engine.Duplicate:
			a.Seg, a.For = draw(t, genSeg(), "seg"), draw(t, genTime(0, engine.MaxWait), "for")
		case engine.Edit:
			a.Seg, a.Edit = draw(t, genSeg(), "seg"), draw(t, genPatch(false), "edit")
		case engine.Forge:
			a.Host, a.Edit = engine.HostID(rapid.IntRange(0, 1).Draw(t, "host")), draw(t, genPatch(true), "forge")
			if rapid.Bool().Draw(t, "icmp") {
				a.Edit.Seg.ICMP.Kind = draw(t, genICMP(), "error")
				if a.Edit.Seg.ICMP.Kind == wire.TooBig {
					a.Edit.Seg.ICMP.MTU = draw(t, number[uint16](0, 65535), "mtu")
				}
			}
		case engine.AddRule:
			a.Rule = draw(t, genRule(), "rule")
		case engine.RemoveRule:
			a.Count = draw(t, number(1, network.MaxRules), "rule")
		case engine.AddBox:
			a.Box = draw(t, genBox(false), "box")
		case engine.RemoveBox:
			a.Count = draw(t, number(1, network.MaxBoxes), "box")
		}
		return a
	})
}
