package web

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"time"

	"github.com/handshakelab/lab/web/store"
)

// A pulse is when the store was asked last, and what came of it. Probes come from many sides; the store is asked once a second.
type pulse struct {
	mu   sync.Mutex
	at   time.Time
	ok   bool
	good time.Time // when it last took something
}

const (
	pulseEvery = time.Second
	pulseWait  = time.Second // probes have not much more patience
	// A cluster that chooses a new leader answers none of its labs for a while, so to turn readers away from one of them would be to turn
	// them away from all. They have pages and runs that need no store.
	electing = 15 * time.Second
)

// beats reports whether the store takes something and gives it back, or did a moment ago.
func (s *Site) beats(ctx context.Context) bool {
	s.pulse.mu.Lock()
	defer s.pulse.mu.Unlock()
	if s.cfg.Store == nil {
		return true
	}
	if now := time.Now(); s.pulse.at.IsZero() || now.Sub(s.pulse.at) >= pulseEvery {
		// The answer is for the others too, so it does not end with this request.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), pulseWait)
		defer cancel()
		err := s.cfg.Store.Check(ctx)
		ok := err == nil
		if ok {
			s.pulse.good = now
		} else if errors.Is(err, store.ErrAway) && now.Sub(s.pulse.good) < electing {
			ok = true
		}
		if ok != s.pulse.ok || s.pulse.at.IsZero() {
			if s.pulse.ok = ok; !ok {
				s.cfg.Log.Error("not ready: the store does not keep what it is given", "err", err)
			}
		}
		s.pulse.at = time.Now()
	}
	return s.pulse.ok
}

// ready answers whether readers may be sent here.
func (s *Site) ready(w http.ResponseWriter, r *http.Request) error {
	switch {
	case s.draining.Load():
		writeText(w, http.StatusServiceUnavailable, "going down\n")
	case len(s.Course().Lessons) == 0 && !s.cfg.Dev: // who writes the first lesson has none yet
		writeText(w, http.StatusServiceUnavailable, "there are no lessons\n")
	case s.cfg.Scarce != nil && s.cfg.Scarce():
		w.Header().Set("Retry-After", "5")
		writeText(w, http.StatusServiceUnavailable, "memory is short: nobody new is let in\n")
	case !s.beats(r.Context()):
		writeText(w, http.StatusServiceUnavailable, "the store does not keep what it is given\n")
	default:
		writeText(w, http.StatusOK, "ok\n")
	}
	return nil
}
