package engine

import (
	"net/netip"

	"github.com/handshakelab/lab/engine/network"
	"github.com/handshakelab/lab/engine/tcp"
	"github.com/handshakelab/lab/engine/wire"
)

// Time is virtual time in microseconds.
type Time = tcp.Time

// Never is the time that does not come.
const Never = tcp.Never

// HostID names who did something.
type HostID uint8

// Client and Server are the two hosts; Network is the path between them and the learner's hand on it.
const (
	Client HostID = iota
	Server
	Network
)

// String returns "client", "server" or "network".
func (h HostID) String() string { return [...]string{"client", "server", "network"}[h] }

// MarshalText makes a HostID its name in JSON.
func (h HostID) MarshalText() ([]byte, error) { return []byte(h.String()), nil }

// A Setup is everything that a run starts from. Together with the actions it is the run.
type Setup struct {
	Seed  uint64
	Hosts [2]HostSetup
	Path  network.Setup
}

// A HostSetup is what one host starts with.
type HostSetup struct {
	Addr    netip.AddrPort // address, and the port it listens on or connects from
	Profile string         // one of tcp.ProfileNames
	ISNs    []wire.Seq     // initial sequence numbers of its connections in turn; after the last they are generated
	Options tcp.Options    // departures from the profile
}

// ActionKind says what an Action does.
type ActionKind uint8

// The actions.
const (
	Step       ActionKind = iota + 1 // process the next Count due things; an error when there are not so many
	StepUntil                        // process due things until Cond holds (see Cond); an error when the run ends before
	Wait                             // let For pass, processing what is due, also at its very end
	Call                             // socket call Call by Host
	Drop                             // lose segment Seg here and now
	Delay                            // let Seg arrive For later than it would
	Hold                             // keep Seg on the wire until it is released
	Release                          // let a held Seg go on; it needs the rest of its way
	Duplicate                        // make a copy of Seg that arrives For later than Seg
	Edit                             // change fields of Seg
	Forge                            // put a new segment on the wire towards Host, as if the other host had sent it now; with ICMP in Edit.Seg an ICMP error about a segment of Host
	AddRule                          // add Rule to the rules of the path
	RemoveRule                       // remove rule number Count (from 1) of the path
	AddBox                           // put Box half way, behind the boxes that are there
	RemoveBox                        // take box number Count of the path away
	Expect                           // fail with an *ExpectError unless Cond holds; changes nothing
)

// An Action is one thing that a learner does to a world, or an expectation about it. Only the fields that its kind names
// have a meaning.
type Action struct {
	Kind  ActionKind
	Count int
	For   Time
	Host  HostID
	Seg   SegRef
	Call  tcp.Call
	Edit  Patch // of Edit and Forge
	Rule  network.Rule
	Box   network.Box
	Cond  Cond
}

// SegID numbers the segments of a run from 1, in the order in which they came on the wire.
type SegID uint32

// A SegRef names a segment on the wire: by number, or the Nth of that kind that ever came on the wire (from 1; copies and
// forged segments count, and the kind is what it was then), or with Nth 0 the newest in flight that is of that kind now.
// PSH makes no difference to a kind.
type SegRef struct {
	ID    SegID
	Flags wire.Flags // when ID is 0
	ICMP  bool       // likewise, instead of Flags: ICMP errors
	Nth   int
}

// A Patch is a set of header fields with new values. Set says which are given.
type Patch struct {
	Set     Field
	Seg     wire.Segment // the values of the fields in Set
	KeepSum bool         // leave the checksum as it was, wrong as it may be now
}

// Field is a set of header fields.
type Field uint32

// The fields that can be edited.
const (
	FieldSrcPort Field = 1 << iota
	FieldDstPort
	FieldSeq
	FieldAck
	FieldOffset
	FieldReserved
	FieldFlags
	FieldWindow
	FieldChecksum
	FieldUrgent
	FieldOptions
	FieldPayload
	FieldTTL
	FieldSrcAddr
	FieldDstAddr
)
