package lessons

import (
	"bytes"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	xast "github.com/yuin/goldmark/extension/ast"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/renderer"
	markup "github.com/yuin/goldmark/renderer/html"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"

	"github.com/handshakelab/lab/engine/diag"
	"github.com/handshakelab/lab/engine/tcp"
	"github.com/handshakelab/lab/engine/wire"
)

// Bounds of a file. Parsing time grows with them, and nesting costs stack.
const (
	maxFile   = 1 << 20
	maxLine   = 16 << 10
	maxNested = 16 // quotes and list items that begin on one line
	maxIndent = 100
	maxRun    = 64 << 10 // bytes without an empty line between
	maxLinks  = 1000     // opening brackets without an empty line between: each is tried as a link, against those before it
	maxAll    = 10000    // opening brackets in all
	maxMarks  = 2000     // *, _ and ~ without an empty line between: each is tried with those before it
	maxRefs   = 500      // definitions of links: each use of one is looked up among them
	maxBlocks = 64
	maxHeads  = 300 // headings: each gets an id of its own, and is compared with the others
	maxFaults = 200
)

// The prose has heading ids; the texts inside blocks do not, or two blocks could have the same.
var (
	prose   = newMarkdown(parser.WithAutoHeadingID())
	snippet = newMarkdown()
)

// A markdown has a parser, and one that finds addresses without marks around them too. That one stops at every blank.
type markdown struct {
	plain, linking parser.Parser
	renderer.Renderer
}

func newMarkdown(opts ...parser.Option) markdown {
	with := func(extensions ...goldmark.Extender) goldmark.Markdown {
		return goldmark.New(
			goldmark.WithParserOptions(opts...),
			goldmark.WithParserOptions(parser.WithInlineParsers(util.Prioritized(runMarks{}, 100))),
			// Alignment as a style attribute would need a weaker content security policy.
			goldmark.WithExtensions(extension.Strikethrough, extension.TaskList,
				extension.NewTable(extension.WithTableCellAlignMethod(extension.TableCellAlignAttribute))),
			goldmark.WithExtensions(extensions...),
			goldmark.WithRendererOptions(renderer.WithNodeRenderers(util.Prioritized(words{}, 100)), markup.WithWriter(measures{markup.DefaultWriter})),
		)
	}
	plain, linking := with(), with(extension.Linkify)
	return markdown{plain.Parser(), linking.Parser(), linking.Renderer()}
}

func (m markdown) parse(source []byte) ast.Node {
	p := m.plain
	if bareLink(source) {
		p = m.linking
	}
	return p.Parse(text.NewReader(source))
}

// bareLink reports whether there may be an address in a text that is not the target of a link.
func bareLink(source []byte) bool {
	for _, mark := range []string{"://", "www.", "@"} {
		for p := 0; ; p += len(mark) {
			i := bytes.Index(source[p:], []byte(mark))
			if i < 0 {
				break
			}
			p += i
			word := 1 + bytes.LastIndexAny(source[:p], " \t\n\v\f\r*_~(") // an address begins behind one of these
			if !bytes.HasSuffix(source[:word], []byte("](")) {
				return true
			}
		}
	}
	return false
}

// measures writes prose.
type measures struct{ markup.Writer }

// Write implements markup.Writer.
func (m measures) Write(w util.BufWriter, source []byte) { m.Writer.Write(w, unbroken(source)) }

var measure = regexp.MustCompile(`(\d) (ms|s)\b`)

// unbroken is a text of the prose in which a number and its unit stay on one line.
func unbroken(text []byte) []byte {
	if !bytes.ContainsAny(text, "0123456789") {
		return text // as most are, and the form takes its time
	}
	return measure.ReplaceAll(text, []byte("$1\u00a0$2"))
}

// words renders what has a meaning of its own in a lesson: control bits, states and asides.
type words struct{}

