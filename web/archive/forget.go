package archive

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"time"

	"github.com/handshakelab/lab/web/account"
	"github.com/handshakelab/lab/web/store"
)

// often is how often those are forgotten who have not come back.
const often = 24 * time.Hour

// forgetKey is the passing record of the last time.
const forgetKey = "forget"

// ForgetDaily erases once a day all learners who were not seen for so long, until ctx ends. Of several machines that do so, one does it each
// day.
func ForgetDaily(ctx context.Context, s store.Store, keep time.Duration, log *slog.Logger) {
	for {
		switch mine, err := take(ctx, s, time.Now()); {
		case ctx.Err() != nil:
			return
		case err != nil:
			log.Error("it cannot be found out who is to be forgotten", "error", err)
		case mine:
			n, err := Forget(ctx, s, time.Now().Add(-keep))
			if n > 0 {
				log.Info("learners who did not come back are forgotten", "learners", n)
			}
			if err != nil && ctx.Err() == nil {
				log.Error("not all who did not come back are forgotten", "error", err)
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(often / 24):
		}
	}
}

// take reports whether it is this machine's turn: nobody has done it today, and nobody else was faster.
func take(ctx context.Context, s store.Store, now time.Time) (bool, error) {
	rec, err := s.Passing().Get(ctx, forgetKey)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return false, err
	}
	var last time.Time
	if err == nil && last.UnmarshalText(rec.Value) == nil && now.Sub(last) < often && !last.After(now) {
		return false, nil
	}
	text, err := now.UTC().MarshalText()
	if err != nil {
		return false, err
	}
	_, err = s.Passing().Put(ctx, forgetKey, text, rec.Rev)
	if errors.Is(err, store.ErrConflict) {
		return false, nil
	}
	return err == nil, err
}

// Forget erases all learners who were seen last before an instant, and reports how many those were.
func Forget(ctx context.Context, s store.Store, before time.Time) (n int, err error) {
	// Whoever got a secret, took a seat or made an attempt was there then.
	seen := map[string]time.Time{}
	note := func(learner string, at time.Time) {
		if at.After(seen[learner]) {
			seen[learner] = at
		}
	}
	records := s.Records()
	keys, err := records.List(ctx, "learner-key")
	if err != nil {
		return 0, err
	}
	for _, k := range keys {
		note(string(k.Value), k.Time)
	}
	known, err := records.List(ctx, "learner")
	if err != nil {
		return 0, err
	}
	for _, k := range known {
		learner := k.Key[len("learner."):]
		var l account.Learner
		if json.Unmarshal(k.Value, &l) == nil {
			// This one counts even if the others say more: an import writes all records anew.
			seen[learner] = l.Seen.Add(24 * time.Hour)
		}
	}
	for learner, at := range seen {
		if !at.Before(before) {
			continue
		}
		seats, err := records.List(ctx, store.Key("seat", learner))
		if err != nil {
			return n, err
		}
		recent := false
		for _, seat := range seats {
			recent = recent || !seat.Time.Before(before)
		}
		if recent {
			continue
		}
		if _, err := Erase(ctx, s, learner); err != nil {
			return n, err
		}
		n++
	}
	return n, nil
}
