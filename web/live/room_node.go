package live

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"runtime/debug"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/handshakelab/lab/engine/script"
	"github.com/handshakelab/lab/web/store"
)

// Bounds of a room on one node.
const (
	DefaultFollowers = 1000
	maxBatch         = 64                     // entries that are told together
	maxFaults        = 64                     // of entries that came to nothing, for those who wrote them
	actWait          = 4 * time.Second        // for the store to take an act and bring it back
	countEvery       = time.Second            // the instructor is told how many follow
	followAgain      = 100 * time.Millisecond // behind an error of the store, doubled up to
	followLatest     = 5 * time.Second
)

// A Member is who enters a room.
type Member struct {
	ID   string // in this room; "" is the instructor
	Name string
	Lead bool   // the instructor
	Who  string // names the person for Hub.Recheck: the ID of an account or a learner; nobody is told
}

// Rooms knows who is in which room.
type Rooms interface {
	// Member returns who sends a request, as a member of a room. store.ErrNotFound says that there is no such room or that they are
	// not in it; other errors are those of the store.
	Member(r *http.Request, room string) (Member, error)
}

// A room is a room on this node: what its log says so far, the run that is shared in it, and who follows it here.
type room struct {
	hub  *Hub
	id   string
	stop context.CancelFunc

	// Owned by the hub, under its lock.
	users int         // followers, and calls that are under way
	idle  *time.Timer // runs while there are no users

	turn chan struct{} // holds one while somebody appends

	mu        sync.Mutex
	ledger    *ledger
	counted   bool   // last is known
	last      uint64 // entry of those that were there when the room was opened here
	run       *run   // of the newest stage, nil when it has none
	following []seat
	faults    []outcome
	learners  int           // of those
	fresh     bool          // nobody was told of the run yet
	told      uint64        // Seq that the followers know of
	state     []byte        // the room frame, nil when it is to be written anew
	news      chan struct{} // closed when there is something new
	counting  *time.Timer   // runs when the instructor does not know how many follow
}

// A seat is where somebody follows a room from.
type seat struct {
	spectator
	Member
}

// A spectator follows a room and its runs.
type spectator interface {
	follower
	show(r *room, state []byte) // the newest room frame
	recheck(ctx context.Context, r *room, was Member)
}

// An outcome is why an entry came to nothing.
type outcome struct {
	seq   uint64
	fault *ErrorFrame
}

func logOf(room string) string { return store.Key("room", room) }

// hold returns a room, and opens it here if nobody has before. Each hold wants its letGo.
func (h *Hub) hold(id string) (*room, *ErrorFrame) {
	if h.cfg.Store == nil || !store.Valid(id) {
		return nil, noSuchRoom(id)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	r := h.rooms[id]
	if r == nil {
		if h.closing {
			return nil, notSaved("the server is going down")
		}
		ctx, stop := context.WithCancel(context.Background())
		r = &room{hub: h, id: id, stop: stop, turn: make(chan struct{}, 1), ledger: newLedger(id), news: make(chan struct{})}
		h.rooms[id] = r
		h.reading.Go(func() { r.read(ctx) })
	}
	if r.users++; r.idle != nil {
		r.idle.Stop()
		r.idle = nil
	}
	return r, nil
}

// letGo ends a hold. When nobody holds it for the idle time it is closed; the log stays where it is.
func (h *Hub) letGo(r *room) {
	r.mu.Lock()
	ended := r.ledger.Ended
	r.mu.Unlock()
	h.mu.Lock()
	defer h.mu.Unlock()
	if r.users--; r.users > 0 || h.rooms[r.id] != r {
		return
	}
	if ended {
		h.closeRoom(r)
		return
	}
	var timer *time.Timer
	timer = time.AfterFunc(h.cfg.Idle, func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		if r.idle == timer {
			h.closeRoom(r)
		}
	})
	r.idle = timer
}

func (h *Hub) closeRoom(r *room) {
	delete(h.rooms, r.id)
	if r.idle != nil {
		r.idle.Stop()
		r.idle = nil
	}
	r.stop()
}

