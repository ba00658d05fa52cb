// Package acmetest gets certificates from a real ACME authority, Let's Encrypt's pebble, which runs in the test. It is a module of its own,
// because nothing else needs pebble.
package acmetest

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/handshakelab/lab/server/jetstream/clustertest"
	"github.com/letsencrypt/pebble/v2/ca"
	"github.com/letsencrypt/pebble/v2/db"
	"github.com/letsencrypt/pebble/v2/va"
	"github.com/letsencrypt/pebble/v2/wfe"
	"github.com/miekg/dns"
)

const name = "lab.example"

// An authority issues certificates to whom it finds at a port of this machine.
type authority struct {
	directory string
	cert      string // file with the certificate by which its own address is trusted
	roots     *x509.CertPool
	orders    atomic.Int32
}

// newAuthority starts an authority that finds every name at this machine, with TLS at one port and nothing at the port for HTTP.
func newAuthority(t *testing.T, tlsPort int) *authority {
	t.Setenv("PEBBLE_VA_NOSLEEP", "1")
	t.Setenv("PEBBLE_WFE_NONCEREJECT", "0")
	quiet, kept := log.New(io.Discard, "", 0), db.NewMemoryStore()
	issuer := ca.New(quiet, kept, "", "ecdsa", 0, 1, map[string]ca.Profile{"default": {Description: "the only one"}})
	checker := va.New(quiet, portOf(t, freeAddr(t)), tlsPort, false, startDNS(t), kept)
	front := wfe.New(quiet, kept, checker, issuer, []string{"pebble.example"}, true, false, 1, 1)
	a := &authority{roots: x509.NewCertPool()}
	handler := front.Handler()
	srv := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/finalize-order/") {
			a.orders.Add(1)
		}
		handler.ServeHTTP(w, r)
	}))
	t.Cleanup(srv.Close)
	a.directory, a.cert = srv.URL+wfe.DirectoryPath, filepath.Join(t.TempDir(), "authority.pem")
	if err := os.WriteFile(a.cert, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: srv.Certificate().Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	if !a.roots.AppendCertsFromPEM(issuer.GetRootCert(0).PEM()) {
		t.Fatal("the authority has no root")
	}
	return a
}

// startDNS answers each question with this machine.
func startDNS(t *testing.T) string {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	srv := &dns.Server{Listener: ln, Handler: dns.HandlerFunc(func(w dns.ResponseWriter, q *dns.Msg) {
		m := new(dns.Msg).SetReply(q)
		if q.Question[0].Qtype == dns.TypeA {
			m.Answer = []dns.RR{&dns.A{Hdr: dns.RR_Header{Name: q.Question[0].Name, Rrtype: dns.TypeA, Class: dns.ClassINET}, A: net.IPv4(127, 0, 0, 1)}}
		}
		_ = w.WriteMsg(m)
	})}
	go func() { _ = srv.ActivateAndServe() }()
	t.Cleanup(func() { _ = srv.Shutdown() })
	return ln.Addr().String()
}

func freeAddr(t *testing.T) string {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	return ln.Addr().String()
}

func portOf(t *testing.T, addr string) int {
	_, text, err := net.SplitHostPort(addr)
	if err != nil {
		t.Fatal(err)
	}
	port, err := strconv.Atoi(text)
	if err != nil {
		t.Fatal(err)
	}
	return port
}

func build(t *testing.T) (binary string) {
	binary = filepath.Join(t.TempDir(), "lab")
	cmd := exec.Command("go", "build", "-o", binary, ".")
	cmd.Dir = ".."
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return binary
}

// start starts a lab that has the name, with the setting of its store, and waits until it says so.
func start(t *testing.T, binary, addr, store, directory, trust string, stderr io.Writer) {
	cmd := exec.Command(binary, "-addr", addr, "-tls-domain", name, "-tls-directory", directory, "-tls-http", freeAddr(t))
	cmd.Env, cmd.Stderr = []string{"PATH=" + os.Getenv("PATH"), "SSL_CERT_FILE=" + trust, store}, stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	lines := bufio.NewReader(out)
	if line, err := lines.ReadString('\n'); err != nil || !strings.Contains(line, "https://"+name+"/") {
		t.Fatalf("the lab says %q, %v", line, err)
	}
	go func() { _, _ = io.Copy(io.Discard, lines) }()
}

// certificate is what a lab shows to who trusts the authority.
func (a *authority) certificate(t *testing.T, addr string) *x509.Certificate {
	t.Helper()
	conn, err := tls.Dial("tcp", addr, &tls.Config{ServerName: name, RootCAs: a.roots})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	return conn.ConnectionState().PeerCertificates[0]
}

// A name is proved by TLS alone (TLS-ALPN-01), and by whichever node the authority comes to: here never the one that has asked for the
// certificate. All nodes then have that certificate from the store, also those that are started later and find no authority.
func TestALPNOnAnotherNode(t *testing.T) {
	binary, store := build(t), "LAB_NATS_URL="+clustertest.Start(t).URL()
	asks, proves, late := freeAddr(t), freeAddr(t), freeAddr(t)
	a := newAuthority(t, portOf(t, proves))
	start(t, binary, asks, store, a.directory, a.cert, os.Stderr)
	start(t, binary, proves, store, a.directory, a.cert, os.Stderr)

	first := a.certificate(t, asks)
	if err := first.VerifyHostname(name); err != nil {
		t.Error(err)
	}
	start(t, binary, late, store, "http://"+freeAddr(t)+"/directory", a.cert, os.Stderr)
	for _, addr := range []string{proves, late} {
		if again := a.certificate(t, addr); again.SerialNumber.Cmp(first.SerialNumber) != 0 {
			t.Errorf("another node has the certificate %v, the first one %v", again.SerialNumber, first.SerialNumber)
		}
	}
	if n := a.orders.Load(); n != 1 {
		t.Errorf("%d certificates were asked for", n)
	}
}

// Why there is no certificate stands in the log.
func TestNoAuthority(t *testing.T) {
	addr := freeAddr(t)
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	start(t, build(t), addr, "LAB_DATA="+t.TempDir(), "https://"+freeAddr(t)+"/directory", "", write)
	write.Close()
	if conn, err := tls.Dial("tcp", addr, &tls.Config{ServerName: name}); err == nil {
		conn.Close()
		t.Fatal("there is a certificate")
	}
	lines := bufio.NewReader(read)
	for {
		line, err := lines.ReadString('\n')
		if err != nil {
			t.Fatalf("the log does not say why: %v", err)
		}
		if strings.Contains(line, "there is no certificate") && strings.Contains(line, name) && strings.Contains(line, "refused") {
			return
		}
	}
}
