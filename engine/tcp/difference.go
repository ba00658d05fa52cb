package tcp

import "github.com/handshakelab/lab/engine/rule"

// A Difference is one thing that not all profiles do alike.
type Difference struct {
	About    string    // what it is about, a few words
	Says     [3]string // what each of Profiles does, in their order
	Fields   []string  // the fields of Profile that decide it
	Rule     rule.ID   // the rule whose effects show it: where it applies, or with which numbers
	Scenario string    // a scenario of engine/testdata/scenarios in which it shows
}

// Differences returns all differences between the profiles. Where linux-classic does as linux it says the same.
func Differences() []Difference { return differences }

// both is what both kinds of Linux do where the RFC does otherwise.
func both(rfc, linux string) [3]string { return [3]string{rfc, linux, linux} }

var linuxOnly = []string{"Linux"}

var differences = []Difference{
	// The SYN.
	{"window scale", [3]string{"not offered", "10, of a buffer of 32 MiB", "7, of a buffer of 6 MiB"}, []string{"Scale", "ScaleOn"}, rule.WindowScale, "handshake-linux"},
	{"selective acknowledgments", both("not offered", "offered"), []string{"SACK"}, rule.SACKPermitted, "handshake-linux"},
	{"timestamps", both("not offered", "offered"), []string{"Timestamps"}, rule.Timestamps, "handshake-linux"},
	{"first window", both("the whole buffer, 65535", "as many whole segments as fit, 64240 or 65160"), []string{"WholeMSS", "RcvMem"}, rule.ActiveOpen, "handshake-linux"},
	{"unit of windows", both("rounded down", "rounded up, and a promise is kept"), linuxOnly, rule.LinuxWindow, "handshake-linux"},
	{"smallest MSS", both("whatever the peer says", "48 bytes at least"), linuxOnly, rule.LinuxMinMSS, "tiny-mss-linux"},
	{"congestion notification", both("no", "agreed to when the peer asks"), []string{"ECN"}, rule.ECN, "ecn-linux"},
	{"Fast Open", both("no", "as a client"), []string{"FastOpen"}, rule.FastOpenRequest, "fastopen-linux"},
	{"a server that gives no Fast Open cookie", both("asked the same way again", "asked in the form of the experiment once"), linuxOnly, rule.LinuxFastOpenForms, "fastopen-refused-linux"},
	{"Fast Open after a failure", both("left alone with that port for an hour and more", "tried again at once"), []string{"FastOpenPause"}, rule.FastOpenPaused, "fastopen-left-alone"},
	{"what pauses Fast Open, if anything", both("one failure, with one port", "three timeouts in a row, with everybody"), linuxOnly, rule.LinuxFastOpenBlackhole, "fastopen-blackhole-linux"},
	{"clock of initial sequence numbers", both("4 µs", "64 ns"), linuxOnly, rule.LinuxISN, "generated-isn"},

	// Lost segments.
	{"SYN timeouts before they double", [3]string{"none", "4", "none"}, []string{"SynLinear"}, rule.LinuxSynLinear, "blackhole-linux"},
	{"giving up a SYN", [3]string{"after 3 minutes", "after 10 retransmissions, 131 s", "after 6 retransmissions, 127 s"}, []string{"SynRetries", "SynGiveUp", "Linux"}, rule.LinuxGiveUp, "blackhole-linux"},
	{"giving up a SYN-ACK", both("after 3 minutes", "after 5 retransmissions, 63 s"), []string{"SynAckRetry", "Linux"}, rule.LinuxGiveUp, "syn-ack-blackhole"},
	{"giving up text", both("after 100 s", "after 15 retransmissions, about 15 minutes"), []string{"Retries", "GiveUp", "Linux"}, rule.LinuxGiveUp, "data-blackhole-linux"},
	{"giving up what a closed socket sends", both("after 100 s", "after 8 retransmissions"), []string{"OrphanRetry", "Linux"}, rule.LinuxGiveUp, "fin-blackhole-linux"},
	{"shortest retransmission timeout", both("1 s", "round trip and 200 ms"), []string{"RTOMin", "Linux"}, rule.RTTFirst, "handshake-linux"},
	{"longest retransmission timeout", both("60 s", "120 s"), []string{"RTOMax"}, rule.RTODouble, "data-blackhole-linux"},
	{"timeout after a lost SYN", both("3 s", "3 s if no round trip was measured"), linuxOnly, rule.RTOAfterSyn, "syn-lost"},
	{"initial window after a lost SYN", both("one segment", "as ever, unless more than one was lost"), linuxOnly, rule.LinuxSynForgiven, "syn-lost"},
	{"initial window", both("2 to 4 segments (RFC 5681)", "10 segments (RFC 6928)"), []string{"InitialSegs"}, rule.Send, "initial-window-linux"},
	{"the congestion window after a pause", both("the initial window", "half for each timeout, and half of what was not used"), linuxOnly, rule.LinuxRestart, "idle-restart-linux"},
	{"repair of a loss", both("half the window, RFC 5681", "0.7 of it, RFC 6937"), linuxOnly, rule.LinuxPRR, "data-lost-sack-linux"},
	{"tail loss probe", both("no", "after two round trips, if SACK is agreed"), []string{"LossProbe"}, rule.LossProbe, "handshake-linux"},
	{"delayed acknowledgments", both("no", "40 ms at most"), []string{"AckDelay"}, rule.AckDelayed, "delayed-ack-linux"},
	{"Nagle's algorithm", both("small segments wait for all that is out", "small segments wait for small ones"), linuxOnly, rule.LinuxNagle, "nagle-linux"},
	{"send buffer", both("128 KiB of text", "records count too, grows with the congestion window, and a third of it must be free"), []string{"SendBuf", "SendBufMax", "Linux"}, rule.LinuxSendBuffer, "send-buffer-linux"},
	{"probe of a shut window", both("one byte of text", "empty, one number back"), linuxOnly, rule.LinuxProbe, "window-shut-linux"},
	{"how long a shut window is probed", both("as long as the probes are answered", "until the user timeout, for 15 probes without an answer, or until nobody waits any more"), linuxOnly, rule.LinuxProbeLimit, "window-shut-orphan-linux"},

	// Queues of a server.
	{"half-made connections", [3]string{"one more than the backlog", "one more than the backlog", "as many as the backlog"}, []string{"SynQueueRoom"}, rule.CookieSent, "syn-cookies-queue-full-linux"},
	{"SYN cookies", both("no", "when the SYN queue is full"), []string{"SynCookies"}, rule.CookieSent, "syn-cookies-queue-full-linux"},

	{"old half-made connections", both("kept to the end of their time", "given up sooner when the queue is more than half full"), linuxOnly, rule.SynQueueOld, "syn-flood-linux"},
	{"a crowd without SYN cookies", both("the queue fills up", "the last quarter is kept for known peers"), linuxOnly, rule.SynBacklog, "syn-flood-linux"},

	// Segments that are not what they should be.
	{"SYN with FIN for a listener", both("answered", "dropped"), linuxOnly, rule.LinuxListenFIN, "syn-with-fin"},
	{"wrong ACK in SYN-SENT", both("RST", "RST, and the SYN again after 8 ms"), linuxOnly, rule.LinuxSynAgain, "wrong-ack-in-syn-sent-linux"},
	{"echo of a timestamp that was never sent", both("ignored", "RST"), linuxOnly, rule.LinuxEcho, "wrong-echo-linux"},
	{"the same SYN again", both("ACK", "SYN-ACK again"), linuxOnly, rule.LinuxSynAckAgain, "syn-duplicated-linux"},
	{"wrong ACK in SYN-RECEIVED", both("checked after the sequence number", "checked first"), linuxOnly, rule.LinuxRequestACK, "wrong-segments-in-syn-received-linux"},
	{"new SYN in SYN-RECEIVED", both("back to LISTEN", "RST, and back to LISTEN"), linuxOnly, rule.LinuxRequestSYN, "wrong-segments-in-syn-received-linux"},
	{"SYN-ACK of a simultaneous open", both("acknowledged only", "completes the connection"), linuxOnly, rule.LinuxSimultaneous, "simultaneous-open-linux"},
	{"ACK of nothing in a simultaneous open", both("RST", "completes the connection"), linuxOnly, rule.LinuxSimultaneousACK, "simultaneous-open-old-ack-linux"},
	{"ACK field of old text", both("ignored", "used"), linuxOnly, rule.LinuxSequence, "data-duplicated-linux"},
	{"what arrives twice", both("ACK", "ACK that names it in a SACK block"), linuxOnly, rule.DSACK, "data-duplicated-linux"},
	{"ACK of what was never sent", both("taken if not older than a window", "challenged"), linuxOnly, rule.LinuxACKUnsent, "handshake-linux"},
	{"timestamp one tick old", both("dropped", "forgiven"), linuxOnly, rule.LinuxPAWS, "timestamp-one-tick-old-linux"},
	{"answers to unacceptable segments", both("all", "one in 500 ms"), []string{"RateLimit"}, rule.RateLimit, "syn-duplicated-linux"},

	// What the network says.
	{"a soft ICMP error for a SYN", both("kept, and the SYN goes out again", "the application is told at once"), linuxOnly, rule.LinuxICMPConnect, "host-unreachable-linux"},
	{"an ICMP error for a SYN-ACK", both("only a hard one ends the attempt", "only a soft one does"), linuxOnly, rule.LinuxICMPRequest, "icmp-for-syn-ack-linux"},
	{"a hard ICMP error for text", both("aborts the connection", "kept, and the connection goes on"), linuxOnly, rule.LinuxICMPSoft, "icmp-hard-in-established-linux"},
	{"no route while text is sent again", both("the timeout stays doubled", "the last doubling is taken back"), linuxOnly, rule.RevertBackOff, "net-unreachable-data-linux"},
	{"the MSS announced on a path that takes less than the link", both("what the link takes", "what the path takes"), linuxOnly, rule.LinuxPathMSS, "mtu-fastopen-linux"},
	{"the smallest path MTU that is believed", both("68 bytes", "552 bytes"), linuxOnly, rule.PathMTU, "mtu-attack"},

	// The end.
	{"an RST that aborts", both("RST", "RST,ACK"), linuxOnly, rule.LinuxResetACK, "abort-linux"},
	{"words for a reset", both("ECONNREFUSED in SYN-RECEIVED, none while closing", "ECONNRESET, in CLOSE-WAIT EPIPE"), linuxOnly, rule.LinuxResetErrno, "rst-of-fin-linux"},
	{"RST with the number of the FIN", both("outside the window", "resets"), linuxOnly, rule.LinuxRSTOfFIN, "rst-of-fin-linux"},
	{"FIN-WAIT-2 of a closed socket", both("for ever", "60 s"), []string{"FinWait"}, rule.LinuxFinWait, "fin-wait-2-linux"},
	{"text for a closed socket", both("taken and thrown away", "RST"), linuxOnly, rule.LinuxOrphanReset, "text-after-close-linux"},
	{"old segments for a closed socket", both("acknowledged", "ignored"), linuxOnly, rule.LinuxOrphanIgnore, "fin-wait-2-linux"},
	{"TIME-WAIT", both("4 minutes", "60 s"), []string{"MSL"}, rule.TimeWait, "time-wait"},
	{"any segment in TIME-WAIT", both("only a FIN starts the wait anew", "any ACK starts the wait anew, whatever its number"), linuxOnly, rule.LinuxTimeWaitAgain, "time-wait-linux"},
	{"SYN in TIME-WAIT", both("challenged", "opens a new connection if its numbers are larger"), linuxOnly, rule.TimeWaitSYN, "time-wait-reused"},
	{"port in TIME-WAIT", both("never reused", "reused by a bound socket, with timestamps"), []string{"TWReuse", "Linux"}, rule.TimeWaitPort, "time-wait-port-linux"},
}
