package web

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/handshakelab/lab/web/account"
	"github.com/handshakelab/lab/web/class"
	"github.com/handshakelab/lab/web/lti"
	"github.com/handshakelab/lab/web/pages"
	"github.com/handshakelab/lab/web/progress"
	"github.com/handshakelab/lab/web/store"
)

func (s *Site) routesOfLTI(r routes) {
	// The first two come from pages of other sites; what they say is signed, and they are for the browser that has asked.
	r.Get("/lti/login", s.handle(s.ltiLogin))
	r.Post("/lti/login", s.handle(s.ltiLogin))
	r.Post("/lti/launch", s.handle(s.ltiLaunch))
	r.post("/lti/select", s.require(account.Instructor, s.ltiSelect))
	r.Get("/lti/keys", s.handle(s.ltiKeys))
	s.routesOfPlatforms(r)
}

const (
	ltiCookie = "lab_lti"
	ltiLasts  = 10 * time.Minute
)

// launchFault says on a page why a launch did not work. Such a page stands in a frame of the platform, as a rule.
func (s *Site) launchFault(w http.ResponseWriter, r *http.Request, status int, why string) error {
	words := s.language(r)
	return s.show(w, r, status, pages.Error(pages.ErrorData{
		Page: s.at(words, pages.Elsewhere, words.T("account.lti.fault")), Status: status, Heading: words.T("account.lti.fault"), Message: words.T("account.lti.fault." + why),
	}))
}

// refuseLaunch tells the browser that a launch is none, and the operator why.
func (s *Site) refuseLaunch(w http.ResponseWriter, r *http.Request, err error) error {
	if !errors.Is(err, lti.ErrLaunch) {
		return err
	}
	s.cfg.Log.Warn("an LTI launch was refused", "error", err)
	return s.launchFault(w, r, http.StatusBadRequest, "launch")
}

func (s *Site) ltiLogin(w http.ResponseWriter, r *http.Request) error {
	if wait := s.limits.address.Take(clientAddress(r)); wait > 0 {
		return tooMany{wait}
	}
	if !account.Secure(r) {
		return s.launchFault(w, r, http.StatusBadRequest, "https")
	}
	if _, err := form(r); err != nil {
		return err
	}
	to, secret, err := s.lti.Login(r.Context(), r.Form, s.absolute(r, "lti/launch"))
	if err != nil {
		return s.refuseLaunch(w, r, err)
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
		return s.refuseLaunch(w, r, err)
	}
	s.accounts.SetSecret(w, account.Framed(r), ltiCookie, "", 0)
	framed := s.accounts.BeginFrame(w, r)
	to, of := s.target(r, m.Target)
	if m.Teaches {
		acc, err := s.accounts.OfSubject(r.Context(), m.Issuer, m.Subject, m.Names)
		if errors.Is(err, account.ErrNoRole) {
			return s.launchFault(w, r, http.StatusForbidden, "disabled")
		}
		if err != nil {
			return err
		}
		if err := s.accounts.Begin(w, framed, acc.ID, false); err != nil {
			return err
		}
		if m.Deep != "" {
			return s.ltiChoose(w, r, m.Deep, acc.ID)
		}
		if of.Class != "" {
			if in, err := s.classes.Get(r.Context(), of.Class); err == nil && leads(&acc, in) {
				to = "teach/" + in.ID
			}
		}
		s.seeOther(w, r, to)
		return nil
	}
	learner, err := s.accounts.EnterLearner(w, framed, m.Issuer, m.Subject)
	if err != nil {
		return err
	}
	if m.Line != nil && of.Valid() {
		if err := s.lti.Remember(r.Context(), learner, of, *m.Line); err != nil {
			return err
		}
	}
	if of.Class != "" {
		to, err = s.enterClass(r.Context(), of.Class, learner, m.Names)
		if errors.Is(err, class.ErrNotFound) || errors.Is(err, class.ErrEnded) || errors.Is(err, class.ErrFull) {
			return s.launchFault(w, r, http.StatusNotFound, "class")
		}
		if err != nil {
			return err
		}
		s.setClassCookie(w, framed, of.Class, attending)
	}
	s.seeOther(w, r, to)
	return nil
}

