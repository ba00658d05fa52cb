package packetdrill

import (
	"fmt"
	"strings"

	"github.com/handshakelab/lab/engine/tcp"
)

// A socket is an open file descriptor.
type socket struct {
	fd         int64
	options    *sockopts
	nonblock   bool
	bound      bool
	listening  bool
	conn       *conn
	connecting bool // connect was called, and has not said yet how it ended
	deferred   bool // connect was called with TCP_FASTOPEN_CONNECT: the first text opens the connection
	noRead     bool // shutdown(SHUT_RD)
}

// A syscall is a call under way.
type syscall struct {
	call *Call
	// try makes the call, or looks whether it may return now. Not done means that it blocks.
	try func() (result int64, e errno, done bool)
	// made gives the descriptor of the script to what the call made.
	made func(fd int64)
	// check compares what the call wrote into memory with what the script expects; "" is that it agrees.
	check   func() string
	timeout tcp.Time // when poll gives up
	begun   tcp.Time // when it was made
	end     tcp.Time // when it must return
}

// prepare reads the arguments of a call. The fault is in the script.
func (r *runner) prepare(c *Call) (*syscall, *Failure) {
	s := &syscall{call: c, timeout: tcp.Never}
	if c.Name == "socket" {
		s.try = func() (int64, errno, bool) { return 0, "", true }
		kind, _ := c.Args[1].number()
		s.made = func(fd int64) {
			sock := &socket{fd: fd, options: newSockopts(), nonblock: kind&oNonblock != 0}
			r.sockets = append(r.sockets, sock)
		}
		return s, nil
	}
	switch c.Name {
	case "poll":
		return s, r.poll(s)
	case "epoll_create":
		s.try = func() (int64, errno, bool) { return 0, "", true }
		s.made = func(fd int64) { r.epolls = append(r.epolls, &epoll{fd: fd}) }
		return s, nil
	case "epoll_ctl":
		return s, r.epollControl(s)
	case "epoll_wait":
		return s, r.epollWait(s)
	}
	fd, _ := c.Args[0].number()
	if c.Name == "close" && r.closeEpoll(fd) {
		s.try = func() (int64, errno, bool) { return 0, "", true }
		return s, nil
	}
	sock := r.socket(fd)
	if sock == nil {
		return nil, r.noDescriptor(c.Args[0])
	}
	return s, r.prepareOn(s, sock)
}

func (r *runner) noDescriptor(e *Expr) *Failure {
	fd, _ := e.number()
	return r.failure(e.Pos, "bad-descriptor", fmt.Sprintf("there is no open descriptor %d", fd))
}

func (r *runner) socket(fd int64) *socket {
	for _, s := range r.sockets {
		if s.fd == fd {
			return s
		}
	}
	return nil
}

func (r *runner) prepareOn(s *syscall, sock *socket) *Failure {
	c := s.call
	arg := func(i int) int64 { n, _ := c.Args[i].number(); return n }
	once := func(f func() (int64, errno)) {
		s.try = func() (int64, errno, bool) { n, e := f(); return n, e, true }
	}
	if nullBuffers[c.Name] && c.Args[1].Kind == Word && c.Args[1].Text == "NULL" && arg(2) > 0 {
		once(func() (int64, errno) { return -1, "EFAULT" })
		return nil
	}
	switch c.Name {
	case "bind":
		once(func() (int64, errno) { return r.bind(sock) })
	case "listen":
		once(func() (int64, errno) { return r.listen(sock, arg(1)) })
	case "accept":
		s.try, s.made = r.accept(sock)
	case "connect":
		family, given := c.Args[1].number()
		s.try = r.connect(sock, given && family == 0)
	case "read":
		s.try = r.read(sock, arg(2), 0)
	case "recv", "recvfrom":
		s.try = r.read(sock, arg(2), arg(3))
	case "readv":
		n, f := r.vector(c.Args[1])
		s.try = r.read(sock, n, 0)
		return f
	case "recvmsg":
		n, f := r.message(c.Args[1])
		s.try = r.read(sock, n, arg(2))
		s.check = func() string { return r.leftToRead(sock, c.Args[1].field("msg_control")) }
		return f
	case "write":
		s.try = r.write(sock, arg(2), 0)
	case "send", "sendto":
		s.try = r.write(sock, arg(2), arg(3))
	case "writev":
		n, f := r.vector(c.Args[1])
		s.try = r.write(sock, n, 0)
		return f
	case "sendmsg":
		n, f := r.message(c.Args[1])
		s.try = r.write(sock, n, arg(2))
		return f
	case "fcntl":
		once(func() (int64, errno) { return r.fcntl(sock, c) })
	case "ioctl":
		r.ioctl(s, sock)
	case "close":
		once(func() (int64, errno) { return r.close(sock) })
	case "shutdown":
		once(func() (int64, errno) { return r.shutdown(sock, arg(1)) })
	case "setsockopt":
		once(func() (int64, errno) { return r.setsockopt(sock, c) })
	case "getsockopt":
		r.getsockopt(s, sock)
	}
	return nil
}

