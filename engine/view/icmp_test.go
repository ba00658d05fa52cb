package view_test

import (
	"encoding/json"
	"maps"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/handshakelab/lab/engine"
	"github.com/handshakelab/lab/engine/script"
	"github.com/handshakelab/lab/engine/view"
)

// icmpRuns are what was done when testdata/icmp.json was recorded, over IPv4 and over IPv6.
var icmpRuns = map[string]string{
	"refused": `
client connect
drop SYN
forge to client ICMP port-unreachable SYN seq=100 options="mss 1460,sackOK,TS val 1 ecr 0,nop,wscale 10"
step until ICMP arrived
`,
	"errors": `
server listen
client connect
step until server ESTABLISHED
server accept
wait 50ms
rule drop every segment from client
client send 100
wait 20ms
forge to client ICMP host-unreachable ACK seq=101 QUOTE
forge to client ICMP time-exceeded ACK seq=101 QUOTE
forge to client ICMP admin-prohibited ACK seq=101 QUOTE
forge to client ICMP protocol-unreachable ACK seq=101 QUOTE
forge to client ICMP port-unreachable ACK seq=5000101 QUOTE
forge to client ICMP port-unreachable ACK seq=101 sport=999 QUOTE
wait 300ms
`,
	"too-big": `
server listen
client connect
step until server ESTABLISHED
server accept
wait 50ms
client send 1300
drop ACK
wait 20ms
forge to client ICMP too-big MTU ACK seq=101 options="nop,nop,TS val 1 ecr 1" payload=LONG
step until quiet
server recv
`,
}

// overBoth returns a run of icmpRuns over IPv4 and over IPv6.
func overBoth(do string) [2]string {
	const path = "delay 10ms\n"
	quote := `options="nop,nop,TS val 1 ecr 1" payload="` + strings.Repeat("x", 100) + `"`
	four := strings.NewReplacer("MTU", "600", "QUOTE", quote, "LONG", `"`+strings.Repeat("x", 1300)+`"`)
	six := strings.NewReplacer("MTU", "1280", "QUOTE", quote, "LONG", `"`+strings.Repeat("x", 1300)+`"`)
	return [2]string{
		"client 192.0.2.10:52431 profile linux isn 100\nserver 198.51.100.20:80 profile linux\n" + path + four.Replace(do),
		"client [2001:db8::10]:52431 profile linux isn 100\nserver [2001:db8:1::20]:80 profile linux\n" + path + six.Replace(do),
	}
}

// TestICMPCounters compares what nstat counts of ICMP errors, and of IPv6, with a real kernel.
func TestICMPCounters(t *testing.T) {
	b, err := os.ReadFile("testdata/icmp.json")
	if err != nil {
		t.Fatal(err)
	}
	var real struct {
		Runs map[string]map[string]map[string]uint64
	}
	if err := json.Unmarshal(b, &real); err != nil {
		t.Fatal(err)
	}
	for name, do := range icmpRuns {
		for version, of := range []string{name, name + "-ipv6"} {
			sc, diags := script.Parse(overBoth(do)[version])
			if len(diags) > 0 {
				t.Fatal(diags)
			}
			w, events, diags := script.Run(sc)
			if len(diags) > 0 {
				t.Fatalf("%s: %v", of, diags)
			}
			v := view.At(&w, events)
			for h, side := range []string{"A", "B"} {
				want := real.Runs[of][side]
				// The receive path of the kernel has counters of its own.
				delete(want, "TcpExtTCPHPHits")
				delete(want, "TcpExtTCPRcvCoalesce")
				got := map[string]uint64{}
				for c, n := range v.Counters(engine.HostID(h)) {
					if n > 0 {
						got[view.Counter(c).String()] = n
					}
				}
				if name == "too-big" {
					// What goes again is one packet to the kernel's IP, for the card to cut.
					for _, m := range []map[string]uint64{got, want} {
						maps.DeleteFunc(m, func(c string, _ uint64) bool { return strings.HasPrefix(c, "Ip") && strings.Contains(c, "Out") })
					}
				}
				if d := cmp.Diff(want, got); d != "" {
					t.Errorf("%s, %v (-kernel +view)\n%s", of, engine.HostID(h), d)
				}
			}
		}
	}
}
