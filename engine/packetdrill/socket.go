package packetdrill

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/handshakelab/lab/engine/tcp"
)

// A socket is a descriptor of the script with the descriptor of the host that it stands for.
type socket struct {
	fd      int64
	live    int
	options *sockopts
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
	switch c.Name {
	case "socket":
		r.open(s)
		return s, nil
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
	for _, s := range r.kernel.sockets {
		if s.fd == fd {
			return s
		}
	}
	return nil
}

// open makes a socket.
func (r *runner) open(s *syscall) {
	kind, _ := s.call.Args[1].number()
	live := 0
	s.try = func() (int64, errno, bool) {
		r.kernel.call(tcp.Call{Verb: tcp.CallSocket, Nonblock: kind&oNonblock != 0}, nil)
		for _, d := range r.kernel.host.Sockets() {
			if got, ok := r.kernel.result(d.FD); ok {
				live = int(got.value)
				return got.value, got.errno, true
			}
		}
		return -1, "EMFILE", true
	}
	s.made = func(fd int64) { r.add(&socket{fd: fd, live: live, options: newSockopts()}) }
}

func (r *runner) add(s *socket) { r.kernel.sockets = append(r.kernel.sockets, s) }

// on lets a call on the descriptor of the host be made when the script's is, and returns when that does.
func (r *runner) on(s *syscall, sock *socket, c tcp.Call) {
	c.FD = sock.live
	begun := false
	s.try = func() (int64, errno, bool) {
		if !begun {
			begun = true
			r.kernel.call(c, sock.options)
		}
		got, done := r.kernel.result(sock.live)
		return got.value, got.errno, done
	}
}

func (r *runner) prepareOn(s *syscall, sock *socket) *Failure {
	c := s.call
	arg := func(i int) int64 { n, _ := c.Args[i].number(); return n }
	if nullBuffers[c.Name] && c.Args[1].Kind == Word && c.Args[1].Text == "NULL" && arg(2) > 0 {
		s.returns(-1, "EFAULT")
		return nil
	}
	switch c.Name {
	case "bind":
		r.on(s, sock, tcp.Call{Verb: tcp.CallBind, To: netip.AddrPortFrom(netip.Addr{}, r.local.Port())})
	case "listen":
		r.listen(s, sock, arg(1))
	case "accept":
		r.accept(s, sock)
	case "connect":
		family, given := c.Args[1].number()
		r.connect(s, sock, tcp.Call{Verb: tcp.CallConnect, To: r.remote, Unspec: given && family == 0})
	case "read":
		r.read(s, sock, arg(2), 0)
	case "recv", "recvfrom":
		r.read(s, sock, arg(2), arg(3))
	case "readv":
		n, f := r.vector(c.Args[1])
		r.read(s, sock, n, 0)
		return f
	case "recvmsg":
		n, f := r.message(c.Args[1])
		r.read(s, sock, n, arg(2))
		s.check = func() string { return r.leftToRead(sock, c.Args[1].field("msg_control")) }
		return f
	case "write":
		r.write(s, sock, arg(2), 0)
	case "send":
		r.write(s, sock, arg(2), arg(3))
	case "sendto":
		if family, given := c.Args[4].number(); given && family == 0 && arg(3)&msgFastopen != 0 {
			s.returns(-1, "EOPNOTSUPP") // AF_UNSPEC is no address to connect to
			return nil
		}
		r.write(s, sock, arg(2), arg(3))
	case "writev":
		n, f := r.vector(c.Args[1])
		r.write(s, sock, n, 0)
		return f
	case "sendmsg":
		n, f := r.message(c.Args[1])
		r.write(s, sock, n, arg(2))
		return f
	case "fcntl":
		r.fcntl(s, sock)
	case "ioctl":
		r.ioctl(s, sock)
	case "close":
		r.close(s, sock)
	case "shutdown":
		if how := arg(1); how < shutRd || how > shutRdwr {
			s.returns(-1, "EINVAL")
		} else {
			r.on(s, sock, tcp.Call{Verb: tcp.CallShutdown, How: [...]tcp.How{shutRd: tcp.ShutRead, shutWr: tcp.ShutWrite, shutRdwr: tcp.ShutBoth}[how]})
		}
	case "setsockopt":
		r.setsockopt(s, sock)
	case "getsockopt":
		r.getsockopt(s, sock)
	}
	return nil
}

// nullBuffers are the calls whose second argument is a buffer, which may be NULL.
var nullBuffers = map[string]bool{"read": true, "recv": true, "recvfrom": true, "write": true, "send": true, "sendto": true}

// returns lets the call return at once.
func (s *syscall) returns(value int64, e errno) {
	s.try = func() (int64, errno, bool) { return value, e, true }
}

func (r *runner) listen(s *syscall, sock *socket, backlog int64) {
	if backlog < 0 || backlog > maxInt { // the kernel reads it without a sign
		backlog = maxInt
	}
	r.on(s, sock, tcp.Call{Verb: tcp.CallListen, Backlog: int(backlog)})
	call := s.try
	s.try = func() (int64, errno, bool) {
		before := r.kernel.descriptor(sock).Listening
		n, e, done := call()
		if d := r.kernel.descriptor(sock); d.Listening && !before {
			r.server = netip.AddrPortFrom(r.local.Addr(), d.Port)
			if _, set := sock.options.values[fastOpenOption]; !set && r.kernel.settings.fastAll {
				r.kernel.call(tcp.Call{Verb: tcp.CallSet, FD: sock.live, Option: tcp.FastOpenQueue, Values: [3]tcp.Time{tcp.Time(backlog)}}, sock.options)
				r.kernel.result(sock.live)
			}
			r.test(&flow{listening: true})
		}
		return n, e, done
	}
}

var fastOpenOption = optionName{ipprotoTCP, tcpFastopen}

func (r *runner) accept(s *syscall, sock *socket) {
	r.on(s, sock, tcp.Call{Verb: tcp.CallAccept})
	call, live := s.try, 0
	s.try = func() (int64, errno, bool) {
		n, e, done := call()
		live = int(n)
		return n, e, done
	}
	s.made = func(fd int64) {
		got := &socket{fd: fd, live: live, options: sock.options.clone()}
		if c := r.kernel.connOf(got); c != nil {
			got.options = c.options
		}
		r.add(got)
	}
}

// connect makes the calls that may open a connection: connect, and those that send text with the SYN.
func (r *runner) connect(s *syscall, sock *socket, c tcp.Call) {
	r.on(s, sock, c)
	call := s.try
	s.try = func() (int64, errno, bool) {
		had, first := r.kernel.descriptor(sock).Conn, len(r.kernel.sent)
		n, e, done := call()
		if conn := r.kernel.connOf(sock); conn != nil && conn.tcb.ID != had {
			r.test(&flow{local: conn.tcb.Local, remote: conn.tcb.Remote, next: first})
		}
		return n, e, done
	}
}

func (r *runner) read(s *syscall, sock *socket, count, flags int64) {
	d := r.kernel.descriptor(sock)
	switch {
	case count < 0:
		s.returns(-1, "EINVAL")
	case count == 0 && d.Conn != 0:
		s.returns(0, "")
	default:
		r.on(s, sock, tcp.Call{Verb: tcp.CallRecv, Count: int(count), Nonblock: flags&msgDontwait != 0, Peek: flags&msgPeek != 0, WaitAll: flags&msgWaitall != 0})
	}
}

func (r *runner) write(s *syscall, sock *socket, count, flags int64) {
	c := tcp.Call{Verb: tcp.CallSend, Data: strings.Repeat("\x00", int(min(max(count, 0), maxWrite))), Nonblock: flags&msgDontwait != 0}
	if flags&msgFastopen != 0 {
		c.Verb, c.To, c.FastOpen = tcp.CallConnect, r.remote, true
	}
	r.connect(s, sock, c)
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
func (r *runner) leftToRead(sock *socket, control *Expr) string {
	if control == nil {
		return ""
	}
	left, end := r.kernel.host.Unread(sock.live)
	if left == 0 && end {
		left = 1
	}
	for _, item := range control.Items {
		if data := item.field("cmsg_data"); data != nil {
			if want, ok := data.number(); ok && want != int64(left) {
				return fmt.Sprintf("recvmsg gave TCP_CM_INQ %d, not %d", left, want)
			}
		}
	}
	return ""
}

func (r *runner) fcntl(s *syscall, sock *socket) {
	c := s.call
	cmd, _ := c.Args[1].number()
	switch {
	case cmd == fGetfl:
		n := int64(oRdwr)
		if r.kernel.descriptor(sock).Nonblock {
			n |= oNonblock
		}
		s.returns(n, "")
	case cmd == fSetfl && len(c.Args) == 3:
		n, _ := c.Args[2].number()
		r.on(s, sock, tcp.Call{Verb: tcp.CallSet, Option: tcp.Nonblocking, Values: [3]tcp.Time{tcp.Time(n & oNonblock)}})
	default:
		s.returns(-1, "EINVAL")
	}
}

func (r *runner) ioctl(s *syscall, sock *socket) {
	cmd, _ := s.call.Args[1].number()
	got := int64(0)
	s.try = func() (int64, errno, bool) {
		if r.kernel.descriptor(sock).Listening {
			return -1, "EINVAL", true
		}
		if cmd == siocinq {
			n, _ := r.kernel.host.Unread(sock.live)
			got = int64(n)
		} else if c := r.kernel.connOf(sock); c != nil && !c.gone {
			got = int64(len(c.tcb.Out))
			if cmd == siocoutqnsd {
				got -= int64(min(uint32(c.tcb.SndNxt-c.tcb.SndUna), uint32(len(c.tcb.Out))))
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

func (r *runner) close(s *syscall, sock *socket) {
	r.on(s, sock, tcp.Call{Verb: tcp.CallClose})
	r.kernel.sockets = slices.DeleteFunc(r.kernel.sockets, func(o *socket) bool { return o == sock })
	for _, p := range r.epolls {
		p.items = slices.DeleteFunc(p.items, func(i *epollItem) bool { return i.sock == sock })
	}
}

func (r *runner) setsockopt(s *syscall, sock *socket) {
	c := s.call
	level, _ := c.Args[1].number()
	name, _ := c.Args[2].number()
	o := optionName{level, name}
	kind := sockoptKinds[o]
	value := c.Args[3]
	s.returns(0, "")
	switch {
	case kind.readOnly:
		s.returns(-1, "ENOPROTOOPT")
		return
	case o == optionName{solSocket, soLinger}:
		on, seconds := value.field("onoff"), value.field("linger")
		if on == nil || seconds == nil {
			s.returns(-1, "EINVAL")
			return
		}
		n, _ := on.number()
		sock.options.linger = n != 0
		sock.options.lingerFor, _ = seconds.number()
	case value.Kind == String:
		sock.options.text[o] = value.Text
		return
	default:
		v, ok := value.bracketed()
		if !ok || v < kind.least || v > kind.most {
			s.returns(-1, "EINVAL")
			return
		}
		if kind.stored != nil {
			v = kind.stored(v)
		}
		sock.options.values[o] = v
	}
	if set, ok := sock.options.onHost(r.kernel, o); ok {
		r.on(s, sock, set)
	}
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
		r.kernel.call(tcp.Call{Verb: tcp.CallGet, FD: s.live, Option: tcp.SockError}, s.options)
		got, _ := r.kernel.result(s.live)
		return errnoNumbers[string(got.errno)]
	case optionName{solSocket, soAcceptConn}:
		return asBit(r.kernel.descriptor(s).Listening)
	case optionName{solSocket, soSndBuf}:
		n, _ := r.kernel.host.Buffers(s.live)
		return int64(n)
	case optionName{solSocket, soRcvBuf}:
		if _, n := r.kernel.host.Buffers(s.live); n > 0 {
			return int64(n)
		}
	case optionName{ipprotoIP, ipMTU}, optionName{ipprotoIPv6, ipv6MTU}:
		if c := r.kernel.connOf(s); c != nil {
			return pathMTU(r.kernel, c)
		}
	case optionName{ipprotoTCP, tcpMaxseg}:
		if c := r.kernel.connOf(s); c != nil && !c.gone {
			return sendMSS(r.kernel, c)
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

// ready is what a socket is ready for, in the bits of poll.
func (r *runner) ready(s *socket) int64 {
	bits := int64(0)
	ready := r.kernel.host.Poll(s.live)
	for _, b := range []struct {
		is   tcp.Ready
		bits int64
	}{{tcp.ReadyIn, pollIn | pollRdnorm}, {tcp.ReadyOut, pollOut | pollWrnorm}, {tcp.ReadyErr, pollErr}, {tcp.ReadyHup, pollHup}, {tcp.ReadyRdHup, pollRdhup}} {
		if ready&b.is != 0 {
			bits |= b.bits
		}
	}
	return bits
}
