package engine_test

import (
	"regexp"
	"testing"

	"pgregory.net/rapid"

	"github.com/handshakelab/lab/engine"
	"github.com/handshakelab/lab/engine/view"
)

var nonsense = regexp.MustCompile(`%!|[ :]-[02-9]|[ :]-1\d|NaN|Inf`)

// Whatever happens in a run, its views can be printed, say nothing that cannot be, and counters only go up.
func TestViewsOfAnyRun(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var past []engine.Event
		var before [2]view.Counters
		sent := [2]uint64{}
		anyRun(t, func(w *engine.World, _ []engine.Action, a engine.Action, events []engine.Event, err error) {
			past = append(past, events...)
			for _, e := range events {
				if e.Kind == engine.Sent {
					sent[e.Host]++
				}
			}
			v := view.At(w, past)
			for h := engine.Client; h <= engine.Server; h++ {
				text := v.SS(h) + v.SSInfo(h) + v.ProcTCP(h) + v.ProcTCP6(h) + v.Nstat(h)
				if bad := nonsense.FindString(text); bad != "" {
					t.Fatalf("%q in\n%s", bad, text)
				}
				now := v.Counters(h)
				for c, n := range now {
					if n < before[h][c] {
						t.Fatalf("%v went from %d to %d", view.Counter(c), before[h][c], n)
					}
				}
				before[h] = now
				if now[view.IpOutRequests]+now[view.Ip6OutRequests] != sent[h] || now[view.TcpOutSegs] > sent[h] {
					t.Fatalf("%d segments sent, %d and %d counted", sent[h], now[view.IpOutRequests]+now[view.Ip6OutRequests], now[view.TcpOutSegs])
				}
			}
		})
	})
}
