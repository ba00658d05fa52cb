package script

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/handshakelab/lab/engine"
	"github.com/handshakelab/lab/engine/diag"
	"github.com/handshakelab/lab/engine/network"
	"github.com/handshakelab/lab/engine/tcp"
	"github.com/handshakelab/lab/engine/wire"
)

// The bounds of what an action can say, beside those of the engine and the network.
const (
	maxBacklog     = 4096 // Linux net.core.somaxconn
	maxFD          = 1 << 20
	defaultBacklog = 128
)

// forms says how a line with each first word is written. Hints quote them.
var forms = map[string]string{
	"client":    "client ADDRESS:PORT and settings, or client connect, client send 18",
	"server":    "server ADDRESS:PORT and settings, or server listen backlog 4, server accept, server close",
	"delay":     "delay 50ms for the path, or delay SEGMENT TIME, such as delay SYN-ACK 200ms",
	"jitter":    "jitter 5ms",
	"loss":      "loss 10%, or loss 10% 0% for the way to the server and the way to the client",
	"reorder":   "reorder 5% 20ms",
	"mtu":       "mtu 1400 or mtu 1400 silent",
	"box":       "box firewall drop port 80, box nat timeout 60s, box strip sack,timestamps, box shift-seq 1000 or box syn-proxy",
	"duplicate": "duplicate 1% for the path, or duplicate SEGMENT after TIME, such as duplicate SYN after 10ms",
	"seed":      "seed 7",
	"rule":      "rule drop 1st SYN-ACK, rule delay every ACK 200ms, rule duplicate 2nd SYN after 10ms",
	"unrule":    "unrule 1",
	"unbox":     "unbox 1",
	"title":     "title Some words",
	"note":      "note Some words",
	"start":     "start",
	"step":      "step, step 3 or step until CONDITION",
	"wait":      "wait 50ms",
	"drop":      "drop SEGMENT, such as drop SYN-ACK, drop SYN-ACK#2 or drop #5",
	"hold":      "hold SEGMENT, such as hold SYN-ACK",
	"release":   "release SEGMENT, such as release SYN-ACK",
	"edit":      "edit SEGMENT and fields, such as edit SYN-ACK ack=305",
	"forge":     "forge to server SYN seq=90, with any fields, or forge to client ICMP port-unreachable SYN seq=100",
	"expect":    "expect CONDITION, such as expect client ESTABLISHED",
}

// verbs are the first words of lines, in the order in which a hint prefers them.
var verbs = []string{"client", "server", "step", "wait", "drop", "delay", "hold", "release", "duplicate", "edit", "forge", "rule", "unrule", "unbox",
	"expect", "jitter", "loss", "reorder", "mtu", "box", "seed", "title", "note", "start"}

// synonyms are first words that people try and that the language has other words for.
var synonyms = map[string]string{
	"lose": "drop", "kill": "drop", "delete": "drop", "remove": "drop", "block": "rule drop every SEGMENT",
	"next": "step", "run": "step until quiet", "continue": "step until quiet", "sleep": "wait", "pause": "wait",
	"change": "edit", "modify": "edit", "set": "edit", "copy": "duplicate", "dup": "duplicate", "inject": "forge", "send": "client send 18",
	"free": "release", "resume": "release", "assert": "expect", "check": "expect", "latency": "delay", "connect": "client connect",
	"listen": "server listen", "accept": "server accept", "isn": "client isn 100", "firewall": "box firewall drop port 80", "nat": "box nat timeout 60s", "middlebox": "box", "profile": "client profile linux",
}

// callNames are the socket calls.
var callNames = []string{"connect", "listen", "accept", "send", "recv", "shutdown", "close", "abort", "set", "socket", "bind", "get"}

// callSynonyms are other words for them.
var callSynonyms = map[string]string{"write": "send", "open": "connect", "read": "recv", "receive": "recv", "reset": "abort", "end": "close", "setsockopt": "set", "getsockopt": "get"}

