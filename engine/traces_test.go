package engine_test

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/handshakelab/lab/engine"
	"github.com/handshakelab/lab/engine/network"
	"github.com/handshakelab/lab/engine/tcp"
	"github.com/handshakelab/lab/engine/wire"
)

// A trace is a scenario recorded on a real kernel: what was called, what the wire did, and every segment.
type trace struct {
	Name, Note string
	Delay      float64 `json:"one_way_delay_ms"`
	A, B       string
	Raw        string `json:"raw_side"`
	Sysctls    map[string]map[string]any
	Events     []traceEvent
	Counters   map[string]map[string]uint64
}

type traceEvent struct {
	T            float64
	Kind         string
	Who, Call    string
	Name         string // of a sysctl
	Result       any
	Took         float64
	Src          string
	Sport, Dport uint16
	Flags        string
	Seq, Ack     uint32
	Len          int
	Win          uint16
	Opts         []string
	Fate         string
	Data         string
	DelayMs      *float64 `json:"delay_ms"`
	A, B         json.RawMessage
}

// traceCalls are the calls that the engine has; a trace that makes another one is not run.
var traceCalls = regexp.MustCompile(`^(listen\(port=(\d+), backlog=(\d+)\)|connect\(([\d.]+):(\d+)\)( nonblocking)?|connect|connect\(self\)|accept\(\)|send\((\d+)\)|sendto\(MSG_FASTOPEN, (\d+)\)|recv\(\)|shutdown\(SHUT_WR\)|close\(\).*|close\(listener\)|setsockopt\(.*\)|getsockopt\(SO_ERROR\))$`)

// traceSysctls are the settings that the engine has.
var traceSysctls = map[string]func(*tcp.Options, int){
	"tcp_syn_linear_timeouts": func(o *tcp.Options, v int) { o.SynLinear = tcp.Some(uint8(v)) },
	"tcp_syn_retries":         func(o *tcp.Options, v int) { o.SynRetries = tcp.Some(uint8(v)) },
	"tcp_timestamps":          func(o *tcp.Options, v int) { o.Timestamps = tcp.Some(v != 0) },
	"tcp_sack":                func(o *tcp.Options, v int) { o.SACK = tcp.Some(v != 0) },
	"tcp_tw_reuse":            func(o *tcp.Options, v int) { o.TWReuse = tcp.Some(uint8(v)) },
	"tcp_syncookies":          func(o *tcp.Options, v int) { o.SynCookies = tcp.Some(uint8(v)) },
	"tcp_abort_on_overflow":   func(o *tcp.Options, v int) { o.AbortOnOverflow = tcp.Some(v != 0) },
	"tcp_rfc1337":             func(o *tcp.Options, v int) { o.RFC1337 = tcp.Some(v != 0) },
	"tcp_synack_retries":      func(o *tcp.Options, v int) { o.SynAckRetries = tcp.Some(uint8(v)) },
	"tcp_retries2":            func(o *tcp.Options, v int) { o.Retries = tcp.Some(uint8(v)) },
	"tcp_fin_timeout":         func(o *tcp.Options, v int) { o.FinTimeout = engine.Time(v) * tcp.Second },
	"tcp_orphan_retries":      orphanRetries,
	"tcp_fastopen":            func(o *tcp.Options, v int) { o.FastOpen = tcp.Some(uint8(v)) },
	"tcp_ecn":                 func(o *tcp.Options, v int) { o.ECN = tcp.Some(uint8(v)) },
	"tcp_max_syn_backlog":     func(o *tcp.Options, v int) { o.MaxSynBacklog = uint16(v) },
	"ip_local_port_range":     func(o *tcp.Options, _ int) { o.Ports = 1 }, // the traces set it to one port
	"tcp_window_scaling":      func(o *tcp.Options, v int) { o.ScaleOff = v == 0 },
}

// orphanRetries sets tcp_orphan_retries, of which 0 is the default of 8.
func orphanRetries(o *tcp.Options, v int) {
	if v > 0 {
		o.OrphanRetries = tcp.Some(uint8(v))
	}
}

// traceNeeds names what traces need that neither their calls nor their settings show and that the engine does not have.
var traceNeeds = map[string]string{}

