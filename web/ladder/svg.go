package ladder

import (
	"bytes"
	"context"
	_ "embed"
	"encoding/base64"
	"fmt"
	"io/fs"
	"regexp"
	"strings"
	"sync"

	"github.com/handshakelab/lab/static"
)

// headHeight is the room for the title and the hosts above a picture that stands alone, in pixels.
const headHeight = 84

// SVG returns the run as a picture that stands alone: an SVG file in light colours with its styles and fonts in it, and with all that
// it shows in words as its description.
func (r *Run) SVG(title string) ([]byte, error) {
	var b bytes.Buffer
	b.WriteString(`<?xml version="1.0" encoding="UTF-8"?>` + "\n")
	if err := document(title, r, r.Layout(Wide)).Render(context.Background(), &b); err != nil {
		return nil, fmt.Errorf("ladder: %w", err)
	}
	b.WriteByte('\n')
	return b.Bytes(), nil
}

// describe says what a picture shows: the two hosts, then each segment.
func (r *Run) describe(l *Layout) string {
	words := []string{r.T("ladder.export.about")}
	for i := range l.Segments {
		words = append(words, l.Segments[i].Name+".")
	}
	return strings.Join(words, " ")
}

// anchor is how text stands at a lane: outwards, as far as there is room.
func (l *Layout) anchor(side string) string {
	if l.Mode == "wide" {
		return "middle"
	}
	return side
}

//go:embed svg.css
var svgSheet string

var (
	tokenLine = regexp.MustCompile(`--([a-z0-9-]+): light-dark\((#[0-9A-F]{6}),`)
	tokenUse  = regexp.MustCompile(`var\(--([a-z0-9-]+)\)`)
)

// sheet is the style of a picture that stands alone. Programs that draw SVG know neither custom properties nor nested rules, so the
// light colours of tokens.css are written in where they are used.
var sheet = sync.OnceValue(func() string {
	tokens, err := fs.ReadFile(static.Embedded(), "css/tokens.css")
	if err != nil {
		panic(err) // the files are part of the program
	}
	colour := map[string]string{}
	for _, m := range tokenLine.FindAllStringSubmatch(string(tokens), -1) {
		colour[m[1]] = m[2]
	}
	var b strings.Builder
	for _, f := range []struct{ family, file string }{{"Atkinson Mono", "atkinson-hyperlegible-mono-latin"}, {"Atkinson Next", "atkinson-hyperlegible-next-latin"}} {
		font, err := fs.ReadFile(static.Embedded(), "fonts/"+f.file+".woff2")
		if err != nil {
			panic(err)
		}
		fmt.Fprintf(&b, `@font-face { font-family: "%s"; font-weight: 200 800; src: url(data:font/woff2;base64,%s) format("woff2") }`+"\n",
			f.family, base64.StdEncoding.EncodeToString(font))
	}
	css := ""
	for _, kind := range []string{"syn", "ack", "psh", "fin", "rst", "none"} {
		c := "var(--" + kind + ")"
		if kind == "none" {
			c = "var(--ink-3)"
		}
		css += fmt.Sprintf(".%[1]s .wire, .%[1]s .bar, .%[1]s .tail, .%[1]s .box { stroke: %[2]s }\n.%[1]s .head { fill: %[2]s; stroke: %[2]s }\n.%[1]s .head.open { fill: none }\n", kind, c)
		if kind != "none" {
			css += fmt.Sprintf(".b-%[1]s { fill: %[2]s; stroke: %[2]s }\n", kind, c)
		}
	}
	css += ".b-urg, .b-ece, .b-cwr { fill: var(--ink-2); stroke: var(--ink-2) }\n" +
		".b-none { fill: var(--surface); stroke: var(--ink-2); stroke-dasharray: 2 2 }\n" + svgSheet + ".t-none { fill: var(--ink-2) }\n"
	b.WriteString(tokenUse.ReplaceAllStringFunc(css, func(use string) string {
		value := colour[tokenUse.FindStringSubmatch(use)[1]]
		if value == "" {
			panic("ladder: tokens.css has no " + use)
		}
		return value
	}))
	return b.String()
})
