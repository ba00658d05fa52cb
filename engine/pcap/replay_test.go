package pcap_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/handshakelab/lab/engine"
	"github.com/handshakelab/lab/engine/pcap"
	"github.com/handshakelab/lab/engine/script"
	"github.com/handshakelab/lab/engine/tcp"
)

// sound are what every page counts on that is given events.
func sound(t *testing.T, c *pcap.Capture, conv int, r *pcap.Replay) {
	t.Helper()
	type segment struct{ sent, ended bool }
	segments := map[engine.SegID]*segment{}
	open := map[string]tcp.State{}
	var now engine.Time
	for i := range r.Events {
		e := &r.Events[i]
		if e.N != i || e.At < now {
			t.Fatalf("event %d is number %d at %v, behind %v", i, e.N, e.At, now)
		}
		now = e.At
		key := fmt.Sprint(e.Host, e.Conn)
		switch e.Kind {
		case engine.Sent, engine.Injected:
			if segments[e.Seg] != nil || e.Due < e.At {
				t.Fatalf("segment %d is sent twice, or due at %v before %v", e.Seg, e.Due, e.At)
			}
			segments[e.Seg] = &segment{sent: true}
			p := &c.Packets[c.Conversations[conv].Packets[e.Seg-1]]
			if *e.Wire != p.Seg {
				t.Errorf("segment %d is not the packet that was captured", e.Seg)
			}
		case engine.Arrived, engine.Lost:
			s := segments[e.Seg]
			if s == nil || s.ended {
				t.Fatalf("segment %d ends before it is sent, or twice", e.Seg)
			}
			s.ended = true
		case engine.Opened:
			if _, there := open[key]; there {
				t.Fatalf("connection %s is opened twice", key)
			}
			open[key] = e.Vars.State
		case engine.Changed:
			if e.Conn != 0 && open[key] != e.From {
				t.Errorf("event %d: connection %s goes from %v, and is in %v", i, key, e.From, open[key])
			}
			open[key] = e.To
		case engine.Removed:
			delete(open, key)
		case engine.Updated:
			if e.Vars.State != open[key] {
				t.Errorf("event %d: the variables of %s say %v, and it is in %v", i, key, e.Vars.State, open[key])
			}
		}
	}
	if len(segments) != r.To-r.From+1 {
		t.Errorf("%d segments, from %d to %d", len(segments), r.From, r.To)
	}
	if r.Odd != 0 && segments[r.Odd] == nil {
		t.Errorf("the odd segment %d is not there", r.Odd)
	}
}

// TestReplayKernel: what the kernel sent is told in sound events, with the states that the kernel was in at the end.
func TestReplayKernel(t *testing.T) {
	files, err := filepath.Glob("../testdata/kernel/traces/*.pcap")
	if err != nil || len(files) == 0 {
		t.Fatal(len(files), err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".pcap"), func(t *testing.T) {
			b, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			c, err := pcap.Read(bytes.NewReader(b))
			if err != nil {
				t.Fatal(err)
			}
			for i := range c.Conversations {
				r := c.Replay(i, tcp.Linux, tcp.Linux, nil)
				follow := c.Follow(i, tcp.Linux, tcp.Linux)
				if r.Outcome != follow.Outcome || r.Packet != follow.Packet || len(r.Steps) != len(follow.Steps) {
					t.Errorf("conversation %d: replay %v at %d, follow %v at %d", i, r.Outcome, r.Packet, follow.Outcome, follow.Packet)
				}
				sound(t, c, i, &r)
			}
		})
	}
}

// captured is a run as a capture of one of its hosts, without the run in it.
func captured(t *testing.T, text, side string) *pcap.Capture {
	t.Helper()
	sc, faults := script.Parse(text)
	if len(faults) > 0 {
		t.Fatal(faults)
	}
	_, events, faults := script.Run(sc)
	if len(faults) > 0 {
		t.Fatal(faults)
	}
	var b bytes.Buffer
	if err := pcap.Write(&b, pcap.Run{Scenario: sc, Events: events}); err != nil {
		t.Fatal(err)
	}
	c, err := pcap.Read(&b)
	if err != nil {
		t.Fatal(err)
	}
	for i := range c.Conversations {
		if c.Interfaces[c.Conversations[i].Interface].Name == side {
			c.Conversations = c.Conversations[i : i+1]
			return c
		}
	}
	t.Fatal("nothing was captured at the " + side)
	return nil
}

