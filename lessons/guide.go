package lessons

import (
	"regexp"
	"sync"
)

// guides are those of the built-in folder. The lessons around them are not parsed.
var guides = sync.OnceValues(func() ([]*Lesson, error) {
	l := NewLoader(Builtin())
	l.only = guideGenre
	c, err := l.Load()
	if err != nil {
		return nil, err
	}
	return c.Guides, c.Diagnostics.Err()
})

// WithGuides returns the course with those guides for authors that the lab comes with and the course does not have. A link in them to a
// page that the course does not have is a text there.
func (c *Course) WithGuides() (*Course, error) {
	builtin, err := guides()
	if err != nil {
		return nil, err
	}
	with := *c
	with.Guides = nil
	for _, l := range c.Guides {
		one := *l
		with.Guides = append(with.Guides, &one)
	}
	for _, l := range builtin {
		if c.Find(l.Slug) != nil {
			continue
		}
		one := *l
		one.Parts = nil
		for _, p := range l.Parts {
			p.HTML = unlink(p.HTML, func(slug string) bool { return c.Find(slug) != nil })
			one.Parts = append(one.Parts, p)
		}
		with.Guides = append(with.Guides, &one)
	}
	chain(with.Guides)
	return &with, nil
}

var linkBeside = regexp.MustCompile(`(?s)<a href="\.\./(?:lessons/)?((?:(?:glossary|interview)/)?[a-z0-9-]+)(?:#[^"]*)?">(.*?)</a>`)

func unlink(html string, has func(slug string) bool) string {
	return linkBeside.ReplaceAllStringFunc(html, func(s string) string {
		m := linkBeside.FindStringSubmatch(s)
		if has(m[1]) {
			return s
		}
		return m[2]
	})
}
