package lessons

import (
	"io/fs"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

const guideFile = "author/10-guide.md"

func guideText(t *testing.T) string {
	t.Helper()
	text, err := fs.ReadFile(Builtin(), guideFile)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// What the guide shows as source is what stands behind it: readers see both.
func TestTheGuideShowsWhatItsExamplesBecome(t *testing.T) {
	rest, shown := guideText(t), map[string]bool{}
	for {
		_, after, found := strings.Cut(rest, "\n````markdown\n")
		if !found {
			break
		}
		source, behind, closed := strings.Cut(after, "\n````\n\n")
		if !closed || !strings.HasPrefix(behind, source+"\n") {
			t.Errorf("behind an example does not stand what it is an example of:\n%s", source)
		}
		for _, m := range regexp.MustCompile("(?m)^```([a-z]+ \\{[^}]*\\})").FindAllStringSubmatch(source, -1) {
			kind, _, _ := strings.Cut(m[1], " ")
			shown[kind] = true
			if q := regexp.MustCompile(`kind=([a-z]+)`).FindStringSubmatch(m[1]); kind == "quiz" && q != nil {
				shown["quiz "+q[1]] = true
			}
		}
		rest = behind
	}
	wanted := slices.Concat(blockKinds, []string{"quiz text", "quiz number", "quiz order", "quiz field"})
	for _, kind := range wanted {
		if !shown[kind] {
			t.Errorf("the guide has no example of %s", kind)
		}
	}
	l := loadCourse(t).Find("author/guide")
	has := map[QuizKind]bool{}
	all := ""
	for _, p := range l.Parts {
		if p.Quiz != nil {
			has[p.Quiz.Kind] = true
		}
		all += p.HTML
	}
	if len(has) != 6 {
		t.Errorf("it has quizzes of the kinds %v", has)
	}
	for _, want := range []string{`class="chip`, `class="state"`, `class="seek"`, `class="steps"`, `<table>`, `<img src="../media/figures/`, `<aside class="note warning"`, `<details class="answer">`, `href="../glossary/`, `href="../lessons/`} {
		if !strings.Contains(all, want) {
			t.Errorf("it does not show %s", want)
		}
	}
	for _, want := range []string{"{run: ", "vary=", "input=free", "ahead=no", "\ndo: ", "> [!ANSWER]", ".de.md", "lab check", "lab new lesson", "-dev"} {
		if !strings.Contains(guideText(t), want) {
			t.Errorf("it does not speak of %s", want)
		}
	}
}

func TestGuidesAreBesideTheCourse(t *testing.T) {
	c := loadCourse(t)
	for _, slug := range []string{"author/guide", "author/codes"} {
		if c.Find(slug) == nil || c.Lesson(slug) != nil || slices.Contains(c.Lessons, c.Find(slug)) || !slices.Contains(c.All(), c.Find(slug)) {
			t.Errorf("%s is not beside the course", slug)
		}
	}
	// Another folder gets them without what they link to, and keeps its own.
	other := exampleFolder("Text.\n")
	other["glossary/isn.md"] = &fstest.MapFile{Data: []byte(exampleCardText("isn"))}
	c, err := Load(other)
	if err == nil {
		c, err = c.WithGuides()
	}
	if err != nil || len(c.Guides) != 2 {
		t.Fatalf("%d guides, %v", len(c.Guides), err)
	}
	all := html(c.Guides[0])
	if !strings.Contains(all, `<a href="../glossary/isn">`) || strings.Contains(all, `href="../lessons/`) || !strings.Contains(all, "Sequence numbers") {
		t.Errorf("the links of the guide in another folder:\n%s", regexp.MustCompile(`.*\.\./.*`).FindAllString(all, -1))
	}
	other["author/10-guide.md"] = &fstest.MapFile{Data: []byte("---\ntitle: House rules\nsummary: Ours.\norder: 10\n---\n\n# House rules\n\nBe kind.\n")}
	if c, err = Load(other); err == nil {
		c, err = c.WithGuides()
	}
	if err != nil || len(c.Guides) != 2 || c.Guides[0].Title != "House rules" || c.Guides[0].Next != c.Guides[1] {
		t.Errorf("guides of its own: %v, %v", c.Guides, err)
	}
	if list := Check(fstest.MapFS{"10-example.md": other["10-example.md"], "author/10-guide.md": {Data: []byte("---\ntitle: A\nsummary: b\norder: 1\n---\n\n# A\n\n[x](y.md)\n")}}); len(list) != 1 || list[0].Code != "link-target" || list[0].File != "author/10-guide.md" {
		t.Errorf("a fault in a guide: %s", list)
	}
}

func exampleCardText(name string) string {
	_, text, _ := strings.Cut(exampleCard(name, ""), "--\n")
	return text
}

// Images and files to take along are found from the file that names them, and come with the lesson.
func TestMedia(t *testing.T) {
	folder := exampleFolder("![A](figures/a.svg) [take it](captures/b.pcapng) ![A again](./figures/a.svg)\n")
	folder["figures/a.svg"] = &fstest.MapFile{Data: []byte("<svg/>")}
	folder["captures/b.pcapng"] = &fstest.MapFile{Data: []byte("b")}
	folder["author/10-a.md"] = &fstest.MapFile{Data: []byte("---\ntitle: A\nsummary: b\norder: 1\n---\n\n# A\n\n![A](../figures/a.svg)\n")}
	c, err := Load(folder)
	if err != nil || len(c.Diagnostics) > 0 {
		t.Fatalf("%v\n%s", err, c.Diagnostics)
	}
	l := c.Lessons[0]
	if len(l.Media) != 2 || l.Media[0].Name != "figures/a.svg" || string(l.Media[1].Data) != "b" {
		t.Errorf("%v", l.Media)
	}
	if out := html(l); strings.Count(out, `src="../media/figures/a.svg"`) != 2 || !strings.Contains(out, `href="../media/captures/b.pcapng"`) {
		t.Error(out)
	}
	if len(c.Guides[0].Media) != 1 || !strings.Contains(html(c.Guides[0]), `src="../media/figures/a.svg"`) {
		t.Errorf("from a folder: %s", html(c.Guides[0]))
	}
	for _, name := range []string{"a.html", "a.js", "a b.svg", ".a.svg", "%61.svg"} {
		folder := exampleFolder("![x](<" + name + ">)\n")
		folder[name] = &fstest.MapFile{Data: []byte("x")}
		if list := Check(folder); len(list) != 1 || list[0].Code != "image" {
			t.Errorf("%s: %s", name, list)
		}
	}
}

const variedText = "```tcpsim {#own vary=\"isn,port\"}\nclient 192.0.2.1:54321 isn 1000\nserver 192.0.2.2:80 isn 5000\nserver listen\nclient connect\nstep until quiet\nexpect client ESTABLISHED\n```\n\n"

// A run with vary has other numbers for each learner, and the questions about it have the same ones.
func TestRunsThatVary(t *testing.T) {
	l := one(t, variedText+"```predict {#q of=own input=free}\nWhat does the server acknowledge of `seq 1000`?\n\nask: ack of SYN-ACK\nack-equals-seq:\n```\n\n"+
		"```challenge {#c from=own}\nAgain.\n\ngoal sent SYN >= 2\nsolution drop SYN; step until quiet\n```\n\nAfter 100 ms{run: #own duration of client connect} it is open.\n")
	s, p := l.Sim("own"), l.Predict("q")
	if len(s.Variants) != Variants-1 || len(p.Variants) != Variants-1 {
		t.Fatalf("%d variants of the run, %d of the question", len(s.Variants), len(p.Variants))
	}
	seen := map[string]bool{s.Source: true}
	for n := 1; n < Variants; n++ {
		text := s.Variant(n)
		if seen[text] {
			t.Errorf("two variants are the same: %s", text)
		}
		seen[text] = true
		if !strings.Contains(p.Variant(n).Scenario, strings.Split(text, "\n")[0]) {
			t.Errorf("the question has other numbers than its run:\n%s\n%s", p.Variant(n).Scenario, text)
		}
		if isn := regexp.MustCompile(`client .* isn ([0-9]+)`).FindStringSubmatch(text); isn == nil || !strings.Contains(p.Variant(n).Question, "seq "+isn[1]) {
			t.Errorf("%s does not ask about %s", p.Variant(n).Question, text)
		}
	}
	if s.Variant(0) != s.Source || s.Variant(Variants) != s.Source {
		t.Error("a variant that does not exist is not the run as it is written")
	}
	for _, test := range []struct{ text, code, says string }{
		{variedText + "It has `seq 1000`.\n", "number-not-in-run", "another number"},
		{variedText + "It acknowledges 1001{run: #own ack of SYN-ACK}.\n", "run-mark", "another ack"},
		{variedText + "```quiz {#q kind=field of=own}\nWhich?\n\nsegment: SYN-ACK\nfield: ack\nack-equals-seq:\n```\n", "variant", "not be theirs"},
		{strings.Replace(variedText, "isn,port", "mss", 1), "attribute-value", "varied"},
		{strings.NewReplacer(" isn 1000", "", " isn 5000", "").Replace(variedText), "attribute-value", "no initial sequence number"},
		{strings.Replace(variedText, " vary=\"isn,port\"", "", 1) + "```predict {#q of=own input=free vary=isn}\nWhat does the server acknowledge?\n\nask: ack of SYN-ACK\nack-equals-seq:\n```\n", "variant", "sees no number"},
		{strings.Replace(variedText, "step until quiet\n", "step until SYN-ACK sent\nedit SYN-ACK ack=1001\nstep until quiet\n", 1), "variant", "another"},
	} {
		list := Check(exampleFolder(test.text))
		if len(list) != 1 || list[0].Code != test.code || !strings.Contains(list[0].Message, test.says) {
			t.Errorf("%s: the faults are\n%s", test.text, list)
		}
	}
}
