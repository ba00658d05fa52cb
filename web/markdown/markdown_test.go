package markdown

import (
	"io/fs"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/handshakelab/lab/lessons"
)

func lesson(t *testing.T, body string) *lessons.Lesson {
	t.Helper()
	c, err := lessons.Load(fstest.MapFS{"10-example.md": {Data: []byte("---\ntitle: An example\nsummary: A summary.\norder: 10\n---\n\n# An example\n\n" + body)},
		"20-other.md": {Data: []byte("---\ntitle: Other\nsummary: A summary.\norder: 20\n---\n\n# Other\n\n## There\n")}})
	if err != nil || len(c.Diagnostics) > 0 {
		t.Fatal(err, c.Diagnostics)
	}
	return c.Lesson("example")
}

const sim = "```tcpsim {#sim title=\"A run\"}\nserver listen\n# a remark\nclient connect\nstep until quiet\nexpect client ESTABLISHED\n```\n\n"

func TestMarkdownComesOutAsItWentIn(t *testing.T) {
	for _, text := range []string{
		"A `SYN`, a `SYN-ACK`, `SYN-RECEIVED`, `ss -t` and `` a`b ``.",
		"*Soft* and **strong** and ~~gone~~, 2\\*3, a\\_b.",
		"> [!NOTE]\n> One.\n>\n> Two.",
		"> A quote.",
		"- One\n- Two\n  - Inside\n- Three",
		"3. Three\n4. Four",
		"```console\n$ ss -t <x>\n```",
		"| a | b |\n|---|--:|\n| 1 | `x` |",
		"[there](20-other.md#there) and [out](https://example.com/?a=1&b=2)",
		"## A heading with `FIN`\n\nText.\n\n---\n\nMore.",
	} {
		got := Lesson(lesson(t, text+"\n"), "/lessons/example")
		want := "# An example\n\nA summary.\n\n" + strings.ReplaceAll(text, "20-other.md", "other.md") + "\n"
		if got != want {
			t.Errorf("got\n%s\nwant\n%s", got, want)
		}
	}
}

func TestBlocks(t *testing.T) {
	got := Lesson(lesson(t, sim+"At [50 ms](#sim@50ms).\n\n```predict {#q of=sim at=0ms}\nWhat comes?\n\nask: flags of next\nright: A secret.\nwrong FIN: A secret.\n```\n\n```quiz {#w}\nWhy?\n\n- [ ] Because.\n  > A secret.\n- [x] So.\n```\n\n> [!ANSWER]\n> A secret.\n"), "/lab/lessons/example")
	for _, want := range []string{
		"**A run**, [a run to step through](/lab/lessons/example#sim):\n\n```\nserver listen\nclient connect\nstep until quiet\n```\n",
		"\nAt 50 ms.\n",
		"\nWhat comes?\n\n- `SYN-ACK`\n- `FIN`\n\n[Answer it on the page](/lab/lessons/example#q)\n",
		"\nWhy?\n\n- Because.\n- So.\n\n[Answer it on the page](/lab/lessons/example#w)\n",
		"\n*The answer is on the page.*\n",
	} {
		if !strings.Contains(got, want) && !strings.Contains(got, strings.ReplaceAll(want, "- `SYN-ACK`\n- `FIN`", "- `FIN`\n- `SYN-ACK`")) {
			t.Errorf("there is no\n%s\nin\n%s", want, got)
		}
	}
	if strings.Contains(got, "secret") {
		t.Errorf("an answer came out:\n%s", got)
	}
}

// Nothing of the course that only the server knows is in its markdown: no check marks, no keys, no feedback, no solution.
func TestNoSecretOfTheCourseComesOut(t *testing.T) {
	folder := lessons.Builtin()
	c, err := lessons.Load(folder)
	if err != nil {
		t.Fatal(err)
	}
	feedback := regexp.MustCompile(`(?m)^(?:\s+> |(?:right|other|wrong [^:\n]*|[a-z]+-[a-z-]+): )(.{25,})$`)
	solution := regexp.MustCompile(`(?m)^solution (.+)$`)
	runs := regexp.MustCompile("(?ms)^```tcpsim.*?^```")
	fences := regexp.MustCompile("(?ms)^```(?:predict|quiz|challenge|ticket)(.*?)^```")
	n := 0
	for _, l := range c.All() {
		if slices.Contains(c.Guides, l) {
			continue // it shows authors what they write, answers included
		}
		got := Lesson(l, "/x")
		for _, mark := range []string{"[x]", "[ ]", "\nask: ", "\nsolution ", "\nright: ", "\nexpect "} {
			if strings.Contains(got, mark) {
				t.Errorf("%s has %q", l.File, mark)
			}
		}
		source, err := fs.ReadFile(folder, l.File)
		if err != nil {
			t.Fatal(err)
		}
		public := strings.Join(runs.FindAllString(string(source), -1), "\n") // a solution may be a line of it
		for _, fence := range fences.FindAllString(string(source), -1) {
			for _, m := range append(feedback.FindAllStringSubmatch(fence, -1), solution.FindAllStringSubmatch(fence, -1)...) {
				n++
				if strings.Contains(got, m[1]) && !strings.Contains(public, m[1]) {
					t.Errorf("%s tells %q", l.File, m[1])
				}
			}
		}
		for _, m := range regexp.MustCompile(`(?ms)^> \[!ANSWER\]\n> ([^\n]{25,})`).FindAllStringSubmatch(string(source), -1) {
			n++
			if strings.Contains(got, m[1]) {
				t.Errorf("%s tells %q", l.File, m[1])
			}
		}
	}
	if n < 100 {
		t.Errorf("only %d secrets were looked for", n)
	}
}
