package lessons

import (
	"slices"
	"strconv"

	"github.com/handshakelab/lab/engine"
	"github.com/handshakelab/lab/engine/tcp"
	"github.com/handshakelab/lab/engine/wire"
)

// A Misconception is a wrong idea about TCP that has a name. A prediction offers what somebody with that idea would answer.
type Misconception struct {
	Name   string
	Fields []string // what it can be about
	Text   string   // what to say to somebody who has it, in markdown

	// answer is what somebody with the idea would say, or "" when the idea makes no difference.
	answer func(p *posed) string
}

// Misconceptions returns all that have a name, in the order of the fields that they are about.
func Misconceptions() []Misconception { return slices.Clone(misconceptions) }

func misconceptionByName(name string) (Misconception, bool) {
	for _, m := range misconceptions {
		if m.Name == name {
			return m, true
		}
	}
	return Misconception{}, false
}

func misconceptionNames() []string {
	var names []string
	for _, m := range misconceptions {
		names = append(names, m.Name)
	}
	return names
}

// is returns an answer that does not depend on the numbers of the run.
func is(answer string) func(*posed) string { return func(*posed) string { return answer } }

var misconceptions = []Misconception{
	// Acknowledgment and sequence numbers.
	{"ack-equals-seq", []string{"ack"},
		"That is the number of the segment itself. An acknowledgment number is the *next* number that the receiver expects.",
		func(p *posed) string {
			if got := p.received(); got != nil {
				return number(got.Seq)
			}
			return ""
		}},
	{"syn-not-counted", []string{"seq", "ack"},
		"A `SYN` takes one sequence number, as if it were a byte. Otherwise nobody could acknowledge it.",
		func(p *posed) string {
			switch {
			case p.field == "seq" && p.synOf(p.ev.Host, p.i) != nil && !p.ev.Wire.Flags.Has(wire.SYN):
				return number(p.ev.Wire.Seq - 1)
			case p.field == "ack" && p.synOf(other(p.ev.Host), p.i) != nil:
				return number(p.ev.Wire.Ack - 1)
			}
			return ""
		}},
	{"own-number-acknowledged", []string{"ack"},
		"That is about the sender's own number. A segment acknowledges what the *other* side has sent.",
		func(p *posed) string { return number(p.ev.Wire.Seq + 1) }},
	{"relative-numbers", []string{"seq", "ack"},
		"That is a relative number, as Wireshark shows it, and tcpdump too from the third segment on: they subtract the initial sequence number. On the wire stands the number itself.",
		func(p *posed) string {
			if p.field == "seq" {
				if syn := p.synOf(p.ev.Host, p.i+1); syn != nil {
					return number(p.ev.Wire.Seq - syn.Seq)
				}
			} else if syn := p.synOf(other(p.ev.Host), p.i); syn != nil {
				return number(p.ev.Wire.Ack - syn.Seq)
			}
			return ""
		}},
	{"no-wrap-around", []string{"seq", "ack"},
		"The field has 32 bits, and that number does not fit into it. Behind 4,294,967,295 comes 0.",
		func(p *posed) string {
			host, n := p.ev.Host, p.ev.Wire.Seq
			if p.field == "ack" {
				host, n = other(host), p.ev.Wire.Ack
			}
			if syn := p.synOf(host, p.i+1); syn != nil && n < syn.Seq {
				return strconv.FormatUint(1<<32+uint64(n), 10)
			}
			return ""
		}},
	{"ack-takes-a-number", []string{"seq"},
		"An `ACK` without data takes no sequence number. If it did, it would have to be acknowledged too, and so would that one.",
		func(p *posed) string {
			if last := p.sentBefore(); last != nil && last.Flags == wire.ACK && last.Len() == 0 {
				return number(p.ev.Wire.Seq + 1)
			}
			return ""
		}},
	{"segments-counted", []string{"seq", "ack"},
		"Bytes are counted, not segments. A segment with 18 bytes takes 18 numbers.",
		func(p *posed) string {
			last := p.sentBefore()
			if p.field == "ack" {
				last = p.received()
			}
			if last != nil && len(last.Payload) > 1 {
				return number(last.Seq + 1)
			}
			return ""
		}},
	{"last-byte-acknowledged", []string{"ack"},
		"That is the number of the last byte that arrived. An acknowledgment names the one *behind* it, the next that is expected.",
		func(p *posed) string {
			if got := p.received(); got != nil && len(got.Payload) > 0 {
				return number(p.ev.Wire.Ack - 1)
			}
			return ""
		}},
	{"retransmission-takes-next", []string{"seq"},
		"A retransmission is the same segment again, with the same numbers. Its first copy may have arrived, and the receiver must be able to see that both are one.",
		func(p *posed) string {
			if len(p.copies()) > 1 {
				return number(p.ev.Wire.End())
			}
			return ""
		}},

	{"fin-not-counted", []string{"seq", "ack"},
		"A `FIN` takes one sequence number, as a `SYN` does. Otherwise nobody could acknowledge it.",
		func(p *posed) string {
			switch {
			case p.field == "seq" && p.finOf(p.ev.Host, p.i) != nil && !p.ev.Wire.Flags.Has(wire.FIN):
				return number(p.ev.Wire.Seq - 1)
			case p.field == "ack" && p.finOf(other(p.ev.Host), p.i) != nil:
				return number(p.ev.Wire.Ack - 1)
			}
			return ""
		}},
	{"syn-data-not-acknowledged", []string{"ack"},
		"The `SYN` carried data with a valid Fast Open cookie, and the answer acknowledges both (RFC 7413 section 3).",
		func(p *posed) string {
			if got := p.received(); got != nil && got.Flags.Has(wire.SYN) && len(got.Payload) > 0 {
				return number(got.Seq + 1)
			}
			return ""
		}},
	{"second-syn-takes-next", []string{"seq"},
		"It is still the same `SYN`, now with an `ACK`: its number has not been acknowledged, and it keeps it (RFC 9293 section 3.5).",
		func(p *posed) string {
			if syn := p.synOf(p.ev.Host, p.i); syn != nil && p.ev.Wire.Flags.Has(wire.SYN|wire.ACK) && syn.Flags != p.ev.Wire.Flags && syn.Seq == p.ev.Wire.Seq {
				return number(p.ev.Wire.Seq + 1)
			}
			return ""
		}},
	{"refusal-has-a-number", []string{"seq"},
		"That is the number that it *acknowledges*. Its own is 0: where there is no connection there is no number of one either (RFC 9293 section 3.10.7.1).",
		func(p *posed) string {
			if w := p.ev.Wire; w.Flags.Has(wire.RST|wire.ACK) && w.Seq == 0 {
				return number(w.Ack)
			}
			return ""
		}},
	{"probe-takes-next", []string{"seq"},
		"A probe must draw an answer, so it carries a number that the other side has already acknowledged: one less than the next.",
		func(p *posed) string {
			if w := p.ev.Wire; w.Flags == wire.ACK && w.Len() == 0 && p.sentEnd() == w.Seq+1 {
				return number(w.Seq + 1)
			}
			return ""
		}},

	// Other fields, and lengths.
	{"syn-window-scaled", []string{"window"},
		"The window of a `SYN` or a `SYN-ACK` is never scaled (RFC 7323 section 2.2): nobody knows yet whether both sides can.",
		func(p *posed) string {
			if shift, ok := sizes["wscale"](p.ev.Wire); ok && shift > 0 && p.ev.Wire.Flags.Has(wire.SYN) {
				return strconv.Itoa(int(p.ev.Wire.Window) >> min(shift, 14))
			}
			return ""
		}},
	{"window-not-scaled", []string{"window"},
		"That is the window in bytes. The field has it shifted to the right by the window scale that this side announced in its `SYN`.",
		func(p *posed) string {
			if shift := p.shift(); shift > 0 && !p.ev.Wire.Flags.Has(wire.SYN) {
				return strconv.Itoa(int(p.ev.Wire.Window) << shift)
			}
			return ""
		}},
	{"options-not-counted", []string{"length"},
		"The options of the header come out of the MSS (RFC 9293 section 3.7.1): with timestamps twelve bytes less are left for data.",
		func(p *posed) string {
			if mss, ok := p.mssOf(other(p.ev.Host)); ok && uint64(len(p.ev.Wire.Payload)) < mss && p.ev.Wire.Options.Len() > 0 {
				return strconv.FormatUint(mss, 10)
			}
			return ""
		}},
	{"mss-counts-headers", []string{"length", "mss"},
		"The MSS counts data only. The two headers of 20 bytes each come on top of it.",
		func(p *posed) string {
			if p.field == "mss" {
				n, _ := sizes["mss"](p.ev.Wire)
				return strconv.FormatUint(n+40, 10)
			}
			if n := len(p.ev.Wire.Payload); n > 40 {
				return strconv.Itoa(n - 40)
			}
			return ""
		}},

	// Control bits.
	{"syn-without-ack", []string{"flags"},
		"With its `SYN` the server also acknowledges the client's. Both go into one segment.",
		func(p *posed) string {
			if p.ev.Wire.Flags.Has(wire.SYN | wire.ACK) {
				return "SYN"
			}
			return ""
		}},
	{"ack-without-syn", []string{"flags"},
		"An `ACK` alone would answer the client and not ask anything. The server has a number of its own to announce, and that takes a `SYN`.",
		func(p *posed) string {
			if p.ev.Wire.Flags.Has(wire.SYN | wire.ACK) {
				return "ACK"
			}
			return ""
		}},
	{"syn-again", []string{"flags"},
		"Each side announces its initial sequence number once. Both have done so, and only an acknowledgment is missing.",
		func(p *posed) string {
			if !p.ev.Wire.Flags.Has(wire.SYN) {
				return "SYN-ACK"
			}
			return ""
		}},
	{"rst-on-loss", []string{"flags"},
		"An `RST` refuses a connection. A segment that does not come is no reason to: it may only be late.",
		is("RST")},

	{"rst-without-ack", []string{"flags"},
		"A segment without an `ACK` has no number that the `RST` could carry. So the `RST` acknowledges it instead (RFC 9293 section 3.10.7.1).",
		func(p *posed) string {
			if p.ev.Wire.Flags.Has(wire.RST | wire.ACK) {
				return "RST"
			}
			return ""
		}},
	{"rst-with-ack", []string{"flags"},
		"The `RST` takes its sequence number from the acknowledgment that it answers, and acknowledges nothing itself (RFC 9293 section 3.10.7.1).",
		func(p *posed) string {
			if p.ev.Wire.Flags == wire.RST {
				return (wire.RST | wire.ACK).Kind()
			}
			return ""
		}},
	{"challenge-is-reset", []string{"flags"},
		"Such a segment may be old, or forged. It is answered with a challenge `ACK` (RFC 5961), and the connection stays as it is.",
		func(p *posed) string {
			if got := p.arrived(); got != nil && got.Flags.Any(wire.SYN|wire.RST) && p.ev.Wire.Flags == wire.ACK {
				return "RST"
			}
			return ""
		}},
	{"full-queue-resets", []string{"flags"},
		"A full accept queue answers nothing. What arrives is dropped, and the other side tries again.",
		is("RST")},
	{"fin-without-ack", []string{"flags"},
		"In an open connection each segment acknowledges, the `FIN` too.",
		func(p *posed) string {
			if p.ev.Wire.Flags.Has(wire.FIN | wire.ACK) {
				return "FIN"
			}
			return ""
		}},

	// States.
	{"server-starts-closed", []string{"state"},
		"A server that waits for connections is in `LISTEN`. In `CLOSED` it would refuse the `SYN` with an `RST`.",
		func(p *posed) string {
			if p.host == engine.Server {
				return tcp.Closed.String()
			}
			return ""
		}},
	{"open-too-early", []string{"state"},
		"It has sent its `SYN`, and does not know yet that this has arrived. Only an acknowledgment tells it.",
		is(tcp.Established.String())},
	{"open-too-late", []string{"state"},
		"A side is `ESTABLISHED` as soon as its own `SYN` is acknowledged. It does not wait to hear that the other side is.",
		func(p *posed) string {
			if p.host == engine.Client {
				return tcp.SynSent.String()
			}
			return tcp.SynReceived.String()
		}},
	{"same-state-on-both-sides", []string{"state"},
		"That is where the other side is. The two do not change state at the same moment: between them lies the time that a segment takes.",
		func(p *posed) string { return p.run.state(other(p.host), p.at).String() }},
	{"loss-closes", []string{"state"},
		"Nobody told it that a segment was lost. It waits for its timer and tries again.",
		is(tcp.Closed.String())},

	{"reset-closes-listener", []string{"state"},
		"The `RST` ends one attempt, and the listener goes on listening: after a passive open it is back in `LISTEN` (RFC 9293 section 3.10.7.4).",
		func(p *posed) string {
			if p.run.state(p.host, p.at) == tcp.Listen {
				return tcp.Closed.String()
			}
			return ""
		}},
	{"close-is-immediate", []string{"state"},
		"Who closes first waits in `TIME-WAIT`, for the last `ACK` to arrive and for old segments to die out.",
		func(p *posed) string {
			if p.run.state(p.host, p.at) == tcp.TimeWait {
				return tcp.Closed.String()
			}
			return ""
		}},
	{"passive-side-waits", []string{"state"},
		"Who closes *first* waits in `TIME-WAIT`. This side closed second.",
		func(p *posed) string {
			if s := p.run.state(p.host, p.at); s == tcp.LastAck || s == tcp.Closed || s == tcp.Listen {
				return tcp.TimeWait.String()
			}
			return ""
		}},
	{"fin-closes-both-ways", []string{"state"},
		"A `FIN` closes one direction. The other one stays open until that side closes too.",
		func(p *posed) string {
			if s := p.run.state(p.host, p.at); s == tcp.FinWait2 || s == tcp.CloseWait {
				return tcp.Closed.String()
			}
			return ""
		}},

	// Times.
	{"timer-not-doubled", []string{"time"},
		"That is the same wait once more. After each timeout the wait doubles (RFC 6298 section 5.5), to go easy on a network that may be full.",
		func(p *posed) string {
			if c := p.copies(); len(c) > 2 {
				last, before := c[len(c)-2], c[len(c)-3]
				return (last + last - before).String()
			}
			return ""
		}},
	{"timer-doubled-twice", []string{"time"},
		"The wait doubles once for each timeout. That would be four times as long instead of twice.",
		func(p *posed) string {
			if c := p.copies(); len(c) > 1 {
				wait := c[len(c)-1] - c[len(c)-2]
				return (c[len(c)-2] + 2*wait).String()
			}
			return ""
		}},
	{"timer-from-first-copy", []string{"time"},
		"Each retransmission starts the timer anew. It does not count from the first copy.",
		func(p *posed) string {
			if c := p.copies(); len(c) > 2 {
				return (c[0] + c[len(c)-1] - c[len(c)-2]).String()
			}
			return ""
		}},
	{"timer-from-loss", []string{"time"},
		"The timer starts when the segment is *sent*. Nobody tells the sender when it was lost.",
		func(p *posed) string {
			if c := p.copies(); len(c) > 1 {
				if lost, ok := p.lossOfLastCopy(); ok {
					return (lost + c[len(c)-1] - c[len(c)-2]).String()
				}
			}
			return ""
		}},
	{"sent-again-at-once", []string{"time"},
		"At that moment the segment is lost, and nobody knows. Its sender learns it only from its own clock.",
		func(p *posed) string {
			if lost, ok := p.lossOfLastCopy(); ok {
				return lost.String()
			}
			return ""
		}},
	{"peers-timer", []string{"time"},
		"That is when the *other* side's timer runs out. Each side has a timer of its own, for what it has sent itself.",
		func(p *posed) string {
			for i := p.i; i >= 0; i-- {
				if e := &p.run.events[i]; e.Kind == engine.TimerSet && e.Host == other(p.ev.Host) && e.Due > p.ev.At {
					return e.Due.String()
				}
			}
			return ""
		}},
	{"arrives-at-once", []string{"time"},
		"At that moment it is sent. It still has to cross the network.",
		func(p *posed) string {
			if p.ev == nil {
				return ""
			}
			return p.ev.At.String()
		}},

	{"bsd-connect-timer", []string{"time"},
		"75 s is how long BSD and macOS try to connect.",
		func(p *posed) string { return p.afterConnect(75 * tcp.Second) }},
	{"three-minutes", []string{"time"},
		"RFC 9293 asks for at least three minutes (section 3.8.3), and old Linux came close to that. Linux of today is less patient.",
		func(p *posed) string { return p.afterConnect(180 * tcp.Second) }},
	{"doubled-from-the-start", []string{"time"},
		"That is 1 + 2 + 4 + 8 + 16 + 32 + 64 s. Since Linux 6.5 the first retransmissions of a `SYN` are one second apart, and only then the wait doubles.",
		func(p *posed) string { return p.afterConnect(127 * tcp.Second) }},

	// Errors.
	{"refused-by-silence", []string{"errno"},
		"A refusal is an answer: an `RST`. Here nothing answered, so all that the host can say is that it waited too long.",
		is(tcp.ECONNREFUSED.String())},
	{"timeout-in-spite-of-answer", []string{"errno"},
		"There was an answer, so nobody had to wait for a timer.",
		is(tcp.ETIMEDOUT.String())},
	{"reset-before-open", []string{"errno"},
		"A reset ends a connection that was open. This one never was.",
		is(tcp.ECONNRESET.String())},
	{"reset-behind-fin", []string{"errno"},
		"The other side had closed its direction before. Linux calls a reset behind that a broken pipe.",
		func(p *posed) string {
			if p.right == tcp.EPIPE.String() {
				return tcp.ECONNRESET.String()
			}
			return ""
		}},
}

