package live

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"
)

// lost is the run of the lesson "When the SYN-ACK is lost": its third segment never arrives.
const lost = `client 192.0.2.10:52431 isn 1000 rto 10s
server 198.51.100.20:80 isn 5000
delay 50ms
server listen
client connect
step until SYN-ACK sent
`

// A place is a hub behind a server on the loopback interface.
type place struct {
	t   testing.TB
	hub *Hub
	srv *httptest.Server
}

func open(t testing.TB, cfg Config) *place {
	t.Helper()
	noLeak(t)
	return serve(t, cfg)
}

// noLeak finds goroutines that are there at the end of a test and were not at its beginning.
func noLeak(t testing.TB) {
	before := len(ours())
	t.Cleanup(func() {
		if !soon(func() bool { return len(ours()) <= before }) {
			t.Errorf("goroutines: %d before, then\n%s", before, strings.Join(ours(), "\n\n"))
		}
	})
}

func serve(t testing.TB, cfg Config) *place {
	t.Helper()
	p := &place{t: t, hub: NewHub(cfg)}
	mux := http.NewServeMux()
	mux.Handle("/ws", p.hub)
	mux.HandleFunc("POST /run", func(w http.ResponseWriter, r *http.Request) {
		if err := p.hub.ServeRun(w, r); err != nil {
			t.Error(err)
		}
	})
	p.srv = httptest.NewServer(mux)
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		p.hub.Close(ctx)
		if ctx.Err() != nil {
			t.Error("the hub did not close in time")
		}
		p.srv.Close()
		if runs, _, sockets := p.hub.Counts(); sockets != 0 {
			t.Errorf("%d sockets are left (and %d runs)", sockets, runs)
		}
	})
	return p
}

// ours are the goroutines of this package.
func ours() []string {
	buf := make([]byte, 4<<20)
	all := strings.Split(string(buf[:runtime.Stack(buf, true)]), "\n\n")
	return slices.DeleteFunc(all, func(stack string) bool { return !strings.Contains(stack, "web/live.") })
}

// soon waits for something that other goroutines are about to bring.
func soon(is func() bool) bool {
	for end := time.Now().Add(5 * time.Second); time.Now().Before(end); {
		if is() {
			return true
		}
		runtime.Gosched()
	}
	return is()
}

func (p *place) header() http.Header {
	return http.Header{"Origin": {p.srv.URL}, "Sec-Websocket-Protocol": {Subprotocol}}
}

func (p *place) url() string { return "ws" + strings.TrimPrefix(p.srv.URL, "http") + "/ws" }

// A browser is a client for tests: it keeps what it was told and fails on a gap.
type browser struct {
	t    testing.TB
	ws   *websocket.Conn
	next map[string]int64
}

func (p *place) dial() *browser { return p.dialAs("") }

// dialAs dials with a cookie that says who it is.
func (p *place) dialAs(who string) *browser {
	p.t.Helper()
	header := p.header()
	if who != "" {
		header.Set("Cookie", "who="+who)
	}
	ws, resp, err := websocket.DefaultDialer.Dial(p.url(), header)
	if err != nil {
		p.t.Fatalf("dial: %v (%v)", err, resp)
	}
	p.t.Cleanup(func() { ws.Close() })
	b := &browser{t: p.t, ws: ws, next: map[string]int64{}}
	if f := b.read(); f.Type != "welcome" || f.V != Version || f.Limits.Frame != MaxFrame {
		p.t.Fatalf("the first frame is %+v", f)
	}
	return b
}

