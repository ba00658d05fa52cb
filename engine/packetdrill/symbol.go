package packetdrill

import (
	"fmt"
	"slices"
	"strings"
)

// symbols are the constants of Linux on x86-64 that scripts name, as in its headers.
var symbols = map[string]int64{
	"AF_UNSPEC": 0, "AF_UNIX": 1, "AF_INET": afInet, "AF_INET6": afInet6, "PF_INET": afInet, "PF_INET6": afInet6,
	"SOCK_STREAM": sockStream, "SOCK_DGRAM": 2, "SOCK_RAW": 3, "SOCK_NONBLOCK": oNonblock, "SOCK_CLOEXEC": oCloexec,
	"IPPROTO_IP": 0, "IPPROTO_ICMP": 1, "IPPROTO_TCP": ipprotoTCP, "IPPROTO_UDP": 17, "IPPROTO_IPV6": ipprotoIPv6, "IPPROTO_ICMPV6": 58, "IPPROTO_MPTCP": 262,
	"SOL_IP": 0, "SOL_SOCKET": solSocket, "SOL_TCP": ipprotoTCP, "SOL_UDP": 17, "SOL_IPV6": ipprotoIPv6,

	"SO_DEBUG": 1, "SO_REUSEADDR": soReuseAddr, "SO_TYPE": soType, "SO_ERROR": soError, "SO_DONTROUTE": 5, "SO_BROADCAST": 6, "SO_SNDBUF": soSndBuf,
	"SO_RCVBUF": soRcvBuf, "SO_KEEPALIVE": soKeepalive, "SO_OOBINLINE": 10, "SO_NO_CHECK": 11, "SO_PRIORITY": soPriority, "SO_LINGER": soLinger,
	"SO_BSDCOMPAT": 14, "SO_REUSEPORT": soReusePort, "SO_PASSCRED": 16, "SO_PEERCRED": 17, "SO_RCVLOWAT": soRcvLowat, "SO_SNDLOWAT": 19,
	"SO_RCVTIMEO": 20, "SO_SNDTIMEO": 21, "SO_BINDTODEVICE": 25, "SO_ATTACH_FILTER": 26, "SO_DETACH_FILTER": 27, "SO_PEERNAME": 28,
	"SO_TIMESTAMP": 29, "SO_ACCEPTCONN": soAcceptConn, "SO_PEERSEC": 31, "SO_MARK": soMark, "SO_TIMESTAMPING": 37, "SO_PROTOCOL": soProtocol,
	"SO_DOMAIN": soDomain, "SO_BUSY_POLL": 46, "SO_MAX_PACING_RATE": soMaxPacingRate, "SO_INCOMING_CPU": 49, "SO_MEMINFO": 55, "SO_ZEROCOPY": soZerocopy, "SO_TXTIME": 61,
	"SO_EE_ORIGIN_NONE": 0, "SO_EE_ORIGIN_LOCAL": 1, "SO_EE_ORIGIN_ICMP": 2, "SO_EE_ORIGIN_ICMP6": 3, "SO_EE_ORIGIN_TIMESTAMPING": 4,
	"SO_EE_ORIGIN_ZEROCOPY": 5, "SO_EE_CODE_ZEROCOPY_COPIED": 1, "SCM_TIMESTAMPING": 37, "SCM_TSTAMP_SND": 0, "SCM_TSTAMP_SCHED": 1,
	"SCM_TSTAMP_ACK": 2, "SCM_TIMESTAMPING_OPT_STATS": 54,
	"SOF_TIMESTAMPING_TX_HARDWARE": 1, "SOF_TIMESTAMPING_TX_SOFTWARE": 2, "SOF_TIMESTAMPING_RX_HARDWARE": 4, "SOF_TIMESTAMPING_RX_SOFTWARE": 8,
	"SOF_TIMESTAMPING_SOFTWARE": 16, "SOF_TIMESTAMPING_SYS_HARDWARE": 32, "SOF_TIMESTAMPING_RAW_HARDWARE": 64, "SOF_TIMESTAMPING_OPT_ID": 128,
	"SOF_TIMESTAMPING_TX_SCHED": 256, "SOF_TIMESTAMPING_TX_ACK": 512, "SOF_TIMESTAMPING_OPT_CMSG": 1024, "SOF_TIMESTAMPING_OPT_TSONLY": 2048,
	"SOF_TIMESTAMPING_OPT_STATS": 4096,

	"TCP_NODELAY": tcpNodelay, "TCP_MAXSEG": tcpMaxseg, "TCP_CORK": tcpCork, "TCP_KEEPIDLE": tcpKeepIdle, "TCP_KEEPINTVL": tcpKeepIntvl,
	"TCP_KEEPCNT": tcpKeepCnt, "TCP_SYNCNT": tcpSyncnt, "TCP_LINGER2": tcpLinger2, "TCP_DEFER_ACCEPT": tcpDeferAccept,
	"TCP_WINDOW_CLAMP": tcpWindowClamp, "TCP_INFO": 11, "TCP_QUICKACK": tcpQuickack, "TCP_CONGESTION": tcpCongestion, "TCP_MD5SIG": 14,
	"TCP_COOKIE_TRANSACTIONS": 15, "TCP_THIN_LINEAR_TIMEOUTS": 16, "TCP_THIN_DUPACK": 17, "TCP_USER_TIMEOUT": tcpUserTimeout, "TCP_REPAIR": 19,
	"TCP_FASTOPEN": tcpFastopen, "TCP_TIMESTAMP": 24, "TCP_NOTSENT_LOWAT": tcpNotsentLowat, "TCP_CC_INFO": 26, "TCP_SAVE_SYN": 27, "TCP_SAVED_SYN": 28,
	"TCP_FASTOPEN_CONNECT": tcpFastopenConnect, "TCP_ULP": 31, "TCP_MD5SIG_EXT": 32, "TCP_FASTOPEN_KEY": tcpFastopenKey,
	"TCP_FASTOPEN_NO_COOKIE": tcpFastopenNoCookie, "TCP_ZEROCOPY_RECEIVE": 35, "TCP_INQ": tcpInq, "TCP_CM_INQ": tcpInq, "TCP_TX_DELAY": 37,
	"TCP_INFINITE_SSTHRESH": 0x7fffffff,
	"TCP_CA_OPEN":           0, "TCP_CA_DISORDER": 1, "TCP_CA_CWR": 2, "TCP_CA_RECOVERY": 3, "TCP_CA_LOSS": 4,

	"IP_TOS": ipTOS, "IP_TTL": ipTTL, "IP_MTU_DISCOVER": ipMTUDiscover, "IP_RECVERR": ipRecverr, "IP_MTU": ipMTU, "IP_FREEBIND": ipFreebind,
	"IP_BIND_ADDRESS_NO_PORT": ipBindAddressNoPort, "IP_LOCAL_PORT_RANGE": ipLocalPortRange, "IP_PMTUDISC_DONT": 0, "IP_PMTUDISC_WANT": 1,
	"IP_PMTUDISC_DO": 2, "IP_PMTUDISC_PROBE": 3, "IPV6_UNICAST_HOPS": ipv6UnicastHops, "IPV6_MTU_DISCOVER": ipv6MTUDiscover,
	"IPV6_MTU": ipv6MTU, "IPV6_RECVERR": ipv6Recverr, "IPV6_HOPLIMIT": 52, "IPV6_TCLASS": ipv6Tclass, "IPV6_V6ONLY": ipv6V6only,

	"O_RDONLY": 0, "O_WRONLY": 1, "O_RDWR": oRdwr, "O_ACCMODE": 3, "O_CREAT": 0x40, "O_EXCL": 0x80, "O_NOCTTY": 0x100, "O_TRUNC": 0x200,
	"O_APPEND": 0x400, "O_NONBLOCK": oNonblock, "O_CLOEXEC": oCloexec,
	"F_DUPFD": 0, "F_GETFD": 1, "F_SETFD": 2, "F_GETFL": fGetfl, "F_SETFL": fSetfl, "F_GETLK": 5, "F_SETLK": 6, "F_SETLKW": 7, "F_SETOWN": 8,
	"F_GETOWN": 9, "F_SETSIG": 10, "F_GETSIG": 11, "FD_CLOEXEC": 1, "F_DUPFD_CLOEXEC": 1030,
	"SEEK_SET": 0, "SEEK_CUR": 1, "SEEK_END": 2, "SHUT_RD": shutRd, "SHUT_WR": shutWr, "SHUT_RDWR": shutRdwr,

	"MSG_OOB": 1, "MSG_PEEK": msgPeek, "MSG_DONTROUTE": 4, "MSG_CTRUNC": 8, "MSG_PROXY": 0x10, "MSG_TRUNC": msgTrunc, "MSG_DONTWAIT": msgDontwait,
	"MSG_EOR": msgEor, "MSG_WAITALL": msgWaitall, "MSG_FIN": 0x200, "MSG_SYN": 0x400, "MSG_CONFIRM": 0x800, "MSG_RST": 0x1000, "MSG_ERRQUEUE": 0x2000,
	"MSG_NOSIGNAL": msgNosignal, "MSG_MORE": msgMore, "MSG_ZEROCOPY": msgZerocopy, "MSG_FASTOPEN": msgFastopen, "MSG_CMSG_CLOEXEC": 0x40000000,

	"SIOCINQ": siocinq, "FIONREAD": siocinq, "SIOCOUTQ": siocoutq, "TIOCOUTQ": siocoutq, "SIOCOUTQNSD": siocoutqnsd, "FIONBIO": 0x5421,
	"POLLIN": pollIn, "POLLPRI": 2, "POLLOUT": pollOut, "POLLERR": pollErr, "POLLHUP": pollHup, "POLLNVAL": 0x20, "POLLRDNORM": pollRdnorm,
	"POLLRDBAND": 0x80, "POLLWRNORM": pollWrnorm, "POLLWRBAND": 0x200, "POLLMSG": 0x400, "POLLRDHUP": pollRdhup,
	"EPOLLIN": 1, "EPOLLPRI": 2, "EPOLLOUT": 4, "EPOLLERR": 8, "EPOLLHUP": 0x10, "EPOLLRDHUP": 0x2000, "EPOLLET": 1 << 31, "EPOLLONESHOT": 1 << 30,
	"EPOLL_CTL_ADD": 1, "EPOLL_CTL_DEL": 2, "EPOLL_CTL_MOD": 3,
	"CAP_PERMITTED": 1, "CAP_EFFECTIVE": 0, "CAP_NET_ADMIN": 12, "CAP_SET": 1, "CAP_CLEAR": 0, "NULL": 0,
}

