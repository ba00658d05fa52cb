package lessons

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"

	"github.com/handshakelab/lab/engine"
	"github.com/handshakelab/lab/engine/diag"
	"github.com/handshakelab/lab/engine/tcp"
	"github.com/handshakelab/lab/engine/view"
)

// A runMark is {run: #sim ASK} in the prose: it says where the number in front of it comes from, and shows nothing.
type runMark struct {
	ast.BaseInline
	at   span // in the fragment
	text string
}

var kindRunMark = ast.NewNodeKind("RunMark")

// Kind implements ast.Node.
func (*runMark) Kind() ast.NodeKind { return kindRunMark }

// Dump implements ast.Node.
func (m *runMark) Dump(source []byte, level int) {
	ast.DumpHelper(m, source, level, map[string]string{"run": m.text}, nil)
}

const (
	runMarkStart = "{run:"
	maxRunMark   = 4 // lines
)

// runMarks parses run marks. A mark may go on in the next line, as any text does.
type runMarks struct{}

// Trigger implements parser.InlineParser.
func (runMarks) Trigger() []byte { return []byte{'{'} }

// Parse implements parser.InlineParser.
func (runMarks) Parse(_ ast.Node, block text.Reader, _ parser.Context) ast.Node {
	line, segment := block.PeekLine()
	if !strings.HasPrefix(string(line), runMarkStart) {
		return nil
	}
	row, begin := block.Position()
	block.Advance(len(runMarkStart))
	m := &runMark{at: span{segment.Start, segment.Start}}
	for range maxRunMark {
		line, segment := block.PeekLine()
		if line == nil {
			break
		}
		if end := strings.IndexByte(string(line), '}'); end >= 0 {
			m.text += string(line[:end])
			m.at.end = segment.Start + end + 1
			block.Advance(end + 1)
			return m
		}
		m.text += string(line)
		block.AdvanceLine()
	}
	block.SetPosition(row, begin)
	return nil
}

// almostRunMark is what looks like the beginning of a run mark.
var almostRunMark = regexp.MustCompile(`\{\s*(?i:run)\b\s*:?`)

// strayMarks finds what looks like run marks in text of the prose, which begins at a place and which no parser has taken for marks.
func (d *draft) strayMarks(at int, value []byte) {
	for _, found := range almostRunMark.FindAllIndex(value, -1) {
		hint, wrong := "begin it with "+runMarkStart, "this is not how a mark begins"
		if string(value[found[0]:found[1]]) == runMarkStart {
			hint, wrong = "end it with a } in the same paragraph", "the mark is not closed"
		}
		d.add("run-mark", at+found[0], at+found[1], hint, "%s", wrong)
	}
}

func renderRunMark(util.BufWriter, []byte, ast.Node, bool) (ast.WalkStatus, error) {
	return ast.WalkSkipChildren, nil
}

// A said is a number in the prose with the mark that follows it.
type said struct {
	mark   string
	before string // the text in front of the mark
	at     span   // of the mark, in the file
}

// say remembers a mark, to be compared when all runs are known.
func (d *draft) say(fr fragment, m *runMark) {
	const enough = 48 // bytes
	var before string
	for n := m.PreviousSibling(); n != nil && len(before) < enough; n = n.PreviousSibling() {
		before = rawText(n, fr.text) + before
	}
	for len(before) > enough || before != "" && !utf8.RuneStart(before[0]) {
		before = before[1:]
	}
	d.said = append(d.said, said{m.text, before, span{fr.base + m.at.start, fr.base + m.at.end}})
}

// rawText is the text of a node with its blanks.
func rawText(n ast.Node, source []byte) string {
	var b strings.Builder
	_ = ast.Walk(n, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if t, ok := n.(*ast.Text); ok && entering {
			b.Write(t.Segment.Value(source))
			if t.SoftLineBreak() || t.HardLineBreak() {
				b.WriteByte(' ')
			}
		}
		return ast.WalkContinue, nil
	})
	return b.String()
}

