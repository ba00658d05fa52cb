package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	nats "github.com/nats-io/nats-server/v2/server"
	client "github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// natsConfig tells this program to be a NATS server with a configuration file.
const natsConfig = "LAB_TEST_NATS"

// runNATS is what TestMain does then. The server ends with the process.
func runNATS(file string) int {
	o, err := nats.ProcessConfigFile(file)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	o.NoSigs = true
	ns, err := nats.NewServer(o)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	ns.Start()
	ns.WaitForShutdown()
	return 0
}

// startNATS starts three NATS servers, processes of their own, and returns their addresses.
func startNATS(t *testing.T) (urls []string, servers []*exec.Cmd) {
	t.Helper()
	var addrs, routes []string
	for range 3 {
		addr := freeAddr(t)
		addrs, urls, routes = append(addrs, addr), append(urls, "nats://"+addr), append(routes, "nats://"+freeAddr(t))
	}
	dir := t.TempDir()
	for i, addr := range addrs {
		file := filepath.Join(dir, fmt.Sprintf("n%d.conf", i))
		text := fmt.Sprintf("server_name: n%d\nlisten: %q\njetstream { store_dir: %q, sync_interval: always }\ncluster { name: lab, listen: %q, routes: [%s] }\n",
			i, addr, filepath.Join(dir, fmt.Sprint(i)), strings.TrimPrefix(routes[i], "nats://"), strings.Join(routes, ", "))
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		cmd := exec.Command(os.Args[0])
		cmd.Env, cmd.Stderr = append(os.Environ(), natsConfig+"="+file), os.Stderr
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
		servers = append(servers, cmd)
	}
	eventually(t, "the NATS servers to be ready", func() bool {
		conn, err := client.Connect(strings.Join(urls, ","), client.Timeout(time.Second))
		if err != nil {
			return false
		}
		defer conn.Close()
		js, err := jetstream.New(conn, jetstream.WithDefaultTimeout(time.Second))
		if err != nil {
			return false
		}
		_, err = js.AccountInfo(t.Context())
		return err == nil
	})
	return urls, servers
}

func eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	for end := time.Now().Add(60 * time.Second); !is(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("waited too long for %s", what)
		}
	}
}

// A person is a browser: cookies, and at most one socket.
type person struct {
	t    *testing.T
	http *http.Client
	ws   *websocket.Conn
	seen uint64 // of the room
}

func newPerson(t *testing.T) *person {
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &person{t: t, http: &http.Client{Jar: jar, Timeout: 30 * time.Second}}
}

