package lessons

import (
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// blocks is the lesson of testdata that has every block.
func blocks(t testing.TB) *Lesson {
	t.Helper()
	c, err := Load(os.DirFS("testdata/blocks"))
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range c.Diagnostics {
		t.Error(d)
	}
	if len(c.Lessons) != 1 {
		t.Fatal("the lesson is broken")
	}
	return c.Lessons[0]
}

func TestTypedAnswers(t *testing.T) {
	l := blocks(t)
	for _, test := range []struct{ quiz, answer, code, says string }{
		{"word", "SYN cookie", "right", "baked"},
		{"word", "syn  Cookie ", "right", "baked"},
		{"word", "`cookie`", "right", "baked"},
		{"word", "syn cache", "wrong", "needs memory"},
		{"word", "cookies", "wrong", "to eat"},
		{"word", " ", "unreadable", "first"},
		{"seconds", "1", "right", "RFC 6298"},
		{"seconds", "1 s", "right", "RFC 6298"},
		{"seconds", "1,000 ms", "right", "RFC 6298"},
		{"seconds", "1.005", "right", "RFC 6298"},
		{"seconds", "0,995 seconds", "right", "RFC 6298"},
		{"seconds", "1.02s", "wrong", "timer"},
		{"seconds", "3", "wrong", "value before"},
		{"seconds", "3000ms", "wrong", "value before"},
		{"seconds", "-1", "wrong", "timer"},
		{"seconds", "1 S", "right", "RFC 6298"},
		{"seconds", "1 Seconds", "right", "RFC 6298"},
		{"seconds", "1 Sekunde", "right", "RFC 6298"},
		{"seconds", "1'000 ms", "right", "RFC 6298"},
		{"seconds", "1.", "right", "RFC 6298"},
		{"seconds", "0 min 3 s", "wrong", "value before"},
		{"seconds", "0 hours, 0 minutes and 1 second", "right", "RFC 6298"},
		{"seconds", "0h0m1s", "right", "RFC 6298"},
		{"seconds", "1 s and 2 bytes", "unreadable", "number"},
		{"seconds", "soon", "unreadable", "number"},
		{"seconds", "1 byte", "unreadable", "unit"},
		{"seconds", strings.Repeat("9", 400), "unreadable", "number"},
		{"fill", "1001", "right", "engine"},
		{"fill", "1,001", "right", "engine"},
		{"fill", "1'001", "right", "engine"},
		{"fill", "ack 1001", "right", "engine"},
		{"fill", "ACK=1001.", "right", "engine"},
		{"fill", "0x3E9", "right", "engine"},
		{"fill", "seq 1001", "unreadable", "number"},
		{"fill", "1000", "ack-equals-seq", "number"},
		{"fill", "0", "wrong", "means nothing"},
		{"fill", "7", "wrong", "comes next"},
		{"fill", "x", "unreadable", "number"},
	} {
		v := l.Quiz(test.quiz).CheckText(test.answer)
		if v.Code != test.code || v.OK != (test.code == "right") || !strings.Contains(v.Feedback, test.says) {
			t.Errorf("%s: %.20q gets %+v, want %s with %q", test.quiz, test.answer, v, test.code, test.says)
		}
	}
	if v := l.Quiz("word").Check([]int{0}); v.OK || v.Code != "unreadable" {
		t.Errorf("options of a question without any: %+v", v)
	}
	if v := l.Quiz("one").CheckText("Nobody."); v.OK || v.Code != "unreadable" {
		t.Errorf("words to a question with options: %+v", v)
	}
}

func TestOrder(t *testing.T) {
	q := blocks(t).Quiz("sequence")
	if slices.IsSorted(q.order) {
		t.Error("the page shows the right order")
	}
	// The order in which the entries must be picked.
	right := make([]int, len(q.order))
	for i, place := range q.order {
		right[place] = i
	}
	if v := q.Check(right); !v.OK || v.Places != 4 || !strings.Contains(v.Feedback, "like that") {
		t.Errorf("the right order gets %+v", v)
	}
	swapped := slices.Clone(right)
	swapped[1], swapped[2] = swapped[2], swapped[1]
	if v := q.Check(swapped); v.OK || v.Code != "partly" || v.Places != 1 || !strings.Contains(v.Feedback, "What answers what") {
		t.Errorf("the second copy before the first gets %+v", v)
	}
	first := []int{right[1], right[0], right[2], right[3]}
	if v := q.Check(first); v.OK || v.Code != "wrong" || v.Places != 0 || !strings.Contains(v.Feedback, "acknowledges something") {
		t.Errorf("the answer before the SYN gets %+v", v)
	}
	for _, bad := range [][]int{nil, right[:3], {0, 0, 1, 2}, {0, 1, 2, 9}, {0, 1, 2, -1}, append(slices.Clone(right), 0)} {
		if v := q.Check(bad); v.OK || v.Code != "unreadable" {
			t.Errorf("%v gets %+v", bad, v)
		}
	}
}

func TestHeaderHidesOneField(t *testing.T) {
	h := blocks(t).Quiz("fill").Header
	got := map[string]string{}
	for _, p := range h.Parts {
		got[p.Name] = p.Value
		if p.Hidden != (p.Name == "ack") || p.Hidden && p.Value != "" {
			t.Errorf("%s is %q, hidden %v", p.Name, p.Value, p.Hidden)
		}
	}
	if got["seq"] != "5000" || got["flags"] != "SYN,ACK" || got["sport"] != "80" || got["dport"] != "52431" || got["offset"] != "6" || got["options"] != "mss 1460" {
		t.Errorf("the header is %v", got)
	}
	mss := one(t, exampleSim+"```quiz {#q kind=field of=sim}\nWhich?\n\nsegment: SYN\nfield: mss\nmss-counts-headers:\n```\n").Quiz("q")
	for _, p := range mss.Header.Parts {
		if strings.Contains(p.Value, "1460") {
			t.Errorf("%s gives the MSS away: %q", p.Name, p.Value)
		}
	}
	if v := mss.CheckText("1500"); v.Code != "mss-counts-headers" {
		t.Errorf("the size of the packet gets %+v", v)
	}
	if v := mss.CheckText("1460"); !v.OK {
		t.Errorf("the MSS gets %+v", v)
	}
}

func TestTicket(t *testing.T) {
	ticket := blocks(t).Ticket("hangs")
	if ticket.Points != 10 || ticket.Wrong != 3 || len(ticket.Looks) != 6 || len(ticket.Causes) != 3 {
		t.Fatalf("the ticket is %+v", ticket)
	}
	dump, local, ok := ticket.Output(0)
	if lines := strings.Count(dump, "Flags [S]"); !ok || lines != 11 || local != "192.0.2.10" {
		t.Errorf("the client's tcpdump has %d SYNs, seen from %s:\n%s", lines, local, dump)
	}
	if text, _, _ := ticket.Output(1); !strings.Contains(text, "SYN-SENT") {
		t.Errorf("after 30 s ss says\n%s", text)
	}
	if text, _, _ := ticket.Output(2); !strings.Contains(text, "131.000 s told ETIMEDOUT") {
		t.Errorf("the application is told\n%s", text)
	}
	if text, _, ok := ticket.Output(3); !ok || text != "" {
		t.Errorf("the server sees\n%s", text)
	}
	for _, i := range []int{-1, 6} {
		if _, _, ok := ticket.Output(i); ok {
			t.Errorf("there is something to look at with the number %d", i)
		}
	}
	all := []int{0, 1, 2, 3, 4, 5}
	for _, test := range []struct {
		name         string
		picked       int
		seen, before []int
		ok           bool
		code, says   string
		points, look int
		lines        int
	}{
		{"guessed right", 2, nil, nil, true, "right", "what else", 10, -1, 0},
		{"right, having looked", 2, []int{0, 3}, nil, true, "right", "never get here", 7, 3, 0},
		{"wrong, having seen nothing", 0, nil, nil, false, "wrong", "Nothing that you", 7, -1, 0},
		{"wrong, with a line against it", 0, []int{0}, nil, false, "wrong", "nothing came back", 6, 0, 11},
		{"wrong, with another one", 0, []int{4, 4}, nil, false, "wrong", "listener", 5, 4, 1},
		{"the first that fits", 0, all, nil, false, "wrong", "nothing came back", 0, 0, 11},
		{"wrong twice costs twice", 1, nil, []int{0}, false, "wrong", "Nothing", 4, -1, 0},
		{"the same wrong one costs once", 0, nil, []int{0, 0, 7, -1, 2}, false, "wrong", "Nothing", 7, -1, 0},
		{"right after a wrong one", 2, []int{0}, []int{1}, true, "right", "", 6, -1, 0},
		{"what was never there costs nothing", 2, []int{-1, 99}, nil, true, "right", "", 10, -1, 0},
		{"no cause", 3, []int{0}, nil, false, "unreadable", "Choose", 9, -1, 0},
	} {
		v := ticket.Check(test.picked, test.seen, test.before)
		if v.OK != test.ok || v.Code != test.code || !strings.Contains(v.Feedback, test.says) || v.Points != test.points || v.Look != test.look || len(v.Lines) != test.lines || v.Feedback == "" {
			t.Errorf("%s: %+v", test.name, v)
		}
		if test.ok != strings.Contains(v.Scenario, "client connect") {
			t.Errorf("%s: the scenario is %q", test.name, v.Scenario)
		}
	}
}

// Feedback that quotes what was not paid for would give it away.
func TestFeedbackIsOnlyAboutWhatWasSeen(t *testing.T) {
	ticket := blocks(t).Ticket("hangs")
	for i := range ticket.Causes {
		v := ticket.Check(i, []int{2}, nil)
		for look, e := range ticket.key.causes[i].evidence {
			if e.look != 2 && v.Feedback == e.feedback {
				t.Errorf("cause %d is answered with piece %d, which was not paid for", i, look)
			}
		}
	}
}

func TestCaptureIsFollowed(t *testing.T) {
	c := blocks(t).Capture("wire")
	if c.Replay.Odd != 0 || len(c.Replay.Steps) != 5 || len(c.Replay.Events) == 0 || c.Profile != "linux" || !strings.Contains(c.HTML, "<em>server</em>") {
		t.Errorf("%d steps, odd %d, %+v", len(c.Replay.Steps), c.Replay.Odd, c.HTML)
	}
}

func TestPointsForSteps(t *testing.T) {
	c := blocks(t).Challenge("two")
	par := c.Par()
	if par < 4 {
		t.Fatalf("the solution takes %d steps", par)
	}
	for steps, want := range map[int]int{0: 10, par: 10, 2 * par: 5, 4 * par: 3, 100 * par: 1} {
		if got := c.Points(steps); got != want {
			t.Errorf("%d steps where %d do: %d points, want %d", steps, par, got, want)
		}
	}
}

// Each variant is the same question with its own numbers, in its text too.
func TestVariants(t *testing.T) {
	p := blocks(t).Predict("number")
	if len(p.Variants) != Variants-1 || p.Variant(0) != p || p.Variant(-1) != p || p.Variant(Variants) != p {
		t.Fatalf("there are %d variants", len(p.Variants))
	}
	seen := map[string]bool{p.key.right: true}
	for n := 1; n < Variants; n++ {
		v := p.Variant(n)
		right, _ := strconv.Atoi(v.key.right)
		isn := strconv.Itoa(right - 1)
		if seen[v.key.right] {
			t.Errorf("%s is the answer to two variants", v.key.right)
		}
		seen[v.key.right] = true
		if !strings.Contains(v.Question, "seq "+isn) || strings.Contains(v.Question, "1000<") || strings.Contains(v.Question, "52431") {
			t.Errorf("variant %d asks %s", n, v.Question)
		}
		if w := v.Check(v.key.right); !w.OK || !strings.Contains(w.Feedback, isn) {
			t.Errorf("variant %d: the right answer gets %+v", n, w)
		}
		if w := v.Check(isn); w.Code != "ack-equals-seq" {
			t.Errorf("variant %d: the number of the SYN gets %+v", n, w)
		}
		if w := v.Check(p.key.right); w.OK {
			t.Errorf("variant %d takes the answer of the first", n)
		}
		if !strings.Contains(v.Scenario, "isn "+isn) {
			t.Errorf("variant %d is another run:\n%s", n, v.Scenario)
		}
	}
}
