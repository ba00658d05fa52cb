// The learner's hand on the ladder: the head of a segment in flight, moved along time by mouse, finger or keys, arrives later; moved
// to before another one, that one waits. The ladder goes on below its end as far as the hand wants, and the page scrolls along.
// Fetched when the pointer or the focus first comes to a ladder.
import { html, nothing, svg } from '../../vendor/lit.js';
import { fold, index } from './fold.js';
import { timeNear, yAt } from './geometry.js';
import { beyond, room } from './beyond.js';
import { scroller, visible } from './follow.js';
import { arrows, rove, stay } from './keys.js';
import { land, landed } from './order.js';
import { sheet } from './panels.js';
import { ms, t } from './sentence.js';
import { use } from './tcp-header.js';

/** @import { Layout, Model, Pill, SegmentAt, SegmentShape } from './model.js' */
/** @import { Landing } from './order.js' */
/** @import { Drawn, TcpLadder } from './tcp-ladder.js' */

const calm = matchMedia('(prefers-reduced-motion: reduce)');
/** So many pixels are a click that trembled. */
const SLACK = 4;
/** Pixels that a key moves a head by. */
const NUDGE = 14;
/** A head nearer to the edge of what is visible scrolls the page, the faster the nearer. */
const EDGE = 72;
/** So far around its middle a head is taken. */
const REACH = 24;
/** Nothing is delayed by more at once, in µs. */
const MOST = 60e6;
/** So far below the drawing there is room. */
const MARGIN = 9;

export class Hand {
  /** @param {TcpLadder} ladder */
  constructor(ladder) {
    this.ladder = ladder;
    /** pointer: -1 when it is moved by keys; at: where the pointer is in the window @type {{ s: SegmentAt, shape: SegmentShape, model: Model, pointer: number, y0: number, y: number, at: number, moving: boolean } | null} */
    this.held = null;
    this.key = this.key.bind(this);
    this.leave = this.leave.bind(this);
    this.scroll = this.scroll.bind(this);
    /** What the tools should not cover. @type {Pill[]} */
    this.others = [];
    /** What those were made of. @type {Drawn[] | null} */
    this.beside = null;
    /** @type {Drawn | null} */
    this.of = null;
    /** The segment whose tools were brought into sight. */
    this.shown = 0;
    /** What the tools were placed by. @type {unknown[]} */
    this.placed = [];
    /** @type {{ of: Layout, y: number, grown: Layout } | null} */
    this.longer = null;
    void sheet('hand').then(() => {
      this.placed = [];
      ladder.requestUpdate();
    });
  }

