package script

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/handshakelab/lab/engine"
	"github.com/handshakelab/lab/engine/diag"
)

// Every fault of a text is found in one pass, each at its place.
func TestEveryFaultIsFound(t *testing.T) {
	const src = `client 192.0.2.1:99999 isn -1 profle linux
server mss big
delay 50
lo5s 10%
client connect
drpo SYN-ACK
edit #3 seq=4294967296 ack=1.5 window=65536 sq=1 flags=SYN,ASK options="mss 1460,wscale x"
expect client SYN_RCVD
delay 80ms
`
	want := []string{
		`1:18: error out-of-range: a port is a whole number from 1 to 65535, not 99999`,
		`1:28: error out-of-range: an ISN is a whole number from 0 to 4294967295, not -1`,
		`1:31: error unknown-setting: "profle" is no setting of a host (did you mean profile?)`,
		`2:12: error out-of-range: mss is a whole number from 48 to 65495, not "big"`,
		`3:7: error bad-time: delay is a time, not 50 (add a unit: 50ms or 50s)`,
		`4:1: error unknown-verb: "lo5s" begins no line of the lab's language (did you mean loss?)`,
		`6:1: error unknown-verb: "drpo" begins no line of the lab's language (did you mean drop?)`,
		`7:13: error out-of-range: seq is a whole number from 0 to 4294967295, not 4294967296`,
		`7:28: error out-of-range: ack is a whole number from 0 to 4294967295, not 1.5`,
		`7:39: error out-of-range: window is a whole number from 0 to 65535, not 65536`,
		`7:45: error unknown-field: "sq" is no field of a header (did you mean seq?)`,
		`7:56: error bad-flags: "SYN,ASK" is no set of control bits (did you mean SYN-ACK?)`,
		`7:82: error bad-options: `,
		`8:15: error unknown-state: "SYN_RCVD" is no state of a connection (did you mean SYN-RECEIVED?)`,
		`9:1: error late-setup: the hosts and the path are set up before the first action (move this line above line 4)`,
	}
	_, diags := Parse(src)
	for i, d := range diags {
		if i >= len(want) || !strings.HasPrefix(d.String(), want[i]) {
			t.Errorf("fault %d: %s", i, d)
		}
	}
	if len(diags) != len(want) {
		t.Errorf("%d faults, want %d", len(diags), len(want))
	}
}

// The lines of row 41 of any list of hostile edits: refused with the range that is allowed.
func TestEditOutOfRange(t *testing.T) {
	for _, v := range []string{"-1", "4294967296", "1.5", "abc", "1e3", "0x100000000", "99999999999999999999999", `""`, ""} {
		a, d := ParseAction("edit #3 seq=" + v)
		if d == nil {
			t.Errorf("seq=%s was read as %+v", v, a)
			continue
		}
		if d.Code != "out-of-range" || d.Range == nil || *d.Range != (diag.Range{Min: 0, Max: 4294967295}) {
			t.Errorf("seq=%s: %s, range %v", v, d, d.Range)
		}
	}
	for _, v := range []string{"0", "4294967295", "0xffffffff"} {
		if _, d := ParseAction("edit #3 seq=" + v); d != nil {
			t.Errorf("seq=%s is legal, but: %s", v, d)
		}
	}
}

