package i18n

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/handshakelab/lab/engine"
	"github.com/handshakelab/lab/engine/rule"
	"github.com/handshakelab/lab/engine/tcp"
	"github.com/handshakelab/lab/engine/wire"
)

// A Narrator tells the events of one branch of a run in their order. static/js/sim/sentence.js is the same in the browser;
// both are held to testdata/sentences.json.
type Narrator struct {
	cat      *Catalog
	segments map[engine.SegID]wire.Segment
	sent     map[sentKey]bool
}

// A sentKey tells a segment that is sent for the first time from one that is sent again.
type sentKey struct {
	host     engine.HostID
	src, dst string
	seq      wire.Seq
	flags    wire.Flags
}

// Narrator returns a narrator in the language of c that has not heard anything yet.
func (c *Catalog) Narrator() *Narrator {
	return &Narrator{cat: c, segments: map[engine.SegID]wire.Segment{}, sent: map[sentKey]bool{}}
}

// facts are what must be known to tell an event, beside the event.
type facts struct {
	seg   wire.Segment
	known bool
	again bool
}

// carriesWire lists the kinds whose events bring the contents of their segment.
func carriesWire(k engine.Kind) bool {
	return k == engine.Sent || k == engine.Forged || k == engine.Edited || k == engine.Duplicated || k == engine.Injected
}

func (n *Narrator) add(e *engine.Event) facts {
	again := false
	if e.Seg != 0 && carriesWire(e.Kind) {
		n.segments[e.Seg] = *e.Wire
		if e.Kind == engine.Sent && e.Wire.Len() > 0 {
			key := sentKey{e.Host, e.Wire.Src.String(), e.Wire.Dst.String(), e.Wire.Seq, e.Wire.Flags}
			again = n.sent[key]
			n.sent[key] = true
		}
	}
	seg, known := n.segments[e.Seg]
	return facts{seg, known && e.Seg != 0, again}
}

// Event returns the sentence of the next event, "" for one that has nothing to say.
func (n *Narrator) Event(e engine.Event) string { return n.tell(&e, n.add(&e)) }

func (n *Narrator) tell(e *engine.Event, f facts) string {
	c := n.cat
	lab, ok := strings.CutPrefix(e.Rule.String(), "lab:")
	if !ok {
		lab = ""
	}
	host := e.Host.String()
	kind, numbers := "", ""
	segment := c.T("segment", "seg", uint32(e.Seg))
	if f.known {
		kind, numbers = c.Kind(&f.seg), c.Numbers(&f.seg)
		segment = c.T("segment.kind", "seg", uint32(e.Seg), "kind", kind)
	}
	a := []any{"host", c.T("host." + host), "Host", c.T("Host." + host), "due", c.Ms(int64(e.Due)), "call", e.Call, "text", e.Text,
		"of", uint32(e.Of), "n", e.Count, "from", e.From, "to", e.To, "timer", c.T("timer." + e.Timer.String()), "kind", kind, "numbers", numbers,
		"segment", segment, "Segment", c.T("Segment.kind", "seg", uint32(e.Seg), "kind", kind)}
	with := func(more ...any) []any { return append(more, a...) } // the first of two equal names counts
	pick := func(cond bool, yes, no string) string {
		if cond {
			return yes
		}
		return no
	}
	switch e.Kind {
	case engine.Called:
		verb, _, _ := strings.Cut(e.Call, " ")
		return c.T(pick(c.Has("event.called."+verb), "event.called."+verb, "event.called"), a...)
	case engine.Told:
		if e.Errno != tcp.OK {
			return c.T("event.told.errno", with("errno", e.Errno.String(), "meaning", c.T("errno."+e.Errno.String()))...)
		}
		return c.T("event.told."+e.Notice.String(), with("n", e.Bytes)...)
	case engine.Sent:
		return c.T(pick(f.again, "event.sent.again", "event.sent"), a...)
	case engine.Forged, engine.Injected:
		return c.T("event."+e.Kind.String(), with("toward", c.T("host."+e.Toward.String()))...)
	case engine.Edited:
		var names []string
		for i, name := range fieldNames {
			if e.Fields&(1<<i) != 0 {
				names = append(names, c.T("name."+name))
			}
		}
		return c.T(pick(byBox(e), "event.edited.box", "event.edited"), with("fields", c.List(names), "why", c.Rule(e.Rule, true, e.Args))...)
	case engine.Delayed, engine.Duplicated, engine.Lost:
		key := "event." + e.Kind.String()
		if byBox(e) {
			return c.T(key+".box", with("why", c.Rule(e.Rule, true, e.Args))...)
		}
		return c.T(pick(c.Has(key+"."+lab), key+"."+lab, key), a...)
	case engine.Discarded:
		return c.T(pick(e.Seg != 0, "event.discarded", "event.discarded.none"), a...)
	case engine.RuleAdded, engine.RuleRemoved:
		return c.T("event."+e.Kind.String(), with("rule", c.PathRule(e.Text))...)
	case engine.BoxAdded, engine.BoxRemoved:
		return c.T("event."+e.Kind.String(), with("box", strings.TrimPrefix(e.Text, "box "))...)
	case engine.Checked:
		return c.T(pick(e.OK, "event.check.pass", "event.check.fail"), with("text", c.Rule(e.Rule, e.OK, e.Args))...)
	}
	return c.T("event."+e.Kind.String(), a...)
}