// nullBuffers are the calls whose second argument is a buffer, which may be NULL.
var nullBuffers = map[string]bool{"read": true, "recv": true, "recvfrom": true, "write": true, "send": true, "sendto": true}

func (r *runner) bind(s *socket) (int64, errno) {
	if s.bound {
		return -1, "EINVAL"
	}
	reuse := func(s *socket) bool { return s.options.values[optionName{solSocket, soReuseAddr}] != 0 }
	for _, o := range r.sockets {
		if o != s && o.bound && (o.listening || !reuse(o) || !reuse(s)) {
			return -1, "EADDRINUSE"
		}
	}
	for _, c := range r.kernel.conns {
		if !c.gone && !c.unbound && c.tcb.Local.Port() == r.local.Port() && !reuse(s) {
			return -1, "EADDRINUSE"
		}
	}
	s.bound = true
	return 0, ""
}

func (r *runner) listen(s *socket, backlog int64) (int64, errno) {
	if s.conn != nil && !s.conn.gone {
		return -1, "EINVAL"
	}
	if s.listening {
		return 0, ""
	}
	if backlog < 0 { // the kernel reads it without a sign
		backlog = maxInt
	}
	if e := r.kernel.listen(s, int(backlog)); e != "" {
		return -1, e
	}
	s.listening = true
	r.test(&flow{listening: true})
	return 0, ""
}

func (r *runner) accept(s *socket) (func() (int64, errno, bool), func(int64)) {
	var got *conn
	try := func() (int64, errno, bool) {
		if !s.listening {
			return -1, "EINVAL", true
		}
		c, e := r.kernel.call(tcp.Call{Verb: tcp.CallAccept}, s.options)
		switch {
		case e == "EAGAIN" && !s.nonblock:
			return 0, "", false
		case e != "":
			return -1, e, true
		}
		got = c
		return 0, "", true
	}
	return try, func(fd int64) {
		if got == nil {
			return
		}
		got.connected = true
		got.options = got.options.clone()
		r.sockets = append(r.sockets, &socket{fd: fd, options: got.options, bound: true, conn: got})
	}
}

// connect follows the states of a socket in the kernel (__inet_stream_connect).
func (r *runner) connect(s *socket, disconnect bool) func() (int64, errno, bool) {
	begun := false
	return func() (int64, errno, bool) {
		switch {
		case disconnect:
			return r.disconnect(s)
		case s.listening:
			return -1, "EISCONN", true
		case s.conn == nil && !s.deferred:
			fast := s.options.values[optionName{ipprotoTCP, tcpFastopenConnect}] != 0
			if fast && r.kernel.host.FastOpenRoom(r.kernel.now, r.remote) > 0 {
				s.deferred = true
				return 0, "", true
			}
			if e := r.open(s, fast, 0); e != "" {
				return -1, e, true
			}
			begun = true
			if s.nonblock {
				return -1, "EINPROGRESS", true
			}
			return 0, "", false
		case !s.connecting:
			return -1, "EISCONN", true
		case s.conn.gone:
			e := s.conn.err
			if e == "" {
				e = "ECONNABORTED"
			}
			s.conn.err = ""
			s.conn, s.connecting = nil, false
			return -1, e, true
		case s.conn.connected:
			s.connecting = false
			return 0, "", true
		case s.nonblock && !begun:
			return -1, "EALREADY", true
		}
		return 0, "", false
	}
}

