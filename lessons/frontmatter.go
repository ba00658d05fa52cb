package lessons

import (
	"bytes"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"

	"github.com/handshakelab/lab/engine/diag"
)

// maxMeta is the largest front matter that is read. A long one takes some 500 bytes.
const maxMeta = 8 << 10

// A meta is the front matter of a file, with the places of what other checks talk about.
type meta struct {
	title, summary       string
	order, minutes       int
	level                string
	needs, tags, sources []string
	kind                 string
	aliases, related     []string

	titleAt, orderAt, kindAt      span
	needsAt, aliasesAt, relatedAt []span
}

var (
	slugForm = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)
)

// cutMeta finds the front matter: the lines between a first line "---" and the next such line. It returns the bytes
// between them and the offset of what follows.
func cutMeta(text []byte) (yamlAt span, rest int, ok bool) {
	if !bytes.HasPrefix(text, []byte("---\n")) {
		return span{}, 0, false
	}
	for start := 4; start < len(text); {
		end := bytes.IndexByte(text[start:], '\n')
		if end < 0 {
			end = len(text) - start
		}
		if strings.TrimRight(string(text[start:start+end]), " \t") == "---" {
			return span{4, start}, min(start+end+1, len(text)), true
		}
		start += end + 1
	}
	return span{}, 0, false
}

// readMeta reads the front matter at the given place: which keys it may have, and which it must have.
func (f *faults) readMeta(at span, keys, needed []string) (m meta) {
	if at.end-at.start > maxMeta {
		f.add("front-matter", at.start, at.start, "", "the front matter has more than %d bytes", maxMeta)
		return m
	}
	body, err := parseYAML(f.text[at.start:at.end])
	if err != nil {
		where := at.start
		var syntax *yaml.SyntaxError
		message := err.Error()
		if errors.As(err, &syntax) {
			message = syntax.Message
			if syntax.Token != nil && syntax.Token.Position != nil {
				where = f.yamlOffset(at, syntax.Token.Position.Line, syntax.Token.Position.Column)
			}
		}
		f.add("front-matter", where, where, "a text with a colon, a backquote or a # in it needs quotes", "%s", message)
		return m
	}
	r := metaReader{faults: f, at: at, keys: keys, seen: map[string]bool{}}
	switch body := body.(type) {
	case nil:
	case *ast.MappingNode:
		for _, v := range body.Values {
			r.entry(&m, v)
		}
	case *ast.MappingValueNode:
		r.entry(&m, body)
	default:
		f.add("front-matter", at.start, at.start, "write lines such as title: The three segments", "the front matter is not a list of keys and values")
		return m
	}
	for _, key := range needed {
		if !r.seen[key] {
			f.add("missing-key", 0, 3, fmt.Sprintf("add a line %s: …", key), "the front matter has no %s", key)
		}
	}
	return m
}

// parseYAML parses one YAML document. Its parser is not ours, so a panic in it becomes an error about this file.
func parseYAML(text []byte) (body ast.Node, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("the front matter cannot be read: %v", p)
		}
	}()
	file, err := parser.ParseBytes(text, 0)
	if err != nil {
		return nil, err
	}
	if len(file.Docs) == 0 {
		return nil, nil
	}
	return file.Docs[0].Body, nil
}

// yamlOffset is the offset in the file of a line and column of the front matter.
func (f *faults) yamlOffset(at span, line, col int) int {
	first, _ := f.place(at.start)
	row := first - 1 + line - 1
	if line < 1 || row >= len(f.lines) {
		return at.start
	}
	offset := f.lines[row]
	for range f.text[offset:at.end] {
		if col--; col < 1 || f.text[offset] == '\n' {
			break
		}
		offset++
		for offset < at.end && f.text[offset]&0xC0 == 0x80 {
			offset++
		}
	}
	return min(offset, at.end)
}

// A metaReader turns the entries of the front matter into a meta.
type metaReader struct {
	*faults
	at   span
	keys []string
	seen map[string]bool
}

