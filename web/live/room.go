package live

import (
	"encoding/json"
	"slices"
	"strconv"

	"github.com/handshakelab/lab/engine"
	"github.com/handshakelab/lab/engine/script"
	"github.com/handshakelab/lab/web/store"
)

// An Act is an entry of the log of a room: one thing that somebody did. Which fields it has depends on its Kind.
type Act struct {
	By   string  `json:"by,omitempty"` // ID of a member; "" is the instructor
	ID   string  `json:"id"`           // drawn by who acts, of letters, digits, "-" and "_": the same Act with the same ID is done once
	Kind ActKind `json:"kind"`

	// Seen is the Seq of the room that the actor has seen. The Act fails when others were faster; with store.Anywhere it comes behind
	// whatever they did.
	Seen uint64 `json:"-"`

	// ActPush and ActSpotlight
	Lesson   string `json:"lesson,omitempty"`
	Block    string `json:"block,omitempty"`
	Scenario string `json:"scenario,omitempty"` // with a Block, filled in by Hub.Act
	Title    string `json:"title,omitempty"`
	Ahead    bool   `json:"ahead,omitempty"`
	Commands []Do   `json:"commands,omitempty"`

	// ActDo
	Stage int `json:"stage,omitempty"`
	Do    *Do `json:"do,omitempty"`

	// ActFreeze
	On bool `json:"on,omitempty"`

	// ActDrive
	Drivers []Driver `json:"drivers,omitempty"`

	// ActSpotlight
	Member string `json:"member,omitempty"`
	Name   string `json:"name,omitempty"`

	// ActAsk and ActReveal
	Question  int      `json:"question,omitempty"` // its number, from 1; in an ActAsk filled in by Hub.Act
	Text      string   `json:"text,omitempty"`
	Form      Form     `json:"form,omitempty"`
	Options   []string `json:"options,omitempty"`
	Histogram []Bar    `json:"histogram,omitempty"`
}

// ActKind says what an Act does.
type ActKind string

// The kinds of acts. All but ActDo are for the instructor.
const (
	ActPush      ActKind = "push"      // with a Block or a Scenario begins a new shared run; a Lesson alone asks everybody to open its page
	ActDo        ActKind = "do"        // Do on the run of a Stage
	ActFreeze    ActKind = "freeze"    // On: only the instructor may do anything
	ActDrive     ActKind = "drive"     // from now on the Drivers, and no others, may act on the shared run
	ActSpotlight ActKind = "spotlight" // begins a new shared run, which is a copy of the one of Member, called Name
	ActAsk       ActKind = "ask"       // Text, with a Form
	ActReveal    ActKind = "reveal"    // shows the Histogram of a Question
	ActEnd       ActKind = "end"       // nothing comes behind it
)

// Bounds of an Act, in bytes or elements.
const (
	maxTitle   = 200
	maxText    = 2000
	maxDrivers = 16
	maxOptions = 12
	maxBars    = 100
)

// key names an act for good.
func (a *Act) key() string { return a.By + "/" + a.ID }

// begins reports whether a shared run begins with it.
func (a *Act) begins() bool { return a.Scenario != "" }

// A ledger is what the log of a room says. It depends on nothing but the entries, so it is the same wherever they are read.
type ledger struct {
	RoomState
	at    int               // node at which the shared run stands
	dos   int               // entries that went into the shared run
	asked int               // questions
	seqs  map[string]uint64 // of all entries, by their keys
}

func newLedger(room string) *ledger {
	return &ledger{RoomState: RoomState{Room: room, Drivers: []Driver{}}, seqs: map[string]uint64{}}
}

// check says why an act would not count if it were the next entry, or nil. The engine's part of it, whether a scenario or a line is
// good, is not asked here.
func (l *ledger) check(a *Act) *ErrorFrame {
	switch {
	case !store.Valid(a.ID):
		return wrong("id", "an act wants an ID of letters, digits, - and _")
	case l.Ended:
		return refuse(Ended, "the class is over")
	case a.Kind == ActDo:
		return l.checkDo(a)
	case a.By != "":
		return refuse(Forbidden, "only the instructor may do this")
	}
	switch a.Kind {
	case ActPush, ActSpotlight:
		return l.checkPush(a)
	case ActFreeze, ActEnd:
		return nil
	case ActDrive:
		return checkDrivers(a.Drivers)
	case ActAsk:
		return l.checkAsk(a)
	case ActReveal:
		return l.checkReveal(a)
	}
	return wrong("kind", "there is no act %q", shorten(string(a.Kind)))
}

