package ladder

import (
	"cmp"
	"slices"

	"github.com/handshakelab/lab/engine"
	"github.com/handshakelab/lab/engine/tcp"
)

// Lengths in tenths of a pixel, as in geometry.js.
const (
	delayPx      = 700 // the slower direction's delay
	silentDelays = 3   // so many delays without an event are a break
	beforeBreak  = 392 // what is drawn to scale on the sides of a break
	afterBreak   = 224
	laneTop      = 140
	leadPx       = 310 // of the first moment
	tailPx       = 340 // below the last
	flightPx     = 480 // the height of a way that takes no time
	standPx      = 300 // the least height of a way on which a pill can stand
	gapPx        = 80  // between two pills
	endPx        = 40  // from the end of a way to its pill
	turnPart     = 800 // where a segment is held or lost, seen from the lanes, in ten-thousandths of the way
)

// A moment is when something happens; k is its first event. Several may share an instant.
type moment struct {
	k int
	t engine.Time
}

// An interval is the scale between two moments: before, in and after its break, or only before when it has none.
type interval struct{ before, gap, after int }

func (r *Run) moments() []moment {
	var all []moment
	for k := range r.events {
		e := &r.events[k]
		// on a path without delay an arrival gets a moment of its own, or nobody could see the segment go
		sent := e.Kind == engine.Arrived && r.byID[e.Seg] != nil && len(all) > 0 && r.byID[e.Seg].k >= all[len(all)-1].k
		if len(all) == 0 || e.At > all[len(all)-1].t || sent {
			all = append(all, moment{k, e.At})
		}
	}
	if len(all) == 0 {
		all = []moment{{}}
	}
	now := all[len(all)-1].t
	var dues []engine.Time
	for _, s := range r.segments {
		if due := s.last().due; !s.ended && due != tcp.Never && due > now {
			dues = append(dues, due)
		}
	}
	slices.Sort(dues)
	for _, due := range slices.Compact(dues) {
		all = append(all, moment{len(r.events), due})
	}
	return all
}

// scale maps time to places. Pills make it longer where they need room.
type scale struct {
	moments   []moment
	intervals []interval
	of        []int // the moment of each event
	unit      engine.Time
}

func newScale(r *Run, moments []moment, breakPx int) *scale {
	s := &scale{moments: moments, unit: r.delay}
	m := 0
	for k := range r.events {
		for m < len(moments)-1 && moments[m+1].k <= k {
			m++
		}
		s.of = append(s.of, m)
	}
	for i := range len(moments) - 1 {
		dt := moments[i+1].t - moments[i].t
		switch {
		case dt > silentDelays*s.unit:
			s.intervals = append(s.intervals, interval{beforeBreak, breakPx, afterBreak})
		case dt > 0:
			s.intervals = append(s.intervals, interval{before: int(dt * delayPx / s.unit)})
		default:
			s.intervals = append(s.intervals, interval{before: flightPx})
		}
	}
	return s
}

func (s *scale) last() int { return len(s.moments) - 1 }

// moment is that of event k; the last for one that is still to come.
func (s *scale) moment(k int) int {
	if k < 0 {
		return 0
	}
	if k >= len(s.of) {
		return s.last()
	}
	return s.of[k]
}

// until is the last moment at or before t.
func (s *scale) until(t engine.Time) int {
	m := s.last()
	for m > 0 && s.moments[m].t > t {
		m--
	}
	return m
}

// tops is where each moment is.
func (s *scale) tops() []int {
	y := []int{leadPx}
	for i, v := range s.intervals {
		y = append(y, y[i]+v.before+v.gap+v.after)
	}
	return y
}

func (s *scale) stretchBefore(m, room int) {
	if m < 1 || m > len(s.intervals) {
		return
	}
	if v := &s.intervals[m-1]; v.gap > 0 {
		v.after += room
	} else {
		v.before += room
	}
}

func (s *scale) stretchAfter(m, room int) {
	if m >= 0 && m < len(s.intervals) {
		s.intervals[m].before += room
	}
}

// breaks are the first and the last break between two moments, or -1.
func (s *scale) breaks(m0, m1 int) (first, last int) {
	first, last = -1, -1
	for i := max(m0, 0); i < min(m1, len(s.intervals)); i++ {
		if s.intervals[i].gap == 0 {
			continue
		}
		if first < 0 {
			first = i
		}
		last = i
	}
	return first, last
}

func (s *scale) knots(y []int, bottom int) []Knot {
	knots := []Knot{}
	for i, m := range s.moments {
		knots = append(knots, Knot{int64(m.t), Px(y[i])})
		if i < len(s.intervals) && s.intervals[i].gap > 0 {
			v := s.intervals[i]
			knots = append(knots, Knot{int64(m.t + s.unit*beforeBreak/delayPx), Px(y[i] + v.before)},
				Knot{int64(s.moments[i+1].t - s.unit*afterBreak/delayPx), Px(y[i] + v.before + v.gap)})
		}
	}
	return append(knots, Knot{int64(s.moments[s.last()].t + s.unit*(tailPx-laneTop)/delayPx), Px(bottom)})
}

// part says where on its leg a pill may stand.
type part int

const (
	onWhole part = iota
	onFirst      // before break b
	onLast       // behind break b
	onGhost      // beside it: the segment died at once
)

// An item is a segment that looks for a place p for its pill, on leg number leg, which runs from moment m0 to m1.
type item struct {
	s      *segment
	leg    int
	m0, m1 int
	part   part
	b      int
	pills  []sizedPill
	h, p   int
}

func (v *item) margin() int { return v.h/2 + endPx }

