// Two runs side by side, a and b: which of their steps belong together, where they part, and which known difference of the
// profiles is behind it. No DOM in here.
import { count } from './fold.js';
import { flagsOf, list, ms, t, time, told } from './sentence.js';

/** @import { Index, LabEvent, Position, Step } from './model.js' */
/** @typedef {{ name: string, a: string, b: string }} Field */
/**
 * kind: what is only in one of them, at another time, or not the same; i, j: the steps in a and b, -1 for none; t: when.
 * @typedef {{ kind: 'a' | 'b' | 'time' | 'content', i: number, j: number, t: number, fields: Field[] }} Difference
 */
/** @typedef {{ about: string, says: string[], rule: string }} Known */

/** Of runs with more than so many steps in each only the first difference is looked for. */
const MANY = 600;
/** No single wait is longer, in µs. */
const DAY = 86400e6;

/** @param {Index} ix @param {Step} s @returns {readonly LabEvent[]} */
const eventsOf = (ix, s) => ix.events.slice(s.k0, s.k1);

/** What other options than the same make of two texts: the values of timestamps do not count. @param {string} text */
const calm = (text) => text.replace(/TS val \d+ ecr \d+/, 'TS');

/**
 * What a step is, without its numbers: steps of two runs that are alike in it can belong together.
 * @param {Index} ix @param {Step} s
 */
function keyOf(ix, s) {
  /** @param {number} seg */
  const kind = (seg) => flagsOf(ix.segment.get(seg)?.contents[0]?.wire ?? {}).filter((f) => f !== 'ECE' && f !== 'CWR').join('-');
  const e = ix.events[s.cause];
  return [s.host, s.kind, e?.call ?? e?.timer ?? '', kind(s.seg), s.sent.map(kind).join(), s.states.map((v) => v.to).join()].join(' ');
}

/**
 * Which steps belong together: pairs of indices into a and b, in order, as many as possible.
 * @param {string[]} a @param {string[]} b @returns {[number, number][]}
 */