func wrong(field, format string, args ...any) *ErrorFrame {
	f := refuse(BadField, format, args...)
	f.Field = field
	return f
}

func (l *ledger) checkPush(a *Act) *ErrorFrame {
	switch {
	case !a.begins() && (a.Kind == ActSpotlight || a.Lesson == ""):
		return wrong("scenario", "there is nothing to show: no scenario and no lesson")
	case !a.begins() && (a.Block != "" || len(a.Commands) > 0):
		return wrong("scenario", "a run wants a scenario")
	case len(a.Scenario) > MaxFrame:
		return wrong("scenario", "the scenario has more than %d bytes", MaxFrame)
	case len(a.Title) > maxTitle || len(a.Name) > maxTitle || len(a.Lesson) > maxTitle || len(a.Block) > maxTitle:
		return wrong("title", "a title has at most %d bytes", maxTitle)
	case len(a.Commands) > MaxCommands:
		return wrong("commands", "a run begins with at most %d commands", MaxCommands)
	case a.Kind == ActSpotlight && !store.Valid(a.Member):
		return wrong("member", "there is no such member")
	}
	return nil
}

func checkDrivers(drivers []Driver) *ErrorFrame {
	if len(drivers) > maxDrivers {
		return wrong("drivers", "at most %d drive at once", maxDrivers)
	}
	for i, d := range drivers {
		taken := func(e Driver) bool { return e.Member == d.Member || e.Role == d.Role && d.Role != RoleAll }
		switch {
		case !store.Valid(d.Member) || len(d.Name) > maxTitle:
			return wrong("drivers", "there is no such member")
		case d.Role != RoleAll && d.Role != RoleClient && d.Role != RoleServer && d.Role != RoleNetwork:
			return wrong("drivers", "there is no role %q", shorten(string(d.Role)))
		case slices.ContainsFunc(drivers[:i], taken):
			return wrong("drivers", "a member has one role, and client, server and network have one member each")
		}
	}
	return nil
}

func (l *ledger) checkAsk(a *Act) *ErrorFrame {
	switch {
	case a.Question != l.asked+1:
		return wrong("question", "the next question is number %d", l.asked+1)
	case a.Text == "" || len(a.Text) > maxText:
		return wrong("text", "a question has 1 to %d bytes", maxText)
	case a.Form == FormOne && (len(a.Options) < 2 || len(a.Options) > maxOptions):
		return wrong("options", "there are 2 to %d answers to choose from", maxOptions)
	case a.Form != FormOne && len(a.Options) > 0:
		return wrong("options", "only a question of the form %q has answers to choose from", FormOne)
	case a.Form != FormOne && a.Form != FormText && a.Form != FormNumber && a.Form != FormRun:
		return wrong("form", "there is no form %q", shorten(string(a.Form)))
	case a.Form == FormRun && l.Run == "":
		return wrong("form", "there is no run to predict")
	}
	for i, o := range a.Options {
		if o == "" || len(o) > maxTitle || slices.Contains(a.Options[:i], o) {
			return wrong("options", "answers to choose from differ, and have 1 to %d bytes", maxTitle)
		}
	}
	return nil
}

func (l *ledger) checkReveal(a *Act) *ErrorFrame {
	if a.Question < 1 || a.Question != l.asked {
		return wrong("question", "the newest question is number %d", l.asked)
	}
	if len(a.Histogram) > maxBars {
		return wrong("histogram", "a histogram has at most %d bars", maxBars)
	}
	for _, b := range a.Histogram {
		if len(b.Value) > maxTitle || b.Count < 0 {
			return wrong("histogram", "a bar has at most %d bytes, and is not negative", maxTitle)
		}
	}
	return nil
}

