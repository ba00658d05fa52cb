// The keyboard inside a simulator. Nothing here listens outside of it.

/** @typedef {'toggle' | 'next' | 'back' | 'later' | 'earlier' | 'first' | 'last' | 'up' | 'down' | 'inspect' | 'drop' | 'delay' | 'duplicate' | 'edit' | 'forge' | 'sooner' | 'behind' | 'hold' | 'console' | 'undo' | 'help' | 'larger' | 'smaller'} Act */

/** @type {Record<string, Act>} */
const PLAIN = { ArrowRight: 'next', ArrowLeft: 'back', Home: 'first', End: 'last', ArrowUp: 'up', ArrowDown: 'down' };
/** @type {Record<string, Act>} */
const LETTERS = { d: 'drop', l: 'delay', u: 'duplicate', e: 'edit', n: 'forge', h: 'hold', c: 'console', '?': 'help', '+': 'larger', '=': 'larger', '-': 'smaller' };

/**
 * What a key means, or null. Keys that a control under the focus needs itself are left to it.
 * @param {{ key: string, shiftKey: boolean, ctrlKey: boolean, metaKey: boolean, altKey: boolean, target: EventTarget | null, defaultPrevented: boolean }} e
 * @param {boolean} letters whether one-letter keys are on
 * @returns {Act | null}
 */
export function act(e, letters) {
  if (e.defaultPrevented) return null;
  const target = e.target instanceof Element ? e.target : null;
  if (target?.closest('input:not([type=range]):not([type=radio]):not([type=checkbox]), textarea, select, dialog, [contenteditable]')) return null;
  if (e.altKey) return e.ctrlKey || e.metaKey || e.shiftKey ? null : e.key === 'ArrowUp' ? 'sooner' : e.key === 'ArrowDown' ? 'behind' : null;
  if (e.ctrlKey || e.metaKey) return e.key.toLowerCase() === 'z' && !e.shiftKey ? 'undo' : null;
  if (target?.closest('input[type=radio]')) return null;
  if (e.shiftKey && (e.key === 'ArrowRight' || e.key === 'ArrowLeft')) return e.key === 'ArrowRight' ? 'later' : 'earlier';
  const plain = PLAIN[e.key];
  if (plain) return plain;
  // Space and Enter belong to a button, a link or a summary that has the focus; a segment in the diagram opens with Enter
  const control = target?.closest('button, a, summary, [role=button]');
  if (e.key === ' ' && (!control || control.closest('svg'))) return 'toggle';
  if (e.key === 'Enter' && !control) return 'inspect';
  return letters ? LETTERS[e.key.toLowerCase()] ?? null : null;
}

/** Makes the controls of a toolbar one tab stop. Called after each rendering; keeps the stop where it was. @param {Element} bar */
export const rove = (bar) => void stopOf(bar);

/** @param {HTMLElement[]} items */
function settle(items) {
  const now = items.find((i) => i === document.activeElement) ?? items.find((i) => i.tabIndex === 0 && i.dataset.stop !== undefined) ?? items[0];
  for (const i of items) {
    const stop = i === now, index = stop ? 0 : -1;
    // this is done behind every picture: what stays as it is must cost nothing
    if (i.tabIndex !== index || !i.hasAttribute('tabindex')) i.tabIndex = index;
    if (i.hasAttribute('data-stop') !== stop) i.toggleAttribute('data-stop', stop);
  }
  return now;
}

/** The tab stop of a toolbar. @param {Element | null} bar */
export const stopOf = (bar) => (bar ? settle(stops(bar)) : undefined);

/** Whether a control can be seen is not asked of the browser: it would have to lay out the page for the answer. @param {Element} bar @returns {HTMLElement[]} */
const stops = (bar) => /** @type {HTMLElement[]} */ ([...bar.querySelectorAll('button, a[href], select, summary')]).filter((i) => !i.closest('[hidden]'));

/** Whatever gets the focus, by the pointer too, is the stop from then on. @param {FocusEvent} e */
export function stay(e) {
  stopOf(/** @type {Element} */ (e.currentTarget));
}

/** Arrow keys inside a toolbar. @param {KeyboardEvent} e */
export function arrows(e) {
  const bar = /** @type {Element} */ (e.currentTarget), items = stops(bar);
  const at = items.indexOf(/** @type {HTMLElement} */ (e.target));
  if (at < 0 || e.ctrlKey || e.metaKey || e.altKey || e.shiftKey || (e.target instanceof HTMLSelectElement && e.key !== 'ArrowLeft' && e.key !== 'ArrowRight')) return;
  const down = bar.hasAttribute('data-vertical');
  const to = e.key === (down ? 'ArrowDown' : 'ArrowRight') ? at + 1 : e.key === (down ? 'ArrowUp' : 'ArrowLeft') ? at - 1 : e.key === 'Home' ? 0 : e.key === 'End' ? items.length - 1 : NaN;
  if (Number.isNaN(to)) return;
  e.preventDefault();
  e.stopPropagation();
  const next = items[(to + items.length) % items.length];
  if (!next) return;
  for (const i of items) {
    i.tabIndex = i === next ? 0 : -1;
    delete i.dataset.stop;
  }
  next.dataset.stop = '';
  next.focus();
}
