package static

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

func get(t *testing.T, f *File, header http.Header) *http.Response {
	t.Helper()
	r := httptest.NewRequest("GET", "/", nil)
	r.Header = header
	w := httptest.NewRecorder()
	f.ServeHTTP(w, r)
	return w.Result()
}

func contents(t *testing.T, resp *http.Response) string {
	t.Helper()
	var in io.Reader = resp.Body
	if resp.Header.Get("Content-Encoding") == "gzip" {
		var err error
		if in, err = gzip.NewReader(in); err != nil {
			t.Fatal(err)
		}
	}
	b, err := io.ReadAll(in)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestFile(t *testing.T) {
	text := strings.Repeat("all work and no play ", 100)
	f := NewFile("text/plain; charset=utf-8", Immutable, []byte(text))
	plain := get(t, f, http.Header{})
	zipped := get(t, f, http.Header{"Accept-Encoding": {"gzip"}})
	tag, zippedTag := plain.Header.Get("Etag"), zipped.Header.Get("Etag")
	for name, resp := range map[string]*http.Response{"plain": plain, "gzip": zipped} {
		if resp.StatusCode != 200 || resp.Header.Get("Vary") != "Accept-Encoding" || resp.Header.Get("Cache-Control") != Immutable {
			t.Errorf("%s: %d %v", name, resp.StatusCode, resp.Header)
		}
		if got := resp.Header.Get("Content-Length"); name == "plain" && got != fmt.Sprint(len(text)) {
			t.Errorf("%s: length %s", name, got)
		}
		if contents(t, resp) != text {
			t.Errorf("%s: another text", name)
		}
	}
	if zipped.Header.Get("Content-Encoding") != "gzip" || tag == zippedTag || tag == "" {
		t.Errorf("tags %s and %s, encoding %q", tag, zippedTag, zipped.Header.Get("Content-Encoding"))
	}

	for _, test := range []struct {
		name   string
		header http.Header
		status int
		body   string
	}{
		{"the same tag", http.Header{"If-None-Match": {tag}}, 304, ""},
		{"one of several tags", http.Header{"If-None-Match": {`"x", W/` + tag}}, 304, ""},
		{"any tag", http.Header{"If-None-Match": {"*"}}, 304, ""},
		{"the tag of the other encoding", http.Header{"If-None-Match": {zippedTag}}, 200, text},
		{"the same tag, compressed", http.Header{"If-None-Match": {zippedTag}, "Accept-Encoding": {"gzip"}}, 304, ""},
		{"no tag at all", http.Header{"If-None-Match": {"rubbish,,\"\x00"}}, 200, text},
		{"a date that is none", http.Header{"If-Modified-Since": {"yesterday"}}, 200, text},
		{"a range", http.Header{"Range": {"bytes=4-7"}}, 206, text[4:8]},
		{"a range past the end", http.Header{"Range": {"bytes=99999-"}}, 416, ""},
		{"a range that is none", http.Header{"Range": {"apples=1-2"}}, 416, ""},
		{"a range of the compressed body", http.Header{"Range": {"bytes=4-7"}, "Accept-Encoding": {"gzip"}}, 200, text},
	} {
		t.Run(test.name, func(t *testing.T) {
			resp := get(t, f, test.header)
			if resp.StatusCode != test.status {
				t.Errorf("status %d, want %d", resp.StatusCode, test.status)
			}
			if got := contents(t, resp); test.status != 416 && got != test.body {
				t.Errorf("%d bytes, want %d", len(got), len(test.body))
			}
		})
	}

	w := httptest.NewRecorder()
	f.ServeHTTP(w, httptest.NewRequest("HEAD", "/", nil))
	if w.Body.Len() != 0 || w.Header().Get("Content-Length") != fmt.Sprint(len(text)) {
		t.Errorf("HEAD: %d bytes, %v", w.Body.Len(), w.Header())
	}
	w = httptest.NewRecorder()
	r := httptest.NewRequest("GET", "/", nil)
	r.Header.Set("If-None-Match", "*")
	f.Serve(w, r, 404)
	if w.Code != 404 || w.Header().Get("Etag") != "" {
		t.Errorf("a page that says 404 became %d", w.Code)
	}
}

func TestAcceptsGzip(t *testing.T) {
	for header, want := range map[string]bool{
		"gzip": true, "GZIP": true, "x-gzip": true, "deflate, gzip;q=0.5, br": true, "br, *": true, "gzip ; q=1.000": true, "*;q=0, gzip": true,
		"": false, "br": false, "gzip;q=0": false, "gzip;q=0, *": false, "*;q=0": false, "identity": false, "gzip;q=2": false, "gzip;q=x": false,
		"gzip;level=1": false, "gzipped": false, ";,;": false, "gzip;q=NaN": false,
	} {
		if got := AcceptsGzip([]string{header}); got != want {
			t.Errorf("%q: %v, want %v", header, got, want)
		}
	}
	if !AcceptsGzip([]string{"br", "gzip"}) || AcceptsGzip(nil) {
		t.Error("several lines, or none, are not understood")
	}
}

// Whatever is asked, the body is what the headers say.
func FuzzFile(f *testing.F) {
	text := strings.Repeat("0123456789", 50)
	file := NewFile("text/plain", Ask, []byte(text))
	f.Add("gzip;q=0, br;q=2, *", "bytes=0-1", `"x"`)
	f.Add("gzip", "", "W/*")
	f.Fuzz(func(t *testing.T, accept, ranges, match string) {
		resp := get(t, file, http.Header{"Accept-Encoding": {accept}, "Range": {ranges}, "If-None-Match": {match}})
		switch resp.StatusCode {
		case 200:
			if contents(t, resp) != text {
				t.Error("another text")
			}
		case 206, 304, 416:
			if resp.Header.Get("Content-Encoding") != "" {
				t.Errorf("%d with an encoding", resp.StatusCode)
			}
		default:
			t.Errorf("status %d", resp.StatusCode)
		}
	})
}

func TestAssets(t *testing.T) {
	fsys := fstest.MapFS{
		"js/app.js":   {Data: []byte("import { a } from './lib/a.js'\nimport './b.js'\nexport * from \"../vendor/v.js\"\nimport {\n  x,\n  y,\n} from './lib/c.js'\nconst s = \"import './not.js'\"\n")},
		"js/b.js":     {Data: []byte("export const b = 1\n")},
		"js/lib/a.js": {Data: []byte("import { b } from '../b.js'\nawait import('./late.js')\n")},
		"js/lib/c.js": {Data: nil}, "js/x.d.ts": {Data: nil}, "vendor/v.js": {Data: nil}, "static.go": {Data: nil}, "package.json": {Data: nil},
		"css/panels/a.css": {Data: []byte("a { color: red }\n\nb { color: blue }")}, "fonts/f.woff2": {Data: []byte("x")}, "icon.svg": {Data: []byte("<svg/>")},
	}
	fsys["js/sim/tcp-sim.js"] = &fstest.MapFile{Data: []byte("export const sim = 1\n")}
	for i, name := range Stylesheets {
		fsys["css/"+name+".css"] = &fstest.MapFile{Data: fmt.Appendf(nil, "/* %s */\n.s%d { order: %d }\n", name, i, i)}
	}
	a, err := New("/lab/", fsys, false)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(a.Prefix(), "/lab/static/") || len(a.Prefix()) != len("/lab/static/0123456789ab/") || a.URL("css/panels/a.css") != a.Prefix()+"css/panels/a.css" {
		t.Errorf("the prefix is %s", a.Prefix())
	}
	for name, kind := range map[string]string{"js/app.js": "text/javascript; charset=utf-8", "css/panels/a.css": "text/css; charset=utf-8", Sheet: "text/css; charset=utf-8", "fonts/f.woff2": "font/woff2", "icon.svg": "image/svg+xml"} {
		f := a.File(name)
		if f == nil {
			t.Fatalf("%s is not there", name)
		}
		resp := get(t, f, http.Header{})
		if got := resp.Header.Get("Content-Type"); got != kind || resp.Header.Get("Cache-Control") != Immutable {
			t.Errorf("%s: %v", name, resp.Header)
		}
	}
	for _, name := range []string{"", ".", "js", "nope", "../static.go", "static.go", "package.json", "js/x.d.ts", "/js/app.js", "js//app.js", "js/../js/app.js"} {
		if a.File(name) != nil {
			t.Errorf("%q is served", name)
		}
	}
	// What is served has lost what only its authors read, and the sheets of every page are one.
	if got := string(a.File("css/panels/a.css").Bytes()); got != "a{color:red}b{color:blue}" {
		t.Errorf("a sheet is served as %q", got)
	}
	if got, want := string(a.File(Sheet).Bytes()), ".s0{order:0}.s1{order:1}.s2{order:2}.s3{order:3}.s4{order:4}.s5{order:5}.s6{order:6}"; got != want {
		t.Errorf("the sheet of every page is %q", got)
	}
	names, err := a.Modules("js/app.js")
	if want := []string{"js/app.js", "js/lib/a.js", "js/b.js", "vendor/v.js", "js/lib/c.js"}; err != nil || !slices.Equal(names, want) {
		t.Errorf("modules %v, %v, want %v", names, err, want)
	}

	fsys["js/b.js"] = &fstest.MapFile{Data: []byte("export const = 1\n")}
	if _, err := New("/lab/", fsys, false); err == nil || !strings.Contains(err.Error(), "js/b.js") {
		t.Errorf("a module that is none: %v", err)
	}
	fsys["js/b.js"] = &fstest.MapFile{Data: []byte("import './gone.js'\n")}
	b, err := New("/lab/", fsys, false)
	if err != nil {
		t.Fatal(err)
	}
	if a.Prefix() == b.Prefix() {
		t.Error("the address does not change with the contents")
	}
	if _, err := b.Modules("js/app.js"); err == nil || !strings.Contains(err.Error(), "js/gone.js, imported by js/b.js") {
		t.Errorf("a missing module: %v", err)
	}
}

// The pack does what its modules do, in their order, and others import from it what they imported from them.
func TestPack(t *testing.T) {
	sources := map[string][]byte{
		packEntry:             []byte("import { a, b as c } from './a.js';\nimport './b.js';\nexport class Sim {}\n"),
		"js/sim/a.js":         []byte("import { v } from '../../vendor/v.js';\nexport const a = 1;\nexport async function b() {\n  await v;\n}\n"),
		"js/sim/b.js":         []byte("import {\n  a,\n} from './a.js'\nawait a\n"),
		"vendor/v.js":         []byte("var x=1;export{x as v};\n"),
		"js/page.js":          []byte("import './sim/tcp-sim.js'\nimport { a } from './sim/a.js'\nimport { o } from './other.js'\n"),
		"js/sim/late/late.js": []byte("import { v } from '../../../vendor/v.js';\n"),
	}
	p, err := pack(sources, packEntry)
	if err != nil {
		t.Fatal(err)
	}
	want := `export const m0=(()=>{
var x=1;
return{v:x}})();
export const m1=(()=>{
const {v} = m0;
const a = 1;
async function b() {
  await v;
}

return{a:a,b:b}})();
export const m2=await(async()=>{
const {a} = m1;
await a

return{}})();
export const m3=(()=>{
const {a,b:c} = m1;

class Sim {}

return{Sim:Sim}})();
`
	if got := p.out.String(); got != want {
		t.Errorf("the pack is\n%s", got)
	}
	for name, want := range map[string]string{
		"js/page.js":          "import {m3,m1} from './sim/pack.js';\n\nconst {a} = m1;\nimport { o } from './other.js'\n",
		"js/sim/late/late.js": "import {m0} from '../pack.js';\nconst {v} = m0;\n",
	} {
		if got, err := p.outside(name, sources[name]); err != nil || string(got) != want {
			t.Errorf("%s becomes %q, %v", name, got, err)
		}
	}
	for what, change := range map[string][2]string{
		"js/sim/a.js imports w, which vendor/v.js does not export": {"js/sim/a.js", "import { w } from '../../vendor/v.js';\n"},
		"js/sim/tcp-sim.js and js/sim/a.js import each other":      {"js/sim/a.js", "import './tcp-sim.js';\n"},
		"js/sim/gone.js, imported by js/sim/a.js, does not exist":  {"js/sim/a.js", "import './gone.js';\n"},
		"js/sim/b.js imports a, which js/sim/a.js does not export": {"js/sim/a.js", ""},
	} {
		other := maps.Clone(sources)
		other[change[0]] = []byte(change[1])
		if _, err := pack(other, packEntry); err == nil || !strings.Contains(err.Error(), what) {
			t.Errorf("%q: %v", what, err)
		}
	}
}

// With -dev files are read when they are asked for, and nobody keeps them.
func TestDev(t *testing.T) {
	fsys := fstest.MapFS{"css/a.css": {Data: []byte("old")}, "static.go": {Data: nil}}
	for _, name := range Stylesheets {
		fsys["css/"+name+".css"] = &fstest.MapFile{Data: []byte("/* " + name + " */")}
	}
	a, err := New("/", fsys, true)
	if err != nil {
		t.Fatal(err)
	}
	fsys["css/a.css"] = &fstest.MapFile{Data: []byte("new")}
	f := a.File("css/a.css")
	if f == nil || !bytes.Equal(f.Bytes(), []byte("new")) {
		t.Fatal("the old file is served")
	}
	if resp := get(t, f, http.Header{}); resp.Header.Get("Cache-Control") != Never {
		t.Errorf("%v", resp.Header)
	}
	if all := a.File(Sheet); all == nil || !strings.HasPrefix(string(all.Bytes()), "/* tokens */\n/* base */\n") {
		t.Error("the sheets of every page are not as they are on disk")
	}
	for _, name := range []string{"../x", "/css/a.css", "static.go", "css"} {
		if a.File(name) != nil {
			t.Errorf("%q is served", name)
		}
	}
}

// What is embedded can be served: every module that another one imports is there.
func TestEmbedded(t *testing.T) {
	a, err := New("/", Embedded(), false)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range []string{"js/app.js", "js/lesson.js", "js/sandbox.js"} {
		names, err := a.Modules(entry)
		if err != nil {
			t.Error(err)
		}
		t.Logf("%s: %d modules", entry, len(names))
	}
}

func BenchmarkFile(b *testing.B) {
	f := NewFile("text/plain", Ask, bytes.Repeat([]byte("text "), 4000))
	r := httptest.NewRequest("GET", "/", nil)
	r.Header.Set("Accept-Encoding", "gzip, deflate, br")
	w := &discard{h: http.Header{}}
	b.ReportAllocs()
	for b.Loop() {
		f.ServeHTTP(w, r)
	}
}

type discard struct{ h http.Header }

func (d *discard) Header() http.Header         { return d.h }
func (d *discard) Write(b []byte) (int, error) { return len(b), nil }
func (d *discard) WriteHeader(int)             {}
