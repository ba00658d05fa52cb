package pcap

import (
	"encoding/binary"
	"math/bits"
	"strings"

	"github.com/handshakelab/lab/engine/script"
)

// Block types and option codes of pcapng (draft-ietf-opsawg-pcapng).
const (
	sectionHeader     = 0x0a0d0d0a // reads the same in both byte orders
	interfaceBlock    = 1
	packetBlock       = 2 // obsolete
	simplePacketBlock = 3
	enhancedPacket    = 6

	byteOrderMagic = 0x1a2b3c4d

	optEnd        = 0
	optComment    = 1
	optUserAppl   = 4  // of a section
	optName       = 2  // of an interface
	optDescribe   = 3  // of an interface
	optResolution = 9  // of an interface
	optTimeOffset = 14 // of an interface
	optFlags      = 2  // of an enhanced packet
	optPacketID   = 5  // of an enhanced packet

	minBlockLen = 12 // type and length in front, length again behind
)

// blocks is a pcapng file under way.
type blocks struct {
	c      *Capture
	order  binary.ByteOrder
	first  int     // where the interfaces of this section begin in Capture.Interfaces
	clocks []clock // of the interfaces of this section
	pieces []string
	fail   func(code, format string, args ...any) *Error
}

// A clock is how an interface counts time.
type clock struct {
	perSecond uint64
	offset    int64 // seconds
	snapLen   uint32
}

// readBlocks reads a pcapng file.
func (c *Capture) readBlocks(b []byte) *Error {
	c.Format = "pcapng"
	r := blocks{c: c}
	for at, n := 0, 0; at < len(b); n++ {
		r.fail = c.failing(at)
		if n == MaxBlocks {
			return r.fail(TooManyBlocks, "there are more than %d blocks", MaxBlocks)
		}
		rest := b[at:]
		if len(rest) < minBlockLen {
			return r.fail(Truncated, "the file ends in the middle of a block's header")
		}
		section := binary.LittleEndian.Uint32(rest) == sectionHeader
		if section {
			switch uint32(byteOrderMagic) {
			case binary.LittleEndian.Uint32(rest[8:]):
				r.order = binary.LittleEndian
			case binary.BigEndian.Uint32(rest[8:]):
				r.order = binary.BigEndian
			default:
				return r.fail(NotACapture, "the section does not say its byte order: it has % x there", rest[8:12])
			}
		}
		size := r.order.Uint32(rest[4:])
		switch {
		case size < minBlockLen || size%4 != 0:
			return r.fail(BadLength, "a block claims %d bytes; it must be a multiple of 4 and at least %d", size, minBlockLen)
		case uint64(size) > uint64(len(rest)):
			return r.fail(Truncated, "a block claims %d bytes, and the file has %d more", size, len(rest))
		}
		block := rest[:size]
		if again := r.order.Uint32(block[size-4:]); again != size {
			return r.fail(BadLength, "a block says at its beginning that it has %d bytes, and at its end that it has %d", size, again)
		}
		if fault := r.block(r.order.Uint32(block), block[8:size-4]); fault != nil {
			return fault
		}
		at += int(size)
	}
	return nil
}

func (r *blocks) block(kind uint32, b []byte) *Error {
	switch kind {
	case sectionHeader:
		return r.section(b)
	case interfaceBlock:
		return r.describe(b)
	case enhancedPacket:
		return r.enhanced(b)
	case packetBlock:
		return r.obsolete(b)
	case simplePacketBlock:
		return r.simple(b)
	}
	return nil // names, statistics, secrets, and what is to come
}

func (r *blocks) section(b []byte) *Error {
	if len(b) < 16 {
		return r.fail(Truncated, "a section header ends early")
	}
	if major := r.order.Uint16(b[4:]); major != 1 {
		return r.fail(BadVersion, "a section is of version %d of the pcapng format, and only version 1 is read", major)
	}
	r.first, r.clocks, r.pieces = len(r.c.Interfaces), nil, nil
	fault := r.options(b[16:], func(code uint16, v []byte) *Error {
		if code == optComment {
			r.piece(string(v))
		}
		return nil
	})
	return fault
}

// piece takes a comment of a section, which may be a part of the scenario that Write put there.
func (r *blocks) piece(comment string) {
	n, of, text, ok := parseScenarioComment(comment)
	if !ok || n != len(r.pieces)+1 || r.c.Scenario != nil || r.c.Diagnostics != nil {
		return
	}
	r.pieces = append(r.pieces, text)
	if n < of {
		return
	}
	sc, diagnostics := script.Parse(strings.Join(r.pieces, ""))
	if len(diagnostics.Errors()) > 0 {
		r.c.Diagnostics = diagnostics
		return
	}
	r.c.Scenario = sc
}

func (r *blocks) describe(b []byte) *Error {
	if len(b) < 8 {
		return r.fail(Truncated, "the description of an interface ends early")
	}
	if len(r.c.Interfaces) == MaxInterfaces {
		return r.fail(TooManyInterfaces, "there are more than %d interfaces", MaxInterfaces)
	}
	iface := newInterface(int(r.order.Uint16(b)))
	ticks := clock{perSecond: 1_000_000, snapLen: r.order.Uint32(b[4:])}
	fault := r.options(b[8:], func(code uint16, v []byte) *Error {
		switch {
		case code == optName:
			iface.Name = text(v)
		case code == optResolution && len(v) == 1:
			ticks.perSecond = resolution(v[0])
			if ticks.perSecond == 0 {
				return r.fail(BadTime, "an interface counts time in units that are too small: its resolution is %#02x", v[0])
			}
		case code == optTimeOffset && len(v) == 8:
			ticks.offset = int64(r.order.Uint64(v))
		}
		return nil
	})
	if fault != nil {
		return fault
	}
	r.c.Interfaces = append(r.c.Interfaces, iface)
	r.clocks = append(r.clocks, ticks)
	return nil
}

