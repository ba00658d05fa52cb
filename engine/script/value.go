package script

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"

	"github.com/handshakelab/lab/engine/diag"
	"github.com/handshakelab/lab/engine/tcp"
	"github.com/handshakelab/lab/engine/wire"
)

// A parser reads one line. Its methods return a zero value and note the fault when something is not as it should be, so
// that one pass finds them all.
type parser struct {
	out  *faults
	line int
	toks []token
	pos  int    // index of the next token
	form string // how such a line is written, for the hints
	bad  bool   // a fault was noted
}

// more reports whether a token is left.
func (p *parser) more() bool { return p.pos < len(p.toks) }

// at returns the token n places on, and whether there is one.
func (p *parser) at(n int) (token, bool) {
	if p.pos+n < len(p.toks) {
		return p.toks[p.pos+n], true
	}
	return token{}, false
}

// want takes the next token; what says in a message what was expected, "a segment".
func (p *parser) want(what string) (token, bool) {
	if !p.more() {
		p.missing(what)
		return token{}, false
	}
	p.pos++
	return p.toks[p.pos-1], true
}

// take takes the next token when it is the word.
func (p *parser) take(word string) bool {
	if t, ok := p.at(0); ok && t.lower() == word {
		p.pos++
		return true
	}
	return false
}

func (p *parser) missing(what string) {
	col := 1
	name := "the line"
	if len(p.toks) > 0 {
		col = p.toks[len(p.toks)-1].end
		name = quoted(p.toks[min(p.pos, len(p.toks))-1].text)
	}
	p.fault(col, col, "missing-word", name+" must be followed by "+what, p.write())
}

// finish notes what is left on the line.
func (p *parser) finish() {
	if t, ok := p.at(0); ok {
		last := p.toks[len(p.toks)-1]
		p.fault(t.col, last.end, "unexpected-word", "the line should end before "+quoted(t.text), p.write())
		p.pos = len(p.toks)
	}
}

func (p *parser) write() string {
	if p.form == "" {
		return ""
	}
	return "write: " + p.form
}

func (p *parser) fault(col, end int, code, message, hint string) *diag.Diagnostic {
	p.bad = true
	n := len(p.out.list)
	p.out.add(diag.Diagnostic{Line: p.line, Col: col, EndCol: end, Severity: diag.Error, Code: code, Message: message, Hint: hint})
	if len(p.out.list) == n {
		return &diag.Diagnostic{} // over the limit; what the caller adds is not told either
	}
	return &p.out.list[n]
}

func (p *parser) reject(v value, code, message, hint string) {
	p.fault(v.col, v.end, code, message, hint)
}

// number reads a whole number, decimal or hexadecimal with 0x. name says in a message which number it is.
func (p *parser) number(v value, name string, lo, hi int64) (int64, bool) {
	return p.numberOr(v, name, lo, hi, "")
}

// numberOr is number, with a hint for what else may stand there.
func (p *parser) numberOr(v value, name string, lo, hi int64, hint string) (int64, bool) {
	n, err := strconv.ParseUint(v.text, 10, 64)
	if hex, ok := cutFold(v.text, "0x"); ok {
		n, err = strconv.ParseUint(hex, 16, 64)
	}
	if err == nil && !v.quoted && uint64(lo) <= n && n <= uint64(hi) {
		return int64(n), true
	}
	if digits := strings.Map(dropSeparator, v.text); digits != v.text {
		if _, err := strconv.ParseUint(digits, 10, 64); err == nil {
			hint = "write it without separators: " + digits
		}
	}
	d := p.fault(v.col, v.end, "out-of-range", fmt.Sprintf("%s is a whole number from %d to %d, not %s", name, lo, hi, shown(v)), hint)
	d.Range = &diag.Range{Min: lo, Max: hi}
	return 0, false
}

// shown is what was written, without quotes when it is a number anyhow.
func shown(v value) string {
	if !v.quoted && v.text != "" && len(v.text) <= 40 && strings.Trim(v.text, "0123456789.-+") == "" {
		return v.text
	}
	if v.text == "" && !v.quoted {
		return "nothing"
	}
	return quoted(v.text)
}

func dropSeparator(r rune) rune {
	if strings.ContainsRune(",_'’.", r) {
		return -1
	}
	return r
}

func cutFold(s, prefix string) (string, bool) {
	if len(s) > len(prefix) && strings.EqualFold(s[:len(prefix)], prefix) {
		return s[len(prefix):], true
	}
	return s, false
}

// time reads a time such as 50ms.
func (p *parser) time(v value, name string, lo, hi tcp.Time) (tcp.Time, bool) {
	text := strings.ToLower(v.text)
	number := strings.TrimRight(text, "abcdefghijklmnopqrstuvwxyzµ")
	unit := text[len(number):]
	if !isDecimal(strings.TrimPrefix(number, "-")) || unit != "us" && unit != "ms" && unit != "s" && unit != "min" {
		hint := "write a number and us, ms, s or min: 50ms"
		switch {
		case isDecimal(number) && unit == "":
			hint = "add a unit: " + number + "ms or " + number + "s"
		case isDecimal(number) && unit == "µs":
			hint = "did you mean " + number + "us?"
		case isDecimal(number):
			hint = diag.DidYouMean(hint, unit, "min", "ms", "us") // "msec", "sec" and the like are not near enough to guess
		}
		p.reject(v, "bad-time", name+" is a time, not "+shown(v), hint)
		return 0, false
	}
	t, err := tcp.ParseTime(text)
	if err == nil && lo <= t && t <= hi {
		return t, true
	}
	if _, frac, _ := strings.Cut(number, "."); err != nil && finerThanMicrosecond(frac, unit) {
		p.reject(v, "bad-time", name+" cannot be "+text+": time goes in whole microseconds", "")
		return 0, false
	}
	d := p.fault(v.col, v.end, "out-of-range", fmt.Sprintf("%s is a time from %s to %s, not %s", name, spokenTime(lo), spokenTime(hi), text), "")
	d.Range = &diag.Range{Min: int64(lo), Max: int64(hi)}
	return 0, false
}

