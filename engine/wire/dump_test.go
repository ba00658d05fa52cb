package wire

import (
	"bytes"
	"encoding/binary"
	"flag"
	"net/netip"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

var update = flag.Bool("update", false, "write testdata/dump.golden with what the installed tcpdump prints")

const goldenFile = "testdata/dump.golden"

// dumpTable is a run that one Dump sees in order. Its times are a millisecond apart, from 0.
func dumpTable() []Segment {
	var run []Segment
	add := func(src, dst string, f Flags, seq, ack Seq, edits ...func(*Segment)) {
		s := NewSegment(netip.MustParseAddrPort(src), netip.MustParseAddrPort(dst))
		s.Flags, s.Seq, s.Ack, s.Window = f, seq, ack, 65535
		for _, edit := range edits {
			edit(&s)
		}
		run = append(run, s)
	}
	opts := func(o Options) func(*Segment) { return func(s *Segment) { s.Options = o } }
	raw := func(b ...byte) func(*Segment) {
		o, err := RawOptions(b)
		if err != nil {
			panic(err)
		}
		return opts(o)
	}
	data := func(p string) func(*Segment) { return func(s *Segment) { s.Payload = p } }
	offset := func(w uint8) func(*Segment) { return func(s *Segment) { s.Offset = w } }
	window := func(w uint16) func(*Segment) { return func(s *Segment) { s.Window = w } }
	urgent := func(u uint16) func(*Segment) { return func(s *Segment) { s.Urgent = u } }
	var none Options
	linux := none.WithMSS(1460).WithSACKPermitted().WithTimestamps(1234567, 0).WithNOP().WithWindowScale(7)
	const c, h = "192.0.2.1:54321", "198.51.100.20:80"

	// A whole connection with a Linux client, data and a normal close.
	add(c, h, SYN, 100, 0, opts(linux), window(64240))
	add(h, c, SYN|ACK, 300, 101, opts(none.WithMSS(1460).WithSACKPermitted().WithTimestamps(7654321, 1234567).
		WithNOP().WithWindowScale(10)), window(65160))
	ts := none.WithNOP().WithNOP().WithTimestamps(1234570, 7654321)
	add(c, h, ACK, 101, 301, opts(ts), window(502))
	add(c, h, PSH|ACK, 101, 301, opts(ts), data("GET / HTTP/1.0\r\n\r\n"))
	add(h, c, ACK, 301, 119, opts(ts))
	add(h, c, PSH|ACK, 301, 119, data("HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nhi"))
	add(h, c, ACK, 345, 119, opts(none.WithNOP().WithNOP().WithSACK(Block{150, 168})))
	add(c, h, ACK, 119, 345, opts(none.WithSACK(Block{400, 500}, Block{600, 700}, Block{800, 900}, Block{50, 60})))
	add(h, c, FIN|ACK, 345, 119)
	add(c, h, ACK, 119, 346)
	add(c, h, FIN|ACK, 119, 346)
	add(h, c, ACK, 346, 120)
	// The same ports again: only a segment with ACK begins anew.
	add(c, h, SYN, 5000, 0)
	add(h, c, SYN|ACK, 9000, 5001)
	add(c, h, ACK, 5001, 9001)
	add(h, c, SYN|ACK, 9000, 5001)
	add(c, h, RST|ACK, 5001, 9001)
	add(c, h, RST, 5001, 0)
	add(h, c, RST|ACK, 0, 5001, data("text in a reset"))
	// Numbers that wrap, and a connection seen only from its middle.
	const c2 = "192.0.2.1:40000"
	add(c2, h, SYN, 1<<32-1, 0)
	add(h, c2, SYN|ACK, 1<<32-2, 0)
	add(c2, h, ACK|PSH, 0, 1<<32-1, data("abcdef"))
	add(h, c2, ACK|PSH, 1<<32-1, 6, data("abcdef"))
	add("192.0.2.9:1000", "192.0.2.8:2000", ACK|PSH, 777, 888, data("middle"))
	add("192.0.2.8:2000", "192.0.2.9:1000", ACK, 888, 783)
	add("192.0.2.9:1000", "192.0.2.8:2000", ACK|PSH, 783, 888, data("more"))
	// A port that both ends share: the address orders them. Also an end that talks to itself.
	add("192.0.2.9:7777", "192.0.2.8:7777", SYN, 10, 0)
	add("192.0.2.8:7777", "192.0.2.9:7777", SYN|ACK, 20, 11)
	add("192.0.2.9:7777", "192.0.2.8:7777", ACK, 11, 21)
	add("192.0.2.8:7777", "192.0.2.9:7777", ACK|PSH, 21, 11, data("x"))
	add("192.0.2.7:7", "192.0.2.7:7", SYN, 10, 0)
	add("192.0.2.7:7", "192.0.2.7:7", SYN|ACK, 10, 11)
	add("192.0.2.7:7", "192.0.2.7:7", ACK, 11, 11)
	// Simultaneous open: both SYN-ACKs set the beginning.
	const a, b = "192.0.2.3:1111", "192.0.2.4:2222"
	add(a, b, SYN, 100, 0)
	add(b, a, SYN, 300, 0)
	add(a, b, SYN|ACK, 100, 301)
	add(b, a, SYN|ACK, 300, 101)
	add(a, b, ACK, 101, 301, opts(none.WithNOP().WithNOP().WithSACK(Block{300, 301})))
	// Flags.
	add(c, h, 0, 1, 2)
	add(c, h, SYN|ECE|CWR, 1, 0)
	add(h, c, SYN|ACK|ECE, 1, 2)
	add(c, h, FIN|SYN|RST|PSH|ACK|URG|ECE|CWR, 1, 2, urgent(9))
	add(c, h, FIN|PSH|URG, 1, 2, urgent(65535))
	add(c, h, ACK, 2, 3, urgent(5))
	add(c, h, PSH, 2, 3, data("no ack"))
	add(c, h, ACK, 2, 3, func(s *Segment) { s.Reserved = 15 })
	add(c, h, ACK, 2, 3, func(s *Segment) { s.FixedSum, s.Checksum, s.TTL, s.TOS, s.IPID, s.DF = true, 0xbad, 1, 3, 77, false })
	add(c, h, ACK, 2, 3, window(0))
	// Options that are unusual, of wrong length, or broken.
	add(c, h, SYN, 1, 0, raw(KindMSS, 3, 1))
	add(c, h, SYN, 1, 0, raw(KindMSS, 4, 5, 0xb4, KindMSS, 4, 2, 0x18))
	add(c, h, SYN, 1, 0, raw(KindMSS, 6, 5, 0xb4, 1, 1, 1, 1))
	add(c, h, SYN, 1, 0, raw(KindMSS, 3, 5, 1, 1, 1, 1, 1))
	add(c, h, SYN, 1, 0, raw(1, KindMSS, 0, 0))
	add(c, h, SYN, 1, 0, raw(KindMSS, 0, 0, 0))
	add(c, h, SYN, 1, 0, raw(1, 1, KindTimestamps, 1))
	add(c, h, SYN, 1, 0, raw(1, 1, KindMSS, 4))
	add(c, h, SYN, 1, 0, raw(1, 1, 1, KindMSS))
	add(c, h, SYN, 1, 0, raw(1, 1, 1, KindMSS), data("x"))
	add(c, h, SYN, 1, 0, raw(KindMSS, 5, 1, 1, KindMSS, 2, 1, 1))
	add(c, h, SYN, 1, 0, raw(KindMSS, 2, KindMSS, 2))
	add(c, h, SYN, 1, 0, raw(1, 1, KindMSS, 2))
	add(c, h, SYN, 1, 0, opts(none.WithEOL().WithMSS(1460)))
	add(c, h, SYN, 1, 0, opts(none.WithMSS(1460).WithSACKPermitted().WithEOL()))
	add(c, h, SYN, 1, 0, opts(none.WithMSS(1460).WithSACKPermitted()))
	add(c, h, SYN, 1, 0, opts(none.WithWindowScale(255).WithMSS(0)))
	add(c, h, SYN, 1, 0, opts(none.WithRaw(77, []byte{1, 2, 3}).WithRaw(253, nil).WithNOP()))
	add(c, h, SYN, 1, 0, opts(none.WithRaw(KindSACKPermitted, []byte{9, 9})))
	add(c, h, SYN, 1, 0, opts(none.WithRaw(KindFastOpen, nil).WithNOP().WithNOP()))
	add(c, h, SYN, 1, 0, opts(none.WithRaw(KindFastOpen, []byte("8 bytes!")).WithNOP().WithNOP()))
	add(c, h, SYN, 1, 0, opts(none.WithRaw(KindFastOpen, []byte("abc")).WithRaw(KindFastOpen, []byte("abcde"))))
	add(c, h, SYN, 1, 0, opts(none.WithRaw(KindExperiment, []byte{0xf9, 0x89}).WithRaw(KindExperiment, []byte{0xf9, 0x89, 1, 2, 3, 4})))
	add(c, h, SYN, 1, 0, opts(none.WithRaw(KindExperiment, []byte{1, 2, 3})))
	add(c, h, SYN, 1, 0, opts(none.WithRaw(KindExperiment, []byte{1})))
	add(c, h, SYN, 1, 0, opts(none.WithRaw(KindMD5, []byte("0123456789abcdef")).WithNOP().WithNOP()))
	add(c, h, SYN, 1, 0, opts(none.WithNOP().WithRaw(KindMD5, []byte("short"))))
	add(c, h, SYN, 1, 0, opts(none.WithRaw(KindUserTimeout, []byte{0x80, 0x05}).WithRaw(KindUserTimeout, []byte{0, 100})))
	add(c, h, SYN, 1, 0, opts(none.WithRaw(KindAO, []byte{1, 2, 3, 4}).WithRaw(KindAO, []byte{1, 2}).WithRaw(KindAO, []byte{1})))
	add(c, h, SYN, 1, 0, opts(none.WithRaw(kindEcho, []byte{0, 0, 0, 1}).WithRaw(kindEchoReply, []byte{0, 0, 0, 2}).
		WithRaw(kindCC, []byte{0, 0, 0, 3}).WithRaw(kindCCNew, []byte{0, 0, 0, 4}).WithRaw(kindCCEcho, []byte{0, 0, 0, 5}).
		WithRaw(kindSCPS, []byte{0xa, 11})))
	add(c, h, ACK, 1, 2, opts(none.WithRaw(KindSACK, nil).WithRaw(KindSACK, []byte{1, 2, 3})))
	add(c, h, ACK, 1, 2, opts(none.WithRaw(KindTimestamps, []byte{1, 2, 3})))
	add(c, h, PSH, 1, 2, opts(none.WithSACK(Block{7, 8})), data("sack without ack"))
	// Data offsets set by hand.
	add(c, h, SYN, 1, 0, offset(16))
	add(c, h, SYN, 1, 0, offset(4), opts(linux), data("hello"))
	add(c, h, SYN, 1, 0, offset(15))
	add(c, h, SYN, 1, 0, offset(7), data("\x01\x01\x01\x01\x02\x04\x05\xb4rest"))
	add(c, h, SYN, 1, 0, offset(6), opts(linux))
	add(c, h, PSH|ACK, 1, 2, offset(5), opts(ts))
	add("192.0.2.50:5", "192.0.2.51:6", PSH|ACK, 100, 200, offset(15), data("too long, and yet remembered"))
	add("192.0.2.50:5", "192.0.2.51:6", PSH|ACK, 101, 201)
	add("192.0.2.52:5", "192.0.2.51:6", PSH|ACK, 100, 200, offset(4), data("too short, not remembered"))
	add("192.0.2.52:5", "192.0.2.51:6", PSH|ACK, 101, 201)
	// Application text.
	for _, p := range []string{"GET", "POST /x HTTP/1.1\r\n", "nothing known\r\n", "any 404 Not Found\n", "get /lower\n", "GET /\rx\n",
		"GET /\ttab\n", "GET /caf\xc3\xa9\n", "\r\n", "GET / HTTP/1.0\r", "x", "\x16\x03\x01", "HTTP/1.1 20x\n", "PATCH /x HTTP/1.1\n", "x 2000\n",
		strings.Repeat("x", 128) + " 200\n", strings.Repeat("x", 129) + " 200\n"} {
		add(c, h, PSH|ACK, 1, 2, data(p))
	}
	add(c, "198.51.100.20:8080", PSH|ACK, 1, 2, data("GET / HTTP/1.0\n"))
	add(c, "198.51.100.20:25", PSH|ACK, 1, 2, data("MAIL FROM:<a@example.org>\r\n"))
	add(c, "198.51.100.20:21", PSH|ACK, 1, 2, data("USER anonymous"))
	add(c, "198.51.100.20:43", PSH|ACK, 1, 2, data("example.org\r\n"))
	add(c, "198.51.100.20:22", PSH|ACK, 1, 2, data("SSH-2.0-OpenSSH_9.9\r\n"))
	add(c, "198.51.100.20:22", PSH|ACK, 1, 2, data("SSH"))
	add(c, "198.51.100.20:22", PSH|ACK, 1, 2, data("\x00\x00\x05"))
	add(c, "198.51.100.20:4321", PSH|ACK, 1, 2, data("GET / HTTP/1.0\n"))
	add("192.0.2.1:80", "198.51.100.20:25", PSH|ACK, 1, 2, data("GET / HTTP/1.0\n"))
	add("192.0.2.1:80", "198.51.100.20:21", PSH|ACK, 1, 2, data("GET / HTTP/1.0\n"))
	// IPv6.
	const c6, h6 = "[2001:db8::1]:54321", "[2001:db8:0:1::20]:80"
	flow := func(s *Segment) { s.Flow, s.TOS = 0x12345, 2 }
	add(c6, h6, SYN, 100, 0, opts(none.WithMSS(1440).WithSACKPermitted()), flow)
	add(h6, c6, SYN|ACK, 300, 101, opts(none.WithMSS(1440)))
	add(c6, h6, ACK, 101, 301)
	add(c6, h6, PSH|ACK, 101, 301, data("GET / HTTP/1.0\r\n\r\n"))
	add(h6, c6, RST|ACK, 301, 119)
	add(c6, h6, ACK, 1, 2, offset(4))
	add("[::]:1", "[ff02::1]:2", SYN, 100, 0)
	add("[::1]:7", "[::1]:7", PSH|ACK, 5, 6, data("x"))
	// ICMP errors, with the whole segment or the first part of a long one in them.
	for kind := NetUnreachable; kind < NumICMPKinds; kind++ {
		said := func(router uint8) func(*Segment) {
			return func(s *Segment) { s.ICMP = ICMP{kind, router, 1400} }
		}
		add(c, h, SYN, 100, 0, opts(linux), said(1))
		add("192.0.2.1:4321", "198.51.100.20:22", ACK, 100, 300, data(strings.Repeat("x", 1460)), said(0))
		add(c6, h6, SYN, 100, 0, opts(linux), said(1))
		add(c6, "[2001:db8::22]:22", ACK, 100, 300, data(strings.Repeat("x", 1440)), said(0))
	}
	return run
}

// TestDumpAsTcpdump compares every line of the table with the lines of the installed tcpdump, or, where there is none, with
// those that it printed when the golden file was written.
func TestDumpAsTcpdump(t *testing.T) {
	run := dumpTable()
	if len(run) < 60 {
		t.Fatalf("the table has %d segments only", len(run))
	}
	got := append(dumpLines(run, false), dumpLines(run, true)...)
	if haveTcpdump(t) {
		tool := append(tcpdump(t, run), tcpdump(t, run, "-S")...)
		compareLines(t, run, tool, got)
		if *update {
			if err := os.WriteFile(goldenFile, []byte(strings.Join(tool, "\n")+"\n"), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	} else if *update {
		t.Fatal("without tcpdump 4.99 there is nothing to write the golden file with")
	}
	golden, err := os.ReadFile(goldenFile)
	if err != nil {
		t.Fatal(err)
	}
	compareLines(t, run, strings.Split(strings.TrimSuffix(string(golden), "\n"), "\n"), got)
}

// TestDumpAsTcpdumpAnySegments does the same with runs that nobody chose.
func TestDumpAsTcpdumpAnySegments(t *testing.T) {
	if !haveTcpdump(t) {
		t.Skip("tcpdump 4.99 is not installed; TestDumpAsTcpdump has compared the table with its recorded lines")
	}
	rapid.Check(t, func(t *rapid.T) {
		run := rapid.SliceOfN(genSegment().Filter(dumpKnows), 1, 40).Draw(t, "run")
		compareLines(t, run, tcpdump(t, run), dumpLines(run, false))
		compareLines(t, run, tcpdump(t, run, "-S"), dumpLines(run, true))
	})
}

// dumpKnows leaves out what the documentation of Dump excepts.
func dumpKnows(s Segment) bool {
	r := s.Received()
	if bytes.IndexByte(r.Options.b[:], KindMultipath) >= 0 {
		return false
	}
	known := map[uint16]bool{80: true, 8080: true, 25: true, 21: true, 43: true, 22: true, 54321: true}
	return r.Payload == "" || r.ICMP.Kind != NoICMP || known[s.Src.Port()] && known[s.Dst.Port()]
}

func TestDumpClock(t *testing.T) {
	for at, want := range map[int64]string{
		0:              "00:00:00.000000",
		1_050_000:      "00:00:01.050000",
		86_399_999_999: "23:59:59.999999",
		86_400_000_001: "00:00:00.000001",
	} {
		line := new(Dump).Line(at, NewSegment(client, server))
		if !strings.HasPrefix(line, want+" IP 192.0.2.1.54321 > 198.51.100.20.80: ") {
			t.Errorf("at %d: %s", at, line)
		}
	}
}

func dumpLines(run []Segment, absolute bool) []string {
	d := Dump{Absolute: absolute}
	var lines []string
	for i, s := range run {
		lines = append(lines, d.Line(int64(i)*1000, s))
	}
	return lines
}

type failer interface {
	Helper()
	Fatalf(string, ...any)
}

func compareLines(t failer, run []Segment, want, got []string) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		for i := range min(len(want), len(got)) {
			if want[i] != got[i] {
				t.Fatalf("line %d, packet %x\n tcpdump %s\n     got %s", i, run[i%len(run)].AppendIP(nil), want[i], got[i])
			}
		}
		t.Fatalf("tcpdump and Dump differ (-tcpdump +got):\n%s", diff)
	}
}

// haveTcpdump reports whether the tcpdump whose output Dump promises is there; other versions differ in small things.
func haveTcpdump(t *testing.T) bool {
	out, err := exec.Command("tcpdump", "--version").CombinedOutput()
	if err != nil || !strings.HasPrefix(string(out), "tcpdump version 4.99.") {
		t.Logf("no tcpdump 4.99 here (%v)", err)
		return false
	}
	return true
}

// tcpdump returns what the tool prints of a capture file of the run, line by line.
func tcpdump(t failer, run []Segment, args ...string) []string {
	t.Helper()
	const linkTypeRaw = 101 // packets begin with their IP header
	le := binary.LittleEndian
	var file []byte
	for _, v := range []uint32{0xa1b2c3d4, 4<<16 | 2, 0, 0, 65535, linkTypeRaw} {
		file = le.AppendUint32(file, v)
	}
	for i, s := range run {
		packet := s.AppendIP(nil)
		for _, v := range []int{i / 1000, i % 1000 * 1000, len(packet), len(packet)} {
			file = le.AppendUint32(file, uint32(v))
		}
		file = append(file, packet...)
	}
	cmd := exec.Command("tcpdump", append([]string{"-nn", "-r", "-"}, args...)...)
	cmd.Env = append(os.Environ(), "TZ=UTC")
	cmd.Stdin = bytes.NewReader(file)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("tcpdump: %v\n%s", err, stderr.String())
	}
	return strings.Split(strings.TrimSuffix(string(out), "\n"), "\n")
}
