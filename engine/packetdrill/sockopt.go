package packetdrill

import (
	"github.com/handshakelab/lab/engine/tcp"
	"github.com/handshakelab/lab/engine/wire"
)

// sockopts are the options of a socket. A connection that is accepted inherits those of its listener.
type sockopts struct {
	values    map[optionName]int64
	linger    bool
	lingerFor int64
	text      map[optionName]string
}

// An optionName is a socket option.
type optionName struct{ level, name int64 }

func newSockopts() *sockopts {
	return &sockopts{values: map[optionName]int64{}, text: map[optionName]string{}}
}

func (o *sockopts) clone() *sockopts {
	c := newSockopts()
	c.linger, c.lingerFor = o.linger, o.lingerFor
	for k, v := range o.values {
		c.values[k] = v
	}
	for k, v := range o.text {
		c.text[k] = v
	}
	return c
}

// mark gives a segment what the options say of the IP header.
func (o *sockopts) mark(seg *wire.Segment) {
	const ecn = 3
	tos, ttl := optionName{ipprotoIP, ipTOS}, optionName{ipprotoIP, ipTTL}
	if seg.Is6() {
		tos, ttl = optionName{ipprotoIPv6, ipv6Tclass}, optionName{ipprotoIPv6, ipv6UnicastHops}
	}
	seg.TOS |= uint8(o.values[tos]) &^ ecn
	if ttl := o.values[ttl]; ttl > 0 {
		seg.TTL = uint8(ttl)
	}
}

// onHost is the call that lets the host's descriptor know of an option; ok is false for options that it has no part in.
func (o *sockopts) onHost(k *kernel, name optionName) (c tcp.Call, ok bool) {
	value := func(n optionName) tcp.Time {
		if v, ok := o.values[n]; ok {
			return tcp.Time(v)
		}
		return tcp.Time(sockoptKinds[n].initial(k))
	}
	c = tcp.Call{Verb: tcp.CallSet, Values: [3]tcp.Time{value(name)}}
	switch name {
	case optionName{solSocket, soKeepalive}, optionName{ipprotoTCP, tcpKeepIdle}, optionName{ipprotoTCP, tcpKeepIntvl}, optionName{ipprotoTCP, tcpKeepCnt}:
		c.Option, c.Values = tcp.KeepAlive, [3]tcp.Time{}
		if value(optionName{solSocket, soKeepalive}) != 0 {
			c.Values = [3]tcp.Time{value(optionName{ipprotoTCP, tcpKeepIdle}) * tcp.Second, value(optionName{ipprotoTCP, tcpKeepIntvl}) * tcp.Second,
				value(optionName{ipprotoTCP, tcpKeepCnt})}
		}
	case optionName{solSocket, soLinger}:
		c.Option, c.Values[0] = tcp.Linger, tcp.Time(asBit(o.linger && o.lingerFor == 0))
	case optionName{ipprotoTCP, tcpUserTimeout}:
		c.Option, c.Values[0] = tcp.UserTimeout, c.Values[0]*tcp.Millisecond
	case optionName{ipprotoTCP, tcpDeferAccept}, optionName{ipprotoTCP, tcpLinger2}:
		c.Option, c.Values[0] = tcp.DeferAccept, max(c.Values[0], 0)*tcp.Second
		if name.name == tcpLinger2 {
			c.Option = tcp.Linger2
		}
	case optionName{ipprotoIP, ipLocalPortRange}:
		c.Option, c.Values = tcp.LocalPorts, [3]tcp.Time{c.Values[0] & 0xffff, c.Values[0] >> 16}
	default:
		c.Option, ok = hostOptions[name]
		return c, ok
	}
	return c, true
}

// hostOptions are the options whose value the host takes as it is.
var hostOptions = map[optionName]tcp.SockOpt{
	{solSocket, soReuseAddr}:         tcp.ReuseAddr,
	{solSocket, soRcvBuf}:            tcp.RecvBuffer,
	{solSocket, soSndBuf}:            tcp.SendBuffer,
	{ipprotoTCP, tcpNodelay}:         tcp.NoDelay,
	{ipprotoTCP, tcpMaxseg}:          tcp.MaxSeg,
	{ipprotoTCP, tcpSyncnt}:          tcp.SynCount,
	{ipprotoTCP, tcpFastopen}:        tcp.FastOpenQueue,
	{ipprotoTCP, tcpNotsentLowat}:    tcp.NotSent,
	{ipprotoTCP, tcpFastopenConnect}: tcp.FastOpenConnect,
}

// A sockoptKind is what there is to know of an option.
type sockoptKind struct {
	least, most int64 // what may be set
	initial     func(k *kernel) int64
	stored      func(v int64) int64 // what is read after v was set; nil is v
	readOnly    bool
}

func fixed(v int64) func(*kernel) int64 { return func(*kernel) int64 { return v } }

func asBool(v int64) int64 {
	if v != 0 {
		return 1
	}
	return 0
}

const (
	maxInt    = 1<<31 - 1
	maxUint32 = 1<<32 - 1
)

