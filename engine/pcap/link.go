package pcap

import (
	"encoding/binary"
	"fmt"
	"slices"
	"strings"

	"github.com/handshakelab/lab/engine/wire"
)

// Link types (https://www.tcpdump.org/linktypes.html).
const (
	linkNull     = 0
	linkEthernet = 1
	linkRaw12    = 12 // what some systems write for linkRaw
	linkRaw14    = 14 // likewise
	linkRaw      = 101
	linkLoop     = 108
	linkCooked   = 113
	linkIPv4     = 228
	linkIPv6     = 229
	linkCooked2  = 276
)

var linkNames = map[int]string{
	linkNull: "BSD loopback", linkEthernet: "Ethernet", linkRaw12: "raw IP", linkRaw14: "raw IP", linkRaw: "raw IP", linkLoop: "OpenBSD loopback",
	linkCooked: "Linux cooked capture", linkIPv4: "raw IPv4", linkIPv6: "raw IPv6", linkCooked2: "Linux cooked capture v2",
}

func newInterface(linkType int) Interface {
	return Interface{LinkType: linkType, Link: linkNames[linkType]}
}

// EtherTypes (IANA IEEE 802 numbers).
const (
	etherIPv4 = 0x0800
	etherIPv6 = 0x86dd
	etherARP  = 0x0806
	etherVLAN = 0x8100
	etherQinQ = 0x88a8
	etherQold = 0x9100
)

// decode finds the segment in the captured bytes of a packet, or the reason why there is none.
func (p *Packet) decode(linkType int, b []byte) {
	ip, why := p.network(linkType, b)
	if why == "" {
		why = p.transport(ip, p.Length-(len(b)-len(ip)))
	}
	p.Unread = why
}

// network takes the link header off.
func (p *Packet) network(linkType int, b []byte) (ip []byte, why string) {
	short := func(n int) string {
		if len(b) < n {
			return fmt.Sprintf("it ends in its %s header", linkNames[linkType])
		}
		return ""
	}
	switch linkType {
	case linkRaw, linkRaw12, linkRaw14, linkIPv4, linkIPv6:
		return b, ""
	case linkNull, linkLoop:
		if why := short(4); why != "" {
			return nil, why
		}
		return family(b)
	case linkEthernet:
		if why := short(14); why != "" {
			return nil, why
		}
		return untag(binary.BigEndian.Uint16(b[12:]), b[14:])
	case linkCooked:
		if why := short(16); why != "" {
			return nil, why
		}
		p.Direction = cookedDirection(binary.BigEndian.Uint16(b))
		return untag(binary.BigEndian.Uint16(b[14:]), b[16:])
	case linkCooked2:
		if why := short(20); why != "" {
			return nil, why
		}
		p.underlay = binary.BigEndian.Uint32(b[4:])
		p.Direction = cookedDirection(uint16(b[10]))
		return untag(binary.BigEndian.Uint16(b), b[20:])
	default:
		return nil, fmt.Sprintf("captures of link type %d are not read here", linkType)
	}
}

// family reads the address family in front of a loopback packet. It is in the byte order of the host that captured it, which need not
// be that of the file; no family is so large that the two could be confused.
func family(b []byte) (ip []byte, why string) {
	af := min(binary.LittleEndian.Uint32(b), binary.BigEndian.Uint32(b))
	switch af {
	case 2, 10, 23, 24, 28, 30: // IPv4, and IPv6 on Linux, Windows, NetBSD and OpenBSD, FreeBSD, macOS
		return b[4:], ""
	default:
		return nil, fmt.Sprintf("its address family is %d, not IP", af)
	}
}

// untag takes VLAN tags off, however many there are.
func untag(ether uint16, b []byte) (ip []byte, why string) {
	for ether == etherVLAN || ether == etherQinQ || ether == etherQold {
		if len(b) < 4 {
			return nil, "it ends in a VLAN tag"
		}
		ether, b = binary.BigEndian.Uint16(b[2:]), b[4:]
	}
	switch {
	case ether == etherIPv4, ether == etherIPv6:
		return b, ""
	case ether == etherARP:
		return nil, "it is ARP"
	case ether < 0x0600:
		return nil, "it is an IEEE 802.3 frame"
	default:
		return nil, fmt.Sprintf("its EtherType is %#04x, not IP", ether)
	}
}

