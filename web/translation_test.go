package web

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/handshakelab/lab/lessons"
	"github.com/handshakelab/lab/web/i18n"
)

func TestLessonsAreInTheLanguagesOfTheLab(t *testing.T) {
	if !slices.Equal(lessons.Languages, i18n.Languages) {
		t.Errorf("lessons can be in %v, pages in %v", lessons.Languages, i18n.Languages)
	}
}

func TestTranslatedLesson(t *testing.T) {
	site := newTestSite(t, "/lab/", lessons.Builtin())
	h := site.Handler()
	titles := map[string]string{"en": "The three segments", "de": "Die drei Segmente", "es": "Los tres segmentos"}
	for lang, title := range titles {
		w := ask(h, "GET", "/lab/lessons/three-segments", "", "Accept-Language", lang)
		page := w.Body.String()
		for _, want := range []string{"<h1>" + title + "</h1>", `<html lang="` + lang + `"`, `id="step-by-step"`, `data-text="` + lang + `"`,
			`<link rel="alternate" hreflang="de" href="?lang=de">`, `<link rel="alternate" hreflang="x-default" href="/lab/lessons/three-segments">`,
			`href="?lang=` + lang + `" lang="` + lang + `" hreflang="` + lang + `" rel="alternate" aria-current>`} {
			if !strings.Contains(page, want) {
				t.Errorf("in %s the page lacks %s", lang, want)
			}
		}
		if strings.Contains(page, ` dir="ltr" lang="en"`) {
			t.Errorf("in %s some text of the lesson is said to be English", lang)
		}
		if got := w.Header().Get("Content-Language"); got != lang {
			t.Errorf("Content-Language is %q, want %q", got, lang)
		}
		if vary := w.Header().Get("Vary"); vary != "Accept-Encoding, Accept-Language, Cookie" {
			t.Errorf("the page varies by %q", vary)
		}
		if list := ask(h, "GET", "/lab/lessons", "", "Accept-Language", lang).Body.String(); !strings.Contains(list, title) {
			t.Errorf("in %s the list of lessons lacks %q", lang, title)
		}
	}
	other := ask(h, "GET", "/lab/lessons/why-a-handshake", "", "Accept-Language", "de").Body.String()
	for _, want := range []string{`<h1 dir="ltr" lang="en">`, `Die drei Segmente</a>`} {
		if !strings.Contains(other, want) {
			t.Errorf("the lesson before lacks %s", want)
		}
	}
	if strings.Contains(other, `<link rel="alternate" hreflang`) {
		t.Error("a lesson in one language offers others")
	}
	if text := ask(h, "GET", "/lab/lessons/three-segments.md", "", "Accept-Language", "de").Body.String(); !strings.Contains(text, titles["en"]) {
		t.Error("the page as markdown is not the original")
	}
}

func TestAnswersInTheLanguageOfThePage(t *testing.T) {
	h := newTestSite(t, "/", lessons.Builtin()).Handler()
	for _, test := range []struct{ lang, block, kind, answer, says string }{
		{"", "third-segment", "quiz", `"answer":[0]`, "TCP checks no identity"},
		{"en", "third-segment", "quiz", `"answer":[0]`, "TCP checks no identity"},
		{"de", "third-segment", "quiz", `"answer":[0]`, "TCP prüft keine Identität"},
		{"es", "third-segment", "quiz", `"answer":[0]`, "TCP no comprueba ninguna identidad"},
		{"xx", "third-segment", "quiz", `"answer":[0]`, "TCP checks no identity"},
		{"de", "server-state", "predict", `"answer":"LISTEN"`, "Das war er"},
		{"de", "server-state", "predict", `"answer":"nowhere"`, "Nenne einen Zustand"},
		{"es", "header-length", "quiz", `"answer":"40"`, "la cabecera entera"},
		{"de", "lose-the-ack", "challenge", `"commands":[]`, "ein ACK ist verloren gegangen"},
	} {
		w := ask(h, "POST", "/api/check", `{"lesson":"three-segments","lang":"`+test.lang+`","block":"`+test.block+`","kind":"`+test.kind+`",`+test.answer+`}`,
			"Content-Type", "application/json", "Accept-Language", "es")
		var v verdict
		if err := json.Unmarshal(w.Body.Bytes(), &v); err != nil || w.Code != http.StatusOK || v.OK || !strings.Contains(v.Feedback, test.says) {
			t.Errorf("%s in %q: %d %s, want %q", test.block, test.lang, w.Code, w.Body, test.says)
		}
	}
}

func TestTranslatedGallery(t *testing.T) {
	h := builtinSite(t).Handler()
	for lang, words := range map[string][2]string{"en": {"The three-way handshake", "Opening a connection"}, "de": {"Der Handshake in drei Schritten", "Eine Verbindung öffnen"}, "es": {"El handshake en tres pasos", "Abrir una conexión"}} {
		list := ask(h, "GET", "/gallery", "", "Accept-Language", lang).Body.String()
		page := ask(h, "GET", "/sandbox/handshake", "", "Accept-Language", lang).Body.String()
		for _, want := range words {
			if !strings.Contains(list, ">"+want+"<") {
				t.Errorf("in %s the gallery lacks %q", lang, want)
			}
		}
		if _, main, _ := strings.Cut(list, "<main"); strings.Contains(main, ` dir="ltr" lang="en"`) {
			t.Errorf("in %s some text of the gallery is said to be English", lang)
		}
		if !strings.Contains(page, "<h1>"+words[0]+"</h1>") || !strings.Contains(page, "title "+words[0]+"\n") {
			t.Errorf("in %s the scenario has another title than in the gallery", lang)
		}
	}
}
