package web

import (
	"encoding/json"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/handshakelab/lab/lessons"
)

func TestSave(t *testing.T) {
	dir := t.TempDir()
	file, text, err := lessons.NewLesson(os.DirFS(dir), "window-scale", "")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, file), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	folder, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer folder.Close()
	site, err := New(Config{Base: "/", Assets: testAssets(t, "/"), Lessons: folder.FS(), Folder: folder})
	if err != nil {
		t.Fatal(err)
	}
	h := site.Handler()
	send := func(method, path, body string, change func(*http.Request)) *httptest.ResponseRecorder {
		r := httptest.NewRequest(method, "http://localhost:8080"+path, strings.NewReader(body))
		r.RemoteAddr = "127.0.0.1:50000"
		if change != nil {
			change(r)
		}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		return w
	}
	save := func(in saving, change func(*http.Request)) (int, string) {
		t.Helper()
		body, err := json.Marshal(in)
		if err != nil {
			t.Fatal(err)
		}
		w := send("POST", "/api/save", string(body), change)
		var out struct{ Was string }
		_ = json.Unmarshal(w.Body.Bytes(), &out)
		return w.Code, out.Was
	}
	onDisk := func(want ...string) {
		t.Helper()
		files, err := fs.ReadDir(os.DirFS(dir), ".")
		if err != nil || len(files) != len(want)/2 {
			t.Fatalf("%v %v", files, err)
		}
		for i := 0; i < len(want); i += 2 {
			if b, err := os.ReadFile(filepath.Join(dir, want[i])); err != nil || string(b) != want[i+1] {
				t.Errorf("%s is %q, %v", want[i], b, err)
			}
		}
	}
	page := send("GET", "/author?file="+file, "", nil).Body.String()
	was := versionOf([]byte(text))
	if !strings.Contains(page, `data-was="`+was+`"`) || !strings.Contains(page, "title: Window scale") || !strings.Contains(page, "author-save") {
		t.Fatalf("opened: %s", page)
	}
	status, now := save(saving{file, was, "one"}, nil)
	if status != 200 || now == was {
		t.Fatalf("%d %q", status, now)
	}
	onDisk(file, "one")
	// Who has not seen what is there now does not overwrite it.
	for _, stale := range []string{was, ""} {
		if status, _ := save(saving{file, stale, "two"}, nil); status != 409 {
			t.Errorf("over a change of somebody else: %d", status)
		}
	}
	onDisk(file, "one")
	if status, _ := save(saving{file, now, "two"}, nil); status != 200 {
		t.Errorf("the next one: %d", status)
	}
	if status, _ := save(saving{"20-new.md", "", "new"}, nil); status != 200 {
		t.Errorf("a new one: %d", status)
	}
	onDisk(file, "two", "20-new.md", "new")
	if status, _ := save(saving{"30-gone.md", now, "x"}, nil); status != 409 {
		t.Errorf("one that was taken away: %d", status)
	}

	outside := filepath.Join(t.TempDir(), "outside.md")
	if err := os.WriteFile(outside, []byte("secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(outside, filepath.Join(dir, "40-link.md")); err != nil {
		t.Fatal(err)
	}
	if status, _ := save(saving{"40-link.md", versionOf([]byte("secret")), "x"}, nil); status == 200 {
		t.Error("through a link that leads out")
	}
	if page := send("GET", "/author?file=40-link.md", "", nil); strings.Contains(page.Body.String(), "secret") {
		t.Error("a link that leads out is read")
	}
	for _, name := range []string{"../out.md", "/etc/10-x.md", "glossary/10-x.md", "x.md", "10-x.lab", "10-x.md\x00", ".10-x.md", "10-X.md", "10-a/../x.md", ""} {
		if status, _ := save(saving{name, "", "x"}, nil); status != 400 {
			t.Errorf("%q: %d", name, status)
		}
	}
	if status, _ := save(saving{"50-big.md", "", strings.Repeat("a", maxSaved+1)}, nil); status != 413 {
		t.Errorf("a large one: %d", status)
	}
	for what, change := range map[string]func(*http.Request){
		"another machine":               func(r *http.Request) { r.RemoteAddr = "192.0.2.7:50000" },
		"another site that leads here":  func(r *http.Request) { r.Host = "lab.example:8080" },
		"a page of another site":        func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "cross-site") },
		"a page of another site, older": func(r *http.Request) { r.Header.Set("Origin", "https://lab.example") },
	} {
		if status, _ := save(saving{"60-not.md", "", "x"}, change); status != 404 && status != 403 {
			t.Errorf("%s: %d", what, status)
		}
	}
	if page := send("GET", "/author?file="+file, "", func(r *http.Request) { r.RemoteAddr = "192.0.2.7:50000" }); strings.Contains(page.Body.String(), "author-save") || strings.Contains(page.Body.String(), ">two<") {
		t.Error("another machine reads the source of a lesson")
	}
	if _, err := os.Stat(filepath.Join(dir, "60-not.md")); err == nil {
		t.Error("it is written all the same")
	}
}

// Without a folder to write into there is nothing to save with, and no source of a lesson to read, which has its answers.
func TestNoSave(t *testing.T) {
	h := newTestSite(t, "/", lessons.Builtin()).Handler()
	if w := ask(h, "POST", "/api/save", `{"file":"10-x.md","was":"","text":"x"}`); w.Code != 404 {
		t.Errorf("saving: %d", w.Code)
	}
	r := httptest.NewRequest("GET", "http://localhost/author?file=70-lost-segments.md", nil)
	r.RemoteAddr = "127.0.0.1:50000"
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	if strings.Contains(w.Body.String(), "#lost") || strings.Contains(w.Body.String(), "author-save") {
		t.Error("the source of a lesson is served")
	}
}
