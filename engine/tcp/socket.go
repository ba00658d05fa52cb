package tcp

import (
	"cmp"
	"net/netip"
	"slices"

	"github.com/handshakelab/lab/engine/rule"
)

// Sockets as a program sees them: descriptors, calls that wait or do not, and errors as results. How a call ends is an effect of its
// own, Tell with Returned or with an Errno, at once or when what it waits for has come; the rule carries the descriptor and the value.
// The errors are those of Linux and POSIX.

// A Socket is an open descriptor.
type Socket struct {
	FD        int
	Nonblock  bool
	Port      uint16 // local port that it is bound to, 0 for none
	Listening bool
	Conn      ConnID // its connection, 0 for none
	Connected bool   // connect said so, or accept returned it
	Waiting   Call   // the call that has not returned yet, with Verb 0 when there is none
	Done      int    // bytes that it has sent already
	NoRead    bool   // shutdown said that nothing more is read
	Deferred  bool   // connect was called with TCP_FASTOPEN_CONNECT: the first text opens the connection
	NoSpace   bool   // somebody waits for room in the send buffer

	peer  netip.AddrPort // of Deferred
	grown int            // what Linux made of the send buffer by itself

	options [numSockOpts]struct {
		set    bool
		values [3]Time
	}
}

const (
	firstFD    = 3 // 0, 1 and 2 are taken in every program
	maxSockets = 64

	// plainBuffer is how much text a connection takes by calls without a descriptor that the peer has not acknowledged.
	plainBuffer = 128 << 10

	firstEphemeral = 32768 // local ports that listen and bind choose, as those of Linux
)

// Sockets returns the open descriptors, by number. The slice is the host's own: read it, and only until the next method call.
func (h *Host) Sockets() []Socket { return h.sockets }

func (h *Host) socket(fd int) int {
	return slices.IndexFunc(h.sockets, func(s Socket) bool { return s.FD == fd })
}

// newSocket opens the lowest free descriptor and returns its place, -1 when there is none.
func (h *Host) newSocket() int {
	if len(h.sockets) == maxSockets {
		return -1
	}
	i := 0
	for i < len(h.sockets) && h.sockets[i].FD == firstFD+i {
		i++
	}
	h.sockets = slices.Insert(h.sockets, i, Socket{FD: firstFD + i})
	return i
}

// returns is how a call ended.
func returns(fd int, conn ConnID, value int, e Errno, out []Effect) []Effect {
	x := Effect{Kind: Tell, Conn: conn, Rule: rule.SocketCall, Errno: e, Args: [4]int64{int64(fd), int64(value)}}
	if e == OK {
		x.Notice = Returned
	} else {
		x.Args[1] = -1
	}
	return append(out, x)
}

// onSocket makes a call on a descriptor. The only error is that another call on it has not returned.
func (h *Host) onSocket(now Time, c Call, out []Effect) ([]Effect, error) {
	if c.Verb == CallSocket {
		i := h.newSocket()
		if i < 0 {
			return returns(0, 0, 0, EMFILE, out), nil
		}
		h.sockets[i].Nonblock = c.Nonblock
		return returns(h.sockets[i].FD, 0, h.sockets[i].FD, OK, out), nil
	}
	i := h.socket(c.FD)
	if i < 0 {
		return returns(c.FD, 0, 0, EBADF, out), nil
	}
	s := &h.sockets[i]
	if s.Waiting.Verb != 0 {
		return out, EALREADY
	}
	if c.Nonblock = c.Nonblock || s.Nonblock; c.Verb == CallConnect || c.Verb == CallAccept || c.Verb == CallSend || c.Verb == CallRecv {
		s.Done = 0
		if c.Verb == CallSend {
			s.NoSpace = false // whoever asks anew gets the room that there is
		}
		if s.Deferred && c.Verb == CallSend {
			c.Verb, c.FastOpen = CallConnect, true
		}
		if c.Verb == CallConnect {
			var over bool
			if out, over = h.begin(now, i, &c, out); over {
				return out, nil
			}
		}
		h.sockets[i].Waiting = c
		return h.attempt(now, i, out), nil
	}
	value, errno := 0, OK
	switch c.Verb {
	case CallBind:
		errno = h.bind(i, c.To)
	case CallListen:
		out, errno = h.listenOn(i, c.Backlog, out)
	case CallShutdown:
		out, errno = h.shutdown(now, s, c.How, out)
	case CallClose, CallAbort:
		return returns(c.FD, 0, 0, OK, h.closeSocket(now, i, c.Verb, out)), nil
	case CallSet:
		out = h.setOption(now, i, c.Option, c.Values, out)
	case CallGet:
		value, errno = 0, h.takeError(s)
	default:
		errno = EOPNOTSUPP
	}
	return returns(c.FD, h.connOf(c.FD), value, errno, out), nil
}

