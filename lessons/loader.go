package lessons

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/handshakelab/lab/engine/diag"
)

// Load reads the lessons of a folder: its files *.md, apart from README.md, and those of the folders glossary, interview and author
// in it. It fails only when the folder cannot be read. What is wrong in a file is in the course's Diagnostics.
func Load(fsys fs.FS) (*Course, error) { return NewLoader(fsys).Load() }

// A Loader loads one folder again and again. A file that is as it was, and whatever it looks at too, is not parsed and run anew.
type Loader struct {
	fsys fs.FS
	only genre // of which files are parsed; anyGenre: all

	mu     sync.Mutex
	files  string            // names of all lessons and cards when the drafts were parsed: links resolve by them
	drafts map[string]*draft // as they were parsed, by file
	cache  runCache
}

// NewLoader returns a Loader for a folder.
func NewLoader(fsys fs.FS) *Loader { return &Loader{fsys: fsys, only: anyGenre} }

// Load is like the function Load.
func (l *Loader) Load() (*Course, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	shelf := &shelf{fsys: l.fsys, slugs: map[string]string{}}
	names, err := shelf.list()
	if err != nil {
		return nil, err
	}
	if len(names) == 0 {
		l.drafts = nil
		return &Course{Diagnostics: diag.List{{Severity: diag.Error, Code: "no-lessons", Message: "the folder has no lesson", Hint: "a lesson is a file such as 10-first.md"}}}, nil
	}
	var all strings.Builder
	for _, n := range names {
		fmt.Fprintln(&all, n.file)
	}
	if l.files != all.String() {
		l.files, l.drafts = all.String(), nil
	}

	drafts := make([]*draft, len(names))
	inParallel(len(names), func(i int) { drafts[i] = shelf.open(names[i], l.drafts[names[i].file]) })
	firstOf := map[string]string{}
	twice := map[*draft]string{}
	for _, d := range drafts {
		slug := d.lesson.Slug
		if d.of != "" {
			continue
		}
		if first := firstOf[slug]; slug != "" && first != "" {
			twice[d] = first
		} else if slug != "" {
			firstOf[slug] = d.file
			shelf.slugs[d.file] = slug
		}
	}
	byFile := map[string]*draft{}
	for _, d := range drafts {
		byFile[d.file] = d
		if slug := shelf.slugs[d.of]; slug != "" {
			shelf.slugs[d.file] = slug
		}
	}
	l.cache.turn()
	parse := func(translations bool) {
		inParallel(len(drafts), func(i int) {
			d := drafts[i]
			if d.parsed || !d.readable || translations != (d.of != "") || l.only != anyGenre && d.genre != l.only {
				return
			}
			d.shelf, d.cache = shelf, &l.cache
			if d.original = byFile[d.of]; d.original != nil {
				d.uses[d.of] = sum(d.original.raw)
			}
			d.parseSafely()
			d.original = nil // or each version would hold on to all before it
		})
	}
	parse(false)
	parse(true) // they are compared with their originals
	l.drafts = map[string]*draft{}
	for i, d := range drafts {
		d.parsed = true
		l.drafts[d.file] = d
		drafts[i] = d.fresh()
		if first, is := twice[d]; is {
			drafts[i].add("slug-twice", 0, 0, "rename one of them", "%s already is the lesson %s", first, d.lesson.Slug)
		}
	}
	shelf.crossCheck(drafts)
	shelf.checkCards(drafts)
	return newCourse(drafts), nil
}

