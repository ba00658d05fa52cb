package tcp

import (
	"testing"

	"github.com/handshakelab/lab/engine/wire"
)

func TestUnsacked(t *testing.T) {
	tcb := TCB{SACKOK: true, NumSacked: 2}
	tcb.Sacked[0], tcb.Sacked[1] = wire.Block{Left: 300, Right: 400}, wire.Block{Left: 100, Right: 200}
	s := step{t: &tcb}
	for _, test := range []struct {
		from, to wire.Seq
		want     uint32
	}{
		{50, 450, 200},
		{150, 350, 100}, // both ends lie in a block
		{120, 180, 0},
		{400, 500, 100},
		{200, 100, 0},
	} {
		if got := s.unsacked(test.from, test.to); got != test.want {
			t.Errorf("from %d to %d: %d numbers, want %d", test.from, test.to, got, test.want)
		}
	}
	tcb.SACKOK = false
	if got := s.unsacked(50, 450); got != 400 {
		t.Errorf("without SACK: %d numbers, want 400", got)
	}
}
