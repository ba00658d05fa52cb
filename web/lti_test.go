package web

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"fmt"
	"html"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"github.com/handshakelab/lab/server/jetstream"
	"github.com/handshakelab/lab/web/account"
	"github.com/handshakelab/lab/web/account/accounttest"
	"github.com/handshakelab/lab/web/archive"
	"github.com/handshakelab/lab/web/lti"
	"github.com/handshakelab/lab/web/store"
)

// A platform plays a learning platform: it launches the lab, gives it tokens and takes scores.
type platform struct {
	*httptest.Server
	t      *testing.T
	key    *rsa.PrivateKey
	site   *Site
	kept   store.Store
	scores chan map[string]any
}

const ltiClient = "lab-at-school"

func newPlatform(t *testing.T) *platform {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	p := &platform{t: t, key: key, scores: make(chan map[string]any, 10)}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /keys", func(w http.ResponseWriter, r *http.Request) {
		writeJSON(w, 200, jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: key.Public(), KeyID: "p", Algorithm: "RS256", Use: "sig"}}})
	})
	mux.HandleFunc("POST /token", func(w http.ResponseWriter, r *http.Request) {
		var c jwt.Claims
		p.verify(r.FormValue("client_assertion"), &c)
		if c.Issuer != ltiClient || c.Subject != ltiClient || !slices.Contains(c.Audience, p.URL+"/token") || c.Expiry.Time().Before(time.Now()) || c.ID == "" ||
			r.FormValue("grant_type") != "client_credentials" || r.FormValue("scope") != "https://purl.imsglobal.org/spec/lti-ags/scope/score" ||
			r.FormValue("client_assertion_type") != "urn:ietf:params:oauth:client-assertion-type:jwt-bearer" {
			t.Errorf("the lab asks for a token by %v, %+v", r.Form, c)
		}
		writeJSON(w, 200, map[string]any{"access_token": "a-token", "token_type": "Bearer", "expires_in": 3600})
	})
	mux.HandleFunc("POST /line/7/scores", func(w http.ResponseWriter, r *http.Request) {
		var score map[string]any
		b, err := io.ReadAll(r.Body)
		if err == nil {
			err = json.Unmarshal(b, &score)
		}
		if err != nil || r.Header.Get("Authorization") != "Bearer a-token" || r.Header.Get("Content-Type") != "application/vnd.ims.lis.v1.score+json" || r.URL.RawQuery != "type=x" {
			t.Errorf("a score comes as %v, %s, %v", r.Header, b, err)
		}
		p.scores <- score
		w.WriteHeader(http.StatusNoContent)
	})
	p.Server = httptest.NewServer(mux)
	t.Cleanup(p.Close)

	kept, err := jetstream.Open(t.Context(), jetstream.Options{Folder: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(kept.Close)
	registered := lti.Platform{
		Issuer: "https://school.example", ClientID: ltiClient, Deployments: []string{"d1"}, Frames: []string{"https://lms.school.example"},
		AuthURL: p.URL + "/auth?tenant=1", TokenURL: p.URL + "/token", KeysURL: p.URL + "/keys",
	}
	if err := registered.Check(); err != nil {
		t.Fatal(err)
	}
	p.kept = kept
	p.site, err = New(Config{Base: "/", Assets: testAssets(t, "/"), Lessons: fstest.MapFS{"10-exercises.md": {Data: []byte(exerciseLesson)}}, Store: kept, Platforms: []lti.Platform{registered}})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// verify reads what the lab has signed, by the keys that it publishes.
func (p *platform) verify(signed string, claims ...any) {
	p.t.Helper()
	var keys jose.JSONWebKeySet
	w := ask(p.site.Handler(), "GET", "/lti/keys", "")
	if err := json.Unmarshal(w.Body.Bytes(), &keys); err != nil || len(keys.Keys) != 1 || !keys.Keys[0].IsPublic() {
		p.t.Fatalf("the keys are %s, %v", w.Body, err)
	}
	token, err := jwt.ParseSigned(signed, []jose.SignatureAlgorithm{jose.RS256})
	if err == nil {
		err = token.Claims(keys.Keys[0].Key, claims[0])
	}
	for _, c := range claims[1:] {
		if err == nil {
			err = token.Claims(keys.Keys[0].Key, c)
		}
	}
	if err != nil {
		p.t.Fatal(err)
	}
}

// An https visit is what a proxy that ends TLS passes on.
func (v *visit) https(method, path string, fields url.Values) *httptest.ResponseRecorder {
	r := httptest.NewRequestWithContext(v.t.Context(), method, path, strings.NewReader(fields.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("X-Forwarded-Proto", "https")
	if method == "POST" {
		r.Header.Set("Sec-Fetch-Site", "cross-site")
		if !strings.HasPrefix(path, "/lti/l") {
			r.Header.Set("Sec-Fetch-Site", "same-origin")
		}
	}
	return v.do(r)
}

// begin leads a browser to the lab, and returns what the lab asks the platform.
func (p *platform) begin(v *visit) url.Values {
	p.t.Helper()
	w := v.https("POST", "/lti/login", url.Values{
		"iss": {"https://school.example"}, "client_id": {ltiClient}, "login_hint": {"u42"}, "lti_message_hint": {"m"}, "target_link_uri": {"https://example.com/lessons/exercises"},
	})
	to, err := url.Parse(w.Header().Get("Location"))
	if err != nil || w.Code != 302 || !strings.HasPrefix(to.String(), p.URL+"/auth?") {
		p.t.Fatalf("%d, %s, %v", w.Code, to, err)
	}
	q := to.Query()
	for name, want := range map[string]string{"tenant": "1", "scope": "openid", "response_type": "id_token", "response_mode": "form_post", "prompt": "none",
		"client_id": ltiClient, "redirect_uri": "https://example.com/lti/launch", "login_hint": "u42", "lti_message_hint": "m"} {
		if q.Get(name) != want {
			p.t.Errorf("%s is %q", name, q.Get(name))
		}
	}
	return q
}

// token is what the platform says of somebody. Changes are made to its claims before it is signed.
func (p *platform) token(q url.Values, key *rsa.PrivateKey, changes map[string]any) string {
	p.t.Helper()
	const claim = "https://purl.imsglobal.org/spec/lti/claim/"
	c := map[string]any{
		"iss": "https://school.example", "aud": ltiClient, "sub": "u42", "iat": time.Now().Unix(), "exp": time.Now().Add(time.Minute).Unix(), "nonce": q.Get("nonce"),
		"name": "Grace Hopper", claim + "message_type": "LtiResourceLinkRequest", claim + "version": "1.3.0", claim + "deployment_id": "d1",
		claim + "target_link_uri": "https://example.com/lessons/exercises", claim + "roles": []string{"http://purl.imsglobal.org/vocab/lis/v2/membership#Learner"},
		"https://purl.imsglobal.org/spec/lti-ags/claim/endpoint": map[string]any{
			"lineitem": p.URL + "/line/7?type=x", "scope": []string{"https://purl.imsglobal.org/spec/lti-ags/scope/score"}},
	}
	for name, value := range changes {
		if strings.Contains(name, "_") && !strings.Contains(name, "/") || name == "roles" || name == "version" {
			name = claim + name
		}
		c[name] = value
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.RS256, Key: jose.JSONWebKey{Key: key, KeyID: "p"}}, nil)
	if err != nil {
		p.t.Fatal(err)
	}
	signed, err := jwt.Signed(signer).Claims(c).Serialize()
	if err != nil {
		p.t.Fatal(err)
	}
	return signed
}

// returnScores lets the lab return scores until the end of the test.
func (p *platform) returnScores() {
	ctx, stop := context.WithCancel(context.Background())
	stopped := make(chan struct{})
	go func() {
		p.site.Run(ctx)
		close(stopped)
	}()
	p.t.Cleanup(func() { stop(); <-stopped })
}

// next is the next score that comes.
func (p *platform) next() map[string]any {
	p.t.Helper()
	select {
	case score := <-p.scores:
		return score
	case <-time.After(20 * time.Second):
		p.t.Fatal("no score comes")
	}
	return nil
}

// solve submits an attempt as a page of the lab does.
func (v *visit) solve(lesson, block, how string) {
	v.t.Helper()
	body := fmt.Sprintf(`{"attempts":[{"id":%q,"class":%q,"lesson":%q,"block":%q,%s}]}`, rand.Text(), v.class, lesson, block, how)
	r := httptest.NewRequestWithContext(v.t.Context(), "POST", "/api/attempts", strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("X-Forwarded-Proto", "https")
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	v.expect(v.do(r), 200, `"kept":true`)
}

// launch lets somebody come from the platform with a token whose claims are changed so.
func (p *platform) launch(v *visit, changes map[string]any) *httptest.ResponseRecorder {
	p.t.Helper()
	q := p.begin(v)
	return v.https("POST", "/lti/launch", url.Values{"state": {q.Get("state")}, "id_token": {p.token(q, p.key, changes)}})
}

// chosen is the address of the link that is given to the platform when somebody chooses it.
func (p *platform) chosen(v *visit, link string) string {
	p.t.Helper()
	deep := map[string]any{"message_type": "LtiDeepLinkingRequest", "sub": "u1", "roles": teacherRole["roles"],
		"https://purl.imsglobal.org/spec/lti-dl/claim/deep_linking_settings": map[string]any{
			"deep_link_return_url": p.URL + "/return", "accept_types": []string{"ltiResourceLink"}, "data": "opaque"}}
	page := v.expect(p.launch(v, deep), 200, `<option value="`+link+`">`)
	token := regexp.MustCompile(`name="token" value="(\w+)"`).FindStringSubmatch(page)
	if token == nil {
		p.t.Fatal(page)
	}
	w := v.https("POST", "/lti/select", url.Values{"token": {token[1]}, "link": {link}})
	page = v.expect(w, 200, `action="`+p.URL+`/return"`)
	if csp := w.Header().Get("Content-Security-Policy"); !strings.Contains(csp, "form-action "+p.URL+";") {
		p.t.Errorf("the form may not lead back: %s", csp)
	}
	signed := regexp.MustCompile(`name="JWT" value="([^"]+)"`).FindStringSubmatch(page)
	var c jwt.Claims
	var more struct {
		Data       string `json:"https://purl.imsglobal.org/spec/lti-dl/claim/data"`
		Deployment string `json:"https://purl.imsglobal.org/spec/lti/claim/deployment_id"`
		Items      []struct {
			URL string `json:"url"`
		} `json:"https://purl.imsglobal.org/spec/lti-dl/claim/content_items"`
	}
	p.verify(html.UnescapeString(signed[1]), &c, &more)
	if c.Issuer != ltiClient || !slices.Contains(c.Audience, "https://school.example") || more.Data != "opaque" || more.Deployment != "d1" || len(more.Items) != 1 {
		p.t.Fatalf("the link is given as %v, %v", c, more)
	}
	return more.Items[0].URL
}

var teacherRole = map[string]any{"sub": "u1", "roles": []string{"http://purl.imsglobal.org/vocab/lis/v2/membership#Instructor"}}

// In a frame of another site only partitioned cookies come and go; in a window of its own they are those of every visit, of which a browser
// keeps one, whoever was here before.
func TestLTIFrame(t *testing.T) {
	p := newPlatform(t)
	for dest, partitioned := range map[string]bool{"iframe": true, "document": false, "": true} {
		v := newVisit(t, p.site)
		post := func(path string, fields url.Values) *httptest.ResponseRecorder {
			r := httptest.NewRequestWithContext(t.Context(), "POST", path, strings.NewReader(fields.Encode()))
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			r.Header.Set("X-Forwarded-Proto", "https")
			r.Header.Set("Sec-Fetch-Dest", dest)
			return v.do(r)
		}
		q := p.begin(v)
		launched := post("/lti/launch", url.Values{"state": {q.Get("state")}, "id_token": {p.token(q, p.key, nil)}})
		r := httptest.NewRequestWithContext(t.Context(), "GET", "/lessons?lang=de", nil)
		r.Header.Set("X-Forwarded-Proto", "https")
		language := v.do(r)
		left := post("/progress/leave", nil)
		for what, w := range map[string]*httptest.ResponseRecorder{"launch": launched, "language": language, "leave": left} {
			set := slices.DeleteFunc(w.Result().Cookies(), func(c *http.Cookie) bool { return strings.HasSuffix(c.Name, ltiCookie) })
			if len(set) == 0 {
				t.Errorf("%q, %s: no cookie is set", dest, what)
			}
			for _, c := range set {
				if c.Partitioned != partitioned || (c.SameSite == http.SameSiteNoneMode) != partitioned || !c.Secure {
					t.Errorf("%q, %s: %v", dest, what, c)
				}
			}
		}
	}
}

func TestLTILearner(t *testing.T) {
	p := newPlatform(t)
	v := newVisit(t, p.site)
	q := p.begin(v)
	w := v.https("POST", "/lti/launch", url.Values{"state": {q.Get("state")}, "id_token": {p.token(q, p.key, nil)}})
	v.expect(w, 303, "/lessons/exercises")
	for _, c := range w.Result().Cookies() {
		open := c.Name == "lab_kept" // has no secret
		if c.MaxAge >= 0 && (!c.Secure || !c.HttpOnly && !open || !c.Partitioned || c.SameSite != http.SameSiteNoneMode || !strings.HasPrefix(c.Name, "__Host-") && !open) {
			t.Errorf("in a frame the cookie %v is not sent, or to others too", c)
		}
	}
	if csp := v.https("GET", "/lessons/exercises", nil).Header(); !strings.Contains(csp.Get("Content-Security-Policy"), "frame-ancestors https://lms.school.example") || csp.Get("X-Frame-Options") != "" {
		t.Errorf("the platform may not show the lesson: %v", csp)
	}
	if csp := v.https("GET", "/signin", nil).Header(); !strings.Contains(csp.Get("Content-Security-Policy"), "frame-ancestors 'none'") || csp.Get("X-Frame-Options") != "DENY" {
		t.Errorf("the platform may show where passwords are typed: %v", csp)
	}
	learner := p.learner(v)

	// The score follows what the learner solves, from now on.
	p.returnScores()
	for i, x := range [][2]string{{"one", `"kind":"quiz","answer":[0]`}, {"next", `"kind":"predict","answer":"1001"`}, {"lose", `"kind":"challenge","commands":[{"at":3,"line":"drop SYN-ACK","ahead":true}]`}} {
		v.solve("exercises", x[0], x[1])
		for got := false; !got; {
			score := p.next()
			if score["userId"] != "u42" || score["scoreMaximum"] != 3.0 || score["gradingProgress"] != "FullyGraded" {
				t.Errorf("the score is %v", score)
			}
			if got = score["scoreGiven"] == float64(i+1); got && (score["activityProgress"] == "Completed") != (i == 2) {
				t.Errorf("the score is %v", score)
			}
		}
	}

	// The same person in another browser is the same learner.
	other := newVisit(t, p.site)
	q = p.begin(other)
	other.https("POST", "/lti/launch", url.Values{"state": {q.Get("state")}, "id_token": {p.token(q, p.key, nil)}})
	if p.learner(other) != learner {
		t.Error("one person is two learners")
	}

	// Whoever is forgotten is somebody new, even to the platform.
	if _, err := archive.Erase(t.Context(), p.kept, learner); err != nil {
		t.Fatal(err)
	}
	for _, prefix := range []string{"lti-line", "learner-subject", "subject-of"} {
		if left, err := p.kept.Records().List(t.Context(), prefix); err != nil || len(left) > 0 {
			t.Errorf("%v is left, %v", left, err)
		}
	}
	q = p.begin(other)
	other.https("POST", "/lti/launch", url.Values{"state": {q.Get("state")}, "id_token": {p.token(q, p.key, nil)}})
	if p.learner(other) == learner {
		t.Error("somebody who was forgotten is known again")
	}
}

// learner is who a browser is.
func (p *platform) learner(v *visit) string {
	p.t.Helper()
	r := httptest.NewRequest("GET", "/", nil)
	r.Header.Set("X-Forwarded-Proto", "https")
	for _, c := range v.cookies {
		r.AddCookie(c)
	}
	who, err := p.site.accounts.Visitor(r)
	if err != nil || who.Learner == "" || who.Account != nil {
		p.t.Fatalf("the browser is that of %+v, %v", who, err)
	}
	return who.Learner
}

func TestLTITeacher(t *testing.T) {
	p := newPlatform(t)
	v := newVisit(t, p.site)
	q := p.begin(v)
	v.expect(v.https("POST", "/lti/launch", url.Values{"state": {q.Get("state")}, "id_token": {p.token(q, p.key, teacherRole)}}), 303, "/lessons/exercises")
	v.expect(v.https("GET", "/account", nil), 200, "Grace Hopper")
	list, err := p.site.accounts.All(t.Context())
	if err != nil || len(list) != 1 || list[0].Role != account.Instructor {
		t.Fatalf("the accounts are %v, %v", list, err)
	}

	// A link is chosen for the platform.
	for link, want := range map[string]string{"lesson:exercises": "https://example.com/lessons/exercises", "block:exercises#lose": "https://example.com/lessons/exercises#lose"} {
		if got := p.chosen(v, link); got != want {
			t.Errorf("the link to %s is %s", link, got)
		}
	}
	v.expect(v.https("POST", "/lti/select", url.Values{"token": {"none"}, "link": {"lesson:exercises"}}), 400, "The launch did not work")
	v.expect(v.https("POST", "/lti/select", url.Values{"token": {"none"}, "link": {"lesson:nothing"}}), 404, "404")
}

// A link to a class leads those who learn into it, without a code, and its score is that of the class. A link to an exercise has a score
// of its own.
func TestLTIClass(t *testing.T) {
	p := newPlatform(t)
	p.returnScores()
	grace := newVisit(t, p.site)
	p.launch(grace, teacherRole)
	r := grace.https("POST", "/teach", url.Values{"title": {"Networks"}})
	id := strings.TrimPrefix(r.Header().Get("Location"), "/teach/")
	link := p.chosen(grace, "class:"+id)
	if link != "https://example.com/class/"+id {
		t.Fatalf("the link to the class is %s", link)
	}
	to := func(more map[string]any) map[string]any {
		return maps.Collect(func(yield func(string, any) bool) {
			yield("target_link_uri", link)
			for k, v := range more {
				yield(k, v)
			}
		})
	}
	grace.expect(p.launch(grace, to(teacherRole)), 303, "/teach/"+id)

	ada, bob := newVisit(t, p.site), newVisit(t, p.site)
	ada.expect(p.launch(ada, to(map[string]any{"sub": "ada", "name": "Ada " + strings.Repeat("x", 100)})), 303, "/class/"+id)
	ada.expect(ada.https("GET", "/class/"+id, nil), 200, "Ada xxx")
	bob.expect(p.launch(bob, to(map[string]any{"sub": "bob", "name": ""})), 303, "/join/"+p.classCode(id))
	bob.expect(bob.https("POST", "/join", url.Values{"code": {p.classCode(id)}, "name": {"Bob"}}), 303, "/class/"+id)
	bob.expect(p.launch(bob, to(map[string]any{"sub": "bob", "name": "Robert"})), 303, "/class/"+id)
	bob.expect(bob.https("GET", "/class/"+id, nil), 200, "Bob")

	ada.class, bob.class = id, id
	ada.solve("exercises", "one", `"kind":"quiz","answer":[0]`)
	if score := p.next(); score["userId"] != "ada" || score["scoreGiven"] != 1.0 || score["scoreMaximum"] != 3.0 || score["activityProgress"] != "InProgress" {
		t.Errorf("the score of the class is %v", score)
	}
	// The instructor sees what was answered in words, and what would have been right.
	ada.solve("exercises", "one", `"kind":"quiz","answer":[1]`)
	members, err := p.site.classes.Members(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	page := grace.expect(grace.https("GET", "/teach/"+id+"/learner/"+members[0].ID, nil), 200, "Right would have been")
	for _, want := range []string{"Who begins?", "The client.", "The server."} {
		if !strings.Contains(page, want) {
			t.Errorf("the page of a learner lacks %q", want)
		}
	}
	// What is done outside of the class does not count in it.
	bob.class = ""
	bob.solve("exercises", "one", `"kind":"quiz","answer":[0]`)
	bob.class = id
	bob.solve("exercises", "next", `"kind":"predict","answer":"1001"`)
	if score := p.next(); score["userId"] != "bob" || score["scoreGiven"] != 1.0 {
		t.Errorf("the score of the class is %v", score)
	}
	grace.expect(grace.https("POST", "/api/class/"+id+"/act", url.Values{"kind": {"end"}}), 303, "/teach/"+id)
	for range 2 {
		if score := p.next(); score["activityProgress"] != "Completed" {
			t.Errorf("at the end of the class the score is %v", score)
		}
	}
	late := newVisit(t, p.site)
	late.expect(p.launch(late, to(map[string]any{"sub": "late"})), 404, "has ended")
	late.expect(p.launch(late, map[string]any{"sub": "late", "target_link_uri": "https://example.com/class/nothing"}), 404, "has ended")

	// An exercise.
	eve := newVisit(t, p.site)
	eve.expect(p.launch(eve, map[string]any{"sub": "eve", "target_link_uri": "https://example.com/lessons/exercises#next"}), 303, "/lessons/exercises#next")
	eve.solve("exercises", "one", `"kind":"quiz","answer":[0]`)
	eve.solve("exercises", "next", `"kind":"predict","answer":"1001"`)
	if score := p.next(); score["userId"] != "eve" || score["scoreGiven"] != score["scoreMaximum"] || score["activityProgress"] != "Completed" {
		t.Errorf("the score of the exercise is %v", score)
	}
}

// classCode is what others join a class by.
func (p *platform) classCode(id string) string {
	in, err := p.site.classes.Get(p.t.Context(), id)
	if err != nil {
		p.t.Fatal(err)
	}
	return in.Code
}

// Admins, and nobody else, register platforms; those may launch from then on, and show the lab in a frame.
func TestPlatforms(t *testing.T) {
	p := newPlatform(t)
	_, session := accounttest.SignIn(t, p.kept, "Ada", account.Admin)
	ada := newVisit(t, p.site, session)
	_, session = accounttest.SignIn(t, p.kept, "Grace", account.Instructor)
	if w := newVisit(t, p.site, session).get("/platforms"); w.Code != 403 {
		t.Errorf("an instructor sees the platforms: %d", w.Code)
	}
	page := ada.expect(ada.get("/platforms"), 200, "http://example.com/lti/login")
	for _, want := range []string{"/lti/launch", "/lti/keys", "https://school.example", "-lti-platforms"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %s", want)
		}
	}
	fields := []string{"issuer", "https://second.example", "client_id", "c2", "auth_url", "https://second.example/auth", "token_url", p.URL + "/token", "keys_url", p.URL + "/keys", "deployments", "d1\n\nd2"}
	wrong := append(slices.Clone(fields), "auth_url", "javascript:alert(1)")
	ada.expect(ada.post("/platforms", wrong...), 422, `aria-invalid="true"`)
	ada.expect(ada.post("/platforms", append(slices.Clone(fields), "frames", "https://second.example/; script-src *")...), 422, `aria-invalid="true"`)

	login := url.Values{"iss": {"https://second.example"}, "login_hint": {"u"}}
	if w := newVisit(t, p.site).https("POST", "/lti/login", login); w.Code != 400 {
		t.Errorf("before it is registered: %d", w.Code)
	}
	ada.expect(ada.post("/platforms", fields...), 303, "/platforms?done=platform")
	v := newVisit(t, p.site)
	w := v.https("POST", "/lti/login", login)
	if to := w.Header().Get("Location"); w.Code != 302 || !strings.HasPrefix(to, "https://second.example/auth?") {
		t.Errorf("%d, %s", w.Code, to)
	}
	if csp := v.get("/lessons").Header().Get("Content-Security-Policy"); !strings.Contains(csp, "frame-ancestors https://lms.school.example https://second.example") {
		t.Errorf("its frames may not show the lab: %s", csp)
	}
	if csp := v.get("/platforms").Header().Get("Content-Security-Policy"); !strings.Contains(csp, "frame-ancestors 'none'") {
		t.Errorf("a frame may show where rights are changed: %s", csp)
	}
	fields[7] = "https://second.example/token2"
	ada.expect(ada.post("/platforms", fields...), 303, "/platforms?done=platform")
	list, err := p.site.lti.Added(t.Context())
	if err != nil || len(list) != 1 || list[0].TokenURL != fields[7] || !slices.Equal(list[0].Deployments, []string{"d1", "d2"}) {
		t.Fatalf("the platforms are %+v, %v", list, err)
	}
	// The one of the configuration stays as it is.
	fixed := p.site.lti.Fixed()[0]
	ada.expect(ada.post("/platforms", "issuer", fixed.Issuer, "client_id", fixed.ClientID, "auth_url", fixed.AuthURL, "token_url", fixed.TokenURL, "keys_url", fixed.KeysURL), 403, "403")
	ada.expect(ada.post("/platforms/"+fixed.ID()+"/remove"), 403, "403")
	ada.expect(ada.post("/platforms/"+list[0].ID()+"/remove"), 303, "/platforms?done=platform-removed")
	if w := newVisit(t, p.site).https("POST", "/lti/login", login); w.Code != 400 {
		t.Errorf("after it was removed: %d", w.Code)
	}
}

// What is not from the platform, for this browser, for the first time and in time is no launch.
func TestLTIRefused(t *testing.T) {
	p := newPlatform(t)
	stranger, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		key     *rsa.PrivateKey
		changes map[string]any
	}{
		"another key":        {stranger, nil},
		"another issuer":     {p.key, map[string]any{"iss": "https://evil.example"}},
		"another audience":   {p.key, map[string]any{"aud": "another-tool"}},
		"another nonce":      {p.key, map[string]any{"nonce": "x"}},
		"too old":            {p.key, map[string]any{"exp": time.Now().Add(-time.Hour).Unix()}},
		"another deployment": {p.key, map[string]any{"deployment_id": "d2"}},
		"another version":    {p.key, map[string]any{"version": "1.1"}},
		"another message":    {p.key, map[string]any{"message_type": "LtiSubmissionReviewRequest"}},
		"nobody":             {p.key, map[string]any{"sub": ""}},
		"a learner who links": {p.key, map[string]any{"message_type": "LtiDeepLinkingRequest",
			"https://purl.imsglobal.org/spec/lti-dl/claim/deep_linking_settings": map[string]any{"deep_link_return_url": p.URL + "/return", "accept_types": []string{"ltiResourceLink"}}}},
		"many audiences": {p.key, map[string]any{"aud": []string{ltiClient, "another"}}},
	} {
		v := newVisit(t, p.site)
		q := p.begin(v)
		if w := v.https("POST", "/lti/launch", url.Values{"state": {q.Get("state")}, "id_token": {p.token(q, c.key, c.changes)}}); w.Code != 400 || len(v.cookies) != 1 {
			t.Errorf("%s: %d, %v", name, w.Code, v.cookies)
		}
	}
	v := newVisit(t, p.site)
	q := p.begin(v)
	good := url.Values{"state": {q.Get("state")}, "id_token": {p.token(q, p.key, nil)}}
	if w := newVisit(t, p.site).https("POST", "/lti/launch", good); w.Code != 400 {
		t.Errorf("in another browser: %d", w.Code)
	}
	secret := v.cookies["__Host-lab_lti"]
	v.expect(v.https("POST", "/lti/launch", good), 303, "/lessons/exercises")
	v.cookies["__Host-lab_lti"] = secret
	if w := v.https("POST", "/lti/launch", good); w.Code != 400 {
		t.Errorf("for the second time: %d", w.Code)
	}
	q = p.begin(v)
	away := p.token(q, p.key, map[string]any{"target_link_uri": "https://evil.example/lessons"})
	v.expect(v.https("POST", "/lti/launch", url.Values{"state": {q.Get("state")}, "id_token": {away}}), 303, "/lessons")
	if w := v.https("POST", "/lti/login", url.Values{"iss": {"https://evil.example"}, "login_hint": {"x"}}); w.Code != 400 {
		t.Errorf("an unknown platform: %d", w.Code)
	}
	if w := v.post("/lti/login", "iss", "https://school.example", "login_hint", "x"); w.Code != 400 || !strings.Contains(w.Body.String(), "400") {
		t.Errorf("by http: %d", w.Code)
	}
}

// Whoever may show the lab in a frame is told with every page, so it lies ready: a page costs the text of its policy, and the header.
func TestFramesLieReady(t *testing.T) {
	platforms := []lti.Platform{{AuthURL: "https://one.example/auth"}, {AuthURL: "https://two.example/auth"}}
	s := &Site{cfg: Config{Base: "/tcp/"}, lti: lti.New(nil, platforms, slog.New(slog.DiscardHandler))}
	h := s.inFrames(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	w, r := httptest.NewRecorder(), httptest.NewRequest("GET", "/tcp/lessons/loss", nil)
	if n := testing.AllocsPerRun(1000, func() { h.ServeHTTP(w, r) }); n > 2 {
		t.Errorf("%v allocations", n)
	}
	if got, want := w.Header().Get("Content-Security-Policy"), "frame-ancestors https://one.example https://two.example"; !strings.HasSuffix(got, want) {
		t.Errorf("%s; want it to end in %s", got, want)
	}
}
