package live

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"iter"
	"log/slog"
	"net"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/handshakelab/lab/web/store"
)

// The tests here have the numbers of the faults that the lab is built against: what happens to those who follow a run or a room.

// 61: the network is gone for a while. Whoever comes back gets exactly what is missing.
func TestFault61Offline(t *testing.T) {
	for _, gone := range []time.Duration{5 * time.Second, 5 * time.Minute} {
		t.Run(gone.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newBubble(t, Config{})
				defer w.close()
				b, other := w.dial(), w.dial()
				opened := last(b.openRun(1, lost))
				b.ws.Close()
				var missed []frame
				for id := range int64(3) {
					missed = append(missed, other.do(id+2, opened.Run, 3, "step")...)
				}
				if missed[0].Type == "snapshot" { // other has joined by its first command
					missed = missed[1:]
				}
				other.ws.Close()
				time.Sleep(gone)
				b = w.dial()
				b.sendJSON(map[string]any{"type": "resume", "id": 9, "run": opened.Run, "after": missed[0].N - 1})
				if f := b.read(); f.Type != "resumed" {
					t.Fatalf("coming back brought %s", f.raw)
				}
				for _, want := range missed {
					if f := b.read(); string(f.raw) != string(want.raw) {
						t.Fatalf("after %v came\n%s\nwant\n%s", gone, f.raw, want.raw)
					}
				}
			})
		})
	}
}

// 63: a number from the future, or of another run, brings everything.
func TestFault63AnotherEpoch(t *testing.T) {
	p := nodes(t, 1, Config{})[0]
	p.lead("c", Act{Kind: ActPush, Scenario: lost})
	for name, has := range map[string]map[string]any{
		"the future":  {"run": "c.1", "after": 1_000_000},
		"another run": {"run": "c.7", "after": 3},
		"nothing":     {},
	} {
		b := p.dialAs("ada")
		enter := map[string]any{"type": "enter", "id": 1, "room": "c", "tab": "tab"}
		for k, v := range has {
			enter[k] = v
		}
		b.sendJSON(enter)
		all := b.upTo(func(f frame) bool { return f.Run != "" && f.Type != "room" })
		if f := last(all); f.Type != "snapshot" || f.Run != "c.1" || len(f.Nodes) == 0 {
			t.Errorf("with %s one gets %s", name, f.raw)
		}
	}
}

// 64: the answer is lost, and the command sent again, to another node. It is done once.
func TestFault64AnswerLost(t *testing.T) {
	places := nodes(t, 2, Config{})
	places[0].lead("c", Act{Kind: ActPush, Scenario: lost})
	seen := places[0].lead("c", Act{Kind: ActDrive, Drivers: []Driver{{Member: "ada", Role: RoleAll}}})
	command := map[string]any{"type": "do", "id": 2, "run": "c.1", "seen": seen, "line": "step"}
	ada := places[0].dialAs("ada")
	ada.enter(1, "c")
	ada.sendJSON(command)
	ada.ws.Close()
	var seqs []uint64
	for i := range 4 {
		b := places[(i+1)%2].dialAs("ada")
		b.enter(1, "c")
		b.sendJSON(command)
		f := last(b.upTo(func(f frame) bool { return f.Re == 2 && f.Type != "done" }))
		if f.Type != "acted" {
			t.Fatalf("the command again brought %s", f.raw)
		}
		seqs = append(seqs, f.Seq)
	}
	if n := len(slices.Compact(seqs)); n != 1 {
		t.Errorf("one command is %d entries: %v", n, seqs)
	}
	if got := dos(t, places[0], "c"); got != 1 {
		t.Errorf("the log has %d commands, want one", got)
	}
}

// dos counts the commands in the log of a room.
func dos(t *testing.T, p *place, room string) (n int) {
	t.Helper()
	for e, err := range p.hub.cfg.Store.Read(t.Context(), logOf(room), 0) {
		if err != nil {
			t.Fatal(err)
		}
		if a, err := decodeAct(e.Data); err == nil && a.Kind == ActDo {
			n++
		}
	}
	return n
}

