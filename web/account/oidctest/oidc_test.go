// Package oidctest signs in by a real OIDC provider, ory/fosite, which runs in the test. It is a module of its own, because nothing
// else needs fosite.
package oidctest

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/go-jose/go-jose/v3"
	"github.com/ory/fosite"
	"github.com/ory/fosite/compose"
	"github.com/ory/fosite/handler/openid"
	"github.com/ory/fosite/storage"
	"github.com/ory/fosite/token/jwt"
	"golang.org/x/crypto/bcrypt"

	"github.com/handshakelab/lab/server/jetstream"
	"github.com/handshakelab/lab/static"
	"github.com/handshakelab/lab/web"
	"github.com/handshakelab/lab/web/account"
)

const (
	clientID     = "handshake-lab"
	clientSecret = "a-secret-between-the-lab-and-the-provider"
)

// A person is somebody whom the provider signs in.
type person struct {
	subject string
	claims  map[string]any
}

// A provider is an OIDC provider in which one person is signed in already and agrees to everything.
type provider struct {
	*httptest.Server
	store *storage.MemoryStore
	oauth fosite.OAuth2Provider

	mu     sync.Mutex
	person person
	denies bool
	nonce  string // instead of that which was asked for
}

func newProvider(t *testing.T) *provider {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	p := &provider{store: storage.NewMemoryStore()}
	mux := http.NewServeMux()
	p.Server = httptest.NewServer(mux)
	t.Cleanup(p.Close)
	config := &fosite.Config{
		GlobalSecret: bytes.Repeat([]byte("x"), 32), EnforcePKCE: true, IDTokenIssuer: p.URL,
		AccessTokenLifespan: time.Hour, AuthorizeCodeLifespan: time.Minute, IDTokenLifespan: time.Hour,
	}
	private := &jose.JSONWebKey{Key: key, KeyID: "one", Algorithm: "RS256", Use: "sig"}
	get := func(context.Context) (any, error) { return private, nil }
	p.oauth = compose.Compose(config, p.store, &compose.CommonStrategy{
		CoreStrategy:               compose.NewOAuth2HMACStrategy(config),
		OpenIDConnectTokenStrategy: compose.NewOpenIDConnectStrategy(get, config),
		Signer:                     &jwt.DefaultSigner{GetPrivateKey: get},
	}, compose.OAuth2AuthorizeExplicitFactory, compose.OpenIDConnectExplicitFactory, compose.OAuth2PKCEFactory)

	mux.HandleFunc("/.well-known/openid-configuration", func(w http.ResponseWriter, r *http.Request) {
		write(w, map[string]any{
			"issuer": p.URL, "authorization_endpoint": p.URL + "/authorize", "token_endpoint": p.URL + "/token", "jwks_uri": p.URL + "/keys",
			"response_types_supported": []string{"code"}, "subject_types_supported": []string{"public"}, "id_token_signing_alg_values_supported": []string{"RS256"},
		})
	})
	mux.HandleFunc("/keys", func(w http.ResponseWriter, r *http.Request) {
		write(w, jose.JSONWebKeySet{Keys: []jose.JSONWebKey{private.Public()}})
	})
	mux.HandleFunc("/authorize", p.authorize)
	mux.HandleFunc("/token", func(w http.ResponseWriter, r *http.Request) {
		ar, err := p.oauth.NewAccessRequest(r.Context(), r, openid.NewDefaultSession())
		if err != nil {
			p.oauth.WriteAccessError(r.Context(), w, ar, err)
			return
		}
		resp, err := p.oauth.NewAccessResponse(r.Context(), ar)
		if err != nil {
			p.oauth.WriteAccessError(r.Context(), w, ar, err)
			return
		}
		p.oauth.WriteAccessResponse(r.Context(), w, ar, resp)
	})
	return p
}

func write(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v)
}

func (p *provider) authorize(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.nonce != "" {
		q := r.URL.Query()
		q.Set("nonce", p.nonce)
		r.URL.RawQuery = q.Encode()
	}
	ar, err := p.oauth.NewAuthorizeRequest(r.Context(), r)
	if err == nil && p.denies {
		err = fosite.ErrAccessDenied
	}
	if err != nil {
		p.oauth.WriteAuthorizeError(r.Context(), w, ar, err)
		return
	}
	for _, scope := range ar.GetRequestedScopes() {
		ar.GrantScope(scope)
	}
	now := time.Now()
	session := &openid.DefaultSession{
		Claims:  &jwt.IDTokenClaims{Subject: p.person.subject, IssuedAt: now, RequestedAt: now, AuthTime: now, Extra: maps.Clone(p.person.claims)},
		Headers: &jwt.Headers{}, Subject: p.person.subject,
	}
	resp, err := p.oauth.NewAuthorizeResponse(r.Context(), ar, session)
	if err != nil {
		p.oauth.WriteAuthorizeError(r.Context(), w, ar, err)
		return
	}
	p.oauth.WriteAuthorizeResponse(r.Context(), w, ar, resp)
}