// post sends a form and returns where it has led.
func (p *person) post(s *server, path string, form url.Values) string {
	p.t.Helper()
	resp, err := p.http.PostForm(s.url+path, form)
	if err != nil {
		p.t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != 200 {
		p.t.Fatalf("POST %s: %s\n%s", path, resp.Status, s.stderr)
	}
	return resp.Request.URL.Path
}

const password = "correct horse battery"

// get returns a page.
func (p *person) get(s *server, path string) string {
	p.t.Helper()
	resp, err := p.http.Get(s.url + path)
	if err != nil {
		p.t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != 200 {
		p.t.Fatalf("GET %s: %s, %v\n%s", path, resp.Status, err, b)
	}
	return string(b)
}

// enter opens a socket on a server and enters a class.
func (p *person) enter(s *server, class string) {
	p.t.Helper()
	u, err := url.Parse(s.url)
	if err != nil {
		p.t.Fatal(err)
	}
	d := websocket.Dialer{Jar: p.http.Jar, NetDial: net.Dial}
	if t, ok := p.http.Transport.(*http.Transport); ok {
		d.TLSClientConfig, d.NetDial, d.NetDialContext = t.TLSClientConfig, nil, t.DialContext
	}
	ws, resp, err := d.Dial("ws"+strings.TrimPrefix(u.Scheme, "http")+"://"+u.Host+u.Path+"ws", http.Header{"Origin": {u.Scheme + "://" + u.Host}, "Sec-Websocket-Protocol": {"tcplab.v1"}})
	if err != nil {
		p.t.Fatalf("%v, %v", err, resp)
	}
	p.t.Cleanup(func() { ws.Close() })
	p.ws = ws
	p.send(map[string]any{"type": "enter", "id": 1, "room": class, "tab": "tab-of-one-person"})
	p.until(func(f map[string]any) bool {
		if f["type"] == "error" {
			p.t.Fatalf("enter: %v", f)
		}
		return f["type"] == "room"
	})
}

func (p *person) send(v map[string]any) {
	p.t.Helper()
	if err := p.ws.WriteJSON(v); err != nil {
		p.t.Fatal(err)
	}
}

// until reads frames up to the one that is wanted, and keeps what was seen of the room.
func (p *person) until(is func(map[string]any) bool) map[string]any {
	p.t.Helper()
	for {
		p.ws.SetReadDeadline(time.Now().Add(40 * time.Second))
		_, b, err := p.ws.ReadMessage()
		if err != nil {
			p.t.Fatal(err)
		}
		var f map[string]any
		if err := json.Unmarshal(b, &f); err != nil {
			p.t.Fatal(err)
		}
		if seq, ok := f["seq"].(float64); ok {
			p.seen = max(p.seen, uint64(seq))
		}
		if is(f) {
			return f
		}
	}
}

// do makes the shared run go on, and tries again under the same number as long as it is not saved.
func (p *person) do(class string, id int) (done map[string]any, waited time.Duration) {
	p.t.Helper()
	began := time.Now()
	for {
		p.send(map[string]any{"type": "do", "id": id, "run": class + ".1", "seen": p.seen, "line": "wait 1ms"})
		// What was done is told by the number of its entry, and before the answer to who did it.
		f := p.until(func(f map[string]any) bool {
			if f["type"] == "done" {
				done = f
				return false
			}
			re, _ := f["re"].(float64)
			return int(re) == id
		})
		if f["type"] == "acted" {
			return done, time.Since(began)
		}
		switch f["code"] {
		case "stale":
		case "not_saved":
			time.Sleep(50 * time.Millisecond) // a browser takes longer
		default:
			p.t.Fatalf("do %d: %v", id, f)
		}
	}
}

// teach makes the first account of a lab, and opens a class on another one, or the same.
func teach(t *testing.T, first, other *server) (ada *person, class string) {
	t.Helper()
	ada = newPerson(t)
	return ada, ada.teach(first.link(), first, other)
}

// link is the path of the link for the first account, which the program prints.
func (s *server) link() string {
	s.t.Helper()
	eventually(s.t, "the link for the first account", func() bool { return strings.Contains(s.stdout.String(), "/setup/") })
	return regexp.MustCompile(`setup/\S+`).FindString(s.stdout.String())
}

// teach makes an account with a link, and opens a class.
func (p *person) teach(link string, first, other *server) (class string) {
	p.t.Helper()
	p.post(first, link, url.Values{"name": {"ada"}, "password": {password}, "again": {password}})
	path := p.post(other, "teach", url.Values{"title": {"Networks"}})
	return path[strings.LastIndexByte(path, '/')+1:]
}

// byHTTPS is a class on a lab that is seen by HTTPS, with an instructor and a learner who both act in it by their sockets.
func byHTTPS(t *testing.T, s *server, at string, how *http.Transport) {
	t.Helper()
	seen := &server{t: t, url: at}
	ada, bob := newPerson(t), newPerson(t)
	ada.http.Transport, bob.http.Transport = how, how
	class := ada.teach(s.link(), seen, seen)
	ada.enter(seen, class)
	ada.share(seen, class)
	bob.post(seen, "join", url.Values{"code": {ada.code(seen, class)}, "name": {"Bob"}})
	bob.enter(seen, class)
	if _, waited := ada.do(class, 2); waited > 20*time.Second {
		t.Errorf("an act took %v", waited)
	}
	bob.until(func(f map[string]any) bool { return f["type"] == "done" })
	ada.ws.Close()
	bob.ws.Close()
}

// Behind a proxy that ends TLS the browser's cookies are called otherwise, and sockets are let in by them all the same.
func TestClassBehindTLS(t *testing.T) {
	s := start(t, nil, "-addr", "127.0.0.1:0", "-base-path", "/tcp/")
	u, err := url.Parse(s.url)
	if err != nil {
		t.Fatal(err)
	}
	u.Path = ""
	proxy := httptest.NewTLSServer(&httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(u)
		r.SetXForwarded()
		r.Out.Host = r.In.Host
	}})
	defer proxy.Close()
	byHTTPS(t, s, proxy.URL+"/tcp/", proxy.Client().Transport.(*http.Transport))
	s.stop(syscall.SIGTERM)
}

// code is what a class is joined by, as the page of its instructor has it.
func (p *person) code(s *server, class string) string {
	p.t.Helper()
	page := p.get(s, "teach/"+class)
	code := regexp.MustCompile(`class="code">([A-Z]{3})\W([A-Z]{3})<`).FindStringSubmatch(page)
	if code == nil {
		p.t.Fatalf("the page of class %s has no code: %s", class, page)
	}
	return code[1] + code[2]
}

