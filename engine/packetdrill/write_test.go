package packetdrill_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/handshakelab/lab/engine"
	"github.com/handshakelab/lab/engine/packetdrill"
	"github.com/handshakelab/lab/engine/script"
)

func source(t *testing.T, text string, side engine.HostID) packetdrill.Source {
	t.Helper()
	sc, faults := script.Parse(text)
	if len(faults.Errors()) > 0 {
		t.Fatal(faults)
	}
	_, events, _ := script.Run(sc)
	return packetdrill.Source{Scenario: sc, Events: events, Side: side}
}

// TestWriteScenarios: of each scenario of the lab's notebook and each of its hosts there is a script that passes, or a sentence that
// says why there is none.
func TestWriteScenarios(t *testing.T) {
	files, err := filepath.Glob("../testdata/scenarios/*.lab")
	if err != nil || len(files) == 0 {
		t.Fatal(len(files), err)
	}
	written := map[engine.HostID]int{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, side := range []engine.HostID{engine.Client, engine.Server} {
			t.Run(strings.TrimSuffix(filepath.Base(file), ".lab")+"/"+side.String(), func(t *testing.T) {
				out, err := packetdrill.Write(source(t, string(text), side))
				if why, ok := errors.AsType[*packetdrill.WriteError](err); ok {
					t.Log(why.Reason)
					if !strings.HasSuffix(why.Reason, ".") || len(why.Reason) < 20 {
						t.Errorf("%q is no sentence", why.Reason)
					}
					return
				} else if err != nil {
					t.Fatal(err)
				}
				written[side]++
				s, faults := packetdrill.Parse("", out)
				if len(faults) > 0 {
					t.Fatalf("%v\n%s", faults, out)
				}
				if r := packetdrill.Run(s); r.Outcome != packetdrill.Pass || len(r.Left) > 0 {
					t.Errorf("%v %v %v\n%s", r.Outcome, r.Faults, r.Left, out)
				}
			})
		}
	}
	// What cannot be written are calls on descriptors, several peers, and hosts that differ from Linux: about four in ten.
	for side, n := range written {
		if n < len(files)/2 {
			t.Errorf("of the %v only %d of %d scenarios are written", side, n, len(files))
		}
	}
}

// TestWrite: what stands in a script, line by line.
func TestWrite(t *testing.T) {
	const run = `title A request and its answer
client 192.0.2.1:54321 isn 100 profile linux
server 192.0.2.2:80 isn 300 profile linux
delay 10ms
server listen backlog 4
client connect
step until quiet
server accept
client send 5
step until server told readable
server recv
server close
step until client told peer-closed
client close
step until quiet
`
	for side, want := range map[engine.HostID][]string{
		engine.Client: {
			"// A request and its answer",
			"0.000000 connect(3, ..., ...) = -1 EINPROGRESS (Operation now in progress)",
			"0.000000 > S 100:100(0) win 64240 <mss 1460,sackOK,TS val 3131681996 ecr 0,nop,wscale 10>",
			"0.020000 < S. 300:300(0) ack 101 win 65160 <mss 1460,sackOK,TS val 1356061049 ecr 3131681996,nop,wscale 10>",
			"0.020000 getsockopt(3, SOL_SOCKET, SO_ERROR, [0], [4]) = 0",
			"0.030000 write(3, ..., 5) = 5",
		},
		engine.Server: {
			"0.000000 listen(3, 4) = 0",
			"0.010000 < S 100:100(0) win 64240 <mss 1460,sackOK,TS val 3131681996 ecr 0,nop,wscale 10>",
			"0.030000 accept(3, ..., ...) = 4",
			"0.040000 read(4, ..., 1000) = 5",
			"0.040000 close(4) = 0",
		},
	} {
		out, err := packetdrill.Write(source(t, run, side))
		if err != nil {
			t.Fatal(err)
		}
		at := 0
		for _, line := range want {
			i := strings.Index(out[at:], line+"\n")
			if i < 0 {
				t.Fatalf("the %v lacks %q behind what came before:\n%s", side, line, out)
			}
			at += i
		}
	}
}

// TestWriteRefuses: what no script can say is told with its reason.
func TestWriteRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		run, reason string
		side        engine.HostID
	}{
		"nothing":     {"client connect\ndrop SYN\n", "nothing to test", engine.Server},
		"ICMP":        {"server listen\nclient connect\nstep until quiet\nforge to client ICMP port-unreachable ACK sport=9 seq=101\nstep until quiet\n", "ICMP", engine.Client},
		"checksum":    {"server listen\nclient connect\nedit SYN checksum=0\nstep until quiet\n", "checksum", engine.Server},
		"descriptors": {"client socket\nclient connect nonblock fd 3\n", "descriptors", engine.Client},
		"network":     {"client connect\n", "client or the server", engine.Network},
		"the RFC":     {"server listen\nclient connect\nrule drop 1st SYN-ACK\nstep until quiet\n", "follows the profile rfc9293, does otherwise", engine.Server},
	} {
		out, err := packetdrill.Write(source(t, c.run, c.side))
		if why, ok := errors.AsType[*packetdrill.WriteError](err); !ok || !strings.Contains(why.Reason, c.reason) {
			t.Errorf("%s: %v\n%s", name, err, out)
		}
	}
}
