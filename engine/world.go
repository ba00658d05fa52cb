package engine

import (
	"net/netip"
	"slices"

	"github.com/handshakelab/lab/engine/network"
	"github.com/handshakelab/lab/engine/tcp"
)

// Limits of a run.
const (
	MaxEvents = 10_000                 // events of a run; the action that finds so many fails
	MaxCount  = 1000                   // Count of a Step, and the due things that one StepUntil or Wait may take
	MaxWait   = 24 * 3600 * tcp.Second // For of a Wait or a Delay
	MaxFlying = 1000                   // segments on the wire that the learner may add to
	MaxData   = 1460                   // bytes of text that a segment can be given by hand
	MaxSend   = 65535                  // bytes of one send call
)

// A World is a run at one instant: two hosts, the wire between them, and what the run remembers of its past. It is a value
// that only Apply and Do change; copy it with Clone, because an assignment shares what changes.
type World struct {
	setup   *beginning // never changed; shared by all clones
	now     Time
	hosts   [2]tcp.Host
	path    network.Path
	flights []flight   // in the order of their numbers
	log     segmentLog // of segment 1, 2, 3, ...
	told    [2]tellings
	events  int
}

// beginning is what a run starts from.
type beginning struct {
	Setup
	digest    [16]byte
	maxEvents int
}

// tellings counts what the application on a host was told.
type tellings struct {
	errnos  [tcp.NumErrnos]uint16
	notices [8]uint16
}

// of returns the counter of an error, or else of a notice.
func (t *tellings) of(n tcp.Notice, e tcp.Errno) *uint16 {
	if e != tcp.OK {
		return &t.errnos[int(e)%len(t.errnos)]
	}
	return &t.notices[int(n)%len(t.notices)]
}

// New returns the world that s describes, at time 0, with nothing on the wire. An error is a *SetupError.
func New(s Setup) (World, error) {
	if err := s.check(); err != nil {
		return World{}, err
	}
	path, err := network.New(s.Path, s.Seed)
	if err != nil {
		return World{}, &SetupError{"path", err.Error()}
	}
	w := World{setup: &beginning{Setup: s.clone(), maxEvents: MaxEvents}, path: path}
	w.setup.digest = w.setup.Setup.digest()
	for h := Client; h <= Server; h++ {
		host := &w.setup.Hosts[h]
		profile, _ := tcp.ProfileByName(host.Profile)
		profile = profile.On(host.Addr.Addr())
		w.hosts[h] = tcp.NewHost(tcp.HostConfig{
			Addr:    host.Addr,
			Peer:    w.setup.Hosts[other(h)].Addr,
			Profile: profile.With(host.Options),
			ISNs:    host.ISNs,
			Secret:  network.Draw(s.Seed, "secret of "+h.String(), 0),
		})
	}
	return w, nil
}

// Clone returns a copy that lives on its own.
func (w *World) Clone() World {
	var c World
	c.Set(w)
	return c
}

// Set makes w a copy of x that lives on its own, in the memory that w has already: a world that takes one after another
// needs no more once it has held the largest.
func (w *World) Set(x *World) {
	w.setup, w.now, w.events = x.setup, x.now, x.events
	w.log, w.told = x.log, x.told
	for h := range w.hosts {
		w.hosts[h].Set(&x.hosts[h])
	}
	w.path.Set(&x.path)
	w.flights = append(w.flights[:0], x.flights...)
}

// Setup returns what the run started from. It shares its slices with the world: do not change them.
func (w World) Setup() Setup { return w.setup.Setup }

// Host returns a copy of a host as it stands.
func (w *World) Host(h HostID) tcp.Host {
	var c tcp.Host
	c.Set(&w.hosts[h])
	return c
}

// Now returns the time.
func (w World) Now() Time { return w.now }

// Events returns how many events the run has brought so far; the next one gets this number.
func (w World) Events() int { return w.events }

// Segments returns how many segments ever came on the wire; they are numbered from 1.
func (w World) Segments() int { return w.log.count }

// A DueKind says what is due.
type DueKind uint8

// What can be due.
const (
	DueArrival DueKind = iota + 1 // Seg arrives at Host
	DueLoss                       // Seg, on its way to Host, is lost
	DueTimer                      // Timer of Conn of Host fires
	DueBoxes                      // Seg, on its way to Host, meets the boxes of the path
)

// String returns "arrival", "loss", "timer" or "boxes".
func (k DueKind) String() string { return [...]string{"", "arrival", "loss", "timer", "boxes"}[k] }

