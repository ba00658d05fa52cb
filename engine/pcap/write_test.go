package pcap_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/handshakelab/lab/engine"
	"github.com/handshakelab/lab/engine/pcap"
	"github.com/handshakelab/lab/engine/script"
	"github.com/handshakelab/lab/engine/wire"
)

// TestWriteIsReadBack: the file of a run has the run itself, and each packet as it was on its interface.
func TestWriteIsReadBack(t *testing.T) {
	for _, l := range labs(t) {
		c := parsed(t, written(t, l.Run))
		if c.Scenario == nil {
			t.Errorf("%s: the scenario is not read back: %v", l.name, c.Diagnostics)
			continue
		}
		if diff := cmp.Diff(l.Scenario.String(), c.Scenario.String()); diff != "" {
			t.Errorf("%s (-written +read):\n%s", l.name, diff)
		}
		_, events, _ := script.Run(c.Scenario)
		if diff := cmp.Diff(lines(l.Events), lines(events)); diff != "" {
			t.Errorf("%s: the run that was read has other events:\n%s", l.name, diff)
		}
		var got []string
		for _, p := range c.Packets {
			if p.Unread != "" || p.Cut != 0 || p.Offload || len(p.Comments) == 0 && p.Direction == pcap.Out {
				t.Errorf("%s: packet %d: %+v", l.name, p.N, p)
			}
			got = append(got, sighting(p.At+engine.Time(c.Start), c.Interfaces[p.Interface].Name, p.Direction == pcap.Out, engine.SegID(p.ID), p.Seg))
		}
		if diff := cmp.Diff(sightings(l.Events), got); diff != "" {
			t.Errorf("%s (-events +packets):\n%s", l.name, diff)
		}
	}
}

func lines(events []engine.Event) (lines []string) {
	for _, e := range events {
		lines = append(lines, script.EventLine(e))
	}
	return lines
}

func sighting(at engine.Time, name string, out bool, id engine.SegID, s wire.Segment) string {
	way := "in"
	if out {
		way = "out"
	}
	return fmt.Sprintf("%v %s %s %v %x", at, name, way, id, s.AppendIP(nil))
}

// sightings are what both interfaces must see of a run: what its host sends, and what arrives there, as it is then.
func sightings(events []engine.Event) (lines []string) {
	now := map[engine.SegID]wire.Segment{}
	for _, e := range events {
		switch e.Kind {
		case engine.Forged, engine.Duplicated, engine.Edited, engine.Injected:
			now[e.Seg] = *e.Wire
		case engine.Sent:
			now[e.Seg] = *e.Wire
			lines = append(lines, sighting(e.At, e.Host.String(), true, e.Seg, *e.Wire))
		case engine.Arrived:
			lines = append(lines, sighting(e.At, e.Host.String(), false, e.Seg, now[e.Seg]))
		}
	}
	return lines
}

// TestComments shows what is said about each packet of a run in which a SYN-ACK is edited and another one lost.
func TestComments(t *testing.T) {
	c := parsed(t, written(t, run(t, `
client 192.0.2.1:54321 isn 100
server 192.0.2.2:80 isn 300
server listen
client connect
step until SYN-ACK sent
edit SYN-ACK ack=100
step until RST sent
drop RST
step until lost RST >= 1
client abort
`)))
	var b strings.Builder
	for _, p := range c.Packets {
		fmt.Fprintf(&b, "%d %s %s %s\n", p.N, c.Interfaces[p.Interface].Name, []string{"?", "in", "out"}[p.Direction], p.Seg.Flags.Kind())
		for _, comment := range p.Comments {
			fmt.Fprintf(&b, "  %s\n", comment)
		}
	}
	golden(t, "comments.txt", b.String())
}