func other(h engine.HostID) engine.HostID { return engine.Server - h }

// received is the last segment with a sequence number of its own that reached the sender before it sent.
func (p *posed) received() *wire.Segment {
	for i := p.i - 1; i >= 0; i-- {
		if e := &p.run.events[i]; e.Kind == engine.Arrived && e.Host == p.ev.Host {
			if seg := p.contents(e.Seg, i); seg != nil && seg.Len() > 0 {
				return seg
			}
		}
	}
	return nil
}

// contents is what a segment had in it before event i.
func (p *posed) contents(id engine.SegID, i int) *wire.Segment {
	for ; i >= 0; i-- {
		switch e := &p.run.events[i]; e.Kind {
		case engine.Sent, engine.Forged, engine.Duplicated, engine.Edited:
			if e.Seg == id {
				return e.Wire
			}
		}
	}
	return nil
}

// synOf is the last SYN that a host sent before event i.
func (p *posed) synOf(h engine.HostID, i int) *wire.Segment {
	for i--; i >= 0; i-- {
		if e := &p.run.events[i]; e.Kind == engine.Sent && e.Host == h && e.Wire.Flags.Has(wire.SYN) {
			return e.Wire
		}
	}
	return nil
}

// finOf is the last FIN that a host sent before event i.
func (p *posed) finOf(h engine.HostID, i int) *wire.Segment {
	for i--; i >= 0; i-- {
		if e := &p.run.events[i]; e.Kind == engine.Sent && e.Host == h && e.Wire.Flags.Has(wire.FIN) {
			return e.Wire
		}
	}
	return nil
}

