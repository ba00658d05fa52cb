//go:build linux && amd64

package main

import (
	"bytes"
	"debug/elf"
	endian "encoding/binary"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/gorilla/websocket"
)

// wallClock puts a clock_gettime of our own in the place of the one that the kernel has mapped into a program, which is the one that Go asks.
// It asks the kernel too, and adds to the wall clock what the function that it returns was given. The monotonic clock stays what it is.
func (s *server) wallClock() (set func(ahead time.Duration)) {
	s.t.Helper()
	proc := filepath.Join("/proc", strconv.Itoa(s.cmd.Process.Pid))
	maps, err := os.ReadFile(filepath.Join(proc, "maps"))
	if err != nil {
		s.t.Fatal(err)
	}
	var from, to uint64
	for line := range strings.Lines(string(maps)) {
		if strings.HasSuffix(line, "[vdso]\n") {
			if _, err := fmt.Sscanf(line, "%x-%x", &from, &to); err != nil {
				s.t.Fatal(err)
			}
		}
	}
	mem, err := os.OpenFile(filepath.Join(proc, "mem"), os.O_RDWR, 0)
	if err != nil || from == 0 {
		s.t.Skipf("the memory of a program cannot be written here: %v", err)
	}
	s.t.Cleanup(func() { mem.Close() })
	vdso := make([]byte, to-from)
	if _, err := mem.ReadAt(vdso, int64(from)); err != nil {
		s.t.Fatal(err)
	}
	file, err := elf.NewFile(bytes.NewReader(vdso))
	if err != nil {
		s.t.Fatal(err)
	}
	symbols, err := file.DynamicSymbols()
	if err != nil {
		s.t.Fatal(err)
	}
	var at uint64
	for _, sym := range symbols {
		if sym.Name == "__vdso_clock_gettime" {
			at = from + sym.Value
		}
	}
	if at == 0 {
		s.t.Skip("there is no __vdso_clock_gettime")
	}
	const data = 24 // where the offset lies
	code := make([]byte, data+8)
	copy(code, []byte{
		0xb8, 0xe4, 0, 0, 0, // mov eax, SYS_clock_gettime
		0x0f, 0x05, // syscall
		0x85, 0xff, // test edi, edi
		0x75, 0x0a, // jne ret: it is not CLOCK_REALTIME
		0x48, 0x8b, 0x0d, data - 18, 0, 0, 0, // mov rcx, [offset]
		0x48, 0x01, 0x0e, // add [rsi], rcx
		0xc3, // ret
	})
	// Nobody may be inside while it is written.
	for inside := true; inside; {
		s.signal(syscall.SIGSTOP, ") T ")
		threads, err := filepath.Glob(filepath.Join(proc, "task", "*", "syscall"))
		if err != nil {
			s.t.Fatal(err)
		}
		inside = false
		for _, name := range threads {
			b, err := os.ReadFile(name)
			fields := strings.Fields(string(b))
			if err != nil || len(fields) < 2 {
				inside = true
				continue
			}
			pc, err := strconv.ParseUint(strings.TrimPrefix(fields[len(fields)-1], "0x"), 16, 64)
			inside = inside || err != nil || from <= pc && pc < to
		}
		if !inside {
			_, err = mem.WriteAt(code, int64(at))
		}
		s.signal(syscall.SIGCONT, ") ")
	}
	if err != nil {
		s.t.Skipf("the memory of a program cannot be written here: %v", err)
	}
	return func(ahead time.Duration) {
		s.t.Helper()
		if _, err := mem.WriteAt(endian.LittleEndian.AppendUint64(nil, uint64(int64(ahead/time.Second))), int64(at+data)); err != nil {
			s.t.Fatal(err)
		}
	}
}

// The wall clock jumps a day ahead, back, and a day behind. Nobody is thrown out, nothing waits, and nothing is lost. (Whoever did not want to
// stay signed in is signed out half a day after their last request, by the wall clock: it is the only one that a store can be asked by.)
func TestFault101TheClockJumps(t *testing.T) {
	folder := t.TempDir()
	s := start(t, []string{"LAB_DATA=" + folder}, "-addr", "127.0.0.1:0", "-keep", "7d")
	ada, class := teach(t, s, s)
	ada.post(s, "signin", url.Values{"name": {"ada"}, "password": {"correct horse battery"}, "keep": {"yes"}})
	ada.enter(s, class)
	ada.share(s, class)
	code := ada.code(s, class)
	ws := s.dial()
	read(t, ws, "welcome")
	set := s.wallClock()
	id := 1
	for _, ahead := range []time.Duration{24 * time.Hour, 0, -24 * time.Hour} {
		set(ahead)
		resp, err := ada.http.Get(s.url + "teach/" + class)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		date, err := http.ParseTime(resp.Header.Get("Date"))
		if off := time.Until(date) - ahead; err != nil || off.Abs() > time.Hour {
			t.Fatalf("with the clock %v ahead a page is from %v, %v: this is no test", ahead, date, err)
		}
		if resp.StatusCode != 200 || resp.Request.URL.Path != "/teach/"+class {
			t.Errorf("with the clock %v ahead the instructor gets %s at %s", ahead, resp.Status, resp.Request.URL)
		}
		for range 3 {
			id++
			if _, waited := ada.do(class, id); waited > 10*time.Second {
				t.Errorf("with the clock %v ahead an act took %v", ahead, waited)
			}
		}
		if err := ws.WriteMessage(websocket.TextMessage, fmt.Appendf(nil, `{"type":"open","id":%d,"scenario":"server listen\nclient connect\nstep until quiet\n"}`, id)); err != nil {
			t.Fatal(err)
		}
		read(t, ws, "done")
		bob := newPerson(t)
		if at := bob.post(s, "join", url.Values{"code": {code}, "name": {"Bob"}}); at != "/class/"+class {
			t.Errorf("with the clock %v ahead a learner who joins comes to %s", ahead, at)
		}
		bob.enter(s, class)
		bob.ws.Close()
		if status, text := s.get("readyz"); status != 200 {
			t.Errorf("with the clock %v ahead readyz is %d %s", ahead, status, text)
		}
		if r := lab(t, []string{"LAB_DATA=" + folder}, "", "export"); r.code != 0 || !strings.Contains(r.stdout, class) || !strings.Contains(r.stdout, `"end":true`) {
			t.Errorf("with the clock %v ahead an export is %d %s", ahead, r.code, r.stderr)
		}
	}
	s.once(ada, class, folder, id)
}
