package web

import (
	"crypto/sha256"
	"errors"
	"math"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/go-chi/chi/v5/middleware"

	"github.com/handshakelab/lab/web/account"
	"github.com/handshakelab/lab/web/limit"
)

// limits are how often one may ask for something that changes or works out something. A browser has one person before it. An address may
// be that of a school, so what it may do is what three thousand do at once.
type limits struct {
	browser *limit.Limiter // of requests that change something
	address *limit.Limiter
	class   *limit.Limiter // of requests to one class, by whomever
	secrets *limit.Limiter // of passwords and one-time links, by address
}

func newLimits() limits {
	return limits{
		browser: limit.New(time.Second/20, 200),
		address: limit.New(time.Second/1000, 10_000),
		class:   limit.New(time.Second/500, 5_000),
		secrets: limit.New(time.Second/5, 300),
	}
}

// addressed finds out the address of the client, behind the proxies that are believed.
func (s *Site) addressed(next http.Handler) http.Handler {
	if len(s.cfg.Proxies) == 0 {
		return middleware.ClientIPFromRemoteAddr(next)
	}
	var trusted []string
	for _, p := range s.cfg.Proxies {
		trusted = append(trusted, p.String())
	}
	return middleware.ClientIPFromXFF(trusted...)(next)
}

// clientAddress is what a client is counted by: its address, of IPv6 the network, of which each home has one. It is "" when a proxy that
// is believed says nothing that makes sense; all such are counted as one.
func clientAddress(r *http.Request) string {
	ip, err := netip.ParseAddr(middleware.GetClientIP(r.Context()))
	if err != nil {
		return ""
	}
	if ip.Is6() {
		if net, err := ip.WithZone("").Prefix(64); err == nil {
			return net.String()
		}
	}
	return ip.String()
}

// limited lets requests that change something through only so often.
func (s *Site) limited(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			if err := s.count(r); err != nil {
				s.fail(w, r, err)
				return
			}
		}
		next.ServeHTTP(w, r)
	})
}

// count takes what a request takes of all limits that concern it.
func (s *Site) count(r *http.Request) error {
	addr := clientAddress(r)
	wait := s.limits.address.Take(addr)
	// Whoever makes cookies up counts by their address all the same.
	if browser := browserOf(r); wait == 0 && browser != "" {
		wait = s.limits.browser.Take(browser)
	}
	path := s.path(r)
	switch {
	case wait > 0:
	case path == "/signin", strings.HasPrefix(path, "/setup/"):
		wait = s.limits.secrets.Take(addr)
	case strings.HasPrefix(path, "/api/class/"):
		class, _, _ := strings.Cut(strings.TrimPrefix(path, "/api/class/"), "/")
		wait = s.limits.class.Take(class)
	}
	if wait > 0 {
		return tooMany{wait}
	}
	return nil
}

// browserOf is what a browser is counted by: the first of our cookies. "" when it has none.
func browserOf(r *http.Request) string {
	secret := account.Browser(r)
	if secret == "" {
		return ""
	}
	sum := sha256.Sum256([]byte(secret))
	return string(sum[:])
}

// tooMany says that somebody has to wait.
type tooMany struct{ wait time.Duration }

// Error says how long.
func (e tooMany) Error() string { return "too many requests; wait " + e.wait.String() }

// Unwrap is the answer to it.
func (e tooMany) Unwrap() error {
	return &Error{Status: http.StatusTooManyRequests, Code: "too_many", Message: "That was too much at once. Try again in a moment.", Words: "page.fault.many"}
}

// retryAfter says in an answer how long to wait, when the error knows.
func retryAfter(w http.ResponseWriter, err error) {
	var many tooMany
	if errors.As(err, &many) {
		w.Header().Set("Retry-After", strconv.Itoa(int(math.Ceil(many.wait.Seconds()))))
	}
}
