package account

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"github.com/handshakelab/lab/web/store"
)

// OIDC says whose word is taken for who somebody is, and who of those may teach.
type OIDC struct {
	Issuer   string // address of the provider
	ClientID string
	Secret   string // of the client; "" for a public one

	// Those may teach whose checked e-mail address is of one of these domains, and who have the claim, such as "groups=teachers";
	// one of the two may be empty.
	Domains []string
	Claim   string
}

// Errors of a sign-in by a provider.
var (
	ErrState   = errors.New("account: the answer of the provider is to no question of this browser")
	ErrRefused = errors.New("account: the provider has let nobody in")
	ErrNoRole  = errors.New("account: who signed in may not teach")
)

const (
	oidcCookie  = "lab_oidc"
	oidcLasts   = 10 * time.Minute // between asking a provider and its answer
	oidcAnswers = 20 * time.Second // for all that is asked of a provider at once
)

// A Provider is an OIDC provider that was configured. It is looked up when it is first needed, so that the lab starts without it.
type Provider struct {
	accounts *Accounts
	cfg      OIDC
	client   *http.Client

	mu    sync.Mutex
	found *oidc.Provider
}

// Provider returns the provider of a configuration.
func (a *Accounts) Provider(cfg OIDC) *Provider {
	return &Provider{accounts: a, cfg: cfg, client: &http.Client{Timeout: oidcAnswers}}
}

// Host is the provider's, as people may know it.
func (p *Provider) Host() string {
	u, err := url.Parse(p.cfg.Issuer)
	if err != nil {
		return p.cfg.Issuer
	}
	return u.Hostname()
}

// A question to a provider waits for its answer.
type question struct {
	Browser  string    `json:"browser"` // hash of the secret that the browser which asked has got
	Nonce    string    `json:"nonce"`
	Verifier string    `json:"verifier"` // of PKCE
	Next     string    `json:"next,omitempty"`
	Made     time.Time `json:"made"`
}

func questionKey(state string) string { return store.Key("oidc", store.Hash(state)) }

// discover asks the provider for its addresses and keys. They outlive the request.
func (p *Provider) discover() (*oidc.Provider, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.found == nil {
		found, err := oidc.NewProvider(oidc.ClientContext(context.Background(), p.client), p.cfg.Issuer)
		if err != nil {
			return nil, fmt.Errorf("the OIDC provider cannot be asked: %w", err)
		}
		p.found = found
	}
	return p.found, nil
}

func (p *Provider) oauth(found *oidc.Provider, redirect string) *oauth2.Config {
	return &oauth2.Config{
		ClientID: p.cfg.ClientID, ClientSecret: p.cfg.Secret, Endpoint: found.Endpoint(), RedirectURL: redirect,
		Scopes: []string{oidc.ScopeOpenID, "profile", "email"},
	}
}

// Ask returns the address of the provider where somebody signs in. The answer comes to the address redirect, and next is kept for then.
func (p *Provider) Ask(w http.ResponseWriter, r *http.Request, redirect, next string) (string, error) {
	found, err := p.discover()
	if err != nil {
		return "", err
	}
	browser, state := NewID(), NewID()
	q := question{Browser: store.Hash(browser), Nonce: NewID(), Verifier: oauth2.GenerateVerifier(), Next: next, Made: time.Now()}
	if err := store.PutJSON(r.Context(), p.accounts.store.Passing(), questionKey(state), q, 0); err != nil {
		return "", err
	}
	p.accounts.setCookie(w, r, oidcCookie, browser, oidcLasts)
	return p.oauth(found, redirect).AuthCodeURL(state, oidc.Nonce(q.Nonce), oauth2.S256ChallengeOption(q.Verifier)), nil
}

// Answer takes what the provider has answered to Ask, and returns the account of who signed in there, which it makes for the first time,
// and the next of Ask. The errors are ErrState, ErrRefused and ErrNoRole, or of the provider or the store.
func (p *Provider) Answer(w http.ResponseWriter, r *http.Request, redirect string) (Account, string, error) {
	query, passing := r.URL.Query(), p.accounts.store.Passing()
	key := questionKey(query.Get("state"))
	q, rev, err := store.GetJSON[question](r.Context(), passing, key)
	if errors.Is(err, store.ErrNotFound) {
		return Account{}, "", ErrState
	}
	if err != nil {
		return Account{}, "", err
	}
	if store.Hash(p.accounts.cookie(r, oidcCookie)) != q.Browser {
		return Account{}, "", ErrState // the question stays for the browser that has asked
	}
	// Whoever writes first has the answer; nobody has it twice.
	if _, err := passing.Put(r.Context(), key, []byte("{}"), rev); err != nil {
		if errors.Is(err, store.ErrConflict) {
			err = ErrState
		}
		return Account{}, "", err
	}
	if err := passing.Delete(r.Context(), key); err != nil {
		return Account{}, "", err
	}
	p.accounts.setCookie(w, r, oidcCookie, "", 0)
	switch {
	case time.Since(q.Made) > oidcLasts:
		return Account{}, "", ErrState
	case query.Get("error") != "" || query.Get("code") == "":
		return Account{}, "", ErrRefused
	}
	found, err := p.discover()
	if err != nil {
		return Account{}, "", err
	}
	ctx, cancel := context.WithTimeout(oidc.ClientContext(r.Context(), p.client), oidcAnswers)
	defer cancel()
	token, err := p.oauth(found, redirect).Exchange(ctx, query.Get("code"), oauth2.VerifierOption(q.Verifier))
	if err != nil {
		return Account{}, "", p.explain(err)
	}
	raw, _ := token.Extra("id_token").(string)
	id, err := found.Verifier(&oidc.Config{ClientID: p.cfg.ClientID}).Verify(ctx, raw)
	if err != nil {
		return Account{}, "", fmt.Errorf("the OIDC provider has sent a token that is not good: %w", err)
	}
	if id.Nonce != q.Nonce {
		return Account{}, "", ErrState
	}
	var claims map[string]any
	if err := id.Claims(&claims); err != nil {
		return Account{}, "", err
	}
	if !p.cfg.mayTeach(claims) {
		return Account{}, "", ErrNoRole
	}
	acc, err := p.accounts.ofSubject(ctx, id.Issuer, id.Subject, names(claims))
	return acc, q.Next, err
}

