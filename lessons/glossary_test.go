package lessons

import (
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

// withCards is a folder with a lesson, and cards by name.
func withCards(lesson string, cards map[string]string) fstest.MapFS {
	folder := exampleFolder(lesson)
	for name, text := range cards {
		folder["glossary/"+name+".md"] = &fstest.MapFile{Data: []byte(text)}
	}
	return folder
}

func card(title, meta, text string) string {
	return "---\ntitle: " + title + "\nkind: term\n" + meta + "---\n\n# " + title + "\n\n" + text + " " + strings.Repeat("word ", minCardWords) + "\n"
}

func loadFolder(t *testing.T, folder fstest.MapFS) *Course {
	t.Helper()
	c, err := Load(folder)
	if err != nil {
		t.Fatal(err)
	}
	if len(c.Diagnostics) > 0 {
		t.Fatalf("the folder has faults:\n%s", c.Diagnostics)
	}
	return c
}

func TestTheGlossaryIsLargeAndOfAllKinds(t *testing.T) {
	c := loadCourse(t)
	if n := len(c.Glossary); n < 60 {
		t.Errorf("there are %d cards", n)
	}
	for _, kind := range CardKinds {
		if !slices.ContainsFunc(c.Glossary, func(c *Card) bool { return c.Kind == kind }) {
			t.Errorf("there is no card of the kind %s", kind)
		}
	}
	for _, card := range c.Glossary {
		if len(card.Gist) < 20 || !strings.HasSuffix(card.Gist, ".") {
			t.Errorf("%s: the gist is %q", card.Name, card.Gist)
		}
		if len(card.Related) == 0 {
			t.Errorf("%s leads nowhere", card.Name)
		}
		for _, s := range card.Sources {
			if SourceURL(s) == "" {
				t.Errorf("%s: the source %q cannot be looked up", card.Name, s)
			}
		}
	}
}

func TestTheInterviewHasQuestionsForAllLevels(t *testing.T) {
	c := loadCourse(t)
	n, levels := 0, map[string]bool{}
	for _, l := range c.Interview {
		levels[l.Level] = true
		for _, s := range l.Sections()[1:] {
			n++
			if s.Text == "" && !strings.Contains(html(l), `id="`+s.Anchor+`"`) {
				t.Errorf("%s: %q has no text", l.Slug, s.Heading)
			}
		}
	}
	if n < 40 || len(levels) != len(Levels) {
		t.Errorf("there are %d questions, of the levels %v", n, levels)
	}
}

func TestCards(t *testing.T) {
	c := loadFolder(t, withCards("The [number](glossary/isn.md).\n\n## Later\n\nAn ACK, or two SYN cookies.\n", map[string]string{
		"isn":        card("ISN", "aliases: [initial number]\nrelated: [syn-cookie]\n", "The first number. There are two."),
		"syn-cookie": card("SYN cookie", "", "See [lessons](../10-example.md#later) and [here](isn.md)."),
		"ack":        card("ACK", "", "A bit."),
		"fin":        card("FIN", "", "Another bit."),
	}))
	isn := c.Card("isn")
	if isn.Gist != "The first number." || len(isn.Related) != 1 || isn.Related[0] != c.Card("syn-cookie") {
		t.Errorf("got %+v", isn)
	}
	mentions := func(name string) string {
		var list []string
		for _, m := range c.Card(name).Mentions {
			list = append(list, m.Lesson.Slug+"#"+m.Anchor)
		}
		return strings.Join(list, " ")
	}
	for name, want := range map[string]string{"isn": "example#", "syn-cookie": "example#later", "ack": "example#later", "fin": ""} {
		if got := mentions(name); got != want {
			t.Errorf("%s is mentioned by %q, want %q", name, got, want)
		}
	}
	if got := html(&c.Card("syn-cookie").Lesson); !strings.Contains(got, `<a href="../lessons/example#later">`) || !strings.Contains(got, `<a href="isn">`) {
		t.Errorf("the links of a card are %s", got)
	}
	if got := html(c.Lessons[0]); !strings.Contains(got, `<a href="../glossary/isn">`) {
		t.Errorf("the link to a card is %s", got)
	}
	if c.Find("glossary/isn") != &isn.Lesson || c.Find("example") != c.Lessons[0] || c.Find("glossary/no") != nil || c.Find("interview/no") != nil {
		t.Error("a page is not found by its slug")
	}
}

func TestFaultsOfCards(t *testing.T) {
	tests := []struct{ name, file, text, want string }{
		{"kind", "isn", "---\ntitle: ISN\nkind: word\n---\n\n# ISN\n\n" + strings.Repeat("word ", 50), "glossary/isn.md:3:7: error front-matter-value:"},
		{"key of a lesson", "isn", card("ISN", "order: 5\n", ""), "glossary/isn.md:4:1: error unknown-key:"},
		{"no kind", "isn", "---\ntitle: ISN\n---\n\n# ISN\n\n" + strings.Repeat("word ", 50), "glossary/isn.md:1:1: error missing-key:"},
		{"related to itself", "isn", card("ISN", "related: [isn]\n", ""), "glossary/isn.md:4:11: error related-missing:"},
		{"file name", "ISN", card("ISN", "", ""), "glossary/ISN.md:1:1: error file-name:"},
		{"alias is a title", "isn", card("ISN", "aliases: [isn]\n", ""), "glossary/isn.md:4:11: error alias-twice:"},
		{"link beside", "isn", card("ISN", "", "[x](mss.md)"), "glossary/isn.md:8:1: error term-not-in-glossary:"},
		{"link to a lesson", "isn", card("ISN", "", "[x](10-example.md)"), "glossary/isn.md:8:1: error term-not-in-glossary:"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			list := Check(withCards("", map[string]string{test.file: test.text})).Errors()
			if len(list) != 1 || !strings.HasPrefix(list[0].String(), test.want) {
				t.Errorf("got\n%swant %s", list, test.want)
			}
		})
	}
}

