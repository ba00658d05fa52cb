package wire

import (
	"fmt"
	"strconv"
)

// A Part is one field of a packet: what the bytes From up to but not including To of it are.
type Part struct {
	Name     string // "ip.ttl", "tcp.seq"; those of options and their padding are "tcp.option" and "tcp.padding"
	From, To int
	Value    string // as people write it
}

// Anatomy returns the packet of a segment, as AppendIP does, with its fields in their order. Every byte belongs to exactly one.
func (s *Segment) Anatomy() ([]byte, []Part) {
	b := s.AppendIP(nil)
	a := anatomy{bytes: b}
	if s.Is6() {
		a.ipv6(s)
	} else {
		a.ipv4(s)
	}
	if s.ICMP.Kind != NoICMP {
		a.icmp()
	} else {
		a.tcp(s)
	}
	return b, a.parts
}

type anatomy struct {
	bytes []byte
	at    int
	parts []Part
}

// take makes the next n bytes a part.
func (a *anatomy) take(n int, name, value string) {
	if n == 0 {
		return
	}
	a.parts = append(a.parts, Part{name, a.at, a.at + n, value})
	a.at += n
}

// number makes the next n bytes a part whose value is the number in them.
func (a *anatomy) number(n int, name string) {
	a.take(n, name, strconv.FormatUint(a.read(n), 10))
}

// hex is number in hexadecimal digits.
func (a *anatomy) hex(n int, name string) {
	a.take(n, name, fmt.Sprintf("0x%0*x", 2*n, a.read(n)))
}

// read returns the number in the next n bytes.
func (a *anatomy) read(n int) uint64 {
	var v uint64
	for _, c := range a.bytes[a.at : a.at+n] {
		v = v<<8 | uint64(c)
	}
	return v
}

func (a *anatomy) ipv4(s *Segment) {
	a.take(1, "ip.version-ihl", "4, 5")
	a.hex(1, "ip.tos")
	a.number(2, "ip.length")
	a.number(2, "ip.id")
	flags := "0"
	if a.read(2)&dontFragment != 0 {
		flags = "DF"
	}
	a.take(2, "ip.fragment", flags)
	a.number(1, "ip.ttl")
	a.number(1, "ip.protocol")
	a.hex(2, "ip.checksum")
	src, dst := s.ends()
	a.take(4, "ip.src", src)
	a.take(4, "ip.dst", dst)
}

func (a *anatomy) ipv6(s *Segment) {
	a.hex(4, "ip.version-class-flow")
	a.number(2, "ip.payload-length")
	a.number(1, "ip.next-header")
	a.number(1, "ip.hop-limit")
	src, dst := s.ends()
	a.take(16, "ip.src", src)
	a.take(16, "ip.dst", dst)
}

// ends are the addresses of the packet: an error message comes from who says it and goes to the sender of the segment.
func (s *Segment) ends() (src, dst string) {
	if s.ICMP.Kind != NoICMP {
		return s.Sayer().String(), s.Src.Addr().String()
	}
	return s.Src.Addr().String(), s.Dst.Addr().String()
}

func (a *anatomy) tcp(s *Segment) {
	a.number(2, "tcp.sport")
	a.number(2, "tcp.dport")
	a.number(4, "tcp.seq")
	a.number(4, "tcp.ack")
	v := a.read(1)
	a.take(1, "tcp.offset", fmt.Sprintf("%d, %d", v>>4, v&0xf))
	a.take(1, "tcp.flags", s.Flags.String())
	a.number(2, "tcp.window")
	a.hex(2, "tcp.checksum")
	a.number(2, "tcp.urgent")
	start := a.at
	for o := range s.Options.All() {
		a.take(o.Len(), "tcp.option", string(o.appendText(nil)))
	}
	a.take(start+s.optionsLen()-a.at, "tcp.padding", "0")
	n := len(a.bytes) - a.at
	a.take(n, "tcp.payload", strconv.Itoa(n))
}

func (a *anatomy) icmp() {
	a.number(1, "icmp.type")
	a.number(1, "icmp.code")
	a.hex(2, "icmp.checksum")
	a.hex(4, "icmp.rest")
	n := len(a.bytes) - a.at
	a.take(n, "icmp.quote", strconv.Itoa(n))
}
