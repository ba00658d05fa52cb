// The small shapes of a ladder: the pill of a segment, arrow heads, bars, zigzags and the edges of a break. Integers, tenths
// of a pixel, as in geometry.js; web/ladder/shapes.go is the same in Go.
import { ackOf, seqOf } from './numbers.js';
import { t } from './sentence.js';

/** @import { Badge, Layout, Pill, Point, Segment, SegmentShape, Span, Wire } from './model.js' */

// Widths of text, measured in the lab's own fonts: monospaced 12 px, the same bold 11.5 px, proportional 12 px.
const MONO = 76, BOLD = 73, SANS = 60;
const PILL = 1460, ROW = 140, PAD = 80;

/** Quotient rounded down. @param {number} a @param {number} b */
export const div = (a, b) => Math.floor(a / b);
/** Quotient rounded to the nearest. @param {number} a @param {number} b */
export const round = (a, b) => Math.floor((2 * a + b) / (2 * b));
/** Tenths as pixels. @param {number} v */
export const px = (v) => v / 10;

/** The set flags, in the order in which people say them. @param {Wire} wire @returns {string[]} */
export const flagsOf = (wire) => !wire.icmp && wire.flags && wire.flags !== 'none' ? wire.flags.split(',') : [];

/** What gives a segment its colour. @param {Wire} wire @returns {SegmentShape['kind']} */
export function kindOf(wire) {
  if (wire.icmp) return 'none';
  const flags = flagsOf(wire);
  if (flags.includes('RST')) return 'rst';
  if (flags.includes('FIN')) return 'fin';
  if (flags.includes('SYN')) return 'syn';
  if (wire.payload) return 'psh';
  return flags.includes('ACK') ? 'ack' : flags.includes('PSH') ? 'psh' : 'none';
}

const letters = /** @type {Record<string, string>} */ ({ SYN: 'S', FIN: 'F', RST: 'R', PSH: 'P', ACK: 'A', URG: 'U', ECE: 'E', CWR: 'C' });

/** Edited fields that a pill shows; others are named in its note. */
const shown = new Set(['seq', 'ack', 'flags']);

/** What may be said of the fate of a segment on its pill. @typedef {'' | 'lost' | 'discarded' | 'held'} Fate */

/** @param {Segment} s @returns {Fate} */
const fateOf = (s) => s.end?.fate === 'lost' ? 'lost' : s.discarded ? 'discarded' : !s.end && s.legs.at(-1)?.held ? 'held' : '';

/**
 * The note of a segment: what is special about it, at most two things.
 * @param {Segment} s @param {Wire} wire @param {string[]} edited @param {Fate} fate
 */
export function noteOf(s, wire, edited, fate) {
  const notes = [], hidden = edited.find((f) => !shown.has(f));
  if (wire.payload && !wire.icmp) notes.push(t('bytes', { n: wire.payload.length }));
  if (hidden) notes.push(t(`ladder.field.${hidden}`));
  else if (edited.length) notes.push(t('ladder.note.edited'));
  else if (s.forged) notes.push(t('ladder.note.forged'));
  else if (s.injected) notes.push(t('ladder.note.injected'));
  else if (s.of) notes.push(t('ladder.note.copy'));
  else if (s.again) notes.push(t('ladder.note.again'));
  if (fate) notes.push(t(`ladder.note.${fate}`));
  const [a, b] = notes.slice(-2);
  return b ? t('ladder.note.list', { a: a ?? '', b }) : a ?? '';
}

/**
 * The pill of a segment with the contents wire, at (0, 0): flags and a note above, numbers below.
 * @param {Segment} s @param {Wire} wire @param {string[]} edited @param {number} room the most that it may be wide
 * @returns {{ pill: Pill, w: number, h: number }} sizes in tenths
 */
