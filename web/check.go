package web

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"io"
	"net/http"
	"strings"

	"github.com/handshakelab/lab/lessons"
	"github.com/handshakelab/lab/web/i18n"
	"github.com/handshakelab/lab/web/live"
	"github.com/handshakelab/lab/web/progress"
)

// An answer is what a learner says to a block of a lesson.
type answer struct {
	Lesson   string          `json:"lesson"`
	Block    string          `json:"block"`
	Lang     string          `json:"lang"`     // of the text that the learner reads; that of the lesson itself when there is no such translation
	Kind     string          `json:"kind"`     // "predict", "quiz", "challenge" or "ticket"
	Variant  int             `json:"variant"`  // of a prediction: which of its variants was asked; of a challenge: which its simulator shows
	Answer   json.RawMessage `json:"answer"`   // a text, or numbers of options in a list; to a ticket the number of a cause
	Commands []live.Do       `json:"commands"` // to a challenge: what was done in its simulator
	Seen     []int           `json:"seen"`     // to a ticket: what was looked at
	Before   []int           `json:"before"`   // to a ticket: causes that were named before
}

// A verdict is what the lab says to it. Its HTML comes from the lesson.
type verdict struct {
	OK       bool   `json:"ok"`
	Code     string `json:"code,omitempty"`
	Feedback string `json:"feedback,omitempty"`
	Goals    []goal `json:"goals,omitempty"`
	Steps    int    `json:"steps,omitempty"`
	Par      int    `json:"par,omitempty"`    // how many steps a challenge needs
	Points   *int   `json:"points,omitempty"` // of a challenge that is solved, and what is left of a ticket's
	Places   int    `json:"places,omitempty"` // of an order: how many entries stand right, from the first one on
	Look     *int   `json:"look,omitempty"`   // of a ticket: what the feedback is about
	Lines    []int  `json:"lines,omitempty"`  // and its lines that say so, from 0
	Scenario string `json:"scenario,omitempty"`
}

type goal struct {
	Text   string `json:"text"`
	OK     bool   `json:"ok"`
	Detail string `json:"detail,omitempty"` // how it is instead
}

// check answers POST api/check. What is right never leaves the server before it was said.
func (s *Site) check(w http.ResponseWriter, r *http.Request) error {
	var a answer
	if err := readJSON(r, &a); err != nil {
		return err
	}
	v, _, err := s.judge(r.Context(), &a)
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, v)
	return nil
}

// judge says what is right in an answer, and what it is worth.
func (s *Site) judge(ctx context.Context, a *answer) (*verdict, progress.Grade, error) {
	g := progress.Grade{Of: 1}
	lesson := s.lesson(a.Lesson)
	if lesson == nil {
		return nil, g, errNoLesson
	}
	lesson = lesson.In(a.Lang)
	var v *verdict
	var err error
	switch a.Kind {
	case "predict":
		v, err = checkPredict(lesson, a)
	case "quiz":
		v, err = checkQuiz(lesson, a)
	case "challenge":
		v, err = s.checkChallenge(ctx, lesson, a)
		g.Of = lessons.ChallengePoints
	case "ticket":
		v, err = checkTicket(lesson, a)
		if err == nil {
			g.Of = lesson.Ticket(a.Block).Points
		}
	default:
		err = &Error{Status: http.StatusBadRequest, Code: "bad_field", Message: "The kind must be predict, quiz, challenge or ticket."}
	}
	if err != nil {
		return nil, g, err
	}
	g.OK, g.Code, g.Steps = v.OK, v.Code, v.Steps
	switch {
	case !v.OK:
	case v.Points != nil:
		g.Points = *v.Points
	default:
		g.Points = g.Of
	}
	return v, g, nil
}

// readJSON reads the one JSON object of a body, without unknown fields.
func readJSON(r *http.Request, to any) error {
	d := json.NewDecoder(r.Body)
	d.DisallowUnknownFields()
	err := d.Decode(to)
	if err == nil && d.More() {
		err = errors.New("there is something after the object")
	}
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return &Error{Status: http.StatusRequestEntityTooLarge, Code: "too_large", Message: "The request is too large.", Words: "page.fault.large"}
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return &Error{Status: http.StatusBadRequest, Code: "bad_json", Message: "The request is not a JSON object: it ends too early."}
	case err != nil:
		return &Error{Status: http.StatusBadRequest, Code: "bad_json", Message: "The request cannot be read: " + err.Error() + "."}
	}
	return nil
}

var errNoLesson = &Error{Status: http.StatusNotFound, Code: "no_such_lesson", Message: "There is no such lesson (any more); load the page again.", Words: "page.fault.lesson"}

func errNoBlock(kind string) error {
	return &Error{Status: http.StatusNotFound, Code: "no_such_block", Message: "The lesson has no such " + kind + " (any more); load the page again.", Words: "page.fault.block"}
}

func badAnswer(want string) error {
	return &Error{Status: http.StatusBadRequest, Code: "bad_field", Message: "The answer must be " + want + "."}
}

