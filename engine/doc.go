// Package engine is the TCP laboratory: two hosts, the path between them, and a learner's hand on every segment, as a value
// that can be copied, stepped, taken back, branched and replayed.
//
// # Usage
//
// A [Setup] and a list of actions are a run. A [World] is a run at one instant:
//
//	w, err := engine.New(setup)
//	events, err := w.Apply(engine.Action{Kind: engine.Call, Host: engine.Client, Call: tcp.Call{Verb: tcp.CallConnect}})
//	events, err = w.Apply(engine.Action{Kind: engine.Step, Count: 1})
//	for _, f := range w.Flying() { ... }                       // segments on the wire
//	events, err = w.Apply(engine.Action{Kind: engine.Drop, Seg: engine.SegRef{ID: 1}})
//
// [World.Apply] is the only way in which a world changes, and [World.Do] is the same for a caller who brings the memory. What
// happened comes as events, which are the whole truth: who folds them knows every variable at every instant, and each says
// which rule it follows (package rule), with the numbers that went into it. [World.View] shows an instant without events.
//
// A [Timeline] is a tree of runs over one set-up: Goto an earlier node and Do something else there, and the old branch stays.
// [Replay] makes a world from a set-up and actions. Package script reads and writes both as text.
//
// # Guarantees
//
// A run is its set-up and its actions, and nothing else: no clock, no random source, no map order, no goroutine. The same set-up
// and actions give the same events and the same [World.Digest], on every machine and in every engine of the same [Version].
//
// An action that fails changes nothing, whatever it was and however far it got. Its error is an [*ActionError] with a
// code, a reason and mostly a way on, or an [*ExpectError].
//
// A world is a value. [World.Clone] copies it in well under a microsecond while there are few segments in flight, and
// copies never see each other. An assignment is not a copy: w2 := w1 shares what changes.
//
// Chance is drawn by name and number (package network): a branch has the luck of its parent, and what the learner forges or
// copies does not move the luck of the segments that follow.
//
// # Order
//
// Time is virtual, in whole microseconds, and moves only from one due thing to the next or by a Wait. What is due at the same
// time happens in this order:
//
//  1. what happens on the wire (a segment arrives or is lost) before timers,
//  2. what concerns the client before what concerns the server; a lost segment concerns the host that it was on its way to,
//  3. by the number of the segment, or by the number of the connection and then the kind of timer.
//
// Each due thing is done to its end, with everything that the host does about it, before the next one begins. [World.Pending]
// lists what is due in this order.
//
// The events of one due thing or one action come in causal order and without gaps in their numbers: first what set it
// off (arrived, lost, timer-fired, called, or the learner's own action), then what the host did about it in the order in
// which its rules apply: checks, the opening of a connection, the change of its state, what the application is told, what is
// sent, timers. Each sent event is followed by what the path does to that segment at once: delayed, duplicated. The vars
// event of a connection comes last and shows it as it is when all of that is done; so does an opened event.
//
// # Segments
//
// Segments are numbered from 1 as they come on the wire, whether a host sends them, the path or the learner copies them or the
// learner forges them. A segment keeps its number for ever, and a number is never used again along a branch.
//
// What a rule of the path or chance loses does not vanish at once: it goes four fifths of its way and is lost there, so that
// one can see it and lay hands on it. A Drop by hand loses it where it is. A held segment stays where it is and needs the rest
// of its way after its release; its delay can be changed meanwhile. An edit keeps what the segment said when it was sent
// (Flight.Was). A segment to an address that the host at its end of the wire does not have is lost there (lab:no-such-host).
//
// # Half way
//
// Where the path has boxes (network.Box) each segment meets them when half of its way is over. What they change is Edited,
// what they throw away is Lost, what they send themselves is Injected, an ICMP error among them; when they do nothing the
// segment is Passed. A segment that is held before that meets them later.
//
// # Cost
//
// A handshake, that is connect and the three segments, makes 38 events and takes about 1.6 microseconds of one core; more than half of
// that is TCP's (BenchmarkHandshake). In memory that was used before no segment costs an allocation, but for one in 32 in a run that goes
// on: what it remembers of those that are gone (TestNoAllocations).
//
// # Limits
//
// A run has at most [MaxEvents] events and lasts at most 30 days, one Step, StepUntil or Wait takes at most [MaxCount] due
// things, and nothing can be added by hand to a wire with [MaxFlying] segments. A [Timeline] has at most [MaxNodes] nodes and
// [MaxTimelineEvents] events. What goes beyond fails with code [Limit].
//
// # Limitations
//
// There are two hosts, each with one address, on one path; a host cannot talk to itself. The path has no
// bandwidth: nothing queues. TTL is not counted, nobody cuts packets up, and the only ICMP messages are the errors about a
// segment that package wire knows. A forged segment comes from a third place but travels the path of the other host,
// with the boxes on it, and answers to an address that neither host has are lost.
package engine
