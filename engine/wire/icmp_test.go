package wire

import (
	"bytes"
	"encoding/binary"
	"errors"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// TestICMPIsReadBack: an error message that was written reads as one with the same bytes, whatever it quotes.
func TestICMPIsReadBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := genSegment().Filter(func(s Segment) bool { return s.ICMP.Kind != NoICMP }).Draw(t, "error")
		if s.ICMP.Router == OtherRouter {
			s.ICMP.Router = 1
		}
		if s.ICMP.Kind != TooBig {
			s.ICMP.MTU = 0
		}
		b := s.AppendIP(nil)
		got, sayer, err := ParseICMP(b)
		if err != nil {
			t.Fatalf("%v\n% x", err, b)
		}
		if got.ICMP != s.ICMP || sayer != got.Sayer() {
			t.Fatalf("%+v from %v is read from %+v of %v", got.ICMP, sayer, s.ICMP, s.Sayer())
		}
		if again := got.AppendIP(nil); !bytes.Equal(again, b) {
			t.Fatalf("written % x\n  again % x", b, again)
		}
	})
}

// message is an ICMP error from sayer with the given type and code, the four bytes behind the checksum and the quote.
func message(sayer, to netip.Addr, typ, code byte, rest, quote []byte) []byte {
	body := append(append([]byte{typ, code, 0, 0}, rest...), quote...)
	head := Segment{TTL: 63, Src: netip.AddrPortFrom(sayer, 0), Dst: netip.AddrPortFrom(to, 0)}
	if sayer.Is6() {
		src, dst := sayer.As16(), to.As16()
		t := addBytes(addBytes(protocolICMP6+sum(len(body)), src[:]), dst[:])
		binary.BigEndian.PutUint16(body[2:], ^addBytes(t, body).fold())
		return append(head.appendHeader6(nil, protocolICMP6, len(body), src, dst), body...)
	}
	binary.BigEndian.PutUint16(body[2:], ^addBytes(0, body).fold())
	return append(head.appendHeader4(nil, protocolICMP, len(body), sayer.As4(), to.As4()), body...)
}

// TestParseICMP reads messages that the lab does not write itself: of other routers, with short quotes, with other codes.
func TestParseICMP(t *testing.T) {
	four := NewSegment(netip.MustParseAddrPort("192.0.2.1:40000"), netip.MustParseAddrPort("192.0.2.2:80"))
	four.Seq, four.Flags, four.Options, four.Payload = 100, SYN, Options{}.WithMSS(1460), "hello"
	six := four
	six.Src, six.Dst = netip.MustParseAddrPort("[2001:db8::1]:40000"), netip.MustParseAddrPort("[2001:db8::2]:80")
	zero := make([]byte, 4)
	ports := Segment{Src: four.Src, Dst: four.Dst, Seq: 100, TTL: 64, DF: true}
	quote4, quote6 := four.AppendIP(nil), six.AppendIP(nil)
	options := slices.Insert(slices.Clone(quote4), 20, 1, 1, 1, 1) // four no-operations in the IP header
	options[0]++
	options[3] += 4
	for _, test := range []struct {
		name  string
		b     []byte
		sayer string
		icmp  ICMP
		quote Segment
	}{
		{"another router", message(netip.MustParseAddr("10.9.8.7"), four.Src.Addr(), 3, 1, zero, quote4), "10.9.8.7", ICMP{HostUnreachable, OtherRouter, 0}, four},
		{"eight bytes", message(netip.MustParseAddr("203.0.113.7"), four.Src.Addr(), 3, 3, zero, quote4[:28]), "203.0.113.7", ICMP{PortUnreachable, 7, 0}, ports},
		{"host prohibited", message(four.Dst.Addr(), four.Src.Addr(), 3, 10, zero, quote4), "192.0.2.2", ICMP{AdminProhibited, 0, 0}, four},
		{"MTU", message(four.Dst.Addr(), four.Src.Addr(), 3, 4, []byte{0, 0, 5, 0xdc}, quote4), "192.0.2.2", ICMP{TooBig, 0, 1500}, four},
		{"IP options", message(four.Dst.Addr(), four.Src.Addr(), 3, 3, zero, options), "192.0.2.2", ICMP{PortUnreachable, 0, 0}, four},
		{"an extension behind the quote", message(four.Dst.Addr(), four.Src.Addr(), 11, 0, []byte{0, 13, 0, 0}, append(slices.Clone(quote4[:49]), 0, 0, 0, 0x20, 0, 9, 9, 9)),
			"192.0.2.2", ICMP{TimeExceeded, 0, 0}, four},
		{"IPv6, reject route", message(six.Dst.Addr(), six.Src.Addr(), 1, 6, zero, quote6), "2001:db8::2", ICMP{AdminProhibited, 0, 0}, six},
		{"IPv6, a huge MTU", message(six.Dst.Addr(), six.Src.Addr(), 2, 0, []byte{0, 1, 0, 0}, quote6), "2001:db8::2", ICMP{TooBig, 0, 65535}, six},
	} {
		got, sayer, err := ParseICMP(test.b)
		want := test.quote
		want.ICMP = test.icmp
		if err != nil || got != want || sayer.String() != test.sayer {
			t.Errorf("%s: %+v from %v, %v\nwant %+v", test.name, got, sayer, err, want)
		}
	}
}

