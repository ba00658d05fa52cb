package lessons

import (
	"slices"
	"strings"

	"github.com/yuin/goldmark/ast"
	xast "github.com/yuin/goldmark/extension/ast"

	"github.com/handshakelab/lab/engine/diag"
)

// QuizKind says how a Quiz is answered.
type QuizKind string

// The kinds.
const (
	One    QuizKind = "one"    // one option is right
	Many   QuizKind = "many"   // more than one option is right
	Text   QuizKind = "text"   // by typing words
	Number QuizKind = "number" // by typing a number
	Order  QuizKind = "order"  // by putting the options in order
	Field  QuizKind = "field"  // by filling in a field of a header
)

var quizKinds = []string{string(One), string(Many), string(Text), string(Number), string(Order), string(Field)}

// A Quiz is a question. What is exported may be shown.
type Quiz struct {
	ID       string
	Kind     QuizKind
	Question string   // HTML
	Options  []string // HTML; those of Order are shuffled
	Unit     string   // of Number: what is counted, "s" say, or ""
	Header   *Header  // of Field

	options []optionKey // of One and Many
	order   []int       // of Order: for each option its place in the right order
	typed   *typedKey   // of Text and Number
	field   answerKey   // of Field
	said    answerKey   // of Order: its right and other feedback
	lang    string
}

// An optionKey is what stays on the server.
type optionKey struct {
	right    bool
	feedback string
}

// CheckText says whether what was typed is right, for the kinds Text, Number and Field.
func (q *Quiz) CheckText(answer string) Verdict {
	switch q.Kind {
	case Field:
		return q.field.check(q.Header.Field, answer)
	case Text, Number:
		return q.typed.check(answer)
	}
	return unreadable("There is nothing to type.")
}

// Check says whether the picked options, counted from 0, are the right ones, and for Order whether they are in the right order. The
// feedback is that of the picked ones.
func (q *Quiz) Check(picked []int) Verdict {
	switch q.Kind {
	case One, Many:
		return q.checkOptions(picked)
	case Order:
		return q.checkOrder(picked)
	}
	return unreadable("There are no options.")
}

func (q *Quiz) phrase(text string) string { return phrase(q.lang, text) }

func (q *Quiz) checkOptions(picked []int) Verdict {
	chosen := make([]bool, len(q.options))
	for _, i := range picked {
		if i < 0 || i >= len(q.options) {
			return unreadable(q.phrase("There is no such option."))
		}
		chosen[i] = true
	}
	var said []string
	good, bad, missed := 0, 0, 0
	for i, k := range q.options {
		switch {
		case chosen[i] && k.right:
			good++
		case chosen[i]:
			bad++
		case k.right:
			missed++
		}
		if chosen[i] && k.feedback != "" {
			said = append(said, k.feedback)
		}
	}
	v := Verdict{OK: bad == 0 && missed == 0, Code: "wrong"}
	switch {
	case good+bad == 0:
		return unreadable(q.phrase("Pick an option first."))
	case v.OK:
		v.Code = "right"
		if len(said) == 0 {
			said = append(said, "<p>"+q.phrase("Yes.")+"</p>")
		}
	case bad == 0:
		v.Code = "partly"
		said = append(said, "<p>"+q.phrase("So far so good, but that is not all of it.")+"</p>")
	case len(said) == 0:
		said = append(said, "<p>"+q.phrase("Not quite.")+"</p>")
	}
	v.Feedback = strings.Join(said, "\n")
	return v
}

// checkOrder compares an order with the right one. The feedback of a wrong one is that of the first option that stands in a place of
// another.
func (q *Quiz) checkOrder(order []int) Verdict {
	seen := make([]bool, len(q.order))
	for _, i := range order {
		if i < 0 || i >= len(seen) || seen[i] {
			return unreadable(q.phrase("Each entry has one place."))
		}
		seen[i] = true
	}
	if len(order) != len(seen) {
		return unreadable(q.phrase("Some entries are missing."))
	}
	for place, i := range order {
		if q.order[i] == place {
			continue
		}
		v := Verdict{Code: "wrong", Places: place, Feedback: q.options[i].feedback}
		if place > 0 {
			v.Code = "partly"
		}
		if v.Feedback == "" {
			v.Feedback = q.said.other
		}
		return v
	}
	return Verdict{OK: true, Code: "right", Places: len(order), Feedback: q.said.rightFeedback}
}