// action reads an action whose first word was taken. It returns false when the word begins no action.
func (p *parser) action(verb token) (engine.Action, bool) {
	var a engine.Action
	switch verb.lower() {
	case "client":
		a = p.call(engine.Client)
	case "server":
		a = p.call(engine.Server)
	case "step":
		a = p.step()
	case "wait":
		a.Kind = engine.Wait
		if t, ok := p.want("a time"); ok {
			a.For, _ = p.time(t.whole(), "a wait", 1, engine.MaxWait)
		}
	case "drop":
		a.Kind = engine.Drop
		a.Seg = p.segment()
	case "hold":
		a.Kind = engine.Hold
		a.Seg = p.segment()
	case "release":
		a.Kind = engine.Release
		a.Seg = p.segment()
	case "delay":
		a.Kind = engine.Delay
		a.Seg = p.segment()
		if t, ok := p.want("a time"); ok {
			a.For, _ = p.time(t.whole(), "a delay", 1, engine.MaxWait)
		}
	case "duplicate":
		a.Kind = engine.Duplicate
		a.Seg = p.segment()
		if p.take("after") {
			if t, ok := p.want("a time"); ok {
				a.For, _ = p.time(t.whole(), "the time after which a copy arrives", 0, engine.MaxWait)
			}
		}
	case "edit":
		a.Kind = engine.Edit
		a.Seg = p.segment()
		a.Edit = p.patch(false)
		if a.Edit.Set == 0 && !p.bad {
			p.missing("a field and its value")
		}
	case "forge":
		a = p.forge()
	case "rule":
		a.Kind = engine.AddRule
		a.Rule, _ = p.pathRule()
	case "unrule":
		a.Kind = engine.RemoveRule
		if t, ok := p.want("the number of a rule"); ok {
			n, _ := p.number(t.whole(), "the number of a rule", 1, network.MaxRules)
			a.Count = int(n)
		}
	case "box", "mtu":
		a.Kind = engine.AddBox
		a.Box, _ = p.pathBox(verb)
	case "unbox":
		a.Kind = engine.RemoveBox
		if t, ok := p.want("the number of a box"); ok {
			n, _ := p.number(t.whole(), "the number of a box", 1, network.MaxBoxes)
			a.Count = int(n)
		}
	case "expect":
		a.Kind = engine.Expect
		a.Cond = p.cond()
	default:
		return a, false
	}
	if !p.bad {
		p.finish()
	}
	return a, true
}

func (p *parser) step() engine.Action {
	if p.take("until") {
		return engine.Action{Kind: engine.StepUntil, Cond: p.cond()}
	}
	n := int64(1)
	if t, ok := p.at(0); ok {
		p.pos++
		if strings.EqualFold(t.text, "till") || isKey(t.text) && diag.Nearest(t.text, "until") != "" {
			p.reject(t.whole(), "unexpected-word", "a step cannot be followed by "+quoted(t.text), "did you mean until?")
			return engine.Action{}
		}
		n, _ = p.number(t.whole(), "the number of steps", 1, engine.MaxCount)
	}
	return engine.Action{Kind: engine.Step, Count: int(n)}
}

