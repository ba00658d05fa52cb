package web

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/handshakelab/lab/lessons"
	"github.com/handshakelab/lab/static"
)

func TestEmbed(t *testing.T) {
	h := newTestSite(t, "/lab/", lessons.Builtin()).Handler()
	get := func(url string) *httptest.ResponseRecorder {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest("GET", "/lab/"+url, nil))
		return w
	}
	for query, want := range map[string]string{
		"":                                       `<tcp-sim id="sim-embed"`,
		"?scenario=syn-lost":                     "rule drop 1st SYN",
		"?scenario=syn-lost&at=1000000&ahead=no": "rule drop 1st SYN",
		"?theme=dark&scenario=refused":           "client told ECONNREFUSED",
		"?lesson=lost-segments&block=lost":       "drop",
	} {
		w := get("embed" + query)
		page := w.Body.String()
		if w.Code != 200 || !strings.Contains(page, want) || strings.Contains(page, `class="top"`) {
			t.Errorf("%s: %d, no %q in it, or a header of the site", query, w.Code, want)
		}
		if strings.Count(page, "<h1") != 1 || !strings.Contains(page, `target="_blank"`) {
			t.Errorf("%s: one heading and one way out are wanted", query)
		}
	}
	for query, want := range map[string]string{
		"scenario=nothing":                                  "scenario must be the name",
		"scenario=":                                         "scenario must be the name",
		"scenario=syn-lost&scenario=refused":                "more than once",
		"scenario=syn-lost&at=x":                            "at must be a time in microseconds",
		"scenario=syn-lost&at=-1":                           "at must be",
		"scenario=syn-lost&at=99999999999999":               "at must be",
		"scenario=syn-lost&theme=pink":                      "theme must be one of auto, light, dark, projector",
		"scenario=syn-lost&ahead=maybe":                     "ahead must be one of yes, no",
		"scenario=syn-lost&heigth=3":                        "There is no parameter &#34;heigth&#34;",
		"lesson=lost-segments":                              "block is the name of a simulator",
		"block=lost":                                        "lesson and block belong together",
		"lesson=nope&block=lost":                            "lesson must be the name of a lesson",
		"lesson=lost-segments&block=nope":                   "block must be the name of a simulator of the lesson lost-segments",
		"scenario=syn-lost&lesson=lost-segments&block=lost": "not both",
		"scenario=%zz":                                      "cannot be read",
		"scenario=<script>":                                 "&lt;script&gt;",
	} {
		w := get("embed?" + query)
		if w.Code != 400 || !strings.Contains(w.Body.String(), want) || strings.Contains(w.Body.String(), "<script>") || strings.Contains(w.Body.String(), "js/embed.js") {
			t.Errorf("%s: %d %s, want 400 and %q", query, w.Code, w.Body, want)
		}
		if w.Header().Get("X-Frame-Options") != "" {
			t.Errorf("%s: what is wrong cannot be read in the frame", query)
		}
	}
	if n := strings.Count(get("embed?scenario=nothing&at=x&colour=red").Body.String(), "<li>"); n != 3 {
		t.Errorf("%d faults are told of three", n)
	}
	w := get("embed.js")
	if w.Code != 200 || w.Header().Get("Cross-Origin-Resource-Policy") != "cross-origin" || !strings.HasPrefix(w.Header().Get("Content-Type"), "text/javascript") || w.Header().Get("Cache-Control") != static.Ask {
		t.Errorf("embed.js: %d %v", w.Code, w.Header())
	}
}

func TestFrameAncestors(t *testing.T) {
	assets := testAssets(t, "/")
	for _, c := range []struct {
		ancestors []string
		want      string
	}{
		{nil, "frame-ancestors 'self'"},
		{[]string{"https://school.example", "https://*.b.example"}, "frame-ancestors 'self' https://school.example https://*.b.example"},
	} {
		site, err := New(Config{Base: "/", Assets: assets, Lessons: lessons.Builtin(), Ancestors: c.ancestors})
		if err != nil {
			t.Fatal(err)
		}
		for path, want := range map[string]string{"/embed": c.want, "/embed?at=x": c.want, "/sandbox": "frame-ancestors 'none'", "/": "frame-ancestors 'none'"} {
			w := httptest.NewRecorder()
			site.Handler().ServeHTTP(w, httptest.NewRequest("GET", path, nil))
			policy := w.Header().Get("Content-Security-Policy")
			if !strings.HasSuffix(policy, want) {
				t.Errorf("%s with %v: %s", path, c.ancestors, policy)
			}
			if deny := w.Header().Get("X-Frame-Options") == "DENY"; deny != strings.HasSuffix(want, "'none'") {
				t.Errorf("%s: X-Frame-Options %q", path, w.Header()["X-Frame-Options"])
			}
		}
	}
	if headers["Content-Security-Policy"][0] != (http.Header(headers)).Get("Content-Security-Policy") || !strings.HasSuffix(headers["Content-Security-Policy"][0], "'none'") {
		t.Error("the policy of all other answers has changed")
	}
}
