package engine_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/handshakelab/lab/engine"
	"github.com/handshakelab/lab/engine/script"
	"github.com/handshakelab/lab/engine/wire"
)

// A figure of RFC 9293 section 3: each line is what is done, the segments that the figure shows for it, and the states of TCP
// peers A and B after it. A is the client of the set-up, B the server.
type figure struct {
	name  string
	setup string
	lines []figureLine
}

type figureLine struct {
	do       string // actions, separated by ";"
	segments string // segments sent by it, "A SEQ=100 CTL=SYN", separated by "; "
	a, b     string
}

var figures = []figure{
	{"figure 6, basic three-way handshake", "client 192.0.2.1:40001 isn 100\nserver 192.0.2.2:80 isn 300", []figureLine{
		{"server listen", "", "CLOSED", "LISTEN"},
		{"client connect; step", "A SEQ=100 CTL=SYN; B SEQ=300 ACK=101 CTL=SYN,ACK", "SYN-SENT", "SYN-RECEIVED"},
		{"step", "A SEQ=101 ACK=301 CTL=ACK", "ESTABLISHED", "SYN-RECEIVED"},
		{"step", "", "ESTABLISHED", "ESTABLISHED"},
		{"client send 5; step", "A SEQ=101 ACK=301 CTL=PSH,ACK DATA; B SEQ=301 ACK=106 CTL=ACK", "ESTABLISHED", "ESTABLISHED"},
	}},
	// The SYNs cross. The figure lets line 6, the SYN,ACK whose SYN was taken before, open the connection, as Linux does; it also
	// acknowledges it.
	{"figure 7, simultaneous open", "client 192.0.2.1:40001 isn 100 profile linux\nserver 192.0.2.2:80 isn 300 profile linux\ndelay 50ms", []figureLine{
		{"client connect; wait 10ms", "A SEQ=100 CTL=SYN", "SYN-SENT", "CLOSED"},
		{"server connect; delay SYN#1 20ms; step", "B SEQ=300 CTL=SYN; A SEQ=100 ACK=301 CTL=SYN,ACK", "SYN-RECEIVED", "SYN-SENT"},
		{"step", "B SEQ=300 ACK=101 CTL=SYN,ACK", "SYN-RECEIVED", "SYN-RECEIVED"},
		{"delay SYN-ACK#1 40ms; step", "A SEQ=101 ACK=301 CTL=ACK", "ESTABLISHED", "SYN-RECEIVED"},
		{"step until SYN-ACK#1 arrived", "B SEQ=301 ACK=101 CTL=ACK", "ESTABLISHED", "ESTABLISHED"},
	}},
	// The text of section 3.10.7.4 contradicts the figure at line 6: SEG.SEQ = 300 lies left of RCV.NXT = 301, so the SYN,ACK is
	// unacceptable and only acknowledged. It is that ACK that opens the connection, half a round trip later.
	{"figure 7 by the text of section 3.10.7.4", "client 192.0.2.1:40001 isn 100\nserver 192.0.2.2:80 isn 300\ndelay 50ms", []figureLine{
		{"client connect", "A SEQ=100 CTL=SYN", "SYN-SENT", "CLOSED"},
		{"server connect; step 2", "B SEQ=300 CTL=SYN; A SEQ=100 ACK=301 CTL=SYN,ACK; B SEQ=300 ACK=101 CTL=SYN,ACK", "SYN-RECEIVED", "SYN-RECEIVED"},
		{"step 2", "A SEQ=101 ACK=301 CTL=ACK; B SEQ=301 ACK=101 CTL=ACK", "SYN-RECEIVED", "SYN-RECEIVED"},
		{"step 2", "", "ESTABLISHED", "ESTABLISHED"},
	}},
	{"figure 8, recovery from an old duplicate SYN", "client 192.0.2.1:40001 isn 100\nserver 192.0.2.2:80 isn 300,400", []figureLine{
		{"server listen; client connect; hold SYN", "A SEQ=100 CTL=SYN", "SYN-SENT", "LISTEN"},
		{"forge to server SYN seq=90; step", "B SEQ=300 ACK=91 CTL=SYN,ACK", "SYN-SENT", "SYN-RECEIVED"},
		{"step", "A SEQ=91 CTL=RST", "SYN-SENT", "SYN-RECEIVED"},
		{"step", "", "SYN-SENT", "LISTEN"},
		{"release #1; step", "B SEQ=400 ACK=101 CTL=SYN,ACK", "SYN-SENT", "SYN-RECEIVED"},
		{"step", "A SEQ=101 ACK=401 CTL=ACK", "ESTABLISHED", "SYN-RECEIVED"},
		{"step", "", "ESTABLISHED", "ESTABLISHED"},
	}},
	// A crashes: nobody learns of it, because what it says as it goes is lost. SND.NXT is 100 for A and 300 for B.
	{"figure 9, half-open connection discovery", "client 192.0.2.1:40001 isn 99,400\nserver 192.0.2.2:80 isn 299,500", []figureLine{
		{"server listen; client connect; step 3; server accept", "A SEQ=99 CTL=SYN; B SEQ=299 ACK=100 CTL=SYN,ACK; A SEQ=100 ACK=300 CTL=ACK", "ESTABLISHED", "ESTABLISHED"},
		{"client abort; drop RST", "A SEQ=100 CTL=RST", "CLOSED", "ESTABLISHED"},
		{"client connect", "A SEQ=400 CTL=SYN", "SYN-SENT", "ESTABLISHED"},
		{"step", "B SEQ=300 ACK=100 CTL=ACK", "SYN-SENT", "ESTABLISHED"},
		{"step", "A SEQ=100 CTL=RST", "SYN-SENT", "ESTABLISHED"},
		{"step; expect server told ECONNRESET", "", "SYN-SENT", "LISTEN"},
		{"step", "A SEQ=400 CTL=SYN", "SYN-SENT", "LISTEN"},
		{"step", "B SEQ=500 ACK=401 CTL=SYN,ACK", "SYN-SENT", "SYN-RECEIVED"},
		{"step 2", "A SEQ=401 ACK=501 CTL=ACK", "ESTABLISHED", "ESTABLISHED"},
	}},
	{"figure 10, active side causes half-open connection discovery", "client 192.0.2.1:40001 isn 99\nserver 192.0.2.2:80 isn 299", []figureLine{
		{"server listen; client connect; step 3; server accept; server close listener", "A SEQ=99 CTL=SYN; B SEQ=299 ACK=100 CTL=SYN,ACK; A SEQ=100 ACK=300 CTL=ACK", "ESTABLISHED", "ESTABLISHED"},
		{"client abort; drop RST", "A SEQ=100 CTL=RST", "CLOSED", "ESTABLISHED"},
		{"server send 10", "B SEQ=300 ACK=100 CTL=PSH,ACK DATA", "CLOSED", "ESTABLISHED"},
		{"step", "A SEQ=100 CTL=RST", "CLOSED", "ESTABLISHED"},
		{"step; expect server told ECONNRESET", "", "CLOSED", "CLOSED"},
	}},
	{"figure 11, old duplicate SYN initiates a reset on two passive sockets", "client 192.0.2.1:80 isn 200\nserver 192.0.2.2:80 isn 300", []figureLine{
		{"client listen; server listen", "", "LISTEN", "LISTEN"},
		{"forge to server SYN seq=90; step", "B SEQ=300 ACK=91 CTL=SYN,ACK", "LISTEN", "SYN-RECEIVED"},
		{"step", "A SEQ=91 CTL=RST", "LISTEN", "SYN-RECEIVED"},
		{"step", "", "LISTEN", "LISTEN"},
	}},
	{"figure 12, normal close sequence", "client 192.0.2.1:40001 isn 99\nserver 192.0.2.2:80 isn 299", []figureLine{
		{"server listen; client connect; step 3; server accept; server close listener", "A SEQ=99 CTL=SYN; B SEQ=299 ACK=100 CTL=SYN,ACK; A SEQ=100 ACK=300 CTL=ACK", "ESTABLISHED", "ESTABLISHED"},
		{"client close", "A SEQ=100 ACK=300 CTL=FIN,ACK", "FIN-WAIT-1", "ESTABLISHED"},
		{"step", "B SEQ=300 ACK=101 CTL=ACK", "FIN-WAIT-1", "CLOSE-WAIT"},
		{"step", "", "FIN-WAIT-2", "CLOSE-WAIT"},
		{"server close", "B SEQ=300 ACK=101 CTL=FIN,ACK", "FIN-WAIT-2", "LAST-ACK"},
		{"step", "A SEQ=101 ACK=301 CTL=ACK", "TIME-WAIT", "LAST-ACK"},
		{"step", "", "TIME-WAIT", "CLOSED"},
		{"wait 239s", "", "TIME-WAIT", "CLOSED"}, // 2 MSL are 4 minutes
		{"wait 1s", "", "CLOSED", "CLOSED"},
	}},
	{"figure 13, simultaneous close sequence", "client 192.0.2.1:40001 isn 99\nserver 192.0.2.2:80 isn 299", []figureLine{
		{"server listen; client connect; step 3; server accept; server close listener", "A SEQ=99 CTL=SYN; B SEQ=299 ACK=100 CTL=SYN,ACK; A SEQ=100 ACK=300 CTL=ACK", "ESTABLISHED", "ESTABLISHED"},
		{"client close; server close", "A SEQ=100 ACK=300 CTL=FIN,ACK; B SEQ=300 ACK=100 CTL=FIN,ACK", "FIN-WAIT-1", "FIN-WAIT-1"},
		{"step 2", "A SEQ=101 ACK=301 CTL=ACK; B SEQ=301 ACK=101 CTL=ACK", "CLOSING", "CLOSING"},
		{"step 2", "", "TIME-WAIT", "TIME-WAIT"},
		{"wait 240s", "", "CLOSED", "CLOSED"},
	}},
}

