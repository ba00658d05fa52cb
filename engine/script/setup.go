package script

import (
	"fmt"
	"net/netip"
	"strings"

	"github.com/handshakelab/lab/engine"
	"github.com/handshakelab/lab/engine/diag"
	"github.com/handshakelab/lab/engine/network"
	"github.com/handshakelab/lab/engine/tcp"
	"github.com/handshakelab/lab/engine/wire"
)

// The bounds of what a set-up can say, beside those of the engine and the network.
const (
	maxSeed  = 1<<53 - 1 // the largest that a browser's numbers hold exactly
	maxTitle = 200       // code points
)

// DefaultSetup is what a scenario without a single set-up line starts from.
func DefaultSetup() engine.Setup {
	return engine.Setup{
		Hosts: [2]engine.HostSetup{
			engine.Client: {Addr: netip.MustParseAddrPort("192.0.2.10:52431"), Profile: "rfc9293"},
			engine.Server: {Addr: netip.MustParseAddrPort("198.51.100.20:80"), Profile: "rfc9293"},
		},
		Path: network.Setup{Delay: [2]network.Time{50 * tcp.Millisecond, 50 * tcp.Millisecond}},
	}
}

// defaultAddrs6 are the addresses of hosts that speak IPv6 and have not been given one.
var defaultAddrs6 = [2]netip.AddrPort{
	engine.Client: netip.MustParseAddrPort("[2001:db8::10]:52431"),
	engine.Server: netip.MustParseAddrPort("[2001:db8:1::20]:80"),
}

// once notes that the line sets something, and reports whether no line did before.
func (s *setupParser) once(v value, what string) bool {
	if first, again := s.set[what]; again {
		s.reject(v, "set-twice", fmt.Sprintf("line %d already sets %s", first, what), "delete one of the two")
		return false
	}
	s.set[what] = s.line
	return true
}

// A setupParser reads the lines before the first action.
type setupParser struct {
	parser
	setup    *engine.Setup
	set      map[string]int // what was set, and on which line
	boxLines []int          // on which line each box of the path stands
}

var settingNames = func() []string {
	names := []string{"isn", "profile", "mss", "window", "wscale", "sack", "timestamps"}
	for _, s := range smallSettings {
		names = append(names, s.name)
	}
	for _, s := range switchSettings {
		names = append(names, s.name)
	}
	for _, s := range timeSettings {
		names = append(names, s.name)
	}
	return append(names, "max-syn-backlog", "ports", "broken")
}()

// smallSettings are the settings that are a small number: most are named after a sysctl of Linux.
var smallSettings = []struct {
	name   string
	lo, hi int64
	of     func(*tcp.Options) *tcp.Opt[uint8]
}{
	{"syn-retries", 0, engine.MaxRetries, func(o *tcp.Options) *tcp.Opt[uint8] { return &o.SynRetries }},
	{"syn-linear", 0, engine.MaxRetries, func(o *tcp.Options) *tcp.Opt[uint8] { return &o.SynLinear }},
	{"syncookies", 0, 2, func(o *tcp.Options) *tcp.Opt[uint8] { return &o.SynCookies }},
	{"ecn", 0, 2, func(o *tcp.Options) *tcp.Opt[uint8] { return &o.ECN }},
	{"tw-reuse", 0, 2, func(o *tcp.Options) *tcp.Opt[uint8] { return &o.TWReuse }},
	{"synack-retries", 0, engine.MaxRetries, func(o *tcp.Options) *tcp.Opt[uint8] { return &o.SynAckRetries }},
	{"retries", 0, engine.MaxRetries, func(o *tcp.Options) *tcp.Opt[uint8] { return &o.Retries }},
	{"orphan-retries", 0, engine.MaxRetries, func(o *tcp.Options) *tcp.Opt[uint8] { return &o.OrphanRetries }},
	{"fastopen", 0, engine.MaxFastOpen, func(o *tcp.Options) *tcp.Opt[uint8] { return &o.FastOpen }},
}

// switchSettings are those that are on or off.
var switchSettings = []struct {
	name string
	of   func(*tcp.Options) *tcp.Opt[bool]
}{
	{"abort-on-overflow", func(o *tcp.Options) *tcp.Opt[bool] { return &o.AbortOnOverflow }},
	{"rfc1337", func(o *tcp.Options) *tcp.Opt[bool] { return &o.RFC1337 }},
}

