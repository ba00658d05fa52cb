package web

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"html"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/fstest"
	"testing/synctest"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/gorilla/websocket"
	"github.com/handshakelab/lab/lessons"
	"github.com/handshakelab/lab/static"
	"github.com/handshakelab/lab/web/live"
)

var sharedAssets sync.Map

// testAssets returns what a site serves as it lies, which nobody changes: packed once for all tests.
func testAssets(t testing.TB, base string) *static.Assets {
	t.Helper()
	if a, ok := sharedAssets.Load(base); ok {
		return a.(*static.Assets)
	}
	assets, err := static.New(base, static.Embedded(), false)
	if err != nil {
		t.Fatal(err)
	}
	sharedAssets.Store(base, assets)
	return assets
}

func newTestSite(t testing.TB, base string, course fs.FS) *Site {
	t.Helper()
	site, err := New(Config{Base: base, Assets: testAssets(t, base), Lessons: course, Origins: []string{"https://school.example"}})
	if err != nil {
		t.Fatal(err)
	}
	return site
}

// builtinSite is the site of the built-in course, for tests that change nothing in it: it takes a second to make.
func builtinSite(t *testing.T) *Site {
	t.Helper()
	site, err := sharedSite()
	if err != nil {
		t.Fatal(err)
	}
	return site
}

var sharedSite = sync.OnceValues(func() (*Site, error) {
	assets, err := static.New("/", static.Embedded(), false)
	if err != nil {
		return nil, err
	}
	return New(Config{Base: "/", Assets: assets, Lessons: lessons.Builtin(), Origins: []string{"https://school.example"}})
})

func ask(h http.Handler, method, path, body string, header ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, "/", strings.NewReader(body))
	// Past the parser of NewRequest, as any bytes come from a network.
	r.URL.Path, r.RequestURI = path, path
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

