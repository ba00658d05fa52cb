package live

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"
)

func TestOrigins(t *testing.T) {
	for _, test := range []struct {
		name    string
		host    string
		proto   string
		origins []string
		want    bool
	}{
		{"own page", "lab.example:8080", "", []string{"http://lab.example:8080"}, true},
		{"own page on the usual port", "lab.example", "", []string{"http://lab.example"}, true},
		{"own page behind a proxy that ends TLS", "lab.example", "https", []string{"https://lab.example"}, true},
		{"own page behind two proxies", "lab.example", "HTTPS, http", []string{"https://lab.example"}, true},
		{"a listed site", "lab.example", "", []string{"https://school.example"}, true},

		{"no origin", "lab.example", "", nil, false},
		{"an empty origin", "lab.example", "", []string{""}, false},
		{"null", "lab.example", "", []string{"null"}, false},
		{"another site", "lab.example", "", []string{"http://evil.example"}, false},
		{"own host as the beginning", "127.0.0.1", "", []string{"http://127.0.0.1.evil.example"}, false},
		{"own host as the end", "lab.example", "", []string{"http://evil-lab.example"}, false},
		{"own host as user", "lab.example", "", []string{"http://lab.example@evil.example"}, false},
		{"another port", "lab.example:8080", "", []string{"http://lab.example:8081"}, false},
		{"no port", "lab.example:8080", "", []string{"http://lab.example"}, false},
		{"another scheme", "lab.example", "", []string{"https://lab.example"}, false},
		{"another scheme behind TLS", "lab.example", "https", []string{"http://lab.example"}, false},
		{"upper case", "lab.example", "", []string{"HTTP://LAB.EXAMPLE"}, false},
		{"a path", "lab.example", "", []string{"http://lab.example/"}, false},
		{"two origins", "lab.example", "", []string{"http://lab.example", "http://lab.example"}, false},
		{"a listed site with another port", "lab.example", "", []string{"https://school.example:444"}, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := &http.Request{Host: test.host, Header: http.Header{}}
			if test.origins != nil {
				r.Header["Origin"] = test.origins
			}
			if test.proto != "" {
				r.Header.Set("X-Forwarded-Proto", test.proto)
			}
			if got := allowedOrigin(r, []string{"https://school.example"}); got != test.want {
				t.Errorf("allowed: %v, want %v", got, test.want)
			}
		})
	}
}

// What is wrong with an upgrade is found before there is a socket.
func TestUpgradeFaults(t *testing.T) {
	p := open(t, Config{})
	host := strings.TrimPrefix(p.srv.URL, "http://")
	good := []string{"GET /ws HTTP/1.1", "Host: " + host, "Origin: " + p.srv.URL, "Connection: Upgrade", "Upgrade: websocket",
		"Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==", "Sec-WebSocket-Protocol: " + Subprotocol}
	with := func(prefix, line string) []string {
		lines := slices.Clone(good)
		i := slices.IndexFunc(lines, func(l string) bool { return strings.HasPrefix(l, prefix) })
		if line == "" {
			return slices.Delete(lines, i, i+1)
		}
		lines[i] = line
		return lines
	}
	for _, test := range []struct {
		name  string
		lines []string
		want  int
	}{
		{"nothing wrong", good, 101},
		{"one of two subprotocols", with("Sec-WebSocket-Protocol", "Sec-WebSocket-Protocol: tcplab.v2, tcplab.v1"), 101},
		{"no key", with("Sec-WebSocket-Key", ""), 400},
		{"a short key", with("Sec-WebSocket-Key", "Sec-WebSocket-Key: AAAA"), 400},
		{"version 8", with("Sec-WebSocket-Version", "Sec-WebSocket-Version: 8"), 426},
		{"no version", with("Sec-WebSocket-Version", ""), 426},
		{"no Connection", with("Connection", ""), 426},
		{"no Upgrade", with("Upgrade", ""), 426},
		{"by POST", with("GET", "POST /ws HTTP/1.1"), 405},
		{"by HTTP/1.0", with("GET", "GET /ws HTTP/1.0"), 400},
		{"no origin", with("Origin", ""), 403},
		{"null as origin", with("Origin", "Origin: null"), 403},
		{"a foreign origin", with("Origin", "Origin: http://evil.example"), 403},
		{"no subprotocol", with("Sec-WebSocket-Protocol", ""), 400},
		{"another subprotocol", with("Sec-WebSocket-Protocol", "Sec-WebSocket-Protocol: tcplab.v2"), 400},
	} {
		t.Run(test.name, func(t *testing.T) {
			conn := rawDial(t, host)
			fmt.Fprintf(conn, "%s\r\n\r\n", strings.Join(test.lines, "\r\n"))
			resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
			if err != nil {
				t.Fatal(err)
			}
			if resp.StatusCode != test.want {
				t.Errorf("status %d, want %d", resp.StatusCode, test.want)
			}
			if test.want == 101 && resp.Header.Get("Sec-Websocket-Protocol") != Subprotocol {
				t.Errorf("the subprotocol is %q", resp.Header.Get("Sec-Websocket-Protocol"))
			}
		})
	}
}

