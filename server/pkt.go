package main

import (
	"bufio"
	"cmp"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/handshakelab/lab/engine/packetdrill"
	"github.com/handshakelab/lab/engine/wire"
)

// scriptSuffix is how the name of a packetdrill script ends.
const scriptSuffix = ".pkt"

// maxScripts is how many scripts of one folder are run.
const maxScripts = 10000

// runScript runs one packetdrill script and prints the segments that were on the wire.
func (c *console) runScript(name string) (int, error) {
	text, err := c.read(&name)
	if err != nil {
		return exitUsage, err
	}
	script, faults := packetdrill.Parse(name, string(text))
	if len(faults) > 0 {
		c.complain(name, faults)
		return exitFailed, nil
	}
	r := packetdrill.Run(script)
	out := bufio.NewWriter(c.stdout)
	dump := wire.Dump{}
	for _, s := range r.Segments {
		fmt.Fprintln(out, dump.Line(int64(s.At), s.Seg))
	}
	fmt.Fprint(out, r.Output)
	if err := out.Flush(); err != nil {
		return exitFailed, fmt.Errorf("cannot write the result: %w", err)
	}
	c.complain(name, r.Faults)
	fmt.Fprint(c.stderr, r.Detail)
	switch r.Outcome {
	case packetdrill.Pass:
		return exitOK, nil
	case packetdrill.Unsupported:
		return exitUnsupported, nil
	default:
		return exitFailed, nil
	}
}

// runScripts runs all packetdrill scripts below a folder and prints a table of what came of them.
func (c *console) runScripts(dir string) (int, error) {
	var names []string
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.Type().IsRegular() && strings.HasSuffix(path, scriptSuffix) {
			names = append(names, path)
		}
		if len(names) > maxScripts {
			return fmt.Errorf("it has more than %d scripts", maxScripts)
		}
		return nil
	})
	switch {
	case err != nil:
		return exitUsage, fmt.Errorf("%s cannot be read: %w", dir, reason(err))
	case len(names) == 0:
		return exitUsage, fmt.Errorf("there is no packetdrill script (*%s) below %s", scriptSuffix, dir)
	}
	out := bufio.NewWriter(c.stdout)
	var passed, failed, skipped int
	for _, name := range names {
		row, because, detail := "FAIL", "", ""
		path := name
		if text, err := c.read(&path); err != nil {
			because = err.Error()
		} else if script, faults := packetdrill.Parse(name, string(text)); len(faults) > 0 {
			because = faults[0].String()
		} else {
			r := packetdrill.Run(script)
			row = map[packetdrill.Outcome]string{packetdrill.Pass: "ok", packetdrill.Fail: "FAIL", packetdrill.Unsupported: "skip"}[r.Outcome]
			if len(r.Faults) > 0 {
				because, detail = r.Faults[0].String(), r.Detail
			}
		}
		switch row {
		case "ok":
			passed++
		case "skip":
			skipped++
		default:
			failed++
		}
		// A fault begins with the name of the script.
		fmt.Fprintf(out, "%-4s  %s\n%s", row, cmp.Or(because, name), detail)
	}
	fmt.Fprintf(out, "%d passed, %d failed, %d skipped\n", passed, failed, skipped)
	if err := out.Flush(); err != nil {
		return exitFailed, fmt.Errorf("cannot write the result: %w", err)
	}
	if failed > 0 {
		return exitFailed, nil
	}
	return exitOK, nil
}

// isFolder reports whether name is a folder.
func isFolder(name string) bool {
	info, err := os.Stat(name)
	return err == nil && info.IsDir()
}
