// Where everything of a ladder stands: a pure function of a run and a width. Nothing here depends on the position, so that
// the picture stays as it is while the learner moves through it. web/ladder does the same in Go; both are held to the
// fixtures in web/ladder/testdata. All arithmetic is on integers, tenths of a pixel, so that the two agree to the digit.
import { WAY, count, index } from './fold.js';
import { has, ms, t, time } from './sentence.js';
import { bars, div, head, kindOf, pillOf, px, round, textOf, wave, zigzag } from './shapes.js';

/** @import { RunEvent, State } from '../protocol.js' */
/** @import { BandShape, Break, End, Index, Label, Layout, Leg, Pill, Point, Segment, SegmentShape, Tick, Timer, TimerShape } from './model.js' */

/** When something happens: several moments may share an instant. @typedef {{ k: number, t: number }} Moment */
/** The scale between two moments: px before, in and after a break, or only before. @typedef {{ before: number, gap: number, after: number }} Interval */
/** @typedef {{ mode: Layout['mode'], left: number, right: number, timeX: number, client: number, server: number, timers: Record<End, boolean> }} Lanes */
/**
 * A segment that looks for a place for its pill: on which leg of its way, between which moments, on the whole leg or on the
 * part before or after break b; one that died at once has a ghost, the way that it would have gone.
 * @typedef {{ s: Segment, leg: number, m0: number, m1: number, part: 'whole' | 'first' | 'last' | 'ghost', b: number, pills: { pill: Pill, w: number, h: number }[], h: number, p: number }} Item
 */
/** @typedef {{ ix: Index, scale: Scale, y: number[], bottom: number, lanes: Lanes }} Ctx */

const UNIT = 700; // the slower direction's delay
const SILENCE = 3; // so many delays without an event are a break
const BEFORE = 392, AFTER = 224; // of a break: what is drawn to scale on its sides
const TOP = 140, LEAD = 310, TAIL = 340; // where the lanes begin, the first moment, what is below the last
const FLIGHT = 480, STAND = 300; // the least height of a way, and the least on which a pill can stand
const GAP = 80, END = 40; // between two pills; from the end of a way to its pill
const TURN = 800; // where a segment is held or lost, seen from the lanes, in ten-thousandths of the way

/** @type {End[]} */
const HOSTS = ['client', 'server'];

/** @template T @param {readonly T[]} a @param {number} i @returns {T} */
const at = (a, i) => /** @type {T} */ (a[i]);

/**
 * The drawing of a run at a width in CSS pixels.
 * @param {readonly RunEvent[]} events
 * @param {number} width
 * @returns {Layout}
 */
export function layout(events, width) {
  const ix = index(events), moments = momentsOf(ix), lanes = lanesOf(ix, moments, width);
  const scale = new Scale(ix, moments, lanes.mode === 'compact' ? 580 : 640), items = fit(ix, scale, lanes), y = scale.tops();
  const bottom = Math.max(at(y, scale.last) + TAIL - TOP, ...items.map((v) => v.p + div(v.h, 2) + 60));
  const c = { ix, scale, y, bottom, lanes }, bands = bandsOf(c), labels = labelsOf(c, bands);
  return {
    width, height: div(Math.max(bottom + TOP, ...labels.map((v) => Math.round(v.y * 10) + 80)) + 9, 10), mode: lanes.mode, left: px(lanes.left), right: px(lanes.right), timeX: px(lanes.timeX),
    client: px(lanes.client), server: px(lanes.server), top: px(TOP), bottom: px(bottom), knots: scale.knots(y, bottom),
    moments: moments.map((m, i) => [m.k, m.t, px(at(y, i))]), ticks: ticksOf(moments, y), breaks: breaksOf(c), bands, timers: timersOf(c),
    labels, segments: segmentsOf(c, items),
  };
}

// ---------------------------------------------------------------- moments and lanes

/**
 * The instants at which something happens or will happen, and a second moment at an instant where a segment arrives that
 * was sent in the first (on a path without delay), or nobody could see it go.
 * @param {Index} ix
 */
