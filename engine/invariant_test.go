package engine_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/handshakelab/lab/engine"
	"github.com/handshakelab/lab/engine/tcp"
	"github.com/handshakelab/lab/engine/wire"
)

// edges are the ways from state to state of RFC 9293 figure 5, and those of its text that the figure leaves out: an RST, an
// abort or a timeout leads from anywhere to CLOSED, and from a passive SYN-RECEIVED back to LISTEN.
var edges = map[tcp.State][]tcp.State{
	tcp.Closed:      {tcp.Listen, tcp.SynSent},
	tcp.Listen:      {tcp.SynReceived, tcp.Closed},
	tcp.SynSent:     {tcp.SynReceived, tcp.Established, tcp.Closed},
	tcp.SynReceived: {tcp.Established, tcp.FinWait1, tcp.Listen, tcp.Closed},
	tcp.Established: {tcp.FinWait1, tcp.CloseWait, tcp.Closed},
	tcp.FinWait1:    {tcp.FinWait2, tcp.Closing, tcp.Closed},
	tcp.FinWait2:    {tcp.TimeWait, tcp.Closed},
	tcp.CloseWait:   {tcp.LastAck, tcp.Closed},
	tcp.Closing:     {tcp.TimeWait, tcp.Closed},
	tcp.LastAck:     {tcp.Closed},
	tcp.TimeWait:    {tcp.Closed},
}

// A watch looks at the connections of a host after each step and says what cannot be.
type watch struct {
	seen map[tcp.ConnID]tcp.TCB // as it was after the step before
}

func (w *watch) look(now tcp.Time, conns []tcp.TCB) string {
	old := w.seen
	w.seen = map[tcp.ConnID]tcp.TCB{}
	for i := range conns {
		t := &conns[i]
		w.seen[t.ID] = *t
		if fault := impossible(now, t); fault != "" {
			return fmt.Sprintf("connection %d in %v: %s", t.ID, t.State, fault)
		}
		if before, known := old[t.ID]; known {
			if fault := backward(&before, t); fault != "" {
				return fmt.Sprintf("connection %d in %v: %s", t.ID, t.State, fault)
			}
		}
	}
	return ""
}

// impossible says what cannot be so of a connection, whatever came before.
func impossible(now tcp.Time, t *tcp.TCB) string {
	runs := func(k tcp.TimerKind) bool { return t.Timers[k] != tcp.Never }
	flying := t.SndNxt.Sub(t.SndUna)
	syn, fin := 0, 0
	if t.SndUna == t.ISS {
		syn = 1 // closed in SYN-RECEIVED
	}
	if t.FinSent {
		fin = 1
	}
	for k, at := range t.Timers {
		if at < now {
			return fmt.Sprintf("the %v timer should have fired at %v", tcp.TimerKind(k), at)
		}
	}
	switch {
	case t.State == tcp.Closed || t.State == tcp.Listen:
		return "there is a record of a connection that is over"
	case flying < 0 || !t.ISS.LessEq(t.SndUna):
		return fmt.Sprintf("ISS %d <= SND.UNA %d <= SND.NXT %d does not hold", t.ISS, t.SndUna, t.SndNxt)
	// RFC 6298 section 5.1, or Linux's tail loss probe in its place.
	case flying > 0 && !runs(tcp.Retransmit) && !runs(tcp.LossProbe):
		return "something is unacknowledged and no timer would send it again"
	case flying == 0 && (runs(tcp.Retransmit) || runs(tcp.LossProbe)):
		return "nothing is unacknowledged and a timer would send it again"
	case t.State.Synchronized() && int(flying) > syn+len(t.Out)+fin:
		return fmt.Sprintf("%d numbers are out and only %d bytes of text are kept to send again", flying, len(t.Out))
	case t.FinSent && !t.FinQueued:
		return "a FIN was sent and nobody had closed"
	case (t.State == tcp.TimeWait) != runs(tcp.TimeWaitTime):
		return "the time-wait timer runs in TIME-WAIT and nowhere else"
	// RFC 9293 section 3.8.6.1: a window that stays shut is probed.
	case t.State.Synchronized() && t.SndWnd == 0 && flying == 0 && len(t.Out) > 0 && !t.FinSent && !runs(tcp.Persist):
		return "the peer's window is shut, text waits and nothing probes"
	case t.State.Synchronized() && t.SndWnd > 0 && flying == 0 && len(t.Out) > 0 && !runs(tcp.Persist):
		return "the peer's window is open, text waits, and nothing would send it"
	// With a scaled window Linux rounds up what it offers, segment by segment.
	case t.RcvScale == 0 && t.Unread > t.RcvBuf && t.RcvMem == 0:
		return fmt.Sprintf("%d bytes are unread in a buffer of %d", t.Unread, t.RcvBuf)
	}
	for i := range t.NumHeld {
		if p := &t.Held[i]; !t.RcvNxt.Less(p.Left) {
			return fmt.Sprintf("text at %d is held and RCV.NXT is %d", p.Left, t.RcvNxt)
		}
	}
	for _, b := range t.Sacked[:t.NumSacked] {
		if !b.Left.Less(b.Right) || !t.SndUna.Less(b.Right) || !b.Right.LessEq(t.SndNxt) {
			return fmt.Sprintf("the block %d to %d is noted, and out are %d to %d", b.Left, b.Right, t.SndUna, t.SndNxt)
		}
	}
	return ""
}

