package wire

import (
	"testing"

	"pgregory.net/rapid"
)

func TestOverwritten(t *testing.T) {
	o := Options{}.WithMSS(1460).WithSACKPermitted().WithTimestamps(1, 2).WithNOP().WithWindowScale(7)
	got, n := o.Overwritten(KindSACKPermitted, KindTimestamps)
	if want := "mss 1460,nop,nop,nop,nop,nop,nop,nop,nop,nop,nop,nop,nop,nop,wscale 7"; got.Text() != want || n != 2 {
		t.Errorf("%d overwritten: %s", n, got.Text())
	}
	bad, _ := RawOptions([]byte{KindMSS, 4, 1, 2, KindSACK, 0, KindTimestamps, 10})
	if got, n := bad.Overwritten(KindTimestamps); got != bad || n != 0 {
		t.Errorf("behind an impossible length: %s", got.Text())
	}
}

// Whatever the bytes are, their number stays, what is not named stays, and moving there and back changes nothing.
func TestRewriteAnyOptions(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		o := genOptions().Draw(t, "options")
		by := rapid.Uint32().Draw(t, "by")
		moved := o.SACKMoved(by)
		if back := moved.SACKMoved(-by); back != o || moved.Len() != o.Len() {
			t.Fatalf("%s there and back is %s", o.Text(), back.Text())
		}
		was, is := o.Parse(), moved.Parse()
		for i := range was.NumBlocks {
			if is.Blocks[i].Left != was.Blocks[i].Left.Add(by) || is.Blocks[i].Right != was.Blocks[i].Right.Add(by) {
				t.Fatalf("%s became %s", o.Text(), moved.Text())
			}
		}
		less, n := o.Overwritten(KindSACK)
		if s := less.Parse(); s.NumBlocks > 0 || s.MSS != was.MSS || s.TSVal != was.TSVal || less.Len() != o.Len() || (n == 0) != (less == o) {
			t.Fatalf("%s without SACK is %s", o.Text(), less.Text())
		}
	})
}
