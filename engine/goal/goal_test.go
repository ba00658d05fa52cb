package goal

import (
	"strings"
	"testing"

	"github.com/handshakelab/lab/engine"
	"github.com/handshakelab/lab/engine/diag"
	"github.com/handshakelab/lab/engine/script"
)

// The base of the challenges below: a SYN is on its way.
const base = `
client 192.0.2.1:54321 isn 100
server 192.0.2.2:80 isn 300
server listen backlog 4
client connect
`

const challenge = `# lose the answer, and let the connection come about nevertheless
goal client ESTABLISHED
goal server ESTABLISHED: both sides are open
goal lost SYN-ACK >= 1
limit steps 20
limit actions 1
hint The client's timer brings a second SYN.
solution step; drop SYN-ACK
solution step until quiet;
`

func mustParse(t *testing.T, src string) *Spec {
	t.Helper()
	s, diags := Parse(src)
	if len(diags) > 0 {
		t.Fatal(diags)
	}
	return s
}

func mustScenario(t *testing.T, src string) *script.Scenario {
	t.Helper()
	sc, diags := script.Parse(src)
	if len(diags) > 0 {
		t.Fatal(diags)
	}
	return sc
}

// actions reads actions separated by ;
func actions(t *testing.T, src string) []engine.Action {
	t.Helper()
	s := mustParse(t, "goal quiet\nsolution "+src)
	return s.Solution
}

func TestParse(t *testing.T) {
	s := mustParse(t, challenge)
	var texts []string
	for _, g := range s.Goals {
		texts = append(texts, g.Text())
	}
	const want = "the client is in ESTABLISHED|both sides are open|a SYN-ACK is lost|take at most 20 steps|make at most 1 action"
	if got := strings.Join(texts, "|"); got != want {
		t.Errorf("goals\n%s\nwant\n%s", got, want)
	}
	if len(s.Hints) != 1 || s.Hints[0] != "The client's timer brings a second SYN." {
		t.Errorf("hints %q", s.Hints)
	}
	var lines []string
	for i, a := range s.Solution {
		lines = append(lines, script.FormatAction(a))
		if want := []int{8, 8, 9}[i]; s.Lines[i] != want {
			t.Errorf("action %d stands on line %d, want %d", i, s.Lines[i], want)
		}
	}
	if got := strings.Join(lines, "|"); got != "step|drop SYN-ACK|step until quiet" {
		t.Errorf("solution %s", got)
	}
}

func TestParseFaults(t *testing.T) {
	for _, test := range []struct{ src, want string }{
		{"", "1:1: error no-goal: the challenge asks for nothing (write: goal server ESTABLISHED)\n"},
		{"gaol quiet", `1:1: error unknown-verb: "gaol" begins no line of a challenge (did you mean goal?)` + "\n"},
		{"goal", `1:5: error missing-word: "goal" must be followed by a condition` + "\n"},
		{"goal  server ESTABLISHD", `1:14: error unknown-state: "ESTABLISHD" is no state of a connection (did you mean ESTABLISHED?)` + "\n"},
		{"goal quiet:", `1:12: error missing-word: ":" must be followed by the goal in other words (or delete it)` + "\n"},
		{"goal quiet: \u202eoops", `1:13: error control-character: the invisible character U+202E has no place here (delete it)` + "\n"},
		{"limit time 5", `1:7: error bad-limit: "time" cannot be limited (write: limit steps 20, or limit actions 2)` + "\n"},
		{"limit step 5", `1:7: error bad-limit: "step" cannot be limited (did you mean steps?)` + "\n"},
		{"limit steps", `1:12: error missing-word: "steps" must be followed by a number (write: limit steps 20, or limit actions 2)` + "\n"},
		{"limit steps -1", `1:13: error out-of-range: a limit is a whole number from 0 to 10000, not "-1"` + "\n"},
		{"limit steps 5:", `1:15: error missing-word: ":" must be followed by the goal in other words (or delete it)` + "\n"},
		{"limit steps 5 6", `1:15: error unexpected-word: the line should end before "6" (write: limit steps 20, or limit actions 2)` + "\n"},
		{"hint " + strings.Repeat("x", 501), "1:6: error bad-text: a text has at most 500 characters, not 501\n"},
		{`solution client send "é;\";"; drpo SYN; drop SYNACK`, `1:31: error unknown-verb: "drpo" begins no line of the lab's language (did you mean drop?)
1:46: error bad-segment: "SYNACK" is no kind of segment (did you mean SYN-ACK?)
`},
		{strings.Repeat("goal quiet\n", 21), "21:1: error too-many: a challenge has at most 20 goals and limits\n"},
		{strings.Repeat("\n", MaxText+1), "1:1: error text-too-long: the challenge has 65537 bytes, and at most 65536 are allowed\n"},
	} {
		if _, diags := Parse(test.src); diags.String() != test.want {
			t.Errorf("%.60q\ngot  %swant %s", test.src, diags, test.want)
		}
	}
}

