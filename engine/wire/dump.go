package wire

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"strings"
)

// A Dump prints segments as tcpdump 4.99 does with -nn, one line each:
//
//	00:00:00.050000 IP 192.0.2.2.80 > 192.0.2.1.54321: Flags [S.], seq 300, ack 101, win 65535, options [mss 1460], length 0
//
// Like tcpdump it has a memory. In the first segment with ACK of a connection, and in every SYN-ACK, numbers are absolute;
// from those it learns where both sides began, and later segments with ACK count from there ("seq 1:19, ack 1"). So one
// Dump must see the segments of a run in their order, from one place: as one host, or everything on the wire. A segment
// without ACK always has absolute numbers. The zero value is ready; a Dump must not be used by two goroutines at once.
//
// The text behind the length is what tcpdump adds for HTTP (ports 80 and 8080), SMTP (25), FTP (21), WHOIS (43) and SSH
// (22). For the binary protocols that tcpdump can print, and for the details of Multipath TCP, a Dump prints nothing.
type Dump struct {
	Absolute bool // as tcpdump -S: all numbers are absolute and nothing is remembered

	began map[conversation]beginning
	buf   []byte
}

// A conversation is the pair of ends of a connection in an order that does not depend on the direction.
type conversation struct{ low, high netip.AddrPort }

// A beginning is the first sequence number of the low and of the high end.
type beginning struct{ low, high Seq }

// Line returns the line for a segment seen at a time, in microseconds since 00:00:00 UTC, without a newline. Times wrap
// after 24 hours as a clock does.
func (d *Dump) Line(at int64, s Segment) string {
	d.buf = d.AppendLine(d.buf[:0], at, s)
	return string(d.buf)
}

// AppendLine appends the line to dst and returns the longer slice.
//
// It works on the bytes of the segment, not on its fields: what a wrong data offset does to options and payload shows in
// the line as it does in tcpdump's.
func (d *Dump) AppendLine(dst []byte, at int64, s Segment) []byte {
	dst = appendClock(dst, at)
	if s.ICMP.Kind != NoICMP {
		return appendICMPLine(dst, &s)
	}
	packet := s.AppendIP(nil)
	t, src, dest, ip := packet[IPv4HeaderLen:], address4Port(s.Src), address4Port(s.Dst), "IP"
	if s.Is6() {
		t, src, dest, ip = packet[IPv6HeaderLen:], address6Port(s.Src), address6Port(s.Dst), "IP6"
	}
	dst = fmt.Appendf(dst, " %s %s.%d > %s.%d: ", ip, src.Addr(), src.Port(), dest.Addr(), dest.Port())

	headerLen := int(t[12]>>4) * 4
	if headerLen < MinHeaderLen {
		return fmt.Appendf(dst, " tcp %d [bad hdr length %d - too short, < %d]", len(t)-headerLen, headerLen, MinHeaderLen)
	}
	dst = append(dst, "Flags ["...)
	dst = append(appendFlags(dst, s.Flags), ']')
	seq, ack, base := s.Seq, s.Ack, Seq(0)
	if s.Flags.Has(ACK) && !d.Absolute {
		seq, ack, base = d.relative(src, dest, &s)
	}
	if headerLen > len(t) {
		return fmt.Appendf(dst, " [bad hdr length %d - too long, > %d]", headerLen, len(t))
	}
	payload := t[headerLen:]
	if len(payload) > 0 || s.Flags.Any(SYN|FIN|RST) {
		dst = fmt.Appendf(dst, ", seq %d", seq)
	}
	if len(payload) > 0 {
		dst = fmt.Appendf(dst, ":%d", seq.Add(uint32(len(payload))))
	}
	if s.Flags.Has(ACK) {
		dst = fmt.Appendf(dst, ", ack %d", ack)
	}
	dst = fmt.Appendf(dst, ", win %d", binary.BigEndian.Uint16(t[14:]))
	if s.Flags.Has(URG) {
		dst = fmt.Appendf(dst, ", urg %d", binary.BigEndian.Uint16(t[18:]))
	}
	if headerLen > MinHeaderLen {
		var end listEnd
		dst = append(dst, ", options ["...)
		dst, end = appendOptionList(dst, t[MinHeaderLen:headerLen], len(payload) > 0, base)
		switch end {
		case listBad:
			return append(dst, ']')
		case listBadFirst, listCut:
			return dst
		}
		dst = append(dst, ']')
	}
	dst = fmt.Appendf(dst, ", length %d", len(payload))
	if len(payload) > 0 {
		dst = appendApplication(dst, src.Port(), dest.Port(), string(payload))
	}
	return dst
}

// relative returns the numbers of a segment with ACK as the line shows them, and what is to be taken from the edges of its
// SACK blocks, which are numbers of the other side.
func (d *Dump) relative(src, dst netip.AddrPort, s *Segment) (seq, ack, base Seq) {
	if d.began == nil {
		d.began = make(map[conversation]beginning)
	}
	// The end with the lower port is the low one, between equal ports the one with the lower address.
	fromHigh := src.Port() > dst.Port() || src.Port() == dst.Port() && src.Addr().Compare(dst.Addr()) > 0
	key := conversation{src, dst}
	if fromHigh {
		key = conversation{dst, src}
	}
	began, known := d.began[key]
	if !known || s.Flags.Has(SYN) {
		began = beginning{low: s.Seq, high: s.Ack - 1}
		if fromHigh {
			began = beginning{low: s.Ack - 1, high: s.Seq}
		}
		d.began[key] = began
		known = false
	}
	mine, other := began.low, began.high
	if fromHigh {
		mine, other = other, mine
	}
	if !known {
		return s.Seq, s.Ack, other
	}
	return s.Seq - mine, s.Ack - other, other
}

