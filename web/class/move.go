package class

import (
	"context"
	"errors"
	"strings"

	"github.com/handshakelab/lab/web/store"
)

// Move makes one learner the member that another one is, in each class in which they are none yet. It can be done again.
func (c *Classes) Move(ctx context.Context, from, to string) error {
	records, prefix := c.store.Records(), store.Key("seat", from)
	seats, err := records.List(ctx, prefix)
	if err != nil {
		return err
	}
	for _, seat := range seats {
		class, member := strings.TrimPrefix(seat.Key, prefix+"."), string(seat.Value)
		if _, err := records.Put(ctx, seatKey(to, class), seat.Value, 0); errors.Is(err, store.ErrConflict) {
			theirs, err := records.Get(ctx, seatKey(to, class))
			if err != nil {
				return err
			}
			if string(theirs.Value) != member {
				continue // they are a member already; the other one goes with its learner
			}
		} else if err != nil {
			return err
		}
		err := store.ChangeJSON(ctx, records, memberKey(class, member), func(m *Member, there bool) (bool, error) {
			m.Learner = to
			return there, nil
		})
		if err != nil {
			return err
		}
		if err := records.Delete(ctx, seat.Key); err != nil {
			return err
		}
	}
	return nil
}
