package lessons

import (
	"cmp"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"github.com/handshakelab/lab/engine/diag"
)

// Languages are those that a lesson can be in, that of the originals first.
var Languages = []string{"en", "de", "es"}

// translatedName is the name of a translation: 20-three-segments.de.md.
var translatedName = regexp.MustCompile(`^(.+)\.([^./]*)\.md$`)

// Original is the name of the file of which this one would be the translation by its name, else the name itself.
func Original(file string) string {
	if m := translatedName.FindStringSubmatch(file); m != nil {
		return m[1] + ".md"
	}
	return file
}

// translationKeys are the front matter of a translation. All else is that of its original.
var translationKeys = []string{"title", "summary"}

// In returns the lesson in a language: its translation, or the lesson itself when there is none.
func (l *Lesson) In(lang string) *Lesson {
	for _, t := range l.Translations {
		if t.Lang == lang {
			return t
		}
	}
	return l
}

// adopt gives the translations of a lesson what they share with it. They may be those of another course, so it makes new ones.
func (l *Lesson) adopt() {
	list := make([]*Lesson, 0, len(l.Translations))
	for _, t := range l.Translations {
		own := *t
		own.Order, own.Minutes, own.Level = l.Order, l.Minutes, l.Level
		own.Needs, own.Tags, own.Sources = l.Needs, l.Tags, l.Sources
		own.Prev, own.Next = l.Prev, l.Next
		list = append(list, &own)
	}
	slices.SortFunc(list, func(a, b *Lesson) int {
		return cmp.Compare(slices.Index(Languages, a.Lang), slices.Index(Languages, b.Lang))
	})
	l.Translations = list
}

// keepTranslations returns the lesson with the translations of an earlier version of it whose files are broken now.
func (l *Lesson) keepTranslations(before *Lesson, broken []string) *Lesson {
	for _, t := range before.Translations {
		if slices.Contains(broken, t.File) && l.In(t.Lang) == l {
			own := *l
			own.Translations = append(slices.Clone(l.Translations), t)
			l = &own
		}
	}
	return l
}

// checkName reports a translation into no language of the lab, or of no lesson.
func (d *draft) checkName(orphan bool) {
	if !slices.Contains(Languages[1:], d.lesson.Lang) {
		d.add("unknown-language", 0, 0, diag.DidYouMean("there are "+strings.Join(Languages[1:], ", "), d.lesson.Lang, Languages[1:]...), "the lab has no translations into %q", d.lesson.Lang)
	}
	if orphan {
		d.add("translation-of-nothing", 0, 0, "a translation is named like the original, with the language in front of .md", "there is no %s that this could be a translation of", d.of)
	}
}

// A head is a heading with its anchor.
type head struct {
	id    string
	level int
}

// anchorOf is the anchor that a heading gets: in a translation that of the same heading of the original, so that links lead to the
// same place in every language.
func (d *draft) anchorOf(id string, level, at int) string {
	h := head{id, level}
	if o := d.original; o != nil && o.anchors != nil {
		switch n := len(d.heads); {
		case n >= len(o.heads):
			d.add("translation-differs", at, at, "compare it with "+d.of, "%s has only %d headings", d.of, len(o.heads))
		default:
			h.id = o.heads[n].id
			if level != o.heads[n].level {
				d.add("translation-differs", at, at, "begin it with "+strings.Repeat("#", o.heads[n].level), "the heading is of level %d, and #%s of %s of level %d", level, h.id, d.of, o.heads[n].level)
			}
		}
	}
	d.heads = append(d.heads, h)
	return h.id
}

// checkTranslation compares a translation with its original: what is not text must be the same.
func (d *draft) checkTranslation() {
	o := d.original
	if o == nil || o.anchors == nil {
		return
	}
	end := len(d.text)
	for _, h := range o.heads[min(len(d.heads), len(o.heads)):] {
		d.add("translation-differs", end, end, "translate it too", "the heading #%s of %s is missing", h.id, d.of)
	}
	mine, its := map[string]info{}, map[string]info{}
	for _, in := range d.infos {
		mine[in.id] = in
	}
	for _, in := range o.infos {
		its[in.id] = in
		if _, ok := mine[in.id]; !ok && in.id != "" {
			d.add("translation-ids", end, end, "ids stay as they are in every language", "the %s block #%s of %s is missing", in.kind, in.id, d.of)
		}
	}
	place := 0
	for _, in := range d.infos {
		other, ok := its[in.id]
		switch {
		case in.id == "":
		case !ok:
			d.addSpan("translation-ids", in.idAt, diag.DidYouMean("ids stay as they are in every language", in.id, mapKeys(its)...), "%s has no block #%s", d.of, in.id)
		case in.kind != other.kind:
			d.differs(in.kindAt, "in %s #%s is a %s block", d.of, in.id, other.kind)
		default:
			at := slices.IndexFunc(o.infos, func(x info) bool { return x.id == in.id })
			if at < place {
				d.differs(in.idAt, "in %s #%s stands in front of #%s", d.of, in.id, o.infos[place].id)
			}
			place = max(place, at)
			d.compareBlock(in, other)
		}
	}
}