// Every answer has the headers: of every route, by every method, and where there is no route.
func TestHeadersOnEveryAnswer(t *testing.T) {
	site := builtinSite(t)
	h := site.Handler()
	paths := map[string]bool{"/nope": true, "/lessons/nope": true, "/static/nope": true, "/api/nope": true, "/lessons/": true}
	err := chi.Walk(site.router, func(_, route string, _ http.Handler, _ ...func(http.Handler) http.Handler) error {
		paths[strings.NewReplacer("{slug}", "lost-segments", "*", strings.TrimPrefix(site.cfg.Assets.URL("css/base.css"), "/static/")).Replace(route)] = true
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	statuses := map[int]bool{}
	for path := range paths {
		for _, method := range []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "FLY"} {
			w := ask(h, method, path, "")
			statuses[w.Code] = true
			if strings.HasPrefix(path, "/embed") && w.Code == http.StatusOK {
				continue // for frames of other sites: TestFrameAncestors
			}
			if path == "/author" && w.Code == http.StatusOK {
				continue // which has a frame: TestAuthorForm
			}
			for key, want := range headers {
				if got := w.Header()[key]; len(got) != 1 || got[0] != want[0] {
					t.Errorf("%s %s: %d, %s is %q", method, path, w.Code, key, got)
				}
			}
			if w.Code == http.StatusMethodNotAllowed && w.Header().Get("Allow") == "" {
				t.Errorf("%s %s: 405 without Allow", method, path)
			}
		}
	}
	for _, status := range []int{200, 308, 400, 404, 405, 426} {
		if !statuses[status] {
			t.Errorf("no answer had the status %d", status)
		}
	}
	csp := headers["Content-Security-Policy"][0]
	if strings.Contains(csp, "unsafe") || strings.Contains(csp, "*") || !strings.HasPrefix(csp, "default-src 'none'") {
		t.Errorf("the policy is %s", csp)
	}
}

func TestMethodNotAllowed(t *testing.T) {
	h := builtinSite(t).Handler()
	for path, want := range map[string]string{"/": "GET, HEAD", "/lessons/lost-segments": "GET, HEAD", "/api/run": "POST", "/livez": "GET, HEAD"} {
		for _, method := range []string{"DELETE", "TRACE", "FLY"} {
			if w := ask(h, method, path, ""); w.Code != 405 || w.Header().Get("Allow") != want {
				t.Errorf("%s %s: %d, Allow %q, want 405, %q", method, path, w.Code, w.Header().Get("Allow"), want)
			}
		}
	}
	if w := ask(h, "GET", "/api/run", ""); w.Code != 405 || w.Header().Get("Content-Type") != "application/json" {
		t.Errorf("GET /api/run: %d %v", w.Code, w.Header())
	}
}

func TestPages(t *testing.T) {
	site := newTestSite(t, "/lab/", lessons.Builtin())
	h := site.Handler()
	paths := []string{"/lab/", "/lab/lessons", "/lab/gallery", "/lab/flood", "/lab/latency", "/lab/sandbox", "/lab/sandbox/syn-lost"}
	for _, l := range site.Course().Lessons {
		paths = append(paths, "/lab/lessons/"+l.Slug)
	}
	if len(paths) < 6 {
		t.Fatalf("only %d pages", len(paths))
	}
	link := regexp.MustCompile(`(?:href|src|action)="([^"]*)"`)
	for _, path := range paths {
		w := ask(h, "GET", path, "")
		page := w.Body.String()
		if w.Code != 200 || w.Header().Get("Content-Type") != htmlType || w.Header().Get("Cache-Control") != static.Ask || w.Header().Get("Etag") == "" {
			t.Errorf("%s: %d %v", path, w.Code, w.Header())
		}
		if !strings.HasPrefix(strings.ToLower(page), "<!doctype html>") || !strings.HasSuffix(strings.TrimSpace(page), "</html>") {
			t.Errorf("%s is not whole", path)
		}
		for _, bad := range []string{"<style", " style=\"", "javascript:", " onclick", "<script>"} {
			if strings.Contains(page, bad) {
				t.Errorf("%s has %q, which the policy forbids", path, bad)
			}
		}
		for _, m := range link.FindAllStringSubmatch(page, -1) {
			from := &url.URL{Scheme: "http", Host: "lab.example", Path: path}
			to, err := from.Parse(html.UnescapeString(m[1]))
			switch {
			case err != nil:
				t.Errorf("%s links to %s: %v", path, m[1], err)
			case to.Host != from.Host:
			case !strings.HasPrefix(to.Path, "/lab/"):
				t.Errorf("%s links to %s, which is not under the base path", path, m[1])
			default:
				if w := ask(h, "GET", to.Path, ""); w.Code != 200 {
					t.Errorf("%s links to %s, which answers %d", path, m[1], w.Code)
				}
			}
		}
		if w := ask(h, "GET", path, "", "If-None-Match", w.Header().Get("Etag")); w.Code != 304 {
			t.Errorf("%s, which we have: %d", path, w.Code)
		}
		if w := ask(h, "GET", path, "", "Accept-Encoding", "gzip"); w.Header().Get("Content-Encoding") != "gzip" || w.Body.Len() > 20<<10 {
			t.Errorf("%s compressed: %d bytes, %v", path, w.Body.Len(), w.Header())
		}
	}
}

func TestBasePath(t *testing.T) {
	site := newTestSite(t, "/lab/", lessons.Builtin())
	h := site.Handler()
	for _, test := range []struct {
		path     string
		status   int
		location string
	}{
		{"/lab/", 200, ""},
		{"/lab/lessons", 200, ""},
		{"/lab/livez", 200, ""},
		{"/lab", 308, "/lab/"},
		{"/lab/lessons/", 308, "/lab/lessons"},
		{"/lab/lessons/lost-segments/", 308, "/lab/lessons/lost-segments"},
		{"/laboratory", 404, ""},
		{"/laboratory/lessons", 404, ""},
		{"/lab/lab/", 404, ""},
		{"/lab//lessons", 404, ""},
		// A proxy may have taken it off, and a probe may not know it.
		{"/", 200, ""},
		{"/lessons", 200, ""},
		{"/lessons/", 308, "/lab/lessons"},
		{"/livez", 200, ""},
		{"/static/" + strings.TrimPrefix(site.cfg.Assets.URL("css/base.css"), "/lab/static/"), 200, ""},
	} {
		w := ask(h, "GET", test.path, "")
		if w.Code != test.status || w.Header().Get("Location") != test.location {
			t.Errorf("%s: %d %q, want %d %q", test.path, w.Code, w.Header().Get("Location"), test.status, test.location)
		}
	}

	srv := httptest.NewServer(h)
	defer srv.Close()
	defer site.Close(t.Context())
	ws, _, err := websocket.DefaultDialer.Dial("ws"+strings.TrimPrefix(srv.URL, "http")+"/lab/ws",
		http.Header{"Origin": {srv.URL}, "Sec-Websocket-Protocol": {live.Subprotocol}})
	if err != nil {
		t.Fatal(err)
	}
	defer ws.Close()
	var frame struct{ Type string }
	if err := ws.ReadJSON(&frame); err != nil || frame.Type != "welcome" {
		t.Errorf("%+v, %v", frame, err)
	}
}

// Whatever is asked for, nothing outside is found, and nobody learns why.
func TestStrangePaths(t *testing.T) {
	site := newTestSite(t, "/", lessons.Builtin())
	h := site.Handler()
	want := ask(h, "GET", "/lessons/nope", "").Body.String()
	static := site.cfg.Assets.Prefix()
	for _, path := range []string{"/lessons/../../etc/passwd", "/lessons/%2e%2e%2f", "/lessons/..%5c", `/lessons/..\..\x`, "/lessons/a\x00b", "//etc", "/lessons/\xc0\xae\xc0\xae",
		"/lessons/" + strings.Repeat("a", 8<<10), "/lessons/CON", "/lessons/lost-segments.", "/lessons/70-lost-segments.md",
		static + "../static.go", static + "static.go", static, static + "css", static + "/css/base.css", "/static/000000000000/css/base.css", "/static/"} {
		w := ask(h, "GET", path, "")
		if w.Code != 404 || w.Body.String() != want {
			t.Errorf("%.60q: %d, or another page", path, w.Code)
		}
	}
}

func FuzzPath(f *testing.F) {
	h := newTestSite(f, "/lab/", lessons.Builtin()).Handler()
	f.Add("/lab/lessons/../../x")
	f.Add("/lab/static/%2e%2e/x")
	f.Fuzz(func(t *testing.T, path string) {
		w := ask(h, "GET", "/"+path, "")
		if w.Code >= 500 {
			t.Errorf("%q: %d", path, w.Code)
		}
		if to := w.Header().Get("Location"); to != "" && !strings.HasPrefix(to, "/lab/") || strings.HasPrefix(to, "//") {
			t.Errorf("%q leads to %q", path, to)
		}
	})
}

// An error that is ours is a page with a number, and the number is in the log.
func TestErrorsAndPanics(t *testing.T) {
	var log bytes.Buffer
	site := newTestSite(t, "/", lessons.Builtin())
	site.cfg.Log = slog.New(slog.NewTextHandler(&log, nil))
	site.router.Get("/error", site.handle(func(http.ResponseWriter, *http.Request) error { return errors.New("the disk is <full>") }))
	site.router.Get("/panic", func(http.ResponseWriter, *http.Request) { panic("at the disco") })
	site.router.Get("/api/panic", func(http.ResponseWriter, *http.Request) { panic("at the api") })
	site.router.Get("/half", func(w http.ResponseWriter, _ *http.Request) {
		io.WriteString(w, "half")
		panic("too late")
	})
	h := site.Handler()
	for path, secret := range map[string]string{"/error": "the disk is <full>", "/panic": "at the disco", "/api/panic": "at the api"} {
		log.Reset()
		w := ask(h, "GET", path, "")
		page := w.Body.String()
		if w.Code != 500 || strings.Contains(page, secret) || w.Header().Get("Content-Security-Policy") == "" || w.Header().Get("Cache-Control") != "no-store" {
			t.Errorf("%s: %d %v\n%s", path, w.Code, w.Header(), page)
		}
		m := regexp.MustCompile(`ref=(\w+)`).FindStringSubmatch(log.String())
		if m == nil || !strings.Contains(page, m[1]) || !strings.Contains(log.String(), secret) {
			t.Errorf("%s: the number of the log is not on the page: %s", path, log.String())
		}
	}
	srv := httptest.NewServer(h)
	defer srv.Close()
	resp, err := http.Get(srv.URL + "/half")
	if err == nil {
		_, err = io.ReadAll(resp.Body)
	}
	if err == nil {
		t.Error("an answer that broke off looks whole")
	}
}

func TestHealth(t *testing.T) {
	site := newTestSite(t, "/", lessons.Builtin())
	h := site.Handler()
	for _, path := range []string{"/livez", "/readyz"} {
		if w := ask(h, "GET", path, ""); w.Code != 200 || w.Body.String() != "ok\n" {
			t.Errorf("%s: %d %q", path, w.Code, w.Body)
		}
	}
	site.Drain()
	if a, b := ask(h, "GET", "/livez", "").Code, ask(h, "GET", "/readyz", "").Code; a != 200 || b != 503 {
		t.Errorf("going down: livez %d, readyz %d", a, b)
	}
}

func TestCrossOriginPosts(t *testing.T) {
	h := builtinSite(t).Handler()
	const body = `{"scenario":"client connect"}`
	for _, test := range []struct {
		name   string
		header []string
		want   int
	}{
		{"a program", nil, 200},
		{"a page of ours", []string{"Sec-Fetch-Site", "same-origin"}, 200},
		{"an older browser on a page of ours", []string{"Origin", "http://example.com"}, 200},
		{"a listed site", []string{"Sec-Fetch-Site", "cross-site", "Origin", "https://school.example"}, 200},
		{"another site", []string{"Sec-Fetch-Site", "cross-site", "Origin", "https://evil.example"}, 403},
		{"another site below the same domain", []string{"Sec-Fetch-Site", "same-site", "Origin", "https://evil.example.com"}, 403},
		{"another site in an older browser", []string{"Origin", "https://evil.example"}, 403},
		{"a sandboxed frame", []string{"Origin", "null"}, 403},
	} {
		for _, path := range []string{"/api/run", "/api/check"} {
			w := ask(h, "POST", path, body, test.header...)
			if (w.Code == 403) != (test.want == 403) {
				t.Errorf("%s to %s: %d, want %d: %s", test.name, path, w.Code, test.want, w.Body)
			}
		}
	}
}

func TestRunOverPost(t *testing.T) {
	h := builtinSite(t).Handler()
	w := ask(h, "POST", "/api/run", `{"lesson":"lost-segments","block":"lost","commands":[]}`)
	if w.Code != 200 || !strings.Contains(w.Body.String(), `"type":"done"`) {
		t.Errorf("%d %.300s", w.Code, w.Body)
	}
	if w := ask(h, "POST", "/api/run", `{"lesson":"lost-segments","block":"nope"}`); w.Code != 422 || !strings.Contains(w.Body.String(), `"no_such_block"`) {
		t.Errorf("%d %.300s", w.Code, w.Body)
	}
	if w := ask(h, "POST", "/api/run", strings.Repeat(" ", maxBody+1)); w.Code != 413 {
		t.Errorf("%d %.300s", w.Code, w.Body)
	}
}

const testLesson = "---\ntitle: Test\nsummary: A test.\norder: 10\n---\n\n# Test\n\nText VERSION.\n"

func lessonFile(version string) *fstest.MapFile {
	return &fstest.MapFile{Data: []byte(strings.Replace(testLesson, "VERSION", version, 1)), ModTime: time.Now()}
}

// A lesson that breaks keeps its last good version, and the others go on.
func TestABrokenLessonKeepsItsLastGoodVersion(t *testing.T) {
	course := fstest.MapFS{"10-one.md": lessonFile("one"), "20-two.md": {Data: []byte(strings.NewReplacer("order: 10", "order: 20", "VERSION", "two").Replace(testLesson))}}
	site := newTestSite(t, "/", course)
	h := site.Handler()
	course["10-one.md"] = &fstest.MapFile{Data: []byte("---\ntitle: Broken\n---\n\n<script>alert(1)</script>\n")}
	course["20-two.md"] = &fstest.MapFile{Data: []byte(strings.NewReplacer("order: 10", "order: 20", "VERSION", "news").Replace(testLesson))}
	if err := site.Reload(); err != nil {
		t.Fatal(err)
	}
	if page := ask(h, "GET", "/lessons/one", ""); page.Code != 200 || !strings.Contains(page.Body.String(), "Text one.") {
		t.Errorf("the broken lesson: %d", page.Code)
	}
	if page := ask(h, "GET", "/lessons/two", ""); !strings.Contains(page.Body.String(), "Text news.") {
		t.Error("the other one is still old")
	}
	if l := site.Course().Lessons; len(l) != 2 || l[0].Next != l[1] || l[1].Prev != l[0] || l[0].Prev != nil {
		t.Error("the lessons are not in a row any more")
	}
	delete(course, "10-one.md")
	if err := site.Reload(); err != nil {
		t.Fatal(err)
	}
	if page := ask(h, "GET", "/lessons/one", ""); page.Code != 404 {
		t.Errorf("a lesson that was taken away: %d", page.Code)
	}
}

// A folder that can be changed while it is read.
type shelf struct {
	mu sync.Mutex
	fs fstest.MapFS
}

func (s *shelf) set(name string, f *fstest.MapFile) {
	s.mu.Lock()
	defer s.mu.Unlock()
	next := fstest.MapFS{}
	for k, v := range s.fs {
		next[k] = v
	}
	next[name] = f
	s.fs = next
}

func (s *shelf) Open(name string) (fs.File, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.fs.Open(name)
}

// Whoever reads while a lesson is written gets the old one or the new one, and never something between.
func TestReadingWhileLessonsChange(t *testing.T) {
	course := &shelf{fs: fstest.MapFS{"10-one.md": lessonFile("0")}}
	site := newTestSite(t, "/", course)
	h := site.Handler()
	var stop atomic.Bool
	var readers sync.WaitGroup
	for range 2 {
		readers.Go(func() {
			for !stop.Load() {
				w := ask(h, "GET", "/lessons/one", "")
				if page := w.Body.String(); w.Code != 200 || !strings.Contains(page, "Text ") || !strings.HasSuffix(strings.TrimSpace(page), "</html>") {
					t.Errorf("%d: %.100s", w.Code, page)
					return
				}
			}
		})
	}
	for i := range 20 {
		course.set("10-one.md", lessonFile(strings.Repeat("x", i+1)))
		if err := site.Reload(); err != nil {
			t.Error(err)
		}
	}
	stop.Store(true)
	readers.Wait()
}

func TestWatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		course := &shelf{fs: fstest.MapFS{"10-one.md": lessonFile("old")}}
		site := newTestSite(t, "/", course)
		ctx, stop := context.WithCancel(t.Context())
		watched := make(chan struct{})
		go func() {
			site.Watch(ctx)
			close(watched)
		}()
		synctest.Wait()
		before := site.edition.Load()
		time.Sleep(3 * time.Second)
		synctest.Wait()
		if site.edition.Load() != before {
			t.Error("the lessons were loaded although nothing had changed")
		}
		course.set("10-one.md", lessonFile("new"))
		time.Sleep(2 * time.Second)
		synctest.Wait()
		if !strings.Contains(ask(site.Handler(), "GET", "/lessons/one", "").Body.String(), "Text new.") {
			t.Error("the old lesson is still served")
		}
		stop()
		<-watched
	})
}

