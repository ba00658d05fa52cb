// Package web is what a browser talks to: pages that lie ready, the live protocol and a small API behind one router that
// works under any base path.
package web

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"net/http"
	"net/netip"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/handshakelab/lab/engine/diag"
	"github.com/handshakelab/lab/lessons"
	"github.com/handshakelab/lab/lessons/gallery"
	"github.com/handshakelab/lab/static"
	"github.com/handshakelab/lab/web/account"
	"github.com/handshakelab/lab/web/i18n"
	"github.com/handshakelab/lab/web/live"
	"github.com/handshakelab/lab/web/lti"
	"github.com/handshakelab/lab/web/progress"
	"github.com/handshakelab/lab/web/store"
)

// A Config says what a Site is made of. Only Log may be left out.
type Config struct {
	Base    string // path prefix, with a slash at both ends: "/" or "/lab/"
	Assets  *static.Assets
	Lessons fs.FS
	Origins []string // other sites whose pages may use this one's runs: "https://lab.example"

	// Ancestors are the other sites whose pages may show a simulator in a frame, as sources of a content security policy:
	// "https://school.example", "https://*.school.example", or "*" for all.
	Ancestors []string

	// PseudoLocales adds languages that nobody speaks, for tests of the layout: i18n.Pseudo.
	PseudoLocales bool

	// Dev is for those who write lessons: pages are shown anew when theirs changes.
	Dev bool

	// Folder is that of Lessons, when the page for authors may write into it; nil: it writes nowhere.
	Folder *os.Root

	// Keep is after how long a learner who does not come back is forgotten; 0: never.
	Keep time.Duration

	// Sessions are how many sockets may be open at once; 0 stands for live.DefaultSockets. Scarce reports whether there is too little memory
	// for another one; nil: never.
	Sessions int
	Scarce   func() bool

	// Store keeps classes, accounts and progress; nil: there are none, and nothing but the course is served.
	Store store.Store

	// OIDC is whose word is taken for who an instructor is, beside passwords; nil: nobody's.
	OIDC *account.OIDC

	// Platforms are learning platforms that may launch the lab by LTI, beside those that admins register.
	Platforms []lti.Platform

	// Proxies are the networks of the proxies in front, which are believed about the address of a client: "10.0.0.0/8".
	Proxies []netip.Prefix

	Log *slog.Logger
}

// every is how often the lessons' files are looked at.
func (c *Config) every() time.Duration {
	if c.Dev {
		return 20 * time.Millisecond
	}
	return time.Second
}

// A Site is the whole web side of the lab.
type Site struct {
	cfg     Config
	loader  *lessons.Loader
	fixed   fixtures
	edition atomic.Pointer[edition]
	// languages are those that pages are served in, the fallback first.
	languages []*i18n.Catalog
	hub       *live.Hub
	cross     *http.CrossOriginProtection
	limits    limits
	accounts  *account.Accounts // nil without a store
	provider  *account.Provider // nil without Config.OIDC
	lti       *lti.Tool         // nil without a store
	classes   *classroom        // the same
	records   *keeper           // the same
	endings   endings
	router    *chi.Mux
	gallery   *gallery.Gallery
	corners   func() map[string]sheet // see notebookPages
	requests  requests
	pulse     pulse
	draining  atomic.Bool
	going     chan struct{} // closed when it goes down

	newsMu  sync.Mutex
	newsCh  chan struct{} // closed when the lessons were loaded
	uploads chan struct{} // captures that come in

	drafts  drafts
	authors turnstile  // checks of drafts
	saving  sync.Mutex // of files in the folder
}

// builtinGallery is played once, however many sites there are.
var builtinGallery = sync.OnceValues(func() (*gallery.Gallery, diag.List) { return gallery.Load(gallery.Builtin()) })

