package lti

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/handshakelab/lab/server/jetstream"
	"github.com/handshakelab/lab/web/store"
)

// A gradeBook takes scores, or refuses them.
type gradeBook struct {
	*httptest.Server
	platform Platform

	mu     sync.Mutex
	broken bool
	scores map[string][]float64 // by user
	came   chan string          // user of each score, also of one that was refused
}

func newGradeBook(t *testing.T) *gradeBook {
	g := &gradeBook{scores: map[string][]float64{}, came: make(chan string, 100)}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /token", func(w http.ResponseWriter, r *http.Request) {
		_, _ = w.Write([]byte(`{"access_token":"a","expires_in":3600}`))
	})
	mux.HandleFunc("POST /line/scores", func(w http.ResponseWriter, r *http.Request) {
		var score struct {
			User  string  `json:"userId"`
			Given float64 `json:"scoreGiven"`
		}
		if err := json.NewDecoder(r.Body).Decode(&score); err != nil {
			t.Error(err)
		}
		g.mu.Lock()
		if g.broken {
			w.WriteHeader(http.StatusBadGateway)
		} else {
			g.scores[score.User] = append(g.scores[score.User], score.Given)
		}
		g.mu.Unlock()
		g.came <- score.User
	})
	g.Server = httptest.NewServer(mux)
	t.Cleanup(g.Close)
	g.platform = Platform{Issuer: "https://school.example", ClientID: "lab", AuthURL: g.URL + "/auth", TokenURL: g.URL + "/token", KeysURL: g.URL + "/keys"}
	return g
}

func (g *gradeBook) breaks(yes bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.broken = yes
}

func (g *gradeBook) line(user string) Line {
	return Line{Issuer: g.platform.Issuer, Client: g.platform.ClientID, Subject: user, URL: g.URL + "/line"}
}

func testStore(t *testing.T) store.Store {
	s, err := jetstream.Open(t.Context(), jetstream.Options{Folder: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

// run starts a node, which stops at the end of the test.
func run(t *testing.T, s store.Store, score Scorer) *Tool {
	tool := New(s, nil, slog.New(slog.DiscardHandler))
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		tool.Run(ctx, score)
	}()
	t.Cleanup(func() { stop(); <-done })
	return tool
}

// eventually waits until something is so.
func eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !is(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("it does not come that %s", what)
		}
	}
}