// Act appends an act to the log of a room. It returns its Seq when it is on disk and everybody here who follows the room has been sent
// what came of it. Who tries again with the same ID gets the same Seq, and nothing happens a second time. The error is an
// *ErrorFrame: NotSaved says that the store cannot be reached, Stale that others were faster than what the actor has seen.
//
// A push of a block takes the scenario from the lessons as they are now.
func (h *Hub) Act(ctx context.Context, class string, a Act) (seq uint64, err error) {
	seq, fault := h.act(ctx, class, &a)
	if fault != nil {
		return 0, fault
	}
	return seq, nil
}

func (h *Hub) act(ctx context.Context, class string, a *Act) (uint64, *ErrorFrame) {
	r, fault := h.hold(class)
	if fault != nil {
		return 0, fault
	}
	defer h.letGo(r)
	if a.Kind == ActPush && a.Scenario == "" && a.Block != "" {
		if a.Scenario, fault = h.text(&OpenCommand{Lesson: a.Lesson, Block: a.Block}); fault != nil {
			return 0, fault
		}
	}
	ctx, cancel := context.WithTimeout(ctx, actWait)
	defer cancel()
	return r.act(ctx, a)
}

// RoomState returns what the log of a room says now, or when the store is away, what was read before. The error is an *ErrorFrame.
func (h *Hub) RoomState(ctx context.Context, class string) (RoomState, error) {
	r, fault := h.hold(class)
	if fault != nil {
		return RoomState{}, fault
	}
	defer h.letGo(r)
	ctx, cancel := context.WithTimeout(ctx, actWait)
	defer cancel()
	r.catchUp(ctx)
	if !r.await(ctx, r.current) {
		return RoomState{}, notSaved("the class cannot be read now")
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.now(), nil
}

// RoomRun returns the run that is shared in a room as a scenario: its set-up and what was done, up to where it stands; "" when there is
// none. The error is an *ErrorFrame.
func (h *Hub) RoomRun(ctx context.Context, class string) (scenario string, err error) {
	r, fault := h.hold(class)
	if fault != nil {
		return "", fault
	}
	defer h.letGo(r)
	ctx, cancel := context.WithTimeout(ctx, actWait)
	defer cancel()
	if !r.await(ctx, r.current) {
		return "", notSaved("the class cannot be read now")
	}
	r.mu.Lock()
	run := r.run
	r.mu.Unlock()
	if run == nil {
		return "", nil
	}
	run.mu.Lock()
	defer run.mu.Unlock()
	if run.gone {
		return "", refuse(Internal, "the run has broken; show it anew")
	}
	run.wake()
	return script.Format(run.tl.Now().Setup(), run.tl.Path(run.tl.At())), nil
}

// now returns the state, which is never changed.
func (r *room) now() RoomState {
	s := r.ledger.RoomState
	s.Followers = len(r.following)
	return s
}

// ---- reading the log ----

// read follows the log until the room is closed.
func (r *room) read(ctx context.Context) {
	entries := make(chan store.Entry, maxBatch)
	go func() {
		defer close(entries)
		r.fetch(ctx, entries)
	}()
	for e := range entries {
		r.take(e, entries)
	}
}

// fetch brings the entries of the log, and begins again where it was when the store fails.
func (r *room) fetch(ctx context.Context, entries chan<- store.Entry) {
	log := logOf(r.id)
	wait, after, counted := followAgain, uint64(0), false
	for {
		last, err := uint64(0), error(nil)
		if !counted {
			if last, err = r.hub.cfg.Store.Last(ctx, log); err == nil {
				counted = true
				r.expect(last)
			}
		}
		if counted {
			var e store.Entry
			for e, err = range r.hub.cfg.Store.Follow(ctx, log, after) {
				if err != nil {
					break
				}
				wait, after = followAgain, e.Seq
				select {
				case entries <- e:
				case <-ctx.Done():
				}
			}
		}
		if ctx.Err() != nil {
			return
		}
		r.hub.cfg.Log.Warn("cannot follow a room", "room", r.id, "err", err)
		select {
		case <-time.After(wait/2 + rand.N(wait)):
		case <-ctx.Done():
			return
		}
		wait = min(2*wait, followLatest)
	}
}

// expect says which entry is the last of those that were there when the room was opened.
func (r *room) expect(last uint64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.counted, r.last = true, last
	r.announce()
}

// current reports whether all that was there when the room was opened has been read.
func (r *room) current() bool { return r.counted && r.ledger.Seq >= r.last }

// announce wakes those who wait for something new.
func (r *room) announce() {
	close(r.news)
	r.news = make(chan struct{})
}

// await waits until something is so, and reports whether it is. What is asked is asked under the lock of the room.
func (r *room) await(ctx context.Context, is func() bool) bool {
	for {
		r.mu.Lock()
		done, news := is(), r.news
		r.mu.Unlock()
		if done {
			return true
		}
		select {
		case <-news:
		case <-ctx.Done():
			return false
		}
	}
}

// catchUp waits until all has been read that is in the log now, and reports whether it is so.
func (r *room) catchUp(ctx context.Context) bool {
	last, err := r.hub.cfg.Store.Last(ctx, logOf(r.id))
	return err == nil && r.await(ctx, func() bool { return r.ledger.Seq >= last })
}

// take makes an entry part of the room, and those that are there already behind it, and tells everybody at once.
func (r *room) take(e store.Entry, more <-chan store.Entry) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.enter(e)
	for range maxBatch {
		select {
		case e, ok := <-more:
			if ok {
				r.enter(e)
				continue
			}
		default:
		}
		break
	}
	r.tell()
	r.announce()
}

