package tcp

import (
	"cmp"
	"net/netip"

	"github.com/handshakelab/lab/engine/wire"
)

// A Profile is how one TCP behaves where the RFCs leave a choice, and where an implementation does otherwise. What can be
// data is data; what cannot is a named switch, and the branch that it selects carries a rule of its own.
type Profile struct {
	Name string

	MSS        uint16 // announced in the SYN: payload bytes of an IPv4 packet, see On, of the interface's MTU (RFC 9293 section 3.7.1)
	Window     uint32 // receive buffer, bytes
	WholeMSS   bool   // Linux: the first window is a whole number of full segments
	RcvMem     uint32 // memory of the receive buffer, bytes, with Linux, which lets the window grow in it (tcp_rmem[1]); 0 for a window that does not
	Scale      uint8  // window scale offered
	ScaleOn    bool
	SendBuf    uint32 // send buffer of a descriptor, bytes (Linux tcp_wmem[1])
	SendBufMax uint32 // how large Linux lets it grow by itself (tcp_wmem[2])
	SACK       bool
	Timestamps bool

	RTOInit         Time    // before the first measurement (RFC 6298 section 2.1)
	RTOMin          Time    // smallest retransmission timeout (RFC 6298 section 2.4)
	RTOMax          Time    // largest (RFC 6298 section 2.5)
	SynLinear       uint8   // SYN timeouts before the timeout starts to double (Linux tcp_syn_linear_timeouts)
	SynRetries      uint8   // SYN retransmissions after those, 0 for no count but SynGiveUp
	SynAckRetry     uint8   // SYN-ACK retransmissions, 0 for no count but SynGiveUp
	SynGiveUp       Time    // how long a SYN is retransmitted at least (R2 for a SYN, RFC 9293 section 3.8.3)
	Retries         uint8   // data retransmissions, 0 for no count but GiveUp
	GiveUp          Time    // how long data is retransmitted at least (R2, RFC 9293 section 3.8.3)
	MSL             Time    // maximum segment lifetime: TIME-WAIT takes two (RFC 9293 section 3.4.2)
	FinWait         Time    // how long a closed socket stays in FIN-WAIT-2, 0 for ever
	OrphanRetry     uint8   // data retransmissions of a closed socket, 0 for as many as of an open one
	AckDelay        Time    // how long an acknowledgment may wait for text to ride on, 0 for not at all
	LossProbe       bool    // tail loss probe
	TWReuse         uint8   // Linux tcp_tw_reuse: 1 lets connect take a port out of TIME-WAIT, 0 and 2 (loopback only) do not
	SynCookies      uint8   // Linux tcp_syncookies: 1 when the SYN queue is full, 2 always
	SynQueueRoom    uint8   // embryonic connections that fit beyond the backlog (Linux: 1 since 6.13, 0 before)
	AbortOnOverflow bool    // Linux tcp_abort_on_overflow: a full accept queue answers the final ACK with RST
	ECN             uint8   // Linux tcp_ecn: 1 asks and answers, 2 answers only
	PAWS            bool    // segments with an old timestamp are dropped (RFC 7323 section 5)
	Ports           uint16  // how many local ports connect may choose from, 0 for 1024
	InitialSegs     uint8   // initial congestion window in segments, 0 for what RFC 5681 says (RFC 6928)
	IdleRestart     bool    // the congestion window shrinks while nothing is sent (RFC 5681 section 4.1, Linux tcp_slow_start_after_idle)
	FastOpen        uint8   // Fast Open: the bits FastOpenClient, FastOpenServer, FastOpenNoCookie (Linux tcp_fastopen)
	FastOpenPause   Time    // how long Fast Open is left alone after it failed, 0 for not at all (Linux tcp_fastopen_blackhole_timeout_sec)
	ISN             ISNKind // how initial sequence numbers are made
	UTO             Time    // user timeout that is told to the peer, 0 for none (RFC 5482)
	RFC1337         bool    // an RST does not end TIME-WAIT (Linux tcp_rfc1337)
	MaxSynBacklog   uint16  // Linux tcp_max_syn_backlog: without SYN cookies the last quarter of so many embryonic connections is kept free, 0 for no such limit
	RateLimit       Time    // shortest time between two answers to unacceptable segments, 0 for none

	Broken Broken // protections that it lacks on purpose

	Linux bool // the branches that follow the kernel where it leaves the text of the RFC
}

