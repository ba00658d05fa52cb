package lessons

import (
	"fmt"
	"strings"
	"testing"
	"testing/fstest"

	"pgregory.net/rapid"
)

func html(l *Lesson) string {
	var b strings.Builder
	for _, p := range l.Parts {
		b.WriteString(p.HTML)
	}
	return strings.TrimSpace(b.String())
}

func TestProse(t *testing.T) {
	tests := []struct{ name, markdown, want string }{
		{"chip", "A `SYN`.", `<p>A <span class="chip syn">SYN</span>.</p>`},
		{"joined chips", "`SYN-ACK`", `<p><span class="chips"><span class="chip syn">SYN</span><span class="vh">-</span><span class="chip ack">ACK</span></span></p>`},
		{"state", "`SYN-RECEIVED`", `<p><b class="state">SYN-RECEIVED</b></p>`},
		{"code", "`syn` `ss -t` `<b>`", `<p><code>syn</code> <code>ss -t</code> <code>&lt;b&gt;</code></p>`},
		{"code that may be broken", "`ss -tan state syn-sent`", `<p><code class="long">ss -tan state syn-sent</code></p>`},
		{"measures", "At 1,050 ms, 1 s later, 3 sides.", "<p>At 1,050\u00a0ms, 1\u00a0s later, 3 sides.</p>"},
		{"aside", "> [!WARNING]\n> Take *care*.\n>\n> Always.", "<aside class=\"note warning\" aria-label=\"Warning\">\n<p class=\"label\">Warning</p>\n<p>Take <em>care</em>.</p>\n<p>Always.</p>\n</aside>"},
		{"aside behind an empty line", "> [!NOTE]\n>\n> Text.", "<aside class=\"note\" aria-label=\"Note\">\n<p class=\"label\">Note</p>\n<p>Text.</p>\n</aside>"},
		{"aside between paragraphs", "One.\n\n> [!TIP]\n> Two.\n\nThree.", "<p>One.</p>\n<aside class=\"note tip\" aria-label=\"Tip\">\n<p class=\"label\">Tip</p>\n<p>Two.</p>\n</aside>\n<p>Three.</p>"},
		{"quote", "> [NOTE]\n> Text.", "<blockquote>\n<p>[NOTE]\nText.</p>\n</blockquote>"},
		{"seek", exampleSim + "At [50 ms](#sim@50ms).", "<p>At <a href=\"#sim\" class=\"seek\" data-sim=\"sim\" data-at=\"50000\">50\u00a0ms</a>.</p>"},
		{"steps", exampleSim + "- [0 ms](#sim@0ms) One.\n- [50 ms](#sim@50ms) Two.", "<ol class=\"steps\">\n<li><a href=\"#sim\" class=\"seek\" data-sim=\"sim\" data-at=\"0\">0\u00a0ms</a> One.</li>\n<li><a href=\"#sim\" class=\"seek\" data-sim=\"sim\" data-at=\"50000\">50\u00a0ms</a> Two.</li>\n</ol>"},
		{"not all steps", exampleSim + "- [0 ms](#sim@0ms) One.\n- Two.", "<ul>\n<li><a href=\"#sim\" class=\"seek\" data-sim=\"sim\" data-at=\"0\">0\u00a0ms</a> One.</li>\n<li>Two.</li>\n</ul>"},
		{"anchor", "## The end\n\n[there](#the-end)", "<h2 id=\"the-end\">The end</h2>\n<p><a href=\"#the-end\">there</a></p>"},
		{"link out", "<https://example.com/?a=1&b=2>", `<p><a href="https://example.com/?a=1&amp;b=2">https://example.com/?a=1&amp;b=2</a></p>`},
		{"table without style", "| a |\n|--:|\n| 1 |", "<table>\n<thead>\n<tr>\n<th align=\"right\">a</th>\n</tr>\n</thead>\n<tbody>\n<tr>\n<td align=\"right\">1</td>\n</tr>\n</tbody>\n</table>"},
		{"code block", "```console\n$ ss -t <x>\n```", "<pre><code class=\"language-console\">$ ss -t &lt;x&gt;\n</code></pre>"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := html(one(t, test.markdown)); got != test.want {
				t.Errorf("got\n%s\nwant\n%s", got, test.want)
			}
		})
	}
}

