package gallery_test

import (
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/handshakelab/lab/engine"
	"github.com/handshakelab/lab/engine/rule"
	"github.com/handshakelab/lab/engine/script"
	"github.com/handshakelab/lab/lessons"
	"github.com/handshakelab/lab/lessons/gallery"
)

func TestBuiltin(t *testing.T) {
	g, list := gallery.Load(gallery.Builtin())
	if len(list) > 0 {
		t.Fatal(list)
	}
	n := 0
	var notes strings.Builder
	for _, group := range g.Groups {
		for _, lang := range lessons.Languages {
			if _, in := group.TitleIn(lang); in != lang {
				t.Errorf("the group %s has no title in %s", group.ID, lang)
			}
		}
		if group.Title == "" {
			t.Errorf("the group %s has no title", group.ID)
		}
		for _, it := range group.Items {
			n++
			notes.WriteString(it.Look + "\n")
			for _, lang := range lessons.Languages[1:] {
				other := it.In(lang)
				if other.Lang != lang || other.Title == it.Title || other.Look == it.Look || !strings.Contains(other.Sim.Source, "title "+other.Title+"\nnote "+other.Look+"\n") {
					t.Errorf("%s is not in %s", it.Slug, lang)
				}
				if sc, faults := script.Parse(other.Sim.Source); len(faults) > 0 || sc.Title != other.Title {
					t.Errorf("%s in %s does not run: %v", it.Slug, lang, faults)
				}
			}
			if g.Item(it.Slug) != it {
				t.Errorf("%s is not found by its name", it.Slug)
			}
		}
	}
	files, _ := fs.Glob(gallery.Builtin(), "*/*.lab")
	if n < 30 || n != len(files) {
		t.Errorf("the gallery has %d scenarios of %d files, want all, and at least 30", n, len(files))
	}
	for figure := 6; figure <= 13; figure++ {
		if !strings.Contains(notes.String(), fmt.Sprintf("figure %d.", figure)) {
			t.Errorf("no scenario says that it is figure %d", figure)
		}
	}
}

// TestShows looks behind the words: the rule that a scenario is about must be at work in it.
func TestShows(t *testing.T) {
	g, _ := gallery.Load(gallery.Builtin())
	for slug, want := range map[string]rule.ID{
		"handshake":              rule.SynSentOpen,
		"handshake-linux":        rule.Timestamps,
		"simultaneous-open":      rule.LinuxSimultaneous,
		"simultaneous-open-rfc":  rule.SimultaneousOpen,
		"fast-open-first":        rule.FastOpenGrant,
		"fast-open-second":       rule.FastOpenData,
		"syn-lost":               rule.Retransmit,
		"syn-ack-lost":           rule.Retransmit,
		"syn-ack-lost-linux":     rule.LinuxSynAckAgain,
		"final-ack-lost":         rule.Retransmit,
		"blackhole":              rule.RTODouble,
		"refused":                rule.ClosedNoACK,
		"filtered":               rule.LinuxSynLinear,
		"firewall-icmp":          rule.ICMPSoft,
		"old-duplicate-syn":      rule.SynSentACK,
		"old-syn-both-listen":    rule.ListenACK,
		"half-open-syn":          rule.SYNChallenge,
		"half-open-data":         rule.ClosedACK,
		"paws":                   rule.PAWS,
		"close":                  rule.TimeWaitEnd,
		"close-simultaneous":     rule.FINClosing,
		"close-unread":           rule.CloseUnread,
		"abort":                  rule.Abort,
		"time-wait-reused":       rule.TimeWaitSYN,
		"time-wait-assassinated": rule.TimeWaitRST,
		"syn-flood":              rule.SynQueue,
		"syn-flood-cookies":      rule.CookieGood,
		"accept-queue-overflow":  rule.AcceptQueueACK,
		"accept-queue-abort":     rule.AcceptQueueAbort,
		"nat-forgets":            rule.BoxNATForgot,
		"nat-keepalive":          rule.KeepProbe,
		"mtu-black-hole":         rule.BoxBlackHole,
		"reordered":              rule.HeldText,
		"keepalive":              rule.KeepDead,
		"zero-window":            rule.Persist,
		"blind-rst":              rule.RSTExact,
		"blind-syn":              rule.SYNChallenge,
		"isn-guessed":            rule.ISNCounter,
	} {
		it := g.Item(slug)
		if it == nil {
			t.Errorf("there is no %s", slug)
			continue
		}
		if !slices.ContainsFunc(it.Sim.Events, func(e engine.Event) bool { return e.Rule == want }) {
			t.Errorf("%s never meets the rule %s", slug, want)
		}
	}
}

