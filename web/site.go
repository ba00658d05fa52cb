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

func (s *Site) routes() *chi.Mux {
	r := chi.NewRouter()
	r.Use(s.measure)
	r.NotFound(s.handle(s.missing))
	r.MethodNotAllowed(s.handle(s.methodNotAllowed))

	get := func(pattern string, h http.HandlerFunc) {
		r.Get(pattern, h)
		r.Head(pattern, h)
	}
	get("/livez", s.handle(alive))
	get("/readyz", s.handle(s.ready))
	for _, page := range []string{"/", "/lessons", "/lessons/{slug}", "/gallery", "/flood", "/latency", "/sandbox", "/sandbox/{slug}",
		"/glossary", "/glossary/{name}", "/interview", "/interview/{name}", "/rules", "/rules/*", "/author/{name}", "/kept"} {
		get(page, s.handle(s.page))
	}
	for _, list := range []string{"/lessons.md", "/gallery.md", "/glossary.md", "/interview.md", "/rules.md"} {
		get(list, s.handle(s.page))
	}
	get("/search", s.handle(s.search))
	get("/author", s.handle(s.author))
	r.Post("/author", s.handle(s.sameSite(s.authorForm)))
	get("/lessons/draft/{id}", s.handle(s.draftPage))
	r.Post("/api/draft", s.handle(s.sameSite(s.draft)))
	r.Post("/api/save", s.handle(s.sameSite(s.save)))
	get("/media/*", s.handle(s.media))
	get("/lessons/media/*", s.handle(s.media)) // as a page one folder further down asks for them: a draft
	get("/notebook/{name}", s.handle(s.notebook))
	get("/api/part/*", s.handle(s.part))
	get("/static/*", s.handle(s.file))
	if s.cfg.Dev {
		r.Get("/dev/events", s.handle(s.devEvents))
	}
	get("/api/flood", s.handle(playFlood))
	get("/embed", s.handle(s.embed))
	get("/embed.js", s.handle(s.embedScript))
	// Without r.Get, so that the hub answers to other methods in its own words.
	r.Handle("/ws", s.hub)
	r.Post("/api/run", s.handle(s.sameSite(s.hub.ServeRun)))
	r.Post("/api/faults", s.handle(s.sameSite(faults)))
	r.Post("/api/check", s.handle(s.sameSite(s.check)))
	r.Post("/api/look", s.handle(s.sameSite(s.look)))
	r.Post("/api/view", s.handle(s.sameSite(s.view)))
	get("/api/rules", s.handle(s.ruleRuns))
	r.Post("/api/export", s.handle(s.sameSite(s.export)))
	r.Post("/api/capture", s.handle(s.sameSite(s.capture)))
	if s.cfg.Store != nil {
		s.routesOfAccounts(r)
		s.routesOfClasses(r)
		s.routesOfRecords(r)
	}
	return r
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
	bare := strings.TrimSuffix(s.cfg.Base, "/")
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
	prefix := strings.TrimPrefix(s.cfg.Assets.Prefix(), strings.TrimSuffix(s.cfg.Base, "/"))
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
