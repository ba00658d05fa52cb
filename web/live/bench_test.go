package live

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/gorilla/websocket"
)

// BenchmarkStep does steps over sockets on the loopback interface, beside a bare echo of as many bytes as the answer to a step
// has, by the same library. Each socket has one command under way at any time. The processor time of both ends together is
// what counts; the wall clock depends on what else runs. A step is three messages (the command, the node, the done), an echo is
// two; the bound is 1.25 times the echo's time a message.
func BenchmarkStep(b *testing.B) {
	for _, n := range []int{1, 100, 1000} {
		echo := 0.0
		b.Run(fmt.Sprintf("echo, sockets=%d", n), func(b *testing.B) { echo = benchmarkEcho(b, n) })
		b.Run(fmt.Sprintf("step, sockets=%d", n), func(b *testing.B) {
			p := open(b, Config{Nodes: 1 << 30})
			type learner struct {
				*browser
				id  int64
				run string
			}
			learners := make([]*learner, n)
			start := func(l *learner) {
				l.id++
				l.run = l.openRun(l.id, lost)[0].Run
				l.ws.SetReadDeadline(time.Time{})
			}
			for i := range learners {
				learners[i] = &learner{browser: p.dial()}
				start(learners[i])
			}
			cpu := pipeline(b, n, func(i int) {
				l := learners[i]
				if l.id%1000 == 0 {
					start(l) // a very long run for a learner; each step here opens a branch
				}
				l.id++
				exchange(b, l.ws, step(l.id, l.run), 0)
			}, func(i int) {
				exchange(b, learners[i].ws, nil, 2)
				unlimit(p.hub, learners[i].id)
			})
			if echo > 0 {
				b.ReportMetric(cpu/3/(echo/2), "times-echo/message")
				b.ReportMetric(cpu/echo, "times-echo/exchange")
			}
			for _, l := range learners {
				l.ws.Close()
			}
		})
	}
}

// pipeline keeps one exchange under way on each of n sockets, and returns the processor time of one in nanoseconds.
func pipeline(b *testing.B, n int, ask, hear func(socket int)) float64 {
	k := 0
	cpu := processor(b, func() {
		if k >= n {
			hear(k % n)
		}
		ask(k % n)
		k++
	})
	for i := range min(k, n) {
		hear((k + i) % min(k, n))
	}
	return cpu
}

func step(id int64, run string) []byte {
	return fmt.Appendf(nil, `{"type":"do","id":%d,"run":%q,"at":3,"line":"step"}`, id, run)
}

// answer is about what a step is answered with: the node and the done.
const answer = 2550

func benchmarkEcho(b *testing.B, n int) float64 {
	up := websocket.Upgrader{ReadBufferSize: 1024, WriteBufferSize: 1024}
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ws, err := up.Upgrade(w, r, nil)
		if err != nil {
			return
		}
		defer ws.Close()
		for {
			kind, msg, err := ws.ReadMessage()
			if err != nil || ws.WriteMessage(kind, msg) != nil {
				return
			}
		}
	}))
	defer srv.Close()
	sockets := make([]*websocket.Conn, n)
	for i := range sockets {
		ws, _, err := websocket.DefaultDialer.Dial("ws"+strings.TrimPrefix(srv.URL, "http"), http.Header{"Origin": {srv.URL}})
		if err != nil {
			b.Fatal(err)
		}
		defer ws.Close()
		sockets[i] = ws
	}
	message := bytes.Repeat([]byte("x"), answer)
	return pipeline(b, n, func(i int) { exchange(b, sockets[i], message, 0) }, func(i int) { exchange(b, sockets[i], nil, 1) })
}

// BenchmarkSession says how much memory a learner takes who has opened a page: a socket, and the run of a lesson played to its
// end. Clients are bare connections, which count too.
func BenchmarkSession(b *testing.B) {
	const n = 1000
	for b.Loop() {
		p := open(b, Config{})
		request := fmt.Sprintf("GET /ws HTTP/1.1\r\nHost: %s\r\nOrigin: %s\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: %s\r\n\r\n",
			strings.TrimPrefix(p.srv.URL, "http://"), p.srv.URL, Subprotocol)
		command := fmt.Appendf(nil, `{"type":"open","id":1,"scenario":%q,"ahead":true}`, lost)
		conns := make([]net.Conn, n)
		buf := make([]byte, 64<<10)
		before := inUse()
		for i := range conns {
			conn, err := net.Dial("tcp", p.srv.Listener.Addr().String())
			if err != nil {
				b.Fatal(err)
			}
			defer conn.Close()
			conns[i] = conn
			hear := func(end string) {
				for all := ""; !strings.Contains(all, end); {
					k, err := conn.Read(buf)
					if err != nil {
						b.Fatal(err, all)
					}
					all += string(buf[:k])
				}
			}
			fmt.Fprint(conn, request)
			hear(`"type":"welcome"`)
			// A text frame with a length in two bytes and a mask of zeros.
			frame := append([]byte{0x81, 0x80 | 126, byte(len(command) >> 8), byte(len(command)), 0, 0, 0, 0}, command...)
			if _, err := conn.Write(frame); err != nil {
				b.Fatal(err)
			}
			hear(`"type":"done"`)
		}
		if runs, _, sockets := p.hub.Counts(); runs != n || sockets != n {
			b.Fatalf("%d runs on %d sockets", runs, sockets)
		}
		b.ReportMetric(float64(inUse()-before)/n, "B/session")
		for _, conn := range conns {
			conn.Close()
		}
	}
}

