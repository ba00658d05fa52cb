package lti

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/handshakelab/lab/web/store"
)

// A Platform is a learning platform in which the lab is registered as a tool. Issuer and ClientID are its name.
type Platform struct {
	Issuer      string   `json:"issuer"`
	ClientID    string   `json:"client_id"`
	Deployments []string `json:"deployments,omitempty"` // whose launches are taken; none: those of all
	AuthURL     string   `json:"auth_url"`
	TokenURL    string   `json:"token_url"`
	KeysURL     string   `json:"keys_url"`
	Frames      []string `json:"frames,omitempty"` // origins of its pages that show the lab in a frame; none: that of AuthURL
}

// A FieldError says what is wrong with a registration.
type FieldError struct {
	Field string // as in JSON
	Why   string
}

// Error says what is wrong with which field.
func (e *FieldError) Error() string { return e.Field + ": " + e.Why }

// maxField is the longest text of a registration, in bytes.
const maxField = 1000

// Check says what is wrong with a registration, as a *FieldError.
func (p *Platform) Check() error {
	names := [][2]string{{"issuer", p.Issuer}, {"client_id", p.ClientID}}
	addresses := [][2]string{{"auth_url", p.AuthURL}, {"token_url", p.TokenURL}, {"keys_url", p.KeysURL}}
	for _, f := range slices.Concat(names, addresses) {
		if f[1] == "" || len(f[1]) > maxField {
			return &FieldError{f[0], fmt.Sprintf("it has 1 to %d bytes", maxField)}
		}
	}
	for _, f := range addresses {
		if origin(f[1]) == "" {
			return &FieldError{f[0], "this is no address; write it like https://moodle.example/mod/lti/auth.php"}
		}
	}
	for _, frame := range p.Frames {
		if len(frame) > maxField || origin(frame) == "" || origin(frame) != frame {
			return &FieldError{"frames", fmt.Sprintf("%q is no origin; write it like https://moodle.example", clip(frame))}
		}
	}
	if len(strings.Join(p.Deployments, "")+strings.Join(p.Frames, "")) > 4*maxField {
		return &FieldError{"deployments", "these are too many"}
	}
	return nil
}

// Ancestors are the origins whose pages may show the lab in a frame.
func (p *Platform) Ancestors() []string {
	if len(p.Frames) > 0 {
		return p.Frames
	}
	return []string{origin(p.AuthURL)}
}

// origin is that of an address, or "".
func origin(address string) string {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || strings.ContainsAny(u.Host, " ;,'\"") {
		return ""
	}
	return u.Scheme + "://" + u.Host
}

// ID names a platform in addresses and in the store.
func (p *Platform) ID() string { return store.Hash(p.Issuer + "\n" + p.ClientID) }

func platformKey(id string) string { return store.Key("lti-platform", id) }

// ErrFixed says that a platform is there by configuration, where alone it can be changed.
var ErrFixed = errors.New("lti: the platform is there by configuration")

// Fixed are the platforms that are there by configuration.
func (t *Tool) Fixed() []Platform { return t.fixed }

// Added returns the platforms that Put has registered, by issuer.
func (t *Tool) Added(ctx context.Context) ([]Platform, error) {
	recs, err := t.store.Records().List(ctx, "lti-platform")
	if err != nil {
		return nil, err
	}
	list := make([]Platform, len(recs))
	for i, rec := range recs {
		if err := json.Unmarshal(rec.Value, &list[i]); err != nil {
			return nil, fmt.Errorf("lti: the record %s: %w", rec.Key, err)
		}
	}
	slices.SortFunc(list, func(a, b Platform) int { return strings.Compare(a.Issuer+"\n"+a.ClientID, b.Issuer+"\n"+b.ClientID) })
	return list, nil
}

// Put registers a platform, or changes the one with the same issuer and client. The error may be that of Check, or ErrFixed.
func (t *Tool) Put(ctx context.Context, p Platform) error {
	if err := p.Check(); err != nil {
		return err
	}
	if t.isFixed(p.ID()) {
		return ErrFixed
	}
	err := store.ChangeJSON(ctx, t.store.Records(), platformKey(p.ID()), func(was *Platform, _ bool) (bool, error) {
		*was = p
		return true, nil
	})
	return errors.Join(err, t.lookAround(ctx))
}

// Remove ends the registration of a platform: it launches nobody any more, and no scores are sent there. The error may be ErrFixed.
func (t *Tool) Remove(ctx context.Context, id string) error {
	switch {
	case t.isFixed(id):
		return ErrFixed
	case !store.Valid(id):
		return nil
	}
	return errors.Join(t.store.Records().Delete(ctx, platformKey(id)), t.lookAround(ctx))
}

func (t *Tool) isFixed(id string) bool {
	return slices.ContainsFunc(t.fixed, func(p Platform) bool { return p.ID() == id })
}

// platform returns a platform by its names, or nil; the client may be left out where there is one of the issuer only.
func (t *Tool) platform(ctx context.Context, issuer, client string) (*Platform, error) {
	if client != "" {
		id := (&Platform{Issuer: issuer, ClientID: client}).ID()
		if i := slices.IndexFunc(t.fixed, func(p Platform) bool { return p.ID() == id }); i >= 0 {
			return &t.fixed[i], nil
		}
		p, _, err := store.GetJSON[*Platform](ctx, t.store.Records(), platformKey(id))
		if errors.Is(err, store.ErrNotFound) {
			return nil, nil
		}
		return p, err
	}
	list, err := t.Added(ctx)
	if err != nil {
		return nil, err
	}
	list = slices.DeleteFunc(append(list, t.fixed...), func(p Platform) bool { return p.Issuer != issuer })
	if len(list) != 1 {
		return nil, nil
	}
	return &list[0], nil
}

// Ancestors are the origins of all platforms whose pages may show the lab in a frame, as this node knows them and as a content security
// policy lists them; "" is none. It never waits.
func (t *Tool) Ancestors() string { return *t.ancestors.Load() }

// see makes the platforms those that this node knows.
func (t *Tool) see(list []Platform) {
	var frames []string
	for i := range list {
		frames = append(frames, list[i].Ancestors()...)
	}
	slices.Sort(frames)
	t.ancestors.Store(new(strings.Join(slices.Compact(frames), " ")))
}

// lookAround finds out which platforms there are.
func (t *Tool) lookAround(ctx context.Context) error {
	list, err := t.Added(ctx)
	if err == nil {
		t.see(append(slices.Clone(t.fixed), list...))
	}
	return err
}

// clip is a text of somebody else's, short enough for a log.
func clip(text string) string { return text[:min(len(text), 200)] }
