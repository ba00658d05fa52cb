package network

import (
	"encoding/binary"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/handshakelab/lab/engine/rule"
	"github.com/handshakelab/lab/engine/tcp"
	"github.com/handshakelab/lab/engine/wire"
)

// BoxKind is what a Box is.
type BoxKind uint8

// The boxes.
const (
	Firewall BoxKind = iota + 1 // throws away what it matches: Answer, ICMP, and what is matched
	NAT                         // puts an address of its own in the place of the client's: Timeout
	Strip                       // overwrites options with NOPs: Options
	ShiftSeq                    // adds By to the sequence numbers of the client: SACKOff
	SynProxy                    // makes the handshake in the place of the server: ISN
	Narrow                      // a link that takes packets of MTU bytes at most: Silent
)

// Answer is how a firewall answers what it throws away.
type Answer uint8

// The answers.
const (
	NoAnswer   Answer = iota
	WithRST           // in the name of the other end
	WithICMP          // with the ICMP error that Box.ICMP names
	numAnswers = iota
)

// OptionSet is a set of the options that a box can take out.
type OptionSet uint8

// The options.
const (
	StripMSS OptionSet = 1 << iota
	StripSACK
	StripTimestamps
	StripScale
	StripFastOpen
	allOptions = 1<<iota - 1
)

// optionNames and optionKinds are in the order of the bits of OptionSet.
var (
	optionNames = [...]string{"mss", "sack", "timestamps", "wscale", "fastopen"}
	optionKinds = [...][]uint8{{wire.KindMSS}, {wire.KindSACKPermitted, wire.KindSACK}, {wire.KindTimestamps}, {wire.KindWindowScale}, {wire.KindFastOpen}}
)

// OptionByName returns the option that the scenario language calls name: "sack".
func OptionByName(name string) (OptionSet, bool) {
	i := slices.Index(optionNames[:], name)
	return 1 << max(i, 0), i >= 0
}

// OptionNames returns the names of all options that a box can take out.
func OptionNames() []string { return optionNames[:] }

// String returns the names, "sack,timestamps".
func (s OptionSet) String() string {
	var names []string
	for i, name := range optionNames {
		if s&(1<<i) != 0 {
			names = append(names, name)
		}
	}
	return strings.Join(names, ",")
}

// A Box stands half way between the hosts and does something to what passes. Box number n of a path has the address
// wire.RouterAddr(n): its ICMP errors come from there, and a NAT puts it in the place of the client's. It keeps its number, and so its
// address, when another one is taken away. Only the fields that its kind names have a
// meaning; the others are zero.
type Box struct {
	Kind BoxKind

	// What a Firewall matches: segments with exactly these Flags, PSH apart, or with Any all of them, or with AboutICMP ICMP
	// errors instead; with Port only segments to that port; and of From only those of one sender (0 any, 1 the client, 2 the
	// server).
	Answer    Answer
	ICMP      wire.ICMPKind
	Flags     wire.Flags
	Any       bool
	AboutICMP bool
	Port      uint16
	From      int8

	Timeout Time      // of a NAT: how long it remembers a connection over which nothing passes
	Options OptionSet // of a Strip
	By      uint32    // of a ShiftSeq
	SACKOff bool      // of a ShiftSeq: it forgets to move SACK blocks back
	ISN     wire.Seq  // of a SynProxy: the number with which it answers, drawn by the seed when HasISN is false
	HasISN  bool
	MTU     uint16 // of a Narrow: bytes, with the IP header
	Silent  bool   // of a Narrow: no ICMP error says that a packet was too long
}

// Limits of boxes.
const (
	MaxBoxes      = 8
	MaxFlows      = 64 // connections that a NAT or a SYN proxy remembers; the oldest is forgotten for another one
	MinMTU        = 68 // RFC 791 section 3.2
	MinMTU6       = 1280
	MaxNATTimeout = 24 * 3600 * tcp.Second
)

