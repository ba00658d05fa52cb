package lessons

// A Challenge is something to do in a simulator. What is exported may be shown.
type Challenge struct {
	ID    string
	From  string
	Title string
	HTML  string
	Goals []string
	Hints []string
}

func (d *draft) readChallenge(b *block) *Challenge { return nil }