// enter makes an entry part of the room.
func (r *room) enter(e store.Entry) {
	if e.Seq <= r.ledger.Seq {
		return
	}
	a, err := decodeAct(e.Data)
	if err != nil {
		r.hub.cfg.Log.Error("an entry of a room cannot be read", "room", r.id, "seq", e.Seq, "err", err)
		r.ledger.pass(e.Seq)
		return
	}
	if _, again := r.ledger.seqs[a.key()]; again {
		r.ledger.pass(e.Seq)
		return
	}
	fault := r.ledger.check(a)
	switch {
	case fault != nil:
	case a.begins():
		fault = r.begin(e.Seq, a)
	case a.Kind == ActDo:
		fault = r.do(e.Seq, a.Do)
	}
	if fault != nil {
		r.ledger.pass(e.Seq)
		r.ledger.seqs[a.key()] = e.Seq
		r.faults = append(r.faults, outcome{e.Seq, fault})
		if len(r.faults) > maxFaults {
			r.faults = slices.Delete(r.faults, 0, 1)
		}
		return
	}
	spotlight := r.ledger.Spotlight
	r.ledger.enter(e.Seq, a)
	switch {
	case a.Kind == ActDo && r.ledger.Spotlight == spotlight:
		r.told = e.Seq // by the done that it brought
	case a.Kind == ActPush && !a.begins():
		r.show(nil)
	case a.Kind == ActEnd:
		r.stop() // nothing can come behind it
	}
}

// begin starts the run of a push.
func (r *room) begin(seq uint64, a *Act) (fault *ErrorFrame) {
	defer r.recover(&fault)
	id := r.id + "." + strconv.Itoa(r.ledger.Stage+1)
	run, _, fault := build(id, a.Scenario, &OpenCommand{ID: int64(seq), Ahead: a.Ahead, Commands: a.Commands})
	if fault == nil {
		r.show(run)
	}
	return fault
}

// show makes a run the one that is shared; nil is none.
func (r *room) show(run *run) {
	r.publish()
	if r.run != nil {
		r.run.forget()
	}
	r.run, r.fresh = run, run != nil
	if run != nil {
		r.ledger.at = int(run.tl.At())
	}
}

// do does a command on the run.
func (r *room) do(seq uint64, do *Do) (fault *ErrorFrame) {
	defer r.recover(&fault)
	r.run.mu.Lock()
	defer r.run.mu.Unlock()
	if r.run.gone {
		return refuse(Internal, "the run has broken; show it anew")
	}
	r.run.gone = true // should it panic
	r.run.wake()
	fault = r.run.perform(int64(seq), do)
	r.run.gone = false
	r.ledger.at = int(r.run.tl.At())
	return fault
}