// Check returns what is wrong with the box, or nil.
func (b *Box) Check() error {
	rest := *b // what the kind does not name must be zero
	rest.Kind = 0
	switch b.Kind {
	case Firewall:
		switch {
		case b.From < 0 || b.From > 2:
			return fault("a firewall is about the segments of the client, of the server or of both")
		case b.Answer >= numAnswers || (b.Answer == WithICMP) != (b.ICMP != wire.NoICMP) || b.ICMP >= wire.NumICMPKinds || b.ICMP == wire.TooBig:
			return fault("a firewall answers with nothing, with RST or with an ICMP error")
		case b.AboutICMP && (b.Answer != NoAnswer || b.Any || b.Flags != 0 || b.Port != 0):
			return fault("a firewall drops ICMP errors and says nothing")
		case b.Any && b.Flags != 0, b.Flags.Has(wire.PSH):
			return fault("a firewall matches one kind of segment or every one")
		}
		rest = Box{}
	case NAT:
		if b.Timeout <= 0 || b.Timeout > MaxNATTimeout {
			return fault("a NAT forgets after at most " + MaxNATTimeout.String())
		}
		rest.Timeout = 0
	case Strip:
		if b.Options == 0 || b.Options > allOptions {
			return fault("a box strips one of " + strings.Join(optionNames[:], ", "))
		}
		rest.Options = 0
	case ShiftSeq:
		rest.By, rest.SACKOff = 0, false
	case SynProxy:
		if !b.HasISN && b.ISN != 0 {
			return fault("a SYN proxy has a number or draws one")
		}
		rest.ISN, rest.HasISN = 0, false
	case Narrow:
		if b.MTU < MinMTU {
			return fault("an MTU is at least " + strconv.Itoa(MinMTU))
		}
		rest.MTU, rest.Silent = 0, false
	default:
		return fault("there is no such box")
	}
	if rest != (Box{}) {
		return fault("a box has settings that are not its own")
	}
	return nil
}

// String returns the box as the scenario language writes it: "box firewall reject RST SYN port 80", "box nat timeout 60s",
// "mtu 1400 silent".
func (b Box) String() string {
	switch b.Kind {
	case Firewall:
		s := "box firewall " + [...]string{"drop", "reject RST", "reject " + b.ICMP.String()}[b.Answer%numAnswers]
		switch {
		case b.AboutICMP:
			s += " ICMP"
		case !b.Any:
			s += " " + b.Flags.Kind()
		}
		if b.Port != 0 {
			s += " port " + strconv.Itoa(int(b.Port))
		}
		return s + [...]string{"", " from client", " from server"}[b.From]
	case NAT:
		return "box nat timeout " + b.Timeout.String()
	case Strip:
		return "box strip " + b.Options.String()
	case ShiftSeq:
		s := "box shift-seq " + strconv.FormatUint(uint64(b.By), 10)
		if b.SACKOff {
			s += " sack off"
		}
		return s
	case SynProxy:
		if b.HasISN {
			return "box syn-proxy isn " + strconv.FormatUint(uint64(b.ISN), 10)
		}
		return "box syn-proxy"
	default:
		if b.Silent {
			return "mtu " + strconv.Itoa(int(b.MTU)) + " silent"
		}
		return "mtu " + strconv.Itoa(int(b.MTU))
	}
}

// box is a Box with what it remembers.
type box struct {
	Box
	n     uint8  // its number
	text  string // String of Box, made once
	flows []flow
	made  uint64 // flows that were ever made
}

// setBoxes returns a copy of x in the memory of to.
func setBoxes(to, x []box) []box {
	for len(to) < len(x) {
		to = append(to, box{})
	}
	to = to[:len(x)]
	for i := range x {
		flows := append(to[i].flows[:0], x[i].flows...)
		to[i] = x[i]
		to[i].flows = flows
	}
	return to
}

// A flow is a connection that a NAT or a SYN proxy remembers.
type flow struct {
	client, server netip.AddrPort // server of a SYN proxy only
	outside        uint16         // of a NAT: the port that stands for the client's
	last           Time           // of a NAT: when something last passed

	// Of a SYN proxy.
	phase                        proxyPhase
	clientISN, ownISN, serverISN wire.Seq
	clientMSS                    uint16 // as its SYN announced it, 0 for none
	clientWindow                 uint16 // of its ACK
}

// HappeningKind says what a Happening is.
type HappeningKind uint8

// What boxes do.
const (
	Changed  HappeningKind = iota + 1 // the segment is now Seg
	Stopped                           // the segment goes no further
	Injected                          // the box put Seg on the wire, in the direction Dir, because of the segment
)