// call reads a socket call behind the name of a host.
func (p *parser) call(id engine.HostID) engine.Action {
	a := engine.Action{Kind: engine.Call, Host: id}
	t, ok := p.want("a call")
	if !ok {
		return a
	}
	c := &a.Call
	switch t.lower() {
	case "listen":
		c.Verb, c.Backlog = tcp.CallListen, defaultBacklog
		if p.take("backlog") {
			if t, ok := p.want("a number"); ok {
				n, _ := p.number(t.whole(), "a backlog", 0, maxBacklog)
				c.Backlog = int(n)
			}
		}
	case "accept":
		c.Verb = tcp.CallAccept
	case "connect":
		c.Verb, c.Unspec = tcp.CallConnect, p.take("unspec")
		if p.take("to") {
			if t, ok := p.want("an address and port"); ok {
				c.To, _ = p.addrPort(t.whole())
			}
		}
		if p.take("from") {
			if t, ok := p.want("a port"); ok {
				n, _ := p.number(t.whole(), "a port", 1, 65535)
				c.From = uint16(n)
			}
		}
		if c.FastOpen = p.take("fastopen"); c.FastOpen {
			if t, ok := p.want("a number of bytes or a text in quotes"); ok {
				c.Data = p.sendData(t.whole())
			}
		}
	case "send":
		c.Verb = tcp.CallSend
		if t, ok := p.want("a number of bytes or a text in quotes"); ok {
			c.Data = p.sendData(t.whole())
		}
	case "recv":
		c.Verb = tcp.CallRecv
		if t, ok := p.at(0); ok && !contains(callEnds, t.lower()) {
			p.pos++
			n, _ := p.number(t.whole(), "the number of bytes", 1, engine.MaxSend)
			c.Count = int(n)
		}
		c.Peek, c.WaitAll = p.take("peek"), p.take("waitall")
	case "shutdown":
		c.Verb = tcp.CallShutdown
		if p.take(tcp.ShutRead.String()) {
			c.How = tcp.ShutRead
		} else if p.take(tcp.ShutBoth.String()) {
			c.How = tcp.ShutBoth
		}
	case "close":
		c.Verb = tcp.CallClose
		c.Listener = p.take("listener")
	case "abort":
		c.Verb = tcp.CallAbort
	case "set":
		c.Verb = tcp.CallSet
		p.sockOpt(c)
	case "get":
		c.Verb, c.Option = tcp.CallGet, tcp.SockError
		if !p.take("error") {
			p.missing("error")
		}
	case "socket":
		c.Verb = tcp.CallSocket
	case "bind":
		c.Verb = tcp.CallBind
		if t, ok := p.want("a port, or an address and port"); ok {
			if isDigits(t.text) {
				n, _ := p.number(t.whole(), "a port", 0, 65535)
				c.To = netip.AddrPortFrom(netip.Addr{}, uint16(n))
			} else {
				c.To, _ = p.addrPort(t.whole())
			}
		}
	default:
		hint := diag.DidYouMean("the calls are "+strings.Join(callNames, ", "), t.text, callNames...)
		if s, ok := callSynonyms[t.lower()]; ok {
			hint = "did you mean " + s + "?"
		} else if isState(t.text) {
			hint = "to say that it must be so, write: expect " + id.String() + " " + strings.ToUpper(t.text)
		}
		p.reject(t.whole(), "unknown-call", quoted(t.text)+" is neither a socket call nor a setting", hint)
	}
	switch c.Verb {
	case tcp.CallSocket, tcp.CallConnect, tcp.CallAccept, tcp.CallSend, tcp.CallRecv:
		c.Nonblock = p.take("nonblock")
	}
	p.onWhat(c)
	return a
}

// callEnds are the words that may follow what a call is about.
var callEnds = []string{"peek", "waitall", "nonblock", "fd", "conn"}

// onWhat reads "fd 3" or "conn 2" at the end of a call.
func (p *parser) onWhat(c *tcp.Call) {
	needed := c.Verb == tcp.CallBind || c.Verb == tcp.CallGet || c.Peek || c.WaitAll || c.Unspec || c.How != tcp.ShutWrite || c.Option.OfDescriptor()
	if c.Verb != tcp.CallSocket && p.take("fd") {
		if t, ok := p.want("the number of a descriptor"); ok {
			n, _ := p.number(t.whole(), "the number of a descriptor", 1, maxFD)
			c.FD = int(n)
		}
	} else if needed && !p.bad {
		p.missing("fd and the number of a descriptor")
	}
	if c.FD == 0 && c.Verb >= tcp.CallSend && c.Verb <= tcp.CallSet && p.take("conn") {
		if t, ok := p.want("the number of a connection"); ok {
			n, _ := p.number(t.whole(), "the number of a connection", 1, 1<<32-1)
			c.Conn = tcp.ConnID(n)
		}
	}
}

