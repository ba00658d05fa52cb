package live

import (
	"bytes"
	"encoding/binary"
	"errors"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
	"unique"

	"github.com/handshakelab/lab/engine"
	"github.com/handshakelab/lab/engine/diag"
	"github.com/handshakelab/lab/engine/script"
	"github.com/handshakelab/lab/engine/tcp"
)

// Bounds of one run. What falls out of the log is sent as a snapshot, and the nodes bound the snapshot.
const (
	maxRunNodes = 10_000
	maxLog      = 512       // frames
	maxLogBytes = 96 << 10  // of the frames in the log
	maxResults  = 64        // executed commands that can be answered again
	lookAhead   = 200       // due things that running ahead takes when a run never becomes quiet
	maxHistory  = 256 << 10 // bytes of what was done; a run with more is not parked
	forgetful   = 1000      // nodes up to which a run forgets its events: who wants them again waits for a replay
)

// sheets are where frames are written. A command brings many, and a run that waits for the next one needs no sheet.
var sheets = sync.Pool{New: func() any { return new(sheet) }}

// A sheet has frames one behind the other.
type sheet struct {
	buf   []byte
	ends  []int
	state []byte // a world as its digest reads it
}

// A run is one run of the engine and those who follow it. It lives in the hub, whoever comes and goes. What it is made of is kept
// for as long as it lives; what comes of that, only while somebody follows it.
type run struct {
	id        string
	followers atomic.Int32 // len(following), to be read without the lock

	// Owned by the hub, under its lock.
	used  time.Time
	nodes int

	mu        sync.Mutex
	text      unique.Handle[string] // the scenario; a class opens the same one
	opening   OpenCommand           // without the scenario
	history   []byte                // what was done, as appendDone writes it
	following []follower
	gone      bool // the hub has forgotten it
	*played
}

// A played is what comes of a run: nil while it is parked.
type played struct {
	tl       *engine.Timeline
	start    []byte // fields of frame 0 from "node" on
	told     []told // of each node
	next     int64  // number of the next frame
	log      [][]byte
	logBytes int
	results  []result // of the newest commands; a new one takes the place of the oldest
	oldest   int
	lastID   int64
	done     []byte // the newest done frame
	snap     []byte // a snapshot, as long as it is one; several want it
	*sheet          // while a command is done
}

// told is what the frame of a node says beside what the timeline keeps at hand.
type told struct {
	n    int64
	at   engine.Time
	line string
}

// A result is the answer to a command that was executed.
type result struct {
	id   int64
	at   int
	do   Do
	done []byte
}

// A follower gets the frames of a run. Its methods are called under the lock of the run, so that everybody gets all frames
// in one order; they must not wait for anything.
type follower interface {
	post(r *run, frames [][]byte) // the next frames of r
	catchUp(r *run, frame []byte) // a snapshot: forget earlier frames of r that are still in a queue
	say(frame []byte)             // a frame without a number
	drop(r *run)                  // r is gone
}

// newRun starts a run of a scenario: node 0, then a node for each thing that its lines and commands bring, then a done. The
// first error is one that left no run; the list is of those that left one, standing where it happened.
func newRun(id string, sc *script.Scenario, c *OpenCommand) (*run, []*ErrorFrame, *ErrorFrame) {
	tl, err := engine.NewTimeline(sc.Setup)
	if err != nil {
		return nil, nil, explain(err, nil)
	}
	r := &run{id: id, opening: OpenCommand{ID: c.ID, Ahead: c.Ahead, Commands: c.Commands}}
	r.played = &played{tl: tl, told: make([]told, 1, 16), next: 1, sheet: sheets.Get().(*sheet)}
	r.start = appendStart(nil, sc)
	r.buf = append(appendFrameHead(nil, "run", id, 0), r.start...)
	r.buf = append(r.buf, '}')
	r.ends = append(r.ends, len(r.buf))

	faults := r.play(sc)
	if len(faults) == 0 && c.Ahead {
		r.ahead()
	}
	node := int(tl.At())
	for i := range c.Commands {
		if len(faults) > 0 {
			break
		}
		var fault *ErrorFrame
		if node, fault = r.execute(&c.Commands[i]); fault != nil {
			fault.Command = &i
			faults = append(faults, fault)
			node = int(tl.At())
		}
	}
	r.finish(c.ID, node)
	for _, f := range faults {
		r.address(f, c.ID)
	}
	return r, faults, nil
}

