package lessons

import (
	"strings"
	"testing"
)

func loadCourse(t testing.TB) *Course {
	t.Helper()
	c, err := Load(Builtin())
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// The built-in course has no fault at all, not even a warning: among other things every seq and ack number in its prose is
// one of a run, every challenge is solved by its solution, and every link leads somewhere.
func TestBuiltinCourseIsSound(t *testing.T) {
	c := loadCourse(t)
	for _, d := range c.Diagnostics {
		t.Error(d)
	}
	var slugs []string
	for _, l := range c.Lessons {
		slugs = append(slugs, l.Slug)
	}
	if got := strings.Join(slugs, " "); got != "three-segments sequence-numbers lost-syn-ack" {
		t.Errorf("the lessons are %s", got)
	}
}