function momentsOf(ix) {
  /** @type {Moment[]} */
  const moments = [];
  ix.events.forEach((e, k) => {
    const last = moments.at(-1), seg = e.kind === 'arrived' ? ix.segment.get(e.seg ?? 0) : undefined;
    if (!last || e.t > last.t || (seg && seg.k >= last.k)) moments.push({ k, t: e.t });
  });
  if (!moments.length) moments.push({ k: 0, t: 0 });
  const now = at(moments, moments.length - 1).t, dues = new Set();
  for (const s of ix.segments) {
    const due = s.end ? null : s.legs.at(-1)?.due;
    if (due != null && due > now) dues.add(due);
  }
  for (const due of [...dues].sort((a, b) => a - b)) moments.push({ k: ix.events.length, t: due });
  return moments;
}

/** @param {Index} ix @param {Moment[]} moments @param {number} width @returns {Lanes} */
function lanesOf(ix, moments, width) {
  const mode = width >= 600 ? 'wide' : width >= 456 ? 'tight' : 'compact', w = width * 10;
  const timers = { client: ix.timers.some((s) => s.host === 'client'), server: ix.timers.some((s) => s.host === 'server') };
  const digits = Math.max(...moments.map((m) => ms(m.t).length)), wider = Math.max(0, 76 * digits - (mode === 'compact' ? 330 : 410));
  if (mode === 'compact') {
    return { mode, timers, timeX: 340 + wider, left: 380 + wider, right: w - 20, client: (timers.client ? 720 : 680) + wider, server: w - 310 };
  }
  // lanes too far apart would make the lines too flat to read
  const spare = mode === 'wide' ? Math.max(0, div(w - 1720 - 1720 - 5600, 2)) : 0;
  const client = mode === 'wide' ? 1720 + spare : timers.client ? 1640 : 1460;
  return { mode, timers, timeX: 420 + wider, left: 480 + wider, right: w - 20, client: client + wider, server: w - (mode === 'wide' ? 1720 : 1360) - spare };
}

// ---------------------------------------------------------------- the time scale

class Scale {
  /** @param {Index} ix @param {Moment[]} moments @param {number} gap */
  constructor(ix, moments, gap) {
    this.moments = moments;
    this.last = moments.length - 1;
    this.unit = ix.delay;
    /** Which moment each event belongs to. @type {number[]} */
    this.of = [];
    let m = 0;
    for (let k = 0; k < ix.events.length; k++) {
      while (m < this.last && at(moments, m + 1).k <= k) m++;
      this.of.push(m);
    }
    /** @type {Interval[]} */
    this.intervals = [];
    for (let i = 0; i < this.last; i++) {
      const dt = at(moments, i + 1).t - at(moments, i).t;
      if (dt > SILENCE * this.unit) this.intervals.push({ before: BEFORE, gap, after: AFTER });
      else this.intervals.push({ before: dt ? div(dt * UNIT, this.unit) : FLIGHT, gap: 0, after: 0 });
    }
  }

  /** The moment of event k; the last for one that is still to come. @param {number} k */
  moment(k) {
    return k < 0 ? 0 : this.of[k] ?? this.last;
  }

  /** The last moment at or before instant t. @param {number} t */
  until(t) {
    let m = this.last;
    while (m > 0 && at(this.moments, m).t > t) m--;
    return m;
  }

  /** y of each moment. */
  tops() {
    const y = [LEAD];
    this.intervals.forEach((v, i) => y.push(at(y, i) + v.before + v.gap + v.after));
    return y;
  }

  /** Makes room right before or right after moment m. @param {number} m @param {'before' | 'after'} where @param {number} room */
  stretch(m, where, room) {
    const v = this.intervals[where === 'after' ? m : m - 1];
    if (!v) return;
    if (where === 'after' || !v.gap) v.before += room;
    else v.after += room;
  }

  /** The first and the last break between two moments. @param {number} m0 @param {number} m1 */
  breaks(m0, m1) {
    let first = -1, last = -1;
    for (let i = m0; i < m1; i++) {
      if (!this.intervals[i]?.gap) continue;
      if (first < 0) first = i;
      last = i;
    }
    return { first, last };
  }

  /** The points between which time runs evenly. @param {number[]} y @param {number} bottom @returns {Point[]} */
  knots(y, bottom) {
    /** @type {Point[]} */
    const knots = [];
    this.moments.forEach((m, i) => {
      knots.push([m.t, px(at(y, i))]);
      const v = this.intervals[i];
      if (!v?.gap) return;
      knots.push([m.t + div(this.unit * BEFORE, UNIT), px(at(y, i) + v.before)]);
      knots.push([at(this.moments, i + 1).t - div(this.unit * AFTER, UNIT), px(at(y, i) + v.before + v.gap)]);
    });
    knots.push([at(this.moments, this.last).t + div(this.unit * (TAIL - 140), UNIT), px(bottom)]);
    return knots;
  }
}

