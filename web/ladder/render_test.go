package ladder

import (
	"encoding/xml"
	"errors"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/handshakelab/lab/engine/script"
	"github.com/handshakelab/lab/web/i18n"
)

func figure(t *testing.T, name string) string {
	t.Helper()
	var b strings.Builder
	run := Read(i18n.Lookup("en"), play(t, filepath.Join("testdata", name+".lab")))
	if err := Figure("sim-"+name, "A run", run, true).Render(t.Context(), &b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// TestFigure checks what the page and its security policy rely on: well-formed, no styles, no scripts, no id twice.
func TestFigure(t *testing.T) {
	files, _ := filepath.Glob("testdata/*.lab")
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".lab")
		html := figure(t, name)
		ids, d := map[string]bool{}, xml.NewDecoder(strings.NewReader(html))
		for {
			token, err := d.Token()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			e, ok := token.(xml.StartElement)
			if !ok {
				continue
			}
			if e.Name.Local == "script" || e.Name.Local == "style" {
				t.Errorf("%s: <%s> in a figure", name, e.Name.Local)
			}
			for _, a := range e.Attr {
				switch {
				case a.Name.Local == "style" || strings.HasPrefix(a.Name.Local, "on"):
					t.Errorf("%s: attribute %s in <%s>", name, a.Name.Local, e.Name.Local)
				case a.Name.Local == "id" && ids[a.Value]:
					t.Errorf("%s: id %q twice", name, a.Value)
				case a.Name.Local == "id":
					ids[a.Value] = true
				}
			}
		}
		for _, ref := range regexp.MustCompile(`(?:url\(|href=")#([^)"]*)`).FindAllStringSubmatch(html, -1) {
			if !ids[ref[1]] {
				t.Errorf("%s: no element has the id %q", name, ref[1])
			}
		}
	}
}

func TestRows(t *testing.T) {
	rows := Read(i18n.Lookup("en"), play(t, "testdata/lost-syn-ack.lab")).Rows()
	want := []struct{ time, from, seq, ack, length, fate string }{
		{"0", "client", "1000", "–", "0", "arrived at 50 ms"},
		{"50", "server", "5000", "1001", "0", "lost at 90 ms"},
		{"1,050", "server", "5000", "1001", "0", "arrived at 1,100 ms"},
		{"1,100", "client", "1001", "5001", "0", "arrived at 1,150 ms"},
		{"1,170", "client", "1001", "5001", "18", "arrived at 1,220 ms"},
		{"1,220", "server", "5001", "1019", "0", "arrived at 1,270 ms"},
	}
	if len(rows) != len(want) {
		t.Fatalf("%d rows, want %d", len(rows), len(want))
	}
	for i, w := range want {
		r := rows[i]
		got := struct{ time, from, seq, ack, length, fate string }{r.Time, r.From, r.Seq, r.Ack, r.Len, r.Fate}
		if got != w {
			t.Errorf("row %d: %v, want %v", i+1, got, w)
		}
		if r.Why == "" {
			t.Errorf("row %d says no reason", i+1)
		}
	}
}

// A segment that is sent because a check failed has the sentence of the failure.
func TestRowOfAReset(t *testing.T) {
	const text = "server 192.0.2.2:80\nclient 192.0.2.1:5000 isn 100\nserver listen\nclient connect\nstep\nedit SYN-ACK ack=305\nstep until RST sent\n"
	sc, faults := script.Parse(text)
	if len(faults) > 0 {
		t.Fatal(faults)
	}
	_, events, faults := script.Run(sc)
	if len(faults) > 0 {
		t.Fatal(faults)
	}
	rows := Read(i18n.Lookup("en"), events).Rows()
	if got := rows[len(rows)-1].Why; !strings.Contains(got, "305 does not acknowledge") {
		t.Errorf("the RST is sent because: %s", got)
	}
}

// TestWords finds the texts that the code here and the browser's ladder ask for and the catalogue does not have.
func TestWords(t *testing.T) {
	key := regexp.MustCompile("[\"`'](?:ladder|timeline|col)\\.[a-z0-9.-]+[\"'`]")
	files, _ := filepath.Glob("*.go")
	files = append(files, "../../static/js/sim/geometry.js", "../../static/js/sim/shapes.js", "../../static/js/sim/tcp-ladder.js", "../../static/js/sim/tcp-timeline.js")
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, k := range key.FindAllString(string(text), -1) {
			if k = k[1 : len(k)-1]; k != "ladder.templ" && !strings.HasSuffix(k, ".") && !i18n.Lookup("en").Has(k) && !i18n.Lookup("en").Has(k+".starts") {
				t.Errorf("%s: the catalogue has no %q", filepath.Base(file), k)
			}
		}
	}
	for _, c := range columns {
		if !i18n.Lookup("en").Has("col." + c) {
			t.Errorf("the catalogue has no heading of column %q", c)
		}
	}
	for _, f := range fieldNames {
		if k := "ladder.field." + f.name; !i18n.Lookup("en").Has(k) && f.name != "seq" && f.name != "ack" && f.name != "flags" {
			t.Errorf("the catalogue has no %q", k)
		}
	}
}

func BenchmarkFigure(b *testing.B) {
	run := Read(i18n.Lookup("en"), play(b, "testdata/lost-syn-ack.lab"))
	for b.Loop() {
		if err := Figure("sim", "A run", run, true).Render(b.Context(), io.Discard); err != nil {
			b.Fatal(err)
		}
	}
}
