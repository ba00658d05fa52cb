package account

import (
	"context"
	"iter"
	"strings"

	"github.com/handshakelab/lab/web/store"
)

// Ended lets all nodes know that a session of an account, or something that made a learner who they are, has ended. It comes behind the
// end itself. What it writes is soon forgotten.
func Ended(ctx context.Context, s store.Store, id string) error {
	_, err := s.Passing().Put(ctx, store.Key("ended", id, NewID()), nil, 0)
	return err
}

// Endings yields the IDs of Ended from now on, and first "", which says that nothing that comes later is missed. It yields an error once,
// as the last thing.
func Endings(ctx context.Context, s store.Store) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		current := false
		for u, err := range s.Passing().Watch(ctx, "ended") {
			switch {
			case err != nil:
				yield("", err)
				return
			case u.Current:
				current = true
				if !yield("", nil) {
					return
				}
			case current && !u.Deleted:
				id, _, _ := strings.Cut(strings.TrimPrefix(u.Key, "ended."), ".")
				if !yield(id, nil) {
					return
				}
			}
		}
	}
}
