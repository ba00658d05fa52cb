// Package lti lets a learning platform launch the lab as a tool by LTI 1.3: it takes the platform's word for who somebody is, offers
// lessons to link to, and returns scores. Grades flow out only.
package lti

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"github.com/handshakelab/lab/web/store"
)

// ErrLaunch says that a launch is none: it is not from a platform that is registered, came twice, too late or to another browser.
var ErrLaunch = errors.New("lti: this is no launch")

const (
	launchLasts = 10 * time.Minute
	deepLasts   = time.Hour
	answers     = 15 * time.Second // of a platform to one request
	maxToken    = 64 << 10         // bytes
)

// The names of claims and messages, of LTI 1.3, Deep Linking 2.0 and Assignment and Grade Services 2.0.
const (
	claim        = "https://purl.imsglobal.org/spec/lti/claim/"
	deepClaim    = "https://purl.imsglobal.org/spec/lti-dl/claim/"
	agsClaim     = "https://purl.imsglobal.org/spec/lti-ags/claim/endpoint"
	scoreScope   = "https://purl.imsglobal.org/spec/lti-ags/scope/score"
	scoreType    = "application/vnd.ims.lis.v1.score+json"
	version      = "1.3.0"
	linkRequest  = "LtiResourceLinkRequest"
	deepRequest  = "LtiDeepLinkingRequest"
	deepResponse = "LtiDeepLinkingResponse"
)

// A Tool is the lab as platforms see it.
type Tool struct {
	store  store.Store
	fixed  []Platform // by configuration
	client *http.Client
	log    *slog.Logger
	outbox outbox

	mu     sync.Mutex
	keys   map[string]oidc.KeySet // of platforms, by address
	own    *jose.JSONWebKey
	tokens map[string]token // to write scores, by platform

	ancestors atomic.Pointer[string]
}

// New returns the tool for the platforms that are in a store, and some more that are there by configuration.
func New(s store.Store, fixed []Platform, log *slog.Logger) *Tool {
	t := &Tool{store: s, fixed: fixed, log: log, client: &http.Client{Timeout: answers}, keys: map[string]oidc.KeySet{}, tokens: map[string]token{}, outbox: newOutbox()}
	t.see(fixed)
	return t
}

// A pending launch waits for what the platform says of the one who is to be launched.
type pending struct {
	Issuer  string    `json:"issuer"`
	Client  string    `json:"client"`
	Browser string    `json:"browser"` // hash of the secret that the browser has got
	Nonce   string    `json:"nonce"`
	Made    time.Time `json:"made"`
	Used    bool      `json:"used,omitempty"`
}

// Login answers the first request of a launch, to which the platform has led the browser: it returns where to lead it back, and a secret
// that the browser has to show again at the launch, whose address is launch.
func (t *Tool) Login(ctx context.Context, in url.Values, launch string) (to, secret string, err error) {
	p, err := t.platform(ctx, in.Get("iss"), in.Get("client_id"))
	switch {
	case err != nil:
		return "", "", err
	case p == nil:
		return "", "", fmt.Errorf("%w: the platform %q with the client %q is not registered", ErrLaunch, clip(in.Get("iss")), clip(in.Get("client_id")))
	case in.Get("login_hint") == "":
		return "", "", fmt.Errorf("%w: %s does not say whom it launches for", ErrLaunch, p.Issuer)
	}
	state, secret := rand.Text(), rand.Text()
	x := pending{Issuer: p.Issuer, Client: p.ClientID, Browser: store.Hash(secret), Nonce: rand.Text(), Made: time.Now()}
	if err := store.PutJSON(ctx, t.store.Passing(), stateKey(state), x, 0); err != nil {
		return "", "", err
	}
	u, err := url.Parse(p.AuthURL)
	if err != nil {
		return "", "", err
	}
	q := u.Query()
	for name, value := range map[string]string{
		"scope": "openid", "response_type": "id_token", "response_mode": "form_post", "prompt": "none", "client_id": p.ClientID,
		"redirect_uri": launch, "state": state, "nonce": x.Nonce, "login_hint": in.Get("login_hint"), "lti_message_hint": in.Get("lti_message_hint"),
	} {
		if value != "" {
			q.Set(name, value)
		}
	}
	u.RawQuery = q.Encode()
	return u.String(), secret, nil
}

func stateKey(state string) string { return store.Key("lti-nonce", store.Hash(state)) }

// A Message is what a platform says at a launch.
type Message struct {
	Issuer, Subject string
	Names           []string // of the person, the best first
	Teaches         bool     // in the course from which they come
	Target          string   // address inside the lab
	Line            *Line    // where the score goes; nil: nowhere
	Deep            string   // token for Select, when a link is to be chosen; "" for a launch
}

