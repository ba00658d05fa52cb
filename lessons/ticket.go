package lessons

import (
	"bytes"
	"errors"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/yuin/goldmark/ast"

	"github.com/handshakelab/lab/engine"
	"github.com/handshakelab/lab/engine/diag"
	"github.com/handshakelab/lab/engine/script"
	"github.com/handshakelab/lab/engine/tcp"
	"github.com/handshakelab/lab/engine/view"
)

// A Ticket is a case of trouble: a symptom, what can be looked at and what that costs, and causes to choose from. What is exported may
// be shown.
type Ticket struct {
	ID     string
	Title  string
	HTML   string   // the symptom
	Points int      // to begin with
	Wrong  int      // what a wrong cause costs
	Looks  []Look   // what can be looked at
	Causes []string // HTML

	key ticketKey
}

// A Look is one thing to look at: what a tool shows on a host.
type Look struct {
	Host    engine.HostID
	View    string // one of the views
	Command string // as it is typed there, "" where there is no such tool
	At      tcp.Time
	Timed   bool // it is looked at At; else when all is over
	Cost    int  // points
}

// Name is how the author writes it: "client tcpdump", "server ss at=30s".
func (l *Look) Name() string {
	if l.Timed {
		return l.Host.String() + " " + l.View + " at=" + l.At.String()
	}
	return l.Host.String() + " " + l.View
}

// A ticketKey is what stays on the server: nothing of it leaves before it was paid for.
type ticketKey struct {
	source  string    // the scenario
	hosts   [2]string // their addresses
	outputs []string
	causes  []cause
	lang    string
}

type cause struct {
	right    bool
	feedback string
	evidence []evidence
}

// An evidence is feedback for who has looked at something: which lines of it speak for the cause, or against it.
type evidence struct {
	look     int
	lines    []int // from 0
	feedback string
}

// A TicketVerdict is what is said to a cause.
type TicketVerdict struct {
	Verdict
	Points   int    // what is left
	Look     int    // what the feedback is about, -1 for none
	Lines    []int  // of it, from 0, those that say so
	Scenario string // of the whole run, when it is solved
}

// Output is what a Look shows, and the address of the host where one looks. ok is false when there is no such one.
func (t *Ticket) Output(look int) (text, local string, ok bool) {
	if look < 0 || look >= len(t.key.outputs) {
		return "", "", false
	}
	return t.key.outputs[look], t.key.hosts[t.Looks[look].Host], true
}

// Left is how many points are left for who has looked at so much, and has named so many wrong causes.
func (t *Ticket) Left(seen []int, wrong int) int {
	left := t.Points - wrong*t.Wrong
	paid := map[int]bool{}
	for _, i := range seen {
		if i >= 0 && i < len(t.Looks) && !paid[i] {
			paid[i] = true
			left -= t.Looks[i].Cost
		}
	}
	return max(0, left)
}

// Check says whether a cause, counted from 0, is the right one, to somebody who has looked at some of what there is, and has named
// these causes before.
func (t *Ticket) Check(picked int, seen, before []int) TicketVerdict {
	wrong := map[int]bool{}
	for _, i := range before {
		if i >= 0 && i < len(t.key.causes) && !t.key.causes[i].right {
			wrong[i] = true
		}
	}
	if picked < 0 || picked >= len(t.key.causes) {
		return TicketVerdict{Verdict: unreadable(phrase(t.key.lang, "Choose a cause first.")), Points: t.Left(seen, len(wrong)), Look: -1}
	}
	c := &t.key.causes[picked]
	v := TicketVerdict{Verdict: Verdict{OK: c.right, Code: "wrong", Feedback: c.feedback}, Look: -1}
	for _, e := range c.evidence {
		if slices.Contains(seen, e.look) {
			v.Feedback, v.Look, v.Lines = e.feedback, e.look, e.lines
			break
		}
	}
	if c.right {
		v.Code, v.Scenario = "right", t.key.source
	} else {
		wrong[picked] = true
	}
	switch {
	case v.Feedback != "":
	case c.right:
		v.Feedback = "<p>" + phrase(t.key.lang, "Yes.") + "</p>"
	default:
		v.Feedback = "<p>" + phrase(t.key.lang, noEvidence) + "</p>"
	}
	v.Points = t.Left(seen, len(wrong))
	return v
}

