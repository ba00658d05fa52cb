// Package progress keeps what learners have done: every attempt in a log of its learner, as it was submitted and graded, and from that
// how each learner stands with each exercise. What stands in the log counts; the rest follows from it, so that nothing is lost between
// the two, whoever is stopped where, and nothing counts twice, however often it is sent.
package progress

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/handshakelab/lab/web/store"
)

// Limits of what is kept of one learner.
const (
	MaxAttempts = 5000     // all together
	MaxTries    = 500      // at one exercise
	MaxAttempt  = 64 << 10 // bytes of one, as JSON
)

// An Attempt is what a learner submits: an answer, or the actions that led to it. It is graded on the server, so that no score can be
// typed.
type Attempt struct {
	ID       string          `json:"id"`              // random, made where the attempt was; the same attempt sent twice is one
	Class    string          `json:"class,omitempty"` // "": the learner's own
	Lesson   string          `json:"lesson"`
	Block    string          `json:"block"`
	Kind     string          `json:"kind"` // "predict", "quiz", "challenge" or "ticket"
	Lang     string          `json:"lang,omitempty"`
	Variant  int             `json:"variant,omitempty"`
	Answer   json.RawMessage `json:"answer,omitempty"`
	Commands json.RawMessage `json:"commands,omitempty"`
	Seen     []int           `json:"seen,omitempty"`
	Before   []int           `json:"before,omitempty"`
	At       int64           `json:"at,omitempty"` // what the clock of the browser said, in Unix milliseconds: a hint, and no more
}

// A Grade is what an attempt was worth.
type Grade struct {
	OK     bool   `json:"ok"`
	Code   string `json:"code,omitempty"`
	Points int    `json:"points"`
	Of     int    `json:"of"` // points that there were to earn
	Steps  int    `json:"steps,omitempty"`
}

// An Entry is an attempt as it stands in the log of its learner.
type Entry struct {
	Attempt
	Grade Grade     `json:"grade"`
	Kept  time.Time `json:"kept"` // by the clock of the server
	Seq   uint64    `json:"-"`
}

// A Standing is how a learner stands with an exercise. It only ever gets better.
type Standing struct {
	Lesson   string    `json:"lesson"`
	Block    string    `json:"block"`
	Kind     string    `json:"kind"`
	Solved   bool      `json:"solved"`
	Best     int       `json:"best"` // points
	Of       int       `json:"of"`
	Attempts int       `json:"attempts"`
	First    time.Time `json:"first"`
	Last     time.Time `json:"last"`

	// IDs are what tells an attempt that counts already: the beginnings of their own.
	IDs []string `json:"ids,omitempty"`
}

// print is so much of an ID of an attempt as makes it one among those at one exercise.
func print(id string) string { return id[:min(len(id), 11)] }

// Counts reports whether an attempt counts already.
func (s *Standing) Counts(id string) bool { return slices.Contains(s.IDs, print(id)) }

// Add lets an attempt count. It makes no difference in which order attempts are added, or how often.
func (s *Standing) Add(e *Entry) {
	if s.Counts(e.ID) {
		return
	}
	s.Lesson, s.Block, s.Kind = e.Lesson, e.Block, e.Kind
	s.Solved = s.Solved || e.Grade.OK
	s.Best, s.Of = max(s.Best, e.Grade.Points), max(s.Of, e.Grade.Of)
	s.Attempts++
	if s.First.IsZero() || e.Kept.Before(s.First) {
		s.First = e.Kept
	}
	if e.Kept.After(s.Last) {
		s.Last = e.Kept
	}
	s.IDs = append(s.IDs, print(e.ID))
}

// Merge takes over what another record of the same learner and exercise knows.
func (s *Standing) Merge(o *Standing) {
	s.Lesson, s.Block, s.Kind = cmp.Or(s.Lesson, o.Lesson), cmp.Or(s.Block, o.Block), cmp.Or(s.Kind, o.Kind)
	s.Solved = s.Solved || o.Solved
	s.Best, s.Of = max(s.Best, o.Best), max(s.Of, o.Of)
	if !o.First.IsZero() && (s.First.IsZero() || o.First.Before(s.First)) {
		s.First = o.First
	}
	if o.Last.After(s.Last) {
		s.Last = o.Last
	}
	for _, id := range o.IDs {
		if !slices.Contains(s.IDs, id) {
			s.IDs = append(s.IDs, id)
		}
	}
	s.Attempts = len(s.IDs)
}

// A Refusal is why an attempt will never be kept.
type Refusal struct{ Code, Message string }

