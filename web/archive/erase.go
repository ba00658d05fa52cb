package archive

import (
	"context"
	"encoding/json"
	"errors"
	"strings"

	"github.com/handshakelab/lab/web/account"
	"github.com/handshakelab/lab/web/class"
	"github.com/handshakelab/lab/web/lti"
	"github.com/handshakelab/lab/web/progress"
	"github.com/handshakelab/lab/web/store"
)

// An Erased says what was removed of a learner.
type Erased struct {
	Learner   string `json:"learner"`
	Classes   int    `json:"classes"`   // in which they were a member
	Acts      int    `json:"acts"`      // of theirs in the logs of rooms
	Standings int    `json:"standings"` // with exercises
	Attempts  int    `json:"attempts"`
	Keys      int    `json:"keys"` // that led to them: browsers, their recovery code
	Others    int    `json:"others"`
}

// None reports whether there was nothing.
func (e *Erased) None() bool {
	return e.Classes+e.Acts+e.Standings+e.Attempts+e.Keys+e.Others == 0
}

// Erase removes all there is of a learner. It can be done again after an error.
func Erase(ctx context.Context, s store.Store, learner string) (Erased, error) {
	e := Erased{Learner: learner}
	if !store.Valid(learner) {
		return e, errors.New("this cannot be the ID of a learner")
	}
	prefix := store.Key("seat", learner)
	seats, err := s.Records().List(ctx, prefix)
	if err != nil {
		return e, err
	}
	for _, seat := range seats {
		n, err := strike(ctx, s, seat.Key[len(prefix)+1:], string(seat.Value))
		e.Acts += n
		if err != nil {
			return e, err
		}
	}
	if e.Standings, e.Attempts, err = progress.New(s).Forget(ctx, learner); err != nil {
		return e, err
	}
	if err := class.New(s).Forget(ctx, learner); err != nil {
		return e, err
	}
	e.Classes = len(seats)
	if err := lti.Forget(ctx, s, learner); err != nil {
		return e, err
	}
	if e.Keys, err = account.New(s, "/").ForgetLearner(ctx, learner); err != nil {
		return e, err
	}
	return e, account.Ended(ctx, s, learner)
}

// strike takes what a member did out of the log of a room, and where others speak of them.
func strike(ctx context.Context, s store.Store, room, member string) (n int, err error) {
	log := store.Key("room", room)
	for entry, err := range s.Read(ctx, log, 0) {
		if err != nil {
			return n, err
		}
		var act struct {
			By      string `json:"by"`
			Member  string `json:"member"`
			Drivers []struct {
				Member string `json:"member"`
			} `json:"drivers"`
		}
		if json.Unmarshal(entry.Data, &act) != nil {
			continue
		}
		drives := false
		for _, d := range act.Drivers {
			drives = drives || d.Member == member
		}
		if act.By != member && act.Member != member && !drives {
			continue
		}
		if err := s.Strike(ctx, log, entry.Seq); err != nil {
			return n, err
		}
		n++
	}
	return n, nil
}

// Sweep looks through everything for what names a learner, and removes records that do: Erase knows where each part of the lab keeps what,
// and this is for what it does not know. It reads all there is.
func Sweep(ctx context.Context, s store.Store, learner string) (n int, err error) {
	var found []string
	for i, err := range s.Export(ctx) {
		switch {
		case err != nil:
			return 0, err
		case i.Deleted:
		case i.Log != "":
			if strings.Contains("."+i.Log+".", "."+learner+".") {
				return 0, errors.New("the log " + i.Log + " is still there")
			}
		case strings.Contains("."+i.Key+".", "."+learner+".") || strings.Contains(string(i.Value), learner):
			found = append(found, i.Key)
		}
	}
	for _, key := range found {
		if err := s.Records().Delete(ctx, key); err != nil {
			return n, err
		}
		n++
	}
	return n, nil
}

// Find returns the learner of an ID, which is that of a learner or of a member of a class, as instructors see it.
func Find(ctx context.Context, s store.Store, id string) (learner string, err error) {
	if !store.Valid(id) {
		return "", store.ErrNotFound
	}
	for i, err := range s.Export(ctx) {
		if err != nil {
			return "", err
		}
		if i.Deleted || i.Log != "" || !strings.HasPrefix(i.Key, "member.") || !strings.HasSuffix(i.Key, "."+id) {
			continue
		}
		var m class.Member
		if err := json.Unmarshal(i.Value, &m); err != nil {
			return "", err
		}
		return m.Learner, nil
	}
	return id, nil
}
