package web

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/handshakelab/lab/web/account"
	"github.com/handshakelab/lab/web/account/accounttest"
	"github.com/handshakelab/lab/web/progress"
	"github.com/handshakelab/lab/web/store"
)

// attempt is one at the prediction of classLesson.
func attempt(id, class, answer string) string {
	return fmt.Sprintf(`{"id":"%s-0123456789abcdef","class":%q,"lesson":"refused","block":"answer","kind":"predict","answer":%q}`, id, class, answer)
}

// send submits attempts.
func (s *classSite) send(who []string, attempts ...string) *httptest.ResponseRecorder {
	body := `{"attempts":[` + strings.Join(attempts, ",") + `]}`
	return ask(s.h, "POST", "/api/attempts", body, append([]string{"Content-Type", "application/json"}, who...)...)
}

// progressOf returns what somebody is told of their progress.
func (s *classSite) progressOf(who []string) string {
	s.t.Helper()
	return s.must(ask(s.h, "GET", "/api/progress", "", who...), 200).Body.String()
}

// An attempt is graded here, kept once however often it comes, and nothing that was reached is lost to a later failure.
func TestAttempts(t *testing.T) {
	s := newClassSite(t)
	id, code := s.open("Networks")
	ada := s.join(code, "Ada")

	s.must(s.send(nil, attempt("a1", id, "RST,ACK")), http.StatusUnauthorized)
	for range 2 {
		w := s.must(s.send(ada, attempt("a1", id, "SYN,ACK")), 200)
		if !strings.Contains(w.Body.String(), `{"id":"a1-0123456789abcdef","kept":true}`) {
			t.Errorf("a wrong answer: %s", w.Body)
		}
	}
	if got := s.progressOf(ada); !strings.Contains(got, `"solved":[]`) {
		t.Errorf("a wrong answer counts: %s", got)
	}
	s.must(s.send(ada, attempt("a2", id, "RST,ACK"), attempt("a3", id, "SYN,ACK")), 200)
	if got := s.progressOf(ada); !strings.Contains(got, `"solved":["answer"]`) {
		t.Errorf("the right answer does not count, or a later one took it away: %s", got)
	}
	list, err := s.records.List(t.Context(), id)
	if err != nil || len(list) != 1 || list[0].Attempts != 3 || !list[0].Solved {
		t.Errorf("the class knows %+v, %v; want three attempts at one exercise", list, err)
	}

	// What cannot count is told, and does not stop the others.
	w := s.must(s.send(ada, `{"id":"b1-0123456789abcdef","lesson":"refused","block":"nothing","kind":"predict","answer":"1"}`, attempt("b2", "another-class", "RST,ACK")), 200)
	var out struct{ Results []progress.Result }
	if err := json.Unmarshal(w.Body.Bytes(), &out); err != nil || len(out.Results) != 2 || out.Results[0].Kept || out.Results[0].Message == "" {
		t.Errorf("an exercise that is not there: %s", w.Body)
	}
	many := make([]string, maxBatch+1)
	for i := range many {
		many[i] = attempt(fmt.Sprintf("m%d", i), "", "RST,ACK")
	}
	s.must(s.send(ada, many...), http.StatusBadRequest)
	if w := s.send(append([]string{"Sec-Fetch-Site", "cross-site", "Origin", "https://evil.example"}, ada...), attempt("c1", id, "RST,ACK")); w.Code != http.StatusForbidden {
		t.Errorf("attempts from a page of another site are answered %d", w.Code)
	}
}

// While the store is away the browser is told to come again.
func TestAttemptsStoreAway(t *testing.T) {
	s := newClassSite(t)
	id, code := s.open("Networks")
	ada := s.join(code, "Ada")
	s.store.Close()
	w := s.must(s.send(ada, attempt("a1", id, "RST,ACK")), http.StatusServiceUnavailable)
	if !strings.Contains(w.Body.String(), "not_saved") {
		t.Errorf("without a store: %s", w.Body)
	}
}