// Draft reads a lesson that somebody is still writing, as if the text stood in the folder under the given name, among the other
// files as the last Load found them. The course has the lesson unless there is an error in it. The folder is not touched, and the
// loader stays as it was. At the end of ctx Draft gives up, between one block and the next.
func (l *Loader) Draft(ctx context.Context, file string, text []byte) (*Course, error) {
	l.mu.Lock()
	loaded := l.drafts
	l.mu.Unlock()
	shelf := &shelf{fsys: l.fsys, slugs: map[string]string{}, texts: map[string][]byte{file: text}}
	var drafts []*draft
	firstOf := map[string]string{}
	for _, name := range mapKeys(loaded) {
		if d := loaded[name]; name != file {
			drafts = append(drafts, d.fresh())
			if slug := d.lesson.Slug; slug != "" && firstOf[slug] == "" {
				firstOf[slug] = name
				shelf.slugs[name] = slug
			}
		}
	}
	// It is the last one: where two files contradict each other, the one that is being written hears of it.
	d := shelf.open(fileName{genre: lessonGenre, file: file}, nil)
	d.shelf, d.ctx = shelf, ctx
	switch first := firstOf[d.lesson.Slug]; {
	case d.lesson.Slug == "":
	case first != "":
		d.add("slug-twice", 0, 0, "rename one of them", "%s already is the lesson %s", first, d.lesson.Slug)
	default:
		shelf.slugs[file] = d.lesson.Slug
	}
	if d.readable {
		d.parseSafely()
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	drafts = append(drafts, d)
	shelf.crossCheck(drafts)
	shelf.checkCards(drafts)
	return newCourse(drafts), nil
}

// newCourse sorts checked drafts into a course.
func newCourse(drafts []*draft) *Course {
	c := &Course{}
	translations := map[string][]*Lesson{} // by the file of the original
	for _, d := range drafts {
		d.list.Sort()
		broken := len(d.list.Errors()) > 0
		if more := len(d.list) - maxFaults; more > 0 {
			last := d.list[maxFaults]
			d.list = append(d.list[:maxFaults:maxFaults], diag.Diagnostic{File: d.file, Line: last.Line, Col: last.Col, EndCol: last.Col,
				Severity: last.Severity, Code: "too-many-faults", Message: fmt.Sprintf("from here on there are %d more", more)})
		}
		c.Diagnostics = append(c.Diagnostics, d.list...)
		if broken {
			c.Broken = append(c.Broken, d.file)
			continue
		}
		switch d.genre {
		case lessonGenre:
			if d.of != "" {
				translations[d.of] = append(translations[d.of], d.lesson)
				continue
			}
			c.Lessons = append(c.Lessons, d.lesson)
		case questionGenre:
			c.Interview = append(c.Interview, d.lesson)
		case guideGenre:
			c.Guides = append(c.Guides, d.lesson)
		case cardGenre:
			c.Glossary = append(c.Glossary, d.card)
		}
	}
	for _, l := range c.Lessons {
		l.Translations = translations[l.File]
	}
	c.Lessons, c.Interview, c.Guides = chain(c.Lessons), chain(c.Interview), chain(c.Guides)
	c.fileCards()
	return c
}

// inParallel calls f with the numbers from 0 to n-1, on as many processors as there are.
func inParallel(n int, f func(i int)) {
	var next atomic.Int64
	var wg sync.WaitGroup
	for range min(n, runtime.GOMAXPROCS(0)) {
		wg.Go(func() {
			for {
				i := int(next.Add(1)) - 1
				if i >= n {
					return
				}
				f(i)
			}
		})
	}
	wg.Wait()
}

// A fileName is the name of a file that the loader reads.
type fileName struct {
	genre genre
	file  string // from the lessons' folder on

	of, lang string // of a translation: the file of its original, and its language
	orphan   bool   // there is no such file
}

// list returns the names of the files to read: the lessons, and when there is one, what stands beside them.
func (s *shelf) list() (names []fileName, err error) {
	for g := range genre(len(genres)) {
		entries, err := fs.ReadDir(s.fsys, genres[g].folder)
		switch {
		case err != nil && g != lessonGenre && errors.Is(err, fs.ErrNotExist):
			continue
		case err != nil:
			return nil, fmt.Errorf("reading the lessons folder: %w", err)
		}
		for _, e := range entries {
			if !e.IsDir() && path.Ext(e.Name()) == ".md" && e.Name() != "README.md" {
				names = append(names, newFileName(g, e.Name()))
			}
		}
		if g == lessonGenre && len(names) == 0 {
			return nil, nil
		}
	}
	for i, n := range names {
		names[i].orphan = n.of != "" && !slices.ContainsFunc(names, func(o fileName) bool { return o.file == n.of && o.of == "" })
	}
	return names, nil
}

// newFileName is the name of a file in the folder of a genre. Only lessons have translations.
func newFileName(g genre, name string) fileName {
	n := fileName{genre: g, file: path.Join(genres[g].folder, name)}
	if m := translatedName.FindStringSubmatch(name); m != nil && g == lessonGenre {
		n.of, n.lang = m[1]+".md", m[2]
	}
	return n
}

// open reads a file without looking into it. It returns old, an earlier draft of the file or nil, when nothing has changed.
func (s *shelf) open(name fileName, old *draft) *draft {
	d := &draft{genre: name.genre, lesson: &Lesson{}, uses: map[string]string{}}
	if d.genre == cardGenre {
		d.card = &Card{}
		d.lesson = &d.card.Lesson
	}
	d.lesson.File, d.lesson.Lang = name.file, "en"
	d.faults = faults{source: newSource(name.file, nil)}
	slug := numbered.FindStringSubmatch(path.Base(cmp.Or(name.of, name.file)))[1]
	if name.of != "" {
		d.of, d.lesson.Lang = name.of, name.lang
		d.checkName(name.orphan)
	}
	if slugForm.MatchString(slug) {
		d.lesson.Slug = path.Join(genres[d.genre].folder, slug)
	} else if d.of == "" {
		d.add("file-name", 0, 0, "name it like 70-lost-segments.md", "%q cannot be part of a URL", slug)
	}
	raw, err := s.read(name.file, maxFile)
	switch {
	case errors.Is(err, errTooLarge):
		d.add("too-large", 0, 0, "split the lesson", "the file has more than %d bytes", maxFile)
		return d
	case err != nil:
		d.add("unreadable", 0, 0, "", "%s", err)
		return d
	}
	if old != nil && old.readable && bytes.Equal(old.raw, raw) && s.unchanged(old.uses) {
		return old
	}
	// Neither changes a line or a column.
	text := bytes.ReplaceAll(bytes.TrimPrefix(raw, []byte("\ufeff")), []byte("\r\n"), []byte("\n"))
	d.raw, d.source = raw, newSource(name.file, text)
	d.readable = d.checkText() && d.bounded()
	return d
}

var errTooLarge = errors.New("the file is too large")

// read reads a file of at most so many bytes.
func (s *shelf) read(name string, most int64) ([]byte, error) {
	if text, ok := s.texts[name]; ok {
		if int64(len(text)) > most {
			return nil, errTooLarge
		}
		return text, nil
	}
	st, err := fs.Stat(s.fsys, name)
	if err == nil && st.Size() > most {
		return nil, errTooLarge
	}
	text, err := fs.ReadFile(s.fsys, name)
	if err == nil && int64(len(text)) > most { // it grew, or the file system does not know sizes
		return nil, errTooLarge
	}
	return text, err
}

// What a draft may have found when it looked for a file; otherwise it is a sum of the contents.
const (
	noFile  = "none"
	isThere = "there"
)

// has reports whether there is a file with this name, and remembers that the lesson depends on it.
func (d *draft) has(name string) bool {
	there := d.shelf.has(name)
	d.uses[name] = noFile
	if there {
		d.uses[name] = isThere
	}
	return there
}

// read reads a file beside the lesson, and remembers that the lesson depends on its contents.
func (d *draft) read(name string, most int64) ([]byte, error) {
	text, err := d.shelf.read(name, most)
	d.uses[name] = sum(text)
	return text, err
}

func sum(text []byte) string {
	h := sha256.Sum256(text)
	return hex.EncodeToString(h[:12])
}

// unchanged reports whether files are as a draft found them.
func (s *shelf) unchanged(uses map[string]string) bool {
	for name, was := range uses {
		switch {
		case was == noFile || was == isThere:
			if s.has(name) != (was == isThere) {
				return false
			}
		default:
			text, err := fs.ReadFile(s.fsys, name)
			if err != nil || sum(text) != was {
				return false
			}
		}
	}
	return true
}

// version is a text that is another one when the file, or one that it shows, is.
func (d *draft) version() string {
	h := sha256.New()
	h.Write(d.raw)
	for _, name := range mapKeys(d.uses) {
		fmt.Fprintf(h, "\x00%s\x00%s", name, d.uses[name])
	}
	return hex.EncodeToString(h.Sum(nil)[:12])
}

// parseSafely is parse. The parser of markdown is not ours: a panic in it becomes an error of this file, and the others are served.
func (d *draft) parseSafely() {
	defer func() {
		if p := recover(); p != nil {
			d.add("unreadable", 0, 0, "please report it, with the file", "the file makes the lab fail: %v", p)
		}
	}()
	d.parse()
	d.lesson.Version = d.version()
}

// fresh returns a copy of a parsed draft, to which the checks against the other files can add.
func (d *draft) fresh() *draft {
	own := *d
	own.list = slices.Clone(d.list)
	if d.card != nil {
		card := *d.card
		own.card, own.lesson = &card, &card.Lesson
	} else {
		lesson := *d.lesson
		own.lesson = &lesson
	}
	return &own
}
