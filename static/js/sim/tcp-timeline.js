// <tcp-timeline>: the run as one line, a slider. Its scale is the ladder's, laid on its side: silence is cut out of both.
//
//   properties   events     the run, RunEvent[]
//                position   { t, k }
//   events       seek       { t, k }   the learner wants to be there
//                input      like every slider, after seek
import { html, nothing, svg } from '../../vendor/lit.js';
import { after, back, count, index, next, seek } from './fold.js';
import { layout, partOf, timeNear, yOfPart } from './geometry.js';
import { Picture } from './picture.js';
import { ms, t } from './sentence.js';
import { kindOf } from './shapes.js';

/** @import { RunEvent } from '../protocol.js' */
/** @import { Index, Layout, Position, Step } from './model.js' */

/** Any width gives nearly the same scale; this one is compact. */
const WIDTH = 400;
/** The padding of the line at its ends. */
const MARGIN = 8;
/** A label is left out when it would come closer than this to the one before. */
const ROOM = 12;

/** A line along time that is pressed and dragged; what a place on it means is for its kind to say. */
export class Slider extends Picture {
  dragging = false;

  /** @param {PointerEvent} e */
  grab(e) {
    if (e.button !== 0 || !(e.currentTarget instanceof HTMLElement)) return;
    this.dragging = true;
    e.currentTarget.setPointerCapture(e.pointerId);
    e.currentTarget.focus({ preventScroll: true });
    e.preventDefault();
    this.point(e);
  }

  /** @param {PointerEvent} e */
  drag(e) {
    if (this.dragging) this.point(e);
  }

  drop() {
    this.dragging = false;
  }

  /** Goes to where the pointer is. @param {PointerEvent} _e */
  point(_e) {}
}

export class TcpTimeline extends Slider {
  static properties = { events: { attribute: false }, position: { attribute: false }, text: { attribute: false } };

  constructor() {
    super();
    /** @type {readonly RunEvent[]} */
    this.events = [];
    /** @type {Position} */
    this.position = { t: 0, k: 0 };
    /** What happened last, for aria-valuetext. @type {(step: Step) => string} */
    this.text = () => '';
    /** @type {{ events: readonly RunEvent[], layout: Layout, marks: Mark[] } | null} */
    this.drawn = null;
  }

  /** What stays as it is as long as the run does. */
  get whole() {
    const { events } = this;
    if (this.drawn?.events !== events) {
      const l = layout(events, WIDTH);
      this.drawn = { events, layout: l, marks: marks(index(events), (at) => partOf(l, at)) };
    }
    return this.drawn;
  }

  get layout() {
    return this.whole.layout;
  }

  /** Another run is drawn in a task of its own, behind that of the ladder. */
  async scheduleUpdate() {
    if (this.drawn && this.drawn.events !== this.events) await new Promise((turn) => setTimeout(turn));
    super.scheduleUpdate();
  }

  render() {
    const { layout: l, marks } = this.whole, width = this.measured - 2 * MARGIN, ix = index(this.events), pos = this.position, here = partOf(l, pos), done = count(ix.steps, (s) => s.k0 < pos.k);
    const last = ix.times.at(-1) ?? 0, step = ix.steps[done - 1];
    const value = step ? t('timeline.value', { t: ms(Math.round(pos.t)), i: done, of: ix.steps.length, text: this.text(step) }) : t('timeline.start', { t: ms(pos.t), of: ix.steps.length });
    return html`<div class="timeline" role="slider" tabindex="0" aria-label=${t('timeline.label')} aria-orientation="horizontal" aria-valuemin="0" aria-valuemax=${last / 1000}
        aria-valuenow=${Math.min(pos.t, last) / 1000} aria-valuetext=${value}
        @pointerdown=${this.grab} @pointermove=${this.drag} @pointerup=${this.drop} @pointercancel=${this.drop} @keydown=${this.key}>
      <svg class="track" width="100%" height="34" aria-hidden="true" focusable="false">
        <rect class="rail" x="0" y="15" width="100%" height="4" rx="2"></rect>
        <rect class="rail played" x="0" y="15" width=${pc(here)} height="4" rx="2"></rect>
        ${l.breaks.map((b) => cut(partOf(l, { t: b.t0 }), partOf(l, { t: b.t1 }), here))}
        ${this.keep('marks', [l, pos.k, width], () => width > 0 ? marks.map((m) => mark(m, m.x * width, pos.k)) : nothing)}
        <svg class="now" x=${pc(here)} y="0" width="1" height="1"><rect x="-7" y="1" width="14" height="32" rx="4"></rect></svg>
      </svg>
      <div class="scale" aria-hidden="true"><svg width="100%" height="14" focusable="false">${this.keep('labels', [l, this.measured], () => labels(l, this.measured).map(([x, text, anchor]) => svg`<text x=${pc(x)} y="10" text-anchor=${anchor}>${text}</text>`))}</svg></div>
    </div>`;
  }

  /** @param {PointerEvent} e */
  point(e) {
    const track = this.querySelector('.track');
    if (!track) return;
    const box = track.getBoundingClientRect(), part = Math.min(1, Math.max(0, (e.clientX - box.left) / Math.max(1, box.width)));
    const l = this.layout, ix = index(this.events), near = 5 / Math.max(1, box.width);
    // close to something that happened, that
    const step = ix.steps.findLast((s) => Math.abs(partOf(l, { t: s.t, k: s.k1 }) - part) <= near);
    this.go(step ? after(ix, step.i) : seek(ix, timeNear(l, yOfPart(l, part))));
  }

