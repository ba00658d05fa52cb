package script

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/handshakelab/lab/engine"
	"github.com/handshakelab/lab/engine/rule"
	"github.com/handshakelab/lab/engine/tcp"
	"github.com/handshakelab/lab/engine/wire"
)

// EventLine returns an event as one line for people and for golden files: time in seconds, host, kind, details, and in
// brackets the rule behind it with its numbers.
//
//	1.050000 server  sent           #4 SYN-ACK seq 300 ack 101 win 65535 [mss 1460], arrives 1.100000 [6298:5.4]
func EventLine(ev engine.Event) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %-7s %-13s", clock(ev.At), ev.Host, ev.Kind)
	say := func(format string, args ...any) {
		b.WriteByte(' ')
		fmt.Fprintf(&b, format, args...)
	}
	conn := func() {
		if ev.Conn != 0 {
			say("conn %d", ev.Conn)
		}
	}
	switch ev.Kind {
	case engine.Called:
		say("%s", ev.Call)
		conn()
	case engine.Told:
		if say("%s%s", ev.Notice, ev.Errno); ev.Bytes != 0 {
			say("%d bytes", ev.Bytes)
		}
		conn()
	case engine.Opened:
		conn()
		if ev.Vars != nil {
			say("%s to %s", ev.Vars.Local, ev.Vars.Remote)
		}
	case engine.Removed:
		conn()
	case engine.Changed:
		say("%s to %s", ev.From, ev.To)
		conn()
	case engine.Updated:
		conn()
		if ev.Vars != nil {
			say("%s", vars(ev.Vars))
		}
	case engine.TimerSet:
		say("%s fires %s", ev.Timer, clock(ev.Due))
		conn()
	case engine.TimerStopped, engine.TimerFired:
		say("%s", ev.Timer)
		conn()
	case engine.Sent:
		say("%s %s, arrives %s", ev.Seg, segment(ev.Wire), clock(ev.Due))
	case engine.Injected:
		say("%s %s, because of %s, arrives %s", ev.Seg, segment(ev.Wire), ev.Of, clock(ev.Due))
	case engine.Forged:
		say("%s %s from %s to %s, arrives %s", ev.Seg, segment(ev.Wire), ev.Wire.Src, ev.Wire.Dst, clock(ev.Due))
	case engine.Duplicated:
		say("%s as %s %s, arrives %s", ev.Of, ev.Seg, segment(ev.Wire), clock(ev.Due))
	case engine.Edited:
		say("%s %s, changed %s", ev.Seg, segment(ev.Wire), ev.Fields)
	case engine.Delayed, engine.Released:
		say("%s, arrives %s", ev.Seg, clock(ev.Due))
	case engine.Checked:
		if ev.Seg != 0 {
			say("%s", ev.Seg)
		}
		say("%s", map[bool]string{true: "passed", false: "failed"}[ev.OK])
	case engine.RuleAdded, engine.RuleRemoved, engine.BoxAdded, engine.BoxRemoved:
		say("%d", ev.Count)
	default: // Held, Lost, Passed, Arrived, Discarded, Failed
		if ev.Seg != 0 {
			say("%s", ev.Seg)
		}
	}
	if ev.Text != "" {
		say("(%s)", ev.Text)
	}
	switch {
	case ev.Rule == rule.None:
	case ev.Args == [rule.MaxParams]int64{} && ev.Kind != engine.Checked:
		say("[%s]", ev.Rule) // the rule is named without its numbers
	default:
		say("[%s%s]", ev.Rule, numbers(ev.Rule, ev.Args))
	}
	return b.String()
}

// clock is a time in seconds with all its microseconds, so that lines stand under each other.
func clock(t engine.Time) string {
	if t == tcp.Never {
		return "never"
	}
	return fmt.Sprintf("%d.%06d", t/tcp.Second, t%tcp.Second)
}

// segment is the contents of a segment in a few words; what is as usual is left out.
func segment(s *wire.Segment) string {
	var b strings.Builder
	if s.ICMP.Kind != wire.NoICMP {
		fmt.Fprintf(&b, "ICMP %s ", s.ICMP.Kind)
		if s.ICMP.Kind == wire.TooBig {
			fmt.Fprintf(&b, "mtu %d ", s.ICMP.MTU)
		}
		fmt.Fprintf(&b, "from %s about ", s.Sayer())
	}
	fmt.Fprintf(&b, "%s seq %d", s.Flags.Kind(), uint32(s.Seq))
	if s.Flags.Has(wire.ACK) || s.Ack != 0 {
		fmt.Fprintf(&b, " ack %d", uint32(s.Ack))
	}
	fmt.Fprintf(&b, " win %d", s.Window)
	if s.Offset != 0 {
		fmt.Fprintf(&b, " offset %d", s.Offset)
	}
	if s.Reserved != 0 {
		fmt.Fprintf(&b, " reserved %d", s.Reserved)
	}
	if s.Urgent != 0 {
		fmt.Fprintf(&b, " urgent %d", s.Urgent)
	}
	if !s.SumOK() {
		fmt.Fprintf(&b, " checksum 0x%04x not 0x%04x", s.Sum(), s.RightSum())
	}
	if o := s.Options.Text(); o != "" {
		b.WriteString(" [" + o + "]")
	}
	if n := len(s.Payload); n > 0 {
		fmt.Fprintf(&b, " payload %d", n)
	}
	return b.String()
}

// vars is a connection in the words of RFC 9293 section 3.3.1. What the peer decides stands there once it is known.
func vars(t *tcp.TCB) string {
	s := fmt.Sprintf("%s ISS %d SND.UNA %d SND.NXT %d SND.WND %d", t.State, uint32(t.ISS), uint32(t.SndUna), uint32(t.SndNxt), t.SndWnd)
	if t.State != tcp.SynSent {
		s += fmt.Sprintf(" IRS %d RCV.NXT %d", uint32(t.IRS), uint32(t.RcvNxt))
	}
	s += fmt.Sprintf(" RCV.WND %d RTO %s", t.RcvWnd, t.RTO)
	if t.Retries > 0 {
		s += fmt.Sprintf(" retries %d", t.Retries)
	}
	if t.SRTT > 0 {
		s += fmt.Sprintf(" SRTT %s", t.SRTT)
	}
	return s
}

// numbers are the parameters of a rule with their values, " SEG.ACK=101 ISS=100".
func numbers(id rule.ID, args [rule.MaxParams]int64) string {
	r, ok := rule.Lookup(id)
	if !ok {
		return ""
	}
	var b strings.Builder
	for i, name := range r.Params {
		value := strconv.FormatInt(args[i], 10)
		if base, isTime := strings.CutSuffix(name, ".us"); isTime {
			name, value = base, tcp.Time(args[i]).String()
		}
		b.WriteString(" " + name + "=" + value)
	}
	return b.String()
}
