package rule

// IDs of the rules, in the order of the catalogue. Their numbers have no meaning outside the program.
const (
	None ID = iota

	Checksum
	DataOffset
	UnknownOption
	BadOption
	OneHost
	MSS

	ISN
	ISNCounter
	ISNClock
	PassiveOpen
	ActiveOpen
	Send
	SendQueued
	SendWindow
	Accept
	SocketCall

	ClosedRST
	ClosedNoACK
	ClosedACK

	ListenRST
	ListenACK
	ListenSYN
	ListenOther

	SynSentACK
	SynSentRST
	SynSentSYN
	SynSentOpen
	SimultaneousOpen
	SynSentOther

	Sequence
	RSTBit
	RSTToListen
	RSTRefused
	RSTReset
	SYNBit
	SYNToListen
	ACKBit
	SynReceivedACK
	ACKNew
	Text
	AckText
	Gap
	Duplicate
	FINBit

	RSTExact
	SYNChallenge
	ACKRange
	RateLimit

	WindowScale
	WindowScaleLimit
	Timestamps
	SACKPermitted
	TimestampMissing
	PAWS
	ECN
	FastOpenRequest
	FastOpenFallback
	FastOpenGrant
	FastOpenStore
	FastOpenSYN
	FastOpenCookie
	FastOpenData
	FastOpenQueue
	FastOpenFailed
	FastOpenPaused
	DSACK

	Close
	Abort
	CloseUnread
	SendFIN
	FINAcked
	FINClosing
	FINTimeWait
	TimeWait
	TimeWaitFIN
	TimeWaitEnd
	RSTClosing
	WindowOpened
	TimeWaitSYN
	TimeWaitPort
	TimeWaitRST

	TimeWaitRSTIgnored

	KeepIdle
	KeepProbe
	KeepDead
	KeepOff
	ListenerGone
	Hold
	HeldText
	Nagle
	Persist
	PersistStop
	DupACK
	LinuxPRR
	FastRetransmit
	Restart
	PartialACK
	AckDelayed
	AckSent
	LossProbe

	RTOInitial
	RTTFirst
	RTTNext
	RTOStart
	RTOStop
	RTORestart
	RTOExpired
	Retransmit
	RTODouble
	RTOAfterSyn
	UserTimeout
	UTO
	GiveUp

	ICMPConnection
	ICMPSequence
	ICMPSoft
	ICMPHard
	PathMTU
	PathMTUResend
	RevertBackOff

	SynBacklog
	SynQueueOld
	SynQueue
	AcceptQueueSYN
	AcceptQueueAbort
	CookieSent
	CookieSum
	CookieTimestamp
	CookieGood
	AcceptQueueACK

	LinuxDeferAccept
	LinuxListenFIN
	LinuxSynAgain
	LinuxEcho
	LinuxSynLinear
	LinuxGiveUp
	LinuxSynAckAgain
	LinuxRequestACK
	LinuxRequestSYN
	LinuxSequence
	LinuxSimultaneous
	LinuxACKUnsent
	LinuxRSTOfFIN
	LinuxFinWait

	LinuxFastOpenForms
	LinuxFastOpenBlackhole
	LinuxTimeWaitAgain
	LinuxOrphanReset
	LinuxOrphanIgnore
	LinuxResetErrno
	LinuxICMPConnect
	LinuxICMPSoft
	LinuxICMPRequest

	LinuxISN
	LinuxPAWS
	LinuxSimultaneousACK
	LinuxResetACK
	LinuxSynForgiven
	LinuxMinMSS
	LinuxProbe
	LinuxProbeLimit
	LinuxNagle
	LinuxSendBuffer
	LinuxRestart
	LinuxPathMSS
	LinuxWindow

	LabDrop
	LabDelay
	LabHold
	LabRelease
	LabDuplicate
	LabEdit
	LabForge
	LabRule
	LabLoss
	LabChance
	LabNoHost
	LabReorder
	LabPassed

	BoxFirewall
	BoxFirewallRST
	BoxFirewallICMP
	BoxNAT
	BoxNATForgot
	BoxNATUnknown
	BoxStrip
	BoxShift
	BoxSynProxy
	BoxSynProxyShift
	BoxMTU
	BoxMTU6
	BoxBlackHole

	BrokenHandshake
	BrokenISN
	BrokenSynSentACK
	BrokenSynReceivedACK
	BrokenTimeWait
	BrokenRST
	BrokenRSTCheck
	BrokenWindow

	NumIDs // how many there are, None included
)

// names are the IDs as the outside knows them: in scenarios, events and links they stay as they are, whatever order the constants are
// in. The suffix behind "/" is the number of the check in the section's own list where it has one.
var names = [NumIDs]string{
	Checksum:      "9293:3.1/checksum",
	DataOffset:    "9293:3.1/data-offset",
	UnknownOption: "9293:3.1/unknown-option",
	BadOption:     "9293:3.1/option-length",
	OneHost:       "9293:3.9.2.3/one-host",
	MSS:           "9293:3.7.1/mss",

	ISN:         "6528:3",
	ISNCounter:  "lab:isn-counter",
	ISNClock:    "793:3.3",
	PassiveOpen: "9293:3.10.1/passive",
	ActiveOpen:  "9293:3.10.1/active",
	Send:        "9293:3.10.2/send",
	SendQueued:  "9293:3.10.2/queue",
	SendWindow:  "9293:3.10.7.4/5.send",
	Accept:      "lab:accept",
	SocketCall:  "lab:socket",

	ClosedRST:   "9293:3.10.7.1/rst",
	ClosedNoACK: "9293:3.10.7.1/no-ack",
	ClosedACK:   "9293:3.10.7.1/ack",

	ListenRST:   "9293:3.10.7.2/1",
	ListenACK:   "9293:3.10.7.2/2",
	ListenSYN:   "9293:3.10.7.2/3",
	ListenOther: "9293:3.10.7.2/4",

	SynSentACK:       "9293:3.10.7.3/1",
	SynSentRST:       "9293:3.10.7.3/2",
	SynSentSYN:       "9293:3.10.7.3/4",
	SynSentOpen:      "9293:3.10.7.3/4.established",
	SimultaneousOpen: "9293:3.10.7.3/4.syn-received",
	SynSentOther:     "9293:3.10.7.3/5",

	Sequence:       "9293:3.10.7.4/1",
	RSTBit:         "9293:3.10.7.4/2",
	RSTToListen:    "9293:3.10.7.4/2.listen",
	RSTRefused:     "9293:3.10.7.4/2.refused",
	RSTReset:       "9293:3.10.7.4/2.reset",
	SYNBit:         "9293:3.10.7.4/4",
	SYNToListen:    "9293:3.10.7.4/4.listen",
	ACKBit:         "9293:3.10.7.4/5",
	SynReceivedACK: "9293:3.10.7.4/5.syn-received",
	ACKNew:         "9293:3.10.7.4/5.established",
	Text:           "9293:3.10.7.4/7",
	AckText:        "9293:3.10.7.4/7.ack",
	Gap:            "9293:3.10.7.4/7.gap",
	Duplicate:      "9293:3.10.7.4/7.duplicate",
	FINBit:         "9293:3.10.7.4/8",

	RSTExact:     "5961:3.2",
	SYNChallenge: "5961:4.2",
	ACKRange:     "5961:5.2",
	RateLimit:    "5961:7",

	WindowScale:      "7323:2.2",
	WindowScaleLimit: "7323:2.3",
	Timestamps:       "7323:3.2",
	SACKPermitted:    "2018:2",
	TimestampMissing: "7323:3.2/missing",
	PAWS:             "7323:5.3",
	ECN:              "3168:6.1.1",
	FastOpenRequest:  "7413:4.2.1/request",
	FastOpenFallback: "7413:4.2.1/fallback",
	FastOpenGrant:    "7413:4.1.2",
	FastOpenStore:    "7413:4.1.3",
	FastOpenSYN:      "7413:4.2.2/syn",
	FastOpenCookie:   "7413:4.2.2/cookie",
	FastOpenData:     "7413:4.2.2/data",
	FastOpenQueue:    "7413:5.1",
	FastOpenFailed:   "7413:4.1.3.1",
	FastOpenPaused:   "7413:4.1.3.1/paused",
	DSACK:            "2883:4",

	Close:        "9293:3.10.4/close",
	Abort:        "9293:3.10.5/abort",
	CloseUnread:  "9293:3.6.1/unread",
	SendFIN:      "9293:3.10.4/fin",
	FINAcked:     "9293:3.10.7.4/5.fin",
	FINClosing:   "9293:3.10.7.4/8.closing",
	FINTimeWait:  "9293:3.10.7.4/8.time-wait",
	TimeWait:     "9293:3.6.1/time-wait",
	TimeWaitFIN:  "9293:3.10.7.4/5.time-wait",
	TimeWaitEnd:  "9293:3.10.8/time-wait",
	RSTClosing:   "9293:3.10.7.4/2.closing",
	WindowOpened: "9293:3.8.6.2.2/window",
	TimeWaitSYN:  "6191:2",
	TimeWaitPort: "linux:time-wait-port",
	TimeWaitRST:  "1337:2",

	TimeWaitRSTIgnored: "1337:3",

	KeepIdle:       "9293:3.8.4/idle",
	KeepProbe:      "9293:3.8.4/probe",
	KeepDead:       "9293:3.8.4/dead",
	KeepOff:        "9293:3.8.4/off",
	ListenerGone:   "9293:3.10.4/listener",
	Hold:           "9293:3.10.7.4/7.hold",
	HeldText:       "9293:3.10.7.4/7.held",
	Nagle:          "9293:3.7.4/nagle",
	Persist:        "9293:3.8.6.1/probe",
	PersistStop:    "9293:3.8.6.1/open",
	DupACK:         "5681:2",
	LinuxPRR:       "linux:prr",
	FastRetransmit: "5681:3.2",
	Restart:        "5681:4.1",
	PartialACK:     "6582:3.2",
	AckDelayed:     "9293:3.8.6.3/delay",
	AckSent:        "9293:3.8.6.3/sent",
	LossProbe:      "8985:7.2",

	RTOInitial:  "6298:2.1",
	RTTFirst:    "6298:2.2",
	RTTNext:     "6298:2.3",
	RTOStart:    "6298:5.1",
	RTOStop:     "6298:5.2",
	RTORestart:  "6298:5.3",
	RTOExpired:  "6298:5",
	Retransmit:  "6298:5.4",
	RTODouble:   "6298:5.5",
	RTOAfterSyn: "6298:5.7",
	UserTimeout: "9293:3.10.8/user",
	UTO:         "5482:3.1",
	GiveUp:      "9293:3.8.3/r2",

	ICMPConnection: "9293:3.9.2.2/connection",
	ICMPSequence:   "5927:4.1",
	ICMPSoft:       "9293:3.9.2.2/soft",
	ICMPHard:       "9293:3.9.2.2/hard",
	PathMTU:        "9293:3.7.2/mtu",
	PathMTUResend:  "1191:6.4",
	RevertBackOff:  "6069:4.2",

	SynBacklog:       "linux:syn-backlog",
	SynQueueOld:      "linux:syn-queue-old",
	SynQueue:         "linux:syn-queue",
	AcceptQueueSYN:   "linux:accept-queue-syn",
	AcceptQueueAbort: "linux:accept-queue-abort",
	CookieSent:       "linux:syncookie-sent",
	CookieSum:        "linux:syncookie-sum",
	CookieTimestamp:  "linux:syncookie-timestamp",
	CookieGood:       "linux:syncookie-ack",
	AcceptQueueACK:   "linux:accept-queue-ack",

	LinuxDeferAccept:  "linux:defer-accept",
	LinuxListenFIN:    "linux:listen-fin",
	LinuxSynAgain:     "linux:syn-sent-ack",
	LinuxEcho:         "linux:syn-sent-echo",
	LinuxSynLinear:    "linux:syn-linear",
	LinuxGiveUp:       "linux:retries",
	LinuxSynAckAgain:  "linux:syn-received-syn",
	LinuxRequestACK:   "linux:syn-received-ack",
	LinuxRequestSYN:   "linux:syn-received-reset",
	LinuxSequence:     "linux:sequence",
	LinuxSimultaneous: "linux:simultaneous-open",
	LinuxACKUnsent:    "linux:ack-unsent",
	LinuxRSTOfFIN:     "linux:rst-of-fin",
	LinuxFinWait:      "linux:fin-timeout",

	LinuxFastOpenForms:     "linux:fastopen-forms",
	LinuxFastOpenBlackhole: "linux:fastopen-blackhole",
	LinuxTimeWaitAgain:     "linux:time-wait",
	LinuxOrphanReset:       "linux:orphan-reset",
	LinuxOrphanIgnore:      "linux:orphan-ignore",
	LinuxResetErrno:        "linux:reset-errno",
	LinuxICMPConnect:       "linux:icmp-connect",
	LinuxICMPSoft:          "linux:icmp-established",
	LinuxICMPRequest:       "linux:icmp-request",

	LinuxISN:             "linux:isn",
	LinuxPAWS:            "linux:paws",
	LinuxSimultaneousACK: "linux:simultaneous-ack",
	LinuxResetACK:        "linux:reset-ack",
	LinuxSynForgiven:     "linux:syn-forgiven",
	LinuxMinMSS:          "linux:min-mss",
	LinuxProbe:           "linux:window-probe",
	LinuxProbeLimit:      "linux:window-probe/limit",
	LinuxNagle:           "linux:nagle",
	LinuxSendBuffer:      "linux:send-buffer",
	LinuxRestart:         "linux:restart",
	LinuxPathMSS:         "linux:path-mss",
	LinuxWindow:          "linux:window-unit",

	LabDrop:      "lab:drop",
	LabDelay:     "lab:delay",
	LabHold:      "lab:hold",
	LabRelease:   "lab:release",
	LabDuplicate: "lab:duplicate",
	LabEdit:      "lab:edit",
	LabForge:     "lab:forge",
	LabRule:      "lab:rule",
	LabLoss:      "lab:loss",
	LabChance:    "lab:chance",
	LabNoHost:    "lab:no-such-host",
	LabReorder:   "lab:reorder",
	LabPassed:    "lab:passed",

	BoxFirewall:      "lab:firewall",
	BoxFirewallRST:   "lab:firewall-rst",
	BoxFirewallICMP:  "lab:firewall-icmp",
	BoxNAT:           "5382:4.1",
	BoxNATForgot:     "5382:5",
	BoxNATUnknown:    "5382:4.3",
	BoxStrip:         "lab:strip",
	BoxShift:         "lab:shift-seq",
	BoxSynProxy:      "4987:3.8",
	BoxSynProxyShift: "4987:3.8/numbers",
	BoxMTU:           "1191:4",
	BoxMTU6:          "4443:3.2",
	BoxBlackHole:     "2923:2.1",

	BrokenHandshake:      "lab:two-way-handshake",
	BrokenISN:            "lab:fixed-isn",
	BrokenSynSentACK:     "lab:no-syn-sent-check",
	BrokenSynReceivedACK: "lab:no-syn-received-check",
	BrokenTimeWait:       "lab:no-time-wait",
	BrokenRST:            "lab:no-rst",
	BrokenRSTCheck:       "lab:no-rst-check",
	BrokenWindow:         "lab:no-window-check",
}

