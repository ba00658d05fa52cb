package latency_test

import (
	"testing"

	"github.com/handshakelab/lab/engine"
	"github.com/handshakelab/lab/engine/tcp"
	"github.com/handshakelab/lab/web/latency"
)

// TestWays: what the engine measures, in half round trips.
func TestWays(t *testing.T) {
	ways, err := latency.Load()
	if err != nil {
		t.Fatal(err)
	}
	want := map[string][3]int{"tcp": {2, 3, 4}, "tls12": {6, 7, 8}, "tls13": {4, 5, 6}, "fastopen": {0, 1, 2}, "quic": {2, 3, 4}, "quic0": {0, 1, 2}}
	if len(ways) != len(want) {
		t.Fatalf("%d ways", len(ways))
	}
	for _, w := range ways {
		if got := [3]int{w.Leaves, w.Sees, w.First}; got != want[w.ID] {
			t.Errorf("%s: %v, want %v", w.ID, got, want[w.ID])
		}
		at := 0
		for _, trip := range w.Trips {
			if trip.From != at || trip.To <= at || trip.Why == "" || trip.Source == "" && trip.Name != "Request and answer" {
				t.Errorf("%s: the trip %+v does not begin at %d, or has no reason", w.ID, trip, at)
			}
			at = trip.To
		}
		if last := w.Trips[len(w.Trips)-1]; last.Kind != "request" || last.From != w.Leaves {
			t.Errorf("%s: the request leaves at %d, its trip is %+v", w.ID, w.Leaves, last)
		}
	}
}

// TestLinear: the page counts in half round trips, so the engine must find the same number of them for every delay it offers.
func TestLinear(t *testing.T) {
	ways, err := latency.Load()
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range ways {
		if w.Scenario == "" {
			continue
		}
		for _, rtt := range []engine.Time{latency.MinRTT, 17, latency.DefaultRTT, latency.MaxRTT} {
			leaves, sees, first, err := latency.Measure(w.Scenario, rtt*tcp.Millisecond/2)
			if err != nil || leaves != w.Leaves || sees != w.Sees || first != w.First {
				t.Errorf("%s with a round trip of %d ms: %d %d %d %v", w.ID, rtt, leaves, sees, first, err)
			}
		}
	}
}
