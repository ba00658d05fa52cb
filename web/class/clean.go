package class

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// clean makes one line of what somebody wrote, without what cannot be seen or turns the direction of what stands around it. It reports
// false when nothing is left, or more than the given number of characters.
func clean(text string, most int) (string, bool) {
	if len(text) > 16*most || !utf8.ValidString(text) {
		return "", false
	}
	text = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case r == '\u200c', r == '\u200d': // they belong to words of some languages, and to emoji
			return r
		case !unicode.IsPrint(r):
			return -1
		}
		return r
	}, text)
	text = strings.Join(strings.Fields(text), " ")
	n, seen := 0, false
	for _, r := range text {
		n++
		seen = seen || unicode.IsLetter(r) || unicode.IsNumber(r) || unicode.IsSymbol(r)
	}
	return text, seen && n <= most
}

// ValidName reports whether somebody can be called so in a class.
func ValidName(name string) bool {
	_, ok := clean(name, MaxName)
	return ok
}

// Clip makes one line of a text, and cuts it where it has more bytes than there is room for.
func Clip(text string, most int) string {
	text = strings.Join(strings.Fields(strings.ToValidUTF8(text, "")), " ")
	if len(text) <= most {
		return text
	}
	cut := most - len("…")
	for cut > 0 && !utf8.RuneStart(text[cut]) {
		cut--
	}
	return text[:cut] + "…"
}

// ClipName cuts a name that is too long, as those of others' may be.
func ClipName(name string) string {
	name = strings.Join(strings.Fields(strings.ToValidUTF8(name, "")), " ")
	if runes := []rune(name); len(runes) > MaxName {
		name = strings.TrimSpace(string(runes[:MaxName-1])) + "…"
	}
	return name
}
