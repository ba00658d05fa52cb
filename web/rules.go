package web

import (
	"net/http"

	"github.com/handshakelab/lab/engine"
	"github.com/handshakelab/lab/engine/rule"
	"github.com/handshakelab/lab/lessons"
	"github.com/handshakelab/lab/lessons/gallery"
)

// A ruleIndex knows which runs that the lab comes with are good to see a rule at work.
type ruleIndex map[rule.ID][]ruleRun

// A ruleRun is a run in which a rule was applied.
type ruleRun struct {
	Title string `json:"title"`
	URL   string `json:"url"`
	At    int64  `json:"t"` // virtual time of the first time, in microseconds
}

// indexRules reads the runs of all lessons, then those of the gallery. base is the base path.
func indexRules(course *lessons.Course, scenarios *gallery.Gallery, base string) ruleIndex {
	x := ruleIndex{}
	for _, l := range course.Lessons {
		for _, p := range l.Parts {
			// What a lesson hides at first must not be told here.
			if p.Sim == nil || !p.Sim.Ahead {
				continue
			}
			title := l.Title
			if p.Sim.Title != "" && p.Sim.Title != l.Title {
				title += ": " + p.Sim.Title
			}
			x.add(title, base+"lessons/"+l.Slug+"#"+p.Sim.ID, p.Sim.Events)
		}
	}
	for _, group := range scenarios.Groups {
		for _, it := range group.Items {
			x.add(it.Title, base+"sandbox/"+it.Slug, it.Sim.Events)
		}
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
		x[e.Rule] = append(x[e.Rule], ruleRun{Title: title, URL: url, At: int64(e.At)})
	}
}

// A ruleAnswer is a rule and where it can be seen.
type ruleAnswer struct {
	ID      rule.ID   `json:"id"`
	Title   string    `json:"title"`
	Source  string    `json:"source"`
	Section string    `json:"section,omitempty"`
	Gist    string    `json:"gist"`
	URL     string    `json:"url,omitempty"` // of the section
	Runs    []ruleRun `json:"runs"`
}

// ruleRuns answers GET api/rules?id=….
func (s *Site) ruleRuns(w http.ResponseWriter, r *http.Request) error {
	id, ok := rule.Parse(r.URL.Query().Get("id"))
	if !ok {
		return &Error{Status: http.StatusNotFound, Code: "no_such_rule", Message: "There is no rule of this name."}
	}
	found, _ := rule.Lookup(id)
	answer := ruleAnswer{ID: found.ID, Title: found.Title, Source: found.Source, Section: found.Section, Gist: found.Gist, URL: found.URL, Runs: s.edition.Load().rules[id]}
	if answer.Runs == nil {
		answer.Runs = []ruleRun{}
	}
	writeJSON(w, http.StatusOK, answer)
	return nil
}
