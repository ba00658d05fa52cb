package markdown

import (
	"html"
	"regexp"
	"strings"
)

// A node is an element, or a text when it has no name. The HTML is what package lessons renders: well-formed, attributes quoted.
type node struct {
	name     string
	attrs    map[string]string
	text     string
	children []*node
}

var (
	tag       = regexp.MustCompile(`<(/?)([a-z][a-z0-9]*)([^>]*)>`)
	attribute = regexp.MustCompile(`([a-z-]+)="([^"]*)"`)
	void      = map[string]bool{"img": true, "br": true, "hr": true, "input": true}
)

func parse(source string) *node {
	root := &node{name: "body"}
	open := []*node{root}
	put := func(n *node) {
		top := open[len(open)-1]
		top.children = append(top.children, n)
	}
	// what must not be parted on a page, a number and its unit, are two words in markdown
	words := strings.NewReplacer("\u00a0", " ")
	at := 0
	for _, m := range tag.FindAllStringSubmatchIndex(source, -1) {
		if text := source[at:m[0]]; text != "" {
			put(&node{text: words.Replace(html.UnescapeString(text))})
		}
		at = m[1]
		name := source[m[4]:m[5]]
		if m[2] < m[3] { // a closing tag closes what is open inside of it too
			for i := len(open) - 1; i > 0; i-- {
				if open[i].name == name {
					open = open[:i]
					break
				}
			}
			continue
		}
		n := &node{name: name, attrs: map[string]string{}}
		for _, a := range attribute.FindAllStringSubmatch(source[m[6]:m[7]], -1) {
			n.attrs[a[1]] = html.UnescapeString(a[2])
		}
		put(n)
		if !void[name] {
			open = append(open, n)
		}
	}
	if text := source[at:]; text != "" {
		put(&node{text: words.Replace(html.UnescapeString(text))})
	}
	return root
}

// plain is the text of a node.
func (n *node) plain() string {
	if n.name == "" {
		return n.text
	}
	var b strings.Builder
	for _, c := range n.children {
		b.WriteString(c.plain())
	}
	return b.String()
}

func (n *node) class(name string) bool {
	for c := range strings.FieldsSeq(n.attrs["class"]) {
		if c == name {
			return true
		}
	}
	return false
}
