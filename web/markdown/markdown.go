// Package markdown writes the public part of a page as markdown: what a page shows of a lesson, a card or a question, without
// the answers, the feedback and the solutions, which it never sees.
package markdown

import (
	"cmp"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/handshakelab/lab/lessons"
)

// Lesson writes a lesson, a card or a page of questions. Its page is at the given address, where exercises are answered.
func Lesson(l *lessons.Lesson, page string) string {
	var w writer
	w.block("# " + Escape(l.Title))
	if l.Summary != "" {
		w.block(Escape(l.Summary))
	}
	for _, p := range l.Parts {
		switch {
		case p.Sim != nil:
			w.block("**" + Escape(p.Sim.Title) + "**, [a run to step through](" + page + "#" + p.Sim.ID + "):")
			w.block("```\n" + scenario(p.Sim.Source) + "\n```")
		case p.Predict != nil:
			w.html(p.Predict.Question)
			if !p.Predict.Free {
				var list []string
				for _, c := range p.Predict.Choices {
					list = append(list, c.HTML)
				}
				w.list(list)
			}
			w.answer(page, p.Predict.ID)
		case p.Ticket != nil:
			w.block("**" + Escape(p.Ticket.Title) + "**")
			w.html(p.Ticket.HTML)
			var looks []string
			for _, l := range p.Ticket.Looks {
				looks = append(looks, fmt.Sprintf("`%s`, %d points", l.Name(), l.Cost))
			}
			w.items(looks)
			w.list(p.Ticket.Causes)
			w.answer(page, p.Ticket.ID)
		case p.Capture != nil:
			w.block("**" + Escape(p.Capture.Title) + "**, [a capture to step through](" + page + "#" + p.Capture.ID + ")")
			w.html(p.Capture.HTML)
		case p.Quiz != nil:
			w.html(p.Quiz.Question)
			w.list(p.Quiz.Options)
			if h := p.Quiz.Header; h != nil {
				var fields []string
				for _, f := range h.Parts {
					if f.Hidden {
						f.Value = strings.TrimSpace(f.Value + " ?")
					}
					fields = append(fields, f.Name+" "+Escape(f.Value))
				}
				w.items(fields)
			}
			w.answer(page, p.Quiz.ID)
		case p.Challenge != nil:
			w.block("**" + Escape(p.Challenge.Title) + "**")
			w.html(p.Challenge.HTML)
			w.items(slices.Clone(p.Challenge.Goals)) // which it changes
			w.answer(page, p.Challenge.ID)
		default:
			w.html(p.HTML)
		}
	}
	return w.String()
}

// scenario is the text of a run without what the author says of its outcome.
func scenario(source string) string {
	var lines []string
	for line := range strings.Lines(strings.TrimSpace(source)) {
		if verb, _, _ := strings.Cut(strings.TrimSpace(line), " "); verb != "expect" && verb != "#" {
			lines = append(lines, strings.TrimRight(line, " \n"))
		}
	}
	return strings.Join(lines, "\n")
}

// A writer writes blocks with an empty line between.
type writer struct{ strings.Builder }

func (w *writer) block(s string) {
	if s = strings.Trim(s, "\n"); strings.TrimSpace(s) == "" {
		return
	}
	if w.Len() > 0 {
		w.WriteString("\n")
	}
	w.WriteString(s + "\n")
}

func (w *writer) html(source string) {
	for _, b := range blocks(parse(source)) {
		w.block(b)
	}
}

// list writes options, each in HTML.
func (w *writer) list(options []string) {
	var items []string
	for _, o := range options {
		items = append(items, strings.Join(blocks(parse(o)), "\n\n"))
	}
	w.items(items)
}

func (w *writer) items(list []string) {
	for i, item := range list {
		list[i] = "- " + indent(item, "  ")
	}
	w.block(strings.Join(list, "\n"))
}

func (w *writer) answer(page, id string) {
	w.block("[Answer it on the page](" + page + "#" + id + ")")
}

func indent(s, by string) string { return strings.ReplaceAll(s, "\n", "\n"+by) }

var inline = map[string]bool{"": true, "a": true, "em": true, "strong": true, "code": true, "b": true, "span": true, "del": true, "img": true, "br": true}

// blocks writes the children of a node.
func blocks(n *node) (list []string) {
	var run []*node
	flush := func() {
		if s := strings.TrimSpace(inlines(run)); s != "" {
			list = append(list, s)
		}
		run = nil
	}
	for _, c := range n.children {
		if inline[c.name] {
			run = append(run, c)
			continue
		}
		flush()
		list = append(list, block(c)...)
	}
	flush()
	return list
}

