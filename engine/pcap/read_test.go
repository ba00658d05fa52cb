package pcap_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/handshakelab/lab/engine"
	"github.com/handshakelab/lab/engine/pcap"
	"github.com/handshakelab/lab/engine/wire"
)

// order is a byte order that numbers can be appended in.
type order interface {
	binary.ByteOrder
	binary.AppendByteOrder
}

var orders = []order{binary.LittleEndian, binary.BigEndian}

const (
	micro = 0xa1b2c3d4
	nano  = 0xa1b23c4d
)

// capture is a pcap file in the making.
type capture struct {
	order
	b []byte
}

func newCapture(o order, magic, link uint32) *capture {
	c := &capture{order: o}
	c.u32(magic).u16(2, 4).u32(0, 0, 65535, link)
	return c
}

func (c *capture) u32(values ...uint32) *capture {
	for _, v := range values {
		c.b = c.AppendUint32(c.b, v)
	}
	return c
}

func (c *capture) u16(values ...uint16) *capture {
	for _, v := range values {
		c.b = c.AppendUint16(c.b, v)
	}
	return c
}

// record appends a packet of which length bytes were on the wire.
func (c *capture) record(seconds, fraction uint32, b []byte, length int) *capture {
	c.u32(seconds, fraction, uint32(len(b)), uint32(length))
	c.b = append(c.b, b...)
	return c
}

// A block is a pcapng block in the making: append to b, then close.
func (c *capture) block(kind uint32, body func()) *capture {
	start := len(c.b)
	c.u32(kind, 0)
	body()
	for len(c.b)%4 != 0 {
		c.b = append(c.b, 0)
	}
	size := uint32(len(c.b) - start + 4)
	c.PutUint32(c.b[start+4:], size)
	c.u32(size)
	return c
}

func (c *capture) option(code uint16, v []byte) {
	c.u16(code, uint16(len(v)))
	c.b = append(c.b, v...)
	for len(c.b)%4 != 0 {
		c.b = append(c.b, 0)
	}
}

func newBlocks(o order) *capture {
	c := &capture{order: o}
	return c.section()
}

func (c *capture) section() *capture {
	return c.block(0x0a0d0d0a, func() { c.u32(0x1a2b3c4d).u16(1, 0).u32(0xffffffff, 0xffffffff) })
}

func (c *capture) iface(link uint16, options ...func()) *capture {
	return c.block(1, func() {
		c.u16(link, 0).u32(0)
		for _, o := range options {
			o()
		}
	})
}

func (c *capture) enhanced(iface uint32, ticks uint64, b []byte, length int) *capture {
	return c.block(6, func() {
		c.u32(iface, uint32(ticks>>32), uint32(ticks), uint32(len(b)), uint32(length))
		c.b = append(c.b, b...)
	})
}

// hello is a segment that the tests put on all kinds of wires.
func hello() wire.Segment {
	s := seg(engine.Client, wire.ACK|wire.PSH, 0xfffffff0, 7, "hello")
	s.Options = s.Options.WithNOP().WithNOP().WithTimestamps(1, 2)
	return s
}

func packet(s wire.Segment) []byte { return s.AppendIP(nil) }

// Link headers, as bytes.
var (
	macs      = "\x02\x00\x00\x00\x00\x02\x02\x00\x00\x00\x00\x01"
	cookedOut = "\x00\x04\x00\x01\x00\x06\x02\x00\x00\x00\x00\x01\x00\x00\x08\x00"
	cookedIn2 = "\x08\x00\x00\x00\x00\x00\x00\x03\x00\x01\x00\x06\x02\x00\x00\x00\x00\x01\x00\x00"
)

