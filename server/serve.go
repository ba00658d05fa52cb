package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/handshakelab/lab/lessons"
	"github.com/handshakelab/lab/server/jetstream"
	"github.com/handshakelab/lab/static"
	"github.com/handshakelab/lab/web"
	"github.com/handshakelab/lab/web/account"
	"github.com/handshakelab/lab/web/archive"
	"github.com/handshakelab/lab/web/store"
	"github.com/nats-io/nats.go"
)

// goodbye is how long sockets and requests have for their end. With what comes around it, the program ends within five
// seconds of a signal.
const goodbye = 3 * time.Second

func serve(ctx context.Context, c *console, args []string) (int, error) {
	var cfg config
	flags := serverFlags(&cfg)
	if err := c.parse(flags, args, true); err != nil {
		return exitUsage, err
	}
	if flags.NArg() > 0 {
		return exitUsage, fmt.Errorf("serve takes no argument, but was given %q", flags.Arg(0))
	}
	if err := cfg.check(); err != nil {
		return exitUsage, err
	}
	if cfg.print {
		return exitOK, printConfig(c.stdout, flags)
	}
	log := newLog(c.stderr, cfg.level())
	opened, err := openStore(ctx, &cfg, log)
	if err != nil {
		return exitUsage, err
	}
	defer opened.Close()
	kept := measure(opened)
	if cfg.natsURL == "" && cfg.data != "none" {
		if err := serveSocket(ctx, cfg.data, kept, log); err != nil {
			return exitUsage, err
		}
	}
	mem := newMemory(os.DirFS("/"), log)
	site, watch, err := newSite(&cfg, kept, mem, log)
	if err != nil {
		return exitUsage, err
	}
	ln, err := net.Listen("tcp", cfg.addr)
	if err != nil {
		return exitUsage, explainListen(cfg.addr, err)
	}
	server := newServer(site.Handler(), log)
	if cfg.metrics != "" {
		if err := serveMetrics(ctx, cfg.metrics, newRegistry(site, mem, kept.seconds), log); err != nil {
			return exitUsage, err
		}
	}
	answer := func() error { return server.Serve(ln) }
	if cfg.tlsDomain != "" {
		m := newCertificates(&cfg, kept)
		overTLS(server, m, log)
		if err := serveChallenges(ctx, &cfg, m, log); err != nil {
			return exitUsage, err
		}
		answer = func() error { return server.ServeTLS(ln, "", "") }
	}
	stopped := make(chan error, 1)
	go func() { stopped <- answer() }()
	go site.Run(ctx)
	if cfg.keep > 0 {
		go archive.ForgetDaily(ctx, kept, time.Duration(cfg.keep), log)
	}
	if watch {
		go site.Watch(ctx)
	} else {
		go site.Warm(ctx)
	}
	at := cfg.publicAddress(ln.Addr())
	fmt.Fprintf(c.stdout, "Handshake Lab is at %s\n", at)
	if err := printSetUp(ctx, c.stdout, kept, at); err != nil {
		log.Error("the link to make the first account cannot be made", "error", err)
	}

	select {
	case err := <-stopped:
		return exitFailed, err
	case <-ctx.Done():
	}
	log.Info("going down")
	site.Drain()
	if cfg.drain > 0 {
		time.Sleep(cfg.drain)
	}
	end, cancel := context.WithTimeout(context.Background(), goodbye)
	defer cancel()
	// The HTTP server knows nothing of sockets, so both are ended side by side.
	closed := make(chan struct{})
	go func() {
		site.Close(end)
		close(closed)
	}()
	if err := server.Shutdown(end); err != nil {
		_ = server.Close() // cuts the requests that are still not done
	}
	<-closed
	return exitOK, nil
}

// printSetUp prints the link that makes the first account, as long as there is none.
func printSetUp(ctx context.Context, w io.Writer, kept store.Store, at string) error {
	token, err := account.New(kept, "/").First(ctx)
	if token != "" {
		fmt.Fprintf(w, "There is no account yet. Make that of an admin, within a day: %ssetup/%s\n", at, token)
	}
	return err
}

// openStore opens what classes, accounts and progress are kept in.
func openStore(ctx context.Context, cfg *config, log *slog.Logger) (*jetstream.Store, error) {
	o := jetstream.Options{URL: cfg.natsURL, Replicas: cfg.replicas, Log: log}
	switch {
	case cfg.natsURL != "":
		if cfg.natsCreds != "" {
			o.Dial = append(o.Dial, nats.UserCredentials(cfg.natsCreds))
		}
		if cfg.natsCA != "" {
			o.Dial = append(o.Dial, nats.RootCAs(cfg.natsCA))
		}
	case cfg.data != "none":
		o.Folder = cfg.data
	}
	return jetstream.Open(ctx, o)
}

func newServer(h http.Handler, log *slog.Logger) *http.Server {
	return &http.Server{
		Handler:           h,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       30 * time.Second,
		WriteTimeout:      60 * time.Second,
		IdleTimeout:       120 * time.Second,
		MaxHeaderBytes:    32 << 10,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}
}