// Defaults of a ticket.
const (
	ticketPoints = 10
	ticketWrong  = 2
	maxPoints    = 100
	maxLooks     = 16
	maxOutput    = 32 << 10
)

// A lookout is a kind of view that a ticket can offer.
type lookout struct {
	name, command string
	shows         func(w *engine.World, events []engine.Event, h engine.HostID) string
}

var lookouts = []lookout{
	{"tcpdump", "tcpdump -nn", func(_ *engine.World, events []engine.Event, h engine.HostID) string {
		at, _ := view.ParseVantage(h.String())
		return view.Tcpdump(events, at, false)
	}},
	{"ss", "ss -tan", func(w *engine.World, events []engine.Event, h engine.HostID) string { return view.At(w, events).SS(h) }},
	{"ss-info", "ss -tin", func(w *engine.World, events []engine.Event, h engine.HostID) string {
		return view.At(w, events).SSInfo(h)
	}},
	{"nstat", "nstat", func(w *engine.World, events []engine.Event, h engine.HostID) string {
		return view.At(w, events).Nstat(h)
	}},
	{"proc", "cat /proc/net/tcp", func(w *engine.World, events []engine.Event, h engine.HostID) string {
		return view.At(w, events).ProcTCP(h)
	}},
	{"state", "", func(_ *engine.World, events []engine.Event, h engine.HostID) string { return stateLog(events, h) }},
	{"app", "", func(_ *engine.World, events []engine.Event, h engine.HostID) string { return appLog(events, h) }},
}

func lookoutNames() []string {
	var names []string
	for _, l := range lookouts {
		names = append(names, l.name)
	}
	return names
}

// stateLog is how the state of a host's connections changed, one line a change.
func stateLog(events []engine.Event, h engine.HostID) string {
	var b strings.Builder
	for i := range events {
		if e := &events[i]; e.Kind == engine.Changed && e.Host == h {
			fmt.Fprintf(&b, "%s %-12s -> %s\n", seconds(e.At), e.From, e.To)
		}
	}
	return b.String()
}

// appLog is what the application of a host called and was told, one line each.
func appLog(events []engine.Event, h engine.HostID) string {
	var b strings.Builder
	for i := range events {
		e := &events[i]
		switch {
		case e.Host != h:
		case e.Kind == engine.Called:
			fmt.Fprintf(&b, "%s calls %s\n", seconds(e.At), e.Call)
		case e.Kind == engine.Told && e.Errno != tcp.OK:
			fmt.Fprintf(&b, "%s told %s\n", seconds(e.At), e.Errno)
		case e.Kind == engine.Told && e.Bytes > 0:
			fmt.Fprintf(&b, "%s told %s, %d bytes\n", seconds(e.At), e.Notice, e.Bytes)
		case e.Kind == engine.Told:
			fmt.Fprintf(&b, "%s told %s\n", seconds(e.At), e.Notice)
		}
	}
	return b.String()
}

func seconds(t tcp.Time) string {
	return fmt.Sprintf("%10.3f s", float64(t)/float64(tcp.Second))
}

// readTicket reads a ticket block, plays its run, and looks at it from everywhere. It returns nil when that is not possible.
func (d *draft) readTicket(b *block) *Ticket {
	t := &Ticket{ID: b.id, Title: b.values["title"].text, Points: d.numberAttribute(b, "points", ticketPoints, maxPoints), Wrong: d.numberAttribute(b, "wrong", ticketWrong, maxPoints)}
	if t.Title == "" {
		d.addSpan("empty-block", b.kindAt, `write title="connect() hangs"`, "the ticket has no title")
	}
	prose, sees, causes := d.splitTicket(b.body)
	t.HTML = strings.TrimSpace(d.snippetHTML(prose))
	if t.HTML == "" {
		d.addSpan("empty-block", b.kindAt, "say in the first lines what somebody complains about", "the ticket has no symptom")
	}
	sc := d.scenarioFile(b)
	if sc != nil {
		t.key.source, t.key.lang = sc.source, d.lesson.Lang
		for h := range t.key.hosts {
			t.key.hosts[h] = sc.Setup.Hosts[h].Addr.Addr().String()
		}
	}
	for _, k := range sees {
		d.readLook(t, sc, k)
	}
	if len(t.Looks) == 0 && len(sees) == 0 {
		d.addSpan("no-look", b.kindAt, "write see client tcpdump: 1", "there is nothing to look at")
	}
	d.readCauses(t, b, causes)
	if sc == nil {
		return nil
	}
	d.runs = append(d.runs, sc.events)
	if run, _, err := d.play(&Sim{Scenario: sc.Scenario, Source: sc.source}, -1, nil); err == nil {
		d.plays[b.id] = run
	}
	return t
}

