package network

import (
	"math/bits"
	"slices"
	"testing"

	"github.com/handshakelab/lab/engine/tcp"
	"github.com/handshakelab/lab/engine/wire"
)

const ms = tcp.Millisecond

func TestDraw(t *testing.T) {
	// The value is part of the engine's version: a change of it changes every run with chance in it.
	if got, want := Draw(7, "loss to client", 0), uint64(0x61a03b6da23104b1); got != want {
		t.Errorf("Draw(7, loss to client, 0) = %#x, want %#x", got, want)
	}
	seen := map[uint64]bool{}
	for seed := range uint64(4) {
		for _, purpose := range []string{"", "a", "ab", "ba", "loss to client", "loss to server"} {
			for n := range uint64(1000) {
				seen[Draw(seed, purpose, n)] = true
			}
		}
	}
	if len(seen) != 4*6*1000 {
		t.Errorf("%d draws of 24000 are different: seed, purpose and number must all count", len(seen))
	}
	// Neighbours differ in half of their bits, on average.
	flips := 0
	for n := range uint64(1000) {
		flips += bits.OnesCount64(Draw(1, "x", n) ^ Draw(1, "x", n+1))
	}
	if flips < 31_000 || flips > 33_000 {
		t.Errorf("neighbouring draws differ in %.1f bits on average, want about 32", float64(flips)/1000)
	}
}

func TestPassRules(t *testing.T) {
	drop := func(nth int, f wire.Flags) Rule { return Rule{Verb: Drop, Nth: nth, Flags: f} }
	tests := []struct {
		name  string
		rules []Rule
		sent  []wire.Flags // all to the server
		want  [][]Act
	}{
		{
			name:  "the 1st of its kind is dropped, not the 2nd, and no other kind",
			rules: []Rule{drop(1, wire.SYN|wire.ACK)},
			sent:  []wire.Flags{wire.SYN, wire.SYN | wire.ACK, wire.SYN | wire.ACK},
			want:  [][]Act{nil, {{Verb: Drop, Rule: 1}}, nil},
		},
		{
			name:  "every one is dropped",
			rules: []Rule{drop(0, wire.SYN)},
			sent:  []wire.Flags{wire.SYN, wire.SYN},
			want:  [][]Act{{{Verb: Drop, Rule: 1}}, {{Verb: Drop, Rule: 1}}},
		},
		{
			name:  "a rule counts what another rule drops",
			rules: []Rule{drop(1, wire.SYN), drop(2, wire.SYN)},
			sent:  []wire.Flags{wire.SYN, wire.SYN, wire.SYN},
			want:  [][]Act{{{Verb: Drop, Rule: 1}}, {{Verb: Drop, Rule: 2}}, nil},
		},
		{
			name:  "PSH makes no difference, on either side",
			rules: []Rule{drop(0, wire.ACK|wire.PSH)},
			sent:  []wire.Flags{wire.ACK, wire.ACK | wire.PSH, wire.ACK | wire.URG},
			want:  [][]Act{{{Verb: Drop, Rule: 1}}, {{Verb: Drop, Rule: 1}}, nil},
		},
		{
			name:  "a drop wins over the rules before and behind it",
			rules: []Rule{{Verb: Delay, Flags: wire.SYN, For: ms}, drop(1, wire.SYN), {Verb: Duplicate, Flags: wire.SYN}},
			sent:  []wire.Flags{wire.SYN, wire.SYN},
			want:  [][]Act{{{Verb: Drop, Rule: 2}}, {{Verb: Delay, Rule: 1, For: ms}, {Verb: Duplicate, Rule: 3}}},
		},
		{
			name:  "a rule about the other sender does not count",
			rules: []Rule{{Verb: Drop, Nth: 1, Flags: wire.SYN, From: 2}, {Verb: Drop, Nth: 2, Flags: wire.SYN, From: 1}},
			sent:  []wire.Flags{wire.SYN, wire.SYN},
			want:  [][]Act{nil, {{Verb: Drop, Rule: 2}}},
		},
		{
			name:  "any segment",
			rules: []Rule{{Verb: Duplicate, Nth: 2, Any: true, For: 3 * ms}},
			sent:  []wire.Flags{wire.RST, 0, wire.FIN},
			want:  [][]Act{nil, {{Verb: Duplicate, Rule: 1, For: 3 * ms}}, nil},
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			p, err := New(Setup{Delay: [2]Time{50 * ms, 70 * ms}, Rules: test.rules}, 1)
			if err != nil {
				t.Fatal(err)
			}
			for i, f := range test.sent {
				delay, acts := p.Pass(ToServer, f, nil)
				if delay != 50*ms || !slices.Equal(acts, test.want[i]) {
					t.Errorf("segment %d: %v %v, want 50ms %v", i+1, delay, acts, test.want[i])
				}
			}
		})
	}
}

