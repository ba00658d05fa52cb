// Sequence numbers on a line: where each point stands, and which stretch is what. Numbers wrap around at 2^32, so everything
// is counted from one of them, the origin. Stretches are not to scale (a window is thousands of times as long as most segments):
// the longer, the wider, and each says how long it is. What is very far away is an arrow. No DOM in here.

/** @typedef {{ v: number, name: string, side: 'above' | 'below' }} Point v: a sequence number */
/** @typedef {{ from: number | null, to: number | null, cls: string, text?: string, side?: 'below' }} Stretch from to, not included; sequence numbers, null: without end */
/** @typedef {{ origin: number, points: Point[], stretches: Stretch[] }} Line */
/** @typedef {{ x: number, row: number, left: number, name: string, v: number, side: 'above' | 'below', far: number }} Label far: how far away, with its sign, 0 for what is drawn in its place */
/** @typedef {{ x0: number, x1: number, cls: string, text: string, side: string }} Band */
/** @typedef {{ width: number, labels: Label[], bands: Band[], gaps: { x: number, room: number, n: number }[], rows: { above: number, below: number } }} Drawing */

const EDGE = 14, ARROW = 34, OPEN = 26, CHAR = 7.6;
/** Farther from all that belongs to the line than this, and than twice its length, is far away. */
const FAR = 1 << 17;

/** How far b lies behind a on the circle of sequence numbers, negative before it. @param {number} a @param {number} b */
export const ahead = (a, b) => (b - a) | 0;

/**
 * @param {Line} line @param {number} width @param {(v: number) => string} text how a number is written
 * @returns {Drawing}
 */
export function draw(line, width, text) {
  const own = line.points.filter((p) => p.side === 'above').map((p) => ahead(line.origin, p.v));
  const lo = Math.min(0, ...own), hi = Math.max(0, ...own), reach = Math.max(FAR, 2 * (hi - lo));
  const far = (/** @type {number} */ d) => (d < lo - reach ? d - lo : d > hi + reach ? d - hi : 0);
  /** @type {(Point & { d: number })[]} */
  const all = [];
  for (const p of line.points) {
    const same = all.find((q) => q.v === p.v && q.side === p.side);
    if (same) same.name += ` = ${p.name}`;
    else all.push({ ...p, d: ahead(line.origin, p.v) });
  }
  const near = [...new Set(all.filter((p) => !far(p.d)).map((p) => p.d))].sort((a, b) => a - b);
  const before = all.some((p) => far(p.d) < 0), behind = all.some((p) => far(p.d) > 0);
  // a stretch without end needs room for its name
  const edge = line.stretches.some((s) => s.from === null || s.to === null) ? OPEN : EDGE;
  const x0 = EDGE + (before ? ARROW : edge), x1 = width - EDGE - (behind ? ARROW : edge);
  const weights = near.slice(1).map((d, i) => 2 + Math.log2(1 + d - (near[i] ?? 0)));
  const sum = weights.reduce((a, b) => a + b, 0) || 1;
  /** @type {Map<number, number>} */
  const place = new Map();
  let x = near.length === 1 ? (x0 + x1) / 2 : x0;
  near.forEach((d, i) => {
    place.set(d, Math.round(x));
    x += (x1 - x0) * (weights[i] ?? 0) / sum;
  });
  const at = (/** @type {number} */ d) => place.get(d) ?? (far(d) < 0 ? EDGE : width - EDGE);
  /** @type {Band[]} */
  const bands = line.stretches.map((s) => {
    return { x0: s.from === null ? 0 : at(ahead(line.origin, s.from)), x1: s.to === null ? width : at(ahead(line.origin, s.to)), cls: s.cls, text: s.text ?? '', side: s.side ?? '' };
  });
  const gaps = near.slice(1).map((d, i) => ({ x: (at(d) + at(near[i] ?? 0)) / 2, room: at(d) - at(near[i] ?? 0), n: d - (near[i] ?? 0) }));
  const labels = stack(all.map((p) => ({ x: at(p.d), row: 0, left: 0, name: p.name, v: p.v, side: p.side, far: far(p.d) })), width, text);
  /** @param {'above' | 'below'} side */
  const rows = (side) => Math.max(0, ...labels.filter((l) => l.side === side).map((l) => l.row + 1));
  return { width, labels, bands, gaps, rows: { above: rows('above'), below: rows('below') } };
}

/**
 * Puts labels that would lie on each other into further rows.
 * @param {Label[]} labels @param {number} width @param {(v: number) => string} text
 */
function stack(labels, width, text) {
  for (const side of ['above', 'below']) {
    /** @type {number[]} */
    const ends = [];
    for (const l of labels.filter((v) => v.side === side).sort((a, b) => a.x - b.x)) {
      const w = CHAR * Math.max(l.name.length, text(l.v).length);
      l.left = Math.max(0, Math.min(width - w, l.x - w / 2));
      l.row = ends.findIndex((end) => end + 8 <= l.left);
      if (l.row < 0) l.row = ends.length;
      ends[l.row] = l.left + w;
    }
  }
  return labels;
}

/** What can be read from the place of a number in a window. @param {number} v @param {number} from @param {number} size */
export const inside = (v, from, size) => ((v - from) >>> 0) < size;
