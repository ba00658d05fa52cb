package i18n_test

import (
	"bytes"
	"encoding/json"
	"io/fs"
	"net/netip"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/handshakelab/lab/engine"
	"github.com/handshakelab/lab/engine/rule"
	"github.com/handshakelab/lab/engine/tcp"
	"github.com/handshakelab/lab/engine/wire"
	"github.com/handshakelab/lab/static"
	"github.com/handshakelab/lab/web/i18n"
)

// jsonEvent is as much of an event of the live protocol as a sentence needs.
type jsonEvent struct {
	T                 int64
	Kind              engine.Kind
	Host, Toward      string
	Conn              tcp.ConnID
	Seg, Of           engine.SegID
	OK                bool
	From, To          string
	Timer, Notice     string
	Errno, Call, Text string
	Bytes             uint32
	Count             int
	Due               *int64
	Rule              rule.ID
	Args              []int64
	Fields            []string
	Wire              *jsonWire
	Vars              *struct{ RTO tcp.Time }
}

type jsonWire struct {
	Src, Dst       netip.AddrPort
	Seq, Ack       wire.Seq
	Flags, Payload string
	ICMP           struct{ Kind string }
}

func (j jsonEvent) event(t *testing.T) engine.Event {
	t.Helper()
	host := map[string]engine.HostID{"client": engine.Client, "server": engine.Server, "network": engine.Network}
	e := engine.Event{At: engine.Time(j.T), Kind: j.Kind, Host: host[j.Host], Toward: host[j.Toward], Seg: j.Seg, Of: j.Of,
		Call: j.Call, Text: j.Text, Count: j.Count, Effect: tcp.Effect{Conn: j.Conn, OK: j.OK, Bytes: j.Bytes, Due: tcp.Never, Rule: j.Rule}}
	copy(e.Args[:], j.Args)
	if j.Due != nil {
		e.Due = engine.Time(*j.Due)
	}
	e.From, _ = tcp.ParseState(j.From)
	e.To, _ = tcp.ParseState(j.To)
	e.Notice, _ = tcp.ParseNotice(j.Notice)
	e.Errno, _ = tcp.ParseErrno(j.Errno)
	names := []string{"sport", "dport", "seq", "ack", "offset", "reserved", "flags", "window", "checksum", "urgent", "options", "payload", "ttl", "src", "dst"}
	for _, f := range j.Fields {
		e.Fields |= 1 << slices.Index(names, f)
	}
	if w := j.Wire; w != nil {
		flags, err := wire.ParseFlags(w.Flags)
		if err != nil {
			t.Fatal(err)
		}
		e.Wire = &wire.Segment{Src: w.Src, Dst: w.Dst, Seq: w.Seq, Ack: w.Ack, Flags: flags, Payload: w.Payload}
		e.Wire.ICMP.Kind, _ = wire.ParseICMPKind(w.ICMP.Kind)
	}
	if j.Vars != nil {
		e.Vars = &tcp.TCB{RTO: j.Vars.RTO}
	}
	return e
}

// TestSentences holds the narrator to the fixture that the browser's narrator is held to as well.
func TestSentences(t *testing.T) {
	b, err := os.ReadFile("testdata/sentences.json")
	if err != nil {
		t.Fatal(err)
	}
	var fixture struct {
		Numbers struct{ Time, MS [][2]any }
		Cases   []struct {
			Name  string
			Steps []struct {
				Events []jsonEvent
				Say    []string
				Text   string
			}
		}
	}
	if err := json.Unmarshal(b, &fixture); err != nil {
		t.Fatal(err)
	}
	en := i18n.Lookup("en-GB")
	for _, v := range fixture.Numbers.Time {
		if got := en.Time(int64(v[0].(float64))); got != v[1] {
			t.Errorf("Time(%v) = %q, want %q", v[0], got, v[1])
		}
	}
	for _, v := range fixture.Numbers.MS {
		if got := en.Ms(int64(v[0].(float64))); got != v[1] {
			t.Errorf("Ms(%v) = %q, want %q", v[0], got, v[1])
		}
	}
	for _, c := range fixture.Cases {
		t.Run(c.Name, func(t *testing.T) {
			one, all := en.Narrator(), en.Narrator()
			for i, s := range c.Steps {
				var events []engine.Event
				for k, j := range s.Events {
					e := j.event(t)
					events = append(events, e)
					if got := one.Event(e); got != s.Say[k] {
						t.Errorf("step %d, event %d: %q, want %q", i, k, got, s.Say[k])
					}
				}
				if got := all.Step(events); got != s.Text {
					t.Errorf("step %d: %q, want %q", i, got, s.Text)
				}
			}
		})
	}
}

