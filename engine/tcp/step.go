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
	s := step{t: t, p: p, now: now, out: out}
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
	t.LastHeard, t.LastText = s.t.LastHeard, s.t.LastText
	if s.t.ID != 0 && s.t != t && s.t.State != Closed && s.t.State != Listen {
		s.add(Effect{Kind: Updated})
	}
	return s.t, s.out
}

// A step is one call of Step under way.
type step struct {
	t   TCB
	p   *Profile
	now Time
	out []Effect

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
	s.out = append(s.out, e)
}

// check records a numbered check and hands its outcome on.
func (s *step) check(ok bool, id rule.ID, args ...int64) bool {
	e := Effect{Kind: Check, OK: ok, Rule: id}
	copy(e.Args[:], args)
	s.add(e)
	return ok
}

func (s *step) discard(id rule.ID, args ...int64) {
	e := Effect{Kind: Discard, Rule: id}
	copy(e.Args[:], args)
	s.add(e)
}

func (s *step) change(to State, id rule.ID, args ...int64) {
	e := Effect{Kind: Change, Rule: id, From: s.t.State, To: to}
	copy(e.Args[:], args)
	s.t.State = to
	s.add(e)
	// RFC 9293 section 3.10.7.1: a connection that is over has no TCB and so no timer.
	if to == Closed || to == Listen {
		for k := range s.t.Timers {
			if s.t.Timers[k] != Never {
				s.stop(TimerKind(k), id)
			}
		}
	}
}

func (s *step) tell(n Notice, e Errno, id rule.ID) {
	s.add(Effect{Kind: Tell, Rule: id, Notice: n, Errno: e})
}

func (s *step) set(k TimerKind, at Time, id rule.ID, args ...int64) {
	e := Effect{Kind: TimerSet, Rule: id, Timer: k, At: at}
	copy(e.Args[:], args)
	s.t.Timers[k] = at
	s.add(e)
}

func (s *step) stop(k TimerKind, id rule.ID) {
	if s.t.Timers[k] == Never {
		return
	}
	s.t.Timers[k] = Never
	s.add(Effect{Kind: TimerStop, Rule: id, Timer: k})
}

// emit sends a segment of this connection. Whatever carries an ACK makes a delayed one needless.
func (s *step) emit(flags wire.Flags, seq wire.Seq, payload string, opts wire.Options, id rule.ID, args ...int64) {
	seg := wire.Segment{
		Src: s.t.Local, Dst: s.t.Remote, Seq: seq, Flags: flags, Payload: payload, Options: opts,
		Window: s.window(flags), TTL: 64, DF: true,
	}
	// RFC 3168 section 6.1.1, 6.1.4: only new text is marked as ECN-capable.
	if s.t.ECN && payload != "" && s.t.Retries == 0 && !s.t.Probed {
		seg.TOS = 2
	}
	if flags.Has(wire.ACK) {
		seg.Ack = s.t.RcvNxt
		s.stop(DelayedAck, rule.AckSent)
	}
	e := Effect{Kind: Send, Rule: id, Seg: seg}
	copy(e.Args[:], args)
	s.add(e)
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
	rst := wire.Segment{Src: in.Dst, Dst: in.Src, TTL: 64, DF: true}
	if in.Flags.Has(wire.ACK) {
		rst.Flags, rst.Seq = wire.RST, in.Ack
	} else {
		rst.Flags, rst.Ack = wire.RST|wire.ACK, in.End()
	}
	e := Effect{Kind: Send, Rule: id, Seg: rst}
	copy(e.Args[:], args)
	s.add(e)
}

// num makes a sequence number an argument of an effect.
func num(n wire.Seq) int64 { return int64(n) }