// ofVaried reports whether a simulator, or the one that a prediction is about, has other numbers for each learner.
func (d *draft) ofVaried(id string) bool {
	sim := d.sims[id]
	if sim == nil {
		sim = d.sims[d.asked[id]]
	}
	return sim != nil && sim.varies()
}

// variedFields are what vary makes another number.
var variedFields = []string{"seq", "ack", "sport", "dport"}

// checkSaid compares the marked numbers with the runs.
func (d *draft) checkSaid() {
	for _, s := range d.said {
		name, rest, _ := strings.Cut(strings.Join(strings.Fields(s.mark), " "), " ")
		id, ok := strings.CutPrefix(name, "#")
		if !ok {
			d.addSpan("run-mark", s.at, "write {run: #name time of SYN#2 sent}", "the mark does not say which simulator it is about")
			continue
		}
		run, fault := d.runOf(id)
		if run == nil {
			if fault {
				d.addSpan("run-mark", s.at, diag.DidYouMean("", id, d.simNames()...), "this lesson has no simulator #%s", id)
			}
			continue
		}
		ask, fault2, hint := parseRunAsk(rest)
		if fault2 == "" && d.ofVaried(id) && slices.Contains(variedFields, ask.field) {
			fault2, hint = "each learner has another "+ask.field+" in #"+id, "leave the number out, or vary out of the simulator"
		}
		if fault2 == "" {
			var is quantity
			if is, fault2 = ask.answer(run); fault2 == "" {
				d.compare(s, id, rest, is)
				continue
			}
		}
		d.addSpan("run-mark", s.at, hint, "%s", fault2)
	}
}

// runOf is the run of a simulator, or the one that a prediction is about. Without a run, unknown says that there is no such block.
func (d *draft) runOf(id string) (run *played, unknown bool) {
	if run := d.plays[id]; run != nil {
		return run, false
	}
	sim := d.sims[id]
	if sim == nil {
		return nil, !d.badSims[id] && !d.anchors[id]
	}
	run, _, err := d.play(sim, -1, nil)
	if err != nil {
		return nil, false // it ran when it was read
	}
	d.plays[id] = run
	return run, false
}

// compare reports a number that is not that of the run.
func (d *draft) compare(s said, id, ask string, is quantity) {
	got, ok := is.in(s.before, d.lesson.Lang)
	switch {
	case !ok:
		d.addSpan("run-mark", s.at, "write "+is.shown()+" in front of it, without a blank between", "in front of the mark stands no %s", is.called())
	case got != "":
		d.addSpan("number-differs", s.at, "compare it with the run", "the text says %s, and in #%s %s is %s", got, id, ask, is.shown())
	}
}

// A runAsk is what a mark asks of a run: what a prediction may ask, or one of the forms that have no right or wrong answer.
type runAsk struct {
	question
	to      segment // time from … to …
	toWhat  engine.What
	between bool
	verb    string // "count", "counter", "duration", "rto", or "" for a question
	call    string
	counter view.Counter
}

var runAskWords = append(slices.Clone(askFields), "count", "counter", "duration", "rto")

