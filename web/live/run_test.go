package live

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestARunOverASocket(t *testing.T) {
	b := open(t, Config{}).dial()
	frames := b.openRun(1, lost)
	run, done := frames[0], last(frames)
	if run.Type != "run" || run.N != 0 || run.Node != 0 || !strings.Contains(run.Setup, "isn 5000") {
		t.Fatalf("the first frame is %s", run.raw)
	}
	if done.Type != "done" || done.Node != len(frames)-2 || done.Last != done.Node || len(done.Digest) != 32 || done.Quiet {
		t.Fatalf("the last frame is %s", done.raw)
	}

	frames = b.do(2, run.Run, done.Last, "drop SYN-ACK")
	if len(frames) != 2 || frames[0].Parent != done.Last || frames[0].Events[0].Kind != Lost {
		t.Fatalf("drop brought %s", join(frames))
	}

	b.sendJSON(map[string]any{"type": "do", "id": 3, "run": run.Run, "ahead": true})
	frames = b.until(3)
	if end := last(frames); !end.Quiet || end.Last <= end.Node {
		t.Errorf("running ahead ended with %s", end.raw)
	}
	var sent []string
	for _, f := range frames {
		for _, e := range f.Events {
			if e.Kind == Sent {
				sent = append(sent, fmt.Sprintf("%d %s %s", e.T, e.Host, e.Wire.Flags))
			}
		}
	}
	if want := []string{"1050000 server SYN,ACK", "1100000 client ACK"}; !slices.Equal(sent, want) {
		t.Errorf("sent after the loss: %q, want %q", sent, want)
	}
}

func join(frames []frame) []byte {
	var all [][]byte
	for _, f := range frames {
		all = append(all, f.raw)
	}
	return bytes.Join(all, []byte("\n"))
}

func TestActingInThePastOpensABranch(t *testing.T) {
	b := open(t, Config{}).dial()
	opened := last(b.openRun(1, lost))
	ahead := last(b.do(2, opened.Run, opened.Last, "step until quiet"))
	branch := b.do(3, opened.Run, opened.Last, "drop SYN-ACK")
	if branch[0].Parent != opened.Last || branch[0].Node != ahead.Last+1 {
		t.Errorf("the branch begins with %s", branch[0].raw)
	}
	back := last(b.do(4, opened.Run, ahead.Last, ""))
	if back.Digest != ahead.Digest || back.Node != ahead.Last {
		t.Errorf("back on the old branch: %s, but it was %s", back.raw, ahead.raw)
	}
}

// The learner acts between two things that are due: the page sends the node before, and how long after it.
func TestWaitAndAct(t *testing.T) {
	b := open(t, Config{}).dial()
	opened := last(b.openRun(1, lost))
	b.sendJSON(map[string]any{"type": "do", "id": 2, "run": opened.Run, "at": opened.Last, "wait": 25000, "line": "drop SYN-ACK", "ahead": true})
	frames := b.until(2)
	if frames[0].Line != "wait 25ms" || frames[0].At != 75000 || frames[1].Events[0].Kind != Lost || frames[1].At != 75000 {
		t.Errorf("got %s", join(frames))
	}
	if done := last(frames); done.Node != frames[1].Node || done.Last <= done.Node || !done.Quiet {
		t.Errorf("got %s", done.raw)
	}
}

