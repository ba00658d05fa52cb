package engine

import (
	"slices"
	"strconv"
	"strings"

	"github.com/handshakelab/lab/engine/network"
	"github.com/handshakelab/lab/engine/tcp"
	"github.com/handshakelab/lab/engine/wire"
)

// Limits of a Setup.
const (
	MaxISNs     = 64                     // numbers in HostSetup.ISNs
	MinMSS      = 48                     // of Options.MSS
	MaxMSS      = 65495                  // what fits an IPv4 packet
	MaxScale    = 14                     // RFC 7323 section 2.3
	MinRTO      = tcp.Millisecond        // of Options.RTO
	MaxRTO      = 120 * tcp.Second       // of Options.RTO
	MaxRetries  = 127                    // of Options.SynRetries and SynLinear
	MaxUTO      = 24 * 3600 * tcp.Second // of Options.UTO, FinTimeout and FastOpenPause
	MaxFastOpen = 7                      // of Options.FastOpen
	maxClock    = 30 * 24 * 3600 * 1e6   // a run's time, in µs: longer than any learner waits
)

// check returns the first thing in s that cannot be.
func (s *Setup) check() error {
	for h := Client; h <= Server; h++ {
		if reason := s.Hosts[h].fault(); reason != "" {
			return &SetupError{h.String(), reason}
		}
	}
	if c, sv := s.Hosts[Client].Addr.Addr(), s.Hosts[Server].Addr.Addr(); c.Is4() != sv.Is4() {
		return &SetupError{"server", "client and server must both have IPv4 addresses or both IPv6 addresses"}
	}
	for i := range s.Path.Boxes {
		if err := s.boxFault(&s.Path.Boxes[i], i+1); err != nil {
			return err
		}
	}
	if s.Hosts[Client].Addr.Addr() == s.Hosts[Server].Addr.Addr() {
		return &SetupError{"server", "the server cannot have the address of the client, " + s.Hosts[Client].Addr.Addr().String()}
	}
	return nil
}

// boxFault returns why a box cannot stand between the hosts as number n, nil when it can.
func (s *Setup) boxFault(b *network.Box, n int) error {
	if b.Kind == network.Narrow && b.MTU < network.MinMTU6 && s.Hosts[Client].Addr.Addr().Is6() {
		return &SetupError{"path", "over IPv6 every link takes packets of at least " + strconv.Itoa(network.MinMTU6) + " bytes"}
	}
	for h := range s.Hosts {
		if a := s.Hosts[h].Addr.Addr(); a == wire.RouterAddr(uint8(n), a.Is6()) {
			return &SetupError{HostID(h).String(), "the address " + a.String() + " belongs to a box on the path"}
		}
	}
	return nil
}

func (h *HostSetup) fault() string {
	o := &h.Options
	addr := h.Addr.Addr()
	switch {
	case !addr.Is4() && !addr.Is6(), addr.Is4In6():
		return "the address must be an IPv4 or an IPv6 address"
	case addr.Zone() != "":
		return "the address must not have a zone"
	case !tcp.OneHost(addr):
		return addr.String() + " is not the address of one host"
	case h.Addr.Port() == 0:
		return "the port must be 1 to 65535"
	case len(h.ISNs) > MaxISNs:
		return "there can be at most " + strconv.Itoa(MaxISNs) + " initial sequence numbers"
	case o.MSS != 0 && (o.MSS < MinMSS || o.MSS > MaxMSS):
		return "the MSS must be " + strconv.Itoa(MinMSS) + " to " + strconv.Itoa(MaxMSS)
	case o.Scale.Set && o.Scale.V > MaxScale:
		return "the window scale must be 0 to " + strconv.Itoa(MaxScale)
	case o.Scale.Set && o.ScaleOff:
		return "the window scale is both set and off"
	case o.RTO != 0 && (o.RTO < MinRTO || o.RTO > MaxRTO):
		return "the retransmission timeout must be " + MinRTO.String() + " to " + MaxRTO.String()
	case o.ISN > tcp.ISNClock:
		return "there is no such generator of initial sequence numbers"
	case o.UTO < 0, o.UTO > MaxUTO, o.FinTimeout < 0, o.FinTimeout > MaxUTO, o.FastOpenPause < 0, o.FastOpenPause > MaxUTO:
		return "a time-out can be at most " + MaxUTO.String()
	case o.SynRetries.Set && o.SynRetries.V > MaxRetries, o.SynLinear.Set && o.SynLinear.V > MaxRetries:
		return "there can be at most " + strconv.Itoa(MaxRetries) + " retransmissions of a SYN"
	case o.Broken&^tcp.AllBroken != 0:
		return "a protection that is broken does not exist; there are " + strings.Join(tcp.BrokenNames(), ", ")
	}
	if _, ok := tcp.ProfileByName(h.Profile); !ok {
		return "there is no profile " + strconv.Quote(h.Profile) + "; there are " + strings.Join(tcp.ProfileNames(), ", ")
	}
	return ""
}

func (s *Setup) clone() Setup {
	c := *s
	c.Path.Rules = slices.Clone(s.Path.Rules)
	c.Path.Boxes = slices.Clone(s.Path.Boxes)
	for h := range c.Hosts {
		c.Hosts[h].ISNs = slices.Clone(s.Hosts[h].ISNs)
	}
	return c
}

// direction is the way to a host.
func direction(to HostID) network.Direction {
	if to == Server {
		return network.ToServer
	}
	return network.ToClient
}

func other(h HostID) HostID { return Server - h }