// park lets go of all that can be played again. It returns the number of nodes.
func (r *run) park() (nodes int) {
	if r.played == nil || len(r.history) > maxHistory {
		return 0
	}
	nodes = r.tl.Len()
	r.played = nil
	return nodes
}

// wake plays a run again that was parked, with the same frames and results. It returns the number of nodes.
func (r *run) wake() (nodes int) {
	if r.played != nil {
		return 0
	}
	again, _, fault := build(r.id, r.text.Value(), &r.opening)
	if fault != nil {
		panic("live: a run that was played before cannot be: " + fault.Message) // not the same engine
	}
	again.take()
	for rest := r.history; len(rest) > 0; {
		var id int64
		var do Do
		id, do, rest = readDone(rest)
		if again.perform(id, &do) == nil {
			again.remember(id, &do)
			again.keep(again.take())
		}
	}
	r.played = again.played
	return r.tl.Len()
}

// appendDone appends a command to a history.
func appendDone(b []byte, id int64, do *Do) []byte {
	at, ahead := uint64(0), byte(0)
	if do.At != nil {
		at = uint64(*do.At) + 1
	}
	if do.Ahead {
		ahead = 1
	}
	b = binary.AppendUvarint(b, uint64(id))
	b = binary.AppendUvarint(b, at)
	b = binary.AppendUvarint(b, uint64(do.Wait))
	b = binary.AppendUvarint(append(b, ahead), uint64(len(do.Line)))
	return append(b, do.Line...)
}

// readDone reads the first command of a history, and returns the others.
func readDone(b []byte) (id int64, do Do, rest []byte) {
	number := func() uint64 {
		v, n := binary.Uvarint(b)
		b = b[n:]
		return v
	}
	id = int64(number())
	if at := number(); at > 0 {
		node := int(at - 1)
		do.At = &node
	}
	do.Wait = int64(number())
	do.Ahead, b = b[0] == 1, b[1:]
	n := number()
	do.Line = string(b[:n])
	return id, do, b[n:]
}

// play does the actions of the scenario itself. An expectation that does not hold is told and changes nothing; an action
// that fails ends it.
func (r *run) play(sc *script.Scenario) []*ErrorFrame {
	var faults []*ErrorFrame
	for i, a := range sc.Actions {
		from := r.tl.Len()
		_, _, err := r.tl.Do(a)
		if err == nil {
			r.record(from)
			continue
		}
		fault := explain(err, nil)
		if i < len(sc.Lines) {
			fault.Line, fault.Col = sc.Lines[i], 1
		}
		faults = append(faults, fault)
		if a.Kind != engine.Expect {
			break
		}
	}
	return faults
}

// plan reads a command: where it acts, and what it does there.
func (r *run) plan(do *Do) (at engine.NodeID, parts []engine.Action, _ *ErrorFrame) {
	at = r.tl.At()
	if do.At != nil {
		at = engine.NodeID(*do.At)
	}
	last := int64(r.tl.Len() - 1)
	if int64(at) > last {
		zero := int64(0)
		f := refuse(NoSuchNode, "there is no node %d: the run has nodes 0 to %d", at, last)
		f.Field, f.Min, f.Max = "at", &zero, &last
		return 0, nil, f
	}
	if last >= maxRunNodes {
		return 0, nil, refuse(TooMany, "the run has %d steps, all branches together; start it anew, or copy its link", last)
	}
	if do.Wait > 0 {
		parts = append(parts, engine.Action{Kind: engine.Wait, For: engine.Time(do.Wait)})
	}
	if do.Line != "" {
		action, d := script.ParseAction(do.Line)
		if d != nil {
			return 0, nil, explain(d, nil)
		}
		parts = append(parts, action)
	}
	return at, parts, nil
}

// try does the parts of a command on a copy.
func (r *run) try(at engine.NodeID, parts []engine.Action) *ErrorFrame {
	trial := r.tl.Node(at)
	for _, a := range parts {
		if _, err := trial.World.Apply(a); err != nil {
			return explain(err, nil)
		}
	}
	return nil
}

// execute does one command: all of it or, on an error, nothing. It returns the node where the command itself ended.
func (r *run) execute(do *Do) (node int, _ *ErrorFrame) {
	at, parts, fault := r.plan(do)
	if fault == nil && len(parts) > 1 {
		fault = r.try(at, parts) // because the wait cannot be taken back
	}
	if fault != nil {
		return 0, fault
	}
	was := r.tl.At()
	if err := r.tl.Goto(at); err != nil {
		return 0, explain(err, nil)
	}
	for _, a := range parts {
		from := r.tl.Len()
		if _, _, err := r.tl.Do(a); err != nil {
			fault := explain(err, nil)
			if err := r.tl.Goto(was); err != nil {
				return 0, explain(err, nil)
			}
			return 0, fault
		}
		r.record(from)
	}
	node = int(r.tl.At())
	if do.Ahead {
		r.ahead()
	}
	return node, nil
}

