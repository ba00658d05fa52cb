package lessons

import (
	"maps"
	"strings"
	"testing"
	"testing/fstest"
)

func TestANewLessonHasNoFault(t *testing.T) {
	folder := fstest.MapFS{}
	for _, test := range []struct{ name, title, file, shown string }{
		{"window-scale", "", "10-window-scale.md", "Window scale"},
		{"The 2nd question: why?", "", "20-the-2nd-question-why.md", "The 2nd question: why?"},
		{"it-s", "It's \"quoted\", [and] #more", "30-it-s.md", `It's "quoted", [and] #more`},
		{"2nd", "", "40-2nd.md", "2nd"},
		{"yes", "", "50-yes.md", "Yes"},
	} {
		file, text, err := NewLesson(folder, test.name, test.title)
		if err != nil || file != test.file {
			t.Errorf("%q becomes %q, %v", test.name, file, err)
			continue
		}
		folder[file] = &fstest.MapFile{Data: []byte(text)}
		c, err := Load(folder)
		if err != nil || len(c.Diagnostics) > 0 {
			t.Errorf("%q: %v\n%s", test.name, err, c.Diagnostics)
			continue
		}
		l := c.Lessons[len(c.Lessons)-1]
		if l.Title != test.shown || l.File != file {
			t.Errorf("the last lesson is %s, %q", l.File, l.Title)
		}
	}
	before := maps.Clone(folder)
	for name, says := range map[string]string{"2nd": "40-2nd.md", "...": "no letter", "42": "no letter", "../Yes": "50-yes.md"} {
		if file, _, err := NewLesson(folder, name, ""); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%q becomes %q, %v", name, file, err)
		}
	}
	if len(before) != len(folder) {
		t.Error("the folder was changed")
	}
	// The order in a file counts as well as its number.
	folder["7-last.md"] = &fstest.MapFile{Data: []byte(strings.Replace(exampleMeta, "order: 10", "order: 93", 1) + "\n# Example\n")}
	if file, _, err := NewLesson(folder, "next", ""); err != nil || file != "100-next.md" {
		t.Errorf("next becomes %q, %v", file, err)
	}
}
