package ladder

import (
	"cmp"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"unicode/utf8"

	"github.com/handshakelab/lab/engine"
	"github.com/handshakelab/lab/engine/tcp"
)

// A Layout is the drawing of a run at one width. model.d.ts describes its parts.
type Layout struct {
	Width    int      `json:"width"`
	Height   int      `json:"height"`
	Mode     string   `json:"mode"` // "wide", "tight" or "compact"
	Left     Px       `json:"left"`
	Right    Px       `json:"right"`
	TimeX    Px       `json:"timeX"`
	Client   Px       `json:"client"`
	Server   Px       `json:"server"`
	Top      Px       `json:"top"`
	Bottom   Px       `json:"bottom"`
	Knots    []Knot   `json:"knots"`
	Moments  []Moment `json:"moments"`
	Ticks    []Tick   `json:"ticks"`
	Breaks   []Break  `json:"breaks"`
	Bands    []Band   `json:"bands"`
	Timers   []Timer  `json:"timers"`
	Labels   []Label  `json:"labels"`
	Segments []Shape  `json:"segments"`
}

// A Knot is a point of the time scale; between two of them time runs evenly.
type Knot struct {
	T int64
	Y Px
}

// MarshalJSON makes a knot [t, y].
func (k Knot) MarshalJSON() ([]byte, error) { return json.Marshal([]any{k.T, k.Y}) }

// A Moment is an instant at which something happens; K is its first event.
type Moment struct {
	K int
	T int64
	Y Px
}

// MarshalJSON makes a moment [k, t, y].
func (m Moment) MarshalJSON() ([]byte, error) { return json.Marshal([]any{m.K, m.T, m.Y}) }

// A Tick is a line of the time ruler. Text is empty where there is no room.
type Tick struct {
	T    int64  `json:"t"`
	Y    Px     `json:"y"`
	Text string `json:"text"`
}

// A Break is a stretch of time that is left out.
type Break struct {
	T0     int64  `json:"t0"`
	T1     int64  `json:"t1"`
	Y0     Px     `json:"y0"`
	Y1     Px     `json:"y1"`
	X      Px     `json:"x"`
	Text   string `json:"text"`
	Top    string `json:"top"`
	Bottom string `json:"bottom"`
}

// A Band is a stretch of a lane: its host in one state.
type Band struct {
	Host  engine.HostID `json:"host"`
	State tcp.State     `json:"state"`
	Cls   string        `json:"cls"`
	K     int           `json:"k"`
	X     Px            `json:"x"`
	Y0    Px            `json:"y0"`
	Y1    Px            `json:"y1"`
}

// A Timer is a dotted line beside a lane.
type Timer struct {
	Host    engine.HostID `json:"host"`
	K       int           `json:"k"`
	K1      int           `json:"k1"`
	End     string        `json:"end"` // "fired", "stopped", "set again" or "running"
	Restart bool          `json:"restart"`
	X       Px            `json:"x"`
	Y0      Px            `json:"y0"`
	Y1      Px            `json:"y1"`
}

// A Label is a text beside a lane.
type Label struct {
	Cls    string `json:"cls"`
	K      int    `json:"k"`
	X      Px     `json:"x"`
	Y      Px     `json:"y"`
	Anchor string `json:"anchor"`
	Turned bool   `json:"turned"`
	Text   string `json:"text"`
}

// A Shape is a segment: its line and what belongs to it, and its pills, one more for each time that it was edited.
type Shape struct {
	ID        engine.SegID  `json:"id"`
	From      engine.HostID `json:"from"`
	Kind      string        `json:"kind"` // "syn", "ack", "fin", "rst", "psh" or "none"
	Fate      string        `json:"fate"` // "arrived", "lost", "open" or "held"
	Points    []Point       `json:"points"`
	Zigzag    []Point       `json:"zigzag"`
	Ghost     []Point       `json:"ghost"`
	Tail      []Point       `json:"tail"`
	Head      []Point       `json:"head"`
	Bars      []Point       `json:"bars"`
	Cross     []Point       `json:"cross"`
	Copy      bool          `json:"copy"`
	Discarded bool          `json:"discarded"`
	Pills     []Pill        `json:"pills"`
	Text      string        `json:"text"`
	Name      string        `json:"name"`
}