// TestTraces replays what was recorded on Linux: the same calls at the same times, the same faults on the wire. Flags, numbers,
// lengths, option kinds and their order, fates, states and the results of calls must be the same; times may be late by
// as much as the kernel's timer wheel is. LAB_KERNEL_DIR names another folder with traces of the same form.
func TestTraces(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(cmp.Or(os.Getenv("LAB_KERNEL_DIR"), "testdata/kernel"), "traces", "*.json"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no traces: %v", err)
	}
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var tr trace
		if err := json.Unmarshal(b, &tr); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		if why := tr.beyond(); why != "" {
			t.Logf("%s is not replayed: the engine has no %s", tr.Name, why)
			continue
		}
		t.Run(tr.Name, func(t *testing.T) { newReplay(t, &tr).run() })
	}
}

// beyond names what a trace needs and the engine does not have yet, "" when there is nothing.
func (tr *trace) beyond() string {
	if need := traceNeeds[tr.Name]; need != "" {
		return need
	}
	for _, side := range tr.Sysctls {
		for name := range side {
			if _, ok := traceSysctls[name]; !ok {
				return "sysctl " + name
			}
		}
	}
	calls, segments := 0, 0
	for _, e := range tr.Events {
		switch e.Kind {
		case "sys":
			calls++
			if !traceCalls.MatchString(e.Call) {
				return "call " + e.Call
			}
		case "sysctl":
			if strings.HasSuffix(e.Name, "tcp_fastopen_key") {
				continue
			}
			return "setting that changes during the run"
		case "seg":
			segments++
		}
	}
	if segments == 0 && calls == 0 {
		return "wire without segments"
	}
	return ""
}

// selfConnected finds a socket that is connected to itself.
var selfConnected = regexp.MustCompile(`(\d+)>(\d+) ESTABLISHED`)

// A replay is a trace under way in a world. The world's clock runs ahead of the trace's by start, so that a segment can be
// forged one delay before it must arrive.
type replay struct {
	*testing.T
	tr      *trace
	w       engine.World
	start   float64 // first event of the trace, seconds
	lead    engine.Time
	sent    map[way][]traceEvent // what each direction of each connection sent in the trace and was not seen yet, in order
	bases   map[way][2]uint32    // initial sequence numbers, the engine's and the trace's
	ports   [2][]uint16          // the local ports of each side's connections, in the order of their SYNs
	told    []string
	past    []engine.Event
	cookies map[string]string // Fast Open cookies of the trace, and what the engine gave in their place
	clocks  map[way]uint32    // how far the engine's timestamps are ahead of the trace's

	lingering string  // the call that made close an abort
	nonblock  [2]bool // the newest socket of a side does not wait
	abandoned bool    // its connections were thrown away one after the other, which no call can do
	silent    bool    // nothing of the wire was recorded
}

func newReplay(t *testing.T, tr *trace) *replay {
	r := &replay{T: t, tr: tr, lead: tcp.Second, bases: map[way][2]uint32{}, clocks: map[way]uint32{}, cookies: map[string]string{}, sent: map[way][]traceEvent{}}
	setup := engine.Setup{Path: network.Setup{Delay: [2]engine.Time{r.micros(tr.Delay / 1000), r.micros(tr.Delay / 1000)}}}
	ports := [2]uint16{40001, 80}
	addrs := [2]string{tr.A, tr.B}
	r.start = tr.Events[0].at()
	for _, e := range tr.Events {
		r.start = min(r.start, e.at())
		if m := traceCalls.FindStringSubmatch(e.Call); e.Kind == "sys" && m[2] != "" {
			ports[side(e.Who)] = port(t, m[2])
		}
		if m := selfConnected.FindStringSubmatch(string(e.A) + string(e.B)); m != nil && m[1] == m[2] {
			ports = [2]uint16{port(t, m[1]), port(t, m[1])}
		}
	}
	r.silent = !slices.ContainsFunc(tr.Events, func(e traceEvent) bool { return e.Kind == "seg" })
	for _, e := range tr.Events {
		if e.Kind != "seg" {
			continue
		}
		h := side(e.Src)
		if len(setup.Hosts[h].ISNs) == 0 {
			ports[h] = e.Sport
		}
		if e.Fate != "injected" {
			w := way{h, e.Sport, e.Dport}
			if i := r.original(w, e); i >= 0 {
				r.sent[w][i].Fate = "duplicate"
				continue
			}
			r.sent[w] = append(r.sent[w], e)
			if n := wire.Seq(e.Seq); strings.HasPrefix(e.Flags, "S") && !slices.Contains(setup.Hosts[h].ISNs, n) {
				setup.Hosts[h].ISNs = append(setup.Hosts[h].ISNs, n)
				if strings.TrimRight(e.Flags, "EW") == "S" {
					r.ports[h] = append(r.ports[h], e.Sport)
				}
			}
		}
	}
	for h := range 2 {
		for _, e := range tr.Events {
			if e.Kind != "seg" || side(e.Src) != engine.HostID(h) || e.Fate == "injected" {
				continue
			}
			if strings.TrimRight(e.Flags, "EW") == "S" {
				ports[h], ports[1-h] = e.Sport, e.Dport
			}
		}
		if letter(engine.HostID(h)) == tr.Raw {
			addrs[h] = "192.0.2.1" // nobody there answers; what the raw side sent is forged
		}
		setup.Hosts[h].Addr = netip.AddrPortFrom(netip.MustParseAddr(addrs[h]), ports[h])
		setup.Hosts[h].Profile = "linux"
		for name, v := range tr.Sysctls[letter(engine.HostID(h))] {
			n, _ := v.(float64)
			traceSysctls[name](&setup.Hosts[h].Options, int(n))
		}
	}
	w, err := engine.New(setup)
	if err != nil {
		t.Fatal(err)
	}
	r.w = w
	return r
}

