package pages

import (
	"regexp"
	"strconv"
	"strings"

	"github.com/handshakelab/lab/engine"
	"github.com/handshakelab/lab/lessons"
)

// proseHTML is a piece of a lesson's text as its page shows it.
func proseHTML(html string, l *lessons.Lesson) string {
	// A block of code scrolls sideways when it must, and what scrolls must be reachable by keyboard.
	return markLosses(strings.ReplaceAll(html, "<pre>", `<pre tabindex="0">`), l)
}

var stepItem = regexp.MustCompile(`<li>(\s*(?:<p>)?<a\b[^>]*\bclass="seek"[^>]*>)`)
var stepPlace = regexp.MustCompile(`\bdata-(sim|at)="([^"]*)"`)

// markLosses gives the steps of a lesson's prose at which a segment is lost a class of their own, so that the loss looks
// the same in the text as in the diagram.
func markLosses(html string, l *lessons.Lesson) string {
	return stepItem.ReplaceAllStringFunc(html, func(item string) string {
		place := map[string]string{}
		for _, m := range stepPlace.FindAllStringSubmatch(item, -1) {
			place[m[1]] = m[2]
		}
		at, err := strconv.ParseInt(place["at"], 10, 64)
		sim := l.Sim(place["sim"])
		if err != nil || sim == nil || !lostAt(sim.Events, engine.Time(at)) {
			return item
		}
		return `<li class="loss">` + item[len("<li>"):]
	})
}

func lostAt(events []engine.Event, at engine.Time) bool {
	for _, e := range events {
		if e.Kind == engine.Lost && e.At == at {
			return true
		}
	}
	return false
}
