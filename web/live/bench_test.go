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

// BenchmarkStep does steps over sockets on the loopback interface, and a bare echo of as many bytes as the answer to a step has, by
// the same library, in turns: what else runs on the machine then costs both the same. Each socket has one command under way at any
// time. The processor time of both ends together is what counts. A step is three messages (the command, the node, the done), an
// echo is two; the bound is 1.25 times the echo's time a message.
func BenchmarkStep(b *testing.B) {
	const turn = 4000 // exchanges
	for _, n := range []int{1, 100, 1000} {
		b.Run(fmt.Sprintf("sockets=%d", n), func(b *testing.B) {
			sockets, message := openEcho(b, n), bytes.Repeat([]byte("x"), answer)
			echo := exchanges{n: n, ask: func(i int) { exchange(b, sockets[i], message, 0) }, hear: func(i int) { exchange(b, sockets[i], nil, 1) }}

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
				defer learners[i].ws.Close()
			}
			steps := exchanges{n: n, ask: func(i int) {
				l := learners[i]
				if l.id%1000 == 0 {
					start(l) // a very long run for a learner; each step here opens a branch
				}
				l.id++
				exchange(b, l.ws, step(l.id, l.run), 0)
			}, hear: func(i int) {
				exchange(b, learners[i].ws, nil, 2)
				unlimit(p.hub, learners[i].id)
			}}
			// With its first few exchanges a connection gets its buffers, and a run the room for its branches.
			echo.take(b, 12*n)
			steps.take(b, 12*n)
			echo.cpu, echo.done, steps.cpu, steps.done, steps.bytes = 0, 0, 0, 0, 0
			for b.Loop() {
				echo.take(b, turn)
				steps.take(b, turn)
			}
			b.ReportMetric(echo.each(), "cpu-ns/echo")
			b.ReportMetric(steps.each(), "cpu-ns/step")
			b.ReportMetric(float64(steps.bytes)/float64(steps.done), "B/step")
			b.ReportMetric(steps.each()/3/(echo.each()/2), "times-echo/message")
			b.ReportMetric(steps.each()/echo.each(), "times-echo/exchange")
		})
	}
}

// exchanges are made on n sockets, of which each has one under way.
type exchanges struct {
	n         int
	ask, hear func(socket int)
	done      int
	cpu       int64  // ns of processor time of all that were done
	bytes     uint64 // that were allocated for them
}

// take makes k more exchanges and waits for the end of each.
func (e *exchanges) take(b *testing.B, k int) {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	used := processor(b)
	first := e.done
	for ; e.done < first+k; e.done++ {
		if e.done >= first+e.n {
			e.hear(e.done % e.n)
		}
		e.ask(e.done % e.n)
	}
	for i := range min(k, e.n) {
		e.hear((e.done + i) % min(k, e.n))
	}
	e.cpu += processor(b) - used
	runtime.ReadMemStats(&after)
	e.bytes += after.TotalAlloc - before.TotalAlloc
}

// each is the processor time of one exchange in nanoseconds.
func (e *exchanges) each() float64 { return float64(e.cpu) / float64(e.done) }

func step(id int64, run string) []byte {
	return fmt.Appendf(nil, `{"type":"do","id":%d,"run":%q,"at":3,"line":"step"}`, id, run)
}

// answer is about what a step is answered with: the node and the done.
const answer = 2550

// openEcho connects n sockets to a server that echoes.
func openEcho(b *testing.B, n int) []*websocket.Conn {
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
	b.Cleanup(srv.Close)
	sockets := make([]*websocket.Conn, n)
	for i := range sockets {
		ws, _, err := websocket.DefaultDialer.Dial("ws"+strings.TrimPrefix(srv.URL, "http"), http.Header{"Origin": {srv.URL}})
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() { ws.Close() })
		sockets[i] = ws
	}
	return sockets
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

// processor returns the processor time of this process in nanoseconds.
func processor(b *testing.B) int64 {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return u.Utime.Nano() + u.Stime.Nano()
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