// The constants that the runner itself needs.
const (
	afInet     = 2
	afInet6    = 10
	sockStream = 1
	ipprotoTCP = 6
	solSocket  = 1
	oRdwr      = 2
	oNonblock  = 0x800
	oCloexec   = 0x80000
	fGetfl     = 3
	fSetfl     = 4
	shutRd     = 0
	shutWr     = 1
	shutRdwr   = 2

	ipprotoIP           = 0
	ipTOS               = 1
	ipTTL               = 2
	ipMTUDiscover       = 10
	ipMTU               = 14
	ipRecverr           = 11
	ipFreebind          = 15
	ipBindAddressNoPort = 24
	ipLocalPortRange    = 51

	ipprotoIPv6     = 41
	ipv6UnicastHops = 16
	ipv6MTUDiscover = 23
	ipv6MTU         = 24
	ipv6Recverr     = 25
	ipv6V6only      = 26
	ipv6Tclass      = 67

	soPriority      = 12
	soMark          = 36
	soMaxPacingRate = 47
	soZerocopy      = 60

	tcpInq = 36

	soReuseAddr  = 2
	soType       = 3
	soError      = 4
	soSndBuf     = 7
	soRcvBuf     = 8
	soKeepalive  = 9
	soLinger     = 13
	soReusePort  = 15
	soRcvLowat   = 18
	soAcceptConn = 30
	soProtocol   = 38
	soDomain     = 39

	tcpNodelay          = 1
	tcpMaxseg           = 2
	tcpCork             = 3
	tcpKeepIdle         = 4
	tcpKeepIntvl        = 5
	tcpKeepCnt          = 6
	tcpSyncnt           = 7
	tcpLinger2          = 8
	tcpDeferAccept      = 9
	tcpWindowClamp      = 10
	tcpQuickack         = 12
	tcpCongestion       = 13
	tcpUserTimeout      = 18
	tcpFastopen         = 23
	tcpNotsentLowat     = 25
	tcpFastopenConnect  = 30
	tcpFastopenKey      = 33
	tcpFastopenNoCookie = 34

	msgPeek     = 2
	msgTrunc    = 0x20
	msgDontwait = 0x40
	msgEor      = 0x80
	msgWaitall  = 0x100
	msgNosignal = 0x4000
	msgMore     = 0x8000
	msgFastopen = 0x20000000
	msgZerocopy = 0x4000000

	siocinq     = 0x541b
	siocoutq    = 0x5411
	siocoutqnsd = 0x894b

	pollIn     = 1
	pollOut    = 4
	pollErr    = 8
	pollHup    = 0x10
	pollRdnorm = 0x40
	pollWrnorm = 0x100
	pollRdhup  = 0x2000
)

