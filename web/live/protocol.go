package live

import "encoding/json"

//go:generate go run ../internal/tsgen -o ../../static/js/protocol.d.ts protocol.go

// Version is the number of the protocol, and Subprotocol its name in the WebSocket handshake.
const (
	Version     = 1
	Subprotocol = "tcplab.v1"
)

// Limits are what the server allows, told to each client in its welcome.
type Limits struct {
	Frame    int `json:"frame"`    // bytes of one command
	Rate     int `json:"rate"`     // commands a second, in the long run
	Burst    int `json:"burst"`    // commands at once
	Events   int `json:"events"`   // events along one branch of a run
	Nodes    int `json:"nodes"`    // nodes of a run, all branches together
	Runs     int `json:"runs"`     // runs that one socket follows; opening another lets go of the oldest
	Commands int `json:"commands"` // commands of one open
}

// ---- from the browser to the server ----

// A Do is one command on a run: go to node At, let Wait microseconds pass, then do Line; then, with Ahead, let everything
// happen that is still due.
type Do struct {
	At    *int   `json:"at,omitempty"`    // the node to act at; where the run stands when it is left out
	Wait  int64  `json:"wait,omitempty"`  // microseconds
	Line  string `json:"line,omitempty"`  // one line of the scenario language; none is allowed
	Ahead bool   `json:"ahead,omitempty"` // and then step until quiet
}

// OpenCommand makes a new run of a scenario text, or of the scenario of a block of a lesson, and does the commands on it in
// order. A browser whose server has forgotten its run sends its copy in this way.
//
//ts:client open
type OpenCommand struct {
	ID       int64  `json:"id"`
	Scenario string `json:"scenario,omitempty"`
	Lesson   string `json:"lesson,omitempty"`
	Block    string `json:"block,omitempty"`
	Ahead    bool   `json:"ahead,omitempty"` // after the lines of the scenario, before the commands: step until quiet
	Commands []Do   `json:"commands,omitempty"`
}

// DoCommand does one command on a run. ID is the client's own number for it. It grows from command to command of a run; a
// number that was executed before is answered again and not executed again.
//
//ts:client do
type DoCommand struct {
	ID   int64  `json:"id"`
	Run  string `json:"run"`
	Seen uint64 `json:"seen,omitempty"` // on the run of a room, which it must have: the Seq that the page has seen
	Do
}

// ResumeCommand makes the socket follow a run from behind frame After on (-1: from the start).
//
//ts:client resume
type ResumeCommand struct {
	ID    int64  `json:"id"`
	Run   string `json:"run"`
	After int64  `json:"after"`
}

// CloseCommand makes the socket follow a run no longer.
//
//ts:client close
type CloseCommand struct {
	ID  int64  `json:"id"`
	Run string `json:"run"`
}

// EnterCommand makes the socket follow a room, as the member that its cookies say. Who comes back names the run that it has and
// the newest frame of it.
//
//ts:client enter
type EnterCommand struct {
	ID    int64  `json:"id"`
	Room  string `json:"room"`
	Tab   string `json:"tab"` // what this page has drawn by lot: together with the ID of a command it names the command for good
	Run   string `json:"run,omitempty"`
	After *int64 `json:"after,omitempty"`
}

// LeaveCommand makes the socket follow a room no longer.
//
//ts:client leave
type LeaveCommand struct {
	ID   int64  `json:"id"`
	Room string `json:"room"`
}

// ---- from the server to the browser ----

// A Welcome is the first frame on a socket.
//
//ts:server welcome
type Welcome struct {
	V      int    `json:"v"`
	Engine string `json:"engine"` // version of the engine: runs of equal versions, set-ups and actions are equal
	Limits Limits `json:"limits"`
}

// A RunHost is one of the two hosts of a run.
type RunHost struct {
	Addr    string `json:"addr"` // "192.0.2.10:52431"
	Profile string `json:"profile"`
	SynRoom int    `json:"synRoom"` // connections that fit in the SYN queue beyond the backlog
}

// A RunFrame is frame 0 of a run: node 0, the world as it was set up.
//
//ts:server run
type RunFrame struct {
	Run      string     `json:"run"`
	N        int64      `json:"n"`
	Node     int        `json:"node"`
	Title    string     `json:"title,omitempty"`
	Setup    string     `json:"setup"` // the set-up in the scenario language
	At       int64      `json:"at"`
	Profiles [2]string  `json:"profiles"` // client, server
	Hosts    [2]RunHost `json:"hosts"`    // client, server
	Events   []RunEvent `json:"events"`
}

