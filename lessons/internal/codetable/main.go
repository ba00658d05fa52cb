// Command codetable writes the table of codes.
package main

import (
	"flag"
	"fmt"
	"os"

	"github.com/handshakelab/lab/lessons"
)

func main() {
	out := flag.String("o", "20-codes.md", "`file` to write")
	flag.Parse()
	if err := os.WriteFile(*out, []byte(lessons.CodeTable()), 0o644); err != nil {
		fmt.Fprintln(os.Stderr, "codetable:", err)
		os.Exit(1)
	}
}
