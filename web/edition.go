package web

import (
	"bytes"
	"context"
	"encoding/json"
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
	"github.com/handshakelab/lab/engine/tcp"
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
	pages  map[string]map[string]*static.File // by path inside the site, "/lessons/lost-syn-ack", and language
	errors map[int]map[string]*static.File    // by status and language
	rules  ruleIndex
	runs   map[string]*later              // the sandboxes of the scenarios, the cards, the rules and the questions, by path
	texts  map[string]func() *static.File // pages as markdown, by path
	index  func() *search.Index
	embeds map[string]*later       // simulators alone, by what they are embedded by; see embedPages
	parts  map[string]*static.File // what pages of lessons fetch later, by path: "/lessons/refused/wire.json"

	embedJS *static.File
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

// load reads the lessons and renders everything. Lessons that are broken now keep the version that they had in old, which may
// be nil.
func (s *Site) load(old *edition) (*edition, error) {
	course, err := lessons.Load(s.cfg.Lessons)
	if err != nil {
		return nil, err
	}
	logDiagnostics(s.cfg.Log, "lesson", course.Diagnostics)
	if old != nil {
		course = course.Merge(old.course)
	}
	e := &edition{course: course, pages: map[string]map[string]*static.File{}, errors: map[int]map[string]*static.File{}, rules: indexRules(course, s.gallery, s.cfg.Base)}
	sandbox, err := newSim(sandboxScenario)
	if err != nil {
		return nil, fmt.Errorf("the scenario of the sandbox: %w", err)
	}
	off, on, err := bothFloods(flood.Default)
	if err != nil {
		return nil, fmt.Errorf("the flood: %w", err)
	}
	ways, err := latency.Load()
	if err != nil {
		return nil, fmt.Errorf("latency: %w", err)
	}
	script := s.cfg.Assets.File("js/embed-host.js")
	if script == nil {
		return nil, errors.New("the script for pages that embed a simulator is not among the static files")
	}
	e.embedJS = static.NewFile("text/javascript; charset=utf-8", static.Ask, script.Bytes())
	e.runs, e.embeds = s.scenarioPages(), s.embedPages(course)
	maps.Copy(e.runs, s.besidePages(e))
	e.texts = s.texts(e)
	e.index = sync.OnceValue(func() *search.Index { return s.index(e) })
	go e.index() // it takes longer than the pages, and nobody waits for it but the first who searches
	if e.parts, err = lessonParts(course); err != nil {
		return nil, err
	}
	for _, words := range s.languages {
		list := s.list(course, sandbox, words)
		maps.Copy(list, s.beside(e, words))
		list["/flood"] = pages.Flood(pages.FloodData{Page: s.at(words, pages.AtGallery, "A SYN flood"), Off: off, On: on})
		list["/latency"] = pages.Latency(pages.LatencyData{Page: s.at(words, pages.AtGallery, "What a handshake costs"), Ways: ways})
		for path, component := range list {
			file, err := render(component, static.Ask)
			if err != nil {
				return nil, fmt.Errorf("rendering %s in %q: %w", path, words.Lang, err)
			}
			if e.pages[path] == nil {
				e.pages[path] = map[string]*static.File{}
			}
			e.pages[path][words.Lang] = file
		}
	}
	for _, status := range []int{http.StatusBadRequest, http.StatusForbidden, http.StatusNotFound, http.StatusMethodNotAllowed} {
		e.errors[status] = map[string]*static.File{}
		for _, words := range s.languages {
			if e.errors[status][words.Lang], err = s.errorPage(status, "", words); err != nil {
				return nil, err
			}
		}
	}
	return e, nil
}

// blank is what all pages in a language have in common.
func (s *Site) blank(words *i18n.Catalog) pages.Page {
	return pages.Page{Base: s.cfg.Base, Static: s.cfg.Assets.Prefix(), Modules: s.modules, Words: words, Languages: s.languages}
}

// at is a page in a language.
func (s *Site) at(words *i18n.Catalog, place pages.Place, title string) pages.Page {
	p := s.blank(words)
	p.Here, p.Title = place, title
	return p
}

// list is all pages in a language, by path.
func (s *Site) list(course *lessons.Course, sandbox *lessons.Sim, words *i18n.Catalog) map[string]templ.Component {
	at := func(place pages.Place, title string) pages.Page { return s.at(words, place, title) }
	text := func(p pages.Page, path string) pages.Page { p.Markdown = path; return p }
	own := *sandbox
	own.Title = words.T("page.sandbox")
	list := map[string]templ.Component{
		"/":        pages.Home(pages.HomeData{Page: s.blank(words), Course: course}),
		"/lessons": pages.Lessons(pages.LessonsData{Page: text(at(pages.AtLessons, words.T("page.lessons")), "lessons.md"), Course: course}),
		"/gallery": pages.Gallery(pages.GalleryData{Page: at(pages.AtGallery, words.T("page.gallery")), Gallery: s.gallery}),
		"/sandbox": pages.Sandbox(pages.SandboxData{Page: at(pages.AtSandbox, words.T("page.sandbox")), Sim: &own}),
	}
	for _, l := range course.Lessons {
		p := at(pages.AtLessons, l.Title)
		p.Description, p.Markdown = l.Summary, "lessons/"+l.Slug+".md"
		list["/lessons/"+l.Slug] = pages.Lesson(pages.LessonData{Page: p, Course: course, Lesson: l})
	}
	return list
}

// lessonParts are what pages of lessons fetch later: captures as POST api/capture answers, and variants of questions.
func lessonParts(course *lessons.Course) (map[string]*static.File, error) {
	parts := map[string]*static.File{}
	for _, l := range course.Lessons {
		for _, p := range l.Parts {
			var id string
			var part any
			switch {
			case p.Capture != nil:
				c := p.Capture
				profile, _ := tcp.ProfileByName(c.Profile)
				id, part = c.ID, newReplayed(c.Pcap, c.Conversation, profile, &c.Replay)
			case p.Predict != nil && len(p.Predict.Variants) > 0:
				list := []variant{}
				for _, v := range p.Predict.Variants {
					list = append(list, variant{v.Question, v.Choices, v.Do, v.Scenario})
				}
				id, part = p.Predict.ID, list
			default:
				continue
			}
			body, err := json.Marshal(part)
			if err != nil {
				return nil, fmt.Errorf("#%s of %s: %w", id, l.File, err)
			}
			parts["/lessons/"+l.Slug+"/"+id+".json"] = static.NewFile("application/json", static.Ask, body)
		}
	}
	return parts, nil
}

// A variant is a question with other numbers.
type variant struct {
	Question string           `json:"question"` // HTML
	Choices  []lessons.Choice `json:"choices"`
	Do       []string         `json:"do"`
	Scenario string           `json:"scenario"`
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
func (s *Site) scenarioPages() map[string]*later {
	list := map[string]*later{}
	for _, group := range s.gallery.Groups {
		for _, it := range group.Items {
			list["/sandbox/"+it.Slug] = s.later(func(words *i18n.Catalog) templ.Component {
				p := s.at(words, pages.AtGallery, it.Title)
				p.Description = it.Look
				return pages.Sandbox(pages.SandboxData{Page: p, Sim: it.Sim, Item: it})
			})
		}
	}
	return list
}

// A later is a page that is rendered when somebody first asks for it in a language, because there are many and few are asked for.
type later struct {
	files map[string]func() (*static.File, error)
}

func (s *Site) later(in func(words *i18n.Catalog) templ.Component) *later {
	l := &later{map[string]func() (*static.File, error){}}
	for _, words := range s.languages {
		l.files[words.Lang] = sync.OnceValues(func() (*static.File, error) { return render(in(words), static.Ask) })
	}
	return l
}

func (l *later) serve(w http.ResponseWriter, r *http.Request, words *i18n.Catalog) error {
	file, err := l.files[words.Lang]()
	if err != nil {
		return err
	}
	file.ServeHTTP(w, r)
	return nil
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
	l := s.edition.Load().course.Find(lesson)
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

// Watch loads the lessons anew whenever their files change, until ctx ends. It looks once a second: that works on every file
// system, those of containers and networks too.
func (s *Site) Watch(ctx context.Context) {
	seen := stamp(s.cfg.Lessons)
	tick := time.NewTicker(time.Second)
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
		}
	}
}

// Reload loads the lessons anew. On an error the old ones stay.
func (s *Site) Reload() error {
	e, err := s.load(s.edition.Load())
	if err != nil {
		return err
	}
	s.edition.Store(e)
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
