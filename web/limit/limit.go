// Package limit lets each of many through only so often.
package limit

import (
	"sync"
	"time"
)

// maxKeys is how many are remembered. Who has not come for a while is as good as forgotten, so it takes that many at once.
const maxKeys = 1 << 16

// A Limiter lets each key through as often as a bucket has tokens: it holds a burst, and gets one more every so often.
type Limiter struct {
	every time.Duration
	burst time.Duration // all tokens, as the time that they take to come

	mu   sync.Mutex
	full map[string]time.Time // when the bucket of a key is full again (GCRA); not there: it is
}

// New returns a Limiter whose buckets hold burst tokens and get one more every so often.
func New(every time.Duration, burst int) *Limiter {
	return &Limiter{every: every, burst: every * time.Duration(burst), full: map[string]time.Time{}}
}

// Take takes a token, and returns 0; or it takes none and says how long it is until there is one.
func (l *Limiter) Take(key string) time.Duration { return l.take(key, time.Now()) }

func (l *Limiter) take(key string, now time.Time) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	full, ok := l.full[key]
	if full.Before(now) {
		full = now
	}
	next := full.Add(l.every)
	if wait := next.Sub(now) - l.burst; wait > 0 {
		return wait
	}
	if !ok && len(l.full) >= maxKeys {
		l.forget(now)
	}
	l.full[key] = next
	return 0
}

// Left reports whether there is a token, and takes none.
func (l *Limiter) Left(key string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return time.Until(l.full[key])+l.every <= l.burst
}

// forget makes room, for many at once, because it looks at all. When all are busy half of them have their buckets full again.
func (l *Limiter) forget(now time.Time) {
	for key, full := range l.full {
		if full.Before(now) {
			delete(l.full, key)
		}
	}
	if len(l.full) < maxKeys/2 {
		return
	}
	for key := range l.full {
		if len(l.full) < maxKeys/2 {
			return
		}
		delete(l.full, key)
	}
}
