package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/handshakelab/lab/engine/tcp"
	"github.com/handshakelab/lab/lessons"
)

// binary is the program itself, built once: these tests see what its users see.
var binary string

func TestMain(m *testing.M) {
	if file := os.Getenv(natsConfig); file != "" {
		os.Exit(runNATS(file))
	}
	os.Exit(func() int {
		dir, err := os.MkdirTemp("", "lab")
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		defer os.RemoveAll(dir)
		binary = filepath.Join(dir, "lab")
		if out, err := exec.Command("go", "build", "-ldflags", "-X main.release=1.2.3", "-o", binary, ".").CombinedOutput(); err != nil {
			fmt.Fprintf(os.Stderr, "%v\n%s", err, out)
			return 1
		}
		return m.Run()
	}())
}

// A result is what a finished program left.
type result struct {
	code           int
	stdout, stderr string
}

func lab(t *testing.T, env []string, stdin string, args ...string) result {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), binary, args...)
	cmd.Env = append([]string{"PATH=" + os.Getenv("PATH"), "LAB_DATA=none"}, env...)
	cmd.Stdin = strings.NewReader(stdin)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return result{cmd.ProcessState.ExitCode(), stdout.String(), stderr.String()}
}

// A server is one that runs.
type server struct {
	t      *testing.T
	cmd    *exec.Cmd
	url    string  // with the base path and a slash at the end
	stdout *output // behind the first line
	stderr *output
	done   chan error
}

// An output can be read while it is written.
type output struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (o *output) Write(b []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.Write(b)
}

// String is what was written so far.
func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.String()
}

var announced = regexp.MustCompile(`^Handshake Lab is at (http://localhost:(\d+)(/.*))\n$`)

func start(t *testing.T, env []string, args ...string) *server {
	t.Helper()
	return launch(t, announced, env, args...)
}

// startTLS is start for a server that has a name.
func startTLS(t *testing.T, env []string, args ...string) *server {
	t.Helper()
	return launch(t, regexp.MustCompile(`^Handshake Lab is at (https://(lab.example)(/))\n$`), env, args...)
}

func launch(t *testing.T, announced *regexp.Regexp, env []string, args ...string) *server {
	t.Helper()
	s := &server{t: t, cmd: exec.Command(binary, args...), stdout: &output{}, stderr: &output{}, done: make(chan error, 1)}
	s.cmd.Env = append([]string{"PATH=" + os.Getenv("PATH"), "LAB_DATA=none"}, env...)
	s.cmd.Stderr = s.stderr
	out, err := s.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.cmd.Process.Kill() })
	lines := bufio.NewReader(out)
	line, err := lines.ReadString('\n')
	if err != nil {
		t.Fatalf("the server said nothing: %v\n%s", err, s.stderr)
	}
	m := announced.FindStringSubmatch(line)
	if m == nil {
		t.Fatalf("the server said %q", line)
	}
	s.url = strings.Replace(m[1], "localhost", "127.0.0.1", 1)
	go func() {
		_, _ = io.Copy(s.stdout, lines) // the pipe must be read to its end before Wait
		s.done <- s.cmd.Wait()
	}()
	return s
}

// stop sends a signal and returns how long the end took.
func (s *server) stop(sig os.Signal) time.Duration {
	s.t.Helper()
	began := time.Now()
	if err := s.cmd.Process.Signal(sig); err != nil {
		s.t.Fatal(err)
	}
	select {
	case err := <-s.done:
		if err != nil {
			s.t.Errorf("the server ended with %v\n%s", err, s.stderr)
		}
	case <-time.After(10 * time.Second):
		s.t.Fatal("the server does not end")
	}
	return time.Since(began)
}

