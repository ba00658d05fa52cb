package web

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/handshakelab/lab/web/account"
	"github.com/handshakelab/lab/web/archive"
	"github.com/handshakelab/lab/web/class"
	"github.com/handshakelab/lab/web/pages"
	"github.com/handshakelab/lab/web/progress"
	"github.com/handshakelab/lab/web/store"
)

func (s *Site) routesOfMine(r routes) {
	r.get("/progress", s.minePage)
	r.get("/progress/download", s.download)
	r.post("/progress/keep", s.keepMine)
	r.post("/progress/code", s.makeCode)
	r.post("/progress/recover", s.recoverMine)
	r.post("/progress/leave", s.leaveMine)
	r.post("/progress/erase", s.eraseMine)
}

// What was done, as the address of the page says it behind a form.
var doneWords = map[string]string{"kept": "record.done.kept", "recovered": "record.done.recovered", "left": "record.done.left", "erased": "record.done.erased"}

func (s *Site) minePage(w http.ResponseWriter, r *http.Request) error {
	done := r.URL.Query().Get("done")
	var d pages.ProgressData
	if key := doneWords[done]; key != "" {
		d.Done = s.language(r).T(key)
	}
	return s.showMine(w, r, http.StatusOK, d)
}

func (s *Site) showMine(w http.ResponseWriter, r *http.Request, status int, d pages.ProgressData) error {
	words := s.language(r)
	v, err := s.accounts.Visitor(r)
	if err != nil {
		return err
	}
	d.Page = s.at(words, pages.Elsewhere, words.T("record.mine"))
	d.Kept = v.Learner != ""
	if d.Kept {
		if d.HasCode, err = s.accounts.HasRecoveryCode(r.Context(), v.Learner); err != nil {
			return err
		}
		all, err := s.records.Mine(r.Context(), v.Learner)
		if err != nil {
			return err
		}
		d.Lessons = s.standings(all)
	}
	return s.show(w, r, status, pages.Progress(d))
}

// standings are the lessons somebody has been at, in the order of the course.
func (s *Site) standings(all map[string]map[string]*progress.Standing) []pages.ProgressRow {
	var rows []pages.ProgressRow
	for slug, blocks := range all {
		rows = append(rows, pages.ProgressRow{Tally: s.tally(slug, blocks), Lesson: s.lesson(slug), Name: slug, Last: day(lastOf(blocks))})
	}
	order := s.inOrder()
	slices.SortFunc(rows, func(a, b pages.ProgressRow) int { return order(a.Name, b.Name) })
	return rows
}

// lastOf is when somebody was at any of some exercises last.
func lastOf(blocks map[string]*progress.Standing) (last time.Time) {
	for _, st := range blocks {
		if st.Last.After(last) {
			last = st.Last
		}
	}
	return last
}

// keepMine is how somebody says that their progress is to be kept.
func (s *Site) keepMine(w http.ResponseWriter, r *http.Request) error {
	learner, err := s.accounts.Enroll(w, r)
	if err != nil {
		return err
	}
	if err := s.accounts.Seen(r.Context(), learner, time.Now()); err != nil {
		return err
	}
	s.seeOther(w, r, "progress?done=kept")
	return nil
}

// visitor is the learner who sends a form of their page; "" after it has led them back there.
func (s *Site) formLearner(w http.ResponseWriter, r *http.Request) (string, error) {
	v, err := s.accounts.Visitor(r)
	if err == nil && v.Learner == "" {
		s.seeOther(w, r, "progress")
	}
	return v.Learner, err
}

func (s *Site) makeCode(w http.ResponseWriter, r *http.Request) error {
	learner, err := s.formLearner(w, r)
	if err != nil || learner == "" {
		return err
	}
	// Each costs a few writes.
	if s.records.codes.Take(learner) > 0 {
		return errOften
	}
	code, err := s.accounts.NewRecoveryCode(r.Context(), learner)
	if err != nil {
		return err
	}
	return s.showMine(w, r, http.StatusOK, pages.ProgressData{Code: code})
}

var errOften = &Error{Status: http.StatusTooManyRequests, Code: "slow_down", Message: "That was too often; wait a moment.", Words: "page.fault.often"}

