package view_test

import (
	"encoding/json"
	"math"
	"os"
	"regexp"
	"strconv"
	"testing"

	"github.com/handshakelab/lab/engine"
	"github.com/handshakelab/lab/engine/script"
	"github.com/handshakelab/lab/engine/view"
)

// rateStages are what was done when testdata/rates.json was recorded; each goes on from the one before.
var rateStages = []struct{ name, do string }{
	{"rates-opened", "client 192.0.2.10:52431 profile linux\nserver 198.51.100.20:80 profile linux\ndelay 50ms\nserver listen backlog 4\nclient connect\nwait 250ms\nserver accept\n"},
	{"rates-request", "client send 18\nwait 150ms\nserver recv 100\n"},
	{"rates-answered", "server send 40000\nwait 260ms\nclient recv\nwait 120ms\n"},
	{"rates-second-request", "client send 3000\nwait 150ms\nserver recv 5000\n"},
}

// rate finds what TestRates compares: those of a kernel are measured on a wire that is a little late, so they are as large up to 5 %.
var rate = regexp.MustCompile(`\b(pacing_rate|delivery_rate|send|busy|delivered|app_limited|rcv_space|minrtt)\b(?:[ :]([0-9.]+))?`)

// TestRates compares the rates, the busy time and whether the application was the limit with those of a real kernel.
func TestRates(t *testing.T) {
	b, err := os.ReadFile("testdata/rates.json")
	if err != nil {
		t.Fatal(err)
	}
	var real struct {
		Looks []struct{ State, Host, Text string }
	}
	if err := json.Unmarshal(b, &real); err != nil {
		t.Fatal(err)
	}
	text, compared := "", 0
	for _, stage := range rateStages {
		text += stage.do
		sc, diags := script.Parse(text)
		if len(diags) > 0 {
			t.Fatal(diags)
		}
		w, events, diags := script.Run(sc)
		if len(diags) > 0 {
			t.Fatal(diags)
		}
		for _, look := range real.Looks {
			if look.State != stage.name {
				continue
			}
			host := map[string]engine.HostID{"client": engine.Client, "server": engine.Server}[look.Host]
			got, want := rates(view.At(&w, events).SSInfo(host)), rates(look.Text)
			for name, n := range want {
				m, shown := got[name]
				if name == "rcv_space" && !shown {
					continue // it is shown while it is known
				}
				if !shown || math.Abs(m-n) > n*0.05 {
					t.Errorf("%s, %s: %s is %v (shown: %v), of the kernel %v", stage.name, look.Host, name, m, shown, n)
				}
				compared++
			}
			for name := range got {
				if _, there := want[name]; !there {
					t.Errorf("%s, %s: the kernel shows no %s", stage.name, look.Host, name)
				}
			}
		}
	}
	if compared < 40 {
		t.Errorf("%d values are compared", compared)
	}
}

// rates are the numbers that a line of "ss -i" shows; app_limited, which has none, is 0.
func rates(line string) map[string]float64 {
	found := map[string]float64{}
	for _, m := range rate.FindAllStringSubmatch(line, -1) {
		found[m[1]], _ = strconv.ParseFloat(m[2], 64)
	}
	return found
}

// TestRateOfALoss: what is sent again is sampled anew, what a SACK block names counts at once, and a rate that the application
// limited gives way to one that it did not.
func TestRateOfALoss(t *testing.T) {
	sc, diags := script.Parse(`client 192.0.2.1:54321 profile linux
server 192.0.2.2:80 profile linux
delay 50ms
server listen
client connect
step until server ESTABLISHED
client send 14480
drop #5
wait 190ms
`)
	if len(diags) > 0 {
		t.Fatal(diags)
	}
	for _, test := range []struct {
		more string
		want map[string]float64
	}{
		// Nine of the ten segments were there after a round trip: 9*1448*8/0.1.
		{"", map[string]float64{"delivery_rate": 1042560, "delivered": 10, "busy": 192}},
		// When the tenth went again five were known to be there, the SYN with them; a round trip later all eleven: 6*1448*8/0.1.
		{"wait 200ms\n", map[string]float64{"delivery_rate": 695040, "delivered": 11, "busy": 200}},
	} {
		full := sc.String() + test.more
		all, diags := script.Parse(full)
		if len(diags) > 0 {
			t.Fatal(diags)
		}
		w, events, _ := script.Run(all)
		got := rates(view.At(&w, events).SSInfo(engine.Client))
		for name, n := range test.want {
			if got[name] != n {
				t.Errorf("%q: %s is %v, want %v\n%s", test.more, name, got[name], n, view.At(&w, events).SSInfo(engine.Client))
			}
		}
	}
}
