package view

import (
	"strings"

	"github.com/handshakelab/lab/engine"
	"github.com/handshakelab/lab/engine/wire"
)

// A Vantage is where tcpdump listens.
type Vantage uint8

// The vantages. At the senders all segments are seen as their hosts sent them, also those that never arrive, and what the learner
// forges when it comes on the wire; copies that the path makes are not. At a host what it sends is seen, and what reaches it, as
// it is then.
const (
	AtSenders Vantage = iota
	AtClient
	AtServer
)

var vantageNames = [...]string{"sender", "client", "server"}

// String returns "sender", "client" or "server".
func (v Vantage) String() string { return vantageNames[v] }

// ParseVantage reads what String prints.
func ParseVantage(name string) (Vantage, bool) {
	for v, n := range vantageNames {
		if n == name {
			return Vantage(v), true
		}
	}
	return 0, false
}

// Tcpdump returns what "tcpdump -nn" prints of a run, or with absolute "tcpdump -nn -S". Its clock begins at midnight.
func Tcpdump(events []engine.Event, at Vantage, absolute bool) string {
	var b strings.Builder
	dump := wire.Dump{Absolute: absolute}
	segments := map[engine.SegID]*wire.Segment{}
	for i := range events {
		e := &events[i]
		switch e.Kind {
		case engine.Sent, engine.Forged, engine.Duplicated, engine.Edited, engine.Injected:
			segments[e.Seg] = e.Wire
		}
		seen := false
		switch e.Kind {
		case engine.Sent:
			seen = at == AtSenders || at.String() == e.Host.String()
		case engine.Forged, engine.Injected:
			seen = at == AtSenders
		case engine.Arrived:
			seen = at.String() == e.Host.String()
		}
		if seen {
			b.WriteString(dump.Line(int64(e.At), *segments[e.Seg]))
			b.WriteByte('\n')
		}
	}
	return b.String()
}