// New loads the lessons and renders all pages.
func New(cfg Config) (*Site, error) {
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if !strings.HasPrefix(cfg.Base, "/") || !strings.HasSuffix(cfg.Base, "/") {
		return nil, errors.New("web: the base path must begin and end with a slash")
	}
	s := &Site{cfg: cfg, cross: http.NewCrossOriginProtection(), limits: newLimits(), requests: newRequests(), uploads: make(chan struct{}, maxUploads), going: make(chan struct{}), newsCh: make(chan struct{})}
	for _, lang := range i18n.Languages {
		s.languages = append(s.languages, i18n.Lookup(lang))
	}
	if cfg.PseudoLocales {
		if err := s.addPseudo(); err != nil {
			return nil, err
		}
	}
	for _, origin := range cfg.Origins {
		if err := s.cross.AddTrustedOrigin(origin); err != nil {
			return nil, err
		}
	}
	var faults diag.List
	s.gallery, faults = builtinGallery()
	logDiagnostics(cfg.Log, "scenario", faults)
	if err := s.fix(); err != nil {
		return nil, err
	}
	s.loader = lessons.NewLoader(cfg.Lessons)
	s.corners = sync.OnceValue(s.notebookPages)
	e, err := s.load(nil)
	if err != nil {
		return nil, err
	}
	s.edition.Store(e)
	rooms := live.Config{Scenario: s.scenario, Origins: cfg.Origins, Log: cfg.Log, Sockets: cfg.Sessions, Scarce: cfg.Scarce}
	if cfg.Store != nil {
		s.accounts = account.New(cfg.Store, cfg.Base)
		s.records = newKeeper(progress.New(cfg.Store))
		if cfg.OIDC != nil {
			s.provider = s.accounts.Provider(*cfg.OIDC)
		}
		s.lti = lti.New(cfg.Store, cfg.Platforms, cfg.Log)
		s.classes = newClassroom(cfg.Store, s.accounts)
		rooms.Store, rooms.Rooms = cfg.Store, seats{s.classes}
	}
	s.hub = live.NewHub(rooms)
	s.router = s.routes()
	return s, nil
}

// Course returns the lessons that are served now.
func (s *Site) Course() *lessons.Course { return s.edition.Load().course }

// maxBody is the largest body of a request that is read.
const maxBody = live.MaxFrame

// routes is the router, with what every address of the site has in common: HEAD is answered like GET, and what changes something is
// asked for by the site's own pages only.
type routes struct {
	*chi.Mux
	site *Site
}

func (r routes) get(pattern string, h handler) {
	r.Get(pattern, r.site.handle(h))
	r.Head(pattern, r.site.handle(h))
}

func (r routes) post(pattern string, h handler) { r.Post(pattern, r.site.handle(r.site.sameSite(h))) }

func (s *Site) routes() *chi.Mux {
	r := routes{chi.NewRouter(), s}
	r.Use(s.measure)
	r.NotFound(s.handle(s.missing))
	r.MethodNotAllowed(s.handle(s.methodNotAllowed))

	r.get("/livez", alive)
	r.get("/readyz", s.ready)
	for _, page := range []string{"/", "/lessons", "/lessons/{slug}", "/gallery", "/flood", "/latency", "/sandbox", "/sandbox/{slug}",
		"/glossary", "/glossary/{name}", "/interview", "/interview/{name}", "/rules", "/rules/*", "/author/{name}", "/kept"} {
		r.get(page, s.page)
	}
	for _, list := range []string{"/lessons.md", "/gallery.md", "/glossary.md", "/interview.md", "/rules.md"} {
		r.get(list, s.page)
	}
	r.get("/search", s.search)
	r.get("/author", s.author)
	r.post("/author", s.authorForm)
	r.get("/lessons/draft/{id}", s.draftPage)
	r.post("/api/draft", s.draft)
	r.post("/api/save", s.save)
	r.get("/media/*", s.media)
	r.get("/lessons/media/*", s.media) // as a page one folder further down asks for them: a draft
	r.get("/notebook/{name}", s.notebook)
	r.get("/api/part/*", s.part)
	r.get("/static/*", s.file)
	if s.cfg.Dev {
		r.Get("/dev/events", s.handle(s.devEvents))
	}
	r.get("/api/flood", playFlood)
	r.get("/embed", s.embed)
	r.get("/embed.js", s.embedScript)
	// Without r.Get, so that the hub answers to other methods in its own words.
	r.Handle("/ws", s.hub)
	r.post("/api/run", s.hub.ServeRun)
	r.post("/api/faults", faults)
	r.post("/api/check", s.check)
	r.post("/api/look", s.look)
	r.post("/api/view", s.view)
	r.get("/api/rules", s.ruleRuns)
	r.post("/api/export", s.export)
	r.post("/api/capture", s.capture)
	if s.cfg.Store != nil {
		s.routesOfAccounts(r)
		s.routesOfClasses(r)
		s.routesOfRecords(r)
	}
	return r.Mux
}

// Handler returns the whole site, to be served at the root of a host.
func (s *Site) Handler() http.Handler {
	return numbered(secure(s.inFrames(s.recoverer(s.addressed(s.limited(bounded(s.based(s.router))))))))
}

