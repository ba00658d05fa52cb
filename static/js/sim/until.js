// "On until …": the next thing of a kind in a run. What is known of the future is searched at once; behind its end the engine
// is asked for more and more steps, until it has come, the run is over, or the learner has had enough.
import { batch } from '../../vendor/signals.js';
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
 * Goes there. The playhead stays where it is unless the thing is found, and so does the picture while the engine is asked.
 * @param {Store} store @param {string} what @param {AbortSignal} signal
 * @param {(steps: number) => void} progress how many steps the engine has been asked for
 * @returns {Promise<'found' | 'end' | 'stopped' | 'far'>}
 */
export async function go(store, what, signal, progress) {
  const pos = store.pos.value, tip = store.tip.value, wanted = WANTED[what] ?? (() => false);
  const there = () => {
    const to = find(store.index.value, pos, what);
    if (to) store.goto(to);
    return to !== null;
  };
  const known = batch(() => {
    while (!there()) {
      if (!store.hidden) return false;
      void store.grow();
    }
    return true;
  });
  if (known) return 'found';
  if (!store.more.value) return 'end';
  let at = tip, steps = 0, last = null;
  store.busy.value = true;
  try {
    // whoever must not see what comes gets no step too many
    for (let n = 1; steps < MOST; n = store.ahead ? Math.min(BATCH, n * 2, MOST - steps) : 1) {
      progress(steps += n);
      const done = last = await store.ask(at, n);
      // the learner has had enough, or has gone elsewhere meanwhile
      if (signal.aborted || store.pos.value !== pos) return 'stopped';
      if (store.pathTo(done.last).some((f) => f.node > at && f.events.some(wanted))) {
        store.adopt(tip, done);
        last = null;
        there();
        return 'found';
      }
      if (done.quiet) return 'end';
      at = done.last;
    }
    return 'far';
  } finally {
    if (last) store.adopt(tip, last);
    store.busy.value = false;
  }
}