// RFC9293 is the text of RFC 9293 with RFC 5961 and RFC 6298, and nothing that it does not ask for: its SYN carries the MSS
// option only, unless the set-up switches more on.
var RFC9293 = Profile{
	Name: "rfc9293", MSS: 1460, Window: 65535, Scale: 7, SendBuf: 128 << 10, SynQueueRoom: 1,
	RTOInit: Second, RTOMin: Second, RTOMax: 60 * Second, PAWS: true, IdleRestart: true, SynGiveUp: 180 * Second, GiveUp: 100 * Second, MSL: 120 * Second,
	FastOpenPause: 3600 * Second,
}

// Linux is Linux 6.18 with the sysctls as they come.
var Linux = Profile{
	Name: "linux", MSS: 1460, Window: 65535, WholeMSS: true, RcvMem: 128 << 10, Scale: 10, ScaleOn: true, SACK: true, Timestamps: true,
	SendBuf: 16 << 10, SendBufMax: 4 << 20,
	RTOInit: Second, RTOMin: 200 * Millisecond, RTOMax: 120 * Second,
	SynLinear: 4, SynRetries: 6, SynAckRetry: 5, Retries: 15, MSL: 30 * Second, FinWait: 60 * Second, OrphanRetry: 8, AckDelay: 40 * Millisecond, LossProbe: true, TWReuse: 2, SynCookies: 1, SynQueueRoom: 1, ECN: 2, FastOpen: FastOpenClient, PAWS: true, IdleRestart: true, InitialSegs: 10, RateLimit: 500 * Millisecond, Linux: true,
}

// LinuxClassic is Linux before 6.5, which most books and captures show: the timeouts of a SYN double from the first one on, a
// receive buffer of at most 6 MiB makes a window scale of 7, and no more connections are embryonic than the backlog says.
var LinuxClassic = func() Profile {
	p := Linux
	p.Name, p.Scale, p.SynLinear, p.SynQueueRoom = "linux-classic", 7, 0, 0
	return p
}()

// Profiles returns all profiles, the RFC's first. Differences lists where they part.
func Profiles() []Profile { return []Profile{RFC9293, Linux, LinuxClassic} }

// ProfileNames returns their names.
func ProfileNames() []string {
	var names []string
	for _, p := range Profiles() {
		names = append(names, p.Name)
	}
	return names
}

// ProfileByName returns the profile called name.
func ProfileByName(name string) (Profile, bool) {
	for _, p := range Profiles() {
		if p.Name == name {
			return p, true
		}
	}
	return Profile{}, false
}

