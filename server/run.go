package main

import (
	"bufio"
	"context"
	"flag"
	"fmt"
	"io"
	"os"

	"github.com/handshakelab/lab/engine"
	"github.com/handshakelab/lab/engine/diag"
	"github.com/handshakelab/lab/engine/script"
	"github.com/handshakelab/lab/engine/wire"
	"github.com/handshakelab/lab/web/live"
)

// formats are the ways to print a run.
var formats = map[string]func(w io.Writer, events []engine.Event, at string){
	"tcpdump": printDump,
	"events":  printEvents,
	"json":    printJSON,
	"ladder":  printLadder,
}

// runFile runs a scenario and prints what happened.
func runFile(_ context.Context, c *console, args []string) (int, error) {
	fs := flag.NewFlagSet("lab run", flag.ContinueOnError)
	format := fs.String("format", "tcpdump", "`form` of the output: tcpdump, events, json or ladder")
	at := fs.String("at", "sender", "where tcpdump listens: `sender` (each segment where it is sent, also one that never arrives), client or server")
	ahead := fs.Bool("ahead", false, "at the end of the scenario go on until nothing is due any more")
	if err := c.parse(fs, args, false); err != nil {
		return exitUsage, err
	}
	print, ok := formats[*format]
	switch {
	case fs.NArg() != 1:
		return exitUsage, fmt.Errorf("run wants one scenario file, or - for standard input")
	case !ok:
		return exitUsage, fmt.Errorf("-format cannot be %q: there are tcpdump, events, json and ladder", *format)
	case *at != "sender" && *at != "client" && *at != "server":
		return exitUsage, fmt.Errorf("-at cannot be %q: there are sender, client and server", *at)
	}
	name := fs.Arg(0)
	text, err := c.read(&name)
	if err != nil {
		return exitUsage, err
	}
	sc, list := script.Parse(string(text))
	if len(list.Errors()) > 0 {
		c.complain(name, list)
		return exitFailed, nil
	}
	if *ahead {
		sc.Actions = append(sc.Actions, engine.Action{Kind: engine.StepUntil, Cond: engine.Cond{Kind: engine.Quiet}})
	}
	_, events, failed := script.Run(sc)
	out := bufio.NewWriter(c.stdout)
	print(out, events, *at)
	if err := out.Flush(); err != nil {
		return exitFailed, fmt.Errorf("cannot write the result: %w", err)
	}
	list = append(list, failed...)
	c.complain(name, list)
	if len(list.Errors()) > 0 {
		return exitFailed, nil
	}
	return exitOK, nil
}

// read returns the contents of a file, or of standard input for "-".
func (c *console) read(name *string) ([]byte, error) {
	in := c.stdin
	if *name == "-" {
		*name = "standard input"
	} else {
		f, err := os.Open(*name)
		if err != nil {
			return nil, fmt.Errorf("%s cannot be read: %w", *name, reason(err))
		}
		defer f.Close()
		in = f
	}
	// One byte more than Parse takes, so that it says what is wrong with a longer one.
	text, err := io.ReadAll(io.LimitReader(in, script.MaxText+1))
	if err != nil {
		return nil, fmt.Errorf("%s cannot be read: %w", *name, reason(err))
	}
	return text, nil
}

// complain prints diagnostics of a file, a line each.
func (c *console) complain(file string, list diag.List) {
	for _, d := range list {
		d.File = file
		fmt.Fprintln(c.stderr, d)
	}
}

// printDump prints what tcpdump -nn -S prints for the run. Listening where each segment is sent shows all of them, with the
// contents that their senders gave them, and one that the learner forged or that a box on the path sent when it comes on the wire. Listening at a host shows
// what it sends and what reaches it, as it is then.
func printDump(w io.Writer, events []engine.Event, at string) {
	dump := wire.Dump{Absolute: true}
	segments := map[engine.SegID]wire.Segment{}
	for i := range events {
		e := &events[i]
		switch e.Kind {
		case engine.Sent, engine.Forged, engine.Duplicated, engine.Edited, engine.Injected:
			segments[e.Seg] = e.Wire
		}
		seen := false
		switch {
		case e.Kind == engine.Sent:
			seen = at == "sender" || at == e.Host.String()
		case e.Kind == engine.Forged, e.Kind == engine.Injected:
			seen = at == "sender"
		case e.Kind == engine.Arrived:
			seen = at == e.Host.String()
		}
		if seen {
			fmt.Fprintln(w, dump.Line(int64(e.At), segments[e.Seg]))
		}
	}
}

func printEvents(w io.Writer, events []engine.Event, _ string) {
	for i := range events {
		fmt.Fprintln(w, script.EventLine(events[i]))
	}
}

// printJSON prints the events as the live protocol has them, one a line.
func printJSON(w io.Writer, events []engine.Event, _ string) {
	var b []byte
	for i := range events {
		b = append(live.AppendEvent(b[:0], &events[i]), '\n')
		// The writer keeps the first error for its end.
		_, _ = w.Write(b)
	}
}
