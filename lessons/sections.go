package lessons

import (
	entity "html"
	"strings"
)

// A Section is what a lesson says under one heading, as plain text: prose, questions and tasks, never an answer.
type Section struct {
	Heading string // empty for what stands in front of the first one
	Anchor  string // of the heading
	Text    string

	links []string // where its links lead
	words []string // of Text, as cards are found by them
}

// Sections returns the text of a lesson by heading. The first one has no heading, and may be empty.
func (l *Lesson) Sections() []Section { return l.sections }

func (l *Lesson) readSections() []Section {
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
		r.list[n-1].words = termWords(r.list[n-1].Text)
	}
	r.text.Reset()
}

func (r *sectionReader) next(heading, anchor string) {
	r.end()
	r.list = append(r.list, Section{Heading: heading, Anchor: anchor})
}

// nextTag finds the next tag of HTML that this package rendered, from a byte on. Attributes are always quoted, and a > in them is
// written as an entity.
func nextTag(source string, from int) (start, end int, closing bool, name, attributes string) {
	start = strings.IndexByte(source[from:], '<')
	if start < 0 {
		return -1, -1, false, "", ""
	}
	start += from
	end = strings.IndexByte(source[start:], '>')
	if end < 0 {
		return -1, -1, false, "", ""
	}
	end += start + 1
	name, closing = strings.CutPrefix(source[start+1:end-1], "/")
	name, attributes, _ = strings.Cut(name, " ")
	return start, end, closing, name, attributes
}

// attr is the value of an attribute of a tag, "" when it has none.
func attr(attributes, name string) string {
	_, value, ok := strings.Cut(" "+attributes, " "+name+`="`)
	if !ok {
		return ""
	}
	value, _, _ = strings.Cut(value, `"`)
	return entity.UnescapeString(value)
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
	for {
		start, end, closing, name, attributes := nextTag(source, at)
		if start < 0 {
			break
		}
		say(entity.UnescapeString(source[at:start]))
		at = end
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
