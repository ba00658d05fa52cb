// What a flood did, as the page tells it. No DOM in here.

/** @typedef {{ at: number, queue: number, syns: number, dropped: number, cookies: number }} Sample */
/**
 * @typedef {object} Run what the server has played
 * @property {number} length µs
 * @property {number} room
 * @property {Sample[]} samples
 * @property {{ syns: number[], connected: number, served: number }} client
 * @property {string} path
 * @property {Record<string, string> | null} parts
 * @property {Record<string, string>} outcome
 */
/** @typedef {{ at: number, what: string, args: Record<string, string | number>, bad: boolean }} Milestone what: the key of a message, without flood. */

const NOTHING = { at: 0, queue: 0, syns: 0, dropped: 0, cookies: 0 };

/** How things stand at an instant. @param {Run} run @param {number} at @returns {Sample} */
export function sampleAt(run, at) {
  let low = 0, high = run.samples.length;
  while (low < high) {
    const mid = (low + high) >> 1;
    if ((run.samples[mid]?.at ?? 0) <= at) low = mid + 1;
    else high = mid;
  }
  return run.samples[low - 1] ?? NOTHING;
}

/** @type {WeakMap<Run, Milestone[]>} */
const known = new WeakMap();

/** The things that matter, in order. @param {Run} run @returns {Milestone[]} */
export function milestones(run) {
  const old = known.get(run);
  if (old) return old;
  /** @type {Milestone[]} */
  const list = [{ at: 0, what: 'begins', args: {}, bad: false }];
  const { syns, connected, served } = run.client;
  const full = run.samples.find((s) => s.queue >= run.room), dropped = run.samples.find((s) => s.dropped > 0), cookie = run.samples.find((s) => s.cookies > 0);
  if (full) list.push({ at: full.at, what: 'full', args: { n: run.room }, bad: false });
  if (dropped) list.push({ at: dropped.at, what: 'first-drop', args: {}, bad: true });
  if (cookie) list.push({ at: cookie.at, what: 'first-cookie', args: {}, bad: false });
  syns.forEach((at, i) => list.push({ at, what: i ? 'again' : 'connect', args: { n: i + 1 }, bad: i > 0 }));
  if (connected) list.push({ at: connected, what: 'connected', args: {}, bad: false });
  if (served) list.push({ at: served, what: 'served', args: {}, bad: false });
  if (syns.length && !connected) list.push({ at: run.length, what: 'never', args: { n: syns.length }, bad: true });
  list.sort((a, b) => a.at - b.at);
  known.set(run, list);
  return list;
}
