package web

import (
	"encoding/xml"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"rsc.io/qr"

	"github.com/handshakelab/lab/engine"
	"github.com/handshakelab/lab/engine/diag"
	"github.com/handshakelab/lab/engine/packetdrill"
	"github.com/handshakelab/lab/engine/view"
	"github.com/handshakelab/lab/web/take"
)

// An export is what a learner takes along.
type export struct {
	Format   string   `json:"format"` // one of take.Formats, or "qr"
	Scenario string   `json:"scenario"`
	Title    string   `json:"title"`    // of a scenario that has none
	Link     string   `json:"link"`     // of qr: what the code says
	Side     string   `json:"side"`     // of packetdrill: the host under test, "client" or "server"
	At       string   `json:"at"`       // of tcpdump: where it listens, "sender", "client" or "server"
	Relative bool     `json:"relative"` // of tcpdump: sequence numbers count from the SYNs
	Blank    []string `json:"blank"`    // of worksheet: take.Fields to leave blank
}

// formatQR is the code of a link; it needs no run.
const formatQR = "qr"

// maxQR is how many bytes a QR code of the lowest level of correction holds (ISO/IEC 18004, version 40).
const maxQR = 2953

// export answers POST api/export: the body is a form or JSON, the answer the file.
func (s *Site) export(w http.ResponseWriter, r *http.Request) error {
	e, err := readExport(r)
	if err != nil {
		return err
	}
	if e.Format == formatQR {
		return writeQR(w, e.Link)
	}
	format := take.Format(e.Format)
	if !take.Known(format) {
		return badField("format", "%s or %s", strings.Join(names(take.Formats), ", "), formatQR)
	}
	options := take.Options{Catalog: s.language(r), Title: clip(e.Title), Blank: e.Blank, Relative: e.Relative, Sheets: take.Sheets(s.cfg.Assets.URL)}
	switch e.Side {
	case "", engine.Client.String():
	case engine.Server.String():
		options.Side = engine.Server
	default:
		return badField("side", "client or server")
	}
	if e.At != "" {
		at, ok := view.ParseVantage(e.At)
		if !ok {
			return badField("at", "sender, client or server")
		}
		options.At = at
	}
	for _, f := range e.Blank {
		if !slices.Contains(take.Fields, f) {
			return badField("blank", "one of %s", strings.Join(take.Fields, ", "))
		}
	}
	leave, ok := s.hub.Enter(r.Context())
	if !ok {
		return &Error{Status: http.StatusServiceUnavailable, Code: "slow_down", Message: "Too much is going on; try again in a moment.", Words: "page.fault.busy"}
	}
	defer leave()
	run, faults := take.Play(e.Scenario)
	if bad := faults.Errors(); len(bad) > 0 {
		return &Error{Status: http.StatusUnprocessableEntity, Code: bad[0].Code, Message: place(&bad[0])}
	}
	file, err := run.File(format, options)
	if why, ok := errors.AsType[*packetdrill.WriteError](err); ok {
		return &Error{Status: http.StatusUnprocessableEntity, Code: "cannot_write", Message: why.Reason}
	} else if err != nil {
		return err
	}
	how := "attachment"
	if format == take.Worksheet {
		how = "inline"
	}
	writeFile(w, file.Kind, how, file.Name, file.Data)
	return nil
}

// place is a fault with its line.
func place(d *diag.Diagnostic) string {
	if d.Line > 0 {
		return fmt.Sprintf("Line %d of the scenario: %s.", d.Line, d.Message)
	}
	return d.Message + "."
}

// readExport reads a form or a JSON object.
func readExport(r *http.Request) (*export, error) {
	e := &export{}
	kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	switch kind {
	case "application/json":
		return e, readJSON(r, e)
	case "application/x-www-form-urlencoded":
	default:
		return nil, &Error{Status: http.StatusUnsupportedMediaType, Code: "bad_type", Message: "The request must be a form (application/x-www-form-urlencoded) or JSON (application/json)."}
	}
	if err := r.ParseForm(); err != nil {
		if _, large := errors.AsType[*http.MaxBytesError](err); large {
			return nil, &Error{Status: http.StatusRequestEntityTooLarge, Code: "too_large", Message: "The request is too large."}
		}
		return nil, &Error{Status: http.StatusBadRequest, Code: "bad_form", Message: "The form cannot be read."}
	}
	return e, e.fill(r.PostForm)
}

