//go:build linux

package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/gorilla/websocket"
)

// inject makes system calls of a program fail, until what it returns is called.
func inject(t *testing.T, s *server, calls, fault string) (stop func()) {
	t.Helper()
	strace, err := exec.LookPath("strace")
	if err != nil {
		t.Skip("strace is not installed")
	}
	pid := strconv.Itoa(s.cmd.Process.Pid)
	cmd := exec.Command(strace, "-f", "-p", pid, "-o", os.DevNull, "-e", "trace="+calls, "-e", "inject="+calls+":"+fault)
	var said output
	cmd.Stderr = &said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	stopped := false
	stop = func() {
		if !stopped {
			stopped = true
			_ = cmd.Process.Signal(os.Interrupt) // it lets go of the program
			_ = cmd.Wait()
		}
	}
	t.Cleanup(stop)
	if strings.Contains(said.String(), "Operation not permitted") {
		t.Skip("strace may not be used here")
	}
	eventually(t, "strace to hold all threads", func() bool {
		threads, err := filepath.Glob(filepath.Join("/proc", pid, "task", "*", "status"))
		if err != nil || len(threads) == 0 {
			t.Fatal("the program is gone")
		}
		for _, name := range threads {
			if status, err := os.ReadFile(name); err == nil && strings.Contains(string(status), "TracerPid:\t0\n") {
				if strings.Contains(said.String(), "Operation not permitted") {
					t.Skip("strace may not be used here")
				}
				return false
			}
		}
		return true
	})
	return stop
}

// try does one thing in the class, once, and returns what came of it.
func (p *person) try(class string, id int) map[string]any {
	p.t.Helper()
	for {
		p.send(map[string]any{"type": "do", "id": id, "run": class + ".1", "seen": p.seen, "line": "wait 1ms"})
		f := p.until(func(f map[string]any) bool { re, _ := f["re"].(float64); return int(re) == id })
		if f["code"] != "stale" {
			return f
		}
	}
}

// count is how many lines of the log have a text.
func (s *server) count(text string) int { return strings.Count(s.stderr.String(), text) }

// While the disk takes nothing, for whatever reason, nothing is acknowledged and everybody is told; what needs no disk goes on; and what is on
// the disk is not touched. When it is well again the class goes on by itself, and each thing that was tried again was done once.
func TestFault95DiskFails(t *testing.T) {
	folder := t.TempDir()
	s := start(t, []string{"LAB_DATA=" + folder}, "-addr", "127.0.0.1:0")
	ada, class := teach(t, s, s)
	ada.enter(s, class)
	ada.share(s, class)
	ws := s.dial()
	id := 1
	// When no file can be opened, either "nothing can be kept now" or "the class cannot be read now", by what is still in memory.
	for _, test := range []struct{ name, calls, fault, told string }{
		{"the quota is used up", "openat,pwrite64", "error=EDQUOT", "there is no room"},
		{"nothing can be opened, written, synced or renamed", "openat,pwrite64,fsync,fdatasync,ftruncate,rename,renameat,renameat2,unlinkat", "error=EIO", "now"},
		{"no file can be opened", "openat,fsync", "error=EMFILE", "now"},
	} {
		ada.do(class, id+1)
		broken, well := s.count("the store cannot write; trying again"), s.count("the store writes again")
		stop := inject(t, s, test.calls, test.fault)
		id += 2
		if f := ada.try(class, id); f["code"] != "not_saved" || !strings.Contains(fmt.Sprint(f["message"]), test.told) {
			t.Errorf("%s: an act is answered with %v", test.name, f)
		}
		eventually(t, "the operator to be told", func() bool { return s.count("the store cannot write; trying again") > broken })
		if err := ws.WriteMessage(websocket.TextMessage, fmt.Appendf(nil, `{"type":"open","id":%d,"scenario":"server listen\nclient connect\nstep until quiet\n"}`, id)); err != nil {
			t.Fatal(err)
		}
		read(t, ws, "done")
		if status, text := s.get("readyz"); status != 503 || !strings.Contains(text, "the store") {
			t.Errorf("%s: readyz is %d %s", test.name, status, text)
		}
		if status, _ := s.get("lessons"); status != 200 {
			t.Errorf("%s: a page is %d", test.name, status)
		}
		stop()
		_, waited := ada.do(class, id)
		t.Logf("%s: what was tried was done %v after the end of it", test.name, waited)
		eventually(t, "the operator to be told", func() bool { return s.count("the store writes again") > well })
	}
	s.once(ada, class, folder, id)
}

// once kills the server, starts another one on the folder, and asserts that each of the things that were done in the class, with the numbers
// 2 to last, was done once.
func (s *server) once(p *person, class, folder string, last int) {
	s.t.Helper()
	if err := s.cmd.Process.Kill(); err != nil {
		s.t.Fatal(err)
	}
	<-s.done
	again := start(s.t, []string{"LAB_DATA=" + folder}, "-addr", "127.0.0.1:0")
	p.enter(again, class)
	f := p.until(func(f map[string]any) bool { return f["type"] == "snapshot" })
	// The scenario itself has two.
	if at := nested(f, "done", "last"); at != float64(last-1+2) {
		s.t.Errorf("the run is at node %v after %d things", at, last-1)
	}
	again.stop(syscall.SIGTERM)
}

// A sync fails once. What was written is not taken for written, though it can be read: it is written into a new file before anything else.
func TestFault96SyncFailsOnce(t *testing.T) {
	folder := t.TempDir()
	s := start(t, []string{"LAB_DATA=" + folder}, "-addr", "127.0.0.1:0")
	ada, class := teach(t, s, s)
	ada.enter(s, class)
	ada.share(s, class)
	ada.do(class, 2)
	number := func() uint64 {
		files, err := filepath.Glob(filepath.Join(folder, "jetstream", "*", "streams", "LOGS", "msgs", "*.blk"))
		if err != nil || len(files) != 1 {
			t.Fatal(files, err)
		}
		st, err := os.Stat(files[0])
		if err != nil {
			t.Fatal(err)
		}
		return st.Sys().(*syscall.Stat_t).Ino
	}
	before := number()
	stop := inject(t, s, "fsync", "error=EIO:when=1")
	ada.do(class, 3) // it is done at once, or said not to be, and done when it is tried again
	if number() == before {
		t.Error("the file is the one whose sync has failed")
	}
	stop()
	if s.count("input/output error") == 0 {
		t.Error("no sync has failed, and so this was no test")
	}
	ada.do(class, 4)
	s.once(ada, class, folder, 4)
}