func TestPassChance(t *testing.T) {
	p, err := New(Setup{Delay: [2]Time{50 * ms, 70 * ms}, Jitter: 10 * ms, Loss: [2]uint32{100_000, 100_000}, Duplicate: 50_000}, 42)
	if err != nil {
		t.Fatal(err)
	}
	var same Path
	same.Set(&p)
	var lost, copies int
	var lo, hi Time = 1 << 40, 0
	for range 10_000 {
		delay, acts := p.Pass(ToClient, wire.ACK, nil)
		again, _ := same.Pass(ToClient, wire.ACK, nil)
		if again != delay {
			t.Fatal("a clone draws other numbers")
		}
		lo, hi = min(lo, delay), max(hi, delay)
		switch {
		case len(acts) == 1 && acts[0].Verb == Drop:
			lost++
		case len(acts) == 1 && acts[0].Verb == Duplicate:
			copies++
		case len(acts) != 0:
			t.Fatalf("acts %v: a segment is lost or copied by chance, not both", acts)
		}
	}
	if lost < 900 || lost > 1100 {
		t.Errorf("%d of 10000 lost, want about 1000", lost)
	}
	if copies < 380 || copies > 520 {
		t.Errorf("%d of 10000 copied, want about 450", copies)
	}
	if lo < 70*ms || hi > 80*ms || hi-lo < 9*ms {
		t.Errorf("delays from %v to %v, want all of 70ms to 80ms", lo, hi)
	}
	// What goes the other way does not move the luck of this one.
	var other Path
	other.Set(&same)
	other.Pass(ToServer, wire.ACK, nil)
	for range 100 {
		a, _ := same.Pass(ToClient, wire.ACK, nil)
		b, _ := other.Pass(ToClient, wire.ACK, nil)
		if a != b {
			t.Fatal("a segment to the server changed the jitter of one to the client")
		}
	}
}

func TestChanceAtItsEnds(t *testing.T) {
	for _, test := range []struct {
		loss, dup uint32
		want      []Act
	}{
		{0, 0, nil},
		{1_000_000, 1_000_000, []Act{{Verb: Drop}}},
		{0, 1_000_000, []Act{{Verb: Duplicate}}},
	} {
		p, err := New(Setup{Loss: [2]uint32{test.loss, test.loss}, Duplicate: test.dup}, 3)
		if err != nil {
			t.Fatal(err)
		}
		for range 1000 {
			if _, acts := p.Pass(ToServer, wire.SYN, nil); !slices.Equal(acts, test.want) {
				t.Fatalf("loss %d, duplicate %d: %v, want %v", test.loss, test.dup, acts, test.want)
			}
		}
	}
}

func TestRuleString(t *testing.T) {
	for _, test := range []struct {
		rule Rule
		want string
	}{
		{Rule{Verb: Drop, Nth: 1, Flags: wire.SYN | wire.ACK}, "drop 1st SYN-ACK"},
		{Rule{Verb: Delay, Flags: wire.ACK | wire.PSH, From: 1, For: 200 * ms}, "delay every ACK from client 200ms"},
		{Rule{Verb: Duplicate, Nth: 22, Any: true, From: 2, For: 10 * ms}, "duplicate 22nd segment from server after 10ms"},
		{Rule{Verb: Duplicate, Nth: 113, Flags: wire.SYN}, "duplicate 113th SYN"},
		{Rule{Verb: Drop, Nth: 3}, "drop 3rd none"},
	} {
		if got := test.rule.String(); got != test.want {
			t.Errorf("%+v is %q, want %q", test.rule, got, test.want)
		}
	}
}

