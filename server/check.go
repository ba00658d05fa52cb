package main

import (
	"bufio"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/handshakelab/lab/engine/diag"
	"github.com/handshakelab/lab/lessons"
)

// countLessons counts the lessons of a folder, the broken ones too. A translation is no lesson of its own, nor is what stands beside the course.
func countLessons(course *lessons.Course) int {
	n := len(course.Lessons)
	for _, file := range course.Broken {
		if !strings.Contains(file, "/") && lessons.Original(file) == file {
			n++
		}
	}
	return n
}

// check tells everything that is wrong in a folder of lessons.
func check(_ context.Context, c *console, args []string) (int, error) {
	flags := flag.NewFlagSet("lab check", flag.ContinueOnError)
	asJSON := flags.Bool("json", false, "print a list of diagnostics as JSON, for editors")
	codes := flags.Bool("codes", false, "print the table of all codes, with an example of each, in markdown")
	folder := flags.String("lessons", "", "`folder` of lessons; the built-in course when there is none")
	if err := c.parse(flags, args, false); err != nil {
		return exitUsage, err
	}
	if *codes {
		_, err := io.WriteString(c.stdout, lessons.CodeTable())
		return exitOK, err
	}
	switch {
	case flags.NArg() > 1:
		return exitUsage, fmt.Errorf("check takes one folder, but was given %d", flags.NArg())
	case flags.NArg() == 1:
		*folder = flags.Arg(0)
	}
	course, where := lessons.Builtin(), "the built-in course"
	if *folder != "" {
		root, err := openFolder(*folder)
		if err != nil {
			return exitUsage, err
		}
		course, where = root.FS(), *folder
	}
	loaded, err := lessons.Load(course)
	if err != nil {
		return exitUsage, err
	}
	list := loaded.Diagnostics
	errs := len(list.Errors())
	if *asJSON {
		err = printFaultList(c.stdout, list, *folder)
	} else {
		err = printFaults(c.stdout, list, course, *folder, isTerminal(c.stdout) && c.env["NO_COLOR"] == "")
		fmt.Fprintf(c.stderr, "%s: %s, %s, %s\n", where, amount(countLessons(loaded), "lesson"), amount(errs, "error"), amount(len(list)-errs, "warning"))
	}
	switch {
	case err != nil:
		return exitFailed, fmt.Errorf("cannot write the result: %w", err)
	case errs > 0:
		return exitFailed, nil
	}
	return exitOK, nil
}

func printFaultList(w io.Writer, list diag.List, folder string) error {
	out := make(diag.List, 0, len(list)) // [] and not null
	for _, d := range list {
		d.File = filepath.Join(folder, d.File)
		out = append(out, d)
	}
	return json.NewEncoder(w).Encode(out)
}

// printFaults prints each fault with the line that it is about:
//
//	20-isn.md:25:8: error unknown-call: there is no call conect
//	   25 | client conect
//	      |        ^^^^^^ did you mean connect?
func printFaults(w io.Writer, list diag.List, course fs.FS, folder string, colours bool) error {
	paint := func(colour, s string) string {
		if !colours || s == "" {
			return s
		}
		return "\x1b[" + colour + "m" + s + "\x1b[m"
	}
	const bold, red, yellow, blue = "1", "1;31", "1;33", "34"
	out := bufio.NewWriter(w)
	texts := map[string]string{}
	for _, d := range list {
		text, read := texts[d.File]
		if !read {
			// Of a file that cannot be read the fault itself says why.
			b, err := fs.ReadFile(course, d.File)
			if err == nil {
				text = string(b)
			}
			texts[d.File] = text
		}
		colour := yellow
		if d.Severity == diag.Error {
			colour = red
		}
		place := ""
		if d.File != "" {
			place = fmt.Sprintf("%s:%d:%d: ", filepath.Join(folder, d.File), max(d.Line, 1), max(d.Col, 1))
		}
		fmt.Fprintf(out, "%s%s %s\n", paint(bold, place), paint(colour, string(d.Severity)+" "+d.Code+":"), d.Message)
		line, carets := d.Excerpt(text)
		number := strconv.Itoa(d.Line)
		margin := strings.Repeat(" ", len(number))
		switch {
		case carets != "":
			fmt.Fprintf(out, "  %s %s\n", paint(blue, number+" |"), line)
			fmt.Fprintln(out, strings.TrimRight("  "+paint(blue, margin+" |")+" "+paint(colour, carets)+" "+d.Hint, " "))
		case d.Hint != "":
			fmt.Fprintf(out, "  %s\n", d.Hint)
		}
	}
	return out.Flush()
}

// isTerminal reports whether somebody reads what is written.
func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	st, err := f.Stat()
	return err == nil && st.Mode()&os.ModeCharDevice != 0
}
