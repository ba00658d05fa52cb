package lessons

import (
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/handshakelab/lab/engine/diag"
)

// A typedKey is what stays on the server of a question that is answered with words or with a number.
type typedKey struct {
	right expected
	wrong []expectedWrong
	said  answerKey
}

type expectedWrong struct {
	expected
	feedback string
}

// An expected is an answer that the author thought of.
type expected struct {
	words     []string // as sameWords makes them; nil for a number
	n         amount
	tolerance float64
}

func (e *expected) is(answer string) bool {
	for _, w := range e.words {
		if w == sameWords(answer) {
			return true
		}
	}
	if e.words != nil {
		return false
	}
	n, ok := readAmount(answer)
	return ok && n.like(e.n) && math.Abs(n.in(e.n.unit)-e.n.value) <= e.tolerance+1e-9*math.Abs(e.n.value)
}

func (k *typedKey) check(answer string) Verdict {
	answer = neutral(answer, k.said.lang)
	if sameWords(answer) == "" {
		return unreadable(k.phrase("Type an answer first."))
	}
	if k.right.words == nil {
		switch n, ok := readAmount(answer); {
		case !ok:
			return unreadable(k.phrase("Type a number."))
		case !n.like(k.right.n):
			return unreadable(k.phrase(wrongUnit) + k.right.n.unit + ".")
		}
	}
	if k.right.is(answer) {
		return Verdict{OK: true, Code: "right", Feedback: k.said.rightFeedback}
	}
	for i := range k.wrong {
		if k.wrong[i].is(answer) {
			return Verdict{Code: "wrong", Feedback: k.wrong[i].feedback}
		}
	}
	return Verdict{Code: "wrong", Feedback: k.said.other}
}

func (k *typedKey) phrase(text string) string { return phrase(k.said.lang, text) }

// neutral writes the numbers of a language as English does. Where a comma begins the fraction, a point parts the thousands.
func neutral(s, lang string) string {
	if !decimalComma(lang) {
		return s
	}
	return strings.Map(func(r rune) rune {
		switch r {
		case ',':
			return '.'
		case '.':
			return ','
		}
		return r
	}, s)
}

// sameWords makes two texts the same that differ in case, spaces or backquotes only.
func sameWords(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) || r == '`' {
			return -1
		}
		return unicode.ToLower(r)
	}, s)
}

// An amount is a number and what it counts.
type amount struct {
	value float64
	unit  string // as written in units, another word, or ""
}

var (
	amountForm   = regexp.MustCompile(`^([+-]?)([0-9][0-9.,'’  \x{202f}]*?)[  \x{202f}]*([\pL%µ]*)$`)
	grouped      = regexp.MustCompile(`^[1-9][0-9]{0,2}([,'’  \x{202f}][0-9]{3})+(\.[0-9]+)?$`)
	durationPart = regexp.MustCompile(`^[\s\x{a0}\x{202f},]*(?:(?:and|und|y)\s+)?([0-9]+(?:[.,][0-9]+)?)[\s\x{a0}\x{202f}]*(\pL+)`)
)

// units are the units that can be turned into each other: of times in µs, of amounts in bytes.
var units = map[string]struct {
	of string
	is float64
}{
	"us": {"time", 1}, "µs": {"time", 1}, "μs": {"time", 1}, "ms": {"time", 1e3}, "s": {"time", 1e6}, "sec": {"time", 1e6}, "second": {"time", 1e6}, "seconds": {"time", 1e6},
	"min": {"time", 60e6}, "minute": {"time", 60e6}, "minutes": {"time", 60e6}, "h": {"time", 3600e6}, "hour": {"time", 3600e6}, "hours": {"time", 3600e6},
	"B": {"size", 1}, "b": {"size", 1}, "byte": {"size", 1}, "bytes": {"size", 1}, "octet": {"size", 1}, "octets": {"size", 1}, "KB": {"size", 1e3}, "kB": {"size", 1e3}, "KiB": {"size", 1 << 10}, "MB": {"size", 1e6}, "MiB": {"size", 1 << 20},
}

// canonicalUnit is a unit as it is written in units, or another word as it is.
func canonicalUnit(word string) string {
	if _, known := units[word]; known {
		return word
	}
	if lower := strings.ToLower(word); units[lower].is > 0 {
		return lower
	}
	if of, known := unitNamed(word); known { // in another language
		for _, unit := range []string{"us", "ms", "s", "min", "h"} {
			if timeUnits[unit] == of {
				return unit
			}
		}
	}
	return word
}

// readAmount reads a number as people write it: "131 s", "1,460", "0,5", "2.5 ms", "2 min 11 s".
func readAmount(s string) (q amount, ok bool) {
	s = strings.ReplaceAll(strings.TrimSuffix(strings.TrimSpace(s), "."), "−", "-")
	m := amountForm.FindStringSubmatch(s)
	if m == nil {
		return readDuration(s)
	}
	digits := m[2]
	switch {
	case grouped.MatchString(digits):
		digits = bareDigits.Replace(digits)
	case strings.Count(digits, ",") == 1 && !strings.Contains(digits, "."):
		digits = strings.Replace(digits, ",", ".", 1)
	}
	v, err := strconv.ParseFloat(m[1]+digits, 64)
	return amount{v, canonicalUnit(m[3])}, err == nil && !math.IsInf(v, 0)
}

