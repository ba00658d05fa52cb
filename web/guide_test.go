package web

import (
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"net/url"
	"os"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/handshakelab/lab/lessons"
)

// The guide for authors is there whatever lessons are served, and leads nowhere where nothing is.
func TestGuide(t *testing.T) {
	for name, site := range map[string]*Site{
		"the built-in course": builtinSite(t),
		"a folder":            newTestSite(t, "/", os.DirFS("../lessons/testdata/blocks")),
		"an empty folder":     newTestSite(t, "/", fstest.MapFS{}),
	} {
		h := site.Handler()
		page, text := ask(h, "GET", "/author/guide", ""), ask(h, "GET", "/author/guide.md", "")
		if page.Code != 200 || text.Code != 200 || !strings.HasPrefix(text.Body.String(), "# The author's guide") {
			t.Fatalf("%s: the guide is %d, as markdown %d", name, page.Code, text.Code)
		}
		for _, want := range []string{`data-kind="ticket"`, `data-kind="challenge"`, `class="order"`, `class="gap"`, `data-capture="/api/part/author/guide/refused.json"`, `data-variants="/api/part/author/guide/own.json"`, `src="../media/figures/stays.svg"`} {
			if !strings.Contains(page.Body.String(), want) {
				t.Errorf("%s: the guide has no %s", name, want)
			}
		}
		at, err := url.Parse("/author/guide")
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range regexp.MustCompile(`<(?:a|link|script|img)[^>]* (?:href|src)="([^"#?]+)`).FindAllStringSubmatch(page.Body.String(), -1) {
			if to, err := at.Parse(m[1]); err != nil || to.Host == "" && ask(h, "GET", to.EscapedPath(), "").Code != 200 {
				t.Errorf("%s: the guide leads to %s", name, m[1])
			}
		}
		for path, want := range map[string]string{"/author": `href="/author/guide"`, "/author/codes": `id="seek-target"`, "/search?q=author+guide": `href="/author/guide"`, "/search?q=seek-target": `href="/author/codes#seek-target"`} {
			w := httptest.NewRecorder()
			if h.ServeHTTP(w, httptest.NewRequest("GET", path, nil)); w.Code != 200 || !strings.Contains(w.Body.String(), want) {
				t.Errorf("%s: %s is %d and has no %s", name, path, w.Code, want)
			}
		}
		if w := ask(h, "GET", "/lessons", ""); strings.Contains(w.Body.String(), "author/guide\" data-progress") || strings.Contains(w.Body.String(), `data-progress="author/guide"`) {
			t.Errorf("%s: the guide is on the course's path", name)
		}
		if w := ask(h, "POST", "/api/check", `{"lesson":"author/guide","block":"number","kind":"quiz","answer":"100ms"}`); !strings.Contains(w.Body.String(), `"ok":true`) {
			t.Errorf("%s: an answer in the guide: %s", name, w.Body)
		}
	}
}

// A file beside a lesson is served when the lesson names it, and nothing in it can do anything.
func TestMedia(t *testing.T) {
	folder := fstest.MapFS{
		"10-one.md":       {Data: []byte("---\ntitle: One\nsummary: x\norder: 10\n---\n\n# One\n\n![A figure](f/a.svg)\n")},
		"f/a.svg":         {Data: []byte(`<svg xmlns="http://www.w3.org/2000/svg"/>`)},
		"f/b.svg":         {Data: []byte("<svg/>")},
		"captures/c.pcap": {Data: []byte("c")},
	}
	h := newTestSite(t, "/lab/", folder).Handler()
	w := ask(h, "GET", "/lab/media/f/a.svg", "")
	if w.Code != 200 || w.Header().Get("Content-Type") != "image/svg+xml" || !strings.Contains(w.Header().Get("Content-Security-Policy"), "sandbox") {
		t.Errorf("%d, %v", w.Code, w.Header())
	}
	for _, path := range []string{"/lab/media/f/b.svg", "/lab/media/10-one.md", "/lab/media/captures/c.pcap", "/lab/media/", "/lab/media/../media/f/b.svg", "/lab/media/f%2fb.svg"} {
		if w := ask(h, "GET", path, ""); w.Code != 404 {
			t.Errorf("%s is %d", path, w.Code)
		}
	}
}

// A learner who has other numbers is graded by them.
func TestAChallengeInARunThatVaries(t *testing.T) {
	folder := fstest.MapFS{"10-one.md": {Data: []byte("---\ntitle: One\nsummary: x\norder: 10\n---\n\n# One\n\n" +
		"```tcpsim {#own vary=isn}\nclient 192.0.2.1:54321 isn 1000\nserver 192.0.2.2:80 isn 5000\nserver listen\nclient connect\nstep until quiet\n```\n\n" +
		"```challenge {#reset from=own}\nLet the client be told.\n\ngoal client CLOSED\nsolution step until client ESTABLISHED; forge to client RST seq=5001; step until quiet\n```\n")}}
	site := newTestSite(t, "/", folder)
	if len(site.Course().Lessons) != 1 {
		t.Fatal(site.Course().Diagnostics)
	}
	h := site.Handler()
	var variants []variant
	if err := json.Unmarshal(ask(h, "GET", "/api/part/one/own.json", "").Body.Bytes(), &variants); err != nil || len(variants) != lessons.Variants-1 {
		t.Fatalf("%d variants, %v", len(variants), err)
	}
	isn := regexp.MustCompile(`server .* isn ([0-9]+)`).FindStringSubmatch(variants[2].Scenario)
	var number uint32
	if _, err := fmt.Sscan(isn[1], &number); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		variant int
		seq     uint32
		ok      bool
	}{{3, number + 1, true}, {3, 5001, false}, {0, 5001, true}, {0, number + 1, false}} {
		w := ask(h, "POST", "/api/check", fmt.Sprintf(`{"lesson":"one","block":"reset","kind":"challenge","variant":%d,"commands":[{"line":"forge to client RST seq=%d","ahead":true}]}`, test.variant, test.seq))
		if got := strings.Contains(w.Body.String(), `"ok":true`); w.Code != 200 || got != test.ok {
			t.Errorf("variant %d with %d: %d %s", test.variant, test.seq, w.Code, w.Body)
		}
	}
}
