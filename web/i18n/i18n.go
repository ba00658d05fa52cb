// Package i18n holds every sentence that the lab says: the interface's texts, the sentences that tell events of a run, and
// how numbers and times are written. The browser says the same sentences from the same catalogue.
package i18n

//go:generate go run ./internal/catalog -static ../../static

import (
	"embed"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/handshakelab/lab/engine/rule"
)

//go:embed *.json rules/*.json
var files embed.FS

// Languages are the languages that have a catalogue. The first is the fallback of all others.
var Languages = []string{"en", "de", "es"}

var catalogs = load()

// A Catalog is the messages of one language.
type Catalog struct {
	Lang     string // of the page: "en"
	Locale   string // of numbers and plurals
	Dir      string // of the writing: "ltr" or "rtl"
	messages map[string]message
	rules    map[rule.ID][3]string // title, what it says when it is kept, and when not; one that is missing is in English
}

// A message has forms by plural category; one that does not count has only "other".
type message map[string]string

func (m *message) UnmarshalJSON(b []byte) error {
	if len(b) > 0 && b[0] == '"' {
		var s string
		if err := json.Unmarshal(b, &s); err != nil {
			return err
		}
		*m = message{"other": s}
		return nil
	}
	return json.Unmarshal(b, (*map[string]string)(m))
}

func load() map[string]*Catalog {
	all := map[string]*Catalog{}
	for _, lang := range Languages {
		b, err := files.ReadFile(lang + ".json")
		if err != nil {
			panic(err) // the files are part of the program: a test loads them all
		}
		c := &Catalog{Lang: lang, Locale: lang, Dir: "ltr"}
		if err := json.Unmarshal(b, &c.messages); err != nil {
			panic(fmt.Sprintf("i18n: %s.json: %v", lang, err))
		}
		if lang != Languages[0] {
			b, err := files.ReadFile("rules/" + lang + ".json")
			if err != nil {
				panic(err)
			}
			if err := json.Unmarshal(b, &c.rules); err != nil {
				panic(fmt.Sprintf("i18n: rules/%s.json: %v", lang, err))
			}
		}
		all[lang] = c
	}
	return all
}

// Pseudo returns two catalogues that nobody speaks, made of the English one, for tests: en-XA is four tenths longer and full of
// accents, so that it shows what has no room and what is in no catalogue; ar-XB runs from right to left.
func Pseudo() []*Catalog {
	en := catalogs[Languages[0]]
	long := &Catalog{Lang: "en-XA", Locale: en.Locale, Dir: "ltr", messages: map[string]message{}}
	right := &Catalog{Lang: "ar-XB", Locale: en.Locale, Dir: "rtl", messages: map[string]message{}}
	for key, m := range en.messages {
		long.messages[key], right.messages[key] = message{}, message{}
		for form, text := range m {
			right.messages[key][form] = text
			if !strings.HasPrefix(key, "number.") {
				text = stretch(text)
			}
			long.messages[key][form] = text
		}
	}
	return []*Catalog{long, right}
}

var accents = strings.NewReplacer("a", "á", "e", "ë", "i", "î", "o", "ö", "u", "ü", "A", "Å", "E", "É", "I", "Î", "O", "Ø", "U", "Û", "n", "ñ", "c", "ç", "y", "ÿ")

// stretch makes a text longer and strange, apart from its placeholders.
func stretch(text string) string {
	var b strings.Builder
	letters := 0
	for rest := text; rest != ""; {
		before, hole, found := strings.Cut(rest, "{")
		b.WriteString(accents.Replace(before))
		letters += len(before)
		if !found {
			break
		}
		hole, rest, _ = strings.Cut(hole, "}")
		b.WriteString("{" + hole + "}")
	}
	for i := range (letters*2 + 4) / 5 {
		if i%8 == 7 {
			b.WriteString(" ") // languages with long texts have many words, not one long one
		}
		b.WriteString("~")
	}
	return b.String()
}

