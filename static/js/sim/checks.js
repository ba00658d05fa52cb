// Walking through the checks of an arrival, one by one.
import { back, begun, count } from './fold.js';
import { more, ruleSentence, t } from './sentence.js';

/** @import { Index, Position, Step } from './model.js' */

await more();

/** Where one stops in a step who walks through its checks: behind each of them, and at its end. @param {Index} ix @param {Step} s */
function stops(ix, s) {
  /** @type {number[]} */
  const ks = [];
  for (let k = s.k0; k < s.k1 - 1; k++) if (ix.events[k]?.kind === 'check') ks.push(k + 1);
  return [...ks, s.k1];
}

/** The position one check on, or at the end of the step that has no more; the same position at the end. @param {Index} ix @param {Position} pos @returns {Position} */
export function nextCheck(ix, pos) {
  const s = ix.steps[count(ix.steps, (v) => v.k1 <= pos.k)], k = s && stops(ix, s).find((v) => v > pos.k);
  return s && k ? { t: s.t, k } : pos;
}

/** The position one check back, or at the end of the step before. @param {Index} ix @param {Position} pos @returns {Position} */
export function backCheck(ix, pos) {
  const s = ix.steps[begun(ix, pos) - 1], k = s && pos.t === s.t ? stops(ix, s).findLast((v) => v < pos.k) : 0;
  return s && k ? { t: s.t, k } : back(ix, pos);
}

/** The check that has just been made at pos, in the middle of its step: which of how many. @param {Index} ix @param {Position} pos */
export function checkAt(ix, pos) {
  const s = ix.steps[begun(ix, pos) - 1], e = ix.events[pos.k - 1];
  if (!s || !e || pos.t !== s.t || pos.k >= s.k1 || e.kind !== 'check') return null;
  /** @param {number} k */
  const checks = (k) => ix.events.slice(s.k0, k).filter((v) => v.kind === 'check').length;
  return { event: e, i: checks(pos.k), of: checks(s.k1), step: s.i };
}

/** The walk by checks. @type {import('./store.js').Walk} */
export const CHECKS = {
  next: nextCheck,
  back: backCheck,
  tell(ix, pos) {
    const check = checkAt(ix, pos);
    if (!check) return null;
    const { event: e, i, of, step } = check;
    return { text: t(e.ok ? 'say.check.pass' : 'say.check.fail', { i, of, Host: t(`Host.${e.host}`), text: ruleSentence(e) }), place: t('ui.event.check', { i: step + 1, c: i, of }) };
  },
};
