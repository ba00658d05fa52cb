package wire

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"
)

var segmentCompare = cmp.Options{cmpopts.EquateComparable(netip.AddrPort{}, Options{})}

// The packet is put together by hand from RFC 791 and RFC 9293, and both checksums are those that tcpdump -vv wants for it.
func TestAppendIPv4Bytes(t *testing.T) {
	s := NewSegment(netip.MustParseAddrPort("192.0.2.1:54321"), netip.MustParseAddrPort("192.0.2.2:80"))
	s.Seq, s.Ack, s.Flags, s.Window = 0x01020304, 0x05060708, SYN|ACK, 65535
	s.Options = s.Options.WithMSS(1460).WithSACKPermitted()
	s.Payload, s.Urgent, s.Reserved = "abc", 0x1234, 5
	s.TOS, s.IPID = 0x12, 0xbeef
	want := strings.Join([]string{
		"4512 0033 beef 4000 4006 f7bf c0000201 c0000202",
		"d431 0050 01020304 05060708 7512 ffff 3fdd 1234",
		"020405b4 04020000 616263",
	}, "")
	got := s.AppendIPv4([]byte("before"))
	if string(got[:6]) != "before" {
		t.Error("the bytes that were there are gone")
	}
	if text := hex.EncodeToString(got[6:]); text != strings.ReplaceAll(want, " ", "") {
		t.Errorf("packet\n %s, want\n %s", text, strings.ReplaceAll(want, " ", ""))
	}
	if s.Sum() != 0x3fdd || !s.SumOK() || s.HeaderWords() != 7 {
		t.Errorf("Sum() = %#x, SumOK() = %v, HeaderWords() = %d", s.Sum(), s.SumOK(), s.HeaderWords())
	}
}

// rfc1071 is the checksum as section 4.1 of that RFC has it, over bytes.
func rfc1071(b []byte) uint16 {
	var sum uint64
	for i, c := range b {
		if i%2 == 0 {
			sum += uint64(c) << 8
		} else {
			sum += uint64(c)
		}
	}
	for sum>>16 != 0 {
		sum = sum&0xffff + sum>>16
	}
	return ^uint16(sum)
}

func TestRoundTripOfSegments(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := genSegment().Draw(t, "segment")
		s.ICMP = ICMP{}
		b := s.AppendIP(nil)
		got, err := ParseIP(b)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(s.Received(), got, segmentCompare); diff != "" {
			t.Fatalf("Received and what is parsed differ (-Received +parsed):\n%s", diff)
		}
		if again := got.AppendIP(nil); !bytes.Equal(again, b) {
			t.Fatalf("packet %x\nbecomes %x", b, again)
		}
		if twice := got.Received(); twice != got {
			t.Fatalf("received twice it is not the same: %+v", twice)
		}
		ok := rfc1071(pseudo(b)) == 0
		if s.SumOK() != ok || got.SumOK() != ok {
			t.Fatalf("the checksum is right: %v; SumOK says %v before and %v after the wire", ok, s.SumOK(), got.SumOK())
		}
		if header := b[len(b)-s.PacketLen()+ipLen(b):]; s.Sum() != binary.BigEndian.Uint16(header[16:]) || s.HeaderWords() != header[12]>>4 {
			t.Fatal("Sum or HeaderWords are not what is on the wire")
		}
		if !s.FixedSum && !s.SumOK() {
			t.Fatal("a checksum that was computed is wrong")
		}
	})
}

func ipLen(b []byte) int {
	if b[0]>>4 == 6 {
		return 40
	}
	return 20
}

// pseudo is what the checksum of a packet covers: the pseudo-header of RFC 9293 section 3.1 or of RFC 8200 section 8.1, and
// what follows the IP header.
func pseudo(b []byte) []byte {
	if b[0]>>4 == 6 {
		p := append([]byte(nil), b[8:40]...)
		p = binary.BigEndian.AppendUint32(p, uint32(len(b)-40))
		return append(append(p, 0, 0, 0, b[6]), b[40:]...)
	}
	if rfc1071(b[:20]) != 0 {
		panic("the IPv4 header checksum is wrong")
	}
	p := append([]byte(nil), b[12:20]...)
	p = binary.BigEndian.AppendUint16(append(p, 0, b[9]), uint16(len(b)-20))
	return append(p, b[20:]...)
}

