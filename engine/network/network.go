// Package network is the path between two hosts: how long a segment takes and whether it gets there.
//
// A [Path] decides; it moves nothing and holds no segment. For each segment that a host sends, [Path.Pass] says how long
// it will be under way and what else happens to it, and the engine's World keeps it in flight and delivers it.
//
//	path, err := network.New(network.Setup{Delay: [2]network.Time{50000, 50000}, Rules: []network.Rule{rule}}, seed)
//	delay, acts := path.Pass(network.ToClient, wire.SYN|wire.ACK, nil)
//
// # What happens to a segment, in this order
//
// Every rule that matches the segment counts it, also one that does not act on it this time: "drop 2nd SYN" means the
// second SYN sent since the rule was there, whatever the other rules did with the first. Rules act in the order of their
// numbers. A Drop rule wins over all others. Then comes the seeded chance of loss, then that of a second copy.
//
// A path reorders by delay alone: a segment that takes longer than a later one arrives after it. Jitter and Delay rules do
// that, and the chance that a segment is held up, which is Reorder by ReorderBy.
//
// # Boxes
//
// Half way stand the boxes of the path, a [Box] each: firewalls, NATs, links with a smaller MTU and the like. [Path.Cross]
// takes a segment through them and says what they did to it and what they sent themselves. What a box remembers is part of
// the path. A path without boxes never asks.
//
// # Determinism
//
// A Path is a value. Chance is drawn by name and number (see [Draw]): the nth segment that a host sends has the same luck
// in every branch of a run, whatever the learner forged, copied or dropped before.
//
// # Limitations
//
// There is no bandwidth and no queue: a segment never waits for another one. Copies, and what a box sends, are not subject
// to rules or to chance. Routers do not count down the hop limit, and nobody cuts packets up: one that may be cut up passes
// a small link whole. A NAT keeps a connection after its end for as long as before.
package network

import (
	"encoding/binary"
	"slices"
	"strconv"

	"github.com/handshakelab/lab/engine/tcp"
	"github.com/handshakelab/lab/engine/wire"
)

// Time is virtual time in microseconds.
type Time = tcp.Time

// Direction is the way a segment goes.
type Direction uint8

// The two directions.
const (
	ToServer Direction = iota
	ToClient
)

// A Setup is how the path is at the start of a run.
type Setup struct {
	Delay     [2]Time   // one-way delay by Direction, 0 to 60 s
	Jitter    Time      // each segment takes up to this much longer, drawn by the seed
	Loss      [2]uint32 // chance of losing a segment, by Direction, in millionths
	Duplicate uint32    // chance of a second copy, in millionths
	Reorder   uint32    // chance that a segment is held up for ReorderBy, in millionths
	ReorderBy Time
	Rules     []Rule
	Boxes     []Box // in their order from the client to the server
}

// Verb is what a Rule does to the segment that it matches.
type Verb uint8

// The verbs.
const (
	Drop Verb = iota + 1
	Delay
	Duplicate
)

// A Rule acts on the segments of one kind: "drop 1st SYN-ACK", "delay every ACK 200ms", "duplicate 2nd SYN after 10ms".
type Rule struct {
	Verb  Verb
	Nth   int        // which one of them, from 1; 0 is every one
	Flags wire.Flags // exactly these control bits, PSH apart; with Any, every segment
	Any   bool
	From  int8 // 0 any sender, 1 the client's, 2 the server's
	For   Time // how much later (Delay, Duplicate)
}

// Limits of a path.
const (
	MaxDelay = 60 * tcp.Second // of a one-way delay, of jitter and of a rule's For
	MaxRules = 16
	MaxNth   = 10_000
)

// Matches reports whether the rule is about a segment with these flags that goes this way.
func (r *Rule) Matches(dir Direction, flags wire.Flags) bool {
	switch {
	case r.From == 1 && dir != ToServer, r.From == 2 && dir != ToClient:
		return false
	default:
		return r.Any || (r.Flags^flags)&^wire.PSH == 0
	}
}

// Check returns what is wrong with the rule, or nil.
func (r *Rule) Check() error {
	switch {
	case r.Verb < Drop || r.Verb > Duplicate:
		return fault("a rule drops, delays or duplicates")
	case r.Nth < 0 || r.Nth > MaxNth:
		return fault("a rule acts on the 1st to the " + strconv.Itoa(MaxNth) + "th segment of its kind, or on every one")
	case r.From < 0 || r.From > 2:
		return fault("a rule is about the segments of the client, of the server or of both")
	case r.Verb == Delay && r.For <= 0:
		return fault("a rule that delays says by how much")
	case r.Verb == Drop && r.For != 0:
		return fault("a rule that drops has no time")
	case r.For < 0 || r.For > MaxDelay:
		return fault("a rule delays by at most " + MaxDelay.String())
	}
	return nil
}

