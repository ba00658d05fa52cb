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
	seg.TOS |= uint8(o.values[optionName{ipprotoIP, ipTOS}]) &^ ecn
	if ttl := o.values[optionName{ipprotoIP, ipTTL}]; ttl != 0 {
		seg.TTL = uint8(ttl)
	}
}

// apply makes a profile behave as the options say.
func (o *sockopts) apply(p *tcp.Profile) {
	if v, ok := o.values[optionName{ipprotoTCP, tcpMaxseg}]; ok {
		p.MSS = min(p.MSS, uint16(v))
	}
	if v, ok := o.values[optionName{solSocket, soRcvBuf}]; ok {
		p.Window, p.WholeMSS = firstWindow(v/2, p.MSS)
		p.Scale = min(p.Scale, scaleFor(v/2))
	}
	if v, ok := o.values[optionName{ipprotoTCP, tcpSyncnt}]; ok {
		p.SynRetries = uint8(v)
	}
	if v, ok := o.values[optionName{ipprotoTCP, tcpLinger2}]; ok && v > 0 {
		p.FinWait = tcp.Time(v) * tcp.Second
	}
	if v := o.values[optionName{ipprotoIP, ipLocalPortRange}]; v != 0 {
		p.Ports = uint16(v>>16) - uint16(v) + 1
	}
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
	{solSocket, soDomain}:     {0, 0, fixed(afInet), nil, true},
	{solSocket, soAcceptConn}: {0, 0, fixed(0), nil, true},
	{solSocket, soError}:      {0, 0, fixed(0), nil, true},
	{solSocket, soLinger}:     {0, 0, fixed(0), nil, false},
	{solSocket, soRcvLowat}:   {0, 1, fixed(1), func(v int64) int64 { return max(v, 1) }, false},
	{solSocket, soKeepalive}:  {-maxInt, maxInt, fixed(0), asBool, false},
	// The kernel doubles the size to have room for its own records (man 7 socket).
	{solSocket, soRcvBuf}: {0, maxInt, func(k *kernel) int64 { return k.settings.rcvBuf }, func(v int64) int64 { return max(2*min(v, maxInt/2), 2304) }, false},
	{solSocket, soSndBuf}: {0, maxInt, func(k *kernel) int64 { return k.settings.sndBuf }, func(v int64) int64 { return max(2*min(v, maxInt/2), 4608) }, false},

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
