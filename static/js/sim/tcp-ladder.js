// <tcp-ladder>: two lanes, time downwards. It is a function of the run, the width and the position; from frame to frame only what
// moves is drawn anew, the rest when something happens.
//
//   properties   events     the run, RunEvent[]
//                position   { t, k }
//                selection  number of the chosen segment, or 0
//                odd        number of the segment that the model finds odd in a capture, or 0
//                width      CSS pixels; measured when it is not set
//                mark       an instant with a line and a sign, or null
//   events       seek            { t, k }   the learner wants to be there
//                segment-select  { id }     the learner chose a segment
//                drawn           another picture stands here: its height may be another
import { html, nothing, repeat, svg } from '../../vendor/lit.js';
import { count, index, segmentAt } from './fold.js';
import { layout, nameOf, timeNear, yAt } from './geometry.js';
import { Picture } from './picture.js';
import { relative } from './numbers.js';
import { learned, ms, t } from './sentence.js';
import { noteOf, textOf } from './shapes.js';

/** @import { RunEvent } from '../protocol.js' */
/** @import { Break, Index, Layout, Pill, Point, Position, SegmentAt, SegmentShape, TimerShape } from './model.js' */
/** @typedef {{ shape: SegmentShape, now: SegmentAt, pill: Pill, phase: string, moving: boolean, note: string, name: string }} Drawn */

let made = 0;
/** @type {WeakMap<readonly RunEvent[], { width: number, words: string, layout: Layout }>} */
const drawings = new WeakMap();

/** The drawing of a run; the last one is kept. @param {readonly RunEvent[]} events @param {number} width */
export function drawing(events, width) {
  const words = `${relative.value} ${learned.value}`;
  let d = drawings.get(events);
  if (d?.width !== width || d.words !== words) drawings.set(events, d = { width, words, layout: layout(events, width) });
  return d;
}

export class TcpLadder extends Picture {
  static properties = {
    events: { attribute: false }, position: { attribute: false }, selection: { attribute: false }, relative: { attribute: false }, odd: { attribute: false }, width: { type: Number }, mark: { attribute: false },
  };

  constructor() {
    super();
    /** @type {readonly RunEvent[]} */
    this.events = [];
    /** @type {Position} */
    this.position = { t: 0, k: 0 };
    this.selection = 0;
    /** Whether sequence numbers are relative; it is given so that the picture is drawn again. */
    this.relative = false;
    this.odd = 0;
    this.width = 0;
    /** @type {number | null} */
    this.mark = null;
    /** Which segment has the tab stop. */
    this.stop = 0;
    /** Which segment was chosen here. */
    this.touched = 0;
    this.name = `ladder-${++made}`;
    this.dragging = false;
    /** @type {ReturnType<typeof drawing> | null} */
    this.drawn = null;
    /** What was drawn when it was last said that there is another picture. @type {unknown} */
    this.told = null;
    /** The segments as they are since an event. @type {{ of: unknown[], segments: Drawn[] }} */
    this.since = { of: [], segments: [] };
    /** What drags segments. @type {import('./ladder-drag.js').Hand | null} */
    this.hand = null;
    for (const e of ['pointerover', 'focusin']) this.addEventListener(e, () => void this.reach(), { once: true });
    // not on the picture: an SVG element that listens for the focus is a tab stop in Chromium
    this.addEventListener('focusin', this.focused);
  }

  /** Somebody may want to touch a segment. Without the network the ladder is for reading. */
  async reach() {
    const loaded = await import('./ladder-drag.js').catch(() => null);
    if (!loaded || this.hand) return;
    this.hand = new loaded.Hand(this);
    this.requestUpdate();
  }

  /** The drawing at the present width. @returns {Layout} */
  get layout() {
    const drawn = drawing(this.events, Math.max(300, this.width || this.measured));
    if (this.drawn !== drawn) this.kept.clear();
    this.drawn = drawn;
    return this.hand?.grown(drawn.layout) ?? drawn.layout;
  }