// 65: two tabs of one member are two actors. The slower one is told; then both see the same.
func TestFault65TwoTabs(t *testing.T) {
	p := nodes(t, 1, Config{})[0]
	p.lead("c", Act{Kind: ActPush, Scenario: lost})
	seen := p.lead("c", Act{Kind: ActDrive, Drivers: []Driver{{Member: "ada", Role: RoleAll}}})
	var tabs [2]*browser
	for i := range tabs {
		tabs[i] = p.dialAs("ada")
		tabs[i].sendJSON(map[string]any{"type": "enter", "id": 1, "room": "c", "tab": fmt.Sprint("tab", i)})
		tabs[i].upTo(func(f frame) bool { return f.Type == "snapshot" })
	}
	tabs[0].sendJSON(map[string]any{"type": "do", "id": 2, "run": "c.1", "seen": seen, "line": "step"})
	one := tabs[0].upTo(func(f frame) bool { return f.Type == "acted" })
	tabs[1].sendJSON(map[string]any{"type": "do", "id": 2, "run": "c.1", "seen": seen, "line": "step"})
	two := tabs[1].upTo(func(f frame) bool { return f.Type == "error" || f.Type == "acted" })
	if f := last(two); f.Code != string(Stale) {
		t.Errorf("the second tab got %s", f.raw)
	}
	if got, want := join(two[:len(two)-1]), join(one[:len(one)-1]); string(got) != string(want) {
		t.Errorf("one tab saw\n%s\nthe other\n%s", want, got)
	}
	tabs[1].sendJSON(map[string]any{"type": "do", "id": 3, "run": "c.1", "seen": last(one).Seq, "line": "step"})
	if f := last(tabs[1].upTo(func(f frame) bool { return f.Type == "error" || f.Type == "acted" })); f.Type != "acted" {
		t.Errorf("the second tab, having seen it, got %s", f.raw)
	}
}

// 66: one page is open twice at once, as after a copy of a browser's session. Nobody is thrown out, because what a socket may do hangs
// on the member and not on the socket; but a command of both is one command.
func TestFault66OpenTwice(t *testing.T) {
	places := nodes(t, 2, Config{})
	places[0].lead("c", Act{Kind: ActPush, Scenario: lost})
	seen := places[0].lead("c", Act{Kind: ActDrive, Drivers: []Driver{{Member: "ada", Role: RoleAll}}})
	var answers [2]frame
	var wg sync.WaitGroup
	for i := range answers {
		b := places[i].dialAs("ada")
		b.enter(1, "c")
		b.sendJSON(map[string]any{"type": "do", "id": 2, "run": "c.1", "seen": seen, "line": "step"})
		wg.Go(func() { answers[i] = last(b.upTo(func(f frame) bool { return f.Re == 2 && f.Type != "done" })) })
	}
	wg.Wait()
	if a, b := answers[0], answers[1]; a.Type != "acted" || b.Type != "acted" || a.Seq != b.Seq {
		t.Errorf("the same command twice at once brought\n%s\n%s", a.raw, b.raw)
	}
	if got := dos(t, places[0], "c"); got != 1 {
		t.Errorf("the log has %d commands, want one", got)
	}
}

// comeback is how many come back in TestFault67AllComeBack; with make soak it is ten thousand.
var comeback = flag.Int("comeback", 1000, "how many come back when a server was started anew")

// 67: the server was started anew, and everybody comes back at once. The log of a class is read once for all of them.
func TestFault67AllComeBack(t *testing.T) {
	counted := &countingStore{Store: openStore(t)}
	n := openable(t, *comeback)
	classes := (n + DefaultFollowers - 1) / DefaultFollowers
	cfg := Config{Store: counted, Rooms: roster{}, Sockets: n}
	noLeak(t)
	first := serve(t, cfg)
	for c := range classes {
		first.lead(fmt.Sprint("c", c), Act{Kind: ActPush, Scenario: lost})
	}
	first.hub.Close(t.Context())
	counted.follows.Store(0)
	p := serve(t, cfg)
	began := time.Now()
	var slowest atomic.Int64
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			dialled := time.Now()
			b := p.dialAs(fmt.Sprint("m", i))
			most(&slowest, int64(time.Since(dialled)))
			b.sendJSON(map[string]any{"type": "enter", "id": 1, "room": fmt.Sprint("c", i%classes), "tab": "tab"})
			if f := last(b.upTo(func(f frame) bool { return f.Type == "snapshot" || f.Type == "error" })); f.Type != "snapshot" {
				t.Errorf("one of many got %s", f.raw)
			}
		})
	}
	wg.Wait()
	took := time.Since(began)
	t.Logf("%d have come back to %d classes in %v, %.0f a second; the slowest handshake took %v", n, classes, took, float64(n)/took.Seconds(), time.Duration(slowest.Load()))
	if got := counted.follows.Load(); got != int64(classes) {
		t.Errorf("%d logs are followed %d times", classes, got)
	}
	follow := 0
	for c := range classes {
		s, err := p.hub.RoomState(t.Context(), fmt.Sprint("c", c))
		if err != nil {
			t.Fatal(err)
		}
		follow += s.Followers
	}
	if follow != n {
		t.Errorf("%d follow, want %d", follow, n)
	}
}

