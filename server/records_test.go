package main

import (
	"bytes"
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/handshakelab/lab/server/jetstream"
	"github.com/handshakelab/lab/web/account"
	"github.com/handshakelab/lab/web/class"
	"github.com/handshakelab/lab/web/store"
)

// Export, import, erase and setup-link do the same with a store of their own and with one that a server serves.
func TestRecordsCommands(t *testing.T) {
	for _, running := range []bool{false, true} {
		// A socket's path may have some 100 bytes only.
		folder, err := os.MkdirTemp("", "lab")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = os.RemoveAll(folder) })
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		s, err := jetstream.Open(ctx, jetstream.Options{Folder: folder})
		if err != nil {
			t.Fatal(err)
		}
		classes := class.New(s)
		in, err := classes.Open(ctx, "teacher", "TCP 1", "en")
		if err != nil {
			t.Fatal(err)
		}
		learner := account.NewID()
		m, err := classes.Join(ctx, in, learner, "Bea")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Append(ctx, store.Key("room", in.ID), 0, "", []byte(`{"by":"`+m.ID+`","kind":"do"}`)); err != nil {
			t.Fatal(err)
		}
		if running {
			if err := serveSocket(ctx, folder, s, newLog(io.Discard, 0)); err != nil {
				t.Fatal(err)
			}
			if info, err := os.Stat(filepath.Join(folder, socketName)); err != nil || info.Mode().Perm() != 0o600 {
				t.Errorf("the socket: %v, %v", info, err)
			}
		} else {
			s.Close()
		}
		lab := func(stdin string, args ...string) (int, string, string) {
			var out, errs bytes.Buffer
			code := run(ctx, append(args[:1:1], append([]string{"-data", folder}, args[1:]...)...), nil, strings.NewReader(stdin), &out, &errs)
			return code, out.String(), errs.String()
		}
		code, text, errs := lab("", "export")
		if code != 0 || !strings.Contains(text, m.ID) || !strings.Contains(text, `"end":true`) {
			t.Fatalf("running %v: export ends with %d: %s %s", running, code, text, errs)
		}
		if code, _, errs := lab(text, "import"); code != exitFailed || !strings.Contains(errs, "-merge") {
			t.Errorf("running %v: import into what is there ends with %d: %s", running, code, errs)
		}
		if code, out, errs := lab(text, "import", "-merge"); code != 0 || !strings.Contains(out, "there already") {
			t.Errorf("running %v: import -merge ends with %d: %s %s", running, code, out, errs)
		}
		if code, _, errs := lab(text[:len(text)/2], "import", "-merge"); code != exitFailed || errs == "" {
			t.Errorf("running %v: import of half a file ends with %d: %s", running, code, errs)
		}
		if code, out, errs := lab("", "erase", m.ID); code != 0 || !strings.Contains(out, "a member of 1 classes, 1 acts") {
			t.Errorf("running %v: erase ends with %d: %s %s", running, code, out, errs)
		}
		if code, _, errs := lab("", "erase", m.ID); code != exitFailed || !strings.Contains(errs, "nothing is kept") {
			t.Errorf("running %v: erase again ends with %d: %s", running, code, errs)
		}
		if _, left, _ := lab("", "export"); strings.Contains(left, learner) || strings.Contains(left, m.ID) || strings.Contains(left, "Bea") {
			t.Errorf("running %v: left is %s", running, left)
		}
		// The account that such a link makes can be given a new password by another one.
		code, link, errs := lab("", "setup-link", "-addr", ":8081")
		token, ok := strings.CutPrefix(strings.TrimSpace(link), "http://localhost:8081/setup/")
		if code != 0 || !ok || token == "" {
			t.Errorf("running %v: setup-link ends with %d: %s %s", running, code, link, errs)
		}
		if code, out, errs := lab("", "setup-link", "nobody"); code != exitFailed || out != "" || !strings.Contains(errs, `there is no account "nobody"`) {
			t.Errorf("running %v: setup-link for nobody ends with %d: %s %s", running, code, out, errs)
		}
		if !running {
			if s, err = jetstream.Open(ctx, jetstream.Options{Folder: folder}); err != nil {
				t.Fatal(err)
			}
		}
		if l, err := account.New(s, "/").Link(ctx, token); err != nil || l.Role != account.Admin {
			t.Errorf("running %v: the link is %+v, %v", running, l, err)
		}
		s.Close()
	}
	if code := run(t.Context(), []string{"export", "-data", filepath.Join(t.TempDir(), "nowhere")}, nil, strings.NewReader(""), io.Discard, io.Discard); code != exitUsage {
		t.Errorf("export of what is not there ends with %d", code)
	}
}
