package network

import (
	"bytes"
	"fmt"
	"net/netip"
	"reflect"
	"strings"
	"testing"

	"github.com/handshakelab/lab/engine/tcp"
	"github.com/handshakelab/lab/engine/wire"
)

var boxClient, boxServer = netip.MustParseAddrPort("192.0.2.1:1000"), netip.MustParseAddrPort("192.0.2.2:80")

// seg makes a segment of the client or of the server from what it says: "S 100", ". 101 301", "P. 101 301 hello".
func seg(dir Direction, flags wire.Flags, seq, ack wire.Seq, edits ...func(*wire.Segment)) wire.Segment {
	s := wire.NewSegment(boxClient, boxServer)
	if dir == ToClient {
		s = wire.NewSegment(boxServer, boxClient)
	}
	s.Flags, s.Seq, s.Ack = flags, seq, ack
	for _, edit := range edits {
		edit(&s)
	}
	return s
}

func text(n int) func(*wire.Segment) {
	return func(s *wire.Segment) { s.Payload = strings.Repeat("x", n) }
}

// short is what happened, in a few words.
func short(list []Happening) string {
	var b strings.Builder
	for _, h := range list {
		fmt.Fprintf(&b, "%d %s by %d", h.On, [...]string{"", "changed", "stopped", "injected"}[h.Kind], h.Box)
		if h.Kind != Stopped {
			fmt.Fprintf(&b, " %s%s %d>%d seq %d ack %d", h.Seg.Kind(), strings.TrimSuffix(" "+h.Seg.ICMP.Kind.String(), " "), h.Seg.Src.Port(), h.Seg.Dst.Port(), h.Seg.Seq, h.Seg.Ack)
		}
		b.WriteString("; ")
	}
	return strings.TrimSuffix(b.String(), "; ")
}

