package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"path/filepath"

	"github.com/handshakelab/lab/engine/diag"
	"github.com/handshakelab/lab/lessons"
)

// check tells everything that is wrong in a folder of lessons.
func check(_ context.Context, c *console, args []string) (int, error) {
	fs := flag.NewFlagSet("lab check", flag.ContinueOnError)
	asJSON := fs.Bool("json", false, "print a list of diagnostics as JSON")
	folder := fs.String("lessons", "", "`folder` of lessons; the built-in course when there is none")
	if err := c.parse(fs, args, false); err != nil {
		return exitUsage, err
	}
	switch {
	case fs.NArg() > 1:
		return exitUsage, fmt.Errorf("check takes one folder, but was given %d", fs.NArg())
	case fs.NArg() == 1:
		*folder = fs.Arg(0)
	}
	course, where := lessons.Builtin(), "the built-in course"
	if *folder != "" {
		var err error
		if course, err = openFolder(*folder); err != nil {
			return exitUsage, err
		}
		where = *folder
	}
	loaded, err := lessons.Load(course)
	if err != nil {
		return exitUsage, err
	}
	list := loaded.Diagnostics
	for i := range list {
		list[i].File = filepath.Join(*folder, list[i].File)
	}
	errs := len(list.Errors())
	if *asJSON {
		if list == nil {
			list = diag.List{} // [] and not null
		}
		if err := json.NewEncoder(c.stdout).Encode(list); err != nil {
			return exitFailed, err
		}
	} else {
		for _, d := range list {
			fmt.Fprintln(c.stdout, d)
		}
		fmt.Fprintf(c.stderr, "%s: %d lessons, %d errors, %d warnings\n", where, len(loaded.Lessons)+len(loaded.Broken), errs, len(list)-errs)
	}
	if errs > 0 {
		return exitFailed, nil
	}
	return exitOK, nil
}
