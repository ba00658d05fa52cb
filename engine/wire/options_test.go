package wire

import (
	"bytes"
	"errors"
	"math/rand"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func rawOptions(t *testing.T, b ...byte) Options {
	t.Helper()
	o, err := RawOptions(b)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// The bytes are those of the RFCs, written out.
func TestOptionBytes(t *testing.T) {
	var none Options
	tests := []struct {
		o    Options
		want []byte
	}{
		{none, nil},
		{none.WithMSS(1460), []byte{2, 4, 0x05, 0xb4}},
		{none.WithWindowScale(7), []byte{3, 3, 7}},
		{none.WithSACKPermitted(), []byte{4, 2}},
		{none.WithTimestamps(0x01020304, 0x05060708), []byte{8, 10, 1, 2, 3, 4, 5, 6, 7, 8}},
		{none.WithSACK(Block{1, 2}, Block{0xfffffffe, 3}), []byte{5, 18, 0, 0, 0, 1, 0, 0, 0, 2, 0xff, 0xff, 0xff, 0xfe, 0, 0, 0, 3}},
		{none.WithSACK(), nil},
		{none.WithNOP().WithEOL(), []byte{1, 0}},
		{none.WithRaw(34, []byte{9}), []byte{34, 3, 9}},
		{none.WithRaw(34, nil), []byte{34, 2}},
		{none.WithRaw(KindNOP, []byte{9}), []byte{1, 9}},
		{none.WithMSS(1460).WithSACKPermitted().WithTimestamps(1, 0).WithNOP().WithWindowScale(7),
			[]byte{2, 4, 0x05, 0xb4, 4, 2, 8, 10, 0, 0, 0, 1, 0, 0, 0, 0, 1, 3, 3, 7}},
	}
	for _, tt := range tests {
		if got := tt.o.Bytes(); !bytes.Equal(got, tt.want) || tt.o.Len() != len(tt.want) {
			t.Errorf("bytes % x (Len %d), want % x", got, tt.o.Len(), tt.want)
		}
	}
}

func TestOptionsFull(t *testing.T) {
	var none Options
	ts := none.WithTimestamps(1, 2)
	beside := ts.WithSACK(Block{1, 2}, Block{3, 4}, Block{5, 6}, Block{7, 8})
	if got := beside.Parse().NumBlocks; got != 3 {
		t.Errorf("beside timestamps there is room for 3 SACK blocks, and %d were written", got)
	}
	behind := none.WithMSS(1).WithMSS(1).WithSACK(Block{1, 2}, Block{3, 4}, Block{5, 6}, Block{7, 8})
	if got := behind.Parse().NumBlocks; got != 3 {
		t.Errorf("behind 8 bytes there is room for 3 SACK blocks and their head, and %d were written", got)
	}
	full := none.WithSACK(Block{}, Block{}, Block{}, Block{})
	if full.Len() != 34 {
		t.Fatalf("four blocks take %d bytes", full.Len())
	}
	if got := full.WithTimestamps(1, 2); got != full {
		t.Error("an option that does not fit was written in part")
	}
	if got := full.WithTimestamps(1, 2).WithMSS(9).WithNOP().WithNOP(); got.Len() != 40 {
		t.Errorf("what fits after one that does not has %d bytes", got.Len())
	}
	if got := none.WithRaw(77, make([]byte, 39)); got != none {
		t.Error("39 bytes of data and two more were written")
	}
	if got := none.WithRaw(77, make([]byte, 38)); got.Len() != 40 {
		t.Error("38 bytes of data and two more were not written")
	}
	if got := none.WithRaw(77, make([]byte, 1<<16)); got != none {
		t.Error("65536 bytes of data were written")
	}
	if _, err := RawOptions(make([]byte, 41)); err == nil || !strings.Contains(err.Error(), "41 option bytes") {
		t.Errorf("41 raw bytes: %v", err)
	}
}

func TestParse(t *testing.T) {
	var none Options
	tests := []struct {
		name string
		o    Options
		want OptionSet
	}{
		{"none", none, OptionSet{}},
		{"as Linux sends them", none.WithMSS(1460).WithSACKPermitted().WithTimestamps(7, 9).WithNOP().WithWindowScale(10),
			OptionSet{MSS: 1460, HasMSS: true, SACKPermitted: true, HasTimestamps: true, TSVal: 7, TSEcr: 9,
				WindowScale: 10, HasWindowScale: true}},
		{"MSS 0 is there", none.WithMSS(0), OptionSet{HasMSS: true}},
		{"scale as sent", none.WithWindowScale(20), OptionSet{WindowScale: 20, HasWindowScale: true}},
		{"last of two wins", none.WithMSS(1460).WithMSS(536), OptionSet{MSS: 536, HasMSS: true}},
		{"wrong length does not unset", none.WithMSS(1460).WithRaw(KindMSS, []byte{1}), OptionSet{MSS: 1460, HasMSS: true, Ignored: 1}},
		{"last SACK wins whole", none.WithSACK(Block{1, 2}, Block{3, 4}).WithSACK(Block{5, 6}),
			OptionSet{Blocks: [4]Block{{5, 6}}, NumBlocks: 1}},
		{"four blocks", none.WithSACK(Block{1, 2}, Block{3, 4}, Block{5, 6}, Block{7, 8}),
			OptionSet{Blocks: [4]Block{{1, 2}, {3, 4}, {5, 6}, {7, 8}}, NumBlocks: 4}},
		{"unknown are skipped (MUST-6)", none.WithRaw(77, []byte{2, 4, 1, 1}).WithRaw(253, nil).WithMSS(9),
			OptionSet{MSS: 9, HasMSS: true, Unknown: 2}},
		{"Fast Open request", none.WithFastOpen(nil), OptionSet{HasFastOpen: true}},
		{"Fast Open cookie", none.WithFastOpen([]byte{1, 2, 3, 4}), OptionSet{HasFastOpen: true, CookieLen: 4, Cookie: [16]byte{1, 2, 3, 4}}},
		{"Fast Open experiment", none.WithFastOpenExperiment([]byte{1, 2, 3, 4, 5, 6}),
			OptionSet{HasFastOpen: true, FastOpenExp: true, CookieLen: 6, Cookie: [16]byte{1, 2, 3, 4, 5, 6}}},
		{"cookies too short, odd and too long", none.WithFastOpen([]byte{1, 2}).WithFastOpen(make([]byte, 5)).WithFastOpen(make([]byte, 18)),
			OptionSet{Ignored: 3}},
		{"another experiment", none.WithRaw(KindExperiment, []byte{1, 2, 3}).WithRaw(KindExperiment, []byte{0xf9}), OptionSet{Unknown: 2}},
		{"user timeout in seconds", none.WithUserTimeout(100, false), OptionSet{HasUserTimeout: true, UserTimeout: 100}},
		{"user timeout in minutes", none.WithUserTimeout(100, true), OptionSet{HasUserTimeout: true, UserTimeout: 6000}},
		{"user timeout of a wrong length", none.WithRaw(KindUserTimeout, []byte{1}), OptionSet{Ignored: 1}},
		{"wrong lengths", none.WithRaw(KindMSS, []byte{1, 2, 3}).WithRaw(KindWindowScale, nil).WithRaw(KindSACKPermitted, []byte{1}).
			WithRaw(KindTimestamps, make([]byte, 4)).WithRaw(KindSACK, make([]byte, 7)).WithRaw(KindSACK, nil), OptionSet{Ignored: 6}},
		{"unaligned (MUST-64)", none.WithNOP().WithMSS(9).WithNOP().WithWindowScale(1),
			OptionSet{MSS: 9, HasMSS: true, WindowScale: 1, HasWindowScale: true}},
		{"end in front", none.WithEOL().WithMSS(9), OptionSet{}},
		{"end in the middle", none.WithMSS(9).WithEOL().WithWindowScale(1), OptionSet{MSS: 9, HasMSS: true}},
		{"nonsense behind the end", rawOptions(t, 0, 2, 0), OptionSet{}},
		{"length 0 (MUST-7)", rawOptions(t, 2, 4, 0, 9, 3, 0, 7), OptionSet{MSS: 9, HasMSS: true, Malformed: true}},
		{"length 1", rawOptions(t, 3, 1, 7, 2, 4, 0, 9), OptionSet{Malformed: true}},
		{"length past the end", rawOptions(t, 2, 4, 5), OptionSet{Malformed: true}},
		{"length of unknown past the end", rawOptions(t, 77, 255, 5), OptionSet{Malformed: true}},
		{"length missing", rawOptions(t, 1, 1, 1, 2), OptionSet{Malformed: true}},
	}
	for _, tt := range tests {
		if diff := cmp.Diff(tt.want, tt.o.Parse()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, diff)
		}
	}
}

// What the With methods wrote is what a reader finds, in whatever order the options stand.
func TestParseOrder(t *testing.T) {
	write := []func(Options) Options{
		func(o Options) Options { return o.WithMSS(1400) },
		func(o Options) Options { return o.WithWindowScale(3) },
		func(o Options) Options { return o.WithSACKPermitted() },
		func(o Options) Options { return o.WithTimestamps(5, 6) },
		func(o Options) Options { return o.WithNOP() },
		func(o Options) Options { return o.WithSACK(Block{7, 8}) },
	}
	want := OptionSet{MSS: 1400, HasMSS: true, WindowScale: 3, HasWindowScale: true, SACKPermitted: true,
		HasTimestamps: true, TSVal: 5, TSEcr: 6, Blocks: [4]Block{{7, 8}}, NumBlocks: 1}
	random := rand.New(rand.NewSource(1))
	for range 50 {
		random.Shuffle(len(write), func(i, j int) { write[i], write[j] = write[j], write[i] })
		var o Options
		for _, with := range write {
			o = with(o)
		}
		if got := o.Parse(); got != want {
			t.Fatalf("%s is read as %+v", o, got)
		}
	}
}

// All gives every byte to exactly one option and agrees with Parse about what is broken.
func TestAllCoversTheBytes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		o := genOptions().Draw(t, "options")
		var b []byte
		bad, ended := false, false
		for opt := range o.All() {
			if bad || ended {
				t.Fatalf("option at %d after the last one", opt.At)
			}
			if opt.At != len(b) {
				t.Fatalf("option at %d follows %d bytes", opt.At, len(b))
			}
			b = append(b, opt.Kind)
			if opt.Kind > KindNOP && !opt.Bad {
				b = append(b, byte(opt.Len()))
			}
			b = append(b, opt.Data...)
			bad, ended = opt.Bad, opt.Kind == KindEOL
		}
		if !bytes.Equal(b, o.Bytes()) {
			t.Fatalf("options put together again are % x, not % x", b, o.Bytes())
		}
		if o.Parse().Malformed != bad {
			t.Fatalf("Parse says malformed %v, All says %v", o.Parse().Malformed, bad)
		}
	})
}

