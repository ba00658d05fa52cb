package static

import (
	"bytes"
	"errors"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"
)

// The simulator is some twenty modules that every page with one needs at once. A browser gets them as one, Pack: that is one
// round trip, and compressed together they are a seventh smaller. What is loaded later imports from the pack too, so each
// module is there once. On disk, in the tests and with -dev, modules are just modules.

// packEntry is the module that is packed with all that it imports.
const packEntry = "js/sim/tcp-sim.js"

// Pack is the name of the file that has the modules of the simulator. It does not lie on disk. It stands beside most of them, so
// that addresses in them which are relative to their own mean the same.
const Pack = "js/sim/pack.js"

var (
	importing = regexp.MustCompile(`(?m)^import\s*(?:\{([^}]*)\}\s*from\s*)?['"](\.{1,2}/[^'"]+)['"];?`)
	declaring = regexp.MustCompile(`(?m)^export ((?:async )?function\*?|const|let|class) ([\w$]+)`)
	listing   = regexp.MustCompile(`export\s*\{([^}]*)\};?\s*$`)
	alias     = regexp.MustCompile(`\s+as\s+`)
)

// A packer makes modules into functions that run in order.
type packer struct {
	sources map[string][]byte
	index   map[string]int             // of what is packed
	exports map[string]map[string]bool // names, by module
	open    []string                   // modules whose imports are being packed
	out     bytes.Buffer
}

// pack returns the modules that entry imports, and entry, as one module that exports each of them as an object.
func pack(sources map[string][]byte, entry string) (*packer, error) {
	p := &packer{sources: sources, index: map[string]int{}, exports: map[string]map[string]bool{}}
	return p, p.add(entry, "a page")
}

func (p *packer) add(name, from string) error {
	source, ok := p.sources[name]
	switch _, packed := p.index[name]; {
	case packed:
		return nil
	case slices.Contains(p.open, name):
		return fmt.Errorf("%s and %s import each other", name, from)
	case !ok:
		return fmt.Errorf("%s, imported by %s, does not exist", name, from)
	}
	p.open = append(p.open, name)
	for _, other := range importsOf(name, source) {
		if err := p.add(other, name); err != nil {
			return err
		}
	}
	p.open = p.open[:len(p.open)-1]

	body, err := p.use(name, source)
	if err != nil {
		return err
	}
	names := map[string]bool{}
	var given []string
	give := func(inside, outside string) {
		names[outside] = true
		given = append(given, outside+":"+inside)
	}
	body = declaring.ReplaceAllFunc(body, func(b []byte) []byte {
		m := declaring.FindSubmatch(b)
		give(string(m[2]), string(m[2]))
		return b[len("export "):]
	})
	body = listing.ReplaceAllFunc(body, func(b []byte) []byte {
		for _, item := range strings.Split(string(listing.FindSubmatch(b)[1]), ",") {
			parts := alias.Split(strings.TrimSpace(item), 2)
			give(parts[0], parts[len(parts)-1])
		}
		return nil
	})
	p.index[name], p.exports[name] = len(p.index), names
	// A module may wait for something while it is loaded.
	begin, end := "(()=>{\n", "})();\n"
	if awaits.Match(body) {
		begin, end = "await(async()=>{\n", "})();\n"
	}
	fmt.Fprintf(&p.out, "export const %s=%s%s\nreturn{%s}%s", p.object(name), begin, body, strings.Join(given, ","), end)
	return nil
}

// awaits finds an await at the top of a module, which is not indented there.
var awaits = regexp.MustCompile(`(?m)^(?:[^\s/].*[^\w$])?await `)

func (p *packer) object(name string) string { return fmt.Sprintf("m%d", p.index[name]) }

// use replaces a module's imports of packed modules by their objects.
func (p *packer) use(name string, source []byte) ([]byte, error) {
	var faults error
	body := importing.ReplaceAllFunc(source, func(b []byte) []byte {
		m := importing.FindSubmatch(b)
		other := path.Join(path.Dir(name), string(m[2]))
		if _, packed := p.index[other]; !packed {
			return b
		}
		var names []string
		for _, item := range strings.Split(string(m[1]), ",") {
			if item = strings.TrimSpace(item); item == "" {
				continue
			}
			parts := alias.Split(item, 2)
			if !p.exports[other][parts[0]] {
				faults = errors.Join(faults, fmt.Errorf("%s imports %s, which %s does not export", name, parts[0], other))
			}
			names = append(names, strings.Join(parts, ":"))
		}
		if names == nil {
			return nil
		}
		return fmt.Appendf(nil, "const {%s} = %s;", strings.Join(names, ","), p.object(other))
	})
	return body, faults
}

// outside makes a module that is not packed import from the pack what is in it.
func (p *packer) outside(name string, source []byte) ([]byte, error) {
	var used []string
	for _, other := range importsOf(name, source) {
		if _, packed := p.index[other]; packed && !slices.Contains(used, p.object(other)) {
			used = append(used, p.object(other))
		}
	}
	body, err := p.use(name, source)
	if used == nil || err != nil {
		return body, err
	}
	return append(fmt.Appendf(nil, "import {%s} from '%s';\n", strings.Join(used, ","), relative(path.Dir(name), Pack)), body...), nil
}

// relative is the address of a file as seen from a folder.
func relative(dir, name string) string {
	up := "./"
	for dir != "." && !strings.HasPrefix(name, dir+"/") {
		dir = path.Dir(dir)
		up = strings.TrimPrefix(up, "./") + "../"
	}
	if dir != "." {
		name = strings.TrimPrefix(name, dir+"/")
	}
	return up + name
}
