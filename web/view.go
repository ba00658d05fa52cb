package web

import (
	"encoding/hex"
	"net/http"

	"github.com/handshakelab/lab/engine"
	"github.com/handshakelab/lab/engine/view"
	"github.com/handshakelab/lab/engine/wire"
	"github.com/handshakelab/lab/web/live"
)

// A viewRequest asks how an instant of a run looks to the tools of its hosts. The instant is where the scenario ends.
type viewRequest struct {
	Scenario string       `json:"scenario"`
	Vantage  string       `json:"vantage,omitempty"` // of tcpdump: "sender", "client" or "server"
	Segment  engine.SegID `json:"segment,omitempty"` // of which the bytes are wanted
}

// A viewAnswer is what they print.
type viewAnswer struct {
	At      int64        `json:"at"` // virtual time in microseconds
	Tcpdump dumpText     `json:"tcpdump"`
	Hosts   [2]hostText  `json:"hosts"` // client, server
	Segment *segmentText `json:"segment,omitempty"`
}

type dumpText struct {
	Relative string `json:"relative"` // tcpdump -nn
	Absolute string `json:"absolute"` // tcpdump -nn -S
}

type hostText struct {
	SS      string `json:"ss"`   // ss -tan
	Info    string `json:"info"` // ss -tin
	Proc    string `json:"proc"` // /proc/net/tcp, and /proc/net/tcp6 where the hosts talk IPv6
	Nstat   string `json:"nstat"`
	Current int    `json:"current"` // TcpCurrEstab, which nstat leaves out
}

type segmentText struct {
	Hex   string     `json:"hex"`
	Parts []partText `json:"parts"` // in the order of the bytes, without gaps
}

type partText struct {
	Name  string `json:"name"`
	From  int    `json:"from"`
	To    int    `json:"to"` // not included
	Value string `json:"value"`
}

// view answers POST api/view. It keeps nothing: the scenario is played again from its beginning.
func (s *Site) view(w http.ResponseWriter, r *http.Request) error {
	var q viewRequest
	if err := readJSON(r, &q); err != nil {
		return err
	}
	at := view.AtSenders
	if q.Vantage != "" {
		v, ok := view.ParseVantage(q.Vantage)
		if !ok {
			return &Error{Status: http.StatusBadRequest, Code: "bad_field", Message: "The vantage must be sender, client or server."}
		}
		at = v
	}
	tl, fault := s.hub.Play(r.Context(), &live.OpenCommand{ID: 1, Scenario: q.Scenario})
	if fault != nil {
		return &Error{Status: http.StatusUnprocessableEntity, Code: fault.Code, Message: "The run cannot be played again: " + fault.Message + "."}
	}
	events := tl.History(tl.At())
	world := tl.Now()
	v := view.At(world, events)
	answer := viewAnswer{
		At:      int64(world.Now()),
		Tcpdump: dumpText{Relative: view.Tcpdump(events, at, false), Absolute: view.Tcpdump(events, at, true)},
		Segment: segmentOf(events, q.Segment),
	}
	setup := world.Setup()
	for _, h := range []engine.HostID{engine.Client, engine.Server} {
		proc := v.ProcTCP(h)
		if setup.Hosts[h].Addr.Addr().Is6() {
			proc = v.ProcTCP6(h)
		}
		answer.Hosts[h] = hostText{SS: v.SS(h), Info: v.SSInfo(h), Proc: proc, Nstat: v.Nstat(h), Current: v.CurrEstab(h)}
	}
	writeJSON(w, http.StatusOK, answer)
	return nil
}

// segmentOf is the bytes of a segment as it was last seen, nil when it was not sent.
func segmentOf(events []engine.Event, id engine.SegID) *segmentText {
	var seg *wire.Segment
	for i := range events {
		if e := &events[i]; id != 0 && e.Seg == id && e.Wire != nil {
			seg = e.Wire
		}
	}
	if seg == nil {
		return nil
	}
	b, parts := seg.Anatomy()
	text := &segmentText{Hex: hex.EncodeToString(b)}
	for _, p := range parts {
		text.Parts = append(text.Parts, partText(p))
	}
	return text
}