// sockoptKinds are the options that a socket has here.
var sockoptKinds = map[optionName]sockoptKind{
	{solSocket, soReuseAddr}:  {-maxInt, maxInt, fixed(0), asBool, false},
	{solSocket, soReusePort}:  {-maxInt, maxInt, fixed(0), asBool, false},
	{solSocket, soType}:       {0, 0, fixed(sockStream), nil, true},
	{solSocket, soProtocol}:   {0, 0, fixed(ipprotoTCP), nil, true},
	{solSocket, soDomain}:     {0, 0, func(k *kernel) int64 { return k.family }, nil, true},
	{solSocket, soAcceptConn}: {0, 0, fixed(0), nil, true},
	{solSocket, soError}:      {0, 0, fixed(0), nil, true},
	{solSocket, soLinger}:     {0, 0, fixed(0), nil, false},
	{solSocket, soRcvLowat}:   {0, 1, fixed(1), func(v int64) int64 { return max(v, 1) }, false},
	{solSocket, soKeepalive}:  {-maxInt, maxInt, fixed(0), asBool, false},
	{solSocket, soRcvBuf}:     {0, maxInt, func(k *kernel) int64 { return k.settings.rcvBuf }, nil, false},
	{solSocket, soSndBuf}:     {0, maxInt, fixed(0), nil, false},

	{ipprotoTCP, tcpNodelay}:         {-maxInt, maxInt, fixed(0), asBool, false},
	{ipprotoTCP, tcpMaxseg}:          {88, 32767, fixed(536), nil, false},
	{ipprotoTCP, tcpKeepIdle}:        {1, 32767, func(k *kernel) int64 { return int64(k.settings.keepIdle / tcp.Second) }, nil, false},
	{ipprotoTCP, tcpKeepIntvl}:       {1, 32767, func(k *kernel) int64 { return int64(k.settings.keepIntvl / tcp.Second) }, nil, false},
	{ipprotoTCP, tcpKeepCnt}:         {1, 127, func(k *kernel) int64 { return k.settings.keepCount }, nil, false},
	{ipprotoTCP, tcpSyncnt}:          {1, 127, func(k *kernel) int64 { return int64(k.settings.profile.SynRetries) }, nil, false},
	{ipprotoTCP, tcpLinger2}:         {-maxInt, 120, func(k *kernel) int64 { return int64(k.settings.profile.FinWait / tcp.Second) }, func(v int64) int64 { return max(v, -1) }, false},
	{ipprotoTCP, tcpUserTimeout}:     {0, maxInt, fixed(0), nil, false},
	{ipprotoTCP, tcpDeferAccept}:     {-maxInt, maxInt, fixed(0), deferred, false},
	{ipprotoTCP, tcpQuickack}:        {0, 1, fixed(1), nil, false},
	{ipprotoTCP, tcpFastopen}:        {0, maxInt, fixed(0), nil, false},
	{ipprotoTCP, tcpFastopenConnect}: {0, 1, fixed(0), nil, false},
	{ipprotoTCP, tcpInq}:             {0, 1, fixed(0), nil, false},
	{ipprotoTCP, tcpCongestion}:      {0, 0, fixed(0), nil, false},
	// These change nothing that a segment shows.
	{solSocket, soPriority}:          {0, maxInt, fixed(0), nil, false},
	{solSocket, soMark}:              {0, maxInt, fixed(0), nil, false},
	{solSocket, soZerocopy}:          {0, 1, fixed(0), nil, false},
	{solSocket, soMaxPacingRate}:     {-1, 1 << 62, fixed(maxUint32), nil, false},
	{ipprotoTCP, tcpNotsentLowat}:    {-1, maxUint32, fixed(maxUint32), nil, false},
	{ipprotoIP, ipMTUDiscover}:       {0, 5, fixed(1), nil, false},
	{ipprotoIP, ipRecverr}:           {0, 1, fixed(0), asBool, false},
	{ipprotoIP, ipFreebind}:          {0, 1, fixed(0), asBool, false},
	{ipprotoIP, ipBindAddressNoPort}: {0, 1, fixed(0), asBool, false},
	{ipprotoIP, ipLocalPortRange}:    {0, maxUint32, fixed(0), nil, false},
	{ipprotoIP, ipTOS}:               {0, 255, fixed(0), nil, false},
	{ipprotoIP, ipTTL}:               {1, 255, fixed(64), nil, false},
	{ipprotoIP, ipMTU}:               {0, 0, fixed(0), nil, true},
	{ipprotoIPv6, ipv6MTU}:           {0, 0, fixed(0), nil, true},
	{ipprotoIPv6, ipv6MTUDiscover}:   {0, 5, fixed(1), nil, false},
	{ipprotoIPv6, ipv6Recverr}:       {0, 1, fixed(0), asBool, false},
	{ipprotoIPv6, ipv6V6only}:        {0, 1, fixed(0), asBool, false},
	{ipprotoIPv6, ipv6Tclass}:        {-1, 255, fixed(0), nil, false},
	{ipprotoIPv6, ipv6UnicastHops}:   {-1, 255, fixed(64), nil, false},
}

// deferred is how long TCP_DEFER_ACCEPT really waits: until a retransmission of the SYN-ACK (secs_to_retrans of the
// kernel).
func deferred(v int64) int64 {
	total, timeout := int64(0), int64(1)
	for total < v {
		total += timeout
		timeout = min(2*timeout, 120)
	}
	return total
}