// A frame is any frame.
type frame struct {
	Type string `json:"type"`
	raw  []byte

	V      int    `json:"v"`
	Engine string `json:"engine"`
	Limits Limits `json:"limits"`

	Run    string     `json:"run"`
	N      int64      `json:"n"`
	Re     int64      `json:"re"`
	Node   int        `json:"node"`
	Parent int        `json:"parent"`
	Last   int        `json:"last"`
	Line   any        `json:"line"` // a number in errors
	At     int64      `json:"at"`
	Setup  string     `json:"setup"`
	Events []RunEvent `json:"events"`
	Nodes  []frame    `json:"nodes"`
	Done   *frame     `json:"done"`
	Digest string     `json:"digest"`
	Quiet  bool       `json:"quiet"`

	Code    string  `json:"code"`
	Message string  `json:"message"`
	Hint    string  `json:"hint"`
	Field   string  `json:"field"`
	Command *int    `json:"command"`
	Col     int     `json:"col"`
	Min     *int64  `json:"min"`
	Max     *int64  `json:"max"`
	Faults  []Fault `json:"faults"`
	Retry   int64   `json:"retry"`

	Room      string    `json:"room"`
	Seq       uint64    `json:"seq"`
	Stage     int       `json:"stage"`
	Title     string    `json:"title"`
	Member    string    `json:"member"`
	Lead      bool      `json:"lead"`
	Frozen    bool      `json:"frozen"`
	Drivers   []Driver  `json:"drivers"`
	Question  *Question `json:"question"`
	Histogram []Bar     `json:"histogram"`
	Ended     bool      `json:"ended"`
	Followers int       `json:"followers"`
}

func parseFrame(t testing.TB, b []byte) frame {
	t.Helper()
	f := frame{raw: b}
	if err := json.Unmarshal(b, &f); err != nil {
		t.Fatalf("%v in %s", err, b)
	}
	return f
}

func (b *browser) read() frame {
	b.t.Helper()
	b.ws.SetReadDeadline(time.Now().Add(5 * time.Second))
	kind, raw, err := b.ws.ReadMessage()
	if err != nil {
		b.t.Fatalf("reading a frame: %v", err)
	}
	if kind != websocket.TextMessage {
		b.t.Fatalf("a frame of kind %d", kind)
	}
	f := parseFrame(b.t, raw)
	switch f.Type {
	case "run", "node", "done":
		if next, ok := b.next[f.Run]; ok && f.N > next {
			b.t.Fatalf("frame %d of run %s came when %d was next", f.N, f.Run, next)
		}
		b.next[f.Run] = max(b.next[f.Run], f.N+1)
	case "snapshot":
		b.next[f.Run] = f.N + 1
	}
	return f
}

// until reads up to the frame that closes the command with the given id, and returns all frames.
func (b *browser) until(id int64) []frame {
	b.t.Helper()
	return b.upTo(func(f frame) bool {
		return f.Type == "snapshot" && f.Done.Re == id || f.Re == id && (f.Type == "done" || f.Type == "resumed" || f.Type == "closed" || f.Type == "error")
	})
}

// untilOpen is until for an open: when an error leaves a run, a done follows.
func (b *browser) untilOpen(id int64) []frame {
	b.t.Helper()
	return b.upTo(func(f frame) bool { return f.Re == id && (f.Type == "done" || f.Type == "error" && f.Run == "") })
}

func (b *browser) upTo(end func(frame) bool) []frame {
	b.t.Helper()
	for frames := []frame(nil); ; {
		frames = append(frames, b.read())
		if end(last(frames)) {
			return frames
		}
	}
}

func (b *browser) send(text string) {
	b.t.Helper()
	if err := b.ws.WriteMessage(websocket.TextMessage, []byte(text)); err != nil {
		b.t.Fatalf("sending %s: %v", text, err)
	}
}

func (b *browser) sendJSON(v map[string]any) {
	b.t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		b.t.Fatal(err)
	}
	b.send(string(text))
}

// openRun opens a run and returns its frames; the last one is the done.
func (b *browser) openRun(id int64, scenario string) []frame {
	b.t.Helper()
	b.sendJSON(map[string]any{"type": "open", "id": id, "scenario": scenario})
	return b.untilOpen(id)
}

func (b *browser) do(id int64, run string, at int, line string) []frame {
	b.t.Helper()
	b.sendJSON(map[string]any{"type": "do", "id": id, "run": run, "at": at, "line": line})
	return b.until(id)
}

func last(frames []frame) frame { return frames[len(frames)-1] }

// closeCode reads until the connection ends and returns the code of the close frame.
func (b *browser) closeCode() int {
	b.t.Helper()
	for {
		b.ws.SetReadDeadline(time.Now().Add(10 * time.Second))
		if _, _, err := b.ws.ReadMessage(); err != nil {
			if e, ok := err.(*websocket.CloseError); ok {
				return e.Code
			}
			b.t.Fatalf("the connection ended without a close frame: %v", err)
		}
	}
}
