package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/handshakelab/lab/lessons"
)

// newLesson writes a lesson to start from.
func newLesson(_ context.Context, c *console, args []string) (int, error) {
	if len(args) == 0 || args[0] != "lesson" {
		return exitUsage, errors.New("lab new makes a lesson: lab new lesson window-scale")
	}
	flags := flag.NewFlagSet("lab new lesson", flag.ContinueOnError)
	folder := flags.String("lessons", ".", "`folder` of lessons that it goes to")
	title := flags.String("title", "", "the `title`, when it is not the name")
	// Flags may stand behind the name, too: taken for words of it they would make a file of a strange name in another folder.
	var words []string
	for rest := args[1:]; ; rest = rest[1:] {
		if err := c.parse(flags, rest, false); err != nil {
			return exitUsage, err
		}
		if rest = flags.Args(); len(rest) == 0 {
			break
		}
		words = append(words, rest[0])
	}
	if len(words) == 0 {
		return exitUsage, errors.New("the lesson needs a name: lab new lesson window-scale")
	}
	// The first lesson of a folder makes the folder, but not those above it: a slip in a path should not leave a tree behind.
	if err := os.Mkdir(*folder, 0o755); err != nil && !errors.Is(err, fs.ErrExist) {
		return exitUsage, fmt.Errorf("the lessons folder %q cannot be made: %w", *folder, reason(err))
	}
	root, err := os.OpenRoot(*folder)
	if err != nil {
		return exitUsage, fmt.Errorf("the lessons folder %q cannot be opened: %w", *folder, reason(err))
	}
	defer root.Close()
	name, text, err := lessons.NewLesson(root.FS(), strings.Join(words, " "), *title)
	if err != nil {
		return exitUsage, err
	}
	// Never over a file of somebody's.
	f, err := root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return exitUsage, fmt.Errorf("%s cannot be written: %w", name, reason(err))
	}
	_, err = f.WriteString(text)
	if err := errors.Join(err, f.Close()); err != nil {
		return exitFailed, fmt.Errorf("%s cannot be written: %w", name, reason(err))
	}
	slug, _ := strings.CutSuffix(name[strings.IndexByte(name, '-')+1:], ".md")
	fmt.Fprintf(c.stdout, `Wrote %s, a lesson with a run, a question, a quiz and a challenge.

  lab serve -dev -lessons %s    and open lessons/%s: changes show at once
  lab check %s                  says what is wrong with it
`, filepath.Join(*folder, name), *folder, slug, *folder)
	return exitOK, nil
}
