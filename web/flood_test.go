package web

import (
	"encoding/json"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestFlood(t *testing.T) {
	h := builtinSite(t).Handler()
	get := func(query string) *httptest.ResponseRecorder {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest("GET", "/api/flood?"+query, nil))
		return w
	}
	w := get("rate=20&backlog=8")
	var got map[string]struct {
		Room    int               `json:"room"`
		Path    string            `json:"path"`
		Parts   map[string]string `json:"parts"`
		Outcome map[string]string `json:"outcome"`
		Client  struct{ SYNs []int64 }
	}
	if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil || w.Code != 200 {
		t.Fatal(w.Code, err)
	}
	off, on := got["off"], got["on"]
	if off.Parts != nil || off.Outcome["connected"] != "never" || on.Outcome["connected"] != "100\u00a0ms" || on.Parts["mss"] != "1460" || on.Parts["minutebits"] != "00100101" || !strings.HasPrefix(off.Path, "M0 ") || len(on.Client.SYNs) != 1 {
		t.Errorf("without %+v, with %+v", off, on)
	}
	page := ask(h, "GET", "/flood", "").Body.String()
	for name := range on.Parts {
		if name != "index" && !strings.Contains(page, `data-part="`+name+`"`) {
			t.Errorf("the page has no place for the part %s of a cookie", name)
		}
	}
	for name := range on.Outcome {
		if !strings.Contains(page, `data-off="`+name+`"`) || !strings.Contains(page, `data-on="`+name+`"`) {
			t.Errorf("the page has no place for %s", name)
		}
	}
	for _, query := range []string{"rate=0", "rate=51", "backlog=0", "backlog=65", "rate=x", "rate=1e9", "backlog=-1", "rate=99999999999999999999"} {
		if w := get(query); w.Code != 400 || !strings.Contains(w.Body.String(), "must be") {
			t.Errorf("%s: %d %s", query, w.Code, w.Body)
		}
	}
}
