// "On until …": the next thing of a kind in a run. What is known of the future is searched at once; behind its end the engine
// is asked for one step after the other, until it has come, the run is over, or the learner has had enough.
import { after } from './fold.js';

/** @import { Index, LabEvent, Position } from './model.js' */
/** @import { Store } from './store.js' */

/** @type {Record<string, (e: LabEvent) => boolean>} */
const WANTED = {
  sent: (e) => e.kind === 'sent' || e.kind === 'forged' || e.kind === 'injected',
  arrived: (e) => e.kind === 'arrived',
  state: (e) => e.kind === 'state',
  timer: (e) => e.kind === 'timer-fired',
  lost: (e) => e.kind === 'lost',
  failed: (e) => e.kind === 'check' && e.ok === false,
  told: (e) => e.kind === 'told',
};

/** What one can go on to; names of the catalogue, until.NAME. */
export const UNTIL = Object.keys(WANTED);

/** The engine is asked for so many steps at most, and for so many at once. */
export const MOST = 1000;
const BATCH = 32;

/**
 * The position after the first step behind pos in which the wanted thing happens, or null.
 * @param {Index} ix @param {Position} pos @param {string} what
 */
export function find(ix, pos, what) {
  const k = ix.events.findIndex((e, k) => k >= pos.k && WANTED[what]?.(e));
  return k < 0 ? null : after(ix, ix.steps.findIndex((s) => s.k1 > k));
}

/**
 * Goes there. The playhead stays where it is unless the thing is found.
 * @param {Store} store @param {string} what @param {AbortSignal} signal
 * @param {(steps: number) => void} progress how many steps the engine has been asked for
 * @returns {Promise<'found' | 'end' | 'stopped' | 'far'>}
 */
export async function go(store, what, signal, progress) {
  const pos = store.pos.value;
  for (let steps = 0, batch = 1; ; batch = Math.min(BATCH, batch * 2)) {
    const found = find(store.index.value, pos, what);
    if (found) {
      store.goto(found);
      return 'found';
    }
    if (!store.more.value) return 'end';
    if (steps >= MOST) return 'far';
    // whoever must not see what comes gets no step too many
    const n = store.ahead ? Math.min(batch, MOST - steps) : 1;
    progress(steps += n);
    await store.grow(n);
    // the learner has had enough, or has gone elsewhere meanwhile
    if (signal.aborted || store.pos.value !== pos) return 'stopped';
  }
}
