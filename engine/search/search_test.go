package search

import (
	"flag"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/handshakelab/lab/engine"
	"github.com/handshakelab/lab/engine/script"
	"github.com/handshakelab/lab/engine/tcp"
)

var update = flag.Bool("update", false, "write the run that each example leads to among the scenarios")

const scenarios = "../testdata/scenarios/broken-"

// parse reads a problem; profile takes the place of rfc9293 on both hosts.
func parse(t testing.TB, text, profile string) *Problem {
	t.Helper()
	if profile != "" {
		title, rest, _ := strings.Cut(text, "\n")
		text = title + "\nclient profile " + profile + "\nserver profile " + profile + "\n" + rest
	}
	p, list := Parse(text)
	if len(list) > 0 {
		t.Fatalf("%v\n%s", list, text)
	}
	return p
}

// Without a protection something goes wrong; the shortest run in which it does is a scenario, and with the protection its
// expectations do not hold. After a change on purpose, write the scenarios again, then their events, and read the diff:
//
//	go test ./engine/search -run 'TestExamples|TestWant' -update && go test ./engine/script -run TestScenarios -update
func TestExamples(t *testing.T) {
	if n := len(tcp.BrokenNames()); len(Examples()) != n {
		t.Errorf("%d examples of %d protections", len(Examples()), n)
	}
	want := map[tcp.Broken]Kind{tcp.TwoWayHandshake: ConnectedToNothing, tcp.FixedISN: OldText, tcp.NoSynSentCheck: OldText,
		tcp.NoSynReceivedCheck: OldText, tcp.NoTimeWait: OldText, tcp.NoRST: Forsaken, tcp.NoRSTCheck: OldReset, tcp.NoWindowCheck: WrongText}
	for _, e := range Examples() {
		t.Run(e.Broken.String(), func(t *testing.T) {
			p := parse(t, e.Text, "")
			r := p.Search(e.Limits, nil)
			if r.End != Found || r.Violation.Kind != want[e.Broken] {
				t.Fatalf("%v %v %+v", r.End, r.Violation, r.Progress)
			}
			golden(t, e.Broken.String(), e.Broken.String(), r.Scenario)
			if _, _, list := script.Run(r.Scenario); len(list) > 0 {
				t.Errorf("the scenario does not run: %v", list)
			}
			whole := *r.Scenario
			for h := range whole.Setup.Hosts {
				whole.Setup.Hosts[h].Options.Broken = 0
			}
			if _, _, list := script.Run(&whole); len(list) == 0 {
				t.Error("with the protection the same run goes wrong, too")
			}
		})
	}
}

// golden compares a scenario that was found with the one in the notebook.
func golden(t *testing.T, name, args string, sc *script.Scenario) {
	t.Helper()
	text := "# The shortest run that goes wrong, as lab search " + args + " finds it.\n" + sc.String()
	file := scenarios + name + ".lab"
	if *update {
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), text); d != "" {
		t.Errorf("scenario (-golden +found)\n%s", d)
	}
}

// With the protection nothing goes wrong in the same limits, whatever the profile.
func TestUnbroken(t *testing.T) {
	for _, e := range Examples() {
		depth := parse(t, e.Text, "").Search(e.Limits, nil).Progress.Depth
		for _, profile := range tcp.Profiles() {
			t.Run(e.Broken.String()+"/"+profile.Name, func(t *testing.T) {
				l := e.Limits
				l.Depth = depth
				r := parse(t, e.Text, profile.Name).Unbroken().Search(l, nil)
				if r.End != DepthReached && r.End != Exhausted {
					t.Errorf("%v %v %+v\n%s", r.End, r.Violation, r.Progress, r.Scenario)
				}
			})
		}
	}
}

// When TIME-WAIT has ended the port is free, and nothing old is left that could harm the next connection.
func TestAfterTimeWait(t *testing.T) {
	e, _ := ExampleOf(tcp.NoTimeWait)
	r := parse(t, e.Text, "").Unbroken().Search(Limits{Depth: 10, Copies: 1, Drops: -1}, nil)
	if r.End != DepthReached {
		t.Errorf("%v %v %+v\n%s", r.End, r.Violation, r.Progress, r.Scenario)
	}
}

