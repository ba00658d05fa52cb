package wire

import (
	"encoding/binary"
	"testing"
)

// FuzzParseIP holds ParseIP to its promise: it takes any bytes, and what it accepts it keeps to the last bit.
func FuzzParseIP(f *testing.F) {
	for _, s := range dumpTable() {
		f.Add(s.AppendIP(nil))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		checkParse(t, b)
		// Most mutations spoil the IPv4 header checksum; with the right one more of them get further in.
		if len(b) >= IPv4HeaderLen && b[0]>>4 == 4 {
			b = append([]byte(nil), b...)
			b[10], b[11] = 0, 0
			sum := ^addBytes(0, b[:IPv4HeaderLen]).fold()
			b[10], b[11] = byte(sum>>8), byte(sum)
			checkParse(t, b)
			if s, err := ParseIPv4(b); err == nil {
				new(Dump).Line(0, s)
			}
		}
	})
}

// FuzzParseOptions feeds both ways into options: text, and the same bytes as raw options.
func FuzzParseOptions(f *testing.F) {
	for _, s := range dumpTable() {
		f.Add(s.Options.Text())
		f.Add(s.Options.String())
		f.Add(string(s.Options.Bytes()))
	}
	f.Add("unknown-2 0x05b4,raw 00,eol,eol,sack {1:2}{3:4}")
	f.Fuzz(func(t *testing.T, text string) {
		if o, err := ParseOptions(text); err == nil {
			checkText(t, o)
		} else if fault := err.(*OptionError); fault.At < 0 || fault.End < fault.At || fault.End > len(text) {
			t.Fatalf("the fault of %q lies at %d to %d", text, fault.At, fault.End)
		}
		if o, err := RawOptions([]byte(text)); err == nil {
			checkText(t, o)
		}
	})
}

func checkText(t failer, o Options) {
	t.Helper()
	if got, err := ParseOptions(o.Text()); err != nil || got != o {
		t.Fatalf("% x is written %q and read as % x, %v", o.Bytes(), o.Text(), got.Bytes(), err)
	}
	_ = o.String()
	if o.Parse().NumBlocks > 4 {
		t.Fatalf("% x has %d SACK blocks", o.Bytes(), o.Parse().NumBlocks)
	}
}

// FuzzParseICMP: it takes any bytes, and what it reads it can write.
func FuzzParseICMP(f *testing.F) {
	for _, s := range dumpTable() {
		if s.ICMP.Kind != NoICMP {
			f.Add(s.AppendIP(nil))
		}
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if !IsICMP(b) {
			return
		}
		// Nearly all mutations spoil the checksum.
		b = append([]byte(nil), b...)
		if head := int(b[0]&0xf) * 4; b[0]>>4 == 4 && len(b) >= head+icmpHeaderLen {
			length := min(len(b), int(binary.BigEndian.Uint16(b[2:])))
			if length >= head+icmpHeaderLen && head >= IPv4HeaderLen {
				binary.BigEndian.PutUint16(b[head+2:], 0)
				binary.BigEndian.PutUint16(b[head+2:], ^addBytes(0, b[head:length]).fold())
			}
		}
		if s, sayer, err := ParseICMP(b); err == nil {
			if again, _, err := ParseICMP(s.AppendIP(nil)); err != nil || again.ICMP != s.ICMP || again.Seq != s.Seq || !sayer.IsValid() {
				t.Fatalf("%+v is read again as %+v, %v", s, again, err)
			}
			new(Dump).Line(0, s)
		}
	})
}