// TestEveryEventHasASentence: no kind of event, notice, errno, timer or field may be without words, in any language.
func TestEveryEventHasASentence(t *testing.T) {
	for _, lang := range i18n.Languages {
		c := i18n.Lookup(lang)
		need := []string{}
		for _, k := range []engine.Kind{engine.Called, engine.Opened, engine.Removed, engine.Changed, engine.Updated, engine.TimerSet, engine.TimerStopped,
			engine.TimerFired, engine.Sent, engine.Forged, engine.Edited, engine.Delayed, engine.Held, engine.Released, engine.Duplicated, engine.Lost,
			engine.Arrived, engine.Discarded, engine.RuleAdded, engine.RuleRemoved, engine.Failed} {
			need = append(need, "event."+k.String())
		}
		for n := tcp.NoNotice + 1; n <= tcp.Returned; n++ {
			need = append(need, "event.told."+n.String())
		}
		for e := tcp.OK + 1; e <= tcp.EMFILE; e++ {
			need = append(need, "errno."+e.String())
		}
		for k := tcp.TimerKind(0); k < tcp.NumTimers; k++ {
			need = append(need, "timer."+k.String())
		}
		for _, key := range need {
			if !c.Has(key) {
				t.Errorf("%s: no message %q", lang, key)
			}
		}
	}
}

var markup = regexp.MustCompile(`<[a-z/!]|&[a-z]+;`)

// TestMessages: messages are plain text, have the fallback's placeholders and no others, and no empty forms.
func TestMessages(t *testing.T) {
	holes := regexp.MustCompile(`\{[^}]*\}`)
	en := i18n.Lookup("en")
	for _, lang := range i18n.Languages {
		c := i18n.Lookup(lang)
		for _, key := range c.Keys() {
			text := c.T(key)
			if text == "" || markup.MatchString(text) {
				t.Errorf("%s: message %q is empty or holds markup: %q", lang, key, text)
			}
			if !en.Has(key) {
				t.Errorf("%s: message %q is not in the English catalogue", lang, key)
			}
			a, b := holes.FindAllString(text, -1), holes.FindAllString(en.T(key), -1)
			slices.Sort(a)
			slices.Sort(b)
			if !slices.Equal(a, b) {
				t.Errorf("%s: message %q has placeholders %v, English has %v", lang, key, a, b)
			}
		}
	}
}

// TestTranslated: what English says, the other languages say, or untranslated.txt owns up to it ("de ui.drop", a line each). Then
// English stands in.
func TestTranslated(t *testing.T) {
	text, err := os.ReadFile("testdata/untranslated.txt")
	if err != nil {
		t.Fatal(err)
	}
	listed := map[string]bool{}
	for line := range strings.Lines(string(text)) {
		listed[strings.TrimSpace(line)] = true
	}
	for _, lang := range i18n.Languages[1:] {
		c := i18n.Lookup(lang)
		for _, key := range i18n.Lookup("en").Keys() {
			switch missing := lang + " " + key; {
			case !c.Has(key) && !listed[missing]:
				t.Errorf("%s has no message %q: translate it, or add the line %q to web/i18n/testdata/untranslated.txt", lang, key, missing)
			case c.Has(key) && listed[missing]:
				t.Errorf("%q is translated: take it out of untranslated.txt", missing)
			}
			delete(listed, lang+" "+key)
		}
	}
	delete(listed, "")
	for line := range listed {
		t.Errorf("untranslated.txt names what is no message: %q", line)
	}
}

