package web

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/a-h/templ"
	"github.com/handshakelab/lab/engine/rule"
	"github.com/handshakelab/lab/lessons"
	"github.com/handshakelab/lab/static"
	"github.com/handshakelab/lab/web/i18n"
	"github.com/handshakelab/lab/web/markdown"
	"github.com/handshakelab/lab/web/pages"
	"github.com/handshakelab/lab/web/search"
)

const markdownType = "text/markdown; charset=utf-8"

// besidePages are the single pages beside the course: cards, rules, questions, guides.
func (s *Site) besidePages(p *press, e *edition) map[string]sheet {
	list := map[string]sheet{}
	contents := p.contents
	for _, c := range e.course.Glossary {
		list["/"+c.Slug] = p.sheet("/"+c.Slug, contents+c.Version, func(words *i18n.Catalog) templ.Component {
			p := s.at(words, pages.AtGlossary, c.Title)
			p.Description, p.Markdown = c.Gist, c.Slug+".md"
			return pages.Card(pages.CardData{Page: p, Course: e.course, Card: c})
		})
	}
	for _, l := range e.course.Interview {
		list["/"+l.Slug] = p.sheet("/"+l.Slug, contents+l.Version, func(words *i18n.Catalog) templ.Component {
			p := s.at(words, pages.Elsewhere, l.Title)
			p.Description, p.Markdown = l.Summary, l.Slug+".md"
			return pages.Questions(pages.LessonData{Page: p, Course: e.course, Lesson: l})
		})
	}
	for _, l := range e.course.Guides {
		list["/"+l.Slug] = p.sheet("/"+l.Slug, contents+l.Version, func(words *i18n.Catalog) templ.Component {
			p := s.at(words, pages.Elsewhere, l.Title)
			p.Description, p.Markdown = l.Summary, l.Slug+".md"
			return pages.Guide(pages.LessonData{Page: p, Course: e.course, Lesson: l})
		})
	}
	list["/rules"] = p.sheet("/rules", coursePrint(e.course), func(words *i18n.Catalog) templ.Component {
		p := s.at(words, pages.Elsewhere, words.T("page.rules"))
		p.Markdown = "rules.md"
		return pages.Rules(pages.RulesData{Page: p, Runs: e.rules()})
	})
	for _, r := range rule.All() {
		at := rulePath(r.ID)
		list["/"+at] = p.sheet("/"+at, fmt.Sprint(e.runs[r.ID]), func(words *i18n.Catalog) templ.Component {
			p := s.at(words, pages.Elsewhere, r.Title)
			p.Description, p.Markdown = r.Gist, at+".md"
			return pages.Rule(pages.RuleData{Page: p, Rule: r, Runs: e.rules()[r.ID]})
		})
	}
	return list
}

func rulePath(id rule.ID) string { return "rules/" + id.String() }

// texts are the pages as markdown, by path. Each is written when somebody first asks for it.
func (s *Site) texts(p *press, e *edition) map[string]func() (*static.File, error) {
	list := map[string]func() (*static.File, error){}
	titles, all := p.contents, coursePrint(e.course)
	put := func(path, print string, write func() string) {
		path = "/" + path + ".md"
		list[path] = p.file(path, print, func() (*static.File, error) {
			return static.NewFile(markdownType, static.Ask, []byte(write())), nil
		})
	}
	for _, l := range e.course.All() {
		at := pathOf(l)
		put(at, titles+l.Version, func() string { return markdown.Lesson(l, s.cfg.Base+at) + aboutCard(e.course, l) })
	}
	put("lessons", all, func() string {
		return contents("Lessons", "lessons/", e.course.Lessons)
	})
	put("interview", all, func() string {
		return contents("Interview questions", "", e.course.Interview)
	})
	put("glossary", all, func() string {
		var b strings.Builder
		b.WriteString("# Glossary\n\n")
		for _, c := range e.course.Glossary {
			fmt.Fprintf(&b, "- [%s](%s.md): %s\n", markdown.Escape(c.Title), c.Slug, markdown.Escape(c.Gist))
		}
		return b.String()
	})
	put("gallery", "", func() string {
		var b strings.Builder
		b.WriteString("# Gallery\n")
		for _, group := range s.gallery.Groups {
			fmt.Fprintf(&b, "\n## %s\n\n", markdown.Escape(group.Title))
			for _, it := range group.Items {
				fmt.Fprintf(&b, "- [%s](sandbox/%s): %s\n", markdown.Escape(it.Title), it.Slug, markdown.Escape(it.Look))
			}
		}
		return b.String()
	})
	put("rules", all, func() string {
		var b strings.Builder
		b.WriteString("# Rules\n\n")
		for _, r := range rule.All() {
			fmt.Fprintf(&b, "- [%s](%s.md) (%s): %s\n", markdown.Escape(r.Title), rulePath(r.ID), markdown.Escape(ruleSource(r)), markdown.Escape(r.Gist))
		}
		return b.String()
	})
	for _, r := range rule.All() {
		put(rulePath(r.ID), fmt.Sprint(e.runs[r.ID]), func() string {
			var b strings.Builder
			fmt.Fprintf(&b, "# %s\n\n%s", markdown.Escape(r.Title), markdown.Escape(ruleSource(r)))
			if r.Req != "" {
				fmt.Fprintf(&b, ", %s", r.Req)
			}
			fmt.Fprintf(&b, "\n\n%s\n", markdown.Escape(r.Gist))
			if r.URL != "" {
				fmt.Fprintf(&b, "\n<%s>\n", r.URL)
			}
			for i, run := range e.rules()[r.ID] {
				if i == 0 {
					b.WriteString("\n")
				}
				fmt.Fprintf(&b, "- [%s](%s), at %s\n", markdown.Escape(run.Title), run.URL, run.At)
			}
			return b.String()
		})
	}
	return list
}