// ahead lets everything happen that is still due, or a good part of it when there is no end to it.
func (r *run) ahead() {
	if r.quiet() {
		return
	}
	from := r.tl.Len()
	action := engine.Action{Kind: engine.StepUntil, Cond: engine.Cond{Kind: engine.Quiet}}
	if _, _, err := r.tl.Do(action); err != nil {
		// The run is at a bound, or will never be quiet. Then it just stands where it is.
		action = engine.Action{Kind: engine.Step, Count: lookAhead}
		_, _, _ = r.tl.Do(action)
	}
	r.record(from)
}

// quiet reports whether nothing is due any more.
func (r *run) quiet() bool { return r.tl.Now().Holds(engine.Cond{Kind: engine.Quiet}) }

// record writes the frames of the nodes from the given one on.
func (r *run) record(from int) {
	for id := from; id < r.tl.Len(); id++ {
		node := engine.NodeID(id)
		t := told{n: r.next, at: r.tl.Time(node), line: script.FormatAction(r.tl.Action(node))}
		r.told = append(r.told, t)
		r.buf = r.appendNode(r.buf, node)
		r.ends = append(r.ends, len(r.buf))
		r.next++
	}
}

// finish writes the done frame of a command that ended at a node.
func (r *run) finish(id int64, node int) {
	start := len(r.buf)
	b := appendFrameHead(r.buf, "done", r.id, r.next)
	b = appendInt(b, `,"re":`, id)
	b = appendInt(b, `,"node":`, int64(node))
	b = appendInt(b, `,"last":`, int64(r.tl.At()))
	b = append(b, `,"digest":"`...)
	digest := r.tl.Now().DigestIn(&r.state)
	for _, c := range digest {
		b = append(b, hexDigits[c>>4], hexDigits[c&0xf])
	}
	b = appendBool(b, `","quiet":`, r.quiet())
	r.buf = append(b, '}')
	r.ends = append(r.ends, len(r.buf))
	r.next++
	r.lastID = id
	r.done = slices.Clone(r.buf[start:])
}

// take returns the frames that were written, and gives the sheet back.
func (r *run) take() [][]byte {
	// One piece of memory for all of them.
	all := bytes.Clone(r.buf)
	frames := make([][]byte, len(r.ends))
	start := 0
	for i, end := range r.ends {
		frames[i] = all[start:end:end]
		start = end
	}
	if cap(r.buf) <= 256<<10 {
		r.buf, r.ends = r.buf[:0], r.ends[:0]
		sheets.Put(r.sheet)
	}
	r.sheet = nil
	if len(r.told) <= forgetful {
		r.tl.Forget()
	}
	return frames
}

// keep puts frames into the log. Those of the opening are not in it: who missed one of them gets a snapshot.
func (r *run) keep(frames [][]byte) {
	for _, f := range frames {
		r.logBytes += len(f)
	}
	r.log = append(r.log, frames...)
	for len(r.log) > 0 && (len(r.log) > maxLog || r.logBytes > maxLogBytes) {
		r.logBytes -= len(r.log[0])
		r.log[0] = nil // the array behind stays until the next append needs a larger one
		r.log = r.log[1:]
	}
}

// do executes a command and tells everybody, or answers it again, or refuses it. It returns the number of new nodes.
func (r *run) do(c *DoCommand, from follower) (nodes int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.gone {
		r.refuse(from, c.ID)
		return 0
	}
	nodes = r.wake()
	whole := false
	defer func() {
		// Should the engine panic, half a command may be done. Then nobody shall see this run again.
		r.gone = !whole
	}()
	nodes += r.doLocked(c, from)
	whole = true
	return nodes
}

func (r *run) doLocked(c *DoCommand, from follower) int {
	if c.ID <= r.lastID {
		from.say(r.again(c, nodeOf(&c.Do)))
		return 0
	}
	nodes := r.tl.Len()
	if fault := r.perform(c.ID, &c.Do); fault != nil {
		from.say(fault.encode())
		return 0
	}
	r.remember(c.ID, &c.Do)
	r.publish()
	if r.join(from) {
		from.catchUp(r, r.snapshot()) // whoever acts follows, and this one knows nothing yet
	}
	return r.tl.Len() - nodes
}

