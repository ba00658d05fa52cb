package script

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/handshakelab/lab/engine"
	"github.com/handshakelab/lab/engine/rule"
)

var update = flag.Bool("update", false, "write the events of each scenario to its golden file")

const scenarios = "../testdata/scenarios"

// The scenarios are the lab's notebook: each runs, what it expects holds, and the events are those that were looked at when
// its golden file was written. After a change on purpose, write them again and read the diff:
//
//	go test ./engine/script -run TestScenarios -update
func TestScenarios(t *testing.T) {
	files, err := filepath.Glob(scenarios + "/*.lab")
	if err != nil || len(files) < 16 {
		t.Fatalf("%d scenarios, %v", len(files), err)
	}
	reached := map[rule.ID]bool{}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".lab")
		t.Run(name, func(t *testing.T) {
			src, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if !strings.HasPrefix(string(src), "# ") {
				t.Error("the first line does not say what the scenario shows")
			}
			sc, diags := Parse(string(src))
			if len(diags) > 0 {
				t.Fatal(diags.In(file, 1, 0))
			}
			_, events, diags := Run(sc)
			if len(diags) > 0 {
				t.Error("\n" + diags.In(file, 1, 0).String())
			}
			expects := 0
			for _, a := range sc.Actions {
				if a.Kind == engine.Expect {
					expects++
				}
			}
			if expects == 0 {
				t.Error("nothing is expected of it")
			}
			var b strings.Builder
			for _, ev := range events {
				b.WriteString(EventLine(ev) + "\n")
				reached[ev.Rule] = true
			}
			golden := strings.TrimSuffix(file, ".lab") + ".events"
			if *update {
				if err := os.WriteFile(golden, []byte(b.String()), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(b.String(), "\n")); d != "" {
				t.Errorf("events (-golden +run)\n%s", d)
			}
			// The canonical text of a scenario is the same run.
			again, diags := Parse(sc.String())
			if len(diags) > 0 {
				t.Fatal(diags)
			}
			w1, _, _ := Run(sc)
			w2, _, _ := Run(again)
			if w1.Digest() != w2.Digest() {
				t.Error("the canonical text is another run")
			}
		})
	}
	for _, r := range rule.All() {
		if !reached[r.ID] {
			t.Errorf("no scenario reaches %s", r.ID)
		}
	}
	for id := range reached {
		if _, ok := rule.Lookup(id); !ok && id != rule.None {
			t.Errorf("%s is not in the catalogue", id)
		}
	}
}
