package engine_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/handshakelab/lab/"

// banned are packages with which a run would depend on something else than its set-up and its actions, and why.
var banned = map[string]string{
	"os":           "a run reads no file and no environment",
	"os/exec":      "a run starts no program",
	"net":          "a run opens no connection",
	"net/http":     "a run opens no connection",
	"syscall":      "a run asks the system for nothing",
	"math/rand":    "chance is drawn by name from the seed: network.Draw",
	"math/rand/v2": "chance is drawn by name from the seed: network.Draw",
	"crypto/rand":  "chance is drawn by name from the seed: network.Draw",
	"time":         "time is an argument: tcp.Time",
	"sync":         "the engine has no goroutine that a lock could help",
	"sync/atomic":  "the engine has no goroutine that an atomic could help",
	"runtime":      "a run does not look at the machine",
}

// mayImport says which of our packages a package of the engine may import, itself apart. Imports run one way:
// rule, wire <- tcp <- network <- engine <- script <- goal, share, and so on.
var mayImport = map[string][]string{
	"engine/wire":        {},
	"engine/rule":        {},
	"engine/diag":        {},
	"engine/tcp":         {"engine/wire", "engine/rule"},
	"engine/network":     {"engine/wire", "engine/tcp"},
	"engine":             {"engine/wire", "engine/rule", "engine/tcp", "engine/network"},
	"engine/script":      {"engine/wire", "engine/rule", "engine/diag", "engine/tcp", "engine/network", "engine"},
	"engine/view":        {"engine/wire", "engine/rule", "engine/tcp", "engine"},
	"engine/share":       {},
	"engine/search":      {"engine/wire", "engine/rule", "engine/diag", "engine/tcp", "engine/network", "engine", "engine/script"},
	"engine/goal":        {"engine/wire", "engine/rule", "engine/diag", "engine/tcp", "engine/network", "engine", "engine/script"},
	"engine/pcap":        {"engine/wire", "engine/rule", "engine/diag", "engine/tcp", "engine/network", "engine", "engine/script"},
	"engine/packetdrill": {"engine/wire", "engine/rule", "engine/diag", "engine/tcp", "engine/network", "engine", "engine/script"},
}

// source is one file of the engine that is not a test.
type source struct {
	pkg, path string
	file      *ast.File
}

func sources(t *testing.T) []source {
	var all []source
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") || strings.Contains(path, "testdata") {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		if file.Name.Name == "main" { // a generator, run by hand
			return nil
		}
		all = append(all, source{strings.TrimSuffix(filepath.ToSlash(filepath.Join("engine", filepath.Dir(path))), "/."), path, file})
		return nil
	})
	if err != nil || len(all) < 20 {
		t.Fatalf("%d files, %v", len(all), err)
	}
	return all
}

// TestImports: the engine uses the standard library and itself, in one direction, and nothing that would make a run depend
// on the machine or the moment.
func TestImports(t *testing.T) {
	for _, src := range sources(t) {
		allowed, known := mayImport[src.pkg]
		if !known {
			t.Errorf("%s: package %s is new: say in mayImport what it may import", src.path, src.pkg)
		}
		for _, spec := range src.file.Imports {
			path := strings.Trim(spec.Path.Value, `"`)
			name, ours := strings.CutPrefix(path, module)
			switch {
			case ours && !slices.Contains(allowed, name):
				t.Errorf("%s imports %s, which %s may not", src.path, name, src.pkg)
			case ours:
			case strings.Contains(strings.SplitN(path, "/", 2)[0], "."):
				t.Errorf("%s imports %s, which is not in the standard library", src.path, path)
			case banned[path] != "":
				t.Errorf("%s imports %s: %s", src.path, path, banned[path])
			}
		}
	}
}

// TestNothingUnordered: nothing in the engine starts a goroutine or has a channel, so nothing in it can depend on a race. And
// what makes a run has no map, whose order is another one each time.
func TestNothingUnordered(t *testing.T) {
	run := []string{"engine", "engine/tcp", "engine/network"}
	for _, src := range sources(t) {
		ast.Inspect(src.file, func(n ast.Node) bool {
			switch n.(type) {
			case *ast.GoStmt, *ast.SelectStmt, *ast.SendStmt, *ast.ChanType:
				t.Errorf("%s: goroutines and channels have no place in the engine", src.path)
			case *ast.MapType:
				if slices.Contains(run, src.pkg) {
					t.Errorf("%s: a map has no order, use a slice", src.path)
				}
			}
			return true
		})
	}
}

// TestDependencies: what is imported does not reach the forbidden either. fmt reaches os to print, and nobody here prints.
func TestDependencies(t *testing.T) {
	out, err := exec.Command("go", "list", "-f", `{{.ImportPath}}{{range .Deps}} {{.}}{{end}}`, "./...").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	for line := range strings.Lines(string(out)) {
		deps := strings.Fields(line)
		pkg := strings.TrimPrefix(deps[0], module)
		for _, dep := range deps[1:] {
			name, ours := strings.CutPrefix(dep, module)
			first, _, _ := strings.Cut(dep, "/")
			switch {
			case ours && name != "engine" && !strings.HasPrefix(name, "engine/"):
				t.Errorf("%s reaches %s, which stands above it", pkg, name)
			case !ours && strings.Contains(first, "."):
				t.Errorf("%s reaches %s, which is not in the standard library", pkg, dep)
			case slices.Contains([]string{"net", "net/http", "os/exec", "math/rand", "math/rand/v2"}, dep):
				t.Errorf("%s reaches %s", pkg, dep)
			}
		}
	}
}
