// Package gallery holds the scenarios that the lab comes with: short runs that each show one thing. A scenario is a file
// GROUP/NAME.lab in the scenario language; its title names it and its first note, before the first action, says what to look for.
// What it claims stands in it as expectations, which are run when the gallery is loaded. The numbers before names give the order.
// Titles, and what to look for, stand in other languages in the files de.json and es.json.
package gallery

import (
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
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

//go:embed *.json */*.lab
var builtin embed.FS

// Builtin is the folder of the gallery that the lab comes with.
func Builtin() fs.FS { return builtin }

// A Gallery is a folder of scenarios. It is never changed after Load.
type Gallery struct {
	Groups []Group
}

// A Group is the scenarios of one subject.
type Group struct {
	ID     string // "close", also of its place on the page
	Title  string
	Items  []*Item
	titles map[string]string // by language
}

// TitleIn is the group's title in a language, and the language that it is in: English where nobody has translated it.
func (g *Group) TitleIn(lang string) (title, in string) {
	if title, ok := g.titles[lang]; ok {
		return title, lang
	}
	return g.Title, lessons.Languages[0]
}

// An Item is one scenario, run to its end.
type Item struct {
	Slug  string // the name in URLs
	File  string
	Title string
	Look  string // a sentence or two on what to look for
	Lang  string // of Title and Look
	Sim   *lessons.Sim
	Facts Facts
	in    map[string]*Item // translations, by language
}

// In is the scenario with its title and what to look for in a language, or as it was written where nobody has translated it. Only the words
// differ: the run is the same.
func (it *Item) In(lang string) *Item {
	if other := it.in[lang]; other != nil {
		return other
	}
	return it
}

// translated makes the scenario with other words, also in its text, which can be changed and run again.
func (it *Item) translated(lang, title, look string) *Item {
	other, sim := *it, *it.Sim
	other.Title, other.Look, other.Lang, other.Sim, other.in = title, look, lang, &sim, nil
	source := strings.Replace("\n"+sim.Source, "\ntitle "+it.Title+"\n", "\ntitle "+title+"\n", 1)
	source = strings.Replace(source, "\nnote "+it.Look+"\n", "\nnote "+look+"\n", 1)
	sim.Title, sim.Source = title, source[1:]
	return &other
}

// words are the translations into one language, which stand in the gallery's folder under its name: "de.json".
type words struct {
	Groups    map[string]string    // titles by ID
	Scenarios map[string][2]string // title and what to look for, by slug
}

// translate reads what there is of translations. What they say of something that the gallery does not have is a fault.
func (g *Gallery) translate(fsys fs.FS) diag.List {
	var list diag.List
	for _, lang := range lessons.Languages[1:] {
		file := lang + ".json"
		b, err := fs.ReadFile(fsys, file)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		var w words
		if err == nil {
			err = json.Unmarshal(b, &w)
		}
		if err != nil {
			list = append(list, diag.List{fault("bad-translation", "%v", err)}.In(file, 1, 0)...)
			continue
		}
		for i := range g.Groups {
			group := &g.Groups[i]
			if title := w.Groups[group.ID]; title != "" {
				group.titles[lang] = title
			}
		}
		for _, slug := range slices.Sorted(maps.Keys(w.Scenarios)) {
			it, text := g.Item(slug), w.Scenarios[slug]
			if it == nil || text[0] == "" || text[1] == "" {
				list = append(list, diag.List{fault("bad-translation", "%s: there is no such scenario, or its title or what to look for is missing", slug)}.In(file, 1, 0)...)
				continue
			}
			it.in[lang] = it.translated(lang, text[0], text[1])
		}
	}
	return list
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
			g.Groups = append(g.Groups, Group{ID: id, Title: titles[id], titles: map[string]string{}})
		}
		group := &g.Groups[len(g.Groups)-1]
		group.Items = append(group.Items, it)
	}
	list = append(list, g.translate(fsys)...)
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
	it := &Item{Slug: slug, File: file, Title: sc.Title, Look: sc.Notes[0].Text, Lang: lessons.Languages[0], in: map[string]*Item{}, Facts: facts(sc, &world, events)}
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