export function pairs(a, b) {
  let head = 0;
  while (head < a.length && head < b.length && a[head] === b[head]) head++;
  /** @type {[number, number][]} */
  const out = Array.from({ length: head }, (_, i) => [i, i]);
  const n = a.length - head, m = b.length - head;
  if (n > MANY || m > MANY) return out;
  // the longest common subsequence of the rests
  const best = Array.from({ length: n + 1 }, () => new Uint16Array(m + 1));
  /** @param {number} i @param {number} j */
  const at = (i, j) => best[i]?.[j] ?? 0;
  for (let i = n - 1; i >= 0; i--) {
    for (let j = m - 1; j >= 0; j--) /** @type {Uint16Array} */ (best[i])[j] = a[head + i] === b[head + j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
  }
  for (let i = 0, j = 0; i < n && j < m;) {
    if (a[head + i] === b[head + j]) out.push([head + i++, head + j++]);
    else if (at(i + 1, j) >= at(i, j + 1)) i++;
    else j++;
  }
  return out;
}

/**
 * All differences that one can see, by time. Each is told once: that a window stays another one is no further difference.
 * @param {Index} a @param {Index} b @returns {Difference[]}
 */
export function differences(a, b) {
  /** @param {Index} ix */
  const steps = (ix) => ix.steps.filter((s) => s.kind !== 'rule-added' && s.kind !== 'rule-removed');
  const x = steps(a), y = steps(b), both = pairs(x.map((s) => keyOf(a, s)), y.map((s) => keyOf(b, s)));
  /** @type {Difference[]} */
  const out = [];
  const seen = new Set();
  let shift = 0, i = 0, j = 0;
  /** @param {number} p @param {number} q */
  const between = (p, q) => {
    const left = x.slice(i, Math.min(p, i + MANY)), right = y.slice(j, Math.min(q, j + MANY));
    for (const s of left) {
      // the same thing at the same time with another outcome
      const at = right.findIndex((o) => o.t === s.t && o.host === s.host && o.kind === s.kind), o = right[at];
      if (o) right.splice(at, 1);
      if (o && keyOf(a, s) === keyOf(b, o)) continue;
      out.push(o ? { kind: 'content', i: s.i, j: o.i, t: s.t, fields: [] } : { kind: 'a', i: s.i, j: -1, t: s.t, fields: [] });
    }
    for (const s of right) out.push({ kind: 'b', i: -1, j: s.i, t: s.t, fields: [] });
  };
  for (const [p, q] of both) {
    between(p, q);
    i = p + 1;
    j = q + 1;
    const s = /** @type {Step} */ (x[p]), o = /** @type {Step} */ (y[q]);
    if (o.t - s.t !== shift) {
      shift = o.t - s.t;
      out.push({ kind: 'time', i: s.i, j: o.i, t: Math.min(s.t, o.t), fields: [] });
    }
    const fields = fieldsOf(a, s, b, o).filter((f) => !seen.has(`${f.name} ${f.a} ${f.b}`));
    for (const f of fields) seen.add(`${f.name} ${f.a} ${f.b}`);
    if (fields.length) out.push({ kind: 'content', i: s.i, j: o.i, t: Math.min(s.t, o.t), fields });
  }
  between(x.length, y.length);
  return out.sort((v, w) => v.t - w.t);
}

/** What is not the same in two steps that belong together. @param {Index} a @param {Step} s @param {Index} b @param {Step} o @returns {Field[]} */
function fieldsOf(a, s, b, o) {
  /** @type {Field[]} */
  const out = [];
  /** @param {string} name @param {string | number | undefined} p @param {string | number | undefined} q */
  const add = (name, p, q) => {
    const none = t('compare.none');
    if (p !== q) out.push({ name, a: p === undefined || p === '' ? none : String(p), b: q === undefined || q === '' ? none : String(q) });
  };
  s.sent.forEach((id, n) => {
    const p = a.segment.get(id)?.contents[0]?.wire, q = b.segment.get(o.sent[n] ?? 0)?.contents[0]?.wire;
    if (!p || !q) return;
    add(t('name.flags'), p.flags, q.flags);
    for (const f of /** @type {const} */ (['seq', 'ack', 'window'])) add(t(`name.${f}`), p[f], q[f]);
    add(t('name.options'), calm(p.options), calm(q.options));
    add(t('name.payload'), p.payload.length, q.payload.length);
  });
  /** @param {Index} ix @param {Step} step */
  const timers = (ix, step) => new Map(eventsOf(ix, step).flatMap((e) => (e.kind === 'timer-set' && e.due != null ? [[`${e.timer}`, time(e.due - e.t)]] : [])));
  const p = timers(a, s), q = timers(b, o);
  for (const timer of new Set([...p.keys(), ...q.keys()])) add(t('compare.timer', { timer: t(`timer.${timer}`) }), p.get(timer), q.get(timer));
  /** @param {Index} ix @param {Step} step */
  const heard = (ix, step) => eventsOf(ix, step).flatMap((e) => (e.kind === 'told' ? [e.errno ?? e.notice ?? ''] : [])).join();
  add(t('compare.told'), heard(a, s), heard(b, o));
  /** @param {Index} ix @param {Step} step */
  const rto = (ix, step) => eventsOf(ix, step).findLast((e) => e.vars?.rto)?.vars?.rto;
  const r = rto(a, s), v = rto(b, o);
  if (r && v) add(t('var.rto'), time(r), time(v));
  return out;
}

/** A difference in a sentence. @param {Difference} d @param {Index} a @param {Index} b */
export function sentence(d, a, b) {
  const left = told(a)[d.i]?.text ?? '', right = told(b)[d.j]?.text ?? '';
  if (d.kind === 'a' || d.kind === 'b') return t('compare.only', { n: ms(d.t), side: d.kind.toUpperCase(), text: left || right });
  if (d.kind === 'time') return t('compare.time', { a: ms(a.steps[d.i]?.t), b: ms(b.steps[d.j]?.t), text: left });
  if (!d.fields.length) return t('compare.two', { n: ms(d.t), a: left, b: right });
  return t('compare.content', { n: ms(d.t), text: left, fields: list(d.fields.map((f) => t('compare.field', { ...f }))) });
}

// ---------------------------------------------------------------- positions

/** How many events at the start of two runs are the same. @param {readonly LabEvent[]} a @param {readonly LabEvent[]} b */
export function common(a, b) {
  /** @param {LabEvent | undefined} e */
  const text = (e) => JSON.stringify({ ...e, n: 0 });
  let n = 0;
  while (n < a.length && n < b.length && (a[n] === b[n] || text(a[n]) === text(b[n]))) n++;
  return n;
}

/**
 * Where b is when a is at pos and the time is t, which may be behind the end of a.
 * @param {Index} b @param {Position} pos @param {number} t @param {number} same how many events both have in common @returns {Position}
 */
export function across(b, pos, t, same) {
  return pos.t === t && pos.k <= same && (b.times[pos.k] ?? Infinity) >= t ? { t, k: pos.k } : { t, k: count(b.times, (v) => v <= t) };
}

/**
 * One scale for both: the instants of both, with silence cut out.
 * @typedef {{ times: number[], at: number[], cuts: number[] }} Scale at: the place of each instant, from 0 to 1; cuts: in front of which instants silence is cut out
 */

/** @param {Index} a @param {Index} b @returns {Scale} */
export function scale(a, b) {
  const times = [...new Set([0, ...a.times, ...b.times])].sort((p, q) => p - q), delay = Math.max(a.delay, b.delay);
  const at = [0], cuts = [];
  for (let i = 1; i < times.length; i++) {
    const gap = (times[i] ?? 0) - (times[i - 1] ?? 0), silence = gap > 3 * delay;
    if (silence) cuts.push(i);
    at.push((at[i - 1] ?? 0) + (silence ? delay : gap));
  }
  const all = at.at(-1) || 1;
  return { times, at: at.map((v) => v / all), cuts };
}

/** The place of an instant. @param {Scale} s @param {number} time */
export function placeOf(s, time) {
  const i = count(s.times, (v) => v <= time), t0 = s.times[i - 1] ?? 0, t1 = s.times[i], p0 = s.at[i - 1] ?? 0;
  return t1 === undefined ? p0 : p0 + ((s.at[i] ?? 1) - p0) * (time - t0) / (t1 - t0);
}

/** The instant at a place; close to one at which something happened, that. @param {Scale} s @param {number} place @param {number} near */
export function timeAt(s, place, near) {
  const close = s.at.findIndex((v) => Math.abs(v - place) <= near);
  if (close >= 0) return s.times[close] ?? 0;
  const i = count(s.at, (v) => v <= place), p0 = s.at[i - 1] ?? 0, p1 = s.at[i] ?? 1, t0 = s.times[i - 1] ?? 0, t1 = s.times[i] ?? t0;
  return Math.round(t0 + (p1 > p0 ? (t1 - t0) * (place - p0) / (p1 - p0) : 0));
}

// ---------------------------------------------------------------- another profile

/** The profiles of client and server @typedef {readonly [string, string]} Pair */

/**
 * The same actions at the same times with hosts of other profiles. The initial sequence numbers are those of the run, so that only
 * what the profiles do is different.
 * @param {string} setup @param {Pair} profiles @param {{ line: string, at: number }[]} actions @param {readonly LabEvent[]} events
 * @param {number | null} end play on to there; null when the engine does it by itself
 */
export function replay(setup, profiles, actions, events, end) {
  const lines = setup.trimEnd().split('\n').map((line) => {
    const host = /^(client|server) /.exec(line)?.[1];
    if (!host) return line;
    const profile = profiles[host === 'client' ? 0 : 1];
    const isn = events.find((e) => e.host === host && e.vars && e.vars.state !== 'LISTEN')?.vars?.iss;
    line = / profile \S+/.test(line) ? line.replace(/ profile \S+/, ` profile ${profile}`) : `${line} profile ${profile}`;
    if (isn === undefined || / isn \d/.test(line)) return line;
    return / isn \S+/.test(line) ? line.replace(/ isn \S+/, ` isn ${isn}`) : `${line} isn ${isn}`;
  });
  let now = 0;
  /** @param {number} at */
  const wait = (at) => {
    while (at > now) {
      const part = Math.min(at - now, DAY);
      lines.push(`wait ${part}us`);
      now += part;
    }
  };
  for (const a of actions) {
    wait(a.at);
    lines.push(a.line);
  }
  if (end !== null) wait(end);
  return `${lines.join('\n')}\n`;
}

/** Options of a SYN by the rule that they belong to. @type {Record<string, RegExp>} */
const OFFERS = { '7323:2.2': /wscale/, '2018:2': /sackOK/, '7323:3.2': /TS /, '7413:4.2.1/request': /tfo|fastopen/ };

/** How a rule shows in some events: each thing that it did, without times. @param {readonly LabEvent[]} events @param {string} rule */
function traces(events, rule) {
  const out = [], offer = OFFERS[rule];
  for (const e of events) {
    if (offer && e.kind === 'sent' && flagsOf(e.wire ?? {}).includes('SYN') && offer.test(e.wire?.options ?? '')) out.push(`${e.host} ${offer.exec(e.wire?.options ?? '')?.[0]}`);
    // that Linux looked and found nothing to do otherwise is no difference
    if (e.rule !== rule || (e.kind === 'check' && e.ok && rule.startsWith('linux:'))) continue;
    // the window of a SYN is what its sender begins with; later ones follow from much else
    const window = flagsOf(e.wire ?? {}).includes('SYN') ? e.wire?.window : '';
    out.push([e.host, e.kind, e.ok, e.args?.join(), window, e.due == null ? '' : e.due - e.t].join(' '));
  }
  return out.sort().join('\n');
}

/**
 * The known differences between two profiles that show in the events of two runs, at one host or at both.
 * @param {readonly Known[]} known @param {[number, number]} says which of its says are a's and b's @param {readonly LabEvent[]} a @param {readonly LabEvent[]} b
 * @param {'client' | 'server'} [host]
 */
export function behind(known, [p, q], a, b, host) {
  const mine = (/** @type {readonly LabEvent[]} */ list) => (host ? list.filter((e) => e.host === host) : list), x = mine(a), y = mine(b);
  return known.filter((d) => d.says[p] !== d.says[q] && traces(x, d.rule) !== traces(y, d.rule));
}

/**
 * Which profiles are to be set against each other: once for both hosts where they are the same there, else for each host on its own.
 * @param {Pair} a @param {Pair} b @returns {{ host: 'client' | 'server' | undefined, a: string, b: string }[]}
 */
export function against(a, b) {
  if (a[0] === a[1] && b[0] === b[1]) return a[0] === b[0] ? [] : [{ host: undefined, a: a[0], b: b[0] }];
  return (/** @type {const} */ (['client', 'server'])).flatMap((host, i) => {
    const [p = '', q = ''] = [a[i], b[i]];
    return p === q ? [] : [{ host, a: p, b: q }];
  });
}
