package live

import "github.com/handshakelab/lab/engine"

// AppendRecorded appends the RunFrame of what was recorded somewhere else: a run without set-up and actions, with all its events at once.
func AppendRecorded(b []byte, hosts [2]RunHost, events []engine.Event) []byte {
	b = appendFrameHead(b, "run", "", 0)
	b = append(b, `,"node":0,"setup":"","at":0`...)
	b = appendText(b, `,"profiles":[`, hosts[0].Profile)
	b = appendText(b, `,`, hosts[1].Profile)
	b = append(b, `],"hosts":[`...)
	for i := range hosts {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendText(b, `{"addr":`, hosts[i].Addr)
		b = appendText(b, `,"profile":`, hosts[i].Profile)
		b = append(b, '}')
	}
	b = append(b, `],"events":`...)
	b = appendEvents(b, events)
	return append(b, '}')
}
