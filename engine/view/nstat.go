package view

import (
	"fmt"
	"strings"

	"github.com/handshakelab/lab/engine"
	"github.com/handshakelab/lab/engine/tcp"
)

// Counters returns the counters of a host.
func (v *View) Counters(h engine.HostID) Counters { return v.ledger.hosts[h].Counters }

// CurrEstab returns TcpCurrEstab of a host: how many of its connections are in ESTABLISHED or CLOSE-WAIT. It goes up and
// down and is no counter, so nstat never prints it.
func (v *View) CurrEstab(h engine.HostID) int {
	n := 0
	for _, t := range v.world.Hosts[h].Conns {
		if t.State == tcp.Established || t.State == tcp.CloseWait {
			n++
		}
	}
	return n
}

// Nstat returns what "nstat -a" prints on a host: the counters that are not zero.
func (v *View) Nstat(h engine.HostID) string {
	var b strings.Builder
	b.WriteString("#kernel\n")
	for c, n := range v.Counters(h) {
		if n > 0 {
			fmt.Fprintf(&b, "%-32s%-16d%6.1f\n", Counter(c), n, 0.0)
		}
	}
	return b.String()
}