// explain takes out of an error of the token's address what may be secret: the body stays out of the log.
func (p *Provider) explain(err error) error {
	var refused *oauth2.RetrieveError
	if errors.As(err, &refused) {
		if refused.ErrorCode == "invalid_grant" {
			return ErrRefused
		}
		return fmt.Errorf("the OIDC provider has refused to give a token: %q", refused.ErrorCode)
	}
	return fmt.Errorf("the OIDC provider cannot be asked for a token: %w", err)
}

// mayTeach reports whether the provider says enough of somebody to be an instructor here.
func (c *OIDC) mayTeach(claims map[string]any) bool {
	if len(c.Domains) > 0 {
		mail, _ := claims["email"].(string)
		verified, _ := claims["email_verified"].(bool)
		at := strings.LastIndexByte(mail, '@')
		if at < 0 || !verified || !slices.ContainsFunc(c.Domains, func(d string) bool { return strings.EqualFold(d, mail[at+1:]) }) {
			return false
		}
	}
	if c.Claim != "" {
		name, want, _ := strings.Cut(c.Claim, "=")
		switch got := claims[name].(type) {
		case string:
			return got == want
		case []any:
			return slices.Contains(got, any(want))
		default:
			return false
		}
	}
	return len(c.Domains) > 0 || c.Claim != ""
}

// names are how somebody might be called, the best first.
func names(claims map[string]any) []string {
	var list []string
	for _, claim := range []string{"name", "preferred_username", "email"} {
		if name, _ := claims[claim].(string); name != "" {
			list = append(list, name)
		}
	}
	return append(list, "Instructor")
}

// maxNamesakes is how many of one name there can be from a provider.
const maxNamesakes = 1000

// ofSubject returns the account of somebody whom a provider knows, an instructor's that is made for the first time.
func (a *Accounts) ofSubject(ctx context.Context, issuer, subject string, names []string) (Account, error) {
	key := store.Key("account-subject", store.Hash(issuer+"\n"+subject))
	for {
		rec, err := a.store.Records().Get(ctx, key)
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return Account{}, err
		}
		if err == nil {
			k, _, err := a.load(ctx, string(rec.Value))
			switch {
			case err == nil && k.Disabled:
				return Account{}, ErrNoRole
			case err == nil || !errors.Is(err, store.ErrNotFound):
				return k.Account, err
			}
			// It was not finished; whoever comes now makes it.
		}
		k := kept{Account: Account{ID: NewID(), Role: Instructor, Made: time.Now().UTC()}}
		if k.Name, err = a.freeName(ctx, names, k.ID); err != nil {
			return Account{}, err
		}
		if err := store.PutJSON(ctx, a.store.Records(), accountKey(k.ID), k, 0); err != nil {
			return Account{}, err
		}
		_, err = a.store.Records().Put(ctx, key, []byte(k.ID), rec.Rev)
		if err == nil {
			return k.Account, nil
		}
		// Another request of the same person was faster.
		err = errors.Join(a.store.Records().Delete(ctx, accountKey(k.ID)), a.store.Records().Delete(ctx, nameKey(k.Name)), unless(err, store.ErrConflict))
		if err != nil {
			return Account{}, err
		}
	}
}

// unless is an error, or nil when it is one of that kind.
func unless(err, kind error) error {
	if errors.Is(err, kind) {
		return nil
	}
	return err
}

// freeName claims the first name that somebody can have here.
func (a *Accounts) freeName(ctx context.Context, names []string, id string) (string, error) {
	for _, name := range names {
		clean, err := checkName(name)
		if err != nil {
			continue
		}
		for n := 1; n < maxNamesakes; n++ {
			if n > 1 {
				clean, err = checkName(name + " " + strconv.Itoa(n))
				if err != nil {
					break
				}
			}
			if err := a.claimName(ctx, clean, id); !errors.Is(err, ErrTaken) {
				return clean, err
			}
		}
	}
	return "", ErrName
}