// share begins a run in the class, and waits until it is seen.
func (p *person) share(s *server, class string) {
	p.t.Helper()
	p.post(s, "api/class/"+class+"/act", url.Values{"kind": {"push"}, "title": {"A handshake"}, "scenario": {"server listen\nclient connect\n"}, "id": {"push"}})
	p.until(func(f map[string]any) bool { return f["type"] == "room" && f["run"] == class+".1" })
}

// A class goes on while one of three NATS servers is killed, and then the lab that its instructor is on: what was done is done, once, and
// everybody sees the same run, on the other lab and on one that was started later. Who signs out everywhere is out on all of them.
func TestClassOnTwoLabs(t *testing.T) {
	urls, servers := startNATS(t)
	env := []string{"LAB_NATS_URL=" + strings.Join(urls, ",")}
	labs := []*server{start(t, env, "-addr", "127.0.0.1:0"), start(t, env, "-addr", "127.0.0.1:0")}

	ada, class := teach(t, labs[0], labs[1])
	bob := newPerson(t)
	bob.post(labs[1], "join", url.Values{"code": {ada.code(labs[0], class)}, "name": {"Bob"}})

	ada.enter(labs[0], class)
	bob.enter(labs[1], class)
	ada.share(labs[0], class)
	bob.until(func(f map[string]any) bool { return f["type"] == "room" && f["run"] == class+".1" })

	const each = 20
	did, longest := 0, time.Duration(0)
	more := func() {
		for range each {
			did++
			_, waited := ada.do(class, did+1)
			longest = max(longest, waited)
		}
	}
	more()
	for _, lab := range labs {
		eventually(t, "the lab to be ready", func() bool { status, _ := lab.get("readyz"); return status == 200 })
	}
	leader := leaderOf(t, urls, "LOGS")
	if err := servers[leader].Process.Kill(); err != nil {
		t.Fatal(err)
	}
	// A balancer leaves the labs where they are: what needs no store goes on.
	for _, lab := range labs {
		for _, path := range []string{"readyz", "lessons/three-segments"} {
			if status, _ := lab.get(path); status != 200 {
				t.Errorf("%s while no server leads: %d", path, status)
			}
		}
	}
	more()
	t.Logf("a NATS server was killed; the longest wait was %v", longest)
	if err := labs[0].cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	longest = 0
	ada.enter(labs[1], class)
	more()
	t.Logf("a lab was killed; the longest wait was %v", longest)

	did++
	done, _ := ada.do(class, did+1)
	want, last := done["digest"], int(done["last"].(float64))
	seen := bob.until(func(f map[string]any) bool { return f["type"] == "done" && f["digest"] == want })
	if int(seen["last"].(float64)) != last {
		t.Errorf("bob sees %v, ada node %d", seen, last)
	}
	third := start(t, env, "-addr", "127.0.0.1:0")
	late := &person{t: t, http: bob.http}
	late.enter(third, class)
	f := late.until(func(f map[string]any) bool { return f["digest"] == want || nested(f, "done", "digest") == want })
	t.Logf("node %d after %d actions; the late one was told by a %v", last, did, f["type"])
	// The scenario itself has two.
	if last != did+2 {
		t.Errorf("the run is at node %d after %d actions", last, did)
	}

	// Signed out everywhere on one lab, the instructor is shown the class no longer on the other one; the others go on.
	ada.enter(third, class)
	ada.post(labs[1], "account/signout", nil)
	ada.until(func(f map[string]any) bool { return f["type"] == "left" && f["room"] == class })
	ada.send(map[string]any{"type": "do", "id": did + 2, "run": class + ".1", "seen": ada.seen, "line": "wait 1ms"})
	if f := ada.until(func(f map[string]any) bool { return f["type"] == "error" || f["type"] == "acted" }); f["code"] != "no_such_room" {
		t.Errorf("who has signed out gets %v", f)
	}
	late.send(map[string]any{"type": "leave", "id": 2, "room": class})
	if f := late.until(func(f map[string]any) bool { return f["type"] == "left" }); f["re"] != 2.0 {
		t.Errorf("another one is out as well: %v", f)
	}
}

func nested(f map[string]any, keys ...string) any {
	var v any = f
	for _, key := range keys {
		m, _ := v.(map[string]any)
		v = m[key]
	}
	return v
}

// leaderOf is the place of the server that leads a stream.
func leaderOf(t *testing.T, urls []string, stream string) (i int) {
	t.Helper()
	conn, err := client.Connect(strings.Join(urls, ","))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	js, err := jetstream.New(conn)
	if err != nil {
		t.Fatal(err)
	}
	s, err := js.Stream(t.Context(), stream)
	if err != nil {
		t.Fatal(err)
	}
	if i, err = strconv.Atoi(strings.TrimPrefix(s.CachedInfo().Cluster.Leader, "n")); err != nil {
		t.Fatal(err)
	}
	return i
}
