package pages

import (
	"strings"

	"github.com/handshakelab/lab/lessons"
)

// A spread is what is seen at once on a wide screen: a simulator or a capture, and the prose before and after it in the other column.
// On a narrow one they stand below each other in that order.
type spread struct {
	before, after []lessons.Part
	stage         lessons.Part // of which Sim or Capture is set, or nothing
}

func (s *spread) staged() bool { return s.stage.Sim != nil || s.stage.Capture != nil }

// spreads divides a lesson. Each simulator or capture starts a spread; between two of them, the last section with a heading of its own
// belongs to the second, since it leads up to it. What there is to say of a capture stands beside it.
func spreads(parts []lessons.Part) []spread {
	all := []spread{{}}
	for _, p := range parts {
		last := &all[len(all)-1]
		switch staged := p.Sim != nil || p.Capture != nil; {
		case staged && !last.staged():
			last.stage = p
		case staged:
			next := spread{stage: p}
			last.after, next.before = cut(last.after)
			all = append(all, next)
		case !last.staged():
			last.before = append(last.before, p)
		default:
			last.after = append(last.after, p)
		}
		if p.Capture != nil && p.Capture.HTML != "" {
			last = &all[len(all)-1]
			last.after = append(last.after, lessons.Part{HTML: p.Capture.HTML})
		}
	}
	return all
}

// cut divides parts before the last heading, if prose stands at their end.
func cut(parts []lessons.Part) (head, tail []lessons.Part) {
	if len(parts) == 0 {
		return parts, nil
	}
	end := len(parts) - 1
	html := parts[end].HTML
	at := strings.LastIndex(html, "<h2")
	if at < 0 {
		return parts, nil
	}
	head = parts[:end:end]
	if strings.TrimSpace(html[:at]) != "" {
		head = append(head, lessons.Part{HTML: html[:at]})
	}
	return head, []lessons.Part{{HTML: html[at:]}}
}

// exercises lists the ids of what can be solved in a lesson; progress counts them.
func exercises(l *lessons.Lesson) string { return strings.Join(ExercisesOf(l), " ") }

// ExercisesOf returns the IDs of what can be solved in a lesson.
func ExercisesOf(l *lessons.Lesson) []string {
	var ids []string
	for _, p := range l.Parts {
		switch {
		case p.Predict != nil:
			ids = append(ids, p.Predict.ID)
		case p.Quiz != nil:
			ids = append(ids, p.Quiz.ID)
		case p.Challenge != nil:
			ids = append(ids, p.Challenge.ID)
		case p.Ticket != nil:
			ids = append(ids, p.Ticket.ID)
		}
	}
	return ids
}

// firstSim is the simulator to which a skip link leads, or nil.
func firstSim(l *lessons.Lesson) *lessons.Sim {
	for _, p := range l.Parts {
		if p.Sim != nil {
			return p.Sim
		}
	}
	return nil
}

// sims are the simulators of a lesson in their order.
func sims(l *lessons.Lesson) (all []*lessons.Sim) {
	for _, p := range l.Parts {
		all = append(all, some(p.Sim)...)
	}
	return all
}

// some is a list of one simulator, or of none.
func some(s *lessons.Sim) []*lessons.Sim {
	if s == nil {
		return nil
	}
	return []*lessons.Sim{s}
}

func simID(s *lessons.Sim) string {
	if s == nil {
		return ""
	}
	return "sim-" + s.ID
}

// sheets are the style sheets that not every lesson needs. That of tickets comes with their script.
func sheets(l *lessons.Lesson) []string {
	for _, p := range l.Parts {
		if p.Quiz != nil && p.Quiz.Kind != lessons.One && p.Quiz.Kind != lessons.Many {
			return []string{"blocks"}
		}
	}
	return nil
}

// part is where a script finds what belongs to a block.
func (d LessonData) part(id string) string {
	return d.url(PartPath(d.Lesson, id))
}

// variants is where a simulator with other numbers can be had, "" when there is none.
func (d LessonData) variants(s *lessons.Sim) string {
	if len(s.Variants) == 0 {
		return ""
	}
	return d.part(s.ID)
}

// scenarioClass is the class of the text of a run. A simulator begins with the one that has this class.
func scenarioClass(variants string) string {
	if variants != "" {
		return "written"
	}
	return "scenario"
}

// PartPath is where something lies in the lab that the page of a lesson fetches later.
func PartPath(l *lessons.Lesson, id string) string {
	if l.Lang != courseLang {
		id += "." + l.Lang
	}
	return "api/part/" + l.Slug + "/" + id + ".json"
}

// quizLabel is what a question calls itself.
func quizLabel(k lessons.QuizKind) string {
	switch k {
	case lessons.Many:
		return "page.question.many"
	case lessons.Order:
		return "page.question.order"
	case lessons.Field:
		return "page.question.field"
	}
	return "page.question"
}

// headerInput is which keys a phone shows for a field of a header.
func headerInput(field string) string {
	if field == "flags" {
		return "text"
	}
	return "numeric"
}

// lookCommand is what one types to look, or what it is where no tool of that name is.
func lookCommand(p Page, l lessons.Look) string {
	if l.Command == "" {
		return p.t("page.look." + l.View)
	}
	return l.Command
}
