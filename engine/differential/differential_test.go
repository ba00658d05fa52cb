package differential

import (
	"flag"
	"fmt"
	"maps"
	"net/netip"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"

	"gvisor.dev/gvisor/pkg/tcpip"
	"pgregory.net/rapid"

	"github.com/handshakelab/lab/engine/tcp"
	"github.com/handshakelab/lab/engine/wire"
)

// A pair is one connection in both TCPs, with the same numbers: the engine's begins with the initial sequence number that
// gVisor has drawn.
type pair struct {
	t             testing.TB
	net           *netstack
	ep            tcpip.Endpoint
	host          tcp.Host
	local, remote netip.AddrPort
	nxt, snd      wire.Seq // RCV.NXT and SND.NXT before the segment that is compared
	ours, theirs  []wire.Segment
}

// states bring a pair into a state, by the same steps on both sides.
var states = map[string]func(*pair){
	"CLOSED":                           func(p *pair) { p.local = netip.AddrPortFrom(self.Addr(), 81); p.make(0) },
	"LISTEN":                           func(p *pair) { p.make(0); p.call(tcp.CallListen) },
	"SYN-SENT":                         func(p *pair) { p.connect() },
	"SYN-RECEIVED":                     func(p *pair) { p.passive() },
	"SYN-RECEIVED (simultaneous open)": func(p *pair) { p.connect(); p.arrive(wire.SYN, 999, 0, 0) },
	"ESTABLISHED":                      func(p *pair) { p.established() },
	"FIN-WAIT-1":                       func(p *pair) { p.established(); p.shutdown() },
	"FIN-WAIT-2":                       func(p *pair) { p.established(); p.shutdown(); p.ack() },
	"CLOSE-WAIT":                       func(p *pair) { p.established(); p.fin(0) },
	"CLOSING":                          func(p *pair) { p.established(); p.shutdown(); p.fin(1) },
	"LAST-ACK":                         func(p *pair) { p.established(); p.fin(0); p.shutdown() },
	"TIME-WAIT":                        func(p *pair) { p.established(); p.shutdown(); p.ack(); p.fin(0) },
}

// make makes the engine's host, whose first connection will have this number.
func (p *pair) make(isn wire.Seq) {
	p.host = tcp.NewHost(tcp.HostConfig{Addr: p.local, Peer: p.remote, Profile: tcp.RFC9293, ISNs: []wire.Seq{isn}})
}

func (p *pair) call(verb tcp.Verb) {
	_, err := p.host.Call(0, &tcp.Call{Verb: verb, Backlog: 4}, nil)
	if err != nil {
		p.t.Fatal(verb, err)
	}
	p.ours = slices.Clone(p.host.Sent())
}

// arrive gives both a segment.
func (p *pair) arrive(flags wire.Flags, seq, ack wire.Seq, length int) {
	s := wire.Segment{Src: p.remote, Dst: p.local, Flags: flags, Seq: seq, Ack: ack, Window: 65535, Payload: strings.Repeat("x", length), TTL: 64}
	p.net.inject(s)
	p.theirs = p.net.settle()
	if p.net.listening(p.local) && len(p.host.Conns()) == 0 {
		isn := wire.Seq(0)
		for _, r := range p.theirs {
			if r.Flags.Has(wire.SYN) {
				isn = r.Seq
			}
		}
		p.make(isn)
		p.call(tcp.CallListen)
	}
	p.host.Receive(0, &s, nil)
	p.ours = slices.Clone(p.host.Sent())
}

// connect is an active OPEN.
func (p *pair) connect() {
	p.net.port++
	p.local = netip.AddrPortFrom(self.Addr(), p.net.port)
	p.ep = p.net.endpoint()
	p.net.must(p.ep.Bind(tcpip.FullAddress{NIC: 1, Port: p.local.Port()}))
	p.ep.Connect(tcpip.FullAddress{NIC: 1, Addr: tcpip.AddrFrom4(p.remote.Addr().As4()), Port: p.remote.Port()})
	sent := p.net.settle()
	if len(sent) != 1 {
		p.t.Fatalf("connect sent %v", sent)
	}
	p.make(sent[0].Seq)
	p.call(tcp.CallConnect)
}

func (p *pair) passive() { p.arrive(wire.SYN, 999, 0, 0) }

func (p *pair) established() {
	p.passive()
	p.arrive(wire.ACK, 1000, p.conn().SndNxt, 0)
	p.ep = p.net.accept(p.remote)
	p.call(tcp.CallAccept)
}