// resolution is how many units a second has, 0 when that is more than can be counted. The highest bit says whether the exponent is
// one of 2 or of 10.
func resolution(v byte) uint64 {
	if v&0x80 != 0 {
		if v &= 0x7f; v > 63 {
			return 0
		}
		return 1 << v
	}
	if v > 19 {
		return 0
	}
	n := uint64(1)
	for range v {
		n *= 10
	}
	return n
}

// maxMicros bounds times, so that their differences can be counted: about 18,000 years on either side of 1970.
const maxMicros = 1 << 59

// micros is a time in µs since 1970.
func (t clock) micros(ticks uint64) (int64, bool) {
	const perSecond = 1_000_000
	hi, lo := bits.Mul64(ticks, perSecond)
	if hi >= t.perSecond || t.offset > maxMicros/perSecond || t.offset < -maxMicros/perSecond {
		return 0, false
	}
	us, _ := bits.Div64(hi, lo, t.perSecond)
	if us > maxMicros {
		return 0, false
	}
	return int64(us) + t.offset*perSecond, true
}

func (r *blocks) enhanced(b []byte) *Error {
	if len(b) < 20 {
		return r.fail(Truncated, "a packet block ends early")
	}
	return r.packet(r.order.Uint32(b), uint64(r.order.Uint32(b[4:]))<<32|uint64(r.order.Uint32(b[8:])),
		r.order.Uint32(b[12:]), r.order.Uint32(b[16:]), b[20:])
}

func (r *blocks) obsolete(b []byte) *Error {
	if len(b) < 20 {
		return r.fail(Truncated, "a packet block ends early")
	}
	return r.packet(uint32(r.order.Uint16(b)), uint64(r.order.Uint32(b[4:]))<<32|uint64(r.order.Uint32(b[8:])),
		r.order.Uint32(b[12:]), r.order.Uint32(b[16:]), b[20:])
}

// simple takes a packet that has no time: it gets that of the packet before it.
func (r *blocks) simple(b []byte) *Error {
	if len(b) < 4 {
		return r.fail(Truncated, "a packet block ends early")
	}
	if fault := r.room(0); fault != nil {
		return fault
	}
	length := r.order.Uint32(b)
	captured := min(uint64(length), uint64(len(b)-4))
	if snap := r.clocks[0].snapLen; snap != 0 {
		captured = min(captured, uint64(snap))
	}
	var at int64
	if n := len(r.c.Packets); n > 0 {
		at = int64(r.c.Packets[n-1].At)
	}
	r.c.add(Packet{Interface: r.first, Length: int(length)}, at, b[4:4+captured])
	return nil
}

// room reports why there cannot be one packet more, of this interface of the section.
func (r *blocks) room(iface uint32) *Error {
	if uint64(iface) >= uint64(len(r.clocks)) {
		return r.fail(BadInterface, "the packet is of interface %d, and the section has described %d", iface, len(r.clocks))
	}
	if limit := r.c.limit(); len(r.c.Packets) >= limit {
		return r.fail(TooManyPackets, "there are more than %d packets; tcpdump -r FILE -c %[1]d -w SMALLER takes the first ones", limit)
	}
	return nil
}

func (r *blocks) packet(iface uint32, ticks uint64, captured, length uint32, b []byte) *Error {
	if fault := r.room(iface); fault != nil {
		return fault
	}
	if uint64(captured) > uint64(len(b)) {
		return r.fail(Truncated, "the packet claims %d bytes, and its block has %d more", captured, len(b))
	}
	if captured > length {
		return r.fail(BadLength, "the block has %d bytes of a packet of %d", captured, length)
	}
	at, ok := r.clocks[iface].micros(ticks)
	if !ok {
		return r.fail(BadTime, "the time of the packet is beyond all counting")
	}
	p := Packet{Interface: r.first + int(iface), Length: int(length)}
	padded := min((int(captured)+3)&^3, len(b))
	fault := r.options(b[padded:], func(code uint16, v []byte) *Error {
		switch {
		case code == optComment:
			p.Comments = append(p.Comments, text(v))
		case code == optFlags && len(v) == 4:
			p.Direction = Direction(r.order.Uint32(v) & 3 % 3)
		case code == optPacketID && len(v) == 8:
			p.ID = r.order.Uint64(v)
		}
		return nil
	})
	if fault != nil {
		return fault
	}
	r.c.add(p, at, b[:captured])
	return nil
}

// options hands each option of a block to take.
func (r *blocks) options(b []byte, take func(code uint16, v []byte) *Error) *Error {
	for n := 0; len(b) > 0; n++ {
		if n == MaxOptions {
			return r.fail(TooManyOptions, "a block has more than %d options", MaxOptions)
		}
		if len(b) < 4 {
			return r.fail(Truncated, "the options of a block end early")
		}
		code, size := r.order.Uint16(b), int(r.order.Uint16(b[2:]))
		if code == optEnd {
			return nil
		}
		if size > len(b)-4 {
			return r.fail(Truncated, "an option claims %d bytes, and its block has %d more", size, len(b)-4)
		}
		if fault := take(code, b[4:4+size]); fault != nil {
			return fault
		}
		b = b[min(4+(size+3)&^3, len(b)):]
	}
	return nil
}

// text is an option's text, which must be UTF-8 and may end in a zero byte.
func text(v []byte) string {
	return strings.ToValidUTF8(strings.TrimRight(string(v), "\x00"), "�")
}