// A Happening is one thing that a box did while something crossed the middle of the path.
type Happening struct {
	Kind HappeningKind
	On   int // what it happened to, or was injected because of: 0 is what crosses, n the nth that was injected by the way
	Box  int // number of the box, from 1
	Rule rule.ID
	Args [rule.MaxParams]int64
	Seg  wire.Segment
	Dir  Direction
}

// HasBoxes reports whether anything stands half way.
func (p *Path) HasBoxes() bool { return len(p.boxes) > 0 }

// Box returns the text of box number n; "" when there is none.
func (p *Path) Box(n int) string {
	if i := p.place(n); i >= 0 {
		return p.boxes[i].text
	}
	return ""
}

// NumBoxes returns how many boxes there are.
func (p *Path) NumBoxes() int { return len(p.boxes) }

// place is the index of box number n, -1 when there is none.
func (p *Path) place(n int) int {
	return slices.IndexFunc(p.boxes, func(b box) bool { return int(b.n) == n })
}

// NextBox is the number that the next box gets: the lowest that none has.
func (p *Path) NextBox() int {
	n := 1
	for p.place(n) >= 0 {
		n++
	}
	return n
}

// AddBox puts a box behind the others, next to the server, and returns its number. It fails when the box is not a good one or there
// are too many.
func (p *Path) AddBox(b Box) (n int, err error) {
	if err := b.Check(); err != nil {
		return 0, err
	}
	if len(p.boxes) == MaxBoxes {
		return 0, fault("a path has at most " + strconv.Itoa(MaxBoxes) + " boxes")
	}
	n = p.NextBox()
	p.boxes = append(p.boxes, box{Box: b, n: uint8(n), text: b.String()})
	return n, nil
}

// RemoveBox takes box number n away with all that it remembers. It reports whether there was one.
func (p *Path) RemoveBox(n int) bool {
	i := p.place(n)
	if i < 0 {
		return false
	}
	p.boxes = slices.Delete(p.boxes, i, i+1)
	return true
}

// Cross takes a segment, or an ICMP error, through the boxes in the middle of the path: those to the server in their order,
// those to the client the other way round. It returns what happened, in order, appended to out; nothing is what happens to
// most segments at most boxes. What a box injects passes the boxes on its own way at once.
func (p *Path) Cross(dir Direction, seg *wire.Segment, now Time, out []Happening) []Happening {
	first, start := len(out), 0
	if dir == ToClient {
		start = len(p.boxes) - 1
	}
	out = p.cross(dir, 0, start, *seg, now, out)
	injected := 0
	for i := first; i < len(out); i++ {
		if out[i].Kind != Injected {
			continue
		}
		injected++
		next := p.place(out[i].Box) + 1 // the box behind it
		if out[i].Dir == ToClient {
			next -= 2
		}
		out = p.cross(out[i].Dir, injected, next, out[i].Seg, now, out)
	}
	return out
}

func (p *Path) cross(dir Direction, on, at int, seg wire.Segment, now Time, out []Happening) []Happening {
	for at >= 0 && at < len(p.boxes) {
		c := crossing{box: &p.boxes[at], seed: p.seed, dir: dir, on: on, now: now, seg: seg, out: out}
		c.pass()
		seg, out = c.seg, c.out
		if c.stopped {
			break
		}
		if at++; dir == ToClient {
			at -= 2
		}
	}
	return out
}

// A crossing is one segment at one box.
type crossing struct {
	*box
	seed    uint64
	dir     Direction
	on      int
	now     Time
	seg     wire.Segment
	stopped bool
	out     []Happening
}

func (c *crossing) pass() {
	switch c.Kind {
	case Firewall:
		c.firewall()
	case NAT:
		c.nat()
	case Strip:
		c.strip()
	case ShiftSeq:
		c.shift()
	case SynProxy:
		c.synProxy()
	case Narrow:
		c.narrow()
	}
}

func (c *crossing) happen(kind HappeningKind, seg *wire.Segment, dir Direction, id rule.ID, args ...int64) {
	h := Happening{Kind: kind, On: c.on, Box: int(c.n), Rule: id, Seg: *seg, Dir: dir}
	copy(h.Args[:], args)
	c.out = append(c.out, h)
}

