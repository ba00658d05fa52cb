// Package flood plays a SYN flood against a listener, and counts: how the SYN queue fills, what becomes of one honest client, and
// what the SYN cookie that lets it in is made of. The engine does all of it; a run takes milliseconds and is the same each time.
package flood

import (
	"fmt"
	"strings"

	"github.com/handshakelab/lab/engine"
	"github.com/handshakelab/lab/engine/rule"
	"github.com/handshakelab/lab/engine/script"
	"github.com/handshakelab/lab/engine/tcp"
	"github.com/handshakelab/lab/engine/wire"
)

// Bounds of Params. A run must stay below what the engine allows of events.
const (
	MinRate, MaxRate       = 1, 50
	MinBacklog, MaxBacklog = 1, 64
	Length                 = 10 * tcp.Second // of a run
	Honest                 = 2 * tcp.Second  // when the honest client connects

	// The server has been up for so long when the flood begins, so that the minute in a cookie is a number that one can see.
	// All times are from there on.
	up = 37 * 60 * tcp.Second
)

// Params say what is played.
type Params struct {
	Rate    int  // SYNs a second, from addresses that never answer
	Backlog int  // of the listener
	Cookies bool // SYN cookies when the queue is full
}

// Default is what the page shows at first.
var Default = Params{Rate: 10, Backlog: 16}

// Check returns what is wrong with p, a sentence, or "".
func (p Params) Check() string {
	switch {
	case p.Rate < MinRate || p.Rate > MaxRate:
		return fmt.Sprintf("The rate must be a number from %d to %d.", MinRate, MaxRate)
	case p.Backlog < MinBacklog || p.Backlog > MaxBacklog:
		return fmt.Sprintf("The backlog must be a number from %d to %d.", MinBacklog, MaxBacklog)
	}
	return ""
}

// A Result is a run of a flood, as a page shows it. Times are in microseconds.
type Result struct {
	Params  Params   `json:"-"`
	Length  int64    `json:"length"`
	Room    int      `json:"room"` // for half-made connections in the SYN queue
	Samples []Sample `json:"samples"`
	Client  Client   `json:"client"`
	Cookie  *Cookie  `json:"cookie"` // of the honest client, nil when it got none
}

// A Sample is how things stand from an instant on; there is one for each instant at which something changed.
type Sample struct {
	At      int64 `json:"at"`
	Queue   int   `json:"queue"`   // half-made connections
	SYNs    int   `json:"syns"`    // that arrived, those of the honest client too
	Dropped int   `json:"dropped"` // of these
	Cookies int   `json:"cookies"` // SYN-ACKs that are cookies
}

// A Client is what becomes of the honest one.
type Client struct {
	SYNs      []int64 `json:"syns"`      // when it sends one
	Connected int64   `json:"connected"` // when it is ESTABLISHED, 0 for never
	Served    int64   `json:"served"`    // when the server has the connection for accept(), 0 for never
}

// A Cookie is a SYN cookie and its parts. Number is the sum of Hash, ISN, Minute × 2^24 and Low, modulo 2^32.
type Cookie struct {
	At     int64     `json:"at"`
	Number uint32    `json:"number"`
	Hash   uint32    `json:"hash"` // of addresses, ports and the secret
	ISN    uint32    `json:"isn"`  // the client's
	Minute uint32    `json:"minute"`
	Low    uint32    `json:"low"`   // 24 bits: another hash, with the minute in it, plus Index
	Index  int       `json:"index"` // of the MSS in the table
	MSS    int       `json:"mss"`
	Table  [4]uint16 `json:"table"`

	TSVal  uint32 `json:"tsval"`  // of the SYN-ACK; the rest has a meaning only with timestamps
	Stamp  bool   `json:"stamp"`  // whether there are timestamps
	Offset uint32 `json:"offset"` // what hides the clock in TSVal
	Scale  int    `json:"scale"`  // 15: none
	SACK   bool   `json:"sack"`
	ECN    bool   `json:"ecn"`
}

// Bits are the lowest six bits of the clock: ECN, SACK, four of the window scale.
func (c *Cookie) Bits() string { return fmt.Sprintf("%06b", (c.TSVal-c.Offset)&63) }

// Rest is the cookie without its first hash and the client's number: eight bits of the minute and 24 of Low.
func (c *Cookie) Rest() string {
	s := fmt.Sprintf("%032b", c.Number-c.Hash-c.ISN)
	return s[:8] + " " + s[8:]
}

// LowHash is the hash in Low.
func (c *Cookie) LowHash() uint32 { return (c.Low - uint32(c.Index)) & 0xffffff }

// Scenario is the set-up of a flood as text.
func Scenario(p Params) string {
	cookies := 0
	if p.Cookies {
		cookies = 1
	}
	return fmt.Sprintf("client 192.0.2.10:52431 isn 1000 profile linux\nserver 198.51.100.20:80 profile linux syncookies %d max-syn-backlog 256\ndelay 50ms\nserver listen backlog %d\nwait %s\n", cookies, p.Backlog, up)
}

// forged is the line for the SYN number n of the flood. Its address is one of those that are for tests (RFC 2544).
func forged(n int) string {
	return fmt.Sprintf("forge to server SYN src=198.18.%d.%d sport=%d seq=%d", n/250, 1+n%250, 1024+n, 1000*n)
}

