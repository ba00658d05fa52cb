package live

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/gorilla/websocket"
	"github.com/handshakelab/lab/web/account"
	"github.com/handshakelab/lab/web/store"
)

// Bounds of one socket.
const (
	rate        = 200 // commands a second
	burst       = 400
	patience    = 5 * time.Second // of being told to slow down
	maxFollowed = 32              // runs
	maxEntered  = 4               // rooms
	actCost     = 10              // commands; an act in a room is written to disk
	maxQueue    = 64              // frames that wait, when more come
	maxQueued   = 1 << 20         // bytes that wait, when more come
	maxBehind   = 10 * time.Second
	pongWait    = 45 * time.Second
	pingEvery   = 20 * time.Second
	linger      = time.Second // for the peer to read our close frame
)

// ServeHTTP opens a socket. Everything that is wrong with the request is found before the connection is taken over.
func (h *Hub) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch {
	case r.Method != http.MethodGet:
		w.Header().Set("Allow", http.MethodGet)
		http.Error(w, "a WebSocket is opened by GET", http.StatusMethodNotAllowed)
		return
	case !r.ProtoAtLeast(1, 1):
		http.Error(w, "a WebSocket needs HTTP/1.1", http.StatusBadRequest)
		return
	case r.ProtoMajor > 1:
		http.Error(w, "a WebSocket is opened over HTTP/1.1 here", http.StatusHTTPVersionNotSupported)
		return
	case !websocket.IsWebSocketUpgrade(r):
		w.Header().Set("Upgrade", "websocket")
		http.Error(w, "this address speaks WebSocket, subprotocol "+Subprotocol, http.StatusUpgradeRequired)
		return
	case r.Header.Get("Sec-Websocket-Version") != "13":
		w.Header().Set("Sec-Websocket-Version", "13")
		http.Error(w, "this server speaks version 13 of WebSocket", http.StatusUpgradeRequired)
		return
	case !allowedOrigin(r, h.cfg.Origins):
		http.Error(w, "the Origin header must name this server; others are allowed by -origins", http.StatusForbidden)
		return
	case !slices.Contains(websocket.Subprotocols(r), Subprotocol):
		http.Error(w, "this server speaks the subprotocol "+Subprotocol, http.StatusBadRequest)
		return
	}
	if reason, full := h.reserve(); reason != "" {
		turnedAway.WithLabelValues(reason).Inc()
		w.Header().Set("Retry-After", "5")
		http.Error(w, full, http.StatusServiceUnavailable)
		return
	}
	c := &corker{ResponseWriter: w}
	ws, err := h.upgrade.Upgrade(c, r, nil)
	if err != nil {
		h.release(nil)
		return // Upgrade has answered
	}
	s := &socket{hub: h, ws: ws, conn: c.conn}
	if h.cfg.Rooms != nil && r.Header.Get("Cookie") != "" {
		// What tells who it is, by cookies whose names depend on the scheme; the rest of the request need not be kept.
		s.visitor = &http.Request{Method: r.Method, Host: r.Host, RemoteAddr: r.RemoteAddr, TLS: r.TLS, Header: http.Header{"Cookie": r.Header["Cookie"], "X-Forwarded-Proto": r.Header["X-Forwarded-Proto"]}}
	}
	if !h.register(s) {
		s.close(websocket.CloseServiceRestart, "restart")
		s.cut()
		h.release(nil)
		return
	}
	// The handler returns, which frees the buffers of the HTTP server.
	go s.start()
}

func upgradeError(w http.ResponseWriter, _ *http.Request, status int, reason error) {
	http.Error(w, reason.Error(), status)
}

