// Package static holds the browser's side of the lab as it lies on disk, and serves it: every file once in memory, with its
// gzip copy, type and entity tag ready, under a path that carries a hash of all of them. Nothing is read, minified, compressed
// or hashed while a request waits.
package static

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/tdewolff/minify/v2"
	"github.com/tdewolff/minify/v2/css"
	"github.com/tdewolff/minify/v2/js"
)

//go:embed css fonts js vendor icon.svg icons.svg
var embedded embed.FS

// Embedded returns the files that were built into the binary.
func Embedded() fs.FS { return embedded }

// Cache-Control values.
const (
	Immutable = "public, max-age=31536000, immutable" // the address changes with the contents
	Ask       = "no-cache"                            // may be stored; ask by entity tag before each use
	Never     = "no-store"
)

// A File is an answer that is ready to be sent: contents, the gzip copy if it is worth it, and the headers.
type File struct {
	plain, zipped     body
	kind, cache, vary []string
	lang              []string
	size              int // of the contents
}

type body struct {
	data   []byte
	tag    string
	tags   []string
	length []string
}

var (
	varyEncoding = []string{"Accept-Encoding"}
	gzipEncoding = []string{"gzip"}
)

// NewFile returns a File of the given media type. It compresses and hashes, so it belongs where things are loaded.
func NewFile(kind, cache string, data []byte) *File {
	sum := sha256.Sum256(data)
	tag := hex.EncodeToString(sum[:8])
	f := &File{kind: []string{kind}, cache: []string{cache}, plain: newBody(data, `"`+tag+`"`), size: len(data)}
	if zipped := compress(data); compressible(kind) && len(zipped) < len(data) {
		f.zipped = newBody(zipped, `"`+tag+`-gzip"`)
		f.vary = varyEncoding
		// Hardly anybody asks for the plain one, and all of them together would be most of what the program has in memory.
		f.plain.data = nil
	}
	return f
}

// Varies says that other files are served at the same address, depending on request headers.
func (f *File) Varies(headers ...string) *File {
	f.vary = []string{strings.Join(append(slices.Clone(f.vary), headers...), ", ")}
	return f
}

// In says which language the contents are in.
func (f *File) In(lang string) *File {
	f.lang = []string{lang}
	return f
}

func newBody(data []byte, tag string) body {
	if cap(data) > len(data)+len(data)/8 {
		data = bytes.Clone(data) // a buffer that has grown has up to twice of what it needs, and a body stays
	}
	return body{data: data, tag: tag, tags: []string{tag}, length: []string{strconv.Itoa(len(data))}}
}

// zippers are used again: a new one takes longer to make than a page to compress.
var zippers = sync.Pool{New: func() any {
	w, err := gzip.NewWriterLevel(nil, gzip.BestCompression)
	if err != nil {
		panic(err) // the level is a constant
	}
	return w
}}

func compress(data []byte) []byte {
	var b bytes.Buffer
	w := zippers.Get().(*gzip.Writer)
	defer zippers.Put(w)
	w.Reset(&b)
	// A bytes.Buffer does not fail.
	_, _ = w.Write(data)
	_ = w.Close()
	return b.Bytes()
}

func compressible(kind string) bool {
	return strings.HasPrefix(kind, "text/") || strings.HasPrefix(kind, "application/json") || strings.HasPrefix(kind, "image/svg")
}

// Bytes returns the contents, which the caller must not change.
func (f *File) Bytes() []byte {
	if f.zipped.data == nil {
		return f.plain.data
	}
	z, err := gzip.NewReader(bytes.NewReader(f.zipped.data))
	if err != nil {
		panic(err) // we have compressed it ourselves
	}
	var b bytes.Buffer
	b.Grow(f.size + bytes.MinRead)
	if _, err := b.ReadFrom(z); err != nil {
		panic(err)
	}
	return b.Bytes()
}

// ServeHTTP answers a GET or HEAD with 200, 304, 206 or 416.
func (f *File) ServeHTTP(w http.ResponseWriter, r *http.Request) { f.Serve(w, r, http.StatusOK) }

// Serve answers with the given status. Only answers with status 200 can become 304 or 206.
func (f *File) Serve(w http.ResponseWriter, r *http.Request, status int) {
	h := w.Header()
	h["Content-Type"], h["Cache-Control"] = f.kind, f.cache
	b := &f.plain
	if f.vary != nil {
		h["Vary"] = f.vary
	}
	if f.lang != nil {
		h["Content-Language"] = f.lang
	}
	if f.zipped.data != nil {
		if AcceptsGzip(r.Header["Accept-Encoding"]) {
			b = &f.zipped
			h["Content-Encoding"] = gzipEncoding
		}
	}
	if status == http.StatusOK {
		h["Etag"] = b.tags
		// A range of a compressed body is of no use to anybody, so only the plain one has them.
		if b == &f.plain && r.Header["Range"] != nil {
			http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(f.Bytes()))
			return
		}
		if Matches(r.Header["If-None-Match"], b.tag) {
			delete(h, "Content-Type")
			delete(h, "Content-Encoding")
			w.WriteHeader(http.StatusNotModified)
			return
		}
	}
	h["Content-Length"] = b.length
	w.WriteHeader(status)
	if r.Method != http.MethodHead {
		// Only the client can be the cause of an error here, and it is gone then.
		data := b.data
		if b == &f.plain {
			data = f.Bytes()
		}
		_, _ = w.Write(data)
	}
}

