//go:build linux

package main

import (
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"golang.org/x/sys/unix"
)

// What makes a start on a folder impossible is one line and exit code 2; the server that has the folder goes on.
func TestFault98TwoOnOneFolder(t *testing.T) {
	folder := t.TempDir()
	s := start(t, []string{"LAB_DATA=" + folder}, "-addr", "127.0.0.1:0")
	r := lab(t, []string{"LAB_DATA=" + folder}, "", "-addr", "127.0.0.1:0")
	if r.code != 2 || r.stdout != "" || !strings.Contains(r.stderr, "lab: the folder "+strconv.Quote(folder)+" is in use by another lab\n") {
		t.Errorf("a second one: %+v", r)
	}
	file := filepath.Join(folder, "lock")
	if r := lab(t, []string{"LAB_DATA=" + file}, "", "-addr", "127.0.0.1:0"); r.code != 2 || strings.Count(r.stderr, "\n") != 1 || !strings.Contains(r.stderr, file) {
		t.Errorf("a file as folder: %+v", r)
	}
	if status, _ := s.get("readyz"); status != 200 {
		t.Errorf("readyz of the first: %d", status)
	}
	s.stop(syscall.SIGTERM)
}

// signal sends a signal, and waits until the program is in a state as /proc tells it.
func (s *server) signal(sig syscall.Signal, state string) {
	s.t.Helper()
	if err := s.cmd.Process.Signal(sig); err != nil {
		s.t.Fatal(err)
	}
	eventually(s.t, "the program to take a signal", func() bool {
		b, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(s.cmd.Process.Pid), "stat"))
		return err == nil && strings.Contains(string(b), state)
	})
}

// stopped is for how long TestFault102Stopped stops the program; with make soak it is a minute.
var stopped = flag.Duration("stopped", 0, "for how long a program is stopped")

// A program that was stopped for a while, as a virtual machine is, goes on where it was, with the sockets that it had.
func TestFault102Stopped(t *testing.T) {
	s := start(t, []string{"LAB_DATA=" + t.TempDir()}, "-addr", "127.0.0.1:0")
	ws := s.dial()
	read(t, ws, "welcome")
	s.signal(syscall.SIGSTOP, ") T ")
	if err := ws.WriteMessage(websocket.TextMessage, []byte(`{"type":"open","id":1,"scenario":"server listen\nclient connect\nstep until quiet\n"}`)); err != nil {
		t.Fatal(err)
	}
	<-time.After(*stopped)
	if err := s.cmd.Process.Signal(syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	read(t, ws, "done")
	if status, _ := s.get("readyz"); status != 200 {
		t.Errorf("readyz: %d", status)
	}
	s.stop(syscall.SIGTERM)
}

// When memory becomes short nobody new is let in, politely; whoever is in goes on; and when some have left others come in.
func TestFault104MemoryIsShort(t *testing.T) {
	s := start(t, []string{"GOMEMLIMIT=100MiB"}, "-addr", "127.0.0.1:0", "-metrics", "127.0.0.1:0")
	metrics := regexp.MustCompile(`http://localhost:\d+/metrics`).FindString(s.logged(`"metrics"`))
	host := regexp.MustCompile(`^http://[^/]*`).FindString(s.url)
	try := func() (*websocket.Conn, *http.Response, error) {
		return websocket.DefaultDialer.Dial("ws"+strings.TrimPrefix(s.url, "http")+"ws", http.Header{"Origin": {host}, "Sec-Websocket-Protocol": {"tcplab.v1"}})
	}
	// A long run each, so that it does not take thousands.
	open := `{"type":"open","id":1,"scenario":"server listen\nclient connect\nstep until quiet\n` + strings.Repeat(`wait 1ms\n`, 300) + `"}`
	var in []*websocket.Conn
	var runs []any
	var refused *http.Response
	for refused == nil {
		ws, resp, err := try()
		if err != nil {
			if refused = resp; resp == nil {
				t.Fatal(err)
			}
			break
		}
		defer ws.Close()
		if in = append(in, ws); len(in) > 2000 {
			t.Fatal("memory never becomes short")
		}
		if err := ws.WriteMessage(websocket.TextMessage, []byte(open)); err != nil {
			t.Fatal(err)
		}
		runs = append(runs, read(t, ws, "snapshot")["run"])
	}
	t.Logf("%d are in", len(in))
	b, err := io.ReadAll(refused.Body)
	if err != nil || refused.StatusCode != 503 || refused.Header.Get("Retry-After") == "" || !strings.Contains(string(b), "those that are open go on. Please try again") {
		t.Errorf("behind %d others one gets %d: %s %v", len(in), refused.StatusCode, b, err)
	}
	if status, text := s.get("readyz"); status != 503 || !strings.Contains(text, "memory is short") {
		t.Errorf("readyz: %d %s", status, text)
	}
	if _, page := (&server{t: t, url: metrics}).get(""); !strings.Contains(page, "\nlab_memory_short 1\n") || !strings.Contains(page, `lab_sockets_refused_total{reason="memory"} 1`) {
		t.Error("the metrics do not tell")
	}
	if err := in[0].WriteMessage(websocket.TextMessage, fmt.Appendf(nil, `{"type":"do","id":2,"run":%q,"line":"wait 1ms"}`, runs[0])); err != nil {
		t.Fatal(err)
	}
	read(t, in[0], "done")
	if status, _ := s.get("lessons"); status != 200 {
		t.Errorf("a page: %d", status)
	}
	for _, ws := range in[1:] {
		ws.Close()
	}
	eventually(t, "others to come in", func() bool {
		ws, _, err := try()
		if err == nil {
			ws.Close()
		}
		return err == nil
	})
	if status, _ := s.get("readyz"); status != 200 {
		t.Errorf("readyz, later: %d", status)
	}
	s.stop(syscall.SIGTERM)
}

// With no file descriptor left nobody new gets in; when there are some again, they do, and those who were in stay.
func TestFault95NoDescriptors(t *testing.T) {
	s := start(t, nil, "-addr", "127.0.0.1:0", "-log", "debug")
	ws := s.dial()
	read(t, ws, "welcome")
	open, err := os.ReadDir(filepath.Join("/proc", strconv.Itoa(s.cmd.Process.Pid), "fd"))
	if err != nil {
		t.Skip(err)
	}
	if err := prlimit(s.cmd.Process.Pid, uint64(len(open)+8)); err != nil {
		t.Skipf("the limit cannot be set: %v", err)
	}
	host := strings.TrimSuffix(strings.TrimPrefix(s.url, "http://"), "/")
	var conns []net.Conn
	for range 40 {
		conn, err := net.Dial("tcp", host)
		if err != nil {
			t.Fatal(err)
		}
		conns = append(conns, conn)
	}
	s.logged("too many open files")
	if err := ws.WriteMessage(websocket.TextMessage, []byte(`{"type":"open","id":1,"scenario":"server listen\nclient connect\nstep until quiet\n"}`)); err != nil {
		t.Fatal(err)
	}
	read(t, ws, "done")
	for _, conn := range conns {
		conn.Close()
	}
	if status, _ := s.get("livez"); status != 200 {
		t.Errorf("livez: %d", status)
	}
	s.stop(syscall.SIGTERM)
}

func prlimit(pid int, files uint64) error {
	return unix.Prlimit(pid, unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: files, Max: files}, nil)
}
