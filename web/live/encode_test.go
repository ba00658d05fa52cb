package live

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/handshakelab/lab/engine"
	"github.com/handshakelab/lab/engine/rule"
	"github.com/handshakelab/lab/engine/script"
	"github.com/handshakelab/lab/engine/tcp"
	"github.com/handshakelab/lab/engine/wire"
)

var update = flag.Bool("update", false, "write the golden frames anew")

// tour is scenarios that together bring every kind of event.
var tour = []string{
	lost + "drop SYN-ACK\nstep until quiet\nclient send \"a\\\"<\\x00\\xff\"\nstep until quiet\nserver accept\n",
	lost + `hold SYN-ACK
wait 20ms
release SYN-ACK
delay SYN-ACK 5ms
duplicate SYN-ACK after 10ms
edit SYN-ACK seq=5 ack=305 flags=SYN,ACK,URG window=1 checksum=0x1234 offset=7 reserved=3 urgent=9 options="mss 1200,nop,wscale 3" ttl=3
forge to server RST seq=4294967295 payload="x"
rule drop 1st ACK
unrule 1
step until quiet
`,
	"client 192.0.2.10:52431 isn 4294967295 profile linux\nserver 198.51.100.20:80 isn 0 profile linux\nclient connect\nstep until quiet\n",
	"server listen backlog 4\nclient connect\nrule duplicate 1st SYN after 3ms\nclient send \"GET / HTTP/1.0\"\nstep until quiet\n",
	"client 192.0.2.10:52431 profile linux\nserver 198.51.100.20:80 profile linux\nclient connect\nserver connect\nstep until quiet\n",
	"client [2001:db8::1]:52431 profile linux\nserver profile linux\nmtu 1400\nbox nat timeout 60s\nserver listen\nclient connect\nstep until server ESTABLISHED\nclient send 1500\nstep until quiet\n",
	"box firewall reject RST port 80 from client\nserver listen\nserver connect\nclient connect\nstep until quiet\n",
}

func events(t testing.TB, scenario string) []engine.Event {
	t.Helper()
	sc, list := script.Parse(scenario)
	if err := list.Err(); err != nil {
		t.Fatal(err)
	}
	_, events, failed := script.Run(sc)
	if err := failed.Err(); err != nil {
		t.Fatal(err)
	}
	return events
}

// The encoder writes what encoding/json writes of the structs that the browser's types are made of.
func TestAppendEvent(t *testing.T) {
	seen := map[engine.Kind]bool{}
	for _, scenario := range tour {
		for _, e := range events(t, scenario) {
			seen[e.Kind] = true
			got := AppendEvent(nil, &e)
			var back RunEvent
			d := json.NewDecoder(bytes.NewReader(got))
			d.DisallowUnknownFields()
			if err := d.Decode(&back); err != nil {
				t.Fatalf("%v in %s", err, got)
			}
			want := mustJSON(t, describe(&e))
			if !sameJSON(t, got, []byte(want)) {
				t.Errorf("got  %s\nwant %s", got, want)
			}
		}
	}
	for _, kind := range []engine.Kind{engine.Called, engine.Told, engine.Opened, engine.Changed, engine.Updated, engine.TimerSet,
		engine.TimerStopped, engine.TimerFired, engine.Sent, engine.Forged, engine.Edited, engine.Delayed, engine.Held, engine.Released,
		engine.Duplicated, engine.Lost, engine.Arrived, engine.Injected, engine.Passed, engine.Checked, engine.Discarded, engine.RuleAdded, engine.RuleRemoved, engine.Removed} {
		if !seen[kind] {
			t.Errorf("no scenario of the tour brings an event of kind %q", kind)
		}
	}
}

func sameJSON(t *testing.T, a, b []byte) bool {
	t.Helper()
	var va, vb any
	if err := json.Unmarshal(a, &va); err != nil {
		t.Fatalf("%v in %s", err, a)
	}
	if err := json.Unmarshal(b, &vb); err != nil {
		t.Fatalf("%v in %s", err, b)
	}
	return reflect.DeepEqual(va, vb)
}