// TestLinks reads the same segment behind every link header, in files of both formats, of both byte orders and all units of time.
func TestLinks(t *testing.T) {
	for _, test := range []struct {
		name   string
		link   uint32
		header string
		way    pcap.Direction
	}{
		{"Ethernet", 1, macs + "\x08\x00", pcap.Unknown},
		{"Ethernet, a VLAN", 1, macs + "\x81\x00\x00\x05\x08\x00", pcap.Unknown},
		{"Ethernet, a VLAN in a VLAN", 1, macs + "\x88\xa8\x00\x05\x81\x00\x00\x07\x08\x00", pcap.Unknown},
		{"raw IP", 101, "", pcap.Unknown},
		{"raw IP of OpenBSD", 14, "", pcap.Unknown},
		{"raw IP of others", 12, "", pcap.Unknown},
		{"raw IPv4", 228, "", pcap.Unknown},
		{"null, little-endian", 0, "\x02\x00\x00\x00", pcap.Unknown},
		{"null, big-endian", 0, "\x00\x00\x00\x02", pcap.Unknown},
		{"loopback of OpenBSD", 108, "\x00\x00\x00\x02", pcap.Unknown},
		{"cooked", 113, cookedOut, pcap.Out},
		{"cooked v2", 276, cookedIn2, pcap.In},
		{"frame check sequence in the link type", 1 | 0x24000000, macs + "\x08\x00", pcap.Unknown},
	} {
		want := hello()
		b := append([]byte(test.header), packet(want)...)
		if strings.HasPrefix(test.name, "Ethernet") {
			b = append(b, "\x00\x00\x00\x00\x00\x00"...) // padding or a frame check sequence is no text
		}
		for _, o := range orders {
			us := uint64(1_700_000_000_123_456)
			files := map[string][]byte{
				"pcap":      newCapture(o, micro, test.link).record(uint32(us/1e6), uint32(us%1e6), b, len(b)).b,
				"pcap nano": newCapture(o, nano, test.link).record(uint32(us/1e6), uint32(us%1e6*1000+999), b, len(b)).b,
			}
			if test.link < 1<<16 {
				link := uint16(test.link)
				c := newBlocks(o)
				files["pcapng"] = c.iface(link).enhanced(0, us, b, len(b)).b
				c = newBlocks(o)
				files["pcapng nano"] = c.iface(link, func() { c.option(9, []byte{9}) }).enhanced(0, us*1000+1, b, len(b)).b
				c = newBlocks(o)
				files["pcapng 1/1024 s"] = c.iface(link, func() { c.option(9, []byte{0x8a}) }).enhanced(0, us*1024/1e6+1, b, len(b)).b
				c = newBlocks(o)
				files["pcapng offset"] = c.iface(link, func() { c.option(14, o.AppendUint64(nil, us/1e6-5)) }).enhanced(0, us%1e6+5e6, b, len(b)).b
				c = newBlocks(o)
				files["pcapng obsolete"] = c.iface(link).block(2, func() {
					c.u16(0, 0).u32(uint32(us>>32), uint32(us), uint32(len(b)), uint32(len(b)))
					c.b = append(c.b, b...)
				}).b
				c = newBlocks(o)
				files["pcapng simple"] = c.iface(link).block(3, func() { c.u32(uint32(len(b))); c.b = append(c.b, b...) }).b
			}
			for format, file := range files {
				c := parsed(t, file)
				name := fmt.Sprintf("%s, %s, %v", test.name, format, o)
				if len(c.Packets) != 1 || c.Packets[0].Unread != "" || c.Packets[0].Seg != want {
					t.Fatalf("%s: %+v, want %+v", name, c.Packets, want)
				}
				p := c.Packets[0]
				if p.Direction != test.way || p.Captured != len(b) || p.Length != len(b) || p.At != 0 || p.N != 1 || p.Conv != 0 {
					t.Errorf("%s: %+v", name, p)
				}
				start := int64(us)
				switch format {
				case "pcapng 1/1024 s":
					start = int64((us*1024/1e6 + 1) * 1e6 / 1024)
				case "pcapng simple":
					start = 0
				}
				if c.Start != start || c.Format != strings.Fields(format)[0] || c.Interfaces[0].Link == "" {
					t.Errorf("%s: start %d, want %d; %q, %+v", name, c.Start, start, c.Format, c.Interfaces)
				}
			}
		}
	}
}

