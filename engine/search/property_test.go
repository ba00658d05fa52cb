package search

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/handshakelab/lab/engine/script"
	"github.com/handshakelab/lab/engine/tcp"
)

// anyProgram draws what two applications do.
func anyProgram(t *rapid.T) string {
	var b strings.Builder
	b.WriteString("delay 1ms\n")
	for _, h := range []string{"client", "server"} {
		b.WriteString(h + " profile " + rapid.SampledFrom(tcp.Profiles()).Draw(t, "profile").Name + "\n")
	}
	calls := rapid.SliceOfN(rapid.SampledFrom([]string{
		"client connect", "client connect", "client send \"ab\"", "client send \"c\"", "client recv", "client shutdown", "client close", "client abort",
		"server accept", "server send \"XY\"", "server send \"Z\"", "server recv", "server shutdown", "server close", "server abort", "server connect",
	}), 1, 8).Draw(t, "calls")
	b.WriteString("server listen\nclient connect\n" + strings.Join(calls, "\n") + "\n")
	return b.String()
}

// TestNothingGoesWrong: whatever two applications do, a TCP that lacks no protection lets nothing happen that must not.
func TestNothingGoesWrong(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p, list := Parse(anyProgram(t))
		if len(list) > 0 {
			t.Fatal(list)
		}
		if r := p.Search(Limits{Depth: 16, States: 1000}, nil); r.End == Found {
			t.Fatalf("%v\n%s", r.Violation, r.Scenario)
		}
	})
}

// TestFoundRuns: whatever is missing, what is found is a scenario that runs, and the same one each time.
func TestFoundRuns(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		broken := tcp.Broken(rapid.Uint16Range(1, uint16(tcp.AllBroken)).Draw(t, "client lacks"))
		text := "client broken " + broken.String() + "\nserver broken " + broken.String() + "\n" + anyProgram(t)
		p, list := Parse(text)
		if len(list) > 0 {
			t.Fatal(list)
		}
		l := Limits{Depth: 10, States: 1000}
		r := p.Search(l, nil)
		if r.End != Found {
			return
		}
		if _, _, list := script.Run(r.Scenario); len(list) > 0 {
			t.Fatalf("%v\n%s", list, r.Scenario)
		}
		if again := p.Search(l, nil); again.Scenario.String() != r.Scenario.String() {
			t.Fatalf("once\n%s\nand once\n%s", r.Scenario, again.Scenario)
		}
	})
}