// An errno is the error of a call, by its name in Linux; "" is none.
type errno string

// errnoNumbers are the errors of Linux. A script may also use a name as a number, as in [ECONNREFUSED].
var errnoNumbers = map[string]int64{
	"EPERM": 1, "ENOENT": 2, "EINTR": 4, "EIO": 5, "EBADF": 9, "EAGAIN": 11, "EWOULDBLOCK": 11, "ENOMEM": 12, "EACCES": 13, "EFAULT": 14, "EBUSY": 16,
	"EEXIST": 17, "ENODEV": 19, "EINVAL": 22, "ENFILE": 23, "EMFILE": 24, "ENOTTY": 25, "EFBIG": 27, "ENOSPC": 28, "ESPIPE": 29, "EPIPE": 32,
	"EDOM": 33, "ERANGE": 34, "ENOSYS": 38, "ENODATA": 61, "EPROTO": 71, "EBADMSG": 74, "EOVERFLOW": 75, "ENOTSOCK": 88, "EDESTADDRREQ": 89,
	"EMSGSIZE": 90, "EPROTOTYPE": 91, "ENOPROTOOPT": 92, "EPROTONOSUPPORT": 93, "ESOCKTNOSUPPORT": 94, "EOPNOTSUPP": 95, "ENOTSUP": 95,
	"EPFNOSUPPORT": 96, "EAFNOSUPPORT": 97, "EADDRINUSE": 98, "EADDRNOTAVAIL": 99, "ENETDOWN": 100, "ENETUNREACH": 101, "ENETRESET": 102,
	"ECONNABORTED": 103, "ECONNRESET": 104, "ENOBUFS": 105, "EISCONN": 106, "ENOTCONN": 107, "ESHUTDOWN": 108, "ETOOMANYREFS": 109, "ETIMEDOUT": 110,
	"ECONNREFUSED": 111, "EHOSTDOWN": 112, "EHOSTUNREACH": 113, "EALREADY": 114, "EINPROGRESS": 115, "ESTALE": 116,
}

func errnoNames() []string {
	names := make([]string, 0, len(errnoNumbers))
	for n := range errnoNumbers {
		names = append(names, n)
	}
	slices.Sort(names)
	return names
}

// symbol is the value of a name in a script.
func symbol(name string) (int64, bool) {
	if n, ok := symbols[name]; ok {
		return n, true
	}
	n, ok := errnoNumbers[name]
	return n, ok
}

// symbolNames are all names, for hints.
func symbolNames() []string {
	names := errnoNames()
	for n := range symbols {
		names = append(names, n)
	}
	slices.Sort(names)
	return names
}

// bitNames prints a set of bits by the names of a prefix, "POLLIN|POLLOUT".
func bitNames(bits int64, names ...string) string {
	var out []string
	for _, n := range names {
		if v := symbols[n]; bits&v != 0 {
			out = append(out, n)
			bits &^= v
		}
	}
	if bits != 0 || len(out) == 0 {
		out = append(out, fmt.Sprintf("%d", bits))
	}
	return strings.Join(out, "|")
}
