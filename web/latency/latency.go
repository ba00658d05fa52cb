// Package latency says when a request leaves, when the server sees it and when the first byte of the answer is back, for the ways
// in which a client can begin to talk to a server. The times of TCP come from runs of the engine; those of QUIC, which the lab does
// not have, from the RFCs.
package latency

import (
	"embed"
	"fmt"
	"strings"

	"github.com/handshakelab/lab/engine"
	"github.com/handshakelab/lab/engine/script"
	"github.com/handshakelab/lab/engine/tcp"
)

//go:embed *.lab
var files embed.FS

// Bounds of the round-trip time, and what a page shows at first, in milliseconds.
const MinRTT, MaxRTT, DefaultRTT = 5, 250, 100

// A Way is one way to begin. Its times are in half round trips from the first segment on, the time that a segment takes one way:
// they do not depend on how long that is.
type Way struct {
	ID       string
	Name     string
	When     string // what must be so for it, "" for nothing
	Leaves   int    // the request leaves the client
	Sees     int    // the server sees it
	First    int    // the first byte of the answer is back
	Trips    []Trip // what the time goes by for, without a gap from 0 to First
	Scenario string // the run that the times come from, "" for QUIC
}

// A Trip is a piece of the time before the first byte is back.
type Trip struct {
	From, To int    // in half round trips
	Kind     string // "tcp", "tls", "quic" or "request"
	Name     string
	Why      string
	Source   string // "RFC 8446 section 2"
}

// BeforeRequest is how many round trips pass before the request leaves.
func (w *Way) BeforeRequest() int { return w.Leaves / 2 }

const (
	whyTCP     = "The client may send when it has the SYN-ACK. Its ACK and its first text leave together."
	whyRequest = "Half a round trip there, half a round trip back. What the server needs to think comes on top."
)

func request(from int) Trip {
	return Trip{from, from + 2, "request", "Request and answer", whyRequest, ""}
}

var tcpHandshake = Trip{0, 2, "tcp", "TCP handshake", whyTCP, "RFC 9293 section 3.5"}

// ways without their times, which Load fills in where there is a run.
var ways = []Way{
	{ID: "tcp", Name: "TCP", Trips: []Trip{tcpHandshake, request(2)}},
	{ID: "tls12", Name: "TCP and TLS 1.2", Trips: []Trip{
		tcpHandshake,
		{2, 4, "tls", "Hellos and certificate", "The client learns which cipher suite the server chose, and its certificate, before it can send a key.", "RFC 5246 section 7.3"},
		{4, 6, "tls", "Keys and Finished", "Both sides show by Finished that they saw the same handshake. The client waits for that of the server.", "RFC 5246 section 7.4.9"},
		request(6),
	}},
	{ID: "tls13", Name: "TCP and TLS 1.3", Trips: []Trip{
		tcpHandshake,
		{2, 4, "tls", "Hellos with key shares", "The client sends a key share with its hello, so the server can already answer with its Finished. The client’s own goes with the request.", "RFC 8446 section 2"},
		request(4),
	}},
	{ID: "fastopen", Name: "TCP Fast Open", When: "with a cookie from an earlier connection", Trips: []Trip{
		{0, 2, "request", "Request in the SYN, and answer", "The cookie proves that the client owns its address, so the server gives the text of the SYN to the application at once. It may arrive twice.", "RFC 7413 section 4.2"},
	}},
	{ID: "quic", Name: "QUIC, 1-RTT", Leaves: 2, Sees: 3, First: 4, Trips: []Trip{
		{0, 2, "quic", "QUIC and TLS 1.3 handshake", "One handshake does both: the packets that open the connection carry the hellos of TLS. With a long certificate the server may have to wait until it knows the client’s address.", "RFC 9000 section 7"},
		request(2),
	}},
	{ID: "quic0", Name: "QUIC, 0-RTT", When: "with keys from an earlier connection", Leaves: 0, Sees: 1, First: 2, Trips: []Trip{
		{0, 2, "request", "Request in the first packets, and answer", "The client encrypts the request with a key that both know from before. Somebody may replay it, so it must do no harm twice.", "RFC 9001 section 4.6"},
	}},
}

// oneWay is the delay of the scenarios.
const oneWay = 50 * tcp.Millisecond

// Load plays the scenarios and returns all ways.
func Load() ([]Way, error) {
	list := make([]Way, len(ways))
	for i, w := range ways {
		if w.First == 0 {
			src, err := files.ReadFile(w.ID + ".lab")
			if err != nil {
				return nil, err
			}
			w.Scenario = string(src)
			if w.Leaves, w.Sees, w.First, err = Measure(w.Scenario, oneWay); err != nil {
				return nil, fmt.Errorf("%s.lab: %w", w.ID, err)
			}
		}
		if last := w.Trips[len(w.Trips)-1]; last.To != w.First {
			return nil, fmt.Errorf("%s: the first byte is back after %d half round trips, the reasons are for %d", w.ID, w.First, last.To)
		}
		list[i] = w
	}
	return list, nil
}

// Measure plays a scenario over a path with the given delay, and returns when the request leaves, arrives, and when the answer is
// back, in delays from the last call of connect on.
func Measure(source string, delay engine.Time) (leaves, sees, first int, err error) {
	sc, faults := script.Parse(source)
	if err := faults.Err(); err != nil {
		return 0, 0, 0, err
	}
	sc.Setup.Path.Delay = [2]engine.Time{delay, delay}
	_, events, faults := script.Run(sc)
	if err := faults.Err(); err != nil {
		return 0, 0, 0, err
	}
	var begin, left, seen, back engine.Time = 0, -1, -1, -1
	var request, answer engine.SegID
	for i := range events {
		switch e := &events[i]; {
		case e.Kind == engine.Called && strings.HasPrefix(e.Call, "connect"):
			begin = e.At
		case e.Kind == engine.Sent && e.Host == engine.Client && strings.Contains(e.Wire.Payload, "GET /"):
			left, request = e.At, e.Seg
		case e.Kind == engine.Sent && e.Host == engine.Server && strings.HasPrefix(e.Wire.Payload, "HTTP/1.1 200"):
			answer = e.Seg
		case e.Kind == engine.Arrived && e.Seg == request:
			seen = e.At
		case e.Kind == engine.Arrived && e.Seg == answer:
			back = e.At
		}
	}
	if left < 0 || seen < 0 || back < 0 {
		return 0, 0, 0, fmt.Errorf("no request and answer")
	}
	for _, m := range []struct {
		at engine.Time
		n  *int
	}{{left, &leaves}, {seen, &sees}, {back, &first}} {
		if (m.at-begin)%delay != 0 {
			return 0, 0, 0, fmt.Errorf("%v is no whole number of delays", m.at-begin)
		}
		*m.n = int((m.at - begin) / delay)
	}
	return leaves, sees, first, nil
}
