package wire

import (
	"strings"
	"testing"
)

func TestFlagsText(t *testing.T) {
	for f, want := range map[Flags]string{
		0:                     "none",
		SYN:                   "SYN",
		SYN | ACK:             "SYN,ACK",
		RST | ACK:             "RST,ACK",
		FIN | PSH | ACK:       "FIN,PSH,ACK",
		SYN | ECE | CWR:       "SYN,ECE,CWR",
		SYN | FIN | RST | PSH: "SYN,FIN,RST,PSH",
	} {
		if got := f.String(); got != want {
			t.Errorf("String of %#x is %q, want %q", uint8(f), got, want)
		}
		if got := f.Kind(); got != strings.ReplaceAll(want, ",", "-") {
			t.Errorf("Kind of %#x is %q", uint8(f), got)
		}
	}
}

// Every combination has names of its own, and they are read back in any order and case.
func TestFlagsRoundTrip(t *testing.T) {
	for i := range 256 {
		f := Flags(i)
		names := strings.Split(f.Kind(), "-")
		for n := range names {
			names[n] = strings.ToLower(names[n])
		}
		for i, j := 0, len(names)-1; i < j; i, j = i+1, j-1 {
			names[i], names[j] = names[j], names[i]
		}
		for _, text := range []string{f.String(), f.Kind(), strings.Join(names, "-")} {
			if got, err := ParseFlags(text); err != nil || got != f {
				t.Errorf("ParseFlags(%q) = %v, %v; want %v", text, got, err, f)
			}
		}
	}
}

func TestFlagsErrors(t *testing.T) {
	for text, want := range map[string]string{
		"":         `no flag in ""`,
		",":        `no flag in ","`,
		"SIN":      `unknown flag "SIN"`,
		"SYN,ACKS": `unknown flag "ACKS"`,
		"SYN ACK":  `unknown flag "SYN ACK"`,
		"SYN,none": `unknown flag "none"`,
	} {
		f, err := ParseFlags(text)
		if err == nil || !strings.Contains(err.Error(), want) || f != 0 {
			t.Errorf("ParseFlags(%q) = %v, %v; want an error with %s", text, f, err, want)
		}
	}
}

func TestFlagsHas(t *testing.T) {
	f := SYN | ACK
	if !f.Has(SYN) || !f.Has(SYN|ACK) || f.Has(SYN|FIN) || !f.Has(0) {
		t.Error("Has does not ask for all bits")
	}
	if !f.Any(SYN|FIN) || f.Any(FIN|RST) || f.Any(0) {
		t.Error("Any does not ask for one bit")
	}
}