type countingStore struct {
	store.Store
	follows atomic.Int64
}

func (s *countingStore) Follow(ctx context.Context, log string, after uint64) iter.Seq2[store.Entry, error] {
	s.follows.Add(1)
	return s.Store.Follow(ctx, log, after)
}

// 68: followers that never read. What waits for them is bounded, and the others get everything.
func TestFault68StuckFollowers(t *testing.T) {
	p := nodes(t, 1, Config{})[0]
	p.lead("c", Act{Kind: ActPush, Scenario: lost})
	for i := range 3 {
		stuck := p.dialAs(fmt.Sprint("stuck", i))
		stuck.ws.NetConn().(*net.TCPConn).SetReadBuffer(4 << 10)
		stuck.sendJSON(map[string]any{"type": "enter", "id": 1, "room": "c", "tab": "tab"})
	}
	well := p.dialAs("ada")
	well.enter(1, "c")
	const n = 400
	for range n {
		p.lead("c", Act{Kind: ActDo, Stage: 1, Do: &Do{At: ptr(3), Line: "step until quiet"}})
	}
	for range n {
		well.upTo(func(f frame) bool { return f.Type == "done" })
	}
	p.hub.mu.Lock()
	defer p.hub.mu.Unlock()
	for s := range p.hub.sockets {
		s.mu.Lock()
		if len(s.queue) > 2*maxQueue || s.queued > 2*maxQueued {
			t.Errorf("%d frames, %d bytes wait for a follower", len(s.queue), s.queued)
		}
		s.mu.Unlock()
	}
}

// 69: who enters at event 5,000 gets one snapshot, and then what comes.
func TestFault69LateJoiner(t *testing.T) {
	p := nodes(t, 1, Config{})[0]
	push := Act{Kind: ActPush, Scenario: lost}
	for range 1200 {
		push.Commands = append(push.Commands, Do{At: ptr(3), Line: "step"})
	}
	p.lead("c", push)
	b := p.dialAs("ada")
	b.enter(1, "c")
	s := b.read()
	events := 0
	for _, n := range s.Nodes {
		events += len(n.Events)
	}
	if s.Type != "snapshot" || events < 5000 {
		t.Fatalf("entering brought a %s with %d events", s.Type, events)
	}
	for i := range 3 {
		p.lead("c", Act{Kind: ActDo, Stage: 1, Do: &Do{Line: "wait 1ms"}})
		for _, f := range b.upTo(func(f frame) bool { return f.Type == "done" }) {
			if s.N++; f.N != s.N {
				t.Fatalf("behind the snapshot, command %d brought frame %d, want %d", i, f.N, s.N)
			}
		}
	}
}

