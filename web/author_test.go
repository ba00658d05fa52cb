package web

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/handshakelab/lab/lessons"
)

// writeLesson sends a text as the page for authors does.
func writeLesson(t *testing.T, h http.Handler, in writing) (status int, out review) {
	t.Helper()
	body, err := json.Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	w := ask(h, "POST", "/api/draft", string(body))
	if err := json.Unmarshal(w.Body.Bytes(), &out); err != nil {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	return w.Code, out
}

func TestDraft(t *testing.T) {
	h := newTestSite(t, "/", lessons.Builtin()).Handler()
	file, text, err := lessons.NewLesson(lessons.Builtin(), "my-lesson", "My lesson")
	if err != nil {
		t.Fatal(err)
	}
	status, out := writeLesson(t, h, writing{File: file, Text: text})
	if status != 200 || len(out.Faults) != 0 || out.Page == "" {
		t.Fatalf("%d %+v", status, out)
	}
	page := ask(h, "GET", "/"+out.Page, "")
	if page.Code != 200 || !strings.Contains(page.Body.String(), "My lesson</h1>") || strings.Contains(page.Body.String(), `class="top"`) {
		t.Errorf("the preview: %d %s", page.Code, page.Body)
	}
	if csp := page.Header().Get("Content-Security-Policy"); !strings.Contains(csp, "frame-ancestors 'self'") || page.Header().Get("X-Frame-Options") != "SAMEORIGIN" {
		t.Errorf("the preview's policy is %q", csp)
	}
	// What readers can do, authors can do in the preview.
	slug := strings.TrimPrefix(out.Page, "lessons/")
	check := ask(h, "POST", "/api/check", `{"lesson":"`+slug+`","kind":"predict","block":"what-comes","answer":"SYN, ACK"}`)
	if check.Code != 200 || !strings.Contains(check.Body.String(), `"ok":true`) {
		t.Errorf("an answer in the preview: %d %s", check.Code, check.Body)
	}
	run := ask(h, "POST", "/api/run", `{"lesson":"`+slug+`","block":"run"}`)
	if run.Code != 200 || strings.Contains(run.Body.String(), `"type":"error"`) {
		t.Errorf("the simulator of the preview: %d %.300s", run.Code, run.Body)
	}

	// With an error there is nothing new to see, and what was there stays.
	bad := strings.Replace(text, "client connect", "client conect", 1)
	status, broken := writeLesson(t, h, writing{ID: out.ID, File: file, Text: bad})
	if status != 200 || broken.Page != "" || broken.ID != out.ID || len(broken.Faults) == 0 {
		t.Fatalf("%d %+v", status, broken)
	}
	if f := broken.Faults[0]; f.Code != "unknown-call" && f.Code != "unknown-verb" || f.Text != "client conect" || !strings.Contains(f.Carets, "^") || f.File != file || f.Line == 0 {
		t.Errorf("the fault is %+v", f)
	}
	if again := ask(h, "GET", "/"+out.Page, ""); again.Code != 200 {
		t.Errorf("the last good preview: %d", again.Code)
	}

	// The course is as it was, in its list and at its addresses.
	if list := ask(h, "GET", "/lessons", "").Body.String(); strings.Contains(list, "My lesson") || strings.Contains(list, slug) {
		t.Error("the draft is in the list of lessons")
	}
	for name, in := range map[string]writing{
		"another id":   {ID: "mine", File: file, Text: text},
		"no file":      {Text: text},
		"a path":       {File: "../10-why.md", Text: text},
		"a folder":     {File: "glossary/10-why.md", Text: text},
		"another kind": {File: "10-why.lab", Text: text},
		"a long name":  {File: "10-" + strings.Repeat("a", 200) + ".md", Text: text},
	} {
		if status, _ := writeLesson(t, h, in); status != 400 {
			t.Errorf("%s: %d", name, status)
		}
	}
	if status, out := writeLesson(t, h, writing{File: file, Text: text + strings.Repeat("word ", 1<<20/5)}); status != 200 || len(out.Faults) != 1 || out.Faults[0].Code != "too-large" {
		t.Errorf("1 MiB: %d %+v", status, out)
	}
	if w := ask(h, "POST", "/api/draft", `{"text":"`+strings.Repeat("a", maxDraftBody)+`"}`); w.Code != 413 {
		t.Errorf("a huge body: %d", w.Code)
	}
	if w := ask(h, "POST", "/api/draft", `{}`, "Sec-Fetch-Site", "cross-site"); w.Code != 403 {
		t.Errorf("from another site: %d", w.Code)
	}
}

// Without a script the button sends the text, and the answer is the page with it, with its faults, and with how it looks.
func TestAuthorForm(t *testing.T) {
	h := newTestSite(t, "/lab/", lessons.Builtin()).Handler()
	first := ask(h, "GET", "/lab/author", "")
	if first.Code != 200 || !strings.Contains(first.Body.String(), "title: My lesson") || !strings.Contains(first.Header().Get("Content-Security-Policy"), "frame-src 'self'") {
		t.Fatalf("%d %s", first.Code, first.Header())
	}
	send := func(file, text string, header ...string) (int, string) {
		form := url.Values{"file": {file}, "text": {strings.ReplaceAll(text, "\n", "\r\n")}}
		w := ask(h, "POST", "/lab/author", form.Encode(), append(header, "Content-Type", "application/x-www-form-urlencoded")...)
		return w.Code, w.Body.String()
	}
	file, text, err := lessons.NewLesson(lessons.Builtin(), "my-lesson", "")
	if err != nil {
		t.Fatal(err)
	}
	text += "\nHere is `</textarea><b>` in code.\n"
	status, page := send(file, text)
	if status != 200 || !strings.Contains(page, "No faults.") || !strings.Contains(page, `src="/lab/lessons/draft/`) || !strings.Contains(page, "`&lt;/textarea&gt;&lt;b&gt;` in code") {
		t.Errorf("a lesson without a fault: %d %s", status, page)
	}
	status, page = send(file, strings.Replace(text, "client connect", "client conect", 1))
	if status != 200 || strings.Contains(page, "<iframe src") || !strings.Contains(page, "^^^^^^") || !strings.Contains(page, "client conect\n") || !strings.Contains(page, "did you mean connect") {
		t.Errorf("a lesson with one: %d %s", status, page)
	}
	if status, page := send("../x.md", text); status != 200 || !strings.Contains(page, "The field file must be") || !strings.Contains(page, "# My") {
		t.Errorf("a name that cannot be: %d", status)
	}
	if status, _ := send(file, text, "Sec-Fetch-Site", "cross-site"); status != 403 {
		t.Errorf("from another site: %d", status)
	}
	if status, _ := send(file, strings.Repeat("a", maxDraftBody)); status != 413 {
		t.Errorf("a huge form: %d", status)
	}
}

// However many drafts are written, few are kept, the newest ones.
func TestDraftsAreBounded(t *testing.T) {
	var d drafts
	for i := range 3 * maxDrafts {
		d.put(string(rune('a'+i)), &draft{})
		d.put("mine", &draft{})
	}
	if len(d.byID) != maxDrafts || len(d.order) != maxDrafts || d.get("mine") == nil || d.get("a") != nil {
		t.Errorf("%d are kept", len(d.byID))
	}
}

func TestTurnstile(t *testing.T) {
	var g turnstile
	leave, err := g.enter(t.Context(), "a")
	if err != nil {
		t.Fatal(err)
	}
	other, err := g.enter(t.Context(), "b")
	if err != nil {
		t.Fatal(err)
	}
	other()
	in := make(chan func())
	for range maxQueue {
		go func() {
			next, err := g.enter(t.Context(), "a")
			if err != nil {
				t.Error(err)
			}
			in <- next
		}()
	}
	for waiting := 0; waiting <= maxQueue; {
		g.mu.Lock()
		waiting = g.gates["a"].here
		g.mu.Unlock()
	}
	if _, err := g.enter(t.Context(), "a"); err != errBusy {
		t.Errorf("one too many: %v", err)
	}
	select {
	case <-in:
		t.Error("two at a time")
	default:
	}
	leave()
	for range maxQueue {
		(<-in)()
	}
	if len(g.gates) != 0 {
		t.Errorf("%d gates are left", len(g.gates))
	}
}