// open sends the SYN of a socket, with Fast Open and so much text in it if there is a cookie for that.
func (r *runner) open(s *socket, fast bool, text int64) errno {
	from := uint16(0)
	if s.bound {
		from = r.local.Port()
	}
	first := len(r.kernel.sent)
	c, e := r.kernel.call(tcp.Call{Verb: tcp.CallConnect, To: r.remote, From: from, FastOpen: fast, Data: strings.Repeat("\x00", int(text))}, s.options)
	if e != "" {
		return e
	}
	s.conn, s.connecting, s.deferred = c, true, false
	c.unbound = !s.bound
	r.test(&flow{local: c.tcb.Local, remote: c.tcb.Remote, next: first})
	return ""
}

// fastOpen is sendto with MSG_FASTOPEN, connect and send in one (tcp_sendmsg_fastopen).
func (r *runner) fastOpen(s *socket, count, flags int64) func() (int64, errno, bool) {
	connect := r.connect(s, false)
	queued := int64(0)
	return func() (int64, errno, bool) {
		wait := !s.nonblock && flags&msgDontwait == 0
		switch {
		case r.kernel.settings.profile.FastOpen&tcp.FastOpenClient == 0:
			return -1, "EOPNOTSUPP", true
		case s.conn == nil:
			// Who waits may leave more than the SYN has room for: it follows the handshake.
			queued = count
			if !wait {
				queued = min(count, int64(r.kernel.host.FastOpenRoom(r.kernel.now, r.remote)))
			}
			if e := r.open(s, true, queued); e != "" {
				return -1, e, true
			}
			switch {
			case wait:
				return 0, "", false
			case queued > 0:
				return queued, "", true
			}
			return -1, "EINPROGRESS", true
		case s.connecting && !wait && !s.conn.connected && !s.conn.gone:
			return -1, "EALREADY", true
		case s.connecting:
			if _, e, done := connect(); !done || e != "" {
				return -1, e, done
			}
		}
		if queued > 0 || count == 0 {
			return count, "", true
		}
		return r.write(s, count, flags&^msgFastopen)()
	}
}

// disconnect is connect with AF_UNSPEC: the connection is thrown away, and the socket is as new.
func (r *runner) disconnect(s *socket) (int64, errno, bool) {
	if s.conn != nil && !s.conn.gone {
		r.kernel.call(tcp.Call{Verb: tcp.CallAbort, Conn: s.conn.tcb.ID}, s.options)
	}
	s.conn, s.connecting, s.deferred, s.noRead = nil, false, false, false
	return 0, "", true
}

// read follows tcp_recvmsg: first what there is, then the end of it, then the error.
func (r *runner) read(s *socket, count, flags int64) func() (int64, errno, bool) {
	return func() (int64, errno, bool) {
		c := s.conn
		if c == nil {
			return -1, "ENOTCONN", true
		}
		if count < 0 {
			return -1, "EINVAL", true
		}
		ended := c.eof || s.noRead || c.gone
		n := min(c.unread(), count)
		switch {
		case count == 0:
			return 0, "", true
		case n > 0 && (flags&msgWaitall == 0 || n == count || ended):
			if flags&msgPeek == 0 {
				r.kernel.read(c, n)
			}
			return n, "", true
		case n > 0:
			return 0, "", false
		case c.eof:
			return 0, "", true
		case c.err != "":
			e := c.err
			c.err = ""
			return -1, e, true
		case ended:
			return 0, "", true
		case s.nonblock || flags&msgDontwait != 0:
			return -1, "EAGAIN", true
		}
		return 0, "", false
	}
}

