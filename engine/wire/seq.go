package wire

// Seq is a TCP sequence or acknowledgment number. All arithmetic on it is modulo 2^32
// (RFC 9293 section 3.4), so it must never be compared with < or >.
type Seq uint32

// Add returns s advanced by n, modulo 2^32.
func (s Seq) Add(n uint32) Seq { return s + Seq(n) }

// Sub returns the signed distance s - t, which is right while the two are less than 2^31 apart.
func (s Seq) Sub(t Seq) int32 { return int32(s - t) }

// Less reports whether s comes before t. Of two numbers exactly 2^31 apart each comes before the other; no window is that
// wide, so no TCP has to ask.
func (s Seq) Less(t Seq) bool { return s.Sub(t) < 0 }

// LessEq reports whether s comes before t or is t.
func (s Seq) LessEq(t Seq) bool { return s.Sub(t) <= 0 }

// Max returns the later of two numbers.
func (s Seq) Max(t Seq) Seq {
	if s.Less(t) {
		return t
	}
	return s
}

// In reports whether first <= s < first+size, modulo 2^32. Nothing lies in a window of size 0.
func (s Seq) In(first Seq, size uint32) bool { return uint32(s-first) < size }