// claims are those of a launch.
type claims struct {
	Nonce      string   `json:"nonce"`
	Azp        string   `json:"azp"`
	Name       string   `json:"name"`
	Given      string   `json:"given_name"`
	Type       string   `json:"https://purl.imsglobal.org/spec/lti/claim/message_type"`
	Version    string   `json:"https://purl.imsglobal.org/spec/lti/claim/version"`
	Deployment string   `json:"https://purl.imsglobal.org/spec/lti/claim/deployment_id"`
	Target     string   `json:"https://purl.imsglobal.org/spec/lti/claim/target_link_uri"`
	Roles      []string `json:"https://purl.imsglobal.org/spec/lti/claim/roles"`
	Endpoint   struct {
		Scope []string `json:"scope"`
		Line  string   `json:"lineitem"`
	} `json:"https://purl.imsglobal.org/spec/lti-ags/claim/endpoint"`
	Deep *struct {
		Return string   `json:"deep_link_return_url"`
		Accept []string `json:"accept_types"`
		Data   string   `json:"data"`
	} `json:"https://purl.imsglobal.org/spec/lti-dl/claim/deep_linking_settings"`
}

// teaches are the roles of those who teach, in the course or in the school.
var teaches = []string{"#Instructor", "#Administrator", "/Instructor#TeachingAssistant", "#ContentDeveloper", "#Faculty"}

// Launch answers the second request of a launch. It returns ErrLaunch, or an error of the store or the platform's keys.
func (t *Tool) Launch(ctx context.Context, in url.Values, secret string) (*Message, error) {
	key := stateKey(in.Get("state"))
	x, rev, err := store.GetJSON[pending](ctx, t.store.Passing(), key)
	if errors.Is(err, store.ErrNotFound) {
		return nil, fmt.Errorf("%w: nobody has asked for it", ErrLaunch)
	}
	if err != nil {
		return nil, err
	}
	raw := in.Get("id_token")
	p, err := t.platform(ctx, x.Issuer, x.Client)
	switch {
	case err != nil:
		return nil, err
	case p == nil:
		return nil, fmt.Errorf("%w: the platform %q is no longer registered", ErrLaunch, x.Issuer)
	case x.Used, time.Since(x.Made) > launchLasts:
		return nil, fmt.Errorf("%w: it comes for the second time, or too late", ErrLaunch)
	case store.Hash(secret) != x.Browser:
		return nil, fmt.Errorf("%w: another browser has asked for it, or this one keeps no cookies", ErrLaunch)
	case raw == "" || len(raw) > maxToken:
		return nil, fmt.Errorf("%w: %s sends no token: %q %q", ErrLaunch, p.Issuer, clip(in.Get("error")), clip(in.Get("error_description")))
	}
	// One launch for one question: a token that somebody has seen is good for nothing.
	x.Used = true
	if err := store.PutJSON(ctx, t.store.Passing(), key, x, rev); err != nil {
		if errors.Is(err, store.ErrConflict) {
			err = ErrLaunch
		}
		return nil, err
	}
	id, err := oidc.NewVerifier(p.Issuer, t.keySet(p), &oidc.Config{ClientID: p.ClientID, SupportedSigningAlgs: []string{oidc.RS256}}).Verify(ctx, raw)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrLaunch, err)
	}
	var c claims
	if err := id.Claims(&c); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrLaunch, err)
	}
	switch {
	case c.Nonce != x.Nonce, c.Version != version, id.Subject == "", c.Azp != "" && c.Azp != p.ClientID, len(id.Audience) > 1 && c.Azp == "":
		return nil, fmt.Errorf("%w: the nonce, version, subject or audience of %s is not good", ErrLaunch, p.Issuer)
	case len(p.Deployments) > 0 && !slices.Contains(p.Deployments, c.Deployment):
		return nil, fmt.Errorf("%w: the deployment %q of %s is not registered", ErrLaunch, c.Deployment, p.Issuer)
	}
	m := &Message{Issuer: p.Issuer, Subject: id.Subject, Names: []string{c.Name, c.Given}, Target: c.Target}
	m.Teaches = slices.ContainsFunc(c.Roles, func(role string) bool {
		return slices.ContainsFunc(teaches, func(end string) bool { return strings.HasSuffix(role, end) })
	})
	switch {
	case c.Type == linkRequest:
		if c.Endpoint.Line != "" && slices.Contains(c.Endpoint.Scope, scoreScope) {
			m.Line = &Line{Issuer: p.Issuer, Client: p.ClientID, Subject: id.Subject, URL: c.Endpoint.Line}
		}
	case c.Type == deepRequest && c.Deep != nil && origin(c.Deep.Return) != "" && slices.Contains(c.Deep.Accept, "ltiResourceLink") && m.Teaches:
		m.Deep = rand.Text()
		d := deep{Issuer: p.Issuer, Client: p.ClientID, Deployment: c.Deployment, Return: c.Deep.Return, Data: c.Deep.Data, Made: time.Now()}
		if err := store.PutJSON(ctx, t.store.Passing(), deepKey(m.Deep), d, 0); err != nil {
			return nil, err
		}
	default:
		return nil, fmt.Errorf("%w: nothing is known of the message %q of %s, or it is not for this person", ErrLaunch, clip(c.Type), p.Issuer)
	}
	return m, nil
}