// ---------------------------------------------------------------- room for the pills

/**
 * Stretches the scale until every segment has its pill on its line and no two pills overlap, and finds the places of the
 * pills. They stand in one column, in the order in which their lines reach its middle.
 * @param {Index} ix @param {Scale} scale @param {Lanes} lanes @returns {Item[]}
 */
function fit(ix, scale, lanes) {
  const room = lanes.server - lanes.client - 120 - 40;
  let y = scale.tops();
  const items = ix.segments.map((s) => itemOf(s, scale, y, room));
  items.sort((a, b) => a.p - b.p || a.s.id - b.s.id);
  /** Makes the way of v longer, behind moment m if that is on it. @param {Item} v @param {number} m @param {number} room */
  const lengthen = (v, m, room) => {
    if (v.part === 'last') scale.stretch(v.b + 1, 'before', room);
    else scale.stretch(v.part === 'whole' ? Math.max(v.m0, Math.min(m, v.m1 - 1)) : v.part === 'first' ? Math.min(m, v.b) : v.b, 'after', room);
    y = scale.tops();
  };
  for (const v of items) {
    const [lo, hi] = rangeOf(v, scale, y);
    // a ghost must not run into the break behind it; every other way has a least height
    const missing = v.part !== 'ghost' ? v.h + 2 * END - (hi - lo) : v.b < 0 ? 0 : hi - at(y, v.b) - at(scale.intervals, v.b).before;
    if (missing > 0) lengthen(v, v.m0, missing);
  }
  // as early as each can stand; one that comes too late gets more time, before it or, sent together with another, on its way
  items.forEach((v, i) => {
    const prev = items[i - 1], [lo, hi] = rangeOf(v, scale, y), late = prev ? below(prev, v, y) - (hi - margin(v)) : 0;
    if (prev && late > 0 && v.part !== 'ghost') {
      const m = died(prev, v) ? prev.m1 : prev.m0;
      if (v.m0 > m && v.part !== 'last') {
        scale.stretch(v.m0, 'before', late);
        y = scale.tops();
      } else lengthen(v, Math.max(v.m0, m), late);
    }
    v.p = Math.max(rangeOf(v, scale, y)[0] + margin(v), prev ? below(prev, v, y) : lo);
  });
  // then as near to the middle of its line as its neighbours let it
  items.forEach((v, i) => {
    const [lo, hi] = rangeOf(v, scale, y), prev = items[i - 1];
    v.p = Math.max(div(lo + hi, 2), prev ? below(prev, v, y) : lo);
  });
  for (let i = items.length - 1; i >= 0; i--) {
    const v = at(items, i), [lo, hi] = rangeOf(v, scale, y), next = items[i + 1];
    const most = next ? next.p - div(v.h + next.h, 2) - GAP : hi;
    v.p = Math.max(lo + margin(v), Math.min(v.p, v.part === 'ghost' ? v.p : hi - margin(v), most));
  }
  return items;
}

/** From the end of a way to the middle of its pill. @param {Item} v */
const margin = (v) => div(v.h, 2) + END;

/** Whether prev dies on its way before that of v ends. @param {Item} prev @param {Item} v */
const died = (prev, v) => prev.s.end?.fate === 'lost' && prev.part !== 'ghost' && prev.m1 < v.m1;

/** The highest place for the pill of v under that of prev, and under the cross where prev died. @param {Item} prev @param {Item} v @param {number[]} y */
function below(prev, v, y) {
  const cross = died(prev, v) ? at(y, prev.m1) + 130 + div(v.h, 2) : 0;
  return Math.max(prev.p + div(prev.h + v.h, 2) + GAP, cross);
}

/** The stretch of a way on which the pill may stand, clear of the cross. @param {Item} v @param {Scale} scale @param {number[]} y @returns {[number, number]} */
function rangeOf(v, scale, y) {
  const from = at(y, v.m0), to = (y[v.m1] ?? at(y, scale.last) + TAIL - 140) - (v.s.end?.fate === 'lost' ? 90 : 0);
  if (v.part === 'ghost') return [to + 180, to + 180 + UNIT];
  if (v.part === 'first') return [from, at(y, v.b) + at(scale.intervals, v.b).before];
  if (v.part === 'last') return [at(y, v.b + 1) - at(scale.intervals, v.b).after, to];
  return [from, to];
}