type lanes struct {
	mode               string
	left, right, timeX int
	x                  [2]int
	timed              [2]bool
}

// edge is the side of a lane on which segments come and go.
func (l *lanes) edge(h engine.HostID) int {
	if h == engine.Client {
		return l.x[h] + 60
	}
	return l.x[h] - 60
}

func (w words) ms(t engine.Time) string { return w.Ms(int64(t)) }

func (w words) length(t engine.Time) string { return w.Time(int64(t)) }

func newLanes(r *Run, moments []moment, width int) *lanes {
	w, l := width*10, &lanes{mode: "compact", right: width*10 - 20}
	for _, s := range r.timers {
		l.timed[s.host] = true
	}
	digits := 0
	for _, m := range moments {
		digits = max(digits, utf8.RuneCountInString(r.ms(m.t)))
	}
	if width < 456 {
		wider := max(0, 76*digits-330)
		l.timeX, l.left, l.x = 340+wider, 380+wider, [2]int{680 + wider, w - 310}
		if l.timed[engine.Client] {
			l.x[0] += 40
		}
		return l
	}
	wider := max(0, 76*digits-410)
	l.timeX, l.left = 420+wider, 480+wider
	if width >= 600 {
		// lanes too far apart would make the lines too flat to read
		spare := max(0, divDown(w-1720-1720-5600, 2))
		l.mode, l.x = "wide", [2]int{1720 + spare + wider, w - 1720 - spare}
		return l
	}
	l.mode, l.x = "tight", [2]int{1460 + wider, w - 1360}
	if l.timed[engine.Client] {
		l.x[0] = 1640 + wider
	}
	return l
}

// drawing is what the parts of a layout are made from.
type drawing struct {
	*Run
	*lanes
	sc     *scale
	y      []int
	bottom int
}

// Layout returns the drawing of the run at a width in CSS pixels.
func (r *Run) Layout(width int) *Layout {
	moments := r.moments()
	ln := newLanes(r, moments, width)
	breakPx := 640
	if ln.mode == "compact" {
		breakPx = 580
	}
	sc := newScale(r, moments, breakPx)
	items := fit(r, sc, ln.x[1]-ln.x[0]-120-40)
	d := &drawing{Run: r, lanes: ln, sc: sc, y: sc.tops()}
	d.bottom = bottomOf(d.y)
	for _, v := range items {
		d.bottom = max(d.bottom, v.p+v.h/2+60)
	}
	l := &Layout{
		Width: width, Height: (d.bottom + laneTop + 9) / 10, Mode: ln.mode, Left: Px(ln.left), Right: Px(ln.right), TimeX: Px(ln.timeX),
		Client: Px(ln.x[0]), Server: Px(ln.x[1]), Top: laneTop, Bottom: Px(d.bottom), Knots: sc.knots(d.y, d.bottom),
		Moments: []Moment{}, Ticks: d.ticks(), Breaks: d.breaks(), Bands: d.bandShapes(), Timers: d.timerShapes(),
	}
	for i, m := range moments {
		l.Moments = append(l.Moments, Moment{m.k, int64(m.t), Px(d.y[i])})
	}
	l.Labels = d.labels(l.Bands)
	for _, v := range l.Labels {
		l.Height = max(l.Height, (int(v.Y)+80+9)/10)
	}
	l.Segments = d.shapes(items)
	return l
}

func (d *drawing) ticks() []Tick {
	out, free := []Tick{}, 0
	for i, m := range d.sc.moments {
		if i > 0 && d.sc.moments[i-1].t == m.t {
			continue
		}
		t := Tick{T: int64(m.t), Y: Px(d.y[i])}
		if d.y[i] >= free {
			t.Text, free = d.ms(m.t), d.y[i]+170
		}
		out = append(out, t)
	}
	return out
}

