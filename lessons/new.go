package lessons

import (
	_ "embed"
	"fmt"
	"io/fs"
	"path"
	"strconv"
	"strings"
	"unicode"
)

//go:embed template.md
var template string

// NewLesson returns the name and the text of a lesson to start from, which has no fault. It stands behind all lessons of the folder.
// The name is a slug, "window-scale", or words that become one, "Window scale"; the title is made of it when it is "".
func NewLesson(fsys fs.FS, name, title string) (file, text string, err error) {
	slug := slugOf(name)
	if slug == "" {
		return "", "", fmt.Errorf("%q has no letter for a name: write it like window-scale", name)
	}
	if title == "" {
		title = upperFirst(strings.ReplaceAll(slug, "-", " "))
		if slug != name {
			title = strings.Join(strings.Fields(name), " ")
		}
	}
	entries, err := fs.ReadDir(fsys, ".")
	if err != nil {
		return "", "", fmt.Errorf("reading the lessons folder: %w", err)
	}
	last := 0
	for _, e := range entries {
		m := numbered.FindStringSubmatch(e.Name())
		if e.IsDir() || m == nil {
			continue
		}
		if m[1] == slug {
			return "", "", fmt.Errorf("%s is the lesson %s already", e.Name(), slug)
		}
		number, _, _ := strings.Cut(e.Name(), "-")
		if n, err := strconv.Atoi(number); err == nil && n < 1_000_000-10 {
			last = max(last, n)
		}
		// The number of a file and the order in it need not be the same.
		if d := (&shelf{fsys: fsys}).open(fileName{genre: lessonGenre, file: e.Name()}, nil); d.readable {
			if at, _, ok := cutMeta(d.text); ok {
				last = max(last, min(d.readMeta(at, genres[lessonGenre].keys, genres[lessonGenre].needed).order, 1_000_000-10))
			}
		}
	}
	order := last/10*10 + 10
	quoted := title
	if strings.ContainsAny(title, "`:#\"'[]{},&*!|>%@\\") || title != strings.TrimSpace(title) || !unicode.IsLetter([]rune(title)[0]) {
		quoted = "'" + strings.ReplaceAll(title, "'", "''") + "'"
	}
	text = strings.NewReplacer("title: TITLE", "title: "+quoted, "TITLE", title, "ORDER", strconv.Itoa(order)).Replace(template)
	return path.Clean(fmt.Sprintf("%d-%s.md", order, slug)), text, nil
}

// slugOf turns words into the name that they have in URLs.
func slugOf(words string) string {
	var b strings.Builder
	for _, r := range strings.ToLower(words) {
		switch {
		case 'a' <= r && r <= 'z', '0' <= r && r <= '9':
			b.WriteRune(r)
		case b.Len() > 0 && !strings.HasSuffix(b.String(), "-"):
			b.WriteByte('-')
		}
	}
	slug := strings.TrimSuffix(b.String(), "-")
	if !strings.ContainsFunc(slug, unicode.IsLetter) {
		return ""
	}
	return slug
}
