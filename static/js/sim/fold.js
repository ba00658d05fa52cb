// What a run looks like at any instant: a pure function of its events and a position. index() reads an events array once,
// fold() then answers for a position by binary search, so that scrubbing costs next to nothing. No DOM in here.

import { Learner } from './numbers.js';

/** @import { Host, RunEvent, State, Vars, Wire } from '../protocol.js' */
/** @import { Band, End, HostAt, Index, Leg, Model, Position, Segment, SegmentAt, Timer } from './model.js' */

/** The whole way of a segment: parts of the way are counted in ten-thousandths, so that Go and JavaScript agree to the digit. */
export const WAY = 10000;

/** Events that happen by themselves or by the learner's hand; all others follow from one of these at the same instant. */
const CAUSES = new Set(['called', 'arrived', 'lost', 'timer-fired', 'forged', 'edited', 'delayed', 'held', 'released', 'duplicated', 'passed',
  'rule-added', 'rule-removed', 'box-added', 'box-removed', 'expect-failed']);

/** @type {WeakMap<readonly RunEvent[], Index>} */
const indexed = new WeakMap();

/**
 * The index of an events array, made on first use. The array must not change afterwards.
 * @param {readonly RunEvent[]} events
 * @returns {Index}
 */
export function index(events) {
  let ix = indexed.get(events);
  if (!ix) indexed.set(events, ix = read(events));
  return ix;
}

/** @param {string} host @returns {End} */
export const peer = (host) => host === 'client' ? 'server' : 'client';

/** @param {readonly RunEvent[]} events @returns {Index} */
function read(events) {
  /** @type {Index} */
  const ix = {
    events, times: events.map((e) => e.t), segments: [], segment: new Map(),
    bands: { client: [first('client')], server: [first('server')] },
    timers: [], vars: { client: [], server: [] }, steps: [], rules: [{ k: -1, rules: [] }], called: [], told: [], delay: 0,
  };
  const hosts = { client: tracker(), server: tracker() };
  /** @type {Map<string, Timer>} */
  const running = new Map();
  /** @type {Map<string, number>} */
  const sentBefore = new Map();
  const numbers = new Learner();
  events.forEach((e, k) => {
    const { t, host } = e, conn = e.conn ?? 0;
    numbers.add(e);
    const seg = e.seg ? ix.segment.get(e.seg) : undefined;
    switch (e.kind) {
      case 'sent': case 'forged': case 'duplicated': case 'injected': {
        const s = born(ix, e, k);
        if (e.kind === 'sent') s.again = again(sentBefore, s);
        break;
      }
      case 'edited':
        if (seg) {
          seg.contents.push({ k, wire: e.wire ?? nothing, fields: e.fields ?? [] });
          for (const f of e.fields ?? []) if (!seg.edited.includes(f)) seg.edited.push(f);
        }
        break;
      case 'delayed': case 'released':
        if (seg) turn(seg, k, t, e.due ?? null, false);
        break;
      case 'held':
        if (seg) turn(seg, k, t, null, true);
        break;
      case 'arrived': case 'lost':
        if (seg) finish(seg, k, t, e.kind, e.rule ?? '');
        break;
      case 'discarded':
        if (seg) seg.discarded = { k, rule: e.rule ?? '' };
        break;
      case 'check':
        seg?.checks.push(k);
        break;
      case 'timer-set': case 'timer-stopped': case 'timer-fired':
        if (host !== 'network') timer(ix, running, e, k, host);
        break;
      case 'called':
        ix.called.push(k);
        break;
      case 'told':
        ix.told.push(k);
        break;
      case 'rule-added': case 'rule-removed': {
        const before = ix.rules.at(-1)?.rules ?? [];
        const rules = before.filter((r) => r.count !== e.count);
        // the rules behind one that is taken away move up
        if (e.kind === 'rule-removed') rules.forEach((r, i) => { if (r.count > (e.count ?? 0)) rules[i] = { ...r, count: r.count - 1 }; });
        else rules.push({ count: e.count ?? 0, text: e.text ?? '' });
        ix.rules.push({ k, rules });
        break;
      }
    }
    if (host !== 'network') {
      if (e.vars) ix.vars[host].push({ k, conn, vars: e.vars });
      const state = track(hosts[host], e), bands = ix.bands[host];
      if (state !== bands.at(-1)?.state) bands.push({ host, k, t, state, conn, rule: e.rule ?? '' });
    }
    step(ix, e, k, t, host);
  });
  ix.delay = delay(ix.segments);
  return ix;
}