// numberAttribute reads an attribute that is a number from 0 to most.
func (d *draft) numberAttribute(b *block, key string, otherwise, most int) int {
	a, ok := b.values[key]
	if !ok {
		return otherwise
	}
	n, err := strconv.Atoi(a.text)
	if err != nil || n < 0 || n > most {
		d.addSpan("attribute-value", a.at, fmt.Sprintf("write %s=%d", key, max(1, otherwise)), "%s is a whole number from 0 to %d", key, most)
		return otherwise
	}
	return n
}

// splitTicket splits a ticket into its prose, its see lines and its task list.
func (d *draft) splitTicket(body span) (prose span, sees []keyLine, causes span) {
	causes = span{body.end, body.end}
	blank := true
	for p := body.start; p < body.end; {
		next := body.end
		if i := bytes.IndexByte(d.text[p:body.end], '\n'); i >= 0 {
			next = p + i + 1
		}
		if line := d.text[p:next]; blank && taskLine.Match(line) {
			causes.start = p
			break
		}
		blank = len(bytes.TrimSpace(d.text[p:next])) == 0
		p = next
	}
	prose, sees = d.splitKeys(span{body.start, causes.start})
	return prose, sees, causes
}

var taskLine = regexp.MustCompile(`^ {0,3}[-*+] +\[[ xX]\]`)

// A scenarioText is a scenario of a file of its own, and its run.
type scenarioText struct {
	*script.Scenario
	source string
	events []engine.Event
	world  engine.World
}

// maxScenario is the largest scenario file that is read.
const maxScenario = 64 << 10

// beside reads a file beside the lesson, which the attribute key of a block names.
func (d *draft) beside(b *block, key, example string, most int64) (text []byte, ok bool) {
	a, given := b.values[key]
	if !given {
		d.addSpan("missing-file", b.kindAt, "write "+key+"="+example, "the block does not say which file it is about")
		return nil, false
	}
	if !d.has(a.text) || path.Clean(a.text) != a.text {
		d.addSpan("missing-file", a.at, "a file is named by its way from the lessons folder, such as "+example, "there is no file %s beside the lesson", a.text)
		return nil, false
	}
	text, err := d.read(a.text, most)
	switch {
	case errors.Is(err, errTooLarge):
		d.addSpan("bad-file", a.at, "", "%s has more than %d bytes", a.text, most)
		return nil, false
	case err != nil:
		d.addSpan("bad-file", a.at, "", "%s cannot be read: %s", a.text, err)
		return nil, false
	}
	return text, true
}

// scenarioFile reads and runs the scenario that the attribute run names.
func (d *draft) scenarioFile(b *block) *scenarioText {
	text, ok := d.beside(b, "run", "tickets/hangs.lab", maxScenario)
	if !ok {
		return nil
	}
	a := b.values["run"]
	type result struct {
		*scenarioText
		list diag.List
	}
	r := cached(d.cache, "ticket\x00"+string(text), func() (r result) {
		sc, list := script.Parse(string(text))
		r = result{&scenarioText{Scenario: sc, source: string(text)}, list}
		if len(list.Errors()) == 0 {
			var run diag.List
			r.world, r.events, run = script.Run(sc)
			r.list = append(list, run...)
		}
		return r
	})
	s, list := r.scenarioText, r.list
	d.list = append(d.list, list.In(a.text, 1, 0)...)
	if n := len(list.Errors()); n > 0 {
		d.addSpan("bad-file", a.at, list.Errors()[0].Message, "the scenario %s has faults: %d", a.text, n)
		return nil
	}
	return s
}

