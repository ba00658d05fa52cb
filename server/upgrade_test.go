package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/handshakelab/lab/server/jetstream/clustertest"
	"github.com/handshakelab/lab/web/archive"
	"github.com/handshakelab/lab/web/store"
)

var update = flag.Bool("update", false, "write the export of today's formats into testdata, to be read by all versions to come")

// exportOf is the file with an export of a version of archives and a format of stores.
func exportOf(version, format int) string {
	return filepath.Join("testdata", fmt.Sprintf("export-%d-%d.jsonl", version, format))
}

// json sends JSON.
func (p *person) json(s *server, path string, v any) {
	p.t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		p.t.Fatal(err)
	}
	resp, err := p.http.Post(s.url+path, "application/json", strings.NewReader(string(b)))
	if err != nil {
		p.t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode/100 != 2 {
		p.t.Fatalf("POST %s: %s", path, resp.Status)
	}
}

const steps = 5 // of the shared run of the class that the exports hold

// writeExport has a class and exports it.
func writeExport(t *testing.T, file string) {
	data := t.TempDir()
	s := start(t, nil, "-addr", "127.0.0.1:0", "-data", data)
	ada, class := teach(t, s, s)
	bob := newPerson(t)
	bob.post(s, "join", url.Values{"code": {ada.code(s, class)}, "name": {"Bob"}})
	act := func(v url.Values) { ada.post(s, "api/class/"+class+"/act", v) }
	ada.enter(s, class)
	ada.share(s, class)
	for i := range steps {
		ada.do(class, i+2)
	}
	act(url.Values{"kind": {"ask"}, "text": {"What comes next?"}, "options": {"*SYN\nRST"}})
	bob.json(s, "api/class/"+class+"/answer", map[string]any{"question": 1, "value": "SYN"})
	act(url.Values{"kind": {"reveal"}})
	bob.json(s, "api/attempts", map[string]any{"attempts": []map[string]string{
		{"id": "a1-0123456789abcdef", "class": class, "lesson": "three-segments", "block": "server-state", "kind": "predict", "answer": "LISTEN"},
		{"id": "a2-0123456789abcdef", "class": class, "lesson": "three-segments", "block": "server-state", "kind": "predict", "answer": "SYN-RECEIVED"},
	}})
	s.stop(os.Interrupt)
	out := lab(t, nil, "", "export", "-data", data)
	if out.code != 0 {
		t.Fatal(out.stderr)
	}
	if err := os.WriteFile(file, []byte(out.stdout), 0o644); err != nil {
		t.Fatal(err)
	}
}

// holdsClass checks that the class of an export is there, as whole as it was.
func holdsClass(t *testing.T, s *server) {
	t.Helper()
	ada := newPerson(t)
	ada.post(s, "signin?next=/teach", url.Values{"name": {"ada"}, "password": {password}})
	list := ada.get(s, "teach")
	_, rest, _ := strings.Cut(list, `/teach/`)
	class, _, _ := strings.Cut(rest, `"`)
	if !strings.Contains(list, "Networks") || class == "" {
		t.Fatalf("there is no class: %s", list)
	}
	if page := ada.get(s, "teach/"+class); !strings.Contains(page, "Bob") {
		t.Error("nobody is in the class any more")
	}
	ada.enter(s, class)
	f := ada.until(func(f map[string]any) bool { return f["type"] == "snapshot" || f["type"] == "error" })
	// The scenario itself has two.
	if last, _ := nested(f, "done", "last").(float64); int(last) != steps+2 {
		t.Errorf("the shared run is at node %v: %v", last, f)
	}
	ada.do(class, steps+2)
	board := ada.get(s, "teach/"+class+"/export/json")
	for _, want := range []string{"Bob", "server-state", `"attempts":2`, `"solved":true`} {
		if !strings.Contains(strings.ReplaceAll(board, ": ", ":"), want) {
			t.Errorf("what can be taken from the class has no %s: %s", want, board)
		}
	}
}

// Exports of all formats that ever were can be imported, and become a class that goes on.
func TestExportsOfAllFormats(t *testing.T) {
	today := exportOf(archive.Version, store.Format)
	if *update {
		writeExport(t, today)
	}
	files, err := filepath.Glob(filepath.Join("testdata", "export-*.jsonl"))
	if err != nil || !slices.Contains(files, today) {
		t.Fatalf("there is no %s (%v): go test ./server -run TestExportsOfAllFormats -update", today, err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			data := filepath.Join(t.TempDir(), "data")
			if out := lab(t, nil, string(text), "import", "-data", data); out.code != 0 {
				t.Fatalf("import: %s", out.stderr)
			}
			s := start(t, nil, "-addr", "127.0.0.1:0", "-data", data)
			holdsClass(t, s)
			if status, _ := s.get("readyz"); status != http.StatusOK {
				t.Errorf("readyz: %d", status)
			}
			s.stop(os.Interrupt)
			out := lab(t, nil, "", "export", "-data", data)
			if head, _, _ := strings.Cut(out.stdout, "\n"); !strings.Contains(head, fmt.Sprintf(`"format":%d,`, store.Format)) {
				t.Errorf("exported again it begins with %s", head)
			}
		})
	}
}

// What is on one machine moves to a cluster, and back, and is the same.
func TestMoveBetweenStores(t *testing.T) {
	text, err := os.ReadFile(exportOf(archive.Version, store.Format))
	if err != nil {
		t.Fatal(err)
	}
	c := clustertest.Start(t)
	cluster := []string{"LAB_NATS_URL=" + c.URL()}
	one, other := filepath.Join(t.TempDir(), "one"), filepath.Join(t.TempDir(), "other")
	places := []struct {
		name string
		env  []string
	}{{"one machine", []string{"LAB_DATA=" + one}}, {"a cluster", cluster}, {"another machine", []string{"LAB_DATA=" + other}}}
	// The first line has the time of the export, and records come in the order in which they were written.
	lines := func(text string) []string {
		list := strings.Split(strings.TrimSpace(text), "\n")[1:]
		records := slices.IndexFunc(list, func(l string) bool { return strings.HasPrefix(l, `{"log":`) })
		slices.Sort(list[:max(records, 0)])
		slices.SortStableFunc(list, func(a, b string) int { return strings.Compare(logName(a), logName(b)) })
		return list
	}
	was := string(text)
	for _, to := range places {
		if out := lab(t, to.env, was, "import"); out.code != 0 {
			t.Fatalf("import into %s: %s", to.name, out.stderr)
		}
		out := lab(t, to.env, "", "export")
		if out.code != 0 {
			t.Fatalf("export from %s: %s", to.name, out.stderr)
		}
		if got, want := lines(out.stdout), lines(was); !slices.Equal(got, want) {
			t.Fatalf("from %s comes\n%s\nand into it went\n%s", to.name, strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
		was = out.stdout
	}
	holdsClass(t, start(t, cluster, "-addr", "127.0.0.1:0"))
}

// logName is what a line of an export is an entry of.
func logName(line string) string {
	var l struct{ Log string }
	_ = json.Unmarshal([]byte(line), &l)
	return l.Log
}
