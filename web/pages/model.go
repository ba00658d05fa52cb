// Package pages renders every page of the lab whole: what a reader gets is complete before a script runs. Each page is a
// function from a plain view model to a templ component; who serves them, and from which routes, is not known here.
package pages

//go:generate go tool templ generate

import (
	"slices"
	"strconv"
	"strings"

	"github.com/handshakelab/lab/engine"
	"github.com/handshakelab/lab/engine/script"
	"github.com/handshakelab/lab/engine/tcp"
	"github.com/handshakelab/lab/lessons"
	"github.com/handshakelab/lab/lessons/gallery"
)

// A Page is what every page needs to know about where it stands.
type Page struct {
	Base   string // where the lab lives: "/" or "/lab/", always with a slash at both ends
	Static string // where static files lie: "/lab/static/0123456789ab/", with a slash at the end
	Lang   string // language of the page; empty means English
	Dir    string // "rtl" for a language that runs right to left
	Here   Place  // which entry of the main navigation is current
	Title  string // of the page, without the name of the site; empty for the home page

	// Modules returns the names of the modules ("js/sim/fold.js") that a module imports, itself among them, so that a page
	// can ask for all at once instead of one round trip an import. Nil: nothing is preloaded.
	Modules func(module string) []string

	// Description is the sentence that a search engine or a shared link shows.
	Description string
}

// A Place is an entry of the main navigation.
type Place string

// The entries.
const (
	Elsewhere   Place = ""
	AtLessons   Place = "lessons"
	AtGallery   Place = "gallery"
	AtSandbox   Place = "sandbox"
	siteName          = "Handshake Lab"
	description       = "Take a TCP handshake into your own hands: step through it, lose a segment, change a number, and read which rule made the other side answer as it did."
)

func (p Page) lang() string {
	if p.Lang == "" {
		return "en"
	}
	return p.Lang
}

func (p Page) dir() string {
	if p.Dir == "" {
		return "ltr"
	}
	return p.Dir
}

func (p Page) title() string {
	if p.Title == "" {
		return siteName + ": hold a TCP connection in your hands"
	}
	return p.Title + " · " + siteName
}

func (p Page) description() string {
	if p.Description == "" {
		return description
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
	Main   string // name of the main part in the skip link: "the lesson"
	Sim    string // id of the first simulator; empty when the page has none
	Script string // the module that runs this page, beside appScript; empty for none

	Sheets []string // style sheets of this page only, beside those of all pages
}

// The modules that pages start.
const (
	appScript     = "js/app.js"
	lessonScript  = "js/lesson.js"
	sandboxScript = "js/sandbox.js"
	floodScript   = "js/flood.js"
	latencyScript = "js/latency.js"
	embedScript   = "js/embed.js"
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

func (e ErrorData) heading() string {
	switch {
	case e.Heading != "":
		return e.Heading
	case e.Status == 404:
		return "This segment never arrived"
	case e.Status >= 500:
		return "The lab has reset the connection"
	}
	return "The lab refused that"
}

func (e ErrorData) message() string {
	switch {
	case e.Message != "":
		return e.Message
	case e.Status == 404:
		return "There is no page at this address. It may have moved, or the link has a letter too many."
	case e.Status >= 500:
		return "Something broke on our side, and not by anything you did. Trying again in a moment is a good retransmission strategy."
	}
	return "The request could not be understood."
}

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

func (h HomeData) sim() *lessons.Sim {
	if l := h.first(); l != nil {
		return firstSim(l)
	}
	return nil
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

func minutes(n int) string {
	switch n {
	case 0:
		return ""
	case 1:
		return "1 minute"
	}
	return strconv.Itoa(n) + " minutes"
}

func micros(t tcp.Time) string { return strconv.FormatInt(int64(t), 10) }

func yes(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}

// place is the number of the lesson in its course, from 1.
func (d LessonData) place() int { return slices.Index(d.Course.Lessons, d.Lesson) + 1 }

func (d LessonData) ofHowMany() string {
	s := "of " + strconv.Itoa(len(d.Course.Lessons))
	if m := minutes(d.Lesson.Minutes); m != "" {
		s += " · " + m
	}
	return s
}
