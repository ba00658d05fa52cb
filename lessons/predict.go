package lessons

import (
	"cmp"
	"hash/fnv"
	"slices"
	"strings"
	"sync"

	"github.com/handshakelab/lab/engine"
	"github.com/handshakelab/lab/engine/diag"
	"github.com/handshakelab/lab/engine/script"
	"github.com/handshakelab/lab/engine/tcp"
)

// A Predict asks what comes next in a simulator. The engine computes the answer. What is exported may be shown.
type Predict struct {
	ID       string
	Of       string   // the simulator
	At       tcp.Time // the instant of the question
	Do       []string // what the learner is told to imagine, as actions of the scenario language
	Question string   // HTML
	Field    string   // what the answer is: "state", "time", "errno", or a field of the header such as "ack"
	Choices  []Choice // none when Free
	Free     bool     // the learner types the answer

	Variants []*Predict // the question with other numbers; see Variant
	Scenario string     // of a variant: the run that answers it

	key answerKey
}

// A Choice is a possible answer.
type Choice struct {
	Value string // what Check takes
	HTML  string
}

// Check says whether an answer is right. It takes the Value of a choice, or what a learner typed.
func (p *Predict) Check(answer string) Verdict {
	return p.key.check(p.Field, answer)
}

// readPredict reads a predict block, and its variants. It returns nil when the question cannot be asked.
func (d *draft) readPredict(b *block) *Predict {
	d.writes = map[string]string{}
	defer func() { d.writes = nil }()
	p := d.readQuestion(b)
	if p != nil && len(d.list.Errors()) == 0 {
		d.readVariants(p, b, d.sims[p.Of])
	}
	return p
}

// readQuestion reads a predict block as it stands.
func (d *draft) readQuestion(b *block) *Predict {
	p := &Predict{ID: b.id, At: 0}
	prose, keys := d.splitKeys(b.body)
	claims := len(d.claims)
	defer func() {
		if sim := d.sims[p.Of]; sim != nil && sim.varies() {
			for i := range d.claims[claims:] {
				d.claims[claims+i].varied = true // it is asked with the learner's numbers
			}
		}
	}()
	p.Question = d.snippetHTML(prose)
	if strings.TrimSpace(p.Question) == "" {
		d.addSpan("empty-block", b.kindAt, "write it in the first lines", "there is no question")
	}
	switch input := b.values["input"]; input.text {
	case "", "choice":
	case "free":
		p.Free = true
	default:
		d.addSpan("attribute-value", input.at, "write input=free or leave it out", "input is free or choice")
	}
	sim := d.simOf(b, "of")
	at := tcp.Time(-1)
	if sim != nil {
		p.Of = sim.ID
		p.At = d.timeAttribute(b, sim.World.Now())
		if _, given := b.values["at"]; given {
			at = p.At
		}
	}

	var actions []engine.Action
	var doLines []keyLine
	var ask *keyLine
	var q question
	asked := false
	wrong := []keyLine{}
	p.key = answerKey{rightFeedback: d.paragraph(rightText), other: d.paragraph(otherText), lang: d.lesson.Lang}
	seen := map[string]bool{}
	for _, k := range keys {
		if k.key != "do" && k.key != "wrong" && seen[k.key] {
			d.addSpan("key-twice", k.at, "keep one of them", "the key %s is given twice", k.key)
			continue
		}
		seen[k.key] = true
		if k.arg != "" && k.key != "wrong" {
			d.addSpan("key-line", k.argAt, "write "+k.key+": …", "%s takes nothing in front of its colon", k.key)
		}
		switch k.key {
		case "do":
			line := d.keyText(k)
			a, fault := script.ParseAction(line)
			if fault != nil {
				d.inLine(k.textAt, *fault)
				continue
			}
			actions, doLines = append(actions, a), append(doLines, k)
			p.Do = append(p.Do, line)
		case "ask":
			var fault, hint string
			if q, fault, hint = parseAsk(d.keyText(k)); fault != "" {
				d.addSpan("bad-ask", k.textAt, hint, "%s", fault)
			} else {
				asked = true
			}
			ask = &k
		case "right":
			p.key.rightFeedback = d.feedback(k, rightText)
		case "other":
			if !p.Free {
				d.addSpan("key-line", k.at, "it is for input=free", "with choices there is no other answer")
			}
			p.key.other = d.feedback(k, otherText)
		default:
			wrong = append(wrong, k)
		}
	}
	if ask == nil {
		d.addSpan("bad-ask", b.kindAt, "write ask: ack of SYN-ACK", "the block asks nothing")
	}
	if asked {
		p.Field = q.field
	}
	if sim == nil || !asked || len(doLines) != count(keys, "do") {
		d.wrongAnswers(&p.key, p.Field, nil, wrong) // their names can be checked all the same
		return nil
	}
	if at < 0 && len(actions) > 0 {
		at = 0
	}
	run, bad, err := d.play(sim, at, actions)
	if err != nil {
		where := ask.at
		if bad >= 0 {
			where = doLines[bad].textAt
		}
		d.failure(where, err)
		return nil
	}
	d.knows(sim, run.events)
	d.plays[b.id], d.asked[b.id] = run, sim.ID
	posed, fault := q.pose(run)
	if fault != "" {
		d.addSpan("no-answer", ask.textAt, "", "%s", fault)
		d.wrongAnswers(&p.key, p.Field, nil, wrong)
		return nil
	}
	p.key.right = posed.right
	d.wrongAnswers(&p.key, p.Field, &posed, wrong)
	if p.Free {
		if p.Field != "time" && !isNumber(p.Field) {
			d.addSpan("attribute-value", b.values["input"].at, "leave it out", "only a number or a time can be typed")
		}
		return p
	}
	if len(wrong) == 0 {
		d.addSpan("one-choice", b.kindAt, "add a misconception, such as "+p.example()+":, or input=free", "there is nothing to choose from")
	}
	p.Choices = append(p.Choices, Choice{p.key.right, shown(p.Field, p.key.right)})
	for _, w := range p.key.wrong {
		p.Choices = append(p.Choices, Choice{w.value, shown(p.Field, w.value)})
	}
	// The order must not say which one is right, and must be the same each time.
	slices.SortFunc(p.Choices, func(x, y Choice) int {
		return cmp.Compare(d.rank(b.id, x.Value), d.rank(b.id, y.Value))
	})
	return p
}