// RegisterFuncs implements renderer.NodeRenderer.
func (words) RegisterFuncs(reg renderer.NodeRendererFuncRegisterer) {
	reg.Register(ast.KindCodeSpan, renderCode)
	reg.Register(kindAside, renderAside)
	reg.Register(kindRunMark, renderRunMark)
}

func renderCode(w util.BufWriter, source []byte, n ast.Node, entering bool) (ast.WalkStatus, error) {
	if entering {
		_, _ = w.WriteString(codeHTML(codeText(n, source)))
	}
	return ast.WalkSkipChildren, nil
}

// codeText is the text of a code span.
func codeText(n ast.Node, source []byte) string {
	var b strings.Builder
	for c := n.FirstChild(); c != nil; c = c.NextSibling() {
		if t, ok := c.(*ast.Text); ok {
			b.WriteString(strings.ReplaceAll(string(t.Segment.Value(source)), "\n", " "))
		}
	}
	return b.String()
}

// maxUnbroken is how long a text in backquotes may be, in bytes, that is kept on one line: it fits into the narrowest column.
const maxUnbroken = 18

// codeHTML is what a text in backquotes looks like: `SYN-ACK` is a pair of chips, `SYN-RECEIVED` a state, the rest code.
func codeHTML(s string) string {
	if html, ok := protocolWords()[s]; ok {
		return html
	}
	open := "<code>"
	if len(s) > maxUnbroken {
		open = `<code class="long">`
	}
	return open + string(util.EscapeHTML([]byte(s))) + "</code>"
}

// protocolWords are the texts in backquotes that are not shown as code.
var protocolWords = sync.OnceValue(func() map[string]string {
	html := map[string]string{}
	for f := wire.Flags(1); f != 0; f++ {
		chips := ChipsHTML(f)
		html[f.Kind()], html[f.String()] = chips, chips
	}
	for s := range tcp.NumStates {
		html[s.String()] = `<b class="state">` + s.String() + `</b>`
	}
	return html
})

// ChipsHTML returns the chips of a set of control bits, joined when there are several.
func ChipsHTML(f wire.Flags) string {
	names := strings.Split(f.String(), ",")
	var b strings.Builder
	for i, name := range names {
		if i > 0 {
			b.WriteString(`<span class="vh">-</span>`) // so that it is read, and copied, as SYN-ACK
		}
		b.WriteString(`<span class="chip ` + strings.ToLower(name) + `">` + name + `</span>`)
	}
	if len(names) == 1 {
		return b.String()
	}
	return `<span class="chips">` + b.String() + `</span>`
}

// answerAside is the kind of an aside that is hidden until the reader asks for it.
const answerAside = "ANSWER"

// An aside is a block quote that begins with [!NOTE] or one of its siblings.
type aside struct {
	ast.BaseBlock
	kind, label string
}

var (
	kindAside  = ast.NewNodeKind("Aside")
	asideKinds = []string{"NOTE", "TIP", "IMPORTANT", "WARNING", "CAUTION", answerAside}
	asideMark  = regexp.MustCompile(`^\[!([A-Za-z]+)\]\s*$`)
)

// Kind implements ast.Node.
func (*aside) Kind() ast.NodeKind { return kindAside }

// Dump implements ast.Node.
func (a *aside) Dump(source []byte, level int) { ast.DumpHelper(a, source, level, nil, nil) }

func renderAside(w util.BufWriter, _ []byte, n ast.Node, entering bool) (ast.WalkStatus, error) {
	kind, label := n.(*aside).kind, n.(*aside).label
	if !entering {
		end := "</aside>\n"
		if kind == answerAside {
			end = "</details>\n"
		}
		_, _ = w.WriteString(end)
		return ast.WalkContinue, nil
	}
	if kind == answerAside {
		_, _ = fmt.Fprintf(w, "<details class=\"answer\">\n<summary>%s</summary>\n", label)
		return ast.WalkContinue, nil
	}
	class := "note"
	if kind != "NOTE" {
		class += " " + strings.ToLower(kind)
	}
	_, _ = fmt.Fprintf(w, "<aside class=\"%s\" aria-label=\"%s\">\n<p class=\"label\">%s</p>\n", class, label, label)
	return ast.WalkContinue, nil
}