// enterClass makes a learner a member of a class, by the first of some names that can be one, and returns where they go then. Whoever is
// a member already keeps their name.
func (s *Site) enterClass(ctx context.Context, id, learner string, names []string) (to string, err error) {
	to = "class/" + id
	if _, err = s.classes.Seat(ctx, id, learner); !errors.Is(err, class.ErrNotFound) {
		return to, err
	}
	in, err := s.classes.Get(ctx, id)
	if err != nil {
		return "", err
	}
	for _, name := range names {
		name = class.ClipName(name)
		if !class.ValidName(name) {
			continue
		}
		_, err = s.classes.Join(ctx, in, learner, name)
		return to, err
	}
	if in.Over() {
		return "", class.ErrEnded
	}
	return "join/" + in.Code, nil
}

// target is the path inside the lab of an address that a platform has, and what there is scored; the path of the lessons for one that is
// somewhere else.
func (s *Site) target(r *http.Request, address string) (to string, of lti.Target) {
	rest, inside := strings.CutPrefix(address, s.absolute(r, ""))
	if to = localPath("/" + rest); !inside || to == "" {
		return "/lessons", of
	}
	u, err := url.Parse(to)
	if err != nil {
		return "/lessons", of
	}
	if slug, ok := strings.CutPrefix(u.Path, "/lessons/"); ok {
		if l := s.Course().Find(slug); l != nil {
			of.Lesson = slug
			if slices.Contains(pages.ExercisesOf(l), u.Fragment) {
				of.Block = u.Fragment
			}
		}
	}
	if id, ok := strings.CutPrefix(u.Path, "/class/"); ok && store.Valid(id) {
		of.Class = id
	}
	return to, of
}

// ltiChoose asks what a platform should link to.
func (s *Site) ltiChoose(w http.ResponseWriter, r *http.Request, token, teacher string) error {
	words := s.language(r)
	data := pages.LTIChooseData{Page: s.at(words, pages.Elsewhere, words.T("account.lti.choose")), Token: token, Course: s.Course()}
	list, err := s.classes.Of(r.Context(), teacher)
	if err != nil {
		return err
	}
	for _, c := range list {
		if !c.Over() {
			data.Classes = append(data.Classes, pages.ClassRow{ID: c.ID, Title: c.Title})
		}
	}
	return s.show(w, r, http.StatusOK, pages.LTIChoose(data))
}

// linked is the title and the path of what was chosen to be linked to, or "".
func (s *Site) linked(r *http.Request, link string) (title, to string, err error) {
	kind, what, _ := strings.Cut(link, ":")
	slug, block, _ := strings.Cut(what, "#")
	switch kind {
	case "lesson", "block":
		l := s.Course().Find(slug)
		if l == nil {
			return "", "", nil
		}
		local := l.In(s.language(r).Lang)
		if kind == "lesson" {
			return local.Title, pathOf(l), nil
		}
		for _, it := range pages.Linkables(local) {
			if it.ID == block {
				return it.Title, pathOf(l) + "#" + block, nil
			}
		}
	case "class":
		v, err := s.accounts.Visitor(r)
		if err != nil {
			return "", "", err
		}
		in, err := s.classes.Get(r.Context(), what)
		if errors.Is(err, class.ErrNotFound) || err == nil && (in.Over() || !leads(v.Account, in)) {
			return "", "", nil
		}
		if err != nil {
			return "", "", err
		}
		return in.Title, "class/" + in.ID, nil
	}
	return "", "", nil
}

