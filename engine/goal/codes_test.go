package goal_test

import (
	"slices"
	"testing"

	"github.com/handshakelab/lab/engine/goal"
	"github.com/handshakelab/lab/engine/script"
)

func TestCodes(t *testing.T) {
	start, faults := script.Parse("")
	if len(faults) > 0 {
		t.Fatal(faults)
	}
	seen := map[string]bool{}
	for _, c := range goal.Codes() {
		if seen[c.Name] || c.Meaning == "" {
			t.Errorf("%s is listed twice, or has no meaning", c.Name)
		}
		seen[c.Name] = true
		if c.Example == "" {
			continue
		}
		spec, list := goal.Parse(c.Example)
		if len(list) == 0 {
			_, list = goal.Verify(start.Setup, nil, spec)
		}
		var got []string
		for _, d := range list {
			got = append(got, d.Code)
			if d.Severity != c.Severity {
				t.Errorf("%s is listed as %s and reported as %s", c.Name, c.Severity, d.Severity)
			}
		}
		if !slices.Equal(got, []string{c.Name}) {
			t.Errorf("the example of %s has the faults\n%s", c.Name, list)
		}
	}
}