// publicAddress is where a browser finds the lab.
func (cfg *config) publicAddress(addr net.Addr) string {
	if domains := list(cfg.tlsDomain); len(domains) > 0 {
		return "https://" + domains[0] + cfg.basePath
	}
	return address(addr, cfg.basePath)
}

// newSite reads what the site is made of. The second result says whether the lessons may change.
func newSite(cfg *config, kept store.Store, mem *memory, log *slog.Logger) (_ *web.Site, watch bool, _ error) {
	files, course := static.Embedded(), lessons.Builtin()
	folder := cfg.lessons
	if cfg.dev {
		_, err := os.Stat(filepath.Join("static", "js"))
		switch {
		case err == nil:
			files = os.DirFS("static")
			if folder == "" {
				folder = filepath.Join("lessons", "course")
			}
		case folder == "":
			return nil, false, errors.New("-dev wants -lessons with a folder, or to be started in the folder of the source, where static/js is")
		}
	}
	var saves *os.Root
	if folder != "" {
		root, err := openFolder(folder)
		if err != nil {
			return nil, false, err
		}
		course = root.FS()
		if cfg.dev && cfg.lessons != "" {
			saves = root
		}
	}
	assets, err := static.New(cfg.basePath, files, cfg.dev)
	if err != nil {
		return nil, false, err
	}
	proxies, err := cfg.proxyList()
	if err != nil {
		return nil, false, err
	}
	oidc, err := cfg.oidc()
	if err != nil {
		return nil, false, err
	}
	platforms, err := cfg.platforms()
	if err != nil {
		return nil, false, err
	}
	site, err := web.New(web.Config{Base: cfg.basePath, Assets: assets, Lessons: course, Origins: cfg.originList(), Ancestors: cfg.ancestorList(), PseudoLocales: cfg.pseudo, Dev: cfg.dev, Folder: saves, Keep: time.Duration(cfg.keep), Store: kept, Sessions: cfg.sessions, Scarce: mem.scarce, Proxies: proxies, OIDC: oidc, Platforms: platforms, Log: log})
	return site, folder != "", err
}

// openFolder opens a folder of lessons. Nothing outside of it can be reached through it, by a link neither.
func openFolder(name string) (*os.Root, error) {
	root, err := os.OpenRoot(name)
	if err == nil {
		_, err = fs.ReadDir(root.FS(), ".")
	}
	if err != nil {
		return nil, fmt.Errorf("the lessons folder %q cannot be read: %w", name, reason(err))
	}
	return root, nil
}

// reason takes the name of the system call and the path off an error.
func reason(err error) error {
	var path *fs.PathError
	if errors.As(err, &path) {
		return path.Err
	}
	return err
}

func explainListen(addr string, err error) error {
	var errno syscall.Errno
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return fmt.Errorf("the address %s is taken; choose another one with -addr", addr)
	case errors.Is(err, syscall.EACCES):
		return fmt.Errorf("the address %s is not allowed to us; choose a port from 1024 on with -addr", addr)
	case errors.As(err, &errno):
		return fmt.Errorf("cannot listen on %s: %w", addr, errno)
	default:
		return fmt.Errorf("cannot listen on %s: %w", addr, err)
	}
}

// address is where a browser on this machine finds the lab.
func address(addr net.Addr, base string) string {
	host, port, err := net.SplitHostPort(addr.String())
	if err != nil {
		return addr.String()
	}
	if ip := net.ParseIP(host); ip == nil || ip.IsUnspecified() || ip.IsLoopback() {
		host = "localhost"
	}
	return "http://" + net.JoinHostPort(host, port) + base
}

// healthcheck asks the server with the same settings. It is for containers, whose images have no other program to ask with.
func healthcheck(ctx context.Context, c *console, args []string) (int, error) {
	var cfg config
	if err := c.parse(serverFlags(&cfg), args, false); err != nil {
		return exitUsage, err
	}
	host, port, err := net.SplitHostPort(cfg.addr)
	if err != nil {
		return exitUsage, fmt.Errorf("-addr cannot be %q: write it like :8080", cfg.addr)
	}
	if p, err := strconv.Atoi(port); err == nil && p == 0 {
		return exitUsage, errors.New("-addr must name the port of the server")
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "localhost"
	}
	ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	scheme, client := "http://", http.DefaultClient
	if domains := list(cfg.tlsDomain); len(domains) > 0 {
		// Whether it answers is what is asked for; whether its certificate is good is for browsers to say.
		scheme = "https://"
		client = &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{ServerName: domains[0], InsecureSkipVerify: true}}}
	}
	// livez is at the root as well, whatever the base path.
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, scheme+net.JoinHostPort(host, port)+"/livez", nil)
	if err != nil {
		return exitUsage, err
	}
	resp, err := client.Do(req)
	if err != nil {
		return exitFailed, errors.New(strings.TrimPrefix(err.Error(), "Get "))
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return exitFailed, fmt.Errorf("the server answers %s", resp.Status)
	}
	fmt.Fprintln(c.stdout, "ok")
	return exitOK, nil
}