// write follows tcp_sendmsg: the error is told once, and what is closed for sending says EPIPE.
func (r *runner) write(s *socket, count, flags int64) func() (int64, errno, bool) {
	if flags&msgFastopen != 0 {
		return r.fastOpen(s, count, flags)
	}
	var fast func() (int64, errno, bool)
	return func() (int64, errno, bool) {
		if s.deferred || fast != nil {
			if fast == nil {
				fast = r.fastOpen(s, count, flags)
			}
			return fast()
		}
		c := s.conn
		switch {
		case c == nil:
			return -1, "EPIPE", true
		case c.err != "":
			e := c.err
			c.err = ""
			return -1, e, true
		case c.gone || c.tcb.FinQueued:
			return -1, "EPIPE", true
		case !usable(&c.tcb):
			if s.nonblock || flags&msgDontwait != 0 {
				return -1, "EAGAIN", true
			}
			return 0, "", false
		case count <= 0:
			return 0, "", true
		}
		data := strings.Repeat("\x00", int(min(count, maxWrite)))
		if _, e := r.kernel.call(tcp.Call{Verb: tcp.CallSend, Conn: c.tcb.ID, Data: data}, c.options); e != "" {
			return -1, e, true
		}
		return int64(len(data)), "", true
	}
}

// maxWrite is the most that one call writes.
const maxWrite = 1 << 24

// vector is how many bytes [{..., 100}, {..., 200}] has room for.
func (r *runner) vector(e *Expr) (int64, *Failure) {
	total := int64(0)
	if e.Kind != List {
		return 0, r.failure(e.Pos, "iovec", "a list of buffers, [{..., N}], should be here")
	}
	for _, item := range e.Items {
		if item.Kind != Struct || len(item.Fields) != 2 {
			return 0, r.failure(item.Pos, "iovec", "a buffer is written {..., N}")
		}
		n, ok := item.Fields[1].Value.number()
		if !ok || n < 0 || n > maxWrite {
			return 0, r.failure(item.Pos, "iovec", "the length of a buffer is a number")
		}
		total += n
	}
	return total, nil
}

// message is how many bytes the buffers of a msghdr have room for.
func (r *runner) message(e *Expr) (int64, *Failure) {
	iov := e.field("msg_iov")
	if iov == nil {
		return 0, r.failure(e.Pos, "msghdr", "a message is written {msg_name(...)=..., msg_iov(1)=[{..., N}], msg_flags=0}")
	}
	return r.vector(iov)
}

// leftToRead compares what TCP_CM_INQ tells: how much is left to read, where the end of the stream counts as one byte
// (tcp_inq_hint).
func (r *runner) leftToRead(s *socket, control *Expr) string {
	if control == nil || s.conn == nil {
		return ""
	}
	left := s.conn.unread()
	if left == 0 && (s.conn.eof || s.conn.gone) {
		left = 1
	}
	for _, item := range control.Items {
		if data := item.field("cmsg_data"); data != nil {
			if want, ok := data.number(); ok && want != left {
				return fmt.Sprintf("recvmsg gave TCP_CM_INQ %d, not %d", left, want)
			}
		}
	}
	return ""
}

func (r *runner) fcntl(s *socket, c *Call) (int64, errno) {
	cmd, _ := c.Args[1].number()
	switch {
	case cmd == fGetfl:
		n := int64(oRdwr)
		if s.nonblock {
			n |= oNonblock
		}
		return n, ""
	case cmd == fSetfl && len(c.Args) == 3:
		n, _ := c.Args[2].number()
		s.nonblock = n&oNonblock != 0
		return 0, ""
	}
	return -1, "EINVAL"
}

func (r *runner) ioctl(s *syscall, sock *socket) {
	cmd, _ := s.call.Args[1].number()
	got := int64(0)
	s.try = func() (int64, errno, bool) {
		if sock.listening {
			return -1, "EINVAL", true
		}
		c := sock.conn
		if c == nil {
			return 0, "", true
		}
		switch cmd {
		case siocinq:
			got = c.unread()
		case siocoutq, siocoutqnsd:
			if !c.gone {
				got = int64(len(c.tcb.Out))
				if cmd == siocoutqnsd {
					got -= int64(min(uint32(c.tcb.SndNxt-c.tcb.SndUna), uint32(len(c.tcb.Out))))
				}
			}
		}
		return 0, "", true
	}
	s.check = func() string {
		if len(s.call.Args) < 3 {
			return ""
		}
		if want, ok := s.call.Args[2].bracketed(); ok && want != got {
			return fmt.Sprintf("ioctl gave [%d], not [%d]", got, want)
		}
		return ""
	}
}