  /** @param {KeyboardEvent} e */
  key(e) {
    if (e.altKey || e.ctrlKey || e.metaKey) return;
    const ix = index(this.events), pos = this.position, last = Math.max(ix.times.at(-1) ?? 0, this.layout.moments.at(-1)?.[1] ?? 0);
    /** @type {Position | null} */
    let to = null;
    if (e.shiftKey) {
      if (e.key === 'ArrowRight' || e.key === 'ArrowLeft') to = seek(ix, Math.min(last, Math.max(0, pos.t + (e.key === 'ArrowRight' ? 10000 : -10000))));
    } else if (e.key === 'ArrowRight' || e.key === 'ArrowUp') to = next(ix, pos);
    else if (e.key === 'ArrowLeft' || e.key === 'ArrowDown') to = back(ix, pos);
    else if (e.key === 'PageDown' || e.key === 'PageUp') {
      to = pos;
      for (let i = 0; i < 5; i++) to = e.key === 'PageUp' ? next(ix, to) : back(ix, to);
    } else if (e.key === 'Home') to = after(ix, -1);
    else if (e.key === 'End') to = after(ix, ix.steps.length - 1);
    if (!to) return;
    e.preventDefault();
    e.stopPropagation();
    this.go(to);
  }

  /** @param {Position} pos */
  go(pos) {
    this.dispatchEvent(new CustomEvent('seek', { detail: pos, bubbles: true, composed: true }));
    this.dispatchEvent(new Event('input', { bubbles: true, composed: true }));
  }
}

/** @param {number} part */
export const pc = (part) => `${Math.round(part * 10000) / 100}%`;

/** Each shape at the place where a path has come to. */
const SHAPES = {
  c: 'm -5.5 0 a 5.5 5.5 0 1 1 0 .01 Z', s: 'm -5.5 -5.5 h 11 v 11 h -11 Z', cross: 'm -5 -5 l 10 10 m 0 -10 l -10 10', hand: 'm 0 -6.5 l 6.5 6.5 l -6.5 6.5 l -6.5 -6.5 Z', call: 'm -1.5 -7 h 3 v 14 h -3 Z',
};

/** @typedef {{ x: number, y: number, k: number, shape: keyof typeof SHAPES, cls: string }} Mark x: from 0 to 1; k: the event that it begins with */

/** One mark a step: its shape says where, its colour what. @param {Index} ix @param {(at: Position) => number} place from 0 to 1 @returns {Mark[]} */
export function marks(ix, place) {
  const told = (/** @type {Step | undefined} */ s) => !!s && (s.seg > 0 || s.sent.length > 0), busy = new Set(ix.steps.filter(told).map((s) => s.t));
  return ix.steps.flatMap((s, i) => {
    // a call that sends nothing would only fray the mark of what was sent in the same instant
    if (!told(s) && s.kind !== 'timer-fired' && busy.has(s.t)) return [];
    const seg = ix.segment.get(s.sent[0] ?? s.seg), lost = s.kind === 'lost', kind = lost ? 'loss' : seg ? kindOf(/** @type {import('../protocol.js').Wire} */ (seg.contents.at(-1)?.wire)) : '';
    const shape = lost ? 'cross' : s.host === 'network' && seg ? 'hand' : !seg && s.kind !== 'timer-fired' ? 'call' : s.host === 'client' ? 'c' : 's';
    // two hosts at one instant: one above, one below
    const beside = seg && [ix.steps[i - 1], ix.steps[i + 1]].some((o) => o?.t === s.t && o.host !== s.host && told(o));
    return [{ x: place({ t: s.t, k: s.k1 }), y: beside ? (s.host === 'client' ? 10 : 24) : 17, k: s.k0, shape, cls: `ev ${shape} ${kind}` }];
  });
}

/** Not as a picture of its own within the picture: those would all be laid out whenever one of them changes. @param {Mark} m @param {number} x @param {number} k so many events have happened */
export function mark({ y, k: from, shape, cls }, x, k) {
  const d = `M ${Math.round(x * 10) / 10} ${y} ${SHAPES[shape]}`;
  return svg`${shape === 'cross' ? svg`<path class="ev cross halo" d=${d}></path>` : nothing}<path class="${cls} ${from < k ? '' : 'future'}" d=${d}></path>`;
}

/** Where the scale leaves silence out: slanted bars. @param {number} from @param {number} to @param {number} here */
export function cut(from, to, here) {
  const mid = (from + to) / 2;
  return svg`<svg class="skip ${here >= mid ? 'played' : ''}" x=${pc(mid)} y="17" width="1" height="1" overflow="visible"><rect x="-11" y="-8" width="22" height="16"></rect><path d="M -8 7 L -4 -7 M -2 7 L 2 -7 M 4 7 L 8 -7"></path></svg>`;
}

/** The times that fit below the track. @param {Layout} l @param {number} width @returns {[x: number, text: string, anchor: 'start' | 'middle' | 'end'][]} */
function labels(l, width) {
  if (!width) return [];
  let free = -Infinity;
  return l.ticks.flatMap((k) => {
    const text = ms(k.t), half = text.length * 3.8, x = partOf(l, { t: k.t }), at = x * width;
    const anchor = at < half ? 'start' : at > width - half ? 'end' : 'middle';
    const start = anchor === 'start' ? at : anchor === 'end' ? at - 2 * half : at - half;
    if (start < free) return [];
    free = start + 2 * half + ROOM;
    return [/** @type {[number, string, 'start' | 'middle' | 'end']} */ ([x, text, anchor])];
  });
}

customElements.define('tcp-timeline', TcpTimeline);