// arrived is the last segment that reached the sender before it sent.
func (p *posed) arrived() *wire.Segment {
	for i := p.i - 1; i >= 0; i-- {
		if e := &p.run.events[i]; e.Kind == engine.Arrived && e.Host == p.ev.Host {
			return p.contents(e.Seg, i)
		}
	}
	return nil
}

// sentEnd is the number behind all that the sender has sent before.
func (p *posed) sentEnd() (end wire.Seq) {
	for i := range p.i {
		if e := &p.run.events[i]; e.Kind == engine.Sent && e.Host == p.ev.Host {
			if end == 0 || end.Less(e.Wire.End()) {
				end = e.Wire.End()
			}
		}
	}
	return end
}

// mssOf is the MSS that a host announced.
func (p *posed) mssOf(h engine.HostID) (uint64, bool) {
	syn := p.synOf(h, p.i)
	if syn == nil {
		return 0, false
	}
	return sizes["mss"](syn)
}

// shift is the window scale of the sender, 0 when not both sides have one.
func (p *posed) shift() uint64 {
	mine, its := p.synOf(p.ev.Host, p.i), p.synOf(other(p.ev.Host), p.i)
	if mine == nil || its == nil {
		return 0
	}
	_, known := sizes["wscale"](its)
	if shift, ok := sizes["wscale"](mine); ok && known {
		return min(shift, 14)
	}
	return 0
}

