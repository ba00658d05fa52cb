package script

import (
	"strings"

	"github.com/handshakelab/lab/engine"
	"github.com/handshakelab/lab/engine/diag"
	"github.com/handshakelab/lab/engine/tcp"
)

const condForm = "SYN-ACK sent, 2nd SYN-ACK arrived, lost SYN-ACK >= 2, client ESTABLISHED, client told ECONNREFUSED or quiet, with not before it for the opposite"

var stateNames = func() []string {
	var names []string
	for s := range tcp.NumStates {
		names = append(names, s.String())
	}
	return names
}()

// stateSynonyms are the spellings of ss, netstat and BSD.
var stateSynonyms = map[string]string{
	"SYN_RCVD": "SYN-RECEIVED", "SYN_RECV": "SYN-RECEIVED", "SYN-RECV": "SYN-RECEIVED", "SYN-RCVD": "SYN-RECEIVED", "SYN_RECEIVED": "SYN-RECEIVED",
	"SYN_SENT": "SYN-SENT", "ESTAB": "ESTABLISHED", "OPEN": "ESTABLISHED", "CONNECTED": "ESTABLISHED", "LISTENING": "LISTEN", "CLOSE": "CLOSED",
	"FIN_WAIT_1": "FIN-WAIT-1", "FIN_WAIT1": "FIN-WAIT-1", "FIN_WAIT_2": "FIN-WAIT-2", "FIN_WAIT2": "FIN-WAIT-2", "CLOSE_WAIT": "CLOSE-WAIT",
	"LAST_ACK": "LAST-ACK", "TIME_WAIT": "TIME-WAIT",
}

var whats = map[string]engine.What{"sent": engine.WasSent, "arrived": engine.HasArrived, "lost": engine.WasLost}

var whatSynonyms = map[string]string{"dropped": "lost", "received": "arrived", "delivered": "arrived", "transmitted": "sent", "drops": "lost"}

// tellings are what an application can be told, notices first.
var tellings = func() []string {
	var names []string
	for n := tcp.Connected; n <= tcp.Returned; n++ {
		names = append(names, n.String())
	}
	for e := tcp.ECONNREFUSED; e <= tcp.EMFILE; e++ {
		names = append(names, e.String())
	}
	return names
}()

// cond reads a condition up to the end of the line.
func (p *parser) cond() engine.Cond {
	p.form = condForm
	p.splitComparisons()
	var c engine.Cond
	if c.Not = p.take("not"); c.Not {
		if t, ok := p.at(0); ok && t.lower() == "not" {
			p.reject(t.whole(), "bad-condition", "a condition has at most one not", "delete both")
			return c
		}
	}
	t, ok := p.want("a condition")
	if !ok {
		return c
	}
	host, isHost := hostByName(t.lower())
	what, isWhat := whats[t.lower()]
	switch {
	case t.lower() == "quiet":
		c.Kind = engine.Quiet
	case isHost:
		c.Host = host
		p.hostCond(&c)
	case isWhat:
		c.Kind, c.What = engine.Happened, what
		p.comparison(&c)
	case startsWithDigit(t.text):
		c.Kind = engine.Happened
		nth, ok := p.ordinal(t, false)
		if !ok {
			return c
		}
		if t, ok = p.want("a kind of segment"); !ok {
			return c
		}
		c.Seg = engine.SegRef{Flags: p.kind(t.whole()), Nth: nth}
		p.happened(&c)
	default:
		c.Kind = engine.Happened
		if next, ok := p.at(0); !ok && !strings.Contains(t.text, "#") {
			// A single word that is no segment was probably not meant as one.
			if _, isKind := kindOf(t.text); !isKind {
				p.reject(t.whole(), "bad-condition", quoted(t.text)+" is no condition", diag.DidYouMean(p.write(), t.text, "quiet"))
				return c
			}
		} else if near := diag.Nearest(t.text, "client", "server"); near != "" && !isHappening(next) {
			p.reject(t.whole(), "unknown-host", quoted(t.text)+" is neither client nor server", "did you mean "+near+"?")
			return c
		}
		c.Seg = p.segmentRef(t.whole())
		if !p.bad {
			p.happened(&c)
		}
	}
	if !p.bad {
		p.finish()
	}
	return c
}

func kindOf(text string) (engine.SegRef, bool) {
	q := parser{out: &faults{}}
	f, ok := q.flags(value{text: text}, "", "")
	return engine.SegRef{Flags: f}, ok
}

func isHappening(t token) bool {
	_, ok := whats[t.lower()]
	_, like := whatSynonyms[t.lower()]
	return ok || like
}

