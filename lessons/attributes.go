package lessons

import (
	"slices"
	"strings"

	"github.com/handshakelab/lab/engine/diag"
)

// An info is what stands behind the backquotes of a fence: the kind of the block, and its attributes.
type info struct {
	kind   string
	kindAt span
	id     string
	idAt   span
	values map[string]attribute
}

type attribute struct {
	text string
	at   span // of the text
	key  span
}

// blockAttributes are the attributes that each kind of block has beside its id.
var blockAttributes = map[string][]string{
	"tcpsim":    {"title", "at", "ahead", "vary"},
	"predict":   {"of", "at", "input", "vary"},
	"quiz":      {"kind", "of"},
	"challenge": {"title", "from", "at"},
	"ticket":    {"title", "run", "points", "wrong"},
	"capture":   {"title", "file", "conversation", "profile"},
}

var blockKinds = []string{"tcpsim", "predict", "quiz", "challenge", "ticket", "capture"}

// readInfo reads an info line such as `tcpsim {#lost at=1075ms title="A title"}`. ok is false when it is an ordinary fence, or
// when the attributes are no use.
func (f *faults) readInfo(line span) (in info, ok bool) {
	text := string(f.text[line.start:line.end])
	in.kind, _, _ = strings.Cut(text, " ")
	in.kind, _, _ = strings.Cut(in.kind, "{")
	in.kind = strings.TrimSpace(in.kind)
	in.kindAt = span{line.start, line.start + len(in.kind)}
	known, isBlock := blockAttributes[in.kind]
	if !isBlock {
		// A word next to a block's name is a slip of the keyboard, and code has no id; other fences are code.
		if near := diag.Nearest(in.kind, blockKinds...); near != "" && strings.Contains(text, "{") {
			f.addSpan("unknown-block", in.kindAt, "did you mean "+near+"?", "there is no block %q", in.kind)
		} else if strings.Contains(text, "{#") {
			f.addSpan("unknown-block", in.kindAt, "the blocks are "+strings.Join(blockKinds, ", "), "there is no block %q", in.kind)
		}
		return in, false
	}
	in.values = map[string]attribute{}
	rest := strings.TrimSpace(text[len(in.kind):])
	if rest == "" {
		f.addSpan("missing-id", in.kindAt, "write "+in.kind+" {#a-name}", "the block has no id")
		return in, false
	}
	if rest[0] != '{' || rest[len(rest)-1] != '}' || len(rest) < 2 {
		f.addSpan("attributes", line, "write "+in.kind+" {#a-name key=value}", "the attributes must stand in braces")
		return in, false
	}
	p := line.start + strings.IndexByte(text, '{') + 1
	end := line.start + strings.LastIndexByte(text, '}')
	for p < end {
		if c := f.text[p]; c == ' ' || c == '\t' || c == ',' {
			p++
			continue
		}
		start := p
		for p < end && !strings.ContainsRune(" \t,=", rune(f.text[p])) {
			p++
		}
		word, at := string(f.text[start:p]), span{start, p}
		if p < end && f.text[p] == '=' {
			value := f.attributeValue(&p, end)
			f.setAttribute(&in, known, word, at, value)
			continue
		}
		switch {
		case !strings.HasPrefix(word, "#"):
			f.addSpan("attributes", at, "write "+word+"=…, or #"+word+" for an id", "%q is neither an id nor key=value", word)
		case in.id != "":
			f.addSpan("attributes", at, "keep one of them", "the block has two ids")
		case !slugForm.MatchString(word[1:]):
			in.id, in.idAt = word[1:], at
			f.addSpan("bad-id", at, "use small letters, digits and hyphens", "%q cannot be an id", word[1:])
		default:
			in.id, in.idAt = word[1:], at
		}
	}
	if in.id == "" {
		f.addSpan("missing-id", in.kindAt, "write "+in.kind+" {#a-name}", "the block has no id")
	}
	return in, true
}

// attributeValue reads what follows the = at *p, quoted or not, and moves *p behind it.
func (f *faults) attributeValue(p *int, end int) attribute {
	*p++
	start := *p
	if start < end && f.text[start] == '"' {
		for i := start + 1; i < end; i++ {
			if f.text[i] == '"' {
				*p = i + 1
				return attribute{text: string(f.text[start+1 : i]), at: span{start + 1, i}}
			}
		}
		*p = end
		f.add("attributes", start, end, "close it before the brace", "the quote is not closed")
		return attribute{text: string(f.text[start+1 : end]), at: span{start + 1, end}}
	}
	for *p < end && !strings.ContainsRune(" \t,", rune(f.text[*p])) {
		*p++
	}
	return attribute{text: string(f.text[start:*p]), at: span{start, *p}}
}

func (f *faults) setAttribute(in *info, known []string, key string, at span, value attribute) {
	value.key = at
	_, twice := in.values[key]
	switch {
	case !slices.Contains(known, key):
		f.addSpan("unknown-attribute", at, diag.DidYouMean("it has "+strings.Join(known, ", "), key, known...), "a %s block has no attribute %q", in.kind, key)
	case twice:
		f.addSpan("attributes", at, "keep one of them", "%s is given twice", key)
	case value.text == "":
		f.addSpan("attributes", at, "", "%s has no value", key)
	default:
		in.values[key] = value
	}
}
