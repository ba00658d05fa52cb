package web

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/go-chi/chi/v5"

	"github.com/handshakelab/lab/server/jetstream"
	"github.com/handshakelab/lab/web/account"
	"github.com/handshakelab/lab/web/account/accounttest"
	"github.com/handshakelab/lab/web/store"
)

// keepingSite is a site of a small course with a store of its own.
func keepingSite(t *testing.T, base string) (*Site, store.Store) {
	t.Helper()
	kept, err := jetstream.Open(t.Context(), jetstream.Options{Folder: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(kept.Close)
	site, err := New(Config{Base: base, Assets: testAssets(t, base), Lessons: fstest.MapFS{"10-one.md": lessonFile("one")}, Origins: []string{"https://school.example"}, Store: kept})
	if err != nil {
		t.Fatal(err)
	}
	return site, kept
}

// A visit is a browser with its cookies.
type visit struct {
	t       *testing.T
	h       http.Handler
	cookies map[string]*http.Cookie
	class   string // in which it solves exercises
}

func newVisit(t *testing.T, site *Site, cookies ...*http.Cookie) *visit {
	v := &visit{t: t, h: site.Handler(), cookies: map[string]*http.Cookie{}}
	for _, c := range cookies {
		v.cookies[c.Name] = c
	}
	return v
}

func (v *visit) do(r *http.Request) *httptest.ResponseRecorder {
	for _, c := range v.cookies {
		r.AddCookie(c)
	}
	w := httptest.NewRecorder()
	v.h.ServeHTTP(w, r)
	for _, c := range w.Result().Cookies() {
		v.cookies[c.Name] = c
		if c.MaxAge < 0 {
			delete(v.cookies, c.Name)
		}
	}
	return w
}

func (v *visit) get(path string) *httptest.ResponseRecorder {
	return v.do(httptest.NewRequestWithContext(v.t.Context(), "GET", path, nil))
}

func (v *visit) post(path string, fields ...string) *httptest.ResponseRecorder {
	form := url.Values{}
	for i := 0; i < len(fields); i += 2 {
		form.Set(fields[i], fields[i+1])
	}
	r := httptest.NewRequestWithContext(v.t.Context(), "POST", path, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return v.do(r)
}

// expect checks the status of an answer and what stands in it, or where it leads.
func (v *visit) expect(w *httptest.ResponseRecorder, status int, want string) string {
	v.t.Helper()
	got := w.Body.String()
	if w.Code >= 300 && w.Code < 400 {
		got = w.Header().Get("Location")
		if got != want {
			v.t.Errorf("it leads to %q, want %q", got, want)
		}
	} else if !strings.Contains(got, want) {
		v.t.Errorf("there is no %q in\n%s", want, got)
	}
	if w.Code != status {
		v.t.Errorf("the status is %d, want %d", w.Code, status)
	}
	if w.Header().Get("Cache-Control") != "no-store" {
		v.t.Errorf("Cache-Control is %q", w.Header().Get("Cache-Control"))
	}
	return got
}

func TestSetUp(t *testing.T) {
	site, kept := keepingSite(t, "/lab/")
	v := newVisit(t, site)
	v.expect(v.get("/lab/setup/nonsense"), 410, "too old")
	token, err := account.New(kept, "/").First(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	at := "/lab/setup/" + token
	v.expect(v.get(at), 200, "has no account yet")
	v.expect(v.post(at, "name", "Ada", "password", accounttest.Password, "again", "something else"), 422, "not the same")
	page := v.expect(v.post(at, "name", "Ada", "password", "short", "again", "short"), 422, "at least 12")
	if !strings.Contains(page, `value="Ada"`) || strings.Contains(page, "short\"") {
		t.Error("the form keeps the name, and no password")
	}
	if len(v.cookies) != 0 {
		t.Errorf("there are cookies already: %v", v.cookies)
	}
	v.expect(v.post(at, "name", "Ada", "password", accounttest.Password, "again", accounttest.Password), 303, "/lab/"+afterSignIn)
	v.expect(v.get("/lab/account"), 200, "Ada")
	v.expect(v.get(at), 410, "too old")
	v.expect(v.post("/lab/signout"), 303, "/lab/")
	v.expect(v.get("/lab/account"), 303, "/lab/signin?next=%2Faccount")
}

func TestSignInPage(t *testing.T) {
	site, kept := keepingSite(t, "/")
	accounttest.SignIn(t, kept, "Ada", account.Instructor)
	v := newVisit(t, site)
	v.expect(v.get("/account?done=password"), 303, "/signin?next=%2Faccount%3Fdone%3Dpassword")
	v.expect(v.post("/account/signout"), 303, "/signin")
	page := v.expect(v.post("/signin", "name", "Ada", "password", "wrong", "next", "/account", "keep", "yes"), 422, "do not belong together")
	for _, want := range []string{`name="next" value="/account"`, `value="Ada"`, "checked"} {
		if !strings.Contains(page, want) {
			t.Errorf("the form has lost %s", want)
		}
	}
	v.expect(v.post("/signin", "name", "ada", "password", accounttest.Password, "next", "/account?done=password"), 303, "/account?done=password")
	v.expect(v.get("/account?done=password"), 200, "signed out in all other browsers")
	v.expect(v.get("/signin?next=/glossary"), 303, "/glossary")
	v.expect(v.get("/accounts"), 403, "403")
	if w := v.do(withAccept(httptest.NewRequest("GET", "/account", nil))); w.Code != 200 {
		t.Error(w.Code)
	}
	if w := newVisit(t, site).do(withAccept(httptest.NewRequest("GET", "/account", nil))); w.Code != 401 {
		t.Errorf("a script that is not signed in gets %d", w.Code)
	}
	for range 5 {
		v.post("/signin", "name", "Eve", "password", "wrong")
	}
	w := v.post("/signin", "name", "Eve", "password", "wrong")
	if v.expect(w, 429, "Too many wrong passwords"); w.Header().Get("Retry-After") == "" {
		t.Error("there is no Retry-After")
	}
}

func withAccept(r *http.Request) *http.Request {
	r.Header.Set("Accept", "application/json")
	return r
}

// Where somebody goes after they have signed in comes from an address that anybody may have written.
func TestLocalPath(t *testing.T) {
	for _, next := range []string{"/teach", "/teach/abc?x=1&y=%2F", "/lessons/lost-segments?at=3"} {
		if localPath(next) != next {
			t.Errorf("%q is refused", next)
		}
	}
	for _, next := range []string{"", "teach", "//evil.example", "/\\evil.example", "\\/evil.example", "https://evil.example/", "/.//evil.example",
		"/../x", "/x/../../y", "javascript:alert(1)", "/a\nb", "/a b", "\t/a", "http:/evil.example", "/%zz"} {
		if got := localPath(next); got != "" {
			t.Errorf("%q is taken as %q", next, got)
		}
	}
}

func TestAdmin(t *testing.T) {
	site, kept := keepingSite(t, "/")
	ada, cookie := accounttest.SignIn(t, kept, "Ada", account.Admin)
	v := newVisit(t, site, cookie)
	page := v.expect(v.post("/accounts/invite", "role", "instructor"), 200, "the account of an instructor")
	link := regexp.MustCompile(`http://example\.com(/setup/[\w-]+)`).FindStringSubmatch(page)
	if link == nil {
		t.Fatal("there is no link")
	}
	grace := newVisit(t, site)
	grace.expect(grace.get(link[1]), 200, "invited to teach")
	grace.expect(grace.post(link[1], "name", "Grace", "password", accounttest.Password, "again", accounttest.Password), 303, "/"+afterSignIn)
	acc, err := site.accounts.Find(t.Context(), "grace")
	if err != nil {
		t.Fatal(err)
	}
	grace.expect(grace.post("/accounts/"+ada.ID+"/disable"), 403, "403")
	v.expect(v.post("/accounts/"+acc.ID+"/role", "role", "admin"), 303, "/accounts?done=role")
	grace.expect(grace.get("/accounts"), 200, "2 accounts")
	v.expect(v.post("/accounts/"+acc.ID+"/role", "role", "emperor"), 400, "400")
	v.expect(v.post("/accounts/"+acc.ID+"/disable"), 303, "/accounts?done=disable")
	grace.expect(grace.get("/account"), 303, "/signin?next=%2Faccount")
	v.expect(v.post("/accounts/"+acc.ID+"/enable"), 303, "/accounts?done=enable")
	page = v.expect(v.post("/accounts/"+acc.ID+"/password"), 200, "Grace can make a new password")
	link = regexp.MustCompile(`http://example\.com(/setup/[\w-]+)`).FindStringSubmatch(page)
	grace.expect(grace.post(link[1], "password", "another fine password", "again", "another fine password"), 303, "/"+afterSignIn)
	grace.expect(grace.get("/account"), 200, "Grace")
	v.expect(v.post("/accounts/"+ada.ID+"/disable"), 403, "403")
	v.expect(v.post("/accounts/nobody/disable"), 404, "404")
	v.expect(v.post("/accounts/a.b/disable"), 404, "404")
	v.expect(v.post("/accounts/"+acc.ID+"/erase"), 404, "404")
}

func TestOwnAccount(t *testing.T) {
	site, kept := keepingSite(t, "/")
	ada, cookie := accounttest.SignIn(t, kept, "Ada", account.Instructor)
	here, there := newVisit(t, site, cookie), newVisit(t, site, accounttest.Session(t, kept, ada.ID))
	here.expect(here.post("/account/password", "old", "wrong", "password", "another fine password", "again", "another fine password"), 422, "not the password up to now")
	there.expect(there.get("/account"), 200, "Ada")
	here.expect(here.post("/account/password", "old", accounttest.Password, "password", "another fine password", "again", "another fine password"), 303, "/account?done=password")
	here.expect(here.get("/account"), 200, "Ada")
	there.expect(there.get("/account"), 303, "/signin?next=%2Faccount")
	there = newVisit(t, site, accounttest.Session(t, kept, ada.ID))
	here.expect(here.post("/account/signout"), 303, "/signin")
	there.expect(there.get("/account"), 303, "/signin?next=%2Faccount")
}

// Whatever changes something asks first whether a page of another site sends it.
func TestCrossOrigin(t *testing.T) {
	site := newPlatform(t).site
	h := site.Handler()
	n := 0
	err := chi.Walk(site.router, func(method, route string, _ http.Handler, _ ...func(http.Handler) http.Handler) error {
		if method == http.MethodGet || method == http.MethodHead || method == http.MethodOptions || route == "/ws" || fromOutside[route] {
			return nil
		}
		n++
		path := regexp.MustCompile(`\{[^}]*\}|\*`).ReplaceAllString(route, "x")
		if w := ask(h, method, path, "", "Sec-Fetch-Site", "cross-site"); w.Code != 403 {
			t.Errorf("%s %s: %d for another site", method, path, w.Code)
		}
		if w := ask(h, method, path, "", "Origin", "https://evil.example"); w.Code != 403 {
			t.Errorf("%s %s: %d for an old browser on another site", method, path, w.Code)
		}
		return nil
	})
	if err != nil || n < 15 {
		t.Errorf("%d routes, %v", n, err)
	}
}

// fromOutside are the routes to which pages of other sites send something, and which know them by a signature.
var fromOutside = map[string]bool{"/lti/login": true, "/lti/launch": true}

// A browser gets no cookie before there is something to keep.
func TestNoCookies(t *testing.T) {
	site, _ := keepingSite(t, "/")
	v := newVisit(t, site)
	for _, path := range []string{"/", "/lessons", "/signin", "/teach", "/account"} {
		if v.get(path); len(v.cookies) > 0 {
			t.Errorf("%s gives %v", path, v.cookies)
		}
	}
}