// original finds the segment of which e is the copy that the wire made, -1 when e stands for both.
func (r *replay) original(w way, e traceEvent) int {
	if e.Fate != "duplicate" {
		return -1
	}
	return slices.IndexFunc(r.sent[w], func(o traceEvent) bool {
		return o.Fate == "delivered" && o.Flags == e.Flags && o.Seq == e.Seq && o.Ack == e.Ack && o.Len == e.Len && slices.Equal(o.Opts, e.Opts) &&
			(e.T-o.T < 0.001 || timestamps.MatchString(strings.Join(e.Opts, ",")))
	})
}

// listeners makes the listen calls that a trace does not have as calls: its first look at the sockets shows them.
func (r *replay) listeners() {
	i := slices.IndexFunc(r.tr.Events, func(e traceEvent) bool { return e.Kind == "state" })
	if i < 0 {
		if r.silent { // the socket that a connect alone met is told nowhere
			r.apply(engine.Action{Kind: engine.Call, Host: engine.Server, Call: tcp.Call{Verb: tcp.CallListen, Backlog: 16}})
		}
		return
	}
	for h, raw := range []json.RawMessage{r.tr.Events[i].A, r.tr.Events[i].B} {
		called := slices.ContainsFunc(r.tr.Events, func(e traceEvent) bool {
			return e.Kind == "sys" && side(e.Who) == engine.HostID(h) && strings.HasPrefix(e.Call, "listen")
		})
		if strings.Contains(string(raw), " LISTEN") && !called {
			r.apply(engine.Action{Kind: engine.Call, Host: engine.HostID(h), Call: tcp.Call{Verb: tcp.CallListen, Backlog: 16}})
		}
	}
}

// at is when an event of a trace began; calls are noted when they return.
func (e traceEvent) at() float64 { return e.T - e.Took }

func side(letter string) engine.HostID { return engine.HostID(letter[0] - 'A') }
func letter(h engine.HostID) string    { return string(rune('A' + h)) }

func port(t *testing.T, s string) uint16 {
	n, err := strconv.ParseUint(s, 10, 16)
	if err != nil {
		t.Fatal(err)
	}
	return uint16(n)
}

func (r *replay) micros(s float64) engine.Time { return engine.Time(s * 1e6) }

// when is the world's time of a time of the trace.
func (r *replay) when(t float64) engine.Time { return r.lead + r.micros(t-r.start) }