func TestAllStops(t *testing.T) {
	n := 0
	for range (Options{}).WithMSS(1).WithNOP().WithNOP().All() {
		if n++; n == 2 {
			break
		}
	}
	if n != 2 {
		t.Errorf("the loop ran %d times", n)
	}
}

func TestOptionsString(t *testing.T) {
	var none Options
	tests := []struct {
		o          Options
		list, text string
	}{
		{none, "", ""},
		{none.WithMSS(1460).WithSACKPermitted().WithTimestamps(1, 0).WithNOP().WithWindowScale(7),
			"mss 1460,sackOK,TS val 1 ecr 0,nop,wscale 7", "mss 1460,sackOK,TS val 1 ecr 0,nop,wscale 7"},
		{none.WithSACK(Block{100, 200}, Block{300, 400}), "sack 2 {100:200}{300:400}", "sack 2 {100:200}{300:400}"},
		{none.WithRaw(77, []byte{1, 0xab}).WithRaw(78, nil), "unknown-77 0x01ab,unknown-78", "unknown-77 0x01ab,unknown-78"},
		{none.WithMSS(9).WithEOL().WithEOL(), "mss 9,eol", "mss 9,eol,eol"},
		{none.WithEOL().WithMSS(9), "eol", "eol,raw 02040009"},
		{none.WithRaw(KindFastOpen, nil), "tfo  cookiereq", "tfo cookiereq"},
		{none.WithRaw(KindFastOpen, []byte("cookie")), "tfo  cookie 636f6f6b6965", "tfo cookie 636f6f6b6965"},
		{none.WithRaw(KindFastOpen, []byte("odd")), "tfo  (invalid)", "unknown-34 0x6f6464"},
		{none.WithRaw(KindMSS, []byte{1, 2, 3}).WithNOP(), "mss 258[len 5],[bad opt]", "unknown-2 0x010203,nop"},
		{none.WithRaw(kindEcho, []byte{0, 0, 0, 5}), "echo 5", "unknown-6 0x00000005"},
		{rawOptions(t, 1, 2, 0), "nop,[bad opt]", "nop,raw 0200"},
		{rawOptions(t, 2, 9), "[bad opt]", "raw 0209"},
		{rawOptions(t, 1, 2), "nop, [|tcp]", "nop,raw 02"},
	}
	for _, tt := range tests {
		if got := tt.o.String(); got != tt.list {
			t.Errorf("String of % x is %q, want %q", tt.o.Bytes(), got, tt.list)
		}
		if got := tt.o.Text(); got != tt.text {
			t.Errorf("Text of % x is %q, want %q", tt.o.Bytes(), got, tt.text)
		}
	}
}

func TestOptionsTextRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		o := genOptions().Draw(t, "options")
		got, err := ParseOptions(o.Text())
		if err != nil || got != o {
			t.Fatalf("% x is written %q and read as % x, %v", o.Bytes(), o.Text(), got.Bytes(), err)
		}
	})
}

// The list that tcpdump prints is read back when its options are those of handshakes.
func TestOptionsStringRoundTrip(t *testing.T) {
	common := func(opt Option) bool {
		return opt.plain() || opt.Kind == KindFastOpen && len(opt.Data) != 0 && soundCookie(opt.Data)
	}
	rapid.Check(t, func(t *rapid.T) {
		o := genSoundOptions().Draw(t, "options")
		for opt := range o.All() {
			if !common(opt) {
				t.Skip("not an option of handshakes")
			}
		}
		if got, err := ParseOptions(o.String()); err != nil || got != o {
			t.Fatalf("% x is written %q and read as % x, %v", o.Bytes(), o.String(), got.Bytes(), err)
		}
	})
}

func TestParseOptionsForms(t *testing.T) {
	var none Options
	for text, want := range map[string]Options{
		"":                                    none,
		"  ":                                  none,
		"MSS 1460 ,  SackOK":                  none.WithMSS(1460).WithSACKPermitted(),
		"ts VAL 4294967295 ecr 1":             none.WithTimestamps(1<<32-1, 1),
		"sack {1:2}":                          none.WithSACK(Block{1, 2}),
		"sack 2 {1:2} {3:4}":                  none.WithSACK(Block{1, 2}, Block{3, 4}),
		"tfo  cookie 00112233, tfo cookiereq": none.WithRaw(34, []byte{0, 0x11, 0x22, 0x33}).WithRaw(34, nil),
		"raw 02 04 05B4":                      none.WithMSS(1460),
		"unknown-2 0x05b4":                    none.WithMSS(1460),
		"unknown-255":                         none.WithRaw(255, nil),
		"echo 7,cc 1":                         none.WithRaw(6, []byte{0, 0, 0, 7}).WithRaw(11, []byte{0, 0, 0, 1}),
		"eol,raw 0204":                        rawOptions(t, 0, 2, 4),
	} {
		if got, err := ParseOptions(text); err != nil || got != want {
			t.Errorf("ParseOptions(%q) = % x, %v; want % x", text, got.Bytes(), err, want.Bytes())
		}
	}
}

