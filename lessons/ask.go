package lessons

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/handshakelab/lab/engine"
	"github.com/handshakelab/lab/engine/diag"
	"github.com/handshakelab/lab/engine/script"
	"github.com/handshakelab/lab/engine/tcp"
	"github.com/handshakelab/lab/engine/wire"
)

// A question is what an ask line asks.
type question struct {
	field string // one of askFields
	seg   segment
	told  engine.Cond // of time, without a segment: what an application was told
	what  engine.What // of time and of state: what happened to seg
	host  engine.HostID
	at    tcp.Time // of state; Never is the end of the run
}

// A segment names a segment in a question.
type segment struct {
	given bool
	any   bool // of whatever kind
	kind  wire.Flags
	nth   int  // of that kind in the whole run; 0 is the next one
	from  int8 // -1 either host
}

var (
	askFields = append([]string{"flags", "seq", "ack", "time", "state", "errno"}, mapKeys(sizes)...)

	// headerFields are those of them that stand in the header of a segment.
	headerFields = []string{"flags", "seq", "ack", "sport", "dport", "offset", "window", "urgent", "mss", "wscale"}

	askWhats = map[string]engine.What{"sent": engine.WasSent, "arrived": engine.HasArrived, "lost": engine.WasLost}
)

// parseAsk reads the text of an ask line. The second result is what is wrong with it, and the third a hint.
func parseAsk(text string) (q question, fault, hint string) {
	w := wordsOf(text)
	q.field, q.what, q.at = w.next(), engine.WasSent, tcp.Never
	if !slices.Contains(askFields, q.field) {
		return q, fmt.Sprintf("nothing can be asked about %q", q.field), diag.DidYouMean("ask for "+strings.Join(askFields, ", "), q.field, askFields...)
	}
	if w.next() != "of" {
		return q, "the word of is missing", "write ask: " + q.field + " of …"
	}
	switch q.field {
	case "state", "errno":
		host, ok := hostNamed(w.next())
		if !ok {
			return q, "a " + q.field + " is of the client or of the server", "write ask: " + q.field + " of server"
		}
		q.host = host
		if q.field == "errno" {
			break
		}
		switch w.peek() {
		case "after":
			w.next()
			if q.seg, fault, hint = w.segment(); fault != "" {
				return q, fault, hint
			}
			what, ok := askWhats[w.next()]
			if !ok {
				return q, "it does not say what happened to the segment", "write sent, arrived or lost behind it"
			}
			q.what = what
		case "at":
			w.next()
			t, err := tcp.ParseTime(w.next())
			if err != nil {
				return q, err.Error(), ""
			}
			q.at = t
		}
	default:
		if _, host := hostNamed(w.peek()); host && q.field == "time" {
			c, d := script.ParseCond(strings.Join(*w, " "))
			if d != nil || c.Kind != engine.WasTold || c.Not || c.Cmp != 0 {
				return q, "a time is that of a segment, or of what an application is told", "write ask: time of client told ETIMEDOUT"
			}
			q.told = c
			return q, "", ""
		}
		if q.seg, fault, hint = w.segment(); fault != "" {
			return q, fault, hint
		}
		if what, ok := askWhats[w.peek()]; ok && q.field == "time" {
			w.next()
			q.what = what
		}
	}
	if rest := w.next(); rest != "" {
		return q, fmt.Sprintf("%q is too much", rest), ""
	}
	return q, "", ""
}

// A wordList is read word by word.
type wordList []string

func wordsOf(s string) *wordList { w := wordList(strings.Fields(s)); return &w }

func (w *wordList) peek() string {
	if len(*w) == 0 {
		return ""
	}
	return (*w)[0]
}

func (w *wordList) next() string {
	s := w.peek()
	if s != "" {
		*w = (*w)[1:]
	}
	return s
}