// Run plays a flood. Its parameters must have passed Check.
func Run(p Params) (*Result, error) {
	sc, faults := script.Parse(Scenario(p))
	if err := faults.Err(); err != nil {
		return nil, err
	}
	w, _, faults := script.Run(sc)
	if err := faults.Err(); err != nil {
		return nil, err
	}
	r := &Result{Params: p, Length: int64(Length)}
	t := tally{r: r, half: map[tcp.ConnID]bool{}, syns: map[engine.SegID]bool{}}
	gap := tcp.Second / engine.Time(p.Rate)
	apply := func(line string) error {
		a, fault := script.ParseAction(line)
		if fault != nil {
			return fault
		}
		events, err := w.Apply(a)
		t.take(events)
		return err
	}
	wait := func(to engine.Time) error {
		if up+to <= w.Now() {
			return nil
		}
		events, err := w.Apply(engine.Action{Kind: engine.Wait, For: up + to - w.Now()})
		t.take(events)
		return err
	}
	honest := false
	for n := 0; engine.Time(n)*gap < Length; n++ {
		at := engine.Time(n) * gap
		if !honest && at >= Honest {
			honest = true
			if err := wait(Honest); err != nil {
				return nil, err
			}
			if err := apply("client connect"); err != nil {
				return nil, err
			}
		}
		if err := wait(at); err != nil {
			return nil, err
		}
		if err := apply(forged(n)); err != nil {
			return nil, err
		}
	}
	if err := wait(Length); err != nil {
		return nil, err
	}
	r.Room = t.room(&sc.Setup, p)
	return r, nil
}

// A tally follows the events of a run.
type tally struct {
	r      *Result
	now    Sample
	half   map[tcp.ConnID]bool // the server's connections in SYN-RECEIVED
	syns   map[engine.SegID]bool
	mine   engine.SegID // the newest SYN of the honest client
	cookie *Cookie      // the one that is being made
}

func (t *tally) take(events []engine.Event) {
	for i := range events {
		e := &events[i]
		before := t.now
		switch {
		case e.Kind == engine.Forged:
			t.syns[e.Seg] = true
		case e.Host == engine.Client && e.Kind == engine.Sent && e.Wire.Flags.Has(wire.SYN):
			t.r.Client.SYNs = append(t.r.Client.SYNs, since(e.At))
			t.mine, t.syns[e.Seg] = e.Seg, true
		case e.Host == engine.Client && e.Kind == engine.Changed && e.To == tcp.Established:
			t.r.Client.Connected = since(e.At)
		case e.Host != engine.Server:
		case e.Kind == engine.Told && e.Notice == tcp.Acceptable && t.r.Client.Served == 0:
			t.r.Client.Served = since(e.At)
		case e.Kind == engine.Arrived && t.syns[e.Seg]:
			t.now.SYNs++
		case e.Kind == engine.Changed && e.To == tcp.SynReceived && e.Rule != rule.CookieGood:
			t.half[e.Conn] = true
			t.now.Queue = len(t.half)
		case e.Kind == engine.Changed && e.From == tcp.SynReceived || e.Kind == engine.Removed:
			delete(t.half, e.Conn)
			t.now.Queue = len(t.half)
		case e.Kind == engine.Discarded && (e.Rule == rule.SynQueue || e.Rule == rule.SynBacklog):
			t.now.Dropped++
		case e.Kind == engine.Checked && e.Seg == t.mine:
			t.made(e)
		}
		if e.Host == engine.Server && e.Kind == engine.Sent && e.Rule == rule.CookieSent {
			t.now.Cookies++
			if t.cookie != nil {
				t.cookie.TSVal = e.Wire.Options.Parse().TSVal
				t.r.Cookie, t.cookie = t.cookie, nil
			}
		}
		if t.now != before {
			t.sample(since(e.At))
		}
	}
}

// since is the time from the beginning of the flood on.
func since(at engine.Time) int64 { return int64(at - up) }

func (t *tally) sample(at int64) {
	t.now.At = at
	if n := len(t.r.Samples); n > 0 && t.r.Samples[n-1].At == at {
		t.r.Samples[n-1] = t.now
		return
	}
	t.r.Samples = append(t.r.Samples, t.now)
}

// made reads the parts of a cookie off the checks that tell of them.
func (t *tally) made(e *engine.Event) {
	a := e.Args
	switch e.Rule {
	case rule.CookieSent:
		t.cookie = &Cookie{At: since(e.At), Number: uint32(a[0]), Index: int(a[1]), MSS: int(a[2]), Table: tcp.CookieMSS(false)}
	case rule.CookieSum:
		t.cookie.Hash, t.cookie.ISN, t.cookie.Minute, t.cookie.Low = uint32(a[0]), uint32(a[1]), uint32(a[2]), uint32(a[3])
	case rule.CookieTimestamp:
		t.cookie.Stamp, t.cookie.Offset, t.cookie.Scale, t.cookie.SACK, t.cookie.ECN = true, uint32(a[0]), int(a[1]), a[2] != 0, a[3] != 0
	}
}

// room is how many half-made connections there can be.
func (t *tally) room(s *engine.Setup, p Params) int {
	profile, _ := tcp.ProfileByName(s.Hosts[engine.Server].Profile)
	return p.Backlog + int(profile.SynQueueRoom)
}

// QueuePath draws how full the queue is as the path of a diagram of the given size.
func (r *Result) QueuePath(width, height int) string {
	var b strings.Builder
	x := func(at int64) float64 { return float64(at) * float64(width) / float64(r.Length) }
	y := func(n int) float64 { return float64(height) * (1 - float64(n)/float64(r.Room)) }
	fmt.Fprintf(&b, "M0 %d", height)
	last := 0
	for _, s := range r.Samples {
		if s.Queue != last {
			fmt.Fprintf(&b, "H%.1fV%.1f", x(s.At), y(s.Queue))
			last = s.Queue
		}
	}
	fmt.Fprintf(&b, "H%dV%dZ", width, height)
	return b.String()
}

// Last is how things stand at the end.
func (r *Result) Last() Sample {
	if len(r.Samples) == 0 {
		return Sample{}
	}
	return r.Samples[len(r.Samples)-1]
}