func (h *Host) connOf(fd int) ConnID {
	if i := h.socket(fd); i >= 0 {
		return h.sockets[i].Conn
	}
	return 0
}

// bind gives a socket its local port.
func (h *Host) bind(i int, to netip.AddrPort) Errno {
	s := &h.sockets[i]
	switch {
	case s.Port != 0:
		return EINVAL
	case to.Addr().IsValid() && to.Addr() != h.cfg.Addr.Addr() && !to.Addr().IsUnspecified():
		return EADDRNOTAVAIL
	case to.Port() == 0:
		return h.autobind(s)
	case h.taken(s, to.Port()):
		return EADDRINUSE
	}
	s.Port = to.Port()
	return OK
}

// taken reports whether a port is in use: by a listener, by another socket, or by a connection, unless both sides set SO_REUSEADDR. One in
// TIME-WAIT counts too.
func (h *Host) taken(s *Socket, port uint16) bool {
	if h.listener(port) != nil {
		return true
	}
	reuse := s.options[ReuseAddr].values[0] != 0
	for i := range h.sockets {
		if o := &h.sockets[i]; o != s && o.Port == port && (!reuse || o.options[ReuseAddr].values[0] == 0) {
			return true
		}
	}
	return !reuse && slices.ContainsFunc(h.conns, func(t TCB) bool { return t.Local.Port() == port })
}

func (h *Host) autobind(s *Socket) Errno {
	for port := uint16(firstEphemeral); port != 0; port++ {
		if !h.taken(s, port) {
			s.Port = port
			return OK
		}
	}
	return EADDRINUSE
}

func (h *Host) listenOn(i, backlog int, out []Effect) ([]Effect, Errno) {
	s := &h.sockets[i]
	switch {
	case s.Conn != 0:
		return out, EINVAL
	case s.Listening:
		h.listener(s.Port).backlog = min(max(backlog, 0), maxBacklog)
		return out, OK
	case s.Port == 0 && !h.cfg.Profile.Linux:
		return out, EDESTADDRREQ // POSIX allows it; Linux chooses a port
	case s.Port == 0:
		if e := h.autobind(s); e != OK {
			return out, e
		}
	}
	out, err := h.listen(backlog, s.Port, out)
	if err != nil {
		return out, err.(Errno)
	}
	s.Listening = true
	for o, v := range s.options {
		if v.set {
			h.listener(s.Port).set(&h.cfg.Profile, SockOpt(o), v.values[0])
		}
	}
	return out, OK
}

