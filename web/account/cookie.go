package account

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"time"
)

// The names of cookies, apart from their prefix.
const (
	learnerCookie = "lab_learner" // the secret of a learner
	sessionCookie = "lab_session" // the secret of a session
	frameCookie   = "lab_frame"   // that the lab was launched in a frame; it is partitioned, so it comes from there only
)

// Secure reports whether the browser sees the lab by https. A proxy that ends TLS says so.
func Secure(r *http.Request) bool {
	if r.TLS != nil {
		return true
	}
	// Of several proxies the first in the list is the one that the browser asked.
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

type framedKey struct{}

// Framed returns a request whose answer is shown in a frame of another site: cookies that are set for it are sent from there too, and
// from there only (they are partitioned). By http there are no such cookies.
func Framed(r *http.Request) *http.Request {
	return r.WithContext(context.WithValue(r.Context(), framedKey{}, true))
}

// BeginFrame returns a request that a frame of another site shows as Framed does, and lets the browser say of all that follow from there
// that they are shown so. A request for a window of its own is returned as it is.
func (a *Accounts) BeginFrame(w http.ResponseWriter, r *http.Request) *http.Request {
	if r.Header.Get("Sec-Fetch-Dest") == "document" {
		return r
	}
	r = Framed(r)
	a.setCookie(w, r, frameCookie, "1", remembered)
	return r
}

// framed reports whether an answer is shown in a frame of another site.
func framed(r *http.Request) bool {
	if is, _ := r.Context().Value(framedKey{}).(bool); is {
		return true
	}
	return slices.ContainsFunc(r.Cookies(), func(c *http.Cookie) bool { return strings.HasSuffix(c.Name, frameCookie) })
}

// SetSecret gives the browser that sends a request a secret for a while, under a name of the caller's. Secret is that secret, or "".
func (a *Accounts) SetSecret(w http.ResponseWriter, r *http.Request, name, secret string, keep time.Duration) {
	a.setCookie(w, r, name, secret, keep)
}

// Secret is what SetSecret has set.
func (a *Accounts) Secret(r *http.Request, name string) string { return a.cookie(r, name) }

// setCookie gives the browser a cookie, for as long as it is open when keep is 0. With an empty value it takes it away.
func (a *Accounts) setCookie(w http.ResponseWriter, r *http.Request, name, value string, keep time.Duration) {
	c := &http.Cookie{
		Name: a.cookieName(r, name), Value: value, Path: a.path, MaxAge: int(keep.Seconds()),
		HttpOnly: true, SameSite: http.SameSiteLaxMode,
	}
	if value == "" {
		c.MaxAge = -1
	}
	SetCookie(w, r, c)
}

// SetCookie gives the browser a cookie: only for connections that nobody reads, where there are such, and in a frame of another site one
// that is sent from there.
func SetCookie(w http.ResponseWriter, r *http.Request, c *http.Cookie) {
	c.Secure = Secure(r)
	if c.Secure && framed(r) {
		c.SameSite, c.Partitioned = http.SameSiteNoneMode, true
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
