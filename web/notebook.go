package web

import (
	"fmt"
	"io/fs"
	"maps"
	"net/http"
	"strings"
	"sync"

	"github.com/a-h/templ"
	"github.com/go-chi/chi/v5"
	"github.com/handshakelab/lab/engine/rule"
	notebook "github.com/handshakelab/lab/engine/testdata/scenarios"
	"github.com/handshakelab/lab/lessons/gallery"
	"github.com/handshakelab/lab/web/i18n"
	"github.com/handshakelab/lab/web/pages"
)

// readNotebook plays the lab notebook and finds the shortest run of each rule. It is done once, however many sites there are.
var readNotebook = sync.OnceValues(func() (map[rule.ID]*gallery.Item, error) {
	names, err := fs.Glob(notebook.Files, "*.lab")
	if err != nil {
		return nil, err
	}
	shortest := map[rule.ID]*gallery.Item{}
	for _, name := range names {
		text, err := fs.ReadFile(notebook.Files, name)
		if err != nil {
			return nil, err
		}
		sim, err := newSim(string(text))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		item := &gallery.Item{Slug: strings.TrimSuffix(name, ".lab"), Sim: sim}
		item.Title, item.Look = remark(string(text))
		sim.Title = item.Title
		for i := range sim.Events {
			id := sim.Events[i].Rule
			if other := shortest[id]; other == nil || len(sim.Events) < len(other.Sim.Events) {
				shortest[id] = item
			}
		}
	}
	return shortest, nil
})

// remark is the comment that a scenario begins with: its first sentence as a title, and the rest.
func remark(scenario string) (title, look string) {
	var words []string
	for line := range strings.Lines(scenario) {
		text, ok := strings.CutPrefix(line, "#")
		if !ok {
			break
		}
		words = append(words, strings.Fields(text)...)
	}
	title, look, _ = strings.Cut(strings.Join(words, " "), ". ")
	return strings.TrimSuffix(title, "."), look
}

// shown is the index with a run of the notebook for each rule that no lesson, no scenario of the gallery and no card shows.
func (s *Site) shown(x ruleIndex) ruleIndex {
	runs, err := readNotebook()
	if err != nil {
		s.cfg.Log.Error("the lab notebook cannot be played", "error", err)
		return x
	}
	all := maps.Clone(x)
	for _, r := range rule.All() {
		if item := runs[r.ID]; len(all[r.ID]) == 0 && item != nil {
			one := ruleIndex{}
			one.add(item.Title, s.cfg.Base+"notebook/"+item.Slug, item.Sim.Events)
			all[r.ID] = one[r.ID]
		}
	}
	return all
}

// notebookPages are the pages of the notebook's runs, by name. Few are asked for, and no lesson changes them.
func (s *Site) notebookPages() map[string]sheet {
	runs, err := readNotebook()
	if err != nil {
		return nil // shown has told it
	}
	list, p := map[string]sheet{}, s.press(nil)
	for _, item := range runs {
		list[item.Slug] = p.sheet("/notebook/"+item.Slug, "", func(words *i18n.Catalog) templ.Component {
			p := s.at(words, pages.Elsewhere, item.Title)
			p.Description = item.Look
			return pages.Sandbox(pages.SandboxData{Page: p, Sim: item.Sim, Item: item})
		})
	}
	return list
}

// notebook answers GET notebook/{name}.
func (s *Site) notebook(w http.ResponseWriter, r *http.Request) error {
	page := s.corners()[chi.URLParam(r, "name")]
	if page == nil {
		return errNotFound
	}
	return page.serve(w, r, s.language(r))
}