// TestClaims takes away what makes a scenario special, all rules for instance, or all forged segments. Something of what it
// claims must not hold then, else the claims say nothing about it.
func TestClaims(t *testing.T) {
	g, _ := gallery.Load(gallery.Builtin())
	for _, group := range g.Groups {
		for _, it := range group.Items {
			special, fails := false, false
			for _, what := range []string{"rule ", "box ", "mtu ", "forge ", "drop ", "hold ", "duplicate ", "client set ", " broken "} {
				without := cut(it.Sim.Source, what)
				if without == it.Sim.Source {
					continue
				}
				special = true
				sc, list := script.Parse(without)
				if list.Err() == nil {
					_, _, list = script.Run(sc)
				}
				fails = fails || list.Err() != nil
			}
			if special && !fails {
				t.Errorf("%s holds all it claims without what it is about", it.File)
			}
		}
	}
}

// cut takes out the lines that begin with what, or the end of a line from there on.
func cut(source, what string) string {
	var kept []string
	for line := range strings.Lines(source) {
		if strings.HasPrefix(line, what) {
			continue
		}
		if head, _, ok := strings.Cut(line, what); ok && what[0] == ' ' {
			line = head + "\n"
		}
		kept = append(kept, line)
	}
	return strings.Join(kept, "")
}

func TestFaults(t *testing.T) {
	const good = "title A\nnote Look here.\nclient connect\nstep until quiet\nexpect client CLOSED\n"
	for _, c := range []struct{ file, text, code, at string }{
		{"open/a.lab", strings.Replace(good, "title A\n", "", 1), "no-title", "open/a.lab:1:1"},
		{"open/a.lab", strings.Replace(good, "note Look here.\n", "", 1), "no-look", "open/a.lab:1:1"},
		{"open/a.lab", strings.Replace(good, "expect client CLOSED\n", "", 1), "no-claim", "open/a.lab:1:1"},
		{"open/a.lab", strings.Replace(good, "CLOSED", "ESTABLISHED", 1), "expect-failed", "open/a.lab:5:1"},
		{"open/a.lab", strings.Replace(good, "connect", "conect", 1), "", "open/a.lab:3:8"},
		{"open/A b.lab", good, "bad-name", "open/A b.lab:1:1"},
		{"nowhere/a.lab", good, "unknown-group", "nowhere/a.lab:1:1"},
		{"de.json", `{"scenarios": {"gone": ["Weg", "Sieh hin."]}}`, "bad-translation", "de.json:1:1"},
		{"es.json", `{"scenarios": {"good": ["", "Mira."]}}`, "bad-translation", "es.json:1:1"},
	} {
		g, list := gallery.Load(fstest.MapFS{c.file: {Data: []byte(c.text)}, "open/good.lab": {Data: []byte(good)}})
		if len(list) != 1 || c.code != "" && list[0].Code != c.code || !strings.HasPrefix(list[0].String(), c.at) {
			t.Errorf("%s with\n%s: %v, want %s at %s", c.file, c.text, list, c.code, c.at)
		}
		if g.Item("good") == nil || g.Item("a") != nil {
			t.Errorf("%s: the good scenario must stay, and the other must not", c.code)
		}
	}
	if _, list := gallery.Load(fstest.MapFS{}); len(list) != 1 || list[0].Code != "no-scenarios" {
		t.Errorf("an empty folder: %v", list)
	}
	if _, list := gallery.Load(fstest.MapFS{"open/10-a.lab": {Data: []byte(good)}, "close/20-a.lab": {Data: []byte(good)}}); len(list) != 1 || list[0].Code != "name-twice" {
		t.Errorf("two of a name: %v", list)
	}
}

func TestFacts(t *testing.T) {
	g, _ := gallery.Load(gallery.Builtin())
	f := g.Item("refused").Facts
	if f.Segments != 2 || f.Lost != 0 || f.Length.String() != "100ms" || f.States[0].String() != "CLOSED" || len(f.Told[0]) != 1 || f.Told[0][0].String() != "ECONNREFUSED" {
		t.Errorf("refused: %+v", f)
	}
	if f := g.Item("filtered").Facts; f.Lost != 11 || f.Profiles[0] != "linux" {
		t.Errorf("filtered: %+v", f)
	}
}
