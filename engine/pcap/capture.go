package pcap

import (
	"bytes"
	"encoding/binary"
	"io"
	"net/netip"

	"github.com/handshakelab/lab/engine"
	"github.com/handshakelab/lab/engine/diag"
	"github.com/handshakelab/lab/engine/script"
	"github.com/handshakelab/lab/engine/wire"
)

// A Capture is what a capture file holds.
type Capture struct {
	Format        string      // "pcap" or "pcapng"
	Start         int64       // when the earliest packet was captured, in µs since 1970-01-01 00:00:00 UTC
	Interfaces    []Interface // in the order of the file, those of all sections; a pcap file has one
	Packets       []Packet    // in the order of the file
	Conversations []Conversation

	// Scenario is the run that the file was written from, nil in a file that Write did not make. Diagnostics say why it is nil
	// although the file has one: somebody changed it.
	Scenario    *script.Scenario
	Diagnostics diag.List
}

// An Interface is where packets were captured.
type Interface struct {
	Name     string // "eth0", or "" when the file does not say
	LinkType int    // as https://www.tcpdump.org/linktypes.html numbers them
	Link     string // its name, "Ethernet"; "" for one that is not read here
}

// Direction is which way a packet went through the interface.
type Direction uint8

// The directions. Most captures do not say.
const (
	Unknown Direction = iota
	In                // to the host where it was captured
	Out               // from there
)

// A Packet is one packet of a capture.
type Packet struct {
	N         int         // its number in the file, from 1, as Wireshark and tshark count
	At        engine.Time // when it was captured, since Capture.Start, never negative; not always in order
	Interface int         // index into Capture.Interfaces
	Direction Direction
	Length    int      // bytes that it had on the wire, with its link header
	Captured  int      // bytes of it in the file
	ID        uint64   // packet id of a pcapng file, 0 without; of a file of Write the number of the segment
	Comments  []string // of a pcapng file

	Seg      wire.Segment // when Unread is ""; of an ICMP error the segment that it quotes, with Seg.ICMP set
	Sayer    netip.Addr   // who sent that error
	Unread   string       // why there is no segment, in words: "the packet is not TCP: its protocol is 17"
	Cut      int          // bytes of text that the capture left out; zero bytes stand for the whole text then
	Offload  bool         // the checksum was left to the network card; Seg has the right one
	Conv     int          // index into Capture.Conversations, -1 without a segment
	underlay uint32       // the interface within a capture of all interfaces
}

// A Conversation is all that was captured at one place between one port and another. More than one connection can follow each other
// in it. Client is the end that opened the first one; when no SYN was captured, the one with the higher port.
type Conversation struct {
	Client, Server netip.AddrPort
	Interface      int   // index into Capture.Interfaces
	Packets        []int // indexes into Capture.Packets
}

// Read reads a capture. An error is an *Error, and the capture holds what stands before it; it is never nil. Files of more than
// MaxSize bytes are not read.
func Read(r io.Reader) (*Capture, error) {
	c := &Capture{}
	b, err := io.ReadAll(io.LimitReader(r, MaxSize+1))
	switch {
	case err != nil:
		fault := whole(ReadFailed, "it did not arrive whole: %v", err)
		fault.Err = err
		return c, fault
	case len(b) > MaxSize:
		return c, whole(TooLarge, "it has more than %d MiB; tcpdump -r FILE -c %d -w SMALLER takes the first packets out of it", MaxSize>>20, MaxPackets)
	}
	fault := c.read(b)
	c.arrange()
	if fault != nil {
		return c, fault
	}
	return c, nil
}

// Is reports whether b begins like a capture file, also one that is compressed.
func Is(b []byte) bool {
	fault := (&Capture{}).read(b[:min(len(b), 8)])
	return fault == nil || fault.Code != Empty && fault.Code != NotACapture
}

