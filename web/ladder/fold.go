// Package ladder draws a finished run: two lanes, time downwards, as a static picture with a table of its segments, for pages that are
// read without JavaScript. static/js/sim/fold.js and geometry.js do the same for the live diagram; the fixtures in testdata hold both
// to one geometry.
package ladder

import (
	"slices"

	"github.com/handshakelab/lab/engine"
	"github.com/handshakelab/lab/engine/rule"
	"github.com/handshakelab/lab/engine/tcp"
	"github.com/handshakelab/lab/engine/wire"
	"github.com/handshakelab/lab/web/i18n"
)

// way is the whole way of a segment: parts of it are counted in ten-thousandths.
const way = 10000

// A leg is a stretch of a segment's way.
type leg struct {
	k, k1  int         // the events that began and ended it; k1 is -1 while none has
	t0, t1 engine.Time // t1 is Never for a segment that is still held
	f0, f1 int         // parts of the way
	held   bool
	due    engine.Time // when the segment would arrive, as it seemed at the beginning of the leg
}

// content is what a segment carried from event k on, and which fields had been edited by then.
type content struct {
	k      int
	wire   wire.Segment
	edited []engine.Field // in the order in which they were first edited
	was    *wire.Segment  // what it carried at first
}

// segment is everything that is known about one segment at the end of the run.
type segment struct {
	words
	id        engine.SegID
	from, to  engine.HostID
	at        engine.Time
	k         int
	conn      tcp.ConnID
	of        engine.SegID // the segment that it is a copy of
	again     engine.SegID // the earlier one with the same numbers
	forged    bool
	injected  bool // a box half way sent it
	contents  []content
	legs      []leg
	ended     bool
	lost      bool
	endK      int
	endAt     engine.Time
	endRule   rule.ID
	discarded bool
	why       rule.ID // why the receiver threw it away
	rule      rule.ID // why it was sent
}

func (s *segment) last() *leg            { return &s.legs[len(s.legs)-1] }
func (s *segment) content() *content     { return &s.contents[len(s.contents)-1] }
func (s *segment) held() bool            { return !s.ended && s.last().held }
func peer(h engine.HostID) engine.HostID { return engine.Server - h }

// span is one run of a timer.
type span struct {
	host   engine.HostID
	conn   tcp.ConnID
	timer  tcp.TimerKind
	k, k1  int
	t0, t1 engine.Time
	due    engine.Time
	end    string // "running", "fired", "stopped" or "set again"
}

// band is a stretch of a host's life in one state.
type band struct {
	k     int
	state tcp.State
}

// words are those of one language.
type words struct{ *i18n.Catalog }

// Run is a finished run, read once.
type Run struct {
	words
	events   []engine.Event
	segments []*segment
	byID     map[engine.SegID]*segment
	bands    [2][]band
	timers   []*span
	told     []int
	delay    engine.Time // one-way delay of the slower direction
}

// Read folds the events of a run, to be told in the language of c.
func Read(c *i18n.Catalog, events []engine.Event) *Run {
	r := &Run{words: words{c}, events: events, byID: map[engine.SegID]*segment{}, bands: [2][]band{{{k: -1}}, {{k: -1}}}}
	type timerKey struct {
		host  engine.HostID
		conn  tcp.ConnID
		timer tcp.TimerKind
	}
	running, before := map[timerKey]*span{}, map[againKey]engine.SegID{}
	var hosts [2]tracker
	for k := range events {
		e := &events[k]
		s := r.byID[e.Seg]
		switch e.Kind {
		case engine.Sent, engine.Forged, engine.Duplicated, engine.Injected:
			s = r.born(e, k)
			if e.Kind == engine.Sent {
				s.again = again(before, s)
			}
		case engine.Edited:
			if s != nil {
				s.contents = append(s.contents, content{k: k, wire: *e.Wire, edited: union(s.content().edited, e.Fields), was: &s.contents[0].wire})
			}
		case engine.Delayed, engine.Released, engine.Held:
			if s != nil {
				s.turn(k, e.At, e.Due, e.Kind == engine.Held)
			}
		case engine.Arrived, engine.Lost:
			if s != nil {
				s.cut(k, e.At)
				s.ended, s.lost, s.endK, s.endAt, s.endRule = true, e.Kind == engine.Lost, k, e.At, e.Rule
			}
		case engine.Discarded:
			if s != nil {
				s.discarded, s.why = true, e.Rule
			}
		case engine.TimerSet, engine.TimerStopped, engine.TimerFired:
			key := timerKey{e.Host, e.Conn, e.Timer}
			if old := running[key]; old != nil {
				old.k1, old.t1 = k, e.At
				old.end = map[engine.Kind]string{engine.TimerSet: "set again", engine.TimerFired: "fired", engine.TimerStopped: "stopped"}[e.Kind]
				delete(running, key)
			}
			if e.Kind == engine.TimerSet {
				running[key] = &span{host: e.Host, conn: e.Conn, timer: e.Timer, k: k, k1: -1, t0: e.At, t1: tcp.Never, due: e.Due, end: "running"}
				r.timers = append(r.timers, running[key])
			}
		case engine.Told:
			r.told = append(r.told, k)
		}
		if e.Host != engine.Network {
			state, bands := hosts[e.Host].after(e), &r.bands[e.Host]
			if state != (*bands)[len(*bands)-1].state {
				*bands = append(*bands, band{k: k, state: state})
			}
		}
	}
	r.delay = delay(r.segments)
	return r
}

// tracker follows the state of a host: that of its newest connection, else LISTEN or CLOSED.
type tracker struct {
	listening bool
	conns     []tcp.ConnID
	states    []tcp.State
}