  /** What is known of each segment; between two events nothing of that changes. @param {Layout} l @param {Index} ix @param {Position} pos */
  segments(l, ix, pos) {
    const of = [l, pos.k, this.odd];
    if (!of.every((v, i) => v === this.since.of[i])) {
      this.since = { of, segments: l.segments.map((shape, i) => {
        const was = this.since.segments[i], now = segmentAt(/** @type {import('./model.js').Segment} */ (ix.segment.get(shape.id)), pos);
        const pill = /** @type {Pill} */ (shape.pills[Math.max(0, count(shape.pills, (p) => p.k < pos.k) - 1)]);
        if (was?.shape === shape && this.since.of[2] === this.odd && was.pill === pill && was.now.phase === now.phase && was.now.due === now.due && was.now.discarded === now.discarded) return was;
        // nothing is told before it happens
        const fate = now.phase === 'lost' || now.phase === 'held' ? now.phase : now.discarded ? 'discarded' : '';
        const note = noteOf(now.seg, now.wire, now.edited, fate), phase = now.phase === 'arrived' ? 'done' : now.phase;
        return { shape, now, pill, phase, moving: phase === 'flight' || phase === 'held', note, name: this.nameAt(now, pill, note) };
      }) };
    }
    return this.since.segments;
  }

  render() {
    // not before it is known how wide: every picture takes its time
    if (!this.width && !this.measured) return nothing;
    const l = this.layout, { position: pos, name: id } = this, ix = index(this.events);
    const ends = pos.k >= this.events.length && pos.t >= (l.moments.at(-1)?.[1] ?? 0), y = yAt(l, pos), below = ends ? l.bottom : y;
    const drawn = this.segments(l, ix, pos), moving = drawn.filter((d) => d.moving);
    const mark = this.mark === null ? null : yAt(l, { t: this.mark, k: count(ix.times, (v) => v <= (this.mark ?? 0)) });
    const stop = this.stopOf(drawn), clock = clockAt(ix, pos), bubble = Math.max(l.left + 4, 7.8 * clock.length + 12);
    // a time that the playhead's would cover
    const covered = (/** @type {number} */ at) => Math.abs(at - y) <= 15;
    const within = (/** @type {{ y0: number, y1: number }} */ v) => Math.max(v.y0, Math.min(below, v.y1));
    return html`<svg class="ladder ${l.mode}" viewBox="0 0 ${l.width} ${l.height}" width=${l.width} height=${l.height} role="group" aria-label=${t('ui.ladder')}
        @pointerdown=${this.grab} @pointermove=${this.drag} @pointerup=${this.drop} @pointercancel=${this.drop} @keydown=${this.key}>
      <defs>${patterns(id)}
        <clipPath id="${id}-past"><rect x="-99" y="-99" width=${l.width + 198} height=${y + 99}></rect></clipPath><clipPath id="${id}-todo"><rect x="-99" y=${y} width=${l.width + 198} height=${l.height + 99}></rect></clipPath></defs>
      ${ends ? nothing : svg`<rect class="ahead" x=${l.left} y=${y} width=${l.right - l.left} height=${Math.max(0, l.bottom + 6 - y)}></rect>`}
      <g class="ruler" aria-hidden="true">${this.keep('ticks', [l], () => svg`<path class="tick" d=${l.ticks.map((k) => `M ${l.left} ${k.y} H ${l.right}`).join(' ')}></path>`)}
        ${this.keep('times', [l, ...l.ticks.filter((k) => covered(k.y))], () => repeat(l.ticks.filter((k) => k.text && !covered(k.y)), (k) => k.t, (k) => svg`<text class="time" transform="translate(${l.timeX} ${k.y + 4})" text-anchor="end">${k.text}</text>`))}</g>
      <g class="bands" aria-hidden="true">${l.bands.map((b, i) => this.keep(`band ${i}`, [b, b.k < pos.k, within(b)], () => halves(b.k < pos.k, b.y0, b.y1, below, (y0, y1, when) => svg`<rect class="band ${b.cls} ${when}" x=${b.x} y=${y0} width="12" height=${y1 - y0} fill=${fill(id, b.cls)}></rect>`)))}</g>
      ${this.keep('breaks', [l], () => l.breaks.map((b) => gap(l, b)))}
      ${mark === null ? nothing : svg`<line class="mark" x1=${l.left} x2=${l.right} y1=${mark} y2=${mark}></line>`}
      <line class="playhead" x1=${l.left} x2=${l.right} y1=${y} y2=${y}></line>
      <g aria-hidden="true">${l.timers.map((v, i) => this.keep(`timer ${i}`, [v, v.k < pos.k, v.k1 < pos.k, within(v)], () => timer(v, pos, below)))}
        ${this.keep('labels', [l, pos.k], () => l.labels.map((v) => {
          const cls = `lbl ${v.cls} ${v.k < pos.k ? '' : 'future'}`;
          return v.turned ? svg`<text class=${cls} transform="translate(${v.x} ${v.y}) rotate(-90)" text-anchor=${v.anchor}>${v.text}</text>` : svg`<text class=${cls} x=${v.x} y=${v.y} text-anchor=${v.anchor}>${v.text}</text>`;
        }))}</g>
      ${this.keep('ways', [drawn, this.selection], () => ['past', 'todo'].map((part) => svg`<g aria-hidden="true" pointer-events="none" clip-path="url(#${id}-${part})">${repeat(moving, (d) => d.shape.id, (d) => svg`<g class=${this.classes(d)}><path class="wire ${part}" d=${path(wayOf(d.shape))}></path></g>`)}</g>`))}
      <g class="lines" aria-hidden="true">${this.keep('lines', [drawn, this.selection], () => repeat(drawn, (d) => d.shape.id, (d) => this.keep(`line ${d.shape.id}`, [d, this.selection === d.shape.id], () => this.line(d))))}</g>
      <path class="dot rim" d=${dots(moving, y)}></path>
      ${[...new Set(moving.map((d) => d.shape.kind))].map((kind) => svg`<path class="pkt ${kind} dot" d=${dots(moving.filter((d) => d.shape.kind === kind), y)}></path>`)}
      <g class="pills">${this.keep('pills', [drawn, stop, this.selection], () => repeat(drawn, (d) => d.shape.id, (d) => this.keep(`pill ${d.shape.id}`, [d, d.shape.id === stop, d.shape.id === this.selection], () => this.pill(d, stop))))}</g>
      ${this.hand ? svg`${drawn.map((d) => this.hand?.handle(d.shape, d.now))}${this.hand.preview(l)}` : nothing}
      <rect class="grip" @touchstart=${still} x="0" y="0" width=${l.left} height=${l.height}></rect>
      ${mark === null ? nothing : svg`<g class="mark" aria-hidden="true"><rect x=${l.server - 32} y=${mark - 9} width="22" height="18" rx="4"></rect><text x=${l.server - 21} y=${mark + 5.5} text-anchor="middle">≠</text></g>`}
      <g class="bubble" aria-hidden="true" @touchstart=${still}><rect x="0" y=${y - 11} width=${bubble} height="22" rx="4"></rect><text x=${bubble / 2} y=${y + 4.3} text-anchor="middle">${clock}</text></g>
    </svg>${this.hand?.tools(drawn)}`;
  }

