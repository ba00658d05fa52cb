package account

import (
	"fmt"
	"sync"
	"time"
)

// Wrong passwords of one name: the first ones cost nothing, from then on each doubles the wait up to the longest one. That is short
// enough that nobody can lock somebody else out for long, and makes fewer than two thousand guesses a day.
const (
	freeStrikes  = 5
	longestWait  = time.Minute
	strikesLast  = 15 * time.Minute // without a new one they are forgotten
	maxStruck    = 4096             // names that are remembered
	shortestWait = time.Second
)

// A WaitError says that too many wrong passwords were tried.
type WaitError struct{ Wait time.Duration }

// Error says how long to wait.
func (e WaitError) Error() string { return fmt.Sprintf("account: too many tries; wait %v", e.Wait) }

// strikes counts tries that were not known to be right.
type strikes struct {
	mu   sync.Mutex
	list map[string]strike
}

type strike struct {
	n     int
	last  time.Time
	until time.Time
}

// begin counts a try as a wrong one until it is cleared, or says how long to wait for the next one.
func (s *strikes) begin(key string, now time.Time) time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	x := s.list[key]
	if now.Before(x.until) {
		return x.until.Sub(now)
	}
	if now.Sub(x.last) > strikesLast {
		x.n = 0
	}
	x.n++
	x.last = now
	if over := x.n - freeStrikes; over >= 0 {
		x.until = now.Add(min(shortestWait<<min(over, 10), longestWait))
	}
	if s.list == nil {
		s.list = map[string]strike{}
	}
	if _, ok := s.list[key]; !ok && len(s.list) >= maxStruck {
		s.forget(now)
	}
	s.list[key] = x
	return 0
}

// forget makes room: what is old goes, or else the oldest.
func (s *strikes) forget(now time.Time) {
	oldest := ""
	for key, x := range s.list {
		if now.Sub(x.last) > strikesLast {
			delete(s.list, key)
		} else if oldest == "" || x.last.Before(s.list[oldest].last) {
			oldest = key
		}
	}
	if len(s.list) >= maxStruck {
		delete(s.list, oldest)
	}
}

// clear forgets the tries of a key: the last one was right.
func (s *strikes) clear(key string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.list, key)
}
