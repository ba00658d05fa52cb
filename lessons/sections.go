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
func (l *Lesson) Sections() []Section {
	if l.sections == nil {
		return nil // it was not read from a file
	}
	return l.sections()
}

func readSections(parts []Part) []Section {
	r := sectionReader{}
	r.next("", "")
	for _, p := range parts {
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
	case p.Ticket != nil:
		return append([]string{"<p>" + entity.EscapeString(p.Ticket.Title) + "</p>", p.Ticket.HTML}, p.Ticket.Causes...)
	case p.Capture != nil:
		return []string{"<p>" + entity.EscapeString(p.Capture.Title) + "</p>", p.Capture.HTML}
	}
	return []string{p.HTML}
}

type sectionReader struct {
	list []Section
	text strings.Builder
}

func (r *sectionReader) end() {
	if n := len(r.list); n > 0 {
		r.list[n-1].Text = oneLine(r.text.String())
		r.list[n-1].words = termWords(r.list[n-1].Text)
	}
	r.text.Reset()
}

// oneLine is a text with one blank where there were several, or lines ended.
func oneLine(text string) string {
	var b strings.Builder
	b.Grow(len(text))
	for field := range strings.FieldsSeq(text) {
		if b.Len() > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(field)
	}
	return b.String()
}

func (r *sectionReader) next(heading, anchor string) {
	r.end()
	r.list = append(r.list, Section{Heading: heading, Anchor: anchor})
}

// nextTag finds the first tag in HTML that this package has rendered, where a < in the text is escaped.
func nextTag(source string) (text, tag, rest string) {
	start := strings.IndexByte(source, '<')
	if start < 0 {
		return source, "", ""
	}
	end := strings.IndexByte(source[start:], '>')
	if end < 0 {
		return source, "", ""
	}
	return source[:start], source[start+1 : start+end], source[start+end+1:]
}

// attr is the value of an attribute of a tag, "" when it has none. Attributes are always quoted.
func attr(tag, name string) string {
	_, rest, found := strings.Cut(tag, " "+name+`="`)
	if !found {
		return ""
	}
	value, _, _ := strings.Cut(rest, `"`)
	return entity.UnescapeString(value)
}

func (r *sectionReader) read(source string) {
	hidden := 0
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
	for source != "" {
		var text, tag string
		text, tag, source = nextTag(source)
		say(entity.UnescapeString(text))
		name, _, _ := strings.Cut(tag, " ")
		name, closing := strings.CutPrefix(name, "/")
		switch name {
		case "details": // an answer
			if closing {
				hidden--
			} else {
				hidden++
			}
		case "h2", "h3", "h4", "h5", "h6":
			if !closing {
				heading, anchor = &strings.Builder{}, attr(tag, "id")
			} else if heading != nil {
				text := oneLine(heading.String())
				heading = nil
				r.next(text, anchor)
			}
		case "a":
			if n := len(r.list); !closing && hidden == 0 && n > 0 {
				r.list[n-1].links = append(r.list[n-1].links, attr(tag, "href"))
			}
		case "em", "strong", "code", "b", "span", "del":
		default:
			say(" ")
		}
	}
	say(" ")
}
