// Package account knows who sends a request: a learner, who has no account and is known by a random secret in a cookie, and
// an instructor, who has one and has signed in.
package account

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/handshakelab/lab/web/store"
)

// A Visitor is who sends a request.
type Visitor struct {
	Learner string   // ID of the learner; "" as long as nothing is kept of them
	Account *Account // who signed in, or nil
}

// An Account belongs to somebody who teaches.
type Account struct {
	ID       string    `json:"id"`
	Name     string    `json:"name"` // with which they sign in
	Role     Role      `json:"role"`
	Disabled bool      `json:"disabled,omitempty"` // cannot sign in
	Made     time.Time `json:"made"`
}

// Role says what an account may do.
type Role string

// The roles.
const (
	Instructor Role = "instructor" // opens classes and sees their own
	Admin      Role = "admin"      // also invites others and sees all classes
)

// Includes reports whether an account of this role may do what one of the other role may.
func (r Role) Includes(other Role) bool {
	return r == other && other != "" || r == Admin && other == Instructor
}

// Errors for those who fill in a form. Other errors are of the store.
var (
	ErrName     = errors.New("account: no name to sign in with")
	ErrTaken    = errors.New("account: somebody else has that name")
	ErrPassword = errors.New("account: no password that would keep others out")
	ErrWrong    = errors.New("account: name and password do not belong together")
	ErrLink     = errors.New("account: the link was used, is too old or never was one")
	ErrBusy     = errors.New("account: too many sign in at once")
	ErrSelf     = errors.New("account: nobody takes their own rights away")
)

// kept is an account as it stands in the store.
type kept struct {
	Account
	Password string `json:"password,omitempty"` // its hash; "" when there is none to sign in with
	Epoch    int    `json:"epoch,omitempty"`    // sessions that began in an earlier one are over
}

// Accounts are all accounts and learners of a lab.
type Accounts struct {
	store   store.Store
	path    string // of cookies
	hasher  *hasher
	strikes strikes
}

// New returns the accounts that are kept in s. The base path is that of the site.
func New(s store.Store, base string) *Accounts {
	return &Accounts{store: s, path: base, hasher: newHasher()}
}

type visitorKey struct{}

// With returns a request whose visitor is known: Visitor need not ask again.
func With(r *http.Request, v Visitor) *http.Request {
	return r.WithContext(context.WithValue(r.Context(), visitorKey{}, v))
}

// Of returns the ID of the account that With has given a request, or "".
func Of(r *http.Request) string {
	if v, ok := r.Context().Value(visitorKey{}).(Visitor); ok && v.Account != nil {
		return v.Account.ID
	}
	return ""
}

// Visitor says who sends a request. A cookie that means nothing (any more) is as good as none; an error is one of the store.
func (a *Accounts) Visitor(r *http.Request) (Visitor, error) {
	if v, ok := r.Context().Value(visitorKey{}).(Visitor); ok {
		return v, nil
	}
	var v Visitor
	var err error
	if v.Account, err = a.signedIn(r); err != nil {
		return v, err
	}
	secret := a.cookie(r, learnerCookie)
	if secret == "" {
		return v, nil
	}
	rec, err := a.store.Records().Get(r.Context(), learnerKey(secret))
	switch {
	case errors.Is(err, store.ErrNotFound):
		return v, nil
	case err != nil:
		return v, err
	}
	v.Learner = string(rec.Value)
	return v, nil
}

// Enroll returns the learner who sends a request, and makes one whose cookie goes into w if there is none.
func (a *Accounts) Enroll(w http.ResponseWriter, r *http.Request) (learner string, err error) {
	v, err := a.Visitor(r)
	if err != nil || v.Learner != "" {
		return v.Learner, err
	}
	learner = NewID()
	return learner, a.remember(r.Context(), w, r, learner)
}

// OfSubject returns the account of somebody who teaches, as an issuer that is trusted knows them. It is made for the first time, with the
// first of the names that somebody can have here.
func (a *Accounts) OfSubject(ctx context.Context, issuer, subject string, names []string) (Account, error) {
	return a.ofSubject(ctx, issuer, subject, append(names, "Instructor"))
}

// EnterLearner makes the browser that sends a request that of a learner whom an issuer knows, and who is made for the first time. What
// another learner did in this browser stays theirs.
func (a *Accounts) EnterLearner(w http.ResponseWriter, r *http.Request, issuer, subject string) (learner string, err error) {
	if learner, err = a.learnerOf(r.Context(), store.Hash(issuer+"\n"+subject)); err != nil {
		return "", err
	}
	if v, err := a.Visitor(r); err != nil || v.Learner == learner {
		return learner, err
	}
	return learner, a.remember(r.Context(), w, r, learner)
}

