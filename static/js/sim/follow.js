// Keeps in sight what just happened: on a phone the playback bar stays in place over the lower end of the ladder.

/** @import { TcpSim } from './tcp-sim.js' */

const calm = matchMedia('(prefers-reduced-motion: reduce)');
/** So much around it is in sight too, in CSS pixels. */
const AIR = 12;
/** And so much of what comes next, or each step would scroll. */
const MORE = 48;
/** Scrolling smoothly takes so many ms at the most. */
const WAY = 700;

/** Where the playhead was, from the upper end of the ladder, and until when the page still scrolls to it. @type {WeakMap<Element, { y: number, until: number }>} */
const before = new WeakMap();

/** What scrolls when a ladder does. @param {Element} e */
export function scroller(e) {
  for (let box = e.parentElement; box && box !== document.body; box = box.parentElement) {
    if (box.scrollHeight > box.clientHeight && /auto|scroll/.test(getComputedStyle(box).overflowY)) return box;
  }
  return document.scrollingElement ?? document.documentElement;
}

/** @param {Element | null | undefined} bar */
const stays = (bar) => !!bar && getComputedStyle(bar).position === 'sticky';

/** Which part of the window shows the ladder: a bar that stays in place covers some of it. @param {Element} ladder @param {Element} box */
export function visible(ladder, box) {
  const bar = ladder.closest('tcp-sim')?.querySelector('.transport'), { top, bottom } = box === document.scrollingElement ? { top: 0, bottom: innerHeight } : box.getBoundingClientRect();
  return { top: Math.max(0, top), bottom: Math.min(innerHeight, bottom, bar && stays(bar) ? bar.getBoundingClientRect().top : Infinity) };
}

/**
 * Scrolls as little as it takes to show the playhead and the newest segment. Whoever has scrolled away from the playhead looks at something
 * else, and stays there.
 * @param {TcpSim} sim @param {boolean} asked whether the learner has just asked for a step: then the bar alone may have covered the playhead
 */
export function follow(sim, asked) {
  requestAnimationFrame(() => setTimeout(() => { // the page is laid out then: to ask where something is costs nothing
    const picture = sim.querySelector('tcp-ladder svg.ladder'), head = picture?.querySelector('.playhead'), { store } = sim;
    if (!picture || !head || !stays(sim.querySelector('.transport'))) return;
    const box = scroller(picture), { top, bottom } = visible(picture, box), upper = picture.getBoundingClientRect().top, y = head.getBoundingClientRect().top;
    const was = before.get(picture), from = upper + (was?.y ?? y - upper), now = performance.now();
    const newest = store.chosen ? null : picture.querySelector(`[data-seg="${store.selected.value}"] .box`)?.getBoundingClientRect();
    const a = Math.min(y, newest?.top ?? y) - AIR, b = Math.max(y, newest?.bottom ?? y) + AIR;
    const there = (was && now < was.until) || (from >= top - AIR && from <= (asked ? innerHeight : bottom + AIR));
    const by = !there ? 0 : b > bottom ? Math.min(b - bottom + MORE, a - top) : a < top ? a - top : 0;
    before.set(picture, { y: y - upper, until: by ? now + WAY : 0 });
    if (by) box.scrollBy({ top: by, behavior: calm.matches ? 'auto' : 'smooth' });
  }));
}