// pathOf is where the page of a lesson, a card or questions lies in the lab.
func pathOf(l *lessons.Lesson) string {
	if strings.Contains(l.Slug, "/") {
		return l.Slug
	}
	return "lessons/" + l.Slug
}

func contents(title, folder string, list []*lessons.Lesson) string {
	var b strings.Builder
	fmt.Fprintf(&b, "# %s\n\n", title)
	for i, l := range list {
		fmt.Fprintf(&b, "%d. [%s](%s%s.md): %s\n", i+1, markdown.Escape(l.Title), folder, l.Slug, markdown.Escape(l.Summary))
	}
	return b.String()
}

// aboutCard is what stands below the text of a card, and below a lesson the sources alone.
func aboutCard(course *lessons.Course, l *lessons.Lesson) string {
	var b strings.Builder
	name, isCard := strings.CutPrefix(l.Slug, "glossary/")
	if card := course.Card(name); isCard && card != nil {
		for i, c := range card.Related {
			if i == 0 {
				b.WriteString("\n## Related\n\n")
			}
			fmt.Fprintf(&b, "- [%s](%s.md)\n", markdown.Escape(c.Title), c.Name)
		}
		for i, m := range card.Mentions {
			if i == 0 {
				b.WriteString("\n## In the lessons\n\n")
			}
			fmt.Fprintf(&b, "- [%s](../lessons/%s.md)\n", markdown.Escape(m.Lesson.Title), m.Lesson.Slug)
		}
	}
	for i, source := range l.Sources {
		if i == 0 {
			b.WriteString("\n## Sources\n\n")
		}
		if url := lessons.SourceURL(source); url != "" {
			fmt.Fprintf(&b, "- [%s](%s)\n", markdown.Escape(source), url)
			continue
		}
		fmt.Fprintf(&b, "- %s\n", markdown.Escape(source))
	}
	return b.String()
}

func ruleSource(r rule.Rule) string {
	if r.Section == "" {
		return r.Source
	}
	return r.Source + " section " + r.Section
}

// maxResults is how many pages a search shows.
const maxResults = 30

// index is the words of all pages.
func (s *Site) index(e *edition) *search.Index {
	var docs []search.Document
	base := s.cfg.Base
	put := func(kind string, l *lessons.Lesson, aliases []string) {
		url := base + pathOf(l)
		d := search.Document{URL: url, Kind: kind, Title: l.Title, Aliases: aliases}
		for _, section := range l.Sections() {
			at := search.Section{URL: url, Heading: section.Heading, Text: section.Text}
			if section.Anchor != "" {
				at.URL += "#" + section.Anchor
			}
			if len(d.Sections) == 0 && kind == "lesson" {
				at.Text = strings.TrimSpace(l.Summary + " " + at.Text)
			}
			d.Sections = append(d.Sections, at)
		}
		docs = append(docs, d)
	}
	for _, c := range e.course.Glossary {
		put("card", &c.Lesson, c.Aliases)
	}
	for _, l := range e.course.Lessons {
		put("lesson", l, l.Tags)
	}
	for _, group := range s.gallery.Groups {
		for _, it := range group.Items {
			docs = append(docs, search.Document{URL: base + "sandbox/" + it.Slug, Kind: "scenario", Title: it.Title,
				Sections: []search.Section{{URL: base + "sandbox/" + it.Slug, Text: it.Look}}})
		}
	}
	for _, l := range e.course.Interview {
		put("question", l, nil)
	}
	for _, l := range e.course.Guides {
		put("guide", l, nil)
	}
	for _, r := range rule.All() {
		url := base + rulePath(r.ID)
		docs = append(docs, search.Document{URL: url, Kind: "rule", Title: r.Title, Aliases: []string{r.ID.String(), r.Req, r.Source},
			Sections: []search.Section{{URL: url, Text: r.Gist}}})
	}
	return search.New(docs)
}

// search answers GET search?q=…. What is found depends on what was asked, so this page is made on the request path: words are looked
// up in an index that lies ready, and only the results that are shown are written.
func (s *Site) search(w http.ResponseWriter, r *http.Request) error {
	words := s.language(r)
	q := strings.Join(strings.Fields(r.URL.Query().Get("q")), " ")
	if len(q) > search.MaxQuery {
		q = strings.ToValidUTF8(q[:search.MaxQuery], "")
	}
	if q == "" {
		return s.page(w, r)
	}
	d := pages.SearchData{Page: s.at(words, pages.Elsewhere, words.T("page.search")), Query: q}
	results, more := s.edition.Load().index().Find(q, maxResults)
	d.More = more
	for _, found := range results {
		one := pages.SearchResult{URL: found.URL, Kind: found.Kind, Title: found.Title}
		for _, place := range found.Places {
			p := pages.SearchPlace{URL: place.URL, Heading: place.Heading}
			for _, piece := range place.Excerpt {
				p.Excerpt = append(p.Excerpt, pages.SearchPiece{Text: piece.Text, Hit: piece.Hit})
			}
			one.Places = append(one.Places, p)
		}
		d.Results = append(d.Results, one)
	}
	h := w.Header()
	h.Set("Content-Type", htmlType)
	h.Set("Cache-Control", static.Never)
	h.Set("Vary", "Accept-Language, Cookie")
	if r.Method == http.MethodHead {
		return nil
	}
	return pages.Search(d).Render(r.Context(), w)
}