// ltiSelect gives the platform the link that was chosen, by a form that leads back there.
func (s *Site) ltiSelect(w http.ResponseWriter, r *http.Request) error {
	in, err := form(r)
	if err != nil {
		return err
	}
	title, to, err := s.linked(r, in.Get("link"))
	switch {
	case err != nil:
		return err
	case to == "":
		return errNotFound
	}
	address, signed, err := s.lti.Select(r.Context(), in.Get("token"), title, s.absolute(r, to))
	if err != nil {
		return s.refuseLaunch(w, r, err)
	}
	u, err := url.Parse(address)
	if err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Security-Policy", strings.Replace(h.Get("Content-Security-Policy"), "form-action 'self'", "form-action "+u.Scheme+"://"+u.Host, 1))
	words := s.language(r)
	return s.show(w, r, http.StatusOK, pages.LTIReturn(pages.LTIReturnData{Page: s.at(words, pages.Elsewhere, title), Address: address, Signed: signed, Host: u.Hostname()}))
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
	alone := []string{"/signin", "/setup", "/account", "/platforms", "/oidc"}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ancestors := s.lti.Ancestors()
		path := s.path(r)
		if ancestors != "" && !slices.ContainsFunc(alone, func(p string) bool { return strings.HasPrefix(path, p) }) {
			h := w.Header()
			h.Set("Content-Security-Policy", policy+ancestors)
			h.Del("X-Frame-Options")
		}
		next.ServeHTTP(w, r)
	})
}

// score is how a learner stands with what their platform links to: with a lesson by the exercises that are solved, with an exercise by its
// points, and with a class by the exercises of all lessons that somebody in it has been at.
func (s *Site) score(ctx context.Context, learner string, of lti.Target) (sc lti.Score, err error) {
	var stands map[string]map[string]*progress.Standing
	if of.Class != "" {
		stands, err = s.records.In(ctx, learner, of.Class)
	} else {
		stands, err = s.records.Mine(ctx, learner)
	}
	if err != nil || len(stands) == 0 {
		return sc, err
	}
	switch {
	case of.Class != "":
		slugs, over, err := s.records.coverage(ctx, s.classes, of.Class)
		if err != nil {
			return sc, err
		}
		for _, slug := range slugs {
			n, all := s.solved(slug, stands)
			sc.Given, sc.Of = sc.Given+n, sc.Of+all
		}
		sc.Completed = over
	case of.Block != "":
		if st := stands[of.Lesson][of.Block]; st != nil {
			sc = lti.Score{Given: st.Best, Of: st.Of, Completed: st.Solved}
		}
		return sc, nil
	case len(stands[of.Lesson]) > 0:
		sc.Given, sc.Of = s.solved(of.Lesson, stands)
	}
	sc.Completed = sc.Completed || sc.Given == sc.Of
	return sc, nil
}

// solved counts the exercises of a lesson that are solved, and all of them.
func (s *Site) solved(slug string, stands map[string]map[string]*progress.Standing) (n, of int) {
	l := s.Course().Find(slug)
	if l == nil {
		return 0, 0
	}
	all := pages.ExercisesOf(l)
	for _, id := range all {
		if st := stands[slug][id]; st != nil && st.Solved {
			n++
		}
	}
	return n, len(all)
}

// scored are the targets whose scores attempts can change; none of a learner whom no platform has sent.
func (s *Site) scored(ctx context.Context, learner string, attempts []progress.Attempt) ([]lti.Target, error) {
	if known, err := s.accounts.IsSubject(ctx, learner); !known || err != nil {
		return nil, err
	}
	var list []lti.Target
	for i := range attempts {
		a := &attempts[i]
		for _, of := range []lti.Target{{Lesson: a.Lesson}, {Lesson: a.Lesson, Block: a.Block}, {Class: a.Class}} {
			if of != (lti.Target{}) && of.Valid() && !slices.Contains(list, of) {
				list = append(list, of)
			}
		}
	}
	return list, nil
}
