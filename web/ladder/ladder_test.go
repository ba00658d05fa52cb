package ladder

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/handshakelab/lab/engine"
	"github.com/handshakelab/lab/engine/script"
	"github.com/handshakelab/lab/web/i18n"
	"github.com/handshakelab/lab/web/live"
)

var update = flag.Bool("update", false, "write the fixtures anew")

// widths are one of each mode, and what a lesson page has at 1440 px.
var widths = []int{330, 466, 542, 700}

// play runs a scenario of testdata.
func play(t testing.TB, file string) []engine.Event {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	sc, list := script.Parse(string(text))
	if len(list.Errors()) > 0 {
		t.Fatalf("%s: %v", file, list)
	}
	_, events, list := script.Run(sc)
	if len(list) > 0 {
		t.Fatalf("%s: %v", file, list)
	}
	return events
}

// fixture is what a scenario's run is and how it is drawn, for this test and for web/browser/test/geometry.test.mjs.
func fixture(t testing.TB, events []engine.Event) []byte {
	t.Helper()
	var b bytes.Buffer
	b.WriteString("{\"events\":[\n")
	for i := range events {
		if i > 0 {
			b.WriteString(",\n")
		}
		b.Write(live.AppendEvent(nil, &events[i]))
	}
	b.WriteString("\n],\"layouts\":[\n")
	run := Read(i18n.Lookup("en"), events)
	for i, w := range widths {
		if i > 0 {
			b.WriteString(",\n")
		}
		j, err := json.Marshal(run.Layout(w))
		if err != nil {
			t.Fatal(err)
		}
		b.Write(j)
	}
	b.WriteString("\n]}\n")
	return b.Bytes()
}

// TestGeometry compares each scenario's drawing with the fixture beside it. The browser's drawing is compared with the same
// fixtures, so that a page does not jump when its simulator comes alive.
func TestGeometry(t *testing.T) {
	files, err := filepath.Glob("testdata/*.lab")
	if err != nil || len(files) == 0 {
		t.Fatalf("no scenarios: %v", err)
	}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".lab")
		t.Run(name, func(t *testing.T) {
			got, golden := fixture(t, play(t, file)), filepath.Join("testdata", name+".json")
			if *update {
				if err := os.WriteFile(golden, got, 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(got, want) {
				g, w := bytes.Split(got, []byte("\n")), bytes.Split(want, []byte("\n"))
				for i := range min(len(g), len(w)) {
					if !bytes.Equal(g[i], w[i]) {
						t.Fatalf("line %d differs from %s (go test ./web/ladder -update writes it anew)\n got %.2000s\nwant %.2000s", i+1, golden, g[i], w[i])
					}
				}
				t.Fatalf("%d lines, %s has %d", len(g), golden, len(w))
			}
		})
	}
}

// TestCrossesAreSeen holds each pill off the cross of its segment: pills are drawn over the lines, and how far something came must be seen.
func TestCrossesAreSeen(t *testing.T) {
	files, err := filepath.Glob("testdata/*.lab")
	if err != nil {
		t.Fatal(err)
	}
	const radius = 90
	seen := 0
	for _, file := range files {
		run := Read(i18n.Lookup("en"), play(t, file))
		for _, w := range widths {
			for _, s := range run.Layout(w).Segments {
				for _, c := range s.Cross {
					seen++
					for _, p := range s.Pills {
						if c[0]+radius > p.X && c[0]-radius < p.X+p.W && c[1]+radius > p.Y && c[1]-radius < p.Y+p.H {
							t.Errorf("%s, %d px: the pill of segment %d covers its cross", file, w, s.ID)
						}
					}
				}
			}
		}
	}
	if seen == 0 {
		t.Fatal("no segment is lost in any scenario")
	}
}