func (d *draft) differs(at span, format string, args ...any) {
	d.addSpan("translation-differs", at, "a translation has other words, and nothing else that is its own", format, args...)
}

// compareBlock compares a block with that of the original.
func (d *draft) compareBlock(in, other info) {
	keys := maps.Clone(in.values)
	maps.Copy(keys, other.values)
	delete(keys, "title")
	same := true
	for _, key := range mapKeys(keys) {
		mine, ok := in.values[key]
		its, there := other.values[key]
		switch {
		case !ok:
			d.differs(in.idAt, "%s has %s=%s here", d.of, key, its.text)
		case !there:
			d.differs(mine.key, "%s has no %s here", d.of, key)
		case mine.text != its.text:
			d.differs(mine.at, "%s has %s=%s here", d.of, key, its.text)
		default:
			continue
		}
		same = false
	}
	if !same {
		return // what follows from that is no news
	}
	if what := differenceOf(in, d.lesson, d.original.lesson); what != "" {
		d.differs(in.idAt, "%s of #%s not as in %s", what, in.id, d.of)
	}
}

// differenceOf names what two blocks with the same id do not have in common though it is no text, "" when there is nothing. A block
// that could not be read has its own faults.
func differenceOf(in info, a, b *Lesson) string {
	switch in.kind {
	case "tcpsim":
		if a, b := a.Sim(in.id), b.Sim(in.id); a != nil && b != nil &&
			!(reflect.DeepEqual(a.Scenario.Setup, b.Scenario.Setup) && reflect.DeepEqual(a.Scenario.Actions, b.Scenario.Actions)) {
			return "the scenario is"
		}
	case "predict":
		if a, b := a.Predict(in.id), b.Predict(in.id); a != nil && b != nil {
			switch {
			case !slices.Equal(a.Do, b.Do) || a.Field != b.Field || a.key.right != b.key.right:
				return "the question is"
			case !a.key.sameValues(&b.key):
				return "the wrong answers are"
			}
		}
	case "quiz":
		if a, b := a.Quiz(in.id), b.Quiz(in.id); a != nil && b != nil {
			return a.difference(b)
		}
	case "challenge":
		if a, b := a.Challenge(in.id), b.Challenge(in.id); a != nil && b != nil {
			return a.difference(b)
		}
	case "ticket":
		if a, b := a.Ticket(in.id), b.Ticket(in.id); a != nil && b != nil {
			switch {
			case !slices.Equal(a.Looks, b.Looks):
				return "the see lines are"
			case !slices.EqualFunc(a.key.causes, b.key.causes, func(x, y cause) bool { return x.right == y.right }):
				return "the right causes are"
			}
		}
	}
	return ""
}

// sameValues reports whether two keys know the same wrong answers, in whatever order.
func (k *answerKey) sameValues(o *answerKey) bool {
	values := func(k *answerKey) map[string]string {
		m := map[string]string{}
		for _, w := range k.wrong {
			m[w.value] = w.code
		}
		return m
	}
	return maps.Equal(values(k), values(o))
}

func (q *Quiz) difference(o *Quiz) string {
	switch {
	case q.Kind != o.Kind, (q.Kind == One || q.Kind == Many) && !slices.EqualFunc(q.options, o.options, func(x, y optionKey) bool { return x.right == y.right }):
		return "the right options are"
	case len(q.options) != len(o.options):
		return "the entries are"
	case q.Kind == Field && q.Header != nil && o.Header != nil:
		switch {
		case q.Header.Seg != o.Header.Seg || q.Header.Field != o.Header.Field:
			return "the question is"
		case !q.field.sameValues(&o.field):
			return "the wrong answers are"
		}
	case q.Kind == Number && q.typed != nil && o.typed != nil:
		// The unit may be a word, and then it is translated.
		if x, y := &q.typed.right, &o.typed.right; x.n.in(y.n.unit) != y.n.value || x.tolerance != y.tolerance {
			return "the answer is"
		}
	}
	return ""
}