// reserve counts a socket that is about to be opened, or says why there is no room for it: in a word, and in a sentence.
func (h *Hub) reserve() (reason, full string) {
	if h.cfg.Scarce != nil && h.cfg.Scarce() {
		h.relieve()
		return "memory", "The lab has no memory for more sessions at the moment; those that are open go on. Please try again in a few seconds."
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	switch {
	case h.closing:
		return "going_down", "The lab is being restarted. Please try again in a few seconds."
	case h.reserved >= h.cfg.Sockets:
		return "full", "The lab has as many sessions as it may have; those that are open go on. Please try again in a few seconds."
	}
	h.reserved++
	h.open.Add(1)
	return "", ""
}

// register adds an open socket, unless the hub was closed in between.
func (h *Hub) register(s *socket) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if !h.closing {
		h.sockets[s] = struct{}{}
	}
	return !h.closing
}

func (h *Hub) release(s *socket) {
	h.mu.Lock()
	h.reserved--
	delete(h.sockets, s)
	h.mu.Unlock()
	h.open.Done()
}

// allowedOrigin reports whether the request comes from a page of this server, as the browser sees it, or of one of the
// others: scheme, host and port must be the very same. A browser always sends Origin, and no page can forge it or add
// X-Forwarded-Proto, so a proxy that ends TLS may say by the latter which scheme the browser sees.
func allowedOrigin(r *http.Request, others []string) bool {
	origins := r.Header["Origin"]
	if len(origins) != 1 {
		return false
	}
	scheme := "http"
	if account.Secure(r) {
		scheme = "https"
	}
	return origins[0] == scheme+"://"+r.Host || slices.Contains(others, origins[0])
}

// An item is a frame in the queue of a socket. Frames without a number have no run; the newest state of a room takes the place of an
// older one.
type item struct {
	run   *run
	room  *room
	frame []byte
}

// A presence is a room that a socket follows.
type presence struct {
	room   *room
	member Member
	tab    string
}

// A socket is one browser. It has one goroutine, which reads commands and writes what they bring. Behind an open it is a new one:
// whoever opens a page reads first, and the stack that the opening took need not wait with them. Frames that come from others'
// commands are written by a goroutine that lives only as long as there are some.
type socket struct {
	hub  *Hub
	ws   *websocket.Conn
	conn *corked
	ping *time.Timer

	visitor *http.Request // who it is; nil for somebody unknown

	// Owned by the reader.
	entered  []presence
	tokens   float64
	refilled time.Time
	slowed   time.Time // since when it is told to slow down

	mu      sync.Mutex
	queue   []item
	queued  int // bytes
	writing bool
	behind  []*run    // whose frames were thrown out of the queue
	since   time.Time // when that began
	follows []*run    // the one opened first is in front
	leaving bool      // the server is going down: what is queued is written, and then the socket is closed
	deaf    bool      // a close frame was sent: nothing more is queued
	closed  bool      // the connection is closed
}

func (s *socket) start() {
	s.ws.SetReadLimit(MaxFrame)
	s.ws.SetReadDeadline(time.Now().Add(pongWait))
	s.ws.SetPongHandler(func(string) error { return s.ws.SetReadDeadline(time.Now().Add(pongWait)) })
	s.mu.Lock()
	s.ping = time.AfterFunc(pingEvery, s.sendPing)
	s.mu.Unlock()
	s.tokens, s.refilled = burst, time.Now()
	s.say(s.hub.welcome)
	s.flushIfFree()
	s.serve()
}

// serve does commands up to an open, and hands over to the next goroutine, or ends the socket.
func (s *socket) serve() {
	more, opened := false, false
	defer func() {
		if v := recover(); v != nil {
			id := newID()
			s.hub.cfg.Log.Error("panic on a socket", "id", id, "panic", fmt.Sprint(v), "stack", string(debug.Stack()))
			s.close(websocket.CloseInternalServerErr, "internal error "+id)
		}
		if more {
			go s.serve()
			return
		}
		s.end()
		s.hub.release(s)
	}()
	for more = true; more && !opened; {
		more = false // should it panic
		more, opened = s.next()
	}
}

func (s *socket) sendPing() {
	if s.ws.WriteControl(websocket.PingMessage, nil, time.Now().Add(writeWait)) != nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.closed {
		s.ping.Reset(pingEvery)
	}
}

