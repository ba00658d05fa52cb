package packetdrill

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"net/netip"
	"strconv"
	"strings"

	"github.com/handshakelab/lab/engine/tcp"
	"github.com/handshakelab/lab/engine/wire"
)

// A flow is a connection as the script sees it: with its own numbers, which are not those on the wire. Segments of a script
// belong to the flow under test, the newest one.
type flow struct {
	listening     bool // the next inbound segment begins a flow of its own
	local, remote netip.AddrPort
	begun         bool // the host's SYN was seen: its initial number is known
	next          int  // where in all that the host has sent its next segment is looked for
	answered      bool // the script's side has sent something: its initial number is known

	// The initial numbers in the script and on the wire. Segments with SYN have the script's, all others count from 0.
	scriptLocal, liveLocal   wire.Seq
	scriptRemote, liveRemote wire.Seq

	cookie *cookie

	// Timestamps of the host: those of the script with those on the wire that they stand for, and the first pair.
	stamps                  map[uint32]uint32
	firstScript, firstStamp uint32
}

// A cookie is the Fast Open cookie that the host gives out. Like an initial number it is another one on the wire than in the script.
type cookie struct{ script, live []byte }

// swap replaces one cookie by another in the data of an option.
func swap(kind uint8, data, from, to []byte) {
	if kind == wire.KindExperiment && len(data) > 2 {
		data = data[2:]
	} else if kind != wire.KindFastOpen {
		return
	}
	if bytes.Equal(data, from) {
		copy(data, to)
	}
}

// sends reports whether a segment is one that the host sends in this flow.
func (f *flow) sends(seg *wire.Segment) bool { return seg.Src == f.local && seg.Dst == f.remote }

// localShift is what is added to a number of the host in the script to have it as on the wire.
func (f *flow) localShift(syn bool) wire.Seq {
	if syn {
		return f.liveLocal - f.scriptLocal
	}
	return f.liveLocal
}

// remoteShift is likewise for numbers of the script's own side.
func (f *flow) remoteShift(syn bool) wire.Seq {
	if syn {
		return f.liveRemote - f.scriptRemote
	}
	return f.liveRemote
}

// inbound makes the segment on the wire of one in the script.
func (f *flow) inbound(p *Packet, scaled bool) (wire.Segment, string) {
	seg := wire.Segment{
		Src: f.remote, Dst: f.local, Flags: p.Flags, Window: uint16(p.Window), Urgent: p.Urgent, Options: p.Options,
		Payload: strings.Repeat("\x00", p.Len), TTL: p.TTL, DF: true,
	}
	if seg.TTL == 0 {
		seg.TTL = 255
	}
	if p.SrcPort != 0 {
		seg.Src = netip.AddrPortFrom(seg.Src.Addr(), p.SrcPort)
	}
	if p.DstPort != 0 {
		seg.Dst = netip.AddrPortFrom(seg.Dst.Addr(), p.DstPort)
	}
	if p.TOS.kind != tosAny {
		seg.TOS = p.TOS.value
	}
	syn := p.Flags.Has(wire.SYN)
	seg.Seq = p.Seq + f.remoteShift(syn)
	ack := p.Flags.Has(wire.ACK)
	if ack {
		seg.Ack = p.Ack + f.localShift(syn)
	}
	why := ""
	seg.Options = rewrite(p.Options, func(kind uint8, data []byte) {
		switch {
		case kind == wire.KindFastOpen || kind == wire.KindExperiment:
			swap(kind, data, f.cookie.script, f.cookie.live)
		case kind == wire.KindSACK:
			shift(data, f.localShift(syn))
		case kind == wire.KindTimestamps && len(data) == 8 && ack:
			ecr := binary.BigEndian.Uint32(data[4:])
			live, ok := f.stamps[ecr]
			switch {
			case ok:
			case scaled && f.stamps != nil:
				live = ecr - f.firstScript + f.firstStamp
			default:
				why = fmt.Sprintf("no segment of the host had TS val %d, so there is nothing that ecr %d could echo", ecr, ecr)
			}
			binary.BigEndian.PutUint32(data[4:], live)
		}
	})
	return seg, why
}

// quoted makes the ICMP message on the wire of one in the script: about a segment that the host sent.
func (f *flow) quoted(p *Packet) wire.Segment {
	return wire.Segment{Src: f.local, Dst: f.remote, Seq: p.Seq + f.liveLocal, Flags: wire.ACK, Payload: strings.Repeat("\x00", p.Len), TTL: 64, DF: true, ICMP: p.ICMP}
}