// inUse is the memory of heap and stacks that is not garbage.
func inUse() int64 {
	runtime.GC()
	runtime.GC() // what finalizers and pools let go of
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc + m.StackInuse)
}

// exchange sends a message, if there is one, and reads n, without keeping them. It returns the size of the last one.
func exchange(b *testing.B, ws *websocket.Conn, message []byte, n int) (size int) {
	if message != nil {
		if err := ws.WriteMessage(websocket.TextMessage, message); err != nil {
			b.Fatal(err)
		}
	}
	for range n {
		_, r, err := ws.NextReader()
		if err != nil {
			b.Fatal(err)
		}
		read, err := io.Copy(io.Discard, r)
		if err != nil {
			b.Fatal(err)
		}
		size = int(read)
	}
	return size
}

// unlimit fills the token buckets now and then; they are not what is measured. The reader waits for the next command meanwhile.
func unlimit(h *Hub, id int64) {
	if id%100 != 0 {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	for s := range h.sockets {
		s.refilled = s.refilled.Add(-time.Second)
	}
}

// processor runs f b.N times and returns the processor time of one in nanoseconds.
func processor(b *testing.B, f func()) float64 {
	b.ReportAllocs()
	used := func() int64 {
		var u syscall.Rusage
		if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
			b.Fatal(err)
		}
		return u.Utime.Nano() + u.Stime.Nano()
	}
	before := used()
	n := 0
	for b.Loop() {
		f()
		n++
	}
	ns := float64(used()-before) / float64(n)
	b.ReportMetric(ns, "cpu-ns/op")
	return ns
}

func BenchmarkAppendEvents(b *testing.B) {
	list := events(b, tour[0])
	b.Run("by hand", func(b *testing.B) {
		b.ReportAllocs()
		var buf []byte
		for b.Loop() {
			buf = appendEvents(buf[:0], list)
		}
		b.SetBytes(int64(len(buf)))
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(list)), "ns/event")
	})
	b.Run("encoding/json", func(b *testing.B) {
		b.ReportAllocs()
		described := make([]RunEvent, len(list))
		for i := range list {
			described[i] = describe(&list[i])
		}
		for b.Loop() {
			if _, err := json.Marshal(described); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(list)), "ns/event")
	})
}

func BenchmarkDecode(b *testing.B) {
	in := []byte(`{"type":"do","id":2,"run":"AAAAAAAAAAAAAAAAAAAAAA","at":17,"wait":25000,"line":"drop #3","ahead":true}`)
	b.Run("by hand", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, fault := Decode(in); fault != nil {
				b.Fatal(fault)
			}
		}
	})
	b.Run("encoding/json", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			var c DoCommand
			if err := json.Unmarshal(in, &c); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// BenchmarkDo is a step without a socket: the engine, the timeline and the encoding.
func BenchmarkDo(b *testing.B) {
	hub := NewHub(Config{})
	var r *run
	id := int64(0)
	b.ReportAllocs()
	for b.Loop() {
		if id%200 == 0 {
			var fault *ErrorFrame
			if r, _, fault = hub.start(&OpenCommand{ID: id + 1, Scenario: lost}); fault != nil {
				b.Fatal(fault)
			}
			r.take()
			r.following = []follower{deaf{}}
			id++
		}
		id++
		at := 3
		if r.do(&DoCommand{ID: id, Run: r.id, Do: Do{At: &at, Line: "step"}}, deaf{}) != 1 {
			b.Fatal("not done")
		}
	}
}

type deaf struct{}

func (deaf) post(*run, [][]byte)  {}
func (deaf) catchUp(*run, []byte) {}
func (deaf) say([]byte)           {}
func (deaf) drop(*run)            {}

// BenchmarkDecodeHostile refuses hostile commands; bytes a second tell whether one costs more than its length.
func BenchmarkDecodeHostile(b *testing.B) {
	for name, in := range hostile() {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(in)))
			for b.Loop() {
				if _, fault := Decode([]byte(in)); fault == nil {
					b.Fatal("was taken")
				}
			}
		})
	}
}