func (s *server) get(path string) (int, string) {
	s.t.Helper()
	resp, err := http.Get(s.url + path)
	if err != nil {
		s.t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return resp.StatusCode, string(b)
}

func (s *server) dial() *websocket.Conn {
	s.t.Helper()
	host := regexp.MustCompile(`^http://[^/]*`).FindString(s.url)
	ws, resp, err := websocket.DefaultDialer.Dial("ws"+strings.TrimPrefix(s.url, "http")+"ws",
		http.Header{"Origin": {host}, "Sec-Websocket-Protocol": {"tcplab.v1"}})
	if err != nil {
		s.t.Fatalf("%v, %v", err, resp)
	}
	s.t.Cleanup(func() { ws.Close() })
	return ws
}

func read(t *testing.T, ws *websocket.Conn, typ string) map[string]any {
	t.Helper()
	for {
		ws.SetReadDeadline(time.Now().Add(5 * time.Second))
		var frame map[string]any
		if err := ws.ReadJSON(&frame); err != nil {
			t.Fatalf("waiting for %s: %v", typ, err)
		}
		if frame["type"] == typ {
			return frame
		}
	}
}

func TestServe(t *testing.T) {
	s := start(t, nil, "-addr", "127.0.0.1:0")
	for path, want := range map[string]string{"": "Handshake Lab", "lessons": "Lessons", "sandbox": "Sandbox", "livez": "ok", "readyz": "ok"} {
		if status, page := s.get(path); status != 200 || !strings.Contains(page, want) {
			t.Errorf("%q: %d", path, status)
		}
	}
	ws := s.dial()
	read(t, ws, "welcome")
	if err := ws.WriteMessage(websocket.TextMessage, []byte(`{"type":"open","id":1,"scenario":"server listen\nclient connect\nstep until quiet\n"}`)); err != nil {
		t.Fatal(err)
	}
	read(t, ws, "done")

	health := strings.TrimSuffix(strings.TrimPrefix(s.url, "http://127.0.0.1"), "/")
	if r := lab(t, nil, "", "healthcheck", "-addr", health); r.code != 0 || r.stdout != "ok\n" {
		t.Errorf("healthcheck: %+v", r)
	}
	if r := lab(t, []string{"LAB_ADDR=" + health}, "", "healthcheck"); r.code != 0 {
		t.Errorf("healthcheck by variable: %+v", r)
	}
	r := lab(t, nil, "", "-addr", "127.0.0.1"+health)
	if r.code != 2 || strings.Count(r.stderr, "\n") != 1 || !strings.Contains(r.stderr, "127.0.0.1"+health+" is taken") || r.stdout != "" {
		t.Errorf("the port is taken: %+v", r)
	}

	if took := s.stop(syscall.SIGTERM); took > 5*time.Second {
		t.Errorf("the end took %v", took)
	}
	if bye := read(t, ws, "bye"); bye["retry"] == nil {
		t.Errorf("the last word was %v", bye)
	}
	ws.SetReadDeadline(time.Now().Add(5 * time.Second))
	if _, _, err := ws.ReadMessage(); !websocket.IsCloseError(err, websocket.CloseServiceRestart) {
		t.Errorf("the socket ended with %v", err)
	}
	if r := lab(t, nil, "", "healthcheck", "-addr", health); r.code != 1 || strings.Count(r.stderr, "\n") != 1 {
		t.Errorf("healthcheck of nothing: %+v", r)
	}
	for line := range strings.Lines(s.stderr.String()) {
		if !json.Valid([]byte(line)) {
			t.Errorf("in the log, which is no terminal: %s", line)
		}
	}
}

// Whatever is open, a signal ends the server in time: idle and half-sent requests, sockets that read nothing, and sockets that bring one
// command after the other, which are told to come back.
func TestFault99SignalsEndIt(t *testing.T) {
	for _, sig := range []os.Signal{syscall.SIGTERM, os.Interrupt} {
		t.Run(sig.String(), func(t *testing.T) {
			t.Parallel()
			s := start(t, nil, "-addr", "127.0.0.1:0")
			host := regexp.MustCompile(`127[^/]*`).FindString(s.url)
			for _, text := range []string{"", "GET / HTTP/1.1\r\n", "POST /api/run HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{"} {
				conn, err := net.Dial("tcp", host)
				if err != nil {
					t.Fatal(err)
				}
				defer conn.Close()
				io.WriteString(conn, text)
			}
			for range 3 {
				s.dial()
			}
			var busy sync.WaitGroup
			answered := make(chan struct{}, 1)
			for range 8 {
				ws := s.dial()
				run := ""
				busy.Go(func() {
					bye := false
					for id := 1; ; {
						ws.SetReadDeadline(time.Now().Add(20 * time.Second))
						var f struct{ Type, Run string }
						if err := ws.ReadJSON(&f); err != nil {
							if !bye || !websocket.IsCloseError(err, websocket.CloseServiceRestart) {
								t.Errorf("a busy socket ended with %v, told before: %v", err, bye)
							}
							return
						}
						switch f.Type {
						case "welcome":
							_ = ws.WriteMessage(websocket.TextMessage, []byte(`{"type":"open","id":1,"scenario":"server listen\nclient connect\n"}`))
						case "bye":
							bye = true
						case "done":
							run = f.Run
							fallthrough
						case "error":
							id++
							_ = ws.WriteMessage(websocket.TextMessage, fmt.Appendf(nil, `{"type":"do","id":%d,"run":%q,"line":"wait 1ms"}`, id, run))
							select {
							case answered <- struct{}{}:
							default:
							}
						}
					}
				})
			}
			<-answered
			if took := s.stop(sig); took > 5*time.Second {
				t.Errorf("the end took %v", took)
			}
			busy.Wait()
		})
	}
}

func TestServeUnderABasePath(t *testing.T) {
	s := start(t, []string{"LAB_BASE_PATH=/tcp/lab", "LAB_ADDR=127.0.0.1:0"})
	if !strings.HasSuffix(s.url, "/tcp/lab/") {
		t.Fatalf("the address is %s", s.url)
	}
	if status, page := s.get("lessons"); status != 200 || !strings.Contains(page, `href="/tcp/lab/sandbox"`) {
		t.Errorf("%d", status)
	}
	read(t, s.dial(), "welcome")
	port := regexp.MustCompile(`:\d+`).FindString(s.url)
	if r := lab(t, nil, "", "healthcheck", "-addr", port); r.code != 0 {
		t.Errorf("healthcheck: %+v", r)
	}
	s.stop(syscall.SIGTERM)
}

// A server that was started anew knows no runs; a browser brings its copy and finds the same run.
func TestFault100ARunOutlivesTheServer(t *testing.T) {
	const open = `{"type":"open","id":1,"scenario":"server listen\nclient connect\nstep until SYN-ACK sent\n"%s}`
	send := func(ws *websocket.Conn, text string) map[string]any {
		t.Helper()
		if err := ws.WriteMessage(websocket.TextMessage, []byte(text)); err != nil {
			t.Fatal(err)
		}
		return read(t, ws, "done")
	}
	s := start(t, nil, "-addr", "127.0.0.1:0")
	ws := s.dial()
	run := send(ws, fmt.Sprintf(open, ""))["run"]
	before := send(ws, fmt.Sprintf(`{"type":"do","id":2,"run":%q,"at":3,"wait":25000,"line":"drop SYN-ACK","ahead":true}`, run))
	s.stop(syscall.SIGTERM)

	ws = start(t, nil, "-addr", "127.0.0.1:0").dial()
	if err := ws.WriteMessage(websocket.TextMessage, fmt.Appendf(nil, `{"type":"resume","id":1,"run":%q,"after":9}`, run)); err != nil {
		t.Fatal(err)
	}
	if f := read(t, ws, "error"); f["code"] != "no_such_run" {
		t.Fatalf("got %v", f)
	}
	after := send(ws, fmt.Sprintf(open, `,"commands":[{"at":3,"wait":25000,"line":"drop SYN-ACK","ahead":true}]`))
	if after["digest"] != before["digest"] || after["node"] != before["node"] || after["last"] != before["last"] {
		t.Errorf("before %v\nafter  %v", before, after)
	}
}

// Whatever cannot be is said in one line, with exit code 2.
func TestBadSettings(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name string
		env  []string
		args []string
		want string
	}{
		{"an unknown flag", nil, []string{"-fly"}, "-fly"},
		{"an unknown flag of serve", nil, []string{"serve", "-fly"}, "-fly"},
		{"an unknown command", nil, []string{"fly"}, `"fly"`},
		{"an argument", nil, []string{"serve", "here"}, `"here"`},
		{"an unknown variable", []string{"LAB_ADR=:1"}, nil, "LAB_ADR"},
		{"a variable with a bad value", []string{"LAB_DRAIN=soon"}, nil, "LAB_DRAIN"},
		{"a bad address", nil, []string{"-addr", "nonsense"}, "nonsense"},
		{"a port that is none", nil, []string{"-addr", ":99999"}, ":99999"},
		{"a lessons folder that is not there", nil, []string{"-lessons", "/no/such/folder"}, "/no/such/folder"},
		{"a lessons folder that is a file", nil, []string{"-lessons", file}, file},
		{"a base path with dots", nil, []string{"-base-path", "/a/../b"}, "/a/../b"},
		{"a base path with a question mark", nil, []string{"-base-path", "/a?b"}, "/a?b"},
		{"an origin with a path", nil, []string{"-origins", "https://lab.example/x"}, "https://lab.example/x"},
		{"an origin that is a name", nil, []string{"-origins", "lab.example"}, "lab.example"},
		{"a frame ancestor that is a name", nil, []string{"-frame-ancestors", "school.example"}, "school.example"},
		{"a frame ancestor with a path", []string{"LAB_FRAME_ANCESTORS=https://a.example,https://b.example/x"}, nil, "https://b.example/x"},
		{"a frame ancestor with a second directive", nil, []string{"-frame-ancestors", "https://a.example;script-src"}, "script-src"},
		{"a negative drain", nil, []string{"-drain", "-1s"}, "-drain"},
		{"dev far from the source", nil, []string{"-dev"}, "-dev"},
		{"a healthcheck without a port", nil, []string{"healthcheck", "-addr", "x"}, "-addr"},
		{"a scenario that is not there", nil, []string{"run", "/no/such/file"}, "/no/such/file"},
		{"no scenario", nil, []string{"run"}, "scenario"},
		{"a search for nothing", nil, []string{"search"}, "two-way-handshake"},
		{"a search too deep", nil, []string{"search", "-depth", "1000", "no-rst"}, "-depth"},
		{"a kind that is none", nil, []string{"search", "-want", "x", "no-rst"}, "old-text"},
		{"a format that is none", nil, []string{"run", "-format", "x", "-"}, "x"},
		{"a place that is none", nil, []string{"run", "-at", "x", "-"}, "x"},
		{"a folder to check that is not there", nil, []string{"check", "/no/such/folder"}, "/no/such/folder"},
		{"two folders to check", nil, []string{"check", "a", "b"}, "one folder"},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := lab(t, append(test.env, "LAB_KERNEL_DIR=/x"), "", test.args...)
			if r.code != 2 || r.stdout != "" || strings.Count(r.stderr, "\n") != 1 || !strings.HasPrefix(r.stderr, "lab: ") || !strings.Contains(r.stderr, test.want) {
				t.Errorf("%+v, want code 2 and one line with %s", r, test.want)
			}
		})
	}
}

