package web

import (
	"net/http"

	"github.com/handshakelab/lab/engine/diag"
	"github.com/handshakelab/lab/engine/script"
)

// faults answers POST api/faults: all that is wrong with the text of a scenario, which is not run. Somebody is writing it.
func faults(w http.ResponseWriter, r *http.Request) error {
	var ask struct {
		Scenario string `json:"scenario"`
	}
	if err := readJSON(r, &ask); err != nil {
		return err
	}
	_, list := script.Parse(ask.Scenario)
	if list == nil {
		list = diag.List{} // an empty list, and not null
	}
	writeJSON(w, http.StatusOK, map[string]diag.List{"faults": list})
	return nil
}
