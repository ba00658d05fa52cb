// Package share turns a run into the text of a link and back. The text is a scenario (package script): the set-up and
// the actions, which is all that a run is.
//
// A link's text is a version, a dot, and the scenario in UTF-8, compressed by deflate without a frame (RFC 1951) and
// written in base64url without padding (RFC 4648 section 5). A browser makes and reads the same with
// CompressionStream("deflate-raw"):
//
//	1.Ss7JTM0rUUjOz8tLTS7hAgQAAP__
//
// It stands behind the # of an address and so never reaches a server's log. Links live for years: what version 1 means
// never changes, and links of the past are kept in testdata and must be readable for ever.
package share

import (
	"bytes"
	"compress/flate"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// The limits of a link and of the text in it, in bytes. A text of MaxText bytes that hardly compresses does not fit into
// MaxLink; Encode then says so.
const (
	MaxLink = 64 << 10
	MaxText = 256 << 10
)

const version = "1."

// An Error says in a sentence for the person who opened the link what is wrong with it.
type Error struct {
	Code    string // stable: "empty", "version", "too-long", "character", "cut-short", "damaged", "too-big", "not-text"
	Message string
}

func (e *Error) Error() string { return e.Message }

// Encode returns the text of a link to a scenario. It fails with an *Error when the text is too big for a link or not
// UTF-8.
func Encode(text string) (string, error) {
	if len(text) > MaxText {
		return "", tooBig("This run is too long for a link: its scenario has more than %d KiB.", MaxText>>10)
	}
	if !utf8.ValidString(text) {
		return "", &Error{"not-text", "This run cannot become a link: its scenario is not UTF-8 text."}
	}
	var packed bytes.Buffer
	w, err := flate.NewWriter(&packed, flate.BestCompression)
	if err != nil {
		return "", fmt.Errorf("share: %w", err)
	}
	// Writes to a bytes.Buffer do not fail.
	io.WriteString(w, text)
	w.Close()
	link := version + base64.RawURLEncoding.EncodeToString(packed.Bytes())
	if len(link) > MaxLink {
		return "", tooBig("This run is too long for a link: it would have more than %d KiB.", MaxLink>>10)
	}
	return link, nil
}

// Decode returns the scenario of a link's text. It never makes more than MaxText bytes, whatever the link claims to
// hold, and fails with an *Error.
func Decode(link string) (string, error) {
	link = strings.TrimSpace(link)
	if link == "" {
		return "", &Error{"empty", "The link is empty: nothing follows the # in its address."}
	}
	if len(link) > MaxLink {
		return "", &Error{"too-long", fmt.Sprintf("The link is too long: a link has at most %d KiB.", MaxLink>>10)}
	}
	packed, ok := strings.CutPrefix(link, version)
	if !ok {
		return "", wrongVersion(link)
	}
	if packed == "" {
		return "", cutShort()
	}
	if i := strings.IndexFunc(packed, notBase64URL); i >= 0 {
		r, _ := utf8.DecodeRuneInString(packed[i:])
		return "", &Error{"character", fmt.Sprintf("The link holds the character %q, which no link of the lab has: it was changed on its way. Ask for it again.", r)}
	}
	raw, err := base64.RawURLEncoding.DecodeString(packed)
	if err != nil {
		// All characters are right, so their number is not: one is left over.
		return "", cutShort()
	}
	in := bytes.NewReader(raw)
	text, err := io.ReadAll(io.LimitReader(flate.NewReader(in), MaxText+1))
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF):
		return "", cutShort()
	case err != nil:
		return "", damaged()
	case len(text) > MaxText:
		return "", tooBig("The link holds more than %d KiB of text, which is more than a run can have.", MaxText>>10)
	case in.Len() > 0:
		return "", damaged() // something follows the end of the text
	case !utf8.Valid(text):
		return "", &Error{"not-text", "The link is damaged: what it holds is not text. Ask for it again."}
	}
	return string(text), nil
}

func notBase64URL(r rune) bool {
	return !('A' <= r && r <= 'Z' || 'a' <= r && r <= 'z' || '0' <= r && r <= '9' || r == '-' || r == '_')
}

func wrongVersion(link string) error {
	number, _, dotted := strings.Cut(link, ".")
	if dotted && number != "" && len(number) < 4 && strings.Trim(number, "0123456789") == "" {
		return &Error{"version", fmt.Sprintf("The link was made by another version of the lab (its links begin with %s., this lab reads those that begin with %s).", number, version)}
	}
	if strings.HasPrefix(version, link) {
		return cutShort()
	}
	return &Error{"version", fmt.Sprintf("This is no link to a run: those begin with %s", version)}
}

func cutShort() error {
	return &Error{"cut-short", "The link is cut short: its end is missing. Copy the whole link and open it again."}
}

func damaged() error {
	return &Error{"damaged", "The link is damaged: it was changed on its way. Ask for it again."}
}

func tooBig(format string, kib int) error { return &Error{"too-big", fmt.Sprintf(format, kib)} }
