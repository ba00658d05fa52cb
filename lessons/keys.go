package lessons

import (
	"bytes"
	"regexp"
	"slices"
	"strings"

	"github.com/handshakelab/lab/engine/diag"
)

// A keyLine is a line "key argument: text" of a block. Its text goes on in the lines below it that are indented.
type keyLine struct {
	key, arg      string
	at            span // of key and argument
	argAt, textAt span
}

// keyForm is a key: small letters and hyphens, perhaps an argument, and a colon.
var keyForm = regexp.MustCompile(`^([a-z]+(?:-[a-z]+)*)(?: +([^:\n]*?))? *:(?: |$)`)

// splitKeys splits a block into the markdown that it begins with and its key lines. These begin with the first line that
// looks like one and has no text in front of it.
func (d *draft) splitKeys(body span) (prose span, keys []keyLine) {
	prose = span{body.start, body.end}
	inKeys, blank := false, true
	for p := body.start; p < body.end; {
		next := body.end
		if i := bytes.IndexByte(d.text[p:body.end], '\n'); i >= 0 {
			next = p + i + 1
		}
		line := bytes.TrimRight(d.text[p:next], "\n")
		var m []int
		if bytes.IndexByte(line, ':') > 0 {
			m = keyForm.FindSubmatchIndex(line)
		}
		if m != nil && !inKeys && m[4] >= 0 && string(line[m[2]:m[3]]) != "wrong" && string(line[m[2]:m[3]]) != "see" {
			m = nil // a sentence with a colon in it
		}
		if m != nil && blank && !inKeys {
			inKeys, prose.end = true, p
		}
		switch {
		case !inKeys || len(bytes.TrimSpace(line)) == 0:
		case m != nil:
			k := keyLine{key: string(line[m[2]:m[3]]), at: span{p, p + m[3]}, textAt: span{p + m[1], p + len(line)}}
			if m[4] >= 0 {
				k.arg, k.argAt = string(line[m[4]:m[5]]), span{p + m[4], p + m[5]}
				k.at.end = p + m[5]
			}
			keys = append(keys, k)
		case line[0] == ' ' || line[0] == '\t':
			keys[len(keys)-1].textAt.end = p + len(line)
		default:
			d.add("key-line", p, p+len(line), "write key: text, and indent a line that goes on", "the line is neither a key nor the rest of one")
		}
		blank = len(bytes.TrimSpace(line)) == 0
		p = next
	}
	return prose, keys
}

// keyText is the text of a key line.
func (d *draft) keyText(k keyLine) string {
	return string(bytes.TrimSpace(d.text[k.textAt.start:k.textAt.end]))
}

// splitTail splits a block into the markdown that it begins with and the lines of the named keys at its end.
func (d *draft) splitTail(body span, names ...string) (prose span, keys []keyLine) {
	blank := true
	for p := body.start; p < body.end; {
		next := body.end
		if i := bytes.IndexByte(d.text[p:body.end], '\n'); i >= 0 {
			next = p + i + 1
		}
		line := bytes.TrimRight(d.text[p:next], "\n")
		if m := keyForm.FindSubmatchIndex(line); m != nil && blank && slices.Contains(names, string(line[m[2]:m[3]])) {
			_, keys = d.splitKeys(span{p, body.end})
			for i := range keys {
				if !slices.Contains(names, keys[i].key) {
					d.addSpan("key-line", keys[i].at, diag.DidYouMean("the keys are "+strings.Join(names, ", "), keys[i].key, names...), "there is no key %s here", keys[i].key)
				}
			}
			return span{body.start, p}, keys
		}
		blank = len(bytes.TrimSpace(line)) == 0
		p = next
	}
	return body, nil
}