// A NodeFrame is one node of the tree of a run: what was done at its parent, and what came of it.
//
//ts:server node
type NodeFrame struct {
	Run    string     `json:"run"`
	N      int64      `json:"n"`
	Node   int        `json:"node"`
	Parent int        `json:"parent"`
	Line   string     `json:"line"` // the action in the scenario language
	At     int64      `json:"at"`   // virtual time afterwards
	Events []RunEvent `json:"events"`
}

// A DoneFrame closes a command that was executed. Everybody who follows the run gets it.
//
//ts:server done
type DoneFrame struct {
	Run    string `json:"run"`
	N      int64  `json:"n"`
	Re     int64  `json:"re"`     // ID of the command
	Node   int    `json:"node"`   // where the command itself ended
	Last   int    `json:"last"`   // where the run stands now, after running ahead
	Digest string `json:"digest"` // of the world at Last, 32 hexadecimal digits
	Quiet  bool   `json:"quiet"`  // nothing is due at Last any more
}

// A Snapshot is everything about a run in one frame, for a client that is too far behind: frame 0, but with the number of
// the newest frame, and all that came after it. It stands for all frames up to N.
//
//ts:server snapshot
type Snapshot struct {
	RunFrame
	Nodes []NodeFrame `json:"nodes"` // the frames of all nodes but the first, as they were sent
	Done  DoneFrame   `json:"done"`  // of the command executed last: those with smaller IDs are executed too
}

// A Resumed answers a resume. The missing frames follow, as they are or as a snapshot.
//
//ts:server resumed
type Resumed struct {
	Run string `json:"run"`
	N   int64  `json:"n"` // number of the newest frame of the run; not counted itself
	Re  int64  `json:"re"`
}

// A Closed answers a close.
//
//ts:server closed
type Closed struct {
	Run string `json:"run"`
	Re  int64  `json:"re"`
}

// An Entered answers an enter. The room and its run follow.
//
//ts:server entered
type Entered struct {
	Room   string `json:"room"`
	Re     int64  `json:"re"`
	Member string `json:"member"` // "" for the instructor
	Name   string `json:"name"`
	Lead   bool   `json:"lead"` // the instructor
}

// A Left answers a leave; with the Re 0 it says that one is in the room no longer.
//
//ts:server left
type Left struct {
	Room string `json:"room"`
	Re   int64  `json:"re"`
}

// An Acted answers a do on the run of a room. The frames that it brought came before; the done among them has Seq for its Re.
//
//ts:server acted
type Acted struct {
	Room string `json:"room"`
	Re   int64  `json:"re"`
	Seq  uint64 `json:"seq"`
}

// A RoomState is what the log of a room says so far. It is sent when one enters and whenever it has changed, but not for a do alone:
// the Re of the done of one is the new Seq. A page shows the newest one.
//
//ts:server room
type RoomState struct {
	Room      string     `json:"room"`
	Seq       uint64     `json:"seq"`              // of the last entry
	Stage     int        `json:"stage"`            // how many shared runs there were
	Run       string     `json:"run,omitempty"`    // that is shared now, if there is one
	Lesson    string     `json:"lesson,omitempty"` // with no run: the page that everybody is asked to open
	Block     string     `json:"block,omitempty"`
	Title     string     `json:"title,omitempty"`
	Frozen    bool       `json:"frozen"`    // only the instructor may do anything
	Drivers   []Driver   `json:"drivers"`   // who else may
	Spotlight *Spotlight `json:"spotlight"` // whose run it was
	Question  *Question  `json:"question"`  // the newest one
	Histogram []Bar      `json:"histogram"` // null before it was revealed
	Ended     bool       `json:"ended"`
	Followers int        `json:"followers"` // on the server that says so, about
}

// A Driver is a member who may act on the shared run.
type Driver struct {
	Member string `json:"member"`
	Name   string `json:"name"`
	Role   Role   `json:"role"`
}

// A Role says what a driver may do.
type Role string

// The roles. Time is moved by those who have the network; when nobody has, by all.
const (
	RoleAll     Role = "all"
	RoleClient  Role = "client"  // the socket calls of the client
	RoleServer  Role = "server"  // those of the server
	RoleNetwork Role = "network" // the segments under way, the path and time
)

// A Spotlight is whose run everybody sees.
type Spotlight struct {
	Member string `json:"member"`
	Name   string `json:"name"`
	Live   bool   `json:"live"` // what they do goes on being shown; false once somebody else has acted on the shared run
}

