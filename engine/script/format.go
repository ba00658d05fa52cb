package script

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/handshakelab/lab/engine"
	"github.com/handshakelab/lab/engine/network"
	"github.com/handshakelab/lab/engine/tcp"
	"github.com/handshakelab/lab/engine/wire"
)

// Format writes a run as the one text that stands for it. Parse gives the same set-up and the same actions back, except
// that steps in a row are one line (see Merge), and Format of that gives the same text.
func Format(setup engine.Setup, actions []engine.Action) string {
	return (&Scenario{Setup: setup, Actions: actions}).String()
}

// String returns the scenario in its canonical form: Format, with the title and the notes. Comments are not kept.
func (sc *Scenario) String() string {
	var b strings.Builder
	if sc.Title != "" {
		b.WriteString("title " + sc.Title + "\n")
	}
	b.WriteString(FormatSetup(sc.Setup))
	if len(sc.Actions) > 0 && (sc.Actions[0].Kind == engine.AddRule || sc.Actions[0].Kind == engine.AddBox) {
		b.WriteString("start\n") // a rule or a box that is an action must not be taken for one of the set-up
	}
	notes := sc.Notes
	for i := 0; i <= len(sc.Actions); {
		for len(notes) > 0 && notes[0].After <= i {
			b.WriteString("note " + notes[0].Text + "\n")
			notes = notes[1:]
		}
		if i == len(sc.Actions) {
			break
		}
		// Steps are merged, but not across a note.
		end := len(sc.Actions)
		if len(notes) > 0 {
			end = min(end, notes[0].After)
		}
		a, n := merged(sc.Actions[i:end])
		b.WriteString(FormatAction(a) + "\n")
		i += n
	}
	return b.String()
}

// Merge returns the actions with steps that follow each other as one action: "step" twice is "step 2". It changes nothing
// about the run.
func Merge(actions []engine.Action) []engine.Action {
	var out []engine.Action
	for len(actions) > 0 {
		a, n := merged(actions)
		out = append(out, a)
		actions = actions[n:]
	}
	return out
}

// merged returns the first action with the steps that follow it, and how many actions that are.
func merged(actions []engine.Action) (engine.Action, int) {
	a, n := actions[0], 1
	if a.Kind != engine.Step {
		return a, n
	}
	a.Count = max(a.Count, 1)
	for n < len(actions) && actions[n].Kind == engine.Step && a.Count+max(actions[n].Count, 1) <= engine.MaxCount {
		a.Count += max(actions[n].Count, 1)
		n++
	}
	return a, n
}

// FormatSetup writes a set-up as lines, each with its line end.
func FormatSetup(s engine.Setup) string {
	var b strings.Builder
	for id, h := range s.Hosts {
		b.WriteString(engine.HostID(id).String())
		writeHost(&b, &h)
		b.WriteByte('\n')
	}
	there, back := s.Path.Delay[network.ToServer], s.Path.Delay[network.ToClient]
	b.WriteString("delay " + there.String())
	if back != there {
		b.WriteString(" " + back.String())
	}
	b.WriteByte('\n')
	if s.Path.Jitter != 0 {
		fmt.Fprintf(&b, "jitter %s\n", s.Path.Jitter)
	}
	if there, back := s.Path.Loss[network.ToServer], s.Path.Loss[network.ToClient]; there != 0 || back != 0 {
		b.WriteString("loss " + formatPercent(there))
		if back != there {
			b.WriteString(" " + formatPercent(back))
		}
		b.WriteByte('\n')
	}
	if s.Path.Reorder != 0 {
		fmt.Fprintf(&b, "reorder %s %s\n", formatPercent(s.Path.Reorder), s.Path.ReorderBy)
	}
	if s.Path.Duplicate != 0 {
		fmt.Fprintf(&b, "duplicate %s\n", formatPercent(s.Path.Duplicate))
	}
	if s.Seed != 0 {
		fmt.Fprintf(&b, "seed %d\n", s.Seed)
	}
	for _, box := range s.Path.Boxes {
		fmt.Fprintf(&b, "%s\n", box)
	}
	for _, r := range s.Path.Rules {
		fmt.Fprintf(&b, "rule %s\n", r)
	}
	return b.String()
}

func writeHost(b *strings.Builder, h *engine.HostSetup) {
	if h.Addr.IsValid() {
		b.WriteString(" " + h.Addr.String())
	}
	for i, n := range h.ISNs {
		b.WriteString(map[bool]string{true: " isn ", false: ","}[i == 0] + strconv.FormatUint(uint64(n), 10))
	}
	if k := h.Options.ISN; k != tcp.ISNKeyed {
		b.WriteString(map[bool]string{true: " isn ", false: ","}[len(h.ISNs) == 0] + k.String())
	}
	if h.Profile != "" {
		b.WriteString(" profile " + h.Profile)
	}
	o := &h.Options
	if o.MSS != 0 {
		fmt.Fprintf(b, " mss %d", o.MSS)
	}
	if o.Window.Set {
		fmt.Fprintf(b, " window %d", o.Window.V)
	}
	if o.ScaleOff {
		b.WriteString(" wscale off")
	} else if o.Scale.Set {
		fmt.Fprintf(b, " wscale %d", o.Scale.V)
	}
	if o.SACK.Set {
		b.WriteString(" sack " + onOff(o.SACK.V))
	}
	if o.Timestamps.Set {
		b.WriteString(" timestamps " + onOff(o.Timestamps.V))
	}
	for _, s := range smallSettings {
		if v := s.of(o); v.Set {
			fmt.Fprintf(b, " %s %d", s.name, v.V)
		}
	}
	for _, s := range switchSettings {
		if v := s.of(o); v.Set {
			b.WriteString(" " + s.name + " " + onOff(v.V))
		}
	}
	for _, s := range timeSettings {
		if v := *s.of(o); v != 0 {
			b.WriteString(" " + s.name + " " + v.String())
		}
	}
	if o.MaxSynBacklog != 0 {
		fmt.Fprintf(b, " max-syn-backlog %d", o.MaxSynBacklog)
	}
	if o.Ports != 0 {
		fmt.Fprintf(b, " ports %d", o.Ports)
	}
	if o.Broken != 0 {
		b.WriteString(" broken " + o.Broken.String())
	}
}

