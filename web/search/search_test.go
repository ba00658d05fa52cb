package search

import (
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"
)

var library = New([]Document{
	{URL: "lessons/lost", Title: "When the SYN-ACK is lost", Sections: []Section{
		{URL: "lessons/lost", Text: "A segment that is lost leaves no trace. The server is in SYN-RECEIVED."},
		{URL: "lessons/lost#timer", Heading: "The retransmission timer", Text: "It runs out after 1 s. Then the SYN-ACK goes out again, and the timeout doubles."},
	}},
	{URL: "glossary/syn-received", Title: "SYN-RECEIVED", Aliases: []string{"SYN_RCVD", "SYN-RECV"}, Sections: []Section{
		{URL: "glossary/syn-received", Text: "The state of a server that has answered a SYN. Más allá: naïve café."},
	}},
	{URL: "glossary/backlog", Title: "Backlog", Sections: []Section{{URL: "glossary/backlog", Text: "The limit of the accept queue. " + strings.Repeat("Filler text stands here. ", 40) + "It is never a SYN-ACK that counts."}}},
	{URL: "rules/9293", Title: "Second: the RST bit", Aliases: []string{"9293:3.10.7.4/2"}, Sections: []Section{{URL: "rules/9293", Text: "An RST in the window."}}},
})

func TestFind(t *testing.T) {
	tests := []struct{ query, want string }{
		{"syn-received", "glossary/syn-received lessons/lost"}, // title before prose
		{"SYN_RCVD", "glossary/syn-received"},                  // an alias
		{"synrcvd", "glossary/syn-received"},
		{"synack", "lessons/lost glossary/backlog"},
		{"syn ack", "lessons/lost glossary/backlog"},
		{"SYN‑ACK lost", "lessons/lost"}, // a hyphen that does not break, and both words
		{"retrans", "lessons/lost"},      // the beginning of a word
		{"transmission", ""},             // not its end
		{"cafe mas", "glossary/syn-received"},
		{"CAFÉ", "glossary/syn-received"},
		{"naive", "glossary/syn-received"},
		{"3.10.7.4", "rules/9293"},
		{"queue nothing", ""},
		{"s", "lessons/lost"}, // one letter is that word
		{"", ""}, {"  -- ()", ""}, {"\xff\x00", ""},
	}
	for _, test := range tests {
		var got []string
		results, _ := library.Find(test.query, 10)
		for _, r := range results {
			got = append(got, r.URL)
		}
		if strings.Join(got, " ") != test.want {
			t.Errorf("%q finds %q, want %q", test.query, got, test.want)
		}
	}
}

func TestPlaces(t *testing.T) {
	results, _ := library.Find("timer out", 10)
	if len(results) != 1 || results[0].Places[0].URL != "lessons/lost#timer" {
		t.Fatalf("the nearest heading is not found: %+v", results)
	}
	if got := show(results[0].Places[0].Excerpt); got != "It runs [out] after 1 s. Then the SYN-ACK goes [out] again, and the timeout doubles." {
		t.Errorf("the excerpt is %s", got)
	}
	results, _ = library.Find("synack", 10)
	far := show(results[1].Places[0].Excerpt)
	if !strings.HasPrefix(far, "… ") || !strings.Contains(far, "[SYN-ACK]") || len(far) > 2*excerptSize {
		t.Errorf("an excerpt far down in a text is %s", far)
	}
	results, _ = library.Find("backlog", 10)
	if near := show(results[0].Places[0].Excerpt); !strings.HasPrefix(near, "The limit of") || !strings.HasSuffix(near, "…") {
		t.Errorf("without a hit in the text its beginning is shown, not %s", near)
	}
}

func show(pieces []Piece) string {
	var b strings.Builder
	for _, p := range pieces {
		if p.Hit {
			fmt.Fprintf(&b, "[%s]", p.Text)
			continue
		}
		b.WriteString(p.Text)
	}
	return b.String()
}

func TestMore(t *testing.T) {
	if results, more := library.Find("the", 2); len(results) != 2 || !more {
		t.Errorf("got %d results, more: %v", len(results), more)
	}
	if results, more := library.Find("the", 4); len(results) != 4 || more {
		t.Errorf("got %d results, more: %v", len(results), more)
	}
}

// Whatever is asked, an excerpt is a piece of the text, and whole letters.
func FuzzFind(f *testing.F) {
	for _, q := range []string{"syn", "é", "a-b-c", strings.Repeat("x ", 300), "\xf0\x9f", "ﬀ İ"} {
		f.Add(q, "An ‑ é text with SYN_RCVD, ﬀ and İstanbul")
	}
	f.Fuzz(func(t *testing.T, query, text string) {
		x := New([]Document{{Title: text, Sections: []Section{{Heading: query, Text: text}}}})
		results, _ := x.Find(query, 3)
		for _, r := range results {
			for _, p := range r.Places {
				plain := strings.NewReplacer("[", "", "]", "").Replace(show(p.Excerpt))
				if utf8.ValidString(text) && !utf8.ValidString(plain) {
					t.Fatalf("an excerpt of %q for %q is cut inside a letter: %q", text, query, plain)
				}
			}
		}
	})
}

func BenchmarkFind(b *testing.B) {
	var docs []Document
	for i := range 300 {
		docs = append(docs, Document{Title: fmt.Sprint("Title ", i), Sections: []Section{{Text: strings.Repeat("The server answers with a SYN-ACK and waits for the client. ", 150)}}})
	}
	x := New(docs)
	for b.Loop() {
		x.Find("s the server syn-ack client w a", 20)
	}
}
