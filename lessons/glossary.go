package lessons

import (
	"cmp"
	"path"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/handshakelab/lab/engine/diag"
)

// CardKinds are what a card of the glossary can be about.
var CardKinds = []string{"term", "state", "flag", "option", "timer", "counter", "errno", "sysctl", "tool", "attack"}

// Bounds of a card's prose, in words.
const (
	minCardWords = 40
	maxCardWords = 150
)

// A Card is an entry of the glossary: a short text about one word. It is never changed after Load.
type Card struct {
	Lesson
	Name     string // in URLs
	Kind     string // one of CardKinds
	Aliases  []string
	Gist     string // its first sentence, plain text
	Related  []*Card
	Mentions []Mention // by lessons, in the order of the course

	related []string
}

// A Mention is the first place of a lesson that speaks of a card.
type Mention struct {
	Lesson  *Lesson
	Heading string // plain text; empty: in front of the first one
	Anchor  string // of the heading
}

// Card returns the card with the given name, or nil.
func (c *Course) Card(name string) *Card {
	for _, card := range c.Glossary {
		if card.Name == name {
			return card
		}
	}
	return nil
}

// readCard fills in what only a card has.
func (d *draft) readCard() {
	c := d.card
	c.Name = path.Base(c.Slug)
	c.Kind, c.Aliases, c.related = d.meta.kind, d.meta.aliases, d.meta.related
	words := 0
	for i, s := range c.Sections() {
		if i == 0 {
			c.Gist = firstSentence(s.Text)
		}
		words += len(strings.Fields(s.Text))
	}
	if words < minCardWords || words > maxCardWords {
		d.add("card-length", 0, 0, "a card is read in half a minute; a longer text is a lesson", "the card has %d words, not %d to %d", words, minCardWords, maxCardWords)
	}
}

// firstSentence is a text up to the first full stop that ends a sentence.
func firstSentence(text string) string {
	for i := range text {
		if strings.HasPrefix(text[i:], ". ") || strings.HasPrefix(text[i:], ".\n") {
			return text[:i+1]
		}
	}
	return text
}

// checkCards checks what needs all cards.
func (s *shelf) checkCards(drafts []*draft) {
	byName := map[string]*draft{}
	for _, d := range drafts {
		if d.card != nil && d.lesson.Slug != "" {
			byName[path.Base(d.lesson.Slug)] = d
		}
	}
	firstOf := map[string]string{}
	claim := func(d *draft, word string, at span) {
		key := strings.ToLower(word)
		if first, twice := firstOf[key]; twice {
			d.addSpan("alias-twice", at, "a word leads to one card", "%q is a name of the card %s too", word, first)
			return
		}
		firstOf[key] = d.file
	}
	// A title is a stronger claim than an alias, wherever its file stands.
	for _, d := range drafts {
		if d.card != nil && d.meta.title != "" {
			claim(d, d.meta.title, d.meta.titleAt)
		}
	}
	for _, d := range drafts {
		if d.card == nil {
			continue
		}
		for i, alias := range d.meta.aliases {
			claim(d, alias, d.meta.aliasesAt[i])
		}
		for i, name := range d.meta.related {
			switch other := byName[name]; {
			case other == nil:
				d.addSpan("related-missing", d.meta.relatedAt[i], diag.DidYouMean("write the name of its file without .md", name, mapKeys(byName)...), "there is no card %s", name)
			case other == d:
				d.addSpan("related-missing", d.meta.relatedAt[i], "", "the card is related to itself")
			}
		}
	}
}

// fileCards sorts the cards and ties them to each other and to the lessons.
func (c *Course) fileCards() {
	slices.SortFunc(c.Glossary, func(a, b *Card) int {
		return cmp.Or(cmp.Compare(strings.ToLower(a.Title), strings.ToLower(b.Title)), cmp.Compare(a.Name, b.Name))
	})
	for _, card := range c.Glossary {
		card.Related, card.Mentions = nil, nil
		for _, name := range card.related {
			if other := c.Card(name); other != nil {
				card.Related = append(card.Related, other)
			}
		}
	}
	if len(c.Glossary) == 0 {
		return
	}
	inParallel(len(c.Lessons), func(i int) { c.Lessons[i].Sections() })
	terms := newTerms(c.Glossary)
	for _, l := range c.Lessons {
		found := map[*Card]bool{}
		for _, s := range l.Sections() {
			note := func(card *Card) {
				if !found[card] {
					found[card] = true
					card.Mentions = append(card.Mentions, Mention{l, s.Heading, s.Anchor})
				}
			}
			for _, slug := range s.links {
				if name, ok := strings.CutPrefix(slug, "../"+glossaryFolder+"/"); ok {
					if card := c.Card(name); card != nil {
						note(card)
					}
				}
			}
			terms.find(s.words, note)
		}
	}
}

// terms finds the names of cards in a text.
type terms map[string][]term // by first word

type term struct {
	words []string
	card  *Card
}

func newTerms(cards []*Card) terms {
	t := terms{}
	for _, card := range cards {
		for _, name := range append([]string{card.Title}, card.Aliases...) {
			if w := termWords(name); len(w) > 0 {
				t[w[0]] = append(t[w[0]], term{w, card})
			}
		}
	}
	return t
}

// find tells of each card that a text of these words names.
func (t terms) find(words []string, note func(*Card)) {
	for i, w := range words {
		for _, c := range t[w] {
			if i+len(c.words) <= len(words) && slices.Equal(c.words, words[i:i+len(c.words)]) {
				note(c.card)
			}
		}
	}
}

// termWords are the words of a text, without the s of a plural. Those with a capital that is not their first letter, "SYN" or
// "ListenDrops", keep their case, for an "ack" is not an ACK; in others the beginning of a sentence makes no difference.
func termWords(text string) []string {
	words := make([]string, 0, len(text)/6) // as long as English ones are
	for i := 0; i < len(text); i++ {
		if !inWord(text[i]) {
			continue
		}
		start := i
		for i < len(text) && inWord(text[i]) {
			i++
		}
		word := strings.Trim(text[start:i], ".-")
		if len(word) < 2 || strings.ToLower(word[1:]) == word[1:] {
			word = strings.ToLower(word)
		}
		if len(word) > 3 {
			word = strings.TrimSuffix(word, "s")
		}
		words = append(words, word)
	}
	return words
}

func inWord(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '_' || c == '.' || c >= utf8.RuneSelf
}
