package web

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"
)

const exerciseLesson = "---\ntitle: Exercises\nsummary: One of each.\norder: 10\n---\n\n# Exercises\n\n" +
	"```tcpsim {#lost at=50ms title=\"A run\"}\nclient 192.0.2.10:52431 isn 1000 rto 10s\nserver 198.51.100.20:80 isn 5000\ndelay 50ms\nserver listen\nclient connect\nstep until quiet\n```\n\n" +
	"```predict {#next of=lost at=25ms input=free}\nWhat does the server send?\n\nask: ack of SYN-ACK\n```\n\n" +
	"```quiz {#one}\nWho begins?\n\n- [x] The client.\n  > Indeed.\n- [ ] The server.\n  > It listens.\n```\n\n" +
	"```challenge {#lose from=lost title=\"Lose it\"}\nLose the `SYN-ACK`.\n\ngoal lost SYN-ACK >= 1\ngoal server ESTABLISHED\nlimit steps 20\nsolution step until SYN-ACK sent; drop SYN-ACK; step until server ESTABLISHED\n```\n"

func TestCheck(t *testing.T) {
	site := newTestSite(t, "/", fstest.MapFS{"10-exercises.md": {Data: []byte(exerciseLesson)}})
	if course := site.Course(); len(course.Lessons) != 1 {
		t.Fatal(course.Diagnostics)
	}
	h := site.Handler()
	page := ask(h, "GET", "/lessons/exercises", "").Body.String()
	for _, secret := range []string{"Indeed.", "It listens.", "step until SYN-ACK sent; drop"} {
		if strings.Contains(page, secret) {
			t.Errorf("the page gives away %q", secret)
		}
	}
	for _, test := range []struct {
		name, kind, block, answer string
		ok                        bool
		code, feedback            string
	}{
		{"the right number", "predict", "next", `"answer":"1001"`, true, "right", ""},
		{"the number of the SYN", "predict", "next", `"answer":"1000"`, false, "", ""},
		{"no number", "predict", "next", `"answer":"many"`, false, "unreadable", ""},
		{"the right option", "quiz", "one", `"answer":[0]`, true, "right", "Indeed."},
		{"the wrong option", "quiz", "one", `"answer":[1]`, false, "wrong", "It listens."},
		{"an option that is not there", "quiz", "one", `"answer":[7]`, false, "unreadable", ""},
		{"nothing done", "challenge", "lose", `"commands":[]`, false, "wrong", ""},
		// Node 3 is where the SYN-ACK was just sent: listen, connect, step.
		{"the segment dropped, and time goes on", "challenge", "lose", `"commands":[{"at":3,"line":"drop SYN-ACK","ahead":true}]`, true, "right", ""},
		{"the same, 20 ms later", "challenge", "lose", `"commands":[{"at":3,"wait":20000,"line":"drop SYN-ACK","ahead":true}]`, true, "right", ""},
		{"the segment dropped, and time stands", "challenge", "lose", `"commands":[{"at":3,"line":"drop SYN-ACK"}]`, false, "wrong", ""},
		{"the other branch looked at last", "challenge", "lose", `"commands":[{"at":3,"line":"drop SYN-ACK","ahead":true},{"at":3,"line":""}]`, false, "wrong", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := ask(h, "POST", "/api/check", fmt.Sprintf(`{"lesson":"exercises","block":%q,"kind":%q,%s}`, test.block, test.kind, test.answer))
			var v verdict
			if err := json.Unmarshal(w.Body.Bytes(), &v); err != nil || w.Code != 200 {
				t.Fatalf("%d %s, %v", w.Code, w.Body, err)
			}
			if v.OK != test.ok || test.code != "" && v.Code != test.code || !strings.Contains(v.Feedback, test.feedback) || v.Feedback == "" {
				t.Errorf("got %s", w.Body)
			}
			if test.kind == "challenge" && (len(v.Goals) != 3 || v.Goals[0].Text == "") {
				t.Errorf("the goals are %+v", v.Goals)
			}
		})
	}
	for name, test := range map[string]struct{ kind, block, answer string }{
		"a number for a text":    {"predict", "next", `"answer":1001`},
		"a text for a list":      {"quiz", "one", `"answer":"0"`},
		"an impossible command":  {"challenge", "lose", `"commands":[{"at":3,"line":"drop #99"}]`},
		"a command with a fault": {"challenge", "lose", `"commands":[{"at":3,"line":"dorp SYN"}]`},
		"too many commands":      {"challenge", "lose", `"commands":[` + strings.Repeat("{},", 2000) + `{}]`},
	} {
		w := ask(h, "POST", "/api/check", fmt.Sprintf(`{"lesson":"exercises","block":%q,"kind":%q,%s}`, test.block, test.kind, test.answer))
		if w.Code != 400 && w.Code != 422 || !strings.Contains(w.Body.String(), `"message":"`) {
			t.Errorf("%s: %d %s", name, w.Code, w.Body)
		}
	}
}

// A page of a lesson is as cheap as a file: see the two side by side.
func BenchmarkPage(b *testing.B) {
	site := newTestSite(b, "/", fstest.MapFS{"10-exercises.md": {Data: []byte(exerciseLesson)}})
	h := site.Handler()
	for name, path := range map[string]string{"lesson": "/lessons/exercises", "file": site.cfg.Assets.URL("css/base.css")} {
		b.Run(name, func(b *testing.B) {
			r := request(path)
			w := &discard{}
			b.ReportAllocs()
			for b.Loop() {
				w.header = nil
				h.ServeHTTP(w, r)
			}
		})
	}
}

func request(path string) *http.Request {
	r := httptest.NewRequest("GET", path, nil)
	r.Header.Set("Accept-Encoding", "gzip, deflate, br, zstd")
	return r
}

type discard struct{ header http.Header }

func (d *discard) Header() http.Header {
	if d.header == nil {
		d.header = http.Header{}
	}
	return d.header
}
func (d *discard) Write(b []byte) (int, error) { return len(b), nil }
func (d *discard) WriteHeader(int)             {}
