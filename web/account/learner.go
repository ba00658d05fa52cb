package account

import (
	"context"
	"crypto/rand"
	"errors"
	"math/big"
	"net/http"
	"strings"
	"time"

	"github.com/handshakelab/lab/web/store"
)

// keptCookie tells the scripts of a page that something is kept of its reader: they cannot see the secret itself.
const keptCookie = "lab_kept"

// remembered is how long a browser keeps the secret of a learner.
const remembered = 400 * 24 * time.Hour

// remember gives a browser a secret of its own for a learner.
func (a *Accounts) remember(ctx context.Context, w http.ResponseWriter, r *http.Request, learner string) error {
	secret := NewID()
	// What leads from the learner to the secret comes first, so that a learner who is forgotten is forgotten in all browsers.
	if _, err := a.store.Records().Put(ctx, store.Key("learner-keys", learner, store.Hash(secret)), nil, 0); err != nil {
		return err
	}
	if _, err := a.store.Records().Put(ctx, learnerKey(secret), []byte(learner), 0); err != nil {
		return err
	}
	a.setCookie(w, r, learnerCookie, secret, remembered)
	a.setKept(w, r, int(remembered.Seconds()))
	return nil
}

func (a *Accounts) setKept(w http.ResponseWriter, r *http.Request, maxAge int) {
	SetCookie(w, r, &http.Cookie{Name: keptCookie, Value: "1", Path: a.path, MaxAge: maxAge, SameSite: http.SameSiteLaxMode})
}

// learnerKey is where the learner with a secret stands. The secret itself is not kept.
func learnerKey(secret string) string { return store.Key("learner-key", store.Hash(secret)) }

// Adopt makes the browser that sends a request one of a learner.
func (a *Accounts) Adopt(w http.ResponseWriter, r *http.Request, learner string) error {
	old := a.cookie(r, learnerCookie)
	if err := a.remember(r.Context(), w, r, learner); err != nil || old == "" {
		return err
	}
	return a.store.Records().Delete(r.Context(), learnerKey(old))
}

// Leave makes the browser that sends a request forget its learner. Its secret leads nowhere then.
func (a *Accounts) Leave(w http.ResponseWriter, r *http.Request) error {
	a.setKept(w, r, -1)
	secret := a.cookie(r, learnerCookie)
	if secret == "" {
		return nil
	}
	a.setCookie(w, r, learnerCookie, "", 0)
	rec, err := a.store.Records().Get(r.Context(), learnerKey(secret))
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	learner := string(rec.Value)
	// When they were there last is known by their secrets, or by this.
	if err := a.Seen(r.Context(), learner, time.Now()); err != nil {
		return err
	}
	if err := a.forgetSecret(r.Context(), learner, secret); err != nil {
		return err
	}
	return Ended(r.Context(), a.store, learner)
}

// forgetSecret removes a secret of a learner. What leads from the learner to it goes last.
func (a *Accounts) forgetSecret(ctx context.Context, learner, secret string) error {
	if err := a.store.Records().Delete(ctx, learnerKey(secret)); err != nil {
		return err
	}
	return a.store.Records().Delete(ctx, store.Key("learner-keys", learner, store.Hash(secret)))
}

// A Learner is what is known of one beside what they do.
type Learner struct {
	Made time.Time `json:"made"`
	Seen time.Time `json:"seen"` // to the day
}

// Seen notes that a learner is there. It writes once a day.
func (a *Accounts) Seen(ctx context.Context, learner string, now time.Time) error {
	now = now.UTC().Truncate(24 * time.Hour)
	return store.ChangeJSON(ctx, a.store.Records(), store.Key("learner", learner), func(l *Learner, there bool) (bool, error) {
		if !there {
			l.Made = now
		}
		newer := now.After(l.Seen)
		l.Seen = now
		return newer, nil
	})
}

