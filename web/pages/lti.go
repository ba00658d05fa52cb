package pages

import (
	"github.com/a-h/templ"

	"github.com/handshakelab/lab/lessons"
)

// LTIChooseData is where somebody who teaches on a learning platform chooses what to link to.
type LTIChooseData struct {
	Page
	Token   string
	Course  *lessons.Course
	Classes []ClassRow // of theirs, that have not ended
}

// LTIReturnData leads back to the platform with what was chosen.
type LTIReturnData struct {
	Page
	Address, Signed, Host string
}

// A Linkable is a simulator or an exercise that can be linked to.
type Linkable struct {
	ID, Title string
}

// Linkables are those of a lesson, in their order.
func Linkables(l *lessons.Lesson) (list []Linkable) {
	for _, p := range l.Parts {
		switch {
		case p.Sim != nil:
			list = append(list, Linkable{p.Sim.ID, p.Sim.Title})
		case p.Predict != nil:
			list = append(list, Linkable{p.Predict.ID, asks(p.Predict)})
		case p.Quiz != nil:
			list = append(list, Linkable{p.Quiz.ID, inALine(p.Quiz.Question)})
		case p.Challenge != nil:
			list = append(list, Linkable{p.Challenge.ID, p.Challenge.Title})
		case p.Ticket != nil:
			list = append(list, Linkable{p.Ticket.ID, p.Ticket.Title})
		}
	}
	return list
}

// PlatformsData is the list of learning platforms, for admins.
type PlatformsData struct {
	Page
	Own       []OwnAddress
	Insecure  bool // the lab is seen by http
	Platforms []PlatformRow
	New       PlatformForm
	Done      string
}

// An OwnAddress is one of the lab, to be copied.
type OwnAddress struct {
	Key     string // of its name
	Address string
}

// A PlatformRow is a platform.
type PlatformRow struct {
	ID    string
	Fixed bool // by configuration
	Form  PlatformForm

	Late  int // scores that could not be delivered
	Over  int // of them nobody tries again
	Since string
	Fault string
}

// A PlatformForm is a platform as it is typed.
type PlatformForm struct {
	Issuer, Client, Auth, Token, Keys string
	Deployments, Frames               string // one a line

	Fault string
	Field string // as the form names it
}

// fields are those of one line.
func (f *PlatformForm) fields() [][3]string {
	return [][3]string{
		{"issuer", "account.platforms.issuer", f.Issuer}, {"client_id", "account.platforms.client", f.Client}, {"auth_url", "account.platforms.auth", f.Auth},
		{"token_url", "account.platforms.token", f.Token}, {"keys_url", "account.platforms.keys", f.Keys},
	}
}

// named are attributes of the fields by which a platform is known: they stay as they are.
func named(field, id string) templ.Attributes {
	if id == "" || field != "issuer" && field != "client_id" {
		return nil
	}
	return templ.Attributes{"readonly": true}
}
