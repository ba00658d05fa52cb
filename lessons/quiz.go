package lessons

import (
	"slices"
	"strings"

	"github.com/yuin/goldmark/ast"
	xast "github.com/yuin/goldmark/extension/ast"
)

// A Quiz is a question with options. What is exported may be shown.
type Quiz struct {
	ID       string
	Question string   // HTML
	Options  []string // HTML
	Many     bool     // more than one option is to be picked

	key []optionKey
}

// An optionKey is what stays on the server.
type optionKey struct {
	right    bool
	feedback string
}

// Check says whether the picked options, counted from 0, are the right ones. The feedback is that of the picked ones.
func (q *Quiz) Check(picked []int) Verdict {
	chosen := make([]bool, len(q.key))
	for _, i := range picked {
		if i < 0 || i >= len(q.key) {
			return Verdict{Code: "unreadable", Feedback: "<p>There is no such option.</p>"}
		}
		chosen[i] = true
	}
	var said []string
	good, bad, missed := 0, 0, 0
	for i, k := range q.key {
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
		return Verdict{Code: "unreadable", Feedback: "<p>Pick an option first.</p>"}
	case v.OK:
		v.Code = "right"
		if len(said) == 0 {
			said = append(said, "<p>Yes.</p>")
		}
	case bad == 0:
		v.Code = "partly"
		said = append(said, "<p>So far so good, but that is not all of it.</p>")
	case len(said) == 0:
		said = append(said, "<p>Not quite.</p>")
	}
	v.Feedback = strings.Join(said, "\n")
	return v
}

// readQuiz reads a quiz block.
func (d *draft) readQuiz(b *block) *Quiz {
	q := &Quiz{ID: b.id}
	fr := d.fragment(snippet, b.body)
	d.checkProse(fr, fr.doc, true)
	var question strings.Builder
	list := false
	for n := fr.doc.FirstChild(); n != nil; n = n.NextSibling() {
		at := fr.base + max(n.Pos(), 0)
		switch l, ok := n.(*ast.List); {
		case list:
			d.add("quiz-options", at, at, "put it in front of them", "nothing can stand behind the options")
			return nil
		case ok && hasTask(l):
			list = true
			for item := l.FirstChild(); item != nil; item = item.NextSibling() {
				d.readOption(q, fr, item)
			}
		default:
			question.WriteString(d.html(fr, n))
		}
	}
	q.Question = question.String()
	right := 0
	for _, k := range q.key {
		if k.right {
			right++
		}
	}
	q.Many = right > 1
	switch {
	case strings.TrimSpace(q.Question) == "":
		d.addSpan("empty-block", b.kindAt, "write it in the first lines", "there is no question")
	case len(q.key) < 2:
		d.addSpan("quiz-options", b.kindAt, "write lines such as - [ ] one and - [x] two", "a quiz needs two options or more")
	case right == 0:
		d.addSpan("no-right-option", b.kindAt, "mark it with [x]", "no option is right")
	}
	return q
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
	mark := box(item)
	if mark == nil {
		d.add("quiz-options", at, at, "begin it with - [ ] or - [x]", "the option has no check box")
		return
	}
	mark.Parent().RemoveChild(mark.Parent(), mark)
	k := optionKey{right: mark.IsChecked}
	var option []string
	var feedback []string
	for n := item.FirstChild(); n != nil; n = n.NextSibling() {
		if _, ok := n.(*ast.Blockquote); ok {
			feedback = append(feedback, d.inlineHTML(fr, n))
			continue
		}
		if n.Kind() == ast.KindTextBlock || n.Kind() == ast.KindParagraph {
			option = append(option, d.inlineHTML(fr, n))
			continue
		}
		option = append(option, strings.TrimSpace(d.html(fr, n)))
	}
	k.feedback = strings.Join(feedback, "\n")
	text := strings.TrimSpace(strings.Join(option, "\n"))
	switch {
	case text == "":
		d.add("quiz-options", at, at, "", "the option has no text")
	case slices.Contains(q.Options, text):
		d.add("quiz-options", at, at, "remove one of them", "two options are the same")
	case k.feedback == "" && !k.right:
		d.add("no-feedback", at, at, "write it below, behind a >", "nobody who picks this wrong option learns why it is wrong")
	}
	q.Options, q.key = append(q.Options, text), append(q.key, k)
}