// readLook reads a line "see client tcpdump at=30s: 2" and looks.
func (d *draft) readLook(t *Ticket, sc *scenarioText, k keyLine) {
	if k.key != "see" {
		d.addSpan("key-line", k.at, diag.DidYouMean("write see client tcpdump: 1", k.key, "see"), "a ticket has no key %s", k.key)
		return
	}
	const example = "write see client tcpdump: 1, or see server ss at=30s: 2"
	w := wordsOf(k.arg)
	host, ok := hostNamed(w.next())
	if !ok {
		d.addSpan("bad-look", k.at, example, "one looks at the client or at the server")
		return
	}
	l := Look{Host: host, View: w.next()}
	i := slices.IndexFunc(lookouts, func(x lookout) bool { return x.name == l.View })
	if i < 0 {
		d.addSpan("bad-look", k.argAt, diag.DidYouMean("there are "+strings.Join(lookoutNames(), ", "), l.View, lookoutNames()...), "there is no view %q", l.View)
		return
	}
	l.Command = lookouts[i].command
	if at, timed := strings.CutPrefix(w.peek(), "at="); timed {
		w.next()
		when, err := tcp.ParseTime(at)
		if err != nil {
			d.addSpan("bad-look", k.argAt, "write at=30s", "%s", err)
			return
		}
		l.At, l.Timed = when, true
	}
	if rest := w.next(); rest != "" {
		d.addSpan("bad-look", k.argAt, example, "%q is too much", rest)
		return
	}
	cost, err := strconv.Atoi(d.keyText(k))
	if err != nil || cost < 0 || cost > maxPoints {
		d.addSpan("bad-look", k.textAt, example, "what it costs is a whole number from 0 to %d", maxPoints)
		return
	}
	l.Cost = cost
	switch {
	case slices.ContainsFunc(t.Looks, func(x Look) bool { return x.Name() == l.Name() }):
		d.addSpan("key-twice", k.at, "keep one of them", "%s is there twice", l.Name())
		return
	case len(t.Looks) == maxLooks:
		d.addSpan("bad-look", k.at, "", "a ticket offers at most %d things to look at", maxLooks)
		return
	}
	output := ""
	if sc != nil {
		if end := sc.world.Now(); l.Timed && l.At > end {
			d.addSpan("bad-look", k.argAt, "", "the run ends at %s", end)
			return
		}
		output = cached(d.cache, "look "+l.Name()+"\x00"+sc.source, func() string {
			world, events := sc.world, sc.events
			if l.Timed {
				world, events, _ = script.RunTo(sc.Scenario, l.At)
			}
			return lookouts[i].shows(&world, events, host)
		})
		if len(output) > maxOutput {
			d.addSpan("bad-look", k.at, "let less happen, or look at another moment", "what is seen there has more than %d bytes", maxOutput)
			output = ""
		}
	}
	t.Looks, t.key.outputs = append(t.Looks, l), append(t.key.outputs, output)
}

// readCauses reads the task list of a ticket.
func (d *draft) readCauses(t *Ticket, b *block, list span) {
	fr := d.fragment(snippet, list)
	d.checkProse(fr, fr.doc, true)
	_, items := d.splitList(fr, hasTask)
	right := 0
	for _, item := range items {
		at := fr.base + max(item.Pos(), 0)
		ticked, ok := d.takeBox(fr, item)
		if !ok {
			continue
		}
		c := cause{right: ticked}
		for n := item.FirstChild(); n != nil; {
			next := n.NextSibling()
			if n.Kind() == ast.KindBlockquote {
				d.readEvidence(t, &c, fr, n)
				item.RemoveChild(item, n)
			}
			n = next
		}
		text, _ := d.readItem(fr, item)
		switch {
		case text == "":
			d.add("quiz-options", at, at, "", "the cause has no text")
		case slices.Contains(t.Causes, text):
			d.add("quiz-options", at, at, "remove one of them", "two causes are the same")
		case c.feedback == "" && len(c.evidence) == 0:
			d.add("no-feedback", at, at, "write it below, behind a >", "nobody who picks this cause learns what speaks for it or against it")
		}
		if ticked {
			right++
		}
		t.Causes, t.key.causes = append(t.Causes, text), append(t.key.causes, c)
	}
	switch {
	case len(t.Causes) < 2:
		d.addSpan("quiz-options", b.kindAt, "write lines such as - [ ] one and - [x] two", "a ticket needs two causes or more")
	case right != 1:
		d.addSpan("no-right-option", b.kindAt, "mark exactly one with [x]", "of the causes %d are right", right)
	}
}

