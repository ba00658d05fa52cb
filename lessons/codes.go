package lessons

import (
	"slices"
	"strings"

	"github.com/handshakelab/lab/engine/diag"
)

// A Code is one kind of fault that Load finds. Codes are stable: programs may compare them, messages may change. Faults in
// scenarios, actions and goals have the codes of their packages.
type Code struct {
	Name     string
	Severity diag.Severity
	Meaning  string

	// Example is a lesson that has this fault: the text of 10-example.md, or what follows its front matter and title.
	// Files beside it follow a line such as "-- 20-other.md --".
	Example string
}

// Codes returns every code with an example.
func Codes() []Code { return codes }

func severityOf(code string) diag.Severity {
	if slices.Contains(warnings, code) {
		return diag.Warning
	}
	return diag.Error
}

// warnings are the codes that leave a lesson usable. A test compares them with the table below.
var warnings = []string{"seek-nothing", "number-not-in-run", "heading-level", "no-feedback", "rfc-unknown", "card-length"}

const (
	exampleMeta = "---\ntitle: Example\nsummary: An example.\norder: 10\n---\n"
	exampleHead = exampleMeta + "\n# Example\n\n"
	exampleSim  = "```tcpsim {#sim}\nserver listen\nclient connect\nstep until quiet\n```\n\n"
)

