package web

import (
	"net/http"

	"github.com/handshakelab/lab/engine"
	"github.com/handshakelab/lab/engine/rule"
	"github.com/handshakelab/lab/lessons"
	"github.com/handshakelab/lab/lessons/gallery"
	"github.com/handshakelab/lab/web/pages"
)

// A ruleIndex knows which runs that the lab comes with are good to see a rule at work.
type ruleIndex map[rule.ID][]pages.RuleRun

// indexRules reads the runs of all lessons, then those of the gallery and of the glossary. base is the base path.
func indexRules(course *lessons.Course, scenarios *gallery.Gallery, base string) ruleIndex {
	x := ruleIndex{}
	read := func(l *lessons.Lesson) {
		for _, p := range l.Parts {
			// What a lesson hides at first must not be told here.
			if p.Sim == nil || !p.Sim.Ahead {
				continue
			}
			title := l.Title
			if p.Sim.Title != "" && p.Sim.Title != l.Title {
				title += ": " + p.Sim.Title
			}
			x.add(title, base+pathOf(l)+"#"+p.Sim.ID, p.Sim.Events)
		}
	}
	for _, l := range course.Lessons {
		read(l)
	}
	for _, group := range scenarios.Groups {
		for _, it := range group.Items {
			x.add(it.Title, base+"sandbox/"+it.Slug, it.Sim.Events)
		}
	}
	for _, c := range course.Glossary {
		read(&c.Lesson)
	}
	return x
}

// add makes a run known under each of its rules.
func (x ruleIndex) add(title, url string, events []engine.Event) {
	seen := map[rule.ID]bool{}
	for i := range events {
		e := &events[i]
		if e.Rule == rule.None || seen[e.Rule] {
			continue
		}
		seen[e.Rule] = true
		x[e.Rule] = append(x[e.Rule], pages.RuleRun{Title: title, URL: url, At: e.At})
	}
}

// A ruleAnswer is a rule and where it can be seen.
type ruleAnswer struct {
	ID      rule.ID         `json:"id"`
	Title   string          `json:"title"`
	Source  string          `json:"source"`
	Section string          `json:"section,omitempty"`
	Gist    string          `json:"gist"`
	URL     string          `json:"url,omitempty"` // of the section
	Page    string          `json:"page"`          // of the rule
	Runs    []pages.RuleRun `json:"runs"`
}

// ruleRuns answers GET api/rules?id=….
func (s *Site) ruleRuns(w http.ResponseWriter, r *http.Request) error {
	id, ok := rule.Parse(r.URL.Query().Get("id"))
	if !ok {
		return &Error{Status: http.StatusNotFound, Code: "no_such_rule", Message: "There is no rule of this name."}
	}
	found, _ := rule.Lookup(id)
	answer := ruleAnswer{ID: found.ID, Title: found.Title, Source: found.Source, Section: found.Section, Gist: found.Gist, URL: found.URL, Page: s.cfg.Base + rulePath(id), Runs: s.edition.Load().rules()[id]}
	if answer.Runs == nil {
		answer.Runs = []pages.RuleRun{}
	}
	writeJSON(w, http.StatusOK, answer)
	return nil
}