func TestFigures(t *testing.T) {
	for _, f := range figures {
		t.Run(f.name, func(t *testing.T) {
			sc, faults := script.Parse(f.setup)
			if len(faults) > 0 {
				t.Fatal(faults)
			}
			w, err := engine.New(sc.Setup)
			if err != nil {
				t.Fatal(err)
			}
			for _, line := range f.lines {
				var sent []string
				for _, text := range strings.Split(line.do, "; ") {
					a, fault := script.ParseAction(text)
					if fault != nil {
						t.Fatalf("%s: %v", text, fault)
					}
					events, err := w.Apply(a)
					if err != nil {
						t.Fatalf("%s: %v", text, err)
					}
					for _, e := range events {
						if e.Kind == engine.Sent {
							sent = append(sent, figureSegment(e.Host, e.Wire))
						}
					}
				}
				if got := strings.Join(sent, "; "); got != line.segments {
					t.Errorf("%s:\n sent %s\n want %s", line.do, got, line.segments)
				}
				v := w.View()
				if a, b := v.Hosts[0].State, v.Hosts[1].State; a.String() != line.a || b.String() != line.b {
					t.Errorf("%s: A is in %v and B in %v, want %s and %s", line.do, a, b, line.a, line.b)
				}
			}
		})
	}
}

func figureSegment(from engine.HostID, s *wire.Segment) string {
	text := fmt.Sprintf("%c SEQ=%d", "AB"[from], s.Seq)
	if s.Flags.Has(wire.ACK) {
		text += fmt.Sprintf(" ACK=%d", s.Ack)
	}
	text += " CTL=" + s.Flags.String()
	if s.Payload != "" {
		text += " DATA"
	}
	return text
}