// sockOpts are the socket options that "set" knows.
var sockOpts = []tcp.SockOpt{tcp.KeepAlive, tcp.UserTimeout, tcp.NoDelay, tcp.FastOpenQueue, tcp.DeferAccept, tcp.ReuseAddr, tcp.FastOpenKey, tcp.Nonblocking,
	tcp.Linger, tcp.MaxSeg, tcp.RecvBuffer, tcp.SendBuffer, tcp.SynCount, tcp.Linger2, tcp.FastOpenConnect, tcp.LocalPorts, tcp.NotSent}

// numberOpts are those that are numbers, with what they count and its bounds.
var numberOpts = map[tcp.SockOpt]struct {
	what        string
	least, most int64
}{
	tcp.FastOpenQueue: {"the number of connections that may wait", 0, maxBacklog},
	tcp.FastOpenKey:   {"the key", 0, 1<<32 - 1},
	tcp.MaxSeg:        {"the number of bytes in a segment", 88, 32767},
	tcp.RecvBuffer:    {"the number of bytes in the buffer", 1, 1 << 30},
	tcp.SendBuffer:    {"the number of bytes in the buffer", 1, 1 << 30},
	tcp.NotSent:       {"the number of bytes that may wait", 1, 1 << 30},
	tcp.SynCount:      {"the number of retransmissions", 1, 127},
}

// The bounds of what socket options take.
const (
	minOptTime = tcp.Millisecond
	maxOptTime = 24 * 3600 * tcp.Second
)

// sockOpt reads "keepalive 2min 75s 9", "keepalive off", "user-timeout 3s", "nodelay on", "fastopen 16" or "local-ports 5000 5003" behind
// "set".
func (p *parser) sockOpt(c *tcp.Call) {
	t, ok := p.want("a socket option")
	if !ok {
		return
	}
	i := slices.IndexFunc(sockOpts, func(o tcp.SockOpt) bool { return o.String() == t.lower() })
	if i < 0 {
		names := make([]string, len(sockOpts))
		for i, o := range sockOpts {
			names[i] = o.String()
		}
		p.reject(t.whole(), "unknown-option", quoted(t.text)+" is no socket option", diag.DidYouMean("the options are "+strings.Join(names, ", "), t.text, names...))
		return
	}
	c.Option = sockOpts[i]
	p.form = optionForm(c.Option)
	switch {
	case c.Option == tcp.KeepAlive:
		if p.take("off") {
			return
		}
		for i, what := range []string{"idle time", "interval"} {
			if t, ok := p.want("the " + what); ok {
				c.Values[i], _ = p.time(t.whole(), "the "+what, minOptTime, maxOptTime)
			}
		}
		if t, ok := p.want("the number of probes"); ok {
			n, _ := p.number(t.whole(), "the number of probes", 1, 127)
			c.Values[2] = tcp.Time(n)
		}
	case c.Option == tcp.LocalPorts:
		least := int64(1)
		for i, what := range []string{"the first port", "the last port"} {
			if t, ok := p.want(what); ok {
				least, _ = p.number(t.whole(), what, least, 65535)
				c.Values[i] = tcp.Time(least)
			}
		}
	case c.Option.IsSwitch():
		if t, ok := p.want("on or off"); ok {
			if on, ok := p.onOff(t.whole(), c.Option.String()); ok && on {
				c.Values[0] = 1
			}
		}
	case c.Option.IsNumber():
		if t, ok := p.want("a number"); ok {
			o := numberOpts[c.Option]
			n, _ := p.number(t.whole(), o.what, o.least, o.most)
			c.Values[0] = tcp.Time(n)
		}
	default:
		if t, ok := p.want("a time"); ok {
			c.Values[0], _ = p.time(t.whole(), timeOpts[c.Option], leastTime(c.Option), maxOptTime)
		}
	}
}