// backward says which variable of a connection went where it may not go.
func backward(was, is *tcp.TCB) string {
	switch {
	case is.State != was.State && (is.State < was.State || was.State == tcp.CloseWait && is.State == tcp.Closing):
		return fmt.Sprintf("it was in %v", was.State)
	case !was.SndUna.LessEq(is.SndUna):
		return "SND.UNA went back"
	case !was.SndNxt.LessEq(is.SndNxt):
		return "SND.NXT went back"
	case was.State >= tcp.SynReceived && !was.RcvNxt.LessEq(is.RcvNxt):
		return "RCV.NXT went back"
	// RFC 9293 section 3.8.6, SHLD-14: the window is not shrunk.
	case was.State >= tcp.Established && !was.RcvNxt.Add(was.RcvWnd).LessEq(is.RcvNxt.Add(is.RcvWnd)):
		return "the right edge of the receive window went back"
	case was.ISS != is.ISS || was.Local != is.Local || was.Remote != is.Remote:
		return "it became another connection"
	case was.FinSent && !is.FinSent:
		return "a FIN that was sent is forgotten"
	}
	return ""
}

// busyAction draws what a lively run is made of: anyAction, and more text, reads, closes, socket options and lost segments.
func busyAction(t *rapid.T, w *engine.World) engine.Action {
	host := engine.HostID(rapid.IntRange(0, 1).Draw(t, "host"))
	call := func(c tcp.Call) engine.Action { return engine.Action{Kind: engine.Call, Host: host, Call: c} }
	switch rapid.IntRange(0, 13).Draw(t, "busy") {
	case 0, 1:
		return call(tcp.Call{Verb: tcp.CallSend, Data: strings.Repeat("x", rapid.SampledFrom([]int{1, 100, 1460, 5000, 40000}).Draw(t, "bytes"))})
	case 2:
		return call(tcp.Call{Verb: tcp.CallRecv, Count: rapid.SampledFrom([]int{0, 1, 1000}).Draw(t, "read")})
	case 3:
		return call(tcp.Call{Verb: rapid.SampledFrom([]tcp.Verb{tcp.CallShutdown, tcp.CallClose, tcp.CallAbort, tcp.CallAccept}).Draw(t, "verb")})
	case 4:
		c := tcp.Call{Verb: tcp.CallSet, Option: rapid.SampledFrom([]tcp.SockOpt{tcp.KeepAlive, tcp.NoDelay, tcp.UserTimeout}).Draw(t, "option")}
		c.Values = [3]tcp.Time{1, 0, 0}
		if c.Option != tcp.NoDelay {
			c.Values = [3]tcp.Time{500 * ms, 200 * ms, 2}
		}
		return call(c)
	case 5:
		if flying := w.Flying(); len(flying) > 0 {
			return engine.Action{Kind: engine.Drop, Seg: engine.SegRef{ID: flying[rapid.IntRange(0, len(flying)-1).Draw(t, "lost")].ID}}
		}
		return step
	case 6, 7, 8:
		return steps(rapid.IntRange(1, 6).Draw(t, "steps"))
	default:
		return anyAction(t, w)
	}
}

