// Package class knows the classes of the lab: who opened one and who is in it, where in the course each of them is, and what they
// answered. What happens in a class, in one order for all who watch, is the room of package live.
package class

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"time"

	"github.com/handshakelab/lab/web/account"
	"github.com/handshakelab/lab/web/store"
)

// Errors for callers to act on; all others are of the store.
var (
	ErrNotFound = errors.New("class: there is no such class")
	ErrEnded    = errors.New("class: it has ended")
	ErrFull     = errors.New("class: no more members")
	ErrName     = fmt.Errorf("class: a name has 1 to %d characters", MaxName)
	ErrTitle    = fmt.Errorf("class: a title has 1 to %d characters", MaxTitle)
)

// Bounds, in members and in characters.
const (
	MaxMembers = 3000
	MaxName    = 40
	MaxTitle   = 80
)

// A Class is opened by an instructor and joined by its code.
type Class struct {
	ID       string    `json:"id"`
	Code     string    `json:"code"` // "" once it has ended
	Title    string    `json:"title"`
	Teacher  string    `json:"teacher"`  // ID of the account
	Language string    `json:"language"` // in which it is taught, "de"
	Opened   time.Time `json:"opened"`
	Ended    time.Time `json:"ended,omitzero"`
}

// Over reports whether the class has ended.
func (c *Class) Over() bool { return !c.Ended.IsZero() }

// A Member is a learner in a class. Its ID is its own in each class, so that nothing shown in one class tells who somebody is in
// another.
type Member struct {
	ID      string    `json:"id"`
	Learner string    `json:"learner"`
	Name    string    `json:"name"` // of their choosing
	Joined  time.Time `json:"joined"`
}

// Classes are all classes of a lab.
type Classes struct {
	store store.Store
	size  sizes
}

// New returns the classes that are kept in s.
func New(s store.Store) *Classes { return &Classes{store: s} }

// Letters are those of a code. None of them looks like another one or like a digit.
const Letters = "ABCDEFGHJKMNPQRSTUVWXYZ"

// CodeLength is how many letters a code has.
const CodeLength = 6

func newCode() string {
	var b strings.Builder
	for range CodeLength {
		n, err := rand.Int(rand.Reader, big.NewInt(int64(len(Letters))))
		if err != nil {
			panic(err) // crypto/rand does not fail
		}
		b.WriteByte(Letters[n.Int64()])
	}
	return b.String()
}

// ReadCode makes a code of what somebody typed: lower case, spaces, hyphens and other marks between the letters do not matter. It
// reports false for what cannot be one.
func ReadCode(typed string) (code string, ok bool) {
	if len(typed) > 64 {
		return "", false
	}
	var b strings.Builder
	for _, r := range strings.ToUpper(typed) {
		switch {
		case strings.ContainsRune(Letters, r):
			b.WriteRune(r)
		case 'A' <= r && r <= 'Z', '0' <= r && r <= '9':
			return "", false
		case r > 0x7f && !strings.ContainsRune("\u00a0\u2010\u2011\u2012\u2013\u2014\u2009\u202f", r):
			return "", false
		}
	}
	return b.String(), b.Len() == CodeLength
}

func classKey(class string) string { return store.Key("class", class) }

// Open makes a class of an account.
func (c *Classes) Open(ctx context.Context, teacher, title, language string) (*Class, error) {
	title, ok := clean(title, MaxTitle)
	if !ok {
		return nil, ErrTitle
	}
	class := &Class{ID: account.NewID(), Title: title, Teacher: teacher, Language: language, Opened: now()}
	records := c.store.Records()
	// A code that leads to no class yet means nothing, so that it can be taken first.
	for {
		class.Code = newCode()
		_, err := records.Put(ctx, store.Key("code", class.Code), []byte(class.ID), 0)
		if err == nil {
			break
		}
		if !errors.Is(err, store.ErrConflict) {
			return nil, err
		}
	}
	if err := store.PutJSON(ctx, records, classKey(class.ID), class, 0); err != nil {
		return nil, err
	}
	return class, store.PutJSON(ctx, records, store.Key("teacher", teacher, class.ID), struct{}{}, 0)
}

// now is the time without the part that JSON does not keep.
func now() time.Time { return time.Now().UTC().Truncate(time.Millisecond) }

// Get returns a class.
func (c *Classes) Get(ctx context.Context, id string) (*Class, error) {
	if !store.Valid(id) {
		return nil, ErrNotFound
	}
	class, _, err := store.GetJSON[*Class](ctx, c.store.Records(), classKey(id))
	return class, missing(err)
}

func missing(err error) error {
	if errors.Is(err, store.ErrNotFound) {
		return ErrNotFound
	}
	return err
}

// Find returns the class with a code.
func (c *Classes) Find(ctx context.Context, code string) (*Class, error) {
	if _, ok := ReadCode(code); !ok {
		return nil, ErrNotFound
	}
	rec, err := c.store.Records().Get(ctx, store.Key("code", code))
	if err != nil {
		return nil, missing(err)
	}
	class, err := c.Get(ctx, string(rec.Value))
	if err == nil && class.Code != code {
		err = ErrNotFound
	}
	return class, err
}