// Step tells one step in words: something that was due, or that the learner did, with all that came of it.
func (n *Narrator) Step(events []engine.Event) string {
	c := n.cat
	type item struct {
		e *engine.Event
		f facts
	}
	var lead *item
	var sent, more []item
	var states, told []*engine.Event
	discarded := false
	var rto tcp.Time
	for i := range events {
		e := &events[i]
		it := item{e, n.add(e)}
		switch e.Kind {
		case engine.Sent:
			sent = append(sent, it)
		case engine.Changed:
			states = replaceOf(states, e)
		case engine.Discarded:
			discarded = true
		case engine.Told:
			if e.Errno != tcp.OK {
				told = append(told, e)
			}
		case engine.Updated:
			if e.Vars != nil {
				rto = e.Vars.RTO
			}
		case engine.Checked, engine.Opened, engine.Removed, engine.TimerSet, engine.TimerStopped:
		default:
			if lead == nil {
				lead = &it
			} else {
				more = append(more, it)
			}
		}
	}
	host := engine.Network
	switch {
	case lead != nil:
		host = lead.e.Host
	case len(sent) > 0:
		host = sent[0].e.Host
	case len(states) > 0:
		host = states[0].Host
	}
	name := c.T("Host." + host.String())
	kind, numbers := "", ""
	if len(sent) > 0 {
		kind, numbers = c.Kind(sent[0].e.Wire), c.Numbers(sent[0].e.Wire)
	}
	var say []string
	put := func(key string, args ...any) { say = append(say, c.T(key, args...)) }
	rest, listening := sent, false
	switch {
	case lead == nil:
	case lead.e.Kind == engine.Called:
		verb, _, _ := strings.Cut(lead.e.Call, " ")
		listening = verb == "listen"
		key := "step.called.sent"
		switch {
		case listening:
			key = "step.listen"
		case len(sent) == 0:
			key = "step.called"
		case verb == "connect":
			key = "step.connect"
		}
		put(key, "Host", name, "kind", kind, "numbers", numbers, "call", lead.e.Call)
		rest = tail(sent)
	case lead.e.Kind == engine.Arrived:
		got, gotNumbers := c.T("flags.none"), ""
		if lead.f.known {
			got, gotNumbers = c.Kind(&lead.f.seg), c.Numbers(&lead.f.seg)
		}
		switch {
		case len(sent) > 0:
			put("step.answered", "Host", name, "kind", got, "answer", kind, "numbers", numbers)
		case discarded:
			put("step.discarded", "Host", name, "kind", got, "numbers", gotNumbers)
		default:
			put("step.received", "Host", name, "kind", got, "numbers", gotNumbers)
		}
		rest = tail(sent)
	case lead.e.Kind == engine.TimerFired:
		if len(sent) > 0 && sent[0].f.again {
			put("step.again", "Host", name, "kind", kind)
			rest = tail(sent)
		} else {
			put("event.timer-fired", "Host", name, "timer", c.T("timer."+lead.e.Timer.String()))
		}
		if rto != 0 && len(sent) > 0 && lead.e.Timer == tcp.Retransmit {
			put("step.rto", "rto", c.Time(int64(rto)))
		}
	default:
		say = append(say, n.tell(lead.e, lead.f))
	}
	for _, it := range append(rest, more...) {
		say = append(say, n.tell(it.e, it.f))
	}
	for _, e := range told {
		put("step.told", "errno", e.Errno.String(), "meaning", c.T("errno."+e.Errno.String()))
	}
	if !listening {
		for _, e := range states {
			put("step.state", "to", e.To)
		}
	}
	return strings.Join(say, " ")
}

// byBox reports whether a box of the path did it: the event names the box, as it names a rule of the path that did something.
func byBox(e *engine.Event) bool {
	return (e.Kind == engine.Edited || e.Kind == engine.Lost) && e.Text != "" && e.Rule != rule.LabRule
}

