// Package live is the protocol between a page and the engine: commands in, frames out, over a WebSocket or by POST.
//
// # The way of one command
//
// A socket reads a text frame with a bound of its own, and [Decode] makes a command of it or says what is wrong. The [Hub]
// finds the run. The run, under its lock, goes to the node that the command names, parses its line, lets the engine's
// timeline do it, writes a frame for each new node and a done behind them, and queues them for every socket that follows it.
// The reader of the socket that gave the command then writes its own queue; for the others a goroutine is started that
// lives until their queues are empty. Nobody waits for another's network.
//
// # The way of one act in a room
//
// A room is a log of acts in the store. Nobody owns it: each node whose sockets follow a room follows its log, once, and makes the
// same of it. A ledger holds what the log says, who may do what, for instance; the run that is shared is a run like any other.
//
// A learner who plays the client closes. The socket makes an [Act] of the command, which says what the page has seen of the room.
// When this node has read as far, the ledger, as the referee, and the engine, on a copy, say whether it would hold. It is then appended
// behind what the page has seen, with an ID made of the page's and the command's. If somebody was faster, wherever, the
// store refuses, and the page is told that it is stale; what was faster is on its way to it. Otherwise the act is on disk and comes back
// through the log, on all nodes: the run does it, frames are written once and queued for every follower, and the actor is answered
// behind them. What comes in one burst is told in one piece.
//
// # What a client can count on
//
// The frames of a run have numbers without gaps, and everybody sees them in the same order; those of a room have the same numbers on
// every node. A command is all done or not done at all. A command with an ID that was executed is answered again, and not
// executed again; in a room on any node, and whatever has become of the answer. A run lives on without
// sockets; when it is forgotten, or the server is another one, a client opens it again from its own copy of the scenario
// and its commands, gets the same nodes with the same numbers, and the same digest proves it. A room goes on showing what there is
// while the store is away; acts are refused then, and may be tried again.
//
// # Bounds
//
// A command has at most 64 KiB, a socket 200 of them a second and 20 acts, a queue 64 frames or 1 MiB when more is to come. A reader who
// is slower than that gets a snapshot in place of the frames, and is sent away when that does not help. Runs have a bound,
// and so have all runs together: the ones that were used last stay. A run that nobody follows is parked: its text and what was
// done on it stay, and the rest is played again when somebody comes. A room has so many followers a node, beside the instructor, and is
// closed on a node when the class has ended or nobody has followed it there for a while; its log stays.
//
// # Limitations
//
// A run that is in no room is in the memory of one process. The library answers a close frame whose body is one byte long with an
// empty close frame, where RFC 6455 section 7.4.1 would have 1002.
package live
