package web

import (
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// A limiter has a bucket of tokens for each key: an address, a member.
type limiter struct {
	every time.Duration // for a new token
	burst int

	mu      sync.Mutex
	buckets map[string]*rate.Limiter
}

// maxBuckets is how many buckets there are before those that are full again are forgotten.
const maxBuckets = 4096

func (l *limiter) bucket(key string) *rate.Limiter {
	l.mu.Lock()
	defer l.mu.Unlock()
	if b := l.buckets[key]; b != nil {
		return b
	}
	if len(l.buckets) >= maxBuckets {
		for k, b := range l.buckets {
			if b.Tokens() >= float64(l.burst) {
				delete(l.buckets, k)
			}
		}
	}
	if len(l.buckets) >= 4*maxBuckets {
		clear(l.buckets) // so many are at their limit at once that it is no one in particular
	}
	if l.buckets == nil {
		l.buckets = map[string]*rate.Limiter{}
	}
	b := rate.NewLimiter(rate.Every(l.every), l.burst)
	l.buckets[key] = b
	return b
}

// take takes a token, if there is one.
func (l *limiter) take(key string) bool { return l.bucket(key).Allow() }

// left reports whether there is a token, and leaves it.
func (l *limiter) left(key string) bool { return l.bucket(key).Tokens() >= 1 }