func TestTitleHasChips(t *testing.T) {
	l := loadCourse(t).Lesson("agreed-in-the-syn")
	if l.Title != "What is agreed in the SYN" || l.TitleHTML != "What is agreed in the "+codeHTML("SYN") {
		t.Errorf("the title is %q, %s", l.Title, l.TitleHTML)
	}
}

func TestLinksToOtherLessons(t *testing.T) {
	folder := exampleFolder("[next](20-other.md), [there](20-other.md#the-end)\n-- 20-other.md --\n---\ntitle: Other\nsummary: An example.\norder: 20\nneeds: [example]\n---\n\n# Other\n\n## The end\n")
	c, err := Load(folder)
	if err != nil || len(c.Diagnostics) > 0 {
		t.Fatal(err, c.Diagnostics)
	}
	if got, want := html(c.Lesson("example")), `<p><a href="other">next</a>, <a href="other#the-end">there</a></p>`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// Places are where a person would point, whatever came before them in the file.
func TestFaultsAreAtTheirPlaces(t *testing.T) {
	tests := []struct{ name, text, want string }{
		{"front matter key", "---\ntitle: Example\nsummary: Ein é\nordr: 1\norder: 2\n---\n\n# Example\n", "10-example.md:4:1: error unknown-key:"},
		{"front matter value", "---\ntitle: Example\nsummary: é\norder: -1\n---\n\n# Example\n", "10-example.md:4:8: error front-matter-value:"},
		{"link behind letters of two bytes", "Één é [click](data:text/html,x)", "10-example.md:9:7: error link-scheme:"},
		{"inline html", "Text\nand é <i>this</i>", "10-example.md:10:7: error raw-html:"},
		{"html block", "Text\n\n<div>\n</div>", "10-example.md:11:1: error raw-html:"},
		{"scenario", "```tcpsim {#sim}\nserver listen\n  client conect\n```", "10-example.md:11:10: error unknown-call:"},
		{"expectation", "```tcpsim {#sim}\nserver listen\n# é\nexpect server ESTABLISHED\n```", "10-example.md:12:1: error expect-failed:"},
		{"action", "```tcpsim {#sim}\nserver listen\ndrop SYN\n```", "10-example.md:11:1: error no_such_segment:"},
		{"attribute", "```tcpsim {#sim é=1}\nserver listen\n```", "10-example.md:9:17: error unknown-attribute:"},
		{"time attribute", exampleSim + "```predict {#q at=9min}\nWhat?\n\nask: flags of SYN\nrst-on-loss:\n```", "10-example.md:15:19: error attribute-value:"},
		{"do line", exampleSim + "```predict {#q}\nWhat?\n\ndo: drpo SYN\nask: flags of SYN\nrst-on-loss:\n```", "10-example.md:18:5: error unknown-verb:"},
		{"do line that fails", exampleSim + "```predict {#q}\nWhat?\n\ndo: drop SYN-ACK\nask: flags of SYN\nrst-on-loss:\n```", "10-example.md:18:5: error no_such_segment:"},
		{"question", exampleSim + "```predict {#q}\n*é* <b>?\n\nask: flags of SYN\nrst-on-loss:\n```", "10-example.md:16:5: error raw-html:"},
		{"feedback", exampleSim + "```predict {#q}\nWhat?\n\nask: flags of SYN\nright: Yes,\n  [no](#no)\nrst-on-loss:\n```", "10-example.md:20:3: error link-target:"},
		{"goal", exampleSim + "```challenge {#c}\nDo it.\n\ngoal server OPEN\nsolution step\n```", "10-example.md:18:13: error unknown-state:"},
		{"solution", exampleSim + "```challenge {#c}\nDo it.\n\ngoal server SYN-RECEIVED\nsolution step; drop SYN\n```", "10-example.md:19:1: error segment_gone:"},
		{"unsolved", exampleSim + "```challenge {#c}\nDo it.\n\ngoal lost SYN >= 1\nsolution step until quiet\n```", "10-example.md:18:1: error unsolved:"},
		{"hint", exampleSim + "```challenge {#c}\nDo it.\n\ngoal lost SYN >= 1\nhint <b>\nsolution drop SYN\n```", "10-example.md:19:6: error raw-html:"},
		{"quiz option", "```quiz {#q}\nWhy?\n\n- [ ] One\n- [x] <b>\n```", "10-example.md:13:7: error raw-html:"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			list := Check(exampleFolder(test.text)).Errors()
			if len(list) == 0 || !strings.HasPrefix(list[0].String(), test.want) {
				t.Errorf("got\n%swant %s", list, test.want)
			}
		})
	}
}

