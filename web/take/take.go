// Package take makes a run into something to take along: a capture for Wireshark, text, a picture, a worksheet on paper, a
// packetdrill script, or the scenario itself.
package take

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"strings"
	"unicode"

	"github.com/handshakelab/lab/engine"
	"github.com/handshakelab/lab/engine/diag"
	"github.com/handshakelab/lab/engine/packetdrill"
	"github.com/handshakelab/lab/engine/pcap"
	"github.com/handshakelab/lab/engine/script"
	"github.com/handshakelab/lab/engine/view"
	"github.com/handshakelab/lab/web/i18n"
	"github.com/handshakelab/lab/web/ladder"
)

//go:generate go tool templ generate

// A Format is a kind of file that a run can be taken along as.
type Format string

// The formats.
const (
	Scenario    Format = "scenario"    // the text of the run in its canonical form
	Tcpdump     Format = "tcpdump"     // a line for each segment
	Pcapng      Format = "pcapng"      // a capture for Wireshark
	SVG         Format = "svg"         // the ladder
	Packetdrill Format = "packetdrill" // a script that tests one of the hosts
	Worksheet   Format = "worksheet"   // a page to print, and its key
)

// Formats are all formats.
var Formats = []Format{Scenario, Tcpdump, Pcapng, SVG, Packetdrill, Worksheet}

// kinds are the media type of each format and how names of its files end.
var kinds = map[Format]struct{ kind, ext string }{
	Scenario:    {"text/plain; charset=utf-8", ".lab"},
	Tcpdump:     {"text/plain; charset=utf-8", ".txt"},
	Pcapng:      {"application/x-pcapng", ".pcapng"},
	SVG:         {"image/svg+xml", ".svg"},
	Packetdrill: {"text/plain; charset=utf-8", ".pkt"},
	Worksheet:   {"text/html; charset=utf-8", ".html"},
}

// Options are what there is to choose. The zero value will do.
type Options struct {
	Title    string        // of a run whose scenario has none
	Side     engine.HostID // of Packetdrill: the host under test
	At       view.Vantage  // of Tcpdump: where it listens
	Relative bool          // of Tcpdump: sequence numbers count from the SYNs
	Blank    []string      // of Worksheet: the Fields to leave blank
	Sheets   []string      // of Worksheet: addresses of the style sheets; without any the styles stand in the page
	Catalog  *i18n.Catalog // of SVG and Worksheet: the language; nil is English
}

func (o *Options) words() *i18n.Catalog {
	if o.Catalog == nil {
		return i18n.Lookup(i18n.Languages[0])
	}
	return o.Catalog
}

// A Run is a scenario that was played.
type Run struct {
	Scenario *script.Scenario
	Events   []engine.Event
}

// Play plays the text of a scenario. The faults are those of the text, or of what could not be done.
func Play(text string) (*Run, diag.List) {
	sc, faults := script.Parse(text)
	if len(faults.Errors()) > 0 {
		return nil, faults
	}
	_, events, failed := script.Run(sc)
	return &Run{sc, events}, append(faults, failed...)
}

// title is what the run is called.
func (r *Run) title(o Options) string {
	return cmp.Or(r.Scenario.Title, strings.Join(strings.Fields(o.Title), " "), o.words().T("take.untitled"))
}

// A File is a run as it is taken along.
type File struct {
	Name string // "lost-segments.pcapng"
	Kind string // media type
	Data []byte
}

// File makes a file of a run. An error that is a *packetdrill.WriteError says to its reader why the run cannot be had in that format.
func (r *Run) File(f Format, o Options) (*File, error) {
	k, ok := kinds[f]
	if !ok {
		return nil, fmt.Errorf("take: there is no format %q", f)
	}
	var b bytes.Buffer
	var err error
	switch f {
	case Scenario:
		b.WriteString(r.Scenario.String())
	case Tcpdump:
		b.WriteString(view.Tcpdump(r.Events, o.At, !o.Relative))
	case Pcapng:
		err = pcap.Write(&b, pcap.Run{Scenario: r.Scenario, Events: r.Events})
	case SVG:
		var svg []byte
		svg, err = ladder.Read(o.words(), r.Events).SVG(r.title(o))
		b.Write(svg)
	case Packetdrill:
		var text string
		text, err = packetdrill.Write(packetdrill.Source{Scenario: r.Scenario, Events: r.Events, Side: o.Side})
		b.WriteString(text)
	case Worksheet:
		err = r.worksheet(&b, o)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", f, err)
	}
	name := FileName(cmp.Or(r.Scenario.Title, o.Title))
	if f == Packetdrill {
		name += "-" + o.Side.String()
	}
	return &File{Name: name + k.ext, Kind: k.kind, Data: b.Bytes()}, nil
}

// FileName makes the name of a file, without its ending, of a title: letters and digits of ASCII, joined by hyphens.
func FileName(title string) string {
	words := strings.FieldsFunc(strings.ToLower(title), func(c rune) bool {
		return c > unicode.MaxASCII || !unicode.IsLetter(c) && !unicode.IsDigit(c)
	})
	name := strings.Join(words, "-")
	name = strings.TrimRight(name[:min(len(name), 48)], "-")
	if name == "" {
		return "run"
	}
	return name
}

// Known reports whether there is such a format.
func Known(f Format) bool { return slices.Contains(Formats, f) }
