package lessons

import (
	"github.com/handshakelab/lab/engine"
	"github.com/handshakelab/lab/engine/script"
	"github.com/handshakelab/lab/engine/tcp"
)

// Levels are for whom lessons and questions are, the first ones first.
var Levels = []string{"beginner", "working", "expert"}

// A Lesson is one page of the course. It is never changed after Load.
type Lesson struct {
	Lang      string // the language of its text, "en"
	Slug      string // the name in URLs; with a folder in front, "glossary/isn", for what stands beside the course
	File      string
	Version   string // another one when the file changes, or one that it shows
	Title     string // plain text
	TitleHTML string // with chips
	Summary   string
	Order     int    // place in the course, smallest first
	Minutes   int    // how long it takes, 0 when it does not say
	Level     string // for whom it is, one of Levels; a lesson that does not say has that of the lesson before it
	Needs     []string
	Tags      []string
	Sources   []string // what it rests on; see SourceURL
	Parts     []Part
	Media     []Media // the images that its text shows, and the files that it links to, at media/NAME

	Prev, Next *Lesson // in the course, nil at its ends

	Translations []*Lesson // in the order of Languages; see In. They have the slug of the lesson

	sections func() []Section // made when somebody looks for something in the text
}

// A Part is a piece of a lesson. Exactly one field is set.
type Part struct {
	HTML      string // checked markdown, safe to write as it is
	Sim       *Sim
	Predict   *Predict
	Quiz      *Quiz
	Challenge *Challenge
	Ticket    *Ticket
	Capture   *Capture
}

// Media is a file beside a lesson.
type Media struct {
	Name string // in the lessons folder
	Data []byte
}

// A Sim is a simulator and the run that it shows.
type Sim struct {
	ID       string
	Title    string
	Source   string // the scenario as the author wrote it
	Scenario *script.Scenario
	At       tcp.Time // where the playhead stands at first
	Ahead    bool     // what comes after At is shown from the start
	Events   []engine.Event
	World    engine.World // at the end of the run
	Variants []string     // the scenario with other numbers; see Variant

	isn, port bool // what is varied
}

// A Verdict is the answer to an answer. Its HTML is as safe as a Part's.
type Verdict struct {
	OK       bool
	Code     string // "right", a misconception, "wrong", "partly" or "unreadable"
	Places   int    // of segments in order: how many of them stand right, from the first one on
	Feedback string // HTML
}

// Sim returns the simulator with the given id, or nil.
func (l *Lesson) Sim(id string) *Sim {
	for _, p := range l.Parts {
		if p.Sim != nil && p.Sim.ID == id {
			return p.Sim
		}
	}
	return nil
}

// Predict returns the prediction with the given id, or nil.
func (l *Lesson) Predict(id string) *Predict {
	for _, p := range l.Parts {
		if p.Predict != nil && p.Predict.ID == id {
			return p.Predict
		}
	}
	return nil
}

// Quiz returns the quiz with the given id, or nil.
func (l *Lesson) Quiz(id string) *Quiz {
	for _, p := range l.Parts {
		if p.Quiz != nil && p.Quiz.ID == id {
			return p.Quiz
		}
	}
	return nil
}

// Challenge returns the challenge with the given id, or nil.
func (l *Lesson) Challenge(id string) *Challenge {
	for _, p := range l.Parts {
		if p.Challenge != nil && p.Challenge.ID == id {
			return p.Challenge
		}
	}
	return nil
}

// Ticket returns the ticket with the given id, or nil.
func (l *Lesson) Ticket(id string) *Ticket {
	for _, p := range l.Parts {
		if p.Ticket != nil && p.Ticket.ID == id {
			return p.Ticket
		}
	}
	return nil
}

// Capture returns the capture with the given id, or nil.
func (l *Lesson) Capture(id string) *Capture {
	for _, p := range l.Parts {
		if p.Capture != nil && p.Capture.ID == id {
			return p.Capture
		}
	}
	return nil
}
