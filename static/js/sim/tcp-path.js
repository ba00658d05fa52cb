// <tcp-path>: what can be put on the path and taken away from it, from the start of the run or from the playhead on.
//
//   properties   store   the run
//                at      '' from the start, else the words for the instant of the playhead
//                done    called with what was chosen
//                close   called when the learner wants nothing of this
import { LitElement, html, nothing } from '../../vendor/lit.js';
import { portOf } from '../scene/text.js';
import { arrows, rove, stay } from './keys.js';
import { sheet } from './panels.js';
import { offers, suggestions } from './path.js';
import { pathWords } from './rules.js';
import { more, ms, t } from './sentence.js';
import { onPath } from './store.js';
import { use } from './tcp-header.js';

/** @import { Store } from './store.js' */

await Promise.all([more(), sheet('panels/path')]);

export class TcpPath extends LitElement {
  static properties = { store: { attribute: false }, now: { type: Boolean } };

  constructor() {
    super();
    /** @type {Store | null} */
    this.store = null;
    /** Whether it is about the playhead, rather than the start. */
    this.now = false;
    /** @type {(line: string) => void} */
    this.done = () => {};
    this.close = () => {};
  }

  createRenderRoot() {
    return this;
  }

  firstUpdated() {
    this.querySelector('button')?.focus();
  }

  updated() {
    const bar = this.querySelector('[data-rove]');
    if (bar) rove(bar);
  }

  /** @param {KeyboardEvent} e */
  key(e) {
    if (e.key !== 'Escape') return arrows(e);
    e.stopPropagation();
    this.close();
  }

  render() {
    const s = this.store;
    if (!s) return null;
    const { t: time } = s.pos.value, there = (this.now ? onPath(s.first?.setup ?? '', s.pathTo(s.place().at)) : s.onPath.value).filter((x) => x.until === null);
    const ahead = s.events.value.filter((e) => !this.now || e.t >= time), rules = suggestions(ahead.some((e) => e.kind === 'sent') ? ahead : s.events.value, there.map((x) => x.line.slice(5)));
    const boxes = offers(portOf(s.first?.hosts[1].addr ?? '') || '80').filter((b) => !there.some((x) => x.line === b.line));
    /** @param {string} key @param {{ line: string, text: string }[]} list @param {string} icon */
    const group = (key, list, icon) => (list.length ? html`<h3>${t(key)}</h3><div class="choices">${list.map((o) => html`<button type="button" @click=${() => this.done(o.line)}>${use(icon)}${o.text}</button>`)}</div>` : nothing);
    return html`<div class="rulemenu card" role="toolbar" aria-orientation="vertical" aria-label=${t(this.now ? 'ui.path.menu' : 'ui.rule.menu')} data-rove data-vertical @keydown=${this.key} @focusin=${stay}>
      <p>${this.now ? t('ui.path.note', { n: ms(Math.floor(time)) }) : t('ui.rule.note')}</p>
      ${group('ui.path.rules', rules.map((r) => ({ line: `rule ${r.line}`, text: r.text })), 'plus')}
      ${group('ui.path.boxes', boxes, 'plus')}
      ${this.now ? group('ui.path.away', there.map((x) => ({ line: `un${x.line.startsWith('rule ') ? 'rule' : 'box'} ${x.n}`, text: pathWords(x).value })), 'close') : nothing}
    </div>`;
  }
}

customElements.define('tcp-path', TcpPath);