func TestARefusedCommandChangesNothing(t *testing.T) {
	b := open(t, Config{}).dial()
	opened := last(b.openRun(1, lost))
	run := opened.Run
	id := int64(1)
	for _, test := range []struct {
		name, command string
		code          string
		min, max      int64
	}{
		{"a segment that arrived", `"line":"drop SYN"`, "segment_gone", 0, 0},
		{"a segment that never was", `"line":"drop #99"`, "no_such_segment", 0, 0},
		{"a wait before it", `"wait":25000,"line":"drop #99"`, "no_such_segment", 0, 0},
		{"a sequence number of 2^32", `"line":"edit SYN-ACK seq=4294967296"`, "out-of-range", 0, 4294967295},
		{"a negative one", `"line":"edit SYN-ACK seq=-1"`, "out-of-range", 0, 4294967295},
		{"a broken one", `"line":"edit SYN-ACK seq=1.5"`, "", 0, 0},
		{"a word", `"line":"edit SYN-ACK seq=abc"`, "", 0, 0},
		{"a large window", `"line":"edit SYN-ACK window=65536"`, "out-of-range", 0, 65535},
		{"a thousand million steps", `"line":"step 1000000000"`, "out-of-range", 1, 1000},
		{"a verb that is none", `"line":"dorp SYN-ACK"`, "unknown-verb", 0, 0},
		{"a line of the set-up", `"line":"client 192.0.2.1:5 isn 3"`, "", 0, 0},
		{"two lines", `"line":"step\nstep"`, "", 0, 0},
		{"a node that is not there", `"at":1000,"line":"step"`, "no_such_node", 0, int64(opened.Last)},
		{"an expectation that does not hold", `"line":"expect server ESTABLISHED"`, "expect-failed", 0, 0},
		{"a call that the host refuses", `"line":"server listen"`, "bad_call", 0, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			b.t = t
			id++
			b.send(fmt.Sprintf(`{"type":"do","id":%d,"run":%q,%s}`, id, run, test.command))
			f := last(b.until(id))
			if f.Type != "error" {
				t.Fatalf("was done: %s", f.raw)
			}
			if test.code != "" && f.Code != test.code || f.Code == "" || f.Message == "" {
				t.Errorf("code %q, want %q: %s", f.Code, test.code, f.raw)
			}
			if test.max != 0 && (f.Min == nil || f.Max == nil || *f.Min != test.min || *f.Max != test.max) {
				t.Errorf("the range %d to %d is not told: %s", test.min, test.max, f.raw)
			}
			if f.N != opened.N {
				t.Errorf("the error says frame %d, but the newest is %d", f.N, opened.N)
			}
		})
	}
	b.t = t
	id++
	b.send(fmt.Sprintf(`{"type":"do","id":%d,"run":%q}`, id, run))
	if f := last(b.until(id)); f.Digest != opened.Digest || f.N != opened.N+1 {
		t.Errorf("after all that: %s\nbefore:         %s", f.raw, opened.raw)
	}
}

// A command whose answer was lost is sent again and not done again.
func TestACommandIsExecutedOnce(t *testing.T) {
	b := open(t, Config{}).dial()
	opened := last(b.openRun(1, lost))
	first := last(b.do(2, opened.Run, opened.Last, "drop SYN-ACK"))
	again := b.do(2, opened.Run, opened.Last, "drop SYN-ACK")
	if len(again) != 1 || !bytes.Equal(again[0].raw, first.raw) {
		t.Errorf("the second time brought %s\nthe first    %s", join(again), first.raw)
	}
	if f := last(b.do(2, opened.Run, opened.Last, "hold SYN-ACK")); f.Code != string(UsedID) || f.Min == nil || *f.Min != 3 {
		t.Errorf("another command with the same id brought %s", f.raw)
	}
	if f := last(b.do(1, opened.Run, opened.Last, "hold SYN-ACK")); f.Code != string(StaleID) {
		t.Errorf("an id from before brought %s", f.raw)
	}
	for id := int64(3); id < 3+maxResults+1; id++ {
		b.do(id, opened.Run, opened.Last, "")
	}
	if f := last(b.do(2, opened.Run, opened.Last, "drop SYN-ACK")); f.Code != string(StaleID) {
		t.Errorf("an id from long before brought %s", f.raw)
	}
}