// readQuiz reads a quiz block.
func (d *draft) readQuiz(b *block) *Quiz {
	q := &Quiz{ID: b.id, lang: d.lesson.Lang}
	kind, given := b.values["kind"]
	if given && !slices.Contains(quizKinds, kind.text) {
		d.addSpan("attribute-value", kind.at, diag.DidYouMean("a quiz is one of "+strings.Join(quizKinds, ", "), kind.text, quizKinds...), "there is no quiz of the kind %s", kind.text)
		return nil
	}
	if of, ok := b.values["of"]; ok && kind.text != string(Field) {
		d.addSpan("attribute-value", of.key, "only a quiz with kind=field is about a simulator", "the quiz has no use for of")
	}
	switch q.Kind = QuizKind(kind.text); q.Kind {
	case Text, Number:
		d.readTyped(q, b)
	case Order:
		d.readOrder(q, b)
	case Field:
		return d.readField(q, b)
	default:
		d.readOptions(q, b)
		if given && q.Kind != QuizKind(kind.text) && len(q.options) > 1 {
			d.addSpan("attribute-value", kind.at, "leave kind out: the marks say it", "by its marks it is a quiz of the kind %s", q.Kind)
		}
	}
	if strings.TrimSpace(q.Question) == "" {
		d.addSpan("empty-block", b.kindAt, "write it in the first lines", "there is no question")
	}
	return q
}

// readOptions reads a question with a task list.
func (d *draft) readOptions(q *Quiz, b *block) {
	fr := d.fragment(snippet, b.body)
	d.checkProse(fr, fr.doc, true)
	question, options := d.splitList(fr, hasTask)
	q.Question = question
	for _, item := range options {
		d.readOption(q, fr, item)
	}
	right := 0
	for _, k := range q.options {
		if k.right {
			right++
		}
	}
	if q.Kind = One; right > 1 {
		q.Kind = Many
	}
	switch {
	case len(q.options) < 2:
		d.addSpan("quiz-options", b.kindAt, "write lines such as - [ ] one and - [x] two", "a quiz needs two options or more")
	case right == 0:
		d.addSpan("no-right-option", b.kindAt, "mark it with [x]", "no option is right")
	}
}

// splitList splits a fragment into the prose that it begins with, as HTML, and the items of the list that it ends with.
func (d *draft) splitList(fr fragment, is func(*ast.List) bool) (question string, items []ast.Node) {
	var html strings.Builder
	for n := fr.doc.FirstChild(); n != nil; n = n.NextSibling() {
		l, ok := n.(*ast.List)
		switch {
		case items != nil:
			at := fr.base + max(n.Pos(), 0)
			d.add("quiz-options", at, at, "put it in front of them", "nothing can stand behind the options")
			return html.String(), items
		case ok && is(l):
			items = []ast.Node{}
			for item := l.FirstChild(); item != nil; item = item.NextSibling() {
				items = append(items, item)
			}
		default:
			html.WriteString(d.html(fr, n))
		}
	}
	return html.String(), items
}

// hasTask reports whether some item of a list has a check box.
func hasTask(l *ast.List) bool {
	for item := l.FirstChild(); item != nil; item = item.NextSibling() {
		if box(item) != nil {
			return true
		}
	}
	return false
}

func box(item ast.Node) *xast.TaskCheckBox {
	if text := item.FirstChild(); text != nil {
		if b, ok := text.FirstChild().(*xast.TaskCheckBox); ok {
			return b
		}
	}
	return nil
}

// readOption reads an item of the task list: its text, and the quotes below it, which are the feedback.
func (d *draft) readOption(q *Quiz, fr fragment, item ast.Node) {
	at := fr.base + max(item.Pos(), 0)
	right, ok := d.takeBox(fr, item)
	if !ok {
		return
	}
	text, feedback := d.readItem(fr, item)
	switch {
	case text == "":
		d.add("quiz-options", at, at, "", "the option has no text")
	case slices.Contains(q.Options, text):
		d.add("quiz-options", at, at, "remove one of them", "two options are the same")
	case feedback == "" && !right:
		d.add("no-feedback", at, at, "write it below, behind a >", "nobody who picks this wrong option learns why it is wrong")
	}
	q.Options, q.options = append(q.Options, text), append(q.options, optionKey{right, feedback})
}

// takeBox takes the check box off an item and says whether it is ticked.
func (d *draft) takeBox(fr fragment, item ast.Node) (ticked, ok bool) {
	mark := box(item)
	if mark == nil {
		at := fr.base + max(item.Pos(), 0)
		d.add("quiz-options", at, at, "begin it with - [ ] or - [x]", "the option has no check box")
		return false, false
	}
	mark.Parent().RemoveChild(mark.Parent(), mark)
	return mark.IsChecked, true
}

// readItem reads an item of a list: its text, and the quotes in it, both as HTML.
func (d *draft) readItem(fr fragment, item ast.Node) (text, feedback string) {
	var option, said []string
	for n := item.FirstChild(); n != nil; n = n.NextSibling() {
		switch {
		case n.Kind() == ast.KindBlockquote:
			said = append(said, d.inlineHTML(fr, n))
		case n.Kind() == ast.KindTextBlock || n.Kind() == ast.KindParagraph:
			option = append(option, d.inlineHTML(fr, n))
		default:
			option = append(option, strings.TrimSpace(d.html(fr, n)))
		}
	}
	return strings.TrimSpace(strings.Join(option, "\n")), strings.Join(said, "\n")
}