// TestRules: what another language says about a rule has the numbers that English has in it, and a sentence wherever English has one.
func TestRules(t *testing.T) {
	numbers := regexp.MustCompile(`\{[^}]*\}`)
	of := func(s string) string {
		list := numbers.FindAllString(s, -1)
		slices.Sort(list)
		return strings.Join(slices.Compact(list), " ")
	}
	for _, lang := range i18n.Languages[1:] {
		said := 0
		for _, r := range rule.All() {
			en, _ := i18n.Lookup("en").RuleText(r.ID)
			text, _ := i18n.Lookup(lang).RuleText(r.ID)
			if text.Lang != "" {
				continue // in English
			}
			said++
			for _, s := range [][2]string{{en.Title, text.Title}, {en.Pass, text.Pass}, {en.Fail, text.Fail}} {
				if (s[0] == "") != (s[1] == "") || of(s[0]) != of(s[1]) {
					t.Errorf("%s says of %s %q, English %q", lang, r.ID, s[1], s[0])
				}
			}
		}
		if n := i18n.RulesIn(lang); n != said {
			t.Errorf("rules/%s.json has %d rules, of which there are %d", lang, n, said)
		}
	}
}

// TestNumbers: the server writes numbers as the browser does.
func TestNumbers(t *testing.T) {
	for lang, want := range map[string][3]string{"en": {"1,075", "12,345.5", "0.5"}, "de": {"1.075", "12.345,5", "0,5"}, "es": {"1075", "12.345,5", "0,5"}} {
		for i, n := range []float64{1075, 12345.5, 0.5} {
			if got := i18n.Lookup(lang).Number(n); got != want[i] {
				t.Errorf("%s: %v is %q, want %q", lang, n, got, want[i])
			}
		}
	}
}

// TestPseudo: the pseudo-locales have every message, with its placeholders; one is a good deal longer.
func TestPseudo(t *testing.T) {
	en, pseudo := i18n.Lookup("en"), i18n.Pseudo()
	long, right := pseudo[0], pseudo[1]
	if right.Dir != "rtl" || long.Dir != "ltr" {
		t.Errorf("directions %q and %q", long.Dir, right.Dir)
	}
	if got := long.T("ui.event", "i", 4, "of", 9); got != "ëvëñt 4 öf 9~~~~" {
		t.Errorf("got %q", got)
	}
	for _, key := range en.Keys() {
		if !long.Has(key) || right.T(key) != en.T(key) {
			t.Errorf("%s: %q and %q", key, long.T(key), right.T(key))
		}
	}
}

// TestModulesAreFresh: the browser's copies of the catalogues are what the generator writes.
func TestModulesAreFresh(t *testing.T) {
	now, later, err := static.Sources(static.Embedded())
	if err != nil {
		t.Fatal(err)
	}
	differences, err := i18n.Differences()
	if err != nil {
		t.Fatal(err)
	}
	for _, lang := range i18n.Languages {
		first, more := i18n.Lookup(lang).Modules(now, later)
		for name, want := range map[string][]byte{"js/catalog." + lang + ".js": first, "js/more." + lang + ".js": more, "js/differences.en.js": differences} {
			if got, err := fs.ReadFile(static.Embedded(), name); err != nil || !bytes.Equal(got, want) {
				t.Errorf("static/%s is stale (%v): run go generate ./web/i18n", name, err)
			}
		}
	}
}

func TestLookup(t *testing.T) {
	en := i18n.Lookup("xx")
	if en.Lang != "en" {
		t.Errorf("Lookup of a language without catalogue gives %q", en.Lang)
	}
	if got := en.T("bytes", "n", 1); got != "1 byte" {
		t.Errorf("one byte is %q", got)
	}
	if got := en.T("bytes", "n", 2); got != "2 bytes" {
		t.Errorf("two bytes are %q", got)
	}
	if got := en.T("no such key"); got != "no such key" {
		t.Errorf("a missing message is %q", got)
	}
}