type fault string

func (f fault) Error() string { return string(f) }

// String returns the rule as the scenario language writes it: "drop 1st SYN-ACK", "delay every ACK from client 200ms",
// "duplicate 2nd segment after 10ms".
func (r Rule) String() string {
	s := [...]string{"?", "drop", "delay", "duplicate"}[min(r.Verb, Duplicate)]
	if r.Nth == 0 {
		s += " every "
	} else {
		s += " " + Ordinal(r.Nth) + " "
	}
	if r.Any {
		s += "segment"
	} else {
		s += (r.Flags &^ wire.PSH).Kind()
	}
	s += [...]string{"", " from client", " from server"}[r.From]
	switch {
	case r.Verb == Delay:
		s += " " + r.For.String()
	case r.Verb == Duplicate && r.For != 0:
		s += " after " + r.For.String()
	}
	return s
}

// Ordinal returns 1 as "1st".
func Ordinal(n int) string {
	suffix := "th"
	switch {
	case n%100 >= 11 && n%100 <= 13:
	case n%10 == 1:
		suffix = "st"
	case n%10 == 2:
		suffix = "nd"
	case n%10 == 3:
		suffix = "rd"
	}
	return strconv.Itoa(n) + suffix
}

// A Path is a path in the middle of a run: its set-up, its rules with what they have counted, and how many segments it has
// carried. Copy it with Set, because an assignment shares what changes.
type Path struct {
	seed  uint64
	setup Setup // without Rules and Boxes; they are below, where they count and remember
	rules []counting
	boxes []box
	sent  [2]uint64 // segments that were sent each way
}

type counting struct {
	Rule
	seen int
	text string // String of Rule, made once
}

// New returns the path at the start of a run. It fails when a bound of Setup does not hold.
func New(s Setup, seed uint64) (Path, error) {
	switch {
	case s.Delay[0] < 0 || s.Delay[0] > MaxDelay || s.Delay[1] < 0 || s.Delay[1] > MaxDelay:
		return Path{}, fault("a one-way delay is 0 to " + MaxDelay.String())
	case s.Jitter < 0 || s.Jitter > MaxDelay:
		return Path{}, fault("jitter is 0 to " + MaxDelay.String())
	case s.Reorder > millionths:
		return Path{}, fault("a chance of reordering is 0 to 100%")
	case s.ReorderBy < 0 || s.ReorderBy > MaxDelay || (s.Reorder == 0) != (s.ReorderBy == 0):
		return Path{}, fault("what is reordered is held up for at most " + MaxDelay.String())
	case max(s.Loss[0], s.Loss[1]) > millionths:
		return Path{}, fault("a chance of loss is 0 to 100%")
	case s.Duplicate > millionths:
		return Path{}, fault("a chance of a second copy is 0 to 100%")
	}
	p := Path{seed: seed, setup: s}
	p.setup.Rules, p.setup.Boxes = nil, nil
	for _, b := range s.Boxes {
		if _, err := p.AddBox(b); err != nil {
			return Path{}, err
		}
	}
	for _, r := range s.Rules {
		if err := p.Add(r); err != nil {
			return Path{}, err
		}
	}
	return p, nil
}

// Set makes p a copy of x that shares nothing that changes, in the memory that p has already.
func (p *Path) Set(x *Path) {
	rules, boxes := append(p.rules[:0], x.rules...), p.boxes
	*p = *x
	p.rules, p.boxes = rules, setBoxes(boxes, x.boxes)
}

// Add adds a rule after the others; it counts from now on. It fails when the rule is not a good one or there are too many.
func (p *Path) Add(r Rule) error {
	if err := r.Check(); err != nil {
		return err
	}
	if len(p.rules) == MaxRules {
		return fault("a path has at most " + strconv.Itoa(MaxRules) + " rules")
	}
	p.rules = append(p.rules, counting{Rule: r, text: r.String()})
	return nil
}

// Remove takes rule number n, from 1, away; the later ones move up. It reports whether there was one.
func (p *Path) Remove(n int) (Rule, bool) {
	if n < 1 || n > len(p.rules) {
		return Rule{}, false
	}
	r := p.rules[n-1].Rule
	p.rules = slices.Delete(p.rules, n-1, n)
	return r, true
}

// NumRules returns how many rules there are.
func (p *Path) NumRules() int { return len(p.rules) }

// Rule returns rule number n, from 1, how many segments it has counted, and its text.
func (p *Path) Rule(n int) (r Rule, seen int, text string) {
	c := &p.rules[n-1]
	return c.Rule, c.seen, c.text
}

