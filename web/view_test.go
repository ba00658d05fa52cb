package web

import (
	"encoding/json"
	"html"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/handshakelab/lab/lessons"
)

const viewScenario = "client 192.0.2.10:52431 isn 1000\nserver 198.51.100.20:80 isn 5000\ndelay 50ms\nserver listen backlog 4\nclient connect\nstep until client ESTABLISHED\n"

func TestView(t *testing.T) {
	h := builtinSite(t).Handler()
	body, _ := json.Marshal(viewRequest{Scenario: viewScenario, Segment: 2})
	w := ask(h, "POST", "/api/view", string(body))
	var got viewAnswer
	if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil || w.Code != 200 {
		t.Fatal(w.Code, w.Body, err)
	}
	if got.At != 100_000 {
		t.Errorf("the instant is %d", got.At)
	}
	for _, test := range []struct{ name, text, has string }{
		{"tcpdump", got.Tcpdump.Relative, "Flags [.], ack 1, win"},
		{"tcpdump -S", got.Tcpdump.Absolute, "Flags [.], ack 5001, win"},
		{"ss of the client", got.Hosts[0].SS, "ESTAB"},
		{"ss of the server", got.Hosts[1].SS, "SYN-RECV"},
		{"ss -tin", got.Hosts[0].Info, "rto:"},
		{"/proc/net/tcp", got.Hosts[1].Proc, " 0A "},
		{"nstat", got.Hosts[0].Nstat, "TcpActiveOpens"},
		{"the bytes", got.Segment.Hex, "4500"},
	} {
		if !strings.Contains(test.text, test.has) {
			t.Errorf("%s has no %q:\n%s", test.name, test.has, test.text)
		}
	}
	if got.Hosts[0].Current != 1 || got.Hosts[1].Current != 0 {
		t.Errorf("established: %d and %d", got.Hosts[0].Current, got.Hosts[1].Current)
	}
	if last := got.Segment.Parts[len(got.Segment.Parts)-1]; last.Name != "tcp.option" || last.Value != "mss 1460" || 2*last.To != len(got.Segment.Hex) {
		t.Errorf("the last field is %+v", last)
	}

	body, _ = json.Marshal(viewRequest{Scenario: viewScenario, Vantage: "server", Segment: 99})
	if err := json.Unmarshal(ask(h, "POST", "/api/view", string(body)).Body.Bytes(), &got); err != nil || strings.Count(got.Tcpdump.Absolute, "\n") != 2 {
		t.Errorf("the server has seen\n%s%v", got.Tcpdump.Absolute, err)
	}
}

func TestViewRefuses(t *testing.T) {
	h := builtinSite(t).Handler()
	for _, test := range []struct {
		name, body string
		status     int
		code       string
	}{
		{"no JSON", "scenario", 400, "bad_json"},
		{"a field that there is not", `{"scenario":"","depth":9}`, 400, "bad_json"},
		{"a vantage that there is not", `{"scenario":"","vantage":"moon"}`, 400, "bad_field"},
		{"a scenario that cannot be read", `{"scenario":"client jump"}`, 422, ""},
		{"too much", `{"scenario":"` + strings.Repeat("#", maxBody) + `"}`, 413, "too_large"},
	} {
		w := ask(h, "POST", "/api/view", test.body)
		var e struct{ Code string }
		if err := json.Unmarshal(w.Body.Bytes(), &e); err != nil || w.Code != test.status || test.code != "" && e.Code != test.code {
			t.Errorf("%s: %d %s", test.name, w.Code, w.Body)
		}
	}
	if w := ask(h, "POST", "/api/view", `{"scenario":""}`, "Origin", "https://elsewhere.example"); w.Code != 403 {
		t.Errorf("another site's page: %d", w.Code)
	}
}

// TestRuleRuns: the rules lead to the lessons and scenarios in which they can be seen, and no further than a lesson tells.
func TestRuleRuns(t *testing.T) {
	site := newTestSite(t, "/lab/", lessons.Builtin())
	h := site.Handler()
	about := func(id string) *httptest.ResponseRecorder {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest("GET", "/lab/api/rules?id="+url.QueryEscape(id), nil))
		return w
	}
	w := about("6298:5.4")
	var got ruleAnswer
	if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil || w.Code != 200 || got.Section != "5.4" || len(got.Runs) == 0 {
		t.Fatal(w.Code, w.Body, err)
	}
	from := map[string]int{}
	for _, run := range got.Runs {
		path, block, inLesson := strings.Cut(run.URL, "#")
		page := ask(h, "GET", path, "")
		has := `id="` + block + `"`
		if !inLesson {
			has = "<h1>" + html.EscapeString(run.Title)
		}
		if page.Code != 200 || !strings.Contains(page.Body.String(), has) {
			t.Errorf("%s leads to %s, which answers %d and has no %s", run.Title, run.URL, page.Code, has)
		}
		from[strings.Split(path, "/")[2]]++
	}
	if from["lessons"] == 0 || from["sandbox"] == 0 {
		t.Errorf("the runs are from %v", from)
	}
	for _, l := range site.Course().Lessons {
		for _, p := range l.Parts {
			if p.Sim == nil || p.Sim.Ahead {
				continue
			}
			for id, runs := range site.edition.Load().rules() {
				for _, run := range runs {
					if strings.HasSuffix(run.URL, "/"+l.Slug+"#"+p.Sim.ID) {
						t.Errorf("rule %s tells of %s, which is hidden at first", id, run.URL)
					}
				}
			}
		}
	}
	if w := about("none"); w.Code != 404 {
		t.Errorf("a rule that there is not: %d", w.Code)
	}
}