// A Question is for everybody in the room.
type Question struct {
	Number  int      `json:"number"` // from 1
	Text    string   `json:"text"`
	Form    Form     `json:"form"`
	Options []string `json:"options,omitempty"` // of FormOne
}

// A Form says how a question is answered.
type Form string

// The forms.
const (
	FormOne    Form = "one" // of the options
	FormText   Form = "text"
	FormNumber Form = "number"
	FormRun    Form = "run" // a prediction about the shared run; the engine knows the answer
)

// A Bar is how many gave an answer.
type Bar struct {
	Value string `json:"value"`
	Count int    `json:"count"`
	Right bool   `json:"right,omitempty"`
}

// An ErrorFrame says why a command was not executed, to the one who gave it. The run goes on as if the command had never
// been. (Only an open that fails at one of its lines or commands leaves a run, which stands where that happened; a done
// follows then.)
//
//ts:server error
type ErrorFrame struct {
	Run     string  `json:"run,omitempty"`
	N       *int64  `json:"n,omitempty"`  // number of the newest frame of the run; this one is not counted
	Re      int64   `json:"re,omitempty"` // ID of the command, if it could be read
	Code    string  `json:"code"`         // a Code, or the code of the engine or the scenario language
	Message string  `json:"message"`      // a sentence
	Hint    string  `json:"hint,omitempty"`
	Field   string  `json:"field,omitempty"`   // of the command, when that is at fault
	Command *int    `json:"command,omitempty"` // which of the commands of an open, from 0
	Line    int     `json:"line,omitempty"`    // in the scenario, from 1
	Col     int     `json:"col,omitempty"`     // in the line, in code points from 1
	EndCol  int     `json:"endCol,omitempty"`
	Min     *int64  `json:"min,omitempty"` // the allowed range, when that is at fault
	Max     *int64  `json:"max,omitempty"`
	Faults  []Fault `json:"faults,omitempty"` // all faults of the scenario
}

// A Fault is one fault of a scenario: a diag.Diagnostic.
type Fault struct {
	File     string `json:"file,omitempty"`
	Line     int    `json:"line"`
	Col      int    `json:"col"`
	EndCol   int    `json:"endCol"`
	Severity string `json:"severity"` // "error" or "warning"
	Code     string `json:"code"`
	Message  string `json:"message"`
	Hint     string `json:"hint,omitempty"`
	Range    *Range `json:"range,omitempty"`
}

// A Range is the numbers that would have been allowed, both ends included. A time is in microseconds.
type Range struct {
	Min int64 `json:"min"`
	Max int64 `json:"max"`
}

// A Bye comes before the server goes away.
//
//ts:server bye
type Bye struct {
	Retry int64 `json:"retry"` // come back after so many milliseconds, and a random bit more
}

// A Code names what is wrong with a command.
type Code string

// The codes of this package. The engine has others: "segment_gone", "out_of_range"; so has the scenario language:
// "unknown-verb".
const (
	BadFrame     Code = "bad_frame"     // not a text frame
	BadJSON      Code = "bad_json"      // not one JSON object, too deep, or a key twice
	UnknownType  Code = "unknown_type"  // no such command
	UnknownField Code = "unknown_field" // the command has no such field
	BadField     Code = "bad_field"     // the value is not of the right type, or missing
	NoSuchRun    Code = "no_such_run"   // never was, or forgotten: open it again
	NoSuchNode   Code = "no_such_node"
	NoSuchBlock  Code = "no_such_block" // no such lesson, or no scenario in it by that name
	UsedID       Code = "used_id"       // another command had that ID: take a larger one
	StaleID      Code = "stale_id"      // the ID is smaller than those of executed commands, and its answer is forgotten
	SlowDown     Code = "slow_down"     // too many commands
	TooMany      Code = "limit"         // the run is as large as runs may be
	NoSuchRoom   Code = "no_such_room"  // there is none, or the visitor is not in it
	RoomFull     Code = "room_full"     // as many follow it as may
	Stale        Code = "stale"         // others were faster; what they did is coming
	Forbidden    Code = "forbidden"     // the role does not allow it
	Frozen       Code = "frozen"        // only the instructor may act now
	Ended        Code = "ended"         // the class is over
	NotSaved     Code = "not_saved"     // the store cannot be reached; it may be tried again with the same ID
	Internal     Code = "internal"      // our fault; the number in the message is in the server's log
)

// ---- events ----