func checkPredict(l *lessons.Lesson, a *answer) (*verdict, error) {
	p := l.Predict(a.Block)
	if p == nil {
		return nil, errNoBlock("prediction")
	}
	var text string
	if err := json.Unmarshal(a.Answer, &text); err != nil {
		return nil, badAnswer("a text")
	}
	return verdictOf(p.Variant(a.Variant).Check(text)), nil
}

func checkQuiz(l *lessons.Lesson, a *answer) (*verdict, error) {
	q := l.Quiz(a.Block)
	if q == nil {
		return nil, errNoBlock("question")
	}
	switch q.Kind {
	case lessons.Text, lessons.Number, lessons.Field:
		var text string
		if err := json.Unmarshal(a.Answer, &text); err != nil {
			return nil, badAnswer("a text")
		}
		return verdictOf(q.CheckText(text)), nil
	}
	var picked []int
	if err := json.Unmarshal(a.Answer, &picked); err != nil {
		return nil, badAnswer("a list of numbers")
	}
	return verdictOf(q.Check(picked)), nil
}

func checkTicket(l *lessons.Lesson, a *answer) (*verdict, error) {
	t := l.Ticket(a.Block)
	if t == nil {
		return nil, errNoBlock("ticket")
	}
	var cause int
	if err := json.Unmarshal(a.Answer, &cause); err != nil {
		return nil, badAnswer("a number")
	}
	said := t.Check(cause, a.Seen, a.Before)
	v := verdictOf(said.Verdict)
	v.Points, v.Lines, v.Scenario = &said.Points, said.Lines, said.Scenario
	if said.Look >= 0 {
		v.Look = &said.Look
	}
	return v, nil
}

// A glance asks what there is to see at one of the places that a ticket offers.
type glance struct {
	Lesson string `json:"lesson"`
	Block  string `json:"block"`
	Look   int    `json:"look"`
}

// look answers POST api/look. What was not asked for, and so not paid for, stays here.
func (s *Site) look(w http.ResponseWriter, r *http.Request) error {
	var g glance
	if err := readJSON(r, &g); err != nil {
		return err
	}
	lesson := s.lesson(g.Lesson)
	if lesson == nil {
		return errNoLesson
	}
	t := lesson.Ticket(g.Block)
	if t == nil {
		return errNoBlock("ticket")
	}
	text, local, ok := t.Output(g.Look)
	if !ok {
		return badField("look", "less than %d", len(t.Looks))
	}
	writeJSON(w, http.StatusOK, map[string]string{"output": text, "local": local})
	return nil
}

func verdictOf(v lessons.Verdict) *verdict {
	return &verdict{OK: v.OK, Code: v.Code, Feedback: v.Feedback, Places: v.Places}
}

// checkChallenge plays what the learner did and looks whether the goals are reached.
func (s *Site) checkChallenge(ctx context.Context, l *lessons.Lesson, a *answer) (*verdict, error) {
	c := l.Challenge(a.Block)
	if c == nil {
		return nil, errNoBlock("challenge")
	}
	if len(a.Commands) > live.MaxCommands {
		return nil, &Error{Status: http.StatusBadRequest, Code: "bad_field", Message: "These are too many commands; start the simulator anew.", Words: "page.fault.commands"}
	}
	// The simulator was opened in the same way, so the commands name the same nodes.
	ahead := false
	if sim := l.Sim(c.From); sim != nil {
		ahead = sim.Ahead
	}
	open := &live.OpenCommand{ID: 1, Lesson: a.Lesson, Block: a.Block, Ahead: ahead, Commands: a.Commands}
	if sim := l.Sim(c.From); sim != nil && a.Variant != 0 {
		open.Lesson, open.Block, open.Scenario = "", "", sim.Variant(a.Variant)
	}
	tl, fault := s.hub.Play(ctx, open)
	if fault != nil {
		return nil, &Error{Status: http.StatusUnprocessableEntity, Code: fault.Code, Message: "What was done cannot be played again: " + fault.Message + "."}
	}
	result := c.GradeNode(tl, tl.At())
	v := &verdict{OK: result.Passed, Code: "right", Steps: result.Steps}
	for _, g := range result.Goals {
		v.Goals = append(v.Goals, goal{Text: g.Text, OK: g.OK, Detail: g.Detail})
	}
	if v.OK {
		points := c.Points(result.Steps)
		v.Points, v.Par = &points, c.Par()
	} else {
		v.Code = "wrong"
	}
	v.Feedback = challengeFeedback(v, l.Lang)
	return v, nil
}

// challengeFeedback says in HTML what the list of goals does not.
func challengeFeedback(v *verdict, lang string) string {
	if v.OK {
		return "<p>" + html.EscapeString(i18n.Lookup(lang).T("page.goals.reached")) + "</p>"
	}
	var b strings.Builder
	missed := html.EscapeString(i18n.Lookup(lang).T("page.goals.missed"))
	for _, g := range v.Goals {
		if !g.OK && g.Detail != "" {
			detail := html.EscapeString(g.Detail) // which is the engine's, in English
			if lang != i18n.Languages[0] {
				detail = `<span lang="en">` + detail + `</span>`
			}
			fmt.Fprintf(&b, "<p>%s</p>", strings.NewReplacer("{goal}", lessons.LineHTML(g.Text), "{detail}", detail).Replace(missed))
		}
	}
	return b.String()
}
