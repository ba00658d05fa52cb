package web

import (
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/a-h/templ"
	"github.com/handshakelab/lab/engine"
	"github.com/handshakelab/lab/lessons"
	"github.com/handshakelab/lab/static"
	"github.com/handshakelab/lab/web/i18n"
	"github.com/handshakelab/lab/web/pages"
)

// embedParams are the parameters of an embedded simulator. Each says in a sentence what a value of it must be, or "" when the
// value is good.
var embedParams = map[string]func(s *Site, value string) string{
	"scenario": func(s *Site, v string) string {
		if s.gallery.Item(v) == nil {
			return "scenario must be the name of one in the gallery, such as syn-lost"
		}
		return ""
	},
	"lesson": func(s *Site, v string) string {
		if s.Course().Find(v) == nil {
			return "lesson must be the name of a lesson, as it stands in its address"
		}
		return ""
	},
	"block": func(s *Site, v string) string { return "" }, // together with lesson, below
	"at": func(s *Site, v string) string {
		if n, err := strconv.ParseUint(v, 10, 64); err != nil || n > uint64(engine.MaxWait) {
			return fmt.Sprintf("at must be a time in microseconds, a whole number from 0 to %d", engine.MaxWait)
		}
		return ""
	},
	"lang": func(s *Site, v string) string {
		if s.lookup(v) == nil {
			return "lang must be a language of the lab, such as en"
		}
		return ""
	},
	"ahead": oneOf("ahead", "yes", "no"),
	"theme": oneOf("theme", "auto", "light", "dark", "projector"),
}

func oneOf(name string, values ...string) func(*Site, string) string {
	return func(_ *Site, v string) string {
		if slices.Contains(values, v) {
			return ""
		}
		return name + " must be one of " + strings.Join(values, ", ")
	}
}

// embedKey is what the page of a lesson's simulator is kept under.
func embedKey(lesson, block string) string { return lesson + "/" + block }

// embedPages are the pages of all simulators that can be embedded by name, by the name of a scenario or lesson/block. That of ""
// shows what stands behind the # of its address.
func (s *Site) embedPages(p *press, course *lessons.Course) map[string]sheet {
	list := map[string]sheet{}
	put := func(key, print string, in func(lang string) pages.EmbedData) {
		list[key] = p.sheet("embed "+key, print, func(words *i18n.Catalog) templ.Component {
			own, title := in(words.Lang), ""
			if own.Sim != nil {
				title = own.Sim.Title
			}
			own.Page = s.at(words, pages.Elsewhere, title)
			return pages.Embed(own)
		})
	}
	put("", "", func(string) pages.EmbedData { return pages.EmbedData{} })
	for _, group := range s.gallery.Groups {
		for _, it := range group.Items {
			put(it.Slug, "", func(lang string) pages.EmbedData {
				return pages.EmbedData{Sim: it.In(lang).Sim, Whole: "sandbox/" + it.Slug}
			})
		}
	}
	for _, l := range course.All() {
		for _, part := range l.Parts {
			if part.Sim != nil {
				put(embedKey(l.Slug, part.Sim.ID), l.Version, func(string) pages.EmbedData {
					return pages.EmbedData{Sim: part.Sim, Lesson: l.Slug, Whole: pathOf(l)}
				})
			}
		}
	}
	return list
}

// embed answers GET embed: a simulator alone, for a frame in somebody's page. What is wrong with its parameters stands in the frame.
func (s *Site) embed(w http.ResponseWriter, r *http.Request) error {
	s.framed(w.Header())
	key, faults := s.embedded(r.URL.RawQuery)
	if len(faults) > 0 {
		page, err := render(pages.Embed(pages.EmbedData{Page: s.at(s.language(r), pages.Elsewhere, ""), Faults: faults}), static.Never)
		if err != nil {
			return err
		}
		page.Serve(w, r, http.StatusBadRequest)
		return nil
	}
	return s.edition.Load().embeds[key].serve(w, r, s.language(r))
}

// embedded finds the page that a query asks for, and everything that is wrong with the query.
func (s *Site) embedded(rawQuery string) (key string, faults []string) {
	query, err := url.ParseQuery(rawQuery)
	if err != nil {
		return "", []string{"The parameters cannot be read: " + err.Error() + "."}
	}
	for _, name := range slices.Sorted(maps.Keys(query)) {
		check := embedParams[name]
		switch {
		case check == nil:
			faults = append(faults, fmt.Sprintf("There is no parameter %.40q. The parameters are %s.", name, strings.Join(slices.Sorted(maps.Keys(embedParams)), ", ")))
		case len(query[name]) > 1:
			faults = append(faults, name+" stands there more than once.")
		default:
			if why := check(s, query.Get(name)); why != "" {
				faults = append(faults, fmt.Sprintf("%s, and not %.40q.", why, query.Get(name)))
			}
		}
	}
	lesson, block := query.Get("lesson"), query.Get("block")
	switch {
	case query.Has("scenario") && (query.Has("lesson") || query.Has("block")):
		faults = append(faults, "Name a scenario, or a lesson and its block, but not both.")
	case query.Has("lesson") != query.Has("block"):
		faults = append(faults, "lesson and block belong together: block is the name of a simulator of the lesson.")
	case query.Has("lesson") && len(faults) == 0 && s.edition.Load().embeds[embedKey(lesson, block)] == nil:
		faults = append(faults, fmt.Sprintf("block must be the name of a simulator of the lesson %s, and not %.40q.", lesson, block))
	case query.Has("lesson"):
		return embedKey(lesson, block), faults
	}
	return query.Get("scenario"), faults
}

// framed lets the page stand in a frame of the sites that the configuration allows, and of this one.
func (s *Site) framed(h http.Header) {
	h.Set("Content-Security-Policy", policy+strings.Join(append([]string{"'self'"}, s.cfg.Ancestors...), " "))
	h.Del("X-Frame-Options") // which knows no list, and which the policy replaces
	h.Set("Cross-Origin-Resource-Policy", "cross-origin")
}

// embedScript answers GET embed.js, with which a page of another site makes its frames as high as what is in them. Its address stays
// the same for good, because it stands in other people's pages.
func (s *Site) embedScript(w http.ResponseWriter, r *http.Request) error {
	w.Header().Set("Cross-Origin-Resource-Policy", "cross-origin")
	s.fixed.embedJS.ServeHTTP(w, r)
	return nil
}
