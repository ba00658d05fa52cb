package tcp

import (
	"math"
	"math/bits"
)

// The send buffer: how much text a socket takes that the peer has not acknowledged. Linux counts in it the memory of its own records
// too, takes text in portions of as many whole segments as go to the card at once, and lets whoever waits for room go on only
// when a third is free.

const (
	linuxRecord  = 960   // bytes that the record of a portion takes (sk_buff, its shared information and room for the headers)
	linuxHeaders = 640   // bytes reserved for each segment's headers (MAX_TCP_HEADER, skb_shared_info)
	linuxSegment = 256   // bytes of the record of a segment (sk_buff)
	linuxMaxGSO  = 65215 // bytes of a portion at most (GSO_LEGACY_MAX_SIZE less MAX_TCP_HEADER)
)

// sendBufferOf is how large the send buffer of a socket is now: what was asked for, or what the profile says. Without SO_SNDBUF Linux
// has room for two congestion windows at least, and grows it when it was too small (tcp_sndbuf_expand).
func (h *Host) sendBufferOf(s *Socket) int {
	p := &h.cfg.Profile
	if o := &s.options[SendBuffer]; o.set {
		return p.bufferSize(o.values[0], linuxMinSndBuf)
	}
	return max(s.grown, int(p.SendBuf))
}

// growSendBuffer makes a send buffer of Linux that has no size of its own as large as the connection needs.
func (h *Host) growSendBuffer(s *Socket, t *TCB) {
	if !h.cfg.Profile.Linux || s.options[SendBuffer].set || !t.State.Synchronized() && !t.FastOpen {
		return
	}
	p := h.ProfileOf(t)
	mss := t.SegmentSize(&p)
	segment := 1<<bits.Len(uint(max(int(t.SendMSS), mss)+linuxHeaders-1)) + linuxSegment
	want := 2 * max(linuxInitialSegs, int(t.Cwnd)/mss) * segment
	if want > h.sendBufferOf(s) {
		s.grown = min(want, int(p.SendBufMax))
	}
}

const linuxInitialSegs = 10 // TCP_INIT_CWND

// portion is how many bytes of text Linux gives one record: whole segments, not more than half of the peer's largest window
// (tcp_xmit_size_goal).
func (t *TCB) portion(mss int) int {
	most := linuxMaxGSO
	if half := t.halfWindow(); half > 0 {
		most = min(most, half)
	}
	return max(most/mss, 1) * mss
}

func portions(bytes, portion int) int { return (bytes + portion - 1) / portion }

// queued is how much of the send buffer is in use when so much text was sent and so much waits.
func (p *Profile) queued(flying, waiting, portion int) int {
	if !p.Linux {
		return flying + waiting
	}
	return flying + waiting + linuxRecord*(portions(flying, portion)+portions(waiting, portion))
}

// flying is how much of Out was sent.
func (t *TCB) flying() int { return min(int(t.SndNxt-t.outSeq()), len(t.Out)) }

// sendRoom is how much of n bytes the send buffer takes now.
func (h *Host) sendRoom(now Time, s *Socket, t *TCB, n int) int {
	size := h.sendBufferOf(s)
	if !h.cfg.Profile.Linux {
		return min(n, max(size-len(t.Out), 0))
	}
	p := h.ProfileOf(t)
	st := step{t: t, p: &p, now: now}
	mss := st.mss()
	portion, flying := t.portion(mss), t.flying()
	waiting := len(t.Out) - flying
	// What the windows let out at once, in whole segments, leaves its record, and more text fits in behind it.
	may := 0
	if t.State.Synchronized() {
		may = max(min(int(t.SndWnd)-flying, st.quota()*mss), 0) / mss * mss
	}
	lowat := s.notSent()
	taken := 0
	for taken < n {
		rest := waiting % portion
		if rest == 0 && (p.queued(flying, waiting, portion) >= size || waiting >= lowat) {
			break
		}
		more := min(portion-rest, n-taken)
		taken += more
		waiting += more
		if waiting%portion == 0 {
			out := min(may, waiting/mss*mss)
			may, flying, waiting = may-out, flying+out, waiting-out
		}
	}
	return taken
}

// writable reports whether whoever waits for room is woken: a third of the buffer is free (sk_stream_is_writeable).
func (h *Host) writable(s *Socket, t *TCB) bool {
	size := h.sendBufferOf(s)
	p := h.ProfileOf(t)
	flying := t.flying()
	used := p.queued(flying, len(t.Out)-flying, t.portion(t.SegmentSize(&p)))
	if !p.Linux {
		return used < size
	}
	return size-used >= used/2 && 2*(len(t.Out)-flying) < s.notSent()
}

// notSent is how much text may wait to be sent before a socket has no room: for whoever waits it is half of that.
func (s *Socket) notSent() int {
	if o := &s.options[NotSent]; o.set {
		return int(o.values[0])
	}
	return math.MaxInt
}

// tellWaiting lets descriptors see what a segment or a timer has changed.
func (h *Host) tellWaiting(now Time, out []Effect) []Effect {
	if len(h.sockets) == 0 {
		return out
	}
	h.roomAgain()
	return h.wake(now, out)
}

// roomAgain looks, after something arrived, which sockets have the room that somebody waits for.
func (h *Host) roomAgain() {
	for i := range h.sockets {
		s := &h.sockets[i]
		if !s.NoSpace {
			continue
		}
		k := h.find(s.Conn)
		if k >= 0 {
			h.growSendBuffer(s, &h.conns[k])
		}
		s.NoSpace = k >= 0 && !h.writable(s, &h.conns[k])
	}
}
