package tcp

import "testing"

// TestCubicReno: on a short way the cubic curve would take two seconds to get back to the window of the last loss. RFC 9438 section 4.3:
// the window opens as fast as that of RFC 5681 with a factor of 0.7 would, by 3*(1-0.7)/(1+0.7) = 0.53 segments a round trip.
func TestCubicReno(t *testing.T) {
	const mss, rtt, rounds = 1000, 10 * Millisecond, 40
	c := TCB{Cwnd: 7 * mss, SendMSS: mss}
	c.cubic.lost(10)
	s := step{t: &c, p: &Linux, now: Second}
	for range rounds {
		s.now += rtt
		s.avoid(c.Cwnd / mss)
	}
	if got, want := float64(c.Cwnd)/mss, 7+0.53*rounds; got < want-3 || got > want+1 {
		t.Errorf("after %d round trips the window is %.0f segments, want about %.1f, counted in whole ones", rounds, got, want)
	}
}
