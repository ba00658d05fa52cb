// Command lab is Handshake Lab: the server, and the tools for those who write scenarios and lessons.
//
//	lab [serve] [flags]        the server
//	lab check [flags] [DIR]    what is wrong in a folder of lessons
//	lab new lesson NAME        a lesson to start from
//	lab run [flags] FILE       a scenario or a packetdrill script (*.pkt) without a browser, a folder of scripts, or a capture
//	lab profiles               in what the ways to do TCP differ
//	lab search [flags] WHAT    the shortest run in which a protocol goes wrong
//	lab setup-link [NAME]      a link to make the account of an admin, or a new password
//	lab export, lab import     all that is kept, as lines of JSON
//	lab erase ID               removes a learner from everything
//	lab healthcheck [flags]    asks a running server whether it is well
//	lab version
//
// Each flag of serve can be given as an environment variable too: -base-path is LAB_BASE_PATH. A flag wins over its variable.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
)

// Exit codes.
const (
	exitOK          = 0
	exitFailed      = 1 // what was asked for was done, and the answer is no: a fault in a lesson, a server that is not well
	exitUsage       = 2 // it could not be done: a bad flag, a port that is taken, a folder that cannot be read
	exitUnsupported = 3 // a packetdrill script or a capture needs what the lab does not have
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	// After the first signal the second one ends the program at once.
	context.AfterFunc(ctx, stop)
	os.Exit(run(ctx, os.Args[1:], os.Environ(), os.Stdin, os.Stdout, os.Stderr))
}

// A command is a subcommand. It returns an exit code, or an error that is told in one line.
type command func(ctx context.Context, c *console, args []string) (int, error)

var commands = map[string]command{
	"serve":       serve,
	"check":       check,
	"new":         newLesson,
	"run":         runFile,
	"profiles":    profiles,
	"search":      searchRun,
	"export":      exportRecords,
	"import":      importRecords,
	"erase":       eraseLearner,
	"setup-link":  setupLink,
	"healthcheck": healthcheck,
	"version":     version,
	"help":        help,
}

// A console is what a command has of the outside world.
type console struct {
	env            map[string]string
	stdin          io.Reader
	stdout, stderr io.Writer
}

func run(ctx context.Context, args, environ []string, stdin io.Reader, stdout, stderr io.Writer) int {
	c := &console{env: map[string]string{}, stdin: stdin, stdout: stdout, stderr: stderr}
	for _, kv := range environ {
		if key, value, ok := strings.Cut(kv, "="); ok {
			c.env[key] = value
		}
	}
	name := "serve"
	if len(args) > 0 && !strings.HasPrefix(args[0], "-") {
		name, args = args[0], args[1:]
	} else if len(args) > 0 && (args[0] == "-version" || args[0] == "--version") {
		name, args = "version", args[1:]
	}
	f, ok := commands[name]
	if !ok {
		fmt.Fprintf(stderr, "lab: there is no command %q; lab help lists them\n", name)
		return exitUsage
	}
	code, err := f(ctx, c, args)
	switch {
	case errors.Is(err, errHelp):
		return exitOK
	case err != nil:
		// One line, whatever is in it.
		fmt.Fprintln(stderr, "lab:", strings.Join(strings.Fields(err.Error()), " "))
		return max(code, exitFailed)
	}
	return code
}

func help(_ context.Context, c *console, _ []string) (int, error) {
	fmt.Fprint(c.stdout, `Handshake Lab: take a TCP handshake into your own hands.

  lab [serve] [flags]       the server; lab serve -h lists its flags
  lab check [-json] [DIR]   what is wrong in a folder of lessons, at file:line:col, with the line and a caret; lab check -codes prints
                            the table of what can be wrong, with an example of each
  lab new lesson NAME       a lesson to start from, in the folder that -lessons says or in this one
  lab run [flags] FILE      a scenario without a browser; - is standard input
  lab run FILE.pkt          a packetdrill script; lab run DIR runs all below a folder
  lab run FILE.pcap         a capture, pcap or pcapng: the first segment that the model would not have sent is marked. Ends with 0 if
                            there is none, 1 if there is, 2 if the capture cannot be read, 3 if it does what the model cannot
  lab profiles              in what the RFC and Linux differ, with the rule and a scenario for each
  lab search [flags] WHAT   the shortest run in which a protocol goes wrong; WHAT is a scenario of socket calls, or the protection
                            that is missing: two-way-handshake, no-time-wait, ... Ends with 0 if it found one, 1 if nothing
                            goes wrong within the limits, 2 if it could not search, 130 if it was cancelled
  lab setup-link [NAME]     a link to make the account of an admin, or a new password for NAME; of a running lab on this machine, or of
                            the store that the flags say
  lab export > FILE         all that is kept, as lines of JSON: of a running lab on this machine, or of the store that the flags say
  lab import < FILE         the way back, into an empty store, or with -merge into one that has something
  lab erase ID              removes a learner from everything
  lab healthcheck [flags]   asks a running server whether it is well
  lab version
`)
	return exitOK, nil
}
