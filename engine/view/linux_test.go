package view_test

import (
	"encoding/json"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/handshakelab/lab/engine"
	"github.com/handshakelab/lab/engine/script"
	"github.com/handshakelab/lab/engine/view"
)

// stages are what was done on two real hosts when testdata/linux.json was recorded, as scenarios; each stage goes on from
// the one before, unless it has a set-up of its own.
var stages = []struct{ name, do string }{
	{"listen", twoHosts + "server listen backlog 4"},
	{"syn-sent", "rule drop every SYN\nclient connect from 52431\nwait 500ms"},
	{"syn-sent-again", "wait 1200ms"},
	{"syn-received", "client close\nunrule 1\nrule drop every SYN-ACK\nclient connect from 52432\nwait 500ms"},
	{"accept-queue", twoHosts + "server listen backlog 4\nclient connect from 52433\nwait 130ms"},
	{"data-unread", "server accept\nclient send 18\nwait 200ms"},
	{"data-unacknowledged", "server recv 100\nrule drop every segment from client\nclient send 3000\nwait 20ms"},
	{"data-again", "unrule 1\nwait 1s"},
	{"half-closed", "client shutdown\nwait 200ms"},
	{"half-closed-read", "server recv 5000"},
	{"last-ack", "rule drop every segment from server\nserver close\nwait 100ms"},
	{"time-wait", "unrule 1\nwait 1s"},
	{"time-wait-closed", "client close"},
	{"fin-wait-2-closed", "client connect from 52434\nwait 1ms\nserver accept\nclient close\nwait 200ms"},
}

const twoHosts = "client 192.0.2.10:52431 profile linux\nserver 198.51.100.20:80 profile linux\ndelay 20us\n"

// TestLinux compares what the tools print of a run with what they printed on a real kernel in which the same was done.
func TestLinux(t *testing.T) {
	b, err := os.ReadFile("testdata/linux.json")
	if err != nil {
		t.Fatal(err)
	}
	var real struct {
		Looks []struct{ State, Host, Format, Text string }
	}
	if err := json.Unmarshal(b, &real); err != nil {
		t.Fatal(err)
	}
	text, compared := "", 0
	lossy := false // something was lost, and the two differ in what they make of it
	for _, stage := range stages {
		if strings.HasPrefix(stage.do, "client 192") {
			text = ""
		}
		text += stage.do + "\n"
		sc, diags := script.Parse(text)
		if len(diags) > 0 {
			t.Fatalf("%s: %v", stage.name, diags)
		}
		w, events, diags := script.Run(sc)
		if len(diags) > 0 {
			t.Fatalf("%s: %v", stage.name, diags)
		}
		v := view.At(&w, events)
		lossy = lossy || stage.name == "data-again"
		for _, look := range real.Looks {
			if look.State != stage.name {
				continue
			}
			h := engine.Client
			if look.Host == "server" {
				h = engine.Server
			}
			got, want := "", ""
			switch look.Format {
			case "ss":
				got, want = v.SS(h), look.Text
			case "ss-info":
				got, want = measured(v.SSInfo(h)), measured(untold(look.Text))
				if lossy {
					got, want = adapted.ReplaceAllString(got, "$1:…"), adapted.ReplaceAllString(want, "$1:…")
				}
			case "proc":
				got, want = v.ProcTCP(h), look.Text
				for _, line := range strings.Split(strings.TrimSuffix(got, "\n"), "\n") {
					if len(line) != len(strings.Split(want, "\n")[0]) {
						t.Errorf("%s: a line of %d bytes: %q", stage.name, len(line), line)
					}
				}
				got, want = settled(got), settled(want)
				if lossy {
					got, want = procAdapted.ReplaceAllString(got, ""), procAdapted.ReplaceAllString(want, "")
				}
			}
			compared++
			if d := cmp.Diff(strings.Split(want, "\n"), strings.Split(got, "\n")); d != "" {
				t.Errorf("%s: %s of the %s (-kernel +view)\n%s", stage.name, look.Format, look.Host, d)
			}
		}
	}
	if compared != len(real.Looks) {
		t.Errorf("%d of %d recordings have a stage", compared, len(real.Looks))
	}
}

var (
	// left out by the views: see the documentation of package view.
	notShown = regexp.MustCompile(` (rcv_rtt|rcv_ssthresh):\S+`)
	// what another machine, or the same one a moment later, measures differently.
	varies = regexp.MustCompile(`(lastsnd|lastrcv|lastack|rto|rtt|minrtt|send|pacing_rate|delivery_rate|busy)([: ])\S+`)
	blanks = regexp.MustCompile(`(?m) +$`)
)

func untold(s string) string { return notShown.ReplaceAllString(s, "") }

func measured(s string) string {
	return blanks.ReplaceAllString(varies.ReplaceAllString(s, "$1$2…"), "")
}

var (
	// Linux halves the congestion window, RFC 5681 what is in flight; Linux tunes its receive buffer and so its window.
	adapted     = regexp.MustCompile(` ?(cwnd|ssthresh|snd_wnd):\S+`)
	procAdapted = regexp.MustCompile(`(?m) \d+ \d+ -?\d+ -?\d+ -?\d+$`)
	// When a timer fires is measured; inode numbers are as they come; a timer that was stopped holds its socket until it
	// would have fired.
	procTimer = regexp.MustCompile(`([0-9A-F]{8}:[0-9A-F]{8} 0[1-4]):[0-9A-F]{8}`)
	procInode = regexp.MustCompile(` [1-9]\d{4,} (\d+)( 0{16} )`)
)

func settled(s string) string {
	return blanks.ReplaceAllString(procInode.ReplaceAllString(procTimer.ReplaceAllString(s, "$1:…"), " inode refs$2"), "")
}
