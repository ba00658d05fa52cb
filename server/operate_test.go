package main

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/gorilla/websocket"
)

// logged waits for a line of the log and returns it.
func (s *server) logged(text string) string {
	s.t.Helper()
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		for line := range strings.Lines(s.stderr.String()) {
			if strings.Contains(line, text) {
				return line
			}
		}
	}
	s.t.Fatalf("the log has no %q:\n%s", text, s.stderr)
	return ""
}

// Every metric of the operator's guide is there, and what is counted is counted.
func TestMetrics(t *testing.T) {
	s := start(t, nil, "-addr", "127.0.0.1:0", "-metrics", "127.0.0.1:0")
	at := regexp.MustCompile(`http://localhost:\d+/metrics`).FindString(s.logged(`"metrics"`))
	s.get("lessons/three-segments")
	s.get("no/such/page")
	s.get("readyz")
	ws := s.dial()
	for _, text := range []string{`{"type":"open","id":1,"scenario":"server listen\nclient connect\nstep until quiet\n"}`, `{"type":"resume","id":2,"run":"none","after":1}`} {
		if err := ws.WriteMessage(websocket.TextMessage, []byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	read(t, ws, "error")
	resp, err := http.Get(at)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	page := string(b)
	for _, line := range []string{
		`lab_http_requests_total{method="GET",route="/lessons/{slug}",status="200"} 1`,
		`lab_http_requests_total{method="GET",route="none",status="404"} 1`,
		`lab_http_requests_total{method="GET",route="/ws",status="101"} 1`,
		`lab_http_request_seconds_count{route="/lessons/{slug}"} 1`,
		`lab_sockets 1`, `lab_runs 1`, `lab_rooms 0`, `lab_room_followers 0`, `lab_resyncs_total 0`, `lab_sockets_refused_total{reason="memory"} 0`,
		`lab_commands_total{type="open"} 1`, `lab_commands_total{type="resume"} 1`, `lab_refusals_total{code="no_such_run"} 1`,
		`lab_lessons{state="broken"} 0`, `lab_lesson_diagnostics{severity="error"} 0`,
		`lab_store_seconds_count{op="check",result="ok"} 1`,
		`lab_build_info{engine=`,
	} {
		if !strings.Contains(page, line) {
			t.Errorf("there is no %s", line)
		}
	}
	guide, err := os.ReadFile(filepath.Join("operate", "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	names := regexp.MustCompile(`(?m)^# TYPE (lab_\w+)`).FindAllStringSubmatch(page, -1)
	if len(names) < 12 {
		t.Errorf("only %d metrics", len(names))
	}
	for _, name := range names {
		if !strings.Contains(string(guide), "`"+name[1]) {
			t.Errorf("the guide does not list %s", name[1])
		}
	}
	if status, _ := s.get("metrics"); status != 404 {
		t.Errorf("the public address answers /metrics with %d", status)
	}
	if t.Failed() {
		t.Log(regexp.MustCompile(`(?m)^(#|go_|process_).*\n`).ReplaceAllString(page, ""))
	}
}

func TestPrintConfig(t *testing.T) {
	file := filepath.Join(t.TempDir(), "url")
	if err := os.WriteFile(file, []byte("nats://lab:swordfish@one:4222,nats://two:4222\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	r := lab(t, []string{"LAB_NATS_URL_FILE=" + file, "LAB_ADDR=:1234"}, "", "-print-config", "-base-path", "tcp")
	for _, want := range []string{"LAB_ADDR=:1234\n", "LAB_BASE_PATH=/tcp/\n", "LAB_NATS_URL=nats://-@one:4222,nats://two:4222\n", "LAB_DRAIN=0s\n"} {
		if r.code != 0 || !strings.Contains(r.stdout, want) {
			t.Errorf("%+v has no %q", r, want)
		}
	}
	if strings.Contains(r.stdout+r.stderr, "swordfish") {
		t.Errorf("the password is printed: %+v", r)
	}
	for _, env := range [][]string{{"LAB_NATS_URL_FILE=/no/such/file"}, {"LAB_NATS_URL_FILE=" + file, "LAB_NATS_URL=nats://x"}, {"LAB_ADDR_FILE=" + file}, {"LAB_LOG=loud"}, {"LAB_TLS_DOMAIN=https://lab.example"}} {
		name, _, _ := strings.Cut(env[0], "=")
		if r := lab(t, env, ""); r.code != 2 || strings.Count(r.stderr, "\n") != 1 || !strings.Contains(strings.ToUpper(strings.ReplaceAll(r.stderr, "-", "_")), strings.TrimPrefix(name, "LAB_")) {
			t.Errorf("%v: %+v", env, r)
		}
	}
}

// What the log must not have it does not, whoever tries to write it.
func TestLogWithoutSecrets(t *testing.T) {
	var out bytes.Buffer
	log := newLog(&out, slog.LevelInfo)
	log.Info("a", "password", "swordfish", "Name", "swordfish", "token", "swordfish", "err", fmt.Errorf("GET /setup/swordfish: no"), "path", "/tcp/join/swordfish", "url", "nats://lab:swordfish@one:4222")
	log.With("secret", "swordfish").WithGroup("g").Info("b", "cookie", "swordfish", "lesson", "three-segments")
	if strings.Contains(out.String(), "swordfish") || !strings.Contains(out.String(), "three-segments") || !strings.Contains(out.String(), "/tcp/join/-") {
		t.Error(out.String())
	}
}

// A whole visit with everything logged: no address with a secret, no cookie, nothing that was typed; and each line has the number that the
// answer has.
func TestLogOfAVisit(t *testing.T) {
	s := start(t, nil, "-addr", "127.0.0.1:0", "-log", "debug")
	const secret = "swordfish"
	var ids []string
	for _, r := range []struct{ method, path, body string }{
		{"GET", "lessons?q=" + secret, ""}, {"GET", "search?q=" + secret, ""}, {"GET", "setup/" + secret, ""}, {"GET", "join/" + secret, ""}, {"GET", secret, ""},
		{"POST", "signin", "name=" + secret + "&password=" + secret}, {"POST", "join", "code=ABCDEF&name=" + secret}, {"POST", "api/run", `{"scenario":"` + secret + `"}`},
	} {
		req, err := http.NewRequest(r.method, s.url+r.path, strings.NewReader(r.body))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		req.Header.Set("Cookie", "lab="+secret)
		req.Header.Set("X-Request-Id", "proxy-12345")
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		ids = append(ids, resp.Header.Get("X-Request-Id"))
	}
	if slices.ContainsFunc(ids, func(id string) bool { return id != "proxy-12345" }) {
		t.Errorf("the numbers of the requests are %q", ids)
	}
	ws := s.dial()
	if err := ws.WriteMessage(websocket.TextMessage, []byte(`{"type":"open","id":1,"scenario":"`+secret+`"}`)); err != nil {
		t.Fatal(err)
	}
	read(t, ws, "error")
	s.stop(syscall.SIGTERM)
	log := s.stderr.String()
	if strings.Contains(log, secret) {
		t.Errorf("the log tells what was typed:\n%s", log)
	}
	if strings.Count(log, `"request":"proxy-12345"`) < len(ids) {
		t.Errorf("not all of %d requests are in the log by their number:\n%s", len(ids), log)
	}
}

// A server that is going down, or whose store is away, says so, and stays alive.
func TestReady(t *testing.T) {
	s := start(t, nil, "-addr", "127.0.0.1:0", "-drain", "1h")
	if status, _ := s.get("readyz"); status != 200 {
		t.Errorf("readyz: %d", status)
	}
	if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	s.logged("going down")
	if status, text := s.get("readyz"); status != 503 || text != "going down\n" {
		t.Errorf("readyz while draining: %d %s", status, text)
	}
	if status, _ := s.get("livez"); status != 200 {
		t.Errorf("livez while draining: %d", status)
	}
}

// A server that has a name gets a certificate by itself, proves by HTTP that the name is its own, keeps the certificate in the store for
// the next start, leads browsers from HTTP to it, and tells them to stay.
func TestTLS(t *testing.T) {
	web := freeAddr(t)
	ca := newAuthority(t, web)
	addr, folder := freeAddr(t), t.TempDir()
	client := &http.Client{Transport: &http.Transport{
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, network, addr)
		},
		TLSClientConfig: &tls.Config{RootCAs: ca.pool()},
	}, Timeout: 20 * time.Second}
	for n := range 2 {
		s := startTLS(t, []string{"LAB_DATA=" + folder}, "-addr", addr, "-tls-domain", "lab.example", "-tls-directory", ca.srv.URL+"/directory", "-tls-http", web)
		resp, err := client.Get("https://lab.example/livez")
		if err != nil {
			t.Fatalf("start %d: %v\n%s", n+1, err, s.stderr)
		}
		resp.Body.Close()
		if resp.StatusCode != 200 || resp.Header.Get("Strict-Transport-Security") == "" {
			t.Errorf("%d, %v", resp.StatusCode, resp.Header)
		}
		if n == 0 {
			byHTTPS(t, s, "https://lab.example/", client.Transport.(*http.Transport))
		}
		if r := lab(t, nil, "", "healthcheck", "-addr", addr, "-tls-domain", "lab.example"); r.code != 0 {
			t.Errorf("healthcheck: %+v", r)
		}
		plain := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
		req, err := http.NewRequest(http.MethodGet, "http://"+web+"/lessons", nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Host = "lab.example"
		if resp, err = plain.Do(req); err != nil || resp.StatusCode != 302 || resp.Header.Get("Location") != "https://lab.example/lessons" {
			t.Errorf("over HTTP: %v, %v", resp, err)
		}
		client.CloseIdleConnections()
		s.stop(syscall.SIGTERM)
	}
	if ca.issued != 1 {
		t.Errorf("%d certificates were asked for, want one for both starts", ca.issued)
	}
}

func freeAddr(t *testing.T) string {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	return ln.Addr().String()
}

// An authority is as much of RFC 8555 as it takes to issue a certificate. It trusts every signature, but asks the server for the proof.
type authority struct {
	t      *testing.T
	srv    *httptest.Server
	web    string // where names are served
	key    *ecdsa.PrivateKey
	cert   []byte
	chain  []byte
	valid  bool
	issued int
}

func newAuthority(t *testing.T, web string) *authority {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	root := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Test CA"}, NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}
	cert, err := x509.CreateCertificate(rand.Reader, root, root, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	ca := &authority{t: t, web: web, key: key, cert: cert}
	ca.srv = httptest.NewServer(ca)
	t.Cleanup(ca.srv.Close)
	return ca
}

func (ca *authority) pool() *x509.CertPool {
	pool := x509.NewCertPool()
	root, _ := x509.ParseCertificate(ca.cert)
	pool.AddCert(root)
	return pool
}

func (ca *authority) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	at := func(path string) string { return ca.srv.URL + path }
	w.Header().Set("Replay-Nonce", rand.Text())
	var jws struct{ Payload string }
	_ = json.NewDecoder(r.Body).Decode(&jws)
	payload, _ := base64.RawURLEncoding.DecodeString(jws.Payload)
	say := func(status int, v map[string]any) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_ = json.NewEncoder(w).Encode(v)
	}
	status := map[bool]string{false: "pending", true: "valid"}[ca.valid]
	names := []map[string]any{{"type": "dns", "value": "lab.example"}}
	challenge := map[string]any{"type": "http-01", "url": at("/challenge"), "token": "token", "status": status}
	order := map[string]any{"status": map[bool]string{false: "pending", true: "ready"}[ca.valid], "identifiers": names, "authorizations": []string{at("/authz")}, "finalize": at("/finalize")}
	switch r.URL.Path {
	case "/directory":
		say(200, map[string]any{"newNonce": at("/nonce"), "newAccount": at("/account"), "newOrder": at("/order"), "revokeCert": at("/revoke"), "keyChange": at("/key")})
	case "/nonce":
	case "/account":
		w.Header().Set("Location", at("/account/1"))
		say(201, map[string]any{"status": "valid"})
	case "/order":
		w.Header().Set("Location", at("/order/1"))
		say(201, order)
	case "/order/1":
		say(200, order)
	case "/authz":
		say(200, map[string]any{"status": status, "identifier": names[0], "challenges": []any{challenge}})
	case "/challenge":
		req, err := http.NewRequest(http.MethodGet, "http://"+ca.web+"/.well-known/acme-challenge/token", nil)
		if err != nil {
			ca.t.Error(err)
			return
		}
		req.Host = "lab.example"
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			ca.t.Error(err)
			return
		}
		proof, _ := io.ReadAll(resp.Body)
		resp.Body.Close()
		ca.valid = resp.StatusCode == 200 && strings.HasPrefix(string(proof), "token.")
		if !ca.valid {
			ca.t.Errorf("the proof is %d %s", resp.StatusCode, proof)
		}
		challenge["status"] = "valid"
		say(200, challenge)
	case "/finalize":
		var request struct{ CSR string }
		_ = json.Unmarshal(payload, &request)
		der, _ := base64.RawURLEncoding.DecodeString(request.CSR)
		csr, err := x509.ParseCertificateRequest(der)
		if err != nil {
			ca.t.Error(err)
			return
		}
		root, _ := x509.ParseCertificate(ca.cert)
		leaf := &x509.Certificate{SerialNumber: big.NewInt(2), DNSNames: csr.DNSNames, NotBefore: time.Now().Add(-time.Minute), NotAfter: time.Now().Add(90 * 24 * time.Hour),
			KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}}
		made, err := x509.CreateCertificate(rand.Reader, leaf, root, csr.PublicKey, ca.key)
		if err != nil {
			ca.t.Error(err)
			return
		}
		ca.issued++
		ca.chain = slices.Concat(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: made}), pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: ca.cert}))
		order["status"], order["certificate"] = "valid", at("/certificate")
		w.Header().Set("Location", at("/order/1"))
		say(200, order)
	case "/certificate":
		w.Header().Set("Content-Type", "application/pem-certificate-chain")
		_, _ = w.Write(ca.chain)
	default:
		say(404, map[string]any{"type": "urn:ietf:params:acme:error:malformed"})
	}
}