// naive tries every run of at most depth moves without any of the search's short cuts.
func naive(p *Problem, s *state, depth int) bool {
	if depth == 0 {
		return false
	}
	var moves []move
	for kind := duplicate; kind <= drop; kind++ {
		if kind == drop && s.left.drops == 0 || kind == duplicate && s.left.copies == 0 {
			continue
		}
		for i := range s.flights {
			moves = append(moves, move{kind, uint8(i)})
		}
	}
	for _, m := range s.moves(nil) {
		if m.kind == fire {
			moves = append(moves, m)
		}
	}
	for _, m := range moves {
		var next state
		s.copyTo(&next)
		if next.do(p, m); next.wrong.Kind != 0 || naive(p, &next, depth-1) {
			return true
		}
	}
	return false
}

// The short cuts of the search, states that are one and losses that come at once, hide no shorter run.
func TestShortest(t *testing.T) {
	for _, e := range Examples() {
		t.Run(e.Broken.String(), func(t *testing.T) {
			p := parse(t, e.Text, "")
			l := e.Limits
			l.Want, l.Depth = 0, 6 // deeper is too much for the naive way
			depth := p.Search(l, nil).Progress.Depth
			s := p.start(l.defaults())
			s.mem = &memory{}
			s.run(p, nil)
			if naive(p, &s, depth-1) {
				t.Errorf("something goes wrong in less than %d moves", depth)
			}
		})
	}
}

// Two ways to the same state are one.
func TestOrderDoesNotMatter(t *testing.T) {
	p := parse(t, "server listen\nclient connect\nclient send \"a\"\nclient send \"b\"\nserver send \"c\"\n", "")
	after := func(drops int, moves ...move) [16]byte {
		s := p.start(Limits{Drops: drops, Copies: -1}.defaults())
		s.mem = &memory{}
		s.run(p, nil)
		for _, m := range moves {
			s.do(p, m)
		}
		var room []byte
		return s.digest(&room)
	}
	first := []move{{deliver, 0}, {deliver, 0}, {deliver, 0}} // SYN, SYN-ACK, ACK: texts go both ways
	one := after(-1, append(slices.Clone(first), move{deliver, 0}, move{deliver, 0})...)
	if other := after(-1, append(slices.Clone(first), move{deliver, 1}, move{deliver, 0})...); one != other {
		t.Error("the order in which two segments arrived at different hosts makes two states")
	}
	one = after(1, first...)
	if other := after(1, append(slices.Clone(first), move{drop, 0})...); one == other {
		t.Error("a segment that is under way and one that was lost make one state")
	}
}

// A state that is made again is what it was, and what comes of a copy leaves it alone.
func TestStatesAreValues(t *testing.T) {
	p := parse(t, Examples()[0].Text, "linux")
	tr := &tree{problem: p, seen: map[[16]byte]struct{}{}}
	tr.root(Limits{}.defaults())
	digests := [][16]byte{}
	var room []byte
	for n := 0; n < 2000; n++ {
		s := tr.state(n)
		before := s.digest(&room)
		digests = append(digests, before)
		for _, m := range s.moves(nil) {
			var next state
			s.copyTo(&next)
			next.do(p, m)
			tr.add(&next, n, m)
		}
		if s.digest(&room) != before {
			t.Fatalf("what came of a copy of state %d changed it", n)
		}
	}
	for n := 1999; n >= 0; n -= 7 {
		if tr.state(n).digest(&room) != digests[n] {
			t.Fatalf("state %d is another one when it is made again", n)
		}
	}
}

func TestEnds(t *testing.T) {
	p := parse(t, Examples()[0].Text, "").Unbroken()
	var last Progress
	r := p.Search(Limits{}, func(at Progress) bool {
		if at.Depth < last.Depth || at.States < last.States || at.Frontier < 1 || at.Frontier > at.States {
			t.Errorf("%+v after %+v", at, last)
		}
		last = at
		return at.States < 5000
	})
	if r.End != Cancelled || r.Scenario != nil || r.Progress.States < 5000 {
		t.Errorf("cancelled: %v %+v", r.End, r.Progress)
	}
	if r := p.Search(Limits{States: 777}, nil); r.End != StatesReached || r.Progress.States != 777 {
		t.Errorf("states: %v %+v", r.End, r.Progress)
	}
	if r := p.Search(Limits{Depth: 4}, nil); r.End != DepthReached || r.Progress.Depth != 4 {
		t.Errorf("depth: %v %+v", r.End, r.Progress)
	}
	small := parse(t, "server listen\nclient connect\n", "")
	if r := small.Search(Limits{Depth: MaxDepth, Drops: -1, Copies: -1, Timers: -1}, nil); r.End != Exhausted || r.Progress.Depth != 3 || r.Progress.Frontier != 0 {
		t.Errorf("exhausted: %v %+v", r.End, r.Progress) // SYN, SYN-ACK, ACK, and no more
	}
}