func TestBounds(t *testing.T) {
	good := Rule{Verb: Drop, Flags: wire.SYN}
	many := slices.Repeat([]Rule{good}, MaxRules)
	for name, s := range map[string]Setup{
		"negative delay":    {Delay: [2]Time{-1, 0}},
		"long delay":        {Delay: [2]Time{0, MaxDelay + 1}},
		"negative jitter":   {Jitter: -1},
		"long jitter":       {Jitter: MaxDelay + 1},
		"loss over 100%":    {Loss: [2]uint32{0, 1_000_001}},
		"copies over 100%":  {Duplicate: 1_000_001},
		"no verb":           {Rules: []Rule{{Flags: wire.SYN}}},
		"unknown verb":      {Rules: []Rule{{Verb: Duplicate + 1}}},
		"negative number":   {Rules: []Rule{{Verb: Drop, Nth: -1}}},
		"big number":        {Rules: []Rule{{Verb: Drop, Nth: MaxNth + 1}}},
		"unknown sender":    {Rules: []Rule{{Verb: Drop, From: 3}}},
		"delay by nothing":  {Rules: []Rule{{Verb: Delay}}},
		"drop with a time":  {Rules: []Rule{{Verb: Drop, For: 1}}},
		"very late copy":    {Rules: []Rule{{Verb: Duplicate, For: MaxDelay + 1}}},
		"one rule too many": {Rules: append(many, good)},
	} {
		if _, err := New(s, 0); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if _, err := New(Setup{Delay: [2]Time{MaxDelay, 0}, Jitter: MaxDelay, Loss: [2]uint32{1_000_000, 1_000_000}, Duplicate: 1_000_000, Rules: many}, 0); err != nil {
		t.Errorf("everything at its bound: %v", err)
	}
}

func TestCloneAndRemove(t *testing.T) {
	p, err := New(Setup{Rules: []Rule{{Verb: Drop, Nth: 2, Flags: wire.SYN}, {Verb: Drop, Nth: 1, Flags: wire.RST}}}, 0)
	if err != nil {
		t.Fatal(err)
	}
	before := p.AppendBinary(nil)
	var c Path
	c.Set(&p)
	c.Pass(ToServer, wire.SYN, nil)
	if _, seen, _ := p.Rule(1); seen != 0 || !slices.Equal(before, p.AppendBinary(nil)) {
		t.Error("passing a segment through a clone changed the original")
	}
	if slices.Equal(before, c.AppendBinary(nil)) {
		t.Error("the count of a rule is not in the encoding")
	}
	if r, ok := c.Remove(1); !ok || r.Flags != wire.SYN || c.NumRules() != 1 || p.NumRules() != 2 {
		t.Error("removing rule 1 of a clone must leave rule 2 there and both in the original")
	}
	if _, ok := c.Remove(2); ok {
		t.Error("rule 2 was there twice")
	}
	if _, acts := c.Pass(ToServer, wire.RST, nil); !slices.Equal(acts, []Act{{Verb: Drop, Rule: 1}}) {
		t.Errorf("after the removal the RST meets %v, want the drop as rule 1", acts)
	}
}

func BenchmarkPass(b *testing.B) {
	p, err := New(Setup{
		Jitter: ms, Loss: [2]uint32{10_000, 10_000}, Duplicate: 10_000,
		Rules: []Rule{{Verb: Drop, Nth: 1, Flags: wire.SYN}, {Verb: Delay, Flags: wire.ACK, For: ms}},
	}, 1)
	if err != nil {
		b.Fatal(err)
	}
	var acts [MaxActs]Act
	b.ReportAllocs()
	for b.Loop() {
		p.Pass(ToClient, wire.ACK, acts[:0])
	}
}