// A Due is something that will happen by itself.
type Due struct {
	At    Time
	Kind  DueKind
	Host  HostID
	Seg   SegID
	Conn  tcp.ConnID
	Timer tcp.TimerKind
}

// before is the order of due things: by time; what happens on the wire before timers; the client before the server; then
// by number of the segment or the connection, and by timer.
func (d *Due) before(e *Due) bool {
	switch {
	case d.At != e.At:
		return d.At < e.At
	case (d.Kind == DueTimer) != (e.Kind == DueTimer):
		return e.Kind == DueTimer
	case d.Host != e.Host:
		return d.Host < e.Host
	case d.Seg != e.Seg:
		return d.Seg < e.Seg
	case d.Conn != e.Conn:
		return d.Conn < e.Conn
	default:
		return d.Timer < e.Timer
	}
}

// next returns what Step would take next.
func (w *World) next() (next Due, ok bool) {
	boxes := w.path.HasBoxes()
	next.At = Never
	for i := range w.flights {
		f := &w.flights[i]
		if at, kind := f.pending(boxes); at != Never && at <= next.At {
			if d := (Due{At: at, Kind: kind, Host: f.to, Seg: f.id}); d.before(&next) {
				next = d
			}
		}
	}
	for h := Client; h <= Server; h++ {
		if at, conn, timer, runs := w.hosts[h].Next(); runs && at <= next.At {
			if d := (Due{At: at, Kind: DueTimer, Host: h, Conn: conn, Timer: timer}); d.before(&next) {
				next = d
			}
		}
	}
	return next, next.At != Never
}

// Pending returns all that will happen by itself, in the order in which Step takes it. What it brings may come in between.
func (w *World) Pending() []Due {
	var pending []Due
	boxes := w.path.HasBoxes()
	for i := range w.flights {
		f := &w.flights[i]
		if at, kind := f.pending(boxes); at != Never {
			pending = append(pending, Due{At: at, Kind: kind, Host: f.to, Seg: f.id})
		}
	}
	for h := Client; h <= Server; h++ {
		conns := w.hosts[h].Conns()
		for i := range conns {
			for timer, at := range conns[i].Timers {
				if at != Never {
					pending = append(pending, Due{At: at, Kind: DueTimer, Host: h, Conn: conns[i].ID, Timer: tcp.TimerKind(timer)})
				}
			}
		}
	}
	slices.SortFunc(pending, func(a, b Due) int {
		if a.before(&b) {
			return -1
		}
		return 1
	})
	return pending
}

// Quiet reports whether nothing will happen by itself any more: no segment moves and no timer runs. A held segment waits
// for the learner's hand and does not count.
func (w *World) Quiet() bool {
	for i := range w.flights {
		if at, _ := w.flights[i].pending(w.path.HasBoxes()); at != Never {
			return false
		}
	}
	for h := range w.hosts {
		if _, _, _, runs := w.hosts[h].Next(); runs {
			return false
		}
	}
	return true
}

// A View is all that a page may show of an instant. It shares nothing with the world.
type View struct {
	At      Time
	Events  int
	Quiet   bool
	Hosts   [2]HostView
	Flying  []Flight
	Pending []Due
	Rules   []RuleView
}

// A HostView is one host at an instant.
type HostView struct {
	Addr      netip.AddrPort
	Profile   string
	State     tcp.State // of the newest connection, else LISTEN or CLOSED
	Listening bool
	Port      uint16 // of the listener
	Backlog   int
	Conns     []tcp.TCB // oldest first
}

// A RuleView is a rule of the path at an instant.
type RuleView struct {
	Rule network.Rule
	Text string // as the scenario language writes it
	Seen int    // how many segments it has matched
}

// View returns the world as it stands.
func (w *World) View() View {
	v := View{At: w.now, Events: w.events, Quiet: w.Quiet(), Flying: w.Flying(), Pending: w.Pending()}
	for h := range v.Hosts {
		host := &w.hosts[h]
		port, backlog, listening := host.Listening()
		v.Hosts[h] = HostView{
			Addr:      w.setup.Hosts[h].Addr,
			Profile:   w.setup.Hosts[h].Profile,
			State:     host.State(),
			Listening: listening,
			Port:      port,
			Backlog:   backlog,
			Conns:     slices.Clone(host.Conns()),
		}
	}
	for n := 1; n <= w.path.NumRules(); n++ {
		r, seen, text := w.path.Rule(n)
		v.Rules = append(v.Rules, RuleView{r, text, seen})
	}
	return v
}