// TestReplayTells: of a run that was captured at one end, the events are those of the run again: states, times, losses.
func TestReplayTells(t *testing.T) {
	const run = `client 192.0.2.1:54321 isn 100 profile linux
server 192.0.2.2:80 isn 300 profile linux
delay 40ms
server listen
client connect
step until quiet
client send 5
step until quiet
client close
step until quiet
`
	for _, side := range []string{"client", "server"} {
		t.Run(side, func(t *testing.T) {
			c := captured(t, run, side)
			r := c.Replay(0, tcp.Linux, tcp.Linux, nil)
			sound(t, c, 0, &r)
			if !r.Measured || r.Outcome != pcap.Follows || r.Odd != 0 {
				t.Fatalf("measured %v, %v at segment %d", r.Measured, r.Outcome, r.Odd)
			}
			var lines []string
			for _, e := range r.Events {
				if e.Kind != engine.Updated && e.Kind != engine.Opened {
					e.Vars = nil
					lines = append(lines, script.EventLine(e))
				}
			}
			all := strings.Join(lines, "\n")
			t.Log("\n" + all)
			for _, want := range []string{
				"0.000000 client  state         CLOSED to SYN-SENT",
				"0.000000 server  called        listen",
				"0.000000 server  state         CLOSED to LISTEN",
				"0.040000 server  state         LISTEN to SYN-RECEIVED",
				"0.080000 client  state         SYN-SENT to ESTABLISHED",
				"0.120000 server  state         SYN-RECEIVED to ESTABLISHED",
				"called        connect", "called        send 5", "to FIN-WAIT-1", "to CLOSE-WAIT",
			} {
				if !strings.Contains(all, want) {
					t.Errorf("no %q", want)
				}
			}
		})
	}
}

// TestReplayOdd: what the model finds odd is there, also when it comes late, and all that comes behind it.
func TestReplayOdd(t *testing.T) {
	odd := "client 192.0.2.1:54321 isn 100 profile linux\nserver 192.0.2.2:80 isn 300 profile linux\ndelay 1ms\nserver listen\nclient connect\nstep until quiet\n" +
		"%sforge to server ACK seq=101 ack=90000\nstep until quiet\nclient send 1\nstep until quiet\n"
	for name, before := range map[string]int{"soon": 0, "late": pcap.MaxReplay/2 + 20} {
		t.Run(name, func(t *testing.T) {
			c := captured(t, fmt.Sprintf(odd, strings.Repeat("client send 1\nwait 300ms\n", before)), "server")
			r := c.Replay(0, tcp.Linux, tcp.Linux, nil)
			sound(t, c, 0, &r)
			if r.Outcome != pcap.Departs || r.Odd == 0 || r.Code != pcap.UnseenAck {
				t.Fatalf("%v %s at segment %d", r.Outcome, r.Code, r.Odd)
			}
			if n := len(c.Conversations[0].Packets); r.To <= int(r.Odd) && r.To < n || r.To-r.From >= pcap.MaxReplay {
				t.Errorf("segments %d to %d of %d around %d", r.From, r.To, n, r.Odd)
			}
			stand := 0
			for _, e := range r.Events {
				if e.At == 0 && e.Kind == engine.Opened && e.Vars.State == tcp.Established {
					stand++
				}
			}
			if before > 0 && (stand != 2 || r.From == 1) {
				t.Errorf("it begins at segment %d with %d ends in ESTABLISHED", r.From, stand)
			}
		})
	}
}

// TestReplayStops: who has gone away is not worked for.
func TestReplayStops(t *testing.T) {
	c := captured(t, "server listen\nclient connect\nstep until quiet\n", "client")
	asked := 0
	r := c.Replay(0, tcp.Linux, tcp.Linux, func() bool { asked++; return asked == 2 })
	if !r.Cancelled || asked != 2 || len(r.Events) > 0 {
		t.Errorf("cancelled %v after %d questions, %d events", r.Cancelled, asked, len(r.Events))
	}
}