// TestParseICMPErrors reaches every reason why a packet is not read as an error about a segment.
func TestParseICMPErrors(t *testing.T) {
	seg := NewSegment(netip.MustParseAddrPort("192.0.2.1:40000"), netip.MustParseAddrPort("192.0.2.2:80"))
	quote, to, zero := seg.AppendIP(nil), seg.Src.Addr(), make([]byte, 4)
	from := netip.MustParseAddr("10.9.8.7")
	changed := func(b []byte, at int, v byte) []byte {
		b = slices.Clone(b)
		b[at] = v
		return b
	}
	four := message(from, to, 3, 1, zero, quote)
	six := message(netip.MustParseAddr("2001:db8::9"), netip.MustParseAddr("2001:db8::1"), 1, 3, zero, quote)
	mapped := Segment{Src: netip.MustParseAddrPort("[2001:db8::1]:1"), Dst: netip.MustParseAddrPort("[2001:db8::2]:2")}
	quote6 := mapped.AppendIP(nil)
	copy(quote6[8:], netip.MustParseAddr("::ffff:192.0.2.1").AsSlice())
	for _, test := range []struct {
		name, reason string
		b            []byte
		want         error
	}{
		{"nothing", "another protocol", nil, ErrNotICMP},
		{"TCP", "another protocol", quote, ErrNotICMP},
		{"cut short", "are there", four[:len(four)-1], ErrTruncated},
		{"IPv6, cut short", "are there", six[:len(six)-1], ErrTruncated},
		{"a wrong header length", "its lengths are", changed(four, 0, 0x44), ErrNotIPv4},
		{"a fragment", "not whole", changed(four, 7, 1), ErrFragment},
		{"no header", "less than an ICMP header", changed(four, 3, 27)[:27], ErrTruncated},
		{"a wrong checksum", "type 3, code 1", changed(four, 22, 0), ErrICMPSum},
		{"a wrong checksum of IPv6", "type 1, code 3", changed(six, 42, 0), ErrICMPSum},
		{"an echo request", "type 8, code 0", message(from, to, 8, 0, zero, quote), ErrNotICMP},
		{"an unknown code", "type 3, code 77", message(from, to, 3, 77, zero, quote), ErrNotICMP},
		{"a quote of IPv4 in ICMPv6", "of its version", six, ErrNotICMP},
		{"a quote that ends in its IP header", "of its version", message(from, to, 3, 1, zero, quote[:19]), ErrNotICMP},
		{"a quote of UDP", "protocol 17", message(from, to, 3, 1, zero, changed(quote, 9, 17)), ErrNotICMP},
		{"a quote of seven bytes", "too little", message(from, to, 3, 1, zero, quote[:27]), ErrNotICMP},
		{"a quote of a later fragment", "not the first", message(from, to, 3, 1, zero, changed(quote, 7, 1)), ErrNotICMP},
		{"a quote with an address of IPv4 in IPv6", "stands for one", message(netip.MustParseAddr("2001:db8::9"), netip.MustParseAddr("2001:db8::1"), 1, 3, zero, quote6), ErrNotICMP},
	} {
		if _, _, err := ParseICMP(test.b); !errors.Is(err, test.want) || !strings.Contains(err.Error(), test.reason) {
			t.Errorf("%s: %v, want %v with %q", test.name, err, test.want, test.reason)
		}
	}
}
