package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
)

// Change writes what how makes of a record, whose Rev is 0 when there is none. When somebody else was faster, how is asked again, with what
// they have written. A value of nil leaves the record as it is. The error is that of how, or of the store.
func Change(ctx context.Context, in Records, key string, how func(Record) (value []byte, err error)) error {
	for {
		rec, err := in.Get(ctx, key)
		if err != nil && !errors.Is(err, ErrNotFound) {
			return err
		}
		value, err := how(rec)
		if err != nil || value == nil {
			return err
		}
		if _, err = in.Put(ctx, key, value, rec.Rev); !errors.Is(err, ErrConflict) {
			return err
		}
	}
}

// ChangeJSON is Change with a value as JSON, which is zero when it is not there yet. It is written when how reports so.
func ChangeJSON[T any](ctx context.Context, in Records, key string, how func(value *T, there bool) (write bool, err error)) error {
	return Change(ctx, in, key, func(rec Record) ([]byte, error) {
		var value T
		if rec.Rev != 0 {
			if err := json.Unmarshal(rec.Value, &value); err != nil {
				return nil, fmt.Errorf("store: the record %s: %w", key, err)
			}
		}
		if write, err := how(&value, rec.Rev != 0); err != nil || !write {
			return nil, err
		}
		return json.Marshal(&value)
	})
}