// timeSettings are those that are a time.
var timeSettings = []struct {
	name   string
	lo, hi tcp.Time
	of     func(*tcp.Options) *tcp.Time
}{
	{"rto", engine.MinRTO, engine.MaxRTO, func(o *tcp.Options) *tcp.Time { return &o.RTO }},
	{"uto", tcp.Second, engine.MaxUTO, func(o *tcp.Options) *tcp.Time { return &o.UTO }},
	{"fin-timeout", tcp.Second, engine.MaxUTO, func(o *tcp.Options) *tcp.Time { return &o.FinTimeout }},
	{"fastopen-pause", tcp.Second, engine.MaxUTO, func(o *tcp.Options) *tcp.Time { return &o.FastOpenPause }},
}

// host reads what follows "client" or "server".
func (s *setupParser) host(id engine.HostID) {
	h := &s.setup.Hosts[id]
	if t, ok := s.at(0); ok && looksLikeAddress(t.text) {
		s.pos++
		if s.once(t.whole(), id.String()+"'s address") {
			if a, ok := s.addrPort(t.whole()); ok {
				h.Addr = a
			}
		}
	} else if !ok {
		s.missing("an address, a setting or a call")
	}
	for s.more() && !s.out.more {
		t, _ := s.want("")
		name := t.lower()
		if !contains(settingNames, name) {
			hint := "the settings are " + strings.Join(settingNames, ", ")
			if looksLikeAddress(t.text) {
				hint = "the address stands directly behind " + id.String()
			}
			s.reject(t.whole(), "unknown-setting", quoted(t.text)+" is no setting of a host", diag.DidYouMean(hint, t.text, settingNames...))
			// What follows is probably its value.
			if next, ok := s.at(0); ok && !contains(settingNames, next.lower()) {
				s.pos++
			}
			continue
		}
		first := s.once(t.whole(), id.String()+"'s "+name)
		v, ok := s.settingValue(name)
		if !ok {
			continue
		}
		var into engine.HostSetup
		if !first {
			into = *h // read it for its faults, and throw it away
			s.setting(&into, name, v)
			continue
		}
		s.setting(h, name, v)
	}
}

// settingValue takes the value of a setting, unless the next setting follows at once.
func (s *setupParser) settingValue(name string) (value, bool) {
	what := map[string]string{"isn": "a number, or keyed, counter or clock", "profile": "one of " + strings.Join(tcp.ProfileNames(), ", "), "mss": "a number", "window": "a number", "wscale": "a number or off",
		"sack": "on or off", "timestamps": "on or off", "max-syn-backlog": "a number", "ports": "a number",
		"broken": "the name of a protection"}[name]
	for _, t := range timeSettings {
		if t.name == name {
			what = "a time"
		}
	}
	for _, small := range smallSettings {
		if small.name == name {
			what = fmt.Sprintf("a number from %d to %d", small.lo, small.hi)
		}
	}
	if what == "" {
		what = "on or off"
	}
	if t, ok := s.at(0); !ok || contains(settingNames, t.lower()) {
		t := s.toks[s.pos-1]
		s.fault(t.end, t.end, "missing-word", quoted(t.text)+" must be followed by "+what, "")
		return value{}, false
	}
	t, _ := s.want(what)
	return t.whole(), true
}

func (s *setupParser) setting(h *engine.HostSetup, name string, v value) {
	o := &h.Options
	switch name {
	case "isn":
		if strings.EqualFold(v.text, "fixed") { // as "broken fixed-isn" was once written
			o.Broken |= tcp.FixedISN
			break
		}
		h.ISNs, o.ISN = s.isns(v)
	case "profile":
		if _, ok := tcp.ProfileByName(strings.ToLower(v.text)); !ok {
			names := tcp.ProfileNames()
			s.reject(v, "unknown-profile", quoted(v.text)+" is no profile", diag.DidYouMean("the profiles are "+strings.Join(names, ", "), v.text, names...))
			return
		}
		h.Profile = strings.ToLower(v.text)
	case "mss":
		n, _ := s.number(v, "mss", engine.MinMSS, engine.MaxMSS)
		o.MSS = uint16(n)
	case "window":
		n, ok := s.number(v, "window", 0, 65535)
		o.Window = tcp.Opt[uint16]{V: uint16(n), Set: ok}
	case "wscale":
		if o.ScaleOff = strings.EqualFold(v.text, "off"); !o.ScaleOff {
			n, ok := s.number(v, "wscale", 0, engine.MaxScale)
			o.Scale = tcp.Opt[uint8]{V: uint8(n), Set: ok}
		}
	case "sack":
		on, ok := s.onOff(v, "sack")
		o.SACK = tcp.Opt[bool]{V: on, Set: ok}
	case "timestamps":
		on, ok := s.onOff(v, "timestamps")
		o.Timestamps = tcp.Opt[bool]{V: on, Set: ok}
	case "max-syn-backlog":
		n, _ := s.number(v, name, 1, 65535)
		o.MaxSynBacklog = uint16(n)
	case "ports":
		n, _ := s.number(v, name, 1, 1024)
		o.Ports = uint16(n)
	case "broken":
		o.Broken |= s.broken(v)
	}
	for _, small := range smallSettings {
		if small.name == name {
			n, ok := s.number(v, name, small.lo, small.hi)
			*small.of(o) = tcp.Opt[uint8]{V: uint8(n), Set: ok}
		}
	}
	for _, t := range timeSettings {
		if t.name == name {
			*t.of(o), _ = s.time(v, name, t.lo, t.hi)
		}
	}
	for _, sw := range switchSettings {
		if sw.name == name {
			on, ok := s.onOff(v, name)
			*sw.of(o) = tcp.Opt[bool]{V: on, Set: ok}
		}
	}
}