/** @param {End} host @returns {Band} */
const first = (host) => ({ host, k: -1, t: 0, state: 'CLOSED', conn: 0, rule: '' });

// ---------------------------------------------------------------- state of a host

/** @returns {{listening: boolean, conns: Map<number, State>}} */
const tracker = () => ({ listening: false, conns: new Map() });

/**
 * The state of a host after e: that of its newest connection, else LISTEN or CLOSED.
 * @param {{listening: boolean, conns: Map<number, State>}} h
 * @param {RunEvent} e
 * @returns {State}
 */
function track(h, e) {
  const conn = e.conn ?? 0;
  if (e.kind === 'opened') h.conns.set(conn, e.vars?.state ?? 'CLOSED');
  if (e.kind === 'removed') h.conns.delete(conn);
  if (e.kind === 'state') {
    if (conn) h.conns.set(conn, e.to ?? 'CLOSED');
    else h.listening = e.to === 'LISTEN';
  }
  // a Map keeps the order in which the records were made
  return [...h.conns.values()].at(-1) ?? (h.listening ? 'LISTEN' : 'CLOSED');
}

// ---------------------------------------------------------------- segments

/** What a segment carries of which no event says it. @type {Wire} */
const nothing = {
  src: '', dst: '', seq: 0, ack: 0, flags: 'none', window: 0, urgent: 0, offset: 5, reserved: 0, checksum: 0, sumok: true,
  options: '', optionsHex: '', payload: '', len: 0, ttl: 64, ipid: 0, df: true, tos: 0,
};

/** @param {Index} ix @param {RunEvent} e @param {number} k @returns {Segment} */
function born(ix, e, k) {
  const t = e.t, original = e.kind === 'duplicated' && e.of ? ix.segment.get(e.of) : undefined;
  const to = original ? original.to : e.kind === 'sent' ? peer(e.host) : e.toward === 'server' ? 'server' : 'client';
  // a copy starts where its original is
  const f0 = original ? partAt(original.legs.at(-1), t) : e.kind === 'injected' ? WAY / 2 : 0;
  /** @type {Segment} */
  const s = {
    id: e.seg ?? 0, from: peer(to), to, t, k, conn: e.conn ?? 0, of: original ? original.id : 0, again: 0, forged: e.kind === 'forged', injected: e.kind === 'injected',
    contents: [{ k, wire: e.wire ?? original?.contents.at(-1)?.wire ?? nothing, fields: [] }], edited: [], legs: [],
    end: null, discarded: null, checks: [], rule: e.rule ?? '',
  };
  const due = e.due === null ? null : e.due ?? 0;
  s.legs.push({ k, k1: -1, t0: t, f0, t1: due, f1: due === null ? f0 : WAY, held: due === null, due });
  ix.segments.push(s);
  ix.segment.set(s.id, s);
  return s;
}

/**
 * The earlier segment that s sends again: same sender, same flags, same sequence number, and something that must be acknowledged.
 * @param {Map<string, number>} before
 * @param {Segment} s
 */
function again(before, s) {
  const w = s.contents[0]?.wire;
  if (!w?.len) return 0;
  const key = `${s.from} ${s.conn} ${w.flags.split(',').filter((f) => f !== 'PSH' && f !== 'none').join()} ${w.seq} ${w.payload ? 'data' : ''}`, earlier = before.get(key) ?? 0;
  if (!earlier) before.set(key, s.id);
  return earlier;
}

/** Part of the way at t, in whole ten-thousandths. @param {Leg | undefined} leg @param {number} t */
function partAt(leg, t) {
  if (!leg) return 0;
  if (leg.held || leg.t1 === null || t <= leg.t0) return leg.f0;
  if (t >= leg.t1) return leg.f1;
  return leg.f0 + Math.floor((leg.f1 - leg.f0) * (t - leg.t0) / (leg.t1 - leg.t0));
}

/** @param {Segment} s @param {number} k @param {number} t */
function cut(s, k, t) {
  const leg = s.legs.at(-1);
  if (!leg) return 0;
  const f = partAt(leg, t);
  leg.k1 = k;
  leg.t1 = t;
  leg.f1 = f;
  return f;
}

/** @param {Segment} s @param {number} k @param {number} t @param {number | null} due @param {boolean} held */
function turn(s, k, t, due, held) {
  const last = s.legs.at(-1);
  // a rule of the path may act on a segment in the instant in which it is sent: that is no turn on its way
  if (last && !held && !last.held && last.t0 === t) {
    last.t1 = last.due = due;
    return;
  }
  const f = cut(s, k, t);
  s.legs.push({ k, k1: -1, t0: t, f0: f, t1: due, f1: held || due === null ? f : WAY, held: held || due === null, due });
}