/** Which part of the way of s carries its pill, and about where. @param {Segment} s @param {Scale} scale @param {number[]} y @param {number} room @returns {Item} */
function itemOf(s, scale, y, room) {
  const pills = s.contents.map((c, i) => pillOf(s, c.wire, i ? editedUntil(s, i) : [], room));
  /** @type {Item} */
  const v = { s, leg: 0, m0: 0, m1: 0, part: 'whole', b: -1, pills, h: Math.max(...pills.map((p) => p.h)), p: 0 };
  const ends = s.legs.map((leg) => ({ m0: scale.moment(leg.k), m1: endOf(leg, scale) }));
  const tall = (/** @type {number} */ i) => (y[at(ends, i).m1] ?? at(y, scale.last) + TAIL) - at(y, at(ends, i).m0);
  let best = -1, still = -1;
  s.legs.forEach((leg, i) => {
    if (leg.held) still = still < 0 || tall(i) > tall(still) ? i : still;
    else best = best < 0 || tall(i) > tall(best) ? i : best;
  });
  const stands = (/** @type {number} */ i) => i >= 0 && tall(i) >= STAND;
  v.leg = stands(best) || !stands(still) ? Math.max(best, 0) : still;
  Object.assign(v, at(ends, v.leg));
  const { first, last } = scale.breaks(v.m0, v.m1);
  if (s.end?.fate === 'lost' && !stands(v.leg)) {
    v.part = 'ghost';
    v.b = scale.breaks(v.m0, v.m1 + 1).first;
  } else if (first >= 0) {
    const before = at(y, first) + at(scale.intervals, first).before - at(y, v.m0);
    const after = (y[v.m1] ?? 0) - at(y, last + 1) + at(scale.intervals, last).after;
    v.part = after > before ? 'last' : 'first';
    v.b = after > before ? last : first;
  }
  const [lo, hi] = rangeOf(v, scale, y);
  v.p = div(lo + hi, 2);
  return v;
}

/** The moment at which a leg ends; behind the last one while its segment is held. @param {Leg} leg @param {Scale} scale */
const endOf = (leg, scale) => leg.k1 >= 0 ? scale.moment(leg.k1) : leg.t1 === null ? scale.last + 1 : scale.until(leg.t1);

/** @param {Segment} s @param {number} i */
const editedUntil = (s, i) => [...new Set(s.contents.slice(0, i + 1).flatMap((c) => c.fields))];

// ---------------------------------------------------------------- segments

/** @param {Ctx} c @param {Item[]} items @returns {SegmentShape[]} */
function segmentsOf(c, items) {
  /** @type {Map<string, number>} */
  const same = new Map();
  return [...items].sort((a, b) => a.s.id - b.s.id).map((v) => {
    const { s } = v, points = pointsOf(c, s), last = at(points, points.length - 1), wire = at(s.contents, s.contents.length - 1).wire;
    // lines that would hide each other stand side by side
    const key = points.join(' '), beside = same.get(key) ?? 0;
    same.set(key, beside + 1);
    for (const p of points) p[1] += 50 * beside;
    const kind = kindOf(wire), fate = s.end?.fate ?? (s.legs.at(-1)?.held ? 'held' : 'open'), before = at(points, points.length - 2);
    const there = fate === 'arrived' || fate === 'open', lane = c.lanes[s.to] + (s.to === 'client' ? 60 : -60);
    const from = at(points, v.leg), to = v.part === 'ghost' ? /** @type {Point} */ ([lane, rangeOf(v, c.scale, c.y)[1]]) : at(points, v.leg + 1);
    // on its line, but between the lanes
    const x = to[1] > from[1] ? from[0] + round((to[0] - from[0]) * (v.p - from[1]), to[1] - from[1]) : div(from[0] + to[0], 2);
    const pills = v.pills.map(({ pill, w, h }, i) => {
      const free = div(w, 2) + 80, mid = Math.max(c.lanes.client + free, Math.min(x, c.lanes.server - free));
      return { ...pill, k: at(s.contents, i).k, x: px(mid - div(w, 2)), y: px(v.p - div(h, 2)) };
    });
    const text = textOf(at(pills, pills.length - 1));
    return {
      id: s.id, from: s.from, kind, fate, points: pixels(points), zigzag: kind === 'rst' ? pixels(points.flatMap((p, i) => i ? zigzag(at(points, i - 1), p) : [])) : [],
      ghost: v.part === 'ghost' ? pixels([last, [x, v.p]]) : [], tail: s.forged || s.injected ? pixels([at(points, 0)]) : [],
      head: there ? pixels(head(before, last, kind === 'ack')) : [], bars: pixels(bars(kind, at(points, kind === 'fin' ? 0 : points.length - 2), at(points, kind === 'fin' ? 1 : points.length - 1), there)),
      cross: fate === 'lost' ? pixels([last]) : [], copy: s.of > 0, discarded: s.discarded !== null, pills, text, name: nameOf(s, text),
    };
  });
}