func (r *runner) close(s *socket) (int64, errno) {
	for i, o := range r.sockets {
		if o == s {
			r.sockets = append(r.sockets[:i:i], r.sockets[i+1:]...)
			break
		}
	}
	if s.listening {
		s.listening = false
		r.closeListener()
	}
	if c := s.conn; c != nil && !c.gone {
		verb := tcp.CallClose
		if s.options.linger && s.options.lingerFor == 0 {
			verb = tcp.CallAbort
		}
		r.kernel.call(tcp.Call{Verb: verb, Conn: c.tcb.ID}, c.options)
	}
	return 0, ""
}

// shutdown follows inet_shutdown.
func (r *runner) shutdown(s *socket, how int64) (int64, errno) {
	if how < shutRd || how > shutRdwr {
		return -1, "EINVAL"
	}
	if s.listening {
		if how != shutWr {
			s.listening = false
			r.closeListener()
		}
		return 0, ""
	}
	c := s.conn
	if c == nil || c.gone {
		return -1, "ENOTCONN"
	}
	if c.tcb.State == tcp.SynSent {
		r.kernel.call(tcp.Call{Verb: tcp.CallAbort, Conn: c.tcb.ID}, c.options)
		return 0, ""
	}
	s.noRead = s.noRead || how != shutWr
	if how != shutRd {
		r.kernel.call(tcp.Call{Verb: tcp.CallShutdown, Conn: c.tcb.ID}, c.options)
	}
	return 0, ""
}

func (r *runner) setsockopt(s *socket, c *Call) (int64, errno) {
	level, _ := c.Args[1].number()
	name, _ := c.Args[2].number()
	o := optionName{level, name}
	kind := sockoptKinds[o]
	if kind.readOnly {
		return -1, "ENOPROTOOPT"
	}
	value := c.Args[3]
	if o == (optionName{solSocket, soLinger}) {
		on, seconds := value.field("onoff"), value.field("linger")
		if on == nil || seconds == nil {
			return -1, "EINVAL"
		}
		n, _ := on.number()
		s.options.linger = n != 0
		s.options.lingerFor, _ = seconds.number()
		return 0, ""
	}
	if value.Kind == String {
		s.options.text[o] = value.Text
		return 0, ""
	}
	v, ok := value.bracketed()
	if !ok || v < kind.least || v > kind.most {
		return -1, "EINVAL"
	}
	if kind.stored != nil {
		v = kind.stored(v)
	}
	s.options.values[o] = v
	if s.conn != nil {
		r.kernel.setOption(s.conn, o)
	}
	r.kernel.setListener(s, o)
	return 0, ""
}

func (r *runner) getsockopt(s *syscall, sock *socket) {
	c := s.call
	level, _ := c.Args[1].number()
	name, _ := c.Args[2].number()
	o := optionName{level, name}
	got := int64(0)
	s.try = func() (int64, errno, bool) {
		got = r.optionValue(sock, o)
		return 0, "", true
	}
	s.check = func() string {
		want := c.Args[3]
		switch {
		case o == optionName{solSocket, soLinger} && want.Kind == Struct:
			on, seconds := want.field("onoff"), want.field("linger")
			if on == nil || seconds == nil {
				return "a linger is written {onoff=1, linger=0}"
			}
			n, _ := on.number()
			l, _ := seconds.number()
			if (n != 0) != sock.options.linger || l != sock.options.lingerFor {
				return fmt.Sprintf("getsockopt gave {onoff=%d, linger=%d}", asBit(sock.options.linger), sock.options.lingerFor)
			}
		case want.Kind == List && len(want.Items) == 1 && want.Items[0].Kind != Ellipsis:
			n, _ := want.bracketed()
			if n != got {
				return fmt.Sprintf("getsockopt gave [%s], not [%s]", optionText(o, got), optionText(o, n))
			}
		}
		return ""
	}
}

