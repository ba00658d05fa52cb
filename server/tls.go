package main

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/handshakelab/lab/web/store"
	"golang.org/x/crypto/acme"
	"golang.org/x/crypto/acme/autocert"
	"golang.org/x/time/rate"
)

// newCertificates gets certificates for the domains of -tls-domain by ACME and keeps them in the store, where all machines find them.
func newCertificates(cfg *config, kept store.Store) *autocert.Manager {
	return &autocert.Manager{
		Prompt:     autocert.AcceptTOS,
		HostPolicy: autocert.HostWhitelist(list(cfg.tlsDomain)...),
		Email:      cfg.tlsEmail,
		Cache:      certificates{kept.Records()},
		Client:     &acme.Client{DirectoryURL: cfg.tlsDirectory},
	}
}

// overTLS makes a server speak TLS, and tells browsers to come by it from now on.
func overTLS(server *http.Server, m *autocert.Manager, log *slog.Logger) {
	server.TLSConfig = m.TLSConfig()
	seldom := rate.Sometimes{Interval: time.Minute}
	server.TLSConfig.GetCertificate = func(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
		cert, err := m.GetCertificate(hello)
		// Who comes by another name is no concern of the operator's.
		if err != nil && m.HostPolicy(hello.Context(), hello.ServerName) == nil {
			seldom.Do(func() { log.Error("there is no certificate", "domain", hello.ServerName, "err", err) })
		}
		return cert, err
	}
	server.TLSConfig.MinVersion = tls.VersionTLS12
	// A socket is opened over HTTP/1.1.
	server.TLSConfig.NextProtos = []string{"http/1.1", acme.ALPNProto}
	inner := server.Handler
	server.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Strict-Transport-Security", "max-age=63072000")
		inner.ServeHTTP(w, r)
	})
}

// serveChallenges answers the authority at the port for HTTP, and leads everybody else to HTTPS, until ctx ends.
func serveChallenges(ctx context.Context, cfg *config, m *autocert.Manager, log *slog.Logger) error {
	ln, err := net.Listen("tcp", cfg.tlsHTTP)
	if err != nil {
		return explainListen(cfg.tlsHTTP, err)
	}
	server := newServer(m.HTTPHandler(nil), log)
	go func() { _ = server.Serve(ln) }()
	context.AfterFunc(ctx, func() { _ = server.Close() })
	return nil
}

// certificates keeps what autocert wants kept. Its keys have characters that ours do not.
type certificates struct{ records store.Records }

func (certificates) key(name string) string {
	sum := sha256.Sum256([]byte(name))
	return store.Key("certificate", hex.EncodeToString(sum[:]))
}

// Get returns what was kept under a name.
func (c certificates) Get(ctx context.Context, name string) ([]byte, error) {
	r, err := c.records.Get(ctx, c.key(name))
	if errors.Is(err, store.ErrNotFound) {
		return nil, autocert.ErrCacheMiss
	}
	return r.Value, err
}

// Put keeps something. The last one wins: whoever has a certificate has a good one.
func (c certificates) Put(ctx context.Context, name string, data []byte) error {
	return store.Change(ctx, c.records, c.key(name), func(store.Record) ([]byte, error) { return data, nil })
}

// Delete forgets something.
func (c certificates) Delete(ctx context.Context, name string) error {
	return c.records.Delete(ctx, c.key(name))
}