func TestFaultOfALine(t *testing.T) {
	for _, test := range []struct{ line, want string }{
		{"", `1:1: error missing-word: the line must be followed by an action`},
		{"drop", `1:5: error missing-word: "drop" must be followed by a segment (write: drop SEGMENT, such as drop SYN-ACK, drop SYN-ACK#2 or drop #5)`},
		{"drop SYNACK", `1:6: error bad-segment: "SYNACK" is no kind of segment (did you mean SYN-ACK?)`},
		{"drop SYN/ACK", `1:6: error bad-segment: "SYN/ACK" is no kind of segment (did you mean SYN-ACK?)`},
		{"drop SYN#0", `1:10: error out-of-range: which one of its kind is a whole number from 1 to 10000, not 0`},
		{"drop SYN SYN", `1:10: error unexpected-word: the line should end before "SYN" (write: drop SEGMENT`},
		{"lose SYN", `1:1: error unknown-verb: "lose" begins no line of the lab's language (did you mean drop?)`},
		{"banana", `1:1: error unknown-verb: "banana" begins no line of the lab's language (a line begins with one of: client, server, step,`},
		{"delay 50ms", `1:1: error late-setup: "delay" belongs to the set-up`},
		{"seed 1", `1:1: error late-setup: "seed" belongs to the set-up`},
		{"title x", `1:1: error late-setup: "title" belongs to the set-up`},
		{"delay SYN", `1:10: error missing-word: "SYN" must be followed by a time`},
		{"wait 1.5µs", `1:6: error bad-time: a wait is a time, not "1.5µs" (did you mean 1.5us?)`},
		{"wait 1.5us", `1:6: error bad-time: a wait cannot be 1.5us: time goes in whole microseconds`},
		{"wait 0s", `1:6: error out-of-range: a wait is a time from 1us to 24 hours, not 0s`},
		{"wait 1000000000000ms", `1:6: error out-of-range: a wait is a time from 1us to 24 hours, not 1000000000000ms`},
		{"step -1", `1:6: error out-of-range: the number of steps is a whole number from 1 to 1000, not -1`},
		{"step 1000000000", `1:6: error out-of-range`},
		{"step untl quiet", `1:6: error unexpected-word: a step cannot be followed by "untl" (did you mean until?)`},
		{"step until", `1:11: error missing-word: "until" must be followed by a condition`},
		{"step until qiet", `1:12: error bad-condition: "qiet" is no condition (did you mean quiet?)`},
		{"step until not not quiet", `1:16: error bad-condition: a condition has at most one not`},
		{"client read", `1:8: error unknown-call: "read" is neither a socket call nor a setting (did you mean recv?)`},
		{"client recv 0", `1:13: error out-of-range: the number of bytes is a whole number from 1 to 65535, not 0`},
		{"client accept conn 2", `1:15: error unexpected-word: the line should end before "conn"`},
		{"client conect", `1:8: error unknown-call: "conect" is neither a socket call nor a setting (did you mean connect?)`},
		{"client ESTABLISHED", `1:8: error unknown-call: "ESTABLISHED" is neither a socket call nor a setting (to say that it must be so, write: expect client ESTABLISHED)`},
		{"server listen backlog 5000", `1:23: error out-of-range: a backlog is a whole number from 0 to 4096, not 5000`},
		{"client send hello", `1:13: error bad-text: what is sent is a number of bytes or a text in quotes, not "hello" (write "hello" to send that text)`},
		{`client send "hello`, `1:13: error open-quote: the text that begins here has no closing quote (end it with ")`},
		{`client send "a"b`, `1:16: error bad-text: a blank must follow the closing quote`},
		{`client send "a\qb"`, `1:15: error bad-escape: "\\q" is no escape`},
		{`client send ""`, `1:13: error bad-text: there is nothing to send in an empty text`},
		{"client connect to 192.0.2.1", `1:19: error bad-address: 192.0.2.1 is no address and port (write both: 192.0.2.1:80)`},
		{"client connect to 2001:db8::1:80", `1:19: error bad-address: "2001:db8::1:80" is no address and port (an IPv6 address stands in brackets before its port: [2001:db8::1]:80)`},
		{"client connect to [2001:db8::1]", `1:19: error bad-address: "[2001:db8::1]" is no address and port (write both: [2001:db8::1]:80)`},
		{"client connect to [2001:db8::1%eth0]:80", `1:20: error bad-address: "2001:db8::1%eth0" is no IP address`},
		{"client connect to [::ffff:192.0.2.1]:80", `1:20: error bad-address: "::ffff:192.0.2.1" is no IP address (write it as the IPv4 address that it stands for: 192.0.2.1)`},
		{"forge to client ICMP too-big SYN", `1:30: error out-of-range: an MTU is a whole number from 0 to 65535, not "SYN"`},
		{"forge to client ICMP host-gone SYN", `1:22: error unknown-icmp: "host-gone" is no ICMP error (`},
		{"client connect to 255.255.255.255:80", `1:19: error bad-address: "255.255.255.255" is not the address of one host`},
		{"client connect to 192.0.2.1:0", `1:29: error out-of-range: a port is a whole number from 1 to 65535, not 0`},
		{"edit SYN", `1:9: error missing-word: "SYN" must be followed by a field and its value`},
		{"edit SYN seq 5", `1:10: error bad-field: "seq" is no field with a value (write the value directly behind it: seq=…)`},
		{"edit SYN seq=1 seq=2", `1:16: error set-twice: seq already has a value on this line`},
		{"edit SYN seq=5,000", `1:14: error out-of-range: seq is a whole number from 0 to 4294967295, not "5,000" (write it without separators: 5000)`},
		{"edit SYN data=x", `1:10: error unknown-field: "data" is no field of a header (did you mean payload?)`},
		{"edit SYN offset=0", `1:17: error out-of-range: offset is a whole number from 1 to 15, not 0 (or write right to compute it)`},
		{"edit SYN checksum=wrong", `1:19: error out-of-range: checksum is a whole number from 0 to 65535, not "wrong" (write keep to leave`},
		{`edit SYN options="mss 70000"`, `1:19: error bad-options: `},
		{`edit SYN payload="` + strings.Repeat("x", 1461) + `"`, `1:18: error out-of-range: a payload has at most 1460 bytes, not 1461`},
		{"forge SYN", `1:7: error missing-word: "forge" must be followed by to client or to server`},
		{"forge to sever SYN", `1:10: error unknown-host: "sever" is neither client nor server (did you mean server?)`},
		{"forge to server seq=5", `1:17: error missing-word: the kind of the segment must stand before its fields`},
		{"forge to server SYN flags=ACK", `1:21: error set-twice: the kind of a forged segment already says its flags`},
		{"forge to server SYN checksum=keep", `1:30: error bad-field: a forged segment has no earlier checksum to keep`},
		{"rule drop SYN", `1:11: error bad-ordinal: "SYN" does not say which one: 1st, 2nd, 3rd, … or every`},
		{"rule drop 2th SYN", `1:11: error bad-ordinal: "2th" does not say which one (did you mean 2nd?)`},
		{"rule drop first SYN", `1:11: error bad-ordinal: "first" does not say which one: 1st, 2nd, 3rd, … or every (did you mean 1st?)`},
		{"rule drpo 1st SYN", `1:6: error bad-rule: a rule cannot "drpo": it drops, delays or duplicates (did you mean drop?)`},
		{"rule delay 1st SYN", `1:19: error missing-word: "SYN" must be followed by a time`},
		{"rule delay 1st SYN 61s", `1:20: error out-of-range: the delay of a rule is a time from 1us to 60s, not 61s`},
		{"rule drop 1st SYN from network", `1:24: error unknown-host: "network" is neither client nor server`},
		{"unrule 0", `1:8: error out-of-range: the number of a rule is a whole number from 1 to 16, not 0`},
		{"expect clinet ESTABLISHED", `1:8: error unknown-host: "clinet" is neither client nor server (did you mean client?)`},
		{"expect client", `1:14: error missing-word: "client" must be followed by a state, told or sent`},
		{"expect client ESTABLISHD", `1:15: error unknown-state: "ESTABLISHD" is no state of a connection (did you mean ESTABLISHED?)`},
		{"expect client told", `1:19: error missing-word: "told" must be followed by an error or a notice`},
		{"expect client told refused", `1:20: error unknown-notice: "refused" is nothing that an application is told`},
		{"expect client told conected", `1:20: error unknown-notice: "conected" is nothing that an application is told (did you mean connected?)`},
		{"expect client sent SYN", `1:23: error missing-word: "SYN" must be followed by again`},
		{"expect SYN-ACK", `1:15: error missing-word: "SYN-ACK" must be followed by sent, arrived or lost`},
		{"expect SYN-ACK dropped", `1:16: error bad-condition: a segment can be sent, arrived or lost, not "dropped" (did you mean lost?)`},
		{"expect lost SYN-ACK", `1:20: error missing-word: "SYN-ACK" must be followed by >=, = or <=`},
		{"expect lost SYN-ACK about 2", `1:21: error bad-condition: "about" does not compare (write >=, = or <=)`},
		{"expect lost SYN-ACK >= 0", `1:24: error out-of-range: a count is a whole number from 1 to 9999, not 0`},
		{"expect quiet now", `1:14: error unexpected-word: the line should end before "now"`},
		{"expect SYN sent # \u200e", `1:19: error control-character: the invisible character U+200E has no place here`},
		{strings.Repeat("x", MaxLine+1), `1:1: error line-too-long`},
	} {
		a, d := ParseAction(test.line)
		if d == nil {
			t.Errorf("%s\n\tis read as %s", test.line, FormatAction(a))
			continue
		}
		if !strings.HasPrefix(d.String(), test.want) {
			t.Errorf("%s\n\tgot  %s\n\twant %s", test.line, d, test.want)
		}
	}
}

