package live_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/handshakelab/lab/server/jetstream"
	"github.com/handshakelab/lab/web/live"
	"github.com/handshakelab/lab/web/store"
)

const lost = `client 192.0.2.10:52431 isn 1000 rto 10s
server 198.51.100.20:80 isn 5000
delay 50ms
server listen
client connect
step until SYN-ACK sent
`

func openStore(t testing.TB) *jetstream.Store {
	t.Helper()
	s, err := jetstream.Open(t.Context(), jetstream.Options{Folder: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

func openHub(t testing.TB, cfg live.Config) *live.Hub {
	h := live.NewHub(cfg)
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		h.Close(ctx)
	})
	return h
}

// What two nodes make of one log is the same, and an act is done once wherever it is tried again.
func TestAct(t *testing.T) {
	s := openStore(t)
	one, two := openHub(t, live.Config{Store: s}), openHub(t, live.Config{Store: s})
	ctx := t.Context()
	act := func(h *live.Hub, a live.Act) (uint64, error) {
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
	code := func(err error) live.Code {
		var f *live.ErrorFrame
		if errors.As(err, &f) {
			return live.Code(f.Code)
		}
		return live.Code(fmt.Sprint(err))
	}
	pushed := must(act(one, live.Act{ID: "a", Kind: live.ActPush, Scenario: lost, Title: "Lost"}))
	must(act(two, live.Act{ID: "b", Kind: live.ActDrive, Drivers: []live.Driver{{Member: "ada", Role: live.RoleClient}, {Member: "bob", Role: live.RoleNetwork}}}))
	if again := must(act(two, live.Act{ID: "a", Kind: live.ActPush, Scenario: lost, Title: "Lost"})); again != pushed {
		t.Errorf("the same act again is entry %d, and was %d", again, pushed)
	}
	do := func(by, id, line string) live.Act {
		return live.Act{By: by, ID: id, Kind: live.ActDo, Stage: 1, Do: &live.Do{Line: line}}
	}
	must(act(one, do("bob", "1", "drop SYN-ACK")))
	must(act(two, do("ada", "1", "client close")))
	for _, test := range []struct {
		act  live.Act
		want live.Code
	}{
		{do("ada", "2", "server accept"), live.Forbidden},
		{do("ada", "3", "step"), live.Forbidden},
		{do("eve", "1", "step"), live.Forbidden},
		{do("bob", "2", "drop SYN-ACK"), "segment_gone"},
		{do("bob", "3", "dorp SYN-ACK"), "unknown-verb"},
		{live.Act{By: "ada", ID: "4", Kind: live.ActEnd}, live.Forbidden},
		{live.Act{ID: "c", Kind: live.ActPush, Scenario: "fly"}, "unknown-verb"},
		{live.Act{ID: "d", Kind: live.ActFreeze, Seen: pushed}, live.Stale},
	} {
		if _, err := act(two, test.act); code(err) != test.want {
			t.Errorf("%+v: %v, want %s", test.act, err, test.want)
		}
	}
	asked := must(act(two, live.Act{ID: "e", Kind: live.ActAsk, Text: "And now?", Form: live.FormText}))
	for _, h := range []*live.Hub{one, two} {
		var state live.RoomState
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
	must(act(one, live.Act{ID: "f", Kind: live.ActEnd}))
	if _, err := act(one, live.Act{ID: "g", Kind: live.ActFreeze}); code(err) != live.Ended {
		t.Errorf("an act behind the end: %v", err)
	}
}