// set changes the provider between requests.
func (p *provider) set(change func(p *provider)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	change(p)
}

// A lab is one whose instructors sign in by a provider.
type lab struct {
	*httptest.Server
	accounts *account.Accounts
	log      *buffer
}

// A buffer can be written and read at once.
type buffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

func newLab(t *testing.T, p *provider, o account.OIDC) *lab {
	t.Helper()
	kept, err := jetstream.Open(t.Context(), jetstream.Options{Folder: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(kept.Close)
	assets, err := static.New("/", static.Embedded(), false)
	if err != nil {
		t.Fatal(err)
	}
	o.Issuer, o.ClientID = p.URL, clientID
	if o.Secret == "" {
		o.Secret = clientSecret
	}
	log := &buffer{}
	site, err := web.New(web.Config{Base: "/", Assets: assets, Lessons: fstest.MapFS{}, Store: kept, OIDC: &o, Log: slog.New(slog.NewTextHandler(log, nil))})
	if err != nil {
		t.Fatal(err)
	}
	l := &lab{Server: httptest.NewServer(site.Handler()), accounts: account.New(kept, "/"), log: log}
	t.Cleanup(l.Close)
	hashed, err := bcrypt.GenerateFromPassword([]byte(clientSecret), bcrypt.MinCost)
	if err != nil {
		t.Fatal(err)
	}
	p.store.Clients[clientID] = &fosite.DefaultClient{
		ID: clientID, Secret: hashed, RedirectURIs: []string{l.URL + "/oidc/callback"}, ResponseTypes: []string{"code"},
		GrantTypes: []string{"authorization_code"}, Scopes: []string{"openid", "profile", "email"},
	}
	return l
}

// A browser remembers where it was.
type browser struct {
	t *testing.T
	http.Client
	last *url.URL // where the provider has led it
}

func newBrowser(t *testing.T) *browser {
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	b := &browser{t: t}
	b.Jar = jar
	b.CheckRedirect = func(r *http.Request, _ []*http.Request) error {
		if r.URL.Path == "/oidc/callback" {
			b.last = r.URL
		}
		return nil
	}
	return b
}

// open says where a browser is in the end, with which status, and what it sees.
func (b *browser) open(address string) (path string, status int, page string) {
	b.t.Helper()
	resp, err := b.Get(address)
	if err != nil {
		b.t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	return resp.Request.URL.RequestURI(), resp.StatusCode, string(text)
}

func (b *browser) expect(address, path string, status int, text string) {
	b.t.Helper()
	gotPath, gotStatus, page := b.open(address)
	if !strings.HasPrefix(gotPath, path) || gotStatus != status || !strings.Contains(page, text) {
		b.t.Errorf("%s led to %s with %d, want %s, %d and %q in\n%s", address, gotPath, gotStatus, path, status, text, page)
	}
}

func (l *lab) count(t *testing.T) int {
	t.Helper()
	list, err := l.accounts.All(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return len(list)
}

var teacher = person{"1001", map[string]any{"name": "Grace Hopper", "groups": []string{"staff", "teachers"}, "email": "grace@school.example", "email_verified": true}}

func TestSignIn(t *testing.T) {
	p := newProvider(t)
	l := newLab(t, p, account.OIDC{Claim: "groups=teachers"})
	p.person = teacher
	b := newBrowser(t)
	b.expect(l.URL+"/account", "/signin?next=", 200, "/oidc/signin?next=%2Faccount")
	b.expect(l.URL+"/oidc/signin?next=%2Faccount%3Fdone%3Dpassword", "/account?done=password", 200, "Grace Hopper")
	b.expect(b.last.String(), "/oidc/callback", 400, "too late or to another browser")

	// The same person elsewhere, and one of the same name.
	newBrowser(t).expect(l.URL+"/oidc/signin?next=%2Faccount", "/account", 200, "Grace Hopper")
	if l.count(t) != 1 {
		t.Error("one person has two accounts")
	}
	p.set(func(p *provider) { p.person.subject = "1002" })
	newBrowser(t).expect(l.URL+"/oidc/signin?next=%2Faccount", "/account", 200, "Grace Hopper 2")

	// An account that was disabled here stays so, whatever the provider says.
	list, err := l.accounts.All(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := l.accounts.SetDisabled(t.Context(), list[0].ID, list[1].ID, true); err != nil {
		t.Fatal(err)
	}
	b = newBrowser(t)
	b.expect(l.URL+"/oidc/signin", "/oidc/callback", 403, "may not teach here")
	b.expect(l.URL+"/account", "/signin", 200, "")
}

func TestWhoMayTeach(t *testing.T) {
	p := newProvider(t)
	for _, c := range []struct {
		name   string
		o      account.OIDC
		claims map[string]any
		may    bool
	}{
		{"the claim", account.OIDC{Claim: "groups=teachers"}, map[string]any{"groups": []string{"teachers"}}, true},
		{"another claim", account.OIDC{Claim: "groups=teachers"}, map[string]any{"groups": []string{"pupils"}}, false},
		{"no claim", account.OIDC{Claim: "groups=teachers"}, map[string]any{}, false},
		{"a text", account.OIDC{Claim: "role=teacher"}, map[string]any{"role": "teacher"}, true},
		{"part of a text", account.OIDC{Claim: "role=teacher"}, map[string]any{"role": "teachers' child"}, false},
		{"the domain", account.OIDC{Domains: []string{"school.example"}}, map[string]any{"email": "a@School.example", "email_verified": true}, true},
		{"a domain above", account.OIDC{Domains: []string{"school.example"}}, map[string]any{"email": "a@evil-school.example", "email_verified": true}, false},
		{"two at signs", account.OIDC{Domains: []string{"school.example"}}, map[string]any{"email": "a@school.example@evil.example", "email_verified": true}, false},
		{"an address that was not checked", account.OIDC{Domains: []string{"school.example"}}, map[string]any{"email": "a@school.example"}, false},
		{"one of two", account.OIDC{Domains: []string{"school.example"}, Claim: "groups=teachers"}, map[string]any{"email": "a@school.example", "email_verified": true}, false},
		{"nothing asked for", account.OIDC{}, map[string]any{"email": "a@school.example", "email_verified": true}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := newLab(t, p, c.o)
			p.person = person{"7", c.claims}
			b := newBrowser(t)
			if c.may {
				b.expect(l.URL+"/oidc/signin?next=%2Faccount", "/account", 200, "")
			} else {
				b.expect(l.URL+"/oidc/signin", "/oidc/callback", 403, "may not teach here")
			}
			if got := l.count(t) == 1; got != c.may {
				t.Errorf("there is an account: %v", got)
			}
		})
	}
}

// An answer is good once, in the browser that asked, with the nonce that it asked for.
func TestForeignAnswers(t *testing.T) {
	p := newProvider(t)
	l := newLab(t, p, account.OIDC{Claim: "groups=teachers"})
	p.person = teacher

	// Somebody is given the link with which another one would sign in.
	trap := newBrowser(t)
	var link string
	trap.CheckRedirect = func(r *http.Request, _ []*http.Request) error {
		if r.URL.Path == "/oidc/callback" {
			link = r.URL.String()
			return http.ErrUseLastResponse
		}
		return nil
	}
	trap.open(l.URL + "/oidc/signin")
	victim := newBrowser(t)
	victim.expect(link, "/oidc/callback", 400, "too late or to another browser")
	victim.expect(l.URL+"/account", "/signin", 200, "")
	trap.CheckRedirect = nil
	trap.expect(strings.Replace(link, "state=", "state=x", 1), "/oidc/callback", 400, "too late")
	trap.open(link)
	trap.expect(l.URL+"/account", "/account", 200, "Grace Hopper") // the answer was still good for who had asked

	p.set(func(p *provider) { p.nonce = "another-nonce-of-another-question" })
	newBrowser(t).expect(l.URL+"/oidc/signin", "/oidc/callback", 400, "too late")
	p.set(func(p *provider) { p.nonce, p.denies = "", true })
	newBrowser(t).expect(l.URL+"/oidc/signin", "/oidc/callback", 403, "has not signed you in")
	p.set(func(p *provider) { p.denies = false })
	newBrowser(t).expect(l.URL+"/oidc/signin?next=https://evil.example/", "/", 200, "")
}

// What goes wrong between the lab and the provider is told to the operator, without a secret.
func TestTroubles(t *testing.T) {
	p := newProvider(t)
	p.person = teacher
	l := newLab(t, p, account.OIDC{Claim: "groups=teachers", Secret: "some-other-secret"})
	newBrowser(t).expect(l.URL+"/oidc/signin", "/oidc/callback", 502, "cannot be reached, or does not answer")
	if log := l.log.String(); !strings.Contains(log, "invalid_client") || strings.Contains(log, "some-other-secret") || strings.Contains(log, "code=") {
		t.Errorf("the log says\n%s", log)
	}
	p.Close()
	l = newLab(t, p, account.OIDC{Claim: "groups=teachers"})
	newBrowser(t).expect(l.URL+"/oidc/signin", "/oidc/signin", 502, "cannot be reached, or does not answer")
	if log := l.log.String(); !strings.Contains(log, "cannot be asked") {
		t.Errorf("the log says\n%s", log)
	}
}
