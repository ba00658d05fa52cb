// Package gallery holds the scenarios that the lab comes with: short runs that each show one thing. A scenario is a file
// GROUP/NAME.lab in the scenario language; its title names it and its first note, before the first action, says what to look for.
// What it claims stands in it as expectations, which are run when the gallery is loaded. The numbers before names give the order.
package gallery

import (
	"embed"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/handshakelab/lab/engine"
	"github.com/handshakelab/lab/engine/diag"
	"github.com/handshakelab/lab/engine/script"
	"github.com/handshakelab/lab/engine/tcp"
	"github.com/handshakelab/lab/lessons"
)

//go:embed */*.lab
var builtin embed.FS

// Builtin is the folder of the gallery that the lab comes with.
func Builtin() fs.FS { return builtin }

// A Gallery is a folder of scenarios. It is never changed after Load.
type Gallery struct {
	Groups []Group
}

// A Group is the scenarios of one subject.
type Group struct {
	ID    string // "close", also of its place on the page
	Title string
	Items []*Item
}

// An Item is one scenario, run to its end.
type Item struct {
	Slug  string // the name in URLs
	File  string
	Title string
	Look  string // a sentence or two on what to look for
	Sim   *lessons.Sim
	Facts Facts
}

// Facts are what can be said of a run without stepping through it.
type Facts struct {
	Segments int // on the wire, copies and forged ones too
	Lost     int
	Length   engine.Time    // the time of the last event
	States   [2]tcp.State   // of each host's newest connection, or its listener, at the end
	Profiles [2]string      // of the hosts
	Told     [2][]tcp.Errno // the errors that the applications were told
}

// titles of the groups by the names of their folders. A folder without one is a fault.
var titles = map[string]string{
	"open":    "Opening a connection",
	"loss":    "A segment is lost",
	"refused": "No connection",
	"old":     "Old segments, lost memory",
	"close":   "Closing",
	"queues":  "Queues and floods",
	"path":    "Boxes on the path",
	"idle":    "Waiting",
	"attack":  "Attacks from outside",
}

var name = regexp.MustCompile(`^(?:\d+-)?([a-z0-9]+(?:-[a-z0-9]+)*)$`)

// bare takes the number off a name.
func bare(s string) (string, bool) {
	m := name.FindStringSubmatch(s)
	if m == nil {
		return "", false
	}
	return m[1], true
}

// Item returns the scenario with the given name, or nil.
func (g *Gallery) Item(slug string) *Item {
	for _, group := range g.Groups {
		for _, it := range group.Items {
			if it.Slug == slug {
				return it
			}
		}
	}
	return nil
}

// Load reads a gallery, runs all its scenarios and returns everything that is wrong with them. What has a fault is left out.
func Load(fsys fs.FS) (*Gallery, diag.List) {
	files, err := fs.Glob(fsys, "*/*.lab")
	if err != nil || len(files) == 0 {
		return &Gallery{}, diag.List{{Severity: diag.Error, Code: "no-scenarios", Message: "the gallery has no scenario", Hint: "a scenario is a file such as open/handshake.lab"}}
	}
	g := &Gallery{}
	var list diag.List
	first := map[string]string{}
	for _, file := range files {
		it, faults := load(fsys, file)
		if it != nil && first[it.Slug] != "" {
			faults = append(faults, fault("name-twice", "%s already has this name", first[it.Slug]))
		}
		list = append(list, faults.In(file, 1, 0)...)
		if faults.Err() != nil {
			continue
		}
		first[it.Slug] = file
		id, _ := bare(path.Dir(file))
		if n := len(g.Groups); n == 0 || g.Groups[n-1].ID != id {
			g.Groups = append(g.Groups, Group{ID: id, Title: titles[id]})
		}
		group := &g.Groups[len(g.Groups)-1]
		group.Items = append(group.Items, it)
	}
	return g, list
}

func fault(code, format string, args ...any) diag.Diagnostic {
	return diag.Diagnostic{Line: 1, Col: 1, EndCol: 1, Severity: diag.Error, Code: code, Message: fmt.Sprintf(format, args...)}
}

func load(fsys fs.FS, file string) (*Item, diag.List) {
	slug, ok := bare(strings.TrimSuffix(path.Base(file), ".lab"))
	if !ok {
		return nil, diag.List{fault("bad-name", "a scenario is named like 10-syn-lost.lab")}
	}
	if id, ok := bare(path.Dir(file)); !ok || titles[id] == "" {
		return nil, diag.List{fault("unknown-group", "there is no group of the name %s", path.Dir(file))}
	}
	src, err := fs.ReadFile(fsys, file)
	if err != nil {
		return nil, diag.List{fault("unreadable", "%v", err)}
	}
	sc, list := script.Parse(string(src))
	if list.Err() != nil {
		return nil, list
	}
	if sc.Title == "" {
		list = append(list, fault("no-title", "the scenario has no title"))
	}
	if len(sc.Notes) == 0 || sc.Notes[0].After > 0 {
		list = append(list, fault("no-look", "the scenario does not say what to look for: a note before the first action"))
	}
	if !slices.ContainsFunc(sc.Actions, func(a engine.Action) bool { return a.Kind == engine.Expect }) {
		list = append(list, fault("no-claim", "the scenario claims nothing: it has no expect"))
	}
	world, events, failed := script.Run(sc)
	if list = append(list, failed...); list.Err() != nil {
		return nil, list
	}
	it := &Item{Slug: slug, File: file, Title: sc.Title, Look: sc.Notes[0].Text, Facts: facts(sc, &world, events)}
	it.Sim = &lessons.Sim{ID: "sandbox-sim", Title: sc.Title, Source: string(src), Scenario: sc, Ahead: true, Events: events, World: world}
	return it, list
}

func facts(sc *script.Scenario, w *engine.World, events []engine.Event) Facts {
	var f Facts
	for i := range events {
		switch e := &events[i]; e.Kind {
		case engine.Sent, engine.Forged, engine.Duplicated, engine.Injected:
			f.Segments++
		case engine.Lost:
			f.Lost++
		case engine.Told:
			if e.Errno != 0 && e.Host < 2 && !slices.Contains(f.Told[e.Host], e.Errno) {
				f.Told[e.Host] = append(f.Told[e.Host], e.Errno)
			}
		}
	}
	f.Length = w.Now()
	v := w.View()
	for h := range sc.Setup.Hosts {
		f.States[h], f.Profiles[h] = v.Hosts[h].State, sc.Setup.Hosts[h].Profile
	}
	return f
}
