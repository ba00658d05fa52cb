package pages

import (
	"cmp"
	"slices"
	"strings"

	"github.com/handshakelab/lab/engine/rule"
	"github.com/handshakelab/lab/engine/tcp"
	"github.com/handshakelab/lab/lessons"
)

// besideSheet is the style sheet of what stands beside the course: glossary, rules, questions, search.
const besideSheet = "beside"

// homeSheet is that of the home page, the list of lessons and the error page.
const homeSheet = "home"

// GlossaryData is all cards of the glossary.
type GlossaryData struct {
	Page
	Course *lessons.Course
}

// A cardGroup is the cards of one kind.
type cardGroup struct {
	kind  string
	cards []*lessons.Card
}

func (g GlossaryData) groups() (list []cardGroup) {
	for _, kind := range lessons.CardKinds {
		group := cardGroup{kind: kind}
		for _, c := range g.Course.Glossary {
			if c.Kind == kind {
				group.cards = append(group.cards, c)
			}
		}
		if len(group.cards) > 0 {
			list = append(list, group)
		}
	}
	return list
}

// CardData is one card of the glossary.
type CardData struct {
	Page
	Course *lessons.Course
	Card   *lessons.Card
}

func (d CardData) lesson() LessonData { return LessonData{d.Page, d.Course, &d.Card.Lesson} }

// sim is the run of the card, or nil.
func (d CardData) sim() *lessons.Sim { return firstSim(&d.Card.Lesson) }

// text is what the card has beside its run.
func (d CardData) text() (list []lessons.Part) {
	for _, p := range d.Card.Parts {
		if p.Sim == nil || p.Sim != d.sim() {
			list = append(list, p)
		}
	}
	return list
}

// A RuleRun is a run in which a rule was applied.
type RuleRun struct {
	Title string   `json:"title"`
	URL   string   `json:"url"`
	At    tcp.Time `json:"t"` // the first time, in microseconds
}

// RulesData is all rules that the engine follows.
type RulesData struct {
	Page
	Runs map[rule.ID][]RuleRun
}

// A ruleGroup is the rules of one source, by section.
type ruleGroup struct {
	id, source string
	sections   []ruleSection
	count      int
}

type ruleSection struct {
	section, url string
	rules        []rule.Rule
}

// groups are the rules as the page lists them: RFC 9293, then the other RFCs, then Linux and the lab.
func (d RulesData) groups() []ruleGroup {
	var list []ruleGroup
	at := map[string]int{}
	for _, r := range rule.All() {
		i, ok := at[r.Source]
		if !ok {
			i = len(list)
			at[r.Source] = i
			list = append(list, ruleGroup{id: strings.ReplaceAll(strings.ToLower(r.Source), " ", "-"), source: r.Source})
		}
		g := &list[i]
		g.count++
		j := slices.IndexFunc(g.sections, func(s ruleSection) bool { return s.section == r.Section })
		if j < 0 {
			j = len(g.sections)
			g.sections = append(g.sections, ruleSection{section: r.Section, url: r.URL})
		}
		g.sections[j].rules = append(g.sections[j].rules, r)
	}
	for i := range list {
		slices.SortStableFunc(list[i].sections, func(a, b ruleSection) int { return compareSections(a.section, b.section) })
	}
	slices.SortStableFunc(list, func(a, b ruleGroup) int {
		return cmp.Or(cmp.Compare(sourceRank(a.source), sourceRank(b.source)), compareSections(a.source, b.source))
	})
	return list
}

// sourceRank puts the standard first and what is no RFC last.
func sourceRank(source string) int {
	switch {
	case source == "RFC 9293":
		return 0
	case strings.HasPrefix(source, "RFC "):
		return 1
	case strings.HasPrefix(source, "Linux"):
		return 2
	}
	return 3
}

// compareSections compares "3.8.2" and "3.10" by their numbers.
func compareSections(a, b string) int {
	as, bs := strings.FieldsFunc(a, notDigit), strings.FieldsFunc(b, notDigit)
	for i := range min(len(as), len(bs)) {
		if c := cmp.Or(cmp.Compare(len(as[i]), len(bs[i])), cmp.Compare(as[i], bs[i])); c != 0 {
			return c
		}
	}
	return cmp.Compare(len(as), len(bs))
}

func notDigit(r rune) bool { return r < '0' || r > '9' }

// RuleData is one rule.
type RuleData struct {
	Page
	Rule rule.Rule
	Runs []RuleRun
}

// ruleLevel is the word of RFC 2119 that a requirement label stands for, "" without one.
func ruleLevel(r rule.Rule) string {
	label, _, _ := strings.Cut(r.Req, "-")
	return map[string]string{"MUST": "MUST", "SHLD": "SHOULD", "MAY": "MAY"}[label]
}

// ruleSource is the source of a rule with its section.
func (p Page) ruleSource(r rule.Rule) string {
	if r.Section == "" {
		return r.Source
	}
	return p.t("page.rule.section", "source", r.Source, "section", r.Section)
}

// ruleURL is the page of a rule.
func (p Page) ruleURL(id rule.ID) string { return p.url("rules/" + id.String()) }

// lessonsOf are the lessons of a course, of which there may be none.
func lessonsOf(c *lessons.Course) []*lessons.Lesson {
	if c == nil {
		return nil
	}
	return c.Lessons
}

// level is the lessons of a level.
func (l LessonsData) level(level string) (list []*lessons.Lesson) {
	for _, one := range lessonsOf(l.Course) {
		if one.Level == level {
			list = append(list, one)
		}
	}
	return list
}

// needed are the lessons that a lesson builds on.
func needed(c *lessons.Course, l *lessons.Lesson) (list []*lessons.Lesson) {
	for _, slug := range l.Needs {
		if other := c.Lesson(slug); other != nil {
			list = append(list, other)
		}
	}
	return list
}

// InterviewData is all pages of questions.
type InterviewData struct {
	Page
	Course *lessons.Course
}

// questions are the headings of a page of questions.
func questions(l *lessons.Lesson) []lessons.Section { return l.Sections()[1:] }

func (d InterviewData) count() (n int) {
	for _, l := range d.Course.Interview {
		n += len(questions(l))
	}
	return n
}

// A SearchResult is a page with the places in it that fit.
type SearchResult struct {
	URL, Kind, Title string
	Places           []SearchPlace
}

// A SearchPlace is a section of a page that fits, with an excerpt of its text in pieces.
type SearchPlace struct {
	URL, Heading string
	Excerpt      []SearchPiece
}

// A SearchPiece is a piece of an excerpt.
type SearchPiece struct {
	Text string
	Hit  bool
}

// SearchData is the page of the search, with what was found.
type SearchData struct {
	Page
	Query   string
	Results []SearchResult
	More    bool // there are more than are shown
}
