package web

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"maps"
	"net/http"
	"sync"
	"time"

	"github.com/a-h/templ"
	"github.com/handshakelab/lab/engine"
	"github.com/handshakelab/lab/engine/diag"
	"github.com/handshakelab/lab/engine/script"
	"github.com/handshakelab/lab/lessons"
	"github.com/handshakelab/lab/static"
	"github.com/handshakelab/lab/web/flood"
	"github.com/handshakelab/lab/web/i18n"
	"github.com/handshakelab/lab/web/latency"
	"github.com/handshakelab/lab/web/pages"
	"github.com/handshakelab/lab/web/search"
)

// An edition is the course and all pages that are made of it, rendered. It is made as a whole and never changed, so that a
// reader gets either the old one or the new one.
type edition struct {
	course *lessons.Course
	pages  map[string]sheet                        // by path inside the site, "/lessons/lost-segments"
	runs   ruleIndex                               // of the course and the gallery
	rules  func() ruleIndex                        // with those of the notebook, which takes a while
	texts  map[string]func() (*static.File, error) // pages as markdown, by path
	index  func() *search.Index
	embeds map[string]sheet                        // simulators alone, by what they are embedded by; see embedPages
	parts  map[string]func() (*static.File, error) // what pages of lessons fetch later, by path: "/lessons/refused/wire.json"
	media  map[string]func() (*static.File, error) // images of lessons, by path
	kept   map[string]*kept                        // all files of these, for the next edition
}

// What no lesson changes is made once for a site.
type fixtures struct {
	sandbox *lessons.Sim
	off, on *flood.Result
	ways    []latency.Way
	embedJS *static.File
	errors  map[int]map[string]*static.File // by status and language
}

const htmlType = "text/html; charset=utf-8"

// sandboxScenario is what the sandbox begins with.
const sandboxScenario = `client 192.0.2.10:52431 isn 1000
server 198.51.100.20:80 isn 5000
delay 50ms
server listen
client connect
step until quiet
`

// fix makes what no lesson changes.
func (s *Site) fix() (err error) {
	f := &s.fixed
	if f.sandbox, err = newSim(sandboxScenario); err != nil {
		return fmt.Errorf("the scenario of the sandbox: %w", err)
	}
	if f.off, f.on, err = bothFloods(flood.Default); err != nil {
		return fmt.Errorf("the flood: %w", err)
	}
	if f.ways, err = latency.Load(); err != nil {
		return fmt.Errorf("latency: %w", err)
	}
	script := s.cfg.Assets.File("js/embed-host.js")
	if script == nil {
		return errors.New("the script for pages that embed a simulator is not among the static files")
	}
	f.embedJS = static.NewFile("text/javascript; charset=utf-8", static.Ask, script.Bytes())
	f.errors = map[int]map[string]*static.File{}
	for _, status := range []int{http.StatusBadRequest, http.StatusForbidden, http.StatusNotFound, http.StatusMethodNotAllowed} {
		f.errors[status] = map[string]*static.File{}
		for _, words := range s.languages {
			if f.errors[status][words.Lang], err = s.errorPage(status, "", words); err != nil {
				return err
			}
		}
	}
	return nil
}

// load reads the lessons and makes their pages, as far as they are not those of old, which may be nil. Lessons that are broken now keep
// the version that they had in old.
func (s *Site) load(old *edition) (*edition, error) {
	course, err := s.loader.Load()
	if err != nil {
		return nil, err
	}
	logDiagnostics(s.cfg.Log, "lesson", course.Diagnostics)
	if old != nil {
		course = course.Merge(old.course)
	}
	if course, err = course.WithGuides(); err != nil {
		return nil, fmt.Errorf("the author's guide: %w", err)
	}
	p := s.press(old)
	p.contents = contentsPrint(course)
	e := &edition{course: course, kept: p.made, runs: indexRules(course, s.gallery, s.cfg.Base)}
	e.rules = sync.OnceValue(func() ruleIndex { return s.shown(e.runs) })
	e.pages = s.listPages(p, e)
	var first []func() (*static.File, error)
	for _, sheet := range e.pages {
		for _, get := range sheet {
			first = append(first, get)
		}
	}
	e.embeds = s.embedPages(p, course)
	maps.Copy(e.pages, s.scenarioPages(p))
	maps.Copy(e.pages, s.besidePages(p, e))
	e.texts = s.texts(p, e)
	e.parts = lessonParts(p, course)
	e.media = lessonMedia(p, course.All())
	e.index = sync.OnceValue(func() *search.Index { return s.index(e) })
	return e, prepare(first)
}

