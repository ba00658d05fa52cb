package live

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"github.com/handshakelab/lab/web/store"
	"pgregory.net/rapid"
)

// A pupil is a page in a room, as a browser keeps it: what it was told, and the command that was not answered yet.
type pupil struct {
	t     *rapid.T
	who   string
	tab   string
	id    int64
	ws    *websocket.Conn // nil: no connection
	seq   uint64
	run   string
	n     int64
	nodes map[int]string    // frames of the run
	dones map[uint64]string // likewise, by the entry
	last  *frame            // the newest done
	asked map[string]any    // a command on its way
	acted map[string]uint64 // commands that were done, and the entry
}

func (p *pupil) connect(to *place) {
	header := to.header()
	header.Set("Cookie", "who="+p.who)
	ws, _, err := websocket.DefaultDialer.Dial(to.url(), header)
	if err != nil {
		p.t.Fatal(err)
	}
	p.ws = ws
	p.id++
	enter := map[string]any{"type": "enter", "id": p.id, "room": "c", "tab": p.tab}
	if p.run != "" {
		enter["run"], enter["after"] = p.run, p.n
	}
	p.send(enter)
	p.until(func(f *frame) bool { return f.Type == "room" })
	if p.asked != nil {
		p.send(p.asked)
	}
}

func (p *pupil) send(v map[string]any) {
	b, _ := json.Marshal(v)
	if err := p.ws.WriteMessage(websocket.TextMessage, b); err != nil {
		p.t.Fatal(err)
	}
}

// until takes frames in up to the one that is wanted.
func (p *pupil) until(is func(*frame) bool) {
	for {
		p.ws.SetReadDeadline(time.Now().Add(10 * time.Second))
		_, raw, err := p.ws.ReadMessage()
		if err != nil {
			p.t.Fatalf("%s: %v", p.who, err)
		}
		f := &frame{raw: raw}
		if err := json.Unmarshal(raw, f); err != nil {
			p.t.Fatal(err)
		}
		p.take(f)
		if is(f) {
			return
		}
	}
}

func (p *pupil) take(f *frame) {
	done := func(d *frame, text string) {
		p.dones[uint64(d.Re)], p.last = text, d
		p.seq = max(p.seq, uint64(d.Re))
	}
	node := func(f *frame, text string) {
		if was, ok := p.nodes[f.Node]; ok && was != text {
			p.t.Fatalf("%s: node %d was\n%s\nand is\n%s", p.who, f.Node, was, text)
		}
		p.nodes[f.Node] = text
	}
	switch f.Type {
	case "room":
		p.seq = max(p.seq, f.Seq)
		if f.Run != p.run {
			p.run, p.n, p.nodes, p.dones, p.last = f.Run, -1, map[int]string{}, map[uint64]string{}, nil
		}
	case "node", "done":
		if f.Run != p.run || f.N <= p.n {
			break
		}
		if f.N != p.n+1 {
			p.t.Fatalf("%s: frame %d of %s came behind %d", p.who, f.N, f.Run, p.n)
		}
		p.n = f.N
		if f.Type == "node" {
			node(f, string(f.raw))
		} else {
			done(f, string(f.raw))
		}
	case "snapshot":
		var s struct {
			Nodes []json.RawMessage
			Done  json.RawMessage
		}
		if err := json.Unmarshal(f.raw, &s); err != nil {
			p.t.Fatal(err)
		}
		if f.Run != p.run {
			break // of a run that was shown before: the newest state overtakes what is queued
		}
		p.n = f.N
		for i := range s.Nodes {
			node(&f.Nodes[i], string(s.Nodes[i]))
		}
		done(f.Done, string(s.Done))
	case "acted":
		p.acted[fmt.Sprint(p.tab, "-", f.Re)] = f.Seq
		p.asked = nil
		p.seq = max(p.seq, f.Seq)
	case "error":
		p.asked = nil
	}
}

func (p *pupil) answered() {
	if p.asked != nil {
		p.until(func(f *frame) bool { return f.Type == "acted" || f.Type == "error" })
	}
}

