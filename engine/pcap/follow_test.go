package pcap_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/handshakelab/lab/engine"
	"github.com/handshakelab/lab/engine/pcap"
	"github.com/handshakelab/lab/engine/tcp"
	"github.com/handshakelab/lab/engine/wire"
)

// TestFollowLabs follows the runs of the engine's notebook as if they were captured by somebody else: what the model sent by
// itself, on both sides, is what the model would have sent. Only what a learner forged or edited may depart from it.
func TestFollowLabs(t *testing.T) {
	var table strings.Builder
	for _, l := range labs(t) {
		byHand := slices.ContainsFunc(l.Events, func(e engine.Event) bool { return e.Kind == engine.Forged || e.Kind == engine.Edited })
		c := parsed(t, written(t, l.Run))
		for i := range c.Conversations {
			talk := &c.Conversations[i]
			var profiles [2]tcp.Profile
			for h := range profiles {
				profiles[h], _ = tcp.ProfileByName(l.Scenario.Setup.Hosts[h].Profile)
			}
			if talk.Client != l.Scenario.Setup.Hosts[engine.Client].Addr {
				profiles[0], profiles[1] = profiles[1], profiles[0]
			}
			r := c.Follow(i, profiles[engine.Client], profiles[engine.Server])
			if r.Outcome == pcap.Follows {
				if len(r.Steps) != len(talk.Packets) {
					t.Errorf("%s: %d steps of %d packets", l.name, len(r.Steps), len(talk.Packets))
				}
				continue
			}
			fmt.Fprintf(&table, "%s, on the %s: packet %d %v, %s: %s\n", l.name, c.Interfaces[talk.Interface].Name, r.Packet, r.Outcome, r.Code, r.Reason)
			if !byHand {
				t.Errorf("%s: packet %d is the model's own, and %v, %s: %s", l.name, r.Packet, r.Outcome, r.Code, r.Reason)
			}
		}
	}
	golden(t, "labs.txt", table.String())
}

var _ = wire.SYN
