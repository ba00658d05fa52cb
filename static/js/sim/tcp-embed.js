// The run as HTML for a page of one's own.
import { LitElement, html, nothing } from '../../vendor/lit.js';
import { effect } from '../../vendor/signals.js';
import { t } from './sentence.js';
import { snippet } from './snippet.js';

/** @import { Store } from './store.js' */

export class TcpEmbed extends LitElement {
  static properties = { store: { attribute: false }, say: { attribute: false }, auto: { state: true }, code: { state: true }, bad: { state: true } };

  constructor() {
    super();
    /** @type {Store | null} */
    this.store = null;
    /** @type {(text: string) => void} */
    this.say = () => {};
    this.auto = true;
    this.code = '';
    this.bad = '';
    this.field = `embed-${Math.random().toString(36).slice(2, 8)}`;
    /** @type {() => void} */
    this.off = () => {};
    this.asked = 0;
  }

  createRenderRoot() {
    return this;
  }

  connectedCallback() {
    super.connectedCallback();
    this.off = effect(() => {
      const s = this.store;
      // where the playhead stands is where the frame opens; while playing that changes too often to write it down
      if (s && !s.playing.value) void [s.version.value, s.tip.value, s.pos.value.t], void this.make();
    });
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    this.off();
  }

  async make() {
    const s = this.store, mine = ++this.asked, sim = this.closest('tcp-sim');
    if (!s) return;
    try {
      const code = await snippet({
        base: new URL(document.documentElement.dataset.base ?? '/', location.href).href, text: s.text(), at: s.pos.peek().t, auto: this.auto,
        title: s.first?.title || sim?.getAttribute('data-title') || t('ui.sim'), height: sim?.getBoundingClientRect().height || 900,
      });
      if (mine === this.asked) this.code = code, this.bad = '';
    } catch (e) {
      if (mine === this.asked) this.code = '', this.bad = /** @type {Error} */ (e).message;
    }
  }

  async copy() {
    try {
      await navigator.clipboard.writeText(this.code);
      this.say(t('embed.copied'));
    } catch {
      const area = this.querySelector('textarea');
      area?.focus();
      area?.select();
      this.say(t('embed.select'));
    }
  }

  render() {
    if (this.bad) return html`<p class="bad" role="alert">${this.bad}</p>`;
    return html`<p>${t('embed.lead')}</p>
      <label for=${this.field} class="vh">${t('embed.code')}</label>
      <textarea id=${this.field} readonly spellcheck="false" .value=${this.code}></textarea>
      <label class="check"><input type="checkbox" .checked=${this.auto} @change=${(/** @type {Event} */ e) => { this.auto = /** @type {HTMLInputElement} */ (e.target).checked; void this.make(); }}>${t('embed.auto')}</label>
      ${this.auto ? nothing : html`<p class="hint">${t('embed.script-why')}</p>`}
      <p class="row"><button type="button" class="solid" @click=${this.copy}>${t('embed.copy')}</button></p>
      <p class="hint">${t('embed.allowed')}</p>`;
  }
}

customElements.define('tcp-embed', TcpEmbed);