// Lookup returns the catalogue of a language such as "en" or "en-GB", or English when there is none.
func Lookup(lang string) *Catalog {
	base, _, _ := strings.Cut(strings.ToLower(lang), "-")
	if c, ok := catalogs[base]; ok {
		return c
	}
	return catalogs[Languages[0]]
}

// Keys returns the keys of all messages, sorted.
func (c *Catalog) Keys() []string { return slices.Sorted(maps.Keys(c.messages)) }

// Has reports whether there is a message of that key.
func (c *Catalog) Has(key string) bool { return c.messages[key] != nil }

// T returns the message of key with its placeholders filled from args, which are names and values in turn:
// T("ui.event", "i", 4, "of", 9). A message with plural forms takes the one for the argument "n". A message that does not
// exist is its key, so that a page never fails for a missing text; a test finds it.
func (c *Catalog) T(key string, args ...any) string {
	m := c.messages[key]
	if m == nil {
		if c.Lang != Languages[0] {
			return catalogs[Languages[0]].T(key, args...)
		}
		return key
	}
	text := m["other"]
	if one, ok := m["one"]; ok && arg(args, "n") == "1" {
		text = one
	}
	return Fill(text, func(name string) (string, bool) {
		for i := 0; i+1 < len(args); i += 2 {
			if args[i] == name {
				return fmt.Sprint(args[i+1]), true
			}
		}
		return "", false
	})
}

func arg(args []any, name string) string {
	for i := 0; i+1 < len(args); i += 2 {
		if args[i] == name {
			return fmt.Sprint(args[i+1])
		}
	}
	return ""
}

// Fill replaces each {name} in text by what value returns for the name, and leaves it as it is when there is nothing.
func Fill(text string, value func(name string) (string, bool)) string {
	var b strings.Builder
	for {
		before, rest, ok := strings.Cut(text, "{")
		b.WriteString(before)
		if !ok {
			return b.String()
		}
		name, after, ok := strings.Cut(rest, "}")
		if !ok {
			b.WriteString("{" + rest)
			return b.String()
		}
		if v, ok := value(name); ok {
			b.WriteString(v)
		} else {
			b.WriteString("{" + name + "}")
		}
		text = after
	}
}

// never is the instant that never comes, as the engine counts time.
const never = math.MaxInt64

// Number writes n with at most three decimals and the separators of the language: 1,075 or 1.5.
func (c *Catalog) Number(n float64) string {
	s := strconv.FormatFloat(math.Abs(n), 'f', 3, 64)
	s = strings.TrimRight(strings.TrimRight(s, "0"), ".")
	whole, decimals, _ := strings.Cut(s, ".")
	var b strings.Builder
	if n < 0 && s != "0" {
		b.WriteString("-")
	}
	least := 4 // digits that are grouped
	if c.T("number.least") == "5" {
		least = 5
	}
	for i, r := range whole {
		if i > 0 && (len(whole)-i)%3 == 0 && len(whole) >= least {
			b.WriteString(c.T("number.group"))
		}
		b.WriteRune(r)
	}
	if decimals != "" {
		b.WriteString(c.T("number.decimal") + decimals)
	}
	return b.String()
}

// Ms writes an instant given in microseconds as a number of milliseconds: "1,075".
func (c *Catalog) Ms(us int64) string {
	if us == never {
		return c.T("time.never")
	}
	return c.Number(float64(us) / 1000)
}

// Time writes a length of time given in microseconds in the unit that suits it: "1.5 s", "50 ms", "20 µs".
func (c *Catalog) Time(us int64) string {
	switch {
	case us == never:
		return c.T("time.never")
	case us >= 1_000_000 || us <= -1_000_000:
		return c.T("time.s", "n", c.Number(float64(us)/1e6))
	case us >= 1000 || us <= -1000 || us == 0:
		return c.T("time.ms", "n", c.Number(float64(us)/1000))
	}
	return c.T("time.us", "n", c.Number(float64(us)))
}
