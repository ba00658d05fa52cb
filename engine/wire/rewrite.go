package wire

import "encoding/binary"

// Overwritten returns o as a box leaves it that takes options out: every one of these kinds is NOPs from end to end, so that
// nothing else moves. n is how many there were. Reading stops where a TCP stops.
func (o Options) Overwritten(kinds ...uint8) (r Options, n int) {
	r = o
	for at := 0; at < int(o.n); {
		b := o.b[at:o.n]
		size, ok := optionSize(b)
		if !ok || b[0] == KindEOL {
			break
		}
		for _, k := range kinds {
			if b[0] == k && k != KindNOP {
				for i := range size {
					r.b[at+i] = KindNOP
				}
				n++
			}
		}
		at += size
	}
	return r, n
}

// SACKMoved returns o with the edges of all its SACK blocks moved by that much, modulo 2^32.
func (o Options) SACKMoved(by uint32) Options {
	for at := 0; at < int(o.n); {
		size, ok := optionSize(o.b[at:o.n])
		if !ok || o.b[at] == KindEOL {
			break
		}
		if o.b[at] == KindSACK && size%8 == 2 {
			for edge := o.b[at+2 : at+size]; len(edge) > 0; edge = edge[4:] {
				binary.BigEndian.PutUint32(edge, binary.BigEndian.Uint32(edge)+by)
			}
		}
		at += size
	}
	return o
}
