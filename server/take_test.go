package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const linuxScenario = `client 192.0.2.1:54321 isn 100 profile linux
server 192.0.2.2:80 isn 300 profile linux
rule drop 1st SYN-ACK
server listen
client connect
step until quiet
`

// TestRunTakesAlong: the files that a page offers are those of -format, and a script that is written passes.
func TestRunTakesAlong(t *testing.T) {
	for _, side := range []string{"client", "server"} {
		r := lab(t, nil, linuxScenario, "run", "-format", "packetdrill", "-side", side, "-")
		if r.code != 0 || !strings.Contains(r.stdout, "under test is the "+side) {
			t.Fatalf("%+v", r)
		}
		file := filepath.Join(t.TempDir(), "run.pkt")
		if err := os.WriteFile(file, []byte(r.stdout), 0o600); err != nil {
			t.Fatal(err)
		}
		if r := lab(t, nil, "", "run", file); r.code != 0 || r.stderr != "" {
			t.Errorf("the %s: %+v", side, r)
		}
	}
	if r := lab(t, nil, lostScenario, "run", "-format", "svg", "-"); r.code != 0 || !strings.HasPrefix(r.stdout, "<?xml") {
		t.Errorf("svg: %.200s %s", r.stdout, r.stderr)
	}
	r := lab(t, nil, lostScenario, "run", "-format", "worksheet", "-blank", "time, states", "-")
	sheet, key, ok := strings.Cut(r.stdout, `id="key-title"`)
	if r.code != 0 || !ok || strings.Contains(sheet, "ESTABLISHED") || !strings.Contains(sheet, "seq 100") || !strings.Contains(key, "ESTABLISHED") || strings.Contains(r.stdout, "<link") {
		t.Errorf("worksheet: %d %s", r.code, r.stderr)
	}
	for _, bad := range []struct {
		args []string
		code int
		says string
	}{
		{[]string{"-format", "packetdrill", "-side", "moon"}, 2, "client and server"},
		{[]string{"-side", "server"}, 2, "-side is for"},
		{[]string{"-blank", "seq"}, 2, "-blank for"},
		{[]string{"-format", "svg", "-at", "1s"}, 2, "-at is not for -format svg"},
		{[]string{"-format", "worksheet", "-blank", "moon"}, 1, `no field "moon"`},
	} {
		if r := lab(t, nil, lostScenario, append(append([]string{"run"}, bad.args...), "-")...); r.code != bad.code || !strings.Contains(r.stderr, bad.says) {
			t.Errorf("%q: %+v", bad.args, r)
		}
	}
}