// A RunEvent is one thing that happened in a run. Fields that are absent are zero: "", 0, false.
type RunEvent struct {
	N      int64   `json:"n"` // position along the branch, from 0
	T      int64   `json:"t"` // virtual time in microseconds
	Kind   Kind    `json:"kind"`
	Host   Host    `json:"host"`
	Conn   int64   `json:"conn,omitempty"`
	Seg    int64   `json:"seg,omitempty"`
	Of     int64   `json:"of,omitempty"`   // the segment that this one is a copy of, or that a box sent this one because of
	OK     *bool   `json:"ok,omitempty"`   // of a check: whether it passed
	From   *State  `json:"from,omitempty"` // of a change of state
	To     *State  `json:"to,omitempty"`
	Timer  *Timer  `json:"timer,omitempty"` // of the events of timers
	Notice Notice  `json:"notice,omitempty"`
	Errno  string  `json:"errno,omitempty"` // "ECONNREFUSED"
	Bytes  int64   `json:"bytes,omitempty"`
	Count  int64   `json:"count,omitempty"`
	Due    Due     `json:"due,omitempty"` // null: never, or while the segment is held
	Rule   string  `json:"rule,omitempty"`
	Args   []int64 `json:"args,omitempty"`   // the numbers of the rule's parameters
	Toward Host    `json:"toward,omitempty"` // the host that the segment travels to
	Fields []Field `json:"fields,omitempty"` // of an edit: what changed
	Call   string  `json:"call,omitempty"`   // the socket call, "listen backlog 4"
	Text   string  `json:"text,omitempty"`   // a rule or a box of the path, or a condition, in the scenario language
	Wire   *Wire   `json:"wire,omitempty"`   // the segment's contents
	Vars   *Vars   `json:"vars,omitempty"`   // the connection's variables
}

// Due is a time in microseconds or null.
type Due = json.RawMessage //ts:type number | null

// Wire is a segment's contents. Everything is there, always, but icmp: then the packet is not the segment but an ICMP error
// message that quotes it.
type Wire struct {
	Src        string `json:"src"` // "192.0.2.10:52431"
	Dst        string `json:"dst"`
	Seq        uint32 `json:"seq"`
	Ack        uint32 `json:"ack"`
	Flags      string `json:"flags"` // "SYN,ACK", "none"
	Window     int64  `json:"window"`
	Urgent     int64  `json:"urgent"`
	Offset     int64  `json:"offset"`   // the data offset field as it is on the wire
	Reserved   int64  `json:"reserved"` // its four bits
	Checksum   int64  `json:"checksum"` // the field as it is on the wire
	SumOK      bool   `json:"sumok"`
	Options    string `json:"options"`    // as the scenario language and tcpdump write them: "mss 1460,nop,wscale 7"
	OptionsHex string `json:"optionsHex"` // the bytes
	Payload    string `json:"payload"`    // a character a byte (Latin-1)
	Len        int64  `json:"len"`        // SEG.LEN: payload, and one each for SYN and FIN
	TTL        int64  `json:"ttl"`
	IPID       int64  `json:"ipid"`
	DF         bool   `json:"df"`
	TOS        int64  `json:"tos"`
	ICMP       *ICMP  `json:"icmp,omitempty"`
}

// An ICMP is what an ICMP error message says about the segment that it quotes.
type ICMP struct {
	Kind string `json:"kind"` // as the scenario language writes it: "port-unreachable"
	From string `json:"from"` // the address of who says it
	MTU  int64  `json:"mtu"`  // of "too-big": bytes
}

// Vars are the variables of a connection. Those named in RFC 9293 have its names. irs is absent while no SYN has arrived.
type Vars struct {
	State    State   `json:"state"`
	Local    string  `json:"local"`
	Remote   string  `json:"remote"` // "" in LISTEN
	Passive  bool    `json:"passive"`
	ISS      uint32  `json:"iss"`
	SndUna   uint32  `json:"snd.una"`
	SndNxt   uint32  `json:"snd.nxt"`
	SndWnd   int64   `json:"snd.wnd"`
	IRS      *uint32 `json:"irs,omitempty"`
	RcvNxt   uint32  `json:"rcv.nxt"`
	RcvWnd   int64   `json:"rcv.wnd"`
	MSS      int64   `json:"mss"` // of the peer
	SndScale int64   `json:"snd.scale"`
	RcvScale int64   `json:"rcv.scale"`
	Scale    bool    `json:"scale"` // both SYNs carried the option
	SACK     bool    `json:"sack"`
	TS       bool    `json:"ts"`
	TSRecent uint32  `json:"ts.recent"`
	RTO      int64   `json:"rto"` // microseconds
	SRTT     int64   `json:"srtt"`
	Retries  int64   `json:"retries"`
}

