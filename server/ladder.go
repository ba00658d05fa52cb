package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/handshakelab/lab/engine"
	"github.com/handshakelab/lab/engine/tcp"
	"github.com/handshakelab/lab/engine/wire"
)

// A rung is a segment on its way: when it was at either end, or that it never got there.
type rung struct {
	seg      wire.Segment
	to       engine.HostID
	sent, at engine.Time // at is Never when it has not arrived
	lost     bool
	injected bool // a box half way sent it
}

// printLadder prints the run as the figures of RFC 9293 section 3.5 show theirs: a line for each segment with the states of
// both sides, the sender's after sending and the receiver's after it has arrived, and the times.
func printLadder(w io.Writer, events []engine.Event) {
	var rungs []*rung
	bySegment := map[engine.SegID]*rung{}
	for i := range events {
		e := &events[i]
		switch e.Kind {
		case engine.Sent, engine.Forged, engine.Duplicated, engine.Injected:
			r := &rung{seg: *e.Wire, to: e.Toward, sent: e.At, at: tcp.Never, injected: e.Kind == engine.Injected}
			rungs = append(rungs, r)
			bySegment[e.Seg] = r
		case engine.Edited:
			bySegment[e.Seg].seg = *e.Wire
		case engine.Arrived:
			bySegment[e.Seg].at = e.At
		case engine.Lost:
			bySegment[e.Seg].lost = true
		}
	}
	fmt.Fprintf(w, "%10s  %-12s  %-49s %s\n", "", "client", "", "server")
	for _, r := range rungs {
		from, to := stateAt(events, engine.Server-r.to, r.sent), ""
		if r.injected {
			from = "(box)"
		}
		arrival := "on its way"
		switch {
		case r.at != tcp.Never:
			to, arrival = stateAt(events, r.to, r.at), seconds(r.at)
		case r.lost:
			arrival = "lost"
		}
		if r.to == engine.Server {
			line(w, seconds(r.sent), from, "-->", rfcText(&r.seg), to, arrival)
		} else {
			line(w, arrival, to, "<--", rfcText(&r.seg), from, seconds(r.sent))
		}
	}
}

func line(w io.Writer, left, client, arrow, text, server, right string) {
	fmt.Fprintln(w, strings.TrimRight(fmt.Sprintf("%10s  %-12s  %s %-40s %s  %-12s  %s", left, client, arrow, text, arrow, server, right), " "))
}

func seconds(t engine.Time) string {
	return fmt.Sprintf("%d.%06d", t/tcp.Second, t%tcp.Second)
}

// stateAt is the state of a host after all that happened up to a time.
func stateAt(events []engine.Event, host engine.HostID, at engine.Time) string {
	state := tcp.Closed
	for i := range events {
		if e := &events[i]; e.At > at {
			break
		} else if e.Kind == engine.Changed && e.Host == host {
			state = e.To
		}
	}
	return state.String()
}

// rfcText is a segment as the RFC writes it: <SEQ=300><ACK=101><CTL=SYN,ACK>.
func rfcText(s *wire.Segment) string {
	if s.ICMP.Kind != wire.NoICMP {
		return fmt.Sprintf("ICMP %s <SEQ=%d>", s.ICMP.Kind, s.Seq)
	}
	text := fmt.Sprintf("<SEQ=%d>", s.Seq)
	if s.Flags.Has(wire.ACK) {
		text += fmt.Sprintf("<ACK=%d>", s.Ack)
	}
	text += "<CTL=" + s.Flags.String() + ">"
	if len(s.Payload) > 0 {
		text += fmt.Sprintf("<DATA=%d>", len(s.Payload))
	}
	return text
}
