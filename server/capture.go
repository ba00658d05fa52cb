package main

import (
	"bufio"
	"bytes"
	"cmp"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"github.com/handshakelab/lab/engine"
	"github.com/handshakelab/lab/engine/pcap"
	"github.com/handshakelab/lab/engine/rule"
	"github.com/handshakelab/lab/engine/tcp"
	"github.com/handshakelab/lab/engine/wire"
)

// isCapture reports whether a file is a capture: its name says so, or its first bytes.
func isCapture(name string, b []byte) bool {
	return slices.Contains([]string{".pcap", ".pcapng", ".cap"}, filepath.Ext(name)) || pcap.Is(b)
}

// A followed conversation.
type followed struct {
	*pcap.Conversation
	pcap.Report
}

// captureFormats are the ways to print a capture that was not written by the lab.
var captureFormats = map[string]func(w io.Writer, c *pcap.Capture, all []followed){
	"tcpdump":          func(w io.Writer, c *pcap.Capture, all []followed) { printPackets(w, c, all, true) },
	"tcpdump-relative": func(w io.Writer, c *pcap.Capture, all []followed) { printPackets(w, c, all, false) },
	"ladder":           printFollowed,
}

// runCapture follows the conversations of a capture and prints it, with a mark at the first segment of each that the model of a profile
// would not have sent. err is why the capture could not be read to its end.
func (c *console) runCapture(read *pcap.Capture, err error, format string, p tcp.Profile) (int, error) {
	var all []followed
	var n [3]int
	for i := range read.Conversations {
		f := followed{&read.Conversations[i], read.Follow(i, p, p)}
		all = append(all, f)
		n[f.Outcome]++
	}
	out := bufio.NewWriter(c.stdout)
	captureFormats[format](out, read, all)
	if len(read.Packets) > 0 {
		fmt.Fprintf(out, "%s, %s held against %s: %d followed, %d departed, %d beyond the model\n",
			amount(len(read.Packets), "packet"), amount(len(all), "conversation"), p.Name, n[pcap.Follows], n[pcap.Departs], n[pcap.Beyond])
	}
	if err := out.Flush(); err != nil {
		return exitFailed, fmt.Errorf("cannot write the result: %w", err)
	}
	switch {
	case err != nil:
		return exitUsage, err
	case n[pcap.Departs] > 0:
		return exitFailed, nil
	case n[pcap.Beyond] > 0:
		return exitUnsupported, nil
	default:
		return exitOK, nil
	}
}

// amount returns "1 packet", "3 packets".
func amount(n int, what string) string {
	if n != 1 {
		what += "s"
	}
	return fmt.Sprintf("%d %s", n, what)
}

// printPackets prints a line for each packet, as tcpdump does.
func printPackets(w io.Writer, c *pcap.Capture, all []followed, absolute bool) {
	dump := wire.Dump{Absolute: absolute}
	for i := range c.Packets {
		p := &c.Packets[i]
		at := c.Start + int64(p.At)
		if p.Unread != "" {
			fmt.Fprintf(w, "%s packet %d: %s\n", clock(at), p.N, p.Unread)
			continue
		}
		if p.Seg.ICMP.Router == wire.OtherRouter {
			// The line of tcpdump has an address that a segment cannot keep.
			fmt.Fprintf(w, "%s packet %d: ICMP %s from %s about %s > %s, seq %d\n", clock(at), p.N,
				p.Seg.ICMP.Kind, p.Sayer, p.Seg.Src, p.Seg.Dst, p.Seg.Seq)
			continue
		}
		fmt.Fprintln(w, dump.Line(at, p.Seg))
		if f := &all[p.Conv]; f.Packet == p.N {
			printMark(w, f)
		}
	}
}

// clock is the time of the day of a time since 1970, in µs.
func clock(at int64) string {
	const day = 24 * 3600 * tcp.Second
	t := (engine.Time(at)%day + day) % day
	return fmt.Sprintf("%02d:%02d:%02d.%06d", t/(3600*tcp.Second), t/(60*tcp.Second)%60, t/tcp.Second%60, t%tcp.Second)
}

// printMark prints why a segment is not what the model would have sent.
func printMark(w io.Writer, f *followed) {
	fmt.Fprintf(w, "  ^ packet %d, %s: %s%s\n", f.Packet, f.Code, f.Reason, where(f.Rule))
	for i := range f.Expected {
		fmt.Fprintf(w, "    instead: %s\n", rfcText(&f.Expected[i]))
	}
}

// where is the place of a rule, in brackets.
func where(id rule.ID) string {
	r, ok := rule.Lookup(id)
	if !ok {
		return ""
	}
	return strings.TrimRight(" ["+r.Source+" "+r.Section, " ") + "]"
}

// printFollowed prints each conversation as a ladder: a line for each segment with the states of both sides behind it, as far as they
// have shown them, and how it came about.
func printFollowed(w io.Writer, c *pcap.Capture, all []followed) {
	for i := range all {
		f := &all[i]
		if i > 0 {
			fmt.Fprintln(w)
		}
		width := 0
		for _, index := range f.Packets {
			width = max(width, len(rfcText(&c.Packets[index].Seg)))
		}
		fmt.Fprintf(w, "%10s  %-12s  %-*s  %s\n", "", "client", width+8, f.Client.String()+" and "+f.Server.String(), "server")
		for n, index := range f.Packets {
			p := &c.Packets[index]
			arrow := "-->"
			if f.Conversation.From(p) == engine.Server {
				arrow = "<--"
			}
			states, why := [2]string{}, "not followed"
			if n < len(f.Steps) {
				s := &f.Steps[n]
				states, why = [2]string{s.States[engine.Client].String(), s.States[engine.Server].String()}, because(s)
			}
			line(w, seconds(p.At), states[engine.Client], arrow, fmt.Sprintf("%-*s", width, rfcText(&p.Seg)), states[engine.Server], why)
			if f.Packet == p.N {
				printMark(w, f)
			}
		}
	}
}

// because is how a segment came about.
func because(s *pcap.Step) string {
	said := cmp.Or(s.Call, map[string]string{
		pcap.ByAnswer:  "answer",
		pcap.ByTimer:   "sent again",
		pcap.ByAck:     "acknowledgment",
		pcap.ByProbe:   "probe",
		pcap.ByLearned: "begun before the capture",
		pcap.ByNetwork: "by the network",
	}[s.How])
	said += where(s.Rule)
	if len(s.Lost) > 0 {
		said += fmt.Sprintf(", if packets %s were lost", strings.Trim(fmt.Sprint(s.Lost), "[]"))
	}
	if s.Gap > 0 {
		said += fmt.Sprintf(", %d bytes before it were not captured", s.Gap)
	}
	return said
}

// readCapture reads a capture, and errors say of which file.
func readCapture(name string, b []byte) (*pcap.Capture, error) {
	read, err := pcap.Read(bytes.NewReader(b))
	if err != nil {
		err = fmt.Errorf("%s: %w", name, err)
	}
	return read, err
}
