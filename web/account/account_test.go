package account_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/handshakelab/lab/server/jetstream"
	"github.com/handshakelab/lab/web/account"
	"github.com/handshakelab/lab/web/account/accounttest"
	"github.com/handshakelab/lab/web/store"
)

func open(t *testing.T) store.Store {
	t.Helper()
	s, err := jetstream.Open(t.Context(), jetstream.Options{Folder: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

const password = accounttest.Password

func request(cookies ...*http.Cookie) *http.Request {
	r := httptest.NewRequest("GET", "/account", nil)
	for _, c := range cookies {
		r.AddCookie(c)
	}
	return r
}

func visitor(t *testing.T, a *account.Accounts, r *http.Request) *account.Account {
	t.Helper()
	v, err := a.Visitor(r)
	if err != nil {
		t.Fatal(err)
	}
	return v.Account
}

// The first link makes an admin, once; all other first links are good for nothing then, and no new ones are made.
func TestFirst(t *testing.T) {
	a := account.New(open(t), "/")
	ctx := t.Context()
	one, err := a.First(ctx)
	if err != nil || one == "" {
		t.Fatal(one, err)
	}
	two, err := a.First(ctx)
	if err != nil || two == "" || two == one {
		t.Fatal(two, err)
	}
	acc, err := a.Redeem(ctx, two, " Ada  Lovelace ", password)
	if err != nil || acc.Role != account.Admin || acc.Name != "Ada Lovelace" {
		t.Fatal(acc, err)
	}
	for _, token := range []string{one, two, "", "nonsense"} {
		if _, err := a.Redeem(ctx, token, "Eve", password); !errors.Is(err, account.ErrLink) {
			t.Errorf("%q: %v", token, err)
		}
	}
	if three, err := a.First(ctx); err != nil || three != "" {
		t.Error(three, err)
	}
}

// A link that is refused for what was typed is as good as before. Of many who use it at once one gets through.
func TestRedeem(t *testing.T) {
	s := open(t)
	a := account.New(s, "/")
	ctx := t.Context()
	accounttest.SignIn(t, s, "Ada", account.Admin)
	token, err := a.Invite(ctx, account.Instructor)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, password string
		want           error
	}{
		{"", password, account.ErrName},
		{strings.Repeat("x", account.MaxName+1), password, account.ErrName},
		{"a\u0000b", password, account.ErrName},
		{"ADA", password, account.ErrTaken},
		{"Ａda", password, account.ErrTaken}, // the same letter, wide
		{"Grace", "short", account.ErrPassword},
		{"Grace", "aaaaaaaaaaaaaaaa", account.ErrPassword},
		{"Grace Brewster Hopper", "grace brewster  hopper", account.ErrPassword},
		{"Grace", strings.Repeat("long", 100), account.ErrPassword},
	} {
		if _, err := a.Redeem(ctx, token, c.name, c.password); !errors.Is(err, c.want) {
			t.Errorf("%q, %q: %v, want %v", c.name, c.password, err, c.want)
		}
	}
	var wg sync.WaitGroup
	var mu sync.Mutex
	made := 0
	for _, name := range []string{"Grace", "Barbara", "Frances", "Jean"} {
		wg.Go(func() {
			_, err := a.Redeem(ctx, token, name, password)
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				made++
			} else if !errors.Is(err, account.ErrLink) {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if list, err := a.All(ctx); err != nil || made != 1 || len(list) != 2 {
		t.Errorf("%d were made, there are %v, %v", made, list, err)
	}
}

func TestSignIn(t *testing.T) {
	s := open(t)
	a := account.New(s, "/")
	ctx := t.Context()
	ada, _ := accounttest.SignIn(t, s, "Ada", account.Admin)
	grace, cookie := accounttest.SignIn(t, s, "Grace", account.Instructor)
	if got, err := a.SignIn(ctx, " grace", password); err != nil || got.ID != grace.ID {
		t.Errorf("%v, %v", got, err)
	}
	for _, c := range [][2]string{{"Grace", "correct horse"}, {"Nobody", password}, {"", ""}, {"\x00", "\x00"}} {
		if _, err := a.SignIn(ctx, c[0], c[1]); !errors.Is(err, account.ErrWrong) {
			t.Errorf("%q: %v", c, err)
		}
	}
	if acc := visitor(t, a, request(cookie)); acc == nil || acc.ID != grace.ID || acc.Role != account.Instructor {
		t.Errorf("the session is that of %v", acc)
	}
	if err := a.SetDisabled(ctx, ada.ID, grace.ID, true); err != nil {
		t.Fatal(err)
	}
	if acc := visitor(t, a, request(cookie)); acc != nil {
		t.Errorf("a disabled account has the session %v", acc)
	}
	if _, err := a.SignIn(ctx, "Grace", password); !errors.Is(err, account.ErrWrong) {
		t.Errorf("a disabled account: %v", err)
	}
	if err := a.SetDisabled(ctx, ada.ID, ada.ID, true); !errors.Is(err, account.ErrSelf) {
		t.Errorf("disabling oneself: %v", err)
	}
}

// Sessions end by signing out, by signing out everywhere and by a new password; that of another browser only by the latter two.
func TestSessions(t *testing.T) {
	s := open(t)
	a := account.New(s, "/")
	ctx := t.Context()
	ada, here := accounttest.SignIn(t, s, "Ada", account.Admin)
	there := accounttest.Session(t, s, ada.ID)
	if here.Value == there.Value {
		t.Fatal("two sessions have one secret")
	}
	w := httptest.NewRecorder()
	if err := a.SignOut(w, request(here)); err != nil {
		t.Fatal(err)
	}
	if c := w.Result().Cookies(); len(c) != 1 || c[0].MaxAge >= 0 {
		t.Errorf("the cookie stays: %v", c)
	}
	if visitor(t, a, request(here)) != nil || visitor(t, a, request(there)) == nil {
		t.Error("signing out ends the session of this browser, and of no other")
	}
	if err := a.SignOutEverywhere(ctx, ada.ID); err != nil {
		t.Fatal(err)
	}
	if visitor(t, a, request(there)) != nil {
		t.Error("a session outlives signing out everywhere")
	}
	there = accounttest.Session(t, s, ada.ID)
	if err := a.ChangePassword(ctx, ada.ID, "wrong wrong wrong", "another fine password"); !errors.Is(err, account.ErrWrong) {
		t.Errorf("with a wrong password: %v", err)
	}
	if err := a.ChangePassword(ctx, ada.ID, password, "short"); !errors.Is(err, account.ErrPassword) {
		t.Errorf("with a short one: %v", err)
	}
	if visitor(t, a, request(there)) == nil {
		t.Error("a change that was refused ends a session")
	}
	if err := a.ChangePassword(ctx, ada.ID, password, "another fine password"); err != nil {
		t.Fatal(err)
	}
	if visitor(t, a, request(there)) != nil {
		t.Error("a session outlives the password")
	}
	if _, err := a.SignIn(ctx, "Ada", password); !errors.Is(err, account.ErrWrong) {
		t.Errorf("by the old password: %v", err)
	}
	if _, err := a.SignIn(ctx, "Ada", "another fine password"); err != nil {
		t.Errorf("by the new password: %v", err)
	}
	token, err := a.Recover(ctx, ada.ID)
	if err != nil {
		t.Fatal(err)
	}
	there = accounttest.Session(t, s, ada.ID)
	if _, err := a.Redeem(ctx, token, "", "a third fine password"); err != nil {
		t.Fatal(err)
	}
	if _, err := a.SignIn(ctx, "Ada", "a third fine password"); err != nil || visitor(t, a, request(there)) != nil {
		t.Errorf("after a recovery: %v", err)
	}
}

// Wrong passwords of a name make the next ones wait, whether or not there is such a name, and a right one forgets them.
func TestBackOff(t *testing.T) {
	s := open(t)
	a := account.New(s, "/")
	accounttest.SignIn(t, s, "Ada", account.Admin)
	for _, name := range []string{"Ada", "Nobody"} {
		for range 5 {
			if _, err := a.SignIn(t.Context(), name, "wrong wrong wrong"); !errors.Is(err, account.ErrWrong) {
				t.Fatal(err)
			}
		}
		var wait account.WaitError
		if _, err := a.SignIn(t.Context(), " "+strings.ToUpper(name), password); !errors.As(err, &wait) || wait.Wait <= 0 {
			t.Errorf("the sixth try: %v", err)
		}
	}
}

// Cookies are as strict as the connection allows.
func TestCookies(t *testing.T) {
	s := open(t)
	ada, _ := accounttest.SignIn(t, s, "Ada", account.Admin)
	for _, c := range []struct{ base, proto, want string }{
		{"/", "", "lab_session"},
		{"/lab/", "", "lab_session"},
		{"/", "https", "__Host-lab_session"},
		{"/lab/", "https", "__Secure-lab_session"},
	} {
		a := account.New(s, c.base)
		r := request()
		if c.proto != "" {
			r.Header.Set("X-Forwarded-Proto", c.proto)
		}
		w := httptest.NewRecorder()
		if err := a.Begin(w, r, ada.ID, true); err != nil {
			t.Fatal(err)
		}
		if _, err := a.Enroll(w, r); err != nil {
			t.Fatal(err)
		}
		for _, got := range w.Result().Cookies() {
			if got.Name == "lab_kept" {
				if got.HttpOnly || got.Value != "1" || got.Path != c.base {
					t.Errorf("%v: what scripts are told: %v", c, got)
				}
				continue
			}
			if got.Name != c.want && got.Name != strings.Replace(c.want, "session", "learner", 1) {
				t.Errorf("%v: the cookie %s", c, got.Name)
			}
			if !got.HttpOnly || got.SameSite != http.SameSiteLaxMode || got.Path != c.base || got.Domain != "" || got.Secure != (c.proto == "https") {
				t.Errorf("%v: %v", c, got)
			}
			if len(got.Value) < 22 {
				t.Errorf("%v: fewer than 128 bits: %q", c, got.Value)
			}
			r.AddCookie(got)
		}
		if acc := visitor(t, a, r); acc == nil || acc.ID != ada.ID {
			t.Errorf("%v: the session is that of %v", c, acc)
		}
		// By https a cookie that anybody on the way could have set means nothing.
		if c.proto == "https" {
			plain := request(&http.Cookie{Name: "lab_session", Value: accounttest.Session(t, s, ada.ID).Value})
			plain.Header.Set("X-Forwarded-Proto", "https")
			if visitor(t, a, plain) != nil {
				t.Errorf("%v: a plain cookie counts", c)
			}
		}
	}
}

// All nodes hear of what ends a session, and of a learner who leaves a browser.
func TestEndings(t *testing.T) {
	s := open(t)
	a := account.New(s, "/")
	ada, here := accounttest.SignIn(t, s, "Ada", account.Admin)
	grace, _ := accounttest.SignIn(t, s, "Grace", account.Instructor)
	w := httptest.NewRecorder()
	learner, err := a.Enroll(w, request())
	if err != nil {
		t.Fatal(err)
	}
	secret := w.Result().Cookies()[0]
	heard := make(chan string, 10)
	go func() {
		defer close(heard)
		for id, err := range account.Endings(t.Context(), s) {
			if err != nil {
				return
			}
			heard <- id
		}
	}()
	hears := func(want string) {
		t.Helper()
		if got := <-heard; got != want {
			t.Errorf("heard is the end of %q, want %q", got, want)
		}
	}
	hears("")
	for _, end := range []struct {
		of string
		do func() error
	}{
		{ada.ID, func() error { return a.SignOut(httptest.NewRecorder(), request(here)) }},
		{ada.ID, func() error { return a.SignOutEverywhere(t.Context(), ada.ID) }},
		{ada.ID, func() error { return a.ChangePassword(t.Context(), ada.ID, password, "another fine password") }},
		{grace.ID, func() error { return a.SetRole(t.Context(), ada.ID, grace.ID, account.Admin) }},
		{grace.ID, func() error { return a.SetDisabled(t.Context(), ada.ID, grace.ID, true) }},
		{learner, func() error { return a.Leave(httptest.NewRecorder(), request(secret)) }},
	} {
		if err := end.do(); err != nil {
			t.Fatal(err)
		}
		hears(end.of)
	}
	if v, err := a.Visitor(request(secret)); err != nil || v.Learner != "" {
		t.Errorf("a browser that was left is that of %+v, %v", v, err)
	}
}

// An ID can stand in a command line and in a spreadsheet.
func TestNewID(t *testing.T) {
	for range 1000 {
		if id := account.NewID(); !store.Valid(id) || strings.HasPrefix(id, "-") {
			t.Fatal(id)
		}
	}
}