func rawDial(t *testing.T, host string) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", host)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	conn.SetDeadline(time.Now().Add(5 * time.Second))
	return conn
}

// client is the opcode byte and the rest of a frame, masked with zeros.
func client(first byte, payload string) string {
	b := []byte{first}
	switch n := len(payload); {
	case n < 126:
		b = append(b, 0x80|byte(n))
	case n < 1<<16:
		b = binary.BigEndian.AppendUint16(append(b, 0x80|126), uint16(n))
	default:
		b = binary.BigEndian.AppendUint64(append(b, 0x80|127), uint64(n))
	}
	return string(b) + "\x00\x00\x00\x00" + payload
}

// Frames that no browser sends.
func TestWireFaults(t *testing.T) {
	p := open(t, Config{})
	const ask = `{"type":"close","id":5,"run":"R"}`
	answered := -1 // the command was answered, and the socket goes on
	for _, test := range []struct {
		name  string
		bytes string
		want  []int
	}{
		{"a command", client(0x81, ask), []int{answered}},
		{"unmasked", "\x81\x01x", []int{1002}},
		{"opcode 3", client(0x83, ""), []int{1002}},
		{"opcode 11", client(0x8b, ""), []int{1002}},
		{"RSV1", client(0xc1, "x"), []int{1002}},
		{"RSV2", client(0xa1, "x"), []int{1002}},
		{"a long ping", client(0x89, strings.Repeat("x", 126)), []int{1002}},
		{"a fragmented ping", client(0x09, "x"), []int{1002}},
		{"a continuation of nothing", client(0x80, "x"), []int{1002}},
		{"a message within a message", client(0x01, "{") + client(0x81, "x"), []int{1002}},
		{"the top bit of the length", "\x81\xff\xff\xff\xff\xff\xff\xff\xff\xff\x00\x00\x00\x00", []int{1002, 1009}},
		{"a claim of 2^62 bytes", "\x81\xff\x40\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00", []int{1002, 1009}},
		{"fragments past 2^63", client(0x01, "x") + "\x80\xff\x7f\xff\xff\xff\xff\xff\xff\xff\x00\x00\x00\x00", []int{1002, 1009}},
		{"not UTF-8", client(0x81, "\"\xff\""), []int{1007}},
		{"not UTF-8 over two fragments", client(0x01, "\"\xf0\x9f") + client(0x80, "\x98\""), []int{1007}},
		{"UTF-8 over two fragments", client(0x01, "{\"type\":\"close\",\"id\":5,\"run\":\"\xf0\x9f") + client(0x80, "\x98\x80\"}"), []int{answered}},
		{"close code 999", client(0x88, "\x03\xe7"), []int{1002}},
		{"close code 1005", client(0x88, "\x03\xed"), []int{1002}},
		{"close code 65535", client(0x88, "\xff\xff"), []int{1002}},
		{"a close reason that is not UTF-8", client(0x88, "\x03\xe8\xff"), []int{1002, 1007}},
		{"a close", client(0x88, "\x03\xe8"), []int{1000}},
		{"data after a close", client(0x88, "\x03\xe8") + client(0x81, ask), []int{1000}},
		{"a ping within a message", client(0x01, ask[:7]) + client(0x89, "hi") + client(0x80, ask[7:]), []int{answered}},
		{"a hundred empty fragments", client(0x01, "") + strings.Repeat(client(0x00, ""), 100) + client(0x80, ask), []int{answered}},
		{"a length that is not the shortest", "\x81\xfe\x00\x21\x00\x00\x00\x00" + ask, []int{answered}},
		{"a long message", client(0x81, strings.Repeat(" ", MaxFrame+1)), []int{1009}},
		{"1 MiB", client(0x81, strings.Repeat(" ", 1<<20)), []int{1009}},
		{"fragments without end", client(0x01, "x") + strings.Repeat(client(0x00, "xxxxxxxx"), 20000), []int{1009}},
		{"the longest message", client(0x81, ask+strings.Repeat(" ", MaxFrame-len(ask))), []int{answered}},
		{"a binary message", client(0x82, "xx") + client(0x81, ask), []int{answered}},
	} {
		t.Run(test.name, func(t *testing.T) {
			if ask := len(ask); ask != 0x21 {
				t.Fatalf("the command has %d bytes", ask)
			}
			conn, r := upgrade(t, p)
			// The server may hang up before it has all of it.
			go io.WriteString(conn, test.bytes)
			got, frames := 0, ""
			for got == 0 {
				op, payload, err := readFrame(r)
				switch {
				case err != nil:
					t.Fatalf("the connection ended without a close frame: %v", err)
				case op == 8 && len(payload) >= 2:
					got = int(binary.BigEndian.Uint16(payload))
				case op == 8:
					got = 1005
				case op == 1:
					frames += string(payload)
					if strings.Contains(string(payload), `"closed"`) {
						got = answered
					}
				}
			}
			if !slices.Contains(test.want, got) {
				t.Errorf("close code %d, want %d; frames %s", got, test.want, frames)
			}
			if test.name == "a binary message" && !strings.Contains(frames, string(BadFrame)) {
				t.Errorf("no word about the binary message: %s", frames)
			}
			if got != answered {
				if _, _, err := readFrame(r); err == nil {
					t.Error("something came after the close frame")
				}
			}
		})
	}
	p.t = t
	if f := last(p.dial().openRun(1, lost)); f.Type != "done" {
		t.Errorf("a fresh socket after all that: %s", f.raw)
	}
}

