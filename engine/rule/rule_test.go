package rule_test

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/handshakelab/lab/engine/rule"
)

// Every ID has a name of its own and is in the catalogue, once.
func TestCatalogueIsComplete(t *testing.T) {
	entries := map[rule.ID]int{}
	for _, r := range rule.All() {
		entries[r.ID]++
	}
	for id := rule.None + 1; id < rule.NumIDs; id++ {
		if entries[id] != 1 {
			t.Errorf("%s has %d entries", id, entries[id])
		}
		if back, ok := rule.Parse(id.String()); id.String() == "" || !ok || back != id {
			t.Errorf("the name of %d, %q, is that of %d", id, id, back)
		}
		if r, ok := rule.Lookup(id); !ok || r.ID != id {
			t.Errorf("looking for %s finds %s", id, r.ID)
		}
	}
	if _, ok := rule.Lookup(rule.None); ok || len(entries) != int(rule.NumIDs)-1 {
		t.Errorf("%d entries for %d rules", len(entries), rule.NumIDs-1)
	}
	if _, ok := rule.Parse(""); ok {
		t.Error("nothing is the name of a rule")
	}
}

var placeholder = regexp.MustCompile(`\{([^}]*)\}`)

// A sentence can be filled in: it names only numbers that the rule carries, and a learner finds something to read in each entry.
func TestSentences(t *testing.T) {
	for _, r := range rule.All() {
		if len(r.Params) > rule.MaxParams {
			t.Errorf("%s: %d parameters", r.ID, len(r.Params))
		}
		for _, m := range placeholder.FindAllStringSubmatch(r.Pass+r.Fail, -1) {
			if !slices.Contains(r.Params, m[1]) {
				t.Errorf("%s: no parameter %q", r.ID, m[1])
			}
		}
		if r.Title == "" || r.Gist == "" || r.Pass+r.Fail == "" || r.Source == "" {
			t.Errorf("%s: title, gist, source or sentence is missing", r.ID)
		}
		if strings.HasSuffix(r.Title, ".") || !strings.HasSuffix(r.Gist, ".") {
			t.Errorf("%s: a title has no full stop, a gist has one", r.ID)
		}
		number, _, _ := strings.Cut(r.ID.String(), ":")
		if _, err := strconv.Atoi(number); err == nil && (r.Source != "RFC "+number || !strings.HasSuffix(r.URL, "rfc"+number+".html#section-"+r.Section)) {
			t.Errorf("%s: source %q, URL %q", r.ID, r.Source, r.URL)
		}
	}
}