// recoverMine brings somebody's progress to this browser, and what was done here to it.
func (s *Site) recoverMine(w http.ResponseWriter, r *http.Request) error {
	in, err := form(r)
	if err != nil {
		return err
	}
	words, typed := s.language(r), in.Get("code")
	if s.records.codes.Take(clientAddress(r)) > 0 {
		return s.showMine(w, r, http.StatusTooManyRequests, pages.ProgressData{Typed: clip(typed), Field: "code", Fault: words.T("record.code.often")})
	}
	learner, err := s.accounts.ByRecoveryCode(r.Context(), typed)
	if errors.Is(err, account.ErrCode) {
		return s.showMine(w, r, http.StatusUnprocessableEntity, pages.ProgressData{Typed: clip(typed), Field: "code", Fault: words.T("record.code.wrong")})
	}
	if err != nil {
		return err
	}
	v, err := s.accounts.Visitor(r)
	if err != nil {
		return err
	}
	if before := v.Learner; before != "" && before != learner {
		// Attempts are counted in a class only for its members, so the seats go first.
		if err := s.classes.Move(r.Context(), before, learner); err != nil {
			return err
		}
		if err := s.records.Move(r.Context(), before, learner); err != nil {
			return err
		}
	}
	if err := s.accounts.Adopt(w, r, learner); err != nil {
		return err
	}
	if before := v.Learner; before != "" && before != learner {
		if _, err := archive.Erase(r.Context(), s.cfg.Store, before); err != nil {
			// All of it is with the other one already.
			s.cfg.Log.Error("what was moved to another learner is still there", "error", err)
		}
	}
	s.seeOther(w, r, "progress?done=recovered")
	return nil
}

// forgetCookie tells the page that comes next to take what is left out of this browser.
const forgetCookie = "lab_forget"

func (s *Site) leave(w http.ResponseWriter, r *http.Request) error {
	if err := s.accounts.Leave(w, r); err != nil {
		return err
	}
	account.SetCookie(w, r, &http.Cookie{Name: forgetCookie, Value: "1", Path: s.cfg.Base, MaxAge: 60, SameSite: http.SameSiteStrictMode})
	s.setClassCookie(w, r, "", -time.Second)
	return nil
}

func (s *Site) leaveMine(w http.ResponseWriter, r *http.Request) error {
	if err := s.leave(w, r); err != nil {
		return err
	}
	s.seeOther(w, r, "progress?done=left")
	return nil
}

func (s *Site) eraseMine(w http.ResponseWriter, r *http.Request) error {
	in, err := form(r)
	if err != nil {
		return err
	}
	if in.Get("sure") != "yes" {
		return s.showMine(w, r, http.StatusUnprocessableEntity, pages.ProgressData{Field: "sure", Fault: s.language(r).T("record.erase.unsure")})
	}
	learner, err := s.formLearner(w, r)
	if err != nil || learner == "" {
		return err
	}
	erased, err := archive.Erase(r.Context(), s.cfg.Store, learner)
	if err != nil {
		return err
	}
	s.cfg.Log.Info("a learner has erased themselves", "attempts", erased.Attempts, "classes", erased.Classes)
	if err := s.leave(w, r); err != nil {
		return err
	}
	s.seeOther(w, r, "progress?done=erased")
	return nil
}

// A myData is all that is kept of somebody, for themselves.
type myData struct {
	Learner  string            `json:"learner"`
	Classes  []myClass         `json:"classes"`
	Attempts []*progress.Entry `json:"attempts"`
	Progress any               `json:"progress"`
}

type myClass struct {
	Class  string    `json:"class"`
	Title  string    `json:"title,omitempty"`
	Name   string    `json:"name"`
	Joined time.Time `json:"joined"`
}

// classesOf are the classes that a learner is a member of.
func (s *Site) classesOf(ctx context.Context, learner string) ([]myClass, error) {
	prefix := store.Key("seat", learner)
	seats, err := s.cfg.Store.Records().List(ctx, prefix)
	if err != nil {
		return nil, err
	}
	list := []myClass{}
	for _, seat := range seats {
		id := strings.TrimPrefix(seat.Key, prefix+".")
		m, err := s.classes.Member(ctx, id, string(seat.Value))
		if errors.Is(err, class.ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		mine := myClass{Class: id, Name: m.Name, Joined: m.Joined}
		if in, err := s.classes.Get(ctx, id); err == nil {
			mine.Title = in.Title
		}
		list = append(list, mine)
	}
	return list, nil
}

func (s *Site) download(w http.ResponseWriter, r *http.Request) error {
	v, err := s.accounts.Visitor(r)
	switch {
	case err != nil:
		return err
	case v.Learner == "":
		s.seeOther(w, r, "progress")
		return nil
	case s.records.exports.Take(v.Learner) > 0:
		return errOften
	}
	d := myData{Learner: v.Learner, Classes: []myClass{}, Attempts: []*progress.Entry{}}
	for e, err := range s.records.Entries(r.Context(), v.Learner, 0) {
		if err != nil {
			return err
		}
		d.Attempts = append(d.Attempts, e)
	}
	if d.Progress, err = s.records.Mine(r.Context(), v.Learner); err != nil {
		return err
	}
	if d.Classes, err = s.classesOf(r.Context(), v.Learner); err != nil {
		return err
	}
	return writeDownload(w, "application/json", "my-progress.json", d)
}