// A byte at a time is slow, but it is right.
func TestAByteAtATime(t *testing.T) {
	p := open(t, Config{})
	conn, r := upgrade(t, p)
	for _, b := range []byte(client(0x81, `{"type":"close","id":5,"run":"R"}`)) {
		if _, err := conn.Write([]byte{b}); err != nil {
			t.Fatal(err)
		}
	}
	readFrame(r) // welcome
	if _, payload, err := readFrame(r); err != nil || !strings.Contains(string(payload), `"re":5`) {
		t.Errorf("got %q, %v", payload, err)
	}
}

func upgrade(t *testing.T, p *place) (net.Conn, *bufio.Reader) {
	t.Helper()
	host := strings.TrimPrefix(p.srv.URL, "http://")
	conn := rawDial(t, host)
	fmt.Fprintf(conn, "GET /ws HTTP/1.1\r\nHost: %s\r\nOrigin: %s\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"+
		"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Protocol: %s\r\n\r\n", host, p.srv.URL, Subprotocol)
	r := bufio.NewReader(conn)
	resp, err := http.ReadResponse(r, nil)
	if err != nil || resp.StatusCode != 101 {
		t.Fatalf("%v, %v", resp, err)
	}
	return conn, r
}

// readFrame reads a frame as servers send them: not masked.
func readFrame(r *bufio.Reader) (op byte, payload []byte, err error) {
	var head [2]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return 0, nil, err
	}
	n := uint64(head[1])
	switch n {
	case 126:
		var b [2]byte
		_, err = io.ReadFull(r, b[:])
		n = uint64(binary.BigEndian.Uint16(b[:]))
	case 127:
		var b [8]byte
		_, err = io.ReadFull(r, b[:])
		n = binary.BigEndian.Uint64(b[:])
	}
	if err != nil {
		return 0, nil, err
	}
	payload = make([]byte, n)
	_, err = io.ReadFull(r, payload)
	return head[0] & 0xf, payload, err
}

