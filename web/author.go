package web

import (
	"context"
	"crypto/rand"
	"errors"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/a-h/templ"
	"github.com/go-chi/chi/v5"

	"github.com/handshakelab/lab/lessons"
	"github.com/handshakelab/lab/static"
	"github.com/handshakelab/lab/web/i18n"
	"github.com/handshakelab/lab/web/pages"
)

const (
	// maxDraftBody is the largest request with a lesson in it: 1 MiB, in which a form writes a byte as up to three.
	maxDraftBody = 3<<20 + 4<<10

	// maxDrafts is how many previews are kept, in memory alone. The one that was written longest ago makes room; its author gets
	// it back with the next key.
	maxDrafts = 32

	// maxQueue is how many checks of one address wait while another one of its checks runs.
	maxQueue = 8

	// draftFolder is what the lessons that are being written are called, with the number of the draft behind it.
	draftFolder = "draft/"
)

var (
	draftID   = regexp.MustCompile(`^[A-Z2-7]{26}$`) // that of rand.Text
	draftFile = regexp.MustCompile(`^[0-9]{1,6}-[a-z0-9]+(-[a-z0-9]+)*\.md$`)
)

var errDraftFile = badField("file", "a name such as 170-window-scale.md: a number, a name of small letters, digits and hyphens, .md")

// A draft is a lesson that somebody is writing, as it was when it last had no error.
type draft struct {
	lesson *lessons.Lesson
	page   sheet
	parts  map[string]func() (*static.File, error) // what its page fetches later, by path
	media  map[string]func() (*static.File, error) // files beside it, by path
}

// drafts are the previews that are kept.
type drafts struct {
	mu    sync.Mutex
	byID  map[string]*draft
	order []string // the one that was written last stands last
}

func (d *drafts) put(id string, one *draft) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.byID == nil {
		d.byID = map[string]*draft{}
	}
	d.order = append(slices.DeleteFunc(d.order, func(other string) bool { return other == id }), id)
	d.byID[id] = one
	for len(d.order) > maxDrafts {
		delete(d.byID, d.order[0])
		d.order = d.order[1:]
	}
}

func (d *drafts) get(id string) *draft {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.byID[id]
}

// lesson finds a lesson of the course, or one that is being written, by its slug; nil when there is none.
func (s *Site) lesson(slug string) *lessons.Lesson {
	if id, ok := strings.CutPrefix(slug, draftFolder); ok {
		if d := s.drafts.get(id); d != nil {
			return d.lesson
		}
		return nil
	}
	return s.Course().Find(slug)
}

// A turnstile lets one request of an address through at a time, and few wait.
type turnstile struct {
	mu    sync.Mutex
	gates map[string]*gate
}

type gate struct {
	turn chan struct{}
	here int // in it, or waiting
}

var errBusy = &Error{Status: http.StatusTooManyRequests, Code: "busy", Message: "Too many checks of your address are waiting; try again in a moment."}

// enter waits until it is the address's turn, or nobody waits any more. Whoever is through calls leave.
func (t *turnstile) enter(ctx context.Context, addr string) (leave func(), err error) {
	t.mu.Lock()
	g := t.gates[addr]
	if g == nil {
		g = &gate{turn: make(chan struct{}, 1)}
		if t.gates == nil {
			t.gates = map[string]*gate{}
		}
		t.gates[addr] = g
	}
	if g.here > maxQueue {
		t.mu.Unlock()
		return nil, errBusy
	}
	g.here++
	t.mu.Unlock()
	out := func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		if g.here--; g.here == 0 {
			delete(t.gates, addr)
		}
	}
	select {
	case g.turn <- struct{}{}:
		return func() { <-g.turn; out() }, nil
	case <-ctx.Done():
		out()
		return nil, ctx.Err()
	}
}

// A writing is what an author sends.
type writing struct {
	ID   string `json:"id"`   // of the draft; "" for the first time
	File string `json:"file"` // "170-window-scale.md"
	Text string `json:"text"`
}

// A review is what the lab says to it.
type review struct {
	ID     string     `json:"id"`
	Page   string     `json:"page,omitempty"` // path of the preview inside the lab; "" when the text has an error
	Faults []devFault `json:"faults"`
}

// draft answers POST api/draft: what is wrong with a lesson, and where it can be seen.
func (s *Site) draft(w http.ResponseWriter, r *http.Request) error {
	var in writing
	if err := readJSON(r, &in); err != nil {
		return err
	}
	out, err := s.review(r, &in)
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, out)
	return nil
}

// review checks a lesson, and keeps it as a preview when there is no error in it. Nothing is written to a disk.
func (s *Site) review(r *http.Request, in *writing) (*review, error) {
	if in.ID == "" {
		in.ID = rand.Text()
	}
	switch {
	case !draftID.MatchString(in.ID):
		return nil, badField("id", "one that the lab gave, or empty")
	case !draftFile.MatchString(in.File) || len(in.File) > 100:
		return nil, errDraftFile
	}
	leave, err := s.authors.enter(r.Context(), clientAddress(r))
	if err != nil {
		return nil, gone(err)
	}
	defer leave()
	course, err := s.loader.Draft(r.Context(), in.File, []byte(in.Text))
	if err != nil {
		return nil, gone(err)
	}
	out := &review{ID: in.ID, Faults: s.draftFaults(course, in)}
	if i := slices.IndexFunc(course.Lessons, func(l *lessons.Lesson) bool { return l.File == in.File }); i >= 0 {
		s.drafts.put(in.ID, s.newDraft(course, course.Lessons[i], in.ID))
		out.Page = "lessons/" + draftFolder + in.ID
	}
	return out, nil
}

