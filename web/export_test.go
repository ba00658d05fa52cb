package web

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"rsc.io/qr"

	"github.com/handshakelab/lab/engine/packetdrill"
	"github.com/handshakelab/lab/engine/pcap"
	"github.com/handshakelab/lab/engine/script"
	"github.com/handshakelab/lab/lessons"
	"github.com/handshakelab/lab/web/take"
)

const exportedRun = `title A request <and> its answer
client 192.0.2.1:54321 isn 100 profile linux
server 192.0.2.2:80 isn 300 profile linux
delay 10ms
server listen backlog 4
client connect
step until quiet
client send 5
step until quiet
`

// wellFormed reads XML to its end.
func wellFormed(t *testing.T, b []byte) {
	t.Helper()
	d := xml.NewDecoder(bytes.NewReader(b))
	for {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			return
		} else if err != nil {
			t.Fatalf("not well-formed: %v", err)
		}
	}
}

// TestExport: each format has its type, its name and its contents, by form and by JSON alike.
func TestExport(t *testing.T) {
	h := newTestSite(t, "/lab/", lessons.Builtin()).Handler()
	for format, want := range map[take.Format]struct {
		kind, name string
		check      func(b []byte)
	}{
		take.Scenario: {"text/plain; charset=utf-8", "a-request-and-its-answer.lab", func(b []byte) {
			if _, faults := script.Parse(string(b)); len(faults) > 0 {
				t.Error(faults)
			}
		}},
		take.Tcpdump: {"text/plain; charset=utf-8", "a-request-and-its-answer.txt", func(b []byte) {
			if !strings.Contains(string(b), "Flags [S.], seq 300, ack 101") {
				t.Errorf("%s", b)
			}
		}},
		take.Pcapng: {"application/x-pcapng", "a-request-and-its-answer.pcapng", func(b []byte) {
			c, err := pcap.Read(bytes.NewReader(b))
			if err != nil || c.Scenario == nil {
				t.Error(err)
			}
		}},
		take.SVG: {"image/svg+xml", "a-request-and-its-answer.svg", func(b []byte) {
			wellFormed(t, b)
			text := string(b)
			for _, must := range []string{"<title id=\"title\">A request &lt;and&gt; its answer</title>", "<desc id=\"desc\">Two hosts", "seq 100", "@font-face", "#2A47A0"} {
				if !strings.Contains(text, must) {
					t.Errorf("the picture lacks %q", must)
				}
			}
			for _, not := range []string{"var(", "light-dark", "http:", "https:", "url(/"} {
				if strings.Contains(strings.Replace(text, "http://www.w3.org/2000/svg", "", 1), not) {
					t.Errorf("the picture has %q in it, so it does not stand alone", not)
				}
			}
		}},
		take.Packetdrill: {"text/plain; charset=utf-8", "a-request-and-its-answer-server.pkt", func(b []byte) {
			s, faults := packetdrill.Parse("", string(b))
			if len(faults) > 0 || packetdrill.Run(s).Outcome != packetdrill.Pass {
				t.Errorf("%v\n%s", faults, b)
			}
		}},
		take.Worksheet: {"text/html; charset=utf-8", "a-request-and-its-answer.html", func(b []byte) {
			text := string(b)
			sheet, key, ok := strings.Cut(text, `id="key-title"`)
			if !ok || strings.Contains(text, "<script") || strings.Contains(text, "<style") {
				t.Error("it has no key, or something inline")
			}
			if strings.Contains(sheet, "seq 100") || strings.Contains(sheet, ">SYN<") || !strings.Contains(key, "seq 100") || !strings.Contains(key, ">SYN<") {
				t.Error("the sheet tells what the key should, or the key does not")
			}
			if !strings.Contains(sheet, "192.0.2.1") && !strings.Contains(sheet, "arrived at") {
				t.Error("the sheet tells nothing")
			}
		}},
	} {
		form := url.Values{"format": {string(format)}, "scenario": {exportedRun}, "side": {"server"}, "blank": {"flags", "seq", "ack"}}
		object, err := json.Marshal(map[string]any{"format": format, "scenario": exportedRun, "side": "server", "blank": []string{"flags", "seq", "ack"}})
		if err != nil {
			t.Fatal(err)
		}
		var bodies []string
		for kind, body := range map[string]string{"application/x-www-form-urlencoded": form.Encode(), "application/json; charset=utf-8": string(object)} {
			w := ask(h, "POST", "/lab/api/export", body, "Content-Type", kind)
			if w.Code != http.StatusOK {
				t.Fatalf("%s: %d %s", format, w.Code, w.Body)
			}
			how, name, _ := strings.Cut(w.Header().Get("Content-Disposition"), "; ")
			if got := w.Header().Get("Content-Type"); got != want.kind || name != `filename="`+want.name+`"` {
				t.Errorf("%s: %s, %s", format, got, name)
			}
			if inline := how == "inline"; inline != (format == take.Worksheet) {
				t.Errorf("%s is %s", format, how)
			}
			bodies = append(bodies, w.Body.String())
		}
		if bodies[0] != bodies[1] {
			t.Errorf("%s: a form and JSON give different files", format)
		}
		want.check([]byte(bodies[0]))
	}
}