func (p *pair) shutdown() {
	p.net.must(p.ep.Shutdown(tcpip.ShutdownWrite))
	p.net.settle()
	p.call(tcp.CallShutdown)
}

func (p *pair) ack() { p.arrive(wire.ACK, p.conn().RcvNxt, p.conn().SndNxt, 0) }

// fin is the peer's FIN, which does not acknowledge the last n numbers.
func (p *pair) fin(n uint32) {
	p.arrive(wire.FIN|wire.ACK, p.conn().RcvNxt, p.conn().SndNxt.Add(-n), 0)
}

func (p *pair) conn() *tcp.TCB { return &p.host.Conns()[0] }

// open returns a pair in a state.
func (n *netstack) open(t testing.TB, state string) *pair {
	n.peers++
	p := &pair{t: t, net: n, local: self, nxt: 5000, snd: 7000}
	p.remote = netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 78, byte(n.peers >> 8), byte(n.peers)}), 10000)
	states[state](p)
	if len(p.host.Conns()) > 0 {
		p.nxt, p.snd = p.conn().RcvNxt, p.conn().SndNxt
	}
	if want, _, _ := strings.Cut(state, " ("); state != "LISTEN" && (p.state() != want || n.state(p.local, p.remote) != want) {
		t.Fatalf("%s: ours is in %s, theirs in %s", state, p.state(), n.state(p.local, p.remote))
	}
	return p
}

func (p *pair) state() string { return p.host.State().String() }

// A stimulus is a segment with numbers relative to RCV.NXT and SND.NXT of who gets it.
type stimulus struct {
	state  string // in which both are
	flags  wire.Flags
	seq    int32
	ack    int32
	length int
}

func (s stimulus) String() string {
	return fmt.Sprintf("%s: %v seq %+d ack %+d len %d", s.state, s.flags, s.seq, s.ack, s.length)
}

// answers gives the stimulus to both and returns what they answer and where they are then.
func (p *pair) answers(s stimulus) (ours, theirs string) {
	if len(p.host.Conns()) > 0 {
		p.nxt, p.snd = p.conn().RcvNxt, p.conn().SndNxt
	}
	p.arrive(s.flags, p.nxt.Add(uint32(s.seq)), p.snd.Add(uint32(s.ack)), s.length)
	return p.say(p.ours) + p.state(), p.say(p.theirs) + p.net.state(p.local, p.remote)
}

// say writes segments with relative numbers.
func (p *pair) say(sent []wire.Segment) string {
	var b strings.Builder
	for _, s := range sent {
		fmt.Fprintf(&b, "%v", s.Flags)
		if s.Seq == 0 {
			b.WriteString(" seq 0")
		} else {
			fmt.Fprintf(&b, " seq %+d", s.Seq.Sub(p.snd))
		}
		if s.Flags.Has(wire.ACK) {
			fmt.Fprintf(&b, " ack %+d", s.Ack.Sub(p.nxt))
		}
		b.WriteString("; ")
	}
	return b.String()
}

// A difference is one that is known, with its reason. Where both answer and end alike there is none.
type difference struct {
	reason string
	states string // words of them
	is     func(s stimulus, ours, theirs string) bool
}

const (
	opening      = "SYN-RECEIVED"
	synchronized = "ESTABLISHED FIN-WAIT-1 FIN-WAIT-2 CLOSE-WAIT CLOSING LAST-ACK"
	deaf         = "CLOSE-WAIT CLOSING LAST-ACK"
)

// reaches reports whether a segment begins left of the window and reaches into it.
func (s stimulus) reaches() bool { return s.seq < 0 && int(s.seq)+s.space() > 0 }

// inside reports whether a segment begins in the window, behind its left edge.
func (s stimulus) inside() bool { return s.seq > 0 && s.seq < 20000 }

// space is SEG.LEN.
func (s stimulus) space() int {
	seg := wire.Segment{Flags: s.flags, Payload: strings.Repeat("x", s.length)}
	return int(seg.Len())
}

// misses reports whether the ACK field is outside what RFC 5961 section 5.2 allows.
func (s stimulus) misses() bool {
	return s.flags.Has(wire.ACK) && (s.ack > 0 || s.ack < -60000)
}

// acked reports whether somebody's answer is an acknowledgment, and then the state state.
func acked(answer, state string) bool {
	return strings.HasPrefix(answer, "ACK seq ") && strings.HasSuffix(answer, "; "+state) && strings.Count(answer, ";") == 1
}