/** @param {Point[]} points @returns {Point[]} */
const pixels = (points) => points.map(([x, y]) => [px(x), px(y)]);

/** The corners of a segment's way. @param {Ctx} c @param {Segment} s @returns {Point[]} */
function pointsOf({ scale, y, bottom, lanes }, s) {
  const a = lanes[s.from] + (s.from === 'client' ? 60 : -60), b = lanes[s.to] + (s.to === 'client' ? 60 : -60);
  // a turn close to a lane would be hidden by it
  const x = (/** @type {number} */ f, /** @type {boolean} */ turn) => a + round((b - a) * (turn ? Math.max(TURN, Math.min(f, WAY - TURN)) : f), WAY);
  const first = at(s.legs, 0);
  /** @type {Point[]} */
  const points = [[x(first.f0, first.f0 > 0), at(y, scale.moment(first.k))]];
  s.legs.forEach((leg, i) => {
    const there = i === s.legs.length - 1 && s.end?.fate !== 'lost' && !leg.held;
    points.push([x(there ? WAY : leg.f1, !there), y[endOf(leg, scale)] ?? bottom]);
  });
  return points;
}

/** The accessible name: what one sees, then who sent it, when, and what became of it. @param {Segment} s @param {string} text @param {string} [fate] */
export function nameOf(s, text, fate = fateOf(s)) {
  const args = { text, seg: s.id, host: t(`host.${s.from}`), to: t(`host.${s.to}`), of: s.of, t: ms(s.t), fate };
  return t(s.forged ? 'ladder.name.forged' : s.injected ? 'ladder.name.injected' : s.of ? 'ladder.name.copy' : 'ladder.name', args);
}

/** What became of a segment in the end. @param {Segment} s */
export function fateOf(s) {
  if (s.end) return t(s.discarded ? 'ladder.fate.discarded' : `ladder.fate.${s.end.fate}`, { t: ms(s.end.t) });
  const due = s.legs.at(-1)?.due;
  return due == null ? t('ladder.fate.held') : t('ladder.fate.flight', { t: ms(due) });
}

// ---------------------------------------------------------------- lanes: states, timers, captions

/** @type {Record<State, string>} */
const patterns = {
  CLOSED: 'closed', LISTEN: 'listen', 'SYN-SENT': 'syn', 'SYN-RECEIVED': 'syn', ESTABLISHED: 'estab', 'FIN-WAIT-1': 'fin', 'FIN-WAIT-2': 'fin',
  'CLOSE-WAIT': 'fin', CLOSING: 'fin', 'LAST-ACK': 'fin', 'TIME-WAIT': 'fin',
};

/** @param {Ctx} c @returns {BandShape[]} */
function bandsOf({ ix, scale, y, bottom, lanes }) {
  return HOSTS.flatMap((host) => {
    // a server that listens from the start has always listened
    const tops = ix.bands[host].map((b) => b.k < 0 || (b.state === 'LISTEN' && scale.moment(b.k) === 0) ? TOP : at(y, scale.moment(b.k)));
    return ix.bands[host].flatMap((b, i) => {
      const y0 = at(tops, i), y1 = tops[i + 1] ?? bottom;
      return y1 > y0 ? [{ host, state: b.state, cls: patterns[b.state], k: b.k, x: px(lanes[host] - 60), y0: px(y0), y1: px(y1) }] : [];
    });
  });
}

