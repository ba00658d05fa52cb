// The tree of a run as a picture: a row for each branch, time from left to right. Only the order of the times counts, so that
// the smallest picture has room for all of it.

/** @import { Branch } from './store.js' */
/**
 * A row of the picture. x: the column where it leaves the row above, 0 for the first branch; through: columns that lines of
 * rows below pass on their way up; leaves: columns where branches leave this one; on: from and to which column it belongs to
 * the branch that is shown, the last column being Infinity, or null; down: columns whose line down belongs to it.
 * @typedef {{ branch: Branch, x: number, up: boolean, through: number[], leaves: number[], on: [number, number] | null, down: number[] }} Row
 */

/**
 * The rows from above, and how many columns there are. The branches that leave last come first, so that no two lines cross.
 * @param {readonly Branch[]} branches @param {number} tip the branch that is shown
 * @returns {{ rows: Row[], columns: number }}
 */
export function tree(branches, tip) {
  const times = [...new Set(branches.filter((b) => !b.first).map((b) => b.at))].sort((a, b) => a - b);
  /** @type {Map<number, Branch[]>} */
  const below = new Map();
  for (const b of branches) if (!b.first) below.set(b.from, [...(below.get(b.from) ?? []), b]);
  for (const list of below.values()) list.sort((a, b) => b.at - a.at || a.tip - b.tip);
  const column = (/** @type {Branch} */ b) => (b.first ? 0 : times.indexOf(b.at) + 1);

  /** @type {Row[]} */
  const rows = [];
  /** @param {Branch} branch */
  const add = (branch) => {
    rows.push({ branch, x: column(branch), up: !branch.first, through: [], leaves: [], on: null, down: [] });
    for (const b of below.get(branch.tip) ?? []) add(b);
  };
  for (const b of branches) if (b.first) add(b);

  const of = new Map(rows.map((r, i) => [r.branch.tip, i]));
  rows.forEach((r, i) => {
    if (!r.up) return;
    const parent = of.get(r.branch.from) ?? 0;
    rows[parent]?.leaves.push(r.x);
    for (let j = parent + 1; j < i; j++) rows[j]?.through.push(r.x);
  });

  // from the tip that is shown up to the first branch
  let to = Infinity;
  for (let i = of.get(tip) ?? -1; i >= 0;) {
    const r = /** @type {Row} */ (rows[i]);
    r.on = [r.x, to];
    to = r.x;
    const parent = r.up ? of.get(r.branch.from) ?? 0 : -1;
    for (let j = parent; r.up && j < i; j++) rows[j]?.down.push(r.x);
    i = parent;
  }
  return { rows, columns: times.length + 1 };
}
