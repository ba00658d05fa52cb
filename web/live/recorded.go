package live

import "github.com/handshakelab/lab/engine"

// AppendRecorded appends the RunFrame of what was recorded somewhere else: a run without set-up and actions, with all its events at once.
func AppendRecorded(b []byte, hosts [2]RunHost, events []engine.Event) []byte {
	b = appendFrameHead(b, "run", "", 0)
	b = append(b, `,"node":0,"setup":"","at":0`...)
	b = append(appendHosts(b, &hosts), `,"events":`...)
	b = appendEvents(b, events)
	return append(b, '}')
}
