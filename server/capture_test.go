package main

import (
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/handshakelab/lab/engine/wire"
)

// kernelCapture is the path of a capture of the kernel.
func kernelCapture(name string) string {
	return filepath.Join("..", "engine", "testdata", "kernel", "traces", name+".pcap")
}

// TestRunCapture follows captures of a real kernel and of the lab itself.
func TestRunCapture(t *testing.T) {
	// An old duplicate of a SYN was forged behind the place where this was captured.
	const old = `09:12:03.451669 IP 10.77.0.1.40001 > 10.77.0.2.80: Flags [S], seq 3358870988, win 64240, options [mss 1460,sackOK,TS val 3961844354 ecr 0,nop,wscale 10], length 0
09:12:03.472162 IP 10.77.0.2.80 > 10.77.0.1.40001: Flags [S.], seq 1890287760, ack 3358870979, win 65160, options [mss 1460,sackOK,TS val 3808642567 ecr 3961844354,nop,wscale 10], length 0
  ^ packet 2, wrong-ack: The SYN-ACK acknowledges 3358870979; the SYN had number 3358870988, so it must be 3358870989. [RFC 9293 3.10.7.2]
    instead: <SEQ=1890287760><ACK=3358870989><CTL=SYN,ACK>
`
	r := lab(t, nil, "", "run", kernelCapture("old-duplicate-syn"))
	if !strings.HasPrefix(r.stdout, old) || !strings.HasSuffix(r.stdout, "\n7 packets, 1 conversation held against linux: 0 followed, 1 departed, 0 beyond the model\n") || r.code != 1 || r.stderr != "" {
		t.Errorf("%+v", r)
	}
	const ladder = `            client        10.77.0.1:40001 and 10.77.0.2:80                      server
  0.000000  SYN-SENT      --> <SEQ=1664034595><CTL=SYN>                    -->  CLOSED        connect [RFC 9293 3.10.1]
  0.023403  SYN-SENT      <-- <SEQ=195648835><ACK=1664034596><CTL=SYN,ACK> <--  SYN-RECEIVED  listen [RFC 9293 3.10.7.2]
  0.023592  ESTABLISHED   --> <SEQ=1664034596><ACK=195648836><CTL=ACK>     -->  SYN-RECEIVED  answer [RFC 9293 3.10.7.3]
3 packets, 1 conversation held against linux: 1 followed, 0 departed, 0 beyond the model
`
	if r = lab(t, nil, "", "run", "-format", "ladder", kernelCapture("handshake")); r.stdout != ladder || r.code != 0 {
		t.Errorf("%+v\n want\n%s", r, ladder)
	}
	// The relative numbers are those of tcpdump.
	r = lab(t, nil, "", "run", "-format", "tcpdump-relative", "-profile", "rfc9293", kernelCapture("handshake"))
	if !strings.Contains(r.stdout, "ack 1, win") || !strings.Contains(r.stdout, "held against rfc9293") || r.code != 0 {
		t.Errorf("%+v", r)
	}
	if r = lab(t, nil, "", "run", kernelCapture("tfo-first-and-second")); r.code != 0 || !strings.HasSuffix(r.stdout, "2 followed, 0 departed, 0 beyond the model\n") {
		t.Errorf("Fast Open: %+v", r)
	}
	// Who sent an ICMP error is said, also when it is no router of the lab.
	syn := wire.NewSegment(netip.MustParseAddrPort("192.0.2.1:40000"), netip.MustParseAddrPort("192.0.2.2:80"))
	syn.Seq, syn.Flags = 100, wire.SYN
	refused := syn
	refused.ICMP = wire.ICMP{Kind: wire.PortUnreachable, Router: 1}
	file := append([]byte("\xd4\xc3\xb2\xa1"), 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 0, 0, 101, 0, 0, 0)
	other := refused.AppendIP(nil)
	copy(other[12:], []byte{10, 9, 8, 7})
	for i, packet := range [][]byte{syn.AppendIP(nil), refused.AppendIP(nil), other} {
		for _, v := range []int{0, i, len(packet), len(packet)} {
			file = append(file, byte(v), 0, 0, 0)
		}
		file = append(file, packet...)
	}
	r = lab(t, nil, string(file), "run", "-")
	for _, want := range []string{"00:00:00.000001 IP 203.0.113.1 > 192.0.2.1: ICMP 192.0.2.2 tcp port 80 unreachable, length 48\n",
		"00:00:00.000002 packet 3: ICMP port-unreachable from 10.9.8.7 about 192.0.2.1:40000 > 192.0.2.2:80, seq 100\n"} {
		if r.code != 0 || !strings.Contains(r.stdout, want) {
			t.Errorf("%+v\n has no %q", r, want)
		}
	}
	// By what is in it, a capture is known on standard input too.
	b, err := os.ReadFile(kernelCapture("handshake"))
	if err != nil {
		t.Fatal(err)
	}
	if r = lab(t, nil, string(b), "run", "-"); r.code != 0 || strings.Count(r.stdout, " IP ") != 3 {
		t.Errorf("standard input: %+v", r)
	}
	// Of one that breaks off the beginning is shown.
	r = lab(t, nil, string(b[:len(b)-1]), "run", "-")
	if r.code != 2 || strings.Count(r.stdout, " IP ") != 2 || !strings.HasPrefix(r.stderr, "lab: standard input: the capture cannot be read beyond packet 2: the record claims ") {
		t.Errorf("cut: %+v", r)
	}
}

