package tcp

import (
	"github.com/handshakelab/lab/engine/rule"
	"github.com/handshakelab/lab/engine/wire"
)

// maxHeld is how many pieces of text ahead of a gap a connection keeps. RFC 9293 section 3.10.7.4 asks for holding them
// (SHLD-31); a receiver may let some go (RFC 2018 section 8), and the sender sends them again.
const maxHeld = 4

// A piece is text that arrived ahead of a gap.
type piece struct {
	Left wire.Seq
	Text string
	Fin  bool // a FIN follows the text
}

func (p *piece) right() wire.Seq {
	n := uint32(len(p.Text))
	if p.Fin {
		n++
	}
	return p.Left.Add(n)
}

// held returns the pieces that wait, the newest first.
func (t *TCB) held() []piece {
	if t.NumHeld == 0 {
		return nil
	}
	return t.Held[:t.NumHeld]
}

// hold keeps a segment that lies ahead of what is expected, joined with the pieces that it touches. The newest piece comes first, as
// SACK blocks do (RFC 2018 section 4). It reports whether there was room.
func (s *step) hold(seg *wire.Segment) bool {
	p := piece{Left: seg.Seq, Text: seg.Payload, Fin: seg.Flags.Has(wire.FIN)}
	// What lies beyond the window is cut off.
	if over := p.right().Sub(s.t.RcvNxt.Add(s.t.RcvWnd)); over > 0 {
		if p.Fin {
			p.Fin = false
			over--
		}
		p.Text = p.Text[:max(0, len(p.Text)-int(over))]
	}
	if p.right() == p.Left {
		return false
	}
	s.dsackHeld(p)
	var apart [maxHeld]piece // the pieces that p does not touch, in their order
	n := 0
	for i := range s.t.NumHeld {
		q := s.t.Held[i]
		if q.right().Less(p.Left) || p.right().Less(q.Left) {
			apart[n] = q
			n++
			continue
		}
		p = join(p, q)
	}
	if n == maxHeld {
		return false
	}
	s.t.Held = &[maxHeld]piece{0: p}
	s.t.NumHeld = uint8(1 + copy(s.t.Held[1:], apart[:n]))
	s.linuxReceived(0, uint32(len(seg.Payload)))
	return true
}

// dsackHeld notes what of p was held already, to be named as a duplicate (RFC 2883 section 4.1.2).
func (s *step) dsackHeld(p piece) {
	for _, q := range s.t.held() {
		left, right := p.Left, p.right()
		if left.Less(q.Left) {
			left = q.Left
		}
		if q.right().Less(right) {
			right = q.right()
		}
		s.sawTwice(left, right)
	}
}

// sawTwice notes that numbers arrived twice. Linux names the first such piece in its next acknowledgment.
func (s *step) sawTwice(left, right wire.Seq) {
	if s.p.Linux && s.t.SACKOK && left.Less(right) && s.twice.Left == s.twice.Right {
		s.twice = wire.Block{Left: left, Right: right}
	}
}

// join makes one of two pieces that overlap or touch.
func join(p, q piece) piece {
	if q.Left.Less(p.Left) {
		p, q = q, p
	}
	over := int(p.Left.Add(uint32(len(p.Text))).Sub(q.Left))
	if over < len(q.Text) {
		p.Text += q.Text[max(over, 0):]
	}
	p.Fin = p.Fin || q.Fin
	return p
}

// unhold takes the held piece that the gap before it has now closed on, the lowest of them, if there is one.
func (s *step) unhold() (p piece, ok bool) {
	for {
		low := -1
		for i := range int(s.t.NumHeld) {
			if left := s.t.Held[i].Left; left.LessEq(s.t.RcvNxt) && (low < 0 || left.Less(s.t.Held[low].Left)) {
				low = i
			}
		}
		if low < 0 {
			return piece{}, false
		}
		p = s.t.Held[low]
		var rest [maxHeld]piece
		copy(rest[copy(rest[:], s.t.Held[:low]):], s.t.Held[low+1:s.t.NumHeld])
		s.t.Held = &rest
		s.t.NumHeld--
		if p.right().LessEq(s.t.RcvNxt) {
			s.sawTwice(p.Left, p.right())
			continue // all of it arrived again meanwhile
		}
		s.sawTwice(p.Left, s.t.RcvNxt)
		p.Text = p.Text[min(int(s.t.RcvNxt-p.Left), len(p.Text)):]
		p.Left = s.t.RcvNxt
		return p, true
	}
}

// sack adds the SACK blocks to the options of an acknowledgment: what arrived twice (RFC 2883 section 4), then the newest first, as
// many as fit (RFC 2018 sections 3, 4).
func (s *step) sack(o *wire.Options) {
	var blocks [maxHeld + 1]wire.Block
	n := 0
	if s.twice.Left != s.twice.Right {
		blocks[n] = s.twice
		n++
		s.twice = wire.Block{}
	}
	if s.t.SACKOK {
		for _, p := range s.t.held() {
			blocks[n] = wire.Block{Left: p.Left, Right: p.right()}
			n++
		}
	}
	if n > 0 {
		o.AddNOP(2)
		o.AddSACK(blocks[:n]...)
	}
}

// gap answers a segment that lies ahead: it is kept, and acknowledged with the number that is still missing.
func (s *step) gap(seg *wire.Segment) {
	args := [4]int64{num(seg.Seq), int64(seg.Len()), num(s.t.RcvNxt)}
	kept := s.check(s.hold(seg), rule.Hold, args[:3]...)
	s.ack(rule.Gap, num(seg.Seq), num(s.t.RcvNxt))
	if !kept {
		s.discard(rule.Gap, num(seg.Seq), num(s.t.RcvNxt))
	}
}