/** @param {Segment} s @param {number} k @param {number} t @param {'arrived' | 'lost'} fate @param {string} rule */
function finish(s, k, t, fate, rule) {
  cut(s, k, t);
  s.end = { k, t, fate, rule };
}

/** The slower direction's shortest time on the wire, 50 ms when nothing was sent. @param {Segment[]} segments */
function delay(segments) {
  /** @type {Record<End, number>} */
  const least = { client: Infinity, server: Infinity };
  for (const s of segments) {
    const due = s.legs[0]?.due;
    if (due != null && !s.of && !s.forged && !s.injected) least[s.from] = Math.min(least[s.from], due - s.t);
  }
  const d = Math.max(...Object.values(least).filter(Number.isFinite), 0);
  return d || 50000;
}

// ---------------------------------------------------------------- timers

/** @param {Index} ix @param {Map<string, Timer>} running @param {RunEvent} e @param {number} k @param {End} host */
function timer(ix, running, e, k, host) {
  const { t } = e, key = `${host} ${e.conn ?? 0} ${e.timer ?? 'retransmit'}`, old = running.get(key);
  if (old) {
    old.k1 = k;
    old.t1 = t;
    old.end = e.kind === 'timer-set' ? 'set again' : e.kind === 'timer-fired' ? 'fired' : 'stopped';
    running.delete(key);
  }
  if (e.kind !== 'timer-set') return;
  /** @type {Timer} */
  const span = {
    host, conn: e.conn ?? 0, timer: e.timer ?? 'retransmit', k, t, due: e.due ?? null, rule: e.rule ?? '', k1: -1, t1: null, end: 'running',
  };
  running.set(key, span);
  ix.timers.push(span);
}

// ---------------------------------------------------------------- steps

/** @param {Index} ix @param {RunEvent} e @param {number} k @param {number} t @param {Host} host */
function step(ix, e, k, t, host) {
  const last = ix.steps.at(-1);
  // a copy or a delay that a rule of the path makes belongs to the sending of the segment
  const byPath = (e.kind === 'duplicated' || e.kind === 'delayed') && e.rule !== undefined && e.rule !== 'lab:delay' && e.rule !== 'lab:duplicate';
  let s = last;
  if (!s || s.t !== t || (CAUSES.has(e.kind) && !(byPath && s.sent.includes(e.kind === 'delayed' ? e.seg ?? 0 : e.of ?? 0)))) {
    s = { i: ix.steps.length, k0: k, k1: k, t, host, cause: k, kind: e.kind, seg: e.seg ?? 0, sent: [], states: [] };
    ix.steps.push(s);
  }
  s.k1 = k + 1;
  if (e.kind === 'sent' || e.kind === 'forged' || e.kind === 'duplicated' || e.kind === 'injected') s.sent.push(e.seg ?? 0);
  if (e.kind === 'state' && host !== 'network') s.states.push({ host, from: e.from ?? 'CLOSED', to: e.to ?? 'CLOSED' });
}

// ---------------------------------------------------------------- positions

/** How many entries at the start of a, which is ordered, have a property. @template T @param {readonly T[]} a @param {(v: T) => boolean} before */
export function count(a, before) {
  let lo = 0, hi = a.length;
  while (lo < hi) {
    const mid = (lo + hi) >> 1;
    if (before(/** @type {T} */ (a[mid]))) lo = mid + 1;
    else hi = mid;
  }
  return lo;
}

/** The position at time t with everything folded that has happened by then. @param {Index} ix @param {number} t @returns {Position} */
export function seek(ix, t) {
  return { t, k: count(ix.times, (v) => v <= t) };
}

/** How many steps have begun at pos. @param {Index} ix @param {Position} pos */
export const begun = (ix, pos) => count(ix.steps, (s) => s.k0 < pos.k);

/** The position after step i, or before all of them. @param {Index} ix @param {number} i @returns {Position} */
export function after(ix, i) {
  const s = ix.steps[i];
  return s ? { t: s.t, k: s.k1 } : { t: ix.times[0] ?? 0, k: 0 };
}

/** The position one step on; the same position at the end. @param {Index} ix @param {Position} pos @returns {Position} */
export function next(ix, pos) {
  const i = count(ix.steps, (s) => s.k1 <= pos.k);
  return i < ix.steps.length ? after(ix, i) : pos;
}

/** The position one step back: to the end of the step before, or of this one when time has passed since. @param {Index} ix @param {Position} pos @returns {Position} */
export function back(ix, pos) {
  const i = begun(ix, pos) - 1, s = ix.steps[i];
  return after(ix, s && pos.t > s.t ? i : i - 1);
}

