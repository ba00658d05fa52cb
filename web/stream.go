package web

import (
	"encoding/json"
	"fmt"
	"net/http"
	"time"
)

// takes is how long a page has to take an event.
const takes = 10 * time.Second

// A stream is server-sent events to a page, for as long as it is open.
type stream struct {
	w   http.ResponseWriter
	out *http.ResponseController
}

// openStream begins the answer. When it breaks off, the page asks again after a while.
func openStream(w http.ResponseWriter, again time.Duration) (*stream, error) {
	s := &stream{w, http.NewResponseController(w)}
	// Nothing has to be sent for as long as nothing happens.
	if err := s.out.SetWriteDeadline(time.Time{}); err != nil {
		return nil, err
	}
	h := w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Accel-Buffering", "no") // proxies shall not wait for more
	w.WriteHeader(http.StatusOK)
	_, _ = fmt.Fprintf(w, "retry: %d\n", again.Milliseconds()) // the first event tells when the page is gone
	return s, nil
}

// send sends a value as JSON in an event of a kind, or with "" in one of none. Whoever is told of an error has nobody to send to any more.
func (s *stream) send(kind string, v any) error {
	data, err := json.Marshal(v)
	if err != nil {
		return err
	}
	if err := s.out.SetWriteDeadline(time.Now().Add(takes)); err != nil {
		return err
	}
	if kind != "" {
		kind = "event: " + kind + "\n"
	}
	if _, err := fmt.Fprintf(s.w, "%sdata: %s\n\n", kind, data); err != nil {
		return err
	}
	if err := s.out.Flush(); err != nil {
		return err
	}
	// HTTP/2 ends a stream whose deadline passes, whether or not something is being written.
	return s.out.SetWriteDeadline(time.Time{})
}