// perform executes a command. Its frames are on the sheet, and nobody has been told yet.
func (r *run) perform(id int64, do *Do) *ErrorFrame {
	if r.sheet == nil {
		r.sheet = sheets.Get().(*sheet)
	}
	nodes := r.tl.Len()
	node, fault := r.execute(do)
	if fault == nil || r.tl.Len() > nodes {
		r.history = appendDone(r.history, id, do)
	}
	if fault != nil {
		// What it did before it failed is told with the next command.
		if len(r.ends) == 0 {
			sheets.Put(r.sheet)
			r.sheet = nil
		}
		r.address(fault, id)
		return fault
	}
	r.finish(id, node)
	return nil
}

// remember keeps the result of the newest command.
func (r *run) remember(id int64, do *Do) {
	res := result{id, nodeOf(do), Do{Wait: do.Wait, Line: do.Line, Ahead: do.Ahead}, r.done}
	if len(r.results) < maxResults {
		r.results = append(r.results, res)
		return
	}
	r.results[r.oldest] = res
	r.oldest = (r.oldest + 1) % maxResults
}

// nodeOf returns the node that a command names, or -1.
func nodeOf(do *Do) int {
	if do.At == nil {
		return -1
	}
	return *do.At
}

// again answers a command whose ID was there before.
func (r *run) again(c *DoCommand, at int) []byte {
	var fault *ErrorFrame
	i := slices.IndexFunc(r.results, func(res result) bool { return res.id == c.ID })
	switch {
	case i < 0:
		fault = refuse(StaleID, "the command %d is too long ago; IDs grow, and the newest is %d", c.ID, r.lastID)
	case r.results[i].at == at && r.results[i].do == Do{Wait: c.Wait, Line: c.Line, Ahead: c.Ahead}:
		return r.results[i].done
	default:
		fault = refuse(UsedID, "another command had the ID %d; the newest is %d", c.ID, r.lastID)
	}
	low, high := r.lastID+1, int64(maxInteger)
	fault.Field, fault.Min, fault.Max = "id", &low, &high
	r.address(fault, c.ID)
	return fault.encode()
}

func (r *run) publish() {
	r.snap = nil
	frames := r.take()
	r.keep(frames)
	for _, f := range r.following {
		f.post(r, frames)
	}
}

// follow makes f get all frames after the given one, from now on and for ever. It returns the number of nodes that were played again.
func (r *run) follow(f follower, id, after int64) (nodes int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.gone {
		r.refuse(f, id)
		return 0
	}
	nodes = r.wake()
	b := appendFrameHead(nil, "resumed", r.id, r.next-1)
	f.say(append(appendInt(b, `,"re":`, id), '}'))
	r.bring(f, after)
	return nodes
}

// bring makes f follow from behind a frame.
func (r *run) bring(f follower, after int64) {
	r.join(f)
	first := r.next - int64(len(r.log))
	switch {
	case after == r.next-1:
	case after < r.next && after >= first-1:
		f.post(r, r.log[after+1-first:])
	default:
		f.catchUp(r, r.snapshot())
	}
}

// join adds a follower and reports whether it is new.
func (r *run) join(f follower) bool {
	if slices.Contains(r.following, f) {
		return false
	}
	r.following = append(r.following, f)
	r.followers.Store(int32(len(r.following)))
	return true
}

// unfollow makes f get no more frames. It returns the number of nodes that need no memory any more.
func (r *run) unfollow(f follower) (nodes int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.following = slices.DeleteFunc(r.following, func(g follower) bool { return g == f })
	r.followers.Store(int32(len(r.following)))
	if len(r.following) > 0 {
		return 0
	}
	return r.park()
}

// refresh sends a snapshot to a follower whose queue was emptied.
func (r *run) refresh(f follower) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.played == nil {
		return // f has left
	}
	f.catchUp(r, r.snapshot())
}

// forget makes the run one that never was.
func (r *run) forget() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.gone = true
	for _, f := range r.following {
		f.drop(r)
	}
	r.following, r.played = nil, nil
	r.followers.Store(0)
}

// snapshot returns everything in one frame.
func (r *run) snapshot() []byte {
	if r.snap != nil {
		return r.snap
	}
	b := make([]byte, 0, 4096)
	b = appendFrameHead(b, "snapshot", r.id, r.next-1)
	b = append(b, r.start...)
	b = append(b, `,"nodes":[`...)
	for id := 1; id < r.tl.Len(); id++ {
		if id > 1 {
			b = append(b, ',')
		}
		b = r.appendNode(b, engine.NodeID(id))
	}
	b = append(b, `],"done":`...)
	b = append(append(b, r.done...), '}')
	if len(r.following) > 1 {
		r.snap = b
	}
	return b
}