/** @param {Ctx} c @returns {TimerShape[]} */
function timersOf({ ix, scale, y, bottom, lanes }) {
  /** @type {Record<End, number[]>} bottoms of the timers drawn so far, by column */
  const columns = { client: [], server: [] };
  const away = lanes.mode === 'compact' ? 110 : 160;
  return ix.timers.flatMap((s) => {
    const y0 = at(y, scale.moment(s.k)), y1 = s.k1 < 0 ? bottom : at(y, scale.moment(s.k1)), free = columns[s.host];
    if (y1 <= y0) return [];
    let i = free.findIndex((b) => b <= y0);
    if (i < 0) i = free.length;
    free[i] = y1;
    // columns to the outside; more than two timers of a host at once share the second
    const x = away + 60 * Math.min(i, 1);
    return [{ host: s.host, k: s.k, k1: s.k1, end: s.end, restart: restarted(ix, s), x: px(lanes[s.host] + (s.host === 'client' ? -x : x)), y0: px(y0), y1: px(y1) }];
  });
}

/** @param {Ctx} c @param {BandShape[]} bands @returns {Label[]} */
function labelsOf(c, bands) {
  const { ix, scale, y, lanes } = c;
  if (lanes.mode === 'compact') return bands.flatMap((b) => turned(b, lanes));
  return HOSTS.flatMap((host) => {
    const x = px(host === 'client' ? lanes.client - (lanes.timers.client ? 260 : 140) : lanes.server + (lanes.timers.server ? 300 : 140));
    /** @type {(Label & { wanted: number })[]} */
    const labels = [];
    const add = (/** @type {string} */ cls, /** @type {number} */ k, /** @type {number} */ wanted, /** @type {string} */ text) =>
      labels.push({ cls, k, x, y: 0, anchor: host === 'client' ? 'end' : 'start', turned: false, text, wanted });
    for (const b of bands) {
      if (b.host !== host) continue;
      const above = b.y0 * 10 <= TOP;
      add(above ? 'state dim' : 'state', b.k, above ? TOP + 100 : Math.round(b.y0 * 10) + 170, b.state);
    }
    for (const s of ix.timers) if (s.host === host) captions(ix, s, at(y, scale.moment(s.k)), s.k1 < 0 ? 0 : at(y, scale.moment(s.k1)), add);
    for (const k of ix.told) {
      const e = at(ix.events, k);
      if (e.host === host && e.errno) add('errno', k, at(y, scale.moment(k)) + 170, e.errno);
    }
    labels.sort((a, b) => a.wanted - b.wanted || a.k - b.k);
    let free = 0;
    return labels.flatMap(({ wanted, ...label }) => {
      const at = Math.max(wanted, free);
      // a caption far from its place says the wrong thing
      if (label.cls.startsWith('cap') && at - wanted > 300) return [];
      free = at + 160;
      return [{ ...label, y: px(at) }];
    });
  });
}

/** What a timer says where it starts and where it fires. @param {Index} ix @param {Timer} s @param {number} y0 @param {number} y1 @param {(cls: string, k: number, wanted: number, text: string) => unknown} add */
function captions(ix, s, y0, y1, add) {
  if (s.k1 >= 0 && y1 <= y0) return;
  const same = (/** @type {Timer} */ o) => o !== s && o.host === s.host && o.conn === s.conn && o.timer === s.timer;
  const own = `ladder.timer.${s.timer}`, key = has(`${own}.starts`) ? own : 'ladder.timer.other';
  if (!restarted(ix, s) && s.due !== null) add('cap', s.k, y0 + 170, t(`${key}.starts`, { time: time(s.due - s.t) }));
  if (s.end !== 'fired') return;
  const next = ix.timers.find((o) => same(o) && o.t === s.t1 && o.k > s.k1);
  add('cap strong', s.k1, y1 + 40, t(`${key}.${next ? 'again' : 'fires'}`));
  if (next?.due != null) add('cap', s.k1, y1 + 200, t('ladder.timer.next', { time: time(next.due - next.t) }));
}

/** Whether the same timer ran until s was set. @param {Index} ix @param {Timer} s */
const restarted = (ix, s) => ix.timers.some((o) => o !== s && o.host === s.host && o.conn === s.conn && o.timer === s.timer && o.t1 === s.t && o.k1 <= s.k && o.end !== 'stopped');

