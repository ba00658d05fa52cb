package lessons

import (
	"fmt"
	"strings"
	"testing"
)

// Faults that have a code in common are told apart by their messages.
func TestFaultsSayWhatIsWrong(t *testing.T) {
	predict := func(body string) string { return exampleSim + "```predict {#q at=0ms}\n" + body + "\n```\n" }
	ask := func(what string) string { return predict("What?\n\nask: " + what + "\nwrong FIN: No.") }
	tests := []struct{ text, code, says string }{
		{"", "", ""},
		{"One: two. And this: three.\n", "", ""},
		{predict("What?\n\nSee now: which comes?\n\nask: flags of next\nwrong FIN: No."), "", ""},

		{"\x00---\n", "not-text", "U+0000"},
		{"> > - 1) deep\n\n" + strings.Repeat("- ", maxNested+1) + "deep", "too-deep", "nested"},
		{strings.Repeat(" ", maxIndent+1) + "x", "too-deep", "indented"},
		{strings.Repeat("[a](", maxLinks+1), "too-many-marks", "without an empty line"},
		{strings.Repeat(strings.Repeat("[a] ", maxLinks)+"\n\n", maxAll/maxLinks+1), "too-many-marks", "opening brackets"},
		{strings.Repeat("~~*a", maxMarks/2), "too-many-marks", "and ~"},
		{strings.Repeat("[a]: x\n\n", maxRefs+1), "too-many-marks", "definitions of links"},
		{strings.Repeat("> - [a\n\n", maxRefs+1), "too-many-marks", "definitions of links"},
		{strings.Repeat("x", maxLine+1), "too-deep", "the line has more"},
		{strings.Repeat(strings.Repeat("x", 99)+"\n", maxRun/99), "too-deep", "without an empty line"},

		{"---\ntitle: Example\n", "front-matter", "no front matter"},
		{"---\n\n---\n\n# Example\n", "missing-key", "no title"},
		{"---\n- a\n---\n\n# Example\n", "front-matter", "not a list of keys"},
		{"---\ntitle: `SYN`\n---\n\n# Example\n", "front-matter", ""},
		{"---\ntitle: Example\nsummary: a\norder: 1\ntitle: Example\n---\n\n# Example\n", "front-matter", "title"},
		{"---\ntitle: Example\nsummary: ''\norder: 1\n---\n\n# Example\n", "front-matter-value", "summary is empty"},
		{"---\ntitle: Example\nsummary: 12\norder: 1\n---\n\n# Example\n", "front-matter-value", "must be a text"},
		{"---\ntitle: Example\nsummary: a\norder: 1\ntags: one\n---\n\n# Example\n", "front-matter-value", "must be a list"},
		{"---\ntitle: Example\nsummary: a\norder: 1\nneeds: [example]\n---\n\n# Example\n", "missing-need", "itself"},
		{"---\ntitle: Example\nsummary: " + strings.Repeat("a ", maxMeta/2+1) + "\norder: 1\n---\n\n# Example\n", "front-matter", "more than"},
		{exampleMeta, "title-heading", "empty"},
		{"# Again\n", "title-heading", "second title"},

		{"[]()", "link-target", "nowhere"},
		{"[x](/y)", "link-target", "another path"},
		{"[x](y.md)", "link-target", "no lesson y.md"},
		{"[x](y.txt)", "link-target", "no file y.txt"},
		{"[x](//example.com)", "link-target", "another path"},
		{"[x](javascript:x)", "link-scheme", "javascript:"},
		{"[x][y]\n\n[y]: vbscript:x\n", "link-scheme", "vbscript:"},
		{"<irc://x>", "link-scheme", "irc:"},
		{exampleSim + "[x](#sim@soon)", "seek-target", "not a time"},
		{exampleSim + "[x](#sim@24min)", "seek-target", "ends at"},
		{"> [!NOTE]", "unknown-aside", "empty"},

		{"```tcpsim {#a #b}\nserver listen\n```", "attributes", "two ids"},
		{"```tcpsim {#a title=\"b}\nserver listen\n```", "attributes", "not closed"},
		{"```tcpsim {#a at=}\nserver listen\n```", "attributes", "no value"},
		{"```tcpsim {#a at=0s at=0s}\nserver listen\n```", "attributes", "twice"},
		{"```tcpsim {#a b}\nserver listen\n```", "attributes", "neither an id"},
		{"```tcpsim {#a at=now}\nserver listen\n```", "attribute-value", "not a time"},
		{"```tcpsim {at=0s}\nserver listen\n```", "missing-id", "no id"},
		{"```quiz {#q points=2}\nWhy?\n\n- [ ] a\n  > b\n- [x] c\n```", "unknown-attribute", "points"},
		{"> ```tcpsim {#a}\n> server listen\n> ```", "nested-block", "inside"},
		{"~~~tcpsim {#a}\nserver listen\n```\n", "unclosed-block", ""},
		{"```predict {#q}\nWhat?\n\nask: flags of next\nrst-on-loss:\n```", "missing-sim", "does not say"},

		{ask(""), "bad-ask", "nothing can be asked"},
		{ask("flags SYN"), "bad-ask", "of is missing"},
		{ask("flags of SIN"), "bad-ask", "no segment"},
		{ask("flags of SYN#0"), "bad-ask", "not a number"},
		{ask("flags of SYN arrived"), "bad-ask", "too much"},
		{ask("flags of next from nobody"), "bad-ask", "client or from the server"},
		{ask("state of router"), "bad-ask", "client or of the server"},
		{ask("state of client after SYN"), "bad-ask", "what happened"},
		{ask("state of client after SIN sent"), "bad-ask", "no segment"},
		{ask("state of client at noon"), "bad-ask", "not a time"},
		{predict("What?\n\nwrong FIN: No."), "bad-ask", "asks nothing"},
		{ask("time of SYN lost"), "no-answer", "never happens"},
		{ask("ack of SYN#1"), "no-answer", "ACK bit is off"},
		{ask("errno of client"), "no-answer", "no error"},
		{predict("ask: flags of next\nrst-on-loss:"), "empty-block", "no question"},
		{predict("What?\n\nask: flags of next\nrst-on-loss now: x"), "key-line", "nothing in front"},
		{predict("What?\n\nask: flags of next\nother: x\nrst-on-loss:"), "key-line", "no other answer"},
		{predict("What?\n\nask: flags of SYN-ACK#1\nsyn-again:"), "misconception-field", "makes no difference"},
		{exampleSim + "```predict {#q input=free}\nWhat?\n\nask: flags of SYN\n```\n", "attribute-value", "only a number or a time"},
		{exampleSim + "```predict {#q input=maybe}\nWhat?\n\nask: flags of SYN\nrst-on-loss:\n```\n", "attribute-value", "free or choice"},

		{"```quiz {#q}\n- [ ] a\n  > b\n- [x] c\n```", "empty-block", "no question"},
		{"```quiz {#q}\nWhy?\n\n- [ ] a\n  > b\n- [x] c\n\nBecause.\n```", "quiz-options", "behind the options"},
		{"```quiz {#q}\nWhy?\n\n- [ ] a\n  > b\n- [x] c\n- d\n```", "quiz-options", "no check box"},
		{"```quiz {#q}\nWhy?\n\n- [ ] a\n  > b\n- [x] a\n```", "quiz-options", "the same"},
		{exampleSim + "```challenge {#c}\nDo.\n\ngoal lost SYN >= 1\n```", "no-solution", ""},
		{exampleSim + "```challenge {#c at=1min}\nDo.\n\ngoal lost SYN >= 1\nsolution drop SYN\n```", "attribute-value", "ends at"},
	}
	for i, test := range tests {
		t.Run(fmt.Sprintf("%d %s", i, test.code), func(t *testing.T) {
			list := Check(exampleFolder(test.text))
			if test.code == "" && len(list) == 0 {
				return
			}
			for _, d := range list {
				if d.Code == test.code && strings.Contains(d.Message, test.says) {
					return
				}
			}
			t.Errorf("%.200q has the faults\n%swant %s with %q", test.text, list, test.code, test.says)
		})
	}
}

