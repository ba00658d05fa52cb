package web

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/handshakelab/lab/engine/share"
	"github.com/handshakelab/lab/server/jetstream"
	"github.com/handshakelab/lab/web/account"
	"github.com/handshakelab/lab/web/account/accounttest"
	"github.com/handshakelab/lab/web/archive"
	"github.com/handshakelab/lab/web/class"
)

// A classSite is a lab with a store, an instructor and a lesson.
type classSite struct {
	*Site
	t     testing.TB
	h     http.Handler
	store *jetstream.Store
	grace []string // headers of the instructor's requests
}

const classLesson = "---\ntitle: Nobody listens\nsummary: What a closed port answers.\norder: 40\n---\n\n# Nobody listens\n\n" +
	"```tcpsim {#refused title=\"A closed port\"}\nclient 192.0.2.10:52431 isn 1000\nclient connect\nstep until quiet\n```\n\n" +
	"```predict {#answer of=refused at=0ms}\nWhat flags has the answer?\n\nask: flags of next from server\nright: Nobody is there.\nwrong SYN,ACK: Nobody listens.\n```\n"

func newClassSite(t testing.TB) *classSite {
	t.Helper()
	s, err := jetstream.Open(t.Context(), jetstream.Options{Folder: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	site, err := New(Config{Base: "/", Assets: testAssets(t, "/"), Lessons: fstest.MapFS{"40-refused.md": {Data: []byte(classLesson)}}, Store: s})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { site.Close(context.Background()) })
	if d := site.Course().Diagnostics.Errors(); len(d) > 0 {
		t.Fatal(d)
	}
	_, cookie := accounttest.SignIn(t, s, "Grace", account.Instructor)
	return &classSite{Site: site, t: t, h: site.Handler(), store: s, grace: []string{"Cookie", cookie.String()}}
}

const formType = "application/x-www-form-urlencoded"

// post sends a form.
func (s *classSite) post(path string, fields url.Values, header ...string) *httptest.ResponseRecorder {
	return ask(s.h, "POST", path, fields.Encode(), append([]string{"Content-Type", formType}, header...)...)
}

// open opens a class and returns its ID and code.
func (s *classSite) open(title string) (id, code string) {
	s.t.Helper()
	w := s.post("/teach", url.Values{"title": {title}}, s.grace...)
	id = strings.TrimPrefix(w.Header().Get("Location"), "/teach/")
	if w.Code != http.StatusSeeOther || id == "" {
		s.t.Fatalf("opening a class is %d: %s", w.Code, w.Body)
	}
	c, err := s.classes.Get(s.t.Context(), id)
	if err != nil {
		s.t.Fatal(err)
	}
	return id, c.Code
}

// join joins a class in a browser of its own, and returns the headers of its requests.
func (s *classSite) join(code, name string) []string {
	s.t.Helper()
	w := s.post("/join", url.Values{"code": {code}, "name": {name}})
	if w.Code != http.StatusSeeOther {
		s.t.Fatalf("joining is %d: %s", w.Code, w.Body)
	}
	var cookies []string
	for _, c := range w.Result().Cookies() {
		cookies = append(cookies, c.Name+"="+c.Value)
	}
	return []string{"Cookie", strings.Join(cookies, "; ")}
}

// act does something as the instructor, by JSON.
func (s *classSite) act(id, deed string) *httptest.ResponseRecorder {
	return ask(s.h, "POST", "/api/class/"+id+"/act", deed, append([]string{"Content-Type", "application/json"}, s.grace...)...)
}

func (s *classSite) must(w *httptest.ResponseRecorder, status int) *httptest.ResponseRecorder {
	s.t.Helper()
	if w.Code != status {
		s.t.Fatalf("the answer is %d, want %d: %s", w.Code, status, w.Body)
	}
	return w
}

func TestClass(t *testing.T) {
	s := newClassSite(t)
	id, code := s.open("Networks & <b>")
	page := s.must(ask(s.h, "GET", "/teach/"+id, "", s.grace...), 200)
	if body := page.Body.String(); !strings.Contains(body, "Networks &amp; &lt;b&gt;") || !strings.Contains(body, code[:3]+"\u2009"+code[3:]) || !strings.Contains(body, "data:image/svg+xml;base64,") {
		t.Error("the instructor's page has no title, code or QR code")
	}
	if got := page.Header().Get("Cache-Control"); got != "no-store" {
		t.Errorf("Cache-Control of a personal page is %q", got)
	}
	// The address of the QR code, as typed from it, knows the class already.
	if body := ask(s.h, "GET", "/join/"+strings.ToLower(code), "").Body.String(); !strings.Contains(body, "Networks &amp; &lt;b&gt;") {
		t.Error("the page to join at does not name the class")
	}
	ada := s.join(code[:3]+" "+code[3:], "Ada")
	at := "/class/" + id
	if body := s.must(ask(s.h, "GET", at, "", ada...), 200).Body.String(); !strings.Contains(body, "Nothing is shown yet") {
		t.Error("the page of a learner does not say that nothing is shown")
	}

	// What is shown is on the page without a script: a lesson, then a run that stands where it begins.
	s.must(s.act(id, `{"kind":"push","show":"lesson:refused"}`), 200)
	if body := ask(s.h, "GET", at, "", ada...).Body.String(); !strings.Contains(body, `href="/lessons/refused"`) {
		t.Error("the lesson that was pushed is not on the page")
	}
	s.must(s.act(id, `{"kind":"push","show":"block:refused#refused"}`), 200)
	run, err := s.hub.RoomRun(t.Context(), id)
	if err != nil || !strings.Contains(run, "client connect") || strings.Contains(run, "step") {
		t.Errorf("the run stands behind %q, %v", run, err)
	}
	if body := ask(s.h, "GET", at, "", ada...).Body.String(); !strings.Contains(body, `id="run-room"`) {
		t.Error("the run that is shared is not drawn")
	}

	// A prediction is asked for, answered, and revealed with what is right.
	s.must(s.act(id, `{"kind":"ask","predict":"refused#answer"}`), 200)
	state, err := s.hub.RoomState(t.Context(), id)
	if err != nil || state.Question == nil || len(state.Question.Options) != 2 || state.Question.Text != "What flags has the answer?" {
		t.Fatalf("the question is %+v, %v", state.Question, err)
	}
	answer := func(who []string, question, value string) *httptest.ResponseRecorder {
		return s.post("/api/class/"+id+"/answer", url.Values{"question": {question}, "value": {value}}, who...)
	}
	if body := s.must(answer(ada, "1", "RST-ACK"), 200).Body.String(); !strings.Contains(body, "You answered: RST-ACK") || strings.Contains(body, `class="right"`) {
		t.Errorf("the page after an answer: %s", body)
	}
	ben := s.join(code, "Ben")
	s.must(answer(ben, "1", "SYN-ACK"), 200)
	for _, bad := range [][2]string{{"1", "maybe"}, {"1", ""}, {"2", "SYN-ACK"}, {"x", "SYN-ACK"}} {
		if w := answer(ben, bad[0], bad[1]); w.Code < 400 || w.Code >= 500 || !strings.Contains(w.Body.String(), `id="fault"`) {
			t.Errorf("the answer %q to question %q is %d", bad[1], bad[0], w.Code)
		}
	}
	s.must(s.act(id, `{"kind":"reveal"}`), 200)
	state, _ = s.hub.RoomState(t.Context(), id)
	if got := fmt.Sprint(state.Histogram); got != "[{RST-ACK 1 true} {SYN-ACK 1 false}]" && got != "[{SYN-ACK 1 false} {RST-ACK 1 true}]" {
		t.Errorf("the histogram is %s", got)
	}
	if w := answer(ben, "1", "RST-ACK"); w.Code != http.StatusConflict {
		t.Errorf("an answer to what was revealed is %d", w.Code)
	}

	// The end frees the code, for everybody at once.
	s.must(s.act(id, `{"kind":"end"}`), 200)
	s.must(s.act(id, `{"kind":"end"}`), 200)
	if w := s.post("/join", url.Values{"code": {code}, "name": {"Late"}}); w.Code != http.StatusUnprocessableEntity {
		t.Errorf("joining a class that has ended is %d", w.Code)
	}
	w := s.must(ask(s.h, "GET", at, "", ada...), 200)
	if !strings.Contains(w.Body.String(), "The class is over") || !strings.Contains(strings.Join(w.Header()["Set-Cookie"], ";"), classCookie+"=; ") {
		t.Errorf("after the end: %v", w.Header()["Set-Cookie"])
	}
	if w := s.act(id, `{"kind":"freeze","on":true}`); w.Code != http.StatusGone {
		t.Errorf("freezing what has ended is %d", w.Code)
	}
	s.must(ask(s.h, "GET", "/teach/"+id, "", s.grace...), 200)
}

// Fault 71: what an instructor may do, nobody else may; and what members may do, nobody else.
func TestClassForbidden(t *testing.T) {
	s := newClassSite(t)
	id, code := s.open("Networks")
	other, otherCode := s.open("Others")
	ada, zoe := s.join(code, "Ada"), s.join(otherCode, "Zoe")
	_, cookie := accounttest.SignIn(t, s.store, "Mallory", account.Instructor)
	mallory := []string{"Cookie", cookie.String()}
	_, cookie = accounttest.SignIn(t, s.store, "Root", account.Admin)
	s.must(ask(s.h, "GET", "/teach/"+id, "", "Cookie", cookie.String()), 200)

	act, where, answer := "/api/class/"+id+"/act", "/api/class/"+id+"/where", "/api/class/"+id+"/answer"
	for _, c := range []struct {
		method, path string
		who          []string
		want         int
	}{
		{"GET", "/teach", nil, 303}, {"GET", "/teach", ada, 303},
		{"GET", "/teach/" + id, mallory, 404}, {"GET", "/teach/none", s.grace, 404}, {"GET", "/teach/a.b", s.grace, 404},
		{"POST", act, nil, 401}, {"POST", act, ada, 401}, {"POST", act, mallory, 404},
		{"GET", "/api/class/" + id + "/roster", ada, 401}, {"GET", "/api/class/" + id + "/roster", mallory, 404},
		{"GET", "/class/" + id, nil, 303}, {"GET", "/class/" + id, zoe, 303}, {"GET", "/class/none", ada, 303},
		{"GET", "/api/class/" + id, zoe, 404}, {"GET", "/api/class/" + id, ada, 200},
		{"POST", where, nil, 404}, {"POST", where, zoe, 404}, {"POST", where, mallory, 404}, {"POST", where, ada, 204},
		{"POST", answer, zoe, 404},
	} {
		w := ask(s.h, c.method, c.path, `{}`, append([]string{"Content-Type", "application/json"}, c.who...)...)
		if w.Code != c.want {
			t.Errorf("%s %s is %d, want %d: %s", c.method, c.path, w.Code, c.want, w.Body)
		}
	}
	for _, path := range []string{act, where, answer, "/join", "/teach"} {
		if w := ask(s.h, "POST", path, "", "Content-Type", formType, "Sec-Fetch-Site", "cross-site", "Cookie", ada[1]); w.Code != http.StatusForbidden {
			t.Errorf("POST %s from another site is %d", path, w.Code)
		}
	}
	// Members of one class mean nothing in another.
	zoes := s.seatOf(other, "Zoe")
	for _, deed := range []string{
		`{"kind":"drive","drivers":[{"member":"` + zoes + `","role":"all"}]}`, `{"kind":"spotlight","member":"` + zoes + `"}`,
		`{"kind":"drive","drivers":[{"member":"` + s.seatOf(id, "Ada") + `","role":"god"}]}`,
		`{"kind":"push","show":"lesson:../x"}`, `{"kind":"push","show":"block:refused#x"}`, `{"kind":"push","show":"gallery:x"}`, `{"kind":"push","show":"x:y"}`,
		`{"kind":"push"}`, `{"kind":"push","scenario":"nonsense"}`, `{"kind":"do"}`, `{"kind":"x"}`, `{"kind":"reveal"}`, `{"kind":"ask","predict":"refused#x"}`,
		`{"kind":"ask","text":""}`, `{"kind":"ask","text":"x","options":["one"]}`, `{"kind":"freeze","on":true,"by":"x"}`, `{"id":"a b","kind":"freeze"}`, `[]`, `{`,
	} {
		if w := s.act(id, deed); w.Code < 400 || w.Code >= 500 {
			t.Errorf("%s is %d: %s", deed, w.Code, w.Body)
		}
	}
	if state, err := s.hub.RoomState(t.Context(), id); err != nil || state.Seq != 0 {
		t.Errorf("what was refused has left %+v, %v", state, err)
	}
}

// seatOf finds a member by name.
func (s *classSite) seatOf(id, name string) string {
	s.t.Helper()
	list, err := s.classes.Members(s.t.Context(), id)
	if err != nil {
		s.t.Fatal(err)
	}
	for _, m := range list {
		if m.Name == name {
			return m.ID
		}
	}
	s.t.Fatalf("nobody is called %s", name)
	return ""
}

// 72: guessing codes. Whatever is no code of a class is answered alike, and after many of them nothing is.
func TestFault72Guessing(t *testing.T) {
	s := newClassSite(t)
	id, code := s.open("Networks")
	_, old := s.open("Old")
	in, err := s.classes.Find(t.Context(), old)
	if err != nil {
		t.Fatal(err)
	}
	s.must(s.act(in.ID, `{"kind":"end"}`), 200)

	// Apart from what was typed.
	anew := regexp.MustCompile(`value="[^"]*"`)
	try := func(typed string) (int, string) {
		w := s.post("/join", url.Values{"code": {typed}, "name": {"Eve"}})
		if w.Header()["Set-Cookie"] != nil {
			t.Errorf("%q has made somebody of a guesser", typed)
		}
		return w.Code, anew.ReplaceAllString(w.Body.String(), "")
	}
	status, body := try("ABCDEF")
	if status != http.StatusUnprocessableEntity || !strings.Contains(body, "No class has this code") {
		t.Fatalf("a wrong code is %d: %s", status, body)
	}
	for _, typed := range []string{old, "", "12", "ABCDE", "<script>", "ÄÖÜ", strings.Repeat("A", 60)} {
		if s2, b2 := try(typed); s2 != status || b2 != body {
			t.Errorf("%q is answered differently: %d", typed, s2)
		}
	}
	// One of 26^6 codes a second from one address, after the first few.
	began, answered := time.Now(), 8
	for range 10_000 {
		switch s2, _ := try("QQQQQQ"); s2 {
		case http.StatusTooManyRequests:
		case status:
			answered++
		default:
			t.Fatalf("a guess is %d", s2)
		}
	}
	if most := 301 + int(time.Since(began)/time.Second); answered > most {
		t.Errorf("of 10,000 guesses %d were answered, want at most %d", answered, most)
	}
	if w := s.post("/join", url.Values{"code": {code}, "name": {"Eve"}}); w.Code != http.StatusTooManyRequests || w.Header().Get("Retry-After") == "" {
		t.Errorf("a right guess behind many wrong ones is %d", w.Code)
	}
	// Somebody else comes in meanwhile.
	r := httptest.NewRequest("POST", "/join", strings.NewReader(url.Values{"code": {code}, "name": {"Ada"}}.Encode()))
	r.Header.Set("Content-Type", formType)
	r.RemoteAddr = "198.51.100.7:1234"
	w := httptest.NewRecorder()
	s.h.ServeHTTP(w, r)
	if w.Header().Get("Location") != "/class/"+id {
		t.Errorf("another network's learner gets %d", w.Code)
	}
}

// Fault 54: what learners call themselves is text wherever it is shown.
func TestStrangeNames(t *testing.T) {
	s := newClassSite(t)
	id, code := s.open("Networks")
	ada := s.join(code, "</script><img src=x onerror=alert(1)>\u202e\x00")
	for path, who := range map[string][]string{"/class/" + id: ada, "/teach/" + id: s.grace} {
		if body := ask(s.h, "GET", path, "", who...).Body.String(); strings.Contains(body, "<img src=x") || strings.ContainsAny(body, "\u202e\x00") || !strings.Contains(body, "&lt;img src=x onerror=alert(1)&gt;") {
			t.Errorf("%s does not show the name as it is", path)
		}
	}
	for _, name := range []string{"", "  ", "\u202e", strings.Repeat("x", 41), "\xff"} {
		if w := s.post("/join", url.Values{"code": {code}, "name": {name}}); w.Code != http.StatusUnprocessableEntity || w.Header()["Set-Cookie"] != nil {
			t.Errorf("the name %q is %d", name, w.Code)
		}
	}
}

// The instructor sees where everybody is, when it changes, and can show what somebody has.
func TestRosterAndSpotlight(t *testing.T) {
	s := newClassSite(t)
	id, code := s.open("Networks")
	ada := s.join(code, "Ada")
	server := httptest.NewServer(s.h)
	defer server.Close()
	r, err := http.NewRequestWithContext(t.Context(), "GET", server.URL+"/api/class/"+id+"/roster", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Cookie", s.grace[1])
	stream, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer stream.Body.Close()
	lines := bufio.NewScanner(stream.Body)
	next := func() (rows []rosterRow) {
		t.Helper()
		for lines.Scan() {
			if data, ok := strings.CutPrefix(lines.Text(), "data: "); ok {
				var news struct{ Rows []rosterRow }
				if err := json.Unmarshal([]byte(data), &news); err != nil {
					t.Fatal(err)
				}
				return news.Rows
			}
		}
		t.Fatal("the stream has ended:", lines.Err())
		return nil
	}
	if rows := next(); len(rows) != 1 || rows[0].Name != "Ada" || rows[0].Run {
		t.Fatalf("the first rows are %+v", rows)
	}
	mine := s.seatOf(id, "Ada")
	if w := s.act(id, `{"kind":"spotlight","member":"`+mine+`"}`); w.Code != http.StatusNotFound {
		t.Errorf("showing a run that is not there is %d", w.Code)
	}
	run, err := share.Encode("client 192.0.2.10:52431 isn 77\nclient connect\n")
	if err != nil {
		t.Fatal(err)
	}
	report := func(body string) int {
		return ask(s.h, "POST", "/api/class/"+id+"/where", body, append([]string{"Content-Type", "application/json"}, ada...)...).Code
	}
	if got := report(`{"lesson":"refused","block":"answer","wrong":3,"run":"` + run + `"}`); got != http.StatusNoContent {
		t.Fatalf("a report is %d", got)
	}
	if rows := next(); len(rows) != 1 || rows[0].Title != "Nobody listens" || rows[0].Wrong != 3 || !rows[0].Stuck || !rows[0].Run {
		t.Errorf("then the rows are %+v", rows)
	}
	s.must(s.act(id, `{"kind":"spotlight","member":"`+mine+`"}`), 200)
	state, err := s.hub.RoomState(t.Context(), id)
	if err != nil || state.Spotlight == nil || state.Spotlight.Name != "Ada" {
		t.Errorf("in the spotlight is %+v, %v", state.Spotlight, err)
	}
	if text, err := s.hub.RoomRun(t.Context(), id); err != nil || !strings.Contains(text, "isn 77") {
		t.Errorf("the run is %q, %v", text, err)
	}
	// What they go on doing is shown.
	more, err := share.Encode("client 192.0.2.10:52431 isn 77\nclient connect\nclient close\n")
	if err != nil {
		t.Fatal(err)
	}
	if got := report(`{"shown":true,"run":"` + more + `"}`); got != http.StatusNoContent {
		t.Errorf("a report of what is shown is %d", got)
	}
	if text, err := s.hub.RoomRun(t.Context(), id); err != nil || !strings.HasSuffix(text, "client close\n") {
		t.Errorf("the run that is shown is %q, %v", text, err)
	}
	for body, want := range map[string]int{
		`{"lesson":"none"}`: 404, `{"shown":true,"run":"?"}`: 400, `{"wrong":-1}`: 400, `{"wrong":1e9}`: 400, `{"x":1}`: 400, `{"block":"` + strings.Repeat("x", 101) + `"}`: 400,
		`{"run":"` + strings.Repeat("x", class.MaxRun+1) + `"}`: 400,
	} {
		if got := report(body); got != want {
			t.Errorf("the report %.40s is %d, want %d", body, got, want)
		}
	}
	slowed := false
	for range 100 {
		slowed = slowed || report(`{}`) == http.StatusTooManyRequests
	}
	if !slowed {
		t.Error("nobody slows a member down who reports without end")
	}
}

// Without a store there are no classes.
func TestNoClasses(t *testing.T) {
	h := newTestSite(t, "/", fstest.MapFS{}).Handler()
	for _, path := range []string{"/join", "/teach", "/class/x"} {
		if w := ask(h, "GET", path, ""); w.Code != http.StatusNotFound {
			t.Errorf("%s is %d", path, w.Code)
		}
	}
}

// Of a learner who was erased nothing is left in a room: neither what they did nor that they drove or were in the spotlight.
func TestErasedFromRoom(t *testing.T) {
	s := newClassSite(t)
	id, code := s.open("Networks")
	ada := s.join(code, "Ada Lovelace")
	s.must(s.act(id, `{"kind":"push","show":"block:refused#refused"}`), 200)
	members, err := s.classes.Members(t.Context(), id)
	if err != nil || len(members) != 1 {
		t.Fatal(members, err)
	}
	s.must(s.act(id, fmt.Sprintf(`{"kind":"drive","drivers":[{"member":%q,"role":"client"}]}`, members[0].ID)), 200)
	run, err := share.Encode("client 192.0.2.10:52431\nclient connect\nstep\n")
	if err != nil {
		t.Fatal(err)
	}
	s.must(ask(s.h, "POST", "/api/class/"+id+"/where", fmt.Sprintf(`{"run":%q}`, run), append([]string{"Content-Type", "application/json"}, ada...)...), 204)
	s.must(s.act(id, fmt.Sprintf(`{"kind":"spotlight","member":%q}`, members[0].ID)), 200)
	erased, err := archive.Erase(t.Context(), s.store, members[0].Learner)
	if err != nil || erased.Acts != 2 {
		t.Errorf("%+v, %v; want two acts", erased, err)
	}
	for i, err := range s.store.Export(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		if !i.Deleted && strings.Contains(string(i.Value), "Lovelace") {
			t.Errorf("left is %s%s: %s", i.Key, i.Log, i.Value)
		}
	}
}

// A question about what comes next in the run is answered by the engine, and one with a number counts all ways to write it as one.
func TestAskWhatComesNext(t *testing.T) {
	s := newClassSite(t)
	id, code := s.open("Networks")
	ada, bob, eve := s.join(code, "Ada"), s.join(code, "Bob"), s.join(code, "Eve")
	answer := func(who []string, question int, value string) *httptest.ResponseRecorder {
		return ask(s.h, "POST", "/api/class/"+id+"/answer", fmt.Sprintf(`{"question":%d,"value":%q}`, question, value), append([]string{"Content-Type", "application/json"}, who...)...)
	}
	histogram := func() string {
		t.Helper()
		s.must(s.act(id, `{"kind":"reveal"}`), 200)
		state, err := s.hub.RoomState(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		return fmt.Sprint(state.Histogram)
	}
	if w := s.act(id, `{"kind":"ask","next":"flags"}`); w.Code != 422 {
		t.Errorf("without a run the answer is %d %s", w.Code, w.Body)
	}
	s.must(s.act(id, `{"kind":"push","scenario":"client 192.0.2.10:52431 isn 1000\nserver 192.0.2.1:80 isn 5000\nserver listen\nclient connect\n"}`), 200)
	s.must(s.act(id, `{"kind":"ask","next":"flags"}`), 200)
	if w := answer(ada, 1, "banana"); w.Code != 422 || !strings.Contains(w.Body.String(), "SYN-ACK") {
		t.Errorf("what names no flags is answered %d %s", w.Code, w.Body)
	}
	s.must(answer(ada, 1, "syn ack"), 204)
	s.must(answer(bob, 1, "SYN-ACK"), 204)
	s.must(answer(eve, 1, "SYN"), 204)
	if got := histogram(); got != "[{SYN-ACK 2 true} {SYN 1 false}]" {
		t.Errorf("the histogram is %s", got)
	}
	// What nobody has foreseen is shown all the same.
	s.must(s.act(id, `{"kind":"ask","next":"server"}`), 200)
	s.must(answer(ada, 2, "listen"), 204)
	if got := histogram(); got != "[{LISTEN 1 false} {SYN-RECEIVED 0 true}]" {
		t.Errorf("the histogram is %s", got)
	}
	if w := s.act(id, `{"kind":"ask","text":"How many?","form":"number","right":"some"}`); w.Code != 422 {
		t.Errorf("a right number that is none is answered %d", w.Code)
	}
	s.must(s.act(id, `{"kind":"ask","text":"How many?","form":"number","right":"1001"}`), 200)
	s.must(answer(ada, 3, "1,001"), 204)
	s.must(answer(bob, 3, "1001"), 204)
	if w := answer(eve, 3, "many"); w.Code != 422 {
		t.Errorf("what is no number is answered %d", w.Code)
	}
	if got := histogram(); got != "[{1001 2 true}]" {
		t.Errorf("the histogram is %s", got)
	}
}