// bounded limits the bodies of requests. Only captures and lessons may be large.
func bounded(next http.Handler) http.Handler {
	small, lesson, large := http.MaxBytesHandler(next, maxBody), http.MaxBytesHandler(next, maxDraftBody), http.MaxBytesHandler(next, maxCapture+1)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		path := r.URL.Path
		switch {
		case r.Method != http.MethodPost:
		case strings.HasSuffix(path, "/api/capture"):
			large.ServeHTTP(w, r)
			return
		case strings.HasSuffix(path, "/api/draft"), strings.HasSuffix(path, "/api/save"), strings.HasSuffix(path, "/author"):
			lesson.ServeHTTP(w, r)
			return
		}
		small.ServeHTTP(w, r)
	})
}

// based takes the base path off. A path without it is served as well: many proxies take it off themselves. What the pages
// say of addresses is the base path in any case.
func (s *Site) based(next http.Handler) http.Handler {
	if s.cfg.Base == "/" {
		return next
	}
	bare := s.bare()
	strip := http.StripPrefix(bare, next)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case strings.HasPrefix(r.URL.Path, s.cfg.Base):
			strip.ServeHTTP(w, r)
		case r.URL.Path == bare:
			http.Redirect(w, r, s.cfg.Base, http.StatusPermanentRedirect)
		default:
			next.ServeHTTP(w, r)
		}
	})
}

// bare is the base path without its last slash.
func (s *Site) bare() string { return strings.TrimSuffix(s.cfg.Base, "/") }

// path is the path of a request without the base path, which it still has outside the router.
func (s *Site) path(r *http.Request) string { return strings.TrimPrefix(r.URL.Path, s.bare()) }

func (s *Site) page(w http.ResponseWriter, r *http.Request) error {
	e := s.edition.Load()
	if text := e.texts[r.URL.Path]; text != nil {
		file, err := text()
		if err != nil {
			return err
		}
		file.ServeHTTP(w, r)
		return nil
	}
	page := e.pages[r.URL.Path]
	if page == nil {
		return errNotFound
	}
	if c := s.lookup(r.URL.Query().Get("lang")); c != nil {
		account.SetCookie(w, r, &http.Cookie{Name: langCookie, Value: c.Lang, Path: s.cfg.Base, MaxAge: 365 * 24 * 60 * 60, HttpOnly: true, SameSite: http.SameSiteLaxMode})
	}
	return page.serve(w, r, s.language(r))
}

// missing leads to a page from its address with a slash too many.
func (s *Site) missing(w http.ResponseWriter, r *http.Request) error {
	if bare, ok := strings.CutSuffix(r.URL.Path, "/"); ok && s.edition.Load().pages[bare] != nil {
		http.Redirect(w, r, s.cfg.Base+bare[1:], http.StatusPermanentRedirect)
		return nil
	}
	return errNotFound
}

func (s *Site) file(w http.ResponseWriter, r *http.Request) error {
	prefix := strings.TrimPrefix(s.cfg.Assets.Prefix(), s.bare())
	name, ok := strings.CutPrefix(r.URL.Path, prefix)
	if !ok {
		return errNotFound
	}
	f := s.cfg.Assets.File(name)
	if f == nil {
		return errNotFound
	}
	f.ServeHTTP(w, r)
	return nil
}

// methodNotAllowed says which methods there are, as RFC 9110 section 15.5.6 asks for.
func (s *Site) methodNotAllowed(w http.ResponseWriter, r *http.Request) error {
	var allowed []string
	for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodPost} {
		if s.router.Match(chi.NewRouteContext(), method, r.URL.Path) {
			allowed = append(allowed, method)
		}
	}
	if allowed == nil {
		return errNotFound
	}
	w.Header().Set("Allow", strings.Join(allowed, ", "))
	return errMethod
}

// sameSite refuses what a page of another site sends.
func (s *Site) sameSite(next handler) handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		if err := s.cross.Check(r); err != nil {
			return &Error{Status: http.StatusForbidden, Code: "cross_origin", Message: "The request comes from a page of another site; -origins can allow it."}
		}
		return next(w, r)
	}
}

func alive(w http.ResponseWriter, r *http.Request) error {
	writeText(w, http.StatusOK, "ok\n")
	return nil
}

func writeText(w http.ResponseWriter, status int, text string) {
	h := w.Header()
	h.Set("Content-Type", "text/plain; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(text))
}

// Drain makes readyz say that the server is going down, so that nobody sends new readers here.
func (s *Site) Drain() {
	if !s.draining.Swap(true) {
		close(s.going)
	}
}

// Close says good-bye to all sockets and returns when they are closed, or cut at the end of ctx.
func (s *Site) Close(ctx context.Context) {
	s.Drain()
	s.hub.Close(ctx)
}
