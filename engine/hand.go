package engine

import (
	"net/netip"
	"strings"

	"github.com/handshakelab/lab/engine/rule"
	"github.com/handshakelab/lab/engine/wire"
)

// touch is the learner's hand on segment i of the wire.
func (w *World) touch(i int, a *Action, rec *Recorder) *ActionError {
	f := &w.flights[i]
	switch a.Kind {
	case Drop:
		w.lose(i, rule.LabDrop, rec)

	case Delay:
		if a.For < 1 || a.For > MaxWait {
			return outsideTime("the delay", 1, MaxWait)
		}
		f.due = later(f.due, a.For)
		f.dies = later(f.dies, a.For)
		f.mid = later(f.middle(w.now), a.For)
		e := w.event(rec, Delayed, Network)
		e.Seg, e.Due, e.Rule = f.id, f.public().Due, rule.LabDelay

	case Hold:
		if f.held {
			return fail(AlreadyHeld, "segment ", f.id.String(), " is already held").hint("release ", f.id.String())
		}
		f.mid = f.middle(w.now)
		f.held = true
		f.due -= w.now
		if f.dies != Never {
			f.dies -= w.now
		}
		if f.mid != Never {
			f.mid -= w.now
		}
		e := w.event(rec, Held, Network)
		e.Seg, e.Due, e.Rule = f.id, Never, rule.LabHold

	case Release:
		if !f.held {
			return fail(NotHeld, "segment ", f.id.String(), " is not held: it is on its way").hint("hold ", f.id.String())
		}
		f.held = false
		f.due = later(f.due, w.now)
		f.dies = later(f.dies, w.now)
		f.mid = later(f.mid, w.now)
		e := w.event(rec, Released, Network)
		e.Seg, e.Due, e.Rule = f.id, f.due, rule.LabRelease

	case Duplicate:
		switch {
		case a.For < 0 || a.For > MaxWait:
			return outsideTime("the delay of the copy", 0, MaxWait)
		case len(w.flights) >= MaxFlying:
			return crowded()
		}
		due := f.due
		if f.held {
			due = later(due, w.now)
		}
		w.copyOf(f, due+a.For, rule.LabDuplicate, "", rec)

	case Edit:
		if err := a.Edit.check(w.six()); err != nil {
			return err
		}
		before := f.seg
		a.Edit.apply(&f.seg)
		f.edited(&before)
		e := w.event(rec, Edited, Network)
		e.Seg, e.Wire, e.Rule, e.Fields = f.id, rec.segment(&f.seg), rule.LabEdit, changed(a.Edit.Set, &before, &f.seg)
	}
	return nil
}

// later is t + d, where Never stays Never.
func later(t, d Time) Time {
	if t == Never {
		return Never
	}
	return t + d
}

func crowded() *ActionError {
	return fail(Limit, "there are too many segments on the wire to add one").hint("let some of them arrive")
}

// forge puts a segment of the learner's own on the wire. What the patch leaves out is as the other host would write it: its
// address and that of the target, and the ports of the target's newest connection or else those of the set-up.
func (w *World) forge(a *Action, rec *Recorder) *ActionError {
	if a.Host > Server {
		return fail(BadAction, "a segment is forged to the client or to the server")
	}
	if err := a.Edit.check(w.six()); err != nil {
		return err
	}
	if k := a.Edit.Seg.ICMP.Kind; k >= wire.NumICMPKinds {
		return fail(BadEdit, "there is no such ICMP error")
	}
	if len(w.flights) >= MaxFlying {
		return crowded()
	}
	to, from := a.Host, other(a.Host)
	seg := wire.Segment{
		Src:    w.setup.Hosts[from].Addr,
		Dst:    w.setup.Hosts[to].Addr,
		Window: 65535,
		TTL:    64,
		DF:     true,
	}
	if conns := w.hosts[to].Conns(); len(conns) > 0 {
		if c := &conns[len(conns)-1]; c.Remote.Addr() == seg.Src.Addr() {
			seg.Src, seg.Dst = c.Remote, c.Local
		}
	}
	if a.Edit.Seg.ICMP.Kind != wire.NoICMP {
		// The error is about a segment that the target sent, and pretends to come from the other host.
		seg.Src, seg.Dst = seg.Dst, seg.Src
		seg.ICMP = a.Edit.Seg.ICMP
		seg.ICMP.Router = 0
	}
	a.Edit.apply(&seg)
	way := w.path.Delay(direction(to))
	f := w.launch(&seg, forged)
	f.from, f.to, f.sent, f.due, f.mid = Network, to, w.now, w.now+way, w.now+way/2
	e := w.event(rec, Forged, Network)
	e.Seg, e.Wire, e.Due, e.Rule, e.Toward = f.id, rec.segment(&seg), f.due, rule.LabForge, to
	return nil
}

// six reports whether the hosts speak IPv6.
func (w *World) six() bool { return w.setup.Hosts[Client].Addr.Addr().Is6() }

