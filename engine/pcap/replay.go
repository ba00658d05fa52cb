package pcap

import (
	"cmp"
	"slices"
	"strings"

	"github.com/handshakelab/lab/engine"
	"github.com/handshakelab/lab/engine/tcp"
	"github.com/handshakelab/lab/engine/wire"
)

// MaxReplay is how many segments of a conversation Replay makes events of.
const MaxReplay = 400

// A Replay is a conversation as it was followed, told in the events of a run. What was captured is in it as it was; when a segment left
// one end and came to the other is reckoned, because a capture says only when it came by.
type Replay struct {
	Report
	Events []engine.Event // in time from the first one on; Seg is the place of a segment in the conversation, from 1

	Way       [2]tcp.Time  // how long a segment takes from the place of the capture to the client and to the server
	Measured  bool         // Way comes from answers; else nothing could be measured
	From, To  int          // Events are of the segments From to To of the conversation, from 1
	Odd       engine.SegID // the segment of Report.Packet, 0 when it follows
	Cancelled bool         // the caller has lost interest, and nothing else counts
}

// earliest is before all that was captured.
const earliest = -tcp.Never

// defaultWay is Replay.Way when nothing was measured.
const defaultWay = tcp.Millisecond

// Replay follows a conversation, as Follow does, and tells it in events. It gives up when stop, which may be nil, returns true.
func (c *Capture) Replay(conv int, client, server tcp.Profile, stop func() bool) Replay {
	talk := &c.Conversations[conv]
	r := replay{talk: talk, packets: c.Packets, place: map[int]engine.SegID{}}
	for k, i := range talk.Packets {
		r.place[c.Packets[i].N] = engine.SegID(k + 1)
	}
	r.Way, r.Measured = c.ways(talk)
	r.Report = c.follow(conv, client, server, func(f *following, p *Packet, from engine.HostID) bool {
		if stop != nil && stop() {
			r.Cancelled = true
			return false
		}
		return r.watch(f, p, from)
	})
	if r.Cancelled {
		return r.Replay
	}
	r.Odd = r.place[r.Packet]
	if r.Outcome == Follows && r.f != nil {
		r.finish()
	}
	r.frame()
	r.tell()
	return r.Replay
}

// ways finds how far the place of the capture is from both ends: half of the shortest time in which one of them acknowledged what
// came by.
func (c *Capture) ways(talk *Conversation) (way [2]tcp.Time, measured bool) {
	least := [2]tcp.Time{tcp.Never, tcp.Never}
	var sent [2]struct {
		end wire.Seq
		at  tcp.Time
		is  bool
	}
	for _, i := range talk.Packets {
		p := &c.Packets[i]
		if p.Seg.ICMP.Kind != wire.NoICMP {
			continue
		}
		from := talk.From(p)
		if s := &sent[engine.Server-from]; s.is && p.Seg.Flags.Has(wire.ACK) && s.end.LessEq(p.Seg.Ack) && p.At >= s.at {
			least[from] = min(least[from], p.At-s.at)
			s.is = false
		}
		if p.Seg.Len() > 0 {
			s := &sent[from]
			s.end, s.at, s.is = p.Seg.End(), p.At, true
		}
	}
	for h, t := range least {
		switch {
		case t == tcp.Never:
			way[h] = defaultWay
		default:
			way[h], measured = t/2, true
		}
	}
	return way, measured
}

// replay is a Replay in the making.
type replay struct {
	Replay
	talk    *Conversation
	packets []Packet
	place   map[int]engine.SegID // of the packet with that number
	f       *following
	told    []told
	seen    [2]seen
}

// A told event has its place among those of the same time: what arrives comes before what is done about it.
type told struct {
	engine.Event
	phase int
	seg   engine.SegID // the segment that it is about, or comes of
}

// The phases of an instant.
const (
	atFirst = iota
	atListen
	atArrival
	atChange
	atSending
)

// seen is what was shown of an end so far.
type seen struct {
	at    tcp.Time // of what was shown last
	conn  tcp.ConnID
	state tcp.State
	iss   wire.Seq
	open  bool
}

