package lessons

import "regexp"

var rfcCitation = regexp.MustCompile(`^RFC ([0-9]+)(?:,? (?:section|appendix) ([0-9A-Z]+(?:\.[0-9]+)*))?$`)

// SourceURL returns where the source of a lesson can be read, or "" when its text does not say: RFCs are cited as
// "RFC 9293 section 3.5".
func SourceURL(source string) string {
	m := rfcCitation.FindStringSubmatch(source)
	if m == nil {
		return ""
	}
	url := "https://www.rfc-editor.org/rfc/rfc" + m[1] + ".html"
	switch {
	case m[2] == "":
		return url
	case m[2][0] >= 'A':
		return url + "#appendix-" + m[2]
	default:
		return url + "#section-" + m[2]
	}
}
