package lessons

import (
	_ "embed"
	"fmt"
	entity "html"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/tdewolff/parse/v2"
	markup "github.com/tdewolff/parse/v2/html"
)

// xss.txt has one payload a line; \n, \t and \\ stand for what they are in Go.
//
//go:embed testdata/xss.txt
var payloads string

// The elements and attributes that the renderer of lessons writes. Anything else in a page came out of a payload.
var (
	harmlessElements   = words2set("p h1 h2 h3 h4 h5 h6 em strong del code pre a img ul ol li blockquote hr br table thead tbody tr th td aside b span details summary")
	harmlessAttributes = words2set("class id href src alt title align aria-label data-sim data-at start lang")
)

func words2set(s string) map[string]bool {
	set := map[string]bool{}
	for _, w := range strings.Fields(s) {
		set[w] = true
	}
	return set
}

// harm says what in a piece of HTML could do something, "" when nothing can. It is read by a parser of HTML that has nothing to do with
// the one that wrote it.
func harm(source string) string {
	l := markup.NewLexer(parse.NewInputString(source))
	for {
		kind, _ := l.Next()
		switch kind {
		case markup.ErrorToken:
			return ""
		case markup.StartTagToken:
			if name := string(l.Text()); !harmlessElements[strings.ToLower(name)] {
				return "the element " + name
			}
		case markup.AttributeToken:
			name := strings.ToLower(string(l.AttrKey()))
			if !harmlessAttributes[name] {
				return "the attribute " + name
			}
			value := strings.Trim(string(l.AttrVal()), `"`)
			if name != "href" && name != "src" {
				continue
			}
			// As a browser reads it: entities, then blanks and controls taken out.
			plain := strings.Map(func(r rune) rune {
				if r <= ' ' {
					return -1
				}
				return r
			}, unescape(value))
			if strings.HasPrefix(plain, "//") || strings.HasPrefix(plain, `\`) || strings.HasPrefix(plain, `/\`) {
				return "a link to another host: " + value
			}
			if before, _, found := strings.Cut(plain, ":"); found && !strings.ContainsAny(before, "/?#") && !schemes[strings.ToLower(before)] {
				return "a link by " + value
			}
		case markup.CommentToken, markup.DoctypeToken, markup.SVGToken, markup.MathToken:
			return "markup of another kind"
		}
	}
}

// everything is all HTML of a lesson, what stays on the server too.
func everything(l *Lesson) string {
	var b strings.Builder
	b.WriteString(l.TitleHTML)
	for _, p := range l.Parts {
		for _, s := range p.public() {
			b.WriteString(s)
		}
		if p.Quiz != nil {
			for i := range p.Quiz.Options {
				b.WriteString(p.Quiz.Check([]int{i}).Feedback)
			}
		}
	}
	return b.String()
}

func TestPayloadsAreHarmless(t *testing.T) {
	list := strings.Split(strings.TrimSpace(payloads), "\n")
	if len(list) < 100 {
		t.Fatalf("%d payloads", len(list))
	}
	refused := 0
	for _, line := range list {
		payload := strings.NewReplacer(`\\`, `\`, `\n`, "\n", `\t`, "\t").Replace(line)
		for _, text := range []string{payload + "\n", exampleSim + "Before. " + payload + " After.\n", exampleSim + "\n> " + strings.ReplaceAll(payload, "\n", "\n> ") + "\n"} {
			folder := exampleFolder(text)
			folder["a.png"] = &fstest.MapFile{Data: []byte("x")}
			c, err := Load(folder)
			if err != nil {
				t.Fatal(err)
			}
			if len(c.Lessons) == 0 {
				refused++
			}
			for _, l := range c.Lessons {
				if why := harm(everything(l)); why != "" {
					t.Errorf("%q brings %s:\n%s", line, why, everything(l))
				}
			}
		}
		// In a title and a summary a payload is text.
		c, err := Load(fstest.MapFS{"10-x.md": {Data: []byte("---\ntitle: '" + strings.ReplaceAll(line, "'", "''") + "'\nsummary: x\norder: 1\n---\n\n# " + line + "\n")}})
		if err != nil {
			t.Fatal(err)
		}
		for _, l := range c.Lessons {
			if why := harm(l.TitleHTML); why != "" {
				t.Errorf("%q as a title brings %s", line, why)
			}
		}
	}
	if refused < len(list) {
		t.Errorf("only %d lessons with payloads are refused", refused)
	}
	// The test finds what it looks for.
	for _, bad := range []string{"<script>x</script>", `<p onclick="x">`, `<a href="javascript:x">`, `<a href="java&#10;script:x">`, `<a href="//evil.example">`, "<svg></svg>", "<!-- x -->"} {
		if harm(bad) == "" {
			t.Errorf("%s is taken for harmless", bad)
		}
	}
}

// bombs are texts of a megabyte that a parser of markdown may take for ever over. Loading one ends, refused or not.
var bombs = map[string]string{
	"quotes":                   strings.Repeat(">", maxFile),
	"quotes with blanks":       strings.Repeat("> ", maxFile/2),
	"quotes, line by line":     strings.Repeat("> > > > > > > > > > > > > > > >\n", maxFile/32),
	"lists":                    strings.Repeat("- ", maxFile/2),
	"lists, line by line":      strings.Repeat("- - - - - - - - - - - - - - x\n", maxFile/30),
	"lists, ever deeper":       deeper("- x"),
	"opening brackets":         strings.Repeat("[", maxFile),
	"brackets":                 strings.Repeat("[a](", maxFile/4),
	"brackets, in paragraphs":  strings.Repeat(strings.Repeat("[a](", 4000)+"\n\n", maxFile/16002),
	"images":                   strings.Repeat("![", maxFile/2),
	"nested links":             strings.Repeat("[", 8000) + strings.Repeat("](x)", 8000),
	"emphasis":                 strings.Repeat("*a_ ", maxFile/4),
	"emphasis in paragraphs":   strings.Repeat(strings.Repeat("*a **b _c __d ", 1100)+"\n\n", maxFile/15402),
	"emphasis closed":          strings.Repeat(strings.Repeat("*", 8000)+"a"+strings.Repeat("*", 8000)+"\n\n", maxFile/16003),
	"strikes":                  strings.Repeat(strings.Repeat("~~a ", 4000)+"\n\n", maxFile/16002),
	"backquotes":               ticks(),
	"one backquote":            strings.Repeat("`", maxFile),
	"fences":                   strings.Repeat("```\n", maxFile/4),
	"open fences":              strings.Repeat("```tcpsim {#a}\n\n", maxFile/16),
	"tables":                   strings.Repeat("|", 8000) + "\n" + strings.Repeat("|-", 4000) + "\n" + strings.Repeat(strings.Repeat("|", 100)+"\n", 500),
	"wide tables":              strings.Repeat("|a", 8000) + "\n" + strings.Repeat("|-", 8000) + "\n" + strings.Repeat("|\n", 20000),
	"link references":          strings.Repeat("[a]: x\n", maxFile/7),
	"references, in use":       "[a]: https://example.com/" + strings.Repeat("x", 8000) + "\n\n" + strings.Repeat(strings.Repeat("[a] ", 2000)+"\n\n", 100),
	"references, many":         many("[r%d]: x\n", maxFile/24) + "\n" + many("[r%d] ", maxFile/24),
	"references, apart":        many("[r%d]: x\n\n", maxFile/26) + many("[r%d]\n\n", maxFile/26),
	"references, not defined":  many("[r%d]", maxFile/16),
	"references, in labels":    many("[r%d]: x\n\n", maxFile/40) + strings.Repeat(strings.Repeat("[a][r1]", 2000)+"\n\n", maxFile/2/14002),
	"references, long labels":  strings.Repeat("["+strings.Repeat("x", 990)+"]: y\n\n["+strings.Repeat("x", 990)+"]\n\n", maxFile/1994),
	"references, never ending": strings.Repeat("[a\n", maxFile/3),
	"references, with titles":  strings.Repeat("[a]: x \"", maxFile/8),
	"references, titles open":  strings.Repeat("[a]: x '\n", maxFile/9),
	"references in quotes":     many("> [r%d]: x\n>\n", maxFile/30) + many("[r%d]\n\n", maxFile/40),
	"brackets, balanced":       strings.Repeat(strings.Repeat("[", 8000)+"a"+strings.Repeat("]", 8000)+"\n\n", maxFile/16003),
	"brackets, by line":        strings.Repeat(strings.Repeat("[a\n", 20000)+"\n", maxFile/60001),
	"brackets and links":       strings.Repeat(strings.Repeat("[[a](b)", 2200)+"\n\n", maxFile/15402),
	"parentheses":              strings.Repeat("[a]("+strings.Repeat("(", 8000)+"\n\n", maxFile/8006),
	"emphasis, mixed":          strings.Repeat(strings.Repeat("a**b*c_d__", 1600)+"\n\n", maxFile/16002),
	"emphasis, long run":       strings.Repeat(strings.Repeat("*a\n", 20000)+"\n", maxFile/60001),
	"emphasis, underscores":    strings.Repeat(strings.Repeat("_", 16000)+"\n\n", maxFile/16002),
	"strikes and emphasis":     strings.Repeat(strings.Repeat("~~*a", 4000)+"\n\n", maxFile/16002),
	"quotes, lazy":             strings.Repeat("> a\nb\n", maxFile/6),
	"quotes, deeper and back":  strings.Repeat("> > > > > > > > a\n\n", maxFile/19),
	"lists, one long":          strings.Repeat("- a\n", maxFile/4),
	"lists, loose":             strings.Repeat("- a\n\n", maxFile/5),
	"lists, numbers":           many("%d. a\n", maxFile/10),
	"lists, alternating":       strings.Repeat("- a\n* b\n+ c\n", maxFile/12),
	"lists, in lists":          strings.Repeat("- a\n  - b\n    - c\n      - d\n", maxFile/32),
	"tables, many":             strings.Repeat("|a|b|\n|-|-|\n|c|d|\n\n", maxFile/19),
	"tables, thousand columns": strings.Repeat(strings.Repeat("|a", 1000)+"\n"+strings.Repeat("|-", 1000)+"\n"+strings.Repeat(strings.Repeat("|", 1001)+"\n", 50)+"\n", 18),
	"tables, escaped pipes":    strings.Repeat("|a\n|-\n"+strings.Repeat("\\|", 8000)+"\n\n", maxFile/16010),
	"tables, never":            strings.Repeat("|-", 8000) + "\n" + strings.Repeat("|-|-\n", 10000),
	"code spans in tables":     strings.Repeat("|a|\n|-|\n|"+strings.Repeat("`|", 7000)+"\n\n", maxFile/14012),
	"links, long":              strings.Repeat("<https://"+strings.Repeat("a", 15000)+">\n\n", maxFile/15013),
	"addresses, almost":        strings.Repeat(strings.Repeat("http://", 2200)+"\n\n", maxFile/15402),
	"headings, the same":       strings.Repeat("## a\n\n", 300),
	"images, nested":           strings.Repeat(strings.Repeat("![", 3000)+strings.Repeat("](a)", 2500)+"\n\n", maxFile/16002),
	"asides":                   strings.Repeat("> [!NOTE]\n> a\n\n", maxFile/15),
	"entities":                 strings.Repeat("&amp;", maxFile/5),
	"entities, never ending":   strings.Repeat("&", maxFile),
	"entities, long":           strings.Repeat("&#"+strings.Repeat("1", 4000)+"\n\n", maxFile/4004),
	"angles":                   strings.Repeat("<", maxFile),
	"half tags":                strings.Repeat(strings.Repeat("<a b", 4000)+"\n\n", maxFile/16002),
	"comments":                 strings.Repeat("<!-- ", maxFile/5),
	"declarations":             strings.Repeat("<!A ", maxFile/4),
	"addresses":                strings.Repeat("www.a.", maxFile/6),
	"e-mails":                  strings.Repeat(strings.Repeat("a@", 4000)+"\n\n", maxFile/8002),
	"backslashes":              strings.Repeat(`\`, maxFile),
	"headings":                 strings.Repeat("## a\n", maxFile/5),
	"rules":                    strings.Repeat("***\n", maxFile/4),
	"blanks":                   strings.Repeat(" ", maxFile),
	"tabs":                     strings.Repeat("\t\n", maxFile/2),
	"empty lines":              strings.Repeat("\n", maxFile),
	"marks":                    strings.Repeat("{run: ", maxFile/6),
	"marks, line by line":      strings.Repeat("1{run:\n", maxFile/7),
	"citations":                strings.Repeat("RFC ", maxFile/4),
	"citations of many":        strings.Repeat("RFC 9293 sections 3.1, ", maxFile/23),
	"setext":                   strings.Repeat("a\n=\n", maxFile/4),
	"braces":                   "```tcpsim {" + strings.Repeat("a=b ", 4000) + "}\n```\n",
	"long YAML":                "---\n" + strings.Repeat("a: [", 2000) + "\n---\n",
}

// many is a text with a number in it, again and again.
func many(format string, n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, format, i)
	}
	return b.String()
}

func deeper(s string) string {
	var b strings.Builder
	for i := 0; b.Len() < maxFile-2000 && i < 1000; i++ {
		b.WriteString(strings.Repeat("  ", i) + s + "\n")
	}
	return b.String()
}

// ticks are runs of backquotes of every length, none of which is closed.
func ticks() string {
	var b strings.Builder
	for i := 1; b.Len() < maxRun-2000; i++ {
		b.WriteString(strings.Repeat("`", i%180+1) + "a ")
	}
	return strings.Repeat(b.String()[:maxLine-10]+"\n\n", maxFile/maxLine)
}

func loadBomb(t testing.TB, name string, size int) {
	t.Helper()
	text := exampleHead + bombs[name]
	if name == "long YAML" {
		text = bombs[name]
	}
	c, err := Load(fstest.MapFS{"10-example.md": {Data: []byte(text[:min(len(text), size)])}})
	if err != nil || len(c.Lessons) == 0 && len(c.Diagnostics.Errors()) == 0 || len(c.Diagnostics) > maxFaults+1 {
		t.Errorf("%s: %v, %d lessons, %d faults", name, err, len(c.Lessons), len(c.Diagnostics))
	}
}

// A quarter of a megabyte shows what grows with the square of it; BenchmarkBombs takes the whole.
func TestBombs(t *testing.T) {
	for name := range bombs {
		loadBomb(t, name, maxFile/4)
	}
}

func BenchmarkBombs(b *testing.B) {
	for name := range bombs {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				loadBomb(b, name, maxFile)
			}
		})
	}
}

