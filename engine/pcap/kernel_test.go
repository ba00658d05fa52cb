package pcap_test

import (
	"cmp"

	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/handshakelab/lab/engine"
	"github.com/handshakelab/lab/engine/pcap"
	"github.com/handshakelab/lab/engine/tcp"
	"github.com/handshakelab/lab/engine/wire"
)

// captures returns the capture files of the kernel's traces.
func captures(t testing.TB) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(kernelDir(), "*.pcap"))
	if err != nil || len(files) < 10 {
		t.Fatalf("%d captures in %s, %v", len(files), kernelDir(), err)
	}
	return files
}

// TestKernelCaptures reads what tcpdump wrote on a real kernel: each packet is the segment that the recorder of the scenario noted
// on its own, and there are no more and no fewer.
func TestKernelCaptures(t *testing.T) {
	for _, file := range captures(t) {
		t.Run(filepath.Base(file), func(t *testing.T) {
			c := parsed(t, []byte(read(t, file)))
			stem, onB := strings.CutSuffix(strings.TrimSuffix(file, ".pcap"), ".b")
			tr, without := readTrace(t, stem+".json")
			for _, p := range c.Packets {
				if p.Unread != "" {
					t.Errorf("packet %d is not understood: %s", p.N, p.Unread)
				}
			}
			if without {
				t.Skip("there is no record of its segments")
			}
			if tr.Raw == "A" {
				onB = true
			}
			side := "A"
			if onB {
				side = "B"
			}
			var got [2][]string
			for _, p := range c.Packets {
				way := 0
				if addr := map[string]string{"A": tr.A, "B": tr.B}[side]; p.Seg.Src.Addr().String() != addr {
					way = 1
				}
				got[way] = append(got[way], line(&p.Seg))
			}
			missed := 0
			for way, want := range tr.seen(side) {
				n := absent(want, got[way])
				missed += n
				if n < 0 || missed > holes[filepath.Base(file)] {
					t.Errorf("%s\n got  %s\n want %s", []string{"sent", "arrived"}[way], strings.Join(got[way], "\n      "), strings.Join(want, "\n      "))
				}
			}
		})
	}
}

// holes are the captures in which tcpdump missed some of the segments that the recorder saw, and how many.
var holes = map[string]int{"options-client-matrix.pcap": 2}

// absent returns how many of want are not in got, which must otherwise be the same in the same order; -1 when it is not.
func absent(want, got []string) int {
	n := 0
	for _, w := range want {
		if len(got) > 0 && got[0] == w {
			got = got[1:]
		} else {
			n++
		}
	}
	if len(got) > 0 {
		return -1
	}
	return n
}

// line is what the recorder noted of a segment.
func line(s *wire.Segment) string {
	ack := uint32(0)
	if s.Flags.Has(wire.ACK) {
		ack = uint32(s.Ack)
	}
	return fmt.Sprintf("%d>%d %s seq %d ack %d len %d win %d %s", s.Src.Port(), s.Dst.Port(), letters(s.Flags), s.Seq, ack, len(s.Payload), s.Window, timestamps(s.Options.String()))
}

// timestamps keeps of options what both sides write the same way.
func timestamps(options string) string {
	var keep []string
	for _, o := range strings.Split(options, ",") {
		if strings.Contains(o, "[") {
			continue // malformed
		}
		if strings.HasPrefix(o, "TS ") || strings.HasPrefix(o, "mss ") || strings.HasPrefix(o, "wscale ") || o == "sackOK" {
			keep = append(keep, o)
		}
	}
	return strings.Join(keep, ",")
}

func letters(f wire.Flags) string {
	var b strings.Builder
	for _, l := range []struct {
		flag wire.Flags
		text string
	}{{wire.FIN, "F"}, {wire.SYN, "S"}, {wire.RST, "R"}, {wire.PSH, "P"}, {wire.ACK, "."}, {wire.URG, "U"}, {wire.ECE, "E"}, {wire.CWR, "W"}} {
		if f.Has(l.flag) {
			b.WriteString(l.text)
		}
	}
	return b.String()
}

// seen is what a capture on a side must show: what it sent, and what arrived there, in the order of arrival.
func (tr *trace) seen(side string) (lines [2][]string) {
	type timed struct {
		at   float64
		line string
	}
	var arrived []timed
	for _, e := range tr.Events {
		if e.Kind != "seg" {
			continue
		}
		l := fmt.Sprintf("%d>%d %s seq %d ack %d len %d win %d %s", e.Sport, e.Dport, ordered(e.Flags), e.Seq, e.Ack, e.Len, e.Win, timestamps(strings.Join(e.Opts, ",")))
		switch {
		case e.Src == side && e.Fate != "injected":
			lines[0] = append(lines[0], l)
		case e.Src == side || e.Fate == "dropped":
		default:
			at := e.T
			if e.DelayMs != nil {
				at += *e.DelayMs / 1000
			}
			arrived = append(arrived, timed{at, l})
			if e.Fate == "duplicate" {
				arrived = append(arrived, timed{at, l})
			}
		}
	}
	slices.SortStableFunc(arrived, func(a, b timed) int { return cmp.Compare(a.at, b.at) })
	for _, a := range arrived {
		lines[1] = append(lines[1], a.line)
	}
	return lines
}

