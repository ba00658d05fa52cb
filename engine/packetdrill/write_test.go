package packetdrill_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/handshakelab/lab/engine"
	"github.com/handshakelab/lab/engine/packetdrill"
	"github.com/handshakelab/lab/engine/script"
)

func source(t *testing.T, text string, side engine.HostID) packetdrill.Source {
	t.Helper()
	sc, faults := script.Parse(text)
	if len(faults.Errors()) > 0 {
		t.Fatal(faults)
	}
	_, events, _ := script.Run(sc)
	return packetdrill.Source{Scenario: sc, Events: events, Side: side}
}

// TestWriteScenarios: of each scenario of the lab's notebook and each of its hosts there is a script that passes, or a sentence that
// says why there is none.
func TestWriteScenarios(t *testing.T) {
	files, err := filepath.Glob("../testdata/scenarios/*.lab")
	if err != nil || len(files) == 0 {
		t.Fatal(len(files), err)
	}
	written := map[engine.HostID]int{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, side := range []engine.HostID{engine.Client, engine.Server} {
			t.Run(strings.TrimSuffix(filepath.Base(file), ".lab")+"/"+side.String(), func(t *testing.T) {
				out, err := packetdrill.Write(source(t, string(text), side))
				if why, ok := errors.AsType[*packetdrill.WriteError](err); ok {
					t.Log(why.Reason)
					if !strings.HasSuffix(why.Reason, ".") || len(why.Reason) < 20 {
						t.Errorf("%q is no sentence", why.Reason)
					}
					return
				} else if err != nil {
					t.Fatal(err)
				}
				written[side]++
				s, faults := packetdrill.Parse("", out)
				if len(faults) > 0 {
					t.Fatalf("%v\n%s", faults, out)
				}
				if r := packetdrill.Run(s); r.Outcome != packetdrill.Pass || len(r.Left) > 0 {
					t.Errorf("%v %v %v\n%s", r.Outcome, r.Faults, r.Left, out)
				}
			})
		}
	}
	t.Log(written, "of", len(files))
}