// A board and what can be taken from it are for the one whose class it is. A spreadsheet takes nothing in them for a formula.
func TestBoard(t *testing.T) {
	s := newClassSite(t)
	id, code := s.open("Networks")
	eve := s.join(code, `=HYPERLINK("https://evil.example")`)
	s.must(s.send(eve, attempt("a1", id, "RST,ACK")), 200)

	_, cookie := accounttest.SignIn(t, s.store, "Heidi", account.Instructor)
	for _, path := range []string{"/board", "/board/events", "/export/csv", "/export/json", "/export/xapi"} {
		at := "/teach/" + id + path
		for who, headers := range map[string][]string{"another instructor": {"Cookie", cookie.String()}, "a learner": eve} {
			if w := ask(s.h, "GET", at, "", headers...); w.Code == http.StatusOK {
				t.Errorf("%s sees %s", who, path)
			}
		}
	}
	get := func(path string) string {
		return s.must(ask(s.h, "GET", "/teach/"+id+path, "", s.grace...), 200).Body.String()
	}
	if page := get("/board"); !strings.Contains(page, "=HYPERLINK(&#34;https://evil.example&#34;)") || !strings.Contains(page, "Nobody listens") {
		t.Error("the board lacks the member or the lesson")
	}
	rows, err := csv.NewReader(strings.NewReader(get("/export/csv"))).ReadAll()
	if err != nil || len(rows) != 2 || rows[1][1] != `'=HYPERLINK("https://evil.example")` || rows[1][5] != "true" {
		t.Errorf("CSV: %q, %v", rows, err)
	}
	var statements []struct {
		ID    string
		Actor struct {
			ObjectType string
			Account    struct{ HomePage, Name string }
		}
		Verb      struct{ ID string }
		Object    struct{ ID string }
		Timestamp time.Time
	}
	if err := json.Unmarshal([]byte(get("/export/xapi")), &statements); err != nil || len(statements) == 0 {
		t.Fatalf("xAPI: %v", err)
	}
	for _, st := range statements {
		if len(st.ID) != 36 || !strings.HasPrefix(st.Verb.ID, "http") || !strings.HasPrefix(st.Object.ID, "http") || st.Actor.Account.Name == "" ||
			!strings.HasPrefix(st.Actor.Account.HomePage, "http") || st.Timestamp.IsZero() {
			t.Errorf("no statement as xAPI asks for: %+v", st)
		}
	}
	var all any
	if err := json.Unmarshal([]byte(get("/export/json")), &all); err != nil {
		t.Errorf("JSON: %v", err)
	}
	members, err := s.classes.Members(t.Context(), id)
	if err != nil || len(members) != 1 {
		t.Fatal(members, err)
	}
	// Her attempts, and what she did as a run to step through.
	if page := get("/learner/" + members[0].ID); !strings.Contains(page, "RST,ACK") {
		t.Error("the page of a learner lacks the answer")
	}
	var seq uint64
	for e, err := range s.records.Entries(t.Context(), members[0].Learner, 0) {
		if err != nil {
			t.Fatal(err)
		}
		seq = e.Seq
	}
	w := ask(s.h, "GET", fmt.Sprintf("/teach/%s/learner/%s/run/%d", id, members[0].ID, seq), "", s.grace...)
	if to := w.Header().Get("Location"); w.Code != http.StatusSeeOther || !strings.Contains(to, "/sandbox#") {
		t.Errorf("the run of an attempt is %d, at %q", w.Code, to)
	}
}

// BenchmarkBoard opens the board of a class of 30 with 10,000 records.
func BenchmarkBoard(b *testing.B) {
	s := newClassSite(b)
	id, code := s.open("Networks")
	c, err := s.classes.Get(b.Context(), id)
	if err != nil {
		b.Fatal(err)
	}
	var learners []string
	for i := range 30 {
		s.join(code, fmt.Sprintf("Learner %d", i))
	}
	members, err := s.classes.Members(b.Context(), c.ID)
	if err != nil {
		b.Fatal(err)
	}
	for _, m := range members {
		learners = append(learners, m.Learner)
	}
	for i := range 10_000 {
		st := progress.Standing{Lesson: fmt.Sprintf("lesson-%d", i%16), Block: fmt.Sprintf("block-%d", i/240), Kind: "quiz", Solved: true, Attempts: 1, First: time.Now(), Last: time.Now()}
		data, err := json.Marshal(st)
		if err != nil {
			b.Fatal(err)
		}
		key := store.Key("progress", id, learners[i%30], st.Lesson, st.Block)
		if _, err := s.store.Records().Put(b.Context(), key, data, 0); err != nil {
			b.Fatal(err)
		}
	}
	for b.Loop() {
		if w := ask(s.h, "GET", "/teach/"+id+"/board", "", s.grace...); w.Code != http.StatusOK {
			b.Fatal(w.Code)
		}
	}
}
