package web

import (
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/handshakelab/lab/engine/tcp"
	"github.com/handshakelab/lab/lessons"
	"github.com/handshakelab/lab/static"
	"github.com/handshakelab/lab/web/pages"
)

// lessonParts are what pages of lessons fetch later: captures as POST api/capture answers, and variants of questions and runs.
func lessonParts(p *press, course *lessons.Course) map[string]func() (*static.File, error) {
	list := map[string]func() (*static.File, error){}
	for _, l := range translated(course.All()) {
		put := func(id string, part func() any) {
			path := "/" + pages.PartPath(l, id)
			list[path] = p.file(path, l.Version, func() (*static.File, error) {
				body, err := json.Marshal(part())
				if err != nil {
					return nil, fmt.Errorf("#%s of %s: %w", id, l.File, err)
				}
				return static.NewFile("application/json", static.Ask, body), nil
			})
		}
		for _, part := range l.Parts {
			switch {
			case part.Sim != nil && len(part.Sim.Variants) > 0:
				put(part.Sim.ID, func() any {
					list := []variant{}
					for _, scenario := range part.Sim.Variants {
						list = append(list, variant{Scenario: scenario})
					}
					return list
				})
			case part.Capture != nil:
				c := part.Capture
				profile, _ := tcp.ProfileByName(c.Profile)
				put(c.ID, func() any { return newReplayed(c.Pcap, c.Conversation, profile, &c.Replay) })
			case part.Predict != nil && len(part.Predict.Variants) > 0:
				put(part.Predict.ID, func() any {
					list := []variant{}
					for _, v := range part.Predict.Variants {
						list = append(list, variant{v.Question, v.Choices, v.Do, v.Scenario})
					}
					return list
				})
			}
		}
	}
	return list
}

// translated are lessons with their translations.
func translated(list []*lessons.Lesson) (all []*lessons.Lesson) {
	for _, l := range list {
		all = append(append(all, l), l.Translations...)
	}
	return all
}

// A variant is a question or a run with other numbers; of a run it is the scenario alone.
type variant struct {
	Question string           `json:"question,omitempty"` // HTML
	Choices  []lessons.Choice `json:"choices,omitempty"`
	Do       []string         `json:"do,omitempty"`
	Scenario string           `json:"scenario"`
}

// part serves what the page of a lesson fetches later.
func (s *Site) part(w http.ResponseWriter, r *http.Request) error {
	part := s.edition.Load().parts[r.URL.Path]
	if part == nil {
		return errNotFound
	}
	file, err := part()
	if err != nil {
		return err
	}
	file.ServeHTTP(w, r)
	return nil
}
