package main

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/handshakelab/lab/engine"
	"github.com/handshakelab/lab/engine/diag"
	"github.com/handshakelab/lab/engine/pcap"
	"github.com/handshakelab/lab/engine/script"
	"github.com/handshakelab/lab/engine/tcp"
	"github.com/handshakelab/lab/engine/view"
	"github.com/handshakelab/lab/web/live"
	"github.com/handshakelab/lab/web/take"
)

// A look is what there is to print of a run: the instant at which it stands and all events that led there.
type look struct {
	world  engine.World
	events []engine.Event
	at     view.Vantage
}

// formats are the ways to print a run.
var formats = map[string]func(w io.Writer, l *look){
	"tcpdump":          func(w io.Writer, l *look) { fmt.Fprint(w, view.Tcpdump(l.events, l.at, true)) },
	"tcpdump-relative": func(w io.Writer, l *look) { fmt.Fprint(w, view.Tcpdump(l.events, l.at, false)) },
	"events":           printEvents,
	"json":             printJSON,
	"ladder":           func(w io.Writer, l *look) { printLadder(w, l.events) },
	"ss":               tool("ss -tan", (*view.View).SS),
	"ss-info":          tool("ss -tin", (*view.View).SSInfo),
	"proc":             tool("cat /proc/net/tcp /proc/net/tcp6", procTables),
	"nstat":            tool("nstat -a", (*view.View).Nstat),
}

// files are the formats that are files of their own: of the whole run, wherever it is looked at.
var files = []take.Format{take.Pcapng, take.SVG, take.Packetdrill, take.Worksheet}

// formatNames are the names of formats in the order in which they are told.
const formatNames = "tcpdump, tcpdump-relative, events, json, ladder, pcapng, svg, packetdrill, worksheet, ss, ss-info, proc and nstat"

// tool prints what a command prints on the host that was chosen, or else on both, each behind its prompt.
func tool(command string, show func(*view.View, engine.HostID) string) func(io.Writer, *look) {
	return func(w io.Writer, l *look) {
		v := view.At(&l.world, l.events)
		for h := engine.Client; h <= engine.Server; h++ {
			switch l.at.String() {
			case h.String():
				fmt.Fprint(w, show(v, h))
			case view.AtSenders.String():
				fmt.Fprintf(w, "%v$ %s\n%s", h, command, show(v, h))
			}
		}
	}
}

func procTables(v *view.View, h engine.HostID) string { return v.ProcTCP(h) + v.ProcTCP6(h) }

// A when is where and when to look at a run, as -at says. Both may be said, in two flags.
type when struct {
	place view.Vantage
	time  engine.Time // Never is the end of the scenario
}

func (w *when) String() string { return "" }

// Set reads a place or a time.
func (w *when) Set(s string) error {
	if at, ok := view.ParseVantage(s); ok {
		w.place = at
		return nil
	}
	at, err := tcp.ParseTime(s)
	if err != nil {
		return errors.New("there are sender, client and server, and times like 1.05s")
	}
	w.time = at
	return nil
}

