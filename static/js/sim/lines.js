// Each event of a branch as a sentence of its own.
import { relative } from './numbers.js';
import { Narrator } from './sentence.js';

/** @import { Index } from './model.js' */

/** With the numbers of the wire, and relative ones. @type {WeakMap<Index, string[]>[]} */
const memo = [new WeakMap(), new WeakMap()];

/** The sentence of each event of a branch, '' for those that have nothing to say. @param {Index} ix @returns {string[]} */
export function lines(ix) {
  const made = /** @type {WeakMap<Index, string[]>} */ (memo[Number(relative.value)]);
  let all = made.get(ix);
  if (!all) {
    const n = new Narrator();
    made.set(ix, all = ix.events.map((e) => n.event(e)));
  }
  return all;
}