func TestHelpAndVersion(t *testing.T) {
	if r := lab(t, nil, "", "version"); r.code != 0 || !strings.HasPrefix(r.stdout, "lab 1.2.3 (engine ") {
		t.Errorf("%+v", r)
	}
	r := lab(t, nil, "", "help")
	for name := range commands {
		if r.code != 0 || !strings.Contains(r.stdout, "lab "+name) && name != "help" && name != "serve" {
			t.Errorf("help does not know %s: %+v", name, r)
		}
	}
	r = lab(t, nil, "", "-h")
	for _, flag := range []string{"-addr", "-base-path", "-lessons", "-dev", "-origins", "-frame-ancestors", "-drain"} {
		if r.code != 0 || !strings.Contains(r.stdout, flag) {
			t.Errorf("-h does not know %s: %+v", flag, r)
		}
	}
}

// A flag wins over its variable, and the variable over the default.
func TestPrecedence(t *testing.T) {
	c := &console{env: map[string]string{"LAB_ADDR": ":1", "LAB_DEV": "true"}}
	var cfg config
	if err := c.parse(serverFlags(&cfg), []string{"-addr", ":2"}, true); err != nil {
		t.Fatal(err)
	}
	if cfg.addr != ":2" || !cfg.dev || cfg.basePath != "/" {
		t.Errorf("%+v", cfg)
	}
	for in, want := range map[string]string{"": "/", "/": "/", "lab": "/lab/", "/lab": "/lab/", "/lab/": "/lab/", "a/b-c_1.2~": "/a/b-c_1.2~/"} {
		cfg.basePath = in
		if err := cfg.check(); err != nil || cfg.basePath != want {
			t.Errorf("base path %q became %q, %v", in, cfg.basePath, err)
		}
	}
}

