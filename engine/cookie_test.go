package engine_test

import (
	"testing"

	"github.com/handshakelab/lab/engine"
	"github.com/handshakelab/lab/engine/rule"
	"github.com/handshakelab/lab/engine/script"
	"github.com/handshakelab/lab/engine/wire"
)

// TestCookieParts: the parts that the run tells of a SYN cookie add up to the number in the SYN-ACK, and the bits of the
// timestamp say what the SYN offered.
func TestCookieParts(t *testing.T) {
	for _, c := range []struct {
		client            string
		index             int64 // of the MSS
		stamped           bool
		scale, sack, ecns int64
	}{
		{"isn 1000", 3, true, 10, 1, 0},
		{"isn 4294967295 mss 1300", 1, true, 10, 1, 0},
		{"isn 5 mss 100 wscale off", 0, true, 15, 1, 0},
		{"isn 5 sack off wscale 2 ecn 1", 3, true, 2, 0, 1},
		{"isn 5 timestamps off", 3, false, 0, 0, 0},
	} {
		sc, list := script.Parse("client " + c.client + " profile linux\nserver profile linux syncookies 2\nserver listen\nwait 3min\nclient connect\nstep\n")
		if list != nil {
			t.Fatal(list)
		}
		w, events, list := script.Run(sc)
		if list != nil {
			t.Fatal(list)
		}
		var sum, ts, sent *engine.Event
		for i := range events {
			switch e := &events[i]; {
			case e.Rule == rule.CookieSum:
				sum = e
			case e.Rule == rule.CookieTimestamp:
				ts = e
			case e.Kind == engine.Sent && e.Wire.Flags == wire.SYN|wire.ACK|e.Wire.Flags&wire.ECE:
				sent = e
			}
		}
		if sum == nil || sent == nil || (ts != nil) != c.stamped {
			t.Fatalf("%s: sum %v, timestamp %v, segment %v at %v", c.client, sum, ts, sent, w.Now())
		}
		got := uint32(sum.Args[0] + sum.Args[1] + sum.Args[2]<<24 + sum.Args[3])
		if got != uint32(sent.Wire.Seq) || sum.Args[2] != 3 {
			t.Errorf("%s: the parts %v add up to %d, the SYN-ACK has %d", c.client, sum.Args, got, sent.Wire.Seq)
		}
		if sent.Args[1] != c.index {
			t.Errorf("%s: MSS number %d, want %d", c.client, sent.Args[1], c.index)
		}
		if !c.stamped {
			continue
		}
		bits := int64(sent.Wire.Options.Parse().TSVal-uint32(ts.Args[0])) & 63
		if want := c.scale | c.sack<<4 | c.ecns<<5; bits != want || ts.Args[1] != c.scale || ts.Args[2] != c.sack || ts.Args[3] != c.ecns {
			t.Errorf("%s: bits %06b and %v, want %06b", c.client, bits, ts.Args, want)
		}
	}
}

// An ACK that may bring a cookie back is taken apart as well, a right one and a wrong one, and the parts add up to its number.
func TestCookieOpenedAgain(t *testing.T) {
	sc, list := script.Parse("client isn 1000 profile linux\nserver profile linux syncookies 2\nserver listen\nwait 3min\nclient connect\nstep until ACK arrived\nforge to server ACK sport=7 seq=501 ack=77\nstep\n")
	if list != nil {
		t.Fatal(list)
	}
	_, events, list := script.Run(sc)
	if list != nil {
		t.Fatal(list)
	}
	sums := map[engine.SegID]*engine.Event{}
	stamps, opened := 0, 0
	for i := range events {
		switch e := &events[i]; {
		case e.Rule == rule.CookieSum:
			sums[e.Seg] = e
		case e.Rule == rule.CookieTimestamp:
			stamps++
		case e.Rule == rule.CookieGood && e.Kind == engine.Checked:
			sum := sums[e.Seg]
			if sum == nil {
				t.Fatalf("nothing tells what the cookie of %v is the sum of", e.Seg)
			}
			if got := uint32(sum.Args[0] + sum.Args[1] + sum.Args[2]<<24 + sum.Args[3]); int64(got) != e.Args[0] {
				t.Errorf("the parts %v add up to %d, the cookie is %d", sum.Args, got, e.Args[0])
			}
			if e.OK && sum.Args[1] != 1000 || !e.OK && sum.Args[1] != 500 {
				t.Errorf("the client's number is %d", sum.Args[1])
			}
			opened++
		}
	}
	if opened != 2 || stamps != 2 {
		t.Errorf("%d cookies were brought back and %d timestamps told of, want 2 and 2", opened, stamps)
	}
}
