package web

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/a-h/templ"

	"github.com/handshakelab/lab/lessons"
	"github.com/handshakelab/lab/static"
	"github.com/handshakelab/lab/web/i18n"
)

// A kept file was made for an edition, and is taken over by the next one as long as its print is the same: a text that changes with
// whatever the file shows.
type kept struct {
	print string
	get   func() (*static.File, error)
}

// A press makes the files of an edition, or takes them from the edition before.
type press struct {
	site   *Site
	before map[string]*kept
	made   map[string]*kept

	contents string // see contentsPrint
}

func (s *Site) press(before *edition) *press {
	p := &press{site: s, made: map[string]*kept{}}
	if before != nil {
		p.before = before.kept
	}
	return p
}

// file returns what makes a file once. The key says which file it is.
func (p *press) file(key, print string, write func() (*static.File, error)) func() (*static.File, error) {
	k := p.before[key]
	if k == nil || k.print != print {
		k = &kept{print, sync.OnceValues(write)}
	}
	p.made[key] = k
	return k.get
}

// A sheet is a page in each language.
type sheet map[string]func() (*static.File, error)

// sheet makes a page of a component. The path is that of the page, or any other name that no page has.
func (p *press) sheet(path, print string, in func(words *i18n.Catalog) templ.Component) sheet {
	list := sheet{}
	for _, words := range p.site.languages {
		list[words.Lang] = p.file(path+" "+words.Lang, print, func() (*static.File, error) {
			file, err := render(in(words), static.Ask)
			if err != nil {
				return nil, fmt.Errorf("rendering %s in %q: %w", path, words.Lang, err)
			}
			return file.In(words.Lang), nil
		})
	}
	return list
}

func (l sheet) serve(w http.ResponseWriter, r *http.Request, words *i18n.Catalog) error {
	file, err := l[words.Lang]()
	if err != nil {
		return err
	}
	file.ServeHTTP(w, r)
	return nil
}

// prepare makes files, on as many processors as there are.
func prepare(files []func() (*static.File, error)) error {
	var next atomic.Int64
	var wg sync.WaitGroup
	errs := make([]error, len(files))
	for range min(len(files), runtime.GOMAXPROCS(0)) {
		wg.Go(func() {
			for i := int(next.Add(1)) - 1; i < len(files); i = int(next.Add(1)) - 1 {
				_, errs[i] = files[i]()
			}
		})
	}
	wg.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// Warm makes the pages that New left for later, because there are many and few are asked for first: single scenarios, rules, cards,
// simulators to embed, pages as markdown, runs of the notebook. What somebody asks for before it was its turn is made then. It returns when all are made, or
// at the end of ctx.
func (s *Site) Warm(ctx context.Context) {
	e := s.edition.Load()
	e.index()
	e.rules()
	make := func(get func() (*static.File, error)) {
		if ctx.Err() != nil {
			return
		}
		if _, err := get(); err != nil {
			s.cfg.Log.Error("a page cannot be made", "error", err)
		}
	}
	for _, k := range e.kept {
		make(k.get)
	}
	for _, page := range s.corners() {
		for _, get := range page {
			make(get)
		}
	}
}

// contentsPrint changes with what the files of a course show of each other: titles, places, levels, but not their texts.
func contentsPrint(c *lessons.Course) string {
	h := sha256.New()
	for _, l := range translated(c.All()) {
		fmt.Fprintf(h, "%q %q %q %q %q %d %d %q %q %q %q\n", l.Slug, l.Lang, l.Title, l.TitleHTML, l.Summary, l.Order, l.Minutes, l.Level, l.Needs, l.Tags, l.Sources)
	}
	for _, card := range c.Glossary {
		fmt.Fprintf(h, "%q %q %q %q", card.Name, card.Kind, card.Aliases, card.Gist)
		for _, other := range card.Related {
			fmt.Fprintf(h, " %q", other.Name)
		}
		for _, m := range card.Mentions {
			fmt.Fprintf(h, " %q %q %q", m.Lesson.Slug, m.Anchor, m.Heading)
		}
	}
	return hex.EncodeToString(h.Sum(nil))
}

// versions are those of some lessons; nil is none.
func versions(list ...*lessons.Lesson) (all string) {
	for _, l := range list {
		if l != nil {
			all += " " + l.Version
		}
	}
	return all
}

// coursePrint changes with anything in a course.
func coursePrint(c *lessons.Course) string {
	h := sha256.New()
	fmt.Fprintln(h, contentsPrint(c))
	for _, l := range translated(c.All()) {
		fmt.Fprintln(h, l.Slug, l.Lang, l.Version)
	}
	return hex.EncodeToString(h.Sum(nil))
}