// actual makes of a segment on the wire one as the script would write it. Timestamps of the host stay as far from the first one
// as they are on the wire.
func (f *flow) actual(seg *wire.Segment) *Packet {
	syn := seg.Flags.Has(wire.SYN)
	p := &Packet{Out: true, Flags: seg.Flags, Seq: seg.Seq - f.localShift(syn), Len: len(seg.Payload), Window: int(seg.Window), Urgent: seg.Urgent,
		TTL: seg.TTL, TOS: tosCheck{tosByte, seg.TOS}, SrcPort: seg.Src.Port(), DstPort: seg.Dst.Port()}
	if seg.Flags.Has(wire.ACK) {
		p.Ack = seg.Ack - f.remoteShift(syn)
	}
	p.Options = rewrite(seg.Options, func(kind uint8, data []byte) {
		switch {
		case kind == wire.KindFastOpen || kind == wire.KindExperiment:
			swap(kind, data, f.cookie.live, f.cookie.script)
		case kind == wire.KindSACK:
			shift(data, -f.remoteShift(syn))
		case kind == wire.KindTimestamps && len(data) == 8 && f.stamps != nil:
			binary.BigEndian.PutUint32(data, binary.BigEndian.Uint32(data)-f.firstStamp+f.firstScript)
		}
	})
	return p
}

// learn takes from a segment that the host sent what the script's numbers stand for.
func (f *flow) learn(p *Packet, seg *wire.Segment) {
	if !f.begun && seg.Flags.Has(wire.SYN) && p.Flags.Has(wire.SYN) {
		f.begun, f.scriptLocal, f.liveLocal = true, p.Seq, seg.Seq
	}
	script, live := p.Options.Parse(), seg.Options.Parse()
	if seg.Flags.Has(wire.SYN|wire.ACK) && live.CookieLen > 0 && script.CookieLen == live.CookieLen {
		f.cookie.script, f.cookie.live = bytes.Clone(script.Cookie[:script.CookieLen]), bytes.Clone(live.Cookie[:live.CookieLen])
	}
	if !script.HasTimestamps || !live.HasTimestamps {
		return
	}
	if f.stamps == nil {
		f.stamps = map[uint32]uint32{}
		f.firstScript, f.firstStamp = script.TSVal, live.TSVal
	}
	f.stamps[script.TSVal] = live.TSVal
}

// rewrite lets edit change the data of each option.
func rewrite(o wire.Options, edit func(kind uint8, data []byte)) wire.Options {
	b := o.Bytes()
	for opt := range o.All() {
		if !opt.Bad && len(opt.Data) > 0 && opt.Kind != wire.KindEOL {
			edit(opt.Kind, b[opt.At+2:opt.At+2+len(opt.Data)])
		}
	}
	out, _ := wire.RawOptions(b)
	return out
}

// shift moves the edges of SACK blocks.
func shift(data []byte, by wire.Seq) {
	for len(data) >= 4 {
		binary.BigEndian.PutUint32(data, binary.BigEndian.Uint32(data)+uint32(by))
		data = data[4:]
	}
}

// A difference is one field in which two segments differ.
type difference struct{ field, expected, actual string }

// differences compares the segment that the script expects with the one that the host sent. What the script does not say is
// not compared, and timestamps only when their tick is known.
func differences(want, got *Packet, tick, tolerance tcp.Time) []difference {
	var list []difference
	add := func(field, expected, actual string) {
		if expected != actual {
			list = append(list, difference{field, expected, actual})
		}
	}
	number := func(field string, expected, actual int64) {
		add(field, strconv.FormatInt(expected, 10), strconv.FormatInt(actual, 10))
	}
	add("flags", flagText(want.Flags), flagText(got.Flags))
	number("seq", int64(want.Seq), int64(got.Seq))
	number("length", int64(want.Len), int64(got.Len))
	if want.Flags.Has(wire.ACK) && got.Flags.Has(wire.ACK) {
		number("ack", int64(want.Ack), int64(got.Ack))
	}
	if want.Window >= 0 {
		number("win", int64(want.Window), int64(got.Window))
	}
	number("urg", int64(want.Urgent), int64(got.Urgent))
	if !want.AnyOptions && !sameOptions(want.Options, got.Options, tick, tolerance) {
		list = append(list, difference{"options", "<" + optionsText(want.Options) + ">", "<" + optionsText(got.Options) + ">"})
	}
	if want.TTL != 0 {
		number("ttl", int64(want.TTL), int64(got.TTL))
	}
	const ecn = 3
	switch tos := got.TOS.value; want.TOS.kind {
	case tosECN:
		add("ecn", ecnNames[want.TOS.value], ecnNames[tos&ecn])
	case tosECT:
		if tos&ecn != 1 && tos&ecn != 2 {
			list = append(list, difference{"ecn", "ect01", ecnNames[tos&ecn]})
		}
	case tosByte:
		add("tos", fmt.Sprintf("%#x", want.TOS.value), fmt.Sprintf("%#x", tos))
	}
	if want.SrcPort != 0 {
		number("source port", int64(want.SrcPort), int64(got.SrcPort))
	}
	if want.DstPort != 0 {
		number("destination port", int64(want.DstPort), int64(got.DstPort))
	}
	return list
}

