package view

// A Counter is one of the counters that nstat prints.
type Counter uint8

// The counters, in the order in which nstat prints them. Names are those of the kernel (RFC 4022 for Tcp).
const (
	IpInReceives Counter = iota
	IpInDelivers
	IpOutRequests
	IpOutTransmits
	IcmpInMsgs
	IcmpInErrors
	IcmpInDestUnreachs
	IcmpInTimeExcds
	IcmpMsgInType3
	IcmpMsgInType11
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
	Ip6InReceives
	Ip6InDelivers
	Ip6OutRequests
	Ip6InOctets
	Ip6OutOctets
	Ip6InNoECTPkts
	Ip6InECT0Pkts
	Ip6OutTransmits
	Icmp6InMsgs
	Icmp6InErrors
	Icmp6InDestUnreachs
	Icmp6InPktTooBigs
	Icmp6InTimeExcds
	Icmp6InParmProblems
	Icmp6InType1
	Icmp6InType2
	Icmp6InType3
	Icmp6InType4
	SyncookiesSent
	SyncookiesRecv
	SyncookiesFailed
	EmbryonicRsts
	OutOfWindowIcmps
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
	TCPFastOpenBlackhole
	IpInOctets
	IpOutOctets
	IpInNoECTPkts
	IpInECT0Pkts
	NumCounters
)

var counterNames = [NumCounters]string{
	"IpInReceives", "IpInDelivers", "IpOutRequests", "IpOutTransmits",
	"IcmpInMsgs", "IcmpInErrors", "IcmpInDestUnreachs", "IcmpInTimeExcds", "IcmpMsgInType3", "IcmpMsgInType11",
	"TcpActiveOpens", "TcpPassiveOpens", "TcpAttemptFails", "TcpEstabResets", "TcpInSegs", "TcpOutSegs", "TcpRetransSegs",
	"TcpInErrs", "TcpOutRsts", "TcpInCsumErrors",
	"Ip6InReceives", "Ip6InDelivers", "Ip6OutRequests", "Ip6InOctets", "Ip6OutOctets", "Ip6InNoECTPkts",
	"Ip6InECT0Pkts", "Ip6OutTransmits", "Icmp6InMsgs", "Icmp6InErrors", "Icmp6InDestUnreachs", "Icmp6InPktTooBigs",
	"Icmp6InTimeExcds", "Icmp6InParmProblems", "Icmp6InType1", "Icmp6InType2", "Icmp6InType3", "Icmp6InType4",
	"TcpExtSyncookiesSent", "TcpExtSyncookiesRecv", "TcpExtSyncookiesFailed", "TcpExtEmbryonicRsts", "TcpExtOutOfWindowIcmps",
	"TcpExtTW", "TcpExtTWRecycled",
	"TcpExtPAWSActive", "TcpExtPAWSEstab", "TcpExtDelayedACKs", "TcpExtDelayedACKLost", "TcpExtListenOverflows", "TcpExtListenDrops",
	"TcpExtTCPPureAcks", "TcpExtTCPHPAcks", "TcpExtTCPRenoRecovery", "TcpExtTCPSackRecovery", "TcpExtTCPLostRetransmit",
	"TcpExtTCPFastRetrans", "TcpExtTCPSlowStartRetrans", "TcpExtTCPTimeouts", "TcpExtTCPLossProbes", "TcpExtTCPDSACKOldSent",
	"TcpExtTCPDSACKRecv", "TcpExtTCPAbortOnData", "TcpExtTCPAbortOnClose", "TcpExtTCPAbortOnTimeout", "TcpExtTCPReqQFullDoCookies",
	"TcpExtTCPReqQFullDrop", "TcpExtTCPOFOQueue", "TcpExtTCPOFODrop", "TcpExtTCPChallengeACK", "TcpExtTCPSYNChallenge",
	"TcpExtTCPFromZeroWindowAdv", "TcpExtTCPToZeroWindowAdv", "TcpExtTCPSynRetrans", "TcpExtTCPOrigDataSent",
	"TcpExtTCPACKSkippedSynRecv", "TcpExtTCPACKSkippedPAWS", "TcpExtTCPACKSkippedSeq", "TcpExtTCPACKSkippedFinWait2",
	"TcpExtTCPACKSkippedTimeWait", "TcpExtTCPACKSkippedChallenge", "TcpExtTCPWinProbe", "TcpExtTCPKeepAlive", "TcpExtTCPDelivered",
	"TcpExtTCPDeferAcceptDrop", "TcpExtTCPFastOpenActive", "TcpExtTCPFastOpenActiveFail", "TcpExtTCPFastOpenPassive",
	"TcpExtTCPFastOpenPassiveFail", "TcpExtTCPFastOpenListenOverflow", "TcpExtTCPFastOpenCookieReqd", "TcpExtTCPFastOpenBlackhole",
	"IpExtInOctets", "IpExtOutOctets", "IpExtInNoECTPkts", "IpExtInECT0Pkts",
}

// String returns the name as nstat prints it, "TcpExtListenOverflows".
func (c Counter) String() string { return counterNames[c] }

// Counters are the values of all counters of a host.
type Counters [NumCounters]uint64