  updated() {
    this.hand?.place();
    if (this.told === this.drawn) return;
    this.told = this.drawn;
    this.dispatchEvent(new Event('drawn', { bubbles: true }));
  }

  /** @param {Drawn} d */
  classes({ shape, phase }) {
    return `pkt ${shape.kind} ${phase} ${this.selection === shape.id ? 'chosen' : ''} ${shape.copy ? 'copy' : ''}`;
  }

  /** @param {Drawn} d */
  line(d) {
    const { shape, phase, moving } = d;
    return svg`<g class=${this.classes(d)} @click=${() => this.select(shape.id)}>
      <path class="hit" d=${path(shape.points)}></path>
      ${moving ? nothing : svg`<path class="wire" d=${path(wayOf(shape))}></path>`}
      ${shape.ghost.length ? svg`<path class="ghost" d=${path(shape.ghost)}></path>` : nothing}
      ${shape.head.length ? svg`<path class="head ${shape.kind === 'ack' ? 'open' : ''} ${moving ? 'todo' : ''}" d="${path(shape.head)}${shape.kind === 'ack' ? '' : ' Z'}"></path>` : nothing}
      ${shape.bars.length ? svg`<path class="bar" d=${bars(shape.bars)}></path>` : nothing}
      ${shape.tail.map(([x, y]) => svg`<path class="tail" d="M ${x - 7} ${y} l 7 -7 l 7 7 l -7 7 Z"></path>`)}
      ${shape.cross.map(([x, y]) => svg`<g class="x ${phase === 'lost' ? '' : 'todo'}"><circle cx=${x} cy=${y} r="9"></circle><path d="M ${x - 4} ${y - 4} l 8 8 m 0 -8 l -8 8"></path></g>`)}
    </g>`;
  }