var differences = []difference{
	{"An unacceptable segment is acknowledged, whatever its flags but RST (RFC 9293 section 3.10.7.4, first). gVisor drops what has no ACK bit before it looks at the numbers.",
		synchronized + " TIME-WAIT", func(s stimulus, ours, theirs string) bool {
			return !s.flags.Any(wire.ACK|wire.SYN|wire.RST) && acked(ours, s.state) && theirs == s.state
		}},
	{"A segment that begins left of the window and reaches into it is acceptable (RFC 9293 section 3.4). gVisor's handshake looks at its first number only.",
		opening, func(s stimulus, ours, theirs string) bool {
			return s.reaches() && (acked(theirs, s.state) || theirs == s.state && s.flags.Has(wire.RST))
		}},
	{"The same, of an RST with text: it is challenged here and dropped there.",
		synchronized, func(s stimulus, ours, theirs string) bool {
			return s.reaches() && s.flags.Has(wire.RST) && acked(ours, s.state) && theirs == s.state
		}},
	{"RFC 5961 section 3.2: an RST in the window that is not exact is challenged, also in SYN-RECEIVED. gVisor believes it there.",
		opening, func(s stimulus, ours, theirs string) bool {
			return s.inside() && s.flags.Has(wire.RST) && acked(ours, s.state) && (theirs == "LISTEN" || theirs == "CLOSED")
		}},
	{"The numbers are checked before the ACK field (RFC 9293 section 3.10.7.4, first and fifth). gVisor, like Linux, checks the ACK field first in SYN-RECEIVED and answers a wrong one with RST.",
		opening, func(s stimulus, ours, theirs string) bool {
			return s.flags.Has(wire.ACK) && s.ack != 0 && (acked(ours, s.state) || ours == "LISTEN") && strings.HasPrefix(theirs, "RST seq ")
		}},
	{"A SYN leads a passive SYN-RECEIVED back to LISTEN (RFC 9293 section 3.10.7.4, fourth). gVisor answers it with RST too.",
		opening, func(s stimulus, ours, theirs string) bool {
			return s.flags.Has(wire.SYN) && ours == "LISTEN" && strings.HasPrefix(theirs, "RST,ACK ") && strings.HasSuffix(theirs, "LISTEN")
		}},
	{"In an active SYN-RECEIVED a SYN is challenged (RFC 9293 section 3.10.7.4, fourth). gVisor resets and begins again with its SYN.",
		opening, func(s stimulus, ours, theirs string) bool {
			return s.flags.Has(wire.SYN) && acked(ours, s.state) && strings.HasPrefix(theirs, "RST,ACK ") && strings.HasSuffix(theirs, "SYN seq -1; "+s.state)
		}},
	{"A wrong ACK draws RST in SYN-RECEIVED (RFC 9293 section 3.10.7.4, fifth). After a simultaneous open gVisor takes any.",
		opening, func(s stimulus, ours, theirs string) bool {
			return s.flags.Has(wire.ACK) && s.ack != 0 && strings.HasPrefix(ours, "RST seq ") && !strings.Contains(theirs, "RST")
		}},
	{"RFC 5961 section 5.2: a segment whose ACK field is out of range is acknowledged and dropped. gVisor drops the ACK only: an empty one without a word, of another it takes text and FIN.",
		synchronized, func(s stimulus, ours, theirs string) bool {
			return s.misses() && acked(ours, s.state) && (theirs == s.state || strings.HasPrefix(theirs, "ACK "))
		}},
	{"After the peer's FIN another FIN is ignored (RFC 9293 section 3.10.7.4, eighth). gVisor acknowledges it, as a number beyond the first, and uses no ACK in it.",
		deaf, func(s stimulus, ours, theirs string) bool {
			return s.flags.Has(wire.FIN) && int(s.seq)+s.length == 0 && acked(theirs, s.state)
		}},
	{"A FIN has a number (RFC 9293 section 3.4): behind text that arrived before, it is new. gVisor counts the text only, and finds the segment old.",
		"ESTABLISHED FIN-WAIT-1 FIN-WAIT-2", func(s stimulus, ours, theirs string) bool {
			return s.flags.Has(wire.FIN) && s.length > 0 && int(s.seq)+s.length == 0 && acked(theirs, s.state)
		}},
	{"Text and FIN of the SYN,ACK are taken (RFC 9293 section 3.10.7.3, fourth: \"continue processing at the sixth step\"). gVisor takes the SYN only.",
		"SYN-SENT", func(s stimulus, ours, theirs string) bool {
			return s.flags.Has(wire.SYN|wire.ACK) && s.ack == 0 && s.space() > 1 && strings.HasPrefix(ours, "ACK seq +0 ") && acked(theirs, "ESTABLISHED")
		}},
	{"An ACK counts wherever in the window its segment lies (RFC 9293 section 3.10.7.4, fifth). gVisor keeps a segment ahead of a gap for later, with its ACK.",
		"FIN-WAIT-1 CLOSING LAST-ACK", func(s stimulus, ours, theirs string) bool {
			return s.inside() && s.flags.Has(wire.ACK) && s.ack == 0 && (theirs == s.state || acked(theirs, s.state)) && !strings.HasSuffix(ours, s.state)
		}},
	{"After the peer's FIN text is ignored (RFC 9293 section 3.10.7.4, seventh). gVisor, like Linux, resets: nobody will read it.",
		deaf, func(s stimulus, ours, theirs string) bool {
			return s.length > 0 && s.flags.Has(wire.ACK) && strings.HasPrefix(theirs, "RST,ACK ")
		}},
	{"A SYN in TIME-WAIT may open a new connection (RFC 9293 section 3.6.1, MAY-2); by RFC 5961 section 4.2 it is challenged. gVisor opens.",
		"TIME-WAIT", func(s stimulus, ours, theirs string) bool {
			return s.flags.Has(wire.SYN) && !s.flags.Has(wire.RST) && s.seq > 0 && acked(ours, s.state) && (strings.HasPrefix(theirs, "RST ") || strings.HasPrefix(theirs, "SYN,ACK "))
		}},
	{"In TIME-WAIT all that is wrong is acknowledged (RFC 9293 section 3.10.7.4, first, fourth and fifth). gVisor ignores most of it.",
		"TIME-WAIT", func(s stimulus, ours, theirs string) bool { return acked(ours, s.state) && theirs == s.state }},
	{"An RST ends TIME-WAIT (RFC 9293 section 3.10.7.4, second). gVisor ignores it, as RFC 1337 advises.",
		"TIME-WAIT", func(s stimulus, ours, theirs string) bool {
			return s.flags.Has(wire.RST) && ours == "LISTEN" && theirs == s.state
		}},
	{"In TIME-WAIT an old ACK, and text, is ignored (RFC 9293 section 3.10.7.4, fifth and seventh). gVisor acknowledges it.",
		"TIME-WAIT", func(s stimulus, ours, theirs string) bool { return ours == s.state && acked(theirs, s.state) }},
}

