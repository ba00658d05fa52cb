package lessons

import (
	"slices"
	"strings"

	"github.com/handshakelab/lab/engine/diag"
)

// Codes returns every code that Load finds, each with a lesson that has it: the text of 10-example.md, or what follows its front
// matter and title. Files beside it follow a line such as "-- 20-other.md --". Faults in scenarios, actions and goals have the
// codes of their packages.
func Codes() []diag.Code { return codes }

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

var codes = []diag.Code{
	// The folder and the file.
	diag.ErrorCode("unreadable", "the file or the folder cannot be read, for example because its permissions forbid it", ""),
	diag.ErrorCode("no-lessons", "the folder has no lesson, for example nothing but a README.md", ""),
	diag.ErrorCode("too-large", "the file has more than 1 MiB", exampleHead+strings.Repeat("word ", maxFile/5)),
	diag.ErrorCode("not-text", "the file is not UTF-8 text, or has a control character", exampleHead+"caf\xe9"),
	diag.ErrorCode("too-deep", "a line is too long, or quotes and lists are nested too deep", exampleHead+strings.Repeat("> ", maxNested+1)+"deep"),
	diag.ErrorCode("too-many-marks", "there are more brackets, marks of emphasis or definitions of links than any lesson needs", exampleHead+strings.Repeat("[a]", maxLinks+1)),
	diag.ErrorCode("file-name", "the name of the file cannot become part of a URL", "-- 20-Three_Segments.md --\n---\ntitle: Example 2\nsummary: An example.\norder: 20\n---\n\n# Example 2\n"),
	diag.ErrorCode("slug-twice", "two files would have the same URL", "-- 20-example.md --\n---\ntitle: Example 2\nsummary: An example.\norder: 20\n---\n\n# Example 2\n"),
	diag.ErrorCode("order-twice", "two lessons have the same place in the course", "-- 20-other.md --\n---\ntitle: Other\nsummary: An example.\norder: 10\n---\n\n# Other\n"),

	diag.ErrorCode("too-many-faults", "the file has more than 200 faults, and not all are told", exampleHead+strings.Repeat("A <b>.\n\n", maxFaults+1)),

	// The front matter.
	diag.ErrorCode("front-matter", "the front matter is missing or cannot be read", "---\ntitle: [Example\n---\n\n# Example\n"),
	diag.ErrorCode("missing-key", "the front matter lacks a key that every lesson needs", "---\ntitle: Example\norder: 10\n---\n\n# Example\n"),
	diag.ErrorCode("unknown-key", "the front matter has a key that means nothing", "---\ntitle: Example\nsummary: An example.\norder: 10\nminuts: 5\n---\n\n# Example\n"),
	diag.ErrorCode("front-matter-value", "a value of the front matter is of the wrong kind", "---\ntitle: Example\nsummary: An example.\norder: first\n---\n\n# Example\n"),
	diag.ErrorCode("missing-need", "needs names a lesson that is not there", "---\ntitle: Example\nsummary: An example.\norder: 10\nneeds: [basics]\n---\n\n# Example\n"),
	diag.ErrorCode("needs-later", "needs names a lesson that comes later", "---\ntitle: Example\nsummary: An example.\norder: 10\nneeds: [other]\n---\n\n# Example\n-- 20-other.md --\n---\ntitle: Other\nsummary: An example.\norder: 20\n---\n\n# Other\n"),

	// The prose.
	diag.ErrorCode("title-heading", "the lesson does not begin with its title as its only heading of level one", exampleMeta+"\n# Another title\n"),
	diag.WarningCode("heading-level", "a heading skips a level", "### Details\n"),
	diag.ErrorCode("raw-html", "there is HTML", "A <b>bold</b> word.\n"),
	diag.ErrorCode("link-scheme", "a link has a scheme other than http, https and mailto", "[click](javascript:alert(1))\n"),
	diag.ErrorCode("link-target", "a link leads to nothing", "[more](#more)\n"),
	diag.ErrorCode("image", "an image has no alternative text, or is not in the lesson's folder", "![](https://example.com/a.png)\n"),
	diag.ErrorCode("unknown-aside", "there is no aside of this name, or it is empty", "> [!NOT]\n> Text.\n"),
	diag.ErrorCode("stray-task", "a task list stands outside of a quiz", "- [ ] a task\n"),
	diag.ErrorCode("seek-target", "a playhead link leads to no simulator, or to no time of its run", exampleSim+"[50 ms](#sin@50ms)\n"),
	diag.ErrorCode("seek-text", "a playhead link says another time than that of its target", exampleSim+"[60 ms](#sim@50ms)\n"),
	diag.WarningCode("seek-nothing", "at the target of a playhead link nothing happens", exampleSim+"[now](#sim@60ms)\n"),
	diag.WarningCode("number-not-in-run", "no segment of a run has the number that the text gives", exampleSim+"It has `seq 12`.\n"),
	diag.ErrorCode("run-mark", "a mark `{run: …}` cannot be read, or no number stands in front of it", exampleSim+"It takes 100 ms{run: #sim tme of ACK sent}.\n"),
	diag.ErrorCode("number-differs", "a marked number is not that of the run", exampleSim+"It takes 120 ms{run: #sim time of ACK sent}.\n"),
	diag.ErrorCode("rfc-section", "a section of an RFC is cited that the RFC does not have", "See RFC 9293 section 3.4.9.\n"),
	diag.WarningCode("rfc-unknown", "an RFC is cited that the lab does not know, so that the section cannot be checked", "See RFC 9239.\n"),
	diag.ErrorCode("rfc-link", "a link says another section than the one it leads to", "See [RFC 9293 section 3.4](https://www.rfc-editor.org/rfc/rfc9293.html#section-3.5).\n"),

	// The glossary. A card is a file of the folder glossary.
	diag.ErrorCode("term-not-in-glossary", "a link leads to a card that the glossary does not have", "The [initial sequence number](glossary/isn.md).\n"),
	diag.ErrorCode("related-missing", "a card names a related one that is not there", exampleCard("mss", "related: [window]\n")),
	diag.ErrorCode("alias-twice", "two cards have the same name", exampleCard("mss", "aliases: [segment size]\n")+strings.ReplaceAll(exampleCard("maximum", "aliases: [segment size]\n"), "mss", "maximum")),
	diag.WarningCode("card-length", "a card is too short or too long", "-- glossary/mss.md --\n---\ntitle: mss\nkind: option\n---\n\n# mss\n\nA size.\n"),

	// Blocks.
	diag.ErrorCode("unknown-block", "there is no such block", "```tcpsin {#sim}\nserver listen\n```\n"),
	diag.ErrorCode("attributes", "the attributes of a block cannot be read", "```tcpsim #sim\nserver listen\n```\n"),
	diag.ErrorCode("unknown-attribute", "a block has no such attribute", "```tcpsim {#sim titel=A}\nserver listen\n```\n"),
	diag.ErrorCode("attribute-value", "an attribute cannot have this value", "```tcpsim {#sim ahead=maybe}\nserver listen\n```\n"),
	diag.ErrorCode("missing-id", "a block has no id", "```tcpsim\nserver listen\n```\n"),
	diag.ErrorCode("bad-id", "an id has other characters than small letters, digits and hyphens", "```tcpsim {#Sim}\nserver listen\n```\n"),
	diag.ErrorCode("id-twice", "two blocks, or a block and a heading, have the same id", "## Sim\n\n"+exampleSim),
	diag.ErrorCode("nested-block", "a block stands inside of something else", "- item\n\n  ```tcpsim {#sim}\n  server listen\n  ```\n"),
	diag.ErrorCode("unclosed-block", "a block has no end", "```tcpsim {#sim}\nserver listen\n"),
	diag.ErrorCode("empty-block", "a block lacks its main thing", "```tcpsim {#sim}\n```\n"),
	diag.ErrorCode("too-many-blocks", "the lesson has more than 64 blocks", manyBlocks()),
	diag.ErrorCode("missing-sim", "a block is about a simulator that is not there", exampleSim+"```predict {#q of=sin}\nWhat comes?\n\nask: flags of next\nrst-on-loss:\n```\n"),
	diag.ErrorCode("key-line", "a line is neither a key nor the rest of one", exampleSim+"```predict {#q at=0ms}\nWhat comes?\n\nask: flags of next\nrst-on-loss:\nand so on\n```\n"),
	diag.ErrorCode("missing-file", "the file that a block is about is not there", "```capture {#c file=captures/x.pcapng title=\"A capture\"}\nText.\n```\n"),
	diag.ErrorCode("bad-file", "the file that a block is about is of no use", "```capture {#c file=captures/x.pcapng title=\"A capture\"}\nText.\n```\n-- captures/x.pcapng --\nno capture\n"),
	diag.ErrorCode("key-twice", "a key is given twice", exampleSim+"```predict {#q at=0ms}\nWhat comes?\n\nask: flags of next\nright: Yes.\nright: Yes!\nrst-on-loss:\n```\n"),

	// Predictions.
	diag.ErrorCode("bad-ask", "the ask line is missing or cannot be read", exampleSim+"```predict {#q at=0ms}\nWhat comes?\n\nask: colour of next\nrst-on-loss:\n```\n"),
	diag.ErrorCode("no-answer", "the run has no answer to the question", exampleSim+"```predict {#q at=0ms}\nWhat comes?\n\nask: flags of RST\nrst-on-loss:\n```\n"),
	diag.ErrorCode("one-choice", "there is no wrong answer to choose", exampleSim+"```predict {#q at=0ms}\nWhat comes?\n\nask: flags of next\n```\n"),
	diag.ErrorCode("unknown-misconception", "there is no misconception of this name", exampleSim+"```predict {#q at=0ms}\nWhat comes?\n\nask: flags of next\nrst-on-los:\n```\n"),
	diag.ErrorCode("misconception-field", "a misconception gives no answer to this question", exampleSim+"```predict {#q at=0ms}\nWhat comes?\n\nask: flags of next\nack-equals-seq:\n```\n"),
	diag.ErrorCode("wrong-value", "a wrong answer cannot be an answer to the question", exampleSim+"```predict {#q at=0ms}\nWhat comes?\n\nask: flags of next\nwrong SIN: No.\n```\n"),
	diag.ErrorCode("variant", "with other numbers a question or a run with vary would be another one", "```tcpsim {#sim}\nclient 192.0.2.1:54321 isn 1000\nserver 192.0.2.2:80 isn 5000\nserver listen\nclient connect\nstep until SYN-ACK sent\nedit SYN-ACK ack=1001\nstep until quiet\n```\n\n```predict {#q vary=isn}\nWhat comes?\n\nask: seq of next\nwrong 1: No.\n```\n"),
	diag.ErrorCode("same-answer", "two answers are the same", exampleSim+"```predict {#q at=0ms}\nWhat comes?\n\nask: flags of next\nsyn-without-ack:\nwrong SYN: No.\n```\n"),

	// Quizzes.
	diag.ErrorCode("quiz-options", "the options of a quiz cannot be read", "```quiz {#q}\nWhy?\n\n- [x] Because.\n  > Yes.\n```\n"),
	diag.ErrorCode("no-right-option", "no option is right", "```quiz {#q}\nWhy?\n\n- [ ] Because.\n  > No.\n- [ ] For this reason.\n  > No.\n```\n"),
	diag.WarningCode("no-feedback", "a wrong option has no feedback", "```quiz {#q}\nWhy?\n\n- [ ] Because.\n- [x] For this reason.\n```\n"),

	// Tickets.
	diag.ErrorCode("no-look", "a ticket has nothing to look at", exampleTicket("", "  > No.")),
	diag.ErrorCode("bad-look", "a line of a ticket does not say what can be looked at, or for how much", exampleTicket("see client wireshark: 1\n", "  > No.")),
	diag.ErrorCode("bad-evidence", "feedback is about what the ticket does not have, or quotes what is not seen there", exampleTicket("see client tcpdump: 1\n", "  > client tcpdump \"[R.]\": No.")),

	// Translations. Beside a lesson stands the same in another language.
	diag.ErrorCode("unknown-language", "the lab has no translations into the language of the file's name", exampleTranslation("10-example.fr.md", "")),
	diag.ErrorCode("translation-of-nothing", "there is no original of the translation", exampleTranslation("20-other.de.md", "")),
	diag.ErrorCode("translation-ids", "a translation lacks a block of the original, or has one too many", exampleSim+exampleTranslation("10-example.de.md", "")),
	diag.ErrorCode("translation-differs", "in a translation something is another that is no text: an attribute, a scenario, what is right, a heading", exampleSim+exampleTranslation("10-example.de.md", strings.Replace(exampleSim, "connect", "listen", 1))),
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