// cookedDirection is the direction that a cooked capture gives: 0 to 3 came in (to the host, to all, to many, to another one),
// 4 went out.
func cookedDirection(kind uint16) Direction {
	switch {
	case kind == 4:
		return Out
	case kind < 4:
		return In
	default:
		return Unknown
	}
}

// transport reads the IP packet b, of which there were length bytes on the wire.
func (p *Packet) transport(b []byte, length int) (why string) {
	if wire.IsICMP(b) {
		var err error
		if p.Seg, p.Sayer, err = wire.ParseICMP(b); err != nil {
			return strings.TrimPrefix(err.Error(), "wire: ")
		}
		return ""
	}
	b = p.repair(b, length)
	seg, err := wire.ParseIP(b)
	if err != nil {
		p.Cut = 0
		return strings.TrimPrefix(err.Error(), "wire: ")
	}
	if p.Cut > 0 {
		have := len(seg.Payload)
		p.Cut -= have
		seg.Payload = zeros(have + p.Cut)
		seg.FixedSum, seg.Checksum = false, 0 // it cannot be judged
	}
	if seg.FixedSum && seg.Checksum == partialSum(b) {
		p.Offload = true
		seg.FixedSum, seg.Checksum = false, 0
	}
	p.Seg = seg
	return ""
}

// repair returns the packet as the reader of segments wants it: with the length and the checksum of the header that a network card
// fills in, and, when the capture cut it, ending where the capture ends. Cut is then how long the text was in all.
func (p *Packet) repair(b []byte, length int) []byte {
	const total, sum, tcpOffset, header = 2, 10, 12, wire.IPv4HeaderLen
	if len(b) < header || b[0] != 4<<4|header/4 {
		return b
	}
	claimed, right := int(binary.BigEndian.Uint16(b[total:])), binary.BigEndian.Uint16(b[sum:])
	if right != 0 && checksum(b[:header]) != 0 {
		return b // wrong in the first place
	}
	size := claimed
	if size == 0 {
		size = min(length, 65535) // the card cuts it and gives each piece its length
	}
	if size > len(b) && size <= length {
		head := header + wire.MinHeaderLen
		if len(b) >= head {
			head = header + int(b[header+tcpOffset]>>4)*4
		}
		if head < header+wire.MinHeaderLen || head > len(b) {
			return b // the TCP header itself is not whole
		}
		p.Cut = size - head
		size = len(b)
	}
	if size == claimed && right != 0 {
		return b
	}
	b = slices.Clone(b)
	binary.BigEndian.PutUint16(b[total:], uint16(size))
	binary.BigEndian.PutUint16(b[sum:], 0)
	binary.BigEndian.PutUint16(b[sum:], checksum(b[:header]))
	return b
}

// checksum is the internet checksum of b (RFC 1071), of an even number of bytes.
func checksum(b []byte) uint16 {
	var t uint32
	for ; len(b) >= 2; b = b[2:] {
		t += uint32(b[0])<<8 | uint32(b[1])
	}
	t = t>>16 + t&0xffff
	return ^uint16(t>>16 + t&0xffff)
}

// partialSum is what a host leaves in the TCP checksum of the packet b for its network card to finish: the sum of the
// pseudo-header alone.
func partialSum(b []byte) uint16 {
	if b[0]>>4 == 6 {
		var pseudo [40]byte
		copy(pseudo[:32], b[8:40])
		copy(pseudo[34:], b[4:6]) // of the length, 4 bytes here, the lower half
		pseudo[39] = 6
		return ^checksum(pseudo[:])
	}
	var pseudo [12]byte
	copy(pseudo[:8], b[12:20])
	pseudo[9] = 6
	binary.BigEndian.PutUint16(pseudo[10:], binary.BigEndian.Uint16(b[2:])-wire.IPv4HeaderLen)
	return ^checksum(pseudo[:])
}
