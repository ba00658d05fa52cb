package lessons

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/handshakelab/lab/engine"
	"github.com/handshakelab/lab/engine/diag"
	"github.com/handshakelab/lab/engine/tcp"
	"github.com/handshakelab/lab/engine/wire"
)

// A Header is the header of a segment with one field hidden. What is exported may be shown.
type Header struct {
	Of    string        // the simulator
	Seg   engine.SegID  // the segment
	At    tcp.Time      // when it was sent
	From  engine.HostID // by whom
	Kind  wire.Flags    // what it is; 0 when that is what is hidden
	Field string        // the hidden field, one of headerFields
	Parts []HeaderPart  // in the order of the wire
}

// A HeaderPart is a field of a Header.
type HeaderPart struct {
	Name   string // "sport", "seq", "options"
	Bits   int    // its width; 0 for what has no width of its own
	Value  string // "" when it is hidden; hidden options are a … in it
	Hidden bool
}

// readField reads a question about a field of a header. It returns nil when the question cannot be asked.
func (d *draft) readField(q *Quiz, b *block) *Quiz {
	prose, keys := d.splitKeys(b.body)
	q.Question = d.snippetHTML(prose)
	if strings.TrimSpace(q.Question) == "" {
		d.addSpan("empty-block", b.kindAt, "write it in the first lines", "there is no question")
	}
	sim := d.simOf(b, "of")
	q.field = answerKey{rightFeedback: d.paragraph(rightText), other: d.paragraph(otherText), lang: d.lesson.Lang}
	var segment, field *keyLine
	var wrong []keyLine
	seen := map[string]bool{}
	for _, k := range keys {
		if k.key != "wrong" && seen[k.key] {
			d.addSpan("key-twice", k.at, "keep one of them", "the key %s is given twice", k.key)
			continue
		}
		seen[k.key] = true
		if k.arg != "" && k.key != "wrong" {
			d.addSpan("key-line", k.argAt, "write "+k.key+": …", "%s takes nothing in front of its colon", k.key)
		}
		switch k.key {
		case "segment":
			segment = &k
		case "field":
			field = &k
		case "right":
			q.field.rightFeedback = d.feedback(k, rightText)
		case "other":
			q.field.other = d.feedback(k, otherText)
		default:
			wrong = append(wrong, k)
		}
	}
	name := ""
	ask := question{at: tcp.Never, what: engine.WasSent}
	switch {
	case field == nil:
		d.addSpan("bad-ask", b.kindAt, "write field: ack", "the quiz does not say which field is to be filled in")
	default:
		if name = strings.ToLower(d.keyText(*field)); !slices.Contains(headerFields, name) {
			d.addSpan("bad-ask", field.textAt, diag.DidYouMean("a field is one of "+strings.Join(headerFields, ", "), name, headerFields...), "no field %q of a header can be filled in", name)
			name = ""
		}
	}
	ask.field = name
	switch {
	case segment == nil:
		d.addSpan("bad-ask", b.kindAt, "write segment: SYN-ACK#2", "the quiz does not say which segment it is about")
	default:
		w := wordsOf(d.keyText(*segment))
		var fault, hint string
		ask.seg, fault, hint = w.segment()
		if rest := w.next(); fault == "" && rest != "" {
			fault = fmt.Sprintf("%q is too much", rest)
		}
		if fault != "" {
			d.addSpan("bad-ask", segment.textAt, hint, "%s", fault)
			segment = nil
		}
	}
	if sim == nil || name == "" || segment == nil {
		d.wrongAnswers(&q.field, name, nil, wrong)
		return nil
	}
	if sim.varies() {
		d.addSpan("variant", segment.at, "ask with predict, or write a simulator without vary for it", "each learner has other numbers in #%s, and this header would not be theirs", sim.ID)
		return nil
	}
	run, _, err := d.play(sim, -1, nil)
	if err != nil {
		d.failure(segment.textAt, err)
		return nil
	}
	posed, fault := ask.pose(run)
	if fault != "" {
		d.addSpan("no-answer", segment.textAt, "", "%s", fault)
		d.wrongAnswers(&q.field, name, nil, wrong)
		return nil
	}
	q.field.right = posed.right
	d.wrongAnswers(&q.field, name, &posed, wrong)
	if len(wrong) == 0 && !seen["other"] {
		d.addSpan("no-feedback", b.kindAt, "add a misconception, such as syn-not-counted:, or other: …", "nobody who is wrong learns why")
	}
	q.Header = &Header{Of: sim.ID, Seg: posed.ev.Seg, At: posed.ev.At, From: posed.ev.Host, Field: name, Parts: headerParts(posed.ev.Wire, name)}
	if name != "flags" {
		q.Header.Kind = posed.ev.Wire.Flags
	}
	return q
}

var hiddenOption = map[string]*regexp.Regexp{"mss": regexp.MustCompile(`\bmss [0-9]+`), "wscale": regexp.MustCompile(`\bwscale [0-9]+`)}

// headerParts are the fields of a segment, without the value of the one that is hidden. The checksum is not among them: it would give
// the hidden one away.
func headerParts(s *wire.Segment, hidden string) []HeaderPart {
	n := func(field string) string {
		v, _ := sizes[field](s)
		return strconv.FormatUint(v, 10)
	}
	parts := []HeaderPart{
		{Name: "sport", Bits: 16, Value: n("sport")}, {Name: "dport", Bits: 16, Value: n("dport")},
		{Name: "seq", Bits: 32, Value: number(s.Seq)}, {Name: "ack", Bits: 32, Value: number(s.Ack)},
		{Name: "offset", Bits: 4, Value: n("offset")}, {Name: "reserved", Bits: 4, Value: strconv.Itoa(int(s.Reserved))}, {Name: "flags", Bits: 8, Value: s.Flags.String()}, {Name: "window", Bits: 16, Value: n("window")},
		{Name: "checksum", Bits: 16, Value: "…"}, {Name: "urgent", Bits: 16, Value: n("urgent")},
	}
	if text := s.Options.Text(); text != "" {
		parts = append(parts, HeaderPart{Name: "options", Bits: 32, Value: text})
	}
	if len(s.Payload) > 0 {
		parts = append(parts, HeaderPart{Name: "payload", Bits: 32, Value: strconv.Itoa(len(s.Payload))})
	}
	for i := range parts {
		p := &parts[i]
		form := hiddenOption[hidden]
		switch {
		case p.Name == hidden:
			p.Value, p.Hidden = "", true
		case p.Name == "options" && form != nil:
			p.Value, p.Hidden = form.ReplaceAllString(p.Value, hidden+" …"), true
		}
	}
	return parts
}