// Options are a learner's departures from a profile. Zero values keep what the profile says.
type Options struct {
	MSS             uint16      // announced MSS, 0 keeps
	Window          Opt[uint16] // receive buffer
	Scale           Opt[uint8]  // window scale offered; with ScaleOff none
	ScaleOff        bool
	SACK            Opt[bool]
	Timestamps      Opt[bool]
	RTO             Time       // initial retransmission timeout, 0 keeps
	SynRetries      Opt[uint8] // SYN retransmissions after the linear ones
	SynCookies      Opt[uint8] // Linux tcp_syncookies
	AbortOnOverflow Opt[bool]  // Linux tcp_abort_on_overflow
	ECN             Opt[uint8] // Linux tcp_ecn
	FastOpen        Opt[uint8] // Linux tcp_fastopen
	SynAckRetries   Opt[uint8] // SYN-ACK retransmissions
	Retries         Opt[uint8] // data retransmissions
	OrphanRetries   Opt[uint8] // data retransmissions of a closed socket
	RFC1337         Opt[bool]  // Linux tcp_rfc1337
	ISN             ISNKind    // how initial sequence numbers are made
	UTO             Time       // user timeout that is told to the peer, 0 keeps
	FinTimeout      Time       // how long a closed socket stays in FIN-WAIT-2, 0 keeps
	FastOpenPause   Time       // how long Fast Open is left alone after it failed, 0 keeps
	MaxSynBacklog   uint16     // Linux tcp_max_syn_backlog, 0 keeps
	Ports           uint16     // how many local ports connect may choose from, 0 keeps
	TWReuse         Opt[uint8] // Linux tcp_tw_reuse
	SynLinear       Opt[uint8] // SYN timeouts before the timeout doubles (Linux tcp_syn_linear_timeouts)
	Broken          Broken     // protections that it lacks on purpose
}

// With returns p with the departures o.
func (p Profile) With(o Options) Profile {
	if o.MSS != 0 {
		p.MSS = o.MSS
	}
	if o.Window.Set {
		p.Window, p.WholeMSS, p.RcvMem = uint32(o.Window.V), false, 0
	}
	if o.Scale.Set {
		p.Scale, p.ScaleOn = o.Scale.V, true
	}
	if o.ScaleOff {
		p.ScaleOn = false
	}
	p.SACK = o.SACK.Or(p.SACK)
	p.Timestamps = o.Timestamps.Or(p.Timestamps)
	if o.RTO != 0 {
		p.RTOInit = o.RTO
		p.RTOMax = max(p.RTOMax, o.RTO)
	}
	p.SynRetries = o.SynRetries.Or(p.SynRetries)
	p.SynCookies = o.SynCookies.Or(p.SynCookies)
	p.AbortOnOverflow = o.AbortOnOverflow.Or(p.AbortOnOverflow)
	p.ECN = o.ECN.Or(p.ECN)
	p.FastOpen = o.FastOpen.Or(p.FastOpen)
	p.SynAckRetry = o.SynAckRetries.Or(p.SynAckRetry)
	p.Retries = o.Retries.Or(p.Retries)
	p.OrphanRetry = o.OrphanRetries.Or(p.OrphanRetry)
	p.RFC1337 = o.RFC1337.Or(p.RFC1337)
	p.ISN = o.ISN
	p.UTO = cmp.Or(o.UTO, p.UTO)
	p.FinWait = cmp.Or(o.FinTimeout, p.FinWait)
	p.FastOpenPause = cmp.Or(o.FastOpenPause, p.FastOpenPause)
	p.MaxSynBacklog = cmp.Or(o.MaxSynBacklog, p.MaxSynBacklog)
	p.Ports = cmp.Or(o.Ports, p.Ports)
	p.TWReuse = o.TWReuse.Or(p.TWReuse)
	p.SynLinear = o.SynLinear.Or(p.SynLinear)
	p.Broken |= o.Broken
	return p
}

// On returns p for a host with this address: the link has the same MTU whatever goes over it, but the header of IPv6 is 20
// bytes longer than that of IPv4, so that the MSS is 20 bytes less (RFC 9293 section 3.7.1, SHLD-6).
func (p Profile) On(addr netip.Addr) Profile {
	if addr.Is6() {
		p.MSS -= wire.IPv6HeaderLen - wire.IPv4HeaderLen
	}
	return p
}

// An Opt is a value that may be absent. The zero value is absent.
type Opt[T any] struct {
	V   T
	Set bool
}

// Some returns an Opt that holds v.
func Some[T any](v T) Opt[T] { return Opt[T]{v, true} }

// Or returns the value, or def when it is absent.
func (o Opt[T]) Or(def T) T {
	if o.Set {
		return o.V
	}
	return def
}