// evidenceForm is what a paragraph of feedback begins with that is about something to look at: client tcpdump "[S]":
var evidenceForm = regexp.MustCompile(`^(client|server) +([a-z-]+)( +at=[^ :"]+)?(?: +"([^"\n]*)")? *: *`)

// readEvidence reads the feedback on a cause: paragraphs for everybody, and such for who has looked at something.
func (d *draft) readEvidence(t *Ticket, c *cause, fr fragment, quote ast.Node) {
	for n := quote.FirstChild(); n != nil; n = n.NextSibling() {
		p, ok := n.(*ast.Paragraph)
		if !ok || p.Lines().Len() == 0 {
			c.feedback = strings.TrimSpace(c.feedback + "\n" + d.html(fr, n))
			continue
		}
		to := &c.feedback
		for i := range p.Lines().Len() {
			line := p.Lines().At(i)
			m := evidenceForm.FindSubmatchIndex(line.Value(fr.text))
			if m == nil {
				continue
			}
			at := span{fr.base + line.Start, fr.base + line.Start + m[1]}
			if i > 0 {
				d.addSpan("bad-evidence", at, "put a line with only > between them", "a paragraph is about one thing to look at")
				continue
			}
			e, ok := d.findEvidence(t, at, line.Value(fr.text), m)
			if !ok {
				continue
			}
			c.evidence = append(c.evidence, e)
			to = &c.evidence[len(c.evidence)-1].feedback
			cutText(p, line.Start+m[1])
		}
		*to = strings.TrimSpace(*to + "\n" + d.html(fr, n))
	}
}

// cutText takes the text before an offset away from a paragraph.
func cutText(p *ast.Paragraph, until int) {
	for n := p.FirstChild(); n != nil; {
		next := n.NextSibling()
		t, ok := n.(*ast.Text)
		switch {
		case ok && t.Segment.Stop <= until:
			p.RemoveChild(p, n)
		case ok && t.Segment.Start < until:
			t.Segment.Start = until
			return
		case !ok || t.Segment.Start >= until:
			return
		}
		n = next
	}
}

// findEvidence finds what a paragraph of feedback is about, and the lines that it quotes.
func (d *draft) findEvidence(t *Ticket, at span, line []byte, m []int) (e evidence, ok bool) {
	group := func(i int) string {
		if m[2*i] < 0 {
			return ""
		}
		return string(line[m[2*i]:m[2*i+1]])
	}
	name := strings.Join(strings.Fields(group(1)+" "+group(2)+" "+group(3)), " ")
	var names []string
	e.look = -1
	for i := range t.Looks {
		names = append(names, t.Looks[i].Name())
		if names[i] == name {
			e.look = i
		}
	}
	if e.look < 0 {
		d.addSpan("bad-evidence", at, diag.DidYouMean("it has "+strings.Join(names, ", "), name, names...), "the ticket has nothing to look at that is called %s", name)
		return e, false
	}
	quoted := group(4)
	if quoted == "" {
		return e, true
	}
	n := 0
	for text := range strings.Lines(t.key.outputs[e.look]) {
		if strings.Contains(text, quoted) {
			e.lines = append(e.lines, n)
		}
		n++
	}
	if e.lines == nil && t.key.source != "" {
		d.addSpan("bad-evidence", at, "lab run FILE -format tcpdump prints what there is", "no line of %s has %q in it", name, quoted)
		return e, false
	}
	return e, true
}
