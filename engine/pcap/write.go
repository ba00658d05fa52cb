package pcap

import (
	"encoding/binary"
	"fmt"
	"io"
	"slices"

	"github.com/handshakelab/lab/engine"
	"github.com/handshakelab/lab/engine/rule"
	"github.com/handshakelab/lab/engine/script"
	"github.com/handshakelab/lab/engine/wire"
)

// A Run is what Write writes.
type Run struct {
	Scenario *script.Scenario // set-up and actions, with a title and notes if there are any
	Events   []engine.Event   // what engine.Replay or script.Run brought, from the first
}

// Write writes a run as a pcapng file; the package comment says what is in it. Time is that of the run, from 1970-01-01 00:00:00 UTC.
// It fails when w fails, and, before anything is written, when the file would have more than MaxSize bytes or the scenario is longer
// than package script reads, since neither could be read back.
func Write(w io.Writer, run Run) error {
	source := run.Scenario.String()
	if len(source) > script.MaxText {
		return fmt.Errorf("pcap: the scenario has %d bytes, and at most %d can be read back", len(source), script.MaxText)
	}
	f := file{}
	f.section(scenarioComments(source))
	for h := engine.Client; h <= engine.Server; h++ {
		host := &run.Scenario.Setup.Hosts[h]
		f.describe(h.String(), fmt.Sprintf("%s, profile %s", host.Addr, host.Profile), host.Addr.Addr().Is6())
	}
	for _, p := range packets(run.Events) {
		if f.enhanced(p); len(f.b) > MaxSize {
			return fmt.Errorf("pcap: the run is too large for a capture of %d MiB", MaxSize>>20)
		}
	}
	_, err := w.Write(f.b)
	return err
}

// A sighting is a segment as one interface sees it.
type sighting struct {
	at       engine.Time
	host     engine.HostID
	out      bool
	id       engine.SegID
	seg      wire.Segment
	comments []string
}

// packets finds in the events of a run what each side's interface sees.
func packets(events []engine.Event) []sighting {
	var seen []sighting
	sent := map[engine.SegID]int{}            // where it is in seen, when a host sent it
	says := map[engine.SegID]wire.Segment{}   // what it says now
	fates := map[engine.SegID][]string{}      // what happened to it on the way
	arrived := [2]int{-1, -1}                 // for each host the packet that it is dealing with
	checks := [2]map[rule.ID]bool{{}, {}}     // and how its checks came out
	tell := func(id engine.SegID, s string) { // both to the sender and to the receiver
		fates[id] = append(fates[id], s)
		if i, ok := sent[id]; ok {
			seen[i].comments = append(seen[i].comments, s)
		}
	}
	for i := range events {
		e := &events[i]
		switch e.Kind {
		case engine.Sent:
			says[e.Seg] = *e.Wire
			sent[e.Seg] = len(seen)
			seen = append(seen, sighting{at: e.At, host: e.Host, out: true, id: e.Seg, seg: *e.Wire,
				comments: []string{"Sent: " + sentence(e.Rule, outcome(checks[e.Host], e), e.Args)}})
		case engine.Forged:
			says[e.Seg] = *e.Wire
			tell(e.Seg, "Forged: no host sent it.")
		case engine.Injected:
			says[e.Seg] = *e.Wire
			tell(e.Seg, fmt.Sprintf("A box on the way (%s) sent it because of segment %d.", e.Text, e.Of))
		case engine.Duplicated:
			says[e.Seg] = *e.Wire
			tell(e.Seg, fmt.Sprintf("A copy of segment %d that was made on the way.", e.Of))
		case engine.Edited:
			says[e.Seg] = *e.Wire
			tell(e.Seg, "Changed on the way: "+e.Fields.String()+".")
		case engine.Delayed:
			tell(e.Seg, "Delayed on the way"+because(e)+".")
		case engine.Held:
			tell(e.Seg, "Held on the way.")
		case engine.Released:
			tell(e.Seg, "Released.")
		case engine.Lost:
			tell(e.Seg, "Lost on the way"+because(e)+".")
		case engine.Arrived:
			arrived[e.Host] = len(seen)
			clear(checks[e.Host])
			seen = append(seen, sighting{at: e.At, host: e.Host, id: e.Seg, seg: says[e.Seg],
				comments: slices.Clone(fates[e.Seg])})
		case engine.Called, engine.TimerFired:
			arrived[e.Host] = -1
			clear(checks[e.Host])
		case engine.Checked, engine.Discarded, engine.Changed:
			if arrived[e.Host] < 0 {
				continue
			}
			if e.Kind == engine.Checked {
				checks[e.Host][e.Rule] = e.OK
			}
			to := &seen[arrived[e.Host]]
			to.comments = append(to.comments, verdict(e, outcome(checks[e.Host], e)))
		}
	}
	return seen
}