func TestFaultOfTheSetup(t *testing.T) {
	for _, test := range []struct{ src, want string }{
		{"mtu 60", `1:5: error out-of-range: an MTU is a whole number from 68 to 65535, not 60`},
		{"mtu 1400 quiet", `1:10: error unexpected-word: the line should end before "quiet" (write: mtu 1400 or mtu 1400 silent)`},
		{"box", `1:4: error missing-word: "box" must be followed by one of firewall, nat, strip, shift-seq, syn-proxy`},
		{"box firewal drop", `1:5: error unknown-box: "firewal" is no box of the path (did you mean firewall?)`},
		{"box mtu 1400", `1:5: error unknown-box: "mtu" is no box of the path (write it without box: mtu 1400)`},
		{"box firewall reject port-unreachabel", `1:21: error bad-box: a firewall does not reject with "port-unreachabel" (did you mean port-unreachable?)`},
		{"box firewall reject too-big", `1:21: error bad-box: a firewall does not reject with "too-big" (`},
		{"box firewall drop SYN port 80 from sever", `1:36: error unknown-host: "sever" is neither client nor server (did you mean server?)`},
		{"box nat 60s", `1:9: error unexpected-word: here must stand timeout, not "60s" (write: box`},
		{"box nat", `1:8: error missing-word: "nat" must be followed by timeout (write: box`},
		{"box strip sack,mmss", `1:11: error bad-box: "mmss" is no option that a box can take out (did you mean mss?)`},
		{"loss 10% 101%", `1:10: error out-of-range: loss is a percentage from 0% to 100%, not 101%`},
		{"client", `1:7: error missing-word: "client" must be followed by a call`},
		{"client isn", `1:11: error missing-word: "isn" must be followed by a number`},
		{"client isn profile linux", `1:11: error missing-word: "isn" must be followed by a number`},
		{"client isn 1 isn 2", `1:14: error set-twice: line 1 already sets client's isn`},
		{"client isn 1,x,3", `1:14: error out-of-range: an ISN is a whole number from 0 to 4294967295, not "x"`},
		{"client isn " + strings.Repeat("1,", 64) + "1", `1:12: error too-many: a host can be given at most 64 initial sequence numbers`},
		{"client isn 1 192.0.2.1:80", `1:14: error unknown-setting: "192.0.2.1:80" is no setting of a host (the address stands directly behind client)`},
		{"client 192.0.2.1", `1:8: error bad-address: 192.0.2.1 is no address and port`},
		{"client 192.0.2.1:80\nclient 192.0.2.2:80", `2:8: error set-twice: line 1 already sets client's address`},
		{"client 192.0.2.1:80\nserver 192.0.2.1:81", `2:1: error same-address: client and server both have the address 192.0.2.1`},
		{"client 198.51.100.20:80", `1:1: error same-address`},
		{"server broken no-rst,no-time-wiat", `1:22: error unknown-protection: "no-time-wiat" is no protection that can be missing (did you mean no-time-wait?)`},
		{"client profile lnux", `1:16: error unknown-profile: "lnux" is no profile (did you mean linux?)`},
		{"client profile windows", `1:16: error unknown-profile: "windows" is no profile (the profiles are rfc9293, linux, linux-classic)`},
		{"client wscale 15", `1:15: error out-of-range: wscale is a whole number from 0 to 14, not 15`},
		{"client rto 0s", `1:12: error out-of-range: rto is a time from 1ms to 120s, not 0s`},
		{"delay -5ms", `1:7: error out-of-range: delay is a time from 0s to 60s, not -5ms`},
		{"delay 1000000000000ms", `1:7: error out-of-range: delay is a time from 0s to 60s, not 1000000000000ms`},
		{"delay 5ms 5ms 5ms", `1:15: error unexpected-word: the line should end before "5ms"`},
		{"delay 5ms\ndelay 6ms", `2:1: error set-twice: line 1 already sets delay (delete one of the two)`},
		{"loss 150%", `1:6: error out-of-range: loss is a percentage from 0% to 100%, not 150%`},
		{"loss -1%", `1:6: error out-of-range`},
		{"loss 0.00001%", `1:6: error bad-percentage: loss has at most four decimals`},
		{"loss 10", `1:6: error bad-percentage: loss is a percentage, not 10 (did you mean 10%?)`},
		{"seed 9007199254740992", `1:6: error out-of-range: seed is a whole number from 0 to 9007199254740991, not 9007199254740992`},
		{"title", `1:6: error missing-word: "title" must be followed by some words`},
		{"title a\ntitle b", `2:1: error set-twice: line 1 already gives a title`},
		{"title " + strings.Repeat("x", 201), `1:1: error bad-text: a title has at most 200 characters`},
		{"title a\x00b", `1:8: error control-character: the invisible character U+0000 has no place here`},
		{"# \xff", `1:3: error not-utf8: the byte 0xff is not UTF-8 text`},
		{"step\nstart", `2:1: error late-setup: the hosts and the path are set up before the first action (move this line above line 1)`},
		{"start\nseed 1", `2:1: error late-setup`},
	} {
		_, diags := Parse(test.src)
		if len(diags) == 0 {
			t.Errorf("%s\n\thas no fault", test.src)
			continue
		}
		if len(diags) > 1 || !strings.HasPrefix(diags[0].String(), test.want) {
			t.Errorf("%s\n\tgot  %s\twant %s", test.src, diags, test.want)
		}
	}
}

