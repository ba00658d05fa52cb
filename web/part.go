package web

import (
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/handshakelab/lab/engine/tcp"
	"github.com/handshakelab/lab/lessons"
	"github.com/handshakelab/lab/static"
)

// lessonParts are what pages of lessons fetch later: captures as POST api/capture answers, and variants of questions.
func lessonParts(course *lessons.Course) (map[string]*static.File, error) {
	parts := map[string]*static.File{}
	for _, l := range course.All() {
		for _, p := range l.Parts {
			var id string
			var part any
			switch {
			case p.Capture != nil:
				c := p.Capture
				profile, _ := tcp.ProfileByName(c.Profile)
				id, part = c.ID, newReplayed(c.Pcap, c.Conversation, profile, &c.Replay)
			case p.Predict != nil && len(p.Predict.Variants) > 0:
				list := []variant{}
				for _, v := range p.Predict.Variants {
					list = append(list, variant{v.Question, v.Choices, v.Do, v.Scenario})
				}
				id, part = p.Predict.ID, list
			default:
				continue
			}
			body, err := json.Marshal(part)
			if err != nil {
				return nil, fmt.Errorf("#%s of %s: %w", id, l.File, err)
			}
			parts["/api/part/"+l.Slug+"/"+id+".json"] = static.NewFile("application/json", static.Ask, body)
		}
	}
	return parts, nil
}

// A variant is a question with other numbers.
type variant struct {
	Question string           `json:"question"` // HTML
	Choices  []lessons.Choice `json:"choices"`
	Do       []string         `json:"do"`
	Scenario string           `json:"scenario"`
}

// part serves what the page of a lesson fetches later.
func (s *Site) part(w http.ResponseWriter, r *http.Request) error {
	part := s.edition.Load().parts[r.URL.Path]
	if part == nil {
		return errNotFound
	}
	part.ServeHTTP(w, r)
	return nil
}