// TestUnread: what is no TCP over IPv4 is kept, with the reason, and what follows is read.
func TestUnread(t *testing.T) {
	s := hello()
	edit := func(at int, v byte) []byte {
		b := packet(s)
		b[at] = v
		b[10], b[11] = 0, 0 // the header checksum is filled in when it is missing
		return b
	}
	for _, test := range []struct {
		link uint32
		b    string
		want string
	}{
		{101, string(edit(9, 17)), "the packet is not TCP: its protocol is 17"},
		{101, string(edit(6, 0x20)), "the packet is a fragment"},
		{101, "\x60" + string(packet(s)[1:]), "the packet is not TCP: its next header is 64"},
		{229, "\x60", "the packet is cut short: 1 bytes are less than an IPv6 header"},
		{101, "\x50" + string(packet(s)[1:]), "not an IPv4 packet: its version is 5"},
		{101, "", "the packet is cut short: there are no bytes"},
		{101, string(packet(s)[:39]), "the packet is cut short: its total length is 57 bytes and 39 are there"},
		{101, string(packet(s)[:45]), "the packet is cut short: its total length is 57 bytes and 45 are there"},
		{101, "\x46" + string(packet(s)[1:]), "the IPv4 header checksum is wrong"},
		{1, macs + "\x08\x06", "it is ARP"},
		{1, macs + "\x86\xdd\x60", "the packet is cut short: 1 bytes are less than an IPv6 header"},
		{1, macs + "\x88\xcc", "its EtherType is 0x88cc, not IP"},
		{1, macs + "\x00\x26", "it is an IEEE 802.3 frame"},
		{1, macs + "\x81\x00\x00", "it ends in a VLAN tag"},
		{1, macs, "it ends in its Ethernet header"},
		{113, cookedOut[:15], "it ends in its Linux cooked capture header"},
		{276, cookedIn2[:19], "it ends in its Linux cooked capture v2 header"},
		{0, "\x1e\x00\x00\x00\x60", "the packet is cut short: 1 bytes are less than an IPv6 header"},
		{0, "\x00\x00\x00\x07", "its address family is 7, not IP"},
		{0, "\x00", "it ends in its BSD loopback header"},
		{105, "", "captures of link type 105 are not read here"},
	} {
		c := parsed(t, newCapture(binary.LittleEndian, micro, test.link).record(0, 0, []byte(test.b), 2000).b)
		if p := c.Packets[0]; !strings.HasPrefix(p.Unread, test.want) || p.Conv != -1 || p.Cut != 0 {
			t.Errorf("link type %d, %x: %q, want %q", test.link, test.b, p.Unread, test.want)
		}
		if len(c.Conversations) != 0 {
			t.Errorf("link type %d, %x: %d conversations", test.link, test.b, len(c.Conversations))
		}
	}
}

// TestAsTheCardLeftIt: what the network card fills in, and what the snapshot length cut off, is made up for.
func TestAsTheCardLeftIt(t *testing.T) {
	whole := hello()
	whole.Payload = strings.Repeat("x", 3000)
	zeros := whole
	zeros.Payload = strings.Repeat("\x00", 3000)
	change := func(do func(b []byte)) []byte {
		b := packet(whole)
		do(b)
		return b
	}
	partial := func(b []byte) {
		var sum uint32
		for _, at := range []int{12, 14, 16, 18} {
			sum += uint32(binary.BigEndian.Uint16(b[at:]))
		}
		sum += 6 + uint32(len(b)-20)
		sum = sum>>16 + sum&0xffff
		binary.BigEndian.PutUint16(b[36:], uint16(sum>>16+sum))
	}
	damaged := whole
	damaged.FixedSum, damaged.Checksum = true, whole.RightSum()+1
	for _, test := range []struct {
		name    string
		b       []byte
		want    wire.Segment
		cut     int
		offload bool
	}{
		{"as it is", packet(whole), whole, 0, false},
		{"header checksum missing", change(func(b []byte) { b[10], b[11] = 0, 0 }), whole, 0, false},
		{"TCP checksum begun", change(partial), whole, 0, true},
		{"length and checksums missing", change(func(b []byte) { partial(b); b[2], b[3], b[10], b[11] = 0, 0, 0, 0 }), whole, 0, true},
		{"damaged", packet(damaged), damaged, 0, false},
		{"cut in the text", packet(whole)[:100], zeros, 2952, false},
		{"cut behind the header", packet(whole)[:52], zeros, 3000, false},
		{"cut, header checksum missing", change(func(b []byte) { b[10], b[11] = 0, 0 })[:100], zeros, 2952, false},
		{"cut, length missing", change(func(b []byte) { b[2], b[3], b[10], b[11] = 0, 0, 0, 0 })[:100], zeros, 2952, false},
	} {
		c := parsed(t, newCapture(binary.BigEndian, nano, 101).record(0, 0, test.b, 3052).b)
		p := c.Packets[0]
		if p.Unread != "" || p.Seg != test.want || p.Cut != test.cut || p.Offload != test.offload {
			t.Errorf("%s: %q cut %d offload %v\n got  %+v\n want %+v", test.name, p.Unread, p.Cut, p.Offload, p.Seg, test.want)
		}
	}
}

