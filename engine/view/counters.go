package view

// A Counter is one of the counters that nstat prints.
type Counter uint8

// The counters, in the order in which nstat prints them. Names are those of the kernel (RFC 4022 for Tcp).
const (
	IpInReceives Counter = iota
	IpInDelivers
	IpOutRequests
	IpOutTransmits
	TcpActiveOpens
	TcpPassiveOpens
	TcpAttemptFails
	TcpEstabResets
	TcpInSegs
	TcpOutSegs
	TcpRetransSegs
	TcpInErrs
	TcpOutRsts
	TcpInCsumErrors
	SyncookiesSent
	SyncookiesRecv
	SyncookiesFailed
	EmbryonicRsts
	TW
	TWRecycled
	PAWSActive
	PAWSEstab
	DelayedACKs
	DelayedACKLost
	ListenOverflows
	ListenDrops
	TCPPureAcks
	TCPHPAcks
	TCPRenoRecovery
	TCPSackRecovery
	TCPLostRetransmit
	TCPFastRetrans
	TCPSlowStartRetrans
	TCPTimeouts
	TCPLossProbes
	TCPDSACKOldSent
	TCPDSACKRecv
	TCPAbortOnData
	TCPAbortOnClose
	TCPAbortOnTimeout
	TCPReqQFullDoCookies
	TCPReqQFullDrop
	TCPOFOQueue
	TCPOFODrop
	TCPChallengeACK
	TCPSYNChallenge
	TCPFromZeroWindowAdv
	TCPToZeroWindowAdv
	TCPSynRetrans
	TCPOrigDataSent
	TCPACKSkippedSynRecv
	TCPACKSkippedPAWS
	TCPACKSkippedSeq
	TCPACKSkippedFinWait2
	TCPACKSkippedTimeWait
	TCPACKSkippedChallenge
	TCPWinProbe
	TCPKeepAlive
	TCPDelivered
	TCPDeferAcceptDrop
	TCPFastOpenActive
	TCPFastOpenActiveFail
	TCPFastOpenPassive
	TCPFastOpenPassiveFail
	TCPFastOpenListenOverflow
	TCPFastOpenCookieReqd
	IpInOctets
	IpOutOctets
	IpInNoECTPkts
	IpInECT0Pkts
	NumCounters
)

var counterNames = [NumCounters]string{
	"IpInReceives", "IpInDelivers", "IpOutRequests", "IpOutTransmits",
	"TcpActiveOpens", "TcpPassiveOpens", "TcpAttemptFails", "TcpEstabResets", "TcpInSegs", "TcpOutSegs", "TcpRetransSegs",
	"TcpInErrs", "TcpOutRsts", "TcpInCsumErrors",
	"TcpExtSyncookiesSent", "TcpExtSyncookiesRecv", "TcpExtSyncookiesFailed", "TcpExtEmbryonicRsts", "TcpExtTW", "TcpExtTWRecycled",
	"TcpExtPAWSActive", "TcpExtPAWSEstab", "TcpExtDelayedACKs", "TcpExtDelayedACKLost", "TcpExtListenOverflows", "TcpExtListenDrops",
	"TcpExtTCPPureAcks", "TcpExtTCPHPAcks", "TcpExtTCPRenoRecovery", "TcpExtTCPSackRecovery", "TcpExtTCPLostRetransmit",
	"TcpExtTCPFastRetrans", "TcpExtTCPSlowStartRetrans", "TcpExtTCPTimeouts", "TcpExtTCPLossProbes", "TcpExtTCPDSACKOldSent",
	"TcpExtTCPDSACKRecv", "TcpExtTCPAbortOnData", "TcpExtTCPAbortOnClose", "TcpExtTCPAbortOnTimeout", "TcpExtTCPReqQFullDoCookies",
	"TcpExtTCPReqQFullDrop", "TcpExtTCPOFOQueue", "TcpExtTCPOFODrop", "TcpExtTCPChallengeACK", "TcpExtTCPSYNChallenge",
	"TcpExtTCPFromZeroWindowAdv", "TcpExtTCPToZeroWindowAdv", "TcpExtTCPSynRetrans", "TcpExtTCPOrigDataSent",
	"TcpExtTCPACKSkippedSynRecv", "TcpExtTCPACKSkippedPAWS", "TcpExtTCPACKSkippedSeq", "TcpExtTCPACKSkippedFinWait2",
	"TcpExtTCPACKSkippedTimeWait", "TcpExtTCPACKSkippedChallenge", "TcpExtTCPWinProbe", "TcpExtTCPKeepAlive", "TcpExtTCPDelivered",
	"TcpExtTCPDeferAcceptDrop", "TcpExtTCPFastOpenActive", "TcpExtTCPFastOpenActiveFail", "TcpExtTCPFastOpenPassive",
	"TcpExtTCPFastOpenPassiveFail", "TcpExtTCPFastOpenListenOverflow", "TcpExtTCPFastOpenCookieReqd",
	"IpExtInOctets", "IpExtOutOctets", "IpExtInNoECTPkts", "IpExtInECT0Pkts",
}

// String returns the name as nstat prints it, "TcpExtListenOverflows".
func (c Counter) String() string { return counterNames[c] }

// Counters are the values of all counters of a host.
type Counters [NumCounters]uint64