// bounded reports lines that would make parsing slow or deep. ok is false when there is one.
func (f *faults) bounded() (ok bool) {
	ok = true
	run, heads, links, all, refs, marks := 0, 0, 0, 0, 0, 0
	for i, start := range f.lines {
		end := len(f.text)
		if i+1 < len(f.lines) {
			end = f.lines[i+1]
		}
		line := f.text[start:end]
		before := run
		if run += len(line); len(bytes.TrimSpace(line)) == 0 {
			run, links, marks = 0, 0, 0
		}
		brackets := bytes.Count(line, []byte("["))
		linksBefore, allBefore, marksBefore := links, all, marks
		marks += bytes.Count(line, []byte("*")) + bytes.Count(line, []byte("_")) + bytes.Count(line, []byte("~"))
		links, all = links+brackets, all+brackets
		if brackets > 0 && reference.Match(line) {
			refs++
		}
		// A line of = or - may be a heading too.
		if c := bytes.TrimLeft(line, " \t>"); len(c) > 0 && (c[0] == '#' || c[0] == '=' || c[0] == '-' && len(bytes.Trim(c, "- \t\n")) == 0) {
			heads++
		}
		switch depth, indent := nesting(line); {
		case len(line) > maxLine:
			f.add("too-deep", start, start, "break it", "the line has more than %d bytes", maxLine)
		case before <= maxRun && run > maxRun:
			f.add("too-deep", start, start, "put empty lines between paragraphs", "there are more than %d bytes without an empty line", maxRun)
		case heads == maxHeads+1:
			f.add("too-deep", start, start, "split the lesson", "there are more than %d headings", maxHeads)
		case linksBefore <= maxLinks && links > maxLinks:
			f.add("too-many-marks", start, start, "put empty lines between paragraphs", "there are more than %d opening brackets without an empty line", maxLinks)
		case allBefore <= maxAll && all > maxAll:
			f.add("too-many-marks", start, start, "split the lesson", "there are more than %d opening brackets", maxAll)
		case marksBefore <= maxMarks && marks > maxMarks:
			f.add("too-many-marks", start, start, "put empty lines between paragraphs", "there are more than %d of *, _ and ~ without an empty line", maxMarks)
		case refs == maxRefs+1 && reference.Match(line):
			f.add("too-many-marks", start, start, "write the address behind the text: [text](address)", "there are more than %d definitions of links", maxRefs)
		case depth > maxNested:
			f.add("too-deep", start, start, "", "quotes and lists are nested more than %d deep", maxNested)
		case indent > maxIndent:
			f.add("too-deep", start, start, "", "the line is indented by more than %d columns", maxIndent)
		default:
			continue
		}
		ok = false
	}
	return ok
}

// A line that may define a link, in quotes and lists too. A definition may go on in the next lines, but begins on one.
var reference = regexp.MustCompile(`^[\s>*+0-9.)-]*\[[^\]]*(?:\]:|$)`)

// nesting counts the quote and list marks that a line begins with, and its indentation.
func nesting(line []byte) (depth, indent int) {
	i := 0
	for i < len(line) {
		switch c := line[i]; {
		case c == '\t':
			indent += 4
		case c == ' ':
			indent++
		case c == '>':
			depth++
		case c == '-' || c == '*' || c == '+':
			if i+1 < len(line) && line[i+1] != ' ' && line[i+1] != '\t' {
				return depth, indent
			}
			depth++
		case '0' <= c && c <= '9':
			for i < len(line) && '0' <= line[i] && line[i] <= '9' {
				i++
			}
			if i == len(line) || line[i] != '.' && line[i] != ')' {
				return depth, indent
			}
			depth++
		default:
			return depth, indent
		}
		i++
	}
	return depth, indent
}

