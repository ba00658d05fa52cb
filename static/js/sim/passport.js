// The passport: the transitions of the state machine that this learner has ever made, kept in this browser, and the shortest way
// to one that is missing.
import { signal } from '../../vendor/signals.js';
import { EDGES } from './edges.js';

/** @import { Edge } from './edges.js' */
/** @import { State } from './model.js' */

const KEY = 'lab.passport';

/** Grows when there is another stamp. */
export const stamped = signal(0);

/** The name of a transition in the store. @param {string} from @param {string} to */
export const nameOf = (from, to) => `${from.trim()}>${to.trim()}`;

/** What the figure leaves out, and a diagram too. @type {Edge[]} */
const OTHERS = [
  ['LISTEN', 'CLOSED', 'close-listen'], ['FIN-WAIT-1', 'CLOSED', 'rst'], ['FIN-WAIT-2', 'CLOSED', 'rst'], ['CLOSE-WAIT', 'CLOSED', 'rst'], ['CLOSING', 'CLOSED', 'rst'],
];

/** All transitions that a run of the lab can make. No socket call sends text out of LISTEN. */
export const POSSIBLE = [...EDGES.filter((e) => e[2] !== 'send'), ...OTHERS];
const known = new Set(POSSIBLE.map((e) => nameOf(e[0], e[1])));

/** @returns {Set<string>} */
export function stamps() {
  try {
    const list = JSON.parse(localStorage.getItem(KEY) ?? '[]');
    return new Set(Array.isArray(list) ? list.filter((s) => known.has(s)) : []);
  } catch {
    return new Set();
  }
}

/**
 * Stamps transitions. It returns those that are new.
 * @param {{ from: string, to: string }[]} made @returns {string[]}
 */
export function stamp(made) {
  const have = stamps(), fresh = [...new Set(made.map((e) => nameOf(e.from, e.to)))].filter((s) => known.has(s) && !have.has(s));
  if (fresh.length) keep([...have, ...fresh]);
  return fresh;
}

export const forget = () => keep([]);

/** @param {string[]} list */
function keep(list) {
  stamped.value++;
  try {
    localStorage.setItem(KEY, JSON.stringify(list));
  } catch {
    // without a place to keep it there is no passport
  }
}

/**
 * The shortest way that ends with a transition: the transitions on it, in order. null when there is none from there.
 * @param {State} start @param {Edge} goal @returns {Edge[] | null}
 */
export function wayTo(start, goal) {
  /** @type {Map<string, Edge[]>} */
  const ways = new Map([[/** @type {string} */ (start), []]]);
  for (const [state, way] of ways) {
    if (state === goal[0].trim()) return [...way, goal];
    for (const e of POSSIBLE) if (e[0].trim() === state && !ways.has(e[1].trim())) ways.set(e[1].trim(), [...way, e]);
  }
  return null;
}

/**
 * The missing transition that is nearest to where the hosts are, and the way there.
 * @param {{ client: State, server: State }} at @param {Set<string>} have
 */
export function nearest(at, have) {
  /** @type {{ host: 'client' | 'server', way: Edge[] } | null} */
  let best = null;
  for (const goal of POSSIBLE.filter((e) => !have.has(nameOf(e[0], e[1])))) {
    for (const host of /** @type {const} */ (['client', 'server'])) {
      const way = wayTo(at[host], goal);
      if (way && (!best || way.length < best.way.length)) best = { host, way };
    }
  }
  return best;
}
