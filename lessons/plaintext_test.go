package lessons

import "testing"

func TestPlainText(t *testing.T) {
	for markup, want := range map[string]string{
		"":                             "",
		"plain":                        "plain",
		"<p>One &lt; two.</p><p>Three": "One < two. Three",
		`A <a href="x?a=1&amp;b=2">link</a>, <code>seq&nbsp;1</code>`: "A link, seq 1",
		ChipsHTML(0x12): "SYN-ACK",
	} {
		if got := PlainText(markup); got != want {
			t.Errorf("%q is read as %q, want %q", markup, got, want)
		}
	}
}