// A fragment is a piece of the file that is markdown by itself: all of it, or a text inside a block.
type fragment struct {
	text []byte
	base int // offset of text in the file
	doc  ast.Node
}

func (d *draft) fragment(md markdown, at span) fragment {
	src := d.text[at.start:at.end]
	return fragment{src, at.start, md.parse(src)}
}

// snippetHTML checks and renders a text inside a block.
func (d *draft) snippetHTML(at span) string {
	text := string(d.text[at.start:at.end])
	if html, known := d.written[text]; known {
		return html
	}
	html, plain := d.sentence(at)
	if !plain {
		fr := d.fragment(snippet, at)
		d.checkProse(fr, fr.doc, false)
		html = d.html(fr, fr.doc)
	}
	if d.writes != nil {
		d.writes[text] = html
	}
	return html
}

// notPlain are what has a meaning in markdown, backquotes apart, wherever it stands in a line.
const notPlain = "\\*_[]<>&!~{|\t\n"

// sentence is snippetHTML of a text that is one line of words and code, as four of five in a course are. It comes to the same and is
// several times as fast, which counts where there are thousands.
func (d *draft) sentence(at span) (html string, ok bool) {
	text := d.text[at.start:at.end]
	line := bytes.TrimLeft(text, " ")
	indent := len(text) - len(line)
	line = bytes.TrimRight(line, " \n")
	if indent > 3 || len(line) == 0 || line[0] != '`' && !isLetter(line[0]) || bytes.ContainsAny(line, notPlain) || bareLink(line) {
		return "", false
	}
	pieces := bytes.Split(line, []byte("`"))
	for i, code := range pieces {
		// Several backquotes in a row are another mark, and blanks at the ends of code are not shown.
		between := len(code) == 0 && i > 0 && i < len(pieces)-1
		if between || i%2 == 1 && (i == len(pieces)-1 || code[0] == ' ' || code[len(code)-1] == ' ') {
			return "", false
		}
	}
	var b strings.Builder
	b.WriteString("<p>")
	pos := at.start + indent
	for i, piece := range pieces {
		if i%2 == 0 {
			b.Write(util.EscapeHTML(unbroken(piece)))
		} else {
			code := string(piece)
			b.WriteString(codeHTML(code))
			d.numbers(code, pos-1)
		}
		pos += len(piece) + 1
	}
	b.WriteString("</p>\n")
	return b.String(), true
}

func isLetter(c byte) bool { return 'a' <= c|0x20 && c|0x20 <= 'z' }

func (d *draft) html(fr fragment, n ast.Node) string {
	d.rendered.Reset()
	// Rendering to memory cannot fail.
	_ = prose.Render(&d.rendered, fr.text, n)
	return d.rendered.String()
}

// memory is a buffer that the renderer takes as it is: around any other writer it puts one with a buffer of its own, for each of the
// many short texts of a lesson.
type memory struct{ bytes.Buffer }

func (*memory) Flush() error  { return nil }
func (*memory) Buffered() int { return 0 }

// inlineHTML renders the content of a node without the node.
func (d *draft) inlineHTML(fr fragment, n ast.Node) string {
	var b strings.Builder
	for c := n.FirstChild(); c != nil; c = c.NextSibling() {
		b.WriteString(d.html(fr, c))
	}
	return strings.TrimSpace(b.String())
}

// plain is the text of a node without any marks.
func plain(n ast.Node, source []byte) string {
	return strings.Join(strings.Fields(rawText(n, source)), " ")
}