// parseRunAsk reads what stands behind the name of the simulator.
func parseRunAsk(text string) (a runAsk, fault, hint string) {
	w := wordsOf(text)
	verb := w.peek()
	switch {
	case verb == "count":
		w.next()
		if w.next() != "of" {
			return a, "the word of is missing", "write count of SYN"
		}
		a.verb = verb
		if a.seg, fault, hint = w.segment(); fault != "" {
			return a, fault, hint
		}
		if a.seg.any || a.seg.nth > 0 {
			return a, "only a kind of segments can be counted", "write count of SYN"
		}
		a.what = engine.WasSent
		if what, ok := askWhats[w.peek()]; ok {
			w.next()
			a.what = what
		}
		if w.peek() == "from" {
			w.next()
			host, ok := hostNamed(w.next())
			if !ok {
				return a, "segments come from the client or from the server", "write count of ACK from server"
			}
			a.seg.from = int8(host)
		}
	case verb == "counter":
		w.next()
		host, ok := hostNamed(w.next())
		if !ok {
			return a, "a counter is of the client or of the server", "write counter server ListenOverflows"
		}
		name := w.next()
		a.verb, a.host = verb, host
		if a.counter, ok = counterNamed(name); !ok {
			return a, fmt.Sprintf("there is no counter %q", name), diag.DidYouMean("the names are those of nstat", name, counterNames()...)
		}
	case verb == "duration":
		w.next()
		if w.peek() == "of" {
			w.next()
		}
		host, ok := hostNamed(w.next())
		if !ok {
			return a, "a call is one of the client or of the server", "write duration of client connect"
		}
		a.verb, a.host = verb, host
		if a.call = w.next(); a.call == "" {
			return a, "it does not say which call", "write duration of client connect"
		}
	case verb == "rto":
		w.next()
		if w.next() != "of" {
			return a, "the word of is missing", "write rto of client at 1170ms"
		}
		host, ok := hostNamed(w.next())
		if !ok {
			return a, "a timeout is the client's or the server's", "write rto of client at 1170ms"
		}
		a.verb, a.host, a.at = verb, host, tcp.Never
		if w.peek() == "at" {
			w.next()
			t, err := tcp.ParseTime(w.next())
			if err != nil {
				return a, err.Error(), ""
			}
			a.at = t
		}
	case verb == "time" && len(*w) > 1 && (*w)[1] == "from":
		*w = (*w)[2:]
		a.verb, a.between = verb, true
		if a.seg, a.what, fault, hint = w.moment(); fault != "" {
			return a, fault, hint
		}
		if w.next() != "to" {
			return a, "the word to is missing", "write time from SYN#1 sent to SYN#2 sent"
		}
		if a.to, a.toWhat, fault, hint = w.moment(); fault != "" {
			return a, fault, hint
		}
	case !slices.Contains(askFields, verb):
		return a, fmt.Sprintf("nothing can be asked about %q", verb), diag.DidYouMean("ask for "+strings.Join(runAskWords, ", "), verb, runAskWords...)
	default:
		a.question, fault, hint = parseAsk(text)
		return a, fault, hint
	}
	if rest := w.next(); rest != "" {
		return a, fmt.Sprintf("%q is too much", rest), ""
	}
	return a, "", ""
}

// moment reads "SYN#2 sent"; sent may be left out.
func (w *wordList) moment() (s segment, what engine.What, fault, hint string) {
	s, fault, hint = w.segment()
	what = engine.WasSent
	if given, ok := askWhats[w.peek()]; ok {
		w.next()
		what = given
	}
	return s, what, fault, hint
}

// counterNamed finds a counter by its name as nstat prints it, with or without its group: TcpExtListenOverflows, ListenOverflows.
func counterNamed(name string) (view.Counter, bool) {
	for c := range view.NumCounters {
		if full := c.String(); name == full || name == strings.TrimPrefix(full, "TcpExt") || name == strings.TrimPrefix(full, "IpExt") {
			return c, true
		}
	}
	return 0, false
}

func counterNames() (names []string) {
	for c := range view.NumCounters {
		names = append(names, strings.TrimPrefix(c.String(), "TcpExt"))
	}
	return names
}

