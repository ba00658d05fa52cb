// <tcp-timeline>: the run as one line, a slider. Its scale is the ladder's, laid on its side: silence is cut out of both.
//
//   properties   events     the run, RunEvent[]
//                position   { t, k }
//   events       seek       { t, k }   the learner wants to be there
//                input      like every slider, after seek
import { html, svg } from '../../vendor/lit.js';
import { after, back, count, index, next, seek } from './fold.js';
import { layout, partOf, timeNear, yOfPart } from './geometry.js';
import { Picture } from './picture.js';
import { ms, t } from './sentence.js';
import { kindOf } from './shapes.js';

/** @import { RunEvent } from '../protocol.js' */
/** @import { Index, Layout, Position, Step } from './model.js' */

/** Any width gives nearly the same scale; this one is compact. */
const WIDTH = 400;
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
    /** @type {{ events: readonly RunEvent[], layout: Layout } | null} */
    this.drawn = null;
  }

  /** @returns {Layout} */
  get layout() {
    if (this.drawn?.events !== this.events) this.drawn = { events: this.events, layout: layout(this.events, WIDTH) };
    return this.drawn.layout;
  }

  render() {
    const l = this.layout, ix = index(this.events), pos = this.position, here = partOf(l, pos), done = count(ix.steps, (s) => s.k0 < pos.k);
    const last = ix.times.at(-1) ?? 0, step = ix.steps[done - 1];
    const value = step ? t('timeline.value', { t: ms(Math.round(pos.t)), i: done, of: ix.steps.length, text: this.text(step) }) : t('timeline.start', { t: ms(pos.t), of: ix.steps.length });
    return html`<div class="timeline" role="slider" tabindex="0" aria-label=${t('timeline.label')} aria-orientation="horizontal" aria-valuemin="0" aria-valuemax=${last / 1000}
        aria-valuenow=${Math.min(pos.t, last) / 1000} aria-valuetext=${value}
        @pointerdown=${this.grab} @pointermove=${this.drag} @pointerup=${this.drop} @pointercancel=${this.drop} @keydown=${this.key}>
      <svg class="track" width="100%" height="34" aria-hidden="true" focusable="false">
        <rect class="rail" x="0" y="15" width="100%" height="4" rx="2"></rect>
        <rect class="rail played" x="0" y="15" width=${pc(here)} height="4" rx="2"></rect>
        ${l.breaks.map((b) => cut(partOf(l, { t: b.t0 }), partOf(l, { t: b.t1 }), here))}
        ${this.keep('marks', [l, pos.k], () => marks(ix, (at) => partOf(l, at), pos).map(mark))}
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

/** @typedef {{ x: number, shape: 'c' | 's' | 'cross' | 'hand' | 'call', cls: string, dy: number }} Mark */

/**
 * One mark a step: its shape says where, its colour what.
 * @param {Index} ix @param {(at: Position) => number} place from 0 to 1 @param {Position} pos @returns {Mark[]}
 */
export function marks(ix, place, pos) {
  return ix.steps.flatMap((s, i) => {
    // a call that sends nothing would only fray the mark of what was sent in the same instant
    if (!s.seg && !s.sent.length && s.kind !== 'timer-fired' && ix.steps.some((o) => o.t === s.t && (o.seg || o.sent.length))) return [];
    const seg = ix.segment.get(s.sent[0] ?? s.seg), kind = seg ? kindOf(/** @type {import('../protocol.js').Wire} */ (seg.contents.at(-1)?.wire)) : '';
    const shape = s.kind === 'lost' ? 'cross' : s.host === 'network' && seg ? 'hand' : !seg && s.kind !== 'timer-fired' ? 'call' : s.host === 'client' ? 'c' : 's';
    // two hosts at one instant: one above, one below
    const beside = [ix.steps[i - 1], ix.steps[i + 1]].some((o) => o?.t === s.t && o.host !== s.host && (o.seg || o.sent.length) && seg);
    return [{
      x: place({ t: s.t, k: s.k1 }), shape, dy: beside ? (s.host === 'client' ? -7 : 7) : 0,
      cls: `ev ${shape} ${s.kind === 'lost' ? 'loss' : kind} ${s.k0 < pos.k ? '' : 'future'}`,
    }];
  });
}

/** @param {Mark} m */
export function mark({ x, shape, cls, dy }) {
  const y = 17 + dy;
  return svg`<svg class=${cls} x=${pc(x)} y=${y} width="1" height="1" overflow="visible">${
    shape === 'c' ? svg`<circle r="5.5"></circle>` : shape === 's' ? svg`<rect x="-5.5" y="-5.5" width="11" height="11" rx="1.5"></rect>`
    : shape === 'cross' ? svg`<path class="halo" d="M -5 -5 L 5 5 M 5 -5 L -5 5"></path><path d="M -5 -5 L 5 5 M 5 -5 L -5 5"></path>`
    : shape === 'hand' ? svg`<path d="M 0 -6.5 L 6.5 0 L 0 6.5 L -6.5 0 Z"></path>` : svg`<rect x="-1.5" y="-7" width="3" height="14"></rect>`}</svg>`;
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
