package live

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"github.com/handshakelab/lab/web/store"
)

// An audience is sockets that one action after the other is sent to. Each has a reader, who says how long it took.
type audience struct {
	b       *testing.B
	sockets []*websocket.Conn
	frames  int // that an action brings
	start   time.Time
	took    []time.Duration // of the action under way
	all     []time.Duration
	heard   sync.WaitGroup
}

func newAudience(b *testing.B, sockets []*websocket.Conn, frames int) *audience {
	a := &audience{b: b, sockets: sockets, frames: frames, took: make([]time.Duration, len(sockets))}
	for i, ws := range sockets {
		ws.SetReadDeadline(time.Time{})
		go func() {
			for {
				for range a.frames {
					_, r, err := ws.NextReader()
					if err == nil {
						_, err = io.Copy(io.Discard, r)
					}
					if err != nil {
						return // closed at the end
					}
				}
				a.took[i] = time.Since(a.start)
				a.heard.Done()
			}
		}()
	}
	return a
}

// each sends actions until the benchmark has enough of them, and returns the processor time of one and the 99th percentile of the
// time that it took to reach a socket.
func (a *audience) each(send func()) (cpu, p99 float64) {
	cpu = processor(a.b, func() {
		a.heard.Add(len(a.sockets))
		a.start = time.Now()
		send()
		a.heard.Wait()
		a.all = append(a.all, a.took...)
	})
	slices.Sort(a.all)
	p99 = float64(a.all[len(a.all)*99/100])
	a.b.ReportMetric(p99/1e6, "p99-ms")
	return cpu, p99
}

// BenchmarkFanOut sends an action in a room to its followers, beside the bare broadcast of as many bytes by the same library, and
// beside a room some of whose followers are stuck. The store is not part of it: see BenchmarkAct.
func BenchmarkFanOut(b *testing.B) {
	const n = 1000
	var bare, well struct{ cpu, p99 float64 }
	b.Run("bare", func(b *testing.B) {
		sockets := bareSockets(b, n)
		prepared, err := websocket.NewPreparedMessage(websocket.TextMessage, []byte(strings.Repeat("x", answer)))
		if err != nil {
			b.Fatal(err)
		}
		a := newAudience(b, sockets.clients, 1)
		bare.cpu, bare.p99 = a.each(func() {
			for _, ws := range sockets.servers {
				if err := ws.WritePreparedMessage(prepared); err != nil {
					b.Error(err)
				}
			}
		})
	})
	for _, stuck := range []int{0, 10} {
		b.Run(fmt.Sprintf("room, stuck=%d", stuck), func(b *testing.B) {
			p := nodes(b, 1, Config{Followers: n + stuck})[0]
			p.lead("c", Act{Kind: ActPush, Scenario: lost})
			var sockets []*websocket.Conn
			for i := range stuck {
				late := p.dialAs(fmt.Sprint("stuck", i))
				late.ws.NetConn().(*net.TCPConn).SetReadBuffer(4 << 10)
				late.enter(1, "c")
			}
			for i := range n {
				follower := p.dialAs(fmt.Sprint("m", i))
				follower.sendJSON(map[string]any{"type": "enter", "id": 1, "room": "c", "tab": "tab"})
				follower.upTo(func(f frame) bool { return f.Type == "snapshot" })
				sockets = append(sockets, follower.ws)
			}
			r, fault := p.hub.hold("c")
			if fault != nil {
				b.Fatal(fault)
			}
			defer p.hub.letGo(r)
			a, seq := newAudience(b, sockets, 2), r.ledger.Seq
			act := func() {
				seq++
				e := store.Entry{Seq: seq, Data: fmt.Appendf(nil, `{"id":"%d","kind":"do","stage":%d,"do":{"at":3,"line":"step"}}`, seq, r.ledger.Stage)}
				r.take(e, nil)
			}
			for range 20 * stuck { // until they are stuck
				a.heard.Add(n)
				act()
				a.heard.Wait()
			}
			cpu, p99 := a.each(act)
			switch {
			case stuck == 0:
				well.cpu, well.p99 = cpu, p99
				b.ReportMetric(cpu/bare.cpu, "times-bare-cpu")
				b.ReportMetric(p99/bare.p99, "times-bare-p99")
			default:
				b.ReportMetric(cpu/well.cpu, "times-well-cpu")
				b.ReportMetric(p99/well.p99, "times-well-p99")
			}
		})
	}
}

