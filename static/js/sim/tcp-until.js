// <tcp-until>: how far a step forward goes, and on to the next thing of a kind. While the engine is looking for it there is a
// count and a way to stop.
//
//   properties   store    the run
//                ask      why the engine cannot be asked just now, '' when it can
//                done     called at the end with a sentence, '' when the thing was found
//                close    called when the learner wants nothing of this
import { LitElement, html } from '../../vendor/lit.js';
import { CHECKS } from './checks.js';
import { arrows, rove, stay } from './keys.js';
import { ms, t } from './sentence.js';
import { EVENTS } from './store.js';
import { MOST, UNTIL, find, go } from './until.js';

/** @import { Store } from './store.js' */

/** What was chosen last on this page: the next time it has the focus, so that Enter goes on in the same way. */
let last = '', made = 0;

export class TcpUntil extends LitElement {
  static properties = { store: { attribute: false }, ask: { attribute: false }, what: { state: true }, steps: { state: true }, grain: { state: true } };

  constructor() {
    super();
    /** @type {Store | null} */
    this.store = null;
    this.ask = '';
    /** @type {(text: string) => void} */
    this.done = () => {};
    this.close = () => {};
    /** What the engine is looking for, '' while it is not asked. */
    this.what = '';
    this.steps = 0;
    this.grain = '';
    this.stop = new AbortController();
    this.name = `until-${++made}`;
  }

  createRenderRoot() {
    return this;
  }

  firstUpdated() {
    const first = this.querySelector(`[data-what="${last}"]`) ?? this.querySelector('[data-what]');
    if (first instanceof HTMLElement) first.focus({ preventScroll: true });
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    this.stop.abort();
  }

  updated() {
    for (const bar of this.querySelectorAll('[data-rove]')) rove(bar);
  }

  /** @param {string} what */
  async go(what) {
    const store = this.store;
    if (!store) return;
    last = what;
    if (this.ask && store.more.value && !store.hidden && !find(store.index.value, store.pos.value, what)) return this.done(this.ask);
    store.pause();
    const outcome = await go(store, what, this.stop.signal, (n) => this.asked(what, n)).catch(() => 'broken');
    this.done(outcome === 'found' ? '' : t(`until.${outcome}`, { what: t(`until.${what}`), n: ms(Math.floor(store.pos.value.t)) }));
  }

  /** @param {string} what @param {number} n */
  async asked(what, n) {
    this.what = what;
    this.steps = n;
    if (n > 1) return;
    await this.updateComplete;
    const stop = this.querySelector('button');
    if (stop instanceof HTMLElement) stop.focus({ preventScroll: true });
  }

  /** @param {KeyboardEvent} e */
  key(e) {
    if (e.key !== 'Escape') return;
    e.stopPropagation();
    if (this.what) this.stop.abort();
    else this.close();
  }

  render() {
    const store = this.store;
    if (!store) return null;
    if (this.what) {
      return html`<div class="untilbox card busy" @keydown=${this.key}>
        <p>${t('until.looking', { what: t(`until.${this.what}`), n: this.steps })}</p>
        <progress max=${MOST} value=${this.steps} aria-label=${t('until.progress')}></progress>
        <button type="button" @click=${() => this.stop.abort()}>${t('until.stop')}</button></div>`;
    }
    /** @param {import('./store.js').Walk} walk @param {string} key */
    const grain = (walk, key) => html`<label><input type="radio" name=${this.name} .checked=${store.walk.value === walk} @change=${() => { store.walk.value = walk; this.grain = key; }}> ${t(key)}</label>`;
    return html`<div class="untilbox card" role="group" aria-label=${t('until.menu')} @keydown=${this.key}>
      <fieldset><legend>${t('until.step')}</legend>${grain(EVENTS, 'until.step.event')}${grain(CHECKS, 'until.step.check')}</fieldset>
      <p id="${this.name}-l">${t('until.label')}</p>
      <div class="wants" role="toolbar" aria-orientation="vertical" aria-labelledby="${this.name}-l" data-rove data-vertical @keydown=${arrows} @focusin=${stay}>
        ${UNTIL.map((what) => html`<button type="button" data-what=${what} @click=${() => this.go(what)}>${t(`until.${what}`)}</button>`)}
      </div></div>`;
  }
}

customElements.define('tcp-until', TcpUntil);