func asBit(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

// optionText prints the value of an option: an error by its name.
func optionText(o optionName, v int64) string {
	if o == (optionName{solSocket, soError}) && v != 0 {
		for _, name := range errnoNames() {
			if errnoNumbers[name] == v {
				return fmt.Sprintf("%d (%s)", v, name)
			}
		}
	}
	return fmt.Sprint(v)
}

func (r *runner) optionValue(s *socket, o optionName) int64 {
	switch o {
	case optionName{solSocket, soError}:
		if s.conn == nil {
			return 0
		}
		n := errnoNumbers[string(s.conn.err)]
		s.conn.err = ""
		return n
	case optionName{solSocket, soAcceptConn}:
		return asBit(s.listening)
	case optionName{ipprotoTCP, tcpMaxseg}:
		if s.conn != nil && !s.conn.gone {
			return sendMSS(r.kernel, s.conn)
		}
	}
	if v, ok := s.options.values[o]; ok {
		return v
	}
	if kind, ok := sockoptKinds[o]; ok {
		return kind.initial(r.kernel)
	}
	return 0
}

// A watch is one entry of poll's list.
type watch struct {
	sock *socket
	want int64
	got  int64
}

func (r *runner) poll(s *syscall) *Failure {
	c := s.call
	if c.Args[0].Kind != List {
		return r.failure(c.Args[0].Pos, "pollfd", "a list, [{fd=3, events=POLLIN, revents=POLLIN}], should be here")
	}
	var list []watch
	var expect []int64
	for _, e := range c.Args[0].Items {
		fd, events := e.field("fd"), e.field("events")
		if fd == nil || events == nil {
			return r.failure(e.Pos, "pollfd", "an entry is written {fd=3, events=POLLIN, revents=POLLIN}")
		}
		n, _ := fd.number()
		sock := r.socket(n)
		if sock == nil {
			return r.failure(fd.Pos, "bad-descriptor", fmt.Sprintf("there is no open descriptor %d", n))
		}
		want, _ := events.number()
		revents := int64(0)
		if f := e.field("revents"); f != nil {
			revents, _ = f.number()
		}
		list, expect = append(list, watch{sock: sock, want: want}), append(expect, revents)
	}
	if n, _ := c.Args[1].number(); n != int64(len(list)) {
		return r.failure(c.Args[1].Pos, "pollfd", fmt.Sprintf("the list has %d entries, not %d", len(list), n))
	}
	if ms, _ := c.Args[2].number(); ms >= 0 {
		s.timeout = r.kernel.now + tcp.Time(min(ms, maxInt))*tcp.Millisecond
	}
	s.try = func() (int64, errno, bool) {
		ready := int64(0)
		for i := range list {
			list[i].got = r.ready(list[i].sock) & (list[i].want | pollErr | pollHup)
			ready += asBit(list[i].got != 0)
		}
		return ready, "", ready > 0 || r.kernel.now >= s.timeout
	}
	s.check = func() string {
		for i := range list {
			if list[i].got != expect[i] {
				return fmt.Sprintf("poll gave revents=%s for descriptor %d, not %s", pollText(list[i].got), list[i].sock.fd, pollText(expect[i]))
			}
		}
		return ""
	}
	return nil
}

func pollText(bits int64) string {
	return bitNames(bits, "POLLIN", "POLLOUT", "POLLERR", "POLLHUP", "POLLRDHUP", "POLLRDNORM", "POLLWRNORM")
}

// ready follows tcp_poll.
func (r *runner) ready(s *socket) int64 {
	c := s.conn
	switch {
	case s.listening:
		if r.kernel.waiting() > 0 {
			return pollIn | pollRdnorm
		}
		return 0
	case c == nil:
		return pollHup | pollOut | pollWrnorm
	}
	bits := int64(0)
	noRead := c.eof || s.noRead || c.gone
	noWrite := c.tcb.FinQueued || c.gone
	if c.gone || noRead && noWrite {
		bits |= pollHup
	}
	if noRead {
		bits |= pollIn | pollRdnorm | pollRdhup
	}
	if c.gone || c.tcb.State != tcp.SynSent && c.tcb.State != tcp.SynReceived {
		if c.unread() > 0 {
			bits |= pollIn | pollRdnorm
		}
		bits |= pollOut | pollWrnorm
	}
	if c.err != "" {
		bits |= pollErr
	}
	return bits
}
