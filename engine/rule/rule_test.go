package rule_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/handshakelab/lab/engine/rule"
)

// Every constant of type ID is in the catalogue, once.
func TestCatalogueIsComplete(t *testing.T) {
	f, err := parser.ParseFile(token.NewFileSet(), "catalogue.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	declared := 0
	ast.Inspect(f, func(n ast.Node) bool {
		v, ok := n.(*ast.ValueSpec)
		if !ok || len(v.Values) != 1 {
			return true
		}
		lit, ok := v.Values[0].(*ast.BasicLit)
		if !ok || lit.Kind != token.STRING {
			return true
		}
		declared++
		id, err := strconv.Unquote(lit.Value)
		if err != nil {
			t.Fatal(err)
		}
		if _, ok := rule.Lookup(rule.ID(id)); !ok {
			t.Errorf("%s (%s) is not in the catalogue", v.Names[0].Name, id)
		}
		return true
	})
	if all := len(rule.All()); declared != all {
		t.Errorf("%d constants, %d entries: an entry stands twice or has no constant", declared, all)
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
		number, _, _ := strings.Cut(string(r.ID), ":")
		if _, err := strconv.Atoi(number); err == nil && (r.Source != "RFC "+number || !strings.HasSuffix(r.URL, "rfc"+number+".html#section-"+r.Section)) {
			t.Errorf("%s: source %q, URL %q", r.ID, r.Source, r.URL)
		}
	}
}
