package diag

import (
	"strings"
	"unicode/utf8"
)

// maxExcerpt is how many columns of a line an excerpt shows.
const maxExcerpt = 100

// Excerpt returns the line of text that d is about, and a line of carets that stands below the fault when both are printed with the
// same width for every character. Both are empty when d has no place in the text. Of a long line only a piece is shown. Characters
// that could move the carets or the terminal are replaced.
func (d Diagnostic) Excerpt(text string) (line, carets string) {
	if d.Line < 1 || d.Col < 1 {
		return "", ""
	}
	rest := strings.TrimPrefix(text, "\ufeff")
	for n := 1; n < d.Line; n++ {
		i := strings.IndexByte(rest, '\n')
		if i < 0 {
			return "", ""
		}
		rest = rest[i+1:]
	}
	source, _, _ := strings.Cut(rest, "\n")
	// Only so much of a line is looked at: it may be as long as the file.
	from, to := 1, 1+maxExcerpt
	if d.Col > maxExcerpt*3/4 {
		from = d.Col - maxExcerpt/2
		to = from + maxExcerpt
	}
	var b strings.Builder
	if from > 1 {
		b.WriteString("…")
	}
	col := 1
	for _, r := range strings.TrimSuffix(source, "\r") {
		if col == to {
			b.WriteString("…")
			break
		}
		switch {
		case col < from:
		case r == '\t':
			b.WriteByte(' ')
		case r == utf8.RuneError || !printable(r):
			b.WriteRune('\ufffd')
		default:
			b.WriteRune(r)
		}
		col++
	}
	if d.Col > col { // behind the end of the line
		return "", ""
	}
	before := d.Col - from
	if from > 1 {
		before++
	}
	width := max(1, min(d.EndCol, col, to)-d.Col)
	return b.String(), strings.Repeat(" ", before) + strings.Repeat("^", width)
}

// printable reports whether a character takes one place and does nothing else: no controls, no marks that join what stands before
// them, nothing that turns the direction of the text.
func printable(r rune) bool {
	switch {
	case r < ' ', 0x7f <= r && r < 0xa0, r == 0xad, 0x300 <= r && r < 0x370, 0x200b <= r && r < 0x2010, 0x2028 <= r && r < 0x202f, 0x2060 <= r && r < 0x2070, 0xfe00 <= r && r < 0xfe10, r == 0xfeff:
		return false
	}
	return true
}