  /** The drawing, with room below for what is being dragged there. @param {Layout} l @returns {Layout} */
  grown(l) {
    const { held, ladder } = this, tip = held?.shape.points.at(-1);
    if (!held?.moving || !tip) return l;
    const y = tip[1] + held.y + EDGE;
    if (this.longer?.of !== l || this.longer.y !== y) this.longer = { of: l, y, grown: beyond(l, index(ladder.events).delay, y, (held.s.due ?? 0) + MOST) };
    return this.longer.grown;
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

  /** What can be done with the chosen segment, right below it. @param {Drawn[]} drawn */
  tools(drawn) {
    const d = drawn.find((x) => x.shape.id === this.ladder.selection), seg = d?.shape.id ?? 0;
    if (!d || this.held || !this.ladder.closest('.stage') || this.ladder.dataset.still !== undefined) return nothing;
    const there = d.phase === 'flight' || d.phase === 'held';
    if (this.beside !== drawn || this.of !== d) this.others = drawn.flatMap((x) => (x === d ? [] : [x.pill]));
    this.beside = drawn;
    this.of = d;
    // what is not on the wire is none of anybody's business who has not touched it
    if (!there && this.ladder.touched !== seg) return nothing;
    /** @param {string} tool @param {string} key @param {string} icon @param {string} [cls] */
    const button = (tool, key, icon, cls = 'icon') => html`<button type="button" class=${cls} aria-label=${t('hand.tool', { what: t(key), seg })} title=${t(key)} @click=${() => this.use(tool, seg)}>${use(icon)}${cls === 'icon' ? nothing : t(key)}</button>`;
    return html`<div class="segtools" role="toolbar" aria-label=${t('ui.segment.tools', { seg })} data-x=${d.pill.x + d.pill.w / 2} data-y=${d.pill.y} data-h=${d.pill.h} data-tip=${JSON.stringify(there ? d.shape.points.at(-1) : null)} data-rove @keydown=${arrows} @focusin=${stay}>
      ${there ? html`${button('drop', 'ui.drop', 'drop', 'danger')}${button('delay', 'ui.delay.do', 'delay')}${button('duplicate', 'ui.duplicate', 'dup')}${d.phase === 'held' ? button('hold', 'ui.release', 'release') : button('hold', 'ui.hold', 'hold')}${button('edit', 'ui.edit', 'edit')}`
        : button('there', 'hand.there', 'back', 'there')}
    </div>`;
  }

  /** @param {string} tool @param {number} seg */
  use(tool, seg) {
    this.ladder.touched = 0;
    this.ladder.dispatchEvent(new CustomEvent('sim-tool', { bubbles: true, detail: { tool, seg } }));
  }

  /** Puts the tools where the segment is, within the drawing: by the property, a style attribute would be against the page's policy. */
  place() {
    const { ladder } = this, box = ladder.querySelector('.segtools');
    if (!(box instanceof HTMLElement)) return;
    // to ask how large it is lays out the page: not while nothing but time has changed
    const is = [box, this.of, this.others, ladder.measured, ladder.drawn, ladder.touched];
    if (is.every((v, i) => v === this.placed[i])) return;
    this.placed = is;
    const { x, y, h, tip } = box.dataset, w = box.offsetWidth, top = room(this.others, Number(x), Number(y), Number(h), w, box.offsetHeight), wide = ladder.offsetWidth, head = /** @type {[number, number] | null} */ (JSON.parse(tip ?? 'null'));
    let left = Number(x) - w / 2;
    // not over the head, which can be taken
    if (head && head[1] > top - REACH && head[1] < top + box.offsetHeight + REACH) left = head[0] < Number(x) ? Math.max(left, head[0] + REACH) : Math.min(left, head[0] - REACH - w);
    box.style.left = `${Math.max(0, Math.min(left, wide - w))}px`;
    // nor further down than the drawing goes: what sticks out there would catch the finger that scrolls the page
    box.style.top = `${Math.min(top, ladder.offsetHeight + MARGIN - box.offsetHeight)}px`;
    rove(box);
    const { touched } = ladder;
    // a finger on a segment low on a phone: what can be done with it would come up behind the playback bar
    if (touched && touched === this.of?.shape.id && touched !== this.shown) box.firstElementChild?.scrollIntoView({ block: 'nearest', behavior: calm.matches ? 'auto' : 'smooth' });
    this.shown = touched;
  }

  /** @param {PointerEvent} e */
  grab(e) {
    const { ladder } = this, target = e.target instanceof Element ? e.target.closest('[data-drag], [data-seg]') : null;
    // a finger on anything else scrolls the page
    if (!target || this.held || !e.isPrimary || e.button !== 0 || (e.pointerType === 'touch' && !target.matches('[data-drag]'))) return;
    const id = Number(target.getAttribute('data-drag') ?? target.getAttribute('data-seg'));
    if (this.take(id, e.pointerId, this.y(e)) && target.matches('[data-drag]')) e.preventDefault();
  }

  /** Takes a segment in hand, if it can be. @param {number} id @param {number} pointer @param {number} y0 */
  take(id, pointer, y0) {
    const { ladder } = this, model = fold(index(ladder.events), { ...ladder.position, t: Math.floor(ladder.position.t) });
    const s = model.segments.find((x) => x.id === id), shape = ladder.layout.segments.find((x) => x.id === id);
    if (!s || !shape || !Hand.can(shape, s)) return null;
    this.held = { s, shape, model, pointer, y0, y: 0, at: 0, moving: false };
    return this.held;
  }

  /** From here on it moves. */
  start() {
    const { held } = this;
    if (!held) return;
    held.moving = true;
    this.ladder.dispatchEvent(new CustomEvent('sim-pause', { bubbles: true }));
    addEventListener('keydown', this.key, { capture: true });
  }

  /** @param {PointerEvent} e */
  move(e) {
    const { held } = this;
    if (!held || e.pointerId !== held.pointer) return;
    const y = this.y(e) - held.y0;
    if (!held.moving && Math.abs(y) < SLACK) return;
    held.y = y;
    held.at = e.clientY;
    if (!held.moving) {
      this.ladder.querySelector('svg.ladder')?.setPointerCapture(held.pointer);
      this.start();
      requestAnimationFrame(this.scroll);
    }
    this.ladder.requestUpdate();
  }

  /** While the pointer is at an edge of what is visible, the page scrolls below it, and time with the page. */
  scroll() {
    const { held } = this, box = scroller(this.ladder);
    if (!held?.moving || held.pointer < 0) return;
    const { top, bottom } = visible(this.ladder, box), over = Math.max(0, held.at - bottom + EDGE) || Math.min(0, held.at - top - EDGE);
    if (over) {
      const before = box.scrollTop;
      box.scrollTop += Math.max(-EDGE, Math.min(EDGE, over)) / 5;
      held.y += (box.scrollTop - before) / this.zoom();
      this.ladder.requestUpdate();
    }
    requestAnimationFrame(this.scroll);
  }

  /** @param {PointerEvent} e */
  drop(e) {
    const { held } = this;
    if (!held || e.pointerId !== held.pointer) return;
    this.let(held.moving && e.type === 'pointerup');
  }

  /** Lets go of it. @param {boolean} there where it is now, rather than where it was */
  let(there) {
    const { held } = this, landing = there ? this.landing() : null;
    this.release();
    if (!held || !landing) return;
    const text = landed(held.s, landing);
    // the step that a delay makes says itself when the segment arrives
    if (landing.lines.length) this.ladder.dispatchEvent(new CustomEvent('sim-do', { bubbles: true, detail: { lines: landing.lines, text: landing.held.length ? text : '' } }));
    else this.say(text);
  }

  /** A key moves the head of a segment, taking it in hand first. @param {number} id @param {1 | -1} by */
  nudge(id, by) {
    const held = this.held ?? this.take(id, -1, 0), tip = held?.shape.points.at(-1);
    if (!held || !tip) return this.say(t('hand.drag.gone', { seg: id }));
    if (!held.moving) {
      this.start();
      this.ladder.addEventListener('focusout', this.leave);
    }
    const y = tip[1] + held.y + by * NUDGE, least = yAt(this.ladder.layout, this.ladder.position);
    if (y >= least) held.y += by * NUDGE;
    this.ladder.requestUpdate();
    void this.ladder.updateComplete.then(() => {
      this.ladder.querySelector('.dragging circle')?.scrollIntoView({ block: 'nearest' });
      const landing = this.landing();
      if (landing) this.say(t('hand.drag.keys', { seg: held.s.id, text: landed(held.s, landing) }));
    });
  }

  /** While something is being moved the keys are about that. @param {KeyboardEvent} e */
  key(e) {
    const { held } = this, by = { ArrowDown: /** @type {const} */ (1), ArrowUp: /** @type {const} */ (-1) }[e.key];
    if (!held || e.key === 'Shift') return;
    if (e.key === 'Escape') {
      this.release();
      this.say(t('hand.drag.cancelled'));
    } else if (held.pointer < 0 && by) this.nudge(held.s.id, by);
    else if (held.pointer < 0 && e.key === 'Enter') this.let(true);
    else return held.pointer < 0 ? this.leave() : undefined;
    e.preventDefault();
    e.stopPropagation();
  }

  /** The focus went elsewhere, or the keys mean something else: nothing has happened. */
  leave() {
    this.release();
  }

  release() {
    this.held = null;
    removeEventListener('keydown', this.key, { capture: true });
    this.ladder.removeEventListener('focusout', this.leave);
    this.ladder.requestUpdate();
  }

  /** @param {string} text */
  say(text) {
    this.ladder.dispatchEvent(new CustomEvent('sim-say', { bubbles: true, detail: { text } }));
  }

  /** Pixels of the window for one of the drawing. */
  zoom() {
    const picture = this.ladder.querySelector('svg.ladder');
    return picture instanceof SVGSVGElement ? picture.getBoundingClientRect().height / Math.max(1, picture.viewBox.baseVal.height) || 1 : 1;
  }

  /** @param {PointerEvent} e where it is in the drawing */
  y(e) {
    const box = this.ladder.querySelector('svg.ladder')?.getBoundingClientRect();
    return box ? (e.clientY - box.top) / this.zoom() : 0;
  }

  /** Where the segment would arrive if it were let go now. @returns {Landing | null} */
  landing() {
    const { held, ladder } = this, tip = held?.shape.points.at(-1);
    if (!held || !tip) return null;
    const l = ladder.layout, now = yAt(l, ladder.position);
    const wanted = timeNear(l, Math.max(now, Math.min(tip[1] + held.y, l.bottom)));
    return land(held.model, index(ladder.events), held.s, Math.min(wanted, (held.s.due ?? 0) + MOST));
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
