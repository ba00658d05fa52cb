package lessons

import (
	"slices"
	"strings"
	"testing"

	"github.com/handshakelab/lab/engine/rule"
)

func TestCitations(t *testing.T) {
	for _, text := range []string{
		"RFC 9293 section 3.10.7.4, RFC 9293, appendix B, RFC 9293 sections 3.4 and 3.5.",
		"> RFC 9293\n> section 3.4.1",
		"[RFC 9293 section\n3.4](https://www.rfc-editor.org/rfc/rfc9293.html#section-3.4)",
		"[RFC 9293](https://datatracker.ietf.org/doc/html/rfc9293#section-3.8.6.2.1)",
		"[RFC 9293 appendix B](https://www.rfc-editor.org/rfc/rfc9293.html#appendix-B)",
		"[RFC 9293 sections 3.4 and 3.5](https://www.rfc-editor.org/rfc/rfc9293.html#section-3.4)",
		"RFC 9293 Abschnitt 3.4, RFC 9293 sección 3.4. RFC 9293 §3.4",
		"RFC 9293 says so in section 12.",
	} {
		if list := Check(exampleFolder(text + "\n")); len(list) > 0 {
			t.Errorf("%q has the faults\n%s", text, list)
		}
	}
	for _, test := range []struct{ text, code, says string }{
		{"RFC 9293 section 3.11", "rfc-section", "RFC 9293 has no section 3.11"},
		{"RFC 9293 sections 3.4, 3.5 and 3.12", "rfc-section", "section 3.12"},
		{"RFC 9293 appendix C", "rfc-section", "appendix C"},
		{"RFC 9293 Abschnitt 9", "rfc-section", "section 9"},
		{"<https://www.rfc-editor.org/rfc/rfc9293.html#section-3.4.7>", "rfc-section", "3.4.7"},
		{"[RFC 9293](https://www.rfc-editor.org/rfc/rfc9293.html#appendix-C)", "rfc-section", "appendix C"},
		{"[RFC 7323](https://www.rfc-editor.org/rfc/rfc9293.html)", "rfc-link", "the text says RFC 7323 and the link leads to RFC 9293"},
		{"RFC 6298 and RFC 99999", "rfc-unknown", "RFC 99999"},
		{"RFC 1337 section 7", "rfc-unknown", "section 7 of RFC 1337"},
	} {
		list := Check(exampleFolder(test.text + "\n"))
		if len(list) != 1 || list[0].Code != test.code || !strings.Contains(list[0].Message, test.says) {
			t.Errorf("%q has the faults\n%swant %s with %q", test.text, list, test.code, test.says)
		}
	}
	if list := Check(exampleFolder("---\ntitle: Example\nsummary: An example.\norder: 10\nsources: [RFC 9293 section 3.99]\n---\n\n# Example\n")); len(list) != 1 || list[0].Code != "rfc-section" || list[0].Line != 5 {
		t.Errorf("a source has the faults\n%s", list)
	}
}

func TestSectionRows(t *testing.T) {
	for word, want := range map[string]string{"3": "3", "9-11": "9 10 11", "2.9-2.11": "2.9 2.10 2.11", "A-C": "A B C", "B.1": "B.1", "3.8.6.1-3.8.6.3": "3.8.6.1 3.8.6.2 3.8.6.3"} {
		if got := strings.Join(sectionRow(word), " "); got != want {
			t.Errorf("%s means %s, want %s", word, got, want)
		}
	}
	// So many sections and appendices of RFC 9293 have a number.
	if n := len(rfcs()["9293"].sections); n != 83 {
		t.Errorf("RFC 9293 has %d sections", n)
	}
}

// What the engine and the misconceptions cite is in the list as well.
func TestCitationsOfTheEngine(t *testing.T) {
	for _, r := range rule.All() {
		number, isRFC := strings.CutPrefix(r.Source, "RFC ")
		if !isRFC {
			continue
		}
		known, ok := rfcs()[number]
		if !ok || r.Section != "" && !known.sections[r.Section] {
			t.Errorf("%s: rfcs.txt has no section %s of RFC %s", r.ID, r.Section, number)
		}
	}
	for _, m := range misconceptions {
		d := draft{faults: faults{source: newSource(m.Name, []byte(m.Text))}}
		if d.checkRFCs(); len(d.list) > 0 {
			t.Errorf("%s", d.list)
		}
	}
	if !slices.Contains(mapKeys(rfcs()), "9293") {
		t.Error("RFC 9293 is not in the list")
	}
}
