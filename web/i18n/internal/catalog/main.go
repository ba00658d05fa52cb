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
	lang := flag.String("lang", "en", "language")
	part := flag.String("part", "", "only the messages of this part")
	flag.Parse()
	b, err := i18n.Module(*lang)
	if *part != "" {
		b, err = i18n.PartModule(*lang, *part)
	}
	if err == nil {
		err = os.WriteFile(*out, b, 0o644)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "catalog:", err)
		os.Exit(1)
	}
}