// Columns count code points, whatever their bytes are; a diagnostic covers exactly what is wrong.
func TestColumns(t *testing.T) {
	for _, test := range []struct{ line, marked string }{
		{`drop SYNACK`, `SYNACK`},
		{"\tdrop\tSYNACK", `SYNACK`},
		{`client send "né😀" cönn 5`, `cönn 5`},
		{`edit SYN payload="né😀" sq=5`, `sq`},
		{`edit SYN payload="né😀" seq=é5`, `é5`},
		{`edit SYN payload="a\"b" seq=-5`, `-5`},
		{`edit SYN options="mss 1460,mss x"`, `mss x`},
		{`expect lost SYN-ACK>=x`, `x`},
		{`drop SYN-ACK#é`, `é`},
		{"drop\u00a0SYNACK", `SYNACK`}, // a no-break space is a blank
		{`rule drop 1st SÝN`, `SÝN`},
	} {
		_, d := ParseAction(test.line)
		if d == nil {
			t.Errorf("%s has no fault", test.line)
			continue
		}
		if got := string([]rune(test.line)[d.Col-1 : d.EndCol-1]); got != test.marked {
			t.Errorf("%s: column %d to %d is %q, want %q (%s)", test.line, d.Col, d.EndCol, got, test.marked, d)
		}
	}
}

