package tcp_test

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/handshakelab/lab/engine/tcp"
	"github.com/handshakelab/lab/engine/wire"
)

// A cell of the matrix: one segment to one state, measured on Linux, and what the text of the RFCs calls for.
type cell struct {
	State, Event, Flags string
	Seq, Ack            string
	Len                 int
	Replies             []reply
	After               string
	SoError             string `json:"so_error"`
	RFC9293             struct {
		Replies []reply
		After   string
	} `json:"rfc9293"`
}

type reply struct {
	Flags, Seq, Ack string
	Len             int
	Win             *int
}

// matrixStates are the states that this engine has the whole of, and how to bring a host into them.
var matrixStates = map[string]func(*tester){
	"CLOSED":       func(*tester) {},
	"LISTEN":       func(h *tester) { h.call(tcp.Call{Verb: tcp.CallListen, Backlog: 16}) },
	"SYN-SENT":     func(h *tester) { h.call(tcp.Call{Verb: tcp.CallConnect}) },
	"SYN-RECEIVED": func(h *tester) { h.passive() },
	"SYN-RECEIVED (simultaneous open)": func(h *tester) {
		// Here both SYNs had the window scale option; in all other states the peer had none.
		h.with(tcp.Options{Scale: tcp.Some[uint8](10)})
		h.call(tcp.Call{Verb: tcp.CallConnect})
		h.segment(wire.Segment{Flags: wire.SYN, Seq: nxt - 1, Window: 64240, Options: wire.Options{}.WithWindowScale(10)})
	},
	"ESTABLISHED": func(h *tester) { h.established(nxt, undNxt) },
	"FIN-WAIT-1": func(h *tester) {
		h.established(nxt, undNxt-1)
		h.call(tcp.Call{Verb: tcp.CallShutdown})
	},
	"FIN-WAIT-2": func(h *tester) {
		h.established(nxt, undNxt-1)
		h.call(tcp.Call{Verb: tcp.CallShutdown})
		h.arrive(".", nxt, undNxt, 0)
	},
	"FIN-WAIT-2 (closed)": func(h *tester) {
		h.established(nxt, undNxt-1)
		h.call(tcp.Call{Verb: tcp.CallClose})
		h.arrive(".", nxt, undNxt, 0)
	},
	"CLOSE-WAIT": func(h *tester) {
		h.established(nxt-1, undNxt)
		h.arrive("F.", nxt-1, undNxt, 0)
	},
	"CLOSING": func(h *tester) {
		h.established(nxt-1, undNxt-1)
		h.call(tcp.Call{Verb: tcp.CallShutdown})
		h.arrive("F.", nxt-1, undNxt-1, 0)
	},
	"LAST-ACK": func(h *tester) {
		h.established(nxt-1, undNxt-1)
		h.arrive("F.", nxt-1, undNxt-1, 0)
		h.call(tcp.Call{Verb: tcp.CallClose})
	},
	"TIME-WAIT": func(h *tester) {
		h.established(nxt-1, undNxt-1)
		h.call(tcp.Call{Verb: tcp.CallShutdown})
		h.arrive(".", nxt-1, undNxt, 0)
		h.arrive("F.", nxt-1, undNxt, 0)
	},
}

// The numbers behind N and X of the matrix.
const (
	nxt    = 0x20000005 // RCV.NXT
	undNxt = 0x30000001 // SND.NXT
)

// TestMatrix holds both profiles to the matrix of the kernel and of the RFC, cell by cell. LAB_KERNEL_DIR names another
// folder with a matrix.json of the same form.
func TestMatrix(t *testing.T) {
	cells := readCells(t, filepath.Join(cmp.Or(os.Getenv("LAB_KERNEL_DIR"), "../testdata/kernel"), "matrix.json"))
	for _, profile := range tcp.Profiles() {
		t.Run(profile.Name, func(t *testing.T) {
			seen := map[string]int{}
			for _, c := range cells {
				prepare, ok := matrixStates[c.State]
				if !ok {
					t.Errorf("no way into state %q is known", c.State)
					continue
				}
				seen[c.State]++
				t.Run(c.State+"/"+c.Event, func(t *testing.T) { c.check(t, profile, prepare) })
			}
			for state := range matrixStates {
				if seen[state] == 0 {
					t.Errorf("no cell for state %s", state)
				}
			}
		})
	}
}

