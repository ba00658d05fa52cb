package store

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
)

// GetJSON returns the value of a record that PutJSON has written, and its revision, or ErrNotFound.
func GetJSON[T any](ctx context.Context, from Records, key string) (value T, rev uint64, err error) {
	rec, err := from.Get(ctx, key)
	if err != nil {
		return value, 0, err
	}
	if err := json.Unmarshal(rec.Value, &value); err != nil {
		return value, 0, fmt.Errorf("store: the record %s: %w", key, err)
	}
	return value, rec.Rev, nil
}

// PutJSON is Put with a value as JSON.
func PutJSON(ctx context.Context, to Records, key string, value any, rev uint64) error {
	b, err := json.Marshal(value)
	if err != nil {
		return err
	}
	_, err = to.Put(ctx, key, b, rev)
	return err
}

// Hash makes a part of a key of any text: of a secret, which is then not kept itself, or of what a user has written.
func Hash(text string) string {
	sum := sha256.Sum256([]byte(text))
	return base64.RawURLEncoding.EncodeToString(sum[:16])
}