// describe makes the struct of an event, field by field, without a thought for speed.
func describe(e *engine.Event) RunEvent {
	d := RunEvent{
		N: int64(e.N), T: int64(e.At), Kind: Kind(e.Kind.String()), Host: Host(e.Host.String()), Conn: int64(e.Conn), Seg: int64(e.Seg), Of: int64(e.Of),
		Notice: Notice(e.Notice.String()), Errno: e.Errno.String(), Bytes: int64(e.Bytes), Count: int64(e.Count), Rule: e.Rule.String(),
		Call: e.Call, Text: e.Text,
	}
	if r, ok := rule.Lookup(e.Rule); ok && len(r.Params) > 0 {
		d.Args = e.Args[:len(r.Params)]
	}
	switch e.Kind {
	case engine.Checked:
		d.OK = ptr(e.OK)
	case engine.Changed:
		d.From, d.To = ptr(State(e.From.String())), ptr(State(e.To.String()))
	case engine.TimerSet, engine.TimerStopped, engine.TimerFired:
		d.Timer = ptr(Timer(e.Timer.String()))
	}
	switch e.Kind {
	case engine.TimerSet, engine.Delayed, engine.Released, engine.Held, engine.Sent, engine.Forged, engine.Duplicated, engine.Injected:
		d.Due = Due(fmt.Sprint(int64(e.Due)))
		if e.Due == tcp.Never {
			d.Due = Due("null")
		}
	}
	switch e.Kind {
	case engine.Sent, engine.Forged, engine.Duplicated, engine.Injected:
		d.Toward = Host(e.Toward.String())
	}
	for i, name := range fieldWords {
		if e.Fields&(1<<i) != 0 {
			d.Fields = append(d.Fields, name)
		}
	}
	if s := e.Wire; s != nil {
		payload := []rune{}
		for _, b := range []byte(s.Payload) {
			payload = append(payload, rune(b))
		}
		d.Wire = &Wire{Src: s.Src.String(), Dst: s.Dst.String(), Seq: uint32(s.Seq), Ack: uint32(s.Ack), Flags: s.Flags.String(),
			Window: int64(s.Window), Urgent: int64(s.Urgent), Offset: int64(s.HeaderWords()), Reserved: int64(s.Reserved),
			Checksum: int64(s.Sum()), SumOK: s.SumOK(), Options: s.Options.Text(), OptionsHex: hex.EncodeToString(s.Options.Bytes()),
			Payload: string(payload), Len: int64(s.Len()), TTL: int64(s.TTL), IPID: int64(s.IPID), DF: s.DF, TOS: int64(s.TOS)}
		if m := s.ICMP; m.Kind != wire.NoICMP {
			d.Wire.ICMP = &ICMP{Kind: m.Kind.String(), From: s.Sayer().String(), MTU: int64(m.MTU)}
		}
	}
	if v := e.Vars; v != nil {
		d.Vars = &Vars{State: State(v.State.String()), Local: v.Local.String(), Passive: v.Passive, ISS: uint32(v.ISS), SndUna: uint32(v.SndUna),
			SndNxt: uint32(v.SndNxt), SndWnd: int64(v.SndWnd), RcvNxt: uint32(v.RcvNxt), RcvWnd: int64(v.RcvWnd), MSS: int64(v.SendMSS),
			SndScale: int64(v.SndScale), RcvScale: int64(v.RcvScale), Scale: v.ScaleOK, SACK: v.SACKOK, TS: v.TSOK, TSRecent: uint32(v.TSRecent),
			RTO: int64(v.RTO), SRTT: int64(v.SRTT), Retries: int64(v.Retries)}
		if v.Remote.IsValid() {
			d.Vars.Remote = v.Remote.String()
		}
		if heard(v) {
			d.Vars.IRS = ptr(uint32(v.IRS))
		}
	}
	return d
}

