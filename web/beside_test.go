package web

import (
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/handshakelab/lab/engine/rule"
	"github.com/handshakelab/lab/lessons"
)

// Every page beside the course is there in HTML, in every language, and as markdown; what it links to inside of the lab is there too.
func TestPagesBesideTheCourse(t *testing.T) {
	site := newTestSite(t, "/lab/", lessons.Builtin())
	h := site.Handler()
	paths := []string{"gallery", "glossary", "interview", "rules", "lessons"}
	for _, l := range site.Course().All() {
		paths = append(paths, pathOf(l))
	}
	for _, r := range rule.All() {
		paths = append(paths, rulePath(r.ID))
	}
	links := regexp.MustCompile(`<(?:a[^>]* href|img[^>]* src)="([^"#?]*)`)
	seen := map[string]bool{}
	for _, path := range paths {
		page := ask(h, "GET", "/lab/"+path, "")
		text := ask(h, "GET", "/lab/"+path+".md", "")
		if page.Code != 200 || text.Code != 200 || text.Header().Get("Content-Type") != markdownType || !strings.HasPrefix(text.Body.String(), "# ") {
			t.Errorf("%s is %d, as markdown %d", path, page.Code, text.Code)
			continue
		}
		if !strings.Contains(page.Body.String(), `<link rel="alternate" type="text/markdown" href="/lab/`+path+`.md"`) {
			t.Errorf("%s does not say where its markdown is", path)
		}
		for _, body := range []string{page.Body.String(), markdownLinks(text.Body.String())} {
			for _, m := range links.FindAllStringSubmatch(body, -1) {
				at, err := url.Parse("/lab/" + path)
				if err != nil {
					t.Fatal(err)
				}
				to, err := at.Parse(m[1])
				if err != nil || to.Host != "" || seen[to.Path] {
					continue
				}
				seen[to.Path] = true
				if code := ask(h, "GET", to.EscapedPath(), "").Code; code != 200 {
					t.Errorf("%s leads to %s, which is %d", path, to.Path, code)
				}
			}
		}
	}
}

// markdownLinks makes the links of a text look like those of a page.
func markdownLinks(text string) string {
	var b strings.Builder
	text = regexp.MustCompile("(?ms)^(`{3,}).*?^`{3,}$").ReplaceAllString(text, "") // in code a link is none
	for _, m := range regexp.MustCompile(`\]\(([^)]*)\)`).FindAllStringSubmatch(text, -1) {
		b.WriteString(`<a href="` + m[1] + `">`)
	}
	return b.String()
}

func TestEachRuleIsShownByARun(t *testing.T) {
	site := newTestSite(t, "/lab/", lessons.Builtin())
	h := site.Handler()
	for _, r := range rule.All() {
		runs := site.edition.Load().rules()[r.ID]
		if len(runs) == 0 {
			t.Errorf("no run shows %s", r.ID)
			continue
		}
		page := ask(h, "GET", "/lab/"+rulePath(r.ID), "").Body.String()
		if !strings.Contains(page, `href="`+runs[0].URL+`"`) || r.URL != "" && !strings.Contains(page, r.URL) {
			t.Errorf("the page of %s does not lead to its run or its section", r.ID)
		}
	}
	if code := ask(h, "GET", "/lab/notebook/nothing", "").Code; code != 404 {
		t.Errorf("a scenario that is not there is %d", code)
	}
}

func TestSearchPage(t *testing.T) {
	site := newTestSite(t, "/lab/", lessons.Builtin())
	h := site.Handler()
	result := regexp.MustCompile(`<p class="t"><a href="([^"]*)">`)
	search := func(q string) *httptest.ResponseRecorder {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest("GET", "/lab/search?q="+url.QueryEscape(q), nil))
		return w
	}
	first := func(q string) string {
		w := search(q)
		if w.Code != 200 || w.Header().Get("Cache-Control") != "no-store" {
			t.Fatalf("%q is %d, %v", q, w.Code, w.Header())
		}
		if m := result.FindStringSubmatch(w.Body.String()); m != nil {
			return m[1]
		}
		return ""
	}
	for q, want := range map[string]string{
		"SYN_RCVD": "/lab/glossary/syn-received", "syn-cookie": "/lab/glossary/syn-cookie", "econnref": "/lab/glossary/econnrefused",
		"When segments are lost": "/lab/lessons/lost-segments", "9293:3.10.7.4/1": "/lab/rules/9293:3.10.7.4/1", "xyzzy": "",
	} {
		if got := first(q); got != want {
			t.Errorf("%q leads to %s first, want %s", q, got, want)
		}
	}
	if w := search(" "); w.Code != 200 || w.Header().Get("ETag") == "" || result.MatchString(w.Body.String()) {
		t.Errorf("without a word there is %d %v, which should lie ready", w.Code, w.Header())
	}
	for _, hostile := range []string{"<script>alert(1)</script>", `"><img src=x>`, strings.Repeat("é", 5000), "\x00\xff"} {
		body := search(hostile).Body.String()
		if strings.Contains(body, "<script>alert") || strings.Contains(body, "<img src=x") || len(body) > 64<<10 {
			t.Errorf("%.20q comes back as it is", hostile)
		}
	}
	// Answers and feedback are in no index.
	if got := first("held up in the network wants nobody third segment confirms"); strings.Contains(got, "interview") {
		t.Errorf("an answer can be searched: %s", got)
	}
}