// optionForm says how an option is set.
func optionForm(o tcp.SockOpt) string {
	form := "client set " + o.String()
	switch {
	case o == tcp.KeepAlive:
		return form + " 2min 75s 9: probe after so long, that often, so many times; or off"
	case o == tcp.LocalPorts:
		return form + " 5000 5003"
	case o.IsSwitch():
		return form + " on"
	case o.IsNumber():
		return form + " 4"
	default:
		return form + " 3s"
	}
}

// timeOpts are the options that are a time.
var timeOpts = map[tcp.SockOpt]string{tcp.UserTimeout: "the user timeout", tcp.DeferAccept: "the time to wait for text", tcp.Linger2: "the time in FIN-WAIT-2"}

// leastTime is the shortest time that an option takes: none turns TCP_DEFER_ACCEPT off.
func leastTime(o tcp.SockOpt) tcp.Time {
	if o == tcp.DeferAccept {
		return 0
	}
	return minOptTime
}

func isState(name string) bool {
	_, ok := tcp.ParseState(strings.ToUpper(name))
	return ok
}

func (p *parser) sendData(v value) string {
	if v.quoted {
		if v.text == "" {
			p.reject(v, "bad-text", "there is nothing to send in an empty text", "")
		}
		return v.text
	}
	if !startsWithDigit(v.text) && !strings.HasPrefix(v.text, "-") {
		p.reject(v, "bad-text", "what is sent is a number of bytes or a text in quotes, not "+shown(v), `write "`+clip(v.text)+`" to send that text`)
		return ""
	}
	n, _ := p.number(v, "the number of bytes", 1, engine.MaxSend)
	return filler(int(n))
}

// filler is what "send 18" sends: the alphabet, over and over.
func filler(n int) string {
	const letters = "abcdefghijklmnopqrstuvwxyz"
	return strings.Repeat(letters, n/len(letters)+1)[:n]
}

// clip is a text for a hint in which it stands between other quotes or none.
func clip(s string) string {
	q := quoted(s)
	return q[1 : len(q)-1]
}

// segment reads a reference to a segment: #5, SYN-ACK or SYN-ACK#2.
func (p *parser) segment() engine.SegRef {
	t, ok := p.want("a segment")
	if !ok {
		return engine.SegRef{}
	}
	return p.segmentRef(t.whole())
}

func (p *parser) segmentRef(v value) engine.SegRef {
	kind, number, numbered := strings.Cut(v.text, "#")
	if !numbered {
		return p.kindRef(v)
	}
	width := len([]rune(kind))
	n := value{number, v.quoted, v.col + width + 1, v.end}
	if kind == "" {
		id, _ := p.number(n, "the number of a segment", 1, 1<<32-1)
		return engine.SegRef{ID: engine.SegID(id)}
	}
	r := p.kindRef(value{kind, v.quoted, v.col, v.col + width})
	nth, _ := p.number(n, "which one of its kind", 1, network.MaxNth)
	r.Nth = int(nth)
	return r
}

// kindRef reads the kind of a packet: the control bits of a segment, or ICMP.
func (p *parser) kindRef(v value) engine.SegRef {
	if strings.EqualFold(v.text, "icmp") {
		return engine.SegRef{ICMP: true}
	}
	return engine.SegRef{Flags: p.kind(v)}
}

// kind reads the control bits that name a segment. PSH makes no difference to that: data comes with and without it.
func (p *parser) kind(v value) wire.Flags {
	f, _ := p.flags(v, "bad-segment", "kind of segment")
	return f &^ wire.PSH
}