// Whoever acts on whatever node, and however often they lose the connection in the middle: everybody sees the same frames with the
// same numbers, which are those that the log brings forth, and what was answered is in the log once.
func TestOneOrder(t *testing.T) {
	nodes := nodes(t, 2, Config{})
	check := 0
	rapid.Check(t, func(rt *rapid.T) {
		check++
		if err := nodes[0].hub.cfg.Store.Erase(rt.Context(), logOf("c")); err != nil {
			rt.Fatal(err)
		}
		for _, n := range nodes { // as after a restart
			n.hub.mu.Lock()
			for _, r := range n.hub.rooms {
				n.hub.closeRoom(r)
			}
			n.hub.mu.Unlock()
		}
		node := func() *place { return nodes[rapid.IntRange(0, len(nodes)-1).Draw(rt, "node")] }
		lead := func(a Act) {
			a.ID, a.Seen = newID(), store.Anywhere
			if _, err := node().hub.Act(rt.Context(), "c", a); err != nil {
				rt.Fatalf("%+v: %v", a, err)
			}
		}
		lead(Act{Kind: ActPush, Scenario: lost})
		lead(Act{Kind: ActDrive, Drivers: []Driver{{Member: "ada", Role: RoleAll}, {Member: "bob", Role: RoleAll}}})
		pupils := []*pupil{}
		for _, who := range []string{"ada", "bob", "teacher", "eve"} {
			p := &pupil{t: rt, who: who, tab: fmt.Sprintf("%s%d", who, check), acted: map[string]uint64{}}
			p.connect(node())
			pupils = append(pupils, p)
		}
		defer func() {
			for _, p := range pupils {
				p.ws.Close()
			}
		}()
		one := func() *pupil { return pupils[rapid.IntRange(0, len(pupils)-1).Draw(rt, "pupil")] }
		act := func(p *pupil) {
			p.answered()
			p.id++
			p.asked = map[string]any{"type": "do", "id": p.id, "run": p.run, "seen": p.seq,
				"line":  rapid.SampledFrom([]string{"step", "drop SYN-ACK", "client close", "wait 10ms", "server accept"}).Draw(rt, "line"),
				"ahead": rapid.IntRange(0, 3).Draw(rt, "ahead") == 0}
			if at := rapid.IntRange(-1, 5).Draw(rt, "at"); at >= 0 {
				p.asked["at"] = at
			}
			p.send(p.asked)
		}
		rt.Repeat(map[string]func(*rapid.T){
			"act":    func(*rapid.T) { act(one()) },
			"act 2":  func(*rapid.T) { act(one()) },
			"listen": func(*rapid.T) { one().answered() },
			"go elsewhere": func(*rapid.T) {
				p := one()
				p.ws.Close() // perhaps before the answer
				p.connect(node())
			},
			"push": func(*rapid.T) {
				if rapid.IntRange(0, 5).Draw(rt, "push") == 0 {
					lead(Act{Kind: ActPush, Scenario: lost})
				} else {
					lead(Act{Kind: ActFreeze, On: rapid.Bool().Draw(rt, "on")})
				}
			},
		})
		for _, p := range pupils {
			p.answered()
		}
		lead(Act{Kind: ActFreeze})
		end, err := nodes[0].hub.cfg.Store.Last(rt.Context(), logOf("c"))
		if err != nil {
			rt.Fatal(err)
		}
		entries := map[string][]uint64{}
		for e, err := range nodes[0].hub.cfg.Store.Read(rt.Context(), logOf("c"), 0) {
			a, fault := decodeAct(e.Data)
			if err != nil || fault != nil {
				rt.Fatal(err, fault)
			}
			entries[a.ID] = append(entries[a.ID], e.Seq)
		}
		truth := &pupil{t: rt, who: "late", tab: "late", acted: map[string]uint64{}}
		truth.connect(nodes[0])
		defer truth.ws.Close()
		truth.until(func(*frame) bool { return truth.seq >= end && truth.last != nil })
		for _, p := range pupils {
			// The newest state may overtake frames of the run.
			all := func() bool { return p.seq >= end && p.run == truth.run && p.n >= truth.n }
			if !all() {
				p.until(func(*frame) bool { return all() })
			}
			for key, seq := range p.acted {
				if got := entries[key]; len(got) != 1 || got[0] != seq {
					rt.Fatalf("%s was told that %s is entry %d; the log has it at %v", p.who, key, seq, got)
				}
			}
		}
		for _, p := range pupils {
			if p.run != truth.run || p.n != truth.n || fmt.Sprint(p.nodes) != fmt.Sprint(truth.nodes) || string(p.last.Digest) != truth.last.Digest {
				rt.Fatalf("%s has %s up to %d, %d nodes, %s; the log says %s up to %d, %d nodes, %s", p.who, p.run, p.n, len(p.nodes), p.last.Digest, truth.run, truth.n, len(truth.nodes), truth.last.Digest)
			}
			for seq, done := range p.dones {
				for _, q := range pupils {
					if other, ok := q.dones[seq]; ok && other != done {
						rt.Fatalf("entry %d is\n%s\nfor %s and\n%s\nfor %s", seq, done, p.who, other, q.who)
					}
				}
			}
		}
	})
}
