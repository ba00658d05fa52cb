package tcp

import (
	"net/netip"

	"github.com/handshakelab/lab/engine/wire"
)

// ConnID numbers the connections of a host from 1, in the order in which their records were made.
type ConnID uint32

// A TCB is the record of one connection: the variables of RFC 9293 section 3.3.1, what was agreed in the SYNs, and the
// timers. It is a value: copying it copies the connection.
//
// Send sequence space (RFC 9293 figure 3):
//
//	     1         2          3          4
//	----------|----------|----------|----------
//	       SND.UNA    SND.NXT    SND.UNA
//	                            +SND.WND
//
//	1 acknowledged   2 sent, not acknowledged   3 may be sent   4 not yet allowed
type TCB struct {
	ID    ConnID
	State State

	// Passive says that SYN-RECEIVED came from a passive OPEN: an RST then leads back to LISTEN (RFC 9293 section 3.5, MUST-11).
	Passive bool

	Local, Remote netip.AddrPort // Remote is zero in LISTEN

	ISS    wire.Seq // initial send sequence number
	SndUna wire.Seq // oldest number sent and not acknowledged
	SndNxt wire.Seq // next number to send
	SndWnd uint32   // send window, scaled
	SndWL1 wire.Seq // SEG.SEQ of the last window update
	SndWL2 wire.Seq // SEG.ACK of the last window update
	MaxWnd uint32   // largest send window ever seen (RFC 5961 section 5.2)

	IRS    wire.Seq // initial receive sequence number; meaningless before the peer's SYN
	RcvNxt wire.Seq // next number expected
	RcvWnd uint32   // receive window, scaled
	RcvBuf uint32   // what the window is when the application has read everything
	RcvMem uint32   // memory that the packets with Unread take (Linux)

	PathMTU  uint32 // bytes of the largest packet that the path takes as far as ICMP has told, 0 while it has told nothing
	TSRecent uint32 // RFC 7323 section 4.3
	TSOffset uint32 // added to this side's clock to make TSval
	SendMSS  uint16 // what the peer announced, or 536, over IPv6 1220 (RFC 9293 section 3.7.1, MUST-15)
	SndScale uint8  // shift for windows that the peer announces
	RcvScale uint8  // shift for windows that this side announces
	RcvShare uint8  // how many of 256 parts of its receive buffer Linux takes for text, 0 before a full segment has shown it
	RcvLeft  uint16 // bytes that are left over in the newest packet with Unread
	RcvMSS   uint16 // text of the largest segment that came, as far as Linux notes it
	ScaleOK  bool   // both SYNs carried the window scale option (RFC 7323 section 2.2)
	SACKOK   bool   // both SYNs carried SACK-permitted
	TSOK     bool   // both SYNs carried timestamps
	ECN      bool   // both sides agreed on explicit congestion notification (RFC 3168 section 6.1.1)
	RecentAt Time   // when TSRecent was taken

	RTO    Time            // current retransmission timeout
	SRTT   Time            // smoothed round-trip time, 0 before the first sample (RFC 6298)
	RTTVar Time            // its variation
	Timers [NumTimers]Time // when each timer fires, Never when it is off

	Out       string // text from SND.UNA on that the application sent and the peer has not acknowledged
	Unread    uint32 // bytes that arrived in order and that the application has not read
	Accepted  bool   // the application has it: it called connect or accept returned it
	FinQueued bool   // the application sends no more: a FIN follows the last text
	FinSent   bool   // that FIN was sent; SND.NXT counts it
	NoDelay   bool   // small segments need not wait (TCP_NODELAY)
	Own       Own    // what the options of the socket change of the profile
	Orphan    bool   // the application closed the socket: nobody reads any more

	// Fast Open (RFC 7413). Of a connection that was opened actively: its SYN carried the option, with so much text. Of one opened
	// passively: the text of its SYN was taken, and the application may use it before the handshake is done.
	FastOpen bool
	SynData  uint16

	Deferred uint8 // TCP_DEFER_ACCEPT of the listener: a bare ACK counts only after so many SYN-ACK timeouts
	AckSeen  bool  // such an ACK came and was not counted

	NumHeld, NumSacked uint8           // of Held and Sacked
	Held               *[maxHeld]piece // text that arrived ahead of a gap, the newest first; what it points to is never changed

	// Congestion control (RFC 5681): the window, where slow start ends, and while lost segments are sent again up to where, and which
	// is next. Sacked is what the peer says it has beyond SND.UNA.
	Cwnd, SSThresh  uint32
	Recover, Resend wire.Seq
	Sacked          [maxHeld]wire.Block

	Recovery  recovery // why lost segments are sent again
	DupAcks   uint8    // duplicate acknowledgments in a row
	Retries   uint8    // timeouts since something was last acknowledged
	Resent    uint8    // how often the SYN or SYN-ACK was sent again
	Probes    uint8    // window probes since the window shut
	ProbesOut uint8    // those of them since an acknowledgment last came
	Probed    bool     // a tail loss probe was sent and nothing was acknowledged since

	// Linux counts, in segments, what arrived and what was sent since the loss that it is repairing (RFC 6937), and whether the
	// congestion window was full: what was out then at most, and the end of it.
	CwndFull                        bool
	Timing                          bool // see TimedAt
	PriorCwnd, PRRDelivered, PRROut uint32
	MaxOut                          uint32
	UsageEnd                        wire.Seq

	CwndUsed  uint32 // segments that were out at most while the window was not full, and since when that is watched
	CwndStamp Time
	LastSent  Time // when text was last sent
	cubic     cubic

	TailSeq    wire.Seq // first number of the newest segment with text
	SmallEnd   wire.Seq // end of the newest segment that was not full (Linux's Nagle looks at those only)
	BytesAcked uint32   // sequence numbers of this side that the peer has ever acknowledged (Linux tcp_ack)

	// One segment at a time, while Timing, is measured for the round-trip time, never one that was sent twice (RFC 6298 section 3).
	TimedEnd wire.Seq
	TimedAt  Time

	// Delayed acknowledgments as Linux does them: how long one waits, when text last arrived, how many are sent at once before that
	// begins, and whether text goes back and forth.
	AckDelay, LastText Time
	QuickAck           uint8
	PingPong           bool

	// Keepalive (RFC 9293 section 3.8.4): off while KeepIdle is 0.
	KeepCount, KeepProbes  uint8
	KeepIdle, KeepInterval Time
	LastHeard              Time // when anything of the peer last arrived

	UserTimeout    Time // how long text may stay unacknowledged, 0 for as long as the profile says
	LossSince      Time // when the oldest unacknowledged segment was first sent again, Never before
	ProbedSince    Time // when the persist timer first went off since the window shut, 0 before (Linux icsk_probes_tstamp)
	FirstSent      Time // when the oldest segment that is not acknowledged was first sent
	LastInWnd      Time // last answer to an unacceptable segment (Linux sends at most one in 500 ms), Never before the first
	UserTimeoutSet bool // by the application: what the peer says does not change UserTimeout
	SynTimeout     bool // the SYN had to be sent again (RFC 6298 section 5.7)

	// SoftErr is the last error that ICMP told and that did not end the connection: why, if it is given up, nobody answered.
	SoftErr Errno

	// There are many copies: in this order there are next to no gaps.
}

// noTimers are the timers of a connection that begins.
var noTimers = [NumTimers]Time{Never, Never, Never, Never, Never, Never, Never}

// RTTKnown reports whether the round-trip time was ever measured.
func (t *TCB) RTTKnown() bool { return t.SRTT != 0 }

// outSeq is the number of the first byte of Out.
func (t *TCB) outSeq() wire.Seq {
	if t.SndUna == t.ISS {
		return t.ISS.Add(1) // the SYN is not acknowledged
	}
	return t.SndUna
}

// finAcked reports whether the peer has acknowledged our FIN.
func (t *TCB) finAcked() bool { return t.FinSent && t.SndUna == t.SndNxt }
