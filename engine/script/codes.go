package script

import (
	"strings"

	"github.com/handshakelab/lab/engine"
	"github.com/handshakelab/lab/engine/diag"
)

// Codes returns every code that Parse, ParseAction, ParseCond or Run can find, in the order in which a text meets them, each with a
// scenario that has it.
func Codes() []diag.Code { return codes }

var codes = []diag.Code{
	// The text.
	diag.ErrorCode("text-too-long", "the scenario has more than 256 KiB", "#"+strings.Repeat(" ", MaxText)),
	diag.ErrorCode("too-many-lines", "the scenario has more than 5000 lines", strings.Repeat("\n", MaxLines)+"step"),
	diag.ErrorCode("line-too-long", "a line has more than 16 KiB", "# "+strings.Repeat(".", MaxLine)),
	diag.ErrorCode("too-many-faults", "there are more faults than are told", strings.Repeat("drpo\n", maxDiags+1)),
	diag.ErrorCode("not-utf8", "a byte is not UTF-8", "title caf\xe9"),
	diag.ErrorCode("control-character", "a character is invisible or turns the direction of text around", "title a\u202eb"),
	diag.ErrorCode("open-quote", "a text has no closing quote", `client send "GET /`),
	diag.ErrorCode("bad-escape", "a backslash is followed by something that is no escape", `client send "50\%"`),

	// The line.
	diag.ErrorCode("unknown-verb", "the first word begins no line", "drpo SYN-ACK"),
	diag.ErrorCode("missing-word", "the line ends too early, or a word is left out", "drop"),
	diag.ErrorCode("unexpected-word", "the line goes on where it should end", "drop SYN now"),
	diag.ErrorCode("late-setup", "a line of the set-up stands behind an action", "client connect\ndelay 50ms"),
	diag.ErrorCode("set-twice", "the same thing is set twice", "seed 1\nseed 2"),
	diag.ErrorCode("too-many", "there are more of them than the engine takes", strings.Repeat("rule drop 1st SYN\n", 17)),

	// Values.
	diag.ErrorCode("out-of-range", "a number or a time is not in its range, which the diagnostic carries", "edit SYN-ACK ack=4294967296"),
	diag.ErrorCode("bad-time", "this is no time", "wait 50"),
	diag.ErrorCode("bad-percentage", "this is no percentage", "loss 10"),
	diag.ErrorCode("bad-switch", "neither on nor off", "client sack yes"),
	diag.ErrorCode("bad-text", "a text is missing, too long, or not in quotes", "client send hello"),
	diag.ErrorCode("bad-address", "this is no address, or not that of one host", "client 192.0.2.300:80"),
	diag.ErrorCode("mixed-addresses", "client and server have addresses of different versions of IP", "client [2001:db8::1]:1000\nserver 192.0.2.1:80"),
	diag.ErrorCode("unknown-box", "the path has no such box", "box firewal drop port 80"),
	diag.ErrorCode("bad-box", "a box cannot do this", "box firewall block port 80"),
	diag.ErrorCode("same-address", "client and server have the same address", "client 192.0.2.1:1000\nserver 192.0.2.1:80"),
	diag.ErrorCode("bad-options", "these are no TCP options", `edit SYN options="mss lots"`),
	diag.ErrorCode("bad-flags", "these are no control bits", "edit SYN flags=SIN"),

	// Names.
	diag.ErrorCode("unknown-setting", "a host has no such setting", "client profle linux"),
	diag.ErrorCode("unknown-profile", "there is no such profile", "client profile windows"),
	diag.ErrorCode("unknown-protection", "no such protection can be missing", "server broken three-way-handshake"),
	diag.ErrorCode("unknown-host", "neither client nor server", "forge to sever SYN"),
	diag.ErrorCode("unknown-option", "there is no such socket option", "client set keepalife 1s 1s 3"),
	diag.ErrorCode("unknown-call", "there is no such socket call", "client conect"),
	diag.ErrorCode("unknown-state", "a connection has no such state", "expect client SYN_RCVD"),
	diag.ErrorCode("unknown-notice", "an application is never told that", "expect client told EREFUSED"),
	diag.ErrorCode("bad-segment", "this is no kind of segment", "drop SYNACK"),
	diag.ErrorCode("unknown-icmp", "there is no such ICMP error", "forge to client ICMP port-unreachabel SYN"),
	diag.ErrorCode("unknown-field", "a header has no such field", "edit SYN sq=5"),
	diag.ErrorCode("bad-field", "a field cannot be set like this", "edit SYN seq 5"),
	diag.ErrorCode("bad-rule", "a rule cannot do this", "rule hold 1st SYN"),
	diag.ErrorCode("bad-ordinal", "this does not say which one", "rule drop 1th SYN"),
	diag.ErrorCode("bad-condition", "this is no condition", "expect SYN-ACK dropped"),

	// The run. Those with an underscore are the codes of engine.ActionError that a text can bring about.
	diag.ErrorCode("bad-setup", "the engine does not take the set-up; only a program can make one that Parse takes and the engine does not", ""),
	diag.ErrorCode("expect-failed", "an expectation does not hold", "client connect\nexpect client ESTABLISHED"),
	diag.ErrorCode(engine.NoSuchSegment, "the run never had such a segment", "drop SYN"),
	diag.ErrorCode(engine.SegmentGone, "the segment arrived or was lost before", "client connect\nstep\ndrop SYN"),
	diag.ErrorCode(engine.Finished, "nothing is due any more", "step"),
	diag.ErrorCode(engine.Limit, "the run, the path or the wire is full", strings.Repeat("rule drop 1st SYN\n", 16)+"start\nrule drop 1st SYN"),
	diag.ErrorCode(engine.BadCall, "the host refuses the socket call", "client accept"),
	diag.ErrorCode(engine.NotHeld, "only a held segment can be released", "client connect\nrelease SYN"),
	diag.ErrorCode(engine.AlreadyHeld, "the segment is held already", "client connect\nhold SYN\nhold SYN"),
	diag.ErrorCode(engine.NoSuchBox, "the path has no box with this number", "unbox 1"),
	diag.ErrorCode(engine.BadBox, "a box cannot stand between these hosts", "client [2001:db8::1]:1000\nserver [2001:db8::2]:80\nstart\nmtu 600"),
	diag.ErrorCode(engine.NoSuchRule, "the path has no rule with this number", "unrule 1"),
}