// Error returns the message.
func (r *Refusal) Error() string { return r.Message }

// A Grader says what an attempt is worth. It returns a *Refusal for one that cannot be graded, and another error when it should be tried
// again later.
type Grader func(ctx context.Context, a *Attempt) (Grade, error)

// A Result says what became of an attempt.
type Result struct {
	ID      string `json:"id"`
	Kept    bool   `json:"kept"` // on disk, now or long since
	Code    string `json:"code,omitempty"`
	Message string `json:"message,omitempty"` // why it is not kept
}

// Progress is that of all learners.
type Progress struct {
	store store.Store
	now   func() time.Time
}

// New returns the progress that is kept in s.
func New(s store.Store) *Progress {
	return &Progress{store: s, now: func() time.Time { return time.Now().UTC().Truncate(time.Millisecond) }}
}

// Own stands for a class in the keys of what learners do on their own.
const Own = "none"

// part is a name of a lesson or an exercise in a key.
func part(name string) string { return strings.ReplaceAll(name, "/", "=") }

func logOf(learner string) string   { return store.Key("attempts", learner) }
func markKey(learner string) string { return store.Key("folded", learner) }

func standingKey(learner string, a *Attempt) string {
	return store.Key("progress", cmp.Or(a.Class, Own), learner, part(a.Lesson), part(a.Block))
}

var goodID = regexp.MustCompile(`^[A-Za-z0-9_-]{16,64}$`)

// check says what is wrong with an attempt before anybody looks at its answer.
func (a *Attempt) check() *Refusal {
	switch {
	case !goodID.MatchString(a.ID):
		return &Refusal{"bad_id", "The ID of an attempt must be 16 to 64 letters, digits, hyphens and underscores."}
	case !store.Valid(part(a.Lesson)) || !store.Valid(part(a.Block)):
		return &Refusal{"no_such_block", "There is no such exercise."}
	case a.Class != "" && (!store.Valid(a.Class) || a.Class == Own):
		return &Refusal{"no_such_class", "There is no such class."}
	}
	return nil
}

// A mark says up to where the log of a learner is counted. It is among the passing records because it can be lost: then all is counted
// again, which changes nothing.
type mark struct {
	Seq uint64 `json:"seq"`
	N   int    `json:"n"` // entries up to there
	rev uint64
}

func (p *Progress) mark(ctx context.Context, learner string) (mark, error) {
	m, rev, err := store.GetJSON[mark](ctx, p.store.Passing(), markKey(learner))
	if errors.Is(err, store.ErrNotFound) {
		return mark{}, nil
	}
	m.rev = rev
	return m, err
}

// keepMark writes how far the log is counted. When somebody else was faster, theirs is as good.
func (p *Progress) keepMark(ctx context.Context, learner string, m mark) error {
	err := store.PutJSON(ctx, p.store.Passing(), markKey(learner), m, m.rev)
	if errors.Is(err, store.ErrConflict) {
		return nil
	}
	return err
}

// Submit grades attempts and keeps them, each once. An error is one of the store, or of the grader: what there is no Result for is to be
// sent again.
func (p *Progress) Submit(ctx context.Context, learner string, attempts []Attempt, grade Grader) (done []Result, err error) {
	m, err := p.mark(ctx, learner)
	if err != nil {
		return nil, err
	}
	before := m
	for i := range attempts {
		a := &attempts[i]
		r := Result{ID: a.ID}
		var no *Refusal
		if err = p.submit(ctx, learner, a, &m, grade); errors.As(err, &no) {
			r.Code, r.Message = no.Code, no.Message
			err = nil
		}
		if err != nil {
			break
		}
		r.Kept = no == nil
		done = append(done, r)
	}
	if m.Seq != before.Seq {
		// Nothing hangs on it: whoever comes next counts what this one would have spared them.
		_ = p.keepMark(ctx, learner, m)
	}
	return done, err
}

// submit grades an attempt and keeps it.
func (p *Progress) submit(ctx context.Context, learner string, a *Attempt, m *mark, grade Grader) error {
	if no := a.check(); no != nil {
		return no
	}
	// Whatever class it says, it is counted where the learner is a member.
	if a.Class != "" {
		_, err := p.store.Records().Get(ctx, store.Key("seat", learner, a.Class))
		switch {
		case errors.Is(err, store.ErrNotFound):
			a.Class = ""
		case err != nil:
			return err
		}
	}
	return p.keep(ctx, learner, a, m, func() (*Entry, error) {
		g, err := grade(ctx, a)
		return &Entry{Attempt: *a, Grade: g, Kept: p.now()}, err
	})
}

