package web

import (
	"bufio"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"runtime/debug"
	"strings"

	"github.com/handshakelab/lab/web/store"
)

// An Error is an error whose reader is the one who made the request. Every other error is ours: it is logged under a number,
// and the number is all that the reader sees of it.
type Error struct {
	Status  int
	Code    string // for programs, "no_such_block"
	Message string // a sentence for people
	Words   string // where the catalogues have it in the reader's language; "" when it is for programs and those who write them
}

// Error returns the message.
func (e *Error) Error() string { return e.Message }

var (
	errNotFound = &Error{Status: http.StatusNotFound, Code: "not_found", Message: "There is nothing at this address.", Words: "page.fault.nothing"}
	errMethod   = &Error{Status: http.StatusMethodNotAllowed, Code: "method_not_allowed", Message: "This address does not answer to that method."}
)

// A handler answers a request or returns an error, and then has written nothing.
type handler func(w http.ResponseWriter, r *http.Request) error

// handle is the one place where errors become answers.
func (s *Site) handle(f handler) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if err := f(w, r); err != nil {
			s.fail(w, r, err)
		}
	}
}

func (s *Site) fail(w http.ResponseWriter, r *http.Request, err error) {
	var e *Error
	var ref string
	retryAfter(w, err)
	if !errors.As(err, &e) {
		ref = requestID(r.Context())
		e = &Error{Status: http.StatusInternalServerError, Code: "internal", Message: "Something broke on our side.", Words: "page.fault.internal"}
		if errors.Is(err, store.ErrAway) {
			e = &Error{Status: http.StatusServiceUnavailable, Code: "not_saved", Message: "The lab's store does not answer now. Try again in a moment.", Words: "page.fault.store"}
			w.Header().Set("Retry-After", "2")
		}
		s.cfg.Log.Error("request failed", "ref", ref, "method", method(r), "route", routeOf(r), "error", err)
	}
	if strings.HasPrefix(s.path(r), "/api/") {
		writeJSON(w, e.Status, map[string]any{"ok": false, "code": e.Code, "message": s.told(e, r), "ref": ref})
		return
	}
	if ref == "" {
		if page := s.fixed.errors[e.Status][s.language(r).Lang]; page != nil {
			page.Serve(w, r, e.Status)
			return
		}
	}
	page, err := s.errorPage(e.Status, ref, s.language(r))
	if err != nil {
		s.cfg.Log.Error("the error page cannot be rendered", "error", err)
		http.Error(w, e.Message+" "+ref, e.Status)
		return
	}
	page.Serve(w, r, e.Status)
}

// told is the message of an error for whoever made the request.
func (s *Site) told(e *Error, r *http.Request) string {
	if e.Words == "" {
		return e.Message
	}
	return s.language(r).T(e.Words)
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err) // our own values can be encoded
	}
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write(append(b, '\n'))
}

// recoverer turns a panic into an error with a number, and where something was sent already, into a broken connection.
func (s *Site) recoverer(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		t := &tracker{ResponseWriter: w}
		defer func() {
			v := recover()
			if v == nil {
				return
			}
			if v == http.ErrAbortHandler {
				panic(v)
			}
			if t.written {
				s.cfg.Log.Error("panic in the middle of an answer", "route", routeOf(r), "panic", fmt.Sprint(v), "stack", string(debug.Stack()))
				panic(http.ErrAbortHandler)
			}
			s.fail(t, r, fmt.Errorf("panic: %v\n%s", v, debug.Stack()))
		}()
		next.ServeHTTP(t, r)
	})
}

// A tracker knows whether an answer has begun.
type tracker struct {
	http.ResponseWriter
	written bool
	code    int
}

// status is that of the answer.
func (t *tracker) status() int { return cmp.Or(t.code, http.StatusOK) }

// WriteHeader begins the answer.
func (t *tracker) WriteHeader(status int) {
	if t.written = true; t.code == 0 {
		t.code = status
	}
	t.ResponseWriter.WriteHeader(status)
}

// Write begins the answer, or goes on with it.
func (t *tracker) Write(b []byte) (int, error) {
	t.written = true
	return t.ResponseWriter.Write(b)
}

// Hijack takes over the connection, for the WebSocket.
func (t *tracker) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	t.written, t.code = true, http.StatusSwitchingProtocols
	return http.NewResponseController(t.ResponseWriter).Hijack()
}

// Unwrap is for http.ResponseController.
func (t *tracker) Unwrap() http.ResponseWriter { return t.ResponseWriter }