func TestCross(t *testing.T) {
	type pass struct {
		after Time // since the last one
		dir   Direction
		seg   wire.Segment
		want  string
	}
	mtu := wire.ICMP{Kind: wire.TooBig, MTU: 1400}
	about := func(m wire.ICMP) func(*wire.Segment) { return func(s *wire.Segment) { s.ICMP = m } }
	from := func(a string) func(*wire.Segment) {
		return func(s *wire.Segment) { s.Src = netip.MustParseAddrPort(a) }
	}
	to := func(a string) func(*wire.Segment) {
		return func(s *wire.Segment) { s.Dst = netip.MustParseAddrPort(a) }
	}
	const synAck = wire.SYN | wire.ACK
	for name, test := range map[string]struct {
		boxes  []Box
		passes []pass
	}{
		"a firewall matches kind, port and sender": {[]Box{{Kind: Firewall, Flags: wire.SYN, Port: 80, From: 1}}, []pass{
			{0, ToServer, seg(ToServer, wire.SYN, 100, 0), "0 stopped by 1"},
			{0, ToServer, seg(ToServer, wire.ACK, 100, 0), ""},
			{0, ToServer, seg(ToServer, wire.SYN, 100, 0, to("192.0.2.2:81")), ""},
			{0, ToClient, seg(ToClient, wire.SYN, 100, 0, to("192.0.2.1:80")), ""},
			{0, ToServer, seg(ToServer, wire.SYN, 100, 0, about(mtu)), ""},
		}},
		"a firewall's RST takes its number from the segment, and none answers an RST": {[]Box{{Kind: Firewall, Any: true, Answer: WithRST}}, []pass{
			{0, ToServer, seg(ToServer, wire.SYN, 100, 0), "0 stopped by 1; 0 injected by 1 RST-ACK 80>1000 seq 0 ack 101"},
			{0, ToClient, seg(ToClient, wire.ACK, 300, 105), "0 stopped by 1; 0 injected by 1 RST 1000>80 seq 105 ack 0"},
			{0, ToServer, seg(ToServer, wire.RST, 100, 0), "0 stopped by 1"},
		}},
		"an ICMP error passes the boxes on its way back": {[]Box{{Kind: ShiftSeq, By: 1000}, {Kind: Narrow, MTU: 1400}}, []pass{
			{0, ToServer, seg(ToServer, wire.ACK, 101, 301, text(1461)), "0 changed by 1 ACK 1000>80 seq 1101 ack 301; 0 stopped by 2; " +
				"0 injected by 2 ICMP too-big 1000>80 seq 1101 ack 301; 1 changed by 1 ICMP too-big 1000>80 seq 101 ack 301"},
		}},
		"and may be dropped there": {[]Box{{Kind: Firewall, AboutICMP: true}, {Kind: Narrow, MTU: 1400}}, []pass{
			{0, ToServer, seg(ToServer, wire.ACK, 101, 301, text(1461)), "0 stopped by 2; 0 injected by 2 ICMP too-big 1000>80 seq 101 ack 301; 1 stopped by 1"},
		}},
		"a link takes what fits, and what may be cut up": {[]Box{{Kind: Narrow, MTU: 100}}, []pass{
			{0, ToServer, seg(ToServer, wire.ACK, 101, 301, text(60)), ""},
			{0, ToServer, seg(ToServer, wire.ACK, 101, 301, text(61), func(s *wire.Segment) { s.DF = false }), ""},
			{0, ToServer, seg(ToServer, wire.ACK, 101, 301, text(61)), "0 stopped by 1; 0 injected by 1 ICMP too-big 1000>80 seq 101 ack 301"},
		}},
		"a silent one says nothing": {[]Box{{Kind: Narrow, MTU: 100, Silent: true}}, []pass{
			{0, ToServer, seg(ToServer, wire.ACK, 101, 301, text(61)), "0 stopped by 1"},
		}},
		"numbers are moved there and back, with SACK blocks": {[]Box{{Kind: ShiftSeq, By: 1<<32 - 1}}, []pass{
			{0, ToServer, seg(ToServer, wire.SYN, 0, 0), "0 changed by 1 SYN 1000>80 seq 4294967295 ack 0"},
			{0, ToClient, seg(ToClient, synAck, 300, 0), "0 changed by 1 SYN-ACK 80>1000 seq 300 ack 1"},
			{0, ToClient, seg(ToClient, wire.RST, 300, 0), ""},
		}},
		"a NAT keeps the port, takes another one when two clients have the same, and forgets": {[]Box{{Kind: NAT, Timeout: 10 * tcp.Second}}, []pass{
			{0, ToServer, seg(ToServer, wire.ACK, 100, 0), "0 stopped by 1"},
			{0, ToServer, seg(ToServer, wire.SYN, 100, 0), "0 changed by 1 SYN 1000>80 seq 100 ack 0"},
			{0, ToServer, seg(ToServer, wire.SYN, 100, 0, from("192.0.2.9:1000")), "0 changed by 1 SYN 1001>80 seq 100 ack 0"},
			{0, ToClient, seg(ToClient, synAck, 300, 101), "0 stopped by 1"}, // not to the NAT's own address
			{9 * tcp.Second, ToClient, seg(ToClient, synAck, 300, 101, to("203.0.113.1:1001")), "0 changed by 1 SYN-ACK 80>1000 seq 300 ack 101"},
			{9 * tcp.Second, ToServer, seg(ToServer, wire.ACK, 101, 301), "0 stopped by 1"},
			{0, ToServer, seg(ToServer, wire.ACK, 101, 301, from("192.0.2.9:1000")), "0 changed by 1 ACK 1001>80 seq 101 ack 301"},
			{0, ToServer, seg(ToServer, wire.SYN, 900, 0), "0 changed by 1 SYN 1000>80 seq 900 ack 0"},
		}},
		"a NAT puts the client's address back into what an ICMP error quotes": {[]Box{{Kind: NAT, Timeout: tcp.Second}}, []pass{
			{0, ToServer, seg(ToServer, wire.SYN, 100, 0, from("192.0.2.1:0")), "0 changed by 1 SYN 1>80 seq 100 ack 0"},
			{0, ToClient, seg(ToServer, wire.SYN, 100, 0, from("203.0.113.1:1"), about(mtu)), "0 changed by 1 ICMP too-big 0>80 seq 100 ack 0"},
			{0, ToServer, seg(ToClient, wire.ACK, 300, 101, to("192.0.2.1:0"), about(mtu)), "0 changed by 1 ICMP too-big 80>1 seq 300 ack 101"},
			{0, ToClient, seg(ToServer, wire.SYN, 100, 0, from("203.0.113.1:9"), about(mtu)), "0 stopped by 1"},
		}},
		"a SYN proxy": {[]Box{{Kind: SynProxy, HasISN: true, ISN: 700}}, []pass{
			{0, ToServer, seg(ToServer, wire.SYN, 100, 0), "0 stopped by 1; 0 injected by 1 SYN-ACK 80>1000 seq 700 ack 101"},
			{0, ToServer, seg(ToServer, wire.SYN, 100, 0), "0 stopped by 1; 0 injected by 1 SYN-ACK 80>1000 seq 700 ack 101"},
			{0, ToServer, seg(ToServer, wire.ACK, 101, 55), "0 stopped by 1"},
			{0, ToServer, seg(ToServer, wire.ACK, 101, 701), "0 stopped by 1; 0 injected by 1 SYN 1000>80 seq 100 ack 0"},
			{0, ToServer, seg(ToServer, wire.ACK, 101, 701, text(1)), "0 stopped by 1; 0 injected by 1 SYN 1000>80 seq 100 ack 0"},
			{0, ToClient, seg(ToClient, synAck, 300, 101), "0 stopped by 1; 0 injected by 1 ACK 1000>80 seq 101 ack 301; 0 injected by 1 ACK 80>1000 seq 701 ack 101"},
			{0, ToClient, seg(ToClient, synAck, 300, 101), "0 stopped by 1; 0 injected by 1 ACK 1000>80 seq 101 ack 301"},
			{0, ToServer, seg(ToServer, wire.ACK, 101, 706), "0 changed by 1 ACK 1000>80 seq 101 ack 306"},
			{0, ToClient, seg(ToClient, wire.ACK, 306, 101), "0 changed by 1 ACK 80>1000 seq 706 ack 101"},
			{0, ToClient, seg(ToServer, wire.ACK, 101, 306, about(mtu)), "0 changed by 1 ICMP too-big 1000>80 seq 101 ack 706"},
			{0, ToServer, seg(ToClient, wire.ACK, 706, 101, about(mtu)), "0 changed by 1 ICMP too-big 80>1000 seq 306 ack 101"},
			{0, ToClient, seg(ToClient, wire.SYN, 1, 0, to("192.0.2.1:9")), ""},
		}},
		"a SYN proxy before a closed port": {[]Box{{Kind: SynProxy, HasISN: true, ISN: 700}}, []pass{
			{0, ToServer, seg(ToServer, wire.SYN, 100, 0), "0 stopped by 1; 0 injected by 1 SYN-ACK 80>1000 seq 700 ack 101"},
			{0, ToServer, seg(ToServer, wire.ACK, 101, 701), "0 stopped by 1; 0 injected by 1 SYN 1000>80 seq 100 ack 0"},
			{0, ToClient, seg(ToClient, wire.RST|wire.ACK, 0, 7), "0 stopped by 1"},
			{0, ToClient, seg(ToClient, wire.RST|wire.ACK, 0, 101), "0 stopped by 1; 0 injected by 1 RST 80>1000 seq 701 ack 0"},
			{0, ToServer, seg(ToServer, wire.ACK, 101, 701), ""},
		}},
		"a client that gives up before the SYN proxy has asked": {[]Box{{Kind: SynProxy}}, []pass{
			{0, ToServer, seg(ToServer, wire.SYN, 100, 0), "0 stopped by 1; 0 injected by 1 SYN-ACK 80>1000 seq 1317960690 ack 101"},
			{0, ToServer, seg(ToServer, wire.RST, 101, 0), "0 stopped by 1"},
			{0, ToServer, seg(ToServer, wire.ACK, 101, 701), ""},
		}},
	} {
		t.Run(name, func(t *testing.T) {
			p, err := New(Setup{Boxes: test.boxes}, 7)
			if err != nil {
				t.Fatal(err)
			}
			var now Time
			for i, pass := range test.passes {
				now += pass.after
				var before Path
				before.Set(&p)
				was := before.AppendBinary(nil)
				got := short(p.Cross(pass.dir, &pass.seg, now, nil))
				if got != pass.want {
					t.Errorf("pass %d\n got  %s\n want %s", i+1, got, pass.want)
				}
				if !bytes.Equal(was, before.AppendBinary(nil)) {
					t.Errorf("pass %d changed a copy", i+1)
				}
				// The copy has the same memory: it answers alike.
				if again := short(before.Cross(pass.dir, &pass.seg, now, nil)); again != got || !bytes.Equal(before.AppendBinary(nil), p.AppendBinary(nil)) {
					t.Errorf("pass %d: a copy says %s", i+1, again)
				}
			}
		})
	}
}