func (d *drawing) breaks() []Break {
	out := []Break{}
	for i, v := range d.sc.intervals {
		if v.gap == 0 {
			continue
		}
		t0, t1 := d.sc.moments[i].t, d.sc.moments[i+1].t
		y0, y1, key := d.y[i]+v.before+120, d.y[i]+v.before+v.gap-120, "ladder.silence"
		for _, s := range d.segments {
			if s.at <= t0 && (!s.ended || s.endAt >= t1) {
				key = "ladder.later"
			}
		}
		out = append(out, Break{int64(t0), int64(t1), Px(y0), Px(y1), Px((d.x[0] + d.x[1]) / 2), d.T(key, "time", d.length(t1-t0)),
			wave(d.left, d.right, y0), wave(d.left, d.right, y1)})
	}
	return out
}

// ---------------------------------------------------------------- segments

func (d *drawing) shapes(items []*item) []Shape {
	items = slices.Clone(items)
	slices.SortFunc(items, func(a, b *item) int { return cmp.Compare(a.s.id, b.s.id) })
	out, same := []Shape{}, map[string]int{}
	for _, v := range items {
		s, way := v.s, d.corners(v.s)
		// lines that would hide each other stand side by side
		key := fmt.Sprint(way)
		beside := same[key]
		same[key]++
		for i := range way {
			way[i][1] += 50 * beside
		}
		n := len(way)
		w := &s.content().wire
		sh := Shape{ID: s.id, From: s.from, Kind: kindOf(w), Fate: "open", Points: points(way), Copy: s.of != 0, Discarded: s.discarded}
		switch {
		case s.lost:
			sh.Fate = "lost"
		case s.ended:
			sh.Fate = "arrived"
		case s.held():
			sh.Fate = "held"
		}
		there := sh.Fate == "arrived" || sh.Fate == "open"
		_, end := v.span(d.sc, d.y)
		from, to := way[v.leg], xy{d.edge(s.to), end}
		if v.part != onGhost {
			to = way[v.leg+1]
		}
		x := (from[0] + to[0]) / 2
		if to[1] > from[1] {
			x = from[0] + divRound((to[0]-from[0])*(v.p-from[1]), to[1]-from[1])
		}
		for _, p := range v.pills {
			free := p.w/2 + 80
			mid := max(d.x[0]+free, min(x, d.x[1]-free))
			p.pill.X, p.pill.Y = Px(mid-p.w/2), Px(v.p-p.h/2)
			sh.Pills = append(sh.Pills, p.pill)
		}
		var zig, head, ghost, tail, cross []xy
		if sh.Kind == "rst" {
			for i := 1; i < n; i++ {
				zig = append(zig, zigzag(way[i-1], way[i])...)
			}
		}
		if there {
			head = arrowHead(way[n-2], way[n-1], sh.Kind == "ack")
		}
		if v.part == onGhost {
			ghost = []xy{way[n-1], {x, v.p}}
		}
		if s.forged || s.injected {
			tail = way[:1]
		}
		if s.lost {
			cross = way[n-1:]
		}
		sh.Zigzag, sh.Head, sh.Ghost, sh.Tail, sh.Cross = points(zig), points(head), points(ghost), points(tail), points(cross)
		sh.Bars = points(bars(sh.Kind, way, there))
		sh.Text = sh.Pills[len(sh.Pills)-1].text()
		sh.Name = s.name(sh.Text)
		out = append(out, sh)
	}
	return out
}