// begin starts a connect, or what opens a connection with text. over says that the call has returned.
func (h *Host) begin(now Time, i int, c *Call, out []Effect) (result []Effect, over bool) {
	s := &h.sockets[i]
	switch {
	case c.Unspec:
		return returns(c.FD, 0, 0, OK, h.dissolve(now, i, out)), true
	case s.Listening, s.Connected, s.Deferred && c.Verb == CallConnect && !c.FastOpen:
		return returns(c.FD, s.Conn, 0, EISCONN, out), true
	case s.Conn != 0 && c.Nonblock && h.find(s.Conn) >= 0 && !h.conns[h.find(s.Conn)].State.Synchronized():
		return returns(c.FD, s.Conn, 0, EALREADY, out), true
	case s.Conn != 0:
		return out, false // it is under way, or over: attempt tells
	}
	open := *c
	open.From = cmp.Or(s.Port, c.From)
	if s.Deferred {
		open.To = s.peer
	} else if s.options[FastOpenConnect].values[0] != 0 && h.cfg.Profile.FastOpen&FastOpenClient != 0 && !c.FastOpen {
		if h.FastOpenRoom(now, h.peerOf(c.To)) > 0 {
			s.Deferred, s.peer = true, c.To
			return returns(c.FD, 0, 0, OK, out), true
		}
		open.FastOpen = true // it asks for a cookie
	}
	if open.FastOpen && c.Nonblock {
		// Nobody waits with what does not fit into the SYN.
		open.Data = open.Data[:min(len(open.Data), h.FastOpenRoom(now, h.peerOf(open.To)))]
	}
	out, err := h.connect(now, &open, out)
	if err != nil {
		return returns(c.FD, 0, 0, err.(Errno), out), true
	}
	t := &h.conns[len(h.conns)-1]
	s.Conn, s.Port, s.Deferred = t.ID, t.Local.Port(), false
	s.Done = len(open.Data)
	if c.Nonblock {
		if sent := int(h.conns[len(h.conns)-1].SynData); sent > 0 {
			return returns(c.FD, s.Conn, sent, OK, out), true
		}
		return returns(c.FD, s.Conn, 0, EINPROGRESS, out), true
	}
	return out, false
}

// peerOf is where connect goes.
func (h *Host) peerOf(to netip.AddrPort) netip.AddrPort {
	if !to.IsValid() {
		return h.cfg.Peer
	}
	return to
}

// dissolve makes a socket as new: its connection is aborted (connect with AF_UNSPEC, tcp_disconnect).
func (h *Host) dissolve(now Time, i int, out []Effect) []Effect {
	out = h.release(now, h.sockets[i], CallAbort, out)
	s := &h.sockets[i]
	s.Listening, s.Conn, s.Connected, s.Deferred, s.NoRead, s.NoSpace, s.grown = false, 0, false, false, false, false, 0
	return out
}

// wake lets each call that waits return if it can now.
func (h *Host) wake(now Time, out []Effect) []Effect {
	for i := 0; i < len(h.sockets); i++ { // accept may open a descriptor on the way
		if h.sockets[i].Waiting.Verb != 0 {
			out = h.attempt(now, i, out)
		}
	}
	return out
}

// attempt makes the waiting call of a socket, as far as it can be made now.
func (h *Host) attempt(now Time, i int, out []Effect) []Effect {
	s := &h.sockets[i]
	value, errno := 0, OK
	fd, conn := s.FD, s.Conn
	switch s.Waiting.Verb {
	case CallConnect:
		if value, errno = h.tryConnect(s); errno == OK && s.Done < len(s.Waiting.Data) {
			// The text of a Fast Open that was under way already follows the handshake.
			s.Waiting.Verb = CallSend
			value, errno, out = h.trySend(now, s, out)
		}
	case CallAccept:
		value, errno, out = h.tryAccept(now, i, out)
		s = &h.sockets[h.socket(fd)] // the new descriptor may have moved it
	case CallSend:
		value, errno, out = h.trySend(now, s, out)
	case CallRecv:
		value, errno, out = h.tryRecv(now, s, out)
	}
	if errno == EAGAIN && !s.Waiting.Nonblock {
		return out
	}
	s.Waiting = Call{}
	return returns(fd, conn, value, errno, out)
}

func (h *Host) tryConnect(s *Socket) (int, Errno) {
	k := h.find(s.Conn)
	switch {
	case k < 0:
		e := cmp.Or(h.takeError(s), ECONNABORTED)
		s.Conn = 0
		return 0, e
	case h.conns[k].State.Synchronized():
		s.Connected = true
		return len(s.Waiting.Data), OK
	}
	return 0, EAGAIN
}

func (h *Host) tryAccept(now Time, i int, out []Effect) (int, Errno, []Effect) {
	s := h.sockets[i]
	switch {
	case !s.Listening:
		return 0, EINVAL, out
	case len(h.sockets) == maxSockets:
		return 0, EMFILE, out // before anything is taken out of the queue
	}
	id, out, err := h.accept(h.listener(s.Port), out)
	if err != nil {
		return 0, EAGAIN, out
	}
	a := &h.sockets[h.newSocket()]
	a.Conn, a.Port, a.Connected, a.options = id, s.Port, true, s.options
	fd := a.FD
	if k := h.find(id); k >= 0 {
		h.growSendBuffer(a, &h.conns[k])
	}
	return fd, OK, out
}