// Whatever a lesson names, no file outside of its folder is opened, and none by another name than its own.
func TestNothingOutsideTheFolderIsReached(t *testing.T) {
	outside, dir := t.TempDir(), t.TempDir()
	secret := filepath.Join(outside, "secret.lab")
	write := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(secret, "# swordfish\nserver listen\n")
	write(filepath.Join(dir, "Inside.png"), "x")
	if err := os.Mkdir(filepath.Join(dir, "glossary"), 0o700); err != nil {
		t.Fatal(err)
	}
	for name, target := range map[string]string{"10-link.md": secret, "up.lab": "../" + filepath.Base(outside) + "/secret.lab", "folder": outside, "glossary/link.md": secret} {
		if err := os.Symlink(target, filepath.Join(dir, filepath.FromSlash(name))); err != nil {
			t.Skip(err)
		}
	}
	names := []string{"up.lab", "folder/secret.lab", secret, "../" + filepath.Base(outside) + "/secret.lab", "./../" + filepath.Base(outside) + "/secret.lab",
		"%2e%2e/" + filepath.Base(outside) + "/secret.lab", "..%2f" + filepath.Base(outside) + "%2fsecret.lab", `..\` + filepath.Base(outside) + `\secret.lab`,
		"x/../../" + filepath.Base(outside) + "/secret.lab", "/etc/passwd", "//etc/passwd", "file:///etc/passwd", "C:\\secret.lab", "inside.png", "INSIDE.PNG", "glossary", ".", "", "a\x00b"}
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	for _, name := range names {
		if strings.ContainsRune(name, 0) {
			continue // no lesson can have it
		}
		for _, text := range []string{
			"```ticket {#t run=\"" + name + "\"}\nIt hangs.\n\nsee client tcpdump: 1\n\n- [ ] a\n  > b\n- [x] c\n```\n",
			"```capture {#c file=\"" + name + "\"}\n```\n",
			"![x](" + name + ")\n",
			"[x](" + name + ")\n",
		} {
			write(filepath.Join(dir, "20-lesson.md"), exampleHead+text)
			c, err := Load(root.FS())
			if err != nil {
				t.Fatal(err)
			}
			if len(c.Lessons) > 0 {
				t.Errorf("%q is taken for a file:\n%s", name, everything(c.Lessons[0]))
			}
			if out := c.Diagnostics.String(); strings.Contains(out, "swordfish") {
				t.Errorf("%q: what stands outside is told: %s", name, out)
			}
		}
	}
	if _, err := fs.ReadFile(root.FS(), "up.lab"); err == nil {
		t.Error("the folder lets links out")
	}
}

func unescape(s string) string { return entity.UnescapeString(s) }
