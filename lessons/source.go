package lessons

import (
	"fmt"
	"sort"
	"unicode/utf8"

	"github.com/handshakelab/lab/engine/diag"
)

// A source is the text of a file, and where its lines start.
type source struct {
	file  string
	text  []byte
	lines []int // offset of the first byte of each line
}

func newSource(file string, text []byte) *source {
	s := &source{file: file, text: text, lines: []int{0}}
	for i, c := range text {
		if c == '\n' {
			s.lines = append(s.lines, i+1)
		}
	}
	return s
}

// place returns the line and the column, in code points, of a byte. Both count from 1.
func (s *source) place(offset int) (line, col int) {
	offset = max(0, min(offset, len(s.text)))
	line = sort.SearchInts(s.lines, offset+1)
	return line, 1 + utf8.RuneCount(s.text[s.lines[line-1]:offset])
}

// faults collects what is wrong with a file.
type faults struct {
	*source
	list diag.List
}

// add reports the fault at the bytes from start to end. Its severity is that of the code.
func (f *faults) add(code string, start, end int, hint, format string, args ...any) {
	line, col := f.place(start)
	endCol := col
	if end > start {
		if l, c := f.place(end); l == line {
			endCol = c
		}
	}
	f.list = append(f.list, diag.Diagnostic{
		File: f.file, Line: line, Col: col, EndCol: max(endCol, col),
		Severity: severityOf(code), Code: code, Message: fmt.Sprintf(format, args...), Hint: hint,
	})
}

// A span is a piece of a source.
type span struct{ start, end int }

// addSpan is add for a span.
func (f *faults) addSpan(code string, at span, hint, format string, args ...any) {
	f.add(code, at.start, at.end, hint, format, args...)
}
