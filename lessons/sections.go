package lessons

import (
	entity "html"
	"regexp"
	"strings"
)

// A Section is what a lesson says under one heading, as plain text: prose, questions and tasks, never an answer.
type Section struct {
	Heading string // empty for what stands in front of the first one
	Anchor  string // of the heading
	Text    string

	links []string // where its links lead
}

// Sections returns the text of a lesson by heading. The first one has no heading, and may be empty.
func (l *Lesson) Sections() []Section {
	r := sectionReader{}
	r.next("", "")
	for _, p := range l.Parts {
		for _, html := range p.public() {
			r.read(html)
		}
	}
	r.end()
	return r.list
}

// public is what a page shows of a part, in HTML.
func (p Part) public() []string {
	switch {
	case p.Sim != nil:
		return []string{"<p>" + entity.EscapeString(p.Sim.Title) + "</p>"}
	case p.Predict != nil:
		return []string{p.Predict.Question}
	case p.Quiz != nil:
		return append([]string{p.Quiz.Question}, p.Quiz.Options...)
	case p.Challenge != nil:
		return []string{"<p>" + entity.EscapeString(p.Challenge.Title) + "</p>", p.Challenge.HTML}
	}
	return []string{p.HTML}
}

type sectionReader struct {
	list []Section
	text strings.Builder
}

func (r *sectionReader) end() {
	if n := len(r.list); n > 0 {
		r.list[n-1].Text = strings.Join(strings.Fields(r.text.String()), " ")
	}
	r.text.Reset()
}

func (r *sectionReader) next(heading, anchor string) {
	r.end()
	r.list = append(r.list, Section{Heading: heading, Anchor: anchor})
}

// A tag of the HTML that this package renders. Its attributes are always quoted.
var (
	tagForm  = regexp.MustCompile(`<(/?)([a-z][a-z0-9]*)([^>]*)>`)
	attrForm = regexp.MustCompile(`([a-z-]+)="([^"]*)"`)
)

// attr is the value of an attribute of a tag, "" when it has none.
func attr(attributes, name string) string {
	for _, m := range attrForm.FindAllStringSubmatch(attributes, -1) {
		if m[1] == name {
			return entity.UnescapeString(m[2])
		}
	}
	return ""
}

func (r *sectionReader) read(source string) {
	at, hidden := 0, 0
	anchor := ""
	var heading *strings.Builder
	say := func(s string) {
		if hidden > 0 {
			return
		}
		if heading != nil {
			heading.WriteString(s)
			return
		}
		r.text.WriteString(s)
	}
	for _, m := range tagForm.FindAllStringSubmatchIndex(source, -1) {
		say(entity.UnescapeString(source[at:m[0]]))
		at = m[1]
		closing, name, attributes := m[2] < m[3], source[m[4]:m[5]], source[m[6]:m[7]]
		switch name {
		case "details": // an answer
			if closing {
				hidden--
			} else {
				hidden++
			}
		case "h2", "h3", "h4", "h5", "h6":
			if !closing {
				heading, anchor = &strings.Builder{}, attr(attributes, "id")
			} else if heading != nil {
				text := strings.Join(strings.Fields(heading.String()), " ")
				heading = nil
				r.next(text, anchor)
			}
		case "a":
			if n := len(r.list); !closing && hidden == 0 && n > 0 {
				r.list[n-1].links = append(r.list[n-1].links, attr(attributes, "href"))
			}
		case "em", "strong", "code", "b", "span", "del":
		default:
			say(" ")
		}
	}
	say(entity.UnescapeString(source[at:]) + " ")
}