// Host names who did something.
type Host string

// The hosts, and the path between them with the learner's hand on it.
const (
	ClientHost  Host = "client"
	ServerHost  Host = "server"
	NetworkHost Host = "network"
)

// Kind says what an event is.
type Kind string

// The kinds of events, as the engine has them.
const (
	Called       Kind = "called"        // an application made a socket call: call
	Told         Kind = "told"          // an application was told notice or errno
	Opened       Kind = "opened"        // a host made the record of a connection: vars
	Removed      Kind = "removed"       // a host dropped the record of a connection
	Changed      Kind = "state"         // a connection went from one state to another
	Updated      Kind = "vars"          // the variables of a connection are now vars
	TimerSet     Kind = "timer-set"     // timer fires at due
	TimerStopped Kind = "timer-stopped" // timer is off
	TimerFired   Kind = "timer-fired"   // timer fired
	Sent         Kind = "sent"          // a host sent seg with the contents wire; it would arrive at due
	Forged       Kind = "forged"        // the learner put seg on the wire
	Edited       Kind = "edited"        // seg now has the contents wire: fields
	Delayed      Kind = "delayed"       // seg now arrives at due
	Held         Kind = "held"          // seg stays where it is
	Released     Kind = "released"      // seg goes on and arrives at due
	Duplicated   Kind = "duplicated"    // seg is a new copy of of, arrives at due
	Injected     Kind = "injected"      // a box half way put seg on the wire because of of, arrives at due
	Lost         Kind = "lost"          // seg died on the wire
	Passed       Kind = "passed"        // the boxes half way let seg go on as it is
	Arrived      Kind = "arrived"       // seg reached host
	Checked      Kind = "check"         // a host made a numbered check on seg, or with no seg on its own
	Discarded    Kind = "discarded"     // a host threw seg away
	RuleAdded    Kind = "rule-added"    // text is now rule number count of the path
	RuleRemoved  Kind = "rule-removed"  // text, which was rule number count, is gone
	BoxAdded     Kind = "box-added"     // text is now box number count of the path
	BoxRemoved   Kind = "box-removed"   // text, which was box number count, is gone
	Failed       Kind = "expect-failed" // an expectation did not hold: text
)

// State is the state of a connection, as RFC 9293 spells it.
type State string

// The states.
const (
	StateClosed      State = "CLOSED"
	StateListen      State = "LISTEN"
	StateSynSent     State = "SYN-SENT"
	StateSynReceived State = "SYN-RECEIVED"
	StateEstablished State = "ESTABLISHED"
	StateFinWait1    State = "FIN-WAIT-1"
	StateFinWait2    State = "FIN-WAIT-2"
	StateCloseWait   State = "CLOSE-WAIT"
	StateClosing     State = "CLOSING"
	StateLastAck     State = "LAST-ACK"
	StateTimeWait    State = "TIME-WAIT"
)

// Timer names a timer of a connection.
type Timer string

// The timers.
const (
	Retransmit   Timer = "retransmit"
	TimeWaitTime Timer = "time-wait"
	FinWaitTime  Timer = "fin-wait-2"
	DelayedAck   Timer = "delayed-ack"
	LossProbe    Timer = "loss-probe"
	Keepalive    Timer = "keepalive"
	Persist      Timer = "persist"
)

// Notice is what an application is told when nothing went wrong.
type Notice string

// The notices.
const (
	Connected  Notice = "connected"
	Acceptable Notice = "acceptable"
	Accepted   Notice = "accepted"
	Readable   Notice = "readable"
	PeerClosed Notice = "peer-closed"
	Returned   Notice = "returned"
)

// Field names a field of a segment that can be edited.
type Field string

// The fields.
const (
	FieldSport    Field = "sport"
	FieldDport    Field = "dport"
	FieldSeq      Field = "seq"
	FieldAck      Field = "ack"
	FieldOffset   Field = "offset"
	FieldReserved Field = "reserved"
	FieldFlags    Field = "flags"
	FieldWindow   Field = "window"
	FieldChecksum Field = "checksum"
	FieldUrgent   Field = "urgent"
	FieldOptions  Field = "options"
	FieldPayload  Field = "payload"
	FieldTTL      Field = "ttl"
	FieldSrc      Field = "src"
	FieldDst      Field = "dst"
)