func TestAllFaultsAreReported(t *testing.T) {
	list := Check(exampleFolder("---\ntitle: Example\nsumary: Oops\norder: 10\n---\n\n# Exampel\n\n<b>\n\n[x](ftp://y)\n\n```tcpsim {#sim}\nclient conect\ndrpo SYN\n```\n\n```quiz {#sim}\nWhy?\n```\n"))
	want := "unknown-key title-heading missing-key raw-html link-scheme unknown-call unknown-verb id-twice quiz-options"
	got := codesIn(list)
	for _, code := range strings.Fields(want) {
		if !strings.Contains(" "+strings.Join(got, " ")+" ", " "+code+" ") {
			t.Errorf("%s is missing in\n%s", code, list)
		}
	}
	if len(got) != len(strings.Fields(want)) {
		t.Errorf("got %v, want %s", got, want)
	}
}

// Windows line ends and a byte order mark change nothing.
func TestEditorsOfAllKinds(t *testing.T) {
	text := exampleHead + exampleSim + "A <b>.\n"
	plain := Check(fstest.MapFS{"10-example.md": {Data: []byte(text)}})
	windows := Check(fstest.MapFS{"10-example.md": {Data: []byte("\ufeff" + strings.ReplaceAll(text, "\n", "\r\n"))}})
	if len(plain) != 1 || plain.String() != windows.String() {
		t.Errorf("got\n%sand\n%s", plain, windows)
	}
}

func TestImagesBesideTheLesson(t *testing.T) {
	folder := exampleFolder("![A drawing](a.svg)\n")
	folder["a.svg"] = &fstest.MapFile{Data: []byte("<svg/>")}
	if list := Check(folder); len(list) > 0 {
		t.Error(list)
	}
	for _, bad := range []string{"![A drawing](b.svg)", "![](a.svg)", "![A drawing](/a.svg)", "![A drawing](data:image/png,x)", "![A drawing](../a.svg)"} {
		folder["10-example.md"] = &fstest.MapFile{Data: []byte(exampleHead + bad + "\n")}
		if got := codesIn(Check(folder)); len(got) != 1 || got[0] != "image" {
			t.Errorf("%s has the faults %v", bad, got)
		}
	}
}

// A line of words and code becomes what the parser of markdown makes of it, and the numbers in it are looked at as well.
func TestSentence(t *testing.T) {
	parts := []string{"SYN", "ACK", " ", "  ", "`", "``", "seq 1000", "`ack 301`", "`SYN-ACK`", "`a`", "é", "\u00a0", "\"", "'", "5", "-", "=", "#", ":", ".", "(", ")", "$", "+", ",", "@", "www.", "/",
		"http://", "7 ms", "2 s", "ms", "s", "<", "&", "*", "_", "\n", "\t", "{", "}", "^", "%", "?"}
	plain := 0
	rapid.Check(t, func(t *rapid.T) {
		words := rapid.SliceOfN(rapid.SampledFrom(parts), 1, 8).Draw(t, "words")
		text := strings.Join(words, rapid.SampledFrom([]string{"", " "}).Draw(t, "between"))
		at := span{0, len(text)}
		fast, slow := &draft{}, &draft{lesson: &Lesson{Lang: "en"}}
		for _, d := range []*draft{fast, slow} {
			d.faults = faults{source: newSource("x.md", []byte(text))}
		}
		got, ok := fast.sentence(at)
		if !ok {
			return
		}
		plain++
		fr := slow.fragment(snippet, at)
		slow.checkProse(fr, fr.doc, false)
		if want := slow.html(fr, fr.doc); got != want || fmt.Sprint(fast.claims) != fmt.Sprint(slow.claims) || len(slow.list) > 0 {
			t.Fatalf("%q\n  is   %q %v\n  want %q %v %s", text, got, fast.claims, want, slow.claims, slow.list)
		}
	})
	if plain == 0 {
		t.Error("nothing was tested")
	}
}
