// Package rule is the catalogue of the rules that the engine follows: what a rule says, where it stands, and the sentence
// that a learner reads when it was applied.
package rule

// ID names a rule. RFC rules are "9293:3.10.7.3/1" (number of the RFC, section, and the check within it), rules of
// the Linux kernel "linux:listen-synfin", and the learner's own interventions "lab:drop".
type ID string

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