var ecnNames = [4]string{"noecn", "ect1", "ect0", "ce"}

// sameOptions compares options in their order. What a timestamp echoes is the host's affair.
func sameOptions(want, got wire.Options, tick, tolerance tcp.Time) bool {
	a, b := allOptions(want), allOptions(got)
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		switch {
		case a[i].Kind != b[i].Kind || len(a[i].Data) != len(b[i].Data):
			return false
		case a[i].Kind == wire.KindTimestamps && len(a[i].Data) == 8:
			off := tcp.Time(int32(binary.BigEndian.Uint32(a[i].Data) - binary.BigEndian.Uint32(b[i].Data)))
			if tick > 0 && max(off, -off)*tick > tolerance {
				return false
			}
		case string(a[i].Data) != string(b[i].Data):
			return false
		}
	}
	return true
}

func allOptions(o wire.Options) []wire.Option {
	var list []wire.Option
	for opt := range o.All() {
		list = append(list, opt)
	}
	return list
}

// flagText writes flags as a script does.
func flagText(f wire.Flags) string {
	s := ""
	for _, l := range []struct {
		flag   wire.Flags
		letter string
	}{{wire.SYN, "S"}, {wire.FIN, "F"}, {wire.RST, "R"}, {wire.PSH, "P"}, {wire.URG, "U"}, {wire.ECE, "E"}, {wire.CWR, "W"}, {wire.ACK, "."}} {
		if f.Has(l.flag) {
			s += l.letter
		}
	}
	if s == "" {
		return "-"
	}
	return s
}

// String writes a segment as a script does, without the direction.
func (p *Packet) String() string {
	s := fmt.Sprintf("%s %d:%d(%d)", flagText(p.Flags), p.Seq, p.Seq.Add(uint32(p.Len)), p.Len)
	if p.Flags.Has(wire.ACK) {
		s += fmt.Sprintf(" ack %d", p.Ack)
	}
	if p.Window >= 0 {
		s += fmt.Sprintf(" win %d", p.Window)
	}
	if p.Urgent != 0 {
		s += fmt.Sprintf(" urg %d", p.Urgent)
	}
	switch {
	case p.AnyOptions:
		s += " <...>"
	case p.Options.Len() > 0:
		s += " <" + optionsText(p.Options) + ">"
	}
	return s
}

// optionsText writes options as a script does, without the brackets.
func optionsText(o wire.Options) string {
	var parts []string
	for _, opt := range allOptions(o) {
		parts = append(parts, optionTextOf(opt))
	}
	return strings.Join(parts, ",")
}

func optionTextOf(o wire.Option) string {
	u32 := func(at int) uint32 { return binary.BigEndian.Uint32(o.Data[at:]) }
	n := len(o.Data)
	switch {
	case o.Bad:
	case o.Kind == wire.KindEOL:
		return "eol"
	case o.Kind == wire.KindNOP:
		return "nop"
	case o.Kind == wire.KindMSS && n == 2:
		return fmt.Sprintf("mss %d", binary.BigEndian.Uint16(o.Data))
	case o.Kind == wire.KindWindowScale && n == 1:
		return fmt.Sprintf("wscale %d", o.Data[0])
	case o.Kind == wire.KindSACKPermitted && n == 0:
		return "sackOK"
	case o.Kind == wire.KindTimestamps && n == 8:
		return fmt.Sprintf("TS val %d ecr %d", u32(0), u32(4))
	case o.Kind == wire.KindSACK && n%8 == 0:
		s := "sack"
		for at := 0; at < n; at += 8 {
			s += fmt.Sprintf(" %d:%d", u32(at), u32(at+4))
		}
		return s
	case o.Kind == wire.KindFastOpen:
		return strings.TrimSpace(fmt.Sprintf("FO %x", o.Data))
	case o.Kind == wire.KindExperiment && n >= 2 && binary.BigEndian.Uint16(o.Data) == fastOpenMagic:
		return strings.TrimSpace(fmt.Sprintf("FOEXP %x", o.Data[2:]))
	case o.Kind == wire.KindMD5:
		return fmt.Sprintf("md5 %x", o.Data)
	}
	return fmt.Sprintf("option %d %x", o.Kind, o.Data)
}