// TestLongScenario: a scenario that does not fit into one comment is put together again, and a letter is never cut in two.
func TestLongScenario(t *testing.T) {
	for _, letter := range []string{"x", "é", "語"} {
		text := strings.Repeat("note "+strings.Repeat(letter, 100)+"\n", 180_000/(100*len(letter)+6))
		for lead := range 4 {
			r := run(t, "title "+strings.Repeat("y", lead+1)+"\nserver listen\n"+text)
			b := written(t, r)
			c := parsed(t, b)
			if c.Scenario == nil || c.Scenario.String() != r.Scenario.String() {
				t.Fatalf("%q, lead %d: the scenario of %d bytes is not read back: %v", letter, lead, len(r.Scenario.String()), c.Diagnostics)
			}
			if len(r.Scenario.String()) < 150_000 {
				t.Fatalf("the scenario has %d bytes only", len(r.Scenario.String()))
			}
			if comments := bytes.Count(b, []byte("# Handshake Lab scenario, part ")); comments < 3 {
				t.Errorf("%d comments", comments)
			}
			for _, comment := range sectionComments(t, b) {
				if !utf8.ValidString(comment) {
					t.Errorf("%q, lead %d: a comment is not UTF-8", letter, lead)
				}
			}
		}
	}
}

// sectionComments returns the comments of the first section.
func sectionComments(t *testing.T, b []byte) (comments []string) {
	size := binary.LittleEndian.Uint32(b[4:])
	for b = b[24 : size-4]; len(b) >= 4; {
		code, n := binary.LittleEndian.Uint16(b), int(binary.LittleEndian.Uint16(b[2:]))
		if code == 1 {
			comments = append(comments, string(b[4:4+n]))
		}
		b = b[4+(n+3)&^3:]
	}
	if len(comments) == 0 {
		t.Fatal("the section has no comments")
	}
	return comments
}

// TestALongRun: of a file that has its scenario as many packets are read as a run can have.
func TestALongRun(t *testing.T) {
	r := run(t, "server listen\n")
	r.Events = nil
	ack := seg(engine.Client, wire.ACK, 1, 1, "")
	for n := range engine.MaxEvents {
		r.Events = append(r.Events, engine.Event{N: n, Kind: engine.Sent, Seg: engine.SegID(n + 1), Wire: &ack})
	}
	if c := parsed(t, written(t, r)); len(c.Packets) != engine.MaxEvents {
		t.Errorf("%d packets", len(c.Packets))
	}
}

// TestWriteFails: an error of the writer is handed on, and nothing is written that could not be read.
func TestWriteFails(t *testing.T) {
	r := run(t, "server listen\nclient connect\nstep 3\n")
	full := errors.New("the disk is full")
	if err := pcap.Write(failing{full}, r); !errors.Is(err, full) {
		t.Errorf("%v, want %v", err, full)
	}
	huge := r
	huge.Events = nil
	for n := range 10 + pcap.MaxSize/60_000 {
		s := seg(engine.Client, wire.ACK, 1, 1, strings.Repeat("x", 60_000))
		huge.Events = append(huge.Events, engine.Event{N: n, Kind: engine.Sent, Seg: engine.SegID(n + 1), Wire: &s})
	}
	var b bytes.Buffer
	if err := pcap.Write(&b, huge); err == nil || b.Len() > 0 || !strings.Contains(err.Error(), "too large") {
		t.Errorf("a run that is too large: %d bytes, %v", b.Len(), err)
	}
	long := run(t, "server listen\n")
	for range script.MaxText / 10 {
		long.Scenario.Notes = append(long.Scenario.Notes, script.Note{Text: "long and long"})
	}
	if err := pcap.Write(&b, long); err == nil || b.Len() > 0 || !strings.Contains(err.Error(), "the scenario has") {
		t.Errorf("a scenario that is too long: %d bytes, %v", b.Len(), err)
	}
}

type failing struct{ err error }

func (f failing) Write([]byte) (int, error) { return 0, f.err }