func (r *replay) run() {
	type deed struct {
		at   engine.Time
		call bool
		do   func()
	}
	var deeds []deed
	for _, e := range r.tr.Events {
		at := r.when(e.at())
		switch {
		case e.Kind == "sys":
			deeds = append(deeds, deed{at, true, func() { r.call(e) }})
			if e.Took > 0.5 {
				deeds = append(deeds, deed{r.when(e.T), false, func() {}})
			}
		case e.Kind == "sysctl": // a new key for Fast Open, or the trace would not be replayed
			deeds = append(deeds, deed{at, true, func() {
				r.apply(engine.Action{Kind: engine.Call, Host: side(e.Who), Call: tcp.Call{Verb: tcp.CallSet, Option: tcp.FastOpenKey, Values: [3]engine.Time{1}}})
			}})
		case e.Kind == "state":
			var before engine.View
			deeds = append(deeds, deed{at - stateSlack, false, func() { before = r.w.View() }}, deed{at, false, func() { r.states(e, before) }})
		case e.Kind == "seg" && e.Fate == "injected":
			// An injected segment was handed to the kernel at once: it must be on the wire one delay before.
			deeds = append(deeds, deed{at - r.micros(r.tr.Delay/1000), false, func() { r.inject(e) }})
		case e.Kind == "seg":
			deeds = append(deeds, deed{at, false, func() {}})
		}
	}
	slices.SortStableFunc(deeds, func(a, b deed) int { return cmp.Compare(a.at, b.at) })
	r.listeners()
	for _, d := range deeds {
		r.until(d.at, d.call)
		d.do()
		r.watch()
	}
	r.until(r.w.Now()+r.micros(r.tr.Delay/1000), false) // what was sent last has arrived
	r.counters()
	r.until(r.w.Now()+5*tcp.Second, false)
	for w, left := range r.sent {
		if len(left) > 0 {
			r.Errorf("%s %d>%d: the kernel sent %d segments more; the next is %+v", letter(w.from), w.sport, w.dport, len(left), left[0])
		}
	}
	r.results()
}

// jiffies is how late a timer of a few milliseconds was in the kernel that recorded.
const jiffies = 5 * tcp.Millisecond

// until lets time pass up to at, one due thing after the other, with the faults of the trace on each segment as it is sent. Where a
// call follows at at, a timer that fired late in the kernel, after that call, is left to fire after it here too.
func (r *replay) until(at engine.Time, call bool) {
	for {
		due := r.w.Pending()
		if len(due) == 0 || due[0].At > at {
			break
		}
		if call && due[0].Kind == engine.DueTimer && at-due[0].At <= jiffies && !r.fits() {
			return
		}
		r.apply(engine.Action{Kind: engine.Step, Count: 1})
		r.watch()
	}
	if at > r.w.Now() {
		r.apply(engine.Action{Kind: engine.Wait, For: at - r.w.Now()})
	}
}

// fits reports whether what the next step would send is what the kernel sent next.
func (r *replay) fits() bool {
	w := r.w.Clone()
	events, err := w.Apply(engine.Action{Kind: engine.Step, Count: 1})
	for _, e := range events {
		if e.Kind != engine.Sent || e.Toward == e.Host {
			continue
		}
		next := r.sent[way{e.Host, e.Wire.Src.Port(), e.Wire.Dst.Port()}]
		if len(next) == 0 {
			return false
		}
		if got, want := r.lines(e, next[0]); got != want {
			return false
		}
	}
	return err == nil
}

var fresh []engine.Event

func (r *replay) apply(a engine.Action) {
	r.Helper()
	events, err := r.w.Apply(a)
	if err != nil {
		r.Fatalf("%+v: %v", a, err)
	}
	r.past = append(r.past, events...)
	for _, e := range events {
		switch e.Kind {
		case engine.Sent:
			fresh = append(fresh, e)
		case engine.Told:
			if e.Errno != tcp.OK {
				r.told = append(r.told, letter(e.Host)+" "+e.Errno.String())
			} else {
				r.told = append(r.told, letter(e.Host)+" "+e.Notice.String())
			}
		}
	}
}

// watch compares what was sent since the last look with the trace, and does to it what the wire did.
func (r *replay) watch() {
	sent := fresh
	fresh = nil
	if r.silent {
		return
	}
	for _, e := range sent {
		h := e.Host
		w := way{h, e.Wire.Src.Port(), e.Wire.Dst.Port()}
		if e.Toward == h {
			continue // over the loopback interface, where nobody recorded
		}
		if len(r.sent[w]) == 0 {
			if r.superseded(w) {
				r.abandoned = true
				continue
			}
			if r.when(r.tr.Events[len(r.tr.Events)-1].T) > e.At {
				r.Errorf("%v %s sent what the kernel did not: %v seq %d ack %d", e.At-r.lead, letter(h), e.Wire.Flags, e.Wire.Seq, e.Wire.Ack)
			}
			continue
		}
		want := r.sent[w][0]
		r.sent[w] = r.sent[w][1:]
		r.compare(e, want)
		own := r.micros(r.tr.Delay / 1000)
		switch {
		case want.Fate == "dropped":
			r.apply(engine.Action{Kind: engine.Drop, Seg: engine.SegRef{ID: e.Seg}})
		case want.DelayMs != nil && r.lateAfter(e, want, w):
			r.apply(engine.Action{Kind: engine.Delay, Seg: engine.SegRef{ID: e.Seg}, For: r.when(want.T) - e.At + max(0, r.micros(*want.DelayMs/1000)-own)})
		case want.DelayMs != nil && r.micros(*want.DelayMs/1000) > own:
			r.apply(engine.Action{Kind: engine.Delay, Seg: engine.SegRef{ID: e.Seg}, For: r.micros(*want.DelayMs/1000) - own})
		}
		if want.Fate == "duplicate" {
			r.apply(engine.Action{Kind: engine.Duplicate, Seg: engine.SegRef{ID: e.Seg}})
		}
	}
}