// TestSections: each section has its byte order and its interfaces, and what a packet says of itself is kept.
func TestSections(t *testing.T) {
	b := packet(hello())
	c := newBlocks(binary.LittleEndian)
	c.iface(101, func() { c.option(2, []byte("eth0\x00")) })
	c.block(0xbad, func() { c.u32(1, 2, 3) }) // a block of a kind that nobody knows
	c.block(6, func() {
		c.u32(0, 0, 2_000_000, uint32(len(b)), uint32(len(b)))
		c.b = append(c.b, b...)
		for len(c.b)%4 != 0 {
			c.b = append(c.b, 0)
		}
		c.option(1, []byte("first"))
		c.option(2, []byte{2, 0, 0, 0})
		c.option(5, []byte{9, 0, 0, 0, 0, 0, 0, 0})
		c.option(1, []byte("sec\xffond"))
		c.option(0, nil)
	})
	c.order = binary.BigEndian
	c.section().iface(228).iface(0).enhanced(1, 1_000_000, append([]byte{0, 0, 0, 2}, b...), len(b)+4)
	got := parsed(t, c.b)
	if len(got.Interfaces) != 3 || got.Interfaces[0].Name != "eth0" || got.Interfaces[2].Link != "BSD loopback" {
		t.Errorf("%+v", got.Interfaces)
	}
	p := got.Packets
	if len(p) != 2 || p[0].Interface != 0 || p[1].Interface != 2 || p[0].Seg != hello() || p[1].Seg != hello() {
		t.Fatalf("%+v", p)
	}
	if got.Start != 1_000_000 || p[0].At != 1_000_000 || p[1].At != 0 {
		t.Errorf("start %d, packets at %v and %v: times are counted from the earliest", got.Start, p[0].At, p[1].At)
	}
	if p[0].Direction != pcap.Out || p[0].ID != 9 || strings.Join(p[0].Comments, "|") != "first|sec�ond" {
		t.Errorf("%+v", p[0])
	}
	if len(got.Conversations) != 2 {
		t.Errorf("%d conversations: what is captured at two places is two", len(got.Conversations))
	}
}

// TestOpener: the client of a conversation is who opened it, or else who has the port that clients have.
func TestOpener(t *testing.T) {
	for _, test := range []struct {
		name   string
		client engine.HostID
		segs   []wire.Segment
	}{
		{"a SYN", engine.Server, []wire.Segment{seg(engine.Server, wire.SYN, 1, 0, "")}},
		{"a SYN-ACK", engine.Server, []wire.Segment{seg(engine.Client, wire.SYN|wire.ACK, 1, 2, "")}},
		{"a SYN behind something else", engine.Server, []wire.Segment{seg(engine.Client, wire.ACK, 1, 2, ""), seg(engine.Server, wire.SYN, 1, 0, "")}},
		{"from the middle", engine.Client, []wire.Segment{seg(engine.Server, wire.ACK, 1, 2, "x")}},
	} {
		c := parsed(t, file(test.segs...))
		want := clientAddr
		if test.client == engine.Server {
			want = serverAddr
		}
		if got := c.Conversations[0].Client; got != want {
			t.Errorf("%s: %v, want %v", test.name, got, want)
		}
	}
}

// file is a capture of segments, 10 ms apart.
func file(segs ...wire.Segment) []byte {
	c := newCapture(binary.LittleEndian, micro, 101)
	for i, s := range segs {
		b := packet(s)
		c.record(uint32(i/100), uint32(i%100*10_000), b, len(b))
	}
	return c.b
}