// Faults of tickets, captures and questions of other kinds.
func TestFaultsOfBlocks(t *testing.T) {
	const scenario = "\n-- hangs.lab --\nclient connect\nrule drop every SYN\nstep until quiet\n"
	ticket := func(see, causes string) string {
		return "```ticket {#t run=hangs.lab title=T}\nIt hangs.\n\n" + see + "\n\n" + causes + "\n```\n" + scenario
	}
	const causes = "- [ ] a\n  > b\n- [x] c\n  > d"
	field := func(keys string) string {
		return exampleSim + "```quiz {#q kind=field of=sim}\nWhich?\n\n" + keys + "\n```\n"
	}
	tests := []struct{ text, code, says string }{
		{"```quiz {#q kind=riddle}\nWhy?\n```\n", "attribute-value", "riddle"},
		{"```quiz {#q kind=many}\nWhy?\n\n- [ ] a\n  > b\n- [x] c\n```\n", "attribute-value", "one"},
		{"```quiz {#q of=sim}\nWhy?\n\n- [ ] a\n  > b\n- [x] c\n```\n", "attribute-value", "no use"},
		{"```quiz {#q kind=text}\nWhy?\n\nother: x\n```\n", "no-right-option", "no answer"},
		{"```quiz {#q kind=text}\nWhy?\n\nanswer: |\nother: x\n```\n", "no-right-option", "no answer"},
		{"```quiz {#q kind=text}\nWhy?\n\nanswer: a\nanswr: b\nother: x\n```\n", "key-line", "answr"},
		{"```quiz {#q kind=text}\nWhy?\n\nanswer: a\nanswer: b\nother: x\n```\n", "key-twice", "answer"},
		{"```quiz {#q kind=text}\nWhy?\n\nanswer: a | b\nwrong B: no\nother: x\n```\n", "same-answer", "already"},
		{"```quiz {#q kind=text}\nWhy?\n\nanswer: a\n```\n", "no-feedback", ""},
		{"```quiz {#q kind=number}\nWhy?\n\nanswer: many\nother: x\n```\n", "no-right-option", "no number"},
		{"```quiz {#q kind=number}\nWhy?\n\nanswer: 3s ±1 byte\nother: x\n```\n", "no-right-option", "tolerance"},
		{"```quiz {#q kind=number}\nWhy?\n\nanswer: 3s\nwrong 4 bytes: no\nother: x\n```\n", "wrong-value", "4 bytes"},
		{"```quiz {#q kind=number}\nWhy?\n\nanswer: 3s ±1s\nwrong 2500ms: no\nother: x\n```\n", "same-answer", ""},
		{"```quiz {#q kind=number}\nanswer: 3s\nother: x\n```\n", "empty-block", "no question"},
		{"```quiz {#q kind=order}\nWhy?\n\n1. a\n2. b\n```\n", "quiz-options", "fewer than three"},
		{"```quiz {#q kind=order}\nWhy?\n\n1. a\n2. b\n3. a\n```\n", "quiz-options", "the same"},
		{"```quiz {#q kind=order}\nWhy?\n\n- a\n- b\n- c\n```\n", "quiz-options", "fewer than three"},
		{"```quiz {#q kind=order}\nWhy?\n\n1. a\n2. b\n3. c\n\nright: x\nright: y\n```\n", "key-twice", "right"},
		{field("field: ack\nwrong 1: x"), "bad-ask", "which segment"},
		{field("segment: SYN\nwrong 1: x"), "bad-ask", "which field"},
		{field("segment: SYN\nfield: colour\nwrong 1: x"), "bad-ask", "colour"},
		{field("segment: SYN now\nfield: seq\nwrong 1: x"), "bad-ask", "too much"},
		{field("segment: RST\nfield: seq\nwrong 1: x"), "no-answer", "never happens"},
		{field("segment: SYN\nfield: ack\nwrong 1: x"), "no-answer", "ACK bit is off"},
		{field("segment: SYN\nfield: seq"), "no-feedback", ""},
		{field("segment: SYN\nfield: seq\nsyn-without-ack:"), "misconception-field", "about seq"},

		{"```ticket {#t title=T}\nIt hangs.\n\nsee client ss: 1\n\n" + causes + "\n```\n", "missing-file", "which file"},
		{"```ticket {#t run=../hangs.lab title=T}\nIt hangs.\n\nsee client ss: 1\n\n" + causes + "\n```\n", "missing-file", "no file"},
		{"```ticket {#t run=hangs.lab title=T points=x}\nIt hangs.\n\nsee client ss: 1\n\n" + causes + "\n```\n" + scenario, "attribute-value", "points"},
		{"```ticket {#t run=hangs.lab}\nIt hangs.\n\nsee client ss: 1\n\n" + causes + "\n```\n" + scenario, "empty-block", "no title"},
		{"```ticket {#t run=hangs.lab title=T}\nsee client ss: 1\n\n" + causes + "\n```\n" + scenario, "empty-block", "no symptom"},
		{strings.Replace(ticket("see client ss: 1", causes), "client connect", "client conect", 1), "bad-file", "faults"},
		{strings.Replace(ticket("see client ss: 1", causes), "client connect", "client conect", 1), "unknown-call", ""},
		{ticket("see router ss: 1", causes), "bad-look", "client or at the server"},
		{ticket("see client ss at=noon: 1", causes), "bad-look", "not a time"},
		{ticket("see client ss at=60min: 1", causes), "bad-look", "ends at"},
		{ticket("see client ss now: 1", causes), "bad-look", "too much"},
		{ticket("see client ss: much", causes), "bad-look", "costs"},
		{ticket("see client ss: 1\nsee client ss: 2", causes), "key-twice", "client ss"},
		{ticket("see client ss: 1\nlook at it: 2", causes), "key-line", "look"},
		{ticket("see client ss: 1", "- [x] c\n  > d"), "quiz-options", "two causes"},
		{ticket("see client ss: 1", "- [x] a\n  > b\n- [x] c\n  > d"), "no-right-option", "2 are right"},
		{ticket("see client ss: 1", "- [ ] a\n- [x] c\n  > d"), "no-feedback", ""},
		{ticket("see client ss: 1", "- [ ] a\n  > server ss: x\n- [x] c\n  > d"), "bad-evidence", "called server ss"},
		{ticket("see client ss: 1", "- [ ] a\n  > y\n  > client ss: x\n- [x] c\n  > d"), "bad-evidence", "one thing"},

		{"```capture {#c file=c.pcap}\nText.\n```\n-- c.pcap --\nx\n", "empty-block", "no title"},
		{"```capture {#c file=c.pcap title=T profile=vms}\nText.\n```\n-- c.pcap --\nx\n", "attribute-value", "vms"},
		{"```capture {#c file=c.pcap title=T}\nText.\n```\n-- c.pcap --\n\x1f\x8b gzip\n", "bad-file", "gzip"},

		{exampleSim + "```predict {#q vary=colour}\nWhich?\n\nask: seq of SYN\nwrong 1: no\n```\n", "attribute-value", "colour"},
		{exampleSim + "```predict {#q vary=isn}\nWhich?\n\nask: seq of SYN\nwrong 1: no\n```\n", "attribute-value", "no initial sequence number"},
	}
	for i, test := range tests {
		t.Run(fmt.Sprintf("%d %s", i, test.code), func(t *testing.T) {
			list := Check(exampleFolder(test.text))
			for _, d := range list {
				if d.Code == test.code && strings.Contains(d.Message, test.says) {
					return
				}
			}
			t.Errorf("%.200q has the faults\n%swant %s with %q", test.text, list, test.code, test.says)
		})
	}
}