func hostNamed(s string) (engine.HostID, bool) {
	for _, h := range []engine.HostID{engine.Client, engine.Server} {
		if s == h.String() {
			return h, true
		}
	}
	return 0, false
}

// segment reads "next", "next from server", "SYN-ACK" or "SYN-ACK#2".
func (w *wordList) segment() (s segment, fault, hint string) {
	word := w.next()
	s = segment{given: true, from: -1}
	if word == "next" {
		s.any = true
		if w.peek() == "from" {
			w.next()
			host, ok := hostNamed(w.next())
			if !ok {
				return s, "segments come from the client or from the server", "write next from server"
			}
			s.from = int8(host)
		}
		return s, "", ""
	}
	name, nth, numbered := strings.Cut(word, "#")
	kind, err := wire.ParseFlags(name)
	if err != nil || name == "" {
		return s, fmt.Sprintf("%q names no segment", word), "write SYN-ACK#2, SYN-ACK, next or next from server"
	}
	s.kind = kind &^ wire.PSH
	if numbered {
		if s.nth, err = strconv.Atoi(nth); err != nil || s.nth < 1 {
			return s, fmt.Sprintf("%q is not a number from 1", nth), "write " + name + "#2 for the second one"
		}
	}
	return s, "", ""
}

// A posed question is a question about one run, with what is needed to answer it.
type posed struct {
	question
	run   *played
	ev    *engine.Event // of the segment that it is about; nil when it is about none
	i     int           // index of ev
	right string
}

// pose answers a question. It fails when the run has no answer.
func (q question) pose(run *played) (p posed, fault string) {
	p = posed{question: q, run: run, i: -1}
	at := q.at
	if q.seg.given {
		if p.i, at = run.happened(q.seg, q.what); p.i < 0 {
			return p, "in the run that never happens"
		}
		p.ev = &run.events[p.i]
	}
	if q.told.Kind == engine.WasTold {
		i := run.index(run.cut, func(e *engine.Event) bool {
			return e.Kind == engine.Told && e.Host == q.told.Host && e.Errno == q.told.Errno && e.Notice == q.told.Notice
		})
		if i < 0 {
			return p, "in the run the application is never told so"
		}
		p.right = run.events[i].At.String()
		return p, ""
	}
	switch q.field {
	case "flags":
		p.right = (p.ev.Wire.Flags &^ wire.PSH).Kind()
	case "seq":
		p.right = number(p.ev.Wire.Seq)
	case "ack":
		if !p.ev.Wire.Flags.Has(wire.ACK) {
			return p, "that segment acknowledges nothing: its ACK bit is off"
		}
		p.right = number(p.ev.Wire.Ack)
	case "time":
		p.right = at.String()
	case "state":
		p.at = at
		p.right = run.state(q.host, at).String()
	case "errno":
		i := run.index(run.cut, func(e *engine.Event) bool { return e.Kind == engine.Told && e.Host == q.host && e.Errno != tcp.OK })
		if i < 0 {
			return p, "in the run the application is told no error"
		}
		p.right = run.events[i].Errno.String()
	default:
		n, ok := sizes[q.field](p.ev.Wire)
		if !ok {
			return p, "that segment does not say its " + q.field
		}
		p.right = strconv.FormatUint(n, 10)
	}
	return p, ""
}

