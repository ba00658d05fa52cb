package lessons

import (
	"cmp"
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// What a page can get of an exercise is its exported fields. None of them says what is right, and none has the feedback or
// the solution.
func TestPublicPartsDoNotHaveTheAnswers(t *testing.T) {
	for _, l := range append(slices.Clone(loadCourse(t).Lessons), blocks(t)) {
		var page, exercises strings.Builder // all that a page can show of the exercises and the prose
		for _, p := range l.Parts {
			page.WriteString(p.HTML)
			exercises.WriteString(shownOf(t, p))
		}
		page.WriteString(exercises.String())
		public := page.String()
		hidden := func(where, secret string) {
			secret = strings.TrimSpace(secret)
			if len(secret) > 3 && strings.Contains(public, strings.ReplaceAll(secret, "\n", `\n`)) {
				t.Errorf("%s#%s shows %q", l.Slug, where, secret)
			}
		}
		for _, p := range l.Parts {
			switch {
			case p.Predict != nil:
				hidden(p.Predict.ID, p.Predict.key.rightFeedback)
				for _, w := range p.Predict.key.wrong {
					hidden(p.Predict.ID, w.feedback)
					if w.code != "wrong" {
						hidden(p.Predict.ID, w.code)
					}
				}
				// The number may stand in the question, for something else, and in the simulator.
				if p.Predict.Free && len(p.Predict.Choices) > 0 {
					t.Errorf("%s#%s shows the answer that is to be typed", l.Slug, p.Predict.ID)
				}
			case p.Quiz != nil:
				for _, k := range p.Quiz.options {
					hidden(p.Quiz.ID, k.feedback)
				}
				if typed := p.Quiz.typed; typed != nil {
					hidden(p.Quiz.ID, typed.said.rightFeedback)
					hidden(p.Quiz.ID, typed.said.other)
					for _, w := range typed.wrong {
						hidden(p.Quiz.ID, w.feedback)
					}
					for _, w := range typed.right.words {
						if strings.Contains(sameWords(shownOf(t, p)), w) {
							t.Errorf("%s#%s shows the answer that is to be typed", l.Slug, p.Quiz.ID)
						}
					}
				}
				if h := p.Quiz.Header; h != nil {
					hidden(p.Quiz.ID, p.Quiz.field.other)
					for _, part := range h.Parts {
						if strings.Contains(part.Value, p.Quiz.field.right) && len(p.Quiz.field.right) > 3 {
							t.Errorf("%s#%s shows the field that is to be filled in: %v", l.Slug, p.Quiz.ID, part)
						}
					}
				}
			case p.Ticket != nil:
				hidden(p.Ticket.ID, p.Ticket.key.source)
				for _, text := range p.Ticket.key.outputs {
					hidden(p.Ticket.ID, text)
					for line := range strings.Lines(text) {
						hidden(p.Ticket.ID, line)
					}
				}
				for _, c := range p.Ticket.key.causes {
					hidden(p.Ticket.ID, c.feedback)
					for _, e := range c.evidence {
						hidden(p.Ticket.ID, e.feedback)
					}
				}
			case p.Challenge != nil:
				if len(p.Challenge.key.solution) == 0 {
					t.Errorf("%s#%s has no solution to hide", l.Slug, p.Challenge.ID)
				}
			}
		}
		for _, mark := range []string{"checkbox", "[x]", "[ ]", "solution", "right:", "ask:", "step until"} {
			if strings.Contains(exercises.String(), mark) {
				t.Errorf("an exercise of %s shows %q", l.Slug, mark)
			}
		}
	}
}

// shownOf is what a page can show of an exercise. The runs of variants are public; they are what the simulator shows of the first one.
func shownOf(t *testing.T, p Part) string {
	t.Helper()
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	predict := p.Predict
	if predict != nil {
		shown := *predict
		shown.Variants = nil
		predict = &shown
		for _, v := range p.Predict.Variants {
			b.WriteString(v.Question)
		}
	}
	if err := enc.Encode([]any{predict, p.Quiz, p.Challenge, p.Ticket}); err != nil {
		t.Fatal(err)
	}
	return strings.ReplaceAll(b.String(), `\"`, `"`)
}

// The answers cannot be reached from another package by mistake: everything secret is behind one unexported field, and who asks for a
// Solution knows what they do.
func TestSecretsAreUnexportedByType(t *testing.T) {
	public := map[reflect.Type][]string{
		reflect.TypeFor[Predict]():   {"ID", "Of", "At", "Do", "Question", "Field", "Choices", "Free", "Variants", "Scenario"},
		reflect.TypeFor[Choice]():    {"Value", "HTML"},
		reflect.TypeFor[Quiz]():      {"ID", "Kind", "Question", "Options", "Unit", "Header"},
		reflect.TypeFor[Header]():    {"Of", "Seg", "At", "From", "Kind", "Field", "Parts"},
		reflect.TypeFor[Ticket]():    {"ID", "Title", "HTML", "Points", "Wrong", "Looks", "Causes"},
		reflect.TypeFor[Look]():      {"Host", "View", "Command", "At", "Timed", "Cost"},
		reflect.TypeFor[Challenge](): {"ID", "Title", "From", "At", "HTML", "Goals", "Hints"},
	}
	for typ, want := range public {
		var got []string
		for f := range typ.NumField() {
			if typ.Field(f).IsExported() {
				got = append(got, typ.Field(f).Name)
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s shows %v; if the new one gives nothing away, add it here", typ, got)
		}
	}
}

// Where the right answer stands says nothing: over many questions it is in every place about equally often.
func TestTheRightChoiceHasNoFavouritePlace(t *testing.T) {
	places := make([]int, 4)
	d := &draft{lesson: &Lesson{Slug: "lesson"}}
	const questions = 2000
	for q := range questions {
		id := "question-" + string(rune('a'+q%26)) + "-" + strings.Repeat("x", q/26)
		values := []string{"1001", "1000", "5001", "1002"} // the right one first
		sorted := slices.Clone(values)
		slices.SortFunc(sorted, func(a, b string) int { return cmp.Compare(d.rank(id, a), d.rank(id, b)) })
		places[slices.Index(sorted, values[0])]++
	}
	for _, n := range places {
		if n < questions/4*8/10 || n > questions/4*12/10 {
			t.Fatalf("of %d right answers so many are in each place: %v", questions, places)
		}
	}
}