// blank is what all pages in a language have in common.
func (s *Site) blank(words *i18n.Catalog) pages.Page {
	return pages.Page{Base: s.cfg.Base, Static: s.cfg.Assets.Prefix(), Modules: s.modules, Words: words, Languages: s.languages, Dev: s.cfg.Dev, Teaching: s.cfg.Store != nil}
}

// at is a page in a language.
func (s *Site) at(words *i18n.Catalog, place pages.Place, title string) pages.Page {
	p := s.blank(words)
	p.Here, p.Title = place, title
	return p
}

// listPages are the pages of lessons and those that lead to all others, by path.
func (s *Site) listPages(p *press, e *edition) map[string]sheet {
	contents := p.contents
	text := func(p pages.Page, path string) pages.Page { p.Markdown = path; return p }
	list := map[string]sheet{}
	put := func(path, print string, in func(words *i18n.Catalog) templ.Component) {
		list[path] = p.sheet(path, print, in)
	}
	// What these show of lessons is in their contents, apart from one run and the headings of questions. They are made while somebody
	// waits for a lesson that was changed.
	hero, _ := pages.HomeData{Course: e.course}.Hero()
	put("/", contents+versions(hero), func(words *i18n.Catalog) templ.Component {
		return pages.Home(pages.HomeData{Page: s.blank(words), Course: e.course})
	})
	put("/lessons", contents, func(words *i18n.Catalog) templ.Component {
		return pages.Lessons(pages.LessonsData{Page: text(s.at(words, pages.AtLessons, words.T("page.lessons")), "lessons.md"), Course: e.course})
	})
	put("/gallery", "", func(words *i18n.Catalog) templ.Component {
		return pages.Gallery(pages.GalleryData{Page: text(s.at(words, pages.AtGallery, words.T("page.gallery")), "gallery.md"), Gallery: s.gallery})
	})
	put("/sandbox", "", func(words *i18n.Catalog) templ.Component {
		own := *s.fixed.sandbox
		own.Title = words.T("page.sandbox")
		return pages.Sandbox(pages.SandboxData{Page: s.at(words, pages.AtSandbox, words.T("page.sandbox")), Sim: &own})
	})
	put("/flood", "", func(words *i18n.Catalog) templ.Component {
		return pages.Flood(pages.FloodData{Page: s.at(words, pages.AtGallery, "A SYN flood"), Off: s.fixed.off, On: s.fixed.on})
	})
	put("/latency", "", func(words *i18n.Catalog) templ.Component {
		return pages.Latency(pages.LatencyData{Page: s.at(words, pages.AtGallery, "What a handshake costs"), Ways: s.fixed.ways})
	})
	put("/search", "", func(words *i18n.Catalog) templ.Component {
		return pages.Search(pages.SearchData{Page: s.at(words, pages.Elsewhere, words.T("page.search"))})
	})
	put("/kept", "", func(words *i18n.Catalog) templ.Component {
		return pages.Kept(pages.KeptData{Page: s.at(words, pages.Elsewhere, words.T("record.kept")), Stores: s.cfg.Store != nil, Days: int(s.cfg.Keep / (24 * time.Hour))})
	})
	put("/glossary", contents, func(words *i18n.Catalog) templ.Component {
		return pages.Glossary(pages.GlossaryData{Page: text(s.at(words, pages.AtGlossary, words.T("page.glossary")), "glossary.md"), Course: e.course})
	})
	put("/interview", contents+versions(e.course.Interview...), func(words *i18n.Catalog) templ.Component {
		return pages.Interview(pages.InterviewData{Page: text(s.at(words, pages.Elsewhere, words.T("page.interview")), "interview.md"), Course: e.course})
	})
	for _, original := range e.course.Lessons {
		path, print := pathOf(original), contents
		for _, l := range translated([]*lessons.Lesson{original}) {
			print += l.Version
		}
		put("/"+path, print, func(words *i18n.Catalog) templ.Component {
			l := original.In(words.Lang)
			p := s.at(words, pages.AtLessons, l.Title)
			p.Description, p.Markdown, p.Path = l.Summary, path+".md", path
			p.Text = l.Lang
			for _, l := range translated([]*lessons.Lesson{original}) {
				p.Tongues = append(p.Tongues, s.lookup(l.Lang))
			}
			return pages.Lesson(pages.LessonData{Page: p, Course: e.course, Lesson: l})
		})
	}
	return list
}