// readDuration reads a time in several units, in seconds: "2 h 11 min 15 s".
func readDuration(s string) (q amount, ok bool) {
	q.unit = "s"
	for s != "" {
		m := durationPart.FindStringSubmatch(s)
		if m == nil {
			return q, false
		}
		if m[2] == "m" {
			m[2] = "min" // 2h11m
		}
		unit := units[canonicalUnit(m[2])]
		v, err := strconv.ParseFloat(strings.Replace(m[1], ",", ".", 1), 64)
		if unit.of != "time" || err != nil {
			return q, false
		}
		q.value += v * unit.is / 1e6
		ok, s = true, strings.TrimSpace(s[len(m[0]):])
	}
	return q, ok
}

// like reports whether q can be compared with the right answer: without a unit it is in that of the right one.
func (q amount) like(right amount) bool {
	if q.unit == "" || strings.EqualFold(strings.TrimSuffix(q.unit, "s"), strings.TrimSuffix(right.unit, "s")) {
		return true
	}
	mine, ok := units[q.unit]
	its, known := units[right.unit]
	return ok && known && mine.of == its.of
}

// in is the value of q in a unit like its own.
func (q amount) in(unit string) float64 {
	if mine, ok := units[q.unit]; ok && q.unit != unit && units[unit].is > 0 {
		return q.value * mine.is / units[unit].is
	}
	return q.value
}

// readExpected reads an answer of the author's: "SYN cookie | cookie" or "131s ±1s". The second result is what is wrong with it.
func readExpected(kind QuizKind, s string) (e expected, fault string) {
	if kind == Text {
		for word := range strings.SplitSeq(s, "|") {
			if word = sameWords(word); word != "" {
				e.words = append(e.words, word)
			}
		}
		if e.words == nil {
			return e, "there is no answer"
		}
		return e, ""
	}
	value, within, bounded := strings.Cut(strings.Replace(s, "+-", "±", 1), "±")
	var ok bool
	if e.n, ok = readAmount(value); !ok {
		return e, strconv.Quote(strings.TrimSpace(value)) + " is no number"
	}
	if !bounded {
		return e, ""
	}
	t, ok := readAmount(within)
	if !ok || t.value < 0 || !t.like(e.n) {
		return e, strconv.Quote(strings.TrimSpace(within)) + " is no tolerance of it"
	}
	e.tolerance = t.in(e.n.unit)
	return e, ""
}

// readTyped reads a question that is answered by typing.
func (d *draft) readTyped(q *Quiz, b *block) {
	prose, keys := d.splitKeys(b.body)
	q.Question = d.snippetHTML(prose)
	q.typed = &typedKey{said: answerKey{rightFeedback: d.paragraph("Yes."), other: d.paragraph("Not quite."), lang: d.lesson.Lang}}
	var answer *keyLine
	var wrong, said []keyLine
	for _, k := range keys {
		if k.arg != "" && k.key != "wrong" {
			d.addSpan("key-line", k.argAt, "write "+k.key+": …", "%s takes nothing in front of its colon", k.key)
		}
		switch k.key {
		case "answer":
			if answer != nil {
				d.addSpan("key-twice", k.at, "separate several right answers with |", "the key answer is given twice")
			}
			answer = &k
		case "wrong":
			wrong = append(wrong, k)
		case "right", "other":
			said = append(said, k)
		default:
			d.addSpan("key-line", k.at, diag.DidYouMean("write answer: …, wrong VALUE: …, right: … or other: …", k.key, "answer", "wrong", "right", "other"), "a quiz has no key %s", k.key)
		}
	}
	d.readSaid(&q.typed.said, said)
	if answer == nil {
		d.addSpan("no-right-option", b.kindAt, "write answer: …", "the quiz has no answer")
		return
	}
	var fault string
	if q.typed.right, fault = readExpected(q.Kind, d.amountText(q.Kind, d.keyText(*answer))); fault != "" {
		d.addSpan("no-right-option", answer.textAt, "write answer: SYN cookie | cookie, or with kind=number answer: 131s ±1s", "%s", fault)
		return
	}
	q.Unit = q.typed.right.n.unit
	for _, k := range wrong {
		w := expectedWrong{feedback: d.feedback(k, "Not quite.")}
		if w.expected, fault = readExpected(q.Kind, d.amountText(q.Kind, k.arg)); fault != "" || q.Kind == Number && !w.n.like(q.typed.right.n) {
			d.addSpan("wrong-value", k.at, "", "%q is no answer to the question", k.arg)
			continue
		}
		if w.n.unit == "" {
			w.n.unit = q.Unit
		}
		if q.typed.overlaps(&w.expected) {
			d.addSpan("same-answer", k.argAt, "remove one of them", "%s is an answer already", k.arg)
		}
		q.typed.wrong = append(q.typed.wrong, w)
	}
	if !slices.ContainsFunc(said, func(k keyLine) bool { return k.key == "other" }) {
		d.addSpan("no-feedback", b.kindAt, "write other: …", "nobody who types something else learns why it is wrong")
	}
}

// amountText is an answer of the author's, numbers as English writes them.
func (d *draft) amountText(kind QuizKind, s string) string {
	if kind == Number {
		return neutral(s, d.lesson.Lang)
	}
	return s
}

// overlaps reports whether an answer counts already.
func (k *typedKey) overlaps(e *expected) bool {
	same := func(x *expected) bool {
		if e.words == nil {
			return math.Abs(e.n.in(x.n.unit)-x.n.value) <= x.tolerance
		}
		for _, w := range e.words {
			if x.is(w) {
				return true
			}
		}
		return false
	}
	for i := range k.wrong {
		if same(&k.wrong[i].expected) {
			return true
		}
	}
	return same(&k.right)
}
