package lessons

import (
	"slices"
	"strconv"
)

// What is right in the exercises, in plain text. It is for those who teach; whoever calls one of these takes care that no learner sees it.

// Solution is the right answer to a prediction.
func (p *Predict) Solution() string { return PlainText(shown(p.Field, p.key.right)) }

// Solution is the right answer to a question: the options that are right, or all of them in the right order, or what is to be typed.
func (q *Quiz) Solution() []string {
	switch q.Kind {
	case Text, Number:
		if right := &q.typed.right; right.words != nil {
			return right.words[:1]
		} else if right.n.unit == "" {
			return []string{strconv.FormatFloat(right.n.value, 'f', -1, 64)}
		} else {
			return []string{strconv.FormatFloat(right.n.value, 'f', -1, 64) + " " + right.n.unit}
		}
	case Field:
		return []string{PlainText(shown(q.Header.Field, q.field.right))}
	case Order:
		list := make([]string, len(q.Options))
		for i, place := range q.order {
			list[place] = PlainText(q.Options[i])
		}
		return list
	}
	var list []string
	for i, o := range q.options {
		if o.right {
			list = append(list, PlainText(q.Options[i]))
		}
	}
	return list
}

// Solution is the cause of a ticket.
func (t *Ticket) Solution() string {
	if i := slices.IndexFunc(t.key.causes, func(c cause) bool { return c.right }); i >= 0 {
		return PlainText(t.Causes[i])
	}
	return ""
}

// Run is the scenario behind a ticket, for those who teach too.
func (t *Ticket) Run() string { return t.key.source }