export function pillOf(s, wire, edited, room) {
  const flags = flagsOf(wire), note = noteOf(s, wire, edited, fateOf(s)), pencil = edited.length > 0;
  // room for what the note says on the way, too
  const longest = Math.max(...[note, noteOf(s, wire, edited, ''), s.legs.some((l) => l.held) ? noteOf(s, wire, edited, 'held') : ''].map((n) => n.length));
  const noteWidth = longest ? SANS * longest + 80 + (pencil ? 130 : 0) : 0;
  const texts = flags.length ? flags : [wire.icmp ? t('icmp.kind', { what: wire.icmp.kind }) : t('ladder.none')];
  const wide = texts.reduce((w, f) => w + BOLD * f.length + 120, 0) - 30;
  // flags that do not fit are written as single letters, as tcpdump does
  const short = flags.length > 0 && wide + noteWidth + 2 * PAD > room;
  /** @type {Badge[]} */
  const badges = [];
  let x = PAD;
  texts.forEach((f) => {
    const text = short ? letters[f] ?? f : f, w = BOLD * text.length + (short ? 60 : 90);
    badges.push({ x: px(x), w: px(w), text, cls: flags.length ? f.toLowerCase() : 'none' });
    x += w + 30;
  });
  /** @type {Span[]} */
  const numbers = [{ text: t('ladder.seq', { n: seqOf(wire) }), edited: edited.includes('seq') }];
  if (flags.includes('ACK') || edited.includes('ack')) numbers.push({ text: t('ladder.ack', { n: ackOf(wire) }), edited: edited.includes('ack') });
  const length = (/** @type {Span[]} */ row) => MONO * row.reduce((n, v) => n + v.text.length + 1, -1) + 2 * PAD;
  // two numbers of ten digits can be wider than the space between the lanes
  const rows = [numbers, wasOf(/** @type {Wire} */ (s.contents[0]?.wire ?? wire), wire, edited)].flatMap((row) => (row.length && length(row) <= room ? [row] : row.map((v) => [v])));
  const w = Math.min(room, Math.max(PILL, x - 30 + noteWidth + PAD, ...rows.map(length))), h = 400 + ROW * (rows.length - 1);
  return { w, h, pill: { k: 0, x: 0, y: 0, w: px(w), h: px(h), badges, flagsEdited: edited.includes('flags'), note, pencil, rows } };
}

/** What the edited fields of a pill were before: the flags and the numbers that it shows, and the window. @param {Wire} was @param {Wire} now @param {string[]} edited @returns {Span[]} */
function wasOf(was, now, edited) {
  const old = { flags: flagsOf(was).join('-') || t('ladder.none'), seq: t('ladder.seq', { n: was.seq }), ack: t('ladder.ack', { n: was.ack }) };
  const row = Object.entries(old).flatMap(([field, what]) => (edited.includes(field) ? [t('ladder.was', { what })] : []));
  if (edited.includes('window')) row.push(t('ladder.was.window', { now: now.window, old: was.window }));
  return row.map((text) => ({ text, edited: true, was: true }));
}

/** What one reads on a pill. @param {Pill} pill @param {string} [note] */
export const textOf = (pill, note = pill.note) => [...pill.badges.map((b) => b.text), ...(note ? [note] : []), ...pill.rows.flat().map((v) => v.text)].join(' ');

/**
 * Points around tip, given along the direction from a and across it.
 * @param {Point} a @param {Point} tip @param {Point[]} local @returns {Point[]}
 */
export function around(a, tip, local) {
  const dx = tip[0] - a[0], dy = tip[1] - a[1], length = Math.max(1, Math.floor(Math.sqrt(dx * dx + dy * dy)));
  return local.map(([u, w]) => [tip[0] + round(u * dx - w * dy, length), tip[1] + round(u * dy + w * dx, length)]);
}

/** The arrow head of a way that ends in a and b; that of a pure ACK is open. @param {Point} a @param {Point} b @param {boolean} open @returns {Point[]} */
export const head = (a, b, open) => around(a, b, open ? [[-90, -45], [0, 0], [-90, 45]] : [[0, 0], [-100, -50], [-100, 50]]);

/** The second cue of FIN (two bars at the tail) and of RST (a bar at the tip), as pairs of points. @param {SegmentShape['kind']} kind @param {Point} a @param {Point} b @param {boolean} arrives @returns {Point[]} */
export function bars(kind, a, b, arrives) {
  if (kind === 'fin') return around(b, a, [[-70, -50], [-70, 50], [-110, -50], [-110, 50]]);
  if (kind === 'rst' && arrives) return around(a, b, [[0, -65], [0, 65]]);
  return [];
}

/** A zigzag from a to b, 7 px a tooth, the second cue of RST. @param {Point} a @param {Point} b @returns {Point[]} */
export function zigzag(a, b) {
  const dx = b[0] - a[0], dy = b[1] - a[1], length = Math.max(1, Math.floor(Math.sqrt(dx * dx + dy * dy)));
  const n = Math.floor(length / 70);
  /** @type {Point[]} */
  const points = [a];
  // the last tooth is left out, so that the arrow head stands on a straight end
  for (let i = 1; i < n - 1; i++) {
    const w = i % 2 ? 28 : -28;
    points.push([a[0] + round(dx * i, n) - round(w * dy, length), a[1] + round(dy * i, n) + round(w * dx, length)]);
  }
  points.push(b);
  return points;
}

/** The wavy edge of a break. @param {number} left @param {number} right @param {number} y */
export function wave(left, right, y) {
  return `M ${px(left)} ${px(y)} q 3.5 -5 7 0${' t 7 0'.repeat(Math.max(0, Math.floor((right - left) / 70) - 1))}`;
}