// 70: the instructor leaves. Followers keep what they see; when the last of them has been away for the idle time, which is half an hour
// in earnest, nothing is in memory, and all is still in the log.
func TestFault70LeaderLeaves(t *testing.T) {
	p := nodes(t, 1, Config{Idle: 20 * time.Millisecond})[0]
	waits := func() (rooms int, idle bool) {
		p.hub.mu.Lock()
		defer p.hub.mu.Unlock()
		r := p.hub.rooms["c"]
		return len(p.hub.rooms), r != nil && r.idle != nil
	}
	p.lead("c", Act{Kind: ActPush, Scenario: lost})
	teacher, ada := p.dialAs("teacher"), p.dialAs("ada")
	teacher.enter(1, "c")
	ada.enter(1, "c")
	teacher.ws.Close()
	p.lead("c", Act{Kind: ActFreeze, On: true}) // the instructor is back, by whatever way
	if f := last(ada.upTo(func(f frame) bool { return f.Frozen })); f.Run != "c.1" {
		t.Errorf("later the room is %s", f.raw)
	}
	if rooms, idle := waits(); rooms != 1 || idle {
		t.Errorf("with somebody in it there are %d rooms; to be closed: %v", rooms, idle)
	}
	ada.ws.Close()
	if !soon(func() bool { rooms, _ := waits(); return rooms == 0 }) {
		t.Error("the room is not closed")
	}
	if state, err := p.hub.RoomState(t.Context(), "c"); err != nil || !state.Frozen || state.Run != "c.1" {
		t.Errorf("the log says %+v (%v)", state, err)
	}
	p.lead("c", Act{Kind: ActEnd})
	if rooms, _ := waits(); rooms != 0 {
		t.Error("the room of a class that has ended stays")
	}
}

// signedOut are rooms in which the instructor is nobody any more, from a moment on.
type signedOut struct {
	Rooms
	now *atomic.Bool
}

func (s signedOut) Member(r *http.Request, room string) (Member, error) {
	if s.now.Load() {
		return Member{}, store.ErrNotFound
	}
	return s.Rooms.Member(r, room)
}

// Whoever has signed out elsewhere does nothing more by a socket that is open still.
func TestSignedOutOnAnOpenSocket(t *testing.T) {
	var now atomic.Bool
	p := serve(t, Config{Store: openStore(t), Rooms: signedOut{roster{}, &now}})
	p.lead("c", Act{Kind: ActPush, Scenario: lost})
	teacher := p.dialAs("teacher")
	seen := last(teacher.enter(1, "c")).Seq
	step := func(id int64) frame {
		teacher.sendJSON(map[string]any{"type": "do", "id": id, "run": "c.1", "seen": seen, "line": "step"})
		return last(teacher.upTo(func(f frame) bool { return f.Re == id && (f.Type == "acted" || f.Type == "error") }))
	}
	if f := step(2); f.Type != "acted" {
		t.Fatalf("signed in: %s", f.raw)
	} else {
		seen = f.Seq
	}
	now.Store(true)
	if f := step(3); f.Code != string(NoSuchRoom) {
		t.Errorf("signed out: %s", f.raw)
	}
	if state, err := p.hub.RoomState(t.Context(), "c"); err != nil || state.Seq != seen || state.Followers != 0 {
		t.Errorf("the room is %+v (%v), and was at %d", state, err, seen)
	}
}

// Whoever has signed out elsewhere is shown the room no longer, on whatever node, and told so. The others are, and the socket goes on.
func TestRecheck(t *testing.T) {
	var now atomic.Bool
	p := serve(t, Config{Store: openStore(t), Rooms: named{signedOut{roster{}, &now}}})
	p.lead("c", Act{Kind: ActPush, Scenario: lost})
	ada, bob := p.dialAs("ada"), p.dialAs("bob")
	ada.enter(1, "c")
	bob.enter(1, "c")
	p.hub.Recheck(t.Context(), "ada") // still who it was
	now.Store(true)
	p.hub.Recheck(t.Context(), "ada")
	left := last(ada.upTo(func(f frame) bool { return f.Type == "left" }))
	if left.Room != "c" || left.Re != 0 {
		t.Errorf("told is %s", left.raw)
	}
	p.lead("c", Act{Kind: ActFreeze, On: true})
	p.lead("c", Act{Kind: ActPush, Scenario: lost})
	bob.upTo(func(f frame) bool { return f.Type == "snapshot" && f.Run == "c.2" })
	ada.openRun(5, lost)
	for _, f := range ada.do(6, "nothing", 0, "step") {
		if f.Room == "c" || strings.HasPrefix(f.Run, "c.") {
			t.Errorf("shown is %s", f.raw)
		}
	}
	if state, err := p.hub.RoomState(t.Context(), "c"); err != nil || state.Followers != 1 {
		t.Errorf("the room has %d followers, %v", state.Followers, err)
	}
	p.hub.Recheck(t.Context(), "") // nobody knows whom it concerns
	bob.upTo(func(f frame) bool { return f.Type == "left" })
}