// broken reads no-rst or no-rst,no-time-wait: protections that are missing.
func (s *setupParser) broken(v value) tcp.Broken {
	var set tcp.Broken
	col := v.col
	for name := range strings.SplitSeq(v.text, ",") {
		width := len([]rune(name))
		b, ok := tcp.BrokenByName(strings.ToLower(name))
		if !ok {
			names := tcp.BrokenNames()
			s.reject(value{name, v.quoted, col, col + width}, "unknown-protection", quoted(name)+" is no protection that can be missing",
				diag.DidYouMean("those that can be missing are "+strings.Join(names, ", "), name, names...))
		}
		set |= b
		col += width + 1
	}
	return set
}

// isns reads 300, 300,400, counter or 300,counter. A blank may follow a comma.
func (s *setupParser) isns(v value) (isns []wire.Seq, kind tcp.ISNKind) {
	for {
		col := v.col
		for i, part := range strings.Split(v.text, ",") {
			width := len([]rune(part))
			if k, ok := tcp.ParseISNKind(strings.ToLower(part)); ok {
				if kind = k; i < strings.Count(v.text, ",") {
					s.reject(v, "unexpected-word", "after "+quoted(part)+" there can be no number", "the numbers stand before it")
				}
				return isns, kind
			}
			if part != "" || i == 0 {
				n, ok := s.number(value{part, v.quoted, col, col + width}, "an ISN", 0, 1<<32-1)
				if !ok {
					isns = nil
				}
				isns = append(isns, wire.Seq(n))
			}
			col += width + 1
		}
		next, ok := s.at(0)
		if !ok || !strings.HasSuffix(v.text, ",") || !startsWithDigit(next.text) && !isISNKind(next.text) {
			break
		}
		s.pos++
		v = next.whole()
	}
	if len(isns) > engine.MaxISNs {
		s.reject(v, "too-many", fmt.Sprintf("a host can be given at most %d initial sequence numbers", engine.MaxISNs), "those after the last are generated")
		return nil, kind
	}
	return isns, kind
}

func isISNKind(name string) bool {
	_, ok := tcp.ParseISNKind(strings.ToLower(name))
	return ok
}

// delay reads "50ms" or "50ms 80ms" behind "delay".
func (s *setupParser) delay(name token) {
	first := s.once(name.whole(), "delay")
	t, ok := s.want("a time")
	if !ok {
		return
	}
	there, ok := s.time(t.whole(), "delay", 0, network.MaxDelay)
	back := there
	if s.more() {
		t, _ = s.want("")
		var ok2 bool
		back, ok2 = s.time(t.whole(), "delay", 0, network.MaxDelay)
		ok = ok && ok2
	}
	s.finish()
	if first && ok {
		s.setup.Path.Delay = [2]network.Time{network.ToServer: there, network.ToClient: back}
	}
}

func (s *setupParser) jitter(name token) {
	first := s.once(name.whole(), "jitter")
	if t, ok := s.want("a time"); ok {
		if v, ok := s.time(t.whole(), "jitter", 0, network.MaxDelay); ok && first {
			s.setup.Path.Jitter = v
		}
	}
	s.finish()
}

// chance reads a percentage into v.
func (s *setupParser) chance(name token, v *uint32) {
	first := s.once(name.whole(), name.lower())
	if t, ok := s.want("a percentage"); ok {
		if n, ok := s.percent(t.whole(), name.lower()); ok && first {
			*v = n
		}
	}
	s.finish()
}

