package web

import (
	"errors"
	"net/http"
	"strconv"
	"strings"

	"github.com/handshakelab/lab/static"
	"github.com/handshakelab/lab/web/i18n"
)

// langCookie holds the language that a reader chose.
const langCookie = "lab.lang"

// addPseudo adds the pseudo-locales, with their catalogues for the browser.
func (s *Site) addPseudo() error {
	now, later, err := static.Sources(static.Embedded())
	if err != nil {
		return err
	}
	for _, c := range i18n.Pseudo() {
		first, more := c.Modules(now, later)
		if err := errors.Join(s.cfg.Assets.Add("js/catalog."+c.Lang+".js", first), s.cfg.Assets.Add("js/more."+c.Lang+".js", more)); err != nil {
			return err
		}
		s.languages = append(s.languages, c)
	}
	return nil
}

// lookup returns the language of that name, nil when pages are not served in it.
func (s *Site) lookup(lang string) *i18n.Catalog {
	for _, c := range s.languages {
		if strings.EqualFold(c.Lang, lang) {
			return c
		}
	}
	return nil
}

// language is the one for an answer: that of the address (?lang=de), else the one chosen earlier, else the one that the browser
// likes best of those that there are.
func (s *Site) language(r *http.Request) *i18n.Catalog {
	if c := s.lookup(r.URL.Query().Get("lang")); c != nil {
		return c
	}
	if cookie, err := r.Cookie(langCookie); err == nil {
		if c := s.lookup(cookie.Value); c != nil {
			return c
		}
	}
	return s.accepted(r.Header["Accept-Language"])
}

// accepted is the language that the Accept-Language header lines like best (RFC 9110 section 12.5.4); of equals the first. A range
// that names a region, "de-AT", means its language. What cannot be read counts for nothing.
func (s *Site) accepted(lines []string) *i18n.Catalog {
	best, most := s.languages[0], 0.0
	for item := range strings.SplitSeq(strings.Join(lines, ","), ",") {
		name, params, _ := strings.Cut(item, ";")
		name = strings.TrimSpace(name)
		q := 1.0
		if key, value, found := strings.Cut(strings.TrimSpace(params), "="); found {
			v, err := strconv.ParseFloat(value, 64)
			if !strings.EqualFold(key, "q") || err != nil || !(v >= 0 && v <= 1) {
				continue
			}
			q = v
		}
		c := s.lookup(name)
		if c == nil {
			base, _, _ := strings.Cut(name, "-")
			c = s.lookup(base)
		}
		if name == "*" {
			c = s.languages[0]
		}
		if c != nil && q > most {
			best, most = c, q
		}
	}
	return best
}
