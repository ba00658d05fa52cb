package pages

import (
	"strconv"

	"github.com/handshakelab/lab/lessons"
	"github.com/handshakelab/lab/lessons/gallery"
)

const (
	classScript = "js/class.js"
	teachScript = "js/teach.js"
)

var classSheets = []string{"class"}

// TeachData is the list of an instructor's classes.
type TeachData struct {
	Page
	Account string // name of the instructor's
	Classes []ClassRow
	Name    string // title that was typed
	Fault   string
}

// A ClassRow is a class in a list.
type ClassRow struct {
	ID, Title, Code, Opened, Ended string
	Members                        int
}

func (d TeachData) part(over bool) (list []ClassRow) {
	for _, c := range d.Classes {
		if (c.Ended != "") == over {
			list = append(list, c)
		}
	}
	return list
}

// JoinData is where a learner joins a class.
type JoinData struct {
	Page
	Code, Name   string // as typed
	Class        string // title of the class with the code; "" while that is not known
	Fault, Field string
}

func (d JoinData) heading() string {
	if d.Class == "" {
		return d.t("class.join")
	}
	return d.t("class.join.into", "title", d.Class)
}

// A RoomView is what a class is shown just now, as a page without a script shows it.
type RoomView struct {
	Lesson   *lessons.Lesson // that everybody is asked to open
	Sim      *lessons.Sim    // the shared run; nil for none
	Whose    string          // of the run in the spotlight
	Frozen   bool
	Ended    bool
	Question *QuestionView
}

// A QuestionView is the newest question.
type QuestionView struct {
	Number   int
	Text     string
	Form     string // "one", "text" or "number"
	Options  []string
	Mine     string // what this member has answered
	Revealed bool
	Bars     []Bar
}

// A Bar is how many gave an answer.
type Bar struct {
	Value string // "": all others
	Count int
	Right bool
}

func (q QuestionView) most() string {
	most := 1
	for _, b := range q.Bars {
		most = max(most, b.Count)
	}
	return strconv.Itoa(most)
}

// ClassData is the page of a learner in a class.
type ClassData struct {
	Page
	ID     string
	Class  string // title
	Member string // name
	Room   RoomView
	Fault  string // of an answer
	Done   string
}

// state says in a sentence what there is to see.
func (d ClassData) state() string {
	switch {
	case d.Room.Ended:
		return d.t("class.ended.stand")
	case d.Room.Sim != nil || d.Room.Lesson != nil:
		return ""
	}
	return d.t("class.nothing")
}

// LeadData is the page from which an instructor leads a class.
type LeadData struct {
	Page
	ID      string
	Class   string // title
	Code    string // "" once it has ended
	Address string // where learners join
	QR      string // the same as a picture, as an address of it
	Course  *lessons.Course
	Gallery *gallery.Gallery
	Room    RoomView
	Members []MemberRow
	Fault   string
	Done    string
}

// A MemberRow is a member in the instructor's list, for a page without a script.
type MemberRow struct {
	ID, Name, Where string
	Stuck           bool
}

// spaced is a code as it is easier to read aloud: ABC DEF.
func spaced(code string) string {
	if len(code) != 6 {
		return code
	}
	return code[:3] + "\u2009" + code[3:]
}

// shows are the simulators of a lesson that can be shown to a class.
func (d LeadData) shows(l *lessons.Lesson) []*lessons.Sim { return sims(d.local(l)) }

// predictions are the questions of a lesson that can be put to a class.
func predictions(l *lessons.Lesson) (list []*lessons.Predict) {
	for _, p := range l.Parts {
		if p.Predict != nil {
			list = append(list, p.Predict)
		}
	}
	return list
}

// asks says what a prediction asks, in a line.
func asks(p *lessons.Predict) string { return inALine(p.Question) }

// inALine is a text of HTML as plain text, as much of it as a list has room for.
func inALine(html string) string {
	text := []rune(lessons.PlainText(html))
	if len(text) > 90 {
		return string(text[:89]) + "…"
	}
	return string(text)
}
