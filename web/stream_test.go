package web

import (
	"net/http/httptest"
	"testing"
	"time"
)

// A patient answer knows its deadline, and whether it had one when something was written.
type patient struct {
	*httptest.ResponseRecorder
	deadline time.Time
	bounded  bool
}

func (p *patient) SetWriteDeadline(t time.Time) error {
	p.deadline = t
	return nil
}

func (p *patient) Write(b []byte) (int, error) {
	p.bounded = !p.deadline.IsZero()
	return p.ResponseRecorder.Write(b)
}

// A page has a while to take an event, and between two events there is no deadline: HTTP/2 would end the stream.
func TestStream(t *testing.T) {
	w := &patient{ResponseRecorder: httptest.NewRecorder()}
	s, err := openStream(w, time.Second)
	if err != nil {
		t.Fatal(err)
	}
	for _, kind := range []string{"cell", ""} {
		if err := s.send(kind, map[string]int{"n": 1}); err != nil {
			t.Fatal(err)
		}
		if !w.bounded || !w.deadline.IsZero() || !w.Flushed {
			t.Errorf("an event had a deadline: %t; behind it there is %s, flushed: %t", w.bounded, w.deadline, w.Flushed)
		}
	}
	if got, want := w.Body.String(), "retry: 1000\nevent: cell\ndata: {\"n\":1}\n\ndata: {\"n\":1}\n\n"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}