// named are rooms whose members are called as their cookies are.
type named struct{ Rooms }

func (n named) Member(r *http.Request, room string) (Member, error) {
	m, err := n.Rooms.Member(r, room)
	m.Who = m.ID
	return m, err
}

// What is shared can be read as text whether somebody follows it or its run is parked.
func TestRoomRunParked(t *testing.T) {
	p := nodes(t, 1, Config{})[0]
	p.lead("c", Act{Kind: ActPush, Scenario: lost})
	want, err := p.hub.RoomRun(t.Context(), "c")
	if err != nil || !strings.Contains(want, "client connect") {
		t.Fatalf("the run is %q, %v", want, err)
	}
	ada := p.dialAs("ada")
	ada.enter(1, "c")
	ada.ws.Close()
	parked := func() bool {
		p.hub.mu.Lock()
		r := p.hub.rooms["c"]
		p.hub.mu.Unlock()
		r.run.mu.Lock()
		defer r.run.mu.Unlock()
		return r.run.played == nil
	}
	if !soon(parked) {
		t.Fatal("the run is not parked")
	}
	if got, err := p.hub.RoomRun(t.Context(), "c"); err != nil || got != want {
		t.Errorf("parked, the run is %q, %v", got, err)
	}
}

// 71: a follower does what only the instructor may. It is refused, whoever reads the log of the server finds it there, and that of the room
// does not know of it.
func TestFault71FollowerLeads(t *testing.T) {
	var told bytes.Buffer
	p := nodes(t, 1, Config{Log: slog.New(slog.NewTextHandler(&told, &slog.HandlerOptions{Level: slog.LevelDebug}))})[0]
	p.lead("c", Act{Kind: ActPush, Scenario: lost})
	seq := p.lead("c", Act{Kind: ActDrive, Drivers: []Driver{{Member: "bob", Role: RoleClient}, {Member: "eve", Role: RoleNetwork}}})
	acts := []Act{
		{By: "ada", Kind: ActPush, Scenario: lost}, {By: "ada", Kind: ActFreeze, On: true}, {By: "ada", Kind: ActEnd},
		{By: "bob", Kind: ActDrive, Drivers: []Driver{{Member: "bob", Role: RoleAll}}}, {By: "bob", Kind: ActAsk, Text: "?", Form: FormText},
		{By: "bob", Kind: ActReveal, Question: 1}, {By: "bob", Kind: ActSpotlight, Member: "bob", Scenario: lost},
		{By: "ada", Kind: ActDo, Stage: 1, Do: &Do{Line: "step"}},
		{By: "bob", Kind: ActDo, Stage: 1, Do: &Do{Line: "step"}},
		{By: "bob", Kind: ActDo, Stage: 1, Do: &Do{Line: "server accept"}},
		{By: "bob", Kind: ActDo, Stage: 1, Do: &Do{Line: "drop SYN-ACK"}},
		{By: "bob", Kind: ActDo, Stage: 1, Do: &Do{Line: "client close", Wait: 1}},
		{By: "bob", Kind: ActDo, Stage: 1, Do: &Do{Line: "client close", Ahead: true}},
		{By: "bob", Kind: ActDo, Stage: 1, Do: &Do{Line: "client close", At: ptr(0)}},
		{By: "eve", Kind: ActDo, Stage: 1, Do: &Do{Line: "client close"}},
	}
	for _, a := range acts {
		a.ID, a.Seen = newID(), store.Anywhere
		var fault *ErrorFrame
		if _, err := p.hub.Act(t.Context(), "c", a); !errors.As(err, &fault) || fault.Code != string(Forbidden) {
			t.Errorf("%s by %s, %+v: %v", a.Kind, a.By, a.Do, err)
		}
	}
	if end, err := p.hub.cfg.Store.Last(t.Context(), logOf("c")); err != nil || end != seq {
		t.Errorf("the log ends with entry %d, want %d (%v)", end, seq, err)
	}
	if n := strings.Count(told.String(), `msg="an act was refused" room=c member=`); n != len(acts) {
		t.Errorf("of %d acts %d are in the log of the server: %s", len(acts), n, told.String())
	}
	// And a socket that is not in the room at all:
	b := p.dialAs("bob")
	b.sendJSON(map[string]any{"type": "do", "id": 1, "run": "c.1", "seen": seq, "line": "client close"})
	if f := b.read(); f.Code != string(NoSuchRoom) {
		t.Errorf("from outside one gets %s", f.raw)
	}
}