// ---------------------------------------------------------------- the model at a position

/** What was told last of a run: only what moves changes until the next event. @type {WeakMap<Index, Model>} */
const folded = new WeakMap();

/**
 * All that a page may show at pos. Between two events most of it is the very same.
 * @param {Index} ix
 * @param {Position} pos
 * @returns {Model}
 */
export function fold(ix, pos) {
  const last = folded.get(ix), same = last?.k === pos.k ? last : undefined;
  const segments = same ? same.segments.map((s) => s.phase === 'flight' ? segmentAt(s.seg, pos) : s) : ix.segments.map((s) => segmentAt(s, pos));
  const flying = segments.filter((s) => s.phase === 'flight' || s.phase === 'held');
  flying.sort((a, b) => (a.due ?? Infinity) - (b.due ?? Infinity) || a.id - b.id);
  const model = { ...(same ?? happened(ix, pos.k)), t: pos.t, segments, flying };
  folded.set(ix, model);
  return model;
}

/** What does not depend on the time since the last event. @param {Index} ix @param {number} k @returns {Omit<Model, 't' | 'segments' | 'flying'>} */
function happened(ix, k) {
  const step = count(ix.steps, (s) => s.k0 < k) - 1, from = ix.steps[step]?.k0 ?? 0;
  return {
    k, total: ix.events.length, step, steps: ix.steps,
    hosts: { client: hostAt(ix, 'client', k, from), server: hostAt(ix, 'server', k, from) },
    rules: ix.rules[count(ix.rules, (r) => r.k < k) - 1]?.rules ?? [],
    called: until(ix, ix.called, k), told: until(ix, ix.told, k),
  };
}

/** @param {Index} ix @param {number[]} list @param {number} k */
const until = (ix, list, k) => list.slice(0, count(list, (i) => i < k)).map((i) => /** @type {RunEvent} */ (ix.events[i]));

/** @param {Index} ix @param {End} host @param {number} k @param {number} from @returns {HostAt} */
function hostAt(ix, host, k, from) {
  const bands = ix.bands[host], vars = ix.vars[host];
  const band = bands[count(bands, (b) => b.k < k) - 1] ?? first(host);
  const now = vars[count(vars, (v) => v.k < k) - 1], was = vars[count(vars, (v) => v.k < from) - 1];
  return {
    state: band.state, since: band.t, conn: now?.conn ?? 0, vars: now?.vars ?? null,
    before: was && now && was.conn === now.conn ? was.vars : null,
    timers: ix.timers.filter((s) => s.host === host && s.k < k && (s.k1 < 0 || s.k1 >= k)),
  };
}

/** @param {Segment} s @param {Position} pos @returns {SegmentAt} */
export function segmentAt(s, pos) {
  const { k, t } = pos;
  const content = s.contents[count(s.contents, (c) => c.k < k) - 1] ?? s.contents[0], original = s.contents[0];
  const wire = content?.wire ?? nothing;
  /** @type {SegmentAt} */
  const at = { id: s.id, seg: s, phase: 'future', f: 0, wire, was: null, edited: [], due: s.legs[0]?.due ?? null, discarded: false };
  if (s.k >= k) return at;
  if (content !== original && original) {
    at.was = original.wire;
    at.edited = s.contents.length === 2 ? s.edited : [...new Set(s.contents.filter((c) => c.k < k).flatMap((c) => c.fields))];
  }
  const leg = s.legs[count(s.legs, (l) => l.k < k) - 1];
  if (s.end && s.end.k < k) {
    at.phase = s.end.fate;
    at.f = (leg?.f1 ?? 0) / WAY;
    at.due = null;
    at.discarded = s.discarded !== null && s.discarded.k < k;
    return at;
  }
  at.phase = leg?.held ? 'held' : 'flight';
  at.due = leg?.due ?? null;
  if (leg) at.f = leg.t1 === null || leg.t1 <= leg.t0 || leg.held ? leg.f0 / WAY : (leg.f0 + (leg.f1 - leg.f0) * Math.min(1, Math.max(0, (t - leg.t0) / (leg.t1 - leg.t0)))) / WAY;
  return at;
}

/** @param {Vars | null} vars @param {Vars | null} before @returns {(keyof Vars)[]} Names of the variables that a step changed. */
export function changed(vars, before) {
  if (!vars || !before) return [];
  const names = /** @type {(keyof Vars)[]} */ ([...new Set([...Object.keys(vars), ...Object.keys(before)])]);
  return names.filter((name) => vars[name] !== before[name]);
}