// keySet are the keys of a platform, fetched when they are needed and kept.
func (t *Tool) keySet(p *Platform) oidc.KeySet {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.keys[p.KeysURL] == nil {
		t.keys[p.KeysURL] = oidc.NewRemoteKeySet(oidc.ClientContext(context.Background(), t.client), p.KeysURL)
	}
	return t.keys[p.KeysURL]
}

// deep is a platform that waits for a link to be chosen.
type deep struct {
	Issuer     string    `json:"issuer"`
	Client     string    `json:"client"`
	Deployment string    `json:"deployment"`
	Return     string    `json:"return"`
	Data       string    `json:"data,omitempty"`
	Made       time.Time `json:"made"`
}

func deepKey(token string) string { return store.Key("lti-deep", store.Hash(token)) }

// Select gives a platform the link that was chosen for the token of a Message: what is returned has to be posted to the address, as the
// field JWT of a form.
func (t *Tool) Select(ctx context.Context, token, title, link string) (address, signed string, err error) {
	d, _, err := store.GetJSON[deep](ctx, t.store.Passing(), deepKey(token))
	if errors.Is(err, store.ErrNotFound) || err == nil && time.Since(d.Made) > deepLasts {
		return "", "", fmt.Errorf("%w: no platform waits for a link, or no longer", ErrLaunch)
	}
	if err != nil {
		return "", "", err
	}
	item := map[string]any{"type": "ltiResourceLink", "title": title, "url": link, "lineItem": map[string]any{"scoreMaximum": 100, "label": title}}
	c := map[string]any{
		"nonce": rand.Text(), claim + "message_type": deepResponse, claim + "version": version, claim + "deployment_id": d.Deployment,
		deepClaim + "content_items": []any{item},
	}
	if d.Data != "" {
		c[deepClaim+"data"] = d.Data
	}
	signed, err = t.sign(ctx, jwt.Claims{Issuer: d.Client, Audience: jwt.Audience{d.Issuer}}, c)
	return d.Return, signed, err
}

// sign signs claims that are good for a few minutes.
func (t *Tool) sign(ctx context.Context, c jwt.Claims, more any) (string, error) {
	key, err := t.key(ctx)
	if err != nil {
		return "", err
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.RS256, Key: key}, (&jose.SignerOptions{}).WithType("JWT"))
	if err != nil {
		return "", err
	}
	now := time.Now()
	c.IssuedAt, c.Expiry, c.ID = jwt.NewNumericDate(now), jwt.NewNumericDate(now.Add(5*time.Minute)), rand.Text()
	b := jwt.Signed(signer).Claims(c)
	if more != nil {
		b = b.Claims(more)
	}
	return b.Serialize()
}

// keyRecord holds the lab's own key. All nodes have the same.
const keyRecord = "lti-key"

// key returns the lab's own key, which it makes for the first time.
func (t *Tool) key(ctx context.Context) (*jose.JSONWebKey, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for t.own == nil {
		rec, err := t.store.Records().Get(ctx, keyRecord)
		switch {
		case errors.Is(err, store.ErrNotFound):
			made, err := rsa.GenerateKey(rand.Reader, 2048)
			if err != nil {
				return nil, err
			}
			if _, err := t.store.Records().Put(ctx, keyRecord, x509.MarshalPKCS1PrivateKey(made), 0); err != nil && !errors.Is(err, store.ErrConflict) {
				return nil, err
			}
			continue
		case err != nil:
			return nil, err
		}
		private, err := x509.ParsePKCS1PrivateKey(rec.Value)
		if err != nil {
			return nil, fmt.Errorf("lti: the lab's key cannot be read: %w", err)
		}
		t.own = &jose.JSONWebKey{Key: private, KeyID: store.Hash(string(private.N.Bytes())), Algorithm: string(jose.RS256), Use: "sig"}
	}
	return t.own, nil
}

// Keys are the lab's own public keys, by which platforms know it.
func (t *Tool) Keys(ctx context.Context) (jose.JSONWebKeySet, error) {
	key, err := t.key(ctx)
	if err != nil {
		return jose.JSONWebKeySet{}, err
	}
	return jose.JSONWebKeySet{Keys: []jose.JSONWebKey{key.Public()}}, nil
}