// gone makes of the end of a request, whose answer nobody reads, an error that nobody logs.
func gone(err error) error {
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return &Error{Status: http.StatusRequestTimeout, Code: "cancelled", Message: "The check was given up."}
	}
	return err
}

// draftFaults are the faults of the text, and those that it causes in other files.
func (s *Site) draftFaults(course *lessons.Course, in *writing) []devFault {
	known := map[string]bool{}
	for _, d := range s.Course().Diagnostics {
		known[d.String()] = true
	}
	// As the loader reads it.
	text := strings.ReplaceAll(strings.TrimPrefix(in.Text, "\ufeff"), "\r\n", "\n")
	list := []devFault{}
	for _, d := range course.Diagnostics {
		switch {
		case d.File == in.File:
			line, carets := d.Excerpt(text)
			list = append(list, devFault{d, line, carets})
		case !known[d.String()]:
			list = append(list, devFault{Diagnostic: d})
		}
	}
	return list
}

func (s *Site) newDraft(course *lessons.Course, l *lessons.Lesson, id string) *draft {
	l.Slug = draftFolder + id
	p := s.press(nil)
	one := []*lessons.Lesson{l}
	return &draft{
		lesson: l,
		page: p.sheet("/lessons/"+l.Slug, "", func(words *i18n.Catalog) templ.Component {
			return pages.Draft(pages.LessonData{Page: s.at(words, pages.AtLessons, l.Title), Course: course, Lesson: l})
		}),
		parts: lessonParts(p, &lessons.Course{Lessons: one}),
		media: lessonMedia(p, one),
	}
}

// draftPage shows a lesson that is being written, in a frame of the page on which it is.
func (s *Site) draftPage(w http.ResponseWriter, r *http.Request) error {
	d := s.drafts.get(chi.URLParam(r, "id"))
	if d == nil {
		return errNotFound
	}
	h := w.Header()
	h.Set("Content-Security-Policy", policy+"'self'")
	h.Set("X-Frame-Options", "SAMEORIGIN")
	h.Set("X-Robots-Tag", "noindex")
	return d.page.serve(w, r, s.language(r))
}

// author answers GET author: the page for those who write lessons.
func (s *Site) author(w http.ResponseWriter, r *http.Request) error {
	if name := r.URL.Query().Get("file"); draftFile.MatchString(name) && s.saves(r) {
		text, err := s.onDisk(name)
		if err != nil || text == nil {
			return errNotFound
		}
		return s.authorPage(w, r, pages.AuthorData{File: name, Text: string(text), Was: versionOf(text)})
	}
	file, text, err := lessons.NewLesson(s.cfg.Lessons, "my-lesson", "My lesson")
	if err != nil {
		// Somebody has a lesson of that name, or none can be read; the page works without a text to begin with.
		file, text = "900-my-lesson.md", ""
	}
	return s.authorPage(w, r, pages.AuthorData{File: file, Text: text})
}

// authorForm answers the page's button without a script: the same page with what was written, what is wrong with it, and how it looks.
func (s *Site) authorForm(w http.ResponseWriter, r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		var tooLarge *http.MaxBytesError
		if errors.As(err, &tooLarge) {
			return &Error{Status: http.StatusRequestEntityTooLarge, Code: "too_large", Message: "The lesson is too large."}
		}
		return &Error{Status: http.StatusBadRequest, Code: "bad_form", Message: "The form cannot be read."}
	}
	in := writing{ID: r.PostForm.Get("id"), File: r.PostForm.Get("file"), Text: strings.ReplaceAll(r.PostForm.Get("text"), "\r\n", "\n")}
	data := pages.AuthorData{File: in.File, Text: in.Text, ID: in.ID, Checked: true}
	out, err := s.review(r, &in)
	var refused *Error
	switch {
	case errors.As(err, &refused):
		data.Refused = refused.Message
	case err != nil:
		return err
	default:
		data.ID, data.Preview = out.ID, out.Page
		for _, f := range out.Faults {
			data.Faults = append(data.Faults, pages.Fault{Diagnostic: f.Diagnostic, Text: f.Text, Carets: f.Carets})
		}
	}
	return s.authorPage(w, r, data)
}

func (s *Site) authorPage(w http.ResponseWriter, r *http.Request, data pages.AuthorData) error {
	words := s.language(r)
	data.Page = s.at(words, pages.Elsewhere, words.T("page.author"))
	data.Gallery = s.gallery
	if s.saves(r) {
		data.Saves = true
		for _, l := range s.Course().Lessons {
			data.Files = append(data.Files, l.File)
		}
		for _, name := range s.Course().Broken {
			if draftFile.MatchString(name) && !slices.Contains(data.Files, name) {
				data.Files = append(data.Files, name)
			}
		}
	}
	page, err := render(pages.Author(data), static.Never)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Security-Policy", headers["Content-Security-Policy"][0]+"; frame-src 'self'")
	page.ServeHTTP(w, r)
	return nil
}
