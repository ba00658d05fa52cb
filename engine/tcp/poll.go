package tcp

// Ready is a set of things that a descriptor is ready for, as poll and epoll tell them.
type Ready uint8

// What a descriptor can be ready for.
const (
	ReadyIn    Ready = 1 << iota // there is something to read or to accept, or the end of it
	ReadyOut                     // there is room for text to send
	ReadyErr                     // the connection ended with an error that was not told yet
	ReadyHup                     // nothing more goes in either direction
	ReadyRdHup                   // the peer sends no more
)

// Poll returns what a descriptor is ready for; none for one that is not open. As Linux does it notes that somebody waits for room
// when there is none to send (tcp_poll).
func (h *Host) Poll(fd int) Ready {
	i := h.socket(fd)
	if i < 0 {
		return 0
	}
	s := &h.sockets[i]
	switch {
	case s.Listening:
		if h.queued(h.listener(s.Port)) > 0 {
			return ReadyIn
		}
		return 0
	case s.Deferred:
		return ReadyOut
	case s.Conn == 0:
		return ReadyHup | ReadyOut
	}
	k, e := h.find(s.Conn), h.endedOf(s)
	if k < 0 {
		r := ReadyHup | ReadyIn | ReadyRdHup | ReadyOut
		if e != nil && e.errno != OK {
			r |= ReadyErr
		}
		return r
	}
	t := &h.conns[k]
	r := Ready(0)
	noRead := s.NoRead || t.State.Synchronized() && !t.State.receives()
	if noRead {
		r |= ReadyIn | ReadyRdHup
	}
	if noRead && t.FinQueued {
		r |= ReadyHup
	}
	if !t.State.Synchronized() && !(t.Passive && t.FastOpen) {
		return r
	}
	if t.Unread > 0 {
		r |= ReadyIn
	}
	if s.grown == 0 {
		h.growSendBuffer(s, t)
	}
	if s.NoSpace = !t.FinQueued && !h.writable(s, t); !s.NoSpace {
		r |= ReadyOut
	}
	return r
}