// A malformed command is answered, and the run goes on.
func TestMalformedCommandsAreAnswered(t *testing.T) {
	b := open(t, Config{}).dial()
	opened := last(b.openRun(1, lost))
	for text, code := range map[string]Code{
		`{`: BadJSON, `null`: BadJSON, `{"type":"fly","id":9}`: UnknownType, `{"type":"do","id":9,"run":"R","x":1}`: UnknownField, `{"type":"do","id":"9"}`: BadField,
	} {
		b.send(text)
		if f := b.read(); f.Type != "error" || f.Code != string(code) {
			t.Errorf("%s brought %s", text, f.raw)
		}
	}
	if f := last(b.do(10, opened.Run, opened.Last, "drop SYN-ACK")); f.Type != "done" {
		t.Errorf("got %s", f.raw)
	}
}

// A thousand commands without reading are all answered, in order.
func TestPipelining(t *testing.T) {
	b := open(t, Config{}).dial()
	opened := last(b.openRun(1, lost))
	const n = burst - 10
	go func() {
		for i := range n {
			// The reader below finds out when this fails.
			_ = b.ws.WriteMessage(websocket.TextMessage, fmt.Appendf(nil, `{"type":"do","id":%d,"run":%q,"at":3,"wait":1000}`, i+2, opened.Run))
		}
	}()
	for id := int64(2); id < n+2; id++ {
		if f := last(b.until(id)); f.Type != "done" {
			t.Fatalf("got %s", f.raw)
		}
	}
}

// 74: one socket too many is refused in a sentence, and let in when there is a place.
func TestFault74TooManySockets(t *testing.T) {
	p := open(t, Config{Sockets: 2})
	p.dial()
	b := p.dial()
	_, resp, err := websocket.DefaultDialer.Dial(p.url(), p.header())
	if err == nil || resp.StatusCode != 503 || resp.Header.Get("Retry-After") == "" {
		t.Fatalf("the third socket: %v, %v", resp, err)
	}
	if text, err := io.ReadAll(resp.Body); err != nil || !strings.Contains(string(text), "Please try again") {
		t.Errorf("the third socket is told %q, %v", text, err)
	}
	b.ws.Close()
	if !soon(func() bool {
		ws, _, err := websocket.DefaultDialer.Dial(p.url(), p.header())
		if err == nil {
			ws.Close()
		}
		return err == nil
	}) {
		t.Error("the place of a closed socket stays taken")
	}
}

func TestGoodbye(t *testing.T) {
	p := open(t, Config{})
	b := p.dial()
	b.openRun(1, lost)
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	closed := make(chan struct{})
	go func() {
		p.hub.Close(ctx)
		close(closed)
	}()
	if f := b.read(); f.Type != "bye" || f.Retry <= 0 {
		t.Errorf("got %s", f.raw)
	}
	if code := b.closeCode(); code != websocket.CloseServiceRestart {
		t.Errorf("close code %d", code)
	}
	<-closed
	if _, resp, err := websocket.DefaultDialer.Dial(p.url(), p.header()); err == nil || resp.StatusCode != 503 {
		t.Errorf("a socket after the end: %v, %v", resp, err)
	}
}

