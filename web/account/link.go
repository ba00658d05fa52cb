package account

import (
	"context"
	"errors"
	"time"

	"github.com/handshakelab/lab/web/store"
)

// How long links last.
const (
	firstLasts  = 24 * time.Hour
	inviteLasts = 7 * 24 * time.Hour
)

// A Link is what somebody is given to make their account or a new password, once.
type Link struct {
	Role    Role      `json:"role,omitempty"`
	Account string    `json:"account,omitempty"` // whose password is to be made anew; "" makes an account
	First   bool      `json:"first,omitempty"`   // good only as long as there is no account at all
	Ends    time.Time `json:"ends"`
	Used    bool      `json:"used,omitempty"`
}

func linkKey(token string) string { return store.Key("setup", store.Hash(token)) }

func (a *Accounts) link(ctx context.Context, l Link, lasts time.Duration) (token string, err error) {
	token = NewID()
	l.Ends = time.Now().Add(lasts)
	return token, store.PutJSON(ctx, a.store.Passing(), linkKey(token), l, 0)
}

// First returns the token of a link that makes the first account, an admin; "" when there is an account.
func (a *Accounts) First(ctx context.Context) (token string, err error) {
	if any, err := a.any(ctx); any || err != nil {
		return "", err
	}
	return a.link(ctx, Link{Role: Admin, First: true}, firstLasts)
}

// Invite returns the token of a link that makes an account.
func (a *Accounts) Invite(ctx context.Context, role Role) (token string, err error) {
	return a.link(ctx, Link{Role: role}, inviteLasts)
}

// Recover returns the token of a link that makes an account's password anew.
func (a *Accounts) Recover(ctx context.Context, id string) (token string, err error) {
	if _, _, err := a.load(ctx, id); err != nil {
		return "", err
	}
	return a.link(ctx, Link{Account: id}, firstLasts)
}

// Find returns the account with a name, or store.ErrNotFound.
func (a *Accounts) Find(ctx context.Context, name string) (Account, error) {
	rec, err := a.store.Records().Get(ctx, nameKey(name))
	if err != nil {
		return Account{}, err
	}
	return a.Get(ctx, string(rec.Value))
}

// any reports whether there is an account.
func (a *Accounts) any(ctx context.Context) (bool, error) {
	recs, err := a.store.Records().List(ctx, "account")
	return len(recs) > 0, err
}

// Link returns what a token is good for, or ErrLink.
func (a *Accounts) Link(ctx context.Context, token string) (Link, error) {
	l, _, err := a.findLink(ctx, token)
	return l, err
}

func (a *Accounts) findLink(ctx context.Context, token string) (l Link, rev uint64, err error) {
	l, rev, err = store.GetJSON[Link](ctx, a.store.Passing(), linkKey(token))
	switch {
	case errors.Is(err, store.ErrNotFound):
		return l, 0, ErrLink
	case err != nil:
		return l, 0, err
	}
	if l.Used || time.Now().After(l.Ends) {
		return l, 0, ErrLink
	}
	if l.First {
		any, err := a.any(ctx)
		if err != nil {
			return l, 0, err
		}
		if any {
			return l, 0, ErrLink
		}
	}
	return l, rev, nil
}

// Redeem uses a link: it makes the account, or the new password, for which no name is needed. The errors are ErrLink, ErrName,
// ErrTaken, ErrPassword and ErrBusy; after all but the first the link is as good as before.
func (a *Accounts) Redeem(ctx context.Context, token, name, password string) (Account, error) {
	l, rev, err := a.findLink(ctx, token)
	if err != nil {
		return Account{}, err
	}
	if l.Account != "" {
		return a.renew(ctx, token, l, rev, password)
	}
	if name, err = checkName(name); err != nil {
		return Account{}, err
	}
	if err := checkPassword(name, password); err != nil {
		return Account{}, err
	}
	k := kept{Account: Account{ID: NewID(), Name: name, Role: l.Role, Made: time.Now().UTC()}}
	if k.Password, err = a.hasher.hash(ctx, password); err != nil {
		return Account{}, err
	}
	if err := a.claimName(ctx, name, k.ID); err != nil {
		return Account{}, err
	}
	if err := a.use(ctx, token, l, rev); err != nil {
		_ = a.store.Records().Delete(ctx, nameKey(name))
		return Account{}, err
	}
	return k.Account, store.PutJSON(ctx, a.store.Records(), accountKey(k.ID), k, 0)
}

// renew gives an account the password that its link was for, and ends its sessions.
func (a *Accounts) renew(ctx context.Context, token string, l Link, rev uint64, password string) (Account, error) {
	k, _, err := a.load(ctx, l.Account)
	if errors.Is(err, store.ErrNotFound) || err == nil && k.Disabled {
		return Account{}, ErrLink
	}
	if err != nil {
		return Account{}, err
	}
	if err := checkPassword(k.Name, password); err != nil {
		return Account{}, err
	}
	hashed, err := a.hasher.hash(ctx, password)
	if err != nil {
		return Account{}, err
	}
	if err := a.use(ctx, token, l, rev); err != nil {
		return Account{}, err
	}
	a.strikes.clear(fold(k.Name))
	return k.Account, a.ends(ctx, l.Account, func(k *kept) error {
		k.Password = hashed
		k.Epoch++
		return nil
	})
}

// use marks a link as used. Of two who try at once one gets ErrLink.
func (a *Accounts) use(ctx context.Context, token string, l Link, rev uint64) error {
	l.Used = true
	err := store.PutJSON(ctx, a.store.Passing(), linkKey(token), l, rev)
	if errors.Is(err, store.ErrConflict) {
		return ErrLink
	}
	return err
}