// An ICMP error quotes the segment, as much of it as fits, under a checksum of its own.
func TestICMPBytes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := genSegment().Filter(func(s Segment) bool { return s.ICMP.Kind != NoICMP }).Draw(t, "error")
		b := s.AppendIP(nil)
		head, icmp := b[:ipLen(b)], b[ipLen(b):]
		sum := rfc1071(icmp)
		if s.Is6() {
			sum = rfc1071(pseudo(b))
		} else if rfc1071(head) != 0 {
			t.Fatal("the IPv4 header checksum is wrong")
		}
		if sum != 0 {
			t.Fatalf("the checksum is wrong: % x", b)
		}
		quoted := s
		quoted.ICMP = ICMP{}
		packet := quoted.AppendIP(nil)
		most := map[bool]int{false: 576, true: 1280}[s.Is6()]
		if !bytes.HasPrefix(packet, icmp[8:]) || len(b) != min(len(head)+8+len(packet), most) {
			t.Fatalf("%d bytes, % x, quote % x", len(b), icmp, packet)
		}
		if typ, code := s.ICMP.Kind.TypeCode(s.Is6()); icmp[0] != typ || icmp[1] != code {
			t.Fatalf("type %d code %d, want %d and %d", icmp[0], icmp[1], typ, code)
		}
		if k, ok := ParseICMPKind(s.ICMP.Kind.String()); !ok || k != s.ICMP.Kind {
			t.Fatalf("%v is read as %v", s.ICMP.Kind, k)
		}
	})
	s := NewSegment(client, server)
	s.Flags = SYN | ACK
	if s.Kind() != "SYN-ACK" || s.Sayer() != server.Addr() {
		t.Errorf("a segment is a %s, and an error about it comes from %v", s.Kind(), s.Sayer())
	}
	if s.ICMP.Kind = TimeExceeded; s.Kind() != "ICMP" {
		t.Errorf("an error is a %s", s.Kind())
	}
	if _, ok := ParseICMPKind(""); ok || NoICMP.String() != "" {
		t.Error("no error has a name")
	}
}

func TestParseIPv6Errors(t *testing.T) {
	good := func() []byte {
		s := NewSegment(netip.MustParseAddrPort("[2001:db8::1]:1"), netip.MustParseAddrPort("[2001:db8::2]:2"))
		s.Payload = "x"
		return s.AppendIP(nil)
	}
	change := func(at int, v byte) []byte {
		b := good()
		b[at] = v
		return b
	}
	mapped := netip.MustParseAddr("::ffff:192.0.2.1").As16()
	for name, tt := range map[string]struct {
		b    []byte
		want error
	}{
		"nothing":         {nil, ErrTruncated},
		"IPv4":            {change(0, 0x45), ErrNotIPv6},
		"half a header":   {good()[:39], ErrTruncated},
		"cut short":       {good()[:60], ErrTruncated},
		"no TCP header":   {change(5, 19), ErrTruncated},
		"a fragment":      {change(6, 44), ErrFragment},
		"hop by hop":      {change(6, 0), ErrIPOptions},
		"UDP":             {change(6, 17), ErrNotTCP},
		"an IPv4 address": {append(append(good()[:24:24], mapped[:]...), good()[40:]...), ErrNotIPv6},
	} {
		if _, err := ParseIPv6(tt.b); !errors.Is(err, tt.want) {
			t.Errorf("%s: %v, want %v", name, err, tt.want)
		}
	}
	if s, err := ParseIP(append(good(), "padding"...)); err != nil || s.Payload != "x" || !s.Is6() {
		t.Errorf("with bytes behind it: %+v, %v", s, err)
	}
}