// try says why the engine would not do a command, or nil.
func (r *room) try(do *Do) (fault *ErrorFrame) {
	defer r.recover(&fault)
	r.run.mu.Lock()
	defer r.run.mu.Unlock()
	if r.run.gone {
		return refuse(Internal, "the run has broken; show it anew")
	}
	r.run.wake()
	at, parts, fault := r.run.plan(do)
	if fault != nil {
		return fault
	}
	return r.run.try(at, parts)
}

// recover makes a fault of a panic of the engine: the others in the room, and all other rooms, go on.
func (r *room) recover(fault **ErrorFrame) {
	if v := recover(); v != nil {
		id := newID()
		r.hub.cfg.Log.Error("panic in a room", "id", id, "room", r.id, "panic", fmt.Sprint(v), "stack", string(debug.Stack()))
		*fault = refuse(Internal, "internal error %s", id)
	}
}

// tell sends everybody what is new.
func (r *room) tell() {
	if r.told == r.ledger.Seq {
		r.state = nil // but the next to enter needs it
		r.publish()
		return
	}
	r.state = nil
	r.told = r.ledger.Seq
	if !r.fresh {
		r.publish() // of a run that is known
	}
	for _, s := range r.following {
		s.show(r, r.frame())
	}
	r.publish()
}

// publish sends what was done on the run: all of it when nobody has been told of the run.
func (r *room) publish() {
	run := r.run
	if run == nil {
		return
	}
	run.mu.Lock()
	defer run.mu.Unlock()
	switch {
	case run.played == nil || run.sheet == nil:
	case r.fresh:
		run.take()
		for _, s := range r.following {
			run.join(s.spectator)
			s.catchUp(run, run.snapshot())
		}
	default:
		run.publish()
	}
	r.fresh = false
}

// frame returns the room frame.
func (r *room) frame() []byte {
	if r.state == nil {
		r.state = encode("room", r.now())
	}
	return r.state
}

// ---- those who follow ----

// join makes s follow the room. It gets the room and its run, the latter from behind the frame that it has.
func (r *room) join(s spectator, m Member, c *EnterCommand) *ErrorFrame {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !m.Lead {
		if r.learners >= r.hub.cfg.Followers {
			return refuse(RoomFull, "%d follow this class here already; try again in a moment", r.learners)
		}
		r.learners++
	}
	r.following = append(r.following, seat{s, m})
	s.say(encode("entered", Entered{Room: r.id, Re: c.ID, Member: m.ID, Name: m.Name, Lead: m.Lead}))
	s.show(r, r.frame())
	if run := r.run; run != nil {
		after := int64(-1)
		if c.After != nil && c.Run == run.id {
			after = *c.After
		}
		run.mu.Lock()
		run.wake()
		run.bring(s, after)
		run.mu.Unlock()
	}
	r.count()
	return nil
}

// part makes s follow the room no longer.
func (r *room) part(s spectator) {
	r.mu.Lock()
	defer r.mu.Unlock()
	i := slices.IndexFunc(r.following, func(at seat) bool { return at.spectator == s })
	if i < 0 {
		return
	}
	if !r.following[i].Lead {
		r.learners--
	}
	r.following = slices.Delete(r.following, i, i+1)
	if r.run != nil {
		r.run.unfollow(s)
	}
	r.count()
}

// Recheck asks again who those are who follow rooms here under the name of a person, because their session or their place has ended; with
// "" all. Whoever is no longer what they were is shown the room no longer, and told so. A socket that follows on its own runs goes on.
func (h *Hub) Recheck(ctx context.Context, who string) {
	h.mu.Lock()
	rooms := slices.Collect(maps.Values(h.rooms))
	h.mu.Unlock()
	for _, r := range rooms {
		r.mu.Lock()
		var list []seat
		for _, at := range r.following {
			if who == "" || at.Who == who {
				list = append(list, at)
			}
		}
		r.mu.Unlock()
		for _, at := range list {
			at.recheck(ctx, r, at.Member)
		}
	}
}