  /** @param {Drawn} d @param {number} stop */
  pill(d, stop) {
    const { shape, phase, note, pill: p } = d, { id } = shape;
    // where visible text and accessible name begin alike, word for word (WCAG 2.5.3); each text ends in a space for that. Another place
    // is one attribute: Chromium lays out anew each text that is told another
    return svg`<g class="pkt ${shape.kind} ${phase} ${d.now.discarded ? 'discarded' : ''}" data-seg=${id} role="button" tabindex=${id === stop ? 0 : -1} transform="translate(${p.x} ${p.y})"
        aria-label=${d.name} aria-pressed=${this.selection === id ? 'true' : 'false'} @click=${() => this.select(id)}>
      <rect class="ring" x="-4" y="-4" width=${p.w + 8} height=${p.h + 8} rx="8"></rect>
      <rect class="box" width=${p.w} height=${p.h} rx="5"></rect>
      ${p.badges.map((b) => svg`<rect class="badge b-${b.cls}" x=${b.x} y="6" width=${b.w} height="14" rx="2.5"></rect><text class="btxt t-${b.cls}" x=${b.x + b.w / 2} y="16.8" text-anchor="middle">${b.text} </text>`)}
      ${p.flagsEdited ? svg`<path class="under" d="M 8 22.5 H ${(p.badges.at(-1)?.x ?? 0) + (p.badges.at(-1)?.w ?? 0)}"></path>` : nothing}
      ${note ? svg`<text class="note" x=${p.w - 8 - (p.pencil ? 14 : 0)} y="17" text-anchor="end">${note} </text>` : nothing}
      ${p.pencil ? svg`<path class="pencil" d="M ${p.w - 18} 18 l 1 -3.5 l 6.5 -6.5 l 2.5 2.5 l -6.5 6.5 Z"></path>` : nothing}
      ${id === this.odd ? svg`<g class="odd"><circle cx=${p.w} cy="0" r="10"></circle><path d="M ${p.w} -5.5 v 6.5 m 0 3 v 1.6"></path></g>` : nothing}
      ${p.rows.map((row, i) => svg`<text class="num" x="8" y=${33 + 14 * i}>${row.map((v) => svg`<tspan class=${v.was ? 'was' : v.edited ? 'edited' : 'same'}>${v.text}</tspan> `)}</text>`)}
    </g>`;
  }

  /** @param {SegmentAt} now @param {Pill} pill @param {string} note */
  nameAt(now, pill, note) {
    const { phase, seg } = now, text = seg.id === this.odd ? t('panel.capture.marked', { text: textOf(pill, note) }) : textOf(pill, note);
    if (phase === 'future') return nameOf(seg, text, t('ladder.fate.future'));
    if (phase === 'held') return nameOf(seg, text, t('ladder.fate.held'));
    if (phase === 'flight') return nameOf(seg, text, t('ladder.fate.flight', { t: ms(now.due) }));
    return now.discarded || !seg.discarded ? nameOf(seg, text) : nameOf(seg, text, t('ladder.fate.arrived', { t: ms(seg.end?.t) }));
  }

  // ---------------------------------------------------------------- one tab stop

  /** The chosen segment, else the one that had it, else one on the wire, else the last that was. @param {Drawn[]} drawn */
  stopOf(drawn) {
    const has = (/** @type {number} */ id) => drawn.some((d) => d.shape.id === id);
    if (this.contains(document.activeElement) && has(this.stop)) return this.stop;
    if (has(this.selection)) return this.selection;
    const there = drawn.filter((d) => d.phase === 'flight' || d.phase === 'held')[0] ?? drawn.filter((d) => d.phase !== 'future').at(-1) ?? drawn[0];
    return there?.shape.id ?? 0;
  }