// loss reads "10%" or "10% 0%" behind "loss".
func (s *setupParser) loss(name token) {
	first := s.once(name.whole(), "loss")
	t, ok := s.want("a percentage")
	if !ok {
		return
	}
	there, ok := s.percent(t.whole(), "loss")
	back := there
	if s.more() {
		t, _ = s.want("")
		var ok2 bool
		back, ok2 = s.percent(t.whole(), "loss")
		ok = ok && ok2
	}
	s.finish()
	if first && ok {
		s.setup.Path.Loss = [2]uint32{network.ToServer: there, network.ToClient: back}
	}
}

// reorder reads "5% 20ms" behind "reorder".
func (s *setupParser) reorder(name token) {
	first := s.once(name.whole(), "reorder")
	t, ok := s.want("a percentage and a time")
	if !ok {
		return
	}
	chance, ok := s.percent(t.whole(), "reorder")
	if t, ok2 := s.want("a time"); ok2 {
		by, ok2 := s.time(t.whole(), "the time by which a segment is held up", 1, network.MaxDelay)
		if first && ok && ok2 && chance > 0 {
			s.setup.Path.Reorder, s.setup.Path.ReorderBy = chance, by
		}
	}
	s.finish()
}

func (s *setupParser) seed(name token) {
	first := s.once(name.whole(), "seed")
	if t, ok := s.want("a number"); ok {
		if n, ok := s.number(t.whole(), "seed", 0, maxSeed); ok && first {
			s.setup.Seed = uint64(n)
		}
	}
	s.finish()
}

func (s *setupParser) rule(name token) {
	r, ok := s.pathRule()
	s.finish()
	if len(s.setup.Path.Rules) == network.MaxRules {
		s.reject(name.whole(), "too-many", fmt.Sprintf("a path has at most %d rules", network.MaxRules), "")
		return
	}
	if ok && !s.bad {
		s.setup.Path.Rules = append(s.setup.Path.Rules, r)
	}
}

// checkHosts finds what is wrong with the two hosts together.
func (s *setupParser) checkHosts() {
	// A host without an address of its own speaks the version of IP of the other one.
	for id := range s.setup.Hosts {
		own, other := &s.setup.Hosts[id].Addr, s.setup.Hosts[1-id].Addr
		if s.set[engine.HostID(id).String()+"'s address"] == 0 && other.Addr().Is6() {
			*own = defaultAddrs6[id]
		}
	}
	c, sv := s.setup.Hosts[engine.Client].Addr, s.setup.Hosts[engine.Server].Addr
	line := max(s.set["client's address"], s.set["server's address"], 1)
	if c.Addr().Is6() != sv.Addr().Is6() {
		s.out.add(diag.Diagnostic{Line: line, Col: 1, EndCol: 7, Severity: diag.Error, Code: "mixed-addresses",
			Message: fmt.Sprintf("client and server cannot talk: %s and %s are addresses of different versions of IP", c.Addr(), sv.Addr()),
			Hint:    "give both an IPv4 address, or both an IPv6 address: client [2001:db8::1]:52431 and server [2001:db8::2]:80"})
		return
	}
	for i, b := range s.setup.Path.Boxes {
		if b.Kind == network.Narrow && b.MTU < network.MinMTU6 && c.Addr().Is6() {
			s.out.add(diag.Diagnostic{Line: s.boxLines[i], Col: 1, EndCol: 4, Severity: diag.Error, Code: "out-of-range",
				Message: fmt.Sprintf("over IPv6 an MTU is at least %d, not %d", network.MinMTU6, b.MTU), Range: &diag.Range{Min: network.MinMTU6, Max: 65535}})
		}
		for id, a := range [2]netip.Addr{c.Addr(), sv.Addr()} {
			if a == wire.RouterAddr(uint8(i+1), a.Is6()) {
				s.out.add(diag.Diagnostic{Line: line, Col: 1, EndCol: 7, Severity: diag.Error, Code: "same-address",
					Message: fmt.Sprintf("the %s has the address %s, which belongs to a box of the path", engine.HostID(id), a), Hint: "give it another address, 192.0.2.1 for instance"})
			}
		}
	}
	if c.Addr() != sv.Addr() {
		return
	}
	s.out.add(diag.Diagnostic{Line: line, Col: 1, EndCol: 7, Severity: diag.Error, Code: "same-address",
		Message: fmt.Sprintf("client and server both have the address %s", c.Addr()), Hint: "give one of them another address, 192.0.2.2 for instance"})
}

func looksLikeAddress(s string) bool {
	return startsWithDigit(s) || strings.ContainsAny(s, ".:[")
}

func startsWithDigit(s string) bool { return s != "" && '0' <= s[0] && s[0] <= '9' }

func contains(words []string, word string) bool {
	for _, w := range words {
		if w == word {
			return true
		}
	}
	return false
}