func (r *replay) add(at tcp.Time, phase int, seg engine.SegID, e engine.Event) {
	e.At = at
	r.told = append(r.told, told{e, phase, seg})
}

func (r *replay) leaves(p *Packet, from engine.HostID) tcp.Time { return p.At - r.Way[from] }

func (r *replay) arrives(p *Packet, from engine.HostID) tcp.Time {
	return p.At + r.Way[engine.Server-from]
}

// watch lets the model take a segment and notes what it shows of its sender.
func (r *replay) watch(f *following, p *Packet, from engine.HostID) bool {
	r.f = f
	x := &f.ends[from]
	before := x.clone()
	waiting := x.queue
	if !f.take(p, from) {
		return false
	}
	x = &f.ends[from]
	step := &f.report.Steps[len(f.report.Steps)-1]
	seg := r.place[p.N]
	if step.How != ByNetwork {
		// What arrived before it was sent shows by itself what became of the sender then.
		for i := range waiting[:max(0, len(waiting)-len(x.queue))] {
			a := &waiting[i]
			if slices.Contains(step.Lost, a.n) || a.n == 0 || before.alone {
				continue
			}
			before.feed(a, &p.Seg)
			r.show(from, &before.t, r.arrives(&r.packets[r.index(a.n)], engine.Server-from), seg)
		}
		at := r.leaves(p, from)
		switch {
		case strings.HasPrefix(step.Call, tcp.CallListen.String()):
			r.add(earliest, atFirst, 0, engine.Event{Kind: engine.Called, Host: from, Call: step.Call})
		case step.Call != "":
			at = max(at, r.seen[from].at)
			r.add(at, atChange, seg, engine.Event{Kind: engine.Called, Host: from, Call: step.Call, Effect: tcp.Effect{Conn: r.seen[from].conn}})
		}
		r.show(from, &x.t, at, seg)
	}
	return true
}

// index is that of the packet with a number.
func (r *replay) index(n int) int { return r.talk.Packets[r.place[n]-1] }

// finish lets what is on its way at the end arrive.
func (r *replay) finish() {
	for h := range r.f.ends {
		x := r.f.ends[h].clone()
		for i := range x.queue {
			if a := &x.queue[i]; x.t.State != tcp.Closed && !x.alone && a.n != 0 {
				x.feed(a, &wire.Segment{})
				r.show(engine.HostID(h), &x.t, r.arrives(&r.packets[r.index(a.n)], engine.Server-engine.HostID(h)), r.place[a.n])
			}
		}
	}
}

// show tells what is new of an end.
func (r *replay) show(h engine.HostID, t *tcp.TCB, at tcp.Time, seg engine.SegID) {
	s := &r.seen[h]
	at = max(at, s.at) // the times of arrivals are reckoned, and may seem to be later than what was done about them
	s.at = at
	vars := *t
	if s.open && (t.State == tcp.Closed || t.ISS != s.iss && t.State != tcp.Listen) {
		r.add(at, atChange, seg, engine.Event{Kind: engine.Changed, Host: h, Effect: tcp.Effect{Conn: s.conn, From: s.state, To: tcp.Closed}})
		r.add(at, atChange, seg, engine.Event{Kind: engine.Removed, Host: h, Effect: tcp.Effect{Conn: s.conn}})
		s.open, s.state = false, tcp.Closed
	}
	if t.State == tcp.Closed || t.State == tcp.Listen {
		return
	}
	if !s.open {
		s.conn++
		s.open, s.iss, s.state = true, t.ISS, tcp.Closed
		if t.Passive {
			s.state = tcp.Listen
			if s.conn == 1 {
				r.add(earliest, atListen, 0, engine.Event{Kind: engine.Changed, Host: h, Effect: tcp.Effect{From: tcp.Closed, To: tcp.Listen}})
			}
		}
		vars.ID = s.conn
		opened := vars
		opened.State = s.state
		r.add(at, atChange, seg, engine.Event{Kind: engine.Opened, Host: h, Vars: &opened, Effect: tcp.Effect{Conn: s.conn}})
	}
	if s.state != t.State {
		r.add(at, atChange, seg, engine.Event{Kind: engine.Changed, Host: h, Effect: tcp.Effect{Conn: s.conn, From: s.state, To: t.State}})
		s.state = t.State
	}
	vars.ID = s.conn
	r.add(at, atChange, seg, engine.Event{Kind: engine.Updated, Host: h, Vars: &vars, Effect: tcp.Effect{Conn: s.conn}})
}