func count(keys []keyLine, key string) (n int) {
	for _, k := range keys {
		if k.key == key {
			n++
		}
	}
	return n
}

func (d *draft) rank(id, value string) uint32 {
	h := fnv.New32a()
	_, _ = h.Write([]byte(d.lesson.Slug + "#" + id + "=" + value))
	// The low bits of FNV say much about the last letter; the high ones do not.
	return h.Sum32() * 0x9E3779B1
}

// example is a misconception that can be about the same field.
func (p *Predict) example() string {
	for _, m := range misconceptions {
		if slices.Contains(m.Fields, p.Field) {
			return m.Name
		}
	}
	return "wrong …"
}

// feedback is the text of a key line, or text when it has none.
func (d *draft) feedback(k keyLine, text string) string {
	if d.keyText(k) == "" {
		return d.defaultHTML(phrase(d.lesson.Lang, text))
	}
	return strings.TrimSpace(d.snippetHTML(k.textAt))
}

// paragraph is a text of this package in the language of the lesson.
func (d *draft) paragraph(text string) string { return "<p>" + phrase(d.lesson.Lang, text) + "</p>" }

// ownTexts are the texts of this package that were rendered. There are as many as misconceptions, and a few more.
var ownTexts sync.Map

// defaultHTML renders a text of this package.
func (d *draft) defaultHTML(text string) string {
	if html, ok := ownTexts.Load(text); ok {
		return html.(string)
	}
	own := draft{faults: faults{source: newSource("", []byte(text))}, shelf: d.shelf}
	html := strings.TrimSpace(own.snippetHTML(span{0, len(text)}))
	ownTexts.Store(text, html)
	return html
}

// wrongAnswers computes what the wrong answers to a question about field are. Without a posed question it only looks at their
// names; without a field, when nobody knows what is asked, it does so too.
func (d *draft) wrongAnswers(key *answerKey, field string, posed *posed, lines []keyLine) {
	takenBy := map[string]string{key.right: "the right answer"}
	for _, k := range lines {
		w := wrongAnswer{code: k.key}
		name, where := k.key, k.at
		if k.key == "wrong" {
			w.feedback = d.feedback(k, otherText)
			if field == "" {
				continue
			}
			v, ok := canonical(field, k.arg)
			if !ok {
				d.addSpan("wrong-value", where, "", "%q is no answer to the question", k.arg)
				continue
			}
			w.value, name, where = v, "wrong "+k.arg, k.argAt
		} else {
			m, ok := misconceptionByName(k.key)
			if !ok {
				d.addSpan("unknown-misconception", where, diag.DidYouMean("or write wrong VALUE: …", k.key, append(misconceptionNames(), "do", "ask", "right", "other", "wrong")...), "there is no misconception %s", k.key)
				continue
			}
			if d.of != "" && d.keyText(k) == "" {
				d.addSpan("no-feedback", where, "write "+k.key+": …", "the lab has the text of %s in English only", k.key)
			}
			w.feedback = d.feedback(k, m.Text)
			switch {
			case field == "":
				continue
			case !slices.Contains(m.Fields, field):
				d.addSpan("misconception-field", where, "it is about "+strings.Join(m.Fields, ", "), "%s is no answer to a question about %s", k.key, field)
				continue
			case posed == nil:
				continue
			}
			if w.value = m.answer(posed); w.value == "" {
				d.addSpan("misconception-field", where, "", "%s makes no difference in this run", k.key)
				continue
			}
		}
		if posed == nil {
			continue
		}
		if taken, twice := takenBy[w.value]; twice {
			d.addSpan("same-answer", where, "remove one of them", "%s is %s, and so is %s", name, w.value, taken)
			continue
		}
		takenBy[w.value] = name
		key.wrong = append(key.wrong, w)
	}
}