func rfc(id ID, number, section, req, title, gist string) Rule {
	return Rule{ID: id, Source: "RFC " + number, Section: section, Req: req, Title: title, Gist: gist,
		URL: "https://www.rfc-editor.org/rfc/rfc" + number + ".html#section-" + section}
}

func linux(id ID, title, gist string) Rule {
	return Rule{ID: id, Source: "Linux 6.18", Title: title, Gist: gist}
}

func lab(id ID, title, gist string) Rule {
	return Rule{ID: id, Source: "Handshake Lab", Title: title, Gist: gist}
}

// broken is a rule of the lab's own that leaves out what a section of an RFC protects from.
func broken(id ID, number, section, req, title, gist string) Rule {
	r := rfc(id, number, section, req, title, gist)
	r.Source, r.Gist = "Handshake Lab", gist+" Broken on purpose: RFC "+number+" section "+section+" asks for it."
	return r
}

// says gives a rule its sentences and the names of the numbers in them.
func (r Rule) says(pass, fail string, params ...string) Rule {
	r.Pass, r.Fail, r.Params = pass, fail, params
	return r
}

var catalogue = []Rule{
	rfc(OneHost, "9293", "3.9.2.3", "MUST-63", "A SYN is from one host to one host",
		"An address that means many hosts, or none, cannot be an end of a connection. A SYN from or to it is ignored: an answer would go astray, or to many.").
		says("Both addresses are those of one host.", "The SYN is from or to an address that is not that of one host. It is ignored."),
	rfc(Checksum, "9293", "3.1", "MUST-3", "The checksum must be right",
		"Every segment is checked before anything else. One with a wrong checksum was damaged on the way and is thrown away without a word.").
		says("The checksum is right.", "The checksum is {checksum}, but over these bytes it must be {computed}. The segment is thrown away.", "checksum", "computed"),
	rfc(DataOffset, "9293", "3.1", "", "The data offset must be possible",
		"It says in words of four bytes where the text begins: after the 20 fixed bytes at the earliest, and not past the end.").
		says("", "A data offset of {words} words cannot be: the header has at least 5, and must end within the packet. The segment is thrown away.", "words"),
	rfc(UnknownOption, "9293", "3.1", "MUST-6", "Options it does not know are skipped",
		"Every option but two says how long it is, so a TCP can step over one that it does not know.").
		says("Options skipped because nobody here knows them: {options}.", "", "options"),
	rfc(BadOption, "9293", "3.1", "MUST-7", "A broken option must not hurt",
		"An option whose length is 0, 1 or points past the end cannot be read, nor what comes after it. The rest of the segment still counts.").
		says("The options can be read to the end.", "An option has an impossible length. Reading stopped there; what came before it counts."),
	rfc(MSS, "9293", "3.7.1", "MUST-15", "Without an MSS option, 536, over IPv6 1220",
		"The MSS option says how much text the sender of it can take in one segment. Each direction has its own; nothing is negotiated. Who says nothing gets 536 bytes, over IPv6 1220.").
		says("The peer takes up to {MSS} bytes of text in a segment.", "The peer announced no MSS, so it gets at most {default} bytes of text in a segment.", "MSS", "default"),

	rfc(ISN, "6528", "3", "MUST-8", "How an initial sequence number is made",
		"A clock plus a keyed hash of both addresses and ports: it moves on all the time, and nobody outside can compute it.").
		says("The initial sequence number {ISS} comes from the clock and a secret.", "", "ISS"),
	lab(ISNCounter, "The initial sequence number is counted up",
		"So much more for each connection, as the first Unix systems did it: who opens one connection of his own knows the next number of somebody else's.").
		says("The initial sequence number is {ISS}: so much more than that of the connection before.", "", "ISS"),
	rfc(ISNClock, "793", "3.3", "", "The initial sequence number is a clock",
		"The first TCP took it from a clock that ticks every 4 microseconds. Old segments do not fit any more, but everybody can read a clock.").
		says("The initial sequence number {ISS} is the time of day.", "", "ISS"),
	rfc(PassiveOpen, "9293", "3.10.1", "", "Passive OPEN: wait for a SYN",
		"A server opens passively: it enters LISTEN and sends nothing.").
		says("The host listens, with room for a backlog of {backlog}.", "", "backlog"),
	rfc(ActiveOpen, "9293", "3.10.1", "", "Active OPEN: send a SYN",
		"A client opens actively: it picks an initial sequence number, sends it in a SYN and enters SYN-SENT.").
		says("The application opened actively. The SYN carries the initial sequence number {ISS}.", "", "ISS"),
	rfc(Send, "9293", "3.10.2", "", "SEND: text goes out as far as the window allows",
		"What the application gives is cut into segments and sent as far as the peer's window has room.").
		says("The application gave text: {SEG.LEN} bytes go out from number {SEG.SEQ}; the peer's window is {SND.WND}.", "", "SEG.SEQ", "SEG.LEN", "SND.WND"),
	rfc(SendQueued, "9293", "3.10.2", "", "SEND before ESTABLISHED: text waits",
		"Text that is given before the connection is ESTABLISHED is kept until it is.").
		says("{bytes} bytes wait until the connection is ESTABLISHED.", "", "bytes"),
	rfc(SendWindow, "9293", "3.10.7.4", "", "Waiting text goes out",
		"Text that waited for the connection or for room in the window is sent as soon as both are there.").
		says("Text that waited goes out: {SEG.LEN} bytes from number {SEG.SEQ}; the peer's window is {SND.WND}.", "", "SEG.SEQ", "SEG.LEN", "SND.WND"),
	lab(Accept, "accept() takes the oldest waiting connection",
		"The kernel opens connections by itself. The program gets them later, one by one, with accept().").
		says("The application has the connection now.", ""),

	lab(SocketCall, "What a socket call returns",
		"A program talks to its TCP by calls on descriptors. One that cannot be done at once waits, or on a non-blocking socket returns EAGAIN or EINPROGRESS. A failed call returns -1 and says why.").
		says("The call on descriptor {fd} returned {value}.", "", "fd", "value"),

	rfc(ClosedRST, "9293", "3.10.7.1", "", "CLOSED: an RST is dropped",
		"Nobody is there whom an RST could concern.").
		says("There is no connection here that this RST could reset. It is dropped.", ""),
	rfc(ClosedNoACK, "9293", "3.10.7.1", "", "CLOSED: a segment without ACK draws RST,ACK",
		"A segment for which there is neither connection nor listener is answered with an RST. Without an ACK field to take a number from, the RST has number 0 and acknowledges the segment, so that its sender knows what was refused.").
		says("Nobody listens here. The answer is RST,ACK with number 0, acknowledging {SEG.SEQ} plus the {SEG.LEN} numbers that the segment takes.", "", "SEG.SEQ", "SEG.LEN"),
	rfc(ClosedACK, "9293", "3.10.7.1", "", "CLOSED: a segment with ACK draws RST",
		"A segment for which there is no connection is answered with an RST that carries just the number that the segment acknowledged: its sender will believe that one.").
		says("There is no such connection. The answer is an RST with number {SEG.ACK}, the very one that the segment acknowledged.", "", "SEG.ACK"),

	rfc(ListenRST, "9293", "3.10.7.2", "", "LISTEN, first: an RST is ignored",
		"A listener has sent nothing, so nothing of it can be reset.").
		says("The RST bit is off.", "The RST bit is on, and there is nothing here to reset. The segment is ignored."),
	rfc(ListenACK, "9293", "3.10.7.2", "", "LISTEN, second: any ACK is bad",
		"A listener has sent nothing that could be acknowledged, so the segment belongs to some other connection. An RST tells its sender.").
		says("The ACK bit is off.", "The segment acknowledges {SEG.ACK}, but nothing was ever sent from here. The answer is an RST with that number.", "SEG.ACK"),
	rfc(ListenSYN, "9293", "3.10.7.2", "", "LISTEN, third: a SYN begins a connection",
		"A SYN makes a new connection in SYN-RECEIVED. The answer carries the server's own SYN and acknowledges the client's.").
		says("A SYN with number {SEG.SEQ} arrived: a new connection begins in SYN-RECEIVED.", "The SYN bit is off.", "SEG.SEQ"),
	rfc(ListenOther, "9293", "3.10.7.2", "", "LISTEN, fourth: the rest is dropped",
		"A segment that is neither RST nor ACK nor SYN is of no use to a listener.").
		says("A listener can do nothing with this segment and drops it.", ""),

	rfc(SynSentACK, "9293", "3.10.7.3", "", "SYN-SENT, first: the ACK must cover our SYN",
		"The only number that can be acknowledged is the one after the initial sequence number. Another one belongs to an old connection: an RST with that number clears it away.").
		says("{SEG.ACK} acknowledges our SYN: it lies after {ISS} and not beyond {SND.NXT}.", "{SEG.ACK} does not acknowledge our SYN: only a number after {ISS} and not beyond {SND.NXT} does.", "SEG.ACK", "ISS", "SND.NXT"),
	rfc(SynSentRST, "9293", "3.10.7.3", "", "SYN-SENT, second: an RST refuses, if its ACK is right",
		"An RST counts only when it acknowledges our SYN: then whoever sent it has seen that SYN.").
		says("The RST bit is off.", "The RST bit is on. With an ACK that covers our SYN it refuses the connection; without one it is dropped."),
	rfc(SynSentSYN, "9293", "3.10.7.3", "", "SYN-SENT, fourth: the peer's SYN",
		"The peer's SYN brings its initial sequence number.").
		says("The SYN bit is on: the peer sends its initial sequence number.", "The SYN bit is off."),
	rfc(SynSentOpen, "9293", "3.10.7.3", "", "SYN-SENT: SYN and ACK open the connection",
		"The peer has our number and we have its: the connection is ESTABLISHED on this side. An ACK tells the peer so.").
		says("The peer's number is {SEG.SEQ} and it acknowledged ours with {SEG.ACK}: ESTABLISHED on this side. An ACK goes back.", "", "SEG.SEQ", "SEG.ACK"),
	rfc(SimultaneousOpen, "9293", "3.10.7.3", "MUST-10", "SYN-SENT: a SYN alone means that both opened",
		"Two SYNs crossed on the way. Each side answers with SYN,ACK and the same number as before; one connection comes of it.").
		says("A SYN with number {SEG.SEQ} came without acknowledging ours: both sides opened at the same time. The answer repeats our SYN and acknowledges theirs.", "", "SEG.SEQ"),
	rfc(SynSentOther, "9293", "3.10.7.3", "", "SYN-SENT, fifth: without SYN or RST, drop",
		"As long as the peer's number is not known, nothing else can be judged.").
		says("Neither SYN nor RST: the segment is dropped.", ""),

	rfc(Sequence, "9293", "3.10.7.4", "", "First: the segment must lie in the window",
		"The first or last number of the segment must be one that is expected now. Anything else is old or forged: it is acknowledged, so that an honest sender learns where we are, and dropped.").
		says("{SEG.SEQ}, {SEG.LEN} numbers long, lies in the window that begins at {RCV.NXT} and is {RCV.WND} wide.", "{SEG.SEQ}, {SEG.LEN} numbers long, lies outside the window that begins at {RCV.NXT} and is {RCV.WND} wide.", "SEG.SEQ", "SEG.LEN", "RCV.NXT", "RCV.WND"),
	rfc(RSTBit, "9293", "3.10.7.4", "", "Second: the RST bit",
		"An RST ends the connection at once, if it is believed.").
		says("The RST bit is off.", "The RST bit is on."),
	rfc(RSTToListen, "9293", "3.10.7.4", "MUST-11", "An RST sends a passive SYN-RECEIVED back to LISTEN",
		"The SYN that began it turns out to be nobody's. The server goes on listening as if nothing had been, and no application is told.").
		says("The connection began with a passive OPEN: it is forgotten, and the server goes on listening. Nobody is told.", ""),
	rfc(RSTRefused, "9293", "3.10.7.4", "", "An RST refuses an active SYN-RECEIVED",
		"The connection was opened actively, so its application is told: connection refused.").
		says("The connection was opened from here: the application is told that it was refused.", ""),
	rfc(RSTReset, "9293", "3.10.7.4", "", "An RST resets the connection",
		"Everything that is queued is thrown away and the application is told: connection reset.").
		says("The peer reset the connection. The application is told.", ""),
	rfc(SYNBit, "9293", "3.10.7.4", "", "Fourth: the SYN bit",
		"A connection has one SYN from each side. A second one is old, forged, or the peer has started anew.").
		says("The SYN bit is off.", "The SYN bit is on."),
	rfc(SYNToListen, "9293", "3.10.7.4", "", "A SYN in the window sends a passive SYN-RECEIVED back to LISTEN",
		"The peer seems to have started again with another number. The server forgets this attempt and listens.").
		says("A new SYN came before the old one was completed: the attempt is forgotten, and the server goes on listening.", ""),
	rfc(ACKBit, "9293", "3.10.7.4", "", "Fifth: the ACK bit must be on",
		"After the first SYN every segment of a connection acknowledges something. One that does not is dropped.").
		says("The ACK bit is on.", "The ACK bit is off: the segment is dropped."),
	rfc(SynReceivedACK, "9293", "3.10.7.4", "", "Fifth, in SYN-RECEIVED: the ACK must cover our SYN",
		"When our SYN is acknowledged both sides know each other's numbers: ESTABLISHED. Another number draws an RST with that number.").
		says("{SEG.ACK} acknowledges our SYN: it lies after {SND.UNA} and not beyond {SND.NXT}. ESTABLISHED.", "{SEG.ACK} does not acknowledge our SYN: only a number after {SND.UNA} and not beyond {SND.NXT} does.", "SEG.ACK", "SND.UNA", "SND.NXT"),
	rfc(ACKNew, "9293", "3.10.7.4", "", "Fifth: does the ACK tell anything new?",
		"A number beyond SND.UNA acknowledges something that was sent and not acknowledged yet. An old number is ignored.").
		says("{SEG.ACK} acknowledges what was sent from {SND.UNA} on.", "{SEG.ACK} acknowledges nothing new: everything before {SND.UNA} was acknowledged already.", "SEG.ACK", "SND.UNA", "SND.NXT"),
	rfc(Text, "9293", "3.10.7.4", "", "Seventh: the text",
		"Text that begins where the last ended goes to the application. What arrived before is cut off.").
		says("Text from number {SEG.SEQ}, {SEG.LEN} bytes: {RCV.NXT} was expected next, so it can be delivered.", "Text from number {SEG.SEQ}, {SEG.LEN} bytes, cannot be delivered: {RCV.NXT} is expected next.", "SEG.SEQ", "SEG.LEN", "RCV.NXT"),
	rfc(AckText, "9293", "3.10.7.4", "", "What was taken is acknowledged",
		"The acknowledgment number is the next number expected.").
		says("Acknowledged: {RCV.NXT} is expected next.", "", "RCV.NXT"),
	rfc(Gap, "9293", "3.10.7.4", "MAY-13", "A gap is acknowledged with the number still missing",
		"A segment inside the window but not at its beginning leaves a gap. The answer repeats the number that is missing.").
		says("The segment begins at {SEG.SEQ}, but {RCV.NXT} is still missing. The answer says so.", "", "SEG.SEQ", "RCV.NXT"),
	rfc(Duplicate, "9293", "3.10.7.4", "", "What arrived before is acknowledged again",
		"The peer seems to have missed our ACK, so it gets it again.").
		says("Everything from {SEG.SEQ} on arrived before. The answer repeats that {RCV.NXT} is expected next.", "", "SEG.SEQ", "RCV.NXT"),
	rfc(FINBit, "9293", "3.10.7.4", "", "Eighth: the FIN bit",
		"A FIN takes one sequence number. In its turn it is acknowledged, and the application is told that nothing more will come.").
		says("The FIN is number {SEG.FIN}, just the one expected: the peer has finished sending.", "The FIN is number {SEG.FIN}, but {RCV.NXT} is expected next.", "SEG.FIN", "RCV.NXT"),

	rfc(RSTExact, "5961", "3.2", "", "An RST must have exactly the next number",
		"An attacker who cannot see the connection can guess a number in the window, but hardly the exact one. An RST that is in the window and not exact is challenged with an ACK: a true peer answers that with an exact RST.").
		says("{SEG.SEQ} is exactly the number expected next.", "{SEG.SEQ} is in the window, but {RCV.NXT} is the number expected next. A challenge ACK asks the peer whether it meant it.", "SEG.SEQ", "RCV.NXT"),
	rfc(SYNChallenge, "5961", "4.2", "", "A SYN inside a connection is challenged",
		"Whatever its number, a SYN draws an ACK. A peer that really started anew finds that ACK strange and answers with an RST; a forger learns nothing.").
		says("A SYN with number {SEG.SEQ} inside the connection. A challenge ACK repeats that {RCV.NXT} is expected next.", "", "SEG.SEQ", "RCV.NXT"),
	rfc(ACKRange, "5961", "5.2", "MAY-12", "The ACK must not be too old or too new",
		"An acknowledgment more than a window old, or of something never sent, is nobody's who follows the connection. It draws an ACK and is dropped.").
		says("{SEG.ACK} is not beyond {SND.NXT} and at most {MAX.SND.WND} before {SND.UNA}.", "{SEG.ACK} is beyond {SND.NXT} or more than {MAX.SND.WND} before {SND.UNA}. The answer is an ACK, and the segment is dropped.", "SEG.ACK", "SND.UNA", "SND.NXT", "MAX.SND.WND"),
	rfc(RateLimit, "5961", "7", "", "Challenge ACKs are rationed",
		"So that nobody can make a host send them without end, at most one goes out in half a second (Linux tcp_invalid_ratelimit).").
		says("", "The last such answer was {since.us} ago, and there is at most one in {limit.us}. This time nothing is sent.", "since.us", "limit.us"),

	rfc(WindowScale, "7323", "2.2", "", "Windows are scaled if both SYNs say so",
		"The window field has 16 bits. With the option each side names a shift for its own windows; it counts only when both SYNs carry it, and never in a SYN itself.").
		says("Both SYNs carry window scale: our windows are shifted by {Rcv.Wind.Shift}, the peer's by {Snd.Wind.Shift}.", "Only one side offers window scale, so windows are not scaled.", "Rcv.Wind.Shift", "Snd.Wind.Shift"),
	rfc(WindowScaleLimit, "7323", "2.3", "", "A shift above 14 counts as 14",
		"With more than 14 a window could be wider than the sequence numbers can tell apart.").
		says("", "The peer names a shift of {shift}. It counts as 14.", "shift"),
	rfc(Timestamps, "7323", "3.2", "", "Timestamps are used if both SYNs carry them",
		"Each side puts its clock into every segment and echoes the other's. It serves to measure round trips and to know old segments.").
		says("Both SYNs carry timestamps; the peer's clock reads {TSval}.", "Only one side offers timestamps, so there will be none.", "TSval"),
	rfc(SACKPermitted, "2018", "2", "", "SACK is used if both SYNs permit it",
		"With it a receiver can say which numbers beyond a gap it has.").
		says("Both SYNs permit selective acknowledgments.", "Only one side permits selective acknowledgments, so there will be none."),
	rfc(TimestampMissing, "7323", "3.2", "", "Once agreed, every segment has timestamps",
		"A segment without them cannot be told from one of an earlier round of the sequence numbers, so it should be dropped. An RST may come without.").
		says("The segment has timestamps.", "The segment has no timestamps although both sides agreed on them. It is dropped."),
	rfc(PAWS, "7323", "5.3", "", "An old timestamp marks an old segment",
		"When the sequence numbers have gone round once, an old segment may fit the window again. Its timestamp gives it away.").
		says("The timestamp {TSval} is not older than {TS.Recent}.", "The timestamp {TSval} is older than {TS.Recent}: the segment is acknowledged and dropped.", "TSval", "TS.Recent"),
	rfc(ECN, "3168", "6.1.1", "", "Congestion may be told by a mark",
		"A SYN with ECE and CWR asks for it, a SYN-ACK with ECE agrees. Then routers may mark packets instead of losing them.").
		says("Both sides agree on explicit congestion notification.", ""),
	rfc(FastOpenRequest, "7413", "4.2.1", "", "Fast Open: the SYN asks for a cookie",
		"A client that was never here before sends the Fast Open option empty. The text waits for the handshake this time; with the cookie it need not wait the next time.").
		says("No cookie of this server is known yet, so the SYN asks for one. The text follows the handshake.", ""),
	rfc(FastOpenFallback, "7413", "4.2.1", "", "Fast Open: a SYN that is sent again is an ordinary one",
		"Some boxes on the way drop a SYN with an option or with text that they do not know. So the second SYN has neither, and the connection opens as ever.").
		says("The SYN goes out again without the Fast Open option; the {bytes} bytes that went with the first one follow the handshake.", "", "bytes"),
	rfc(FastOpenGrant, "7413", "4.1.2", "", "Fast Open: the server gives a cookie",
		"The cookie is a keyed hash of the addresses: the server can check it later without having kept anything. Who has it was once reachable at its address.").
		says("The SYN asks for a cookie. It goes back in the SYN-ACK.", ""),
	rfc(FastOpenStore, "7413", "4.1.3", "", "Fast Open: the client keeps the cookie",
		"With the cookie the client remembers how much text the server takes in a segment. The next connection to this address can send text in its SYN.").
		says("A cookie of {bytes} bytes is remembered for this server.", "", "bytes"),
	rfc(FastOpenSYN, "7413", "4.2.2", "", "Fast Open: text goes with the SYN",
		"The cookie of the last visit lets the text go along with the SYN: the request arrives a whole round trip earlier.").
		says("The cookie of this server is known: the SYN carries it, with {bytes} bytes of text.", "", "bytes"),
	rfc(FastOpenCookie, "7413", "4.2.2", "", "Fast Open: is the cookie good?",
		"With a good cookie the text of the SYN is taken at once, and the application may answer before the handshake is done. With a bad one only the SYN counts, and a fresh cookie goes back.").
		says("The cookie is good: the {bytes} bytes of the SYN are taken, and the application may have the connection now.",
			"The cookie is bad: only the SYN is acknowledged, the {bytes} bytes are not. A fresh cookie goes back.", "bytes"),
	rfc(FastOpenData, "7413", "4.2.2", "", "Fast Open: did the server take the text?",
		"The number that the SYN-ACK acknowledges says it. What was not taken is sent again with the ACK.").
		says("Of the {bytes} bytes of the SYN {taken} are acknowledged.", "None of the {bytes} bytes of the SYN is acknowledged: {taken}. They are sent again with the ACK.", "bytes", "taken"),
	rfc(FastOpenQueue, "7413", "5.1", "", "Fast Open: only so many at once",
		"A stolen cookie must not be enough to fill a server. When so many connections by Fast Open wait for their ACK, the next SYN gets an ordinary handshake.").
		says("There is room.", "{pending} connections by Fast Open wait for their ACK, and no more than {limit} may: this handshake is an ordinary one.", "pending", "limit"),
	rfc(FastOpenFailed, "7413", "4.1.3.1", "", "Fast Open: a failure is remembered",
		"No answer, an ICMP error, or text that is not taken: the next SYN would fare no better. So Fast Open is left alone with this port for a while.").
		says("Fast Open works with this port again ({times} failures before).", "Fast Open failed with this port, {times} times in a row. It is left alone for {pause.us}.", "times", "pause.us"),
	rfc(FastOpenPaused, "7413", "4.1.3.1", "", "Fast Open: left alone for a while",
		"Where Fast Open failed, an ordinary handshake works.").
		says("", "Fast Open failed {times} times in a row and is left alone for another {left.us}: the SYN is an ordinary one.", "times", "left.us"),
	rfc(DSACK, "2883", "4", "", "A duplicate is named in a SACK block",
		"The first block of the answer says which numbers arrived twice, so that the sender knows that it need not have sent them again.").
		says("The numbers {left} to {right} (not included) arrived before. The answer names them in a SACK block and repeats that {RCV.NXT} is expected next.", "", "left", "right", "RCV.NXT"),

	rfc(Close, "9293", "3.10.4", "", "CLOSE: I have no more to send",
		"Closing ends one direction only. What was sent before is delivered, then a FIN says that no more will come.").
		says("The application closed. A FIN will follow the last text.", ""),
	rfc(SendFIN, "9293", "3.10.4", "", "The FIN follows the last text",
		"A FIN takes one sequence number, so it is acknowledged and sent again like text.").
		says("All text is sent: the FIN takes number {SEG.SEQ}.", "", "SEG.SEQ"),
	rfc(Abort, "9293", "3.10.5", "", "ABORT: an RST and nothing more",
		"Everything queued is thrown away, the peer gets an RST, and the connection is gone at once.").
		says("The application aborted: the RST has number {SEG.SEQ}.", "", "SEG.SEQ"),
	rfc(CloseUnread, "9293", "3.6.1", "SHLD-3", "Closing with unread text resets",
		"Text that arrived and will never be read is lost. A FIN would hide that from the peer, so it gets an RST.").
		says("Text was still unread when the application closed: the RST with number {SEG.SEQ} tells the peer that it is lost.", "", "SEG.SEQ"),
	rfc(FINAcked, "9293", "3.10.7.4", "", "Our FIN is acknowledged",
		"The peer knows now that we send no more.").
		says("{SEG.ACK} acknowledges our FIN.", "", "SEG.ACK"),
	rfc(FINClosing, "9293", "3.10.7.4", "", "FIN in FIN-WAIT-1: both closed at once",
		"The peer's FIN came before it acknowledged ours: the two crossed on the way.").
		says("The FIN is number {SEG.FIN}, and ours is not acknowledged yet: both sides closed at the same time.", "", "SEG.FIN", "RCV.NXT"),
	rfc(FINTimeWait, "9293", "3.10.7.4", "", "Both FINs are through: TIME-WAIT",
		"Who closed first waits, so that a lost last ACK can be sent again and old segments die out.").
		says("The FIN is number {SEG.FIN}: both directions are closed now.", "", "SEG.FIN", "RCV.NXT"),
	rfc(TimeWait, "9293", "3.6.1", "MUST-13", "TIME-WAIT lasts two maximum segment lifetimes",
		"Longer than any segment of the old connection, or any answer to one, can still be on its way. Linux always takes 60 s.").
		says("The wait takes {wait.us}.", "", "wait.us"),
	rfc(TimeWaitFIN, "9293", "3.10.7.4", "", "A FIN in TIME-WAIT is acknowledged again",
		"The peer seems to have missed our last ACK. It gets it again and the wait starts anew.").
		says("The peer's FIN came again. The answer repeats that {RCV.NXT} is expected next, and the wait starts anew.", "", "RCV.NXT"),
	rfc(TimeWaitEnd, "9293", "3.10.8", "", "TIME-WAIT is over",
		"Nothing of the old connection can be on its way any more: the record goes.").
		says("The wait is over and the connection is gone.", ""),
	rfc(RSTClosing, "9293", "3.10.7.4", "", "An RST while closing ends it",
		"The application has closed already; there is nobody to tell.").
		says("The connection is gone. The application had closed it.", ""),
	rfc(WindowOpened, "9293", "3.8.6.2.2", "", "The window opens by a worthwhile step",
		"Telling the peer of every byte that is read would make it send tiny segments. So the window is moved by a full segment or half the buffer.").
		says("The application has read; the window is {RCV.WND} now.", "", "RCV.WND"),
	rfc(TimeWaitSYN, "6191", "2", "MAY-2", "A later SYN may open a new connection out of TIME-WAIT",
		"A SYN whose number or timestamp is beyond all that the old connection used cannot be an old duplicate.").
		says("The SYN {SEG.SEQ} is newer than anything before {RCV.NXT}: the wait ends and a new connection begins.", "", "SEG.SEQ", "RCV.NXT"),
	rfc(TimeWaitRSTIgnored, "1337", "3", "", "An RST does not end TIME-WAIT",
		"Old segments can make the peer send an RST that would end TIME-WAIT too early. A host that ignores it there is safe from that.").
		says("The RST with number {SEG.SEQ} is ignored: TIME-WAIT goes on.", "", "SEG.SEQ"),
	rfc(TimeWaitRST, "1337", "2", "", "An RST ends TIME-WAIT early",
		"TIME-WAIT assassination: an old segment draws an ACK, that ACK draws an RST from a peer that is long gone, and the RST ends the wait.").
		says("An RST with the exact next number {SEG.SEQ} ends the wait early.", "", "SEG.SEQ"),

	rfc(KeepIdle, "9293", "3.8.4", "MUST-26", "Keepalive looks at an idle connection",
		"Only a connection of which nothing was heard for a long while is probed. It is off unless the application asks for it.").
		says("Nothing may be heard for {idle.us} before a probe goes out.", "", "idle.us"),
	rfc(KeepProbe, "9293", "3.8.4", "", "A keepalive probe lies one number below SND.NXT",
		"It carries no text and an old number, so a living peer must answer it with an ACK.").
		says("Probe {count}: an empty segment with an old number.", "", "count"),
	rfc(KeepDead, "9293", "3.8.4", "", "No probe is answered: the peer is given up",
		"One lost probe proves nothing; several do.").
		says("{count} probes went unanswered. The connection is given up.", "", "count"),
	rfc(KeepOff, "9293", "3.8.4", "MUST-25", "Keepalive is off by default",
		"The application decides whether idle connections are probed.").
		says("Keepalive is set anew.", ""),
	rfc(ListenerGone, "9293", "3.10.4", "", "The listener is gone",
		"A connection that was being made when its listener closed finds nobody: its ACK draws an RST.").
		says("The ACK {SEG.ACK} completes a connection whose listener has closed. The answer is RST.", "", "SEG.ACK"),
	rfc(Hold, "9293", "3.10.7.4", "SHLD-31", "Text ahead of a gap is kept",
		"When the missing part comes, the rest need not be sent again.").
		says("The segment {SEG.SEQ}, {SEG.LEN} numbers long, is kept until {RCV.NXT} arrives.", "There is no room to keep the segment {SEG.SEQ}, {SEG.LEN} numbers long, until {RCV.NXT} arrives.", "SEG.SEQ", "SEG.LEN", "RCV.NXT"),
	rfc(HeldText, "9293", "3.10.7.4", "", "The gap is closed: kept text is delivered",
		"Text is delivered in the order of its numbers, whatever the order in which it came.").
		says("{SEG.LEN} bytes from number {SEG.SEQ} were kept and can be delivered now.", "", "SEG.SEQ", "SEG.LEN", "RCV.NXT"),
	rfc(Nagle, "9293", "3.7.4", "SHLD-7", "A small segment waits while something is unacknowledged",
		"Nagle's algorithm: many small writes become a few full segments. Programs that must not wait turn it off with TCP_NODELAY.").
		says("", "{bytes} bytes wait: {flying} are not acknowledged yet, and more may join them.", "bytes", "flying"),
	rfc(Persist, "9293", "3.8.6.1", "MUST-36", "A shut window is probed",
		"The ACK that opens the window again may be lost. So the sender asks now and then, each time waiting twice as long.").
		says("The window is shut and text waits: a probe after {RTO.us}, doubled each time; {count} so far.", "", "RTO.us", "count"),
	rfc(PersistStop, "9293", "3.8.6.1", "", "The window is open again",
		"Nothing needs to be asked any more.").
		says("The window is open, or nothing waits: no more probes.", ""),
	rfc(DupACK, "5681", "2", "", "A duplicate acknowledgment",
		"The peer got something, but not what it waits for. One or two may mean that segments overtook each other.").
		says("{SND.UNA} is acknowledged again: duplicate {count}.", "", "SND.UNA", "count"),
	rfc(FastRetransmit, "5681", "3.2", "", "The third duplicate shows a loss",
		"Three answers that ask for the same number: that segment is lost. It is sent again without waiting for the timer, and the window is halved.").
		says("From {SND.UNA} on something is missing: it is sent again at once. Duplicates or retries: {count}; slow start ends at {ssthresh}.", "", "SND.UNA", "count", "ssthresh"),
	rfc(Restart, "5681", "4.1", "", "After a pause the window starts again",
		"What the path could take a while ago it need not be able to take now. After a pause of more than a retransmission timeout the congestion window is the initial one again.").
		says("Nothing was sent for {idle.us}: the congestion window goes back from {was} to {cwnd} bytes.", "", "was", "cwnd", "idle.us"),
	rfc(PartialACK, "6582", "3.2", "", "More was lost: the next hole is filled",
		"The peer acknowledged a part of what was out when the loss was noticed. What comes next is lost too.").
		says("From {SEG.SEQ} on the text is sent again; all up to {Recover} was out when the loss was noticed. Retries: {count}.", "", "SEG.SEQ", "count", "Recover"),
	rfc(AckDelayed, "9293", "3.8.6.3", "SHLD-18", "An acknowledgment may wait a little",
		"If text of our own goes out soon, the ACK can ride on it. It must not wait for half a second or more.").
		says("The acknowledgment {RCV.NXT} waits a little for text to ride on.", "", "RCV.NXT"),
	rfc(AckSent, "9293", "3.8.6.3", "", "The waiting acknowledgment has gone out",
		"Every segment carries the newest acknowledgment.").
		says("The acknowledgment that waited has gone out.", ""),
	rfc(LossProbe, "8985", "7.2", "", "Tail loss probe",
		"If the last segment of a burst is lost, no later one can show it. So after two round trips the last segment is sent again, before the retransmission timer would.").
		says("The probe is sent after {wait.us}.", "", "wait.us", "SEG.SEQ"),

	rfc(RTOInitial, "6298", "2.1", "", "Before any measurement the timeout is 1 s",
		"A segment that takes sequence space starts the retransmission timer. Before the first round trip is measured, it is set to one second.").
		says("The retransmission timer starts: {RTO.us}.", "", "RTO.us"),
	rfc(RTTFirst, "6298", "2.2", "", "The first round trip sets the timeout",
		"The first measurement becomes the smoothed round-trip time; the timeout is that plus four times its variation, and not less than the minimum.").
		says("The round trip took {R.us}. The smoothed value is {SRTT.us}, the timeout {RTO.us}.", "", "R.us", "SRTT.us", "RTO.us"),
	rfc(RTTNext, "6298", "2.3", "", "Every later round trip moves the timeout a little",
		"One eighth of each new measurement goes into the smoothed value, one quarter of the deviation into its variation.").
		says("The round trip took {R.us}. The smoothed value is {SRTT.us}, the timeout {RTO.us}.", "", "R.us", "SRTT.us", "RTO.us"),
	rfc(RTOStart, "6298", "5.1", "", "Sending starts the timer",
		"Whenever something is sent and the timer does not run, it is started.").
		says("The retransmission timer starts: {RTO.us}.", "", "RTO.us"),
	rfc(RTOStop, "6298", "5.2", "", "All is acknowledged: the timer stops",
		"When nothing is left that could need sending again, the timer is turned off.").
		says("Everything sent is acknowledged: the retransmission timer stops.", ""),
	rfc(RTORestart, "6298", "5.3", "", "Something new is acknowledged: the timer starts anew",
		"As long as the peer makes progress, the rest gets its full time.").
		says("Something is still not acknowledged: the retransmission timer starts anew with {RTO.us}.", "", "RTO.us"),
	rfc(RTOExpired, "6298", "5", "", "The retransmission timer fires",
		"Nothing was acknowledged for a whole timeout. The segment or its answer may be lost, or only late: from here it looks the same.").
		says("The retransmission timer fired after {RTO.us}. It is timeout number {count} in a row.", "", "RTO.us", "count"),
	rfc(Retransmit, "6298", "5.4", "", "The earliest unacknowledged segment is sent again",
		"The same numbers go out once more; nothing new is offered.").
		says("The same segment goes out again, from number {SND.UNA}: retransmission {count}.", "", "SND.UNA", "count"),
	rfc(RTODouble, "6298", "5.5", "", "The timeout doubles",
		"If the network is overloaded, trying more slowly helps everybody. So each timeout is twice the one before, up to a bound.").
		says("The timeout was {was.us} and is {RTO.us} now.", "", "was.us", "RTO.us"),
	rfc(RTOAfterSyn, "6298", "5.7", "", "After a lost SYN, data starts with 3 s",
		"If the SYN had to be sent again, one second was perhaps too short for this path. So data starts with three.").
		says("A SYN or SYN-ACK had to be sent again, so data starts with a timeout of {RTO.us}.", "", "RTO.us"),
	rfc(UserTimeout, "9293", "3.10.8", "", "The user timeout is over",
		"The application may say how long its text may stay unacknowledged. Then the connection is given up, however often the text was sent.").
		says("Nothing was acknowledged for {timeout.us}. The application is told that the connection timed out.", "", "timeout.us", "count"),
	rfc(UTO, "5482", "3.1", "", "How long both sides wait",
		"Each side may tell the other its user timeout. The longer one counts, but no less than 100 seconds, so that a connection outlives what the other side would live through.").
		says("Our own user timeout is {ADV_UTO.us}, that of the peer {REMOTE_UTO.us}: text may stay unacknowledged for {timeout.us}.", "", "ADV_UTO.us", "REMOTE_UTO.us", "timeout.us"),
	rfc(GiveUp, "9293", "3.8.3", "MUST-23", "Giving up takes at least three minutes for a SYN",
		"A SYN is sent again for at least three minutes before the connection is given up. Other segments get at least 100 seconds.").
		says("After {count} retransmissions in {elapsed.us} nobody has answered. The connection is given up.", "", "count", "elapsed.us"),

	linux(LinuxPRR, "Linux repairs a loss by counting what arrives",
		"The peer has three segments beyond a hole: what is missing before them is lost. Linux does not halve the window. It lets out about seven segments for ten that arrive, until the window is 0.7 of what it was (RFC 6937, RFC 9438).").
		says("From {SND.UNA} on something is missing. The window goes from {cwnd} segments to {ssthresh}.", "", "SND.UNA", "cwnd", "ssthresh"),
	rfc(ICMPConnection, "9293", "3.9.2.2", "MUST-54", "An ICMP error is for the connection whose segment it quotes",
		"A router, or the host at the end, says why a segment could not be delivered, and quotes its beginning. Addresses and ports in the quote name the connection.").
		says("The quoted segment went from port {sport} to port {dport}: such a connection exists.", "The quoted segment went from port {sport} to port {dport}: there is no such connection, and the message is ignored.", "sport", "dport"),
	rfc(ICMPSequence, "5927", "4.1", "", "An ICMP error must quote something that is in flight",
		"Anybody can send an ICMP error and claim that a router did. Who did not see the segment can only guess its sequence number, and an error about a number that is not in flight is ignored.").
		says("{SEG.SEQ} was sent and not acknowledged: it lies from {SND.UNA} on and before {SND.NXT}.", "{SEG.SEQ} is not in flight: only numbers from {SND.UNA} on and before {SND.NXT} are. The message is ignored.", "SEG.SEQ", "SND.UNA", "SND.NXT"),
	rfc(ICMPSoft, "9293", "3.9.2.2", "MUST-56", "A soft ICMP error must not abort",
		"A route may be back in a moment: a network or host that cannot be reached just now is no reason to give up. The error is kept, so that the application can be told why, if nobody ever answers.").
		says("Type {type}, code {code}, is a soft error: it is kept, and the connection goes on.", "", "type", "code"),
	rfc(ICMPHard, "9293", "3.9.2.2", "SHLD-26", "A hard ICMP error aborts the connection",
		"Nobody is at this port, or does not speak this protocol: that will not change by trying again.").
		says("Type {type}, code {code}, is a hard error: the connection is aborted.", "", "type", "code"),
	rfc(PathMTU, "9293", "3.7.2", "", "Path MTU discovery",
		"Segments go out with the order not to cut them up. Where one does not fit the next link, the router there throws it away and says how large a packet may be; from then on segments are that small.").
		says("The path takes packets of {MTU} bytes. A segment was up to {was} bytes of text and is up to {MSS} now.", "Packets of {MTU} bytes are no news: a segment has up to {was} bytes of text already. The message is ignored.", "MTU", "was", "MSS"),
	rfc(PathMTUResend, "1191", "6.4", "", "What was too big is sent again at once",
		"The router has thrown it away, so there is no use in waiting for the timer. It was too big, not one too many: the congestion window stays as it is.").
		says("From {SEG.SEQ} on the text goes out again in segments that fit packets of {MTU} bytes. Retries: {count}.", "", "SEG.SEQ", "count", "MTU"),
	rfc(RevertBackOff, "6069", "4.2", "", "No way there: the last doubling is taken back",
		"The timeout doubles because a lost segment may mean a crowd. A router that knows no way shows that it was none, so the next try comes sooner, and the connection goes on soon after the way is back.").
		says("The timeout was {was.us} and is {RTO.us} again.", "", "was.us", "RTO.us"),

	linux(SynQueueOld, "A crowded SYN queue gives up old entries",
		"When the SYN queue is more than half full, half of it is kept for new connections: those whose SYN-ACK went unanswered before get fewer retries.").
		says("The queue is crowded, so after {count} timeouts the connection is forgotten; {limit} are all it gets now.", "", "count", "limit"),
	linux(SynBacklog, "The last quarter of the SYN queue is kept free",
		"Without SYN cookies a flood would fill the queue. So its last quarter is kept for clients that the server has met before.").
		says("The SYN is dropped: {embryonic} connections are being opened already, and the last quarter of {limit} is kept free.", "", "embryonic", "limit"),
	linux(SynQueue, "A full SYN queue drops new SYNs",
		"Only so many half-made connections may wait as the backlog allows. Beyond that a SYN is dropped, and its sender will try again.").
		says("{embryonic} connections are in SYN-RECEIVED and the backlog is {backlog}: the SYN is dropped without an answer.", "", "embryonic", "backlog"),
	linux(AcceptQueueSYN, "A full accept queue drops new SYNs",
		"As long as the program does not call accept(), new connections find no room.").
		says("{queued} connections wait for accept() and the backlog is {backlog}: the SYN is dropped without an answer.", "", "queued", "backlog"),
	linux(AcceptQueueAbort, "A full accept queue may answer with RST",
		"With tcp_abort_on_overflow the client is told at once that there is no room.").
		says("{queued} connections wait for accept() and the backlog is {backlog}: the answer is RST.", "", "queued", "backlog"),
	linux(CookieSent, "A SYN cookie instead of a queue entry",
		"When the SYN queue is full, all that must be remembered is put into the server's own sequence number. Nothing is kept, and so the SYN-ACK cannot be sent again.").
		says("The number {ISS} is a cookie: it holds the MSS {MSS} as number {index} of a table, and the minute {minute}.", "", "ISS", "index", "MSS", "minute"),
	linux(CookieSum, "What a SYN cookie is the sum of",
		"A hash of addresses, ports and a secret, the client's number, the minute in the highest eight bits, and in the lower 24 another hash, which has the minute in it, plus the number of the MSS.").
		says("The cookie is {hash} + {SEG.SEQ} + {minute} × 2^24 + {low}, modulo 2^32.", "", "hash", "SEG.SEQ", "minute", "low"),
	linux(CookieTimestamp, "What a SYN cookie cannot hold goes into the timestamp",
		"The lowest six bits of the clock behind TSval say which window scale, SACK and ECN the SYN offered. The client echoes them.").
		says("The lowest six bits of the server's TSval less {offset} hold the window scale {scale} (15 is none), SACK {sack} and ECN {ECN}.", "", "offset", "scale", "sack", "ECN"),
	linux(CookieGood, "The ACK brings the cookie back",
		"A cookie that is right and at most two minutes old opens the connection that nobody remembered.").
		says("The cookie {cookie} is right and {age} minutes old; it names entry {index} of the MSS table, {MSS} bytes.", "{cookie} is no cookie of this server, or too old.", "cookie", "age", "index", "MSS"),
	linux(AcceptQueueACK, "A full accept queue ignores the final ACK",
		"The client is ESTABLISHED, the server is not: it has no room for the connection and acts as if the ACK had been lost.").
		says("{queued} connections wait for accept() and the backlog is {backlog}: the ACK is ignored, the connection stays in SYN-RECEIVED.", "", "queued", "backlog"),

	linux(TimeWaitPort, "connect() takes a port out of TIME-WAIT",
		"Where timestamps keep old segments apart, Linux lets a new connection begin before the wait is over, with numbers beyond the old ones.").
		says("The port was in TIME-WAIT. The new initial sequence number {ISS} lies beyond all that the old connection used.", "", "ISS"),
	linux(LinuxDeferAccept, "The ACK does not count before there is text",
		"With TCP_DEFER_ACCEPT the application hears of a connection only when there is something to read. Until then the bare ACK of the handshake is dropped, and the connection stays in SYN-RECEIVED.").
		says("The ACK {SEG.ACK} is dropped: it carries no text, and the listener waits for {limit} timeouts of the SYN-ACK ({count} so far).", "", "SEG.ACK", "count", "limit"),
	linux(LinuxListenFIN, "A listener drops SYN with FIN",
		"The RFC would answer the SYN. Linux takes a SYN that also says FIN for a probe and drops it.").
		says("The FIN bit is off.", "SYN and FIN together: Linux drops the segment, where the RFC would answer the SYN."),
	linux(LinuxSynAgain, "After a wrong ACK the SYN goes out again at once",
		"In SYN-SENT, before any retransmission, Linux does not wait for the timer after a wrong ACK: it sends its SYN again after 8 ms. The RFC does not ask for that.").
		says("The SYN will be sent again in {wait.us}.", "", "wait.us"),
	linux(LinuxEcho, "A SYN-ACK must echo a timestamp that was sent",
		"The SYN-ACK repeats the clock of the SYN. One that names a time when no SYN was sent is of another connection, and draws an RST.").
		says("The echoed timestamp {TSecr} lies between {first} and {now}.", "The echoed timestamp {TSecr} was never sent: it should lie between {first} and {now}. The answer is an RST.", "TSecr", "first", "now"),
	linux(LinuxSynLinear, "The first SYN timeouts do not double",
		"Since Linux 6.5 the first four timeouts of a SYN are all one second (tcp_syn_linear_timeouts); only then the doubling begins.").
		says("This is one of the first {linear} timeouts: the next is {RTO.us} again.", "", "RTO.us", "linear"),
	linux(LinuxGiveUp, "Linux counts retransmissions",
		"Where the RFC asks for at least three minutes, Linux gives up after a number of retransmissions: a SYN after 131 s, a SYN-ACK after 63 s.").
		says("After {count} retransmissions in {elapsed.us} nobody has answered. The connection is given up.", "", "count", "elapsed.us"),
	linux(LinuxSynAckAgain, "The same SYN again draws the SYN-ACK again",
		"By the RFC a SYN that was taken before is outside the window and draws an ACK. Linux sends its SYN-ACK again and starts the timer anew.").
		says("The SYN with number {SEG.SEQ} began this connection and came again: the SYN-ACK goes out again, and its timer starts anew.", "", "SEG.SEQ"),
	linux(LinuxRequestACK, "A wrong ACK in SYN-RECEIVED draws RST, the request stays",
		"Linux looks at the ACK number before the sequence number. A wrong one is answered with an RST, but the connection being made is not touched.").
		says("{SEG.ACK} acknowledges our SYN: {SND.NXT} is expected.", "{SEG.ACK} does not acknowledge our SYN: {SND.NXT} is expected. The answer is an RST with that number, and the request stays.", "SEG.ACK", "SND.NXT"),
	linux(LinuxRequestSYN, "A new SYN in the window draws RST and ends the request",
		"By the RFC the connection silently returns to LISTEN. Linux also answers with an RST.").
		says("A SYN with number {SEG.SEQ} lies in the window of a connection that is being made. It is answered with RST and the request is forgotten.", "", "SEG.SEQ"),
	linux(LinuxSequence, "Old data still brings its ACK",
		"A segment whose last number was the newest one received is old by the RFC and its ACK is not looked at. Linux uses the ACK and acknowledges the old data.").
		says("{SEG.SEQ}, {SEG.LEN} numbers long, ends just where the window begins, at {RCV.NXT}: its ACK is used, though its data is old.", "", "SEG.SEQ", "SEG.LEN", "RCV.NXT", "RCV.WND"),
	linux(LinuxSimultaneous, "The SYN-ACK of a simultaneous open completes it",
		"Its SYN was taken before, so by the text of the RFC it would only be acknowledged; figure 7 of the same RFC, and Linux, take the ACK that it carries.").
		says("The SYN {SEG.SEQ} was taken before, but the ACK {SEG.ACK} completes the simultaneous open.", "", "SEG.SEQ", "SEG.ACK"),
	linux(LinuxACKUnsent, "An ACK of bytes that were never sent is challenged",
		"A server that has sent nothing cannot be sent old acknowledgments. Linux takes no ACK from before the connection's first number.").
		says("{SEG.ACK} is not beyond {SND.NXT} and acknowledges nothing from before the connection.", "{SEG.ACK} is beyond {SND.NXT}, or before {SND.UNA} by more than the {acknowledged} numbers that were ever acknowledged. The answer is an ACK, and the segment is dropped.", "SEG.ACK", "SND.UNA", "SND.NXT", "acknowledged"),
	linux(LinuxRSTOfFIN, "An RST one below RCV.NXT resets after a FIN",
		"A peer that resets before it has seen our ACK of its FIN uses the FIN's own number. Linux believes it.").
		says("The RST has number {SEG.SEQ}, the one of the peer's FIN, just before {RCV.NXT}.", "", "SEG.SEQ", "RCV.NXT"),
	linux(LinuxFastOpenForms, "A server that gives no cookie is asked in the other form once",
		"The experiment before RFC 7413 used another option, which Linux tries once.").
		says("", "The SYN-ACK has no cookie: {forms} of 2 forms were in vain.", "forms"),
	linux(LinuxFastOpenBlackhole, "Fast Open pauses everywhere when a connection is swallowed",
		"Three timeouts in a row, or a FIN or RST out of order before any text, and no SYN has the option for tcp_fastopen_blackhole_timeout_sec.").
		says("Text arrived: Fast Open works ({times} failures before).", "Fast Open failed {times} times in a row, after {timeouts} timeouts. It is left alone for {pause.us}.", "times", "pause.us", "timeouts"),
	linux(LinuxFinWait, "A closed socket waits 60 s in FIN-WAIT-2",
		"If the peer never closes, nobody would ever notice. Linux gives up after tcp_fin_timeout.").
		says("The application has closed: the wait for the peer's FIN is limited to {wait.us}.", "", "wait.us"),
	linux(LinuxTimeWaitAgain, "TIME-WAIT answers whatever is not exactly next",
		"Linux keeps little of a connection in TIME-WAIT: the exact next number starts the wait anew, anything else is acknowledged, and the ACK number is not looked at.").
		says("The segment begins at {SEG.SEQ}, {SEG.LEN} numbers long; {RCV.NXT} is expected next.", "", "SEG.SEQ", "SEG.LEN", "RCV.NXT"),
	linux(LinuxOrphanReset, "Text for a closed socket draws RST",
		"The application is gone and cannot read it. An RST tells the peer that its text is lost.").
		says("The segment {SEG.SEQ}, {SEG.LEN} numbers long, is for a socket that is closed: the answer is RST.", "", "SEG.SEQ", "SEG.LEN"),
	linux(LinuxOrphanIgnore, "A closed socket waits for a FIN only",
		"What brings nothing new is ignored.").
		says("The segment {SEG.SEQ}, {SEG.LEN} numbers long, brings nothing new and is ignored.", "", "SEG.SEQ", "SEG.LEN"),
	linux(LinuxResetErrno, "Linux names a reset in another way",
		"The RFC speaks of a refused connection in SYN-RECEIVED; the application on Linux is told that it was reset. In CLOSE-WAIT it gets EPIPE.").
		says("The peer reset the connection. The application is told in the words of Linux.", ""),
	linux(LinuxISN, "The clock of initial sequence numbers ticks every 64 ns",
		"RFC 9293 has it tick about every 4 µs. Linux adds to its keyed hash a clock that is sixty times as fast and goes round every 274 s.").
		says("The initial sequence number {ISS} comes from a clock of 64 ns and a secret.", "", "ISS"),
	linux(LinuxPAWS, "A timestamp one tick old still passes",
		"RFC 7323 drops whatever is older than the newest timestamp. Linux forgives one tick, because segments of the same moment may overtake each other.").
		says("The timestamp {TSval} is one tick older than {TS.Recent}, which Linux forgives.", "", "TSval", "TS.Recent"),
	linux(LinuxSimultaneousACK, "In a simultaneous open an ACK of nothing is enough",
		"The RFC answers an ACK that does not cover our SYN with RST. After a simultaneous open Linux takes one that acknowledges just what came before it.").
		says("{SEG.ACK} does not acknowledge our SYN, but Linux takes it and the connection is ESTABLISHED.", "", "SEG.ACK"),
	linux(LinuxResetACK, "An RST that aborts carries an ACK",
		"The RFC sends an RST with a sequence number only. Linux sets the ACK bit too, with the options of any other segment.").
		says("The RST also acknowledges: {RCV.NXT} was expected next.", "", "RCV.NXT"),
	linux(LinuxSynForgiven, "One lost SYN does not shrink the initial window",
		"By RFC 5681 a lost SYN makes the connection begin with one segment. Linux forgives a single loss.").
		says("The SYN had to be sent again once; the connection begins with {segments} segments all the same.", "", "segments"),
	linux(LinuxMinMSS, "An announced MSS below 48 is not believed",
		"Tiny segments would be nearly all header. Linux sends 48 bytes a segment, however small the MSS that it is told (tcp_min_snd_mss).").
		says("", "The peer announces an MSS of {MSS} bytes. It counts as {least}.", "MSS", "least"),
	linux(LinuxProbe, "A window probe is empty and lies one number back",
		"The RFC sends a byte of new text into a shut window. Linux repeats an old number without text: the answer is the same, and nothing is thrown away.").
		says("A probe after {RTO.us}, doubled each time; {count} so far. It carries no text.", "", "RTO.us", "count"),
	linux(LinuxProbeLimit, "Probes of a shut window come to an end",
		"By the RFC a connection stays as long as its probes are answered. Linux also gives it up after 15 probes without an answer, and, when its program has closed it, once the time between two probes is as long as it can be.").
		says("The window is still shut after {elapsed.us}; {count} probes have had no answer. The connection is given up.", "", "count", "elapsed.us"),
	linux(LinuxNagle, "Only small segments make small segments wait",
		"Nagle's algorithm holds a small segment back while anything is unacknowledged. Linux lets it go unless another small one is (Minshall's variation).").
		says("{bytes} bytes go out although {flying} are not acknowledged: none of those segments is small.", "", "bytes", "flying"),
	linux(LinuxPathMSS, "The path's MTU limits the MSS that is announced",
		"The MSS option says what its sender takes. Linux announces no more than the path to the peer is known to take, as if the way back were the same.").
		says("The path is known to take {MTU} bytes, so {MSS} bytes of text are announced.", "", "MSS", "MTU"),
	linux(LinuxRestart, "A window that is not used shrinks",
		"For each retransmission timeout without text Linux halves the congestion window, and it gives up half of what the application leaves unused. Slow start may take it back to three quarters.").
		says("The window was not used for {idle.us}: it shrinks from {was} to {cwnd} bytes.", "", "was", "cwnd", "idle.us"),
	linux(LinuxSendBuffer, "A full send buffer takes a part",
		"What the peer has not acknowledged stays in the send buffer, with the records that the kernel keeps of it. A call that finds too little room takes what fits and returns that, or waits until a third of the buffer is free again.").
		says("", "The send buffer of {size} bytes takes {bytes} of {asked} bytes now.", "bytes", "asked", "size"),
	linux(LinuxWindow, "Windows are announced in whole units",
		"A scaled window can only be a multiple of its unit. The RFC cuts off what is left over; Linux rounds up and keeps what it has promised.").
		says("Windows are rounded up to a multiple of {unit} bytes.", "", "unit"),

	linux(LinuxICMPConnect, "Any ICMP error ends a connect",
		"By the RFC a soft error must not abort. Linux tells the application at once: it can try another address sooner.").
		says("Type {type}, code {code}: the connection is not made yet, and the application is told at once.", "", "type", "code"),
	linux(LinuxICMPSoft, "No ICMP error ends a connection that is made",
		"By the RFC a hard error should abort. Linux only keeps it: the peer was there a moment ago, and an attacker could have sent the message.").
		says("Type {type}, code {code}, is a hard error, but the connection is made: it is kept, and the connection goes on.", "", "type", "code"),
	linux(LinuxICMPRequest, "An ICMP error about a SYN-ACK",
		"A connection that is being made is forgotten when a router says that there is no way to the client.").
		says("Type {type}, code {code}, says nothing about the way: the request stays.", "Type {type}, code {code}: there is no way to the client. The request is forgotten, and the server goes on listening.", "type", "code"),

	lab(LabDrop, "You dropped it", "A segment that is dropped tells nobody. Both hosts find out by their clocks, if at all.").
		says("You dropped the segment.", ""),
	lab(LabDelay, "You delayed it", "A slow segment and a lost one look the same until the slow one arrives.").
		says("You let the segment arrive later.", ""),
	lab(LabHold, "You hold it", "The segment waits on the wire until you let it go.").
		says("You hold the segment.", ""),
	lab(LabRelease, "You let it go", "The segment goes the rest of its way.").
		says("You let the segment go on.", ""),
	lab(LabDuplicate, "You duplicated it", "Networks may deliver a segment twice. TCP must cope with that.").
		says("You made a copy of the segment.", ""),
	lab(LabEdit, "You changed it", "Nobody signs a TCP header: who can reach the segment can change it.").
		says("You changed the segment on its way.", ""),
	lab(LabForge, "You forged it", "Anyone can write any address and number into a segment. Whether it is believed is up to the rules of the receiver.").
		says("You put the segment on the wire.", ""),
	lab(LabRule, "A rule of the path", "The path does this to every segment that its rule names.").
		says("A rule of the path did this.", ""),
	lab(LabLoss, "Lost by chance", "The path loses a share of the segments, drawn by the seed of the run.").
		says("The path lost the segment by chance.", ""),
	lab(LabChance, "Duplicated by chance", "The path delivers a share of the segments twice, drawn by the seed of the run.").
		says("The path made a copy by chance.", ""),
	lab(LabReorder, "Held up by chance", "The path holds up a share of the segments, drawn by the seed of the run, so that later ones overtake them.").
		says("The path held the segment up by chance.", ""),
	lab(LabPassed, "The boxes on the path let it pass", "Half way the segment meets what stands on the path. None of it has anything against this one.").
		says("What stands on the path let the segment go on as it is.", ""),
	lab(LabNoHost, "Nobody has this address", "A segment to an address that neither host has is lost without a word.").
		says("No host has the address that the segment goes to. It is lost.", ""),

	lab(BoxFirewall, "A firewall drops it without a word", "The sender cannot tell a filter from a loss: it tries again and again, and gives up after a long time.").
		says("The firewall threw the segment away and says nothing.", ""),
	lab(BoxFirewallRST, "A firewall answers with RST", "The firewall writes an RST as if it were the host at the other end, so that the sender need not wait.").
		says("The firewall threw the segment away and answered with RST, in the name of the other end.", ""),
	lab(BoxFirewallICMP, "A firewall answers with ICMP", "The firewall says in its own name that the segment may not pass. What the sender makes of it depends on the code, and on whether the connection is made already.").
		says("The firewall threw the segment away and answered with an ICMP error.", ""),
	rfc(BoxNAT, "5382", "4.1", "", "A NAT writes another address into each segment",
		"Behind the NAT the client has a private address. Towards the server the NAT puts its own in its place, remembers what belongs to whom, and puts it back in what returns.").
		says("The NAT changed the address: port {outside} outside stands for port {inside} inside.", "", "inside", "outside"),
	rfc(BoxNATForgot, "5382", "5", "", "A NAT forgets a connection that is silent for long",
		"A NAT has no room for ever. When nothing passed for some time it forgets which connection it was, and both ends know nothing of it. The RFC asks for 2 hours and 4 minutes; many give less.").
		says("Nothing passed for {idle.us} and the NAT forgot the connection after {timeout.us}: it throws the segment away.", "", "idle.us", "timeout.us"),
	rfc(BoxNATUnknown, "5382", "4.3", "", "A NAT lets nothing in that nobody asked for",
		"Only a SYN from inside makes an entry in the table. What else arrives belongs to nobody and is thrown away.").
		says("The NAT knows no connection of port {port}: it throws the segment away.", "", "port"),
	lab(BoxStrip, "A box on the path takes options out", "Some boxes overwrite options that they do not know with NOPs. Each side then believes that the other one did not offer them.").
		says("A box on the path overwrote {options} of the options.", "", "options"),
	lab(BoxShift, "A box on the path moves sequence numbers", "A box that does not trust the client's initial sequence numbers adds a secret to them, and takes it off the acknowledgments that return. What it forgets to change, SACK blocks for instance, no longer fits.").
		says("A box on the path moved the client's numbers by {shift}.", "", "shift"),
	rfc(BoxSynProxy, "4987", "3.8", "", "A SYN proxy answers for the server",
		"The box makes the handshake with the client itself, and only when the client's ACK has shown that it is really there does it make one with the server. A flood of forged SYNs never reaches the server.").
		says("The SYN proxy took the segment and goes on by itself.", ""),
	rfc(BoxSynProxyShift, "4987", "3.8", "", "A SYN proxy moves the server's numbers for ever",
		"The proxy had to choose a sequence number before it knew the server's. For the rest of the connection it changes every one of them.").
		says("The SYN proxy moved the server's numbers by {shift}.", "", "shift"),
	rfc(BoxMTU, "1191", "4", "", "A router that may not cut a packet up says so",
		"The packet says don't fragment and is longer than the next link takes. The router throws it away and sends back an ICMP error with the largest length that would have fitted.").
		says("The packet has {length} bytes and the next link takes {MTU}: the router threw it away and sent an ICMP error.", "", "length", "MTU"),
	rfc(BoxMTU6, "4443", "3.2", "", "Over IPv6 no router cuts packets up",
		"The packet is longer than the next link takes. The router throws it away and sends back Packet Too Big with the largest length that would have fitted.").
		says("The packet has {length} bytes and the next link takes {MTU}: the router threw it away and sent Packet Too Big.", "", "length", "MTU"),
	rfc(BoxBlackHole, "2923", "2.1", "", "A black hole: too big, and nobody says so",
		"The packet does not fit, but the ICMP error that would say so is never sent, or filtered. Small segments pass, so the handshake works; then the first full segment vanishes, each time.").
		says("The packet has {length} bytes and the next link takes {MTU}: it vanished without a word.", "", "length", "MTU"),
	broken(BrokenHandshake, "9293", "3.5", "", "Two-way handshake: nobody asks whether the SYN is new",
		"The third segment proves that the SYN was meant now. Without it an old SYN opens a connection to nothing.").
		says("The SYN with number {SEG.SEQ} is believed at once, and nobody waits for an ACK that would show that it is not an old one.", "", "SEG.SEQ"),
	broken(BrokenISN, "9293", "3.4.1", "MUST-8", "Every connection begins with the same number",
		"A clock moves the initial number on, so that segments of an earlier connection do not fit into the next one, and who has seen one connection does not know the numbers of all.").
		says("", "The initial sequence number is {ISS} again, as always: segments of an earlier connection will fit into this one.", "ISS"),
	broken(BrokenSynSentACK, "9293", "3.10.7.3", "", "SYN-SENT: any ACK will do",
		"An ACK that does not cover our SYN answers some other SYN. The check and the RST that follows keep old answers out.").
		says("", "{SEG.ACK} is taken for an ACK of our SYN, though only a number after {ISS} and not beyond {SND.NXT} is one.", "SEG.ACK", "ISS", "SND.NXT"),
	broken(BrokenSynReceivedACK, "9293", "3.10.7.4", "", "SYN-RECEIVED: any ACK will do",
		"Only who has seen this SYN-ACK knows its number. An ACK with another one is old or forged.").
		says("", "{SEG.ACK} is taken for an ACK of our SYN, though only a number after {SND.UNA} and not beyond {SND.NXT} is one.", "SEG.ACK", "SND.UNA", "SND.NXT"),
	broken(BrokenTimeWait, "9293", "3.6.1", "MUST-13", "No TIME-WAIT: the connection is forgotten at once",
		"The side that closed first waits until all old segments are dead. Then its port may be used again.").
		says("", "The connection is forgotten at once and not after {wait.us}: its port is free while old segments are still on their way.", "wait.us"),
	broken(BrokenRST, "9293", "3.5.2", "", "No RST: nobody is told that there is no connection",
		"An RST tells a peer that it is alone. Without it the peer goes on for ever.").
		says("", "An RST with number {SEG.SEQ} should go out now and does not: the peer is not told.", "SEG.SEQ"),
	broken(BrokenRSTCheck, "5961", "3.2", "", "Any RST is believed",
		"Only an RST with exactly the next number comes from the peer of now.").
		says("", "The RST is believed, though its number is {SEG.SEQ} and not {RCV.NXT}.", "SEG.SEQ", "RCV.NXT"),
	broken(BrokenWindow, "9293", "3.10.7.4", "", "Any number is taken",
		"Numbers tell what is new, what is old and what comes next.").
		says("", "{SEG.SEQ}, {SEG.LEN} numbers long, is taken as it comes, though {RCV.NXT} is expected and the window is {RCV.WND} wide.", "SEG.SEQ", "SEG.LEN", "RCV.NXT", "RCV.WND"),
}

// places are where in the catalogue the rules are, counted from 1.
var places = func() (at [NumIDs]int) {
	for i := range catalogue {
		at[catalogue[i].ID] = i + 1
	}
	return at
}()

// All returns the catalogue in its order. The slice must not be changed.
func All() []Rule { return catalogue }

// Lookup returns the rule with this ID.
func Lookup(id ID) (Rule, bool) {
	if int(id) >= len(places) || places[id] == 0 {
		return Rule{}, false
	}
	return catalogue[places[id]-1], true
}
