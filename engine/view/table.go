package view

import "strings"

// A table has columns that are as wide as their widest field, as ss prints it into a pipe: fields stand behind a delimiter, and
// all columns are filled up with blanks, the last one too. What ss says below a socket (ss -i) is the rest of its last
// field, line breaks included, and that field of the last row comes too late to make its column wider.
type table struct {
	columns []column
	rows    [][]string
}

type column struct {
	header    string
	delimiter string // before each field
	right     bool   // the field stands at the right end
}

func (t *table) add(fields ...string) { t.rows = append(t.rows, fields) }

func (t *table) String() string {
	widths := make([]int, len(t.columns))
	for c := range t.columns {
		widths[c] = len(t.columns[c].header)
		for r, row := range t.rows {
			if late := r == len(t.rows)-1 && c == len(t.columns)-1; !late {
				widths[c] = max(widths[c], len(row[c]))
			}
		}
	}
	var b strings.Builder
	line := func(field func(c int) string) {
		for c, col := range t.columns {
			text := field(c)
			fill := strings.Repeat(" ", max(widths[c]-len(text), 0))
			b.WriteString(col.delimiter)
			if col.right {
				text, fill = fill, text
			}
			b.WriteString(text)
			b.WriteString(fill)
		}
		b.WriteByte('\n')
	}
	line(func(c int) string { return t.columns[c].header })
	for _, row := range t.rows {
		line(func(c int) string { return row[c] })
	}
	return b.String()
}
