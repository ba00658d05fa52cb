package lessons

import (
	"slices"
	"testing"
)

// What those who teach are told is right is right, in every exercise of the course and of each kind.
func TestSolutions(t *testing.T) {
	kinds := map[QuizKind]int{}
	for _, l := range append(slices.Clone(loadCourse(t).Lessons), blocks(t)) {
		for _, part := range l.Parts {
			switch {
			case part.Quiz != nil:
				q := part.Quiz
				kinds[q.Kind]++
				right := q.Solution()
				switch q.Kind {
				case Text, Number:
					if v := q.CheckText(right[0]); !v.OK {
						t.Errorf("%s#%s: %q is %s", l.Slug, q.ID, right, v.Code)
					}
				case One, Many, Order:
					var picked []int
					for _, text := range right {
						picked = append(picked, slices.IndexFunc(q.Options, func(o string) bool { return PlainText(o) == text }))
					}
					if v := q.Check(picked); !v.OK {
						t.Errorf("%s#%s: %q is %s", l.Slug, q.ID, right, v.Code)
					}
				case Field:
					if len(right) != 1 || right[0] == "" {
						t.Errorf("%s#%s: %q", l.Slug, q.ID, right)
					}
				}
			case part.Predict != nil:
				p := part.Predict
				right := p.Solution()
				of := slices.IndexFunc(p.Choices, func(c Choice) bool { return PlainText(c.HTML) == right })
				if right == "" || !p.Free && (of < 0 || !p.Check(p.Choices[of].Value).OK) {
					t.Errorf("%s#%s: %q", l.Slug, p.ID, right)
				}
			case part.Ticket != nil:
				of := slices.IndexFunc(part.Ticket.Causes, func(c string) bool { return PlainText(c) == part.Ticket.Solution() })
				if of < 0 || !part.Ticket.Check(of, nil, nil).OK || part.Ticket.Run() == "" {
					t.Errorf("%s#%s: %q", l.Slug, part.Ticket.ID, part.Ticket.Solution())
				}
			}
		}
	}
	for _, kind := range quizKinds {
		if kinds[QuizKind(kind)] == 0 {
			t.Errorf("no question of the kind %s was looked at", kind)
		}
	}
}
