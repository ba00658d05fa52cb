package web

import (
	"net/http"
	"strconv"

	"github.com/handshakelab/lab/web/flood"
	"github.com/handshakelab/lab/web/pages"
)

// playFlood answers GET api/flood?rate=20&backlog=16: the same flood without and with SYN cookies.
func playFlood(w http.ResponseWriter, r *http.Request) error {
	p := flood.Default
	for name, into := range map[string]*int{"rate": &p.Rate, "backlog": &p.Backlog} {
		text := r.URL.Query().Get(name)
		if text == "" {
			continue
		}
		n, err := strconv.Atoi(text)
		if err != nil {
			return &Error{Status: http.StatusBadRequest, Code: "bad_field", Message: "The " + name + " must be a whole number."}
		}
		*into = n
	}
	if why := p.Check(); why != "" {
		return &Error{Status: http.StatusBadRequest, Code: "bad_field", Message: why}
	}
	off, on, err := bothFloods(p)
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, map[string]pages.FloodView{"off": pages.NewFloodView(off), "on": pages.NewFloodView(on)})
	return nil
}

// bothFloods plays a flood without and with SYN cookies.
func bothFloods(p flood.Params) (off, on *flood.Result, err error) {
	p.Cookies = false
	if off, err = flood.Run(p); err != nil {
		return nil, nil, err
	}
	p.Cookies = true
	on, err = flood.Run(p)
	return off, on, err
}
