package lessons

import (
	_ "embed"
	"regexp"
	"strconv"
	"strings"
	"sync"

	"github.com/handshakelab/lab/engine/diag"
)

//go:embed rfcs.txt
var rfcList string

// An rfc is what rfcs.txt knows of one RFC.
type rfc struct {
	whole    bool // all its sections are known
	sections map[string]bool
}

// rfcs are the RFCs that are known, by number.
var rfcs = sync.OnceValue(func() map[string]rfc { return parseRFCs(rfcList) })

// parseRFCs reads the form of rfcs.txt. It panics on a line that has another form, which a test would find.
func parseRFCs(text string) map[string]rfc {
	list := map[string]rfc{}
	for line := range strings.Lines(text) {
		words := strings.Fields(line)
		if len(words) == 0 || words[0] == "#" {
			continue
		}
		r := rfc{whole: words[1] == "whole", sections: map[string]bool{}}
		for _, w := range words[2:] {
			for _, section := range sectionRow(w) {
				r.sections[section] = true
			}
		}
		if _, twice := list[words[0]]; twice || len(r.sections) == 0 && r.whole || words[1] != "whole" && words[1] != "part" {
			panic("rfcs.txt: " + line)
		}
		list[words[0]] = r
	}
	return list
}

// sectionRow returns the sections that a word of rfcs.txt means: "2.1-2.3" is 2.1, 2.2 and 2.3, "A-C" is A, B and C.
func sectionRow(word string) (row []string) {
	first, last, isRow := strings.Cut(word, "-")
	if !isRow {
		return []string{word}
	}
	dot := strings.LastIndexByte(first, '.') + 1
	a, errA := strconv.Atoi(first[dot:])
	b, errB := strconv.Atoi(strings.TrimPrefix(last, first[:dot]))
	if errA != nil || errB != nil {
		for c := first[0]; c <= last[0]; c++ {
			row = append(row, string(c))
		}
		return row
	}
	for ; a <= b; a++ {
		row = append(row, first[:dot]+strconv.Itoa(a))
	}
	return row
}

const sectionForm = `[0-9]+(?:\.[0-9]+)*|[A-Z](?:\.[0-9]+)*\b`

var (
	// In the languages of the lab, with a line break between the words if need be.
	rfcInText = regexp.MustCompile(`RFC[\s\x{a0}>]+([0-9]+)(?:,?[\s\x{a0}>]+(?:sections?|appendix|Abschnitte?|Anhang|secci[oó]n(?:es)?|apéndice|§§?)[\s\x{a0}>]*((?:` + sectionForm + `)(?:(?:,|[\s>]+(?:and|or|to|und|oder|bis|y|o|a))[\s>]+(?:` + sectionForm + `))*))?`)
	rfcInURL  = regexp.MustCompile(`(?:rfc-editor\.org/rfc|ietf\.org/doc/html)/rfc([0-9]+)(?:\.html|\.txt|\.pdf)?(?:#(?:section|appendix)-([0-9A-Za-z.]*[0-9A-Za-z]))?`)
	rfcLink   = regexp.MustCompile(`\[(RFC[^][]*)\]\([^()\s]*?rfc([0-9]+)(?:\.html|\.txt)?(?:#(?:section|appendix)-([0-9A-Za-z.]*[0-9A-Za-z]))?\)`)
	section   = regexp.MustCompile(sectionForm)
)

// checkRFCs reports citations of RFCs and sections that there are not, anywhere in the file: in prose, in links, in the sources.
func (d *draft) checkRFCs() {
	for _, m := range rfcInText.FindAllSubmatchIndex(d.text, -1) {
		number, at := string(d.text[m[2]:m[3]]), span{m[0], m[3]}
		if m[4] < 0 {
			d.checkRFC(number, "", at)
			continue
		}
		for _, s := range section.FindAllIndex(d.text[m[4]:m[5]], -1) {
			d.checkRFC(number, string(d.text[m[4]+s[0]:m[4]+s[1]]), span{m[4] + s[0], m[4] + s[1]})
		}
	}
	for _, m := range rfcInURL.FindAllSubmatchIndex(d.text, -1) {
		number, name := string(d.text[m[2]:m[3]]), ""
		if m[4] >= 0 {
			name = strings.ToUpper(string(d.text[m[4]:m[5]]))
		}
		d.checkRFC(number, name, span{m[0], m[1]})
	}
	for _, m := range rfcLink.FindAllSubmatchIndex(d.text, -1) {
		said := rfcInText.FindSubmatch(d.text[m[2]:m[3]])
		if said == nil {
			continue
		}
		to := ""
		if m[6] >= 0 {
			to = strings.ToUpper(string(d.text[m[6]:m[7]]))
		}
		// A text that names several sections leads to the first.
		first := string(section.Find(said[2]))
		if string(said[1]) != string(d.text[m[4]:m[5]]) || to != "" && first != "" && first != to {
			d.add("rfc-link", m[0], m[1], "make them the same", "the text says %s and the link leads to RFC %s%s",
				strings.Join(strings.Fields(string(d.text[m[2]:m[3]])), " "), d.text[m[4]:m[5]], sectionText(to))
		}
	}
}

func sectionText(name string) string {
	switch {
	case name == "":
		return ""
	case name[0] >= 'A':
		return " appendix " + name
	default:
		return " section " + name
	}
}

// checkRFC reports a section that an RFC does not have.
func (d *draft) checkRFC(number, name string, at span) {
	r, known := rfcs()[number]
	switch {
	case !known:
		hint := "compare the number; without the RFC in the list of lessons/rfcs.txt the lab cannot check it"
		if near := diag.Nearest(number, mapKeys(rfcs())...); near != "" {
			hint = "did you mean RFC " + near + "?"
		}
		d.addSpan("rfc-unknown", at, hint, "the lab knows no RFC %s", number)
	case name == "" || r.sections[name]:
	case r.whole:
		d.addSpan("rfc-section", at, diag.DidYouMean("", name, mapKeys(r.sections)...), "RFC %s has no%s", number, sectionText(name))
	default:
		d.addSpan("rfc-unknown", at, "compare it with the RFC; the list of lessons/rfcs.txt has only some of its sections", "the lab knows no%s of RFC %s", sectionText(name), number)
	}
}