func tail[T any](s []T) []T {
	if len(s) == 0 {
		return nil
	}
	return s[1:]
}

// replaceOf keeps the last change of state of each host.
func replaceOf(states []*engine.Event, e *engine.Event) []*engine.Event {
	for i, s := range states {
		if s.Host == e.Host {
			states[i] = e
			return states
		}
	}
	return append(states, e)
}

// fieldNames are the fields of an edit by bit, as the live protocol names them.
var fieldNames = [...]string{"sport", "dport", "seq", "ack", "offset", "reserved", "flags", "window", "checksum", "urgent", "options",
	"payload", "ttl", "src", "dst"}

// Kind is what people call the packet: "SYN-ACK", "ICMP port-unreachable".
func (c *Catalog) Kind(s *wire.Segment) string {
	if s.ICMP.Kind != wire.NoICMP {
		return c.T("icmp.kind", "what", s.ICMP.Kind)
	}
	if s.Flags == 0 {
		return c.T("flags.none")
	}
	return s.Flags.Kind()
}

// Numbers are the numbers of the segment in words: "seq 5000, ack 1001".
func (c *Catalog) Numbers(s *wire.Segment) string {
	if s.ICMP.Kind != wire.NoICMP {
		return c.T("numbers.icmp", "kind", s.Flags.Kind(), "seq", uint32(s.Seq))
	}
	key := "numbers.seq"
	switch ack := s.Flags.Has(wire.ACK); {
	case ack && s.Payload != "":
		key = "numbers.data"
	case ack:
		key = "numbers.ack"
	case s.Payload != "":
		key = "numbers.seqdata"
	}
	return c.T(key, "seq", uint32(s.Seq), "ack", uint32(s.Ack), "n", len(s.Payload))
}

// List joins names to "the flags, the window and the checksum".
func (c *Catalog) List(names []string) string {
	all := ""
	for i, last := range names {
		switch {
		case i == 0:
			all = last
		case i == len(names)-1:
			all = c.T("field.list.and", "list", all, "last", last)
		default:
			all = c.T("field.list.comma", "list", all, "last", last)
		}
	}
	return all
}

// Rule returns the sentence of a rule with the numbers of one event filled in. A check that failed has its own sentence.
func (c *Catalog) Rule(id rule.ID, ok bool, args [rule.MaxParams]int64) string {
	r, found := rule.Lookup(id)
	if !found {
		return ""
	}
	text := r.Pass
	if !ok && r.Fail != "" {
		text = r.Fail
	}
	if text == "" {
		text = r.Gist
	}
	return Fill(text, func(name string) (string, bool) {
		for i, p := range r.Params {
			if p != name || i >= len(args) {
				continue
			}
			if strings.HasSuffix(name, ".us") {
				return c.Time(args[i]), true
			}
			return strconv.FormatInt(args[i], 10), true
		}
		return "", false
	})
}

var pathRule = regexp.MustCompile(`^(drop|delay|duplicate)\s+(?:(\d+)(?:st|nd|rd|th)|(every))\s+(\S+)(?:\s+(?:from\s+)?(client|server))?(?:\s+(?:by\s+|after\s+)?(\d[\d.]*(?:us|ms|s|min)))?$`)

// PathRule returns a rule of the path in words: "drop the 1st SYN-ACK". What it cannot read it returns as it is.
func (c *Catalog) PathRule(line string) string {
	m := pathRule.FindStringSubmatch(strings.TrimSpace(line))
	if m == nil {
		return line
	}
	verb, n, every, kind, from, d := m[1], m[2], m[3], m[4], m[5], m[6]
	if kind == "segment" || kind == "any" {
		kind = c.T("rule.segment")
	}
	if us, err := tcp.ParseTime(d); err == nil {
		d = c.Time(int64(us))
	}
	text := ""
	if every != "" {
		text = c.T("rule."+verb+".every", "kind", kind, "d", d)
	} else {
		i, _ := strconv.Atoi(n)
		text = c.T("rule."+verb, "which", c.T("rule.which", "nth", c.nth(i), "kind", kind), "d", d)
	}
	if from != "" {
		text = c.T("rule.from", "rule", text, "host", c.T("host."+from))
	}
	return text
}

func (c *Catalog) nth(n int) string {
	if r := n % 100; r < 11 || r > 13 {
		if d := n % 10; d >= 1 && d <= 3 {
			return c.T(fmt.Sprintf("nth.%d", d), "n", n)
		}
	}
	return c.T("nth.n", "n", n)
}
