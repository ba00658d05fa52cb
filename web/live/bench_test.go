package live

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/gorilla/websocket"
)

// BenchmarkStep does a step of a run over a socket on the loopback interface, beside a bare echo by the same library: of the
// command, and of as many bytes as the step's answer has. The processor time of both ends together is what counts; the wall
// clock depends on what else runs. A step is three messages (the command, the node, the done), an echo is two.
func BenchmarkStep(b *testing.B) {
	var echo float64
	b.Run("echo of the command", func(b *testing.B) {
		echo = benchmarkEcho(b, func(id int) []byte { return step(int64(id), "AAAAAAAAAAAAAAAAAAAAAA") }) / 2
	})
	answer := bytes.Repeat([]byte("x"), 2400)
	b.Run("echo of the answer", func(b *testing.B) { benchmarkEcho(b, func(int) []byte { return answer }) })
	b.Run("step", func(b *testing.B) {
		p := open(b, Config{})
		c := p.dial()
		defer c.ws.Close()
		id, run, size := int64(0), "", 0
		cpu := processor(b, func() {
			if id%200 == 0 {
				// A long run for a learner; each step here opens a branch.
				id++
				run = c.openRun(id, lost)[0].Run
			}
			id++
			exchange(b, c.ws, step(id, run), 1)
			size = exchange(b, c.ws, nil, 1)
			unlimit(p.hub)
		}) / 3
		if size == 0 {
			b.Error("the done is empty")
		}
		if echo > 0 {
			b.ReportMetric(cpu/echo, "times-echo/message")
		}
	})
}

func step(id int64, run string) []byte {
	return fmt.Appendf(nil, `{"type":"do","id":%d,"run":%q,"at":3,"line":"step"}`, id, run)
}

func benchmarkEcho(b *testing.B, message func(id int) []byte) float64 {
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
	ws, _, err := websocket.DefaultDialer.Dial("ws"+strings.TrimPrefix(srv.URL, "http"), http.Header{"Origin": {srv.URL}})
	if err != nil {
		b.Fatal(err)
	}
	defer ws.Close()
	id := 0
	return processor(b, func() {
		id++
		exchange(b, ws, message(id), 1)
	})
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

// unlimit fills the token buckets, which are not what is measured. The reader waits for the next command meanwhile.
func unlimit(h *Hub) {
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