func TestCheckRefuses(t *testing.T) {
	h := builtinSite(t).Handler()
	for _, test := range []struct {
		body   string
		status int
		code   string
	}{
		{``, 400, "bad_json"},
		{`{`, 400, "bad_json"},
		{`[]`, 400, "bad_json"},
		{`{"lesson":"lost-segments"}{}`, 400, "bad_json"},
		{`{"leson":"lost-segments"}`, 400, "bad_json"},
		{`{"lesson":"nope","kind":"quiz"}`, 404, "no_such_lesson"},
		{`{"lesson":"lost-segments","kind":"essay"}`, 400, "bad_field"},
		{`{"lesson":"lost-segments","kind":"quiz","block":"nope","answer":[0]}`, 404, "no_such_block"},
		{`{"lesson":"lost-segments","kind":"predict","block":"nope","answer":"x"}`, 404, "no_such_block"},
		{`{"lesson":"lost-segments","kind":"challenge","block":"nope","commands":[]}`, 404, "no_such_block"},
		{strings.Repeat(" ", maxBody+1), 413, "too_large"},
	} {
		w := ask(h, "POST", "/api/check", test.body)
		var got struct {
			OK            *bool
			Code, Message string
		}
		if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil {
			t.Fatalf("%.60s: %v in %s", test.body, err, w.Body)
		}
		if w.Code != test.status || got.Code != test.code || got.Message == "" || got.OK == nil || *got.OK {
			t.Errorf("%.60s: %d %s, want %d %s", test.body, w.Code, w.Body, test.status, test.code)
		}
	}
}

