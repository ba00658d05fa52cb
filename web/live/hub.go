package live

import (
	"cmp"
	"container/list"
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"log/slog"
	"maps"
	"net/http"
	"runtime"
	"slices"
	"sync"
	"time"
	"unique"

	"github.com/gorilla/websocket"
	"github.com/handshakelab/lab/engine"
	"github.com/handshakelab/lab/engine/script"
	"github.com/handshakelab/lab/web/store"
)

// Defaults of a Config.
const (
	DefaultSockets = 10_000
	DefaultRuns    = 20_000
	DefaultNodes   = 200_000
	DefaultIdle    = 30 * time.Minute
)

// A Config says what a Hub needs and allows. Zero values stand for the defaults.
type Config struct {
	// Scenario returns the text of the scenario of a block of a lesson.
	Scenario func(lesson, block string) (text string, ok bool)

	// Store keeps the logs of rooms, and Rooms knows who is in them. Without them there are no rooms.
	Store store.Store
	Rooms Rooms

	Origins []string // allowed beside the server's own: "https://lab.example"
	Log     *slog.Logger

	// Scarce reports whether there is too little memory for another socket; nil: never. It is asked for each.
	Scarce func() bool

	Sockets int           // open at once
	Runs    int           // in memory; the one that was not used for longest makes room
	Nodes   int           // of all runs together
	Idle    time.Duration // after which a run or a room that nobody follows is forgotten

	Followers int // of one room, beside the instructor
}

// A Hub holds the runs and the sockets. A run does not hang on a socket: it stays until nobody has followed or used it for
// the idle time, or until others need its place. A browser keeps what it takes to open it again.
type Hub struct {
	cfg     Config
	welcome []byte
	upgrade websocket.Upgrader

	mu       sync.Mutex
	runs     map[string]*list.Element // of *run
	order    *list.List               // the one used last is in front
	nodes    int
	sockets  map[*socket]struct{}
	reserved int // sockets, with those that are being opened
	closing  bool
	sweeper  *time.Timer // runs while there are runs

	rooms   map[string]*room
	reading sync.WaitGroup // a room each

	open  sync.WaitGroup // a socket each
	posts chan struct{}  // holds one for each run that is made for a request

	relieved time.Time // when runs were last forgotten because memory was short
}

// NewHub returns a hub without runs.
func NewHub(cfg Config) *Hub {
	cfg.Sockets = cmp.Or(cfg.Sockets, DefaultSockets)
	cfg.Runs = cmp.Or(cfg.Runs, DefaultRuns)
	cfg.Nodes = cmp.Or(cfg.Nodes, DefaultNodes)
	cfg.Idle = cmp.Or(cfg.Idle, DefaultIdle)
	cfg.Followers = cmp.Or(cfg.Followers, DefaultFollowers)
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	return &Hub{
		cfg: cfg,
		welcome: encode("welcome", Welcome{V: Version, Engine: engine.Version, Limits: Limits{
			Frame: MaxFrame, Rate: rate, Burst: burst, Events: engine.MaxEvents, Nodes: maxRunNodes, Runs: maxFollowed, Commands: MaxCommands,
		}}),
		upgrade: websocket.Upgrader{
			ReadBufferSize:  256, // most commands are shorter, and longer ones need not be copied
			WriteBufferSize: 1024,
			WriteBufferPool: &sync.Pool{},
			Subprotocols:    []string{Subprotocol},
			CheckOrigin:     func(*http.Request) bool { return true }, // ServeHTTP has checked it
			Error:           upgradeError,
		},
		posts:   make(chan struct{}, 2*runtime.GOMAXPROCS(0)),
		rooms:   map[string]*room{},
		runs:    map[string]*list.Element{},
		order:   list.New(),
		sockets: map[*socket]struct{}{},
	}
}

// encode makes a frame of a struct of protocol.go. It is for frames that are rare.
func encode(typ string, v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err) // our own structs can be encoded
	}
	return append([]byte(`{"type":"`+typ+`",`), b[1:]...)
}

func (e *ErrorFrame) encode() []byte {
	refusals.WithLabelValues(string(e.Code)).Inc()
	return encode("error", e)
}

// newID returns 128 random bits.
func newID() string {
	var b [16]byte
	rand.Read(b[:])
	return base64.RawURLEncoding.EncodeToString(b[:])
}

// start makes the run that c asks for, which nobody knows yet.
func (h *Hub) start(c *OpenCommand) (*run, []*ErrorFrame, *ErrorFrame) {
	text, fault := h.text(c)
	if fault != nil {
		fault.Re = c.ID
		return nil, nil, fault
	}
	return build(newID(), text, c)
}

// text returns the scenario that c asks for.
func (h *Hub) text(c *OpenCommand) (string, *ErrorFrame) {
	if c.Lesson == "" && c.Block == "" {
		return c.Scenario, nil
	}
	if h.cfg.Scenario != nil {
		if text, ok := h.cfg.Scenario(c.Lesson, c.Block); ok {
			return text, nil
		}
	}
	return "", refuse(NoSuchBlock, "there is no scenario %q in a lesson %q", shorten(c.Block), shorten(c.Lesson))
}

// build makes a run of a text.
func build(id, text string, c *OpenCommand) (*run, []*ErrorFrame, *ErrorFrame) {
	sc, diags := script.Parse(text)
	if errs := diags.Errors(); len(errs) > 0 {
		fault := explain(&errs[0], diags)
		fault.Re = c.ID
		return nil, nil, fault
	}
	r, faults, fault := newRun(id, sc, c)
	if fault != nil {
		fault.Re = c.ID
		return nil, nil, fault
	}
	r.text = unique.Make(text)
	return r, faults, nil
}

