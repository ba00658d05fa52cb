package diag

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestExcerpt(t *testing.T) {
	text := "\ufeffone\r\nclient conect now\n\tdrop é SYM\n" + strings.Repeat("x", 300) + "BAD" + strings.Repeat("y", 300) + "\n\x1b[31m\u202ered\n"
	for _, test := range []struct {
		name         string
		d            Diagnostic
		line, carets string
	}{
		{name: "a word", d: Diagnostic{Line: 2, Col: 8, EndCol: 14}, line: "client conect now", carets: "       ^^^^^^"},
		{name: "the first line", d: Diagnostic{Line: 1, Col: 1, EndCol: 4}, line: "one", carets: "^^^"},
		{name: "a tab and a letter of two bytes", d: Diagnostic{Line: 3, Col: 9, EndCol: 12}, line: " drop é SYM", carets: "        ^^^"},
		{name: "between two characters", d: Diagnostic{Line: 2, Col: 7, EndCol: 7}, line: "client conect now", carets: "      ^"},
		{name: "behind the end", d: Diagnostic{Line: 2, Col: 18, EndCol: 18}, line: "client conect now", carets: strings.Repeat(" ", 17) + "^"},
		{name: "beyond the line", d: Diagnostic{Line: 2, Col: 19, EndCol: 30}},
		{name: "no such line", d: Diagnostic{Line: 9, Col: 1, EndCol: 1}},
		{name: "no place", d: Diagnostic{}},
		{name: "what does something to a terminal", d: Diagnostic{Line: 5, Col: 2, EndCol: 3}, line: "\ufffd[31m\ufffdred", carets: " ^"},
	} {
		t.Run(test.name, func(t *testing.T) {
			line, carets := test.d.Excerpt(text)
			if line != test.line || carets != test.carets {
				t.Errorf("got\n%q\n%q\nwant\n%q\n%q", line, carets, test.line, test.carets)
			}
		})
	}
	line, carets := Diagnostic{Line: 4, Col: 301, EndCol: 304}.Excerpt(text)
	if n := utf8.RuneCountInString(line); n > maxExcerpt+2 || !strings.HasPrefix(line, "…x") || !strings.HasSuffix(line, "y…") {
		t.Errorf("of a long line is shown %q", line)
	}
	runes := []rune(line)
	if at := strings.IndexByte(carets, '^'); string(runes[at:at+3]) != "BAD" || strings.Count(carets, "^") != 3 {
		t.Errorf("the carets stand elsewhere:\n%s\n%s", line, carets)
	}
}