// frame chooses which segments become events: those from the first on, or those around the odd one when it comes late.
func (r *replay) frame() {
	n := len(r.talk.Packets)
	r.From, r.To = 1, min(n, MaxReplay)
	if odd := int(r.Odd); odd > r.To-MaxReplay/8 {
		r.To = min(n, odd+MaxReplay/8)
		r.From = max(1, r.To-MaxReplay+1)
	}
}

// tell makes the events.
func (r *replay) tell() {
	lost := map[int]bool{}
	for i := range r.Steps {
		for _, n := range r.Steps[i].Lost {
			lost[n] = true
		}
	}
	for k := r.From; k <= r.To; k++ {
		p, seg := &r.packets[r.talk.Packets[k-1]], engine.SegID(k)
		from := r.talk.From(p)
		e := engine.Event{Kind: engine.Sent, Host: from, Seg: seg, Wire: &p.Seg, Toward: engine.Server - from, Effect: tcp.Effect{Due: r.arrives(p, from)}}
		if p.Seg.ICMP.Kind != wire.NoICMP {
			e.Kind, e.Host = engine.Injected, engine.Network
		}
		if k-1 < len(r.Steps) {
			e.Rule, e.Args = r.Steps[k-1].Rule, r.Steps[k-1].Args
		}
		r.add(r.leaves(p, from), atSending, seg, e)
		if lost[p.N] {
			r.add(p.At+r.Way[engine.Server-from]/2, atArrival, seg, engine.Event{Kind: engine.Lost, Host: engine.Network, Seg: seg})
		} else {
			r.add(e.Due, atArrival, seg, engine.Event{Kind: engine.Arrived, Host: engine.Server - from, Seg: seg})
		}
	}
	slices.SortStableFunc(r.told, func(a, b told) int { return cmp.Or(cmp.Compare(a.At, b.At), cmp.Compare(a.phase, b.phase)) })
	r.Events = r.events()
}

// events are those of the chosen segments in order, numbered and from time 0 on. What happened before the first of them is told by how
// the ends stand there.
func (r *replay) events() []engine.Event {
	var out []engine.Event
	var start tcp.Time
	for i := range r.told {
		if t := &r.told[i]; t.phase == atSending && int(t.seg) >= r.From {
			start = t.At
			break
		}
	}
	var earlier [2]*engine.Event
	begun := false
	for i := range r.told {
		t := &r.told[i]
		switch {
		case t.phase > atListen && (int(t.seg) < r.From || t.At < start && t.phase != atChange):
			// Only how each end stood when it was last told of counts.
			if t.Host <= engine.Server {
				earlier[t.Host] = stand(earlier[t.Host], &t.Event)
			}
			continue
		case int(t.seg) > r.To:
			continue
		}
		if !begun && t.phase > atListen {
			begun = true
			for _, e := range earlier {
				if e != nil {
					out = append(out, *e)
				}
			}
		}
		if t.phase <= atListen {
			t.At = start
		}
		out = append(out, t.Event)
	}
	for i := range out {
		out[i].N, out[i].At = i, max(0, out[i].At-start)
		if out[i].Due != 0 && out[i].Due != tcp.Never {
			out[i].Due -= start
		}
	}
	return out
}

// stand is how an end stands: its connection as one event, or none.
func stand(before *engine.Event, e *engine.Event) *engine.Event {
	switch {
	case e.Kind == engine.Opened:
		return e
	case e.Kind == engine.Removed || before == nil:
		return nil
	case e.Kind == engine.Changed:
		vars := *before.Vars
		vars.State = e.To
		before.Vars = &vars
	case e.Kind == engine.Updated:
		before.Vars = e.Vars
	}
	return before
}