func TestGrade(t *testing.T) {
	sc := mustScenario(t, base)
	s := mustParse(t, challenge)
	for _, test := range []struct {
		name, learner string
		passed        bool
		want          string // codes of the five goals
		steps, acts   int
		failed        int
		says          string // somewhere in the details
	}{{
		name: "nothing done", want: "not-reached not-reached not-reached within within",
		says: "the client is in SYN-SENT",
	}, {
		name: "nothing lost", learner: "step until quiet", steps: 3, want: "reached reached not-reached within within",
		says: "no SYN-ACK was lost",
	}, {
		name: "the solution", learner: "step; drop SYN-ACK; step until quiet", passed: true, steps: 8, acts: 1, want: "reached reached reached within within",
	}, {
		name: "the same, typed in another way", learner: "wait 50ms; drop #2; step 6; expect quiet", passed: true, steps: 8, acts: 1,
		want: "reached reached reached within within",
	}, {
		name: "time that goes by afterwards", learner: "step; drop SYN-ACK; step until quiet; wait 9min; wait 9min", passed: true, steps: 8, acts: 1,
		want: "reached reached reached within within",
	}, {
		name: "one action too many", learner: "step; drop SYN-ACK; step 3; drop SYN-ACK; step until quiet", steps: 13, acts: 2,
		want: "reached reached reached within over", says: "you made 2 actions",
	}, {
		name: "an action that cannot be done", learner: "step; drop SYN-ACK; drop SYN-ACK; step until quiet", steps: 2, acts: 1, failed: 3,
		want: "not-reached not-reached reached within within",
	}} {
		t.Run(test.name, func(t *testing.T) {
			var learner []engine.Action
			if test.learner != "" {
				learner = actions(t, test.learner)
			}
			r, err := Grade(sc.Setup, sc.Actions, learner, s.Goals)
			if err != nil {
				t.Fatal(err)
			}
			var codes, details []string
			for _, g := range r.Goals {
				codes, details = append(codes, g.Code), append(details, g.Detail)
			}
			if got := strings.Join(codes, " "); got != test.want {
				t.Errorf("goals %s\nwant  %s", got, test.want)
			}
			if r.Passed != test.passed || r.Steps != test.steps || r.Actions != test.acts || r.Failed != test.failed {
				t.Errorf("passed %v, %d steps, %d actions, failed at %d; want %v, %d, %d, %d",
					r.Passed, r.Steps, r.Actions, r.Failed, test.passed, test.steps, test.acts, test.failed)
			}
			if !strings.Contains(strings.Join(details, "; "), test.says) {
				t.Errorf("details %q do not say %q", details, test.says)
			}
			if (r.Fault != nil) != (test.failed > 0) {
				t.Errorf("fault %v", r.Fault)
			}
		})
	}
}

// A learner may go back behind the end of the base and take another way; theirs is what lies behind the fork.
func TestGradeNodeOfABranch(t *testing.T) {
	sc := mustScenario(t, base+"step until quiet\n")
	tl, err := engine.NewTimeline(sc.Setup)
	if err != nil {
		t.Fatal(err)
	}
	do := func(list []engine.Action) engine.NodeID {
		for _, a := range list {
			if _, _, err := tl.Do(a); err != nil {
				t.Fatal(err)
			}
		}
		return tl.At()
	}
	end := do(sc.Actions)
	if err := tl.Goto(3); err != nil { // listen, connect, and the SYN has arrived
		t.Fatal(err)
	}
	at := do(actions(t, "drop SYN-ACK; step until quiet"))
	r := GradeNode(tl, end, at, mustParse(t, challenge).Goals)
	if !r.Passed || r.Steps != 7 || r.Actions != 1 {
		t.Errorf("passed %v with %d steps and %d actions, want true, 7, 1", r.Passed, r.Steps, r.Actions)
	}
	if r := GradeNode(tl, end, end, nil); r.Steps != 0 || !r.Passed {
		t.Errorf("at the end of the base: %+v", r)
	}
}

// What was reached once is not undone by what happens by itself afterwards; what the learner does can undo it.
func TestGradeOfAnInstant(t *testing.T) {
	sc := mustScenario(t, base)
	goals := mustParse(t, "goal client ESTABLISHED\ngoal server SYN-RECEIVED\ngoal sent SYN-ACK <= 1\nsolution step 2").Goals
	for learner, want := range map[string]bool{
		"step 2":                               true,
		"step until quiet":                     true,
		"step until quiet; client close":       false,
		"drop SYN; step until quiet":           true,
		"step; drop SYN-ACK; step until quiet": false,
	} {
		r, err := Grade(sc.Setup, sc.Actions, actions(t, learner), goals)
		if err != nil || r.Passed != want {
			t.Errorf("%s: passed %v, want %v (%v)", learner, r.Passed, want, err)
		}
		for _, g := range r.Goals {
			if strings.Contains(g.Detail, "2 SYN-ACKs was") {
				t.Errorf("%s: %s", learner, g.Detail)
			}
		}
	}
}