// afterConnect is an instant so long after the first SYN of the host that is told of an error.
func (p *posed) afterConnect(wait tcp.Time) string {
	if p.told.Errno != tcp.ETIMEDOUT {
		return ""
	}
	i := p.run.index(0, func(e *engine.Event) bool {
		return e.Kind == engine.Sent && e.Host == p.told.Host && e.Wire.Flags.Has(wire.SYN)
	})
	if i < 0 {
		return ""
	}
	return (p.run.events[i].At + wait).String()
}

// sentBefore is what the sender sent before this segment.
func (p *posed) sentBefore() *wire.Segment {
	for i := p.i - 1; i >= 0; i-- {
		if e := &p.run.events[i]; e.Kind == engine.Sent && e.Host == p.ev.Host {
			return e.Wire
		}
	}
	return nil
}

// copies are the times at which this segment was sent, the last one the one that is asked about. An ACK without data is
// never sent again; one with the same numbers is a new one.
func (p *posed) copies() []tcp.Time {
	var times []tcp.Time
	for i := 0; i <= p.i; i++ {
		e := &p.run.events[i]
		if p.copy(e) {
			times = append(times, e.At)
		}
	}
	return times
}

// copy reports whether e sends the segment that is asked about.
func (p *posed) copy(e *engine.Event) bool {
	return e.Kind == engine.Sent && e.Host == p.ev.Host && p.ev.Wire != nil && e.Wire.Seq == p.ev.Wire.Seq && e.Wire.Flags == p.ev.Wire.Flags && e.Wire.Len() > 0
}

// lossOfLastCopy is when the copy before this segment was lost.
func (p *posed) lossOfLastCopy() (tcp.Time, bool) {
	var seg engine.SegID
	var at tcp.Time
	ok := false
	for i := 0; i < p.i; i++ {
		e := &p.run.events[i]
		switch {
		case p.copy(e):
			seg, ok = e.Seg, false
		case e.Kind == engine.Lost && e.Seg == seg && seg != 0:
			at, ok = e.At, true
		}
	}
	return at, ok
}
