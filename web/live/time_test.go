package live

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gorilla/websocket"
)

// A bubble is a hub behind a server whose connections are pipes, for tests whose time is not real.
type bubble struct {
	t   *testing.T
	hub *Hub
	srv *http.Server
	ln  pipes
}

// pipes is a listener for net.Pipe. A pipe holds nothing: a writer waits for its reader, so a slow reader shows at once.
type pipes chan net.Conn

func (p pipes) Accept() (net.Conn, error) {
	conn, ok := <-p
	if !ok {
		return nil, net.ErrClosed
	}
	return conn, nil
}

// Close is called once, by the server.
func (p pipes) Close() error {
	close(p)
	return nil
}

func (p pipes) Addr() net.Addr { return &net.TCPAddr{} }

func newBubble(t *testing.T, cfg Config) *bubble {
	w := &bubble{t: t, hub: NewHub(cfg), ln: make(pipes)}
	w.srv = &http.Server{Handler: w.hub}
	go w.srv.Serve(w.ln)
	return w
}

func (w *bubble) close() {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	w.hub.Close(ctx)
	w.srv.Close()
}

func (w *bubble) dial() *browser {
	w.t.Helper()
	d := websocket.Dialer{NetDialContext: func(context.Context, string, string) (net.Conn, error) {
		client, server := net.Pipe()
		w.ln <- server
		return client, nil
	}}
	ws, _, err := d.Dial("ws://lab.example/", http.Header{"Origin": {"http://lab.example"}, "Sec-Websocket-Protocol": {Subprotocol}})
	if err != nil {
		w.t.Fatal(err)
	}
	// A pipe holds nothing, so a pong must not keep the reader from reading what the server is writing.
	ws.SetPingHandler(func(data string) error {
		go ws.WriteControl(websocket.PongMessage, []byte(data), time.Now().Add(time.Minute))
		return nil
	})
	b := &browser{t: w.t, ws: ws, next: map[string]int64{}}
	if f := b.read(); f.Type != "welcome" {
		w.t.Fatalf("the first frame is %+v", f)
	}
	return b
}

// 62: whoever does not answer a ping for 45 seconds is gone. Their run is not.
func TestFault62HalfOpen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newBubble(t, Config{})
		defer w.close()
		b := w.dial()
		pings := 0
		b.ws.SetPingHandler(func(data string) error {
			pings++
			return b.ws.WriteControl(websocket.PongMessage, []byte(data), time.Now().Add(time.Second))
		})
		// The library answers pings while it reads.
		const long = 10*time.Minute + pingEvery/2 // at no moment at which there is a ping
		b.ws.SetReadDeadline(time.Now().Add(long))
		if _, _, err := b.ws.ReadMessage(); err == nil || websocket.IsUnexpectedCloseError(err) {
			t.Errorf("the socket did not stay open for ten minutes: %v", err)
		}
		if want := int(long / pingEvery); pings != want {
			t.Errorf("%d pings, want %d", pings, want)
		}

		start := time.Now()
		silent := w.dial()
		run := silent.openRun(1, lost)[0].Run
		silent.ws.SetPingHandler(func(string) error { return nil })
		silent.ws.SetReadDeadline(time.Now().Add(10 * time.Minute))
		if _, _, err := silent.ws.ReadMessage(); err == nil {
			t.Error("a frame out of nothing")
		}
		if got := time.Since(start); got < pongWait || got > pongWait+2*linger {
			t.Errorf("a silent peer was cut after %v, want %v", got, pongWait)
		}
		if f := last(w.dial().do(2, run, 3, "step")); f.Type != "snapshot" {
			t.Errorf("coming back brought %s", f.raw)
		}
	})
}

