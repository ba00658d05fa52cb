package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
)

// Format is the number of the form in which the lab keeps things today. It grows when values that are there already must be written in
// another way; steps then has how.
const Format = 1

// A step brings what is kept from one format into the next. It may be interrupted, or run on several machines at once, and is done again.
type step func(ctx context.Context, s Store) error

// steps has at place n the one that leads from format n to n+1.
var steps = [Format]step{
	// The first stores had no number; what is in them is the same.
	0: func(context.Context, Store) error { return nil },
}

// formatKey is the record with the number. It is in an export too, so an import brings it along.
const formatKey = "format"

type format struct {
	Format int `json:"format"`
}

// Upgrade brings a store into today's format. One that a newer version has written is refused, and not touched.
func Upgrade(ctx context.Context, s Store) error { return upgrade(ctx, s, steps[:]) }

func upgrade(ctx context.Context, s Store, steps []step) error {
	for {
		r, err := s.Records().Get(ctx, formatKey)
		if err != nil && !errors.Is(err, ErrNotFound) {
			return err
		}
		var is format
		if err == nil {
			if err := json.Unmarshal(r.Value, &is); err != nil {
				return fmt.Errorf("the format of the store cannot be read: %w", err)
			}
		}
		switch {
		case is.Format == len(steps):
			return nil
		case is.Format > len(steps) || is.Format < 0:
			return fmt.Errorf("the store has format %d, which a newer version of the lab has written; this one knows formats up to %d", is.Format, len(steps))
		}
		if err := steps[is.Format](ctx, s); err != nil {
			return fmt.Errorf("the store cannot be brought from format %d to %d: %w", is.Format, is.Format+1, err)
		}
		value, err := json.Marshal(format{is.Format + 1})
		if err != nil {
			return err
		}
		if _, err := s.Records().Put(ctx, formatKey, value, r.Rev); err != nil && !errors.Is(err, ErrConflict) {
			return err
		}
	}
}