// corners are those of a segment's way.
func (d *drawing) corners(s *segment) []xy {
	a, b := d.edge(s.from), d.edge(s.to)
	x := func(f int, corner bool) int {
		if corner {
			// a turn close to a lane would be hidden by it
			f = max(turnPart, min(f, way-turnPart))
		}
		return a + divRound((b-a)*f, way)
	}
	out := []xy{{x(s.legs[0].f0, s.legs[0].f0 > 0), d.y[d.sc.moment(s.legs[0].k)]}}
	for i := range s.legs {
		l := &s.legs[i]
		f, there := l.f1, i == len(s.legs)-1 && !s.lost && !l.held
		if there {
			f = way
		}
		y := d.bottom
		if m := d.sc.endOf(l); m < len(d.y) {
			y = d.y[m]
		}
		out = append(out, xy{x(f, !there), y})
	}
	return out
}

// name is the accessible name: what one sees, then who sent it, when, and what became of it.
func (s *segment) name(text string) string {
	key := "ladder.name"
	if s.forged {
		key = "ladder.name.forged"
	} else if s.injected {
		key = "ladder.name.injected"
	} else if s.of != 0 {
		key = "ladder.name.copy"
	}
	return s.T(key, "text", text, "seg", int(s.id), "host", s.T("host."+s.from.String()), "to", s.T("host."+s.to.String()),
		"of", int(s.of), "t", s.ms(s.at), "fate", s.fateText())
}

func (s *segment) fateText() string {
	switch {
	case s.discarded:
		return s.T("ladder.fate.discarded", "t", s.ms(s.endAt))
	case s.lost:
		return s.T("ladder.fate.lost", "t", s.ms(s.endAt))
	case s.ended:
		return s.T("ladder.fate.arrived", "t", s.ms(s.endAt))
	case s.held() || s.last().due == tcp.Never:
		return s.T("ladder.fate.held")
	}
	return s.T("ladder.fate.flight", "t", s.ms(s.last().due))
}

// ---------------------------------------------------------------- lanes: states, timers, captions

// patterns are how a lane is filled; the states from FIN-WAIT-1 on look alike.
var patterns = [tcp.NumStates]string{"closed", "listen", "syn", "syn", "estab", "fin", "fin", "fin", "fin", "fin", "fin"}

func (d *drawing) bandShapes() []Band {
	out := []Band{}
	for h := engine.Client; h <= engine.Server; h++ {
		y := func(i int) int {
			if i == len(d.bands[h]) {
				return d.bottom
			}
			// a server that listens from the start has always listened
			b := d.bands[h][i]
			if b.k < 0 || (b.state == tcp.Listen && d.sc.moment(b.k) == 0) {
				return laneTop
			}
			return d.y[d.sc.moment(b.k)]
		}
		for i, b := range d.bands[h] {
			if y(i+1) > y(i) {
				out = append(out, Band{h, b.state, patterns[b.state], b.k, Px(d.x[h] - 60), Px(y(i)), Px(y(i + 1))})
			}
		}
	}
	return out
}

func (d *drawing) timerShapes() []Timer {
	out, away := []Timer{}, 160
	if d.mode == "compact" {
		away = 110
	}
	var columns [2][]int // bottoms of the timers drawn so far
	for _, s := range d.timers {
		y0, y1 := d.y[d.sc.moment(s.k)], d.bottom
		if s.k1 >= 0 {
			y1 = d.y[d.sc.moment(s.k1)]
		}
		if y1 <= y0 {
			continue
		}
		i := slices.IndexFunc(columns[s.host], func(b int) bool { return b <= y0 })
		if i < 0 {
			i = len(columns[s.host])
			columns[s.host] = append(columns[s.host], 0)
		}
		columns[s.host][i] = y1
		// more than two timers of a host at once share the second column
		x := away + 60*min(i, 1)
		if s.host == engine.Client {
			x = -x
		}
		out = append(out, Timer{s.host, s.k, s.k1, s.end, d.restarted(s), Px(d.x[s.host] + x), Px(y0), Px(y1)})
	}
	return out
}

func (a *span) sameTimer(b *span) bool {
	return a != b && a.host == b.host && a.conn == b.conn && a.timer == b.timer
}