// 72: whether there is a room that one is not in cannot be told from the answer.
func TestFault72Guessing(t *testing.T) {
	p := nodes(t, 1, Config{})[0]
	p.lead("elsewhere", Act{Kind: ActPush, Scenario: lost}) // there, but the visitor is not in it
	var answers []string
	for who, room := range map[string]string{"ada": "elsewhere", "bob": "nowhere", "": "somewhere"} {
		b := p.dialAs(who)
		f := last(b.enter(1, room))
		answers = append(answers, strings.ReplaceAll(string(f.raw), room+`\"`, `ROOM\"`))
	}
	slices.Sort(answers)
	if len(slices.Compact(answers)) != 1 || !strings.Contains(answers[0], string(NoSuchRoom)) {
		t.Errorf("the answers differ: %v", answers)
	}
}

// 73: a burst of a hundred acts, with a thousand who follow, is told in few pieces, to all of them before the next thing is read, and they
// share what is told.
func TestFault73Burst(t *testing.T) {
	p := nodes(t, 1, Config{})[0]
	p.lead("c", Act{Kind: ActPush, Scenario: lost})
	r, fault := p.hub.hold("c")
	if fault != nil {
		t.Fatal(fault)
	}
	defer p.hub.letGo(r)
	var heard [1000]counter
	for i := range heard {
		if fault := r.join(&heard[i], Member{ID: fmt.Sprint("m", i)}, &EnterCommand{ID: 1}); fault != nil {
			t.Fatal(fault)
		}
	}
	r.mu.Lock()
	seq := r.ledger.Seq
	r.mu.Unlock()
	burst := make(chan store.Entry, 100)
	for i := range uint64(100) {
		burst <- store.Entry{Seq: seq + 1 + i, Data: fmt.Appendf(nil, `{"id":"%d","kind":"do","stage":1,"do":{"line":"wait 1ms"}}`, i)}
	}
	before := heap()
	for len(burst) > 0 {
		r.take(<-burst, burst)
	}
	if more := heap() - before; more > 64<<20 {
		t.Errorf("a burst takes %d bytes", more)
	}
	for i := range heard {
		if heard[i].posts != 2 || len(heard[i].frames) != 200 {
			t.Fatalf("100 commands came as %d frames in %d pieces, want 200 in 2", len(heard[i].frames), heard[i].posts)
		}
	}
}

// heap is what the heap has behind a collection, in bytes.
func heap() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

type counter struct {
	deaf
	posts  int
	frames [][]byte // kept, as those do who are slow to read
}

func (c *counter) post(_ *run, frames [][]byte) { c.posts++; c.frames = append(c.frames, frames...) }
func (c *counter) show(*room, []byte)           {}

func (c *counter) recheck(context.Context, *room, Member) {}

// 74: one more than may follow is refused and told why, and is let in when there is a place. The instructor always is.
func TestFault74Full(t *testing.T) {
	p := nodes(t, 1, Config{Followers: 3})[0]
	p.lead("c", Act{Kind: ActPush, Scenario: lost})
	var in []*browser
	for i := range 3 {
		in = append(in, p.dialAs(fmt.Sprint("m", i)))
		in[i].enter(1, "c")
	}
	late := p.dialAs("late")
	if f := last(late.enter(1, "c")); f.Code != string(RoomFull) || f.Message == "" || f.Re != 1 {
		t.Errorf("one too many gets %s", f.raw)
	}
	if f := last(p.dialAs("teacher").enter(1, "c")); f.Type != "room" {
		t.Errorf("the instructor gets %s", f.raw)
	}
	in[0].sendJSON(map[string]any{"type": "leave", "id": 2, "room": "c"})
	in[0].upTo(func(f frame) bool { return f.Type == "left" })
	if f := last(late.enter(2, "c")); f.Type != "room" {
		t.Errorf("with a place free one gets %s", f.raw)
	}
}