// way is one direction of a connection.
type way struct {
	from         engine.HostID
	sport, dport uint16
}

// shift moves a number of the trace by as much as the engine's initial sequence number differs from the trace's.
func (r *replay) shift(from engine.HostID, sport, dport uint16, n uint32) uint32 {
	b := r.bases[way{from, sport, dport}]
	return n - b[1] + b[0]
}

// lateAfter reports whether a timer of the kernel was so late with a segment that before it arrived the receiver sent something, or
// forgot the connection, by a timer of its own that runs out at the same ideal time. Then the segment must arrive as late here.
func (r *replay) lateAfter(e engine.Event, want traceEvent, w way) bool {
	reverse := way{1 - w.from, w.dport, w.sport}
	back := r.sent[reverse]
	if r.when(want.T) <= e.At || len(back) == 0 {
		return false
	}
	base, known := r.bases[reverse]
	forgot := known && back[0].Flags == "S." && back[0].Seq != base[1]
	return forgot || back[0].T > want.T && back[0].T < want.T+*want.DelayMs/1000
}

// superseded reports whether the side has opened another connection since: some traces follow one after the other.
func (r *replay) superseded(w way) bool {
	conns := r.w.View().Hosts[w.from].Conns
	return r.tr.Raw != "" && len(conns) > 0 && conns[len(conns)-1].Local.Port() != w.sport
}

func (r *replay) compare(got engine.Event, want traceEvent) {
	r.Helper()
	s := got.Wire
	if s.Flags.Has(wire.SYN) {
		w := way{got.Host, want.Sport, want.Dport}
		r.bases[w] = [2]uint32{uint32(s.Seq), want.Seq}
		if ts := timestamps.FindStringSubmatch(strings.Join(want.Opts, ",")); ts != nil {
			n, _ := strconv.ParseUint(ts[1], 10, 32)
			r.clocks[w] = s.Options.Parse().TSVal - uint32(n)
		}
	}
	if given := s.Options.Parse(); given.CookieLen > 0 {
		for _, o := range want.Opts {
			if cookie, ok := strings.CutPrefix(o, "FO "); ok {
				r.cookies[cookie] = fmt.Sprintf("%x", given.Cookie[:given.CookieLen])
			}
		}
	}
	line, kernel := r.lines(got, want)
	if line != kernel {
		r.Errorf("%v\n got  %s\n want %s", got.At-r.lead, line, kernel)
	}
	// Linux's timers are late by up to an eighth, never early; the machine that recorded was busy.
	ideal, measured := got.At-r.lead, r.when(want.T)-r.lead
	if measured < ideal*98/100-5*tcp.Millisecond || measured > ideal*115/100+25*tcp.Millisecond {
		r.Errorf("%s: sent at %v, the kernel at %v", line, ideal, measured)
	}
}

