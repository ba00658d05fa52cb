package web

import (
	"bufio"
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"
)

// In the workshop an open page hears at once that its lesson was changed, and what is wrong with it; the last good version is served.
func TestDevEvents(t *testing.T) {
	course := &shelf{fs: fstest.MapFS{"10-one.md": lessonFile("old")}}
	site, err := New(Config{Base: "/", Assets: testAssets(t, "/"), Lessons: course, Dev: true})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(site.Handler())
	defer server.Close()
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	go site.Watch(ctx)
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, server.URL+"/dev/events?page=lessons/one", nil)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if kind := answer.Header.Get("Content-Type"); kind != "text/event-stream" {
		t.Fatalf("%d, %s", answer.StatusCode, kind)
	}
	lines := bufio.NewScanner(answer.Body)
	next := func() (n devNews) {
		t.Helper()
		for lines.Scan() {
			if data, ok := strings.CutPrefix(lines.Text(), "data: "); ok {
				if err := json.Unmarshal([]byte(data), &n); err != nil {
					t.Fatal(err)
				}
				return n
			}
		}
		t.Fatalf("the stream has ended: %v", lines.Err())
		return n
	}
	first := next()
	if first.Version == "" || len(first.Faults) != 0 {
		t.Errorf("at first: %+v", first)
	}
	course.set("10-one.md", lessonFile("new"))
	if n := next(); n.Version == first.Version || len(n.Faults) != 0 {
		t.Errorf("after a change: %+v", n)
	}
	broken := lessonFile("broken")
	broken.Data = append(broken.Data, "\nA <b>bold</b> word.\n"...)
	course.set("10-one.md", broken)
	n := next()
	if len(n.Faults) != 2 || n.Faults[0].Code != "raw-html" || n.Faults[0].Text != "A <b>bold</b> word." || n.Faults[0].Carets != "  ^^^" {
		t.Errorf("broken: %+v", n)
	}
	page := ask(site.Handler(), "GET", "/lessons/one", "").Body.String()
	if !strings.Contains(page, "Text new.") || !strings.Contains(page, "js/dev.js") {
		t.Error("the last good version is not served")
	}
	// Somebody on another machine hears nothing of it.
	if r := ask(site.Handler(), "GET", "/dev/events", ""); r.Code != http.StatusNotFound {
		t.Errorf("from another machine: %d", r.Code)
	}
	site.Drain()
	if lines.Scan() && lines.Text() != "" {
		t.Errorf("the stream goes on: %q", lines.Text())
	}
	// Without Dev there is nothing of all this.
	site = newTestSite(t, "/", course)
	if strings.Contains(ask(site.Handler(), "GET", "/", "").Body.String(), "dev.js") {
		t.Error("a page outside the workshop listens for changes")
	}
}
