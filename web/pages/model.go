// Package pages renders every page of the lab whole: what a reader gets is complete before a script runs. Each page is a
// function from a plain view model to a templ component; who serves them, and from which routes, is not known here.
package pages

//go:generate go tool templ generate

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"github.com/a-h/templ"
	"github.com/handshakelab/lab/engine"
	"github.com/handshakelab/lab/engine/rule"
	"github.com/handshakelab/lab/engine/script"
	"github.com/handshakelab/lab/engine/tcp"
	"github.com/handshakelab/lab/engine/wire"
	"github.com/handshakelab/lab/lessons"
	"github.com/handshakelab/lab/lessons/gallery"
	"github.com/handshakelab/lab/web/i18n"
)

// A Page is what every page needs to know about where it stands.
type Page struct {
	Base   string        // where the lab lives: "/" or "/lab/", always with a slash at both ends
	Static string        // where static files lie: "/lab/static/0123456789ab/", with a slash at the end
	Words  *i18n.Catalog // of the language of the page; nil means English
	Here   Place         // which entry of the main navigation is current
	Title  string        // of the page, without the name of the site; empty for the home page

	// Modules returns the names of the modules ("js/sim/fold.js") that a module imports, itself among them, so that a page
	// can ask for all at once instead of one round trip an import. Nil: nothing is preloaded.
	Modules func(module string) []string

	// Path is the path of the page inside the lab, where it is had in the language that its reader likes best.
	Path string

	// Text is the language of a lesson's text, "" for that of the course. Tongues are all that there is such a text in.
	Text    string
	Tongues []*i18n.Catalog

	// Languages are those that the page can be had in.
	Languages []*i18n.Catalog

	// Markdown is the path inside the lab of the same page as markdown, "lessons/lost-segments.md"; empty for none.
	Markdown string

	// Dev says that the page is shown anew when its lesson changes.
	Dev bool

	// Teaching says that there are accounts and classes.
	Teaching bool

	// Description is the sentence that a search engine or a shared link shows.
	Description string
}

// A Place is an entry of the main navigation.
type Place string

// The entries.
const (
	Elsewhere  Place = ""
	AtLessons  Place = "lessons"
	AtGallery  Place = "gallery"
	AtSandbox  Place = "sandbox"
	AtGlossary Place = "glossary"
	AtTeach    Place = "teach"
	siteName         = "Handshake Lab"
)

func (p Page) cat() *i18n.Catalog {
	if p.Words == nil {
		return i18n.Lookup("en")
	}
	return p.Words
}

func (p Page) lang() string { return p.cat().Lang }

// t is a text of the page.
func (p Page) t(key string, args ...any) string { return p.cat().T(key, args...) }

// before and behind are the parts of a text around its one placeholder, for which there is markup.
func (p Page) before(key string) string {
	text, _, _ := strings.Cut(p.t(key), "{")
	return text
}

func (p Page) behind(key string) string {
	_, text, _ := strings.Cut(p.t(key), "}")
	return text
}

// course marks text of a lesson on a page in another language.
func (p Page) course() templ.Attributes { return p.in(cmp.Or(p.Text, courseLang)) }

// in marks text in a language on a page in another one.
func (p Page) in(lang string) templ.Attributes {
	if p.lang() == lang {
		return nil
	}
	return templ.Attributes{"lang": lang, "dir": "ltr"}
}

// local is a lesson in the language of the page, where there is such a translation.
func (p Page) local(l *lessons.Lesson) *lessons.Lesson { return l.In(p.lang()) }

// own marks text of the page inside of text of a lesson.
func (p Page) own() templ.Attributes {
	if p.lang() == cmp.Or(p.Text, courseLang) {
		return nil
	}
	return templ.Attributes{"lang": p.lang(), "dir": p.cat().Dir}
}

// courseLang is the language that lessons are written in at first.
const courseLang = "en"

func (p Page) title() string {
	if p.Title == "" {
		return p.t("page.title.home", "site", siteName)
	}
	return p.t("page.title", "title", p.Title, "site", siteName)
}

func (p Page) description() string {
	if p.Description == "" {
		return p.t("page.description")
	}
	return p.Description
}

// url joins a path inside the lab to its base.
func (p Page) url(path string) string { return p.Base + strings.TrimPrefix(path, "/") }

// file joins the name of a static file to where they lie.
func (p Page) file(name string) string { return p.Static + name }

// frame is what a page tells the layout beyond Page: where the skip links lead and which module runs it.
type frame struct {
	Page
	Main   string // the main part, as the skip link names it: "lesson"
	Sims   []*lessons.Sim
	Script string // the module that runs this page, beside appScript; empty for none

	Sheets []string // style sheets of this page only, beside those of all pages
}

// rules are the texts of the rules that the runs on the page follow, so that a simulator can say why without asking for all
// others.
func (f frame) rules() map[rule.ID]i18n.RuleText {
	texts := map[rule.ID]i18n.RuleText{}
	for _, s := range f.Sims {
		for i := range s.Events {
			id := s.Events[i].Rule
			if text, ok := f.cat().RuleText(id); ok {
				texts[id] = text
			}
		}
	}
	return texts
}

