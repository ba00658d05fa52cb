package tcp

import (
	"github.com/handshakelab/lab/engine/rule"
	"github.com/handshakelab/lab/engine/wire"
)

// InputKind says what an Input is.
type InputKind uint8

// The inputs of a connection.
const (
	SegmentInput  InputKind = iota + 1 // Seg arrived
	TimerInput                         // Timer fired
	OpenInput                          // active OPEN with ISS and TSOffset
	SendInput                          // the application sends Data
	RecvInput                          // the application reads up to Count bytes, all that there are with 0
	ShutdownInput                      // the application sends no more
	CloseInput                         // the application closes the socket
	AbortInput                         // the application aborts the connection
	OverflowInput                      // Seg completes the connection, but the accept queue has no room and tcp_abort_on_overflow is set: Args
	NobodyInput                        // Seg completes the connection, but its listener is gone
	OptionInput                        // the application sets Option to Values
	ICMPInput                          // an ICMP error arrived; it quotes Seg
)

// An Input is what can happen to a connection.
type Input struct {
	Kind     InputKind
	Seg      *wire.Segment
	Timer    TimerKind
	ISS      wire.Seq // for the connection that OpenInput, or a SYN in LISTEN, begins
	Reused   bool     // likewise: the port comes out of TIME-WAIT, and timestamps with it
	Drawn    bool     // likewise: ISS was generated, not given by the set-up
	TSOffset uint32   // likewise: what it adds to the clock for its timestamps
	Data     string
	Count    int
	Option   SockOpt
	Values   [3]Time
	Args     [4]int64
}

// Step gives one input to a connection and returns the connection after it, with what it brought about appended to out
// in causal order. It is total: every input in every state has an answer. It reads nothing but its arguments.
//
// A connection in LISTEN that a SYN arrives for becomes the new connection in SYN-RECEIVED; the listener itself is the
// Host's. A passive connection that goes back to LISTEN, and any that goes to CLOSED, is over.
func Step(t TCB, p *Profile, now Time, in Input, out []Effect) (TCB, []Effect) {
	var room []wire.Segment
	s := step{t: &t, p: p, now: now, out: &out, room: &room}
	s.input(in)
	return t, out
}

// input is Step for a connection that stays where it is: a Host's records are not copied back and forth.
func (s *step) input(in Input) {
	before := *s.t
	if s.t.State == Closed || s.t.State == Listen {
		for k := range s.t.Timers {
			s.t.Timers[k] = Never
		}
	}
	switch in.Kind {
	case SegmentInput:
		s.segment(in)
	case TimerInput:
		s.timer(in.Timer)
	case OpenInput:
		s.open(in)
	case SendInput:
		s.send(in.Data)
	case RecvInput:
		s.recv(in.Count)
	case ShutdownInput:
		s.shutdown()
	case CloseInput:
		s.close()
	case AbortInput:
		s.abort(rule.Abort)
	case OverflowInput:
		s.reject(in.Seg, rule.AcceptQueueAbort, in.Args[:2]...)
		s.end(Listen, OK, rule.AcceptQueueAbort, in.Args[:2]...)
	case NobodyInput:
		s.reject(in.Seg, rule.ListenerGone, num(in.Seg.Ack))
		s.end(Closed, OK, rule.ListenerGone, num(in.Seg.Ack))
	case OptionInput:
		s.option(in.Option, in.Values)
	case ICMPInput:
		s.icmp(in.Seg)
	}
	// When something was last heard is nothing that a learner could see change.
	before.LastHeard, before.LastText = s.t.LastHeard, s.t.LastText
	if s.t.ID != 0 && s.t.State != Closed && s.t.State != Listen && *s.t != before {
		s.effect(Updated, "")
	}
}

// A step is one call of Step under way.
type step struct {
	t   *TCB
	p   *Profile
	now Time
	out *[]Effect // a pointer, so that t can stay on the stack

	room *[]wire.Segment // where the segments of Send effects are

	twice wire.Block // what arrived twice, for the next acknowledgment to name

	cookieTS   bool // the SYN-ACK being made carries cookieBits in the lowest bits of its timestamp
	cookieBits uint32
}

func (s *step) segment(in Input) {
	s.t.LastHeard = s.now
	switch s.t.State {
	case Closed:
		s.closed(in.Seg)
	case Listen:
		s.listen(in)
	case SynSent:
		s.synSent(in.Seg)
	case SynReceived:
		if s.p.Linux && s.t.Passive {
			s.linuxRequest(in.Seg)
			return
		}
		s.arrives(in.Seg)
	default:
		if s.p.Linux && s.t.reduced() {
			s.linuxReduced(in.Seg)
			return
		}
		s.arrives(in.Seg)
	}
}

func (s *step) add(e Effect) {
	e.Conn = s.t.ID
	*s.out = append(*s.out, e)
}