// forge reads "to server SYN seq=90".
func (p *parser) forge() engine.Action {
	a := engine.Action{Kind: engine.Forge}
	if !p.take("to") {
		t, ok := p.at(0)
		if !ok {
			p.missing("to client or to server")
		} else {
			p.reject(t.whole(), "missing-word", `"forge" must be followed by to client or to server`, p.write())
		}
		return a
	}
	t, ok := p.want("client or server")
	if !ok {
		return a
	}
	if a.Host, ok = hostByName(t.lower()); !ok {
		p.reject(t.whole(), "unknown-host", quoted(t.text)+" is neither client nor server", diag.DidYouMean("", t.text, "client", "server"))
	}
	t, ok = p.want("a kind of segment")
	if !ok {
		return a
	}
	if t.eq >= 0 {
		p.reject(t.whole(), "missing-word", "the kind of the segment must stand before its fields", p.write())
		return a
	}
	var icmp wire.ICMP
	if t.lower() == "icmp" {
		if icmp, ok = p.icmp(); !ok {
			return a
		}
		if t, ok = p.want("the kind of segment that it quotes"); !ok {
			return a
		}
	}
	f, _ := p.flags(t.whole(), "bad-segment", "kind of segment")
	a.Edit = p.patch(true)
	a.Edit.Seg.ICMP = icmp
	a.Edit.Set |= engine.FieldFlags
	a.Edit.Seg.Flags = f
	return a
}

// icmp reads "port-unreachable" or "too-big 1400" behind ICMP.
func (p *parser) icmp() (wire.ICMP, bool) {
	var m wire.ICMP
	t, ok := p.want("one of " + strings.Join(icmpNames, ", "))
	if !ok {
		return m, false
	}
	if m.Kind, ok = wire.ParseICMPKind(t.lower()); !ok {
		p.reject(t.whole(), "unknown-icmp", quoted(t.text)+" is no ICMP error", diag.DidYouMean("the errors are "+strings.Join(icmpNames, ", "), t.text, icmpNames...))
		return m, false
	}
	if m.Kind == wire.TooBig {
		if t, ok = p.want("an MTU"); !ok {
			return m, false
		}
		n, ok := p.number(t.whole(), "an MTU", 0, 65535)
		m.MTU = uint16(n)
		return m, ok
	}
	return m, true
}

func hostByName(name string) (engine.HostID, bool) {
	switch name {
	case "client":
		return engine.Client, true
	case "server":
		return engine.Server, true
	}
	return 0, false
}

// pathRule reads "drop 1st SYN-ACK", "delay every ACK from client 200ms" or "duplicate 2nd SYN after 10ms".
func (p *parser) pathRule() (network.Rule, bool) {
	var r network.Rule
	t, ok := p.want("drop, delay or duplicate")
	if !ok {
		return r, false
	}
	switch t.lower() {
	case "drop":
		r.Verb = network.Drop
	case "delay":
		r.Verb = network.Delay
	case "duplicate":
		r.Verb = network.Duplicate
	default:
		p.reject(t.whole(), "bad-rule", "a rule cannot "+quoted(t.text)+": it drops, delays or duplicates", diag.DidYouMean(p.write(), t.text, "drop", "delay", "duplicate"))
		return r, false
	}
	if t, ok = p.want("1st, 2nd, 3rd, … or every"); !ok {
		return r, false
	}
	if r.Nth, ok = p.ordinal(t, true); !ok {
		return r, false
	}
	if t, ok = p.want("a kind of segment"); !ok {
		return r, false
	}
	if r.Any = t.lower() == "segment"; !r.Any {
		r.Flags = p.kind(t.whole())
	}
	if p.take("from") {
		if t, ok = p.want("client or server"); !ok {
			return r, false
		}
		id, ok := hostByName(t.lower())
		if !ok {
			p.reject(t.whole(), "unknown-host", quoted(t.text)+" is neither client nor server", diag.DidYouMean("", t.text, "client", "server"))
		}
		r.From = 1 + int8(id)
	}
	switch r.Verb {
	case network.Delay:
		if t, ok := p.want("a time"); ok {
			r.For, _ = p.time(t.whole(), "the delay of a rule", 1, network.MaxDelay)
		}
	case network.Duplicate:
		if p.take("after") {
			if t, ok := p.want("a time"); ok {
				r.For, _ = p.time(t.whole(), "the time after which a copy arrives", 0, network.MaxDelay)
			}
		}
	}
	return r, !p.bad
}