// checkProse reports what is wrong in the prose below n, and turns links, asides and lists of steps into what they
// are shown as. Task lists are part of a quiz only.
func (d *draft) checkProse(fr fragment, n ast.Node, tasks bool) {
	var quotes []*ast.Blockquote
	_ = ast.Walk(n, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if !entering {
			if l, ok := n.(*ast.List); ok {
				stepsList(l)
			}
			return ast.WalkContinue, nil
		}
		at := fr.base + max(n.Pos(), 0)
		switch n := n.(type) {
		case *ast.HTMLBlock:
			if n.Lines().Len() > 0 {
				at = fr.base + n.Lines().At(0).Start
				at += len(d.text[at:]) - len(bytes.TrimLeft(d.text[at:], " \t"))
			}
			d.add("raw-html", at, at, "write markdown", "HTML is not allowed in lessons")
		case *ast.RawHTML:
			at = fr.base + n.Segments.At(0).Start
			d.add("raw-html", at, fr.base+n.Segments.At(n.Segments.Len()-1).Stop, "write markdown, or put code in backquotes", "HTML is not allowed in lessons")
		case *ast.Link:
			d.link(fr, n, at)
		case *ast.AutoLink:
			if url := string(n.URL(fr.text)); n.AutoLinkType == ast.AutoLinkURL {
				d.checkScheme(url, at)
			}
		case *ast.Image:
			d.image(fr, n, at)
		case *runMark:
			d.say(fr, n)
		case *ast.Text:
			if value := n.Segment.Value(fr.text); bytes.IndexByte(value, '{') >= 0 && n.Parent().Kind() != ast.KindCodeSpan {
				d.strayMarks(fr.base+n.Segment.Start, value)
			}
		case *ast.CodeSpan:
			d.numbers(codeText(n, fr.text), at)
		case *ast.Blockquote:
			quotes = append(quotes, n)
		case *xast.TaskCheckBox:
			if !tasks {
				at = fr.base + max(n.Parent().Pos(), 0)
				d.add("stray-task", at, at, "put it in a quiz block", "a task list is for quizzes")
			}
		}
		return ast.WalkContinue, nil
	})
	for _, q := range quotes {
		d.quote(fr, q)
	}
}

// quote turns a block quote whose first line is [!NOTE] into an aside.
func (d *draft) quote(fr fragment, q *ast.Blockquote) {
	p, ok := q.FirstChild().(*ast.Paragraph)
	if !ok || p.Lines().Len() == 0 {
		return
	}
	line := p.Lines().At(0)
	m := asideMark.FindSubmatch(line.Value(fr.text))
	if m == nil {
		return
	}
	kind := strings.ToUpper(string(m[1]))
	if !slices.Contains(asideKinds, kind) {
		d.add("unknown-aside", fr.base+line.Start, fr.base+line.Start+len(m[1])+3,
			diag.DidYouMean("there are "+strings.Join(asideKinds, ", "), kind, asideKinds...), "there is no aside [!%s]", m[1])
		return
	}
	for c := p.FirstChild(); c != nil; {
		next := c.NextSibling()
		t, isText := c.(*ast.Text)
		p.RemoveChild(p, c)
		if isText && (t.SoftLineBreak() || t.HardLineBreak()) {
			break
		}
		c = next
	}
	if p.FirstChild() == nil {
		q.RemoveChild(q, p)
	}
	a := &aside{kind: kind, label: phrase(d.lesson.Lang, kind[:1]+strings.ToLower(kind[1:]))}
	for c := q.FirstChild(); c != nil; {
		next := c.NextSibling()
		a.AppendChild(a, c)
		c = next
	}
	if a.FirstChild() == nil {
		d.add("unknown-aside", fr.base+line.Start, fr.base+line.Start, "write its text in the next line, behind a >", "the aside is empty")
	}
	q.Parent().ReplaceChild(q.Parent(), q, a)
}

// stepsList marks a list whose items all begin with a playhead link.
func stepsList(l *ast.List) {
	for item := l.FirstChild(); item != nil; item = item.NextSibling() {
		block := item.FirstChild()
		if block == nil {
			return
		}
		link, ok := block.FirstChild().(*ast.Link)
		if !ok {
			return
		}
		if _, ok := link.AttributeString("data-at"); !ok {
			return
		}
	}
	l.Marker, l.Start = '.', 1
	l.SetAttributeString("class", "steps")
}

