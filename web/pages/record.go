package pages

import (
	"slices"
	"strconv"
	"strings"

	"github.com/handshakelab/lab/lessons"
)

// recordSheets are the style sheets of the pages about what is kept.
var recordSheets = []string{"account", "record"}

// ProgressData is what a learner has done, and what they can do with it.
type ProgressData struct {
	Page
	Kept    bool // something is kept of them
	Lessons []ProgressRow
	HasCode bool
	Code    string // a recovery code that was just made: it is shown once
	Typed   string // one that leads to nobody
	Fault   string
	Field   string
	Done    string
}

// A Tally is how somebody stands with the exercises of a lesson, or with one exercise.
type Tally struct {
	Solved, Of       int // exercises; of 0: there is nothing to say
	Points, OfPoints int
	Attempts         int
}

// A ProgressRow is how somebody stands with a lesson.
type ProgressRow struct {
	Tally
	Lesson *lessons.Lesson // nil when it has left the course
	Name   string          // then
	Last   string
}

// KeptData is what the lab keeps.
type KeptData struct {
	Page
	Stores bool // it keeps something
	Days   int  // after which somebody who does not come back is forgotten; 0: never
}

// BoardData is how a class stands.
type BoardData struct {
	Page
	ID, Name string // of the class
	Only     string // slug of the lesson whose exercises are the columns; "" when lessons are
	OnlyName string
	Lessons  []BoardColumn
	Columns  []BoardColumn
	Rows     []BoardRow
	Late     []string // members whose platform could not be told their score
}

// A BoardColumn is a lesson, or an exercise of one.
type BoardColumn struct {
	ID    string // slug of the lesson, or ID of the exercise
	Title string
	Short string // for the head of the column
}

// A BoardRow is a member.
type BoardRow struct {
	Member, Name string
	Cells        []BoardCell
}

// A BoardCell is how a member stands with a lesson or an exercise.
type BoardCell struct {
	Tally
	ID string // of the element
}

// late are the names of those whose score is late, as many as there is room for.
func (d BoardData) late() string {
	names := d.Late
	if len(names) > maxLate {
		names = append(slices.Clone(names[:maxLate]), "…")
	}
	return strings.Join(names, ", ")
}

const maxLate = 12

// state is a word for how things stand, for the shape of the mark.
func (c BoardCell) state() string {
	switch {
	case c.Attempts == 0:
		return "none"
	case c.Solved >= c.Of:
		return "done"
	case c.Solved > 0:
		return "part"
	}
	return "tried"
}

// says is what a cell says in words.
func (c BoardCell) says(p Page) string {
	switch {
	case c.Attempts == 0:
		return p.t("record.cell.none")
	case c.Of == 1 && c.Solved == 1:
		return p.t("record.cell.solved", "n", c.Attempts, "points", c.Points, "of", c.OfPoints)
	case c.Of == 1:
		return p.t("record.cell.tried", "n", c.Attempts)
	}
	return p.t("record.cell.lesson", "n", c.Attempts, "solved", c.Solved, "of", c.Of)
}

// short is what a cell shows.
func (c BoardCell) short() string {
	switch {
	case c.Attempts == 0:
		return "–"
	case c.Of == 1 && c.OfPoints > 1 && c.Solved == 1:
		return strconv.Itoa(c.Points) + "/" + strconv.Itoa(c.OfPoints)
	case c.Of == 1:
		return strconv.Itoa(c.Attempts) + "×"
	}
	return strconv.Itoa(c.Solved) + "/" + strconv.Itoa(c.Of)
}

// LearnerData is what one member of a class has tried.
type LearnerData struct {
	Page
	ID, Class    string
	Member, Name string
	Attempts     []AttemptRow
	Older        uint64 // where the attempts before these end; 0: there are none
}

// An AttemptRow is one attempt.
type AttemptRow struct {
	Seq        uint64
	When       string
	At         string // for machines
	Slug       string
	Lesson     string
	Block      string
	Kind       string
	Asked      string   // the question, or what the exercise is called
	Answer     []string // what was answered
	Right      []string // what would have been right
	Ordered    bool     // the order of answers matters
	Looked     []string // what was looked at before
	OK         bool
	Points, Of int
	Run        bool // there is something to open
}