// 200 commands a second and 400 at once are fine, more are refused, and five seconds of more are the end.
func TestSlowDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newBubble(t, Config{})
		defer w.close()
		b := w.dial()
		ask := func(id int) frame {
			b.sendJSON(map[string]any{"type": "close", "id": id, "run": "R"})
			return b.read()
		}
		for id := range burst {
			if f := ask(id + 1); f.Type != "closed" {
				t.Fatalf("command %d brought %s", id+1, f.raw)
			}
		}
		if f := ask(401); f.Code != string(SlowDown) || f.Re != 401 {
			t.Fatalf("command 401 brought %s", f.raw)
		}
		time.Sleep(time.Second)
		for id := range rate {
			if f := ask(id + 500); f.Type != "closed" {
				t.Fatalf("a second later, command %d brought %s", id+1, f.raw)
			}
		}
		// A thousand a second from here on.
		start := time.Now()
		for id := 1000; ; id++ {
			time.Sleep(time.Millisecond)
			b.sendJSON(map[string]any{"type": "close", "id": id, "run": "R"})
			b.ws.SetReadDeadline(time.Now().Add(time.Second))
			_, _, err := b.ws.ReadMessage()
			if websocket.IsCloseError(err, websocket.ClosePolicyViolation) {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		if got := time.Since(start); got < 3*time.Second || got > patience+time.Second {
			t.Errorf("closed after %v, want about %v", got, patience)
		}
	})
}

func TestABreakRestoresPatience(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &socket{tokens: burst, refilled: time.Now()}
		for range 3 {
			for range burst {
				if ok, _ := s.allow(); !ok {
					t.Fatal("refused too early")
				}
			}
			if ok, patient := s.allow(); ok || !patient {
				t.Fatalf("after the burst: allowed %v, patient %v", ok, patient)
			}
			time.Sleep(4 * time.Second)
		}
	})
}

// A run lives without sockets for half an hour, and as long as somebody follows it.
func TestIdleRuns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newBubble(t, Config{})
		defer w.close()
		b := w.dial()
		kept, left := b.openRun(1, lost)[0].Run, b.openRun(2, lost)[0].Run
		b.sendJSON(map[string]any{"type": "close", "id": 3, "run": left})
		b.until(3)
		stay(b, time.Hour)
		if f := last(b.do(4, kept, 3, "step")); f.Type != "done" {
			t.Errorf("the run that was followed: %s", f.raw)
		}
		if f := last(b.do(5, left, 3, "step")); f.Code != string(NoSuchRun) || f.Run != left {
			t.Errorf("the run that nobody followed: %s", f.raw)
		}
		b.ws.Close()

		// Somebody comes back after 20 minutes, twice.
		for id := range int64(2) {
			time.Sleep(20 * time.Minute)
			b = w.dial()
			if f := last(b.do(6+id, kept, 3, "step")); f.Type != "snapshot" {
				t.Fatalf("after 20 minutes: %s", f.raw)
			}
			b.ws.Close()
		}
		time.Sleep(time.Hour)
		synctest.Wait()
		if runs, nodes, sockets := w.hub.Counts(); runs != 0 || nodes != 0 || sockets != 0 {
			t.Errorf("%d runs, %d nodes, %d sockets are left", runs, nodes, sockets)
		}
	})
}

// stay lets a browser answer pings for a while: a command every few seconds makes its reader pass over them.
func stay(b *browser, d time.Duration) {
	id := int64(1000)
	for end := time.Now().Add(d); time.Now().Before(end); time.Sleep(4 * time.Second) {
		b.sendJSON(map[string]any{"type": "close", "id": id, "run": "R"})
		b.until(id)
		id++
	}
}

// The runs that were not used for longest make room, first by number, then by size.
func TestRunsMakeRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newBubble(t, Config{Runs: 3, Nodes: 18})
		defer w.close()
		b := w.dial()
		var runs []string
		for id := range int64(3) {
			runs = append(runs, b.openRun(id+1, lost)[0].Run)
			time.Sleep(time.Second)
		}
		b.do(10, runs[0], 3, "")
		b.openRun(11, lost)
		if f := last(b.do(12, runs[1], 3, "")); f.Code != string(NoSuchRun) {
			t.Errorf("the run that was not used for longest: %s", f.raw)
		}
		if f := last(b.do(13, runs[0], 3, "")); f.Type != "done" {
			t.Errorf("the run that was used since: %s", f.raw)
		}
		// Its new nodes push the others out.
		for id := range int64(5) {
			b.do(20+id, runs[0], 3, "step until quiet")
		}
		if f := last(b.do(30, runs[2], 3, "")); f.Code != string(NoSuchRun) {
			t.Errorf("another run beside a large one: %s", f.raw)
		}
		if f := last(b.do(31, runs[0], 3, "")); f.Type != "done" {
			t.Errorf("the large run: %s", f.raw)
		}
	})
}

