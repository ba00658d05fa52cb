package wire

import (
	"fmt"
	"strings"
)

// Flags are the control bits of a TCP header (RFC 9293 section 3.1).
type Flags uint8

// The control bits, from the lowest.
const (
	FIN Flags = 1 << iota
	SYN
	RST
	PSH
	ACK
	URG
	ECE
	CWR
)

// flagNames are in the order in which people say them: SYN,ACK and not ACK,SYN.
var flagNames = [...]struct {
	flag Flags
	name string
}{{SYN, "SYN"}, {FIN, "FIN"}, {RST, "RST"}, {PSH, "PSH"}, {ACK, "ACK"}, {URG, "URG"}, {ECE, "ECE"}, {CWR, "CWR"}}

// Has reports whether every bit of want is set in f.
func (f Flags) Has(want Flags) bool { return f&want == want }

// Any reports whether at least one bit of want is set in f.
func (f Flags) Any(want Flags) bool { return f&want != 0 }

// String returns the names of the bits that are set, "SYN,ACK", or "none".
func (f Flags) String() string {
	if f == 0 {
		return "none"
	}
	var b strings.Builder
	for _, n := range flagNames {
		if f.Has(n.flag) {
			if b.Len() > 0 {
				b.WriteByte(',')
			}
			b.WriteString(n.name)
		}
	}
	return b.String()
}

// Kind names a segment as people do: "SYN-ACK", "RST-ACK", "FIN-ACK", "ACK", "none".
// It is String with hyphens.
func (f Flags) Kind() string { return strings.ReplaceAll(f.String(), ",", "-") }

// ParseFlags reads what String and Kind print, in any order and either case: "SYN,ACK", "ack-syn", "none".
// The error names the word that is no flag.
func ParseFlags(s string) (Flags, error) {
	if strings.EqualFold(s, "none") {
		return 0, nil
	}
	var f Flags
	for name := range strings.FieldsFuncSeq(s, func(r rune) bool { return r == ',' || r == '-' }) {
		flag, ok := flagByName(name)
		if !ok {
			return 0, fmt.Errorf("wire: unknown flag %q", name)
		}
		f |= flag
	}
	if f == 0 {
		return 0, fmt.Errorf("wire: no flag in %q", s)
	}
	return f, nil
}

func flagByName(name string) (Flags, bool) {
	for _, n := range flagNames {
		if strings.EqualFold(n.name, name) {
			return n.flag, true
		}
	}
	return 0, false
}