// ordinal reads 1st, 2nd, 3rd, 4th, and with every set also "every", which is 0.
func (p *parser) ordinal(t token, every bool) (int, bool) {
	if every && t.lower() == "every" {
		return 0, true
	}
	digits := strings.TrimRight(t.lower(), "stndrh")
	if !isDigits(digits) {
		say, hint := "1st, 2nd, 3rd, …", ""
		if every {
			say += " or every"
			hint = diag.DidYouMean(map[string]string{"first": "did you mean 1st?", "all": "did you mean every?"}[t.lower()], t.text, "every")
		}
		p.reject(t.whole(), "bad-ordinal", quoted(t.text)+" does not say which one: "+say, hint)
		return 0, false
	}
	n, ok := p.number(value{digits, t.quoted, t.col, t.end}, "which one", 1, network.MaxNth)
	if !ok {
		return 0, false
	}
	if want := network.Ordinal(int(n)); t.lower() != want {
		p.reject(t.whole(), "bad-ordinal", quoted(t.text)+" does not say which one", "did you mean "+want+"?")
		return 0, false
	}
	return int(n), true
}

// fields are the header fields that edit and forge know, in the order of a header.
var fields, fieldNames = func() (all []engine.Field, names []string) {
	for f := engine.FieldSrcPort; f <= engine.FieldDstAddr; f <<= 1 {
		all, names = append(all, f), append(names, f.String())
	}
	return all, names
}()

// fieldSynonyms are other names of them.
var fieldSynonyms = map[string]string{"win": "window", "wnd": "window", "srcport": "sport", "dstport": "dport", "sum": "checksum", "data": "payload",
	"urg": "urgent", "urgptr": "urgent", "mss": `options="mss 1460"`, "opts": "options", "option": "options", "seg.seq": "seq", "seg.ack": "ack"}

// patch reads key=value fields up to the end of the line.
func (p *parser) patch(forge bool) engine.Patch {
	var patch engine.Patch
	set := map[string]bool{}
	for p.more() && !p.out.more {
		t, _ := p.want("")
		if t.eq < 0 {
			hint := p.write()
			if _, ok := engine.FieldByName(t.lower()); ok {
				hint = "write the value directly behind it: " + t.lower() + "=…"
			}
			p.reject(t.whole(), "bad-field", quoted(t.text)+" is no field with a value", hint)
			continue
		}
		name := strings.ToLower(t.key().text)
		bit, known := engine.FieldByName(name)
		switch {
		case !known:
			hint := diag.DidYouMean("the fields are "+strings.Join(fieldNames, ", "), name, fieldNames...)
			if s, ok := fieldSynonyms[name]; ok {
				hint = "did you mean " + s + "?"
			}
			p.reject(t.key(), "unknown-field", quoted(name)+" is no field of a header", hint)
			continue
		case forge && bit == engine.FieldFlags:
			p.reject(t.key(), "set-twice", "the kind of a forged segment already says its flags", "delete "+clip(t.text))
			continue
		case set[name]:
			p.reject(t.key(), "set-twice", name+" already has a value on this line", "delete one of the two")
			continue
		}
		set[name] = true
		p.field(&patch, bit, name, t.val(), forge)
	}
	return patch
}

// FieldRange returns the least and the most that edit and forge take for a field, both included: of a number its value, of
// the options and the payload their length in bytes. It is 0, 0 for control bits and addresses.
func FieldRange(f engine.Field) (lo, hi int64) {
	switch f {
	case engine.FieldSrcPort, engine.FieldDstPort, engine.FieldWindow, engine.FieldChecksum, engine.FieldUrgent:
		return 0, 1<<16 - 1
	case engine.FieldSeq, engine.FieldAck:
		return 0, 1<<32 - 1
	case engine.FieldOffset:
		return 1, 15
	case engine.FieldReserved:
		return 0, 15
	case engine.FieldOptions:
		return 0, wire.MaxOptions
	case engine.FieldPayload:
		return 0, engine.MaxData
	case engine.FieldTTL:
		return 1, 255
	}
	return 0, 0
}

