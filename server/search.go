package main

import (
	"context"
	"flag"
	"fmt"
	"strings"
	"time"

	"github.com/handshakelab/lab/engine/search"
	"github.com/handshakelab/lab/engine/tcp"
)

// exitCancelled is what a shell calls the end by Ctrl-C.
const exitCancelled = 130

// searchEvery is how long a search goes on between two words about how far it is.
const searchEvery = time.Second

// searchRun looks for the shortest run in which a protocol goes wrong and prints it as a scenario.
func searchRun(ctx context.Context, c *console, args []string) (int, error) {
	fs := flag.NewFlagSet("lab search", flag.ContinueOnError)
	var l search.Limits
	fs.IntVar(&l.Depth, "depth", 0, fmt.Sprintf("at most so many `moves` of the network, up to %d (default %d)", search.MaxDepth, search.DefaultDepth))
	fs.IntVar(&l.States, "states", 0, fmt.Sprintf("look at no more `states` than this (default %d)", search.DefaultStates))
	fs.IntVar(&l.Drops, "drops", 0, fmt.Sprintf("how many `segments` the network may lose, -1 for none (default %d)", search.DefaultDrops))
	fs.IntVar(&l.Copies, "copies", 0, fmt.Sprintf("how many `copies` it may make, -1 for none (default %d)", search.DefaultCopies))
	fs.IntVar(&l.Timers, "timers", 0, fmt.Sprintf("how many `timers` may fire, -1 for none (default %d)", search.DefaultTimers))
	var kinds []string
	for _, k := range search.Kinds() {
		kinds = append(kinds, k.String())
	}
	want := fs.String("want", "", "look for one `kind` of violation only: "+strings.Join(kinds, ", "))
	unbroken := fs.Bool("unbroken", false, "with all protections: nothing should be found")
	if err := c.parse(fs, args, false); err != nil {
		return exitUsage, err
	}
	if fs.NArg() != 1 {
		return exitUsage, fmt.Errorf("search wants a scenario file, - for standard input, or a protection: %s", strings.Join(tcp.BrokenNames(), ", "))
	}
	if l.Depth < 0 || l.Depth > search.MaxDepth || l.States < 0 || l.States > search.MaxStates {
		return exitUsage, fmt.Errorf("-depth is up to %d moves and -states up to %d states", search.MaxDepth, search.MaxStates)
	}
	if *want != "" {
		var ok bool
		if l.Want, ok = search.KindByName(*want); !ok {
			return exitUsage, fmt.Errorf("-want cannot be %q: there are %s", *want, strings.Join(kinds, ", "))
		}
	}
	text, name, err := c.problem(fs.Arg(0), &l)
	if err != nil {
		return exitUsage, err
	}
	p, list := search.Parse(text)
	c.complain(name, list)
	if len(list.Errors()) > 0 {
		return exitUsage, nil
	}
	if *unbroken {
		p = p.Unbroken()
	}
	told := time.Now()
	r := p.Search(l, func(at search.Progress) bool {
		if now := time.Now(); now.Sub(told) >= searchEvery {
			told = now
			fmt.Fprintln(c.stderr, progress(at))
		}
		return ctx.Err() == nil
	})
	switch r.End {
	case search.Found:
		fmt.Fprintf(c.stderr, "%s: %s\n", progress(r.Progress), r.Violation)
		if _, err := fmt.Fprint(c.stdout, r.Scenario); err != nil {
			return exitFailed, fmt.Errorf("cannot write the result: %w", err)
		}
		return exitOK, nil
	case search.Cancelled:
		fmt.Fprintf(c.stderr, "%s: cancelled\n", progress(r.Progress))
		return exitCancelled, nil
	case search.Exhausted:
		fmt.Fprintf(c.stderr, "%s: nothing goes wrong, and there is nothing left to try with so many drops, copies and timers\n", progress(r.Progress))
	case search.DepthReached:
		fmt.Fprintf(c.stderr, "%s: nothing goes wrong in so many moves; -depth allows more\n", progress(r.Progress))
	case search.StatesReached:
		fmt.Fprintf(c.stderr, "%s: nothing went wrong so far; -states allows more\n", progress(r.Progress))
	}
	return exitFailed, nil
}

// problem returns what to search: the example of a protection, in whose limits what is 0 in l is set, or the text of a file.
func (c *console) problem(arg string, l *search.Limits) (text, name string, err error) {
	if b, ok := tcp.BrokenByName(arg); ok {
		e, _ := search.ExampleOf(b)
		*l = l.Or(e.Limits)
		return e.Text, arg, nil
	}
	name = arg
	src, err := c.read(&name)
	return string(src), name, err
}

func progress(at search.Progress) string {
	return fmt.Sprintf("%d moves, %d states, %d to go on from", at.Depth, at.States, at.Frontier)
}
