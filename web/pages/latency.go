package pages

import (
	"strconv"

	"github.com/handshakelab/lab/engine/share"
	"github.com/handshakelab/lab/web/latency"
)

// LatencyData is the ways to begin, compared.
type LatencyData struct {
	Page
	Ways []latency.Way
}

// latencyAxis is the end of the axis in milliseconds: what takes longest at the longest round trip is still on it.
const latencyAxis = 1000

// percent is the place of a number of half round trips on the axis, at the round trip that the page shows at first.
func percent(halves int) string {
	return strconv.FormatFloat(float64(halves)*latency.DefaultRTT/2/latencyAxis*100, 'g', 5, 64) + "%"
}

// halfTrips is a number of half round trips in milliseconds, at the round trip that the page shows at first.
func halfTrips(n int) string { return strconv.Itoa(n*latency.DefaultRTT/2) + " ms" }

func roundTrips(n int) string { return plural(n, "round trip") }

// tripTimes is how a piece is called: "0 to 1 round trips".
func tripTimes(t latency.Trip) string {
	return strconv.Itoa(t.From/2) + " to " + roundTrips(t.To/2)
}

// runLink leads to the sandbox with the run that the times of a way come from.
func (l LatencyData) runLink(w *latency.Way) (string, error) {
	code, err := share.Encode(w.Scenario)
	return l.url("sandbox#s=" + code), err
}