// trySend follows RFC 9293 section 3.9.1.2: the error is told once, and nothing can be sent after close or shutdown.
func (h *Host) trySend(now Time, s *Socket, out []Effect) (int, Errno, []Effect) {
	k := h.find(s.Conn)
	switch {
	case s.Conn == 0 && h.cfg.Profile.Linux:
		return 0, EPIPE, out
	case s.Conn == 0:
		return 0, ENOTCONN, out
	case k < 0 && s.Done > 0:
		return s.Done, OK, out // the error is for the next call
	case k < 0:
		return 0, cmp.Or(h.takeError(s), EPIPE), out
	}
	t := &h.conns[k]
	if t.FinQueued {
		return 0, EPIPE, out
	}
	if !t.State.Synchronized() && !(t.Passive && t.FastOpen) {
		return 0, EAGAIN, out
	}
	if s.NoSpace && !s.Waiting.Nonblock {
		return 0, EAGAIN, out
	}
	if s.grown == 0 {
		h.growSendBuffer(s, t)
	}
	data := s.Waiting.Data[s.Done:]
	n := h.sendRoom(now, s, t, len(data))
	if s.NoSpace = n < len(data); s.NoSpace && h.cfg.Profile.Linux {
		out = append(out, Effect{Kind: Check, Conn: t.ID, Rule: rule.LinuxSendBuffer, Args: [4]int64{int64(n), int64(len(data)), int64(h.sendBufferOf(s))}})
	}
	if n > 0 {
		s.Done += n
		out = h.step(k, now, &Input{Kind: SendInput, Data: data[:n]}, out)
	}
	if s.Done == len(s.Waiting.Data) || s.Done > 0 && s.Waiting.Nonblock {
		return s.Done, OK, out
	}
	return 0, EAGAIN, out
}

// tryRecv reads what there is; then comes the end of the text, then the error.
func (h *Host) tryRecv(now Time, s *Socket, out []Effect) (int, Errno, []Effect) {
	k, e := h.find(s.Conn), h.endedOf(s)
	unread, eof := h.readable(s)
	switch {
	case s.Deferred:
		return 0, EAGAIN, out
	case s.Conn == 0:
		return 0, ENOTCONN, out
	}
	over := eof || k < 0
	n := int(unread)
	if c := &s.Waiting; c.Count > 0 {
		if c.WaitAll && n < c.Count && !over {
			return 0, EAGAIN, out
		}
		n = min(n, c.Count)
	}
	switch {
	case n > 0 && s.Waiting.Peek:
		return n, OK, out
	case n > 0 && k < 0:
		e.unread -= uint32(n)
		return n, OK, out
	case n > 0:
		return n, OK, h.step(k, now, &Input{Kind: RecvInput, Count: n}, out)
	case eof:
		return 0, OK, out
	case k < 0:
		return 0, h.takeError(s), out
	}
	return 0, EAGAIN, out
}

// readable is how much a socket has to read, and whether nothing comes behind it.
func (h *Host) readable(s *Socket) (unread uint32, eof bool) {
	eof = s.NoRead
	if k := h.find(s.Conn); k >= 0 {
		t := &h.conns[k]
		return t.Unread, eof || t.State.Synchronized() && !t.State.receives()
	}
	if e := h.endedOf(s); e != nil {
		return e.unread, eof || e.eof
	}
	return 0, eof
}

// Unread returns how many bytes a descriptor has to read, and whether the end comes behind them.
func (h *Host) Unread(fd int) (n int, end bool) {
	i := h.socket(fd)
	if i < 0 {
		return 0, false
	}
	s := &h.sockets[i]
	unread, end := h.readable(s)
	return int(unread), end || s.Conn != 0 && h.find(s.Conn) < 0
}

