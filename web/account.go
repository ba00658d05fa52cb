package web

import (
	"bytes"
	"errors"
	"math"
	"net/http"
	"net/url"
	"path"
	"strconv"
	"strings"
	"time"

	"github.com/a-h/templ"
	"github.com/go-chi/chi/v5"

	"github.com/handshakelab/lab/web/account"
	"github.com/handshakelab/lab/web/i18n"
	"github.com/handshakelab/lab/web/pages"
	"github.com/handshakelab/lab/web/store"
)

func (s *Site) routesOfAccounts(r routes) {
	r.get("/setup/{token}", s.setupPage)
	r.post("/setup/{token}", s.setup)
	r.get("/signin", s.signInPage)
	r.post("/signin", s.signIn)
	r.post("/signout", s.signOut)
	r.get("/account", s.require(account.Instructor, s.accountPage))
	r.post("/account/password", s.require(account.Instructor, s.changePassword))
	r.post("/account/signout", s.require(account.Instructor, s.signOutEverywhere))
	r.get("/accounts", s.require(account.Admin, s.accountsPage))
	r.post("/accounts/invite", s.require(account.Admin, s.invite))
	r.post("/accounts/{id}/{do}", s.require(account.Admin, s.changeAccount))
	if s.provider != nil {
		s.routesOfOIDC(r)
	}
	s.routesOfLTI(r)
}

// require lets only those through who are signed in with a role that includes the given one. Others are led to where they sign in, and
// come back from there. The handler finds the account by s.accounts.Visitor, which does not ask the store again.
func (s *Site) require(role account.Role, next handler) handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		v, err := s.accounts.Visitor(r)
		if err != nil {
			return err
		}
		w.Header().Set("Cache-Control", "no-store")
		switch {
		case v.Account != nil && v.Account.Role.Includes(role):
			return next(w, account.With(r, v))
		case v.Account != nil:
			return &Error{Status: http.StatusForbidden, Code: "role", Message: "Your account may not do this."}
		case wantsJSON(r):
			return &Error{Status: http.StatusUnauthorized, Code: "signin", Message: "Sign in first."}
		}
		to := "signin"
		if r.Method == http.MethodGet || r.Method == http.MethodHead {
			to += "?" + url.Values{"next": {r.URL.RequestURI()}}.Encode()
		}
		s.seeOther(w, r, to)
		return nil
	}
}

// wantsJSON reports whether a script asks, not a page.
func wantsJSON(r *http.Request) bool {
	return strings.HasPrefix(r.URL.Path, "/api/") || strings.Contains(r.Header.Get("Accept"), "application/json")
}

// seeOther leads to a path inside the lab.
func (s *Site) seeOther(w http.ResponseWriter, r *http.Request, to string) {
	w.Header().Set("Cache-Control", "no-store")
	http.Redirect(w, r, s.cfg.Base+strings.TrimPrefix(to, "/"), http.StatusSeeOther)
}

// localPath is a path inside the lab that came from outside, or "" when it is something else.
func localPath(next string) string {
	u, err := url.Parse(next)
	if err != nil || u.Scheme != "" || u.Host != "" || u.User != nil || u.Opaque != "" || !strings.HasPrefix(u.Path, "/") ||
		path.Clean(u.Path) != u.Path || strings.ContainsFunc(next, func(c rune) bool { return c <= ' ' || c == '\\' || c == 0x7f }) {
		return ""
	}
	return next
}

// show answers with a page that is made for one reader.
func (s *Site) show(w http.ResponseWriter, r *http.Request, status int, page templ.Component) error {
	var b bytes.Buffer
	if err := page.Render(r.Context(), &b); err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Type", htmlType)
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Language", s.language(r).Lang)
	w.WriteHeader(status)
	_, _ = w.Write(b.Bytes())
	return nil
}

// form reads the fields of a form.
func form(r *http.Request) (url.Values, error) {
	if err := r.ParseForm(); err != nil {
		var tooLarge *http.MaxBytesError
		if errors.As(err, &tooLarge) {
			return nil, &Error{Status: http.StatusRequestEntityTooLarge, Code: "too_large", Message: "The form is too large."}
		}
		return nil, &Error{Status: http.StatusBadRequest, Code: "bad_form", Message: "The form cannot be read."}
	}
	return r.PostForm, nil
}

