package web

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/handshakelab/lab/lessons"
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

// A page of a lesson is as cheap as a file: see the two side by side. What a search finds is the one page for everybody that cannot lie
// ready.
func BenchmarkPage(b *testing.B) {
	site := newTestSite(b, "/", lessons.Builtin())
	h := site.Handler()
	site.edition.Load().index()
	for name, path := range map[string]string{
		"lesson": "/lessons/three-segments", "file": site.cfg.Assets.URL("css/base.css"),
		"search/rare": "/search?q=karn", "search/two": "/search?q=lost+syn-ack", "search/most": "/search?q=s+the",
	} {
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

// What each kind of block answers, and that a ticket shows nothing before it is asked.
func TestCheckBlocks(t *testing.T) {
	site := newTestSite(t, "/", os.DirFS("../lessons/testdata/blocks"))
	h := site.Handler()
	page := ask(h, "GET", "/lessons/blocks", "").Body.String()
	for _, secret := range []string{"00:00:01", "SYN-SENT     ", "TcpExt", "rule drop every SYN\n", "Somebody does", "baked from", "never get here"} {
		if strings.Contains(page, secret) {
			t.Errorf("the page gives away %q", secret)
		}
	}
	for _, block := range []string{`data-kind="ticket" data-block="hangs"`, `data-capture="/api/part/blocks/wire.json"`, `data-variants="/api/part/blocks/number.json"`, `class="order"`, `class="gap"`, `href="/static/`} {
		if !strings.Contains(page, block) {
			t.Errorf("the page has no %s", block)
		}
	}
	for _, test := range []struct{ name, kind, block, more, want string }{
		{"words", "quiz", "word", `"answer":"cookie"`, `"ok":true`},
		{"a number", "quiz", "seconds", `"answer":"3s"`, "value before"},
		{"a field", "quiz", "fill", `"answer":"1000"`, `"code":"ack-equals-seq"`},
		{"an order", "quiz", "sequence", `"answer":[0,1,2,3]`, `"ok":false`},
		{"a variant", "predict", "number", `"variant":1,"answer":"1001"`, `"ok":false`},
		{"no variant", "predict", "number", `"answer":"1001"`, `"ok":true`},
		{"a wrong cause", "ticket", "hangs", `"answer":0,"seen":[0]`, `"points":6`},
		{"with its lines", "ticket", "hangs", `"answer":0,"seen":[4]`, `"look":4,"lines":[1]`},
		{"the right cause", "ticket", "hangs", `"answer":2,"seen":[0],"before":[1]`, `"scenario":"# A firewall`},
		{"a challenge", "challenge", "two", `"commands":[]`, `"ok":false`},
	} {
		w := ask(h, "POST", "/api/check", fmt.Sprintf(`{"lesson":"blocks","block":%q,"kind":%q,%s}`, test.block, test.kind, test.more))
		if w.Code != 200 || !strings.Contains(w.Body.String(), test.want) {
			t.Errorf("%s: %d %s, want %s", test.name, w.Code, w.Body, test.want)
		}
	}
	for _, test := range []struct {
		name, path, body string
		code             int
		want             string
	}{
		{"a look", "look", `{"lesson":"blocks","block":"hangs","look":1}`, 200, "SYN-SENT"},
		{"nothing to see", "look", `{"lesson":"blocks","block":"hangs","look":3}`, 200, `"output":""`},
		{"no such look", "look", `{"lesson":"blocks","block":"hangs","look":6}`, 400, "less than 6"},
		{"a look before the first", "look", `{"lesson":"blocks","block":"hangs","look":-1}`, 400, "less than 6"},
		{"no such ticket", "look", `{"lesson":"blocks","block":"word","look":0}`, 404, "no_such_block"},
		{"no such lesson", "look", `{"lesson":"../blocks","block":"hangs","look":0}`, 404, "no_such_lesson"},
		{"an unknown field", "look", `{"lesson":"blocks","block":"hangs","look":0,"all":true}`, 400, "bad_json"},
		{"a text for a cause", "check", `{"lesson":"blocks","block":"hangs","kind":"ticket","answer":"2"}`, 400, "bad_field"},
		{"a text for an order", "check", `{"lesson":"blocks","block":"sequence","kind":"quiz","answer":"0"}`, 400, "bad_field"},
		{"a list for words", "check", `{"lesson":"blocks","block":"word","kind":"quiz","answer":[0]}`, 400, "bad_field"},
	} {
		w := ask(h, "POST", "/api/"+test.path, test.body)
		if w.Code != test.code || !strings.Contains(w.Body.String(), test.want) {
			t.Errorf("%s: %d %s, want %d with %s", test.name, w.Code, w.Body, test.code, test.want)
		}
	}
	capture := ask(h, "GET", "/api/part/blocks/wire.json", "").Body.String()
	if !strings.Contains(capture, `"outcome":"follows"`) || !strings.Contains(capture, `"kind":"sent"`) {
		t.Errorf("the capture is %.200s", capture)
	}
	if variants := ask(h, "GET", "/api/part/blocks/number.json", "").Body.String(); strings.Contains(variants, "one more than") || strings.Count(variants, `"question"`) != 7 {
		t.Errorf("the variants are %s", variants)
	}
	for _, path := range []string{"/api/part/blocks/hangs.json", "/api/part/blocks/one.json", "/api/part/../blocks/wire.json", "/api/part/"} {
		if w := ask(h, "GET", path, ""); w.Code != 404 {
			t.Errorf("%s is %d", path, w.Code)
		}
	}
}