// lines are a segment of the engine and one of the trace in the same words.
func (r *replay) lines(got engine.Event, want traceEvent) (line, kernel string) {
	s := got.Wire
	if want.Flags != "R." || want.Seq != 0 {
		want.Seq = r.shift(got.Host, want.Sport, want.Dport, want.Seq)
	}
	want.Ack = r.shift(1-got.Host, want.Dport, want.Sport, want.Ack)
	flags := map[wire.Flags]string{wire.SYN: "S", wire.SYN | wire.ACK: "S.", wire.ACK: ".", wire.RST: "R", wire.RST | wire.ACK: "R.",
		wire.PSH | wire.ACK: "P.", wire.FIN | wire.ACK: "F.", wire.FIN | wire.PSH | wire.ACK: "FP.",
		wire.SYN | wire.ECE | wire.CWR: "SEW", wire.SYN | wire.ACK | wire.ECE: "SE."}[s.Flags]
	line = fmt.Sprintf("%s %d>%d %s seq %d len %d", letter(got.Host), s.Src.Port(), s.Dst.Port(), flags, s.Seq, len(s.Payload))
	kernel = fmt.Sprintf("%s %d>%d %s seq %d len %d", want.Src, want.Sport, want.Dport, want.Flags, want.Seq, want.Len)
	if s.Flags.Has(wire.ACK) {
		line, kernel = line+fmt.Sprintf(" ack %d", s.Ack), kernel+fmt.Sprintf(" ack %d", want.Ack)
	}
	line += fmt.Sprintf(" win %d options %v", s.Window, kinds(s.Options.String()))
	kernel += fmt.Sprintf(" win %d options %v", want.Win, kinds(strings.Join(want.Opts, ",")))
	return line, kernel
}

// timestamps finds the timestamps option.
var timestamps = regexp.MustCompile(`TS val (\d+) ecr (\d+)`)

// clock moves the timestamps of an injected segment as far as the engine's clocks are from the kernel's.
func (r *replay) clock(option string, e traceEvent) string {
	m := timestamps.FindStringSubmatch(option)
	if m == nil {
		return option
	}
	val, _ := strconv.ParseUint(m[1], 10, 32)
	ecr, _ := strconv.ParseUint(m[2], 10, 32)
	from, to := way{side(e.Src), e.Sport, e.Dport}, way{1 - side(e.Src), e.Dport, e.Sport}
	if ecr != 0 {
		ecr += uint64(r.clocks[to])
	}
	return fmt.Sprintf("TS val %d ecr %d", uint32(val)+r.clocks[from], uint32(ecr))
}

// kinds keeps the names of options and leaves their values.
func kinds(options string) []string {
	var names []string
	for _, o := range strings.Split(options, ",") {
		if o != "" {
			names = append(names, strings.Replace(strings.Fields(o)[0], "FO", "tfo", 1))
		}
	}
	return names
}

// nextPort is the local port that the kernel gave to the next connection of a side, 0 when the trace shows none.
func (r *replay) nextPort(h engine.HostID) (port uint16) {
	ports := &r.ports[h]
	if len(*ports) > 0 {
		port = (*ports)[0]
	}
	if len(*ports) > 1 {
		*ports = (*ports)[1:]
	}
	return port
}