var codes = []Code{
	// The folder and the file.
	{"unreadable", diag.Error, "the file or the folder cannot be read", ""},
	{"no-lessons", diag.Error, "the folder has no lesson", ""},
	{"too-large", diag.Error, "the file has more than 1 MiB", exampleHead + strings.Repeat("word ", maxFile/5)},
	{"not-text", diag.Error, "the file is not UTF-8 text, or has a control character", exampleHead + "caf\xe9"},
	{"too-deep", diag.Error, "a line is too long, or quotes and lists are nested too deep", exampleHead + strings.Repeat("> ", maxNested+1) + "deep"},
	{"too-many-marks", diag.Error, "there are more brackets, marks of emphasis or definitions of links than any lesson needs", exampleHead + strings.Repeat("[a]", maxLinks+1)},
	{"file-name", diag.Error, "the name of the file cannot become part of a URL", "-- 20-Three_Segments.md --\n---\ntitle: Example 2\nsummary: An example.\norder: 20\n---\n\n# Example 2\n"},
	{"slug-twice", diag.Error, "two files would have the same URL", "-- 20-example.md --\n---\ntitle: Example 2\nsummary: An example.\norder: 20\n---\n\n# Example 2\n"},
	{"order-twice", diag.Error, "two lessons have the same place in the course", "-- 20-other.md --\n---\ntitle: Other\nsummary: An example.\norder: 10\n---\n\n# Other\n"},

	{"too-many-faults", diag.Error, "the file has more than 200 faults, and not all are told", exampleHead + strings.Repeat("A <b>.\n\n", maxFaults+1)},

	// The front matter.
	{"front-matter", diag.Error, "the front matter is missing or cannot be read", "---\ntitle: [Example\n---\n\n# Example\n"},
	{"missing-key", diag.Error, "the front matter lacks a key that every lesson needs", "---\ntitle: Example\norder: 10\n---\n\n# Example\n"},
	{"unknown-key", diag.Error, "the front matter has a key that means nothing", "---\ntitle: Example\nsummary: An example.\norder: 10\nminuts: 5\n---\n\n# Example\n"},
	{"front-matter-value", diag.Error, "a value of the front matter is of the wrong kind", "---\ntitle: Example\nsummary: An example.\norder: first\n---\n\n# Example\n"},
	{"missing-need", diag.Error, "needs names a lesson that is not there", "---\ntitle: Example\nsummary: An example.\norder: 10\nneeds: [basics]\n---\n\n# Example\n"},
	{"needs-later", diag.Error, "needs names a lesson that comes later", "---\ntitle: Example\nsummary: An example.\norder: 10\nneeds: [other]\n---\n\n# Example\n-- 20-other.md --\n---\ntitle: Other\nsummary: An example.\norder: 20\n---\n\n# Other\n"},

	// The prose.
	{"title-heading", diag.Error, "the lesson does not begin with its title as its only heading of level one", exampleMeta + "\n# Another title\n"},
	{"heading-level", diag.Warning, "a heading skips a level", "### Details\n"},
	{"raw-html", diag.Error, "there is HTML", "A <b>bold</b> word.\n"},
	{"link-scheme", diag.Error, "a link has a scheme other than http, https and mailto", "[click](javascript:alert(1))\n"},
	{"link-target", diag.Error, "a link leads to nothing", "[more](#more)\n"},
	{"image", diag.Error, "an image has no alternative text, or is not in the lesson's folder", "![](https://example.com/a.png)\n"},
	{"unknown-aside", diag.Error, "there is no aside of this name, or it is empty", "> [!NOT]\n> Text.\n"},
	{"stray-task", diag.Error, "a task list stands outside of a quiz", "- [ ] a task\n"},
	{"seek-target", diag.Error, "a playhead link leads to no simulator, or to no time of its run", exampleSim + "[50 ms](#sin@50ms)\n"},
	{"seek-text", diag.Error, "a playhead link says another time than that of its target", exampleSim + "[60 ms](#sim@50ms)\n"},
	{"seek-nothing", diag.Warning, "at the target of a playhead link nothing happens", exampleSim + "[now](#sim@60ms)\n"},
	{"number-not-in-run", diag.Warning, "no segment of a run has the number that the text gives", exampleSim + "It has `seq 12`.\n"},
	{"run-mark", diag.Error, "a mark `{run: …}` cannot be read, or no number stands in front of it", exampleSim + "It takes 100 ms{run: #sim tme of ACK sent}.\n"},
	{"number-differs", diag.Error, "a marked number is not that of the run", exampleSim + "It takes 120 ms{run: #sim time of ACK sent}.\n"},
	{"rfc-section", diag.Error, "a section of an RFC is cited that the RFC does not have", "See RFC 9293 section 3.4.9.\n"},
	{"rfc-unknown", diag.Warning, "an RFC is cited that the lab does not know, so that the section cannot be checked", "See RFC 9239.\n"},
	{"rfc-link", diag.Error, "a link says another section than the one it leads to", "See [RFC 9293 section 3.4](https://www.rfc-editor.org/rfc/rfc9293.html#section-3.5).\n"},

	// The glossary. A card is a file of the folder glossary.
	{"term-not-in-glossary", diag.Error, "a link leads to a card that the glossary does not have", "The [initial sequence number](glossary/isn.md).\n"},
	{"related-missing", diag.Error, "a card names a related one that is not there", exampleCard("mss", "related: [window]\n")},
	{"alias-twice", diag.Error, "two cards have the same name", exampleCard("mss", "aliases: [segment size]\n") + strings.ReplaceAll(exampleCard("maximum", "aliases: [segment size]\n"), "mss", "maximum")},
	{"card-length", diag.Warning, "a card is too short or too long", "-- glossary/mss.md --\n---\ntitle: mss\nkind: option\n---\n\n# mss\n\nA size.\n"},

	// Blocks.
	{"unknown-block", diag.Error, "there is no such block", "```tcpsin {#sim}\nserver listen\n```\n"},
	{"attributes", diag.Error, "the attributes of a block cannot be read", "```tcpsim #sim\nserver listen\n```\n"},
	{"unknown-attribute", diag.Error, "a block has no such attribute", "```tcpsim {#sim titel=A}\nserver listen\n```\n"},
	{"attribute-value", diag.Error, "an attribute cannot have this value", "```tcpsim {#sim ahead=maybe}\nserver listen\n```\n"},
	{"missing-id", diag.Error, "a block has no id", "```tcpsim\nserver listen\n```\n"},
	{"bad-id", diag.Error, "an id has other characters than small letters, digits and hyphens", "```tcpsim {#Sim}\nserver listen\n```\n"},
	{"id-twice", diag.Error, "two blocks, or a block and a heading, have the same id", "## Sim\n\n" + exampleSim},
	{"nested-block", diag.Error, "a block stands inside of something else", "- item\n\n  ```tcpsim {#sim}\n  server listen\n  ```\n"},
	{"unclosed-block", diag.Error, "a block has no end", "```tcpsim {#sim}\nserver listen\n"},
	{"empty-block", diag.Error, "a block lacks its main thing", "```tcpsim {#sim}\n```\n"},
	{"too-many-blocks", diag.Error, "the lesson has more than 64 blocks", manyBlocks()},
	{"missing-sim", diag.Error, "a block is about a simulator that is not there", exampleSim + "```predict {#q of=sin}\nWhat comes?\n\nask: flags of next\nrst-on-loss:\n```\n"},
	{"key-line", diag.Error, "a line is neither a key nor the rest of one", exampleSim + "```predict {#q at=0ms}\nWhat comes?\n\nask: flags of next\nrst-on-loss:\nand so on\n```\n"},
	{"missing-file", diag.Error, "the file that a block is about is not there", "```capture {#c file=captures/x.pcapng title=\"A capture\"}\nText.\n```\n"},
	{"bad-file", diag.Error, "the file that a block is about is of no use", "```capture {#c file=captures/x.pcapng title=\"A capture\"}\nText.\n```\n-- captures/x.pcapng --\nno capture\n"},
	{"key-twice", diag.Error, "a key is given twice", exampleSim + "```predict {#q at=0ms}\nWhat comes?\n\nask: flags of next\nright: Yes.\nright: Yes!\nrst-on-loss:\n```\n"},

	// Predictions.
	{"bad-ask", diag.Error, "the ask line is missing or cannot be read", exampleSim + "```predict {#q at=0ms}\nWhat comes?\n\nask: colour of next\nrst-on-loss:\n```\n"},
	{"no-answer", diag.Error, "the run has no answer to the question", exampleSim + "```predict {#q at=0ms}\nWhat comes?\n\nask: flags of RST\nrst-on-loss:\n```\n"},
	{"one-choice", diag.Error, "there is no wrong answer to choose", exampleSim + "```predict {#q at=0ms}\nWhat comes?\n\nask: flags of next\n```\n"},
	{"unknown-misconception", diag.Error, "there is no misconception of this name", exampleSim + "```predict {#q at=0ms}\nWhat comes?\n\nask: flags of next\nrst-on-los:\n```\n"},
	{"misconception-field", diag.Error, "a misconception gives no answer to this question", exampleSim + "```predict {#q at=0ms}\nWhat comes?\n\nask: flags of next\nack-equals-seq:\n```\n"},
	{"wrong-value", diag.Error, "a wrong answer cannot be an answer to the question", exampleSim + "```predict {#q at=0ms}\nWhat comes?\n\nask: flags of next\nwrong SIN: No.\n```\n"},
	{"variant", diag.Error, "with other numbers a question or a run with vary would be another one", "```tcpsim {#sim}\nclient 192.0.2.1:54321 isn 1000\nserver 192.0.2.2:80 isn 5000\nserver listen\nclient connect\nstep until SYN-ACK sent\nedit SYN-ACK ack=1001\nstep until quiet\n```\n\n```predict {#q vary=isn}\nWhat comes?\n\nask: seq of next\nwrong 1: No.\n```\n"},
	{"same-answer", diag.Error, "two answers are the same", exampleSim + "```predict {#q at=0ms}\nWhat comes?\n\nask: flags of next\nsyn-without-ack:\nwrong SYN: No.\n```\n"},

	// Quizzes.
	{"quiz-options", diag.Error, "the options of a quiz cannot be read", "```quiz {#q}\nWhy?\n\n- [x] Because.\n  > Yes.\n```\n"},
	{"no-right-option", diag.Error, "no option is right", "```quiz {#q}\nWhy?\n\n- [ ] Because.\n  > No.\n- [ ] For this reason.\n  > No.\n```\n"},
	{"no-feedback", diag.Warning, "a wrong option has no feedback", "```quiz {#q}\nWhy?\n\n- [ ] Because.\n- [x] For this reason.\n```\n"},

	// Tickets.
	{"no-look", diag.Error, "a ticket has nothing to look at", exampleTicket("", "  > No.")},
	{"bad-look", diag.Error, "a line of a ticket does not say what can be looked at, or for how much", exampleTicket("see client wireshark: 1\n", "  > No.")},
	{"bad-evidence", diag.Error, "feedback is about what the ticket does not have, or quotes what is not seen there", exampleTicket("see client tcpdump: 1\n", "  > client tcpdump \"[R.]\": No.")},

	// Translations. Beside a lesson stands the same in another language.
	{"unknown-language", diag.Error, "the lab has no translations into the language of the file's name", exampleTranslation("10-example.fr.md", "")},
	{"translation-of-nothing", diag.Error, "there is no original of the translation", exampleTranslation("20-other.de.md", "")},
	{"translation-ids", diag.Error, "a translation lacks a block of the original, or has one too many", exampleSim + exampleTranslation("10-example.de.md", "")},
	{"translation-differs", diag.Error, "in a translation something is another that is no text: an attribute, a scenario, what is right, a heading", exampleSim + exampleTranslation("10-example.de.md", strings.Replace(exampleSim, "connect", "listen", 1))},
}

