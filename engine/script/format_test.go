package script

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/handshakelab/lab/engine"
	"github.com/handshakelab/lab/engine/wire"
	"net/netip"
)

var sameValues = cmp.Options{
	cmpopts.EquateEmpty(),
	cmp.Comparer(func(a, b netip.AddrPort) bool { return a == b }),
	cmp.Comparer(func(a, b wire.Options) bool { return a == b }),
}

// A run and its text are the same thing.
func TestParseOfFormat(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		setup := genSetup().Draw(t, "setup")
		actions := rapid.SliceOfN(genAction(), 0, 8).Draw(t, "actions")
		text := Format(setup, actions)
		sc, diags := Parse(text)
		if len(diags) > 0 {
			t.Fatalf("%s\n%s", text, diags)
		}
		if d := cmp.Diff(setup, sc.Setup, sameValues); d != "" {
			t.Errorf("set-up of\n%s\n-want +got\n%s", text, d)
		}
		if d := cmp.Diff(Merge(actions), sc.Actions, sameValues); d != "" {
			t.Errorf("actions of\n%s\n-want +got\n%s", text, d)
		}
		if again := Format(sc.Setup, sc.Actions); again != text {
			t.Errorf("Format is not stable:\n%s\nthen\n%s", text, again)
		}
		if _, err := engine.New(setup); err != nil {
			t.Errorf("the engine refuses a set-up that the language allows: %v\n%s", err, text)
		}
	})
}

func TestParseActionOfFormatAction(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := genAction().Draw(t, "action")
		line := FormatAction(a)
		got, d := ParseAction(line)
		if d != nil {
			t.Fatalf("%s\n%s", line, d)
		}
		if d := cmp.Diff(a, got, sameValues); d != "" {
			t.Errorf("%s\n-want +got\n%s", line, d)
		}
	})
}

func TestParseCondOfFormatCond(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := genCond().Draw(t, "cond")
		text := FormatCond(c)
		got, d := ParseCond(text)
		if d != nil {
			t.Fatalf("%s\n%s", text, d)
		}
		if got != c {
			t.Errorf("%s\ngot  %+v\nwant %+v", text, got, c)
		}
	})
}

func TestFormatIsCanonical(t *testing.T) {
	for _, test := range []struct{ name, src, want string }{{
		name: "nothing is all defaults",
		want: "client 192.0.2.10:52431 profile rfc9293\nserver 198.51.100.20:80 profile rfc9293\ndelay 50ms\n",
	}, {
		name: "the words of a phone, and settings on many lines",
		src: "\ufeffTitle  Hello, world \r\nClient ISN 100\r\nclient Profile Linux # comment\r\nSERVER isn 300, 400 wscale OFF\r\n" +
			"delay 50000us 0.08s\nLoss 10.50%\nseed 0x10\n\nServer Listen\nclient connect\nstep\nStep 2\nstep until not syn-ack#2 SENT\n" +
			"edit syn,ack ACK=0x131 flags=ack-syn payload=hi",
		want: "title Hello, world\nclient 192.0.2.10:52431 isn 100 profile linux\nserver 198.51.100.20:80 isn 300,400 profile rfc9293 wscale off\n" +
			"delay 50ms 80ms\nloss 10.5%\nseed 16\nserver listen backlog 128\nclient connect\nstep 3\nstep until not 2nd SYN-ACK sent\n" +
			"edit SYN-ACK ack=305 flags=SYN,ACK payload=\"hi\"\n",
	}, {
		name: "notes stand where they were, and steps are not merged across them",
		src:  "note before\nclient connect\nstep\nnote between\nstep\nstep\nnote after",
		want: "client 192.0.2.10:52431 profile rfc9293\nserver 198.51.100.20:80 profile rfc9293\ndelay 50ms\n" +
			"note before\nclient connect\nstep\nnote between\nstep 2\nnote after\n",
	}, {
		name: "a rule of the set-up and a rule that is the first action",
		src:  "rule drop 1st SYN\nstart\nrule drop 2nd SYN",
		want: "client 192.0.2.10:52431 profile rfc9293\nserver 198.51.100.20:80 profile rfc9293\ndelay 50ms\n" +
			"rule drop 1st SYN\nstart\nrule drop 2nd SYN\n",
	}, {
		name: "an old word for a number that never changes",
		src:  "client isn fixed broken no-rst\nserver broken no-rst isn Fixed",
		want: "client 192.0.2.10:52431 profile rfc9293 broken fixed-isn,no-rst\nserver 198.51.100.20:80 profile rfc9293 broken fixed-isn,no-rst\ndelay 50ms\n",
	}, {
		name: "no more than 1000 steps at once",
		src:  "step 999\nstep\nstep\n",
		want: "client 192.0.2.10:52431 profile rfc9293\nserver 198.51.100.20:80 profile rfc9293\ndelay 50ms\nstep 1000\nstep\n",
	}} {
		t.Run(test.name, func(t *testing.T) {
			sc, diags := Parse(test.src)
			if len(diags) > 0 {
				t.Fatal(diags)
			}
			if got := sc.String(); got != test.want {
				t.Errorf("got\n%s\nwant\n%s", got, test.want)
			}
		})
	}
}

func TestQuote(t *testing.T) {
	for _, test := range []struct{ text, want string }{
		{`GET / "x" \`, `"GET / \"x\" \\"`},
		{"\r\n\t\x00\x1b\x7f", `"\r\n\t\x00\x1b\x7f"`},
		{"é 漢 \U0001f600", `"é 漢 ` + "\U0001f600" + `"`},
		{"\xff\xc3", `"\xff\xc3"`},
		{"a\u202eb", `"a\xe2\x80\xaeb"`}, // turns the direction of text around
	} {
		if got := Quote(test.text); got != test.want {
			t.Errorf("Quote(%q) = %s, want %s", test.text, got, test.want)
		}
	}
}