func TestFaults(t *testing.T) {
	h := builtinSite(t).Handler()
	for body, want := range map[string]string{
		`{"scenario":"client connect\nstep"}`:                      `{"faults":[]}`,
		`{"scenario":""}`:                                          `{"faults":[]}`,
		`{"scenario":"delay x\ndorp SYN\nclient mss 5 conect"}`:    `"line":1,"col":7`,
		`{"scenario":"delay 1ms\ndorp SYN\nexpect client NO"}`:     `"line":2,"col":1`,
		`{"scenario":"client connect\nexpect client ESTABLISHED"}`: `{"faults":[]}`, // it is not run
	} {
		if w := ask(h, "POST", "/api/faults", body); w.Code != 200 || !strings.Contains(w.Body.String(), want) {
			t.Errorf("%s: %d %s, want %s", body, w.Code, w.Body, want)
		}
	}
	if w := ask(h, "POST", "/api/faults", `{"scenario":"delay x\ndorp SYN\nserver listn"}`); !strings.Contains(w.Body.String(), `"line":1,`) || !strings.Contains(w.Body.String(), `"line":2,`) || !strings.Contains(w.Body.String(), `"line":3,`) {
		t.Errorf("not all faults at once: %s", w.Body)
	}
	for body, want := range map[string]int{`{"scenario":5}`: 400, `{"text":""}`: 400, ``: 400, `{"scenario":"` + strings.Repeat("x", 1<<20) + `"}`: 413} {
		if w := ask(h, "POST", "/api/faults", body); w.Code != want {
			t.Errorf("%.40s: %d, want %d", body, w.Code, want)
		}
	}
	if w := ask(h, "POST", "/api/faults", `{"scenario":""}`, "Sec-Fetch-Site", "cross-site"); w.Code != 403 {
		t.Errorf("from another site: %d", w.Code)
	}
}