func (s *Site) errorPage(status int, ref string, words *i18n.Catalog) (*static.File, error) {
	p := s.blank(words)
	p.Title = http.StatusText(status)
	return render(pages.Error(pages.ErrorData{Page: p, Status: status, Ref: ref}), static.Never)
}

func render(c templ.Component, cache string) (*static.File, error) {
	var b bytes.Buffer
	if err := c.Render(context.Background(), &b); err != nil {
		return nil, err
	}
	return static.NewFile(htmlType, cache, b.Bytes()).Varies("Accept-Language", "Cookie"), nil
}

// scenarioPages are the sandboxes of all scenarios of the gallery, by path.
func (s *Site) scenarioPages(p *press) map[string]sheet {
	list := map[string]sheet{}
	for _, group := range s.gallery.Groups {
		for _, it := range group.Items {
			path := "/sandbox/" + it.Slug
			list[path] = p.sheet(path, "", func(words *i18n.Catalog) templ.Component {
				own := it.In(words.Lang)
				p := s.at(words, pages.AtGallery, own.Title)
				p.Description = own.Look
				return pages.Sandbox(pages.SandboxData{Page: p, Sim: own.Sim, Item: own})
			})
		}
	}
	return list
}

func (s *Site) modules(entry string) []string {
	names, err := s.cfg.Assets.Modules(entry)
	if err != nil {
		s.cfg.Log.Error("a page will not work as it should", "error", err)
	}
	return names
}

// newSim runs a scenario, to be shown by a page that is not a lesson.
func newSim(source string) (*lessons.Sim, error) {
	sc, diags := script.Parse(source)
	if err := diags.Err(); err != nil {
		return nil, err
	}
	world, events, err := engine.Replay(sc.Setup, sc.Actions)
	if err != nil {
		return nil, err
	}
	return &lessons.Sim{ID: "sandbox-sim", Title: "Sandbox", Source: source, Scenario: sc, Ahead: true, Events: events, World: world}, nil
}

func logDiagnostics(log *slog.Logger, what string, list diag.List) {
	for _, d := range list {
		level := slog.LevelError
		if d.Severity == diag.Warning {
			level = slog.LevelWarn
		}
		log.Log(context.Background(), level, what+": "+d.String())
	}
}

// scenario returns the text of a simulator of a lesson, or of the one that a challenge starts from.
func (s *Site) scenario(lesson, block string) (string, bool) {
	l := s.lesson(lesson)
	if l == nil {
		return "", false
	}
	if c := l.Challenge(block); c != nil {
		block = c.From
	}
	sim := l.Sim(block)
	if sim == nil {
		return "", false
	}
	return sim.Source, true
}

// Watch loads the lessons anew whenever their files change, until ctx ends. It looks at
// their times once a second, and with Dev all the time: that works on every file system, those of containers and networks too.
func (s *Site) Watch(ctx context.Context) {
	seen := stamp(s.cfg.Lessons)
	tick := time.NewTicker(s.cfg.every())
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		now := stamp(s.cfg.Lessons)
		if now == seen {
			continue
		}
		seen = now
		if err := s.Reload(); err != nil {
			s.cfg.Log.Error("the lessons cannot be read; the old ones stay", "error", err)
			continue
		}
		go s.Warm(ctx)
	}
}

// Reload loads the lessons anew. On an error the old ones stay.
func (s *Site) Reload() error {
	e, err := s.load(s.edition.Load())
	if err != nil {
		return err
	}
	s.edition.Store(e)
	s.tell()
	s.cfg.Log.Info("lessons loaded", "lessons", len(e.course.Lessons), "broken", len(e.course.Broken))
	return nil
}

// stamp is a text that changes when the files of a folder do.
func stamp(fsys fs.FS) string {
	var b bytes.Buffer
	_ = fs.WalkDir(fsys, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			fmt.Fprintln(&b, name, err)
			return nil
		}
		if info, err := d.Info(); err == nil {
			fmt.Fprintln(&b, name, info.Size(), info.ModTime().UnixNano())
		}
		return nil
	})
	return b.String()
}
