package packetdrill

import (
	"fmt"
	"slices"

	"github.com/handshakelab/lab/engine/tcp"
)

// An epoll is the descriptor that epoll_create returned, with what it watches.
type epoll struct {
	fd    int64
	items []*epollItem
}

// An epollItem is a socket that is watched.
type epollItem struct {
	sock   *socket
	events int64
	data   *Expr // what epoll_wait gives back: fd=4 or ptr=0
	seen   int   // of an edge-triggered one: how often it had been woken when it was last looked at
	fresh  bool  // it has not been looked at since epoll_ctl
	off    bool  // of a one-shot one: it was told
}

const (
	epollET      = 1 << 31
	epollOneshot = 1 << 30
	epollAdd     = 1
	epollDel     = 2
	epollMod     = 3
)

func (r *runner) epoll(e *Expr) *epoll {
	fd, _ := e.number()
	for _, p := range r.epolls {
		if p.fd == fd {
			return p
		}
	}
	return nil
}

// closeEpoll closes an epoll descriptor, if it is one.
func (r *runner) closeEpoll(fd int64) bool {
	n := len(r.epolls)
	r.epolls = slices.DeleteFunc(r.epolls, func(p *epoll) bool { return p.fd == fd })
	return len(r.epolls) < n
}

func (r *runner) epollControl(s *syscall) *Failure {
	c := s.call
	p := r.epoll(c.Args[0])
	if p == nil {
		return r.noDescriptor(c.Args[0])
	}
	fd, _ := c.Args[2].number()
	sock := r.socket(fd)
	if sock == nil {
		return r.noDescriptor(c.Args[2])
	}
	op, _ := c.Args[1].number()
	events, data := int64(0), (*Expr)(nil)
	if c.Args[3].Kind == Struct {
		if e := c.Args[3].field("events"); e != nil {
			events, _ = e.number()
		}
		data = epollData(c.Args[3])
	}
	s.try = func() (int64, errno, bool) {
		at := slices.IndexFunc(p.items, func(i *epollItem) bool { return i.sock == sock })
		switch {
		case op == epollAdd && at >= 0:
			return -1, "EEXIST", true
		case op != epollAdd && at < 0:
			return -1, "ENOENT", true
		case op == epollDel:
			p.items = slices.Delete(p.items, at, at+1)
			return 0, "", true
		}
		item := &epollItem{sock: sock, events: events, data: data, fresh: true}
		if op == epollAdd {
			p.items = append(p.items, item)
		} else {
			p.items[at] = item
		}
		return 0, "", true
	}
	return nil
}

// epollData is what a struct epoll_event carries besides its events.
func epollData(e *Expr) *Expr {
	for _, name := range []string{"fd", "ptr", "u32", "u64"} {
		if v := e.field(name); v != nil {
			return v
		}
	}
	return nil
}

// look returns what there is to tell of an item now. An edge-triggered one is looked at only when something woke it.
func (r *runner) look(i *epollItem) int64 {
	if i.off {
		return 0
	}
	woken := r.woken(i)
	if i.events&epollET != 0 && !i.fresh && woken == i.seen {
		return 0
	}
	i.seen, i.fresh = woken, false
	return r.ready(i.sock) & (i.events | pollErr | pollHup)
}

// woken is how often something has happened that an item waits for.
func (r *runner) woken(i *epollItem) int {
	c := r.kernel.connOf(i.sock)
	switch {
	case c == nil:
		return r.kernel.queued
	case i.events&pollIn == 0:
		return c.wakesOut
	case i.events&pollOut == 0:
		return c.wakesIn
	}
	return c.wakesIn + c.wakesOut
}

func (r *runner) epollWait(s *syscall) *Failure {
	c := s.call
	p := r.epoll(c.Args[0])
	if p == nil {
		return r.noDescriptor(c.Args[0])
	}
	most, _ := c.Args[2].number()
	if ms, _ := c.Args[3].number(); ms >= 0 {
		s.timeout = r.kernel.now + tcp.Time(min(ms, maxInt))*tcp.Millisecond
	}
	type event struct {
		bits int64
		data *Expr
	}
	var got []event
	s.try = func() (int64, errno, bool) {
		if most <= 0 {
			return -1, "EINVAL", true
		}
		for _, i := range p.items {
			if int64(len(got)) == most {
				break
			}
			if bits := r.look(i); bits != 0 {
				got = append(got, event{bits, i.data})
				i.off = i.events&epollOneshot != 0
			}
		}
		return int64(len(got)), "", len(got) > 0 || r.kernel.now >= s.timeout
	}
	s.check = func() string {
		want := []*Expr{c.Args[1]}
		if c.Args[1].Kind == List {
			want = c.Args[1].Items
		}
		for n, g := range got {
			if n >= len(want) || want[n].Kind != Struct {
				break
			}
			if e := want[n].field("events"); e != nil {
				if bits, _ := e.number(); bits != g.bits {
					return fmt.Sprintf("epoll_wait gave events=%s, not %s", epollText(g.bits), epollText(bits))
				}
			}
			if d := epollData(want[n]); d != nil && g.data != nil {
				a, _ := d.number()
				b, _ := g.data.number()
				if a != b {
					return fmt.Sprintf("epoll_wait gave descriptor %d, not %d", b, a)
				}
			}
		}
		return ""
	}
	return nil
}

func epollText(bits int64) string {
	return bitNames(bits, "EPOLLIN", "EPOLLOUT", "EPOLLERR", "EPOLLHUP", "EPOLLRDHUP")
}