// effect adds an effect and returns it, to be filled in where it is: effects are big and there are many of them.
func (s *step) effect(kind EffectKind, id rule.ID, args ...int64) *Effect {
	*s.out = append(*s.out, Effect{})
	e := &(*s.out)[len(*s.out)-1]
	e.Kind, e.Conn, e.Rule = kind, s.t.ID, id
	copy(e.Args[:], args)
	return e
}

// sending adds a Send effect and returns its segment, to be filled in.
func (s *step) sending(id rule.ID, args ...int64) *wire.Segment {
	*s.room = append(*s.room, wire.Segment{})
	seg := &(*s.room)[len(*s.room)-1]
	s.effect(Send, id, args...).Seg = seg
	return seg
}

// check records a numbered check and hands its outcome on.
func (s *step) check(ok bool, id rule.ID, args ...int64) bool {
	s.effect(Check, id, args...).OK = ok
	return ok
}

func (s *step) discard(id rule.ID, args ...int64) {
	s.effect(Discard, id, args...)
}

func (s *step) change(to State, id rule.ID, args ...int64) {
	e := s.effect(Change, id, args...)
	e.From, e.To = s.t.State, to
	s.t.State = to
	// RFC 9293 section 3.10.7.1: a connection that is over has no TCB and so no timer.
	if to == Closed || to == Listen {
		for k := range s.t.Timers {
			if s.t.Timers[k] != Never {
				s.stop(TimerKind(k), id)
			}
		}
	}
}

func (s *step) tell(n Notice, errno Errno, id rule.ID) {
	e := s.effect(Tell, id)
	e.Notice, e.Errno = n, errno
}

func (s *step) set(k TimerKind, at Time, id rule.ID, args ...int64) {
	e := s.effect(TimerSet, id, args...)
	e.Timer, e.At = k, at
	s.t.Timers[k] = at
}

func (s *step) stop(k TimerKind, id rule.ID) {
	if s.t.Timers[k] == Never {
		return
	}
	s.t.Timers[k] = Never
	s.effect(TimerStop, id).Timer = k
}

// emit sends a segment of this connection. Whatever carries an ACK makes a delayed one needless.
func (s *step) emit(flags wire.Flags, seq wire.Seq, payload string, opts wire.Options, id rule.ID, args ...int64) {
	if flags.Has(wire.ACK) {
		s.stop(DelayedAck, rule.AckSent)
	}
	seg := s.sending(id, args...)
	seg.Src, seg.Dst = s.t.Local, s.t.Remote
	seg.Seq, seg.Flags, seg.Payload, seg.Options = seq, flags, payload, opts
	seg.Window, seg.TTL, seg.DF = s.window(flags), 64, true
	// RFC 3168 section 6.1.1, 6.1.4: only new text is marked as ECN-capable.
	if s.t.ECN && payload != "" && s.t.Retries == 0 && !s.t.Probed {
		seg.TOS = 2
	}
	if flags.Has(wire.ACK) {
		seg.Ack = s.t.RcvNxt
	}
}

// window is the window field of a segment with these flags.
func (s *step) window(flags wire.Flags) uint16 {
	// RFC 7323 section 2.2: the window of a segment with SYN is never scaled.
	if flags.Has(wire.SYN) || s.t.RcvScale == 0 {
		return uint16(min(s.t.RcvWnd, 65535))
	}
	if s.p.Linux {
		// The kernel rounds up, and what it has offered it keeps.
		unit := uint32(1) << s.t.RcvScale
		s.t.RcvWnd = min((s.t.RcvWnd+unit-1)&^(unit-1), 65535<<s.t.RcvScale)
	}
	return uint16(min(s.t.RcvWnd>>s.t.RcvScale, 65535))
}

// ack sends <SEQ=SND.NXT><ACK=RCV.NXT><CTL=ACK>.
func (s *step) ack(id rule.ID, args ...int64) {
	s.emit(wire.ACK, s.t.SndNxt, "", s.sack(s.options()), id, args...)
}

// reject answers a segment that has nothing to do with any connection, or that proves the peer to be out of step, with an
// RST. An RST is never answered with an RST (RFC 9293 section 3.10.7.1).
func (s *step) reject(in *wire.Segment, id rule.ID, args ...int64) {
	if in.Flags.Has(wire.RST) {
		return
	}
	flags, seq, ack := wire.RST, in.Ack, wire.Seq(0)
	if !in.Flags.Has(wire.ACK) {
		flags, seq, ack = wire.RST|wire.ACK, 0, in.End()
	}
	if s.lacks(NoRST, rule.BrokenRST, num(seq)) {
		return
	}
	rst := s.sending(id, args...)
	rst.Src, rst.Dst, rst.TTL, rst.DF = in.Dst, in.Src, 64, true
	rst.Flags, rst.Seq, rst.Ack = flags, seq, ack
}

// num makes a sequence number an argument of an effect.
func num(n wire.Seq) int64 { return int64(n) }
