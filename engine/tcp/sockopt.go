package tcp

import "math/bits"

// Socket options: what each means for a connection, and where a connection departs from its host's profile because of them.

// Own is what the options of a socket change of its host's profile, for its connections alone. The zero value changes nothing.
type Own struct {
	RcvBuf   uint32 // SO_RCVBUF as the host keeps it: bytes, with Linux twice what was asked for
	MaxSeg   uint16 // TCP_MAXSEG: bytes
	SynCount uint8  // TCP_SYNCNT
	FinWait  Time   // TCP_LINGER2
}

// take notes what a socket option says of a connection.
func (t *TCB) take(p *Profile, o SockOpt, v [3]Time) {
	switch o {
	case KeepAlive:
		t.KeepIdle, t.KeepInterval, t.KeepCount, t.KeepProbes = v[0], v[1], uint8(v[2]), 0
	case NoDelay:
		t.NoDelay = v[0] != 0
	case UserTimeout:
		t.UserTimeout, t.UserTimeoutSet = v[0], true
	case MaxSeg:
		t.Own.MaxSeg = uint16(v[0])
	case RecvBuffer:
		t.Own.RcvBuf = uint32(p.bufferSize(v[0], linuxMinRcvBuf))
	case SynCount:
		t.Own.SynCount = uint8(v[0])
	case Linger2:
		t.Own.FinWait = v[0]
	}
}

// own returns the profile as a connection with these options lives by it.
func (p Profile) own(o Own) Profile {
	if o.MaxSeg > 0 {
		p.MSS = min(p.MSS, o.MaxSeg)
	}
	switch {
	case o.RcvBuf > 0 && p.Linux:
		scale := p.Scale
		p.SetBuffer(int64(o.RcvBuf), int64(o.RcvBuf)/2)
		p.Scale = min(p.Scale, scale)
	case o.RcvBuf > 0:
		p.Window = o.RcvBuf
	}
	if o.SynCount > 0 {
		p.SynRetries = o.SynCount
	}
	if o.FinWait > 0 {
		p.FinWait = o.FinWait
	}
	return p
}

// ProfileOf returns the profile that a connection lives by: that of the host, with what the options of its socket change.
func (h *Host) ProfileOf(t *TCB) Profile { return h.cfg.Profile.own(t.Own) }

// SetProfile gives the host another profile, as sysctls do. Connections that exist keep what they agreed on.
func (h *Host) SetProfile(p Profile) {
	cfg := *h.cfg
	cfg.Profile = p
	h.cfg = &cfg
}

const (
	linuxMinRcvBuf = 2304 // SOCK_MIN_RCVBUF
	linuxMinSndBuf = 4608 // SOCK_MIN_SNDBUF
)

// bufferSize is how large a buffer becomes that was asked for: Linux doubles it to have room for its own records (man 7 socket).
func (p *Profile) bufferSize(asked Time, least int) int {
	if !p.Linux {
		return int(asked)
	}
	return max(2*int(min(asked, 1<<30-1)), least)
}

// Buffers returns how large the buffers of a descriptor are, as getsockopt tells them; a receive buffer that nobody set is 0.
func (h *Host) Buffers(fd int) (send, receive int) {
	i := h.socket(fd)
	if i < 0 {
		return 0, 0
	}
	s := &h.sockets[i]
	if o := &s.options[RecvBuffer]; o.set {
		receive = h.cfg.Profile.bufferSize(o.values[0], linuxMinRcvBuf)
	}
	return h.sendBufferOf(s), receive
}

// SetBuffer makes the receive buffer one of size bytes that may grow to most, as Linux does it (tcp_select_initial_window): half of
// it is the first window, in whole segments as far as 16 bits go, and the largest decides the window scale.
func (p *Profile) SetBuffer(size, most int64) {
	space, mss := size/2, int64(p.MSS)
	p.RcvMem = uint32(min(size, 1<<31-1))
	p.Scale = uint8(min(max(bits.Len64(uint64(most))-16, 0), maxScale))
	if space-space%mss > 65535 {
		p.Window, p.WholeMSS = 65535, false
		return
	}
	p.Window, p.WholeMSS = uint32(space), space > mss
}
