// Room on a ladder. First for a segment that is dragged further than anything that is drawn: the time below. The first stretch has the scale of
// the ladder; each one below it covers ten times the time of the one above, so that seconds are as near as milliseconds.
import { yAt } from './geometry.js';
import { ms } from './sentence.js';

/** @import { Layout, Pill, Point, Tick } from './model.js' */

/** Pixels of a stretch, and how many one-way delays the first one covers: together about what the ladder draws. */
const STRETCH = 210, DELAYS = 3;

/**
 * The ladder with its lanes drawn on down to y, and no further than an instant.
 * @param {Layout} l @param {number} delay one way, µs @param {number} y @param {number} limit
 * @returns {Layout}
 */
export function beyond(l, delay, y, limit) {
  const last = l.knots.at(-1);
  if (!last || y <= l.bottom || limit <= last[0]) return l;
  /** @type {Point[]} */
  const knots = [...l.knots];
  let [t, at] = last;
  for (let span = DELAYS * Math.max(1, delay); t < limit; span *= 10) {
    const part = Math.min(1, (limit - t) / span);
    t += part === 1 ? span : limit - t;
    at += part * STRETCH;
    knots.push([t, at]);
  }
  const bottom = Math.min(y, at), grown = { ...l, knots, bottom, height: l.height + bottom - l.bottom };
  /** @type {Tick[]} */
  const ticks = [];
  knots.forEach(([to], i) => {
    const from = knots[i - 1]?.[0] ?? to;
    if (i < l.knots.length || from >= to) return;
    const step = round(Math.min(DELAYS * delay * 10 ** (i - l.knots.length), limit) / 3);
    for (let v = Math.floor(from / step) * step + step; v <= to; v += step) {
      const y = yAt(grown, { t: v });
      if (y <= bottom && y > (ticks.at(-1) ?? l.ticks.at(-1) ?? { y: 0 }).y + 17) ticks.push({ t: v, y, text: ms(v) });
    }
  });
  /** What went on to the bottom goes on. @template {{ y1: number }} T @param {T} v */
  const longer = (v) => (v.y1 === l.bottom ? { ...v, y1: bottom } : v);
  return { ...grown, ticks: [...l.ticks, ...ticks], bands: l.bands.map(longer), timers: l.timers.map(longer) };
}

/** The next time down that people count in: 1, 2 or 5 and zeros. @param {number} us */
function round(us) {
  const ten = 10 ** Math.floor(Math.log10(Math.max(1, us)));
  return (us >= 5 * ten ? 5 : us >= 2 * ten ? 2 : 1) * ten;
}

/**
 * Where a box of a width and height stands that belongs to a pill: below it, else above it, else as little further below as no other
 * pill is covered.
 * @param {readonly Pick<Pill, 'x' | 'y' | 'w' | 'h'>[]} others @param {number} x the middle of the pill @param {number} y @param {number} h @param {number} wide @param {number} high
 */
export function room(others, x, y, h, wide, high) {
  const gap = 6, below = y + h + gap, above = y - high - gap;
  const near = others.filter((p) => p.x < x + wide / 2 && p.x + p.w > x - wide / 2);
  const free = (/** @type {number} */ top) => top >= 0 && near.every((p) => p.y >= top + high || p.y + p.h <= top);
  const lower = near.map((p) => p.y + p.h + gap).filter((top) => top > below && top < below + 4 * high).sort((a, b) => a - b);
  return [below, above, ...lower].find(free) ?? below;
}