// Play does what c says on a run of its own, and returns the timeline, which stands where the last command has led.
func (h *Hub) Play(ctx context.Context, c *OpenCommand) (*engine.Timeline, *ErrorFrame) {
	r, faults, fault := h.once(ctx, c)
	switch {
	case fault != nil:
		return nil, fault
	case len(faults) > 0:
		return nil, faults[0]
	}
	return r.tl, nil
}

// Enter waits for its turn to play a run for a request. Sockets do one thing after the other; requests come all at once, and so they
// queue here. It returns what ends the turn, or false when the request went away first.
func (h *Hub) Enter(ctx context.Context) (leave func(), ok bool) {
	select {
	case h.posts <- struct{}{}:
		return func() { <-h.posts }, true
	case <-ctx.Done():
		return nil, false
	}
}

// once is start for a request.
func (h *Hub) once(ctx context.Context, c *OpenCommand) (*run, []*ErrorFrame, *ErrorFrame) {
	leave, ok := h.Enter(ctx)
	if !ok {
		return nil, nil, refuse(SlowDown, "too much is going on; try again in a moment")
	}
	defer leave()
	return h.start(c)
}

// add makes a run known.
func (h *Hub) add(r *run) {
	h.mu.Lock()
	r.used, r.nodes = time.Now(), r.tl.Len()
	h.nodes += r.nodes
	h.runs[r.id] = h.order.PushFront(r)
	if h.sweeper == nil && !h.closing {
		h.sweeper = time.AfterFunc(h.cfg.Idle/2, h.sweep)
	}
	old := h.overfull()
	h.mu.Unlock()
	forget(old)
}

// find returns a run and marks it used.
func (h *Hub) find(id string) *run {
	h.mu.Lock()
	defer h.mu.Unlock()
	e := h.runs[id]
	if e == nil {
		return nil
	}
	h.order.MoveToFront(e)
	r := e.Value.(*run)
	r.used = time.Now()
	return r
}

// grew counts new nodes of a run, or fewer.
func (h *Hub) grew(r *run, nodes int) {
	if nodes == 0 {
		return
	}
	h.mu.Lock()
	if h.runs[r.id] != nil {
		r.nodes += nodes
		h.nodes += nodes
	}
	old := h.overfull()
	h.mu.Unlock()
	forget(old)
}

// overfull takes out the runs that have to make room, but never the one in front. A run that is parked has no nodes to give.
func (h *Hub) overfull() []*run {
	var old []*run
	for e := h.order.Back(); e != h.order.Front(); {
		many, large := h.order.Len() > h.cfg.Runs, h.nodes > h.cfg.Nodes
		if !many && !large {
			break
		}
		prev := e.Prev()
		if many || e.Value.(*run).nodes > 0 {
			old = append(old, h.remove(e))
		}
		e = prev
	}
	return old
}

func (h *Hub) remove(e *list.Element) *run {
	r := h.order.Remove(e).(*run)
	delete(h.runs, r.id)
	h.nodes -= r.nodes
	return r
}

func forget(runs []*run) {
	for _, r := range runs {
		r.forget()
	}
}

// sweep forgets the runs that nobody has used or followed for long.
func (h *Hub) sweep() {
	h.mu.Lock()
	limit := time.Now().Add(-h.cfg.Idle)
	var old []*run
	for e := h.order.Back(); e != nil; {
		prev := e.Prev()
		switch r := e.Value.(*run); {
		case r.followers.Load() > 0:
		case r.used.After(limit):
			prev = nil // those in front of it were used later
		default:
			old = append(old, h.remove(e))
		}
		e = prev
	}
	if h.order.Len() == 0 || h.closing {
		h.sweeper = nil
	} else {
		h.sweeper.Reset(h.cfg.Idle / 2)
	}
	h.mu.Unlock()
	forget(old)
}

// relieve forgets the runs that nobody follows, because memory is short. Browsers bring them back.
func (h *Hub) relieve() {
	h.mu.Lock()
	var old []*run
	if now := time.Now(); now.Sub(h.relieved) >= time.Second {
		h.relieved = now
		for e := h.order.Back(); e != nil; {
			prev := e.Prev()
			if e.Value.(*run).followers.Load() == 0 {
				old = append(old, h.remove(e))
			}
			e = prev
		}
	}
	h.mu.Unlock()
	forget(old)
}

// Counts returns how many runs, nodes of runs and sockets there are.
func (h *Hub) Counts() (runs, nodes, sockets int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.order.Len(), h.nodes, len(h.sockets)
}

// Close says good-bye on each socket and closes it, and returns when all are closed; those that take longer than ctx allows
// are cut. No socket is opened afterwards.
func (h *Hub) Close(ctx context.Context) {
	h.mu.Lock()
	h.closing = true
	if h.sweeper != nil {
		h.sweeper.Stop()
	}
	sockets := slices.Collect(maps.Keys(h.sockets))
	h.mu.Unlock()
	for _, s := range sockets {
		go s.bye()
	}
	closed := make(chan struct{})
	go func() {
		h.open.Wait()
		close(closed)
	}()
	select {
	case <-closed:
	case <-ctx.Done():
		for _, s := range sockets {
			s.cut()
		}
		<-closed
	}
	h.mu.Lock()
	for _, r := range h.rooms {
		h.closeRoom(r)
	}
	h.mu.Unlock()
	h.reading.Wait()
}