func (c *crossing) change(id rule.ID, args ...int64) { c.happen(Changed, &c.seg, c.dir, id, args...) }

func (c *crossing) stop(id rule.ID, args ...int64) {
	c.stopped = true
	c.happen(Stopped, &c.seg, c.dir, id, args...)
}

func (c *crossing) inject(seg *wire.Segment, dir Direction, id rule.ID, args ...int64) {
	c.happen(Injected, seg, dir, id, args...)
}

// back is the way to where the segment came from.
func (c *crossing) back() Direction { return ToClient - c.dir }

// complain sends an ICMP error about the segment back.
func (c *crossing) complain(kind wire.ICMPKind, mtu uint16, id rule.ID, args ...int64) {
	s := c.seg
	s.ICMP = wire.ICMP{Kind: kind, Router: c.n, MTU: mtu}
	c.inject(&s, c.back(), id, args...)
}

func (c *crossing) isICMP() bool { return c.seg.ICMP.Kind != wire.NoICMP }

func (c *crossing) firewall() {
	switch {
	case c.From == 1 && c.dir != ToServer, c.From == 2 && c.dir != ToClient, c.isICMP() != c.AboutICMP:
		return
	case !c.AboutICMP && !c.Any && (c.Flags^c.seg.Flags)&^wire.PSH != 0, c.Port != 0 && c.Port != c.seg.Dst.Port():
		return
	}
	switch {
	// RFC 9293 section 3.10.7.1: no RST answers an RST.
	case c.Answer == WithRST && !c.seg.Flags.Has(wire.RST):
		c.stop(rule.BoxFirewallRST)
		rst := wire.NewSegment(c.seg.Dst, c.seg.Src)
		if c.seg.Flags.Has(wire.ACK) {
			rst.Flags, rst.Seq = wire.RST, c.seg.Ack
		} else {
			rst.Flags, rst.Ack = wire.RST|wire.ACK, c.seg.End()
		}
		c.inject(&rst, c.back(), rule.BoxFirewallRST)
	case c.Answer == WithICMP:
		c.stop(rule.BoxFirewallICMP)
		c.complain(c.ICMP, 0, rule.BoxFirewallICMP)
	default:
		c.stop(rule.BoxFirewall)
	}
}

func (c *crossing) strip() {
	if c.isICMP() {
		return
	}
	var kinds []uint8
	for i := range optionKinds {
		if c.Options&(1<<i) != 0 {
			kinds = append(kinds, optionKinds[i]...)
		}
	}
	options, n := c.seg.Options.Overwritten(kinds...)
	if n > 0 {
		c.seg.Options = options
		c.change(rule.BoxStrip, int64(n))
	}
}

func (c *crossing) shift() {
	was := c.seg
	switch {
	// An error that returns to the client quotes a number that the client never sent.
	case c.isICMP() && c.dir == ToClient:
		c.seg.Seq -= wire.Seq(c.By)
	case c.isICMP() && c.seg.Flags.Has(wire.ACK):
		c.seg.Ack += wire.Seq(c.By)
	case c.isICMP():
	case c.dir == ToServer:
		c.seg.Seq += wire.Seq(c.By)
	case c.seg.Flags.Has(wire.ACK):
		c.seg.Ack -= wire.Seq(c.By)
		if !c.SACKOff {
			c.seg.Options = c.seg.Options.SACKMoved(-c.By)
		}
	}
	if c.seg != was {
		c.change(rule.BoxShift, int64(c.By))
	}
}

func (c *crossing) narrow() {
	length := c.seg.PacketLen()
	// An ICMP error is short enough for every link (RFC 1812 section 4.3.2.3, RFC 4443 section 2.4). A packet that may be cut
	// up arrives whole: the pieces are put together before TCP sees any of them.
	if c.isICMP() || length <= int(c.MTU) || !c.seg.DF && !c.seg.Is6() {
		return
	}
	if c.Silent {
		c.stop(rule.BoxBlackHole, int64(length), int64(c.MTU))
		return
	}
	id := rule.BoxMTU
	if c.seg.Is6() {
		id = rule.BoxMTU6
	}
	c.stop(id, int64(length), int64(c.MTU))
	c.complain(wire.TooBig, c.MTU, id, int64(length), int64(c.MTU))
}

