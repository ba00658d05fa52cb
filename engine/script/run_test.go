package script

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/handshakelab/lab/engine"
	"github.com/handshakelab/lab/engine/tcp"
)

func TestRunTellsWhatFailed(t *testing.T) {
	const head = "client 192.0.2.1:1000 isn 100\nserver 192.0.2.2:80 isn 300\nserver listen backlog 4\nclient connect\n"
	for _, test := range []struct{ name, src, want string }{{
		name: "it comes true later",
		src:  head + "  expect server ESTABLISHED # too early",
		want: "5:3: error expect-failed: expected server ESTABLISHED, but the server is in LISTEN (it comes true at 150ms, after 3 steps: write step 3 before this line)\n",
	}, {
		name: "it comes true next",
		src:  head + "expect SYN arrived",
		want: "5:1: error expect-failed: expected SYN arrived, but no SYN arrived (the next thing that is due makes it true, at 50ms: write step before this line)\n",
	}, {
		name: "it never comes true",
		src:  head + "expect client told ECONNREFUSED",
		want: "5:1: error expect-failed: expected client told ECONNREFUSED, but it was not told so (it does not come true by letting time pass, either)\n",
	}, {
		name: "an expectation that fails stops nothing",
		src:  head + "expect quiet\nstep until quiet\nexpect not quiet",
		want: "5:1: error expect-failed: expected quiet, but segment #1 is on its way (it comes true at 150ms, after 3 steps: write step 3 before this line)\n" +
			"7:1: error expect-failed: expected not quiet, but nothing is due (it does not come true by letting time pass, either)\n",
	}, {
		name: "an action that fails stops all",
		src:  head + "step\ndrop SYN\nexpect quiet\ndrop RST",
		want: "6:1: error segment_gone: no SYN is on the wire any more (on the wire now: #2 SYN-ACK)\n",
	}, {
		name: "nothing fails",
		src:  head + "step until quiet\nexpect server ESTABLISHED",
	}} {
		t.Run(test.name, func(t *testing.T) {
			sc, diags := Parse(test.src)
			if len(diags) > 0 {
				t.Fatal(diags)
			}
			_, _, got := Run(sc)
			if got.String() != test.want {
				t.Errorf("got  %swant %s", got, test.want)
			}
		})
	}
}

// RunTo stops between two instants: what it brings are the events of the whole run up to then, in every scenario.
func TestRunTo(t *testing.T) {
	files, err := filepath.Glob(scenarios + "/*.lab")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		src, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		sc, _ := Parse(string(src))
		w, all, _ := Run(sc)
		for _, at := range []engine.Time{0, 50 * tcp.Millisecond, 1050*tcp.Millisecond + 1, w.Now() / 2, w.Now()} {
			now, events, diags := RunTo(sc, at)
			if len(diags) > 0 || now.Now() != at {
				t.Fatalf("%s: to %v: it is %v, %v", file, at, now.Now(), diags)
			}
			if len(events) > len(all) {
				all = events // the scenario ends earlier
			}
			for i := range all {
				if early := all[i].At <= at; early != (i < len(events)) {
					t.Fatalf("%s: to %v: %d events, but event %d is at %v", file, at, len(events), i, all[i].At)
				}
			}
			if len(events) != now.Events() {
				t.Errorf("%s: to %v: %d events, the world has %d", file, at, len(events), now.Events())
			}
		}
	}
}