// 75: IDs of runs have 128 bits, drawn by lot.
func TestFault75IDs(t *testing.T) {
	seen := map[string]bool{}
	var bits [22][64]bool
	for range 10_000 {
		id := newID()
		if len(id) != 22 || seen[id] {
			t.Fatalf("%q is short, or was there before", id)
		}
		seen[id] = true
		for i := range id {
			bits[i][strings.IndexByte("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_", id[i])] = true
		}
	}
	for i := range 21 {
		if slices.Contains(bits[i][:], false) {
			t.Errorf("character %d does not take all values", i)
		}
	}
}

// A faulty is a store that can be taken away, and that can lose its answers.
type faulty struct {
	store.Store
	away   atomic.Bool
	silent atomic.Bool
	mu     sync.Mutex
	cut    []context.CancelFunc
}

var errAway = errors.New("the store is away")

func (s *faulty) take() {
	s.away.Store(true)
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, cut := range s.cut {
		cut()
	}
	s.cut = nil
}

func (s *faulty) Append(ctx context.Context, log string, after uint64, id string, data []byte) (uint64, error) {
	if s.away.Load() {
		return 0, errAway
	}
	seq, err := s.Store.Append(ctx, log, after, id, data)
	if s.silent.Load() {
		return 0, errAway
	}
	return seq, err
}

func (s *faulty) Last(ctx context.Context, log string) (uint64, error) {
	if s.away.Load() {
		return 0, errAway
	}
	return s.Store.Last(ctx, log)
}

func (s *faulty) Follow(ctx context.Context, log string, after uint64) iter.Seq2[store.Entry, error] {
	return func(yield func(store.Entry, error) bool) {
		if s.away.Load() {
			yield(store.Entry{}, errAway)
			return
		}
		ctx, cut := context.WithCancel(ctx)
		defer cut()
		s.mu.Lock()
		s.cut = append(s.cut, cut)
		s.mu.Unlock()
		s.Store.Follow(ctx, log, after)(yield)
	}
}

// The store goes away in the middle of a class. The room goes on showing what there is, whoever enters; acts are refused, and done once when
// they are tried again.
func TestStoreAway(t *testing.T) {
	s := &faulty{Store: openStore(t)}
	noLeak(t)
	p, other := serve(t, Config{Store: s, Rooms: roster{}}), serve(t, Config{Store: s.Store, Rooms: roster{}})
	p.lead("c", Act{Kind: ActPush, Scenario: lost})
	seen := p.lead("c", Act{Kind: ActDrive, Drivers: []Driver{{Member: "ada", Role: RoleAll}}})
	ada := p.dialAs("ada")
	ada.enter(1, "c")
	ada.read()
	try := func(id int, seen uint64) frame {
		ada.sendJSON(map[string]any{"type": "do", "id": id, "run": "c.1", "seen": seen, "line": "step"})
		return last(ada.upTo(func(f frame) bool { return f.Re == int64(id) && f.Type != "done" }))
	}
	s.take()
	for range 2 {
		if f := try(2, seen); f.Code != string(NotSaved) || f.Message == "" {
			t.Fatalf("with the store away one gets %s", f.raw)
		}
	}
	bob := p.dialAs("bob")
	if f := last(bob.enter(1, "c")); f.Run != "c.1" {
		t.Errorf("who enters meanwhile gets %s", f.raw)
	}
	if state, err := p.hub.RoomState(t.Context(), "c"); err != nil || state.Seq != seen {
		t.Errorf("the room is %+v (%v)", state, err)
	}
	frozen := other.lead("c", Act{Kind: ActFreeze}) // where the store is not away
	s.away.Store(false)
	bob.upTo(func(f frame) bool { return f.Type == "room" && f.Seq == frozen })
	if f := try(2, seen); f.Code != string(Stale) {
		t.Errorf("the command, overtaken, brought %s", f.raw)
	}
	s.silent.Store(true)
	f := try(3, frozen)
	if f.Code != string(NotSaved) {
		t.Fatalf("with the answer of the store lost one gets %s", f.raw)
	}
	s.silent.Store(false)
	if f = try(3, frozen); f.Type != "acted" {
		t.Errorf("the command again brought %s", f.raw)
	}
	if got := dos(t, other, "c"); got != 1 {
		t.Errorf("the log has %d commands, want one", got)
	}
}
