package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/handshakelab/lab/web/archive"
	"github.com/handshakelab/lab/web/store"
)

// A running server has its store to itself. Beside it in the folder lies a socket for those who may read the folder: it answers the
// commands export, import, erase and setup-link, which look for it first.
const socketName = "lab.sock"

// serveSocket answers the commands that are about records, until ctx ends. A folder whose path is too long for a socket has none.
func serveSocket(ctx context.Context, folder string, s store.Store, log *slog.Logger) error {
	path := filepath.Join(folder, socketName)
	// The store is ours, so a socket that lies there is one that a server left behind.
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	ln, err := net.Listen("unix", path)
	if err != nil {
		log.Warn("export, import, erase and setup-link will not find the running lab", "socket", path, "err", err)
		return nil
	}
	if err := os.Chmod(path, 0o600); err != nil {
		_ = ln.Close()
		return err
	}
	server := &http.Server{Handler: recordsHandler(s, log), ReadHeaderTimeout: 5 * time.Second, BaseContext: func(net.Listener) context.Context { return ctx }}
	go func() { _ = server.Serve(ln) }()
	context.AfterFunc(ctx, func() { _ = server.Close() })
	return nil
}

// An answer is what became of an import, an erasure, or the wish for a link.
type answer struct {
	Import *archive.Summary `json:"import,omitempty"`
	Erased *archive.Erased  `json:"erased,omitempty"`
	Token  string           `json:"token,omitempty"`
	Error  string           `json:"error,omitempty"`
}

func recordsHandler(s store.Store, log *slog.Logger) http.Handler {
	mux := http.NewServeMux()
	reply := func(w http.ResponseWriter, a answer, err error) {
		if err != nil {
			a.Error = err.Error()
		}
		_ = json.NewEncoder(w).Encode(a)
	}
	mux.HandleFunc("GET /export", func(w http.ResponseWriter, r *http.Request) {
		// An export that breaks off has no last line, by which its reader knows.
		if _, err := archive.Export(r.Context(), s, w, nil); err != nil {
			log.Error("an export has failed", "error", err)
			panic(http.ErrAbortHandler)
		}
	})
	mux.HandleFunc("POST /import", func(w http.ResponseWriter, r *http.Request) {
		sum, err := archive.Import(r.Context(), s, r.Body, archive.Options{Merge: r.FormValue("merge") == "yes"})
		reply(w, answer{Import: &sum}, err)
	})
	mux.HandleFunc("POST /erase", func(w http.ResponseWriter, r *http.Request) {
		e, err := eraseAll(r.Context(), s, r.FormValue("learner"))
		reply(w, answer{Erased: &e}, err)
	})
	mux.HandleFunc("POST /setup-link", func(w http.ResponseWriter, r *http.Request) {
		token, err := setupToken(r.Context(), s, r.FormValue("name"))
		reply(w, answer{Token: token}, err)
	})
	return mux
}

// eraseAll erases a learner, whose ID or that of a member it is given, and then whatever else names them.
func eraseAll(ctx context.Context, s store.Store, id string) (archive.Erased, error) {
	learner, err := archive.Find(ctx, s, id)
	if err != nil {
		return archive.Erased{}, errors.New("this cannot be the ID of a learner")
	}
	e, err := archive.Erase(ctx, s, learner)
	if err == nil {
		e.Others, err = archive.Sweep(ctx, s, learner)
	}
	return e, err
}

// A keeper is where the records are: a running lab, or a store that is opened for the purpose.
type keeper struct {
	client *http.Client // nil: it is opened
	store  store.Store
	close  func()
}

