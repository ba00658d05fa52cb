package pcap_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/handshakelab/lab/engine"
	"github.com/handshakelab/lab/engine/pcap"
	"github.com/handshakelab/lab/engine/script"
	"github.com/handshakelab/lab/engine/wire"
)

// lab is a scenario of the engine's notebook with its run.
type lab struct {
	name string
	pcap.Run
}

func labs(t testing.TB) []lab {
	t.Helper()
	files, err := filepath.Glob("../testdata/scenarios/*.lab")
	if err != nil || len(files) < 50 {
		t.Fatalf("%d scenarios, %v", len(files), err)
	}
	var all []lab
	for _, file := range files {
		all = append(all, lab{strings.TrimSuffix(filepath.Base(file), ".lab"), run(t, read(t, file))})
	}
	return all
}

// run does a scenario.
func run(t testing.TB, text string) pcap.Run {
	t.Helper()
	sc, diagnostics := script.Parse(text)
	if len(diagnostics.Errors()) > 0 {
		t.Fatalf("%v\n%s", diagnostics, text)
	}
	_, events, _ := script.Run(sc)
	return pcap.Run{Scenario: sc, Events: events}
}

func read(t testing.TB, file string) string {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func written(t testing.TB, r pcap.Run) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := pcap.Write(&b, r); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func parsed(t testing.TB, b []byte) *pcap.Capture {
	t.Helper()
	c, err := pcap.Read(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// A trace is what was recorded beside a capture on a real kernel.
type trace struct {
	Raw    string  `json:"raw_side"`
	Delay  float64 `json:"one_way_delay_ms"`
	A, B   string
	Events []event
}

// An event of a trace, as far as it is read here.
type event struct {
	T            float64
	Kind, Src    string
	Sport, Dport uint16
	Flags        string
	Seq, Ack     uint32
	Len          int
	Win          uint16
	Opts         []string
	Fate         string
	DelayMs      *float64 `json:"delay_ms"`
}

// kernelDir is the folder with the captures and what belongs to them: LAB_KERNEL_DIR, or those in the project.
func kernelDir() string {
	if dir := os.Getenv("LAB_KERNEL_DIR"); dir != "" {
		return filepath.Join(dir, "traces")
	}
	return "../testdata/kernel/traces"
}

// readTrace reads what was recorded beside a capture; without is true when nothing was.
func readTrace(t testing.TB, file string) (tr trace, without bool) {
	t.Helper()
	b, err := os.ReadFile(file)
	if os.IsNotExist(err) {
		return trace{}, true
	}
	if err == nil {
		err = json.Unmarshal(b, &tr)
	}
	if err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	without = !slices.ContainsFunc(tr.Events, func(e event) bool { return e.Kind == "seg" })
	return tr, without
}

var update = flag.Bool("update", false, "write the golden files of testdata")

// golden compares text with a file of testdata.
func golden(t *testing.T, name, text string) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff(strings.Split(read(t, file), "\n"), strings.Split(text, "\n")); diff != "" {
		t.Errorf("%s (-want +got):\n%s", file, diff)
	}
}

var clientAddr, serverAddr = netip.MustParseAddrPort("192.0.2.1:40000"), netip.MustParseAddrPort("192.0.2.2:80")

// seg is a segment of the client, or with server of the server.
func seg(from engine.HostID, flags wire.Flags, seq, ack uint32, payload string) wire.Segment {
	s := wire.NewSegment(clientAddr, serverAddr)
	if from == engine.Server {
		s.Src, s.Dst = s.Dst, s.Src
	}
	s.Flags, s.Seq, s.Ack, s.Payload, s.Window = flags, wire.Seq(seq), wire.Seq(ack), payload, 65535
	return s
}