// IsSubject reports whether an issuer knows a learner.
func (a *Accounts) IsSubject(ctx context.Context, learner string) (bool, error) {
	_, err := a.store.Records().Get(ctx, store.Key("subject-of", learner))
	if errors.Is(err, store.ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}

// learnerOf returns the learner whom an issuer knows.
func (a *Accounts) learnerOf(ctx context.Context, subject string) (learner string, err error) {
	key, records := store.Key("learner-subject", subject), a.store.Records()
	for {
		rec, err := records.Get(ctx, key)
		if !errors.Is(err, store.ErrNotFound) {
			return string(rec.Value), err
		}
		learner := NewID()
		// What leads from the learner to the subject comes first, so that a learner who is forgotten is forgotten by the issuer's name too.
		if _, err := records.Put(ctx, store.Key("subject-of", learner), []byte(subject), 0); err != nil {
			return "", err
		}
		_, err = records.Put(ctx, key, []byte(learner), 0)
		if err == nil {
			return learner, nil
		}
		if e := records.Delete(ctx, store.Key("subject-of", learner)); e != nil || !errors.Is(err, store.ErrConflict) {
			return "", errors.Join(e, err)
		}
	}
}

// All returns all accounts, by name.
func (a *Accounts) All(ctx context.Context) ([]Account, error) {
	recs, err := a.store.Records().List(ctx, "account")
	if err != nil {
		return nil, err
	}
	list := make([]Account, 0, len(recs))
	for _, rec := range recs {
		var k kept
		if err := json.Unmarshal(rec.Value, &k); err != nil {
			return nil, err
		}
		list = append(list, k.Account)
	}
	slices.SortFunc(list, func(x, y Account) int { return strings.Compare(fold(x.Name), fold(y.Name)) })
	return list, nil
}

// Get returns an account, or store.ErrNotFound.
func (a *Accounts) Get(ctx context.Context, id string) (Account, error) {
	k, _, err := a.load(ctx, id)
	return k.Account, err
}

// SetRole changes what an account may do. Nobody changes their own.
func (a *Accounts) SetRole(ctx context.Context, by, id string, role Role) error {
	if by == id {
		return ErrSelf
	}
	return a.ends(ctx, id, func(k *kept) error { k.Role = role; return nil })
}

// SetDisabled lets an account sign in no more, and ends its sessions; or lets it again.
func (a *Accounts) SetDisabled(ctx context.Context, by, id string, disabled bool) error {
	if by == id {
		return ErrSelf
	}
	return a.ends(ctx, id, func(k *kept) error {
		k.Disabled = disabled
		k.Epoch++
		return nil
	})
}

// SignOutEverywhere ends all sessions of an account.
func (a *Accounts) SignOutEverywhere(ctx context.Context, id string) error {
	return a.ends(ctx, id, func(k *kept) error { k.Epoch++; return nil })
}

// ends is change, after which sessions may be over.
func (a *Accounts) ends(ctx context.Context, id string, how func(*kept) error) error {
	if err := a.change(ctx, id, how); err != nil {
		return err
	}
	return Ended(ctx, a.store, id)
}

func accountKey(id string) string { return store.Key("account", id) }

// load returns an account and the revision that it has.
func (a *Accounts) load(ctx context.Context, id string) (kept, uint64, error) {
	if !store.Valid(id) {
		return kept{}, 0, store.ErrNotFound
	}
	return store.GetJSON[kept](ctx, a.store.Records(), accountKey(id))
}

// change changes an account, again when somebody else was faster.
func (a *Accounts) change(ctx context.Context, id string, how func(*kept) error) error {
	if !store.Valid(id) {
		return store.ErrNotFound
	}
	return store.ChangeJSON(ctx, a.store.Records(), accountKey(id), func(k *kept, there bool) (bool, error) {
		if !there {
			return false, store.ErrNotFound
		}
		return true, how(k)
	})
}

// claimName makes a name that of an account. One that was claimed a while ago for an account that was never made is free again.
func (a *Accounts) claimName(ctx context.Context, name, id string) error {
	key := nameKey(name)
	_, err := a.store.Records().Put(ctx, key, []byte(id), 0)
	if !errors.Is(err, store.ErrConflict) {
		return err
	}
	rec, err := a.store.Records().Get(ctx, key)
	if err != nil {
		return err
	}
	if _, _, err = a.load(ctx, string(rec.Value)); !errors.Is(err, store.ErrNotFound) || time.Since(rec.Time) < time.Minute {
		if err == nil || errors.Is(err, store.ErrNotFound) {
			return ErrTaken
		}
		return err
	}
	if _, err = a.store.Records().Put(ctx, key, []byte(id), rec.Rev); errors.Is(err, store.ErrConflict) {
		return ErrTaken
	}
	return err
}

// nameKey is where the account of a name stands, however the name is written.
func nameKey(name string) string { return store.Key("account-name", store.Hash(fold(name))) }

// NewID returns 128 random bits, all but a few, as letters, digits, "-" and "_"; the first is no "-".
func NewID() string {
	for {
		var b [16]byte
		_, _ = rand.Read(b[:])
		// A command line takes a hyphen in front for a flag, a spreadsheet for a formula.
		if id := base64.RawURLEncoding.EncodeToString(b[:]); id[0] != '-' {
			return id
		}
	}
}