func TestComments(t *testing.T) {
	for _, test := range []struct {
		src  string
		want string
	}{
		{"# all of it", ""},
		{"#5 at the start of a line is a comment, too", ""},
		{"drop #5", "drop #5"},
		{"drop #5 # the third", "drop #5"},
		{"drop #5 #the third", "drop #5"},
		{"drop SYN#2# x", ""},
		{`client send "# no comment" # comment`, `client send "# no comment"`},
		{"note # is what a number begins with", ""},
	} {
		sc, diags := Parse(test.src)
		if test.want == "" {
			if len(sc.Actions) > 0 {
				t.Errorf("%s is the action %s", test.src, FormatAction(sc.Actions[0]))
			}
			continue
		}
		if len(diags) > 0 || len(sc.Actions) != 1 || FormatAction(sc.Actions[0]) != test.want {
			t.Errorf("%s is %v %v, want %s", test.src, sc.Actions, diags, test.want)
		}
	}
	if c, d := ParseCond("#5 arrived"); d != nil || c.Seg.ID != 5 {
		t.Errorf("the condition #5 arrived is %+v, %v", c, d)
	}
}

// What stands in doc.go works.
func TestDocExamples(t *testing.T) {
	doc, err := os.ReadFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, m := range regexp.MustCompile(`(?m)^//\t(.+)$`).FindAllStringSubmatch(string(doc), -1) {
		line := m[1]
		sc, diags := Parse(line)
		if len(diags) > 0 {
			t.Errorf("%s\n%s", line, diags)
		}
		verb, _, _ := strings.Cut(line, " ")
		seen[verb] = true
		// The comment of an example must not have eaten a part of it.
		for _, a := range sc.Actions {
			if text, _, _ := strings.Cut(line, "  "); strings.TrimSpace(FormatAction(a)) == "" {
				t.Errorf("%s means nothing", text)
			}
		}
	}
	for _, verb := range verbs {
		if !seen[verb] {
			t.Errorf("doc.go has no example of %s", verb)
		}
		if forms[verb] == "" {
			t.Errorf("no hint says how a line with %s is written", verb)
		}
	}
	for verb := range forms {
		if !slices.Contains(verbs, verb) {
			t.Errorf("%s has a form and is in no hint", verb)
		}
	}
}

