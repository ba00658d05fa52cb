// The learner's hand on the ladder: the head of a segment in flight, dragged along time, arrives later; dragged to before
// another one, that one waits. Fetched when the pointer or the focus first comes to a ladder.
import { nothing, svg } from '../../vendor/lit.js';
import { fold, index } from './fold.js';
import { timeNear, yAt } from './geometry.js';
import { land, landed } from './order.js';
import { sheet } from './panels.js';
import { ms, t } from './sentence.js';

/** @import { Layout, Model, SegmentAt, SegmentShape } from './model.js' */
/** @import { Landing } from './order.js' */
/** @import { TcpLadder } from './tcp-ladder.js' */

/** So many pixels are a click that trembled. */
const SLACK = 4;

export class Hand {
  /** @param {TcpLadder} ladder */
  constructor(ladder) {
    this.ladder = ladder;
    /** @type {{ s: SegmentAt, shape: SegmentShape, model: Model, pointer: number, y0: number, y: number, moving: boolean } | null} */
    this.held = null;
    this.escape = this.escape.bind(this);
    void sheet('hand');
  }

  /** Whether a segment can be dragged: it is on its way, and gets there. @param {SegmentShape} shape @param {SegmentAt} now */
  static can(shape, now) {
    return now.phase === 'flight' && shape.head.length > 0;
  }

  /** What can be taken with a finger, on the lane where the chosen segment will arrive. @param {SegmentShape} shape @param {SegmentAt} now */
  handle(shape, now) {
    const tip = shape.points.at(-1);
    if (!tip || this.ladder.selection !== shape.id || !Hand.can(shape, now)) return nothing;
    const [x, y] = [tip[0] + (now.seg.to === 'client' ? -6 : 6), tip[1]];
    return svg`<g class="handle" data-drag=${shape.id} aria-hidden="true" @touchstart=${(/** @type {TouchEvent} */ e) => e.preventDefault()}><circle class="touch" cx=${x} cy=${y} r="22"></circle><circle cx=${x} cy=${y} r="10"></circle><path d="M ${x - 4} ${y - 2.5} l 4 -4 l 4 4 M ${x - 4} ${y + 2.5} l 4 4 l 4 -4"></path></g>`;
  }

  /** @param {PointerEvent} e */
  grab(e) {
    const { ladder } = this, target = e.target instanceof Element ? e.target.closest('[data-drag], [data-seg]') : null;
    // a finger on anything else scrolls the page
    if (!target || this.held || !e.isPrimary || e.button !== 0 || (e.pointerType === 'touch' && !target.matches('[data-drag]'))) return;
    const id = Number(target.getAttribute('data-drag') ?? target.getAttribute('data-seg')), ix = index(ladder.events), model = fold(ix, { ...ladder.position, t: Math.floor(ladder.position.t) });
    const s = model.segments.find((x) => x.id === id), shape = ladder.layout.segments.find((x) => x.id === id);
    if (!s || !shape || !Hand.can(shape, s)) return;
    this.held = { s, shape, model, pointer: e.pointerId, y0: this.y(e), y: 0, moving: false };
    if (target.matches('[data-drag]')) e.preventDefault();
  }

  /** @param {PointerEvent} e */
  move(e) {
    const { held } = this;
    if (!held || e.pointerId !== held.pointer) return;
    const y = this.y(e) - held.y0;
    if (!held.moving && Math.abs(y) < SLACK) return;
    if (!held.moving) {
      held.moving = true;
      this.ladder.querySelector('svg.ladder')?.setPointerCapture(held.pointer);
      this.ladder.dispatchEvent(new CustomEvent('sim-pause', { bubbles: true }));
      addEventListener('keydown', this.escape, { capture: true });
    }
    held.y = y;
    this.ladder.requestUpdate();
  }

  /** @param {PointerEvent} e */
  drop(e) {
    const { held } = this;
    if (!held || e.pointerId !== held.pointer) return;
    const landing = held.moving && e.type === 'pointerup' ? this.landing() : null;
    this.release();
    if (!landing) return;
    const text = landed(held.s, landing);
    // the step that a delay makes says itself when the segment arrives
    if (landing.lines.length) this.ladder.dispatchEvent(new CustomEvent('sim-do', { bubbles: true, detail: { lines: landing.lines, text: landing.held.length ? text : '' } }));
    else this.say(text);
  }

  /** @param {KeyboardEvent} e */
  escape(e) {
    if (e.key !== 'Escape') return;
    e.preventDefault();
    e.stopPropagation();
    this.release();
    this.say(t('hand.drag.cancelled'));
  }

  release() {
    this.held = null;
    removeEventListener('keydown', this.escape, { capture: true });
    this.ladder.requestUpdate();
  }

  /** @param {string} text */
  say(text) {
    this.ladder.dispatchEvent(new CustomEvent('sim-say', { bubbles: true, detail: { text } }));
  }

  /** @param {PointerEvent} e where it is in the drawing */
  y(e) {
    const picture = this.ladder.querySelector('svg.ladder'), box = picture?.getBoundingClientRect();
    return box ? (e.clientY - box.top) * this.ladder.layout.height / Math.max(1, box.height) : 0;
  }

  /** Where the segment would arrive if it were let go now. @returns {Landing | null} */
  landing() {
    const { held, ladder } = this, tip = held?.shape.points.at(-1);
    if (!held || !tip) return null;
    const l = ladder.layout, now = yAt(l, ladder.position);
    const wanted = timeNear(l, Math.max(now, Math.min(tip[1] + held.y, l.bottom)));
    return land(held.model, index(ladder.events), held.s, wanted);
  }

  /** The line as it would be. @param {Layout} l */
  preview(l) {
    const { held } = this, landing = held?.moving ? this.landing() : null;
    if (!held || !landing) return nothing;
    const y0 = yAt(l, this.ladder.position);
    /** @param {SegmentShape} shape @param {SegmentAt} s @param {number} t1 @param {string} text */
    const way = (shape, s, t1, text) => {
      const a = shape.points[0] ?? [0, 0], b = shape.points.at(-1) ?? a, y = yAt(l, { t: t1 }), x0 = a[0] + (b[0] - a[0]) * s.f, left = s.seg.to === 'client';
      return svg`<g class="drag ${shape.kind}"><path d="M ${x0} ${y0} L ${b[0]} ${y}"></path><circle cx=${b[0] + (left ? -6 : 6)} cy=${y} r="6"></circle>
        <text x=${b[0] + (left ? 8 : -8)} y=${y + 16} text-anchor=${left ? 'start' : 'end'}>${text}</text></g>`;
    };
    return svg`<g class="dragging" aria-hidden="true">${way(held.shape, held.s, landing.t, landing.held.length ? t('hand.drag.stays') : landed(held.s, landing))}
      ${landing.held.map((h) => {
        const shape = l.segments.find((x) => x.id === h.seg.id);
        return shape ? way(shape, h.seg, h.t, t('hand.drag.later', { seg: h.seg.id, t: ms(h.t) })) : nothing;
      })}</g>`;
  }
}
