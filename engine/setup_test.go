package engine_test

import (
	"errors"
	"net/netip"
	"strings"
	"testing"

	"github.com/handshakelab/lab/engine"
	"github.com/handshakelab/lab/engine/network"
	"github.com/handshakelab/lab/engine/tcp"
	"github.com/handshakelab/lab/engine/wire"
)

func TestNewRefuses(t *testing.T) {
	options := func(o tcp.Options) func(*engine.Setup) {
		return func(s *engine.Setup) { s.Hosts[1].Options = o }
	}
	for _, test := range []struct {
		name   string
		change func(*engine.Setup)
		want   string
	}{
		{"no address", func(s *engine.Setup) { s.Hosts[0].Addr = netip.AddrPort{} }, "client: the address must be an IPv4 address"},
		{"IPv6", func(s *engine.Setup) { s.Hosts[1].Addr = netip.MustParseAddrPort("[2001:db8::1]:80") }, "server: the address must be an IPv4 address"},
		{"multicast", func(s *engine.Setup) { s.Hosts[0].Addr = netip.MustParseAddrPort("224.0.0.1:80") }, "client: 224.0.0.1 is not the address of one host"},
		{"broadcast", func(s *engine.Setup) { s.Hosts[0].Addr = netip.MustParseAddrPort("255.255.255.255:80") }, "not the address of one host"},
		{"any", func(s *engine.Setup) { s.Hosts[0].Addr = netip.MustParseAddrPort("0.0.0.0:80") }, "not the address of one host"},
		{"port 0", func(s *engine.Setup) { s.Hosts[1].Addr = netip.MustParseAddrPort("192.0.2.2:0") }, "server: the port must be 1 to 65535"},
		{"same address", func(s *engine.Setup) { s.Hosts[1].Addr = netip.MustParseAddrPort("192.0.2.1:80") }, "address of the client, 192.0.2.1"},
		{"unknown profile", func(s *engine.Setup) { s.Hosts[1].Profile = "bsd" }, `server: there is no profile "bsd"; there are rfc9293, linux, linux-classic`},
		{"no profile", func(s *engine.Setup) { s.Hosts[0].Profile = "" }, `client: there is no profile ""`},
		{"many ISNs", func(s *engine.Setup) { s.Hosts[0].ISNs = make([]wire.Seq, 65) }, "at most 64"},
		{"a protection that is none", options(tcp.Options{Broken: tcp.AllBroken + 1}), "two-way-handshake, fixed-isn"},
		{"small MSS", options(tcp.Options{MSS: 47}), "48 to 65495"},
		{"big MSS", options(tcp.Options{MSS: 65496}), "48 to 65495"},
		{"big scale", options(tcp.Options{Scale: tcp.Some(uint8(15))}), "0 to 14"},
		{"scale on and off", options(tcp.Options{Scale: tcp.Some(uint8(7)), ScaleOff: true}), "both set and off"},
		{"short RTO", options(tcp.Options{RTO: 999}), "1ms to 120s"},
		{"long RTO", options(tcp.Options{RTO: 121 * tcp.Second}), "1ms to 120s"},
		{"negative RTO", options(tcp.Options{RTO: -1}), "1ms to 120s"},
		{"many retries", options(tcp.Options{SynRetries: tcp.Some(uint8(128))}), "at most 127"},
		{"many linear retries", options(tcp.Options{SynLinear: tcp.Some(uint8(128))}), "at most 127"},
		{"long delay", func(s *engine.Setup) { s.Path.Delay[1] = 61 * tcp.Second }, "path: a one-way delay is 0 to 60s"},
		{"bad rule", func(s *engine.Setup) { s.Path.Rules = []network.Rule{{}} }, "path: a rule drops, delays or duplicates"},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := lab()
			test.change(&s)
			_, err := engine.New(s)
			var fault *engine.SetupError
			if !errors.As(err, &fault) || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want ...%s...", err, test.want)
			}
			if _, err := engine.NewTimeline(s); err == nil {
				t.Error("NewTimeline takes it")
			}
		})
	}
}

// TestSetupIsCopied: who changes a set-up afterwards changes no run.
func TestSetupIsCopied(t *testing.T) {
	s := lab()
	s.Path.Rules = []network.Rule{{Verb: network.Drop, Flags: wire.FIN}}
	w := must(engine.New(s))
	before := w.Digest()
	s.Hosts[0].ISNs[0] = 7777
	s.Path.Rules[0].Flags = wire.SYN
	do(t, &w, connect)
	if f := w.Flying()[0]; f.Wire.Seq != 100 || f.Dies != engine.Never {
		t.Errorf("the run follows the changed set-up: %+v", f)
	}
	if must(engine.New(lab())).Digest() == before {
		t.Error("a rule of the path is not in the digest")
	}
}