// Each code has an example that shows it, and no fault has a code that is not in the table.
func TestCodes(t *testing.T) {
	known := map[string]bool{}
	for _, c := range Codes() {
		if known[c.Name] {
			t.Errorf("%s stands twice in the table", c.Name)
		}
		known[c.Name] = true
		var got diag.List
		if c.Example == "" {
			_, _, got = Run(&Scenario{}) // a set-up made by a program
		} else if sc, diags := Parse(c.Example); len(diags) > 0 {
			got = diags
		} else {
			_, _, got = Run(sc)
		}
		if !slices.ContainsFunc(got, func(d diag.Diagnostic) bool { return d.Code == c.Name }) {
			t.Errorf("the example of %s shows\n%s", c.Name, got)
		}
	}
	// Faults are made with a code as a literal; a code that is missing in the table would be found here.
	files, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	call := regexp.MustCompile(`(?:reject|fault)\([^"\n]*"([a-z0-9-]+)"|Code: "([a-z0-9-]+)"|\.(?:flags)\([^"\n]*"([a-z0-9-]+)"`)
	for _, f := range files {
		if !strings.HasSuffix(f.Name(), ".go") || strings.HasSuffix(f.Name(), "_test.go") {
			continue
		}
		src, err := os.ReadFile(f.Name())
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range call.FindAllStringSubmatch(string(src), -1) {
			if code := m[1] + m[2] + m[3]; code != "" && !known[code] {
				t.Errorf("%s makes a fault with the code %s, which is not in the table", f.Name(), code)
			}
		}
	}
}

func TestBounds(t *testing.T) {
	t.Run("the largest text is read", func(t *testing.T) {
		line := "# " + strings.Repeat(".", 48) + "\n"
		src := strings.Repeat(line, MaxLines)
		if _, diags := Parse(src[:min(len(src), MaxText)]); len(diags) > 0 {
			t.Error(diags)
		}
	})
	t.Run("faults are told up to a limit", func(t *testing.T) {
		_, diags := Parse(strings.Repeat("edit SYN"+strings.Repeat(" x", 3000)+"\n", 40))
		if len(diags) != maxDiags+1 || diags[maxDiags].Code != "too-many-faults" {
			t.Errorf("%d faults, the last is %s", len(diags), diags[len(diags)-1])
		}
	})
}

// A hostile text costs no more than a lesson's worth of time, whatever it is full of.
func BenchmarkParseHostile(b *testing.B) {
	for _, test := range []struct{ name, line string }{
		{"unknown verbs", "abcdefgh\n"},
		{"unknown fields", "edit SYN" + strings.Repeat(" abcdefgh=1", 1400) + "\n"},
		{"unknown settings", "client" + strings.Repeat(" abcdefgh 1", 1400) + "\n"},
		{"isns", "client isn " + strings.Repeat("x,", 8000) + "\n"},
		{"quotes", "client send \"" + strings.Repeat(`\q`, 8000) + "\"\n"},
		{"comparisons", "expect " + strings.Repeat("<x", 8000) + "\n"},
		{"long words", strings.Repeat("x", 16000) + "\n"},
		{"good lines", "edit SYN-ACK seq=5 ack=305 flags=SYN,ACK options=\"mss 1460,nop,wscale 7\" payload=\"GET /\"\n"},
	} {
		src := strings.Repeat(test.line, min(MaxText/len(test.line), MaxLines))
		b.Run(test.name, func(b *testing.B) {
			b.SetBytes(int64(len(src)))
			for b.Loop() {
				Parse(src)
			}
		})
	}
}