// Two tabs on one run see the same frames in the same order.
func TestTwoSocketsOnOneRun(t *testing.T) {
	p := open(t, Config{})
	one, two := p.dial(), p.dial()
	opened := last(one.openRun(1, lost))
	two.sendJSON(map[string]any{"type": "resume", "id": 1, "run": opened.Run, "after": -1})
	if f := two.read(); f.Type != "resumed" || f.N != opened.N || f.Re != 1 {
		t.Fatalf("got %s", f.raw)
	}
	log := map[*browser][][]byte{}
	read := func(b *browser, n int) {
		for len(log[b]) < n {
			log[b] = append(log[b], b.read().raw)
		}
	}
	if f := two.read(); f.Type != "snapshot" || f.N != opened.N {
		t.Fatalf("got %s", f.raw)
	}
	const rounds = 50
	for i := range int64(rounds) {
		// The ids differ, as they do when each takes the next free one.
		one.send(fmt.Sprintf(`{"type":"do","id":%d,"run":%q,"at":%d,"wait":%d}`, 2+2*i, opened.Run, opened.Last, 2*i+1))
		read(one, len(log[one])+2)
		two.send(fmt.Sprintf(`{"type":"do","id":%d,"run":%q,"at":%d,"wait":%d}`, 3+2*i, opened.Run, opened.Last, 2*i+2))
		read(two, int(4*i)+4)
		read(one, int(4*i)+4)
	}
	if !slices.EqualFunc(log[one], log[two], bytes.Equal) {
		t.Errorf("one saw\n%s\ntwo saw\n%s", bytes.Join(log[one], []byte("\n")), bytes.Join(log[two], []byte("\n")))
	}
}

func TestResume(t *testing.T) {
	p := open(t, Config{})
	b := p.dial()
	opened := b.openRun(1, lost)
	run := opened[0].Run
	all := append(opened, b.do(2, run, 3, "step until quiet")...)
	done := last(all)
	b.ws.Close()

	for _, test := range []struct {
		name  string
		after int64
		want  int64 // first frame, or -1 for a snapshot
	}{
		{"in the middle", done.N - 2, done.N - 1},
		{"from the end of the opening", last(opened).N, last(opened).N + 1},
		{"from the middle of the opening", 2, -1},
		{"from the start", -1, -1},
		{"with nothing missing", done.N, done.N + 1},
		{"from the future", done.N + 1, -1},
		{"from far in the future", maxInteger, -1},
	} {
		t.Run(test.name, func(t *testing.T) {
			p.t = t
			b := p.dial()
			b.sendJSON(map[string]any{"type": "resume", "id": 7, "run": run, "after": test.after})
			if f := b.read(); f.Type != "resumed" || f.Re != 7 || f.N != done.N {
				t.Fatalf("got %s", f.raw)
			}
			if test.want < 0 {
				checkSnapshot(t, b.read(), all)
				return
			}
			for _, want := range all[test.want:] {
				if f := b.read(); !bytes.Equal(f.raw, want.raw) {
					t.Fatalf("got  %s\nwant %s", f.raw, want.raw)
				}
			}
			// Nothing else comes: the next frame is the answer to the next command.
			b.sendJSON(map[string]any{"type": "close", "id": 8, "run": run})
			if f := b.read(); f.Type != "closed" || f.Re != 8 {
				t.Errorf("got %s", f.raw)
			}
		})
	}
	p.t = t
	b = p.dial()
	b.sendJSON(map[string]any{"type": "resume", "id": 9, "run": "AAAAAAAAAAAAAAAAAAAAAA", "after": 3})
	if f := b.read(); f.Code != string(NoSuchRun) || f.Re != 9 || f.Run == "" {
		t.Errorf("got %s", f.raw)
	}
}

func checkSnapshot(t *testing.T, snap frame, all []frame) {
	t.Helper()
	if snap.Type != "snapshot" || snap.N != last(all).N || snap.Setup != all[0].Setup {
		t.Fatalf("got %s", snap.raw)
	}
	nodes := snap.Nodes
	for _, f := range all {
		if f.Type != "node" {
			continue
		}
		if len(nodes) == 0 || nodes[0].N != f.N || mustJSON(t, nodes[0].Events) != mustJSON(t, f.Events) || nodes[0].Parent != f.Parent {
			t.Fatalf("the snapshot has not the node %s", f.raw)
		}
		nodes = nodes[1:]
	}
	if len(nodes) > 0 {
		t.Errorf("the snapshot has %d nodes more", len(nodes))
	}
	if snap.Done == nil || snap.Done.Digest != last(all).Digest || snap.Done.Re != last(all).Re {
		t.Errorf("the snapshot ends with %+v", snap.Done)
	}
}