func appendClock(dst []byte, us int64) []byte {
	const second, day = 1_000_000, 24 * 60 * 60
	sec := us / second % day
	return fmt.Appendf(dst, "%02d:%02d:%02d.%06d", sec/3600, sec/60%60, sec%60, us%second)
}

// dumpFlags are tcpdump's letters in the order in which it prints them.
var dumpFlags = [...]struct {
	flag   Flags
	letter byte
}{{FIN, 'F'}, {SYN, 'S'}, {RST, 'R'}, {PSH, 'P'}, {ACK, '.'}, {URG, 'U'}, {ECE, 'E'}, {CWR, 'W'}}

func appendFlags(dst []byte, f Flags) []byte {
	if f == 0 {
		return append(dst, "none"...)
	}
	for _, l := range dumpFlags {
		if f.Has(l.flag) {
			dst = append(dst, l.letter)
		}
	}
	return dst
}

// appendApplication appends what tcpdump says of the payload, chosen by port. The order is tcpdump's, which matters when
// both ports mean something; the ports of a case without a body are those of protocols that a Dump does not print.
func appendApplication(dst []byte, src, to uint16, payload string) []byte {
	on := func(ports ...uint16) bool {
		for _, p := range ports {
			if src == p || to == p {
				return true
			}
		}
		return false
	}
	switch {
	case on(23): // Telnet
	case on(25):
		return appendText(append(dst, ": SMTP"...), "smtp", payload)
	case on(43):
		return appendText(append(dst, ": WHOIS"...), "whois", payload)
	case on(179, 1723, 6379): // BGP, PPTP, Redis
	case on(22):
		return appendSSH(dst, payload)
	case on(10288, 6633, 6653): // BEEP, OpenFlow
	case on(21):
		return appendText(append(dst, ": FTP"...), "ftp", payload)
	case on(80, 8080):
		dst = append(dst, ": HTTP"...)
		if isHTTP(payload) {
			return appendText(dst, "http", payload)
		}
	}
	return dst
}

// appendText appends the first line of a text protocol, or nothing when it is no printable line.
func appendText(dst []byte, protocol, payload string) []byte {
	for i := range len(payload) {
		switch c := payload[i]; {
		case c == '\n', c == '\r' && strings.HasPrefix(payload[i+1:], "\n"):
			return append(append(dst, ": "...), payload[:i]...)
		case !printable(c) && c != '\t':
			return dst
		}
	}
	return fmt.Appendf(dst, ": %s [|%s]", payload, protocol)
}

// appendSSH appends the identification line with which SSH begins (RFC 4253 section 4.2), and nothing for what follows.
func appendSSH(dst []byte, payload string) []byte {
	const prefix = "SSH-"
	if len(payload) < len(prefix) && strings.HasPrefix(prefix, payload) {
		return append(dst, " [|ssh]"...)
	}
	if !strings.HasPrefix(payload, prefix) {
		return dst
	}
	for i := len(prefix); i < len(payload); i++ {
		switch c := payload[i]; {
		case c == '\n', c == '\r' && strings.HasPrefix(payload[i+1:], "\n"):
			return append(append(dst, ": SSH: "...), payload[:i]...)
		case !printable(c):
			return dst
		}
	}
	return dst
}

// httpMethods are the words with which tcpdump takes a line for a request.
var httpMethods = strings.Fields(`GET PUT COPY HEAD LOCK MOVE POLL POST BCOPY BMOVE MKCOL TRACE LABEL MERGE DELETE SEARCH UNLOCK
	REPORT UPDATE NOTIFY BDELETE CONNECT OPTIONS CHECKIN PROPFIND CHECKOUT CCM_POST SUBSCRIBE PROPPATCH BPROPFIND BPROPPATCH
	UNCHECKOUT MKACTIVITY MKWORKSPACE UNSUBSCRIBE RPC_CONNECT VERSION-CONTROL BASELINE-CONTROL`)

// isHTTP reports whether the payload begins with a method, or with any word and a status code of three digits.
func isHTTP(payload string) bool {
	method, rest, ok := token(payload)
	if !ok {
		return false
	}
	for _, m := range httpMethods {
		if strings.EqualFold(method, m) {
			return true
		}
	}
	status, _, ok := token(rest)
	return ok && len(status) == 3 && strings.Trim(status, "0123456789") == ""
}

// token cuts the first word off a text and drops the blanks behind it, as far as the end of the line. There is none when
// the text begins with a blank, or the word is longer than 128 bytes or not printable.
func token(s string) (word, rest string, ok bool) {
	i := 0
	for i < len(s) && !strings.ContainsRune(" \t\r\n", rune(s[i])) {
		if !printable(s[i]) {
			return "", "", false
		}
		i++
	}
	if i == 0 || i > 128 {
		return "", "", false
	}
	return s[:i], strings.TrimLeft(s[i:], " "), true
}

func printable(c byte) bool { return c >= 0x20 && c <= 0x7e }