// fit stretches the scale until every segment has its pill on its line and no two pills overlap, and finds the places of the pills.
func fit(r *Run, sc *scale, room int) []*item {
	y := sc.tops()
	var items []*item
	for _, s := range r.segments {
		items = append(items, newItem(s, sc, y, room))
	}
	slices.SortFunc(items, func(a, b *item) int { return cmp.Or(cmp.Compare(a.p, b.p), cmp.Compare(a.s.id, b.s.id)) })
	lengthen := func(v *item, m, room int) {
		switch v.part {
		case onLast:
			sc.stretchBefore(v.b+1, room)
		case onWhole:
			sc.stretchAfter(max(v.m0, min(m, v.m1-1)), room)
		case onFirst:
			sc.stretchAfter(min(m, v.b), room)
		case onGhost:
			sc.stretchAfter(v.b, room)
		}
		y = sc.tops()
	}
	for _, v := range items {
		lo, hi := v.span(sc, y)
		missing := v.h + 2*endPx - (hi - lo)
		if v.part == onGhost {
			missing = 0
			if v.b >= 0 {
				missing = hi - y[v.b] - sc.intervals[v.b].before
			}
		}
		if missing > 0 {
			lengthen(v, v.m0, missing)
		}
	}
	for i, v := range items {
		lo, hi := v.span(sc, y)
		if i == 0 {
			v.p = lo + v.margin()
			continue
		}
		prev := items[i-1]
		if late := below(prev, v, y) - (hi - v.margin()); late > 0 && v.part != onGhost {
			m := prev.m0
			if died(prev, v) {
				m = prev.m1
			}
			if v.m0 > m && v.part != onLast {
				sc.stretchBefore(v.m0, late)
				y = sc.tops()
			} else {
				lengthen(v, max(v.m0, m), late)
			}
		}
		lo, _ = v.span(sc, y)
		v.p = max(lo+v.margin(), below(prev, v, y))
	}
	for i, v := range items {
		lo, hi := v.span(sc, y)
		v.p = (lo + hi) / 2
		if i > 0 {
			v.p = max(v.p, below(items[i-1], v, y))
		}
	}
	for i, v := range slices.Backward(items) {
		lo, hi := v.span(sc, y)
		most := hi
		if i < len(items)-1 {
			next := items[i+1]
			most = next.p - (v.h+next.h)/2 - gapPx
		}
		if v.part != onGhost {
			most = min(most, hi-v.margin())
		}
		v.p = max(lo+v.margin(), min(v.p, most))
	}
	return items
}

// died tells whether prev dies on its way before that of v ends.
func died(prev, v *item) bool { return prev.s.lost && prev.part != onGhost && prev.m1 < v.m1 }

// below is the highest place for the pill of v under that of prev, and under the cross where prev died.
func below(prev, v *item, y []int) int {
	p := prev.p + (prev.h+v.h)/2 + gapPx
	if died(prev, v) {
		p = max(p, y[prev.m1]+130+v.h/2)
	}
	return p
}

// span is the stretch of the way on which the pill may stand, clear of the cross.
func (v *item) span(sc *scale, y []int) (lo, hi int) {
	lo, hi = y[v.m0], bottomOf(y)
	if v.m1 < len(y) {
		hi = y[v.m1]
	}
	if v.s.lost {
		hi -= 90
	}
	switch v.part {
	case onGhost:
		return hi + 180, hi + 180 + delayPx
	case onFirst:
		return lo, y[v.b] + sc.intervals[v.b].before
	case onLast:
		return y[v.b+1] - sc.intervals[v.b].after, hi
	}
	return lo, hi
}

func bottomOf(y []int) int { return y[len(y)-1] + tailPx - laneTop }

// endOf is the moment at which a leg ends; one behind the last while its segment is held.
func (s *scale) endOf(l *leg) int {
	switch {
	case l.k1 >= 0:
		return s.moment(l.k1)
	case l.t1 == tcp.Never:
		return len(s.moments)
	}
	return s.until(l.t1)
}

func newItem(s *segment, sc *scale, y []int, room int) *item {
	v := &item{s: s, b: -1}
	for i := range s.contents {
		p := newPill(s, &s.contents[i], room)
		v.pills = append(v.pills, p)
		v.h = max(v.h, p.h)
	}
	tall := func(i int) int {
		lo, hi := y[sc.moment(s.legs[i].k)], y[sc.last()]+tailPx
		if m := sc.endOf(&s.legs[i]); m < len(y) {
			hi = y[m]
		}
		return hi - lo
	}
	best, still := -1, -1
	for i := range s.legs {
		at := &best
		if s.legs[i].held {
			at = &still
		}
		if *at < 0 || tall(i) > tall(*at) {
			*at = i
		}
	}
	stands := func(i int) bool { return i >= 0 && tall(i) >= standPx }
	v.leg = still
	if stands(best) || !stands(still) {
		v.leg = max(best, 0)
	}
	v.m0, v.m1 = sc.moment(s.legs[v.leg].k), sc.endOf(&s.legs[v.leg])
	if firstBreak, lastBreak := sc.breaks(v.m0, v.m1); s.lost && !stands(v.leg) {
		v.part = onGhost
		v.b, _ = sc.breaks(v.m0, v.m1+1)
	} else if firstBreak >= 0 {
		ahead := y[firstBreak] + sc.intervals[firstBreak].before - y[v.m0]
		behind := -1
		if v.m1 < len(y) {
			behind = y[v.m1] - y[lastBreak+1] + sc.intervals[lastBreak].after
		}
		if v.part, v.b = onFirst, firstBreak; behind > ahead {
			v.part, v.b = onLast, lastBreak
		}
	}
	lo, hi := v.span(sc, y)
	v.p = (lo + hi) / 2
	return v
}