// field reads the value of one field into the patch.
func (p *parser) field(patch *engine.Patch, bit engine.Field, name string, v value, forge bool) {
	s := &patch.Seg
	patch.Set |= bit
	lo, hi := FieldRange(bit)
	number := func() int64 {
		n, _ := p.number(v, name, lo, hi)
		return n
	}
	switch bit {
	case engine.FieldSrcPort:
		s.Src = netip.AddrPortFrom(s.Src.Addr(), uint16(number()))
	case engine.FieldDstPort:
		s.Dst = netip.AddrPortFrom(s.Dst.Addr(), uint16(number()))
	case engine.FieldSeq:
		s.Seq = wire.Seq(number())
	case engine.FieldAck:
		s.Ack = wire.Seq(number())
	case engine.FieldOffset:
		if !strings.EqualFold(v.text, "right") {
			n, _ := p.numberOr(v, "offset", lo, hi, "or write right to compute it")
			s.Offset = uint8(n)
		}
	case engine.FieldReserved:
		s.Reserved = uint8(number())
	case engine.FieldFlags:
		s.Flags, _ = p.flags(v, "bad-flags", "set of control bits")
	case engine.FieldWindow:
		s.Window = uint16(number())
	case engine.FieldChecksum:
		p.checksum(patch, v, lo, hi, forge)
	case engine.FieldUrgent:
		s.Urgent = uint16(number())
	case engine.FieldOptions:
		o, err := wire.ParseOptions(v.text)
		if e, ok := errors.AsType[*wire.OptionError](err); ok {
			at := v
			if v.quoted && isASCII(v.text) && v.end-v.col == len(v.text)+2 { // without escapes a place in the text is one on the line
				at.col, at.end = v.col+1+e.At, v.col+1+e.End
			}
			p.reject(at, "bad-options", e.Reason, `write them as tcpdump does, options="mss 1460,nop,wscale 7", or as bytes, options="raw 020405b4"`)
		}
		s.Options = o
	case engine.FieldPayload:
		if s.Payload = v.text; int64(len(v.text)) > hi {
			d := p.fault(v.col, v.end, "out-of-range", fmt.Sprintf("a payload has at most %d bytes, not %d", hi, len(v.text)), "")
			d.Range = &diag.Range{Min: lo, Max: hi}
		}
	case engine.FieldTTL:
		s.TTL = uint8(number())
	case engine.FieldSrcAddr:
		a, _ := p.addr(v)
		s.Src = netip.AddrPortFrom(a, s.Src.Port())
	case engine.FieldDstAddr:
		a, _ := p.addr(v)
		s.Dst = netip.AddrPortFrom(a, s.Dst.Port())
	}
}

// checksum reads a number, or keep: as it was, though the segment changes. Without it the right one is computed.
func (p *parser) checksum(patch *engine.Patch, v value, lo, hi int64, forge bool) {
	if strings.EqualFold(v.text, "keep") {
		if forge {
			p.reject(v, "bad-field", "a forged segment has no earlier checksum to keep", "leave it out for the right one, or give a number")
		}
		patch.Set &^= engine.FieldChecksum
		patch.KeepSum = true
		return
	}
	n, _ := p.numberOr(v, "checksum", lo, hi, "write keep to leave it as it was; leave checksum out to have it computed")
	patch.Seg.FixedSum, patch.Seg.Checksum = true, uint16(n)
}

// unknownVerb notes a first word that begins no line.
func (p *parser) unknownVerb(t token) {
	hint := diag.DidYouMean(fmt.Sprintf("a line begins with one of: %s", strings.Join(verbs, ", ")), t.text, verbs...)
	if s, ok := synonyms[t.lower()]; ok {
		hint = "did you mean " + s + "?"
	}
	p.reject(t.whole(), "unknown-verb", quoted(t.text)+" begins no line of the lab's language", hint)
}

func isASCII(s string) bool { return len(s) == utf8.RuneCountInString(s) }