func (h *tracker) after(e *engine.Event) tcp.State {
	i := slices.Index(h.conns, e.Conn)
	set := func(s tcp.State) {
		if i < 0 {
			h.conns, h.states = append(h.conns, e.Conn), append(h.states, s)
		} else {
			h.states[i] = s
		}
	}
	switch {
	case e.Kind == engine.Opened:
		var s tcp.State
		if e.Vars != nil {
			s = e.Vars.State
		}
		set(s)
	case e.Kind == engine.Removed && i >= 0:
		h.conns, h.states = slices.Delete(h.conns, i, i+1), slices.Delete(h.states, i, i+1)
	case e.Kind == engine.Changed && e.Conn == 0:
		h.listening = e.To == tcp.Listen
	case e.Kind == engine.Changed:
		set(e.To)
	}
	if n := len(h.states); n > 0 {
		return h.states[n-1]
	}
	if h.listening {
		return tcp.Listen
	}
	return tcp.Closed
}

// born makes the record of the segment that e put on the wire.
func (r *Run) born(e *engine.Event, k int) *segment {
	s := &segment{words: r.words, id: e.Seg, at: e.At, k: k, conn: e.Conn, forged: e.Kind == engine.Forged, injected: e.Kind == engine.Injected, rule: e.Rule}
	s.to = e.Toward
	if e.Kind == engine.Sent {
		s.to = peer(e.Host)
	}
	f0 := 0
	if o := r.byID[e.Of]; e.Kind == engine.Duplicated && o != nil {
		// a copy starts where its original is
		s.to, s.of, f0 = o.to, o.id, o.last().part(e.At)
	}
	if s.injected {
		f0 = way / 2
	}
	s.from = peer(s.to)
	s.contents = []content{{k: k, wire: *e.Wire}}
	s.legs = []leg{newLeg(k, e.At, f0, e.Due, e.Due == tcp.Never)}
	r.segments = append(r.segments, s)
	r.byID[s.id] = s
	return s
}

func newLeg(k int, t engine.Time, f int, due engine.Time, held bool) leg {
	if held {
		due = tcp.Never
	}
	l := leg{k: k, k1: -1, t0: t, t1: due, f0: f, f1: way, held: held, due: due}
	if held {
		l.f1 = f
	}
	return l
}

// part is the part of the way at t.
func (l *leg) part(t engine.Time) int {
	switch {
	case l.held || l.t1 == tcp.Never || t <= l.t0:
		return l.f0
	case t >= l.t1:
		return l.f1
	}
	return l.f0 + int(int64(l.f1-l.f0)*int64(t-l.t0)/int64(l.t1-l.t0))
}

// cut ends the last leg at t.
func (s *segment) cut(k int, t engine.Time) int {
	l := s.last()
	l.f1 = l.part(t)
	l.k1, l.t1 = k, t
	return l.f1
}

func (s *segment) turn(k int, t, due engine.Time, held bool) {
	// a rule of the path may act on a segment in the instant in which it is sent: that is no turn on its way
	if l := s.last(); !held && !l.held && l.t0 == t {
		l.t1, l.due = due, due
		return
	}
	f := s.cut(k, t)
	s.legs = append(s.legs, newLeg(k, t, f, due, held || due == tcp.Never))
}

type againKey struct {
	from  engine.HostID
	conn  tcp.ConnID
	flags wire.Flags
	seq   wire.Seq
	data  bool
}

// again finds the earlier segment that s sends again: same sender, same flags, same sequence number, and something that must
// be acknowledged.
func again(before map[againKey]engine.SegID, s *segment) engine.SegID {
	w := &s.contents[0].wire
	if w.Len() == 0 {
		return 0
	}
	key := againKey{s.from, s.conn, w.Flags &^ wire.PSH, w.Seq, w.Payload != ""}
	if earlier := before[key]; earlier != 0 {
		return earlier
	}
	before[key] = s.id
	return 0
}

// delay is the slower direction's shortest time on the wire, 50 ms when nothing was sent.
func delay(segments []*segment) engine.Time {
	least := [2]engine.Time{tcp.Never, tcp.Never}
	for _, s := range segments {
		if due := s.legs[0].due; due != tcp.Never && s.of == 0 && !s.forged && !s.injected {
			least[s.from] = min(least[s.from], due-s.at)
		}
	}
	var d engine.Time
	for _, l := range least {
		if l != tcp.Never {
			d = max(d, l)
		}
	}
	if d == 0 {
		return 50 * tcp.Millisecond
	}
	return d
}

// fieldNames are the fields that can be edited, as the protocol names them.
var fieldNames = []struct {
	field engine.Field
	name  string
}{
	{engine.FieldSrcPort, "sport"}, {engine.FieldDstPort, "dport"}, {engine.FieldSeq, "seq"}, {engine.FieldAck, "ack"}, {engine.FieldOffset, "offset"},
	{engine.FieldReserved, "reserved"}, {engine.FieldFlags, "flags"}, {engine.FieldWindow, "window"}, {engine.FieldChecksum, "checksum"},
	{engine.FieldUrgent, "urgent"}, {engine.FieldOptions, "options"}, {engine.FieldPayload, "payload"}, {engine.FieldTTL, "ttl"},
	{engine.FieldSrcAddr, "src"}, {engine.FieldDstAddr, "dst"},
}

// union appends the fields of the set that are not in the list yet.
func union(fields []engine.Field, set engine.Field) []engine.Field {
	out := slices.Clone(fields)
	for _, f := range fieldNames {
		if set&f.field != 0 && !slices.Contains(out, f.field) {
			out = append(out, f.field)
		}
	}
	return out
}