// messages are what commands are read into.
var messages = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// next reads one message and does what it says.
func (s *socket) next() (more, opened bool) {
	kind, r, err := s.ws.NextReader()
	if err != nil {
		s.failed(err)
		return false, false
	}
	if kind != websocket.TextMessage {
		s.answer(refuse(BadFrame, "commands are text frames"))
		return true, false
	}
	in := messages.Get().(*bytes.Buffer)
	defer messages.Put(in)
	in.Reset()
	// The library bounds what it reads; it does so for a compressed message before inflating it. We bound what we keep.
	switch n, err := in.ReadFrom(io.LimitReader(r, MaxFrame+1)); {
	case err != nil:
		s.failed(err)
		return false, false
	case n > MaxFrame:
		s.close(websocket.CloseMessageTooBig, "")
		return false, false
	case !utf8.Valid(in.Bytes()):
		s.close(websocket.CloseInvalidFramePayloadData, "")
		return false, false
	}
	allowed, patient := s.allow()
	if !patient {
		s.close(websocket.ClosePolicyViolation, "too many commands")
		return false, false
	}
	command, fault := Decode(in.Bytes())
	switch {
	case !allowed:
		slow := refuse(SlowDown, "at most %d commands a second", rate)
		if command != nil {
			slow.Re = command.id()
		}
		s.answer(slow)
	case fault != nil:
		s.answer(fault)
	default:
		commandsDone.WithLabelValues(nameOf(command)).Inc()
		switch c := command.(type) {
		case *EnterCommand:
			s.enter(c)
		case *LeaveCommand:
			s.leave(c)
		case *DoCommand:
			if room, stage, ok := strings.Cut(c.Run, "."); ok {
				s.act(c, room, stage)
				break
			}
			s.do(command)
		default:
			s.do(command)
		}
		_, opened = command.(*OpenCommand)
	}
	return true, opened
}

// failed ends reading after an error. The library has sent the close frame that a fault asks for, but not always for a length
// that no frame can have. A second close frame is never sent.
func (s *socket) failed(err error) {
	if errors.Is(err, websocket.ErrReadLimit) {
		s.close(websocket.CloseMessageTooBig, "")
	}
}

// allow takes a token for a command. Without one the command is refused; the second result says whether the socket may go on
// at all.
func (s *socket) allow() (allowed, patient bool) {
	now := time.Now()
	s.tokens = min(burst, s.tokens+rate*now.Sub(s.refilled).Seconds())
	s.refilled = now
	if s.tokens >= burst/2 {
		s.slowed = time.Time{}
	}
	if s.tokens >= 1 {
		s.tokens--
		return true, true
	}
	if s.slowed.IsZero() {
		s.slowed = now
	}
	return false, now.Sub(s.slowed) < patience
}

func (s *socket) answer(fault *ErrorFrame) {
	s.say(fault.encode())
	s.flushIfFree()
}

// do executes a command. What it brings is queued meanwhile and written at its end, in one go.
func (s *socket) do(command Command) {
	mine := s.claim()
	switch c := command.(type) {
	case *OpenCommand:
		s.openRun(c)
	case *DoCommand:
		if r := s.hub.find(c.Run); r != nil {
			s.keep(r)
			s.hub.grew(r, r.do(c, s))
		} else {
			s.say(noSuchRun(c.Run, c.ID).encode())
		}
	case *ResumeCommand:
		if r := s.hub.find(c.Run); r != nil {
			s.keep(r)
			s.hub.grew(r, r.follow(s, c.ID, c.After))
		} else {
			s.say(noSuchRun(c.Run, c.ID).encode())
		}
	case *CloseCommand:
		if r := s.hub.find(c.Run); r != nil {
			s.hub.grew(r, -r.unfollow(s))
			s.drop(r)
		}
		s.say(encode("closed", Closed{Run: c.Run, Re: c.ID}))
	}
	if mine || s.claim() {
		s.flush()
	}
}

