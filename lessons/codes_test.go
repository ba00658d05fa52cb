package lessons

import (
	"io/fs"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/handshakelab/lab/engine/diag"
)

// exampleFolder turns the Example of a Code into a folder.
func exampleFolder(example string) fstest.MapFS {
	folder := fstest.MapFS{}
	name, text := "10-example.md", ""
	put := func() {
		if name == "10-example.md" && !strings.HasPrefix(text, "---\n") {
			text = exampleHead + text
		}
		folder[name] = &fstest.MapFile{Data: []byte(text)}
	}
	for line := range strings.SplitAfterSeq(example, "\n") {
		if next, ok := strings.CutPrefix(strings.TrimSpace(line), "-- "); ok && strings.HasSuffix(next, " --") {
			put()
			name, text = strings.TrimSuffix(next, " --"), ""
			continue
		}
		text += line
	}
	put()
	return folder
}

func codesIn(list diag.List) []string {
	var codes []string
	for _, d := range list {
		if !slices.Contains(codes, d.Code) {
			codes = append(codes, d.Code)
		}
	}
	return codes
}

func TestEachExampleHasItsFaultAndNoOther(t *testing.T) {
	for _, c := range Codes() {
		t.Run(c.Name, func(t *testing.T) {
			var folder fs.FS = exampleFolder(c.Example)
			switch c.Name {
			case "unreadable":
				folder = brokenFS{exampleFolder("")}
			case "no-lessons":
				folder = fstest.MapFS{"README.md": {Data: []byte("# Lessons\n")}}
			}
			list := Check(folder)
			if c.Name == "too-many-faults" { // it never comes alone
				list = list[len(list)-1:]
			}
			if got := codesIn(list); !slices.Equal(got, []string{c.Name}) {
				t.Fatalf("the example has the faults %v:\n%s", got, list)
			}
			for _, d := range list {
				if d.Severity != c.Severity || d.Message == "" || strings.HasSuffix(d.Message, ".") {
					t.Errorf("bad diagnostic: %s", d)
				}
				if c.Name != "no-lessons" && (d.File == "" || d.Line < 1 || d.Col < 1 || d.EndCol < d.Col) {
					t.Errorf("the fault has no place: %+v", d)
				}
			}
		})
	}
}

// brokenFS is a folder whose files cannot be read.
type brokenFS struct{ fstest.MapFS }

func (b brokenFS) ReadFile(name string) ([]byte, error) {
	return nil, &fs.PathError{Op: "read", Path: name, Err: fs.ErrPermission}
}

func TestTableOfCodesIsFresh(t *testing.T) {
	got, err := os.ReadFile("course/author/20-codes.md")
	if err != nil || string(got) != CodeTable() {
		t.Errorf("the table of codes is stale: run go generate ./lessons (%v)", err)
	}
	for row := range strings.SplitSeq(string(got), "\n### ") {
		code, text, _ := strings.Cut(row, "\n")
		if code == "`bad-setup`" || code == "`bad-base`" { // no text that somebody writes brings these about
			continue
		}
		if strings.HasPrefix(code, "`") && !strings.Contains(text, "\n````") && !strings.Contains(text, "for example") {
			t.Errorf("the table has no example of %s", code)
		}
	}
}

func TestCodesAreToldApartAndAllUsed(t *testing.T) {
	seen := map[string]bool{}
	for _, c := range Codes() {
		if seen[c.Name] || c.Meaning == "" {
			t.Errorf("the code %s is listed twice, or has no meaning", c.Name)
		}
		seen[c.Name] = true
		if severityOf(c.Name) != c.Severity {
			t.Errorf("%s is listed as %s and reported as %s", c.Name, c.Severity, severityOf(c.Name))
		}
	}
}
