// Package accounttest makes accounts for tests, in the way in which people make them.
package accounttest

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/handshakelab/lab/web/account"
	"github.com/handshakelab/lab/web/store"
)

// Password is that of all accounts made here.
const Password = "correct horse battery"

// SignIn makes an account of a role in a store and signs it in. The cookie is for requests by http to the base path /.
func SignIn(t testing.TB, s store.Store, name string, role account.Role) (account.Account, *http.Cookie) {
	t.Helper()
	accounts := account.New(s, "/")
	token, err := accounts.Invite(t.Context(), role)
	if err != nil {
		t.Fatal(err)
	}
	acc, err := accounts.Redeem(t.Context(), token, name, Password)
	if err != nil {
		t.Fatal(err)
	}
	return acc, Session(t, s, acc.ID)
}

// Session signs an account in once more, as in another browser.
func Session(t testing.TB, s store.Store, id string) *http.Cookie {
	t.Helper()
	w := httptest.NewRecorder()
	if err := account.New(s, "/").Begin(w, httptest.NewRequestWithContext(t.Context(), "POST", "/signin", nil), id, false); err != nil {
		t.Fatal(err)
	}
	for _, c := range w.Result().Cookies() {
		return c
	}
	t.Fatal("there is no cookie")
	return nil
}