// restarted reports whether the same timer ran until s was set.
func (r *Run) restarted(s *span) bool {
	return slices.ContainsFunc(r.timers, func(o *span) bool {
		return s.sameTimer(o) && o.k1 >= 0 && o.t1 == s.t0 && o.k1 <= s.k && o.end != "stopped"
	})
}

func (d *drawing) labels(bands []Band) []Label {
	out := []Label{}
	if d.mode == "compact" {
		for i := range bands {
			out = d.turned(out, &bands[i])
		}
		return out
	}
	for h := engine.Client; h <= engine.Server; h++ {
		proto := Label{Anchor: "end", X: Px(d.x[0] - 140)}
		if h == engine.Server {
			proto = Label{Anchor: "start", X: Px(d.x[1] + 140)}
		}
		if d.timed[h] {
			proto.X = Px(d.x[h] + [2]int{-260, 300}[h])
		}
		var want []Label
		add := func(cls string, k, y int, text string) {
			l := proto
			l.Cls, l.K, l.Y, l.Text = cls, k, Px(y), text
			want = append(want, l)
		}
		for _, b := range bands {
			switch {
			case b.Host != h:
			case b.Y0 <= laneTop:
				add("state dim", b.K, laneTop+100, b.State.String())
			default:
				add("state", b.K, int(b.Y0)+170, b.State.String())
			}
		}
		for _, s := range d.timers {
			if s.host == h {
				d.captions(s, add)
			}
		}
		for _, k := range d.told {
			if e := &d.events[k]; e.Host == h && e.Errno != 0 {
				add("errno", k, d.y[d.sc.moment(k)]+170, e.Errno.String())
			}
		}
		slices.SortStableFunc(want, func(a, b Label) int { return cmp.Or(cmp.Compare(a.Y, b.Y), cmp.Compare(a.K, b.K)) })
		var free Px
		for _, l := range want {
			y := max(l.Y, free)
			// a caption far from its place says the wrong thing
			if l.Cls[:3] == "cap" && y-l.Y > 300 {
				continue
			}
			free, l.Y = y+160, y
			out = append(out, l)
		}
	}
	return out
}

// captions are what a timer says where it starts and where it fires.
func (d *drawing) captions(s *span, add func(cls string, k, y int, text string)) {
	y0, y1 := d.y[d.sc.moment(s.k)], math.MaxInt
	if s.k1 >= 0 {
		y1 = d.y[d.sc.moment(s.k1)]
	}
	if y1 <= y0 {
		return
	}
	key := "ladder.timer." + s.timer.String()
	if !d.Has(key + ".starts") {
		key = "ladder.timer.other"
	}
	if !d.restarted(s) && s.due != tcp.Never {
		add("cap", s.k, y0+170, d.T(key+".starts", "time", d.length(s.due-s.t0)))
	}
	if s.end != "fired" {
		return
	}
	next := slices.IndexFunc(d.timers, func(o *span) bool { return s.sameTimer(o) && o.t0 == s.t1 && o.k > s.k1 })
	if next < 0 {
		add("cap strong", s.k1, y1+40, d.T(key+".fires"))
		return
	}
	add("cap strong", s.k1, y1+40, d.T(key+".again"))
	if o := d.timers[next]; o.due != tcp.Never {
		add("cap", s.k1, y1+200, d.T("ladder.timer.next", "time", d.length(o.due-o.t0)))
	}
}

// turned adds the state's name along its lane, if it fits.
func (d *drawing) turned(out []Label, b *Band) []Label {
	name := b.State.String()
	if int(b.Y1-b.Y0) < len(name)*74+40 {
		return out
	}
	cls := "state"
	if b.Y0 <= laneTop {
		cls = "state dim"
	}
	x := d.x[b.Host] + [2]int{-120, 210}[b.Host]
	if d.timed[b.Host] {
		x = d.x[b.Host] + [2]int{-180, 260}[b.Host]
	}
	return append(out, Label{cls, b.K, Px(x), b.Y0 + 20, "end", true, name})
}