// TestExportBlanks: each field that can be left blank is in the key and not in the sheet.
func TestExportBlanks(t *testing.T) {
	h := builtinSite(t).Handler()
	for field, secret := range map[string]string{
		"flags": ">ACK<", "seq": "seq 301", "ack": "ack 101", "len": "5 bytes", "time": ">10<", "states": "ESTABLISHED", "fate": "arrived at", "why": "The application opened",
	} {
		form := url.Values{"format": {"worksheet"}, "scenario": {exportedRun}, "blank": {field}}
		w := ask(h, "POST", "/api/export", form.Encode(), "Content-Type", "application/x-www-form-urlencoded")
		sheet, key, _ := strings.Cut(w.Body.String(), `id="key-title"`)
		squeezed := strings.Join(strings.Fields(sheet), " ")
		if strings.Contains(squeezed, secret) || !strings.Contains(strings.ReplaceAll(strings.Join(strings.Fields(key), " "), "> ACK <", ">ACK<"), secret) {
			t.Errorf("%s: %q is in the sheet, or not in the key", field, secret)
		}
	}
}

func TestExportQR(t *testing.T) {
	h := builtinSite(t).Handler()
	qr := func(link string) (int, string) {
		w := ask(h, "POST", "/api/export", url.Values{"format": {"qr"}, "link": {link}}.Encode(), "Content-Type", "application/x-www-form-urlencoded")
		return w.Code, w.Body.String()
	}
	for _, n := range []int{20, 900, 1500, maxQR} {
		link := "https://lab.example/sandbox#s=1."
		link += strings.Repeat("a", max(0, n-len(link)))
		status, body := qr(link)
		if status != http.StatusOK || !strings.Contains(body, "<title>"+link+"</title>") {
			t.Fatalf("%d: %d %.200s", n, status, body)
		}
		wellFormed(t, []byte(body))
	}
	if status, body := qr("https://lab.example/" + strings.Repeat("a", maxQR)); status != http.StatusUnprocessableEntity || !strings.Contains(body, "2973 characters") {
		t.Errorf("too long: %d %s", status, body)
	}
	for _, bad := range []string{"", "javascript:alert(1)", "sandbox#s=1.x", "https://", "http://[::1"} {
		if status, _ := qr(bad); status != http.StatusBadRequest {
			t.Errorf("%q: %d", bad, status)
		}
	}
}

// TestQRDrawing: the dark modules are those of the code, moved by its margin.
func TestQRDrawing(t *testing.T) {
	const link = "https://lab.example/sandbox#s=1.abc"
	code, err := qr.Encode(link, qr.M)
	if err != nil {
		t.Fatal(err)
	}
	dark := map[[2]int]bool{}
	for _, m := range regexp.MustCompile(`M(\d+) (\d+)h(\d+)v1h-(\d+)z`).FindAllStringSubmatch(string(qrSVG(code, link)), -1) {
		x, y, n := number(t, m[1]), number(t, m[2]), number(t, m[3])
		if m[3] != m[4] {
			t.Fatalf("%s is not closed", m[0])
		}
		for i := range n {
			dark[[2]int{x + i - quiet, y - quiet}] = true
		}
	}
	for y := -quiet; y < code.Size+quiet; y++ {
		for x := -quiet; x < code.Size+quiet; x++ {
			if dark[[2]int{x, y}] != code.Black(x, y) {
				t.Fatalf("module %d, %d", x, y)
			}
		}
	}
}

func number(t *testing.T, s string) int {
	t.Helper()
	n, err := strconv.Atoi(s)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestExportRefuses(t *testing.T) {
	h := builtinSite(t).Handler()
	const formType, jsonType = "application/x-www-form-urlencoded", "application/json"
	for name, c := range map[string]struct {
		kind, body string
		status     int
		says       string
	}{
		"no type":         {"", "format=svg", 415, "form"},
		"another type":    {"text/plain", "format=svg", 415, "form"},
		"no format":       {formType, "scenario=client+connect", 400, "scenario, tcpdump"},
		"unknown format":  {jsonType, `{"format":"exe"}`, 400, "format"},
		"unknown field":   {formType, "format=svg&colour=red", 400, "colour"},
		"unknown member":  {jsonType, `{"format":"svg","colour":"red"}`, 400, "colour"},
		"a field twice":   {formType, "format=svg&format=qr", 400, "once"},
		"bad side":        {formType, "format=packetdrill&side=moon", 400, "side"},
		"bad place":       {formType, "format=tcpdump&at=moon", 400, "at"},
		"bad blank":       {formType, "format=worksheet&blank=moon", 400, "blank"},
		"broken form":     {formType, "format=%zz", 400, "form"},
		"broken JSON":     {jsonType, `{"format":`, 400, "JSON"},
		"a bad scenario":  {formType, "format=svg&scenario=server+lisen", 422, "Line 1"},
		"what cannot be":  {formType, url.Values{"format": {"svg"}, "scenario": {"server listen\ndrop SYN\n"}}.Encode(), 422, "Line 2"},
		"no script of it": {formType, url.Values{"format": {"packetdrill"}, "side": {"server"}, "scenario": {"client connect\ndrop SYN\n"}}.Encode(), 422, "nothing to test"},
		"too large":       {formType, "format=svg&scenario=" + strings.Repeat("+", maxBody), 413, "large"},
	} {
		w := ask(h, "POST", "/api/export", c.body, "Content-Type", c.kind)
		var e struct{ Message string }
		if err := json.Unmarshal(w.Body.Bytes(), &e); err != nil || w.Code != c.status || !strings.Contains(e.Message, c.says) {
			t.Errorf("%s: %d %s", name, w.Code, w.Body)
		}
	}
}
