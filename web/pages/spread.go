package pages

import (
	"strings"

	"github.com/handshakelab/lab/lessons"
)

// A spread is what is seen at once on a wide screen: a simulator, and the prose before and after it in the other column.
// On a narrow one they stand below each other in that order.
type spread struct {
	before, after []lessons.Part
	sim           *lessons.Sim
}

// spreads divides a lesson. Each simulator starts a spread; between two of them, the last section with a heading of its own
// belongs to the second, since it leads up to it.
func spreads(parts []lessons.Part) []spread {
	all := []spread{{}}
	for _, p := range parts {
		last := &all[len(all)-1]
		switch {
		case p.Sim != nil && last.sim == nil:
			last.sim = p.Sim
		case p.Sim != nil:
			next := spread{sim: p.Sim}
			last.after, next.before = cut(last.after)
			all = append(all, next)
		case last.sim == nil:
			last.before = append(last.before, p)
		default:
			last.after = append(last.after, p)
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
func exercises(l *lessons.Lesson) string {
	var ids []string
	for _, p := range l.Parts {
		switch {
		case p.Predict != nil:
			ids = append(ids, p.Predict.ID)
		case p.Quiz != nil:
			ids = append(ids, p.Quiz.ID)
		case p.Challenge != nil:
			ids = append(ids, p.Challenge.ID)
		}
	}
	return strings.Join(ids, " ")
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
