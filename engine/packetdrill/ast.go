package packetdrill

import (
	"github.com/handshakelab/lab/engine/diag"
	"github.com/handshakelab/lab/engine/tcp"
	"github.com/handshakelab/lab/engine/wire"
)

// A Script is a script as Parse reads it. It may be used only when Parse found no fault.
type Script struct {
	Name    string
	Options []Option
	Init    []Shell // commands before the first event
	Events  []Event
	Cleanup []Shell // commands after the last event

	unknown diag.List // names that mean nothing here, though they may to another kernel
}

// version is the version of IP that the script asks for: "ipv4", "ipv6", or "ipv4-mapped-ipv6" for IPv4 under sockets of IPv6.
func (s *Script) version() string {
	v := "ipv4"
	for _, o := range s.Options {
		if o.Name == "ip_version" {
			v = o.Value
		}
	}
	return v
}

// An Option is a line such as --tolerance_usecs=10000.
type Option struct {
	Pos   Pos
	Name  string
	Value string
	Has   bool // there is a value
}

// An Event is one thing that the script does or expects. Exactly one of Packet, Call, Shell and Code is set.
type Event struct {
	Pos    Pos
	When   When
	Packet *Packet
	Call   *Call
	Shell  *Shell
	Code   *Code
}

// WhenKind says how the time of an event is meant.
type WhenKind uint8

// The kinds of time.
const (
	Absolute      WhenKind = iota // 0.1: since the first event
	Relative                      // +0.1: since the end of the event before
	Any                           // *: an outbound segment may come at any time
	AbsoluteRange                 // 0.1~0.2
	RelativeRange                 // +0.1~+0.2
)

// A When is the time of an event.
type When struct {
	Kind     WhenKind
	From, To tcp.Time // To of a range
}

// A Packet is a segment that the script sends, or one that the host must send.
type Packet struct {
	Pos              Pos
	Out              bool // the host must send it
	Flags            wire.Flags
	SrcPort, DstPort uint16 // 0 when the script does not say
	Seq              wire.Seq
	Len              int
	Ack              wire.Seq
	Window           int // -1 when the script does not say
	Urgent           uint16
	Options          wire.Options
	AnyOptions       bool // <...>
	TOS              tosCheck
	TTL              uint8     // 0 when the script does not say
	ICMP             wire.ICMP // of an ICMP error: what it says; Seq and Len are of the segment that it quotes
	Unsupported      string    // the feature in it that the lab does not have
}

// tosCheck is what a script says of the type-of-service byte.
type tosCheck struct {
	kind  tosKind
	value uint8
}

type tosKind uint8

const (
	tosAny  tosKind = iota
	tosECN          // the two ECN bits
	tosECT          // either ECN-capable codepoint
	tosByte         // the whole byte
)

// A Call is a system call with what it must return.
type Call struct {
	Pos      Pos
	Name     string
	Args     []*Expr
	Result   *Expr
	Errno    string // "" when the script does not say
	ErrnoPos Pos
	Blocking bool
	End      tcp.Time // of a blocking call: when it must return, meant as the time of the event is
}

// A Shell is a command between backquotes.
type Shell struct {
	Pos  Pos
	Text string
}

// A Code is a snippet between %{ and }%.
type Code struct {
	Pos  Pos
	Text string
	prog []statement
}

// ExprKind says what an Expr is.
type ExprKind uint8

// The expressions.
const (
	Ellipsis ExprKind = iota // ...
	Number                   // Int
	Word                     // Text, a symbol
	String                   // Text
	Or                       // Items, joined by |
	List                     // [Items]
	Struct                   // {Fields}
	Apply                    // Text(Items), such as htons(8080)
)

// An Expr is an argument or a result of a call.
type Expr struct {
	Pos    Pos
	Kind   ExprKind
	Int    int64
	Text   string
	Items  []*Expr
	Fields []Field
}

// A Field is one element of a Struct: name = value, name(args) = value, or only a value.
type Field struct {
	Name  string
	Pos   Pos
	Args  []*Expr
	Value *Expr
}

// field returns the value of a field of a struct, nil when it has none.
func (e *Expr) field(name string) *Expr {
	for i := range e.Fields {
		if e.Fields[i].Name == name {
			return e.Fields[i].Value
		}
	}
	return nil
}