  /** @param {FocusEvent} e */
  focused(e) {
    const seg = e.target instanceof Element ? e.target.closest('[data-seg]')?.getAttribute('data-seg') : null;
    if (!seg || Number(seg) === this.stop) return;
    this.stop = Number(seg);
    this.requestUpdate();
  }

  /** Up and down go from segment to segment in the order of the picture, with Shift they move its head along time; Enter chooses. @param {KeyboardEvent} e */
  key(e) {
    const seg = e.target instanceof Element ? e.target.closest('[data-seg]') : null;
    if (!seg || e.altKey || e.ctrlKey || e.metaKey) return;
    const id = Number(seg.getAttribute('data-seg'));
    if (e.shiftKey) {
      if (!this.hand || (e.key !== 'ArrowDown' && e.key !== 'ArrowUp')) return;
      this.hand.nudge(id, e.key === 'ArrowDown' ? 1 : -1);
    } else if (e.key === 'Enter') this.select(id);
    else if (e.key === 'ArrowDown' || e.key === 'ArrowUp') this.step(id, e.key === 'ArrowDown' ? 1 : -1);
    else return;
    e.preventDefault();
    e.stopPropagation();
  }

  /** @param {number} id @param {number} by */
  step(id, by) {
    const order = [...this.layout.segments].sort((a, b) => (a.pills[0]?.y ?? 0) - (b.pills[0]?.y ?? 0) || a.id - b.id);
    const to = order[order.findIndex((s) => s.id === id) + by];
    if (to) this.focusSegment(to.id);
  }

  /** Moves the focus to a segment. @param {number} id */
  focusSegment(id) {
    const seg = this.querySelector(`[data-seg="${id}"]`);
    if (!(seg instanceof SVGElement)) return;
    seg.focus({ preventScroll: true });
    seg.scrollIntoView({ block: 'nearest' });
  }

  /** @param {number} id */
  select(id) {
    this.stop = this.touched = id;
    this.requestUpdate();
    this.dispatchEvent(new CustomEvent('segment-select', { detail: { id }, bubbles: true, composed: true }));
  }

  // ---------------------------------------------------------------- the ruler

  /** @param {PointerEvent} e */
  grab(e) {
    if (e.button !== 0 || !(e.target instanceof Element)) return;
    if (!e.target.closest('.grip, .bubble')) return this.hand?.grab(e);
    this.dragging = true;
    e.target.setPointerCapture(e.pointerId);
    this.seek(e);
    e.preventDefault();
  }

  /** @param {PointerEvent} e */
  drag(e) {
    if (this.dragging) this.seek(e);
    else this.hand?.move(e);
  }

  /** @param {PointerEvent} e */
  drop(e) {
    this.dragging = false;
    this.hand?.drop(e);
  }

  /** @param {PointerEvent} e */
  seek(e) {
    const picture = this.querySelector('svg.ladder'), l = this.layout;
    if (!picture) return;
    const box = picture.getBoundingClientRect(), y = (e.clientY - box.top) * l.height / Math.max(1, box.height);
    const found = placeAt(l, index(this.events).times, y);
    this.dispatchEvent(new CustomEvent('seek', { detail: found, bubbles: true, composed: true }));
  }
}

/** The time at a position: of something that happened exactly, of anything between no finer than one can see. @param {Index} ix @param {Position} pos */
function clockAt(ix, pos) {
  const grain = ix.delay >= 10_000 ? 1000 : ix.delay >= 1000 ? 100 : 1;
  return ms(ix.times[pos.k - 1] === pos.t ? pos.t : Math.floor(pos.t / grain) * grain);
}

/** The position at y; close to something that happened, that. @param {Layout} l @param {number[]} times @param {number} y @returns {Position} */
function placeAt(l, times, y) {
  const near = l.moments.findIndex((m) => Math.abs(m[2] - y) <= 4), m = l.moments[near];
  // the whole of a moment: up to where the next begins
  if (m) return { t: m[1], k: Math.min(l.moments[near + 1]?.[0] ?? times.length, times.length) };
  const time = timeNear(l, y);
  return { t: time, k: count(times, (v) => v <= time) };
}

/** A finger here drags, and does not scroll; touch-action alone does not see to that in a drawing. @param {TouchEvent} e */
const still = (e) => e.preventDefault();
/** @type {WeakMap<Point[], string>} */
const paths = new WeakMap();