func (r *replay) call(e traceEvent) {
	m := traceCalls.FindStringSubmatch(e.Call)
	c := tcp.Call{}
	switch {
	case m[2] != "":
		n, _ := strconv.Atoi(m[3])
		c = tcp.Call{Verb: tcp.CallListen, Backlog: n}
	case m[4] != "":
		c = tcp.Call{Verb: tcp.CallConnect, To: netip.MustParseAddrPort(m[4] + ":" + m[5])}
		bound := regexp.MustCompile(`bound to (the port|\d)`).MatchString(r.tr.Note) && !strings.Contains(r.tr.Note, "not bound")
		r.nonblock[side(e.Who)] = m[6] != ""
		from := r.nextPort(side(e.Who))
		if r.tr.Sysctls["A"]["ip_local_port_range"] == nil || bound {
			c.From = from
		}
		if strings.Contains(r.tr.Note, "each connect abandoned") {
			_, _ = r.w.Apply(engine.Action{Kind: engine.Call, Host: side(e.Who), Call: tcp.Call{Verb: tcp.CallClose}})
		}
	case e.Call == "connect":
		c = tcp.Call{Verb: tcp.CallConnect}
	case e.Call == "connect(self)":
		self := r.w.Setup().Hosts[side(e.Who)].Addr
		c = tcp.Call{Verb: tcp.CallConnect, To: self, From: self.Port()}
	case m[7] != "":
		n, _ := strconv.Atoi(m[7])
		c = tcp.Call{Verb: tcp.CallSend, Data: strings.Repeat("x", n), Nonblock: r.nonblock[side(e.Who)]}
	case m[8] != "":
		n, _ := strconv.Atoi(m[8])
		c = tcp.Call{Verb: tcp.CallConnect, FastOpen: true, From: r.nextPort(side(e.Who)), Data: strings.Repeat("x", n)}
	case e.Call == "accept()" && e.Result == "ok":
		c = tcp.Call{Verb: tcp.CallAccept}
	case e.Call == "close(listener)":
		c = tcp.Call{Verb: tcp.CallClose, Listener: true}
	case strings.HasPrefix(e.Call, "setsockopt(SO_KEEPALIVE"):
		var idle, interval, count engine.Time
		if _, err := fmt.Sscanf(e.Call, "setsockopt(SO_KEEPALIVE, idle %d, intvl %d, cnt %d)", &idle, &interval, &count); err != nil {
			r.Fatal(e.Call, err)
		}
		c = tcp.Call{Verb: tcp.CallSet, Option: tcp.KeepAlive, Values: [3]engine.Time{idle * tcp.Second, interval * tcp.Second, count}}
	case strings.HasPrefix(e.Call, "close()") && strings.Contains(e.Call+r.tr.Note+r.lingering, "LINGER"):
		c = tcp.Call{Verb: tcp.CallAbort}
	case strings.HasPrefix(e.Call, "setsockopt(SO_LINGER"):
		r.lingering = e.Call
		return
	case strings.HasPrefix(e.Call, "close()"):
		c = tcp.Call{Verb: tcp.CallClose}
	case strings.HasPrefix(e.Call, "shutdown"):
		c = tcp.Call{Verb: tcp.CallShutdown}
	case e.Call == "recv()" && strings.HasSuffix(fmt.Sprint(e.Result), " bytes") && e.Result != "0 bytes":
		c = tcp.Call{Verb: tcp.CallRecv}
	default:
		return // recv and a failed accept change nothing on the wire
	}
	if errno, failed := strings.CutPrefix(fmt.Sprint(e.Result), "-1 "); failed && e.Took < 0.001 && errno != "EINPROGRESS" {
		_, err := r.w.Apply(engine.Action{Kind: engine.Call, Host: side(e.Who), Call: c})
		if got := tcp.OK; !errors.As(err, &got) || got.String() != errno {
			r.Errorf("%s: the kernel said %s, the engine %v", e.Call, errno, err)
		}
		r.told = append(r.told, e.Who+" "+errno)
		return
	}
	r.apply(engine.Action{Kind: engine.Call, Host: side(e.Who), Call: c})
	// A server with Fast Open switched on gives its listener a queue for it, which the trace does not tell.
	if n, _ := r.tr.Sysctls[e.Who]["tcp_fastopen"].(float64); c.Verb == tcp.CallListen && int(n)&tcp.FastOpenServer != 0 {
		r.apply(engine.Action{Kind: engine.Call, Host: side(e.Who), Call: tcp.Call{Verb: tcp.CallSet, Option: tcp.FastOpenQueue, Values: [3]engine.Time{16}}})
	}
	if m := regexp.MustCompile(`TCP_DEFER_ACCEPT (\d+) s`).FindStringSubmatch(r.tr.Note); m != nil && c.Verb == tcp.CallListen {
		s, _ := strconv.Atoi(m[1])
		r.apply(engine.Action{Kind: engine.Call, Host: side(e.Who), Call: tcp.Call{Verb: tcp.CallSet, Option: tcp.DeferAccept,
			Values: [3]engine.Time{engine.Time(s) * tcp.Second}}})
	}
	// The option is set on the socket before it connects; the trace tells of it in words only.
	if m := regexp.MustCompile(`TCP_USER_TIMEOUT (\d+) ms`).FindStringSubmatch(r.tr.Note); m != nil && c.Verb == tcp.CallConnect {
		ms, _ := strconv.Atoi(m[1])
		r.apply(engine.Action{Kind: engine.Call, Host: side(e.Who), Call: tcp.Call{Verb: tcp.CallSet, Option: tcp.UserTimeout,
			Values: [3]engine.Time{engine.Time(ms) * tcp.Millisecond}}})
	}
}

// results compares how the calls of the trace ended.
func (r *replay) results() {
	for _, e := range r.tr.Events {
		result, _ := e.Result.(string)
		if e.Kind != "sys" || !strings.HasPrefix(e.Call, "connect") || strings.HasSuffix(e.Call, "nonblocking") {
			continue
		}
		want := e.Who + " connected"
		if errno, failed := strings.CutPrefix(result, "-1 "); failed && errno != "EINPROGRESS" {
			want = e.Who + " " + errno
		}
		if !slices.Contains(r.told, want) {
			r.Errorf("%s: want %q, the applications were told %q", e.Call, want, r.told)
		}
	}
}

