package web

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/handshakelab/lab/lessons"
)

func TestPageLanguage(t *testing.T) {
	h := newTestSite(t, "/lab/", lessons.Builtin()).Handler()
	for _, test := range []struct {
		name, query string
		header      []string
		want        string
	}{
		{"nothing said", "", nil, "en"},
		{"by the browser", "", []string{"Accept-Language", "fr;q=0.9, es-MX;q=0.8, en;q=0.1"}, "es"},
		{"the best of two", "", []string{"Accept-Language", "es;q=0.5, de-AT, en;q=0.7"}, "de"},
		{"anything", "", []string{"Accept-Language", "fr, *;q=0.1"}, "en"},
		{"not that one", "", []string{"Accept-Language", "de;q=0"}, "en"},
		{"nonsense", "", []string{"Accept-Language", ";;,q=1,de;q=x,=;=,\x00"}, "en"},
		{"by the cookie", "", []string{"Accept-Language", "es", "Cookie", "lab.lang=de"}, "de"},
		{"a cookie that means nothing", "", []string{"Accept-Language", "es", "Cookie", "lab.lang=xx"}, "es"},
		{"by the address", "lang=es", []string{"Cookie", "lab.lang=de"}, "es"},
		{"an address that means nothing", "lang=../../x", []string{"Cookie", "lab.lang=de"}, "de"},
		{"a language for tests alone", "lang=ar-XB", nil, "en"},
	} {
		for _, path := range []string{"/lab/", "/lab/lessons", "/lab/lessons/lost-segments", "/lab/sandbox", "/lab/nope"} {
			r := httptest.NewRequest("GET", path+"?"+test.query, nil)
			for i := 0; i < len(test.header); i += 2 {
				r.Header.Set(test.header[i], test.header[i+1])
			}
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			page := w.Body.String()
			if !strings.Contains(page, `<html lang="`+test.want+`" dir="ltr"`) {
				t.Errorf("%s: %s is not in %q", test.name, path, test.want)
			}
			if vary := w.Header().Get("Vary"); vary != "Accept-Encoding, Accept-Language, Cookie" {
				t.Errorf("%s: %s varies by %q", test.name, path, vary)
			}
			set := w.Header().Get("Set-Cookie")
			if chosen := test.query == "lang=es" && w.Code == http.StatusOK; chosen != (set != "") || chosen && !strings.HasPrefix(set, "lab.lang=es; Path=/lab/; ") {
				t.Errorf("%s: %s sets %q", test.name, path, set)
			}
			// What a lesson says is English, and is marked where the page is not.
			if marked := strings.Contains(page, ` dir="ltr" lang="en"`); strings.Contains(path, "lost-segments") && marked != (test.want != "en") && test.want != "en" {
				t.Errorf("%s: the lesson's own text is not marked", test.name)
			}
		}
	}
}

// What the lab says to somebody whose answer it cannot check stands beside the question, so it is in the language of the page.
func TestErrorLanguage(t *testing.T) {
	h := newTestSite(t, "/", fstest.MapFS{"10-exercises.md": {Data: []byte(exerciseLesson)}}).Handler()
	for lang, want := range map[string]string{"en": "There is no such lesson", "de": "Diese Lektion gibt es nicht", "es": "Esa lección no existe"} {
		r := httptest.NewRequest("POST", "/api/check", strings.NewReader(`{"lesson":"gone","block":"x","kind":"quiz"}`))
		r.Header.Set("Accept-Language", lang)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if body := w.Body.String(); w.Code != 404 || !strings.Contains(body, `"code":"no_such_lesson"`) || !strings.Contains(body, want) {
			t.Errorf("%s: %d %s", lang, w.Code, body)
		}
	}
}

func TestPseudoLocales(t *testing.T) {
	assets := testAssets(t, "/")
	site, err := New(Config{Base: "/", Assets: assets, Lessons: lessons.Builtin(), PseudoLocales: true})
	if err != nil {
		t.Fatal(err)
	}
	h := site.Handler()
	for lang, dir := range map[string]string{"en-XA": "ltr", "ar-XB": "rtl"} {
		r := httptest.NewRequest("GET", "/lessons/lost-segments?lang="+lang, nil)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if !strings.Contains(w.Body.String(), `<html lang="`+lang+`" dir="`+dir+`"`) {
			t.Errorf("no page in %s", lang)
		}
		for _, name := range []string{"js/catalog.", "js/more."} {
			if w := ask(h, "GET", assets.URL(name+lang+".js"), ""); w.Code != 200 {
				t.Errorf("%s%s.js: %d", name, lang, w.Code)
			}
		}
	}
}