// because is how the path came to do what e says.
func because(e *engine.Event) string {
	switch {
	case e.Text != "":
		return ", by the rule of the path: " + e.Text
	case e.Rule == rule.LabLoss:
		return ", by chance"
	case e.Rule == rule.LabNoHost:
		return ": nobody has that address"
	default:
		return ", by hand"
	}
}

// outcome is how the check of the rule of e came out, on which e follows. A rule without a check holds, one that a segment is thrown
// away for does not.
func outcome(checks map[rule.ID]bool, e *engine.Event) bool {
	ok, checked := checks[e.Rule]
	return ok || !checked && e.Kind != engine.Discarded
}

// verdict is what a host made of a segment.
func verdict(e *engine.Event, ok bool) string {
	said := sentence(e.Rule, ok, e.Args)
	switch {
	case e.Kind == engine.Changed:
		return fmt.Sprintf("State: %v to %v. %s", e.From, e.To, said)
	case e.Kind == engine.Discarded:
		return "Thrown away: " + said
	case ok:
		return "Passed: " + said
	default:
		return "Failed: " + said
	}
}

// file is a pcapng file in the making, little-endian.
type file struct {
	b     []byte
	start int // of the block in the making
}

func (f *file) u16(v int)    { f.b = binary.LittleEndian.AppendUint16(f.b, uint16(v)) }
func (f *file) u32(v uint32) { f.b = binary.LittleEndian.AppendUint32(f.b, v) }

// pad fills up to a whole number of 32-bit words.
func (f *file) pad() {
	for len(f.b)%4 != 0 {
		f.b = append(f.b, 0)
	}
}

func (f *file) begin(kind uint32) {
	f.start = len(f.b)
	f.u32(kind)
	f.u32(0) // the length, filled in by end
}

func (f *file) end() {
	f.u16(optEnd)
	f.u16(0)
	size := uint32(len(f.b) - f.start + 4)
	f.u32(size)
	binary.LittleEndian.PutUint32(f.b[f.start+4:], size)
}

// option appends one; what does not fit into it is left out.
func (f *file) option(code int, v string) {
	v = v[:min(len(v), 65535)]
	f.u16(code)
	f.u16(len(v))
	f.b = append(f.b, v...)
	f.pad()
}

func (f *file) section(comments []string) {
	f.begin(sectionHeader)
	f.u32(byteOrderMagic)
	f.u16(1) // version 1.0
	f.u16(0)
	f.u32(0xffffffff) // the length of the section is not said
	f.u32(0xffffffff)
	for _, c := range comments {
		f.option(optComment, c)
	}
	f.option(optUserAppl, "Handshake Lab, engine "+engine.Version)
	f.end()
}

func (f *file) describe(name, description string, six bool) {
	f.begin(interfaceBlock)
	link := linkIPv4
	if six {
		link = linkIPv6
	}
	f.u16(link) // libpcap refuses a second interface of link type raw IP, whose number is another one inside it
	f.u16(0)
	f.u32(0) // packets are never cut
	f.option(optName, name)
	f.option(optDescribe, description)
	f.option(optResolution, "\x06") // microseconds
	f.end()
}

func (f *file) enhanced(p sighting) {
	f.begin(enhancedPacket)
	f.u32(uint32(p.host))
	f.u32(uint32(p.at >> 32))
	f.u32(uint32(p.at))
	f.u32(0) // captured length, filled in below
	f.u32(0) // length
	at := len(f.b)
	f.b = p.seg.AppendIP(f.b)
	size := uint32(len(f.b) - at)
	binary.LittleEndian.PutUint32(f.b[at-8:], size)
	binary.LittleEndian.PutUint32(f.b[at-4:], size)
	f.pad()
	for _, c := range p.comments {
		f.option(optComment, c)
	}
	direction := In
	if p.out {
		direction = Out
	}
	f.option(optFlags, string([]byte{byte(direction), 0, 0, 0}))
	f.option(optPacketID, string(binary.LittleEndian.AppendUint64(nil, uint64(p.id))))
	f.end()
}