// ForgetLearner removes all that leads to a learner: in all browsers they are nobody then. It reports how many records that were.
func (a *Accounts) ForgetLearner(ctx context.Context, learner string) (n int, err error) {
	records := a.store.Records()
	remove := func(key string) {
		if _, e := records.Get(ctx, key); errors.Is(e, store.ErrNotFound) {
			return
		}
		if e := records.Delete(ctx, key); e != nil {
			err = errors.Join(err, e)
			return
		}
		n++
	}
	prefix := store.Key("learner-keys", learner)
	keys, err := records.List(ctx, prefix)
	if err != nil {
		return n, err
	}
	for _, k := range keys {
		remove(store.Key("learner-key", k.Key[len(prefix)+1:]))
		remove(k.Key)
	}
	old, e := records.Get(ctx, store.Key("recovery-of", learner))
	if e == nil {
		remove(store.Key("recovery", string(old.Value)))
		remove(old.Key)
	} else if !errors.Is(e, store.ErrNotFound) {
		err = errors.Join(err, e)
	}
	subject, e := records.Get(ctx, store.Key("subject-of", learner))
	if e == nil {
		remove(store.Key("learner-subject", string(subject.Value)))
		remove(subject.Key)
	} else if !errors.Is(e, store.ErrNotFound) {
		err = errors.Join(err, e)
	}
	remove(store.Key("learner", learner))
	return n, err
}

// Recovery codes are written by hand and read aloud: no letter or digit of them looks like another one. There are 25^20 of them, which is
// more than 92 bits.
const (
	recoveryLetters = "ACDEFGHJKMNPQRTVWXY346789"
	recoveryLength  = 20
	recoveryGroup   = 4
)

// NewRecoveryCode makes a code that leads to a learner from any browser. The one they had before leads nowhere then. The code itself is not
// kept.
func (a *Accounts) NewRecoveryCode(ctx context.Context, learner string) (string, error) {
	var b strings.Builder
	for i := range recoveryLength {
		if i > 0 && i%recoveryGroup == 0 {
			b.WriteByte('-')
		}
		n, err := rand.Int(rand.Reader, big.NewInt(int64(len(recoveryLetters))))
		if err != nil {
			return "", err
		}
		b.WriteByte(recoveryLetters[n.Int64()])
	}
	code := b.String()
	records, of := a.store.Records(), store.Key("recovery-of", learner)
	hashed := store.Hash(bare(code))
	if _, err := records.Put(ctx, store.Key("recovery", hashed), []byte(learner), 0); err != nil {
		return "", err
	}
	old := ""
	err := store.Change(ctx, records, of, func(rec store.Record) ([]byte, error) {
		old = string(rec.Value)
		return []byte(hashed), nil
	})
	switch {
	case err != nil:
		return "", err
	case old != "":
		return code, records.Delete(ctx, store.Key("recovery", old))
	}
	return code, nil
}

// HasRecoveryCode reports whether a code leads to a learner.
func (a *Accounts) HasRecoveryCode(ctx context.Context, learner string) (bool, error) {
	_, err := a.store.Records().Get(ctx, store.Key("recovery-of", learner))
	if errors.Is(err, store.ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}

// ErrCode is a recovery code that leads to nobody.
var ErrCode = errors.New("account: no learner has this code")

// ByRecoveryCode returns the learner to whom a code leads. How it is divided, and upper and lower case, do not matter.
func (a *Accounts) ByRecoveryCode(ctx context.Context, code string) (learner string, err error) {
	if code = bare(code); len(code) != recoveryLength {
		return "", ErrCode
	}
	rec, err := a.store.Records().Get(ctx, store.Key("recovery", store.Hash(code)))
	if errors.Is(err, store.ErrNotFound) {
		return "", ErrCode
	}
	return string(rec.Value), err
}

// bare is a code without what divides it, or "" if it has something that is in no code.
func bare(code string) string {
	if len(code) > 4*recoveryLength {
		return ""
	}
	var b strings.Builder
	for _, c := range strings.ToUpper(code) {
		switch {
		case strings.ContainsRune(recoveryLetters, c):
			b.WriteRune(c)
		case strings.ContainsRune(" \t\r\n\u00a0\u2010\u2011\u2012\u2013\u2014-", c):
		default:
			return ""
		}
	}
	return b.String()
}
