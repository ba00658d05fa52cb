package main

import (
	"context"
	"flag"
	"fmt"
	"strings"
	"text/tabwriter"

	"github.com/handshakelab/lab/engine/rule"
	"github.com/handshakelab/lab/engine/tcp"
)

// profiles prints in what the profiles differ: what each does, the rule and where it stands, and a scenario that shows it.
func profiles(_ context.Context, c *console, args []string) (int, error) {
	fs := flag.NewFlagSet("lab profiles", flag.ContinueOnError)
	if err := c.parse(fs, args, false); err != nil {
		return exitUsage, err
	}
	if fs.NArg() > 0 {
		return exitUsage, fmt.Errorf("profiles wants nothing behind it, but there is %q", fs.Arg(0))
	}
	w := tabwriter.NewWriter(c.stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "difference\t%s\trule\tsource\tscenario\n", strings.Join(tcp.ProfileNames(), "\t"))
	for _, d := range tcp.Differences() {
		r, _ := rule.Lookup(d.Rule)
		source := r.Source
		if r.Section != "" {
			source += ", " + r.Section
		}
		says := d.Says
		for i := range says {
			if i > 1 && says[i] == says[i-1] {
				says[i] = `"` // as its neighbour does
			}
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", d.About, strings.Join(says[:], "\t"), d.Rule, source, d.Scenario)
	}
	if err := w.Flush(); err != nil {
		return exitFailed, fmt.Errorf("cannot write the table: %w", err)
	}
	return exitOK, nil
}