// exampleTranslation is the file of a translation.
func exampleTranslation(name, text string) string {
	return "-- " + name + " --\n---\ntitle: Beispiel\nsummary: Ein Beispiel.\n---\n\n# Beispiel\n\n" + text
}

// exampleTicket is a lesson with a ticket: its lines see, and the feedback on its wrong cause.
func exampleTicket(see, feedback string) string {
	return "```ticket {#t run=hangs.lab title=\"It hangs\"}\nIt hangs.\n\n" + see + "\n- [ ] The port is closed.\n" + feedback + "\n- [x] A firewall drops it.\n  > Yes.\n```\n" +
		"-- hangs.lab --\nrule drop every SYN\nclient connect\nstep until quiet\n"
}

// exampleCard is the file of a card of the glossary, with more lines in its front matter.
func exampleCard(name, meta string) string {
	return "-- glossary/" + name + ".md --\n---\ntitle: " + name + "\nkind: option\n" + meta + "---\n\n# " + name + "\n\n" + strings.Repeat("word ", minCardWords) + "\n"
}

func manyBlocks() string {
	var b strings.Builder
	for i := range maxBlocks + 1 {
		b.WriteString("```quiz {#q" + strings.Repeat("a", i) + "}\nWhy?\n\n- [ ] Because.\n  > No.\n- [x] For this reason.\n```\n\n")
	}
	return b.String()
}