var odd = map[string]string{"bad": "raw fd00", "FO request": "raw 2202", "eol": "eol"}

// inject forges a segment of the trace.
func (r *replay) inject(e traceEvent) {
	var text []string
	for _, o := range e.Opts {
		f := strings.Fields(o)
		switch {
		case odd[o] != "":
			o = odd[o]
		case strings.HasPrefix(o, "FO "):
			o = "tfo cookie " + cmp.Or(r.cookies[f[1]], f[1])
		case strings.Contains(o, "truncated"):
			kind, _ := strconv.Atoi(strings.TrimPrefix(f[0], "opt"))
			length, _ := strconv.Atoi(f[len(f)-1])
			o = fmt.Sprintf("raw %02x%02x", kind, length)
		case strings.Contains(o, "badlen"):
			kind, _ := strconv.Atoi(strings.TrimPrefix(f[0], "opt"))
			length, _ := strconv.Atoi(f[2])
			o = fmt.Sprintf("raw %02x%02x%s", kind, length, f[3])
		case strings.HasPrefix(o, "opt"):
			kind, _ := strconv.Atoi(strings.TrimPrefix(f[0], "opt"))
			o = fmt.Sprintf("raw %02x%02x%s", kind, 2+len(f[1])/2, f[1])
		}
		text = append(text, r.clock(o, e))
	}
	options, err := wire.ParseOptions(strings.Join(text, ","))
	if err != nil {
		r.Fatalf("options %q: %v", text, err)
	}
	h := side(e.Src)
	src := netip.AddrPortFrom(netip.MustParseAddr([]string{r.tr.A, r.tr.B}[h]), e.Sport)
	seq, ack := r.shift(h, e.Sport, e.Dport, e.Seq), r.shift(1-h, e.Dport, e.Sport, e.Ack)
	seg := wire.Segment{Src: src, Seq: wire.Seq(seq), Ack: wire.Seq(ack), Flags: traceFlags(e.Flags), Window: e.Win, Options: options,
		Payload: strings.Repeat("x", e.Len)}
	seg.Dst = netip.AddrPortFrom(netip.MustParseAddr([]string{r.tr.B, r.tr.A}[h]), e.Dport)
	r.apply(engine.Action{Kind: engine.Forge, Host: 1 - h, Edit: engine.Patch{Seg: seg, Set: engine.FieldSrcAddr | engine.FieldSrcPort |
		engine.FieldDstAddr | engine.FieldDstPort | engine.FieldSeq | engine.FieldAck | engine.FieldFlags | engine.FieldWindow | engine.FieldOptions | engine.FieldPayload}})
}

func traceFlags(s string) wire.Flags {
	var f wire.Flags
	for _, l := range s {
		f |= map[rune]wire.Flags{'F': wire.FIN, 'S': wire.SYN, 'R': wire.RST, 'P': wire.PSH, '.': wire.ACK, 'U': wire.URG, 'E': wire.ECE, 'W': wire.CWR}[l]
	}
	return f
}

// stateSlack is how late a segment of the trace may have been when the sockets were looked at.
const stateSlack = 5 * tcp.Millisecond

// states compares the sockets of both sides with those of the trace, now or a moment before.
func (r *replay) states(e traceEvent, before engine.View) {
	r.Helper()
	now := r.w.View()
	for h, raw := range []json.RawMessage{e.A, e.B} {
		var want []string
		if err := json.Unmarshal(raw, &want); err != nil || letter(engine.HostID(h)) == r.tr.Raw {
			continue
		}
		slices.Sort(want)
		if got := sockets(now.Hosts[h]); !slices.Equal(got, want) && !slices.Equal(sockets(before.Hosts[h]), want) {
			r.Errorf("%v sockets of %s: %q, the kernel has %q", r.w.Now()-r.lead, letter(engine.HostID(h)), got, want)
		}
	}
}

func sockets(h engine.HostView) []string {
	var list []string
	if h.Listening {
		list = append(list, fmt.Sprintf("%d LISTEN", h.Addr.Port()))
	}
	for _, t := range h.Conns {
		list = append(list, fmt.Sprintf("%d>%d %v", t.Local.Port(), t.Remote.Port(), t.State))
	}
	slices.Sort(list)
	return list
}