// Matches reports whether one of the entity tags in the If-None-Match header lines is tag, compared weakly
// (RFC 9110 section 13.1.2).
func Matches(lines []string, tag string) bool {
	for _, line := range lines {
		for t := range strings.SplitSeq(line, ",") {
			t = strings.TrimSpace(t)
			if t == "*" || strings.TrimPrefix(t, "W/") == tag {
				return true
			}
		}
	}
	return false
}

// AcceptsGzip reports whether the Accept-Encoding header lines allow gzip (RFC 9110 section 12.5.3). What cannot be read
// counts as a no: the plain body is right for everybody.
func AcceptsGzip(lines []string) bool {
	named, any := -1.0, -1.0
	for _, line := range lines {
		for item := range strings.SplitSeq(line, ",") {
			name, params, _ := strings.Cut(item, ";")
			q := 1.0
			if params != "" {
				key, value, _ := strings.Cut(strings.TrimSpace(params), "=")
				v, err := strconv.ParseFloat(value, 64)
				if !strings.EqualFold(key, "q") || err != nil || !(v >= 0 && v <= 1) {
					q = 0
				} else {
					q = v
				}
			}
			switch name = strings.TrimSpace(name); {
			case strings.EqualFold(name, "gzip"), strings.EqualFold(name, "x-gzip"):
				named = q
			case name == "*":
				any = q
			}
		}
	}
	if named >= 0 {
		return named > 0
	}
	return any > 0
}

// Assets are the files of the browser's side under their addresses.
type Assets struct {
	prefix  string // "/lab/static/0123456789ab/"
	files   map[string]*File
	imports map[string][]string // modules by module
	dev     fs.FS               // when not nil, files are read anew for each request
}

// Stylesheets are the style sheets of every page in the order in which they count; tokens.css names the layers, so it comes
// first. A browser gets them as one, Sheet.
var Stylesheets = []string{"tokens", "base", "layout", "lesson", "ladder", "sim", "print"}

// Sheet is the name of the file that has all of Stylesheets. It does not lie on disk.
const Sheet = "css/site.css"

// minifiers take out of a module or a style sheet what only its authors read. Of a module only the names inside of functions
// are shortened, so that a stack trace still says something.
var minifiers = func() *minify.M {
	m := minify.New()
	m.Add("text/javascript", &js.Minifier{Version: 2022})
	m.Add("text/css", &css.Minifier{})
	return m
}()

// New loads all files of fsys. Addresses begin with base, which has a slash at both ends. Modules and style sheets are served
// minified and, where every page needs them, joined. With dev, files are as they lie on disk: they are read when they are asked for, and no browser may keep them.
func New(base string, fsys fs.FS, dev bool) (*Assets, error) {
	a := &Assets{files: map[string]*File{}, imports: map[string][]string{}}
	if dev {
		a.dev, a.prefix = fsys, base+"static/dev/"
		return a, nil
	}
	sum := sha256.New()
	sources := map[string][]byte{}
	err := fs.WalkDir(fsys, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !served(name) {
			return err
		}
		data, err := fs.ReadFile(fsys, name)
		if err != nil {
			return err
		}
		// Lengths keep ("a", "bc") and ("ab", "c") apart.
		fmt.Fprintf(sum, "%d %s %d ", len(name), name, len(data))
		sum.Write(data)
		sources[name] = data
		return nil
	})
	if err == nil {
		err = a.join(sources)
	}
	for name, data := range sources {
		err = cmp.Or(err, a.add(name, data))
	}
	if err != nil {
		return nil, fmt.Errorf("static: %w", err)
	}
	a.prefix = base + "static/" + hex.EncodeToString(sum.Sum(nil))[:12] + "/"
	return a, nil
}

// join adds to the files those that are made of several, and lets modules import from them.
func (a *Assets) join(sources map[string][]byte) error {
	var all []byte
	for _, name := range Stylesheets {
		all = append(append(all, sources["css/"+name+".css"]...), '\n')
	}
	p, err := pack(sources, packEntry)
	if err != nil {
		return err
	}
	for name, data := range sources {
		if _, packed := p.index[name]; packed {
			delete(sources, name)
			continue
		}
		if path.Ext(name) != ".js" {
			continue
		}
		if sources[name], err = p.outside(name, data); err != nil {
			return err
		}
	}
	sources[Sheet], sources[Pack] = all, p.out.Bytes()
	return nil
}

// Add serves a file that does not lie on disk.
func (a *Assets) Add(name string, data []byte) error { return a.add(name, data) }