// TestErrors: every fault has its code, its place, a sentence, and what stands before it.
func TestErrors(t *testing.T) {
	b := packet(hello())
	le := binary.LittleEndian
	good := func() *capture { return newCapture(le, micro, 101).record(0, 0, b, len(b)) }
	blocks := func() *capture { return newBlocks(le).iface(101).enhanced(0, 0, b, len(b)) }
	at := 24 + 16 + len(b)             // where the second record begins
	bt := 28 + 20 + 32 + (len(b)+3)&^3 // and the fourth block
	many := func(n int, do func(c *capture)) []byte {
		c := newBlocks(le)
		for range n {
			do(c)
		}
		return c.b
	}
	for _, test := range []struct {
		name   string
		b      []byte
		code   string
		packet int
		offset int
		reason string
	}{
		{"nothing", nil, pcap.Empty, 0, 0, "it is empty"},
		{"three bytes", []byte("abc"), pcap.NotACapture, 0, 0, "it has 3 bytes"},
		{"text", []byte("client connect\n"), pcap.NotACapture, 0, 0, "neither pcap nor pcapng"},
		{"gzip", []byte("\x1f\x8b\x08\x00"), pcap.Compressed, 0, 0, "gzip: unpack it first"},
		{"zstd", []byte("\x28\xb5\x2f\xfd"), pcap.Compressed, 0, 0, "zstd"},
		{"half a file header", good().b[:20], pcap.Truncated, 0, 0, "ends in its header"},
		{"version 1", newCapture(le, micro, 101).b[:4:4], pcap.Truncated, 0, 0, "ends in its header"},
		{"version 3", append(append([]byte(nil), good().b[:4]...), append([]byte{3, 0}, good().b[6:]...)...), pcap.BadVersion, 0, 0, "version 3"},
		{"half a record header", append(good().b, 1, 2, 3), pcap.Truncated, 2, at, "record's header"},
		{"half a packet", good().u32(0, 0, 60, 60, 1).b, pcap.Truncated, 2, at, "claims 60 bytes, and the file has 4 more"},
		{"a packet of 4 GiB", good().u32(0, 0, 0xffffffff, 0xffffffff, 1).b, pcap.Truncated, 2, at, "claims 4294967295 bytes"},
		{"more captured than there was", good().u32(0, 0, 4, 3, 1).b, pcap.BadLength, 2, at, "4 bytes of a packet of 3"},
		{"many records", bytes.Join([][]byte{good().b[:24], bytes.Repeat(good().b[24:], pcap.MaxPackets+1)}, nil), pcap.TooManyPackets,
			pcap.MaxPackets + 1, 24 + (at-24)*pcap.MaxPackets, "more than 2000 packets; tcpdump -r FILE -c 2000"},
		{"no byte order", []byte("\x0a\x0d\x0d\x0a\x1c\x00\x00\x00\x01\x02\x03\x04"), pcap.NotACapture, 1, 0, "01 02 03 04"},
		{"half a block header", append(blocks().b, 1, 2, 3), pcap.Truncated, 2, bt, "middle of a block's header"},
		{"a block of no length", blocks().u32(6, 0, 0).b, pcap.BadLength, 2, bt, "claims 0 bytes"},
		{"a block of odd length", blocks().u32(6, 13, 0).b, pcap.BadLength, 2, bt, "claims 13 bytes"},
		{"a block of 4 GiB", blocks().u32(6, 0xfffffffc, 0).b, pcap.Truncated, 2, bt, "claims 4294967292 bytes"},
		{"two lengths", blocks().u32(6, 12, 16).b, pcap.BadLength, 2, bt, "12 bytes, and at its end that it has 16"},
		{"version 2 of a section", func() []byte {
			c := blocks()
			return c.block(0x0a0d0d0a, func() { c.u32(0x1a2b3c4d).u16(2, 0).u32(0, 0) }).b
		}(), pcap.BadVersion, 2, bt, "version 2"},
		{"a short section header", blocks().u32(0x0a0d0d0a, 16, 0x1a2b3c4d, 16).b, pcap.Truncated, 2, bt, "section header"},
		{"a short interface", func() []byte { c := blocks(); return c.block(1, func() { c.u32(101) }).b }(), pcap.Truncated, 2, bt, "interface ends early"},
		{"a short packet", func() []byte { c := blocks(); return c.block(6, func() { c.u32(0) }).b }(), pcap.Truncated, 2, bt, "packet block ends early"},
		{"a short obsolete packet", func() []byte { c := blocks(); return c.block(2, func() { c.u32(0) }).b }(), pcap.Truncated, 2, bt, "packet block ends early"},
		{"a short simple packet", func() []byte { c := blocks(); return c.block(3, func() {}).b }(), pcap.Truncated, 2, bt, "packet block ends early"},
		{"no such interface", blocks().enhanced(1, 0, b, len(b)).b, pcap.BadInterface, 2, bt, "of interface 1, and the section has described 1"},
		{"no interface in this section", blocks().section().enhanced(0, 0, b, len(b)).b, pcap.BadInterface, 2, bt + 28, "described 0"},
		{"a packet longer than its block", func() []byte { c := blocks(); return c.block(6, func() { c.u32(0, 0, 0, 60, 60, 1) }).b }(), pcap.Truncated, 2, bt, "claims 60 bytes, and its block has 4"},
		{"more in the block than there was", blocks().enhanced(0, 0, b, len(b)-1).b, pcap.BadLength, 2, bt, "of a packet of"},
		{"the end of time", blocks().enhanced(0, 1<<63, b, len(b)).b, pcap.BadTime, 2, bt, "beyond all counting"},
		{"too small a unit", func() []byte { c := blocks(); return c.iface(101, func() { c.option(9, []byte{20}) }).b }(), pcap.BadTime, 2, bt, "too small"},
		{"half an option", func() []byte { c := blocks(); return c.iface(101, func() { c.u16(2, 9).u32(0) }).b }(), pcap.Truncated, 2, bt, "an option claims 9 bytes"},
		{"many interfaces", many(pcap.MaxInterfaces+1, func(c *capture) { c.iface(101) }), pcap.TooManyInterfaces, 1, 28 + 20*pcap.MaxInterfaces, "64 interfaces"},
		{"many blocks", many(pcap.MaxBlocks, func(c *capture) { c.block(99, func() {}) }), pcap.TooManyBlocks, 1, 28 + 12*(pcap.MaxBlocks-1), "blocks"},
		{"many options", many(1, func(c *capture) {
			c.block(1, func() {
				c.u32(101, 0)
				for range pcap.MaxOptions + 1 {
					c.u16(77, 0)
				}
			})
		}), pcap.TooManyOptions, 1, 28, "options"},
		{"many packets in blocks", many(1, func(c *capture) {
			c.iface(101)
			for range pcap.MaxPackets + 1 {
				c.enhanced(0, 0, b[:1], 1)
			}
		}), pcap.TooManyPackets, pcap.MaxPackets + 1, 48 + 36*pcap.MaxPackets, "more than 2000 packets"},
		{"a large file", make([]byte, pcap.MaxSize+1), pcap.TooLarge, 0, 0, "more than 16 MiB; tcpdump -r FILE"},
	} {
		c, err := pcap.Read(bytes.NewReader(test.b))
		var fault *pcap.Error
		if !errors.As(err, &fault) || fault.Code != test.code || fault.Packet != test.packet || fault.Offset != test.offset || !strings.Contains(fault.Error(), test.reason) {
			t.Errorf("%s: %#v, want %s, packet %d, offset %d, %q", test.name, err, test.code, test.packet, test.offset, test.reason)
			continue
		}
		if want := max(0, test.packet-1); c == nil || len(c.Packets) != want {
			t.Errorf("%s: %d packets, want the %d before the fault", test.name, len(c.Packets), want)
		}
	}
}

