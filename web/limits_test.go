package web

import (
	"net/http"
	"net/http/httptest"
	"net/netip"
	"testing"
	"testing/fstest"
	"time"

	"github.com/handshakelab/lab/web/limit"
)

// A client is known by its own address, whatever it says of itself; what proxies say counts when they are ours.
func TestClientAddress(t *testing.T) {
	site := newTestSite(t, "/", fstest.MapFS{"10-one.md": lessonFile("one")})
	for _, c := range []struct {
		proxies            []netip.Prefix
		peer, forward, got string
	}{
		{nil, "198.51.100.7:1", "203.0.113.9", "198.51.100.7"},
		{nil, "[2001:db8:1:2:3:4:5:6]:1", "", "2001:db8:1:2::/64"},
		{nil, "[::ffff:198.51.100.7]:1", "", "198.51.100.7"},
		{[]netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}, "10.1.1.1:1", "6.6.6.6, 203.0.113.9, 10.2.2.2", "203.0.113.9"},
		{[]netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}, "198.51.100.7:1", "203.0.113.9", "198.51.100.7"},
		{[]netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}, "10.1.1.1:1", "nonsense", ""},
	} {
		site.cfg.Proxies = c.proxies
		r := httptest.NewRequest("GET", "/", nil)
		r.RemoteAddr = c.peer
		r.Header.Set("X-Forwarded-For", c.forward)
		got := "none"
		site.addressed(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { got = clientAddress(r) })).ServeHTTP(httptest.NewRecorder(), r)
		if got != c.got {
			t.Errorf("%v: %q", c, got)
		}
	}
}

// Who asks too often waits, and is told how long; others do not, and reading is free.
func TestLimits(t *testing.T) {
	site := newTestSite(t, "/", fstest.MapFS{"10-one.md": lessonFile("one")})
	hour := func(burst int) *limit.Limiter { return limit.New(time.Hour, burst) }
	site.limits = limits{browser: hour(2), address: hour(5), class: hour(2), secrets: hour(1)}
	h := site.Handler()
	try := func(addr, cookie, path string, wait bool) {
		t.Helper()
		r := httptest.NewRequest("POST", path, nil)
		r.RemoteAddr = addr + ":1"
		if cookie != "" {
			r.Header.Set("Cookie", "__Host-lab_learner="+cookie)
		}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if got := w.Code == 429; got != wait || wait != (w.Header().Get("Retry-After") != "") {
			t.Errorf("%s, %q, %s: %d, Retry-After %q", addr, cookie, path, w.Code, w.Header().Get("Retry-After"))
		}
	}
	try("198.51.100.1", "a", "/api/run", false)
	try("198.51.100.2", "a", "/api/run", false)
	try("198.51.100.3", "a", "/api/run", true)
	try("198.51.100.3", "b", "/api/run", false)
	try("198.51.100.3", "", "/api/run", false)
	try("198.51.100.3", "", "/api/run", false)
	try("198.51.100.3", "c", "/api/run", false)
	try("198.51.100.3", "d", "/api/run", true) // with a new cookie each time
	if w := ask(h, "GET", "/livez", ""); w.Code != 200 {
		t.Error(w.Code)
	}
	try("198.51.100.4", "", "/signin", false)
	try("198.51.100.4", "", "/setup/x", true)
	try("198.51.100.5", "e", "/api/class/x/where", false)
	try("198.51.100.6", "f", "/api/class/x/act", false)
	try("198.51.100.7", "g", "/api/class/x/where", true)
	try("198.51.100.7", "g", "/api/class/y/where", false)
}