// bareSockets are both ends of n sockets.
func bareSockets(b *testing.B, n int) (s struct{ servers, clients []*websocket.Conn }) {
	up := websocket.Upgrader{ReadBufferSize: 1024, WriteBufferSize: 1024}
	accepted := make(chan *websocket.Conn)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ws, err := up.Upgrade(w, r, nil)
		if err != nil {
			b.Error(err)
		}
		accepted <- ws
	}))
	b.Cleanup(srv.Close)
	for range n {
		ws, _, err := websocket.DefaultDialer.Dial("ws"+strings.TrimPrefix(srv.URL, "http"), http.Header{"Origin": {srv.URL}})
		if err != nil {
			b.Fatal(err)
		}
		s.clients, s.servers = append(s.clients, ws), append(s.servers, <-accepted)
		b.Cleanup(func() { ws.Close() })
	}
	return s
}

// BenchmarkAct is an act from its beginning until it has come back from the store, where each is written to disk before it is
// acknowledged, beside an append to the store alone.
func BenchmarkAct(b *testing.B) {
	bare := 0.0
	b.Run("append", func(b *testing.B) {
		s := openStore(b)
		var after uint64
		for b.Loop() {
			seq, err := s.Append(b.Context(), "room.c", after, newID(), []byte(`{"id":"AAAAAAAAAAAAAAAAAAAAAA","kind":"do","stage":1,"do":{"at":3,"line":"step"}}`))
			if err != nil {
				b.Fatal(err)
			}
			after = seq
		}
		bare = float64(b.Elapsed()) / float64(b.N)
	})
	b.Run("act", func(b *testing.B) {
		p := nodes(b, 1, Config{})[0]
		p.lead("c", Act{Kind: ActPush, Scenario: lost})
		stage, n := 1, 0
		for b.Loop() {
			if n++; n%2000 == 0 { // a long run for a class
				p.lead("c", Act{Kind: ActPush, Scenario: lost})
				stage++
			}
			p.lead("c", Act{Kind: ActDo, Stage: stage, Do: &Do{At: ptr(3), Line: "step"}})
		}
		b.ReportMetric(float64(b.Elapsed())/float64(b.N)/bare, "times-append")
	})
}

// BenchmarkLearners lets learners who are on their own act once a second. An op is such a second; both ends of the sockets are
// this process, and so is the processor time of both.
func BenchmarkLearners(b *testing.B) {
	const n = 5000
	p := open(b, Config{})
	conns := make([]*websocket.Conn, n)
	runs := make([]string, n)
	for i := range conns {
		l := p.dial()
		runs[i] = l.openRun(1, lost)[0].Run
		l.ws.SetReadDeadline(time.Time{})
		conns[i] = l.ws
	}
	took := make([]time.Duration, 0, n)
	sent := make([]time.Time, n)
	var mu sync.Mutex
	var heard sync.WaitGroup
	for i, ws := range conns {
		go func() {
			for {
				for range 2 {
					_, r, err := ws.NextReader()
					if err == nil {
						_, err = io.Copy(io.Discard, r)
					}
					if err != nil {
						return
					}
				}
				mu.Lock()
				took = append(took, time.Since(sent[i]))
				mu.Unlock()
				heard.Done()
			}
		}()
	}
	id := int64(1)
	cpu := processor(b, func() {
		id++
		heard.Add(n)
		begin := time.Now()
		for i, ws := range conns {
			time.Sleep(time.Until(begin.Add(time.Duration(i) * time.Second / n)))
			sent[i] = time.Now()
			if err := ws.WriteMessage(websocket.TextMessage, step(id, runs[i])); err != nil {
				b.Fatal(err)
			}
		}
		heard.Wait()
	})
	slices.Sort(took)
	b.ReportMetric(cpu/1e9, "cores")
	b.ReportMetric(float64(took[len(took)*99/100])/1e6, "p99-ms")
	if _, _, sockets := p.hub.Counts(); sockets != n {
		b.Errorf("%d sockets are left", sockets)
	}
}

// BenchmarkParked says how much memory a run takes that nobody follows: of a lesson, after twenty commands.
func BenchmarkParked(b *testing.B) {
	const n = 500
	for b.Loop() {
		h := NewHub(Config{})
		before := inUse()
		for range n {
			r, _, fault := h.start(&OpenCommand{ID: 1, Scenario: strings.Clone(lost), Ahead: true})
			if fault != nil {
				b.Fatal(fault)
			}
			r.take()
			h.add(r)
			r.following = []follower{deaf{}}
			for id := range int64(20) {
				h.grew(r, r.do(&DoCommand{ID: id + 2, Run: r.id, Do: Do{At: ptr(3), Wait: 25000, Line: "drop SYN-ACK", Ahead: true}}, deaf{}))
			}
			h.grew(r, -r.unfollow(deaf{}))
		}
		b.ReportMetric(float64(inUse()-before)/n, "B/run")
		if runs, nodes, _ := h.Counts(); runs != n || nodes != 0 {
			b.Errorf("%d runs with %d nodes", runs, nodes)
		}
		h.mu.Lock()
		h.sweeper.Stop()
		h.mu.Unlock()
	}
}