func FuzzParse(f *testing.F) {
	for _, c := range Codes() {
		if len(c.Example) < 1000 {
			f.Add(c.Example)
		}
	}
	doc, _ := os.ReadFile("doc.go")
	f.Add(strings.ReplaceAll(string(doc), "//\t", ""))
	known := map[string]bool{}
	for _, c := range Codes() {
		known[c.Name] = true
	}
	f.Fuzz(func(t *testing.T, src string) {
		sc, diags := Parse(src)
		lines := strings.Split(strings.TrimPrefix(src, "\ufeff"), "\n")
		for _, d := range diags {
			checkPlace(t, d, lines)
			if !known[d.Code] {
				t.Errorf("the code of %s is not in the table", d)
			}
		}
		if len(diags.Errors()) > 0 {
			return
		}
		if _, err := engine.New(sc.Setup); err != nil {
			t.Fatalf("the engine refuses what the language allows: %v", err)
		}
		text := sc.String()
		again, diags := Parse(text)
		if len(diags) > 0 && len(text) < MaxText/2 && len(lines) < MaxLines/2 && len(src) < MaxLine/8 {
			t.Fatalf("%q\nbecomes\n%s\nwhich has\n%s", src, text, diags)
		}
		if len(diags) == 0 && again.String() != text {
			t.Fatalf("%q\nbecomes\n%s\nand then\n%s", src, text, again)
		}
	})
}

func FuzzParseAction(f *testing.F) {
	doc, _ := os.ReadFile("doc.go")
	for line := range strings.Lines(string(doc)) {
		if line, ok := strings.CutPrefix(line, "//\t"); ok {
			f.Add(strings.TrimSuffix(line, "\n"))
		}
	}
	f.Fuzz(func(t *testing.T, line string) {
		if _, d := ParseCond(line); d != nil {
			checkPlace(t, *d, []string{line})
		}
		a, d := ParseAction(line)
		if d != nil {
			checkPlace(t, *d, []string{line})
			return
		}
		text := FormatAction(a)
		again, d := ParseAction(text)
		if d != nil {
			if len(line) < MaxLine/8 {
				t.Fatalf("%q becomes %q: %s", line, text, d)
			}
			return
		}
		if FormatAction(again) != text {
			t.Fatalf("%q becomes %q and then %q", line, text, FormatAction(again))
		}
	})
}

// checkPlace fails when a diagnostic points outside of the text or lacks a part.
func checkPlace(t *testing.T, d diag.Diagnostic, lines []string) {
	t.Helper()
	if d.Code == "" || d.Message == "" || d.Severity == "" || !utf8.ValidString(d.String()) || strings.ContainsFunc(d.String(), func(r rune) bool { return r < ' ' }) {
		t.Errorf("%q cannot be shown", fmt.Sprintf("%+v", d))
	}
	if d.Line < 1 || d.Line > len(lines) {
		t.Fatalf("%s points outside of the text", d)
	}
	if width := utf8.RuneCountInString(lines[d.Line-1]); d.Col < 1 || d.EndCol < d.Col || d.EndCol > width+1 && d.Code != "same-address" {
		t.Fatalf("%s ends at column %d of a line of %d", d, d.EndCol, width)
	}
}

// TestFieldRange: what FieldRange says is what edit takes, and not one more.
func TestFieldRange(t *testing.T) {
	for f := engine.FieldSrcPort; f <= engine.FieldDstAddr; f <<= 1 {
		lo, hi := FieldRange(f)
		if hi == 0 || f == engine.FieldOptions || f == engine.FieldPayload {
			continue
		}
		for n := range map[int64]bool{lo - 1: true, lo: true, hi: true, hi + 1: true} {
			_, d := ParseAction(fmt.Sprintf("edit #1 %s=%d", f, n))
			if ok := d == nil; ok != (n >= lo && n <= hi) {
				t.Errorf("%s=%d: taken %v, but the range is %d to %d", f, n, ok, lo, hi)
			}
		}
	}
}
