package pcap

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/handshakelab/lab/engine"
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
	parts := max(1, (len(text)+maxPiece-1)/maxPiece)
	comments := make([]string, 0, parts)
	for n := range parts {
		piece := text[n*maxPiece : min((n+1)*maxPiece, len(text))]
		comments = append(comments, fmt.Sprintf("%s%d of %d\n%s", scenarioMark, n+1, parts, piece))
	}
	return comments
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

// Sentence returns what a rule says, for a person: its title, the sentence of its catalogue entry with the numbers of one event
// filled in, and where it stands. ok chooses between the sentence of a check that passed and one that failed. An unknown rule gives its ID.
func Sentence(id rule.ID, ok bool, args [rule.MaxParams]int64) string {
	r, found := rule.Lookup(id)
	if !found {
		return string(id)
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

// fieldNames are the fields of an edit, by bit.
var fieldNames = []string{"source port", "destination port", "sequence number", "acknowledgment number", "data offset", "reserved bits",
	"flags", "window", "checksum", "urgent pointer", "options", "payload", "TTL", "source address", "destination address"}

func fieldList(f engine.Field) string {
	var names []string
	for i, name := range fieldNames {
		if f&(1<<i) != 0 {
			names = append(names, name)
		}
	}
	return strings.Join(names, ", ")
}
