package web

import (
	"errors"
	"net/http"

	"github.com/handshakelab/lab/web/account"
	"github.com/handshakelab/lab/web/pages"
)

func (s *Site) routesOfOIDC(r routes) {
	// By GET, because a form may lead to no other site than this one; a question to the provider changes nothing here.
	r.Get("/oidc/signin", s.handle(s.askProvider))
	r.Get("/oidc/callback", s.handle(s.providerAnswers))
}

// askProvider leads to where the provider lets somebody sign in.
func (s *Site) askProvider(w http.ResponseWriter, r *http.Request) error {
	if wait := s.limits.secrets.Take(clientAddress(r)); wait > 0 {
		return tooMany{wait}
	}
	to, err := s.provider.Ask(w, r, s.absolute(r, "oidc/callback"), localPath(r.URL.Query().Get("next")))
	if err != nil {
		return s.noProvider(w, r, "account.fault.provider", http.StatusBadGateway, err)
	}
	w.Header().Set("Cache-Control", "no-store")
	http.Redirect(w, r, to, http.StatusSeeOther)
	return nil
}

// providerAnswers signs in whom the provider knows.
func (s *Site) providerAnswers(w http.ResponseWriter, r *http.Request) error {
	if wait := s.limits.secrets.Take(clientAddress(r)); wait > 0 {
		return tooMany{wait}
	}
	acc, next, err := s.provider.Answer(w, r, s.absolute(r, "oidc/callback"))
	switch {
	case errors.Is(err, account.ErrState):
		return s.noProvider(w, r, "account.fault.state", http.StatusBadRequest, nil)
	case errors.Is(err, account.ErrRefused):
		return s.noProvider(w, r, "account.fault.refused", http.StatusForbidden, nil)
	case errors.Is(err, account.ErrNoRole):
		return s.noProvider(w, r, "account.fault.norole", http.StatusForbidden, nil)
	case err != nil:
		return s.noProvider(w, r, "account.fault.provider", http.StatusBadGateway, err)
	}
	if err := s.accounts.Begin(w, r, acc.ID, false); err != nil {
		return err
	}
	if next == "" {
		next = afterSignIn
	}
	s.seeOther(w, r, next)
	return nil
}

// noProvider says on the page to sign in why it did not work; what the operator has to know goes into the log.
func (s *Site) noProvider(w http.ResponseWriter, r *http.Request, key string, status int, cause error) error {
	if cause != nil {
		s.cfg.Log.Error("signing in by OIDC failed", "error", cause)
	}
	return s.showSignIn(w, r, pages.SignInData{}, &refusal{status: status, text: s.language(r).T(key, "host", s.provider.Host())})
}
