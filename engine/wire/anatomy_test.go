package wire

import (
	"bytes"
	"net/netip"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// TestAnatomy: what the fields are called, and that each holds the number that stands in its bytes.
func TestAnatomy(t *testing.T) {
	s := NewSegment(netip.MustParseAddrPort("192.0.2.10:50000"), netip.MustParseAddrPort("192.0.2.20:80"))
	s.Seq, s.Ack, s.Flags, s.Window, s.Payload = 1000, 5001, SYN|ACK, 65535, "hello"
	s.Options = Options{}.WithMSS(1460).WithNOP().WithWindowScale(7)
	b, parts := s.Anatomy()
	if !bytes.Equal(b, s.AppendIP(nil)) {
		t.Fatal("these are not the bytes of the packet")
	}
	var got []string
	for _, p := range parts {
		got = append(got, p.Name+"="+p.Value)
	}
	want := "ip.version-ihl=4, 5 ip.tos=0x00 ip.length=53 ip.id=0 ip.fragment=DF ip.ttl=64 ip.protocol=6 ip.checksum=" + parts[7].Value +
		" ip.src=192.0.2.10 ip.dst=192.0.2.20 tcp.sport=50000 tcp.dport=80 tcp.seq=1000 tcp.ack=5001 tcp.offset=7, 0 tcp.flags=SYN,ACK" +
		" tcp.window=65535 tcp.checksum=" + parts[17].Value + " tcp.urgent=0 tcp.option=mss 1460 tcp.option=nop tcp.option=wscale 7 tcp.payload=5"
	if strings.Join(got, " ") != want {
		t.Errorf("got  %s\nwant %s", strings.Join(got, " "), want)
	}
}

// TestAnatomyIsWhole: every byte of every packet belongs to exactly one field, whatever was done to the segment.
func TestAnatomyIsWhole(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := genSegment().Draw(t, "segment")
		if rapid.Bool().Draw(t, "icmp") {
			s.ICMP = ICMP{Kind: ICMPKind(rapid.IntRange(1, int(NumICMPKinds)-1).Draw(t, "kind"))}
		}
		b, parts := s.Anatomy()
		at := 0
		for _, p := range parts {
			if p.From != at || p.To <= p.From {
				t.Fatalf("%s from %d to %d, after %d", p.Name, p.From, p.To, at)
			}
			at = p.To
		}
		if at != len(b) {
			t.Fatalf("the fields end at %d of %d bytes", at, len(b))
		}
	})
}