// TestIs knows captures by their first bytes.
func TestIs(t *testing.T) {
	for b, want := range map[string]bool{string(file(hello())): true, string(newBlocks(binary.BigEndian).b): true, "\x1f\x8b\x08": true, "\x0a\x0d\x0d\x0a": true,
		"": false, "client connect\n": false, "\n\n\n\n": false} {
		if pcap.Is([]byte(b)) != want {
			t.Errorf("%q: %v", b, !want)
		}
	}
}

// TestReaderFails: the error of a reader that fails is handed on.
func TestReaderFails(t *testing.T) {
	broken := errors.New("the cable is out")
	_, err := pcap.Read(io.MultiReader(bytes.NewReader(file(hello())), iotest.ErrReader(broken)))
	var fault *pcap.Error
	if !errors.As(err, &fault) || fault.Code != pcap.ReadFailed || !errors.Is(err, broken) {
		t.Errorf("%v", err)
	}
}

// TestChangedScenario: a scenario in a file that somebody changed for the worse is told of, and the packets are read.
func TestChangedScenario(t *testing.T) {
	b := written(t, run(t, "server listen\nclient connect\nstep 3\n"))
	for _, test := range []struct {
		from, to string
		broken   bool
	}{
		{"client connect", "client cannect", true},
		{"part 1 of 1", "part 1 of 2", false}, // the other half is not there
		{"part 1 of 1", "part x of 1", false}, // somebody's comment
	} {
		c := parsed(t, bytes.Replace(b, []byte(test.from), []byte(test.to), 1))
		if c.Scenario != nil || (len(c.Diagnostics) > 0) != test.broken || len(c.Packets) != 6 {
			t.Errorf("%s: %v, %d packets, scenario %v", test.to, c.Diagnostics, len(c.Packets), c.Scenario)
		}
	}
}
