package lessons

import (
	"cmp"
	"slices"

	"github.com/yuin/goldmark/ast"
)

// maxOrder is how many entries can be put in order by hand.
const maxOrder = 12

// readOrder reads a question whose options are to be put in order: an ordered list in the right one.
func (d *draft) readOrder(q *Quiz, b *block) {
	body, keys := d.splitTail(b.body, "right", "other")
	fr := d.fragment(snippet, body)
	d.checkProse(fr, fr.doc, false)
	var items []ast.Node
	q.Question, items = d.splitList(fr, func(l *ast.List) bool { return l.IsOrdered() })
	q.said = answerKey{rightFeedback: d.paragraph("Yes."), other: d.paragraph(orderText)}
	d.readSaid(&q.said, keys)
	var texts []string
	var list []optionKey
	for _, item := range items {
		at := fr.base + max(item.Pos(), 0)
		text, feedback := d.readItem(fr, item)
		switch {
		case text == "":
			d.add("quiz-options", at, at, "", "the entry has no text")
		case slices.Contains(texts, text):
			d.add("quiz-options", at, at, "say what tells them apart", "two entries are the same")
		}
		texts, list = append(texts, text), append(list, optionKey{feedback: feedback})
	}
	switch {
	case len(list) < 3:
		d.addSpan("quiz-options", b.kindAt, "write lines such as 1. first, 2. second, 3. third", "there is nothing to put in order with fewer than three entries")
	case len(list) > maxOrder:
		d.addSpan("quiz-options", b.kindAt, "", "nobody wants to put more than %d entries in order", maxOrder)
	}
	for place := range list {
		q.order = append(q.order, place)
	}
	slices.SortFunc(q.order, func(x, y int) int { return cmp.Compare(d.rank(b.id, texts[x]), d.rank(b.id, texts[y])) })
	if slices.IsSorted(q.order) {
		slices.Reverse(q.order) // luck must not solve it
	}
	for _, place := range q.order {
		q.Options, q.options = append(q.Options, texts[place]), append(q.options, list[place])
	}
}

// readSaid reads the keys right and other.
func (d *draft) readSaid(key *answerKey, keys []keyLine) {
	seen := map[string]bool{}
	for _, k := range keys {
		switch {
		case seen[k.key]:
			d.addSpan("key-twice", k.at, "keep one of them", "the key %s is given twice", k.key)
		case k.key == "right":
			key.rightFeedback = d.feedback(k, "Yes.")
		case k.key == "other":
			key.other = d.feedback(k, "Not quite.")
		}
		seen[k.key] = true
	}
}