/** The state's name along its lane, if it fits. @param {BandShape} b @param {Lanes} lanes @returns {Label[]} */
function turned(b, lanes) {
  const timer = lanes.timers[b.host], x = b.host === 'client' ? lanes.client - (timer ? 180 : 120) : lanes.server + (timer ? 260 : 210);
  if ((b.y1 - b.y0) * 10 < b.state.length * 74 + 40) return [];
  return [{ cls: b.y0 * 10 <= TOP ? 'state dim' : 'state', k: b.k, x: px(x), y: px(Math.round(b.y0 * 10) + 20), anchor: 'end', turned: true, text: b.state }];
}

// ---------------------------------------------------------------- time: ruler and breaks

/** @param {Moment[]} moments @param {number[]} y @returns {Tick[]} */
function ticksOf(moments, y) {
  let free = 0;
  return moments.flatMap((m, i) => {
    if (moments[i - 1]?.t === m.t) return [];
    const room = at(y, i) >= free;
    if (room) free = at(y, i) + 170;
    return [{ t: m.t, y: px(at(y, i)), text: room ? ms(m.t) : '' }];
  });
}

/** @param {Ctx} c @returns {Break[]} */
function breaksOf({ ix, scale, y, lanes }) {
  return scale.intervals.flatMap((v, i) => {
    if (!v.gap) return [];
    const t0 = at(scale.moments, i).t, t1 = at(scale.moments, i + 1).t, y0 = at(y, i) + v.before + 120, y1 = at(y, i) + v.before + v.gap - 120;
    const quiet = !ix.segments.some((s) => s.t <= t0 && (s.end ? s.end.t : Infinity) >= t1);
    return [{
      t0, t1, y0: px(y0), y1: px(y1), x: px(div(lanes.client + lanes.server, 2)), text: t(quiet ? 'ladder.silence' : 'ladder.later', { time: time(t1 - t0) }),
      top: wave(lanes.left, lanes.right, y0), bottom: wave(lanes.left, lanes.right, y1),
    }];
  });
}

// ---------------------------------------------------------------- between time and place

/** y of a position. @param {Layout} l @param {{ t: number, k?: number }} pos */
export function yAt(l, pos) {
  if (pos.k !== undefined) {
    const i = count(l.moments, (m) => m[0] < /** @type {number} */ (pos.k)) - 1, m = l.moments[Math.max(i, 0)];
    if (m && m[1] === pos.t) return m[2];
  }
  const i = Math.max(0, count(l.knots, (k) => k[0] <= pos.t) - 1), a = l.knots[i], b = l.knots[i + 1];
  if (!a) return l.top;
  return !b || b[0] <= a[0] ? a[1] : a[1] + (b[1] - a[1]) * Math.min(1, Math.max(0, (pos.t - a[0]) / (b[0] - a[0])));
}

/** The time at y, no finer than the picture shows: what a pointer means. @param {Layout} l @param {number} y */
export function timeNear(l, y) {
  const span = Math.max(1, timeAt(l, y + 0.5) - timeAt(l, y - 0.5)), grain = 10 ** Math.min(6, Math.ceil(Math.log10(span)));
  return Math.round(timeAt(l, y) / grain) * grain;
}

/** The time at y, in whole microseconds. @param {Layout} l @param {number} y */
export function timeAt(l, y) {
  const i = Math.max(0, count(l.knots, (k) => k[1] <= y) - 1), a = l.knots[i], b = l.knots[i + 1];
  if (!a) return 0;
  return Math.round(!b || b[1] <= a[1] ? a[0] : a[0] + (b[0] - a[0]) * Math.min(1, Math.max(0, (y - a[1]) / (b[1] - a[1]))));
}

/** Where a position is between the first moment and the end of the scale, 0 to 1: the timeline's scale is the ladder's. @param {Layout} l @param {{ t: number, k?: number }} pos */
export function partOf(l, pos) {
  const y0 = l.knots[0]?.[1] ?? 0;
  return (yAt(l, pos) - y0) / Math.max(1, l.bottom - y0);
}

/** The y of a part of the scale. @param {Layout} l @param {number} part */
export function yOfPart(l, part) {
  const y0 = l.knots[0]?.[1] ?? 0;
  return y0 + part * (l.bottom - y0);
}