func kept(t *testing.T, s store.Store, learner string, of Target) delivery {
	t.Helper()
	d, _, err := store.GetJSON[delivery](t.Context(), s.Records(), lineKey(learner, of))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// However many nodes there are, each score comes once.
func TestOneNodeDelivers(t *testing.T) {
	g, s := newGradeBook(t), testStore(t)
	score := func(context.Context, string, Target) (Score, error) { return Score{Given: 1, Of: 2}, nil }
	nodes := []*Tool{run(t, s, score), run(t, s, score), run(t, s, score)}
	if err := nodes[0].Put(t.Context(), g.platform); err != nil {
		t.Fatal(err)
	}
	of := Target{Lesson: "handshake"}
	learners := []string{"ada", "bob", "eve", "joe", "kim", "leo", "mia", "ned"}
	for _, learner := range learners {
		if err := nodes[1].Remember(t.Context(), learner, of, g.line(learner)); err != nil {
			t.Fatal(err)
		}
	}
	for _, learner := range learners {
		eventually(t, "all nodes are through", func() bool { d := kept(t, s, learner, of); return d.next().IsZero() && d.Sent != nil })
		// What has not changed is not told once more.
		if err := nodes[2].Touch(t.Context(), learner, of); err != nil {
			t.Fatal(err)
		}
		eventually(t, "all nodes are through again", func() bool { return kept(t, s, learner, of).next().IsZero() })
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, learner := range learners {
		if got := g.scores[learner]; len(got) != 1 || got[0] != 1 {
			t.Errorf("%s has the scores %v, want one", learner, got)
		}
	}
}

// What cannot be delivered is tried again, by another node too, and given up at last where everybody sees it.
func TestTriesAgain(t *testing.T) {
	g, s := newGradeBook(t), testStore(t)
	score := func(context.Context, string, Target) (Score, error) {
		return Score{Given: 2, Of: 2, Completed: true}, nil
	}
	node, other := run(t, s, score), run(t, s, score)
	if err := node.Put(t.Context(), g.platform); err != nil {
		t.Fatal(err)
	}
	g.breaks(true)
	of := Target{Lesson: "handshake", Block: "why"}
	if err := node.Remember(t.Context(), "ada", of, g.line("ada")); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the fault is known on both nodes", func() bool { return len(node.Troubles()) == 1 && len(other.Troubles()) == 1 })
	d := kept(t, s, "ada", of)
	if d.Sent != nil || d.Tries != 1 || d.Over || !d.Due.After(time.Now()) || d.Fault == "" {
		t.Errorf("after one try there is %+v", d)
	}
	if x := other.Troubles()[0]; x.Learner != "ada" || x.Of != of || x.Line != g.line("ada") {
		t.Errorf("the trouble is told as %+v", x)
	}

	// Two days later.
	late := func(d *delivery) bool {
		d.Since, d.Due = d.Since.Add(-giveUpAfter), time.Now()
		return true
	}
	if err := node.change(t.Context(), lineKey("ada", of), late); err != nil {
		t.Fatal(err)
	}
	eventually(t, "it is given up", func() bool { return len(other.Troubles()) == 1 && other.Troubles()[0].Over })
	if d := kept(t, s, "ada", of); !d.Due.IsZero() || d.Tries != 2 {
		t.Errorf("what is given up is %+v", d)
	}

	g.breaks(false)
	if err := other.TryAgain(t.Context(), g.platform.ID()); err != nil {
		t.Fatal(err)
	}
	eventually(t, "it is delivered", func() bool { d := kept(t, s, "ada", of); return d.Sent != nil && d.next().IsZero() && d.Fault == "" })
	eventually(t, "the trouble is over", func() bool { return len(node.Troubles())+len(other.Troubles()) == 0 })
}

// A score that changes while the old one is on its way is told as well.
func TestChangesMeanwhile(t *testing.T) {
	g, s := newGradeBook(t), testStore(t)
	of := Target{Class: "networks"}
	var mu sync.Mutex
	n, asked := 1, make(chan struct{}, 100)
	var tool *Tool
	tool = run(t, s, func(ctx context.Context, learner string, _ Target) (Score, error) {
		mu.Lock()
		defer mu.Unlock()
		sc := Score{Given: n, Of: 9}
		if n == 1 {
			// An attempt is kept right behind the question.
			n = 2
			if err := tool.Announce(ctx, learner, of); err != nil {
				t.Error(err)
			}
			if err := tool.TouchClass(ctx, of.Class); err != nil {
				t.Error(err)
			}
		}
		asked <- struct{}{}
		return sc, nil
	})
	if err := tool.Put(t.Context(), g.platform); err != nil {
		t.Fatal(err)
	}
	if err := tool.Remember(t.Context(), "ada", of, g.line("ada")); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the newest score is there", func() bool {
		d := kept(t, s, "ada", of)
		return d.next().IsZero() && d.Sent != nil && d.Sent.Given == 2
	})
	g.mu.Lock()
	defer g.mu.Unlock()
	if got := g.scores["ada"]; got[len(got)-1] != 2 {
		t.Errorf("the scores are %v", got)
	}
}

func TestWaitGrows(t *testing.T) {
	for tries := 1; tries < 100; tries++ {
		if a, b := waitAfter(tries), waitAfter(tries+1); a < shortestWait || b < a || b > longestWait {
			t.Errorf("the wait after %d tries is %v, and then %v", tries, a, b)
		}
	}
}

func TestTargets(t *testing.T) {
	for _, of := range []Target{{Lesson: "a"}, {Lesson: "a", Block: "b"}, {Class: "c"}} {
		if learner, got := splitLine(lineKey("x", of)); learner != "x" || got != of || !of.Valid() {
			t.Errorf("%+v becomes %q %+v", of, learner, got)
		}
	}
	for _, of := range []Target{{}, {Lesson: "draft/x"}, {Lesson: "a", Block: "b=c"}, {Class: "=c"}} {
		if of.Valid() {
			t.Errorf("%+v can be a target", of)
		}
	}
}
