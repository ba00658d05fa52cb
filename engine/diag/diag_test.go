package diag

import (
	"encoding/json"
	"testing"
)

func TestDiagnosticString(t *testing.T) {
	for _, test := range []struct {
		name string
		d    Diagnostic
		want string
	}{{
		name: "everything",
		d:    Diagnostic{File: "a.lab", Line: 3, Col: 5, EndCol: 9, Severity: Error, Code: "unknown-verb", Message: `"drpo" is no verb`, Hint: "did you mean drop?"},
		want: `a.lab:3:5: error unknown-verb: "drpo" is no verb (did you mean drop?)`,
	}, {
		name: "no file, no hint",
		d:    Diagnostic{Line: 3, Col: 5, Severity: Warning, Code: "c", Message: "m"},
		want: "3:5: warning c: m",
	}, {
		name: "no place",
		d:    Diagnostic{Severity: Error, Code: "c", Message: "m"},
		want: "error c: m",
	}, {
		name: "a file without a place",
		d:    Diagnostic{File: "a.lab", Severity: Error, Code: "c", Message: "m"},
		want: "a.lab: error c: m",
	}} {
		t.Run(test.name, func(t *testing.T) {
			if got := test.d.String(); got != test.want {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
		})
	}
}

func TestListOrderAndErrors(t *testing.T) {
	l := List{
		{File: "b", Line: 1, Col: 1, Severity: Error, Code: "4"},
		{File: "a", Line: 2, Col: 1, Severity: Warning, Code: "3"},
		{File: "a", Line: 1, Col: 9, Severity: Error, Code: "1"},
		{File: "a", Line: 1, Col: 9, Severity: Error, Code: "2"},
	}
	l.Sort()
	order := ""
	for _, d := range l {
		order += d.Code
	}
	if order != "1234" {
		t.Errorf("order %s, want 1234", order)
	}
	if n := len(l.Errors()); n != 3 {
		t.Errorf("%d errors, want 3", n)
	}
	if l.Err() == nil {
		t.Error("a list with errors is no error")
	}
	if err := l[2:3].Err(); err != nil {
		t.Errorf("a list with only a warning is the error %v", err)
	}
}

func TestListIn(t *testing.T) {
	l := List{{Line: 2, Col: 3, EndCol: 5}, {}}
	got := l.In("lesson.md", 40, 2)
	if d := got[0]; d.File != "lesson.md" || d.Line != 41 || d.Col != 5 || d.EndCol != 7 {
		t.Errorf("moved to %+v", d)
	}
	if d := got[1]; d.Line != 40 || d.Col != 1 {
		t.Errorf("a fault without a place went to %+v", d)
	}
	if l[0].File != "" {
		t.Error("In changed the list that it was called on")
	}
}

func TestJSON(t *testing.T) {
	got, err := json.Marshal(Diagnostic{Line: 1, Col: 2, EndCol: 3, Severity: Error, Code: "out-of-range", Message: "m", Range: &Range{0, 65535}})
	if err != nil {
		t.Fatal(err)
	}
	const want = `{"line":1,"col":2,"endCol":3,"severity":"error","code":"out-of-range","message":"m","range":{"min":0,"max":65535}}`
	if string(got) != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestNearest(t *testing.T) {
	verbs := []string{"drop", "delay", "duplicate", "hold", "release", "step"}
	for _, test := range []struct{ word, want string }{
		{"drpo", "drop"},   // two letters swapped count once
		{"dorp", "drop"},   //
		{"DROP", "drop"},   // case does not count
		{"stepp", "step"},  //
		{"dealy", "delay"}, //
		{"relase", "release"},
		{"hodl", "hold"},
		{"banana", ""},
		{"x", ""}, // one letter says nothing
		{"", ""},
	} {
		if got := Nearest(test.word, verbs...); got != test.want {
			t.Errorf("Nearest(%q) = %q, want %q", test.word, got, test.want)
		}
	}
}