func TestResumeBeyondTheLogBringsASnapshot(t *testing.T) {
	p := open(t, Config{})
	b := p.dial()
	all := b.openRun(1, lost)
	run := all[0].Run
	for id := int64(2); len(all) < maxLog+50; id++ {
		all = append(all, b.do(id, run, 3, "wait 1ms")...)
	}
	c := p.dial()
	c.sendJSON(map[string]any{"type": "resume", "id": 7, "run": run, "after": 3})
	c.read()
	checkSnapshot(t, c.read(), all)
}

// The server has forgotten the run, or was started anew: the browser opens it from its copy, and the digest proves that it is
// the same.
func TestOpeningARunAgain(t *testing.T) {
	b := open(t, Config{}).dial()
	opened := last(b.openRun(1, lost))
	do := func(id int64, command string) frame {
		b.send(fmt.Sprintf(`{"type":"do","id":%d,"run":%q,%s}`, id, opened.Run, command))
		return last(b.until(id))
	}
	commands := []string{
		`"at":3,"wait":25000,"line":"drop SYN-ACK","ahead":true`, `"at":2,"line":"hold SYN"`, `"at":5,"line":"step 2"`, `"line":"client send \"x\""`,
	}
	var want frame
	for i, c := range commands {
		want = do(int64(i)+2, c)
		if want.Type != "done" {
			t.Fatalf("%s: %s", c, want.raw)
		}
	}
	other := open(t, Config{}).dial()
	other.send(fmt.Sprintf(`{"type":"open","id":1,"scenario":%s,"commands":[{%s}]}`, mustJSON(t, lost), strings.Join(commands, "},{")))
	got := last(other.untilOpen(1))
	if got.Digest != want.Digest || got.Last != want.Last || got.Node != want.Node || got.Quiet != want.Quiet {
		t.Errorf("got  %s\nwant %s", got.raw, want.raw)
	}
}

func TestOpenALessonsBlock(t *testing.T) {
	b := open(t, Config{Scenario: func(lesson, block string) (string, bool) {
		return lost, lesson == "lost-segments" && block == "lost"
	}}).dial()
	b.send(`{"type":"open","id":1,"lesson":"lost-segments","block":"lost","ahead":true}`)
	if f := last(b.until(1)); f.Type != "done" || !f.Quiet {
		t.Errorf("got %s", f.raw)
	}
	for _, where := range []string{`"lesson":"lost-segments","block":"x"`, `"lesson":"../x","block":"lost"`} {
		b.send(`{"type":"open","id":2,` + where + `}`)
		if f := last(b.until(2)); f.Code != string(NoSuchBlock) || f.Run != "" {
			t.Errorf("%s: got %s", where, f.raw)
		}
	}
}

func TestAScenarioWithFaults(t *testing.T) {
	b := open(t, Config{}).dial()
	f := last(b.openRun(1, "server listen\nclient conect\nstep util quiet\n"))
	if f.Type != "error" || f.Run != "" || f.Line != 2.0 || f.Col == 0 || f.Code == "" || f.Hint == "" {
		t.Errorf("got %s", f.raw)
	}
	if len(f.Faults) != 2 || f.Faults[0].Line != 2 || f.Faults[1].Line != 3 || f.Faults[1].Severity != "error" {
		t.Errorf("the faults are %+v", f.Faults)
	}

	t.Run("a line that cannot be done", func(t *testing.T) {
		frames := b.openRun(2, "server listen\nclient connect\ndrop SYN-ACK\nstep until quiet\n")
		fault, done := frames[len(frames)-2], last(frames)
		if fault.Type != "error" || fault.Line != 3.0 || fault.Code != "no_such_segment" || fault.Run != done.Run {
			t.Errorf("got %s", fault.raw)
		}
		if done.Type != "done" || done.Node != 2 {
			t.Errorf("the run stands at %s", done.raw)
		}
	})
	t.Run("an expectation that does not hold", func(t *testing.T) {
		frames := b.openRun(3, "server listen\nclient connect\nexpect server ESTABLISHED\nstep until quiet\nexpect server ESTABLISHED\n")
		fault, done := frames[len(frames)-2], last(frames)
		if fault.Type != "error" || fault.Line != 3.0 || fault.Code != "expect-failed" {
			t.Errorf("got %s", fault.raw)
		}
		if done.Type != "done" || !done.Quiet {
			t.Errorf("the run does not go on: %s", done.raw)
		}
	})
	t.Run("a command that cannot be done", func(t *testing.T) {
		b.send(fmt.Sprintf(`{"type":"open","id":4,"scenario":%s,"commands":[{"line":"step"},{"line":"drop #77"},{"line":"step"}]}`, mustJSON(t, lost)))
		frames := b.untilOpen(4)
		fault, done := frames[len(frames)-2], last(frames)
		if fault.Type != "error" || fault.Command == nil || *fault.Command != 1 || done.Last != 4 {
			t.Errorf("got %s\n%s", fault.raw, done.raw)
		}
	})
}

