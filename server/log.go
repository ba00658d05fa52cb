package main

import (
	"context"
	"io"
	"log/slog"
	"net/url"
	"regexp"
	"strings"

	"github.com/handshakelab/lab/web"
)

// newLog writes for people to a terminal, and JSON to everything else. What is a secret, or tells who somebody is, it leaves out.
func newLog(w io.Writer, level slog.Level) *slog.Logger {
	o := &slog.HandlerOptions{Level: level, ReplaceAttr: redact}
	var h slog.Handler = slog.NewJSONHandler(w, o)
	if isTerminal(w) {
		h = slog.NewTextHandler(w, o)
	}
	return slog.New(numberedLog{h})
}

// personal are keys whose values do not belong into a log, whoever writes them.
var personal = []string{"password", "secret", "token", "cookie", "authorization", "credentials", "name", "email", "learner_name", "recovery"}

// inPath is what stands behind these parts of an address in what net/http and others say: the secret of a link, or the code of a class.
var inPath = regexp.MustCompile(`/(setup|join|recover)/[^\s"'/?]+`)

func redact(_ []string, a slog.Attr) slog.Attr {
	for _, key := range personal {
		if strings.EqualFold(a.Key, key) {
			return slog.String(a.Key, "-")
		}
	}
	switch v := a.Value.Any().(type) {
	case string:
		a.Value = slog.StringValue(clean(v))
	case error:
		a.Value = slog.StringValue(clean(v.Error()))
	}
	return a
}

func clean(text string) string {
	if strings.Contains(text, "://") {
		text = userInfo.ReplaceAllString(text, "$1-@")
	}
	return inPath.ReplaceAllString(text, "/$1/-")
}

// userInfo is the part of a URL that has a password.
var userInfo = regexp.MustCompile(`(\b[a-z][a-z0-9+.-]*://)[^\s/@"]+@`)

// masked is a list of URLs without passwords.
func masked(urls string) string {
	parts := list(urls)
	for i, part := range parts {
		if u, err := url.Parse(part); err == nil && u.User != nil {
			parts[i] = clean(part)
		}
	}
	return strings.Join(parts, ",")
}

// numberedLog adds the number of the request.
type numberedLog struct{ slog.Handler }

func (l numberedLog) Handle(ctx context.Context, r slog.Record) error {
	if id := web.RequestID(ctx); id != "" {
		r.AddAttrs(slog.String("request", id))
	}
	return l.Handler.Handle(ctx, r)
}

func (l numberedLog) WithAttrs(attrs []slog.Attr) slog.Handler {
	return numberedLog{l.Handler.WithAttrs(attrs)}
}

func (l numberedLog) WithGroup(name string) slog.Handler {
	return numberedLog{l.Handler.WithGroup(name)}
}
