// What the tools of the two hosts would print at this instant, and the bytes of the chosen segment. The server prints it: it
// plays the run again up to here.
import { LitElement, html, nothing, repeat } from '../../vendor/lit.js';
import { arrows, rove, stay } from './keys.js';
import { kindOf, t } from './sentence.js';

/** @import { Model } from './model.js' */
/** @import { Store } from './store.js' */
/** @typedef {{ name: string, from: number, to: number, value: string }} Part */
/** @typedef {{ at: number, tcpdump: { relative: string, absolute: string }, hosts: { ss: string, info: string, proc: string, nstat: string, current: number }[], segment?: { hex: string, parts: Part[] } }} Answer */
/** @typedef {'tcpdump' | 'ss' | 'info' | 'proc' | 'nstat' | 'hex'} View */

/** @type {View[]} */
const VIEWS = ['tcpdump', 'ss', 'info', 'proc', 'nstat', 'hex'];
const VANTAGES = ['sender', 'client', 'server'];
/** The learner is scrubbing: who asks at each instant asks too much. */
const PATIENCE = 150;

export class TcpTraces extends LitElement {
  static properties = {
    store: { attribute: false }, model: { attribute: false }, relative: { attribute: false }, chosen: { attribute: false },
    view: { state: true }, vantage: { state: true }, answer: { state: true }, fault: { state: true }, field: { state: true },
  };

  constructor() {
    super();
    /** @type {Store | null} */
    this.store = null;
    /** @type {Model | null} */
    this.model = null;
    this.relative = false;
    this.chosen = 0;
    /** @type {View} */
    this.view = 'tcpdump';
    this.vantage = 'sender';
    /** @type {Answer | null} */
    this.answer = null;
    this.fault = '';
    /** Which field of the packet has the learner's attention, -1 for none. */
    this.field = -1;
    /** What the answer answers. */
    this.asked = '';
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.timer = undefined;
    /** @type {AbortController | null} */
    this.request = null;
  }

  createRenderRoot() {
    return this;
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    clearTimeout(this.timer);
    this.request?.abort();
    this.asked = '';
  }

  /** @param {Map<PropertyKey, unknown>} changed */
  willUpdate(changed) {
    if (changed.has('chosen')) this.field = -1;
    if (['store', 'model', 'chosen', 'vantage'].some((name) => changed.has(name))) this.ask();
  }

