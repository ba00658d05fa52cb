package live

import (
	"errors"
	"io"
	"net/http"
)

// ServeRun answers POST api/run: the body is an open without "type" and "id", the answer the frames of the run, one a line.
// The run is not kept. It serves pages whose sockets are blocked, and programs.
func (h *Hub) ServeRun(w http.ResponseWriter, r *http.Request) error {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, MaxFrame))
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return writeFault(w, http.StatusRequestEntityTooLarge, refuse(BadJSON, "the request has more than %d bytes", MaxFrame))
	case err != nil:
		return writeFault(w, http.StatusBadRequest, refuse(BadJSON, "the request ends in the middle"))
	}
	c, fault := DecodeOpen(body)
	if fault != nil {
		return writeFault(w, http.StatusBadRequest, fault)
	}
	run, faults, fault := h.once(r.Context(), c)
	if fault != nil {
		return writeFault(w, http.StatusUnprocessableEntity, fault)
	}
	var b []byte
	frames := run.take()
	for i, f := range frames {
		if i == len(frames)-1 {
			for _, fault := range faults {
				b = append(append(b, fault.encode()...), '\n')
			}
		}
		b = append(append(b, f...), '\n')
	}
	return writeLines(w, http.StatusOK, b)
}

func writeFault(w http.ResponseWriter, status int, fault *ErrorFrame) error {
	return writeLines(w, status, append(fault.encode(), '\n'))
}

func writeLines(w http.ResponseWriter, status int, b []byte) error {
	h := w.Header()
	h.Set("Content-Type", "application/x-ndjson")
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write(b) // only the client can be the cause of an error, and it is gone then
	return nil
}
