package account

import (
	"net/http"
	"strings"
	"time"
)

// The names of cookies, apart from their prefix.
const (
	learnerCookie = "lab_learner" // the secret of a learner
	sessionCookie = "lab_session" // the secret of a session
)

// Secure reports whether the browser sees the lab by https. A proxy that ends TLS says so.
func Secure(r *http.Request) bool {
	if r.TLS != nil {
		return true
	}
	proto, _, _ := strings.Cut(r.Header.Get("X-Forwarded-Proto"), ",")
	return strings.EqualFold(strings.TrimSpace(proto), "https")
}

// cookieName has the prefix that a browser enforces, where there can be one (RFC 6265bis section 4.1.3): no other host, and no
// connection that somebody reads, can set such a cookie.
func (a *Accounts) cookieName(r *http.Request, name string) string {
	switch {
	case !Secure(r):
		return name
	case a.path == "/":
		return "__Host-" + name
	}
	return "__Secure-" + name
}

// cookie is the value of a cookie of ours, or "".
func (a *Accounts) cookie(r *http.Request, name string) string {
	c, err := r.Cookie(a.cookieName(r, name))
	if err != nil {
		return ""
	}
	return c.Value
}

// setCookie gives the browser a cookie, for as long as it is open when keep is 0. With an empty value it takes it away.
func (a *Accounts) setCookie(w http.ResponseWriter, r *http.Request, name, value string, keep time.Duration) {
	c := &http.Cookie{
		Name: a.cookieName(r, name), Value: value, Path: a.path, MaxAge: int(keep.Seconds()),
		HttpOnly: true, SameSite: http.SameSiteLaxMode, Secure: Secure(r),
	}
	if value == "" {
		c.MaxAge = -1
	}
	http.SetCookie(w, c)
}

// Browser returns what tells one browser from others: the secret of its session or its learner, whether or not it is good for anything.
func Browser(r *http.Request) string {
	for _, c := range r.Cookies() {
		if strings.HasSuffix(c.Name, sessionCookie) || strings.HasSuffix(c.Name, learnerCookie) {
			return c.Value
		}
	}
	return ""
}
