// Package rule is the catalogue of the rules that the engine follows: what a rule says, where it stands, and the sentence
// that a learner reads when it was applied.
package rule

import "fmt"

// ID names a rule; the zero ID is None. In text RFC rules are "9293:3.10.7.3/1" (number of the RFC, section, and the
// check within it), rules of the Linux kernel "linux:listen-synfin", and the learner's own interventions "lab:drop". It is a number
// because each of the many effects of a run carries one.
type ID uint16

// String returns the name of the rule, "9293:3.10.7.3/1", and "" for None.
func (id ID) String() string { return names[id] }

// Parse reads what String prints. ok is false when there is no such rule.
func Parse(name string) (id ID, ok bool) {
	id, ok = byName[name]
	return id, ok
}

// MarshalText is String for encodings.
func (id ID) MarshalText() ([]byte, error) { return []byte(names[id]), nil }

// UnmarshalText is Parse for encodings.
func (id *ID) UnmarshalText(name []byte) error {
	known, ok := Parse(string(name))
	if !ok && len(name) > 0 {
		return fmt.Errorf("there is no rule %q", name)
	}
	*id = known
	return nil
}

var byName = func() map[string]ID {
	m := make(map[string]ID, len(names))
	for id, name := range names[1:] {
		m[name] = ID(id + 1)
	}
	return m
}()

// A Rule is one entry of the catalogue.
type Rule struct {
	ID      ID
	Source  string // "RFC 9293", "Linux 6.18", "Handshake Lab"
	Section string // "3.10.7.3", or "" where there is none
	Req     string // requirement label of RFC 9293 Appendix B, "MUST-5", or ""
	Title   string // a few words, no full stop: "SYN-SENT, first: check the ACK"
	Gist    string // what the rule demands, for a beginner, one or two sentences
	URL     string // of the section, or ""

	// Params name the numbers that an effect of this rule carries, in the order of its arguments, in the words of the
	// RFC: "SEG.ACK", "ISS", "SND.NXT". Time parameters end in ".us" and are microseconds of virtual time.
	Params []string

	// Pass and Fail are the sentences for a check that passed and one that did not; a rule that is not a check has
	// only Pass. "{SEG.ACK}" stands for the number of that parameter.
	Pass, Fail string
}

// MaxParams is the largest number of parameters that a rule may have.
const MaxParams = 4
