package lessons

import (
	"cmp"
	"embed"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/handshakelab/lab/engine/diag"
)

//go:embed course
var course embed.FS

// Builtin is the folder of the course that the lab comes with.
func Builtin() fs.FS {
	sub, err := fs.Sub(course, "course")
	if err != nil {
		panic(err) // the folder's name is a valid path
	}
	return sub
}

// A Course is a folder of lessons. It is never changed after Load.
type Course struct {
	Lessons     []*Lesson // those without an error, in order
	Interview   []*Lesson // pages of questions, likewise
	Guides      []*Lesson // for those who write lessons, likewise
	Glossary    []*Card   // likewise, by title
	Broken      []string  // the files of the others
	Diagnostics diag.List // of all of them, warnings too
}

// Lesson returns the lesson with the given slug, or nil.
func (c *Course) Lesson(slug string) *Lesson {
	for _, l := range c.Lessons {
		if l.Slug == slug {
			return l
		}
	}
	return nil
}

// Find returns the lesson, the page of questions, the guide or the text of the card with the given slug, or nil.
func (c *Course) Find(slug string) *Lesson {
	switch folder, name, _ := strings.Cut(slug, "/"); folder {
	case glossaryFolder:
		if card := c.Card(name); card != nil {
			return &card.Lesson
		}
	case interviewFolder, guideFolder:
		for _, l := range slices.Concat(c.Interview, c.Guides) {
			if l.Slug == slug {
				return l
			}
		}
	default:
		return c.Lesson(slug)
	}
	return nil
}

// All returns whatever Find does: the lessons, the pages of questions, the guides and the texts of the cards.
func (c *Course) All() []*Lesson {
	all := slices.Concat(c.Lessons, c.Interview, c.Guides)
	for _, card := range c.Glossary {
		all = append(all, &card.Lesson)
	}
	return all
}

// Check returns everything that is wrong in a folder of lessons. A folder that cannot be read, or has no lesson, is a fault too.
func Check(fsys fs.FS) diag.List {
	c, err := Load(fsys)
	if err != nil {
		return diag.List{{Severity: diag.Error, Code: "unreadable", Message: err.Error()}}
	}
	return c.Diagnostics
}

// Merge returns the course with the files that are broken in it as they were in the course before.
func (c *Course) Merge(before *Course) *Course {
	merged := *c
	kept := func(list, old []*Lesson) []*Lesson {
		list = slices.Clone(list)
		for i, l := range list {
			for _, was := range old {
				if was.Slug == l.Slug {
					list[i] = l.keepTranslations(was, c.Broken)
				}
			}
		}
		for _, l := range old {
			if slices.Contains(c.Broken, l.File) && c.Find(l.Slug) == nil {
				own := *l
				list = append(list, &own)
			}
		}
		return chain(list)
	}
	merged.Lessons, merged.Interview = kept(c.Lessons, before.Lessons), kept(c.Interview, before.Interview)
	merged.Guides = kept(c.Guides, before.Guides)
	merged.Glossary = nil
	for _, card := range c.Glossary {
		own := *card
		merged.Glossary = append(merged.Glossary, &own)
	}
	for _, card := range before.Glossary {
		if slices.Contains(c.Broken, card.File) && c.Card(card.Name) == nil {
			own := *card
			merged.Glossary = append(merged.Glossary, &own)
		}
	}
	merged.fileCards()
	return &merged
}

// chain puts lessons in order and ties them together.
func chain(list []*Lesson) []*Lesson {
	slices.SortStableFunc(list, func(a, b *Lesson) int { return cmp.Compare(a.Order, b.Order) })
	level := Levels[0]
	for i, l := range list {
		l.Prev, l.Next = nil, nil
		if i > 0 {
			l.Prev, list[i-1].Next = list[i-1], l
		}
		level = cmp.Or(l.Level, level)
		l.Level = level
	}
	for _, l := range list {
		l.adopt()
	}
	return list
}