func block(n *node) []string {
	switch n.name {
	case "h2", "h3", "h4", "h5", "h6":
		return []string{strings.Repeat("#", int(n.name[1]-'0')) + " " + strings.TrimSpace(inlines(n.children))}
	case "p":
		if n.class("label") { // the aside says it
			return nil
		}
		return []string{strings.TrimSpace(inlines(n.children))}
	case "pre":
		language := ""
		for _, c := range n.children {
			if rest, ok := strings.CutPrefix(c.attrs["class"], "language-"); ok {
				language = rest
			}
		}
		fence := "```"
		text := strings.TrimRight(n.plain(), "\n")
		for strings.Contains(text, fence) {
			fence += "`"
		}
		return []string{fence + language + "\n" + text + "\n" + fence}
	case "hr":
		return []string{"---"}
	case "ul", "ol":
		return []string{listOf(n)}
	case "table":
		return []string{table(n)}
	case "blockquote":
		return []string{quote(strings.Join(blocks(n), "\n\n"))}
	case "aside":
		return []string{quote("[!" + strings.ToUpper(n.attrs["aria-label"]) + "]\n" + strings.Join(blocks(n), "\n\n"))}
	case "details":
		return []string{"*The answer is on the page.*"}
	}
	return blocks(n)
}

func quote(s string) string {
	return strings.ReplaceAll("> "+indent(s, "> "), "> \n", ">\n")
}

func listOf(n *node) string {
	var items []string
	number, _ := strconv.Atoi(n.attrs["start"])
	number = max(number, 1)
	for _, c := range n.children {
		if c.name != "li" {
			continue
		}
		mark := "- "
		if n.name == "ol" {
			mark = strconv.Itoa(number) + ". "
			number++
		}
		// A tight item has its text without a paragraph, and lists in it follow at once.
		items = append(items, mark+indent(strings.Join(blocks(c), "\n"), strings.Repeat(" ", len(mark))))
	}
	return strings.Join(items, "\n")
}

func table(n *node) string {
	var rows []string
	var walk func(*node)
	walk = func(n *node) {
		if n.name != "tr" {
			for _, c := range n.children {
				walk(c)
			}
			return
		}
		row, rule := "|", "|"
		for _, c := range n.children {
			if c.name == "th" || c.name == "td" {
				row += " " + strings.ReplaceAll(strings.TrimSpace(inlines(c.children)), "|", `\|`) + " |"
				rule += cmp.Or(map[string]string{"right": "--:", "center": ":-:"}[c.attrs["align"]], "---") + "|"
			}
		}
		if rows = append(rows, row); len(rows) == 1 {
			rows = append(rows, rule)
		}
	}
	walk(n)
	return strings.Join(rows, "\n")
}

var markup = strings.NewReplacer(`\`, `\\`, "`", "\\`", "*", `\*`, "_", `\_`, "[", `\[`, "]", `\]`, "<", `\<`)

// Escape writes a plain text so that it means itself.
func Escape(s string) string { return markup.Replace(strings.Join(strings.Fields(s), " ")) }

func inlines(list []*node) string {
	var b strings.Builder
	for _, n := range list {
		b.WriteString(inlineText(n))
	}
	return b.String()
}

func inlineText(n *node) string {
	switch n.name {
	case "":
		return markup.Replace(strings.ReplaceAll(n.text, "\n", " "))
	case "code":
		return code(n.plain())
	case "b": // a state
		return code(n.plain())
	case "span": // chips, with what is read between them
		return code(n.plain())
	case "em":
		return "*" + inlines(n.children) + "*"
	case "strong":
		return "**" + inlines(n.children) + "**"
	case "del":
		return "~~" + inlines(n.children) + "~~"
	case "br":
		return "  \n"
	case "img":
		return "![" + markup.Replace(n.attrs["alt"]) + "](" + n.attrs["src"] + ")"
	case "a":
		text := inlines(n.children)
		if n.class("seek") { // there is no playhead here
			return text
		}
		return "[" + text + "](" + Target(n.attrs["href"]) + ")"
	}
	return inlines(n.children)
}

func code(s string) string {
	if strings.Contains(s, "`") {
		return fmt.Sprintf("`` %s ``", s)
	}
	return "`" + s + "`"
}

var absolute = regexp.MustCompile(`^(?:[a-z][a-z0-9+.-]*:|/|#)`)

// Target is where a link leads in markdown: a link to another page of the lab to the markdown of that page.
func Target(href string) string {
	page, anchor, anchored := strings.Cut(href, "#")
	if href == "" || absolute.MatchString(href) || path.Ext(page) != "" {
		return href
	}
	if page += ".md"; anchored {
		page += "#" + anchor
	}
	return page
}
