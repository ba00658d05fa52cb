package flood_test

import (
	"strings"
	"testing"

	"github.com/handshakelab/lab/web/flood"
)

func run(t *testing.T, p flood.Params) *flood.Result {
	t.Helper()
	r, err := flood.Run(p)
	if err != nil {
		t.Fatalf("%+v: %v", p, err)
	}
	return r
}

func TestWithoutCookies(t *testing.T) {
	r := run(t, flood.Params{Rate: 20, Backlog: 8})
	most := 0
	for i, s := range r.Samples {
		most = max(most, s.Queue)
		if i > 0 && s.At <= r.Samples[i-1].At {
			t.Fatalf("samples %d and %d are out of order", i-1, i)
		}
	}
	last := r.Last()
	if most != r.Room || r.Room < 8 || last.Dropped == 0 || last.Cookies != 0 || r.Cookie != nil {
		t.Errorf("most %d of %d, at the end %+v, cookie %v", most, r.Room, last, r.Cookie)
	}
	if len(r.Client.SYNs) < 4 || r.Client.SYNs[0] != int64(flood.Honest) {
		t.Errorf("the honest client: %+v", r.Client)
	}
	// 20 a second for ten seconds, those of the last delay still on their way, and the client's own
	if last.SYNs < 195 || last.SYNs > 215 {
		t.Errorf("%d SYNs arrived", last.SYNs)
	}
}

func TestWithCookies(t *testing.T) {
	r := run(t, flood.Params{Rate: 20, Backlog: 8, Cookies: true})
	last, c := r.Last(), r.Cookie
	if last.Dropped != 0 || last.Cookies == 0 || len(r.Client.SYNs) != 1 || r.Client.Connected != int64(flood.Honest)+100_000 || r.Client.Served != int64(flood.Honest)+150_000 {
		t.Fatalf("at the end %+v, client %+v", last, r.Client)
	}
	if c == nil || c.Number != c.Hash+c.ISN+c.Minute<<24+c.Low || c.ISN != 1000 || c.MSS != int(c.Table[c.Index]) || c.MSS != 1460 || !c.Stamp || c.Bits() != "011010" || !c.SACK || c.Scale != 10 || c.LowHash()+uint32(c.Index) != c.Low {
		t.Fatalf("cookie %+v", c)
	}
	if len(c.Rest()) != 33 || !strings.HasPrefix(c.Rest(), "00100101 ") || c.Minute != 37 {
		t.Errorf("rest %q", c.Rest())
	}
}

func TestNoFlood(t *testing.T) {
	r := run(t, flood.Params{Rate: 1, Backlog: 64})
	if r.Client.Connected != int64(flood.Honest)+100_000 || r.Last().Dropped != 0 {
		t.Errorf("%+v %+v", r.Client, r.Last())
	}
}

// TestBounds: the engine can carry what the bounds allow.
func TestBounds(t *testing.T) {
	for _, rate := range []int{flood.MinRate, 3, flood.MaxRate} {
		for _, backlog := range []int{flood.MinBacklog, flood.MaxBacklog} {
			for _, cookies := range []bool{false, true} {
				p := flood.Params{Rate: rate, Backlog: backlog, Cookies: cookies}
				if why := p.Check(); why != "" {
					t.Error(why)
				}
				r := run(t, p)
				for _, s := range r.Samples {
					if s.Queue > r.Room {
						t.Errorf("%+v: %d in a queue for %d", p, s.Queue, r.Room)
						break
					}
				}
				if !strings.HasPrefix(r.QueuePath(400, 100), "M0 100H") {
					t.Error(r.QueuePath(400, 100))
				}
			}
		}
	}
	for _, p := range []flood.Params{{Rate: 0, Backlog: 8}, {Rate: 51, Backlog: 8}, {Rate: 5, Backlog: 0}, {Rate: 5, Backlog: 65}} {
		if p.Check() == "" {
			t.Errorf("%+v passes", p)
		}
	}
}

func BenchmarkRun(b *testing.B) {
	for b.Loop() {
		if _, err := flood.Run(flood.Params{Rate: flood.MaxRate, Backlog: 16, Cookies: true}); err != nil {
			b.Fatal(err)
		}
	}
}
