package web

import (
	"context"
	"crypto/rand"
	"net/http"
	"regexp"
)

// requestHeader is how a proxy numbers a request, so that its log and ours can be laid side by side.
const requestHeader = "X-Request-Id"

var goodID = regexp.MustCompile(`^[A-Za-z0-9._-]{8,64}$`)

type requestKey struct{}

// numbered gives each request a number, which is that of the proxy if it has sent one. It is in the answer, in the log, and on the page of
// an error.
func numbered(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id := r.Header.Get(requestHeader)
		if !goodID.MatchString(id) {
			id = rand.Text()
		}
		w.Header()[requestHeader] = []string{id}
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), requestKey{}, id)))
	})
}

func requestID(ctx context.Context) string {
	if id, ok := ctx.Value(requestKey{}).(string); ok {
		return id
	}
	return rand.Text()
}

// RequestID is the number of the request that a context belongs to, or "".
func RequestID(ctx context.Context) string {
	id, _ := ctx.Value(requestKey{}).(string)
	return id
}