// A refusal says what is wrong with a form, and with which field.
type refusal struct {
	status      int
	text, field string
}

// refused puts an error of the accounts in words; nil for one that is ours.
func refused(w http.ResponseWriter, words *i18n.Catalog, err error) *refusal {
	var wait account.WaitError
	switch {
	case errors.As(err, &wait):
		seconds := int(math.Ceil(wait.Wait.Seconds()))
		w.Header().Set("Retry-After", strconv.Itoa(seconds))
		return &refusal{http.StatusTooManyRequests, words.T("account.fault.wait", "n", seconds), ""}
	case errors.Is(err, account.ErrBusy):
		w.Header().Set("Retry-After", "2")
		return &refusal{http.StatusServiceUnavailable, words.T("account.fault.busy"), ""}
	case errors.Is(err, account.ErrName):
		return &refusal{http.StatusUnprocessableEntity, words.T("account.fault.name", "n", account.MaxName), "name"}
	case errors.Is(err, account.ErrTaken):
		return &refusal{http.StatusUnprocessableEntity, words.T("account.fault.taken"), "name"}
	case errors.Is(err, account.ErrPassword):
		return &refusal{http.StatusUnprocessableEntity, words.T("account.fault.password", "n", account.MinPassword), "password"}
	case errors.Is(err, errRepeat):
		return &refusal{http.StatusUnprocessableEntity, words.T("account.fault.again"), "again"}
	case errors.Is(err, account.ErrWrong):
		return &refusal{http.StatusUnprocessableEntity, words.T("account.fault.wrong"), "old"}
	}
	return nil
}

var errRepeat = errors.New("the password was not repeated as it was")

func (s *Site) setupPage(w http.ResponseWriter, r *http.Request) error {
	return s.showSetup(w, r, "", nil)
}

// showSetup shows what a one-time link is good for.
func (s *Site) showSetup(w http.ResponseWriter, r *http.Request, name string, fault *refusal) error {
	words := s.language(r)
	data := pages.SetupData{Page: s.at(words, pages.Elsewhere, words.T("account.setup")), Token: chi.URLParam(r, "token"), Name: name, MinPassword: account.MinPassword}
	link, err := s.accounts.Link(r.Context(), data.Token)
	status := http.StatusOK
	switch {
	case errors.Is(err, account.ErrLink):
		data.Dead, status = true, http.StatusGone
	case err != nil:
		return err
	case link.Account != "":
		acc, err := s.accounts.Get(r.Context(), link.Account)
		if errors.Is(err, store.ErrNotFound) {
			data.Dead, status = true, http.StatusGone
			break
		}
		if err != nil {
			return err
		}
		data.Name, data.Renew = acc.Name, true
		data.Title = words.T("account.renew")
	default:
		data.First, data.Role = link.First, string(link.Role)
	}
	if fault != nil && status == http.StatusOK {
		data.Fault, data.Field, status = fault.text, fault.field, fault.status
	}
	return s.show(w, r, status, pages.Setup(data))
}

// setup uses a one-time link and signs its user in.
func (s *Site) setup(w http.ResponseWriter, r *http.Request) error {
	in, err := form(r)
	if err != nil {
		return err
	}
	var acc account.Account
	if in.Get("password") != in.Get("again") {
		err = errRepeat
	} else {
		acc, err = s.accounts.Redeem(r.Context(), chi.URLParam(r, "token"), in.Get("name"), in.Get("password"))
	}
	if err != nil {
		fault := refused(w, s.language(r), err)
		if fault == nil && !errors.Is(err, account.ErrLink) {
			return err
		}
		return s.showSetup(w, r, in.Get("name"), fault)
	}
	if err := s.accounts.Begin(w, r, acc.ID, false); err != nil {
		return err
	}
	s.cfg.Log.Info("an account was set up", "account", acc.ID, "role", acc.Role)
	s.seeOther(w, r, afterSignIn)
	return nil
}

// afterSignIn is where those who teach begin.
const afterSignIn = "teach"