// shutdown ends one direction or both (inet_shutdown).
func (h *Host) shutdown(now Time, s *Socket, how How, out []Effect) ([]Effect, Errno) {
	if s.Listening && h.cfg.Profile.Linux {
		if how != ShutWrite {
			s.Listening = false
			out = h.closeListener(h.listener(s.Port), now, out)
		}
		return out, OK
	}
	k := h.find(s.Conn)
	switch {
	case s.Conn == 0 || k < 0:
		return out, ENOTCONN
	case h.conns[k].State == SynSent:
		s.Conn = 0
		return h.step(k, now, &Input{Kind: CloseInput}, out), OK
	}
	s.NoRead = s.NoRead || how != ShutWrite
	if how == ShutRead {
		return out, OK
	}
	return h.step(k, now, &Input{Kind: ShutdownInput}, out), OK
}

func (h *Host) closeSocket(now Time, i int, verb Verb, out []Effect) []Effect {
	s := h.sockets[i]
	h.sockets = slices.Delete(h.sockets, i, i+1)
	// SO_LINGER with no time to wait: what was not sent is thrown away, and the peer is told so.
	if s.options[Linger].values[0] != 0 {
		verb = CallAbort
	}
	return h.release(now, s, verb, out)
}

// release gives up what a socket stands for, its listener or its connection.
func (h *Host) release(now Time, s Socket, verb Verb, out []Effect) []Effect {
	if s.Listening {
		return h.closeListener(h.listener(s.Port), now, out)
	}
	k := h.find(s.Conn)
	switch {
	case s.Conn == 0:
	case k < 0:
		h.ended = slices.DeleteFunc(h.ended, func(e ended) bool { return e.id == s.Conn })
	case verb == CallAbort:
		h.conns[k].Orphan = true
		out = h.step(k, now, &Input{Kind: AbortInput}, out)
	default:
		out = h.step(k, now, &Input{Kind: CloseInput}, out)
	}
	return out
}

func (h *Host) setOption(now Time, i int, o SockOpt, v [3]Time, out []Effect) []Effect {
	s := &h.sockets[i]
	s.options[o].set, s.options[o].values = true, v
	if o == Nonblocking {
		s.Nonblock = v[0] != 0
	} else if s.Listening {
		h.listener(s.Port).set(&h.cfg.Profile, o, v[0])
	} else if k := h.find(s.Conn); k >= 0 {
		out = h.step(k, now, &Input{Kind: OptionInput, Option: o, Values: v}, out)
	}
	return out
}

// endedOf is how the connection of a socket ended, nil while it has not.
func (h *Host) endedOf(s *Socket) *ended {
	for i := range h.ended {
		if e := &h.ended[i]; e.id == s.Conn && s.Conn != 0 {
			return e
		}
	}
	return nil
}

// takeError is SO_ERROR: the error that ended the connection, told once.
func (h *Host) takeError(s *Socket) Errno {
	e := h.endedOf(s)
	if e == nil {
		return OK
	}
	errno := e.errno
	e.errno = OK
	return errno
}

// inherit gives a connection that begins the options of the socket that listens for it.
func (h *Host) inherit(t *TCB) {
	for i := range h.sockets {
		if s := &h.sockets[i]; s.Listening && s.Port == t.Local.Port() {
			t.takeOptions(s, &h.cfg.Profile)
		}
	}
}

// takeOptions gives a connection that begins the options that were set on a socket.
func (t *TCB) takeOptions(s *Socket, p *Profile) {
	for o, v := range s.options {
		if v.set {
			t.take(p, SockOpt(o), v.values)
		}
	}
}

func (s *Socket) appendBinary(b []byte) []byte {
	w := &s.Waiting
	b = appendInts(b, int64(s.FD), bit(s.Nonblock), int64(s.Port), bit(s.Listening), int64(s.Conn), bit(s.Connected), int64(s.Done),
		bit(s.NoRead), bit(s.Deferred), bit(s.NoSpace), int64(s.grown),
		int64(w.Verb), int64(w.Count), bit(w.Nonblock), bit(w.Peek), bit(w.WaitAll), bit(w.FastOpen), int64(len(w.Data)))
	b = appendAddr(b, s.peer)
	b = append(b, w.Data...)
	for _, o := range s.options {
		b = appendInts(b, bit(o.set), int64(o.values[0]), int64(o.values[1]), int64(o.values[2]))
	}
	return b
}