// hostCond reads what follows client or server in a condition: a state, "told" something, or "sent SYN again".
func (p *parser) hostCond(c *engine.Cond) {
	p.take("is") // "client is ESTABLISHED" reads as well
	t, ok := p.want("a state, told or sent")
	if !ok {
		return
	}
	switch t.lower() {
	case "told":
		c.Kind = engine.WasTold
		if t, ok = p.want("an error or a notice"); !ok {
			return
		}
		if e, ok := tcp.ParseErrno(strings.ToUpper(t.text)); ok {
			c.Errno = e
			p.howOften(c)
			return
		}
		if n, ok := tcp.ParseNotice(t.lower()); ok {
			c.Notice = n
			p.howOften(c)
			return
		}
		p.reject(t.whole(), "unknown-notice", quoted(t.text)+" is nothing that an application is told",
			diag.DidYouMean("it is told one of: "+strings.Join(tellings, ", "), t.text, tellings...))
	case "sent":
		c.Kind = engine.RetransmitOf
		if t, ok = p.want("a kind of segment"); !ok {
			return
		}
		c.Seg.Flags = p.kind(t.whole())
		if !p.bad && !p.take("again") {
			p.missing("again")
		}
	default:
		c.Kind = engine.InState
		if c.State, ok = tcp.ParseState(strings.ToUpper(t.text)); ok {
			return
		}
		hint := diag.DidYouMean("the states are "+strings.Join(stateNames, ", "), t.text, stateNames...)
		if s, ok := stateSynonyms[strings.ToUpper(t.text)]; ok {
			hint = "did you mean " + s + "?"
		}
		p.reject(t.whole(), "unknown-state", quoted(t.text)+" is no state of a connection", hint)
	}
}

// happened reads sent, arrived or lost behind a segment.
func (p *parser) happened(c *engine.Cond) {
	t, ok := p.want("sent, arrived or lost")
	if !ok {
		return
	}
	if c.What, ok = whats[t.lower()]; !ok {
		hint := diag.DidYouMean(p.write(), t.text, "sent", "arrived", "lost")
		if s, ok := whatSynonyms[t.lower()]; ok {
			hint = "did you mean " + s + "?"
		}
		p.reject(t.whole(), "bad-condition", "a segment can be sent, arrived or lost, not "+quoted(t.text), hint)
	}
	c.Cmp, c.Count = engine.AtLeast, 1
}

// comparison reads "SYN-ACK >= 2" behind sent, arrived or lost.
func (p *parser) comparison(c *engine.Cond) {
	t, ok := p.want("a kind of segment")
	if !ok {
		return
	}
	c.Seg.Flags = p.kind(t.whole())
	p.compared(c)
}

// howOften reads "", or ">= 2" behind what an application is told.
func (p *parser) howOften(c *engine.Cond) {
	if !p.more() {
		return
	}
	if p.compared(c); c.Cmp == engine.AtLeast && c.Count <= 1 {
		c.Cmp, c.Count = 0, 0 // as without
	}
}

// compared reads ">= 2".
func (p *parser) compared(c *engine.Cond) {
	t, ok := p.want(">=, = or <=")
	if !ok {
		return
	}
	lo, more := int64(0), 0
	switch t.text {
	case ">=":
		c.Cmp, lo = engine.AtLeast, 1 // every run has 0 or more
	case ">":
		c.Cmp, more = engine.AtLeast, 1
	case "=", "==":
		c.Cmp = engine.Exactly
	case "<=":
		c.Cmp = engine.AtMost
	case "<":
		c.Cmp, lo, more = engine.AtMost, 1, -1
	default:
		p.reject(t.whole(), "bad-condition", quoted(t.text)+" does not compare", "write >=, = or <=")
		return
	}
	if t, ok = p.want("a number"); !ok {
		return
	}
	n, _ := p.number(t.whole(), "a count", lo, engine.MaxEvents-1)
	c.Count = int(n) + more
}

// splitComparisons cuts "SYN-ACK>=2" into three tokens, so that blanks around a comparison do not matter.
func (p *parser) splitComparisons() {
	var toks []token
	for i, t := range p.toks {
		if i < p.pos || t.quoted {
			toks = append(toks, t)
			continue
		}
		rest, col := t.text, t.col
		for rest != "" {
			n := strings.IndexAny(rest, "<>=")
			if n == 0 {
				n = len(rest) - len(strings.TrimLeft(rest, "<>="))
			} else if n < 0 {
				n = len(rest)
			}
			width := len([]rune(rest[:n]))
			toks = append(toks, token{text: rest[:n], eq: -1, col: col, end: col + width})
			rest, col = rest[n:], col+width
		}
	}
	p.toks = toks
}
