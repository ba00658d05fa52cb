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
// # What a client can count on
//
// The frames of a run have numbers without gaps, and everybody sees them in the same order. A command is all done or not
// done at all. A command with an ID that was executed is answered again, and not executed again. A run lives on without
// sockets; when it is forgotten, or the server is another one, a client opens it again from its own copy of the scenario
// and its commands, gets the same nodes with the same numbers, and the same digest proves it.
//
// # Bounds
//
// A command has at most 64 KiB, a socket 200 of them a second, a queue 64 frames or 1 MiB when more is to come. A reader who
// is slower than that gets a snapshot in place of the frames, and is sent away when that does not help. Runs have a bound,
// and so have all runs together: the ones that were used last stay.
//
// # Limitations
//
// A run is in the memory of one process. The library answers a close frame whose body is one byte long with an empty close
// frame, where RFC 6455 section 7.4.1 would have 1002.
package live