// runFile runs a scenario, a packetdrill script or a folder of those, or follows a capture, and prints what happened.
func runFile(_ context.Context, c *console, args []string) (int, error) {
	fs := flag.NewFlagSet("lab run", flag.ContinueOnError)
	format := fs.String("format", "tcpdump", "`form` of the output: "+formatNames)
	at := when{time: tcp.Never}
	side := engine.Client
	fs.Func("side", "`host` that -format packetdrill tests, client or server (default client)", func(s string) error {
		switch s {
		case engine.Client.String():
			side = engine.Client
		case engine.Server.String():
			side = engine.Server
		default:
			return errors.New("there are client and server")
		}
		return nil
	})
	blank := strings.Join(take.Blanks, ",")
	fs.StringVar(&blank, "blank", blank, "`fields` that -format worksheet leaves blank: "+strings.Join(take.Fields, ", "))
	fs.Var(&at, "at", "`where or when` to look, or both in two flags: sender (tcpdump prints each segment where it is sent, also one that never arrives, ss and the like print both hosts; so without this flag), client or server; a time like 1.05s instead of the end")
	ahead := fs.Bool("ahead", false, "at the end of the scenario go on until nothing is due any more")
	profiles := strings.Join(tcp.ProfileNames(), " or ")
	profile := fs.String("profile", "linux", "`model` that a capture is held against: "+profiles)
	if err := c.parse(fs, args, false); err != nil {
		return exitUsage, err
	}
	set := map[string]bool{}
	fs.Visit(func(f *flag.Flag) { set[f.Name] = true })
	print, ok := formats[*format]
	isFile := slices.Contains(files, take.Format(*format))
	model, known := tcp.ProfileByName(*profile)
	switch {
	case fs.NArg() != 1:
		return exitUsage, fmt.Errorf("run wants one file: a scenario, a capture (pcap or pcapng), - for one of these on standard input, a packetdrill script (*.pkt), or a folder of scripts")
	case !ok && !isFile:
		return exitUsage, fmt.Errorf("-format cannot be %q: there are %s", *format, formatNames)
	case !known:
		return exitUsage, fmt.Errorf("-profile cannot be %q: it is %s", *profile, profiles)
	case isFile && set["at"]:
		return exitUsage, fmt.Errorf("-at is not for -format %s, which always has both hosts and the whole run", *format)
	case set["side"] && *format != string(take.Packetdrill), set["blank"] && *format != string(take.Worksheet):
		return exitUsage, fmt.Errorf("-side is for -format packetdrill and -blank for -format worksheet")
	}
	name := fs.Arg(0)
	if isFolder(name) || strings.HasSuffix(name, scriptSuffix) {
		var other string
		for f := range set {
			if f != "format" || *format != "tcpdump" {
				other = f
			}
		}
		switch {
		case other != "":
			return exitUsage, fmt.Errorf("-%s is for scenarios: of a packetdrill script lab run prints the segments, of a folder a table", other)
		case isFolder(name):
			return c.runScripts(name)
		}
		return c.runScript(name)
	}
	text, err := c.read(&name)
	if err != nil {
		return exitUsage, err
	}
	var sc *script.Scenario
	var list diag.List
	if isCapture(name, text) {
		read, err := readCapture(name, text)
		c.complain(name+", the scenario in its comments", read.Diagnostics)
		// A capture that the lab wrote is the run that it was written from, if that is still whole.
		if sc = read.Scenario; sc == nil || err != nil {
			switch {
			case captureFormats[*format] == nil:
				return exitUsage, fmt.Errorf("-format %s is for runs: of a capture there are tcpdump, tcpdump-relative and ladder", *format)
			case set["at"] || *ahead:
				return exitUsage, fmt.Errorf("-at and -ahead are for runs: a capture was taken at one place, and has ended")
			}
			return c.runCapture(read, err, *format, model)
		}
	} else if sc, list = script.Parse(string(text)); len(list.Errors()) > 0 {
		c.complain(name, list)
		return exitFailed, nil
	}
	if set["profile"] {
		return exitUsage, fmt.Errorf("-profile is for captures: a scenario says itself which profile each host has")
	}
	if *ahead {
		sc.Actions = append(sc.Actions, engine.Action{Kind: engine.StepUntil, Cond: engine.Cond{Kind: engine.Quiet}})
	}
	l := look{at: at.place}
	var failed diag.List
	if at.time == tcp.Never {
		l.world, l.events, failed = script.Run(sc)
	} else {
		l.world, l.events, failed = script.RunTo(sc, at.time)
	}
	out := bufio.NewWriter(c.stdout)
	if isFile {
		run := take.Run{Scenario: sc, Events: l.events}
		file, err := run.File(take.Format(*format), take.Options{Side: side, Blank: split(blank)})
		if err != nil {
			return exitFailed, fmt.Errorf("%s: %w", name, err)
		}
		_, _ = out.Write(file.Data) // the writer keeps the first error for its end
	} else {
		print(out, &l)
	}
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

// split takes a list apart that is written with commas; nothing is no list.
func split(list string) []string {
	return strings.FieldsFunc(list, func(c rune) bool { return c == ',' || c == ' ' })
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
	// One byte more than any reader takes, so that it says what is wrong with a longer one.
	text, err := io.ReadAll(io.LimitReader(in, max(pcap.MaxSize, script.MaxText)+1))
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

func printEvents(w io.Writer, l *look) {
	for i := range l.events {
		fmt.Fprintln(w, script.EventLine(l.events[i]))
	}
}

// printJSON prints the events as the live protocol has them, one a line.
func printJSON(w io.Writer, l *look) {
	var b []byte
	for i := range l.events {
		b = append(live.AppendEvent(b[:0], &l.events[i]), '\n')
		// The writer keeps the first error for its end.
		_, _ = w.Write(b)
	}
}
