package web

import (
	"context"
	"net/http"
	"sync"
	"time"

	"github.com/handshakelab/lab/web/account"
)

// endings are streams that wait for the end of a session: what is open does not ask who it is open for.
type endings struct {
	mu   sync.Mutex
	open map[string]chan struct{} // by account
}

// of is closed when a session of the account of a request may have ended.
func (e *endings) of(r *http.Request) <-chan struct{} {
	id := account.Of(r)
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.open == nil {
		e.open = map[string]chan struct{}{}
	}
	if e.open[id] == nil {
		e.open[id] = make(chan struct{})
	}
	return e.open[id]
}

// end ends the streams of an account; with "" all.
func (e *endings) end(id string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for of, c := range e.open {
		if id == "" || id == of {
			close(c)
			delete(e.open, of)
		}
	}
}

// endSessions shows rooms and lists no longer to those who have signed out, on whatever node, until ctx ends.
func (s *Site) endSessions(ctx context.Context) {
	first := true
	for ctx.Err() == nil {
		for id, err := range account.Endings(ctx, s.cfg.Store) {
			switch {
			case err != nil:
				if ctx.Err() == nil {
					s.cfg.Log.Warn("it is not known for now who signs out", "error", err)
				}
			case id == "" && first:
				first = false
			default: // with "" something may have been missed
				s.hub.Recheck(ctx, id)
				s.endings.end(id)
			}
		}
		select {
		case <-ctx.Done():
		case <-time.After(time.Second): // the store was away
		}
	}
}

// Run does what the site does beside answering, until ctx ends: it returns scores to learning platforms, and hears of sessions that end.
func (s *Site) Run(ctx context.Context) {
	if s.cfg.Store == nil {
		return
	}
	var wg sync.WaitGroup
	wg.Go(func() { s.lti.Run(ctx, s.score) })
	wg.Go(func() { s.endSessions(ctx) })
	wg.Wait()
}
