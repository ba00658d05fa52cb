// A line of the scenario language, done at the playhead: socket calls, forged segments, settings; whatever has no button.
import { LitElement, html, nothing } from '../../vendor/lit.js';
import { ms, t } from './sentence.js';
import { arrows, rove, stay } from './keys.js';

/** @import { End, Model } from './model.js' */
/** @import { ErrorFrame } from '../protocol.js' */

/** @type {Record<string, string[]>} what an application may call in a state, and would be fun there */
const CALLS = {
  CLOSED: [], LISTEN: [], 'SYN-SENT': ['close', 'abort'], 'SYN-RECEIVED': ['close', 'abort'],
  ESTABLISHED: ['send "hello"', 'close', 'abort'], 'CLOSE-WAIT': ['close', 'send "hello"'],
  'FIN-WAIT-1': ['abort'], 'FIN-WAIT-2': ['abort'], CLOSING: [], 'LAST-ACK': [], 'TIME-WAIT': [],
};

/** Lines that make sense where the run stands. @param {Model} m @returns {string[]} */
export function examples(m) {
  const { client, server } = m.hosts;
  const lines = (/** @type {End} */ host, /** @type {string} */ state) => (CALLS[state] ?? []).map((call) => `${host} ${call}`);
  const opens = [server.state === 'CLOSED' ? 'server listen' : '', client.state === 'CLOSED' ? 'client connect' : ''].filter(Boolean);
  const calls = [...opens, ...lines('client', client.state).slice(0, 3), ...lines('server', server.state).slice(0, 2)];
  return [...calls.slice(0, 4), 'forge to client SYN seq=90'];
}

export class TcpConsole extends LitElement {
  static properties = { model: { attribute: false }, blocked: { attribute: false }, act: { attribute: false }, help: { attribute: false }, bad: { state: true }, busy: { state: true } };

  constructor() {
    super();
    /** @type {Model | null} */
    this.model = null;
    /** Why nothing can be done just now, '' when all is well. */
    this.blocked = '';
    /** Does a line; rejects with the engine's error frame. @type {(line: string) => Promise<unknown>} */
    this.act = async () => {};
    /** Where the language is explained. */
    this.help = '';
    this.bad = '';
    this.english = '';
    this.busy = false;
    this.id0 = `c${Math.random().toString(36).slice(2, 8)}`;
  }

  createRenderRoot() {
    return this;
  }

  get input() {
    return /** @type {HTMLInputElement | null} */ (this.querySelector('input'));
  }

  /** @param {SubmitEvent} e */
  async submit(e) {
    e.preventDefault();
    const { input } = this, line = input?.value.trim() ?? '';
    if (!input) return;
    if (!line || this.blocked) return this.refuse(this.blocked || t('ui.console.empty'));
    if (this.busy) return;
    this.busy = true;
    try {
      await this.act(line);
      this.bad = '';
      input.value = '';
    } catch (err) {
      const error = /** @type {ErrorFrame & { english?: string }} */ (err);
      this.refuse(error.hint ? `${error.message}. ${t('ui.hint', { hint: error.hint })}` : error.message, error.english);
      // what was not understood is what will be written anew
      const from = error.col ? error.col - 1 : -1, word = /^\S+/.exec(input.value.slice(from));
      if (from >= 0 && word) input.setSelectionRange(from, from + word[0].length);
    } finally {
      this.busy = false;
    }
  }

  /** @param {string} why @param {string} [english] what of it is not in the language of the page */
  refuse(why, english = '') {
    this.bad = why;
    this.english = english;
    this.dispatchEvent(new CustomEvent('sim-say', { bubbles: true, detail: { text: why } }));
    this.input?.focus();
  }

  /** @param {string} line */
  take(line) {
    const { input } = this;
    if (!input) return;
    input.value = line;
    this.bad = '';
    input.focus();
  }

  updated() {
    const bar = this.querySelector('.examples');
    if (bar) rove(bar);
  }

  render() {
    const { model } = this;
    if (!model) return nothing;
    const fault = `${this.id0}-fault`, [before, after] = this.english ? this.bad.split(this.english) : [this.bad];
    return html`<form novalidate @submit=${this.submit}>
        <label for=${this.id0}>${t('ui.console', { n: ms(Math.floor(model.t)) })}</label>
        <input id=${this.id0} type="text" maxlength="2000" autocomplete="off" autocapitalize="off" spellcheck="false" enterkeyhint="go" aria-invalid=${this.bad ? 'true' : nothing} aria-describedby=${this.bad ? fault : nothing}>
        <button type="submit" aria-disabled=${this.blocked !== ''} title=${this.blocked || nothing}>${t('ui.console.do')}</button>
        ${this.bad ? html`<p class="bad" id=${fault}>${before}${this.english ? html`<span lang="en">${this.english}</span>${after}` : nothing}</p>` : nothing}
      </form>
      <div class="examples" role="toolbar" aria-label=${t('ui.console.examples')} @keydown=${arrows} @focusin=${stay}>
        <span aria-hidden="true">${t('ui.console.such')}</span>
        ${examples(model).map((line) => html`<button type="button" @click=${() => this.take(line)}><code>${line}</code></button>`)}
        <a href=${this.help}>${t('ui.console.help')}</a>
      </div>`;
  }
}

customElements.define('tcp-console', TcpConsole);