func TestGradeBounds(t *testing.T) {
	sc := mustScenario(t, base)
	many := make([]engine.Action, MaxActions+1)
	for i := range many {
		many[i] = engine.Action{Kind: engine.Expect, Cond: engine.Cond{Kind: engine.Quiet, Not: true}}
	}
	r, err := Grade(sc.Setup, sc.Actions, many, nil)
	if err != nil || r.Passed || r.Failed == 0 || r.Fault.Code != engine.Limit {
		t.Errorf("more actions than are judged: %+v, %v", r, err)
	}
	if _, err := Grade(sc.Setup, actions(t, "drop SYN"), nil, nil); err == nil {
		t.Error("a base that cannot be done was judged")
	}
}

func TestVerify(t *testing.T) {
	sc := mustScenario(t, base)
	for _, test := range []struct{ name, src, want string }{
		{"it can be solved", challenge, ""},
		{"no solution", "goal quiet", "1:1: error no-solution: the challenge has no solution, so nobody knows whether it can be solved (write: solution step; drop SYN-ACK; step until quiet)\n"},
		{"a solution that misses a goal", "goal server ESTABLISHED\nlimit steps 1\nsolution step 2\n",
			"1:1: error unsolved: the solution does not reach this goal: the server is in ESTABLISHED (the server is in SYN-RECEIVED)\n" +
				"2:1: error unsolved: the solution does not reach this goal: take at most 1 step (you took 2 steps)\n"},
		{"a solution that cannot be done", "goal quiet\nsolution step\nsolution drop RST\n",
			"3:1: error no_such_segment: action 2 of the solution cannot be done: no RST is on the wire (on the wire now: #2 SYN-ACK)\n"},
		{"solved at once", "goal client SYN-SENT\nsolution drop SYN",
			"1:1: warning already-solved: every goal is reached before the learner does anything (ask for more, or let the scenario end earlier)\n"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if _, got := Verify(sc.Setup, sc.Actions, mustParse(t, test.src)); got.String() != test.want {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
		})
	}
	if _, got := Verify(sc.Setup, actions(t, "drop RST"), mustParse(t, challenge)); len(got) != 1 || got[0].Code != "bad-base" {
		t.Errorf("a base that cannot be done: %s", got)
	}
}

func TestSentence(t *testing.T) {
	for _, test := range []struct{ cond, want string }{
		{"server ESTABLISHED", "the server is in ESTABLISHED"},
		{"not server ESTABLISHED", "the server is not in ESTABLISHED"},
		{"client told ECONNREFUSED", "the application on the client is told ECONNREFUSED"},
		{"server told readable >= 2", "the application on the server is told that there is data to read at least 2 times"},
		{"client told ECONNRESET = 0", "the application on the client is told ECONNRESET exactly 0 times"},
		{"not client told connected", "the application on the client is not told that it is connected"},
		{"quiet", "nothing is due any more"},
		{"not quiet", "something is still due"},
		{"SYN-ACK lost", "a SYN-ACK is lost"},
		{"not ACK arrived", "no ACK arrives"},
		{"RST sent", "an RST is sent"},
		{"lost SYN-ACK >= 2", "at least 2 SYN-ACKs are lost"},
		{"sent RST = 0", "no RST is sent"},
		{"sent SYN = 1", "exactly 1 SYN is sent"},
		{"not arrived SYN <= 2", "it is not so that at most 2 SYNs arrive"},
		{"#5 arrived", "segment #5 arrives"},
		{"2nd SYN-ACK arrived", "the 2nd SYN-ACK arrives"},
		{"server sent SYN-ACK again", "the server sends a SYN-ACK again"},
		{"not server sent SYN-ACK again", "the server does not send a SYN-ACK again"},
	} {
		c, d := script.ParseCond(test.cond)
		if d != nil {
			t.Fatal(d)
		}
		if got := Sentence(c); got != test.want {
			t.Errorf("%s: %q, want %q", test.cond, got, test.want)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add(challenge)
	f.Add("goal quiet: é\nsolution client send \"a;b\"; step")
	f.Fuzz(func(t *testing.T, src string) {
		_, diags := Parse(src)
		lines := strings.Split(src, "\n")
		for _, d := range diags {
			if d.Code == "" || d.Message == "" || d.Severity != diag.Error || d.Line < 1 || d.Line > len(lines) || d.Col < 1 || d.EndCol < d.Col {
				t.Errorf("%+v of a text of %d lines", d, len(lines))
			}
		}
	})
}