// findRecords looks for a running lab at the folder of the settings, and opens the store if there is none. There must be one already, unless
// it may be made.
func findRecords(ctx context.Context, c *console, cfg *config, fresh bool) (*keeper, error) {
	if cfg.natsURL == "" {
		if cfg.data == "none" {
			return nil, errors.New("with -data none nothing is kept")
		}
		path := filepath.Join(cfg.data, socketName)
		if conn, err := net.Dial("unix", path); err == nil {
			_ = conn.Close()
			client := &http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
				return (&net.Dialer{}).DialContext(ctx, "unix", path)
			}}}
			return &keeper{client: client, close: client.CloseIdleConnections}, nil
		}
		if _, err := os.Stat(cfg.data); errors.Is(err, os.ErrNotExist) && !fresh {
			return nil, fmt.Errorf("there is no folder %q; -data says where the records are", cfg.data)
		}
	}
	s, err := openStore(ctx, cfg, newLog(c.stderr, slog.LevelWarn))
	if err != nil {
		return nil, err
	}
	return &keeper{store: s, close: s.Close}, nil
}

// ask asks a running lab.
func (k *keeper) ask(ctx context.Context, method, what string, body io.Reader) (*http.Response, error) {
	r, err := http.NewRequestWithContext(ctx, method, "http://lab/"+what, body)
	if err != nil {
		return nil, err
	}
	resp, err := k.client.Do(r)
	if err == nil && resp.StatusCode != http.StatusOK {
		_ = resp.Body.Close()
		err = fmt.Errorf("the running lab answers %s", resp.Status)
	}
	return resp, err
}

// recordFlags reads the flags of the commands about records: those of the server, and what else is declared.
func (c *console) recordFlags(name string, args []string, declare func(*flag.FlagSet)) (*config, *flag.FlagSet, error) {
	var cfg config
	flags := serverFlags(&cfg)
	flags.Init("lab "+name, flag.ContinueOnError)
	if declare != nil {
		declare(flags)
	}
	if err := c.parse(flags, args, false); err != nil {
		return nil, nil, err
	}
	return &cfg, flags, cfg.check()
}

// ticker tells the user how far it is, once a second from the first one on.
func (c *console) ticker(what string) func(n int) {
	next := time.Now().Add(time.Second)
	return func(n int) {
		if now := time.Now(); now.After(next) {
			next = now.Add(time.Second)
			fmt.Fprintf(c.stderr, "%s %d lines so far\n", what, n)
		}
	}
}

// A lineCounter counts the lines that go through it, and keeps the last one.
type lineCounter struct {
	tick func(int)
	n    int
	last []byte
}

func (l *lineCounter) Write(b []byte) (int, error) {
	l.n += bytes.Count(b, []byte("\n"))
	l.tick(l.n)
	l.last = append(l.last, b...)
	if i := bytes.LastIndexByte(bytes.TrimSuffix(l.last, []byte("\n")), '\n'); i >= 0 {
		l.last = append(l.last[:0], l.last[i+1:]...)
	}
	return len(b), nil
}

// exportRecords is lab export.
func exportRecords(ctx context.Context, c *console, args []string) (int, error) {
	cfg, flags, err := c.recordFlags("export", args, nil)
	if err != nil {
		return exitUsage, err
	}
	if flags.NArg() > 0 {
		return exitUsage, errors.New("export writes to standard output: lab export > lab.jsonl")
	}
	k, err := findRecords(ctx, c, cfg, false)
	if err != nil {
		return exitUsage, err
	}
	defer k.close()
	tick := c.ticker("exported")
	if k.client == nil {
		if _, err := archive.Export(ctx, k.store, c.stdout, tick); err != nil {
			return exitFailed, err
		}
		return exitOK, nil
	}
	resp, err := k.ask(ctx, http.MethodGet, "export", nil)
	if err != nil {
		return exitFailed, err
	}
	defer resp.Body.Close()
	lines := &lineCounter{tick: tick}
	if _, err := io.Copy(c.stdout, io.TeeReader(resp.Body, lines)); err != nil {
		return exitFailed, fmt.Errorf("the export has broken off: %w", err)
	}
	if !bytes.Contains(lines.last, []byte(`"end":true`)) {
		return exitFailed, errors.New("the export has broken off; the log of the running lab says why")
	}
	return exitOK, nil
}

