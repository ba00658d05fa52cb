package network

import (
	"github.com/handshakelab/lab/engine/rule"
	"github.com/handshakelab/lab/engine/wire"
)

// proxyPhase is how far a SYN proxy is with a connection (RFC 4987 section 3.8).
type proxyPhase uint8

const (
	proxyAsks    proxyPhase = iota + 1 // the client has a SYN-ACK of the proxy
	proxyConnect                       // the client's ACK has come, the server has a SYN of the proxy
	proxyOpen                          // both sides are open: numbers are moved
)

// synProxy answers the client's SYN itself, with a shut window so that the client sends no text yet, and makes the connection
// with the server when the client's ACK shows that the client is there. It offers no option but the MSS: what was agreed
// with one side before the other was asked could not be kept.
func (c *crossing) synProxy() {
	client, server := c.seg.Src, c.seg.Dst
	if (c.dir == ToClient) != c.isICMP() {
		client, server = server, client
	}
	f := c.find(func(f *flow) bool { return f.client == client && f.server == server })
	const kinds = wire.SYN | wire.ACK | wire.RST
	switch {
	case c.isICMP():
		c.proxyICMP(f)
	case c.dir == ToServer && c.seg.Flags&kinds == wire.SYN:
		c.proxySyn(f)
	case f == nil:
		return // it began before, or without the proxy
	case c.dir == ToServer:
		c.proxyFromClient(f)
	default:
		c.proxyFromServer(f)
	}
}

// proxySyn takes a SYN of the client.
func (c *crossing) proxySyn(f *flow) {
	if f == nil || f.clientISN != c.seg.Seq {
		own := c.ISN
		if !c.HasISN {
			own = wire.Seq(Draw(c.seed, "ISN of the SYN proxy", c.made))
		}
		if f != nil {
			c.forget(f)
		}
		f = c.remember(flow{client: c.seg.Src, server: c.seg.Dst, clientISN: c.seg.Seq, ownISN: own})
	}
	f.phase = proxyAsks
	f.clientMSS = c.seg.Options.Parse().MSS
	c.stop(rule.BoxSynProxy)
	answer := wire.NewSegment(c.seg.Dst, c.seg.Src)
	answer.Flags, answer.Seq, answer.Ack = wire.SYN|wire.ACK, f.ownISN, c.seg.Seq.Add(1)
	mss := uint16(1460)
	if c.seg.Is6() {
		mss = 1440
	}
	answer.Options = answer.Options.WithMSS(mss)
	c.inject(&answer, ToClient, rule.BoxSynProxy)
}

// proxyFromClient takes what the client sends behind its SYN.
func (c *crossing) proxyFromClient(f *flow) {
	switch {
	case f.phase == proxyOpen:
		c.seg.Ack = c.seg.Ack - f.ownISN + f.serverISN
		c.change(rule.BoxSynProxyShift, int64(f.serverISN-f.ownISN))
	case c.seg.Flags.Has(wire.RST):
		c.stop(rule.BoxSynProxy)
		c.forget(f)
	case c.seg.Flags.Has(wire.ACK) && c.seg.Ack == f.ownISN.Add(1):
		// The ACK, or whatever the client sends because it waits: each time the server is asked again, so the proxy needs no
		// timer of its own.
		f.phase, f.clientWindow = proxyConnect, c.seg.Window
		syn := wire.NewSegment(f.client, f.server)
		syn.Flags, syn.Seq, syn.Window = wire.SYN, f.clientISN, f.clientWindow
		if f.clientMSS != 0 {
			syn.Options = syn.Options.WithMSS(f.clientMSS)
		}
		c.stop(rule.BoxSynProxy)
		c.inject(&syn, ToServer, rule.BoxSynProxy)
	default:
		c.stop(rule.BoxSynProxy) // a number that the proxy never sent: nobody has to know
	}
}

// proxyFromServer takes what the server sends.
func (c *crossing) proxyFromServer(f *flow) {
	synAck := c.seg.Flags&(wire.SYN|wire.ACK|wire.RST) == wire.SYN|wire.ACK && c.seg.Ack == f.clientISN.Add(1)
	switch {
	case f.phase == proxyConnect && synAck, f.phase == proxyOpen && synAck && c.seg.Seq == f.serverISN:
		first := f.phase == proxyConnect
		f.phase, f.serverISN = proxyOpen, c.seg.Seq
		ack := wire.NewSegment(f.client, f.server)
		ack.Flags, ack.Seq, ack.Ack, ack.Window = wire.ACK, f.clientISN.Add(1), f.serverISN.Add(1), f.clientWindow
		c.stop(rule.BoxSynProxy)
		c.inject(&ack, ToServer, rule.BoxSynProxy)
		if first {
			// The window of the server opens the one that the client was shown shut.
			open := wire.NewSegment(f.server, f.client)
			open.Flags, open.Seq, open.Ack, open.Window = wire.ACK, f.ownISN.Add(1), f.clientISN.Add(1), c.seg.Window
			c.inject(&open, ToClient, rule.BoxSynProxy)
		}
	case f.phase == proxyOpen:
		c.seg.Seq = c.seg.Seq - f.serverISN + f.ownISN
		c.change(rule.BoxSynProxyShift, int64(f.ownISN-f.serverISN))
	case f.phase == proxyConnect && c.seg.Flags.Has(wire.RST|wire.ACK) && c.seg.Ack == f.clientISN.Add(1):
		// The server refuses, and the client believes that it is connected.
		rst := wire.NewSegment(f.server, f.client)
		rst.Flags, rst.Seq = wire.RST, f.ownISN.Add(1)
		c.stop(rule.BoxSynProxy)
		c.inject(&rst, ToClient, rule.BoxSynProxy)
		c.forget(f)
	default:
		c.stop(rule.BoxSynProxy)
	}
}

// proxyICMP moves the server's numbers in what an ICMP error quotes. The client's are the same on both sides of the proxy.
func (c *crossing) proxyICMP(f *flow) {
	switch {
	case f == nil || f.phase != proxyOpen:
	case c.dir == ToServer: // about a segment of the server
		c.seg.Seq = c.seg.Seq - f.ownISN + f.serverISN
		c.change(rule.BoxSynProxyShift, int64(f.serverISN-f.ownISN))
	case c.seg.Flags.Has(wire.ACK):
		c.seg.Ack = c.seg.Ack - f.serverISN + f.ownISN
		c.change(rule.BoxSynProxyShift, int64(f.ownISN-f.serverISN))
	}
}
