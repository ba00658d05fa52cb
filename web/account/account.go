// Package account knows who sends a request: a learner, who has no account and is known by a random secret in a cookie, and
// an instructor, who has one.
package account

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"net/http"

	"github.com/handshakelab/lab/web/store"
)

// A Visitor is who sends a request.
type Visitor struct {
	Learner string   // ID of the learner; "" as long as nothing is kept of them
	Account *Account // who signed in, or nil
}

// An Account belongs to somebody who teaches.
type Account struct {
	ID   string `json:"id"`
	Name string `json:"name"` // with which they sign in
	Role Role   `json:"role"`
}

// Role says what an account may do.
type Role string

// The roles.
const (
	Instructor Role = "instructor" // opens classes and sees their own
	Admin      Role = "admin"      // also invites others and sees all classes
)

// learnerCookie holds the secret of a learner.
const learnerCookie = "lab_learner"

// Accounts are all accounts and learners of a lab.
type Accounts struct {
	store store.Store
	path  string // of cookies
}

// New returns the accounts that are kept in s. The base path is that of the site.
func New(s store.Store, base string) *Accounts { return &Accounts{store: s, path: base} }

// Visitor says who sends a request. A cookie that means nothing (any more) is as good as none; an error is one of the store.
func (a *Accounts) Visitor(r *http.Request) (Visitor, error) {
	var v Visitor
	c, err := r.Cookie(learnerCookie)
	if err != nil {
		return v, nil
	}
	rec, err := a.store.Records().Get(r.Context(), learnerKey(c.Value))
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

// remember gives a browser a secret of its own for a learner.
func (a *Accounts) remember(ctx context.Context, w http.ResponseWriter, r *http.Request, learner string) error {
	secret := NewID()
	if _, err := a.store.Records().Put(ctx, learnerKey(secret), []byte(learner), 0); err != nil {
		return err
	}
	http.SetCookie(w, &http.Cookie{
		Name: learnerCookie, Value: secret, Path: a.path, MaxAge: 400 * 24 * 60 * 60, HttpOnly: true, SameSite: http.SameSiteLaxMode,
		Secure: r.TLS != nil || r.Header.Get("X-Forwarded-Proto") == "https",
	})
	return nil
}

// learnerKey is where the learner with a secret stands. The secret itself is not kept.
func learnerKey(secret string) string { return store.Key("learner-key", hash(secret)) }

func hash(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return base64.RawURLEncoding.EncodeToString(sum[:16])
}

// NewID returns 128 random bits.
func NewID() string {
	var b [16]byte
	_, _ = rand.Read(b[:])
	return base64.RawURLEncoding.EncodeToString(b[:])
}
