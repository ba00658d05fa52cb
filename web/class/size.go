package class

import (
	"context"
	"sync"
	"time"

	"github.com/handshakelab/lab/web/store"
)

// fresh is how long a count of members is good enough. On one node it is exact; another node's newcomers are seen after that time.
const fresh = 5 * time.Second

// sizes are how many members classes have. They are counted now and then, because a count reads them all.
type sizes struct {
	mu    sync.Mutex
	known map[string]*size
}

type size struct {
	n  int
	at time.Time
}

func (s *sizes) get(class string) (n int, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	k := s.known[class]
	if k == nil || time.Since(k.at) > fresh {
		return 0, false
	}
	return k.n, true
}

func (s *sizes) set(class string, n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for id, k := range s.known {
		if time.Since(k.at) > fresh {
			delete(s.known, id)
		}
	}
	if s.known == nil {
		s.known = map[string]*size{}
	}
	s.known[class] = &size{n, time.Now()}
}

func (s *sizes) add(class string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if k := s.known[class]; k != nil {
		k.n++
	}
}

// Size is how many members a class has, as it was a few seconds ago at the earliest.
func (c *Classes) Size(ctx context.Context, class string) (int, error) {
	if n, ok := c.size.get(class); ok {
		return n, nil
	}
	recs, err := c.store.Records().List(ctx, store.Key("member", class))
	if err != nil {
		return 0, err
	}
	c.size.set(class, len(recs))
	return len(recs), nil
}
