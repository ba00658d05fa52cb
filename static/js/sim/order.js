// Which segment arrives first: nothing on a wire gets faster, so what shall arrive earlier lets the others wait.
import { more, ms, t } from './sentence.js';

/** @import { Index, Model, SegmentAt } from './model.js' */
/** lines: what to do, none when it cannot be done; text: what came of it, or why not @typedef {{ lines: string[], text: string }} Deed */
/** @typedef {{ lines: string[], t: number, held: { seg: SegmentAt, t: number }[] }} Landing when the segment arrives, and the others that are held up for it */

await more();

/** Microseconds as the scenario language writes them. @param {number} us */
const span = (us) => (us % 1000 ? `${us}us` : `${us / 1000}ms`);
/** So far apart two arrivals can be seen to be two. @param {Index} ix */
const margin = (ix) => Math.max(1, Math.round(ix.delay / 50));

/** The segments on their way to the host that a segment goes to, itself among them, in the order of their arrival. @param {Model} model @param {SegmentAt} s */
const queue = (model, s) => model.flying.filter((x) => x.seg.to === s.seg.to && x.phase === 'flight' && x.due !== null);

/**
 * Lets a segment arrive right after (by: 1) or right before (-1) its neighbour.
 * @param {Model} model @param {Index} ix @param {number} id @param {1 | -1} by @returns {Deed}
 */
export function swap(model, ix, id, by) {
  const s = model.segments.find((x) => x.id === id);
  if (s?.phase !== 'flight') return { lines: [], text: t(s?.phase === 'held' ? 'hand.drag.held' : 'hand.drag.gone', { seg: id }) };
  const line = queue(model, s), other = line[line.indexOf(s) + by], args = { seg: id, other: other?.id ?? 0, to: t(`host.${s.seg.to}`) };
  if (!other) return { lines: [], text: t(by > 0 ? 'hand.drag.none.down' : 'hand.drag.none.up', args) };
  const [waits, stays] = by > 0 ? [s, other] : [other, s];
  return { lines: [`delay #${waits.id} ${span((stays.due ?? 0) - (waits.due ?? 0) + margin(ix))}`], text: t(by > 0 ? 'hand.drag.past' : 'hand.drag.before', args) };
}

/**
 * What it takes for a segment to arrive about when the learner wants it to.
 * @param {Model} model @param {Index} ix @param {SegmentAt} s @param {number} wanted @returns {Landing}
 */
export function land(model, ix, s, wanted) {
  const due = s.due ?? 0;
  if (wanted > due) return { lines: [`delay #${s.id} ${span(wanted - due)}`], t: wanted, held: [] };
  const held = queue(model, s).filter((x) => x !== s && (x.due ?? 0) <= due && (x.due ?? 0) >= wanted).map((seg, i) => ({ seg, t: due + (i + 1) * margin(ix) }));
  return { lines: held.map((h) => `delay #${h.seg.id} ${span(h.t - (h.seg.due ?? 0))}`), t: due, held };
}

/** A landing in words. @param {SegmentAt} s @param {Landing} l */
export function landed(s, l) {
  const other = l.held[0];
  return other ? t('hand.drag.before', { seg: s.id, other: other.seg.id }) : l.lines.length ? t('hand.drag.to', { t: ms(l.t) }) : t('hand.drag.first', { t: ms(l.t) });
}