// The modules that pages start.
const (
	appScript     = "js/app.js"
	lessonScript  = "js/lesson.js"
	sandboxScript = "js/sandbox.js"
	floodScript   = "js/flood.js"
	latencyScript = "js/latency.js"
	embedScript   = "js/embed.js"
	authorScript  = "js/author.js"
)

// preload lists what the page's own modules import.
func (f frame) preload() []string {
	if f.Modules == nil {
		return nil
	}
	var names []string
	for _, entry := range []string{appScript, f.Script} {
		if entry == "" {
			continue
		}
		for _, name := range f.Modules(entry) {
			if name != entry && !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
	}
	if f.Script != "" {
		names = append(names, "js/catalog."+f.lang()+".js")
	}
	return names
}

// ErrorData is what an error page says: a sentence on what is the matter, in words for its reader, and a way on.
type ErrorData struct {
	Page
	Status  int    // HTTP status
	Heading string // empty: one that fits Status
	Message string // empty: one that fits Status
	Ref     string // number of the request, for whoever looks it up in the log; empty for none
}

// kind is what the catalogue calls it.
func (e ErrorData) kind() string {
	switch {
	case e.Status == 404:
		return "page.error.404"
	case e.Status >= 500:
		return "page.error.500"
	}
	return "page.error.400"
}

func (e ErrorData) heading() string { return cmp.Or(e.Heading, e.t(e.kind())) }

func (e ErrorData) message() string { return cmp.Or(e.Message, e.t(e.kind()+".text")) }

// HomeData is the home page: what the lab is, a simulator to touch at once, the lessons.
type HomeData struct {
	Page
	Course *lessons.Course
}

// LessonsData is the list of lessons.
type LessonsData struct {
	Page
	Course *lessons.Course
}

// LessonData is one lesson of a course.
type LessonData struct {
	Page
	Course *lessons.Course
	Lesson *lessons.Lesson
}

// SandboxData is the sandbox: a simulator for any scenario, which stands at first with the one of Sim. A link brings its own.
type SandboxData struct {
	Page
	Sim  *lessons.Sim
	Item *gallery.Item // the scenario of the gallery that it is, nil for another
}

// first is the lesson to begin with, or nil in a course without lessons.
func (h HomeData) first() *lessons.Lesson {
	if h.Course == nil || len(h.Course.Lessons) == 0 {
		return nil
	}
	return h.Course.Lessons[0]
}

// Hero is the simulator of the page, and the lesson that it is of: the first one of the course that begins with a SYN-ACK on the wire,
// as the title says, else the first one of all.
func (h HomeData) Hero() (*lessons.Lesson, *lessons.Sim) {
	if h.first() == nil {
		return nil, nil
	}
	for _, l := range h.Course.Lessons {
		for _, sim := range sims(l) {
			if sim.Ahead && synAckFlies(sim) {
				return l, sim
			}
		}
	}
	return h.first(), firstSim(h.first())
}

// synAckFlies reports whether a SYN-ACK is on the wire where the playhead of a simulator stands at first.
func synAckFlies(sim *lessons.Sim) bool {
	return slices.ContainsFunc(sim.Events, func(e engine.Event) bool {
		return e.Kind == engine.Sent && e.Wire.Flags.Has(wire.SYN|wire.ACK) && e.At <= sim.At && sim.At < e.Due
	})
}

func (s SandboxData) source() string {
	if s.Sim == nil {
		return ""
	}
	return s.Sim.Source
}

// profiles are the names of the profiles, that of the language's default first.
func profiles() string {
	names := tcp.ProfileNames()
	first := script.DefaultSetup().Hosts[engine.Client].Profile
	slices.SortStableFunc(names, func(a, b string) int {
		switch first {
		case a:
			return -1
		case b:
			return 1
		}
		return 0
	})
	return strings.Join(names, " ")
}

// defaultAddress is the address of a host to which a scenario gives none.
func defaultAddress(h engine.HostID) string { return script.DefaultSetup().Hosts[h].Addr.String() }

func (p Page) minutes(n int) string {
	if n == 0 {
		return ""
	}
	return p.t("page.minutes", "n", n)
}

// begins says whether a reader has to be told where a challenge begins: neither at the start of a run nor at its end, where
// they would find it, and not said by the author.
func (d LessonData) begins(c *lessons.Challenge) bool {
	sim := d.Lesson.Sim(c.From)
	return sim != nil && 0 < c.At && c.At < sim.World.Now() &&
		!strings.Contains(c.HTML, `data-sim="`+c.From+`" data-at="`+micros(c.At)+`"`)
}

func micros(t tcp.Time) string { return strconv.FormatInt(int64(t), 10) }

func yes(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}

// place is the number of the lesson in its course, from 1.
func (d LessonData) place() int {
	return slices.IndexFunc(d.Course.Lessons, func(l *lessons.Lesson) bool { return l.Slug == d.Lesson.Slug }) + 1
}

func (d LessonData) ofHowMany() string {
	if d.Lesson.Minutes == 0 {
		return d.t("page.of", "n", len(d.Course.Lessons))
	}
	return d.t("page.of.minutes", "of", len(d.Course.Lessons), "n", d.Lesson.Minutes)
}