// refuse tells a follower that the run is gone.
func (r *run) refuse(f follower, id int64) {
	f.drop(r)
	f.say(noSuchRun(r.id, id).encode())
}

// address makes f an answer to a command on this run.
func (r *run) address(f *ErrorFrame, id int64) {
	n := r.next - 1
	f.Run, f.N, f.Re = r.id, &n, id
}

func noSuchRun(id string, re int64) *ErrorFrame {
	f := refuse(NoSuchRun, "there is no such run any more")
	f.Hint = "open it again from your copy"
	f.Run, f.Re = id, re
	return f
}

// explain says in a frame what the engine or the scenario language has against something.
func explain(err error, faults diag.List) *ErrorFrame {
	var d *diag.Diagnostic
	var action *engine.ActionError
	var expect *engine.ExpectError
	var setup *engine.SetupError
	f := &ErrorFrame{Message: err.Error()}
	switch {
	case errors.As(err, &d):
		f.Code, f.Message, f.Hint = d.Code, d.Message, d.Hint
		f.Line, f.Col, f.EndCol = d.Line, d.Col, d.EndCol
		if d.Range != nil {
			f.Min, f.Max = &d.Range.Min, &d.Range.Max
		}
		for _, d := range faults {
			fault := Fault{d.File, d.Line, d.Col, d.EndCol, string(d.Severity), d.Code, d.Message, d.Hint, nil}
			if d.Range != nil {
				fault.Range = &Range{d.Range.Min, d.Range.Max}
			}
			f.Faults = append(f.Faults, fault)
		}
	case errors.As(err, &action):
		f.Code, f.Hint = action.Code, action.Hint
		if action.Code == engine.OutOfRange {
			f.Min, f.Max = &action.Min, &action.Max
		}
	case errors.As(err, &expect):
		f.Code = string(Failed)
	case errors.As(err, &setup):
		f.Code = "bad_setup"
	default:
		f.Code = string(Internal)
	}
	return f
}

// appendFrameHead begins a frame of a run; the closing brace is for the caller.
func appendFrameHead(b []byte, typ, run string, n int64) []byte {
	b = append(b, `{"type":"`...)
	b = append(b, typ...)
	b = append(b, `","run":`...)
	b = appendString(b, run)
	b = append(b, `,"n":`...)
	return strconv.AppendInt(b, n, 10)
}

// appendStart appends the fields of frame 0 behind its number.
func appendStart(b []byte, sc *script.Scenario) []byte {
	hosts := &sc.Setup.Hosts
	b = append(b, `,"node":0`...)
	b = appendNonEmpty(b, `,"title":`, sc.Title)
	b = appendText(b, `,"setup":`, script.FormatSetup(sc.Setup))
	b = append(b, `,"at":0`...)
	var told [2]RunHost
	for i := range hosts {
		p, _ := tcp.ProfileByName(hosts[i].Profile)
		told[i] = RunHost{Addr: hosts[i].Addr.String(), Profile: hosts[i].Profile, SynRoom: int(p.With(hosts[i].Options).SynQueueRoom)}
	}
	return append(appendHosts(b, &told), `,"events":[]`...)
}

// appendHosts appends the two hosts of a run, and their profiles.
func appendHosts(b []byte, hosts *[2]RunHost) []byte {
	b = appendText(b, `,"profiles":[`, hosts[0].Profile)
	b = appendText(b, `,`, hosts[1].Profile)
	b = append(b, `],"hosts":[`...)
	for i := range hosts {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendText(b, `{"addr":`, hosts[i].Addr)
		b = appendText(b, `,"profile":`, hosts[i].Profile)
		b = appendInt(b, `,"synRoom":`, int64(hosts[i].SynRoom))
		b = append(b, '}')
	}
	return append(b, ']')
}

// appendNode appends the frame of a node that was recorded.
func (r *run) appendNode(b []byte, id engine.NodeID) []byte {
	t := &r.told[id]
	b = appendFrameHead(b, "node", r.id, t.n)
	b = appendInt(b, `,"node":`, int64(id))
	b = appendInt(b, `,"parent":`, int64(r.tl.Parent(id)))
	b = appendText(b, `,"line":`, t.line)
	b = appendInt(b, `,"at":`, int64(t.at))
	b = append(b, `,"events":`...)
	b = appendEvents(b, r.tl.Events(id))
	return append(b, '}')
}
