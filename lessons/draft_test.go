package lessons

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

// A text that is being written is checked among the files of the folder, which stays as it is.
func TestDraft(t *testing.T) {
	const file = "900-window-scale.md"
	l := NewLoader(Builtin())
	before, err := l.Load()
	if err != nil {
		t.Fatal(err)
	}
	_, text, err := NewLesson(Builtin(), "window-scale", "")
	if err != nil {
		t.Fatal(err)
	}
	draft := func(file, text string) (*Course, []string) {
		t.Helper()
		c, err := l.Draft(context.Background(), file, []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		var codes []string
		for _, d := range c.Diagnostics {
			if d.File == file {
				codes = append(codes, d.Code)
			}
		}
		return c, codes
	}
	c, codes := draft(file, text)
	if len(codes) > 0 || c.Lesson("window-scale") == nil || len(c.Lessons) != len(before.Lessons)+1 {
		t.Errorf("the template has the faults %v, and the course has %d lessons", codes, len(c.Lessons))
	}
	link := text + "\nSee [there](70-lost-segments.md#lost) and [here](900-window-scale.md#run).\n"
	if _, codes := draft(file, link); len(codes) > 0 {
		t.Errorf("links into the course: %v", codes)
	}
	for want, bad := range map[string]string{
		"link-target":  text + "\n[there](70-lost-segments.md#nowhere)\n",
		"unknown-verb": strings.Replace(text, "client connect", "clint connect", 1),
		"too-large":    text + strings.Repeat("word ", maxFile/5),
		"not-text":     text + "\x00",
	} {
		c, codes := draft(file, bad)
		if !slices.Contains(codes, want) || c.Lesson("window-scale") != nil {
			t.Errorf("faults %v, want %s and no lesson", codes, want)
		}
	}
	// It takes the place of the file of its name, and no other's.
	if c, codes := draft("70-lost-segments.md", text); len(codes) > 0 || c.Lesson("lost-segments").Title != "Window scale" {
		t.Errorf("in the place of another: %v", codes)
	}
	if _, codes := draft("71-lost-segments.md", text); !slices.Contains(codes, "slug-twice") {
		t.Errorf("a name that is taken: %v", codes)
	}
	after, err := l.Load()
	if err != nil || len(after.Lessons) != len(before.Lessons) || len(after.Diagnostics) != len(before.Diagnostics) {
		t.Errorf("the folder has changed: %v", err)
	}
	gone, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := l.Draft(gone, file, []byte(text)); !errors.Is(err, context.Canceled) {
		t.Errorf("nobody waits any more, and it says %v", err)
	}
	if c, err := NewLoader(fstest.MapFS{}).Draft(context.Background(), file, []byte(text)); err != nil || len(c.Lessons) != 1 {
		t.Errorf("in an empty folder: %v, %v", c, err)
	}
}
