package search

import (
	"fmt"
	"slices"
	"strings"

	"github.com/handshakelab/lab/engine"
	"github.com/handshakelab/lab/engine/rule"
	"github.com/handshakelab/lab/engine/script"
	"github.com/handshakelab/lab/engine/tcp"
	"github.com/handshakelab/lab/engine/wire"
)

// Kind is a way in which a protocol goes wrong.
type Kind uint8

// What no TCP may let happen, whatever the network does within the maximum segment lifetime.
const (
	// OldText: an application is given text that its peer did not send in this connection.
	OldText Kind = iota + 1

	// WrongText: an application is given text of this connection twice, or out of order, or with a hole before it.
	WrongText

	// OldReset: a connection that was ESTABLISHED is reset by an RST that was about another one. One that is only being made may be
	// refused so: who opens actively while an old SYN and the old RST behind it arrive can try again.
	OldReset

	// ConnectedToNothing: a side is ESTABLISHED and the other side never took part: it never took the SYN of this connection and
	// never will, because no segment of this opening is under way and no timer runs.
	ConnectedToNothing

	// Forsaken: a side is ESTABLISHED, the other side is gone, and though the network lost nothing, nothing under way and no timer
	// will ever tell.
	Forsaken
)

var kindNames = [...]string{"", "old-text", "wrong-text", "old-reset", "connected-to-nothing", "forsaken"}

// String returns the name of the kind, "old-text".
func (k Kind) String() string { return kindNames[k] }

// Kinds returns all kinds.
func Kinds() []Kind { return []Kind{OldText, WrongText, OldReset, ConnectedToNothing, Forsaken} }

// KindByName returns the kind that String calls name.
func KindByName(name string) (Kind, bool) {
	i := slices.Index(kindNames[1:], name)
	return Kind(i + 1), i >= 0
}

// A Violation is what went wrong at the end of a run.
type Violation struct {
	Kind Kind // 0: nothing
	Host engine.HostID
	Conn tcp.ConnID
	Text string // of OldText and WrongText: what the application was given
}

// String returns a sentence about it.
func (v Violation) String() string {
	switch v.Kind {
	case OldText:
		return fmt.Sprintf("The application on the %s is given %s, which the %s never sent in this connection.", v.Host, script.Quote(v.Text), engine.Server-v.Host)
	case WrongText:
		return fmt.Sprintf("The application on the %s is given %s, which is not what comes next in this connection.", v.Host, script.Quote(v.Text))
	case OldReset:
		return fmt.Sprintf("The connection of the %s is reset by an RST that was about another connection.", v.Host)
	case ConnectedToNothing:
		return fmt.Sprintf("The %s is ESTABLISHED, and there is nothing at the other end: no segment and no timer will ever tell.", v.Host)
	case Forsaken:
		return fmt.Sprintf("The %s is still ESTABLISHED. The %s has left, and no segment and no timer will ever tell.", v.Host, engine.Server-v.Host)
	}
	return "Nothing goes wrong."
}

// peerOf returns the connection of the other host that h's connection id belongs together with: each took the SYN of the other.
func (s *state) peerOf(h engine.HostID, id tcp.ConnID) *conn {
	p := s.conns[h][id-1].peer
	if p == 0 || s.conns[engine.Server-h][p-1].peer != id {
		return nil
	}
	return &s.conns[engine.Server-h][p-1]
}

// told looks at what an application is told. from is the state that its connection has just left.
func (s *state) told(h engine.HostID, x *tcp.Effect, in *flight, from tcp.State) {
	switch {
	case in == nil || x.Conn == 0:
	case x.Notice == tcp.Readable:
		s.readable(h, x, in)
	case x.Errno != tcp.OK && from.Synchronized() && in.seg.Flags.Has(wire.RST) && in.dest != 0 && in.dest != x.Conn:
		s.wrong = Violation{Kind: OldReset, Host: h, Conn: x.Conn}
	}
}

// readable compares the text that an application is given with what comes next of what its peer sent.
func (s *state) readable(h engine.HostID, x *tcp.Effect, in *flight) {
	c := &s.conns[h][x.Conn-1]
	text := ""
	switch x.Rule {
	case rule.HeldText:
		left := wire.Seq(x.Args[0])
		for _, p := range s.mem.held {
			if off := left.Sub(p.left); off >= 0 && int(off)+int(x.Bytes) <= len(p.text) {
				text = p.text[off : int(off)+int(x.Bytes)]
			}
		}
	case rule.BrokenWindow:
		text = in.seg.Payload[:x.Bytes]
	default:
		old := uint32(x.Args[2]) - uint32(x.Args[0]) // the front of it came before
		text = in.seg.Payload[old : old+x.Bytes]
	}
	peer := s.peerOf(h, x.Conn)
	if peer == nil && in.seg.Flags.Has(wire.SYN) && in.from != 0 {
		peer = &s.conns[engine.Server-h][in.from-1] // text in a SYN comes before the peer can have answered ours
	}
	if peer != nil && c.got+len(text) <= len(peer.sent) && peer.sent[c.got:c.got+len(text)] == text {
		c.got += len(text)
		return
	}
	ours := in.dest == x.Conn
	if x.Rule == rule.HeldText { // it came before in
		ours = peer != nil && strings.Contains(peer.sent, text)
	}
	s.wrong = Violation{Kind: OldText, Host: h, Conn: x.Conn, Text: text}
	if ours {
		s.wrong.Kind = WrongText
	}
}

// judge looks for a side that is alone.
func (s *state) judge() {
	if s.wrong.Kind != 0 {
		return
	}
	for h := engine.Client; h <= engine.Server; h++ {
		conns := s.hosts[h].Conns()
		for i := range conns {
			t := &conns[i]
			if t.State == tcp.Established && s.idle(h, t) {
				s.alone(h, t)
			}
		}
	}
}

// idle reports whether nothing will happen to a connection any more: no timer of it runs, and nothing of it is under way.
func (s *state) idle(h engine.HostID, t *tcp.TCB) bool {
	for _, at := range t.Timers {
		if at != tcp.Never {
			return false
		}
	}
	for i := range s.flights {
		f := &s.flights[i]
		if f.to != h && f.from == t.ID || f.to == h && (f.dest == t.ID || f.answers == t.ID) {
			return false
		}
	}
	return true
}

// alone looks whether the other side of an idle connection is there.
func (s *state) alone(h engine.HostID, t *tcp.TCB) {
	p := s.conns[h][t.ID-1].peer
	if p == 0 {
		return
	}
	others := s.hosts[engine.Server-h].Conns()
	i := slices.IndexFunc(others, func(o tcp.TCB) bool { return o.ID == p })
	switch {
	case s.peerOf(h, t.ID) == nil && (i < 0 || others[i].State != tcp.SynSent):
		s.wrong = Violation{Kind: ConnectedToNothing, Host: h, Conn: t.ID}
	case s.peerOf(h, t.ID) != nil && i < 0 && !s.lost:
		s.wrong = Violation{Kind: Forsaken, Host: h, Conn: t.ID}
	}
}
