package archive

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/handshakelab/lab/web/store"
)

// Whatever comes, what is taken of it can be kept, and is written so that it is read as the same.
func FuzzRead(f *testing.F) {
	const first = `{"export":"handshake-lab","version":1,"format":0,"at":"2026-01-02T03:04:05Z"}` + "\n"
	f.Add(first + `{"key":"class.x","value":{"id":"x"}}` + "\n" + `{"log":"room.x","text":"a"}` + "\n" + `{"end":true,"records":1,"entries":1}`)
	f.Add(first + `{"key":"progress.a.b.c.d","value":{"best":1}}`)
	f.Add(first + `{"key":"a","bytes":"/w=="}` + "\n" + `{"key":"a","deleted":true}` + "\n")
	f.Fuzz(func(t *testing.T, text string) {
		in := newReader(strings.NewReader(text))
		if _, err := in.header(); err != nil {
			return
		}
		_, _ = in.hand(t.Context(), func(l line) {
			for part := range strings.SplitSeq(l.Key+l.Log, ".") {
				store.Key(part) // panics when it is none
			}
			var again line
			again.set(l.get())
			var b bytes.Buffer
			enc := json.NewEncoder(&b)
			enc.SetEscapeHTML(false)
			if err := enc.Encode(line{Key: "a", Value: again.Value, Text: again.Text, Bytes: again.Bytes}); err != nil {
				t.Fatal(err)
			}
			written := b.String()
			var read line
			if err := newReader(&b).next(&read); err != nil {
				t.Fatalf("%s: %v", written, err)
			}
			if !bytes.Equal(read.get(), l.get()) {
				t.Errorf("%q is written as %s", l.get(), written)
			}
		}, nil)
	})
}