// check returns what is wrong with the values that p sets, or nil.
func (p *Patch) check(six bool) *ActionError {
	switch {
	case p.Set&^allFields != 0:
		return fail(BadEdit, "the edit names a field that does not exist")
	case p.Set == 0:
		return fail(BadEdit, "the edit names no field").hint("the fields are ", allFields.String())
	case p.Set&FieldOffset != 0 && p.Seg.Offset > 15:
		return outside("the data offset", 0, 15)
	case p.Set&FieldReserved != 0 && p.Seg.Reserved > 15:
		return outside("the reserved bits", 0, 15)
	case p.Set&FieldPayload != 0 && len(p.Seg.Payload) > MaxData:
		return outside("the length of the payload", 0, MaxData)
	}
	for _, a := range [...]struct {
		field Field
		addr  netip.Addr
	}{{FieldSrcAddr, p.Seg.Src.Addr()}, {FieldDstAddr, p.Seg.Dst.Addr()}} {
		switch {
		case p.Set&a.field == 0:
		case six && (!a.addr.Is6() || a.addr.Is4In6() || a.addr.Zone() != ""):
			return fail(BadEdit, "in this run an address is an IPv6 address")
		case !six && !a.addr.Is4():
			return fail(BadEdit, "in this run an address is an IPv4 address")
		}
	}
	return nil
}

// apply writes the fields that p sets into s. The checksum is right afterwards, unless p sets it or keeps it.
func (p *Patch) apply(s *wire.Segment) {
	sum, v := uint16(0), &p.Seg
	if p.KeepSum {
		sum = s.Sum()
	}
	src, dst := s.Src, s.Dst
	for f := FieldSrcPort; f <= allFields; f <<= 1 {
		switch f & p.Set {
		case FieldSrcPort:
			src = netip.AddrPortFrom(src.Addr(), v.Src.Port())
		case FieldDstPort:
			dst = netip.AddrPortFrom(dst.Addr(), v.Dst.Port())
		case FieldSrcAddr:
			src = netip.AddrPortFrom(v.Src.Addr(), src.Port())
		case FieldDstAddr:
			dst = netip.AddrPortFrom(v.Dst.Addr(), dst.Port())
		case FieldSeq:
			s.Seq = v.Seq
		case FieldAck:
			s.Ack = v.Ack
		case FieldOffset:
			s.Offset = v.Offset
		case FieldReserved:
			s.Reserved = v.Reserved
		case FieldFlags:
			s.Flags = v.Flags
		case FieldWindow:
			s.Window = v.Window
		case FieldUrgent:
			s.Urgent = v.Urgent
		case FieldOptions:
			s.Options = v.Options
		case FieldPayload:
			s.Payload = v.Payload
		case FieldTTL:
			s.TTL = v.TTL
		}
	}
	s.Src, s.Dst = src, dst
	switch {
	case p.Set&FieldChecksum != 0:
		s.FixedSum, s.Checksum = true, v.Checksum
	case p.KeepSum:
		s.FixedSum, s.Checksum = true, sum
	default:
		s.FixedSum, s.Checksum = false, 0
	}
}

// changed returns the fields in which before and after differ. The checksum counts when it is set, not when it follows from
// the other fields.
func changed(set Field, before, after *wire.Segment) Field {
	var f Field
	for _, c := range [...]struct {
		field Field
		now   bool
	}{
		{FieldSrcPort, before.Src.Port() != after.Src.Port()},
		{FieldDstPort, before.Dst.Port() != after.Dst.Port()},
		{FieldSeq, before.Seq != after.Seq},
		{FieldAck, before.Ack != after.Ack},
		{FieldOffset, before.Offset != after.Offset},
		{FieldReserved, before.Reserved != after.Reserved},
		{FieldFlags, before.Flags != after.Flags},
		{FieldWindow, before.Window != after.Window},
		{FieldChecksum, set&FieldChecksum != 0 && before.Sum() != after.Sum()},
		{FieldUrgent, before.Urgent != after.Urgent},
		{FieldOptions, before.Options != after.Options},
		{FieldPayload, before.Payload != after.Payload},
		{FieldTTL, before.TTL != after.TTL},
		{FieldSrcAddr, before.Src.Addr() != after.Src.Addr()},
		{FieldDstAddr, before.Dst.Addr() != after.Dst.Addr()},
	} {
		if c.now {
			f |= c.field
		}
	}
	return f
}

// String returns the names of the fields as the scenario language and the live protocol spell them, "seq,ack".
func (f Field) String() string {
	var names []string
	for i, name := range fieldNames {
		if f&(1<<i) != 0 {
			names = append(names, name)
		}
	}
	return strings.Join(names, ",")
}

// fieldNames are in the order of the bits of Field.
var fieldNames = [...]string{"sport", "dport", "seq", "ack", "offset", "reserved", "flags", "window", "checksum", "urgent",
	"options", "payload", "ttl", "src", "dst"}

const allFields Field = 1<<len(fieldNames) - 1

// FieldByName returns the field that String calls name.
func FieldByName(name string) (Field, bool) {
	for i, n := range fieldNames {
		if n == name {
			return 1 << i, true
		}
	}
	return 0, false
}
