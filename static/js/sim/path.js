// What stands on the path: what could be put there, and a run played again with one thing on its path changed. No DOM in here.
import { batch } from '../../vendor/signals.js';
import { seek } from './fold.js';
import { refused } from './refused.js';
import { flagsOf, pathRule, t } from './sentence.js';

/** @import { ErrorFrame } from '../protocol.js' */
/** @import { LabEvent } from './model.js' */
/** @import { PathItem, Store } from './store.js' */
/** gone: so many actions were not possible any more; differs: from when on the run is another one; line: what was changed @typedef {{ gone: number, differs: number | null, line: string }} Replayed */
/** @typedef {{ node: number, line: string, at: number }} Action */
/** must: the change itself, without which the rest makes no sense @typedef {{ line: string, at: number, must?: boolean }} Again */

/** Boxes that can be put on the path. @type {[string, (port: string) => string][]} */
export const BOXES = [
  ['drop', (port) => `firewall drop port ${port}`], ['reject', (port) => `firewall reject RST port ${port}`], ['nat', () => 'nat timeout 60s'],
  ['strip', () => 'strip sack,timestamps'], ['shift', () => 'shift-seq 1000'], ['proxy', () => 'syn-proxy'],
];

const CHANGE = /^(un)?(rule|box|mtu) /;

/**
 * Numbers of what is on the path, by who put it there. Rules move up when one goes; a box takes the first number that is free.
 */
class Numbers {
  constructor() {
    /** @type {string[]} */
    this.rules = [];
    /** @type {(string | undefined)[]} */
    this.boxes = [];
  }

  /** @param {string} line @param {string} id */
  add(line, id) {
    if (line.startsWith('rule ')) return void this.rules.push(id);
    const free = this.boxes.indexOf(undefined);
    this.boxes[free < 0 ? this.boxes.length : free] = id;
  }

  /** Who is meant by "unrule 2", '' for nobody. @param {string} line */
  meant(line) {
    const m = /^un(rule|box) (\d+)$/.exec(line);
    return (m ? this[m[1] === 'rule' ? 'rules' : 'boxes'][Number(m[2]) - 1] : '') ?? '';
  }

  /** The line that takes somebody away, '' when they are not there. @param {string} id */
  away(id) {
    const rule = this.rules.indexOf(id), box = this.boxes.indexOf(id);
    return rule >= 0 ? `unrule ${rule + 1}` : box >= 0 ? `unbox ${box + 1}` : '';
  }

  /** @param {string} id */
  gone(id) {
    this.rules = this.rules.filter((r) => r !== id);
    this.boxes = this.boxes.map((b) => (b === id ? undefined : b));
  }
}

/** @param {string} setup */
function start(setup) {
  const numbers = new Numbers();
  setup.split('\n').filter((l) => CHANGE.test(l)).forEach((l, i) => numbers.add(l, `s${i}`));
  return numbers;
}

/**
 * The actions of a run with something more on its path from the start, or with something that was put there left out.
 * @param {string} setup @param {readonly Action[]} actions @param {{ add: string } | { without: PathItem }} change @returns {Again[]}
 */
export function changed(setup, actions, change) {
  const before = start(setup), after = start(setup);
  /** Whom each action that takes something away is about. @type {Map<Action, string>} */
  const about = new Map();
  for (const a of actions) {
    const id = before.meant(a.line);
    if (id) {
      about.set(a, id);
      before.gone(id);
    } else if (CHANGE.test(a.line)) before.add(a.line, `a${a.node}`);
  }
  const without = 'without' in change ? change.without : null, gone = without ? without.node ? `a${without.node}` : `s${without.i}` : '';
  /** @type {Again[]} */
  const out = [];
  const now = () => {
    if ('add' in change) {
      out.push({ line: change.add, at: 0, must: true });
      after.add(change.add, 'new');
    } else if (gone.startsWith('s')) {
      out.push({ line: after.away(gone), at: 0, must: true });
      after.gone(gone);
    }
  };
  // behind what else was changed at the start
  const lead = actions.findIndex((a) => a.at > 0 || !CHANGE.test(a.line)), first = lead < 0 ? actions.length : lead;
  actions.forEach((a, i) => {
    if (i === first) now();
    const id = about.get(a);
    if (id === gone && gone) return;
    if (`a${a.node}` === gone) return;
    const line = id ? after.away(id) : a.line;
    if (!line) return;
    out.push({ line, at: a.at });
    if (id) after.gone(id);
    else if (CHANGE.test(line)) after.add(line, `a${a.node}`);
  });
  if (first === actions.length) now();
  return out;
}

/**
 * Puts a rule or a box on the path from the start of the run on and plays everything else again.
 * @param {Store} store @param {string} line "rule drop 1st SYN-ACK" @returns {Promise<Replayed>}
 */
export const put = (store, line) => again(store, changed(store.first?.setup ?? '', store.actions(), { add: line }), line);