func TestParseOptionsErrors(t *testing.T) {
	tests := []struct{ text, at, reason string }{
		{"mss 70000", "mss 70000", "mss: 70000 is more than 65535"},
		{"nop, mss -1", "mss -1", `mss: "-1" is not a number from 0 to 65535`},
		{"mss", "mss", "mss: one number from 0 to 65535 must follow"},
		{"mss 1 2", "mss 1 2", "mss: one number from 0 to 65535 must follow"},
		{"wscale 256", "wscale 256", "wscale: 256 is more than 255"},
		{"nop,wscal 7", "wscal 7", `no option is called "wscal"`},
		{"nop,,nop", "", "an option is missing between two commas"},
		{"nop,", "", "an option is missing between two commas"},
		{"nop 1", "nop 1", `nop: nothing may follow, and "1" does`},
		{"sackOK 1", "sackOK 1", `sackOK: nothing may follow, and "1" does`},
		{"TS 1 0", "TS 1 0", "TS: the form is TS val 1 ecr 0"},
		{"TS val x ecr 0", "TS val x ecr 0", `TS val: "x" is not a number from 0 to 4294967295`},
		{"TS val 0 ecr 4294967296", "TS val 0 ecr 4294967296", "TS ecr: 4294967296 is more than 4294967295"},
		{"sack 2 {1:2}", "sack 2 {1:2}", "sack: 2 blocks are announced and 1 follow"},
		{"sack {1:2", "sack {1:2", "sack: the form is"},
		{"sack {}", "sack {}", "sack: the form is"},
		{"sack {x:2}", "sack {x:2}", `sack: "x" is not a number`},
		{"sack {1:x}", "sack {1:x}", `sack: "x" is not a number`},
		{"anoptionwithanamethatnobodywouldwanttoreadagain", "anoptionwithanamethatnobodywouldwanttoreadagain", `no option is called "anoptionwithanamethatnobodywould..."`},
		{"sack {1:2}{3:4}{5:6}{7:8}{9:10}", "sack {1:2}{3:4}{5:6}{7:8}{9:10}", "sack: the form is"},
		{"tfo cookie 001122", "tfo cookie 001122", "tfo: the form is"},
		{"unknown-1 0x00", "unknown-1 0x00", "unknown-1: an option kind"},
		{"unknown-77 00", "unknown-77 00", "unknown-77: the data must be 0x"},
		{"unknown-77 0x0", "unknown-77 0x0", "unknown-77: the data must be 0x"},
		{"raw", "raw", "raw: bytes in hexadecimal"},
		{"raw 0g", "raw 0g", "raw: bytes in hexadecimal"},
		{"raw 0", "raw 0", "raw: bytes in hexadecimal"},
		{strings.Repeat("mss 1,", 10) + "nop", strings.Repeat("mss 1,", 10) + "nop", "41 option bytes, and a TCP header has room for 40"},
		{"unknown-77 0x" + strings.Repeat("00", 300), "unknown-77 0x" + strings.Repeat("00", 300), "unknown-77: 300 bytes of data, and there is room for 38"},
	}
	for _, tt := range tests {
		_, err := ParseOptions(tt.text)
		var fault *OptionError
		if !errors.As(err, &fault) {
			t.Errorf("ParseOptions(%q): %v, want an *OptionError", tt.text, err)
			continue
		}
		if !strings.HasPrefix(fault.Reason, tt.reason) || tt.text[fault.At:fault.End] != tt.at {
			t.Errorf("ParseOptions(%q): %q at %q", tt.text, fault.Reason, tt.text[fault.At:fault.End])
		}
	}
}

func TestPadded(t *testing.T) {
	for n := range MaxOptions + 1 {
		o := rawOptions(t, bytes.Repeat([]byte{1}, n)...)
		p := o.Padded()
		if p.Len()%4 != 0 || p.Len()-n > 3 || p.Len() < n {
			t.Errorf("%d bytes are padded to %d", n, p.Len())
		}
		if b := p.Bytes(); !bytes.Equal(b[:n], o.Bytes()) || slices.Max(append(b[n:], 0)) != 0 {
			t.Errorf("%d bytes are padded to % x", n, b)
		}
	}
}