// A broken card takes nothing down, and its last good version stays.
func TestMergeKeepsCards(t *testing.T) {
	folder := withCards("", map[string]string{"isn": card("ISN", "related: [mss]\n", ""), "mss": card("MSS", "", "")})
	before := loadFolder(t, folder)
	folder["glossary/mss.md"] = &fstest.MapFile{Data: []byte("no card")}
	now, err := Load(folder)
	if err != nil || now.Card("mss") != nil {
		t.Fatal("a broken card is there", err)
	}
	merged := now.Merge(before)
	if merged.Card("mss") == nil || len(merged.Card("isn").Related) != 1 {
		t.Errorf("the last good version is gone: %+v", merged.Glossary)
	}
	if now.Card("mss") != nil || len(before.Glossary) != 2 {
		t.Error("merging changed a course")
	}
}

func TestAnAnswerIsFoldedAwayAndNotFound(t *testing.T) {
	l := one(t, "## Why?\n\n> [!ANSWER]\n> Because of the secret.\n\nAfter it.\n")
	if got := html(l); !strings.Contains(got, "<details class=\"answer\">\n<summary>Answer</summary>\n<p>Because of the secret.</p>\n</details>") {
		t.Errorf("got %s", got)
	}
	for _, s := range l.Sections() {
		if strings.Contains(s.Text, "secret") {
			t.Errorf("the text of a section gives the answer: %q", s.Text)
		}
	}
}

func TestLevelsGoOn(t *testing.T) {
	lesson := func(title, order, level string) string {
		return "-- " + order + "-" + title + ".md --\n---\ntitle: " + title + "\nsummary: An example.\norder: " + order + "\n" + level + "---\n\n# " + title + "\n"
	}
	c := loadFolder(t, exampleFolder(lesson("b", "20", "level: working\n")+lesson("c", "30", "")))
	var got []string
	for _, l := range c.Lessons {
		got = append(got, l.Level)
	}
	if strings.Join(got, " ") != "beginner working working" {
		t.Errorf("the levels are %v", got)
	}
}