/** Plays everything again without something that was put on the path. @param {Store} store @param {PathItem} item @returns {Promise<Replayed>} */
export async function take(store, item) {
  const rest = changed(store.first?.setup ?? '', store.actions(), { without: item });
  const same = store.branches.value.find((b) => alike(store.actions(b.tip), rest));
  if (!same) return again(store, rest, item.line);
  const old = store.events.value;
  store.past.push({ tip: store.tip.value, pos: store.pos.value });
  return show(store, same.tip, old, 0, item.line);
}

/**
 * Plays a list of actions again from the start, in a new branch. Those that are not possible there are left out, if they may be.
 * @param {Store} store @param {Again[]} actions @param {string} line @returns {Promise<Replayed>}
 */
async function again(store, actions, line) {
  store.pause();
  const { run } = store, before = { tip: store.tip.value, pos: store.pos.value }, old = store.events.value;
  if (!run) throw new Error('no run');
  let at = 0, now = 0, gone = 0, last = 0;
  store.busy.value = true;
  try {
    for (const a of actions) {
      const wait = Math.max(0, a.at - now);
      try {
        const done = await run.do({ at, line: a.line, ...(wait ? { wait } : {}) });
        at = last = done.last;
        now = Math.max(now, a.at);
        store.ends.set(last, { done });
      } catch (error) {
        if (a.must || error instanceof Error) throw await refused(/** @type {ErrorFrame} */ (error), 'room' in run);
        gone++;
      }
    }
    const rest = before.pos.t - now;
    const done = await run.do(store.ahead ? { at, line: '', ahead: true } : { at, line: '', wait: Math.max(0, Math.floor(rest)) });
    last = done.last;
    store.ends.set(last, { done });
  } finally {
    store.busy.value = false;
  }
  store.past.push(before);
  return show(store, last, old, gone, line);
}

/** @param {Store} store @param {number} tip @param {readonly LabEvent[]} old @param {number} gone @param {string} line @returns {Replayed} */
function show(store, tip, old, gone, line) {
  const differs = batch(() => {
    store.version.value++;
    store.tip.value = tip;
    const t = difference(old, store.events.value);
    store.goto(seek(store.index.value, t === null ? store.pos.value.t : Math.min(t, store.pos.value.t)));
    return t;
  });
  return { gone, differs, line };
}

/** @param {{ line: string, at: number }[]} a @param {{ line: string, at: number }[]} b */
const alike = (a, b) => a.length === b.length && a.every((x, i) => x.line === b[i]?.line && x.at === b[i]?.at);

/**
 * The first instant at which two runs differ, null when they are equal. That rules or boxes were added or removed does not count:
 * what they do counts.
 * @param {readonly LabEvent[]} a @param {readonly LabEvent[]} b
 */
export function difference(a, b) {
  /** @param {readonly LabEvent[]} events */
  const plain = (events) => events.filter((e) => e.kind !== 'rule-added' && e.kind !== 'rule-removed' && e.kind !== 'box-added' && e.kind !== 'box-removed');
  const x = plain(a), y = plain(b);
  for (let i = 0; i < Math.max(x.length, y.length); i++) {
    const p = x[i], q = y[i];
    if (p && q && JSON.stringify({ ...p, n: 0 }) === JSON.stringify({ ...q, n: 0 })) continue;
    return Math.min(p?.t ?? Infinity, q?.t ?? Infinity);
  }
  return null;
}

/**
 * Rules that would do something in this run: about the kinds of segments in it.
 * @param {readonly LabEvent[]} events @param {readonly string[]} active rules that are there already
 */
export function suggestions(events, active) {
  /** @type {string[]} */
  const kinds = [];
  for (const e of events) {
    if (e.kind !== 'sent' || !e.wire) continue;
    const kind = flagsOf(e.wire).filter((f) => f !== 'PSH').join('-');
    if (kind && !kinds.includes(kind)) kinds.push(kind);
  }
  const first = kinds.length ? kinds.slice(0, 4) : ['SYN', 'SYN-ACK', 'ACK'];
  // the SYN-ACK comes first in the list: losing it is what most want to see
  first.sort((a, b) => Number(b === 'SYN-ACK') - Number(a === 'SYN-ACK'));
  const rules = [...first.map((k) => `drop 1st ${k}`), ...first.slice(0, 2).map((k) => `drop 2nd ${k}`), `drop every ${first[0]}`, `delay 1st ${first[0]} 200ms`, `duplicate 1st ${first[0]} after 10ms`];
  return rules.filter((r) => !active.includes(r)).map((line) => ({ line, text: pathRule(line) }));
}

/** The boxes on offer in words. @param {string} port of the server */
export const offers = (port) => BOXES.map(([id, value]) => ({ line: `box ${value(port)}`, text: t(`scene.box.${id}`) }));
