package web

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/go-chi/chi/v5"

	"github.com/handshakelab/lab/web/account"
	"github.com/handshakelab/lab/web/lti"
	"github.com/handshakelab/lab/web/pages"
	"github.com/handshakelab/lab/web/progress"
	"github.com/handshakelab/lab/web/store"
)

func (s *Site) routesOfLTI(r chi.Router) {
	// The first two come from pages of other sites; what they say is signed, and they are for the browser that has asked.
	r.Get("/lti/login", s.handle(s.ltiLogin))
	r.Post("/lti/login", s.handle(s.ltiLogin))
	r.Post("/lti/launch", s.handle(s.ltiLaunch))
	r.Post("/lti/select", s.handle(s.sameSite(s.ltiSelect)))
	r.Get("/lti/keys", s.handle(s.ltiKeys))
}

const (
	ltiCookie = "lab_lti"
	ltiLasts  = 10 * time.Minute
)

var (
	errLaunch = &Error{Status: http.StatusBadRequest, Code: "launch", Message: "The learning platform's launch is not good, came too late or to another browser. Open the link there once more."}
	errHTTPS  = &Error{Status: http.StatusBadRequest, Code: "https", Message: "A learning platform can launch the lab by https only."}
)

// launchError is what a browser is told; the operator finds the cause in the log.
func (s *Site) launchError(err error) error {
	if !errors.Is(err, lti.ErrLaunch) {
		return err
	}
	s.cfg.Log.Warn("an LTI launch was refused", "error", err)
	return errLaunch
}

func (s *Site) ltiLogin(w http.ResponseWriter, r *http.Request) error {
	if wait := s.limits.address.Take(clientAddress(r)); wait > 0 {
		return tooMany{wait}
	}
	if !account.Secure(r) {
		return errHTTPS
	}
	if _, err := form(r); err != nil {
		return err
	}
	to, secret, err := s.lti.Login(r.Context(), r.Form, s.absolute(r, "lti/launch"))
	if err != nil {
		return s.launchError(err)
	}
	s.accounts.SetSecret(w, account.Framed(r), ltiCookie, secret, ltiLasts)
	w.Header().Set("Cache-Control", "no-store")
	http.Redirect(w, r, to, http.StatusFound)
	return nil
}

// ltiLaunch signs in whom the platform sends: those who teach into their account, others as learners. Both are known by what the platform
// calls them.
func (s *Site) ltiLaunch(w http.ResponseWriter, r *http.Request) error {
	in, err := form(r)
	if err != nil {
		return err
	}
	m, err := s.lti.Launch(r.Context(), in, s.accounts.Secret(r, ltiCookie))
	if err != nil {
		return s.launchError(err)
	}
	framed := account.Framed(r)
	s.accounts.SetSecret(w, framed, ltiCookie, "", 0)
	to := s.target(r, m.Target)
	if m.Teaches {
		acc, err := s.accounts.OfSubject(r.Context(), m.Issuer, m.Subject, m.Names)
		if errors.Is(err, account.ErrNoRole) {
			return &Error{Status: http.StatusForbidden, Code: "role", Message: "Your account here is disabled."}
		}
		if err != nil {
			return err
		}
		if err := s.accounts.Begin(w, framed, acc.ID, false); err != nil {
			return err
		}
		if m.Deep != "" {
			return s.ltiChoose(w, r, m.Deep)
		}
		s.seeOther(w, r, to)
		return nil
	}
	learner, err := s.accounts.EnterLearner(w, framed, m.Issuer, m.Subject)
	if err != nil {
		return err
	}
	if slug, ok := strings.CutPrefix(to, "/lessons/"); ok && m.Line != nil && store.Valid(slug) && s.Course().Find(slug) != nil {
		if err := s.lti.Remember(r.Context(), learner, slug, m.Line); err != nil {
			return err
		}
	}
	s.seeOther(w, r, to)
	return nil
}

// target is the path inside the lab of an address that a platform has; that of the lessons for one that is somewhere else.
func (s *Site) target(r *http.Request, address string) string {
	if rest, ok := strings.CutPrefix(address, s.absolute(r, "")); ok {
		if path := localPath("/" + rest); path != "" {
			return path
		}
	}
	return "/lessons"
}