// count lets the instructor know how many follow, once in a while.
func (r *room) count() {
	r.state = nil
	leads := slices.ContainsFunc(r.following, func(at seat) bool { return at.Lead })
	switch {
	case !leads && r.counting != nil:
		r.counting.Stop()
		r.counting = nil
	case leads && r.counting == nil:
		r.counting = time.AfterFunc(countEvery, func() {
			r.mu.Lock()
			defer r.mu.Unlock()
			r.counting = nil
			for _, at := range r.following {
				if at.Lead {
					at.show(r, r.frame())
				}
			}
		})
	}
}

// ---- acting ----

// act appends an act and waits until it has come back, because then there is one order for all.
func (r *room) act(ctx context.Context, a *Act) (uint64, *ErrorFrame) {
	if !store.Valid(a.ID) || a.By != "" && !store.Valid(a.By) {
		return 0, wrong("id", "an act wants an ID of letters, digits, - and _")
	}
	seen := func() bool { return r.current() && (a.Seen == store.Anywhere || r.ledger.Seq >= a.Seen) }
	if !r.await(ctx, seen) {
		return 0, notSaved("the class cannot be read now")
	}
	select {
	case r.turn <- struct{}{}:
		defer func() { <-r.turn }()
	case <-ctx.Done():
		return 0, notSaved("too much is going on")
	}
	for sure := a.Seen != store.Anywhere; ; {
		seq, after, fault := r.consider(a)
		if fault != nil && !sure && r.catchUp(ctx) {
			sure = true // what forbids it may have been taken back
			continue
		}
		if fault != nil && fault.Code == string(Forbidden) {
			r.hub.cfg.Log.Debug("an act was refused", "room", r.id, "member", a.By, "kind", a.Kind)
		}
		if seq > 0 || fault != nil {
			return seq, fault
		}
		data, err := json.Marshal(a)
		if err != nil {
			return 0, refuse(Internal, "an act cannot be written")
		}
		seq, err = r.hub.cfg.Store.Append(ctx, logOf(r.id), after, a.key(), data)
		newer := func() bool { return r.ledger.Seq > after }
		switch {
		case err == nil:
			newer = func() bool { return r.ledger.Seq >= seq }
		case errors.Is(err, store.ErrFull):
			return 0, notSaved("there is no room for it")
		case !errors.Is(err, store.ErrConflict):
			r.hub.cfg.Log.Warn("an act was not saved", "room", r.id, "err", err)
			return 0, notSaved("the class goes on, but nothing can be kept now")
		}
		if !r.await(ctx, newer) {
			return 0, notSaved("the class cannot be read now")
		}
	}
}

// consider says what to do about an act: nothing, because it is entry seq or because of a fault, or append it behind after.
func (r *room) consider(a *Act) (seq, after uint64, fault *ErrorFrame) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if seq, done := r.ledger.seqs[a.key()]; done {
		if i := slices.IndexFunc(r.faults, func(o outcome) bool { return o.seq == seq }); i >= 0 {
			return 0, 0, r.faults[i].fault
		}
		return seq, 0, nil
	}
	if a.Seen != store.Anywhere && a.Seen != r.ledger.Seq {
		return 0, 0, refuse(Stale, "others were faster; look at what they did first")
	}
	if a.Kind == ActAsk {
		a.Question = r.ledger.asked + 1
	}
	fault = r.ledger.check(a)
	if fault == nil && a.begins() {
		_, _, fault = build(r.id, a.Scenario, &OpenCommand{Ahead: a.Ahead, Commands: a.Commands})
	}
	if fault == nil && a.Kind == ActDo {
		fault = r.try(a.Do)
	}
	return 0, r.ledger.Seq, fault
}

func noSuchRoom(room string) *ErrorFrame {
	return refuse(NoSuchRoom, "there is no class %q that you are in", shorten(room))
}

func notSaved(why string) *ErrorFrame {
	f := refuse(NotSaved, "not saved: %s", why)
	f.Hint = "try again in a moment"
	return f
}