// add makes a file ready. What a module imports is read from its source, which is more regular than what is made of it.
func (a *Assets) add(name string, data []byte) error {
	kind := kindOf(name)
	if path.Ext(name) == ".js" {
		a.imports[name] = importsOf(name, data)
	}
	small, err := minifiers.Bytes(strings.TrimSuffix(kind, "; charset=utf-8"), data)
	switch {
	case err == nil:
		data = small
	case !errors.Is(err, minify.ErrNotExist): // no minifier for the kind
		return fmt.Errorf("%s: %w", name, err)
	}
	a.files[name] = NewFile(kind, Immutable, data)
	return nil
}

// served says which files a browser may ask for: neither this package's source nor what only the type checker reads.
func served(name string) bool {
	return !strings.HasSuffix(name, ".go") && !strings.HasSuffix(name, ".d.ts") && name != "package.json" &&
		!strings.HasPrefix(path.Base(name), ".")
}

// kindOf does not ask the operating system, whose tables differ.
func kindOf(name string) string {
	switch ext := path.Ext(name); ext {
	case ".js", ".mjs":
		return "text/javascript; charset=utf-8"
	case ".css":
		return "text/css; charset=utf-8"
	case ".svg":
		return "image/svg+xml"
	case ".woff2":
		return "font/woff2"
	case ".json":
		return "application/json"
	case ".txt", ".md":
		return "text/plain; charset=utf-8"
	case ".ico":
		return "image/x-icon"
	case ".png":
		return "image/png"
	default:
		return cmp.Or(mime.TypeByExtension(ext), "application/octet-stream")
	}
}

// Prefix returns the path under which the files are served, "/static/0123456789ab/".
func (a *Assets) Prefix() string { return a.prefix }

// URL returns the address of the named file, "js/app.js".
func (a *Assets) URL(name string) string { return a.prefix + name }

// File returns the named file, or nil when there is none.
func (a *Assets) File(name string) *File {
	if f := a.files[name]; f != nil || a.dev == nil {
		return f
	}
	if !fs.ValidPath(name) || !served(name) {
		return nil
	}
	parts := []string{name}
	if name == Sheet {
		parts = nil
		for _, sheet := range Stylesheets {
			parts = append(parts, "css/"+sheet+".css")
		}
	}
	var all []byte
	for _, part := range parts {
		data, err := fs.ReadFile(a.dev, part)
		if err != nil {
			return nil
		}
		all = append(append(all, data...), '\n')
	}
	data := all[:len(all)-1]
	return NewFile(kindOf(name), Never, data)
}

// imports finds the static imports and re-exports of a module. Modules here write each of them at the start of a line.
var imports = regexp.MustCompile(`(?m)^(?:import|export)\b[^'"();]*['"](\.{1,2}/[^'"]+)['"]|^import\s*['"](\.{1,2}/[^'"]+)['"]`)

func importsOf(name string, source []byte) (names []string) {
	for _, m := range imports.FindAllSubmatch(source, -1) {
		names = append(names, path.Join(path.Dir(name), string(m[1])+string(m[2])))
	}
	return names
}

// Modules returns the names of the given modules and of all that they import, each once, in the order in which a browser
// would come to them: the list to preload, so that a deep import costs no round trips.
func (a *Assets) Modules(entries ...string) ([]string, error) {
	var names []string
	var missing error
	var visit func(name, from string)
	visit = func(name, from string) {
		if slices.Contains(names, name) {
			return
		}
		f := a.File(name)
		if f == nil {
			missing = errors.Join(missing, fmt.Errorf("static: %s, imported by %s, does not exist", name, cmp.Or(from, "a page")))
			return
		}
		names = append(names, name)
		list := a.imports[name]
		if a.dev != nil {
			list = importsOf(name, f.Bytes())
		}
		for _, other := range list {
			visit(other, name)
		}
	}
	for _, name := range entries {
		visit(name, "")
	}
	return names, missing
}

// Sources returns the source of the modules that a lesson's page loads at once or when it is scrolled, and that of all other modules of ours, without
// the catalogues of messages.
func Sources(fsys fs.FS) (now, later []byte, err error) {
	a, err := New("/", fsys, true)
	if err != nil {
		return nil, nil, err
	}
	// What comes once it is near is seen in most lessons.
	first, err := a.Modules("js/app.js", "js/lesson.js", "js/sim/tcp-console.js")
	if err != nil {
		return nil, nil, err
	}
	err = fs.WalkDir(fsys, "js", func(name string, d fs.DirEntry, err error) error {
		base := path.Base(name)
		if err != nil || path.Ext(name) != ".js" || strings.HasPrefix(base, "catalog.") || strings.HasPrefix(base, "more.") {
			return err
		}
		data, err := fs.ReadFile(fsys, name)
		if slices.Contains(first, name) {
			now = append(now, data...)
		} else {
			later = append(later, data...)
		}
		return err
	})
	return now, later, err
}
