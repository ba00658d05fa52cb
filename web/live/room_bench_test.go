package live

import (
	"bytes"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"github.com/handshakelab/lab/web/store"
)

// An audience is sockets that one action after the other is sent to. Each has a reader, who says how long it took.
type audience struct {
	send  func()
	n     int
	start time.Time
	took  []time.Duration // of the action under way
	heard sync.WaitGroup

	cpu  int64           // ns of processor time of all actions
	slow []time.Duration // of each action, what it took to reach all sockets but one in a hundred
}

// newAudience reads on sockets, to which send sends an action of so many frames.
func newAudience(sockets []*websocket.Conn, frames int, send func()) *audience {
	a := &audience{send: send, n: len(sockets), took: make([]time.Duration, len(sockets))}
	for i, ws := range sockets {
		ws.SetReadDeadline(time.Time{})
		go func() {
			for {
				for range frames {
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

// act sends an action and waits until everybody has it.
func (a *audience) act(b *testing.B) {
	used := processor(b)
	a.heard.Add(a.n)
	a.start = time.Now()
	a.send()
	a.heard.Wait()
	a.cpu += processor(b) - used
	slices.Sort(a.took)
	a.slow = append(a.slow, a.took[len(a.took)*99/100])
}

// p99 returns the 99th percentile of what it took to reach a socket, as it is with half of the actions: others use the machine too.
func (a *audience) p99() float64 {
	slices.Sort(a.slow)
	return float64(a.slow[len(a.slow)/2])
}

// BenchmarkFanOut sends an action in a room to its followers, and one in a room some of whose followers are stuck, and as many bytes to as
// many sockets by a bare broadcast of the same library, in turns: what else runs on the machine then costs all the same. The store
// is no part of it: see BenchmarkAct. The bounds are 1.3 times the bare broadcast, and 1.1 times the room without the stuck ones.
func BenchmarkFanOut(b *testing.B) {
	const n, stuck = 1000, 10
	ends := bareSockets(b, n)
	prepared, err := websocket.NewPreparedMessage(websocket.TextMessage, []byte(strings.Repeat("x", answer)))
	if err != nil {
		b.Fatal(err)
	}
	bare := newAudience(ends.clients, 1, func() {
		for _, ws := range ends.servers {
			if err := ws.WritePreparedMessage(prepared); err != nil {
				b.Error(err)
			}
		}
	})
	p := nodes(b, 1, Config{Followers: n + stuck})[0]
	well, held := follow(b, p, "well", n), follow(b, p, "held", n)
	others := p.sockets()
	for i := range stuck {
		late := p.dialAs(fmt.Sprint("stuck", i))
		late.ws.NetConn().(*net.TCPConn).SetReadBuffer(4 << 10)
		late.enter(1, "held")
	}
	var late []*socket
	for s := range p.sockets() {
		if _, other := others[s]; !other {
			s.conn.Conn.(*net.TCPConn).SetWriteBuffer(4 << 10)
			late = append(late, s)
		}
	}
	waits := func() (sockets int) {
		for _, s := range late {
			s.mu.Lock()
			if len(s.behind) > 0 {
				sockets++
			}
			s.mu.Unlock()
		}
		return sockets
	}
	for waits() < stuck {
		held.act(b)
	}
	held.cpu, held.slow = 0, nil
	flipped := false
	for b.Loop() {
		bare.act(b)
		well.act(b)
		held.act(b)
		well, held, flipped = held, well, !flipped // neither is always the last
	}
	if flipped {
		well, held = held, well
	}
	b.ReportMetric(float64(bare.cpu)/float64(b.N), "bare-cpu-ns")
	b.ReportMetric(bare.p99()/1e6, "bare-p99-ms")
	b.ReportMetric(float64(well.cpu)/float64(bare.cpu), "times-bare-cpu")
	b.ReportMetric(well.p99()/bare.p99(), "times-bare-p99")
	b.ReportMetric(float64(held.cpu)/float64(well.cpu), "times-well-cpu")
	b.ReportMetric(held.p99()/well.p99(), "times-well-p99")
}

func (p *place) sockets() map[*socket]struct{} {
	p.hub.mu.Lock()
	defer p.hub.mu.Unlock()
	return maps.Clone(p.hub.sockets)
}

// follow has n sockets follow a room, whose entries come from the audience instead of the store.
func follow(b *testing.B, p *place, room string, n int) *audience {
	p.lead(room, Act{Kind: ActPush, Scenario: lost})
	var sockets []*websocket.Conn
	for i := range n {
		m := p.dialAs(fmt.Sprint("m", i))
		m.sendJSON(map[string]any{"type": "enter", "id": 1, "room": room, "tab": "tab"})
		m.upTo(func(f frame) bool { return f.Type == "snapshot" })
		sockets = append(sockets, m.ws)
	}
	r, fault := p.hub.hold(room)
	if fault != nil {
		b.Fatal(fault)
	}
	b.Cleanup(func() { p.hub.letGo(r) })
	seq := r.ledger.Seq
	return newAudience(sockets, 2, func() {
		seq++
		r.take(store.Entry{Seq: seq, Data: fmt.Appendf(nil, `{"id":"%d","kind":"do","stage":1,"do":{"at":3,"line":"step"}}`, seq)}, nil)
	})
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

// BenchmarkComeBack has ten thousand sockets open within a second, at moments drawn by lot, as browsers do when a server is back: in turns
// at a bare server of the same library, and here, where each enters its class as well. Both ends are this process, and so is the processor
// time. Fault 67 wants 2,000 handshakes a second, and none of more than 2 s.
func BenchmarkComeBack(b *testing.B) {
	n := openable(b, 10_000)
	up := websocket.Upgrader{ReadBufferSize: 1024, WriteBufferSize: 1024}
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ws, err := up.Upgrade(w, r, nil)
		if err != nil {
			b.Error(err)
			return
		}
		go func() {
			defer ws.Close()
			for {
				if _, _, err := ws.NextReader(); err != nil {
					return
				}
			}
		}()
	}))
	b.Cleanup(srv.Close)
	classes := (n + DefaultFollowers - 1) / DefaultFollowers
	cfg := Config{Store: openStore(b), Rooms: roster{}, Sockets: n}
	first := serve(b, cfg)
	for c := range classes {
		first.lead(fmt.Sprint("c", c), Act{Kind: ActPush, Scenario: lost})
	}
	first.hub.Close(b.Context())
	type result struct{ rate, slowest, cpu float64 }
	var bare, here []result
	// all opens n sockets, and closes them when all are open.
	all := func(open func(i int) (ws *websocket.Conn, shaken time.Duration)) result {
		sockets, began, used := make([]*websocket.Conn, n), time.Now(), processor(b)
		var wg sync.WaitGroup
		var slowest, last atomic.Int64
		for i := range n {
			wg.Go(func() {
				time.Sleep(rand.N(time.Second))
				ws, took := open(i)
				sockets[i] = ws
				most(&slowest, int64(took))
				most(&last, int64(time.Since(began)))
			})
		}
		wg.Wait()
		used = processor(b) - used
		for _, ws := range sockets {
			if ws != nil {
				ws.Close()
			}
		}
		return result{float64(n) / time.Duration(last.Load()).Seconds(), time.Duration(slowest.Load()).Seconds(), float64(used) / 1e6 / float64(n)}
	}
	for b.Loop() {
		bare = append(bare, all(func(int) (*websocket.Conn, time.Duration) {
			began := time.Now()
			ws, _, err := websocket.DefaultDialer.Dial("ws"+strings.TrimPrefix(srv.URL, "http"), http.Header{"Origin": {srv.URL}})
			if err != nil {
				b.Error(err)
			}
			return ws, time.Since(began)
		}))
		p := serve(b, cfg)
		here = append(here, all(func(i int) (*websocket.Conn, time.Duration) {
			began := time.Now()
			h := p.header()
			h.Set("Cookie", fmt.Sprint("who=m", i))
			ws, _, err := websocket.DefaultDialer.Dial(p.url(), h)
			took := time.Since(began)
			if err == nil {
				err = ws.WriteMessage(websocket.TextMessage, fmt.Appendf(nil, `{"type":"enter","id":1,"room":"c%d","tab":"tab"}`, i%classes))
			}
			for text := []byte(nil); err == nil && !bytes.Contains(text, []byte(`"type":"snapshot"`)); {
				_, text, err = ws.ReadMessage()
			}
			if err != nil {
				b.Error(err)
			}
			return ws, took
		}))
		p.hub.Close(b.Context())
	}
	median := func(of []result, what func(result) float64) float64 {
		var all []float64
		for _, r := range of {
			all = append(all, what(r))
		}
		slices.Sort(all)
		return all[len(all)/2]
	}
	for unit, what := range map[string]func(result) float64{
		"sockets/s": func(r result) float64 { return r.rate }, "slowest-s": func(r result) float64 { return r.slowest }, "cpu-ms/socket": func(r result) float64 { return r.cpu },
	} {
		b.ReportMetric(median(here, what), unit)
		b.ReportMetric(median(bare, what), "bare-"+unit)
	}
}

// most makes a the larger of what it is and what it is given.
func most(a *atomic.Int64, to int64) {
	for was := a.Load(); to > was && !a.CompareAndSwap(was, to); {
		was = a.Load()
	}
}

// openable is how many of n sockets can be open at once, when both ends are in this process.
func openable(tb testing.TB, n int) int {
	var files syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &files); err == nil && uint64(n) > files.Cur/2-500 {
		n = int(files.Cur/2 - 500) // some of before are closing still
		tb.Logf("%d files may be open, so %d sockets are", files.Cur, n)
	}
	return n
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

// BenchmarkClasses is what a node needs for classes of thirty: an op is an action in each of a hundred of them at once, written to disk and
// heard by all. Both ends of the sockets are this process.
func BenchmarkClasses(b *testing.B) {
	const classes, members = 100, 30
	p := nodes(b, 1, Config{})[0]
	before := inUse()
	var heard sync.WaitGroup
	for c := range classes {
		room := fmt.Sprint("c", c)
		p.lead(room, Act{Kind: ActPush, Scenario: lost})
		for m := range members {
			f := p.dialAs(fmt.Sprint("m", m))
			f.sendJSON(map[string]any{"type": "enter", "id": 1, "room": room, "tab": "tab"})
			f.upTo(func(f frame) bool { return f.Type == "snapshot" })
			f.ws.SetReadDeadline(time.Time{})
			go func() {
				for {
					_, r, err := f.ws.NextReader()
					if err != nil {
						return
					}
					if text, err := io.ReadAll(r); err == nil && bytes.Contains(text, []byte(`"type":"done"`)) {
						heard.Done()
					}
				}
			}()
		}
	}
	memory := float64(inUse()-before) / classes
	used := processor(b)
	for b.Loop() {
		heard.Add(classes * members)
		var acts sync.WaitGroup
		for c := range classes {
			acts.Go(func() { p.lead(fmt.Sprint("c", c), Act{Kind: ActDo, Stage: 1, Do: &Do{At: ptr(3), Line: "step"}}) })
		}
		acts.Wait()
		heard.Wait()
	}
	b.ReportMetric(memory, "B/class")
	b.ReportMetric(float64(b.N*classes)/b.Elapsed().Seconds(), "actions/s")
	b.ReportMetric(float64(processor(b)-used)/1e6/float64(b.N*classes), "cpu-ms/action")
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
	used := processor(b)
	for id := int64(2); b.Loop(); id++ {
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
	}
	slices.Sort(took)
	b.ReportMetric(float64(processor(b)-used)/1e9/float64(b.N), "cores")
	b.ReportMetric(float64(took[len(took)*99/100])/1e6, "p99-ms")
	if _, _, sockets := p.hub.Counts(); sockets != n {
		b.Errorf("%d sockets are left", sockets)
	}
}

// BenchmarkParked says how much memory a run takes that nobody follows: of a lesson, after twenty commands.
func BenchmarkParked(b *testing.B) {
	inUse() // what benchmarks before this one have left behind must not become less meanwhile
	parked(b, 500)
	for b.Loop() {
		b.ReportMetric(parked(b, 500), "B/run")
	}
}

func parked(b *testing.B, n int) float64 {
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
	used := inUse() - before
	if runs, nodes, _ := h.Counts(); runs != n || nodes != 0 {
		b.Errorf("%d runs with %d nodes", runs, nodes)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.sweeper.Stop()
	return float64(used) / float64(n)
}