// checkDo is the referee.
func (l *ledger) checkDo(a *Act) *ErrorFrame {
	switch {
	case a.Do == nil:
		return wrong("do", "there is nothing to do")
	case l.Run == "" || a.Stage != l.Stage:
		return refuse(Stale, "another run is shown now")
	case l.dos >= maxRunNodes:
		return refuse(TooMany, "the run has %d commands; show it anew", l.dos)
	}
	if a.By == "" {
		return nil
	}
	i := slices.IndexFunc(l.Drivers, func(d Driver) bool { return d.Member == a.By })
	switch {
	case l.shows(a.By) && !l.Frozen:
		return nil // they act on their own run, and this is the copy of it
	case i < 0 && !l.shows(a.By):
		return refuse(Forbidden, "the instructor drives; you can branch off and try it on your own")
	case l.Frozen:
		return refuse(Frozen, "the instructor has frozen the run")
	}
	role := l.Drivers[i].Role
	if role == RoleAll {
		return nil
	}
	if a.Do.Line != "" {
		action, d := script.ParseAction(a.Do.Line)
		if d != nil {
			return explain(d, nil)
		}
		if whose := roleFor(&action); whose != role && whose != "" {
			return refuse(Forbidden, "you have the %s; %q is for who has the %s", role, shorten(a.Do.Line), whose)
		} else if whose != "" && !l.moves(a.Do) {
			return nil
		}
	}
	network := func(d Driver) bool { return d.Role == RoleNetwork }
	if role != RoleNetwork && slices.ContainsFunc(l.Drivers, network) {
		return refuse(Forbidden, "time is moved by who has the network")
	}
	return nil
}

// shows reports whether what a member does on a run of their own is shown to everybody.
func (l *ledger) shows(member string) bool {
	return l.Spotlight != nil && l.Spotlight.Live && l.Spotlight.Member == member
}

// moves reports whether a command moves time beside its line.
func (l *ledger) moves(do *Do) bool {
	return do.Wait > 0 || do.Ahead || do.At != nil && *do.At != l.at
}

// roleFor says whose an action is; "" for those that let time pass, or only look.
func roleFor(a *engine.Action) Role {
	switch a.Kind {
	case engine.Step, engine.StepUntil, engine.Wait, engine.Expect:
		return ""
	case engine.Call:
		if a.Host == engine.Server {
			return RoleServer
		}
		return RoleClient
	}
	return RoleNetwork
}

// enter makes an act that was checked the newest entry.
func (l *ledger) enter(seq uint64, a *Act) {
	l.Seq = seq
	l.seqs[a.key()] = seq
	switch a.Kind {
	case ActDo:
		l.dos++
		if s := l.Spotlight; s != nil && s.Live && s.Member != a.By {
			l.Spotlight = &Spotlight{Member: s.Member, Name: s.Name}
		}
	case ActPush, ActSpotlight:
		l.Lesson, l.Block, l.Title, l.Run, l.Spotlight = a.Lesson, a.Block, a.Title, "", nil
		if a.Kind == ActSpotlight {
			l.Spotlight = &Spotlight{a.Member, a.Name, true}
		}
		if a.begins() {
			l.Stage++
			l.Run = l.Room + "." + strconv.Itoa(l.Stage)
			l.dos = 0
		}
	case ActFreeze:
		l.Frozen = a.On
	case ActDrive:
		l.Drivers = append([]Driver{}, a.Drivers...)
	case ActAsk:
		l.asked = a.Question
		l.Question, l.Histogram = &Question{a.Question, a.Text, a.Form, a.Options}, nil
	case ActReveal:
		l.Histogram = append([]Bar{}, a.Histogram...)
	case ActEnd:
		l.Ended = true
	}
}

// pass counts an entry that means nothing: one that cannot be read, was there before or does not hold.
func (l *ledger) pass(seq uint64) { l.Seq = seq }

func decodeAct(data []byte) (*Act, error) {
	a := new(Act)
	return a, json.Unmarshal(data, a)
}
