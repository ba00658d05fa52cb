// <tcp-history>: the tree of a run. Each row is a branch under the name of what made it; choosing one shows it at the same
// time. Where there is little room it is folded to one line with a small picture of the tree.
//
//   properties   branches   Branch[]
//                tip        the branch that is shown
//                choose     (tip) => shows it
//                compare    () => lays the shown branch beside another one
import { LitElement, html, nothing, repeat, svg } from '../../vendor/lit.js';
import { tree } from './history.js';
import { arrows, rove, stay } from './keys.js';
import { branchName } from './rules.js';
import { more, t } from './sentence.js';
import { use } from './tcp-header.js';

/** @import { Branch } from './store.js' */
/** @import { Row } from './history.js' */

await more();

/** Pixels: from the edges to the first and last column, the most between two, and the most for all of them. */
const EDGE = 9, STEP = 26, WIDTH = 150;

export class TcpHistory extends LitElement {
  static properties = { branches: { attribute: false }, tip: { attribute: false }, open: { state: true } };

  constructor() {
    super();
    /** @type {Branch[]} */
    this.branches = [];
    this.tip = 0;
    /** @type {(tip: number) => void} */
    this.choose = () => {};
    this.compare = () => {};
    /** Where there is little room: whether all rows are shown. */
    this.open = false;
    this.shown = 0;
  }

  createRenderRoot() {
    return this;
  }

  updated() {
    for (const bar of this.querySelectorAll('[data-rove]')) rove(bar);
    if (this.shown === this.tip) return;
    this.shown = this.tip;
    // the chosen row is the tab stop, and in sight
    const box = this.querySelector('.tips'), now = box?.querySelector('[aria-current]');
    if (!(box instanceof HTMLElement) || !(now instanceof HTMLElement)) return;
    if (!box.contains(document.activeElement)) {
      for (const b of box.querySelectorAll('button')) delete b.dataset.stop;
      now.dataset.stop = '';
      now.tabIndex = 0;
      rove(box);
    }
    requestAnimationFrame(() => setTimeout(() => {
      // the page is laid out then: to ask where something is costs nothing
      if (now.offsetTop < box.scrollTop) box.scrollTop = now.offsetTop;
      else if (now.offsetTop + now.offsetHeight > box.scrollTop + box.clientHeight) box.scrollTop = now.offsetTop + now.offsetHeight - box.clientHeight;
    }));
  }

  /** @param {number} tip */
  pick(tip) {
    if (this.open) this.fold(false);
    this.choose(tip);
  }

  /** @param {boolean} open */
  async fold(open) {
    this.open = open;
    await this.updateComplete;
    const to = this.querySelector(open ? '.tips [aria-current]' : '.fold');
    if (to instanceof HTMLElement) to.focus({ preventScroll: true });
  }

  /** @param {KeyboardEvent} e */
  key(e) {
    if (e.key !== 'Escape' || !this.open) return;
    e.stopPropagation();
    void this.fold(false);
  }

  render() {
    const { rows, columns } = tree(this.branches, this.tip), now = this.branches.find((b) => b.tip === this.tip);
    const step = Math.min(STEP, (WIDTH - 2 * EDGE) / columns), width = Math.round(2 * EDGE + columns * step);
    /** @param {number} column */
    const x = (column) => (column === Infinity ? width - EDGE : EDGE + column * step);
    return html`<div class="history ${this.open ? 'open' : ''}" @keydown=${this.key}>
      <button type="button" class="fold" aria-expanded=${this.open} @click=${() => this.fold(!this.open)}>
        ${small(rows, columns)}<span><span class="vh">${t('history.fold', { n: this.branches.length })} </span>${branchName(now)}</span></button>
      <h3>${t('history.title')}</h3>
      <button type="button" class="aside" @click=${this.compare}>${use('beside')}${t('history.compare')}</button>
      <div class="tips" role="toolbar" aria-orientation="vertical" aria-label=${t('history.label')} data-rove data-vertical @keydown=${arrows} @focusin=${stay}>
        ${repeat(rows, (r) => r.branch.tip, (r) => html`<button type="button" aria-current=${r.branch.tip === this.tip ? 'true' : nothing} @click=${() => this.pick(r.branch.tip)}>
          ${row(r, x, width)}<span>${branchName(r.branch)}${r.up ? html`<span class="vh"> ${t('history.from', { branch: branchName(this.branches.find((b) => b.tip === r.branch.from)) })}</span>` : nothing}</span></button>`)}
      </div>
    </div>`;
  }
}

/** One row of the picture, as high as its button. @param {Row} r @param {(column: number) => number} x @param {number} width */
function row(r, x, width) {
  /** @param {number} at @param {string} y0 @param {string} y1 */
  const down = (at, y0, y1) => svg`<line class=${r.down.includes(at) ? 'on' : ''} x1=${x(at)} x2=${x(at)} y1=${y0} y2=${y1}></line>`;
  const all = (/** @type {number[]} */ list) => [...new Set(list)].sort((a, b) => Number(r.down.includes(a)) - Number(r.down.includes(b)));
  const end = r.on?.[1] === Infinity;
  return html`<svg class="graph" width=${width} aria-hidden="true" focusable="false">
    ${all(r.through).map((c) => down(c, '0', '100%'))}
    <line x1=${x(r.x)} x2=${x(Infinity)} y1="50%" y2="50%"></line>
    ${all(r.leaves).map((c) => down(c, '50%', '100%'))}
    ${r.up ? svg`<line class=${r.on ? 'on' : ''} x1=${x(r.x)} x2=${x(r.x)} y1="0" y2="50%"></line>` : nothing}
    ${r.on ? svg`<line class="on" x1=${x(r.on[0])} x2=${x(r.on[1])} y1="50%" y2="50%"></line>` : nothing}
    ${all(r.leaves).map((c) => svg`<circle class="fork" cx=${x(c)} cy="50%" r="3"></circle>`)}
    <circle class="tip ${end ? 'on' : ''}" cx=${x(Infinity)} cy="50%" r="5"></circle></svg>`;
}

/** The whole tree in the size of a button's picture. @param {Row[]} rows @param {number} columns */
function small(rows, columns) {
  const w = 44, h = 26;
  /** @param {number} c */
  const x = (c) => (c === Infinity ? w - 5 : 4 + (c * (w - 9)) / columns);
  /** @param {number} i */
  const y = (i) => 4 + ((i + 0.5) * (h - 8)) / rows.length;
  /** @param {Row} r @param {number} i */
  const parent = (r, i) => rows.slice(0, i).findLastIndex((p) => p.branch.tip === r.branch.from);
  return html`<svg class="graph" viewBox="0 0 ${w} ${h}" width=${w} height=${h} aria-hidden="true" focusable="false">
    ${rows.map((r, i) => svg`<path d="${r.up ? `M ${x(r.x)} ${y(parent(r, i))} V ${y(i)}` : `M ${x(0)} ${y(i)}`} H ${x(Infinity)}"></path>`)}
    ${rows.map((r, i) => (r.on ? svg`<path class="on" d="${r.up ? `M ${x(r.x)} ${y(parent(r, i))} V ${y(i)}` : `M ${x(0)} ${y(i)}`} H ${x(r.on[1])}"></path>` : nothing))}
    ${rows.map((r, i) => (r.on?.[1] === Infinity ? svg`<circle class="tip on" cx=${x(Infinity)} cy=${y(i)} r="4"></circle>` : nothing))}</svg>`;
}

customElements.define('tcp-history', TcpHistory);