// TestConnectionInvariants are true of every connection after every step of every run: with text, losses, both kinds of
// close, SACK, and SYN cookies.
func TestConnectionInvariants(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := anySetup(t)
		for h := range s.Hosts {
			s.Hosts[h].Options.Broken = 0 // what is broken on purpose goes its own ways
			if s.Hosts[h].Profile != "rfc9293" {
				s.Hosts[h].Options.SynCookies = tcp.Some(rapid.SampledFrom([]uint8{0, 1, 2}).Draw(t, "cookies"))
			}
		}
		w := must(engine.New(s))
		watches := [2]watch{}
		states := map[[2]uint32]tcp.State{}
		var rec engine.Recorder
		for range rapid.IntRange(1, 80).Draw(t, "actions") {
			a := busyAction(t, &w)
			todo := []engine.Action{a}
			if a.Kind == engine.Step && a.Count > 1 { // one at a time, so that nothing is missed in between
				todo = slices.Repeat([]engine.Action{step}, a.Count)
			}
			for _, a := range todo {
				rec.Reset()
				if w.Do(&a, &rec) != nil {
					break
				}
				for _, e := range rec.Events {
					if e.Kind != engine.Changed {
						continue
					}
					key := [2]uint32{uint32(e.Host), uint32(e.Conn)}
					if from := states[key]; e.Conn != 0 && from != e.From && !(from == tcp.Closed && e.From == tcp.Listen) {
						t.Fatalf("%v leaves %v and was in %v", e.Host, e.From, from)
					}
					if !slices.Contains(edges[e.From], e.To) {
						t.Fatalf("%v goes from %v to %v by %s", e.Host, e.From, e.To, e.Rule)
					}
					states[key] = e.To
				}
				for h, host := range w.View().Hosts {
					if fault := watches[h].look(w.Now(), host.Conns); fault != "" {
						t.Fatalf("after %+v %v, %s", a, engine.HostID(h), fault)
					}
				}
			}
		}
	})
}

// FuzzHost gives a host whatever bytes say: calls, timers, and segments near the numbers that are in use. It must answer
// everything and stay possible.
func FuzzHost(f *testing.F) {
	f.Add([]byte{0})
	f.Add([]byte{1, 1, 0x22, 0, 0, 0, 0, 0, 0, 0x30, 0, 0, 0, 0, 0, 2, 40, 6, 0, 9})
	f.Add([]byte("\x00\x01\x02\x12\x00\x00\x01\x05\x00\x10\x00\x00\x00\x20\x07\x03\x02\x11\x00\x00\x00\x00"))
	f.Fuzz(func(t *testing.T, b []byte) {
		take := func() byte {
			if len(b) == 0 {
				return 0
			}
			c := b[0]
			b = b[1:]
			return c
		}
		profile := tcp.Profiles()[int(take())%len(tcp.Profiles())]
		profile.SynCookies = take() % 3
		local, remote := lab().Hosts[1].Addr, lab().Hosts[0].Addr
		host := tcp.NewHost(tcp.HostConfig{Addr: local, Peer: remote, Profile: profile, ISNs: []wire.Seq{1<<32 - 2}, Secret: 7})
		var now tcp.Time
		var out []tcp.Effect
		var w watch
		for len(b) > 0 {
			what := take()
			switch what % 4 {
			case 0:
				c := tcp.Call{Verb: tcp.Verb(what>>2)%tcp.CallSet + 1, Backlog: int(take() % 4), Data: "text of the application"}
				c.Option = tcp.SockOpt(take()%3) + 1
				c.Values = [3]tcp.Time{tcp.Time(take()) * tcp.Millisecond, 10 * tcp.Millisecond, 2}
				out, _ = host.Call(now, &c, out[:0])
			case 1:
				at, conn, timer, ok := host.Next()
				if !ok {
					continue
				}
				now = max(now, at)
				out = host.Fire(now, conn, timer, out[:0])
			default:
				seg := wire.Segment{Src: remote, Dst: local, Flags: wire.Flags(take()), Window: uint16(take()) << (what >> 4), TTL: 64}
				seq, ack := wire.Seq(1000), wire.Seq(1<<32-1)
				if conns := host.Conns(); len(conns) > 0 {
					seq, ack = conns[len(conns)-1].RcvNxt, conns[len(conns)-1].SndNxt
				}
				seg.Seq, seg.Ack = seq.Add(uint32(int8(take()))), ack.Add(uint32(int8(take())))
				seg.Payload = strings.Repeat("p", int(take()))
				options := b[:min(int(take()%41), len(b))]
				seg.Options, _ = wire.RawOptions(options)
				if what&4 != 0 {
					seg.Options = wire.Options{}.WithSACKPermitted().WithTimestamps(uint32(now), uint32(take())).WithSACK(wire.Block{Left: ack.Add(uint32(-int32(take()))), Right: ack})
				}
				now += tcp.Millisecond
				out = host.Receive(now, &seg, out[:0])
				if seg.Flags.Has(wire.RST) {
					for _, e := range out {
						if e.Kind == tcp.Send && host.Sent()[e.Sent].Flags.Has(wire.RST) {
							t.Fatalf("an RST is answered with an RST by %s", e.Rule)
						}
					}
				}
			}
			for _, e := range out {
				if e.Kind == tcp.Change && !slices.Contains(edges[e.From], e.To) {
					t.Fatalf("from %v to %v by %s", e.From, e.To, e.Rule)
				}
			}
			if at, _, _, ok := host.Next(); ok {
				now = min(now, at) // what is due fires first
			}
			if fault := w.look(now, host.Conns()); fault != "" {
				t.Fatal(fault)
			}
		}
	})
}
