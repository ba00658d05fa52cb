package tcp

import "math/bits"

// The receive buffer of Linux. The kernel counts in it the memory that packets take, not the text in them, and learns from the first full
// segments which share of that memory is text: then its window grows, by two segments with each (tcp_measure_rcv_mss, tcp_grow_window).

const (
	linuxTextShare  = 128 // of 256 parts of a receive buffer, before a full segment was seen (TCP_DEFAULT_SCALING_RATIO)
	linuxGrowLeast  = 128 // bytes of text in a segment that lets the window grow
	linuxPacketHead = 64  // bytes kept free in front of a packet (NET_SKB_PAD)
	linuxPacketTail = 320 // what is known of a packet behind it (skb_shared_info)
	linuxCacheLine  = 64
	linuxPage       = 4096
)

// linuxPacketMem is how much memory a packet with n bytes of text takes, and how many of them are left over for text that comes behind
// it: the room for it is a power of two, and what is more than a page in pages of its own.
func (s *step) linuxPacketMem(n uint32) (mem, left uint32) {
	n += uint32(s.t.headers()) + linuxPacketHead
	if s.t.TSOK {
		n += tsLen
	}
	const first = linuxPage - linuxPacketTail
	if n > first {
		return linuxPage + (n-first+linuxPage-1)/linuxPage*linuxPage + linuxSegment, 0
	}
	mem = 1 << bits.Len32((n+linuxCacheLine-1)&^(linuxCacheLine-1)+linuxPacketTail-1)
	return mem + linuxSegment, mem - linuxPacketTail - n
}

// rcvText is how much of so much memory is for text.
func (t *TCB) rcvText(mem uint32) uint32 {
	share := uint64(t.RcvShare)
	if share == 0 {
		share = linuxTextShare
	}
	return uint32(uint64(mem) * share >> 8)
}

// rcvRoom is how large the window may be now.
func (s *step) rcvRoom() uint32 {
	if s.p.RcvMem == 0 {
		return s.t.RcvBuf - min(s.t.Unread, s.t.RcvBuf)
	}
	return min(s.linuxFree(), s.t.RcvBuf)
}

// linuxFree is how much text fits into the memory that is free.
func (s *step) linuxFree() uint32 { return s.t.rcvText(s.p.RcvMem - min(s.t.RcvMem, s.p.RcvMem)) }

// linuxReceived counts a segment with text that was taken, n bytes of it in order, and makes the window larger.
func (s *step) linuxReceived(n, text uint32) {
	t, most := s.t, s.p.RcvMem
	if most == 0 || text == 0 {
		return
	}
	mem, left := s.linuxPacketMem(text)
	full, segment := uint32(s.p.MSS), min(text, uint32(min(s.p.MSS, t.SendMSS))) // more than a segment is several that the card joined
	if t.TSOK {
		full -= tsLen
		segment = min(segment, full)
	}
	if text <= uint32(t.RcvLeft) && n > 0 {
		t.RcvLeft -= uint16(text) // it fits in behind the last one
	} else {
		t.RcvMem += mem
		t.RcvLeft = uint16(left)
	}
	if t.RcvMSS == 0 {
		t.RcvMSS = linuxDefaultMSS
	}
	if segment > uint32(t.RcvMSS) {
		was, share := max(t.RcvShare, linuxTextShare), uint8(min(text<<8/mem, 255))
		t.RcvMSS, t.RcvShare = uint16(segment), share
		// With a smaller share the window must not stay so large; with a larger one what was offered may stay.
		if t.RcvBuf = min(t.RcvBuf, t.rcvText(most)); share > was {
			t.RcvBuf = max(t.RcvBuf, min(t.RcvWnd+n, t.rcvText(most)))
		}
	}
	// A peer that does not know SACK must see in its duplicate acknowledgments that the window is the same.
	if room := min(s.rcvMost(), s.linuxFree()); text >= linuxGrowLeast && room > t.RcvBuf && (n > 0 || t.SACKOK) {
		t.RcvBuf += min(room-t.RcvBuf, s.linuxGrowth(text, mem, full))
	}
	s.linuxOffer(n)
}

// rcvMost is how large the window may ever be: until it is known how the peer fills its segments, one of them is kept back.
func (s *step) rcvMost() uint32 {
	limit := s.t.rcvText(s.p.RcvMem)
	if s.t.RcvShare == 0 {
		limit -= min(uint32(s.p.MSS), limit)
	}
	return limit
}

// linuxOffer opens the window as far as there is room, after n bytes came in order (__tcp_select_window).
func (s *step) linuxOffer(n uint32) {
	if s.p.RcvMem == 0 || s.t.RcvMSS == 0 {
		return
	}
	room := min(s.rcvRoom(), s.rcvMost())
	if unit := uint32(s.t.RcvMSS); s.t.RcvScale == 0 {
		// A window that is not scaled moves by whole segments.
		if offered := s.t.RcvWnd + n; offered+unit > room && offered <= room {
			return
		}
		room -= room % unit
	}
	s.t.RcvWnd = max(s.t.RcvWnd, min(room, 65535<<s.t.RcvScale))
}

// linuxGrowth is by how much the window grows with a segment: two full segments when text fills most of its memory, else two of the
// largest that came, as long as the window is small beside the largest buffer (tcp_rmem[2], which the window scale tells).
func (s *step) linuxGrowth(text, mem, full uint32) uint32 {
	if s.t.rcvText(mem) <= text {
		return 2 * max(full, text)
	}
	need, window := s.t.rcvText(mem)/2, s.t.rcvText(1<<(uint32(s.p.Scale)+15))/2
	for ; s.t.RcvBuf <= window; need, window = need/2, window/2 {
		if need <= text {
			return 2 * max(uint32(s.t.RcvMSS), text)
		}
	}
	return 0
}

// linuxRead gives back the memory of what the application has read of so much.
func (t *TCB) linuxRead(n, of uint32) {
	if t.RcvMem > 0 {
		t.RcvMem -= uint32(uint64(t.RcvMem) * uint64(n) / uint64(of))
	}
	if n == of {
		t.RcvLeft = 0
	}
}

// linuxCrowded reports whether less than half of the receive buffer is free: acknowledgments are in no hurry then.
func (s *step) linuxCrowded() bool {
	return s.p.RcvMem > 0 && s.linuxFree() < s.t.rcvText(s.p.RcvMem)/2
}