func (s *Site) signInPage(w http.ResponseWriter, r *http.Request) error {
	v, err := s.accounts.Visitor(r)
	if err != nil {
		return err
	}
	next := localPath(r.URL.Query().Get("next"))
	if v.Account != nil {
		if next == "" {
			next = afterSignIn
		}
		s.seeOther(w, r, next)
		return nil
	}
	return s.showSignIn(w, r, pages.SignInData{Next: next}, nil)
}

func (s *Site) showSignIn(w http.ResponseWriter, r *http.Request, data pages.SignInData, fault *refusal) error {
	words := s.language(r)
	data.Page = s.at(words, pages.Elsewhere, words.T("account.signin"))
	if s.provider != nil {
		data.Provider = s.provider.Host()
	}
	status := http.StatusOK
	if fault != nil {
		data.Fault, status = fault.text, fault.status
	}
	return s.show(w, r, status, pages.SignIn(data))
}

func (s *Site) signIn(w http.ResponseWriter, r *http.Request) error {
	in, err := form(r)
	if err != nil {
		return err
	}
	next, keep := localPath(in.Get("next")), in.Get("keep") != ""
	acc, err := s.accounts.SignIn(r.Context(), in.Get("name"), in.Get("password"))
	if err != nil {
		fault := refused(w, s.language(r), err)
		if fault == nil {
			return err
		}
		return s.showSignIn(w, r, pages.SignInData{Next: next, Name: in.Get("name"), Keep: keep}, fault)
	}
	if err := s.accounts.Begin(w, r, acc.ID, keep); err != nil {
		return err
	}
	if next == "" {
		next = afterSignIn
	}
	s.seeOther(w, r, next)
	return nil
}

func (s *Site) signOut(w http.ResponseWriter, r *http.Request) error {
	if err := s.accounts.SignOut(w, r); err != nil {
		return err
	}
	s.seeOther(w, r, "")
	return nil
}

func (s *Site) accountPage(w http.ResponseWriter, r *http.Request) error {
	return s.showAccount(w, r, nil)
}

func (s *Site) showAccount(w http.ResponseWriter, r *http.Request, fault *refusal) error {
	v, err := s.accounts.Visitor(r)
	if err != nil {
		return err
	}
	words := s.language(r)
	data := pages.AccountData{
		Page: s.at(words, pages.Elsewhere, words.T("account.own")), Name: v.Account.Name, Role: string(v.Account.Role),
		Admin: v.Account.Role.Includes(account.Admin), MinPassword: account.MinPassword, Done: doneText(words, r.URL.Query().Get("done"), "password"),
	}
	if data.HasPassword, err = s.accounts.HasPassword(r.Context(), v.Account.ID); err != nil {
		return err
	}
	status := http.StatusOK
	if fault != nil {
		data.Fault, data.Field, status = fault.text, fault.field, fault.status
	}
	return s.show(w, r, status, pages.Account(data))
}

// doneText says what was done, when it is one of what can have been done.
func doneText(words *i18n.Catalog, done string, of ...string) string {
	for _, one := range of {
		if done == one {
			return words.T("account.done." + one)
		}
	}
	return ""
}

func (s *Site) changePassword(w http.ResponseWriter, r *http.Request) error {
	in, err := form(r)
	if err != nil {
		return err
	}
	v, err := s.accounts.Visitor(r)
	if err != nil {
		return err
	}
	if in.Get("password") != in.Get("again") {
		err = errRepeat
	} else {
		err = s.accounts.ChangePassword(r.Context(), v.Account.ID, in.Get("old"), in.Get("password"))
	}
	if err != nil {
		fault := refused(w, s.language(r), err)
		if fault == nil {
			return err
		}
		if fault.field == "old" {
			fault.text = s.language(r).T("account.fault.old")
		}
		return s.showAccount(w, r, fault)
	}
	// All sessions are over, this one too; it begins anew.
	if err := s.accounts.Begin(w, r, v.Account.ID, false); err != nil {
		return err
	}
	s.seeOther(w, r, "account?done=password")
	return nil
}

func (s *Site) signOutEverywhere(w http.ResponseWriter, r *http.Request) error {
	v, err := s.accounts.Visitor(r)
	if err != nil {
		return err
	}
	if err := s.accounts.SignOutEverywhere(r.Context(), v.Account.ID); err != nil {
		return err
	}
	if err := s.accounts.SignOut(w, r); err != nil {
		return err
	}
	s.seeOther(w, r, "signin")
	return nil
}

