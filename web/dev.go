package web

import (
	"io/fs"
	"net/http"
	"path"
	"strings"
	"time"

	"github.com/handshakelab/lab/engine/diag"
	"github.com/handshakelab/lab/lessons"
)

// What a page in the workshop hears about itself.
type devNews struct {
	Version string     `json:"version"` // another one when the page is
	Faults  []devFault `json:"faults"`
}

// A devFault is a fault with the line that it is about.
type devFault struct {
	diag.Diagnostic
	Text   string `json:"text"`
	Carets string `json:"carets"`
}

// devEvents answers GET dev/events?page=lessons/refused with server-sent events: one at once, and one whenever the lessons were loaded.
// Only the machine that the server runs on hears of faults, because they quote the files; others go on with the last good version.
func (s *Site) devEvents(w http.ResponseWriter, r *http.Request) error {
	if !isLocal(r) {
		return errNotFound
	}
	page := "/" + strings.Trim(r.URL.Query().Get("page"), "/")
	out, err := openStream(w, 500*time.Millisecond)
	if err != nil {
		return err
	}
	for {
		changed := s.changed()
		if out.send("", s.news(page, s.language(r).Lang)) != nil {
			return nil // the page is gone
		}
		select {
		case <-changed:
		case <-s.going:
			return nil
		case <-r.Context().Done():
			return nil
		}
	}
}

// changed is closed when the lessons are loaded the next time.
func (s *Site) changed() <-chan struct{} {
	s.newsMu.Lock()
	defer s.newsMu.Unlock()
	return s.newsCh
}

// tell wakes the pages that wait for news.
func (s *Site) tell() {
	s.newsMu.Lock()
	defer s.newsMu.Unlock()
	close(s.newsCh)
	s.newsCh = make(chan struct{})
}

// news is how a page stands now, and what is wrong with the file that it is made of.
func (s *Site) news(page, lang string) devNews {
	e := s.edition.Load()
	n := devNews{Faults: []devFault{}}
	if k := e.kept[page+" "+lang]; k != nil {
		n.Version = k.print
	}
	for _, d := range e.course.Diagnostics {
		if pageOfFile(d.File) != page {
			continue
		}
		text, err := fs.ReadFile(s.cfg.Lessons, d.File)
		if err != nil {
			text = nil // the fault says why
		}
		line, carets := d.Excerpt(string(text))
		n.Faults = append(n.Faults, devFault{d, line, carets})
	}
	return n
}

// pageOfFile is the path of the page that a file of the lessons' folder becomes.
func pageOfFile(file string) string {
	folder, name := path.Split(strings.TrimSuffix(lessons.Original(file), ".md"))
	if number, rest, ok := strings.Cut(name, "-"); ok && strings.Trim(number, "0123456789") == "" {
		name = rest
	}
	if folder == "" {
		folder = "lessons/"
	}
	return "/" + folder + name
}