// Sent returns how many segments were sent in a direction.
func (p *Path) Sent(dir Direction) uint64 { return p.sent[dir] }

// An Act is something that happens to a segment on its way.
type Act struct {
	Verb Verb
	Rule int  // number of the rule, from 1; 0 is chance
	For  Time // of Delay: how much later it arrives; of Duplicate: how much later than the segment its copy arrives
}

// MaxActs is how many acts one segment can meet.
const MaxActs = MaxRules + 2

// Pass takes a segment that a host sends and returns how long it is on its way before any Act, and the acts in order,
// appended to acts. A segment that is lost has one act, the Drop. Pass counts, so it must be called once for a segment.
func (p *Path) Pass(dir Direction, flags wire.Flags, acts []Act) (Time, []Act) {
	n := p.sent[dir]
	p.sent[dir]++
	first := len(acts)
	dropped := false
	for i := range p.rules {
		r := &p.rules[i]
		if !r.Matches(dir, flags) {
			continue
		}
		r.seen++
		if dropped || r.Nth != 0 && r.seen != r.Nth {
			continue
		}
		if r.Verb == Drop {
			acts, dropped = acts[:first], true
		}
		acts = append(acts, Act{Verb: r.Verb, Rule: i + 1, For: r.For})
	}
	if !dropped && p.setup.Loss[dir] > 0 && happens(Draw(p.seed, lossOf[dir], n), p.setup.Loss[dir]) {
		acts, dropped = append(acts[:first], Act{Verb: Drop}), true
	}
	if !dropped && p.setup.Reorder > 0 && happens(Draw(p.seed, reorderOf[dir], n), p.setup.Reorder) {
		acts = append(acts, Act{Verb: Delay, For: p.setup.ReorderBy})
	}
	if !dropped && p.setup.Duplicate > 0 && happens(Draw(p.seed, copyOf[dir], n), p.setup.Duplicate) {
		// The copy takes the same way a second time, with jitter of its own.
		acts = append(acts, Act{Verb: Duplicate, For: p.jitter(copyJitterOf[dir], n)})
	}
	return p.setup.Delay[dir] + p.jitter(jitterOf[dir], n), acts
}

// Delay returns how long a segment takes that is put on the wire by hand: the delay of the path without jitter.
func (p *Path) Delay(dir Direction) Time { return p.setup.Delay[dir] }

func (p *Path) jitter(purpose string, n uint64) Time {
	if p.setup.Jitter == 0 {
		return 0
	}
	return Time(Draw(p.seed, purpose, n) % uint64(p.setup.Jitter+1))
}

// What chance is drawn for, by Direction.
var (
	lossOf       = [2]string{"loss to server", "loss to client"}
	reorderOf    = [2]string{"reorder to server", "reorder to client"}
	copyOf       = [2]string{"copy to server", "copy to client"}
	jitterOf     = [2]string{"jitter to server", "jitter to client"}
	copyJitterOf = [2]string{"copy's jitter to server", "copy's jitter to client"}
)

// AppendBinary appends all that the path's future depends on, in a form that two equal paths share and two different ones do not.
func (p *Path) AppendBinary(b []byte) []byte {
	b = binary.BigEndian.AppendUint64(b, p.seed)
	b = binary.BigEndian.AppendUint64(b, uint64(p.setup.Delay[0]))
	b = binary.BigEndian.AppendUint64(b, uint64(p.setup.Delay[1]))
	b = binary.BigEndian.AppendUint64(b, uint64(p.setup.Jitter))
	b = binary.BigEndian.AppendUint32(b, p.setup.Loss[0])
	b = binary.BigEndian.AppendUint32(b, p.setup.Loss[1])
	b = binary.BigEndian.AppendUint32(b, p.setup.Reorder)
	b = binary.BigEndian.AppendUint64(b, uint64(p.setup.ReorderBy))
	b = binary.BigEndian.AppendUint32(b, p.setup.Duplicate)
	b = binary.BigEndian.AppendUint64(b, p.sent[0])
	b = binary.BigEndian.AppendUint64(b, p.sent[1])
	b = append(b, byte(len(p.rules)))
	for i := range p.rules {
		r := &p.rules[i]
		b = append(b, byte(r.Verb), byte(r.Flags), btoi(r.Any), byte(r.From))
		b = binary.BigEndian.AppendUint32(b, uint32(r.Nth))
		b = binary.BigEndian.AppendUint64(b, uint64(r.For))
		b = binary.BigEndian.AppendUint32(b, uint32(r.seen))
	}
	b = append(b, byte(len(p.boxes)))
	for i := range p.boxes {
		b = p.boxes[i].appendBinary(b)
	}
	return b
}

func btoi(v bool) byte {
	if v {
		return 1
	}
	return 0
}