// A table that is full forgets its oldest entry.
func TestFlowsAreBounded(t *testing.T) {
	for _, kind := range []Box{{Kind: NAT, Timeout: tcp.Second}, {Kind: SynProxy}} {
		p, err := New(Setup{Boxes: []Box{kind}}, 0)
		if err != nil {
			t.Fatal(err)
		}
		for port := range uint16(3 * MaxFlows) {
			s := seg(ToServer, wire.SYN, 1, 0)
			s.Src = netip.AddrPortFrom(s.Src.Addr(), port+1)
			p.Cross(ToServer, &s, 0, nil)
		}
		if n := len(p.boxes[0].flows); n != MaxFlows || p.boxes[0].flows[0].client.Port() != 2*MaxFlows+1 {
			t.Errorf("%d flows, the oldest of port %d", n, p.boxes[0].flows[0].client.Port())
		}
	}
}

func TestBoxCheck(t *testing.T) {
	good := []Box{{Kind: Firewall, Any: true}, {Kind: Firewall, AboutICMP: true, From: 2}, {Kind: Firewall, Answer: WithICMP, ICMP: wire.PortUnreachable},
		{Kind: NAT, Timeout: 1}, {Kind: Strip, Options: allOptions}, {Kind: ShiftSeq}, {Kind: SynProxy}, {Kind: Narrow, MTU: 68}}
	for _, b := range good {
		if err := b.Check(); err != nil {
			t.Errorf("%v: %v", b, err)
		}
	}
	for name, b := range map[string]Box{
		"no kind":              {},
		"a kind too many":      {Kind: Narrow + 1},
		"a third sender":       {Kind: Firewall, From: 3},
		"an answer too many":   {Kind: Firewall, Answer: numAnswers},
		"ICMP without a kind":  {Kind: Firewall, Answer: WithICMP},
		"RST with ICMP":        {Kind: Firewall, Answer: WithRST, ICMP: wire.PortUnreachable},
		"too big":              {Kind: Firewall, Answer: WithICMP, ICMP: wire.TooBig},
		"an answer to ICMP":    {Kind: Firewall, AboutICMP: true, Answer: WithRST},
		"flags and any":        {Kind: Firewall, Any: true, Flags: wire.SYN},
		"PSH":                  {Kind: Firewall, Flags: wire.PSH},
		"a NAT for no time":    {Kind: NAT},
		"no options":           {Kind: Strip},
		"an option too many":   {Kind: Strip, Options: allOptions + 1},
		"a number not given":   {Kind: SynProxy, ISN: 5},
		"a small MTU":          {Kind: Narrow, MTU: 67},
		"somebody else's":      {Kind: Narrow, MTU: 1400, Port: 80},
		"a firewall's timeout": {Kind: ShiftSeq, Timeout: 5},
	} {
		if b.Check() == nil {
			t.Errorf("%s: %v is taken", name, b)
		}
	}
	if _, err := New(Setup{Boxes: make([]Box, MaxBoxes+1)}, 0); err == nil {
		t.Error("too many boxes are taken")
	}
}

