package web

import (
	"bytes"
	"encoding/json"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/handshakelab/lab/engine/pcap"
	"github.com/handshakelab/lab/engine/script"
	"github.com/handshakelab/lab/web/i18n"
	"github.com/handshakelab/lab/web/live"
)

func trace(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile("../engine/testdata/kernel/traces/" + name + ".pcap")
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// lines runs a scenario and returns it as a capture.
func captureOf(t *testing.T, text string) string {
	t.Helper()
	sc, faults := script.Parse(text)
	if len(faults) > 0 {
		t.Fatal(faults)
	}
	_, events, _ := script.Run(sc)
	var b bytes.Buffer
	if err := pcap.Write(&b, pcap.Run{Scenario: sc, Events: events}); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func captureAnswer(t *testing.T, h http.Handler, query, body string) (int, *captured, string) {
	t.Helper()
	r, err := http.NewRequest("POST", "/api/capture?"+query, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	w := ask(httpFunc(h, r), "POST", "/api/capture", body)
	var c captured
	if w.Code == http.StatusOK {
		if err := json.Unmarshal(w.Body.Bytes(), &c); err != nil {
			t.Fatal(err)
		}
	}
	return w.Code, &c, w.Body.String()
}

// httpFunc gives requests the query of r.
func httpFunc(h http.Handler, like *http.Request) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.URL.RawQuery = like.URL.RawQuery
		h.ServeHTTP(w, r)
	})
}

// TestCapture: a capture of a kernel is listed, followed and told as a run.
func TestCapture(t *testing.T) {
	h := builtinSite(t).Handler()
	status, c, body := captureAnswer(t, h, "", trace(t, "request-response-close"))
	if status != http.StatusOK || c.Packets == 0 || len(c.Conversations) != 1 || c.Replay == nil || c.Scenario != "" {
		t.Fatalf("%d %.400s", status, body)
	}
	var frame live.RunFrame
	if err := json.Unmarshal(c.Replay.Frame, &frame); err != nil {
		t.Fatal(err)
	}
	if c.Replay.Outcome != "follows" || c.Replay.Odd != nil || len(frame.Events) == 0 || frame.Hosts[0].Addr != c.Conversations[0].Client {
		t.Errorf("%s, odd %v, %d events of %v", c.Replay.Outcome, c.Replay.Odd, len(frame.Events), frame.Hosts)
	}
}

// TestCaptureChooses: each of several conversations can be followed.
func TestCaptureChooses(t *testing.T) {
	h := builtinSite(t).Handler()
	file := trace(t, "accept-overflow-sequential")
	_, first, _ := captureAnswer(t, h, "", file)
	_, second, body := captureAnswer(t, h, "conv=1&profile=linux-classic", file)
	if len(first.Conversations) < 2 || first.Replay == nil || second.Replay == nil || second.Replay.Conversation != 1 {
		t.Fatalf("%d conversations, %.300s", len(first.Conversations), body)
	}
	if bytes.Equal(first.Replay.Frame, second.Replay.Frame) {
		t.Error("both are the same")
	}
}

// TestCaptureOdd: the first thing that the model would not have done is named, with what it would have done.
func TestCaptureOdd(t *testing.T) {
	h := builtinSite(t).Handler()
	file := captureOf(t, "client 192.0.2.1:54321 isn 100\nserver 192.0.2.2:80 isn 300\nserver listen\nclient connect\nedit SYN seq=100 ttl=63\nstep until SYN-ACK sent\nedit SYN-ACK ack=500\nstep until quiet\n")
	// as tcpdump would have written it: without the run in its comments
	file = strings.ReplaceAll(file, "client connect", "client conn3ct")
	status, c, body := captureAnswer(t, h, "conv=0&profile=rfc9293", file)
	if status != http.StatusOK || c.Replay == nil || c.Replay.Odd == nil {
		t.Fatalf("%d %.500s", status, body)
	}
	if o := c.Replay.Odd; o.Seg == 0 || o.Reason == "" || o.Code == "" || o.Host == "" || o.State == "" {
		t.Errorf("%+v", o)
	}
}

// TestCaptureOfTheLab: a file that the lab wrote is the run that it was written from.
func TestCaptureOfTheLab(t *testing.T) {
	h := builtinSite(t).Handler()
	status, c, body := captureAnswer(t, h, "", captureOf(t, exportedRun))
	if status != http.StatusOK || !strings.Contains(c.Scenario, "title A request <and> its answer") || c.Replay != nil {
		t.Fatalf("%d %.300s", status, body)
	}
}

func TestCaptureRefuses(t *testing.T) {
	h := builtinSite(t).Handler()
	good := trace(t, "request-response-close")
	for name, c := range map[string]struct {
		query, body string
		status      int
		says        string
	}{
		"nothing":           {"", "", 422, "empty"},
		"something else":    {"", "GET / HTTP/1.1", 422, "neither pcap nor pcapng"},
		"compressed":        {"", "\x1f\x8b\x08\x00", 422, "gzip"},
		"no such profile":   {"profile=bsd", good, 400, "linux"},
		"no number":         {"conv=x", good, 400, "conversation"},
		"no such one":       {"conv=7", good, 400, "less than"},
		"too large":         {"", strings.Repeat("x", maxCapture+1), 413, "tcpdump -r"},
		"only what is none": {"", good[:24] + strings.Repeat("\x00\x00\x00\x00\x00\x00\x00\x00\x01\x00\x00\x00\x01\x00\x00\x00x", 2), 422, "no TCP"},
	} {
		status, _, body := captureAnswer(t, h, c.query, c.body)
		var e struct{ Message string }
		if err := json.Unmarshal([]byte(body), &e); err != nil || status != c.status || !strings.Contains(e.Message, c.says) {
			t.Errorf("%s: %d %.300s", name, status, body)
		}
	}
	// what stands before the damage is followed
	status, c, body := captureAnswer(t, h, "", good[:len(good)-3])
	if status != http.StatusOK || c.Damage == "" || c.Replay == nil {
		t.Errorf("cut short: %d %.300s", status, body)
	}
}

// Why a capture cannot be read is told in the language of whoever brought it.
func TestCaptureRefusesInWords(t *testing.T) {
	de := i18n.Lookup("de")
	for _, test := range []struct {
		fault *pcap.Error
		want  string
	}{
		{&pcap.Error{Code: pcap.Compressed}, "gepackt"},
		{&pcap.Error{Code: pcap.TooManyBlocks}, "mehr, als das Labor liest"},
		{&pcap.Error{Code: pcap.BadLength, Packet: 4, Offset: 312}, "Paket 3 (Byte 312"},
	} {
		if got := damage(de, test.fault); !strings.Contains(got, test.want) {
			t.Errorf("%s is told as %q", test.fault.Code, got)
		}
	}
	if got := damage(i18n.Lookup("en"), &pcap.Error{Code: pcap.Empty, Reason: "it has no bytes"}); got != "The capture cannot be read: it has no bytes." {
		t.Errorf("in English it is told as %q", got)
	}
}
