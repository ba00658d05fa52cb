package lessons

import (
	"bytes"
	"cmp"
	_ "embed"
	"regexp"
	"slices"
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

// The forms are looked for where their first letters stand: a search with them alone would take longer than all else in a lesson.
var (
	// In the languages of the lab, with a line break between the words if need be.
	rfcInText = regexp.MustCompile(`^RFC[\s\x{a0}>]+([0-9]+)(?:,?[\s\x{a0}>]+(?:sections?|appendix|Abschnitte?|Anhang|secci[oó]n(?:es)?|apéndice|§§?)[\s\x{a0}>]*((?:` + sectionForm + `)(?:(?:,|[\s>]+(?:and|or|to|und|oder|bis|y|o|a))[\s>]+(?:` + sectionForm + `))*))?`)
	rfcInURL  = regexp.MustCompile(`^/rfc([0-9]+)(?:\.html|\.txt|\.pdf)?(?:#(?:section|appendix)-([0-9A-Za-z.]*[0-9A-Za-z]))?`)
	rfcLink   = regexp.MustCompile(`^\[(RFC[^][]*)\]\([^()\s]*?rfc([0-9]+)(?:\.html|\.txt)?(?:#(?:section|appendix)-([0-9A-Za-z.]*[0-9A-Za-z]))?\)`)
	section   = regexp.MustCompile(sectionForm)
)

// maxCitation is how many bytes of a citation are looked at.
const maxCitation = 400

// citations finds a form wherever its first letters stand outside of an example, and calls f with the places of its groups in the file.
func (d *draft) citations(first string, form *regexp.Regexp, f func(m []int)) {
	for p := 0; ; {
		i := bytes.Index(d.text[p:], []byte(first))
		if i < 0 {
			return
		}
		p += i
		if quoted, _ := slices.BinarySearchFunc(d.quoted, p, func(s span, p int) int { return cmp.Compare(s.end, p) }); quoted < len(d.quoted) && d.quoted[quoted].start <= p {
			p = d.quoted[quoted].end
			continue
		}
		m := form.FindSubmatchIndex(d.text[p:min(p+maxCitation, len(d.text))])
		for k := range m {
			if m[k] >= 0 {
				m[k] += p
			}
		}
		if m != nil {
			f(m)
		}
		p += len(first)
	}
}

// checkRFCs reports citations of RFCs and sections that there are not, anywhere in the file: in prose, in links, in the sources.
func (d *draft) checkRFCs() {
	text := func(m []int, group int) string {
		if m[2*group] < 0 {
			return ""
		}
		return string(d.text[m[2*group]:m[2*group+1]])
	}
	d.citations("RFC", rfcInText, func(m []int) {
		if m[4] < 0 {
			d.checkRFC(text(m, 1), "", span{m[0], m[3]})
			return
		}
		for _, s := range section.FindAllIndex(d.text[m[4]:m[5]], -1) {
			d.checkRFC(text(m, 1), string(d.text[m[4]+s[0]:m[4]+s[1]]), span{m[4] + s[0], m[4] + s[1]})
		}
	})
	d.citations("/rfc", rfcInURL, func(m []int) {
		host := d.text[max(0, m[0]-40):m[0]]
		if bytes.HasSuffix(host, []byte("rfc-editor.org/rfc")) || bytes.HasSuffix(host, []byte("ietf.org/doc/html")) {
			d.checkRFC(text(m, 1), strings.ToUpper(text(m, 2)), span{m[0] + 1, m[1]})
		}
	})
	d.citations("[RFC", rfcLink, func(m []int) {
		said := rfcInText.FindStringSubmatch(text(m, 1))
		if said == nil {
			return
		}
		// A text that names several sections leads to the first.
		first, to := section.FindString(said[2]), strings.ToUpper(text(m, 3))
		if said[1] != text(m, 2) || to != "" && first != "" && first != to {
			d.add("rfc-link", m[0], m[1], "make them the same", "the text says %s and the link leads to RFC %s%s",
				strings.Join(strings.Fields(text(m, 1)), " "), text(m, 2), sectionText(to))
		}
	})
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
