package main

import (
	"bufio"
	"os"
	"os/exec"
	"strings"
	"testing"
)

func TestSearch(t *testing.T) {
	// What it prints is a scenario that runs.
	found := lab(t, nil, "", "search", "no-rst")
	if found.code != 0 || !strings.HasSuffix(found.stdout, "expect server ESTABLISHED\nexpect client CLOSED\nexpect quiet\n") ||
		!strings.HasPrefix(found.stderr, "3 moves, ") || strings.Count(found.stderr, "\n") != 1 {
		t.Errorf("no-rst: %+v", found)
	}
	if r := lab(t, nil, found.stdout, "run", "-"); r.code != 0 {
		t.Errorf("the scenario does not run: %+v", r)
	}
	if r := lab(t, nil, strings.Replace(found.stdout, " broken no-rst", "", 1), "run", "-"); r.code != 1 {
		t.Errorf("the scenario runs with the protection, too: %+v", r)
	}
	// With the protection, or with less of a network, there is nothing.
	for _, args := range [][]string{{"-unbroken", "-depth", "3", "no-rst"}, {"-depth", "2", "no-rst"}, {"-states", "10", "no-rst"}} {
		if r := lab(t, nil, "", append([]string{"search"}, args...)...); r.code != 1 || r.stdout != "" || !strings.Contains(r.stderr, "nothing") {
			t.Errorf("%v: %+v", args, r)
		}
	}
	text := "server listen\nclient connect\n"
	if r := lab(t, nil, text, "search", "-drops", "-1", "-copies", "-1", "-timers", "-1", "-"); r.code != 1 || !strings.Contains(r.stderr, "nothing left to try") {
		t.Errorf("all of it: %+v", r)
	}
	if r := lab(t, nil, text+"step\n", "search", "-"); r.code != 2 || !strings.HasPrefix(r.stderr, "standard input:3:1: error not-a-call:") {
		t.Errorf("a step: %+v", r)
	}
}

// Ctrl-C ends a search, which has said by then how far it is.
func TestSearchCancelled(t *testing.T) {
	cmd := exec.Command(binary, "search", "-unbroken", "-depth", "50", "-states", "50000000", "-copies", "9", "two-way-handshake")
	out, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cmd.Process.Kill() })
	lines := bufio.NewScanner(out)
	if !lines.Scan() || !strings.Contains(lines.Text(), " states, ") {
		t.Fatalf("first it said %q", lines.Text())
	}
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	last := ""
	for lines.Scan() {
		last = lines.Text()
	}
	cmd.Wait()
	if code := cmd.ProcessState.ExitCode(); code != exitCancelled || !strings.HasSuffix(last, ": cancelled") {
		t.Errorf("it ended with %d and %q", code, last)
	}
}
