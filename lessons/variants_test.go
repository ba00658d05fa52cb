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
