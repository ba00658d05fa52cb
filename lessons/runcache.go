package lessons

import (
	"fmt"
	"strings"
	"sync"

	"github.com/handshakelab/lab/engine"
	"github.com/handshakelab/lab/engine/script"
	"github.com/handshakelab/lab/engine/tcp"
)

// A runCache keeps what the engine made of a text, so that nothing is played again because the prose beside it was changed. What
// neither of the last two loads asked for is forgotten. What comes out of it is shared and must not be changed.
type runCache struct {
	mu             sync.Mutex
	recent, before map[string]func() any
}

// turn begins another load.
func (c *runCache) turn() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.recent, c.before = map[string]func() any{}, c.recent
}

// cached returns what make returns, from the cache when it was made for the same key. A nil cache keeps nothing.
func cached[T any](c *runCache, key string, make func() T) T {
	if c == nil {
		return make()
	}
	c.mu.Lock()
	get := c.recent[key]
	if get == nil {
		if get = c.before[key]; get == nil {
			get = sync.OnceValue(func() any { return make() })
		}
		c.recent[key] = get
	}
	c.mu.Unlock()
	return get().(T)
}

// A playing is what Sim.play returns.
type playing struct {
	run *played
	bad int
	err error
}

// play is Sim.play through the cache.
func (d *draft) play(s *Sim, at tcp.Time, actions []engine.Action) (run *played, bad int, err error) {
	if len(actions) == 0 {
		// The scenario as it is goes the same way whatever instant the question is about.
		track := cached(d.cache, "play\x00"+s.Source, func() *track { return &track{sim: s} })
		return &played{s.Events, since(s.Events, at), s.Scenario.Actions, track}, -1, nil
	}
	var key strings.Builder
	fmt.Fprintf(&key, "play %d\x00%s", at, s.Source)
	for _, a := range actions {
		key.WriteString("\x00" + script.FormatAction(a))
	}
	p := cached(d.cache, key.String(), func() playing {
		run, bad, err := s.play(at, actions)
		return playing{run, bad, err}
	})
	return p.run, p.bad, p.err
}