func (c *Challenge) difference(o *Challenge) string {
	switch {
	case len(c.key.goals) != len(o.key.goals):
		return "the goals are"
	case len(c.Hints) != len(o.Hints):
		return "the hints are"
	case !reflect.DeepEqual(c.key.solution, o.key.solution):
		return "the solution is"
	}
	for i, g := range c.key.goals {
		g.Words, g.Line = o.key.goals[i].Words, o.key.goals[i].Line
		if !reflect.DeepEqual(g, o.key.goals[i]) {
			return "the goals are"
		}
	}
	return ""
}

// phrase is a text of this package in a language.
func phrase(lang, text string) string { return cmp.Or(phrases[lang][text], text) }

// phrases are the texts of this package that pages in other languages show.
var phrases = map[string]map[string]string{
	"de": {
		rightText: "Die Engine kommt zum selben Ergebnis.", otherText: "Spiele den Lauf ab und sieh, was geschieht.",
		"Yes.": "Ja.", "Not quite.": "Nicht ganz.",
		orderText:                  "Frage bei jedem, was davor geschehen sein muss.",
		"Pick an option first.":    "Wähle zuerst eine Antwort aus.",
		"There is no such option.": "Diese Antwort gibt es nicht.",
		"So far so good, but that is not all of it.": "So weit richtig, aber das ist noch nicht alles.",
		"Each entry has one place.":                  "Jeder Eintrag hat genau einen Platz.",
		"Some entries are missing.":                  "Einige Einträge fehlen.",
		"Type an answer first.":                      "Gib zuerst eine Antwort ein.",
		"Type a number.":                             "Gib eine Zahl ein.",
		"Choose a cause first.":                      "Wähle zuerst eine Ursache aus.",
		noEvidence:                                   "Nichts, was du angesehen hast, zeigt das.",
		wrongUnit:                                    "Die Zahl soll in einer anderen Einheit stehen: ",
		howToAnswer["flags"]:                         "Nenne die Kontrollbits, zum Beispiel SYN-ACK.",
		howToAnswer["time"]:                          "Gib eine Zeit in Millisekunden ein, zum Beispiel 1050.",
		howToAnswer["state"]:                         "Nenne einen Zustand, zum Beispiel SYN-SENT.",
		howToAnswer["errno"]:                         "Nenne einen Fehler, zum Beispiel ECONNREFUSED.",
		typeANumber:                                  "Gib eine Zahl ein, zum Beispiel 1001.",
		"Now you":                                    "Jetzt du",
		"Answer":                                     "Antwort",
		"Note":                                       "Hinweis", "Tip": "Tipp", "Important": "Wichtig", "Warning": "Warnung", "Caution": "Vorsicht",
	},
	"es": {
		rightText: "El motor llega a la misma respuesta.", otherText: "Reproduce la ejecución y mira qué ocurre.",
		"Yes.": "Sí.", "Not quite.": "No del todo.",
		orderText:                  "Pregúntate, para cada uno, qué tiene que haber ocurrido antes.",
		"Pick an option first.":    "Elige primero una opción.",
		"There is no such option.": "No existe esa opción.",
		"So far so good, but that is not all of it.": "Hasta aquí bien, pero falta algo.",
		"Each entry has one place.":                  "Cada elemento tiene un único lugar.",
		"Some entries are missing.":                  "Faltan algunos elementos.",
		"Type an answer first.":                      "Escribe primero una respuesta.",
		"Type a number.":                             "Escribe un número.",
		"Choose a cause first.":                      "Elige primero una causa.",
		noEvidence:                                   "Nada de lo que has mirado lo demuestra.",
		wrongUnit:                                    "El número debería estar en otra unidad: ",
		howToAnswer["flags"]:                         "Nombra los bits de control, por ejemplo SYN-ACK.",
		howToAnswer["time"]:                          "Escribe un tiempo en milisegundos, por ejemplo 1050.",
		howToAnswer["state"]:                         "Nombra un estado, por ejemplo SYN-SENT.",
		howToAnswer["errno"]:                         "Nombra un error, por ejemplo ECONNREFUSED.",
		typeANumber:                                  "Escribe un número, por ejemplo 1001.",
		"Now you":                                    "Ahora tú",
		"Answer":                                     "Respuesta",
		"Note":                                       "Nota", "Tip": "Consejo", "Important": "Importante", "Warning": "Advertencia", "Caution": "Precaución",
	},
}