// keep appends an attempt to the log and lets it count. An entry is appended only right behind the last one that counts, so everything
// in the log up to it has counted then, and none is there twice.
func (p *Progress) keep(ctx context.Context, learner string, a *Attempt, m *mark, entry func() (*Entry, error)) error {
	var e *Entry
	for {
		s, _, err := store.GetJSON[Standing](ctx, p.store.Records(), standingKey(learner, a))
		switch {
		case err != nil && !errors.Is(err, store.ErrNotFound):
			return err
		case s.Counts(a.ID):
			return nil
		case m.N >= MaxAttempts:
			return &Refusal{"too_many", fmt.Sprintf("There are %d attempts already; no more are kept.", MaxAttempts)}
		case s.Attempts >= MaxTries:
			return &Refusal{"too_many", fmt.Sprintf("There are %d attempts at this exercise already; no more are kept.", MaxTries)}
		}
		if e == nil {
			if e, err = entry(); err != nil {
				return err
			}
		}
		data, err := json.Marshal(e)
		if err != nil {
			return err
		}
		if len(data) > MaxAttempt {
			return &Refusal{"too_large", fmt.Sprintf("The attempt has more than %d bytes.", MaxAttempt)}
		}
		seq, err := p.store.Append(ctx, logOf(learner), m.Seq, a.ID, data)
		switch {
		case errors.Is(err, store.ErrConflict):
			if err := p.catchUp(ctx, learner, m); err != nil {
				return err
			}
			continue
		case err != nil:
			return err
		}
		if err := p.count(ctx, learner, e); err != nil {
			return err
		}
		m.Seq, m.N = seq, m.N+1
		return nil
	}
}

// Move lets all attempts of one learner count for another one as well, as they were graded and when they were kept. It can be done again.
func (p *Progress) Move(ctx context.Context, from, to string) error {
	m, err := p.mark(ctx, to)
	if err != nil {
		return err
	}
	for e, err := range p.Entries(ctx, from, 0) {
		if err != nil {
			return err
		}
		err := p.keep(ctx, to, &e.Attempt, &m, func() (*Entry, error) { return e, nil })
		if _, no := errors.AsType[*Refusal](err); err != nil && !no {
			return err
		}
	}
	return p.keepMark(ctx, to, m)
}

// Forget removes all attempts of a learner, and how they stand. It reports how many records and entries of a log that were.
func (p *Progress) Forget(ctx context.Context, learner string) (records, entries int, err error) {
	classes := map[string]bool{Own: true}
	for e, err := range p.Entries(ctx, learner, 0) {
		if err != nil {
			return 0, 0, err
		}
		classes[cmp.Or(e.Class, Own)] = true
		entries++
	}
	seats, err := p.store.Records().List(ctx, store.Key("seat", learner))
	if err != nil {
		return 0, 0, err
	}
	for _, seat := range seats {
		classes[seat.Key[strings.LastIndexByte(seat.Key, '.')+1:]] = true
	}
	for class := range classes {
		list, err := p.store.Records().List(ctx, store.Key("progress", class, learner))
		if err != nil {
			return records, 0, err
		}
		for _, rec := range list {
			if err := p.store.Records().Delete(ctx, rec.Key); err != nil {
				return records, 0, err
			}
			records++
		}
	}
	// The log goes last: as long as it stands, it says what else there is.
	if err := p.store.Erase(ctx, logOf(learner)); err != nil {
		return records, 0, err
	}
	return records, entries, p.store.Passing().Delete(ctx, markKey(learner))
}

// catchUp counts what stands in the log behind a mark: what another device has sent, or one that was stopped before it counted.
func (p *Progress) catchUp(ctx context.Context, learner string, m *mark) error {
	last, err := p.store.Last(ctx, logOf(learner))
	if err != nil {
		return err
	}
	if last <= m.Seq {
		m.Seq = last // what stood behind was struck
		return nil
	}
	for e, err := range p.Entries(ctx, learner, m.Seq) {
		if err != nil {
			return err
		}
		if err := p.count(ctx, learner, e); err != nil {
			return err
		}
		m.Seq, m.N = e.Seq, m.N+1
	}
	return nil
}

// CatchUp lets everything count that stands in the log of a learner. It has something to do only when a server was stopped in the middle.
func (p *Progress) CatchUp(ctx context.Context, learner string) error {
	m, err := p.mark(ctx, learner)
	if err != nil {
		return err
	}
	before := m.Seq
	if err := p.catchUp(ctx, learner, &m); err != nil || m.Seq == before {
		return err
	}
	return p.keepMark(ctx, learner, m)
}

