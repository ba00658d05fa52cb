package wire

import (
	"strings"
	"testing"
)

// benchSegment is a full data segment of a Linux host.
func benchSegment() Segment {
	s := NewSegment(client, server)
	s.Seq, s.Ack, s.Flags, s.Window = 101, 301, ACK|PSH, 502
	s.Options = s.Options.WithNOP().WithNOP().WithTimestamps(1, 2)
	s.Payload = strings.Repeat("x", 1448)
	return s
}

func synOptions() Options {
	return Options{}.WithMSS(1460).WithSACKPermitted().WithTimestamps(1, 0).WithNOP().WithWindowScale(7)
}

// What runs once a segment must not allocate.
func TestNoAllocations(t *testing.T) {
	s, buf := benchSegment(), make([]byte, 0, 2000)
	for name, f := range map[string]func(){
		"append":   func() { s.AppendIPv4(buf) },
		"parse":    func() { o := synOptions(); _ = o.Parse() },
		"build":    func() { _ = synOptions() },
		"received": func() { _ = s.Received() },
		"checksum": func() { _ = s.SumOK() },
	} {
		if n := testing.AllocsPerRun(100, f); n != 0 {
			t.Errorf("%s allocates %v times", name, n)
		}
	}
	// The payload is the one thing that a parsed segment must own.
	packet := s.AppendIPv4(nil)
	if n := testing.AllocsPerRun(100, func() { _, _ = ParseIPv4(packet) }); n > 1 {
		t.Errorf("ParseIPv4 allocates %v times", n)
	}
}

func BenchmarkAppendIPv4(b *testing.B) {
	s, buf := benchSegment(), make([]byte, 0, 2000)
	b.ReportAllocs()
	for b.Loop() {
		s.AppendIPv4(buf)
	}
}

func BenchmarkParseIPv4(b *testing.B) {
	s := benchSegment()
	packet := s.AppendIPv4(nil)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := ParseIPv4(packet); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkOptionsParse(b *testing.B) {
	o := synOptions()
	b.ReportAllocs()
	for b.Loop() {
		if set := o.Parse(); set.MSS != 1460 {
			b.Fatal(set)
		}
	}
}

func BenchmarkReceived(b *testing.B) {
	s := benchSegment()
	b.ReportAllocs()
	for b.Loop() {
		_ = s.Received()
	}
}

func BenchmarkDumpLine(b *testing.B) {
	var d Dump
	s := benchSegment()
	b.ReportAllocs()
	for b.Loop() {
		_ = d.Line(1_050_000, s)
	}
}