// TestRunWritesCaptures: what -format pcapng writes is the same run when it is run again, in all formats.
func TestRunWritesCaptures(t *testing.T) {
	for _, code := range []int{0, 1} {
		scenario := lostScenario
		if code == 1 {
			scenario += "expect client LISTEN\n"
		}
		written := lab(t, nil, scenario, "run", "-format", "pcapng", "-")
		if written.code != code || (written.stderr != "") != (code == 1) {
			t.Fatalf("%d, %s", written.code, written.stderr)
		}
		file := filepath.Join(t.TempDir(), "run.pcapng")
		if err := os.WriteFile(file, []byte(written.stdout), 0o600); err != nil {
			t.Fatal(err)
		}
		for _, format := range []string{"tcpdump", "events", "json", "ladder", "ss", "pcapng"} {
			want := lab(t, nil, scenario, "run", "-format", format, "-")
			got := lab(t, nil, "", "run", "-format", format, file)
			if got.code != code || got.stdout != want.stdout {
				t.Errorf("%s: code %d\n got  %q\n want %q", format, got.code, got.stdout, want.stdout)
			}
		}
	}
}

// TestRunCaptureSaysWhatIsWrong: each fault has an exit code and a sentence.
func TestRunCaptureSaysWhatIsWrong(t *testing.T) {
	dir := t.TempDir()
	file := func(name, contents string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(contents), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	scenario := file("lost.lab", lostScenario)
	broken := strings.Replace(lab(t, nil, "", "run", "-format", "pcapng", scenario).stdout, "client connect", "client cannect", 1)
	handshake := kernelCapture("handshake")
	for _, test := range []struct {
		args   []string
		code   int
		stderr string
	}{
		{[]string{file("text.pcap", "client connect\n")}, 2, "it is neither pcap nor pcapng"},
		{[]string{file("empty.pcapng", "")}, 2, "it is empty"},
		{[]string{file("packed.pcap", "\x1f\x8b\x08")}, 2, "compressed with gzip: unpack it first"},
		{[]string{file("packed", "\x1f\x8b\x08\x00")}, 2, "compressed with gzip: unpack it first"},
		{[]string{filepath.Join(dir, "missing.pcap")}, 2, "cannot be read"},
		{[]string{"-format", "events", handshake}, 2, "-format events is for runs: of a capture there are tcpdump, tcpdump-relative and ladder"},
		{[]string{"-format", "pcapng", handshake}, 2, "-format pcapng is for runs"},
		{[]string{"-at", "client", handshake}, 2, "-at and -ahead are for runs"},
		{[]string{"-ahead", handshake}, 2, "-at and -ahead are for runs"},
		{[]string{"-profile", "windows", handshake}, 2, `-profile cannot be "windows"`},
		{[]string{"-profile", "linux", scenario}, 2, "-profile is for captures"},
		{[]string{"-format", "pcapng", "-at", "1s", scenario}, 2, "-at is not for -format pcapng"},
		{[]string{file("broken.pcapng", broken)}, 0, "broken.pcapng, the scenario in its comments:"},
	} {
		r := lab(t, nil, "", slices.Insert(test.args, 0, "run")...)
		if r.code != test.code || !strings.Contains(r.stderr, test.stderr) || strings.Count(r.stderr, "\n") != 1 {
			t.Errorf("%q: %+v, want code %d and %q", test.args, r, test.code, test.stderr)
		}
	}
}
