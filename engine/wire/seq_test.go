package wire

import (
	"testing"

	"pgregory.net/rapid"
)

func TestSeqAcrossTheWrap(t *testing.T) {
	const top = Seq(1<<32 - 1)
	tests := []struct {
		s, t Seq
		less bool
		sub  int32
	}{
		{0, 0, false, 0},
		{0, 1, true, -1},
		{1, 0, false, 1},
		{top, 0, true, -1},
		{0, top, false, 1},
		{top - 10, 10, true, -21},
		{0, 1<<31 - 1, true, -(1<<31 - 1)},
		{5, 5 + 1<<31 - 1, true, -(1<<31 - 1)},
		{1<<31 + 1, 0, true, -(1<<31 - 1)},
		// Half the space apart there is no before: RFC 1982 calls it undefined, and both answer yes.
		{0, 1 << 31, true, -1 << 31},
		{1 << 31, 0, true, -1 << 31},
	}
	for _, tt := range tests {
		if got := tt.s.Less(tt.t); got != tt.less {
			t.Errorf("%d.Less(%d) = %v", tt.s, tt.t, got)
		}
		if got := tt.s.LessEq(tt.t); got != (tt.less || tt.s == tt.t) {
			t.Errorf("%d.LessEq(%d) = %v", tt.s, tt.t, got)
		}
		if got := tt.s.Sub(tt.t); got != tt.sub {
			t.Errorf("%d.Sub(%d) = %d, want %d", tt.s, tt.t, got, tt.sub)
		}
	}
}

func TestSeqInWindow(t *testing.T) {
	const top = Seq(1<<32 - 1)
	tests := []struct {
		s, first Seq
		size     uint32
		in       bool
	}{
		{5, 5, 0, false},
		{5, 5, 1, true},
		{6, 5, 1, false},
		{4, 5, 1, false},
		{top, top - 1, 4, true},
		{0, top - 1, 4, true},
		{1, top - 1, 4, true},
		{2, top - 1, 4, false},
		{top - 2, top - 1, 4, false},
		{1<<31 + 7, 5, 1<<31 + 3, true},
		{1<<31 + 8, 5, 1<<31 + 3, false},
	}
	for _, tt := range tests {
		if got := tt.s.In(tt.first, tt.size); got != tt.in {
			t.Errorf("%d.In(%d, %d) = %v", tt.s, tt.first, tt.size, got)
		}
	}
}

// Nothing about sequence numbers depends on where they begin.
func TestSeqShift(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b, k := genSeq().Draw(t, "a"), genSeq().Draw(t, "b"), uint32(genSeq().Draw(t, "k"))
		size := rapid.Uint32().Draw(t, "size")
		if a.Less(b) != a.Add(k).Less(b.Add(k)) || a.Sub(b) != a.Add(k).Sub(b.Add(k)) ||
			a.In(b, size) != a.Add(k).In(b.Add(k), size) {
			t.Fatalf("%d and %d compare otherwise when both are shifted by %d", a, b, k)
		}
		if b.Add(uint32(a.Sub(b))) != a {
			t.Fatalf("%d + (%d - %d) is not %d", b, a, b, a)
		}
		if a.Sub(b) != -1<<31 && a != b && a.Less(b) == b.Less(a) {
			t.Fatalf("neither or both of %d and %d come first", a, b)
		}
	})
}

func TestSegmentSpace(t *testing.T) {
	tests := []struct {
		s    Segment
		size uint32
		end  Seq
	}{
		{Segment{Seq: 100, Flags: ACK}, 0, 100},
		{Segment{Seq: 100, Flags: SYN}, 1, 101},
		{Segment{Seq: 100, Flags: SYN | ACK, Payload: "hello"}, 6, 106},
		{Segment{Seq: 100, Flags: FIN | ACK, Payload: "hello"}, 6, 106},
		{Segment{Seq: 100, Flags: SYN | FIN}, 2, 102},
		{Segment{Seq: 1<<32 - 1, Flags: SYN}, 1, 0},
		{Segment{Seq: 1<<32 - 3, Flags: FIN, Payload: "hello"}, 6, 3},
		{Segment{Seq: 100, Flags: RST | PSH | URG | ECE | CWR}, 0, 100},
	}
	for _, tt := range tests {
		if got := tt.s.Len(); got != tt.size {
			t.Errorf("%v with %d bytes: Len() = %d, want %d", tt.s.Flags, len(tt.s.Payload), got, tt.size)
		}
		if got := tt.s.End(); got != tt.end {
			t.Errorf("%v with %d bytes: End() = %d, want %d", tt.s.Flags, len(tt.s.Payload), got, tt.end)
		}
	}
}
