// What happened, step by step.
import { LitElement, html, nothing, repeat } from '../../vendor/lit.js';
import { FLAGS, flagsOf, ms, t, told } from './sentence.js';
import { arrows, rove, stay } from './keys.js';

/** @import { Index, Model, SegmentAt, Wire } from './model.js' */
/** @import { Told } from './sentence.js' */

/** So many steps are listed; those before can be reached by the timeline. */
const MOST = 300;

/** The eight control bits as a strip: their places teach the header. @param {Wire} wire */
export function bits(wire) {
  const on = flagsOf(wire);
  return html`<span class="bits" role="img" aria-label=${t('flags.list', { flags: on.join(', ') || t('flags.none') })}>${FLAGS.map((f) => html`<i class=${on.includes(f) ? `on b-${f.toLowerCase()}` : ''}></i>`)}</span>`;
}

/** A segment's fate in words. @param {SegmentAt} s */
export function fate(s) {
  return t(`fate.${s.phase}`, { n: ms(s.seg.end?.t) });
}

/** What only the learner's hand does. */
const HAND = new Set(['lab:drop', 'lab:delay', 'lab:hold', 'lab:release', 'lab:duplicate', 'lab:edit', 'lab:forge']);

/** Who did it, as a key of the catalogue. @param {Told | undefined} says */
function by(says) {
  if (says && says.host !== 'network') return `host.${says.host}`;
  const { rule = '', kind = '' } = says?.lead ?? {};
  return HAND.has(rule) || kind.startsWith('rule-') ? 'ui.log.you' : 'ui.log.network';
}

export class TcpLog extends LitElement {
  static properties = { model: { attribute: false }, ix: { attribute: false }, hide: { attribute: false }, relative: { attribute: false } };

  constructor() {
    super();
    /** @type {Model | null} */
    this.model = null;
    /** @type {Index | null} */
    this.ix = null;
    /** Whether what comes next must not be told. */
    this.hide = false;
    this.relative = false;
    /** The step that was brought into sight. @type {number | undefined} */
    this.step = undefined;
    /** @type {Index | null} */
    this.drawn = null;
    /** The steps as they were drawn, by their look. @type {{ of: unknown, rows: Map<string, unknown> }} */
    this.since = { of: null, rows: new Map() };
  }

  createRenderRoot() {
    return this;
  }

  /** Another run is drawn in a task of its own, behind that of the ladder. */
  async scheduleUpdate() {
    if (this.drawn && this.drawn !== this.ix) await new Promise((turn) => setTimeout(turn));
    super.scheduleUpdate();
  }

  render() {
    const { model, ix } = this;
    if (!model || !ix) return null;
    this.drawn = ix;
    const all = told(ix);
    if (this.since.of !== all) {
      this.since = { of: all, rows: new Map() };
      // by the property: a style attribute would be against the page's content security policy
      this.style.setProperty('--n', String(Math.max(0, ...ix.steps.map((s) => ms(s.t).length))));
    }
    const { rows } = this.since, last = Math.min(ix.steps.length - 1, model.step + (this.hide ? 0 : 1));
    const shown = ix.steps.slice(Math.max(0, last + 1 - MOST), last + 1).filter((s) => all[s.i]?.text);
    return html`
      <h3>${t('ui.log')}</h3>
      <div role="log" aria-live="off" aria-label=${t('ui.log.label')}>
        ${shown.length ? null : html`<p class="none">${t('ui.log.empty')}</p>`}
        <ol data-vertical @keydown=${arrows} @focusin=${stay}>${repeat(shown, (s) => s.i, (s) => {
          const says = all[s.i], now = s.i === model.step, next = s.i > model.step;
          const cls = next ? 'next' : [now ? 'now' : '', says?.lost ? 'loss' : ''].join(' '), key = s.i + cls;
          if (!rows.has(key)) rows.set(key, html`<li class=${cls}><button type="button" aria-current=${now ? 'step' : nothing} data-i=${s.i} @click=${() => this.pick(s.i)}><time>${ms(s.t)}</time><span>
            ${says?.wire && !(says.lost || says.host === 'network') ? bits(says.wire) : html`<b class="by">${t(by(says))}</b>`}
            <span class="what">${next ? t('ui.log.next', { text: says?.text ?? '' }) : says?.text}</span></span></button></li>`);
          return rows.get(key);
        })}</ol>
      </div>`;
  }

  updated() {
    const bar = this.querySelector('ol');
    if (bar) rove(bar);
    if (this.model?.step === this.step) return;
    this.step = this.model?.step;
    requestAnimationFrame(() => setTimeout(() => this.follow())); // the page is laid out then: to ask where something is costs nothing
  }

  /** Keeps the current step in sight inside the list, without moving the page. */
  follow() {
    const box = this.querySelector('[role=log]'), now = this.querySelector('li.now');
    if (!(box instanceof HTMLElement) || !(now instanceof HTMLElement) || box.scrollHeight <= box.clientHeight) return;
    const top = now.offsetTop; // the box is the offset parent
    if (top < box.scrollTop || top + now.offsetHeight > box.scrollTop + box.clientHeight) box.scrollTop = top - box.clientHeight / 2;
  }

  /** @param {number} i */
  pick(i) {
    this.dispatchEvent(new CustomEvent('sim-step', { bubbles: true, detail: { i } }));
  }
}

customElements.define('tcp-log', TcpLog);