// TestMoreCells holds the linux profile to cells that were measured later, of which the matrix has neither state and event together nor a
// column for the RFC.
func TestMoreCells(t *testing.T) {
	profile, _ := tcp.ProfileByName("linux")
	for _, c := range readCells(t, "../testdata/kernel/more.json") {
		t.Run(c.State+"/"+c.Event, func(t *testing.T) { c.check(t, profile, matrixStates[c.State]) })
	}
}

func readCells(t *testing.T, file string) []cell {
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var matrix struct{ Cells []cell }
	if err := json.Unmarshal(b, &matrix); err != nil {
		t.Fatal(err)
	}
	return matrix.Cells
}

func (c cell) check(t *testing.T, profile tcp.Profile, prepare func(*tester)) {
	h := newTester(t, profile)
	prepare(h)
	h.effects = nil
	h.arrive(c.Flags, h.number(c.Seq), h.number(c.Ack), c.Len)
	h.advance(100 * tcp.Millisecond)

	replies, after, errno := c.RFC9293.Replies, c.RFC9293.After, ""
	linux := profile.Linux
	if linux {
		replies, after, errno = c.Replies, c.After, c.SoError
	}
	var got []string
	for _, e := range h.effects {
		if e.Kind == tcp.Send {
			got = append(got, h.describe(h.segs[e.Sent], linux))
		}
	}
	var want []string
	for _, r := range replies {
		want = append(want, h.expect(r, linux))
	}
	if !slices.EqualFunc(got, want, func(g, w string) bool {
		return g == w || strings.HasPrefix(w, g[:strings.Index(g, " ")]+" seq new") && tail(g) == tail(w)
	}) {
		t.Errorf("replies %q, want %q", got, want)
	}
	if state := h.state().String(); state != strings.TrimSuffix(after, " (simultaneous open)") {
		t.Errorf("state after is %s, want %s", state, after)
	}
	if linux && h.errno() != errno {
		t.Errorf("the application is told %q, want %q", h.errno(), errno)
	}
}

// tail is what describes a reply without its own number.
func tail(s string) string { return s[strings.Index(s, " ack "):] }

// A tester is a host under test whose segments are written by hand.
type tester struct {
	t       *testing.T
	host    tcp.Host
	profile tcp.Profile
	now     tcp.Time
	effects []tcp.Effect
	segs    []wire.Segment // Sent of a Send effect is an index of it
}

var (
	self = netip.MustParseAddrPort("10.77.0.2:80")
	peer = netip.MustParseAddrPort("10.77.0.1:40001")
)

func newTester(t *testing.T, p tcp.Profile) *tester {
	p = p.With(tcp.Options{Window: tcp.Some[uint16](64240), ScaleOff: true, SACK: tcp.Some(false), Timestamps: tcp.Some(false)})
	h := &tester{t: t, profile: p}
	h.isn(undNxt - 1)
	return h
}

// isn makes the host anew, with this initial sequence number.
func (h *tester) isn(n wire.Seq) {
	h.host = tcp.NewHost(tcp.HostConfig{Addr: self, Peer: peer, Profile: h.profile, ISNs: []wire.Seq{n}})
}

func (h *tester) call(c tcp.Call) {
	effects, err := h.host.Call(h.now, &c, h.effects)
	if h.keep(effects); err != nil {
		h.t.Fatal(err)
	}
}

func (h *tester) passive() {
	h.call(tcp.Call{Verb: tcp.CallListen, Backlog: 16})
	h.arrive("S", nxt-1, 0, 0)
}

// established opens a connection passively; then RCV.NXT is next and SND.NXT und.
func (h *tester) established(next, und uint32) {
	h.isn(wire.Seq(und - 1))
	h.call(tcp.Call{Verb: tcp.CallListen, Backlog: 16})
	h.arrive("S", next-1, 0, 0)
	h.arrive(".", next, und, 0)
	h.call(tcp.Call{Verb: tcp.CallAccept})
}