// A segment whose ends have addresses of different versions is written with zeros, and its checksum fits what is written.
func TestMixedAddresses(t *testing.T) {
	s := NewSegment(client, netip.MustParseAddrPort("[2001:db8::2]:2"))
	for name, b := range map[string][]byte{"IP": s.AppendIP(nil), "IPv4": s.AppendIPv4(nil), "IPv6": s.AppendIPv6(nil)} {
		if got, err := ParseIP(b); err != nil || !got.SumOK() {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
	s = NewSegment(netip.MustParseAddrPort("[2001:db8::2]:2"), client)
	if got, err := ParseIP(s.AppendIPv6(nil)); err != nil || !got.SumOK() || got.Dst.Addr() != netip.IPv6Unspecified() {
		t.Errorf("%+v, %v", got, err)
	}
}

// A well-behaved segment comes out as it went in.
func TestRoundTripIsIdentity(t *testing.T) {
	s := NewSegment(client, server)
	s.Seq, s.Ack, s.Flags, s.Window, s.Payload = 100, 300, ACK|PSH, 502, "hello"
	s.Options = s.Options.WithNOP().WithNOP().WithTimestamps(1, 2)
	got, err := ParseIPv4(s.AppendIPv4(nil))
	if err != nil || got != s {
		t.Errorf("got %+v, %v", got, err)
	}
	if s.Received() != s {
		t.Errorf("Received() = %+v", s.Received())
	}
}

func TestDataOffset(t *testing.T) {
	// 4 bytes of options and 8 of payload: the right offset is 6 words, and up to 8 it is possible.
	for field := range uint8(16) {
		s := NewSegment(client, server)
		s.Options, s.Payload = s.Options.WithMSS(0x6162), "payload!"
		s.Offset = field
		if field == 0 {
			s.Offset = 16
		}
		got, err := ParseIPv4(s.AppendIPv4(nil))
		if err != nil {
			t.Fatal(err)
		}
		if received := s.Received(); received != got {
			t.Errorf("field %d: Received %+v, parsed %+v", field, received, got)
		}
		all := string(s.Options.Bytes()) + s.Payload
		possible := field >= 5 && field <= 8
		if s.OffsetOK() != possible || got.OffsetOK() != possible {
			t.Errorf("field %d: OffsetOK is %v before and %v after the wire", field, s.OffsetOK(), got.OffsetOK())
		}
		if got.HeaderWords() != field || s.HeaderWords() != field {
			t.Errorf("field %d: HeaderWords is %d before and %d after the wire", field, s.HeaderWords(), got.HeaderWords())
		}
		wantOptions, wantOffset := "", s.Offset
		if possible {
			wantOptions, wantOffset = all[:(field-5)*4], 0
		}
		if string(got.Options.Bytes()) != wantOptions || got.Payload != all[len(wantOptions):] || got.Offset != wantOffset {
			t.Errorf("field %d: options %q, payload %q, offset %d", field, got.Options.Bytes(), got.Payload, got.Offset)
		}
		if !got.SumOK() || got.FixedSum {
			t.Errorf("field %d: the checksum was computed and is not right any more", field)
		}
	}
}

func TestFixedSum(t *testing.T) {
	s := NewSegment(client, server)
	right := s.RightSum()
	s.FixedSum, s.Checksum = true, right
	if !s.SumOK() {
		t.Error("the right checksum, set by hand, is not OK")
	}
	if got := s.Received(); got.FixedSum || got.Checksum != 0 {
		t.Error("a receiver cannot see that a right checksum was set by hand")
	}
	s.Checksum++
	got, err := ParseIPv4(s.AppendIPv4(nil))
	if err != nil || got.SumOK() || !got.FixedSum || got.Checksum != right+1 || got.RightSum() != right {
		t.Errorf("a wrong checksum became %+v, %v", got, err)
	}
	// The two zeros of one's complement: make the right sum 0 and send 0xffff.
	s.FixedSum, s.Checksum = false, 0
	s.Window += s.RightSum()
	if s.RightSum() == 0xffff {
		t.Fatal("the sum of a segment cannot be 0")
	}
	if s.RightSum() != 0 {
		t.Fatalf("RightSum() = %#x, want 0", s.RightSum())
	}
	s.FixedSum, s.Checksum = true, 0xffff
	if got, err := ParseIPv4(s.AppendIPv4(nil)); err != nil || !got.SumOK() || got.Sum() != 0xffff {
		t.Errorf("0xffff for 0: %+v, %v", got, err)
	}
}

// The checksum covers the addresses, so that a segment which strays to another host is refused there.
func TestSumCoversEverything(t *testing.T) {
	s := NewSegment(client, server)
	s.Flags, s.Options, s.Payload = ACK, s.Options.WithMSS(1), "odd"
	edits := map[string]func(*Segment){
		"source":      func(s *Segment) { s.Src = netip.MustParseAddrPort("192.0.2.2:54321") },
		"port":        func(s *Segment) { s.Dst = netip.MustParseAddrPort("198.51.100.20:81") },
		"seq":         func(s *Segment) { s.Seq++ },
		"high seq":    func(s *Segment) { s.Seq += 1 << 16 },
		"ack":         func(s *Segment) { s.Ack++ },
		"high ack":    func(s *Segment) { s.Ack += 1 << 16 },
		"flags":       func(s *Segment) { s.Flags |= PSH },
		"reserved":    func(s *Segment) { s.Reserved = 1 },
		"offset":      func(s *Segment) { s.Offset = 5 },
		"window":      func(s *Segment) { s.Window++ },
		"urgent":      func(s *Segment) { s.Urgent++ },
		"options":     func(s *Segment) { s.Options = Options{}.WithMSS(2) },
		"payload":     func(s *Segment) { s.Payload = "ode" },
		"length only": func(s *Segment) { s.Payload = "odd\x00" },
	}
	for name, edit := range edits {
		e := s
		edit(&e)
		if e.RightSum() == s.RightSum() {
			t.Errorf("the checksum does not cover: %s", name)
		}
	}
	e := s
	e.TTL, e.TOS, e.IPID, e.DF = 1, 2, 3, false
	if e.RightSum() != s.RightSum() {
		t.Error("the checksum covers IPv4 fields that routers change")
	}
}

func TestParseIPv4Errors(t *testing.T) {
	good := func() []byte {
		s := NewSegment(client, server)
		s.Payload = "x"
		return s.AppendIPv4(nil)
	}
	resum := func(b []byte) []byte {
		b[10], b[11] = 0, 0
		binary.BigEndian.PutUint16(b[10:], rfc1071(b[:int(b[0]&0xf)*4]))
		return b
	}
	set := func(at int, v byte) []byte { b := good(); b[at] = v; return resum(b) }
	withIPOptions := func() []byte {
		b := good()
		b = append(b[:20:20], append([]byte{1, 1, 1, 1}, b[20:]...)...)
		b[0], b[3] = 0x46, b[3]+4
		return resum(b)
	}
	tests := []struct {
		name   string
		b      []byte
		want   error
		reason string
	}{
		{"nothing", nil, ErrTruncated, "there are no bytes"},
		{"IPv6", []byte{0x60}, ErrNotIPv4, "its version is 6"},
		{"ARP", []byte{0, 1, 8, 0}, ErrNotIPv4, "its version is 0"},
		{"half a header", good()[:19], ErrTruncated, "19 bytes are less than an IPv4 header"},
		{"header length", set(0, 0x44)[:], ErrNotIPv4, "its header length is 16 bytes"},
		{"total length below header", set(3, 19), ErrNotIPv4, "its total length of 19 bytes is less than its header"},
		{"cut packet", good()[:40], ErrTruncated, "its total length is 41 bytes and 40 are there"},
		{"checksum", func() []byte { b := good(); b[8]--; return b }(), ErrHeaderSum, "is right"},
		{"more fragments", set(6, 0x20), ErrFragment, ""},
		{"later fragment", set(7, 1), ErrFragment, ""},
		{"UDP", set(9, 17), ErrNotTCP, "its protocol is 17"},
		{"evil bit", set(6, 0x80), ErrIPOptions, ""},
		{"IP options", withIPOptions(), ErrIPOptions, ""},
		{"half a TCP header", set(3, 39), ErrTruncated, "19 bytes are less than a TCP header"},
	}
	for _, tt := range tests {
		s, err := ParseIPv4(tt.b)
		if !errors.Is(err, tt.want) || !strings.Contains(err.Error(), tt.reason) || s != (Segment{}) {
			t.Errorf("%s: %v, want %v with %q", tt.name, err, tt.want, tt.reason)
		}
	}
	if s, err := ParseIPv4(append(good(), "Ethernet padding"...)); err != nil || s.Payload != "x" {
		t.Errorf("bytes behind the packet: %+v, %v", s, err)
	}
}

func TestOutsideIPv4(t *testing.T) {
	s := Segment{Src: netip.MustParseAddrPort("[2001:db8::1]:1"), Dst: netip.MustParseAddrPort("[::ffff:192.0.2.9]:2")}
	got, err := ParseIPv4(s.AppendIPv4(nil))
	if err != nil || got.Src.String() != "0.0.0.0:1" || got.Dst.String() != "192.0.2.9:2" {
		t.Errorf("got %v > %v, %v", got.Src, got.Dst, err)
	}
	long := NewSegment(client, server)
	long.Options, long.Payload = long.Options.WithNOP(), strings.Repeat("x", 70000)
	got, err = ParseIPv4(long.AppendIPv4(nil))
	if err != nil || len(got.Payload) != 65535-44 || !got.SumOK() || got != long.Received() {
		t.Errorf("of 70000 bytes %d came through, %v", len(got.Payload), err)
	}
	if _, err := ParseIPv4(new(Segment).AppendIPv4(nil)); err != nil {
		t.Errorf("the zero segment: %v", err)
	}
}

func TestParseIPAnyBytes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := genSegment().Draw(t, "segment")
		b := s.AppendIP(nil)
		for range rapid.IntRange(0, 3).Draw(t, "edits") {
			b[rapid.IntRange(0, len(b)-1).Draw(t, "at")] = rapid.Byte().Draw(t, "byte")
		}
		b = b[:rapid.IntRange(0, len(b)).Draw(t, "size")]
		checkParse(t, b)
	})
}

// checkParse asserts that whatever ParseIP accepts becomes the same bytes again.
func checkParse(t failer, b []byte) {
	t.Helper()
	s, err := ParseIP(b)
	if err != nil {
		return
	}
	again := s.AppendIP(nil)
	said := int(binary.BigEndian.Uint16(b[2:]))
	if s.Is6() {
		said = 40 + int(binary.BigEndian.Uint16(b[4:]))
	}
	if len(again) > len(b) || !bytes.Equal(again, b[:len(again)]) || len(again) != said {
		t.Fatalf("packet %x\nbecomes %x", b, again)
	}
}