// answer is what the run says. It fails when the run has no answer.
func (a *runAsk) answer(run *played) (q quantity, fault string) {
	switch {
	case a.verb == "count":
		n := 0
		for i := range run.events {
			if e := &run.events[i]; a.seg.is(e) {
				if a.what == engine.WasSent || run.index(i, func(later *engine.Event) bool { return later.Kind == whatKinds[a.what] && later.Seg == e.Seg }) >= 0 {
					n++
				}
			}
		}
		return quantity{kind: "number", n: uint64(n)}, ""
	case a.verb == "counter":
		end := run.world(tcp.Never)
		v := view.At(&end, run.events)
		return quantity{kind: "number", n: v.Counters(a.host)[a.counter]}, ""
	case a.verb == "duration":
		return a.duration(run)
	case a.verb == "rto":
		fault = "in the run the " + a.host.String() + " has no connection then"
		for i := range run.events {
			if e := &run.events[i]; e.Vars != nil && e.Host == a.host && e.At <= a.at {
				q, fault = quantity{kind: "time", t: e.Vars.RTO}, ""
			}
		}
		return q, fault
	case a.between:
		i, start := run.happened(a.seg, a.what)
		j, end := run.happened(a.to, a.toWhat)
		if i < 0 || j < 0 {
			return q, "in the run that never happens"
		}
		return quantity{kind: "time", t: max(end-start, start-end)}, ""
	}
	p, fault := a.pose(run)
	if fault != "" {
		return q, fault
	}
	switch {
	case a.field == "time":
		t, _ := tcp.ParseTime(p.right)
		return quantity{kind: "time", t: t}, ""
	case isNumber(a.field):
		n, _ := strconv.ParseUint(p.right, 10, 64)
		return quantity{kind: "number", n: n}, ""
	default:
		return quantity{kind: a.field, word: p.right}, ""
	}
}

// duration is the time from the first call of that name to what the application is told next: when a connection is open, or an
// error ends it.
func (a *runAsk) duration(run *played) (q quantity, fault string) {
	i := run.index(0, func(e *engine.Event) bool {
		call, _, _ := strings.Cut(e.Call, " ")
		return e.Kind == engine.Called && e.Host == a.host && call == a.call
	})
	if i < 0 {
		return q, "in the run the " + a.host.String() + " never calls " + a.call
	}
	call := &run.events[i]
	j := run.index(i+1, func(e *engine.Event) bool {
		return e.Kind == engine.Told && e.Host == a.host && (call.Conn == 0 || e.Conn == call.Conn)
	})
	if j < 0 {
		return q, "in the run the call never returns"
	}
	return quantity{kind: "time", t: run.events[j].At - call.At}, ""
}

// A quantity is what a run has to say: a time, a number or a word.
type quantity struct {
	kind string // "time", "number", or the field of a word: "flags", "state", "errno"
	t    tcp.Time
	n    uint64
	word string
}

// shown is the quantity as prose writes it.
func (q *quantity) shown() string {
	switch q.kind {
	case "time":
		return timeText(q.t)
	case "number":
		return thousands(int64(q.n))
	default:
		return q.word
	}
}

func (q *quantity) called() string {
	switch q.kind {
	case "flags":
		return "kind of segment"
	case "errno":
		return "error"
	default:
		return q.kind
	}
}

var (
	numeral   = `([0-9](?:[0-9.,\x{a0}\x{202f}]*[0-9])?|[\pL]+)`
	timeAtEnd = regexp.MustCompile(numeral + `[\s\x{a0}\x{202f}-]*(µs|us|ms|s|min|h|[\pL]+)$`)
	numAtEnd  = regexp.MustCompile(numeral + `$`)
	wordAtEnd = regexp.MustCompile(`([A-Z][A-Z0-9,-]*)$`)
)

var timeUnits = map[string]tcp.Time{
	"µs": tcp.Microsecond, "us": tcp.Microsecond, "ms": tcp.Millisecond, "s": tcp.Second, "min": 60 * tcp.Second, "h": 3600 * tcp.Second,
	"microsecond": tcp.Microsecond, "millisecond": tcp.Millisecond, "second": tcp.Second, "minute": 60 * tcp.Second, "hour": 3600 * tcp.Second,
	"mikrosekunde": tcp.Microsecond, "millisekunde": tcp.Millisecond, "sekunde": tcp.Second, "stunde": 3600 * tcp.Second,
	"microsegundo": tcp.Microsecond, "milisegundo": tcp.Millisecond, "segundo": tcp.Second, "minuto": 60 * tcp.Second, "hora": 3600 * tcp.Second,
}

