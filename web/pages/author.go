package pages

import (
	"github.com/handshakelab/lab/engine/diag"
	"github.com/handshakelab/lab/lessons/gallery"
)

// AuthorData is the page for those who write lessons.
type AuthorData struct {
	Page
	File, Text string // what is being written
	ID         string // of the draft on the server; "" before the first check
	Gallery    *gallery.Gallery

	Saves bool     // it can be written into the folder of lessons
	Files []string // those that can be opened from there
	Was   string   // which version of the file was opened; "" for none

	Checked bool    // the text was sent by the form, and what follows is the answer
	Faults  []Fault // what is wrong with it
	Refused string  // why it could not be checked at all; "" when it was
	Preview string  // path of its page inside the lab; "" when it has an error
}

// A Fault is something wrong in a text, with the line that it is about.
type Fault struct {
	diag.Diagnostic
	Text, Carets string
}

// blockKinds are the kinds of blocks that can be put into a lesson, as author.js knows them.
var blockKinds = []string{"tcpsim", "predict", "quiz", "quiz-many", "quiz-text", "quiz-number", "quiz-order", "quiz-field", "challenge", "ticket", "capture"}

// stand says what becomes of the text.
func (d AuthorData) stand() string {
	if d.Saves {
		return d.t("page.author.stand.saves")
	}
	return d.t("page.author.stand")
}

// seen says why there is nothing to see, or nothing new.
func (d AuthorData) seen() string {
	switch {
	case d.Preview != "":
		return ""
	case d.Checked:
		return d.t("page.author.see.fault")
	}
	return d.t("page.author.see.none")
}

// status is how many faults there are, or why nobody looked.
func (d AuthorData) status() string {
	switch {
	case d.Refused != "":
		return d.Refused
	case !d.Checked:
		return d.t("page.author.status.none")
	case len(d.Faults) == 0:
		return d.t("page.author.status.clean")
	}
	return d.t("page.author.status.faults", "n", len(d.Faults))
}
