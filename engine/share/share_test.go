package share

import (
	"bytes"
	"compress/flate"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func ExampleEncode() {
	link, _ := Encode("client connect\n")
	text, _ := Decode(link)
	fmt.Printf("%s\n%s", link, text)
	// Output:
	// 1.Ss7JTM0rUUjOz8tLTS7hAgQAAP__
	// client connect
}

// Links that were once given out, by this package and by a browser, must be readable for ever. Never regenerate these
// files; add one when a way of writing links is added.
func TestOldLinks(t *testing.T) {
	text := read(t, "testdata/design.lab")
	for _, name := range []string{"design.browser.link", "design.go.link"} {
		t.Run(name, func(t *testing.T) {
			got, err := Decode(read(t, "testdata/"+name)) // the line end of the file is no part of the link, and does no harm
			if err != nil {
				t.Fatal(err)
			}
			if got != text {
				t.Errorf("the link holds\n%s\nwant\n%s", got, text)
			}
		})
	}
}

func TestRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.String().Draw(t, "text")
		link, err := Encode(text)
		if err != nil {
			t.Fatal(err)
		}
		if strings.ContainsFunc(link, func(r rune) bool { return r != '.' && notBase64URL(r) }) {
			t.Errorf("link %q must be escaped in an address", link)
		}
		got, err := Decode(link)
		if err != nil || got != text {
			t.Errorf("Decode(Encode(%q)) = %q, %v", text, got, err)
		}
	})
}

// Whoever opens a link that went through a mail program or a chat must learn what happened to it.
func TestDecodeFaults(t *testing.T) {
	good, err := Encode(strings.Repeat("server listen backlog 4\nclient connect\nstep\n", 3))
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name, link, code, says string
	}{
		{"nothing", "", "empty", "nothing follows the #"},
		{"blanks", " \n", "empty", "nothing follows the #"},
		{"end missing", good[:len(good)-1], "cut-short", "cut short"},
		{"half", good[:len(good)/2], "cut-short", "cut short"},
		{"only the version", "1.", "cut-short", "cut short"},
		{"half the version", "1", "cut-short", "cut short"},
		{"no number of base64 characters", "1.AAAAA", "cut-short", "cut short"},
		{"a later version", "2.K0gtKs5P", "version", "begin with 2."},
		{"something else", "hello", "version", "begin with 1."},
		{"a word with a dot", "www.example.org", "version", "begin with 1."},
		{"a blank inside", good[:9] + " " + good[9:], "character", `' '`},
		{"an ellipsis", good[:9] + "…", "character", `'…'`},
		{"plus from the other base64", "1.K0+tKs5P", "character", `'+'`},
		{"no deflate", "1.____", "damaged", "damaged"},
		{"something behind the end", link(deflated("client connect\n"), []byte("more")), "damaged", "damaged"},
		{"no text", link(deflated("\xff\xfe")), "not-text", "not text"},
		{"too long", "1." + strings.Repeat("A", MaxLink), "too-long", "64 KiB"},
		{"a bomb", link(deflated(strings.Repeat("\n", MaxText+1))), "too-big", "256 KiB"},
	} {
		t.Run(test.name, func(t *testing.T) {
			text, err := Decode(test.link)
			var e *Error
			if !errors.As(err, &e) {
				t.Fatalf("Decode gave %q, %v; want an *Error", text, err)
			}
			if e.Code != test.code || !strings.Contains(e.Message, test.says) {
				t.Errorf("%s: %s\nwant %s: …%s…", e.Code, e.Message, test.code, test.says)
			}
		})
	}
}

func TestLimits(t *testing.T) {
	full := strings.Repeat("\n", MaxText)
	link, err := Encode(full)
	if err != nil {
		t.Fatalf("a text of MaxText bytes: %v", err)
	}
	if got, err := Decode(link); err != nil || got != full {
		t.Errorf("a text of MaxText bytes came back with %d bytes, %v", len(got), err)
	}
	var e *Error
	if _, err := Encode(full + "\n"); !errors.As(err, &e) || e.Code != "too-big" {
		t.Errorf("a text of MaxText+1 bytes: %v, want too-big", err)
	}
	// Text without any repetition: 64 KiB of it do not fit into 64 KiB of base64.
	var noise strings.Builder
	for x := uint32(1); noise.Len() < MaxLink; {
		x ^= x << 13
		x ^= x >> 17
		x ^= x << 5
		noise.WriteByte(' ' + byte(x%95))
	}
	if _, err := Encode(noise.String()); !errors.As(err, &e) || e.Code != "too-big" {
		t.Errorf("a text that does not compress: %v, want too-big", err)
	}
	if _, err := Encode("\xff"); !errors.As(err, &e) || e.Code != "not-text" {
		t.Errorf("a text that is not UTF-8: %v, want not-text", err)
	}
}

func FuzzDecode(f *testing.F) {
	f.Add("1.Ss7JTM0rUUjOz8tLTS7hAgQAAP__")
	f.Add(link(deflated(strings.Repeat("a", MaxText+1))))
	f.Add("2.")
	f.Fuzz(func(t *testing.T, s string) {
		text, err := Decode(s)
		if err != nil {
			if text != "" {
				t.Errorf("a text of %d bytes beside the error %v", len(text), err)
			}
			return
		}
		if len(text) > MaxText {
			t.Fatalf("%d bytes out of a link of %d", len(text), len(s))
		}
		again, err := Encode(text)
		if err != nil {
			return // a link can be made more tightly than Encode does it
		}
		if got, err := Decode(again); err != nil || got != text {
			t.Errorf("Decode(Encode(%q)) = %q, %v", text, got, err)
		}
	})
}

func deflated(text string) []byte {
	var b bytes.Buffer
	w, _ := flate.NewWriter(&b, flate.BestCompression)
	w.Write([]byte(text))
	w.Close()
	return b.Bytes()
}

func link(parts ...[]byte) string {
	return version + base64.RawURLEncoding.EncodeToString(bytes.Join(parts, nil))
}

func read(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
