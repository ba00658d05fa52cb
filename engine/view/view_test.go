package view_test

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/handshakelab/lab/engine"
	"github.com/handshakelab/lab/engine/script"
	"github.com/handshakelab/lab/engine/tcp"
	"github.com/handshakelab/lab/engine/view"
)

var update = flag.Bool("update", false, "write the views of each state to its golden file")

// states are runs that end with a connection in that state, in its order of RFC 9293, at the host that is named.
var states = []struct {
	state tcp.State
	host  engine.HostID
	do    string
}{
	{tcp.Closed, engine.Client, ""},
	{tcp.Listen, engine.Server, "server listen backlog 4"},
	{tcp.SynSent, engine.Client, "rule drop every SYN\nclient connect\nwait 8s"},
	{tcp.SynReceived, engine.Server, "server listen\nrule drop every SYN-ACK\nclient connect\nwait 2s"},
	{tcp.Established, engine.Client, open + "rule drop every ACK from server\nclient send 20000\nwait 1.5s"},
	{tcp.FinWait1, engine.Client, open + "rule drop every segment from client\nclient send 100\nclient close\nwait 700ms"},
	{tcp.FinWait2, engine.Client, open + "client shutdown\nwait 500ms"},
	{tcp.CloseWait, engine.Server, open + "client send 18\nclient shutdown\nwait 500ms"},
	{tcp.Closing, engine.Client, open + "client close\nserver close\nstep until client CLOSING"},
	{tcp.LastAck, engine.Server, open + "client close\nwait 500ms\nserver recv\nrule drop every segment from client\nserver close\nwait 900ms"},
	{tcp.TimeWait, engine.Client, open + "client close\nwait 500ms\nserver close\nwait 10s"},
}

const open = "server listen\nclient connect\nstep until server ESTABLISHED\nserver accept\n"

const hosts = "client 192.0.2.1:54321 isn 100 profile linux\nserver 192.0.2.2:80 isn 300 profile linux\ndelay 50ms\n"

// run does a scenario and returns the view of its end.
func run(t *testing.T, text string) (*view.View, []engine.Event) {
	t.Helper()
	sc, diags := script.Parse(text)
	if len(diags) > 0 {
		t.Fatal(diags)
	}
	w, events, diags := script.Run(sc)
	if len(diags) > 0 {
		t.Fatal(diags)
	}
	return view.At(&w, events), events
}

