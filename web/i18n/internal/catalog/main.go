// Command catalog writes the catalogues as modules for the browser: for each language what a lesson's page begins with, and
// the rest; and what the profiles do differently.
package main

import (
	"cmp"
	"flag"
	"fmt"
	"os"
	"path/filepath"

	"github.com/handshakelab/lab/static"
	"github.com/handshakelab/lab/web/i18n"
)

func main() {
	dir := flag.String("static", "static", "the folder static")
	flag.Parse()
	if err := write(*dir); err != nil {
		fmt.Fprintln(os.Stderr, "catalog:", err)
		os.Exit(1)
	}
}

func write(dir string) error {
	now, later, err := static.Sources(os.DirFS(dir))
	if err != nil {
		return err
	}
	for _, lang := range i18n.Languages {
		first, more := i18n.Lookup(lang).Modules(now, later)
		err = cmp.Or(os.WriteFile(filepath.Join(dir, "js/catalog."+lang+".js"), first, 0o644), os.WriteFile(filepath.Join(dir, "js/more."+lang+".js"), more, 0o644))
		if err != nil {
			return err
		}
	}
	differences, err := i18n.Differences()
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "js/differences.en.js"), differences, 0o644)
}
