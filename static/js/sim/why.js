// Why a host did with a segment what it did: the path of the segment through RFC 9293 section 3.10.7, made of the events of its
// arrival. No DOM in here.
import { count, segmentAt } from './fold.js';
import { flagsOf } from './sentence.js';

/** @import { End, Index, RunEvent, Segment, State, Vars, Wire } from './model.js' */

/**
 * A step of the section's own list. `pass`: a check was made and went well; `fail`: the path ended here; `over`: there was nothing
 * to check; `rest`: the segment did not get so far. `checks` are those of the list, `notes` what else was looked at on the way.
 * @typedef {{ n: number, status: 'pass' | 'fail' | 'over' | 'rest', checks: RunEvent[], notes: RunEvent[] }} Check
 */
/**
 * @typedef {object} Path
 * @property {End} host who received it
 * @property {number} conn @property {State} state before it came
 * @property {'1' | '2' | '3' | '4'} section of 3.10.7
 * @property {Check[]} steps @property {number} end the number of the step where the path ended
 * @property {'accepted' | 'dropped' | 'reset' | 'open'} fate reset: the segment ended the connection; open: the playhead stands between two checks
 * @property {Segment[]} answers what the host sent because of it
 * @property {RunEvent[]} after what else followed at once
 * @property {Vars | null} vars of the connection before it came
 * @property {Wire} wire as it arrived
 */

/** How many steps the list of each section has; 0 is what comes before all of them. */
const LAST = { 1: 2, 2: 4, 3: 5, 4: 8 };