// known returns the index of the difference that this one is, or -1.
func known(s stimulus, ours, theirs string) int {
	return slices.IndexFunc(differences, func(d difference) bool {
		return slices.Contains(strings.Fields(d.states), s.state) && d.is(s, ours, theirs)
	})
}

var (
	someFlags = []wire.Flags{0, wire.SYN, wire.ACK, wire.RST, wire.FIN, wire.SYN | wire.ACK, wire.RST | wire.ACK, wire.FIN | wire.ACK,
		wire.SYN | wire.FIN, wire.SYN | wire.RST, wire.PSH | wire.ACK, wire.FIN | wire.SYN | wire.ACK}
	someSeqs = []int32{-10000, -5, -1, 0, 1, 5, 10, 200000}
	someAcks = []int32{-100000, -2, -1, 0, 1, 100000}
)

// A lab is a netstack that is replaced before its queues are full of connections that nobody ends.
type lab struct {
	t testing.TB
	*netstack
}

func (l *lab) open(state string) *pair {
	if l.netstack != nil && l.peers >= 100 {
		l.stack.Destroy()
		l.netstack = nil
	}
	if l.netstack == nil {
		l.netstack = newNetstack(l.t)
	}
	return l.netstack.open(l.t, state)
}

// TestEachSegment gives each kind of segment to both in each state. A difference that is not in the table is a failure, and
// so is a line of the table that is not met any more.
func TestEachSegment(t *testing.T) {
	l := lab{t: t}
	met := make([]int, len(differences))
	first := make([]string, len(differences))
	total, same := 0, 0
	for _, state := range slices.Sorted(maps.Keys(states)) {
		for _, flags := range someFlags {
			for _, seq := range someSeqs {
				for _, ack := range someAcks {
					if !flags.Has(wire.ACK) && ack != 0 {
						continue
					}
					for _, length := range []int{0, 5} {
						name, _, _ := strings.Cut(state, " (")
						s := stimulus{name, flags, seq, ack, length}
						ours, theirs := l.open(state).answers(s)
						total++
						if ours == theirs {
							same++
							continue
						}
						i := known(s, ours, theirs)
						if i < 0 {
							t.Errorf("%v\n  ours   %s\n  theirs %s", s, ours, theirs)
							continue
						}
						if met[i]++; met[i] == 1 {
							first[i] = fmt.Sprintf("%v | %s | %s", s, ours, theirs)
						}
					}
				}
			}
		}
	}
	var b strings.Builder
	fmt.Fprintf(&b, "# Where the engine and gVisor differ\n\nWritten by `go test . -run TestEachSegment -update` in this folder. Of %d segments %d are answered alike,\nwith the same state after them. Numbers are relative to RCV.NXT and SND.NXT.\n\n", total, same)
	b.WriteString("| How often | For example | Here | In gVisor | Why |\n| --- | --- | --- | --- | --- |\n")
	for i, d := range differences {
		if met[i] == 0 {
			t.Errorf("this difference is met no more: %s", d.reason)
		}
		fmt.Fprintf(&b, "| %d | %s | %s |\n", met[i], first[i], d.reason)
	}
	const file = "DIFFERENCES.md"
	if *update {
		if err := os.WriteFile(file, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if was, err := os.ReadFile(file); err != nil || string(was) != b.String() {
		t.Errorf("%s is stale (%v): run this test with -update and read the change", file, err)
	}
}

var update = flag.Bool("update", false, "write DIFFERENCES.md anew")

// TestRandomSegments gives both segments with random numbers, one after another, until the first difference.
func TestRandomSegments(t *testing.T) {
	names := slices.Sorted(maps.Keys(states))
	l := lab{t: t}
	rapid.Check(t, func(t *rapid.T) {
		state := rapid.SampledFrom(names).Draw(t, "state")
		p := l.open(state)
		for range rapid.IntRange(1, 4).Draw(t, "segments") {
			s := stimulus{
				state:  p.state(),
				flags:  rapid.SampledFrom(someFlags).Draw(t, "flags"),
				seq:    rapid.OneOf(rapid.Int32Range(-3, 12), rapid.Int32Range(-10000, 10000), rapid.Int32Range(200_000, 1<<31-1)).Draw(t, "seq"),
				ack:    rapid.OneOf(rapid.Int32Range(-3, 3), rapid.Int32Range(-30000, 30000), rapid.Int32Range(200_000, 1<<31-1)).Draw(t, "ack"),
				length: rapid.SampledFrom([]int{0, 0, 1, 5, 500}).Draw(t, "length"),
			}
			if s.state == "LISTEN" && state != "LISTEN" {
				return // the number of the next connection is not known
			}
			ours, theirs := p.answers(s)
			if ours == theirs && s.misses() && s.space() > 0 {
				return // gVisor may have kept it
			}
			if ours == theirs {
				continue
			}
			if known(s, ours, theirs) < 0 {
				t.Fatalf("%v\n  ours   %s\n  theirs %s", s, ours, theirs)
			}
			return
		}
	})
}

// BenchmarkHandshake is SYN, SYN-ACK and ACK, with the engine's effects, beside the same in gVisor.
func BenchmarkHandshake(b *testing.B) {
	b.Run("engine", func(b *testing.B) {
		fresh := tcp.NewHost(tcp.HostConfig{Addr: self, Peer: peer, Profile: tcp.RFC9293, ISNs: []wire.Seq{6999}})
		fresh.Call(0, &tcp.Call{Verb: tcp.CallListen, Backlog: 4}, nil)
		syn := wire.Segment{Src: peer, Dst: self, Seq: 999, Flags: wire.SYN, Window: 65535}
		ack := wire.Segment{Src: peer, Dst: self, Seq: 1000, Ack: 7000, Flags: wire.ACK, Window: 65535}
		var host tcp.Host
		var out []tcp.Effect
		b.ReportAllocs()
		for b.Loop() {
			host.Set(&fresh)
			out = host.Receive(0, &syn, out[:0])
			out = host.Receive(0, &ack, out[:0])
		}
		if host.State() != tcp.Established {
			b.Fatal(host.State())
		}
		b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "handshakes/s")
	})
	b.Run("gvisor", func(b *testing.B) {
		n := newNetstack(b)
		b.ReportAllocs()
		port := 10000
		for b.Loop() {
			port++
			from := netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 79, byte(port >> 24), byte(port >> 16)}), uint16(port))
			n.inject(wire.Segment{Src: from, Dst: self, Seq: 999, Flags: wire.SYN})
			answer, _ := n.read()
			n.inject(wire.Segment{Src: from, Dst: self, Seq: 1000, Ack: answer.Seq + 1, Flags: wire.ACK})
			for {
				if ep, _, err := n.listener.Accept(nil); err == nil {
					ep.Abort()
					n.read() // its RST
					break
				}
				runtime.Gosched()
			}
		}
		b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "handshakes/s")
	})
}
