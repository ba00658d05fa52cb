package account

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/handshakelab/lab/web/store"
)

// How long a session lasts: from its beginning, and without a request. One that the browser keeps when it is closed lasts longer.
const (
	longest  = 180 * 24 * time.Hour
	idle     = 12 * time.Hour
	idleKept = 28 * 24 * time.Hour // less than the store keeps it
)

// A session is a browser in which somebody has signed in.
type session struct {
	Account string    `json:"account"`
	Epoch   int       `json:"epoch"` // of the account
	Made    time.Time `json:"made"`
	Seen    time.Time `json:"seen"` // roughly
	Keep    bool      `json:"keep,omitempty"`
}

func (s *session) idle() time.Duration {
	if s.Keep {
		return idleKept
	}
	return idle
}

func sessionKey(secret string) string { return store.Key("session", store.Hash(secret)) }

// SignIn returns the account with a name and a password. It says ErrWrong whether there is none of the name, the password is
// another one or the account is disabled, after the same work; and a WaitError after many wrong ones.
func (a *Accounts) SignIn(ctx context.Context, name, password string) (Account, error) {
	folded := fold(name)
	if wait := a.strikes.begin(folded, time.Now()); wait > 0 {
		return Account{}, WaitError{wait}
	}
	var k kept
	rec, err := a.store.Records().Get(ctx, nameKey(name))
	if err == nil {
		k, _, err = a.load(ctx, string(rec.Value))
	}
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		a.strikes.clear(folded)
		return Account{}, err
	}
	ok, stale, err := a.hasher.verify(ctx, k.Password, password)
	switch {
	case err != nil:
		return Account{}, err
	case !ok || k.ID == "" || k.Disabled:
		return Account{}, ErrWrong
	}
	a.strikes.clear(folded)
	if stale {
		// The old hash does until the next time.
		if hashed, err := a.hasher.hash(ctx, password); err == nil {
			_ = a.change(ctx, k.ID, func(now *kept) error {
				if now.Password == k.Password {
					now.Password = hashed
				}
				return nil
			})
		}
	}
	return k.Account, nil
}

// Begin signs an account in, in the browser that sends a request. With keep it stays so when the browser is closed.
func (a *Accounts) Begin(w http.ResponseWriter, r *http.Request, id string, keep bool) error {
	k, _, err := a.load(r.Context(), id)
	if err != nil {
		return err
	}
	if err := a.SignOut(w, r); err != nil {
		return err
	}
	secret, now := NewID(), time.Now()
	if err := store.PutJSON(r.Context(), a.store.Passing(), sessionKey(secret), session{Account: id, Epoch: k.Epoch, Made: now, Seen: now, Keep: keep}, 0); err != nil {
		return err
	}
	var lasts time.Duration
	if keep {
		lasts = longest
	}
	a.setCookie(w, r, sessionCookie, secret, lasts)
	return nil
}

// SignOut ends the session of the browser that sends a request.
func (a *Accounts) SignOut(w http.ResponseWriter, r *http.Request) error {
	secret := a.cookie(r, sessionCookie)
	if secret == "" {
		return nil
	}
	key := sessionKey(secret)
	s, _, err := store.GetJSON[session](r.Context(), a.store.Passing(), key)
	if errors.Is(err, store.ErrNotFound) {
		a.setCookie(w, r, sessionCookie, "", 0)
		return nil
	}
	if err != nil {
		return err
	}
	if err := a.store.Passing().Delete(r.Context(), key); err != nil {
		return err
	}
	a.setCookie(w, r, sessionCookie, "", 0)
	return Ended(r.Context(), a.store, s.Account)
}

// signedIn returns the account of the session of a request, or nil.
func (a *Accounts) signedIn(r *http.Request) (*Account, error) {
	secret := a.cookie(r, sessionCookie)
	if secret == "" {
		return nil, nil
	}
	key := sessionKey(secret)
	s, rev, err := store.GetJSON[session](r.Context(), a.store.Passing(), key)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return nil, nil
	case err != nil:
		return nil, err
	}
	now := time.Now()
	if now.Sub(s.Made) > longest || now.Sub(s.Seen) > s.idle() {
		return nil, nil
	}
	k, _, err := a.load(r.Context(), s.Account)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return nil, nil
	case err != nil:
		return nil, err
	case k.Disabled || k.Epoch != s.Epoch:
		return nil, nil
	}
	if now.Sub(s.Seen) > s.idle()/24 {
		s.Seen = now
		// When another request was faster, it has written the same; a session that was ended meanwhile does not come back.
		if err := store.PutJSON(r.Context(), a.store.Passing(), key, s, rev); err != nil && !errors.Is(err, store.ErrConflict) {
			return nil, err
		}
	}
	return &k.Account, nil
}

// ChangePassword replaces a password by another one, and ends all sessions. It says ErrWrong when the old one is not that of the
// account, and ErrPassword when the new one is none. An account that has none yet needs no old one.
func (a *Accounts) ChangePassword(ctx context.Context, id, old, password string) error {
	k, _, err := a.load(ctx, id)
	if err != nil {
		return err
	}
	if k.Password != "" {
		if wait := a.strikes.begin("account "+id, time.Now()); wait > 0 {
			return WaitError{wait}
		}
		ok, _, err := a.hasher.verify(ctx, k.Password, old)
		switch {
		case err != nil:
			return err
		case !ok:
			return ErrWrong
		}
		a.strikes.clear("account " + id)
	}
	if err := checkPassword(k.Name, password); err != nil {
		return err
	}
	hashed, err := a.hasher.hash(ctx, password)
	if err != nil {
		return err
	}
	was := k.Password
	return a.ends(ctx, id, func(k *kept) error {
		if k.Password != was {
			return ErrWrong // somebody has changed it meanwhile
		}
		k.Password = hashed
		k.Epoch++
		return nil
	})
}

// HasPassword reports whether an account can sign in by a password.
func (a *Accounts) HasPassword(ctx context.Context, id string) (bool, error) {
	k, _, err := a.load(ctx, id)
	return k.Password != "", err
}