// packed are the first bytes of compressed files.
var packed = []struct{ magic, name string }{
	{"\x1f\x8b", "gzip"}, {"BZh", "bzip2"}, {"\xfd7zXZ", "xz"}, {"\x28\xb5\x2f\xfd", "zstd"}, {"\x04\x22\x4d\x18", "lz4"}, {"PK\x03\x04", "zip"},
}

func (c *Capture) read(b []byte) *Error {
	if len(b) == 0 {
		return whole(Empty, "it is empty")
	}
	for _, p := range packed {
		if bytes.HasPrefix(b, []byte(p.magic)) {
			return whole(Compressed, "it is compressed with %s: unpack it first", p.name)
		}
	}
	if len(b) < 4 {
		return whole(NotACapture, "it has %d bytes, less than any capture", len(b))
	}
	switch magic := binary.LittleEndian.Uint32(b); magic {
	case sectionHeader:
		return c.readBlocks(b)
	case 0xa1b2c3d4:
		return c.readRecords(b, binary.LittleEndian, 1_000_000)
	case 0xd4c3b2a1:
		return c.readRecords(b, binary.BigEndian, 1_000_000)
	case 0xa1b23c4d:
		return c.readRecords(b, binary.LittleEndian, 1_000_000_000)
	case 0x4d3cb2a1:
		return c.readRecords(b, binary.BigEndian, 1_000_000_000)
	default:
		return whole(NotACapture, "it is neither pcap nor pcapng: it begins with % x", b[:4])
	}
}

// limit is how many packets the file may have.
func (c *Capture) limit() int {
	if c.Scenario != nil {
		return engine.MaxEvents
	}
	return MaxPackets
}

// add takes a packet with the bytes that were captured of it. at is its time in µs since 1970.
func (c *Capture) add(p Packet, at int64, b []byte) {
	p.N = len(c.Packets) + 1
	p.At = engine.Time(at) // arrange makes it relative
	p.Captured = len(b)
	p.decode(c.Interfaces[p.Interface].LinkType, b)
	c.Packets = append(c.Packets, p)
}

// arrange makes times relative to the earliest and sorts packets into conversations.
func (c *Capture) arrange() {
	if len(c.Packets) == 0 {
		return
	}
	start := c.Packets[0].At
	for i := range c.Packets {
		start = min(start, c.Packets[i].At)
	}
	c.Start = int64(start)

	type key struct {
		iface    int
		underlay uint32
		low      netip.AddrPort
		high     netip.AddrPort
	}
	convs := map[key]int{}
	for i := range c.Packets {
		p := &c.Packets[i]
		p.At -= start
		p.Conv = -1
		if p.Unread != "" {
			continue
		}
		k := key{p.Interface, p.underlay, p.Seg.Src, p.Seg.Dst}
		if k.high.Compare(k.low) < 0 {
			k.low, k.high = k.high, k.low
		}
		n, known := convs[k]
		if !known {
			n = len(c.Conversations)
			convs[k] = n
			c.Conversations = append(c.Conversations, Conversation{Interface: p.Interface})
		}
		p.Conv = n
		c.Conversations[n].Packets = append(c.Conversations[n].Packets, i)
	}
	for i := range c.Conversations {
		c.opener(&c.Conversations[i])
	}
}

// opener finds out which end of a conversation opened it.
func (c *Capture) opener(conv *Conversation) {
	for _, i := range conv.Packets {
		seg := &c.Packets[i].Seg
		switch seg.Flags & (wire.SYN | wire.ACK) {
		case wire.SYN:
			conv.Client, conv.Server = seg.Src, seg.Dst
			return
		case wire.SYN | wire.ACK:
			conv.Client, conv.Server = seg.Dst, seg.Src
			return
		}
	}
	seg := &c.Packets[conv.Packets[0]].Seg
	conv.Client, conv.Server = seg.Src, seg.Dst
	if conv.Client.Port() < conv.Server.Port() {
		conv.Client, conv.Server = conv.Server, conv.Client
	}
}
