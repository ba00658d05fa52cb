package lessons

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/handshakelab/lab/engine/diag"
	"github.com/handshakelab/lab/engine/goal"
	"github.com/handshakelab/lab/engine/script"
)

// An example of more than maxExample bytes, which shows that something is too long, stands in the table with its first lines alone, each
// of them cut off at maxExampleLine characters, and what comes several times in a row once.
const (
	maxExample      = 800
	maxExampleLines = 12
	maxExampleLine  = 30
)

// CodeTable returns the table of all codes, a page for authors, with an example of each: those of lessons, of scenarios and of challenges.
func CodeTable() string {
	var b strings.Builder
	b.WriteString("---\n# Made by go generate from the lists of codes in the packages.\ntitle: What lab check says\n" +
		"summary: Every fault that it knows, with its code, what it means and an example.\norder: 20\n---\n\n# What lab check says\n\n" +
		"Every fault has a place, a stable code, a sentence on what is wrong and, where there is one, a hint. A lesson with an error is not\n" +
		"served; with a warning it is. The codes stay as they are, so that programs may compare them. `lab check -codes` prints this table.\n")
	part := func(title, text string) { fmt.Fprintf(&b, "\n## %s\n\n%s\n", title, text) }
	row := func(c diag.Code, lang string) {
		example := showControls(c.Example)
		fmt.Fprintf(&b, "\n### `%s`\n\n%s: %s.\n", c.Name, upperFirst(string(c.Severity)), c.Meaning)
		if example == "" {
			return
		}
		begins := ""
		if own := (&faults{source: newSource("", []byte(example))}); len(example) > maxExample || !own.bounded() {
			begins = fmt.Sprintf("\nThe example has %d characters and begins like this:\n", utf8.RuneCountInString(example))
			example = beginning(example)
		}
		fmt.Fprintf(&b, "%s\n````%s\n%s\n````\n", begins, lang, strings.TrimRight(example, "\n"))
	}
	part("In lessons", "Examples are what follows the front matter and the title of a lesson, or a whole file, or several: `-- name --` begins another file.")
	for _, c := range codes {
		row(c, "markdown")
	}
	part("In scenarios", "They are about the lines of a simulator, and about actions elsewhere: `do` of a prediction, `solution` of a challenge.")
	for _, c := range script.Codes() {
		row(c, "text")
	}
	part("In challenges", "They are about the lines `goal`, `limit`, `hint` and `solution`. The examples begin with a run in which nothing has happened.")
	for _, c := range goal.Codes() {
		row(c, "text")
	}
	return b.String()
}

// beginning returns the first lines of an example that is too long, each of them cut off.
func beginning(example string) string {
	lines := slices.Compact(strings.Split(example, "\n"))
	lines = append(lines[:min(len(lines), maxExampleLines)], "…")
	for i, line := range lines {
		if runes := []rune(line); len(runes) > maxExampleLine {
			lines[i] = string(runes[:maxExampleLine]) + "…"
		}
	}
	return strings.Join(lines, "\n")
}

// showControls writes what cannot be seen as \xNN or \u{NNNN}.
func showControls(s string) string {
	var b strings.Builder
	for i, r := range s {
		switch {
		case r == '\ufffd' && s[i] != 0xef:
			fmt.Fprintf(&b, `\x%02X`, s[i])
		case r < ' ' && r != '\n' && r != '\t', r == 0x7f, 0x2000 <= r && r < 0x2070 && r != '…' && r != '–' && r != '’':
			fmt.Fprintf(&b, `\u{%04X}`, r)
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}