// The names in protocol.go are those of the engine.
func TestNames(t *testing.T) {
	for i, name := range fieldWords {
		if got := engine.Field(1 << i).String(); got != string(name) {
			t.Errorf("field %d is %q to the engine and %q to the protocol", i, got, name)
		}
	}
	for state, want := range map[tcp.State]State{tcp.Closed: StateClosed, tcp.Listen: StateListen, tcp.SynSent: StateSynSent, tcp.SynReceived: StateSynReceived,
		tcp.Established: StateEstablished, tcp.FinWait1: StateFinWait1, tcp.FinWait2: StateFinWait2, tcp.CloseWait: StateCloseWait,
		tcp.Closing: StateClosing, tcp.LastAck: StateLastAck, tcp.TimeWait: StateTimeWait} {
		if state.String() != string(want) {
			t.Errorf("a state is %q to the engine and %q to the protocol", state, want)
		}
	}
	for notice, want := range map[tcp.Notice]Notice{tcp.Connected: Connected, tcp.Acceptable: Acceptable, tcp.Accepted: Accepted, tcp.Readable: Readable, tcp.PeerClosed: PeerClosed, tcp.Returned: Returned} {
		if notice.String() != string(want) {
			t.Errorf("a notice is %q to the engine and %q to the protocol", notice, want)
		}
	}
	timers := []Timer{Retransmit, TimeWaitTime, FinWaitTime, DelayedAck, LossProbe, Keepalive, Persist}
	for kind := range tcp.NumTimers {
		if !slices.Contains(timers, Timer(kind.String())) {
			t.Errorf("the protocol has no timer %q", kind)
		}
	}
}

func TestAppendString(t *testing.T) {
	for _, s := range []string{"", "plain", "a\"b\\c/", "\x00\x1f\n\t\x7f", "grüße 漢字 \U0001F600", "bad \xff\xc3", "\u2028", "<script>"} {
		var back string
		if err := json.Unmarshal(appendString(nil, s), &back); err != nil {
			t.Errorf("%q: %v", s, err)
		}
		if want := strings.ToValidUTF8(s, "\ufffd"); back != want && utf8.ValidString(s) {
			t.Errorf("%q came back as %q", s, back)
		}
	}
	var all, want []rune
	for b := range 256 {
		want = append(want, rune(b))
	}
	raw := make([]byte, 256)
	for b := range raw {
		raw[b] = byte(b)
	}
	var back string
	if err := json.Unmarshal(appendBytes(nil, string(raw)), &back); err != nil {
		t.Fatal(err)
	}
	if all = []rune(back); !slices.Equal(all, want) {
		t.Errorf("the bytes came back as %q", back)
	}
}

// frames.ndjson has one frame of each type and one event of each kind, for the tests of the browser's side.
func TestGoldenFrames(t *testing.T) {
	var lines [][]byte
	typed := map[string]bool{}
	take := func(frame []byte) {
		f := parseFrame(t, frame)
		if !typed[f.Type] {
			typed[f.Type] = true
			lines = append(lines, frame)
		}
	}
	hub := NewHub(Config{})
	take(hub.welcome)
	kinds := map[Kind]bool{}
	for i, scenario := range tour {
		sc, _ := script.Parse(scenario)
		r, faults, fault := newRun(fmt.Sprintf("run-%d", i), sc, &OpenCommand{ID: int64(i + 1)})
		if fault != nil || len(faults) > 0 {
			t.Fatal(fault, faults)
		}
		for _, frame := range r.take() {
			news := false
			for _, e := range parseFrame(t, frame).Events {
				news = news || !kinds[e.Kind]
				kinds[e.Kind] = true
			}
			if take(frame); news && !slices.ContainsFunc(lines, func(l []byte) bool { return bytes.Equal(l, frame) }) {
				lines = append(lines, frame)
			}
		}
		if i == 2 {
			take(r.snapshot())
			_, fault := r.execute(&Do{Line: "edit #1 seq=4294967296"})
			r.address(fault, 7)
			take(fault.encode())
		}
	}
	take(encode("resumed", Resumed{Run: "run-0", N: 12, Re: 8}))
	take(encode("closed", Closed{Run: "run-0", Re: 9}))
	take(encode("bye", Bye{Retry: 1000}))
	for _, typ := range []string{"welcome", "run", "node", "done", "snapshot", "resumed", "closed", "error", "bye"} {
		if !typed[typ] {
			t.Errorf("there is no frame of type %q", typ)
		}
	}
	got := append(bytes.Join(lines, []byte("\n")), '\n')
	name := filepath.Join("testdata", "frames.ndjson")
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s is stale: look at the change, then run go test ./web/live -run TestGoldenFrames -update", name)
	}
}
