package account

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"runtime"
	"strings"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"
	"golang.org/x/text/secure/precis"
)

// What a password and a name may be, in characters.
const (
	MinPassword = 12
	MaxPassword = 200
	MaxName     = 60
)

// cost is what a hash costs: memory in KiB, passes over it, threads.
type cost struct {
	memory, time uint32
	threads      uint8
}

// today is the cost of new hashes. Older ones are made anew when their password is seen next.
var today = cost{memory: 19 << 10, time: 2, threads: 1}

// A hasher hashes passwords by argon2id, few at once, because each takes memory.
type hasher struct {
	turns chan struct{} // those that are made now
	queue chan struct{} // those that are made or wait
	decoy string        // hash of no password, for names that nobody has
}

// maxQueue is how many hashes are made or wait. The last one waits about a second on a small machine.
const maxQueue = 64

func newHasher() *hasher {
	salt := make([]byte, 16)
	_, _ = rand.Read(salt)
	return &hasher{
		turns: make(chan struct{}, runtime.GOMAXPROCS(0)), queue: make(chan struct{}, maxQueue),
		decoy: encode(today, salt, make([]byte, 32)),
	}
}

// enter waits for a turn, or says ErrBusy when too many wait already. Whoever is through calls leave.
func (h *hasher) enter(ctx context.Context) (leave func(), err error) {
	select {
	case h.queue <- struct{}{}:
	default:
		return nil, ErrBusy
	}
	select {
	case h.turns <- struct{}{}:
		return func() { <-h.turns; <-h.queue }, nil
	case <-ctx.Done():
		<-h.queue
		return nil, ctx.Err()
	}
}

// hash hashes a password that checkPassword has let through.
func (h *hasher) hash(ctx context.Context, password string) (string, error) {
	leave, err := h.enter(ctx)
	if err != nil {
		return "", err
	}
	defer leave()
	salt := make([]byte, 16)
	_, _ = rand.Read(salt)
	return encode(today, salt, derive(today, password, salt, 32)), nil
}

// verify reports whether a hash is one of the password, and whether it should be made anew. An empty hash is that of no password,
// and costs the same.
func (h *hasher) verify(ctx context.Context, hashed, password string) (ok, stale bool, err error) {
	if hashed == "" {
		hashed = h.decoy
	}
	c, salt, sum, err := decode(hashed)
	if err != nil {
		return false, false, err
	}
	leave, err := h.enter(ctx)
	if err != nil {
		return false, false, err
	}
	defer leave()
	ok = subtle.ConstantTimeCompare(derive(c, password, salt, uint32(len(sum))), sum) == 1
	return ok, c != today, nil
}

func derive(c cost, password string, salt []byte, size uint32) []byte {
	return argon2.IDKey([]byte(prepared(password)), salt, c.time, c.memory, c.threads, size)
}

// prepared is a password as it is hashed: the same however a keyboard composes its letters (RFC 8265). What that does not allow is
// taken as it is; it is no password of anybody's, but hashed all the same.
func prepared(password string) string {
	if p, err := precis.OpaqueString.String(password); err == nil {
		return p
	}
	return password
}

// encode writes a hash as the reference implementation of argon2 does.
func encode(c cost, salt, sum []byte) string {
	b64 := base64.RawStdEncoding
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, c.memory, c.time, c.threads, b64.EncodeToString(salt), b64.EncodeToString(sum))
}

func decode(hashed string) (c cost, salt, sum []byte, err error) {
	bad := func() (cost, []byte, []byte, error) {
		return cost{}, nil, nil, fmt.Errorf("account: a password has a hash that cannot be read")
	}
	parts := strings.Split(hashed, "$")
	var version int
	if len(parts) != 6 || parts[0] != "" || parts[1] != "argon2id" {
		return bad()
	}
	if _, err := fmt.Sscanf(parts[2], "v=%d", &version); err != nil || version != argon2.Version {
		return bad()
	}
	if _, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &c.memory, &c.time, &c.threads); err != nil || c.time < 1 || c.threads < 1 || c.memory > 1<<20 {
		return bad()
	}
	if salt, err = base64.RawStdEncoding.DecodeString(parts[4]); err != nil {
		return bad()
	}
	if sum, err = base64.RawStdEncoding.DecodeString(parts[5]); err != nil || len(sum) < 16 {
		return bad()
	}
	return c, salt, sum, nil
}

// checkPassword says ErrPassword to one that is too short, has nearly no different characters or is the name.
func checkPassword(name, password string) error {
	p, err := precis.OpaqueString.String(password)
	if n := utf8.RuneCountInString(p); err != nil || n < MinPassword || n > MaxPassword {
		return ErrPassword
	}
	different := map[rune]bool{}
	for _, c := range p {
		different[c] = true
	}
	if len(different) < 5 || fold(p) == fold(name) {
		return ErrPassword
	}
	return nil
}

// checkName returns a name without what does not belong into one, or ErrName.
func checkName(name string) (string, error) {
	clean, err := precis.Nickname.String(name)
	if n := utf8.RuneCountInString(clean); err != nil || n < 1 || n > MaxName {
		return "", ErrName
	}
	return clean, nil
}

// fold makes one of all ways to write a name (RFC 8266).
func fold(name string) string {
	if key, err := precis.Nickname.CompareKey(name); err == nil {
		return key
	}
	return strings.ToLower(name)
}