func (r *metaReader) span(n ast.Node) span {
	tok := n.GetToken()
	if tok == nil || tok.Position == nil {
		return r.at
	}
	start := r.yamlOffset(r.at, tok.Position.Line, tok.Position.Column)
	return span{start, min(start+len(strings.TrimSpace(tok.Origin)), r.at.end)}
}

func (r *metaReader) entry(m *meta, v *ast.MappingValueNode) {
	key := v.Key.GetToken().Value
	at := r.span(v.Key)
	if r.seen[key] {
		r.addSpan("front-matter", at, "keep one of them", "the key %q is given twice", key)
		return
	}
	r.seen[key] = true
	if !slices.Contains(r.keys, key) {
		key = "" // one that another genre has means nothing here
	}
	switch key {
	case "title":
		m.title, m.titleAt = r.text(key, v.Value), r.span(v.Value)
	case "summary":
		m.summary = r.text(key, v.Value)
	case "order":
		m.order, m.orderAt = r.number(key, v.Value, 1_000_000), r.span(v.Value)
	case "minutes":
		m.minutes = r.number(key, v.Value, 600)
	case "needs":
		m.needs, m.needsAt = r.texts(key, v.Value)
	case "tags":
		m.tags, _ = r.texts(key, v.Value)
	case "sources":
		m.sources, _ = r.texts(key, v.Value)
	case "level":
		m.level = r.oneOf(key, v.Value, Levels)
	case "kind":
		m.kind, m.kindAt = r.oneOf(key, v.Value, CardKinds), r.span(v.Value)
	case "aliases":
		m.aliases, m.aliasesAt = r.texts(key, v.Value)
	case "related":
		m.related, m.relatedAt = r.texts(key, v.Value)
	default:
		key := v.Key.GetToken().Value
		r.addSpan("unknown-key", at, diag.DidYouMean("the keys are "+strings.Join(r.keys, ", "), key, r.keys...), "the front matter has no key %q", key)
	}
}

// text reads a value that is a text.
func (r *metaReader) text(key string, n ast.Node) string {
	var s string
	switch n := n.(type) {
	case *ast.StringNode:
		s = n.Value
	case *ast.LiteralNode:
		s = n.Value.Value
	default:
		r.addSpan("front-matter-value", r.span(n), "put a text in quotes when it looks like something else", "%s must be a text", key)
		return ""
	}
	s = strings.Join(strings.Fields(s), " ")
	if s == "" {
		r.addSpan("front-matter-value", r.span(n), "", "%s is empty", key)
	}
	return s
}

// oneOf reads a value that is one of a few words.
func (r *metaReader) oneOf(key string, n ast.Node, words []string) string {
	s := r.text(key, n)
	if s == "" || slices.Contains(words, s) {
		return s
	}
	r.addSpan("front-matter-value", r.span(n), diag.DidYouMean("it is one of "+strings.Join(words, ", "), s, words...), "%s cannot be %q", key, s)
	return ""
}

func (r *metaReader) number(key string, n ast.Node, most uint64) int {
	if i, ok := n.(*ast.IntegerNode); ok {
		if v, ok := i.Value.(uint64); ok && 1 <= v && v <= most {
			return int(v)
		}
	}
	r.addSpan("front-matter-value", r.span(n), "", "%s must be a whole number from 1 to %d", key, most)
	return 0
}

func (r *metaReader) texts(key string, n ast.Node) (list []string, at []span) {
	seq, ok := n.(*ast.SequenceNode)
	if !ok {
		r.addSpan("front-matter-value", r.span(n), fmt.Sprintf("write %s: [one, two]", key), "%s must be a list", key)
		return nil, nil
	}
	for _, v := range seq.Values {
		if s := r.text("an entry of "+key, v); s != "" {
			list, at = append(list, s), append(at, r.span(v))
		}
	}
	return list, at
}