// find returns the flow for which is says yes, or nil.
func (c *crossing) find(is func(*flow) bool) *flow {
	if i := slices.IndexFunc(c.flows, func(f flow) bool { return is(&f) }); i >= 0 {
		return &c.flows[i]
	}
	return nil
}

// remember makes a new flow, for which the oldest may have to go.
func (c *crossing) remember(f flow) *flow {
	if len(c.flows) == MaxFlows {
		c.flows = slices.Delete(c.flows, 0, 1)
	}
	c.flows = append(c.flows, f)
	c.made++
	return &c.flows[len(c.flows)-1]
}

// forget drops a flow.
func (c *crossing) forget(f *flow) {
	gone := *f // f lies in what is about to move
	c.flows = slices.DeleteFunc(c.flows, func(g flow) bool { return g == gone })
}

// nat changes the end of the segment that is the client's: its source on the way out, its destination on the way back. What
// an ICMP error quotes went the other way.
func (c *crossing) nat() {
	own := wire.RouterAddr(c.n, c.seg.Is6())
	out := c.dir == ToServer
	end := &c.seg.Dst
	if out != c.isICMP() {
		end = &c.seg.Src
	}
	f := c.find(func(f *flow) bool {
		if out {
			return f.client == *end
		}
		return end.Addr() == own && f.outside == end.Port()
	})
	opens := out && !c.isICMP() && c.seg.Flags&(wire.SYN|wire.ACK|wire.RST) == wire.SYN
	if f != nil && c.now-f.last > c.Timeout {
		idle := c.now - f.last
		c.forget(f)
		if f = nil; !opens {
			c.stop(rule.BoxNATForgot, int64(idle), int64(c.Timeout))
			return
		}
	}
	if f == nil {
		if !opens {
			c.stop(rule.BoxNATUnknown, int64(end.Port()))
			return
		}
		f = c.remember(flow{client: *end, outside: c.freePort(end.Port())})
	}
	f.last = c.now
	if out {
		*end = netip.AddrPortFrom(own, f.outside)
	} else {
		*end = f.client
	}
	c.change(rule.BoxNAT, int64(f.client.Port()), int64(f.outside))
}

// freePort is the client's own port, or the next one that stands for nobody yet.
func (c *crossing) freePort(port uint16) uint16 {
	for port == 0 || c.find(func(f *flow) bool { return f.outside == port }) != nil {
		port++
	}
	return port
}

// appendBinary appends what the box is and what it remembers.
func (b *box) appendBinary(to []byte) []byte {
	to = append(to, byte(b.Kind), byte(b.Answer), byte(b.ICMP), byte(b.Flags), btoi(b.Any), btoi(b.AboutICMP), byte(b.From), byte(b.Options),
		btoi(b.SACKOff), btoi(b.HasISN), btoi(b.Silent), b.n)
	to = binary.BigEndian.AppendUint16(to, b.Port)
	to = binary.BigEndian.AppendUint16(to, b.MTU)
	to = binary.BigEndian.AppendUint64(to, uint64(b.Timeout))
	to = binary.BigEndian.AppendUint32(to, b.By)
	to = binary.BigEndian.AppendUint32(to, uint32(b.ISN))
	to = binary.BigEndian.AppendUint64(to, b.made)
	to = binary.BigEndian.AppendUint32(to, uint32(len(b.flows)))
	for i := range b.flows {
		to = b.flows[i].appendBinary(to)
	}
	return to
}

func (f *flow) appendBinary(to []byte) []byte {
	for _, a := range [...]netip.AddrPort{f.client, f.server} {
		ip := a.Addr().As16()
		to = binary.BigEndian.AppendUint16(append(to, ip[:]...), a.Port())
	}
	to = binary.BigEndian.AppendUint16(to, f.outside)
	to = binary.BigEndian.AppendUint64(to, uint64(f.last))
	for _, n := range [...]wire.Seq{f.clientISN, f.ownISN, f.serverISN} {
		to = binary.BigEndian.AppendUint32(to, uint32(n))
	}
	to = append(to, byte(f.phase))
	to = binary.BigEndian.AppendUint16(to, f.clientMSS)
	to = binary.BigEndian.AppendUint16(to, f.clientWindow)
	return to
}