/** @param {Point[]} points */
function path(points) {
  let d = paths.get(points);
  if (d === undefined) paths.set(points, d = points.map(([x, y], i) => `${i ? 'L' : 'M'} ${x} ${y}`).join(' '));
  return d;
}

/** @param {Point[]} points */
const bars = (points) => points.map(([x, y], i) => `${i % 2 ? 'L' : 'M'} ${x} ${y}`).join(' ');

/** The line of a segment. @param {SegmentShape} shape */
const wayOf = ({ points, zigzag }) => (zigzag.length ? zigzag : points);

/** Where a segment's way crosses the playhead. @param {SegmentShape} shape @param {number} y @returns {Point} */
function cut({ points }, y) {
  let i = 1;
  while (i < points.length - 1 && (points[i]?.[1] ?? 0) < y) i++;
  const a = points[i - 1] ?? [0, 0], b = points[i] ?? a, part = b[1] > a[1] ? Math.min(1, Math.max(0, (y - a[1]) / (b[1] - a[1]))) : 1;
  return [a[0] + (b[0] - a[0]) * part, a[1] + (b[1] - a[1]) * part];
}

/** Where segments are: in one path, because many marks that move are many to lay out. @param {Drawn[]} moving @param {number} y */
const dots = (moving, y) => moving.map(({ shape }) => `M ${cut(shape, y).join(' ')} h 0`).join(' ');

/**
 * Draws what is above the playhead and what is below it apart.
 * @template T @param {boolean} begun @param {number} y0 @param {number} y1 @param {number} y @param {(y0: number, y1: number, when: '' | 'future') => T} draw
 */
function halves(begun, y0, y1, y, draw) {
  if (!begun || y <= y0) return begun && y1 <= y ? [draw(y0, y1, '')] : [draw(y0, y1, 'future')];
  return y >= y1 ? [draw(y0, y1, '')] : [draw(y0, y, ''), draw(y, y1, 'future')];
}

/** @param {string} id @param {string} cls */
const fill = (id, cls) => cls === 'syn' || cls === 'fin' ? `url(#${id}-${cls})` : nothing;

/** @param {string} id */
const patterns = (id) => svg`<pattern id="${id}-syn" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><rect width="6" height="6" class="hatch-bg"></rect><line x1="1.5" y1="0" x2="1.5" y2="6" class="hatch"></line></pattern>
  <pattern id="${id}-fin" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><rect width="6" height="6" class="cross-bg"></rect><path d="M 0 3 H 6 M 3 0 V 6" class="cross"></path></pattern>`;

/** @param {Layout} l @param {Break} b */
const gap = (l, b) => svg`<g class="break"><rect x=${l.left} y=${b.y0} width=${l.right - l.left} height=${b.y1 - b.y0}></rect><path d=${b.top}></path><path d=${b.bottom}></path><text x=${b.x} y=${(b.y0 + b.y1) / 2 + 4} text-anchor="middle">${b.text}</text></g>`;

/** @param {TimerShape} v @param {Position} pos @param {number} y */
function timer(v, pos, y) {
  const begun = v.k < pos.k, ended = v.k1 >= 0 && v.k1 < pos.k;
  const end = v.end === 'fired' ? `M ${v.x - 5} ${v.y1 - 6} l 5 6 l 5 -6` : v.end === 'running' || v.end === 'set again' ? '' : `M ${v.x - 5} ${v.y1} h 10`;
  // the arrow tip of the timer before stands where this one was set again
  return svg`${halves(begun, v.y0, v.y1, ended ? v.y1 : y, (y0, y1, when) => svg`<g class="timer ${when}"><line x1=${v.x} x2=${v.x} y1=${y0 === v.y0 && v.restart ? Math.min(y0 + 6, y1) : y0} y2=${y1}></line>
    ${y1 === v.y1 && end ? svg`<path d=${end}></path>` : nothing}${y0 === v.y0 && !v.restart ? svg`<circle class="start" cx=${v.x} cy=${y0} r="3.5"></circle>` : nothing}</g>`)}`;
}

customElements.define('tcp-ladder', TcpLadder);
