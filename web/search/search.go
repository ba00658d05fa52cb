// Package search finds pages by their words. The index is made once, when the pages are, and a search reads it without writing.
//
// Case, accents and hyphens make no difference: SYN-ACK, syn_ack and synack are the same word. A word of the query is found at
// the beginning of a word; all words of the query must be in a document. What stands in a title counts most, then in a heading,
// in another name of the thing, in its text.
package search

import (
	"cmp"
	"slices"
	"sort"
	"strings"
	"unicode/utf8"
)

// Bounds of a search.
const (
	MaxQuery = 100 // bytes that a form should let somebody type

	maxQuery    = 200
	maxTerms    = 8
	maxVisits   = 40_000 // occurrences that are looked at for a term
	maxPlaces   = 3      // of a result
	excerptSize = 180
)

// A Document is a page.
type Document struct {
	URL, Kind, Title string
	Aliases          []string
	Sections         []Section
}

// A Section is a piece of a page under one heading.
type Section struct {
	URL, Heading, Text string
}

// isCalled says whether a folded name is one of the document.
func (d *Document) isCalled(name string) bool {
	return fold(d.Title) == name || slices.ContainsFunc(d.Aliases, func(alias string) bool { return fold(alias) == name })
}

// A field is where in a document a word stands; its value is what it counts.
type field uint8

const (
	inText    field = 1
	inAlias   field = 12
	inHeading field = 20
	inTitle   field = 60
)

// An occurrence is a word in a document.
type occurrence struct {
	doc, section int32 // section is -1 in a title and an alias
	start, end   int32
	field        field
}

// An Index knows all words of some documents. It is never changed.
type Index struct {
	docs  []Document
	words []string // sorted
	where [][]occurrence
}

// New makes an index.
func New(docs []Document) *Index {
	x := &Index{docs: docs}
	found := map[string][]occurrence{}
	for d := range docs {
		add := func(text string, section int, f field) {
			words(text, func(w word) {
				found[w.text] = append(found[w.text], occurrence{int32(d), int32(section), int32(w.start), int32(w.end), f})
			})
		}
		add(docs[d].Title, -1, inTitle)
		for _, alias := range docs[d].Aliases {
			add(alias, -1, inAlias)
		}
		for i, s := range docs[d].Sections {
			add(s.Heading, i, inHeading)
			add(s.Text, i, inText)
		}
	}
	for w := range found {
		x.words = append(x.words, w)
	}
	slices.Sort(x.words)
	for _, w := range x.words {
		x.where = append(x.where, found[w])
	}
	return x
}

// A Result is a document that fits, with its best places.
type Result struct {
	*Document
	Places []Place
}

// A Place is a section that fits.
type Place struct {
	*Section
	Excerpt []Piece
}

// A Piece is a piece of an excerpt, which is what was looked for or stands between.
type Piece struct {
	Text string
	Hit  bool
}

// A match is what a search knows of a document.
type match struct {
	terms int // how many of the query's are in it
	last  int // the number of the last of them
	best  int // score of the term at hand
	score int
	spots map[int32]*spot
}

// A spot is what a search knows of a section.
type spot struct {
	section int32
	score   int
	last    int
	hits    []occurrence // in its text
}