func TestASocketFollowsSoManyRuns(t *testing.T) {
	p := open(t, Config{})
	b := p.dial()
	var runs []string
	for id := range int64(maxFollowed + 2) {
		runs = append(runs, b.openRun(id+1, lost)[0].Run)
	}
	// The first two are not lost, only not followed any more: another's command on the first brings no frame, and an own one
	// on the second brings everything.
	p.dial().do(100, runs[0], 3, "step")
	frames := b.do(101, runs[1], 3, "step")
	if len(frames) != 1 || frames[0].Type != "snapshot" || frames[0].Run != runs[1] {
		t.Errorf("got %d frames, the first a %s", len(frames), frames[0].Type)
	}
	if frames := b.do(102, runs[10], 3, "step"); len(frames) != 2 {
		t.Errorf("got %d frames, the last a %s", len(frames), last(frames).Type)
	}
}

// A run that nobody follows is parked, and plays itself again to the byte when somebody comes.
func TestPark(t *testing.T) {
	h := NewHub(Config{})
	rapid.Check(t, func(t *rapid.T) {
		r, _, fault := h.start(&OpenCommand{ID: 1, Scenario: lost, Commands: []Do{{Line: "step"}}})
		if fault != nil {
			t.Fatal(fault)
		}
		r.take()
		var said listener
		r.following = []follower{&said}
		id := int64(1)
		var newest *DoCommand
		for range rapid.IntRange(0, 60).Draw(t, "commands") {
			id += int64(rapid.IntRange(1, 300).Draw(t, "skip"))
			c := &DoCommand{ID: id, Do: Do{
				Line:  rapid.SampledFrom([]string{"step", "drop SYN-ACK", "client close", "wait 10ms", ""}).Draw(t, "line"),
				Wait:  rapid.Int64Range(0, 1_000_000).Draw(t, "wait"),
				Ahead: rapid.Bool().Draw(t, "ahead"),
			}}
			if at := rapid.IntRange(-1, r.tl.Len()-1).Draw(t, "at"); at >= 0 {
				c.At = &at
			}
			if r.do(c, &said); r.lastID == id {
				newest = c
			}
		}
		snapshot, next, log := slices.Clone(r.snapshot()), r.next, r.log
		if freed := r.unfollow(&said); freed == 0 || r.played != nil {
			t.Fatal("the run is not parked")
		}
		r.follow(&said, 1, next-1)
		if !bytes.Equal(r.snapshot(), snapshot) || r.next != next {
			t.Fatalf("the run was\n%s\nand is\n%s", snapshot, r.snapshot())
		}
		for i, f := range log {
			if !bytes.Equal(f, r.log[len(r.log)-len(log)+i]) {
				t.Fatalf("a frame was\n%s\nand is\n%s", f, r.log[i])
			}
		}
		if newest != nil {
			if r.do(newest, &said); !bytes.Equal(said.frame, r.done) {
				t.Fatalf("the newest command again brought\n%s\nwant\n%s", said.frame, r.done)
			}
		}
	})
}

// A listener keeps what was said last.
type listener struct {
	deaf
	frame []byte
}

func (l *listener) say(frame []byte) { l.frame = frame }