// sizes are the numbers of a segment that can be asked for beside its sequence and acknowledgment numbers. ok is false when the segment
// lacks it.
var sizes = map[string]func(*wire.Segment) (n uint64, ok bool){
	"sport":  func(s *wire.Segment) (uint64, bool) { return uint64(s.Src.Port()), true },
	"dport":  func(s *wire.Segment) (uint64, bool) { return uint64(s.Dst.Port()), true },
	"offset": func(s *wire.Segment) (uint64, bool) { return uint64(s.HeaderWords()), true },
	"window": func(s *wire.Segment) (uint64, bool) { return uint64(s.Window), true },
	"urgent": func(s *wire.Segment) (uint64, bool) { return uint64(s.Urgent), true },
	"length": func(s *wire.Segment) (uint64, bool) { return uint64(len(s.Payload)), true },
	"ttl":    func(s *wire.Segment) (uint64, bool) { return uint64(s.TTL), true },
	"mss":    func(s *wire.Segment) (uint64, bool) { o := s.Options.Parse(); return uint64(o.MSS), o.HasMSS },
	"wscale": func(s *wire.Segment) (uint64, bool) {
		o := s.Options.Parse()
		return uint64(o.WindowScale), o.HasWindowScale
	},
	"tsval": func(s *wire.Segment) (uint64, bool) { o := s.Options.Parse(); return uint64(o.TSVal), o.HasTimestamps },
	"tsecr": func(s *wire.Segment) (uint64, bool) { o := s.Options.Parse(); return uint64(o.TSEcr), o.HasTimestamps },
}

// bareDigits takes out what people put between digits.
var bareDigits = strings.NewReplacer(",", "", " ", "", "\u00a0", "", "\u202f", "", "'", "", "’", "", "_", "")

// isNumber reports whether what is asked about a field is a plain number.
func isNumber(field string) bool {
	switch field {
	case "flags", "time", "state", "errno":
		return false
	}
	return true
}

func number(n wire.Seq) string { return strconv.FormatUint(uint64(n), 10) }

// canonical reads an answer to a question about field as somebody types it, and returns it as posed.right writes it.
func canonical(field, s string) (string, bool) {
	s = strings.TrimSpace(s)
	switch field {
	case "flags":
		f, err := wire.ParseFlags(strings.ReplaceAll(s, " ", "-"))
		return (f &^ wire.PSH).Kind(), err == nil
	case "time":
		if t, ok := saidTime(s); ok {
			return t.String(), true
		}
		if t, ok := saidTime(s + "ms"); ok { // the field says that it wants milliseconds
			return t.String(), true
		}
		q, ok := readAmount(s)
		us := q.value * units[q.unit].is
		return tcp.Time(math.Round(us)).String(), ok && units[q.unit].of == "time" && 0 <= us && us <= float64(24*3600*tcp.Second)
	case "state":
		st, ok := tcp.ParseState(strings.ToUpper(s))
		return st.String(), ok
	case "errno":
		e, ok := tcp.ParseErrno(strings.ToUpper(s))
		return e.String(), ok
	default:
		// As it stands in a header or a trace, too: "ack 1001", "ack=1001", "0x3e9".
		s = strings.TrimSuffix(strings.ToLower(s), ".")
		if rest, named := strings.CutPrefix(s, field); named {
			s = strings.TrimLeft(rest, " =:")
		}
		base := 10
		if digits, is := strings.CutPrefix(s, "0x"); is {
			s, base = digits, 16
		}
		n, err := strconv.ParseUint(bareDigits.Replace(s), base, 63)
		return strconv.FormatUint(n, 10), err == nil
	}
}

// shown is a canonical answer as a learner reads it, in HTML.
func shown(field, value string) string {
	switch {
	case field == "time":
		t, _ := tcp.ParseTime(value)
		return timeText(t)
	case field == "length":
		return value + " bytes"
	case isNumber(field):
		return "<code>" + field + " " + value + "</code>"
	default:
		return codeHTML(value)
	}
}

// timeText writes a time as the prose does: "3,050 ms", and from ten seconds on "63 s".
func timeText(t tcp.Time) string {
	if t >= 10*tcp.Second && t%tcp.Second == 0 {
		return thousands(int64(t/tcp.Second)) + " s"
	}
	s := thousands(int64(t / tcp.Millisecond))
	if rest := t % tcp.Millisecond; rest > 0 {
		s += strings.TrimRight(fmt.Sprintf(".%03d", rest), "0")
	}
	return s + " ms"
}

func thousands(n int64) string {
	s := strconv.FormatInt(n, 10)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
