package lessons

import (
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

const translationOriginal = exampleHead + "A run of 100 ms.\n\n" + exampleSim + `## What happens

[50 ms](#sim@50ms)

` + "```predict {#p at=25ms}\nWhat comes?\n\nask: flags of next\nwrong RST: No.\n```\n\n" +
	"```quiz {#q}\nWho begins?\n\n- [ ] The server.\n  > No.\n- [x] The client.\n  > Yes.\n```\n\n" +
	"```quiz {#n kind=number}\nHow many?\n\nanswer: 1,460 bytes\nother: No.\n```\n\n" +
	"```quiz {#o kind=order}\nPut them in order.\n\n1. one\n2. two\n3. three\n```\n\n" +
	"```challenge {#c from=sim}\nOpen it.\n\ngoal server ESTABLISHED\nlimit steps 20\nhint Wait.\nsolution step until quiet\n```\n\n> [!NOTE]\n> A note.\n\n[back](#what-happens)\n"

const translationText = `---
title: Beispiel
summary: Ein Beispiel.
---

# Beispiel

Ein Lauf von 100 ms.

` + exampleSim + `## Was geschieht

[50 ms](#sim@50ms)

` + "```predict {#p at=25ms}\nWas kommt?\n\nask: flags of next\nwrong RST: Nein.\n```\n\n" +
	"```quiz {#q}\nWer beginnt?\n\n- [ ] Der Server.\n  > Nein.\n- [x] Der Client.\n  > Jawohl.\n```\n\n" +
	"```quiz {#n kind=number}\nWie viele?\n\nanswer: 1.460 bytes\nother: Nein.\n```\n\n" +
	"```quiz {#o kind=order}\nBring sie in Ordnung.\n\n1. eins\n2. zwei\n3. drei\n```\n\n" +
	"```challenge {#c from=sim}\nÖffne sie.\n\ngoal server ESTABLISHED: der Server ist offen\nlimit steps 20: höchstens 20 Schritte\nhint Warte.\nsolution step until quiet\n```\n\n> [!NOTE]\n> Ein Hinweis.\n\n[zurück](#what-happens)\n"

func translationFolder(translation string) fstest.MapFS {
	return fstest.MapFS{
		"10-example.md":    {Data: []byte(translationOriginal)},
		"10-example.de.md": {Data: []byte(translation)},
		"20-other.md":      {Data: []byte("---\ntitle: Other\nsummary: An example.\norder: 20\n---\n\n# Other\n\n[there](10-example.de.md#what-happens)\n")},
	}
}

func TestTranslation(t *testing.T) {
	c, err := Load(translationFolder(translationText))
	if err != nil || len(c.Diagnostics) > 0 {
		t.Fatal(err, c.Diagnostics)
	}
	if len(c.Lessons) != 2 || len(c.All()) != 2 {
		t.Fatalf("the translation counts as a lesson of its own: %d", len(c.Lessons))
	}
	l := c.Lessons[0]
	de := l.In("de")
	if de == l || l.In("es") != l || l.In("en") != l || len(l.Translations) != 1 {
		t.Fatalf("there are %d translations", len(l.Translations))
	}
	if de.Lang != "de" || de.Slug != l.Slug || de.Title != "Beispiel" || de.Order != 10 || de.Level != l.Level || de.Next != c.Lessons[1] {
		t.Errorf("the translation is %+v", de)
	}
	text := html(de)
	for _, want := range []string{`<h2 id="what-happens">Was geschieht</h2>`, `<a href="#what-happens">zurück</a>`, `aria-label="Hinweis"`} {
		if !strings.Contains(text, want) {
			t.Errorf("the translation lacks %s:\n%s", want, text)
		}
	}
	if got := html(c.Lessons[1]); !strings.Contains(got, `href="example#what-happens"`) {
		t.Errorf("a link to the translation leads elsewhere: %s", got)
	}
	if v := de.Quiz("q").Check([]int{1}); !v.OK || !strings.Contains(v.Feedback, "Jawohl.") {
		t.Errorf("the answer gets %+v", v)
	}
	if v := de.Quiz("q").Check(nil); !strings.Contains(v.Feedback, "Wähle") {
		t.Errorf("no answer gets %+v", v)
	}
	for answer, right := range map[string]bool{"1.460": true, "1460": true, "1.460 bytes": true, "1,460": false} {
		if v := de.Quiz("n").CheckText(answer); v.OK != right {
			t.Errorf("%s in German gets %+v", answer, v)
		}
	}
	if got := de.Challenge("c").Goals; !slices.Equal(got, []string{"Der Server ist offen", "Höchstens 20 Schritte"}) {
		t.Errorf("the goals are %q", got)
	}
}

func TestFaultsOfTranslations(t *testing.T) {
	for _, test := range []struct {
		name, old, new string
		codes          string // of all faults
		says           string // in one of them
	}{
		{"a block is missing", "```quiz {#q}\nWer beginnt?\n\n- [ ] Der Server.\n  > Nein.\n- [x] Der Client.\n  > Jawohl.\n```\n", "", "translation-ids", "#q of 10-example.md is missing"},
		{"a block is too many", "## Was", "```quiz {#more}\nWarum?\n\n- [ ] So.\n  > Nein.\n- [x] Darum.\n```\n\n## Was", "translation-ids", "10-example.md has no block #more"},
		{"an id is another one", "{#q}", "{#r}", "translation-ids", "#r"},
		{"a block is of another kind", "```quiz {#q}", "```predict {#q}", "bad-ask,stray-task,translation-differs", "#q is a quiz block"},
		{"the order is another one", exampleSim + "## Was geschieht\n\n[50 ms](#sim@50ms)\n\n" + "```predict {#p at=25ms}\nWas kommt?\n\nask: flags of next\nwrong RST: Nein.\n```\n\n",
			"## Was geschieht\n\n[50 ms](#sim@50ms)\n\n" + "```predict {#p at=25ms}\nWas kommt?\n\nask: flags of next\nwrong RST: Nein.\n```\n\n" + exampleSim, "translation-differs", "#sim"},
		{"an attribute", "at=25ms", "at=75ms", "translation-differs", "at=25ms"},
		{"no attribute", " from=sim", "", "translation-differs", "from=sim"},
		{"the scenario", "step until quiet\n```\n\n## Was", "step until quiet\nwait 1s\n```\n\n## Was", "translation-differs", "the scenario"},
		{"what is asked", "ask: flags of next", "ask: flags of SYN-ACK", "", ""},
		{"another answer", "ask: flags of next", "ask: flags of ACK", "translation-differs", "the question"},
		{"a wrong answer", "wrong RST:", "wrong FIN:", "translation-differs", "the wrong answers"},
		{"the right options", "- [x] Der Client.", "- [ ] Der Client.\n  > Nein.\n- [x] Beide.", "translation-differs", "the right options"},
		{"the right number", "answer: 1.460 bytes", "answer: 1,460 bytes", "translation-differs", "the answer"},
		{"an entry", "3. drei\n", "3. drei\n4. vier\n", "translation-differs", "the entries"},
		{"a goal", "limit steps 20", "limit steps 21", "translation-differs", "the goals"},
		{"a hint", "hint Warte.\n", "", "translation-differs", "the hints"},
		{"a heading too many", "[zurück]", "## Noch eine\n\n[zurück]", "translation-differs", "only 1 headings"},
		{"a heading is missing", "## Was geschieht\n", "", "link-target,translation-differs", "the heading #what-happens"},
		{"the level of a heading", "## Was", "### Was", "heading-level,translation-differs", "of level 3"},
		{"a key of the original", "summary:", "order: 10\nsummary:", "unknown-key", "order"},
		{"a misconception without a text", "wrong RST: Nein.", "wrong RST: Nein.\nsyn-without-ack:", "no-feedback,translation-differs", "in English only"},
	} {
		t.Run(test.name, func(t *testing.T) {
			text := strings.Replace(translationText, test.old, test.new, 1)
			if text == translationText {
				t.Fatal("the translation has no such text")
			}
			c, err := Load(translationFolder(text))
			if err != nil {
				t.Fatal(err)
			}
			codes := codesIn(c.Diagnostics)
			slices.Sort(codes)
			if got := strings.Join(codes, ","); got != test.codes {
				t.Fatalf("it has the faults %q, want %q:\n%s", got, test.codes, c.Diagnostics)
			}
			if !strings.Contains(c.Diagnostics.String(), test.says) {
				t.Errorf("nothing says %q:\n%s", test.says, c.Diagnostics)
			}
			if broken := len(c.Diagnostics.Errors()) > 0; c.Lesson("example") == nil || (len(c.Lesson("example").Translations) == 0) != broken {
				t.Errorf("the original is %v", c.Lesson("example"))
			}
		})
	}
}

// A translation is compared anew when its original changes, and while it is broken its last good version stays.
func TestTranslationFollowsItsOriginal(t *testing.T) {
	folder := translationFolder(translationText)
	loader := NewLoader(folder)
	load := func() *Course {
		t.Helper()
		c, err := loader.Load()
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	first := load()
	folder["10-example.md"] = &fstest.MapFile{Data: []byte(strings.ReplaceAll(translationOriginal, "## What happens", "## What is to see") + "\n")}
	folder["10-example.md"].Data = []byte(strings.ReplaceAll(string(folder["10-example.md"].Data), "#what-happens", "#what-is-to-see"))
	folder["10-example.de.md"] = &fstest.MapFile{Data: []byte(strings.ReplaceAll(translationText, "#what-happens", "#what-is-to-see"))}
	folder["20-other.md"].Data = []byte(strings.ReplaceAll(string(folder["20-other.md"].Data), "#what-happens", "#what-is-to-see"))
	second := load()
	if len(second.Diagnostics) > 0 || !strings.Contains(html(second.Lessons[0].In("de")), `<h2 id="what-is-to-see">Was geschieht</h2>`) {
		t.Fatalf("the anchor is not the new one: %s", second.Diagnostics)
	}
	folder["10-example.md"] = &fstest.MapFile{Data: []byte(strings.ReplaceAll(string(folder["10-example.md"].Data), "{#q}", "{#r}"))}
	third := load()
	if !slices.Equal(codesIn(third.Diagnostics), []string{"translation-ids"}) || len(third.Lessons[0].Translations) != 0 {
		t.Fatalf("the original changed, and the translation is said to have %v", codesIn(third.Diagnostics))
	}
	merged := third.Merge(second)
	if de := merged.Lessons[0].In("de"); de.Lang != "de" || merged.Lessons[0].Quiz("r") == nil || de.Next != merged.Lessons[1] {
		t.Error("the last good translation is gone")
	}
	if len(third.Lessons[0].Translations) != 0 || first.Lessons[0].In("de").Next != first.Lessons[1] {
		t.Error("a course that was handed out has changed")
	}
}
