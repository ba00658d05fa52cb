package web

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/handshakelab/lab/web/limit"
	"github.com/handshakelab/lab/web/live"
	"github.com/handshakelab/lab/web/progress"
)

// A keeper keeps what learners do.
type keeper struct {
	*progress.Progress
	sending *limit.Limiter // attempts, by learner
	codes   *limit.Limiter // recovery codes that were typed, by address
	exports *limit.Limiter // downloads of everything, by account

	mu      sync.Mutex
	covered map[string]*coverage // by class
}

// coverageLasts is how long it is taken for granted at which lessons a class has been.
const coverageLasts = 10 * time.Second

// A coverage is at which lessons a class has been. It is looked for in all that its members did.
type coverage struct {
	made    time.Time
	lessons []string
}

// coverage returns the lessons that somebody in a class has been at, as they were a moment ago, and whether the class has ended.
func (k *keeper) coverage(ctx context.Context, classes *classroom, id string) (lessons []string, over bool, err error) {
	in, err := classes.Get(ctx, id)
	if err != nil {
		return nil, false, err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if c := k.covered[id]; c != nil && time.Since(c.made) < coverageLasts && !in.Over() {
		return c.lessons, false, nil
	}
	list, err := k.List(ctx, id)
	if err != nil {
		return nil, false, err
	}
	for i := range list {
		if slug := list[i].Lesson; !slices.Contains(lessons, slug) {
			lessons = append(lessons, slug)
		}
	}
	maps.DeleteFunc(k.covered, func(_ string, c *coverage) bool { return time.Since(c.made) >= coverageLasts })
	k.covered[id] = &coverage{time.Now(), lessons}
	return lessons, in.Over(), nil
}

func newKeeper(p *progress.Progress) *keeper {
	return &keeper{
		Progress: p, covered: map[string]*coverage{},
		// Whoever comes back from a journey brings the work of weeks along.
		sending: limit.New(time.Second, 300),
		// A school is one address; a guesser would need more than all time there is.
		codes:   limit.New(2*time.Second, 60),
		exports: limit.New(2*time.Second, 20),
	}
}

func (s *Site) routesOfRecords(r routes) {
	r.post("/api/attempts", s.attempts)
	r.get("/api/progress", s.progressNow)
	s.routesOfMine(r)
	s.routesOfBoard(r)
}

// maxBatch is how many attempts one request has at most.
const maxBatch = 50

// A batch is what a browser sends of what was done in it.
type batch struct {
	Attempts []progress.Attempt `json:"attempts"`
}

var (
	errNobody = &Error{Status: http.StatusUnauthorized, Code: "nobody", Message: "Nothing is kept of you yet.", Words: "page.fault.nobody"}
	errAway   = &Error{Status: http.StatusServiceUnavailable, Code: "not_saved", Message: "It cannot be saved now; it will be tried again.", Words: "page.fault.later"}
)

// attempts answers POST api/attempts: each attempt is graded here and kept once. The answer has a result for each that is settled; the others
// are to be sent again.
func (s *Site) attempts(w http.ResponseWriter, r *http.Request) error {
	var b batch
	if err := readJSON(r, &b); err != nil {
		return err
	}
	if len(b.Attempts) > maxBatch {
		return badField("attempts", "a list of at most %d", maxBatch)
	}
	v, err := s.accounts.Visitor(r)
	if err != nil {
		s.cfg.Log.Error("the store is away", "error", err)
		return errAway
	}
	if v.Learner == "" {
		return errNobody
	}
	for i := range b.Attempts {
		if s.records.sending.Take(v.Learner) > 0 {
			b.Attempts = b.Attempts[:i]
			break
		}
	}
	results := []progress.Result{}
	if len(b.Attempts) > 0 {
		if err := s.accounts.Seen(r.Context(), v.Learner, time.Now()); err != nil {
			s.cfg.Log.Warn("it cannot be noted when a learner was there", "error", err)
		}
		scored, err := s.scored(r.Context(), v.Learner, b.Attempts)
		for _, of := range scored {
			err = errors.Join(err, s.lti.Announce(r.Context(), v.Learner, of))
		}
		if err != nil {
			s.cfg.Log.Error("the store is away", "error", err)
			return errAway
		}
		done, err := s.records.Submit(r.Context(), v.Learner, b.Attempts, s.grade)
		for _, of := range scored {
			// The announcement stands: in a moment somebody looks in any case.
			if err := s.lti.Touch(r.Context(), v.Learner, of); err != nil {
				s.cfg.Log.Warn("a platform hears of a score a little later", "error", err)
			}
		}
		if err != nil {
			s.cfg.Log.Error("attempts cannot be kept", "kept", len(done), "of", len(b.Attempts), "error", err)
			if len(done) == 0 {
				w.Header().Set("Retry-After", "5")
				return errAway
			}
		}
		results = append(results, done...)
	} else {
		w.Header().Set("Retry-After", "10")
		return &Error{Status: http.StatusTooManyRequests, Code: "slow_down", Message: "These are too many attempts at once; the rest comes later."}
	}
	writeJSON(w, http.StatusOK, map[string]any{"results": results})
	return nil
}

// grade plays an attempt, or compares its answer.
func (s *Site) grade(ctx context.Context, a *progress.Attempt) (progress.Grade, error) {
	if strings.HasPrefix(a.Lesson, "draft/") {
		return progress.Grade{}, &progress.Refusal{Code: "draft", Message: "Attempts at a draft are not kept."}
	}
	in := answer{Lesson: a.Lesson, Block: a.Block, Lang: a.Lang, Kind: a.Kind, Variant: a.Variant, Answer: a.Answer, Seen: a.Seen, Before: a.Before}
	if len(a.Commands) > 0 {
		var err error
		if in.Commands, err = commandsOf(a); err != nil {
			return progress.Grade{}, &progress.Refusal{Code: "bad_field", Message: "The commands must be a list of commands."}
		}
	}
	_, g, err := s.judge(ctx, &in)
	var e *Error
	if errors.As(err, &e) && e.Code != string(live.SlowDown) && ctx.Err() == nil {
		return g, &progress.Refusal{Code: e.Code, Message: e.Message}
	}
	return g, err
}

func commandsOf(a *progress.Attempt) (commands []live.Do, err error) {
	err = json.Unmarshal(a.Commands, &commands)
	return commands, err
}

// A lessonNow is how far somebody is in a lesson.
type lessonNow struct {
	Lesson string         `json:"lesson"`
	Of     int            `json:"of"` // exercises
	Solved []string       `json:"solved"`
	Points map[string]int `json:"points,omitempty"`
}

// progressNow answers GET api/progress: how far somebody is, as all their browsers have told. It is asked often and changes rarely.
func (s *Site) progressNow(w http.ResponseWriter, r *http.Request) error {
	v, err := s.accounts.Visitor(r)
	switch {
	case err != nil:
		return errAway
	case v.Learner == "":
		return errNobody
	}
	end, err := s.records.Last(r.Context(), v.Learner)
	if err != nil {
		return errAway
	}
	tag := fmt.Sprintf(`"%s-%d"`, v.Learner, end)
	h := w.Header()
	h.Set("ETag", tag)
	h.Set("Cache-Control", "private, no-cache")
	h.Set("Vary", "Cookie")
	if r.Header.Get("If-None-Match") == tag {
		w.WriteHeader(http.StatusNotModified)
		return nil
	}
	all, err := s.records.Mine(r.Context(), v.Learner)
	if err != nil {
		return err
	}
	out, last := []lessonNow{}, map[string]time.Time{}
	for slug, blocks := range all {
		now := lessonNow{Lesson: slug, Of: s.tally(slug, blocks).Of, Solved: []string{}, Points: map[string]int{}}
		last[slug] = lastOf(blocks)
		for id, st := range blocks {
			if st.Solved {
				now.Solved = append(now.Solved, id)
				now.Points[id] = st.Best
			}
		}
		slices.Sort(now.Solved)
		out = append(out, now)
	}
	// The one that was read last stands last.
	slices.SortFunc(out, func(a, b lessonNow) int {
		return cmp.Or(last[a.Lesson].Compare(last[b.Lesson]), cmp.Compare(a.Lesson, b.Lesson))
	})
	body, err := json.Marshal(map[string]any{"lessons": out})
	if err != nil {
		return err
	}
	h.Set("Content-Type", "application/json")
	_, _ = w.Write(body)
	return nil
}