// TestStates prints all views of every state. The golden files were looked at; after a change on purpose write them again and
// read the diff: go test ./engine/view -run TestStates -update
func TestStates(t *testing.T) {
	if len(states) != int(tcp.NumStates) {
		t.Fatalf("%d of %d states", len(states), tcp.NumStates)
	}
	for i, s := range states {
		t.Run(s.state.String(), func(t *testing.T) {
			if s.state != tcp.State(i) {
				t.Fatalf("%v stands in the place of %v", s.state, tcp.State(i))
			}
			condition := fmt.Sprintf("\nexpect %v %v\n", s.host, s.state)
			v, events := run(t, hosts+s.do+condition)
			var b strings.Builder
			for h := engine.Client; h <= engine.Server; h++ {
				fmt.Fprintf(&b, "%v$ ss -tan\n%s%v$ ss -tin\n%s%v$ cat /proc/net/tcp\n%s%v$ nstat -a\n%s", h, v.SS(h), h, v.SSInfo(h), h, v.ProcTCP(h), h, v.Nstat(h))
			}
			fmt.Fprintf(&b, "$ tcpdump -nn\n%s", view.Tcpdump(events, view.AtSenders, false))
			golden := filepath.Join("testdata", s.state.String()+".txt")
			if *update {
				if err := os.WriteFile(golden, []byte(b.String()), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(b.String(), "\n")); d != "" {
				t.Errorf("views (-golden +run)\n%s", d)
			}
		})
	}
}

// A view of a node in a timeline is that of the run that leads to it, also on a branch that was left.
func TestNode(t *testing.T) {
	sc, diags := script.Parse(hosts + "server listen\nclient connect\nstep until client ESTABLISHED\nclient send 18\nstep until quiet\n")
	if len(diags) > 0 {
		t.Fatal(diags)
	}
	tl, err := engine.NewTimeline(sc.Setup)
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range sc.Actions {
		if _, _, err := tl.Do(a); err != nil {
			t.Fatal(err)
		}
	}
	if err := tl.Goto(engine.NodeID(tl.Len() / 2)); err != nil {
		t.Fatal(err)
	}
	if _, _, err := tl.Do(engine.Action{Kind: engine.Call, Host: engine.Client, Call: tcp.Call{Verb: tcp.CallAbort}}); err != nil {
		t.Fatal(err)
	}
	for id := range engine.NodeID(tl.Len()) {
		w, events, err := engine.Replay(sc.Setup, tl.Path(id))
		if err != nil {
			t.Fatal(err)
		}
		want, got := view.At(&w, events), view.AtNode(tl, id)
		for h := engine.Client; h <= engine.Server; h++ {
			if got.SS(h)+got.SSInfo(h)+got.ProcTCP(h)+got.Nstat(h) != want.SS(h)+want.SSInfo(h)+want.ProcTCP(h)+want.Nstat(h) {
				t.Errorf("node %d: the %v looks otherwise than after a replay", id, h)
			}
		}
	}
}

// A host of IPv4 has nothing in the table of IPv6 but its head.
func TestProc6Empty(t *testing.T) {
	v, _ := run(t, hosts+"server listen")
	if got := v.ProcTCP6(engine.Server); strings.Count(got, "\n") != 1 || !strings.Contains(got, "remote_address                        st tx_queue") {
		t.Errorf("%q", got)
	}
}

func TestTcpdumpVantage(t *testing.T) {
	_, events := run(t, hosts+"server listen\nrule drop 1st SYN\nclient connect\nstep until client ESTABLISHED")
	for at, want := range map[view.Vantage][]string{
		view.AtSenders: {"00:00:00.000000 [S] seq 100", "00:00:01.000000 [S] seq 100", "00:00:01.050000 [S.] seq 300", "00:00:01.100000 [.]"},
		view.AtClient:  {"00:00:00.000000 [S] seq 100", "00:00:01.000000 [S] seq 100", "00:00:01.100000 [S.] seq 300", "00:00:01.100000 [.]"},
		view.AtServer:  {"00:00:01.050000 [S] seq 100", "00:00:01.050000 [S.] seq 300"},
	} {
		lines := strings.Split(strings.TrimSpace(view.Tcpdump(events, at, true)), "\n")
		if len(lines) != len(want) {
			t.Fatalf("%v: %q", at, lines)
		}
		for i, l := range lines {
			for _, word := range strings.SplitN(want[i], " ", 3) {
				if !strings.Contains(l, word) {
					t.Errorf("%v: line %d has no %q: %s", at, i, word, l)
				}
			}
		}
	}
}

// TestRealSS holds the column rules against the ss of this machine, if there is one: whatever sockets it lists, the same fields
// in our table give the same bytes.
func TestRealSS(t *testing.T) {
	ss, err := exec.LookPath("ss")
	if err != nil {
		t.Skip("there is no ss")
	}
	out, err := exec.Command(ss, "-tan").Output()
	if err != nil || !strings.HasPrefix(string(out), "State") {
		t.Skipf("ss -tan cannot be run: %v", err)
	}
	if got, ok := view.Relaid(string(out)); !ok || got != string(out) {
		t.Errorf("(-ss +table)\n%s", cmp.Diff(string(out), got))
	}
}

// counted are runs whose counters were worked out by hand from what the kernel counts when.
var counted = []struct {
	name, do string
	host     engine.HostID
	want     map[view.Counter]uint64
}{
	{"all ten segments of a window are lost", open + "rule drop every segment from client\nclient send 14480\nwait 10ms\nunrule 1\nstep until quiet", engine.Client,
		map[view.Counter]uint64{
			view.TCPOrigDataSent: 10, view.TCPLossProbes: 1, view.TCPTimeouts: 1, // the probe brings the tenth, the timeout the first
			view.TCPSlowStartRetrans: 8, view.TcpRetransSegs: 10, view.TCPDelivered: 11, view.TCPLostRetransmit: 0,
		}},
	{"pieces with gaps between them", open + "forge to server ACK seq=201 ack=301 payload=\"a\"\nforge to server ACK seq=203 ack=301 payload=\"a\"\n" +
		"forge to server ACK seq=205 ack=301 payload=\"a\"\nforge to server ACK seq=207 ack=301 payload=\"a\"\nforge to server ACK seq=209 ack=301 payload=\"a\"\nwait 60ms", engine.Server,
		map[view.Counter]uint64{view.TCPOFOQueue: 4, view.TCPOFODrop: 1}},
	{"old timestamps", open + "forge to server ACK seq=101 ack=301 options=\"nop,nop,TS val 3131600000 ecr 1\"\n" +
		"forge to server ACK seq=101 ack=301 options=\"nop,nop,TS val 3131600000 ecr 1\"\nwait 60ms", engine.Server,
		map[view.Counter]uint64{view.PAWSEstab: 2, view.TCPACKSkippedPAWS: 1}},
	{"a closed socket in FIN-WAIT-2", open + "client close\nwait 200ms\nforge to client ACK seq=1 ack=1\nforge to client ACK seq=1 ack=1\nwait 60ms", engine.Client,
		map[view.Counter]uint64{view.TW: 1, view.TCPACKSkippedFinWait2: 1}},
	{"TIME-WAIT", open + "client close\nwait 200ms\nserver close\nwait 1s\nforge to client ACK seq=1 ack=1\nforge to client ACK seq=1 ack=1\nwait 60ms", engine.Client,
		map[view.Counter]uint64{view.TW: 1, view.TCPACKSkippedTimeWait: 1}},
	{"segments that may be marked", "client ecn 1\n" + open + "client send 18\nwait 60ms", engine.Server,
		map[view.Counter]uint64{view.IpInECT0Pkts: 1, view.IpInNoECTPkts: 2}},
	{"a SYN queue that is full", "server syncookies 0\nserver listen backlog 0\nforge to server SYN src=203.0.113.1 seq=1\nforge to server SYN src=203.0.113.2 seq=1\nwait 60ms", engine.Server,
		map[view.Counter]uint64{view.TCPReqQFullDrop: 1, view.ListenDrops: 1, view.ListenOverflows: 0}},
	{"an application that aborts, and one that closes with unread text", open + "client send 18\nwait 60ms\nserver close\nclient abort\nwait 60ms", engine.Server,
		map[view.Counter]uint64{view.TCPAbortOnClose: 1, view.TCPAbortOnData: 0, view.TcpOutRsts: 1, view.TcpEstabResets: 1}},
}

func TestCounters(t *testing.T) {
	for _, test := range counted {
		t.Run(test.name, func(t *testing.T) {
			v, _ := run(t, hosts+test.do)
			got := v.Counters(test.host)
			for c, want := range test.want {
				if got[c] != want {
					t.Errorf("%v is %d, want %d", c, got[c], want)
				}
			}
			if t.Failed() {
				t.Log(v.Nstat(test.host))
			}
		})
	}
}

// Each counter counts something in a scenario or in one of the runs above.
func TestEachCounterCounts(t *testing.T) {
	files, err := filepath.Glob("../testdata/scenarios/*.lab")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	var sum view.Counters
	add := func(v *view.View) {
		for h := engine.Client; h <= engine.Server; h++ {
			for c, n := range v.Counters(h) {
				sum[c] += n
			}
		}
	}
	for _, file := range files {
		src, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		v, _ := run(t, string(src))
		add(v)
	}
	for _, test := range counted {
		v, _ := run(t, hosts+test.do)
		add(v)
	}
	for _, do := range icmpRuns {
		for _, text := range overBoth(do) {
			v, _ := run(t, text)
			add(v)
		}
	}
	v, _ := run(t, overBoth("client ecn 1\nserver ecn 1\nserver listen\nclient connect\nstep until server ESTABLISHED\nclient send 5\nstep until quiet\n")[1])
	add(v)
	for c, n := range sum {
		if n == 0 {
			t.Errorf("nothing counts %v", view.Counter(c))
		}
	}
}
