package lti

import (
	"context"
	"encoding/json"
	"errors"
	"iter"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/handshakelab/lab/web/store"
)

// maxSending is how many scores a node delivers at once: a platform that does not answer keeps the others waiting no longer than that.
const maxSending = 4

// watchAgain is how long to wait when the store was away.
const watchAgain = time.Second

// An outbox is what a node knows of the scores that are to be delivered.
type outbox struct {
	mu      sync.Mutex
	due     map[string]time.Time       // by key
	trouble map[string]*Trouble        // those that were not delivered
	classes map[string]map[string]bool // keys, by class
	news    chan struct{}              // holds one when there is something new
}

func newOutbox() outbox {
	return outbox{due: map[string]time.Time{}, trouble: map[string]*Trouble{}, classes: map[string]map[string]bool{}, news: make(chan struct{}, 1)}
}

// take takes in what a record says.
func (o *outbox) take(key string, d *delivery) {
	learner, of := splitLine(key)
	o.mu.Lock()
	defer o.mu.Unlock()
	delete(o.due, key)
	delete(o.trouble, key)
	if of.Class != "" {
		if o.classes[of.Class] == nil {
			o.classes[of.Class] = map[string]bool{}
		}
		o.classes[of.Class][key] = true
	}
	switch {
	case d == nil:
		if delete(o.classes[of.Class], key); len(o.classes[of.Class]) == 0 {
			delete(o.classes, of.Class)
		}
		return
	case d.Fault != "":
		o.trouble[key] = &Trouble{learner, of, d.Line, d.Since, d.Tries, d.Fault, d.Over}
	}
	if at := d.next(); !at.IsZero() {
		o.due[key] = at
		select {
		case o.news <- struct{}{}:
		default:
		}
	}
}

// ready takes out what is due, and says when the next is.
func (o *outbox) ready(now time.Time) (keys []string, next time.Time) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for key, due := range o.due {
		switch {
		case !due.After(now):
			keys = append(keys, key)
			delete(o.due, key)
		case next.IsZero() || due.Before(next):
			next = due
		}
	}
	return keys, next
}

// Troubles returns the scores that could not be delivered, the oldest first, as this node knows them.
func (t *Tool) Troubles() []*Trouble {
	t.outbox.mu.Lock()
	defer t.outbox.mu.Unlock()
	return slices.SortedFunc(maps.Values(t.outbox.trouble), func(a, b *Trouble) int { return a.compare(b) })
}

// TryAgain lets all scores be delivered soon that could not be delivered to a platform.
func (t *Tool) TryAgain(ctx context.Context, id string) error {
	for _, x := range t.Troubles() {
		if p := (Platform{Issuer: x.Line.Issuer, ClientID: x.Line.Client}); p.ID() != id {
			continue
		}
		err := t.change(ctx, lineKey(x.Learner, x.Of), func(d *delivery) bool {
			*d = delivery{Line: d.Line, Sent: d.Sent, Due: time.Now()}
			return true
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// TouchClass says that all scores of a class may have changed.
func (t *Tool) TouchClass(ctx context.Context, class string) error {
	t.outbox.mu.Lock()
	keys := slices.Collect(maps.Keys(t.outbox.classes[class]))
	t.outbox.mu.Unlock()
	for _, key := range keys {
		if err := t.change(ctx, key, touch); err != nil {
			return err
		}
	}
	return nil
}

// Run keeps an eye on the platforms and delivers scores, until ctx ends. Each node runs it.
func (t *Tool) Run(ctx context.Context, score Scorer) {
	var wg sync.WaitGroup
	defer wg.Wait()
	wg.Go(func() {
		current := false
		t.watch(ctx, "lti-platform", func(u store.Update) error {
			if current = current || u.Current; !current {
				return nil
			}
			return t.lookAround(ctx)
		})
	})
	wg.Go(func() {
		t.watch(ctx, "lti-line", func(u store.Update) error {
			var d *delivery
			if u.Current {
				return nil
			}
			if !u.Deleted {
				if err := json.Unmarshal(u.Value, &d); err != nil {
					t.log.Error("a line of a platform's grade book cannot be read", "error", err)
					return nil
				}
			}
			t.outbox.take(u.Key, d)
			return nil
		})
	})
	sending := make(chan struct{}, maxSending)
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		case <-t.outbox.news:
		}
		keys, next := t.outbox.ready(time.Now())
		for _, key := range keys {
			select {
			case sending <- struct{}{}:
			case <-ctx.Done():
				return
			}
			wg.Go(func() {
				defer func() { <-sending }()
				if err := t.deliver(ctx, key, score); err != nil && ctx.Err() == nil {
					// It is due again when the claim ends, or as it was when there is none.
					t.log.Error("a score cannot be delivered now", "error", err)
					t.outbox.postpone(key)
				}
			})
		}
		if !next.IsZero() {
			timer.Reset(time.Until(next))
		}
	}
}

// postpone makes a key due a while later.
func (o *outbox) postpone(key string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if _, known := o.due[key]; known {
		return
	}
	o.due[key] = time.Now().Add(shortestWait)
	select {
	case o.news <- struct{}{}:
	default:
	}
}

// watch calls take with all records below a prefix and what becomes of them, from the beginning again when the store was away.
func (t *Tool) watch(ctx context.Context, prefix string, take func(store.Update) error) {
	for ctx.Err() == nil {
		err := follow(t.store.Records().Watch(ctx, prefix), take)
		if ctx.Err() == nil {
			t.log.Warn("news of learning platforms are missing for now", "error", err)
		}
		select {
		case <-ctx.Done():
		case <-time.After(watchAgain):
		}
	}
}

func follow(updates iter.Seq2[store.Update, error], take func(store.Update) error) error {
	for u, err := range updates {
		if err == nil {
			err = take(u)
		}
		if err != nil {
			return err
		}
	}
	return errors.New("the store has ended it")
}