// unitNamed finds a unit of time by its name, in the singular or the plural.
func unitNamed(name string) (tcp.Time, bool) {
	name = strings.ToLower(name)
	for _, ending := range []string{"", "s", "n"} {
		if u, ok := timeUnits[strings.TrimSuffix(name, ending)]; ok {
			return u, true
		}
	}
	return 0, false
}

var numberWords = map[string]uint64{
	"no": 0, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10, "eleven": 11, "twelve": 12,
	"kein": 0, "keine": 0, "ein": 1, "eine": 1, "einen": 1, "einer": 1, "zwei": 2, "drei": 3, "vier": 4, "fünf": 5, "sechs": 6, "sieben": 7, "acht": 8, "neun": 9, "zehn": 10, "elf": 11, "zwölf": 12,
	"ninguno": 0, "ninguna": 0, "un": 1, "uno": 1, "una": 1, "dos": 2, "tres": 3, "cuatro": 4, "cinco": 5, "seis": 6, "siete": 7, "ocho": 8, "nueve": 9, "diez": 10, "once": 11, "doce": 12,
}

// decimalComma reports whether a language begins a fraction with a comma, and parts thousands with a point.
func decimalComma(lang string) bool { return lang == "de" || lang == "es" }

// numberIn reads a number as the prose of a language writes it, in millionths, with the size of its last digit.
func numberIn(s, lang string) (millionths, last uint64, ok bool) {
	if n, ok := numberWords[strings.ToLower(s)]; ok {
		return n * 1e6, 1e6, true
	}
	comma, point := ",", "."
	if decimalComma(lang) {
		comma, point = ".", ","
	}
	s = strings.NewReplacer(comma, "", "\u00a0", "", "\u202f", "").Replace(s)
	whole, fraction, _ := strings.Cut(s, point)
	if len(whole) > 12 || len(fraction) > 6 {
		return 0, 0, false
	}
	n, err := strconv.ParseUint(whole+fraction, 10, 63)
	last = 1e6
	for range fraction {
		last /= 10
	}
	return n * last, last, err == nil
}

// in compares the quantity with the one that a text ends with. ok is false when it ends with none; said is what it says when that
// is something else. A time is as exact as it is written: 63 s is right for 63.2 s, and 63.0 s is not.
func (q *quantity) in(before, lang string) (said string, ok bool) {
	switch q.kind {
	case "time":
		m := timeAtEnd.FindStringSubmatch(before)
		if m == nil {
			return "", false
		}
		unit, isUnit := unitNamed(m[2])
		n, last, isNumber := numberIn(m[1], lang)
		if !isUnit || !isNumber || n > 1e14 {
			return "", false
		}
		// Both sides in millionths of a microsecond would not fit; what is below a microsecond is nothing that a run has.
		t, exact := tcp.Time(float64(n)/1e6*float64(unit)), tcp.Time(float64(last)/1e6*float64(unit))
		if 2*max(t-q.t, q.t-t) > exact {
			return m[0], true
		}
	case "number":
		m := numAtEnd.FindStringSubmatch(before)
		if m == nil {
			return "", false
		}
		n, _, isNumber := numberIn(m[1], lang)
		if !isNumber {
			return "", false
		}
		if n != q.n*1e6 {
			return m[0], true
		}
	default:
		m := wordAtEnd.FindStringSubmatch(before)
		if m == nil {
			return "", false
		}
		v, isValue := canonical(q.kind, m[1])
		if !isValue {
			return "", false
		}
		if v != q.word {
			return m[0], true
		}
	}
	return "", true
}