// count lets an entry count in the record of its exercise.
func (p *Progress) count(ctx context.Context, learner string, e *Entry) error {
	return store.ChangeJSON(ctx, p.store.Records(), standingKey(learner, &e.Attempt), func(s *Standing, _ bool) (bool, error) {
		if s.Counts(e.ID) {
			return false, nil
		}
		s.Add(e)
		return true, nil
	})
}

// Entries yields the attempts of a learner behind a place in the log, in the order in which they were kept. An attempt comes once.
func (p *Progress) Entries(ctx context.Context, learner string, after uint64) iter.Seq2[*Entry, error] {
	return func(yield func(*Entry, error) bool) {
		for raw, err := range p.store.Read(ctx, logOf(learner), after) {
			if err != nil {
				yield(nil, err)
				return
			}
			e := &Entry{}
			if err := json.Unmarshal(raw.Data, e); err != nil {
				yield(nil, fmt.Errorf("progress: entry %d of the log of a learner: %w", raw.Seq, err))
				return
			}
			e.Seq = raw.Seq
			if !yield(e, nil) {
				return
			}
		}
	}
}

// Mine is how a learner stands with all exercises, in classes and without, by lesson and then by the ID of the exercise.
func (p *Progress) Mine(ctx context.Context, learner string) (map[string]map[string]*Standing, error) {
	return p.stand(ctx, learner, func(*Entry) bool { return true })
}

// In is Mine as far as it was done in a class.
func (p *Progress) In(ctx context.Context, learner, class string) (map[string]map[string]*Standing, error) {
	return p.stand(ctx, learner, func(e *Entry) bool { return e.Class == class })
}

func (p *Progress) stand(ctx context.Context, learner string, counts func(*Entry) bool) (map[string]map[string]*Standing, error) {
	all := map[string]map[string]*Standing{}
	for e, err := range p.Entries(ctx, learner, 0) {
		if err != nil {
			return nil, err
		}
		if !counts(e) {
			continue
		}
		if all[e.Lesson] == nil {
			all[e.Lesson] = map[string]*Standing{}
		}
		if all[e.Lesson][e.Block] == nil {
			all[e.Lesson][e.Block] = &Standing{}
		}
		all[e.Lesson][e.Block].Add(e)
	}
	return all, nil
}

// Last changes whenever something is added to the attempts of a learner.
func (p *Progress) Last(ctx context.Context, learner string) (uint64, error) {
	return p.store.Last(ctx, logOf(learner))
}

// List returns how all members of a class stand.
func (p *Progress) List(ctx context.Context, class string) ([]Change, error) {
	prefix := store.Key("progress", class)
	recs, err := p.store.Records().List(ctx, prefix)
	if err != nil {
		return nil, err
	}
	list := make([]Change, 0, len(recs))
	for _, rec := range recs {
		parts := strings.Split(strings.TrimPrefix(rec.Key, prefix+"."), ".")
		if len(parts) != 3 {
			continue
		}
		c := Change{Learner: parts[0]}
		if err := json.Unmarshal(rec.Value, &c.Standing); err != nil {
			return nil, fmt.Errorf("progress: the record %s: %w", rec.Key, err)
		}
		list = append(list, c)
	}
	return list, nil
}

// A Change is how a member of a class stands with an exercise now.
type Change struct {
	Learner string
	Standing
	Gone    bool // the record was erased; of the Standing only the names in the key are known, see part
	Current bool // no change: all there were have come
}

// Watch yields how all members of a class stand, then a Change that says so, then each change, until ctx ends.
func (p *Progress) Watch(ctx context.Context, class string) iter.Seq2[Change, error] {
	return func(yield func(Change, error) bool) {
		prefix := store.Key("progress", class)
		for u, err := range p.store.Records().Watch(ctx, prefix) {
			c := Change{Current: u.Current, Gone: u.Deleted}
			if err == nil && !u.Current {
				parts := strings.Split(strings.TrimPrefix(u.Key, prefix+"."), ".")
				if len(parts) != 3 {
					continue // of another version of the lab
				}
				c.Learner = parts[0]
				if u.Deleted {
					c.Lesson, c.Block = strings.ReplaceAll(parts[1], "=", "/"), parts[2]
				} else if err = json.Unmarshal(u.Value, &c.Standing); err != nil {
					err = fmt.Errorf("progress: the record %s: %w", u.Key, err)
				}
			}
			if !yield(c, err) || err != nil {
				return
			}
		}
	}
}
