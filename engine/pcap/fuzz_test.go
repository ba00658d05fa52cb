package pcap_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/handshakelab/lab/engine"
	"github.com/handshakelab/lab/engine/pcap"
	"github.com/handshakelab/lab/engine/tcp"
	"github.com/handshakelab/lab/engine/wire"
)

// FuzzRead reads any bytes and follows what is in them. Nothing may panic, the errors are of the package, and every packet is
// accounted for.
func FuzzRead(f *testing.F) {
	b := packet(hello())
	for _, o := range orders {
		f.Add(newCapture(o, micro, 101).record(1, 2, b, len(b)).b)
		f.Add(newCapture(o, nano, 1).record(1, 2, append([]byte(macs+"\x08\x00"), b...), 2000).b)
		f.Add(newBlocks(o).iface(276).enhanced(0, 5, append([]byte(cookedIn2), b...), 100).section().iface(0).b)
	}
	f.Add(file(talk()...))
	for _, name := range []string{"handshake", "request-response-close", "veth-handshake", "paws"} {
		f.Add([]byte(read(f, "../testdata/kernel/traces/"+name+".pcap")))
	}
	f.Add(written(f, run(f, "server listen\nclient connect\nstep until quiet\nclient send 5\nstep until quiet\nclient close\nstep 20\n")))
	f.Fuzz(func(t *testing.T, b []byte) {
		c, err := pcap.Read(bytes.NewReader(b))
		var fault *pcap.Error
		if err != nil && (!errors.As(err, &fault) || fault.Code == "" || fault.Packet < 0 || fault.Packet > len(c.Packets)+1 || fault.Offset > len(b)) {
			t.Fatalf("%#v", err)
		}
		seen := 0
		for i := range c.Packets {
			p := &c.Packets[i]
			if p.N != i+1 || p.At < 0 || p.Captured > len(b) || p.Interface >= len(c.Interfaces) || (p.Unread == "") != (p.Conv >= 0) {
				t.Fatalf("%+v", p)
			}
			if p.Unread == "" {
				seen++
				if again, err := wire.ParseIPv4(p.Seg.AppendIPv4(nil)); err != nil || again != p.Seg.Received() {
					t.Fatalf("packet %d: %+v is written as %+v, %v", p.N, p.Seg, again, err)
				}
			}
		}
		for i := range c.Conversations {
			seen -= len(c.Conversations[i].Packets)
			checkReport(t, c, i, c.Follow(i, tcp.Linux, tcp.RFC9293))
		}
		if seen != 0 {
			t.Fatalf("%d packets more than in the conversations", seen)
		}
	})
}

// checkReport holds a report to what is always true of one.
func checkReport(t interface{ Fatalf(string, ...any) }, c *pcap.Capture, conv int, r pcap.Report) {
	packets := c.Conversations[conv].Packets
	switch {
	case r.Outcome == pcap.Follows && (len(r.Steps) != len(packets) || r.Code != "" || r.Packet != 0):
		t.Fatalf("%d steps of %d packets: %+v", len(r.Steps), len(packets), r)
	case r.Outcome != pcap.Follows && (len(r.Steps) >= len(packets) || c.Packets[packets[len(r.Steps)]].N != r.Packet || r.Code == "" || !strings.HasSuffix(r.Reason, ".")):
		t.Fatalf("it ends at packet %d, and the steps do not lead there: %+v", r.Packet, r)
	}
	for i, s := range r.Steps {
		if p := &c.Packets[packets[i]]; s.Packet != p.N || s.From != c.Conversations[conv].From(p) || s.How == "" {
			t.Fatalf("step %d: %+v of packet %+v", i, s, p)
		}
	}
}

// FuzzFollow makes any bytes segments between two ports, four bytes each, so that the numbers are near those that count.
func FuzzFollow(f *testing.F) {
	f.Add([]byte("\x02\x00\x00\x00\x93\x00\x01\x00\x10\x01\x01\x00\x18\x01\x01\x05\x91\x01\x06\x00"))
	f.Add([]byte("\x02\x00\x00\x00\x14\x00\x00\x00\x02\x00\x00\x00"))
	f.Fuzz(func(t *testing.T, b []byte) {
		c := newCapture(binary.LittleEndian, micro, 101)
		for n := 0; len(b) >= 4 && n < 200; n, b = n+1, b[4:] {
			from := engine.HostID(b[0] >> 7)
			s := seg(from, wire.Flags(b[0]&0x3f), uint32(b[1])+100, uint32(b[2])+100, strings.Repeat("x", int(b[3]>>2)))
			s.Window = uint16(b[3]&3) * 30
			if s.Flags.Has(wire.SYN) {
				s.Options = s.Options.WithMSS(uint16(b[1])).WithWindowScale(b[3] >> 4)
			}
			p := packet(s)
			c.record(uint32(n)/4, 0, p, len(p))
		}
		read := parsed(t, c.b)
		for i := range read.Conversations {
			for _, p := range []tcp.Profile{tcp.RFC9293, tcp.Linux} {
				r := read.Follow(i, p, p)
				checkReport(t, read, i, r)
				if again := read.Follow(i, p, p); !reflect.DeepEqual(r, again) {
					t.Fatalf("followed again it is another report:\n%+v\n%+v", r, again)
				}
			}
		}
	})
}