func (s *socket) openRun(c *OpenCommand) {
	r, faults, fault := s.hub.start(c)
	if fault != nil {
		s.say(fault.encode())
		return
	}
	s.keep(r)
	r.following = []follower{s}
	r.followers.Store(1)
	s.hub.add(r)
	r.mu.Lock()
	defer r.mu.Unlock()
	// The errors come before the done, which closes the command.
	frames := r.take()
	r.tl.Rest() // whoever opens a page reads first
	s.post(r, frames[:len(frames)-1])
	for _, f := range faults {
		s.say(f.encode())
	}
	s.post(r, frames[len(frames)-1:])
}

// ---- rooms ----

// What a room is asked may take a while, when the store is slow. It is asked by the reader, which waits for the answer; others write
// what comes meanwhile.

func (s *socket) enter(c *EnterCommand) {
	fault := s.tryEnter(c)
	if fault != nil {
		fault.Re = c.ID
		s.say(fault.encode())
	}
	s.flushIfFree()
}

func (s *socket) tryEnter(c *EnterCommand) *ErrorFrame {
	s.exit(c.Room) // who enters again begins again
	switch {
	case s.visitor == nil || !store.Valid(c.Room):
		return noSuchRoom(c.Room)
	case !store.Valid(c.Tab):
		return wrong("tab", "a tab is named by letters, digits, - and _")
	case len(s.entered) == maxEntered:
		return refuse(TooMany, "a page follows at most %d rooms", maxEntered)
	}
	ctx, cancel := context.WithTimeout(context.Background(), actWait)
	defer cancel()
	m, fault := s.member(ctx, c.Room)
	if fault != nil {
		return fault
	}
	r, fault := s.hub.hold(c.Room)
	if fault != nil {
		return fault
	}
	if !r.await(ctx, r.current) {
		s.hub.letGo(r)
		return notSaved("the class cannot be read now")
	}
	if fault := r.join(s, m, c); fault != nil {
		s.hub.letGo(r)
		return fault
	}
	s.entered = append(s.entered, presence{r, m, c.Tab})
	return nil
}

// member says who this is in a room.
func (s *socket) member(ctx context.Context, room string) (Member, *ErrorFrame) {
	m, err := s.hub.cfg.Rooms.Member(s.visitor.WithContext(ctx), room)
	switch {
	case errors.Is(err, store.ErrNotFound), err == nil && m.ID == "" && !m.Lead:
		return Member{}, noSuchRoom(room)
	case err != nil:
		s.hub.cfg.Log.Warn("cannot tell who somebody is in a room", "room", room, "err", err)
		return Member{}, notSaved("the class cannot be read now")
	}
	return m, nil
}

func (s *socket) leave(c *LeaveCommand) {
	s.exit(c.Room)
	s.say(encode("left", Left{Room: c.Room, Re: c.ID}))
	s.flushIfFree()
}

// exit ends the presence in a room, if there is one.
func (s *socket) exit(room string) {
	i := slices.IndexFunc(s.entered, func(p presence) bool { return p.room.id == room })
	if i < 0 {
		return
	}
	r := s.entered[i].room
	s.entered = slices.Delete(s.entered, i, i+1)
	r.part(s)
	s.hub.letGo(r)
}

// act does a command on the run of a room.
func (s *socket) act(c *DoCommand, room, stage string) {
	seq, fault := s.tryAct(c, room, stage)
	if fault != nil {
		answer := *fault
		answer.Run, answer.Re = c.Run, c.ID
		s.say(answer.encode())
	} else {
		s.say(encode("acted", Acted{Room: room, Re: c.ID, Seq: seq}))
	}
	s.flushIfFree()
}

