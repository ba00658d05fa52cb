// Command catalog writes a language's messages and the rule catalogue as a module for the browser.
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
	if err != nil {
		fmt.Fprintln(os.Stderr, "catalog:", err)
		os.Exit(1)
	}
}