// Of returns the classes of an account: those that go on first, then the newest.
func (c *Classes) Of(ctx context.Context, teacher string) ([]*Class, error) {
	prefix := store.Key("teacher", teacher)
	recs, err := c.store.Records().List(ctx, prefix)
	if err != nil {
		return nil, err
	}
	var list []*Class
	for _, rec := range recs {
		class, err := c.Get(ctx, rec.Key[len(prefix)+1:])
		switch {
		case errors.Is(err, ErrNotFound): // it was erased meanwhile
		case err != nil:
			return nil, err
		default:
			list = append(list, class)
		}
	}
	slices.SortFunc(list, func(a, b *Class) int {
		if a.Over() != b.Over() {
			if a.Over() {
				return 1
			}
			return -1
		}
		return b.Opened.Compare(a.Opened)
	})
	return list, nil
}

// End ends a class, and makes its code free. Ending it again changes nothing.
func (c *Classes) End(ctx context.Context, id string) error {
	return store.ChangeJSON(ctx, c.store.Records(), classKey(id), func(class *Class, there bool) (bool, error) {
		switch {
		case !there:
			return false, ErrNotFound
		case class.Over():
			return false, nil
		}
		// The code goes first, as long as the class says which one it is.
		err := c.store.Records().Delete(ctx, store.Key("code", class.Code))
		class.Ended, class.Code = now(), ""
		return true, err
	})
}

func memberKey(class, member string) string { return store.Key("member", class, member) }
func seatKey(learner, class string) string  { return store.Key("seat", learner, class) }

// Join makes a learner a member. Whoever is one already stays the same one and gets the new name.
func (c *Classes) Join(ctx context.Context, class *Class, learner, name string) (*Member, error) {
	name, ok := clean(name, MaxName)
	switch {
	case !ok:
		return nil, ErrName
	case class.Over():
		return nil, ErrEnded
	}
	id, err := c.takeSeat(ctx, class.ID, learner)
	if err != nil {
		return nil, err
	}
	var member *Member
	err = store.ChangeJSON(ctx, c.store.Records(), memberKey(class.ID, id), func(m *Member, there bool) (bool, error) {
		if !there {
			*m = Member{ID: id, Learner: learner, Joined: now()}
		}
		before := m.Name
		m.Name = name
		member = m
		return name != before, nil
	})
	return member, err
}

// takeSeat returns which member a learner is in a class, and makes them one that has no record yet if they are none: of several
// requests at once all get the same.
func (c *Classes) takeSeat(ctx context.Context, class, learner string) (member string, err error) {
	for {
		rec, err := c.store.Records().Get(ctx, seatKey(learner, class))
		if !errors.Is(err, store.ErrNotFound) {
			return string(rec.Value), err
		}
		n, err := c.Size(ctx, class)
		if err != nil {
			return "", err
		}
		if n >= MaxMembers {
			return "", ErrFull
		}
		member = account.NewID()
		_, err = c.store.Records().Put(ctx, seatKey(learner, class), []byte(member), 0)
		if err == nil {
			c.size.add(class)
		}
		if !errors.Is(err, store.ErrConflict) {
			return member, err
		}
	}
}

// Seat returns the member that a learner is in a class.
func (c *Classes) Seat(ctx context.Context, class, learner string) (*Member, error) {
	if !store.Valid(class) || !store.Valid(learner) {
		return nil, ErrNotFound
	}
	rec, err := c.store.Records().Get(ctx, seatKey(learner, class))
	if err != nil {
		return nil, missing(err)
	}
	return c.Member(ctx, class, string(rec.Value))
}

// Member returns a member of a class.
func (c *Classes) Member(ctx context.Context, class, member string) (*Member, error) {
	if !store.Valid(class) || !store.Valid(member) {
		return nil, ErrNotFound
	}
	m, _, err := store.GetJSON[*Member](ctx, c.store.Records(), memberKey(class, member))
	return m, missing(err)
}

// Members returns the members of a class in the order in which they came.
func (c *Classes) Members(ctx context.Context, class string) ([]*Member, error) {
	recs, err := c.store.Records().List(ctx, store.Key("member", class))
	if err != nil {
		return nil, err
	}
	list := make([]*Member, len(recs))
	for i, rec := range recs {
		if err := json.Unmarshal(rec.Value, &list[i]); err != nil {
			return nil, fmt.Errorf("class: the record %s: %w", rec.Key, err)
		}
	}
	slices.SortFunc(list, func(a, b *Member) int { return cmp.Or(a.Joined.Compare(b.Joined), cmp.Compare(a.ID, b.ID)) })
	return list, nil
}

// Forget removes a learner from all classes, with where they were and what they answered.
func (c *Classes) Forget(ctx context.Context, learner string) error {
	records := c.store.Records()
	prefix := store.Key("seat", learner)
	seats, err := records.List(ctx, prefix)
	if err != nil {
		return err
	}
	for _, seat := range seats {
		class, member := seat.Key[len(prefix)+1:], string(seat.Value)
		answers, err := records.List(ctx, store.Key("answer", class))
		if err != nil {
			return err
		}
		for _, a := range answers {
			if strings.HasSuffix(a.Key, "."+member) {
				err = errors.Join(err, records.Delete(ctx, a.Key))
			}
		}
		// The seat goes last: as long as it stands, all this can be tried again.
		err = errors.Join(err, c.store.Passing().Delete(ctx, whereKey(class, member)), records.Delete(ctx, memberKey(class, member)))
		if err == nil {
			err = records.Delete(ctx, seat.Key)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
