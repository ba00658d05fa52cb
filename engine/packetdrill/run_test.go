package packetdrill_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/handshakelab/lab/engine/packetdrill"
)

// TestScripts: every script in testdata runs as it says. Each is about one topic; its comments are the table of contents.
func TestScripts(t *testing.T) {
	files, err := filepath.Glob("testdata/*.pkt")
	if err != nil || len(files) < 25 {
		t.Fatalf("%d scripts, %v", len(files), err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".pkt"), func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			script, faults := packetdrill.Parse(file, string(text))
			if len(faults) > 0 {
				t.Fatalf("faults:\n%s", faults)
			}
			if r := packetdrill.Run(script); r.Outcome != packetdrill.Pass {
				t.Errorf("%s\n%s%s", r.Outcome, r.Faults, r.Detail)
			}
		})
	}
}

// established begins most scripts below: line 5 is the first after it, and descriptor 4 the connection.
const established = `0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3
+0 bind(3, ..., ...) = 0
+0 listen(3, 1) = 0
+0 < S 0:0(0) win 32792 <mss 1000>
+0 > S. 0:0(0) ack 1 <mss 1460>
+.1 < . 1:1(0) ack 1 win 32792
+0 accept(3, ..., ...) = 4
`

// TestFailures: what goes wrong is said at the line that says otherwise, with both sides below each other.
func TestFailures(t *testing.T) {
	for _, c := range []struct{ name, script, fault, detail string }{
		{"other segment", established + "+0 write(4, ..., 100) = 100\n+0 > . 1:201(200) ack 7",
			"9:4: error segment: the host sent another segment: flags, length, ack differ", `
    expected 0.100000 . 1:201(200) ack 7
    actual   0.100000 P. 1:101(100) ack 1 win 65535
    differs           flags: expected ., actual P.
    differs           length: expected 200, actual 100
    differs           ack: expected 7, actual 1
`},
		{"other options", "`sysctl net.ipv4.tcp_timestamps=0`\n0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3\n+0...1 connect(3, ..., ...) = 0\n+0 > S 0:0(0) win 1 <mss 1460,nop,wscale 8>",
			"4:4: error segment: the host sent another segment: win, options differ", `
    expected 0.000000 S 0:0(0) win 1 <mss 1460,nop,wscale 8>
    actual   0.000000 S 0:0(0) win 65535 <mss 1460,nop,nop,sackOK,nop,wscale 8>
    differs           win: expected 1, actual 65535
    differs           options: expected <mss 1460,nop,wscale 8>, actual <mss 1460,nop,nop,sackOK,nop,wscale 8>
`},
		{"no segment", established + "+0 > . 1:1(0) ack 1", "8:4: error no-segment: the host sends nothing", `
    expected 0.100000 . 1:1(0) ack 1
    actual            no segment
`},
		{"too early", established + "+0 write(4, ..., 10) = 10\n+1 > P. 1:11(10) ack 1",
			"9:4: error time: the segment should be at 1.100000 s, but is at 0.100000 s (tolerance 0.125000 s)", `
    expected 1.100000 P. 1:11(10) ack 1
    actual   0.100000 P. 1:11(10) ack 1 win 65535
`},
		{"too late", established + "+0 write(4, ..., 10) = 10\n+0 > P. 1:11(10) ack 1\n+.1~+.2 > P. 1:11(10) ack 1",
			"10:9: error time: the segment should be at 0.200000~0.300000 s, but is at 0.400000 s (tolerance 0.012500 s)", `
    expected 0.200000~0.300000 P. 1:11(10) ack 1
    actual   0.400000          P. 1:11(10) ack 1 win 65535
`},
		{"what a call returns", established + "+0 write(4, ..., 10) = 7", "8:4: error result: write returned something else than the script says", `
    expected write(...) = 7
    actual   write(...) = 10
`},
		{"errno", established + "+0 read(4, ..., 10) = -1 EPIPE (Broken pipe)", "8:4: error blocks: read blocks, and the script does not say until when", ""},
		{"other errno", established + "+0 recv(4, ..., 10, MSG_DONTWAIT) = -1 EPIPE", "8:4: error result: recv returned something else than the script says", `
    expected recv(...) = -1 EPIPE
    actual   recv(...) = -1 EAGAIN
`},
		{"socket option", established + "+0 getsockopt(4, SOL_TCP, TCP_NODELAY, [1], [4]) = 0", "8:4: error result: getsockopt gave [0], not [1]", ""},
		{"bytes to read", established + "+0 ioctl(4, SIOCINQ, [5]) = 0", "8:4: error result: ioctl gave [0], not [5]", ""},
		{"poll", established + "+0 poll([{fd=4, events=POLLIN|POLLOUT, revents=POLLIN}], 1, 0) = 1", "8:4: error result: poll gave revents=POLLOUT for descriptor 4, not POLLIN", ""},
		{"returns too early", established + "+0...0.1 read(4, ..., 10) = 10\n+.05 < P. 1:11(10) ack 1 win 100", "8:10: error time: read should return at 0.200000 s, but returns at 0.150000 s (tolerance 0.012500 s)", ""},
		{"returns at once", established + "+0 < P. 1:11(10) ack 1 win 100\n+0...0.1 read(4, ..., 10) = 10", "9:10: error time: read should return at 0.200000 s, but returns at once, at 0.100000 s", ""},
		{"never returns", "0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3\n+0 bind(3, ..., ...) = 0\n+0 listen(3, 1) = 0\n+0...1 accept(3, ..., ...) = 4", "4:8: error blocked: accept never returns", ""},
		{"descriptor", established + "+0 close(9) = 0", "8:10: error bad-descriptor: there is no open descriptor 9", ""},
		{"timestamp", "0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3\n+0...1 connect(3, ..., ...) = 0\n+0 > S 0:0(0) <mss 1460,sackOK,TS val 5 ecr 0,nop,wscale 8>\n+0 < S. 0:0(0) ack 1 win 9 <nop,nop,TS val 1 ecr 6>",
			"4:4: error timestamp: no segment of the host had TS val 6, so there is nothing that ecr 6 could echo", ""},
		{"assertion", established + "+0 %{ assert tcpi_unacked == 1, 'too few' }%", "8:7: error assert: the assertion does not hold: tcpi_unacked == 1, where tcpi_unacked is 0; too few", ""},
		{"nothing to ask", "0 %{ assert tcpi_unacked == 1 }%", "1:3: error no-connection: there is no connection whose TCP_INFO the snippet could see", ""},
		{"unknown name", established + "+0 %{ x = 1; y = x + z }%", "8:22: error assert: z is not defined", ""},
		{"no connection for a message", "0 < icmp unreachable", "1:3: error no-connection: there is no connection that the message could be about", ""},
		{"no connection", "0 > S 0:0(0)", "1:3: error no-connection: there is no connection that could send this: neither listen nor connect was called", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			script, faults := packetdrill.Parse("", c.script)
			if len(faults) > 0 {
				t.Fatalf("faults:\n%s", faults)
			}
			r := packetdrill.Run(script)
			if r.Outcome != packetdrill.Fail {
				t.Fatalf("%s, want fail", r.Outcome)
			}
			if diff := cmp.Diff(c.fault+"\n", r.Faults.String()); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff(strings.TrimPrefix(c.detail, "\n"), r.Detail); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestUnsupported: what the lab does not have is named, with its place, and nothing is run.
func TestUnsupported(t *testing.T) {
	for _, c := range []struct{ script, want string }{
		{"--ip_version=ipv6\n--local_ip=192.0.2.7\n0 close(3) = 0", "2:1: error unsupported: the lab does not have --local_ip=192.0.2.7 with --ip_version=ipv6"},
		{"--ip_version=ipv6\n0 socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = 3", "2:10: error unsupported: the lab does not have sockets of this family"},
		{"0 `ip route change 192.0.2.1 via 192.168.0.2`", "1:4: error unsupported: the lab does not have the command ip route"},
		{"0 `tc qdisc add dev tun0 root netem loss 100%`", "1:4: error unsupported: the lab does not have the command tc that drops or delays"},
		{"`sysctl -q net.ipv4.tcp_sack=1\nsysctl -w net.ipv4.tcp_mtu_probing=2`\n0 close(3) = 0", "2:11: error unsupported: the lab does not have the setting tcp_mtu_probing=2"},
		{"0 socket(AF_INET6, SOCK_STREAM, IPPROTO_TCP) = 3", "1:10: error unsupported: the lab does not have sockets of this family"},
		{"0 socket(..., SOCK_DGRAM, IPPROTO_UDP) = 3", "1:15: error unsupported: the lab does not have sockets of this type\n1:27: error unsupported: the lab does not have sockets of this protocol"},
		{"0 setsockopt(3, SOL_TCP, TCP_CORK, [1], 4) = 0", "1:26: error unsupported: the lab does not have the socket option TCP_CORK"},
		{"0 setsockopt(3, SOL_TCP, TCP_XYZZY_PLUGH, [1], 4) = 0", "1:26: error unsupported: the lab does not have the constant TCP_XYZZY_PLUGH"},
		{"0 setsockopt(3, SOL_TCP, TCP_CONGESTION, \"bbr\", 3) = 0", "1:42: error unsupported: the lab does not have the congestion control bbr"},
		{"0 send(3, ..., 10, MSG_OOB) = 10", "1:20: error unsupported: the lab does not have the flags MSG_OOB"},
		{"0 splice(3, NULL, 4, NULL, 10, 0) = 10", "1:3: error unsupported: the lab does not have the call splice"},
		{"0 < icmp redirect", "1:5: error unsupported: the lab does not have ICMP redirect"},
		{"0 < icmp unreachable net_unknown [0:0(0)]", "1:5: error unsupported: the lab does not have ICMP unreachable net_unknown"},
		{"0 < icmp unreachable port_unreachable [udp (100)]", "1:40: error unsupported: the lab does not have ICMP messages about anything but TCP"},
		{"0 > icmp unreachable port_unreachable [0:0(0)]", "1:5: error unsupported: the lab does not have ICMP messages of the host"},
		{"0 < udp (1000)", "1:5: error unsupported: the lab does not have UDP packets"},
		{"0 < ipv4 10.0.0.1 > 10.0.0.2: . 1:1(0) ack 1 win 5", "1:5: error unsupported: the lab does not have IPv4 in IP"},
		{"0 < SA 0:0(0) win 5", "1:5: error unsupported: the lab does not have accurate ECN"},
		{"0 < S 0:0(0) win 5 <mp_capable a>", "1:21: error unsupported: the lab does not have the TCP option mp_capable"},
		{"0 %{ import time }%", "1:6: error unsupported: the lab does not have Python's import"},
		{"0 %{ assert tcpi_pacing_rate > 5 }%", "1:13: error unsupported: the lab does not have tcpi_pacing_rate of TCP_INFO"},
		{"0 %{ x = sorted([1]) }%", "1:10: error unsupported: the lab does not have Python's sorted()"},
	} {
		script, faults := packetdrill.Parse("", c.script)
		if len(faults) > 0 {
			t.Errorf("%s\nfaults:\n%s", c.script, faults)
			continue
		}
		r := packetdrill.Run(script)
		if got := strings.TrimSpace(r.Faults.String()); r.Outcome != packetdrill.Unsupported || got != c.want {
			t.Errorf("%s\n got %s: %s\nwant unsupported: %s", c.script, r.Outcome, got, c.want)
		}
	}
}

// TestFaults: a mistake in the text of a script is reported with its place and a hint, and so are those behind it.
func TestFaults(t *testing.T) {
	for _, c := range []struct{ script, want string }{
		{"0 sokcet(..., SOCK_STREAM, 6) = 3", "1:3: error unknown-call: sokcet is no system call that scripts can make (did you mean socket?)"},
		{"0 socket(..., SOCK_STREEM, 6) = 3", "1:15: error unknown-symbol: SOCK_STREEM is no constant that scripts can name (did you mean SOCK_STREAM?)"},
		{"0 listen(3) = 0", "1:3: error arguments: listen takes 2 arguments, and here are 1"},
		{"0 read(3, ..., 1) = -1 EAGIAN", "1:24: error unknown-errno: EAGIAN is no error that a call returns (did you mean EAGAIN?)"},
		{"1 listen(3, 1) = 0", "1:1: error first-time: the first event is not at time 0 (begin with 0)"},
		{"0 listen(3, 1) = 0\n2 close(3) = 0\n1 close(3) = 0", "3:1: error time-backwards: time goes backward, from 2.000000 to 1.000000"},
		{"listen(3, 1) = 0", "1:1: error time: found listen where an event should begin with its time, 0.1 or +0.1"},
		{"* listen(3, 1) = 0", "1:1: error time-any: * can only be the time of an outbound segment"},
		{"0~1 < . 1:1(0) win 5", "1:1: error time-range: a range can only be the time of an outbound segment"},
		{"0 < S 0:5(6) win 5", "1:7: error inconsistent: the numbers do not fit the length: 0 and 6 bytes end at 6 (SYN and FIN are not counted here)"},
		{"0 < icmp unreachable host_unreachabel [0:0(0)]", "1:22: error icmp: host_unreachabel is no code of ICMP unreachable (did you mean host_unreachable?)"},
		{"--ip_version=ipv6\n0 < icmp unreachable frag_needed", "2:22: error icmp: frag_needed is no code of ICMP unreachable"},
		{"0 < icmp unreachable host_unreachable mtu 5", "1:39: error icmp: this message tells no MTU (unreachable frag_needed does, of ICMPv6 packet_too_big)"},
		{"0 < S 0:0(0)", "1:3: error no-window: an inbound segment must say its window (add win N behind the numbers)"},
		{"0 < SX 0:0(0) win 5", "1:6: error unknown-flag: X is no TCP flag (the flags are F S R P . U E W, or - for none)"},
		{"0 < S 0:0(0) win 5 <mss 5,nop>", "1:20: error padding: the options are 5 bytes, and a TCP header is made of words of 4 (add 3 nop)"},
		{"0 < S 0:0(0) win 5 <mmss 5>", "1:21: error unknown-option: mmss is no TCP option (did you mean mss?)"},
		{"0 < S 0:0(0) win 70000", "1:18: error out-of-range: 70000 is out of range for a window (it is 0 to 65535)"},
		{"0 < S 0:0(0) win 5 <...>", "1:20: error any-options: <...> can only stand in an outbound segment"},
		{"--tolerance_usec=5\n0 close(3) = 0", "1:1: error unknown-option: --tolerance_usec is no option of packetdrill (did you mean tolerance_usecs?)"},
		{"--mtu=big\n0 close(3) = 0", "1:1: error option-value: big is not a number of bytes that --mtu could take"},
		{"0 %{ assert 1 == }%", "1:18: error code: the line ends where a value should be"},
		{"0 `sysctl", "1:3: error unclosed: the shell command that begins here has no end (close it with `)"},
		{"0 close(3 = 0\n+0 listn(3, 1) = 0", "1:11: error unexpected: found = where , or ) should be\n2:4: error unknown-call: listn is no system call that scripts can make (did you mean listen?)"},
	} {
		_, faults := packetdrill.Parse("", c.script)
		if got := strings.TrimSpace(faults.String()); got != c.want {
			t.Errorf("%s\n got %s\nwant %s", c.script, got, c.want)
		}
	}
}

// TestSnippets: the part of Python that snippets have. Each line must hold, and its opposite must not.
func TestSnippets(t *testing.T) {
	for _, line := range []string{
		"1 + 2 * 3 == 7", "(1 + 2) * 3 == 9", "2 ** 3 ** 2 == 512", "-7 // 2 == -4", "-7 % 3 == 2", "7 / 2 == 3.5", "1 << 4 | 1 == 17", "6 & 3 ^ 1 == 3",
		"~5 == -6", "not 0", "1 < 2 < 3", "1 == 1.0", "0x10 == 16", "'a' + 'b' == \"ab\"", "'%d and %s' % (1, 'x') == '1 and x'", "(1, 2) == (1, 2)", "[1, 2] == (1, 2)",
		"2 in (1, 2)", "3 not in [1, 2]", "None is None", "True and not False", "0 or 5", "(1 if 0 else 2) == 2", "abs(-2) == 2", "min(3, 1) + max(3, 1) == 4", "int(3.9) == 3",
		"len('abc') == 3", "str(5) == '5'", "float(1) / 2 == .5", "1e3 == 1000", "5L == 5", "bool(3)",
	} {
		for _, c := range []struct {
			code string
			want packetdrill.Outcome
		}{{"assert " + line, packetdrill.Pass}, {"assert not (" + line + ")", packetdrill.Fail}} {
			script, faults := packetdrill.Parse("", "0 %{ "+c.code+" }%")
			if len(faults) > 0 {
				t.Errorf("%s: %s", c.code, faults)
				continue
			}
			if r := packetdrill.Run(script); r.Outcome != c.want {
				t.Errorf("%s: %s %s", c.code, r.Outcome, r.Faults)
			}
		}
	}
}

// TestOutput: what snippets print, and segments that no line took.
func TestOutput(t *testing.T) {
	script, faults := packetdrill.Parse("", established+"+0 write(4, ..., 10) = 10\n+0 %{ x = 3\nprint('x is', x)\nprint 'old', x, (1, None) }%")
	if len(faults) > 0 {
		t.Fatal(faults)
	}
	r := packetdrill.Run(script)
	if want := "x is 3\nold 3 (1, None)\n"; r.Outcome != packetdrill.Pass || r.Output != want {
		t.Errorf("%s %q, want %q", r.Outcome, r.Output, want)
	}
	if diff := cmp.Diff([]string{"0.100000 > P. 1:11(10) ack 1 win 65535"}, r.Left); diff != "" {
		t.Error(diff)
	}
	if len(r.Segments) != 4 || r.Segments[0].Out || !r.Segments[1].Out {
		t.Errorf("%d segments on the wire, want SYN, SYN-ACK, ACK and text: %v", len(r.Segments), r.Segments)
	}
}

// FuzzParse: whatever the text, there is an answer: faults with a place in it, or a script that runs to an end.
func FuzzParse(f *testing.F) {
	files, err := filepath.Glob("testdata/*.pkt")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(text))
	}
	f.Add("0 %{ assert ((((1)))) }%\n+0 `echo $((1*2*3)) > /proc/sys/net/ipv4/tcp_sack`")
	f.Fuzz(func(t *testing.T, text string) {
		script, faults := packetdrill.Parse("x.pkt", text)
		lines := strings.Count(text, "\n") + 1
		for _, d := range faults {
			if d.Line < 1 || d.Line > lines || d.Col < 1 || d.Message == "" {
				t.Errorf("a fault without a place in the text: %s", d)
			}
		}
		if len(faults) == 0 {
			if r := packetdrill.Run(script); r.Outcome != packetdrill.Pass && len(r.Faults) == 0 {
				t.Errorf("%s without a reason", r.Outcome)
			}
		}
	})
}