func (s *Site) accountsPage(w http.ResponseWriter, r *http.Request) error {
	return s.showAccounts(w, r, http.StatusOK, pages.AccountsData{Done: doneText(s.language(r), r.URL.Query().Get("done"), "role", "disable", "enable")})
}

func (s *Site) showAccounts(w http.ResponseWriter, r *http.Request, status int, data pages.AccountsData) error {
	v, err := s.accounts.Visitor(r)
	if err != nil {
		return err
	}
	list, err := s.accounts.All(r.Context())
	if err != nil {
		return err
	}
	words := s.language(r)
	data.Page = s.at(words, pages.Elsewhere, words.T("account.all"))
	for _, acc := range list {
		data.Accounts = append(data.Accounts, pages.AccountRow{
			ID: acc.ID, Name: acc.Name, Role: string(acc.Role), Disabled: acc.Disabled, Made: acc.Made.Format(time.DateOnly), Own: acc.ID == v.Account.ID,
		})
	}
	return s.show(w, r, status, pages.Accounts(data))
}

// invite makes a link for a new account. It is shown once, as the answer itself, because nobody can look it up again.
func (s *Site) invite(w http.ResponseWriter, r *http.Request) error {
	in, err := form(r)
	if err != nil {
		return err
	}
	role := account.Role(in.Get("role"))
	if role != account.Instructor && role != account.Admin {
		return badField("role", "instructor or admin")
	}
	token, err := s.accounts.Invite(r.Context(), role)
	if err != nil {
		return err
	}
	s.logAdmin(r, "somebody was invited", "role", role)
	return s.showAccounts(w, r, http.StatusOK, pages.AccountsData{Link: s.absolute(r, "setup/"+token), LinkFor: s.language(r).T("account.link." + string(role))})
}

// changeAccount does to an account what an admin may do.
func (s *Site) changeAccount(w http.ResponseWriter, r *http.Request) error {
	in, err := form(r)
	if err != nil {
		return err
	}
	v, err := s.accounts.Visitor(r)
	if err != nil {
		return err
	}
	id, do := chi.URLParam(r, "id"), chi.URLParam(r, "do")
	switch do {
	case "role":
		role := account.Role(in.Get("role"))
		if role != account.Instructor && role != account.Admin {
			return badField("role", "instructor or admin")
		}
		err = s.accounts.SetRole(r.Context(), v.Account.ID, id, role)
	case "disable", "enable":
		err = s.accounts.SetDisabled(r.Context(), v.Account.ID, id, do == "disable")
	case "password":
		acc, err := s.accounts.Get(r.Context(), id)
		if errors.Is(err, store.ErrNotFound) {
			return errNotFound
		}
		if err != nil {
			return err
		}
		token, err := s.accounts.Recover(r.Context(), id)
		if err != nil {
			return err
		}
		s.logAdmin(r, "a link for a new password was made", "of", id)
		return s.showAccounts(w, r, http.StatusOK, pages.AccountsData{Link: s.absolute(r, "setup/"+token), LinkFor: s.language(r).T("account.link.password", "name", acc.Name)})
	default:
		return errNotFound
	}
	switch {
	case errors.Is(err, store.ErrNotFound):
		return errNotFound
	case errors.Is(err, account.ErrSelf):
		return &Error{Status: http.StatusForbidden, Code: "self", Message: "Nobody takes their own rights away; ask another admin."}
	case err != nil:
		return err
	}
	s.logAdmin(r, "an account was changed", "of", id, "do", do)
	s.seeOther(w, r, "accounts?done="+do)
	return nil
}

// logAdmin writes down what an admin did. Accounts are told by number, not by name.
func (s *Site) logAdmin(r *http.Request, what string, args ...any) {
	if v, err := s.accounts.Visitor(r); err == nil && v.Account != nil {
		args = append(args, "by", v.Account.ID)
	}
	s.cfg.Log.Info(what, args...)
}

// absolute is the whole address of a path inside the lab, as the browser that asks sees it.
func (s *Site) absolute(r *http.Request, to string) string {
	scheme := "http"
	if account.Secure(r) {
		scheme = "https"
	}
	return scheme + "://" + r.Host + s.cfg.Base + to
}