const lostScenario = `# The first SYN-ACK is lost.
client 192.0.2.1:54321 isn 100 rto 10s
server 192.0.2.2:80 isn 300
delay 50ms
server listen
client connect
step until SYN-ACK sent
drop SYN-ACK
step until quiet
expect server ESTABLISHED
`

// What tcpdump -nn -S prints of that run, listening where each segment is sent.
const lostDump = `00:00:00.000000 IP 192.0.2.1.54321 > 192.0.2.2.80: Flags [S], seq 100, win 65535, options [mss 1460], length 0
00:00:00.050000 IP 192.0.2.2.80 > 192.0.2.1.54321: Flags [S.], seq 300, ack 101, win 65535, options [mss 1460], length 0
00:00:01.050000 IP 192.0.2.2.80 > 192.0.2.1.54321: Flags [S.], seq 300, ack 101, win 65535, options [mss 1460], length 0
00:00:01.100000 IP 192.0.2.1.54321 > 192.0.2.2.80: Flags [.], ack 301, win 65535, length 0
`

func TestRun(t *testing.T) {
	file := filepath.Join(t.TempDir(), "lost.tcp")
	if err := os.WriteFile(file, []byte(lostScenario), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, r := range []result{lab(t, nil, "", "run", file), lab(t, nil, lostScenario, "run", "-"), lab(t, nil, "", "run", "-format", "tcpdump", "-at", "sender", file)} {
		if r.code != 0 || r.stderr != "" || r.stdout != lostDump {
			t.Errorf("%+v", r)
		}
	}
	lines := strings.SplitAfter(lostDump, "\n")
	// At the client the first SYN-ACK never arrives, and the second one does so 50 ms later.
	later := func(line, at string) string { return at + line[len(at):] }
	client := lines[0] + later(lines[2], "00:00:01.100000") + lines[3]
	if r := lab(t, nil, "", "run", "-at", "client", file); r.code != 0 || r.stdout != client {
		t.Errorf("at the client: %+v", r)
	}
	server := later(lines[0], "00:00:00.050000") + lines[1] + lines[2] + later(lines[3], "00:00:01.150000")
	if r := lab(t, nil, "", "run", "-at", "server", file); r.code != 0 || r.stdout != server {
		t.Errorf("at the server: %+v", r)
	}
	if r := lab(t, nil, "", "run", "-format", "events", file); r.code != 0 || !strings.Contains(r.stdout, "lost") || strings.Count(r.stdout, "\n") < 20 {
		t.Errorf("events: %+v", r)
	}
	r := lab(t, nil, "", "run", "-format", "json", file)
	n := 0
	for line := range strings.Lines(r.stdout) {
		var e struct {
			N    int
			Kind string
		}
		if err := json.Unmarshal([]byte(line), &e); err != nil || e.N != n || e.Kind == "" {
			t.Fatalf("line %d: %v in %s", n, err, line)
		}
		n++
	}
	if n < 20 || r.code != 0 {
		t.Errorf("%d events, code %d", n, r.code)
	}
	const ladder = `            client                                                          server
  0.000000  SYN-SENT      --> <SEQ=100><CTL=SYN>                       -->  SYN-RECEIVED  0.050000
      lost                <-- <SEQ=300><ACK=101><CTL=SYN,ACK>          <--  SYN-RECEIVED  0.050000
  1.100000  ESTABLISHED   <-- <SEQ=300><ACK=101><CTL=SYN,ACK>          <--  SYN-RECEIVED  1.050000
  1.100000  ESTABLISHED   --> <SEQ=101><ACK=301><CTL=ACK>              -->  ESTABLISHED   1.150000
`
	if r := lab(t, nil, "", "run", "-format", "ladder", file); r.code != 0 || r.stdout != ladder {
		t.Errorf("ladder: %s", r.stdout)
	}
	for _, test := range []struct {
		args []string
		want string
	}{
		{[]string{"-format", "ss", "-at", "server"}, "State  Recv-Q Send-Q Local Address:Port Peer Address:Port Process\n" +
			"LISTEN 1      128        192.0.2.2:80        0.0.0.0:*           \nESTAB  0      0          192.0.2.2:80      192.0.2.1:54321       \n"},
		{[]string{"-format", "ss", "-at", "1.05s"}, "client$ ss -tan\nState    Recv-Q Send-Q Local Address:Port  Peer Address:PortProcess\n" +
			"SYN-SENT 0      1          192.0.2.1:54321    192.0.2.2:80         \n" +
			"server$ ss -tan\nState    Recv-Q Send-Q Local Address:Port Peer Address:Port Process\n" +
			"LISTEN   0      128        192.0.2.2:80        0.0.0.0:*           \nSYN-RECV 0      0          192.0.2.2:80      192.0.2.1:54321       \n"},
		{[]string{"-at", "60ms", "-at", "client"}, lines[0]},
		{[]string{"-format", "tcpdump-relative", "-at", "1.1s"}, lines[0] + lines[1] + lines[2] + strings.Replace(lines[3], "ack 301", "ack 1", 1)},
	} {
		if r := lab(t, nil, "", append(append([]string{"run"}, test.args...), file)...); r.code != 0 || r.stdout != test.want {
			t.Errorf("%q: %+v, want\n%s", test.args, r, test.want)
		}
	}
	for format, want := range map[string]string{
		"ss-info": "\n\t reno rto:", "proc": " 0A 00000000:00000001 00:00000000 ", "nstat": "TcpRetransSegs                  1                  0.0\n",
	} {
		if r := lab(t, nil, "", "run", "-format", format, "-at", "server", file); r.code != 0 || !strings.Contains(r.stdout, want) {
			t.Errorf("%s: %+v, want %q in it", format, r, want)
		}
	}
	if r := lab(t, nil, strings.Replace(lostScenario, "step until quiet\nexpect server ESTABLISHED\n", "", 1), "run", "-ahead", "-"); r.code != 0 || r.stdout != lostDump {
		t.Errorf("running ahead: %+v", r)
	}
}

// lab profiles prints a line for each difference, with what each profile does and the rule.
func TestProfiles(t *testing.T) {
	r := lab(t, nil, "", "profiles")
	lines := strings.Split(strings.TrimSuffix(r.stdout, "\n"), "\n")
	if r.code != 0 || len(lines) != 1+len(tcp.Differences()) || !strings.HasPrefix(lines[0], "difference") {
		t.Fatalf("%+v", r)
	}
	for i, d := range tcp.Differences() {
		for _, word := range []string{d.About, d.Says[0], d.Says[1], d.Rule.String(), d.Scenario} {
			if !strings.Contains(lines[i+1], word) {
				t.Errorf("line %d has no %q: %s", i+1, word, lines[i+1])
			}
		}
	}
	if r := lab(t, nil, "", "profiles", "linux"); r.code != 2 || !strings.Contains(r.stderr, "linux") {
		t.Errorf("%+v", r)
	}
}

func TestRunSaysWhatIsWrong(t *testing.T) {
	for _, test := range []struct {
		name, scenario string
		stderr         []string // beginnings of the lines
	}{
		{"faults", "client conect\nserver listen\nstep util quiet\n", []string{"standard input:1:8: error ", "standard input:3:6: error "}},
		{"an expectation", lostScenario + "expect client LISTEN\nexpect server CLOSED\n", []string{"standard input:11:", "standard input:12:"}},
		{"an action", "server listen\nclient connect\ndrop SYN-ACK\nstep\n", []string{"standard input:3:"}},
		{"too long", strings.Repeat("# x\n", 100_000), []string{"standard input:1:1: error text-too-long"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := lab(t, nil, test.scenario, "run", "-")
			lines := slices.Collect(strings.Lines(r.stderr))
			if r.code != 1 || len(lines) != len(test.stderr) {
				t.Fatalf("code %d\n%s", r.code, r.stderr)
			}
			for i, line := range lines {
				if !strings.HasPrefix(line, test.stderr[i]) {
					t.Errorf("line %d is %q, want %q", i, line, test.stderr[i])
				}
			}
			if strings.HasPrefix(test.name, "a") && r.stdout == "" {
				t.Error("what happened before is not printed")
			}
		})
	}
}

// A packetdrill script each that passes, fails, has a fault and needs what the lab does not have.
var packetdrillScripts = map[string]string{
	"a/pass.pkt":        "0 < S 0:0(0) win 1000 <mss 1000>\n+0 > R. 0:0(0) ack 1\n+0 %{ print('over') }%",
	"a/b/fail.pkt":      "0 < S 0:0(0) win 1000 <mss 1000>\n+0 > R. 0:0(0) ack 7",
	"fault.pkt":         "0 sokcet(..., SOCK_STREAM, IPPROTO_TCP) = 3",
	"unsupported.pkt":   "0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3\n+0 sendfile(3, 4, [0], 10) = 10",
	"no-script.pkt.txt": "nothing",
}

func TestRunPacketdrill(t *testing.T) {
	dir := t.TempDir()
	for name, text := range packetdrillScripts {
		file := filepath.Join(dir, filepath.FromSlash(name))
		if err := errors.Join(os.MkdirAll(filepath.Dir(file), 0o700), os.WriteFile(file, []byte(text), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	for _, test := range []struct {
		file           string
		code           int
		stdout, stderr string
	}{
		{"a/pass.pkt", 0, `00:00:00.000000 IP 192.0.2.1.45000 > 192.168.0.1.8080: Flags [S], seq 0, win 1000, options [mss 1000], length 0
00:00:00.000000 IP 192.168.0.1.8080 > 192.0.2.1.45000: Flags [R.], seq 0, ack 1, win 0, length 0
over
`, ""},
		{"a/b/fail.pkt", 1, `00:00:00.000000 IP 192.0.2.1.45000 > 192.168.0.1.8080: Flags [S], seq 0, win 1000, options [mss 1000], length 0
00:00:00.000000 IP 192.168.0.1.8080 > 192.0.2.1.45000: Flags [R.], seq 0, ack 1, win 0, length 0
`, `FILE:2:4: error segment: the host sent another segment: ack differs
    expected 0.000000 R. 0:0(0) ack 7
    actual   0.000000 R. 0:0(0) ack 1 win 0
    differs           ack: expected 7, actual 1
`},
		{"fault.pkt", 1, "", "FILE:1:3: error unknown-call: sokcet is no system call that scripts can make (did you mean socket?)\n"},
		{"unsupported.pkt", 3, "", "FILE:2:4: error unsupported: the lab does not have the call sendfile\n"},
		{"none.pkt", 2, "", "lab: FILE cannot be read: no such file or directory\n"},
	} {
		file := filepath.Join(dir, filepath.FromSlash(test.file))
		r := lab(t, nil, "", "run", file)
		if r.code != test.code || r.stdout != test.stdout || strings.ReplaceAll(r.stderr, file, "FILE") != test.stderr {
			t.Errorf("%s: code %d\n%s\n%s", test.file, r.code, r.stdout, r.stderr)
		}
	}
	if r := lab(t, nil, "", "run", "-format", "json", filepath.Join(dir, "a/pass.pkt")); r.code != 2 || !strings.Contains(r.stderr, "-format is for scenarios") {
		t.Errorf("-format: %+v", r)
	}

	const table = `FAIL  DIR/a/b/fail.pkt:2:4: error segment: the host sent another segment: ack differs
    expected 0.000000 R. 0:0(0) ack 7
    actual   0.000000 R. 0:0(0) ack 1 win 0
    differs           ack: expected 7, actual 1
ok    DIR/a/pass.pkt
FAIL  DIR/fault.pkt:1:3: error unknown-call: sokcet is no system call that scripts can make (did you mean socket?)
skip  DIR/unsupported.pkt:2:4: error unsupported: the lab does not have the call sendfile
1 passed, 2 failed, 1 skipped
`
	if r := lab(t, nil, "", "run", dir); r.code != 1 || strings.ReplaceAll(r.stdout, dir, "DIR") != table || r.stderr != "" {
		t.Errorf("code %d\n%s\n%s", r.code, r.stdout, r.stderr)
	}
	for _, name := range []string{"a/b/fail.pkt", "fault.pkt"} {
		if err := os.Remove(filepath.Join(dir, filepath.FromSlash(name))); err != nil {
			t.Fatal(err)
		}
	}
	if r := lab(t, nil, "", "run", dir); r.code != 0 || !strings.HasSuffix(r.stdout, "\n1 passed, 0 failed, 1 skipped\n") {
		t.Errorf("without failures: %+v", r)
	}
	if r := lab(t, nil, "", "run", t.TempDir()); r.code != 2 || !strings.Contains(r.stderr, "no packetdrill script (*.pkt)") {
		t.Errorf("an empty folder: %+v", r)
	}
}

// The guide for authors shows what lab check prints of the lesson in it.
func TestTheGuideShowsWhatCheckPrints(t *testing.T) {
	guide, err := fs.ReadFile(lessons.Builtin(), "author/10-guide.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(guide), "\n## When something is wrong\n")
	lesson := regexp.MustCompile("(?s)````text\n(.*?)````").FindStringSubmatch(rest)
	prints := regexp.MustCompile("(?s)\n```console\n\\$ lab check my-lessons\n(.*?)```").FindAllStringSubmatch(rest, -1)
	if lesson == nil || len(prints) != 1 {
		t.Fatalf("it shows %d lines of check", len(prints))
	}
	dir := filepath.Join(t.TempDir(), "my-lessons")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "10-slip.md"), []byte(lesson[1]), 0o600); err != nil {
		t.Fatal(err)
	}
	if r := lab(t, nil, "", "check", dir); strings.ReplaceAll(r.stdout, dir, "my-lessons") != prints[0][1] {
		t.Errorf("it shows\n%slab check prints\n%s", prints[0][1], r.stdout)
	}
}

func TestCheckLessons(t *testing.T) {
	if r := lab(t, nil, "", "check"); r.code != 0 || strings.Contains(r.stdout, " error ") {
		t.Errorf("the built-in course: %+v", r)
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "10-broken.md"), []byte("---\ntitle: Broken\nsummary: x\norder: 10\n---\n\n# Broken\n\n<script>alert(1)</script>\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	place := filepath.Join(dir, "10-broken.md") + ":9:"
	if r := lab(t, nil, "", "check", dir); r.code != 1 || r.stdout != place+`1: error raw-html: HTML is not allowed in lessons
  9 | <script>alert(1)</script>
    | ^ write markdown
` || !strings.HasSuffix(r.stderr, ": 1 lesson, 1 error, 0 warnings\n") {
		t.Errorf("%+v", r)
	}
	r := lab(t, nil, "", "check", "-json", dir)
	var list []struct {
		File, Severity, Code, Message string
		Line, Col                     int
	}
	if err := json.Unmarshal([]byte(r.stdout), &list); err != nil || r.code != 1 || len(list) != 1 || list[0].Line != 9 || list[0].Severity != "error" {
		t.Errorf("%+v, %v", r, err)
	}
	if r := lab(t, nil, "", "check", "-json"); r.code != 0 || !json.Valid([]byte(r.stdout)) {
		t.Errorf("%+v", r)
	}
	if r := lab(t, nil, "", "check", "-codes"); r.code != 0 || r.stdout != lessons.CodeTable() {
		t.Errorf("the table of codes: %+v", r)
	}
	// The server serves what is good, and says what is not.
	s := start(t, nil, "-addr", "127.0.0.1:0", "-lessons", dir)
	if status, _ := s.get("lessons/broken"); status != 404 {
		t.Errorf("the broken lesson: %d", status)
	}
	if status, _ := s.get("lessons"); status != 200 {
		t.Errorf("the list: %d", status)
	}
	s.stop(syscall.SIGTERM)
	if !strings.Contains(s.stderr.String(), "10-broken.md:9:") {
		t.Errorf("the log is %s", s.stderr)
	}
}

func TestNewLesson(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "my-lessons") // made with the first lesson
	for i, want := range []string{"10-window-scale.md", "20-a-half-open-one.md"} {
		name := strings.TrimSuffix(want[3:], ".md")
		args := []string{"new", "lesson", "-lessons", dir, name}
		if i == 1 { // flags behind the name
			args = []string{"new", "lesson", name, "-lessons", dir}
		}
		r := lab(t, nil, "", args...)
		if r.code != 0 || !strings.Contains(r.stdout, filepath.Join(dir, want)) || !strings.Contains(r.stdout, "lessons/"+name) {
			t.Fatalf("%+v", r)
		}
	}
	if r := lab(t, nil, "", "check", dir); r.code != 0 || r.stdout != "" || !strings.HasSuffix(r.stderr, "2 lessons, 0 errors, 0 warnings\n") {
		t.Errorf("%+v", r)
	}
	// A broken translation is no third lesson.
	translation := filepath.Join(dir, "10-window-scale.de.md")
	if err := os.WriteFile(translation, []byte("x\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if r := lab(t, nil, "", "check", dir); r.code != 1 || !strings.Contains(r.stderr, ": 2 lessons, ") {
		t.Errorf("%+v", r)
	}
	if err := os.Remove(translation); err != nil {
		t.Fatal(err)
	}
	before, err := os.ReadFile(filepath.Join(dir, "10-window-scale.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{}, {"course"}, {"lesson"}, {"lesson", "-lessons", dir, "window-scale"}, {"lesson", "-lessons", dir, "!"}, {"lesson", "-lessons", filepath.Join(dir, "none", "none"), "a"}} {
		if r := lab(t, nil, "", append([]string{"new"}, args...)...); r.code != 2 || strings.Count(r.stderr, "\n") != 1 {
			t.Errorf("%q: %+v", args, r)
		}
	}
	if after, err := os.ReadFile(filepath.Join(dir, "10-window-scale.md")); err != nil || !bytes.Equal(before, after) {
		t.Errorf("the first lesson was written over: %v", err)
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 2 {
		t.Errorf("%d files, %v", len(entries), err)
	}
}

// Nothing outside of a folder of lessons is read through it.
func TestALinkOutOfTheLessons(t *testing.T) {
	dir, outside := t.TempDir(), t.TempDir()
	secret := filepath.Join(outside, "secret.md")
	if err := os.WriteFile(secret, []byte("---\ntitle: Secret\nsummary: x\norder: 10\n---\n\n# Secret\n\nThe word is swordfish.\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(secret, filepath.Join(dir, "10-secret.md")); err != nil {
		t.Skip(err)
	}
	s := start(t, nil, "-addr", "127.0.0.1:0", "-lessons", dir)
	if status, page := s.get("lessons/secret"); status != 404 || strings.Contains(page, "swordfish") {
		t.Errorf("%d", status)
	}
	s.stop(syscall.SIGTERM)
	if r := lab(t, nil, "", "check", dir); r.code != 1 || !strings.Contains(r.stdout, "10-secret.md") {
		t.Errorf("%+v", r)
	}
}
