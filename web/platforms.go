package web

import (
	"cmp"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/go-chi/chi/v5"

	"github.com/handshakelab/lab/web/account"
	"github.com/handshakelab/lab/web/i18n"
	"github.com/handshakelab/lab/web/lti"
	"github.com/handshakelab/lab/web/pages"
)

func (s *Site) routesOfPlatforms(r routes) {
	r.get("/platforms", s.require(account.Admin, s.platformsPage))
	r.post("/platforms", s.require(account.Admin, s.putPlatform))
	r.post("/platforms/{id}/{do}", s.require(account.Admin, s.changePlatform))
}

func (s *Site) platformsPage(w http.ResponseWriter, r *http.Request) error {
	data := pages.PlatformsData{Done: doneText(s.language(r), r.URL.Query().Get("done"), "platform", "platform-removed", "platform-again")}
	return s.showPlatforms(w, r, http.StatusOK, data, "", pages.PlatformForm{})
}

// showPlatforms shows the list, with a form as it was typed: of the platform with an ID, or with "" of a new one.
func (s *Site) showPlatforms(w http.ResponseWriter, r *http.Request, status int, data pages.PlatformsData, id string, typed pages.PlatformForm) error {
	words := s.language(r)
	data.Page = s.at(words, pages.Elsewhere, words.T("account.platforms"))
	data.Insecure = !account.Secure(r)
	for _, own := range [][2]string{{"login", "lti/login"}, {"launch", "lti/launch"}, {"redirect", "lti/launch"}, {"deep", "lti/launch"}, {"keys", "lti/keys"}} {
		data.Own = append(data.Own, pages.OwnAddress{Key: own[0], Address: s.absolute(r, own[1])})
	}
	added, err := s.lti.Added(r.Context())
	if err != nil {
		return err
	}
	late := map[string][]*lti.Trouble{}
	for _, x := range s.lti.Troubles() {
		p := lti.Platform{Issuer: x.Line.Issuer, ClientID: x.Line.Client}
		late[p.ID()] = append(late[p.ID()], x)
	}
	row := func(p *lti.Platform, fixed bool) {
		it := pages.PlatformRow{ID: p.ID(), Fixed: fixed, Form: pages.PlatformForm{
			Issuer: p.Issuer, Client: p.ClientID, Auth: p.AuthURL, Token: p.TokenURL, Keys: p.KeysURL,
			Deployments: strings.Join(p.Deployments, "\n"), Frames: strings.Join(p.Frames, "\n"),
		}}
		for _, x := range late[it.ID] {
			it.Late++
			it.Since = cmp.Or(it.Since, x.Since.UTC().Format("2006-01-02 15:04 MST"))
			it.Fault = x.Fault
			if x.Over {
				it.Over++
			}
		}
		if id == it.ID {
			it.Form = typed
		}
		data.Platforms = append(data.Platforms, it)
	}
	fixed := s.lti.Fixed()
	for i := range fixed {
		row(&fixed[i], true)
	}
	for i := range added {
		row(&added[i], false)
	}
	if id == "" {
		data.New = typed
	}
	return s.show(w, r, status, pages.Platforms(data))
}

// putPlatform registers a platform, or changes one.
func (s *Site) putPlatform(w http.ResponseWriter, r *http.Request) error {
	in, err := form(r)
	if err != nil {
		return err
	}
	p, typed := platformOf(in)
	err = s.lti.Put(r.Context(), p)
	if wrong, ok := errors.AsType[*lti.FieldError](err); ok {
		typed.Field, typed.Fault = wrong.Field, platformFault(s.language(r), wrong.Field)
		return s.showPlatforms(w, r, http.StatusUnprocessableEntity, pages.PlatformsData{}, in.Get("change"), typed)
	}
	if errors.Is(err, lti.ErrFixed) {
		return errFixedPlatform
	}
	if err != nil {
		return err
	}
	s.logAdmin(r, "a learning platform was registered", "platform", p.Issuer)
	s.seeOther(w, r, "platforms?done=platform")
	return nil
}

var errFixedPlatform = &Error{Status: http.StatusForbidden, Code: "fixed", Message: "This platform is set by -lti-platforms; it is changed there."}

// platformOf reads the form of a platform.
func platformOf(in url.Values) (lti.Platform, pages.PlatformForm) {
	line := func(name string) string { return strings.TrimSpace(in.Get(name)) }
	typed := pages.PlatformForm{
		Issuer: line("issuer"), Client: line("client_id"), Auth: line("auth_url"), Token: line("token_url"), Keys: line("keys_url"),
		Deployments: in.Get("deployments"), Frames: in.Get("frames"),
	}
	p := lti.Platform{Issuer: typed.Issuer, ClientID: typed.Client, AuthURL: typed.Auth, TokenURL: typed.Token, KeysURL: typed.Keys}
	p.Deployments = linesOf(typed.Deployments)
	for _, frame := range linesOf(typed.Frames) {
		p.Frames = append(p.Frames, strings.TrimSuffix(frame, "/"))
	}
	return p, typed
}

// linesOf are the lines of a text that say something.
func linesOf(text string) (list []string) {
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line != "" {
			list = append(list, line)
		}
	}
	return list
}

// platformFault says what is wrong with a field.
func platformFault(words *i18n.Catalog, field string) string {
	name, why := "account.platforms."+strings.TrimSuffix(strings.TrimSuffix(field, "_url"), "_id"), "address"
	switch field {
	case "issuer", "client_id", "deployments":
		why = "text"
	case "frames":
		why = "frames"
	}
	return words.T("account.platforms.fault", "name", words.T(name), "why", words.T("account.platforms.fault."+why))
}

func (s *Site) changePlatform(w http.ResponseWriter, r *http.Request) error {
	id, done := chi.URLParam(r, "id"), ""
	var err error
	switch chi.URLParam(r, "do") {
	case "remove":
		done, err = "platform-removed", s.lti.Remove(r.Context(), id)
	case "again":
		done, err = "platform-again", s.lti.TryAgain(r.Context(), id)
	default:
		return errNotFound
	}
	if errors.Is(err, lti.ErrFixed) {
		return errFixedPlatform
	}
	if err != nil {
		return err
	}
	s.logAdmin(r, "a learning platform was changed", "do", done)
	s.seeOther(w, r, "platforms?done="+done)
	return nil
}