// fill takes the fields of a form.
func (e *export) fill(form url.Values) error {
	one := map[string]*string{"format": &e.Format, "scenario": &e.Scenario, "title": &e.Title, "link": &e.Link, "side": &e.Side, "at": &e.At}
	for name, values := range form {
		switch to := one[name]; {
		case name == "blank":
			e.Blank = values
		case len(values) != 1:
			return &Error{Status: http.StatusBadRequest, Code: "bad_field", Message: "The field " + name + " must be there once."}
		case name == "relative":
			e.Relative = values[0] != "" && values[0] != "no"
		case to == nil:
			return &Error{Status: http.StatusBadRequest, Code: "unknown_field", Message: "There is no field " + clip(name) + "."}
		case name == "scenario":
			*to = strings.ReplaceAll(values[0], "\r\n", "\n") // as a form sends line ends
		default:
			*to = values[0]
		}
	}
	return nil
}

// clip shortens what somebody else wrote before it is said again.
func clip(s string) string {
	if r := []rune(s); len(r) > 80 {
		return string(r[:80]) + "…"
	}
	return s
}

func badField(name, want string, args ...any) error {
	return &Error{Status: http.StatusBadRequest, Code: "bad_field", Message: "The field " + name + " must be " + fmt.Sprintf(want, args...) + "."}
}

func names[T ~string](list []T) []string {
	var out []string
	for _, v := range list {
		out = append(out, string(v))
	}
	return out
}

// writeQR answers with the code of a link as a picture.
func writeQR(w http.ResponseWriter, link string) error {
	u, err := url.Parse(link)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" {
		return badField("link", "an address that begins with http:// or https://")
	}
	if len(link) > maxQR {
		return &Error{Status: http.StatusUnprocessableEntity, Code: "too_long",
			Message: fmt.Sprintf("The link has %d characters, and a QR code holds %d. Copy the link instead, or save the scenario as a file.", len(link), maxQR)}
	}
	// A short link bears more damage to the picture at the same size.
	level := qr.M
	if len(link) > 1000 {
		level = qr.L
	}
	code, err := qr.Encode(link, level)
	if err != nil {
		return fmt.Errorf("the QR code of a link: %w", err)
	}
	writeFile(w, "image/svg+xml", "attachment", "run-qr.svg", qrSVG(code, link))
	return nil
}

// quiet is the margin of a code that a reader needs, in modules (ISO/IEC 18004 section 9.1).
const quiet = 4

// qrSVG draws a code: a path with a stroke for each run of dark modules.
func qrSVG(code *qr.Code, text string) []byte {
	var b strings.Builder
	size := code.Size + 2*quiet
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %[1]d %[1]d" width="%[2]d" height="%[2]d" role="img"><title>`, size, max(4*size, 240))
	_ = xml.EscapeText(&b, []byte(text)) // a strings.Builder does not fail
	fmt.Fprintf(&b, `</title><rect width="%[1]d" height="%[1]d" fill="#fff"/><path fill="#000" d="`, size)
	for y := range code.Size {
		for x := 0; x < code.Size; x++ {
			n := 0
			for x+n < code.Size && code.Black(x+n, y) {
				n++
			}
			if n > 0 {
				fmt.Fprintf(&b, "M%d %dh%dv1h-%dz", x+quiet, y+quiet, n, n)
				x += n
			}
		}
	}
	b.WriteString("\"/></svg>\n")
	return []byte(b.String())
}

// writeFile answers with a file. The name is of letters, digits, hyphens and dots.
func writeFile(w http.ResponseWriter, kind, how, name string, data []byte) {
	h := w.Header()
	h.Set("Content-Type", kind)
	h.Set("Content-Disposition", how+`; filename="`+name+`"`)
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(http.StatusOK)
	_, _ = w.Write(data) // only the client can be the cause of an error, and it is gone then
}