func onOff(v bool) string {
	if v {
		return "on"
	}
	return "off"
}

func formatPercent(millionths uint32) string {
	s := fmt.Sprintf("%d.%04d", millionths/10_000, millionths%10_000)
	return strings.TrimRight(strings.TrimRight(s, "0"), ".") + "%"
}

// FormatAction writes an action as a line without its line end.
func FormatAction(a engine.Action) string {
	switch a.Kind {
	case engine.Step:
		if a.Count <= 1 {
			return "step"
		}
		return "step " + strconv.Itoa(a.Count)
	case engine.StepUntil:
		return "step until " + a.Cond.String()
	case engine.Wait:
		return "wait " + a.For.String()
	case engine.Call:
		return a.Host.String() + " " + formatCall(a.Call)
	case engine.Drop:
		return "drop " + a.Seg.String()
	case engine.Delay:
		return "delay " + a.Seg.String() + " " + a.For.String()
	case engine.Hold:
		return "hold " + a.Seg.String()
	case engine.Release:
		return "release " + a.Seg.String()
	case engine.Duplicate:
		if a.For == 0 {
			return "duplicate " + a.Seg.String()
		}
		return "duplicate " + a.Seg.String() + " after " + a.For.String()
	case engine.Edit:
		return "edit " + a.Seg.String() + formatPatch(a.Edit, a.Edit.Set)
	case engine.Forge:
		what := ""
		if icmp := a.Edit.Seg.ICMP; icmp.Kind != wire.NoICMP {
			if what = "ICMP " + icmp.Kind.String() + " "; icmp.Kind == wire.TooBig {
				what += strconv.Itoa(int(icmp.MTU)) + " "
			}
		}
		return "forge to " + a.Host.String() + " " + what + a.Edit.Seg.Flags.Kind() + formatPatch(a.Edit, a.Edit.Set&^engine.FieldFlags)
	case engine.AddRule:
		return "rule " + a.Rule.String()
	case engine.RemoveRule:
		return "unrule " + strconv.Itoa(a.Count)
	case engine.AddBox:
		return a.Box.String()
	case engine.RemoveBox:
		return "unbox " + strconv.Itoa(a.Count)
	case engine.Expect:
		return "expect " + a.Cond.String()
	}
	return fmt.Sprintf("# action %d is not known", a.Kind)
}

// formatCall writes a socket call. Only the text that it sends is more than the call says of itself.
func formatCall(c tcp.Call) string {
	text := strconv.Itoa(len(c.Data))
	if c.Data != filler(len(c.Data)) || c.Data == "" {
		text = Quote(c.Data)
	}
	return c.Format(text)
}

// formatPatch writes the fields of set, each with a blank before it.
func formatPatch(p engine.Patch, set engine.Field) string {
	var b strings.Builder
	s := &p.Seg
	for _, f := range fields {
		if f == engine.FieldChecksum && p.KeepSum {
			b.WriteString(" checksum=keep")
			continue
		}
		if set&f == 0 {
			continue
		}
		b.WriteString(" " + f.String() + "=")
		switch f {
		case engine.FieldSrcPort:
			fmt.Fprint(&b, s.Src.Port())
		case engine.FieldDstPort:
			fmt.Fprint(&b, s.Dst.Port())
		case engine.FieldSeq:
			fmt.Fprint(&b, uint32(s.Seq))
		case engine.FieldAck:
			fmt.Fprint(&b, uint32(s.Ack))
		case engine.FieldOffset:
			if s.Offset == 0 {
				b.WriteString("right")
			} else {
				fmt.Fprint(&b, s.Offset)
			}
		case engine.FieldReserved:
			fmt.Fprint(&b, s.Reserved)
		case engine.FieldFlags:
			b.WriteString(s.Flags.String())
		case engine.FieldWindow:
			fmt.Fprint(&b, s.Window)
		case engine.FieldChecksum:
			fmt.Fprintf(&b, "0x%04x", s.Checksum)
		case engine.FieldUrgent:
			fmt.Fprint(&b, s.Urgent)
		case engine.FieldOptions:
			b.WriteString(Quote(s.Options.Text()))
		case engine.FieldPayload:
			b.WriteString(Quote(s.Payload))
		case engine.FieldTTL:
			fmt.Fprint(&b, s.TTL)
		case engine.FieldSrcAddr:
			b.WriteString(s.Src.Addr().String())
		case engine.FieldDstAddr:
			b.WriteString(s.Dst.Addr().String())
		}
	}
	return b.String()
}

// FormatCond writes a condition.
func FormatCond(c engine.Cond) string { return c.String() }

// Quote writes any bytes as a text in quotes that the scenario language reads back: letters of any script as they are, the
// rest as escapes.
func Quote(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for i := 0; i < len(s); {
		r, size := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\r':
			b.WriteString(`\r`)
		case r == '\t':
			b.WriteString(`\t`)
		case r == ' ' || unicode.IsGraphic(r) && !isControl(r) && !(r == utf8.RuneError && size == 1):
			b.WriteString(s[i : i+size])
		default:
			for _, c := range []byte(s[i : i+size]) {
				fmt.Fprintf(&b, `\x%02x`, c)
			}
		}
		i += size
	}
	b.WriteByte('"')
	return b.String()
}
