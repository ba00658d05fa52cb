package pages

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/handshakelab/lab/engine"
	"github.com/handshakelab/lab/engine/tcp"
	"github.com/handshakelab/lab/engine/wire"
	"github.com/handshakelab/lab/lessons/gallery"
)

// GalleryData is the list of scenarios that the lab comes with.
type GalleryData struct {
	Page
	Gallery *gallery.Gallery
}

func (g GalleryData) count() int {
	n := 0
	for _, group := range g.Gallery.Groups {
		n += len(group.Items)
	}
	return n
}

// factList says in a few words how a run went.
func factList(p Page, f *gallery.Facts) []string {
	list := []string{p.t("page.gallery.segments", "n", f.Segments)}
	if f.Lost > 0 {
		list = append(list, p.t("page.gallery.lost", "n", f.Lost))
	}
	list = append(list, p.cat().Time(int64(f.Length)))
	if f.Profiles[0] == f.Profiles[1] {
		list = append(list, f.Profiles[0])
	} else {
		list = append(list, p.t("page.gallery.profiles", "a", f.Profiles[0], "b", f.Profiles[1]))
	}
	return list
}

// duration is a time with its unit apart, "1.15 s".
func duration(t tcp.Time) string {
	text := t.String()
	unit := strings.TrimLeft(text, "-.0123456789")
	return strings.TrimSuffix(text, unit) + "\u00a0" + unit
}

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return strconv.Itoa(n) + " " + what + "s"
}

// told is the errors that an application was told, "ECONNREFUSED, ETIMEDOUT".
func told(list []tcp.Errno) string {
	var names []string
	for _, e := range list {
		names = append(names, e.String())
	}
	return strings.Join(names, ", ")
}

// A thumb is a run in a few lines, small: its first segments, from lane to lane.
type thumb struct {
	height int
	lines  []thumbLine
}

type thumbLine struct {
	class string // of its colour
	path  string
	cross string // where it died, empty for one that arrived
}

const (
	thumbWide = 96
	thumbLeft = 8
	thumbRow  = 12
	thumbMost = 9
)

// newThumb draws the beginning of a run. Only the order of things counts in it, not how long they take.
func newThumb(events []engine.Event) thumb {
	type flight struct {
		toward   engine.HostID
		flags    wire.Flags
		from, to int // indices of events
		lost     bool
	}
	var flights []*flight
	bySeg := map[engine.SegID]*flight{}
	for i := range events {
		e := &events[i]
		switch e.Kind {
		case engine.Sent, engine.Forged, engine.Duplicated:
			if len(flights) < thumbMost {
				bySeg[e.Seg] = &flight{toward: e.Toward, flags: e.Wire.Flags, from: i, to: len(events)}
				flights = append(flights, bySeg[e.Seg])
			}
		case engine.Arrived, engine.Lost:
			if f := bySeg[e.Seg]; f != nil && f.to == len(events) {
				f.to, f.lost = i, e.Kind == engine.Lost
			}
		}
	}
	// What happens at one instant stands at one height.
	var times []engine.Time
	for _, f := range flights {
		times = append(times, events[f.from].At)
		if f.to < len(events) {
			times = append(times, events[f.to].At)
		}
	}
	slices.Sort(times)
	times = slices.Compact(times)
	y := func(i int) int {
		if i == len(events) {
			return thumbRow * (len(times) + 1)
		}
		at, _ := slices.BinarySearch(times, events[i].At)
		return thumbRow * (at + 1)
	}
	th := thumb{height: thumbRow * (len(times) + 1)}
	for _, f := range flights {
		x0, x1 := thumbLeft, thumbWide-thumbLeft
		if f.toward == engine.Client {
			x0, x1 = x1, x0
		}
		y0, y1 := y(f.from), y(f.to)
		l := thumbLine{class: kindClass(f.flags)}
		if f.lost {
			x1, y1 = (x0+x1)/2, (y0+y1)/2
			l.cross = fmt.Sprintf("M%d %dl6 6m0-6-6 6", x1-3, y1-3)
		}
		l.path = fmt.Sprintf("M%d %dL%d %d", x0, y0, x1, y1)
		th.lines = append(th.lines, l)
	}
	return th
}

func (t thumb) viewBox() string { return fmt.Sprintf("0 0 %d %d", thumbWide, t.height) }

// lanes are the two hosts.
func (t thumb) lanes() string {
	return fmt.Sprintf("M%d 2V%dM%d 2V%d", thumbLeft, t.height-2, thumbWide-thumbLeft, t.height-2)
}

// kindClass is the colour of a segment: that of the flag that says most.
func kindClass(f wire.Flags) string {
	for _, k := range []struct {
		flag wire.Flags
		name string
	}{{wire.RST, "c-rst"}, {wire.FIN, "c-fin"}, {wire.SYN, "c-syn"}, {wire.PSH, "c-psh"}, {wire.ACK, "c-ack"}} {
		if f.Has(k.flag) {
			return k.name
		}
	}
	return ""
}
