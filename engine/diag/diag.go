// Package diag is what the lab says about a text that somebody wrote: a scenario, a lesson, a challenge. A Diagnostic
// has a place, a stable code and two sentences, one on what is wrong and one on what to do about it. The same value is
// printed by the command line, logged, shown on the author's page and sent to the browser.
//
// Lines and columns count from 1. A column counts Unicode code points, so that it is where a person points: the é of
// "é x" is column 1 and the x is column 3, whatever their bytes are. A tab is one column. EndCol is the column after the
// last one; a fault between two characters has EndCol equal to Col.
package diag

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Severity says whether the text can be used in spite of a Diagnostic.
type Severity string

// The severities.
const (
	Error   Severity = "error"   // the text cannot be used
	Warning Severity = "warning" // it can, but its author probably meant something else
)

// A Range is the numbers that would have been allowed, both ends included. A time is in microseconds.
type Range struct {
	Min int64 `json:"min"`
	Max int64 `json:"max"`
}

// A Diagnostic is one fault in a text.
type Diagnostic struct {
	File     string   `json:"file,omitempty"` // as the author knows it; may be empty
	Line     int      `json:"line"`           // from 1; 0 when the fault has no place
	Col      int      `json:"col"`            // from 1, in code points
	EndCol   int      `json:"endCol"`         // the column after the fault
	Severity Severity `json:"severity"`
	Code     string   `json:"code"`            // stable, "unknown-verb"
	Message  string   `json:"message"`         // what is wrong, lower case, no full stop
	Hint     string   `json:"hint,omitempty"`  // what to do about it, or ""
	Range    *Range   `json:"range,omitempty"` // of a number that is outside it
}

// String returns "file:line:col: severity code: message (hint)", without the parts that are empty.
func (d Diagnostic) String() string {
	var b strings.Builder
	if d.File != "" {
		b.WriteString(d.File + ":")
	}
	if d.Line > 0 {
		fmt.Fprintf(&b, "%d:%d:", d.Line, d.Col)
	}
	if b.Len() > 0 {
		b.WriteByte(' ')
	}
	fmt.Fprintf(&b, "%s %s: %s", d.Severity, d.Code, d.Message)
	if d.Hint != "" {
		fmt.Fprintf(&b, " (%s)", d.Hint)
	}
	return b.String()
}

// Error makes a Diagnostic an error; it is String.
func (d Diagnostic) Error() string { return d.String() }

// A List is everything that is wrong with a text.
type List []Diagnostic

// Sort puts the list in the order of the text: by file, line and column. Faults at the same place stay in the order in
// which they were found.
func (l List) Sort() {
	slices.SortStableFunc(l, func(a, b Diagnostic) int {
		return cmp.Or(strings.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Col, b.Col))
	})
}

// Errors returns those that keep the text from being used, nil when there are none.
func (l List) Errors() List {
	var errs List
	for _, d := range l {
		if d.Severity == Error {
			errs = append(errs, d)
		}
	}
	return errs
}

// Err returns the list as an error, or nil when nothing in it is an Error.
func (l List) Err() error {
	if len(l.Errors()) == 0 {
		return nil
	}
	return l
}

// Error makes a List an error; it is String.
func (l List) Error() string { return l.String() }

// String returns one diagnostic a line, with a line end after each.
func (l List) String() string {
	var b strings.Builder
	for _, d := range l {
		b.WriteString(d.String())
		b.WriteByte('\n')
	}
	return b.String()
}

// In returns a copy of the list as the faults of a text inside file: the text's first line is line first of the file,
// and each of its lines stands indent columns to the right. Diagnostics without a place go to the first line.
func (l List) In(file string, first, indent int) List {
	out := slices.Clone(l)
	for i := range out {
		d := &out[i]
		d.File = file
		if d.Line == 0 {
			d.Line, d.Col, d.EndCol = first, 1, 1
			continue
		}
		d.Line += first - 1
		d.Col += indent
		d.EndCol += indent
	}
	return out
}
