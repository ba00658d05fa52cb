package wire_test

import (
	"fmt"
	"net/netip"

	"github.com/handshakelab/lab/engine/wire"
)

// The handshake of RFC 9293 figure 6, as tcpdump shows it.
func ExampleDump() {
	client, server := netip.MustParseAddrPort("192.0.2.1:54321"), netip.MustParseAddrPort("192.0.2.2:80")
	syn := wire.NewSegment(client, server)
	syn.Seq, syn.Flags, syn.Window = 100, wire.SYN, 64240
	syn.Options = syn.Options.WithMSS(1460).WithSACKPermitted()
	synAck := wire.NewSegment(server, client)
	synAck.Seq, synAck.Ack, synAck.Flags, synAck.Window = 300, 101, wire.SYN|wire.ACK, 65535
	synAck.Options = synAck.Options.WithMSS(1460)
	ack := wire.NewSegment(client, server)
	ack.Seq, ack.Ack, ack.Flags, ack.Window = 101, 301, wire.ACK, 64240

	var dump wire.Dump
	for i, s := range []wire.Segment{syn, synAck, ack} {
		fmt.Println(dump.Line(int64(i)*50_000, s))
	}
	// Output:
	// 00:00:00.000000 IP 192.0.2.1.54321 > 192.0.2.2.80: Flags [S], seq 100, win 64240, options [mss 1460,sackOK,eol], length 0
	// 00:00:00.050000 IP 192.0.2.2.80 > 192.0.2.1.54321: Flags [S.], seq 300, ack 101, win 65535, options [mss 1460], length 0
	// 00:00:00.100000 IP 192.0.2.1.54321 > 192.0.2.2.80: Flags [.], ack 1, win 64240, length 0
}

// A receiver believes the data offset: with one word too few, the last option becomes data.
func ExampleSegment_Received() {
	s := wire.NewSegment(netip.MustParseAddrPort("192.0.2.1:54321"), netip.MustParseAddrPort("192.0.2.2:80"))
	s.Options = s.Options.WithMSS(1460).WithRaw(77, []byte("hi"))
	s.Offset = 6
	r := s.Received()
	fmt.Printf("%s; %q; believable: %v\n", r.Options.Text(), r.Payload, s.OffsetOK())
	// Output: mss 1460; "M\x04hi"; believable: true
}

// Of the same bytes, tcpdump's words and the scenario language's.
func ExampleOptions_Text() {
	o, err := wire.ParseOptions("mss 1460,nop,raw 0300")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(o.String())
	fmt.Println(o.Text())
	fmt.Printf("%+v\n", o.Parse().Malformed)
	// Output:
	// mss 1460,nop,[bad opt]
	// mss 1460,nop,raw 0300
	// true
}