func (s *socket) tryAct(c *DoCommand, room, stage string) (uint64, *ErrorFrame) {
	s.tokens -= actCost - 1
	i := slices.IndexFunc(s.entered, func(p presence) bool { return p.room.id == room })
	n, err := strconv.Atoi(stage)
	if i < 0 || err != nil {
		return 0, noSuchRoom(room)
	}
	p := s.entered[i]
	a := &Act{By: p.member.ID, ID: p.tab + "-" + strconv.FormatInt(c.ID, 10), Kind: ActDo, Seen: c.Seen, Stage: n, Do: &c.Do}
	if p.member.Lead {
		a.By = ""
	}
	ctx, cancel := context.WithTimeout(context.Background(), actWait)
	defer cancel()
	// A socket may be older than the end of a session, or of a place in the class.
	switch m, fault := s.member(ctx, room); {
	case fault != nil && fault.Code != string(NoSuchRoom):
		return 0, fault
	case fault != nil || m.ID != p.member.ID || m.Lead != p.member.Lead:
		s.exit(room)
		return 0, noSuchRoom(room)
	}
	return p.room.act(ctx, a)
}

// recheck asks whether this is still who it was in a room. If not, the room is shown no longer, and that is said. The reader finds out when
// it is asked for something there.
func (s *socket) recheck(ctx context.Context, r *room, was Member) {
	if m, fault := s.member(ctx, r.id); fault != nil && fault.Code != string(NoSuchRoom) || fault == nil && m.ID == was.ID && m.Lead == was.Lead {
		return
	}
	r.part(s)
	s.mu.Lock()
	s.queue = slices.DeleteFunc(s.queue, func(it item) bool {
		if it.room == r {
			s.queued -= len(it.frame)
		}
		return it.room == r
	})
	s.mu.Unlock()
	s.say(encode("left", Left{Room: r.id}))
	s.flushIfFree()
}

// show queues the newest state of a room.
func (s *socket) show(r *room, state []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.deaf {
		return
	}
	for i := range s.queue {
		if it := &s.queue[i]; it.room == r {
			s.queued += len(state) - len(it.frame)
			it.frame = state
			return
		}
	}
	s.queue = append(s.queue, item{room: r, frame: state})
	s.queued += len(state)
	s.wake()
}

// keep remembers that the socket follows r, and lets go of the oldest when there are too many.
func (s *socket) keep(r *run) {
	s.mu.Lock()
	var oldest *run
	if !slices.Contains(s.follows, r) {
		if len(s.follows) == maxFollowed {
			oldest = s.follows[0]
			s.follows = slices.Delete(s.follows, 0, 1)
		}
		s.follows = append(s.follows, r)
	}
	s.mu.Unlock()
	if oldest != nil {
		s.hub.grew(oldest, -oldest.unfollow(s))
	}
}

// ---- follower ----

// post queues the next frames of a run. What one command brings is never too much; but when there is a backlog already, it
// is thrown out, and a snapshot takes its place when it can be written.
func (s *socket) post(r *run, frames [][]byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.deaf || slices.Contains(s.behind, r) {
		return
	}
	if len(s.queue) >= maxQueue || s.queued >= maxQueued {
		s.overflow(r)
	} else {
		for _, f := range frames {
			s.queue = append(s.queue, item{run: r, frame: f})
			s.queued += len(f)
		}
	}
	s.wake()
}

// overflow empties the queue, apart from what is not in any snapshot.
func (s *socket) overflow(r *run) {
	resyncs.Inc()
	if s.since.IsZero() {
		s.since = time.Now()
	}
	s.behind = append(s.behind, r)
	kept := s.queue[:0]
	s.queued = 0
	for _, it := range s.queue {
		switch {
		case it.run == nil:
			kept = append(kept, it)
			s.queued += len(it.frame)
		case !slices.Contains(s.behind, it.run):
			s.behind = append(s.behind, it.run)
		}
	}
	clear(s.queue[len(kept):])
	s.queue = kept
}

func (s *socket) catchUp(r *run, frame []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.deaf {
		return
	}
	s.behind = slices.DeleteFunc(s.behind, func(b *run) bool { return b == r })
	for i := range s.queue {
		if s.queue[i].run == r {
			s.queued -= len(s.queue[i].frame)
			s.queue[i].frame = nil
		}
	}
	s.queue = slices.DeleteFunc(s.queue, func(it item) bool { return it.frame == nil })
	s.queue = append(s.queue, item{run: r, frame: frame})
	s.queued += len(frame)
	s.wake()
}

