// Package differential holds the engine's TCP beside another one, gVisor's netstack: the same segments to both in the same
// states, and each difference in a table with its reason. It is a module of its own so that its weight stays here.
package differential

import (
	"bytes"
	"context"
	"net/netip"
	"runtime"
	"testing"

	"gvisor.dev/gvisor/pkg/buffer"
	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/faketime"
	"gvisor.dev/gvisor/pkg/tcpip/header"
	"gvisor.dev/gvisor/pkg/tcpip/link/channel"
	"gvisor.dev/gvisor/pkg/tcpip/network/ipv4"
	"gvisor.dev/gvisor/pkg/tcpip/stack"
	gvisor "gvisor.dev/gvisor/pkg/tcpip/transport/tcp"
	"gvisor.dev/gvisor/pkg/waiter"

	"github.com/handshakelab/lab/engine/wire"
)

// The two ends: ours is the host under test, the peer's segments are written by hand.
var (
	self = netip.MustParseAddrPort("10.77.0.2:80")
	peer = netip.MustParseAddrPort("10.77.0.1:10000")
)

const markerPort = 9999

// A netstack is gVisor's TCP with a listener on the port of self, the clock standing still, and a link whose other end is a
// queue. The stack works in goroutines of its own: to know that it has nothing more to say, a marker goes behind each
// segment, on another connection, that it must answer; one goroutine takes them in order.
type netstack struct {
	t        testing.TB
	stack    *stack.Stack
	link     *channel.Endpoint
	listener tcpip.Endpoint
	queue    waiter.Queue
	marker   wire.Segment
	peers    uint16 // that there were
	port     uint16 // local port that was used last
}

func newNetstack(t testing.TB) *netstack {
	procs := runtime.GOMAXPROCS(1) // as many goroutines as take segments
	n := &netstack{t: t, stack: stack.New(stack.Options{
		NetworkProtocols:   []stack.NetworkProtocolFactory{ipv4.NewProtocol},
		TransportProtocols: []stack.TransportProtocolFactory{gvisor.NewProtocol},
		Clock:              faketime.NewManualClock(),
	}), port: 1024}
	runtime.GOMAXPROCS(procs)
	n.link = channel.New(1024, 1500, "")
	address := tcpip.ProtocolAddress{Protocol: ipv4.ProtocolNumber, AddressWithPrefix: tcpip.AddrFrom4(self.Addr().As4()).WithPrefix()}
	n.must(n.stack.CreateNIC(1, n.link))
	n.must(n.stack.AddProtocolAddress(1, address, stack.AddressProperties{}))
	n.stack.SetRouteTable([]tcpip.Route{{Destination: header.IPv4EmptySubnet, NIC: 1}})
	n.must(n.stack.SetOption(stack.TCPInvalidRateLimitOption(0))) // every wrong segment is answered
	n.listener = n.endpoint()
	n.must(n.listener.Bind(tcpip.FullAddress{NIC: 1, Port: self.Port()}))
	n.must(n.listener.Listen(1 << 16))

	from := netip.AddrPortFrom(peer.Addr(), markerPort)
	n.inject(wire.Segment{Src: from, Dst: self, Seq: 999, Flags: wire.SYN})
	answer, _ := n.read()
	n.marker = wire.Segment{Src: from, Dst: self, Seq: 1000, Ack: answer.Seq + 1, Flags: wire.ACK}
	n.inject(n.marker)
	n.marker.Seq-- // from now on one too low, which is always acknowledged
	n.settle()
	n.accept(from)
	return n
}

func (n *netstack) must(err tcpip.Error) {
	n.t.Helper()
	if err != nil {
		n.t.Fatal(err)
	}
}

func (n *netstack) endpoint() tcpip.Endpoint {
	ep, err := n.stack.NewEndpoint(gvisor.ProtocolNumber, ipv4.ProtocolNumber, &n.queue)
	n.must(err)
	return ep
}

func (n *netstack) inject(s wire.Segment) {
	s.Window, s.TTL = 65535, 64
	pkt := stack.NewPacketBuffer(stack.PacketBufferOptions{Payload: buffer.MakeWithData(s.AppendIPv4(nil))})
	n.link.InjectInbound(ipv4.ProtocolNumber, pkt)
	pkt.DecRef()
}

// read waits for the next segment that the stack sends.
func (n *netstack) read() (wire.Segment, bool) {
	pkt := n.link.ReadContext(context.Background())
	if pkt == nil {
		return wire.Segment{}, false
	}
	defer pkt.DecRef()
	s, err := wire.ParseIPv4(bytes.Clone(pkt.ToView().AsSlice()))
	if err != nil {
		n.t.Fatal(err)
	}
	return s, true
}

// settle returns what the stack sends until it has nothing more to say. What a segment leaves for a connection to do, as after
// a handshake, goes behind the marker, and again behind it when somebody else holds the connection: so it is asked until it was
// silent several times.
func (n *netstack) settle() []wire.Segment {
	var sent []wire.Segment
	for silent := 0; silent < 4; silent++ {
		n.inject(n.marker)
		for {
			s, ok := n.read()
			if !ok {
				n.t.Fatal("the link is closed")
			}
			if s.Dst.Port() == markerPort {
				break
			}
			sent, silent = append(sent, s), -1
		}
	}
	return sent
}

// accept returns the listener's connection with a peer; those that nobody wanted come before it.
func (n *netstack) accept(remote netip.AddrPort) tcpip.Endpoint {
	for {
		ep, _, err := n.listener.Accept(nil)
		n.must(err)
		if a, err := ep.GetRemoteAddress(); err == nil && a.Port == remote.Port() && a.Addr == tcpip.AddrFrom4(remote.Addr().As4()) {
			return ep
		}
	}
}

// state is the state of the connection between two ends, of the listener when there is no connection, or CLOSED.
func (n *netstack) state(local, remote netip.AddrPort) string {
	ep := n.stack.FindTransportEndpoint(ipv4.ProtocolNumber, gvisor.ProtocolNumber, stack.TransportEndpointID{
		LocalAddress: tcpip.AddrFrom4(local.Addr().As4()), LocalPort: local.Port(),
		RemoteAddress: tcpip.AddrFrom4(remote.Addr().As4()), RemotePort: remote.Port(),
	}, 1)
	if ep, ok := ep.(tcpip.Endpoint); ok {
		switch s := gvisor.EndpointState(ep.State()).String(); s {
		case "SYN-RCVD":
			return "SYN-RECEIVED"
		case "FIN-WAIT1", "FIN-WAIT2":
			return s[:8] + "-" + s[8:]
		default:
			return s
		}
	}
	return "CLOSED"
}

// listening reports whether the listener is on a port.
func (n *netstack) listening(local netip.AddrPort) bool { return local == self }