func (h *tester) arrive(flags string, seq, ack uint32, length int) {
	h.now += 10 * tcp.Millisecond
	seg := wire.Segment{Src: peer, Dst: self, Seq: wire.Seq(seq), Ack: wire.Seq(ack), Flags: dumpFlags(flags), Window: 64240,
		Payload: strings.Repeat("x", length), TTL: 64, DF: true}
	h.keep(h.host.Receive(h.now, &seg, h.effects))
}

// advance lets time pass, and timers fire.
func (h *tester) advance(d tcp.Time) {
	end := h.now + d
	for {
		at, conn, timer, ok := h.host.Next()
		if !ok || at > end {
			break
		}
		h.now = at
		h.keep(h.host.Fire(at, conn, timer, h.effects))
	}
	h.now = end
}

// state is the state of the connection under test, also of one that has just ended.
func (h *tester) state() tcp.State {
	for _, e := range slices.Backward(h.effects) {
		if e.Kind == tcp.Change {
			return e.To
		}
	}
	return h.host.State()
}

func (h *tester) errno() string {
	for _, e := range h.effects {
		if e.Kind == tcp.Tell && e.Errno != tcp.OK {
			return e.Errno.String()
		}
	}
	return ""
}

// number reads "N+10", "X-1", "0" and "".
func (h *tester) number(s string) uint32 {
	if s == "" {
		return 0
	}
	base, rest := uint32(0), s
	switch s[0] {
	case 'N':
		base, rest = nxt, s[1:]
	case 'X':
		base, rest = undNxt, s[1:]
	}
	if rest == "" {
		return base
	}
	n, err := strconv.ParseInt(rest, 10, 64)
	if err != nil {
		h.t.Fatalf("number %q: %v", s, err)
	}
	return base + uint32(n)
}

func (h *tester) describe(s wire.Segment, win bool) string {
	ack := "none"
	if s.Flags.Has(wire.ACK) {
		ack = fmt.Sprint(uint32(s.Ack))
	}
	d := fmt.Sprintf("%s seq %d ack %s", tcpdumpFlags(s.Flags), uint32(s.Seq), ack)
	d += fmt.Sprintf(" len %d", len(s.Payload))
	if win {
		d += fmt.Sprintf(" win %d", s.Window)
	}
	return d
}

func (h *tester) expect(r reply, win bool) string {
	seq, ack := "new", "none"
	if r.Seq != "new" {
		seq = fmt.Sprint(h.number(r.Seq))
	}
	if r.Ack != "" {
		ack = fmt.Sprint(h.number(r.Ack))
	}
	d := fmt.Sprintf("%s seq %s ack %s len %d", r.Flags, seq, ack, r.Len)
	if win && r.Win != nil {
		d += fmt.Sprintf(" win %d", *r.Win)
	}
	return d
}

var dumpLetters = []struct {
	letter string
	flag   wire.Flags
}{{"F", wire.FIN}, {"S", wire.SYN}, {"R", wire.RST}, {"P", wire.PSH}, {".", wire.ACK}, {"U", wire.URG}}

func dumpFlags(s string) wire.Flags {
	var f wire.Flags
	if s == "none" {
		return 0
	}
	for _, l := range dumpLetters {
		if strings.Contains(s, l.letter) {
			f |= l.flag
		}
	}
	return f
}

func tcpdumpFlags(f wire.Flags) string {
	var b strings.Builder
	for _, l := range dumpLetters {
		if f.Has(l.flag) && l.flag != wire.ACK {
			b.WriteString(l.letter)
		}
	}
	if f.Has(wire.ACK) {
		b.WriteByte('.')
	}
	return b.String()
}

// keep notes what the host did, with segments that outlast its next call: effects are those so far with new ones behind them.
func (h *tester) keep(effects []tcp.Effect) {
	for i := range effects[len(h.effects):] {
		effects[len(h.effects)+i].Sent += uint32(len(h.segs))
	}
	h.effects, h.segs = effects, append(h.segs, h.host.Sent()...)
}