// ltiChoose asks which lesson a platform should link to.
func (s *Site) ltiChoose(w http.ResponseWriter, r *http.Request, token string) error {
	words := s.language(r)
	return s.show(w, r, http.StatusOK, pages.LTIChoose(pages.LTIChooseData{Page: s.at(words, pages.Elsewhere, words.T("account.lti.choose")), Token: token, Course: s.Course()}))
}

// ltiSelect gives the platform the link to a lesson, by a form that leads back there.
func (s *Site) ltiSelect(w http.ResponseWriter, r *http.Request) error {
	in, err := form(r)
	if err != nil {
		return err
	}
	l := s.Course().Find(in.Get("lesson"))
	if l == nil {
		return errNotFound
	}
	address, signed, err := s.lti.Select(r.Context(), in.Get("token"), l.Title, s.absolute(r, pathOf(l)))
	if err != nil {
		return s.launchError(err)
	}
	u, err := url.Parse(address)
	if err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Security-Policy", strings.Replace(h.Get("Content-Security-Policy"), "form-action 'self'", "form-action "+u.Scheme+"://"+u.Host, 1))
	words := s.language(r)
	return s.show(w, r, http.StatusOK, pages.LTIReturn(pages.LTIReturnData{Page: s.at(words, pages.Elsewhere, l.Title), Address: address, Signed: signed, Host: u.Hostname()}))
}

func (s *Site) ltiKeys(w http.ResponseWriter, r *http.Request) error {
	keys, err := s.lti.Keys(r.Context())
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, keys)
	return nil
}

// inFrames lets pages of platforms show the lab in a frame, apart from the pages where somebody types a password or changes rights.
func (s *Site) inFrames(next http.Handler) http.Handler {
	if s.lti == nil {
		return next
	}
	policy := strings.Replace(headers["Content-Security-Policy"][0], "frame-ancestors 'none'", "frame-ancestors "+strings.Join(s.lti.Ancestors(), " "), 1)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		path := strings.TrimPrefix(r.URL.Path, strings.TrimSuffix(s.cfg.Base, "/"))
		alone := slices.ContainsFunc([]string{"/signin", "/setup", "/account", "/oidc"}, func(p string) bool { return strings.HasPrefix(path, p) })
		if !alone {
			w.Header().Set("Content-Security-Policy", policy)
			w.Header().Del("X-Frame-Options")
		}
		next.ServeHTTP(w, r)
	})
}

// ReturnScores tells platforms how their learners stand, until ctx ends.
func (s *Site) ReturnScores(ctx context.Context) {
	if s.lti == nil {
		return
	}
	kept := progress.New(s.cfg.Store)
	for ctx.Err() == nil {
		s.returnScores(ctx, kept)
		select {
		case <-ctx.Done():
		case <-time.After(time.Second): // the store was away
		}
	}
}

func (s *Site) returnScores(ctx context.Context, kept *progress.Progress) {
	solved := map[[2]string]map[string]bool{} // by learner and lesson
	current := false
	for c, err := range kept.Watch(ctx, progress.Own) {
		switch {
		case err != nil:
			if ctx.Err() == nil {
				s.cfg.Log.Error("scores are not returned for now", "error", err)
			}
			return
		case c.Current:
			current = true
			continue
		case c.Gone || !c.Solved:
			continue
		}
		key := [2]string{c.Learner, c.Lesson}
		if solved[key] == nil {
			solved[key] = map[string]bool{}
		}
		if solved[key][c.Block] {
			continue
		}
		solved[key][c.Block] = true
		l := s.Course().Find(c.Lesson)
		if !current || l == nil {
			continue
		}
		n, of := 0, pages.ExercisesOf(l)
		for _, id := range of {
			if solved[key][id] {
				n++
			}
		}
		if err := s.lti.Score(ctx, c.Learner, c.Lesson, n, len(of)); err != nil && ctx.Err() == nil {
			s.cfg.Log.Error("a score was not returned", "error", err)
		}
	}
}