// A countingReader tells how many lines were read.
type countingReader struct {
	io.Reader
	lines *lineCounter
}

func (r countingReader) Read(b []byte) (int, error) {
	n, err := r.Reader.Read(b)
	_, _ = r.lines.Write(b[:n])
	return n, err
}

// importRecords is lab import.
func importRecords(ctx context.Context, c *console, args []string) (int, error) {
	merge := false
	cfg, flags, err := c.recordFlags("import", args, func(fs *flag.FlagSet) {
		fs.BoolVar(&merge, "merge", false, "import into a store that has something already: what it has stays, and of progress the better counts")
	})
	if err != nil {
		return exitUsage, err
	}
	if flags.NArg() > 0 {
		return exitUsage, errors.New("import reads standard input: lab import < lab.jsonl")
	}
	k, err := findRecords(ctx, c, cfg, true)
	if err != nil {
		return exitUsage, err
	}
	defer k.close()
	tick := c.ticker("imported")
	var sum archive.Summary
	if k.client == nil {
		sum, err = archive.Import(ctx, k.store, c.stdin, archive.Options{Merge: merge, Tick: tick})
	} else {
		what := "import"
		if merge {
			what += "?merge=yes"
		}
		var a answer
		if a, err = k.answer(ctx, what, countingReader{c.stdin, &lineCounter{tick: tick}}); a.Import != nil {
			sum = *a.Import
		}
	}
	if errors.Is(err, archive.ErrNotEmpty) || err != nil && err.Error() == archive.ErrNotEmpty.Error() {
		return exitFailed, fmt.Errorf("%w; -merge imports into it all the same", archive.ErrNotEmpty)
	}
	if err != nil {
		return exitFailed, err
	}
	fmt.Fprintf(c.stdout, "imported: records %d, entries of logs %d; there already: %d\n", sum.Records, sum.Entries, sum.Left)
	return exitOK, nil
}

// answer sends something to a running lab and reads what became of it.
func (k *keeper) answer(ctx context.Context, what string, body io.Reader) (a answer, err error) {
	resp, err := k.ask(ctx, http.MethodPost, what, body)
	if err != nil {
		return a, err
	}
	defer resp.Body.Close()
	if err := json.NewDecoder(resp.Body).Decode(&a); err != nil {
		return a, fmt.Errorf("the running lab did not answer: %w", err)
	}
	if a.Error != "" {
		return a, errors.New(a.Error)
	}
	return a, nil
}

// eraseLearner is lab erase.
func eraseLearner(ctx context.Context, c *console, args []string) (int, error) {
	cfg, flags, err := c.recordFlags("erase", args, nil)
	if err != nil {
		return exitUsage, err
	}
	if flags.NArg() != 1 {
		return exitUsage, errors.New("erase wants the ID of a learner or of a member of a class, as an export has them: lab erase ID")
	}
	k, err := findRecords(ctx, c, cfg, false)
	if err != nil {
		return exitUsage, err
	}
	defer k.close()
	var e archive.Erased
	if k.client == nil {
		e, err = eraseAll(ctx, k.store, flags.Arg(0))
	} else {
		var a answer
		if a, err = k.answer(ctx, "erase?"+url.Values{"learner": {flags.Arg(0)}}.Encode(), nil); a.Erased != nil {
			e = *a.Erased
		}
	}
	switch {
	case err != nil:
		return exitFailed, err
	case e.None():
		return exitFailed, fmt.Errorf("nothing is kept of %q", strings.ToValidUTF8(flags.Arg(0), "?"))
	}
	fmt.Fprintf(c.stdout, "erased %s: a member of %d classes, %d acts in their rooms, %d attempts, progress at %d exercises, %d keys and codes, %d other records\n",
		e.Learner, e.Classes, e.Acts, e.Attempts, e.Standings, e.Keys, e.Others)
	return exitOK, nil
}
