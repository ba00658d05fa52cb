package pcap

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/handshakelab/lab/engine/rule"
	"github.com/handshakelab/lab/engine/tcp"
)

// A scenario stands in the comments of the section, in pieces where it is longer than a comment can be. In front of each is a line
// that is a comment in the language of scenarios too.
const (
	scenarioMark = "# Handshake Lab scenario, part "
	maxPiece     = 60_000 // bytes; an option has room for 65,535
)

// scenarioComments cuts a scenario into comments.
func scenarioComments(text string) []string {
	var pieces []string
	for len(text) > maxPiece {
		n := maxPiece
		for !utf8.RuneStart(text[n]) {
			n-- // a comment is UTF-8 by itself
		}
		pieces, text = append(pieces, text[:n]), text[n:]
	}
	pieces = append(pieces, text)
	for i := range pieces {
		pieces[i] = fmt.Sprintf("%s%d of %d\n%s", scenarioMark, i+1, len(pieces), pieces[i])
	}
	return pieces
}

// parseScenarioComment reads what scenarioComments wrote.
func parseScenarioComment(comment string) (n, of int, text string, ok bool) {
	rest, ok := strings.CutPrefix(comment, scenarioMark)
	if !ok {
		return 0, 0, "", false
	}
	head, text, _ := strings.Cut(rest, "\n")
	first, second, _ := strings.Cut(strings.TrimSuffix(head, "\r"), " of ")
	n, err1 := strconv.Atoi(first)
	of, err2 := strconv.Atoi(second)
	return n, of, text, err1 == nil && err2 == nil && n >= 1 && n <= of
}

// sentence is what a rule says, for a person: its title, the sentence of its catalogue entry with the numbers of one event filled in,
// and where it stands. ok chooses between the sentence of a check that passed and one that failed.
func sentence(id rule.ID, ok bool, args [rule.MaxParams]int64) string {
	r, found := rule.Lookup(id)
	if !found {
		return id.String()
	}
	said := r.Pass
	if !ok && r.Fail != "" {
		said = r.Fail
	}
	if said == "" {
		said = r.Gist
	}
	for i, name := range r.Params {
		value := strconv.FormatInt(args[i], 10)
		if strings.HasSuffix(name, ".us") {
			value = tcp.Time(args[i]).String()
		}
		said = strings.ReplaceAll(said, "{"+name+"}", value)
	}
	where := r.Source
	if r.Section != "" {
		where += " section " + r.Section
	}
	if r.Req != "" {
		where += ", " + r.Req
	}
	return r.Title + ". " + said + " (" + where + ")"
}
