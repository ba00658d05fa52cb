package pcap

import "encoding/binary"

const (
	fileHeaderLen   = 24
	recordHeaderLen = 16
)

// readRecords reads a pcap file (draft-ietf-opsawg-pcap): a header, and records each with a header of its own. Times have whole
// seconds and a fraction in units of 1/perSecond.
func (c *Capture) readRecords(b []byte, order binary.ByteOrder, perSecond uint64) *Error {
	c.Format = "pcap"
	if len(b) < fileHeaderLen {
		return whole(Truncated, "it ends in its header: it has %d bytes, and the header of a pcap file alone has %d", len(b), fileHeaderLen)
	}
	if major := order.Uint16(b[4:]); major != 2 {
		return whole(BadVersion, "it is of version %d of the pcap format, and only version 2 is read", major)
	}
	// The link type has 16 bits; those above say how long a frame check sequence is.
	c.Interfaces = []Interface{newInterface(int(order.Uint32(b[20:]) & 0xffff))}
	for at := fileHeaderLen; at < len(b); {
		fail := c.failing(at)
		if len(c.Packets) == c.limit() {
			return fail(TooManyPackets, "there are more than %d packets; tcpdump -r FILE -c %[1]d -w SMALLER takes the first ones", c.limit())
		}
		rest := b[at:]
		if len(rest) < recordHeaderLen {
			return fail(Truncated, "the file ends in the middle of a record's header")
		}
		captured, length := order.Uint32(rest[8:]), order.Uint32(rest[12:])
		rest = rest[recordHeaderLen:]
		if uint64(captured) > uint64(len(rest)) {
			return fail(Truncated, "the record claims %d bytes, and the file has %d more", captured, len(rest))
		}
		if captured > length {
			return fail(BadLength, "the record has %d bytes of a packet of %d", captured, length)
		}
		h := b[at:]
		us := int64(order.Uint32(h))*1_000_000 + int64(uint64(order.Uint32(h[4:]))*1_000_000/perSecond)
		c.add(Packet{Length: int(length)}, us, rest[:captured])
		at += recordHeaderLen + int(captured)
	}
	return nil
}

// failing returns a maker of errors about the record or block at offset at.
func (c *Capture) failing(at int) func(code, format string, args ...any) *Error {
	return func(code, format string, args ...any) *Error {
		e := whole(code, format, args...)
		e.Packet, e.Offset = len(c.Packets)+1, at
		return e
	}
}