// 103: a panic is the end of one socket, with a number that is in the log, once, and of no other.
func TestFault103Panic(t *testing.T) {
	var log bytes.Buffer
	p := open(t, Config{
		Log:      slog.New(slog.NewTextHandler(&log, nil)),
		Scenario: func(string, string) (string, bool) { panic("at the disco") },
	})
	b, other := p.dial(), p.dial()
	b.send(`{"type":"open","id":1,"lesson":"a","block":"b"}`)
	b.ws.SetReadDeadline(time.Now().Add(5 * time.Second))
	_, _, err := b.ws.ReadMessage()
	e, ok := err.(*websocket.CloseError)
	if !ok || e.Code != websocket.CloseInternalServerErr {
		t.Fatalf("the socket ended with %v", err)
	}
	if f := last(other.openRun(1, lost)); f.Type != "done" {
		t.Errorf("the other socket: %s", f.raw)
	}
	id := strings.TrimPrefix(e.Text, "internal error ")
	if text := log.String(); id == "" || strings.Count(text, id) != 1 || strings.Count(text, "\n") != 1 || !strings.Contains(text, "at the disco") || !strings.Contains(text, "socket.go") {
		t.Errorf("the number %s is not in the log: %s", id, text)
	}
}

// 103: a run in which the engine panicked is gone, because nobody knows what it is worth.
func TestFault103PanicInARun(t *testing.T) {
	hub := NewHub(Config{})
	r, _, fault := hub.start(&OpenCommand{ID: 1, Scenario: lost})
	if fault != nil {
		t.Fatal(fault)
	}
	r.tl = nil
	func() {
		defer func() {
			if recover() == nil {
				t.Error("no panic, and so no test")
			}
		}()
		r.do(&DoCommand{ID: 2, Run: r.id, Do: Do{Line: "step"}}, deaf{})
	}()
	if !r.gone {
		t.Error("the run goes on")
	}
}

func TestServeRun(t *testing.T) {
	p := open(t, Config{})
	post := func(body string) (int, []frame) {
		t.Helper()
		resp, err := http.Post(p.srv.URL+"/run", "application/json", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		if got := resp.Header.Get("Content-Type"); got != "application/x-ndjson" {
			t.Errorf("the type is %q", got)
		}
		var frames []frame
		for s := bufio.NewScanner(resp.Body); s.Scan(); {
			frames = append(frames, parseFrame(t, slices.Clone(s.Bytes())))
		}
		return resp.StatusCode, frames
	}
	status, frames := post(fmt.Sprintf(`{"scenario":%s,"commands":[{"line":"drop SYN-ACK","ahead":true}]}`, mustJSON(t, lost)))
	if status != 200 || last(frames).Type != "done" || !last(frames).Quiet {
		t.Fatalf("%d: %s", status, join(frames))
	}
	for n, f := range frames {
		if f.N != int64(n) {
			t.Errorf("frame %d has the number %d", n, f.N)
		}
	}
	b := p.dial()
	b.sendJSON(map[string]any{"type": "open", "id": 1, "scenario": lost, "commands": []any{map[string]any{"line": "drop SYN-ACK", "ahead": true}}})
	if f := last(b.until(1)); f.Digest != last(frames).Digest {
		t.Error("the same over a socket has another digest")
	}
	for _, test := range []struct {
		body string
		want int
		code string
	}{
		{`{"scenario":"fly"}`, 422, "unknown-verb"},
		{`{"scenario":`, 400, string(BadJSON)},
		{`{"lesson":"x","block":"y"}`, 422, string(NoSuchBlock)},
		{`{"scenario":"","speed":1}`, 400, string(UnknownField)},
		{`{"scenario":"` + strings.Repeat("#", MaxFrame) + `"}`, 413, string(BadJSON)},
	} {
		status, frames := post(test.body)
		if status != test.want || len(frames) != 1 || frames[0].Type != "error" || frames[0].Code != test.code {
			t.Errorf("%.40s: %d %s, want %d %s", test.body, status, join(frames), test.want, test.code)
		}
	}
}
