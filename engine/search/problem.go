package search

import (
	"fmt"

	"github.com/handshakelab/lab/engine"
	"github.com/handshakelab/lab/engine/diag"
	"github.com/handshakelab/lab/engine/script"
	"github.com/handshakelab/lab/engine/tcp"
	"github.com/handshakelab/lab/engine/wire"
)

// A Problem is two hosts and the programs of their applications.
type Problem struct {
	title    string
	setup    engine.Setup
	world    engine.World // before the first call
	programs [2][]tcp.Call
	msl      tcp.Time // no segment lives longer
}

// isnStep is how far apart the initial sequence numbers are that the set-up does not give: as if 4 ms lay between the
// connections (RFC 9293 section 3.4.1).
const isnStep = 1000

// Parse reads a scenario that a search can begin with and finds everything that is wrong with it. The Problem can only be used
// when no diagnostic is an error.
func Parse(src string) (*Problem, diag.List) {
	sc, list := script.Parse(src)
	if len(list.Errors()) > 0 {
		return nil, list
	}
	p, more := New(sc)
	return p, append(list, more...)
}

// New makes a Problem of a scenario of socket calls. The Problem can only be used when no diagnostic is an error.
func New(sc *script.Scenario) (*Problem, diag.List) {
	p := &Problem{title: sc.Title, setup: sc.Setup}
	var list diag.List
	report := func(line int, code, message, hint string) {
		list = append(list, diag.Diagnostic{Line: line, Col: 1, EndCol: 1, Severity: diag.Error, Code: code, Message: message, Hint: hint})
	}
	for i, a := range sc.Actions {
		if a.Kind != engine.Call {
			line := 0
			if i < len(sc.Lines) {
				line = sc.Lines[i]
			}
			report(line, "not-a-call", "a search takes socket calls only, and this is none: "+script.FormatAction(a), "leave it out: what the network and the timers do is what the search tries")
			continue
		}
		p.programs[a.Host] = append(p.programs[a.Host], a.Call)
	}
	if path := &p.setup.Path; path.Loss != [2]uint32{} || path.Duplicate != 0 || path.Jitter != 0 || path.Reorder != 0 || len(path.Rules)+len(path.Boxes) > 0 {
		report(1, "path-by-chance", "the path of a search has a delay only", "leave out loss, duplicate, reorder, jitter, rules and boxes: a search tries every loss and every copy by itself")
	}
	for h := range p.programs {
		if len(p.programs[h]) > maxCalls {
			report(1, "too-many", fmt.Sprintf("the program of a host has at most %d calls", maxCalls), "")
		}
		// Time stands still in a search, and a clock that makes initial numbers would too.
		isns := append([]wire.Seq(nil), p.setup.Hosts[h].ISNs...)
		if len(isns) == 0 {
			isns = append(isns, [2]wire.Seq{100, 300}[h])
		}
		for len(isns) < engine.MaxISNs {
			isns = append(isns, isns[len(isns)-1].Add(isnStep))
		}
		p.setup.Hosts[h].ISNs = isns
	}
	if len(list) > 0 {
		return nil, list
	}
	w, err := engine.New(p.setup)
	if err != nil {
		report(1, "bad-setup", err.Error(), "")
		return nil, list
	}
	p.world = w
	p.msl = tcp.Never
	for h := engine.Client; h <= engine.Server; h++ {
		host := w.Host(h)
		p.msl = min(p.msl, host.Profile().MSL)
	}
	return p, nil
}

// maxCalls is how many calls the program of a host may have.
const maxCalls = 100

// Unbroken returns the same problem for hosts that lack no protection.
func (p *Problem) Unbroken() *Problem {
	q := *p
	for h := range q.setup.Hosts {
		q.setup.Hosts[h].Options.Broken = 0
	}
	q.world, _ = engine.New(q.setup) // what was good before is good without
	return &q
}
