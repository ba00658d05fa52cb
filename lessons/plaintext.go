package lessons

import (
	entities "html"
	"strings"
)

// PlainText is the text of HTML that this package has made, in one line.
func PlainText(markup string) string {
	var b strings.Builder
	for markup != "" {
		before, rest, found := strings.Cut(markup, "<")
		b.WriteString(before)
		if !found {
			break
		}
		tag, rest, _ := strings.Cut(rest, ">")
		// What stands in two paragraphs or rows is two words.
		switch strings.TrimPrefix(tag, "/") {
		case "p", "li", "tr", "td", "th", "br", "pre", "div", "ul", "ol", "blockquote":
			b.WriteByte(' ')
		}
		markup = rest
	}
	return strings.Join(strings.Fields(entities.UnescapeString(b.String())), " ")
}