// A shelf is what the lessons of a folder know of each other.
type shelf struct {
	fsys  fs.FS
	slugs map[string]string // by file
	texts map[string][]byte // files that are not in the folder, or not yet like this
}

func (s *shelf) names() []string {
	var list []string
	for name := range s.slugs {
		list = append(list, name)
	}
	slices.Sort(list)
	return list
}

// has reports whether there is a file with this name, which may have a query or be escaped only by mistake.
func (s *shelf) has(name string) bool {
	name = path.Clean(name)
	if !fs.ValidPath(name) {
		return false
	}
	if _, ok := s.texts[name]; ok {
		return true
	}
	st, err := fs.Stat(s.fsys, name)
	return err == nil && st.Mode().IsRegular()
}

var numbered = regexp.MustCompile(`^(?:[0-9]+-)?(.*)\.md$`)

// crossCheck checks what needs all lessons.
func (s *shelf) crossCheck(drafts []*draft) {
	type place struct {
		genre genre
		order int
	}
	byFile, bySlug, byOrder := map[string]*draft{}, map[string]*draft{}, map[place]*draft{}
	for _, d := range drafts {
		byFile[d.file] = d
		if _, twice := bySlug[d.lesson.Slug]; !twice && d.genre == lessonGenre && d.of == "" {
			bySlug[d.lesson.Slug] = d
		}
	}
	for _, d := range drafts {
		here := place{d.genre, d.meta.order}
		if other := byOrder[here]; other != nil && d.meta.order > 0 {
			d.addSpan("order-twice", d.meta.orderAt, "the number decides the place in the course", "%s has the order %d too", other.file, d.meta.order)
		} else {
			byOrder[here] = d
		}
		for i, need := range d.meta.needs {
			other, at := bySlug[need], d.meta.needsAt[i]
			switch {
			case other == nil:
				d.addSpan("missing-need", at, diag.DidYouMean("", need, mapKeys(bySlug)...), "there is no lesson %s", need)
			case other == d:
				d.addSpan("missing-need", at, "", "the lesson needs itself")
			case other.meta.order >= d.meta.order && other.meta.order > 0 && d.meta.order > 0:
				d.addSpan("needs-later", at, "change the order of one of them", "%s comes later in the course", need)
			}
		}
		for _, l := range d.crossLinks {
			// The anchors of a lesson that could not be parsed are not known; its own faults are enough.
			if other := byFile[l.file]; other.anchors != nil && !other.anchors[l.anchor] {
				d.add("link-target", l.at, l.at, diag.DidYouMean("", l.anchor, other.anchorNames()...), "%s has no #%s", l.file, l.anchor)
			}
		}
	}
}

// A genre is what a file is: a lesson, a card of the glossary, a page of questions, a guide for authors.
type genre int

const (
	lessonGenre genre = iota
	cardGenre
	questionGenre
	guideGenre

	anyGenre genre = -1
)

// The folders beside the lessons.
const (
	glossaryFolder  = "glossary"
	interviewFolder = "interview"
	guideFolder     = "author"
)

var genres = [...]struct {
	folder       string   // inside the lessons' folder
	keys, needed []string // of the front matter
}{
	lessonGenre:   {".", []string{"title", "summary", "order", "minutes", "level", "needs", "tags", "sources"}, []string{"title", "summary", "order"}},
	cardGenre:     {glossaryFolder, []string{"title", "kind", "aliases", "related", "sources"}, []string{"title", "kind"}},
	questionGenre: {interviewFolder, []string{"title", "summary", "order", "level", "sources"}, []string{"title", "summary", "order"}},
	guideGenre:    {guideFolder, []string{"title", "summary", "order", "minutes", "level", "sources"}, []string{"title", "summary", "order"}},
}

func mapKeys[V any](m map[string]V) []string {
	var keys []string
	for k := range m {
		if k != "" {
			keys = append(keys, k)
		}
	}
	slices.Sort(keys)
	return keys
}