// TestTcpdumpReadsIt: tcpdump reads every packet that was written, and finds its checksums as right or wrong as they are.
func TestTcpdumpReadsIt(t *testing.T) {
	if _, err := exec.LookPath("tcpdump"); err != nil {
		t.Fatalf("%v; make tools installs it", err)
	}
	for _, l := range labs(t) {
		b := written(t, l.Run)
		c := parsed(t, b)
		cmd := exec.Command("tcpdump", "-nn", "-S", "-v", "-r", "-")
		cmd.Stdin = bytes.NewReader(b)
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("%s: tcpdump: %v", l.name, err)
		}
		if strings.Contains(string(out), "bad cksum") {
			t.Errorf("%s: an IPv4 checksum is wrong:\n%s", l.name, out)
		}
		if quotes(c) {
			continue
		}
		var got []string
		for line := range strings.Lines(string(out)) {
			switch {
			case strings.Contains(line, "(correct)"):
				got = append(got, "correct")
			case strings.Contains(line, "(incorrect"), strings.Contains(line, "bad hdr length"):
				got = append(got, "incorrect")
			}
		}
		if want := sums(c); !slices.Equal(got, want) {
			t.Errorf("%s: tcpdump says %q, want %q", l.name, got, want)
		}
	}
}

// quotes reports whether a capture has ICMP errors: the tools judge also the segment that is quoted, where enough of it is there.
func quotes(c *pcap.Capture) bool {
	return slices.ContainsFunc(c.Packets, func(p pcap.Packet) bool { return p.Seg.Kind() == "ICMP" })
}

// sums says of each packet whether its TCP checksum, and its data offset, are right.
func sums(c *pcap.Capture) (list []string) {
	for _, p := range c.Packets {
		if p.Seg.SumOK() && p.Seg.OffsetOK() {
			list = append(list, "correct")
		} else {
			list = append(list, "incorrect")
		}
	}
	return list
}

// TestTsharkReadsIt: tshark finds no packet malformed, all checksums as right or wrong as they are, the interfaces, the numbers of the
// segments, and all comments. It does not put text together, because it sees each segment on both sides and takes the second one for a
// retransmission.
func TestTsharkReadsIt(t *testing.T) {
	if _, err := exec.LookPath("tshark"); err != nil {
		t.Skip("tshark is not installed")
	}
	// A file may have many sections, so all scenarios fit into one.
	var file bytes.Buffer
	var want []string
	for _, l := range labs(t) {
		b := written(t, l.Run)
		c := parsed(t, b)
		file.Write(b)
		for i, sum := range sums(c) {
			p := &c.Packets[i]
			good := map[string]string{"correct": "1", "incorrect": "0"}[sum]
			if !p.Seg.OffsetOK() {
				good = "" // tshark looks no further
			}
			header := "1"
			if p.Seg.Is6() {
				header = "" // IPv6 has no checksum of its own
			}
			icmp, icmp6 := "", ""
			switch {
			case p.Seg.Kind() != "ICMP":
			case p.Seg.Is6():
				icmp6 = "1"
			default:
				header, icmp = "1^1", "1" // the quote has a header too
			}
			want = append(want, fmt.Sprintf("%d||%s|%s|%s|%s|%s|%d|%s", len(want)+1, header, good, icmp, icmp6, c.Interfaces[p.Interface].Name, p.ID, strings.Join(p.Comments, "^")))
		}
	}
	cmd := exec.Command("tshark", "-r", "-", "-o", "tcp.check_checksum:TRUE", "-o", "ip.check_checksum:TRUE", "-o", "tcp.desegment_tcp_streams:FALSE",
		"-T", "fields", "-E", "separator=|", "-E", "aggregator=^", "-e", "frame.number", "-e", "_ws.malformed", "-e", "ip.checksum.status",
		"-e", "tcp.checksum.status", "-e", "icmp.checksum.status", "-e", "icmpv6.checksum.status", "-e", "frame.interface_name", "-e", "frame.packet_id", "-e", "frame.comment")
	cmd.Stdin = &file
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("tshark: %v\n%s", err, &stderr)
	}
	if diff := cmp.Diff(want, strings.Split(strings.TrimSuffix(string(out), "\n"), "\n")); diff != "" {
		t.Errorf("-written +tshark:\n%s", diff)
	}
}
