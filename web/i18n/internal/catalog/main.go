// Command catalog writes a language's messages and the rule catalogue as a module for the browser, and what the profiles do
// differently as another.
package main

import (
	"flag"
	"fmt"
	"os"

	"github.com/handshakelab/lab/web/i18n"
)

func main() {
	out := flag.String("o", "", "file to write")
	panels := flag.Bool("panels", false, "the messages that only panels need")
	differences := flag.String("differences", "", "file to write the differences of the profiles to")
	lang := flag.String("lang", "en", "language")
	flag.Parse()
	module := i18n.Module
	if *panels {
		module = i18n.PanelModule
	}
	b, err := module(*lang)
	if err == nil {
		err = os.WriteFile(*out, b, 0o644)
	}
	if err == nil && *differences != "" {
		if b, err = i18n.Differences(); err == nil {
			err = os.WriteFile(*differences, b, 0o644)
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "catalog:", err)
		os.Exit(1)
	}
}
