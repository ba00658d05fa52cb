package lessons

import (
	"bytes"
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

// keyAt reads the key that a line begins with: small letters and hyphens, perhaps an argument behind a blank, and a colon. Behind that
// comes the text. The line stands at p in the file.
func keyAt(line []byte, p int) (k keyLine, ok bool) {
	colon := bytes.IndexByte(line, ':')
	if colon < 1 || colon+1 < len(line) && line[colon+1] != ' ' {
		return k, false
	}
	head := bytes.TrimRight(line[:colon], " ")
	key, arg, _ := bytes.Cut(head, []byte(" "))
	if len(key) == 0 {
		return k, false
	}
	for i, c := range key {
		if small := 'a' <= c && c <= 'z'; !small && (c != '-' || i == 0 || i == len(key)-1 || key[i-1] == '-') {
			return k, false
		}
	}
	k = keyLine{key: string(key), at: span{p, p + len(head)}, textAt: span{p + min(colon+2, len(line)), p + len(line)}}
	if arg = bytes.TrimLeft(arg, " "); len(arg) > 0 {
		k.arg, k.argAt = string(arg), span{p + len(head) - len(arg), p + len(head)}
	}
	return k, true
}

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
		k, isKey := keyAt(line, p)
		if !inKeys && k.arg != "" && k.key != "wrong" && k.key != "see" {
			isKey = false // a sentence with a colon in it
		}
		if isKey && blank && !inKeys {
			inKeys, prose.end = true, p
		}
		switch {
		case !inKeys || len(bytes.TrimSpace(line)) == 0:
		case isKey:
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
		if k, isKey := keyAt(line, p); isKey && blank && slices.Contains(names, k.key) {
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