var (
	scheme  = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9+.-]*:`)
	schemes = map[string]bool{"http": true, "https": true, "mailto": true}
)

// checkScheme reports a URL that a lesson must not lead to. ok is true for one with an allowed scheme.
func (d *draft) checkScheme(url string, at int) (absolute, ok bool) {
	found := scheme.FindString(url)
	if found == "" {
		return false, true
	}
	if !schemes[strings.ToLower(strings.TrimSuffix(found, ":"))] {
		d.add("link-scheme", at, at, "http, https and mailto are allowed", "a link must not use %s", found)
		return true, false
	}
	return true, true
}

// link checks a link and gives it its target on the site.
func (d *draft) link(fr fragment, n *ast.Link, at int) {
	dest := string(n.Destination)
	if absolute, ok := d.checkScheme(dest, at); absolute || !ok {
		return
	}
	file, anchor, _ := strings.Cut(dest, "#")
	if id, instant, ok := strings.Cut(anchor, "@"); ok && file == "" {
		d.seek(fr, n, id, instant, at)
		return
	}
	switch {
	case dest == "":
		d.add("link-target", at, at, "", "the link leads nowhere")
	case file == "":
		if !d.anchors[anchor] {
			d.add("link-target", at, at, diag.DidYouMean("headings and blocks have anchors", anchor, d.anchorNames()...), "this lesson has no #%s", anchor)
		}
	case strings.HasPrefix(dest, "/"):
		d.add("link-target", at, at, "write a link relative to this file", "the site may live under another path than /")
	case path.Ext(file) == ".md":
		target := path.Join(path.Dir(d.file), file)
		slug, ok := d.shelf.slugs[target]
		switch {
		case !ok && path.Dir(target) == glossaryFolder:
			d.add("term-not-in-glossary", at, at, diag.DidYouMean("write the card, or leave the link out", target, d.shelf.names()...), "the glossary has no card %s", path.Base(file))
			return
		case !ok:
			d.add("link-target", at, at, diag.DidYouMean("", file, d.shelf.names()...), "there is no lesson %s", file)
			return
		}
		if n.Destination = []byte(d.address(slug)); anchor != "" {
			n.Destination = []byte(d.address(slug) + "#" + anchor)
			d.crossLinks = append(d.crossLinks, crossLink{target, anchor, at})
		}
	default:
		n.Destination = []byte(d.media("link-target", file, at, linkedName, ".pcap, .pcapng, .lab, .pkt, or that of an image"))
	}
}

// address is where the page of another file lies, as seen from the page of this one: lessons/NAME, glossary/NAME, interview/NAME.
func (d *draft) address(slug string) string {
	if path.Dir(slug) == path.Dir(d.lesson.Slug) {
		return path.Base(slug)
	}
	if path.Dir(slug) == "." {
		slug = "lessons/" + slug
	}
	return "../" + slug
}

// A crossLink is a link to a place in another lesson, which is checked when all are read.
type crossLink struct {
	file, anchor string
	at           int
}

// seek checks a playhead link, such as [1,050 ms](#lost@1050ms).
func (d *draft) seek(fr fragment, n *ast.Link, id, instant string, at int) {
	sim, ok := d.sims[id]
	if !ok {
		if !d.badSims[id] {
			d.add("seek-target", at, at, diag.DidYouMean("", id, d.simNames()...), "this lesson has no simulator #%s", id)
		}
		return
	}
	t, err := tcp.ParseTime(instant)
	if err != nil {
		d.add("seek-target", at, at, "write a time, such as #"+id+"@50ms", "%s", err)
		return
	}
	if end := sim.World.Now(); t > end {
		d.add("seek-target", at, at, "", "the run of #%s ends at %s", id, end)
		return
	}
	happens := t == sim.At
	for i := range sim.Events {
		happens = happens || sim.Events[i].At == t
	}
	if !happens {
		d.add("seek-nothing", at, at, "", "nothing happens in #%s at %s", id, t)
	}
	if said, ok := saidTime(neutral(plain(n, fr.text), d.lesson.Lang)); ok && said != t {
		d.add("seek-text", at, at, "", "the link says %s and leads to %s", said, t)
	}
	n.Destination = []byte("#" + id)
	n.SetAttributeString("class", "seek")
	n.SetAttributeString("data-sim", id)
	n.SetAttributeString("data-at", strconv.FormatInt(int64(t), 10))
}

// saidTime reads a time as prose writes it: "1,050 ms", "10 s".
func saidTime(s string) (tcp.Time, bool) {
	s = bareDigits.Replace(s)
	t, err := tcp.ParseTime(s)
	return t, err == nil && s != ""
}

func (d *draft) image(fr fragment, n *ast.Image, at int) {
	dest := string(n.Destination)
	if plain(n, fr.text) == "" {
		d.add("image", at, at, "say in the brackets what it shows", "the image has no alternative text")
	}
	if scheme.MatchString(dest) || strings.HasPrefix(dest, "/") {
		d.add("image", at, at, "put it beside the lesson", "an image must be a file of the lesson's folder")
		return
	}
	n.Destination = []byte(d.media("image", dest, at, imageName, ".svg, .png, .jpg, .gif, .webp or .avif"))
}

// media is where the page finds a file beside the lesson. A fault has the given code.
func (d *draft) media(code, dest string, at int, form *regexp.Regexp, endings string) (address string) {
	name := path.Join(path.Dir(d.file), dest)
	switch {
	case !d.has(name):
		d.add(code, at, at, "", "there is no file %s beside the lesson", dest)
		return dest
	case !form.MatchString(name):
		d.add(code, at, at, "a name has letters, digits, hyphens and an ending of "+endings, "the lab does not serve %s", dest)
		return dest
	}
	address = "../" + mediaFolder + name
	if slices.ContainsFunc(d.lesson.Media, func(m Media) bool { return m.Name == name }) {
		return address
	}
	switch data, err := d.read(name, maxMedia); {
	case len(d.lesson.Media) == maxMediaFiles:
		d.add(code, at, at, "split the lesson", "the lesson has more than %d files beside it", maxMediaFiles)
	case err != nil:
		d.add(code, at, at, "", "%s cannot be served: %s", dest, err)
	default:
		d.lesson.Media = append(d.lesson.Media, Media{name, data})
	}
	return address
}

// mediaFolder is where the lab has the files beside lessons.
const mediaFolder = "media/"

// Bounds of the files beside a lesson.
const (
	maxMedia      = 1 << 20
	maxMediaFiles = 32
)

// Names that mean the same in a URL as on a disk, of what can be shown and of what can be taken along.
var (
	imageName  = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._/-]*\.(svg|png|jpe?g|gif|webp|avif)$`)
	linkedName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._/-]*\.(svg|png|jpe?g|gif|webp|avif|pcap|pcapng|lab|pkt)$`)
)

// numbersInCode finds the numbers that prose claims a segment has.
var numbersInCode = regexp.MustCompile(`\b(seq|ack) (\d+)\b`)

// A claim is a sequence or acknowledgment number in the prose.
type claim struct {
	what   string
	n      uint64
	at     int
	varied bool // in a question about a simulator whose numbers vary
}

func (d *draft) numbers(code string, at int) {
	if !strings.Contains(code, "seq ") && !strings.Contains(code, "ack ") {
		return // most are about something else, and the form takes its time
	}
	for _, m := range numbersInCode.FindAllStringSubmatch(code, -1) {
		n, err := strconv.ParseUint(m[2], 10, 64)
		if err == nil {
			d.claims = append(d.claims, claim{what: m[1], n: n, at: at})
		}
	}
}