/** Which step of section 3.10.7.4 a rule from elsewhere belongs to. @type {[RegExp, number][]} */
const ELSEWHERE = [
  [/^9293:3\.1\/|^9293:3\.9\.2\.3\//, 0], [/^7323:(5\.3|3\.2\/missing)|^linux:(paws|sequence|time-wait$)/, 1], [/^5961:3\.2|^1337:|^linux:rst-of-fin|^lab:no-rst-check/, 2],
  [/^5961:4\.2|^linux:(syn-received-(syn|reset)|simultaneous-open)/, 4], [/^5961:5\.2|^linux:(ack-unsent|syn-received-ack|simultaneous-ack|accept-queue-a|defer)|^lab:no-syn-received-check/, 5],
];
/** Checks that say what a segment brings; nothing ends when they do not hold. */
const TELLS = new Set(['9293:3.10.7.4/5.established', '9293:3.10.7.4/7']);
const FOLLOWS = new Set(['state', 'timer-set', 'timer-stopped', 'told', 'removed', 'opened']);

/** The section and step that a rule is of, as far as its name says. @param {string} rule @returns {{ section: string, n: number } | null} */
function placeOf(rule) {
  const m = /^9293:3\.10\.7\.([1-4])\/(\d)/.exec(rule);
  if (m) return { section: m[1] ?? '4', n: Number(m[2]) };
  const closed = /^9293:3\.10\.7\.1\/(rst|no-ack|ack)/.exec(rule);
  if (closed) return { section: '1', n: closed[1] === 'rst' ? 1 : 2 };
  const e = ELSEWHERE.find(([p]) => p.test(rule));
  return e ? { section: '', n: e[1] } : null;
}

/**
 * The path of a segment that has arrived by event k; null for any other.
 * @param {Index} ix @param {Segment} seg @param {number} k @returns {Path | null}
 */
export function pathOf(ix, seg, k) {
  const end = seg.end;
  if (!end || end.fate !== 'arrived' || end.k >= k) return null;
  const landing = ix.steps[count(ix.steps, (s) => s.k0 <= end.k) - 1];
  if (!landing) return null;
  const host = seg.to, here = k < landing.k1, events = ix.events.slice(end.k, Math.min(landing.k1, k)).filter((e) => e.host === host);
  const wire = segmentAt(seg, { t: end.t, k: end.k + 1 }).wire, flags = flagsOf(wire);
  const made = events.filter((e) => e.kind === 'check' && e.seg === seg.id), gone = events.find((e) => e.kind === 'discarded' && e.seg === seg.id);
  const conn = events.find((e) => e.conn)?.conn ?? 0, vars = varsBefore(ix, host, conn, end.k);
  const named = [...made, ...events.filter((e) => e.rule)].map((e) => placeOf(e.rule ?? '')?.section).find(Boolean);
  const state = vars?.state ?? (named === '1' || (!named && !listens(ix, host, end.k)) ? 'CLOSED' : 'LISTEN');
  const section = /** @type {Path['section']} */ (named ?? (state === 'CLOSED' ? '1' : state === 'LISTEN' ? '2' : state === 'SYN-SENT' ? '3' : '4'));
  /** @type {Map<number, { checks: RunEvent[], notes: RunEvent[] }>} */
  const at = new Map();
  let n = 1;
  for (const e of made) {
    const place = placeOf(e.rule ?? '');
    n = place ? place.n : n;
    const step = at.get(n) ?? { checks: [], notes: [] };
    step[place ? 'checks' : 'notes'].push(e);
    at.set(n, step);
  }
  const reached = Math.max(0, ...at.keys()), last = LAST[section];
  const stop = wire.icmp ? 0 : here && !gone ? reached : gone ? placeOf(gone.rule ?? '')?.n ?? reached : Math.max(reached, endOf(section, flags, reached));
  /** @type {Check[]} */
  const steps = [];
  for (let i = 0; i <= last; i++) {
    const { checks, notes } = at.get(i) ?? { checks: [], notes: [] };
    const failed = i === stop && (!!gone || (i < last && checks.some((e) => !e.ok && !TELLS.has(e.rule ?? ''))));
    steps.push({ n: i, checks, notes, status: i > stop ? 'rest' : failed ? 'fail' : checks.length || !i ? 'pass' : 'over' });
  }
  const closed = events.some((e) => e.kind === 'state' && (e.to === 'CLOSED' || e.to === 'LISTEN') && e.conn === conn && conn !== 0);
  return {
    host, conn, state, section, steps, end: stop, wire, vars,
    fate: here ? 'open' : gone || section === '1' || (section === '2' && !events.some((e) => e.kind === 'opened') && steps[stop]?.status === 'fail') ? 'dropped' : closed && flags.includes('RST') ? 'reset' : 'accepted',
    answers: events.flatMap((e) => (e.kind === 'sent' ? ix.segment.get(e.seg ?? 0) ?? [] : [])),
    after: events.filter((e) => FOLLOWS.has(e.kind)),
  };
}

/** Where the list of a section ends for a segment that is not thrown away. @param {Path['section']} section @param {string[]} flags @param {number} reached */
function endOf(section, flags, reached) {
  const rst = flags.includes('RST');
  switch (section) {
    case '1': return rst ? 1 : 2;
    case '2': return rst ? 1 : flags.includes('ACK') ? 2 : flags.includes('SYN') ? 3 : 4;
    case '3': return rst ? 2 : flags.includes('SYN') ? 4 : 5;
    case '4': return rst ? 2 : flags.includes('SYN') && reached < 5 ? 4 : 8;
  }
}

/** @param {Index} ix @param {End} host @param {number} conn @param {number} k @returns {Vars | null} */
export function varsBefore(ix, host, conn, k) {
  const list = ix.vars[host];
  for (let i = count(list, (v) => v.k < k) - 1; i >= 0; i--) if (list[i]?.conn === conn) return list[i]?.vars ?? null;
  return null;
}

/** @param {Index} ix @param {End} host @param {number} k */
function listens(ix, host, k) {
  for (let i = k - 1; i >= 0; i--) {
    const e = ix.events[i];
    if (e?.host === host && e.kind === 'state' && !e.conn) return e.to === 'LISTEN';
  }
  return false;
}

/** The receive window with the segment in it, null where there is no window. @param {Path} p @returns {import('./line.js').Line | null} */
export function receiveLine(p) {
  const { vars, wire } = p;
  if (!vars || vars.irs === undefined || p.section !== '4' || wire.icmp) return null;
  const nxt = vars['rcv.nxt'], edge = (nxt + vars['rcv.wnd']) >>> 0, last = (wire.seq + wire.len) >>> 0;
  return {
    origin: nxt,
    points: [
      { v: nxt, name: 'RCV.NXT', side: 'above' }, { v: edge, name: 'RCV.NXT+RCV.WND', side: 'above' },
      { v: wire.seq, name: 'SEG.SEQ', side: 'below' }, ...(wire.len ? [/** @type {const} */ ({ v: last, name: 'SEG.SEQ+SEG.LEN', side: 'below' })] : []),
    ],
    stretches: [
      ...(vars['rcv.wnd'] ? [{ from: nxt, to: edge, cls: 'window', text: 'RCV.WND' }] : []),
      ...(wire.len ? [/** @type {const} */ ({ from: wire.seq, to: last, cls: 'segment', side: 'below' })] : []),
    ],
  };
}

/** What is sent and not acknowledged, with SEG.ACK in it; null where that says nothing. @param {Path} p @returns {import('./line.js').Line | null} */
export function sendLine(p) {
  const { vars, wire } = p;
  if (!vars || p.section === '1' || p.section === '2' || wire.icmp || !flagsOf(wire).includes('ACK')) return null;
  const una = vars['snd.una'], nxt = vars['snd.nxt'];
  return {
    origin: una,
    points: [{ v: una, name: 'SND.UNA', side: 'above' }, { v: nxt, name: 'SND.NXT', side: 'above' }, { v: wire.ack, name: 'SEG.ACK', side: 'below' }],
    stretches: una === nxt ? [] : [{ from: una, to: nxt, cls: 'flying', text: '' }],
  };
}
