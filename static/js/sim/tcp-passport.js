// The passport: a stamp for each transition that this learner has made, and the way to one that is missing.
import { LitElement, html, repeat } from '../../vendor/lit.js';
import { effect } from '../../vendor/signals.js';
import { arrows, rove, stay } from './keys.js';
import { POSSIBLE, forget, nameOf, nearest, stamped, stamps, wayTo } from './passport.js';
import { t } from './sentence.js';

/** @import { Edge } from './edges.js' */
/** @import { End, Model } from './model.js' */

/** @type {End[]} */
const ENDS = ['client', 'server'];

export class TcpPassport extends LitElement {
  static properties = { model: { attribute: false }, goal: { state: true }, sure: { state: true } };

  constructor() {
    super();
    /** @type {Model | null} */
    this.model = null;
    /** The transition that the learner asks about, '' for the nearest that is missing. */
    this.goal = '';
    this.sure = false;
    this.off = () => {};
  }

  connectedCallback() {
    super.connectedCallback();
    this.off = effect(() => {
      void stamped.value;
      this.requestUpdate();
    });
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    this.off();
  }

  createRenderRoot() {
    return this;
  }

  updated() {
    const bar = this.querySelector('[data-rove]');
    if (bar) rove(bar);
  }

  render() {
    const { model } = this;
    if (!model) return null;
    const have = stamps();
    return html`<header class="passhead"><p><b>${t('panel.pass.count', { n: have.size, of: POSSIBLE.length })}</b></p><progress max=${POSSIBLE.length} .value=${have.size} aria-label=${t('panel.pass.count', { n: have.size, of: POSSIBLE.length })}></progress>
        <p class="dim">${t('panel.pass.about')}</p></header>
      <div class="passgrid">
        <section class="way" aria-live="polite">${this.way(model, have)}</section>
        <ol class="stamps" data-rove aria-label=${t('panel.pass.list')} @keydown=${arrows} @focusin=${stay}>${repeat(POSSIBLE, (e) => nameOf(e[0], e[1]), (e) => this.stamp(e, have))}</ol>
      </div>
      <footer>${this.sure ? html`<button type="button" class="danger" @click=${this.reset}>${t('panel.pass.sure')}</button> <button type="button" class="quiet" @click=${() => this.confirm(false)}>${t('panel.pass.keep')}</button>`
        : html`<button type="button" class="quiet" aria-disabled=${!have.size} @click=${() => have.size && this.confirm(true)}>${t('panel.pass.reset')}</button>`}</footer>`;
  }

  /** @param {Edge} e @param {Set<string>} have */
  stamp([from, to], have) {
    const name = nameOf(from, to), made = have.has(name);
    return html`<li><button type="button" class=${made ? 'made' : ''} aria-pressed=${this.goal === name} @click=${() => { this.goal = this.goal === name ? '' : name; }}>
      <i aria-hidden="true">${made ? '✓' : ''}</i><span><b>${from}</b> <span aria-hidden="true">→</span><span class="vh">${t('panel.pass.to')}</span> <b>${to.trim()}</b></span><span class="vh">${t(made ? 'panel.pass.made' : 'panel.pass.missing')}</span></button></li>`;
  }

  /** @param {Model} m @param {Set<string>} have */
  way(m, have) {
    const at = { client: m.hosts.client.state, server: m.hosts.server.state };
    const goal = POSSIBLE.find((e) => nameOf(e[0], e[1]) === this.goal);
    const found = goal ? ENDS.map((host) => ({ host, way: wayTo(at[host], goal) })).filter((x) => x.way).sort((a, b) => (a.way?.length ?? 0) - (b.way?.length ?? 0))[0] : nearest(at, have);
    const last = goal ?? found?.way?.at(-1);
    if (!last) return html`<h4>${t('panel.pass.all')}</h4>`;
    const title = html`<h4>${t(goal ? 'panel.pass.way' : 'panel.pass.nearest', { from: last[0], to: last[1].trim() })}</h4>`;
    if (!found?.way) return html`${title}<p>${t('panel.pass.noway')}</p>`;
    // by name in a sentence, and as the scenario language calls them
    const h = found.host, p = h === 'client' ? 'server' : 'client', host = t(`host.${h}`), peer = t(`host.${p}`);
    return html`${title}<p class="dim">${t('panel.pass.from', { host })}</p>
      <ol>${found.way.map(([from, to]) => html`<li><b>${to.trim()}</b> <span>${t(`panel.how.${nameOf(from, to)}`, { host, peer, h, p })}</span></li>`)}</ol>`;
  }

  /** @param {boolean} on */
  async confirm(on) {
    this.sure = on;
    await this.updateComplete;
    const button = this.querySelector('footer button');
    if (button instanceof HTMLElement) button.focus();
  }

  async reset() {
    forget();
    await this.confirm(false);
  }
}

customElements.define('tcp-passport', TcpPassport);