  /** Asks the server unless it has answered that already. */
  ask() {
    const { store, model } = this;
    if (!store || !model) return;
    const body = JSON.stringify({ scenario: store.text(store.place()), vantage: this.vantage, segment: this.chosen });
    if (body === this.asked) return;
    this.asked = body;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.fetch(body), this.answer ? PATIENCE : 0);
  }

  /** @param {string} body */
  async fetch(body) {
    this.request?.abort();
    const request = this.request = new AbortController();
    try {
      const r = await fetch(`${document.documentElement.dataset.base ?? '/'}api/view`, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body, signal: request.signal });
      const said = await r.json();
      if (!r.ok) throw new Error(said.message);
      this.answer = said;
      this.fault = '';
    } catch (e) {
      if (request.signal.aborted) return;
      this.fault = e instanceof TypeError || e instanceof SyntaxError ? t('panel.traces.offline') : /** @type {Error} */ (e).message;
    }
  }

  updated() {
    for (const bar of this.querySelectorAll('[data-rove]')) rove(bar);
  }

  render() {
    const a = this.answer;
    return html`<div class="views" role="toolbar" aria-label=${t('panel.traces.views')} data-rove @keydown=${arrows} @focusin=${stay}>
        ${VIEWS.map((v) => html`<button type="button" aria-pressed=${v === this.view} @click=${() => { this.view = v; }}>${t(`panel.traces.${v}`)}</button>`)}</div>
      <div class="traces" aria-busy=${!a}>
        ${this.fault ? html`<p class="notice bad" role="alert">${this.fault} <button type="button" class="link" @click=${() => { this.asked = ''; this.ask(); }}>${t('panel.traces.again')}</button></p>` : nothing}
        ${a ? html`<p class="dim">${t(`panel.traces.${this.view}.about`)}</p>${this.body(a)}` : this.fault ? nothing : html`<p class="dim">${t('panel.traces.asking')}</p>`}
      </div>`;
  }

  /** @param {Answer} a */
  body(a) {
    switch (this.view) {
      case 'tcpdump': return this.tcpdump(a);
      case 'hex': return this.hex(a);
      default: {
        const view = this.view;
        return html`${(/** @type {const} */ (['client', 'server'])).map((host, i) => {
          const command = t(`panel.traces.${view}.command`);
          return text(t('panel.traces.on', { command, host: t(`host.${host}`) }), `${host}$ ${command}`, a.hosts[i]?.[view] ?? '',
            view === 'nstat' ? html`<p class="dim">${t('panel.traces.current', { n: a.hosts[i]?.current ?? 0 })}</p>` : nothing);
        })}`;
      }
    }
  }

  /** @param {Answer} a */
  tcpdump(a) {
    const command = this.relative ? 'tcpdump -nn' : 'tcpdump -nn -S', printed = this.relative ? a.tcpdump.relative : a.tcpdump.absolute;
    return html`<label class="vantage">${t('panel.traces.vantage')} <select @change=${(/** @type {Event} */ e) => { this.vantage = /** @type {HTMLSelectElement} */ (e.target).value; }}>
        ${VANTAGES.map((v) => html`<option value=${v} .selected=${v === this.vantage}>${t(`panel.traces.at.${v}`)}</option>`)}</select></label>
      ${text(t('panel.traces.output', { command }), `$ ${command}`, printed, html`<p class="dim">${t(this.relative ? 'panel.traces.relative' : 'panel.traces.absolute')}</p>`)}`;
  }

  /** The packet of the chosen segment, byte by byte. @param {Answer} a */
  hex(a) {
    const s = this.model?.segments.find((x) => x.id === this.chosen);
    if (!a.segment || !s) return html`<p class="dim">${t('panel.traces.nosegment')}</p>`;
    const { hex, parts } = a.segment, bytes = hex.match(/../g) ?? [];
    const whose = bytes.map((_, i) => parts.findIndex((p) => p.from <= i && i < p.to));
    const now = parts[this.field];
    const rows = Array.from({ length: Math.ceil(bytes.length / 16) }, (_, r) => r * 16);
    const point = (/** @type {number} */ i) => { this.field = i; };
    return html`<p class="of"><b>${t('panel.traces.segment', { seg: s.id, kind: kindOf(s.wire), n: bytes.length })}</b></p>
      <div class="anatomy">
        <div class="left"><div class="dump" tabindex="0" role="img" aria-label=${t('panel.traces.dump', { n: bytes.length })} @pointerleave=${() => point(-1)}>${rows.map((r) => html`<div class="row"><span class="offset">${r.toString(16).padStart(4, '0')}</span>
          <span class="bytes">${bytes.slice(r, r + 16).map((b, i) => html`<span class=${cls(whose[r + i] ?? -1, this.field, parts)} @pointermove=${() => point(whose[r + i] ?? -1)} @click=${() => this.focusPart(whose[r + i] ?? -1)}>${b}</span>`)}</span>
          <span class="ascii">${bytes.slice(r, r + 16).map((b, i) => html`<span class=${cls(whose[r + i] ?? -1, this.field, parts)}>${ascii(b)}</span>`)}</span></div>`)}</div>
        <p class="pointed" aria-hidden="true">${now ? t('panel.traces.part', { name: t(`panel.byte.${now.name}`), value: now.value, where: place(now) }) : t('panel.traces.point')}</p></div>
        <ol class="parts" data-rove data-vertical aria-label=${t('panel.traces.parts')} @keydown=${arrows} @focusin=${stay} @pointerleave=${() => point(-1)}>
          ${repeat(parts, (_, i) => i, (p, i) => html`<li><button type="button" class=${i === this.field ? 'on' : ''} data-part=${i} @pointermove=${() => point(i)} @focus=${() => point(i)} @click=${() => point(i)}>
            <span class="n">${t(`panel.byte.${p.name}`)}</span> <span class="v">${p.value}</span> <span class="at">${place(p)}</span></button></li>`)}</ol>
      </div>`;
  }

  /** From a byte to the field that it is of. @param {number} i */
  focusPart(i) {
    const button = this.querySelector(`[data-part="${i}"]`);
    if (button instanceof HTMLElement) button.focus({ preventScroll: true });
  }
}

/** @param {number} part @param {number} now @param {Part[]} parts */
const cls = (part, now, parts) => `b ${part === now && now >= 0 ? 'on' : ''} ${(parts[part]?.name ?? '').split('.')[0]} ${part % 2 ? 'odd' : ''}`;
/** @param {string} b */
const ascii = (b) => {
  const c = Number.parseInt(b, 16);
  return c > 32 && c < 127 ? String.fromCharCode(c) : '·';
};
/** @param {Part} p */
const place = (p) => (p.to - p.from === 1 ? t('panel.traces.byte', { from: p.from }) : t('panel.traces.bytes', { from: p.from, to: p.to - 1 }));

/** What a command printed. @param {string} label @param {string} prompt @param {string} printed @param {unknown} more */
function text(label, prompt, printed, more) {
  return html`<pre class="printed" tabindex="0" role="region" aria-label=${label}><b>${prompt}</b>
${printed.trim() ? printed : t('panel.traces.nothing')}</pre>${more}`;
}

customElements.define('tcp-traces', TcpTraces);