// Find returns the documents that have all words of a query, the best first, and whether there are more than so many.
func (x *Index) Find(query string, most int) (results []Result, more bool) {
	asked := terms(query)
	if len(asked) == 0 {
		return nil, false
	}
	matches := map[int32]*match{}
	for n, term := range asked {
		x.visit(term, func(o occurrence, whole bool) {
			m := matches[o.doc]
			switch {
			case m == nil && n == 0:
				m = &match{last: -1, spots: map[int32]*spot{}}
				matches[o.doc] = m
			case m == nil || m.terms < n: // a word before this one is missing
				return
			}
			if m.last != n {
				m.last, m.best = n, 0
				m.terms++
			}
			value := 2 * int(o.field)
			if whole {
				value *= 2
			}
			if value > m.best {
				m.score += value - m.best
				m.best = value
			}
			if o.section < 0 {
				return
			}
			s := m.spots[o.section]
			if s == nil {
				s = &spot{section: o.section, last: -1}
				m.spots[o.section] = s
			}
			if s.last != n { // a section with two of the words is better than one with one of them twice
				s.last = n
				s.score += 100
			}
			s.score += int(o.field)
			if o.field == inText {
				s.hits = append(s.hits, o)
			}
		})
	}
	var order []int32
	for d, m := range matches {
		if m.terms == len(asked) {
			if x.docs[d].isCalled(strings.Join(asked, "")) {
				m.score += 1000
			}
			order = append(order, d)
		}
	}
	slices.SortFunc(order, func(a, b int32) int {
		return cmp.Or(cmp.Compare(matches[b].score, matches[a].score), cmp.Compare(a, b))
	})
	if more = len(order) > most; more {
		order = order[:most]
	}
	for _, d := range order {
		results = append(results, x.result(d, matches[d]))
	}
	return results, more
}

// visit tells of each occurrence of a word that begins with the term. One letter stands for itself only.
func (x *Index) visit(term string, each func(o occurrence, whole bool)) {
	visits := 0
	for i := sort.SearchStrings(x.words, term); i < len(x.words) && strings.HasPrefix(x.words[i], term); i++ {
		whole := x.words[i] == term
		if !whole && utf8.RuneCountInString(term) == 1 {
			return
		}
		for _, o := range x.where[i] {
			if visits++; visits > maxVisits {
				return
			}
			each(o, whole)
		}
	}
}

func (x *Index) result(d int32, m *match) Result {
	r := Result{Document: &x.docs[d]}
	var spots []*spot
	for _, s := range m.spots {
		spots = append(spots, s)
	}
	slices.SortFunc(spots, func(a, b *spot) int { return cmp.Or(cmp.Compare(b.score, a.score), cmp.Compare(a.section, b.section)) })
	for _, s := range spots[:min(len(spots), maxPlaces)] {
		section := &r.Sections[s.section]
		r.Places = append(r.Places, Place{section, excerpt(section.Text, s.hits)})
	}
	if len(r.Places) == 0 && len(r.Sections) > 0 {
		r.Places = []Place{{&r.Sections[0], excerpt(r.Sections[0].Text, nil)}}
	}
	return r
}

// excerpt is the part of a text around the first hits in it.
func excerpt(text string, hits []occurrence) (pieces []Piece) {
	slices.SortFunc(hits, func(a, b occurrence) int { return cmp.Or(cmp.Compare(a.start, b.start), cmp.Compare(b.end, a.end)) })
	from := 0
	if len(hits) > 0 && int(hits[0].end) > excerptSize*2/3 {
		from = boundary(text, int(hits[0].start)-excerptSize/3)
	}
	to := boundary(text, from+excerptSize)
	say := func(s string, hit bool) {
		if s != "" {
			pieces = append(pieces, Piece{s, hit})
		}
	}
	if from > 0 {
		say("… ", false)
	}
	at := from
	for _, h := range hits {
		start, end := int(h.start), int(h.end)
		if start < at || end > to { // inside of a longer one, or outside
			continue
		}
		say(text[at:start], false)
		say(text[start:end], true)
		at = end
	}
	say(text[at:to], false)
	if to < len(text) {
		say(" …", false)
	}
	return pieces
}

// boundary is the end of the word in which a place lies, or just a whole letter where no blank comes soon.
func boundary(text string, at int) int {
	switch {
	case at <= 0:
		return 0
	case at >= len(text):
		return len(text)
	}
	if i := strings.IndexByte(text[at:], ' '); i >= 0 && i < 40 {
		return at + i
	}
	for at < len(text) && !utf8.RuneStart(text[at]) {
		at++
	}
	return at
}