// Every field of a box and of what it remembers is in the encoding.
func TestEncodingCoversBoxes(t *testing.T) {
	fresh := func() Path {
		p, err := New(Setup{Boxes: []Box{{Kind: NAT, Timeout: tcp.Second}}}, 0)
		if err != nil {
			t.Fatal(err)
		}
		p.boxes[0].flows = []flow{{client: boxClient, server: boxServer}}
		return p
	}
	p := fresh()
	before := p.AppendBinary(nil)
	covers := func(name string, change func(*Path)) {
		p := fresh()
		change(&p)
		if bytes.Equal(before, p.AppendBinary(nil)) {
			t.Errorf("%s is not encoded", name)
		}
	}
	typ := reflect.TypeFor[Box]()
	for i := range typ.NumField() {
		covers("Box."+typ.Field(i).Name, func(p *Path) {
			f := reflect.ValueOf(&p.boxes[0].Box).Elem().Field(i)
			switch {
			case f.CanInt():
				f.SetInt(f.Int() + 1)
			case f.CanUint():
				f.SetUint(f.Uint() + 1)
			default:
				f.SetBool(!f.Bool())
			}
		})
	}
	flows := map[string]func(*flow){
		"client": func(f *flow) { f.client = boxServer }, "server": func(f *flow) { f.server = boxClient }, "outside": func(f *flow) { f.outside++ },
		"last": func(f *flow) { f.last++ }, "phase": func(f *flow) { f.phase++ }, "clientISN": func(f *flow) { f.clientISN++ },
		"ownISN": func(f *flow) { f.ownISN++ }, "serverISN": func(f *flow) { f.serverISN++ }, "clientMSS": func(f *flow) { f.clientMSS++ },
		"clientWindow": func(f *flow) { f.clientWindow++ },
	}
	for field := range reflect.TypeFor[flow]().Fields() {
		change := flows[field.Name]
		if change == nil {
			t.Errorf("flow.%s is new: put it into the encoding, and a change of it here", field.Name)
			continue
		}
		covers("flow."+field.Name, func(p *Path) { change(&p.boxes[0].flows[0]) })
	}
	covers("made", func(p *Path) { p.boxes[0].made++ })
}
