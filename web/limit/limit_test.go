package limit

import (
	"strconv"
	"testing"
	"testing/synctest"
	"time"
)

func TestTake(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := New(time.Second, 3)
		for i := range 3 {
			if !l.Left("a") {
				t.Fatalf("the token %d is not there", i)
			}
			if wait := l.Take("a"); wait != 0 {
				t.Fatalf("the token %d has to be waited for: %v", i, wait)
			}
		}
		for range 5 { // asking in vain costs nothing
			if wait := l.Take("a"); wait != time.Second {
				t.Fatalf("the bucket is empty, and one waits %v", wait)
			}
		}
		if l.Left("a") || !l.Left("b") {
			t.Error("a has none left, and b has all")
		}
		if l.Take("b") != 0 {
			t.Error("another one has to wait too")
		}
		time.Sleep(time.Second)
		if l.Take("a") != 0 || l.Take("a") == 0 {
			t.Error("after a second there is one token")
		}
		time.Sleep(time.Hour)
		for range 3 {
			if l.Take("a") != 0 {
				t.Error("the bucket is not full after an hour")
			}
		}
		if l.Take("a") == 0 {
			t.Error("the bucket holds more than it should")
		}
	})
}

// However many come, few are remembered, and nobody new is kept out.
func TestMemory(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := New(time.Second, 2)
		for i := range 2 * maxKeys {
			if l.Take(strconv.Itoa(i)) != 0 {
				t.Fatal("a new one has to wait")
			}
			if len(l.full) > maxKeys {
				t.Fatalf("%d are remembered", len(l.full))
			}
		}
		time.Sleep(time.Minute)
		l.forget(time.Now())
		if len(l.full) != 0 {
			t.Errorf("%d are remembered that have not come for a minute", len(l.full))
		}
	})
}