func (s *socket) say(frame []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.deaf {
		return
	}
	s.queue = append(s.queue, item{frame: frame})
	s.queued += len(frame)
}

func (s *socket) drop(r *run) {
	s.mu.Lock()
	defer s.mu.Unlock()
	is := func(other *run) bool { return other == r }
	s.follows = slices.DeleteFunc(s.follows, is)
	s.behind = slices.DeleteFunc(s.behind, is)
}

// ---- writing ----

// wake makes sure that somebody writes the queue.
func (s *socket) wake() {
	if !s.writing {
		s.writing = true
		go s.flush()
	}
}

// claim makes the caller the one who writes, unless somebody does already.
func (s *socket) claim() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	mine := !s.writing
	s.writing = true
	return mine
}

func (s *socket) flushIfFree() {
	if s.claim() {
		s.flush()
	}
}

// flush writes until the queue is empty. The caller has claimed it.
func (s *socket) flush() {
	var spare []item
	for {
		s.mu.Lock()
		queue, behind := s.queue, s.behind
		done := len(queue) == 0 && len(behind) == 0
		if done && s.leaving && !s.deaf {
			s.mu.Unlock()
			s.close(websocket.CloseServiceRestart, "restart")
			// The reader ends when the peer has answered, or at the latest:
			_ = s.conn.SetReadDeadline(time.Now().Add(linger))
			continue
		}
		if done || s.deaf {
			s.writing, s.since = false, time.Time{}
			if cap(spare) > cap(queue) && cap(spare) <= 4 { // a step has two
				s.queue = spare
			}
			s.mu.Unlock()
			return
		}
		late := !s.since.IsZero() && time.Since(s.since) > maxBehind
		s.queue, s.queued = spare[:0], 0
		s.mu.Unlock()
		if late {
			s.close(websocket.CloseTryAgainLater, "too slow")
			s.cut()
			continue
		}
		if err := s.write(queue); err != nil {
			s.cut()
			continue
		}
		clear(queue)
		spare = queue[:0]
		for _, r := range behind {
			r.refresh(s)
		}
	}
}

func (s *socket) write(queue []item) error {
	s.conn.hold()
	for i := range queue {
		if err := s.ws.WriteMessage(websocket.TextMessage, queue[i].frame); err != nil {
			return errors.Join(err, s.conn.release())
		}
	}
	return s.conn.release()
}

// ---- the end ----

// close sends a close frame.
func (s *socket) close(code int, reason string) {
	s.mu.Lock()
	s.deaf = true
	s.queue, s.behind = nil, nil
	s.mu.Unlock()
	// A failure is the end of the connection too.
	_ = s.ws.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(code, reason), time.Now().Add(linger))
}

// bye tells the browser that the server is going down, and to come back. Whoever writes what is queued closes the socket
// behind it.
func (s *socket) bye() {
	s.say(encode("bye", Bye{Retry: 1000}))
	s.mu.Lock()
	s.leaving = true
	s.mu.Unlock()
	s.flushIfFree()
}

// cut ends the connection without a word.
func (s *socket) cut() {
	s.mu.Lock()
	s.deaf, s.closed = true, true
	s.queue, s.behind = nil, nil
	s.mu.Unlock()
	_ = s.conn.Close()
}

// end lets go of everything. It gives the peer time to read what was written: closing a connection with unread input makes
// the kernel throw away output, and our close frame with it.
func (s *socket) end() {
	s.mu.Lock()
	follows, closed := s.follows, s.closed
	s.follows, s.deaf, s.closed = nil, true, true
	s.queue, s.behind = nil, nil
	s.ping.Stop()
	s.mu.Unlock()
	for _, r := range follows {
		s.hub.grew(r, -r.unfollow(s))
	}
	for len(s.entered) > 0 {
		s.exit(s.entered[0].room.id)
	}
	if !closed && s.conn.closeWrite() == nil {
		_ = s.conn.SetReadDeadline(time.Now().Add(linger))
		_, _ = io.CopyN(io.Discard, s.conn.Conn, 8<<20)
	}
	_ = s.conn.Close()
}