// TestShift: when all numbers of an end are moved by as much, the report is the same but for the numbers in it.
func TestShift(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		segs := talk()
		for range rapid.IntRange(0, 2).Draw(t, "changes") {
			s := &segs[rapid.IntRange(0, len(segs)-1).Draw(t, "segment")]
			s.Seq += wire.Seq(rapid.IntRange(-3, 3).Draw(t, "seq"))
			s.Flags ^= wire.Flags(rapid.SampledFrom([]wire.Flags{0, wire.ACK, wire.FIN, wire.RST, wire.SYN}).Draw(t, "flags"))
			if s.Flags.Has(wire.ACK) {
				s.Ack += wire.Seq(rapid.IntRange(-3, 3).Draw(t, "ack"))
			}
		}
		shift := [2]wire.Seq{wire.Seq(rapid.Uint32().Draw(t, "client")), wire.Seq(rapid.Uint32().Draw(t, "server"))}
		moved := append([]wire.Segment(nil), segs...)
		for i := range moved {
			from := engine.Client
			if moved[i].Src == serverAddr {
				from = engine.Server
			}
			moved[i].Seq += shift[from]
			if moved[i].Flags.Has(wire.ACK) {
				moved[i].Ack += shift[1-from]
			}
		}
		var got [2]string
		for i, segs := range [][]wire.Segment{segs, moved} {
			c, err := pcap.Read(bytes.NewReader(file(segs...)))
			if err != nil || len(c.Conversations) != 1 {
				t.Fatal(err)
			}
			r := c.Follow(0, tcp.RFC9293, tcp.RFC9293)
			got[i] = steps(r) + r.Outcome.String() + r.Code
		}
		if got[0] != got[1] {
			t.Fatalf("%s\n\nmoved by %v:\n%s", got[0], shift, got[1])
		}
	})
}

// TestWorkIsBounded: captures that are made to cost as much as they can end with a reason, and soon.
func TestWorkIsBounded(t *testing.T) {
	const n = pcap.MaxPackets
	syn, synAck := talk()[0], talk()[1]
	for _, s := range []*wire.Segment{&syn, &synAck} {
		s.Options = s.Options.WithMSS(1).WithSACKPermitted().WithWindowScale(14)
	}
	ack := talk()[2]
	open := func(segs ...wire.Segment) []wire.Segment {
		return append([]wire.Segment{syn, synAck, ack, seg(engine.Server, wire.ACK, 301, 101, "")}, segs...)
	}
	for _, test := range []struct {
		name string
		text func(i int) wire.Segment // segment i behind the handshake
		cut  int                      // how much of each is captured
		code string
	}{
		{"text that nobody acknowledges", func(i int) wire.Segment {
			return seg(engine.Client, wire.ACK, 101+uint32(i)*60_000, 301, strings.Repeat("x", 60_000))
		}, 40, pcap.TooInvolved},
		{"text behind a gap, and acknowledgments of what lies before it", func(i int) wire.Segment {
			if i%2 == 1 {
				return seg(engine.Server, wire.ACK, 301, 101, "")
			}
			return seg(engine.Client, wire.ACK, 102+uint32(i)*30_000, 301, strings.Repeat("x", 60_000))
		}, 40, pcap.TooInvolved},
		{"acknowledgments that could be answers to anything", func(i int) wire.Segment {
			if i > n/2 {
				return seg(engine.Server, wire.ACK, 301, 101, "")
			}
			return seg(engine.Client, wire.ACK|wire.PSH, 101+uint32(i), 301, "x")
		}, 41, pcap.TooInvolved},
		{"resets that nothing explains", func(i int) wire.Segment {
			if i == n-10 {
				return seg(engine.Server, wire.RST, 7, 0, "")
			}
			return seg(engine.Client, wire.ACK|wire.PSH, 101+uint32(i), 301, "x")
		}, 41, pcap.WrongSeq},
	} {
		segs := open()
		for i := range n - len(segs) {
			segs = append(segs, test.text(i))
		}
		c := newCapture(binary.LittleEndian, micro, 101)
		for i, s := range segs {
			b := packet(s)
			c.record(uint32(i), 0, b[:min(len(b), max(test.cut, len(b)-len(s.Payload)))], len(b))
		}
		r := parsed(t, c.b).Follow(0, tcp.RFC9293, tcp.RFC9293)
		if r.Code != test.code {
			t.Errorf("%s: packet %d %v %s: %s; want %s", test.name, r.Packet, r.Outcome, r.Code, r.Reason, test.code)
		}
	}
}