// spokenTime is a time as a message gives it: 24 hours rather than 86400s.
func spokenTime(t tcp.Time) string {
	if t >= 3600*tcp.Second && t%(3600*tcp.Second) == 0 {
		return fmt.Sprintf("%d hours", t/(3600*tcp.Second))
	}
	return t.String()
}

func finerThanMicrosecond(frac, unit string) bool {
	digits := map[string]int{"us": 0, "ms": 3, "s": 6, "min": 7}[unit]
	return len(frac) > digits
}

func isDecimal(s string) bool {
	whole, frac, dotted := strings.Cut(s, ".")
	return isDigits(whole) && (!dotted || isDigits(frac))
}

func isDigits(s string) bool {
	return s != "" && strings.Trim(s, "0123456789") == ""
}

// percent reads a chance such as 12.5% and returns it in millionths.
func (p *parser) percent(v value, name string) (uint32, bool) {
	number, ok := strings.CutSuffix(v.text, "%")
	if !ok || !isDecimal(strings.TrimPrefix(number, "-")) {
		hint := "write a number and %: 10%"
		if isDecimal(v.text) {
			hint = "did you mean " + v.text + "%?"
		}
		p.reject(v, "bad-percentage", name+" is a percentage, not "+shown(v), hint)
		return 0, false
	}
	whole, frac, _ := strings.Cut(number, ".")
	if len(frac) > 4 {
		p.reject(v, "bad-percentage", name+" has at most four decimals", "")
		return 0, false
	}
	n, err := strconv.ParseInt(whole+frac+"0000"[len(frac):], 10, 64)
	if err != nil || n < 0 || n > 1_000_000 || number[0] == '-' {
		d := p.fault(v.col, v.end, "out-of-range", name+" is a percentage from 0% to 100%, not "+v.text, "")
		d.Range = &diag.Range{Min: 0, Max: 100}
		return 0, false
	}
	return uint32(n), true
}

// onOff reads on or off.
func (p *parser) onOff(v value, name string) (on, ok bool) {
	switch strings.ToLower(v.text) {
	case "on":
		return true, true
	case "off":
		return false, true
	}
	p.reject(v, "bad-switch", name+" is on or off, not "+shown(v), "")
	return false, false
}

// addrPort reads the address and port of a host.
func (p *parser) addrPort(v value) (netip.AddrPort, bool) {
	i := strings.LastIndexByte(v.text, ':')
	if i < 0 || strings.HasSuffix(v.text, "]") {
		hint := "write both: 192.0.2.1:80"
		if i >= 0 {
			hint = "write both: [2001:db8::1]:80"
		}
		p.reject(v, "bad-address", shown(v)+" is no address and port", hint)
		return netip.AddrPort{}, false
	}
	host := value{v.text[:i], false, v.col, v.col + i}
	if strings.HasPrefix(host.text, "[") && strings.HasSuffix(host.text, "]") {
		host = value{host.text[1 : i-1], false, host.col + 1, host.end - 1}
	} else if strings.Contains(host.text, ":") {
		p.reject(v, "bad-address", shown(v)+" is no address and port", "an IPv6 address stands in brackets before its port: [2001:db8::1]:80")
		return netip.AddrPort{}, false
	}
	a, ok := p.addr(host)
	port, ok2 := p.number(value{v.text[i+1:], false, v.col + i + 1, v.end}, "a port", 1, 65535)
	if !ok || !ok2 {
		return netip.AddrPort{}, false
	}
	if a.IsUnspecified() || a.IsMulticast() || a == netip.AddrFrom4([4]byte{255, 255, 255, 255}) {
		p.reject(host, "bad-address", quoted(host.text)+" is not the address of one host", "192.0.2.1 is one that exists for examples (RFC 5737)")
		return netip.AddrPort{}, false
	}
	return netip.AddrPortFrom(a, uint16(port)), true
}

// addr reads an IPv4 or an IPv6 address, whatever it may mean.
func (p *parser) addr(v value) (netip.Addr, bool) {
	a, err := netip.ParseAddr(v.text)
	if err != nil || a.Zone() != "" || a.Is4In6() {
		hint := "an address has four numbers from 0 to 255, 192.0.2.1, or is one of IPv6, 2001:db8::1"
		if err == nil && a.Is4In6() {
			hint = "write it as the IPv4 address that it stands for: " + a.Unmap().String()
		}
		p.reject(v, "bad-address", shown(v)+" is no IP address", hint)
		return netip.Addr{}, false
	}
	return a, true
}

// flags reads control bits, SYN-ACK or SYN,ACK.
func (p *parser) flags(v value, code, what string) (wire.Flags, bool) {
	f, err := wire.ParseFlags(v.text)
	if err != nil {
		p.reject(v, code, shown(v)+" is no "+what, diag.DidYouMean("the control bits are SYN, FIN, RST, PSH, ACK, URG, ECE and CWR, joined by a hyphen or a comma, or none",
			v.text, kinds...))
		return 0, false
	}
	return f, true
}

// kinds are the kinds of segments that a misspelt one may have been meant to be.
var kinds = []string{"SYN-ACK", "SYN", "ACK", "RST", "RST-ACK", "FIN", "FIN-ACK", "PSH-ACK", "ICMP", "none"}