// ordered brings the letters of flags into one order.
func ordered(flags string) string {
	f := strings.Map(func(r rune) rune {
		if strings.ContainsRune("FSRP.UEW", r) {
			return r
		}
		return -1
	}, flags)
	s := []rune(f)
	slices.SortFunc(s, func(a, b rune) int { return strings.IndexRune("FSRP.UEW", a) - strings.IndexRune("FSRP.UEW", b) })
	if flags == "none" {
		return ""
	}
	return string(s)
}

// departures are the kernel's captures that the model of Linux must not follow to their ends, with the packets and the reasons:
// in them somebody wrote segments by hand that no TCP sends. All others are of Linux alone, and must be followed to their ends.
var departures = map[string]string{
	"fin-on-syn":                "1 bad-flags, 3 bad-flags, 4 bad-flags, 5 bad-flags",
	"old-duplicate-syn":         "2 wrong-ack",   // the SYN that it answers was forged behind the place of capture
	"old-duplicate-syn.b":       "7 wrong-state", // the old SYN
	"rst-exact-and-challenge.b": "4 wrong-seq",   // the RST that is not exact
	"syn-sent-bad-ack":          "5 unseen-ack",  // an ACK of a number that SYN-SENT has not sent
	"syncookie-wrong-ack":       "3 unseen-ack",  // a cookie that was not sent
}

// TestFollowKernel follows every conversation of the kernel's captures: what Linux sent, the model of Linux sends too, and what
// was written by hand is found. testdata/kernel.txt has what is expected of each capture in words.
func TestFollowKernel(t *testing.T) {
	var table strings.Builder
	for _, file := range captures(t) {
		name := strings.TrimSuffix(filepath.Base(file), ".pcap")
		c := parsed(t, []byte(read(t, file)))
		var got []string
		steps := 0
		fmt.Fprintf(&table, "%s: %d packets, %d conversations\n", name, len(c.Packets), len(c.Conversations))
		for i := range c.Conversations {
			r := c.Follow(i, tcp.Linux, tcp.Linux)
			steps += len(r.Steps)
			if r.Outcome != pcap.Follows {
				got = append(got, fmt.Sprintf("%d %s", r.Packet, r.Code))
				fmt.Fprintf(&table, "  packet %d %s, %s: %s [%s]\n", r.Packet, r.Outcome, r.Code, r.Reason, r.Rule)
				for _, s := range r.Expected {
					fmt.Fprintf(&table, "    instead: %s seq %d ack %d\n", s.Flags.Kind(), s.Seq, s.Ack)
				}
			}
		}
		if text := strings.Join(got, ", "); text != departures[name] {
			t.Errorf("%s: %q, want %q", name, text, departures[name])
		}
		if departures[name] == "" && steps != len(c.Packets) {
			t.Errorf("%s: %d steps of %d packets", name, steps, len(c.Packets))
		}
	}
	if os.Getenv("LAB_KERNEL_DIR") == "" {
		golden(t, "kernel.txt", table.String())
	}
}

// TestFollowOneSide follows each end of the kernel's captures alone, as if the other direction had not been captured.
func TestFollowOneSide(t *testing.T) {
	for _, file := range captures(t) {
		name := strings.TrimSuffix(filepath.Base(file), ".pcap")
		if departures[name] != "" {
			continue
		}
		whole := parsed(t, []byte(read(t, file)))
		for i := range whole.Conversations {
			talk := &whole.Conversations[i]
			for from := range engine.Server + 1 {
				half := newCapture(binary.LittleEndian, micro, 101)
				n := 0
				for _, index := range talk.Packets {
					if p := &whole.Packets[index]; talk.From(p) == from {
						b := packet(p.Seg)
						half.record(uint32(p.At/tcp.Second), uint32(p.At%tcp.Second), b, len(b))
						n++
					}
				}
				if n == 0 {
					continue
				}
				if r := parsed(t, half.b).Follow(0, tcp.Linux, tcp.Linux); r.Outcome != pcap.Follows || len(r.Steps) != n {
					t.Errorf("%s, conversation %d, the %v alone: packet %d of %d %v: %s", name, i, from, r.Packet, n, r.Outcome, r.Reason)
				}
			}
		}
	}
}
