package live

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/handshakelab/lab/engine/script"
	"github.com/handshakelab/lab/server/jetstream"
	"github.com/handshakelab/lab/web/store"
)

func openStore(t testing.TB) *jetstream.Store {
	t.Helper()
	s, err := jetstream.Open(t.Context(), jetstream.Options{Folder: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

// A roster knows visitors by the cookie "who". "teacher" is the instructor of every room.
type roster struct{}

func (roster) Member(r *http.Request, room string) (Member, error) {
	c, err := r.Cookie("who")
	switch {
	case err != nil || c.Value == "" || room == "elsewhere" || room == "nowhere":
		return Member{}, store.ErrNotFound
	case c.Value == "teacher":
		return Member{Name: "Teacher", Lead: true}, nil
	}
	return Member{ID: c.Value, Name: "Name of " + c.Value}, nil
}

// nodes opens servers on one store.
func nodes(t testing.TB, n int, cfg Config) []*place {
	t.Helper()
	cfg.Store, cfg.Rooms = openStore(t), roster{}
	noLeak(t)
	var list []*place
	for range n {
		list = append(list, serve(t, cfg))
	}
	return list
}

// lead acts as the instructor, behind whatever has happened.
func (p *place) lead(room string, a Act) uint64 {
	p.t.Helper()
	a.Seen = store.Anywhere
	a.ID = cmp.Or(a.ID, newID())
	seq, err := p.hub.Act(p.t.Context(), room, a)
	if err != nil {
		p.t.Fatal(err)
	}
	return seq
}

func (b *browser) enter(id int64, room string) []frame {
	b.t.Helper()
	b.sendJSON(map[string]any{"type": "enter", "id": id, "room": room, "tab": "tab"})
	return b.upTo(func(f frame) bool { return f.Type == "room" || f.Type == "error" })
}

// What two nodes make of one log is the same, and an act is done once wherever it is tried again.
func TestAct(t *testing.T) {
	places := nodes(t, 2, Config{})
	one, two := places[0].hub, places[1].hub
	ctx := t.Context()
	act := func(h *Hub, a Act) (uint64, error) {
		if a.Seen == 0 {
			a.Seen = store.Anywhere
		}
		return h.Act(ctx, "c", a)
	}
	must := func(seq uint64, err error) uint64 {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return seq
	}
	code := func(err error) Code {
		var f *ErrorFrame
		if errors.As(err, &f) {
			return Code(f.Code)
		}
		return Code(fmt.Sprint(err))
	}
	pushed := must(act(one, Act{ID: "a", Kind: ActPush, Scenario: lost, Title: "Lost"}))
	must(act(two, Act{ID: "b", Kind: ActDrive, Drivers: []Driver{{Member: "ada", Role: RoleClient}, {Member: "bob", Role: RoleNetwork}}}))
	if again := must(act(two, Act{ID: "a", Kind: ActPush, Scenario: lost, Title: "Lost"})); again != pushed {
		t.Errorf("the same act again is entry %d, and was %d", again, pushed)
	}
	do := func(by, id, line string) Act {
		return Act{By: by, ID: id, Kind: ActDo, Stage: 1, Do: &Do{Line: line}}
	}
	must(act(one, do("bob", "1", "drop SYN-ACK")))
	must(act(two, do("ada", "1", "client close")))
	for _, test := range []struct {
		act  Act
		want Code
	}{
		{do("ada", "2", "server accept"), Forbidden},
		{do("ada", "3", "step"), Forbidden},
		{do("eve", "1", "step"), Forbidden},
		{do("bob", "2", "drop SYN-ACK"), "segment_gone"},
		{do("bob", "3", "dorp SYN-ACK"), "unknown-verb"},
		{Act{By: "ada", ID: "4", Kind: ActEnd}, Forbidden},
		{Act{ID: "c", Kind: ActPush, Scenario: "fly"}, "unknown-verb"},
		{Act{ID: "d", Kind: ActFreeze, Seen: pushed}, Stale},
	} {
		if _, err := act(two, test.act); code(err) != test.want {
			t.Errorf("%+v: %v, want %s", test.act, err, test.want)
		}
	}
	asked := must(act(two, Act{ID: "e", Kind: ActAsk, Text: "And now?", Form: FormText}))
	for _, h := range []*Hub{one, two} {
		var state RoomState
		for state.Seq < asked {
			var err error
			if state, err = h.RoomState(ctx, "c"); err != nil {
				t.Fatal(err)
			}
		}
		if state.Run != "c.1" || state.Title != "Lost" || len(state.Drivers) != 2 || state.Question.Number != 1 || state.Seq != asked {
			t.Errorf("%+v", state)
		}
	}
	must(act(one, Act{ID: "f", Kind: ActEnd}))
	if _, err := act(one, Act{ID: "g", Kind: ActFreeze}); code(err) != Ended {
		t.Errorf("an act behind the end: %v", err)
	}
}

// An instructor and two learners on two nodes see one run.
func TestRoom(t *testing.T) {
	places := nodes(t, 2, Config{})
	places[0].lead("c", Act{Kind: ActPush, Scenario: lost, Title: "Lost"})
	ada, bob := places[0].dialAs("ada"), places[1].dialAs("bob")
	teacher := places[1].dialAs("teacher")
	for i, b := range []*browser{ada, bob, teacher} {
		frames := b.enter(1, "c")
		if f := frames[0]; f.Type != "entered" || f.Re != 1 || f.Lead != (i == 2) {
			t.Fatalf("entering brought %s", f.raw)
		}
		if f := last(frames); f.Title != "Lost" || f.Run != "c.1" || f.Stage != 1 {
			t.Fatalf("the room is %s", f.raw)
		}
		if f := b.read(); f.Type != "snapshot" || f.Run != "c.1" || len(f.Nodes) == 0 {
			t.Fatalf("the run is %s", f.raw)
		}
	}
	seen := places[0].lead("c", Act{Kind: ActDrive, Drivers: []Driver{{Member: "ada", Name: "Ada", Role: RoleAll}}})
	isRoom := func(f frame) bool { return f.Type == "room" && f.Seq == seen }
	for _, b := range []*browser{ada, bob, teacher} {
		b.upTo(isRoom)
	}
	ada.sendJSON(map[string]any{"type": "do", "id": 2, "run": "c.1", "seen": seen, "line": "drop SYN-ACK", "ahead": true})
	mine := ada.upTo(func(f frame) bool { return f.Type == "acted" })
	if f := last(mine); f.Re != 2 || f.Seq <= seen {
		t.Fatalf("acting brought %s", f.raw)
	}
	for _, b := range []*browser{bob, teacher} {
		theirs := b.upTo(func(f frame) bool { return f.Type == "done" })
		if got, want := join(theirs), join(mine[:len(mine)-1]); string(got) != string(want) {
			t.Errorf("others got\n%s\nand who acted\n%s", got, want)
		}
	}
	// bob may not, and a stale tab is told.
	bob.sendJSON(map[string]any{"type": "do", "id": 2, "run": "c.1", "seen": last(mine).Seq, "line": "step"})
	if f := bob.read(); f.Code != string(Forbidden) || f.Re != 2 {
		t.Errorf("a follower who acts gets %s", f.raw)
	}
	ada.sendJSON(map[string]any{"type": "do", "id": 3, "run": "c.1", "seen": seen, "line": "step"})
	if f := ada.read(); f.Code != string(Stale) || f.Re != 3 {
		t.Errorf("a stale tab gets %s", f.raw)
	}
	// What was done once is answered again, from wherever.
	ada.ws.Close()
	ada = places[1].dialAs("ada")
	ada.sendJSON(map[string]any{"type": "enter", "id": 4, "room": "c", "tab": "tab", "run": "c.1", "after": mine[0].N - 1})
	back := ada.upTo(func(f frame) bool { return f.Type == "done" })
	if got, want := join(back[2:]), join(mine[:len(mine)-1]); string(got) != string(want) {
		t.Errorf("who comes back gets\n%s\nwant\n%s", got, want)
	}
	ada.sendJSON(map[string]any{"type": "do", "id": 2, "run": "c.1", "seen": seen, "line": "drop SYN-ACK", "ahead": true})
	if f := ada.read(); f.Type != "acted" || f.Seq != last(mine).Seq {
		t.Errorf("the same command again brought %s", f.raw)
	}
	// The next run, and the end.
	places[0].lead("c", Act{Kind: ActPush, Scenario: lost})
	if f := last(bob.upTo(func(f frame) bool { return f.Type == "snapshot" })); f.Run != "c.2" {
		t.Errorf("the next run is %s", f.raw)
	}
	places[0].lead("c", Act{Kind: ActEnd})
	if f := last(bob.upTo(func(f frame) bool { return f.Type == "room" })); !f.Ended {
		t.Errorf("behind the end the room is %s", f.raw)
	}
	bob.sendJSON(map[string]any{"type": "leave", "id": 9, "room": "c"})
	if f := bob.read(); f.Type != "left" || f.Re != 9 {
		t.Errorf("leaving brought %s", f.raw)
	}
}

// An act that stands in the log twice, because the store has forgotten its ID when it was tried again, is done once.
func TestTwiceInTheLog(t *testing.T) {
	p := nodes(t, 1, Config{})[0]
	p.lead("c", Act{Kind: ActPush, Scenario: lost})
	var end uint64
	for range 2 {
		var err error
		if end, err = p.hub.cfg.Store.Append(t.Context(), logOf("c"), store.Anywhere, "", []byte(`{"id":"a","kind":"do","stage":1,"do":{"line":"step"}}`)); err != nil {
			t.Fatal(err)
		}
	}
	if s, err := p.hub.RoomState(t.Context(), "c"); err != nil || s.Seq != end {
		t.Fatalf("the room is at %d, want %d (%v)", s.Seq, end, err)
	}
	b := p.dialAs("ada")
	b.enter(1, "c")
	f := b.read()
	steps := 0
	for _, n := range f.Nodes {
		if n.Parent == f.Nodes[len(f.Nodes)-1].Parent {
			steps++
		}
	}
	if want := uint64(f.Done.Re); f.Type != "snapshot" || want >= end || steps != 1 {
		t.Errorf("the run is %s; the log ends with entry %d", f.raw, end)
	}
}

// What a member does who is in the spotlight is done on the shared run too: on the same one as long as it is the same, from where it differs.
// Once the instructor has done something there, it is theirs.
func TestMirror(t *testing.T) {
	p := nodes(t, 1, Config{})[0]
	mirror := func(who, text string) {
		t.Helper()
		if err := p.hub.Mirror(t.Context(), "c", who, text); err != nil {
			t.Fatal(err)
		}
	}
	shows := func(stage int, want string) RoomState {
		t.Helper()
		tl, fault := p.hub.Play(t.Context(), &OpenCommand{Scenario: want})
		if fault != nil {
			t.Fatal(fault)
		}
		got, err := p.hub.RoomRun(t.Context(), "c")
		if want = script.Format(tl.Now().Setup(), tl.Path(tl.At())); err != nil || got != want {
			t.Fatalf("the run is\n%s%v, want\n%s", got, err, want)
		}
		s, err := p.hub.RoomState(t.Context(), "c")
		if err != nil || s.Stage != stage {
			t.Fatalf("it is stage %d, want %d (%v)", s.Stage, stage, err)
		}
		return s
	}
	p.lead("c", Act{Kind: ActSpotlight, Member: "ada", Name: "Ada", Scenario: lost})
	more := lost + "wait 3ms\nclient close\nstep 2\n"
	mirror("ada", more)
	before := shows(1, more)
	mirror("ada", more)
	mirror("bob", lost)
	if s := shows(1, more); s.Seq != before.Seq || !s.Spotlight.Live {
		t.Errorf("what changes nothing has brought entry %d behind %d, and %+v", s.Seq, before.Seq, s.Spotlight)
	}
	mirror("ada", lost) // back
	shows(1, lost)
	mirror("ada", lost+"step\nserver close\n") // and on, another way
	shows(1, lost+"step\nserver close\n")
	p.lead("c", Act{Kind: ActFreeze, On: true})
	mirror("ada", more)
	shows(1, lost+"step\nserver close\n")
	p.lead("c", Act{Kind: ActFreeze})
	other := "client 192.0.2.1:5 isn 7\nclient connect\nstep\n"
	mirror("ada", other) // and something else altogether
	shows(2, other)
	long := other + strings.Repeat("wait 1ms\n", 3*mirrorMost)
	mirror("ada", long) // more than can be told one by one
	shows(3, long)
	mirror("ada", other)
	shows(3, other)
	p.lead("c", Act{Kind: ActDo, Stage: 3, Do: &Do{Line: "step"}})
	if s := shows(3, other+"step\n"); s.Spotlight.Live || s.Spotlight.Name != "Ada" {
		t.Errorf("in the spotlight is %+v", s.Spotlight)
	}
	mirror("ada", lost)
	shows(3, other+"step\n")
}
