package search

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// accents are letters with the plain ones that they are found by.
var accents = func() map[rune]string {
	m := map[rune]string{'ß': "ss", 'æ': "ae", 'œ': "oe", 'ø': "o", 'đ': "d", 'ł': "l", 'ı': "i", 'þ': "th", 'ð': "d"}
	for plain, letters := range map[string]string{
		"a": "àáâãäåāăą", "c": "çćĉċč", "d": "ď", "e": "èéêëēĕėęě", "g": "ĝğġģ", "h": "ĥħ", "i": "ìíîïĩīĭį", "j": "ĵ", "k": "ķ",
		"l": "ĺļľ", "n": "ñńņň", "o": "òóôõöōŏő", "r": "ŕŗř", "s": "śŝşš", "t": "ţťŧ", "u": "ùúûüũūŭůűų", "w": "ŵ", "y": "ýÿŷ", "z": "źżž",
	} {
		for _, r := range letters {
			m[r] = plain
		}
	}
	return m
}()

// fold is a word without case, accents and hyphens: "SYN_RCVD" is "synrcvd".
func fold(word string) string {
	var b strings.Builder
	for _, r := range word {
		switch r = unicode.ToLower(r); {
		case r < utf8.RuneSelf:
			if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
				b.WriteByte(byte(r))
			}
		case accents[r] != "":
			b.WriteString(accents[r])
		case unicode.IsLetter(r) || unicode.IsDigit(r): // not a combining accent
			b.WriteRune(r)
		}
	}
	return b.String()
}

// letter says whether r belongs to a word; joins, whether it holds two words together, as in SYN-ACK or 3.10.7.
func letter(r rune) bool {
	return unicode.IsLetter(r) || unicode.IsDigit(r) || r >= 0x300 && r < 0x370
}

func joins(r rune) bool { return r == '-' || r == '_' || r == '.' || r == '\u2010' || r == '\u2011' }

// A word is a folded word of a text and where it stands.
type word struct {
	text       string
	start, end int
}

// words are the words of a text. One that is held together from several is there as a whole and by its parts.
func words(text string, each func(word)) {
	for i := 0; i < len(text); {
		r, n := utf8.DecodeRuneInString(text[i:])
		if !letter(r) {
			i += n
			continue
		}
		start, part, parts := i, i, 0
		for i < len(text) {
			if r, n = utf8.DecodeRuneInString(text[i:]); letter(r) {
				i += n
				continue
			}
			if next, _ := utf8.DecodeRuneInString(text[i+n:]); !joins(r) || !letter(next) {
				break
			}
			each(word{fold(text[part:i]), part, i})
			parts++
			i += n
			part = i
		}
		if parts > 0 {
			each(word{fold(text[part:i]), part, i})
		}
		each(word{fold(text[start:i]), start, i})
	}
}

// terms are what a query asks for: its words, each as a whole.
func terms(query string) (list []string) {
	if len(query) > maxQuery {
		query = query[:maxQuery]
	}
	for _, field := range strings.FieldsFunc(query, func(r rune) bool { return !letter(r) && !joins(r) }) {
		if t := fold(field); t != "" && len(list) < maxTerms {
			list = append(list, t)
		}
	}
	return list
}