// What is looked for can be chosen: the old SYN, and then the old text, which is read twice.
func TestWant(t *testing.T) {
	p := parse(t, Examples()[0].Text, "")
	r := p.Search(Limits{Want: OldText, Drops: -1, Timers: -1}, nil)
	if r.End != Found || r.Violation != (Violation{Kind: OldText, Host: engine.Server, Conn: 2, Text: "pay 5"}) {
		t.Fatalf("%v %v %+v", r.End, r.Violation, r.Progress)
	}
	golden(t, "two-way-handshake-old-text", "-want old-text -drops -1 -timers -1 two-way-handshake", r.Scenario)
	for _, k := range Kinds() {
		if back, ok := KindByName(k.String()); !ok || back != k {
			t.Errorf("%v is %v", k, back)
		}
	}
	if _, ok := KindByName(""); ok {
		t.Error("nothing is a kind")
	}
}

// An old text that waits ahead of a gap is old when the gap closes.
func TestHeldText(t *testing.T) {
	p := parse(t, Examples()[4].Text, "")
	s := p.start(Limits{}.defaults())
	s.mem = &memory{}
	s.run(p, nil)
	// The place of the newest segment with this text, or of this kind.
	at := func(what string) uint8 {
		for i := len(s.flights) - 1; i >= 0; i-- {
			if f := &s.flights[i]; f.seg.Payload == what || f.seg.Payload == "" && f.seg.Flags.Kind() == what {
				return uint8(i)
			}
		}
		t.Fatalf("no %s is on the wire", what)
		return 0
	}
	for _, what := range []string{"SYN", "SYN-ACK", "copy", "old", "FIN-ACK", "FIN-ACK", "ACK", "SYN", "SYN-ACK", "ACK", "old"} {
		if what == "copy" {
			s.do(p, move{duplicate, at("old")})
			continue
		}
		if s.do(p, move{deliver, at(what)}); s.wrong.Kind != 0 {
			t.Fatalf("%v after %s", s.wrong, what)
		}
	}
	s.do(p, move{deliver, at("new")})
	if s.wrong != (Violation{Kind: OldText, Host: engine.Server, Conn: 2, Text: "old"}) {
		t.Error(s.wrong)
	}
}

// No segment outlives the maximum segment lifetime: when TIME-WAIT ends, the wire is empty.
func TestLifetime(t *testing.T) {
	p := parse(t, Examples()[4].Text, "").Unbroken()
	s := p.start(Limits{}.defaults())
	s.mem = &memory{}
	s.run(p, nil)
	for range 30 {
		if m := s.moves(nil); m[len(m)-1].kind == fire && s.hosts[engine.Client].State() == tcp.TimeWait {
			break
		}
		s.do(p, move{deliver, uint8(len(s.flights) - 1)})
	}
	old := len(s.flights)
	s.flights = append(s.flights, flight{to: engine.Server, from: 1, dest: 1})
	first, _ := s.nextTimer()
	s.do(p, move{fire, uint8(engine.Client)})
	if s.hosts[engine.Client].State() != tcp.SynSent || len(s.flights) != 1 || !s.lost {
		t.Errorf("at %v the client is in %v, %d segments are on the wire, of %d", first, s.hosts[engine.Client].State(), len(s.flights), old+1)
	}
}

func TestFaults(t *testing.T) {
	for text, want := range map[string]string{
		"drpo":                                "1:1: error unknown-verb",
		"client connect\nstep\n":              "2:1: error not-a-call",
		"loss 1%\nclient connect":             "1:1: error path-by-chance",
		"rule drop 1st SYN":                   "1:1: error path-by-chance",
		strings.Repeat("client close\n", 101): "1:1: error too-many",
	} {
		p, list := Parse(text)
		if p != nil || len(list) != 1 || !strings.HasPrefix(list[0].String(), want) {
			t.Errorf("%.30q: %v", text, list)
		}
	}
}

func BenchmarkSearch(b *testing.B) {
	p := parse(b, Examples()[0].Text, "").Unbroken()
	states := 0
	b.ReportAllocs()
	for b.Loop() {
		states += p.Search(Limits{States: 20_000}, nil).Progress.States
	}
	b.ReportMetric(float64(states)/b.Elapsed().Seconds(), "states/s")
}