// Whoever reads too slowly gets a snapshot in place of what has piled up.
func TestASlowReaderGetsASnapshot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newBubble(t, Config{})
		defer w.close()
		fast, slow := w.dial(), w.dial()
		all := fast.openRun(1, lost)
		run := all[0].Run
		slow.sendJSON(map[string]any{"type": "resume", "id": 1, "run": run, "after": last(all).N})
		slow.read()
		for id := range int64(200) {
			all = append(all, fast.do(id+2, run, 3, fmt.Sprintf("wait %dms", id+1))...)
			synctest.Wait() // now the writer for slow is in the middle of a frame
		}
		// All that time slow read nothing. It has the frames that were being written, and then everything at once.
		for f := slow.read(); ; f = slow.read() {
			if f.Type == "snapshot" {
				checkSnapshot(t, f, all)
				break
			}
			if f.N > last(all).N-100 {
				t.Fatalf("frame %d was still in the queue", f.N)
			}
		}
		more := fast.do(300, run, 3, "step")
		for _, want := range more {
			if f := slow.read(); !bytes.Equal(f.raw, want.raw) {
				t.Errorf("behind the snapshot came %s, want %s", f.raw, want.raw)
			}
		}
	})
}

// Whoever reads nothing at all is cut, and the others notice nothing.
func TestAStuckReaderIsCut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newBubble(t, Config{})
		defer w.close()
		fast, stuck := w.dial(), w.dial()
		opened := last(fast.openRun(1, lost))
		stuck.sendJSON(map[string]any{"type": "resume", "id": 1, "run": opened.Run, "after": opened.N})
		stuck.read()
		for id := range int64(100) {
			start := time.Now()
			fast.do(id+2, opened.Run, 3, "step")
			if waited := time.Since(start); waited > 0 {
				t.Fatalf("command %d waited %v for the stuck one", id+2, waited)
			}
		}
		time.Sleep(writeWait + linger + time.Second)
		synctest.Wait()
		if _, _, sockets := w.hub.Counts(); sockets != 1 {
			t.Errorf("%d sockets, want only the fast one", sockets)
		}
		if f := last(fast.do(200, opened.Run, 3, "step")); f.Type != "done" {
			t.Errorf("got %s", f.raw)
		}
	})
}

// A reader that takes eight frames a second while there are forty is told to come back when it has been behind for too long.
func TestATooSlowReaderIsSentAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newBubble(t, Config{})
		defer w.close()
		fast, slow := w.dial(), w.dial()
		opened := last(fast.openRun(1, lost))
		slow.sendJSON(map[string]any{"type": "resume", "id": 1, "run": opened.Run, "after": opened.N})
		slow.read()
		start := time.Now()
		ctx, stop := context.WithTimeout(t.Context(), time.Minute)
		stopped := make(chan struct{})
		go func() {
			defer close(stopped)
			for id := int64(2); ctx.Err() == nil; id++ {
				fast.do(id, opened.Run, 3, "")
				time.Sleep(25 * time.Millisecond)
			}
		}()
		var err error
		for err == nil {
			time.Sleep(125 * time.Millisecond)
			slow.ws.SetReadDeadline(time.Now().Add(5 * time.Second))
			_, _, err = slow.ws.ReadMessage()
		}
		stop()
		<-stopped
		if !websocket.IsCloseError(err, websocket.CloseTryAgainLater) {
			t.Errorf("the end is %v", err)
		}
		if got := time.Since(start); got < maxBehind || got > 3*maxBehind {
			t.Errorf("sent away after %v", got)
		}
	})
}
